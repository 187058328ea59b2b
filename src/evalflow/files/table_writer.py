"""Rows to a table that offices open: XLSX, or CSV in the encoding that they ask for."""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
import unicodedata
from collections.abc import Iterable, Sequence
from decimal import Decimal

from evalflow.errors import InvalidInput, Problem, invalid
from evalflow.files.cells import column_letters
from evalflow.files.grid import escaped
from evalflow.files.output import write_output

Value = str | int | Decimal | dt.date | None

ENCODINGS = {"utf-8": "utf-8-sig", "cp949": "cp949"}
"""What a CSV file may be written in; UTF-8 with the mark by which Excel knows it."""

ENDINGS = (".xlsx", ".csv")
"""What a table's file name may end in."""

_LONGEST_TEXT = 32_767  # characters that a cell of Excel holds
_EXACT = 15  # digits of a number that Excel keeps
_WIDEST, _NARROWEST = 60, 8
_ALWAYS = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)  # when it was made, so that bytes do not differ


def write_table(
    path: str | os.PathLike[str],
    heads: Sequence[str],
    rows: Iterable[Sequence[Value]],
    *,
    encoding: str = "utf-8",
    sheet: str = "Sheet1",
) -> None:
    """Write a table to `path`: XLSX or CSV, as the name ends. The same rows give the same bytes.

    `encoding` is for CSV: `utf-8` (with a byte order mark) or `cp949`. Text is text whatever it
    begins with: in XLSX by its type, in CSV by a `'` before `=`, `+`, `-` and `@`, which
    reading takes away again.

    Raises:
        InvalidInput: the name ends otherwise, the file cannot be written, or a cell cannot be
            held: characters that CP949 lacks, text longer than Excel takes.
    """
    shown = os.fspath(path)
    all_rows: list[Sequence[Value]] = [tuple(heads), *rows]
    if shown.lower().endswith(".xlsx"):
        data = _xlsx(all_rows, sheet, shown)
    elif shown.lower().endswith(".csv"):
        data = _csv(all_rows, encoding, shown)
    else:
        raise invalid(
            "unknown_format",
            file=shown,
            ko=f"파일 이름은 {', '.join(ENDINGS)} 가운데 하나로 끝나야 합니다",
            en=f"the file's name must end in one of {', '.join(ENDINGS)}",
        )
    try:
        write_output(path, data)
    except OSError as error:
        cause = error.strerror or str(error)
        raise invalid(
            "unwritable_file",
            file=shown,
            ko=f"파일을 쓸 수 없습니다 ({cause})",
            en=f"cannot write the file ({cause})",
        ) from None


def _csv(rows: Sequence[Sequence[Value]], encoding: str, shown: str) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    for row in rows:
        writer.writerow([escaped(each) if isinstance(each, str) else _plain(each) for each in row])
    try:
        return out.getvalue().encode(ENCODINGS[encoding])
    except UnicodeEncodeError:
        raise InvalidInput(_lacking(rows, encoding, shown)) from None


def _plain(value: int | Decimal | dt.date | None) -> str:
    if value is None:
        return ""
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _lacking(rows: Sequence[Sequence[Value]], encoding: str, shown: str) -> list[Problem]:
    problems = []
    for number, row in enumerate(rows, 1):
        for column, value in enumerate(row, 1):
            lacking = [each for each in dict.fromkeys(str(value)) if not _holds(encoding, each)]
            if not lacking:
                continue
            listed = ", ".join(
                f"{each} (U+{ord(each):04X} {unicodedata.name(each, '')})" for each in lacking[:5]
            )
            problems.append(
                Problem(
                    code="not_in_encoding",
                    file=shown,
                    line=number,
                    column=column,
                    cell=f"{column_letters(column)}{number}",
                    value=str(value)[:60],
                    ko=f"{encoding.upper()}에 없는 글자입니다: {listed} (UTF-8이나 .xlsx로)",
                    en=f"{encoding.upper()} lacks {listed}: write UTF-8 or .xlsx",
                )
            )
    return problems


def _holds(encoding: str, character: str) -> bool:
    try:
        character.encode(ENCODINGS[encoding])
    except UnicodeEncodeError:
        return False
    return True


def _xlsx(rows: Sequence[Sequence[Value]], sheet: str, shown: str) -> bytes:
    import xlsxwriter

    if problems := list(_too_long(rows, shown)):
        raise InvalidInput(problems)
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties({"created": _ALWAYS})
    page = book.add_worksheet(sheet)
    head = book.add_format({"bold": True, "text_wrap": True, "valign": "vcenter", "border": 1})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    grouped = book.add_format({"num_format": "#,##0.##########"})
    whole = book.add_format({"num_format": "#,##0"})
    text = book.add_format({"num_format": "@"})
    widths = [_NARROWEST] * max(len(row) for row in rows)
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            if value is None:
                continue
            if isinstance(value, str):
                if value:
                    page.write_string(number, column, value, head if number == 0 else text)
            elif isinstance(value, dt.date):
                page.write_datetime(number, column, value, day)
            elif _digits(value) > _EXACT:
                page.write_string(number, column, _plain(value), text)
            else:
                is_whole = value == int(value)
                page.write_number(number, column, value, whole if is_whole else grouped)
            widths[column] = max(widths[column], min(_WIDEST, shown_width(value)))
    for column, width in enumerate(widths):
        page.set_column(column, column, width + 2)
    page.freeze_panes(1, 0)
    page.autofilter(0, 0, len(rows) - 1, len(widths) - 1)
    page.set_landscape()
    page.set_paper(9)
    page.repeat_rows(0)
    page.fit_to_pages(1, 0)
    book.close()
    return out.getvalue()


def _too_long(rows: Sequence[Sequence[Value]], shown: str) -> Iterable[Problem]:
    for number, row in enumerate(rows, 1):
        for column, value in enumerate(row, 1):
            if isinstance(value, str) and len(value.encode("utf-16-le")) // 2 > _LONGEST_TEXT:
                yield Problem(
                    code="text_too_long",
                    file=shown,
                    line=number,
                    column=column,
                    cell=f"{column_letters(column)}{number}",
                    value=value[:60],
                    ko=f"엑셀 칸에 담기에는 글이 깁니다 (최대 {_LONGEST_TEXT:,}자)",
                    en=f"text too long for a cell of Excel (at most {_LONGEST_TEXT:,} characters)",
                )


def _digits(value: int | Decimal) -> int:
    return len(Decimal(value).normalize().as_tuple().digits)


def shown_width(value: Value) -> int:
    """Return how wide the longest line is: Korean letters take two."""
    if value is None:
        return 0
    lines = str(value).split("\n")
    return max(
        sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in line)
        for line in lines
    )
