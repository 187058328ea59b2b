"""The engine on asyncio: the loop goes on, streams too, and a cancelled call is known."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

import evalflow
from evalflow.testing.joining import PROJECT, Desk
from evalflow.testing.office import PLAN_ID

TICKS = 50
LONG = 60  # seconds after which a test that hangs is broken off


class Gate:
    """Stops a thread, and opens after the loop has gone round so many times."""

    def __init__(self) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()
        self.passed = 0

    def stop(self) -> None:
        self.reached.set()
        assert self.opened.wait(LONG), "the loop did not go on"
        self.passed += 1

    async def ticks(self) -> None:
        while not self.reached.is_set():
            await asyncio.sleep(0)
        for _ in range(TICKS):
            await asyncio.sleep(0)


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def desk(store_url: str, tmp_path: Any) -> Iterator[Desk]:
    made = Desk(store_url, tmp_path)
    yield made
    made.engine.close()


def held(desk: Desk, gate: Gate) -> evalflow.AsyncEngine:
    """An engine whose clock stops at the gate."""
    moment = desk.clock

    def clock() -> Any:
        gate.stop()
        return moment()

    desk.engine.clock = clock
    return evalflow.AsyncEngine(desk.engine, threads=1)


def fire(office: evalflow.AsyncEngine) -> asyncio.Task[Any]:
    return asyncio.ensure_future(office.fire(PROJECT, "e0", by="north-1", data={}))


def test_the_loop_goes_on_while_a_call_is_made(desk: Desk, gate: Gate) -> None:
    async def main() -> None:
        office = held(desk, gate)
        running = fire(office)
        await gate.ticks()
        assert not running.done()
        gate.opened.set()
        assert (await running).number == 2
        assert (await office.project(PROJECT)).version == 2

    asyncio.run(asyncio.wait_for(main(), LONG))


def test_the_loop_goes_on_while_a_stream_is_read(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, gates, closed = desk.engine.projects, [Gate() for _ in range(3)], []

    def slow(**where: Any) -> Iterator[Any]:
        try:
            for gate, project in zip(gates, list(real(**where)), strict=True):
                gate.stop()
                yield project
        finally:
            closed.append(threading.current_thread())

    monkeypatch.setattr(desk.engine, "projects", slow, raising=False)
    monkeypatch.setattr("evalflow.engine.asynchronous._CHUNK", 1)

    async def main() -> None:
        office = evalflow.AsyncEngine(desk.engine)

        async def opening() -> None:
            for gate in gates:
                await gate.ticks()
                gate.opened.set()

        asyncio.get_running_loop().create_task(opening())
        seen = [each.id async for each in office.projects(plan=PLAN_ID)]
        assert seen == [each.id for each in real()]
        stream = office.projects(plan=PLAN_ID)
        await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined]
        assert len(closed) == 2
        assert threading.main_thread() not in closed

    asyncio.run(asyncio.wait_for(main(), LONG))


@pytest.mark.parametrize("times", [1, 3])
def test_a_call_that_has_begun_is_waited_for_and_known(desk: Desk, gate: Gate, times: int) -> None:
    async def main() -> None:
        office = held(desk, gate)
        running = fire(office)
        await gate.ticks()
        for _ in range(times):
            running.cancel()
            await gate.ticks()
            assert not running.done()  # it may be writing
        gate.opened.set()
        with pytest.raises(asyncio.CancelledError) as stopped:
            await running
        assert stopped.value.__notes__ == [
            f"evalflow: the call was done: {PROJECT} has entry 2, e0"
        ]
        assert (await office.project(PROJECT)).version == 2

    asyncio.run(asyncio.wait_for(main(), LONG))


def test_a_refused_call_that_was_cancelled_says_so(desk: Desk, gate: Gate) -> None:
    async def main() -> None:
        office = held(desk, gate)
        running = asyncio.ensure_future(office.fire(PROJECT, "e0", by="idle-1", data={}))
        await gate.ticks()
        running.cancel()
        gate.opened.set()
        with pytest.raises(asyncio.CancelledError) as stopped:
            await running
        assert stopped.value.__notes__[0].startswith("evalflow: the call was not done: ")
        assert (await office.project(PROJECT)).version == 1

    asyncio.run(asyncio.wait_for(main(), LONG))


def test_a_call_that_has_not_begun_was_never_made(desk: Desk, gate: Gate) -> None:
    async def main() -> None:
        office = held(desk, gate)  # one thread
        first = fire(office)
        await gate.ticks()
        second = fire(office)
        await gate.ticks()
        second.cancel()
        with pytest.raises(asyncio.CancelledError) as stopped:
            await second  # though the first still runs
        assert stopped.value.__notes__ == ["evalflow: the call had not begun, nothing was done"]
        gate.opened.set()
        assert (await first).number == 2
        assert (await office.project(PROJECT)).version == 2

    asyncio.run(asyncio.wait_for(main(), LONG))


def test_every_call_answers_as_the_engine_does(desk: Desk) -> None:
    async def main() -> None:
        async with evalflow.AsyncEngine(desk.engine) as office:
            by = await office.actor(PLAN_ID, "north-1")
            assert (await office.explain(PROJECT, "e0", by=by, data={})).allowed
            assert [each.event for each in await office.permitted(PROJECT, by=by)] == ["e0"]
            entries = await asyncio.gather(
                *[office.fire(PROJECT, "e0", by=by, data={}, key="k") for _ in range(5)],
                return_exceptions=True,
            )
            done = [each for each in entries if isinstance(each, evalflow.Entry)]
            assert {each.number for each in done} == {2}
            assert [each.number async for each in office.history(PROJECT, newest=True)] == [2, 1]
            assert await office.count() == 3
            assert (await office.evaluation(PROJECT)).project == PROJECT
            assert await office.due() == desk.engine.due()
            assert len(await office.batch("e0", by="north-1", where={"plan": PLAN_ID})) == 3
            assert (await office.call(lambda engine: engine.plans.head(PLAN_ID))).revision == 1
            assert (await office.deliver(notifiers={"jsonl": _Quiet()})).delivered >= 1
            with pytest.raises(evalflow.NotFound):
                await office.project("nowhere/1")
            with pytest.raises(evalflow.NotFound):
                [each async for each in office.history("nowhere/1")]

    asyncio.run(asyncio.wait_for(main(), LONG))


class _Quiet:
    def deliver(self, notice: object) -> None:
        pass


def test_it_is_imported_when_it_is_used() -> None:
    said = "import sys, evalflow; evalflow.open; assert 'asyncio' not in sys.modules"
    subprocess.run([sys.executable, "-c", said], check=True)
