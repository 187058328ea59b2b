"""What a storage promises. Memory, SQLite and PostgreSQL keep the same promises, held to the
same kit (`evalflow.testing`).

A storage keeps plan revisions, lifecycles, project definitions, projects, evaluations,
entries and the outbox. It decides nothing: rules are asked before `commit`, which only
writes what was decided, if nobody was first.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple, NoReturn, Protocol, Self, overload, runtime_checkable

import attrs

from evalflow.errors import Conflict, InvalidInput, Problem, StorageError, invalid
from evalflow.model import (
    Commit,
    Entry,
    Evaluation,
    Label,
    Move,
    Notice,
    Outgoing,
    PlanEntry,
    PlanMove,
    Project,
    Roster,
    Selection,
    Snapshot,
)
from evalflow.model.canonical import canonical, digest
from evalflow.model.history import following
from evalflow.model.values import frozen


@frozen(kw_only=True)
class Settled:
    """The outcome of one delivery attempt: delivered, to be tried again, or given up.

    `state` is `delivered`, `waiting` (then `next_at` says when) or `dead`. Waiting without an
    `error` means that nothing was tried: the claimed notice is handed back, and `tries` goes
    back by one.
    """

    notice: str
    notifier: str
    state: str
    next_at: dt.datetime | None = None
    error: str | None = None


@runtime_checkable
class Storage(Protocol):
    """Where an office's evaluation is kept. Safe to use from several threads and processes.

    Every method may raise `StorageError` (locked, read-only, corrupt, unreachable …); then
    nothing was written. A moment (`at`, `next_at`) may bear any zone: what counts is the moment.
    One without a zone is `InvalidInput`.

    A storage on a host's own transaction has `transient = True`: what it reads may be rolled back,
    and an engine then looks again whether what it remembers of a plan is still there.
    """

    def close(self) -> None:
        """Close files and connections. Any call on a closed storage is a StorageError
        (`unreachable`); closing it again does nothing."""
        ...

    def reading(self) -> AbstractContextManager[Storage]:
        """Give the store as it stands at this moment, for as long as the context lasts: a read-only
        storage (see `OneMoment`) all of whose answers are of that moment, whatever is written
        meanwhile. It blocks nobody and waits for nobody; use it in one thread.

        Raises:
            Conflict: at the end, where the storage is on a host's open transaction that cannot
                hold a moment, and others wrote meanwhile: what was read is of several moments.
        """
        ...

    # ------------------------------------------------------------------ writing

    def commit(self, commit: Commit) -> None:
        """Write everything in `commit` in one transaction; it is durable when this returns.

        For each move the project's stored version must equal `move.expected`. What the decision
        rests on must still be so, compared in the same transaction: for each pair in
        `commit.unchanged` the stored version is the one given; for each pair in
        `commit.revisions` it is the plan's latest revision; for each of `commit.rosters` its
        selection finds its ids, no more and no fewer. Notices whose
        (id, notifier) is already in the outbox are left out silently: a visit tells once.
        A definition is kept under (project id, `move.project.revision`), later than the last
        one; a plan head under (id, revision), and its revision must be the next one. For each of
        `commit.plans` the number of its entry must be the plan's next one.
        Storages call `check_commit` first.

        Raises:
            Conflict: a version differs, the (project, key) of an entry exists, or the plan
                revision or entry is not the next one; or the plan was revised since, or a
                project came into or left a unit; nothing was written. `project` names what
                differs: a project, or the plan.
            ValueError: a move does not continue the project's or plan's history, or its
                definition is not later than the last one; nothing was written.
            InvalidInput: a text that no storage can keep (see `check_commit`); nothing was written.
        """
        ...

    # ------------------------------------------------------------------ plans

    def plans(self) -> tuple[str, ...]:
        """Return the ids of all plans, in order."""
        ...

    def head(self, plan: str, revision: int | None = None) -> str | None:
        """Return the canonical text of a plan revision's `PlanHead.tree` (None: the latest),
        or None where there is none."""
        ...

    def revisions(self, plan: str) -> tuple[tuple[int, str], ...]:
        """Return (revision, effective period) of every revision of the plan, in order."""
        ...

    def plan_entry(self, plan: str, revision: int | None = None) -> PlanEntry | None:
        """Return the last entry of the plan's own history; with `revision` the first one that
        leaves that revision, or a later one, in force. None where there is none."""
        ...

    def plan_history(self, plan: str, *, after: int = 0) -> Iterator[PlanEntry]:
        """Yield the entries of the plan's own history in order, from number `after` + 1."""
        ...

    def lifecycle(self, fingerprint: str) -> str | None:
        """Return the canonical text of the lifecycle with this fingerprint, or None."""
        ...

    def definition(self, project: str, revision: int | None = None) -> tuple[int, str] | None:
        """Return (its revision, canonical text of `ProjectDefinition.tree`) of the latest
        definition made at or before plan revision `revision` (None: the latest), or None."""
        ...

    def definitions(self, plan: str, revision: int | None = None) -> Iterator[tuple[str, int, str]]:
        """Yield (project id, revision, canonical text) as `definition` returns them, for every
        project of the plan, in project order."""
        ...

    # ------------------------------------------------------------------ reading projects

    def snapshot(self, project: str) -> Snapshot | None:
        """Return the project and its evaluation in its current period, read in one moment.
        An evaluation that nobody has written yet is an empty one. `Snapshot.latest` is the
        plan's latest revision and `plan_head` the hash of its last entry, read in the same moment
        (SQL: one statement for all)."""
        ...

    def snapshots(self, selection: Selection) -> Iterator[Snapshot]:
        """Yield the snapshots of the selected projects, streamed."""
        ...

    def select(self, selection: Selection) -> Iterator[Project]:
        """Yield the selected projects, streamed: memory does not grow with their number.
        With `selection.on`, `Project.unit` is the unit that answers for it on that day."""
        ...

    def as_of(self, selection: Selection, at: dt.datetime) -> Iterator[Project]:
        """Yield the selected projects as their last entry at or before `at` left them;
        projects adopted later are left out. States and units are tested as they were then.
        `change` is not rebuilt (None); `band` is that of the last rating up to `at` in the
        then current period."""
        ...

    # ------------------------------------------------------------------ reading the rest

    def evaluation(self, project: str, period: str) -> Evaluation | None:
        """Return the project's evaluation for the period, or None where none was begun."""
        ...

    def evaluations(self, plan: str, period: str) -> Iterator[Evaluation]:
        """Yield all evaluations of the plan's projects for the period, in project order."""
        ...

    def history(self, project: str, *, after: int = 0) -> Iterator[Entry]:
        """Yield the project's entries in order, from number `after` + 1."""
        ...

    def histories(self, plan: str) -> Iterator[Entry]:
        """Yield the entries of all projects of the plan, project by project (in the order of their
        ids as text), each project's in order."""
        ...

    def entry_by_key(self, project: str, key: str) -> Entry | None:
        """Return the entry that was written with this idempotency key, or None."""
        ...

    def entries(
        self, *, after: int = 0, limit: int | None = None, newest: bool = False
    ) -> Iterator[tuple[int, Entry]]:
        """Yield (position, entry) over all projects in the order in which they were written,
        from position `after` + 1; a reader that remembers the position misses none. Entries behind
        one that is still being written are held back until it is there. With `newest` the last
        ones first: those before the position `after`, where that is above 0."""
        ...

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
        """Return up to `limit` notices waiting for `notifier` whose `next_at` has come, longest
        waiting first, and put their `next_at` to `at + lease`: nobody else claims them
        meanwhile, and they come back by themselves if the claimer dies. `tries` counts this
        attempt. `plan` limits it to the notices of this plan's projects (None: of all)."""

    def settle(self, outcomes: Iterable[Settled]) -> None:
        """Record the outcomes of delivery attempts, in one transaction.

        Outcomes of notices that are not there, or no longer wait, are left out; but what was
        delivered is delivered, also where somebody else gave it up meanwhile.
        """
        ...

    def outbox(
        self,
        *,
        state: str | None = None,
        project: str | None = None,
        after: int = 0,
        limit: int | None = None,
        newest: bool = False,
    ) -> Iterator[Outgoing]:
        """Yield the notices in the outbox, oldest first: those behind the position `after`
        (`Outgoing.position`), at most `limit`. With `newest` the newest first: those before the
        position `after`, where that is above 0."""
        ...

    def resend(self, notices: Iterable[tuple[str, str]], *, at: dt.datetime) -> int:
        """Put dead letters, given as (notice id, notifier), back to waiting with no tries;
        return how many there were."""
        ...


