"""Entries as they are written, for systems that follow: after a position, by a long poll or as
server-sent events. What waits here takes no thread while it waits."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from threading import Lock

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from evalflow import EvalflowError, Label
from evalflow_web.api import values
from evalflow_web.api.table import Call, Operation, checked_limit
from evalflow_web.identity import identity_of
from evalflow_web.problems import Problem, input_problem
from evalflow_web.wire import encode

EVERY = 1.0
"""Seconds between two looks at the store."""

LONGEST, KEPT_ALIVE = 3600, 15
"""Seconds after which a stream ends, to be asked for anew; and between two signs of life."""

PER_ACTOR, IN_ALL = 5, 500
"""Streams and long polls that are open at a time: of one actor, and in all."""


class EntriesQuery(msgspec.Struct, forbid_unknown_fields=True):
    """What follows the position `after`; `wait` for up to so many seconds where there is nothing
    yet. `count`: how many there are in all."""

    after: int = 0
    wait: int = 0
    limit: int = 50
    count: bool = False


class StreamQuery(msgspec.Struct, forbid_unknown_fields=True):
    """What follows the position `after`, or the one that Last-Event-ID says."""

    after: int = 0


class _Open:
    """Counts what is open, so that nobody takes it all."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._of: Counter[str] = Counter()

    def check(self, actor: str) -> None:
        """See that there may be one more.

        Raises:
            Problem: there are too many (429, 503).
        """
        with self._lock:
            if self._of[actor] >= PER_ACTOR or self._of.total() >= IN_ALL:
                raise Problem(
                    429 if self._of[actor] >= PER_ACTOR else 503,
                    "too_many_streams",
                    ko="열어 둔 연결이 너무 많습니다.",
                    en="Too many streams are open.",
                    headers={"retry-after": "10"},
                )

    @contextlib.contextmanager
    def counted(self, actor: str) -> Iterator[None]:
        """Count one for as long as it is open; what never began is not counted."""
        with self._lock:
            self._of[actor] += 1
        try:
            yield
        finally:
            with self._lock:
                self._of[actor] -= 1
                self._of += Counter()  # drops what is at nothing


_OPEN = _Open()


def _read(call: Call, after: int, limit: int) -> list[values.Positioned]:
    found = call.view.entries(after=after, limit=limit)
    return [values.Positioned(position, values.entry_reply(entry)) for position, entry in found]


def _page(call: Call, query: EntriesQuery, entries: list[values.Positioned]) -> bytes:
    following = entries[-1].position if entries else query.after
    count = call.view.count_entries() if query.count else None
    return encode(values.EntryStream(entries=entries, next=following, count=count))


def entries_after(call: Call) -> Response:
    """Answer the entries of the whole store after a position, in the order in which they were
    written, of the plans that know whoever asks."""
    query = call.query(EntriesQuery)
    limit = checked_limit(query.limit)
    _check_after(query.after)
    if not 0 <= query.wait <= 30:
        raise input_problem(
            "wrong_value",
            "wait",
            f"0 이상 30 이하의 초여야 합니다: {query.wait}",
            f"must be 0 to 30 seconds, got {query.wait}",
        )
    found = _read(call, query.after, limit)
    headers = {"cache-control": "private, no-store"}
    if found or not query.wait:
        page = _page(call, query, found)
        return Response(page, headers=headers, media_type="application/json")
    actor = call.visit.who.id
    _OPEN.check(actor)

    async def waiting() -> AsyncIterator[bytes]:
        with _OPEN.counted(actor):
            ends, entries = time.monotonic() + query.wait, found
            while not entries and time.monotonic() < ends:
                await asyncio.sleep(min(EVERY, max(0.0, ends - time.monotonic())))
                try:
                    entries = await run_in_threadpool(_read, call, query.after, limit)
                except EvalflowError:  # the store is away: asked again, it says so
                    break
            yield await run_in_threadpool(_page, call, query, entries)

    return StreamingResponse(waiting(), headers=headers, media_type="application/json")


def stream(call: Call) -> Response:
    """Answer entries as they are written, as server-sent events: `id` is the position, `data` the
    entry. Whoever was cut off goes on by Last-Event-ID."""
    query = call.query(StreamQuery)
    last = call.request.headers.get("last-event-id")
    after = query.after
    if last is not None:
        if not (last.isascii() and last.isdecimal() and len(last) <= 18):
            raise input_problem(
                "wrong_value", "Last-Event-ID", "순번이어야 합니다.", "must be a position"
            )
        after = int(last)
    _check_after(after)
    actor, site = call.visit.who.id, call.visit.site
    _OPEN.check(actor)

    def still() -> bool:
        """Say whether whoever asks would still be recognised."""
        try:
            who = identity_of(call.request, site.actor_of)
        except Problem:
            return False
        return who is not None and who.id == actor

    async def events() -> AsyncIterator[bytes]:
        position, ends, alive = after, time.monotonic() + LONGEST, time.monotonic()
        with _OPEN.counted(actor):
            yield b"retry: 3000\n\n"
            while time.monotonic() < ends:
                try:
                    found = await run_in_threadpool(_read, call, position, 100)
                except EvalflowError:
                    return
                for each in found:
                    position = each.position
                    data = encode(each.entry).decode()
                    yield f"id: {position}\nevent: entry\ndata: {data}\n\n".encode()
                if found:
                    continue
                if time.monotonic() - alive >= KEPT_ALIVE:
                    alive = time.monotonic()
                    if not await run_in_threadpool(still):
                        return
                    yield b": still here\n\n"
                await asyncio.sleep(EVERY)

    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(events(), headers=headers, media_type="text/event-stream")


def _check_after(after: int) -> None:
    if not 0 <= after < 10**18:
        raise input_problem(
            "wrong_value", "after", "0 이상의 순번이어야 합니다.", "must be a position from 0"
        )


OPERATIONS = (
    Operation(
        name="entries_after",
        method="GET",
        path="/entries",
        label=Label("순번 뒤의 이력", "Entries after a position"),
        tag="entries",
        handler=entries_after,
        query=EntriesQuery,
        answer=values.EntryStream,
        problems=(429,),
    ),
    Operation(
        name="stream",
        method="GET",
        path="/entries/stream",
        label=Label("이력을 이어서 받기", "Entries as they are written"),
        tag="entries",
        handler=stream,
        query=StreamQuery,
        media="text/event-stream",
        problems=(429,),
    ),
)
