"""Workbooks that people fill in: headings, hints, an example line, drop-downs, checks.

Each sheet has, from the top: its title, a remark, a hint over each column, an example line, the
headings, and below them the rows that are filled, with empty ones to write in. The example stands
above the headings, where reading takes nothing for data (`table_reader`).
"""

from __future__ import annotations

import datetime as dt
import io
import os
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

import attrs

from evalflow.errors import invalid
from evalflow.files.output import write_output
from evalflow.files.table_writer import Value, shown_width
from evalflow.model.values import frozen

HINTS, EXAMPLE, HEADS = 3, 4, 5
"""The rows (from 1) of the hints, the example and the headings; what is filled in begins below."""

_EXACT = 15  # digits of a number that Excel keeps
_WIDEST, _NARROWEST = 48, 9
_ALWAYS = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)  # when it was made, so that bytes do not differ
_PASSWORDLESS: Mapping[str, bool] = {
    "format_columns": True,
    "format_rows": True,
    "insert_rows": True,
    "delete_rows": True,
    "sort": True,
    "autofilter": True,
}


@frozen
class Worked:
    """A cell of a column that is only to be read, worked out by the program that edits the sheet:
    a formula in which `{row}` stands for the row's number, and what it comes to as it is written
    (a formula that was never calculated is refused where it is read)."""

    formula: str
    value: str | int | Decimal = ""


Filled = Value | Worked
"""What a cell is filled with."""


@frozen(kw_only=True)
class BookColumn:
    """A column of a sheet.

    Attributes:
        head: the heading, by which the column is found when the sheet is read.
        hint: what to write, in a few words; stands over the heading.
        example: the cell of the example line.
        kind: `text`, `number`, `date`, or `any`; what the cell's format is.
        choices: the list of the drop-down; what is not in it is still taken, with a warning by
            the program that edits the sheet (a hint, no gate: reading checks every cell).
        among: the drop-down lists what another sheet's column holds: its sheet and its place
            from 0.
        check: a formula that says what is wrong in a row, `{row}` standing for the row's number;
            the column is then filled by itself and locked. Empty: each row has its own (`Worked`).
        locked: whether it is only to be read.
        width: in characters; None: as wide as what it holds.
        least: the least number that the sheet itself takes without a warning.
        longest: how many characters it takes without a warning.
        allowed: a formula that says what may stand in the cell, `{cell}` standing for it.
        alarms: texts that stand in red.
        hidden: whether the column is there and not seen.
    """

    head: str
    hint: str = ""
    example: Value = None
    kind: Literal["text", "number", "date", "any"] = "any"
    choices: tuple[str, ...] = ()
    among: tuple[str, int] | None = None
    check: str | None = None
    locked: bool = False
    width: int | None = None
    least: int | None = None
    longest: int | None = None
    allowed: str | None = None
    alarms: tuple[str, ...] = ()
    hidden: bool = False


@frozen(kw_only=True)
class BookSheet:
    """A sheet: `rows` are already there, `spare` empty ones lie below them. Without columns it is
    a page of text: `lines`. `closed` are cells that are only to be read in a column to write in:
    (place of the row from 0, head). A `hidden` sheet says what only programs ask."""

    name: str
    title: str
    remark: str = ""
    columns: tuple[BookColumn, ...] = ()
    rows: tuple[tuple[Filled, ...], ...] = ()
    spare: int = 0
    lines: tuple[tuple[Value, ...], ...] = ()
    frozen: int = 1
    closed: frozenset[tuple[int, str]] = frozenset()
    hidden: bool = False

    @property
    def last(self) -> int:
        """The number of the last row that is there to be filled."""
        return HEADS + len(self.rows) + self.spare


def write_book(
    path: str | os.PathLike[str], sheets: Sequence[BookSheet], *, lists: str = "목록"
) -> None:
    """Write the workbook (XLSX); the same sheets give the same bytes. `lists` is the name of the
    hidden sheet that holds what the drop-downs list.

    Raises:
        InvalidInput: the name does not end in .xlsx, or the file cannot be written.
    """
    shown = os.fspath(path)
    if not shown.lower().endswith(".xlsx"):
        raise invalid(
            "unknown_format",
            file=shown,
            ko="통합 문서의 파일 이름은 .xlsx로 끝나야 합니다",
            en="a workbook's name must end in .xlsx",
        )
    try:
        write_output(path, book_bytes(sheets, lists=lists))
    except OSError as error:
        cause = error.strerror or str(error)
        raise invalid(
            "unwritable_file",
            file=shown,
            ko=f"파일을 쓸 수 없습니다 ({cause})",
            en=f"cannot write the file ({cause})",
        ) from None


