"""What a table leaves in doubt is refused at its cell: no figure is taken for another."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwt
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Font

from evalflow.batch.sheet import EACH, data_by_project
from evalflow.errors import InvalidInput
from evalflow.files.table_heads import Column
from evalflow.files.table_reader import TableFile, read_table

FIGURES = (
    Column("number", ("관리번호",)),
    Column("indicator", ("성과지표",)),
    Column("actual", ("실적",)),
)
HEADS = ["관리번호", "성과지표", "실적"]
STRUCK = InlineFont(strike=True)


def read(data: bytes, unit: str = "명") -> tuple[list[str], list[tuple[str, str | None]]]:
    """Return the figures that were taken, and problems by code and place."""
    table = read_table(data, FIGURES, name="t")
    taken = []
    for row in table.rows:
        row.text("number", "")
        row.text("indicator", "")
        figure = row.figure("actual", None, unit=unit)
        taken.append("-" if figure is None else format(figure, "f"))
    return taken, [(each.code, each.cell) for each in table.problems]


def xlsx(*rows: list[Any], change: Any = None) -> bytes:
    book = openpyxl.Workbook(iso_dates=False)
    page = book.active
    assert page is not None
    page.append(HEADS)
    for row in rows:
        page.append(row)
    if change is not None:
        change(page)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def text(*rows: str) -> bytes:
    return "\r\n".join([",".join(HEADS), *rows]).encode()


# --------------------------------------------------------------------------- more cells than heads


@pytest.mark.parametrize("row", ["1,a,1,234", "1,a,5,,9", "1,a,1,234,567"])
def test_a_row_of_csv_that_is_wider_than_its_heads_is_refused(row: str) -> None:
    """Thousands without quotes are two cells: 1,234 was taken for 1."""
    assert read(text(row, "2,b,6"))[1] == [("more_cells", "2")]


def test_separators_behind_the_last_cell_and_a_column_without_a_head_are_nobodys_business() -> None:
    assert read(text("1,a,5,,", "2,b,6,")) == (["5", "6"], [])
    padded = "\r\n".join([",".join([*HEADS, ""]), "1,a,5,확인함", "2,b,6,"]).encode()
    assert read(padded) == (["5", "6"], [])
    assert read(text('1,a,"1,234"'))[0] == ["1234"]


# --------------------------------------------------------------------------- struck out


def test_what_is_struck_out_in_part_is_no_figure() -> None:
    """12 struck out beside 15 was taken for 1215."""
    cell = CellRichText(TextBlock(STRUCK, "12"), " 15")
    assert read(xlsx(["1", "a", cell], ["2", "b", 6])) == (["-", "6"], [("cell_error", "C2")])


def test_a_line_that_is_struck_out_is_not_taken() -> None:
    def strike(page: Any) -> None:
        for cell in page[3]:
            cell.font = Font(strike=True)

    _, problems = read(xlsx(["1", "a", 5], ["2", "b", 6], change=strike))
    assert problems == [("cell_error", place) for place in ("A3", "B3", "C3")]


def test_a_font_that_says_no_line_is_none() -> None:
    def plain(page: Any) -> None:
        for cell in page[2]:
            cell.font = Font(strike=False)

    assert read(xlsx(["1", "a", 5], change=plain)) == (["5"], [])
    cell = CellRichText(TextBlock(InlineFont(strike=False), "12"), "")
    assert read(xlsx(["1", "a", cell])) == (["12"], [])


def test_an_older_workbook_is_read_alike() -> None:
    book = xlwt.Workbook()
    page = book.add_sheet("t")
    struck = xlwt.easyxf("font: struck_out on")
    font = xlwt.Font()
    font.struck_out = True
    for column, head in enumerate(HEADS):
        page.write(0, column, head)
    page.write(1, 0, "1")
    page.write(1, 1, "a")
    page.write(1, 2, 5, struck)
    page.write(2, 0, "2")
    page.write(2, 1, "b")
    page.write_rich_text(2, 2, [("12", font), "15"])
    out = io.BytesIO()
    book.save(out)
    assert read(out.getvalue())[1] == [("cell_error", "C2"), ("cell_error", "C3")]


# --------------------------------------------------------------------------- beside a number


@pytest.mark.parametrize(
    ("code", "unit", "taken"),
    [
        ('0"명"', "명", "1500"),
        ("0", "명", "1500"),
        ('0.0,"천명"', "천명", "1.500"),
        ('0.0,"천"', "명", None),
        ('0.0,"천명"', "명", None),
        ('"약 "0', "명", None),
        ('0" 이상"', "명", None),
    ],
)
def test_what_a_format_shows_beside_a_figure_may_make_another_of_it(
    code: str, unit: str, taken: str | None
) -> None:
    def shape(page: Any) -> None:
        page["C2"].number_format = code

    figures, problems = read(xlsx(["1", "a", 1500], change=shape), unit)
    if taken is None:
        assert problems == [("not_a_figure", "C2")]
    else:
        assert (figures, problems) == ([taken], [])


@pytest.mark.parametrize("number", [1e20, -1e18, 1e-19])
def test_a_number_of_a_workbook_is_no_longer_than_one_that_is_typed(number: float) -> None:
    assert read(xlsx(["1", "a", number]))[1] == [("not_a_figure", "C2")]


# --------------------------------------------------------------------------- merged


def test_one_figure_of_several_lines_is_nobodys_own() -> None:
    """A total of two indicators, or of two projects, would be counted twice."""

    def merge(page: Any) -> None:
        page.merge_cells("C2:C3")

    taken, problems = read(xlsx(["1", "a", 5], ["1", "b", None], change=merge))
    assert (taken[0], problems) == ("5", [("merged_figure", "C3")])


def test_a_number_of_several_lines_and_a_cell_over_two_columns_are_read_as_ever() -> None:
    def merge(page: Any) -> None:
        page.merge_cells("A2:A3")
        page.merge_cells("C3:D3")

    assert read(xlsx(["1", "a", 5], [None, "b", 6], change=merge)) == (["5", "6"], [])


# --------------------------------------------------------------------------- money


@pytest.mark.parametrize(
    ("head", "cell", "right"),
    [
        ("구비(백만원)", "1억", "100"),
        ("구비(백만원)", "1억 2,050만원", "120.5"),
        ("구비(천원)", "△3백만원", "-3000"),
        ("구비(억원)", "5,000만원", "0.5"),
    ],
)
def test_an_amount_with_another_unit_than_its_column_is_told_in_that_of_the_column(
    head: str, cell: str, right: str
) -> None:
    columns = (Column("number", ("관리번호",)), Column("won", ("구비",)))
    data = f'관리번호,{head}\r\n1,"{cell}"\r\n2,5\r\n'.encode()
    table = read_table(data, columns, name="t")
    taken = [row.won("won", None) for row in table.rows]
    assert taken[0] == 0
    (problem,) = table.problems
    assert (problem.code, problem.cell) == ("other_money_unit", "B2")
    assert f"write {right}" in problem.en
    assert f" {right}" in problem.ko


def test_a_number_of_several_lines_is_no_project_s_own_datum() -> None:
    """`--each`: three projects had the 300 of a cell that is merged over them; a reason may be."""
    heads = ["관리번호", "amount", "reason"]

    def merge(page: Any) -> None:
        for column, head in enumerate(heads, 1):
            page.cell(1, column).value = head
        page.merge_cells("B2:B4")
        page.merge_cells("C2:C4")

    data = xlsx(["1", 300, "수해"], ["2"], ["3"], change=merge)
    table = read_table(data, EACH, others=True, name="t")
    with pytest.raises(InvalidInput) as refused:
        data_by_project(table, "x", {"x/1", "x/2", "x/3"})
    told = [(each.code, each.cell) for each in refused.value.problems]
    assert told == [("merged_figure", "B3"), ("merged_figure", "B4")]


# --------------------------------------------------------------------------- which table


def test_of_two_sheets_with_the_same_columns_one_is_chosen() -> None:
    """The first one was taken: of a workbook with a sheet a quarter, the first quarter."""

    def another(page: Any) -> None:
        more = page.parent.create_sheet("2분기")
        for row in (HEADS, ["1", "a", 99]):
            more.append(row)

    data = xlsx(["1", "a", 5], change=another)
    with pytest.raises(InvalidInput) as refused:
        read(data)
    assert [each.code for each in refused.value.problems] == ["several_sheets"]
    assert "'Sheet', '2분기'" in refused.value.text("ko")
    (row,) = read_table(data, FIGURES, sheet="2분기", name="t").rows
    assert row.figure("actual") == 99


def test_one_table_is_not_read_of_two_sheets_that_are_named(tmp_path: Path) -> None:
    """The second was left out without a word."""
    path = tmp_path / "t.xlsx"
    path.write_bytes(xlsx(["1", "a", 5], change=lambda page: page.parent.copy_worksheet(page)))
    with pytest.raises(InvalidInput, match="several sheets"):
        read_table(TableFile(str(path), sheets=("Sheet", "Sheet Copy")), FIGURES)


def test_an_empty_copy_of_the_sheet_is_no_other_table() -> None:
    def blank(page: Any) -> None:
        page.parent.create_sheet("양식").append(HEADS)

    assert read(xlsx(["1", "a", 5], change=blank)) == (["5"], [])


@pytest.mark.parametrize("unseen", ["\u200b", "\u00ad", "\ufeff", "\u2060", "\u200e"])
def test_a_head_with_what_nobody_sees_is_the_head_that_is_seen(unseen: str) -> None:
    """A column that may lack was left out, with a note that named it as it looks."""
    columns = (*FIGURES[:2], Column("actual", ("실적",), required=False))
    data = f"관리번호,성과{unseen}지표,실{unseen}적\n1,a,5\n".encode()
    table = read_table(data, columns, name="t")
    assert table.rows[0].figure("actual") == 5
    assert table.notes == []


@pytest.mark.parametrize(
    "again", ["관리번호,성과지표, 실적", "관리 번호,성과지표,실적", ",관리번호,성과지표,실적"]
)
def test_heads_that_are_repeated_with_other_blanks_begin_no_other_table(again: str) -> None:
    """What followed was left out as another table."""
    figures, problems = read(text("1,a,5", again, "2,b,6"))
    assert (figures, problems) == (["5", "6"], [])
