"""Values as rows of plain columns, and back: the one form in which SQL storages keep them.

Columns that are asked for stand alone; trees are canonical text, times ISO text in UTC with
microseconds (so that they sort), states a canonical list. Pure, without a database.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from evalflow.model import (
    Change,
    Entry,
    Evaluation,
    Label,
    Move,
    Notice,
    Outgoing,
    PlanEntry,
    PlanHead,
    Project,
    Snapshot,
)
from evalflow.model.canonical import canonical, digest, parse, quoted
from evalflow.model.moments import utc
from evalflow.storage.contract import Head, ProjectPosition, Settled

Row = Sequence[Any]

PROJECT_COLUMNS = (
    "id", "plan", "number", "label_ko", "label_en", "unit", "field", "states", "visits",
    "period", "version", "lifecycle", "revision", "band", "head", "change",
)  # fmt: skip

POSITION_COLUMNS = ("id", "version", "head", *ProjectPosition._fields[3:])

ENTRY_COLUMNS = (
    "project", "number", "event", "actor", "role", "on_behalf_of", "at", "before", "after",
    "period", "period_after", "unit", "revision", "lifecycle", "reason", "data", "rating",
    "evaluation", "late", "key", "previous", "hash", "plan_head",
)  # fmt: skip
"""The columns of an entry, in the order of `entry_row`."""

PLAN_ENTRY_COLUMNS = (
    "plan", "number", "event", "actor", "role", "on_behalf_of", "at", "revision", "effective",
    "head_before", "head_after", "lifecycle", "reason", "data", "previous", "hash",
)  # fmt: skip
"""The columns of an entry of a plan's own history, in the order of `plan_entry_row`."""

NOTICE_COLUMNS = (
    "id", "project", "number", "name", "recipient", "role", "notifier", "subject_ko",
    "subject_en", "at", "data",
)  # fmt: skip
"""The columns of a notice, in the order of `notice_row`."""

OUTGOING_COLUMNS = (*NOTICE_COLUMNS, "state", "tries", "next_at", "error")

REVISION_COLUMNS = ("plan", "revision", "effective", "tree")
"""The columns of a plan's revision, in the order of `revision_row`."""

DEFINITION_COLUMNS = ("project", "revision", "label_ko", "label_en", "field", "tree")

ASSIGNMENT_COLUMNS = ("project", "revision", "position", "unit", "since", "until")
"""The columns of a project's assignment to a unit, in the order of `assignment_rows`."""

EVALUATION_COLUMNS = ("project", "period", "number", "rate", "band", "tree")

OWN_COLUMNS = frozenset(("project", "number", "previous", "hash"))
"""Of an entry, what is each project's own in a bulk move; see `Pattern`."""


def moment(at: dt.datetime) -> str:
    """Return a time as text that sorts, in UTC: `2016-04-05T00:00:00.000000+00:00`.

    Raises:
        InvalidInput: it has no zone.
    """
    return utc(at).isoformat(timespec="microseconds")


_moment = lru_cache(maxsize=64)(moment)  # an entry's is that of its notices, too


@lru_cache(maxsize=4096)
def names(states: tuple[str, ...]) -> str:
    """Return states (or visits) as one canonical text."""
    return canonical(states)


@lru_cache(maxsize=4096)
def named(text: str) -> tuple[Any, ...]:
    """Return the states (or visits) that `names` wrote."""
    return tuple(parse(text))


def project_row(project: Project) -> tuple[Any, ...]:
    """Return the columns `PROJECT_COLUMNS` of a project."""
    return (
        project.id,
        project.plan,
        project.number,
        project.label.ko,
        project.label.en,
        project.unit,
        project.field,
        names(project.states),
        names(project.visits),
        project.period,
        project.version,
        project.lifecycle,
        project.revision,
        project.band,
        project.head,
        _changes_text(project),
    )


def project_from(row: Row) -> Project:
    """Return the project of a row of `PROJECT_COLUMNS` (more columns may follow)."""
    change, waiting = _changes_from(row[15])
    return Project(
        id=row[0],
        plan=row[1],
        number=row[2],
        label=Label(row[3], row[4]),
        unit=row[5],
        field=row[6],
        states=named(row[7]),
        visits=named(row[8]),
        period=row[9],
        version=row[10],
        lifecycle=row[11],
        revision=row[12],
        band=row[13],
        head=row[14],
        change=change,
        waiting=waiting,
    )


def _changes_text(project: Project) -> str | None:
    """Return the project's changes as the column `change` keeps them: the one in flight by itself,
    or with those that wait to be filed and declared."""
    change = None if project.change is None else project.change.tree()
    if not project.waiting:
        return None if change is None else canonical(change)
    return canonical({"change": change, "waiting": [each.tree() for each in project.waiting]})


