"""From a file's sheets to rows with named columns, every problem collected with its cell."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, TypeVar, overload

import attrs

from evalflow.errors import InvalidInput, Problem, invalid, nearest
from evalflow.files.cells import (
    Cell,
    column_letters,
    is_none,
    same,
    text_of,
)
from evalflow.files.days import SERIAL_ZERO, Month, read_day
from evalflow.files.figures import ANY_UNIT, Figure, read_figure
from evalflow.files.grid import Fault, Sheet, read_sheets
from evalflow.files.money_units import Said, said_by_head, said_by_line, won_of
from evalflow.files.notes import Note
from evalflow.files.number_formats import Shown
from evalflow.files.yaml import UNPRINTABLE

T = TypeVar("T")

MOST_PROBLEMS = 200
"""Problems told one by one; the others are counted."""

MOST_ALIKE = 20
"""Problems of one kind with one sheet that are told one by one; the others are counted."""

_HEAD_WITHIN = 40  # rows of titles, stamps and remarks that may stand above the heads
_HEAD_DEEPEST = 3  # heads under heads
_MOST_MERGED = 10_000  # cells that one merged range may fill

_TOTALS = re.compile(r"총?(?:합계|소계|누계|계|총계|평균)(?:[(:].*)?|(?:grand|sub)?-?totals?|sum")
_UNIT_BEHIND = re.compile(r"[(\[](?:단위:|units?:)?([^()\[\]]*)[)\]]$")
_NOTES_ALIKE = 3  # notes of one kind on one column that are told one by one
_NO_UNITS_BESIDE = frozenset(
    ["", "₩", "￦", "\\", "원"]
)  # what a format of won shows beside a figure


@attrs.frozen
class Column:
    """A column to look for.

    Attributes:
        key: what the program calls it.
        names: how people head it, the first being the usual name. Compared without spaces, line
            breaks and a unit in brackets behind; heads under a common head are joined
            (`목표` over `1분기` is `목표1분기`) or taken alone.
        required: whether the table is worthless without it.
        automatic: whether the sheet fills it by itself (checks, sums): it is known, but never
            read, and what stands in it makes no row.
    """

    key: str
    names: tuple[str, ...]
    required: bool = True
    automatic: bool = False

    @property
    def name(self) -> str:
        """What people usually call it."""
        return self.names[0]


@attrs.frozen
class TableFile(os.PathLike[str]):
    """A file of tables, and what of it is meant; taken wherever a table's path is.

    Attributes:
        path: the file.
        sheets: the sheets that are meant, by name; empty leaves it to the heads.
        visible_rows: whether rows that are hidden, or filtered away, are left out.
    """

    path: str
    sheets: tuple[str, ...] = ()
    visible_rows: bool = False

    def __fspath__(self) -> str:
        return self.path


@attrs.frozen(kw_only=True)
class _Found:
    """Where a column was found: its number from 1, its head, and what stands in brackets behind
    its heads, the lowest first."""

    number: int
    head: str
    units: tuple[str, ...] = ()

    @property
    def said(self) -> Said | None:
        return said_by_head(self.units)


@attrs.define(kw_only=True, eq=False)
class Table:
    """Rows under named columns, and what was wrong with them so far.

    Attributes:
        file, sheet: where it stands, as problems name it.
        others: heads of further columns, which rows are asked for by these names; only where
            `read_table` was asked to take them.
        rows: the rows below the heads, without blank ones and totals.
        problems: grows while rows are asked; `raise_if_any` raises them all at once.
        brackets: what a figure in brackets means, `minus` or `provisional`; None where nobody
            said it: then such a figure is refused.
    """

    file: str
    sheet: str | None
    columns: tuple[Column, ...]
    others: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    problems: list[Problem] = attrs.field(factory=list)
    brackets: str | None = None
    _notes: list[Note] = attrs.field(factory=list)
    _found: Mapping[str, _Found] = attrs.field(factory=dict)
    _merged: Mapping[tuple[int, int], Cell | Fault] = attrs.field(factory=dict)
    _shown: Mapping[tuple[int, int], Shown] = attrs.field(factory=dict)
    _zero: dt.date = SERIAL_ZERO
    _unit: Said | None = None
    _units_below: tuple[tuple[int, Said], ...] = ()
    _counts: dict[tuple[str, str | None], int] = attrs.field(factory=dict)
    _told: set[str] = attrs.field(factory=set)
    _wrong: Counter[str] = attrs.field(factory=Counter)

    @property
    def notes(self) -> list[Note]:
        """What was left out, or understood in one of several ways; grows while rows are asked."""
        more = [
            (code, key, count - _NOTES_ALIKE)
            for (code, key), count in self._counts.items()
            if count > _NOTES_ALIKE
        ]
        place = f"{self.file}:{self.sheet}" if self.sheet else self.file
        folded = []
        for code, key, count in more:
            head = None if key is None else self.head(key)
            ko = f"같은 알림이 {count:,}건 더 있습니다" + (f" ('{head}' 열)" if head else "")
            en = f"{count:,} more notes like this" + (f" (column '{head}')" if head else "")
            folded.append(Note(code=code, ko=ko, en=en, where=place))
        return [*self._notes, *folded]

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
        said = self._said(key)
        return 1 if said is None or said.won is None else said.won

    def _said(self, key: str) -> Said | None:
        found = self._found.get(key)
        said = None if found is None else found.said
        return said or self._unit

    @property
    def unit_above(self) -> Said | None:
        """What the lines above the table say of units of money."""
        return self._unit

    def unit_of(self, key: str) -> str | None:
        """Return what stands in brackets behind a column's head; None where nothing does."""
        found = self._found.get(key)
        return found.units[0] if found is not None and found.units else None

    def wrong(
        self, row: int | None, key: str | None, code: str, ko: str, en: str, value: Any = None
    ) -> None:
        """Add a problem with a cell, a row (no key) or the whole table (no row)."""
        found = None if key is None else self._found.get(key)
        column = None if found is None else found.number
        self._wrong[code] += 1
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

    def is_crowded(self, code: str) -> bool:
        """Say whether so many problems of a kind are known that a further one is only counted:
        looking for what its writer may have meant is then wasted."""
        return self._wrong[code] >= MOST_ALIKE

    def note(self, row: int | None, key: str | None, code: str, ko: str, en: str) -> None:
        """Add a word on how the table was read; of one kind on one column a few, then a count."""
        count = self._counts[code, key] = self._counts.get((code, key), 0) + 1
        if count > _NOTES_ALIKE:
            return
        found = None if key is None else self._found.get(key)
        cell = _cell_name(row, None if found is None else found.number)
        place = ("!" if cell and self.sheet else "").join([self.sheet or "", cell or ""])
        where = f"{self.file}:{place}" if place else self.file
        self._notes.append(Note(code=code, ko=ko, en=en, where=where))

    def raise_if_any(self) -> None:
        """Raise all problems in the order of their cells; the first two hundred one by one.

        Raises:
            InvalidInput: there are any.
        """
        raise_all(self.problems)


