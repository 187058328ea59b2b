"""Storages that are broken on purpose, each in one way, each with the kit's test that sees it.

Not collected by itself: `test_storage_mutants` runs each class with its one test and wants it
to fail.
"""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
import threading
import time
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Any, ClassVar

import attrs
import pytest

from evalflow import Conflict, Entry, Evaluation, PlanEntry, Project, StorageError
from evalflow.storage import (
    Commit,
    Head,
    Move,
    Outgoing,
    ProjectPosition,
    Selection,
    Snapshot,
    memory,
)
from evalflow.storage.memory import MemoryStorage
from evalflow.storage.rows import moment
from evalflow.storage.sole_runner import HeldFile, hold_file
from evalflow.storage.sqlite import SQLiteStorage
from evalflow.testing import StorageConformance

Opener = Callable[[], Any]


class InMemory(StorageConformance):
    """A kit on a broken memory storage; `Broken` is the storage."""

    reopens = shared = shrinks = False
    points: ClassVar = {"commit:begun": False}
    killed_by: ClassVar[str]
    Broken: ClassVar[type[MemoryStorage]]

    @pytest.fixture
    def new_store(self) -> Callable[[], Opener]:
        return lambda: self.Broken


class InAFile(StorageConformance):
    """A kit on a broken SQLite storage; `Broken` is the storage."""

    shrinks = False
    killed_by: ClassVar[str]
    Broken: ClassVar[type[SQLiteStorage]]

    @pytest.fixture
    def new_store(self, tmp_path: Path) -> Callable[[], Opener]:
        numbers = count()
        return lambda: partial(self.Broken, tmp_path / f"{next(numbers)}.db")


# --------------------------------------------------------------------------- writing


class ReadsAsItGoes(InMemory):
    """Gives itself for a moment of it."""

    killed_by = "test_a_reading_sees_nothing_of_what_is_written_after_it_began"

    class Broken(MemoryStorage):
        @contextmanager
        def reading(self) -> Iterator[Any]:
            yield self


class CopiesTooLittle(InMemory):
    """What a reading has of the outbox moves on."""

    killed_by = "test_a_reading_sees_nothing_of_what_is_written_after_it_began"

    class Broken(MemoryStorage):
        def _own(self) -> None:
            sent = self._outbox
            super()._own()
            self._outbox = sent


class KeepsTheFirstMoment(InMemory):
    killed_by = "test_each_reading_is_of_its_own_moment"

    class Broken(MemoryStorage):
        first: Any = None

        @contextmanager
        def reading(self) -> Iterator[Any]:
            with super().reading() as then:
                self.first = self.first or then
                yield self.first


class HasOneCursor(InAFile):
    """Whoever asks beside a stream ends it."""

    killed_by = "test_in_a_reading_others_can_be_asked_while_one_is_streamed"

    class Broken(SQLiteStorage):
        @contextmanager
        def reading(self) -> Iterator[Any]:
            with super().reading() as then:
                cursor = then._connection.cursor()

                def stream(sql: str, values: Any) -> Iterator[Any]:
                    cursor.execute(sql, values)
                    while rows := cursor.fetchmany(64):
                        yield from rows

                then._stream = stream  # type: ignore[assignment,method-assign]
                yield then


class WritesWhereItReads(InMemory):
    killed_by = "test_in_a_reading_nothing_is_written"

    class Broken(MemoryStorage):
        @contextmanager
        def reading(self) -> Iterator[Any]:
            yield self


class EndsInSilence(InAFile):
    """A stream that is read on after the reading is a part of the answer."""

    killed_by = "test_what_is_read_after_a_reading_has_ended_is_never_a_part"

    class Broken(SQLiteStorage):
        @contextmanager
        def reading(self) -> Iterator[Any]:
            with super().reading() as then:

                def end() -> None:
                    for each in list(then._streams):
                        each.close()

                then.end = end  # type: ignore[method-assign]
                yield then


class GivesOtherPlansToo(InMemory):
    """Takes every project whose id begins like the plan's."""

    killed_by = "test_a_plans_histories_are_those_of_its_projects"

    class Broken(MemoryStorage):
        def histories(self, plan: str) -> Iterator[Entry]:
            for project in sorted(self._history):
                if project.startswith(plan):
                    yield from self.history(project)


class ReadsClocksAsTexts(InMemory):
    killed_by = "test_a_past_moment_is_the_same_in_every_zone"

    class Broken(MemoryStorage):
        def as_of(self, selection: Selection, at: dt.datetime) -> Iterator[Project]:
            yield from super().as_of(selection, at.replace(tzinfo=dt.UTC))


class LeasesByTheWallClock(InMemory):
    killed_by = "test_a_lease_is_kept_by_clocks_of_all_zones"

    class Broken(MemoryStorage):
        def claim(self, notifier: str, *, at: dt.datetime, **how: Any) -> Sequence[Outgoing]:
            return super().claim(notifier, at=at.replace(tzinfo=dt.UTC), **how)