@runtime_checkable
class ReadsTogether(Protocol):
    """What a storage may have besides: the definitions, the histories, and the entries of one key,
    of many projects by one question each. Batches use it for each chunk; a storage without it is
    asked for one after the other."""

    def latest_definitions(self, projects: Iterable[str]) -> Iterator[tuple[str, int, str]]:
        """Yield (project id, revision, canonical text) of the latest definition of each of these
        projects, in any order."""
        ...

    def histories_of(self, projects: Iterable[str]) -> Iterator[Entry]:
        """Yield the entries of these projects, each project's together and in order."""
        ...

    def entries_by_key(self, projects: Iterable[str], key: str) -> Iterator[Entry]:
        """Yield what `entry_by_key` returns of each of these projects that has such an entry."""
        ...


@runtime_checkable
class ReadsDefined(Protocol):
    """What a storage may have besides: how a project stands and what it is, by one question. A
    storage without it is asked for the definition by itself."""

    def defined_snapshot(self, project: str) -> tuple[Snapshot, str | None] | None:
        """Return what `snapshot` returns, and the canonical text of the project's definition at
        its revision (None: it has none), read in one moment; None where there is no project."""
        ...


@runtime_checkable
class Counts(Protocol):
    """An optional ability of a storage: counting with one query each. Without it, evalflow reads
    and counts."""

    def count_projects(self, selection: Selection) -> int:
        """Return how many projects `select` yields."""
        ...

    def count_entries(self, plans: Collection[str] | None = None) -> int:
        """Return how many entries `entries` yields, of the projects of these plans (None: of
        all)."""
        ...

    def count_notices(self, *, state: str | None = None, project: str | None = None) -> int:
        """Return how many notices `outbox` yields."""
        ...