def _changes_from(text: str | None) -> tuple[Change | None, tuple[Change, ...]]:
    if text is None:
        return None, ()
    tree = parse(text)
    if "waiting" not in tree:
        return Change.from_tree(tree), ()
    change = tree["change"]
    waiting = tuple([Change.from_tree(each) for each in tree["waiting"]])
    return (None if change is None else Change.from_tree(change)), waiting


def snapshot_from(row: Row) -> Snapshot:
    """Return the snapshot of a project's row followed by its current evaluation's text (or
    None), the plan's latest revision and the hash of its last entry (or None), and when the
    project's own last entry was written (or None)."""
    project = project_from(row)
    text = row[16]
    if text is None:
        evaluation = Evaluation(project=project.id, period=project.period)
    else:
        evaluation = Evaluation.from_tree(parse(text))
    return Snapshot(
        project=project,
        evaluation=evaluation,
        latest=row[17] or 0,
        plan_head=row[18] or "",
        last=None if row[19] is None else dt.datetime.fromisoformat(row[19]),
    )


def entry_row(entry: Entry) -> tuple[Any, ...]:
    """Return the columns `ENTRY_COLUMNS` of an entry."""
    data, rating = entry.texts()
    return (
        entry.project,
        entry.number,
        entry.event,
        entry.actor,
        entry.role,
        entry.on_behalf_of,
        _moment(entry.at),
        names(entry.before),
        names(entry.after),
        entry.period,
        entry.period_after,
        entry.unit,
        entry.revision,
        entry.lifecycle,
        entry.reason,
        data,
        None if entry.rating is None else rating,
        entry.evaluation,
        entry.late,
        entry.key,
        entry.previous,
        entry.hash,
        entry.plan_head,
    )


def entry_from(row: Row) -> Entry:
    """Return the entry of a row of `ENTRY_COLUMNS` (more columns may follow)."""
    rating = row[16]
    return Entry(
        project=row[0],
        number=row[1],
        event=row[2],
        actor=row[3],
        role=row[4],
        on_behalf_of=row[5],
        at=dt.datetime.fromisoformat(row[6]),
        before=named(row[7]),
        after=named(row[8]),
        period=row[9],
        period_after=row[10],
        unit=row[11],
        revision=row[12],
        lifecycle=row[13],
        reason=row[14],
        data=parse(row[15]),
        rating=None if rating is None else parse(rating),
        evaluation=row[17],
        late=row[18],
        key=row[19],
        previous=row[20],
        hash=row[21],
        plan_head=row[22],
    )


def notice_row(notice: Notice) -> tuple[Any, ...]:
    """Return the columns `NOTICE_COLUMNS` of a notice."""
    return (
        notice.id,
        notice.project,
        notice.number,
        notice.name,
        notice.recipient,
        notice.role,
        notice.notifier,
        notice.subject.ko,
        notice.subject.en,
        _moment(notice.at),
        canonical(notice.data),
    )


def revision_row(head: PlanHead) -> tuple[Any, ...]:
    """Return the columns `REVISION_COLUMNS` of a plan revision."""
    return head.id, head.revision, head.effective, canonical(head.tree)


def plan_entry_row(entry: PlanEntry) -> tuple[Any, ...]:
    """Return the columns `PLAN_ENTRY_COLUMNS` of an entry of a plan's history."""
    return (
        entry.plan,
        entry.number,
        entry.event,
        entry.actor,
        entry.role,
        entry.on_behalf_of,
        _moment(entry.at),
        entry.revision,
        entry.effective,
        entry.head_before,
        entry.head_after,
        entry.lifecycle,
        entry.reason,
        canonical(entry.data),
        entry.previous,
        entry.hash,
    )


def plan_entry_from(row: Row) -> PlanEntry:
    """Return the entry of a row of `PLAN_ENTRY_COLUMNS`."""
    return PlanEntry(
        plan=row[0],
        number=row[1],
        event=row[2],
        actor=row[3],
        role=row[4],
        on_behalf_of=row[5],
        at=dt.datetime.fromisoformat(row[6]),
        revision=row[7],
        effective=row[8],
        head_before=row[9],
        head_after=row[10],
        lifecycle=row[11],
        reason=row[12],
        data=parse(row[13]),
        previous=row[14],
        hash=row[15],
    )


def definition_row(move: Move) -> tuple[Any, ...] | None:
    """Return the columns `DEFINITION_COLUMNS` of the definition that a move brings, if any."""
    definition = move.definition
    if definition is None:
        return None
    return (
        move.project.id,
        move.project.revision,
        definition.label.ko,
        definition.label.en,
        definition.field,
        canonical(definition.tree),
    )


def assignment_rows(move: Move) -> list[tuple[Any, ...]]:
    """Return the columns `ASSIGNMENT_COLUMNS` of the units in the definition that a move brings;
    days are ISO text."""
    if move.definition is None:
        return []
    return [
        (
            move.project.id,
            move.project.revision,
            position,
            each.unit,
            each.since and each.since.isoformat(),
            each.until and each.until.isoformat(),
        )
        for position, each in enumerate(move.definition.assignments)
    ]