def raise_all(problems: Iterable[Problem]) -> None:
    """Raise problems of one or several tables at once, in the order of their cells; of those of
    one kind the first twenty and a count.

    Raises:
        InvalidInput: there are any.
    """
    found = sorted(
        problems, key=lambda p: (p.file or "", p.sheet or "", p.line or 0, p.column or 0)
    )
    if not found:
        return
    alike: Counter[tuple[str | None, str | None, str]] = Counter()
    told: list[Problem] = []
    for problem in found:
        kind = problem.file, problem.sheet, problem.code
        alike[kind] += 1
        if alike[kind] <= MOST_ALIKE and len(told) < MOST_PROBLEMS:
            told.append(problem)
    for (file, sheet, code), count in alike.items():
        shown = sum((each.file, each.sheet, each.code) == (file, sheet, code) for each in told)
        if count > shown:
            first = next(
                each for each in found if (each.file, each.sheet, each.code) == (file, sheet, code)
            )
            place, more = first.cell or first.line, count - shown
            told.append(
                Problem(
                    code="more_problems",
                    file=file,
                    sheet=sheet,
                    value=code,
                    ko=f"{place}에서와 같은 문제가 {more:,}건 더 있습니다",
                    en=f"and {more:,} more problems like that of {place}",
                )
            )
    raise InvalidInput(told)


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

    def is_filled(self) -> bool:
        """Say whether any column that is read holds something, and not only a fault."""
        automatic = {column.key for column in self.table.columns if column.automatic}
        cells = [
            self._at(found.number)
            for key, found in self.table._found.items()
            if key not in automatic
        ]
        return any(text_or_fault(each) and not isinstance(each, Fault) for each in cells)

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
        shown = self._shown(key)
        if shown is not None and shown.zeros > 1 and isinstance(cell, Decimal):
            text = f"-{text[1:].zfill(shown.zeros)}" if cell < 0 else text.zfill(shown.zeros)
        if found := UNPRINTABLE.search(text):
            code = f"U+{ord(found[0]):04X}"
            ko = f"보이지 않거나 인쇄할 수 없는 문자가 있습니다 ({code})"
            en = f"a character that is invisible or cannot be printed ({code})"
            self.wrong(key, "unprintable", ko, en)
        return text

    @overload
    def figure(self, key: str, *, unit: str = ...) -> Decimal: ...
    @overload
    def figure(self, key: str, default: T, *, unit: str = ...) -> Decimal | T: ...
    def figure(self, key: str, default: Any = ..., *, unit: str = ANY_UNIT) -> Any:
        """Return the exact figure; `default` where it is blank or a dash. `unit` is what may
        stand behind it (`12명`); where it is not known, a `%` may."""
        cell = self.cell(key)
        if cell is None or is_none(cell):
            return self._missing(key, default, Decimal(0))
        read = self.read_figure(key, unit=unit)
        if read is not None and read.provisional:
            text = text_of(cell)
            ko = f"잠정치는 실적에만 쓸 수 있습니다: '{text[:40]}'"
            self.wrong(key, "provisional", ko, f"only an actual can be provisional: '{text[:40]}'")
            return Decimal(0)
        return Decimal(0) if read is None else read.value

    def read_figure(self, key: str, *, unit: str = ANY_UNIT, money: bool = False) -> Figure | None:
        """Return the figure with what is said of it (see `figures.read_figure`); None where it
        is none, which is noted as a problem."""
        cell = self.cell(key)
        if isinstance(cell, Decimal):  # an exact number of a workbook
            self._note_shown(key)
            return Figure(cell)
        text = "" if cell is None else text_of(cell)
        read = read_figure(text, unit=unit, brackets=self.table.brackets, money=money)
        if not isinstance(read, Figure):
            self.wrong(key, "not_a_figure", read.ko, read.en, text)
            return None
        if read.bracketed:
            as_ko, as_en = ("잠정치 ", "provisional ") if read.provisional else ("", "")
            ko = f"괄호 안의 수 '{text}'을(를) {as_ko}{read.value}(으)로 읽었습니다"
            en = f"'{text}' in brackets was read as {as_en}{read.value}"
            self.table.note(self.number, key, "brackets", ko, en)
        return read

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
        each = self._won_each(key)
        read = self.read_figure(key, unit=_UNIT_OF.get(each, ""), money=each == 1)
        if read is None or read.provisional:
            if read is not None:
                ko, en = "금액은 잠정치일 수 없습니다", "an amount is not provisional"
                self.wrong(key, "provisional", ko, en, text_of(cell))
            return 0
        figure = read.value
        amount = figure * each
        if amount != amount.to_integral_value():
            ko, en = f"1원 미만이 있습니다: {figure}", f"less than a won: {figure}"
            self.wrong(key, "not_whole", ko, en, figure)
        return int(amount)

    def _won_each(self, key: str) -> int:
        """Return how many won one is in this cell: as shown beside it, as its column says."""
        said = self.table._said(key)
        below = [each for row, each in self.table._units_below if row < self.number]
        shown = self._shown(key)
        beside = "" if shown is None else shown.unit
        if said is not None and said.won is None:
            if key not in self.table._told:
                self.table._told.add(key)
                ko = (
                    f"'{self.table.head(key)}'의 금액 단위를 알 수 없습니다: '{said.text}' (예: "
                    f"{self.table.head(key)}(백만원))"
                )
                en = (
                    f"the unit of money of '{self.table.head(key)}' is not understood: "
                    f"'{said.text}' (expected e.g. won, thousand won, million won)"
                )
                self.wrong(key, "unknown_money_unit", ko, en, said.text)
            return 1
        each = 1 if said is None or said.won is None else said.won
        if beside not in _NO_UNITS_BESIDE or (beside == "원" and each != 1):
            own = won_of(beside)
            if own is None or (said is not None and own != each):
                ko = f"칸에 보이는 단위 '{beside}'이(가) 표의 금액 단위와 맞지 않습니다"
                en = f"the unit '{beside}' shown in the cell does not agree with the table's"
                self.wrong(key, "unknown_money_unit", ko, en, beside)
                return 1
            return own
        if any(one.won != each for one in below):
            ko = f"표 가운데에서 단위가 바뀝니다: '{below[-1].text}'. 표를 나누어 주십시오"
            en = f"the unit changes within the table: '{below[-1].text}'; part the table there"
            self.wrong(key, "unit_changes", ko, en, below[-1].text)
        return each

    def shown_unit(self, key: str) -> str:
        """Return what a number format shows beside the number of a cell: `%`, `명`; `%` also
        behind text that ends in it. Empty where nothing is."""
        shown, cell = self._shown(key), self.cell(key)
        if shown is not None and shown.unit:
            return shown.unit
        return "%" if isinstance(cell, str) and cell.strip().endswith(("%", "％")) else ""

    def _shown(self, key: str) -> Shown | None:
        found = self.table._found.get(key)
        return None if found is None else self.table._shown.get((self.number, found.number))

    def _note_shown(self, key: str) -> None:
        """Tell where people see another figure than the cell holds."""
        shown, cell = self._shown(key), self.cell(key)
        if shown is None or not isinstance(cell, Decimal):
            return
        said = text_of(cell)
        if shown.kind == "nothing":
            ko = f"서식 때문에 보이지 않는 수 {said}을(를) 읽었습니다"
            en = f"read {said}, which the cell's format hides"
            self.table.note(self.number, key, "hidden_number", ko, en)
        elif not shown.signed:
            ko = f"서식 때문에 부호가 보이지 않는 수 {said}을(를) 읽었습니다"
            en = f"read {said}, whose sign the cell's format hides"
            self.table.note(self.number, key, "hidden_sign", ko, en)
        elif shown.decimals is not None and cell != round(cell, shown.decimals):
            seen = f"{round_half_up(cell, shown.decimals):,}"
            ko = f"칸에는 {seen}(으)로 보이나 {said}을(를) 읽었습니다"
            en = f"read {said}, which the cell shows as {seen}"
            self.table.note(self.number, key, "more_digits", ko, en)

    @overload
    def date(self, key: str, *, month: Month | None = None) -> dt.date: ...
    @overload
    def date(self, key: str, default: T, *, month: Month | None = None) -> dt.date | T: ...
    def date(self, key: str, default: Any = ..., *, month: Month | None = None) -> Any:
        """Return the day; `default` where it is blank or a dash. `month` says which day a month
        stands for, where a month alone may be written."""
        cell = self.cell(key)
        if cell is None or is_none(cell):
            return self._missing(key, default, dt.date.min)
        said = read_day(cell, zero=self.table._zero, month=month)
        if said.day is None:
            self.wrong(key, "bad_date", said.ko, said.en, text_of(cell))
            return dt.date.min
        if said.code:
            self.table.note(self.number, key, f"day_from_{said.code}", said.ko, said.en)
        return said.day

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


