"""Killed programs leave all or nothing: a sample of what `make trust` does a thousand times."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest

import evalflow
from evalflow.storage import Commit
from evalflow.storage.faults import ENGINE_POINTS, POINTS
from evalflow.testing import crashes
from evalflow.testing.given import move_after
from evalflow.testing.mirror import Broken
from evalflow.testing.office import Ticking, step, the_plan


def test_children_are_killed_at_every_point() -> None:
    assert set(crashes.POINTS) == {*POINTS, *ENGINE_POINTS}


@pytest.mark.counting
@pytest.mark.slow
def test_nothing_is_lost_or_halved_by_killed_programs() -> None:
    found = crashes.figures_of("evalflow.testing.crashes", "--kills", "40")
    assert found["kills"] >= 40
    assert found["looked"] >= 40
    assert found["undone whole"]
    assert found["batches continued"]


def test_a_crash_harness_notices_what_is_wrong(tmp_path: Path) -> None:
    """One that cannot fail would prove nothing."""
    run = crashes.Crashes(lambda: f"sqlite:///{tmp_path / 'a.db'}", seed=1)
    run.look()
    with sqlite3.connect(tmp_path / "a.db") as connection:
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE project SET band = 'lagging' WHERE number = '3'")
    connection.close()
    with pytest.raises(Broken, match="projects differ"):
        run.look()
    run.close()


def test_of_two_programs_that_make_the_same_entry_one_wrote_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crashes.Crashes, "look", lambda self: None)  # a move that no gate let pass
    run = crashes.Crashes(lambda: f"sqlite:///{tmp_path / 'a.db'}", seed=1)
    project = next(iter(run._engine.projects()))
    commit = Commit(moves=(move_after(project),))
    run._engine.storage.commit(commit)
    with pytest.raises(Broken, match="two wrote the same"):
        run._check([(commit, True), (commit, True)])
    run._check([(commit, False), (commit, True)])
    assert run.figures["undone whole"] == 1
    assert run.figures["durable without a word"] == 0
    run.close()


@pytest.mark.counting
@pytest.mark.slow
def test_the_office_that_never_ends_goes_everywhere() -> None:
    plan, clock, rng = the_plan(), Ticking(), random.Random(1)
    with evalflow.open("memory:", plugins=[], clock=clock) as engine:
        engine.adopt(plan, by=plan.actor("policy-1"))
        fired = {step(engine, rng) for _ in range(400)}
    assert {"self_evaluate", "amend", "submit", "review", "send_back", "approve_change"} <= fired
