"""Who reads the entries in their order misses none, whenever the writers' transactions end."""

from __future__ import annotations

import psycopg
import pytest
from evalflow_postgres import PostgresStorage
from on_postgres import (
    SEVEN,
    SIX,
)

from evalflow import Conflict
from evalflow.storage import Commit
from evalflow.testing.given import (
    entry_after,
    given_project,
    move_after,
)

pytestmark = pytest.mark.servers


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
