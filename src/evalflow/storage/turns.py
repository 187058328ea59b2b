"""Taking turns: a fair queue in front of the write transaction.

SQLite's own waiting is unfair: with eight writers one may wait half a second while the others
pass it again and again. Here everyone draws a number and is served in that order, threads
first among themselves, then their processes.

The numbers live in a small file beside the store; who still stands in the queue is told by
file locks on it, which the system lets go of when a process dies. The queue is about fairness
alone: where it cannot be had (no `fcntl`, a read-only folder, a file system without locks)
the store's own lock still keeps writers apart.
"""

from __future__ import annotations

import os
import struct
import threading
import time
from collections import deque
from types import ModuleType

_fcntl: ModuleType | None
try:
    import fcntl as _fcntl
except ImportError:  # Windows
    _fcntl = None

_NUMBER = struct.Struct("<q")
_COUNTER, _SERVED, _PLACES = 0, 8, 16
"""Offsets in the file: the next number, the one being served, then one byte per number."""

_LAST = 1 << 62
_STEP = 0.0002  # about one durable write; who stands further back looks less often
_LONGEST = 0.01


class Turns:
    """A queue for one store, shared by all threads of this process and by other processes."""

    def __init__(self, path: str) -> None:
        """Stand ready at the queue file `path`; it is made when first needed."""
        self._path = path
        self._threads = _Line()
        self._file: int | None = None
        self._unusable = _fcntl is None
        self._number: int | None = None

    def take(self, deadline: float) -> bool:
        """Wait for this thread's turn; False where `deadline` (`time.monotonic`) passed first."""
        if not self._threads.take(deadline):
            return False
        try:
            served = self._unusable or self._draw(deadline)
        except OSError:
            # No locks here (some network file systems) or no file: the store's lock remains.
            self._unusable = True
            self._leave()
            return True
        except BaseException:
            self._leave()
            self._threads.give()
            raise
        if not served:
            self._leave()
            self._threads.give()
        return served

    def give(self) -> None:
        """End this thread's turn."""
        self._leave()
        self._threads.give()

    def close(self) -> None:
        """Let go of the queue file."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def _draw(self, deadline: float) -> bool:
        assert _fcntl is not None
        file = self._file
        if file is None:
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
            file = self._file = os.open(self._path, flags, 0o666)
        while not _try(file, _fcntl.LOCK_EX, _COUNTER, 1):
            if time.monotonic() > deadline:
                return False
            time.sleep(_STEP / 10)
        try:
            number = _read(file, _COUNTER)
            _write(file, _COUNTER, number + 1)
            if not _try(file, _fcntl.LOCK_EX, _PLACES + number, 1):
                return True  # somebody reset the file under us; the store's lock remains
            self._number = number
        finally:
            _fcntl.lockf(file, _fcntl.LOCK_UN, 1, _COUNTER)
        while number and not _try(file, _fcntl.LOCK_SH, _PLACES, number):
            if time.monotonic() > deadline:
                return False
            ahead = number - _read(file, _SERVED)
            time.sleep(_STEP / 10 if ahead <= 1 else min((ahead - 1) * _STEP, _LONGEST))
        if number:
            _fcntl.lockf(file, _fcntl.LOCK_UN, number, _PLACES)
        _write(file, _SERVED, number)
        return True

    def _leave(self) -> None:
        number, self._number = self._number, None
        if number is not None and self._file is not None:
            assert _fcntl is not None
            _fcntl.lockf(self._file, _fcntl.LOCK_UN, 1, _PLACES + number)


def _try(file: int, kind: int, start: int, length: int) -> bool:
    """Lock a stretch of the file if nobody stands in the way."""
    assert _fcntl is not None
    try:
        _fcntl.lockf(file, kind | _fcntl.LOCK_NB, length, start)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _read(file: int, offset: int) -> int:
    raw = os.pread(file, _NUMBER.size, offset)
    if len(raw) < _NUMBER.size:
        return 0
    number: int = _NUMBER.unpack(raw)[0]
    return number if 0 <= number < _LAST else 0


def _write(file: int, offset: int, number: int) -> None:
    os.pwrite(file, _NUMBER.pack(number), offset)


class _Line:
    """A lock for threads that is handed on in the order of arrival."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = False
        self._waiting: deque[threading.Lock] = deque()

    def take(self, deadline: float) -> bool:
        with self._lock:
            if not self._taken:
                self._taken = True
                return True
            gate = threading.Lock()
            gate.acquire()
            self._waiting.append(gate)
        try:
            if gate.acquire(timeout=max(deadline - time.monotonic(), 0)):
                return True
        except BaseException:
            if not self._withdraw(gate):
                self.give()
            raise
        return not self._withdraw(gate)

    def _withdraw(self, gate: threading.Lock) -> bool:
        """Step out of the line; False where the turn was handed over at that very moment."""
        with self._lock:
            if gate in self._waiting:
                self._waiting.remove(gate)
                return True
            return False

    def give(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False


_shared: dict[str, tuple[Turns, int]] = {}
_sharing = threading.Lock()


def join(path: str) -> Turns:
    """Return the queue at `path`, the same one for every store of this process: closing a
    second handle of the file would drop the locks of the first."""
    with _sharing:
        turns, users = _shared.get(path, (None, 0))
        if turns is None:
            turns = Turns(path)
        _shared[path] = (turns, users + 1)
        return turns


def part(path: str) -> None:
    """Give back what `join` returned; the last one closes the file."""
    with _sharing:
        turns, users = _shared[path]
        if users == 1:
            del _shared[path]
            turns.close()
        else:
            _shared[path] = (turns, users - 1)


def _forget() -> None:
    """In a forked child nobody stands in any line yet. The parent's handles stay open there:
    they hold no locks of the child."""
    global _sharing  # noqa: PLW0603 - a lock that another thread held at the fork is useless
    _sharing = threading.Lock()
    _shared.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
