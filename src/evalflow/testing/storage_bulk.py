"""Many projects moved alike (`evalflow.BulkStorage`), for storages that can."""

# A test's name is its sentence.
# ruff: noqa: D102

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import attrs
import pytest

from evalflow import Conflict, Project
from evalflow.plugins import Assignment
from evalflow.storage import (
    BulkStorage,
    Commit,
    Head,
    Move,
    Selection,
    Storage,
    canonical,
    move_like,
)
from evalflow.testing.children import Opener
from evalflow.testing.given import (
    LIFECYCLE,
    adoption,
    definition,
    given_plan,
    head,
    move_after,
    rating,
    revised,
)
from evalflow.testing.storage_base import StorageKit
from evalflow.testing.storage_common import EVERYTHING, PLAN, busy_move, everything


class BulkMoveTests(StorageKit):
    """A bulk move writes what its moves would one by one."""

    def test_a_bulk_move_writes_what_the_moves_one_by_one_would(
        self, new_store: Callable[[], Opener]
    ) -> None:
        swept, moved = new_store()(), new_store()()
        try:
            if not isinstance(swept, BulkStorage):
                pytest.skip(f"{type(swept).__name__} has no bulk_move: batches give it the moves")
            for storage in (swept, moved):
                _several_alike(storage)
            projects = [each for each in moved.select(EVERYTHING) if each.number != "3"]
            like = _like(projects[0])
            swept.bulk_move(like, [_last(each) for each in projects], on=None)
            moved.commit(Commit(moves=tuple([move_like(like, each) for each in projects])))

            assert everything(swept) == everything(moved)
            assert [each.version for each in swept.select(EVERYTHING)] == [2, 3, 1, 2, 2]
        finally:
            swept.close()
            moved.close()

    def test_a_bulk_move_over_a_project_that_moved_writes_nothing(self, storage: Storage) -> None:
        if not isinstance(storage, BulkStorage):
            pytest.skip(f"{type(storage).__name__} has no bulk_move: batches give it the moves")
        _several_alike(storage)
        projects = list(storage.select(EVERYTHING))
        storage.commit(Commit(moves=(move_after(projects[3], "amend"),)))
        before = everything(storage)

        with pytest.raises(Conflict):
            storage.bulk_move(_like(projects[0]), [_last(each) for each in projects], on=None)
        assert everything(storage) == before

    @pytest.mark.parametrize(
        "other", ["states", "period", "lifecycle", "plan", "unit", "unit that day", "key", "head"]
    )
    def test_a_bulk_move_writes_nothing_where_one_stands_elsewhere(
        self, storage: Storage, other: str
    ) -> None:
        if not isinstance(storage, BulkStorage):
            pytest.skip(f"{type(storage).__name__} has no bulk_move: batches give it the moves")
        _several_alike(storage)
        odd, on = _stranger(storage, other)
        stood = [each for each in storage.select(EVERYTHING) if each.id != odd.id]
        heads = [_last(each) for each in [*stood, odd]]
        before = everything(storage)

        with pytest.raises(Conflict):
            storage.bulk_move(_like(stood[0]), heads, on=on)
        assert everything(storage) == before
        storage.bulk_move(_like(stood[0]), heads[:-1], on=on)
        assert {each.version for each in storage.select(EVERYTHING)} > {odd.version}

    def test_a_bulk_move_decided_under_an_older_revision_writes_nothing(
        self, storage: Storage
    ) -> None:
        if not isinstance(storage, BulkStorage):
            pytest.skip(f"{type(storage).__name__} has no bulk_move: batches give it the moves")
        _several_alike(storage)
        projects = [each for each in storage.select(EVERYTHING) if each.number != "2"]
        like, heads = _like(projects[0]), [_last(each) for each in projects]
        storage.commit(Commit(plans=(revised(storage, head(revision=2)),)))
        before = everything(storage)

        for wrong in (1, 3):
            with pytest.raises(Conflict):
                storage.bulk_move(like, heads, on=None, under=wrong)
        assert everything(storage) == before
        storage.bulk_move(like, heads, on=None, under=2)
        assert [each.version for each in storage.select(EVERYTHING)] == [2] * 5

    def test_a_bulk_move_of_a_plan_without_revisions_is_under_none(self, storage: Storage) -> None:
        if not isinstance(storage, BulkStorage):
            pytest.skip(f"{type(storage).__name__} has no bulk_move: batches give it the moves")
        moves = [adoption(f"{PLAN}/{number}") for number in (1, 2)]
        for move in moves:
            storage.commit(Commit(moves=(move,)))
        like, heads = _like(moves[0].project), [_last(each.project) for each in moves]
        with pytest.raises(Conflict):
            storage.bulk_move(like, heads, on=None, under=1)
        storage.bulk_move(like, heads, on=None, under=0)
        assert [each.version for each in storage.select(EVERYTHING)] == [2, 2]

    def test_a_bulk_move_is_for_moves_that_others_can_make(self, storage: Storage) -> None:
        if not isinstance(storage, BulkStorage):
            pytest.skip(f"{type(storage).__name__} has no bulk_move: batches give it the moves")
        _several_alike(storage)
        projects = list(storage.select(EVERYTHING))
        rated = move_after(projects[0], rated=rating(projects[0].id, "2016-Q1"))
        late = move_after(projects[0], told=("policy-1",))
        older = attrs.evolve(late.notices[0], id=f"{projects[0].id}:1:self_evaluate:x:policy-1")
        before = everything(storage)

        for like in (rated, attrs.evolve(late, notices=(older,)), busy_move(projects[0])):
            with pytest.raises(ValueError, match=r"."):
                storage.bulk_move(like, [_last(each) for each in projects], on=None)
        storage.bulk_move(late, [], on=None)
        assert everything(storage) == before

    def test_positions_are_those_of_the_selected_projects(self, storage: Storage) -> None:
        if not isinstance(storage, BulkStorage):
            pytest.skip(f"{type(storage).__name__} has no bulk_move: batches give it the moves")
        _several_alike(storage)
        _stranger(storage, "unit that day")
        state = move_after(next(storage.select(EVERYTHING)), state="reviewed")
        storage.commit(Commit(moves=(state,)))
        for selection in (
            EVERYTHING,
            Selection(plan=PLAN, limit=2),
            Selection(on=dt.date(2016, 7, 1)),
            Selection(on=dt.date(2016, 7, 1), units=frozenset(["youth"])),
            Selection(states=("reviewed",)),
            Selection(ids=(f"{PLAN}/2", f"{PLAN}/7")),
        ):
            assert [tuple(each) for each in storage.positions(selection)] == [
                (*_last(p), p.plan, p.lifecycle, canonical(p.states), p.period, p.unit)
                for p in storage.select(selection)
            ]


