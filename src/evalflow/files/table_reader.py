"""From a file's sheets to rows with named columns, every problem collected with its cell."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar, overload

import attrs

from evalflow.errors import InvalidInput, Problem, invalid, nearest
from evalflow.files.cells import (
    Cell,
    column_letters,
    date_of,
    figure_of,
    is_bracketed,
    is_none,
    same,
    text_of,
)
from evalflow.files.grid import Fault, Sheet, read_sheets
from evalflow.files.notes import Note
from evalflow.files.yaml import UNPRINTABLE

T = TypeVar("T")

MOST_PROBLEMS = 200
"""Problems told one by one; the others are counted."""

_HEAD_WITHIN = 40  # rows of titles, stamps and remarks that may stand above the heads
_HEAD_DEEPEST = 3  # heads under heads
_MOST_MERGED = 10_000  # cells that one merged range may fill

_TOTALS = re.compile(r"총?(?:합계|소계|누계|계|총계|평균)(?:[(:].*)?|(?:grand|sub)?-?totals?|sum")
_UNIT_ABOVE = re.compile(r"단위:(백만원|천원|억원|만원|원)|unit:(million|thousand)?won")
_UNIT_BEHIND = re.compile(r"[(\[](?:단위:|unit:)?([^()\[\]]*)[)\]]$")

WON = {
    "원": 1,
    "천원": 1_000,
    "만원": 10_000,
    "백만원": 1_000_000,
    "억원": 100_000_000,
    "won": 1,
    "thousandwon": 1_000,
    "millionwon": 1_000_000,
}
"""Units of money, compared as `cells.same` compares, in won."""


@attrs.frozen
class Column:
    """A column to look for.

    Attributes:
        key: what the program calls it.
        names: how people head it, the first being the usual name. Compared without spaces, line
            breaks and a unit in brackets behind; heads under a common head are joined
            (`목표` over `1분기` is `목표1분기`) or taken alone.
        required: whether the table is worthless without it.
    """

    key: str
    names: tuple[str, ...]
    required: bool = True

    @property
    def name(self) -> str:
        """What people usually call it."""
        return self.names[0]


@attrs.frozen(kw_only=True)
class _Found:
    """Where a column was found: its number from 1, its head, and the unit that the head gives."""

    number: int
    head: str
    unit: str | None


@attrs.define(kw_only=True, eq=False)
class Table:
    """Rows under named columns, and what was wrong with them so far.

    Attributes:
        file, sheet: where it stands, as problems name it.
        others: heads of further columns, which rows are asked for by these names; only where
            `read_table` was asked to take them.
        rows: the rows below the heads, without blank ones and totals.
        problems: grows while rows are asked; `raise_if_any` raises them all at once.
        notes: what was left out or understood in one of several ways.
    """

    file: str
    sheet: str | None
    columns: tuple[Column, ...]
    others: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    problems: list[Problem] = attrs.field(factory=list)
    notes: list[Note] = attrs.field(factory=list)
    _found: Mapping[str, _Found] = attrs.field(factory=dict)
    _merged: Mapping[tuple[int, int], Cell | Fault] = attrs.field(factory=dict)
    _unit: str | None = None

    def __contains__(self, key: str) -> bool:
        """Say whether the table has the column."""
        return key in self._found

    def head(self, key: str) -> str:
        """Return what the table itself calls a column."""
        found = self._found.get(key)
        if found is not None:
            return found.head
        return next(column.name for column in self.columns if column.key == key)

    def won_each(self, key: str) -> int:
        """Return how many won one is in this column: 1, or as its head or the words above the
        table say (`백만원`)."""
        found = self._found.get(key)
        return WON[(None if found is None else found.unit) or self._unit or "원"]

    def wrong(
        self, row: int | None, key: str | None, code: str, ko: str, en: str, value: Any = None
    ) -> None:
        """Add a problem with a cell, a row (no key) or the whole table (no row)."""
        found = None if key is None else self._found.get(key)
        column = None if found is None else found.number
        self.problems.append(
            Problem(
                code=code,
                ko=ko,
                en=en,
                file=self.file,
                sheet=self.sheet,
                line=row,
                column=column,
                cell=_cell_name(row, column),
                value=None if value is None else str(value)[:60],
            )
        )

    def note(self, row: int, key: str | None, code: str, ko: str, en: str) -> None:
        """Add a word on how the table was read."""
        found = None if key is None else self._found.get(key)
        cell = _cell_name(row, None if found is None else found.number)
        place = f"{self.sheet}!{cell}" if self.sheet else cell
        self.notes.append(Note(code=code, ko=ko, en=en, where=f"{self.file}:{place}"))

    def raise_if_any(self) -> None:
        """Raise all problems in the order of their cells; the first two hundred one by one.

        Raises:
            InvalidInput: there are any.
        """
        raise_all(self.problems)


def raise_all(problems: Iterable[Problem]) -> None:
    """Raise problems of one or several tables at once, in the order of their cells.

    Raises:
        InvalidInput: there are any.
    """
    found = sorted(
        problems, key=lambda p: (p.file or "", p.sheet or "", p.line or 0, p.column or 0)
    )
    if not found:
        return
    more = len(found) - MOST_PROBLEMS
    if more > 0:
        last = Problem(
            code="more_problems",
            file=found[0].file,
            ko=f"그 밖에 {more:,}건이 더 있습니다",
            en=f"and {more:,} more problems",
        )
        found = [*found[:MOST_PROBLEMS], last]
    raise InvalidInput(found)


@attrs.frozen(eq=False)
class Row:
    """One row of a table. Asking for what is not there, or is not what was asked for, notes a
    problem and gives a value of the right kind, so that all problems are found in one go.

    Attributes:
        number: the row's number in the sheet.
    """

    table: Table
    number: int
    _cells: tuple[Cell | Fault, ...] = attrs.field(repr=False)

    def cell(self, key: str) -> Cell:
        """Return what the column's cell holds; None where it is blank or there is no column. A
        cell in a merged range holds what the range holds."""
        found = self.table._found.get(key)
        if found is None:
            return None
        cell = self._at(found.number)
        if isinstance(cell, Fault):
            ko, en = _fault_sentences(cell)
            self.wrong(key, "cell_error", ko, en, cell.text)
            return None
        return None if isinstance(cell, str) and not cell.strip() else cell

    def _at(self, number: int) -> Cell | Fault:
        cell = self._cells[number - 1] if number <= len(self._cells) else None
        return self.table._merged.get((self.number, number)) if cell is None else cell

    def wrong(self, key: str | None, code: str, ko: str, en: str, value: Any = None) -> None:
        """Add a problem with the column's cell, or with the row."""
        self.table.wrong(self.number, key, code, ko, en, value)

    def is_none(self, key: str) -> bool:
        """Say whether the cell is a lone dash: none."""
        return is_none(self.cell(key))

    @overload
    def text(self, key: str) -> str: ...
    @overload
    def text(self, key: str, default: T) -> str | T: ...
    def text(self, key: str, default: Any = ...) -> Any:
        """Return the text, without spaces around it; `default` where it is blank."""
        cell = self.cell(key)
        if cell is None:
            return self._missing(key, default, "")
        text = text_of(cell)
        if found := UNPRINTABLE.search(text):
            code = f"U+{ord(found[0]):04X}"
            ko = f"보이지 않거나 인쇄할 수 없는 문자가 있습니다 ({code})"
            en = f"a character that is invisible or cannot be printed ({code})"
            self.wrong(key, "unprintable", ko, en)
        return text

    @overload
    def figure(self, key: str) -> Decimal: ...
    @overload
    def figure(self, key: str, default: T) -> Decimal | T: ...
    def figure(self, key: str, default: Any = ...) -> Any:
        """Return the exact figure; `default` where it is blank or a dash."""
        cell = self.cell(key)
        if cell is None or is_none(cell):
            return self._missing(key, default, Decimal(0))
        figure = figure_of(cell)
        if figure is None:
            text = text_of(cell)
            ko = f"수가 아닙니다: '{text[:40]}' (예: 1,234  △12  84.5%)"
            self.wrong(key, "not_a_figure", ko, f"not a figure: '{text[:40]}'", text)
            return Decimal(0)
        if is_bracketed(cell):
            ko = f"괄호 안의 수 '{text_of(cell)}'을(를) {figure}(으)로 읽었습니다 (잠정치가 아님)"
            en = f"'{text_of(cell)}' in brackets was read as {figure}, not as provisional"
            self.table.note(self.number, key, "brackets", ko, en)
        return figure

    @overload
    def won(self, key: str) -> int: ...
    @overload
    def won(self, key: str, default: T) -> int | T: ...
    def won(self, key: str, default: Any = ...) -> Any:
        """Return an amount of money in won: the unit stands in the head (`구비(백만원)`), or
        above the table (`단위: 천원`); else it is won. `default` where it is blank or a dash."""
        cell = self.cell(key)
        if cell is None or is_none(cell):
            return self._missing(key, default, 0)
        figure = self.figure(key)
        amount = figure * self.table.won_each(key)
        if amount != amount.to_integral_value():
            ko, en = f"1원 미만이 있습니다: {figure}", f"less than a won: {figure}"
            self.wrong(key, "not_whole", ko, en, figure)
        return int(amount)

    @overload
    def date(self, key: str) -> dt.date: ...
    @overload
    def date(self, key: str, default: T) -> dt.date | T: ...
    def date(self, key: str, default: Any = ...) -> Any:
        """Return the day; `default` where it is blank or a dash."""
        cell = self.cell(key)
        if cell is None or is_none(cell):
            return self._missing(key, default, dt.date.min)
        day = date_of(cell)
        if day is None:
            text = text_of(cell)
            ko = f"날짜가 아닙니다: '{text[:40]}' (예: 2016. 2. 24.)"
            self.wrong(key, "bad_date", ko, f"not a date: '{text[:40]}'", text)
            return dt.date.min
        return day

    def _missing(self, key: str, default: Any, instead: Any) -> Any:
        if default is not ...:
            return default
        head = self.table.head(key)
        if not any(problem.cell == self._name(key) for problem in self.table.problems[-1:]):
            self.wrong(key, "missing_cell", f"'{head}'이(가) 비어 있습니다", f"'{head}' is blank")
        return instead

    def _name(self, key: str) -> str | None:
        found = self.table._found.get(key)
        return _cell_name(self.number, None if found is None else found.number)


