"""The language for public procedures: clocks that stop, branches that meet, what was given."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import evalflow
from evalflow.audit.findings import Unchecked
from evalflow.cli import run
from evalflow.decision import clocks, situation
from evalflow.engine import telling
from evalflow.lifecycle.diff import diff
from evalflow.lifecycle.stored import stored_lifecycle
from evalflow.model import CalendarRules, DueRule
from evalflow.model.calendar import Calendar, listed_holidays
from procedures import HEAD, ONCE, REQUEST, TEN, Office, lifecycle

day = dt.date.fromisoformat
RULES = CalendarRules(first="2026", last="2026", frequency="year")


def rule(kind: str, n: int, **more: object) -> DueRule:
    return DueRule(kind=kind, n=n, events=("begin",), **more)  # type: ignore[arg-type]


def checked(made: evalflow.Lifecycle) -> tuple[evalflow.Finding, ...]:
    """Check it; not every procedure here needs both of the office's roles."""
    return tuple(f for f in evalflow.check_lifecycle(made) if f.code != "unused_role")


# --------------------------------------------------------------------------- counting

EASTER = {day("2026-04-03"): "Good Friday", day("2026-04-06"): "Easter Monday"}


@pytest.mark.parametrize(
    ("counted", "begun", "due"),
    [
        # 정보공개법 §11①, §29②: ten days, the first one counted, no holidays; 설 is 16-18 February.
        (rule("working_days_after", 10, first_day=True), "2026-02-09", "2026-02-25"),
        (rule("working_days_after", 10), "2026-02-09", "2026-02-26"),
        (rule("working_days_after", 10, first_day=True), "2026-02-07", "2026-02-25"),  # a Saturday
        (rule("days_after", 10, first_day=True), "2026-03-02", "2026-03-11"),
        (rule("working_days_before", 3), "2026-02-19", "2026-02-11"),
        (rule("days_before", 3), "2026-02-12", "2026-02-09"),
        # 민법 §157, §160: a month begins the next day, and ends the day before its like.
        (rule("months_after", 1), "2026-01-30", "2026-02-28"),
        (rule("months_after", 1), "2026-03-31", "2026-04-30"),
        (rule("months_after", 2), "2026-02-28", "2026-04-30"),
        (rule("months_after", 3), "2026-01-15", "2026-04-15"),
        (rule("months_after", 3, first_day=True), "2026-01-15", "2026-04-14"),
    ],
)
def test_a_statutory_time_ends_on_the_published_day(counted: DueRule, begun: str, due: str) -> None:
    calendar = Calendar(RULES)
    assert str(calendar.deadline(counted, "2026", fired_on=day(begun)).nominal) == due


def test_twenty_working_days_of_the_foi_act() -> None:
    calendar = Calendar(RULES, listed_holidays(EASTER))
    found = calendar.deadline(rule("working_days_after", 20), "2026", fired_on=day("2026-03-27"))
    assert found.due == day("2026-04-28")


@given(
    st.dates(day("2026-01-01"), day("2026-06-30")),
    st.integers(0, 40),
    st.booleans(),
    st.booleans(),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=3),
)
def test_no_day_counts_on_which_the_clock_stood(
    begun: dt.date, n: int, working: bool, first_day: bool, stood: list[tuple[int, int]]
) -> None:
    calendar = Calendar(RULES)
    step = dt.timedelta(days=1)
    stopped = [(begun + a * step, begun + (a + length) * step) for a, length in stood]
    counted = rule("working_days_after" if working else "days_after", n, first_day=first_day)

    due = calendar.deadline(counted, "2026", fired_on=begun, stopped=stopped).nominal

    first = begun if first_day else begun + step
    days = [first + number * step for number in range((due - first).days + 1)]
    counting = [
        each
        for each in days
        if not any(a <= each <= b for a, b in stopped)
        and (not working or calendar.is_business_day(each))
    ]
    assert len(counting) == n
    assert not n or counting[-1] == due


# --------------------------------------------------------------------------- runs of a clock


def office(folder: Path, due: str = TEN) -> Office:
    return Office(folder, REQUEST.replace("DUE", due))


def test_the_clock_stands_while_somebody_else_has_to_act(tmp_path: Path) -> None:
    case = office(tmp_path).on("2026-02-09")
    case.fire("receive")
    assert case.due("decide") == day("2026-02-25")
    case.on("2026-02-11").fire("ask")
    assert case.due("decide") is None
    case.on("2026-03-03").fire("supply")
    # 9 and 10 February, then from 4 March on: the days of asking and of the answer do not count.
    assert case.due("decide") == day("2026-03-13")
    assert case.on("2026-03-13").fire("decide").late == 0


