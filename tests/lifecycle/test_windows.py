"""Windows that never open, and clocks that cannot be meant, are found before anybody uses them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

import evalflow
from procedures import Office, lifecycle

REST = """
regions:
  r: {ko: r, en: r, initial: a, states: {a: {ko: a, en: a}, b: {ko: b, en: b}, c: {ko: c, en: c},
      d: {ko: d, en: d, final: true}}}
events:
  begin:
    {ko: 접수, en: Begin, by: [clerk, chief], transitions: [{from: a, to: b}],
     data: {on_day: {ko: 날, en: Day, type: date, required: true}}}
  act: {ko: 처리, en: Act, by: [clerk], transitions: [{from: b, to: c}], ACT}
  back: {ko: 되돌림, en: Back, by: [clerk], transitions: [{from: c, to: b}]}
  end: {ko: 끝, en: End, by: [clerk], transitions: [{from: c, to: d}], END}
"""


def told(folder: Path, act: str = "", end: str = "") -> list[tuple[str, str]]:
    text = REST.replace(", ACT", f", {act}" if act else "").replace(
        ", END", f", {end}" if end else ""
    )
    found = evalflow.check_lifecycle(lifecycle(folder, text))
    return [(each.code, each.about) for each in found]


def between(first: str, last: str) -> str:
    return f"guards: [not_before: {first}, until: {last}]"


@pytest.mark.parametrize(
    ("first", "last", "opens"),
    [
        ("{days_after: begin, days: 31}", "{days_after: begin, days: 30}", False),
        ("{days_after: begin, days: 30}", "{days_after: begin, days: 30}", True),
        ("{months_after: begin, months: 2}", "{days_after: begin, days: 30}", False),
        ("{months_after: begin, months: 1}", "{days_after: begin, days: 30}", True),  # February
        ("{working_days_after: begin, days: 30}", "{days_after: begin, days: 30}", False),
        ("{days_after: begin, on: on_day, days: 9}", "{days_after: begin, days: 3}", True),
        ("{date: 03-02}", "{date: 03-01}", False),
        ("{date: 02-28}", "{date: 02-29}", True),
        ("{days_after_period: 31}", "{days_after_period: 30}", False),
        ("{day: 5}", "{days_after_period: 3}", True),  # how long periods are is said elsewhere
    ],
)
def test_a_window_that_closes_before_it_opens_is_found(
    tmp_path: Path, first: str, last: str, opens: bool
) -> None:
    found = told(tmp_path, act=between(first, last))
    assert found == ([] if opens else [("window_never_opens", "events.act")])


def test_a_window_that_never_opens_is_never_open(tmp_path: Path) -> None:
    guards = between("{days_after: begin, days: 31}", "{days_after: begin, days: 30}")
    case = Office(tmp_path, REST.replace("ACT", guards).replace(", END", "")).on("2026-03-02")
    case.fire("begin", on_day="2026-03-02")
    codes = {
        tuple(case.on(f"2026-0{m}-{d:02}").refusal("act")) for m in (3, 4) for d in range(2, 31)
    }
    assert codes == {("too_early",), ("lapsed",)}


@pytest.mark.parametrize("guard", ["until", "not_before"])
@pytest.mark.parametrize("start", ["end", "[end]"])
def test_a_window_that_counts_from_what_comes_later_is_found(
    tmp_path: Path, guard: str, start: str
) -> None:
    found = told(tmp_path, act=f"guards: [{guard}: {{days_after: {start}, days: 3}}]")
    assert found == [("window_never_opens", "events.act")]
    assert told(tmp_path, end=f"guards: [{guard}: {{days_after: act, days: 3}}]") == []


def test_a_right_that_counts_from_itself_never_begins(tmp_path: Path) -> None:
    found = told(tmp_path, end="guards: [until: {days_after: end, days: 3}]")
    assert found == [("window_never_opens", "events.end")]


def test_a_due_day_that_never_comes_is_found(tmp_path: Path) -> None:
    assert told(tmp_path, act="due: {days_after: end, days: 3}") == [
        ("never_due", "events.act.due")
    ]


@pytest.mark.parametrize("first", ["days_after: begin, days: 9", "date: 03-02"])
def test_a_time_that_never_begins_again_is_found(tmp_path: Path, first: str) -> None:
    due = f"due: {{{first}, again: {{days_after: end, days: 3}}}}"
    assert told(tmp_path, act=due) == [("never_due", "events.act.due")]
    assert told(tmp_path, act=due.replace("end,", "back,")) == []


@pytest.mark.parametrize(
    ("guard", "due", "fits"),
    [
        ("not_before: {days_after: begin, days: 31}", "{days_after: begin, days: 30}", False),
        ("until: {days_after: begin, days: 30}", "{days_after: begin, days: 31}", False),
        ("until: {days_after: begin, days: 30}", "{days_after: begin, days: 30}", True),
    ],
)
def test_a_due_day_outside_the_window_is_found(
    tmp_path: Path, guard: str, due: str, fits: bool
) -> None:
    act = f"guards: [{guard}], due: {{due}}".replace("{due}", due)
    found = [each for each in told(tmp_path, act=act) if each[0] != "clock_goes_on"]
    assert found == ([] if fits else [("due_outside_window", "events.act.due")])


def test_a_clock_that_goes_on_from_an_earlier_round_is_found(tmp_path: Path) -> None:
    """Sent back, it would be late at once."""
    due = "due: {days_after: begin, days: 10}"
    assert told(tmp_path, act=due) == [("clock_goes_on", "events.act.due")]
    case = Office(tmp_path, REST.replace("ACT", due).replace(", END", "")).on("2026-03-02")
    case.fire("begin", on_day="2026-03-02")
    case.on("2026-03-12").fire("act")
    case.on("2026-04-10").fire("back")
    assert case.fire("act").late == 29


@pytest.mark.parametrize(
    "due",
    [
        "{days_after: [begin, back], days: 10}",
        "{days_after: begin, days: 10, again: {days_after: back, days: 5}}",
        "{date: 03-02}",
    ],
)
def test_a_clock_that_begins_anew_is_none(tmp_path: Path, due: str) -> None:
    assert told(tmp_path, act=f"due: {due}") == []


@pytest.mark.parametrize(
    ("first", "opens"),
    [("{days_after: begin, days: 29}", True), ("{days_after: begin, days: 30}", False)],
)
def test_a_time_that_has_to_pass_before_another_is_over(
    tmp_path: Path, first: str, opens: bool
) -> None:
    found = told(tmp_path, act=f"guards: [passed: {first}, until: {{days_after: begin, days: 30}}]")
    assert found == ([] if opens else [("window_never_opens", "events.act")])


AFTER = """
  use: {ko: 청구, en: Use, by: [clerk], transitions: [{from: b, to: c}], guards: [until: UNTIL]}
  lapse: {ko: 경과, en: Lapse, by: [clerk], transitions: [{from: b, to: d}], guards: [LAPSE]}
