"""Tables from office software: what a cell says, where heads stand, every mistake at once."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from evalflow.errors import InvalidInput
from evalflow.files.cells import is_none
from evalflow.files.days import date_of
from evalflow.files.table_heads import Column
from evalflow.files.table_reader import read_table
from evalflow.files.table_writer import write_table
from evalflow.plan.tables import ACTUALS

LIST = (
    Column("number", ("관리번호", "번호")),
    Column("name", ("사업명",)),
    Column("won", ("사업비", "예산액"), required=False),
    Column("since", ("시작일",), required=False),
)


def workbook(*rows: Any, merged: Any = (), formats: Any = None) -> bytes:
    """A workbook of one sheet, written by somebody else's library."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    page = book.add_worksheet("붙임 1")
    shapes = {name: book.add_format({"num_format": name}) for name in ("0.0%", "yyyy-mm-dd")}
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            shape = shapes.get((formats or {}).get((number, column), ""))
            if value is not None:
                page.write(number, column, value, *([shape] if shape else []))
    for area, value in merged:
        page.merge_range(area, value)
    book.close()
    return out.getvalue()


def problems(
    source: Any, columns: Any = LIST, ask: Any = None, **more: Any
) -> list[tuple[str, str]]:
    def read() -> None:
        table = read_table(source, columns, name="t", **more)
        for row in table.rows:
            (ask or (lambda each: each.text("number")))(row)
        table.raise_if_any()

    with pytest.raises(InvalidInput) as caught:
        read()
    return [(problem.code, problem.where()) for problem in caught.value.problems]


# --------------------------------------------------------------------------- cells


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2016. 2. 24.", "2016-02-24"), ("2016.2.24", "2016-02-24"), ("'16.2.24", "2016-02-24"),
        ("’16. 2. 24.(수)", "2016-02-24"), ("2016년 2월 24일", "2016-02-24"),
        ("20160224", "2016-02-24"), ("2016-02-24", "2016-02-24"), ("42424", "2016-02-24"),
        (Decimal(42424), "2016-02-24"), (dt.date(2016, 2, 24), "2016-02-24"),
        ("2016. 2. 30.", None), ("2월 24일", None), ("", None),
    ],
)  # fmt: skip
def test_a_day_is_what_a_korean_office_reads(cell, day):
    assert date_of(cell) == (None if day is None else dt.date.fromisoformat(day))


def test_a_lone_dash_is_none():
    assert all(is_none(dash) for dash in ("-", " – ", "―", "ㅡ"))
    assert not is_none("")


# --------------------------------------------------------------------------- text


CSV = "관리번호,사업명,사업비(백만원)\r\n1,학교 지원,100\r\n2,경로당 개선,-\r\n합계,,100\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
def test_a_csv_is_read_in_the_encodings_that_offices_write(encoding):
    table = read_table(CSV.encode(encoding), LIST)
    assert [row.text("name") for row in table.rows] == ["학교 지원", "경로당 개선"]
    assert [row.won("won", None) for row in table.rows] == [100_000_000, None]
    assert [note.code for note in table.notes] == ["total_left_out"]


def test_decomposed_letters_from_a_mac_are_composed():
    import unicodedata

    text = unicodedata.normalize("NFD", CSV)
    assert text != CSV
    assert read_table(text.encode(), LIST).rows[0].text("name") == "학교 지원"


def test_a_semicolon_or_a_tab_may_part_the_cells():
    for mark in (";", "\t"):
        table = read_table(CSV.replace(",", mark).encode(), LIST)
        assert len(table.rows) == 2


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b"\n \n", "empty_file"),
        (b"\xff\xfe\x00\xd8\x00\xd8", "not_text"),
        (b"\x81\x00\xff\x00" * 20, "not_text"),
        (b"DRMONE  This Document is encrypted", "encrypted"),
        (b"%PDF-1.7", "not_a_table"),
        (b"<html><table></table></html>", "not_a_table"),
        (b"PK\x03\x04" + b"\x00" * 40, "broken_file"),
        ('관리번호,사업명\n1,"끝나지 않는'.encode(), "broken_csv"),
        ("관리번호,부서\n1,과".encode(), "missing_column"),
    ],
)
def test_what_is_no_such_table_is_said_to_be_none(data, code):
    assert [found for found, _ in problems(data)] == [code]


