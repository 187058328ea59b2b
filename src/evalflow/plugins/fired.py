"""What happened, told to plugins once it is committed: the hook `evalflow_fired`.

Plugins are told by a thread of their own, in the order of the commits: nobody who fires waits for
them, and what goes wrong in one of them is logged and keeps nothing from the others. Who forks
waits until all is told and the thread has ended: what a plugin holds just then, the lock of an
import for one, would be held in the child for ever.
"""

from __future__ import annotations

import contextvars
import os
import queue
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from evalflow.model import Entry
from evalflow.model.requests import logger, request_id
from evalflow.plugins.hook_calls import HookCall, show
from evalflow.plugins.hooks import FIRED

_WAITING = 10_000  # entries that may wait to be told; what comes beyond is logged, and not told
_IDLE = 0.01  # seconds without an entry after which the thread ends
_PATIENCE = 5.0  # seconds that who forks waits for plugins

_log = logger("evalflow.fired")

_Waiting = tuple[contextvars.Context, Sequence[Entry], str | None]


class Firings:
    """The plugins of one engine that are told of entries; safe for several threads."""

    def __init__(self) -> None:
        """Begin with nobody to tell."""
        self._callers: dict[str, Callable[..., Any]] = {}
        self._begin()
        _ALL.add(self)

    def _begin(self) -> None:
        self._queue: queue.SimpleQueue[_Waiting] = queue.SimpleQueue()
        self._waiting = 0  # entries that are not told yet
        self._turn = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, plugin: str, caller: Callable[..., Any]) -> None:
        """Tell this plugin, too."""
        self._callers[plugin] = caller

    def remove(self, plugin: str) -> None:
        """Tell this plugin no more."""
        self._callers.pop(plugin, None)

    def __bool__(self) -> bool:
        """Say whether anybody is to be told."""
        return bool(self._callers)

    def tell(self, entries: Iterable[Entry]) -> None:
        """Have the plugins told of entries that are committed; returns at once. A sequence is
        looked at by the thread that tells."""
        if not self._callers:
            return
        given = entries if isinstance(entries, Sequence) else tuple(entries)
        with self._turn:
            room = max(_WAITING - self._waiting, 0)
            told, left = given[:room], given[room:]
            self._waiting += len(told)
            self._queue.put((contextvars.copy_context(), told, request_id()))
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="evalflow-fired", daemon=True
                )
                self._thread.start()
        if left:  # one line, however many they are
            first, last = left[0], left[-1]
            _log.error(
                "plugins are too slow: %d entries are not told them, %s #%d to %s #%d",
                *(len(left), first.project, first.number, last.project, last.number),
            )

    def finish(self, timeout: float = 5.0) -> bool:
        """Wait until everything was told; say whether it was within `timeout` seconds."""
        ends = time.monotonic() + timeout
        while self._waiting:
            if time.monotonic() > ends:
                _log.error("%d entries were not told to plugins", self._waiting)
                return False
            time.sleep(0.002)
        return True

    def _run(self) -> None:
        while True:
            try:
                context, entries, asked = self._queue.get(timeout=_IDLE)
            except queue.Empty:
                with self._turn:
                    if self._queue.empty():
                        self._thread = None
                        return
                continue
            for entry in entries:
                try:
                    context.run(self._call, entry, asked)
                finally:
                    with self._turn:
                        self._waiting -= 1

    def _call(self, entry: Entry, asked: str | None) -> None:
        for plugin, caller in tuple(self._callers.items()):
            begun = time.perf_counter_ns()
            try:
                caller(entry=entry, request_id=asked)
            except BaseException:  # a plugin's code may raise anything
                _log.exception(
                    "plugin %s: %s failed for %s #%d", plugin, FIRED, entry.project, entry.number
                )
            took = (time.perf_counter_ns() - begun) // 1000
            short = f"entry={entry.project} #{entry.number} {entry.event}", f"request_id={asked}"
            show(HookCall(hook=FIRED, plugin=plugin, microseconds=took, arguments=short))


# ------------------------------------------------------------------ forks

_ALL: weakref.WeakSet[Firings] = weakref.WeakSet()
_held: list[Firings] = []
_forking = threading.Lock()  # one at a time


def _before() -> None:
    _forking.acquire()
    for each in tuple(_ALL):
        thread = each._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(_PATIENCE)
        each._turn.acquire()  # until it is forked no thread begins
        _held.append(each)


def _in_parent() -> None:
    while _held:
        _held.pop()._turn.release()
    _forking.release()


def _in_child() -> None:
    _held.clear()
    for each in tuple(_ALL):
        each._begin()  # what waited to be told is told by the parent
    _forking.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