def test_an_extension_ends_with_the_run_of_the_clock_that_it_was_given_for(tmp_path: Path) -> None:
    case = office(tmp_path).on("2026-02-09")
    case.fire("receive")
    case.fire("extend", of="decide", until="2026-03-11", reason="자료가 방대함")
    assert case.due("decide") == day("2026-03-11")
    case.on("2026-03-10").fire("again")
    assert case.due("decide") == day("2026-03-23")
    assert case.on("2026-03-23").fire("decide").late == 0


def test_the_latest_of_several_events_begins_the_clock_anew(tmp_path: Path) -> None:
    case = office(tmp_path, "{days_after: [receive, again], days: 10}").on("2026-03-02")
    case.fire("receive")
    case.on("2026-03-09").fire("again")
    assert case.due("decide") == day("2026-03-19")
    assert list(case.engine.audit.verify()) == []


def test_a_clock_counts_from_a_day_that_was_given(tmp_path: Path) -> None:
    due = "{days_after: receive, on: received_on, days: 10}"
    text = REQUEST.replace("DUE", due).replace("type: date}}", "type: date, required: true}}")
    case = Office(tmp_path, text).on("2026-03-09")
    case.fire("receive", received_on="2026-03-05")
    assert case.due("decide") == day("2026-03-16")  # the 15th is a Sunday


def test_a_right_lapses_and_is_owed_by_nobody(tmp_path: Path) -> None:
    case = office(tmp_path).on("2026-03-02")
    case.fire("receive")
    assert case.refusal("lapse") == ["not_overdue"]
    case.on("2026-03-10").fire("decide")
    assert case.refusal("close") == ["too_early"]
    assert case.on("2026-04-09").due("object") is None
    assert case.on("2026-04-10").refusal("object") == ["lapsed"]
    case.fire("close")


def test_what_follows_from_a_lapse_waits_for_it(tmp_path: Path) -> None:
    case = office(tmp_path, "{days_after: receive, days: 10}").on("2026-03-02")
    case.fire("receive")
    assert case.on("2026-03-12").refusal("lapse") == ["not_overdue"]
    case.on("2026-03-13").fire("lapse")


def test_what_can_never_be_done_is_not_owed(tmp_path: Path) -> None:
    one = """
regions:
  r: {ko: r, en: r, initial: a, states: {a: {ko: a, en: a}, b: {ko: b, en: b}}}
events:
  go:
    {ko: go, en: go, by: [clerk], due: {date: 03-01}, guards: [GUARD],
     transitions: [{from: a, to: b}, {from: b, to: a}]}
"""
    assert Office(tmp_path, one.replace("GUARD", "last_period")).due("go") == day("2026-03-03")
    assert Office(tmp_path, one.replace("GUARD", "next_period_exists")).due("go") is None


@pytest.mark.parametrize(("guard", "told"), [("last_period", "go"), ("next_period_exists", None)])
def test_a_notice_tells_no_step_that_can_never_be_done(
    tmp_path: Path, guard: str, told: str | None
) -> None:
    text = f"""
regions:
  r: {{ko: r, en: r, initial: a, states: {{a: {{ko: a, en: a}}, b: {{ko: b, en: b, final: true}}}}}}
events:
  say:
    ko: say
    en: say
    by: [clerk]
    transitions: [{{from: a}}]
    notices: [{{name: said, ko: said, en: said, to: [clerk]}}]
  go:
    {{ko: go, en: go, by: [clerk], due: {{date: 03-01}}, guards: [{guard}],
     transitions: [{{from: a, to: b}}]}}
"""
    office = Office(tmp_path, text, "holidays: KR}\nnotices: {notifiers: [console]")
    office.fire("say")
    (notice, *_) = [each.notice for each in office.engine.outbox.notices()]
    step = telling.Telling(office.engine.rules, [notice])([notice]).data.get("step")
    assert (step and step["en"]) == told


def test_a_right_that_lapsed_is_no_overdue_duty(tmp_path: Path) -> None:
    right = REQUEST.replace("DUE", "{days_after: receive, days: 10}").replace(
        "guards: [until: {days_after: decide, days: 30}]",
        "due: {days_after: decide, days: 20}\n    guards: [in_time: {of: object}]",
    )
    case = Office(tmp_path, right).on("2026-03-02")
    case.fire("receive")
    case.fire("decide")
    assert case.due("object") == day("2026-03-23")
    assert case.on("2026-03-24").due("object") is None