_UNIT_OF = {1_000: "천원", 10_000: "만원", 1_000_000: "백만원", 10**8: "억원", 10**12: "조원"}
"""The unit that may stand behind an amount in a column of it; won are read as money."""


def round_half_up(figure: Decimal, places: int) -> Decimal:
    """Return the figure as a spreadsheet shows it with so many places."""
    return figure.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


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

Source = str | bytes | os.PathLike[str]


def read_table(
    source: Source,
    columns: Sequence[Column],
    *,
    sheet: str | None = None,
    name: str | None = None,
    others: bool = False,
) -> Table:
    """Return the table of a CSV, XLSX, XLS or ODS file that has these columns.

    `source` is a path (also a `TableFile`), or the file's bytes; `name` is what problems call it.
    Without `sheet`, the visible sheet is taken on which most of the columns are found, and a note
    names the others. Blank rows, rows of totals and a further table below are left out, with a
    note; rows that nobody sees are read, with a note, or left out where the `TableFile` says so.
    `others` also takes every other column that has a head. Problems with the rows are collected
    in the table while its rows are asked.

    Raises:
        InvalidInput: the file cannot be read, has no such sheet, or a required column is
            missing or appears twice.
    """
    return read_tables(source, [columns], sheet=sheet, name=name, others=others)[0][1]


