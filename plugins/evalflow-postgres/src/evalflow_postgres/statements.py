"""The SQL of the storage, for one schema; what a caller gives is always bound."""

# ruff: noqa: S608 - statements are put together from this module's own constants

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import attrs

from evalflow.storage import Selection
from evalflow.storage.rows import (
    ENTRY_COLUMNS,
    NOTICE_COLUMNS,
    OUTGOING_COLUMNS,
    POSITION_COLUMNS,
    PROJECT_COLUMNS,
    Told,
)

EVER = 2**62
"""Later than any plan revision."""


def _list(columns: Iterable[str], table: str = "") -> str:
    return ", ".join(f'{table}"{column}"' for column in columns)


_PROJECT = _list(PROJECT_COLUMNS, "p.")
_POSITION = _list(POSITION_COLUMNS, "p.")
_ENTRY = _list(ENTRY_COLUMNS)
_OUTGOING = _list(OUTGOING_COLUMNS, "n.")

_LATEST = "(SELECT max(r.revision) FROM {schema}.plan_revision AS r WHERE r.plan = p.plan)"
_CURRENT = "LEFT JOIN {schema}.evaluation AS e ON e.project = p.id AND e.period = p.period"

# The ids of a plan's projects are `<plan>/<number>`; '0' is the character after '/'.
_WAITING = (
    "n.state = 'waiting' AND n.notifier = %(notifier)s AND n.next_at <= %(at)s "
    "AND (%(plan)s::text IS NULL OR (n.project > %(plan)s::text || '/' "
    "AND n.project < %(plan)s::text || '0'))"
)

