"""What may stand in a column, and entries rebuilt from rows that may hold anything."""

from __future__ import annotations

import datetime as dt
from typing import Any

from evalflow.errors import EvalflowError
from evalflow.model import Entry, PlanEntry
from evalflow.model.canonical import canonical, parse
from evalflow.storage.integrity import Values
from evalflow.storage.rows import (
    ENTRY_COLUMNS,
    PLAN_ENTRY_COLUMNS,
    entry_from,
    moment,
    plan_entry_from,
)

WRONG = (
    EvalflowError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What comes of values that were never written so, wherever they are looked at."""

_NUMBERS = frozenset(("revision", "number", "version", "position", "late", "tries"))
_TEXT_NUMBERS = frozenset((("project", "number"),))  # 관리번호
_TREES = frozenset(("tree", "data", "rating", "change", "before", "after", "states", "visits"))
_TIMES = frozenset(("at", "next_at"))
_MAY_BE_NULL = frozenset(
    ("on_behalf_of", "reason", "rating", "late", "key", "change", "band", "rate", "since", "until",
     "error")
)  # fmt: skip

Fault = tuple[str, Any, str]
"""A column as `table.column`, what stands there, and what is wrong with it."""


def fault_of(table: str, column: str, value: Any) -> Fault | None:
    """Return what is wrong with the form of a value, or None."""
    why = _why(table, column, value)
    return None if why is None else (f"{table}.{column}", value, why)


def _why(table: str, column: str, value: Any) -> str | None:
    if value is None:
        return None if column in _MAY_BE_NULL else "NULL"
    if column in _NUMBERS and (table, column) not in _TEXT_NUMBERS:
        whole = isinstance(value, int) and not isinstance(value, bool)
        return None if whole else type(value).__name__
    if not isinstance(value, str):
        return type(value).__name__
    try:
        value.encode()
        if column in _TREES and canonical(parse(value)) != value:
            return "not canonical JSON"
        if column in _TIMES and moment(dt.datetime.fromisoformat(value)) != value:
            return "not a time in UTC"
    except WRONG as error:
        return f"{type(error).__name__}: {error}"[:100]
    return None


def entry_of(row: Values) -> Entry | list[Fault]:
    """Return the entry in a row, or what of it cannot be read."""
    faults = [
        fault
        for column in ("position", *ENTRY_COLUMNS)
        if column in row and (fault := fault_of("entry", column, row[column])) is not None
    ]
    faults += [
        (f"entry.{column}", None, "no such column") for column in ENTRY_COLUMNS if column not in row
    ]
    if faults:
        return faults
    try:
        entry = entry_from([row[column] for column in ENTRY_COLUMNS])
        entry.body().encode()
    except WRONG as error:
        return [("entry", row.get("number"), f"{type(error).__name__}: {error}"[:100])]
    for column, told in (("before", entry.before), ("after", entry.after)):
        if not all(isinstance(state, str) for state in told):
            return [(f"entry.{column}", row[column], "not a list of states")]
    if not isinstance(entry.data, dict):
        return [("entry.data", row["data"], "not a mapping")]
    return entry


def plan_entry_of(row: Values) -> PlanEntry | list[Fault]:
    """Return the entry of a plan's history in a row, or what of it cannot be read."""
    faults: list[Fault] = [
        fault
        for column in PLAN_ENTRY_COLUMNS
        if column in row and (fault := fault_of("plan_entry", column, row[column])) is not None
    ]
    faults += [
        (f"plan_entry.{column}", None, "no such column")
        for column in PLAN_ENTRY_COLUMNS
        if column not in row
    ]
    if faults:
        return faults
    try:
        entry = plan_entry_from([row[column] for column in PLAN_ENTRY_COLUMNS])
        entry.body().encode()
    except WRONG as error:
        return [("plan_entry", row.get("number"), f"{type(error).__name__}: {error}"[:100])]
    if not isinstance(entry.data, dict):
        return [("plan_entry.data", row["data"], "not a mapping")]
    return entry