def _fault_sentences(fault: Fault) -> tuple[str, str]:
    if fault.text == "formula":
        return (
            "계산되지 않은 수식입니다. 엑셀에서 열어 다시 저장하십시오",
            "a formula that was never calculated: open the file in Excel and save it again",
        )
    return f"칸에 오류가 있습니다: {fault.text}", f"the cell holds an error: {fault.text}"


def _cell_name(row: int | None, column: int | None) -> str | None:
    if row is None:
        return None
    return f"{'' if column is None else column_letters(column)}{row}"


# --------------------------------------------------------------------------- reading


def read_table(
    source: str | bytes | os.PathLike[str],
    columns: Sequence[Column],
    *,
    sheet: str | None = None,
    name: str | None = None,
    others: bool = False,
) -> Table:
    """Return the table of a CSV, XLSX, XLS or ODS file that has these columns.

    `source` is a path, or the file's bytes; `name` is what problems call it. Without `sheet`,
    the visible sheet is taken on which most of the columns are found. Blank rows and rows of
    totals are left out, the latter with a note. `others` also takes
    every other column that has a head. Problems with the rows are collected in the
    table while its rows are asked.

    Raises:
        InvalidInput: the file cannot be read, has no such sheet, or a required column is
            missing or stands there twice.
    """
    table = read_tables(source, [columns], sheet=sheet, name=name, others=others)[0]
    assert table is not None
    return table


