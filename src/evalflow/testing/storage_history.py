"""Entries in order, and projects as of a moment."""

# A test's name is its sentence.
# ruff: noqa: D102

from __future__ import annotations

import datetime as dt
from itertools import groupby
from typing import Any

import attrs
import pytest

from evalflow import Label, Project
from evalflow.storage import Commit, Selection, Storage
from evalflow.storage.contract import ReadsDefined, ReadsTogether, count_entries
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
from evalflow.testing.storage_common import DAY, EVERYTHING, LATER, PLAN, SIX


def _standing(storage: Storage, name: str) -> Project:
    snapshot = storage.snapshot(name)
    assert snapshot is not None
    return snapshot.project


class HistoryTests(StorageKit):
    """What was true at a moment can be read back."""

    def test_a_project_as_of_a_moment_is_as_its_last_entry_left_it(self, storage: Storage) -> None:
        changed = definition(SIX, field="welfare", unit="youth", label=Label("뒤", "After"))
        moves = [adoption(SIX)]
        for event, said in [
            ("self_evaluate", {"state": "self_evaluated", "rated": rating(SIX, "2016-Q1")}),
            ("request_change", {"states": ("self_evaluated", "change_requested")}),
            ("approve_change", {"redefined": changed, "revision": 2}),
            ("review", {"state": "reviewed", "rated": rating(SIX, "2016-Q1", band="on_track")}),
            ("open_period", {"state": "planned", "period": "2016-Q2"}),
            ("amend", {}),
        ]:
            moves.append(move_after(moves[-1].project, event, **said))  # type: ignore[arg-type]
        given_plan(storage)
        for move in moves:
            redefined = move.definition and move.expected
            plans = (revised(storage, head(revision=2)),) if redefined else ()
            storage.commit(Commit(moves=(move,), plans=plans))
        given_project(storage, f"{PLAN}/7", at=LATER)

        def then(at: dt.datetime, **where: Any) -> list[Project]:
            return list(storage.as_of(Selection(**where), at))

        assert then(BEGINNING - dt.timedelta(microseconds=1)) == []
        for move in moves:
            left = attrs.evolve(move.project, change=None)
            assert then(move.entry.at) == [left]
            assert then(move.entry.at + dt.timedelta(minutes=59)) == [left]
        assert [p.id for p in then(LATER)] == [SIX, f"{PLAN}/7"]

        evaluated = moves[1].entry.at
        assert [p.version for p in then(evaluated, states=("self_evaluated",))] == [2]
        assert then(evaluated, states=("planned",)) == []
        assert [p.version for p in then(LATER, states=("planned",))] == [7, 1]
        assert [p.label.en for p in then(evaluated, fields=("culture_education",))] == [
            "Seoul innovative education district"
        ]
        assert then(evaluated, fields=("welfare",)) == []
        assert [p.label.en for p in then(LATER, fields=("welfare",))] == ["After"]
        assert [p.band for p in then(evaluated, bands=("lagging",))] == ["lagging"]
        assert then(LATER, bands=("lagging",)) == []
        assert then(LATER, periods=("2016-Q1",), ids=(SIX,)) == []
        assert len(then(LATER, limit=1)) == 1
        assert then(LATER, limit=0) == []
        today = dt.date(2016, 2, 1)
        assert [p.unit for p in then(evaluated, on=today)] == ["education"]
        assert [p.unit for p in then(LATER, on=today, ids=(SIX,))] == ["youth"]
        assert then(evaluated, on=today, units=frozenset({"youth"})) == []

    def test_a_rating_of_an_earlier_period_is_none_of_the_period_that_runs(
        self, storage: Storage
    ) -> None:
        project = given_project(storage)
        told = [
            ("self_evaluate", {"rated": rating(SIX, "2016-Q1")}),
            ("open_period", {"period": "2016-Q2"}),
            ("spot_check", {"rated": rating(SIX, "2016-Q1")}),
            ("self_evaluate", {"rated": rating(SIX, "2016-Q2", band="on_track")}),
            ("spot_check", {"rated": rating(SIX, "2016-Q1")}),
        ]
        for (event, said), band in zip(
            told, ("lagging", None, None, "on_track", "on_track"), strict=True
        ):
            move = move_after(project, event, **said)  # type: ignore[arg-type]
            project = attrs.evolve(move.project, band=band)
            storage.commit(Commit(moves=(attrs.evolve(move, project=project),)))
            assert list(storage.as_of(EVERYTHING, LATER)) == [project]

    def test_a_clock_that_went_back_hides_no_later_entry(self, storage: Storage) -> None:
        project = given_project(storage, at=BEGINNING + DAY)
        storage.commit(entry_after(project, state="submitted", at=BEGINNING))

        (then,) = storage.as_of(EVERYTHING, BEGINNING + dt.timedelta(hours=1))
        assert (then.version, then.states[0], then.visits) == (2, "submitted", (2, 1))

    def test_a_history_can_be_read_from_any_number(self, storage: Storage) -> None:
        project = given_project(storage)
        entries = list(storage.history(SIX))
        for _ in range(3):
            move = move_after(project)
            storage.commit(Commit(moves=(move,)))
            entries.append(move.entry)
            project = move.project
        given_project(storage, f"{PLAN}/60")

        assert [list(storage.history(SIX, after=n)) for n in range(6)] == [
            entries[n:] for n in range(6)
        ]
        assert list(storage.history(f"{PLAN}/66")) == []

    def test_what_is_read_of_many_projects_at_once_is_what_is_read_of_each(
        self, storage: Storage
    ) -> None:
        if not isinstance(storage, ReadsTogether):
            pytest.skip(f"{type(storage).__name__} is asked for one project after the other")
        names = [f"{PLAN}/{number}" for number in ("10", "9", "6-1", "6")]
        for name in names:
            key = f"of {name}" if name == SIX else "of many"
            storage.commit(entry_after(given_project(storage, name), key=key))
        redefined = move_after(_standing(storage, SIX), redefined=definition(SIX), revision=2)
        storage.commit(Commit(moves=(redefined,), plans=(revised(storage, head(revision=2)),)))

        asked = [*names[1:], f"{PLAN}/66"]
        read = [list(own) for _, own in groupby(storage.histories_of(asked), lambda e: e.project)]
        assert sorted(read, key=lambda own: own[0].project) == [
            list(storage.history(name)) for name in sorted(names[1:])
        ]
        assert sorted(storage.latest_definitions(asked)) == [
            (name, *(storage.definition(name) or ())) for name in sorted(names[1:])
        ]
        keyed = sorted(storage.entries_by_key(asked, "of many"), key=lambda entry: entry.project)
        assert keyed == [
            entry
            for name in sorted(names[1:])
            if (entry := storage.entry_by_key(name, "of many")) is not None
        ]
        assert len(keyed) == 2
        assert [*storage.histories_of([]), *storage.latest_definitions([])] == []
        assert list(storage.entries_by_key([], "of many")) == []

    def test_a_project_comes_with_what_it_is(self, storage: Storage) -> None:
        if not isinstance(storage, ReadsDefined):
            pytest.skip(f"{type(storage).__name__} is asked for the definition by itself")
        assert storage.defined_snapshot(SIX) is None
        standing = given_project(storage, SIX)
        given_project(storage, f"{PLAN}/9")
        changed = definition(SIX, label=Label("뒤", "After"))
        redefined = move_after(standing, redefined=changed, revision=2)
        storage.commit(Commit(moves=(redefined,), plans=(revised(storage, head(revision=2)),)))

        for name in (SIX, f"{PLAN}/9"):
            stored = storage.definition(name)
            assert stored is not None
            assert storage.defined_snapshot(name) == (storage.snapshot(name), stored[1])

    def test_entries_come_as_they_were_written_and_can_be_continued(self, storage: Storage) -> None:
        two, one = given_project(storage, f"{PLAN}/2"), given_project(storage, f"{PLAN}/1")
        storage.commit(Commit(moves=(move_after(two), move_after(one))))
        found = list(storage.entries())

        assert [(e.project, e.number) for _, e in found] == [
            (two.id, 1), (one.id, 1), (two.id, 2), (one.id, 2),
        ]  # fmt: skip
        positions = [position for position, _ in found]
        assert positions == sorted(set(positions))
        assert positions[0] > 0
        for seen, position in enumerate(positions, 1):
            assert list(storage.entries(after=position)) == found[seen:]
            assert list(storage.entries(after=position, limit=1)) == found[seen : seen + 1]
        assert list(storage.entries(limit=0)) == []

    def test_entries_are_read_from_the_end_too(self, storage: Storage) -> None:
        two, one = given_project(storage, f"{PLAN}/2"), given_project(storage, f"{PLAN}/1")
        storage.commit(Commit(moves=(move_after(two), move_after(one))))
        with storage.reading() as then:
            for read in (storage, then):
                found = list(read.entries())[::-1]
                for seen, after in enumerate([0, *[position for position, _ in found]]):
                    for limit in (None, 0, 1, 2):
                        page = read.entries(after=after, limit=limit, newest=True)
                        assert list(page) == found[seen:][:limit]

    def test_entries_are_counted_of_all_or_of_some_plans(self, storage: Storage) -> None:
        one = given_project(storage, SIX)
        given_project(storage, "an-office-2016/1")
        storage.commit(Commit(moves=(move_after(one),)))
        with storage.reading() as then:
            for read in (storage, then):
                plans = [entry.project.rpartition("/")[0] for _, entry in read.entries()]
                assert count_entries(read) == len(plans)
                for asked in ([PLAN], ["an-office-2016"], [PLAN, "an-office-2016"], ["no"], []):
                    right = sum(plan in asked for plan in plans)
                    assert count_entries(read, asked) == right
