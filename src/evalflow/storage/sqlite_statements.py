"""The SQL of an SQLite store: how it writes what all storages ask, and its writing statements."""

# ruff: noqa: S608 - statements are put together from this module's own constants; what a
# caller gives is always bound

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from evalflow.model.canonical import canonical
from evalflow.storage.rows import (
    ASSIGNMENT_COLUMNS,
    DEFINITION_COLUMNS,
    ENTRY_COLUMNS,
    EVALUATION_COLUMNS,
    NOTICE_COLUMNS,
    PLAN_ENTRY_COLUMNS,
    REVISION_COLUMNS,
)
from evalflow.storage.sql import ENTRY, OUTGOING, Dialect, UnitOn, columns

# ------------------------------------------------------------------ selecting

# The unit that answers on a day, as `ProjectDefinition.unit_on` finds it: the first
# assignment in force, else the next to come, else the last that was.
_UNIT_ON = """coalesce((
  SELECT unit FROM (
    SELECT a.unit, a.position, CASE
        WHEN (a.since IS NULL OR a.since <= :on) AND (a.until IS NULL OR a.until >= :on) THEN 0
        WHEN a.since > :on THEN 1 ELSE 2 END AS distance
    FROM assignment AS a WHERE a.project = {project} AND a.revision = {revision})
  ORDER BY distance, iif(distance = 2, -position, position) LIMIT 1), {else_})"""

# The combinations of states that exist are few: step from one to the next in the index, keep
# those with a wanted state in any region, and find the projects by them.
_IN_STATES = """p.states IN (
  WITH RECURSIVE known (states) AS (
    SELECT min(states) FROM project
    UNION ALL
    SELECT (SELECT min(states) FROM project WHERE states > known.states)
    FROM known WHERE known.states IS NOT NULL)
  SELECT states FROM known WHERE states IS NOT NULL AND EXISTS (
    SELECT 1 FROM json_each(known.states) AS one
    WHERE one.value IN (SELECT value FROM json_each(:states))))"""

# Everything that the entries up to a moment say, project by project. A rating of an earlier period
# (a spot check, R37) does not count here. The definition in force
# then is the latest one made up to the last of these entries.
_AS_OF = """
SELECT p.id, p.plan, p.number, coalesce(d.label_ko, p.label_ko), coalesce(d.label_en, p.label_en),
  [unit], coalesce(d.field, p.field), last.lifecycle, coalesce(d.revision, last.revision),
  last.hash, e.number, e.after, e.period = e.period_after, e.period_after,
  CASE WHEN coalesce(json_extract(e.rating, '$.period'), e.period) = e.period
    AND e.rating IS NOT NULL THEN json_object('band', json_extract(e.rating, '$.band')) END
FROM project AS p
JOIN entry AS last ON last.project = p.id AND last.number = (
  SELECT number FROM entry WHERE project = p.id AND at <= :at ORDER BY number DESC LIMIT 1)
LEFT JOIN definition AS d ON d.project = p.id AND d.revision = (
  SELECT max(revision) FROM definition WHERE project = p.id AND revision <= last.revision)
JOIN entry AS e ON e.project = p.id AND e.number <= last.number
[where] ORDER BY p.plan, p.place, p.number, e.number
"""


def unit_on(project: str, revision: str, otherwise: str) -> str:
    """Return the expression for the unit that answers on the day `:on`."""
    return _UNIT_ON.format(project=project, revision=revision, else_=otherwise)


def _unit_on(project: str, revision: str, otherwise: str) -> UnitOn:
    return UnitOn(f"{unit_on(project, revision, otherwise)} AS unit_on", "unit_on")


def _among(column: str, name: str) -> str:
    return f"{column} IN (SELECT value FROM json_each(:{name}))"


def _listed(values: Iterable[Any]) -> str:
    return canonical(list(values))


