"""One statement that moves many projects alike."""

# ruff: noqa: S608 - statements are put together from this module's own constants; what a
# caller gives is always bound

from __future__ import annotations

from functools import lru_cache

from evalflow.storage import (
    ENTRY,
    ENTRY_COLUMNS,
    NOTICE_COLUMNS,
    OWN_COLUMNS,
    SharedNotice,
    columns,
    visits_of_all,
)
from evalflow_postgres.moves import NUMBERS, arrays, decided_under
from evalflow_postgres.statements import dialect, unit_on

SHARED_PART = tuple([f"shared_{name}" for name in SharedNotice._fields])
"""The names of the arrays of what the notices share, as in `Pattern.notices`."""

TABLE = "pg_temp.evalflow_bulk"
"""The session's table of what is each project's own in a bulk move, as `Pattern.rows` gives it."""
MAKE_TABLE = (
    'CREATE TEMP TABLE IF NOT EXISTS evalflow_bulk (place integer, project text COLLATE "C", '
    "number bigint, previous text, hash text) ON COMMIT DELETE ROWS"
)
EMPTY_TABLE = f"DELETE FROM {TABLE}"
COPY = f"COPY {TABLE} FROM STDIN"
_PLANNER = ("enable_hashjoin", "enable_mergejoin", "jit")
PLANNER = f"SELECT {', '.join([f'current_setting({name!r})' for name in _PLANNER])}"
PLAN_WITH = f"SELECT {', '.join([f'set_config({name!r}, %s, true)' for name in _PLANNER])}"
"""How the planner may join and compile, until the transaction ends. For a bulk move it may do
neither, because it thinks the session's table large: it would read all projects for each chunk, or
compile a statement that runs for a tenth of a second."""


@lru_cache(maxsize=64)
def bulk_move(
    schema: str,
    moved: tuple[int, ...],
    regions: int,
    *,
    dated: bool,
    notices: bool,
    under: bool,
) -> str:
    """Return the statement that moves alike the projects in `TABLE` that stand where they should.

    What they share is bound once, by the names of the entry's columns; `moved` are the regions
    that come to another state. With `under` nothing is written unless the value of that name is
    the plan's latest revision. Its values are those of `move`.
    """
    mine = ", ".join(
        f"w.{name}"
        if name in OWN_COLUMNS
        else f"%({name})s::{'bigint' if name in NUMBERS else 'text'}"
        for name in ENTRY_COLUMNS
    )
    theirs = "p.unit = %(unit)s"
    if dated:  # most have had one unit throughout, which is sooner seen
        theirs = (
            "CASE WHEN (SELECT bool_and(a.unit = %(unit)s) FROM {schema}assignment AS a "
            "WHERE a.project = p.id AND a.revision = p.revision) THEN true "
            f"ELSE {unit_on('p.id', 'p.revision', 'p.unit')} = %(unit)s END"
        )
    revised = f"AND {decided_under('%(to_plan)s')} " if under else ""
    # In the order of ids, in which everybody locks projects.
    parts = [
        "written AS (UPDATE {schema}project AS p SET states = %(after)s, "
        "period = %(period_after)s, version = s.number, head = s.hash, unit = %(to_unit)s, "
        f"visits = {_visits(moved, regions)}, "
        "band = CASE WHEN %(same_period)s THEN p.band END "
        f"FROM (SELECT * FROM {TABLE} ORDER BY project) AS s WHERE p.id = s.project "
        "AND p.version = s.number - 1 AND p.head = s.previous AND p.states = %(before)s "
        "AND p.period = %(period)s AND p.lifecycle = %(lifecycle)s AND p.plan = %(to_plan)s "
        f"AND {theirs} {revised}"
        "RETURNING s.place, s.project, s.number, s.previous, s.hash, p.label_ko, p.label_en)",
        f"appended AS (INSERT INTO {{schema}}entry ({ENTRY}) SELECT {mine} "
        "FROM written AS w ORDER BY w.place)",
    ]
    counts = ["(SELECT count(*) FROM written)"]
    if notices:
        parts.append(
            f"noted AS (INSERT INTO {{schema}}notice ({columns(NOTICE_COLUMNS)}, next_at) "
            "SELECT w.project || ':' || w.number || ':' || t.rest, w.project, w.number, t.name, "
            "t.recipient, t.role, t.notifier, t.ko || w.project || ' ' || w.label_ko, "
            "t.en || w.project || ' ' || w.label_en, t.at, t.data, t.at "
            f"FROM written AS w CROSS JOIN unnest({arrays(SHARED_PART)}) "
            f"WITH ORDINALITY AS t ({columns(SharedNotice._fields)}, place) "
            "ORDER BY w.place, t.place)"
        )
        counts.append("{schema}somebody_listens()")
    text = "WITH " + ", ".join(parts) + " SELECT " + ", ".join(counts)
    return dialect(schema).text(text)


def _visits(moved: tuple[int, ...], regions: int) -> str:
    if len(moved) == regions:
        return visits_of_all(regions)
    text = "p.visits::jsonb"
    for region in moved:
        text = f"jsonb_set({text}, '{{{region}}}', to_jsonb(s.number))"
    return f"replace({text}::text, ' ', '')" if moved else "p.visits"
