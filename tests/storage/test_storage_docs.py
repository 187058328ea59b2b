"""The storage's reference page lacks nothing that it should list."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

from evalflow import errors
from evalflow.storage import sqlite
from evalflow.testing import StorageConformance

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "storage.md").read_text("utf-8")
LISTED = set(re.findall(r"`(\w+)`", PAGE))


def test_every_table_and_column_is_in_the_reference() -> None:
    connection = sqlite3.connect(":memory:")
    connection.executescript(sqlite.schema())
    tables = [
        name
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    ]
    rows = {line.split("|")[1].strip(" `"): line for line in PAGE.splitlines() if "|" in line}
    missing = [
        f"{table}.{column[1]}"
        for table in tables
        for column in connection.execute(f"PRAGMA table_xinfo({table})")
        if f"`{column[1]}`" not in rows.get(table, "")
    ]
    connection.close()
    assert tables
    assert missing == []


def test_every_code_of_a_storage_error_is_in_the_reference() -> None:
    codes = set(re.findall(r"`(\w+)`", errors.StorageError.__doc__ or "")) - {"code"}
    assert len(codes) > 5
    assert codes <= LISTED


def test_every_optional_power_of_the_kit_is_in_the_reference() -> None:
    powers = {name for name in StorageConformance.__annotations__ if not name.startswith("_")}
    assert powers
    assert powers <= LISTED
