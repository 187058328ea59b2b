"""A store on PostgreSQL read row by row, whatever is in it, and its schema held against what it
should be."""

# ruff: noqa: S608 - statements are put together from names of ours; values are bound

from __future__ import annotations

import datetime as dt
import json
import logging
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from evalflow.storage import ORDERS, OWNERS, TABLES, WRITTEN, SchemaFault, Values, digest
from evalflow_postgres import positions
from evalflow_postgres.connections import Connection
from evalflow_postgres.failures import storage_error

_log = logging.getLogger("evalflow.storage")


class PostgresTables:
    """The rows of one schema, read on a connection inside a transaction."""

    gapless = False  # a transaction that is rolled back keeps the positions that it drew
    kept = frozenset(TABLES)

    def __init__(
        self,
        connection: Connection,
        schema: str,
        prefix: str,
        place: str,
        horizon: Callable[[], int],
        plan: str | None = None,
    ) -> None:
        """Read the schema `schema` on `connection`; `prefix` is its name, quoted, with a dot.
        `horizon` gives the position behind which entries may still come. With `plan`, see
        `of_plan`."""
        self._horizon = horizon
        self._plan = plan
        self._connection = connection
        self._schema = schema
        self._prefix = prefix
        self._place = place
        self._columns: dict[str, set[str]] = {table: set() for table in TABLES}
        for table, column in self._read(_COLUMNS, (schema,)):
            if table in self._columns:
                self._columns[table].add(column)
        self._notices: dict[Any, list[int]] | None = None

    def _read(self, sql: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        try:
            with self._connection.cursor(row_factory=tuple_row) as cursor:
                yield from cursor.execute(sql, values)
        except psycopg.Error as error:
            raise storage_error(error, self._place) from error

    def of_plan(self, plan: str) -> PostgresTables:
        """Return the rows of one plan alone. No index leads to a plan's notices: the server looks
        through all of them for those."""
        return PostgresTables(
            self._connection, self._schema, self._prefix, self._place, self._horizon, plan
        )

    def _own(self, column: str) -> tuple[str, Sequence[Any]]:
        """Return the condition by which a column of `OWNERS` is of the plan, and its values."""
        if self._plan is None or column == "fingerprint":
            return "true", ()
        if column == "plan":
            return "plan = %s", (self._plan,)
        # As indexes have it; "0" follows "/".
        between = (f"{self._plan}/", f"{self._plan}0")
        return f'"{column}" COLLATE "C" >= %s AND "{column}" COLLATE "C" < %s', between

    def owners(self, table: str) -> Sequence[Any]:
        """Return whose rows there are; projects in the order of plan and number."""
        owner = OWNERS[table]
        if owner not in self._columns[table]:
            return []
        order = f'"{owner}"'
        if table == "project" and {"plan", "place", "number"} <= self._columns[table]:
            order = "plan, place, number"
        distinct = "" if table == "project" else "DISTINCT"
        where, values = self._own(owner)
        sql = (
            f'SELECT {distinct} "{owner}" FROM {self._prefix}"{table}" WHERE {where} '
            f"ORDER BY {order}"
        )
        return list(dict.fromkeys(row[0] for row in self._read(sql, values)))

    def rows(self, table: str, owner: Any) -> Iterator[Values]:
        """Yield the rows of one owner, whatever is in them."""
        there = self._columns[table]
        if OWNERS[table] not in there:
            return
        columns = [column for column in TABLES[table] if column in there]
        listed = ", ".join(f'"{column}"' for column in columns)
        order = ", ".join(f'"{column}"' for column in ORDERS[table] if column in there)
        where, value = f'"{OWNERS[table]}" = %s', owner
        if owner is None:
            where = f'("{OWNERS[table]}" IS NULL OR %s IS NOT NULL)'
        elif table == "notice" and "position" in there:  # no index leads to a project's notices
            where, value = "position = ANY(%s::bigint[])", self._notices_of(owner)
        sql = f'SELECT {listed} FROM {self._prefix}"{table}" WHERE {where} ORDER BY {order}'
        for row in self._read(sql, (value,)):
            yield dict(zip(columns, map(_value, row), strict=True))

    def _notices_of(self, owner: Any) -> list[int]:
        """Return the positions of a project's notices: looked up once for all of them."""
        if self._notices is None:
            self._notices = {}
            where, values = self._own("project")
            for project, position in self._read(
                f"SELECT project, position FROM {self._prefix}notice WHERE {where}", values
            ):
                self._notices.setdefault(project, []).append(position)
        return self._notices.get(owner, [])

    def positions(self, table: str) -> Iterator[tuple[Any, Any]]:
        """Yield nothing: positions are drawn before their transaction ends, so over all projects
        they say little."""
        return iter(())

    def written(self) -> Iterator[Values]:
        """Yield the columns `WRITTEN` of every entry up to the position behind which one may still
        come, in the order of positions."""
        columns = [column for column in WRITTEN if column in self._columns["entry"]]
        if "position" not in self._columns["entry"] or "project" not in columns:
            return
        listed = ", ".join(f'"{column}"' for column in columns)
        sql = (
            f"SELECT position, {listed} FROM {self._prefix}entry WHERE position > %s AND "
            f"position <= %s ORDER BY position LIMIT {_PAGE}"
        )
        last, horizon = -1, self._horizon()
        while page := list(self._read(sql, (last, horizon))):
            for row in page:
                yield dict(zip(columns, map(_value, row[1:]), strict=True))
            last = page[-1][0]

    def behind(self) -> bool:
        """Say whether a position was drawn of which `written` knows nothing yet, also by somebody
        whose entry cannot be seen: it may be decided under a revision before the last one."""
        sql = "SELECT coalesce(pg_sequence_last_value(%s::text::regclass), 0) > %s"
        drawn = f"{self._prefix}entry_position_seq"
        return any(row[0] for row in self._read(sql, (drawn, self._horizon())))

    def faults(self) -> list[SchemaFault]:
        """Return what is wrong with columns, indexes, constraints, triggers and functions."""
        return faults(self._connection, self._schema)


_PAGE = 5000  # rows at a time, so that memory does not grow with their number


def _value(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value


_COLUMNS = (
    "SELECT table_name::text, column_name::text FROM information_schema.columns "
    "WHERE table_schema = %s"
)


# --------------------------------------------------------------------------- the schema

# What every version of PostgreSQL tells of a schema in the same words.
_THINGS = """
SELECT 'column', c.relname || '.' || a.attname,
    concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated,
      nullif(a.attidentity, ''), pg_get_expr(d.adbin, d.adrelid), 'COLLATE ' || l.collname)
  FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
    LEFT JOIN pg_collation AS l ON l.oid = a.attcollation AND l.collname <> 'default'
    LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE c.relnamespace = to_regnamespace(%(schema)s) AND c.relkind = 'r' AND a.attnum > 0
    AND NOT a.attisdropped
UNION ALL
SELECT 'table', c.relname,
    CASE c.relpersistence WHEN 'p' THEN 'logged' ELSE 'emptied by a crash' END
  FROM pg_class AS c
  WHERE c.relnamespace = to_regnamespace(%(schema)s) AND c.relkind = 'r'
    AND c.relname = ANY(%(tables)s)
UNION ALL
SELECT 'index', i.relname, concat_ws(' ', x.indisunique, x.indisvalid, x.indpred IS NOT NULL,
    CASE WHEN NOT x.indisready THEN 'not kept' END, pg_get_expr(x.indpred, x.indrelid),
    (SELECT string_agg(a.attname, ',' ORDER BY k.place)
      FROM unnest(x.indkey::smallint[]) WITH ORDINALITY AS k (number, place)
      JOIN pg_attribute AS a ON a.attrelid = x.indrelid AND a.attnum = k.number),
    (SELECT 'COLLATE ' || string_agg(l.collname, ',' ORDER BY k.place)
      FROM unnest(x.indcollation::oid[]) WITH ORDINALITY AS k (used, place)
      JOIN pg_collation AS l ON l.oid = k.used AND l.collname NOT IN ('default', 'C')))
  FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid
    JOIN pg_class AS c ON c.oid = x.indrelid
  WHERE i.relnamespace = to_regnamespace(%(schema)s) AND c.relname = ANY(%(tables)s)
UNION ALL
SELECT 'constraint', c.relname || '.' || n.conname,
    concat_ws(' ', n.contype, n.convalidated, pg_get_constraintdef(n.oid),
      (SELECT 'disabled' FROM pg_trigger AS t
        WHERE t.tgconstraint = n.oid AND t.tgenabled <> 'O' LIMIT 1))
  FROM pg_constraint AS n JOIN pg_class AS c ON c.oid = n.conrelid
  WHERE n.connamespace = to_regnamespace(%(schema)s) AND n.contype IN ('c', 'f', 'p', 'u')
UNION ALL
SELECT 'trigger', c.relname || '.' || t.tgname,
    concat_ws(' ', t.tgtype, t.tgenabled,
      CASE WHEN f.pronamespace = c.relnamespace THEN '' ELSE 'elsewhere: ' END || f.proname,
      encode(t.tgargs, 'hex'), t.tgqual IS NOT NULL,
      (SELECT 'OF ' || string_agg(a.attname, ',' ORDER BY k.place)
        FROM unnest(t.tgattr::smallint[]) WITH ORDINALITY AS k (number, place)
        JOIN pg_attribute AS a ON a.attrelid = t.tgrelid AND a.attnum = k.number),
      substring(pg_get_triggerdef(t.oid) FROM 'WHEN [(](.*)[)] EXECUTE '))
  FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid JOIN pg_proc AS f ON f.oid = t.tgfoid
  WHERE c.relnamespace = to_regnamespace(%(schema)s) AND NOT t.tgisinternal
UNION ALL
SELECT 'function', f.proname, f.prosrc
  FROM pg_proc AS f WHERE f.pronamespace = to_regnamespace(%(schema)s)
UNION ALL
SELECT 'rule', c.relname || '.' || r.rulename, ''
  FROM pg_rewrite AS r JOIN pg_class AS c ON c.oid = r.ev_class
  WHERE c.relnamespace = to_regnamespace(%(schema)s) AND c.relname = ANY(%(tables)s)
UNION ALL
SELECT 'policy', c.relname || '.' || p.polname, ''
  FROM pg_policy AS p JOIN pg_class AS c ON c.oid = p.polrelid
  WHERE c.relnamespace = to_regnamespace(%(schema)s)
UNION ALL
SELECT 'policy', c.relname, ''
  FROM pg_class AS c
  WHERE c.relnamespace = to_regnamespace(%(schema)s) AND (c.relrowsecurity OR c.relforcerowsecurity)
UNION ALL
SELECT 'child', c.relname || '.' || k.relname, ''
  FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhparent
    JOIN pg_class AS k ON k.oid = i.inhrelid
  WHERE c.relnamespace = to_regnamespace(%(schema)s) AND c.relkind = 'r'
"""

_OURS = (*TABLES, "store")

EXPECTED = "schema.json"
"""The file beside this one with what a store of the present schema version consists of."""


def things(connection: Connection, schema: str) -> dict[str, str]:
    """Return what a schema consists of: `kind name` -> what is told of it; of functions a digest
    of their text."""
    quoted = '"' + schema.replace('"', '""') + '"'
    with connection.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(_THINGS, {"schema": quoted, "tables": list(_OURS)}).fetchall()
    return {f"{kind} {name}": _told(kind, told, schema, quoted) for kind, name, told in rows}


_PIECES = re.compile(r"""'(?:[^']|'')*'|["]((?:[^"]|"")*)["]|(\s+)""")
"""A text; a quoted name; what stands between words."""


def _told(kind: str, told: str, schema: str, quoted: str) -> str:
    """Return what is told of a thing, in whichever schema the store is, and however the server is
    set to quote names and to break lines; texts stay as they are. A constraint is told by its
    definition, in which the schema stands before the table that it leads to where it is not
    searched by itself."""
    if kind == "function":
        return digest(told.replace(quoted, "{schema}"))[:16]

    def bare(found: re.Match[str]) -> str:
        if found[2] is not None:
            return " "
        return found[0] if found[1] is None else found[1].replace('""', '"')

    return _PIECES.sub(bare, told).replace(f"REFERENCES {schema}.", "REFERENCES ")


@lru_cache(maxsize=1)
def _expected() -> Mapping[str, str]:
    content = pkgutil.get_data("evalflow_postgres", EXPECTED)
    assert content is not None, "a part of the package"
    expected: Mapping[str, str] = json.loads(content)
    return expected


def faults(connection: Connection, schema: str) -> list[SchemaFault]:
    """Return what of the schema is missing or altered, and what is none of it and has a say in what
    can be written or is read."""
    there = things(connection, schema)
    found = []
    for thing, told in _expected().items():
        actual = there.pop(thing, None)
        if actual != told:
            kind, _, name = thing.partition(" ")
            fault = "missing" if actual is None else "altered"
            found.append(SchemaFault(kind=kind, name=name, fault=fault))
    for thing, told in there.items():
        kind, _, name = thing.partition(" ")
        if _has_a_say(kind, name, told):
            found.append(SchemaFault(kind=kind, name=name, fault="foreign"))
    if not found:  # the tables are there to be asked
        quoted = '"' + schema.replace('"', '""') + '".'
        found += [
            SchemaFault(kind="sequence", name=f"{table}_position_seq", fault="behind")
            for table in positions.behind(connection, quoted)
        ]
    return found


def _has_a_say(kind: str, name: str, told: str) -> bool:
    """Say whether a thing that is none of ours bears on our tables: not a function, a table beside
    them, or an index that only makes reading faster."""
    if kind in ("column", "constraint"):
        return name.partition(".")[0] in _OURS
    if kind == "index":
        return told.startswith("t ")  # a unique one, which refuses rows
    return kind != "function"


def warn(connection: Connection, schema: str, place: str) -> tuple[SchemaFault, ...]:
    """Say what is wrong with the schema of a store that is being opened, and return it. It is
    opened all the same, so that it can be verified."""
    found = tuple(faults(connection, schema))
    for fault in found:
        _log.warning("%s: %s", place, fault.text("en"))
    return found
