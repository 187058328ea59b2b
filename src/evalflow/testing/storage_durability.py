"""What is there after closing, after a crash, and while a writer stands still."""

# A test's name is its sentence.
# ruff: noqa: D102

from __future__ import annotations

import pytest

from evalflow.storage import Commit, Storage
from evalflow.testing import faults
from evalflow.testing.children import Child, Opener, children
from evalflow.testing.given import attempt, entry_after, given_project, head, move_after, revised
from evalflow.testing.storage_base import StorageKit
from evalflow.testing.storage_common import (
    SIX,
    Open,
    assert_sound,
    busy_move,
    everything,
    memory,
    populate,
    selections,
    version,
)


class DurabilityTests(StorageKit):
    """What was committed is there; what was not has not happened."""

    def test_everything_is_there_when_the_store_is_opened_again(self, open_store: Open) -> None:
        self._needs_reopening()
        first = open_store()
        populate(first)
        before = everything(first)
        first.close()

        again = open_store()
        assert everything(again) == before
        for selection in selections():
            model = memory()
            populate(model)
            assert list(again.select(selection)) == list(model.select(selection))
        snapshot = again.snapshot(SIX)
        assert snapshot is not None
        again.commit(entry_after(snapshot.project))
        assert_sound(again)

    def test_what_one_handle_wrote_the_other_reads(self, open_store: Open) -> None:
        self._needs_reopening()
        one, two = open_store(), open_store()
        project = given_project(one)
        assert version(two, SIX) == 1
        assert attempt(two, entry_after(project)) == "moved"
        assert version(one, SIX) == 2
        assert attempt(one, entry_after(project)) == "conflict"

    def test_the_declared_fault_points_are_reached(self, storage: Storage) -> None:
        self._needs_points()
        project = given_project(storage)
        with faults.reached() as points:
            storage.commit(entry_after(project))
        assert set(self.points) <= set(points)

    def test_a_commit_that_is_interrupted_has_not_happened(self, storage: Storage) -> None:
        self._needs_points()
        project = given_project(storage)
        move = busy_move(project)
        before = everything(storage)
        for point, durable in self.points.items():
            if durable:
                continue
            with faults.at(point), pytest.raises(faults.Fault):
                storage.commit(Commit(moves=(move,), plans=(revised(storage, head(revision=2)),)))
            assert everything(storage) == before, point
        storage.commit(Commit(moves=(move,), plans=(revised(storage, head(revision=2)),)))
        assert_sound(storage)

    def test_a_killed_process_leaves_all_or_nothing(
        self, storage: Storage, open_store: Open, opener: Opener
    ) -> None:
        self._needs_points()
        project = given_project(storage)
        for point, durable in self.points.items():
            move = busy_move(project)
            before = everything(storage)
            child = Child(opener, attempt, Commit(moves=(move,)), fault=f"{point}:kill")
            with children(child):
                child.go()
                assert child.died(), f"{point} was not reached"

            for look in (storage, open_store()):
                if durable:
                    assert version(look, SIX) == move.project.version, point
                    assert move.notices[0] in [each.notice for each in look.outbox()]
                else:
                    assert everything(look) == before, point
            if durable:
                project = move.project
            after = move_after(project)
            storage.commit(Commit(moves=(after,)))  # no lock outlives its process
            project = after.project
            assert_sound(storage)

    def test_readers_do_not_wait_for_a_writer(self, storage: Storage, opener: Opener) -> None:
        self._needs_points()
        project = given_project(storage)
        point = next(point for point, durable in reversed(self.points.items()) if not durable)
        child = Child(opener, attempt, entry_after(project), fault=f"{point}:wait")
        with children(child):
            child.go()
            child.paused()
            before = everything(storage)
            assert version(storage, SIX) == 1
            child.go()
            assert child.result() == "moved"
        assert version(storage, SIX) == 2
        assert everything(storage) != before
