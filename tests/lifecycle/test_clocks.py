"""Clocks in disguise: stops that meet and overlap, extensions among them, as long again, days that
count backwards onto a holiday."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import evalflow
from evalflow.lifecycle.stored import stored_lifecycle
from evalflow.model import CalendarRules, DueRule, ExtensionRule
from evalflow.model.calendar import Calendar
from procedures import ONCE, REQUEST, TEN, Office, lifecycle

day = dt.date.fromisoformat
RULES = CalendarRules(first="2026", last="2026", frequency="year")
STEP = dt.timedelta(days=1)


def rule(kind: str, n: int, **more: Any) -> DueRule:
    return DueRule(kind=kind, n=n, events=("begin",), **more)


@given(
    st.dates(day("2026-01-01"), day("2026-12-31")),
    st.integers(1, 6),
    st.booleans(),
    st.lists(st.tuples(st.integers(-5, 90), st.integers(0, 40)), max_size=4),
)
def test_months_are_as_long_as_without_the_stops(
    begun: dt.date, n: int, first_day: bool, stood: list[tuple[int, int]]
) -> None:
    """Stops that meet on one day, overlap, lie in each other or before the clock take each day
    away once."""
    calendar = Calendar(RULES)
    stopped = [(begun + a * STEP, begun + (a + length) * STEP) for a, length in stood]
    counted = rule("months_after", n, first_day=first_day)
    plain = calendar.deadline(counted, "2026", fired_on=begun).nominal
    due = calendar.deadline(counted, "2026", fired_on=begun, stopped=stopped).nominal
    first = begun if first_day else begun + STEP
    counting = [
        each
        for each in (first + number * STEP for number in range((due - first).days + 1))
        if not any(a <= each <= b for a, b in stopped)
    ]
    assert len(counting) == (plain - first).days + 1


@pytest.mark.parametrize(
    ("months", "begun", "due"),
    [
        (1, "2026-01-31", "2026-02-28"),
        (1, "2024-01-31", "2024-02-29"),
        (12, "2024-02-29", "2025-02-28"),
        (48, "2024-02-29", "2028-02-29"),  # from 1 March to the end of February
        (1, "2026-02-28", "2026-03-31"),  # from 1 March on: the whole of it (민법 §160①)
        (1, "2026-12-31", "2027-01-31"),
        (13, "2026-01-30", "2027-02-28"),
    ],
)
def test_months_end_as_the_civil_code_says(months: int, begun: str, due: str) -> None:
    found = Calendar(RULES).deadline(rule("months_after", months), "2026", fired_on=day(begun))
    assert str(found.nominal) == due


@pytest.mark.parametrize("move", ["next", "previous", "strict"])
def test_what_comes_before_a_day_never_moves_closer_to_it(move: str) -> None:
    """Seven days before Sunday the 22nd of March is a Sunday: Monday would be six days before."""
    calendar = Calendar(CalendarRules(first="2026", last="2026", frequency="year", move=move))
    found = calendar.deadline(rule("days_before", 7), "2026", fired_on=day("2026-03-22"))
    assert str(found.nominal) == "2026-03-15"
    assert str(found.due) == ("2026-03-15" if move == "strict" else "2026-03-13")


def test_a_clock_that_stops_twice_on_one_day_loses_it_once(tmp_path: Path) -> None:
    due = "{months_after: receive, months: 1, not_counting: [asked]}"
    case = Office(tmp_path, REQUEST.replace("DUE", due)).on("2026-03-02")
    case.fire("receive")
    assert case.due("decide") == day("2026-04-02")
    case.on("2026-03-10").fire("ask")
    case.on("2026-03-12").fire("supply")
    case.fire("ask")
    case.on("2026-03-13").fire("supply")
    assert case.due("decide") == day("2026-04-06")  # four days lost: 10, 11, 12 and 13 March


NESTED = """
regions:
  request: {ko: 청구, en: Request, initial: filed, states: {filed: {ko: 청구, en: Filed},
      open: {ko: 처리, en: Open}, asked: {ko: 보완, en: Asked},
      done: {ko: 결정, en: Done, final: true}}}
  survey: {ko: 감정, en: Survey, initial: none_yet, states: {none_yet: {ko: 없음, en: None},
      surveying: {ko: 감정 중, en: Surveying}}}