def book_bytes(sheets: Sequence[BookSheet], *, lists: str = "목록") -> bytes:
    """Return the workbook as bytes; see `write_book`."""
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties({"created": _ALWAYS})
    formats = _Formats(book)
    drop_downs: dict[tuple[str, ...], str] = {}
    for sheet in sheets:
        for column in sheet.columns:
            if column.choices and column.choices not in drop_downs:
                at = len(drop_downs)
                letters = _letters(at)
                last = len(column.choices) + 1
                drop_downs[column.choices] = f"='{lists}'!${letters}$2:${letters}${last}"
    last_of = {sheet.name: sheet.last for sheet in sheets}
    for sheet in sheets:
        page = book.add_worksheet(sheet.name)
        if sheet.columns:
            _write_table(page, sheet, formats, drop_downs, last_of)
        else:
            _write_page(page, sheet, formats)
        if sheet.hidden:
            page.hide()
    if drop_downs:
        page = book.add_worksheet(lists)
        for at, choices in enumerate(drop_downs):
            page.write_string(0, at, f"{at + 1}", formats.head)
            for row, choice in enumerate(choices, 1):
                page.write_string(row, at, choice)
        page.hide()
    book.close()
    return out.getvalue()


class _Formats:
    """The looks of cells."""

    def __init__(self, book: Any) -> None:
        small = {"font_size": 9, "font_color": "#666666", "text_wrap": True, "valign": "top"}
        line = {"border": 1, "border_color": "#BFBFBF", "valign": "top"}
        entry = {**line, "bg_color": "#FFFBE6", "locked": False}
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.remark = book.add_format({"font_size": 10, "font_color": "#444444"})
        self.hint = book.add_format(small)
        self.example = book.add_format({**line, "font_color": "#888888", "italic": True})
        self.example_day = book.add_format(
            {**line, "font_color": "#888888", "italic": True, "num_format": "yyyy-mm-dd"}
        )
        head = {**line, "bold": True, "text_wrap": True, "valign": "vcenter"}
        self.head = book.add_format({**head, "bg_color": "#E8DCC8"})
        self.locked_head = book.add_format({**head, "bg_color": "#D6DCE5"})
        self.locked = book.add_format({**line, "bg_color": "#EEEEEE", "text_wrap": True})
        self.alarm = book.add_format({"font_color": "#C00000", "bold": True})
        self.check = book.add_format({**line, "font_color": "#C00000", "text_wrap": True})
        self.by_kind = {
            "text": book.add_format({**entry, "num_format": "@", "text_wrap": True}),
            "any": book.add_format({**entry, "text_wrap": True}),
            "number": book.add_format({**entry, "num_format": "#,##0.##########"}),
            "date": book.add_format({**entry, "num_format": "yyyy-mm-dd"}),
        }
        self.free = book.add_format({"locked": False})
        self.whole = book.add_format({**entry, "num_format": "#,##0"})


def _write_page(page: Any, sheet: BookSheet, formats: _Formats) -> None:
    page.write_string(0, 0, sheet.title, formats.title)
    if sheet.remark:
        page.write_string(1, 0, sheet.remark, formats.remark)
    for number, line in enumerate(sheet.lines, HINTS):
        for at, value in enumerate(line):
            if value is not None:
                page.write(number, at, value)
    widths = [0] * max((len(line) for line in sheet.lines), default=1)
    for line in sheet.lines:
        for at, value in enumerate(line):
            widths[at] = max(widths[at], min(_WIDEST, shown_width(value)))
    for at, width in enumerate(widths):
        page.set_column(at, at, width + 3)


def _write_table(
    page: Any,
    sheet: BookSheet,
    formats: _Formats,
    drop_downs: Mapping[tuple[str, ...], str],
    last_of: Mapping[str, int],
) -> None:
    page.write_string(0, 0, sheet.title, formats.title)
    if sheet.remark:
        page.write_string(1, 0, sheet.remark, formats.remark)
    for at, column in enumerate(sheet.columns):
        closed = column.locked or column.check is not None
        if column.hint:
            page.write_string(HINTS - 1, at, column.hint, formats.hint)
        if column.example is not None:
            is_day = isinstance(column.example, dt.date)
            looks = formats.example_day if is_day else formats.example
            page.write(EXAMPLE - 1, at, column.example, looks)
        page.write_string(
            HEADS - 1, at, column.head, formats.locked_head if closed else formats.head
        )
        held = [shown_width(_seen(row[at])) for row in sheet.rows if at < len(row)]
        widest = max([shown_width(column.head), *held, shown_width(column.example)])
        width = column.width or max(_NARROWEST, min(_WIDEST, widest + 2))
        # Where rows are added, people may write and paste below the empty ones, too.
        below = formats.free if sheet.spare and not closed else None
        page.set_column(at, at, width, below, {"hidden": column.hidden})
        _validate(page, sheet, at, column, drop_downs, last_of)
    for number in range(HEADS, sheet.last):
        row = sheet.rows[number - HEADS] if number - HEADS < len(sheet.rows) else ()
        for at, column in enumerate(sheet.columns):
            value = row[at] if at < len(row) else None
            if (number - HEADS, column.head) in sheet.closed:
                column = attrs.evolve(column, locked=True)  # noqa: PLW2901 - this cell alone
            _write_cell(page, number, at, column, value, formats)
    _redden(page, sheet, formats)
    page.freeze_panes(HEADS, sheet.frozen)
    page.set_row(HINTS - 1, 30)
    page.set_landscape()
    page.set_paper(9)
    page.repeat_rows(HEADS - 1)
    page.fit_to_pages(1, 0)
    if any(column.locked or column.check for column in sheet.columns):
        page.protect("", dict(_PASSWORDLESS))


