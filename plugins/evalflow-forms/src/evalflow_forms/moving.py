"""What moves with a worksheet's row that is repeated: formulas, names, merged cells and the rest.

The row at `row` becomes `count` rows. Outside of it a range that has the row grows with it
(`SUM(C3:C3)` becomes `SUM(C3:C45)`), what lies below moves down, and one single cell of the row
(`=C3`) is refused, for it would stand for the first project alone. Inside of it a formula is filled
down as Excel does it: `C3` moves along, `C$3` stays, `C$3:C3` grows, and `$C$3:$C$3`, `C$3:C$3` are
all the rows; a cell below is written `C$4`.
"""

from __future__ import annotations

import re
from typing import Any

import attrs
from openpyxl.formula import Tokenizer
from openpyxl.formula.tokenizer import Token
from openpyxl.formula.translate import Translator
from openpyxl.utils import get_column_letter

_AREA = re.compile(r"(\$?)([A-Z]{1,3})(\$?)(\d+)(?::(\$?)([A-Z]{1,3})(\$?)(\d+))?", re.IGNORECASE)
_ROWS = re.compile(r"(\$?)(\d+):(\$?)(\d+)")


class OneCell(Exception):
    """A formula points at one cell of the row that is repeated; its argument is the reference."""


class Below(Exception):
    """A formula in the row points at a cell below without `$`; its argument is the reference."""


@attrs.frozen
class Repeat:
    """The row `row` of the worksheet `title` becomes `count` rows."""

    title: str
    row: int
    count: int

    @property
    def last(self) -> int:
        """Return the last of the rows."""
        return self.row + self.count - 1

    def moved(self, row: int) -> int:
        """Return where a row's end comes to lie."""
        return row if row < self.row else row + self.count - 1

    def begin(self, row: int) -> int:
        """Return where a row's beginning comes to lie."""
        return row if row <= self.row else row + self.count - 1

    # ------------------------------------------------------------------ formulas

    def formula(self, text: str, page: str, at: str) -> str:
        """Return a formula that stands outside of the row, on the worksheet `page` in cell `at`.

        Raises:
            OneCell: it points at one cell of the row.
        """
        return _each(text, lambda said: self._outside(said, page))

    def pattern(self, text: str, place: int, at: str) -> str:
        """Return a formula of the row, from cell `at`, for its copy number `place` (0: itself).

        Raises:
            Below: it points below without `$`.
        """
        return _each(text, lambda said: self._inside(said, place))

    def area(self, text: str) -> str:
        """Return a range without a worksheet's name, such as a merged one, as it comes to lie; one
        cell of the row becomes all of them."""
        return " ".join(self._cells(each) for each in text.split())

    def _cells(self, text: str) -> str:
        match = _AREA.fullmatch(text)
        if match and match[8] is None and int(match[4]) == self.row and self.count > 1:
            text = f"{text}:{text}"
        return self._grown(text, single=True)

    def named(self, text: str) -> str:
        """Return what a defined name stands for (a name for one cell stays with the first row)."""
        return _each(f"={text}", lambda said: self._outside(said, None, single=True))[1:]

    def _mine(self, said: str, page: str | None) -> tuple[str, str] | None:
        """Return sheet prefix and reference where it points at this worksheet."""
        prefix, mark, reference = said.rpartition("!")
        name = prefix.strip("'").replace("''", "'") if mark else page
        return (prefix + mark, reference) if name == self.title else None

    def _outside(self, said: str, page: str | None, *, single: bool = False) -> str:
        mine = self._mine(said, page)
        if mine is None:
            return said
        return mine[0] + self._grown(mine[1], single=single, shown=said)

    def _grown(self, text: str, *, single: bool, shown: str = "") -> str:
        if rows := _ROWS.fullmatch(text):
            first, last = self.begin(int(rows[2])), self.moved(int(rows[4]))
            return f"{rows[1]}{first}:{rows[3]}{last}"
        match = _AREA.fullmatch(text)
        if match is None:
            return text
        top = int(match[4])
        if match[8] is None:
            if top == self.row and self.count != 1 and not single:
                raise OneCell(shown or text)
            return f"{match[1]}{match[2]}{match[3]}{self.begin(top)}"
        return (
            f"{match[1]}{match[2]}{match[3]}{self.begin(top)}:"
            f"{match[5]}{match[6]}{match[7]}{self.moved(int(match[8]))}"
        )

    def _inside(self, said: str, place: int) -> str:
        mine = self._mine(said, self.title)
        if mine is None:
            filled = Translator(f"={said}", "A1").translate_formula(row_delta=place, col_delta=0)
            return str(filled)[1:]
        prefix, text = mine
        if rows := _ROWS.fullmatch(text):
            first = self._end(rows[1], int(rows[2]), place, said)
            return (
                f"{prefix}{rows[1]}{first}:{rows[3]}{self._end(rows[3], int(rows[4]), place, said)}"
            )
        match = _AREA.fullmatch(text)
        if match is None:
            return said
        start = self._end(match[3], int(match[4]), place, said)
        head = f"{prefix}{match[1]}{match[2]}{match[3]}{start}"
        if match[8] is None:
            return head
        end = self._end(match[7], int(match[8]), place, said)
        if match[3] and match[7] and int(match[8]) == self.row:
            end = self.last
        return f"{head}:{match[5]}{match[6]}{match[7]}{end}"

    def _end(self, fixed: str, row: int, place: int, said: str) -> int:
        if fixed:
            return self.begin(row)
        if row > self.row:
            raise Below(said)
        return row + place


