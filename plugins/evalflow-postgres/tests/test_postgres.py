"""What is true of PostgreSQL alone: its guards, its order, its listeners, its errors."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import subprocess
import sys
import threading
import time
import zipfile
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Any

import attrs
import evalflow_postgres
import psycopg
import pytest
from evalflow_postgres import PostgresStorage, failures, open_postgres, upgrades
from evalflow_postgres.connections import Pool
from evalflow_postgres.copies import write_copy
from evalflow_postgres.moves import across
from evalflow_postgres.testing import Server, fresh
from hypothesis import given
from hypothesis import strategies as st

import evalflow
from evalflow import Conflict, InvalidInput, Project, StorageError
from evalflow.storage import Commit, Selection, Settled, fault_point
from evalflow.testing import faults
from evalflow.testing.given import (
    BEGINNING,
    entry_after,
    given_plan,
    given_project,
    head,
    move_after,
    rating,
    revised,
)

pytestmark = pytest.mark.servers

PLAN = "seodaemun-2016"
SIX = f"{PLAN}/6"
SEVEN = f"{PLAN}/7"
LATER = BEGINNING + dt.timedelta(days=30)
LEASE = dt.timedelta(minutes=5)
storable_letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")


def version(storage: PostgresStorage, project: str = SIX) -> int:
    snapshot = storage.snapshot(project)
    return 0 if snapshot is None else snapshot.project.version


def contents(connection: psycopg.Connection) -> dict[str, list[Any]]:
    tables = (
        "plan_revision",
        "plan_entry",
        "project",
        "definition",
        "entry",
        "evaluation",
        "notice",
    )
    return {
        table: connection.execute(f"SELECT t::text FROM {table} AS t ORDER BY 1").fetchall()
        for table in tables
    }


def said(error: StorageError) -> str:
    """Both sentences are there, and in their languages."""
    assert error.text("en").isascii()
    assert any("가" <= letter <= "힣" for letter in error.text("ko"))
    return error.code


def eventually(question: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not question():
        assert time.monotonic() < deadline, "it never became true"
        time.sleep(0.01)


def waiting(connection: psycopg.Connection) -> int:
    """How many sessions wait for a lock."""
    row = connection.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()
    connection.rollback()
    assert row is not None
    return int(row[0])


# ------------------------------------------------------------------ another program's SQL

COLUMNS = (
    "project, number, event, actor, role, on_behalf_of, at, before, after, period, period_after, "
    "unit, revision, lifecycle, reason, data, rating, evaluation, late, key, previous, hash"
)
RIGHT = {
    "number": "3",
    "before": "after",
    "period": "period_after",
    "key": "NULL",
    "previous": "hash",
    "hash": "repeat('a', 64)",
}


def entry(**wrong: str) -> str:
    """An entry made of the last one, by plain SQL."""
    values = [{**RIGHT, **wrong}.get(name, name) for name in COLUMNS.split(", ")]
    return f"INSERT INTO entry ({COLUMNS}) SELECT {', '.join(values)} FROM entry WHERE number = 2"


def moving(**wrong: str) -> str:
    """The same, with the project moved by the same statement."""
    number = {**RIGHT, **wrong}["number"]
    return (
        f"WITH moved AS (UPDATE project SET version = {number}, head = repeat('a', 64)) "
        f"{entry(**wrong)}"
    )


@pytest.mark.parametrize(
    "sql",
    [
        pytest.param(entry(), id="an entry without moving the project"),
        pytest.param(moving(number="2"), id="a second move from the same version"),
        pytest.param(moving(number="4"), id="a gap"),
        pytest.param(moving(number="1"), id="a number from before"),
        pytest.param(moving(previous="previous"), id="another predecessor"),
        pytest.param(moving(before='\'["approved","unchanged"]\''), id="other states before"),
        pytest.param(moving(after='\'["approved","unchanged"]\''), id="other states after"),
        pytest.param(moving(period="'2016-Q4'"), id="another period"),
        pytest.param(moving(key="'used'"), id="a used key"),
        pytest.param(moving(project="'nowhere/1'"), id="an entry of no project"),
        pytest.param("UPDATE entry SET reason = 'no'", id="changing entries"),
        pytest.param("DELETE FROM entry WHERE number = 2", id="deleting an entry"),
        pytest.param("TRUNCATE entry CASCADE", id="emptying the history"),
        pytest.param("UPDATE project SET states = '[\"approved\"]'", id="editing states"),
        pytest.param("UPDATE project SET version = version + 1", id="moving without an entry"),
        pytest.param("UPDATE project SET version = version - 1", id="moving back"),
        pytest.param(
            "UPDATE project SET (version, head, states) = (SELECT 1, hash, after FROM entry "
            "WHERE number = 1)",
            id="moving back to an entry",
        ),
        pytest.param("UPDATE project SET period = '2016-Q4'", id="editing the period"),
        pytest.param("UPDATE project SET id = plan || '/7', number = '7'", id="renaming"),
        pytest.param("DELETE FROM project", id="deleting a project"),
        pytest.param("TRUNCATE project CASCADE", id="emptying the projects"),
        pytest.param(
            "INSERT INTO project SELECT plan || '/7', plan, '7', label_ko, label_en, unit, field, "
            "states, visits, period, 5, lifecycle, revision, band, head, change FROM project",
            id="a project from nowhere",
        ),
        pytest.param(
            "INSERT INTO plan_revision SELECT plan, 3, effective, tree FROM plan_revision",
            id="a gap in the revisions",
        ),
        pytest.param(
            "INSERT INTO plan_revision SELECT plan, 2, effective, tree FROM plan_revision",
            id="a revision without an entry of the plan",
        ),
        pytest.param("UPDATE plan_entry SET actor = 'x'", id="changing a plan's entry"),
        pytest.param("DELETE FROM plan_entry", id="deleting a plan's entry"),
        pytest.param("TRUNCATE plan_entry", id="deleting all entries of plans"),
        pytest.param(
            "INSERT INTO plan_entry SELECT plan, 3, event, actor, role, on_behalf_of, at, "
            "revision, effective, head_after, head_after, lifecycle, reason, data, hash, hash "
            "FROM plan_entry",
            id="a gap in a plan's entries",
        ),
        pytest.param("UPDATE plan_revision SET tree = '{}'", id="changing a revision"),
        pytest.param("DELETE FROM plan_revision", id="deleting a revision"),
        pytest.param("TRUNCATE plan_revision", id="emptying the revisions"),
        pytest.param("UPDATE definition SET tree = '{}'", id="changing a definition"),
        pytest.param("DELETE FROM definition", id="deleting a definition"),
        pytest.param("TRUNCATE definition CASCADE", id="emptying the definitions"),
        pytest.param(
            "INSERT INTO definition SELECT project, 0, 'x', 'x', field, '{}' FROM definition",
            id="a definition from before",
        ),
        pytest.param(
            "INSERT INTO notice (id, project, number, name, recipient, role, notifier, subject_ko, "
            "subject_en, at, data, next_at) SELECT id || 'x', project, number + 7, name, "
            "recipient, role, notifier, subject_ko, subject_en, at, data, next_at FROM notice",
            id="a notice of no entry",
        ),
        pytest.param("UPDATE notice SET number = 1", id="a notice of another entry"),
    ],
)
def test_another_program_cannot_break_the_history(
    storage: PostgresStorage, host: psycopg.Connection, sql: str
) -> None:
    project = given_project(storage)
    storage.commit(entry_after(project, key="used", state="submitted", told=("a",)))
    before = contents(host)
    host.commit()

    with pytest.raises(psycopg.DatabaseError) as refused:
        host.execute(sql)
    host.rollback()

    assert failures.was_refused(refused.value), refused.value
    assert contents(host) == before


def test_a_right_statement_of_another_program_moves_the_project(
    storage: PostgresStorage, host: psycopg.Connection
) -> None:
    """The refusals above are for what is wrong in each statement, not for the rest of it."""
    storage.commit(entry_after(given_project(storage), state="submitted"))
    host.execute(moving())
    host.commit()

    assert version(storage) == 3


def test_positions_cannot_be_chosen(storage: PostgresStorage, host: psycopg.Connection) -> None:
    storage.commit(entry_after(given_project(storage)))
    with pytest.raises(psycopg.Error, match="position"):
        host.execute("INSERT INTO entry (position) VALUES (1)")


# ------------------------------------------------------------------ the order for readers


def numbers(storage: PostgresStorage, after: int = 0) -> list[tuple[str, int]]:
    return [(entry.project, entry.number) for _, entry in storage.entries(after=after)]


def test_an_entry_committed_late_is_not_skipped(
    storage: PostgresStorage, host: psycopg.Connection
) -> None:
    six, seven = given_project(storage, SIX), given_project(storage, SEVEN)
    seen, _ = list(storage.entries())[-1]
    slow = PostgresStorage.on_connection(host, schema=storage.schema)

    slow.commit(entry_after(six))  # it has drawn the earlier position, and is not there yet
    storage.commit(entry_after(seven))
    assert numbers(storage, seen) == []

    host.commit()
    assert numbers(storage, seen) == [(SIX, 2), (SEVEN, 2)]


def test_an_entry_that_never_comes_holds_nobody_up(
    storage: PostgresStorage, host: psycopg.Connection
) -> None:
    six, seven = given_project(storage, SIX), given_project(storage, SEVEN)
    seen, _ = list(storage.entries())[-1]
    slow = PostgresStorage.on_connection(host, schema=storage.schema)

    slow.commit(entry_after(six))
    storage.commit(entry_after(seven))
    host.rollback()

    assert numbers(storage, seen) == [(SEVEN, 2)]


def test_what_was_there_before_a_slow_transaction_is_read_meanwhile(
    storage: PostgresStorage, host: psycopg.Connection
) -> None:
    six, seven = given_project(storage, SIX), given_project(storage, SEVEN)
    slow = PostgresStorage.on_connection(host, schema=storage.schema)
    slow.commit(entry_after(six))
    storage.commit(entry_after(seven))

    assert numbers(storage) == [(SIX, 1), (SEVEN, 1)]


def test_a_transaction_that_drew_its_number_early_and_writes_late_is_not_skipped(
    storage: PostgresStorage, host: psycopg.Connection
) -> None:
    """Transaction numbers and positions may go crosswise: neither alone is the order."""
    six, seven = given_project(storage, SIX), given_project(storage, SEVEN)
    seen, _ = list(storage.entries())[-1]
    host.execute("SELECT pg_current_xact_id()")
    with psycopg.connect(host.info.dsn) as other:
        later = PostgresStorage.on_connection(other, schema=storage.schema)
        early = PostgresStorage.on_connection(host, schema=storage.schema)
        later.commit(entry_after(six))
        early.commit(entry_after(seven))
        host.commit()
        assert numbers(storage, seen) == []
        other.commit()
    assert numbers(storage, seen) == [(SIX, 2), (SEVEN, 2)]


def test_a_long_transaction_announces_itself_once(
    storage: PostgresStorage, host: psycopg.Connection
) -> None:
    project = given_project(storage)
    joined = PostgresStorage.on_connection(host, schema=storage.schema)
    for _ in range(20):
        move = move_after(project)
        joined.commit(Commit(moves=(move,)))
        project = move.project

    (locks,) = host.execute(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
    ).fetchone() or (0,)
    assert locks == 1


def test_an_announcement_that_was_taken_back_is_made_again(
    storage: PostgresStorage, host: psycopg.Connection
) -> None:
    six, seven = given_project(storage, SIX), given_project(storage, SEVEN)
    seen, _ = list(storage.entries())[-1]
    joined = PostgresStorage.on_connection(host, schema=storage.schema)
    with pytest.raises(Conflict):  # in a savepoint, which takes lock and mark back
        joined.commit(entry_after(move_after(six).project))
    joined.commit(entry_after(six))
    storage.commit(entry_after(seven))

    assert numbers(storage, seen) == []
    host.commit()
    assert numbers(storage, seen) == [(SIX, 2), (SEVEN, 2)]


def test_an_old_view_is_no_place_to_read_the_order_from(
    storage: PostgresStorage, host: psycopg.Connection
) -> None:
    given_project(storage)
    host.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    joined = PostgresStorage.on_connection(host, schema=storage.schema)
    with pytest.raises(ValueError, match="READ COMMITTED"):
        list(joined.entries())


# ------------------------------------------------------------------ waking the deliverer


@pytest.fixture
def waiter(url: str) -> Iterator[PostgresStorage]:
    """A second process's view of the store, already listening."""
    opened = open_postgres(url)
    assert opened.wait_for_notices(0)
    yield opened
    opened.close()


