"""Batches that were planned, applied: `office.batches`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

from evalflow.batch import applying
from evalflow.batch.chunks import Chunk
from evalflow.batch.plan_file import BatchPlan
from evalflow.engine.commands import Commands
from evalflow.model import Actor
from evalflow.model.arguments import all_checked


@all_checked
class Batches:
    """Batches that were planned (`Engine.batch`) and are applied, whole or by chunks."""

    def __init__(self, commands: Commands) -> None:
        """Made by the engine."""
        self._commands = commands

    def apply(
        self,
        plan: BatchPlan,
        *,
        mode: str | None = None,
        by: Actor | str | None = None,
        chunk: int = applying.CHUNK,
        stopping: Callable[[], bool] = lambda: False,
    ) -> Iterator[applying.Receipt]:
        """Write what the plan says and nobody has changed since; yield a receipt for each
        project once it is durable. Applying the same plan again continues where it stopped.

        Every decision is made again, as of now, and must come out as reviewed; the actor is
        the directory's, unless the embedding system hands over its own (`by`). Not called
        further, or where `stopping` says so between two chunks, it leaves the rest for later.

        A plan that was read from a file is applied as `by` alone, an actor or an id, who must be
        whom the file names: whoever wrote the file does not choose who acts.

        Raises:
            ValueError: no such mode, or `by` is somebody else than the plan's.
            InvalidInput: the plan comes from a file and `by` is not said.
        """
        parts = self._commands.parts()
        return applying.apply(parts, plan, mode=mode, by=by, chunk=chunk, stopping=stopping)

    def apply_chunk(
        self, chunk: Chunk, *, at: dt.datetime | None = None, by: Actor | None = None
    ) -> tuple[applying.Receipt, ...]:
        """Write one chunk of a plan as of `at` (None: now), in as few transactions as
        possible, and return its receipts. Applied again, by whomever, it finds what
        is done. See `evalflow.spread`."""
        return applying.apply_chunk(self._commands.parts(at), chunk, by=by)
