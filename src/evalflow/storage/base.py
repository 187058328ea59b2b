"""A storage on anything that keeps texts under keys in order, and can change several at once.

Whoever writes a storage gives two things, `shelf` (read, as of one moment) and `changing` (write,
one after the other, all or nothing), and has the whole contract, with backups. Every method may
then be written anew by itself, to answer sooner: the kit (`evalflow.testing.StorageConformance`)
tells whether it still answers the same. Storages on SQL stand on `sql` instead.
"""

from __future__ import annotations

import datetime as dt
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import islice
from typing import NoReturn

import attrs

from evalflow.errors import Conflict
from evalflow.model import (
    Commit,
    Entry,
    Evaluation,
    Move,
    Outgoing,
    PlanEntry,
    Project,
    Selection,
    Snapshot,
)
from evalflow.model.canonical import canonical, parse
from evalflow.model.moments import utc
from evalflow.storage.base_copies import read_copy, write_copy
from evalflow.storage.contract import (
    OneMoment,
    Settled,
    check_commit,
    check_plan_move,
    check_roster,
    ended,
)
from evalflow.storage.faults import fault_point
from evalflow.storage.rows import (
    assignment_rows,
    entry_from,
    entry_row,
    moment,
    plan_entry_from,
    project_from,
    project_row,
)
from evalflow.storage.shelf import (
    VERSION,
    Shelf,
    WritableShelf,
    as_of,
    at_key,
    check_version,
    count,
    defined_at,
    entries_of,
    entry_at,
    last_of,
    left_by,
    notice_at,
    notify,
    page_under,
    plan_at,
    project_key,
    projects_of,
    put_notice,
    snapshot_at,
    under,
    version_at,
    write_plan,
)
from evalflow.storage.sql import ErrorTexts, check_versions

_SAYS = ErrorTexts(sentences={}, codes={})


