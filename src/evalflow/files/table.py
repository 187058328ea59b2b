"""A table with named columns, asked row by row, every problem collected with its cell."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, TypeVar, overload

import attrs

from evalflow.errors import InvalidInput, Problem
from evalflow.files.cells import (
    Cell,
    column_letters,
    is_none,
    text_of,
)
from evalflow.files.days import SERIAL_ZERO, Month, read_day
from evalflow.files.figures import ANY_UNIT, Figure, NoFigure, plain, read_figure
from evalflow.files.grid import Fault
from evalflow.files.money_units import Said, won_of
from evalflow.files.notes import Note
from evalflow.files.number_formats import Shown
from evalflow.files.table_heads import Column, Found
from evalflow.files.yaml import UNPRINTABLE
from evalflow.model.calendar import day_text
from evalflow.model.values import define, frozen

T = TypeVar("T")

MOST_PROBLEMS = 200
"""Problems told one by one; the others are counted."""

MOST_ALIKE = 20
"""Problems of one kind with one sheet that are told one by one; the others are counted."""
_NOTES_ALIKE = 3  # notes of one kind on one column that are told one by one
_NO_UNITS_BESIDE = frozenset(["", "₩", "￦", "\\", "원"])
"""What a format of won shows beside a figure."""


@define(kw_only=True, eq=False)
class Table:
    """Rows under named columns, and what was wrong with them so far.

    Attributes:
        file, sheet: where it stands, as problems name it.
        others: heads of further columns, which rows are asked for by these names; only where
            `read_table` was asked to take them.
        unused: heads of columns that were not asked for.
        rows: the rows below the heads, without blank ones and totals.
        problems: grows while rows are asked; `raise_if_any` raises them all at once.
        brackets: what a figure in brackets means, `minus` or `provisional`; None where nobody
            said it: then such a figure is refused.
    """

    file: str
    sheet: str | None
    columns: tuple[Column, ...]
    others: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    problems: list[Problem] = attrs.field(factory=list)
    brackets: str | None = None
    _notes: list[Note] = attrs.field(factory=list)
    _found: Mapping[str, Found] = attrs.field(factory=dict)
    _merged: Mapping[tuple[int, int], Cell | Fault] = attrs.field(factory=dict)
    _shown: Mapping[tuple[int, int], Shown] = attrs.field(factory=dict)
    _zero: dt.date = SERIAL_ZERO
    _unit: Said | None = None
    _units_below: tuple[tuple[int, Said], ...] = ()
    _counts: dict[tuple[str, str | None], int] = attrs.field(factory=dict)
    _noted: set[tuple[str, str | None, int | None]] = attrs.field(factory=set)
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
                cell=cell_name(row, column),
                value=None if value is None else str(value)[:60],
            )
        )

    def is_crowded(self, code: str) -> bool:
        """Say whether so many problems of a kind are known that a further one is only counted:
        looking for what its writer may have meant is then wasted."""
        return self._wrong[code] >= MOST_ALIKE

    def note(self, row: int | None, key: str | None, code: str, ko: str, en: str) -> None:
        """Add a word on how the table was read; of one kind on one column a few, then a count."""
        if (code, key, row) in self._noted:  # a cell that is asked for again
            return
        self._noted.add((code, key, row))
        count = self._counts[code, key] = self._counts.get((code, key), 0) + 1
        if count > _NOTES_ALIKE:
            return
        found = None if key is None else self._found.get(key)
        cell = cell_name(row, None if found is None else found.number)
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


@frozen(eq=False)
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
        if shown is not None and isinstance(cell, Decimal):
            self._note_shown(key)
            if _is_more(shown, cell):
                text = shown.seen(cell)
            elif shown.zeros > 1:
                text = f"-{text[1:].zfill(shown.zeros)}" if cell < 0 else text.zfill(shown.zeros)
        if found := UNPRINTABLE.search(text):
            code = f"U+{ord(found[0]):04X}"
            ko = f"보이지 않거나 인쇄할 수 없는 문자가 있습니다 ({code})"
            en = f"a character that is invisible or cannot be printed ({code})"
            self.wrong(key, "unprintable", ko, en)
        return text

    def own_text(self, key: str) -> str:
        """Return the text; a number of several lines in one cell is nobody's own, and is noted."""
        if isinstance(self.cell(key), Decimal) and self._is_spread(key):
            self._refuse_spread(key)
            return ""
        return self.text(key)

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
        if self._is_spread(key):
            self._refuse_spread(key)
            return None
        text = "" if cell is None else text_of(cell)
        if isinstance(cell, Decimal):  # an exact number of a workbook
            read = self._number_seen(key, cell, unit, money=money)
            if read is None:
                return None
            if isinstance(read, Figure) and not read.provisional:
                self._note_shown(key)
                return read
        else:
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

    def _number_seen(
        self, key: str, cell: Decimal, unit: str, *, money: bool
    ) -> Figure | NoFigure | None:
        """Return the figure that a number of a workbook is seen to be: words that its format shows
        beside it may make another of it (`1.5천`, `약 5`, `△5`, `5(잠정)`), or hide it (`없음`);
        None where that was noted."""
        shown = self._shown(key)
        if shown is None or not _is_more(shown, cell):
            return read_figure(cell)
        seen = shown.seen(cell)
        if shown.kind == "words" and not cell and is_none(seen):
            return read_figure(cell)  # how formats of accounts show 0
        if money or shown.kind == "words":
            read: Figure | NoFigure = read_figure(cell)
            is_other = shown.kind == "words" or bool(_TURNED & {*shown.before})
        else:
            read = read_figure(seen, unit=unit, brackets=self.table.brackets)
            is_other = isinstance(read, Figure) and read.value != cell
        if is_other:
            self._seen_otherwise(key, seen, cell)
        return None if is_other else read

    def _seen_otherwise(self, key: str, seen: str, cell: Decimal) -> None:
        number = text_of(cell)
        ko = f"칸에는 '{seen}'(으)로 보이나 {number}이(가) 들어 있습니다. 보이는 대로 적으십시오"
        en = f"shown as '{seen}', and holds {number}: write what is meant, without such a format"
        self.wrong(key, "seen_otherwise", ko, en, seen)

    def _refuse_spread(self, key: str) -> None:
        ko = "여러 줄에 걸쳐 합쳐진 칸의 수입니다. 칸을 나누어 줄마다 적으십시오"
        en = "a figure in a cell that is merged over several rows: write one in each row"
        self.wrong(key, "merged_figure", ko, en, text_of(self.cell(key)))

    def _is_spread(self, key: str) -> bool:
        """Say whether a cell has its figure from the row above it, with which it is merged, though
        this row tells of something else."""

        def own(number: int) -> bool:
            return number <= len(self._cells) and text_or_fault(self._cells[number - 1])

        found = self.table._found.get(key)
        if found is None or own(found.number) or not self.table._merged:
            return False
        row, above = self.number, self.table._merged
        if (row, found.number) not in above or (row, found.number - 1) in above:
            return False  # it is merged with the cell beside it
        return any(own(each.number) for each in self.table._found.values())

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
        if each != 1 and isinstance(cell, str) and self._says_other_unit(key, cell, each):
            return 0
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

    def _says_other_unit(self, key: str, text: str, each: int) -> bool:
        """Note an amount that says its own unit (`1억`) where the column has another (`백만원`)."""
        unit = _UNIT_OF.get(each, "")
        if isinstance(read_figure(text, unit=unit), Figure):
            return False
        said = read_figure(text, money=True)
        if not isinstance(said, Figure) or said.provisional:
            return False
        right = plain((said.value / each).normalize())
        ko = f"이 열의 금액 단위는 {unit}입니다. '{text[:40]}'이면 {right}(으)로 적으십시오"
        en = f"this column is in {each:,} won: for '{text[:40]}' write {right}"
        self.wrong(key, "other_money_unit", ko, en, text)
        return True

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
        if shown.kind == "words":
            ko = f"칸에는 '{shown.before}'(으)로 보이나 {said}을(를) 읽었습니다"
            en = f"read {said}, which the cell shows as '{shown.before}'"
            self.table.note(self.number, key, "hidden_number", ko, en)
        elif shown.kind == "nothing":
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

    def _note_day(self, key: str, day: dt.date) -> None:
        """Tell where people do not see the whole day that the cell holds."""
        shown = self._shown(key)
        if shown is None or shown.kind != "date":
            return
        seen = f"{day:%Y-%m}" if shown.parts == "ym" else f"{day.month}. {day.day}."
        ko = f"칸에는 '{seen}'(으)로 보이나 {day_text(day, 'ko')}(으)로 읽었습니다"
        en = f"read {day}, of which the cell shows '{seen}'"
        self.table.note(self.number, key, "hidden_in_day", ko, en)

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
        self._note_day(key, said.day)
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
        return cell_name(self.number, None if found is None else found.number)


