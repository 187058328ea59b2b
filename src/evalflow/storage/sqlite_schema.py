"""How an SQLite store is made, known again, and brought to the present schema version.

The schema itself is in `sqlite.sql`.
"""

from __future__ import annotations

import os
import pkgutil
import sqlite3
import time
from collections.abc import Callable

from evalflow.storage.faults import fault_point
from evalflow.storage.sqlite_errors import failure, is_busy, storage_error

APPLICATION = 0x65766C66
"""`application_id` of every evalflow store: "evlf"."""

VERSION = 1
"""The schema version that this evalflow writes (`user_version`)."""

UPGRADES: dict[int, str] = {}
"""Schema version -> the SQL that makes the next version of it. Version 1 is the first."""


def prepare(path: str, timeout: float, connect: Callable[[], sqlite3.Connection]) -> None:
    """Make the store where there is none, check that it is ours, and bring it up to date."""
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise failure("missing", folder)
    if os.path.isdir(path):
        raise failure("foreign", path)
    deadline = time.monotonic() + timeout
    connection = connect()
    try:
        while True:
            try:
                _bring_up(connection, path)
                break
            except sqlite3.OperationalError as error:
                # Others may be making the same file; switching to WAL does not wait for them.
                if not is_busy(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
    except sqlite3.Error as error:
        raise storage_error(error, path) from error
    finally:
        connection.close()


def _bring_up(connection: sqlite3.Connection, path: str) -> None:
    if _version(connection, path) == VERSION:
        return
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection, path)  # again: somebody may have been first
        if version == 0:
            _run(connection, schema())
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
        else:
            for step in range(version, VERSION):
                _run(connection, UPGRADES[step])
        fault_point("upgrade:written")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _version(connection: sqlite3.Connection, path: str) -> int:
    """Return the schema version, 0 for an empty file.

    Raises:
        StorageError: the file is not an evalflow store, or of a later version.
    """
    alone = not connection.in_transaction
    if alone:  # all three of one moment: somebody may be making the store just now
        connection.execute("BEGIN")
    try:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (things,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    finally:
        if alone and connection.in_transaction:
            connection.execute("ROLLBACK")
    if application == 0 and version == 0 and things == 0:
        return 0
    if application != APPLICATION or version < 1:
        raise failure("foreign", path)
    if version > VERSION:
        raise failure("newer", path, str(version))
    return int(version)


def schema() -> str:
    """Return the SQL that makes a fresh store of version `VERSION`."""
    content = pkgutil.get_data("evalflow.storage", "sqlite.sql")
    assert content is not None, "a part of the package"
    return content.decode()


def _run(connection: sqlite3.Connection, script: str) -> None:
    """Run the statements of a script inside the open transaction (`executescript` would
    commit it first)."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""