# --------------------------------------------------------------------------- workbooks


def test_heads_are_found_under_titles_and_over_merged_cells():
    data = workbook(
        ["2016년 대상사업 목록"], [], [None, "(단위: 천원)"],
        ["관리\n번호", "사 업 명", "사업비"],
        [1, "학교 지원", 1234],
        [2, None, 5],
        merged=[("A1:C1", "2016년 대상사업 목록"), ("B5:B6", "학교 지원")],
    )  # fmt: skip
    table = read_table(data, LIST)
    assert [(row.number, row.text("number"), row.text("name")) for row in table.rows] == [
        (5, "1", "학교 지원"), (6, "2", "학교 지원"),
    ]  # fmt: skip
    assert [row.won("won") for row in table.rows] == [1_234_000, 5_000]


def test_numbers_days_and_rates_are_exact():
    data = workbook(
        ["관리번호", "사업명", "사업비", "시작일"],
        ["007", "가", 0.1, dt.datetime(2016, 2, 24)],
        [8, "나", 0.845, 42424],
        formats={(1, 3): "yyyy-mm-dd", (2, 2): "0.0%"},
    )
    first, second = read_table(data, LIST).rows
    assert (first.text("number"), first.figure("won")) == ("007", Decimal("0.1"))
    assert (second.text("number"), second.figure("won")) == ("8", Decimal("84.5"))
    assert {first.date("since"), second.date("since")} == {dt.date(2016, 2, 24)}


def test_every_wrong_cell_is_told_at_once_with_sheet_and_cell():
    data = workbook(
        ["관리번호", "사업명", "사업비", "시작일"],
        [1, None, "많음", "2016. 2. 30."],
        [None, "나", 1, None],
    )

    def ask(row: Any) -> None:
        row.text("number")
        row.text("name")
        row.won("won", None)
        row.date("since", None)

    assert problems(data, ask=ask) == [
        ("missing_cell", "t:붙임 1!B2"),
        ("not_a_figure", "t:붙임 1!C2"),
        ("bad_date", "t:붙임 1!D2"),
        ("missing_cell", "t:붙임 1!A3"),
    ]


@pytest.mark.parametrize(("down", "right"), [(0, 0), (1, 0), (0, 2), (4, 3)])
def test_cells_are_named_as_people_see_them_wherever_the_table_begins(down, right):
    rows: list[list[Any]] = [["관리번호", "사업명"], [1, "가"], [2, None]]
    data = workbook(*[[]] * down, *[[None] * right + row for row in rows])
    place = f"t:붙임 1!{chr(ord('B') + right)}{down + 3}"
    assert problems(data, ask=lambda row: row.text("name")) == [("missing_cell", place)]


def test_an_error_and_a_formula_never_calculated_are_no_figures():
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    page = book.add_worksheet()
    page.write_row(0, 0, ["관리번호", "사업명", "사업비"])
    page.write_row(1, 0, [1, "가"])
    page.write_formula(1, 2, "=1/0", value="#DIV/0!")
    book.close()
    assert problems(out.getvalue(), ask=lambda row: row.won("won", None)) == [
        ("cell_error", "t:Sheet1!C2")
    ]


def test_the_sheet_with_most_of_the_columns_is_taken_or_the_one_named():
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.add_worksheet("표지").write(0, 0, "2016년")
    page = book.add_worksheet("목록")
    page.write_row(0, 0, ["번호", "사업명"])
    page.write_row(1, 0, [1, "가"])
    book.close()
    assert read_table(out.getvalue(), LIST).sheet == "목록"
    assert problems(out.getvalue(), sheet="목롣") == [("unknown_sheet", "t")]


def test_a_column_twice_and_one_missing_are_told():
    assert problems("번호,사업명,관리번호\n1,가,1\n".encode())[0][0] == "column_twice"


