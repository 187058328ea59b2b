"""A clock that jumps ahead once: refused where a trusted source says otherwise, and put right by an
entry where it was not (the attack h16 A).

On the code before, the firing of 2036 was written and every later one refused until then.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

import evalflow
from evalflow.engine import clock_guard
from evalflow.model import Commit, dated
from offices import Office

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


# ------------------------------------------------------------------ put right


RIGHT = dt.datetime(2016, 4, 4, 0, 30, tzinfo=dt.UTC)
WHY = "서버 시계가 2036년으로 잘못되어 있었음"


def jumped(office: Office) -> evalflow.Entry:
    """Let something be fired while the host's clock is twenty years ahead, and set it right."""
    office.clock.go("2016-04-04")
    office.clock.moment = WRONG
    entry = office.evaluate("gu/3")
    office.clock.go("2016-04-04")
    return entry


def request(office: Office, project: str = "gu/3", by: str = "road-head") -> evalflow.Entry:
    indicator = {"gu/3": "metres", "gu/1": "schools"}[project]
    return office.fire(
        project,
        "request_change",
        by,
        kind="target",
        change={"indicators": {indicator: {"targets": {"2016-Q4": "2100"}}}},
        reason="사유",
        detail="내용",
        reported_on="2016-04-01",
    )


def redate(office: Office, **how: Any) -> tuple[str, ...]:
    how = {"to": RIGHT, "by": "policy-1", "reason": WHY, **how}
    return office.engine.plans.redate("gu", **how)


def codes(raised: pytest.ExceptionInfo[evalflow.InvalidInput]) -> list[str]:
    return [each.code for each in raised.value.problems]


def found(office: Office) -> list[str]:
    return [each.code for each in office.engine.audit.verify()]


def test_one_jump_does_not_block_a_project_until_then(office):
    wrong = jumped(office)
    assert wrong.late is not None
    assert wrong.late > 7000
    with pytest.raises(evalflow.InvalidInput) as raised:
        office.compile("gu/3")
    assert codes(raised) == ["clock_set_back"]

    assert redate(office) == ("gu/3",)
    assert office.compile("gu/3").number == 4
    entry = list(office.engine.history("gu/3"))[2]
    assert (entry.event, entry.actor, entry.role) == ("redate", "policy-1", "policy_office")
    assert (entry.reason, entry.before) == (WHY, entry.after)
    assert entry.data == {
        "entries": [2],
        "late": {"2": 0},
        "to": RIGHT.isoformat("T", "microseconds"),
    }
    assert found(office) == []
    assert [each.code for each in office.engine.audit.verify(deep=True)] == []


def test_what_was_written_stays_and_what_counts_is_the_time_put_right(office):
    wrong = jumped(office)
    redate(office)
    office.compile("gu/3")
    history = list(office.engine.history("gu/3"))
    assert history[1] == wrong
    counts = dated(history)[1]
    assert (counts.at, counts.late, counts.hash) == (RIGHT, 0, wrong.hash)
    assert office.engine.project("gu/3").states == history[-1].after
    then = office.clock.moment + dt.timedelta(days=1)
    (as_of,) = office.engine.projects(at=then, ids=["gu/3"])
    assert as_of.states == history[-1].after


def test_days_late_are_counted_from_the_day_that_they_were_due(office):
    office.clock.go("2016-04-04")
    office.clock.moment = WRONG
    office.evaluate("gu/3")
    office.clock.go("2016-04-08")
    redate(office, to=office.clock.moment)
    assert dated(office.engine.history("gu/3"))[1].late == 3


def test_a_clock_that_counts_from_such_an_entry_counts_from_when_it_was_made(office):
    """The letter after an approved change is due within ten days of the approval (R43, R52)."""
    office.clock.go("2016-04-04")
    request(office)
    office.fire("gu/3", "consult", "policy-1", opinion="이견 없음")
    office.clock.go("2016-06-01")
    office.fire("gu/3", "approve_change", "mayor-1")
    office.clock.go("2016-04-05")

    def day():
        (due,) = [d for d in office.engine.due(ids=["gu/3"]) if d.event == "file_change"]
        return due.due

    assert day() > dt.date(2016, 6, 10)
    assert redate(office, to=office.clock.moment) == ("gu", "gu/3")  # the plan's own entry, too
    assert day() == dt.date(2016, 4, 15)
    assert found(office) == []


def test_a_plan_that_was_revised_ahead_can_be_revised_again(office):
    def named(name):
        plan = office.engine.plans.with_tables("gu", [])
        tree = {**plan.head.tree, "en": name}
        head = attrs.evolve(plan.head, label=evalflow.Label("이름", name), tree=tree)
        return attrs.evolve(plan, head=head)

    office.clock.moment = WRONG
    office.engine.adopt(named("One"), by="policy-1", reason="이름")
    office.clock.go("2016-04-04")
    with pytest.raises(evalflow.InvalidInput) as raised:
        office.engine.adopt(named("Two"), by="policy-1", reason="이름")
    assert codes(raised) == ["clock_set_back"]

    assert redate(office) == ("gu",)
    assert office.engine.adopt(named("Two"), by="policy-1", reason="이름").revision == 3
    last = list(office.engine.plans.history("gu"))[2]
    assert (last.event, last.revision, last.reason) == ("redate", 2, WHY)
    assert last.data["entries"] == [2]
    assert found(office) == []


