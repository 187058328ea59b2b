"""Plugins are told of what happened, once it is committed."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import evalflow
from evalflow import Entry
from evalflow.plugins import Plugins, hookimpl
from evalflow.testing.engines import PROJECTS, Scheme, plan_of
from evalflow.testing.office import the_plan
from offices import GOOD, Clock


class Bell:
    """Remembers what it was told, and in which thread."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str | None, int]] = []

    @hookimpl
    def evalflow_fired(self, entry: Entry, request_id: str | None) -> None:
        told = (f"{entry.project} #{entry.number} {entry.event}", request_id)
        self.told.append((*told, threading.get_ident()))

    @property
    def entries(self) -> list[str]:
        return [each[0] for each in self.told]


class Broken:
    @hookimpl
    def evalflow_fired(self, entry: Entry) -> None:
        raise SystemExit(entry.event)


class Slow:
    """Takes its time, and of the arguments none."""

    def __init__(self) -> None:
        self.go = threading.Event()

    @hookimpl
    def evalflow_fired(self) -> None:
        self.go.wait(20)


@pytest.fixture
def bell() -> Bell:
    return Bell()


def opened(url: str, clock: Clock, plan: evalflow.Plan, *plugins: Any) -> evalflow.Engine:
    engine = evalflow.open(url, plugins=list(plugins), clock=clock)
    engine.adopt(plan, by=plan.actor("policy-1"))
    clock.go("2016-04-02")
    return engine


@pytest.fixture
def engine(
    store_url: str, clock: Clock, bell: Bell, plan_in_force: tuple[evalflow.Plan, Any]
) -> Iterator[evalflow.Engine]:
    with opened(store_url, clock, plan_in_force[0], Broken(), bell) as made:
        yield made


def fire(engine: evalflow.Engine, number: str = "1", by: str = "education-1") -> Entry:
    return engine.fire(
        f"gu/{number}", "self_evaluate", by=by, data={"actuals": GOOD[f"gu/{number}"]}
    )


def test_each_entry_is_told_once_in_its_order_and_a_fault_keeps_nothing_from_others(
    engine: evalflow.Engine, bell: Bell, caplog: pytest.LogCaptureFixture
) -> None:
    with evalflow.request("4711"):
        entry = fire(engine)
    with pytest.raises(evalflow.Refused):
        fire(engine)
    assert engine.plugins.finish_fired()
    written = [f"{e.project} #{e.number} {e.event}" for _, e in engine.storage.entries()]
    assert bell.entries == written
    assert bell.told[-1][:2] == (f"gu/1 #{entry.number} self_evaluate", "4711")
    assert bell.told[0][1] is None
    assert bell.told[-1][2] != threading.get_ident()
    told = [each for each in caplog.records if each.name == "evalflow.fired"]
    assert "Broken: evalflow_fired failed for gu/1 #2" in told[-1].getMessage()
    assert told[-1].request_id == "4711"  # type: ignore[attr-defined]
    assert [*engine.audit.verify()] == []


def test_a_batch_is_told_entry_by_entry(engine: evalflow.Engine, bell: Bell) -> None:
    data = {"deadline": "self_evaluate", "until": "2016-04-20", "reason": "보완"}
    batch = engine.batch("extend_deadline", by="policy-1", where={"plan": "gu"}, data=data)
    done = [each.project for each in engine.batches.apply(batch)]
    assert engine.plugins.finish_fired()
    assert sorted(bell.entries[-len(done) :]) == sorted(f"{p} #2 extend_deadline" for p in done)
    assert len(done) > 2


def test_nobody_waits_for_a_plugin(
    store_url: str, clock: Clock, plan_in_force: tuple[evalflow.Plan, Any], bell: Bell
) -> None:
    slow = Slow()
    engine = opened(store_url, clock, plan_in_force[0], slow, bell)
    begun = time.monotonic()
    fire(engine)
    assert time.monotonic() - begun < 10
    assert bell.entries == []
    slow.go.set()
    engine.close()
    assert bell.entries[-1] == "gu/1 #2 self_evaluate"


def test_what_a_host_may_roll_back_is_told_by_the_host_alone(
    tmp_path: Any, clock: Clock, plan_in_force: tuple[evalflow.Plan, Any], bell: Bell
) -> None:
    file = tmp_path / "office.db"
    with opened(f"sqlite:///{file}", clock, plan_in_force[0], bell) as engine:
        assert engine.plugins.finish_fired()
        before = bell.entries
        host = sqlite3.connect(file, isolation_level=None)
        host.execute("BEGIN IMMEDIATE")
        entry = fire(engine.joined(host))
        host.execute("COMMIT")
        host.close()
        assert engine.plugins.finish_fired()
        assert bell.entries == before
        engine.plugins.fired([entry])
    assert bell.entries == [*before, "gu/1 #2 self_evaluate"]


def test_a_host_that_says_when_it_has_committed_has_it_told_then(
    tmp_path: Any, clock: Clock, plan_in_force: tuple[evalflow.Plan, Any], bell: Bell
) -> None:
    file = tmp_path / "office.db"
    with opened(f"sqlite:///{file}", clock, plan_in_force[0], bell) as engine:
        assert engine.plugins.finish_fired()
        before = bell.entries
        later: list[Callable[[], None]] = []
        host = sqlite3.connect(file, isolation_level=None)
        host.execute("BEGIN IMMEDIATE")
        joined = engine.joined(host, on_commit=later.append)
        with joined.reading() as then:
            assert then.rules.on_commit == later.append
        fire(joined)
        assert engine.plugins.finish_fired()
        assert bell.entries == before
        host.execute("COMMIT")
        host.close()
        for told in later:
            told()
    assert bell.entries == [*before, "gu/1 #2 self_evaluate"]


