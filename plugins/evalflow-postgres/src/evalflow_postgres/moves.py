"""One statement for the moves of a commit: it compares, writes and counts."""

# ruff: noqa: S608 - statements are put together from this module's own constants; what a
# caller gives is always bound

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import attrs

from evalflow.storage import (
    ASSIGNMENT_COLUMNS,
    ENTRY,
    ENTRY_COLUMNS,
    NOTICE_COLUMNS,
    Move,
    assignment_rows,
    columns,
    definition_row,
    entry_row,
    evaluation_row,
    notice_row,
    project_row,
)
from evalflow_postgres.upgrades import VERSION

# What a move consists of, by name: the entry's own columns, what the entry does not say about
# where the project is left, and, where there are any, the evaluation, definition and notice.
_STANDING = ("label_ko", "label_en", "unit", "field", "visits", "revision", "band", "change")
_PROJECT_PART = ("to_plan", "to_number", *(f"to_{name}" for name in _STANDING))
_EVALUATION_PART = ("ev_period", "ev_rate", "ev_band", "ev_tree")
_DEFINITION_PART = ("def_label_ko", "def_label_en", "def_field", "def_tree")
NOTICE_PART = tuple(f"no_{name}" for name in NOTICE_COLUMNS)
"""The names of a notice's values."""
ASSIGNMENT_PART = tuple(f"as_{name}" for name in ASSIGNMENT_COLUMNS)
"""The names of the assignments' arrays."""
NUMBERS = frozenset(("number", "revision", "late", "to_revision", "no_number"))
"""The values that are numbers; all others are text."""


@attrs.frozen
class Shape:
    """What the moves of a commit contain; moves of one shape share one statement.

    `many` is for any number of moves and notices (each column an array); otherwise it is a
    single move with at most one notice, whose values go by name. `under` is for a single move
    that is written only if the plan's latest revision is the value `under`, `free` for one that is
    written only if nobody else has its project: it waits for nobody.
    """

    many: bool
    adopted: bool
    moved: bool
    keyed: bool
    evaluated: bool
    defined: bool
    assigned: bool
    notified: bool
    under: bool = False
    free: bool = False

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
        kind = "::bigint" if name in NUMBERS else ""
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


_ASSIGNED = ", ".join(ASSIGNMENT_COLUMNS)
_ASSIGNED_TYPES = ("text", "bigint", "integer", "text", "date", "date")


@lru_cache(maxsize=256)
def move(schema: str, shape: Shape) -> str:
    """Return the statement that writes moves of this shape.

    Its first value is the number of projects that were written; those whose stored version is
    not the expected one, or whose history the entry does not continue, are left out with all
    that belongs to them, and all of them where the schema is another release's. The next one
    says, where there are notices, whether somebody listens; the last one, of a move that waits for
    nobody, whether its project was free.
    """
    parts = [_FITS, *_source(shape), *_projects(shape), *_belongings(shape)]
    counts = ["(SELECT count(*) FROM written)"]
    if shape.notified:
        counts.append("{schema}somebody_listens()")
    if shape.free:
        counts.append(_IS_FREE)
    text = "WITH " + ", ".join(parts) + " SELECT " + ", ".join(counts)
    return text.replace("{schema}", schema)


_FITS = (
    "fits AS MATERIALIZED (SELECT EXISTS (SELECT 1 FROM {schema}store "
    f"WHERE version = {VERSION}) AS so)"
)
"""Whether the schema is still the one that this release writes: a later one may have raised it. It
is asked first, so that a store that is being upgraded is waited for before anything is held."""
_STILL_FITS = "(SELECT so FROM fits)"
_IS_FREE = "(SELECT count(*) > 0 FROM free)"


def arrays(names: Iterable[str]) -> str:
    """Return arrays of values as `unnest` takes them."""
    return ", ".join(f"%({name})s::{'bigint' if name in NUMBERS else 'text'}[]" for name in names)