def test_a_commit_with_notices_wakes_who_waits(
    storage: PostgresStorage, waiter: PostgresStorage
) -> None:
    project = given_project(storage)
    with ThreadPoolExecutor(1) as beside:
        woken = beside.submit(waiter.wait_for_notices, 60)
        started = time.monotonic()
        storage.commit(entry_after(project, told=("policy-1",)))
        assert woken.result() is True
    assert time.monotonic() - started < 30


def test_many_commits_wake_and_none_is_left_to_hear(
    storage: PostgresStorage, waiter: PostgresStorage
) -> None:
    projects = tuple(given_project(storage, f"{PLAN}/{n}") for n in (1, 2))
    storage.commit(Commit(moves=tuple(move_after(p, told=("a", "b")) for p in projects)))
    assert waiter.wait_for_notices(60) is True
    assert waiter.wait_for_notices(0.05) is False


def test_a_commit_without_notices_wakes_nobody(
    storage: PostgresStorage, waiter: PostgresStorage
) -> None:
    storage.commit(entry_after(given_project(storage)))
    assert waiter.wait_for_notices(0.05) is False


def test_dead_letters_sent_again_wake_too(
    storage: PostgresStorage, waiter: PostgresStorage
) -> None:
    storage.commit(entry_after(given_project(storage), told=("a",)))
    assert waiter.wait_for_notices(60) is True
    (claimed,) = storage.claim("console", at=LATER, limit=9, lease=LEASE)
    pair = claimed.notice.id, "console"
    storage.settle([Settled(notice=pair[0], notifier="console", state="dead", error="x")])
    assert storage.resend([pair], at=LATER) == 1
    assert waiter.wait_for_notices(60) is True


