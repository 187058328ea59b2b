"""An office to print forms of: the example's bureau after the first quarter."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import evalflow_forms
import pytest
from evalflow_forms.sheet import Sheet

import evalflow
from evalflow.plugins import FormRequest

PLAN = "seodaemun-2016"
CARD = {"state": "on_track", "text": "정상 추진", "papers": ["추진실적"]}
BUREAU = "autonomy"
EXAMPLE = evalflow.example(PLAN)


class Office:
    """The example's bureau after the first quarter, with a clock to turn."""

    def __init__(self, path: Path, source: Path = EXAMPLE) -> None:
        self.now = dt.datetime(2016, 2, 25, tzinfo=dt.UTC)
        self.engine = evalflow.open(f"sqlite:///{path}", plugins=[evalflow_forms], clock=self.clock)
        plan = evalflow.load_plan(source)
        self.engine.adopt(plan, by=plan.actor("policy-1"))
        self.now = dt.datetime(2016, 4, 2, tzinfo=dt.UTC)
        self.numbers = [p.number for p in self.engine.projects(plan=PLAN, unit=BUREAU)]
        for number in self.numbers:
            self.self_evaluate(number, Decimal("0.85") if number == "9" else Decimal(1))

    def clock(self) -> dt.datetime:
        self.now += dt.timedelta(seconds=1)
        return self.now

    def self_evaluate(self, number: str, share: Decimal, event: str = "self_evaluate") -> None:
        project = f"{PLAN}/{number}"
        definition = self.engine.plans.definition(project)
        actuals: dict[str, Any] = {}
        for each in definition.indicators:
            target = each.targets["2016-Q1"]
            actuals[each.id] = {"not_due": "때가 아님"}
            if isinstance(target, Decimal):
                actuals[each.id] = target if each.formula == "milestone" else target * share
                if each.accumulation == "ratio":
                    actuals[each.id] = f"{actuals[each.id]:f}/100"
        data: dict[str, Any] = {"actuals": actuals}
        data["explanations"] = {
            each.id: {"cause": "협의 지연", "countermeasure": "집중 추진", "follow_up": "점검"}
            for each in definition.indicators
        }
        data["cards"] = {str(n): CARD for n in range(1, len(definition.cards) + 1)}
        if not definition.cards:
            del data["cards"]
        unit = self.engine.project(project).unit
        by = self.engine.actor(PLAN, f"{unit}-1")
        self.engine.fire(project, event, by=by, data=data)

    def form(self, name: str, **options: Any) -> Any:
        return self.engine.plugins.form(name, options)

    def sheet(self, name: str, request: FormRequest, **options: Any) -> Sheet:
        made: Sheet = self.form(name, **options).form.sheet(self.engine, request)
        return made


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    office = Office(tmp_path_factory.mktemp("forms") / "office.db")
    yield office
    office.engine.close()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path / "office.db")
    yield office
    office.engine.close()


@pytest.fixture
def open_office() -> Iterator[Any]:
    """Open offices of other plans than the example; they are closed afterwards."""
    opened: list[Office] = []

    def office(path: Path, source: Path) -> Office:
        opened.append(Office(path, source))
        return opened[-1]

    yield office
    for each in opened:
        each.engine.close()