"""
LAST = "{days_after: begin, days: 10}"
WORKING = "{working_days_after: begin, days: 3}"


def after(lapse: str, until: str = LAST) -> str:
    return REST.replace(", ACT", "").replace(", END", "") + AFTER.replace("UNTIL", until).replace(
        "LAPSE", lapse
    )


@pytest.mark.parametrize(
    ("lapse", "until", "meets"),
    [
        ("not_before: {days_after: begin, days: 11}", LAST, True),
        ("not_before: {days_after: begin, days: 10}", LAST, True),
        ("not_before: {days_after: begin, days: 12}", LAST, False),
        ("not_before: {days_after: act, days: 11}", LAST, False),
        ("not_before: {working_days_after: begin, days: 4}", WORKING, False),
        ("not_before: {months_after: begin, months: 1}", "{months_after: begin, months: 1}", True),
        (f"passed: {LAST}", LAST, False),
    ],
)  # fmt: skip
def test_what_is_to_follow_a_right_and_meets_its_last_day_is_found(
    tmp_path: Path, lapse: str, until: str, meets: bool
) -> None:
    found = evalflow.check_lifecycle(lifecycle(tmp_path, after(lapse, until)))
    told = [(f.code, f.about) for f in found if f.code == "window_meets_another"]
    assert told == ([("window_meets_another", "events.lapse")] if meets else [])


def test_a_plan_that_moves_no_day_has_no_last_day_that_moves(tmp_path: Path) -> None:
    Office(tmp_path, after("not_before: {days_after: begin, days: 11}"), "move: strict")
    plan = evalflow.load_plan(tmp_path / "plan.yaml")
    found = evalflow.check_lifecycle(plan.lifecycle, plan=plan)
    assert "window_meets_another" not in {each.code for each in found}


@pytest.mark.parametrize("rule", [LAST, "{months_after: begin, months: 1}", "{date: 03-14}"])
@pytest.mark.parametrize("move", ["next", "previous", "strict"])
def test_on_every_day_either_a_right_or_what_follows_its_lapse_is_possible(
    tmp_path: Path, rule: str, move: str
) -> None:
    case = Office(tmp_path, after(f"passed: {rule}", rule), f"holidays: KR, move: {move}")
    case.on("2026-03-04").fire("begin", on_day="2026-03-04")
    actor = case.engine.actor("p-2026", "clerk-1")
    possible = []
    for number in range(45):
        case.day = dt.date(2026, 3, 4) + dt.timedelta(days=number)
        possible.append(
            [
                event
                for event in ("use", "lapse")
                if case.engine.explain("p-2026/1", event, by=actor).allowed
            ]
        )
    assert all(len(each) == 1 for each in possible)
    assert possible[0] == ["use"]
    assert possible[-1] == ["lapse"]


def test_what_has_to_pass_says_until_when(tmp_path: Path) -> None:
    """The tenth day is Saturday 14 March: the time ends with Monday, as in the UK's standstill."""
    case = Office(tmp_path, after(f"passed: {LAST}")).on("2026-03-04")
    case.fire("begin", on_day="2026-03-04")
    with pytest.raises(evalflow.Refused, match="2026-03-16") as caught:
        case.on("2026-03-16").fire("lapse")
    assert [reason.code for reason in caught.value.reasons] == ["too_early"]
    case.on("2026-03-17").fire("lapse")
