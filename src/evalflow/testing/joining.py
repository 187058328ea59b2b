"""An engine on a host's open transaction (`Engine.joined`), tried on any storage that joins.

A test module inherits `Joining` and says where a new store is, and how the host connects to it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import evalflow
from evalflow import Engine
from evalflow.testing.engines import PEOPLE, PROJECTS, Scheme, plan_of
from evalflow.testing.office import PLAN_ID, Ticking

PROJECT = f"{PLAN_ID}/1"
UNITS = dict(zip(PROJECTS, ("north", "south", "north"), strict=True))

_PAPER = f"host_paper_{os.getpid()}"  # a table of the host; tests run side by side in one database


class _Opening(Scheme):
    """A lifecycle under which cases are opened without a revision."""

    def yaml(self, version: int = 1) -> str:
        """Return it as an office would write it."""
        return super().yaml(version).replace("adopted_by:", "opens: [keeper]\nadopted_by:")


SCHEME = _Opening(
    regions={"r0": ("s0", "s1")},
    moves={"e0": {"r0": {"s0": "s1", "s1": "s0"}}},
    by={"e0": "clerk"},
    bars=(),
)


def begin(host: Any) -> None:
    """Let the host begin a transaction, by writing something of its own."""
    host.execute(f"INSERT INTO {_PAPER} VALUES ('a')")


class Desk:
    """An office, its engine, and the plan's next revisions."""

    def __init__(self, url: str, folder: Path) -> None:
        """Adopt the plan in the new store."""
        self.folder = folder
        self.clock = Ticking()
        self.engine = evalflow.open(url, clock=self.clock)
        plan = plan_of(folder, SCHEME, UNITS, 1)
        self.engine.adopt(plan, by=plan.actor("keeper-1"))

    def revise(self, engine: Engine, revision: int, **roles: tuple[str, str]) -> None:
        """Give people other roles: `idle_1=("clerk", "north")`."""
        people = {**PEOPLE, **{who.replace("_", "-"): role for who, role in roles.items()}}
        plan = plan_of(self.folder, SCHEME, UNITS, revision, people=people)
        engine.adopt(plan, by="keeper-1", reason="개정")

    def open_case(self, engine: Engine, unit: str) -> str:
        """Open the next case, in a unit."""
        case = {"ko": "민원", "unit": unit, "field": "welfare"}
        return engine.plans.open_case(PLAN_ID, case, by="keeper-1").project

    def may(self, engine: Engine, who: str, project: str = PROJECT) -> bool:
        """Say whether somebody may fire."""
        by = engine.actor(PLAN_ID, who)
        return engine.explain(project, "e0", by=by, data={}).allowed

    def fire(self, engine: Engine, who: str = "north-1") -> int:
        """Fire, and return the number of the entry."""
        return engine.fire(PROJECT, "e0", by=who, data={}).number


