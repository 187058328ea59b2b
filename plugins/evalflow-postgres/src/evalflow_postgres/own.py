"""A connection of the storage's own, on which what is asked again and again is asked directly.

The driver's cursor takes a statement and its values apart at each call. A firing's two statements
are the same every time, and their values are text and numbers: sent by the name under which the
server has prepared them, they take half of the driver's processor.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import count
from typing import Any

import psycopg
from psycopg import generators
from psycopg.adapt import Transformer
from psycopg.errors import InvalidSqlStatementName, error_from_result
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

_OFTEN = 5  # times that a statement is asked before the server prepares it, as the driver has it
_MOST = 50  # statements prepared on a connection, and twenty times as many counted
_PLACE = re.compile(r"%(?:\((\w+)\))?s|%%")
_names = count()
_NUMBER = 20  # the server's oid of bigint

Values = Mapping[str, Any] | Sequence[Any]


class OwnConnection(psycopg.Connection[Any]):
    """A connection of the pool's: in autocommit, and one thread's at a time."""

    @cached_property
    def _direct(self) -> _Prepared:
        return _Prepared(self)

    def ask(self, statement: str, values: Values) -> list[Any]:
        """Run one statement; return its rows. Errors come as the database's."""
        sent = self._direct.sent(statement, values)
        if sent is not None:
            try:
                return self._direct.rows(*sent)
            except InvalidSqlStatementName:  # after a rollback the driver lets go of all of them
                del self._direct
        rows: list[Any] = self.execute(statement, values).fetchall()
        return rows


class _Prepared:
    """What a connection's server has prepared for us."""

    def __init__(self, connection: OwnConnection) -> None:
        self._connection = connection
        self._names: dict[str, tuple[bytes, tuple[Any, ...]]] = {}
        self._asked: Counter[str] = Counter()
        self._reader = Transformer(connection)
        self._is_utf8 = connection.info.encoding == "utf-8"

    def sent(self, statement: str, values: Values) -> tuple[bytes, list[bytes | None]] | None:
        """Return the statement's name and its values as they are sent; None where it is left to the
        driver: it is not asked often, or some value is neither text nor a number."""
        known = self._names.get(statement)
        if known is None and not self._is_frequent(statement):
            return None
        _, places = known or _numbered(statement)
        found: list[bytes | None] = []
        for place in places:
            value = values[place]
            kind = type(value)
            if kind is str and "\0" not in value:
                found.append(value.encode())
            elif kind is int:
                found.append(b"%d" % value)
            elif value is None:
                found.append(None)
            else:
                return None
        if known is None:
            kinds = [_NUMBER if type(values[place]) is int else 0 for place in places]
            known = self._names[statement] = self._prepare(statement, kinds), places
        return known[0], found

    def _is_frequent(self, statement: str) -> bool:
        if len(self._names) >= _MOST or len(self._asked) >= 20 * _MOST or not self._is_utf8:
            return False
        self._asked[statement] += 1
        return self._asked[statement] > _OFTEN

    def _prepare(self, statement: str, kinds: list[int]) -> bytes:
        name = b"evalflow_%d" % next(_names)
        text, _ = _numbered(statement)
        pgconn = self._connection.pgconn
        self._finished(lambda: pgconn.send_prepare(name, text, kinds), ExecStatus.COMMAND_OK)
        return name

    def rows(self, name: bytes, values: list[bytes | None]) -> list[Any]:
        """Run a statement by its name; return its rows."""
        pgconn = self._connection.pgconn
        result = self._finished(
            lambda: pgconn.send_query_prepared(name, values), ExecStatus.TUPLES_OK
        )
        self._reader.set_pgresult(result)
        return self._reader.load_rows(0, result.ntuples, tuple)

    def _finished(self, send: Callable[[], None], expected: ExecStatus) -> PGresult:
        connection = self._connection
        with connection.lock:
            send()
            results: list[PGresult] = connection.wait(generators.execute(connection.pgconn))
        result = results[-1]
        if result.status != expected:
            raise error_from_result(result, encoding=connection.info.encoding)
        return result


@lru_cache(maxsize=256)
def _numbered(statement: str) -> tuple[bytes, tuple[Any, ...]]:
    """Return a statement with its values numbered, and the name or the index of each."""
    places: list[Any] = []

    def number(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        place = found[1] or len(places)
        if place not in places:
            places.append(place)
        return f"${places.index(place) + 1}"

    return _PLACE.sub(number, statement).encode(), tuple(places)