def _each(formula: str, change: Any) -> str:
    """Return the formula with every reference changed."""
    tokens = Tokenizer(formula)
    for token in tokens.items:
        if token.type == Token.OPERAND and token.subtype == Token.RANGE:
            token.value = change(token.value)
    rendered: str = tokens.render()  # type: ignore[no-untyped-call]
    return rendered


def open_rows(page: Any, repeat: Repeat) -> None:
    """Make room for the rows below the first one, and move what belongs to rows below.

    Cells, heights, merged cells, conditional formats, validations, tables, filter, print area and
    print titles move; formulas and names are the caller's.
    """
    merged = [str(each) for each in page.merged_cells.ranges]
    for each in merged:
        page.merged_cells.remove(each)
    heights = {row: (each.height, each.hidden) for row, each in page.row_dimensions.items()}
    if repeat.count > 1:
        # not insert_rows, which makes every cell up to the last corner
        for row, column in sorted(page._cells, reverse=True):
            if row > repeat.row:
                page._move_cell(row, column, repeat.count - 1, 0, False)
    for row in [each for each in heights if each > repeat.row]:
        page.row_dimensions[row].height, page.row_dimensions[row].hidden = None, False
    for row, (height, hidden) in heights.items():
        to = page.row_dimensions[repeat.begin(row)]
        to.height, to.hidden = height, hidden
    for each in merged:
        _merge(page, each, repeat)
    _other_ranges(page, repeat)


def _merge(page: Any, area: str, repeat: Repeat) -> None:
    match = _AREA.fullmatch(area)
    assert match is not None
    if int(match[4]) == int(match[8]) == repeat.row:
        for row in range(repeat.row, repeat.last + 1):
            page.merge_cells(f"{match[2]}{row}:{match[6]}{row}")
    else:
        page.merge_cells(repeat.area(area))


def _other_ranges(page: Any, repeat: Repeat) -> None:
    formats = page.conditional_formatting
    rules = [(str(each.sqref), each.rules) for each in formats]
    page.conditional_formatting = type(formats)()
    for area, listed in rules:
        for rule in listed:
            page.conditional_formatting.add(repeat.area(area), rule)
    for validation in page.data_validations.dataValidation:
        validation.sqref = type(validation.sqref)(repeat.area(str(validation.sqref)))
    for table in page.tables.values():
        table.ref = repeat.area(table.ref)
        if table.autoFilter is not None and table.autoFilter.ref:
            table.autoFilter.ref = repeat.area(table.autoFilter.ref)
    if page.auto_filter.ref:
        page.auto_filter.ref = repeat.area(page.auto_filter.ref)
    if page.print_area:
        areas = page.print_area if isinstance(page.print_area, list) else page.print_area.split(",")
        page.print_area = [repeat.area(each.rpartition("!")[2].replace("$", "")) for each in areas]
    if page.print_title_rows:
        page.print_title_rows = repeat.area(page.print_title_rows.replace("$", ""))
    for chart in page._charts:
        for series in getattr(chart, "series", ()):
            for reference in _references(series):
                reference.f = repeat.named(reference.f)


def _references(series: Any) -> list[Any]:
    found = []
    for part in (series.tx, series.cat, series.val, getattr(series, "xVal", None)):
        for name in ("numRef", "strRef"):
            reference = getattr(part, name, None)
            if reference is not None and reference.f:
                found.append(reference)
    return found


def column_cells(page: Any, row: int) -> list[Any]:
    """Return the cells of a row that the worksheet holds, without making any."""
    return [cell for (at, _), cell in sorted(page._cells.items()) if at == row]


def every_cell(page: Any) -> list[Any]:
    """Return the cells that the worksheet holds, in order, without making any."""
    return [cell for _, cell in sorted(page._cells.items())]


def address(column: int, row: int) -> str:
    """Return the address of a cell."""
    return f"{get_column_letter(column)}{row}"
