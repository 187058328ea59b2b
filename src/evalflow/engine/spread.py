"""A batch on many machines: its chunks are given to any executor, each applied where it lands.

There is no scheduler of our own: processes of this machine, Dask, Ray, or whatever has an
executor as the standard library's `concurrent.futures` describes it. Each chunk opens the store
by itself. A chunk that is run twice, because a machine was thought dead, writes nothing twice.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

import attrs

from evalflow.batch.applying import Receipt
from evalflow.batch.chunks import CHUNK, Chunk, chunks_of
from evalflow.batch.plan_file import BatchPlan, meant
from evalflow.engine.engine import now
from evalflow.engine.opening import open as open_engine
from evalflow.errors import InvalidInput, Problem
from evalflow.model import Actor
from evalflow.model.arguments import checked
from evalflow.model.moments import utc

_AHEAD = 4  # chunks handed out for each worker, so that none waits and memory stays flat
_PATIENCE = 5  # seconds for a scheduler to answer


@checked
def apply_chunk(
    url: str,
    chunk: Chunk,
    at: dt.datetime,
    by: Actor | None = None,
    plugins: Sequence[str] | None = None,
) -> tuple[Receipt, ...]:
    """Apply one chunk to the store at `url` as of `at`, and return its receipts once they are
    durable.

    It needs nothing but its arguments, so it can run in any program that reaches the store;
    `plugins` are names, as for `open`.
    """
    with open_engine(url, plugins=plugins) as engine:
        receipts = engine.batches.apply_chunk(chunk, at=at, by=by)
    return tuple([_without_causes(receipt) for receipt in receipts])


def _without_causes(receipt: Receipt) -> Receipt:
    """Leave the exceptions behind reasons here: not every one can travel."""
    if not any(reason.cause for reason in receipt.reasons):
        return receipt
    reasons = tuple([attrs.evolve(reason, cause=None) for reason in receipt.reasons])
    return attrs.evolve(receipt, reasons=reasons)


@checked
def spread(
    plan: BatchPlan,
    url: str,
    executor: Executor,
    *,
    workers: int = 4,
    mode: str | None = None,
    by: Actor | str | None = None,
    at: dt.datetime | None = None,
    chunk: int = CHUNK,
    plugins: Sequence[str] | None = None,
    stopping: Callable[[], bool] = lambda: False,
) -> Iterator[Receipt]:
    """Apply a plan by the executor's workers; yield a receipt for each project, in the plan's
    order where its mode is `each`, once it is durable.

    What is written is what `Engine.apply` writes, and the same call after any failure does the
    rest. `at` (None: now) is the time that all entries bear. `workers` only says how many
    chunks are handed out ahead. Where `stopping` says so, no more are.

    Raises:
        ValueError: no such mode, or `by` is somebody else than the plan's.
        InvalidInput: the plan comes from a file and `by` is not said.
        Exception: what befell the executor (`BrokenProcessPool` …) or a worker (`StorageError`).
    """
    if url.startswith("memory:"):
        raise ValueError("memory: is in one program; workers need a store that all can reach")
    chunks = chunks_of(plan, meant(plan, mode, by), chunk)
    by = None if isinstance(by, str) else by
    moment = now() if at is None else utc(at)
    return _spread(chunks, url, executor, workers * _AHEAD, by, moment, plugins, stopping)


def _spread(
    chunks: Iterator[Chunk],
    url: str,
    executor: Executor,
    ahead: int,
    by: Actor | None,
    at: dt.datetime,
    plugins: Sequence[str] | None,
    stopping: Callable[[], bool],
) -> Iterator[Receipt]:
    out: deque[Future[tuple[Receipt, ...]]] = deque()
    try:
        for chunk in chunks:
            if stopping():
                break
            out.append(executor.submit(apply_chunk, url, chunk, at, by, plugins))
            if len(out) >= ahead:
                yield from out.popleft().result()
        while out:
            yield from out.popleft().result()
    finally:
        for future in out:
            future.cancel()


@contextmanager
def own_workers(workers: int) -> Iterator[Executor]:
    """Give an executor with so many processes of this machine; Ctrl-C is the caller's alone."""
    import multiprocessing
    import signal

    with ProcessPoolExecutor(
        workers,
        multiprocessing.get_context("spawn"),
        initializer=signal.signal,
        initargs=(signal.SIGINT, signal.SIG_IGN),
    ) as executor:
        yield executor


@contextmanager
def dask_workers(address: str) -> Iterator[tuple[Executor, int]]:
    """Give an executor of the Dask cluster whose scheduler is at `address`, and how many
    threads it has.

    Raises:
        InvalidInput: Dask is not installed here, or nothing answers there.
    """
    try:
        from distributed import Client
    except ImportError:
        raise InvalidInput(
            [
                Problem(
                    code="no_dask",
                    ko="Dask가 설치되어 있지 않습니다: pip install 'municipal-evalflow[dask]'",
                    en="Dask is not installed: pip install 'municipal-evalflow[dask]'",
                )
            ]
        ) from None
    client: Any
    try:
        client = Client(address, timeout=_PATIENCE, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise InvalidInput(
            [
                Problem(
                    code="no_scheduler",
                    value=address,
                    ko=f"{address}에 Dask 스케줄러가 없거나 답하지 않습니다",
                    en=f"no Dask scheduler answers at {address} ({type(error).__name__})",
                )
            ]
        ) from None
    with client:
        yield client.get_executor(), max(1, sum(client.ncores().values()))
