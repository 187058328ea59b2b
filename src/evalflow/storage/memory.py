"""The memory storage: plain, without durability, and the model that other storages are
compared with (`evalflow.testing`).

Everything is kept in dictionaries under one lock. Trees are kept as text and read anew for
every caller, so nobody changes the store by changing what it handed out.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import islice
from typing import NoReturn

import attrs

from evalflow.errors import Conflict
from evalflow.model import (
    Change,
    Commit,
    Entry,
    Evaluation,
    Move,
    Notice,
    Outgoing,
    PlanEntry,
    Project,
    Selection,
    Snapshot,
)
from evalflow.model.canonical import canonical, parse
from evalflow.model.changed import changed
from evalflow.model.commits import order_of, project_order
from evalflow.model.moments import utc
from evalflow.model.values import frozen
from evalflow.storage.contract import (
    OneMoment,
    Settled,
    check_commit,
    check_plan_move,
    check_roster,
)
from evalflow.storage.defined import Defined, project_then
from evalflow.storage.faults import fault_point


@frozen
class _Sent:
    """A notice and where its delivery stands; another one takes its place where that changes."""

    notice: Notice
    data: str
    next_at: dt.datetime
    position: int
    state: str = "waiting"
    tries: int = 0
    error: str | None = None

    def outgoing(self) -> Outgoing:
        return Outgoing(
            notice=changed(self.notice, data=parse(self.data)),
            state=self.state,
            tries=self.tries,
            next_at=self.next_at,
            error=self.error,
            position=self.position,
        )


@frozen
class _Kept:
    """A value whose trees are kept as text."""

    entry: Entry
    data: str
    rating: str

    def value(self) -> Entry:
        return changed(self.entry, data=parse(self.data), rating=parse(self.rating))


class MemoryStorage:
    """A storage that lives as long as the object; nothing is written to disk."""

    def __init__(self) -> None:
        self._lock: AbstractContextManager[object] = threading.RLock()
        self._heads: dict[str, list[tuple[str, str]]] = {}  # plan -> (effective, text)
        self._plan_entries: dict[str, list[tuple[PlanEntry, str]]] = {}  # with its data's text
        self._lifecycles: dict[str, str] = {}
        self._definitions: dict[str, list[Defined]] = {}
        self._projects: dict[str, Project] = {}
        self._order: tuple[str, ...] = ()  # their ids in order, as many as were there when asked
        self._evaluations: dict[tuple[str, str], str] = {}
        self._entries: list[_Kept] = []
        self._history: dict[str, list[_Kept]] = {}
        self._keys: dict[tuple[str, str], _Kept] = {}
        self._outbox: dict[tuple[str, str], _Sent] = {}
        self._notices: dict[str, list[tuple[str, str]]] = {}  # project -> its keys of the outbox
        self._read_elsewhere = False  # what is kept is a reading's too: copied before it changes

    @contextmanager
    def reading(self) -> Iterator[_MemoryMoment]:
        """Give the store as it stands at this moment; nothing is copied before somebody writes."""
        moment = _MemoryMoment()
        with self._lock:
            self._read_elsewhere = True
            vars(moment).update({name: vars(self)[name] for name in _KEPT})
        yield moment

    def _own(self) -> None:
        """Leave what a reading has to the reading, before anything changes."""
        if not self._read_elsewhere:
            return
        self._heads = {plan: list(known) for plan, known in self._heads.items()}
        self._plan_entries = {plan: list(known) for plan, known in self._plan_entries.items()}
        self._lifecycles = dict(self._lifecycles)
        self._definitions = {each: list(known) for each, known in self._definitions.items()}
        self._projects = dict(self._projects)
        self._evaluations = dict(self._evaluations)
        self._entries = list(self._entries)
        self._history = {each: list(known) for each, known in self._history.items()}
        self._keys = dict(self._keys)
        self._outbox = dict(self._outbox)
        self._notices = {each: list(known) for each, known in self._notices.items()}
        self._read_elsewhere = False

    def close(self) -> None:
        """Answer no more."""
        self._lock = _Closed()

    # ------------------------------------------------------------------ writing

    def commit(self, commit: Commit) -> None:
        """Write everything in `commit`, or nothing; see the contract."""
        check_commit(commit)
        with self._lock:
            fault_point("commit:begun")
            self._refuse(commit)
            self._own()
            for move in commit.moves:
                self._write(move)
            for notice in commit.reminders:
                self._notify(notice)
            for each in commit.plans:
                entry, head = each.entry, each.head
                kept = self._plan_entries.setdefault(entry.plan, [])
                kept.append((entry, canonical(entry.data)))
                if head is not None:
                    known = self._heads.setdefault(head.id, [])
                    known.append((head.effective, canonical(head.tree)))
            if commit.lifecycle is not None:
                self._lifecycles.setdefault(*commit.lifecycle)

    def _refuse(self, commit: Commit) -> None:
        """Raise if the commit cannot be written, before anything is."""
        for project, version in commit.unchanged:
            if self._version(project) != version:
                raise Conflict(project, expected=version)
        for plan, revision in commit.revisions:
            if len(self._heads.get(plan, ())) != revision:
                raise Conflict(plan, expected=revision)
        for roster in commit.rosters:
            check_roster(roster, [each.id for each in self._selected(roster.selection)])
        for each in commit.plans:
            check_plan_move(each, self._last_of(each.entry.plan))
        for move in commit.moves:
            entry = move.entry
            if self._version(entry.project) != move.expected:
                raise Conflict(entry.project, expected=move.expected)
            if entry.key is not None and (entry.project, entry.key) in self._keys:
                raise Conflict(entry.project, expected=move.expected)
            last = self._history[entry.project][-1].entry if move.expected else None
            left = ("", (), entry.period) if last is None else _left(last)
            if (entry.previous, entry.before, entry.period) != left:
                raise ValueError(f"{entry.project} #{entry.number} does not continue its history")
            said = self._definition(entry.project, None)
            if move.definition and said and said.revision >= move.project.revision:
                raise ValueError(f"{entry.project} was defined in revision {said.revision} already")

    def _last_of(self, plan: str) -> PlanEntry | None:
        known = self._plan_entries.get(plan)
        return known[-1][0] if known else None

    def _version(self, project: str) -> int:
        known = self._projects.get(project)
        return 0 if known is None else known.version

    def _write(self, move: Move) -> None:
        project, entry, definition = move.project, move.entry, move.definition
        self._projects[project.id] = project
        kept = _Kept(entry, *entry.texts())
        self._entries.append(kept)
        self._history.setdefault(project.id, []).append(kept)
        if entry.key is not None:
            self._keys[project.id, entry.key] = kept
        if move.evaluation is not None:
            period = move.evaluation.period
            self._evaluations[project.id, period] = move.evaluation.text()
        if definition is not None:
            self._definitions.setdefault(project.id, []).append(
                Defined(
                    project.revision,
                    canonical(definition.tree),
                    definition.label,
                    definition.field,
                    definition.assignments,
                )
            )
        for notice in move.notices:
            self._notify(notice)

    def _notify(self, notice: Notice) -> None:
        """Put a notice into the outbox, unless it is there."""
        pair = notice.id, notice.notifier
        if pair not in self._outbox:
            place = len(self._outbox) + 1
            self._outbox[pair] = _Sent(notice, canonical(notice.data), notice.at, place)
            self._notices.setdefault(notice.project, []).append(pair)

    # ------------------------------------------------------------------ plans

    def plans(self) -> tuple[str, ...]:
        """Return the ids of all plans, in order."""
        with self._lock:
            return tuple(sorted(self._heads))

    def head(self, plan: str, revision: int | None = None) -> str | None:
        """Return the canonical text of a plan revision (None: the latest), or None."""
        with self._lock:
            known = self._heads.get(plan, [])
            number = len(known) if revision is None else revision
            return known[number - 1][1] if 0 < number <= len(known) else None

    def revisions(self, plan: str) -> tuple[tuple[int, str], ...]:
        """Return (revision, effective period) of every revision of the plan, in order."""
        with self._lock:
            known = self._heads.get(plan, [])
            return tuple((number, effective) for number, (effective, _) in enumerate(known, 1))

    def plan_entry(self, plan: str, revision: int | None = None) -> PlanEntry | None:
        """Return the plan's last entry, or the first that leaves `revision` or a later one."""
        with self._lock:
            known = self._plan_entries.get(plan, ())
            found = known[-1:] if revision is None else known
            for entry, data in found:
                if revision is None or entry.revision >= revision:
                    return changed(entry, data=parse(data))
        return None

    def plan_history(self, plan: str, *, after: int = 0) -> Iterator[PlanEntry]:
        """Yield the entries of the plan's own history in order, from number `after` + 1."""
        with self._lock:
            found = self._plan_entries.get(plan, [])[max(after, 0) :]
        for entry, data in found:
            yield changed(entry, data=parse(data))

    def lifecycle(self, fingerprint: str) -> str | None:
        """Return the canonical text of the lifecycle with this fingerprint, or None."""
        with self._lock:
            return self._lifecycles.get(fingerprint)

    def definition(self, project: str, revision: int | None = None) -> tuple[int, str] | None:
        """Return (its revision, text) of the latest definition up to `revision`, or None."""
        with self._lock:
            found = self._definition(project, revision)
            return None if found is None else (found.revision, found.text)

    def _definition(self, project: str, revision: int | None) -> Defined | None:
        for definition in reversed(self._definitions.get(project, [])):
            if revision is None or definition.revision <= revision:
                return definition
        return None

    def definitions(self, plan: str, revision: int | None = None) -> Iterator[tuple[str, int, str]]:
        """Yield (project id, revision, text) for every project of the plan, in order."""
        with self._lock:
            found = [
                (project.id, definition.revision, definition.text)
                for project in self._ordered()
                if project.plan == plan
                and (definition := self._definition(project.id, revision)) is not None
            ]
        yield from found

    # ------------------------------------------------------------------ reading projects

    def snapshot(self, project: str) -> Snapshot | None:
        """Return the project and its current evaluation, read in one moment, or None."""
        with self._lock:
            found = self._projects.get(project)
            return None if found is None else self._snapshot(found)

    def _snapshot(self, project: Project) -> Snapshot:
        text = self._evaluations.get((project.id, project.period))
        if text is None:
            evaluation = Evaluation(project=project.id, period=project.period)
        else:
            evaluation = Evaluation.from_tree(parse(text))
        last, own = self._last_of(project.plan), self._history.get(project.id)
        return Snapshot(
            project=_copy(project),
            evaluation=evaluation,
            latest=len(self._heads.get(project.plan, ())),
            plan_head="" if last is None else last.hash,
            last=own[-1].entry.at if own else None,
        )

    def snapshots(self, selection: Selection) -> Iterator[Snapshot]:
        """Yield the snapshots of the selected projects."""
        with self._lock:
            found = [self._snapshot(project) for project in self._selected(selection)]
        yield from found

    def select(self, selection: Selection) -> Iterator[Project]:
        """Yield the selected projects."""
        with self._lock:
            found = [_copy(project) for project in self._selected(selection)]
        yield from found

    def count_projects(self, selection: Selection) -> int:
        """Return how many projects are selected."""
        with self._lock:
            return len(self._selected(selection))

    def _selected(self, selection: Selection) -> list[Project]:
        fits = selection.test()
        found = []
        for project in self._ordered(selection.ids):
            if selection.on is not None:
                definition = self._definition(project.id, None)
                unit = None if definition is None else definition.unit_on(selection.on)
                if unit is not None and unit != project.unit:
                    project = changed(project, unit=unit)  # noqa: PLW2901
            if fits(project):
                found.append(project)
        return found[: selection.limit]

    def _ordered(self, ids: Iterable[str] | None = None) -> list[Project]:
        """Return all projects, or those of `ids` that there are, in order."""
        if ids is not None:
            found = [self._projects[each] for each in set(ids) if each in self._projects]
            return sorted(found, key=project_order)
        if len(self._order) != len(self._projects):  # none is ever deleted
            self._order = tuple(sorted(self._projects, key=order_of))
        return [self._projects[each] for each in self._order]

    def as_of(self, selection: Selection, at: dt.datetime) -> Iterator[Project]:
        """Yield the selected projects as their last entry at or before `at` left them."""
        at = utc(at)
        with self._lock:
            then = [
                before
                for project in self._ordered()
                if (before := self._rebuilt(project, selection.on, at)) is not None
            ]
        found = list(filter(selection.test(), then))
        yield from found[: selection.limit]

    def _rebuilt(self, project: Project, on: dt.date | None, at: dt.datetime) -> Project | None:
        history = [kept.entry for kept in self._history[project.id]]
        while history and history[-1].at > at:
            history.pop()
        return project_then(
            project, history, lambda revision: self._definition(project.id, revision), on
        )

    # ------------------------------------------------------------------ reading the rest

    def evaluation(self, project: str, period: str) -> Evaluation | None:
        """Return the project's evaluation for the period, or None."""
        with self._lock:
            text = self._evaluations.get((project, period))
        return None if text is None else Evaluation.from_tree(parse(text))

    def evaluations(self, plan: str, period: str) -> Iterator[Evaluation]:
        """Yield all evaluations of the plan's projects for the period, in project order."""
        with self._lock:
            texts = [
                text
                for project in self._ordered()
                if project.plan == plan
                and (text := self._evaluations.get((project.id, period))) is not None
            ]
        for text in texts:
            yield Evaluation.from_tree(parse(text))

    def history(self, project: str, *, after: int = 0) -> Iterator[Entry]:
        """Yield the project's entries in order, from number `after` + 1."""
        with self._lock:
            found = self._history.get(project, [])[max(after, 0) :]
        for kept in found:
            yield kept.value()

    def histories(self, plan: str) -> Iterator[Entry]:
        """Yield the entries of all projects of the plan, project by project, each in order."""
        with self._lock:
            found = [
                kept
                for project in sorted(self._history)
                if project.rpartition("/")[0] == plan
                for kept in self._history[project]
            ]
        for kept in found:
            yield kept.value()

    def entry_by_key(self, project: str, key: str) -> Entry | None:
        """Return the entry that was written with this idempotency key, or None."""
        with self._lock:
            kept = self._keys.get((project, key))
        return None if kept is None else kept.value()

    def entries(
        self, *, after: int = 0, limit: int | None = None, newest: bool = False
    ) -> Iterator[tuple[int, Entry]]:
        """Yield (position, entry) in the order in which they were written, or the last first."""
        start, end = max(after, 0), None if limit is None else max(after, 0) + limit
        with self._lock:
            if newest:
                end = start - 1 if start else len(self._entries)
                start = 0 if limit is None else max(end - limit, 0)
            found = list(enumerate(self._entries[start:end], start + 1))
        for position, kept in reversed(found) if newest else found:
            yield position, kept.value()

    def count_entries(self, plans: Collection[str] | None = None) -> int:
        """Return how many entries there are of these plans' projects (None: of all)."""
        with self._lock:
            if plans is None:
                return len(self._entries)
            histories = self._history.items()
            return sum(len(kept) for each, kept in histories if order_of(each)[0] in plans)

    # ------------------------------------------------------------------ outbox

    def claim(
        self,
        notifier: str,
        *,
        at: dt.datetime,
        limit: int,
        lease: dt.timedelta,
        plan: str | None = None,
    ) -> Sequence[Outgoing]:
        """Return up to `limit` waiting notices, leased to the caller; see the contract."""
        at = utc(at)
        with self._lock:
            self._own()
            waiting = [
                sent
                for sent in self._outbox.values()
                if sent.notice.notifier == notifier
                and sent.state == "waiting"
                and plan in (None, sent.notice.project.rpartition("/")[0])
            ]
            due = sorted((s for s in waiting if s.next_at <= at), key=lambda sent: sent.next_at)
            claimed = due[:limit]
            leased = [
                attrs.evolve(sent, next_at=at + lease, tries=sent.tries + 1) for sent in claimed
            ]
            self._outbox.update({(each.notice.id, notifier): each for each in leased})
            return [each.outgoing() for each in leased]

    def settle(self, outcomes: Iterable[Settled]) -> None:
        """Record the outcomes of delivery attempts."""
        told = [
            attrs.evolve(each, next_at=None if each.next_at is None else utc(each.next_at))
            for each in outcomes
        ]
        with self._lock:
            self._own()
            for outcome in told:
                pair = outcome.notice, outcome.notifier
                sent = self._outbox.get(pair)
                if sent is None or (sent.state != "waiting" and outcome.state != "delivered"):
                    continue
                untried = outcome.state == "waiting" and outcome.error is None
                self._outbox[pair] = attrs.evolve(
                    sent,
                    state=outcome.state,
                    error=outcome.error,
                    tries=sent.tries - untried,
                    next_at=sent.next_at if outcome.next_at is None else outcome.next_at,
                )

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
        with self._lock:
            pairs = self._outbox if project is None else self._notices.get(project, ())
            sent = [self._outbox[pair] for pair in pairs]
        if newest:
            sent = [each for each in reversed(sent) if not after or each.position < after]
        found = (e for e in sent if state in (None, e.state) and (newest or e.position > after))
        for each in islice(found, None if limit is None else max(limit, 0)):
            yield each.outgoing()

    def count_notices(self, *, state: str | None = None, project: str | None = None) -> int:
        """Return how many notices there are in the outbox."""
        with self._lock:
            pairs = self._outbox if project is None else self._notices.get(project, ())
            return sum(state in (None, self._outbox[pair].state) for pair in pairs)

    def resend(self, notices: Iterable[tuple[str, str]], *, at: dt.datetime) -> int:
        """Put dead letters back to waiting with no tries; return how many there were."""
        count, at = 0, utc(at)
        with self._lock:
            self._own()
            for pair in notices:
                sent = self._outbox.get(pair)
                if sent is not None and sent.state == "dead":
                    self._outbox[pair] = attrs.evolve(sent, state="waiting", tries=0, next_at=at)
                    count += 1
        return count


