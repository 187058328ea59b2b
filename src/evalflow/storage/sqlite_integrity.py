"""An SQLite store read as it lies in the file, and its schema held against what it should be."""

# ruff: noqa: S608 - statements are put together from names of this package; values are bound

from __future__ import annotations

import json
import logging
import re
import sqlite3
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from typing import Any

from evalflow.errors import StorageError
from evalflow.model.history import REMINDER
from evalflow.storage.integrity import ORDERS, OWNERS, TABLES, WRITTEN, SchemaFault, Values
from evalflow.storage.sqlite_errors import storage_error
from evalflow.storage.sqlite_schema import schema

_log = logging.getLogger("evalflow.storage")


class SQLiteTables:
    """The rows of one SQLite file, read on a connection inside a transaction."""

    gapless = True  # nothing is ever deleted, and a rowid follows on the greatest there is
    kept = frozenset(TABLES)

    def __init__(self, connection: sqlite3.Connection, path: str, plan: str | None = None) -> None:
        """Read on `connection` what the file `path` holds; with `plan`, see `of_plan`."""
        self._connection = connection
        self._path = path
        self._plan = plan
        self._columns = {
            table: {row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')}
            for table in TABLES
        }
        self._notices: dict[Any, array[int]] | None = None

    def of_plan(self, plan: str) -> SQLiteTables:
        """Return the rows of one plan alone."""
        return SQLiteTables(self._connection, self._path, plan)

    def _own(self, column: str) -> tuple[str, Sequence[Any]]:
        """Return the condition by which a column of `OWNERS` is of the plan, and its values."""
        if self._plan is None or column == "fingerprint":
            return "TRUE", ()
        if column == "plan":
            return "plan = ?", (self._plan,)
        between = (f"{self._plan}/", f"{self._plan}0")  # "0" follows "/"
        return f'"{column}" >= ? AND "{column}" < ?', between

    def owners(self, table: str) -> Sequence[Any]:
        """Return whose rows there are; projects in the order of plan and number."""
        owner = OWNERS[table]
        if owner not in self._columns[table]:
            return []
        order = f'"{owner}"'
        if table == "project" and {"plan", "number"} <= self._columns[table]:
            order = "plan, length(ltrim(number, '0')), number, id"
        distinct = "" if table == "project" else "DISTINCT"
        where, values = self._own(owner)
        sql = f'SELECT {distinct} "{owner}" FROM "{table}" WHERE {where} ORDER BY {order}'
        return list(dict.fromkeys(row[0] for row in self._read(sql, values)))

    def rows(self, table: str, owner: Any) -> Iterator[Values]:
        """Yield the rows of one owner, whatever is in them."""
        there = self._columns[table]
        columns = [column for column in TABLES[table] if column in there]
        if OWNERS[table] not in there:
            return
        listed = ", ".join(f'"{column}"' for column in columns)
        order = ", ".join(f'"{column}"' for column in ORDERS[table] if column in there)
        where, value = f'"{OWNERS[table]}" IS ?', owner
        if table == "notice" and "position" in there:  # no index leads to a project's notices
            places = self._notices_of(owner)
            where = "position IN (SELECT value FROM json_each(?))"
            value = "[" + ",".join(map(str, places)) + "]"
        elif isinstance(owner, str) and not _is_text(owner):
            where = f'"{OWNERS[table]}" IS CAST(? AS TEXT)'
            value = owner.encode(errors="surrogateescape")
        sql = f'SELECT {listed} FROM "{table}" WHERE {where} ORDER BY {order}'
        for row in self._read(sql, (value,)):
            yield dict(zip(columns, row, strict=True))

    def _notices_of(self, owner: Any) -> Sequence[int]:
        """Return the positions of a project's notices: looked up once for all of them."""
        if self._notices is None:
            self._notices = {}
            where, values = self._own("project")
            pairs = self._read(f"SELECT project, position FROM notice WHERE {where}", values)
            for project, position in pairs:
                if isinstance(position, int):
                    self._notices.setdefault(project, array("q")).append(position)
        return self._notices.get(owner, ())

    def positions(self, table: str) -> Iterator[tuple[Any, Any]]:
        """Yield (position, position of its entry) in the order of the first."""
        if not {"position", "project", "number"} <= self._columns[table]:
            return
        if table == "entry":
            sql = "SELECT position, position FROM entry ORDER BY position"
        elif {"position", "project", "number"} <= self._columns["entry"]:
            # A reminder was caused by no entry: where it stands says nothing.
            caused = f"AND n.name <> '{REMINDER}' " if "name" in self._columns[table] else ""
            sql = (
                f'SELECT n.position, e.position FROM "{table}" AS n LEFT JOIN entry AS e '
                f"ON e.project = n.project AND e.number = n.number {caused}ORDER BY n.position"
            )
        else:
            return
        yield from map(_pair, self._read(sql))

    def written(self) -> Iterator[Values]:
        """Yield the columns `WRITTEN` of every entry, in the order of positions."""
        columns = [column for column in WRITTEN if column in self._columns["entry"]]
        if "position" not in self._columns["entry"] or "project" not in columns:
            return
        listed = ", ".join(f'"{column}"' for column in columns)
        for row in self._read(f"SELECT {listed} FROM entry ORDER BY position"):
            yield dict(zip(columns, row, strict=True))

    def behind(self) -> bool:
        """Say no: positions are given out in the order of the transactions."""
        return False

    def _read(self, sql: str, values: Sequence[Any] = ()) -> Iterator[Sequence[Any]]:
        """Yield the rows of one statement.

        Raises:
            StorageError: the file is damaged there.
        """
        try:
            yield from self._connection.execute(sql, values)
        except sqlite3.Error as error:
            raise storage_error(error, self._path) from error

    def faults(self) -> list[SchemaFault]:
        """Return what is wrong with tables, indexes and triggers."""
        return faults(self._connection)

    def damages(self) -> list[SchemaFault]:
        """Return the indexes that do not hold the rows of their tables, and damaged tables."""
        found: dict[SchemaFault, None] = {}
        for table in [each for each in TABLES if self._columns[each]]:
            damaged = SchemaFault(kind="table", name=table, fault="damaged")
            try:
                for (told,) in self._read(f"PRAGMA integrity_check('{table}')"):
                    if index := _OF_AN_INDEX.search(told):
                        found[SchemaFault(kind="index", name=index[1], fault="unlike")] = None
                    elif told != "ok" and not _OF_A_VALUE.search(told):
                        found[damaged] = None
            except StorageError:
                found[damaged] = None
        return list(found)


_OF_AN_INDEX = re.compile(r" index (\S+)$")
_OF_A_VALUE = re.compile(r" value in |^CHECK constraint failed in ")
"""What SQLite's check says of an index; and of a value in a row, each of which is judged itself."""


@contextmanager
def tables(
    connecting: Callable[[], AbstractContextManager[sqlite3.Connection]], path: str
) -> Iterator[SQLiteTables]:
    """Give the rows of one moment: on a connection of `connecting`, in one read transaction."""
    with connecting() as connection:
        connection.execute("BEGIN")
        try:
            with tables_on(connection, path) as found:
                yield found
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


@contextmanager
def tables_on(connection: sqlite3.Connection, path: str) -> Iterator[SQLiteTables]:
    """Give the rows on a connection whose read transaction has begun."""
    usual = connection.text_factory
    connection.text_factory = _text
    try:
        yield SQLiteTables(connection, path)
    finally:
        connection.text_factory = usual


def _pair(row: Sequence[Any]) -> tuple[Any, Any]:
    return row[0], row[1]


def _is_text(value: str) -> bool:
    """Say whether it is text, and no bytes that are not UTF-8."""
    return value.isascii() or not any("\udc80" <= each <= "\udcff" for each in value)


def _text(content: bytes) -> str:
    return content.decode(errors="surrogateescape")


# --------------------------------------------------------------------------- the schema


def faults(connection: sqlite3.Connection) -> list[SchemaFault]:
    """Return what of the schema is missing or altered, and what is none of it and has a say in what
    can be written into our tables: triggers, and indexes that refuse rows. Other tables in the file
    are their own program's, with their triggers."""
    there = _things(connection)
    found = []
    for (kind, name), sql in _expected().items():
        actual = there.pop((kind, name), None)
        if actual != sql:
            fault = "missing" if actual is None else "altered"
            found.append(SchemaFault(kind=kind, name=name, fault=fault))
    refusing = _refusing(connection)
    meddling = _meddling(connection)
    for kind, name in there:
        if (kind == "trigger" and name in meddling) or (kind == "index" and name in refusing):
            found.append(SchemaFault(kind=kind, name=name, fault="foreign"))
    return found


def _meddling(connection: sqlite3.Connection) -> set[str]:
    """Return the names of triggers on our tables."""
    asked = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger' "
        "AND lower(tbl_name) IN (SELECT value FROM json_each(?))"
    )
    return {row[0] for row in connection.execute(asked, (json.dumps([*TABLES]),))}