def read_tables(
    source: str | bytes | os.PathLike[str],
    kinds: Sequence[Sequence[Column]],
    *,
    sheet: str | None = None,
    name: str | None = None,
    others: bool = False,
) -> list[Table | None]:
    """Return, for each of several kinds of table, the one that the file has, or None.

    A sheet is of the kind most of whose columns it has, and all required ones. With one kind
    its table is always there.

    Raises:
        InvalidInput: as `read_table` says; or the file has none of the kinds.
    """
    shown = name or ("<bytes>" if isinstance(source, bytes) else os.fspath(source))
    sheets = _chosen(read_sheets(source, shown), sheet, shown)
    placed = [
        (kind, each, _Heads.find(each, columns))
        for each in sheets
        for kind, columns in enumerate(kinds)
    ]
    best: dict[int, tuple[Sheet, _Heads]] = {}
    for each in sheets:
        here = [(kind, heads) for kind, at, heads in placed if at is each]
        complete = [pair for pair in here if not pair[1].missing()] or (
            here if len(kinds) == 1 else []
        )
        if not complete:
            continue
        kind, heads = max(complete, key=lambda pair: len(pair[1].found))
        if kind not in best or len(heads.found) > len(best[kind][1].found):
            best[kind] = each, heads
    if not best:
        _refuse_kind(kinds, placed, shown)
    tables: list[Table | None] = [None] * len(kinds)
    for kind, (each, heads) in best.items():
        tables[kind] = _table(each, heads, shown, others=others)
    return tables


