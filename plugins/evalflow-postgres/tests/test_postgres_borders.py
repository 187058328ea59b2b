"""Who meets a change under way: a later release that raises the schema, a plan revised between two
reads of a host's transaction."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from evalflow_postgres import PostgresStorage, open_postgres, upgrades

import evalflow
from evalflow import Conflict, Project, StorageError
from evalflow.storage import Commit, Selection, Settled
from evalflow.testing.engines import PEOPLE, PROJECTS, Scheme, plan_of
from evalflow.testing.given import (
    BEGINNING,
    adoption,
    entry_after,
    given_project,
    head,
    move_after,
    revised,
)
from evalflow.testing.office import PLAN_ID, Ticking

pytestmark = pytest.mark.servers

PLAN = "seodaemun-2016"
SIX, SEVEN = f"{PLAN}/6", f"{PLAN}/7"
SECOND = "ALTER TABLE {schema}.project ADD COLUMN remark text NOT NULL DEFAULT '';"
RENAMED = "ALTER TABLE {schema}.project RENAME COLUMN band TO colour;"


def raise_version(host: psycopg.Connection, schema: str, *further: str) -> None:
    """Do what a later release does when it opens the store."""
    upgrades.bring_up(host, schema, "postgresql://db", (*upgrades.steps(), *further))
    host.commit()


def _one(storage: PostgresStorage) -> None:
    snapshot = storage.snapshot(SIX)
    assert snapshot is not None
    storage.commit(entry_after(snapshot.project))


def _several(storage: PostgresStorage) -> None:
    storage.commit(Commit(moves=(adoption(SEVEN), adoption(f"{PLAN}/8"))))


def _in_bulk(storage: PostgresStorage) -> None:
    snapshot = storage.snapshot(SIX)
    assert snapshot is not None
    project = snapshot.project
    like = move_after(project, state="submitted")
    storage.bulk_move(like, [(project.id, project.version, project.head)], on=None)


def _claiming(storage: PostgresStorage) -> None:
    storage.claim("console", at=BEGINNING, limit=1, lease=dt.timedelta(minutes=5))


WAYS: list[Callable[[PostgresStorage], object]] = [
    _one,
    lambda storage: storage.commit(Commit(moves=(adoption(SEVEN),))),
    _several,
    _in_bulk,
    lambda storage: storage.commit(Commit(plans=(revised(storage, head(revision=2)),))),
    _claiming,
    lambda storage: storage.settle([Settled(notice="n", notifier="console", state="dead")]),
    lambda storage: storage.resend([("n", "console")], at=BEGINNING),
]
NAMES = ["one move", "an adoption", "several", "in bulk", "a revision", "claim", "settle", "resend"]


@pytest.mark.parametrize("hosted", [False, True], ids=["own connections", "a host's"])
@pytest.mark.parametrize("writes", WAYS, ids=NAMES)
def test_who_has_a_store_open_stops_writing_when_a_later_release_raised_its_schema(
    storage: PostgresStorage,
    host: psycopg.Connection,
    database: str,
    writes: Callable[[PostgresStorage], object],
    hosted: bool,
) -> None:
    given_project(storage)
    with psycopg.connect(database, autocommit=True) as connection:
        earlier = PostgresStorage.on_connection(connection, schema=storage.schema)
        opened = earlier if hosted else storage
        raise_version(host, storage.schema, SECOND)
        with pytest.raises(StorageError) as error:
            writes(opened)
        assert (error.value.code, "later evalflow" in error.value.text("en")) == ("newer", True)
        assert [each.version for each in opened.select(Selection())] == [1]
        host.execute(f"UPDATE store SET version = {upgrades.VERSION}")
        host.commit()
        _one(opened)


def test_a_schema_that_has_other_columns_by_now_is_not_told_as_damaged(
    storage: PostgresStorage, host: psycopg.Connection
) -> None:
    project = given_project(storage)
    raise_version(host, storage.schema, RENAMED)
    with pytest.raises(StorageError) as error:
        storage.commit(entry_after(project))
    assert error.value.code == "newer"


def test_a_schema_is_raised_while_others_write(
    storage: PostgresStorage, host: psycopg.Connection, url: str
) -> None:
    """Four programs write while a later release takes its time over the upgrade: what was
    acknowledged is there, what came later was refused in one sentence, and nobody waits for
    nobody."""
    projects = [given_project(storage, f"{PLAN}/{number}") for number in range(1, 5)]
    acknowledged: dict[str, int] = {}
    told: list[str] = []
    begun = threading.Barrier(5)

    def write(turn: int) -> None:
        project = projects[turn]
        opened = open_postgres(url)
        begun.wait()
        try:
            until = time.monotonic() + 15
            while time.monotonic() < until:
                move = move_after(project)
                several = turn % 2 and {"unchanged": ((SIX, 0),)}
                opened.commit(Commit(moves=(move,), **(several or {})))  # type: ignore[arg-type]
                project = move.project
                acknowledged[project.id] = project.version
        except StorageError as error:
            told.append(error.code)
        finally:
            opened.close()

    with ThreadPoolExecutor(4) as threads:
        writing = [threads.submit(write, turn) for turn in range(4)]
        begun.wait()
        time.sleep(0.2)
        raise_version(host, storage.schema, "SELECT pg_sleep(0.3);" + SECOND)
        for each in writing:
            each.result(timeout=20)

    assert told == ["newer"] * 4
    assert {each.id: each.version for each in storage.select(Selection())} == acknowledged
    assert min(acknowledged.values()) > 1


def _under_the_first(storage: PostgresStorage, project: Project) -> None:
    storage.commit(Commit(moves=(move_after(project),), revisions=((PLAN, 1),)))


def _in_bulk_under_the_first(storage: PostgresStorage, project: Project) -> None:
    like = move_after(project, state="submitted")
    storage.bulk_move(like, [(project.id, project.version, project.head)], on=None, under=1)


@pytest.mark.parametrize("moved", [_under_the_first, _in_bulk_under_the_first])
def test_whoever_waited_for_a_project_while_the_plan_was_revised_is_told(
    database: str,
    url: str,
    storage: PostgresStorage,
    host: psycopg.Connection,
    moved: Callable[[PostgresStorage, Project], None],
) -> None:
    """Somebody looks at the project, so that a firing waits; then the plan's roles change. The
    project stands as it stood, and yet what was decided is no longer so."""
    project = given_project(storage)
    host.execute("SELECT 1 FROM project WHERE id = %s FOR NO KEY UPDATE", (SIX,))
    with ThreadPoolExecutor(1) as beside, psycopg.connect(database, autocommit=True) as look:
        firing = beside.submit(moved, storage, project)
        until = time.monotonic() + 20
        while not look.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone():
            assert time.monotonic() < until, "nobody waits for the project"
        with closing(open_postgres(url)) as other:
            other.commit(Commit(plans=(revised(other, head(revision=2)),)))
        host.rollback()
        with pytest.raises(Conflict):
            firing.result(60)
    assert [each.number for each in storage.history(SIX)] == [1]


def test_what_is_sent_together_comes_back_whole_after_a_streamed_read(
    storage: PostgresStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = given_project(storage)
    told: list[Exception] = []
    monkeypatch.setattr(storage, "_failed", lambda _, error: told.append(error))
    assert list(storage._source.rows("SELECT generate_series(1, 3)")) == [(1,), (2,), (3,)]
    _under_the_first(storage, project)
    assert told == []
    assert [each.number for each in storage.history(SIX)] == [1, 2]


def test_on_a_hosts_connection_a_plan_revised_between_two_reads_is_told(
    storage: PostgresStorage, host: psycopg.Connection
) -> None:
    """No project moved, and yet the rules of the second read are not those of the first."""
    given_project(storage)
    hosted = PostgresStorage.on_connection(host, schema=storage.schema)

    def read() -> list[int]:
        seen = []
        with hosted.reading() as then:
            for _ in range(2):
                seen.append(len(then.revisions(PLAN)))
                latest = seen[-1] + 1
                storage.commit(Commit(plans=(revised(storage, head(revision=latest)),)))
        return seen

    with pytest.raises(Conflict) as error:
        read()
    assert "look again" in error.value.text("en")
    host.rollback()
    host.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    seen = len(storage.revisions(PLAN))
    with hosted.reading() as then:
        assert len(then.revisions(PLAN)) == seen
        storage.commit(Commit(plans=(revised(storage, head(revision=seen + 1)),)))
        assert len(then.revisions(PLAN)) == seen
    host.rollback()


SCHEME = Scheme(
    regions={"r0": ("s0", "s1")},
    moves={"e0": {"r0": {"s0": "s1", "s1": "s0"}}},
    by={"e0": "clerk"},
    bars=(),
)


@pytest.mark.parametrize("further", [False, True], ids=["the same number", "one more"])
def test_what_a_host_rolled_back_is_never_in_force(
    url: str, database: str, tmp_path: Path, further: bool
) -> None:
    """A revision that gave somebody a role, and gave the project to another department, is rolled
    back; another revision takes its number. The host's engine had read the first."""
    clock = Ticking()
    units = dict(zip(PROJECTS, ("north", "south", "north"), strict=True))
    project = f"{PLAN_ID}/1"

    def revise(engine: evalflow.Engine, revision: int, idle: str, unit: str) -> None:
        people = {**PEOPLE, "idle-1": (idle, "office" if idle == "visitor" else "north")}
        moved = {**units, "1": unit}
        plan = plan_of(tmp_path, SCHEME, moved, revision, people=people)
        engine.adopt(plan, by="keeper-1", reason="개정")

    with (
        evalflow.open(url, clock=clock) as office,
        psycopg.connect(database) as connection,
    ):
        plan = plan_of(tmp_path, SCHEME, units, 1)
        office.adopt(plan, by=plan.actor("keeper-1"))
        storage = PostgresStorage.on_connection(connection, schema=url.rpartition("=")[2])
        hosted = evalflow.Engine(storage, plugins=office.plugins, clock=clock)

        def may(engine: evalflow.Engine, who: str) -> bool:
            by = engine.actor(PLAN_ID, who)
            return engine.explain(project, "e0", by=by, data={}).allowed

        revise(hosted, 1, "clerk", "south")
        assert (may(hosted, "south-1"), may(hosted, "north-1")) == (True, False)
        connection.rollback()
        people = {**PEOPLE, "south-1": ("visitor", "office")}
        plan = plan_of(tmp_path, SCHEME, units, 1, people=people)
        office.adopt(plan, by="keeper-1", reason="실제")
        if further:
            revise(office, 2, "visitor", "north")

        for who in PEOPLE:
            assert may(hosted, who) == may(office, who), who
        with pytest.raises(evalflow.Refused):
            hosted.fire(project, "e0", by=hosted.actor(PLAN_ID, "idle-1"), data={})
        hosted.fire(project, "e0", by=hosted.actor(PLAN_ID, "north-1"), data={})
        connection.commit()
        assert list(office.audit.verify()) == []
