"""XLSX, by openpyxl: one worksheet a table, ready to print on A4 lying.

Numbers are numbers and rates carry how they were worked out as a comment. Excel never fits the
height of merged or wrapped rows by itself, so heights are worked out from how wide Korean is.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from copy import copy
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import openpyxl
from openpyxl.comments import Comment
from openpyxl.packaging.custom import StringProperty
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

import evalflow
from evalflow_forms.archive import repacked
from evalflow_forms.measure import lines_in, row_lines
from evalflow_forms.sheet import NOTHING, Cell, Evidence, Sheet, Table

MADE_WITH = f"openpyxl {openpyxl.__version__}"

PROPERTY = "evalflow"
"""The custom document property that holds the evidence."""

FONT = "맑은 고딕"

_MM_TO_WIDTH = 0.5  # a character of Excel's column width is about 2 mm
_LINE = 13.5  # points of a line at 9 points
_BOX_MM = 20
_LETTER, _PADDING = Decimal("1.65"), Decimal(4)  # millimetres, at 9 points
_THIN = Side(style="thin", color="FF404040")
_ALL = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_GREY = PatternFill("solid", fgColor="FFE9EDF2")


def write(sheet: Sheet) -> bytes:
    """Return the form as a workbook, the same bytes every time."""
    book = openpyxl.Workbook()
    first = book.active
    assert isinstance(first, Worksheet)
    for place, table in enumerate(sheet.tables):
        page = first if place == 0 else book.create_sheet()
        page.title = re.sub(r"[\[\]:*?/\\]", " ", table.name)[:31]
        _page(page, sheet, table, opening=place == 0, closing=place == len(sheet.tables) - 1)
    properties = book.properties
    properties.creator = "evalflow"
    properties.title = sheet.title
    properties.created = sheet.evidence.at.replace(tzinfo=None)
    properties_of(book).append(StringProperty(name=PROPERTY, value=sheet.evidence.text()))
    out = io.BytesIO()
    book.save(out)
    return repacked(out.getvalue(), sheet.evidence.at)


def properties_of(book: openpyxl.Workbook) -> Any:
    """Return the custom document properties, of which the stubs do not know."""
    return cast("Any", book).custom_doc_props


def evidence(path: Path) -> Evidence | None:
    """Return the evidence in a workbook, or None."""
    book = openpyxl.load_workbook(path)
    for each in properties_of(book).props:
        if each.name == PROPERTY:
            return Evidence.read(str(each.value))
    return None


def cells(path_or_bytes: Path | bytes) -> dict[str, str]:
    """Return what every cell of a workbook says, by worksheet and address."""
    source: Any = io.BytesIO(path_or_bytes) if isinstance(path_or_bytes, bytes) else path_or_bytes
    book = openpyxl.load_workbook(source)
    return {
        f"{page.title}!{cell.coordinate}": str(cell.value)
        for page in book.worksheets
        for line in page.iter_rows()
        for cell in line
        if cell.value is not None
    }


def fill(template: Path, sheet: Sheet) -> bytes:
    """Return an office's own workbook with its fields filled; see `template`."""
    from evalflow_forms.template import Filling

    book = openpyxl.load_workbook(template)
    filling = Filling(template, sheet)
    _name_cells(book, filling)
    for page in book.worksheets:
        _fill_page(page, sheet, filling)
    filling.raise_if_any()
    properties_of(book).append(StringProperty(name=PROPERTY, value=sheet.evidence.text()))
    out = io.BytesIO()
    book.save(out)
    return repacked(out.getvalue(), sheet.evidence.at)


def _name_cells(book: Any, filling: Any) -> None:
    """Write the field into each empty cell that bears its name (이름 정의); other names are left
    to the office."""
    for names in (book.defined_names, *(page.defined_names for page in book.worksheets)):
        for name, defined in list(names.items()):
            if name not in filling.known():
                continue
            for title, place in defined.destinations:
                cell = book[title][place.replace("$", "")]
                if not isinstance(cell, tuple) and cell.value is None:
                    cell.value = f"{{{{{name}}}}}"
            del names[name]  # rows that are repeated would leave it behind


def _fill_page(page: Any, sheet: Sheet, filling: Any) -> None:
    repeated: int | None = None
    for row in page.iter_rows():
        if any(isinstance(each.value, str) and filling.rows_in(each.value) for each in row):
            repeated = row[0].row
            break
    count = len(sheet.tables[0].rows)
    if repeated is not None:
        pattern = [copy(each) for each in page[repeated]]
        if count > 1:
            _open_rows(page, repeated + 1, count - 1)
        for place in range(count):
            for old in pattern:
                new = page.cell(repeated + place, old.column)
                new._style = copy(old._style)
                new.value = old.value
            page.row_dimensions[repeated + place].height = page.row_dimensions[repeated].height
    for row in page.iter_rows():
        for cell in row:
            if not isinstance(cell.value, str) or "{{" not in cell.value:
                continue
            inside = repeated is not None and repeated <= cell.row < repeated + count
            at = cell.row - repeated if inside and repeated is not None else None
            where = f"{page.title}!{cell.coordinate}"
            exact = _exact(cell.value, at, sheet, filling)
            if exact is not None and isinstance(exact.value, Decimal):
                filling.found += 1
                cell.value = exact.value / 100 if exact.percent else exact.value
                if cell.number_format == "General":
                    cell.number_format = _shape(exact)
            else:
                cell.value = _safe(filling.text(cell.value, at, where))