def _chosen(sheets: list[Sheet], wanted: str | None, shown: str) -> list[Sheet]:
    if wanted is None:
        filled = [each for each in sheets if each.rows]
        return [each for each in filled if each.visible] or filled
    chosen = [each for each in sheets if each.name == wanted]
    if not chosen:
        known = [each.name for each in sheets if each.name is not None]
        near = nearest(wanted, known)
        listed = ", ".join(known)
        raise invalid(
            "unknown_sheet",
            file=shown,
            value=wanted,
            ko=f"시트 '{wanted}'이(가) 없습니다"
            + (f"; '{near}'이(가) 아닙니까?" if near else f" (있는 시트: {listed})"),
            en=f"no sheet '{wanted}'"
            + (f"; did you mean '{near}'?" if near else f" (there are: {listed})"),
        )
    return chosen


@attrs.frozen(kw_only=True, eq=False)
class _Heads:
    """Where the heads of a table stand on a sheet."""

    columns: tuple[Column, ...]
    row: int
    found: Mapping[str, _Found]
    twice: tuple[tuple[str, int], ...]
    others: tuple[tuple[int, str], ...]

    def missing(self) -> list[Column]:
        return [each for each in self.columns if each.required and each.key not in self.found]

    @classmethod
    def find(cls, sheet: Sheet, columns: Sequence[Column]) -> _Heads:
        """Return the rows of heads in which most columns are found: the fewest rows, then the
        uppermost, of those with as many."""
        keys = {same(name): column.key for column in columns for name in column.names}
        numbers = [number for number in sheet.rows if number <= min(sheet.rows) + _HEAD_WITHIN]
        merged = _filled(sheet, set(numbers))
        best = cls(columns=tuple(columns), row=0, found={}, twice=(), others=())
        for depth in range(1, _HEAD_DEEPEST + 1):
            for at, low in enumerate(numbers):
                stack = numbers[max(0, at - depth + 1) : at + 1]
                if len(stack) == depth:
                    heads = cls._of(sheet, stack, low, merged, tuple(columns), keys)
                    if len(heads.found) > len(best.found):
                        best = heads
        return best

    @classmethod
    def _of(
        cls,
        sheet: Sheet,
        stack: list[int],
        low: int,
        merged: Mapping[tuple[int, int], Cell | Fault],
        columns: tuple[Column, ...],
        keys: Mapping[str, str],
    ) -> _Heads:
        found: dict[str, _Found] = {}
        twice: list[tuple[str, int]] = []
        others: list[tuple[int, str]] = []
        for number, texts in _stacked(sheet, stack, merged):
            key, unit = _key_of(texts, keys)
            head = " ".join(" ".join(texts).split())
            if key is None:
                others.append((number, head))
            elif key in found:
                twice.append((key, number))
            else:
                found[key] = _Found(number=number, head=head, unit=unit)
        return cls(columns=columns, row=low, found=found, twice=tuple(twice), others=tuple(others))


