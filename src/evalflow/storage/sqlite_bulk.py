"""The bulk path: many projects moved alike, with three triggers put aside.

Why: SQLite has triggers for rows alone, none for whole statements. The three that look at each
row (`entry_follows`, `entry_moves`, `project_follows`) take half of the time of a batch. For a
whole batch the same checks are one condition of the statement that writes all entries at once.

What protects it:

- It runs inside one `BEGIN IMMEDIATE` transaction, which begins before the triggers are dropped and
  ends after they are back, with the text they had. SQLite's schema is part of the transaction:
  nobody else sees the store without them, and a crash, a kill or an error brings them back
  with everything else.
- `_append` selects only projects that stand at the version, head, states, period, lifecycle, plan
  and unit that the move starts from, which is what the triggers would ask. The count of
  rows that it wrote says whether all of them did; one that is missing is a `Conflict`, and
  nothing is written.
- The indexes stay (a key is used once, an entry's number once), and so do all other triggers.
- What is written is `contract.move_like`, byte for byte: the storage kit compares it with the moves
  written one by one, and a test the triggers before and after, also where it is broken off.
"""

# ruff: noqa: S608 - statements are put together from this module's own constants; what a
# caller gives is always bound

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from evalflow.errors import Conflict
from evalflow.model import Move
from evalflow.storage.rows import (
    ENTRY_COLUMNS,
    NOTICE_COLUMNS,
    OWN_COLUMNS,
    Pattern,
    SharedNotice,
    entry_row,
    names,
)
from evalflow.storage.sql import ENTRY, columns, visits_of_all
from evalflow.storage.sqlite_statements import unit_on

_CACHE = 64 * 1024  # KiB of pages that a connection may keep once it has moved many

# What is each project's own in a table of the connection; all else is bound once.
_TABLE = (
    "CREATE TEMP TABLE moved_together (place INTEGER PRIMARY KEY, project TEXT, number INTEGER, "
    "previous TEXT, hash TEXT)"
)
_OWN = "INSERT INTO temp.moved_together VALUES (?, ?, ?, ?, ?)"

# What a statement for many must say about each of them, in the place of these triggers.
_ROW_BY_ROW = (
    "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' "
    "AND name IN ('entry_follows', 'entry_moves', 'project_follows')"
)


@lru_cache(maxsize=2)
def _append(dated: bool) -> str:
    """Return the statement that writes the entries of those that stand where they should.

    Its values are the entry's that they share, by name, the plan, and, if `dated`, the day on
    which the unit has them.
    """
    values = ", ".join(
        [f"s.{name}" if name in OWN_COLUMNS else f":{name}" for name in ENTRY_COLUMNS]
    )
    unit = "p.unit"
    if dated:
        unit = unit_on("p.id", "p.revision", "p.unit")
    return (
        f"INSERT INTO entry ({ENTRY}) SELECT {values} "
        "FROM temp.moved_together AS s CROSS JOIN project AS p WHERE p.id = s.project "
        "AND p.version = s.number - 1 AND p.head = s.previous AND p.states = :before "
        f"AND p.period = :period AND p.lifecycle = :lifecycle AND p.plan = :plan "
        f"AND {unit} = :unit ORDER BY s.place"
    )


@lru_cache(maxsize=64)
def _bring(moved: tuple[int, ...], regions: int) -> str:
    """Return the statement that brings the projects to where their entries leave them.

    Its values are states, period and unit afterwards, and whether they keep their bands.
    """
    visits = "visits"
    if len(moved) == regions:
        visits = visits_of_all(regions)
    elif moved:
        visits = "json_set(visits, " + ", ".join([f"'$[{n}]', s.number" for n in moved]) + ")"
    return (
        "UPDATE project SET version = s.number, states = ?, period = ?, head = s.hash, unit = ?, "
        f"visits = {visits}, band = CASE WHEN ? THEN band END "
        "FROM temp.moved_together AS s WHERE project.id = s.project"
    )


@lru_cache(maxsize=16)
def _notify(notices: int) -> str:
    """Return the statement that writes so many notices for each project of a bulk move.

    Its values are those of `SharedNotice`, one after another.
    """
    line = ", ".join("?" * len(SharedNotice._fields))
    values = ", ".join([f"({n}, {line})" for n in range(notices)])
    return (
        f"INSERT INTO notice ({columns(NOTICE_COLUMNS)}, next_at) "
        f"WITH shared (place, {', '.join(SharedNotice._fields)}) AS (VALUES {values}) "
        "SELECT s.project || ':' || s.number || ':' || rest, s.project, s.number, "
        "shared.name, shared.recipient, shared.role, shared.notifier, "
        "ko || s.project || ' ' || p.label_ko, en || s.project || ' ' || p.label_en, "
        "shared.at, shared.data, shared.at "
        "FROM temp.moved_together AS s CROSS JOIN project AS p CROSS JOIN shared "
        "WHERE p.id = s.project "
        f"ORDER BY s.place{', shared.place' if notices > 1 else ''}"
    )


def bulk_move(
    connection: sqlite3.Connection,
    like: Move,
    pattern: Pattern,
    rows: Sequence[tuple[Any, ...]],
    on: dt.date | None,
) -> None:
    """Write a bulk move inside the open transaction; `rows` are `pattern.rows`.

    Raises:
        Conflict: one of the projects stands elsewhere; the caller rolls back.
    """
    entry = like.entry
    connection.execute(f"PRAGMA cache_size = -{_CACHE}")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute(_TABLE)
    connection.executemany(_OWN, rows)
    triggers = connection.execute(_ROW_BY_ROW).fetchall()
    for name, _ in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    values = dict(zip(ENTRY_COLUMNS, entry_row(entry), strict=True))
    values |= {"plan": like.project.plan, "on": on and on.isoformat()}
    if connection.execute(_append(on is not None), values).rowcount != len(rows):
        _, project, number, *_ = rows[0]
        raise Conflict(project, expected=number - 1)
    connection.execute(
        _bring(pattern.moved, pattern.regions),
        (names(entry.after), entry.period_after, pattern.unit, pattern.same_period),
    )
    if notices := pattern.notices:
        connection.execute(_notify(len(notices)), list(chain.from_iterable(notices)))
    for _, sql in triggers:
        connection.execute(sql)
    connection.execute("DROP TABLE temp.moved_together")