@runtime_checkable
class TrustedClock(Protocol):
    """What a storage may have besides: a clock that is not the program's own, such as its
    server's. The times of writes are held to it."""

    def trusted_now(self) -> dt.datetime:
        """Return the present moment by that clock, aware and UTC."""
        ...


class Held(Protocol):
    """The right to run a store, for as long as it lasts; see `SoleRunner`."""

    def still(self) -> bool:
        """Say whether the right is still held: with a lost server it is lost, too."""
        ...

    def release(self) -> None:
        """Give up the right."""
        ...


@runtime_checkable
class SoleRunner(Protocol):
    """An optional ability of a storage: of all programs that use the store only one runs it
    (delivers, reminds, verifies). A program that dies loses the right."""

    def hold(self) -> Held | None:
        """Return the right to run the store, None where another program has it."""
        ...


@runtime_checkable
class Copies(Protocol):
    """An optional ability of a storage: backups, made while others write."""

    def copy_to(self, path: str | os.PathLike[str]) -> None:
        """Write the store, as it stands at one moment, into a new file.

        Raises:
            StorageError: `exists`: there is a file already, and it was left alone; `missing`: there
                is no such folder; or the file cannot be written.
        """
        ...

    def restore_from(self, path: str | os.PathLike[str]) -> None:
        """Restore such a copy into this store, which must be empty: all of it, or nothing. A copy
        made by an earlier version is brought up to date.

        Raises:
            StorageError: `exists`: the store is not empty; `foreign`, `newer` or `corrupt`: the
                file is no copy that this version can read.
        """
        ...


@runtime_checkable
class WritesBehind(Protocol):
    """What a storage may have besides: what it does behind its commits, and of which nobody hears
    that it fails unless somebody asks."""

    def write_back(self) -> None:
        """Do it now, as far as that goes beside readers and writers.

        Raises:
            StorageError: it cannot be done; what was committed is where it was.
        """
        ...


