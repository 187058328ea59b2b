"""What a batch is made of: what it may ask of the engine, what was asked of it, and what it would
do with each project."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

import attrs

from evalflow.decision.batched_calls import Answers
from evalflow.decision.decide import Decision
from evalflow.errors import Reason
from evalflow.model import Actor, Basis, Entry, Move, Snapshot
from evalflow.model.canonical import Tree, canonical, digest
from evalflow.model.changed import often_made
from evalflow.model.values import frozen
from evalflow.storage.contract import Head, Storage

FORMAT = "batch/1"
MODES = ("each", "all", "unit")
"""How a batch is applied: each project for itself, all or none, all or none in each unit."""

BLOCK = 256
"""Lines of a plan that are read, written or decided at a time."""


class Actors:
    """Whoever fires the events of a batch, looked up once in the directory of each plan revision
    under which something is decided."""

    def __init__(self, parts: EngineParts, by: Actor | str) -> None:
        self._parts, self._by = parts, by
        self._known: dict[tuple[str, int], Actor] = {}

    def at(self, snapshot: Snapshot) -> Actor:
        """Return the actor as the directory knows it by which the project is decided.

        Raises:
            NotFound: it does not.
        """
        if not isinstance(self._by, str):
            return self._by
        place = snapshot.project.plan, snapshot.latest
        found = self._known.get(place)
        if found is None:
            found = self._known[place] = self._parts.actor(*place, self._by)
        return found


class Decide(Protocol):
    """Decides one firing from a snapshot; see `Engine.fire`."""

    def __call__(
        self,
        snapshot: Snapshot,
        event_name: str,
        by: Actor,
        at: dt.datetime,
        data: Mapping[str, Any],
        *,
        key: str | None = None,
        answers: Answers | None = None,
    ) -> tuple[tuple[Decision, ...], Basis]:
        """Return a decision for each project moved, and what they rest on together."""
        ...


@frozen(kw_only=True)
class EngineParts:
    """What a batch may ask of the engine, and nothing else.

    `alike` says of (plan, lifecycle, event) whether one decision holds for every project in the
    same states, period and unit; `today` is the day in a plan's office; `actor` looks an id up in
    the directory of a plan's revision; `repeats` says whether an entry is that of this event,
    actor and data. `read_together` reads what the plan says of many projects at once, and
    `ask_together` puts the questions of many decisions; `decide` takes the answers.
    """

    storage: Storage
    now: Callable[[], dt.datetime]
    actor: Callable[[str, int, str], Actor]
    decide: Decide
    repeats: Callable[[Entry, str, str, Mapping[str, Any]], bool]
    read_together: Callable[[Iterable[Snapshot]], None]
    ask_together: Callable[
        [str, Sequence[tuple[Snapshot, Actor, Mapping[str, Any]]], dt.datetime, str | None],
        Mapping[str, Answers],
    ]
    commit: Callable[[tuple[Move, ...], Basis], None]
    bulk_move: Callable[[Move, Sequence[Head], dt.date | None, int], None]
    alike: Callable[[str, str, str], bool]
    today: Callable[[str], dt.date]


@often_made
@frozen(kw_only=True)
class Planned:
    """What the batch would do with one project.

    Attributes:
        version, head: the last entry that the decision was made on: its number and its hash.
        before: the states now; `after` the states then, None where it is refused.
        period, period_after: the period now and then.
        part: the first of the projects that move together with it (a unit of an event such as
            the bureau's submission), or None.
        role, on_behalf_of: in which role the actor would act.
        rate, band: the rating that would be made, if any.
        notices: (name, recipient, notifier) of the notices that would be sent.
        reasons: why it is refused; all of them.
        data: the project's own data, on top of the batch's.
        seal: a digest of all that would be written, the time apart: what was reviewed.
    """

    project: str
    unit: str
    version: int
    head: str
    before: tuple[str, ...]
    period: str
    after: tuple[str, ...] | None = None
    period_after: str | None = None
    part: str | None = None
    role: str | None = None
    on_behalf_of: str | None = None
    rate: str | None = None
    band: str | None = None
    notices: tuple[tuple[str, ...], ...] = ()
    reasons: tuple[Reason, ...] = ()
    data: Tree = None
    seal: str = ""

    @property
    def allowed(self) -> bool:
        """Say whether it would be done."""
        return self.after is not None

    def tree(self) -> Tree:
        """Return the line as written; what is empty is left out."""
        tree = {name: getattr(self, name) for name in _PLANNED}
        tree["reasons"] = [_reason_tree(reason) for reason in self.reasons]
        return {name: value for name, value in tree.items() if value not in (None, (), [], "")}


_PLANNED = tuple([each.name for each in attrs.fields(Planned)])


def _reason_tree(reason: Reason) -> Tree:
    tree = attrs.asdict(reason, recurse=False)
    del tree["cause"]  # what broke is a program's affair: neither stored nor shown
    tree["since"] = reason.since and reason.since.isoformat()
    return {name: value for name, value in tree.items() if value not in (None, ())}


@frozen(kw_only=True)
class Header:
    """What was asked: the event, by whom, of which projects, with which data, when."""

    event: str
    by: str
    at: str
    where: Tree
    data: Tree
    mode: str = "each"

    def tree(self) -> Tree:
        """Return the header as written."""
        return {"evalflow": FORMAT, **attrs.asdict(self, recurse=False)}


def seal(move: Move) -> str:
    """Return a digest of what a move writes, save what the line says by itself (project, number,
    previous hash) and what only says when: the entry's time, how late that is, its key and
    hash, and the numbers of revisions made meanwhile."""
    entry = move.entry
    return digest(
        canonical(
            [
                entry.event,
                entry.actor,
                entry.role,
                entry.on_behalf_of,
                entry.before,
                entry.after,
                entry.period,
                entry.period_after,
                entry.unit,
                entry.lifecycle,
                entry.reason,
                *entry.texts(),
                sorted((n.name, n.recipient, n.notifier) for n in move.notices),
            ]
        )
    )[:32]


def plain(value: Any) -> Tree:
    """Return data as a JSON tree: exact numbers and days become text. A float stays what it
    is and is refused by the field that it is meant for."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(inner) for inner in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dt.date):
        return value.isoformat()
    return value