def evaluation_row(move: Move) -> tuple[Any, ...] | None:
    """Return the columns `EVALUATION_COLUMNS` of the evaluation that a move writes, if any."""
    evaluation = move.evaluation
    if evaluation is None:
        return None
    rating = evaluation.rating
    return (
        evaluation.project,
        evaluation.period,
        evaluation.number,
        None if rating is None or rating.rate is None else format(rating.rate, "f"),
        None if rating is None else rating.band,
        evaluation.text(),
    )


def settled_row(outcome: Settled) -> tuple[str | None, ...]:
    """Return (notice, notifier, state, next_at, error) of a delivery attempt's outcome."""
    next_at = None if outcome.next_at is None else _moment(outcome.next_at)
    return outcome.notice, outcome.notifier, outcome.state, next_at, outcome.error


def outgoing_from(row: Row, position: int = 0) -> Outgoing:
    """Return the notice and its delivery of a row of `OUTGOING_COLUMNS`."""
    return Outgoing(
        notice=Notice(
            id=row[0],
            project=row[1],
            number=row[2],
            name=row[3],
            recipient=row[4],
            role=row[5],
            notifier=row[6],
            subject=Label(row[7], row[8]),
            at=dt.datetime.fromisoformat(row[9]),
            data=parse(row[10]),
        ),
        state=row[11],
        tries=row[12],
        next_at=dt.datetime.fromisoformat(row[13]),
        error=row[14],
        position=position,
    )


class SharedNotice(NamedTuple):
    """What the notices of many projects share, one of `like`'s: see `Pattern`.

    A project's has the id `<project>:<number>:<rest>` and the subjects `<ko><project> <its label>`.
    """

    rest: str
    name: str
    recipient: str
    role: str
    notifier: str
    ko: str
    en: str
    at: str
    data: str


class Pattern:
    """The rows of `contract.move_like(like, project)` for many projects, worked out from one move.

    Of the entry's row and of the text under its hash only the project's id, the number and the
    previous hash differ: they are put into what is left of `like`'s.

    Attributes:
        unit: where all projects stand afterwards.
        same_period: whether they keep their bands.
        moved: the regions (from 0) that come to another state; `regions` is how many there are.
        notices: what their notices share.
    """

    def __init__(self, like: Move) -> None:
        entry = like.entry
        body = entry.body()
        head = canonical([entry.project, entry.number])[:-1] + ","
        tail = canonical([entry.previous])[1:]
        self._middle = "," + body.removeprefix(head).removesuffix(tail) + '"'
        assert f'{head[:-1]}{self._middle}{entry.previous}"]' == body
        self.same_period = entry.period == entry.period_after
        self.regions = len(entry.after)
        pairs = enumerate(zip(entry.before, entry.after, strict=True))
        self.moved = tuple([region for region, (before, after) in pairs if before != after])
        own = like.project
        self.unit = own.unit
        self.notices = [
            SharedNotice(
                notice.id.removeprefix(f"{own.id}:{entry.number}:"),
                notice.name,
                notice.recipient,
                notice.role,
                notice.notifier,
                notice.subject.ko.removesuffix(f"{own.id} {own.label.ko}"),
                notice.subject.en.removesuffix(f"{own.id} {own.label.en}"),
                _moment(notice.at),
                canonical(notice.data),
            )
            for notice in like.notices
        ]

    def rows(self, heads: Iterable[Head]) -> list[tuple[int, str, int, str, str]]:
        """Return what is each project's own: its place among them, its id, and the entry's
        number, previous hash and hash."""
        middle = self._middle
        return [
            (
                place,
                own,
                version + 1,
                previous,
                digest(f'[{quoted(own)},{version + 1}{middle}{previous}"]'),
            )
            for place, (own, version, previous) in enumerate(heads)
        ]


class Rebuilt:
    """Replays a project's entries, one after another, into where the last one left it.

    For `Storage.as_of`: feed `(number, before, after, period, period_after, band)`; a rating
    sets the band, a new period clears it.
    """

    def __init__(self) -> None:
        self.states: tuple[str, ...] = ()
        self.visits: tuple[int, ...] = ()
        self.band: str | None = None

    def follow(
        self,
        number: int,
        after: tuple[str, ...],
        same_period: bool,
        rating: Mapping[str, Any] | None,
    ) -> None:
        """Take the next entry."""
        self.visits = tuple(
            [
                self.visits[n] if n < len(self.states) and self.states[n] == state else number
                for n, state in enumerate(after)
            ]
        )
        self.states = after
        if rating is not None:
            self.band = rating.get("band")
        elif not same_period:
            self.band = None
