"""Answers that are made of many reads are of one moment, whoever writes between them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import evalflow
from evalflow.audit import bundle
from evalflow.audit.histories import History
from evalflow.engine import overview as overview_module
from offices import GOOD, Office


@pytest.fixture
def between(office: Office, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let something happen the moment before a function is called for the first time."""

    def arrange(where: Any, name: str, act: Callable[[], object]) -> None:
        real = getattr(where, name)
        done: list[int] = []

        def call(*given: Any, **named: Any) -> Any:
            if not done:
                done.append(1)
                act()
            return real(*given, **named)

        monkeypatch.setattr(where, name, call)

    return arrange


def evaluate(office: Office) -> None:
    office.clock.go("2016-04-04")
    office.fire("gu/3", "self_evaluate", "road-1", actuals=GOOD["gu/3"])


def test_an_overview_shows_states_and_ratings_of_one_moment(office, between):
    office.clock.go("2016-04-03")
    between(overview_module, "_period", lambda: evaluate(office))

    found = evalflow.overview(office.engine, "gu", period="2016-Q1")
    (third,) = [each for each in found.standings if each.project.id == "gu/3"]
    assert third.project.states[0] == "planned"
    assert dict(third.ratings) == {}
    assert {"gu/3"} <= {each for due in found.dues for each in due.projects}
    assert found.checkpoint.entries == 3
    assert office.engine.project("gu/3").states[0] == "self_evaluated"  # it did happen


def test_an_overview_does_not_meet_a_project_that_came_in_between(office, between, tmp_path):
    def revise() -> None:
        text = (tmp_path / "plan.yaml").read_text("utf-8")
        start = text.index('  "3":')
        added = text + text[start:].replace('"3"', '"4"', 1).replace("보도", "차도")
        (tmp_path / "more.yaml").write_text(added, "utf-8")
        office.clock.go("2016-04-04")
        plan = evalflow.load_plan(tmp_path / "more.yaml")
        office.engine.adopt(plan, by="policy-1", reason="사업 추가")

    office.clock.go("2016-04-03")
    between(overview_module, "_period", revise)
    found = evalflow.overview(office.engine, "gu")
    assert [each.project.id for each in found.standings] == ["gu/1", "gu/2", "gu/3"]
    assert found.revision == 1
    assert office.engine.project("gu/4").version == 1


def test_who_reads_history_and_evaluation_in_one_reading_reads_one_moment(office):
    office.clock.go("2016-04-04")
    office.evaluate("gu/3")
    with office.engine.reading() as then:
        before = [entry.number for entry in then.history("gu/3")]
        office.clock.go("2016-04-05")
        office.fire("gu/3", "amend", "road-1", actuals={"metres": 399, "complaints": 50})
        assert then.evaluation("gu/3").number == before[-1] == then.project("gu/3").version
        assert [entry.number for entry in then.history("gu/3")] == before
        with pytest.raises(ValueError):
            then.fire("gu/3", "amend", by="road-1", data={"actuals": GOOD["gu/3"]})
    assert office.engine.evaluation("gu/3").number == before[-1] + 1


def test_verification_finds_nothing_in_a_store_that_others_write_to(office, between):
    office.clock.go("2016-04-04")
    # Where the project stands has been read, its history has not.
    between(History, "_chain", lambda: [office.evaluate(each) for each in ("gu/1", "gu/2")])
    assert list(office.engine.audit.verify()) == []
    assert office.state("gu/1") == "self_evaluated"


def test_a_bundle_is_of_one_moment(office, between, tmp_path):
    office.to_submitted()
    entries = sum(1 for _ in office.engine.storage.entries())

    def reviewed() -> None:
        office.clock.go("2016-04-15")
        for project in GOOD:
            office.review(project)

    between(bundle, "_project_lines", reviewed)
    told = office.engine.audit.export(tmp_path / "one.zip")
    assert told.entries == entries
    assert evalflow.verify_bundle(tmp_path / "one.zip")[1] == ()
    assert office.state("gu/3") == "reviewed"


# ------------------------------------------------------------------ the past by the rules of then


def test_the_past_is_told_by_the_rules_of_then(office, tmp_path):
    """A later revision moves the due day; what was late on 7 April stays as late as it was."""
    engine = office.engine
    office.clock.go("2016-04-07")
    past = office.clock()
    office.clock.go("2016-04-07", hour=11)

    def said():
        dues = [each for each in engine.due(past) if each.event == "self_evaluate"]
        shown = evalflow.overview(engine, "gu", at=past)
        assert list(shown.dues) == list(engine.due(past, plan="gu"))
        return [(each.projects, each.due, each.days_late) for each in dues], shown.revision

    then = said()
    assert {late for _, _, late in then[0]} == {2}
    late = [each.id for each in engine.projects(late=True, at=past, plan="gu")]
    assert late == ["gu/1", "gu/2", "gu/3"]

    text = (tmp_path / "plan.yaml").read_text("utf-8")
    calendar = "calendar: {periods: quarter, first: 2016-Q1, last: 2016-Q4}"
    assert calendar in text
    later = calendar.replace("}", ", due: {self_evaluate: {day: 1}}}")
    (tmp_path / "later.yaml").write_text(text.replace(calendar, later), "utf-8")
    office.clock.go("2016-04-12")
    plan = evalflow.load_plan(tmp_path / "later.yaml")
    assert engine.adopt(plan, by="policy-1", reason="기한 조정").revision == 2

    assert said() == then
    assert [each.id for each in engine.projects(late=True, at=past, plan="gu")] == late
    now = [each for each in engine.due() if each.event == "self_evaluate"]
    assert {(each.due.day, each.days_late) for each in now} == {(1, 11)}
    assert evalflow.overview(engine, "gu").revision == 2
