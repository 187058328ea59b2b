"""The plan in force with other people: what a page or a program changes of a directory, without a
file."""

from __future__ import annotations

from typing import Any

import pytest

import evalflow
from offices import PLAN, Clock


@pytest.fixture
def engine(tmp_path: Any) -> Any:
    clock = Clock()
    with evalflow.open("memory:", plugins=[], clock=clock) as opened:
        file = tmp_path / "plan.yaml"
        file.write_text(PLAN, encoding="utf-8")
        opened.adopt(evalflow.load_plan(file, plugins=[]), by="policy-1")
        yield opened


def test_the_same_people_change_nothing(engine: Any) -> None:
    head = engine.plans.head("gu")
    same = engine.plans.with_people("gu", directory=head.tree["directory"])
    assert engine.plans.compare(same, by="policy-1") == ()
    assert same.head.directory == head.directory


def test_people_come_and_act_for_others_by_a_revision_of_the_plan_alone(engine: Any) -> None:
    directory = dict(engine.plans.head("gu").tree["directory"])
    directory["education-9"] = [{"role": "department", "unit": "education", "since": "2016-05-01"}]
    acting = {
        "actor": "education-9",
        "for": "education-1",
        "role": "department",
        "unit": "education",
        "since": "2016-05-02",
        "until": "2016-05-04",
        "reason": "교육 파견",
    }
    plan = engine.plans.with_people("gu", directory=directory, appointments=[acting])
    found = engine.plans.compare(plan, by="policy-1")
    assert {each.kind for each in found} == {"organisation"}
    assert {each.path for each in found} == {"directory.education-9", "appointments"}
    engine.adopt(plan, by="policy-1", reason="인사이동")
    held = engine.plans.head("gu").directory["education-9"]
    assert [each.on_behalf_of for each in held] == [None, "education-1"]
    assert list(engine.audit.verify("gu")) == []


def test_what_is_wrong_of_people_is_told_all_at_once(engine: Any) -> None:
    directory = {"education-1": [{"role": "departmen", "unit": "moon"}]}
    acting = {"actor": "nobody", "for": "education-1", "role": "department", "unit": "education"}
    with pytest.raises(evalflow.InvalidInput) as told:
        engine.plans.with_people("gu", directory=directory, appointments=[acting])
    said = " ".join(each.text("en") for each in told.value.problems)
    for word in ("departmen", "moon", "nobody", "since"):
        assert word in said
    with pytest.raises(evalflow.NotFound):
        engine.plans.with_people("moon")