@runtime_checkable
class Joins(Protocol):
    """An optional ability of a storage: taking part in a host's open transaction on the same
    database. What is written there is committed or rolled back with that transaction."""

    def joined(self, connection: Any) -> Storage:
        """Return the same store as the transaction of this connection of the database's driver sees
        it (`transient`). Nothing is committed, rolled back or closed there; each write stands in a
        savepoint, so that one that fails leaves the host's transaction as it was.

        Raises:
            InvalidInput: `not_joinable`: it is no connection of this storage's driver, or is
                closed; `another_store`: it leads to another database than this store's.
        """
        ...


def not_joinable(given: object, wanted: str) -> InvalidInput:
    """Return what is said of a host's connection that a storage cannot use; `wanted` names what it
    can."""
    kind = f"{type(given).__module__}.{type(given).__qualname__}"
    return invalid(
        "not_joinable",
        path="connection",
        value=kind,
        ko=f"이 저장소는 {wanted}만 쓸 수 있는데 {kind}을(를) 받았습니다",
        en=f"this store takes {wanted}, not {kind}",
    )


def no_transactions(storage: object) -> InvalidInput:
    """Return what is said where a host's transaction is to be joined, and there are none."""
    kind = type(storage).__name__
    return invalid(
        "not_joinable",
        path="connection",
        value=kind,
        ko=f"이 저장소({kind})는 다른 프로그램의 트랜잭션에 참여할 수 없습니다",
        en=f"this store ({kind}) cannot join a host's transaction",
    )


def inside_of_a_transaction() -> InvalidInput:
    """Return what is said where notices are to be delivered inside of a host's transaction."""
    return invalid(
        "open_transaction",
        ko="다른 프로그램의 트랜잭션 안에서는 알림을 보내지 않습니다. 트랜잭션을 마친 "
        "뒤에, 또는 evalflow.open으로 연 저장소에서 보내십시오.",
        en="notices are not delivered inside of a host's transaction, which may be rolled "
        "back: deliver after its commit, or on a store opened by evalflow.open",
    )


def another_store(place: str) -> InvalidInput:
    """Return the error for a host's connection that leads to another database."""
    return invalid(
        "another_store",
        path="connection",
        value=place,
        ko=f"연결이 이 저장소의 데이터베이스가 아닌 곳으로 이어집니다: {place}",
        en=f"the connection leads to another database than this store's: {place}",
    )


class OneMoment:
    """What the storages that `Storage.reading` gives have in common: they write nothing."""

    def close(self) -> None:
        """Do nothing: whoever asked for the reading ends it."""

    def reading(self) -> AbstractContextManager[Self]:
        """Give the same moment."""
        return nullcontext(self)

    def commit(self, commit: Commit) -> NoReturn:
        """Refuse.

        Raises:
            ValueError: always; so do `claim`, `settle` and `resend`.
        """
        raise _reading_only()

    def claim(
        self,
        notifier: str,
        *,
        at: dt.datetime,
        limit: int,
        lease: dt.timedelta,
        plan: str | None = None,
    ) -> NoReturn:
        """Refuse; see `commit`."""
        raise _reading_only()

    def settle(self, outcomes: Iterable[Settled]) -> NoReturn:
        """Refuse; see `commit`."""
        raise _reading_only()

    def resend(self, notices: Iterable[tuple[str, str]], *, at: dt.datetime) -> NoReturn:
        """Refuse; see `commit`."""
        raise _reading_only()


def _reading_only() -> ValueError:
    return ValueError("this is a store as it stood at one moment: write to the store itself")


def ended() -> StorageError:
    """Return the error for using a reading after its end."""
    return StorageError(
        "unreachable",
        ko="한 시점의 조회(reading)가 이미 끝났습니다. 그 안에서 끝까지 읽으십시오.",
        en="the reading of one moment has ended; read to the end inside of it",
    )


