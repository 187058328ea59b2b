"""Connections to the database: those of the storage's own, and one that belongs to a host.

Both do the same three things: `row` and `rows` run one statement each, `writing` gives a
connection inside a transaction.
"""

from __future__ import annotations

import os
import select
import threading
import time
from collections import Counter, deque
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from itertools import islice
from typing import Any, Protocol

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from evalflow.storage import without
from evalflow_postgres.failures import brief, failure, storage_error

Connection = psycopg.Connection[Any]
Values = Any
Asked = tuple[str, Any]
Row = Any

_CHUNK = 256  # rows fetched at a time by a streamed read

_AHEAD = 1000  # rows that are read before the first of them is given

_STREAMED = _CHUNK if psycopg.capabilities.has_stream_chunked() else 1


class Source(Protocol):
    """Where a storage's statements run."""

    place: str

    def row(self, statement: str, values: Values = ()) -> Row | None:
        """Return the first row that a reading statement finds, or None."""
        ...

    def rows(self, statement: str, values: Values = ()) -> Generator[Row, None, None]:
        """Yield the rows of one statement, streamed, all as of its beginning."""
        ...

    def few(self, statement: str, values: Values = ()) -> list[Row]:
        """Return all rows that a reading statement finds: few, in one round trip."""
        ...

    def write(self, statement: str, values: Values, *, first: Asked | None = None) -> Row | None:
        """Run one writing statement, all or nothing; return its first row. Errors come as the
        database's. What is asked `first`, in the same transaction, may wait: the writing statement
        then sees what was committed meanwhile, as one that waits itself does not."""
        ...

    def writing(self) -> AbstractContextManager[Connection]:
        """Give a connection inside a transaction: all or nothing. Errors come as the
        database's."""
        ...

    def moment(self, first: str) -> AbstractContextManager[tuple[Connection, Row, bool]]:
        """Give a connection on which every statement sees the same moment, the row of the statement
        `first`, asked before the moment, and whether the moment moves on all the same: that of a
        host's transaction in READ COMMITTED. Errors come as `StorageError`."""
        ...

    def close(self) -> None:
        """Let go of what is ours."""
        ...


_HOLD = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1"
"""What makes a transaction hold a moment: the one of its first question."""


