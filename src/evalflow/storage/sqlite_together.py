"""Threads of one program that commit at one moment: one of them writes for all that wait.

A commit spends most of its time waiting for the disk. Whoever comes meanwhile hands over what is
to be written and waits; who has the turn next writes all of it in one transaction, each commit in
a savepoint of its own, so that one which is refused takes nothing of the others with it. Nobody is
told before that transaction is durable, and no reader sees anything of it before: it is one
transaction of SQLite like any other. Who is alone notices nothing.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

_MOST = 32  # commits in one transaction: who writes for others waits for all of them

_SAVEPOINT, _RELEASE = "SAVEPOINT evalflow_one", "RELEASE evalflow_one"
_TAKE_BACK = "ROLLBACK TO evalflow_one"


class Job:
    """One commit that is to be written: what writes it on a connection inside a transaction, which
    entry is then the last one where that is known; whether somebody has `taken` it to write; and,
    when it is `over`, what went wrong."""

    __slots__ = ("_gate", "_woken", "entry", "error", "over", "taken", "write")

    def __init__(
        self, write: Callable[[sqlite3.Connection], None], entry: tuple[Any, ...] | None
    ) -> None:
        """Stand ready."""
        self.write = write
        self.entry = entry
        self.taken = self.over = False
        self.error: BaseException | None = None
        self._gate: threading.Lock | None = None
        self._woken = False

    def stand(self) -> None:
        """Make ready to wait."""
        self._gate = threading.Lock()
        self._gate.acquire()

    def wait(self, seconds: float) -> bool:
        """Wait until it is over, or this thread's turn to write; False where neither came."""
        assert self._gate is not None
        return self._gate.acquire(timeout=max(seconds, 0))

    def wait_out(self) -> None:
        """Wait until it is over, or this thread's turn, however long: somebody is at it."""
        assert self._gate is not None
        while not self._woken:  # who was woken already may have passed the gate
            self._gate.acquire()

    def wake(self) -> None:
        """Let the thread that waits go on."""
        self._woken = True
        if self._gate is not None:
            self._gate.release()


class Together:
    """The commits of one store's threads."""

    def __init__(self) -> None:
        """Nobody writes."""
        self._lock = threading.Lock()
        self._busy = False
        self._waiting: deque[Job] = deque()

    def come(self, job: Job, deadline: float) -> bool:
        """Wait until the job is over (`job.over`) or this thread is the one that writes, and has to
        `leave` afterwards; False where the deadline (`time.monotonic`) passed first."""
        with self._lock:
            if not self._busy:
                self._busy = True
                return True
            job.stand()
            self._waiting.append(job)
        try:
            if job.wait(deadline - time.monotonic()):
                return True
        except BaseException:
            if not self._withdraw(job):
                job.wait_out()
                if not job.over:
                    self.leave()
            raise
        if self._withdraw(job):
            return False
        job.wait_out()
        return True

    def _withdraw(self, job: Job) -> bool:
        with self._lock:
            if job in self._waiting and not job.taken:
                self._waiting.remove(job)
                return True
            return False

    def gathered(self) -> list[Job]:
        """Return those that wait, for whoever writes. Those that are not over (`end_all`) when the
        writer leaves go on waiting."""
        if not self._waiting:
            return []
        with self._lock:
            found = list(islice(self._waiting, _MOST - 1))
            for each in found:
                each.taken = True
            return found

    def leave(self) -> None:
        """Let the next one write."""
        with self._lock:
            while self._waiting and self._waiting[0].over:
                self._waiting.popleft()
            for each in self._waiting:
                each.taken, each.error = False, None
            if self._waiting:
                self._waiting.popleft().wake()
            else:
                self._busy = False


def end_all(jobs: Sequence[Job], error: BaseException | None = None) -> None:
    """Tell the threads of these jobs that it is over; with an error it went wrong with all."""
    for job in jobs:
        job.error = error or job.error
        job.over = True
        job.wake()


def write_each(connection: sqlite3.Connection, jobs: Sequence[Job]) -> tuple[Any, ...] | None:
    """Write jobs inside the open transaction, each whole or not at all; one that is refused keeps
    its error. Return the entry that is then the last one, None where it is not known.

    Raises:
        sqlite3.Error: the transaction is gone, and with it all that was written.
    """
    for job in jobs:
        connection.execute(_SAVEPOINT)
        try:
            job.write(connection)
        except Exception as error:
            if not connection.in_transaction:
                raise
            job.error = error
            connection.execute(_TAKE_BACK)
        connection.execute(_RELEASE)
    written = [job.entry for job in jobs if job.error is None]
    return written[-1] if written and all(written) else None
