"""Taking turns: a fair queue in front of the write transaction.

SQLite's own waiting is unfair: with eight writers one may wait half a second while the others
pass it again and again. Here whoever has to wait draws a number, threads first among
themselves, then their processes. Every few milliseconds (`_WARM`) the one who has waited longest is
served; in between whoever came last, whose program and data are still in the processor's caches:
eight programs that never rest do more than in the order of their coming (docs/reference/speed.md),
and each of them is served within eight turns of those who waited longest.

The numbers live in a small file beside the store; who holds the turn, and who still stands in
the queue, is told by file locks on it, which the system lets go of when a process dies. Who gives
its turn on rings for the next one (`_Bell`), which takes the turn where it lies there still; who
was not rung for looks by itself. The queue is about fairness alone: where it cannot be had (no
`fcntl`, a read-only folder, a file system without locks) the store's own lock still keeps writers
apart.
"""

from __future__ import annotations

import os
import struct
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from types import ModuleType
from typing import Any

_fcntl: ModuleType | None
try:
    import fcntl as _fcntl
except ImportError:  # Windows
    _fcntl = None

_NUMBERS, _NUMBER = struct.Struct("<qq"), struct.Struct("<q")
_COUNTER, _TURN, _PLACES = 0, 1, 16
"""The file holds the next number and the first one not yet served, then the bells of those who
wait, and when somebody was served last in the order of coming. Its bytes stand for locks: on
drawing a number, on having the turn, and one for every number that waits."""

_DATABASE = b"SQLite format 3\0"
_BELLS, _NAME = 64, 8  # bells in the file, a number's in the place of its rest; bytes of one
_SINCE = _PLACES + _BELLS * _NAME
_WARM = 3_000_000  # nanoseconds in which who came last is served before those who wait longer
_LAST = 1 << 62
_GLANCE = 0.00002  # a number is drawn in less
_STEP = 0.0002  # about one durable write
_LONGEST = 0.01  # who was not rung for looks by itself after so long
_PASSED_OVER = 0.1  # seconds for who is next to take a turn that lies there


class WriteQueue:
    """A queue for one store, shared by all threads of this process and by other processes."""

    def __init__(self, path: str) -> None:
        """Stand ready at the queue file `path`; it is made when first needed."""
        self._path = path
        self._threads = _Line()
        self._file = -1
        self._bell = _Bell()
        self._alone = _fcntl is None

    def take(self, deadline: float) -> bool:
        """Wait for this thread's turn; False where `deadline` (`time.monotonic`) passed first."""
        if not self._threads.take(deadline):
            return False
        try:
            served = self._alone or self._wait(deadline)
        except OSError:
            # No locks here (some network file systems) or no file: the store's lock remains.
            self._alone = served = True
        except BaseException:
            self._threads.give()
            raise
        if not served:
            self._threads.give()
        return served

    def give(self) -> None:
        """End this thread's turn."""
        try:
            if not self._alone:
                self._unlock(_TURN)
                self._ring()
        finally:
            self._threads.give()

    def close(self) -> None:
        """Let go of the queue file."""
        self._bell.close()
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _wait(self, deadline: float) -> bool:
        if self._file < 0:
            self._open()
        drawn, served = self._read()
        if drawn == served and self._lock(_TURN):
            return True
        number = self._draw(deadline)
        if number is None:
            return False
        try:
            in_order = self._served(number, deadline)
            if in_order is None:
                return False
            if in_order:
                os.pwrite(self._file, _NUMBER.pack(number + 1), _NUMBER.size)
                os.pwrite(self._file, _NUMBER.pack(time.monotonic_ns()), _SINCE)
            else:
                self._hand_back(number)
            return True
        finally:
            self._unlock(_PLACES + number)

    def _hand_back(self, number: int) -> None:
        """Let the next one who comes draw this number again, or, where somebody came since, see to
        it that nobody rings for it."""
        if self._lock(_COUNTER):
            try:
                if self._read()[0] == number + 1:
                    os.pwrite(self._file, _NUMBER.pack(number), 0)
                    return
            finally:
                self._unlock(_COUNTER)
        os.pwrite(self._file, bytes(_NAME), _place(number))

    def _served(self, number: int, deadline: float) -> bool | None:
        """Wait until nobody stands before `number`, or somebody rings for us, and take the turn; or
        take it where it lies there and nobody before us picks it up: a process that was stopped in
        the queue (Ctrl-Z, a debugger, a paused container) is passed over. Say whether it came in
        order, or before those who wait longer; None where the deadline passed first."""
        seen, looked = -1, time.monotonic()
        rung: bool | None = False
        while True:
            served, now = self._read()[1], time.monotonic()
            if served != seen:
                seen, looked = served, now
            overdue = now - looked > _PASSED_OVER
            in_order = self._nobody_before(number) or overdue
            if (in_order or rung) and self._lock(_TURN):
                return in_order
            if overdue:
                looked = now  # somebody is writing
            if now > deadline:
                return None
            # For who was passed over nobody rings.
            rung = self._bell.listen(_LONGEST if served <= number else _STEP)
            if rung is None:
                time.sleep(min(_STEP * max(number - served, 1), _LONGEST))

    def _nobody_before(self, number: int) -> bool:
        if number and not self._lock(_PLACES, number, shared=True):
            return False
        if number:
            self._unlock(_PLACES, number)
        return True

    def _ring(self) -> None:
        """Ring for one who waits and is there: the first one, or, where that was done just now, the
        last one."""
        size = _SINCE + _NUMBER.size
        try:
            content = os.pread(self._file, size, 0).ljust(size, b"\0")
            drawn, served = _NUMBERS.unpack_from(content)
            (since,) = _NUMBER.unpack_from(content, _SINCE)
            waiting = range(served, min(drawn, served + _BELLS))
            if 0 <= time.monotonic_ns() - since < _WARM:
                waiting = waiting[::-1]
            for number in waiting:
                name = content[_place(number) :][:_NAME]
                if any(name) and self._bell.ring(name):
                    return
        except OSError:
            pass  # whoever waits looks by itself

    def _read(self) -> tuple[int, int]:
        """Return the next number and the first not yet served; zeros where the file was cut."""
        content = os.pread(self._file, _NUMBERS.size, 0)
        drawn, served = _NUMBERS.unpack(content.ljust(_NUMBERS.size, b"\0"))
        return drawn, served

    def _draw(self, deadline: float) -> int | None:
        """Return this thread's number, its place in the queue locked; None where the deadline
        passed first."""
        while not self._lock(_COUNTER):
            if not _nap(_GLANCE, deadline):
                return None
        try:
            number, _ = self._read()
            if not 0 <= number < _LAST:
                number = 0
            while not self._lock(_PLACES + number):  # somebody has reset the file
                number += 1
            self._bell.open()
            os.pwrite(self._file, self._bell.name, _place(number))
            os.pwrite(self._file, _NUMBER.pack(number + 1), 0)
            return number
        finally:
            self._unlock(_COUNTER)

    def _open(self) -> None:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
        file = os.open(self._path, flags | getattr(os, "O_NOFOLLOW", 0), 0o640)
        if os.pread(file, len(_DATABASE), 0) == _DATABASE:  # somebody's store has this name
            os.close(file)
            raise OSError("a database is no queue")
        self._file = file

    def _lock(self, start: int, length: int = 1, *, shared: bool = False) -> bool:
        """Lock a stretch of the file if nobody stands in the way."""
        assert _fcntl is not None
        kind = _fcntl.LOCK_SH if shared else _fcntl.LOCK_EX
        try:
            _fcntl.lockf(self._file, kind | _fcntl.LOCK_NB, length, start)
        except (BlockingIOError, PermissionError):
            return False
        return True

    def _unlock(self, start: int, length: int = 1) -> None:
        assert _fcntl is not None
        _fcntl.lockf(self._file, _fcntl.LOCK_UN, length, start)


