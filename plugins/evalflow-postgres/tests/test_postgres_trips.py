"""How often a firing asks the server: twice, whatever it is about."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

import evalflow
from evalflow.testing.office import Ticking, data_for, fire, the_plan


def test_a_firing_takes_two_round_trips(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One statement reads; one holds the project and one writes, sent together. The first time of a
    project also reads its definition."""
    asked: list[str] = []
    execute, stream = psycopg.Cursor.execute, psycopg.Cursor.stream
    pipeline = psycopg.Connection.pipeline

    def piped(self: Any) -> Any:
        asked.append("PIPELINE of:")
        return pipeline(self)

    def executed(self: Any, query: Any, *given: Any, **how: Any) -> Any:
        asked.append(str(query))
        return execute(self, query, *given, **how)

    def streamed(self: Any, query: Any, *given: Any, **how: Any) -> Any:
        asked.append(str(query))
        return stream(self, query, *given, **how)

    plan = the_plan(each=1)
    with evalflow.open(url, plugins=["evalflow-postgres"], clock=Ticking()) as engine:
        engine.adopt(plan, by=plan.actor("policy-1"))
        project = engine.project(f"{plan.id}/1")
        fire(engine, project, "self_evaluate", 1)
        actor, data = f"{project.unit}-1", data_for(project, "self_evaluate", 2)
        monkeypatch.setattr(psycopg.Connection, "pipeline", piped)
        monkeypatch.setattr(psycopg.Cursor, "execute", executed)
        monkeypatch.setattr(psycopg.Cursor, "stream", streamed)

        engine.fire(project.id, "amend", by=actor, data=data)

    assert [each.split(None, 1)[0] for each in asked] == [
        "SELECT",
        "PIPELINE",
        "WITH",
        "WITH",
    ], asked


def test_the_definitions_of_many_are_those_of_each(url: str) -> None:
    """A batch reads those of a chunk in one round trip."""
    plan = the_plan(each=2)
    with evalflow.open(url, plugins=["evalflow-postgres"], clock=Ticking()) as engine:
        engine.adopt(plan, by=plan.actor("policy-1"))
        ids = [project.id for project in engine.projects()]
        storage: Any = engine.storage
        together = list(storage.latest_definitions([*ids[1:], "no/1"]))
        assert len(together) == len(ids) - 1 > 2
        assert {one[0]: one[1:] for one in together} == {
            each: storage.definition(each) for each in ids[1:]
        }
