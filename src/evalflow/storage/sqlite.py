"""The embedded storage: one SQLite file, safe for many threads and processes.

The schema is in `sqlite.sql`, with triggers that hold for other programs too. Here is how it
is used: a pool of connections in autocommit, one short `BEGIN IMMEDIATE` per write behind a
fair queue (`write_queue`), and one statement per read, streamed from its own connection, so that
each answer is of one moment; `reading` makes many answers of one. What is read, and how projects
are selected, is `sql`'s, for all SQL storages; connections, schema, commits and bulk moves are in
the modules beside this one.
"""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from typing import Any

import attrs

from evalflow.errors import Conflict
from evalflow.model import Commit, Entry, Move, Outgoing
from evalflow.model.canonical import canonical
from evalflow.model.moments import utc
from evalflow.storage.contract import Head, Settled, check_commit, check_like
from evalflow.storage.faults import fault_point
from evalflow.storage.integrity import SchemaFault, Tables
from evalflow.storage.rows import (
    ENTRY_COLUMNS,
    Pattern,
    entry_from,
    moment,
    outgoing_from,
    settled_row,
)
from evalflow.storage.sole_runner import HeldFile, hold_file
from evalflow.storage.sql import EVER, SQLMoment, SQLReads
from evalflow.storage.sqlite_bulk import bulk_move
from evalflow.storage.sqlite_commit import CommitRows, check_basis, check_revision, refuse
from evalflow.storage.sqlite_connection import SQLiteConnections, streamed
from evalflow.storage.sqlite_errors import failure, storage_error
from evalflow.storage.sqlite_integrity import tables, tables_on
from evalflow.storage.sqlite_schema import check_copy, check_name, holds_more
from evalflow.storage.sqlite_statements import (
    CLAIM,
    CLAIMABLE,
    DIALECT,
    DUE,
    RESEND,
    SETTLE,
    SQL,
)
from evalflow.storage.urls import file_url


def open_sqlite(
    path: str | os.PathLike[str],
    *,
    timeout: float = 5.0,
    synchronous: str = "FULL",
    beside: bool = False,
) -> SQLiteStorage:
    """Open the store in the file `path`; it is made where it does not exist (its folder is
    not), and brought to the present schema version where it is older.

    `timeout` is how many seconds a write waits for its turn before it gives up with
    `StorageError` `locked`. `synchronous` is `FULL` (a commit that returned survives a power
    cut) or `NORMAL` (it survives a crash of the program; a power cut may take the last ones,
    whole commits only). With `beside` a file of another program that holds no store yet gets one
    beside its tables, which are left alone.

    Raises:
        StorageError: `missing` folder, `foreign` or `corrupt` file, made by a `newer`
            evalflow, `locked` by another program, `read_only` or `full` disk when it has to
            be made.
    """
    return SQLiteStorage(path, timeout=timeout, synchronous=synchronous, beside=beside)


_ANYTHING = (
    "SELECT EXISTS (SELECT 1 FROM plan_revision) OR EXISTS (SELECT 1 FROM plan_entry) "
    "OR EXISTS (SELECT 1 FROM lifecycle) OR EXISTS (SELECT 1 FROM entry)"
)
"""1 where a store holds something."""


class SQLiteReads(SQLReads):
    """The reading half, on SQLite."""

    dialect = DIALECT
    _sql = SQL

    def entries(
        self, *, after: int = 0, limit: int | None = None, newest: bool = False
    ) -> Iterator[tuple[int, Entry]]:
        """Yield (position, entry) in the order in which they were written.

        One writer at a time hands out positions, so a lower one never appears after a
        higher one was seen.
        """
        values = {
            "after": EVER if newest and not after else after,
            "limit": DIALECT.unlimited if limit is None else limit,
        }
        for row in self._rows(self._sql["entries_newest" if newest else "entries"], values):
            yield row[len(ENTRY_COLUMNS)], entry_from(row)


class SQLiteMoment(SQLMoment, SQLiteReads):
    """The store as it stood at one moment; made by `SQLiteStorage.reading`."""

    def __init__(
        self, connection: sqlite3.Connection, path: str, schema_faults: tuple[SchemaFault, ...]
    ) -> None:
        """Read on a connection whose read transaction has begun."""
        super().__init__()
        self.path = path
        self.schema_faults = schema_faults
        self._connection = connection

    def tables(self) -> AbstractContextManager[Tables]:
        """Give every row as it lies in the file: for verification."""
        return tables_on(self._connection, self.path)

    def _stream(self, sql: str, values: Any) -> Generator[Sequence[Any], None, None]:
        try:
            yield from streamed(self._connection, sql, values)
        except sqlite3.Error as error:
            raise storage_error(error, self.path) from error