_TEXTS = {
    "snapshot": f"SELECT {_PROJECT}, e.tree, {_LATEST} FROM {{schema}}.project AS p {_CURRENT} "
    "WHERE p.id = %s",
    "plans": "SELECT DISTINCT plan FROM {schema}.plan_revision ORDER BY plan",
    "head": "SELECT tree FROM {schema}.plan_revision WHERE plan = %s AND revision <= %s "
    "ORDER BY revision DESC LIMIT 1",
    "head_of": "SELECT tree FROM {schema}.plan_revision WHERE plan = %s AND revision = %s",
    "revisions": "SELECT revision, effective FROM {schema}.plan_revision WHERE plan = %s "
    "ORDER BY revision",
    "lifecycle": "SELECT tree FROM {schema}.lifecycle WHERE fingerprint = %s",
    "definition": "SELECT revision, tree FROM {schema}.definition "
    "WHERE project = %s AND revision <= %s ORDER BY revision DESC LIMIT 1",
    "definitions": "SELECT p.id, d.revision, d.tree FROM {schema}.project AS p "
    "JOIN {schema}.definition AS d ON d.project = p.id AND d.revision = ("
    "SELECT max(revision) FROM {schema}.definition WHERE project = p.id AND revision <= %s) "
    "WHERE p.plan = %s ORDER BY p.plan, p.place, p.number",
    "evaluation": "SELECT tree FROM {schema}.evaluation WHERE project = %s AND period = %s",
    "evaluations": "SELECT e.tree FROM {schema}.project AS p JOIN {schema}.evaluation AS e "
    "ON e.project = p.id AND e.period = %s WHERE p.plan = %s "
    "ORDER BY p.plan, p.place, p.number",
    "history": f"SELECT {_ENTRY} FROM {{schema}}.entry WHERE project = %s AND number > %s "
    "ORDER BY number",
    "entry_by_key": f"SELECT {_ENTRY} FROM {{schema}}.entry WHERE project = %s AND key = %s",
    "horizon": "SELECT {schema}.horizon(), current_setting('transaction_isolation')",
    "entries": f"SELECT {_ENTRY}, position FROM {{schema}}.entry "
    "WHERE position > %s AND position <= %s ORDER BY position LIMIT %s",
    "written": "SELECT 1 FROM {schema}.entry WHERE project = %s AND number = %s AND hash = %s",
    # Waits for whoever is writing to the project.
    "settled": "SELECT 1 FROM {schema}.project WHERE id = %s FOR SHARE",
    "lock": "SELECT id, version FROM {schema}.project WHERE id = ANY(%s) "
    "ORDER BY id FOR NO KEY UPDATE",
    "versions": "SELECT id, version FROM {schema}.project WHERE id = ANY(%s)",
    "key_used": "SELECT 1 FROM {schema}.entry WHERE project = %s AND key = %s",
    "revise": "INSERT INTO {schema}.plan_revision (plan, revision, effective, tree) "
    "SELECT %(plan)s, %(revision)s, %(effective)s, %(tree)s WHERE %(revision)s = 1 + coalesce("
    "(SELECT max(revision) FROM {schema}.plan_revision WHERE plan = %(plan)s), 0) "
    "ON CONFLICT DO NOTHING RETURNING revision",
    "keep": "INSERT INTO {schema}.lifecycle (fingerprint, tree) VALUES (%s, %s) "
    "ON CONFLICT DO NOTHING",
    "claim": "WITH due AS (SELECT n.position, n.next_at AS since FROM {schema}.notice AS n "
    f"WHERE {_WAITING} ORDER BY n.next_at, n.position LIMIT %(limit)s FOR UPDATE SKIP LOCKED), "
    "claimed AS (UPDATE {schema}.notice AS n SET next_at = %(until)s, tries = n.tries + 1 "
    f"FROM due WHERE n.position = due.position RETURNING {_OUTGOING}, due.since, n.position) "
    "SELECT * FROM claimed ORDER BY since, position",
    # Locked in one order, so that two who settle the same notices do not wait for each other.
    "settle": "WITH said AS (SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], "
    "%s::text[]) AS s (id, notifier, state, next_at, error)), "
    "found AS (SELECT n.position FROM {schema}.notice AS n JOIN said USING (id, notifier) "
    "ORDER BY n.position FOR UPDATE OF n) "
    "UPDATE {schema}.notice AS n SET state = said.state, "
    "next_at = coalesce(said.next_at, n.next_at), error = said.error, tries = n.tries - "
    "CASE WHEN said.state = 'waiting' AND said.error IS NULL THEN 1 ELSE 0 END "  # handed back
    "FROM said WHERE n.position IN (SELECT position FROM found) AND n.id = said.id "
    "AND n.notifier = said.notifier AND (n.state = 'waiting' OR said.state = 'delivered') "
    "RETURNING 1",
    "resend": "WITH said AS (SELECT DISTINCT * FROM unnest(%s::text[], %s::text[]) "
    "AS s (id, notifier)), sent AS (UPDATE {schema}.notice AS n "
    "SET state = 'waiting', tries = 0, next_at = %s FROM said WHERE n.id = said.id "
    "AND n.notifier = said.notifier AND n.state = 'dead' RETURNING 1) "
    "SELECT (SELECT count(*) FROM sent), {schema}.somebody_listens()",
    "tell": "SELECT pg_notify(%s, '')",
    "listens": "SELECT pg_advisory_lock_shared('{schema}.notice'::regclass::oid::integer, 0)",
    "outbox": f"SELECT {_OUTGOING} FROM {{schema}}.notice AS n "
    "WHERE (%(state)s::text IS NULL OR n.state = %(state)s::text) "
    "AND (%(project)s::text IS NULL OR n.project = %(project)s::text) ORDER BY n.position",
}


# --------------------------------------------------------------------------- one statement: a move

# What a move consists of, by name: the entry's own columns, what the entry does not say about
# where the project is left, and, where there are any, the evaluation, definition and notice.
_STANDING = ("label_ko", "label_en", "unit", "field", "visits", "revision", "band", "change")
_PROJECT_PART = ("to_plan", "to_number", *(f"to_{name}" for name in _STANDING))
_EVALUATION_PART = ("ev_period", "ev_rate", "ev_band", "ev_tree")
_DEFINITION_PART = ("def_label_ko", "def_label_en", "def_field", "def_tree")
NOTICE_PART = tuple(f"no_{name}" for name in NOTICE_COLUMNS)
"""The names of a notice's values."""
ASSIGNMENT_PART = ("as_project", "as_revision", "as_position", "as_unit", "as_since", "as_until")
"""The names of the assignments' arrays."""
_NUMBERS = frozenset(("number", "revision", "late", "to_revision", "no_number"))


