"""Backups of a store in PostgreSQL: one file that holds every row of one moment, and the way back.

The file is a ZIP archive: `manifest.json` (schema version; for each table its columns and how many
rows), and each table as PostgreSQL's own COPY writes it. No program of the server's is needed, and
the server may be of another version when the copy is restored.
"""

# ruff: noqa: S608 - what is put into statements are quoted names

from __future__ import annotations

import json
import os
import zipfile
import zlib
from contextlib import suppress
from typing import Any

from psycopg import sql

from evalflow_postgres import upgrades
from evalflow_postgres.connections import Connection
from evalflow_postgres.failures import failure

_FORMAT = "evalflow-postgres/1"
_MANIFEST = "manifest.json"
_LARGEST = 1 << 20  # bytes of a manifest
_CHUNK = 1 << 18

_TABLES = (
    "lifecycle",
    "plan_entry",
    "plan_revision",
    "project",
    "definition",
    "assignment",
    "entry",
    "evaluation",
    "notice",
)
"""In the order in which they can be filled: what is referred to stands before."""


_COUNTED = ("entry", "notice")
"""Tables whose rows the server numbers."""


def write_copy(connection: Connection, schema: str, path: str) -> None:
    """Write the store that the connection's transaction sees into a new file.

    Raises:
        StorageError: `exists`, `missing` folder, or it cannot be written.
        psycopg.Error: what the database says.
    """
    try:
        number = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o640)
    except FileExistsError:
        raise failure("exists", path) from None
    except FileNotFoundError:
        raise failure("no_folder", os.path.dirname(os.path.abspath(path))) from None
    except OSError as error:
        raise failure("unwritten", path, str(error)) from error
    try:
        with os.fdopen(number, "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
                _write(archive, connection, schema)
            file.flush()
            os.fsync(file.fileno())
    except BaseException as error:
        with suppress(OSError):
            os.remove(path)
        if isinstance(error, OSError):
            raise failure("unwritten", path, str(error)) from error
        raise


def _write(archive: zipfile.ZipFile, connection: Connection, schema: str) -> None:
    tables: dict[str, Any] = {}
    found = connection.execute(f"SELECT version FROM {upgrades.quoted(schema)}.store").fetchone()
    assert found is not None, "a store has a version"
    for table in _TABLES:
        columns = _columns(connection, schema, table)
        if not columns:  # a store of before this table
            continue
        rows = 0
        with (
            archive.open(f"{table}.copy", "w", force_zip64=True) as out,
            connection.cursor().copy(_copying(schema, table, columns, "TO STDOUT")) as copy,
        ):
            for block in copy:
                out.write(block)
                rows += bytes(block).count(b"\n")
        tables[table] = {"columns": columns, "rows": rows}
    told = {"format": _FORMAT, "version": found[0], "tables": tables}
    archive.writestr(_MANIFEST, json.dumps(told, indent=1, sort_keys=True) + "\n")


def read_copy(connection: Connection, schema: str, path: str, place: str) -> None:
    """Fill the empty store in the schema with a copy, inside of the connection's transaction; it is
    then of the version that the copy was made by.

    Raises:
        StorageError: `exists`: the store is not empty; the file is missing, is no copy, is damaged,
            or was made by a later version.
        psycopg.Error: what the database says.
    """
    if not os.path.isfile(path):
        raise failure("no_copy", path)
    name = upgrades.quoted(schema)
    connection.execute(f"LOCK TABLE {name}.store IN ACCESS EXCLUSIVE MODE")
    if any(
        connection.execute(f"SELECT 1 FROM {name}.{upgrades.quoted(table)} LIMIT 1").fetchone()
        for table in _TABLES
    ):
        raise failure("not_empty", place)
    try:
        with zipfile.ZipFile(path) as archive:
            told = _manifest(archive, path)
            version = told["version"]
            if version > upgrades.VERSION:
                raise failure("newer", path, str(version))
            if version != upgrades.VERSION:
                upgrades.begin_again(connection, schema, version)
            for table in [each for each in _TABLES if each in told["tables"]]:
                _read(archive, connection, schema, table, told["tables"][table], path)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise failure("damaged", path, str(error)) from error
    except OSError as error:
        raise failure("unread", path, str(error)) from error


def _manifest(archive: zipfile.ZipFile, path: str) -> dict[str, Any]:
    try:
        if archive.getinfo(_MANIFEST).file_size > _LARGEST:
            raise KeyError(_MANIFEST)
        told = json.loads(archive.read(_MANIFEST))
        if told["format"] != _FORMAT or not set(told["tables"]) <= set(_TABLES):
            raise KeyError("format")
        if not isinstance(told["version"], int) or told["version"] < 1:
            raise KeyError("version")
        for table in told["tables"].values():
            if not isinstance(table["columns"], list) or not isinstance(table["rows"], int):
                raise KeyError("tables")
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise failure("no_archive", path) from error
    return dict(told)


def _read(
    archive: zipfile.ZipFile,
    connection: Connection,
    schema: str,
    table: str,
    told: dict[str, Any],
    path: str,
) -> None:
    columns, rows = told["columns"], told["rows"]
    if columns != _columns(connection, schema, table):
        raise failure("no_archive", path)
    place = f"{upgrades.quoted(schema)}.{upgrades.quoted(table)}"
    # The rules of the schema look at one act at a time; what is restored is verified as a whole.
    connection.execute(f"ALTER TABLE {place} DISABLE TRIGGER USER")
    try:
        member = archive.open(f"{table}.copy")
    except KeyError:
        raise failure("no_archive", path) from None
    with member, connection.cursor() as cursor:
        with cursor.copy(_copying(schema, table, columns, "FROM STDIN")) as copy:
            while block := member.read(_CHUNK):
                copy.write(block)
        if cursor.rowcount != rows:
            raise failure("damaged", path, f"{table}: {cursor.rowcount} ≠ {rows}")
    connection.execute(f"ALTER TABLE {place} ENABLE TRIGGER USER")
    if table in _COUNTED:
        connection.execute(
            f"SELECT setval(pg_get_serial_sequence(%s, 'position'), max(position)) FROM {place} "
            "HAVING max(position) IS NOT NULL",
            (place,),
        )


def _columns(connection: Connection, schema: str, table: str) -> list[str]:
    """Return the columns that hold something of their own: not those that are worked out."""
    return [name for (name,) in connection.execute(_OF_A_TABLE, (schema, table)).fetchall()]


_OF_A_TABLE = """
SELECT a.attname::text FROM pg_attribute AS a
JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relname = %s AND a.attnum > 0 AND NOT a.attisdropped
  AND a.attgenerated = '' ORDER BY a.attnum
"""


def _copying(schema: str, table: str, columns: list[str], way: str) -> sql.Composed:
    return sql.SQL("COPY {}.{} ({}) {}").format(
        sql.Identifier(schema),
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(way),
    )
