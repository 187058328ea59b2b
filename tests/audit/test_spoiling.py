"""Whatever is edited in a store is found: every column of every table, by introspection."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import evalflow
from evalflow.testing.office import Ticking
from evalflow.testing.spoiling import DERIVED, EXCEPTED, lived_in, other


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lived") / "office.db"
    with evalflow.open(f"sqlite:///{path}", plugins=[], clock=Ticking()) as engine:
        lived_in(engine)
    return path


@pytest.fixture
def spoil(lived: Path, tmp_path: Path) -> Callable[..., list[evalflow.Mismatch]]:
    """Return a function that edits a copy of the store, triggers put aside and back, and gives
    what `verify` then finds."""

    def spoilt(*statements: tuple[str, tuple[Any, ...]]) -> list[evalflow.Mismatch]:
        path = tmp_path / "office.db"
        shutil.copyfile(lived, path)
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            edit(connection, *statements)
        with evalflow.open(f"sqlite:///{path}", plugins=[]) as engine:
            return list(engine.audit.verify())

    return spoilt


def edit(connection: sqlite3.Connection, *statements: tuple[str, tuple[Any, ...]]) -> None:
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("PRAGMA ignore_check_constraints = ON")
    asked = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    triggers = connection.execute(asked).fetchall()
    for name, _ in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    for statement, values in statements:
        assert connection.execute(statement, values).rowcount > 0, statement
    for _, sql in triggers:
        connection.execute(sql)


def columns(path: Path) -> Iterator[tuple[str, str, bool]]:
    """Yield (table, column, whether it may be NULL) of every column that there is."""
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (table,) in tables.fetchall():
            for row in connection.execute(f'PRAGMA table_xinfo("{table}")').fetchall():
                yield table, row[1], not row[3]


def keyed(connection: sqlite3.Connection, table: str) -> list[tuple[Any, ...]]:
    """Return the primary keys of a table's rows: the first, the middle and the last."""
    names = key(connection, table)
    order = ", ".join(names)
    rows = connection.execute(f'SELECT {order} FROM "{table}" ORDER BY {order}').fetchall()
    assert rows, f"nothing stands in {table}: it would not be spoiled"
    return list(dict.fromkeys((rows[0], rows[len(rows) // 2], rows[-1])))


def key(connection: sqlite3.Connection, table: str) -> list[str]:
    found = [row for row in connection.execute(f'PRAGMA table_info("{table}")') if row[5]]
    return [f'"{row[1]}"' for row in sorted(found, key=lambda row: row[5])]


@pytest.mark.counting
@pytest.mark.slow
def test_every_column_of_every_row_that_is_spoiled_is_found(lived, spoil):
    silent, tried = [], 0
    for table, column, nullable in columns(lived):
        if (table, column) in EXCEPTED:
            continue
        with closing(sqlite3.connect(lived)) as connection:
            where = " AND ".join(f"{name} = ?" for name in key(connection, table))
            rows = keyed(connection, table)
            asked = f'SELECT "{column}" FROM "{table}" WHERE {where}'
            there = [connection.execute(asked, row).fetchone()[0] for row in rows]
        for row, value in zip(rows, there, strict=True):
            forged = [other(table, column, value), *([None] if nullable and value else [])]
            for new in forged:
                tried += 1
                sql = f'UPDATE "{table}" SET "{column}" = ? WHERE {where}'
                found = spoil((sql, (new, *row)))
                named = [each for each in found if f"{table}.{column}" in (each.column or "")]
                if not found or (table in DERIVED and f'"{column}"' not in where and not named):
                    silent.append((table, column, row, value, new))
    assert silent == []
    assert tried > 200


def test_what_is_excepted_is_there_and_nothing_else_is(lived):
    """A column that is gone, or renamed, leaves the list of exceptions."""
    there = {(table, column) for table, column, _ in columns(lived)}
    assert set(EXCEPTED) <= there


def test_every_kind_of_row_that_is_deleted_is_found(lived, spoil):
    silent = []
    for table in dict.fromkeys(table for table, _, _ in columns(lived)):
        with closing(sqlite3.connect(lived)) as connection:
            where = " AND ".join(f"{name} = ?" for name in key(connection, table))
            rows = keyed(connection, table)
        for row in rows:
            found = spoil((f'DELETE FROM "{table}" WHERE {where}', row))
            silent += [] if found else [(table, row)]
    assert silent == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["swapped", "copied", "moved", "written otherwise"])
def test_what_is_swapped_copied_moved_or_written_otherwise_is_found(lived, spoil, kind):
    """Every value stands somewhere in the store already, or means the same: only its place, or its
    bytes, are wrong."""
    rng, silent, tried = random.Random(kind), [], 0
    with closing(sqlite3.connect(lived)) as connection:
        held = {table: rows_of(connection, table) for table, _, _ in columns(lived)}
    while tried < 60:
        table = rng.choice(list(held))
        names, keys, rows = held[table]
        one, other_one = rng.choice(rows), rng.choice(rows)
        statements = FORGERIES[kind](rng, table, names, keys, one, other_one)
        try:
            found = spoil(*statements) if statements else None
        except sqlite3.IntegrityError:  # the schema itself does not have it
            continue
        if found is not None:
            tried += 1
            silent += [] if found else [(table, statements)]
    assert silent == []


def rows_of(connection: sqlite3.Connection, table: str) -> tuple[Any, Any, Any]:
    """Return a table's columns that delivery does not count in, its key, and its rows."""
    info = connection.execute(f'PRAGMA table_info("{table}")').fetchall()
    names = [row[1] for row in info]
    rows = connection.execute(f'SELECT {", ".join(map(quoted, names))} FROM "{table}"').fetchall()
    keys = [name.strip('"') for name in key(connection, table)]
    return names, keys, [dict(zip(names, row, strict=True)) for row in rows]


def quoted(name: str) -> str:
    return f'"{name}"'


def changed(table: str, keys: Any, row: Any, **new: Any) -> tuple[str, tuple[Any, ...]]:
    """Return the statement that writes other values into a row."""
    there = " AND ".join(f"{quoted(name)} = ?" for name in keys)
    values = ", ".join(f"{quoted(name)} = ?" for name in new)
    sql = f'UPDATE "{table}" SET {values} WHERE {there}'
    return sql, (*new.values(), *(row[name] for name in keys))


def swapped(rng: Any, table: str, names: Any, keys: Any, one: Any, two: Any) -> Any:
    free = [n for n in names if n not in keys and (table, n) not in EXCEPTED and one[n] != two[n]]
    if not free:
        return ()
    name = rng.choice(free)
    return (
        changed(table, keys, one, **{name: two[name]}),
        changed(table, keys, two, **{name: one[name]}),
    )


def elsewhere(rng: Any, names: Any, keys: Any, one: Any) -> Any:
    """Return another key for a row: of its own plan, another plan, another period."""
    texts = ["office-2016/1", "office-2016/6", "office-2016/99", "zz/1", "zz", "2016-Q4", "2015-Q4"]
    said = {name: rng.choice(texts if isinstance(one[name], str) else [1, 2, 9]) for name in keys}
    if "project" in names and "project" not in keys:
        said |= {"project": rng.choice(texts[:4]), "number": rng.choice([1, 2, 50])}
    return said


def copied(rng: Any, table: str, names: Any, keys: Any, one: Any, two: Any) -> Any:
    row = one | elsewhere(rng, names, keys, one)
    if "position" in keys and table != "assignment":
        row["position"] = 1_000
    if table == "notice":
        row["id"] = "another"
    listed = ", ".join(map(quoted, names))
    values = ", ".join("?" * len(names))
    return ((f'INSERT INTO "{table}" ({listed}) VALUES ({values})', tuple(row.values())),)


def moved(rng: Any, table: str, names: Any, keys: Any, one: Any, two: Any) -> Any:
    new = elsewhere(rng, names, keys, one)
    if "position" in new and table != "assignment":
        new["position"] = one["position"]
    same = all(one[name] == value for name, value in new.items())
    return () if same else (changed(table, keys, one, **new),)


def written_otherwise(rng: Any, table: str, names: Any, keys: Any, one: Any, two: Any) -> Any:
    texts = [n for n in names if isinstance(one[n], str) and (table, n) not in EXCEPTED]
    name = rng.choice(texts)
    text = one[name]
    forms = [f"{text} ", f" {text}", f"{text}\n", f"{text}\u200b", text.encode()]
    if text[:2] == '{"':
        tree = json.loads(text)
        first = next(iter(tree))
        forms += [
            text.replace('":', '": ', 1),
            json.dumps(tree, separators=(",", ":")),
            json.dumps(dict(reversed(tree.items())), ensure_ascii=False, separators=(",", ":")),
            f'{{{json.dumps(first)}:"forged",{text[1:]}',  # which of the two a reader takes
        ]
    form = rng.choice(forms)
    return () if form == text else (changed(table, keys, one, **{name: form}),)


FORGERIES = {
    "swapped": swapped,
    "copied": copied,
    "moved": moved,
    "written otherwise": written_otherwise,
}
