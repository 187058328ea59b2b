"""Many threads, many processes: one is first, and nobody is lost."""

# A test's name is its sentence.
# ruff: noqa: D102

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from evalflow.storage import Commit, Storage
from evalflow.testing.children import Child, Opener, together
from evalflow.testing.given import (
    BEGINNING,
    LIFECYCLE,
    attempt,
    entry_after,
    given_project,
    head,
    move_after,
    rating,
    revised,
)
from evalflow.testing.storage_base import StorageKit
from evalflow.testing.storage_common import (
    EVERYTHING,
    LATER,
    LEASE,
    PLAN,
    SIX,
    assert_sound,
    version,
)


class ConcurrencyTests(StorageKit):
    """Of many at once one is first; readers see one moment."""

    def test_of_many_threads_one_moves_the_project(self, storage: Storage) -> None:
        project = given_project(storage)
        for _ in range(5):
            moves = [move_after(project, by=f"policy-{n}", told=(f"policy-{n}",)) for n in range(8)]
            outcomes = _at_once(
                [partial(attempt, storage, Commit(moves=(move,))) for move in moves]
            )

            assert sorted(outcomes) == ["conflict"] * 7 + ["moved"]
            winner = moves[outcomes.index("moved")]
            assert next(storage.history(SIX, after=project.version)) == winner.entry
            project = winner.project
        assert [e.notice.recipient for e in storage.outbox()] == [
            entry.actor for entry in storage.history(SIX, after=1)
        ]

    def test_of_many_threads_one_uses_the_key(self, storage: Storage) -> None:
        """Each thread looks again after a conflict, as a caller who repeats himself would."""
        given_project(storage)

        def insist() -> str:
            while True:
                snapshot = storage.snapshot(SIX)
                assert snapshot is not None
                if storage.entry_by_key(SIX, "once") is not None:
                    return "repeated"
                if attempt(storage, entry_after(snapshot.project, key="once")) == "moved":
                    return "moved"

        assert sorted(_at_once([insist] * 6)) == ["moved"] + ["repeated"] * 5
        assert version(storage, SIX) == 2

    def test_threads_working_on_their_own_projects_all_get_through(self, storage: Storage) -> None:
        projects = [given_project(storage, f"{PLAN}/{n}") for n in range(1, 7)]
        _at_once([partial(_move_often, storage, p.id, 10) for p in projects])

        assert [p.version for p in storage.select(EVERYTHING)] == [11] * 6
        assert_sound(storage)

    def test_of_many_threads_one_claims_a_notice(self, storage: Storage) -> None:
        told = tuple(f"policy-{n}" for n in range(60))
        storage.commit(entry_after(given_project(storage), at=BEGINNING, told=told))

        claimed = _at_once([lambda: _claim_all(storage) for _ in range(4)])

        assert sorted(name for names in claimed for name in names) == sorted(told)

    def test_a_snapshot_is_of_one_moment(self, storage: Storage) -> None:
        given_project(storage)
        done = threading.Event()

        def write() -> int:
            for n in range(60):
                snapshot = storage.snapshot(SIX)
                assert snapshot is not None
                rated = rating(SIX, "2016-Q1", rate=f"{n}.0")
                storage.commit(entry_after(snapshot.project, rated=rated))
            done.set()
            return 60

        def read() -> int:
            looked = 0
            while not done.is_set():
                snapshot = storage.snapshot(SIX)
                assert snapshot is not None
                if snapshot.project.version > 1:
                    assert snapshot.evaluation.number == snapshot.project.version
                for each in storage.snapshots(EVERYTHING):
                    assert each.evaluation.number in (0, each.project.version)
                looked += 1
            return looked

        written, looked = _at_once([write, read])
        assert written == 60
        assert looked

    def test_a_reader_of_entries_misses_none(self, storage: Storage) -> None:
        projects = [given_project(storage, f"{PLAN}/{n}") for n in range(1, 5)]
        last, _ = list(storage.entries())[-1]
        writing = threading.Semaphore(0)

        def write(project: str) -> int:
            try:
                return _move_often(storage, project, 15)
            finally:
                writing.release()

        def follow() -> list[tuple[str, int]]:
            position, seen, over = last, [], 0
            while True:
                over += sum(writing.acquire(blocking=False) for _ in projects)
                for place, entry in storage.entries(after=position, limit=7):
                    position = place
                    seen.append((entry.project, entry.number))
                if over == len(projects) and not list(storage.entries(after=position, limit=1)):
                    return seen

        *_, seen = _at_once([*(partial(write, p.id) for p in projects), follow])
        assert sorted(seen) == sorted((p.id, n) for p in projects for n in range(2, 17))

    def test_of_many_processes_one_moves_the_project(
        self, storage: Storage, opener: Opener
    ) -> None:
        project = given_project(storage)
        commits = [entry_after(project, by=f"policy-{n}") for n in range(4)]

        outcomes = together(*(Child(opener, attempt, commit) for commit in commits))

        assert sorted(outcomes) == ["conflict"] * 3 + ["moved"]
        winner = commits[outcomes.index("moved")].moves[0]
        assert list(storage.history(SIX, after=1)) == [winner.entry]

    def test_processes_working_on_their_own_projects_all_get_through(
        self, storage: Storage, opener: Opener
    ) -> None:
        projects = [given_project(storage, f"{PLAN}/{n}") for n in range(1, 5)]

        together(*(Child(opener, _move_often, project.id, 25) for project in projects))

        assert [p.version for p in storage.select(EVERYTHING)] == [26] * 4
        assert_sound(storage)

    def test_of_many_processes_one_claims_a_notice(self, storage: Storage, opener: Opener) -> None:
        told = tuple(f"policy-{n}" for n in range(60))
        storage.commit(entry_after(given_project(storage), at=BEGINNING, told=told))

        claimed = together(*(Child(opener, _claim_all) for _ in range(3)))

        assert sorted(name for names in claimed for name in names) == sorted(told)

    def test_several_processes_can_make_the_store(self, opener: Opener) -> None:
        outcomes = together(*(Child(opener, _adopt_plan, f"office{n}-2016") for n in range(4)))

        assert outcomes == ["moved"] * 4
        made = opener()
        assert made.plans() == tuple(f"office{n}-2016" for n in range(4))
        made.close()


def _adopt_plan(storage: Storage, plan: str) -> str:
    return attempt(storage, Commit(plans=(revised(storage, head(plan)),), lifecycle=LIFECYCLE))


def _move_often(storage: Storage, project: str, times: int) -> int:
    for _ in range(times):
        snapshot = storage.snapshot(project)
        assert snapshot is not None
        storage.commit(entry_after(snapshot.project))
    return times


def _claim_all(storage: Storage) -> list[str]:
    names: list[str] = []
    while found := storage.claim("console", at=LATER, limit=7, lease=LEASE):
        names += [each.notice.recipient for each in found]
    return names


def _at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run the calls in threads that start together; return their results, in order."""
    barrier = threading.Barrier(len(calls))
    results: list[Any] = [None] * len(calls)
    errors: list[BaseException] = []

    def run(place: int, call: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            results[place] = call()
        except BaseException as error:
            errors.append(error)

    threads = [
        threading.Thread(target=run, args=(place, call), daemon=True)
        for place, call in enumerate(calls)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if errors:
        raise errors[0]
    assert not any(thread.is_alive() for thread in threads), "a thread hangs"
    return results
