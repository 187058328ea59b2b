"""Several at once: writers, threads and their connections."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import chain
from typing import Any

import psycopg
import pytest
from evalflow_postgres import PostgresStorage, open_postgres
from evalflow_postgres.connections import Pool
from evalflow_postgres.moves import across
from evalflow_postgres.testing import fresh
from hypothesis import given
from hypothesis import strategies as st
from on_postgres import (
    PLAN,
    SEVEN,
    SIX,
    eventually,
    said,
    storable_letters,
    version,
    waiting,
)

import evalflow
from evalflow import Conflict, Project, StorageError
from evalflow.storage import Commit, Selection, fault_point
from evalflow.testing.given import (
    entry_after,
    given_plan,
    given_project,
    head,
    move_after,
    revised,
)

pytestmark = pytest.mark.servers


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
