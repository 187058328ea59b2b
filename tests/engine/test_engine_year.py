"""The year in `major-works`, event by event, on every built-in storage."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

import attrs
import pytest

import evalflow
from evalflow.decision import decide
from evalflow.decision.cards import cards_of
from evalflow.model.canonical import canonical, digest
from offices import CARD, GOOD, PLAN, Clock


def test_projects_start_planned_in_the_first_period(office):
    projects = list(office.engine.projects())

    assert [p.id for p in projects] == ["gu/1", "gu/2", "gu/3"]
    assert {p.states[:2] for p in projects} == {("planned", "unchanged")}
    assert {p.period for p in projects} == {"2016-Q1"}
    assert [e.event for e in office.engine.history("gu/1")] == ["adopt"]


def test_the_straight_way_through_a_quarter(office):
    office.to_submitted()
    office.clock.go("2016-04-15")
    for project in ("gu/1", "gu/2", "gu/3"):
        office.review(project)
        office.fire(project, "approve", "policy-1")
        office.fire(project, "open_period", "clock")

    assert {p.period for p in office.engine.projects()} == {"2016-Q2"}
    assert {p.states[0] for p in office.engine.projects()} == {"planned"}
    assert [e.event for e in office.engine.history("gu/1")] == [
        "adopt", "self_evaluate", "compile", "sign", "submit", "review", "approve", "open_period",
    ]  # fmt: skip
    assert list(office.engine.audit.verify()) == []


def test_an_evaluation_waits_for_the_end_of_its_period(office):
    office.clock.go("2016-03-31", 23)
    explanation = office.explain("gu/1", "self_evaluate", "education-1")

    assert not explanation.allowed
    (reason,) = explanation.reasons
    assert (reason.code, reason.since) == ("period_not_ended", dt.date(2016, 4, 1))


def test_every_target_needs_an_actual_or_an_explicit_not_due(office):
    office.clock.go("2016-04-04")

    assert office.codes("gu/1", "self_evaluate", "education-1", actuals={"schools": 10}) == [
        "figures_missing"
    ]
    entry = office.evaluate("gu/1", actuals={"schools": 10, "lessons": {"not_due": "강사 미확보"}})
    assert entry.after[0] == "self_evaluated"
    rating = office.engine.evaluation("gu/1").self_rating
    assert rating is not None
    assert [line.status for line in rating.lines] == ["rated", "not_due"]
    assert rating.rate == Decimal("100.0")


def test_a_lagging_indicator_needs_cause_and_countermeasure(office):
    office.clock.go("2016-04-04")
    few = {"metres": 300, "complaints": 50}

    assert office.codes("gu/3", "self_evaluate", "road-1", actuals=few) == ["lagging_unexplained"]
    half = {"metres": {"cause": "동절기"}}
    assert office.codes(
        "gu/3", "self_evaluate", "road-1", actuals=few, explanations=half
    ) == ["lagging_unexplained"]  # fmt: skip
    whole = {"metres": {"cause": "동절기", "countermeasure": "인력 추가"}}
    entry = office.evaluate("gu/3", actuals=few, explanations=whole)
    assert entry.rating["lines"][0]["rate"] == "75.0"


@pytest.mark.parametrize(
    ("cards", "lacks"),
    [
        ({}, "1 A (no card); 2 B (no card)"),
        ({"1": CARD}, "2 B (no card)"),
        ({"1": "정상", "2": CARD}, "1 A (state, or target and actual, papers)"),
        ({"1": {**CARD, "papers": []}, "2": CARD}, "1 A (papers)"),
        ({"1": {**CARD, "state": "부진"}, "2": CARD}, "1 A (cause and countermeasure)"),
        ({"1": {**CARD, "state": None, "target": 3}, "2": CARD},
         "1 A (state, or target and actual)"),
    ],
)  # fmt: skip
def test_a_project_with_sub_projects_sends_all_their_cards_whole(cards, lacks, office):
    """R39: 21 cards, or one that says nothing, stop it, with the list."""
    office.clock.go("2016-04-04")
    given = {"actuals": {"centres": 5}, "cards": cards}
    (reason,) = office.explain("gu/2", "self_evaluate", "elderly-1", **given).reasons
    assert (reason.code, reason.en.partition(": ")[2]) == ("cards_missing", lacks)


def test_cards_are_records_that_the_policy_office_is_told_of(office):
    """Side by side: the policy office has them while the bureau still compiles (R39)."""
    office.clock.go("2016-04-04")
    behind = {
        "state": "현저히 부진", "target": "12", "actual": "7", "unit": "회", "spent": "1,000",
        "text": "7회 운영", "cause": "휴관", "countermeasure": "5월 보강", "papers": "운영일지",
    }  # fmt: skip
    not_due = {"state": "시기미도래", "text": "5월부터 시작"}
    office.evaluate("gu/2", cards={1: behind, 2: not_due})
    told = [each.notice for each in office.engine.outbox.notices()]
    assert {(each.name, each.recipient) for each in told if each.name == "cards_sent"} == {
        ("cards_sent", each) for each in ("policy-1", "policy-2", "both-1")
    }
    first, second = cards_of(
        office.engine.plans.definition("gu/2"), office.engine.evaluation("gu/2").facts["cards"]
    )
    assert (first.label.ko, first.state, first.rate) == ("가", "seriously_lagging", Decimal("58.3"))
    assert (first.spent, first.papers, first.on_track) == (1000, ("운영일지",), False)
    assert second.state_label is not None
    assert (second.state_label.ko, second.rate, second.lacking()) == ("시기미도래", None, ())
    office.evaluate("gu/3")
    assert not [each for each in office.engine.outbox.notices()
                if (each.notice.name, each.notice.project) == ("cards_sent", "gu/3")]  # fmt: skip


def test_what_a_card_cannot_say_is_told(office):
    office.clock.go("2016-04-04")
    with pytest.raises(evalflow.Refused) as error:
        office.evaluate("gu/2", cards={"1": {**CARD, "state": "좋음", "rate": 3}, "3": CARD})
    said = error.value.text("ko")
    assert "cards.1.state: 다음 중 하나여야 합니다: 완료(done), 정상(on_track)" in said
    assert "cards.1.rate: 알 수 없는 항목 'rate'" in said
    assert "cards.3: 관리카드 '3'" in said


def test_a_bureau_submits_all_of_its_projects_or_none(office):
    office.clock.go("2016-04-04")
    office.evaluate("gu/1")

    with pytest.raises(evalflow.Refused) as refused:
        office.submit("gu/1")
    (reason,) = refused.value.reasons
    assert reason.code == "unit_incomplete"
    assert reason.about == "gu/2"
    assert reason.who == ("elderly-1",)
    assert office.state("gu/1") == "self_evaluated"

    office.evaluate("gu/2")
    entry = office.submit("gu/1")
    assert entry.project == "gu/1"
    assert [office.state(p) for p in ("gu/1", "gu/2", "gu/3")] == ["submitted"] * 2 + ["planned"]


def test_a_project_sent_back_is_evaluated_and_submitted_again_alone(office):
    office.to_submitted()
    office.clock.go("2016-04-11")
    entry = office.fire("gu/1", "send_back", "policy-1", reason="증빙 부족")
    assert entry.reason == "증빙 부족"
    assert office.state("gu/1") == "planned"

    office.evaluate("gu/1")
    office.submit("gu/1")
    assert office.state("gu/1") == "submitted"
    assert office.engine.project("gu/2").version == 5


def test_sending_back_needs_a_written_reason(office):
    office.to_submitted()
    assert office.codes("gu/1", "send_back", "policy-1") == ["data_missing"]
    assert office.codes("gu/1", "send_back", "policy-1", reason="  ") == ["data_missing"]


def test_an_amendment_keeps_the_earlier_figures_in_the_history(office):
    office.clock.go("2016-04-04")
    office.evaluate("gu/1")
    office.fire("gu/1", "amend", "education-1", actuals={"schools": 11, "lessons": 100})

    evaluation = office.engine.evaluation("gu/1")
    assert evaluation.self_rating is not None
    assert evaluation.self_rating.lines[0].rate == Decimal("110.0")
    first, second = (e for e in office.engine.history("gu/1") if e.rating)
    assert first.rating["lines"][0]["rate"] == "100.0"
    assert second.rating["lines"][0]["rate"] == "110.0"


def test_both_ratings_stand_side_by_side_and_an_override_needs_a_reason(office):
    office.to_submitted()
    office.clock.go("2016-04-15")
    judged = {"metres": {"rate": "88.5", "reason": "중복 구간 제외"}, "complaints": "confirmed"}

    with pytest.raises(evalflow.InvalidInput, match="reason"):
        office.review("gu/3", {"metres": {"rate": "88.5"}, "complaints": "confirmed"})
    office.review("gu/3", judged)

    evaluation = office.engine.evaluation("gu/3")
    assert evaluation.self_rating is not None
    assert evaluation.review_rating is not None
    own, review = evaluation.self_rating.lines[0], evaluation.review_rating.lines[0]
    assert (own.rate, own.computed) == (Decimal("100.0"), None)
    assert (review.rate, review.computed, review.reason) == (
        Decimal("88.5"),
        Decimal("100.0"),
        "중복 구간 제외",
    )


def test_a_review_judges_every_rate(office):
    office.to_submitted()
    assert office.codes("gu/3", "review", "policy-1", ratings={"metres": "confirmed"}) == [
        "rate_not_judged"
    ]


def test_whoever_evaluated_cannot_review_whatever_roles_they_hold(office):
    office.clock.go("2016-04-04")
    office.fire("gu/1", "self_evaluate", "both-1", actuals={"schools": 10, "lessons": 100})
    office.evaluate("gu/2")
    office.submit("gu/1")

    assert office.codes("gu/1", "review", "both-1", ratings="confirmed") == ["duty_separated"]
    assert office.codes("gu/1", "review", "policy-2", ratings="confirmed") == []


def test_the_verdict_follows_the_rating(office):
    office.to_submitted()
    office.clock.go("2016-04-15")
    office.review("gu/1")

    assert office.codes("gu/1", "flag_lagging", "policy-1") == ["not_lagging"]
    assert office.codes("gu/1", "approve", "policy-1") == []


def test_one_seriously_lagging_indicator_makes_a_project_lagging(office):
    office.clock.go("2016-04-04")
    office.evaluate(
        "gu/3",
        actuals={"metres": 600, "complaints": 75},
        explanations={"complaints": {"cause": "공사", "countermeasure": "안내"}},
    )
    office.submit("gu/3")
    office.review("gu/3")
    rating = office.engine.evaluation("gu/3").rating
    assert rating is not None
    assert rating.rate == Decimal("100.0")

    assert office.codes("gu/3", "approve", "policy-1") == ["not_on_track"]
    office.fire("gu/3", "flag_lagging", "policy-1")
    assert office.state("gu/3") == "lagging"


def test_a_lagging_project_tells_its_department_and_the_units_that_must_cooperate(office):
    office.clock.go("2016-04-04")
    office.evaluate(
        "gu/2",
        actuals={"centres": 4},
        explanations={"centres": {"cause": "지연", "countermeasure": "독려"}},
    )
    office.evaluate("gu/1")
    office.submit("gu/2")
    office.review("gu/2")
    office.fire("gu/2", "flag_lagging", "policy-1")

    told = {
        o.notice.recipient for o in office.engine.outbox.notices() if o.notice.name == "lagging"
    }
    assert told == {"elderly-1", "elderly-head", "road-1", "road-head"}


def test_a_spot_check_moves_both_ways_and_keeps_the_departments_own_rating(office):
    office.to_lagging()
    office.clock.go("2016-05-10")
    office.fire(
        "gu/3", "spot_check", "policy-1", checked_actuals={"metres": 310}, reason="현장 점검"
    )
    assert office.state("gu/3") == "lagging"
    office.fire(
        "gu/3", "spot_check", "policy-1", checked_actuals={"metres": 400}, reason="정상화 확인"
    )
    assert office.state("gu/3") == "approved"
    evaluation = office.engine.evaluation("gu/3")
    assert evaluation.self_rating is not None
    assert evaluation.self_rating.lines[0].rate == Decimal("75.0")
    assert evaluation.review_rating is not None
    assert evaluation.review_rating.lines[0].rate == Decimal("100.0")


def test_the_result_of_every_spot_check_is_told_to_who_must_know(office):
    office.to_lagging()
    office.clock.go("2016-05-10")
    for metres in (310, 400, 305):
        office.fire(
            "gu/3", "spot_check", "policy-1", checked_actuals={"metres": metres}, reason="점검"
        )

    to_road = [
        o.notice.number
        for o in office.engine.outbox.notices()
        if o.notice.name == "spot_checked" and o.notice.recipient == "road-1"
    ]
    assert to_road == [8, 9, 10]


@pytest.mark.parametrize("until", ["planned", "self_evaluated"])
def test_a_spot_check_of_the_last_quarter_leaves_the_running_one_alone(office, until):
    office.to_lagging(metres="300")
    office.fire("gu/3", "open_period", "clock")
    if until == "self_evaluated":
        office.clock.go("2016-07-03")
        office.fire("gu/3", "self_evaluate", "road-1", actuals={"metres": 500, "complaints": 9})
    engine = office.engine
    project, running = engine.project("gu/3"), engine.evaluation("gu/3")
    due = list(engine.due())

    entry = office.fire(
        "gu/3", "spot_check", "policy-1", checked_actuals={"metres": 200}, reason="현장 점검"
    )

    assert (entry.period, entry.evaluated) == ("2016-Q2", "2016-Q1")
    now = engine.project("gu/3")
    assert (now.states, now.period, now.band) == (project.states, project.period, project.band)
    assert engine.evaluation("gu/3") == running
    assert list(engine.due()) == due
    first = engine.evaluation("gu/3", period="2016-Q1")
    assert first.review_rating is not None
    assert first.review_rating.lines[0].rate == Decimal("50.0")
    assert first.self_rating is not None  # and what the department said stands beside it
    office.fire("gu/3", "refer_to_audit", "policy-1", reason="현저히 부진")
    (then,) = engine.projects(at=office.clock(), numbers=("3",), plan="gu")
    assert then.band == project.band
    assert list(engine.audit.verify()) == []
    assert list(engine.audit.verify(deep=True)) == []


def test_before_anything_is_fixed_there_is_nothing_to_check(office):
    office.clock.go("2016-03-01")
    data = {"checked_actuals": {"metres": 1}, "reason": "현장 점검"}
    assert office.codes("gu/3", "spot_check", "policy-1", **data) == ["nothing_fixed"]
    assert office.codes("gu/3", "refer_to_audit", "policy-1", reason="의심") == ["nothing_fixed"]


def test_audit_referral_needs_serious_lag_and_tells_the_audit_office(office):
    office.to_lagging(metres="300")
    assert office.codes("gu/3", "refer_to_audit", "policy-1", reason="현저히 부진") == [
        "not_seriously_lagging"
    ]
    office.fire("gu/3", "spot_check", "policy-1", checked_actuals={"metres": 200}, reason="점검")
    office.fire("gu/3", "refer_to_audit", "policy-1", reason="현저히 부진")

    assert office.state("gu/3") == "lagging"
    assert "audit-1" in {o.notice.recipient for o in office.engine.outbox.notices()}


# --------------------------------------------------------------------------- changes


CHANGE = {
    "kind": "target",
    "change": {"indicators": {"metres": {"targets": {"2016-Q2": 300}}}},
    "reason": "예산 감액",
    "detail": "2분기 정비 연장 400 → 300m",
    "reported_on": "2016-04-25",
}

PLANNED = {name: value for name, value in CHANGE.items() if name != "reported_on"}


def through_first_quarter(office):
    office.to_submitted()
    office.clock.go("2016-04-15")
    for project in ("gu/1", "gu/2", "gu/3"):
        office.review(project)
        office.fire(project, "approve", "policy-1")
        office.fire(project, "open_period", "clock")


def approve_change(office, **change):
    office.clock.go("2016-04-25")
    office.fire("gu/3", "request_change", "road-head", **{**CHANGE, **change})
    office.fire("gu/3", "consult", "policy-1", opinion="이견 없음")
    office.clock.go("2016-04-28")
    return office.fire("gu/3", "approve_change", "mayor-1", document="방침-1")


def test_a_change_goes_through_the_mayor_and_makes_a_plan_revision(office):
    through_first_quarter(office)
    office.clock.go("2016-04-25")
    office.fire("gu/3", "request_change", "road-head", **CHANGE)
    assert office.states("gu/3")[:2] == ("planned", "change_requested")
    assert office.codes("gu/3", "approve_change", "mayor-1") == ["not_consulted"]

    office.fire("gu/3", "consult", "policy-1", opinion="이견 없음")
    entry = office.fire("gu/3", "approve_change", "mayor-1", document="방침-1")

    assert entry.revision == 2
    assert office.engine.plans.head("gu").revision == 2
    old = office.engine.plans.definition("gu/3", period="2016-Q1")
    new = office.engine.plans.definition("gu/3", period="2016-Q2")
    assert old.indicator("metres").targets["2016-Q2"] == Decimal(400)
    assert new.indicator("metres").targets["2016-Q2"] == Decimal(300)


def test_the_change_keeps_before_and_after_and_dissent(office):
    office.clock.go("2016-04-25")
    money = {"kind": "other", "change": {"budget": {"sources": {"구비": 10000000}}}}
    office.fire("gu/3", "request_change", "road-head", **{**CHANGE, **money})
    office.fire("gu/3", "consult", "policy-1", opinion="이견 없음")
    assert office.codes("gu/3", "approve_change", "mayor-1") == ["not_consulted"]
    office.fire("gu/3", "consult", "budget-1", opinion="감액 과다", dissent=True)

    change = office.engine.project("gu/3").change
    assert change is not None
    assert change.before == {"budget": {"sources": {"구비": "20000000"}}}
    assert [o["dissent"] for o in change.opinions] == [False, True]
    assert office.codes("gu/3", "approve_change", "mayor-1") == ["dissent_open"]
    office.fire("gu/3", "settle_dissent", "vice-1", opinion="추경에서 다시 검토")
    assert office.codes("gu/3", "approve_change", "mayor-1") == []


def test_a_change_in_flight_does_not_stop_the_fifth(office):
    office.clock.go("2016-03-25")
    reported = {**CHANGE, "reported_on": "2016-03-25"}
    office.fire("gu/3", "request_change", "road-head", **reported)
    office.clock.go("2016-04-04")
    office.evaluate("gu/3")

    assert office.states("gu/3")[:2] == ("self_evaluated", "change_requested")


def test_an_approved_change_is_declared_at_the_next_evaluation(office):
    through_first_quarter(office)
    approve_change(office)
    number = office.engine.project("gu/3").change.number
    office.fire("gu/3", "file_change", "road-1", document="도로과-1")
    office.clock.go("2016-07-04")
    figures = {"metres": 300, "complaints": 50}

    assert office.codes("gu/3", "self_evaluate", "road-1", actuals=figures) == ["change_undeclared"]
    entry = office.evaluate("gu/3", actuals=figures, declared={str(number): "400 → 300m"})
    assert entry.after[:2] == ("self_evaluated", "unchanged")
    assert office.engine.project("gu/3").change is None
    rating = office.engine.evaluation("gu/3").self_rating
    assert rating is not None
    assert rating.lines[0].target == Decimal(700)  # 400 in the first quarter, 300 in the second
    assert rating.revision == 2


def test_a_second_change_waits_for_nothing_but_the_letter_of_the_first(office):
    through_first_quarter(office)
    approve_change(office)
    engine = office.engine
    first = engine.project("gu/3").change
    more = {
        "kind": "period",
        "change": {"end": "2017-03-31"},
        "reason": "이월",
        "detail": "사업기간 연장",
        "reported_on": "2016-04-28",
    }
    assert office.codes("gu/3", "request_change", "road-head", **more) == ["change_not_filed"]
    office.fire("gu/3", "file_change", "road-1", document="도로과-1")
    office.fire("gu/3", "request_change", "road-head", **more)
    project = engine.project("gu/3")
    assert [each.number for each in project.waiting] == [first.number]
    assert (project.change.kind, project.approved) == ("period", project.waiting)

    office.fire("gu/3", "reject_change", "mayor-1", reason="연내 완료")
    project = engine.project("gu/3")
    assert (project.states[1], project.change) == ("change_approved", None)
    office.fire("gu/3", "request_change", "road-head", **more)
    office.fire("gu/3", "consult", "policy-1", opinion="이견 없음")
    office.clock.go("2016-05-02")
    office.fire("gu/3", "approve_change", "mayor-1")
    assert engine.plans.head("gu").revision == 3
    office.clock.go("2016-07-04")
    figures = {"metres": 300, "complaints": 50}
    codes = office.codes("gu/3", "self_evaluate", "road-1", actuals=figures)
    assert codes == ["change_undeclared", "change_undeclared"]
    both = {str(each.number): "기재" for each in engine.project("gu/3").approved}
    office.evaluate("gu/3", actuals=figures, declared=both)
    assert [each.number for each in engine.project("gu/3").approved] == [int(max(both, key=int))]
    office.fire("gu/3", "file_change", "road-1", document="도로과-2")
    assert (office.states("gu/3")[1], engine.project("gu/3").approved) == ("unchanged", ())
    assert list(engine.audit.verify()) == []


def test_a_change_is_reported_before_it_is_planned(office):
    office.clock.go("2016-04-25")
    report = {name: value for name, value in CHANGE.items() if name != "change"}
    office.fire("gu/3", "request_change", "road-head", **report)
    assert office.states("gu/3")[1] == "change_reported"
    told = {n.notice.recipient for n in office.engine.outbox.notices()}
    assert {"mayor-1", "policy-1"} <= told
    office.fire("gu/3", "plan_change", "road-1", **PLANNED)
    change = office.engine.project("gu/3").change
    assert (change.number, change.reported_on) == (2, "2016-04-25")
    assert change.after == {"indicators": {"metres": {"targets": {"2016-Q2": "300"}}}}
    office.fire("gu/3", "consult", "policy-1", opinion="이견 없음")
    office.fire("gu/3", "plan_change", "road-1", **PLANNED)
    assert office.codes("gu/3", "approve_change", "mayor-1") == ["not_consulted"]
    office.fire("gu/3", "withdraw_change", "road-1", reason="예산 유지")
    assert (office.states("gu/3")[1], office.engine.project("gu/3").change) == ("unchanged", None)
    assert list(office.engine.audit.verify()) == []


def test_a_change_declared_before_it_is_filed_is_closed_by_the_letter(office):
    office.clock.go("2016-03-30")
    reported = {**CHANGE, "reported_on": "2016-03-30"}
    office.fire("gu/3", "request_change", "road-head", **reported)
    office.fire("gu/3", "consult", "policy-1", opinion="이견 없음")
    office.fire("gu/3", "approve_change", "mayor-1")
    number = str(office.engine.project("gu/3").change.number)
    office.clock.go("2016-04-04")
    office.evaluate("gu/3", declared={number: "2분기 목표"})

    assert office.states("gu/3")[:2] == ("self_evaluated", "change_approved")
    assert "file_change" in {due.event for due in office.engine.due(plan="gu")}
    office.fire("gu/3", "file_change", "road-1", document="도로과-1")
    assert office.states("gu/3")[:2] == ("self_evaluated", "unchanged")
    assert office.engine.project("gu/3").change is None
    assert list(office.engine.audit.verify()) == []


def test_a_change_that_makes_no_sense_is_refused_when_it_is_asked_for(office):
    office.clock.go("2016-04-25")
    wrong = {"change": {"indicators": {"metres": {"targets": {"2016-Q2": "many"}}}}}
    assert office.codes("gu/3", "request_change", "road-head", **{**CHANGE, **wrong}) == [
        "bad_change"
    ]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"change": {"indicators": {"metres": {"targets": {"2016-Q2": 400}}}}}, "nothing_changes"),
        ({"reported_on": "2016-04-26"}, "in_the_future"),
        (
            {"change": {"indicators": {"metres": {"targets": {"2016-Q3": {"not_due": "."}}}}}},
            "not_due_unexplained",
        ),
        ({"change": {"indicators": {"metres": {"targets": {"2016-Q1": 1}}}}}, "past_target"),
    ],
)
def test_a_change_changes_something_was_reported_and_leaves_the_past(office, wrong, code):
    office.clock.go("2016-04-25")
    assert office.codes("gu/3", "request_change", "road-head", **{**CHANGE, **wrong}) == [code]


@pytest.mark.parametrize(
    ("kind", "change", "right"),
    [
        ("period", {"indicators": {"metres": {"targets": {"2016-Q2": 300}}}}, "target"),
        ("other", {"indicators": {"metres": {"targets": {"2016-Q2": 300}}}}, "target"),
        ("target", {"end": "2017-03-31"}, "period"),
        ("target", {"budget": {"sources": {"구비": 1000}}}, "other"),
        ("target", {"indicators": {"metres": {"weight": 3}}}, "indicator"),
        ("period", {"indicators": {"complaints": None}}, "indicator"),
    ],
)
def test_the_kind_of_a_change_is_what_changes(kind, change, right, office):
    """R41; what comes along (a smaller budget) needs no kind of its own."""
    office.clock.go("2016-04-25")
    data = {**CHANGE, "change": change}
    codes = office.codes("gu/3", "request_change", "road-head", **{**data, "kind": kind})
    assert codes == ["other_kind_of_change"]
    assert office.codes("gu/3", "request_change", "road-head", **{**data, "kind": right}) == []
    more = {"change": {**change, "budget": {"sources": {"구비": 2000}}}, "kind": right}
    assert office.codes("gu/3", "request_change", "road-head", **{**data, **more}) == []


def test_what_is_only_written_otherwise_is_no_change(office):
    office.clock.go("2016-04-25")
    for change in (
        {"ko": "보도 정비 사업"},
        {"indicators": {"metres": {"targets": {"2016-Q2": "400.0"}}}},
    ):
        codes = office.codes("gu/3", "request_change", "road-head", **{**CHANGE, "change": change})
        assert codes == ["nothing_changes"]


def _indicator(**targets: int) -> dict[str, object]:
    asked = {f"2016-Q{n}": targets.get(f"Q{n}", {"not_due": "새 지표"}) for n in range(1, 5)}
    return {
        "ko": "정비 연장(새)",
        "en": "Metres anew",
        "unit": "m",
        "direction": "up",
        "accumulation": "sum",
        "targets": asked,
    }


@pytest.mark.parametrize("accumulation", ["sum", "last", "average"])
@pytest.mark.parametrize(
    ("indicators", "codes"),
    [
        # July: lowered targets of quarters past would count in the third, 195.0 % instead of 75.0.
        ({"metres": {"targets": {"2016-Q1": 1, "2016-Q2": 1}}}, ["past_target", "past_target"]),
        ({"metres": {"targets": {"2016-Q1": None}}}, ["bad_change"]),  # every period has one
        ({"metres": {"targets": {"2016-Q1": {"not_due": "착공 전"}}}}, ["past_target"]),
        ({"metres": {"accumulation": "MOVED"}}, ["past_target"]),
        ({"metres": None, "metres2": _indicator(Q1=1, Q2=1, Q3=300, Q4=300)}, ["past_target"] * 2),
        ({"metres": None, "metres2": _indicator(Q3=300, Q4=300)}, []),
        ({"metres": {"targets": {"2016-Q3": 200}}}, []),
    ],
)
def test_past_quarters_stay_whatever_the_indicator_adds_up_by(
    accumulation, indicators, codes, tmp_path
):
    text = PLAN.replace(
        "unit: m\n        direction: up\n        accumulation: sum",
        f"unit: m\n        direction: up\n        accumulation: {accumulation}",
    )
    path = tmp_path / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    clock = Clock()
    plan = evalflow.load_plan(path, plugins=[])
    with evalflow.open("memory:", plugins=[], clock=clock) as engine:
        engine.adopt(plan, by="policy-1")
        clock.go("2016-07-11")
        other = "last" if accumulation != "last" else "sum"
        told = json.loads(json.dumps(indicators).replace("MOVED", other))
        moved = any("targets" not in (each or {}) for each in told.values()) or "metres2" in told
        data = {
            **CHANGE,
            "kind": "indicator" if moved else "target",
            "change": {"indicators": told},
            "reported_on": "2016-07-11",
        }
        explained = engine.explain("gu/3", "request_change", by="road-head", data=data)
    assert [reason.code for reason in explained.reasons] == codes


def test_a_change_of_a_quarter_that_ended_meanwhile_is_not_approved(office):
    """Requested in June for the second quarter, it would count in the third (D5)."""
    through_first_quarter(office)
    office.clock.go("2016-06-28")
    office.fire("gu/3", "request_change", "road-head", **CHANGE)
    office.fire("gu/3", "consult", "policy-1", opinion="이견 없음")
    assert office.codes("gu/3", "approve_change", "mayor-1") == []
    office.clock.go("2016-07-01")
    with pytest.raises(evalflow.Refused, match=r"metres 2016-Q2 \(400 → 300\)"):
        office.fire("gu/3", "approve_change", "mayor-1", document="방침-1")
    assert office.engine.plans.head("gu").revision == 1


@pytest.mark.parametrize(
    ("event", "by"), [("reject_change", "mayor-1"), ("withdraw_change", "road-1")]
)
def test_a_change_can_be_rejected_or_withdrawn_with_a_reason(office, event, by):
    office.clock.go("2016-04-25")
    office.fire("gu/3", "request_change", "road-head", **CHANGE)

    assert office.codes("gu/3", event, by) == ["data_missing"]
    office.fire("gu/3", event, by, reason="시기 부적절")
    assert office.states("gu/3")[:2] == ("planned", "unchanged")
    assert office.engine.project("gu/3").change is None
    assert office.engine.plans.head("gu").revision == 1


def test_an_approved_change_is_filed_within_ten_days(office):
    through_first_quarter(office)
    approve_change(office)
    owed = [d for d in office.engine.due(plan="gu") if d.event == "file_change"]
    assert [(d.due, d.projects) for d in owed] == [(dt.date(2016, 5, 9), ("gu/3",))]

    office.clock.go("2016-05-10")
    entry = office.fire("gu/3", "file_change", "road-1", document="도로과-1")
    assert entry.late == 1
    assert not [d for d in office.engine.due(plan="gu") if d.event == "file_change"]


# --------------------------------------------------------------------------- due dates


def test_who_owes_what_by_when(office):
    office.clock.go("2016-04-04")
    office.evaluate("gu/1")
    at = dt.datetime(2016, 4, 7, 1, tzinfo=dt.UTC)
    due = office.engine.due(at)

    assert [(d.event, d.unit, d.days_late, d.waiting_for) for d in due] == [
        ("self_evaluate", "elderly", 2, ()),
        ("self_evaluate", "road", 2, ()),
        ("submit", "welfare", 2, ("gu/1", "gu/2")),
        ("submit", "city", 2, ("gu/3",)),
    ]
    assert due[0].actors == ("elderly-1",)


def test_lateness_is_recorded_and_never_blocks(office):
    office.clock.go("2016-04-07")
    assert office.evaluate("gu/3").late == 2
    assert office.submit("gu/3").late == 2


def test_what_was_sent_back_has_days_of_its_own(office):
    """보완요구: not late because the 5th is over, but late when its own days are."""
    office.to_submitted("2016-04-04")
    office.clock.go("2016-04-08")
    office.fire("gu/3", "send_back", "policy-1", reason="민원 증빙 보완")
    owed = {due.event: due.due for due in office.engine.due(numbers=["3"], waiting=True)}
    assert owed == {
        "self_evaluate": dt.date(2016, 4, 14),  # five days on is the day of an election
        "submit": dt.date(2016, 4, 15),
        "review": dt.date(2016, 4, 20),
    }
    office.clock.go("2016-04-12")
    assert office.evaluate("gu/3").late == 0
    office.clock.go("2016-04-18")
    assert office.submit("gu/3").late == 3
    assert not list(office.engine.audit.verify(deep=True))


def test_a_day_of_its_own_belongs_to_its_period(office):
    """What was sent back in the first quarter leaves the second alone."""
    office.to_submitted("2016-04-04")
    office.fire("gu/3", "send_back", "policy-1", reason="민원 증빙 보완")
    office.evaluate("gu/3")
    office.submit("gu/3")
    office.clock.go("2016-04-15")
    office.review("gu/3")
    office.fire("gu/3", "approve", "policy-1")
    assert [due.event for due in office.engine.due(numbers=["3"])] == []
    (coming,) = office.engine.due(numbers=["3"], coming=True)
    assert (coming.event, coming.period, coming.coming) == ("self_evaluate", "2016-Q2", True)
    assert (coming.due, coming.actors) == (dt.date(2016, 7, 5), ("road-1",))
    office.fire("gu/3", "open_period", "clock")
    owed = office.engine.due(numbers=["3"], coming=True)
    assert {(due.event, due.due, due.coming) for due in owed} == {
        ("self_evaluate", dt.date(2016, 7, 5), False),
        ("submit", dt.date(2016, 7, 5), False),
    }


def test_what_goes_on_over_the_periods_is_not_owed_again_in_the_next_one(office):
    office.to_lagging()
    owed = office.engine.due(numbers=["3"], coming=True)
    assert [(due.event, due.period, due.coming) for due in owed] == [
        ("plan_recovery", "2016-Q1", False),
        ("self_evaluate", "2016-Q2", True),
    ]


def test_an_extension_needs_a_reason_and_moves_the_due_date(office):
    office.clock.go("2016-04-04")
    assert office.codes(
        "gu/3", "extend_deadline", "policy-1", deadline="self_evaluate", until="2016-04-08"
    ) == ["data_missing"]
    office.fire(
        "gu/3",
        "extend_deadline",
        "policy-1",
        deadline="self_evaluate",
        until="2016-04-08",
        reason="전산 장애",
    )
    office.clock.go("2016-04-08")
    assert office.evaluate("gu/3").late == 0


@pytest.mark.parametrize(
    ("today", "deadline", "until", "code"),
    [
        ("2016-04-04", "self_evaluate", "2016-04-04", "not_later"),
        ("2016-04-04", "self_evaluate", "2016-04-05", "not_later"),  # the day in force
        ("2016-04-11", "self_evaluate", "2016-04-08", "in_the_past"),
        ("2016-04-04", "file_change", "2016-05-02", "nothing_to_extend"),  # nothing was approved
        ("2016-04-04", "self_evaluate", "2016-04-21", "extended_too_far"),  # 16 days
    ],
)
def test_an_extension_is_later_than_the_day_in_force_and_not_past(
    today, deadline, until, code, office
):
    office.clock.go(today)
    data = {"deadline": deadline, "until": until, "reason": "전산 장애"}
    assert office.codes("gu/3", "extend_deadline", "policy-1", **data) == [code]


def test_an_extension_keeps_to_what_the_lifecycle_allows(office):
    office.clock.go("2016-04-04")
    data = {"deadline": "self_evaluate", "reason": "전산 장애"}
    for until in ("2016-04-08", "2016-04-11"):
        office.fire("gu/3", "extend_deadline", "policy-1", until=until, **data)
    again = {**data, "until": "2016-04-12"}
    assert office.codes("gu/3", "extend_deadline", "policy-1", **again) == ["extended_often_enough"]
    other = {**data, "deadline": "review", "until": "2016-05-05"}
    assert office.codes("gu/3", "extend_deadline", "policy-1", **other) == []  # each by itself
    assert office.engine.evaluation("gu/3").extended == {"self_evaluate": 2}
    assert list(office.engine.audit.verify()) == []


def test_a_plan_sets_its_own_bounds_of_extensions(office, plan_file):
    text = PLAN.replace("last: 2016-Q4}", "last: 2016-Q4, extension: {times: 1, at_most: 3}}")
    plan_file.write_text(text.replace("id: gu\n", "id: gu2\n"), encoding="utf-8")
    plan = evalflow.load_plan(plan_file, plugins=[])
    engine = office.engine
    engine.adopt(plan, by=plan.actor("policy-1"))
    office.clock.go("2016-04-04")
    by = engine.actor("gu2", "policy-1")
    data = {"deadline": "self_evaluate", "reason": "전산 장애"}

    def codes(until: str) -> list[str]:
        told = engine.explain("gu2/3", "extend_deadline", by=by, data={**data, "until": until})
        return [reason.code for reason in told.reasons]

    assert codes("2016-04-09") == ["extended_too_far"]
    engine.fire("gu2/3", "extend_deadline", by=by, data={**data, "until": "2016-04-07"})
    assert codes("2016-04-08") == ["extended_often_enough"]
    assert list(engine.audit.verify()) == []


def test_a_second_extension_is_later_than_the_first(office):
    office.clock.go("2016-04-04")
    data = {"deadline": "self_evaluate", "reason": "전산 장애"}
    office.fire("gu/3", "extend_deadline", "policy-1", until="2016-04-08", **data)
    with pytest.raises(evalflow.Refused, match="not later than the day in force, 2016-04-08"):
        office.fire("gu/3", "extend_deadline", "policy-1", until="2016-04-07", **data)
    office.clock.go("2016-04-11")
    office.fire("gu/3", "extend_deadline", "policy-1", until="2016-04-11", **data)
    assert office.evaluate("gu/3").late == 0


def test_due_dates_of_a_past_day_come_from_the_history(office):
    office.to_submitted("2016-04-06")
    then = dt.datetime(2016, 4, 5, 14, 59, tzinfo=dt.UTC)

    assert {d.event for d in office.engine.due(then)} == {"self_evaluate", "submit"}
    assert {d.event for d in office.engine.due()} == {"review"}


# --------------------------------------------------------------------------- promises


def test_a_repeated_key_is_recorded_once_and_returns_the_first_entry(office):
    office.clock.go("2016-04-04")
    by = office.actor("road-1")
    data = {"actuals": {"metres": 400, "complaints": 50}}
    first = office.engine.fire("gu/3", "self_evaluate", by=by, data=data, key="k1")
    again = office.engine.fire("gu/3", "self_evaluate", by=by, data=data, key="k1")

    assert again == first
    assert office.engine.project("gu/3").version == 2
    with pytest.raises(evalflow.InvalidInput, match="k1"):
        office.engine.fire("gu/3", "submit", by=office.actor("city-lead"), key="k1")


def test_explain_says_exactly_what_fire_would(office):
    office.clock.go("2016-04-04")
    for by in ("road-1", "education-1", "policy-1", "mayor-1"):
        for event in office.plan.lifecycle.events:
            told = office.codes("gu/3", event, by)
            try:
                office.fire("gu/3", event, by)
            except evalflow.Refused as refused:
                assert [r.code for r in refused.reasons] == told
            except evalflow.InvalidInput:
                pytest.fail("no data was given, so none can be wrong")
            else:
                pytest.fail(f"{event} by {by} needs data or is refused")


def test_permitted_is_what_explain_allows(office):
    office.clock.go("2016-04-04")
    assert [e.event for e in office.engine.permitted("gu/3", by=office.actor("road-1"))] == [
        "self_evaluate"
    ]
    assert [e.event for e in office.engine.permitted("gu/3", by=office.actor("road-head"))] == [
        "request_change"
    ]


@pytest.mark.slow
def test_whatever_stands_it_is_what_explain_allows(office):
    """For everybody, on every project, at each step of a quarter: nothing is decided otherwise
    because less is looked at for those who may not act."""
    seen: set[str] = set()

    def check() -> None:
        for project in office.engine.projects():
            events = office.engine.rules.lifecycle(project.lifecycle).events
            for who in office.engine.plans.head("gu").directory:
                told = [office.engine.explain(project.id, event, by=who) for event in events]
                allowed = tuple(each for each in told if each.allowed)
                assert office.engine.permitted(project.id, by=who) == allowed
                seen.update(each.event for each in allowed)

    office.clock.go("2016-04-04")
    check()
    for project in GOOD:
        office.evaluate(project)
    check()
    office.compile("gu/3")
    check()
    office.sign("gu/3")
    check()
    office.fire("gu/3", "submit", "city-lead", document="도로과-1")
    office.clock.go("2016-07-02")  # a deputy acts for the bureau's head
    check()
    office.review("gu/3")
    check()
    assert {"self_evaluate", "compile", "sign", "submit", "review", "send_back", "approve"} < seen


def test_for_who_may_not_act_no_other_project_is_read(office, monkeypatch):
    office.clock.go("2016-04-04")
    for project in GOOD:
        office.evaluate(project)
    asked: list[object] = []
    storage = type(office.engine.storage)
    snapshots = storage.snapshots

    def noted(self, selection):
        asked.append(selection)
        return snapshots(self, selection)

    monkeypatch.setattr(storage, "snapshots", noted)
    assert [each.event for each in office.engine.permitted("gu/3", by="city-lead")] == ["compile"]
    assert asked
    asked.clear()
    for who in ("education-1", "mayor-1", "welfare-lead", "city-head"):
        office.engine.permitted("gu/3", by=who)
    assert asked == []


def test_a_department_acts_on_its_own_projects_only(office):
    office.clock.go("2016-04-04")
    assert office.codes("gu/1", "self_evaluate", "road-1", actuals={})[0] == "wrong_unit"
    assert office.codes("gu/1", "self_evaluate", "mayor-1", actuals={})[0] == "no_role"


def test_as_of_shows_the_states_of_a_past_day(office):
    office.to_submitted("2016-04-04")
    then = dt.datetime(2016, 4, 1, tzinfo=dt.UTC)

    assert {p.states[0] for p in office.engine.projects(at=then)} == {"planned"}
    assert {p.states[0] for p in office.engine.projects()} == {"submitted"}
    assert [p.id for p in office.engine.projects(at=then, state="submitted")] == []


def test_projects_are_selected_by_data(office):
    office.clock.go("2016-04-04")
    office.evaluate("gu/3")
    ids = lambda **where: [p.id for p in office.engine.projects(**where)]  # noqa: E731

    assert ids(unit="welfare") == ["gu/1", "gu/2"]
    assert ids(field="environment") == ["gu/3"]
    assert ids(state="self_evaluated") == ["gu/3"]
    assert ids(numbers=["2", "3"]) == ["gu/2", "gu/3"]
    assert ids(limit=1) == ["gu/1"]
    assert ids(unit="welfare", state="self_evaluated") == []
    with pytest.raises(evalflow.NotFound, match="welfare"):
        ids(unit="welfar")


def test_a_rate_can_be_worked_out_again_for_a_past_period(office):
    through_first_quarter(office)
    approve_change(office)
    again = office.engine.ratings.again("gu/3", "2016-Q1")

    assert again == office.engine.evaluation("gu/3", "2016-Q1").rating


def test_wrong_data_is_reported_whole_and_nothing_is_written(office):
    office.clock.go("2016-04-04")
    with pytest.raises(evalflow.InvalidInput) as wrong:
        office.fire(
            "gu/3",
            "self_evaluate",
            "road-1",
            actuals={"metres": 84.5, "complaint": 3},
            spent=-1,
            remark="?",
        )
    assert [p.path for p in wrong.value.problems] == [
        "actuals.metres",
        "actuals.complaint",
        "spent",
        "remark",
    ]
    assert office.engine.project("gu/3").version == 1


def test_unknown_names_get_the_nearest(office):
    with pytest.raises(evalflow.NotFound, match="did you mean 'submit'"):
        office.fire("gu/3", "submitt", "road-1")
    with pytest.raises(evalflow.NotFound, match="did you mean 'gu/3'"):
        office.fire("gu/33", "submit", "road-1")
    with pytest.raises(evalflow.NotFound, match="did you mean 'road-1'"):
        office.actor("road1")


def spot_checked_to_and_fro(office):
    """310, 309, 310 metres: the third check says what the first one said."""
    office.to_lagging()
    for metres in (310, 309, 310):
        office.fire(
            "gu/3", "spot_check", "policy-1", checked_actuals={"metres": metres}, reason="점검"
        )
    return [n.notice for n in office.engine.outbox.notices() if n.notice.name == "spot_checked"]


def test_what_is_done_again_within_a_visit_is_told_again(office):
    told = spot_checked_to_and_fro(office)
    assert set(Counter(each.recipient for each in told).values()) == {3}
    assert list(office.engine.audit.verify()) == []


def test_notices_that_an_earlier_release_named_otherwise_still_bear_out(office, monkeypatch):
    """By what was said, not by the entry; what was said twice it told once."""
    real = decide._notices

    def as_then(firing, draft, entry, stands):
        named = []
        for each in real(firing, draft, entry, stands):
            visit, _, rest = each.id.removeprefix(f"{each.project}:").partition(":")
            begun, within, _ = visit.partition("+")
            if within:
                visit = f"{begun}+{digest(canonical(entry.data))[:12]}"
            named.append(attrs.evolve(each, id=f"{each.project}:{visit}:{rest}"))
        return tuple(named)

    monkeypatch.setattr(decide, "_notices", as_then)
    told = spot_checked_to_and_fro(office)
    monkeypatch.undo()
    assert set(Counter(each.recipient for each in told).values()) == {2}
    assert list(office.engine.audit.verify()) == []


def test_what_is_due_on_one_day_stands_in_the_order_of_the_plan() -> None:
    plan = evalflow.load_plan(
        Path(__file__).parents[2] / "examples/seodaemun-2016/plan.yaml", plugins=[]
    )
    moment = dt.datetime(2016, 4, 4, 1, tzinfo=dt.UTC)
    with evalflow.open("memory:", plugins=[], clock=lambda: moment) as engine:
        engine.adopt(plan, by="policy-1")
        order = [project.id for project in engine.projects()]
        owed = [due.projects[0] for due in engine.due() if due.event == "self_evaluate"]
    assert owed
    assert owed == [project for project in order if project in owed]
    assert owed != sorted(owed)  # which an order by ids as text would be
