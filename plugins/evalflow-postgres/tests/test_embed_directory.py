"""The example in which the host's own tables say who holds what, beside the store in PostgreSQL."""

from __future__ import annotations

import runpy
from pathlib import Path

import psycopg
import pytest

EXAMPLE = Path(__file__).parents[3] / "examples" / "directory_sql.py"


@pytest.mark.skipif(not EXAMPLE.exists(), reason="the example is in evalflow's repository")
def test_the_hosts_tables_say_who_holds_what(database: str, url: str) -> None:
    schema = "host_staff"
    with psycopg.connect(database) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
    example = runpy.run_path(str(EXAMPLE))

    def connect() -> psycopg.Connection:
        return psycopg.connect(database, options=f"-c search_path={schema}")

    assert example["main"](connect, url) == [
        "self_evaluate by staff-1002 as department",
        "information-1, staff-1003",
        "staff-1002: grant_not_in_force",
        "staff-1004: no_role",
        "verify: 0 findings, 2 entries by the host's word",
    ]
