"""Cells that show something else than they hold: a month of a day, words in place of a number, a
sign or a bound that a format puts beside it, a line through it."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from odf import opendocument
from odf import style as odf_style
from odf import table as odf_table
from odf import text as odf_text
from odf.number import DateStyle as OdfDateStyle
from odf.number import Day, Month, Year
from odf.number import Text as OdfText
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Font

from evalflow.files.table_heads import Column
from evalflow.files.table_reader import read_table
from workbooks_made import (
    DAYS,
    FIGURES,
    MONEY,
    actual,
    by_openpyxl,
    by_xlsxwriter,
    by_xlwt,
    converted,
    day,
    needs_libreoffice,
    read,
    won,
)

WRITERS = (by_openpyxl, by_xlsxwriter, by_xlwt)
FIRST = 42705  # 2016-12-01, as workbooks count days


def figure_in(cell: Any, writer: Any = by_xlsxwriter) -> tuple[list[Any], list[str], list[str]]:
    return read(writer([["관리번호", "성과지표", "실적"], ["1", "가", cell]]), FIGURES, actual)


# --------------------------------------------------------------------------- days


def last_day(row: Any) -> Any:
    return row.date("day", None, month="last")


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize(
    "code", ["yyyy-mm", "mmm-yy", 'yyyy"년" m"월"', '[$-412]yyyy"년" mm"월";@', "yy/mm"]
)
def test_a_month_that_a_program_made_a_day_of_is_the_month_that_is_seen(
    writer: Any, code: str
) -> None:
    """Excel makes of `2016-12` the first of December: as an end it was a month too early."""
    data = writer([["관리번호", "시작일"], ["1", (FIRST, code)]])
    assert read(data, DAYS, last_day)[:2] == ([dt.date(2016, 12, 31)], ["day_from_month"])
    assert read(data, DAYS, day)[2] == ["bad_date"]  # where no month alone is meant


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("yyyy", "a year"),
        ('mm"월"', "12월"),
        ("d", "1일"),
        ("aaaa", "목요일"),
        ('ggge"년"', "a year"),
    ],
)
def test_a_part_of_a_day_is_none(code: str, wrong: str) -> None:
    table = read_table(
        by_xlsxwriter([["관리번호", "시작일"], ["1", (FIRST, code)]]), DAYS, name="t"
    )
    table.rows[0].date("day")
    assert wrong in table.problems[0].en


@pytest.mark.parametrize(("stored", "code"), [(FIRST + 14, "yyyy-mm"), (FIRST, 'm"월" d"일"')])
def test_a_day_of_which_a_part_is_hidden_gets_a_word(stored: int, code: str) -> None:
    data = by_xlsxwriter([["관리번호", "시작일"], ["1", (stored, code)]])
    assert read(data, DAYS, day)[1:] == (["hidden_in_day"], [])


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize(("stored", "seen"), [(0, "1900-01-00"), (-3, "#####")])
def test_a_day_before_the_first_one_is_an_error(writer: Any, stored: int, seen: str) -> None:
    """A formula over a blank cell comes to 0, which was taken for 1899-12-30."""
    data = writer([["관리번호", "시작일"], ["1", (stored, "yyyy-mm-dd")]])
    table = read_table(data, DAYS, name="t")
    assert table.rows[0].date("day", None) is None
    assert [(each.code, each.value) for each in table.problems] == [("cell_error", seen)]


def test_a_month_of_a_workbook_of_openoffice_is_the_month_that_is_seen() -> None:
    book = opendocument.OpenDocumentSpreadsheet()
    month = OdfDateStyle(name="month")
    for part in (Year(style="long"), OdfText(text="-"), Month(style="long")):
        month.addElement(part)
    whole = OdfDateStyle(name="whole")
    for part in (Year(style="long"), Month(style="long"), Day(style="long")):
        whole.addElement(part)
    for made in (month, whole):
        book.automaticstyles.addElement(made)
        name = made.getAttribute("name")
        look = odf_style.Style(name=f"c{name}", family="table-cell", datastylename=name)
        book.automaticstyles.addElement(look)
    page = odf_table.Table(name="t")
    book.spreadsheet.addElement(page)
    add_row(page, "관리번호", "시작일")
    for number, shape in enumerate(("cmonth", "cwhole"), 1):
        row = add_row(page, str(number))
        cell = odf_table.TableCell(valuetype="date", datevalue="2016-12-01", stylename=shape)
        row.addElement(cell)
    values, notes, problems = read(saved(book), DAYS, last_day)
    assert values == [dt.date(2016, 12, 31), dt.date(2016, 12, 1)]
    assert (notes, problems) == (["day_from_month"], [])


def test_a_time_is_rounded_as_it_is_seen() -> None:
    columns = (Column("number", ("관리번호",)), Column("at", ("시각",)))
    cells = [(2 / 24, "h:mm"), (14 / 24 + 1 / 86400, "h:mm:ss"), (25 / 24, "[h]:mm")]
    data = by_xlsxwriter([["관리번호", "시각"], *[[str(n), c] for n, c in enumerate(cells)]])
    assert read(data, columns, lambda row: row.text("at"))[0] == ["2:00", "14:00:01", "25:00"]


# --------------------------------------------------------------------------- figures


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize(
    ("stored", "code", "problem"),
    [
        (30, '0"/40"', "not_a_figure"),
        (30, '0"~40"', "not_a_figure"),
        (30, '"20~"0', "not_a_figure"),
        (30, '0"여"', "not_a_figure"),
        (5, '"1"0', "seen_otherwise"),
        (5, '"△"0', "seen_otherwise"),
        (5, '"("0")"', "not_a_figure"),
        (5, '0"※"', "not_a_figure"),
        (5, '0" 개 중 3"', "not_a_figure"),
        (5, '"없음"', "seen_otherwise"),
        (0, '0;-0;"없음"', "seen_otherwise"),
        (0.75, "# ?/?", "not_a_figure"),
    ],
)
def test_words_of_a_format_that_make_another_figure_are_told(
    writer: Any, stored: float, code: str, problem: str
) -> None:
    assert figure_in((stored, code), writer)[2] == [problem]


@pytest.mark.parametrize(
    ("stored", "code"),
    [
        (-5, "#,##0_);(#,##0)"), (-5, "0;△0"), (-5, '0;"▲ "0'), (5, "+0;-0"), (5, '0"명"'),
        (5, '0.0"km/h"'), (5, '#,##0" 원"'), (5, "_-* #,##0_-;-* #,##0_-"), (-5, "0;-0"), (5, "@"),
    ],
)  # fmt: skip
def test_what_a_format_shows_of_a_sign_or_a_unit_is_no_other_figure(stored: int, code: str) -> None:
    assert figure_in((stored, code)) == ([Decimal(stored)], [], [])


def test_a_nought_that_accounts_show_as_a_dash_gets_a_word() -> None:
    assert figure_in((0, '#,##0;-#,##0;"-"')) == ([Decimal(0)], ["hidden_number"], [])


def test_a_provisional_figure_says_so_by_its_format_too() -> None:
    table = read_table(
        by_xlsxwriter([["관리번호", "성과지표", "실적"], ["1", "가", (5, '0"(잠정)"')]]),
        FIGURES,
        name="t",
    )
    said = table.rows[0].read_figure("actual")
    assert said is not None
    assert (said.value, said.provisional) == (Decimal(5), True)


def test_an_amount_with_a_sign_of_its_format_is_told() -> None:
    data = by_xlsxwriter([["관리번호", "구비"], ["1", (5000, '"△"#,##0')]])
    assert read(data, MONEY, won)[2] == ["seen_otherwise"]


@pytest.mark.parametrize(
    ("stored", "code", "text"),
    [
        (3, '"A-"000', "A-003"), (3, '"2016-"0', "2016-3"), (3, '0"-1"', "3-1"),
        (5, '0"천"', "5천"), (5, '"해당없음"', "해당없음"), (1 / 3, "# ?/?", "1/3"),
        (7, "000", "007"), (5, '0"명"', "5"), (-7, "000", "-007"), (1 / 3, "# ??/??", "1/3"),
    ],
)  # fmt: skip
def test_a_number_that_is_asked_for_as_text_is_the_text_that_is_seen(
    stored: float, code: str, text: str
) -> None:
    rows = [["관리번호", "성과지표", "실적"], [(stored, code), "가", 1]]
    (row,) = read_table(by_xlsxwriter(rows), FIGURES, name="t").rows
    assert row.text("number") == text


# --------------------------------------------------------------------------- struck out


def add_row(page: Any, *texts: str) -> Any:
    row = odf_table.TableRow()
    page.addElement(row)
    for text in texts:
        cell = odf_table.TableCell(valuetype="string")
        cell.addElement(odf_text.P(text=text))
        row.addElement(cell)
    return row


def saved(book: Any) -> bytes:
    out = io.BytesIO()
    book.write(out)
    return out.getvalue()


def struck_in_openoffice(name: str, family: str, line: str = "solid", **more: str) -> Any:
    made = odf_style.Style(name=name, family=family, **more)
    made.addElement(odf_style.TextProperties(textlinethroughstyle=line))
    return made


def test_what_is_struck_out_in_openoffice_is_not_taken() -> None:
    book = opendocument.OpenDocumentSpreadsheet()
    for made in (
        struck_in_openoffice("struck", "table-cell"),
        odf_style.Style(name="child", family="table-cell", parentstylename="struck"),
        struck_in_openoffice("not", "table-cell", "none", parentstylename="struck"),
        struck_in_openoffice("part", "text"),
        struck_in_openoffice("kept", "text", "none"),
    ):
        book.automaticstyles.addElement(made)
    page = odf_table.Table(name="t")
    book.spreadsheet.addElement(page)
    add_row(page, "관리번호", "성과지표", "실적")
    for number, (shape, spans) in enumerate(
        [
            ("struck", [("", "12")]),
            ("child", [("", "12")]),
            ("not", [("", "12")]),
            ("", [("part", "12"), ("", "15")]),
            ("struck", [("kept", "12")]),
            ("struck", [("kept", "12"), ("", " 15")]),
        ],
        1,
    ):
        row = add_row(page, str(number), "가")
        cell = odf_table.TableCell(valuetype="string", **({"stylename": shape} if shape else {}))
        paragraph = odf_text.P()
        for style, text in spans:
            if style:
                paragraph.addElement(odf_text.Span(stylename=style, text=text))
            else:
                paragraph.addText(text)
        cell.addElement(paragraph)
        row.addElement(cell)
    row = add_row(page, "7", "가")
    row.addElement(odf_table.TableCell(valuetype="float", value="12", stylename="child"))
    table = read_table(saved(book), FIGURES, name="t")
    assert [row.figure("actual", None) for row in table.rows][2:5:2] == [12, 12]
    assert [(each.code, each.cell) for each in table.problems] == [
        ("cell_error", place) for place in ("C2", "C3", "C5", "C7", "C8")
    ]


@needs_libreoffice
@pytest.mark.slow
@pytest.mark.parametrize("ending", ["ods", "xls"])
def test_another_program_s_copy_is_read_alike(ending: str, tmp_path: Path) -> None:
    """Formats, months and lines keep their meaning in whatever LibreOffice makes of the file."""

    def change(book: openpyxl.Workbook) -> None:
        page: Any = book.active
        page["C3"].font = Font(strike=True)
        page["C4"] = CellRichText(TextBlock(InlineFont(strike=True), "12"), " 15")

    rows: list[list[Any]] = [
        ["관리번호", "성과지표", "실적", "종료일"],
        ["1", "가", (5, '0"명"'), (FIRST, "yyyy-mm")],
        ["2", "가", 5, (FIRST, "yyyy-mm-dd")],
        ["3", "가", "12 15", (FIRST, 'yyyy"년" m"월"')],
        ["4", "가", (30, '0"~40"'), (FIRST + 14, "yyyy-mm")],
        ["5", "가", (-5, '0;"△"0'), FIRST],
        ["6", "가", (0.845, "0.0%"), "2016. 12."],
        ["7", "가", (0.5, "# ?/?"), None],
        ["8", "가", (5, '"△"0'), None],
    ]
    columns = (*FIGURES, Column("day", ("종료일",)))

    def said(data: bytes) -> Any:
        table = read_table(data, columns, name="t")
        told = [(row.figure("actual", None), last_day(row)) for row in table.rows]
        return told, sorted((each.code, each.cell) for each in table.problems)

    data = by_openpyxl(rows, change)
    assert said(converted(data, ending, tmp_path)) == said(data)
    assert said(data)[1] == [
        ("cell_error", "C3"), ("cell_error", "C4"), ("not_a_figure", "C5"), ("not_a_figure", "C8"),
        ("seen_otherwise", "C9"),
    ]  # fmt: skip
