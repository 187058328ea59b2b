"""A clock that jumps ahead once: refused where a trusted source says otherwise, and put right by an
entry where it was not (the attack h16 A).

On the code before, the firing of 2036 was written and every later one refused until then.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

import evalflow
from evalflow.engine import clock_guard

WRONG = dt.datetime(2036, 1, 1, tzinfo=dt.UTC)


class Machine:
    """A machine's clock, which jumps, and the time since it was started, which does not."""

    def __init__(self) -> None:
        self.moment = dt.datetime(2016, 4, 4, 1, tzinfo=dt.UTC)
        self.since = dt.timedelta(days=3)

    def goes_on(self, **time: float) -> None:
        self.moment += dt.timedelta(**time)
        self.since += dt.timedelta(**time)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """The machine of engines that are given no clock."""
    machine = Machine()
    monkeypatch.setattr(clock_guard, "wall", lambda: machine.moment)
    monkeypatch.setattr(clock_guard, "elapsed", lambda: machine.since)
    return machine


@pytest.fixture
def engine(store_url: str, plan_file: Path, machine: Machine) -> Iterator[evalflow.Engine]:
    with evalflow.open(store_url, plugins=[]) as engine:
        plan = evalflow.load_plan(plan_file)
        engine.adopt(plan, by=plan.actor("policy-1"))
        yield engine


def fire(engine: evalflow.Engine, project: str = "gu/3", day: int = 12) -> evalflow.Entry:
    data = {"deadline": "self_evaluate", "until": f"2016-04-{day}", "reason": "명절"}
    return engine.fire(project, "extend_deadline", by="policy-1", data=data)


def told(raised: pytest.ExceptionInfo[evalflow.InvalidInput]) -> str:
    (problem,) = raised.value.problems
    assert problem.code == "clock_ahead"
    return problem.text("en")


# ------------------------------------------------------------------ refused


def test_a_clock_that_jumped_ahead_writes_nothing_and_all_goes_on_when_it_is_right(
    engine, machine, store_url
):
    right = machine.moment
    machine.moment = WRONG
    with pytest.raises(evalflow.InvalidInput) as raised:
        fire(engine)
    assert "2036-01-01 00:00:00" in told(raised)
    assert "2016-04-04 01:00:00" in told(raised)
    assert len(list(engine.history("gu/3"))) == 1

    machine.moment = right
    assert fire(engine).number == 2
    assert list(engine.audit.verify()) == []


def test_batches_and_revisions_of_the_plan_are_refused_too(engine, machine):
    machine.goes_on(hours=1)
    data = {"deadline": "self_evaluate", "until": "2016-04-12", "reason": "명절"}
    machine.moment += dt.timedelta(days=1)
    batch = engine.batch("extend_deadline", by="policy-1", where={"plan": "gu"}, data=data)
    receipts = list(engine.batches.apply(batch))
    assert {receipt.outcome for receipt in receipts} == {"conflict"}
    assert {reason.code for receipt in receipts for reason in receipt.reasons} == {"clock_ahead"}
    plan = engine.plans.with_tables("gu", [])
    head = attrs.evolve(plan.head, label=evalflow.Label("새 이름", "New name"))
    head = attrs.evolve(head, tree={**head.tree, "ko": "새 이름"})
    with pytest.raises(evalflow.InvalidInput) as raised:
        engine.adopt(attrs.evolve(plan, head=head), by="policy-1", reason="이름")
    told(raised)
    assert engine.plans.head("gu").revision == 1


def test_time_that_really_passes_is_no_jump_however_long_it_is(engine, machine):
    machine.goes_on(days=13)
    assert fire(engine, day=20).number == 2
    machine.goes_on(seconds=1)
    assert fire(engine, "gu/1", day=20).number == 2


def test_a_clock_that_was_behind_and_is_set_right_within_the_hour_stays_right(engine, machine):
    machine.moment -= dt.timedelta(minutes=50)
    machine.goes_on(minutes=51)
    assert fire(engine).number == 2
    machine.moment += dt.timedelta(minutes=50)
    assert fire(engine, "gu/1").number == 2
    machine.moment += dt.timedelta(minutes=59)
    assert fire(engine, "gu/2").number == 2


def test_a_host_with_a_clock_of_its_own_says_what_time_it_is(office):
    office.clock.go("2016-04-04")
    fire(office.engine, day=12)
    office.clock.go("2016-04-10")
    assert fire(office.engine, day=15).number == 3
