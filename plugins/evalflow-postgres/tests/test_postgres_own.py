"""What is asked often is asked by name, with the answers and errors of the driver's cursor."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest
from evalflow_postgres.own import OwnConnection

TIMES = 12  # more than it takes until the server prepares a statement


@pytest.fixture
def connection(database: str) -> Iterator[OwnConnection]:
    with closing(OwnConnection.connect(database, autocommit=True)) as connection:
        connection.execute("CREATE TEMPORARY TABLE kept (id bigint PRIMARY KEY, name text)")
        yield connection


def prepared(connection: OwnConnection) -> int:
    """How many statements the server has prepared for us."""
    ours = "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'evalflow%'"
    ((number,),) = connection.execute(ours, prepare=False)
    return int(number)


ASKED: list[tuple[str, Any]] = [
    (
        "SELECT %(b)s::text, %(a)s::bigint + 1, %(b)s || '%%', NULL, true",
        {"a": 2**40, "b": "가 '\"\\"},
    ),
    ("SELECT %s::text, %s::bigint", ("", -1)),
    ("SELECT %s::text IS NULL", (None,)),
    ("SELECT now() - now(), ARRAY['a', NULL], 1.50", ()),
    ("SELECT 1 WHERE %s::text = 'b'", ("a",)),
]


@pytest.mark.parametrize(("statement", "values"), ASKED)
def test_rows_are_those_of_the_drivers_cursor(
    connection: OwnConnection, statement: str, values: Any
) -> None:
    expected = connection.execute(statement, values).fetchall()
    assert [connection.ask(statement, values) for _ in range(TIMES)] == [expected] * TIMES
    assert prepared(connection) == 1


def test_what_is_asked_now_and_then_is_not_prepared(connection: OwnConnection) -> None:
    for number in range(TIMES):
        assert connection.ask(f"SELECT {number}", ()) == [(number,)]
    assert prepared(connection) == 0


def test_values_that_are_neither_text_nor_numbers_are_left_to_the_driver(
    connection: OwnConnection,
) -> None:
    for _ in range(TIMES):
        assert connection.ask("SELECT %s::text[], %s", (["a", None], True)) == [(["a", None], True)]
        with pytest.raises(psycopg.DataError, match="NUL"):
            connection.ask("SELECT %s::text", ("a\0b",))
    assert connection.ask("SELECT %s::text", ("ab",)) == [("ab",)]


def test_a_refusal_is_the_databases_and_the_connection_goes_on(connection: OwnConnection) -> None:
    insert = "INSERT INTO kept VALUES (%(id)s, %(name)s) RETURNING name"
    for number in range(TIMES):
        assert connection.ask(insert, {"id": number, "name": "a"}) == [("a",)]
    with pytest.raises(psycopg.errors.UniqueViolation) as refused:
        connection.ask(insert, {"id": 1, "name": "b"})
    assert refused.value.diag.constraint_name == "kept_pkey"
    assert connection.ask(insert, {"id": TIMES, "name": None}) == [(None,)]


def test_what_the_driver_lets_go_of_after_a_rollback_is_prepared_again(
    connection: OwnConnection,
) -> None:
    for _ in range(TIMES):
        connection.ask("SELECT 1", ())
        connection.execute("SELECT 2")  # the driver has prepared something of its own
    with pytest.raises(psycopg.errors.DivisionByZero), connection.transaction():
        connection.execute("SELECT 1 / 0")
    connection.execute("SELECT 2")
    assert prepared(connection) == 0
    assert [connection.ask("SELECT 1", ()) for _ in range(TIMES)] == [[(1,)]] * TIMES
    assert prepared(connection) == 1


def test_an_interrupt_ends_what_is_asked_and_not_the_connection(connection: OwnConnection) -> None:
    for _ in range(TIMES):
        connection.ask("SELECT 1 FROM pg_sleep(%s)", (0,))
    main = threading.main_thread().ident
    assert main is not None
    threading.Timer(0.3, signal.pthread_kill, [main, signal.SIGINT]).start()
    with pytest.raises(KeyboardInterrupt):
        connection.ask("SELECT 1 FROM pg_sleep(%s)", (60,))
    assert connection.ask("SELECT 1 FROM pg_sleep(%s)", (0,)) == [(1,)]


def test_a_lost_server_is_told(connection: OwnConnection, database: str) -> None:
    for _ in range(TIMES):
        connection.ask("SELECT 1", ())
    with closing(psycopg.connect(database, autocommit=True)) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (connection.info.backend_pid,))
    with pytest.raises(psycopg.OperationalError):
        connection.ask("SELECT 1", ())


def test_where_the_server_speaks_another_encoding_the_driver_asks(database: str) -> None:
    with closing(
        OwnConnection.connect(f"{database}?client_encoding=EUC_KR", autocommit=True)
    ) as connection:
        for _ in range(TIMES):
            assert connection.ask("SELECT %s::text", ("가",)) == [("가",)]
        assert prepared(connection) == 0