def read_tables(
    source: Source,
    kinds: Sequence[Sequence[Column]],
    *,
    sheet: str | None = None,
    name: str | None = None,
    others: bool = False,
) -> list[tuple[int, Table]]:
    """Return the tables of several kinds that a file has, each with its kind's place in `kinds`.

    A sheet is of the kind most of whose columns it has, and all required ones. Of each kind the
    sheet with most of its columns is taken; where sheets are named, all of these are.

    Raises:
        InvalidInput: as `read_table` says; or the file has none of the kinds, or a named sheet
            is of none.
    """
    wanted = source.sheets if isinstance(source, TableFile) else ()
    if sheet is not None:
        wanted = (sheet,)
    shown = name or ("<bytes>" if isinstance(source, bytes) else os.fspath(source))
    all_sheets = read_sheets(
        source, shown, lambda part: max(len(_Heads.find(part, kind).found) for kind in kinds)
    )
    sheets = _chosen(all_sheets, wanted, shown)
    placed = {
        at: [(kind, _Heads.find(each, columns)) for kind, columns in enumerate(kinds)]
        for at, each in enumerate(sheets)
    }
    best: dict[Any, tuple[int, Sheet, _Heads]] = {}
    for at, each in enumerate(sheets):
        complete = [pair for pair in placed[at] if not pair[1].missing()]
        if not complete and len(kinds) == 1 and (len(sheets) == 1 or placed[at][0][1].found):
            complete = placed[at]
        if not complete:
            if wanted:
                _refuse_kind(kinds, [(kind, each, heads) for kind, heads in placed[at]], shown)
            continue
        kind, heads = max(complete, key=lambda pair: len(pair[1].found))
        place = at if wanted else kind
        if place not in best or len(heads.found) > len(best[place][2].found):
            best[place] = kind, each, heads
    if not best:
        every = [(kind, sheets[at], heads) for at, found in placed.items() for kind, heads in found]
        _refuse_kind(kinds, every, shown)
    visible_rows = isinstance(source, TableFile) and source.visible_rows
    tables = [
        (kind, _table(each, heads, shown, others=others, visible_rows=visible_rows))
        for kind, each, heads in best.values()
    ]
    if not wanted:
        taken = [each for _, each, _ in best.values()]
        _note_aside(tables[0][1], [each for each in all_sheets if each.rows], taken)
    return tables