class StorageBase(ABC):
    """A storage that keeps `evalflow.storage.Storage` and `Copies` on two methods of its own."""

    @abstractmethod
    def shelf(self) -> AbstractContextManager[Shelf]:
        """Give everything as it stands at this moment, for as long as the context lasts, whatever
        is written meanwhile. Nobody waits for it, and it waits for nobody.

        Raises:
            StorageError: it cannot be read.
        """

    @abstractmethod
    def changing(self) -> AbstractContextManager[WritableShelf]:
        """Give everything as the last change left it, to be changed; of all threads and processes
        only one is here at a time. When the context ends everything is durable and visible to
        others at once; if it ends by an error, nothing was changed.

        Raises:
            StorageError: it cannot be written, or no turn came (`locked`).
        """

    _closed = False

    def close(self) -> None:
        """Mark the storage as closed. A storage with files or connections also closes those; it may
        be closed twice."""
        self._closed = True

    def _check_open(self) -> None:
        if self._closed:
            raise _SAYS.error("closed", type(self).__name__)

    @contextmanager
    def reading(self) -> Iterator[StorageBase]:
        """Give the store as it stands at this moment, for reading alone."""
        with self._seen() as shelf:
            then = _Moment(shelf)
            try:
                yield then
            finally:
                then.ended = True

    @contextmanager
    def _seen(self) -> Iterator[Shelf]:
        self._check_open()
        with self.shelf() as shelf:
            check_version(shelf.get("evalflow"))
            yield shelf

    @contextmanager
    def _writing(self) -> Iterator[WritableShelf]:
        self._check_open()
        with self.changing() as shelf:
            found = shelf.get("evalflow")
            check_version(found)
            if found is None:
                shelf.put("evalflow", VERSION)
            yield shelf

    # ------------------------------------------------------------------ writing

    def commit(self, commit: Commit) -> None:
        """Write everything in `commit`, or nothing; see the contract."""
        check_commit(commit)
        with self._writing() as shelf:
            fault_point("commit:begun")
            self._refuse(shelf, commit)
            for move in commit.moves:
                self._write(shelf, move)
            for notice in commit.reminders:
                notify(shelf, notice)
            for each in commit.plans:
                write_plan(shelf, each)
            if commit.lifecycle is not None:
                key = at_key("lifecycle", commit.lifecycle[0])
                if shelf.get(key) is None:
                    shelf.put(key, commit.lifecycle[1])
            fault_point("commit:written")
        fault_point("commit:done")

    def _refuse(self, shelf: Shelf, commit: Commit) -> None:
        """Raise if the commit cannot be written, before anything is."""
        looked_at = (*commit.unchanged, *((m.entry.project, m.expected) for m in commit.moves))
        check_versions({each: version_at(shelf, each) for each, _ in looked_at}, looked_at)
        latest = {plan: plan_at(shelf, plan)[0] for plan, _ in commit.revisions}
        check_versions(latest, commit.revisions)
        for roster in commit.rosters:
            check_roster(roster, [each.id for each in self._selected(shelf, roster.selection)])
        for each in commit.plans:
            check_plan_move(each, last_of(shelf, each.entry.plan))
        for move in commit.moves:
            entry = move.entry
            if entry.key is not None and shelf.get(at_key("key", entry.project, entry.key)):
                raise Conflict(entry.project, expected=move.expected)
            last = entry_at(shelf, entry.project, move.expected)
            left = ("", (), entry.period) if last is None else left_by(last)
            if (entry.previous, entry.before, entry.period) != left:
                raise ValueError(f"{entry.project} #{entry.number} does not continue its history")
            said = defined_at(shelf, entry.project, None)
            if move.definition and said and said.revision >= move.project.revision:
                raise ValueError(f"{entry.project} was defined in revision {said.revision} already")

    def _write(self, shelf: WritableShelf, move: Move) -> None:
        project, entry, definition = move.project, move.entry, move.definition
        shelf.put(project_key(project.id), canonical(project_row(project)))
        shelf.put(at_key("entry", project.id, entry.number), canonical(entry_row(entry)))
        shelf.put(at_key("order", count(shelf, "entries")), canonical([project.id, entry.number]))
        if entry.key is not None:
            shelf.put(at_key("key", project.id, entry.key), str(entry.number))
        if move.evaluation is not None:
            key = at_key("evaluation", project.id, move.evaluation.period)
            shelf.put(key, move.evaluation.text())
        if definition is not None:
            label = definition.label
            units = [row[3:] for row in assignment_rows(move)]
            row = [canonical(definition.tree), label.ko, label.en, definition.field, units]
            shelf.put(at_key("definition", project.id, project.revision), canonical(row))
        for notice in move.notices:
            notify(shelf, notice)

    # ------------------------------------------------------------------ plans

    def plans(self) -> tuple[str, ...]:
        """Return the ids of all plans, in order."""
        with self._seen() as shelf:
            found = [(key.split("\0")[1], parse(text)) for key, text in under(shelf, "plan")]
        return tuple([plan for plan, (revision, _) in found if revision])

    def head(self, plan: str, revision: int | None = None) -> str | None:
        """Return the canonical text of a plan revision (None: the latest), or None."""
        with self._seen() as shelf:
            number = plan_at(shelf, plan)[0] if revision is None else max(revision, 0)
            text = shelf.get(at_key("head", plan, number))
        return None if text is None else parse(text)[1]

    def revisions(self, plan: str) -> tuple[tuple[int, str], ...]:
        """Return (revision, effective period) of every revision of the plan, in order."""
        with self._seen() as shelf:
            found = [text for _, text in under(shelf, "head", plan)]
        return tuple([(number, parse(text)[0]) for number, text in enumerate(found, 1)])

    def plan_entry(self, plan: str, revision: int | None = None) -> PlanEntry | None:
        """Return the plan's last entry, or the first that leaves `revision` or a later one."""
        with self._seen() as shelf:
            if revision is None:
                return last_of(shelf, plan)
            found = (plan_entry_from(parse(text)) for _, text in under(shelf, "plan_entry", plan))
            return next((entry for entry in found if entry.revision >= revision), None)

    def plan_history(self, plan: str, *, after: int = 0) -> Iterator[PlanEntry]:
        """Yield the entries of the plan's own history in order, from number `after` + 1."""
        since = at_key("plan_entry", plan, max(after, 0) + 1)
        with self._seen() as shelf:
            for _, text in under(shelf, "plan_entry", plan, since=since):
                yield plan_entry_from(parse(text))

    def lifecycle(self, fingerprint: str) -> str | None:
        """Return the canonical text of the lifecycle with this fingerprint, or None."""
        with self._seen() as shelf:
            return shelf.get(at_key("lifecycle", fingerprint))

    def definition(self, project: str, revision: int | None = None) -> tuple[int, str] | None:
        """Return (its revision, text) of the latest definition up to `revision`, or None."""
        with self._seen() as shelf:
            found = defined_at(shelf, project, revision)
        return None if found is None else (found.revision, found.text)

    def definitions(self, plan: str, revision: int | None = None) -> Iterator[tuple[str, int, str]]:
        """Yield (project id, revision, text) for every project of the plan, in order."""
        with self._seen() as shelf:
            for project in projects_of(shelf, plan):
                found = defined_at(shelf, project.id, revision)
                if found is not None:
                    yield project.id, found.revision, found.text

    # ------------------------------------------------------------------ reading projects

    def snapshot(self, project: str) -> Snapshot | None:
        """Return the project and its current evaluation, read in one moment, or None."""
        with self._seen() as shelf:
            text = shelf.get(project_key(project))
            return None if text is None else snapshot_at(shelf, project_from(parse(text)))

    def snapshots(self, selection: Selection) -> Iterator[Snapshot]:
        """Yield the snapshots of the selected projects, streamed."""
        with self._seen() as shelf:
            for project in self._selected(shelf, selection):
                yield snapshot_at(shelf, project)

    def select(self, selection: Selection) -> Iterator[Project]:
        """Yield the selected projects, streamed."""
        with self._seen() as shelf:
            yield from self._selected(shelf, selection)

    def _selected(self, shelf: Shelf, selection: Selection) -> Iterator[Project]:
        def on_the_day(project: Project) -> Project:
            found = selection.on and defined_at(shelf, project.id, None)
            unit = found.unit_on(selection.on) if found and selection.on else None
            return project if unit in (None, project.unit) else attrs.evolve(project, unit=unit)

        everybody = map(on_the_day, projects_of(shelf, selection.plan))
        return islice(filter(selection.test(), everybody), selection.limit)

    def as_of(self, selection: Selection, at: dt.datetime) -> Iterator[Project]:
        """Yield the selected projects as their last entry at or before `at` left them."""
        at = utc(at)
        with self._seen() as shelf:
            then = (
                before
                for project in projects_of(shelf, selection.plan)
                if (before := as_of(shelf, project, selection.on, at)) is not None
            )
            yield from islice(filter(selection.test(), then), selection.limit)

    # ------------------------------------------------------------------ reading the rest

    def evaluation(self, project: str, period: str) -> Evaluation | None:
        """Return the project's evaluation for the period, or None."""
        with self._seen() as shelf:
            text = shelf.get(at_key("evaluation", project, period))
        return None if text is None else Evaluation.from_tree(parse(text))

    def evaluations(self, plan: str, period: str) -> Iterator[Evaluation]:
        """Yield all evaluations of the plan's projects for the period, in project order."""
        with self._seen() as shelf:
            for project in projects_of(shelf, plan):
                text = shelf.get(at_key("evaluation", project.id, period))
                if text is not None:
                    yield Evaluation.from_tree(parse(text))

    def history(self, project: str, *, after: int = 0) -> Iterator[Entry]:
        """Yield the project's entries in order, from number `after` + 1."""
        with self._seen() as shelf:
            yield from entries_of(shelf, project, after)

    def histories(self, plan: str) -> Iterator[Entry]:
        """Yield the entries of all projects of the plan, project by project, each in order."""
        start = at_key("entry", plan)
        with self._seen() as shelf:
            # The ids of a plan's projects are `<plan>/<number>`; '0' is the character after '/'.
            for key, text in shelf.scan(f"{start}/", f"{start}0"):
                if key.split("\0")[1].rpartition("/")[0] == plan:
                    yield entry_from(parse(text))

    def entry_by_key(self, project: str, key: str) -> Entry | None:
        """Return the entry that was written with this idempotency key, or None."""
        with self._seen() as shelf:
            number = shelf.get(at_key("key", project, key))
            return None if number is None else entry_at(shelf, project, int(number))

    def entries(
        self, *, after: int = 0, limit: int | None = None, newest: bool = False
    ) -> Iterator[tuple[int, Entry]]:
        """Yield (position, entry) in the order in which they were written, or the last first."""
        with self._seen() as shelf:
            for place, text in page_under(shelf, ("order",), after, limit, newest=newest):
                entry = entry_at(shelf, *parse(text))
                if entry is not None:
                    yield place, entry

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
        at, start = utc(at), at_key("waiting", notifier)
        with self._writing() as shelf:
            waiting = shelf.scan(start + "\0", f"{start}\0{moment(at)}\1")
            due = (key for key, project in waiting if plan in (None, project.rpartition("/")[0]))
            places = [int(key.rpartition("\0")[2]) for key in islice(due, limit)]
            claimed = []
            for each in places:
                sent = notice_at(shelf, each)
                leased = attrs.evolve(sent, next_at=at + lease, tries=sent.tries + 1)
                put_notice(shelf, each, leased, instead_of=sent)
                claimed.append(leased)
            fault_point("claim:claimed")
        return claimed

    def settle(self, outcomes: Iterable[Settled]) -> None:
        """Record the outcomes of delivery attempts."""
        told = [(each, None if each.next_at is None else utc(each.next_at)) for each in outcomes]
        with self._writing() as shelf:
            for outcome, next_at in told:
                found = shelf.get(at_key("sent", outcome.notice, outcome.notifier))
                sent = None if found is None else notice_at(shelf, int(found))
                if sent is None or (sent.state != "waiting" and outcome.state != "delivered"):
                    continue
                untried = outcome.state == "waiting" and outcome.error is None
                settled = attrs.evolve(
                    sent,
                    state=outcome.state,
                    error=outcome.error,
                    tries=sent.tries - untried,
                    next_at=sent.next_at if next_at is None else next_at,
                )
                put_notice(shelf, int(found or 0), settled, instead_of=sent)
            fault_point("settle:written")

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
        with self._seen() as shelf:
            under_it = ("notice",) if project is None else ("told", project)
            places = page_under(shelf, under_it, after, None, newest=newest)
            found = (notice_at(shelf, place) for place, _ in places)
            told = (each for each in found if state in (None, each.state))
            yield from islice(told, None if limit is None else max(limit, 0))

    def resend(self, notices: Iterable[tuple[str, str]], *, at: dt.datetime) -> int:
        """Put dead letters back to waiting with no tries; return how many there were."""
        count, at = 0, utc(at)
        with self._writing() as shelf:
            for pair in notices:
                found = shelf.get(at_key("sent", *pair))
                sent = None if found is None else notice_at(shelf, int(found))
                if sent is not None and sent.state == "dead":
                    again = attrs.evolve(sent, state="waiting", tries=0, next_at=at)
                    put_notice(shelf, int(found or 0), again, instead_of=sent)
                    count += 1
        return count

    # ------------------------------------------------------------------ backups

    def copy_to(self, path: str | os.PathLike[str]) -> None:
        """Write the store, as it stands at one moment, into a new file; see `Copies`."""
        with self._seen() as shelf:
            write_copy(shelf.scan("", "\x7f"), os.fspath(path), VERSION)

    def restore_from(self, path: str | os.PathLike[str]) -> None:
        """Put such a copy into this store, which is empty; see `Copies`."""
        self._check_open()
        with self.changing() as shelf:
            empty = not any(key != "evalflow" for key, _ in shelf.scan("", "\x7f"))
            for key, text in read_copy(os.fspath(path), VERSION, empty=empty):
                shelf.put(key, text)


class _Moment(OneMoment, StorageBase):  # type: ignore[misc]  # it gives itself
    """The store as it stood at one moment; made by `StorageBase.reading`."""

    def __init__(self, shelf: Shelf) -> None:
        self.ended = False
        self._of = shelf

    @contextmanager
    def shelf(self) -> Iterator[Shelf]:
        yield self

    def get(self, key: str) -> str | None:
        """Return the text under a key, as long as the moment lasts."""
        if self.ended:
            raise ended()
        return self._of.get(key)

    def scan(self, start: str, end: str) -> Iterator[tuple[str, str]]:
        """Yield a range of keys, as long as the moment lasts."""
        if self.ended:
            raise ended()
        for each in self._of.scan(start, end):
            yield each
            if self.ended:  # never a silent end
                raise ended()

    def changing(self) -> NoReturn:
        """Refuse: nothing is written here."""
        raise ValueError("this is a store as it stood at one moment: write to the store itself")
