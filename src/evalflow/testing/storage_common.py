"""What the kit's tests share: the plan they speak of, and what they look at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import evalflow
from evalflow import Project
from evalflow.storage import Commit, Move, Selection, Storage
from evalflow.testing.given import (
    BEGINNING,
    definition,
    given_project,
    head,
    move_after,
    rating,
    revised,
)

PLAN = "seodaemun-2016"
SIX = f"{PLAN}/6"
EVERYTHING = Selection()
DAY = dt.timedelta(days=1)
LEASE = dt.timedelta(minutes=5)
LATER = BEGINNING + 30 * DAY
Open = Callable[[], Storage]


def memory() -> Storage:
    """Return an empty storage in memory, which the others are compared with."""
    return evalflow.open("memory:", plugins=[]).storage


def everything(storage: Storage) -> dict[str, Any]:
    """Return all that can be read from a storage without changing it."""
    plans = storage.plans()
    projects = list(storage.select(EVERYTHING))
    return {
        "plans": {plan: (storage.revisions(plan), storage.head(plan)) for plan in plans},
        "plan_histories": {plan: list(storage.plan_history(plan)) for plan in plans},
        "definitions": {plan: list(storage.definitions(plan)) for plan in plans},
        "snapshots": list(storage.snapshots(EVERYTHING)),
        "histories": {each.id: list(storage.history(each.id)) for each in projects},
        "entries": [entry for _, entry in storage.entries()],
        "evaluations": {
            (plan, period): list(storage.evaluations(plan, period))
            for plan in plans
            for period in ("2016-Q1", "2016-Q2")
        },
        "outbox": list(storage.outbox()),
    }


def assert_sound(storage: Storage) -> None:
    """Assert that every project is where its unbroken chain of entries ends."""
    for project in storage.select(EVERYTHING):
        entries = list(storage.history(project.id))
        assert [entry.number for entry in entries] == list(range(1, project.version + 1))
        assert [entry.previous for entry in entries] == ["", *(e.hash for e in entries[:-1])]
        assert all(entry.sealed().hash == entry.hash for entry in entries)
        assert entries[-1].hash == project.head
        assert entries[-1].after == project.states


def version(storage: Storage, project: str) -> int:
    """Return the version at which the project stands, 0 where there is none."""
    snapshot = storage.snapshot(project)
    return 0 if snapshot is None else snapshot.project.version


def busy_move(project: Project) -> Move:
    """Return a move that writes something everywhere."""
    return move_after(
        project,
        key=f"key-{project.version}",
        states=("submitted", "change_requested"),
        rated=rating(project.id, project.period),
        told=("education-1", "policy-1"),
        redefined=definition(project.id, unit="youth"),
        revision=project.version + 1,
        plan_head="f" * 64,
    )


def populate(storage: Storage) -> None:
    """Put projects into all kinds of places."""
    for number, unit in (("6", "education"), ("7", "youth"), ("10", "youth"), ("A-1", "finance")):
        given_project(storage, f"{PLAN}/{number}", unit=unit)
    given_project(storage, "another-2016/6", state="submitted")
    given_project(storage, f"{PLAN}/8", state="submitted")

    def go(number: str, *events: tuple[str, dict[str, Any]]) -> None:
        snapshot = storage.snapshot(f"{PLAN}/{number}")
        assert snapshot is not None
        project = snapshot.project
        for event, said in events:
            move = move_after(project, event, **said)
            storage.commit(Commit(moves=(move,)))
            project = move.project

    def rated(number: str, band: str) -> tuple[str, dict[str, Any]]:
        figure = rating(f"{PLAN}/{number}", "2016-Q1", band=band)
        return "self_evaluate", {"rated": figure, "state": "self_evaluated"}

    go("6", rated("6", "lagging"), ("request", {"states": ("lagging", "change_requested")}))
    go("7", rated("7", "on_track"), ("open_period", {"state": "planned", "period": "2016-Q2"}))
    go("10", rated("10", "on_track"), ("submit", {"state": "submitted"}))
    redefined = definition(f"{PLAN}/A-1", unit="education", field="welfare")
    snapshot = storage.snapshot(f"{PLAN}/A-1")
    assert snapshot is not None
    move = move_after(snapshot.project, "revise", redefined=redefined, revision=2)
    storage.commit(Commit(moves=(move,), plans=(revised(storage, head(revision=2)),)))


def selections() -> list[Selection]:
    """Return a selection for every condition, alone and with others."""
    day = dt.date(2016, 5, 1)
    return [
        Selection(),
        Selection(plan=PLAN),
        Selection(plan="another-2016"),
        Selection(plan="nowhere"),
        Selection(ids=(f"{PLAN}/10", SIX, "another-2016/6", "nowhere/1")),
        Selection(ids=()),
        Selection(ids=(SIX,), plan="another-2016"),
        Selection(units=frozenset({"youth"})),
        Selection(units=frozenset({"youth", "education"}), on=day),
        Selection(units=frozenset({"finance"})),
        Selection(units=frozenset({"finance"}), on=day),
        Selection(units=frozenset()),
        Selection(on=day),
        Selection(fields=("welfare",)),
        Selection(fields=("welfare", "culture_education")),
        Selection(states=("submitted",)),
        Selection(states=("change_requested",)),
        Selection(states=("lagging", "planned")),
        Selection(states=("unchanged",), plan=PLAN),
        Selection(states=("change",)),
        Selection(states=()),
        Selection(states=('planned","unchanged', "%", "")),
        Selection(periods=("2016-Q2",)),
        Selection(periods=("2016-Q1", "2016-Q2"), limit=2),
        Selection(bands=("lagging",)),
        Selection(after=f"{PLAN}/10"),
        Selection(after=f"{PLAN}/6", limit=1),
        Selection(after=f"{PLAN}/07", states=("lagging", "planned")),
        Selection(after="another-2016/가"),
        Selection(after="zzz/1"),
        Selection(words=("6",)),
        Selection(words=("10",), limit=1),
        Selection(words=("no", "such", "words")),
        Selection(bands=("on_track", "lagging")),
        Selection(limit=1),
        Selection(limit=0),
        Selection(plan=PLAN, limit=3),
        Selection(
            plan=PLAN,
            units=frozenset({"youth"}),
            on=day,
            fields=("culture_education",),
            states=("submitted", "planned"),
            periods=("2016-Q1",),
            bands=("on_track",),
            limit=5,
        ),
    ]