def _refusing(connection: sqlite3.Connection) -> set[str]:
    """Return the names of indexes on our tables that rows must agree with: unique ones, and those
    that compute something, which may fail."""
    asked = (
        "SELECT i.name FROM sqlite_master AS t, pragma_index_list(t.name) AS i "
        "WHERE t.type = 'table' AND t.name IN (SELECT value FROM json_each(?)) AND (i.\"unique\" "
        "OR i.partial OR EXISTS (SELECT 1 FROM pragma_index_info(i.name) AS c WHERE c.cid = -2))"
    )
    return {row[0] for row in connection.execute(asked, (json.dumps([*TABLES]),))}


@lru_cache(maxsize=1)
def _expected() -> Mapping[tuple[str, str], str]:
    connection = sqlite3.connect(":memory:")
    try:
        connection.executescript(schema())
        return _things(connection)
    finally:
        connection.close()


def _things(connection: sqlite3.Connection) -> dict[tuple[str, str], str]:
    rows = connection.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {(kind, name): " ".join(str(sql).split()) for kind, name, sql in rows}


def warn(connection: sqlite3.Connection, path: str) -> tuple[SchemaFault, ...]:
    """Say what is wrong with the schema of a store that is being opened, and return it. It is
    opened all the same, so that it can be verified."""
    found = tuple(faults(connection))
    for fault in found:
        _log.warning("%s: %s", path, fault.text("en"))
    return found