@pytest.mark.parametrize(
    ("due", "told"),
    [
        ("{days_before: receive, days: 3}", "on"),
        ("{days_after: receive, days: 3, on: recieved_on}", "no required date field"),
        ("{days_after: receive, days: 3, on: received_on}", "no required date field"),
        ("{days_after: receive, days: 3, not_counting: [aked]}", "asked"),
        ("{days_after: [recieve], days: 3}", "receive"),
        ("{days_after: [], days: 3}", "from which event"),
        ("{months_after: receive, days: 3}", "months"),
        ("{working_day_after: receive, days: 3}", "working_days_after"),
    ],
)
def test_a_wrong_rule_is_told_with_its_place(tmp_path: Path, due: str, told: str) -> None:
    with pytest.raises(evalflow.InvalidInput) as caught:
        lifecycle(tmp_path, REQUEST.replace("DUE", due))
    told_all = " ".join(each.text("en") for each in caught.value.problems)
    assert told in told_all
    assert all(each.line for each in caught.value.problems)


# --------------------------------------------------------------------------- branches

ARTICLE = """
regions:
  journalist:
    {ko: 기자, en: Journalist, initial: draft, states: {draft: {ko: 초안, en: Draft},
     j_waits: {ko: 대기, en: Waits}, j_ok: {ko: 승인, en: Approved},
     published: {ko: 게시, en: Published, final: true}}}
  speller:
    {ko: 교열, en: Speller, initial: untouched, states: {untouched: {ko: 없음, en: Untouched},
     s_waits: {ko: 대기, en: Waits}, s_ok: {ko: 승인, en: Approved},
     spelled: {ko: 끝, en: Done, final: true}}}
events:
  request:
    {ko: 요청, en: Request, by: [clerk], leads: journalist,
     transitions: [{from: draft, to: j_waits}, {from: untouched, to: s_waits}]}
  approve: {ko: 승인, en: Approve, by: [clerk], transitions: [{from: j_waits, to: j_ok}]}
  spell: {ko: 교열, en: Spell, by: [clerk], transitions: [{from: s_waits, to: s_ok}]}
  publish:
    {ko: 게시, en: Publish, by: [clerk], leads: journalist, JOIN
     transitions: [{from: j_ok, to: published}, {from: s_ok, to: spelled}]}
"""
JOIN = "guards: [in: {states: [j_ok, s_ok]}],"


def test_branches_that_must_meet_wait_for_each_other(tmp_path: Path) -> None:
    article = Office(tmp_path, ARTICLE.replace("JOIN", JOIN))
    assert checked(article.lifecycle) == ()
    article.fire("request")
    article.fire("approve")
    assert article.refusal("publish") == ["not_in_state"]
    article.fire("spell")
    article.fire("publish")
    assert article.states() == ("published", "spelled")


def test_a_join_that_can_pass_early_is_found(tmp_path: Path) -> None:
    (found,) = checked(lifecycle(tmp_path, ARTICLE.replace("JOIN", "")))
    assert (found.code, found.severity, found.about) == ("early_join", "warning", "events.publish")
    assert "in: {states: [s_ok]}" in found.en


def test_an_event_that_moves_nothing_when_fired_again_is_found(tmp_path: Path) -> None:
    text = """
regions:
  a: {ko: a, en: a, initial: a0, states: {a0: {ko: a0, en: a0}, a1: {ko: a1, en: a1, final: true}}}
  b: {ko: b, en: b, initial: b0, states: {b0: {ko: b0, en: b0}, b1: {ko: b1, en: b1, final: true}}}
events:
  go: {ko: go, en: go, by: [clerk], leads: a, transitions: [{from: a0}, {from: b0, to: b1}]IN}
  end: {ko: end, en: end, by: [clerk], transitions: [{from: a0, to: a1}]}
"""
    (found,) = checked(lifecycle(tmp_path, text.replace("IN", "")))
    assert (found.code, found.about) == ("moves_nothing", "events.go")
    guarded = text.replace("IN", ", guards: [in: {states: [b0]}]")
    assert checked(lifecycle(tmp_path, guarded)) == ()


# --------------------------------------------------------------------------- choices