class _Closed(AbstractContextManager[object]):
    """What stands for the lock of a storage that was closed: nobody gets it any more."""

    def __enter__(self) -> NoReturn:
        from evalflow.storage.sql import ErrorTexts

        raise ErrorTexts(sentences={}, codes={}).error("closed", "memory:")

    def __exit__(self, *_: object) -> None: ...


class _MemoryMoment(OneMoment, MemoryStorage):  # type: ignore[misc]  # it gives itself
    """The store as it stood at one moment; made by `MemoryStorage.reading`."""


_KEPT = (
    "_heads",
    "_plan_entries",
    "_lifecycles",
    "_definitions",
    "_projects",
    "_order",
    "_evaluations",
    "_entries",
    "_history",
    "_keys",
    "_outbox",
    "_notices",
)
"""Where a memory storage keeps everything."""


def _left(entry: Entry) -> tuple[str, tuple[str, ...], str]:
    """Return what the next entry must start from."""
    return entry.hash, entry.after, entry.period_after


def _copy(project: Project) -> Project:
    """Return the project with a change of its own, so that no tree is shared."""
    if project.change is None and not project.waiting:
        return project
    change = None if project.change is None else _copied(project.change)
    return attrs.evolve(
        project, change=change, waiting=tuple([_copied(each) for each in project.waiting])
    )


def _copied(change: Change) -> Change:
    return Change.from_tree(parse(canonical(change.tree())))