class SQLiteStorage(SQLiteConnections, SQLiteReads):
    """A storage in one SQLite file; made by `open_sqlite`."""

    @contextmanager
    def reading(self) -> Iterator[SQLiteMoment]:
        """Give the store as it stands at this moment; see the contract."""
        with self._reading() as connection:
            connection.execute("BEGIN")
            # A read transaction begins with what it reads first.
            connection.execute("SELECT count(*) FROM plan_revision").fetchone()
            then = SQLiteMoment(connection, self.path, self.schema_faults)
            try:
                yield then
            finally:
                then.end()

    def copy_to(self, path: str | os.PathLike[str]) -> None:
        """Copy the store as it stands at one moment into a new file, also while others write.

        Raises:
            StorageError: `exists`: there is a file already, and it was left alone; `missing`: there
                is no such folder; or the file cannot be written.
        """
        check_name(os.fspath(path))
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o640))
        except FileExistsError:
            raise failure("exists", os.fspath(path)) from None
        except FileNotFoundError:
            raise failure("missing", os.path.dirname(os.path.abspath(path))) from None
        except OSError as error:
            raise failure("unreachable", os.fspath(path), str(error)) from error
        try:
            with self._reading() as connection, closing(sqlite3.connect(path)) as target:
                connection.backup(target)
        except BaseException:
            with suppress(OSError):
                os.remove(path)
            raise

    def restore_from(self, path: str | os.PathLike[str]) -> None:
        """Put a copy (`copy_to`) into this store, which is empty; see the contract."""
        source = os.fspath(path)
        if not os.path.isfile(source):
            raise failure("no_copy", source)
        way = f"{file_url(os.path.abspath(source))}?mode=ro"
        if not os.path.exists(f"{source}-wal"):  # nobody has it open, and a folder may be shut
            way += "&immutable=1"
        try:
            with (
                closing(sqlite3.connect(way, uri=True)) as copy,
                self._reading() as connection,
            ):
                check_copy(copy, source)
                # All of the file is replaced: another program's tables beside ours would be gone.
                if connection.execute(_ANYTHING).fetchone() != (0,) or holds_more(connection):
                    raise failure("not_empty", self.path)
                copy.backup(connection)
        except sqlite3.Error as error:
            raise storage_error(error, source) from error
        self._begin_anew()

    def hold(self) -> HeldFile | None:
        """Return the right to run the store, None where another program has it; see the
        contract."""
        try:
            return hold_file(os.path.realpath(self.path) + "-run")
        except OSError as error:
            raise failure("unreachable", self.path, str(error)) from error

    def tables(self) -> AbstractContextManager[Tables]:
        """Give every row as it lies in the file, all of one moment: for verification."""
        return tables(self._reading, self.path)

    def joined(self, connection: Any) -> SQLiteStorage:
        """Return the store in the transaction of a host's `sqlite3` connection; see the
        contract. Other tables in the same file are the host's."""
        from evalflow.storage.sqlite_joined import JoinedSQLite

        return JoinedSQLite(connection, self)

    # ------------------------------------------------------------------ writing

    def commit(self, commit: Commit) -> None:
        """Write everything in `commit` in one transaction, durable on return; see the contract."""
        check_commit(commit)
        rows = CommitRows.of(commit)

        def write(connection: sqlite3.Connection) -> None:
            fault_point("commit:begun")
            check_basis(connection, commit)
            rows.write(connection)
            fault_point("commit:written")

        try:
            self._transact(write, CommitRows.last(commit))
        except sqlite3.IntegrityError as error:
            # The schema said no. Where somebody was first that is still to be seen.
            with self._reading() as connection:
                refuse(connection, commit)
            moved = ", ".join([move.entry.project for move in commit.moves[:3]])
            raise ValueError(f"{moved}: {error}") from error
        fault_point("commit:done")

    def bulk_move(
        self, like: Move, heads: Sequence[Head], *, on: dt.date | None, under: int | None = None
    ) -> None:
        """Move the projects as `like` moves its own, in one transaction; see the contract."""
        check_like(like)
        if not heads:
            return
        pattern = Pattern(like)
        rows = pattern.rows(heads)
        try:
            with self._writing() as connection:
                fault_point("commit:begun")
                if under is not None:
                    check_revision(connection, like.project.plan, under)
                bulk_move(connection, like, pattern, rows, on)
                fault_point("commit:written")
        except sqlite3.IntegrityError as error:  # a key, or what only other programs can write
            raise Conflict(heads[0][0], expected=heads[0][1]) from error
        fault_point("commit:done")

    # ------------------------------------------------------------------ outbox

    def claim(
        self,
        notifier: str,
        *,
        at: dt.datetime,
        limit: int,
        lease: dt.timedelta,
        plan: str | None = None,
    ) -> Sequence[Outgoing]:
        """Return up to `limit` waiting notices, leased to the caller; see the contract."""
        at = utc(at)
        asked = (notifier, moment(at), plan)
        if self._row(DUE, asked) is None:
            return []
        with self._writing() as connection:
            rows = connection.execute(CLAIMABLE, (*asked, limit)).fetchall()
            positions = canonical([row[-1] for row in rows])
            connection.execute(CLAIM, (positions, moment(at + lease)))
            fault_point("claim:claimed")
        claimed = (outgoing_from(row) for row in rows)
        return [
            attrs.evolve(outgoing, tries=outgoing.tries + 1, next_at=at + lease)
            for outgoing in claimed
        ]

    def settle(self, outcomes: Iterable[Settled]) -> None:
        """Record the outcomes of delivery attempts, in one transaction."""
        rows = [settled_row(outcome) for outcome in outcomes]
        if not rows:
            return
        with self._writing() as connection:
            connection.executemany(SETTLE, rows)
            fault_point("settle:written")

    def resend(self, notices: Iterable[tuple[str, str]], *, at: dt.datetime) -> int:
        """Put dead letters back to waiting with no tries; return how many there were."""
        rows = [(notice, notifier, moment(at)) for notice, notifier in notices]
        if not rows:
            return 0
        with self._writing() as connection:
            return connection.executemany(RESEND, rows).rowcount
