"""People, units and projects that cannot be told apart are told when a plan is read."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest

import evalflow
from evalflow.files.notes import Note
from evalflow.plan.load import load_plan
from offices import PLAN

CLERK = "  road-1: [{role: department, unit: road}]\n"
UNIT = "  road: {kind: department, ko: 도로과, en: Roads, parent: city}\n"
PROJECT = '  "2":\n    ko: 경로당 개선\n    en: Senior centres\n'


def notes(text: str) -> list[Note]:
    plan = load_plan(text.encode(), name="plan.yaml", lifecycle=evalflow.load_lifecycle)
    return [each for each in plan.notes if each.code == "look_alike"]


def line(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def more(before: str, *after: str) -> str:
    assert before in PLAN
    return PLAN.replace(before, before + "".join(after))


def test_a_plan_whose_names_differ_says_nothing() -> None:
    assert notes(PLAN) == []
    assert notes(more(CLERK, "  road-10: [{role: department, unit: road}]\n")) == []
    same = "  road2: {kind: department, ko: 도로과, en: Roads, parent: welfare}\n"
    assert notes(more(UNIT, same)) == []  # two bureaus may call a department the same


@pytest.mark.parametrize("other", ["ROAD-1", "Road-1", "rOAD-1"])
def test_two_people_whose_ids_look_alike_are_told_with_both_places(other: str) -> None:
    text = more(CLERK, f'  "{other}": [{{role: department, unit: road}}]\n')
    (told,) = notes(text)
    first, second = line(text, "road-1: ["), line(text, f'"{other}"')
    assert told.where.startswith(f"plan.yaml:{second}:")
    assert f"plan.yaml:{first}:" in told.en
    assert f"plan.yaml:{first}:" in told.ko
    for said in (told.ko, told.en):
        assert ascii("road-1") in said
        assert ascii(other) in said


@pytest.mark.parametrize(
    ("ko", "en"),
    [
        ("다른 과", "ROADS"),
        (unicodedata.normalize("NFD", "도로과"), "roads"),  # a plan is read in one form
    ],
)
def test_two_units_by_names_that_differ_in_case_alone_are_told(ko: str, en: str) -> None:
    text = more(UNIT, f'  road2: {{kind: department, ko: "{ko}", en: {en}, parent: city}}\n')
    (told,) = notes(text)
    assert told.where.startswith(f"plan.yaml:{line(text, 'road2:')}:")
    assert f"plan.yaml:{line(text, 'road: {')}:" in told.en


def test_two_units_whose_ids_look_alike_are_told() -> None:
    text = more(UNIT, "  ROAD: {kind: department, ko: 다른 과, en: Other, parent: city}\n")
    assert [each.where.rpartition(":")[0] for each in notes(text)] == [
        f"plan.yaml:{line(text, 'ROAD:')}"
    ]


def test_two_projects_by_one_name_in_other_letters_are_told() -> None:
    text = PLAN.replace("en: School support", "en: SENIOR centres")
    (told,) = notes(text)
    second = line(text, PROJECT) + 1
    assert told.where.startswith(f"plan.yaml:{second}:")
    assert "projects" in told.en


def test_a_plan_that_was_adopted_so_goes_on(office: Any) -> None:
    """It is told, not refused: who stands in a history cannot be called otherwise any more."""
    tree = office.plan.head.tree
    people = {**tree["directory"], "ROAD-1": [{"role": "department", "unit": "road"}]}
    plan = office.engine.plans.with_people("gu", directory=people)
    assert [each.code for each in plan.notes if each.code == "look_alike"] == ["look_alike"]
    assert office.engine.adopt(plan, by="policy-1", reason="인사 발령").revision == 2


@pytest.mark.parametrize("other", ["' 구비'", "'구 비'", "'구비 '", "'구\u3000비'"])
def test_a_source_of_money_that_differs_by_a_blank_is_no_other_source(other: str) -> None:
    text = PLAN.replace("구비: 100000000", f"구비: 100000000, {other}: 2")
    with pytest.raises(evalflow.InvalidInput) as refused:
        notes(text)
    (problem,) = refused.value.problems
    assert (problem.code, problem.line) == ("same_source", line(text, other) or None)
