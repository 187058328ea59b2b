"""Data for each project from a table: one row a project, or figures with one row an indicator.

Every wrong row is named with file, row and column; where one is wrong nothing is taken.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from evalflow.errors import did_you_mean, nearest
from evalflow.files.cells import same
from evalflow.files.figures import ANY_UNIT, plain, why_not_due
from evalflow.files.money_units import said_by_head, won_of
from evalflow.files.table import Row, Table
from evalflow.model import Indicator, ProjectDefinition
from evalflow.model.canonical import Tree
from evalflow.plan.tables import NUMBER

EACH = (NUMBER,)
"""The column that a table of data by project must have; every other one is a field."""


def data_by_project(table: Table, plan: str, known: Collection[str]) -> dict[str, dict[str, Tree]]:
    """Return data by project id: each column but the number's is a field of the event.

    Raises:
        InvalidInput: rows name no project, or one twice; all of them.
    """
    found: dict[str, dict[str, Tree]] = {}
    for row in table.rows:
        number = row.text("number")
        project = f"{plan}/{number}"
        if project not in known:
            if number:
                row.wrong("number", *unknown_number(row, project, number, known))
            continue
        if project in found:
            ko, en = f"'{number}'이(가) 두 번 나옵니다", f"'{number}' appears twice"
            row.wrong("number", "repeated", ko, en, number)
        found[project] = {
            head: row.own_text(head) for head in table.others if row.cell(head) is not None
        }
    table.raise_if_any()
    return found


def figures_by_project(
    table: Table,
    plan: str,
    definitions: Mapping[str, ProjectDefinition],
    units: dict[str, dict[str, str]] | None = None,
) -> dict[str, dict[str, Any]]:
    """Return the data of a self-evaluation by project id from a table with the columns
    `plan.tables.ACTUALS`. An indicator is named by its id or its Korean or English name.

    Into `units` is written, by project and indicator, what the table shows beside a figure.

    Raises:
        InvalidInput: rows name no project or indicator, or hold no figure, or repeat one; all
            of them.
    """
    found: dict[str, dict[str, Any]] = {}
    for row in table.rows:
        number = row.text("number")
        project = f"{plan}/{number}"
        if project not in definitions:
            if number:
                row.wrong("number", *unknown_number(row, project, number, definitions))
            continue
        named = indicator_of(row, definitions[project])
        indicator = None if named is None else definitions[project].indicator(named)
        figure = _figure(row, indicator)
        if named is None:
            continue
        _compare_units(row, definitions[project], named)
        if units is not None and (shown := row.shown_unit("actual")):
            units.setdefault(project, {})[named] = shown
        data = found.setdefault(project, {"actuals": {}})
        if named in data["actuals"]:
            ko, en = f"지표 '{named}'이(가) 두 번 나옵니다", f"'{named}' appears twice"
            row.wrong("indicator", "repeated", ko, en, named)
        data["actuals"][named] = figure
        words = {
            name: row.text(name)
            for name in ("cause", "countermeasure")
            if row.cell(name) is not None and not row.is_none(name)
        }
        if words:
            data.setdefault("explanations", {})[named] = words
    table.raise_if_any()
    return found


def unknown_number(
    row: Row, project: str, number: str, known: Collection[str]
) -> tuple[str, str, str, str]:
    """Return code, value and sentences for a row whose number no project of the plan has."""
    near = None if row.table.is_crowded("unknown_number") else nearest(project, known)
    short = None if near is None else near.rpartition("/")[2]
    ko, en = did_you_mean(
        f"관리번호 '{number}'이(가) 없습니다", f"no project number '{number}'", short
    )
    return "unknown_number", ko, en, number


def indicator_of(row: Row, definition: ProjectDefinition) -> str | None:
    """Return the indicator that the row names, by its id; None where it names none, which is
    noted."""
    name = row.text("indicator")
    for indicator in definition.indicators:
        names = (indicator.id, indicator.label.ko, indicator.label.en)
        if same(name) in {same(each) for each in names}:
            return indicator.id
    if name:
        there = ", ".join(indicator.id for indicator in definition.indicators)
        ko = f"{definition.id}에 지표 '{name}'이(가) 없습니다 (가능: {there})"
        en = f"{definition.id} has no indicator '{name}' (there are: {there})"
        row.wrong("indicator", "unknown_indicator", ko, en, name)
    return None


_SCALED = re.compile(r"(?:천|만|십만|백만|억|thousands?(?:of)?|millions?(?:of)?)(?P<unit>.+)")


def _compare_units(row: Row, definition: ProjectDefinition, name: str) -> None:
    """Refuse a figure under a head, or under a line above the table, that speaks of another unit
    than the indicator's: 60 under `실적(천명)` is 60,000 명."""
    indicator = definition.indicator(name)
    assert indicator is not None
    said = row.table.unit_of("actual") or ""
    own = won_of(indicator.unit)
    scaled = _SCALED.fullmatch(same(said))
    if scaled is not None and own is None and scaled["unit"] == same(indicator.unit):
        _wrong_unit(row, said, indicator.unit)
        return
    money = said_by_head((said,)) if said else row.table.unit_above
    if own is not None and money is not None and money.won not in (None, own):
        _wrong_unit(row, money.text, indicator.unit)


def _wrong_unit(row: Row, said: str, unit: str) -> None:
    ko = f"표의 단위 '{said}'이(가) 지표의 단위 '{unit}'와(과) 다릅니다. 지표의 단위로 적으십시오"
    en = f"the table's unit '{said}' is not the indicator's, '{unit}': write it in that"
    row.wrong("actual", "unit_differs", ko, en, said)


def figure_in(row: Row, definition: ProjectDefinition, indicator: Indicator) -> Tree:
    """Return the actual in the row as `fire` takes it; a unit that is not the indicator's, and
    whatever is no figure, is noted."""
    _compare_units(row, definition, indicator.id)
    return _figure(row, indicator)


def _figure(row: Row, indicator: Indicator | None) -> Tree:
    """Return the actual in the row (see `files.figures`), one that is provisional (잠정치), or
    시기미도래 (not due), with its reason behind a colon."""
    if (why := why_not_due(row.cell("actual"))) is not None:
        return {"not_due": why} if why else "not_due"
    if indicator is not None and indicator.accumulation == "ratio":
        return _share(row)
    unit = ANY_UNIT if indicator is None else indicator.unit
    if row.cell("actual") is None or row.is_none("actual"):
        return plain(row.figure("actual"))  # notes that it is blank
    read = row.read_figure("actual", unit=unit)
    if read is None:
        return None
    return {"provisional": plain(read.value)} if read.provisional else plain(read.value)


def _share(row: Row) -> Tree:
    """Return the actual of an indicator with numerator and denominator: in columns of their own,
    or in one cell (`12/40`), which the event's own reader judges."""
    parts = {}
    for name in ("numerator", "denominator"):
        if row.cell(name) is not None and not row.is_none(name):
            read = row.read_figure(name)
            parts[name] = "" if read is None else plain(read.value)
    if len(parts) == 1:
        (there,) = parts
        lacking = "denominator" if there == "numerator" else "numerator"
        ko = "분자와 분모 가운데 하나가 없습니다"
        row.wrong(there, "missing_cell", ko, f"the {lacking} is missing beside it")
    if parts:
        return parts
    text = row.text("actual")
    if text and "/" not in text:
        ko = f"분자와 분모로 재는 지표입니다. '12/40'처럼 적으십시오: '{text[:40]}'"
        en = f"this indicator has numerator and denominator: write e.g. '12/40', not '{text[:40]}'"
        row.wrong("actual", "not_a_share", ko, en, text)
    return text