class Pool:
    """Our own connections, at most `limit` of them: opened when needed, kept for the next.

    There are no threads behind it, so that a connection that cannot be had says why, and at
    once. A connection whose server has gone away is noticed before it is used again.

    The limit is on threads: one that has a connection, because it reads at one moment, gets another
    without waiting. Otherwise as many threads as there are connections could each hold one and wait
    for one more, for ever.
    """

    def __init__(
        self,
        conninfo: str,
        *,
        place: str,
        limit: int,
        timeout: float,
        secrets: tuple[str, ...] = (),
    ) -> None:
        """Remember how to connect; nothing is opened yet."""
        self._secrets = secrets
        self.place = place
        self.timeout = timeout
        self._conninfo = conninfo
        self._limit = limit
        self._closed = False
        self._left_behind: list[Any] = []  # a forked child must not touch its parent's
        self._begin()

    def _begin(self) -> None:
        self._idle: deque[Connection] = deque()
        self._free = threading.BoundedSemaphore(self._limit)
        self._owner = os.getpid()
        self._books = threading.Lock()
        self._lent: dict[int, tuple[int, bool]] = {}  # connection -> thread, counts to the limit
        self._held: Counter[int] = Counter()  # thread -> connections

    def close(self) -> None:
        """Close the idle connections; those in use are closed when they are given back."""
        self._meet_fork()
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def _meet_fork(self) -> None:
        if self._owner != os.getpid():
            self._left_behind.append(self._idle)
            self._begin()

    def connect(self) -> Connection:
        """Open a connection, beside the limit: for the few who need one of their own."""
        try:
            connection = psycopg.connect(self._conninfo, autocommit=True)
        except psycopg.Error as error:
            if brief(error) != without(brief(error), self._secrets):
                # libpq tells pieces of what it could not take apart; nor is the cause told then.
                detail = without(brief(error), self._secrets)
                raise failure("unreachable", self.place, detail) from None
            raise storage_error(error, self.place) from error
        try:
            wait = max(int(self.timeout * 1000), 1)
            connection.execute(
                f"SET lock_timeout = {wait}; "
                "SET default_transaction_isolation = 'read committed'; "
                "SELECT set_config('synchronous_commit', 'on', false) "
                "WHERE current_setting('synchronous_commit') = 'off'"
            )
        except psycopg.Error as error:
            connection.close()
            raise storage_error(error, self.place) from error
        except BaseException:
            connection.close()
            raise
        return connection

    def take(self) -> Connection:
        """Return a connection that nobody else uses; `put` it back."""
        self._meet_fork()
        if self._closed:
            raise failure("closed", self.place)
        thread = threading.get_ident()
        counts = not self._held[thread]
        if counts and not self._free.acquire(timeout=self.timeout):
            raise failure("busy", self.place, str(self._limit))
        try:
            connection = self._open()
        except BaseException:
            if counts:
                self._free.release()
            raise
        with self._books:
            self._lent[id(connection)] = thread, counts
            self._held[thread] += 1
        return connection

    def _open(self) -> Connection:
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread took the last one
                break
            if not _gone(connection):
                return connection
            connection.close()
        return self.connect()

    def put(self, connection: Connection) -> None:
        """Take a connection back, rolled back where something is still open."""
        # First out of the books: once it is among the idle ones, another thread may have it lent.
        with self._books:
            thread, counts = self._lent.pop(id(connection))
            self._held[thread] -= 1
            if not self._held[thread]:
                del self._held[thread]
        try:
            status = connection.info.transaction_status
            if status != TransactionStatus.IDLE and not connection.closed:
                with suppress(psycopg.Error):
                    connection.rollback()
            usable = connection.info.transaction_status == TransactionStatus.IDLE
            if self._closed or not usable or len(self._idle) >= self._limit:
                connection.close()
            else:
                self._idle.append(connection)
        finally:
            if counts:
                self._free.release()

    @contextmanager
    def using(self) -> Iterator[Connection]:
        """Give a connection for the time of the block; errors come out as `StorageError`."""
        connection = self.take()
        try:
            yield connection
        except psycopg.Error as error:
            raise storage_error(error, self.place) from error
        finally:
            self.put(connection)

    def row(self, statement: str, values: Values = ()) -> Row | None:
        """Return the first row that a reading statement finds, or None."""
        return next(iter(self.few(statement, values)), None)

    def few(self, statement: str, values: Values = ()) -> list[Row]:
        """Return all rows that a reading statement finds."""
        with self.using() as connection:
            return connection.execute(statement, values).fetchall()

    def rows(self, statement: str, values: Values = ()) -> Generator[Row, None, None]:
        """Yield the rows of one statement, streamed. The first `_AHEAD` are read before one is
        given, and where there are no more the connection is back by then: whoever looks at them,
        and for how long, keeps nobody waiting. A longer stream keeps its connection, beside the
        limit."""
        with self.using() as connection, connection.cursor() as cursor:
            stream: Any = cursor.stream(statement, values, size=_STREAMED)
            with closing(stream):  # one that is left holds the connection's lock
                ahead = list(islice(stream, _AHEAD))
                if len(ahead) == _AHEAD:
                    self._count_no_more(connection)
                    yield from ahead
                    yield from stream
                    return
        yield from ahead

    def _count_no_more(self, connection: Connection) -> None:
        """Let another take the place of a connection that stays lent."""
        with self._books:
            thread, counts = self._lent[id(connection)]
            self._lent[id(connection)] = thread, False
        if counts:
            self._free.release()

    def write(self, statement: str, values: Values, *, first: Asked | None = None) -> Row | None:
        """Run one writing statement, durable when this returns: one round trip, also where
        something is asked first. What a pipeline sends is one transaction of its own."""
        connection = self.take()
        try:
            if first is None:
                return connection.execute(statement, values).fetchone()
            return _together(connection, first, (statement, values))
        finally:
            self.put(connection)

    @contextmanager
    def moment(self, first: str) -> Iterator[tuple[Connection, Row, bool]]:
        """Give a connection in a transaction that holds a moment."""
        with self.using() as connection:
            row = connection.execute(first).fetchone()
            with connection.transaction():
                connection.execute(_HOLD)
                yield connection, row, False

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection inside a transaction; committed and durable afterwards."""
        connection = self.take()
        try:
            with connection.transaction():
                yield connection
        finally:
            self.put(connection)


class Joined:
    """A host's connection: what is written becomes true when the host commits.

    Every write stands in a savepoint, so that one that fails leaves the host's transaction
    as it was. The connection is never committed, rolled back or closed here; one in
    autocommit, outside of a transaction block, commits each write by itself.
    """

    def __init__(self, connection: Connection) -> None:
        """Take the connection, in whatever state it is."""
        self._host: Connection | None = connection
        self._number = 0
        info = connection.info
        self.place = f"postgresql://{info.host}:{info.port}/{info.dbname}"

    @property
    def _connection(self) -> Connection:
        if self._host is None:
            raise failure("closed", self.place)
        return self._host

    def close(self) -> None:
        """Answer no more; the connection is the host's, and stays as it is."""
        self._host = None

    def row(self, statement: str, values: Values = ()) -> Row | None:
        """Return the first row that a reading statement finds, or None."""
        return next(iter(self.few(statement, values)), None)

    def few(self, statement: str, values: Values = ()) -> list[Row]:
        """Return all rows that a reading statement finds."""
        try:
            with own_cursor(self._connection) as cursor:
                return cursor.execute(statement, values).fetchall()
        except psycopg.Error as error:
            raise storage_error(error, self.place) from error

    def write(self, statement: str, values: Values, *, first: Asked | None = None) -> Row | None:
        """Run one writing statement in a savepoint."""
        with self.writing() as connection, own_cursor(connection) as cursor:
            if first is not None:
                cursor.execute(*first)
            return cursor.execute(statement, values).fetchone()

    def rows(self, statement: str, values: Values = ()) -> Generator[Row, None, None]:
        """Yield the rows of one statement through a cursor on the server, so that the host's
        connection can be used meanwhile."""
        self._number += 1
        name = f"evalflow_{self._number}_{id(self):x}"
        alone = self.autocommits()
        try:
            with psycopg.ServerCursor(
                self._connection, name, row_factory=tuple_row, withhold=alone
            ) as cursor:
                cursor.itersize = _CHUNK
                cursor.execute(statement, values)
                yield from cursor
        except psycopg.Error as error:
            raise storage_error(error, self.place) from error

    @contextmanager
    def moment(self, first: str) -> Iterator[tuple[Connection, Row, bool]]:
        """Give the connection: in autocommit in a transaction that holds a moment, otherwise as the
        host's transaction is."""
        connection = self._connection
        row = self.row(first)
        if self.autocommits():
            with connection.transaction():
                connection.execute(_HOLD)
                yield connection, row, False
            return
        shown = self.row("SHOW transaction_isolation")
        moving = shown is not None and shown[0] in ("read committed", "read uncommitted")
        with self._savepoint(TransactionStatus.INERROR):
            yield connection, row, moving

    def autocommits(self) -> bool:
        """Say whether each statement is a transaction of its own."""
        connection = self._connection
        idle = connection.info.transaction_status == TransactionStatus.IDLE
        return connection.autocommit and idle

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give the connection inside a savepoint; in autocommit, inside a transaction."""
        connection = self._connection
        if self.autocommits():
            with connection.transaction():
                yield connection
            return
        with self._savepoint(TransactionStatus.INERROR, TransactionStatus.INTRANS):
            yield connection

    @contextmanager
    def _savepoint(self, *undone: TransactionStatus) -> Iterator[None]:
        """Stand in a savepoint; an error goes back to it where the transaction stands at one of
        `undone`."""
        connection = self._connection
        self._number += 1
        name = sql.Identifier(f"evalflow_{self._number}")
        connection.execute(sql.SQL("SAVEPOINT {}").format(name))
        try:
            yield
        except BaseException:
            if connection.info.transaction_status in undone:
                connection.execute(sql.SQL("ROLLBACK TO {}; RELEASE {}").format(name, name))
            raise
        connection.execute(sql.SQL("RELEASE {}").format(name))


def _together(connection: Connection, first: Asked, second: Asked) -> Row | None:
    """Run two statements, sent at once; return the first row of the second.

    A connection that breaks in between is told once, by what it met first: the driver would log
    what it meets besides when it leaves the pipeline.
    """
    lost: psycopg.Error | None = None
    try:
        with connection.pipeline():
            try:
                connection.execute(*first)
                cursor = connection.execute(*second)
            except psycopg.Error as error:
                lost = error
    except psycopg.Error as error:
        raise lost or error from None
    if lost is not None:
        raise lost
    return cursor.fetchone()


def own_cursor(connection: Connection) -> psycopg.Cursor[tuple[Any, ...]]:
    """Return a cursor that binds values on the server and gives rows as tuples, whatever a host has
    its own cursors do."""
    return psycopg.Cursor(connection, row_factory=tuple_row)


def _gone(connection: Connection) -> bool:
    """Say whether an idle connection has lost its server, without asking it: where nobody was
    asked, what comes in is a farewell."""
    if connection.closed:
        return True
    descriptor = connection.fileno()
    if hasattr(select, "poll"):
        watch = select.poll()
        watch.register(descriptor, select.POLLIN)
        return bool(watch.poll(0))
    return bool(select.select([descriptor], [], [], 0)[0])


class HeldConnection:
    """A lock of the server's, as long as the connection stands on which it was taken."""

    def __init__(self, connection: Connection) -> None:
        """Take the connection, which nobody else uses."""
        self._connection = connection

    def still(self) -> bool:
        """Say whether the connection, and with it the lock, is still there."""
        try:
            self._connection.execute("SELECT 1")
        except psycopg.Error:
            return False
        return True

    def release(self) -> None:
        """Let go of the lock."""
        self._connection.close()