events:
  receive: {ko: 접수, en: Receive, by: [clerk], transitions: [{from: filed, to: open}]}
  ask: {ko: 보완요구, en: Ask, by: [clerk], transitions: [{from: open, to: asked}]}
  supply: {ko: 보완, en: Supply, by: [clerk], transitions: [{from: asked, to: open}]}
  survey: {ko: 감정, en: Survey, by: [clerk], transitions: [{from: none_yet, to: surveying}]}
  surveyed: {ko: 감정 끝, en: Surveyed, by: [clerk], transitions: [{from: surveying, to: none_yet}]}
  decide:
    {ko: 결정, en: Decide, by: [clerk], transitions: [{from: open, to: done}],
     due: {days_after: receive, days: 20, not_counting: [asked, surveying]}}
"""


@pytest.mark.parametrize("inner", ["ask supply", "survey surveyed"])
def test_stops_within_stops_and_overlapping_ones_count_once(tmp_path: Path, inner: str) -> None:
    outer = "survey surveyed" if inner == "ask supply" else "ask supply"
    (begin, end), (into, out) = outer.split(), inner.split()
    case = Office(tmp_path, NESTED).on("2026-03-02")
    case.fire("receive")
    case.on("2026-03-04").fire(begin)
    case.on("2026-03-06").fire(into)
    case.on("2026-03-09").fire(out)
    assert case.due("decide") is None  # the outer one still stands
    case.on("2026-03-13").fire(end)
    # 3 March, then 19 days from the 14th on: 4 to 13 March are lost
    assert case.due("decide") == day("2026-04-01")
    case.on("2026-03-16").fire(begin)
    case.on("2026-03-18").fire(into)
    case.on("2026-03-20").fire(end)
    case.on("2026-03-24").fire(out)
    assert case.due("decide") == day("2026-04-10")  # and 16 to 24 March


def test_what_the_clock_loses_after_an_extension_comes_on_top(tmp_path: Path) -> None:
    case = Office(tmp_path, REQUEST.replace("DUE", TEN)).on("2026-02-09")
    case.fire("receive")
    case.on("2026-02-24").fire("extend", of="decide", until="2026-03-11", reason="자료가 방대함")
    case.on("2026-03-03").fire("ask")
    assert case.due("decide") is None
    case.on("2026-03-16").fire("supply")
    # 3 to 11 March are lost, seven working days: the seventh after the 16th is the 25th
    assert case.due("decide") == day("2026-03-25")
    assert case.on("2026-03-25").fire("decide").late == 0
    assert list(case.engine.audit.verify(deep=True)) == []


def test_an_extension_given_while_the_clock_stands_is_to_that_very_day(tmp_path: Path) -> None:
    case = Office(tmp_path, REQUEST.replace("DUE", TEN)).on("2026-02-09")
    case.fire("receive")
    case.on("2026-02-11").fire("ask")
    assert case.refusal("extend", of="decide", until="2026-03-31", reason="보완이 늦음") == [
        "nothing_to_extend"
    ]


def test_a_stop_after_the_extended_day_changes_nothing(tmp_path: Path) -> None:
    case = Office(tmp_path, REQUEST.replace("DUE", TEN)).on("2026-02-09")
    case.fire("receive")
    case.fire("extend", of="decide", until="2026-02-27", reason="자료가 방대함")
    case.on("2026-03-03").fire("ask")
    case.on("2026-03-05").fire("supply")
    assert case.due("decide") == day("2026-02-27")


# --------------------------------------------------------------------------- as long again

AGAIN = "actions: [extension]\n    extension: {of: [decide]TIMES, at_most: same_again}"


def again(folder: Path, times: str = "", due: str = TEN) -> Office:
    text = REQUEST.replace("DUE", due).replace("actions: [extension]", AGAIN)
    return Office(folder, text.replace("TIMES", times))


@pytest.mark.parametrize(
    ("due", "latest", "beyond"),
    [
        (TEN, "2026-03-12", "2026-03-13"),  # due on 25 February; 2 March is a holiday's substitute
        ("{days_after: receive, days: 20}", "2026-03-23", "2026-03-24"),  # 3 March, the 21st: Sat.
        ("{months_after: receive, months: 1}", "2026-04-09", "2026-04-10"),
    ],
)
def test_an_extension_by_as_long_again(tmp_path: Path, due: str, latest: str, beyond: str) -> None:
    case = again(tmp_path, due=due).on("2026-02-09")
    case.fire("receive")
    asked: dict[str, Any] = {"of": "decide", "reason": "자료가 방대함"}
    assert case.refusal("extend", until=beyond, **asked) == ["extended_too_far"]
    case.fire("extend", until=latest, **asked)
    assert case.due("decide") == day(latest)
    assert list(case.engine.audit.verify(deep=True)) == []


def test_as_long_again_given_twice(tmp_path: Path) -> None:
    """Without a number of times all of them together are as long again; with one each is."""
    asked: dict[str, Any] = {"of": "decide", "reason": "자료가 방대함"}
    for times, second, refused in (
        ("", "2026-03-13", ["extended_too_far"]),
        (", times: 1", "2026-03-12", ["extended_often_enough"]),
        (", times: 2", "2026-03-25", ["extended_too_far"]),
    ):
        case = again(tmp_path, times).on("2026-02-09")
        case.fire("receive")
        case.fire("extend", until="2026-03-10", **asked)
        assert case.refusal("extend", until=second, **asked) == refused, times
    case.fire("extend", until="2026-03-24", **asked)  # ten working days after 10 March
    assert case.refusal("extend", until="2026-03-25", **asked) == ["extended_often_enough"]


@pytest.mark.parametrize("due", ["{day: 5}", "{date: 03-02}"])
def test_a_day_cannot_be_given_as_long_again(tmp_path: Path, due: str) -> None:
    with pytest.raises(evalflow.InvalidInput) as caught:
        again(tmp_path, due=due)
    (problem,) = caught.value.problems
    assert (problem.code, problem.value) == ("no_length", "decide")
    assert problem.line is not None


def test_same_again_is_the_only_word_there(tmp_path: Path) -> None:
    text = REQUEST.replace("DUE", TEN).replace("actions: [extension]", ONCE)
    with pytest.raises(evalflow.InvalidInput):
        lifecycle(tmp_path, text.replace("times: 1", "at_most: same"))


IN_MONTHS = "actions: [extension]\n    extension: {of: [decide], at_most: {months: 2}}"


@pytest.mark.parametrize(
    ("received", "latest", "beyond"),
    [  # GDPR art. 12(3): one month, and two further ones, are three from the receipt
        ("2026-03-31", "2026-06-30", "2026-07-01"),
        ("2026-01-28", "2026-04-28", "2026-04-29"),  # 28 February is a Saturday
    ],
)
def test_a_bound_in_months(tmp_path: Path, received: str, latest: str, beyond: str) -> None:
    text = REQUEST.replace("DUE", "{months_after: receive, months: 1}")
    case = Office(tmp_path, text.replace("actions: [extension]", IN_MONTHS), "holidays: none")
    case.on(received).fire("receive")
    asked: dict[str, Any] = {"of": "decide", "reason": "자료가 방대함"}
    with pytest.raises(evalflow.Refused, match="by 2 months at most"):
        case.fire("extend", until=beyond, **asked)
    case.fire("extend", until=latest, **asked)
    assert case.due("decide") == day(latest)
    assert list(case.engine.audit.verify(deep=True)) == []


@pytest.mark.parametrize("most", ["{month: 2}", "{months: 0}", "{months: two}", "{}", "[2]"])
def test_a_bound_in_months_that_is_none_is_refused(tmp_path: Path, most: str) -> None:
    text = REQUEST.replace("DUE", TEN).replace("actions: [extension]", IN_MONTHS)
    with pytest.raises(evalflow.InvalidInput) as caught:
        lifecycle(tmp_path, text.replace("{months: 2}", most))
    assert all(each.line for each in caught.value.problems)


def test_a_bound_in_months_is_stored_and_may_stand_in_a_plan(tmp_path: Path) -> None:
    text = REQUEST.replace("DUE", TEN).replace("actions: [extension]", IN_MONTHS)
    made = lifecycle(tmp_path, text)
    assert stored_lifecycle(made.tree, made.fingerprint).events == made.events
    bound = "holidays: KR, extension: {at_most: {months: 1}}"
    case = Office(tmp_path, text, bound).on("2026-02-09")
    case.fire("receive")
    asked: dict[str, Any] = {"of": "decide", "reason": "자료가 방대함"}
    assert case.refusal("extend", until="2026-03-26", **asked) == ["extended_too_far"]
    case.fire("extend", until="2026-03-25", **asked)  # a month after 25 February
    assert case.engine.plans.head("p-2026").calendar.extension == ExtensionRule(at_most_months=1)


def test_a_bound_in_days_holds_for_all_extensions_of_a_run_together(tmp_path: Path) -> None:
    text = REQUEST.replace("DUE", TEN).replace("actions: [extension]", ONCE)
    case = Office(tmp_path, text.replace("times: 1", "at_most: 15")).on("2026-02-09")
    case.fire("receive")
    asked: dict[str, Any] = {"of": "decide", "reason": "자료가 방대함"}
    case.fire("extend", until="2026-03-11", **asked)  # fourteen days after 25 February
    assert case.refusal("extend", until="2026-03-13", **asked) == ["extended_too_far"]
    case.fire("extend", until="2026-03-12", **asked)