def decided_under(plan: str) -> str:
    """Return the condition that `under` is the plan's latest revision (0: it has none)."""
    latest = f"SELECT max(r.revision) FROM {{schema}}plan_revision AS r WHERE r.plan = {plan}"
    return f"coalesce(({latest}), 0) = %(under)s::bigint"


def _source(shape: Shape) -> Iterable[str]:
    if shape.many:
        yield (
            f"m ({columns(shape.columns)}, place) AS "
            f"(SELECT * FROM unnest({arrays(shape.columns)}) WITH ORDINALITY)"
        )


def _projects(shape: Shape) -> Iterable[str]:
    value = shape.value
    written = []
    source = " FROM m" if shape.many else ""
    if shape.adopted:
        first = f"{value('number')} = 1 AND {value('previous')} = '' AND {value('before')} = '[]'"
        first += f" AND {_STILL_FITS}"
        values = shape.values(
            (
                "project", "to_plan", "to_number", "after", "period_after", "number",
                "lifecycle", "hash", *(f"to_{name}" for name in _STANDING),
            )
        )  # fmt: skip
        yield (
            "adopted AS (INSERT INTO {schema}project (id, plan, number, states, period, version, "
            f"lifecycle, head, {columns(_STANDING)}) SELECT {values}{source} WHERE {first} "
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
            _STILL_FITS,
        ]
        if shape.keyed:
            conditions.append(
                "NOT EXISTS (SELECT 1 FROM {schema}entry AS k "
                f"WHERE k.project = p.id AND k.key = {value('key')})"
            )
        if shape.defined:
            conditions.append(
                "NOT EXISTS (SELECT 1 FROM {schema}definition AS d WHERE d.project = p.id "
                f"AND d.revision >= {value('to_revision')}"
                f"{' AND m.def_tree IS NOT NULL' if shape.many else ''})"
            )
        if shape.under:
            conditions.append(decided_under(value("to_plan")))
        if shape.free:
            project = f"(SELECT {value('project')}{source})"
            yield (
                "free AS MATERIALIZED (SELECT 1 FROM {schema}project AS p "
                f"WHERE p.id = {project} FOR NO KEY UPDATE OF p SKIP LOCKED)"
            )
            conditions.append(_IS_FREE)
        yield (
            f"moved AS (UPDATE {{schema}}project AS p SET states = {value('after')}, "
            f"period = {value('period_after')}, version = {value('number')}, "
            f"lifecycle = {value('lifecycle')}, head = {value('hash')}, {standing}{source} "
            f"WHERE {' AND '.join(conditions)} RETURNING p.id)"
        )
        written.append("SELECT id FROM moved")
    yield f"written AS ({' UNION ALL '.join(written)})"


def _belongings(shape: Shape) -> Iterable[str]:
    yield (
        f"appended AS (INSERT INTO {{schema}}entry ({ENTRY}) "
        f"SELECT {shape.values(ENTRY_COLUMNS)} {shape.of_written()})"
    )
    if shape.evaluated:
        values = shape.values(("project", "ev_period", "number", "ev_rate", "ev_band", "ev_tree"))
        yield (
            "evaluated AS (INSERT INTO {schema}evaluation "
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
            "defined AS (INSERT INTO {schema}definition "
            f"(project, revision, label_ko, label_en, field, tree) SELECT {values} "
            f"{shape.of_written('m.def_tree IS NOT NULL')})"
        )
    if shape.assigned:
        typed = zip(ASSIGNMENT_PART, _ASSIGNED_TYPES, strict=True)
        arrays = ", ".join(f"%({name})s::{kind}[]" for name, kind in typed)
        yield (
            f"assigned AS (INSERT INTO {{schema}}assignment ({_ASSIGNED}) "
            f"SELECT a.* FROM unnest({arrays}) AS a ({_ASSIGNED}) "
            "JOIN written AS w ON w.id = a.project)"
        )
    if shape.notified:
        yield _noted(shape)


