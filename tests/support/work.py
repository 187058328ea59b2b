"""How much is done, counted and not timed: statements of SQL, steps of SQLite's machine (so that
rows which a statement looks at and leaves out count, too), and calls of functions."""

from __future__ import annotations

import cProfile
import sqlite3
from collections.abc import Callable
from typing import Any, NamedTuple
from unittest import mock


class Work(NamedTuple):
    """What was done; `steps` are tens of instructions."""

    statements: int
    steps: int
    calls: int


_STRIDE = 10
_connect = sqlite3.connect


def work(run: Callable[[], object]) -> Work:
    """Return what `run` does: on connections that it opens, and in this thread."""
    statements: list[str] = []
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0  # go on

    def connect(*arguments: Any, **named: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = _connect(*arguments, **named)
        connection.set_trace_callback(statements.append)
        connection.set_progress_handler(step, _STRIDE)
        return connection

    profile = cProfile.Profile()
    with mock.patch("sqlite3.connect", connect):
        profile.enable()
        try:
            run()
        finally:
            profile.disable()
    calls = sum(each.callcount for each in profile.getstats())
    return Work(len(statements), steps, calls)
