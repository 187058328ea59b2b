"""What changes a store, for one engine: imported when something is changed, or decided, for the
first time, so that a command that only looks need not wait for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from evalflow.engine.clock_guard import ClockGuard
from evalflow.engine.queries import Queries
from evalflow.engine.rules import Rules

if TYPE_CHECKING:
    from evalflow.engine.commands import Commands
    from evalflow.engine.plan_commands import PlanCommands


class Changes:
    """What changes projects, and plans; both keep nothing, so that threads may each make one."""

    def __init__(
        self,
        rules: Rules,
        queries: Queries,
        clock: Callable[[], dt.datetime],
        guard: ClockGuard | None,
    ) -> None:
        """See `Writer`."""
        self._given = rules, queries, clock, guard

    @cached_property
    def projects(self) -> Commands:
        """What changes projects."""
        from evalflow.engine.commands import Commands

        return Commands(*self._given)

    @cached_property
    def plans(self) -> PlanCommands:
        """What changes plans."""
        from evalflow.engine.plan_commands import PlanCommands

        return PlanCommands(*self._given)
