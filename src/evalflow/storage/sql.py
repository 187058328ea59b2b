"""What storages over SQL share: their reading statements, how a selection becomes conditions, the
replay of a history, and the sentences of errors.

A statement is written once, with `:name` for a value and `{schema}` before a table; `Dialect`
says how one database writes the rest. A storage inherits `SQLReads`, gives it two ways to run a
statement, and writes by itself: transactions, locks and bulk moves are each database's own.
Rows and columns are in `rows`.
"""

# ruff: noqa: S608 - statements are put together from constants of ours; what a caller gives is
# always bound

from __future__ import annotations

import datetime as dt
import re
from array import array
from collections.abc import (
    Callable,
    Collection,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple, TypeVar
from weakref import WeakSet

import attrs

from evalflow.errors import Conflict, StorageError
from evalflow.model import (
    Entry,
    Evaluation,
    Label,
    Outgoing,
    PlanEntry,
    Project,
    Selection,
    Snapshot,
)
from evalflow.model.canonical import parse
from evalflow.model.values import frozen
from evalflow.storage.contract import OneMoment, ProjectPosition, ended
from evalflow.storage.rows import (
    ENTRY_COLUMNS,
    OUTGOING_COLUMNS,
    PLAN_ENTRY_COLUMNS,
    POSITION_COLUMNS,
    PROJECT_COLUMNS,
    Rebuilt,
    entry_from,
    moment,
    named,
    outgoing_from,
    plan_entry_from,
    project_from,
    snapshot_from,
)

EVER = 2**62
"""Later than any plan revision."""


def columns(names: Iterable[str], table: str = "") -> str:
    """Return columns as a statement lists them; `table` stands before each: `p.`."""
    return ", ".join(f'{table}"{name}"' for name in names)


PROJECT = columns(PROJECT_COLUMNS, "p.")
"""A project's columns, of the table that a statement calls `p`."""
POSITION = columns(POSITION_COLUMNS, "p.")
ENTRY = columns(ENTRY_COLUMNS)
"""An entry's columns, of a statement's only table."""
PLAN_ENTRY = columns(PLAN_ENTRY_COLUMNS)
"""The columns of an entry of a plan's own history, of a statement's only table."""
OUTGOING = columns(OUTGOING_COLUMNS, "n.")
"""A notice's columns, of the table that a statement calls `n`."""

ORDER = "p.plan, p.place, p.number"
"""The order of projects: by plan, and in it digits by value, then the rest as text."""

# A project, its evaluation in the current period, the plan's latest revision and last entry, and
# when the project's own last entry was written, at once.
_LATEST = (
    "(SELECT max(r.revision) FROM {schema}plan_revision AS r WHERE r.plan = p.plan), "
    "(SELECT h.hash FROM {schema}plan_entry AS h WHERE h.plan = p.plan "
    "ORDER BY h.number DESC LIMIT 1), "
    "(SELECT l.at FROM {schema}entry AS l WHERE l.project = p.id AND l.number = p.version)"
)
_CURRENT = "LEFT JOIN {schema}evaluation AS e ON e.project = p.id AND e.period = p.period"

# The notices of the outbox, each with where it stands.
_OF_OUTBOX = (
    "(CAST(:state AS text) IS NULL OR n.state = CAST(:state AS text)) "
    "AND (CAST(:project AS text) IS NULL OR n.project = CAST(:project AS text))"
)
_OUTBOX = f"SELECT {OUTGOING}, n.position FROM {{schema}}notice AS n WHERE {_OF_OUTBOX}"

READING = {
    "snapshot": f"SELECT {PROJECT}, e.tree, {_LATEST} FROM {{schema}}project AS p {_CURRENT} "
    "WHERE p.id = :project",
    "defined": f"SELECT {PROJECT}, e.tree, {_LATEST}, d.tree FROM {{schema}}project AS p "
    f"{_CURRENT} LEFT JOIN {{schema}}definition AS d ON d.project = p.id "
    "AND d.revision = p.revision WHERE p.id = :project",
    "plans": "SELECT DISTINCT plan FROM {schema}plan_revision ORDER BY plan",
    "head": "SELECT tree FROM {schema}plan_revision WHERE plan = :plan "
    "ORDER BY revision DESC LIMIT 1",
    "head_of": "SELECT tree FROM {schema}plan_revision WHERE plan = :plan AND revision = :revision",
    "revisions": "SELECT revision, effective FROM {schema}plan_revision WHERE plan = :plan "
    "ORDER BY revision",
    "plan_entry": f"SELECT {PLAN_ENTRY} FROM {{schema}}plan_entry WHERE plan = :plan "
    "ORDER BY number DESC LIMIT 1",
    "plan_entry_of": f"SELECT {PLAN_ENTRY} FROM {{schema}}plan_entry WHERE plan = :plan "
    "AND revision >= :revision ORDER BY number LIMIT 1",
    "plan_history": f"SELECT {PLAN_ENTRY} FROM {{schema}}plan_entry WHERE plan = :plan "
    "AND number > :after ORDER BY number",
    "lifecycle": "SELECT tree FROM {schema}lifecycle WHERE fingerprint = :fingerprint",
    "definition": "SELECT revision, tree FROM {schema}definition "
    "WHERE project = :project AND revision <= :revision ORDER BY revision DESC LIMIT 1",
    "definitions": "SELECT p.id, d.revision, d.tree FROM {schema}project AS p "
    "JOIN {schema}definition AS d ON d.project = p.id AND d.revision = ("
    "SELECT max(revision) FROM {schema}definition WHERE project = p.id AND revision <= :revision) "
    f"WHERE p.plan = :plan ORDER BY {ORDER}",
    "evaluation": "SELECT tree FROM {schema}evaluation "
    "WHERE project = :project AND period = :period",
    "evaluations": "SELECT e.tree FROM {schema}project AS p JOIN {schema}evaluation AS e "
    f"ON e.project = p.id AND e.period = :period WHERE p.plan = :plan ORDER BY {ORDER}",
    "history": f"SELECT {ENTRY} FROM {{schema}}entry "
    "WHERE project = :project AND number > :after ORDER BY number",
    # The ids of a plan's projects are `<plan>/<number>`; '0' is the character after '/'.
    "histories": f"SELECT {ENTRY} FROM {{schema}}entry "
    "WHERE project > CAST(:plan AS text) || '/' AND project < CAST(:plan AS text) || '0' "
    "ORDER BY project, number",
    "entry_by_key": f"SELECT {ENTRY} FROM {{schema}}entry "
    'WHERE project = :project AND "key" = :key',
    "outbox": f"{_OUTBOX} AND n.position > :after ORDER BY n.position LIMIT :limit",
    "outbox_newest": f"{_OUTBOX} AND n.position < :after ORDER BY n.position DESC LIMIT :limit",
    "count_entries": "SELECT count(*) FROM {schema}entry WHERE position <= :upto",
    "count_entries_of": "SELECT count(*) FROM {schema}entry AS e JOIN {schema}project AS p "
    "ON p.id = e.project WHERE e.position <= :upto AND [in p.plan :plans]",
    "count_notices": f"SELECT count(*) FROM {{schema}}notice AS n WHERE {_OF_OUTBOX}",
    "notices_by_project": "SELECT n.project, n.position FROM {schema}notice AS n",
    "notices_at": f"SELECT {OUTGOING}, n.position FROM {{schema}}notice AS n "
    "WHERE n.position [among :positions] ORDER BY n.position",
}
"""The statements of `SQLReads`, by name, before `Dialect.text`."""


# --------------------------------------------------------------------------- dialects


class UnitOn(NamedTuple):
    """How a statement asks for the unit that answers on the day `:on`: as a `column` of its
    answer, by its `name` in a condition, and by what it has to `join`."""

    column: str
    name: str
    join: str = ""


@frozen(eq=False, kw_only=True)
class Dialect:
    """How one database writes what all are asked. One object for each store's schema: statements
    are kept by it.

    Attributes:
        value: how a value is bound, by name: `:plan` or `%(plan)s`.
        among: the condition that a column (first) has one of the values bound by a name (second).
        numbered: what follows a column in the condition that it has one of the whole numbers
            bound by a name.
        in_states: the condition that `p` is in one of `:states` in any of its regions.
        unit_on: `UnitOn`, as `ProjectDefinition.unit_on` finds it, of a project and revision
            (expressions), or else the unit of the third expression.
        as_of: the statement behind `SQLReads.as_of`, with `[unit]` and `[join]` of `unit_on`, and
            `[where]`; its columns are those that `rebuilt` reads.
        listed: a list of texts or whole numbers as it is bound; `day` a day.
        unlimited: what is bound as `:limit` where there is none.
        schema: what stands before a table's name.
        unindexed: what keeps an index out of a condition: ids find their projects by
            themselves, and a plan of thousands is not read for a few of them.
    """

    value: Callable[[str], str]
    among: Callable[[str, str], str]
    numbered: Callable[[str], str]
    in_states: str
    unit_on: Callable[[str, str, str], UnitOn]
    as_of: str
    listed: Callable[[Iterable[Any]], Any]
    day: Callable[[dt.date], Any]
    unlimited: int | None
    schema: str = ""
    unindexed: str = ""

    def text(self, statement: str) -> str:
        """Return a statement as this database takes it."""
        statement = _AMONG.sub(lambda found: self.numbered(found[1]), statement)
        statement = _IN.sub(lambda found: self.among(found[1], found[2]), statement)
        bound = _NAMED.sub(lambda found: self.value(found[1]), statement)
        return bound.replace("{schema}", self.schema)

    def reading(self) -> dict[str, str]:
        """Return `READING` as this database takes it."""
        return {name: self.text(statement) for name, statement in READING.items()}


_NAMED = re.compile(r"(?<![:\w]):([a-z_]+)")  # :plan, but not ::text
_AMONG = re.compile(r"\[among :([a-z_]+)\]")
_IN = re.compile(r"\[in (\S+) :([a-z_]+)\]")


# --------------------------------------------------------------------------- selecting


def selecting(
    dialect: Dialect, selection: Selection, what: str = "project"
) -> tuple[str, dict[str, Any]]:
    """Return the statement and the values that find the selected projects, in order: of each
    `project`, its `snapshot`, or its `position`; or their `count`."""
    values = _values(dialect, selection)
    given = frozenset(name for name, value in values.items() if value is not None)
    return _select(dialect, given, what), values


@lru_cache(maxsize=512)
def _select(dialect: Dialect, given: frozenset[str], what: str) -> str:
    wanted = {"position": POSITION, "count": 'p."unit"'}.get(what, PROJECT)
    unit = UnitOn("p.unit", "p.unit")
    if "on" in given:
        unit = dialect.unit_on("p.id", "p.revision", "p.unit")
        wanted = wanted.replace('p."unit"', unit.column)
    aside = dialect.unindexed if "ids" in given else ""
    extra, join = (f", e.tree, {_LATEST}", _CURRENT) if what == "snapshot" else ("", "")
    found = (
        f"SELECT {wanted}{extra} FROM {{schema}}project AS p {join} {unit.join} "
        f"{_where(dialect, given, unit.name, aside)}"
    )
    if what == "count":
        return dialect.text(f"SELECT count(*) FROM ({found} LIMIT :limit) AS found")
    return dialect.text(f"{found} ORDER BY {aside}{ORDER} LIMIT :limit")


@lru_cache(maxsize=64)
def _latest_definitions(dialect: Dialect) -> str:
    return dialect.text(
        "SELECT p.id, d.revision, d.tree FROM {schema}project AS p JOIN {schema}definition AS d "
        f"ON d.project = p.id AND d.revision = p.revision WHERE {dialect.among('p.id', 'ids')}"
    )


@lru_cache(maxsize=64)
def _histories_of(dialect: Dialect) -> str:
    return dialect.text(
        f"SELECT {ENTRY} FROM {{schema}}entry WHERE {dialect.among('project', 'ids')} "
        "ORDER BY project, number"
    )


@lru_cache(maxsize=64)
def _entries_by_key(dialect: Dialect) -> str:
    return dialect.text(
        f"SELECT {ENTRY} FROM {{schema}}entry WHERE {dialect.among('project', 'ids')} "
        'AND "key" = :key'
    )


def as_of(dialect: Dialect, selection: Selection, at: str) -> tuple[str, dict[str, Any]]:
    """Return the statement and the values that find the entries of the selected projects up to
    the moment `at`. What is true of a project as it was then is for `rebuilt`'s reader to test."""
    given = {"plan": selection.plan, "ids": selection.ids, "on": selection.on}
    asked = frozenset(name for name, value in given.items() if value is not None)
    return _as_of(dialect, asked), {**_values(dialect, selection), "at": at}


@lru_cache(maxsize=64)
def _as_of(dialect: Dialect, given: frozenset[str]) -> str:
    unit = UnitOn("last.unit", "last.unit")
    if "on" in given:
        unit = dialect.unit_on("d.project", "d.revision", "last.unit")
    text = dialect.as_of.replace("[unit]", unit.column).replace("[join]", unit.join)
    return dialect.text(text.replace("[where]", _where(dialect, given, "", "")))


def _where(dialect: Dialect, given: frozenset[str], unit: str, aside: str) -> str:
    conditions = {
        "plan": f"{aside}p.plan = :plan",
        "ids": dialect.among("p.id", "ids"),
        "units": dialect.among(unit, "units"),
        "fields": dialect.among("p.field", "fields"),
        "states": f"{aside}{dialect.in_states}",
        "periods": dialect.among("p.period", "periods"),
        "bands": dialect.among("p.band", "bands"),
        "after_plan": "(p.plan, p.place, p.number) > (:after_plan, :after_place, :after_number)",
    }
    asked = [condition for name, condition in conditions.items() if name in given]
    return f"WHERE {' AND '.join(asked)}" if asked else ""


def _values(dialect: Dialect, selection: Selection) -> dict[str, Any]:
    def listed(values: Iterable[str] | None) -> Any:
        return None if values is None else dialect.listed(sorted(values))

    limit = None if selection.words else selection.limit  # names are looked at when they are read
    plan = place = number = None
    if selection.after is not None:
        plan, _, number = selection.after.rpartition("/")
        place = _place(number)
    return {
        "plan": selection.plan,
        "ids": listed(selection.ids),
        "units": listed(selection.units),
        "on": None if selection.on is None else dialect.day(selection.on),
        "fields": listed(selection.fields),
        "states": listed(selection.states),
        "periods": listed(selection.periods),
        "bands": listed(selection.bands),
        "limit": dialect.unlimited if limit is None else max(limit, 0),
        "after_plan": plan,
        "after_place": place,
        "after_number": number,
    }


def _place(number: str) -> str:
    """Return what the column `place` holds for a project's number."""
    if number.isascii() and number.isdigit():
        digits = number.lstrip("0")
        return f"0{len(digits):05}{digits}"
    return f"1{number}"


# --------------------------------------------------------------------------- as of a moment


def rebuilt(rows: Iterable[Sequence[Any]]) -> Iterator[Project]:
    """Replay rows, one for each entry, project by project and in order, into projects.

    The columns: id, plan, number, label in Korean, in English, unit, field, lifecycle, revision
    and head of the project as it was then; of the entry its number, the states after it,
    whether it kept the period, and the period after it; and the canonical text of its rating, or
    of as much as holds its `band`, or NULL. Of several ratings the last one is enough.
    """
    last: Sequence[Any] | None = None
    replay = Rebuilt()
    for row in rows:
        if last is not None and last[0] != row[0]:
            yield _project_then(last, replay)
            replay = Rebuilt()
        rating = None if row[14] is None else parse(row[14])
        replay.follow(row[10], named(row[11]), bool(row[12]), rating)
        last = row
    if last is not None:
        yield _project_then(last, replay)


def _project_then(row: Sequence[Any], replay: Rebuilt) -> Project:
    return Project(
        id=row[0],
        plan=row[1],
        number=row[2],
        label=Label(row[3], row[4]),
        unit=row[5],
        field=row[6],
        states=replay.states,
        visits=replay.visits,
        period=row[13],
        version=row[10],
        lifecycle=row[7],
        revision=row[8],
        band=replay.band,
        head=row[9],
    )


# --------------------------------------------------------------------------- reading


_Found = TypeVar("_Found")


def _named(
    selection: Selection, found: Iterator[_Found], of: Callable[[_Found], Project]
) -> Iterator[_Found]:
    """Return those of what was found whose project's names hold the selection's words."""
    if not selection.words:
        return found
    limit = selection.limit
    named = (each for each in found if selection.says(of(each)))
    return islice(named, None if limit is None else max(limit, 0))


class SQLReads:
    """The reading half of `Storage`, one statement an answer, so that each is of one moment.

    A storage gives `dialect` and `_sql` (`Dialect.reading`, and what it adds), and runs
    statements by `_row` and `_rows`. `entries` is left to it: who writes at the same time, and
    what a reader must not miss, differs between databases.
    """

    dialect: Dialect
    _sql: Mapping[str, str]

    def _row(self, sql: str, values: Any = ()) -> Sequence[Any] | None:
        """Return the first row that a statement finds, or None."""
        raise NotImplementedError

    def _rows(self, sql: str, values: Any = ()) -> Generator[Sequence[Any], None, None]:
        """Yield the rows of one statement, streamed, all as of its beginning."""
        raise NotImplementedError

    def _few(self, sql: str, values: Any = ()) -> Sequence[Sequence[Any]]:
        """Return the rows of one statement that finds what is about one project or one plan: they
        need not be streamed."""
        return list(self._rows(sql, values))

    # ------------------------------------------------------------------ plans

    def plans(self) -> tuple[str, ...]:
        """Return the ids of all plans, in order."""
        return tuple([row[0] for row in self._few(self._sql["plans"])])

    def head(self, plan: str, revision: int | None = None) -> str | None:
        """Return the canonical text of a plan revision (None: the latest), or None."""
        if revision is None:
            row = self._row(self._sql["head"], {"plan": plan})
        else:
            row = self._row(self._sql["head_of"], {"plan": plan, "revision": revision})
        return None if row is None else row[0]

    def revisions(self, plan: str) -> tuple[tuple[int, str], ...]:
        """Return (revision, effective period) of every revision of the plan, in order."""
        found = self._few(self._sql["revisions"], {"plan": plan})
        return tuple([(row[0], row[1]) for row in found])

    def plan_entry(self, plan: str, revision: int | None = None) -> PlanEntry | None:
        """Return the plan's last entry, or the first that leaves `revision` or a later one."""
        if revision is None:
            row = self._row(self._sql["plan_entry"], {"plan": plan})
        else:
            row = self._row(self._sql["plan_entry_of"], {"plan": plan, "revision": revision})
        return None if row is None else plan_entry_from(row)

    def plan_history(self, plan: str, *, after: int = 0) -> Iterator[PlanEntry]:
        """Yield the entries of the plan's own history in order, from number `after` + 1."""
        for row in self._few(self._sql["plan_history"], {"plan": plan, "after": after}):
            yield plan_entry_from(row)

    def lifecycle(self, fingerprint: str) -> str | None:
        """Return the canonical text of the lifecycle with this fingerprint, or None."""
        row = self._row(self._sql["lifecycle"], {"fingerprint": fingerprint})
        return None if row is None else row[0]

    def definition(self, project: str, revision: int | None = None) -> tuple[int, str] | None:
        """Return (its revision, text) of the latest definition up to `revision`, or None."""
        latest = EVER if revision is None else revision
        row = self._row(self._sql["definition"], {"project": project, "revision": latest})
        return None if row is None else (row[0], row[1])

    def definitions(self, plan: str, revision: int | None = None) -> Iterator[tuple[str, int, str]]:
        """Yield (project id, revision, text) for every project of the plan, in order."""
        latest = EVER if revision is None else revision
        for row in self._rows(self._sql["definitions"], {"plan": plan, "revision": latest}):
            yield row[0], row[1], row[2]

    def latest_definitions(self, projects: Iterable[str]) -> Iterator[tuple[str, int, str]]:
        """Yield (project id, revision, text) of the latest definition of each of these."""
        asked = {"ids": self.dialect.listed(sorted(projects))}
        for row in self._few(_latest_definitions(self.dialect), asked):
            yield row[0], row[1], row[2]

    # ------------------------------------------------------------------ projects

    def snapshot(self, project: str) -> Snapshot | None:
        """Return the project and its current evaluation, read in one moment, or None."""
        row = self._row(self._sql["snapshot"], {"project": project})
        return None if row is None else snapshot_from(row)

    def defined_snapshot(self, project: str) -> tuple[Snapshot, str | None] | None:
        """Return what `snapshot` returns, and the text of the project's definition."""
        row = self._row(self._sql["defined"], {"project": project})
        return None if row is None else (snapshot_from(row), row[20])

    def snapshots(self, selection: Selection) -> Iterator[Snapshot]:
        """Yield the snapshots of the selected projects, streamed, all of one moment."""
        sql, values = selecting(self.dialect, selection, "snapshot")
        found = map(snapshot_from, self._rows(sql, values))
        yield from _named(selection, found, lambda snapshot: snapshot.project)

    def select(self, selection: Selection) -> Iterator[Project]:
        """Yield the selected projects, streamed, all of one moment."""
        sql, values = selecting(self.dialect, selection)
        yield from _named(selection, map(project_from, self._rows(sql, values)), lambda each: each)

    def positions(self, selection: Selection) -> Iterator[ProjectPosition]:
        """Yield where the selected projects stand, streamed, all of one moment."""
        if selection.words:
            ids = tuple([each.id for each in self.select(selection)])
            selection = attrs.evolve(selection, words=(), ids=ids)
        sql, values = selecting(self.dialect, selection, "position")
        return map(ProjectPosition._make, self._rows(sql, values))

    def count_projects(self, selection: Selection) -> int:
        """Return how many projects are selected; words are looked for in the names that are
        read."""
        if selection.words:
            return sum(1 for _ in self.select(selection))
        return self._number(*selecting(self.dialect, selection, "count"))

    def _number(self, sql: str, values: Any) -> int:
        row = self._row(sql, values)
        assert row is not None
        return int(row[0])

    def as_of(self, selection: Selection, at: dt.datetime) -> Iterator[Project]:
        """Yield the selected projects as their last entry at or before `at` left them."""
        # Plan and ids are the statement's own conditions; all else is tested as it was then.
        left, fits = selection.limit, attrs.evolve(selection, plan=None, ids=None).test()
        if left is not None and left <= 0:
            return
        sql, values = as_of(self.dialect, selection, moment(at))
        rows = self._rows(sql, values)
        try:
            for project in rebuilt(rows):
                if not fits(project):
                    continue
                yield project
                if left is not None:
                    left -= 1
                    if not left:
                        return
        finally:
            rows.close()  # gives the connection back, also where nobody reads to the end

    # ------------------------------------------------------------------ the rest

    def evaluation(self, project: str, period: str) -> Evaluation | None:
        """Return the project's evaluation for the period, or None."""
        row = self._row(self._sql["evaluation"], {"project": project, "period": period})
        return None if row is None else Evaluation.from_tree(parse(row[0]))

    def evaluations(self, plan: str, period: str) -> Iterator[Evaluation]:
        """Yield all evaluations of the plan's projects for the period, in project order."""
        for row in self._rows(self._sql["evaluations"], {"plan": plan, "period": period}):
            yield Evaluation.from_tree(parse(row[0]))

    def history(self, project: str, *, after: int = 0) -> Iterator[Entry]:
        """Yield the project's entries in order, from number `after` + 1."""
        for row in self._few(self._sql["history"], {"project": project, "after": after}):
            yield entry_from(row)

    def histories(self, plan: str) -> Iterator[Entry]:
        """Yield the entries of all projects of the plan, project by project, each in order."""
        for row in self._rows(self._sql["histories"], {"plan": plan}):
            entry = entry_from(row)
            if entry.project.rpartition("/")[0] == plan:
                yield entry

    def histories_of(self, projects: Iterable[str]) -> Iterator[Entry]:
        """Yield the entries of these projects, each project's together and in order."""
        asked = {"ids": self.dialect.listed(sorted(projects))}
        for row in self._rows(_histories_of(self.dialect), asked):
            yield entry_from(row)

    def entry_by_key(self, project: str, key: str) -> Entry | None:
        """Return the entry that was written with this idempotency key, or None."""
        row = self._row(self._sql["entry_by_key"], {"project": project, "key": key})
        return None if row is None else entry_from(row)

    def entries_by_key(self, projects: Iterable[str], key: str) -> Iterator[Entry]:
        """Yield what `entry_by_key` returns of each of these projects that has such an entry."""
        asked = {"ids": self.dialect.listed(sorted(projects)), "key": key}
        for row in self._few(_entries_by_key(self.dialect), asked):
            yield entry_from(row)

    def count_entries(self, plans: Collection[str] | None = None) -> int:
        """Return how many entries there are of these plans' projects (None: of all)."""
        upto = self._horizon()
        if plans is None:
            return self._number(self._sql["count_entries"], {"upto": upto})
        asked = {"upto": upto, "plans": self.dialect.listed(sorted(plans))}
        return self._number(self._sql["count_entries_of"], asked)

    def _horizon(self) -> int:
        """Return the position up to which `entries` gives them now: what is behind it is held back
        where somebody is still writing before it."""
        return EVER

    def count_notices(self, *, state: str | None = None, project: str | None = None) -> int:
        """Return how many notices there are in the outbox."""
        return self._number(self._sql["count_notices"], {"state": state, "project": project})

    def outbox(
        self,
        *,
        state: str | None = None,
        project: str | None = None,
        after: int = 0,
        limit: int | None = None,
        newest: bool = False,
    ) -> Iterator[Outgoing]:
        """Yield the notices in the outbox, oldest first, or with `newest` the newest first."""
        values = {
            "state": state,
            "project": project,
            "after": EVER if newest and not after else max(after, 0),
            "limit": self.dialect.unlimited if limit is None else max(limit, 0),
        }
        for row in self._rows(self._sql["outbox_newest" if newest else "outbox"], values):
            yield outgoing_from(row, row[len(OUTGOING_COLUMNS)])


class SQLMoment(OneMoment, SQLReads):
    """The store as it stood at one moment, read in one transaction; `end` is called before that
    ends. A storage gives `_stream`, and `SQLReads` what it adds."""

    def __init__(self) -> None:
        self._streams: WeakSet[Generator[Sequence[Any], None, None]] = WeakSet()
        self._ended = False
        self._notices: dict[str, array[int]] | None = None

    def _stream(self, sql: str, values: Any) -> Generator[Sequence[Any], None, None]:
        """Yield the rows of one statement, so that others can be asked meanwhile."""
        raise NotImplementedError

    def _rows(self, sql: str, values: Any = ()) -> Generator[Sequence[Any], None, None]:
        if self._ended:
            raise ended()
        stream = self._stream(sql, values)
        self._streams.add(stream)
        yield from stream
        if self._ended:  # it was cut off: never a silent end
            raise ended()

    def _row(self, sql: str, values: Any = ()) -> Sequence[Any] | None:
        rows = self._rows(sql, values)
        try:
            return next(rows, None)
        finally:
            rows.close()

    def outbox(
        self,
        *,
        state: str | None = None,
        project: str | None = None,
        after: int = 0,
        limit: int | None = None,
        newest: bool = False,
    ) -> Iterator[Outgoing]:
        """Yield the notices in the outbox. No index leads to a project's: where they are is looked
        up once for all projects, since nothing changes."""
        if project is None or newest:
            yield from super().outbox(
                state=state, project=project, after=after, limit=limit, newest=newest
            )
            return
        found = (e for e in self._of_project(project, after) if state in (None, e.state))
        yield from islice(found, None if limit is None else max(limit, 0))

    def _of_project(self, project: str, after: int) -> Iterator[Outgoing]:
        if self._notices is None:
            self._notices = {}
            for owner, position in self._rows(self._sql["notices_by_project"]):
                self._notices.setdefault(owner, array("q")).append(position)
        places = [each for each in self._notices.get(project, ()) if each > after]
        if not places:
            return
        for row in self._rows(self._sql["notices_at"], {"positions": self.dialect.listed(places)}):
            yield outgoing_from(row, row[len(OUTGOING_COLUMNS)])

    def end(self) -> None:
        """Let go of what is being read; who goes on reading is told."""
        self._ended = True
        for stream in list(self._streams):
            stream.close()


# --------------------------------------------------------------------------- writing


def check_versions(found: Mapping[str, int], expected: Iterable[tuple[str, int]]) -> None:
    """Hold the versions found of projects (or the latest revisions of plans) against those
    expected; who is not there is at 0.

    Raises:
        Conflict: one of them stands at another.
    """
    for project, version in expected:
        if found.get(project, 0) != version:
            raise Conflict(project, expected=version)


def visits_of_all(regions: int) -> str:
    """Return the expression for the visits of a project that comes to another state in every
    region with entry number `s.number`."""
    return "'[' || " + " || ',' || ".join(["s.number"] * regions) + " || ']'"


# --------------------------------------------------------------------------- errors

SENTENCES = {
    "full": (
        "디스크가 가득 차서 기록하지 못했습니다. 아무것도 바뀌지 않았습니다: {place}",
        "the disk is full; nothing was written: {place}",
    ),
    "closed": (
        "이미 닫은 저장소입니다: {place}",
        "the store was closed: {place}",
    ),
}
"""What every storage says alike: the sentence in Korean and in English, by code."""

CODES = {"closed": "unreachable"}
"""The contract's code (see `StorageError`) for one of ours that says more."""


@frozen(kw_only=True)
class ErrorTexts:
    """What a storage says where it cannot be used. `sentences` add to `SENTENCES`, `codes` to
    `CODES`; `{place}` stands for the store and `{detail}` for what is particular."""

    sentences: Mapping[str, tuple[str, str]]
    codes: Mapping[str, str]

    def error(self, code: str, place: str, detail: str = "") -> StorageError:
        """Return the error of this code."""
        found = self.sentences.get(code) or SENTENCES[code]
        ko, en = (text.format(place=place, detail=detail) for text in found)
        return StorageError(self.codes.get(code) or CODES.get(code, code), ko=ko, en=en)
