"""An SQLite store in a host's own transaction, on the host's connection to the same file."""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NoReturn

from evalflow.errors import Conflict
from evalflow.storage.contract import another_store, inside_of_a_transaction, not_joinable
from evalflow.storage.integrity import Tables
from evalflow.storage.sole_runner import HeldFile
from evalflow.storage.sqlite import SQLiteMoment, SQLiteStorage
from evalflow.storage.sqlite_connection import identity
from evalflow.storage.sqlite_errors import storage_error
from evalflow.storage.sqlite_integrity import tables_on
from evalflow.storage.sqlite_schema import check_version

_SAVEPOINT = "evalflow_write"


class JoinedSQLite(SQLiteStorage):
    """The store as a host's connection sees it; made by `SQLiteStorage.joined`.

    A connection outside of a transaction whose `isolation_level` is None (or with `autocommit`)
    commits each write; any other begins a transaction, which stays open.
    """

    transient = True

    def __init__(self, connection: Any, of: SQLiteStorage) -> None:
        """Take the host's connection, in whatever state it is."""
        if not isinstance(connection, sqlite3.Connection):
            raise not_joinable(connection, "a connection of sqlite3")
        self.path = of.path
        self.schema_faults = of.schema_faults
        self.connection = connection
        databases = self._rows("PRAGMA database_list")
        place = next(row[2] for row in databases if row[1] == "main")
        if identity(place) is None or identity(place) != identity(self.path):
            raise another_store(place or ":memory:")

    def close(self) -> None:
        """Do nothing: the connection is the host's."""

    # ------------------------------------------------------------------ reading

    def _rows(self, sql: str, values: Any = ()) -> Generator[Sequence[Any], None, None]:
        """Yield the rows of one statement. They are read at once: what is written on a connection
        while a statement is under way may or may not show in it."""
        yield from self.all(sql, values)

    def all(self, sql: str, values: Any) -> list[Sequence[Any]]:
        """Return the rows of one statement, as tuples."""
        with self.plainly() as connection:
            return connection.execute(sql, values).fetchall()

    def _row(self, sql: str, values: Any = ()) -> Sequence[Any] | None:
        return next(iter(self.all(sql, values)), None)

    @contextmanager
    def plainly(self) -> Iterator[sqlite3.Connection]:
        """Give the connection, for now without what the host has it make of rows and texts."""
        connection = self.connection
        usual = connection.row_factory, connection.text_factory
        connection.row_factory, connection.text_factory = None, str  # the host has its own rows
        try:
            yield connection
        except sqlite3.ProgrammingError as error:
            wanted = "an open connection of sqlite3, on the thread that made it"
            raise not_joinable(connection, wanted) from error
        except sqlite3.Error as error:
            raise storage_error(error, self.path) from error
        finally:
            connection.row_factory, connection.text_factory = usual

    _reading = plainly

    @contextmanager
    def reading(self) -> Iterator[SQLiteMoment]:
        """Give the store as the host's transaction sees it, which is one moment; outside of one,
        as it stands at this moment."""
        alone = not self.connection.in_transaction
        with self.plainly() as connection:
            if alone:
                connection.execute("BEGIN")
                connection.execute("SELECT count(*) FROM plan_revision").fetchone()
        then = _JoinedMoment(self)
        try:
            yield then
        finally:
            then.end()
            if alone and self.connection.in_transaction:
                self.connection.execute("ROLLBACK")

    # ------------------------------------------------------------------ writing

    @contextmanager
    def _writing(self, entry: Any = None) -> Iterator[sqlite3.Connection]:
        """Give the connection inside a savepoint of the host's transaction; where it is in
        autocommit, inside a transaction of its own."""
        with self.plainly() as connection:
            alone = not connection.in_transaction
            try:
                if alone:
                    connection.execute("BEGIN IMMEDIATE")
                connection.execute(f"SAVEPOINT {_SAVEPOINT}")
                try:
                    check_version(connection, self.path)
                    yield connection
                except BaseException:
                    if connection.in_transaction:  # a full disk ends all of it
                        connection.execute(f"ROLLBACK TO {_SAVEPOINT}")
                        connection.execute(f"RELEASE {_SAVEPOINT}")
                    raise
                connection.execute(f"RELEASE {_SAVEPOINT}")
                if alone and self._autocommits():
                    connection.execute("COMMIT")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode == sqlite3.SQLITE_BUSY_SNAPSHOT:
                    # Somebody wrote since the host's transaction read first: it begins anew.
                    raise Conflict(self.path) from error
                raise
            finally:
                if alone and self._autocommits() and connection.in_transaction:
                    connection.execute("ROLLBACK")

    def _transact(self, write: Callable[[sqlite3.Connection], None], entry: Any = None) -> None:
        """Write what `write` writes: nobody else's is in a host's transaction."""
        with self._writing() as connection:
            write(connection)

    def _autocommits(self) -> bool:
        """Say whether the host's connection is one in which each statement is a transaction."""
        if getattr(self.connection, "autocommit", -1) is True:  # Python 3.12
            return True
        return self.connection.isolation_level is None

    @contextmanager
    def tables_here(self) -> Iterator[Tables]:
        """Give every row as it lies in the file, as the host's transaction sees it."""
        with self.plainly() as connection, tables_on(connection, self.path) as found:
            yield found

    @contextmanager
    def tables(self) -> Iterator[Tables]:
        """Give every row as it lies in the file, all of one moment: for verification."""
        with self.reading() as then, then.tables() as found:
            yield found

    # ------------------------------------------------------------------ what a host's is not for

    def claim(
        self,
        notifier: str,
        *,
        at: dt.datetime,
        limit: int,
        lease: dt.timedelta,
        plan: str | None = None,
    ) -> NoReturn:
        """Refuse.

        Raises:
            InvalidInput: what is sent cannot be taken back with the host's transaction.
        """
        raise inside_of_a_transaction()

    def copy_to(self, path: str | os.PathLike[str]) -> None:
        """Refuse: a copy is of what is committed; ask the store itself."""
        raise ValueError("a copy is of one moment: not inside of a host's transaction")

    def restore_from(self, path: str | os.PathLike[str]) -> None:
        """Refuse; see `copy_to`."""
        raise ValueError("a store is restored as a whole: not inside of a host's transaction")

    def hold(self) -> HeldFile | None:
        """Refuse; see `copy_to`."""
        raise ValueError("a host's transaction does not run a store")


class _JoinedMoment(SQLiteMoment):
    """What a host's transaction sees, read by whole statements."""

    def __init__(self, of: JoinedSQLite) -> None:
        super().__init__(of.connection, of.path, of.schema_faults)
        self._of = of
        self.transient = True

    def tables(self) -> AbstractContextManager[Tables]:
        """Give every row as it lies in the file: for verification."""
        return self._of.tables_here()

    def _stream(self, sql: str, values: Any) -> Generator[Sequence[Any], None, None]:
        yield from self._of.all(sql, values)