def test_a_host_wakes_when_it_commits(
    storage: PostgresStorage, waiter: PostgresStorage, host: psycopg.Connection
) -> None:
    project = given_project(storage)
    PostgresStorage.on_connection(host, schema=storage.schema).commit(
        entry_after(project, told=("a",))
    )
    assert waiter.wait_for_notices(0.05) is False
    host.commit()
    assert waiter.wait_for_notices(60) is True


def test_nobody_is_told_where_nobody_listens(
    storage: PostgresStorage, url: str, host: psycopg.Connection
) -> None:
    def listened() -> object:
        row = host.execute("SELECT somebody_listens()").fetchone()
        host.rollback()
        assert row is not None
        return row[0]

    assert listened() is False
    waiter = open_postgres(url)
    waiter.wait_for_notices(0)
    assert listened() is True
    waiter.close()
    eventually(lambda: not listened())


def test_after_a_lost_connection_the_waiter_looks_for_itself(
    waiter: PostgresStorage, host: psycopg.Connection
) -> None:
    host.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE "
        "'%%advisory_lock_shared%%' AND pid <> pg_backend_pid() AND query LIKE %s",
        (f"%{waiter.schema}%",),
    )
    assert waiter.wait_for_notices(60) is True
    assert waiter.wait_for_notices(0.05) is False


# ------------------------------------------------------------------ claiming


def test_what_another_deliverer_is_claiming_is_passed_over(
    storage: PostgresStorage, host: psycopg.Connection
) -> None:
    storage.commit(entry_after(given_project(storage), at=BEGINNING, told=("a", "b", "c")))
    host.execute("SELECT 1 FROM notice ORDER BY position LIMIT 1 FOR UPDATE")  # is claiming one

    others = storage.claim("console", at=LATER, limit=9, lease=LEASE)  # does not wait

    assert [each.notice.recipient for each in others] == ["b", "c"]


def test_notices_are_not_delivered_inside_of_a_hosts_transaction(
    storage: PostgresStorage, host: psycopg.Connection
) -> None:
    storage.commit(entry_after(given_project(storage), at=BEGINNING, told=("a",)))
    joined = PostgresStorage.on_connection(host, schema=storage.schema)
    for _ in range(2):  # before its first statement, and after
        with pytest.raises(InvalidInput) as error:
            joined.claim("console", at=LATER, limit=1, lease=LEASE)
        assert error.value.problems[0].code == "open_transaction"
        host.execute("SELECT 1")
    host.commit()
    host.autocommit = True
    assert len(joined.claim("console", at=LATER, limit=1, lease=LEASE)) == 1
    assert [each.tries for each in storage.outbox()] == [1]


def test_who_settle_the_same_notices_do_not_wait_for_each_other(storage: PostgresStorage) -> None:
    told = tuple(f"policy-{n}" for n in range(40))
    storage.commit(entry_after(given_project(storage), at=BEGINNING, told=told))
    claimed = storage.claim("console", at=LATER, limit=99, lease=LEASE)
    outcomes = [
        Settled(notice=each.notice.id, notifier="console", state="delivered") for each in claimed
    ]

    def settle(turn: int) -> None:
        for _ in range(10):
            storage.settle(outcomes if turn % 2 else list(reversed(outcomes)))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(settle, range(4)))
    assert {each.state for each in storage.outbox()} == {"delivered"}