def _noted(shape: Shape) -> str:
    names = columns(NOTICE_COLUMNS)
    if shape.many:
        source = (
            f"SELECT {columns(NOTICE_COLUMNS, 'n.')}, n.at FROM unnest({arrays(NOTICE_PART)}) "
            f"WITH ORDINALITY AS n ({names}, place) JOIN written AS w ON w.id = n.project "
            "ORDER BY n.place"
        )
    else:  # project and number are the entry's; few values make psycopg remember the text
        own = ("project", "number")
        told = (name if name in own else f"no_{name}" for name in NOTICE_COLUMNS)
        source = f"SELECT {shape.values(told)}, {shape.value('no_at')} FROM written"
    return (
        f"noted AS (INSERT INTO {{schema}}notice ({names}, next_at) {source} "
        "ON CONFLICT (id, notifier) DO NOTHING)"
    )


# --------------------------------------------------------------------------- its values


@attrs.frozen
class MoveRows:
    """The moves of a commit as the statement that writes them, with its values by name."""

    shape: Shape
    statement: str
    values: dict[str, Any]

    @classmethod
    def of(
        cls, moves: Sequence[Move], schema: str, under: int | None = None, *, free: bool = False
    ) -> MoveRows:
        """Return the rows of these moves; there is at least one. `under` is the revision that must
        be the latest one of a single move's plan; with `free` nobody is waited for."""
        shape = Shape(
            many=len(moves) > 1 or len(moves[0].notices) > 1,
            adopted=any(move.expected == 0 for move in moves),
            moved=any(move.expected > 0 for move in moves),
            keyed=any(move.entry.key is not None for move in moves),
            evaluated=any(move.evaluation is not None for move in moves),
            defined=any(move.definition is not None for move in moves),
            assigned=any(move.definition and move.definition.assignments for move in moves),
            notified=any(move.notices for move in moves),
            under=under is not None,
            free=free,
        )
        rows = [_move_row(move, shape) for move in moves]
        notices = [notice_row(each) for move in moves for each in move.notices]
        values: dict[str, Any]
        if shape.many:
            values = dict(zip(shape.columns, across(rows), strict=True))
            if notices:
                values.update(zip(NOTICE_PART, across(notices), strict=True))
        else:
            values = dict(zip(shape.columns, rows[0], strict=True))
            if notices:
                values.update(zip(NOTICE_PART, notices[0], strict=True))
        if under is not None:
            values["under"] = under
        if shape.assigned:
            assigned = [row for move in moves for row in assignment_rows(move)]
            values.update(zip(ASSIGNMENT_PART, across(assigned), strict=True))
        return cls(shape, move(schema, shape), values)

    def waiting(self, schema: str) -> str:
        """Return the statement that waits for whoever has the project."""
        return move(schema, attrs.evolve(self.shape, free=False))


def across(rows: Iterable[Sequence[Any]]) -> list[str]:
    """Return rows as one array for each column, as the server reads arrays. (The driver looks at
    each letter of a text for what it has to quote, and ours are full of quotation marks.)"""
    columns = zip(*rows, strict=True)
    return ["{" + ",".join([_element(each) for each in column]) + "}" for column in columns]


def _element(value: str | int | dt.date | None) -> str:
    if isinstance(value, str):
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}"'
    return "NULL" if value is None else str(value)


def _move_row(move: Move, shape: Shape) -> list[Any]:
    row = project_row(move.project)
    values = [*entry_row(move.entry), row[1], row[2], *row[3:7], row[8], *row[12:14], row[15]]
    if shape.evaluated:
        evaluation = evaluation_row(move)
        values += [None] * 4 if evaluation is None else [evaluation[1], *evaluation[3:]]
    if shape.defined:
        definition = definition_row(move)
        values += [None] * 4 if definition is None else definition[2:]
    return values
