"""How often the server is asked: twice for a firing, whatever it is about; as often for a batch,
however many projects it decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from evalflow_postgres.testing import fresh
from evalflow_postgres.trips import trips

import evalflow
from evalflow.batch.plan_file import BatchPlan
from evalflow.testing.office import Ticking, actor_for, data_for, fire, the_plan


def test_a_firing_takes_two_round_trips(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One statement reads, one writes; the first time of a project what it is comes with it."""
    asked: list[str] = []
    execute, stream = psycopg.Cursor.execute, psycopg.Cursor.stream

    def executed(self: Any, query: Any, *given: Any, **how: Any) -> Any:
        asked.append(str(query))
        return execute(self, query, *given, **how)

    def streamed(self: Any, query: Any, *given: Any, **how: Any) -> Any:
        asked.append(str(query))
        return stream(self, query, *given, **how)

    plan = the_plan(each=1)
    with evalflow.open(url, plugins=["evalflow-postgres"], clock=Ticking()) as engine:
        engine.adopt(plan, by=plan.actor("policy-1"))
        for number in (1, 2):
            fire(engine, engine.project(f"{plan.id}/{number}"), "self_evaluate", 1)
    with evalflow.open(url, plugins=["evalflow-postgres"], clock=Ticking()) as engine:
        other, project = (engine.project(f"{plan.id}/{number}") for number in (2, 1))
        fire(engine, other, "amend", 2)  # what all projects need is remembered
        actor, data = f"{project.unit}-1", data_for(project, "self_evaluate", 2)
        monkeypatch.setattr(psycopg.Cursor, "execute", executed)
        monkeypatch.setattr(psycopg.Cursor, "stream", streamed)

        engine.fire(project.id, "amend", by=actor, data=data)
        engine.fire(project.id, "amend", by=actor, data=data)

    assert [each.split(None, 1)[0] for each in asked] == ["SELECT", "WITH"] * 2, asked


Turn = Callable[[evalflow.Engine], BatchPlan]

PUT_OFF = {"deadline": "submit", "until": "2016-04-29", "reason": "연장"}


def of_a_unit(engine: evalflow.Engine, event: str) -> BatchPlan:
    first = next(engine.projects())
    mine = {each.id: data_for(each, event, 1) for each in engine.projects(unit=first.unit)}
    by = actor_for(first, event)
    return engine.batch(event, by=by, where={"unit": first.unit}, each=mine)


TURNS: dict[str, Turn] = {
    "self_evaluate": lambda engine: of_a_unit(engine, "self_evaluate"),
    "request_change": lambda engine: of_a_unit(engine, "request_change"),
    "extend_deadline": lambda engine: engine.batch("extend_deadline", by="policy-1", data=PUT_OFF),
}
"""Batches that are decided for each of their projects."""


@pytest.mark.parametrize("event", TURNS)
def test_a_batch_that_decides_each_project_asks_no_more_for_more_projects(
    url: str, event: str
) -> None:
    def asked(each: int) -> tuple[int, ...]:
        plan = the_plan(each=each, bureaus=["welfare"])
        with (
            trips(fresh(url)) as way,
            evalflow.open(way.url, plugins=["evalflow-postgres"], clock=Ticking()) as engine,
        ):
            engine.adopt(plan, by=plan.actor("policy-1"))
            TURNS[event](engine)  # what is remembered for all is remembered
            way.reset()
            planned = TURNS[event](engine)
            to_plan = way.count
            done = sum(receipt.outcome == "done" for receipt in planned.apply())
            to_apply = way.count - to_plan
            way.reset()
            assert {receipt.outcome for receipt in planned.apply()} == {"already"}
            return done, to_plan, to_apply, way.count

    few, many = asked(4), asked(40)
    assert many[0] == 10 * few[0] > 0
    assert few[1:] == many[1:]


def test_a_unit_that_moves_together_is_read_together(url: str) -> None:
    def asked(each: int) -> int:
        plan = the_plan(each=each, bureaus=["welfare"])
        with trips(fresh(url)) as way:

            def opened() -> evalflow.Engine:
                return evalflow.open(way.url, plugins=["evalflow-postgres"], clock=Ticking())

            with opened() as engine:
                engine.adopt(plan, by=plan.actor("policy-1"))
                for project in list(engine.projects()):
                    fire(engine, project, "self_evaluate", 1)
                    fire(engine, project, "amend", 1)
            with opened() as engine:  # which remembers nothing of them
                first = engine.project(f"{plan.id}/1")
                way.reset()
                fire(engine, first, "submit", 1)
                return way.count

    assert asked(2) == asked(8)
