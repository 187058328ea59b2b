"""Faults at named points: raise, pause or kill where a crash would hurt most.

    with faults.at("commit:written"):          # raises `Fault` inside the transaction
        storage.commit(...)

    EVALFLOW_FAULT=commit:written:kill         # for a whole process that calls `install()`

Storages name their points by calling `evalflow.fault_point`. Nothing here is active in a
program that does not ask for it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from evalflow.storage import fault_point

VARIABLE = "EVALFLOW_FAULT"
"""The environment variable that `install` reads: `point:action`, or `point:action:n` for the
n-th time that the point is reached (counted from 1)."""


class Fault(Exception):
    """What the action `raise` raises: not an error of evalflow but one made on purpose."""


def _raise(point: str) -> None:
    raise Fault(point)


def _kill(point: str) -> None:
    """End this process as a power cut would: nothing is cleaned up."""
    if hasattr(signal, "SIGKILL"):
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(137)


def _pause(point: str) -> None:
    """Stop this process until somebody sends it SIGCONT."""
    os.kill(os.getpid(), signal.SIGSTOP)


ACTIONS: dict[str, Callable[[str], None]] = {"raise": _raise, "kill": _kill, "pause": _pause}
"""What can be done at a point, by name."""


def install(spec: str | None = None) -> None:
    """Let this process run into the fault that `spec` names (None: what `EVALFLOW_FAULT` says,
    if anything)."""
    spec = os.environ.get(VARIABLE) if spec is None else spec
    if not spec:
        return
    name, action, turn = _parse(spec)
    fault_point.listener = _Trap(name, ACTIONS[action], turn)


def _parse(spec: str) -> tuple[str, str, int]:
    turn = 1
    head, _, last = spec.rpartition(":")
    if last.isdigit():
        spec, turn = head, int(last)
    name, _, action = spec.rpartition(":")
    if not name or action not in ACTIONS:
        raise ValueError(f"{spec!r} is not POINT:ACTION; actions are {', '.join(ACTIONS)}")
    return name, action, turn


class _Trap:
    def __init__(self, name: str, action: Callable[[str], None], turn: int) -> None:
        self.name, self.action, self.left = name, action, turn

    def __call__(self, name: str) -> None:
        if name == self.name:
            self.left -= 1
            if self.left == 0:
                self.action(name)


@contextmanager
def at(
    point: str, action: str | Callable[[str], None] = "raise", *, turn: int = 1
) -> Iterator[None]:
    """Run into a fault inside the `with` block, the `turn`-th time that the point is reached.

    `action` is one of `ACTIONS` or a function that is called with the point's name.
    """
    chosen = ACTIONS[action] if isinstance(action, str) else action
    fault_point.listener = _Trap(point, chosen, turn)
    try:
        yield
    finally:
        fault_point.listener = None


@contextmanager
def reached() -> Iterator[list[str]]:
    """Give a list that fills with the points reached inside the `with` block."""
    points: list[str] = []
    fault_point.listener = points.append
    try:
        yield points
    finally:
        fault_point.listener = None