@attrs.frozen(eq=False)
class Book:
    """A workbook that was read once, whose sheets are asked for by their names.

    Attributes:
        file: what problems call it.
        sheets: its sheets, in their order.
        visible_rows: whether rows that are hidden, or filtered away, are left out.
    """

    file: str
    sheets: tuple[Sheet, ...]
    visible_rows: bool = False

    def has(self, *names: str) -> bool:
        """Say whether there is a sheet of one of these names."""
        return self._sheet(names) is not None

    def table(self, names: Sequence[str], columns: Sequence[Column]) -> Table | None:
        """Return the table on the sheet of one of these names; None where there is no such sheet,
        or nothing is on it. A table without rows is one with none.

        Raises:
            InvalidInput: a required column is missing or appears twice.
        """
        sheet = self._sheet(names)
        if sheet is None or not sheet.rows:
            return None
        heads = _Heads.find(sheet, columns)
        table = _table(sheet, heads, self.file, visible_rows=self.visible_rows)
        # A row in which nothing stands but formulas that came to nothing was filled by nobody.
        table.rows = tuple([row for row in table.rows if row.is_filled()])
        if not table.rows:
            table.problems.clear()
        return table

    def _sheet(self, names: Sequence[str]) -> Sheet | None:
        wanted = {same(name) for name in names}
        found = [each for each in self.sheets if each.name is not None]
        return next((each for each in found if same(each.name or "") in wanted), None)


