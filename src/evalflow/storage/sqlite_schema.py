"""How an SQLite store is made, known again, and brought to the present schema version.

The schema itself is in `sqlite.sql`.
"""

from __future__ import annotations

import os
import pkgutil
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import cache

from evalflow.storage.faults import fault_point
from evalflow.storage.plan_openings import openings
from evalflow.storage.rows import plan_entry_row
from evalflow.storage.sqlite_errors import failure, is_busy, storage_error
from evalflow.storage.sqlite_statements import ENTER

APPLICATION = 0x65766C66
"""`application_id` of every evalflow store: "evlf"."""

VERSION = 2
"""The schema version that this evalflow writes (`user_version`)."""


def prepare(
    path: str, timeout: float, connect: Callable[[], sqlite3.Connection], *, beside: bool = False
) -> None:
    """Make the store where there is none, check that it is ours, and bring it up to date. `beside`
    says that it may be made in a file that holds another program's tables, beside these."""
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise failure("missing", folder)
    if os.path.isdir(path):
        raise failure("foreign", path)
    deadline = time.monotonic() + timeout
    if not os.path.exists(path):
        check_name(path)
    _make(path)
    connection = connect()
    try:
        while True:
            try:
                _bring_up(connection, path, beside)
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


def check_name(path: str) -> None:
    """See to it that no file is made that another store's programs would take for their own.

    Raises:
        StorageError: `exists`: the name is that of a file beside a store.
    """
    from evalflow.files.output import BESIDE_A_STORE

    if path.endswith(BESIDE_A_STORE):
        raise failure("beside", path)


def _make(path: str) -> None:
    """Make the file where there is none, not for everybody to read: SQLite gives its -wal and -shm
    the same rights."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o640))
    except OSError:  # it is there; or cannot be made, which SQLite tells
        return


def _bring_up(connection: sqlite3.Connection, path: str, beside: bool) -> None:
    if _version(connection, path, beside=beside) == VERSION:
        _in_wal(connection)
        return
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection, path, beside=beside)  # again: somebody may have been first
        if version == 0:
            _run(connection, schema())
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
        else:
            for step in range(version, VERSION):
                UPGRADES[step](connection)
        fault_point("upgrade:written")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _in_wal(connection: sqlite3.Connection) -> None:
    """See to it that readers and writers do not wait for each other: a copy made by `VACUUM INTO`
    or `.dump` is not in WAL mode. Where the file cannot be written it stays as it is."""
    (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    if mode != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_READONLY:
                raise


def check_version(connection: sqlite3.Connection, path: str) -> None:
    """See to it, inside of a transaction, that what is about to be written fits the schema: a later
    evalflow may have raised it since the store was opened here.

    Raises:
        StorageError: `newer`; or `foreign`, where the store was exchanged.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != VERSION:
        raise failure("newer" if version > VERSION else "foreign", path, str(version))


def check_copy(connection: sqlite3.Connection, path: str) -> None:
    """See to it that a file is a store that this evalflow reads, of this or an earlier version.

    Raises:
        StorageError: `foreign`, `newer`, or `corrupt`: pages of it are damaged.
    """
    if _version(connection, path) == 0:
        raise failure("foreign", path)
    (told,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if told != "ok":
        raise failure("corrupt", path, str(told))


def _version(connection: sqlite3.Connection, path: str, *, beside: bool = False) -> int:
    """Return the schema version, 0 for an empty file, and with `beside` for one of another program
    in which a store can be made.

    Raises:
        StorageError: the file is not an evalflow store, or of a later version; or what is in it
            leaves no place for one.
    """
    alone = not connection.in_transaction
    if alone:  # all three of one moment: somebody may be making the store just now
        connection.execute("BEGIN")
    try:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        things = {name for (name,) in connection.execute("SELECT lower(name) FROM sqlite_master")}
        (encoding,) = connection.execute("PRAGMA encoding").fetchone()
    finally:
        if alone and connection.in_transaction:
            connection.execute("ROLLBACK")
    if application == 0 and version == 0:  # no program says that the file is its own
        if not things:
            return 0
        if not beside:
            raise failure("tables", path)
        if encoding != "UTF-8":
            raise failure("encoding", path, encoding)
        if taken := sorted(things & _names()):
            raise failure("taken", path, ", ".join(taken))
        return 0
    if application != APPLICATION or version < 1:
        raise failure("foreign", path)
    if version > VERSION:
        raise failure("newer", path, str(version))
    return int(version)


@cache
def _names() -> frozenset[str]:
    """Return what tables, indexes and triggers of a store are called."""
    with closing(sqlite3.connect(":memory:")) as empty:
        empty.executescript(schema())
        return frozenset(name for (name,) in empty.execute("SELECT name FROM sqlite_master"))


def holds_more(connection: sqlite3.Connection) -> bool:
    """Say whether a file holds another program's tables beside the store's."""
    found = connection.execute(
        "SELECT lower(name) FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
    )
    return not {name for (name,) in found} <= _names()


def schema() -> str:
    """Return the SQL that makes a fresh store of version `VERSION`."""
    return _script("sqlite.sql")


def _script(name: str) -> str:
    content = pkgutil.get_data("evalflow.storage", name)
    assert content is not None, "a part of the package"
    return content.decode()


def _to_2(connection: sqlite3.Connection) -> None:
    """Give plans a history, begun by an opening balance of what the store holds of them."""
    _run(connection, _script("sqlite_2.sql"))
    revisions = connection.execute(
        "SELECT plan, revision, effective, tree FROM plan_revision ORDER BY plan, revision"
    )
    projects = connection.execute(
        "SELECT p.plan, p.number, p.version, p.head, p.lifecycle, "
        "(SELECT max(e.at) FROM entry AS e WHERE e.project = p.id) "
        "FROM project AS p ORDER BY p.plan, p.place, p.number"
    )
    lifecycles = connection.execute("SELECT fingerprint, tree FROM lifecycle")
    opened = openings(revisions.fetchall(), projects.fetchall(), lifecycles.fetchall())
    connection.executemany(ENTER, [plan_entry_row(entry) for entry in opened])


UPGRADES: Mapping[int, Callable[[sqlite3.Connection], None]] = {1: _to_2}
"""Schema version -> what makes the next version of it. Version 1 is the first."""


def _run(connection: sqlite3.Connection, script: str) -> None:
    """Run the statements of a script inside the open transaction (`executescript` would
    commit it first)."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""
