"""Due rules that plugins bring: read with the lifecycle, counted, verified, and missed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

import evalflow
from evalflow import Label
from evalflow.errors import PluginError
from evalflow.lifecycle.stored import stored_lifecycle
from evalflow.plugins import DueSpec, hookimpl
from evalflow.testing import DueRuleConformance
from procedures import HEAD, PLAN

SPEC = DueSpec(
    name="session",
    label=Label("회의일", "session of the council"),
    params={"nth": None, "weekday": ("tuesday", "friday")},
    required=("nth",),
)


def session(
    calendar: Any, period: Any, start: dt.date | None, nth: str, weekday: str = "friday"
) -> dt.date:
    """The n-th Friday (or Tuesday) of the month after the day, or of the period's first."""
    begun = period.start if start is None else start
    first = (begun.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
    ahead = ({"tuesday": 1, "friday": 4}[weekday] - first.weekday()) % 7
    return first + dt.timedelta(days=ahead + 7 * (int(nth) - 1))


class Council:
    """A plugin that knows when the council sits."""

    @hookimpl
    def evalflow_due_rules(self) -> Any:
        return {"session": (SPEC, session)}


class TestSession(DueRuleConformance):
    params = {"nth": "3", "weekday": "tuesday"}  # noqa: RUF012

    @pytest.fixture
    def due_rule(self) -> Any:
        return SPEC, session


CASE = """
regions:
  r: {ko: r, en: r, initial: a, states: {a: {ko: a, en: a}, b: {ko: b, en: b},
      c: {ko: c, en: c, final: true}}}
events:
  report:
    ko: 보고
    en: Report
    by: [clerk]
    transitions: [{from: a, to: b}]
    data: {reported_on: {ko: 보고일, en: Reported on, type: date, required: true}}
  answer: {ko: 회신, en: Answer, by: [clerk], due: DUE, transitions: [{from: b, to: c}]}
"""
DUE = "{session: {after: report, on: reported_on, nth: 3}}"


COUNCIL = (Council(),)


class Office:
    def __init__(self, folder: Path, due: str = DUE, plugins: Any = COUNCIL) -> None:
        (folder / "lifecycle.yaml").write_text(HEAD + CASE.replace("DUE", due), "utf-8")
        (folder / "plan.yaml").write_text(PLAN.replace("CALENDAR", "holidays: KR"), "utf-8")
        self.at = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
        self.plan = evalflow.load_plan(folder / "plan.yaml", plugins=list(plugins))
        self.store = f"sqlite:///{folder / 'office.db'}"

    def open(self, plugins: Any = COUNCIL) -> evalflow.Engine:
        return evalflow.open(self.store, plugins=list(plugins), clock=lambda: self.at)


def test_a_due_rule_of_a_plugin_is_counted_moved_and_verified(tmp_path: Path) -> None:
    office = Office(tmp_path)
    with office.open() as engine:
        engine.adopt(office.plan, by=office.plan.actor("clerk-1"))
        by = engine.actor("p-2026", "clerk-1")
        engine.fire("p-2026/1", "report", by=by, data={"reported_on": "2026-02-27"})
        assert [(d.event, d.due) for d in engine.due(plan="p-2026")] == [
            ("answer", dt.date(2026, 3, 20))
        ]
        office.at = dt.datetime(2026, 3, 23, tzinfo=dt.UTC)
        assert engine.fire("p-2026/1", "answer", by=by).late == 3
        assert list(engine.audit.verify(deep=True)) == []
    with office.open(plugins=()) as engine:  # without the plugin nothing is told of lateness
        told: list[Any] = []
        assert list(engine.audit.verify(unchecked=told.append)) == []
        assert [each.code for each in told] == []


def test_a_rule_whose_plugin_is_gone_says_so(tmp_path: Path) -> None:
    office = Office(tmp_path)
    with office.open() as engine:
        engine.adopt(office.plan, by=office.plan.actor("clerk-1"))
        by = engine.actor("p-2026", "clerk-1")
        engine.fire("p-2026/1", "report", by=by, data={"reported_on": "2026-02-27"})
    with office.open(plugins=()) as engine:
        with pytest.raises(PluginError, match="session"):
            list(engine.due(plan="p-2026"))
        with pytest.raises(PluginError, match="session"):
            engine.fire("p-2026/1", "answer", by=engine.actor("p-2026", "clerk-1"))


def test_it_is_stored_and_comes_back_without_the_plugin(tmp_path: Path) -> None:
    made = Office(tmp_path).plan.lifecycle
    again = stored_lifecycle(made.tree, made.fingerprint)
    assert again.events == made.events


@pytest.mark.parametrize(
    ("due", "told"),
    [
        ("{sesion: {after: report, nth: 3}}", "session"),
        ("{session: {after: reprot, nth: 3}}", "report"),
        ("{session: {after: report}}", "nth"),
        ("{session: {after: report, nth: 3, weekday: monday}}", "friday"),
        ("{session: {after: report, nth: 3, first_day: true}}", "first_day"),
        ("{session: {nth: 3, on: reported_on}}", "after"),
        ("{session: {after: report, nth: 3, on: reportd_on}}", "reported_on"),
        ("{session: 3}", "key: value"),
        ("{session: {after: report, nth: 3}, day: 5}", "just one"),
    ],
)
def test_what_it_cannot_mean_is_refused_with_its_place(tmp_path: Path, due: str, told: str) -> None:
    with pytest.raises(evalflow.InvalidInput) as caught:
        Office(tmp_path, due)
    problems = caught.value.problems
    assert told in " ".join(each.text("en") for each in problems)
    assert all(each.line for each in problems)


def test_without_the_plugin_a_lifecycle_does_not_know_it(tmp_path: Path) -> None:
    with pytest.raises(evalflow.InvalidInput, match="just one of"):
        Office(tmp_path, plugins=())


def test_what_answers_no_day_is_named(tmp_path: Path) -> None:
    class Odd:
        @hookimpl
        def evalflow_due_rules(self) -> Any:
            return {"session": (SPEC, lambda calendar, period, start, **params: "friday")}

    office = Office(tmp_path)
    with office.open(plugins=(Odd(),)) as engine:
        engine.adopt(office.plan, by=office.plan.actor("clerk-1"))
        by = engine.actor("p-2026", "clerk-1")
        engine.fire("p-2026/1", "report", by=by, data={"reported_on": "2026-02-27"})
        with pytest.raises(PluginError, match="not a day"):
            list(engine.due(plan="p-2026"))