def _stacked(
    sheet: Sheet, stack: list[int], merged: Mapping[tuple[int, int], Cell | Fault]
) -> Iterator[tuple[int, list[str]]]:
    """Yield each column with its heads from top to bottom. A head that stands over several
    columns is repeated over them: by its merged range, or, as CSV keeps none, over the blank
    cells to its right that have a head below."""
    width = max(len(sheet.rows[number]) for number in stack)
    width = max([width, *[column for row, column in merged if row in set(stack)]])
    above = [""] * len(stack)
    for column in range(1, width + 1):
        texts: list[str] = []
        for depth, number in enumerate(stack):
            cells = sheet.rows[number]
            cell = cells[column - 1] if column <= len(cells) else None
            spread = merged.get((number, column))
            text = text_of(cell) if isinstance(cell, str) else ""
            if not text and isinstance(spread, str):
                text = text_of(spread)
            elif not text and cell is None and depth < len(stack) - 1 and not sheet.merged:
                below = sheet.rows[stack[-1]]
                under = below[column - 1] if column <= len(below) else None
                text = above[depth] if isinstance(under, str) and under.strip() else ""
            if text:
                above[depth] = text
            elif cell is not None:
                above[depth] = ""
            if text and text not in texts[-1:]:
                texts.append(text)
        if texts:
            yield column, texts