INVOICE = """
regions:
  r:
    ko: 송장
    en: Invoice
    initial: received
    states:
      received: {ko: 접수, en: Received}
      day_to_day: {ko: 경상, en: Day to day}
      budget: {ko: 예산, en: Budget}
      paid: {ko: 지급, en: Paid, final: true}
events:
  classify:
    ko: 분류
    en: Classify
    by: [clerk]
    choose: first
    transitions:
      - {from: received, to: budget, guards: [given: {field: amount, over: 1000}]}
      - {from: received, to: budget, guards: [given: {field: kind, is: [travel]}]}
      - {from: received, to: day_to_day}
    data:
      amount: {ko: 금액, en: Amount, type: money, required: true}
      kind: {ko: 구분, en: Kind, type: choice, options: {misc: {ko: 기타, en: Misc},
             travel: {ko: 출장, en: Travel}}}
  approve:
    ko: 승인
    en: Approve
    by: [clerk]
    transitions:
      - {from: day_to_day, to: paid, by: [clerk, chief]}
      - {from: budget, to: paid, by: [chief]}
"""


@pytest.mark.parametrize(
    ("data", "state", "who"),
    [
        ({"amount": 1000}, "day_to_day", "clerk-2"),
        ({"amount": "1,001"}, "budget", "chief-1"),
        ({"amount": 5, "kind": "travel"}, "budget", "both-1"),
        ({"amount": 5, "kind": "misc"}, "day_to_day", "chief-1"),
    ],
)
def test_what_was_given_chooses_the_way_and_the_way_who_may(
    tmp_path: Path, data: dict[str, Any], state: str, who: str
) -> None:
    office = Office(tmp_path, INVOICE)
    assert office.lifecycle.events["approve"].by == ("clerk", "chief")
    office.fire("classify", **data)
    assert office.states() == (state,)
    if state == "budget":
        assert office.refusal("approve", by="clerk-2") == ["no_role"]
        assert office.fire("approve", by=who).role == "chief"
    else:
        office.fire("approve", by=who)
    assert list(office.engine.audit.verify(deep=True)) == []


def test_what_was_recorded_earlier_decides_too(tmp_path: Path) -> None:
    text = INVOICE.replace(
        "by: [chief]}", "by: [chief], guards: [given: {field: amount, at_most: 5000}]}"
    )
    office = Office(tmp_path, text)
    office.fire("classify", amount=5001)
    office.fire("classify", case=2, amount=5000)
    assert office.refusal("approve", by="chief-1") == ["given_otherwise"]
    office.fire("approve", by="chief-1", case=2)


@pytest.mark.parametrize(
    ("guard", "told"),
    [
        ("{field: amuont, over: 1000}", "amount"),
        ("{field: kind, is: [travell]}", "travel"),
        ("{field: kind, over: 1000}", "neither a number nor money"),
        ("{field: amount, over: much}", "much"),
        ("{feild: amount}", "field"),
    ],
)
def test_what_is_not_there_is_never_compared(tmp_path: Path, guard: str, told: str) -> None:
    with pytest.raises(evalflow.InvalidInput) as caught:
        lifecycle(tmp_path, INVOICE.replace("{field: amount, over: 1000}", guard))
    assert told in " ".join(each.text("en") for each in caught.value.problems)
    assert all(each.line for each in caught.value.problems)


def test_a_refusal_speaks_of_a_value_as_people_know_it(tmp_path: Path) -> None:
    text = INVOICE.replace("by: [chief]}", "by: [chief], guards: [given: {field: kind, is: misc}]}")
    office = Office(tmp_path, text)
    office.fire("classify", amount=5000, kind="travel")
    with pytest.raises(evalflow.Refused) as caught:
        office.fire("approve", by="chief-1")
    (reason,) = caught.value.reasons
    assert reason.ko == "'구분'(kind) 항목이 기타이어야 합니다 (지금: 출장)."
    assert reason.en == "'Kind' (kind) has to be Misc (it is: Travel)."


def test_a_sound_decision_table_is_taken(tmp_path: Path) -> None:
    table = """
regions:
  r: {ko: r, en: r, initial: a, states: {a: {ko: a, en: a}, x: {ko: x, en: x, final: true},
      y: {ko: y, en: y, final: true}}}
events:
  go:
    {ko: go, en: go, by: [clerk], CHOOSE transitions: [{from: a, to: x, guards: [last_period]},
     {from: a, to: y, guards: [period_ended]}, {from: a, to: x}]}
"""
    lifecycle(tmp_path, table.replace("CHOOSE", "choose: first,"))
    needless = table.replace("CHOOSE", "choose: first,").replace(
        "{from: a, to: y, guards: [period_ended]}, ", ""
    )
    with pytest.raises(evalflow.InvalidInput):
        lifecycle(tmp_path, needless)


