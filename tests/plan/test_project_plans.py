"""A project's plan lacks nothing without a word (R13, R29, R31, R32)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import evalflow
from evalflow.model import CONTENTS, Budget, PlanHead, ProjectDefinition
from evalflow.plan.content import lacking

PLAN = evalflow.load_plan(evalflow.example(), plugins=[])
SIX = PLAN.projects["6"]
ALL = tuple(CONTENTS)


def without(**changes: Any) -> Callable[[ProjectDefinition], ProjectDefinition]:
    return lambda definition: attrs.evolve(definition, **changes)


def less_money(definition: ProjectDefinition) -> ProjectDefinition:
    sources = {**definition.budget.sources, "구비": definition.budget.sources["구비"] - 1}
    return attrs.evolve(definition, budget=attrs.evolve(definition.budget, sources=sources))


def fewer_months(definition: ProjectDefinition) -> ProjectDefinition:
    months = {name: text for name, text in definition.schedule.items() if name != "2016-08"}
    return attrs.evolve(definition, schedule=months)


def fewer_quarters(definition: ProjectDefinition) -> ProjectDefinition:
    periods = {name: won for name, won in definition.budget.periods.items() if name != "2016-Q4"}
    return attrs.evolve(definition, budget=attrs.evolve(definition.budget, periods=periods))


WAYS: dict[str, list[Callable[[ProjectDefinition], ProjectDefinition]]] = {
    "goals": [without(goals=()), without(goals=("culture_education-policy",))],
    "term": [without(start=None), without(end=None)],
    "content": [without(content=None)],
    "periods": [less_money, fewer_quarters],
    "schedule": [fewer_months, without(schedule={})],
}
"""What is lacking, and ways to lack just that."""


def found(
    definition: ProjectDefinition, head: PlanHead = PLAN.head, wanted: Iterable[str] = ALL
) -> list[str]:
    return [each.content for each in lacking(head, [definition], tuple(wanted))]


def test_the_43_projects_lack_nothing() -> None:
    assert list(lacking(PLAN.head, PLAN.projects.values(), ALL)) == []
    assert PLAN.notes == ()


@pytest.mark.parametrize(("name", "way"), [(n, way) for n, ways in WAYS.items() for way in ways])
def test_what_is_left_out_is_told_unless_the_plan_says_why(
    name: str, way: Callable[[ProjectDefinition], ProjectDefinition]
) -> None:
    broken = way(SIX)
    assert found(broken) == [name]
    assert found(broken, attrs.evolve(PLAN.head, lenient={name: "아직 협의 중임"})) == []
    assert found(broken, wanted=set(ALL) - {name}) == []


def test_a_project_without_money_says_so() -> None:
    periods = dict.fromkeys(SIX.budget.periods, 0)
    assert found(attrs.evolve(SIX, budget=Budget(sources={"구비": 0}, periods=periods))) == []
    assert found(attrs.evolve(SIX, budget=Budget(periods=periods))) == ["budget"]


@given(st.lists(st.integers(0, 10**12), min_size=4, max_size=4), st.integers(-5, 5))
def test_the_quarters_add_up_to_the_won(quarters: list[int], off: int) -> None:
    periods = dict(zip(SIX.budget.periods, quarters, strict=True))
    total = sum(quarters) + off
    if total >= 0:
        budget = Budget(sources={"구비": total}, periods=periods)
        assert found(attrs.evolve(SIX, budget=budget)) == (["periods"] if off else [])


def test_months_outside_the_term_need_no_step() -> None:
    short = attrs.evolve(fewer_months(SIX), start=SIX.start.replace(month=9))  # type: ignore[union-attr]
    assert found(short) == []


def test_what_the_store_has_already_stays_as_it_is() -> None:
    """A plan that was adopted before and lacks something is revised; what joins it may not lack."""
    office = evalflow.open("memory:", plugins=[])
    with office:
        policy = PLAN.actor("policy-1")
        lenient = attrs.evolve(PLAN.head, lenient={"schedule": "월별 계획은 3월에 따로 냄"})
        some = {"6": fewer_months(SIX)}
        office.adopt(attrs.evolve(PLAN, head=lenient, projects=some), by=policy)
        strict = attrs.evolve(PLAN, projects={**some, "7": PLAN.projects["7"]})
        office.adopt(strict, by=policy, reason="7번 사업 추가")
        more = attrs.evolve(
            strict, projects={**strict.projects, "8": fewer_months(PLAN.projects["8"])}
        )
        with pytest.raises(evalflow.InvalidInput) as wrong:
            office.adopt(more, by=policy, reason="8번 사업 추가")
        assert [each.path for each in wrong.value.problems] == ["projects.8.schedule"]


@pytest.mark.parametrize("reason", [".", "-", "'12'"])
def test_a_reason_for_leaving_out_is_in_words(reason: str, tmp_path: Path) -> None:
    text = evalflow.example().read_text("utf-8") + f"lenient: {{schedule: {reason}}}\n"
    path = tmp_path / "plan.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(evalflow.InvalidInput) as wrong:
        evalflow.load_plan(path, plugins=[])
    assert [(each.code, each.path) for each in wrong.value.problems] == [
        ("no_reason", "lenient.schedule")
    ]