@attrs.frozen
class Shape:
    """What the moves of a commit contain; moves of one shape share one statement.

    `many` is for any number of moves and notices (each column an array); otherwise it is a
    single move with at most one notice, whose values go by name.
    """

    many: bool
    adopted: bool
    moved: bool
    keyed: bool
    evaluated: bool
    defined: bool
    assigned: bool
    told: bool

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of a move's values, in their order."""
        return (
            *ENTRY_COLUMNS,
            *_PROJECT_PART,
            *(_EVALUATION_PART if self.evaluated else ()),
            *(_DEFINITION_PART if self.defined else ()),
        )

    def value(self, name: str) -> str:
        """Return how the statement names a value of the move."""
        kind = "::bigint" if name in _NUMBERS else ""
        return f'm."{name}"' if self.many else f"%({name})s{kind}"

    def values(self, names: Iterable[str]) -> str:
        """Return several values, with commas."""
        return ", ".join(map(self.value, names))

    def of_written(self, *also: str) -> str:
        """Return where the values of the written moves come from."""
        if not self.many:
            return "FROM written"
        where = f" WHERE {' AND '.join(also)}" if also else ""
        return f"FROM m JOIN written AS w ON w.id = m.project{where} ORDER BY m.place"


_ASSIGNED = ", ".join(name.removeprefix("as_") for name in ASSIGNMENT_PART)
_ASSIGNED_TYPES = ("text", "bigint", "integer", "text", "date", "date")


@lru_cache(maxsize=256)
def move(schema: str, shape: Shape) -> str:
    """Return the statement that writes moves of this shape.

    Its first value is the number of projects that were written; those whose stored version is
    not the expected one, or whose history the entry does not continue, are left out with all
    that belongs to them. The second says, where there are notices, whether somebody listens.
    """
    parts = [*_source(shape), *_projects(shape), *_belongings(shape)]
    counts = ["(SELECT count(*) FROM written)"]
    if shape.told:
        counts.append("{schema}.somebody_listens()")
    text = "WITH " + ", ".join(parts) + " SELECT " + ", ".join(counts)
    return text.replace("{schema}", schema)


def _arrays(names: Iterable[str]) -> str:
    return ", ".join(f"%({name})s::{'bigint' if name in _NUMBERS else 'text'}[]" for name in names)


def _source(shape: Shape) -> Iterable[str]:
    if shape.many:
        yield (
            f"m ({_list(shape.columns)}, place) AS "
            f"(SELECT * FROM unnest({_arrays(shape.columns)}) WITH ORDINALITY)"
        )


def _projects(shape: Shape) -> Iterable[str]:
    value = shape.value
    written = []
    source = " FROM m" if shape.many else ""
    if shape.adopted:
        first = f"{value('number')} = 1 AND {value('previous')} = '' AND {value('before')} = '[]'"
        values = shape.values(
            (
                "project", "to_plan", "to_number", "after", "period_after", "number",
                "lifecycle", "hash", *(f"to_{name}" for name in _STANDING),
            )
        )  # fmt: skip
        yield (
            "adopted AS (INSERT INTO {schema}.project (id, plan, number, states, period, version, "
            f"lifecycle, head, {_list(_STANDING)}) SELECT {values}{source} WHERE {first} "
            f"{'ORDER BY m.place ' if shape.many else ''}ON CONFLICT DO NOTHING RETURNING id)"
        )
        written.append("SELECT id FROM adopted")
    if shape.moved:
        standing = ", ".join(f'"{name}" = {value(f"to_{name}")}' for name in _STANDING)
        conditions = [
            f"p.id = {value('project')}",
            f"p.version = {value('number')} - 1",
            f"p.head = {value('previous')}",
            f"p.states = {value('before')}",
            f"p.period = {value('period')}",
        ]
        if shape.keyed:
            conditions.append(
                "NOT EXISTS (SELECT 1 FROM {schema}.entry AS k "
                f"WHERE k.project = p.id AND k.key = {value('key')})"
            )
        if shape.defined:
            conditions.append(
                "NOT EXISTS (SELECT 1 FROM {schema}.definition AS d WHERE d.project = p.id "
                f"AND d.revision >= {value('to_revision')}"
                f"{' AND m.def_tree IS NOT NULL' if shape.many else ''})"
            )
        yield (
            f"moved AS (UPDATE {{schema}}.project AS p SET states = {value('after')}, "
            f"period = {value('period_after')}, version = {value('number')}, "
            f"lifecycle = {value('lifecycle')}, head = {value('hash')}, {standing}{source} "
            f"WHERE {' AND '.join(conditions)} RETURNING p.id)"
        )
        written.append("SELECT id FROM moved")
    yield f"written AS ({' UNION ALL '.join(written)})"


