"""What tests of the storage on PostgreSQL have in common."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from typing import Any

import psycopg
from evalflow_postgres import PostgresStorage
from hypothesis import strategies as st

from evalflow import StorageError
from evalflow.testing.given import (
    BEGINNING,
)

PLAN = "seodaemun-2016"
SIX = f"{PLAN}/6"
SEVEN = f"{PLAN}/7"
LATER = BEGINNING + dt.timedelta(days=30)
LEASE = dt.timedelta(minutes=5)
storable_letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")


def version(storage: PostgresStorage, project: str = SIX) -> int:
    snapshot = storage.snapshot(project)
    return 0 if snapshot is None else snapshot.project.version


def contents(connection: psycopg.Connection) -> dict[str, list[Any]]:
    tables = (
        "plan_revision",
        "plan_entry",
        "project",
        "definition",
        "entry",
        "evaluation",
        "notice",
    )
    return {
        table: connection.execute(f"SELECT t::text FROM {table} AS t ORDER BY 1").fetchall()
        for table in tables
    }


def said(error: StorageError) -> str:
    """Both sentences are there, and in their languages."""
    assert error.text("en").isascii()
    assert any("가" <= letter <= "힣" for letter in error.text("ko"))
    return error.code


def eventually(question: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not question():
        assert time.monotonic() < deadline, "it never became true"
        time.sleep(0.01)


def waiting(connection: psycopg.Connection) -> int:
    """How many sessions wait for a lock."""
    row = connection.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()
    connection.rollback()
    assert row is not None
    return int(row[0])
