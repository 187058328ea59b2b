"""The rows that a project's entries must have left, held against the rows that are there.

They are made by the storages' own `rows`: nothing here works a column out by itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from evalflow.audit.findings import Mismatch, edited, shown
from evalflow.audit.values import fault_of
from evalflow.model import Entry, Move, Notice, Project
from evalflow.model.canonical import canonical, digest
from evalflow.model.history import REMINDER, reminder_id
from evalflow.storage.integrity import Values
from evalflow.storage.rows import (
    ASSIGNMENT_COLUMNS,
    DEFINITION_COLUMNS,
    EVALUATION_COLUMNS,
    NOTICE_COLUMNS,
    PROJECT_COLUMNS,
    assignment_rows,
    definition_row,
    evaluation_row,
    notice_row,
    project_row,
)

DELIVERY = ("state", "tries", "next_at", "error")
"""The columns of a notice that delivery moves on: their form is checked, not what they say."""


def is_day(text: str) -> bool:
    """Say whether the text is a day as it is stored."""
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


_STATES = ("waiting", "delivered", "dead")


class ExpectedRows:
    """The rows that one project's entries must have left, each with the entry that left it."""

    def __init__(self, project: str) -> None:
        """Begin with nothing."""
        self.project = project
        self._last = 0
        self._rows: dict[str, dict[tuple[Any, ...], tuple[dict[str, Any], int]]] = {
            table: {} for table in _KEYS
        }
        self._earlier: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}

    def follow(self, move: Move) -> None:
        """Take note of every row that a move writes beside its entry and its project."""
        number = self._last = move.entry.number
        evaluation, definition = evaluation_row(move), definition_row(move)
        if evaluation is not None:
            self._leave("evaluation", _named(EVALUATION_COLUMNS, evaluation), number)
        if definition is not None:
            self._leave("definition", _named(DEFINITION_COLUMNS, definition), number)
        for each in assignment_rows(move):
            self._leave("assignment", _named(ASSIGNMENT_COLUMNS, each), number)
        for notice in move.notices:
            row = _named(NOTICE_COLUMNS, notice_row(notice))
            key = _key("notice", row)
            self._rows["notice"].setdefault(key, (row, number))  # told once
            older = _earlier_id(notice, move.entry)
            if older is not None:
                self._earlier.setdefault((older, notice.notifier), []).append(key)

    def _leave(self, table: str, row: dict[str, Any], number: int) -> None:
        self._rows[table][_key(table, row)] = row, number

    def compare(
        self, rows: Callable[[str], Iterable[Values]], kept: frozenset[str]
    ) -> Iterator[Mismatch]:
        """Yield what of the tables in `kept` is not what was left; `rows` gives their rows."""
        for table, code, what in _DERIVED:
            if table in kept:
                yield from self._left(table, code, what, rows(table))

    def stands(self, rows: Sequence[Values], should: Mapping[str, Any]) -> Iterator[Mismatch]:
        """Hold the project's own row against what it should be."""
        for row in rows:
            differing = _unlike(row, should)
            if differing:
                what = ("사업의 현재 상태", "where the project stands")
                yield edited(self.project, "state_edited", what, "project", differing)

    def _left(
        self, table: str, code: str, what: tuple[str, str], rows: Iterable[Values]
    ) -> Iterator[Mismatch]:
        """Hold the rows of one table against those that the entries leave."""
        should = dict(self._rows[table])
        order = list(should)
        met = []
        left_out: set[tuple[Any, ...]] = set()
        for row in rows:
            key = _key(table, row)
            if table == "notice" and self._is_reminder(row):
                if differing := _undeliverable(row):
                    yield edited(self.project, code, what, table, differing)
                continue
            found = should.pop(key, None)
            if found is None and table == "notice":
                key, found, once = self._as_earlier(key, should)
                left_out.update(once)
            if found is None:
                yield self._row(table, code, row, None)
                continue
            met.append(key)
            expected, number = found
            differing = _unlike(row, expected)
            if table == "notice":
                differing += _undeliverable(row)
            if differing:
                yield edited(self.project, code, what, table, differing, number)
        for expected, number in should.values():
            yield self._row(table, code, expected, number)
        gone = left_out.union(should)
        if table == "notice" and met != [key for key in order if key not in gone]:
            yield Mismatch(
                project=self.project,
                code="order_broken",
                column="notice.position",
                ko="알림의 순서가 이력의 순서와 다릅니다.",
                en="its notices do not stand in the order of its entries",
            )

    def _is_reminder(self, row: Values) -> bool:
        """Say whether the row is a reminder: one that no entry causes, under the id that only a
        reminder has, standing with an entry of this project."""
        number, said = row.get("number"), str(row.get("id")).split(":")
        day = said[2] if len(said) > 2 else ""
        return (
            row.get("name") == REMINDER
            and row.get("id") == reminder_id(self.project, day, str(row.get("recipient")))
            and is_day(day)
            and isinstance(number, int)
            and 1 <= number <= self._last
        )

    def _as_earlier(
        self, key: tuple[Any, ...], should: dict[tuple[Any, ...], tuple[dict[str, Any], int]]
    ) -> tuple[tuple[Any, ...], tuple[dict[str, Any], int] | None, list[tuple[Any, ...]]]:
        """Return the key and the row of the notice that an earlier release named so, and the keys
        of those that it left out: it told the same of one visit once."""
        named = [each for each in self._earlier.get(key, ()) if each in should]
        if not named:
            return key, None, []
        (row, number), *_ = [should.pop(each) for each in named]
        return named[0], ({**row, "id": key[0]}, number), named[1:]

    def _row(self, table: str, code: str, row: Values, number: int | None) -> Mismatch:
        told = ", ".join(shown(each) for each in _key(table, row))
        if number is None:
            ko = f"{table}에 이력에 없는 행이 있습니다: {told}"
            en = f"no entry left this row of {table}: {told}"
        else:
            ko = f"{table}에 이 이력이 남긴 행이 없습니다: {told}"
            en = f"the row of {table} that this entry left is missing: {told}"
        named = ", ".join(f"{table}.{column}" for column in ("project", *_KEYS[table]))
        return Mismatch(project=self.project, code=code, number=number, ko=ko, en=en, column=named)