def _key_of(texts: list[str], keys: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Return the column that heads under each other name, and the unit in brackets behind."""
    units = [match[1] for text in texts if (match := _UNIT_BEHIND.search(same(text)))]
    unit = next((each for each in reversed(units) if each in WON), None)
    bare = [_UNIT_BEHIND.sub("", same(text)) for text in texts]
    for heads in ([same(text) for text in texts], bare):
        for first in range(len(heads)):
            key = keys.get("".join(heads[first:]))
            if key is not None:
                return key, unit
    return None, None


def _filled(sheet: Sheet, rows: set[int] | None = None) -> dict[tuple[int, int], Cell | Fault]:
    """Return what the cells of merged ranges hold beside their first."""
    filled: dict[tuple[int, int], Cell | Fault] = {}
    for top, left, low, right in sheet.merged:
        cells = sheet.rows.get(top, ())
        cell = cells[left - 1] if left <= len(cells) else None
        if cell is None or (low - top + 1) * (right - left + 1) > _MOST_MERGED:
            continue
        for row in range(top, low + 1):
            if row in (sheet.rows if rows is None else rows):
                for column in range(left, right + 1):
                    filled[row, column] = cell
    return filled


def _refuse_kind(
    kinds: Sequence[Sequence[Column]],
    placed: Sequence[tuple[int, Sheet, _Heads]],
    shown: str,
) -> None:
    """Say what is missing from the kind of table that the file is nearest to."""
    _, sheet, heads = max(placed, key=lambda each: len(each[2].found))
    if heads.found:
        raise InvalidInput(_missing_columns(sheet, heads, shown))
    wanted = [", ".join(c.name for c in columns if c.required) for columns in kinds]
    raise invalid(
        "no_heads",
        file=shown,
        sheet=sheet.name,
        ko=f"머리글 행을 찾을 수 없습니다. 필요한 열: {' / '.join(wanted)}",
        en=f"no row of heads found; needed columns: {' / '.join(wanted)}",
    )


def _missing_columns(sheet: Sheet, heads: _Heads, shown: str) -> list[Problem]:
    problems = []
    for column in heads.missing():
        near = nearest(column.name, [head for _, head in heads.others])
        hint_ko = f"; '{near}'이(가) 그것입니까?" if near else ""
        hint_en = f"; is it '{near}'?" if near else ""
        names = ", ".join(column.names[:4])
        problems.append(
            Problem(
                code="missing_column",
                file=shown,
                sheet=sheet.name,
                line=heads.row or None,
                cell=_cell_name(heads.row or None, None),
                value=column.name,
                ko=f"'{column.name}' 열이 없습니다 (쓸 수 있는 이름: {names}){hint_ko}",
                en=f"no column '{column.name}' (known as: {names}){hint_en}",
            )
        )
    return problems


def _table(sheet: Sheet, heads: _Heads, shown: str, *, others: bool = False) -> Table:
    merged = _filled(sheet)
    found, twice, further = dict(heads.found), [*heads.twice], []
    for number, head in heads.others if others else ():
        if head in found:
            twice.append((head, number))
            continue
        found[head] = _Found(number=number, head=head, unit=None)
        further.append(head)
    table = Table(
        file=shown,
        sheet=sheet.name,
        columns=heads.columns,
        others=tuple(further),
        found=found,
        merged=merged,
        unit=_unit_above(sheet, heads.row),
    )
    problems = _missing_columns(sheet, heads, shown)
    for key, number in twice:
        head, first = found[key].head, column_letters(found[key].number)
        problems.append(
            Problem(
                code="column_twice",
                file=shown,
                sheet=sheet.name,
                line=heads.row,
                column=number,
                cell=_cell_name(heads.row, number),
                value=head,
                ko=f"'{head}' 열이 두 번 있습니다 ({first}열과 이 열)",
                en=f"the column '{head}' stands there twice (column {first} and here)",
            )
        )
    if problems:
        raise InvalidInput(problems)
    if heads.others and not others:
        listed = ", ".join(f"{head} ({column_letters(at)})" for at, head in heads.others)
        ko, en = f"쓰지 않는 열: {listed}", f"columns not used: {listed}"
        table.note(heads.row, None, "columns_not_used", ko, en)
    table.rows = tuple(_rows(sheet, heads, table))
    if not table.rows:
        ko, en = "머리글 아래에 자료가 없습니다", "no rows below the heads"
        table.wrong(heads.row, None, "no_rows", ko, en)
    return table


def _unit_above(sheet: Sheet, below: int) -> str | None:
    for number, cells in sheet.rows.items():
        if number > below:
            break
        for cell in cells:
            match = _UNIT_ABOVE.search(same(cell)) if isinstance(cell, str) else None
            if match is not None:
                return match[1] or f"{match[2] or ''}won"
    return None


def _rows(sheet: Sheet, heads: _Heads, table: Table) -> Iterator[Row]:
    used = [found.number for found in heads.found.values()]
    head_cells = sheet.rows[heads.row]
    for number, cells in sheet.rows.items():
        if number <= heads.row:
            continue
        first = next((c for c in cells if c is not None and text_or_fault(c)), None)
        if isinstance(first, str) and is_total(first):
            ko, en = f"합계 행 '{first}'을(를) 뺐습니다", f"left out the totals row '{first}'"
            table.note(number, None, "total_left_out", ko, en)
            continue
        if cells == head_cells:
            ko, en = "되풀이된 머리글을 뺐습니다", "left out the heads, repeated"
            table.note(number, None, "heads_repeated", ko, en)
            continue
        if any(at <= len(cells) and text_or_fault(cells[at - 1]) for at in used):
            yield Row(table, number, cells)


def is_total(text: str) -> bool:
    """Say whether a row that begins with this text is one of totals: 합계, 소계, Total …"""
    return _TOTALS.fullmatch(same(text)) is not None


def text_or_fault(cell: Cell | Fault) -> bool:
    """Say whether the cell holds anything to see."""
    return isinstance(cell, Fault) or bool(text_of(cell))
