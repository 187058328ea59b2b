"""A reason is written in words (D8), and what is said not to be due says why (G8)."""

from __future__ import annotations

from typing import Any

import pytest

import evalflow
from evalflow.files.words import has_words
from offices import CARD, PLAN


@pytest.mark.parametrize("text", ["비", "태풍 피해", "x", "2016년", "re: 1"])
def test_words_are_words(text):
    assert has_words(text)


@pytest.mark.parametrize(
    "text",
    ["", ".", "-", "…", "1", "12/40", "ㅇㅇ", "ㅋ", "!?", " . ", "\u115f", "\uffa0", "\u110b\u110b",
     "\u3164", "\u200b", "\uffb7\uffb7"],
)  # fmt: skip
def test_signs_figures_and_lone_jamo_are_none(text):
    assert not has_words(text)


@pytest.mark.parametrize("reason", [".", "1", "ㅇㅇ"])
def test_an_event_s_reason_is_written_in_words(reason, office):
    office.to_submitted()
    with pytest.raises(evalflow.InvalidInput) as refused:
        office.fire("gu/3", "send_back", "policy-1", reason=reason)
    assert "write it in words" in refused.value.text("en")
    assert "말로 적으십시오" in refused.value.text("ko")
    assert office.state("gu/3") == "submitted"


def test_an_overridden_rate_and_a_cause_have_words(office):
    office.clock.go("2016-04-04")
    said = {"metres": {"cause": ".", "countermeasure": "-"}}
    codes = office.codes(
        "gu/3", "self_evaluate", "road-1",
        actuals={"metres": 300, "complaints": 50}, explanations=said,
    )  # fmt: skip
    assert codes.count("bad_data") == 2
    office.to_lagging()
    office.fire("gu/3", "reopen", "policy-1", reason="재평가")
    office.evaluate("gu/3")
    office.submit("gu/3")
    judged = {"metres": {"rate": 90, "reason": "."}, "complaints": "confirmed"}
    assert "bad_data" in office.codes("gu/3", "review", "policy-2", ratings=judged)


@pytest.mark.parametrize(("said", "code"), [(".", "bad_data"), (" ", "data_missing")])
def test_a_revision_and_a_migration_say_why_in_words(said, code, office, tmp_path):
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN.replace("ko: 민원\n", "ko: 민원 건수\n"), encoding="utf-8")
    with pytest.raises(evalflow.Refused) as refused:
        office.engine.adopt(evalflow.load_plan(path), by="policy-1", reason=said)
    assert [each.code for each in refused.value.reasons] == [code]
    new = evalflow.load_lifecycle("seoul", plugins=[])
    batch = office.engine.plans.migrate("gu", new, by="policy-1", reason=said, mode="each")
    assert all(code in [each.code for each in line.reasons] for line in batch)


@pytest.mark.parametrize("not_due", ["not_due", {"not_due": ""}])
def test_a_department_says_why_a_target_that_is_set_is_not_due(not_due, office):
    office.clock.go("2016-04-04")
    actuals = {"metres": not_due, "complaints": 50}
    assert office.codes("gu/3", "self_evaluate", "road-1", actuals=actuals) == [
        "not_due_unexplained"
    ]
    actuals["metres"] = {"not_due": "."}
    assert "bad_data" in office.codes("gu/3", "self_evaluate", "road-1", actuals=actuals)
    actuals["metres"] = {"not_due": "보상 협의 중"}
    office.fire("gu/3", "self_evaluate", "road-1", actuals=actuals)
    assert office.engine.evaluation("gu/3").facts["actuals"]["metres"] == {
        "not_due": "보상 협의 중"
    }


@pytest.mark.parametrize("event", ["spot_check", "correct"])
def test_a_check_and_a_correction_say_why_as_well(event, office):
    office.to_lagging()
    data: dict[str, Any] = {"checked_actuals": {"metres": "not_due"}}
    if event == "correct":
        office.fire("gu/3", "open_period", "policy-1")
        data = {"period": "2016-Q1", "corrected": {"metres": "not_due"}}
    codes = office.codes("gu/3", event, "policy-2", reason="현장 확인", **data)
    assert "not_due_unexplained" in codes


