"""Workbooks that people fill in, and are read by their sheets."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Literal

import openpyxl
import pytest

from evalflow.errors import InvalidInput
from evalflow.files.book_writer import (
    EXAMPLE,
    HEADS,
    HINTS,
    BookColumn,
    BookSheet,
    book_bytes,
    write_book,
)
from evalflow.files.table_heads import Column
from evalflow.files.table_reader import read_book

COLUMNS = (
    BookColumn(head="기관명", hint="필수", example="예: 도로과", kind="text"),
    BookColumn(head="구분", choices=("국", "과"), example="과"),
    BookColumn(head="상위 기관", among=("기관", 0)),
    BookColumn(head="시작일", kind="date", example=dt.date(2027, 1, 1)),
    BookColumn(head="사업비(백만원)", kind="number", least=0),
    BookColumn(head="확인", check='=IF(A{row}="","",IF(B{row}="","구분 없음",""))'),
)
ROWS = (("가나구", "국", None, dt.date(2027, 3, 1), Decimal("1.5"), None),)
SHEETS = (
    BookSheet(name="안내", title="시작 자료", lines=(("1", "기관"),)),
    BookSheet(name="기관", title="기관(국·과)", remark="입력", columns=COLUMNS, rows=ROWS, spare=5),
)
READ = (
    Column("name", ("기관명",)),
    Column("kind", ("구분",)),
    Column("won", ("사업비",), required=False),
    Column("since", ("시작일",), required=False),
    Column("check", ("확인",), required=False, automatic=True),
)


def test_a_book_has_hints_an_example_headings_and_drop_downs(tmp_path: Path) -> None:
    path = tmp_path / "start.xlsx"
    write_book(path, SHEETS)
    book = openpyxl.load_workbook(path)
    page = book["기관"]
    assert page.cell(HINTS, 1).value == "필수"
    assert page.cell(EXAMPLE, 1).value == "예: 도로과"
    assert [each.value for each in page[HEADS]][:2] == ["기관명", "구분"]
    rules = {str(each.sqref): each.formula1 for each in page.data_validations.dataValidation}
    assert rules["B6:B11"] == "'목록'!$A$2:$A$3"
    assert rules["C6:C11"] == "'기관'!$A$6:$A$11"
    assert rules["E6:E11"] == "0"
    assert book["목록"].sheet_state == "hidden"
    assert page.protection.sheet
    assert not page["A6"].protection.locked
    assert not page.column_dimensions["A"].protection.locked  # nor any cell below


def test_the_same_sheets_are_the_same_bytes() -> None:
    assert book_bytes(SHEETS) == book_bytes(SHEETS)


def test_what_another_program_fills_in_is_read_though_its_checks_were_never_calculated(
    tmp_path: Path,
) -> None:
    path = tmp_path / "start.xlsx"
    write_book(path, SHEETS)
    book = openpyxl.load_workbook(path)
    book["기관"]["A7"], book["기관"]["B7"] = "도로과", "과"
    book.save(path)  # drops what formulas came to
    table = read_book(path).table(("Units", "기관"), READ)
    assert table is not None
    assert [(row.number, row.text("name"), row.text("kind")) for row in table.rows] == [
        (6, "가나구", "국"),
        (7, "도로과", "과"),
    ]
    assert table.rows[0].won("won") == 1_500_000
    assert table.rows[0].date("since") == dt.date(2027, 3, 1)
    table.raise_if_any()


def test_an_empty_sheet_has_no_rows_and_a_missing_one_is_none(tmp_path: Path) -> None:
    path = tmp_path / "start.xlsx"
    write_book(path, [BookSheet(name="기관", title="기관", columns=COLUMNS, spare=3)])
    book = read_book(path)
    table = book.table(("기관",), READ)
    assert table is not None
    assert table.rows == ()
    assert table.problems == []
    assert book.table(("사업",), READ) is None
    assert not book.has("사업")


def test_what_is_no_workbook_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("기관명,구분\n가,국\n")
    with pytest.raises(InvalidInput, match="no workbook"):
        read_book(tmp_path / "a.csv")
    with pytest.raises(InvalidInput, match=r"\.xlsx"):
        write_book(tmp_path / "a.xls", SHEETS)


def test_rows_of_formulas_that_came_to_nothing_are_filled_by_nobody(tmp_path: Path) -> None:
    path = tmp_path / "start.xlsx"
    write_book(path, SHEETS)
    book = openpyxl.load_workbook(path)
    for row in (8, 9):
        book["기관"][f"E{row}"] = f'=IF(A{row}="","",1)'  # never calculated
    book.save(path)
    table = read_book(path).table(("기관",), READ)
    assert table is not None
    assert [row.number for row in table.rows] == [6]
    table.raise_if_any()


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_file_is_found_by_the_name_that_people_see(
    tmp_path: Path, form: Literal["NFC", "NFD"]
) -> None:
    import unicodedata

    name = "시작자료.xlsx"
    write_book(tmp_path / unicodedata.normalize(form, name), SHEETS)
    forms: tuple[Literal["NFC", "NFD"], ...] = ("NFC", "NFD")
    for typed in forms:
        assert read_book(tmp_path / unicodedata.normalize(typed, name)).has("기관")
