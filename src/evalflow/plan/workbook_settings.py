"""The sheet of settings of the office's workbook: the year, the dates and the thresholds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs

from evalflow.errors import InvalidInput, did_you_mean, nearest
from evalflow.files.cells import same, text_of
from evalflow.files.days import date_of
from evalflow.files.table import Row, Table
from evalflow.files.table_reader import Book
from evalflow.plan.keys import FORMAT
from evalflow.plan.overlay import placed
from evalflow.plan.workbook_reading import Origins, Reading, column
from evalflow.plan.workbook_words import (
    MOVES,
    PERIODS,
    SHEETS,
    Item,
    band_items,
    items,
)
from evalflow.scoring.bands import DEFAULT_BANDS

_SETTINGS = (
    column("item", "항목", "Item", required=True),
    column("value", "값", "Value", required=True),
    column("meaning", "뜻", "근거와 뜻", "Meaning", automatic=True),
)


_DEFAULTS: Mapping[str, str] = {
    "periods": next(iter(PERIODS)),
    "move": next(iter(MOVES)),
    "places": "1",
    "project_mean": "weighted",
    "group_mean": "projects",
    "zero_target": "undefined",
}


def book_says(book: Book, key: str) -> str:
    """Return what the settings say in a line that every workbook has (`id`, `year`, `lifecycle`);
    empty where nothing."""
    table = _settings_table(book)
    names = {
        "id": ("계획 ID", "Plan ID"),
        "year": ("연도", "Year"),
        "lifecycle": ("평가 절차", "Lifecycle"),
    }[key]
    wanted = {same(name) for name in names}
    for row in () if table is None else table.rows:
        cell, value = row.cell("item"), row.cell("value")
        if isinstance(cell, str) and same(cell) in wanted and value is not None:
            return text_of(value)
    return ""


def in_settings(error: InvalidInput, book: Book) -> InvalidInput:
    """Return what is wrong with the lifecycle that the settings name, at the cell that does."""
    table = _settings_table(book)
    for row in () if table is None else table.rows:
        cell = row.cell("item")
        if isinstance(cell, str) and same(cell) in {same("평가 절차"), same("Lifecycle")}:
            origins: Origins = {"": (row, "value")}
            return InvalidInput(
                [
                    placed(attrs.evolve(p, path=""), origins) if p.line is None else p
                    for p in error.problems
                ]
            )
    return error


def _settings_table(book: Book) -> Table | None:
    """Return the table of settings; None where the workbook has none."""
    label = SHEETS["settings"]
    return book.table((label.ko, label.en), _SETTINGS)


def take_settings(reading: Reading) -> None:
    """Take the year, the dates and the thresholds."""
    table = reading.table("settings", _SETTINGS)
    was = None if reading.before is None else reading.before.head
    known = (*items(reading.lifecycle), *band_items(was))
    by_name = {same(name): item for item in known for name in (item.label.ko, item.label.en)}
    seen: dict[str, Row] = {}
    for row in () if table is None else table.rows:
        name = row.text("item")
        item = by_name.get(same(name))
        if item is None:
            near = nearest(name, [each.label.ko for each in known])
            ko, en = f"알 수 없는 항목 '{name}'", f"unknown item '{name}'"
            ko, en = did_you_mean(ko, en, near)
            row.wrong("item", "unknown_item", ko, en, name)
        elif item.key in seen:
            ko = f"'{name}' 항목이 두 번 나옵니다"
            row.wrong("item", "repeated", ko, f"'{name}' appears twice", name)
        else:
            seen[item.key] = row
            if row.cell("value") is not None and not row.is_none("value"):
                _take_setting(reading, item, row)
    if reading.before is None:
        _take_needed(reading, table, seen)


def _take_needed(reading: Reading, table: Table | None, seen: Mapping[str, Row]) -> None:
    """Put in what a new plan needs, and say where it has no year."""
    reading.tree.setdefault("evalflow", FORMAT)
    reading.tree.setdefault("lifecycle", reading.named)
    year = reading.tree.get("year")
    if year is None:
        if table is not None:
            row = seen.get("year")
            if row is not None and row.cell("value") is not None:
                return  # told already
            ko, en = "연도를 적으십시오 (예: 2027)", "give the year, e.g. 2027"
            table.wrong(None if row is None else row.number, "value", "no_year", ko, en)
        return
    reading.tree.setdefault("ko", f"{year}년 주요업무시행 및 평가계획")


def _take_setting(reading: Reading, item: Item, row: Row) -> None:
    """Take one line of the settings."""
    part, _, name = item.key.partition(".")
    value = _value_of(reading, item, row)
    if value is None:
        return
    if part == "revision":
        now = 1 if reading.before is None else reading.before.head.revision
        if int(value) != now:
            ko = f"{value}차 계획에서 뽑은 통합 문서입니다. 지금은 {now}차이므로 다시 뽑으십시오"
            en = f"the workbook was made from revision {value}, and {now} is in force: "
            row.wrong("value", "stale", ko, f"{en}export it again", value)
    elif part == "due":
        _take_due(reading, name, int(value), row)
    elif part == "band":
        _take_band(reading, name, value, row)
    elif part in ("document", "lenient"):
        said: Any = value
        if name in ("bases", "consulted"):
            said = [each.strip() for each in value.split(";") if each.strip()]
        if name == "consulted":
            # Who signed with an id, or on a day, stands in the plan file alone.
            told = (reading.tree.get(part) or {}).get(name) or []
            titles = [each if isinstance(each, str) else each.get("title") for each in told]
            signed = [t for t in told if not isinstance(t, str) and t.get("actor")]
            if [t for t, each in zip(titles, told, strict=True) if each not in signed] == said:
                return
            said += signed
        if item.kind == "date" and _day_stands(reading, part, name, value):
            return
        reading.tree[part] = {**(reading.tree.get(part) or {}), name: said}
        reading.origin((part, name), row, "value")
    elif part in ("periods", "move"):
        if (reading.tree.get("calendar") or {}).get(part, _DEFAULTS[part]) != value:
            reading.tree["calendar"] = {**(reading.tree.get("calendar") or {}), part: value}
        reading.origin(("calendar", part), row, "value")
    elif part in ("places", "project_mean", "group_mean", "zero_target"):
        if (reading.tree.get("scoring") or {}).get(part, _DEFAULTS[part]) != value:
            reading.tree["scoring"] = {**(reading.tree.get("scoring") or {}), part: value}
        reading.origin(("scoring", part), row, "value")
    elif part == "lifecycle":
        if reading.before is not None and value != reading.before.head.lifecycle:
            ko = f"절차는 계획 개정으로 바꿀 수 없습니다 (지금: {reading.before.head.lifecycle})"
            en = f"a revision keeps the lifecycle ({reading.before.head.lifecycle})"
            row.wrong("value", "other_lifecycle", ko, en, value)
        reading.tree["lifecycle"] = value
        reading.origin(("lifecycle",), row, "value")
    else:
        reading.tree[part] = value
        reading.origin((part,), row, "value")


def _value_of(reading: Reading, item: Item, row: Row) -> str | None:
    """Return what a line of the settings says, as a plan file writes it; None where it is
    wrong, which is noted."""
    before = len(row.table.problems)
    if item.choices:
        said = row.text("value")
        for key, label in item.choices.items():
            if same(said) in (same(key), same(label.ko), same(label.en)):
                return key
        ko_list = ", ".join(label.ko for label in item.choices.values())
        en_list = ", ".join(label.en for label in item.choices.values())
        ko = f"{item.label.ko}: '{said}'은(는) 쓸 수 없습니다 (가능: {ko_list})"
        en = f"{item.label.en}: '{said}' is none of {en_list}"
        row.wrong("value", "wrong_choice", ko, en, said)
        return None
    if item.kind == "date":
        day = row.date("value")
        return day.isoformat() if len(row.table.problems) == before else None
    if item.kind == "number":
        figure = row.figure("value")
        if len(row.table.problems) > before:
            return None
        if not item.key.startswith("band.") and (figure != int(figure) or figure < 0):
            ko = f"{item.label.ko}: 0 이상의 정수여야 합니다 (받은 값: {figure})"
            en = f"{item.label.en}: expected a whole number from 0, got {figure}"
            row.wrong("value", "not_whole", ko, en, figure)
            return None
        return _short(figure)
    text = row.text("value")
    if item.key == "year" and not re.fullmatch(r"\d{4}", text):
        ko = f"연도는 네 자리 숫자입니다 (예: 2027), 받은 값: '{text}'"
        row.wrong("value", "wrong_year", ko, f"a year has four digits, got '{text}'", text)
        return None
    return text


def _day_stands(reading: Reading, part: str, name: str, value: str) -> bool:
    """Say whether the plan says this day already, however it writes it."""
    said = (reading.tree.get(part) or {}).get(name)
    return said is not None and str(date_of(str(said))) == value


def _take_due(reading: Reading, event: str, n: int, row: Row) -> None:
    """Take a deadline, where it is another than the lifecycle's."""
    rule = reading.lifecycle.events[event].due
    assert rule is not None
    at = ("calendar", "due", event)
    reading.origin(at, row, "value")
    calendar = dict(reading.tree.get("calendar") or {})
    told = dict(calendar.get("due") or {})
    was = rule.n
    if reading.before is not None and event in reading.before.head.calendar.due:
        own = reading.before.head.calendar.due[event]
        if own.kind != rule.kind:
            return
        was = own.n
    if n != was:
        told[event] = {rule.kind: str(n)}
        reading.tree["calendar"] = {**calendar, "due": told}


def _take_band(reading: Reading, name: str, value: str, row: Row) -> None:
    """Take where a band begins, where it is elsewhere than before."""
    scoring = dict(reading.tree.get("scoring") or {})
    bands = DEFAULT_BANDS if reading.before is None else reading.before.head.scoring.bands
    was = next(band.at_least for band in bands if band.name == name)
    reading.origin(("scoring", "bands", name, "at_least"), row, "value")
    if was is not None and Decimal(value) == was:
        return
    told = scoring.get("bands")
    if not told:
        told = {
            band.name: {
                "ko": band.label.ko,
                "en": band.label.en,
                "verdict": band.verdict,
                **({} if band.at_least is None else {"at_least": _short(band.at_least)}),
                **({} if band.against == "so_far" else {"against": band.against}),
            }
            for band in bands
        }
    reading.tree["scoring"] = {
        **scoring,
        "bands": {**told, name: {**told[name], "at_least": value}},
    }


def _short(figure: Decimal) -> str:
    text = format(figure, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