_DERIVED = (
    ("definition", "definition_edited", ("사업 내용", "what the plan says of the project")),
    ("assignment", "definition_edited", ("소관 부서", "who answers for the project")),
    ("evaluation", "evaluation_edited", ("평가", "the evaluation")),
    ("notice", "notice_edited", ("알림", "the notice")),
)

_KEYS = {
    "definition": ("revision",),
    "assignment": ("revision", "position"),
    "evaluation": ("period",),
    "notice": ("id", "notifier"),
}


def _earlier_id(notice: Notice, entry: Entry) -> str | None:
    """Return the id that earlier releases gave a notice of what was fired within a visit: by what
    was said, not by the entry. None where it is what it is."""
    visit, _, rest = notice.id.removeprefix(f"{notice.project}:").partition(":")
    begun, within, _ = visit.partition("+")
    if not within:
        return None
    return f"{notice.project}:{begun}+{digest(canonical(entry.data))[:12]}:{rest}"


def _key(table: str, row: Values) -> tuple[Any, ...]:
    return tuple([row.get(column) for column in _KEYS[table]])


def _named(columns: Sequence[str], row: Sequence[Any]) -> dict[str, Any]:
    return dict(zip(columns, row, strict=True))


def _unlike(row: Values, should: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Return (column, is, should) of what differs, of the columns that are there."""
    return [
        (column, row[column], value)
        for column, value in should.items()
        if column in row and (row[column] != value or type(row[column]) is not type(value))
    ]


def _undeliverable(row: Values) -> list[tuple[str, Any, Any]]:
    """Return what of a notice's delivery is no word of delivery."""
    wrong = [
        (column, row[column], why)
        for column in DELIVERY
        if column in row and (fault := fault_of("notice", column, row[column])) is not None
        for why in [fault[2]]
    ]
    if not wrong and row.get("state", "waiting") not in _STATES:
        wrong.append(("state", row["state"], "/".join(_STATES)))
    return wrong


def project_values(project: Project) -> dict[str, Any]:
    """Return the row of a project that stands where it should."""
    return _named(PROJECT_COLUMNS, project_row(project))


def said_by(entry: Entry) -> dict[str, Any]:
    """Return what of a project's row its last entry says by itself."""
    return {
        "states": canonical(entry.after),
        "period": entry.period_after,
        "version": entry.number,
        "lifecycle": entry.lifecycle,
        "unit": entry.unit,
        "head": entry.hash,
    }


def entry_differs(entry: Entry, again: Entry) -> list[tuple[str, Any, Any]]:
    """Return (field, said, should be) of what an entry says and its firing would not."""
    if entry.hash == again.hash:
        return []
    return [
        (field.name, _told(getattr(entry, field.name)), _told(getattr(again, field.name)))
        for field in attrs.fields(Entry)
        if field.init
        and field.name != "hash"
        and canonical(_told(getattr(entry, field.name)))
        != canonical(_told(getattr(again, field.name)))
    ]


def _told(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.datetime) else value
