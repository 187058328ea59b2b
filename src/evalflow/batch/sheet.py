"""Data for each project from a table: one row a project, or figures with one row an indicator.

Every wrong row is named with file, row and column; where one is wrong nothing is taken.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from evalflow.errors import nearest
from evalflow.files.cells import same
from evalflow.files.table_reader import Row, Table
from evalflow.model import ProjectDefinition
from evalflow.model.canonical import Tree
from evalflow.plan.tables import NOT_DUE, NUMBER

EACH = (NUMBER,)
"""The column that a table of data by project must have; every other one is a field."""

_NOT_DUE = (NOT_DUE, "not_due", "notdue")


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
                row.wrong("number", *_unknown_number(row, project, number, known))
            continue
        if project in found:
            ko, en = f"'{number}'이(가) 두 번 나옵니다", f"'{number}' stands there twice"
            row.wrong("number", "repeated", ko, en, number)
        found[project] = {
            head: row.text(head) for head in table.others if row.cell(head) is not None
        }
    table.raise_if_any()
    return found


def figures_by_project(
    table: Table, plan: str, definitions: Mapping[str, ProjectDefinition]
) -> dict[str, dict[str, Any]]:
    """Return the data of a self-evaluation by project id from a table with the columns
    `plan.tables.ACTUALS`. An indicator is named by its id or its Korean or English name.

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
                row.wrong("number", *_unknown_number(row, project, number, definitions))
            continue
        named = _indicator(row, definitions[project])
        figure = _figure(row)
        if named is None:
            continue
        data = found.setdefault(project, {"actuals": {}})
        if named in data["actuals"]:
            ko, en = f"지표 '{named}'이(가) 두 번 나옵니다", f"'{named}' stands there twice"
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


def _unknown_number(
    row: Row, project: str, number: str, known: Collection[str]
) -> tuple[str, str, str, str]:
    near = None if row.table.is_crowded("unknown_number") else nearest(project, known)
    ko, en = f"관리번호 '{number}'이(가) 없습니다", f"no project number '{number}'"
    if near:
        short = near.rpartition("/")[2]
        ko, en = f"{ko}; '{short}'이(가) 아닙니까?", f"{en}; did you mean '{short}'?"
    return "unknown_number", ko, en, number


def _indicator(row: Row, definition: ProjectDefinition) -> str | None:
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


def _figure(row: Row) -> Tree:
    """Return the figure in the row: `1,234`, `△12` and `(12)` (minus), or 시기미도래 (not due)."""
    cell = row.cell("actual")
    if isinstance(cell, str) and same(cell) in _NOT_DUE:
        return "not_due"
    return format(row.figure("actual"), "f")
