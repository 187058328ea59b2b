"""Which projects a selection means, and reading while others write."""

# A test's name is its sentence.
# ruff: noqa: D102

from __future__ import annotations

import datetime as dt

from evalflow.plugins import Assignment
from evalflow.storage import Commit, Selection, Storage
from evalflow.storage.contract import count_projects
from evalflow.testing.given import adoption, definition, entry_after, given_plan, given_project
from evalflow.testing.storage_base import StorageKit
from evalflow.testing.storage_common import (
    DAY,
    EVERYTHING,
    LATER,
    PLAN,
    SIX,
    memory,
    populate,
    selections,
    version,
)


class SelectionTests(StorageKit):
    """A selection finds the projects that it means, in order."""

    def test_projects_come_in_the_order_of_plan_and_number(self, storage: Storage) -> None:
        numbers = ["10", "9", "100", "가-1", "A-2", "A-10", "09", "2", "18446744073709551617"]
        for plan in (PLAN, "an-office-2016"):
            for number in numbers:
                given_project(storage, f"{plan}/{number}")

        right = ["2", "09", "9", "10", "100", "18446744073709551617", "A-10", "A-2", "가-1"]
        assert [p.id for p in storage.select(EVERYTHING)] == [
            f"{plan}/{number}" for plan in ("an-office-2016", PLAN) for number in right
        ]
        assert [d[0].rpartition("/")[2] for d in storage.definitions(PLAN)] == right

    def test_every_condition_of_a_selection_counts(self, storage: Storage) -> None:
        chosen = selections()
        populate(storage)
        model = memory()
        populate(model)

        for selection in chosen:
            right = list(model.select(selection))
            assert list(storage.select(selection)) == right, selection
            assert list(storage.snapshots(selection)) == list(model.snapshots(selection))
            with storage.reading() as then:
                assert {count_projects(each, selection) for each in (storage, then)} == {len(right)}
        assert {len(list(model.select(each))) for each in chosen} > {0, 1, 2, 3}

    def test_a_project_counts_to_the_unit_that_answers_on_the_day(self, storage: Storage) -> None:
        summer, autumn = dt.date(2016, 6, 30), dt.date(2016, 9, 1)
        said = definition(
            SIX,
            assignments=[
                Assignment(unit="education", since=dt.date(2016, 2, 1), until=summer),
                Assignment(unit="youth", since=dt.date(2016, 7, 1), until=dt.date(2016, 7, 31)),
                Assignment(unit="finance", since=autumn),
            ],
        )
        given_plan(storage)
        storage.commit(Commit(moves=(adoption(said),)))
        given_project(storage, f"{PLAN}/7", unit="youth")

        for day, unit in [
            (dt.date(2016, 1, 1), "education"),  # none yet: the next to come
            (dt.date(2016, 2, 1), "education"),
            (summer, "education"),
            (summer + DAY, "youth"),
            (dt.date(2016, 7, 31), "youth"),
            (dt.date(2016, 8, 15), "finance"),  # a gap: the next to come
            (autumn, "finance"),
            (dt.date(2030, 1, 1), "finance"),
        ]:
            assert said.unit_on(day) == unit
            everyone = Selection(on=day)
            assert [p.unit for p in storage.select(everyone)] == [unit, "youth"]
            for asked in ("education", "youth", "finance"):
                selection = Selection(units=frozenset({asked}), on=day)
                right = [SIX] * (asked == unit) + [f"{PLAN}/7"] * (asked == "youth")
                assert [p.id for p in storage.select(selection)] == right
                assert [s.project.id for s in storage.snapshots(selection)] == right
        assert [p.unit for p in storage.select(Selection(ids=(SIX,)))] == ["education"]

    def test_the_last_assignment_counts_where_all_are_over(self, storage: Storage) -> None:
        said = definition(
            SIX,
            assignments=[
                Assignment(unit="education", until=dt.date(2016, 3, 31)),
                Assignment(unit="youth", since=dt.date(2016, 4, 1), until=dt.date(2016, 12, 31)),
            ],
        )
        given_plan(storage)
        storage.commit(Commit(moves=(adoption(said),)))

        assert [p.unit for p in storage.select(Selection(on=dt.date(2017, 1, 5)))] == ["youth"]

    def test_writing_while_reading_disturbs_neither(self, storage: Storage) -> None:
        given_plan(storage)
        adopted = tuple(adoption(f"{PLAN}/{n}") for n in range(1, 701))
        storage.commit(Commit(moves=adopted))

        seen = []
        for project in storage.select(EVERYTHING):
            seen.append(project.id)
            if project.version == 1 and len(seen) % 70 == 1:
                storage.commit(entry_after(project))

        assert seen == [move.project.id for move in adopted]
        assert sum(1 for project in storage.select(EVERYTHING) if project.version == 2) == 10

    def test_a_reading_that_is_given_up_leaves_nothing_behind(self, storage: Storage) -> None:
        given_plan(storage)
        moves = tuple(adoption(f"{PLAN}/{n}") for n in range(1, 701))
        storage.commit(Commit(moves=moves))
        for read in (
            storage.select(EVERYTHING),
            storage.snapshots(EVERYTHING),
            storage.as_of(EVERYTHING, LATER),
            storage.entries(),
            storage.definitions(PLAN),
        ):
            next(read)
            getattr(read, "close", lambda: None)()

        storage.commit(entry_after(moves[0].project))
        assert version(storage, moves[0].project.id) == 2