class TakesNaiveTimesForUTC(InMemory):
    killed_by = "test_a_time_without_a_zone_is_refused"

    class Broken(MemoryStorage):
        def resend(self, notices: Any, *, at: dt.datetime) -> int:
            return super().resend(notices, at=at.replace(tzinfo=dt.UTC))


class LosesUpdates(InMemory):
    """The last writer wins."""

    killed_by = "test_a_move_decided_on_an_older_version_conflicts"

    class Broken(MemoryStorage):
        def _refuse(self, commit: Commit) -> None:
            pass


class AdoptsTwice(InMemory):
    killed_by = "test_a_project_is_adopted_once"

    class Broken(MemoryStorage):
        def _refuse(self, commit: Commit) -> None:
            if any(move.expected for move in commit.moves):
                super()._refuse(commit)


class LeavesGaps(InMemory):
    """Takes the version that the entry claims and never looks at what it is."""

    killed_by = "test_an_entry_continues_the_history_or_is_refused"

    class Broken(MemoryStorage):
        def commit(self, commit: Commit) -> None:
            with self._lock:
                for move in commit.moves:
                    if self._version(move.project.id) != move.expected:
                        raise Conflict(move.project.id)
                for move in commit.moves:
                    self._write(move)
                for each in commit.plans:
                    if each.head is not None:
                        known = self._heads.setdefault(each.head.id, [])
                        known.append((each.head.effective, "{}"))


class IgnoresKeys(InMemory):
    killed_by = "test_a_key_is_used_once_in_a_project"

    class Broken(MemoryStorage):
        def _refuse(self, commit: Commit) -> None:
            self._keys.clear()
            super()._refuse(commit)


class SharesKeys(InMemory):
    """Takes a key for the whole store, not for its project."""

    killed_by = "test_a_key_is_used_once_in_a_project"

    class Broken(MemoryStorage):
        def _refuse(self, commit: Commit) -> None:
            super()._refuse(commit)
            used = {key for _, key in self._keys}
            if any(move.entry.key in used for move in commit.moves):
                raise Conflict(commit.moves[0].project.id)


class CommitsInParts(InMemory):
    killed_by = "test_one_conflict_spoils_the_whole_commit"

    class Broken(MemoryStorage):
        def commit(self, commit: Commit) -> None:
            for move in commit.moves:
                super().commit(Commit(moves=(move,)))
            super().commit(attrs.evolve(commit, moves=()))


class ForgetsWhatWasLookedAt(InMemory):
    killed_by = "test_a_project_that_was_looked_at_must_not_have_moved"

    class Broken(MemoryStorage):
        def commit(self, commit: Commit) -> None:
            super().commit(attrs.evolve(commit, unchanged=()))


class ForgetsTheRevisionDecidedUnder(InMemory):
    killed_by = "test_what_was_decided_under_an_older_revision_conflicts"

    class Broken(MemoryStorage):
        def commit(self, commit: Commit) -> None:
            super().commit(attrs.evolve(commit, revisions=()))


class TakesNoRevisionForAnUnknownOne(InMemory):
    """What is decided under no revision of a plan is refused where there is none."""

    killed_by = "test_of_a_plan_without_revisions_the_latest_one_is_none"

    class Broken(MemoryStorage):
        def commit(self, commit: Commit) -> None:
            for plan, revision in commit.revisions:
                if plan == "seodaemun-2016" and not self.revisions(plan):
                    raise Conflict(plan, expected=revision)
            super().commit(commit)


class ForgetsTheRevisionOfMany(InAFile):
    """Compares the revision for moves, not for bulk moves."""

    killed_by = "test_a_bulk_move_decided_under_an_older_revision_writes_nothing"

    class Broken(SQLiteStorage):
        def bulk_move(
            self, like: Move, heads: Sequence[Head], *, on: dt.date | None, under: int | None = None
        ) -> None:
            super().bulk_move(like, heads, on=on)


class MovesNoneUnderNoRevision(InAFile):
    """Takes no revision of a plan for another one, when it moves many alike."""

    killed_by = "test_a_bulk_move_of_a_plan_without_revisions_is_under_none"

    class Broken(SQLiteStorage):
        def bulk_move(
            self, like: Move, heads: Sequence[Head], *, on: dt.date | None, under: int | None = None
        ) -> None:
            if under == 0:
                raise Conflict(like.project.plan)
            super().bulk_move(like, heads, on=on, under=under)


class ForgetsWhoCameIn(InMemory):
    killed_by = "test_a_project_that_came_into_the_unit_or_left_it_conflicts"

    class Broken(MemoryStorage):
        def commit(self, commit: Commit) -> None:
            super().commit(attrs.evolve(commit, rosters=()))


class CountsTheRoster(InMemory):
    """Compares how many projects the unit has, not which."""

    killed_by = "test_a_project_that_came_into_the_unit_or_left_it_conflicts"

    class Broken(MemoryStorage):
        def commit(self, commit: Commit) -> None:
            for roster in commit.rosters:
                if len(list(self.select(roster.selection))) != len(roster.ids):
                    raise Conflict(roster.plan)
            super().commit(attrs.evolve(commit, rosters=()))


