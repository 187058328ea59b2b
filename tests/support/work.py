"""How much is done, counted and not timed: statements of SQL, steps of SQLite's machine (so that
rows which a statement looks at and leaves out count, too), calls of functions, and characters of
JSON that are read (one call reads a text of any length)."""

from __future__ import annotations

import cProfile
import json
import sqlite3
from collections.abc import Callable
from typing import Any, NamedTuple
from unittest import mock


class Work(NamedTuple):
    """What was done; `steps` are tens of instructions."""

    statements: int
    steps: int
    calls: int
    characters: int


_STRIDE = 10
_connect = sqlite3.connect
_decode = json.JSONDecoder.raw_decode


def work(run: Callable[[], object]) -> Work:
    """Return what `run` does: on connections that it opens, and in this thread."""
    statements: list[str] = []
    steps = characters = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0  # go on

    def connect(*arguments: Any, **named: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = _connect(*arguments, **named)
        connection.set_trace_callback(statements.append)
        connection.set_progress_handler(step, _STRIDE)
        return connection

    def decode(decoder: json.JSONDecoder, text: str, idx: int = 0) -> tuple[Any, int]:
        nonlocal characters
        characters += len(text)
        return _decode(decoder, text, idx)

    profile = cProfile.Profile()
    with (
        mock.patch("sqlite3.connect", connect),
        mock.patch.object(json.JSONDecoder, "raw_decode", decode),
    ):
        profile.enable()
        try:
            run()
        finally:
            profile.disable()
    calls = sum(each.callcount for each in profile.getstats())
    return Work(len(statements), steps, calls, characters)