DIALECT = Dialect(
    value=":{}".format,
    among=_among,
    numbered="IN (SELECT value FROM json_each(:{}))".format,
    in_states=_IN_STATES,
    unit_on=_unit_on,
    as_of=_AS_OF,
    listed=_listed,
    day=dt.date.isoformat,
    unlimited=-1,
    unindexed="+",
)

SQL = DIALECT.reading() | {
    "entries": f"SELECT {ENTRY}, position FROM entry WHERE position > :after "
    "ORDER BY position LIMIT :limit",
    "entries_newest": f"SELECT {ENTRY}, position FROM entry WHERE position < :after "
    "ORDER BY position DESC LIMIT :limit",
}
"""The reading statements, by name."""

# ------------------------------------------------------------------ writing

# A project is adopted at version 0; the triggers move it when its entry is written.
ADOPT = (
    "INSERT INTO project (id, plan, number, label_ko, label_en, unit, field, visits, period, "
    "lifecycle, revision, band, change, states, version, head) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '[]', 0, '')"
)

# What an entry does not say about where it leaves the project.
STAND = (
    "UPDATE project SET label_ko = ?, label_en = ?, unit = ?, field = ?, visits = ?, "
    "lifecycle = ?, revision = ?, band = ?, change = ? WHERE id = ?"
)


def _insert(table: str, names: Sequence[str]) -> str:
    return f"INSERT INTO {table} ({columns(names)}) VALUES ({', '.join('?' * len(names))})"


APPEND = _insert("entry", ENTRY_COLUMNS)
DEFINE = _insert("definition", DEFINITION_COLUMNS)
ASSIGN = _insert("assignment", ASSIGNMENT_COLUMNS)
ENTER = _insert("plan_entry", PLAN_ENTRY_COLUMNS)
REVISE = _insert("plan_revision", REVISION_COLUMNS)
EVALUATE = (
    f"{_insert('evaluation', EVALUATION_COLUMNS)} ON CONFLICT (project, period) DO UPDATE SET "
    "number = excluded.number, rate = excluded.rate, band = excluded.band, tree = excluded.tree"
)
NOTIFY = f"{_insert('notice', (*NOTICE_COLUMNS, 'next_at'))} ON CONFLICT (id, notifier) DO NOTHING"
KEEP = f"{_insert('lifecycle', ('fingerprint', 'tree'))} ON CONFLICT DO NOTHING"

LATEST = "SELECT coalesce(max(revision), 0) FROM plan_revision WHERE plan = ?"
"""The latest revision of a plan, 0 where there is none."""

VERSIONS = "SELECT p.id, p.version FROM json_each(?) AS j CROSS JOIN project AS p ON p.id = j.value"

# The ids of a plan's projects are `<plan>/<number>`; '0' is the character after '/'.
_WAITING = (
    "state = 'waiting' AND notifier = ?1 AND next_at <= ?2 "
    "AND (?3 IS NULL OR (project > ?3 || '/' AND project < ?3 || '0'))"
)

DUE = f"SELECT 1 FROM notice WHERE {_WAITING} LIMIT 1"

CLAIMABLE = (
    f"SELECT {OUTGOING}, position FROM notice AS n WHERE {_WAITING} "
    "ORDER BY next_at, position LIMIT ?4"
)

CLAIM = (
    "UPDATE notice SET next_at = ?2, tries = tries + 1 "
    "WHERE position IN (SELECT value FROM json_each(?1))"
)

SETTLE = (
    "UPDATE notice SET state = ?3, next_at = coalesce(?4, next_at), error = ?5, "
    "tries = tries - (?3 = 'waiting' AND ?5 IS NULL) "  # handed back untried
    "WHERE id = ?1 AND notifier = ?2 AND (state = 'waiting' OR ?3 = 'delivered')"
)

RESEND = (
    "UPDATE notice SET state = 'waiting', tries = 0, next_at = ?3 "
    "WHERE id = ?1 AND notifier = ?2 AND state = 'dead'"
)
