"""The SQL of the storage, for one schema: how PostgreSQL writes what all storages ask, and its
own statements; what a caller gives is always bound. Moves are in `moves`, bulk moves in `bulk`."""

# ruff: noqa: S608 - statements are put together from this module's own constants

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from evalflow.storage import (
    ENTRY,
    NOTICE_COLUMNS,
    OUTGOING,
    PLAN_ENTRY,
    PLAN_ENTRY_COLUMNS,
    Dialect,
    UnitOn,
)
from evalflow_postgres.positions import is_behind

# The ids of a plan's projects are `<plan>/<number>`; '0' is the character after '/'.
_WAITING = (
    "n.state = 'waiting' AND n.notifier = %(notifier)s AND n.next_at <= %(at)s "
    "AND (%(plan)s::text IS NULL OR (n.project > %(plan)s::text || '/' "
    "AND n.project < %(plan)s::text || '0'))"
)

_NEXT_PLAN_ENTRY = ", ".join(f"%({name})s" for name in PLAN_ENTRY_COLUMNS)

_TEXTS = {
    "horizon": "SELECT {schema}horizon(), current_setting('transaction_isolation'), "
    f"{is_behind('{schema}')}",
    "entries": f"SELECT {ENTRY}, position FROM {{schema}}entry "
    "WHERE position > %s AND position <= %s ORDER BY position LIMIT %s",
    "entries_newest": f"SELECT {ENTRY}, position FROM {{schema}}entry "
    "WHERE position > %s AND position <= %s ORDER BY position DESC LIMIT %s",
    "behind": "SELECT (SELECT count(*) FROM {schema}entry WHERE position > %s), "
    "(SELECT count(*) FROM {schema}plan_entry)",
    "version": "SELECT version FROM {schema}store",
    "home": "SELECT system_identifier, (SELECT oid FROM pg_database WHERE datname = "
    "current_database()), to_regclass('{schema}store')::oid FROM pg_control_system()",
    "written": "SELECT 1 FROM {schema}entry WHERE project = %s AND number = %s AND hash = %s",
    # Waits for whoever is writing to the project.
    "settled": "SELECT 1 FROM {schema}project WHERE id = %s FOR SHARE",
    "lock": "SELECT id, version FROM {schema}project WHERE id = ANY(%s) "
    "ORDER BY id FOR NO KEY UPDATE",
    # The same, sent together with the statement that writes. It gives no row: the first answer
    # of a pipeline would come in pieces where the connection was streamed from before (libpq).
    "held": "WITH held AS MATERIALIZED (SELECT 1 FROM {schema}project WHERE id = ANY(%s) "
    "ORDER BY id FOR NO KEY UPDATE) SELECT count(*) FROM held HAVING count(*) < 0",
    "versions": "SELECT id, version FROM {schema}project WHERE id = ANY(%s)",
    "latest": "SELECT plan, max(revision) FROM {schema}plan_revision WHERE plan = ANY(%s) "
    "GROUP BY plan",
    "key_used": "SELECT 1 FROM {schema}entry WHERE project = %s AND key = %s",
    "enter": f"INSERT INTO {{schema}}plan_entry ({PLAN_ENTRY}) SELECT {_NEXT_PLAN_ENTRY} "
    "WHERE %(number)s = 1 + (SELECT count(*) FROM {schema}plan_entry WHERE plan = %(plan)s) "
    "ON CONFLICT DO NOTHING RETURNING number",
    "revise": "INSERT INTO {schema}plan_revision (plan, revision, effective, tree) "
    "SELECT %(plan)s, %(revision)s, %(effective)s, %(tree)s WHERE %(revision)s = 1 + coalesce("
    "(SELECT max(revision) FROM {schema}plan_revision WHERE plan = %(plan)s), 0) "
    "ON CONFLICT DO NOTHING RETURNING revision",
    "keep": "INSERT INTO {schema}lifecycle (fingerprint, tree) VALUES (%s, %s) "
    "ON CONFLICT DO NOTHING",
    "remind": f"INSERT INTO {{schema}}notice ({', '.join(NOTICE_COLUMNS)}, next_at) VALUES ("
    f"{', '.join(f'%({name})s' for name in NOTICE_COLUMNS)}, %(at)s) "
    "ON CONFLICT (id, notifier) DO NOTHING",
    "claim": "WITH due AS (SELECT n.position, n.next_at AS since FROM {schema}notice AS n "
    f"WHERE {_WAITING} ORDER BY n.next_at, n.position LIMIT %(limit)s FOR UPDATE SKIP LOCKED), "
    "claimed AS (UPDATE {schema}notice AS n SET next_at = %(until)s, tries = n.tries + 1 "
    f"FROM due WHERE n.position = due.position RETURNING {OUTGOING}, due.since, n.position) "
    "SELECT * FROM claimed ORDER BY since, position",
    # Locked in one order, so that two who settle the same notices do not wait for each other.
    "settle": "WITH said AS (SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], "
    "%s::text[]) AS s (id, notifier, state, next_at, error)), "
    "found AS (SELECT n.position FROM {schema}notice AS n JOIN said USING (id, notifier) "
    "ORDER BY n.position FOR UPDATE OF n) "
    "UPDATE {schema}notice AS n SET state = said.state, "
    "next_at = coalesce(said.next_at, n.next_at), error = said.error, tries = n.tries - "
    "CASE WHEN said.state = 'waiting' AND said.error IS NULL THEN 1 ELSE 0 END "  # handed back
    "FROM said WHERE n.position IN (SELECT position FROM found) AND n.id = said.id "
    "AND n.notifier = said.notifier AND (n.state = 'waiting' OR said.state = 'delivered') "
    "RETURNING 1",
    "resend": "WITH said AS (SELECT DISTINCT * FROM unnest(%s::text[], %s::text[]) "
    "AS s (id, notifier)), sent AS (UPDATE {schema}notice AS n "
    "SET state = 'waiting', tries = 0, next_at = %s FROM said WHERE n.id = said.id "
    "AND n.notifier = said.notifier AND n.state = 'dead' RETURNING 1) "
    "SELECT (SELECT count(*) FROM sent), {schema}somebody_listens()",
    "tell": "SELECT pg_notify(%s, '')",
    "hold": "SELECT pg_try_advisory_lock('{schema}store'::regclass::oid::integer, 0)",
    "listens": "SELECT pg_advisory_lock_shared('{schema}notice'::regclass::oid::integer, 0)",
}


