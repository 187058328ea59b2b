"""The numbers of entries and notices, and the sequences that give them.

A sequence that stands before the newest row hands out numbers a second time: the write is refused,
and `entries` holds back what lies behind it. PostgreSQL (15) leaves one so after `CREATE DATABASE …
TEMPLATE` and a crash before the next checkpoint: the copy keeps how many numbers were logged ahead
in the original, and logs none of its own before these are used up. Restoring by hand may do it too.
"""

# ruff: noqa: S608 - the only thing put into a statement is the quoted name of the schema

from __future__ import annotations

import logging

import psycopg
from psycopg.rows import tuple_row

from evalflow_postgres.connections import Connection

_log = logging.getLogger("evalflow")

TABLES = ("entry", "notice")
"""Tables whose rows a sequence numbers."""

_BEHIND = (
    "CASE WHEN has_sequence_privilege("
    "to_regclass('{schema}{table}_position_seq'), 'USAGE, SELECT') "
    "THEN coalesce(pg_sequence_last_value(to_regclass('{schema}{table}_position_seq')), 0) "
    "< coalesce((SELECT max(position) FROM {schema}{table}), 0) ELSE false END"
)


def is_behind(schema: str, table: str = "entry") -> str:
    """Return the condition that a table's sequence stands before its newest row; `schema` is the
    quoted name of the schema with a dot."""
    return _BEHIND.replace("{schema}", schema).replace("{table}", table)


def behind(connection: Connection, schema: str) -> tuple[str, ...]:
    """Return the tables whose sequence stands before their newest row; `schema` as above."""
    asked = ", ".join(is_behind(schema, table) for table in TABLES)
    with connection.cursor(row_factory=tuple_row) as cursor:  # whatever a host's rows look like
        row = cursor.execute(f"SELECT {asked}").fetchone()
    assert row is not None
    return tuple([table for table, found in zip(TABLES, row, strict=True) if found])


def mend(connection: Connection, schema: str, place: str) -> None:
    """Put every sequence that stands before its table's newest row behind it, in a transaction of
    its own, and say so. Nothing is done where that is not allowed: `verify` tells of it then."""
    for table in behind(connection, schema):
        name = f"{schema}{table}"
        try:
            with connection.transaction():
                # Whoever is writing ends first, so that no number is drawn between.
                connection.execute(f"LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE")
                connection.execute(
                    f"SELECT setval(to_regclass('{name}_position_seq'), "
                    f"(SELECT max(position) FROM {name})) WHERE {is_behind(schema, table)}"
                )
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction) as why:
            _log.warning("%s: the numbers of '%s' cannot be put right: %s", place, table, why)
        else:
            _log.warning("%s: the numbers of '%s' had been set back; put right", place, table)
