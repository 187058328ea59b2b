"""Who reads a stream keeps nobody waiting: with one connection others go on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from evalflow_postgres import PostgresStorage, connections, open_postgres
from evalflow_postgres.connections import Pool

import evalflow
from evalflow.storage import Selection
from evalflow.testing.given import entry_after, given_project

pytestmark = pytest.mark.servers

PLAN = "seodaemun-2016"
SIX = f"{PLAN}/6"


@pytest.fixture
def one(url: str) -> Iterator[PostgresStorage]:
    """A store with three projects, on one connection, which is waited for but shortly."""
    storage = open_postgres(f"{url}&connections=1&timeout=0.5")
    for number in (5, 6, 7):
        storage.commit(entry_after(given_project(storage, f"{PLAN}/{number}"), told=("a",)))
    yield storage
    assert _books(storage) == ({}, {}, 1)  # nobody was counted twice, nobody forgotten
    storage.close()


def _books(storage: PostgresStorage) -> tuple[Any, Any, int]:
    pool = storage._source
    assert isinstance(pool, Pool)
    return pool._lent, dict(pool._held), pool._free._value


STREAMS: dict[str, Callable[[PostgresStorage], Iterator[Any]]] = {
    "select": lambda storage: storage.select(Selection()),
    "snapshots": lambda storage: storage.snapshots(Selection()),
    "positions": lambda storage: storage.positions(Selection()),
    "history": lambda storage: storage.history(SIX),
    "histories": lambda storage: storage.histories(PLAN),
    "plan_history": lambda storage: storage.plan_history(PLAN),
    "entries": lambda storage: storage.entries(),
    "outbox": lambda storage: storage.outbox(),
    "definitions": lambda storage: storage.definitions(PLAN),
    "evaluations": lambda storage: storage.evaluations(PLAN, "2016-Q1"),
}


@pytest.mark.parametrize("ahead", [1000, 1], ids=["short", "longer than is read ahead"])
@pytest.mark.parametrize("what", STREAMS)
def test_the_body_of_a_loop_asks_on_whatever_thread(
    one: PostgresStorage, what: str, ahead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_AHEAD", ahead)
    whole = list(STREAMS[what](one))
    with ThreadPoolExecutor(1) as other:
        seen = []
        for each in STREAMS[what](one):
            assert other.submit(one.plans).result() == one.plans() == (PLAN,)
            seen.append(each)
    assert seen == whole
    assert seen or what == "evaluations"


@pytest.mark.parametrize("ahead", [1000, 2], ids=["short", "longer than is read ahead"])
def test_a_stream_is_of_its_beginning_and_may_be_left_or_handed_on(
    one: PostgresStorage, ahead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_AHEAD", ahead)
    reading = one.select(Selection())
    first = next(reading)
    for number in (5, 6, 7):
        snapshot = one.snapshot(f"{PLAN}/{number}")
        assert snapshot is not None
        one.commit(entry_after(snapshot.project))
    with ThreadPoolExecutor(1) as other:
        rest = other.submit(lambda: list(reading)).result()
    assert [each.version for each in (first, *rest)] == [2, 2, 2]

    left = one.select(Selection())
    next(left)
    left.close()  # type: ignore[attr-defined]
    assert one.plans() == (PLAN,)


def test_many_long_streams_at_once_do_not_wait_for_each_other(
    one: PostgresStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_AHEAD", 1)
    begun = threading.Barrier(4)

    def read() -> list[int]:
        stream = one.select(Selection())
        first = next(stream)
        begun.wait(30)
        return [each.version for each in (first, *stream)]

    with ThreadPoolExecutor(4) as threads:
        assert [each.result() for each in [threads.submit(read) for _ in range(4)]] == [[2] * 3] * 4


def test_an_engine_on_one_connection_loops_and_fires(url: str) -> None:
    with evalflow.open(f"{url}&connections=1&timeout=0.5") as engine:
        plan = engine.load_plan(evalflow.example(PLAN))
        engine.adopt(plan, by=plan.actor("policy-1"))
        with ThreadPoolExecutor(1) as other:
            for project in engine.projects():
                asked = other.submit(engine.permitted, project.id, by="policy-1")
                assert next(engine.history(project.id)).number == 1
                assert asked.result() is not None


def test_an_error_in_the_middle_gives_the_connection_back(
    one: PostgresStorage, host: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_AHEAD", 1)
    stream = one._rows("SELECT 1 / (3 - n) FROM generate_series(1, 5) AS n")
    with pytest.raises(evalflow.StorageError):
        list(stream)
    assert one.plans() == (PLAN,)
