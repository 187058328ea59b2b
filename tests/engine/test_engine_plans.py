"""Adopting a plan, revising it, and who may."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

import evalflow
from offices import PLAN, Office


def edited(tmp_path: Path, *changes: tuple[str, str], revision: int = 1) -> evalflow.Plan:
    text = PLAN.replace("year: 2016\n", f"year: 2016\nrevision: {revision}\n")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    path = tmp_path / "edited.yaml"
    path.write_text(text, encoding="utf-8")
    return evalflow.load_plan(path)


def test_adopting_the_same_plan_again_writes_nothing(office: Office):
    again = office.engine.adopt(office.plan, by=office.actor("policy-1"))

    assert again.revision == 1
    assert [p.version for p in office.engine.projects()] == [1, 1, 1]


def test_a_revision_needs_a_reason_and_gives_each_changed_project_an_entry(office, tmp_path):
    office.clock.go("2016-05-10")
    plan = edited(tmp_path, ("ko: 학교 지원\n", "ko: 학교 교육 지원\n"))

    with pytest.raises(evalflow.Refused, match="reason"):
        office.engine.adopt(plan, by=office.actor("policy-1"))
    head = office.engine.adopt(plan, by=office.actor("policy-1"), reason="지침 개정")

    assert (head.revision, head.effective) == (2, "2016-Q2")
    assert [p.version for p in office.engine.projects()] == [2, 1, 1]
    entry = list(office.engine.history("gu/1"))[-1]
    assert (entry.event, entry.reason, entry.before) == ("revise", "지침 개정", entry.after)
    old = office.engine.plans.definition("gu/1", period="2016-Q1")
    new = office.engine.plans.definition("gu/1", period="2016-Q2")
    assert (old.label.ko, new.label.ko) == ("학교 지원", "학교 교육 지원")
    assert list(office.engine.audit.verify()) == []


def test_a_project_under_evaluation_cannot_be_dropped(office, tmp_path):
    start = PLAN.index('  "3":')
    plan = edited(tmp_path, (PLAN[start:], ""))

    with pytest.raises(evalflow.InvalidInput, match="number 3 'Footpaths' is left out"):
        office.engine.adopt(plan, by=office.actor("policy-1"), reason="정리")
    assert len(list(office.engine.projects())) == 3


def test_a_project_that_joins_later_begins_with_the_period_of_the_day(office, tmp_path):
    office.clock.go("2016-05-10")
    start = PLAN.index('  "3":')
    fourth = PLAN[start:].replace('"3":', '"4":').replace("보도 정비", "가로수")
    plan = edited(tmp_path, (PLAN[start:], PLAN[start:] + fourth))
    office.engine.adopt(plan, by=office.actor("policy-1"), reason="추가 선정")

    assert {p.id: p.period for p in office.engine.projects()}["gu/4"] == "2016-Q2"


def test_a_file_written_against_an_older_revision_is_refused(office, tmp_path):
    office.clock.go("2016-05-10")
    office.engine.adopt(
        edited(tmp_path, ("ko: 민원\n", "ko: 민원 건수\n")),
        by=office.actor("policy-1"),
        reason="1차",
    )
    stale = edited(tmp_path, ("ko: 민원\n", "ko: 접수 민원\n"))

    with pytest.raises(evalflow.InvalidInput, match="written against revision 1"):
        office.engine.adopt(stale, by=office.actor("policy-1"), reason="2차")
    fresh = edited(tmp_path, ("ko: 민원\n", "ko: 접수 민원\n"), revision=2)
    assert office.engine.adopt(fresh, by=office.actor("policy-1"), reason="2차").revision == 3


def test_only_the_policy_office_adopts_and_by_the_directory_in_force(office, tmp_path):
    plan = edited(
        tmp_path,
        ("  road-1: [{role: department", "  road-1: [{role: policy_office"),
        ("role: policy_office, unit: road", "role: policy_office, unit: gu"),
    )
    with pytest.raises(evalflow.Refused):
        office.engine.adopt(plan, by=plan.actor("education-1"), reason="지침")
    with pytest.raises(evalflow.Refused):  # in the new file only
        office.engine.adopt(plan, by=office.actor("road-1"), reason="지침")


def test_a_plan_that_asks_for_what_is_not_installed_says_where(tmp_path):
    text = PLAN.replace("scoring: {}", "scoring: {scorer: grades}").replace("[jsonl]", "[mail]")
    path = tmp_path / "plan.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(evalflow.InvalidInput) as wrong:
        evalflow.load_plan(path, plugins=[])
    assert [(p.value, p.line) for p in wrong.value.problems] == [("grades", 8), ("mail", 12)]


def test_a_plan_loaded_with_other_plugins_is_not_adopted(office):
    rules = attrs.evolve(office.plan.head.scoring, scorer="grades")
    plan = attrs.evolve(office.plan, head=attrs.evolve(office.plan.head, id="x", scoring=rules))

    with pytest.raises(evalflow.InvalidInput, match="grades"):
        office.engine.adopt(plan, by=office.actor("policy-1"))
    assert office.engine.plans.ids() == ("gu",)


def test_a_stored_plan_is_the_plan_that_was_adopted(office):
    head = office.engine.plans.head("gu")

    assert head == office.plan.head
    assert [d.number for d in office.engine.plans.definitions("gu")] == ["1", "2", "3"]
    assert list(office.engine.plans.definitions("gu")) == list(office.plan.projects.values())