def test_what_it_was_to_tell_is_delivered_and_the_rest_waits_as_before(office):
    def told_now() -> dict[str, dt.datetime]:
        return {each.notice.id: each.next_at for each in office.engine.outbox.notices()}

    office.clock.go("2016-04-04")
    office.clock.moment += dt.timedelta(seconds=4)
    request(office, "gu/1", "education-head")  # ahead by no more than clocks may differ
    before = told_now()
    office.clock.go("2016-06-01")
    request(office)
    waiting = set(told_now()) - set(before)
    office.clock.go("2016-04-04")
    redate(office)
    now = told_now()
    assert waiting
    assert before
    assert all(now[each] <= office.clock() for each in waiting)
    assert {each: now[each] for each in before} == before
    assert {each.tries for each in office.engine.outbox.notices()} == {0}


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"to": WRONG}, "redated_ahead"),
        ({"to": RIGHT.replace(year=2015)}, "redated_too_early"),
        ({"to": RIGHT.replace(tzinfo=None)}, "naive_time"),
    ],
)
def test_the_right_time_is_between_what_came_before_and_now(office, how, code):
    jumped(office)
    with pytest.raises(evalflow.InvalidInput) as raised:
        redate(office, **how)
    assert codes(raised) == [code]
    assert len(list(office.engine.history("gu/3"))) == 2


def test_the_right_time_is_not_before_what_the_log_has_before_it(office):
    """The whole log counts, not the project's own: what others did before was done before."""
    office.clock.go("2016-04-20")
    office.evaluate("gu/1")
    office.clock.moment = WRONG
    office.evaluate("gu/3")
    office.clock.go("2016-04-21")
    office.evaluate("gu/2")  # others go on, and later is not before
    with pytest.raises(evalflow.InvalidInput) as raised:
        redate(office)  # to 4 April, when it would have been in time
    assert codes(raised) == ["redated_too_early"]
    assert len(list(office.engine.history("gu/3"))) == 2

    right = dt.datetime(2016, 4, 20, 7, tzinfo=dt.UTC)
    assert redate(office, to=right) == ("gu/3",)
    assert dated(office.engine.history("gu/3"))[1].late == 15
    office.clock.moment = WRONG
    office.compile("gu/3")
    office.clock.go("2016-04-22")
    assert redate(office, to=office.clock.moment) == ("gu/3",)  # what was put right is no bound
    assert found(office) == []


def test_nobody_makes_late_work_early_by_it(office):
    """Only what lies ahead of now can be put right."""
    office.clock.go("2016-04-20")
    assert office.evaluate("gu/3").late == 15
    with pytest.raises(evalflow.InvalidInput) as raised:
        redate(office)
    assert codes(raised) == ["nothing_ahead"]


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"by": "road-1"}, "no_role"),
        ({"by": "mayor-1"}, "no_role"),
        ({"reason": " "}, "data_missing"),
        ({"reason": "..."}, "bad_data"),
    ],
)
def test_it_needs_who_may_revise_the_plan_and_a_reason(office, how, code):
    jumped(office)
    with pytest.raises(evalflow.Refused) as raised:
        redate(office, **how)
    assert [each.code for each in raised.value.reasons] == [code]


def test_it_is_no_event_that_can_be_fired(office):
    jumped(office)
    with pytest.raises(evalflow.NotFound):
        office.engine.fire("gu/3", "redate", by="policy-1", data={"reason": WHY})


FORGED = {
    "another time": lambda entry: {
        "data": {**entry.data, "to": "2016-01-01T00:00:00.000000+00:00"}
    },
    "other days late": lambda entry: {"data": {**entry.data, "late": {"2": 1}}},
    "other entries": lambda entry: {"data": {**entry.data, "entries": [1, 2]}},
    "nobody's right": lambda entry: {"actor": "road-1", "role": "department"},
    "no reason": lambda entry: {"reason": ""},
    "garbage": lambda entry: {"data": {}},
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
def test_verify_asks_whether_it_was_allowed(office, forged, monkeypatch):
    """One that is made by hand, hash and all."""
    jumped(office)
    commit = office.engine.storage.commit

    def other(written: Commit) -> None:
        (move,) = written.moves
        entry = attrs.evolve(move.entry, **forged(move.entry)).sealed()
        project = attrs.evolve(move.project, head=entry.hash)
        commit(attrs.evolve(written, moves=(attrs.evolve(move, entry=entry, project=project),)))

    monkeypatch.setattr(office.engine.storage, "commit", other)
    redate(office)
    assert found(office) != []