class ProjectPosition(NamedTuple):
    """Where a project stands: its last entry (number and hash), and `kind`, what it has in
    common with others: plan, lifecycle, states (their canonical text), period and unit."""

    project: str
    version: int
    head: str
    plan: str
    lifecycle: str
    states: str
    period: str
    unit: str

    @property
    def kind(self) -> tuple[str, ...]:
        """Return all that decides about a project where nothing else is looked at."""
        return self[3:]


def count_projects(storage: Storage, selection: Selection) -> int:
    """Return how many projects a selection finds, whatever the storage can do."""
    if isinstance(storage, Counts):
        return storage.count_projects(selection)
    return sum(1 for _ in storage.select(selection))


def count_entries(storage: Storage, plans: Collection[str] | None = None) -> int:
    """Return how many entries there are of these plans' projects (None: of all)."""
    if isinstance(storage, Counts):
        return storage.count_entries(plans)
    found = (entry.project.rpartition("/")[0] for _, entry in storage.entries())
    return sum(plans is None or plan in plans for plan in found)


def count_notices(storage: Storage, *, state: str | None = None, project: str | None = None) -> int:
    """Return how many notices there are in the outbox, whatever the storage can do."""
    if isinstance(storage, Counts):
        return storage.count_notices(state=state, project=project)
    return sum(1 for _ in storage.outbox(state=state, project=project))


Head = tuple[str, int, str]
"""A project's id, and the number and hash of its last entry."""


@runtime_checkable
class BulkStorage(Protocol):
    """An optional ability of a storage: moving many projects alike without a value for each.

    Batches use it where one decision holds for all of them. A storage without it is asked for
    projects and given moves; what is stored is the same, byte for byte.
    """

    def positions(self, selection: Selection) -> Iterator[ProjectPosition]:
        """Yield where the selected projects stand, as `select` does."""
        ...

    def bulk_move(
        self, like: Move, heads: Sequence[Head], *, on: dt.date | None, under: int | None = None
    ) -> None:
        """Write `move_like(like, project)` for each of these projects, in their order and in one
        transaction.

        Each must still stand at the entry given, and where `like`'s own project stood: in the
        same plan, lifecycle, states and period, and in the unit of `like`'s entry on the day `on`
        (None: whatever the day); and `under` must be the plan's latest revision (None: whatever
        it is). Otherwise nothing is written. A database may work the rows and
        hashes out by itself: of an entry only `project`, `number`, `previous` and `hash` differ
        from `like`'s, and of the text under the hash only its first two elements and its last.

        Raises:
            Conflict: one of them stands elsewhere by now, or has an entry with `like`'s key, or
                the plan was revised since.
            ValueError: `like` is not a move that others can be like; see `move_like`.
        """
        ...


@runtime_checkable
class _Positions(Protocol):
    """A storage, or one moment of it, that knows positions by themselves."""

    def positions(self, selection: Selection) -> Iterator[ProjectPosition]: ...


def positions(storage: Storage, selection: Selection) -> Iterator[ProjectPosition]:
    """Yield where the selected projects stand, whatever the storage can do."""
    if isinstance(storage, _Positions):
        return storage.positions(selection)
    return (
        ProjectPosition(
            project.id,
            project.version,
            project.head,
            project.plan,
            project.lifecycle,
            canonical(project.states),
            project.period,
            project.unit,
        )
        for project in storage.select(selection)
    )


def check_like(like: Move) -> None:
    """Raise if a move cannot be made for others; every `bulk_move` calls this.

    Raises:
        ValueError: it writes more than states and notices, or tells of an older visit.
        InvalidInput: as `check_commit`.
    """
    entry = like.entry
    if like.evaluation is not None or like.definition is not None or entry.rating is not None:
        raise ValueError("a move with figures or a definition is nobody else's")
    head = f"{like.project.id}:{entry.number}:"
    if not all(notice.id.startswith(head) for notice in like.notices):
        raise ValueError("a notice of an older visit is its own project's alone")
    check_commit(Commit(moves=(like,)))


