"""Other processes for tests: they open the same store, start together, and can be killed.

A child runs `function(storage, *arguments)` on a store that it opens itself. What crosses the
border is pickled, so functions and openers are importable ones.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from evalflow.storage import Storage
from evalflow.testing import faults

Opener = Callable[[], Storage]

_PATIENCE = 60.0  # seconds after which a child counts as hanging


class Child:
    """One such process; `start` it, let it `go`, take its `result`."""

    def __init__(
        self,
        opener: Opener,
        function: Callable[..., Any],
        *arguments: Any,
        fault: str | None = None,
    ) -> None:
        """Start the process; it opens the store, then waits for `go`.

        `fault` is a `point:action` of `evalflow.testing.faults`; with the action `wait` the
        child stops there until `go` is called again, and `paused` tells when it has.
        """
        path = os.pathsep.join(entry for entry in sys.path if entry)
        self._running = subprocess.Popen(
            [sys.executable, "-c", f"from {__name__} import _serve; _serve()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
        )
        assert self._running.stdin is not None
        assert self._running.stdout is not None
        self._to, self._from = self._running.stdin, self._running.stdout
        pickle.dump((opener, function, arguments, fault), self._to)
        self._to.flush()

    def ready(self) -> None:
        """Wait until the child has opened the store."""
        self._expect("ready")

    def go(self) -> None:
        """Let the child begin, or go on where it paused."""
        self._to.write(b"go\n")
        self._to.flush()

    def paused(self) -> None:
        """Wait until the child has come to its fault point and stopped there."""
        self._expect("paused")

    def result(self) -> Any:
        """Return what the function returned; raise what it raised."""
        kind, value = self._receive()
        self._end()
        if kind == "raised":
            raise value
        assert kind == "returned", kind
        return value

    def died(self) -> bool:
        """Wait for the end of a child that is to be killed; say whether it was."""
        self._running.wait(_PATIENCE)
        killed = self._running.returncode not in (0, 1)
        self._end()
        return killed

    def kill(self) -> None:
        """End the child at once, whatever it does; nothing where it has ended."""
        self._running.kill()
        self._end()

    def _expect(self, kind: str) -> None:
        told, value = self._receive()
        if told == "raised":
            self._end()
            raise value
        assert told == kind, f"expected {kind}, the child told {told}"

    def _receive(self) -> tuple[str, Any]:
        try:
            told: tuple[str, Any] = pickle.load(self._from)
        except EOFError:
            self._end()
            code = self._running.returncode
            raise RuntimeError(f"the child ended without a word (exit code {code})") from None
        return told

    def _end(self) -> None:
        with suppress(OSError):  # what was still to be sent finds nobody
            self._to.close()
        self._from.close()
        self._running.wait(_PATIENCE)


@contextmanager
def children(*started: Child) -> Iterator[tuple[Child, ...]]:
    """Wait until all are ready; whatever happens, none outlives the `with` block."""
    try:
        for child in started:
            child.ready()
        yield started
    finally:
        for child in started:
            child.kill()


def together(*started: Child) -> list[Any]:
    """Let all begin at the same moment and return their results, in order."""
    with children(*started):
        for child in started:
            child.go()
        return [child.result() for child in started]


def _serve() -> None:
    """Be a child: take the orders from standard input, answer on standard output."""
    orders, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # what the function prints is not an answer

    def tell(kind: str, value: Any = None) -> None:
        pickle.dump((kind, value), answers)
        answers.flush()

    def wait(point: str) -> None:
        tell("paused", point)
        orders.readline()

    faults.ACTIONS["wait"] = wait
    opener, function, arguments, fault = pickle.load(orders)
    try:
        storage = opener()
        tell("ready")
        orders.readline()
        faults.install(fault or "")
        answer = function(storage, *arguments)
        storage.close()
    except Exception as error:
        tell("raised", error)
    else:
        tell("returned", answer)