@pytest.mark.slow
def test_a_zip_bomb_and_a_sheet_of_a_million_empty_rows_end_in_time_and_memory():
    bomb = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook(["번호", "사업명"], [1, "가"]))) as good,
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name in good.namelist():
            archive.writestr(name, good.read(name))
        archive.writestr("xl/huge.bin", b"\0" * 600_000_000)
    assert [code for code, _ in problems(bomb.getvalue())] == ["too_large"]

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    page = book.add_worksheet()
    page.write_row(0, 0, ["번호", "사업명"])
    page.write_row(1, 0, [1, "가"])
    page.write_blank(1_048_575, 0, None, book.add_format({"bold": True}))
    page.write(1_048_575, 16_383, "끝")
    book.close()
    try:
        assert len(read_table(out.getvalue(), LIST).rows) == 1
    except InvalidInput as error:
        assert [problem.code for problem in error.problems] == ["too_large"]


# --------------------------------------------------------------------------- written and read back

_unseen: Any = ["Cc", "Cs", "Cn", "Co", "Cf", "Zl", "Zp"]
_texts = st.text(
    st.characters(exclude_categories=_unseen, max_codepoint=0xFFFF), min_size=1, max_size=12
).filter(lambda text: text.strip() and not is_none(text))  # fmt: skip


@pytest.mark.counting
@given(rows=st.lists(st.tuples(st.integers(1, 10**6), _texts, st.integers(0, 10**12)), max_size=5))
@pytest.mark.parametrize("ending", ["csv", pytest.param("xlsx", marks=pytest.mark.slow)])
def test_what_is_written_is_read_back(ending, rows, tmp_path_factory):
    import unicodedata

    from evalflow.files.table_reader import is_total

    path = tmp_path_factory.mktemp("t") / f"t.{ending}"
    rows = [(number, unicodedata.normalize("NFC", name.strip()), won) for number, name, won in rows]
    # A text like `#NAME?` is an error of a table, and told.
    rows = [row for row in rows if not is_total(row[1]) and not row[1].startswith("#")]
    write_table(path, ["관리번호", "사업명", "사업비"], rows)
    if not rows:
        return
    table = read_table(path, LIST)
    found = [(int(r.figure("number")), r.text("name"), r.won("won")) for r in table.rows]
    table.raise_if_any()
    assert found == rows


@pytest.mark.parametrize("text", ["=1+1", "+82", "-1", "@sum", "=cmd|' /C calc'!A0"])
def test_what_a_program_might_run_is_text_and_comes_back_as_it_was(text, tmp_path):
    for ending in ("csv", "xlsx"):
        path = tmp_path / f"t.{ending}"
        write_table(path, ["관리번호", "사업명"], [("1", text)])
        assert read_table(path, LIST).rows[0].text("name") == text
    raw = (tmp_path / "t.csv").read_text("utf-8-sig")
    assert f"'{text}" in raw
    with zipfile.ZipFile(tmp_path / "t.xlsx") as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


def test_the_same_rows_give_the_same_bytes(tmp_path):
    for name in ("a.xlsx", "b.xlsx"):
        write_table(tmp_path / name, ["관리번호"], [("1",), (2,)])
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_letters_that_cp949_lacks_are_named(tmp_path):
    with pytest.raises(InvalidInput) as caught:
        write_table(tmp_path / "t.csv", ["관리번호"], [("가—나",)], encoding="cp949")
    (problem,) = caught.value.problems
    assert (problem.code, problem.cell) == ("not_in_encoding", "A2")
    assert "U+2014" in problem.en


def test_importing_it_loads_no_reader_of_workbooks():
    import subprocess
    import sys

    code = (
        "import sys, evalflow.files.table_reader, evalflow.plan.tables\n"
        "print([n for n in ('openpyxl', 'xlrd', 'xlsxwriter') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert [column.key for column in ACTUALS] == [
        "number", "indicator", "actual", "numerator", "denominator", "cause", "countermeasure",
    ]  # fmt: skip
    assert isinstance(Path(), Path)
