"""The server's clock is the trusted one: a program whose own clock jumped ahead writes nothing."""

from __future__ import annotations

import datetime as dt

import pytest

import evalflow
from evalflow.engine import clock_guard
from evalflow.testing.office import Ticking, fire, the_plan


def test_a_clock_ahead_of_the_server_is_told_even_by_a_program_that_began_with_it(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command of the shell is a program of its own: only the server knows better."""
    real = clock_guard.wall
    ahead = dt.timedelta(days=3650)
    plan = the_plan(each=1)
    monkeypatch.setattr(clock_guard, "wall", lambda: real() + ahead)
    with evalflow.open(url, plugins=["evalflow-postgres"]) as engine:
        with pytest.raises(evalflow.InvalidInput) as raised:
            engine.adopt(plan, by=plan.actor("policy-1"))
        (problem,) = raised.value.problems
        assert problem.code == "clock_ahead"
        assert "server" in problem.text("en")
        assert engine.plans.ids() == ()

        monkeypatch.setattr(clock_guard, "wall", real)
        engine.adopt(plan, by=plan.actor("policy-1"))
        assert engine.plans.ids() == (plan.id,)


def test_what_was_written_ahead_is_put_right(url: str) -> None:
    """A host's clock was wrong; notices of that time are delivered once it is put right."""
    clock = Ticking()
    right = clock.moment
    with evalflow.open(url, plugins=["evalflow-postgres"], clock=clock) as engine:
        plan = the_plan(each=1)
        engine.adopt(plan, by=plan.actor("policy-1"))
        clock.moment = right + dt.timedelta(days=3650)
        project = f"{plan.id}/1"
        fire(engine, engine.project(project), "self_evaluate", 1)
        clock.moment = right + dt.timedelta(hours=1)
        assert engine.plans.redate(plan.id, to=clock.moment, by="policy-1", reason="시계 오류") == (
            project,
        )
        extended = {"deadline": "submit", "until": "2016-04-20", "reason": "연장"}
        engine.fire(project, "extend_deadline", by="policy-1", data=extended)
        assert all(each.next_at <= clock.moment for each in engine.outbox.notices(state="waiting"))
        assert list(engine.audit.verify()) == []