def _open_rows(page: Worksheet, at: int, count: int) -> None:
    """Insert rows, and move what is merged below them, which openpyxl leaves behind."""
    below = [each for each in page.merged_cells.ranges if each.min_row >= at]
    heights = {row: each.height for row, each in page.row_dimensions.items() if row >= at}
    for each in below:
        page.merged_cells.remove(each)
    page.insert_rows(at, count)
    for each in below:
        each.shift(row_shift=count)
        page.merged_cells.add(each)
    for row in heights:
        page.row_dimensions[row].height = None
    for row, height in heights.items():
        page.row_dimensions[row + count].height = height


def _exact(text: str, place: int | None, sheet: Sheet, filling: Any) -> Cell | None:
    """Return the cell that a field alone in its place asks for: numbers stay numbers."""
    match = re.fullmatch(r"\{\{\s*(\w+)\s*\}\}", text)
    if match is None or place is None or match[1] not in filling.columns:
        return None
    rows, column = sheet.tables[0].rows, int(filling.columns[match[1]])
    while place > 0 and rows[place][column] is None:
        place -= 1
    return rows[place][column]


# --------------------------------------------------------------------------- one worksheet


def _page(page: Any, sheet: Sheet, table: Table, *, opening: bool, closing: bool) -> None:
    count = len(table.widths)
    for place, width in enumerate(table.widths, 1):
        page.column_dimensions[get_column_letter(place)].width = float(width) * _MM_TO_WIDTH
    row = _opening(page, sheet, table) if opening else 1
    row = _line(page, row, count, table.caption, bold=True, size=11)
    if table.unit:
        row = _line(page, row, count, table.unit, align="right")
    top = row
    row = _heads(page, table, top)
    page.print_title_rows = f"{top}:{row - 1}"
    page.freeze_panes = page.cell(row, table.frozen + 1)
    row = _body(page, table, row)
    if closing:
        row = _closing(page, sheet, row, count)
    _print_set_up(page, sheet, row - 1, count)


def _opening(page: Worksheet, sheet: Sheet, table: Table) -> int:
    count = len(table.widths)
    columns = _box_columns(table.widths, len(sheet.boxes))
    for place, (name, value) in enumerate(sheet.head, 1):
        _put(page, place, 1, f"{name}: {value}", Alignment(horizontal="left", vertical="center"))
        end = columns[0][0] - 1
        if end > 1:
            page.merge_cells(start_row=place, start_column=1, end_row=place, end_column=end)
        page.row_dimensions[place].height = 18
    for (start, end), name in zip(columns, sheet.boxes, strict=True):
        _merged(page, 1, start, 1, end, name, fill=_GREY)
        _merged(page, 2, start, 3, end, None)
    page.row_dimensions[3].height = 24
    row = _line(page, 5, count, sheet.title, bold=True, size=18, align="center", height=32)
    row = _line(page, row, count, sheet.subtitle, align="center", size=10)
    if sheet.illustrative:
        row = _line(page, row, count, _illustrative(sheet), widths=table.widths, color="FFB00020")
    return row + 1


def _box_columns(widths: Sequence[Decimal], boxes: int) -> list[tuple[int, int]]:
    """Return for every sign-off box its first and last column, on the right of the page."""
    if boxes >= len(widths):
        raise evalflow.InvalidInput(
            [
                evalflow.Problem(
                    code="too_many_boxes",
                    path="forms.sign_off",
                    value=str(boxes),
                    ko=f"결재란 {boxes}칸에는 열이 {boxes + 1}개는 있어야 합니다: {len(widths)}개",
                    en=f"{boxes} sign-off boxes need {boxes + 1} columns, got {len(widths)}",
                )
            ]
        )
    found: list[tuple[int, int]] = []
    end = len(widths)
    for left in range(boxes, 0, -1):
        start = end
        while start > left and sum(widths[start - 1 : end]) < _BOX_MM:
            start -= 1
        found.insert(0, (start, end))
        end = start - 1
    return found


def _illustrative(sheet: Sheet) -> str:
    return f"※ 예시 자료: {sheet.illustrative}"


def _closing(page: Worksheet, sheet: Sheet, row: int, count: int) -> int:
    widths = [
        Decimal(str(page.column_dimensions[get_column_letter(n)].width)) * 2
        for n in range(1, count + 1)
    ]
    for text in sheet.remarks:
        row = _line(page, row, count, f"※ {text}", widths=widths)
    for text in sheet.endings():
        row = _line(page, row, count, text, size=10)
    return _line(page, row, count, sheet.evidence_line, widths=widths, size=8, color="FF606060")