def test_a_case_without_a_procedure_is_one(tmp_path: Path) -> None:
    text = """
regions: {r: {ko: r, en: r, initial: a, states: {a: {ko: a, en: a, final: true}}}}
events: {}
"""
    assert checked(lifecycle(tmp_path, text)) == ()
    with pytest.raises(evalflow.InvalidInput, match="events"):
        lifecycle(tmp_path, text.replace("events: {}\n", ""))
    duty = "duties: {d: {ko: d, en: d, whoever: [report], may_not: [verify]}}\n"
    with pytest.raises(evalflow.InvalidInput, match="no event 'report'"):
        lifecycle(tmp_path, text + duty)


# --------------------------------------------------------------------------- duties of a round


def test_a_duty_within_a_round_ends_with_it(tmp_path: Path) -> None:
    text = """
regions:
  r: {ko: r, en: r, initial: a, states: {a: {ko: a, en: a}, b: {ko: b, en: b},
      c: {ko: c, en: c, final: true}}}
events:
  push: {ko: 올림, en: Push, by: [clerk], transitions: [{from: [a, b], to: a}]}
  first: {ko: 첫 승인, en: First, by: [clerk], transitions: [{from: a, to: b}]}
  second: {ko: 둘째 승인, en: Second, by: [clerk], transitions: [{from: b, to: c}]}
duties:
  two_people: {ko: 두 사람, en: Two people, whoever: [first], may_not: [second]ROUND}
  own: {ko: 남의 눈, en: Other eyes, whoever: [push], may_not: [first], since: push}
"""
    office = Office(tmp_path, text.replace("ROUND", ", since: push"))
    office.fire("push", by="clerk-1")
    assert office.refusal("first", by="clerk-1") == ["duty_separated"]
    office.fire("first", by="clerk-2")
    assert office.refusal("second", by="clerk-2") == ["duty_separated"]
    office.fire("push", by="both-1")
    office.fire("first", by="clerk-1")
    office.fire("second", by="clerk-2")

    office = Office(tmp_path, text.replace("ROUND", ""))
    office.fire("first", by="clerk-2")
    office.fire("push", by="both-1")
    office.fire("first", by="clerk-1")
    assert office.refusal("second", by="clerk-2") == ["duty_separated"]


def test_a_stored_procedure_comes_back_as_it_was(tmp_path: Path) -> None:
    for rest in (REQUEST.replace("DUE", TEN), ARTICLE.replace("JOIN", JOIN), INVOICE):
        (tmp_path / "lifecycle.yaml").write_text(HEAD + rest, "utf-8")
        made = evalflow.load_lifecycle(tmp_path / "lifecycle.yaml")
        again = stored_lifecycle(made.tree, made.fingerprint)
        assert (again.events, again.duties) == (made.events, made.duties)


# --------------------------------------------------------------------------- many people

BILL = """
regions:
  r: {ko: r, en: r, initial: draft, states: {draft: {ko: 초안, en: Draft},
      open: {ko: 심의, en: Open}, passed: {ko: 가결, en: Passed, final: true},
      lost: {ko: 부결, en: Lost, final: true}}}
events:
  submit: {ko: 상정, en: Submit, by: [clerk], transitions: [{from: [draft, open], to: open}]}
  vote:
    ko: 표결
    en: Vote
    by: [clerk, chief]
    choose: first
    transitions:
      - {from: open, to: passed, guards: [voted: PASSES]}
      - {from: open, to: lost,
         guards: [voted: {event: vote, field: ballot, is: no, at_least: 2, since: submit}]}
      - {from: open}
    data:
      ballot: {ko: 의견, en: Ballot, type: choice, required: true,
               options: {yes: {ko: 찬성, en: Yes}, no: {ko: 반대, en: No}}}
"""
TWO = "{event: vote, field: ballot, is: yes, at_least: 2, since: submit}"


def bill(folder: Path, passes: str = TWO) -> Office:
    return Office(folder, BILL.replace("PASSES", passes).replace("is: yes", "is: 'yes'"))


def test_so_many_of_so_many_decide_and_each_counts_once(tmp_path: Path) -> None:
    case = bill(tmp_path)
    case.fire("submit")
    case.fire("vote", by="clerk-1", ballot="yes")
    case.fire("vote", by="clerk-1", ballot="yes")
    assert case.states() == ("open",)
    case.fire("vote", by="clerk-2", ballot="no")
    case.fire("submit")  # what was cast before is void
    case.fire("vote", by="clerk-2", ballot="yes")
    assert case.states() == ("open",)
    case.fire("vote", by="chief-1", ballot="no")
    case.fire("vote", by="chief-1", ballot="yes")  # what they say last counts
    assert case.states() == ("passed",)
    assert list(case.engine.audit.verify(deep=True)) == []