# --------------------------------------------------------------------------- selecting

# The unit that answers on a day, as `ProjectDefinition.unit_on` finds it: the first
# assignment in force, else the next to come, else the last that was.
_UNIT_ON = """coalesce((
  SELECT a.unit FROM {schema}assignment AS a
  CROSS JOIN LATERAL (SELECT CASE
      WHEN (a.since IS NULL OR a.since <= :on) AND (a.until IS NULL OR a.until >= :on)
      THEN 0 WHEN a.since > :on THEN 1 ELSE 2 END AS distance) AS far
  WHERE a.project = [project] AND a.revision = [revision]
  ORDER BY distance, CASE WHEN distance = 2 THEN -a.position ELSE a.position END
  LIMIT 1), [else])"""

# The combinations of states that exist are few: step from one to the next in the index, keep
# those with a wanted state in any region, and find the projects by them.
_IN_STATES = """p.states IN (
  WITH RECURSIVE known (states) AS (
    (SELECT p.states FROM {schema}project AS p ORDER BY p.states LIMIT 1)
    UNION ALL
    SELECT (SELECT p.states FROM {schema}project AS p WHERE p.states > known.states
      ORDER BY p.states LIMIT 1)
    FROM known WHERE known.states IS NOT NULL)
  SELECT known.states FROM known WHERE known.states IS NOT NULL
    AND known.states::jsonb ?| :states::text[])"""

# Everything that the entries up to a moment say, project by project. The definition in force
# then is the latest one made up to the last of these entries. Of the ratings only the last one
# is needed; one of an earlier period (a spot check, R37) does not count here.
_AS_OF = """
SELECT p.id, p.plan, p.number, coalesce(d.label_ko, p.label_ko), coalesce(d.label_en, p.label_en),
  [unit], coalesce(d.field, p.field), last.lifecycle, coalesce(d.revision, last.revision),
  last.hash, e.number, e.after, e.period = e.period_after, e.period_after,
  CASE WHEN e.number = rated.number THEN e.rating END
FROM {schema}project AS p
CROSS JOIN LATERAL (SELECT l.* FROM {schema}entry AS l WHERE l.project = p.id AND l.at <= :at
  ORDER BY l.number DESC LIMIT 1) AS last
CROSS JOIN LATERAL (SELECT max(r.number) AS number FROM {schema}entry AS r
  WHERE r.project = p.id AND r.number <= last.number AND r.rating IS NOT NULL
    AND coalesce(r.rating::jsonb ->> 'period', r.period) = r.period) AS rated
LEFT JOIN {schema}definition AS d ON d.project = p.id AND d.revision = (
  SELECT max(revision) FROM {schema}definition
  WHERE project = p.id AND revision <= last.revision)
[join]
JOIN {schema}entry AS e ON e.project = p.id AND e.number <= last.number
[where] ORDER BY p.plan, p.place, p.number, e.number
"""


def unit_on(project: str, revision: str, otherwise: str) -> str:
    """Return the expression for the unit that answers on the day `:on`."""
    text = _UNIT_ON.replace("[project]", project).replace("[revision]", revision)
    return text.replace("[else]", otherwise)


def _answering(project: str, revision: str, otherwise: str) -> UnitOn:
    unit = unit_on(project, revision, otherwise)
    return UnitOn(
        "answering.unit",
        "answering.unit",
        f"CROSS JOIN LATERAL (SELECT {unit} AS unit) AS answering",
    )


@lru_cache(maxsize=64)
def dialect(schema: str) -> Dialect:
    """Return how PostgreSQL writes what all storages ask; `schema` stands before each table."""
    return Dialect(
        schema=schema,
        value="%({})s".format,
        among="{} = ANY(:{}::text[])".format,
        numbered="= ANY(:{}::bigint[])".format,
        in_states=_IN_STATES,
        unit_on=_answering,
        as_of=_AS_OF,
        listed=list,
        day=lambda day: day,
        unlimited=None,
    )


@lru_cache(maxsize=64)
def texts(schema: str) -> Mapping[str, str]:
    """Return the statements that are always the same, by name."""
    own = dialect(schema)
    return own.reading() | {name: own.text(text) for name, text in _TEXTS.items()}