def move_like(like: Move, project: Project) -> Move:
    """Return the move that `like` is, made for another project that stands where its own stood.

    Raises:
        Conflict: the project stands elsewhere.
        ValueError: `like` cannot be made for others; see `check_like`.
    """
    entry = like.entry
    check_like(like)
    if (project.states, project.period, project.plan, project.lifecycle) != (
        entry.before,
        entry.period,
        like.project.plan,
        entry.lifecycle,
    ):
        raise Conflict(project.id)
    number = project.version + 1
    mine = entry_like(entry, (project.id, project.version, project.head))
    moved = attrs.evolve(
        project,
        unit=like.project.unit,
        states=entry.after,
        visits=visits_after(project, entry.after),
        period=entry.period_after,
        version=number,
        band=project.band if entry.period_after == entry.period else None,
        head=mine.hash,
    )
    notices = tuple([_notice_like(like, notice, project, number) for notice in like.notices])
    return Move(project=moved, expected=project.version, entry=mine, notices=notices)


def entry_like(entry: Entry, head: Head) -> Entry:
    """Return the entry made for another project, behind its last one, with its own hash."""
    project, last, previous = head
    return following(entry, project, last + 1, previous)


class EntriesLike(Sequence[Entry]):
    """What a bulk move wrote: the entry for each of its projects, made when it is looked at."""

    def __init__(self, entry: Entry, heads: Sequence[Head]) -> None:
        """Take the entry that they are like, and where the projects stood before."""
        self._entry = entry
        self._heads = heads

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._heads)

    @overload
    def __getitem__(self, place: int) -> Entry: ...
    @overload
    def __getitem__(self, place: slice) -> EntriesLike: ...
    def __getitem__(self, place: int | slice) -> Entry | EntriesLike:
        """Return one of them, or some."""
        if isinstance(place, slice):
            return EntriesLike(self._entry, self._heads[place])
        return entry_like(self._entry, self._heads[place])


def visits_after(project: Project, after: Sequence[str]) -> tuple[int, ...]:
    """Return the project's visits once its next entry has brought it to the states `after`."""
    if after == project.states:
        return project.visits
    number = project.version + 1
    return tuple(
        [
            visit if now == then else number
            for visit, then, now in zip(project.visits, project.states, after, strict=True)
        ]
    )


def _notice_like(like: Move, notice: Notice, project: Project, number: int) -> Notice:
    own = like.project
    rest = notice.id.removeprefix(f"{own.id}:{like.entry.number}:")
    return attrs.evolve(
        notice,
        id=f"{project.id}:{number}:{rest}",
        project=project.id,
        number=number,
        subject=Label(
            notice.subject.ko.removesuffix(f"{own.id} {own.label.ko}")
            + f"{project.id} {project.label.ko}",
            notice.subject.en.removesuffix(f"{own.id} {own.label.en}")
            + f"{project.id} {project.label.en}",
        ),
    )


def check_commit(commit: Commit) -> None:
    """Raise if a commit is not one that a storage may write; every storage calls this.

    Raises:
        ValueError: entry, project and evaluation of a move do not belong together, a project
            is moved twice, or a time is not UTC: the caller is wrong.
        InvalidInput: a text outside of `data` holds a NUL, which databases cannot keep
            (inside `data` it can be kept), or half a surrogate pair, which is no text.
    """
    seen: set[str] = set()
    for move in commit.moves:
        fault = _fault(move)
        if fault is None and move.entry.project in seen:
            fault = "the project is moved twice in one commit"
        if fault is not None:
            raise ValueError(f"{move.entry.project} #{move.entry.number}: {fault}")
        seen.add(move.entry.project)
        _check_text(move)
    for notice in commit.reminders:
        if notice.at.utcoffset() != _UTC:
            raise ValueError(f"{notice.id}: its time is not UTC")
        said = (notice.recipient, notice.role, notice.subject.ko, notice.subject.en)
        _check_texts(notice.id, (notice.id, notice.project, notice.notifier, *said))
    plans: set[str] = set()
    for each in commit.plans:
        fault = _plan_fault(each)
        if fault is None and each.entry.plan in plans:
            fault = "the plan has two entries in one commit"
        if fault is not None:
            raise ValueError(f"{each.entry.plan} #{each.entry.number}: {fault}")
        plans.add(each.entry.plan)
        _check_plan_text(each.entry)


