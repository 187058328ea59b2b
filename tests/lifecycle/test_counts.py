"""What counts too much, too little or never is found before anybody relies on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import evalflow
from procedures import Office, lifecycle

REST = """
regions:
  r: {ko: r, en: r, initial: a, states: {a: {ko: a, en: a}, b: {ko: b, en: b}, w: {ko: w, en: w},
      c: {ko: c, en: c}, d: {ko: d, en: d, final: true}}}
events:
  begin: {ko: begin, en: begin, by: [clerk], transitions: [{from: a, to: b}]}
  wait: {ko: wait, en: wait, by: [clerk], transitions: [{from: b, to: w}]}
  go_on: {ko: go_on, en: go_on, by: [clerk], transitions: [{from: w, to: b}]}
  vote:
    {ko: vote, en: vote, by: [clerk], transitions: [{from: b}],
     data: {yes: {ko: yes, en: yes, type: flag}}}
  decide:
    {ko: decide, en: decide, by: [chief, clerk], transitions: [{from: b, to: c}], DECIDE}
  again: {ko: again, en: again, by: [clerk], transitions: [{from: c, to: b}]}
  end: {ko: end, en: end, by: [clerk], transitions: [{from: c, to: d}], due: {date: 05-01}}
"""
TWO = "voted: {event: vote, field: yes, is: 'true', at_least: 2SINCE}"


def text(decide: str, duties: str = "") -> str:
    return REST.replace("DECIDE", decide) + (f"duties:\n  {duties}\n" if duties else "")


def told(folder: Path, decide: str, duties: str = "") -> list[tuple[str, str]]:
    found = evalflow.check_lifecycle(lifecycle(folder, text(decide, duties)))
    return [(each.code, each.about) for each in found]


def voted(since: str = "") -> str:
    return f"guards: [{TWO.replace('SINCE', since)}]"


@pytest.mark.parametrize(
    ("since", "found"),
    [
        ("", True),
        (", since: begin", True),
        (", since: wait", True),  # which need not come again
        (", since: again", False),
        (", since: [begin, again]", False),
    ],
)
def test_a_count_that_goes_on_from_an_earlier_round_is_found(
    tmp_path: Path, since: str, found: bool
) -> None:
    codes = [("count_goes_on", "events.decide")] if found else []
    assert told(tmp_path, voted(since)) == codes


@pytest.mark.parametrize(("since", "left"), [(", since: begin", 2), (", since: [begin, again]", 0)])
def test_a_round_begins_with_any_of_several_events(tmp_path: Path, since: str, left: int) -> None:
    case = Office(tmp_path, text(voted(since)))
    case.fire("begin")
    case.fire("vote", yes=True)
    assert case.refusal("decide") == ["too_few_votes"]
    case.fire("vote", by="clerk-2", yes=True)
    case.fire("decide")
    case.fire("again")
    assert case.refusal("decide") == ([] if left >= 2 else ["too_few_votes"])
    assert list(case.engine.audit.verify(deep=True)) == []


@pytest.mark.parametrize("since", [", since: [begin, agian]", ", since: agian"])
def test_a_round_that_begins_with_no_event_is_refused(tmp_path: Path, since: str) -> None:
    with pytest.raises(evalflow.InvalidInput, match="again"):
        lifecycle(tmp_path, text(voted(since)))


@pytest.mark.parametrize(
    ("guard", "code"),
    [
        ("overdue: {of: again}", "never_holds"),
        ("in_time: {of: again}", "always_holds"),
        ("resolved: {by: chief}", "never_holds"),
        ("voted: {event: vote, by: chief, at_least: 1, since: again}", "never_holds"),
        ("voted: {event: vote, by: chief, share: all, since: again}", "never_holds"),
        ("overdue: {of: end}", ""),
        ("in_time: {of: end}", ""),
        ("voted: {event: vote, by: chief, at_most: 0}", ""),
        ("voted: {event: vote, by: clerk, at_least: 1, since: again}", ""),
    ],
)
def test_a_guard_that_asks_for_what_never_is_is_found(
    tmp_path: Path, guard: str, code: str
) -> None:
    found = told(tmp_path, f"guards: [{guard}]")
    assert found == ([(code, "events.decide")] if code else [])


def test_the_plan_may_say_when_something_is_due(tmp_path: Path) -> None:
    decide = "guards: [overdue: {of: again}]"
    severities = []
    for calendar in ("holidays: KR", "holidays: KR, due: {again: {date: 03-02}}"):
        Office(tmp_path, text(decide), calendar)
        plan = evalflow.load_plan(tmp_path / "plan.yaml")
        found = evalflow.check_lifecycle(plan.lifecycle, plan=plan)
        severities.append([each.severity for each in found if each.code == "never_holds"])
    (alone,) = evalflow.check_lifecycle(lifecycle(tmp_path, text(decide)))
    assert (severities, alone.severity) == ([["error"], []], "warning")


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("not_counting: [w]", []),
        ("not_counting: [a]", [("clock_never_stops", "events.decide.due")]),
        ("not_counting: [w, a]", [("clock_never_stops", "events.decide.due")]),
        ("not_counting: [b]", [("never_due", "events.decide.due")]),
        ("not_counting: [b, w]", [("never_due", "events.decide.due")]),
    ],
)
def test_a_clock_that_never_stops_or_always_stands_is_found(
    tmp_path: Path, rule: str, found: list[tuple[str, str]]
) -> None:
    due = f"due: {{days_after: [begin, again], days: 9, {rule}}}"
    assert told(tmp_path, due) == found
    case = Office(tmp_path, text(due))
    case.fire("begin")
    assert (case.due("decide") is None) == (("never_due", "events.decide.due") in found)


@pytest.mark.parametrize(
    ("whoever", "may_not", "bars"),
    [("begin", "decide", True), ("end", "decide", False), ("end, begin", "decide", True)],
)
def test_a_separation_of_duties_that_bars_nobody_is_found(
    tmp_path: Path, whoever: str, may_not: str, bars: bool
) -> None:
    duty = f"- {{name: eyes, ko: e, en: e, whoever: [{whoever}], may_not: [{may_not}]}}"
    found = told(tmp_path, "choose: first", duty)
    assert found == ([] if bars else [("duty_never_bars", "duties.eyes")])


VOTES = "data: {votes: {ko: v, en: v, type: votes, required: true}}"


@pytest.mark.parametrize(
    ("decide", "enough"),
    [
        ("guards: [voted: {event: vote, at_least: 3, since: again}]", True),  # and one is both
        ("guards: [voted: {event: vote, at_least: 4, since: again}]", False),
        ("guards: [voted: {event: decide, by: chief, at_least: 3, since: again}]", False),
        ("guards: [voted: {event: vote, by: clerk, share: all, since: again}]", True),
        ("guards: [voted: {event: vote, at_most: 9}]", True),
        (f"guards: [resolved: {{by: chief}}], {VOTES}", True),
    ],
)
def test_a_count_that_the_people_never_come_to_is_found(
    tmp_path: Path, decide: str, enough: bool
) -> None:
    Office(tmp_path, text(decide))
    plan = evalflow.load_plan(tmp_path / "plan.yaml")
    found = [
        f for f in evalflow.check_lifecycle(plan.lifecycle, plan=plan) if f.severity == "error"
    ]
    told: list[Any] = [(each.code, each.about) for each in found]
    assert told == ([] if enough else [("too_few_people", "events.decide")])