def _line(
    page: Worksheet,
    row: int,
    count: int,
    text: str,
    *,
    bold: bool = False,
    size: int = 9,
    align: str = "left",
    height: float | None = None,
    widths: Sequence[Decimal] = (),
    color: str = "FF000000",
) -> int:
    """Put one line over the whole width and return the next row."""
    cell: Any = page.cell(row, 1, _safe(text))
    cell.font = Font(name=FONT, size=size, bold=bold, color=color)
    cell.alignment = Alignment(horizontal=align, vertical="center", wrap_text=True)
    page.merge_cells(start_row=row, start_column=1, end_row=row, end_column=count)
    lines = lines_in(text, int(sum(widths, Decimal(0)) / _LETTER)) if widths else 1
    page.row_dimensions[row].height = height or max(16, size + 9, lines * _LINE + 3)
    return row + 1


def _heads(page: Worksheet, table: Table, top: int) -> int:
    for head in table.heads:
        start, left = top + head.row, 1 + head.column
        end, right = start + head.rows - 1, left + head.columns - 1
        _merged(page, start, left, end, right, head.text, fill=_GREY, bold=True)
    for row, lines in enumerate(row_lines(table, _LETTER, _PADDING)[0]):
        page.row_dimensions[top + row].height = lines * _LINE + 6
    return top + table.head_rows


def _body(page: Worksheet, table: Table, top: int) -> int:
    for place, row in enumerate(table.rows):
        for column, cell in enumerate(row, 1):
            if cell is None:
                continue
            at = top + place
            _cell(page, at, column, cell)
            if cell.rows > 1:
                end = at + cell.rows - 1
                for below in range(at + 1, end + 1):
                    page.cell(below, column).border = _ALL
                page.merge_cells(start_row=at, start_column=column, end_row=end, end_column=column)
    for place, lines in enumerate(row_lines(table, _LETTER, _PADDING)[1]):
        page.row_dimensions[top + place].height = lines * _LINE + 6
    return top + len(table.rows)


def _cell(page: Worksheet, row: int, column: int, cell: Cell) -> None:
    numeric = isinstance(cell.value, Decimal)
    value: Any = cell.value if numeric else _safe(cell.shown())
    if isinstance(cell.value, Decimal) and cell.percent:
        value = cell.value / 100
    at: Any = page.cell(row, column, value)
    at.font = Font(name=FONT, size=9, bold=cell.bold)
    align = "center" if cell.shown() == NOTHING else cell.align
    indent = 0 if align == "center" else 1
    at.alignment = Alignment(horizontal=align, vertical="center", wrap_text=True, indent=indent)
    at.border = _ALL
    if numeric:
        at.number_format = _shape(cell)
    if cell.note:
        at.comment = Comment(cell.note, "evalflow", width=420, height=110)


def _shape(cell: Cell) -> str:
    decimals = "." + "0" * cell.places if cell.places else ""
    shape = f"#,##0{decimals}" + ("%" if cell.percent else "")
    return f'{shape};"△"{shape}'


def _safe(text: str | None) -> str | None:
    """Return a text that no spreadsheet takes for a formula, without what XML cannot hold."""
    if text is None:
        return None
    text = openpyxl.cell.cell.ILLEGAL_CHARACTERS_RE.sub("", text)
    return f" {text}" if text[:1] in "=+@" else text


def _merged(
    page: Worksheet,
    top: int,
    left: int,
    bottom: int,
    right: int,
    text: str | None,
    *,
    fill: PatternFill | None = None,
    bold: bool = False,
) -> None:
    for row in range(top, bottom + 1):
        for column in range(left, right + 1):
            page.cell(row, column).border = _ALL
            if fill:
                page.cell(row, column).fill = fill
    _put(
        page,
        top,
        left,
        text,
        Alignment(horizontal="center", vertical="center", wrap_text=True),
        bold=bold,
    )
    if (top, left) != (bottom, right):
        page.merge_cells(start_row=top, start_column=left, end_row=bottom, end_column=right)


def _put(
    page: Worksheet,
    row: int,
    column: int,
    text: str | None,
    alignment: Alignment,
    *,
    bold: bool = False,
) -> None:
    cell: Any = page.cell(row, column, _safe(text))
    cell.font = Font(name=FONT, size=9, bold=bold)
    cell.alignment = alignment


def _print_set_up(page: Worksheet, sheet: Sheet, last: int, count: int) -> None:
    page.page_setup.orientation = "landscape"
    page.page_setup.paperSize = page.PAPERSIZE_A4
    page.page_setup.fitToWidth = 1
    page.page_setup.fitToHeight = 0
    page.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    page.print_area = f"A1:{get_column_letter(count)}{last}"
    page.print_options.horizontalCentered = True
    margins = page.page_margins
    margins.left = margins.right = 0.59
    margins.top, margins.bottom = 0.59, 0.7
    margins.header = margins.footer = 0.3
    footer = cast("Any", page.oddFooter)
    footer.center.text = "- &P / &N -"
    footer.left.text = "&8" + sheet.title.replace("&", "&&")
    if sheet.illustrative:
        footer.right.text = "&8예시 자료"