def test_a_department_s_not_due_is_judged_like_a_rate(office):
    """G8: by itself it would leave the mean, and the project would be on track."""
    office.clock.go("2016-04-04")
    office.evaluate("gu/3", actuals={"metres": {"not_due": "보상 협의 중"}, "complaints": 50})
    office.submit("gu/3")
    office.clock.go("2016-04-15")
    judged = {"complaints": "confirmed"}
    assert office.codes("gu/3", "review", "policy-1", ratings=judged) == ["rate_not_judged"]
    refused = {"rate": 0, "reason": "협의 지연은 시기미도래가 아님"}
    office.review("gu/3", {**judged, "metres": refused})
    rating = office.engine.evaluation("gu/3").rating
    assert (str(rating.lines[0].rate), rating.verdict) == ("0.0", "seriously_lagging")
    assert office.codes("gu/3", "approve", "policy-1") == ["not_on_track"]


def test_a_target_that_the_plan_says_is_not_due_needs_no_second_reason(office):
    """Number 1's lessons are not due in the fourth quarter (방학)."""
    for period in ("2016-Q1", "2016-Q2", "2016-Q3"):
        day = {"1": "2016-04-04", "2": "2016-07-04", "3": "2016-10-04"}[period[-1]]
        office.clock.go(day)
        figure = int(period[-1]) * 10
        office.evaluate("gu/1", actuals={"schools": figure, "lessons": 100})
        for other in ("gu/2",):
            office.evaluate(other, actuals={"centres": 5})
        office.submit("gu/1")
        for project in ("gu/1", "gu/2"):
            office.review(project)
            office.fire(project, "approve", "policy-1")
            office.fire(project, "open_period", "policy-1")
    office.clock.go("2017-01-04")
    office.evaluate("gu/1", actuals={"schools": 40, "lessons": "not_due"})


def test_a_new_plan_says_why_a_target_is_not_due_and_a_stored_one_stays_readable(
    tmp_path, clock, office
):
    path = tmp_path / "other.yaml"
    other = PLAN.replace("id: gu\n", "id: gu-2\n")
    for said in ("not_due", "{not_due: }", "{not_due: '-'}"):
        path.write_text(other.replace("{not_due: 방학}", said), encoding="utf-8")
        plan = evalflow.load_plan(path)
        with pytest.raises(evalflow.InvalidInput) as wrong:
            office.engine.adopt(plan, by=plan.actor("policy-1"))
        (problem,) = wrong.value.problems
        assert (problem.code, problem.path) == (
            "no_reason", "projects.1.indicators.lessons.targets.2016-Q4",
        )  # fmt: skip
    assert office.engine.plans.ids() == ("gu",)
    # A revision of a plan that the store has is not asked for what it never said.
    path.write_text(PLAN.replace("{not_due: 방학}", "not_due"), encoding="utf-8")
    assert office.engine.plans.compare(evalflow.load_plan(path), by="policy-1")


def test_an_appointment_to_act_for_somebody_has_words(tmp_path, office):
    path = tmp_path / "other.yaml"
    other = PLAN.replace("id: gu\n", "id: gu-2\n").replace("reason: 국장 출장", "reason: '.'")
    path.write_text(other, encoding="utf-8")
    plan = evalflow.load_plan(path)
    with pytest.raises(evalflow.InvalidInput, match=r"appointments\[0\].reason"):
        office.engine.adopt(plan, by=plan.actor("policy-1"))


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        (
            "fields:\n",
            "exclusions:\n  - {ko: 공약, reason: '-', evaluated_in: 공약사업}\nfields:\n",
            "exclusions[0].reason",
        ),
        (
            "    unit: road\n",
            "    unit: road\n    also_in: {other: '.'}\n",
            "projects.3.also_in.other",
        ),
    ],
)
def test_an_exclusion_and_a_double_evaluation_have_words(old, new, path, office, tmp_path):
    text = PLAN.replace("id: gu\n", "id: gu2\n")
    assert text.count(old) >= 1
    file = tmp_path / "plan.yaml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    plan = evalflow.load_plan(file, plugins=[])
    with pytest.raises(evalflow.InvalidInput) as caught:
        office.engine.adopt(plan, by=plan.actor("policy-1"))
    assert [(each.code, each.path) for each in caught.value.problems] == [("no_reason", path)]


def test_a_card_and_a_declared_change_say_something(office):
    """R39: an empty card is none, and each that is empty is told."""
    office.clock.go("2016-04-04")
    data = {"actuals": {"centres": 5}, "cards": {"1": {**CARD, "text": "."}, "2": CARD}}
    (told,) = office.explain("gu/2", "self_evaluate", "elderly-1", **data).reasons
    assert told.code == "cards_missing"
    assert "1 of 2 management cards are missing or empty: 1 A (what was done)" in told.en
    with pytest.raises(evalflow.InvalidInput, match="says nothing"):
        office.evaluate("gu/3", declared={"2": "."})
