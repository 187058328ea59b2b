"""Tables as they are drawn: what people see is what is read, whatever program wrote the file."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import time
import zipfile
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
import xlsxwriter
import xlwt
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from evalflow.errors import InvalidInput
from evalflow.files.days import read_day
from evalflow.files.grid import Fault, read_sheets
from evalflow.files.money_units import said_by_line, won_of
from evalflow.files.number_formats import shown_by
from evalflow.files.table import MOST_ALIKE
from evalflow.files.table_reader import TableFile, read_table, read_tables
from workbooks_made import (
    DAYS,
    FIGURES,
    MONEY,
    WRITERS,
    Cells,
    actual,
    by_odfpy,
    by_openpyxl,
    by_xlsxwriter,
    by_xlwt,
    converted,
    day,
    needs_libreoffice,
    read,
    repacked,
    seen_by_libreoffice,
    won,
)

# --------------------------------------------------------------------------- number formats


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize(
    ("stored", "code", "seen"),
    [(0.845, "0.0%", "84.5"), (48_000_000, "#,##0,,", "48"), (48_512_345, "#,##0,", "48512.345"),
     (1.25, "0%", "125"), (12, "0", "12"), (-0.05, "0.0%", "-5")],
)  # fmt: skip
def test_a_figure_is_what_its_format_shows_whoever_wrote_the_file(writer, stored, code, seen):
    data = writer([["관리번호", "성과지표", "실적"], ["6", "가", (stored, code)]])
    values, _, problems = read(data, FIGURES, actual)
    assert (values, problems) == ([Decimal(seen)], [])


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize(
    ("line", "code"),
    [("(단위: 백만원)", "#,##0,,"), ("(단위: 천원)", "#,##0,"), ("단위: 원", "#,##0")],
)
def test_won_shown_in_millions_under_millions_are_the_won_that_are_meant(writer, line, code):
    data = writer([[line], ["관리번호", "구비"], ["1", (48_000_000, code)]])
    assert read(data, MONEY, won)[0] == [48_000_000]


@pytest.mark.parametrize(
    ("code", "stored", "kind", "value", "unit", "signed"),
    [
        ("General", "12.5", "general", "12.5", "", True),
        ("#,##0_);(#,##0)", "-12", "number", "-12", "", True),
        ("#,##0;[Red]#,##0", "-12", "number", "-12", "", False),
        ("#,##0;△#,##0", "-12", "number", "-12", "", True),
        ('0.0"%"', "84.5", "number", "84.5", "%", True),
        (r"0.0\%", "84.5", "number", "84.5", "%", True),
        ('#,##0"백만원"', "48", "number", "48", "백만원", True),
        ('#,##0,,"백만원"', "48000000", "number", "48", "백만원", True),
        ("[>=1000000]#,##0,,;#,##0", "48000000", "number", "48", "", True),
        ("[>=1000000]#,##0,,;#,##0", "48", "number", "48", "", True),
        ("[$₩-412]#,##0", "48", "number", "48", "₩", True),
        ("0.00E+00", "12000", "general", "12000", "", True),
        ("# ?/?", "0.5", "fraction", "0.5", "", True),
        (";;;", "5", "nothing", "5", "", True),
        ("yyyy-mm-dd", "42424", "date", None, "", True),
        ('yyyy"년" m"월" d"일"', "42424", "date", None, "", True),
        ("yyyy년 m월", "42424", "date", None, "", True),
        ("[$-412]mmm-yy", "42424", "date", None, "", True),
        ("h:mm:ss", "0.5", "time", None, "", True),
        ("[h]:mm", "1.5", "time", None, "", True),
        ("mm:ss.0", "0.5", "time", None, "", True),
        ('_-* #,##0_-;\\-* #,##0_-;_-* "-"_-;_-@_-', "1234", "number", "1234", "", True),
    ],
)  # fmt: skip
def test_a_number_format_says_what_is_shown(code, stored, kind, value, unit, signed):
    shown = shown_by(code, Decimal(stored))
    assert (shown.kind, shown.unit, shown.signed) == (kind, unit, signed)
    if value is not None:
        assert shown.value(Decimal(stored)) == Decimal(value)


@pytest.mark.parametrize(
    ("stored", "code", "note"),
    [(0.84567, "0.0%", "more_digits"), (-12, "0;[Red]0", "hidden_sign"),
     (5, ";;;", "hidden_number")],
)  # fmt: skip
def test_what_is_seen_otherwise_than_it_is_gets_a_word(stored, code, note):
    rows = [["관리번호", "성과지표", "실적"], ["6", "가", (stored, code)]]
    assert read(by_xlsxwriter(rows), FIGURES, actual)[1] == [note]
    assert read(by_xlwt(rows), FIGURES, actual)[1] == [note]


def test_a_number_with_leading_zeros_is_the_text_that_is_seen():
    rows = [["관리번호", "성과지표", "실적"], [(7, "000"), "가", (7, "000")]]
    for writer in (by_xlsxwriter, by_xlwt):
        (row,) = read_table(writer(rows), FIGURES, name="t").rows
        assert (row.text("number"), row.figure("actual")) == ("007", Decimal(7))


def test_a_time_of_day_is_no_figure():
    rows = [["관리번호", "성과지표", "실적"], ["6", "가", (0.5, "h:mm")]]
    assert read(by_xlsxwriter(rows), FIGURES, actual)[2] == ["not_a_figure"]


def test_the_date_formats_that_korean_excel_names_by_number_alone_are_days():
    rows = [["관리번호", "시작일"], ["1", (42424, "0.000")]]
    for number in (14, 27, 31, 36, 50, 58):
        data = repacked(
            by_openpyxl(rows),
            lambda name, text, number=number: (
                text
                if name != "xl/styles.xml"
                else re.sub(r"<numFmts.*?</numFmts>", "", text).replace(
                    'numFmtId="164"', f'numFmtId="{number}"'
                )
            ),
        )
        assert read(data, DAYS, day)[:2] == ([dt.date(2016, 2, 24)], [])


# --------------------------------------------------------------------------- LibreOffice's own eyes

CODES = [
    "General", "0", "0.00", "#,##0", "#,##0.00", "0%", "0.0%", "0.00%", "#,##0,", "#,##0,,",
    "#,##0.0,", "0.000,,", "#,##0;-#,##0", "#,##0;(#,##0)", "[>=1000]#,##0,;0.00", "0.0;-0.0;0",
    "#,##0_);[Red](#,##0)", "yyyy-mm-dd",
]  # fmt: skip

_numbers = st.one_of(
    st.integers(-(10**9), 10**9),
    st.decimals(-(10**6), 10**6, places=3, allow_nan=False).map(float),
    st.sampled_from([0, 0.845, 1, -1, 48_000_000, 999.5, 1000, 0.0005]),
)


@needs_libreoffice
@pytest.mark.slow
@settings(
    max_examples=2,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate,),  # the message names the cell; to shrink would take hours
)
@given(cells=st.lists(st.tuples(_numbers, st.sampled_from(CODES)), min_size=100, max_size=200))
@pytest.mark.parametrize("ending", ["xlsx", "xls", "ods"])
def test_what_is_read_is_what_libreoffice_shows(ending, cells, tmp_path_factory):
    folder = tmp_path_factory.mktemp("seen")
    cells = [(abs(int(n)) % 60_000 + 61 if c[0] == "y" else n, c) for n, c in cells]
    rows = [["관리번호", "실적"], *[[str(at), cell] for at, cell in enumerate(cells)]]
    data = by_xlsxwriter(rows)
    if ending != "xlsx":
        data = converted(data, ending, folder)
    seen = seen_by_libreoffice(data, ending, folder)
    sheet = read_sheets(data, "t")[0]
    for at, (_, code) in enumerate(cells):
        ours, theirs = sheet.rows[at + 2][1], seen[at + 1][1]
        if isinstance(ours, dt.date):
            assert theirs == ours.isoformat(), (at, code)
            continue
        assert isinstance(ours, Decimal)
        plain = theirs.replace(",", "").replace("%", "").strip()
        plain = f"-{plain[1:-1]}" if plain.startswith("(") else plain
        shown = Decimal(plain)
        places = -int(shown.as_tuple().exponent)
        # They show what we read, rounded to the places that they show (General: to ten digits).
        unit = Decimal(1).scaleb(-max(places, 0))
        look = sheet.shown.get((at + 2, 2))
        if look is not None and not look.signed:
            ours = abs(ours)  # the value keeps its sign, and a note says that it is not seen
        bound = unit / 2 if code != "General" else max(unit, abs(shown) * Decimal("1e-8"))
        assert abs(shown - ours) <= bound * Decimal("1.0000001"), (at, code, ours, theirs)
        assert ("%" in theirs) == (look is not None and look.unit == "%"), (at, code)


@needs_libreoffice
@pytest.mark.slow
def test_errors_text_formulas_hidden_rows_and_both_epochs_are_read_from_what_it_writes(tmp_path):
    for ending in ("xlsx", "xls", "ods"):
        for old in (False, True):
            folder = tmp_path / f"{ending}{old}"
            folder.mkdir()
            out = io.BytesIO()
            book = xlsxwriter.Workbook(out, {"in_memory": True, "date_1904": old})
            page = book.add_worksheet()
            page.write_row(0, 0, ["관리번호", "성과지표", "실적", "시작일"])
            formulas = [
                ("=1/0", "#DIV/0!"), ("=NA()", "#N/A"), ("=20+9", 29), ("=0+0", 0), ('="12"', "12"),
                ('=""', ""),
            ]  # fmt: skip
            for row, (formula, value) in enumerate(formulas, 1):
                page.write(row, 0, str(row))
                page.write_formula(row, 1, f'="지표"&{row}', None, f"지표{row}")
                page.write_formula(row, 2, formula, None, value)
                page.write_datetime(
                    row, 3, dt.datetime(2016, 2, 24), book.add_format({"num_format": "yyyy-mm-dd"})
                )
            page.set_row(3, None, None, {"hidden": True})
            book.close()
            data = converted(out.getvalue(), ending, folder)
            sheet = read_sheets(data, "t")[0]
            # LibreOffice stores 0 in an XLS for a text that it did not work out itself, and no
            # value in an ODS for an empty one.
            last = {"xls": 6, "ods": 7, "xlsx": 8}[ending]
            column = [sheet.rows[row][2] for row in range(2, last)]
            assert column == [
                Fault("#DIV/0!"), Fault("#N/A"), Decimal(29), Decimal(0), "12", None,
            ][: last - 2], (ending, old)  # fmt: skip
            if ending != "xls":
                assert [sheet.rows[row][1] for row in (2, 6)] == ["지표1", "지표5"]
            assert {sheet.rows[row][3] for row in range(2, 7)} == {dt.date(2016, 2, 24)}
            assert sheet.hidden == {4}


# --------------------------------------------------------------------------- errors and formulas


def _xls_errors(rows: Cells) -> bytes:
    book = xlwt.Workbook(encoding="utf-8")
    page = book.add_sheet("Sheet1")
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            if isinstance(value, str) and value.startswith("#"):
                page.row(number).set_cell_error(column, value + "!" * (value == "#N/A"))
            else:
                page.write(number, column, value)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _csv(rows: Cells) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def _ods_errors(rows: Cells) -> bytes:
    def change(name: str, text: str) -> str:
        if name != "content.xml":
            return text
        return re.sub(
            r'<table:table-cell[^>]*office:value-type="string"[^>]*><text:p>(#[^<]*)</text:p>',
            r'<table:table-cell table:formula="of:=X" office:value-type="string" '
            r'office:string-value=""><text:p>\1</text:p>',
            text,
        )

    return repacked(by_odfpy(rows), change)


@pytest.mark.parametrize("writer", [by_openpyxl, _xls_errors, _csv, _ods_errors])
@pytest.mark.parametrize("error", ["#DIV/0!", "#N/A", "#REF!"])
def test_an_error_in_a_cell_is_told_in_every_format(writer, error):
    data = writer([["관리번호", "성과지표", "실적"], ["1", "가", error]])
    values, _, problems = read(data, FIGURES, actual)
    assert (values, problems) == ([None], ["cell_error"])


def _never_by_openpyxl() -> bytes:
    return by_openpyxl([["관리번호", "성과지표", "실적"], ["1", "가", "=20+9"]])


def _never_by_xlsxwriter() -> bytes:
    return by_xlsxwriter([["관리번호", "성과지표", "실적"], ["1", "가", "=20+9"]])


def _never_by_xlwt() -> bytes:
    return by_xlwt([["관리번호", "성과지표", "실적"], ["1", "가", xlwt.Formula("20+9")]])


def _never_in_ods() -> bytes:
    data = by_odfpy([["관리번호", "성과지표", "실적"], ["1", "가", None]])
    return repacked(
        data,
        lambda name, text: (
            text
            if name != "content.xml"
            else text.replace(
                "</table:table-row></table:table>",
                '<table:table-cell table:formula="of:=20+9"/></table:table-row></table:table>',
            ).replace("<table:table-cell/>", "")
        ),
    )


@pytest.mark.parametrize(
    "make", [_never_by_openpyxl, _never_by_xlsxwriter, _never_by_xlwt, _never_in_ods]
)
def test_a_formula_that_was_never_calculated_is_told_whoever_wrote_it(make):
    assert read(make(), FIGURES, actual)[2] == ["cell_error"]


@pytest.mark.parametrize("text", ["", "12"])
def test_a_formula_that_came_to_a_text_is_that_text(text):
    data = repacked(
        by_openpyxl([["관리번호", "성과지표", "실적"], ["1", "가", "=X"]]),
        lambda name, xml: re.sub(
            r'<c r="C2"[^>]*><f>X</f>.*?</c>', f'<c r="C2" t="str"><f>X</f><v>{text}</v></c>', xml
        ),
    )
    values, _, problems = read(data, FIGURES, actual)
    assert (values, problems) == ([Decimal(text) if text else None], [])


def test_a_raised_number_is_a_footnote_mark_and_no_digit():
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    page = book.add_worksheet()
    page.write_row(0, 0, ["관리번호", "성과지표", "실적"])
    page.write_row(1, 0, ["1", "가"])
    page.write_rich_string(1, 2, "28", book.add_format({"font_script": 1}), "1")
    book.close()
    assert read(out.getvalue(), FIGURES, actual)[2] == ["not_a_figure"]
    for text in ("28¹", "①28", "28②"):
        rows = [["관리번호", "성과지표", "실적"], ["1", "가", text]]
        for writer in (by_openpyxl, by_xlwt, by_odfpy, _csv):
            assert read(writer(rows), FIGURES, actual)[2] == ["not_a_figure"]


# --------------------------------------------------------------------------- units of money


@pytest.mark.parametrize(
    ("line", "each"),
    [
        ("(단위 : 개소, 백만원)", 10**6), ("(백만원)", 10**6), ("(단위: 백만)", 10**6),
        ("단위: 억", 10**8), ("단위: 조원", 10**12), ("[단위:천원]", 10**3), ("(단위 천원)", 10**3),
        ("(단위: 1,000원)", 10**3), ("2016년 예산 현황(단위:백만원, %)", 10**6),
        ("예산 현황 (백만원)", 10**6), ("(Unit: KRW million)", 10**6),
        ("in millions of won", 10**6),
        ("(unit: persons, thousand won)", 10**3), ("단위: 백만 원", 10**6), ("단위：십억원", 10**9),
        ("단위: 백만원 / 2016. 3월 말 현재", 10**6), ("(단위 : 명·천원)", 10**3),
        ("단위: 명, %", None), ("단위: 백만원, 천원", None), ("(단위: USD)", None),
        ("(단위: 백만 달러)", None), ("(단위: 천달러)", None), ("Unit: USD million", None),
        ("단위: 개소 백만", None), ("(백만원 단위)", 10**6), ("Amounts in thousands of KRW", 10**3),
        ("금액은 백만원 기준", None), ("Budget, KRW million", None),
    ],
)  # fmt: skip
def test_a_line_above_the_table_says_the_unit_or_is_refused(line, each):
    for rows in (
        [[line], ["관리번호", "구비"], ["1", 48]],
        [["2016년 대상사업"], [], [None, line], ["관리번호", "구비"], ["1", 48]],
    ):
        values, _, problems = read(by_xlsxwriter(rows), MONEY, won)
        if each is None:
            assert problems == ["unknown_money_unit"]
        else:
            assert (values, problems) == ([48 * each], [])


@pytest.mark.parametrize(
    "line",
    [
        "단위사업 목록",
        "2016년 대상사업(구정)",
        "(2016. 3. 31. 현재)",
        "부서별",
        "총 300만원 사업",
        "조원동 사업",
        "A 48 million won programme",
    ],
)
def test_a_title_is_no_unit(line):
    assert said_by_line(line) is None
    assert read(by_xlsxwriter([[line], ["관리번호", "구비"], ["1", 48]]), MONEY, won)[0] == [48]


@pytest.mark.parametrize(
    ("head", "each"),
    [
        ("구비(억)", 10**8), ("구비(백만)", 10**6), ("구비 (백만 원)", 10**6),
        ("구비[천원]", 10**3),
        ("구비(단위: 백만원)", 10**6), ("구비 백만원", 10**6), ("구비(KRW million)", 10**6),
        ("구비(원)", 1), ("구비(2016년)", 1), ("구비(당초)", 1), ("구비", 1),
        ("구비\n(조원)", 10**12),
        ("구비(USD)", None), ("구비(달러)", None), ("구비(건)", None), ("구비(k)", None),
    ],
)  # fmt: skip
def test_a_head_says_the_unit_or_is_refused(head, each):
    for writer in (by_xlsxwriter, _csv):
        values, _, problems = read(writer([["관리번호", head], ["1", 48]]), MONEY, won)
        if each is None:
            assert problems == ["unknown_money_unit"]
        else:
            assert (values, problems) == ([48 * each], [])


def test_a_group_of_columns_says_the_unit_of_each():
    rows = [["관리번호", "사업비(백만원)", None], [None, "국비", "구비"], ["1", 10, 48]]
    assert read(_csv(rows), MONEY, won)[0] == [48_000_000]


def test_a_unit_that_the_format_shows_counts_and_must_agree():
    def one(code: str, line: str | None) -> tuple[list[Any], list[str]]:
        rows: Cells = [[line]] if line else []
        rows += [["관리번호", "구비"], ["1", (48, code)]]
        values, _, problems = read(by_xlsxwriter(rows), MONEY, won)
        return values, problems

    assert one('#,##0"백만원"', None) == ([48_000_000], [])
    assert one('#,##0"백만원"', "단위: 백만원") == ([48_000_000], [])
    assert one('#,##0"원"', None) == ([48], [])
    assert one("[$₩-412]#,##0", "단위: 천원") == ([48_000], [])
    for code, line in (
        ('#,##0"원"', "단위: 백만원"), ('#,##0"천원"', "단위: 백만원"), ("[$$-409]#,##0", None),
        ("0%", None),
    ):  # fmt: skip
        assert one(code, line)[1] == ["unknown_money_unit"]


def test_a_unit_that_changes_within_the_table_is_refused():
    rows = [["(단위: 백만원)"], ["관리번호", "구비"], ["1", 48], ["(단위: 천원)"], ["2", 5]]
    values, _, problems = read(by_xlsxwriter(rows), MONEY, won)
    assert (values[0], problems) == (48_000_000, ["unit_changes"])


@given(
    scale=st.sampled_from(["", "천", "만", "백만", "천만", "억", "십억", "조"]), gap=st.booleans()
)
def test_units_are_powers_of_ten(scale, gap):
    each = won_of(scale + (" " if gap else "") + "원")
    assert each == {"": 1, "천": 10**3, "만": 10**4, "백만": 10**6, "천만": 10**7, "억": 10**8,
                    "십억": 10**9, "조": 10**12}[scale]  # fmt: skip


# --------------------------------------------------------------------------- days


@pytest.mark.parametrize(
    "cell",
    [2016, "2016", 201601, "201601", 160101, "160101", 1, 60, 20161, 2016.2, "2016. 2. 30.",
     "04-31",
     "2016-02-24 13:05", "2016. 13.", "2016. 2. 2¹", "99999", "25/12/2016", "12/10/16",
     "16-02-24", "1/2/16", "2016.2.24(목)", "2016. 2. 24. (Mon)", "2016. 1 2. 4", "2016 2 24",
     "2016 1 224"],
)  # fmt: skip
def test_what_is_no_day_is_refused_with_its_cell(cell):
    for writer in (by_xlsxwriter, by_xlwt, by_odfpy):
        data = writer([["관리번호", "시작일"], ["1", cell]])
        table = read_table(data, DAYS, name="t")
        day(table.rows[0])
        assert [(each.code, each.cell) for each in table.problems] == [("bad_date", "B2")]


@pytest.mark.parametrize(
    "text",
    ["'16/2/24", "’16-2-24", "2016/2/24", "16년 2월 24일", "16.2.24",
     "'16. 2. 24.", "2016-02-24 00:00:00", "2016-02-24T00:00:00",
     "2016. 2. 24. 오전 12:00",
     "2016.2.24(수)", "２０１６．２．２４", "2016-2-24 0:00"],
)  # fmt: skip
def test_a_day_is_read_as_offices_write_it(text):
    assert read_day(text).day == dt.date(2016, 2, 24)


@pytest.mark.parametrize(
    "text", ["2016. 2.", "2016.2", "2016-02", "2016년 2월", "'16. 2.", "2016/2"]
)
def test_a_month_is_a_day_only_where_a_month_is_meant(text):
    assert read_day(text).code == "only_a_month"
    assert read_day(text, month="first").day == dt.date(2016, 2, 1)
    assert read_day(text, month="last").day == dt.date(2016, 2, 29)
    assert read_day(text, month="last").code == "month"  # a word on it is due


def test_days_of_both_epochs_are_days_also_without_a_format():
    for old, serial in ((False, 42424), (True, 40962)):
        rows = [["관리번호", "시작일"], ["1", serial], ["2", (serial, "yyyy-mm-dd")]]
        for data in (by_xlsxwriter(rows, date_1904=old), by_xlwt(rows, dates_1904=old)):
            values, notes, problems = read(data, DAYS, day)
            assert (values, problems) == ([dt.date(2016, 2, 24)] * 2, [])
            assert notes == ["day_from_serial"]


# --------------------------------------------------------------------------- text


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quoted", [False, True])
def test_what_parts_the_heads_parts_the_cells(separator, quoted):
    others = {",": ";", ";": ",", "\t": ",", "|": ","}[separator]
    out = io.StringIO()
    quoting: Any = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    written = csv.writer(out, delimiter=separator, quoting=quoting)
    written.writerow(["관리번호", "성과지표", "실적", "부진사유"])
    written.writerow(["6", "이용률", 12, f"가{others} 나{others} 다{others} 라{others} 마"])
    written.writerow(["7", "이용률", 13, f"가{others} 나{others} 다{others} 라{others} 마"])
    assert read(out.getvalue().encode(), FIGURES, actual)[0] == [12, 13]


# --------------------------------------------------------------------------- sheets, blocks, rows


def _two_sheets() -> bytes:
    def more(book: Any) -> None:
        book.active.title = "사업"
        for title in ("예산", "메모"):
            page = book.create_sheet(title)
            page.append(["관리번호", "구비(백만원)"] if title == "예산" else ["적어 둘 것"])
            page.append([1, 99])
        book["메모"].sheet_state = "hidden"

    return by_openpyxl([["관리번호", "구비(백만원)"], ["1", 48]], more)


def test_of_several_sheets_one_is_chosen_and_those_left_aside_are_named(tmp_path):
    path = tmp_path / "t.xlsx"
    path.write_bytes(_two_sheets())
    with pytest.raises(InvalidInput) as caught:
        read_table(path, MONEY)
    assert [each.code for each in caught.value.problems] == ["several_sheets"]
    assert all(each in caught.value.text("ko") for each in ("'사업'", "'예산'", "--sheet"))
    chosen = read_table(TableFile(str(path), ("예산",)), MONEY)
    assert [won(row) for row in chosen.rows] == [99_000_000]
    assert chosen.notes == []
    book = openpyxl.load_workbook(path)
    del book["예산"]
    book.save(path)
    (note,) = read_table(path, MONEY).notes
    assert note.code == "sheets_left_aside"
    assert all(each in note.ko for each in ("'메모'(숨김)", "--sheet"))


def test_a_sheet_that_is_named_is_read_or_told(tmp_path):
    path = tmp_path / "t.xlsx"
    path.write_bytes(_two_sheets())
    both = read_tables(TableFile(str(path), ("예산", "사업")), [MONEY])
    assert [table.sheet for _, table in both] == ["예산", "사업"]
    with pytest.raises(InvalidInput) as caught:
        read_tables(TableFile(str(path), ("예산", "사엄")), [MONEY])
    assert [each.code for each in caught.value.problems] == ["unknown_sheet"]
    with pytest.raises(InvalidInput):  # a sheet that was named and is no such table
        read_tables(TableFile(str(path), ("메모",)), [MONEY])


def test_a_second_table_below_is_left_aside_with_a_word():
    rows = [["관리번호", "구비"], ["1", 48], [], ["구비", "관리번호"], [5, "2"]]
    values, notes, _ = read(by_xlsxwriter(rows), MONEY, won)
    assert (values, notes) == ([48], ["table_left_aside"])


def _hidden_xlsx(filtered: bool) -> bytes:
    def change(book: Any) -> None:
        book.active.row_dimensions[3].hidden = True
        if filtered:
            book.active.auto_filter.ref = "A1:C4"
            book.active.auto_filter.add_filter_column(0, ["6", "8"])

    rows = [["관리번호", "성과지표", "실적"], *[[n, "가", int(n)] for n in ("6", "7", "8")]]
    return by_openpyxl(rows, change)


def _hidden_xls() -> bytes:
    rows = [["관리번호", "성과지표", "실적"], *[[n, "가", int(n)] for n in ("6", "7", "8")]]
    return by_xlwt(rows, hide=2)


def _hidden_ods() -> bytes:
    rows = [["관리번호", "성과지표", "실적"], *[[n, "가", int(n)] for n in ("6", "7", "8")]]
    parts = 0

    def change(name: str, text: str) -> str:
        nonlocal parts
        if name != "content.xml":
            return text
        first, *others = text.split("<table:table-row>")
        parts = len(others)
        return "<table:table-row>".join([first, others[0], others[1]]) + (
            '<table:table-row table:visibility="filter">'.join(["", others[2]])
            + "<table:table-row>"
            + others[3]
        )

    return repacked(by_odfpy(rows), change)


@pytest.mark.parametrize(
    ("make", "word"),
    [(lambda: _hidden_xlsx(False), "숨겨진"), (lambda: _hidden_xlsx(True), "필터로 가려진"),
     (_hidden_xls, "숨겨진"), (_hidden_ods, "필터로 가려진")],
)  # fmt: skip
def test_rows_that_nobody_sees_are_told_and_can_be_left_out(make, word, tmp_path):
    path = tmp_path / "t"
    path.write_bytes(make())
    table = read_table(path, FIGURES)
    assert [actual(row) for row in table.rows] == [6, 7, 8]
    assert [(note.code, word in note.ko) for note in table.notes] == [("hidden_rows", True)]
    table = read_table(TableFile(str(path), visible_rows=True), FIGURES)
    assert [actual(row) for row in table.rows] == [6, 8]
    assert [(note.code, "뺐습니다" in note.ko) for note in table.notes] == [("hidden_rows", True)]


# --------------------------------------------------------------------------- many mistakes


@pytest.mark.slow
def test_two_hundred_thousand_equal_rows_end_soon_with_the_first_twenty_and_a_count():
    from evalflow.batch.sheet import figures_by_project
    from evalflow.plan.tables import ACTUALS

    text = "관리번호,성과지표,실적\n" + "없는번호,이용률,12\n" * 200_000
    began = time.process_time()
    table = read_table(text.encode(), ACTUALS, name="t")
    with pytest.raises(InvalidInput) as caught:
        figures_by_project(table, "p", {})
    assert time.process_time() - began < 60
    codes = [each.code for each in caught.value.problems]
    assert codes == ["unknown_number"] * MOST_ALIKE + ["more_problems"]
    assert "199,980" in caught.value.problems[-1].ko


def test_what_is_no_workbook_any_program_wrote_is_refused():
    good = by_openpyxl([["관리번호", "구비"], ["1", 1]])
    bomb = repacked(
        good,
        lambda name, text: (
            '<!DOCTYPE x [<!ENTITY a "aaaa">]>' + text
            if name == "xl/worksheets/sheet1.xml"
            else text
        ),
    )
    binary = io.BytesIO()
    with zipfile.ZipFile(binary, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.bin", b"\0")
    page = "<html><meta charset='utf-8'><table><tr><td>관리번호</td></tr></table></html>"
    for text in (page, f"MIME-Version: 1.0\n\n{page}", f'<?xml version="1.0"?>{page}'):
        for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp949"):
            with pytest.raises(InvalidInput) as caught:
                read_sheets(text.encode(encoding), "t.xls")
            (problem,) = caught.value.problems
            assert (problem.code, ".xlsx" in problem.ko) == ("not_a_table", True)
    for data, code in ((bomb, "broken_file"), (binary.getvalue(), "not_a_table")):
        with pytest.raises(InvalidInput) as caught:
            read_sheets(data, "t")
        assert [each.code for each in caught.value.problems] == [code]