class SkipsPlanRevisions(InMemory):
    killed_by = "test_plan_revisions_follow_one_another"

    class Broken(MemoryStorage):
        def _refuse(self, commit: Commit) -> None:
            made = [each.head for each in commit.plans if each.head is not None]
            if any(head.revision > len(self._heads.get(head.id, ())) for head in made):
                commit = attrs.evolve(commit, plans=())
            super()._refuse(commit)


class ForgetsWhoseBehalf(InMemory):
    """Keeps who revised a plan, not for whom."""

    killed_by = "test_a_plan_has_a_history_of_its_own"

    class Broken(MemoryStorage):
        def plan_history(self, plan: str, *, after: int = 0) -> Iterator[PlanEntry]:
            for entry in super().plan_history(plan, after=after):
                yield attrs.evolve(entry, on_behalf_of=None)


class ForgetsThePlansHistory(InMemory):
    """Compares the number of a plan's entry, not what it follows on."""

    killed_by = "test_the_entries_of_a_plan_follow_one_another"

    class Broken(MemoryStorage):
        def _refuse(self, commit: Commit) -> None:
            for each in commit.plans:
                if each.entry.number != len(self._plan_entries.get(each.entry.plan, ())) + 1:
                    raise Conflict(each.entry.plan)
            super()._refuse(attrs.evolve(commit, plans=()))


class ReadsThenWrites(InMemory):
    """Compares the version, lets others in, and writes."""

    killed_by = "test_of_many_threads_one_moves_the_project"

    class Broken(MemoryStorage):
        def commit(self, commit: Commit) -> None:
            self._refuse(commit)
            time.sleep(0.01)
            with self._lock:
                for move in commit.moves:
                    self._write(move)
                if commit.plans:
                    super().commit(attrs.evolve(commit, moves=()))


class WritesBeforeItChecks(InAFile):
    """Every statement commits by itself: what an interruption leaves is half a move."""

    killed_by = "test_a_commit_that_is_interrupted_has_not_happened"

    class Broken(SQLiteStorage):
        def _transact(self, write: Callable[[Any], None], entry: Any = None) -> None:
            with self._reading() as connection:
                write(connection)


class CommitsEarly(InAFile):
    """Tells nobody that the first half is durable before the second half is written."""

    killed_by = "test_a_killed_process_leaves_all_or_nothing"

    class Broken(SQLiteStorage):
        def _transact(self, write: Callable[[Any], None], entry: Any = None) -> None:
            with self._reading() as connection:
                write(connection)


class TellsTooEarly(InAFile):
    """Says done before it is durable."""

    killed_by = "test_a_killed_process_leaves_all_or_nothing"
    points: ClassVar = {"commit:begun": False, "commit:written": True}

    class Broken(SQLiteStorage):
        pass