class Joining:
    """The tests; `new_url` and `connect` are the module's own."""

    @pytest.fixture
    def new_url(self) -> str:
        """The URL of a new, empty store."""
        raise NotImplementedError

    @pytest.fixture
    def connect(self, new_url: str) -> Callable[[], Any]:
        """What connects a host to the database of that store."""
        raise NotImplementedError

    @pytest.fixture
    def desk(self, new_url: str, tmp_path: Path) -> Iterator[Desk]:
        """An office on the store."""
        made = Desk(new_url, tmp_path)
        yield made
        made.engine.close()

    @pytest.fixture
    def host(self, desk: Desk, connect: Callable[[], Any]) -> Iterator[Any]:
        """A host's connection, with a table of its own in the same database."""
        connection = connect()
        connection.execute(f"CREATE TABLE {_PAPER} (title text NOT NULL)")
        connection.commit()
        yield connection
        connection.rollback()
        connection.execute(f"DROP TABLE {_PAPER}")
        connection.commit()
        connection.close()

    def test_a_paper_and_a_firing_come_true_together_or_not_at_all(
        self, desk: Desk, host: Any
    ) -> None:
        """What is fired is committed or rolled back with what the host wrote."""
        begin(host)
        assert desk.fire(desk.engine.joined(host)) == 2
        assert desk.engine.project(PROJECT).version == 1  # not yet
        assert list(desk.engine.outbox.notices()) == []
        host.rollback()
        assert desk.engine.joined(host).project(PROJECT).version == 1
        assert host.execute(f"SELECT title FROM {_PAPER}").fetchall() == []

        begin(host)
        joined = desk.engine.joined(host)
        assert desk.fire(joined) == 2
        assert [each.number for each in joined.history(PROJECT)] == [1, 2]
        joined.close()
        host.commit()
        assert desk.engine.project(PROJECT).version == 2
        assert len(host.execute(f"SELECT title FROM {_PAPER}").fetchall()) == 1
        assert desk.fire(desk.engine) == 3
        assert list(desk.engine.audit.verify(deep=True)) == []

    def test_a_role_that_was_rolled_back_cannot_act(self, desk: Desk, host: Any) -> None:
        """A revision of a plan that the host rolled back is in force nowhere."""
        begin(host)
        joined = desk.engine.joined(host)
        desk.revise(joined, 1, idle_1=("clerk", "north"), north_1=("visitor", "office"))
        assert (desk.may(joined, "idle-1"), desk.may(joined, "north-1")) == (True, False)
        assert desk.fire(joined, "idle-1") == 2
        assert desk.may(desk.engine, "idle-1") is False
        host.rollback()

        for engine in (desk.engine, desk.engine.joined(host), joined):
            assert (desk.may(engine, "idle-1"), desk.may(engine, "north-1")) == (False, True)
            with pytest.raises(evalflow.Refused):
                desk.fire(engine, "idle-1")
        host.rollback()
        desk.revise(desk.engine, 1, south_1=("clerk", "north"))  # takes the number
        for engine in (desk.engine, desk.engine.joined(host), joined):
            assert engine.plans.head(PLAN_ID).revision == 2
            for who, may in (("idle-1", False), ("north-1", True), ("south-1", True)):
                assert desk.may(engine, who) is may, who
        assert desk.fire(joined, "south-1") == 2
        host.commit()
        assert list(desk.engine.audit.verify(deep=True)) == []

    def test_a_case_that_was_rolled_back_leaves_nothing(self, desk: Desk, host: Any) -> None:
        """A case that the host rolled back is not taken for the one that got its number."""
        begin(host)
        joined = desk.engine.joined(host)
        case = desk.open_case(joined, "south")
        assert desk.may(joined, "south-1", case)
        host.rollback()
        assert desk.open_case(desk.engine, "north") == case
        for engine in (desk.engine, desk.engine.joined(host), joined):
            assert not desk.may(engine, "south-1", case)
            assert desk.may(engine, "north-1", case)

    def test_a_revision_that_the_host_commits_is_everybodys(self, desk: Desk, host: Any) -> None:
        """A revision that the host commits is in force for all."""
        begin(host)
        joined = desk.engine.joined(host)
        desk.revise(joined, 1, idle_1=("clerk", "north"))
        assert desk.fire(joined, "idle-1") == 2
        host.commit()
        assert desk.fire(desk.engine, "idle-1") == 3
        desk.revise(desk.engine, 2)
        with pytest.raises(evalflow.Refused):
            desk.fire(joined, "idle-1")
        assert list(desk.engine.audit.verify(deep=True)) == []

    def test_what_is_refused_leaves_the_hosts_transaction_as_it_was(
        self, desk: Desk, host: Any
    ) -> None:
        """After a refusal or a conflict the host goes on and commits."""
        begin(host)
        joined = desk.engine.joined(host)
        with pytest.raises(evalflow.Refused):
            desk.fire(joined, "south-1")
        with pytest.raises(evalflow.Conflict):
            joined.fire(PROJECT, "e0", by="north-1", data={}, expected=7)
        with pytest.raises(evalflow.InvalidInput) as told:
            joined.deliver()
        assert [each.code for each in told.value.problems] == ["open_transaction"]
        assert desk.fire(joined) == 2
        host.commit()
        assert len(host.execute(f"SELECT title FROM {_PAPER}").fetchall()) == 1
        assert desk.engine.project(PROJECT).version == 2

    def test_committed_rules_are_read_once_for_all_transactions(
        self, desk: Desk, host: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """No transaction reads anew what another has read of committed rules."""
        asked: list[str] = []
        for kind in {type(desk.engine.storage), type(desk.engine.joined(host).storage)}:
            for name in ("head", "lifecycle", "definition", "plan_history"):
                real = getattr(kind, name)

                def call(self: Any, *given: Any, _real: Any = real, _name: str = name) -> Any:
                    asked.append(_name)
                    return _real(self, *given)

                monkeypatch.setattr(kind, name, call)
        desk.fire(desk.engine.joined(host))
        assert "definition" in asked
        asked.clear()
        for _ in range(3):
            desk.fire(desk.engine.joined(host))
        host.commit()
        desk.fire(desk.engine)
        assert asked == []

    def test_a_loop_over_projects_may_write(self, desk: Desk, host: Any) -> None:
        """What is streamed is not disturbed by what the loop writes."""
        begin(host)
        joined = desk.engine.joined(host)
        for project in joined.projects():
            by = f"{project.unit}-1"
            assert joined.fire(project.id, "e0", by=by, data={}).number == 2
        with joined.reading() as then:
            assert [each.version for each in then.projects()] == [2] * len(PROJECTS)
            assert then.actor(PLAN_ID, "north-1").id == "north-1"
            assert len(host.execute(f"SELECT title FROM {_PAPER}").fetchall()) == 1
        assert list(joined.audit.verify(deep=True)) == []
        host.commit()
        assert [each.version for each in desk.engine.projects()] == [2] * len(PROJECTS)

    @pytest.mark.parametrize("given", [None, 5, "postgresql://db", object()])
    def test_what_is_no_connection_is_told(self, desk: Desk, given: object) -> None:
        """What is no connection is named."""
        with pytest.raises(evalflow.InvalidInput) as told:
            desk.engine.joined(given)
        assert [each.code for each in told.value.problems] == ["not_joinable"]

    def test_a_closed_connection_is_told(self, desk: Desk, connect: Callable[[], Any]) -> None:
        """A connection that was closed is named."""
        connection = connect()
        connection.close()
        with pytest.raises(evalflow.InvalidInput) as told:
            desk.engine.joined(connection)
        assert [each.code for each in told.value.problems] == ["not_joinable"]