def test_an_outcome_told_twice_counts_in_its_order(storage: PostgresStorage) -> None:
    storage.commit(entry_after(given_project(storage), at=BEGINNING, told=("a",)))
    (claimed,) = storage.claim("console", at=LATER, limit=9, lease=LEASE)
    storage.settle(
        Settled(notice=claimed.notice.id, notifier="console", state=state, next_at=LATER)
        for state in ("dead", "delivered", "dead")
    )
    assert [each.state for each in storage.outbox()] == ["delivered"]


# ------------------------------------------------------------------ a host's transaction


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


# ------------------------------------------------------------------ several at once


def test_stores_in_one_database_do_not_meet(storage: PostgresStorage, database: str) -> None:
    other = open_postgres(fresh(database))
    given_project(storage)
    given_project(other, SEVEN)
    assert [p.id for p in storage.select(Selection())] == [SIX]
    assert [p.id for p in other.select(Selection())] == [SEVEN]
    other.close()


def test_a_plan_revised_between_the_comparison_and_the_write_is_a_conflict(
    storage: PostgresStorage, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = given_project(storage)
    compare = PostgresStorage._compare
    with closing(open_postgres(url)) as other:

        def and_then_another_revises(self: PostgresStorage, *asked: Any) -> None:
            compare(self, *asked)
            monkeypatch.setattr(PostgresStorage, "_compare", compare)
            other.commit(Commit(plans=(revised(other, head(revision=2)),)))

        monkeypatch.setattr(PostgresStorage, "_compare", and_then_another_revises)
        monkeypatch.setattr(fault_point, "listener", lambda name: None)  # a commit in steps
        with pytest.raises(Conflict) as conflict:
            storage.commit(Commit(moves=(move_after(project),), revisions=((project.plan, 1),)))
    assert conflict.value.project == project.plan
    assert list(storage.select(Selection())) == [project]


@pytest.mark.parametrize("told", [(), ("a",), ("a", "b")])
def test_a_firing_waits_for_who_has_its_project_and_needs_no_wait_where_nobody_has(
    storage: PostgresStorage, host: psycopg.Connection, told: tuple[str, ...]
) -> None:
    move = move_after(given_project(storage), told=told)
    storage.commit(Commit(moves=(move,), revisions=((PLAN, 1),)))
    after = Commit(moves=(move_after(move.project, told=told),), revisions=((PLAN, 1),))

    host.execute("SELECT 1 FROM project FOR UPDATE")
    with ThreadPoolExecutor(1) as beside, psycopg.connect(host.info.dsn) as look:
        writing = beside.submit(storage.commit, after)
        eventually(lambda: waiting(look))
        host.rollback()
        writing.result(60)

    assert version(storage) == 3
    assert len(list(storage.outbox())) == 2 * len(told)


@given(rows=st.lists(st.tuples(st.text(storable_letters), st.none() | st.text(storable_letters))))
def test_what_many_moves_hand_over_is_what_the_server_reads(
    rows: list[tuple[str, str | None]], database: str
) -> None:
    with psycopg.connect(database) as connection:
        for values, column in zip(across(rows), zip(*rows, strict=True), strict=True):
            found = connection.execute("SELECT %s::text[]", (values,)).fetchone()
            assert found == (list(column),)


def test_commits_that_overlap_crosswise_end_in_one_winner_and_no_deadlock(
    storage: PostgresStorage,
) -> None:
    given_plan(storage)
    projects = [given_project(storage, f"{PLAN}/{n}") for n in range(1, 13)]

    for _ in range(5):
        moves = [move_after(project) for project in projects]
        orders = [moves, list(reversed(moves)), moves[6:] + moves[:6]]

        def attempt(order: list[Any]) -> str:
            try:
                storage.commit(Commit(moves=tuple(order)))
            except Conflict:
                return "conflict"
            return "moved"

        with ThreadPoolExecutor(3) as threads:
            assert sorted(threads.map(attempt, orders)) == ["conflict", "conflict", "moved"]
        projects = [move.project for move in moves]


def test_no_more_connections_are_opened_than_allowed(url: str, host: psycopg.Connection) -> None:
    storage = open_postgres(f"{url}&connections=3&timeout=30")
    projects = [given_project(storage, f"{PLAN}/{n}") for n in range(1, 9)]

    def often(project: Project) -> None:
        for _ in range(5):
            move = move_after(project)
            storage.commit(Commit(moves=(move,)))
            project = move.project

    most = 0
    with ThreadPoolExecutor(8) as threads:
        running = [threads.submit(often, project) for project in projects]
        while not all(each.done() for each in running):
            (now,) = host.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE query LIKE %s "
                "AND pid <> pg_backend_pid()",
                (f"%{storage.schema}%",),
            ).fetchone() or (0,)
            host.rollback()
            most = max(most, now)
        for each in running:
            each.result()
    storage.close()
    # The store's own fixture has a connection as well.
    assert 1 < most <= 3 + 1


def test_a_connection_may_be_lent_the_moment_it_is_given_back(url: str) -> None:
    """It is among the idle ones before its giver is done: whoever takes it then keeps it."""
    storage = open_postgres(url)
    pool = storage._source
    assert isinstance(pool, Pool)
    take = pool.take
    taken: list[psycopg.Connection] = []

    class Idle(deque[psycopg.Connection]):
        def append(self, connection: psycopg.Connection) -> None:
            super().append(connection)
            if not taken:
                other = threading.Thread(target=lambda: taken.append(take()))
                other.start()
                other.join()

    first = pool.take()
    pool._idle = Idle()
    pool.put(first)
    assert taken == [first]
    pool.put(first)
    assert not pool._lent
    storage.close()


def test_who_finds_all_connections_in_use_is_told(url: str) -> None:
    storage = open_postgres(f"{url}&connections=1&timeout=0.1")
    given_project(storage)
    with (
        storage.reading(),
        ThreadPoolExecutor(1) as another,
        pytest.raises(StorageError) as error,
    ):
        another.submit(storage.plans).result()
    assert said(error.value) == "locked"
    assert "connections" in error.value.text("en")
    assert storage.plans() == (PLAN,)
    storage.close()


