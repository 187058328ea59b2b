"""A host's transaction: what is fired in it is true when the host commits."""

from __future__ import annotations

import attrs
import psycopg
import pytest
from evalflow_postgres import PostgresStorage
from on_postgres import (
    LATER,
    LEASE,
    PLAN,
    SIX,
    said,
    version,
)

from evalflow import Conflict, InvalidInput, StorageError
from evalflow.storage import Commit, Selection, Settled
from evalflow.testing.given import (
    entry_after,
    given_plan,
    given_project,
    move_after,
    rating,
)

pytestmark = pytest.mark.servers


def test_a_firing_becomes_true_when_the_host_commits(
    storage: PostgresStorage, host: psycopg.Connection
) -> None:
    project = given_project(storage)
    host.execute("CREATE TABLE paper (name text)")
    host.commit()
    joined = PostgresStorage.on_connection(host, schema=storage.schema)

    host.execute("INSERT INTO paper VALUES ('공문-1')")
    joined.commit(entry_after(project, told=("policy-1",), rated=rating(SIX, "2016-Q1")))
    assert version(joined) == 2
    assert version(storage) == 1  # not yet
    host.rollback()
    assert version(storage) == version(joined) == 1
    assert list(storage.outbox()) == []

    host.execute("INSERT INTO paper VALUES ('공문-2')")
    joined.commit(entry_after(project, told=("policy-1",)))
    joined.close()
    host.commit()
    assert version(storage) == 2
    assert host.execute("SELECT name FROM paper").fetchall() == [("공문-2",)]


def test_a_conflict_leaves_the_hosts_transaction_ready_for_more(
    storage: PostgresStorage, host: psycopg.Connection
) -> None:
    project = given_project(storage)
    host.execute("CREATE TABLE paper (name text)")
    joined = PostgresStorage.on_connection(host, schema=storage.schema)
    ahead = move_after(project).project
    with pytest.raises(Conflict):
        joined.commit(entry_after(ahead))
    with pytest.raises(Conflict):
        joined.commit(Commit(moves=(move_after(ahead),), unchanged=((SIX, 1),)))
    broken = attrs.evolve(move_after(project).entry, before=("approved",) * 2, hash="").sealed()
    move = attrs.evolve(move_after(project), entry=broken)
    move = attrs.evolve(move, project=attrs.evolve(move.project, head=broken.hash))
    with pytest.raises(ValueError, match="continue"):
        joined.commit(Commit(moves=(move,)))

    host.execute("INSERT INTO paper VALUES ('공문')")
    joined.commit(entry_after(project))
    host.commit()
    assert version(storage) == 2


def test_a_host_that_waits_too_long_for_a_lock_can_go_on(
    storage: PostgresStorage, host: psycopg.Connection, database: str
) -> None:
    project = given_project(storage)
    with psycopg.connect(database) as other:
        other.execute(f"SELECT 1 FROM {storage.schema}.project FOR UPDATE")
        host.execute("SET LOCAL lock_timeout = '50ms'")
        joined = PostgresStorage.on_connection(host, schema=storage.schema)
        with pytest.raises(StorageError) as error:
            joined.commit(entry_after(project))
        assert said(error.value) == "locked"
        other.rollback()
    joined.commit(entry_after(project))
    host.commit()
    assert version(storage) == 2


def test_a_serialization_failure_is_a_conflict(
    storage: PostgresStorage, host: psycopg.Connection
) -> None:
    project = given_project(storage)
    host.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
    joined = PostgresStorage.on_connection(host, schema=storage.schema)
    assert version(joined) == 1
    storage.commit(entry_after(project))
    with pytest.raises(Conflict):
        joined.commit(entry_after(project))


def test_a_bulk_move_joins_the_hosts_transaction_and_leaves_its_planner_as_it_was(
    storage: PostgresStorage, host: psycopg.Connection
) -> None:
    project = given_project(storage)
    settings = "SELECT current_setting('enable_hashjoin'), current_setting('jit')"
    host.execute("SET jit = on")
    before = host.execute(settings).fetchall()
    joined = PostgresStorage.on_connection(host, schema=storage.schema)
    for _ in range(2):  # in one transaction
        like = move_after(project, state="submitted", told=("a",))
        joined.bulk_move(like, [(project.id, project.version, project.head)], on=None)
        with pytest.raises(Conflict):
            joined.bulk_move(like, [(project.id, project.version, project.head)], on=None)
        assert host.execute(settings).fetchall() == before
        snapshot = joined.snapshot(SIX)
        assert snapshot is not None
        project = snapshot.project
    assert version(joined) == 3
    assert version(storage) == 1
    host.rollback()
    assert version(storage) == 1


def test_a_host_in_autocommit_commits_each_firing(storage: PostgresStorage, database: str) -> None:
    project = given_project(storage)
    with psycopg.connect(database, autocommit=True) as connection:
        joined = PostgresStorage.on_connection(connection, schema=storage.schema)
        joined.commit(entry_after(project, told=("a",)))
        assert version(storage) == 2
        assert [p.id for p in joined.select(Selection())] == [SIX]
        with connection.transaction(force_rollback=True):
            joined.commit(entry_after(move_after(project).project))
            assert version(joined) == 3
        assert version(storage) == 2


def test_a_host_reads_and_writes_in_turn_whatever_its_rows_look_like(
    storage: PostgresStorage, database: str
) -> None:
    given_plan(storage)
    for number in range(1, 4):
        given_project(storage, f"{PLAN}/{number}")
    with psycopg.connect(database, row_factory=psycopg.rows.dict_row) as connection:
        joined = PostgresStorage.on_connection(connection, schema=storage.schema)
        for project in joined.select(Selection()):
            joined.commit(entry_after(project, told=("a",)))
        joined.commit(Commit(moves=tuple(move_after(p) for p in joined.select(Selection()))))
        with pytest.raises(InvalidInput, match="inside of a host's transaction"):
            joined.claim("console", at=LATER, limit=2, lease=LEASE)
        connection.commit()
        connection.autocommit = True
        (claimed, *_) = joined.claim("console", at=LATER, limit=2, lease=LEASE)
        joined.settle([Settled(notice=claimed.notice.id, notifier="console", state="dead")])
        joined.resend([(claimed.notice.id, "console")], at=LATER)
        assert len(list(joined.entries())) == 9
        assert joined.plans() == (PLAN,)
    assert [p.version for p in storage.select(Selection())] == [3, 3, 3]


def test_a_host_needs_a_store_that_can_be_used(
    storage: PostgresStorage, host: psycopg.Connection
) -> None:
    with pytest.raises(StorageError) as missing:
        PostgresStorage.on_connection(host, schema="nowhere")
    host.execute("UPDATE store SET version = 99")
    with pytest.raises(StorageError) as newer:
        PostgresStorage.on_connection(host, schema=storage.schema)
    assert (said(missing.value), said(newer.value)) == ("missing", "newer")