def _belongings(shape: Shape) -> Iterable[str]:
    yield (
        f"appended AS (INSERT INTO {{schema}}.entry ({_ENTRY}) "
        f"SELECT {shape.values(ENTRY_COLUMNS)} {shape.of_written()})"
    )
    if shape.evaluated:
        values = shape.values(("project", "ev_period", "number", "ev_rate", "ev_band", "ev_tree"))
        yield (
            "evaluated AS (INSERT INTO {schema}.evaluation "
            f"(project, period, number, rate, band, tree) SELECT {values} "
            f"{shape.of_written('m.ev_tree IS NOT NULL')} "
            "ON CONFLICT (project, period) DO UPDATE SET number = excluded.number, "
            "rate = excluded.rate, band = excluded.band, tree = excluded.tree)"
        )
    if shape.defined:
        values = shape.values(
            ("project", "to_revision", "def_label_ko", "def_label_en", "def_field", "def_tree")
        )
        yield (
            "defined AS (INSERT INTO {schema}.definition "
            f"(project, revision, label_ko, label_en, field, tree) SELECT {values} "
            f"{shape.of_written('m.def_tree IS NOT NULL')})"
        )
    if shape.assigned:
        typed = zip(ASSIGNMENT_PART, _ASSIGNED_TYPES, strict=True)
        arrays = ", ".join(f"%({name})s::{kind}[]" for name, kind in typed)
        yield (
            f"assigned AS (INSERT INTO {{schema}}.assignment ({_ASSIGNED}) "
            f"SELECT a.* FROM unnest({arrays}) AS a ({_ASSIGNED}) "
            "JOIN written AS w ON w.id = a.project)"
        )
    if shape.told:
        yield _noted(shape)


def _noted(shape: Shape) -> str:
    names = _list(NOTICE_COLUMNS)
    if shape.many:
        source = (
            f"SELECT {_list(NOTICE_COLUMNS, 'n.')}, n.at FROM unnest({_arrays(NOTICE_PART)}) "
            f"WITH ORDINALITY AS n ({names}, place) JOIN written AS w ON w.id = n.project "
            "ORDER BY n.place"
        )
    else:  # project and number are the entry's; few values make psycopg remember the text
        own = ("project", "number")
        told = (name if name in own else f"no_{name}" for name in NOTICE_COLUMNS)
        source = f"SELECT {shape.values(told)}, {shape.value('no_at')} FROM written"
    return (
        f"noted AS (INSERT INTO {{schema}}.notice ({names}, next_at) {source} "
        "ON CONFLICT (id, notifier) DO NOTHING)"
    )


# --------------------------------------------------------------------------- many alike

_OWN = frozenset(("project", "number", "previous", "hash"))  # of an entry, within a bulk move
TOLD_PART = tuple([f"told_{name}" for name in Told._fields])
"""The names of the arrays of what the notices share, as in `Pattern.told`."""

SWEPT = "pg_temp.evalflow_swept"
"""The session's table of what is each project's own in a bulk move, as `Pattern.rows` gives it."""
SWEPT_TABLE = (
    'CREATE TEMP TABLE IF NOT EXISTS evalflow_swept (place integer, project text COLLATE "C", '
    "number bigint, previous text, hash text) ON COMMIT DELETE ROWS"
)
SWEPT_EMPTY = f"DELETE FROM {SWEPT}"
SWEPT_COPY = f"COPY {SWEPT} FROM STDIN"
_PLANNER = ("enable_hashjoin", "enable_mergejoin", "jit")
PLANNER = f"SELECT {', '.join([f'current_setting({name!r})' for name in _PLANNER])}"
PLAN_WITH = f"SELECT {', '.join([f'set_config({name!r}, %s, true)' for name in _PLANNER])}"
"""How the planner may join and compile, until the transaction ends. For a bulk move it may do
neither, because it thinks the session's table large: it would read all projects for each chunk, or
compile a statement that runs for a tenth of a second."""


