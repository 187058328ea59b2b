"""Correction after approval (G6), and the end of a year: nothing that was approved is edited."""

from __future__ import annotations

import pytest

import evalflow
from evalflow import cli
from evalflow.cli.corrected import corrected_among
from offices import GOOD


@pytest.fixture
def approved(office):
    """Project 3, approved for the first quarter."""
    office.clock.go("2016-04-04")
    office.evaluate("gu/3")
    office.submit("gu/3")
    office.clock.go("2016-04-15")
    office.review("gu/3")
    office.fire("gu/3", "approve", "policy-1")
    return office


def rates(office, project="gu/3"):
    return [
        entry.rating["rate"] for entry in office.engine.history(project) if entry.rating is not None
    ]


def test_what_was_approved_is_evaluated_anew_with_a_reason_and_the_earlier_figures_stay(approved):
    before = list(approved.engine.history("gu/3"))
    assert approved.codes("gu/3", "reopen", "policy-1") == ["data_missing"]
    assert "no_role" in approved.codes("gu/3", "reopen", "road-1", reason="x")
    approved.fire("gu/3", "reopen", "policy-1", reason="증빙 오류 발견", document="감사-7")
    approved.evaluate(
        "gu/3",
        actuals={"metres": "240", "complaints": 50},
        explanations={"metres": {"cause": "집계 오류", "countermeasure": "재집계"}},
    )
    approved.submit("gu/3")
    approved.review("gu/3")
    approved.fire("gu/3", "flag_lagging", "policy-1")

    assert approved.state("gu/3") == "lagging"
    assert list(approved.engine.history("gu/3"))[: len(before)] == before
    assert rates(approved) == ["100.0", "100.0", "80.0", "80.0"]
    assert str(approved.engine.evaluation("gu/3").rating.rate) == "80.0"
    assert list(approved.engine.audit.verify()) == []


def test_an_earlier_period_is_put_right_from_now_on_and_stays_as_it_was_approved(approved):
    engine = approved.engine
    approved.fire("gu/3", "open_period", "clock")
    first = engine.evaluation("gu/3", "2016-Q1")
    approved.fire(
        "gu/3",
        "correct",
        "policy-1",
        period="2016-Q1",
        corrected={"metres": "300"},
        reason="준공 검사 결과",
    )
    assert engine.evaluation("gu/3", "2016-Q1") == first
    assert engine.evaluation("gu/3").prior["2016-Q1"] == {"metres": "300", "complaints": "50"}

    approved.clock.go("2016-07-04")
    approved.evaluate("gu/3", actuals={"metres": 400, "complaints": 50}, explanations=_WHY)
    line = engine.evaluation("gu/3").self_rating.line("metres")
    assert (line.actual, line.target) == (700, 800)
    assert list(engine.audit.verify()) == []


_WHY = {"metres": {"cause": "준공 지연", "countermeasure": "추가 시공"}}


@pytest.mark.parametrize("period", ["2016-Q2", "2016-Q4"])
def test_only_what_was_counted_can_be_corrected(approved, period):
    approved.fire("gu/3", "open_period", "clock")
    given = {"period": period, "corrected": {"metres": 1}, "reason": "x"}
    assert approved.codes("gu/3", "correct", "policy-1", **given) == ["nothing_to_correct"]
    with pytest.raises(evalflow.InvalidInput):
        approved.fire("gu/3", "correct", "policy-1", **{**given, "period": "2015-Q1"})


def test_nobody_else_corrects(approved):
    approved.fire("gu/3", "open_period", "clock")
    given = {"period": "2016-Q1", "corrected": {"metres": 1}, "reason": "x"}
    for actor in ("road-1", "city-lead", "mayor-1", "clock"):
        assert approved.codes("gu/3", "correct", actor, **given) != []


def test_a_year_is_closed_in_its_last_period_and_can_be_reopened(approved):
    assert approved.codes("gu/3", "close", "clock") == ["not_last_period"]
    for day in ("2016-07-04", "2016-10-04", "2017-01-04"):
        approved.fire("gu/3", "open_period", "clock")
        approved.clock.go(day)
        approved.evaluate("gu/3", actuals={**GOOD["gu/3"], "complaints": 40})
        approved.submit("gu/3")
        approved.review("gu/3")
        approved.fire("gu/3", "approve", "policy-1")
    assert approved.codes("gu/3", "open_period", "clock") == ["no_next_period"]
    approved.fire("gu/3", "close", "policy-1")
    assert approved.state("gu/3") == "closed"
    assert [d.event for d in approved.engine.due(plan="gu") if "gu/3" in d.projects] == []
    approved.fire("gu/3", "reopen", "policy-1", reason="결산 결과 정정")
    assert approved.state("gu/3") == "planned"
    assert list(approved.engine.audit.verify()) == []