class Listener:
    """One connection that hears the notifications of a channel; safe for several threads."""

    def __init__(self, pool: Pool, channel: str, announce: str) -> None:
        """Remember the channel, and the statement that lets writers know of a listener;
        nothing is opened yet."""
        self._pool = pool
        self._announce = announce
        self._channel = channel
        self._connection: Connection | None = None
        self._owner = os.getpid()
        self._turn = threading.Lock()

    def wait(self, timeout: float) -> bool:
        """Wait until something is heard; False where `timeout` seconds passed in silence.

        True at once where listening only begins now, the first time and after a lost
        connection: what was said before could not be heard.
        """
        deadline = time.monotonic() + timeout
        if not self._turn.acquire(timeout=max(timeout, 0)):
            return False
        try:
            if self._connection is None or self._owner != os.getpid():
                self._listen()
                return True
            left = max(deadline - time.monotonic(), 0)
            try:
                return any(True for _ in self._connection.notifies(timeout=left, stop_after=1))
            except psycopg.Error:
                self._connection.close()
                self._connection = None
                self._listen()
                return True
        finally:
            self._turn.release()

    def _listen(self) -> None:
        connection = self._pool.connect()
        try:
            connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self._channel)))
            connection.execute(self._announce)
        except psycopg.Error as error:
            connection.close()
            raise storage_error(error, self._pool.place) from error
        except BaseException:
            connection.close()
            raise
        self._connection, self._owner = connection, os.getpid()

    def close(self) -> None:
        """Stop listening."""
        if self._connection is not None and self._owner == os.getpid():
            self._connection.close()
        self._connection = None