def read_book(source: Source, *, name: str | None = None) -> Book:
    """Return the workbook (XLSX, XLS, ODS), read once.

    Raises:
        InvalidInput: the file cannot be read, or is none with named sheets (CSV).
    """
    shown = name or ("<bytes>" if isinstance(source, bytes) else os.fspath(source))
    sheets = tuple(read_sheets(source, shown))
    if all(each.name is None for each in sheets):
        raise invalid(
            "no_workbook",
            file=shown,
            ko="시트가 있는 통합 문서(.xlsx, .xls, .ods)가 아닙니다",
            en="no workbook with sheets (.xlsx, .xls, .ods)",
        )
    visible_rows = isinstance(source, TableFile) and source.visible_rows
    return Book(file=shown, sheets=sheets, visible_rows=visible_rows)


def _note_aside(table: Table, sheets: list[Sheet], taken: list[Sheet]) -> None:
    """Name the sheets that were not read."""
    aside = [each for each in sheets if each not in taken]
    if not aside:
        return
    read = ", ".join(f"'{each.name}'" for each in taken)
    ko_names = ", ".join(f"'{each.name}'" + ("" if each.visible else "(숨김)") for each in aside)
    en_names = ", ".join(f"'{each.name}'" + ("" if each.visible else " (hidden)") for each in aside)
    ko = f"시트 {read}만 읽고 {ko_names}은(는) 읽지 않았습니다 (--sheet로 고릅니다)"
    en = f"read only the sheets {read}; left aside: {en_names} (--sheet chooses)"
    table.note(None, None, "sheets_left_aside", ko, en)


def _chosen(sheets: list[Sheet], wanted: Sequence[str], shown: str) -> list[Sheet]:
    filled = [each for each in sheets if each.rows]
    if not wanted or all(each.name is None for each in sheets):
        return [each for each in filled if each.visible] or filled
    known = [each.name for each in sheets if each.name is not None]
    listed = ", ".join(known)
    problems = []
    for name in wanted:
        if name in known:
            continue
        near = nearest(name, known)
        problems.append(
            Problem(
                code="unknown_sheet",
                file=shown,
                value=name,
                ko=f"시트 '{name}'이(가) 없습니다"
                + (f"; 혹시 '{near}'입니까?" if near else f" (있는 시트: {listed})"),
                en=f"no sheet '{name}'"
                + (f"; did you mean '{near}'?" if near else f" (there are: {listed})"),
            )
        )
    if problems:
        raise InvalidInput(problems)
    return [each for name in dict.fromkeys(wanted) for each in sheets if each.name == name]


@attrs.frozen(kw_only=True, eq=False)
class _Heads:
    """Where the heads of a table stand on a sheet."""

    columns: tuple[Column, ...]
    row: int
    top: int
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
        last = min(sheet.rows) + _HEAD_WITHIN
        numbers = [number for number in sheet.rows if number <= last]
        merged = _filled(sheet, set(numbers))
        best = cls(columns=tuple(columns), row=0, top=0, found={}, twice=(), others=())
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
            key, units = _key_of(texts, keys)
            head = " ".join(" ".join(texts).split())
            if key is None:
                others.append((number, head))
            elif key in found:
                twice.append((key, number))
            else:
                found[key] = _Found(number=number, head=head, units=units)
        return cls(
            columns=columns,
            row=low,
            top=stack[0],
            found=found,
            twice=tuple(twice),
            others=tuple(others),
        )


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