def test_arguments_that_the_hook_does_not_have_leave_the_plugin_out() -> None:
    class Asks:
        @hookimpl
        def evalflow_fired(self, entry: Entry, storage: object) -> None: ...

    plugins = Plugins.load([Asks()])
    (problem,) = plugins.problems
    assert problem.code == "wrong_arguments"
    assert "evalflow_fired has no such argument" in problem.en
    assert not plugins.hears_fired


def test_a_plugin_that_is_left_out_is_told_nothing() -> None:
    class Half(Bell):
        @hookimpl
        def evalflow_scorers(self) -> int:
            return 6

    plugins = Plugins.load([Half()])
    assert [each.code for each in plugins.problems] == ["wrong_answer"]
    assert not plugins.hears_fired


def test_what_is_logged_bears_the_requests_id(
    engine: evalflow.Engine, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "evalflow"), evalflow.request("a"):
        with evalflow.request("b"):
            fire(engine)
        assert evalflow.request_id() == "a"
    assert evalflow.request_id() is None
    (logged,) = [each for each in caplog.records if each.name == "evalflow.engine"]
    assert logged.getMessage() == "gu/1 #2: self_evaluate by education-1"
    assert logged.request_id == "b"  # type: ignore[attr-defined]
    assert any(isinstance(h, logging.NullHandler) for h in logging.getLogger("evalflow").handlers)
    with pytest.raises(evalflow.InvalidInput), evalflow.request("two\nlines"):
        pass


SCHEME = Scheme(
    regions={"r0": ("s0", "s1")}, moves={"e0": {"r0": {"s0": "s1"}}}, by={"e0": "chief"}, bars=()
)


def test_a_bulk_move_is_told_entry_by_entry_as_it_was_written(
    tmp_path: Any, store_url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a bulk move wrote is not read back: it is known, hashes and all."""

    class Ear:
        def __init__(self) -> None:
            self.heard: list[Entry] = []

        @hookimpl
        def evalflow_fired(self, entry: Entry) -> None:
            self.heard.append(entry)

    ear = Ear()
    clock.go("2016-04-02")
    with evalflow.open(store_url, plugins=[ear], clock=clock) as engine:
        plan = plan_of(tmp_path, SCHEME, dict.fromkeys(PROJECTS, "north"), 1)
        engine.adopt(plan, by=plan.actor("keeper-1"))
        batch = engine.batch("e0", by="chief-1")
        assert engine.plugins.finish_fired()
        bulk: list[int] = []
        moved = getattr(engine.storage, "bulk_move", None)

        def bulk_move(like: Any, heads: Any, **how: Any) -> None:
            bulk.append(len(heads))
            assert moved is not None
            moved(like, heads, **how)

        if moved is not None:
            monkeypatch.setattr(engine.storage, "bulk_move", bulk_move)
        done = [each.project for each in engine.batches.apply(batch)]
        assert engine.plugins.finish_fired()
        assert (bulk == [3]) == (moved is not None)
        written = [entry for _, entry in engine.storage.entries()]
    assert len(done) == 3
    assert ear.heard == written


def test_where_too_many_wait_those_that_come_are_left_out_in_one_line_of_the_log(
    engine: evalflow.Engine,
    bell: Bell,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody waits, nothing that was written is touched, and later ones are told again."""
    assert engine.plugins.finish_fired()
    bell.told.clear()
    caplog.clear()
    monkeypatch.setattr("evalflow.plugins.fired._WAITING", 2)
    slow = Slow()
    with evalflow.open("memory:", plugins=[slow, bell], clock=engine.clock) as busy:
        plan = the_plan(each=1, bureaus=("welfare", "city"))
        begun = time.monotonic()
        busy.adopt(plan, by=plan.actor("policy-1"))
        entries = [f"{e.project} #{e.number} {e.event}" for _, e in busy.storage.entries()]
        assert len(entries) > 3
        assert time.monotonic() - begun < 10
        assert not busy.plugins.finish_fired(0.05)
        slow.go.set()
        assert busy.plugins.finish_fired()
        told = list(bell.entries)
        assert 2 <= len(told) < len(entries)
        assert told == entries[: len(told)]
        (line,) = [e.getMessage() for e in caplog.records if "too slow" in e.getMessage()]
        first, last = entries[len(told)].rpartition(" ")[0], entries[-1].rpartition(" ")[0]
        left = len(entries) - len(told)
        assert f"{left} entries are not told them, {first} to {last}" in line
        data = {"actuals": {"done": 10}}
        entry = busy.fire(f"{plan.id}/1", "self_evaluate", by="welfare-a-1", data=data)
        assert busy.plugins.finish_fired()
        assert bell.entries[-1] == f"{plan.id}/1 #{entry.number} self_evaluate"
        assert [*busy.audit.verify()] == []


class Holding:
    """Holds a lock while it is told, as an import does."""

    def __init__(self) -> None:
        self.lock, self.begun = threading.Lock(), threading.Event()

    @hookimpl
    def evalflow_fired(self) -> None:
        with self.lock:
            self.begun.set()
            time.sleep(0.3)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_who_forks_takes_no_plugin_along_in_the_middle_of_its_work(
    clock: Clock, plan_in_force: tuple[evalflow.Plan, Any]
) -> None:
    holding = Holding()
    with opened("memory:", clock, plan_in_force[0], holding) as engine:
        fire(engine)
        assert holding.begun.wait(20)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                if holding.lock.acquire(timeout=5):
                    holding.lock.release()
                    fire(engine, "3", "road-1")  # told in the child, by a thread of its own
                    code = 0 if engine.plugins.finish_fired() else 2
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        fire(engine, "3", "road-1")