def _place(number: int) -> int:
    """Return where in the file the bell of who drew a number stands."""
    return _PLACES + number % _BELLS * _NAME


class _Bell:
    """A socket of this process, by which who waits is woken by who gives the turn on. It has no
    file (one of Linux's abstract names), so nothing is left behind, and it decides nothing: who is
    rung for by mistake looks and goes on waiting. Where there are no such names, or programs stand
    in different network namespaces, nobody is rung for and all look by themselves."""

    def __init__(self) -> None:
        self._socket: Any = None
        self._poll: Any = None
        self._mute = sys.platform != "linux"
        self.name = bytes(_NAME)

    def open(self) -> bool:
        """Say whether this process can be rung for; the socket is made when first needed."""
        if self._socket is None and not self._mute:
            import select  # most programs never wait for another
            import socket

            name = os.urandom(_NAME)
            try:
                made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
                try:
                    made.bind(_address(name))
                except BaseException:
                    made.close()
                    raise
            except OSError:
                self._mute = True
                return False
            self._socket, self._poll, self.name = made, select.poll(), name
            self._poll.register(made, select.POLLIN)
        return not self._mute

    def ring(self, name: bytes) -> bool:
        """Wake who waits under this name; False where nobody does."""
        try:
            return self.open() and self._socket.sendto(b"!", _address(name)) == 1
        except OSError:
            return False

    def listen(self, seconds: float) -> bool | None:
        """Sleep until this process is rung for, `seconds` at most; None where it cannot be."""
        if not self.open():
            return None
        if not self._poll.poll(seconds * 1000):
            return False
        with suppress(OSError):
            self._socket.recv(1)
        return True

    def close(self) -> None:
        """Let go of the socket."""
        if self._socket is not None:
            self._socket.close()


def _address(name: bytes) -> str:
    return f"\0evalflow-queue-{name.hex()}"


def _nap(seconds: float, deadline: float) -> bool:
    """Sleep a little; False where the deadline has passed."""
    if time.monotonic() > deadline:
        return False
    time.sleep(min(seconds, _LONGEST))
    return True


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


_shared: dict[str, tuple[WriteQueue, int]] = {}
_sharing = threading.Lock()


def join(path: str) -> WriteQueue:
    """Return the queue at `path`, the same one for every store of this process: closing a
    second handle of the file would drop the locks of the first."""
    with _sharing:
        queue, users = _shared.get(path, (None, 0))
        if queue is None:
            queue = WriteQueue(path)
        _shared[path] = (queue, users + 1)
        return queue


def part(path: str) -> None:
    """Give back what `join` returned; the last one closes the file."""
    with _sharing:
        queue, users = _shared[path]
        if users == 1:
            del _shared[path]
            queue.close()
        else:
            _shared[path] = (queue, users - 1)


def _forget() -> None:
    """In a forked child nobody stands in any line yet. The parent's handles stay open there:
    they hold no locks of the child."""
    global _sharing  # noqa: PLW0603 - a lock that another thread held at the fork is useless
    _sharing = threading.Lock()
    _shared.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
