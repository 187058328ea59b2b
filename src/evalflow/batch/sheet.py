"""Data for each project from a table: one row a project, or figures with one row an indicator.

Every wrong row is named with file, row and column; where one is wrong nothing is taken.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import attrs

from evalflow.errors import InvalidInput, Problem, nearest
from evalflow.model import ProjectDefinition
from evalflow.tables.cells import column_letters, figure_of, same, text_of
from evalflow.text import Tree

_NUMBER = ("number", "관리번호", "번호", "no", "no.")
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "number": _NUMBER,
    "indicator": ("indicator", "성과지표", "지표", "추진내용(성과지표)", "추진내용"),
    "actual": ("actual", "실적"),
    "cause": ("cause", "부진사유", "사유", "원인"),
    "countermeasure": ("countermeasure", "대책", "향후계획"),
}
_NOT_DUE = ("시기미도래", "not_due", "not due")


@attrs.frozen
class Sheet:
    """A table of text: its heads, and its rows with the numbers they have in the file."""

    file: str
    heads: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    sheet: str | None = None
    head_row: int = 1

    def wrong(
        self, row: int, column: int | None, code: str, ko: str, en: str, value: str | None = None
    ) -> Problem:
        """Return the problem of a cell."""
        cell = None
        if self.sheet is not None:
            cell = f"{'' if column is None else column_letters(column)}{row}"
        return Problem(
            code=code,
            ko=ko,
            en=en,
            file=self.file,
            line=row,
            column=column,
            value=value,
            sheet=self.sheet,
            cell=cell,
        )


def read_sheet(path: str | os.PathLike[str]) -> Sheet:
    """Return the table in a CSV file (UTF-8 or CP949), XLSX, XLS or ODS: of a workbook the first
    sheet that people see. Its heads are the first row with a number's column, below whatever
    titles; rows of totals are left out.

    Raises:
        InvalidInput: the file is not there, is no table, or is empty.
    """
    from evalflow.tables.grid import Fault, read_sheets
    from evalflow.tables.read import is_total

    name = os.fspath(path)
    sheets = [each for each in read_sheets(path, name) if each.rows]
    sheet = next((each for each in sheets if each.visible), sheets[0])
    found = [
        (number, tuple([c.text if isinstance(c, Fault) else text_of(c) for c in cells]))
        for number, cells in sheet.rows.items()
    ]
    found = [(number, cells) for number, cells in found if any(cells)]
    head = next((n for n, (_, cells) in enumerate(found) if _has_number(cells)), 0)
    rows = [row for row in found[head + 1 :] if not is_total(next(c for c in row[1] if c))]
    return Sheet(name, found[head][1], tuple(rows), sheet=sheet.name, head_row=found[head][0])


def _has_number(cells: Sequence[str]) -> bool:
    return any(same(cell) in _NUMBER for cell in cells)


def data_by_project(sheet: Sheet, plan: str, known: Collection[str]) -> dict[str, dict[str, Tree]]:
    """Return data by project id: each column but the number's is a field of the event.

    Raises:
        InvalidInput: no number column, or rows that name no project or one twice; all of them.
    """
    problems: list[Problem] = []
    (at,) = _places(sheet, ("number",), problems)
    if problems:
        raise InvalidInput(problems)
    assert at is not None
    found: dict[str, dict[str, Tree]] = {}
    for row, cells in sheet.rows:
        project = _project(sheet, row, at, cells, plan, known, problems)
        if project is None:
            continue
        if project in found:
            ko, en = f"'{cells[at]}'이(가) 두 번 나옵니다", f"'{cells[at]}' stands there twice"
            problems.append(sheet.wrong(row, at + 1, "repeated", ko, en, cells[at]))
        found[project] = {
            head: cell
            for place, (head, cell) in enumerate(zip(sheet.heads, cells, strict=False))
            if place != at and head and cell
        }
    if problems:
        raise InvalidInput(problems)
    return found


def figures_by_project(
    sheet: Sheet, plan: str, definitions: Mapping[str, ProjectDefinition]
) -> dict[str, dict[str, Any]]:
    """Return the data of a self-evaluation by project id from rows of number, indicator, actual,
    cause, countermeasure. An indicator is named by its id or its Korean or English name.

    Raises:
        InvalidInput: a column is lacking, or rows name no project or indicator, or hold no
            figure, or repeat one; all of them.
    """
    problems: list[Problem] = []
    number, indicator, actual = _places(sheet, ("number", "indicator", "actual"), problems)
    cause, countermeasure = _places(sheet, ("cause", "countermeasure"), None)
    if problems:
        raise InvalidInput(problems)
    assert number is not None
    assert indicator is not None
    assert actual is not None
    found: dict[str, dict[str, Any]] = {}
    for row, cells in sheet.rows:
        project = _project(sheet, row, number, cells, plan, definitions, problems)
        if project is None:
            continue
        named = _indicator(sheet, row, indicator, cells, definitions[project], problems)
        figure = _figure(sheet, row, actual, cells, problems)
        if named is None:
            continue
        data = found.setdefault(project, {"actuals": {}})
        if named in data["actuals"]:
            ko, en = f"지표 '{named}'이(가) 두 번 나옵니다", f"'{named}' stands there twice"
            problems.append(sheet.wrong(row, indicator + 1, "repeated", ko, en, named))
        if figure is not None:
            data["actuals"][named] = figure
        words = {
            name: cells[place]
            for name, place in (("cause", cause), ("countermeasure", countermeasure))
            if place is not None and _cell(cells, place) not in ("", "-")
        }
        if words:
            data.setdefault("explanations", {})[named] = words
    if problems:
        raise InvalidInput(problems)
    return found


def _places(
    sheet: Sheet, wanted: Sequence[str], problems: list[Problem] | None
) -> list[int | None]:
    heads = [same(head) for head in sheet.heads]
    places: list[int | None] = []
    for name in wanted:
        place = next((n for n, head in enumerate(heads) if head in _COLUMNS[name]), None)
        places.append(place)
        if place is None and problems is not None:
            ko, en = f"'{_COLUMNS[name][1]}' 열이 없습니다", f"there is no column '{name}'"
            problems.append(
                sheet.wrong(sheet.head_row, None, "no_column", ko, en, ", ".join(sheet.heads)[:60])
            )
    return places


def _cell(cells: Sequence[str], place: int) -> str:
    return cells[place] if place < len(cells) else ""


def _project(
    sheet: Sheet,
    row: int,
    place: int,
    cells: Sequence[str],
    plan: str,
    known: Collection[str],
    problems: list[Problem],
) -> str | None:
    number = _cell(cells, place)
    project = f"{plan}/{number}"
    if project in known:
        return project
    near = nearest(project, known)
    ko, en = f"관리번호 '{number}'이(가) 없습니다", f"no project number '{number}'"
    if near:
        short = near.rpartition("/")[2]
        ko, en = f"{ko}; '{short}'이(가) 아닙니까?", f"{en}; did you mean '{short}'?"
    problems.append(sheet.wrong(row, place + 1, "unknown_number", ko, en, number))
    return None


def _indicator(
    sheet: Sheet,
    row: int,
    place: int,
    cells: Sequence[str],
    definition: ProjectDefinition,
    problems: list[Problem],
) -> str | None:
    name = _cell(cells, place)
    plain = "".join(name.split())
    for indicator in definition.indicators:
        names = (indicator.id, indicator.label.ko, indicator.label.en)
        if plain in {"".join(each.split()) for each in names}:
            return indicator.id
    there = ", ".join(indicator.id for indicator in definition.indicators)
    ko = f"{definition.id}에 지표 '{name}'이(가) 없습니다 (가능: {there})"
    en = f"{definition.id} has no indicator '{name}' (there are: {there})"
    problems.append(sheet.wrong(row, place + 1, "unknown_indicator", ko, en, name))
    return None


def _figure(
    sheet: Sheet, row: int, place: int, cells: Sequence[str], problems: list[Problem]
) -> Tree:
    """Return the figure in a cell: `1,234`, `△12` and `(12)` (minus), or 시기미도래 (not due)."""
    text = _cell(cells, place)
    if text in _NOT_DUE:
        return "not_due"
    figure = figure_of(text)
    if figure is None:
        ko, en = f"실적이 수가 아닙니다: '{text}'", f"the actual is no number: '{text}'"
        problems.append(sheet.wrong(row, place + 1, "no_figure", ko, en, text))
        return None
    return format(figure, "f")
