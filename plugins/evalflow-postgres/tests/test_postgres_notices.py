"""Deliverers: who is woken, who claims what, and what is settled."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from evalflow_postgres import PostgresStorage, open_postgres
from on_postgres import (
    LATER,
    LEASE,
    PLAN,
    eventually,
)

from evalflow import InvalidInput
from evalflow.storage import Commit, Settled
from evalflow.testing.given import (
    BEGINNING,
    entry_after,
    given_project,
    move_after,
)

pytestmark = pytest.mark.servers


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