def test_as_many_threads_as_connections_may_ask_beside_their_streams(url: str) -> None:
    storage = open_postgres(f"{url}&connections=4&timeout=2")
    for number in range(1, 300):
        given_project(storage, f"{PLAN}/{number}")
    streaming = threading.Barrier(4)

    def work() -> int:
        projects = storage.select(Selection())
        first = next(projects)
        streaming.wait(30)  # now all connections are taken
        # Lazily: the stream stays open while its projects' histories are asked for.
        return sum(1 for each in chain((first,), projects) for _ in storage.history(each.id))

    with ThreadPoolExecutor(4) as threads:
        assert [each.result() for each in [threads.submit(work) for _ in range(4)]] == [299] * 4
    # Nobody was counted twice, nobody forgotten.
    with ThreadPoolExecutor(4) as threads:
        assert all(each.result() for each in [threads.submit(storage.plans) for _ in range(8)])
    storage.close()


@pytest.mark.parametrize("what", ["verify", "batch", "due", "overview"])
def test_as_many_threads_as_connections_read_in_many_statements(url: str, what: str) -> None:
    with evalflow.open(f"{url}&connections=3&timeout=2") as engine:
        plan = engine.load_plan(evalflow.example("seodaemun-2016"))
        engine.adopt(plan, by=plan.actor("policy-1"))
        begin = threading.Barrier(3)
        acts: dict[str, Callable[[], object]] = {
            "verify": lambda: list(engine.audit.verify()),
            "batch": lambda: len(engine.batch("self_evaluate", by="audit-office-1")),
            "due": lambda: len(engine.due()),
            "overview": lambda: len(evalflow.overview(engine, PLAN).standings),
        }

        def work() -> object:
            begin.wait(30)
            return acts[what]()

        with ThreadPoolExecutor(3) as threads:
            first, *others = [each.result() for each in [threads.submit(work) for _ in range(3)]]
        assert others == [first, first]


# ------------------------------------------------------------------ one moment


def test_a_bundle_beside_a_hosts_open_transaction_bears_itself_out(
    storage: PostgresStorage, url: str, host: psycopg.Connection, tmp_path: Path
) -> None:
    times = iter(range(10**6))

    def clock() -> dt.datetime:
        return dt.datetime(2016, 4, 4, tzinfo=dt.UTC) + dt.timedelta(seconds=next(times))

    with evalflow.open(url, clock=clock) as engine:
        plan = engine.load_plan(evalflow.example("seodaemun-2016"))
        engine.adopt(plan, by=plan.actor("policy-1"))
        hosted = evalflow.Engine(
            PostgresStorage.on_connection(host, schema=storage.schema),
            plugins=engine.plugins,
            clock=clock,
        )
        extension = {"deadline": "self_evaluate", "until": "2016-04-11", "reason": "출장"}
        for one, of in (("1", hosted), ("2", engine)):  # the first with the lower position
            of.fire(f"{PLAN}/{one}", "extend_deadline", by="policy-1", data=extension)
        bundle = tmp_path / "bundle.zip"

        told = engine.audit.export(bundle)
        entries = sum(1 for _ in engine.storage.histories(PLAN))
        assert told.entries == entries == 43 + 1
        assert told.checkpoint.entries == 43  # what has its place for good
        _, found = evalflow.verify_bundle(bundle)
        assert found == ()
        assert len(list(engine.storage.entries())) == 43
        host.commit()
        later = tmp_path / "later.zip"
        assert engine.audit.export(later).checkpoint.entries == 43 + 2
        _, found = evalflow.verify_bundle(later, noted=told.checkpoint)
        assert found == ()


@pytest.mark.parametrize("autocommit", [True, False])
def test_on_a_hosts_connection_what_was_read_of_two_moments_is_told(
    storage: PostgresStorage, host: psycopg.Connection, autocommit: bool
) -> None:
    project = given_project(storage)
    host.autocommit = autocommit
    hosted = PostgresStorage.on_connection(host, schema=storage.schema)
    with hosted.reading() as then:
        assert then.snapshot(SIX) == storage.snapshot(SIX)
    host.execute("SELECT 1")

    def read() -> list[int]:
        seen = []
        with hosted.reading() as then:
            for _ in range(2):
                seen += [each.number for each in then.history(SIX)]
                storage.commit(entry_after(_standing(storage)))
        return seen

    if autocommit:
        assert read() == [1, 1]
    else:
        with pytest.raises(Conflict):
            read()
    assert hosted.snapshot(SIX) == storage.snapshot(SIX)
    assert version(storage) == project.version + 2


def test_a_reading_leaves_the_hosts_own_work_as_it_is(
    storage: PostgresStorage, host: psycopg.Connection
) -> None:
    given_project(storage)
    hosted = PostgresStorage.on_connection(host, schema=storage.schema)
    hosted.commit(entry_after(_standing(hosted)))

    class Odd(Exception):
        pass

    def fails_in_it() -> None:
        with hosted.reading() as then:
            next(then.select(Selection()))
            raise Odd

    with pytest.raises(Odd):
        fails_in_it()
    with pytest.raises(StorageError), hosted.reading() as then:
        list(then._rows("SELECT nonsense", ()))
    assert version(hosted) == 2
    host.commit()
    assert version(storage) == 2


def _standing(storage: PostgresStorage) -> Project:
    found = storage.snapshot(SIX)
    assert found is not None
    return found.project


def test_a_forked_child_uses_connections_of_its_own(storage: PostgresStorage) -> None:
    project = given_project(storage)
    child = os.fork()
    if child == 0:
        try:
            storage.commit(entry_after(project))
            os._exit(0)
        except BaseException:
            os._exit(1)
    _, ending = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(ending) == 0
    assert version(storage) == 2


# ------------------------------------------------------------------ errors


def test_a_server_that_is_not_there_is_told() -> None:
    with pytest.raises(StorageError) as error:
        open_postgres("postgresql://me:secret@127.0.0.1:9/office")
    assert said(error.value) == "unreachable"
    assert "secret" not in error.value.text("en") + error.value.text("ko")
    for language in ("en", "ko"):
        assert "postgresql://me:***@127.0.0.1:9/office" in error.value.text(language)


