"""A store as it stood at one moment, while others write."""

# A test's name is its sentence.
# ruff: noqa: D102

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from evalflow import Project, StorageError
from evalflow.storage import Commit, Copies, Selection, Settled, Storage
from evalflow.testing.given import (
    LIFECYCLE,
    adoption,
    entry_after,
    given_project,
    head,
    move_after,
    revised,
)
from evalflow.testing.storage_base import StorageKit
from evalflow.testing.storage_common import (
    EVERYTHING,
    LATER,
    LEASE,
    PLAN,
    SIX,
    busy_move,
    everything,
    populate,
    version,
)

_DELIVERED = Settled(notice="a", notifier="console", state="delivered")


def _project(storage: Storage, project: str) -> Project:
    found = storage.snapshot(project)
    assert found is not None
    return found.project


class MomentTests(StorageKit):
    """`reading` gives one moment, whatever is written meanwhile."""

    def test_a_reading_sees_nothing_of_what_is_written_after_it_began(
        self, storage: Storage
    ) -> None:
        populate(storage)
        before = everything(storage)
        then_at_six = storage.as_of(EVERYTHING, LATER)
        expected = list(then_at_six)
        with storage.reading() as then:
            six = _project(storage, SIX)
            redefined = busy_move(six)
            storage.commit(Commit(moves=(redefined,), plans=(revised(storage, head(revision=3)),)))
            storage.commit(Commit(moves=(move_after(_project(storage, f"{PLAN}/8")),)))
            storage.commit(Commit(moves=(adoption(f"{PLAN}/99"),)))
            (sent, *_) = storage.claim("console", at=LATER, limit=1, lease=LEASE)
            storage.settle(
                [Settled(notice=sent.notice.id, notifier="console", state="dead", error="x")]
            )
            storage.resend([(sent.notice.id, "console")], at=LATER)

            assert everything(then) == before
            assert list(then.as_of(EVERYTHING, LATER)) == expected
            assert list(then.histories(PLAN)) == [
                entry
                for project in sorted(before["histories"])
                if project.startswith(f"{PLAN}/")
                for entry in before["histories"][project]
            ]
            assert then.entry_by_key(SIX, redefined.entry.key or "") is None
            with then.reading() as again:
                assert version(again, SIX) == six.version
        assert everything(storage) != before
        assert version(storage, SIX) == six.version + 1

    def test_each_reading_is_of_its_own_moment(self, storage: Storage) -> None:
        project = given_project(storage)
        with storage.reading() as first:
            storage.commit(Commit(moves=(move_after(project),)))
            with storage.reading() as second:
                storage.commit(Commit(moves=(move_after(_project(storage, SIX)),)))
                with storage.reading() as third:
                    assert [version(each, SIX) for each in (first, second, third)] == [1, 2, 3]

    def test_in_a_reading_others_can_be_asked_while_one_is_streamed(self, storage: Storage) -> None:
        for number in range(1, 400):
            given_project(storage, f"{PLAN}/{number}")
        with storage.reading() as then:
            seen = []
            for project in then.select(EVERYTHING):
                storage.commit(Commit(moves=(move_after(project),)))
                seen += [entry.number for entry in then.history(project.id)]
                seen += [each.version for each in then.select(Selection(ids=(project.id,)))]
            assert seen == [1] * 2 * 399

    def test_a_closed_storage_answers_nothing(self, storage: Storage, tmp_path: Path) -> None:
        project = given_project(storage)
        copies = storage if isinstance(storage, Copies) else None
        if copies is not None:
            copies.copy_to(tmp_path / "copy")
        storage.close()
        storage.close()
        asked: list[Callable[[], object]] = [
            storage.plans,
            lambda: storage.head(PLAN),
            lambda: storage.revisions(PLAN),
            lambda: storage.plan_entry(PLAN),
            lambda: list(storage.plan_history(PLAN)),
            lambda: storage.lifecycle(LIFECYCLE[0]),
            lambda: storage.definition(SIX),
            lambda: list(storage.definitions(PLAN)),
            lambda: storage.snapshot(SIX),
            lambda: list(storage.snapshots(EVERYTHING)),
            lambda: list(storage.select(EVERYTHING)),
            lambda: list(storage.as_of(EVERYTHING, LATER)),
            lambda: storage.evaluation(SIX, project.period),
            lambda: list(storage.evaluations(PLAN, project.period)),
            lambda: list(storage.history(SIX)),
            lambda: list(storage.histories(PLAN)),
            lambda: storage.entry_by_key(SIX, "key"),
            lambda: list(storage.entries()),
            lambda: list(storage.outbox()),
            lambda: storage.commit(entry_after(project)),
            lambda: storage.claim("console", at=LATER, limit=1, lease=LEASE),
            lambda: storage.settle([_DELIVERED]),
            lambda: storage.resend([("a", "console")], at=LATER),
            lambda: storage.reading().__enter__(),
        ]
        if copies is not None:
            asked += [
                lambda: copies.copy_to(tmp_path / "later"),
                lambda: copies.restore_from(tmp_path / "copy"),
            ]
        for ask in asked:
            with pytest.raises(StorageError) as caught:
                ask()
            assert caught.value.code == "unreachable"

    def test_in_a_reading_nothing_is_written(self, storage: Storage) -> None:
        project = given_project(storage)
        with storage.reading() as then:
            with pytest.raises(ValueError):
                then.commit(Commit(moves=(move_after(project),)))
            with pytest.raises(ValueError):
                then.claim("console", at=LATER, limit=1, lease=LEASE)
            with pytest.raises(ValueError):
                then.settle([])
            with pytest.raises(ValueError):
                then.resend([], at=LATER)
        assert version(storage, SIX) == 1

    def test_a_plans_histories_are_those_of_its_projects(self, storage: Storage) -> None:
        for project in ("gu/10", "gu/9", "gu2/1", "gu0/1", "g/1"):
            storage.commit(Commit(moves=(move_after(given_project(storage, project)),)))
        assert [(e.project, e.number) for e in storage.histories("gu")] == [
            ("gu/10", 1), ("gu/10", 2), ("gu/9", 1), ("gu/9", 2),
        ]  # fmt: skip
        assert list(storage.histories("nowhere")) == []

    def test_what_is_read_after_a_reading_has_ended_is_never_a_part(self, storage: Storage) -> None:
        """All of it, of that moment, or an error that says so."""
        for number in range(1, 700):
            given_project(storage, f"{PLAN}/{number}")
        with storage.reading() as then:
            begun = then.select(EVERYTHING)
            next(begun)
            late = then.select(EVERYTHING)
        for stream, left in ((begun, 698), (late, 699)):
            told = False
            read = 0
            try:
                for _ in stream:
                    read += 1
            except StorageError:
                told = True
            assert told or read == left
