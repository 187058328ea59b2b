"""Workbooks as the programs of offices write them, and LibreOffice's eyes on them."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
import zipfile
from typing import Any

import openpyxl
import pytest
import xlsxwriter
import xlwt
from odf import opendocument
from odf import style as odf_style
from odf import table as odf_table
from odf import text as odf_text
from odf.number import CurrencyStyle, NumberStyle, PercentageStyle
from odf.number import Number as OdfNumber
from odf.number import Text as OdfText

from evalflow.files.table_heads import Column
from evalflow.files.table_reader import read_table

FIGURES = (
    Column("number", ("관리번호",)),
    Column("indicator", ("성과지표",), required=False),
    Column("actual", ("실적",)),
)
MONEY = (Column("number", ("관리번호",)), Column("won", ("구비",)))
DAYS = (Column("number", ("관리번호",)), Column("day", ("시작일",)))

Cells = list[Any]
"""Rows of cells: a value, or a value and its number format."""


# --------------------------------------------------------------------------- writers


def by_xlsxwriter(rows: Cells, **options: Any) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, **options})
    page = book.add_worksheet()
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            value, code = cell if isinstance(cell, tuple) else (cell, None)
            shape = book.add_format({"num_format": code}) if code else None
            if value is not None:
                page.write(number, column, value, shape)
    book.close()
    return out.getvalue()


def by_openpyxl(rows: Cells, change: Any = None) -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for number, row in enumerate(rows, 1):
        for column, cell in enumerate(row, 1):
            value, code = cell if isinstance(cell, tuple) else (cell, None)
            made = page.cell(number, column, value)
            if code:
                made.number_format = code
    if change is not None:
        change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def by_another_program(rows: Cells) -> bytes:
    """The same workbook with namespaces written as prefixes, and Strict OOXML's own."""
    return repacked(by_openpyxl(rows), lambda name, text: prefixed(text) if "xl/" in name else text)


def prefixed(text: str) -> str:
    if 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"' not in text:
        return text
    text = re.sub(r"<(/?)(?=[A-Za-z])(?![A-Za-z]+:)", r"<\1x:", text)
    return text.replace(
        'xmlns="http://schemas.openxmlformats', 'xmlns:x="http://schemas.openxmlformats'
    )


def repacked(data: bytes, change: Any) -> bytes:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            text = old.read(name)
            new.writestr(name, change(name, text.decode()).encode() if text[:1] == b"<" else text)
    return out.getvalue()


def by_xlwt(rows: Cells, **options: Any) -> bytes:
    book = xlwt.Workbook(encoding="utf-8")
    book.dates_1904 = options.get("dates_1904", False)
    page = book.add_sheet("Sheet1")
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            value, code = cell if isinstance(cell, tuple) else (cell, "General")
            if value is not None:
                page.write(number, column, value, xlwt.easyxf(num_format_str=code))
    if "hide" in options:
        page.row(options["hide"]).hidden = True
        page.row(options["hide"]).height_mismatch = True
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def by_odfpy(rows: Cells) -> bytes:
    book = opendocument.OpenDocumentSpreadsheet()
    page = odf_table.Table(name="Sheet1")
    book.spreadsheet.addElement(page)
    for number, row in enumerate(rows):
        line = odf_table.TableRow()
        page.addElement(line)
        for column, cell in enumerate(row):
            value, code = cell if isinstance(cell, tuple) else (cell, None)
            name = f"n{number}x{column}"
            more: dict[str, Any] = {}
            if code:
                book.automaticstyles.addElement(odf_format(name, code))
                look = odf_style.Style(name=f"c{name}", family="table-cell", datastylename=name)
                book.automaticstyles.addElement(look)
                more["stylename"] = look
            if isinstance(value, str):
                made = odf_table.TableCell(valuetype="string", **more)
                made.addElement(odf_text.P(text=value))
            elif value is None:
                made = odf_table.TableCell(**more)
            else:
                # Some programs say `float` of a cell that its style shows as a percentage.
                made = odf_table.TableCell(valuetype="float", value=str(value), **more)
            line.addElement(made)
    out = io.BytesIO()
    book.write(out)
    return out.getvalue()


def odf_format(name: str, code: str) -> Any:
    places = len(code.partition(".")[2].rstrip("%,")) if "." in code else 0
    factor = 1000 ** (len(code) - len(code.rstrip(",")))
    make = PercentageStyle if "%" in code else CurrencyStyle if "₩" in code else NumberStyle
    made = make(name=name)
    more = {"displayfactor": str(factor)} if factor > 1 else {}
    made.addElement(OdfNumber(decimalplaces=str(places), minintegerdigits="1", **more))
    if "%" in code:
        made.addElement(OdfText(text="%"))
    return made


WRITERS = [by_xlsxwriter, by_openpyxl, by_another_program, by_xlwt, by_odfpy]


def read(data: bytes, columns: Any, ask: Any) -> tuple[list[Any], list[str], list[str]]:
    """Return values, codes of notes, codes of problems."""
    table = read_table(data, columns, name="t")
    values = [ask(row) for row in table.rows]
    return values, [note.code for note in table.notes], [each.code for each in table.problems]


def actual(row: Any) -> Any:
    return row.figure("actual", None)


def won(row: Any) -> Any:
    return row.won("won", None)


def day(row: Any) -> Any:
    return row.date("day", None)


# --------------------------------------------------------------------------- LibreOffice

SOFFICE = shutil.which("soffice")
needs_libreoffice = pytest.mark.skipif(
    SOFFICE is None, reason="not on this machine: LibreOffice (apt-get install libreoffice-calc)"
)


def seen_by_libreoffice(data: bytes, ending: str, folder: Any) -> list[list[str]]:
    """Return the cells as LibreOffice shows them: its CSV of the same file."""
    assert SOFFICE is not None
    path = folder / f"t.{ending}"
    path.write_bytes(data)
    subprocess.run(
        [
            SOFFICE, f"-env:UserInstallation=file://{folder}/profile", "--headless",
            "--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76,1,,1033,false,true",
            "--outdir", str(folder), str(path),
        ],
        check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    return list(csv.reader(io.StringIO((folder / "t.csv").read_text("utf-8"))))


def converted(data: bytes, ending: str, folder: Any) -> bytes:
    """Return the workbook as LibreOffice saves it in another format."""
    assert SOFFICE is not None
    path = folder / "from.xlsx"
    path.write_bytes(data)
    (folder / "out").mkdir(exist_ok=True)
    subprocess.run(
        [
            SOFFICE, f"-env:UserInstallation=file://{folder}/profile", "--headless",
            "--convert-to", ending, "--outdir", str(folder / "out"), str(path),
        ],
        check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    saved: bytes = (folder / "out" / f"from.{ending}").read_bytes()
    return saved