@lru_cache(maxsize=64)
def bulk_move(schema: str, moved: tuple[int, ...], regions: int, *, dated: bool, told: bool) -> str:
    """Return the statement that moves alike the projects in `SWEPT` that stand where they should.

    What they share is bound once, by the names of the entry's columns; `moved` are the regions
    that come to another state. Its values are those of `move`.
    """
    mine = ", ".join(
        f"w.{name}" if name in _OWN else f"%({name})s::{'bigint' if name in _NUMBERS else 'text'}"
        for name in ENTRY_COLUMNS
    )
    theirs = "p.unit = %(unit)s"
    if dated:  # most have had one unit throughout, which is sooner seen
        theirs = (
            "CASE WHEN (SELECT bool_and(a.unit = %(unit)s) FROM {schema}.assignment AS a "
            "WHERE a.project = p.id AND a.revision = p.revision) THEN true "
            f"ELSE {_unit_on('p.id', 'p.revision', 'p.unit')} = %(unit)s END"
        )
    # In the order of ids, in which everybody locks projects.
    parts = [
        "written AS (UPDATE {schema}.project AS p SET states = %(after)s, "
        "period = %(period_after)s, version = s.number, head = s.hash, unit = %(to_unit)s, "
        f"visits = {_visits(moved, regions)}, "
        "band = CASE WHEN %(same_period)s THEN p.band END "
        f"FROM (SELECT * FROM {SWEPT} ORDER BY project) AS s WHERE p.id = s.project "
        "AND p.version = s.number - 1 AND p.head = s.previous AND p.states = %(before)s "
        "AND p.period = %(period)s AND p.lifecycle = %(lifecycle)s AND p.plan = %(to_plan)s "
        f"AND {theirs} "
        "RETURNING s.place, s.project, s.number, s.previous, s.hash, p.label_ko, p.label_en)",
        f"appended AS (INSERT INTO {{schema}}.entry ({_ENTRY}) SELECT {mine} "
        "FROM written AS w ORDER BY w.place)",
    ]
    counts = ["(SELECT count(*) FROM written)"]
    if told:
        parts.append(
            f"noted AS (INSERT INTO {{schema}}.notice ({_list(NOTICE_COLUMNS)}, next_at) "
            "SELECT w.project || ':' || w.number || ':' || t.rest, w.project, w.number, t.name, "
            "t.recipient, t.role, t.notifier, t.ko || w.project || ' ' || w.label_ko, "
            "t.en || w.project || ' ' || w.label_en, t.at, t.data, t.at "
            f"FROM written AS w CROSS JOIN unnest({_arrays(TOLD_PART)}) "
            f"WITH ORDINALITY AS t ({_list(Told._fields)}, place) ORDER BY w.place, t.place)"
        )
        counts.append("{schema}.somebody_listens()")
    text = "WITH " + ", ".join(parts) + " SELECT " + ", ".join(counts)
    return text.replace("{schema}", schema)


def _visits(moved: tuple[int, ...], regions: int) -> str:
    if len(moved) == regions:
        return "'[' || " + " || ',' || ".join(["s.number"] * regions) + " || ']'"
    text = "p.visits::jsonb"
    for region in moved:
        text = f"jsonb_set({text}, '{{{region}}}', to_jsonb(s.number))"
    return f"replace({text}::text, ' ', '')" if moved else "p.visits"


# --------------------------------------------------------------------------- selecting

# The unit that answers on a day, as `ProjectDefinition.unit_on` finds it: the first
# assignment in force, else the next to come, else the last that was.
_UNIT_ON = """coalesce((
  SELECT a.unit FROM {schema}.assignment AS a
  CROSS JOIN LATERAL (SELECT CASE
      WHEN (a.since IS NULL OR a.since <= %(on)s) AND (a.until IS NULL OR a.until >= %(on)s)
      THEN 0 WHEN a.since > %(on)s THEN 1 ELSE 2 END AS distance) AS far
  WHERE a.project = [project] AND a.revision = [revision]
  ORDER BY distance, CASE WHEN distance = 2 THEN -a.position ELSE a.position END
  LIMIT 1), [else])"""

# The combinations of states that exist are few: step from one to the next in the index, keep
# those with a wanted state in any region, and find the projects by them.
_IN_STATES = """p.states IN (
  WITH RECURSIVE known (states) AS (
    (SELECT p.states FROM {schema}.project AS p ORDER BY p.states LIMIT 1)
    UNION ALL
    SELECT (SELECT p.states FROM {schema}.project AS p WHERE p.states > known.states
      ORDER BY p.states LIMIT 1)
    FROM known WHERE known.states IS NOT NULL)
  SELECT known.states FROM known WHERE known.states IS NOT NULL
    AND known.states::jsonb ?| %(states)s::text[])"""


def selecting(
    schema: str, selection: Selection, what: str = "project"
) -> tuple[str, Mapping[str, Any]]:
    """Return the statement and the values that find the selected projects, in order: of each
    `project`, its `snapshot`, or its `positions`."""
    values = _values(selection)
    given = frozenset(name for name, value in values.items() if value is not None)
    return _select(schema, given, what), values