def _key_of(texts: list[str], keys: Mapping[str, str]) -> tuple[str | None, tuple[str, ...]]:
    """Return the column that heads under each other name, and what stands in brackets behind
    them, the lowest first."""
    plain = [same(text) for text in texts]
    bare = [_UNIT_BEHIND.sub("", text) for text in plain]
    inside = [
        "" if text == less else _inside(raw)
        for text, less, raw in zip(plain, bare, texts, strict=True)
    ]
    for heads in (plain, bare):
        for first in range(len(heads)):
            key = keys.get("".join(heads[first:]))
            if key is not None:
                # Brackets that belong to the name are no unit.
                units = inside[:first] if heads is plain else inside
                return key, tuple(unit for unit in reversed(units) if unit)
    for first in range(len(bare)):
        # `구비 백만원`, without brackets.
        name, word = _without_unit("".join(bare[first:]))
        if word and (key := keys.get(name)) is not None:
            return key, (word, *[unit for unit in reversed(inside) if unit])
    return None, ()


def _inside(head: str) -> str:
    """Return what stands in the brackets at the end of a head, with its spaces."""
    found = re.search(r"[(\[（［]([^()\[\]（）［］]*)[)\]）］]\s*$", head)
    text = "" if found is None else " ".join(found[1].split())
    return re.sub(r"^(?:단위|units?)\s*[:：]?\s*", "", text, flags=re.IGNORECASE)


_UNIT_WORD = re.compile(r"(?P<name>.+?)[,_:·/-]?(?P<unit>(?:천|만|백만|천만|억|십억|조)?원)")


def _without_unit(head: str) -> tuple[str, str]:
    match = _UNIT_WORD.fullmatch(head)
    return (head, "") if match is None else (match["name"], match["unit"])


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


def _table(
    sheet: Sheet, heads: _Heads, shown: str, *, others: bool = False, visible_rows: bool = False
) -> Table:
    merged = _filled(sheet)
    found, twice, further = dict(heads.found), [*heads.twice], []
    for number, head in heads.others if others else ():
        if head in found:
            twice.append((head, number))
            continue
        found[head] = _Found(number=number, head=head)
        further.append(head)
    table = Table(
        file=shown,
        sheet=sheet.name,
        columns=heads.columns,
        others=tuple(further),
        found=found,
        merged=merged,
        shown=sheet.shown,
        zero=sheet.zero,
        unit=_unit_above(sheet, heads),
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
                en=f"the column '{head}' appears twice (column {first} and here)",
            )
        )
    if problems:
        raise InvalidInput(problems)
    if heads.others and not others:
        listed = ", ".join(f"{head} ({column_letters(at)})" for at, head in heads.others)
        ko, en = f"쓰지 않는 열: {listed}", f"columns not used: {listed}"
        table.note(heads.row, None, "columns_not_used", ko, en)
    table.rows = tuple(_rows(sheet, heads, table, visible_rows))
    for key, each in table._found.items():
        if any(first <= each.number <= last for first, last in sheet.hidden_columns):
            ko = f"숨겨진 열 '{each.head}'도 읽었습니다"
            table.note(heads.row, key, "hidden_column", ko, f"read the hidden column '{each.head}'")
    if not table.rows:
        ko, en = "머리글 아래에 자료가 없습니다", "no rows below the heads"
        table.wrong(heads.row, None, "no_rows", ko, en)
    return table


def _unit_above(sheet: Sheet, heads: _Heads) -> Said | None:
    """Return what the lines above the heads, nearest first, and the sheet's name say of units of
    money; a line that speaks of units but of none of money counts where no other does."""
    unknown: Said | None = None
    for number in sorted((row for row in sheet.rows if row <= heads.row), reverse=True):
        found = {
            said.won: said
            for cell in sheet.rows[number]
            if isinstance(cell, str)
            and (said := said_by_line(cell, whole=number >= heads.top)) is not None
            and not (number >= heads.top and "단위" not in cell and "nit" not in cell)
        }
        known = [said for won, said in found.items() if won is not None]
        if len(known) == 1:
            return known[0]
        if len(known) > 1:
            return Said(", ".join(said.text for said in known), None)
        unknown = unknown or found.get(None)
    if unknown is None and sheet.name is not None:
        said = said_by_line(sheet.name)
        return said if said is not None and said.won is not None else None
    return unknown


