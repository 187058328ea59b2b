"""What the service keeps beside the store: sessions, tokens, passwords, what was read, batches that
wait to be applied. None of it is history, and the store does not need it.

It is a SQLite file of its own, readable by its owner alone. Whoever keeps more there (drafts)
gives its tables to `State.tables`.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from evalflow import StorageError

Clock = Callable[[], dt.datetime]

_TABLES = """\
CREATE TABLE IF NOT EXISTS session (
    hash TEXT PRIMARY KEY, actor TEXT NOT NULL, means TEXT NOT NULL,
    made_at TEXT NOT NULL, seen_at TEXT NOT NULL, ends_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS session_of ON session (actor);
CREATE TABLE IF NOT EXISTS token (
    id TEXT PRIMARY KEY, hash TEXT NOT NULL, kind TEXT NOT NULL, actor TEXT NOT NULL, events TEXT,
    label TEXT NOT NULL, made_at TEXT NOT NULL, expires_at TEXT NOT NULL, revoked_at TEXT,
    used_at TEXT);
CREATE TABLE IF NOT EXISTS password (
    actor TEXT PRIMARY KEY, hash TEXT NOT NULL, changed_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS attempt (
    actor TEXT NOT NULL, address TEXT NOT NULL, at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS attempt_at ON attempt (at);
CREATE TABLE IF NOT EXISTS handshake (
    hash TEXT PRIMARY KEY, content TEXT NOT NULL, ends_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS notice_read (
    actor TEXT NOT NULL, notice TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (actor, notice));
CREATE TABLE IF NOT EXISTS batch (
    id TEXT PRIMARY KEY, actor TEXT NOT NULL, content BLOB NOT NULL, made_at TEXT NOT NULL,
    ends_at TEXT NOT NULL);
"""


def now() -> dt.datetime:
    """Return the present moment, aware and UTC."""
    return dt.datetime.now(dt.UTC)


class State:
    """The service's own file. Safe to use from several threads, and from several processes."""

    def __init__(self, path: str | os.PathLike[str] = ":memory:", *, clock: Clock = now) -> None:
        """Open the file, or make it; `:memory:` is gone with the process.

        Raises:
            StorageError: it cannot be used.
        """
        self.path = os.fspath(path)
        self.clock = clock
        self._lock = threading.RLock()
        try:
            if self.path != ":memory:":
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            self._db = sqlite3.connect(
                self.path, check_same_thread=False, isolation_level=None, timeout=5
            )
            # A connection that is only forgotten is complained of (Python 3.13).
            weakref.finalize(self, self._db.close)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.executescript(_TABLES)
        except (OSError, sqlite3.Error) as error:
            raise StorageError(
                "unreachable",
                ko=f"서비스의 파일을 열 수 없습니다: {self.path} ({error})",
                en=f"cannot open the service's own file {self.path} ({error})",
            ) from error

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    def tables(self, script: str) -> None:
        """Make further tables, each `CREATE TABLE IF NOT EXISTS`."""
        with self._lock:
            self._db.executescript(script)

    def stamp(self, later: dt.timedelta = dt.timedelta()) -> str:
        """Return now, or so much later, as texts that sort by time."""
        moment = self.clock().astimezone(dt.UTC) + later
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give the connection for several statements, all of them or none.

        Raises:
            StorageError: the file is locked for longer than 5 seconds, or cannot be written.
        """
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    yield self._db
                except BaseException:
                    self._db.execute("ROLLBACK")
                    raise
                self._db.execute("COMMIT")
            except sqlite3.OperationalError as error:
                raise _unusable(error) from error

    def run(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Run one statement that writes, and return how many rows it changed.

        Raises:
            StorageError: as `writing`.
        """
        with self._lock:
            try:
                return self._db.execute(statement, values).rowcount
            except sqlite3.OperationalError as error:
                raise _unusable(error) from error

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return what a query finds.

        Raises:
            StorageError: the file cannot be read.
        """
        with self._lock:
            try:
                return self._db.execute(query, values).fetchall()
            except sqlite3.OperationalError as error:
                raise _unusable(error) from error

    def row(self, query: str, values: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        """Return the first row that a query finds, or None."""
        found = self.rows(query, values)
        return found[0] if found else None


def moment_of(stamp: str) -> dt.datetime:
    """Return the moment of a stamp."""
    return dt.datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S.%f%z")


def _unusable(error: sqlite3.OperationalError) -> StorageError:
    return StorageError(
        "locked",
        ko=f"서비스의 파일을 지금 쓸 수 없습니다 ({error})",
        en=f"the service's own file cannot be used now ({error})",
    )
