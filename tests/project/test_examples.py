"""The examples run, and say what they say."""

from __future__ import annotations

import asyncio
import runpy
import sqlite3
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_embedding_in_a_host_with_its_own_users_clock_holidays_and_inbox():
    example = runpy.run_path(str(EXAMPLES / "embed_host.py"))

    assert asyncio.run(example["main"]()) == [
        "due: 2016-04-06",  # the 5th is a holiday of the host's own table
        "self_evaluate by host:kim as department",
        "42 planned, 1 evaluated",
        "5 letters",  # three of a change (mayor, policy office), two of the cards of no. 6
    ]


def test_a_host_whose_own_tables_say_who_holds_what(tmp_path: Path) -> None:
    example = runpy.run_path(str(EXAMPLES / "directory_sql.py"))
    file = str(tmp_path / "host.db")

    assert example["main"](lambda: sqlite3.connect(file), f"sqlite:///{tmp_path}/office.db") == [
        "self_evaluate by staff-1002 as department",
        "information-1, staff-1003",  # the plan's people and the host's, on a day to come
        "staff-1002: grant_not_in_force",  # went to another team on the first
        "staff-1004: no_role",
        "verify: 0 findings, 2 entries by the host's word",
    ]