def _rows(sheet: Sheet, heads: _Heads, table: Table, visible_rows: bool) -> Iterator[Row]:
    automatic = {column.key for column in heads.columns if column.automatic}
    used = [found.number for key, found in heads.found.items() if key not in automatic]
    head_cells = sheet.rows[heads.row]
    is_head = _head_row(heads.columns)
    hidden: list[int] = []
    for number, cells in sheet.rows.items():
        if number <= heads.row:
            continue
        texts = [each for each in cells if each is not None and text_or_fault(each)]
        first = next(iter(texts), None)
        if isinstance(first, str) and is_total(first):
            ko, en = f"합계 행 '{first}'을(를) 뺐습니다", f"left out the totals row '{first}'"
            table.note(number, None, "total_left_out", ko, en)
            continue
        if cells == head_cells:
            ko, en = "되풀이된 머리글을 뺐습니다", "left out the heads, repeated"
            table.note(number, None, "heads_repeated", ko, en)
            continue
        if len(texts) <= 2 and (said := _unit_line(texts)) is not None:
            table._units_below = (*table._units_below, (number, said))
            continue
        if len(texts) > 1 and is_head(texts):
            ko = f"{number}행부터는 머리글이 다른 표라서 읽지 않았습니다"
            en = f"another table begins at row {number}, under other heads; it was not read"
            table.note(number, None, "table_left_aside", ko, en)
            break
        if any(at <= len(cells) and text_or_fault(cells[at - 1]) for at in used):
            if number in sheet.hidden:
                hidden.append(number)
                if visible_rows:
                    continue
            yield Row(table, number, cells)
    if hidden:
        _note_hidden(table, hidden, filtered=sheet.filtered, left_out=visible_rows)


def _unit_line(texts: Sequence[Cell | Fault]) -> Said | None:
    """Return what a row that says nothing but units says; None where it is none."""
    said = [
        said_by_line(each, whole=True)
        if isinstance(each, str) and len(each) < 100 and _UNIT_HINT.search(each)
        else None
        for each in texts
    ]
    return said[0] if said and all(said) else None


_UNIT_HINT = re.compile(r"단위|unit|원\s*[)\]]?\s*$|won|krw", re.IGNORECASE)


def _head_row(columns: Sequence[Column]) -> Callable[[Sequence[Cell | Fault]], bool]:
    """Return a question: whether a row holds the heads of all required columns."""
    keys = {same(name): column.key for column in columns for name in column.names}
    required = {column.key for column in columns if column.required}
    known: dict[str, str | None] = {}

    def key_of(text: str) -> str | None:
        if text not in known:
            if len(known) > 10_000:
                known.clear()
            known[text] = _key_of([text], keys)[0]
        return known[text]

    def is_head(texts: Sequence[Cell | Fault]) -> bool:
        found = {key_of(each) for each in texts if isinstance(each, str) and len(each) <= 60}
        return required <= found and bool(found - {None})

    return is_head


def _note_hidden(table: Table, rows: list[int], *, filtered: bool, left_out: bool) -> None:
    listed = ", ".join(str(row) for row in rows[:10]) + (" …" if len(rows) > 10 else "")
    why_ko, why_en = ("필터로 가려진", "filtered away") if filtered else ("숨겨진", "hidden")
    if left_out:
        ko = f"{why_ko} 행 {len(rows):,}개를 뺐습니다 ({listed}행)"
        en = f"left out rows that are {why_en}: {len(rows):,} (rows {listed})"
    else:
        ko = f"{why_ko} 행 {len(rows):,}개도 읽었습니다 ({listed}행). 빼려면 --visible-rows"
        en = f"read rows that are {why_en}, too: {len(rows):,} (rows {listed}); --visible-rows "
        en += "leaves them out"
    table.note(rows[0], None, "hidden_rows", ko, en)


def is_total(text: str) -> bool:
    """Say whether a row that begins with this text is one of totals: 합계, 소계, Total …"""
    return _TOTALS.fullmatch(same(text)) is not None


def text_or_fault(cell: Cell | Fault) -> bool:
    """Say whether the cell holds anything to see."""
    return bool(cell.strip()) if isinstance(cell, str) else cell is not None