def _several_alike(storage: Storage) -> None:
    """Adopt five projects; the second has one entry more."""
    given_plan(storage)
    adopted = tuple([adoption(f"{PLAN}/{n}", key=f"a{n}") for n in range(1, 6)])
    storage.commit(Commit(moves=adopted))
    storage.commit(Commit(moves=(move_after(adopted[1].project, "amend", reason='변경 "x"'),)))


def _stranger(storage: Storage, other: str) -> tuple[Project, dt.date | None]:
    """Return a project that stands elsewhere than the others, and on which day."""
    on = None
    if other == "plan":
        storage.commit(Commit(plans=(revised(storage, head("another")),), lifecycle=LIFECYCLE))
        move = adoption("another/1")
    elif other == "unit that day":
        on = dt.date(2016, 7, 1)
        since = Assignment(unit="youth", since=dt.date(2016, 6, 1))
        until = Assignment(unit="education", until=dt.date(2016, 5, 31))
        move = adoption(definition(f"{PLAN}/7", assignments=(until, since)))
    elif other == "unit":
        move = adoption(f"{PLAN}/7", unit="youth")
    elif other == "lifecycle":
        move = adoption(f"{PLAN}/7")
        entry = attrs.evolve(move.entry, lifecycle="1" * 64, hash="").sealed()
        project = attrs.evolve(move.project, lifecycle="1" * 64, head=entry.hash)
        move = attrs.evolve(move, entry=entry, project=project)
    else:
        move = adoption(f"{PLAN}/7")
    storage.commit(Commit(moves=(move,)))
    project = move.project
    if other in ("states", "period", "key"):
        move = move_after(
            project,
            "amend",
            states=("reviewed", "unchanged") if other == "states" else None,
            period="2016-Q3" if other == "period" else None,
            key="batch:1" if other == "key" else None,
        )
        storage.commit(Commit(moves=(move,)))
        project = move.project
    if other == "head":
        project = attrs.evolve(project, head="f" * 64)
    return project, on


def _last(project: Project) -> Head:
    return project.id, project.version, project.head


def _like(project: Project) -> Move:
    return move_after(
        project,
        state="submitted",
        data={"document": "주무과-1"},
        reason="일괄",
        told=("policy-1", "policy-2", "audit-1"),
        key="batch:1",
        period="2016-Q2",
    )