def test_the_first_to_come_to_their_number_decide(tmp_path: Path) -> None:
    case = bill(tmp_path)
    case.fire("submit")
    for who, ballot in (("clerk-1", "no"), ("clerk-2", "yes"), ("chief-1", "no")):
        case.fire("vote", by=who, ballot=ballot)
    assert case.states() == ("lost",)


@pytest.mark.parametrize(("share", "needed"), [("majority", 2), ("two_thirds", 2), ("all", 3)])
def test_a_share_is_taken_of_those_who_hold_the_role(
    tmp_path: Path, share: str, needed: int
) -> None:
    case = bill(tmp_path, f"{{event: vote, field: ballot, is: yes, by: clerk, share: {share}}}")
    case.fire("submit")
    case.fire("vote", by="chief-1", ballot="yes")  # is no clerk
    for number, who in enumerate(("clerk-1", "clerk-2", "both-1"), start=1):
        assert case.states() == ("open",)
        case.fire("vote", by=who, ballot="yes")
        if number == needed:
            break
    assert case.states() == ("passed",)


def test_a_single_objection_can_stand_in_the_way(tmp_path: Path) -> None:
    text = BILL.replace("PASSES", TWO).replace("is: yes", "is: 'yes'").replace("st: 2", "st: 9")
    text += """
  close:
    ko: 종결
    en: Close
    by: [clerk]
    transitions: [{from: open, to: passed}]
    guards:
      - voted: {event: vote, field: ballot, is: no, at_most: 0}
      - voted: {event: vote, at_least: 1}
"""
    case = Office(tmp_path, text)
    case.fire("submit")
    assert case.refusal("close") == ["too_few_votes"]
    case.fire("vote", by="chief-1", ballot="no")
    with pytest.raises(evalflow.Refused) as caught:
        case.fire("close")
    (reason,) = caught.value.reasons
    assert reason.code == "too_many_votes"
    assert reason.ko == "'표결' (반대): 0명 이하여야 합니다 (지금 1명)."
    case.fire("vote", by="chief-1", ballot="yes")
    case.fire("close")


@pytest.mark.parametrize(
    ("guard", "told"),
    [
        ("{event: vote}", "at_least, at_most, share"),
        ("{event: vote, share: all}", "needs 'by'"),
        ("{event: vote, is: 'yes', at_least: 1}", "needs 'field'"),
        ("{event: submit, field: ballot, is: 'yes', at_least: 1}", "field"),
        ("{event: vote, field: ballot, is: maybe, at_least: 1}", "no option 'maybe'"),
        ("{event: vote, at_least: some}", "some"),
        ("{event: vote, at_least: 1.5}", "1.5"),
        ("{event: vote, at_least: -1}", "-1"),
        ("{event: [vote, submit], at_least: 1}", "not a list"),
        ("{event: vote, share: half, by: clerk}", "half"),
        ("{event: vote, share: all, by: clrk}", "clerk"),
    ],
)
def test_a_count_of_votes_that_cannot_be_meant_is_refused(
    tmp_path: Path, guard: str, told: str
) -> None:
    with pytest.raises(evalflow.InvalidInput) as caught:
        bill(tmp_path, guard)
    assert told in " ".join(each.text("en") for each in caught.value.problems)
    assert all(each.line for each in caught.value.problems)


# --------------------------------------------------------------------------- parents and children

PARENT = """
regions:
  r: {ko: r, en: r, initial: open, states: {open: {ko: 진행, en: Open},
      closed: {ko: 종결, en: Closed, final: true}}}
events:
  close:
    {ko: 종결, en: Close, by: [clerk], transitions: [{from: open, to: closed}], guards: [GUARD]}
  note: {ko: 기록, en: Note, by: [clerk], transitions: [{from: [open, closed]}]}
"""