@pytest.mark.parametrize(
    "option",
    ["schema=Office", "schema=a%22b", "schema=", "timeout=soon", "timeout=0", "connections=0"],
)
def test_an_option_without_sense_is_told(database: str, option: str) -> None:
    with pytest.raises(StorageError) as error:
        open_postgres(f"{database}?{option}")
    assert said(error.value) == "missing"
    assert option.partition("=")[0] in error.value.text("en")


def test_a_project_locked_by_another_program_is_told_after_the_time_out(
    url: str, host: psycopg.Connection
) -> None:
    storage = open_postgres(f"{url}&timeout=0.2")
    project = given_project(storage)
    host.execute("SELECT 1 FROM project FOR UPDATE")
    with pytest.raises(StorageError) as error:
        storage.commit(entry_after(project))
    assert said(error.value) == "locked"
    assert version(storage) == 1  # readers do not wait
    host.rollback()
    storage.commit(entry_after(project))
    storage.close()


def test_a_database_that_may_not_be_written_says_so(storage: PostgresStorage, url: str) -> None:
    project = given_project(storage)
    joint = "&options=-c%20default_transaction_read_only%3Don"
    reader = open_postgres(url + joint)
    assert version(reader) == 1
    with pytest.raises(StorageError) as error:
        reader.commit(entry_after(project))
    with pytest.raises(StorageError) as claimed:
        reader.claim("console", at=LATER, limit=1, lease=LEASE)
    assert [said(error.value), said(claimed.value)] == ["read_only"] * 2
    assert version(storage) == 1
    reader.close()


def test_a_role_without_rights_is_told(
    storage: PostgresStorage, url: str, host: psycopg.Connection
) -> None:
    project = given_project(storage)
    role = f"reader_{storage.schema}"
    host.execute(f"CREATE ROLE {role} LOGIN")
    host.execute(f"GRANT USAGE ON SCHEMA {storage.schema} TO {role}")
    host.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {storage.schema} TO {role}")
    host.commit()
    reader = open_postgres(f"{url}&user={role}")
    assert version(reader) == 1
    with pytest.raises(StorageError) as error:
        reader.commit(entry_after(project))
    assert said(error.value) == "read_only"

    host.execute(f"GRANT INSERT, UPDATE ON ALL TABLES IN SCHEMA {storage.schema} TO {role}")
    host.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {storage.schema} TO {role}")
    host.commit()
    reader.commit(entry_after(project, told=("a",), rated=rating(SIX, "2016-Q1")))
    assert len(list(reader.entries())) == 2
    reader.close()
    host.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
    host.commit()


def test_a_store_without_one_of_its_tables_is_damaged(
    storage: PostgresStorage, host: psycopg.Connection
) -> None:
    given_project(storage)
    host.execute("DROP TABLE evaluation")
    host.commit()
    with pytest.raises(StorageError) as error:
        storage.snapshot(SIX)
    assert said(error.value) == "corrupt"


def test_a_full_disk_is_told() -> None:
    error = failures.storage_error(
        psycopg.errors.DiskFull("could not extend file"), "postgresql://db"
    )
    assert said(error) == "full"


def test_a_closed_store_says_so(url: str) -> None:
    storage = open_postgres(url)
    storage.close()
    for use in (storage.plans, lambda: storage.snapshot(SIX), lambda: list(storage.outbox())):
        with pytest.raises(StorageError) as error:
            use()
        assert said(error.value) == "unreachable"


def test_a_key_that_no_index_can_hold_is_refused(storage: PostgresStorage) -> None:
    project = given_project(storage)
    incompressible = "".join(chr(0xAC00 + (n * 7919) % 11172) for n in range(4000))
    with pytest.raises(InvalidInput, match="too long"):
        storage.commit(entry_after(project, key=incompressible))
    assert version(storage) == 1


# ------------------------------------------------------------------ a server that goes away


def test_a_restarted_server_is_found_again(own_server: Server) -> None:
    storage = open_postgres(own_server.url)
    project = given_project(storage)
    assert storage.wait_for_notices(0)
    own_server.stop()
    with pytest.raises(StorageError) as error:
        storage.snapshot(SIX)
    assert said(error.value) == "unreachable"

    own_server.start()
    storage.commit(entry_after(project, told=("a",)))
    assert version(storage) == 2
    assert storage.wait_for_notices(60) is True
    storage.close()


def test_a_crash_of_the_server_leaves_all_or_nothing(own_server: Server) -> None:
    storage = open_postgres(f"{own_server.url}?timeout=20")
    project = given_project(storage)
    move = move_after(project, told=("a",), rated=rating(SIX, "2016-Q1"))
    with ThreadPoolExecutor(1) as beside:
        with closing(psycopg.connect(own_server.url)) as other:
            other.execute("SELECT 1 FROM evalflow.project FOR UPDATE")
            writing = beside.submit(storage.commit, Commit(moves=(move,)))
            with psycopg.connect(own_server.url) as look:
                eventually(lambda: waiting(look))
            own_server.stop("immediate")
        own_server.start()
        with pytest.raises(StorageError) as error:
            writing.result(60)
    assert said(error.value) == "unreachable"
    assert version(storage) == 1
    assert list(storage.outbox()) == []
    storage.commit(Commit(moves=(move,)))
    storage.close()