def _seen(value: Filled) -> Value:
    """Return what people see in a cell."""
    return value.value if isinstance(value, Worked) else value


def _redden(page: Any, sheet: BookSheet, formats: _Formats) -> None:
    """Let texts that call for something stand in red."""
    for at, column in enumerate(sheet.columns):
        if not column.alarms or sheet.last <= HEADS:
            continue
        first = f"{_letters(at)}{HEADS + 1}"
        asked = ",".join(f'{first}="{text}"' for text in column.alarms)
        page.conditional_format(
            f"{first}:{_letters(at)}{sheet.last}",
            {"type": "formula", "criteria": f"=OR({asked})", "format": formats.alarm},
        )


def _write_cell(
    page: Any, number: int, at: int, column: BookColumn, value: Filled, formats: _Formats
) -> None:
    if isinstance(value, Worked):
        text = value.formula.replace("{row}", str(number + 1))
        told = value.value if isinstance(value.value, str) else float(value.value)
        looks = formats.check if column.check == "" else formats.locked
        page.write_formula(number, at, text, looks, told)
        return
    if column.check:
        page.write_formula(number, at, column.check.format(row=number + 1), formats.check, "")
        return
    looks = formats.locked if column.locked else formats.by_kind[column.kind]
    if value is None:
        page.write_blank(number, at, None, looks)
    elif isinstance(value, str):
        page.write_string(number, at, value, looks)
    elif isinstance(value, dt.date):
        day = formats.by_kind["date"]
        page.write_datetime(number, at, value, looks if column.locked else day)
    elif len(Decimal(value).normalize().as_tuple().digits) > _EXACT:
        page.write_string(number, at, format(Decimal(value), "f"), looks)
    else:
        if not column.locked:
            looks = formats.whole if value == int(value) else formats.by_kind["number"]
        page.write_number(number, at, value, looks)


def _validate(
    page: Any,
    sheet: BookSheet,
    at: int,
    column: BookColumn,
    drop_downs: Mapping[tuple[str, ...], str],
    last_of: Mapping[str, int],
) -> None:
    """Let the program that edits the sheet list what can be chosen, and warn of what is none."""
    if sheet.last <= HEADS or column.check is not None or column.locked:
        return
    source: str | None = None
    if column.choices:
        source = drop_downs[column.choices]
    elif column.among is not None:
        other, place = column.among
        letters = _letters(place)
        quoted = other.replace("'", "''")
        source = f"='{quoted}'!${letters}${HEADS + 1}:${letters}${last_of[other]}"
    rule: dict[str, Any]
    if source is not None:
        rule = {"validate": "list", "source": source}
    elif column.kind == "number" and column.least is not None:
        rule = {"validate": "decimal", "criteria": ">=", "value": column.least}
    elif column.allowed is not None:
        cell = f"{_letters(at)}{HEADS + 1}"
        rule = {"validate": "custom", "value": "=" + column.allowed.replace("{cell}", cell)}
    elif column.longest is not None:
        rule = {"validate": "length", "criteria": "<=", "value": column.longest}
    elif column.kind == "date":
        rule = {"validate": "date", "criteria": ">=", "value": dt.date(1990, 1, 1)}
    else:
        return
    page.data_validation(
        HEADS, at, sheet.last - 1, at, {**rule, "ignore_blank": True, "error_type": "warning"}
    )


def _letters(at: int) -> str:
    from evalflow.files.cells import column_letters

    return column_letters(at + 1)


def sheet_name(text: str) -> str:
    """Return the text as a sheet can be called: without what Excel forbids, at most 31 long."""
    return re.sub(r"[\[\]:*?/\\]", "·", text)[:31].strip("'") or "1"