def test_the_command_shows_what_no_longer_counts(approved, store_url, capsys, monkeypatch):
    if store_url == "memory:":
        pytest.skip("the command needs a store in a file")
    monkeypatch.setenv("EVALFLOW_LANG", "en")
    monkeypatch.setenv("EVALFLOW_PLUGINS", "")
    approved.fire("gu/3", "reopen", "policy-1", reason="증빙 오류 발견")
    approved.evaluate("gu/3", actuals={"metres": "380", "complaints": 50})
    approved.submit("gu/3")
    approved.review("gu/3")
    approved.fire("gu/3", "approve", "policy-1")
    approved.fire("gu/3", "open_period", "clock")
    given = {"period": "2016-Q1", "corrected": {"metres": "370"}, "reason": "준공 검사"}
    approved.fire("gu/3", "correct", "policy-1", **given)

    assert cli.run(["--store", store_url, "score", "gu/3", "--period", "2016-Q1"]) == 0
    shown = capsys.readouterr().out
    assert "Metres r " in shown  # G6: the corrected figure bears its mark on every screen
    assert "Complaints r" not in shown
    lines = [line for line in shown.splitlines() if line.startswith("- ")]
    earlier = [line for line in lines if line.startswith("- earlier: ")]
    assert [("100.0%" in line, "Self-evaluate" in line) for line in earlier] == [
        (True, True), (True, False),
    ]  # fmt: skip
    assert [line for line in lines if "corrected later" in line and "380 → 370" in line]
    assert cli.run(["--store", store_url, "status", "--plan", "gu"]) == 0
    rows = {line.split()[0]: line.split()[-1] for line in capsys.readouterr().out.splitlines()
            if line.strip().startswith("gu/")}  # fmt: skip
    assert (rows["gu/3"], rows["gu/1"] == "r") == ("r", False)
    assert cli.run(["--store", store_url, "status", "--as-of", "2016-04-10"]) == 0
    assert "r: corrected" not in capsys.readouterr().out


# ------------------------------------------------------------------ told wherever it is shown


def corrections(office, period):
    shown = evalflow.overview(office.engine, "gu", period=period, at=office.engine.clock())
    (standing,) = [each for each in shown.standings if each.project.number == "3"]
    return [
        (each.period, each.indicator, each.before, each.after, each.reason)
        for each in standing.corrections
    ]


def test_what_was_put_right_later_is_told_of_its_period_and_of_those_after_it(approved):
    assert corrections(approved, "2016-Q1") == []
    approved.fire("gu/3", "open_period", "clock")
    given = {"period": "2016-Q1", "corrected": {"metres": "300"}, "reason": "준공 검사 결과"}
    approved.fire("gu/3", "correct", "policy-1", **given)
    told = [("2016-Q1", "metres", "400", "300", "준공 검사 결과")]
    assert corrections(approved, "2016-Q1") == told
    assert corrections(approved, "2016-Q2") == told


def test_a_list_marks_it_on_a_storage_that_reads_together_and_on_one_that_does_not(approved):
    engine = approved.engine
    approved.fire("gu/3", "open_period", "clock")
    before = engine.clock()
    approved.clock.go("2016-05-02")
    given = {"period": "2016-Q1", "corrected": {"metres": "300"}, "reason": "준공 검사 결과"}
    approved.fire("gu/3", "correct", "policy-1", **given)
    every = [project.id for project in engine.projects()]
    assert corrected_among(engine, every) == {"gu/3"}
    assert corrected_among(engine, every, before) == frozenset()
    assert corrected_among(engine, []) == frozenset()


def test_what_came_out_otherwise_when_it_was_evaluated_anew_is_told(approved):
    approved.fire("gu/3", "reopen", "policy-1", reason="증빙 오류 발견", document="감사-7")
    assert corrections(approved, "2016-Q1") == []  # nothing is another figure yet
    approved.evaluate("gu/3", actuals={"metres": "240", "complaints": 50}, explanations=_WHY)
    assert corrections(approved, "2016-Q1") == [
        ("2016-Q1", "metres", "400", "240", "증빙 오류 발견")
    ]


def test_sending_back_before_it_is_fixed_corrects_nothing(office):
    office.clock.go("2016-04-04")
    office.evaluate("gu/3")
    office.submit("gu/3")
    office.fire("gu/3", "send_back", "policy-1", reason="증빙과 다름")
    office.evaluate("gu/3", actuals={"metres": "240", "complaints": 50}, explanations=_WHY)
    assert corrections(office, "2016-Q1") == []
