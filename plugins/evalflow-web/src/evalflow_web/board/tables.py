"""Where the board keeps its own rows: a SQLite file in its folder, or a schema of PostgreSQL, where
several machines serve one office. Statements are written once, in what both understand."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

from evalflow import StorageError
from evalflow.plugins import invalid
from evalflow.storage import secrets_of, shown_url, without

Row = tuple[Any, ...]
Run = Callable[..., list[Row]]
"""Runs one statement, its values behind it, and returns the rows that it answers."""

SCHEMA = "evalflow_board"
"""The schema of PostgreSQL that holds the board's tables."""


_LOCK = 0x65766C66  # of whoever makes tables


class Tables(Protocol):
    """Rows that are kept. Safe to use from several threads and processes."""

    blob: str
    """What a column of bytes is called."""

    def make(self, statements: Iterable[str]) -> None:
        """Make tables that are not there, each `CREATE … IF NOT EXISTS`, whoever else does so at
        the same moment.

        Raises:
            StorageError: the tables cannot be reached, or are locked.
        """

    def writing(self) -> contextlib.AbstractContextManager[Run]:
        """Give what runs several statements, all of them or none.

        Raises:
            StorageError: the tables cannot be reached, or are locked.
        """


class SqliteTables:
    """A SQLite file, one connection a use."""

    blob = "BLOB"

    def __init__(self, path: Path) -> None:
        """Take the file, which is made where it is not there."""
        self._path = path

    def make(self, statements: Iterable[str]) -> None:
        """Make tables that are not there."""
        with self.writing() as run:
            for statement in statements:
                run(statement)

    @contextlib.contextmanager
    def writing(self) -> Iterator[Run]:
        """Give what runs several statements, all of them or none."""
        try:
            db = sqlite3.connect(self._path, timeout=10)
            with contextlib.closing(db), db:
                yield lambda statement, *values: db.execute(statement, values).fetchall()
        except sqlite3.OperationalError as error:
            raise _unusable(error) from error


class PostgresTables:
    """A schema of a PostgreSQL database, by psycopg (with municipal-evalflow-postgres). One
    connection is kept, and made anew where it broke."""

    blob = "BYTEA"

    def __init__(self, url: str) -> None:
        """Take the database's URL, `postgresql://…`, as a store has it.

        Raises:
            InvalidInput: psycopg is not installed.
        """
        try:
            import psycopg
        except ImportError:
            raise invalid(
                "not_installed",
                path="--drafts",
                ko="PostgreSQL을 쓰려면 pip install 'municipal-evalflow-postgres[binary]'",
                en="PostgreSQL needs: pip install 'municipal-evalflow-postgres[binary]'",
            ) from None
        self._psycopg = psycopg
        self._url = url
        self._lock = threading.Lock()
        self._db: Any = None

    def _connected(self) -> Any:
        if self._db is None or self._db.closed:
            try:
                self._db = self._psycopg.connect(self._url)
            except (
                self._psycopg.ProgrammingError
            ) as error:  # no right URL: libpq tells pieces of it
                why = without(first_line(error), secrets_of(self._url))
                raise invalid(
                    "unknown_tables",
                    path="--drafts",
                    value=shown_url(self._url),
                    ko=f"PostgreSQL 주소를 이해할 수 없습니다: '{shown_url(self._url)}' ({why})",
                    en=f"no address of PostgreSQL: '{shown_url(self._url)}' ({why})",
                ) from None
            # A connection that is only forgotten is complained of.
            weakref.finalize(self, self._db.close)
            self._db.execute(f"SET search_path TO {SCHEMA}")
            self._db.commit()
        return self._db

    def make(self, statements: Iterable[str]) -> None:
        """Make tables that are not there."""
        with self.writing() as run:
            run("SELECT pg_advisory_xact_lock(?)", _LOCK)
            for statement in (f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}", *statements):
                run(statement)

    @contextlib.contextmanager
    def writing(self) -> Iterator[Run]:
        """Give what runs several statements, all of them or none."""
        with self._lock:
            try:
                with self._connected().transaction():
                    yield self._run
            except (
                self._psycopg.OperationalError,
                self._psycopg.errors.InsufficientPrivilege,
            ) as error:
                if self._db is not None:
                    self._db.close()
                raise _unusable(error) from error

    def _run(self, statement: str, *values: Any) -> list[Row]:
        found = self._db.execute(statement.replace("?", "%s"), values)
        return [] if found.description is None else found.fetchall()


def tables_at(url: str | None, folder: Path) -> Tables:
    """Return the tables at a URL; without one the SQLite file in the folder.

    Raises:
        InvalidInput: a URL of another kind; or what it needs is not installed.
    """
    if url is None:
        return SqliteTables(folder / "drafts.db")
    if url.startswith(("postgresql://", "postgres://")):
        return PostgresTables(url)
    kind = url.partition(":")[0][:20]
    raise invalid(
        "unknown_tables",
        path="--drafts",
        value=kind,
        ko=f"postgresql://로 시작하는 주소여야 합니다: '{kind}'",
        en=f"must begin with postgresql://, got '{kind}'",
    )


def first_line(error: Exception) -> str:
    """Return what an error says first, or what it is."""
    return (str(error).splitlines() or [type(error).__name__])[0][:160]


def _unusable(error: Exception) -> StorageError:
    said = first_line(error)
    return StorageError(
        "locked",
        ko=f"화면의 자료(임시저장·증빙)를 지금 쓸 수 없습니다 ({said})",
        en=f"what the board keeps (drafts, files) cannot be used now ({said})",
    )
