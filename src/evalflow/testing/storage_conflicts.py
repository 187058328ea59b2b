"""Who comes second writes nothing: versions, keys, and histories that do not continue."""

# A test's name is its sentence.
# ruff: noqa: D102

from __future__ import annotations

import datetime as dt
from typing import Any

import attrs
import pytest

from evalflow import Conflict
from evalflow.model import Assignment
from evalflow.storage import Commit, Roster, Storage
from evalflow.testing.given import (
    BEGINNING,
    adoption,
    definition,
    entry_after,
    given_plan,
    given_project,
    head,
    move_after,
    rating,
    revised,
)
from evalflow.testing.storage_base import StorageKit
from evalflow.testing.storage_common import EVERYTHING, PLAN, SIX, everything, version


class ConflictTests(StorageKit):
    """A commit is written whole, and only where nobody was first."""

    def test_a_move_decided_on_an_older_version_conflicts(self, storage: Storage) -> None:
        project = given_project(storage)
        first = move_after(project, "submit", state="submitted")
        second = move_after(
            project,
            "withdraw",
            state="planned",
            rated=rating(SIX, "2016-Q1"),
            told=("policy-1",),
            key="second",
        )
        storage.commit(Commit(moves=(first,)))
        before = everything(storage)

        with pytest.raises(Conflict) as conflict:
            storage.commit(Commit(moves=(second,)))

        assert conflict.value.project == SIX
        assert everything(storage) == before

    def test_a_move_ahead_of_the_stored_version_conflicts(self, storage: Storage) -> None:
        project = given_project(storage)
        ahead = move_after(move_after(project).project)
        before = everything(storage)

        with pytest.raises(Conflict):
            storage.commit(Commit(moves=(ahead,)))

        assert everything(storage) == before

    def test_a_project_is_adopted_once(self, storage: Storage) -> None:
        given_project(storage, state="submitted")
        before = everything(storage)

        with pytest.raises(Conflict):
            storage.commit(Commit(moves=(adoption(SIX, unit="youth"),)))

        assert everything(storage) == before

    def test_a_move_of_an_unknown_project_conflicts(self, storage: Storage) -> None:
        given_plan(storage)
        with pytest.raises(Conflict):
            storage.commit(entry_after(adoption(SIX).project))
        assert list(storage.entries()) == []

    def test_one_conflict_spoils_the_whole_commit(self, storage: Storage) -> None:
        one, two, three = (given_project(storage, f"{PLAN}/{n}") for n in (1, 2, 3))
        storage.commit(entry_after(two))
        before = everything(storage)
        moves = tuple(
            move_after(project, told=("education-1",), rated=rating(project.id, "2016-Q1"))
            for project in (one, two, three)
        )

        with pytest.raises(Conflict) as conflict:
            storage.commit(
                Commit(
                    moves=(adoption(f"{PLAN}/4"), *moves),
                    plans=(revised(storage, head(revision=2)),),
                    lifecycle=("1" * 64, "{}"),
                )
            )

        assert conflict.value.project == two.id
        assert everything(storage) == before
        assert storage.lifecycle("1" * 64) is None

    def test_a_project_that_was_looked_at_must_not_have_moved(self, storage: Storage) -> None:
        one, two = (given_project(storage, f"{PLAN}/{n}") for n in (1, 2))
        move = move_after(one)
        storage.commit(entry_after(two))
        before = everything(storage)

        with pytest.raises(Conflict) as conflict:
            storage.commit(Commit(moves=(move,), unchanged=((two.id, 1),)))
        assert conflict.value.project == two.id
        assert everything(storage) == before

        storage.commit(Commit(moves=(move,), unchanged=((two.id, 2), (f"{PLAN}/9", 0))))
        assert version(storage, one.id) == 2

    @pytest.mark.parametrize(("moves", "notices"), [(1, 0), (1, 1), (1, 2), (2, 1)])
    def test_what_was_decided_under_an_older_revision_conflicts(
        self, storage: Storage, moves: int, notices: int
    ) -> None:
        told = ("policy-1", "policy-2")[:notices]
        projects = [given_project(storage, f"{PLAN}/{n}") for n in range(1, moves + 1)]
        storage.commit(Commit(plans=(revised(storage, head(revision=2)),)))
        made = tuple([move_after(each, told=told) for each in projects])
        before = everything(storage)

        for wrong in (1, 3):
            with pytest.raises(Conflict) as conflict:
                storage.commit(Commit(moves=made, revisions=((PLAN, wrong),)))
            assert conflict.value.project == PLAN
        with pytest.raises(Conflict):
            storage.commit(Commit(moves=made, revisions=((PLAN, 2), ("nowhere", 1))))
        with pytest.raises(Conflict):
            storage.commit(
                Commit(revisions=((PLAN, 1),), plans=(revised(storage, head(revision=3)),))
            )
        assert everything(storage) == before

        storage.commit(Commit(moves=made, revisions=((PLAN, 2), ("nowhere", 0))))
        assert [version(storage, each.id) for each in projects] == [2] * moves

    @pytest.mark.parametrize("others", [(), (("nowhere", 0),)])
    def test_of_a_plan_without_revisions_the_latest_one_is_none(
        self, storage: Storage, others: tuple[tuple[str, int], ...]
    ) -> None:
        adopted = adoption(f"{PLAN}/6")
        storage.commit(Commit(moves=(adopted,)))
        project = adopted.project
        with pytest.raises(Conflict):
            storage.commit(Commit(moves=(move_after(project),), revisions=((PLAN, 1), *others)))
        storage.commit(Commit(moves=(move_after(project),), revisions=((PLAN, 0), *others)))
        assert version(storage, project.id) == 2

    def test_a_project_that_came_into_the_unit_or_left_it_conflicts(self, storage: Storage) -> None:
        given_plan(storage)
        day = dt.date(2016, 7, 1)
        since = Assignment(unit="youth", since=dt.date(2016, 6, 1))
        until = Assignment(unit="education", until=dt.date(2016, 5, 31))
        moved = adoption(definition(f"{PLAN}/2", assignments=(until, since)))
        there = adoption(f"{PLAN}/1", unit="youth")
        storage.commit(Commit(moves=(there, moved, adoption(f"{PLAN}/3", unit="finance"))))
        found = frozenset([there.project.id, moved.project.id])
        roster = Roster(plan=PLAN, units=frozenset({"youth", "sports"}), on=day, ids=found)
        move = move_after(there.project)
        before = everything(storage)

        for ids, differs in (
            ({there.project.id}, moved.project.id),
            ({there.project.id, f"{PLAN}/3"}, moved.project.id),
            ({*found, f"{PLAN}/9"}, f"{PLAN}/9"),
            ((), there.project.id),
        ):
            wrong = attrs.evolve(roster, ids=frozenset(ids))
            with pytest.raises(Conflict) as conflict:
                storage.commit(Commit(moves=(move,), rosters=(roster, wrong)))
            assert conflict.value.project == differs
        earlier = attrs.evolve(roster, on=dt.date(2016, 5, 1))
        with pytest.raises(Conflict):
            storage.commit(Commit(moves=(move,), rosters=(earlier,)))
        assert everything(storage) == before

        storage.commit(Commit(moves=(move,), revisions=((PLAN, 1),), rosters=(roster,)))
        came = adoption(f"{PLAN}/4", unit="sports")
        storage.commit(Commit(moves=(came,)))
        with pytest.raises(Conflict) as conflict:
            storage.commit(Commit(moves=(move_after(move.project),), rosters=(roster,)))
        assert conflict.value.project == came.project.id

    def test_a_key_is_used_once_in_a_project(self, storage: Storage) -> None:
        one, two = (given_project(storage, f"{PLAN}/{n}") for n in (1, 2))
        first = move_after(one, key="2016-04-05/submit")
        storage.commit(Commit(moves=(first,)))
        storage.commit(entry_after(two, key="2016-04-05/submit"))
        before = everything(storage)

        with pytest.raises(Conflict):
            storage.commit(entry_after(first.project, key="2016-04-05/submit", told=("policy-1",)))

        assert everything(storage) == before
        assert storage.entry_by_key(one.id, "2016-04-05/submit") == first.entry
        without = move_after(first.project)
        storage.commit(Commit(moves=(without,)))
        storage.commit(entry_after(without.project))
        assert version(storage, one.id) == 4

    @pytest.mark.parametrize(
        "wrong",
        [
            pytest.param({"previous": "f" * 64}, id="another predecessor"),
            pytest.param({"before": ("approved", "unchanged")}, id="other states before"),
            pytest.param({"period": "2016-Q3"}, id="another period"),
            pytest.param({"number": 3}, id="a gap"),
            pytest.param({"number": 1}, id="a number again"),
            pytest.param({"after": ("approved", "unchanged")}, id="another project state"),
            pytest.param({"at": BEGINNING.replace(tzinfo=None)}, id="no time zone"),
            pytest.param(
                {"at": BEGINNING.astimezone(dt.timezone(dt.timedelta(hours=9)))}, id="not UTC"
            ),
        ],
    )
    def test_an_entry_continues_the_history_or_is_refused(
        self, storage: Storage, wrong: dict[str, Any]
    ) -> None:
        project = given_project(storage)
        move = move_after(project, told=("policy-1",))
        entry = attrs.evolve(move.entry, **wrong, hash="").sealed()
        broken = attrs.evolve(
            move, entry=entry, project=attrs.evolve(move.project, head=entry.hash)
        )
        before = everything(storage)

        with pytest.raises(ValueError):
            storage.commit(Commit(moves=(broken,)))

        assert everything(storage) == before
        storage.commit(Commit(moves=(move,)))

    def test_many_moves_are_one_commit(self, storage: Storage) -> None:
        given_plan(storage)
        numbers = range(1, 501)
        adopted = tuple(adoption(f"{PLAN}/{n}", key=f"a{n}") for n in numbers)
        storage.commit(Commit(moves=adopted))
        moved = tuple(
            move_after(each.project, rated=rating(each.project.id, "2016-Q1"), told=("policy-1",))
            for each in adopted
        )
        storage.commit(Commit(moves=moved))

        assert [p.version for p in storage.select(EVERYTHING)] == [2] * len(numbers)
        assert [e.project for _, e in storage.entries()] == [
            f"{PLAN}/{n}" for _ in range(2) for n in numbers
        ]
        assert len(list(storage.outbox())) == len(numbers)