class LeavesItsLock(InAFile):
    """Guards writing by a file that a killed process leaves behind."""

    killed_by = "test_a_killed_process_leaves_all_or_nothing"

    class Broken(SQLiteStorage):
        def _write_all(self, job: Any, deadline: float) -> None:
            lock = f"{self.path}.lock"
            try:
                os.close(os.open(lock, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                raise StorageError("locked", ko="잠김", en="locked") from None
            try:
                super()._write_all(job, deadline)
            finally:
                os.unlink(lock)


class BelongsToOneThread(InAFile):
    killed_by = "test_threads_working_on_their_own_projects_all_get_through"

    class Broken(SQLiteStorage):
        def __init__(self, path: Any) -> None:
            self._only = sqlite3.connect(path, isolation_level=None)
            super().__init__(path)

        def _take(self) -> sqlite3.Connection:
            return self._only

        def _put(self, connection: sqlite3.Connection) -> None:
            if connection.in_transaction:
                connection.rollback()

        def close(self) -> None:
            self._only.close()
            super().close()


class KeepsReadersOut(InAFile):
    killed_by = "test_readers_do_not_wait_for_a_writer"

    class Broken(SQLiteStorage):
        def __init__(self, path: Any) -> None:
            super().__init__(path, timeout=0.1)
            with self._reading() as connection:
                connection.execute("PRAGMA journal_mode = DELETE")

        def _begin(self, connection: sqlite3.Connection, deadline: float | None = None) -> None:
            self._queue.take(time.monotonic() + 1)
            connection.execute("BEGIN EXCLUSIVE")


class CannotBeMadeTwice(InAFile):
    """Two processes that make the store at once get into each other's way."""

    killed_by = "test_several_processes_can_make_the_store"

    class Broken(SQLiteStorage):
        def __init__(self, path: Any) -> None:
            fresh = not os.path.exists(path)
            time.sleep(1)  # on a busy machine, too
            if fresh:
                with open(path, "x"):
                    pass
            super().__init__(path)


class KeepsNothing(InMemory):
    killed_by = "test_everything_is_there_when_the_store_is_opened_again"
    reopens = True

    class Broken(MemoryStorage):
        pass


# --------------------------------------------------------------------------- values


class HandsOutItsOwn(InMemory):
    killed_by = "test_what_was_handed_out_can_be_changed_without_changing_the_store"

    class Broken(MemoryStorage):
        def history(self, project: str, *, after: int = 0) -> Iterator[Entry]:
            yield from (kept.entry for kept in self._history.get(project, [])[after:])


class NormalisesText(InMemory):
    killed_by = "test_text_is_kept_as_it_is"

    class Broken(MemoryStorage):
        def entry_by_key(self, project: str, key: str) -> Entry | None:
            entry = super().entry_by_key(project, key)
            if entry is None or entry.reason is None:
                return entry
            return attrs.evolve(entry, reason=unicodedata.normalize("NFC", entry.reason))


class CutsAtNul(InMemory):
    killed_by = "test_a_nul_is_kept_in_data_and_refused_elsewhere"

    class Broken(MemoryStorage):
        def commit(self, commit: Commit) -> None:
            moves = tuple(
                attrs.evolve(
                    move,
                    entry=attrs.evolve(
                        move.entry, reason=(move.entry.reason or "").split("\0", maxsplit=1)[0]
                    ),
                )
                for move in commit.moves
            )
            super().commit(attrs.evolve(commit, moves=moves))


class CutsBigValues(InMemory):
    killed_by = "test_big_values_are_kept"

    class Broken(MemoryStorage):
        def history(self, project: str, *, after: int = 0) -> Iterator[Entry]:
            for entry in super().history(project, after=after):
                data = {
                    key: value[:65_535] if isinstance(value, str) else value
                    for key, value in entry.data.items()
                }
                yield attrs.evolve(entry, data=data)


class OneEvaluationForAllPeriods(InMemory):
    killed_by = "test_each_period_has_its_evaluation"

    class Broken(MemoryStorage):
        def evaluation(self, project: str, period: str) -> Evaluation | None:
            found = [super(type(self), self).evaluation(*key) for key in self._evaluations]
            return found[-1] if found else None


class TearsSnapshots(InMemory):
    """Reads the project and its evaluation one after the other."""

    killed_by = "test_a_snapshot_is_of_one_moment"

    class Broken(MemoryStorage):
        def snapshot(self, project: str) -> Snapshot | None:
            found = super().snapshot(project)
            if found is None:
                return None
            time.sleep(0.001)
            evaluation = self.evaluation(project, found.project.period) or found.evaluation
            return attrs.evolve(found, evaluation=evaluation)


# --------------------------------------------------------------------------- selecting


class SortsNumbersAsText(InMemory):
    killed_by = "test_projects_come_in_the_order_of_plan_and_number"

    class Broken(MemoryStorage):
        def _ordered(self, ids: Iterable[str] | None = None) -> list[Project]:
            return sorted(super()._ordered(ids), key=lambda project: project.id)


class FindsStatesByTheirText(InMemory):
    killed_by = "test_every_condition_of_a_selection_counts"

    class Broken(MemoryStorage):
        def select(self, selection: Selection) -> Iterator[Project]:
            if selection.states is None:
                yield from super().select(selection)
                return
            for project in super().select(attrs.evolve(selection, states=None)):
                text = " ".join(project.states)
                if any(state in text for state in selection.states):
                    yield project


class ForgetsTheDay(InMemory):
    killed_by = "test_a_project_counts_to_the_unit_that_answers_on_the_day"

    class Broken(MemoryStorage):
        def _selected(self, selection: Selection) -> list[Project]:
            return super()._selected(attrs.evolve(selection, on=None))


class TakesTheFirstAssignment(InMemory):
    killed_by = "test_the_last_assignment_counts_where_all_are_over"

    class Broken(MemoryStorage):
        def _definition(self, project: str, revision: int | None) -> Any:
            found = super()._definition(project, revision)
            if found is None:
                return None
            return attrs.evolve(found, assignments=tuple(reversed(found.assignments)))


class ReadsWhatIsBeingWritten(InMemory):
    """Walks the live dictionary, so what is written meanwhile comes twice or not at all."""

    killed_by = "test_writing_while_reading_disturbs_neither"

    class Broken(MemoryStorage):
        def select(self, selection: Selection) -> Iterator[Project]:
            place = 0
            while place < len(self._projects):
                found = sorted(self._projects.values(), key=lambda p: (p.version, p.visits))
                yield found[place]
                place += 1


class HoldsItsReadingOpen(InMemory):
    """A reader that goes away keeps writers out for good."""

    killed_by = "test_a_reading_that_is_given_up_leaves_nothing_behind"

    class Broken(MemoryStorage):
        def __init__(self) -> None:
            super().__init__()
            self.held = threading.Lock()

        def select(self, selection: Selection) -> Iterator[Project]:
            self.held.acquire()
            yield from super().select(selection)
            self.held.release()

        def commit(self, commit: Commit) -> None:
            if not self.held.acquire(timeout=0.1):
                raise RuntimeError("still reading")
            self.held.release()
            super().commit(commit)


class TakesAnEarlierRatingForTheRunningOne(InMemory):
    killed_by = "test_a_rating_of_an_earlier_period_is_none_of_the_period_that_runs"

    class Broken(MemoryStorage):
        def as_of(self, selection: Selection, at: Any) -> Iterator[Project]:
            for project in super().as_of(selection, at):
                rated = [each.rating for each in self.history(project.id) if each.rating]
                band = rated[-1]["band"] if rated else None
                yield attrs.evolve(project, band=band)


class AnswersWithToday(InMemory):
    killed_by = "test_a_project_as_of_a_moment_is_as_its_last_entry_left_it"

    class Broken(MemoryStorage):
        def as_of(self, selection: Selection, at: Any) -> Iterator[Project]:
            then = {project.id for project in super().as_of(selection, at)}
            return (p for p in self.select(selection) if p.id in then)


class StopsWhereTheClockWentBack(InMemory):
    killed_by = "test_a_clock_that_went_back_hides_no_later_entry"

    class Broken(MemoryStorage):
        def _rebuilt(self, project: Project, on: Any, at: Any) -> Project | None:
            if self._history[project.id][0].entry.at > at:
                return None
            return super()._rebuilt(project, on, at)


class GivesTodaysDefinition(InMemory):
    killed_by = "test_a_definition_is_the_latest_one_up_to_a_revision"

    class Broken(MemoryStorage):
        def _definition(self, project: str, revision: int | None) -> Any:
            return super()._definition(project, None)


# --------------------------------------------------------------------------- history


class StartsHistoriesTooLate(InMemory):
    killed_by = "test_a_history_can_be_read_from_any_number"

    class Broken(MemoryStorage):
        def history(self, project: str, *, after: int = 0) -> Iterator[Entry]:
            return super().history(project, after=after + (after > 1))


class SortsEntriesByProject(InMemory):
    killed_by = "test_entries_come_as_they_were_written_and_can_be_continued"

    class Broken(MemoryStorage):
        def entries(
            self, *, after: int = 0, limit: int | None = None, newest: bool = False
        ) -> Iterator[Any]:
            found = sorted(super().entries(), key=lambda pair: pair[1].project)
            yield from found[after:][:limit]


class PublishesLate(InMemory):
    """Hands out positions before it writes, as a sequence in a database does."""

    killed_by = "test_a_reader_of_entries_misses_none"

    class Broken(MemoryStorage):
        def __init__(self) -> None:
            super().__init__()
            self.numbers = count(1)
            self.published: dict[str, int] = {}

        def commit(self, commit: Commit) -> None:
            positions = {move.entry.hash: next(self.numbers) for move in commit.moves}
            time.sleep(0.002 * (len(self.published) % 3))
            super().commit(commit)
            self.published.update(positions)

        def entries(
            self, *, after: int = 0, limit: int | None = None, newest: bool = False
        ) -> Iterator[Any]:
            known = dict(self.published)
            found = sorted(
                (known[entry.hash], entry) for _, entry in super().entries() if entry.hash in known
            )
            yield from [pair for pair in found if pair[0] > after][:limit]


class ReadsEntriesFromTheEndWithTheLast(InMemory):
    """A page of the last entries begins with the one that the page before ended with."""

    killed_by = "test_entries_are_read_from_the_end_too"

    class Broken(MemoryStorage):
        def entries(
            self, *, after: int = 0, limit: int | None = None, newest: bool = False
        ) -> Iterator[Any]:
            return super().entries(after=after + (newest and after > 0), limit=limit, newest=newest)


class ReadsEntriesFromTheStartOnly(InAFile):
    killed_by = "test_entries_are_read_from_the_end_too"

    class Broken(SQLiteStorage):
        def entries(
            self, *, after: int = 0, limit: int | None = None, newest: bool = False
        ) -> Iterator[Any]:
            return super().entries(after=after, limit=limit)


# --------------------------------------------------------------------------- listings


class FindsAnyWords(InMemory):
    """Takes no notice of the words of a selection."""

    killed_by = "test_every_condition_of_a_selection_counts"

    class Broken(MemoryStorage):
        def select(self, selection: Selection) -> Iterator[Project]:
            return super().select(attrs.evolve(selection, words=()))


class LimitsBeforeItLooksForWords(InAFile):
    """Reads as many as are wanted, and leaves out those without the words."""

    killed_by = "test_every_condition_of_a_selection_counts"

    class Broken(SQLiteStorage):
        def select(self, selection: Selection) -> Iterator[Project]:
            found = super().select(attrs.evolve(selection, words=()))
            return (each for each in found if selection.says(each))


class TurnsNoPages(InMemory):
    """Begins every page at the first project."""

    killed_by = "test_every_condition_of_a_selection_counts"

    class Broken(MemoryStorage):
        def select(self, selection: Selection) -> Iterator[Project]:
            return super().select(attrs.evolve(selection, after=None))


class TurnsPagesByText(InAFile):
    """Begins a page behind the number as a text, not as a number."""

    killed_by = "test_every_condition_of_a_selection_counts"

    class Broken(SQLiteStorage):
        def select(self, selection: Selection) -> Iterator[Project]:
            found = super().select(attrs.evolve(selection, after=None, limit=None))
            after = selection.after or ""
            return islice((each for each in found if each.id > after), selection.limit)


class ShowsTheLastOneAgain(InMemory):
    """Begins a page with the project that the page before ended with."""

    killed_by = "test_every_condition_of_a_selection_counts"

    class Broken(MemoryStorage):
        def select(self, selection: Selection) -> Iterator[Project]:
            if selection.after is not None:
                only = Selection(ids=(selection.after,))
                yield from super().select(only)
            yield from super().select(selection)


class _Pages(MemoryStorage):
    """An outbox whose pages are asked for by other words than were given."""

    def otherwise(self, asked: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError

    def outbox(self, **asked: Any) -> Iterator[Outgoing]:
        return super().outbox(**self.otherwise(asked))


class TurnsNoPagesOfNotices(InMemory):
    killed_by = "test_the_outbox_has_pages_from_both_ends"

    class Broken(_Pages):
        def otherwise(self, asked: dict[str, Any]) -> dict[str, Any]:
            return {**asked, "after": 0}


class GivesAllNotices(InMemory):
    """Takes no notice of how many are wanted."""

    killed_by = "test_the_outbox_has_pages_from_both_ends"

    class Broken(_Pages):
        def otherwise(self, asked: dict[str, Any]) -> dict[str, Any]:
            return {**asked, "limit": None}


class GivesTheOldestNoticesFirst(InMemory):
    killed_by = "test_the_outbox_has_pages_from_both_ends"

    class Broken(_Pages):
        def otherwise(self, asked: dict[str, Any]) -> dict[str, Any]:
            return {**asked, "newest": False}


class LimitsBeforeItLooksAtStates(InMemory):
    """Reads as many notices as are wanted, and leaves out those in another state."""

    killed_by = "test_the_outbox_has_pages_from_both_ends"

    class Broken(MemoryStorage):
        def outbox(self, *, state: str | None = None, **asked: Any) -> Iterator[Outgoing]:
            return (e for e in super().outbox(**asked) if state in (None, e.state))


class CountsNoticesOfEachProject(InMemory):
    """Numbers the notices of each project from 1: a page of all of them has no place to begin."""

    killed_by = "test_the_outbox_has_pages_from_both_ends"

    class Broken(MemoryStorage):
        def outbox(self, **asked: Any) -> Iterator[Outgoing]:
            of: dict[str, int] = {}
            for each in super().outbox(**asked):
                of[each.notice.project] = of.get(each.notice.project, 0) + 1
                yield attrs.evolve(each, position=of[each.notice.project])


# --------------------------------------------------------------------------- outbox


class TellsTwice(InMemory):
    killed_by = "test_a_visit_tells_a_recipient_once"

    class Broken(MemoryStorage):
        def _write(self, move: Any) -> None:
            super()._write(move)
            for number, notice in enumerate(move.notices):
                again = memory._Sent(notice, "{}", notice.at, len(self._outbox) + 1)
                self._outbox[f"{move.entry.hash}{number}", notice.notifier] = again


class ClaimsWithoutLease(InMemory):
    killed_by = "test_a_claimed_notice_comes_back_when_its_lease_is_over"

    class Broken(MemoryStorage):
        def claim(self, notifier: str, *, lease: Any, **where: Any) -> list[Outgoing]:
            return list(super().claim(notifier, lease=0 * lease, **where))


class ClaimsForEver(InMemory):
    killed_by = "test_a_claimed_notice_comes_back_when_its_lease_is_over"

    class Broken(MemoryStorage):
        def claim(self, notifier: str, *, lease: Any, **where: Any) -> list[Outgoing]:
            return list(super().claim(notifier, lease=1000 * lease, **where))


class ClaimsTheNewestFirst(InMemory):
    killed_by = "test_notices_are_claimed_by_the_longest_waiting_first"

    class Broken(MemoryStorage):
        def claim(self, notifier: str, *, lease: Any, **where: Any) -> list[Outgoing]:
            self._outbox = dict(reversed(self._outbox.items()))
            try:
                return list(super().claim(notifier, lease=lease, **where))
            finally:
                self._outbox = dict(reversed(self._outbox.items()))


class ClaimsAtOnce(InAFile):
    """Reads what waits, and only then takes it: two claimers get the same."""

    killed_by = "test_of_many_threads_one_claims_a_notice"

    class Broken(SQLiteStorage):
        def claim(self, notifier: str, *, lease: Any, **where: Any) -> list[Outgoing]:
            waiting = [
                each
                for each in self.outbox(state="waiting")
                if each.notice.notifier == notifier and each.next_at <= where["at"]
            ][: where["limit"]]
            time.sleep(0.002)
            with self._writing() as connection:
                for each in waiting:
                    connection.execute(
                        "UPDATE notice SET next_at = ? WHERE id = ?",
                        (moment(where["at"] + lease), each.notice.id),
                    )
            return waiting


class Undelivers(InMemory):
    killed_by = "test_what_was_delivered_stays_delivered"

    class Broken(MemoryStorage):
        def settle(self, outcomes: Any) -> None:
            for outcome in outcomes:
                pair = outcome.notice, outcome.notifier
                if pair in self._outbox:
                    self._outbox[pair] = attrs.evolve(self._outbox[pair], state=outcome.state)


class CountsWhatWasHandedBack(InMemory):
    killed_by = "test_a_notice_that_is_handed_back_keeps_its_tries"

    class Broken(MemoryStorage):
        def settle(self, outcomes: Any) -> None:
            super().settle(
                attrs.evolve(outcome, error=outcome.error or "-") for outcome in outcomes
            )


class ClaimsForEveryPlan(InMemory):
    killed_by = "test_notices_can_be_claimed_for_one_plan"

    class Broken(MemoryStorage):
        def claim(self, notifier: str, *, lease: Any, **where: Any) -> list[Outgoing]:
            return list(super().claim(notifier, lease=lease, **{**where, "plan": None}))


class ForgetsErrors(InMemory):
    killed_by = "test_outcomes_are_recorded"

    class Broken(MemoryStorage):
        def settle(self, outcomes: Any) -> None:
            super().settle(attrs.evolve(outcome, error=None) for outcome in outcomes)


class ResendsEverything(InMemory):
    killed_by = "test_dead_letters_are_sent_again"

    class Broken(MemoryStorage):
        def resend(self, notices: Any, *, at: Any) -> int:
            known = [pair for pair in notices if pair in self._outbox]
            for pair in known:
                self._outbox[pair] = attrs.evolve(
                    self._outbox[pair], state="waiting", tries=0, next_at=at
                )
            return len(known)


# --------------------------------------------------------------------------- lives


class KeepsAnOldBand(InMemory):
    """Looking back, a new period still shows the old period's band."""

    killed_by = "test_any_life_is_the_same_as_in_memory"
    examples = 2000  # which lives are led depends on the modules loaded; it ends at the first hit
    shrinks = False

    class Broken(MemoryStorage):
        def _rebuilt(self, project: Project, on: Any, at: Any) -> Project | None:
            found = super()._rebuilt(project, on, at)
            if found is None or found.band is not None:
                return found
            bands = [
                kept.entry.rating.get("band")
                for kept in self._history[project.id][: found.version]
                if kept.entry.rating
            ]
            return attrs.evolve(found, band=bands[-1] if bands else None)


class ForgetsRetriesWhenOpened(InAFile):
    """Opening the store anew makes every waiting notice due at once."""

    killed_by = "test_any_life_is_the_same_as_in_memory"
    examples = 2000  # which lives are led depends on the modules loaded; it ends at the first hit
    shrinks = False

    class Broken(SQLiteStorage):
        def __init__(self, path: Any) -> None:
            super().__init__(path)
            with self._writing() as connection:
                connection.execute("UPDATE notice SET next_at = at WHERE state = 'waiting'")


class BulkTellsNobody(InAFile):
    """A bulk move writes states and entries, and no notices."""

    killed_by = "test_a_bulk_move_writes_what_the_moves_one_by_one_would"

    class Broken(SQLiteStorage):
        def bulk_move(
            self, like: Move, heads: Sequence[Head], *, on: dt.date | None, under: int | None = None
        ) -> None:
            super().bulk_move(attrs.evolve(like, notices=()), heads, on=on, under=under)


class BulkMovesWhatIsStillThere(InAFile):
    """A bulk move leaves out, silently, what has moved."""

    killed_by = "test_a_bulk_move_over_a_project_that_moved_writes_nothing"

    class Broken(SQLiteStorage):
        def bulk_move(
            self, like: Move, heads: Sequence[Head], *, on: dt.date | None, under: int | None = None
        ) -> None:
            now = {(each.id, each.version, each.head) for each in self.select(Selection())}
            super().bulk_move(like, [each for each in heads if each in now], on=on, under=under)


class BulkMovesWhereverTheyStand(InAFile):
    """A bulk move looks at the last entries alone: not at states, nor at whose the projects are."""

    killed_by = "test_a_bulk_move_writes_nothing_where_one_stands_elsewhere"

    class Broken(SQLiteStorage):
        def bulk_move(
            self, like: Move, heads: Sequence[Head], *, on: dt.date | None, under: int | None = None
        ) -> None:
            super().bulk_move(like, heads, on=None, under=under)


class BulkMovesWhatIsOneProjectsAlone(InAFile):
    """A bulk move leaves out, silently, the figures and notices that no other project can have."""

    killed_by = "test_a_bulk_move_is_for_moves_that_others_can_make"

    class Broken(SQLiteStorage):
        def bulk_move(
            self, like: Move, heads: Sequence[Head], *, on: dt.date | None, under: int | None = None
        ) -> None:
            entry = attrs.evolve(like.entry, rating=None, evaluation="", hash="").sealed()
            project = attrs.evolve(like.project, head=entry.hash)
            like = attrs.evolve(like, project=project, entry=entry, evaluation=None, notices=())
            super().bulk_move(like, heads, on=on, under=under)


class ForgetsReminders(InAFile):
    """Writes what entries cause alone."""

    killed_by = "test_a_reminder_is_kept_once_and_waits_like_a_notice"

    class Broken(SQLiteStorage):
        def commit(self, commit: Commit) -> None:
            super().commit(attrs.evolve(commit, reminders=()))


class KnowsNoDay(InAFile):
    """Tells whose a project is, not whose it is on the day that was asked about."""

    killed_by = "test_positions_are_those_of_the_selected_projects"

    class Broken(SQLiteStorage):
        def positions(self, selection: Selection) -> Iterator[ProjectPosition]:
            return super().positions(attrs.evolve(selection, on=None))


class TellsTheFirstEntry(InAFile):
    """Leaves out of many projects' histories what came after they were adopted."""

    killed_by = "test_what_is_read_of_many_projects_at_once_is_what_is_read_of_each"

    class Broken(SQLiteStorage):
        def histories_of(self, projects: Iterable[str]) -> Iterator[Entry]:
            return (entry for entry in super().histories_of(projects) if entry.number == 1)


class TellsOldDefinitions(InAFile):
    """Tells of many projects what the plan said of them first."""

    killed_by = "test_what_is_read_of_many_projects_at_once_is_what_is_read_of_each"

    class Broken(SQLiteStorage):
        def latest_definitions(self, projects: Iterable[str]) -> Iterator[tuple[str, int, str]]:
            for project, _, _ in super().latest_definitions(projects):
                yield project, *(self.definition(project, 1) or (0, ""))


class TellsAnOldDefinition(InAFile):
    """Tells with a project what the plan said of it first."""

    killed_by = "test_a_project_comes_with_what_it_is"

    class Broken(SQLiteStorage):
        def defined_snapshot(self, project: str) -> tuple[Snapshot, str | None] | None:
            found = super().defined_snapshot(project)
            return found and (found[0], (self.definition(project, 1) or (0, None))[1])


class AnswersWhenClosed(InMemory):
    killed_by = "test_a_closed_storage_answers_nothing"

    class Broken(MemoryStorage):
        def close(self) -> None:
            """Go on as if nothing was."""


# ----------------------------------------------------------------- counting


class CountsEverybody(InMemory):
    """Counts without looking at what is asked for."""

    killed_by = "test_every_condition_of_a_selection_counts"

    class Broken(MemoryStorage):
        def count_projects(self, selection: Selection) -> int:
            return len(self._projects)


class CountsEveryPlan(InMemory):
    killed_by = "test_entries_are_counted_of_all_or_of_some_plans"

    class Broken(MemoryStorage):
        def count_entries(self, plans: Collection[str] | None = None) -> int:
            return len(self._entries)


class CountsWhatWasDelivered(InMemory):
    """Counts notices of every state."""

    killed_by = "test_the_outbox_has_pages_from_both_ends"

    class Broken(MemoryStorage):
        def count_notices(self, *, state: str | None = None, project: str | None = None) -> int:
            return super().count_notices(project=project)


# ----------------------------------------------------------------- copies, and who runs it


class CopiesWithoutNotices(InAFile):
    """A copy holds what happened, and not what is still to be told."""

    killed_by = "test_what_is_restored_is_what_was_copied"

    class Broken(SQLiteStorage):
        def copy_to(self, path: str | os.PathLike[str]) -> None:
            super().copy_to(path)
            with closing(sqlite3.connect(path)) as copy, copy:
                copy.execute("DELETE FROM notice")


class CopiesOverACopy(InAFile):
    killed_by = "test_a_copy_overwrites_nothing"

    class Broken(SQLiteStorage):
        def copy_to(self, path: str | os.PathLike[str]) -> None:
            Path(path).unlink(missing_ok=True)
            super().copy_to(path)


class RestoresWhatItCanRead(InAFile):
    """Takes half a copy for a store with less in it."""

    killed_by = "test_what_is_no_whole_copy_is_refused_and_nothing_is_written"

    class Broken(SQLiteStorage):
        def restore_from(self, path: str | os.PathLike[str]) -> None:
            try:
                super().restore_from(path)
            except StorageError as error:
                if error.code != "corrupt":
                    raise


class LetsEverybodyRunIt(InAFile):
    killed_by = "test_one_alone_runs_a_store"

    class Broken(SQLiteStorage):
        def hold(self) -> HeldFile | None:
            return hold_file(f"{self.path}-run-{id(self)}")


MUTANTS = [
    kind
    for base in (InMemory, InAFile)
    for kind in base.__subclasses__()
    if "killed_by" in vars(kind)
]