_MORE = re.compile(
    r"[십백천만억조약]|(?<![A-Za-z])\d|[()~〜∼*†‡※±≥≤<>]|여(?![가-힣])|내외|정도|가량|안팎|잠정"
    r"|이상|이하|초과|미만"
)
"""What beside a number is not its unit alone."""
_TURNED = frozenset("-−–△▲(")
"""What in front of a number makes it one below zero."""


def _is_more(shown: Shown, number: Decimal) -> bool:
    """Say whether a format shows a text in place of a number, or beside it more than its unit."""
    before, behind = shown.before, shown.behind
    if number < 0:  # then a minus sign and brackets say what is so
        before, behind = (
            "".join(each for each in words if each not in _TURNED and each != ")")
            for words in (before, behind)
        )
    return shown.kind == "words" or bool(
        _MORE.search(f"{before} {behind}")
        or _TURNED & {*before, *behind[-1:]}
        or re.search(r"[A-Za-z]", before)
    )


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
    if fault.text == "struck":
        return (
            "취소선이 그어진 글이나 수가 있습니다. 남길 것만 취소선 없이 적으십시오",
            "struck out, in whole or in part: leave what counts, without the line",
        )
    return f"칸에 오류가 있습니다: {fault.text}", f"the cell holds an error: {fault.text}"


def cell_name(row: int | None, column: int | None) -> str | None:
    """Return what people call a cell (`C7`), or a row (`7`)."""
    if row is None:
        return None
    return f"{'' if column is None else column_letters(column)}{row}"


def text_or_fault(cell: Cell | Fault) -> bool:
    """Say whether the cell holds anything to see."""
    return bool(cell.strip()) if isinstance(cell, str) else cell is not None