def test_a_commit_whose_answer_was_lost_is_not_told_as_failed(
    storage: PostgresStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = given_project(storage)
    source = storage._source
    write = source.write

    def lose_the_answer(statement: str, values: Any, **first: Any) -> Any:
        write(statement, values, **first)
        monkeypatch.undo()
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(source, "write", lose_the_answer)
    storage.commit(entry_after(project))
    assert version(storage) == 2


def test_a_commit_that_was_lost_on_its_way_is_told(
    storage: PostgresStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = given_project(storage)

    def lose(statement: str, values: Any, **first: Any) -> Any:
        monkeypatch.undo()
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(storage._source, "write", lose)
    with pytest.raises(StorageError) as error:
        storage.commit(entry_after(project))
    assert said(error.value) == "unreachable"
    storage.commit(entry_after(project))


def test_a_connection_that_breaks_within_a_commit_is_told_once(
    storage: PostgresStorage,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    move = move_after(given_project(storage))
    commit = Commit(moves=(move,), revisions=((PLAN, 1),))  # two statements, sent at once
    take = Pool.take

    def taken(pool: Pool) -> Any:
        connection = take(pool)
        with psycopg.connect(database, autocommit=True) as other:
            process = (connection.info.backend_pid,)
            other.execute("SELECT pg_terminate_backend(%s)", process)
            there = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s"
            eventually(lambda: other.execute(there, process).fetchone() == (0,))
        monkeypatch.undo()
        return connection

    monkeypatch.setattr(Pool, "take", taken)
    with caplog.at_level(logging.WARNING, "psycopg"), pytest.raises(StorageError) as error:
        storage.commit(commit)
    assert said(error.value) == "unreachable"
    assert [each.getMessage() for each in caplog.records if each.name == "psycopg"] == []
    storage.commit(commit)
    assert version(storage) == 2


# ------------------------------------------------------------------ making and upgrading

SECOND = "ALTER TABLE {schema}.project ADD COLUMN remark text NOT NULL DEFAULT '';"


def bring_up(host: psycopg.Connection, schema: str, *further: str) -> None:
    upgrades.bring_up(host, schema, "postgresql://db", (*upgrades.steps(), *further))
    host.commit()


def test_an_older_store_is_brought_up_to_date_with_all_that_it_holds(
    storage: PostgresStorage, host: psycopg.Connection
) -> None:
    storage.commit(entry_after(given_project(storage), told=("a",)))
    before = list(storage.history(SIX)), list(storage.outbox())

    bring_up(host, storage.schema, SECOND)

    assert host.execute("SELECT version FROM store").fetchall() == [(len(upgrades.NAMES) + 1,)]
    assert host.execute("SELECT remark FROM project").fetchall() == [("",)]
    assert (list(storage.history(SIX)), list(storage.outbox())) == before


def test_a_store_from_before_plans_had_a_history_gets_opening_balances(
    storage: PostgresStorage, host: psycopg.Connection, database: str
) -> None:
    project = given_project(storage)
    storage.commit(entry_after(project, told=("a",)))
    storage.commit(Commit(plans=(revised(storage, head(revision=2)),)))
    older = _older(storage, host, database)

    bring_up(host, older)

    with closing(PostgresStorage.on_connection(host, schema=older)) as upgraded:
        assert upgraded.schema_faults == ()
        (opening,) = upgraded.plan_history(PLAN)
        last = list(upgraded.history(project.id))[-1]
        assert (opening.event, opening.actor, opening.revision) == ("opening", "", 2)
        assert opening.data["projects"] == {project.number: [2, last.hash]}
        assert [(each, eff) for each, eff, _ in opening.revisions()] == [*storage.revisions(PLAN)]
        assert opening.at == last.at
        snapshot = upgraded.snapshot(project.id)
        assert snapshot is not None
        assert (snapshot.plan_head, last.plan_head) == (opening.hash, "")
        upgraded.commit(Commit(plans=(revised(upgraded, head(revision=3)),)))
        assert upgraded.revisions(PLAN)[-1][0] == 3


def _older(storage: PostgresStorage, host: psycopg.Connection, database: str) -> str:
    """Return the schema of a store of version 2, filled with what `storage` holds by plain SQL."""
    older = fresh(database).rpartition("=")[2]
    upgrades.bring_up(host, older, "postgresql://db", upgrades.steps()[:2])
    host.execute("SET session_replication_role = replica")
    for table in ("plan_revision", "lifecycle", "project", "definition", "assignment"):
        rows = _columns(host, older, table)
        host.execute(f"INSERT INTO {older}.{table} ({rows}) SELECT {rows} FROM {table}")
    rows = _columns(host, older, "entry")
    host.execute(f"INSERT INTO {older}.entry ({rows}) SELECT {rows} FROM entry")
    host.execute("SET session_replication_role = origin")
    host.commit()
    return older


def test_a_backup_of_an_older_store_is_restored_and_brought_up_to_date(
    storage: PostgresStorage, host: psycopg.Connection, database: str, tmp_path: Path
) -> None:
    storage.commit(entry_after(given_project(storage)))
    older = _older(storage, host, database)
    write_copy(host, older, str(tmp_path / "older"))
    host.commit()

    with closing(open_postgres(fresh(database))) as restored:
        restored.restore_from(tmp_path / "older")
        assert restored.schema_faults == ()
        assert list(restored.history(SIX)) != []
        (opening,) = restored.plan_history(PLAN)
        assert opening.event == "opening"
        snapshot = restored.snapshot(SIX)
        assert snapshot is not None
        restored.commit(entry_after(snapshot.project))
        assert [each.number for _, each in restored.entries()] == [1, 2, 3]


def test_who_loses_the_connection_loses_the_right_to_run_the_store(
    storage: PostgresStorage, host: psycopg.Connection
) -> None:
    held = storage.hold()
    assert held is not None
    assert storage.hold() is None
    asked = (
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' "
        "AND classid = 'store'::regclass::oid AND granted"
    )
    assert host.execute(asked).fetchall() == [(True,)]
    host.commit()
    until = time.monotonic() + 30
    while held.still() and time.monotonic() < until:
        time.sleep(0.05)
    assert not held.still()
    again = storage.hold()
    assert again is not None
    again.release()
    held.release()


def test_what_a_later_version_backed_up_is_refused(url: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "later", "w") as archive:
        told = {"format": "evalflow-postgres/1", "version": upgrades.VERSION + 1, "tables": {}}
        archive.writestr("manifest.json", json.dumps(told))
    with closing(open_postgres(url)) as store, pytest.raises(StorageError) as caught:
        store.restore_from(tmp_path / "later")
    assert caught.value.code == "newer"


@pytest.mark.parametrize(
    "tables", [[], {"entry": []}, {"entry": {}}, {"entry": {"columns": 1, "rows": 1}}, {"moon": {}}]
)
def test_a_backup_that_says_odd_things_of_itself_is_refused(
    url: str, tmp_path: Path, tables: Any
) -> None:
    with zipfile.ZipFile(tmp_path / "odd", "w") as archive:
        told = {"format": "evalflow-postgres/1", "version": upgrades.VERSION, "tables": tables}
        archive.writestr("manifest.json", json.dumps(told))
    with closing(open_postgres(url)) as store, pytest.raises(StorageError) as caught:
        store.restore_from(tmp_path / "odd")
    assert caught.value.code == "foreign"


def _columns(host: psycopg.Connection, schema: str, table: str) -> str:
    asked = (
        "SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns "
        "WHERE table_schema = %s AND table_name = %s AND is_generated = 'NEVER' "
        "AND is_identity = 'NO'"
    )
    row = host.execute(asked, (schema, table)).fetchone()
    assert row is not None
    return str(row[0])


def test_an_interrupted_upgrade_has_not_happened(
    storage: PostgresStorage, host: psycopg.Connection
) -> None:
    given_project(storage)
    with faults.at("upgrade:written"), pytest.raises(faults.Fault):
        bring_up(host, storage.schema, SECOND)
    host.rollback()
    with pytest.raises(psycopg.Error):
        bring_up(host, storage.schema, SECOND, "SELECT nothing")
    host.rollback()

    assert host.execute("SELECT version FROM store").fetchall() == [(len(upgrades.NAMES),)]
    bring_up(host, storage.schema, SECOND)
    assert host.execute("SELECT version FROM store").fetchall() == [(len(upgrades.NAMES) + 1,)]


def test_several_who_upgrade_at_once_do_it_once(
    storage: PostgresStorage, host: psycopg.Connection, database: str
) -> None:
    given_project(storage)
    barrier = threading.Barrier(4)

    def upgrade(_: int) -> None:
        with psycopg.connect(database, autocommit=True) as connection:
            barrier.wait()
            bring_up(connection, storage.schema, SECOND)  # a second time it would fail

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(upgrade, range(4)))
    assert host.execute("SELECT version FROM store").fetchall() == [(len(upgrades.NAMES) + 1,)]


def test_several_who_make_the_store_at_once_make_one(database: str) -> None:
    url = fresh(database)
    barrier = threading.Barrier(4)

    def make(_: int) -> PostgresStorage:
        barrier.wait()
        return open_postgres(url)

    with ThreadPoolExecutor(4) as threads:
        stores = list(threads.map(make, range(4)))
    given_project(stores[0])
    assert [version(each) for each in stores] == [1] * 4
    for each in stores:
        each.close()


def test_a_store_of_a_later_evalflow_is_left_alone(
    storage: PostgresStorage, url: str, host: psycopg.Connection
) -> None:
    host.execute("UPDATE store SET version = 99")
    host.commit()
    with pytest.raises(StorageError) as error:
        open_postgres(url)
    assert said(error.value) == "newer"


def test_a_schema_of_something_else_is_left_alone(url: str, host: psycopg.Connection) -> None:
    host.execute("CREATE SCHEMA other; CREATE TABLE other.store (name text)")
    host.commit()
    with pytest.raises(StorageError) as error:
        open_postgres(url.partition("?")[0] + "?schema=other")
    assert said(error.value) == "foreign"
    tables = host.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'other'").fetchone()
    assert tables == (1,)
    host.execute("DROP SCHEMA other CASCADE")
    host.commit()


def test_an_empty_schema_made_beforehand_is_used(database: str) -> None:
    """So a role that may not make schemas can still have a store."""
    url = fresh(database)
    schema = url.rpartition("=")[2]
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
    storage = open_postgres(url)
    given_project(storage)
    storage.close()


# ------------------------------------------------------------------ as a plugin


def test_the_engine_opens_it_by_its_url(url: str) -> None:
    for scheme in ("postgresql", "postgres"):
        with evalflow.open(
            url.replace("postgresql", scheme, 1), plugins=[evalflow_postgres]
        ) as engine:
            assert isinstance(engine.storage, PostgresStorage)
            assert list(engine.storage.select(Selection())) == []


def test_naming_the_plugin_imports_no_driver() -> None:
    code = (
        "import sys, evalflow_postgres as p; p.evalflow_storages(); "
        "assert 'psycopg' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("odd", ["a\x00b", "\ud800", "gu\x00/1"])
def test_what_postgresql_cannot_keep_is_not_found_and_no_condition(url: str, odd: str) -> None:
    """As on every other storage (tests/engine/test_ids.py)."""
    with evalflow.open(url, plugins=[evalflow_postgres]) as engine:
        calls: list[Callable[[], object]] = [
            lambda: engine.project(odd),
            lambda: list(engine.history(odd)),
            lambda: engine.plans.head(odd),
            lambda: list(engine.projects(plan=odd)),
        ]
        for call in calls:
            with pytest.raises(evalflow.NotFound):
                call()
        for where in ({"ids": [odd]}, {"state": odd}, {"band": [odd]}):
            with pytest.raises(evalflow.InvalidInput):
                list(engine.projects(**where))


def test_the_system_is_asked_to_give_a_vanished_server_up_in_about_a_minute(url: str) -> None:
    def told(more: str) -> dict[str, str]:
        with closing(open_postgres(url + more)) as opened, opened._source.writing() as connection:
            return connection.info.get_parameters()

    asked = told("")
    assert (asked["keepalives_idle"], asked["tcp_user_timeout"]) == ("30", "60000")
    assert int(asked["keepalives_interval"]) * int(asked["keepalives_count"]) == 30
    assert told("&keepalives_idle=7200")["keepalives_idle"] == "7200"
