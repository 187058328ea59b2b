"""Connections to an SQLite store: a pool in autocommit, and turns for those who write.

Readers take a connection and wait for nobody. Who writes waits for its turn in a fair queue
(`write_queue`), so that SQLite's own lock is free when it begins.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from evalflow.errors import StorageError
from evalflow.storage import sqlite_together, write_queue
from evalflow.storage.sqlite_errors import (
    failure,
    is_busy,
    is_of_the_store,
    not_written_back,
    storage_error,
)
from evalflow.storage.sqlite_integrity import warn
from evalflow.storage.sqlite_schema import check_version, prepare
from evalflow.storage.sqlite_together import Job, Together, end_all
from evalflow.storage.urls import file_url

_OLDEST = (3, 37)  # STRICT tables
_RECOVERY = 1.0  # seconds SQLite itself may wait for a lock before we look at the deadline
_JOURNAL = 64 * 1024 * 1024  # bytes to which the -wal file shrinks after a big commit
_IDLE = 8  # connections kept for the next reader or writer
_CHUNK = 256  # rows fetched at a time by a streamed read


class SQLiteConnections:
    """The connections of one store, for many threads and processes: `_reading`, `_writing`, and
    one statement by `_row` or `_rows`."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        timeout: float = 5.0,
        synchronous: str = "FULL",
        beside: bool = False,
    ) -> None:
        """Open the file; see `open_sqlite`."""
        if synchronous.upper() not in {"FULL", "NORMAL", "EXTRA"}:
            raise ValueError(f"synchronous is FULL, NORMAL or EXTRA, not {synchronous!r}")
        if sqlite3.sqlite_version_info < _OLDEST:
            raise failure("unreachable", os.fspath(path), f"SQLite {sqlite3.sqlite_version} < 3.37")
        if os.fspath(path) == ":memory:":
            raise failure("memory", "memory:")
        self.path = os.path.abspath(path)
        self._timeout = timeout
        self._patience = min(timeout, _RECOVERY)
        self._synchronous = synchronous.upper()
        self._closed = False
        self._pool: deque[sqlite3.Connection] = deque()
        self._process = os.getpid()
        self._left_behind: list[Any] = []  # a forked child must not touch its parent's
        self._together = Together()
        self._queue_path = os.path.realpath(self.path) + "-queue"
        self._real = os.path.realpath(self.path)
        self._file: _Identity = None
        self._wal: _Identity = None
        self._unsynced: StorageError | None = None
        prepare(
            self.path,
            timeout,
            lambda: _connect(self.path, "FULL", self._patience),
            beside=beside,
        )
        self._file = identity(self._real)
        self._queue = write_queue.join(self._queue_path)
        with self._reading() as connection:
            self.schema_faults = warn(connection, self.path)
            self._newest = _newest(connection)

    def close(self) -> None:
        """Close the connections. A store that nobody has open any more is a single file."""
        if self._closed:
            return
        self._closed = True
        self._meet_fork()
        while self._pool:
            self._pool.pop().close()
        write_queue.part(self._queue_path)

    def _begin_anew(self) -> None:
        """Bring up to date what was put into the file as a whole, and see what is newest in it."""
        while self._pool:
            self._pool.pop().close()
        prepare(self.path, self._timeout, lambda: _connect(self.path, "FULL", self._patience))
        self._wal = None
        with self._reading() as connection:
            self.schema_faults = warn(connection, self.path)
            self._newest = _newest(connection)

    def _take(self) -> sqlite3.Connection:
        if self._process != os.getpid():
            self._meet_fork()
        if self._closed:
            raise failure("closed", self.path)
        try:
            return self._pool.pop()
        except IndexError:
            self._check_file()
            connection = _connect(self.path, self._synchronous, self._patience)
        try:
            self._check_file()
        except BaseException:
            connection.close()
            raise
        return connection

    def _put(self, connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            connection.rollback()
        if isinstance(connection, _Unwatched):
            connection.close()
            if connection.stamp != _stamp(self._real):
                raise failure("moving", self.path)
            return
        if self._closed or len(self._pool) >= _IDLE:
            connection.close()
        else:
            self._pool.append(connection)

    def _meet_fork(self) -> None:
        if self._process == os.getpid():
            return
        self._left_behind += [self._pool, self._queue]
        self._pool = deque()
        self._process = os.getpid()
        self._together = Together()
        self._queue = write_queue.join(self._queue_path)
        self._wal = None  # a process of its own, whose connections are still to be made

    def _check_file(self, *, writing: bool = False) -> None:
        """Raise where the file that was opened does not stand at its place any more: what is
        written into it would be gone. SQLite keeps the -wal file beside it as long as a
        connection is open, and what is committed stands there first.

        Raises:
            StorageError: `replaced`.
        """
        if identity(self._real) != self._file:
            raise failure("replaced", self.path)
        if writing:
            wal = identity(f"{self._real}-wal")
            if self._wal is None:
                self._wal = wal
            elif wal != self._wal:
                raise failure("replaced", self.path)

    def _check_content(self, connection: sqlite3.Connection) -> None:
        """Raise where what was newest in the store, when it was opened or written here last, is not
        in it any more: the file is the same one, but another store, or an older state of this one,
        was put into it. Entries are never taken away, so nothing else does that. A number drawn for
        each store would not do: an older copy has it too.

        Raises:
            StorageError: `replaced`.
        """
        entry, plan_entry = self._newest
        if entry is None or plan_entry is None:
            for asked, values in ((_THERE, entry), (_PLAN_THERE, plan_entry)):
                if values and not connection.execute(f"SELECT {asked}", values).fetchone()[0]:
                    raise failure("replaced", self.path)
        elif connection.execute(_BOTH_THERE, (*entry, *plan_entry)).fetchone() != (1, 1):
            raise failure("replaced", self.path)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        connection = self._take()
        try:
            yield connection
        except sqlite3.Error as error:
            raise storage_error(error, self.path) from error
        finally:
            self._put(connection)

    def _rows(self, sql: str, values: Any = ()) -> Generator[Sequence[Any], None, None]:
        """Yield the rows of one statement, streamed, all as of its beginning."""
        with self._reading() as connection:
            yield from streamed(connection, sql, values)

    def _row(self, sql: str, values: Any = ()) -> Sequence[Any] | None:
        connection = self._take()
        try:
            row: Sequence[Any] | None = connection.execute(sql, values).fetchone()
        except sqlite3.Error as error:
            raise storage_error(error, self.path) from error
        finally:
            self._put(connection)
        return row

    def write_back(self) -> None:
        """Copy what stands in the -wal file into the store's file, as far as nobody reads it.
        SQLite does so by itself after some commits, and tells nobody where it fails. Where a sync
        fails that is told from then on, for the system may forget what it did not write.

        Raises:
            StorageError: it cannot be copied, or it could not be synced once.
        """
        if self._unsynced is not None:
            raise self._unsynced
        connection = self._take()
        try:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error as error:
            told = not_written_back(error, self.path)
            if error.sqlite_errorcode == sqlite3.SQLITE_IOERR_FSYNC:
                self._unsynced = told
            raise told from error
        finally:
            self._put(connection)

    def _writing(self, entry: _Mark = None) -> AbstractContextManager[sqlite3.Connection]:
        """Give a connection inside a write transaction; committed and durable afterwards. `entry`
        is the last entry of a project that will then have been written (project, number, hash),
        where it is known and no plan's history goes on: nobody has to look for it."""
        return _Writing(self, entry)

    def _transact(self, write: Callable[[sqlite3.Connection], None], entry: _Mark = None) -> None:
        """Write what `write` writes in a transaction; durable on return. What other threads want to
        write at that moment may be in the same one. `entry` is as of `_writing`."""
        if self._process != os.getpid():
            self._meet_fork()
        job, deadline = Job(write, entry), time.monotonic() + self._timeout
        if not self._together.come(job, deadline):
            raise failure("locked", self.path)
        if not job.over:
            try:
                self._write_all(job, deadline)
            finally:
                self._together.leave()
        if job.error is not None:
            if is_of_the_store(job.error):
                raise storage_error(job.error, self.path) from job.error
            raise job.error

    def _write_all(self, job: Job, deadline: float) -> None:
        """Write a job of this thread, and those of all who wait."""
        turn, others = _Writing(self, job.entry, deadline), list[Job]()
        try:
            with turn as connection:
                if others := self._together.gathered():
                    turn.entry = sqlite_together.write_each(connection, [job, *others])
                else:
                    job.write(connection)
        except Exception as error:  # of the transaction: nothing of it lasts
            end_all(others, error)
            raise
        except BaseException:  # an interrupt of this thread is not the others', who wait on
            if not turn.undone:
                end_all(others)
            raise
        end_all(others)

    def _begin(self, connection: sqlite3.Connection, deadline: float | None = None) -> None:
        """Wait for this thread's turn and begin to write, all within the time-out."""
        if deadline is None:
            deadline = time.monotonic() + self._timeout
        if not self._queue.take(deadline):
            raise failure("locked", self.path)
        try:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if not is_busy(error):
                    raise
                # Somebody who knows no queue is writing.
                self._begin_when_free(connection, deadline)
        except BaseException:
            self._queue.give()
            raise

    def _begin_when_free(self, connection: sqlite3.Connection, deadline: float) -> None:
        left = max(deadline - time.monotonic(), 0)
        connection.execute(f"PRAGMA busy_timeout = {left * 1000:.0f}")
        try:
            connection.execute("BEGIN IMMEDIATE")
        finally:
            connection.execute(f"PRAGMA busy_timeout = {self._patience * 1000:.0f}")


class _Writing(AbstractContextManager[sqlite3.Connection]):
    """A write transaction of a store; see `SQLiteConnections._writing`. Every firing comes by, and
    a generator takes longer."""

    __slots__ = ("_connection", "_deadline", "_store", "entry", "undone")

    def __init__(
        self, store: SQLiteConnections, entry: _Mark, deadline: float | None = None
    ) -> None:
        self._store, self._deadline, self.entry = store, deadline, entry
        self.undone = False

    def __enter__(self) -> sqlite3.Connection:
        store = self._store
        self._connection = connection = store._take()
        try:
            store._begin(connection, self._deadline)
            try:
                check_version(connection, store.path)
                store._check_content(connection)
            except BaseException:
                self._end()
                raise
        except BaseException as error:
            self._give_back(error)
            raise
        return connection

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        store, connection, entry = self._store, self._connection, self.entry
        try:
            try:
                if error is None:
                    newest = _newest(connection) if entry is None else (entry, store._newest[1])
                    store._check_file(writing=True)
                    connection.execute("COMMIT")
                    store._check_file(writing=True)
                    store._newest = newest
            finally:
                self._end()
        except BaseException as broken:
            self._give_back(broken)
            raise
        self._give_back(error)

    def _end(self) -> None:
        """Undo what is not committed, and end the turn."""
        try:
            if self._connection.in_transaction:
                self.undone = True
                self._connection.execute("ROLLBACK")
        finally:
            self._store._queue.give()

    def _give_back(self, error: BaseException | None) -> None:
        """Give the connection back, and say what an error of SQLite means; what the schema refuses
        is for whoever writes."""
        self._store._put(self._connection)
        if is_of_the_store(error):
            raise storage_error(error, self._store.path) from error


_Identity = tuple[int, int] | None

_Mark = tuple[Any, ...] | None

_THERE = "EXISTS (SELECT 1 FROM entry WHERE project = ? AND number = ? AND hash = ?)"
_PLAN_THERE = "EXISTS (SELECT 1 FROM plan_entry WHERE plan = ? AND number = ? AND hash = ?)"
_BOTH_THERE = f"SELECT {_THERE}, {_PLAN_THERE}"
"""Whether an entry of a project, and of a plan, is there."""

_NEWEST = (
    "SELECT project, number, hash FROM entry ORDER BY position DESC LIMIT 1",
    "SELECT plan, number, hash FROM plan_entry ORDER BY rowid DESC LIMIT 1",
)


def _newest(connection: sqlite3.Connection) -> tuple[_Mark, _Mark]:
    """Return the newest entry of a project and of a plan in the store, for `_check_content`; None
    where there is none, or where a table is damaged, which verification tells."""
    found: list[_Mark] = []
    for newest in _NEWEST:
        try:
            found.append(connection.execute(newest).fetchone())
        except sqlite3.OperationalError:
            found.append(None)
    return found[0], found[1]


def identity(path: str) -> _Identity:
    """Return device and inode of the file, None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def streamed(
    connection: sqlite3.Connection, sql: str, values: Any
) -> Generator[Sequence[Any], None, None]:
    """Yield the rows of one statement, a chunk at a time."""
    cursor = connection.execute(sql, values)
    try:
        while rows := cursor.fetchmany(_CHUNK):
            yield from rows
    finally:
        cursor.close()


class _Unwatched(sqlite3.Connection):
    """A connection to a file beside which nothing can be made: SQLite then reads it without the
    files by which writers and readers know of each other. `stamp` tells whether it was written
    meanwhile."""

    stamp: tuple[int, int, int] | None = None


def _stamp(path: str) -> tuple[int, int, int] | None:
    """Return what differs once the file was written; None where it is gone."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _is_shut(path: str) -> bool:
    """Say whether the folder may not be written and nobody has the store open: in WAL mode SQLite
    can then read it only as a file that does not change (`immutable`). With a -wal file beside it
    that would leave out what is committed there."""
    real = os.path.realpath(path)
    return not os.access(os.path.dirname(real), os.W_OK) and not os.path.exists(f"{real}-wal")


def _connect(path: str, synchronous: str, patience: float) -> sqlite3.Connection:
    """Open a connection. Readers in WAL mode wait for nobody but a recovery after a crash;
    for writers `_begin` looks at the clock."""
    way: str = "mode=rw"  # a file that is gone is not made again
    own: dict[str, Any] = {}
    if os.path.exists(path) and _is_shut(path):
        way, own = "mode=ro&immutable=1", {"factory": _Unwatched}
    try:
        stamp = _stamp(os.path.realpath(path))
        connection: sqlite3.Connection = sqlite3.connect(
            f"{file_url(path)}?{way}",
            uri=True,
            timeout=patience,
            isolation_level=None,
            check_same_thread=False,
            **own,
        )
        if isinstance(connection, _Unwatched):
            connection.stamp = stamp
        try:  # the first statement reads the file: it may be no database
            connection.execute(f"PRAGMA synchronous = {synchronous}")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute(f"PRAGMA journal_size_limit = {_JOURNAL}")
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise storage_error(error, path) from error
    return connection