def children(office: Office, folder: Path, *about: int, plan: str = "c-2026") -> None:
    """Adopt another plan, each of whose cases is about one of the office's."""
    text = (folder / "plan.yaml").read_text("utf-8").split("projects:")[0]
    text = text.replace("id: p-2026", f"id: {plan}").replace("./lifecycle.yaml", "./child.yaml")
    cases = "".join(
        f'  "{number}": {{ko: 딸린 사안 {number}, unit: d, field: f, kind: new, '
        f"start: 2026-01-01, end: 2026-12-31, about: p-2026/{parent}}}\n"
        for number, parent in enumerate(about, start=1)
    )
    child = HEAD.replace("name: procedure", "name: order") + PARENT.replace("GUARD", "")
    (folder / "child.yaml").write_text(child, "utf-8")
    (folder / "child-plan.yaml").write_text(f"{text}projects:\n{cases}", "utf-8")
    made = evalflow.load_plan(folder / "child-plan.yaml")
    office.engine.adopt(made, by=made.actor("clerk-1"))


def close(office: Office, project: str) -> None:
    plan = project.partition("/")[0]
    office.engine.fire(project, "close", by=office.engine.actor(plan, "clerk-1"))


def test_a_case_waits_for_those_that_are_about_it(tmp_path: Path) -> None:
    office = Office(tmp_path, PARENT.replace("GUARD", "those_about: {states: [closed]}"))
    children(office, tmp_path, 1, 1, 2)
    assert office.refusal("close") == ["those_about_open", "those_about_open"]
    close(office, "c-2026/1")
    with pytest.raises(evalflow.Refused) as caught:
        office.fire("close")
    assert [reason.about for reason in caught.value.reasons] == ["c-2026/2"]
    close(office, "c-2026/2")
    office.fire("close")
    assert office.refusal("close", case=2) == ["those_about_open"]
    assert list(office.engine.audit.verify()) == []


def test_so_many_of_those_about_a_case_may_be_enough(tmp_path: Path) -> None:
    guard = "those_about: {lifecycle: order, states: closed, at_least: 2}"
    office = Office(tmp_path, PARENT.replace("GUARD", guard))
    assert office.refusal("close") == ["too_few_about"]
    children(office, tmp_path, 1, 1, 1)
    close(office, "c-2026/1")
    assert office.refusal("close") == ["too_few_about"]
    close(office, "c-2026/3")
    office.fire("close")


def test_only_those_of_the_named_lifecycle_count(tmp_path: Path) -> None:
    guard = "those_about: {lifecycle: referral, states: [closed]}"
    office = Office(tmp_path, PARENT.replace("GUARD", guard))
    children(office, tmp_path, 1)
    office.fire("close")


@pytest.mark.parametrize("what", ["moves", "comes"])
def test_a_child_that_moves_or_comes_meanwhile_is_a_conflict(
    tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path, PARENT.replace("GUARD", "those_about: {states: [closed]}"))
    children(office, tmp_path, 1)
    close(office, "c-2026/1")
    commit = office.engine.storage.commit

    def late(*args: Any, **more: Any) -> Any:
        monkeypatch.undo()
        if what == "moves":
            engine = office.engine
            engine.fire("c-2026/1", "note", by=engine.actor("c-2026", "clerk-1"))
        else:
            revised = tmp_path / "child-plan.yaml"
            line = next(li for li in revised.read_text("utf-8").splitlines() if '"1":' in li)
            with revised.open("a", encoding="utf-8") as file:
                file.write(line.replace('"1":', '"7":') + "\n")
            made = evalflow.load_plan(revised)
            office.engine.adopt(made, by=made.actor("clerk-1"), reason="하나 더")
        return commit(*args, **more)

    monkeypatch.setattr(office.engine.storage, "commit", late)
    with pytest.raises(evalflow.Conflict):
        office.fire("close")
    assert office.states() == ("open",)


# --------------------------------------------------------------------------- extensions of a run


def test_how_often_an_extension_may_be_given_counts_within_the_run_of_its_clock(
    tmp_path: Path,
) -> None:
    text = REQUEST.replace("DUE", TEN).replace("actions: [extension]", ONCE)
    case = Office(tmp_path, text).on("2026-02-09")
    case.fire("receive")
    case.fire("extend", of="decide", until="2026-03-11", reason="자료가 방대함")
    again: dict[str, Any] = {"of": "decide", "until": "2026-03-31", "reason": "또 방대함"}
    assert case.refusal("extend", **again) == ["extended_often_enough"]
    case.on("2026-03-10").fire("again")
    case.fire("extend", **again)
    assert case.due("decide") == day("2026-03-31")
    assert case.refusal("extend", **{**again, "until": "2026-04-07"}) == ["extended_often_enough"]
    assert list(case.engine.audit.verify(deep=True)) == []