@lru_cache(maxsize=256)
def _select(schema: str, given: frozenset[str], what: str) -> str:
    columns = _POSITION if what == "position" else _PROJECT
    unit, answering = "p.unit", ""
    if "on" in given:
        unit = "answering.unit"
        columns = columns.replace('p."unit"', unit)
        answering = _answering("p.id", "p.revision", "p.unit")
    conditions = {
        "plan": "p.plan = %(plan)s",
        "ids": "p.id = ANY(%(ids)s::text[])",
        "units": f"{unit} = ANY(%(units)s::text[])",
        "fields": "p.field = ANY(%(fields)s::text[])",
        "states": _IN_STATES,
        "periods": "p.period = ANY(%(periods)s::text[])",
        "bands": "p.band = ANY(%(bands)s::text[])",
    }
    where = " AND ".join(text for name, text in conditions.items() if name in given)
    extra, join = (f", e.tree, {_LATEST}", _CURRENT) if what == "snapshot" else ("", "")
    text = (
        f"SELECT {columns}{extra} FROM {{schema}}.project AS p {join} {answering} "
        f"{'WHERE ' + where if where else ''} ORDER BY p.plan, p.place, p.number LIMIT %(limit)s"
    )
    return text.replace("{schema}", schema)


def _unit_on(project: str, revision: str, otherwise: str) -> str:
    text = _UNIT_ON.replace("[project]", project).replace("[revision]", revision)
    return text.replace("[else]", otherwise)


def _answering(project: str, revision: str, otherwise: str) -> str:
    unit = _unit_on(project, revision, otherwise)
    return f"CROSS JOIN LATERAL (SELECT {unit} AS unit) AS answering"


def _values(selection: Selection) -> dict[str, Any]:
    limit = selection.limit
    return {
        "plan": selection.plan,
        "ids": _listed(selection.ids),
        "units": _listed(selection.units),
        "on": selection.on,
        "fields": _listed(selection.fields),
        "states": _listed(selection.states),
        "periods": _listed(selection.periods),
        "bands": _listed(selection.bands),
        "limit": None if limit is None else max(limit, 0),
    }


def _listed(values: Iterable[str] | None) -> list[str] | None:
    return None if values is None else sorted(values)


# Everything that the entries up to a moment say, project by project. The definition in force
# then is the latest one made up to the last of these entries. Of the ratings only the last one
# is needed.
_AS_OF = """
SELECT p.id, p.plan, p.number, coalesce(d.label_ko, p.label_ko), coalesce(d.label_en, p.label_en),
  [unit], coalesce(d.field, p.field), last.lifecycle, coalesce(d.revision, last.revision),
  last.hash, e.number, e.after, e.period = e.period_after, e.period_after,
  CASE WHEN e.number = rated.number THEN e.rating END
FROM {schema}.project AS p
CROSS JOIN LATERAL (SELECT l.* FROM {schema}.entry AS l WHERE l.project = p.id AND l.at <= %(at)s
  ORDER BY l.number DESC LIMIT 1) AS last
CROSS JOIN LATERAL (SELECT max(r.number) AS number FROM {schema}.entry AS r
  WHERE r.project = p.id AND r.number <= last.number AND r.rating IS NOT NULL) AS rated
LEFT JOIN {schema}.definition AS d ON d.project = p.id AND d.revision = (
  SELECT max(revision) FROM {schema}.definition
  WHERE project = p.id AND revision <= last.revision)
[answering]
JOIN {schema}.entry AS e ON e.project = p.id AND e.number <= last.number
[where] ORDER BY p.plan, p.place, p.number, e.number
"""


def as_of(schema: str, selection: Selection, at: str) -> tuple[str, Mapping[str, Any]]:
    """Return the statement and the values that find the entries of the selected projects up to
    a moment. What is true of a project as it was then is for the caller to test."""
    unit, answering = "last.unit", ""
    if selection.on is not None:
        unit, answering = "answering.unit", _answering("d.project", "d.revision", "last.unit")
    conditions = []
    if selection.plan is not None:
        conditions.append("p.plan = %(plan)s")
    if selection.ids is not None:
        conditions.append("p.id = ANY(%(ids)s::text[])")
    where = "WHERE " + " AND ".join(conditions) if conditions else ""
    text = _AS_OF.replace("[unit]", unit).replace("[answering]", answering)
    text = text.replace("[where]", where).replace("{schema}", schema)
    return text, {**_values(selection), "at": at}


@lru_cache(maxsize=64)
def texts(schema: str) -> Mapping[str, str]:
    """Return the statements that are always the same, by name."""
    return {name: text.replace("{schema}", schema) for name, text in _TEXTS.items()}
