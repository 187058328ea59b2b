"""The primary is killed while people fire; the synchronous standby has every firing that was
acknowledged. And numbers that PostgreSQL set back after a crash are put right."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import psycopg
import pytest
from evalflow_postgres import PostgresStorage, open_postgres
from evalflow_postgres.testing import NoServer, Server

import evalflow
from evalflow import Conflict, StorageError
from evalflow.storage.integrity import tables_of
from evalflow.testing.given import given_project
from evalflow.testing.office import Ticking, fire, the_plan

pytestmark = [pytest.mark.servers, pytest.mark.slow]


@pytest.fixture
def servers() -> Iterator[Callable[[], Server]]:
    made: list[Server] = []

    def another() -> Server:
        try:
            made.append(Server())
        except NoServer as why:
            pytest.skip(f"not on this machine: PostgreSQL (apt-get install postgresql): {why}")
        return made[-1]

    yield another
    for server in made:
        server.remove()


def office(url: str) -> evalflow.Engine:
    return evalflow.open(f"{url}?timeout=2", clock=Ticking())


def test_the_primary_is_killed_among_firings_and_the_standby_has_all_that_were_acknowledged(
    servers: Callable[[], Server],
) -> None:
    primary, standby = servers(), servers()
    primary.start()
    standby.follow(primary)
    plan = the_plan()
    acknowledged: list[evalflow.Entry] = []
    errors: list[Exception] = []
    with office(primary.url) as engine:
        engine.adopt(plan, by=plan.actor("policy-1"))
        until(lambda: in_step(primary), "the standby to be waited for")

        def fires(number: int) -> None:
            """Correct the figures of a project of one's own until the server is gone."""
            try:
                for turn in range(5000):
                    project = engine.project(f"{plan.id}/{number}")
                    event = "self_evaluate" if project.states[0] == "planned" else "amend"
                    acknowledged.append(fire(engine, project, event, turn % 90))
            except StorageError:
                return
            except Exception as error:
                errors.append(error)

        threads = [threading.Thread(target=fires, args=(n,), daemon=True) for n in range(1, 5)]
        for thread in threads:
            thread.start()
        until(lambda: errors or len(acknowledged) >= 100, "a hundred firings")
        primary.kill()
        killed = time.monotonic()
        for thread in threads:
            thread.join(60)
    assert errors == []
    standby.promote()
    with office(standby.url) as engine:
        fire(engine, engine.project(f"{plan.id}/5"), "self_evaluate", 1)
        later = time.monotonic() - killed
        there = {entry.hash for _, entry in engine.storage.entries()}
        assert {entry.hash for entry in acknowledged} <= there
        assert list(engine.audit.verify()) == []
    print(f"{len(acknowledged)} acknowledged, none lost; the next firing {later:.1f} s later")


def test_without_a_standby_that_answers_no_firing_is_acknowledged(
    servers: Callable[[], Server],
) -> None:
    """What makes the promise: who is told that it is done is told after the standby has it."""
    primary, standby = servers(), servers()
    primary.start()
    standby.follow(primary)
    plan = the_plan()
    with office(primary.url) as engine:
        engine.adopt(plan, by=plan.actor("policy-1"))
        until(lambda: in_step(primary), "the standby to be waited for")
        standby.stop("immediate")
        told: list[evalflow.Entry] = []
        project = engine.project(f"{plan.id}/1")
        waits = threading.Thread(
            target=lambda: told.append(fire(engine, project, "self_evaluate", 1)), daemon=True
        )
        waits.start()
        waits.join(3)
        assert told == []
        standby.start()
        waits.join(60)
        assert [entry.event for entry in told] == ["self_evaluate"]


def in_step(primary: Server) -> bool:
    with psycopg.connect(primary.url) as connection:
        row = connection.execute("SELECT sync_state FROM pg_stat_replication").fetchone()
    return row is not None and row[0] == "sync"


def until(question: Callable[[], object], what: str) -> None:
    end = time.monotonic() + 60
    while not question():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.02)


# ------------------------------------------------------------------ numbers that were set back


@pytest.fixture
def set_back(own_server: Server) -> str:
    """The URL of a store of 17 entries whose sequence stands at 12: copied as a template, written
    to, and its server killed before a checkpoint (seen with PostgreSQL 15)."""
    with closing(open_postgres(own_server.url)) as first:
        for number in range(12):
            given_project(first, f"gu/{number}")
    other = own_server.url.replace("/postgres", "/template1")
    with psycopg.connect(other, autocommit=True) as connection:
        connection.execute("CREATE DATABASE copied TEMPLATE postgres")
    url = own_server.url.replace("/postgres", "/copied")
    with closing(open_postgres(url)) as copy:
        for number in range(12, 17):
            given_project(copy, f"gu/{number}")
    own_server.kill()
    own_server.start()
    with psycopg.connect(url, autocommit=True) as connection:
        # Whatever this version of PostgreSQL did, from here on it is what version 15 does.
        connection.execute("SELECT setval('evalflow.entry_position_seq', 12)")
    return url


def positions_of(storage: PostgresStorage) -> list[int]:
    return [position for position, _ in storage.entries()]


def test_numbers_that_were_set_back_are_put_right_when_the_store_is_opened(
    set_back: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), closing(open_postgres(set_back)) as storage:
        assert "the numbers of 'entry' had been set back; put right" in caplog.text
        assert positions_of(storage) == list(range(1, 18))
        given_project(storage, "gu/17")
        assert positions_of(storage) == list(range(1, 19))
        assert storage.schema_faults == ()


def test_and_where_it_stayed_open_over_the_crash(set_back: str) -> None:
    with closing(open_postgres(set_back)) as storage, psycopg.connect(set_back) as connection:

        def crash() -> None:
            connection.execute("SELECT setval('evalflow.entry_position_seq', 3)")
            connection.commit()

        crash()
        with pytest.raises(Conflict):  # look again: as after every conflict it then goes through
            given_project(storage, "gu/17")
        given_project(storage, "gu/17")
        crash()
        assert positions_of(storage) == [*range(1, 19)]


def test_verify_tells_of_it_where_it_cannot_be_put_right(set_back: str) -> None:
    with closing(open_postgres(set_back)) as storage, psycopg.connect(set_back) as connection:
        connection.execute("SELECT setval('evalflow.entry_position_seq', 3)")
        connection.commit()
        with tables_of(storage) as tables:
            (fault,) = tables.faults()
        assert (fault.kind, fault.name, fault.fault) == ("sequence", "entry_position_seq", "behind")
        assert "stands before the newest row" in fault.text("en")
        assert "뒤처져" in fault.text("ko")