def test_a_store_that_has_the_wrong_lateness_says_so_in_verify(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def as_it_was(rule: DueRule, event: str, **more: Any) -> Any:
        """An extension of an earlier run counts on."""
        found = clocks.falls(rule, event, **more)
        until = clocks.extensions_given(more["history"](), more["lifecycle"]).get(event)
        return attrs.evolve(found, due=day(until)) if found and until else found

    case = office(tmp_path).on("2026-02-09")
    case.fire("receive")
    case.fire("extend", of="decide", until="2026-02-26", reason="자료가 방대함")
    case.on("2026-03-10").fire("again")
    with monkeypatch.context() as patch:
        patch.setattr(situation, "falls", as_it_was)
        assert case.on("2026-03-23").fire("decide").late == 25  # it was in time
    told: list[Unchecked] = []
    assert list(case.engine.audit.verify(unchecked=told.append)) == []
    (said,) = told
    assert (said.code, said.number) == ("late_by_old_rules", 5)
    assert said.en == "days late: recorded is 25, under the present rules and holidays it is 0"
    (found,) = case.engine.audit.verify(deep=True)
    assert (found.code, found.column) == ("late_differs", "entry.late")


def test_what_the_event_is_given_itself_asks_for_no_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Office(tmp_path, INVOICE).engine
    asked: list[str] = []
    history = engine.storage.history

    def seen(project: str) -> Any:
        asked.append(project)
        return history(project)

    monkeypatch.setattr(engine.storage, "history", seen)
    engine.explain("p-2026/1", "classify", by=engine.actor("p-2026", "clerk-1"))
    assert asked == []


# --------------------------------------------------------------------------- what things are called

THINGS = "things: {ko: 민원, en: petitions}\n"


def test_a_lifecycle_says_what_its_things_are_called(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = lifecycle(tmp_path, THINGS + REQUEST.replace("DUE", "{date: 03-02}"))
    assert (made.things.ko, made.things.en) == ("민원", "petitions")
    again = stored_lifecycle(made.tree, made.fingerprint)
    assert again.things == made.things
    plain = lifecycle(tmp_path, REQUEST.replace("DUE", "{date: 03-02}"))
    assert plain.things.ko == "사업"
    assert "민원" in " ".join(each.ko for each in diff(plain, made))

    case = Office(tmp_path, THINGS + REQUEST.replace("DUE", "{date: 03-02}"))
    store = f"sqlite:///{tmp_path / 'office.db'}"
    plan = evalflow.load_plan(tmp_path / "plan.yaml")
    with evalflow.open(store, clock=case.now) as engine:
        engine.adopt(plan, by=plan.actor("clerk-1"))
    monkeypatch.setenv("EVALFLOW_STORE", store)
    for command, told in ((["status"], "민원명"), (["due", "--waiting"], "민원")):
        for lang, words in (("ko", told), ("en", "Petitions")):
            monkeypatch.setenv("EVALFLOW_LANG", lang)
            assert run(command) == 0
            out = capsys.readouterr().out
            assert words in out
            assert "사업" not in out


@pytest.mark.parametrize(
    "things", ["{ko: 민원}", "민원", "{ko: 민원, en: petitions, one: petition}"]
)
def test_what_things_are_called_is_said_in_both_languages(tmp_path: Path, things: str) -> None:
    with pytest.raises(evalflow.InvalidInput):
        lifecycle(tmp_path, f"things: {things}\n" + REQUEST.replace("DUE", TEN))


def test_plans_batches_and_histories_call_cases_so_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Office(tmp_path, THINGS + REQUEST.replace("DUE", "{date: 03-02}"))
    plan, store = str(tmp_path / "plan.yaml"), str(tmp_path / "office.db")
    monkeypatch.setenv("EVALFLOW_STORE", store)
    for lang, words in (("ko", "민원 2건"), ("en", "2 petitions")):
        monkeypatch.setenv("EVALFLOW_LANG", lang)
        assert run(["plan", "check", plan]) == 0
        assert words in capsys.readouterr().out
    monkeypatch.setenv("EVALFLOW_LANG", "ko")
    for command, told in (
        (["plan", "import", plan, "--as", "clerk-1"], "민원 2건"),
        (["plan", "show", "p-2026"], "민원명"),
        (["batch", "plan", "receive", "--as", "clerk-1", "-o", f"{store}.jsonl"], "민원"),
    ):
        assert run(command) == 0
        out = capsys.readouterr().out
        assert told in out
        assert "사업" not in out.replace("사업비", "")
