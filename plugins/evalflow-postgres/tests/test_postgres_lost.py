"""A server that goes away, and an answer that never comes."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import psycopg
import pytest
from evalflow_postgres import PostgresStorage, open_postgres
from evalflow_postgres.connections import Pool
from evalflow_postgres.testing import Server
from on_postgres import (
    PLAN,
    SIX,
    eventually,
    said,
    version,
    waiting,
)

from evalflow import StorageError
from evalflow.storage import Commit
from evalflow.testing.given import (
    entry_after,
    given_project,
    move_after,
    rating,
)

pytestmark = pytest.mark.servers


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
