"""The schema's version, and how a store is made and brought up to date."""

# ruff: noqa: S608 - the only thing put into a statement is the quoted name of the schema

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from typing import Any

import psycopg

from evalflow.storage import PLAN_ENTRY, PLAN_ENTRY_COLUMNS, fault_point, openings, plan_entry_row
from evalflow_postgres.failures import failure

NAMES = ("0001.sql", "0002.sql", "0003.sql")
"""The steps, in order: the n-th makes schema version n of version n - 1. A step that was
released is never changed; what is new is a new step."""

VERSION = len(NAMES)
"""The schema version that this release writes."""


def steps() -> tuple[str, ...]:
    """Return the SQL of all steps, with `{schema}` where the schema's name goes."""
    folder = resources.files("evalflow_postgres.steps")
    return tuple(folder.joinpath(name).read_text("utf-8") for name in NAMES)


def bring_up(
    connection: psycopg.Connection[Any],
    schema: str,
    place: str,
    script: Sequence[str] | None = None,
) -> None:
    """Make the store in the schema where there is none, and bring an older one up to date, in
    one transaction. Of several who come at once one does it and the others wait.

    `script` are the steps (None: those of this release).

    Raises:
        StorageError: the schema holds something else, or the store is of a later version.
        psycopg.Error: what the database says.
    """
    known = steps() if script is None else script
    _check_encoding(connection, place)
    if version(connection, schema, place) == len(known):
        return
    name = quoted(schema)
    with connection.transaction():
        connection.execute(
            "SELECT pg_advisory_xact_lock(hashtext('evalflow'), hashtext(%s))", (schema,)
        )
        present = version(connection, schema, place)  # again: somebody may have been first
        if present > len(known):
            raise failure("newer", place, str(present))
        if present == 0 and not _has(connection, schema):
            connection.execute(f"CREATE SCHEMA {name}")
        if present:
            # Who is writing ends first, and who comes now waits and then sees the new version.
            connection.execute(f"LOCK TABLE {name}.store IN ACCESS EXCLUSIVE MODE")
        if present == 0 and not _is_ours(connection, schema):
            connection.execute(_STORE.replace("{schema}", name))
        for number, step in enumerate(known[present:], present + 1):
            connection.execute(step.replace("{schema}", name))
            if number == _OPENED:
                _open_balances(connection, f"{name}.")
            connection.execute(f"UPDATE {name}.store SET version = {number}")
        fault_point("upgrade:written")


def begin_again(connection: psycopg.Connection[Any], schema: str, version: int) -> None:
    """Make the empty store in the schema anew, as schema version `version` was, inside of the
    connection's transaction."""
    name = quoted(schema)
    for kind, found in (("TABLE", _TABLES_THERE), ("FUNCTION", _FUNCTIONS_THERE)):
        for (each,) in connection.execute(found, (schema,)).fetchall():
            connection.execute(f"DROP {kind} {each} CASCADE")
    connection.execute(_STORE.replace("{schema}", name))
    for step in steps()[:version]:
        connection.execute(step.replace("{schema}", name))
    connection.execute(f"UPDATE {name}.store SET version = {version}")


_TABLES_THERE = """
SELECT c.oid::regclass::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relkind = 'r'
"""

_FUNCTIONS_THERE = """
SELECT p.oid::regprocedure::text FROM pg_proc AS p
JOIN pg_namespace AS n ON n.oid = p.pronamespace WHERE n.nspname = %s
"""


_OPENED = 3
"""The version that gives plans a history of their own."""


def _open_balances(connection: psycopg.Connection[Any], prefix: str) -> None:
    """Begin each plan's history by an opening balance of what the store holds of it."""
    with connection.cursor(row_factory=psycopg.rows.tuple_row) as cursor:
        revisions = cursor.execute(
            f"SELECT plan, revision, effective, tree FROM {prefix}plan_revision "
            "ORDER BY plan, revision"
        ).fetchall()
        projects = cursor.execute(
            "SELECT p.plan, p.number, p.version, p.head, p.lifecycle, "
            f"(SELECT max(e.at) FROM {prefix}entry AS e WHERE e.project = p.id) "
            f"FROM {prefix}project AS p ORDER BY p.plan, p.place, p.number"
        ).fetchall()
        lifecycles = cursor.execute(f"SELECT fingerprint, tree FROM {prefix}lifecycle").fetchall()
        opened = openings(revisions, projects, lifecycles)
        rows = [plan_entry_row(entry) for entry in opened]
        places = ", ".join(["%s"] * len(PLAN_ENTRY_COLUMNS))
        if rows:
            cursor.executemany(
                f"INSERT INTO {prefix}plan_entry ({PLAN_ENTRY}) VALUES ({places})", rows
            )


_STORE = """
CREATE TABLE {schema}.store (
  application text    NOT NULL PRIMARY KEY CHECK (application = 'evalflow'),
  version     integer NOT NULL
);
INSERT INTO {schema}.store VALUES ('evalflow', 0);
"""


def check(connection: psycopg.Connection[Any], schema: str, place: str) -> None:
    """See to it that the store in the schema is one that this release can use as it is.

    Raises:
        StorageError: there is none, it is older or newer, or it is something else.
    """
    _check_encoding(connection, place)
    present = version(connection, schema, place)
    if present == 0:
        raise failure("missing", place, schema)
    check_version(present, place)


def check_version(present: int, place: str) -> None:
    """See to it that a store of this schema version is one that this release reads and writes.

    Raises:
        StorageError: it is older or newer.
    """
    if present != VERSION:
        raise failure("newer" if present > VERSION else "older", place, str(present))


def version(connection: psycopg.Connection[Any], schema: str, place: str) -> int:
    """Return the store's schema version, 0 where there is none yet.

    Raises:
        StorageError: the schema holds something that is not an evalflow store.
    """
    # One question, of one moment: between two of them somebody may make the store.
    columns, taken = _row(connection, _WHAT_IS_THERE, schema)
    if columns == _OURS:
        return int(_first(connection, f"SELECT version FROM {quoted(schema)}.store"))
    if taken:
        raise failure("foreign", place, schema)
    return 0


_OURS = ["application", "version"]

_WHAT_IS_THERE = """
SELECT
  array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE c.relname = 'store'),
  count(c.oid)
FROM pg_namespace AS n
LEFT JOIN pg_class AS c ON c.relnamespace = n.oid
LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND c.relname = 'store'
WHERE n.nspname = %s
"""


def _is_ours(connection: psycopg.Connection[Any], schema: str) -> bool:
    return bool(_row(connection, _WHAT_IS_THERE, schema)[0] == _OURS)


def _has(connection: psycopg.Connection[Any], schema: str) -> bool:
    return bool(_first(connection, "SELECT count(*) FROM pg_namespace WHERE nspname = %s", schema))


def _check_encoding(connection: psycopg.Connection[Any], place: str) -> None:
    encoding = _first(connection, "SELECT current_setting('server_encoding')")
    if encoding != "UTF8":
        raise failure("encoding", place, str(encoding))


def _first(connection: psycopg.Connection[Any], statement: str, *values: str) -> Any:
    return _row(connection, statement, *values)[0]


def _row(connection: psycopg.Connection[Any], statement: str, *values: str) -> tuple[Any, ...]:
    with connection.cursor(row_factory=psycopg.rows.tuple_row) as cursor:
        return cursor.execute(statement, values).fetchone() or (None, None)


def quoted(schema: str) -> str:
    """Return the schema's name as SQL writes it."""
    return '"' + schema.replace('"', '""') + '"'