def _plan_fault(move: PlanMove) -> str | None:
    entry, head = move.entry, move.head
    if entry.hash != digest(entry.body()):
        return "its hash is not that of its content"
    if entry.at.utcoffset() != _UTC:
        return "its time is not UTC"
    if head is None:
        return None
    left = (head.id, head.revision, head.effective, digest(canonical(head.tree)))
    if left != (entry.plan, entry.revision, entry.effective, entry.head_after):
        return "the revision is not the one that the entry puts into force"
    return None


def check_plan_move(move: PlanMove, last: PlanEntry | None) -> None:
    """Compare an entry of a plan's history with the last one stored.

    Raises:
        Conflict: it is not the next one: somebody was first.
        ValueError: it does not follow on from the last one.
    """
    entry = move.entry
    number, hash_, seal, revision = 0, "", "", 0
    if last is not None:
        number, hash_, seal, revision = last.number, last.hash, last.head_after, last.revision
    if entry.number != number + 1:
        raise Conflict(entry.plan, expected=entry.number - 1)
    if move.head is not None and entry.revision != revision + 1:
        raise Conflict(entry.plan)
    left = seal if move.head is None else entry.head_after
    standing = (hash_, seal, left, revision + (move.head is not None))
    if (entry.previous, entry.head_before, entry.head_after, entry.revision) != standing:
        raise ValueError(f"{entry.plan} #{entry.number} does not continue the plan's history")


def _fault(move: Move) -> str | None:
    entry, project, evaluation = move.entry, move.project, move.evaluation
    if entry.project != project.id or entry.number != project.version:
        return "the entry is not the one that the project stands at"
    if entry.number != move.expected + 1:
        return f"it leaves a gap after {move.expected}"
    left = (entry.hash, entry.after, entry.period_after, entry.lifecycle)
    if left != (project.head, project.states, project.period, project.lifecycle):
        return "the project is not as the entry leaves it"
    if entry.at.utcoffset() != _UTC:
        return "its time is not UTC"
    if evaluation is not None and (evaluation.project, evaluation.number) != (
        project.id,
        entry.number,
    ):
        return "the evaluation is not the one that the entry wrote"
    return None


def check_roster(roster: Roster, found: Iterable[str]) -> None:
    """Compare the projects that a roster's selection finds with those that it names.

    Raises:
        Conflict: one came in or left; the first of them is named.
    """
    differs = roster.ids.symmetric_difference(found)
    if differs:
        raise Conflict(min(differs))


_UTC = dt.timedelta(0)


def _check_text(move: Move) -> None:
    entry, project = move.entry, move.project
    texts = [
        project.id,
        project.plan,
        project.number,
        project.label.ko,
        project.label.en,
        project.field,
        *entry.after,
        *entry.before,
        entry.event,
        entry.actor,
        entry.role,
        entry.on_behalf_of or "",
        entry.period,
        entry.period_after,
        entry.unit,
        entry.lifecycle,
        entry.reason or "",
        entry.key or "",
    ]
    for notice in move.notices:
        texts += [notice.id, notice.name, notice.recipient, notice.role, notice.notifier]
        texts += [notice.subject.ko, notice.subject.en]
    _check_texts(move.entry.project, texts)


def _check_plan_text(entry: PlanEntry) -> None:
    texts = [entry.plan, entry.event, entry.actor, entry.role, entry.on_behalf_of or ""]
    texts += [entry.effective, entry.lifecycle, entry.reason or ""]
    _check_texts(entry.plan, texts)


def _check_texts(about: str, texts: Sequence[str]) -> None:
    joined = "\x01".join(texts)
    if "\0" not in joined and (joined.isascii() or not _has_surrogate(joined)):
        return
    raise InvalidInput(
        [
            Problem(
                code="not_text",
                path=about,
                value=repr(text)[:60],
                ko="저장할 수 없는 문자(NUL 또는 짝이 없는 서로게이트)가 들어 있습니다.",
                en="it holds a character that cannot be stored (NUL or half a surrogate pair)",
            )
            for text in texts
            if "\0" in text or _has_surrogate(text)
        ]
    )


def _has_surrogate(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
