"""The engine for a host that runs on asyncio: each call on a thread, the loop free meanwhile."""

from __future__ import annotations

import asyncio
import contextvars
import datetime as dt
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any, Self, TypeVar, Unpack

from evalflow.batch.plan_file import BatchPlan
from evalflow.decision.deadlines import Due
from evalflow.decision.decide import Explanation
from evalflow.engine.engine import Engine
from evalflow.engine.listing import DuePage
from evalflow.engine.outbox import DeliveryReport
from evalflow.engine.reads import Conditions, DueConditions
from evalflow.model import Actor, Entry, Evaluation, Outgoing, PlanEntry, PlanHead, Project
from evalflow.plan.definition import Plan
from evalflow.plugins.notifier import Notifier

_CHUNK = 100  # values of a stream that are read in one turn of a thread

Answer = TypeVar("Answer")


class AsyncEngine:
    """An engine whose calls are awaited. It runs at most `threads` threads; further calls wait for
    one to be free.

    A call that is cancelled before its turn has come was never made. One that has begun is waited
    for, for it may be writing: when `CancelledError` comes out, nothing is under way any more, and
    a note on it (`__notes__`) says whether it was done.

    Attributes:
        engine: the engine that it stands on.
    """

    def __init__(self, engine: Engine, *, threads: int = 8) -> None:
        """Take the engine, which may be used beside it."""
        self.engine = engine
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="evalflow")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Let calls that have begun finish, then close the storage."""
        await self.call(Engine.close)
        self._threads.shutdown(wait=False)

    async def call(self, function: Callable[[Engine], Answer]) -> Answer:
        """Run a function on the engine and return its result, for what has no method here: `await
        office.call(lambda engine: engine.plans.head("gu"))`. Read streams inside the function."""
        return await self._run(lambda: function(self.engine))

    async def _run(self, function: Callable[[], Answer]) -> Answer:
        context = contextvars.copy_context()
        running: Future[Answer] = self._threads.submit(context.run, function)
        try:
            return await asyncio.shield(asyncio.wrap_future(running))
        except asyncio.CancelledError as stopped:
            if not running.cancel():
                await _ended(running)
            stopped.add_note(f"evalflow: {_known(running)}")
            raise

    async def _stream(self, begin: Callable[[], Iterator[Answer]]) -> AsyncIterator[Answer]:
        stream = await self._run(begin)
        try:
            while chunk := await self._run(lambda: list(islice(stream, _CHUNK))):
                for each in chunk:
                    yield each
        finally:
            if (close := getattr(stream, "close", None)) is not None:
                await self._run(close)

    # ------------------------------------------------------------------ the engine's calls

    async def fire(
        self,
        project_id: str,
        event: str,
        *,
        by: Actor | str,
        data: Mapping[str, Any] | None = None,
        key: str | None = None,
        expected: int | None = None,
    ) -> Entry:
        """Move a project; see `Engine.fire`. With a `key` the call may be made again."""
        return await self._run(
            lambda: self.engine.fire(
                project_id, event, by=by, data=data, key=key, expected=expected
            )
        )

    async def explain(
        self,
        project_id: str,
        event: str,
        *,
        by: Actor | str,
        at: dt.datetime | None = None,
        data: Mapping[str, Any] | None = None,
        expected: int | None = None,
        whole: bool = False,
    ) -> Explanation:
        """Return what `fire` would answer; see `Engine.explain`."""
        return await self._run(
            lambda: self.engine.explain(
                project_id, event, by=by, at=at, data=data, expected=expected, whole=whole
            )
        )

    async def permitted(
        self, project_id: str, *, by: Actor | str, at: dt.datetime | None = None
    ) -> tuple[Explanation, ...]:
        """Return the events that the actor may fire; see `Engine.permitted`."""
        return await self._run(lambda: self.engine.permitted(project_id, by=by, at=at))

    async def actor(self, plan_id: str, actor_id: str) -> Actor:
        """Return the actor of the plan's directory; see `Engine.actor`."""
        return await self._run(lambda: self.engine.actor(plan_id, actor_id))

    async def project(self, project_id: str) -> Project:
        """Return where the project stands; see `Engine.project`."""
        return await self._run(lambda: self.engine.project(project_id))

    def projects(
        self,
        *,
        at: dt.datetime | None = None,
        order: str | None = None,
        **where: Unpack[Conditions],
    ) -> AsyncIterator[Project]:
        """Yield projects; see `Engine.projects`."""
        return self._stream(lambda: self.engine.projects(at=at, order=order, **where))

    async def count(self, *, at: dt.datetime | None = None, **where: Unpack[Conditions]) -> int:
        """Return how many projects there are; see `Engine.count`."""
        return await self._run(lambda: self.engine.count(at=at, **where))

    async def count_history(self, project_id: str) -> int:
        """Return how many entries the project has; see `Engine.count_history`."""
        return await self._run(lambda: self.engine.count_history(project_id))

    async def count_plan_history(self, plan_id: str) -> int:
        """Return how many entries the plan has; see `Plans.count_history`."""
        return await self._run(lambda: self.engine.plans.count_history(plan_id))

    async def count_entries(self) -> int:
        """Return how many entries the whole store has; see `Engine.count_entries`."""
        return await self._run(self.engine.count_entries)

    async def count_notices(
        self, *, state: str | None = None, project: str | None = None, text: str | None = None
    ) -> int:
        """Return how many notices there are in the outbox; see `Outbox.count`."""
        outbox = self.engine.outbox
        return await self._run(lambda: outbox.count(state=state, project=project, text=text))

    def history(
        self, project_id: str, *, after: int = 0, limit: int | None = None, newest: bool = False
    ) -> AsyncIterator[Entry]:
        """Yield the project's entries; see `Engine.history`."""
        return self._stream(
            lambda: self.engine.history(project_id, after=after, limit=limit, newest=newest)
        )

    def plan_history(
        self, plan_id: str, *, after: int = 0, limit: int | None = None, newest: bool = False
    ) -> AsyncIterator[PlanEntry]:
        """Yield the entries of a plan's own history; see `Plans.history`."""
        plans = self.engine.plans
        return self._stream(lambda: plans.history(plan_id, after=after, limit=limit, newest=newest))

    def entries(
        self, *, after: int = 0, limit: int | None = None, newest: bool = False
    ) -> AsyncIterator[tuple[int, Entry]]:
        """Yield the entries of the whole store; see `Engine.entries`."""
        return self._stream(lambda: self.engine.entries(after=after, limit=limit, newest=newest))

    def notices(
        self,
        *,
        state: str | None = None,
        project: str | None = None,
        text: str | None = None,
        after: int = 0,
        limit: int | None = None,
        newest: bool = False,
    ) -> AsyncIterator[Outgoing]:
        """Yield the notices in the outbox; see `Outbox.notices`."""
        return self._stream(
            lambda: self.engine.outbox.notices(
                state=state, project=project, text=text, after=after, limit=limit, newest=newest
            )
        )

    async def evaluation(self, project_id: str, period: str | None = None) -> Evaluation:
        """Return the project's figures for a period; see `Engine.evaluation`."""
        return await self._run(lambda: self.engine.evaluation(project_id, period))

    async def due(
        self, at: dt.datetime | None = None, **where: Unpack[DueConditions]
    ) -> tuple[Due, ...]:
        """Return who owes what by when; see `Engine.due`."""
        return await self._run(lambda: self.engine.due(at, **where))

    async def due_page(
        self, at: dt.datetime | None = None, **where: Unpack[DueConditions]
    ) -> DuePage:
        """Return a page of what is owed, and how much there is; see `Engine.due_page`."""
        return await self._run(lambda: self.engine.due_page(at, **where))

    async def adopt(self, plan: Plan, *, by: Actor | str, reason: str | None = None) -> PlanHead:
        """Put a plan into force, or its next revision; see `Engine.adopt`."""
        return await self._run(lambda: self.engine.adopt(plan, by=by, reason=reason))

    async def batch(
        self,
        event: str,
        *,
        by: Actor | str,
        where: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        each: Mapping[str, Mapping[str, Any]] | None = None,
        mode: str = "each",
    ) -> BatchPlan:
        """Return what would happen to each project; see `Engine.batch`."""
        return await self._run(
            lambda: self.engine.batch(event, by=by, where=where, data=data, each=each, mode=mode)
        )

    async def deliver(
        self, *, limit: int | None = None, notifiers: Mapping[str, Notifier] | None = None
    ) -> DeliveryReport:
        """Deliver the notices that wait; see `Engine.deliver`."""
        return await self._run(lambda: self.engine.deliver(limit=limit, notifiers=notifiers))


async def _ended(running: Future[Any]) -> None:
    """Wait for what a thread has begun, however often one is cancelled meanwhile."""
    waited = asyncio.wrap_future(running)
    while not waited.done():
        try:
            await asyncio.wait([waited])
        except asyncio.CancelledError:
            continue
    if not waited.cancelled():
        waited.exception()  # it is told by the note


def _known(running: Future[Any]) -> str:
    """Return what is known of a call whose result nobody takes any more."""
    if running.cancelled():
        return "the call had not begun, nothing was done"
    error = running.exception()
    if error is not None:
        return f"the call was not done: {error}"
    answer = running.result()
    if isinstance(answer, Entry):
        return f"the call was done: {answer.project} has entry {answer.number}, {answer.event}"
    return "the call was done"
