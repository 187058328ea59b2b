"""An office's own file: what moves with a repeated row, values by hand, and files that are none."""

from __future__ import annotations

import datetime as dt
import io
import time
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import hwpx
import openpyxl
import pytest
import unhwp  # type: ignore[import-untyped]
from evalflow_forms.archive import MERGED, looked_through
from evalflow_forms.moving import Below, OneCell, Repeat
from evalflow_forms.sheet import Cell
from evalflow_forms.template import FIELD
from evalflow_forms.xlsx import _as_shown
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.workbook.defined_name import DefinedName

import evalflow
from evalflow.plugins import FormRequest

PLAN = "seodaemun-2016"
ALL = FormRequest(plan=PLAN, period="2016-Q1")
COUNT = 43
LAST = 3 + COUNT - 1


def book_with(fill: Callable[[Any], None], path: Path) -> Path:
    """A workbook whose third row is repeated, for number, title and money of the district."""
    book = openpyxl.Workbook()
    page: Any = book.active
    page.title = "목록"
    page["A1"] = "{{form_title}}"
    for place, name in enumerate(("number", "title", "district"), 1):
        page.cell(3, place, f"{{{{{name}}}}}")
    fill(page)
    book.save(path)
    return path


def filled(office: Any, template: Path, out: Path, request: FormRequest = ALL) -> Any:
    office.form("projects").write(office.engine, out, request, template=template)
    return openpyxl.load_workbook(out)


# ------------------------------------------------------------------ what moves


def test_a_sum_below_the_repeated_row_is_over_all_of_them(office: Any, tmp_path: Path) -> None:
    def fill(page: Any) -> None:
        page["A4"], page["C4"] = "합계", "=SUM(C3:C3)"
        page["D4"] = "=C4/$C$4"

    out = tmp_path / "form.xlsx"
    book = filled(office, book_with(fill, tmp_path / "own.xlsx"), out)
    page = book.active
    assert page.cell(LAST + 1, 1).value == "합계"
    assert page.cell(LAST + 1, 3).value == f"=SUM(C3:C{LAST})"
    assert page.cell(LAST + 1, 4).value == f"=C{LAST + 1}/$C${LAST + 1}"
    assert book.calculation.fullCalcOnLoad
    assert [cell.value for cell in page["A"][2:LAST]] == [
        p.number for p in office.engine.projects(plan=PLAN)
    ]
    form = office.form("projects")
    (finding,) = form.check(office.engine, out, template=tmp_path / "own.xlsx")
    assert finding.code == "agrees"


def test_everything_that_hangs_on_the_row_moves_with_it(office: Any, tmp_path: Path) -> None:
    from openpyxl.formatting.rule import CellIsRule
    from openpyxl.worksheet.datavalidation import DataValidation

    def fill(page: Any) -> None:
        page["E1"] = "=SUM(C3:C3)"
        page["D3"] = "=C3/SUM(C$3:C$3)"
        page["E3"] = "=SUM(C$3:C3)"
        page["F3"] = "=C3/C$4"
        page["C4"] = "=SUM(C3:C3)"
        page["A6"] = "주석"
        page.merge_cells("G3:H3")
        page.merge_cells("I2:I3")
        page.merge_cells("A6:C7")
        page.row_dimensions[6].height = 44
        page.auto_filter.ref = "A2:C3"
        page.print_area = "A1:I7"
        less = CellIsRule(operator="lessThan", formula=["0"])  # type: ignore[no-untyped-call]
        page.conditional_formatting.add("C3:C3", less)
        rule = DataValidation(type="whole", sqref="C3")
        page.add_data_validation(rule)
        page.parent.defined_names["구비"] = DefinedName("구비", attr_text="목록!$C$3:$C$3")
        page.parent.defined_names["주석"] = DefinedName("주석", attr_text="목록!$A$6")
        other = page.parent.create_sheet("다른 시트")
        other["A1"], other["A2"] = "=SUM(목록!C3:C3)", "=목록!C4"
        other["A3"] = "=C3"

    book = filled(office, book_with(fill, tmp_path / "own.xlsx"), tmp_path / "form.xlsx")
    page, other, more = book["목록"], book["다른 시트"], COUNT - 1
    assert page["E1"].value == f"=SUM(C3:C{LAST})"
    assert page["D10"].value == f"=C10/SUM(C$3:C${LAST})"
    assert page["E10"].value == "=SUM(C$3:C10)"
    assert page["F10"].value == f"=C10/C${LAST + 1}"
    merged = {str(each) for each in page.merged_cells.ranges}
    assert {f"I2:I{LAST}", f"A{6 + more}:C{7 + more}"} <= merged
    assert {f"G{row}:H{row}" for row in range(3, LAST + 1)} <= merged
    assert page.row_dimensions[6 + more].height == 44
    assert page.auto_filter.ref == f"A2:C{LAST}"
    assert page.print_area == f"'목록'!$A$1:$I${7 + more}"
    assert [str(each.sqref) for each in page.conditional_formatting] == [f"C3:C{LAST}"]
    assert str(page.data_validations.dataValidation[0].sqref) == f"C3:C{LAST}"
    assert book.defined_names["구비"].attr_text == f"목록!$C$3:$C${LAST}"
    assert book.defined_names["주석"].attr_text == f"목록!$A${6 + more}"
    assert (other["A1"].value, other["A2"].value) == (
        f"=SUM(목록!C3:C{LAST})",
        f"=목록!C{LAST + 1}",
    )
    assert other["A3"].value == "=C3"


@pytest.mark.parametrize(
    ("cell", "formula", "code", "said"),
    [
        ("C4", "=C3*2", "one_cell", "SUM(C3:C3)"),
        ("D3", "=C3/C4", "cell_below", "C$4"),
    ],
)
def test_what_cannot_move_is_told_with_what_to_write(
    office: Any, tmp_path: Path, cell: str, formula: str, code: str, said: str
) -> None:
    def fill(page: Any) -> None:
        page[cell] = formula

    template = book_with(fill, tmp_path / "own.xlsx")
    with pytest.raises(evalflow.InvalidInput) as caught:
        filled(office, template, tmp_path / "form.xlsx")
    (problem,) = caught.value.problems
    assert (problem.code, problem.path, problem.value) == (code, f"목록!{cell}", formula)
    assert said in problem.en
    assert said in problem.ko
    assert not (tmp_path / "form.xlsx").exists()


def test_two_rows_to_repeat_are_refused(office: Any, tmp_path: Path) -> None:
    def fill(page: Any) -> None:
        page["A5"] = "{{number}}"

    with pytest.raises(evalflow.InvalidInput, match="목록!5"):
        filled(office, book_with(fill, tmp_path / "own.xlsx"), tmp_path / "form.xlsx")


rows = st.integers(min_value=1, max_value=30)


@given(row=rows, count=st.integers(2, 50), first=rows, last=rows)
def test_a_range_covers_after_the_move_what_it_covered_before(
    row: int, count: int, first: int, last: int
) -> None:
    """Each old row stands for itself, the repeated one for all of its copies."""
    first, last = sorted((first, last))
    repeat = Repeat("s", row, count)

    def becomes(old: int) -> set[int]:
        if old == row:
            return set(range(row, row + count))
        return {old if old < row else old + count - 1}

    wanted = set().union(*(becomes(old) for old in range(first, last + 1)))
    top, bottom = repeat.area(f"A{first}:A{last}").replace("A", "").split(":")
    assert set(range(int(top), int(bottom) + 1)) == wanted
    formula = repeat.formula(f"=SUM(A{first}:A{last})", "s", "Z9")
    assert formula == f"=SUM(A{top}:A{bottom})"


def test_formulas_are_moved_by_what_they_say() -> None:
    repeat = Repeat("표 1", 3, 5)
    for before, after in {
        "=SUM('표 1'!C3:C3)+1": "=SUM('표 1'!C3:C7)+1",
        '="C3"&A4': '="C3"&A8',
        "=COUNTA(3:3)": "=COUNTA(3:7)",
        "=SUM(C:C)": "=SUM(C:C)",
        "=다른!C3": "=다른!C3",
        "=IF(C4>0,C2,$A$9)": "=IF(C8>0,C2,$A$13)",
    }.items():
        assert repeat.formula(before, "표 1", "A1") == after
    assert repeat.pattern("=다른!C3+C3", 2, "D3") == "=다른!C5+C5"
    with pytest.raises(OneCell, match="C3"):
        repeat.formula("=C3", "표 1", "A1")
    with pytest.raises(Below, match="C4"):
        repeat.pattern("=C4", 0, "D3")


# ------------------------------------------------------------------ values by hand


def own_document(path: Path, *fields: str, text: str = "") -> Path:
    document = hwpx.HwpxDocument.new()
    for name in fields:
        document.fields.add(name, prompt="빈칸")
    if text:
        document.add_paragraph(text)
    path.write_bytes(document.to_bytes())
    return path


def test_one_field_twice_is_filled_twice(office: Any, tmp_path: Path) -> None:
    """The national forms say 기관명 in the head and at the foot."""
    template = own_document(tmp_path / "own.hwpx", "form_date", "X", text="{{form_date}}")
    data = template.read_bytes()
    twice = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(twice, "w") as new:
        for info in old.infolist():
            content = old.read(info.filename).replace(b'name="X"', b'name="form_date"')
            new.writestr(info, content)
    template.write_bytes(twice.getvalue())
    out = tmp_path / "form.hwpx"
    office.form("projects").write(office.engine, out, ALL, template=template)
    # The day on which the plan's document was registered; or the day that is asked for.
    assert unhwp.extract_text(str(out)).split() == ["2016.", "2.", "24."] * 3
    dated = attrs.evolve(ALL, dated=dt.date(2016, 4, 2))
    office.form("projects").write(office.engine, out, dated, template=template)
    assert unhwp.extract_text(str(out)).split() == ["2016.", "4.", "2."] * 3


def test_fields_of_the_offices_own_are_given_or_left(office: Any, tmp_path: Path) -> None:
    template = own_document(tmp_path / "own.hwpx", "기관명", "제목", "발신명의")
    out = tmp_path / "form.hwpx"
    with pytest.raises(evalflow.InvalidInput) as caught:
        office.form("projects").write(office.engine, out, ALL, template=template)
    assert [p.value for p in caught.value.problems] == ["기관명", "제목", "발신명의"]
    assert all("--set" in p.en and "--leave" in p.ko for p in caught.value.problems)
    request = attrs.evolve(
        ALL,
        values={"기관명": "가나구", "제목": "{{form_title}} 제출\n둘째 줄"},
        leave=("발신명의",),
    )
    form = office.form("projects")
    form.write(office.engine, out, request, template=template)
    text = unhwp.extract_text(str(out))
    assert "가나구" in text
    assert f"{office.sheet('projects', ALL).title} 제출" in text
    assert "빈칸" in text  # what was left says what it said
    # what was given is in the evidence: a check needs the template alone
    assert [f.code for f in form.check(office.engine, out, template=template)] == ["agrees"]


def test_a_name_that_the_template_does_not_have_is_told(office: Any, tmp_path: Path) -> None:
    template = own_document(tmp_path / "own.hwpx", "기관명")
    request = attrs.evolve(ALL, values={"기관명": "가나구", "기간명": "x"}, leave=("수신",))
    with pytest.raises(evalflow.InvalidInput) as caught:
        office.form("projects").write(
            office.engine, tmp_path / "form.hwpx", request, template=template
        )
    assert [(p.code, p.value) for p in caught.value.problems] == [
        ("unused_name", "기간명"),
        ("unused_name", "수신"),
    ]
    with pytest.raises(evalflow.InvalidInput, match="기관명"):
        office.form("projects").write(office.engine, tmp_path / "form.hwpx", request)


@pytest.mark.parametrize(
    "broken",
    [
        "｛｛form_title｝｝",
        "{form_title}",
        "｛number｝",
        "{{form_title}",
        "{{ {{form_title}} }}",
        "끝}}",
    ],
)
def test_what_looks_like_a_field_is_not_left_on_the_paper(
    office: Any, tmp_path: Path, broken: str
) -> None:
    """It was left as it stood, where other fields were filled."""

    def fill(page: Any) -> None:
        page["D1"], page["D3"] = broken, broken

    with pytest.raises(evalflow.InvalidInput) as refused:
        filled(office, book_with(fill, tmp_path / "own.xlsx"), tmp_path / "out.xlsx")
    told = [(each.code, each.path) for each in refused.value.problems]
    assert told == [("broken_field", "목록!D1"), ("broken_field", "목록!D3")]  # once, not 43 times


def test_a_field_in_a_page_s_head_or_in_a_formula_is_told(office: Any, tmp_path: Path) -> None:
    def fill(page: Any) -> None:
        page.oddHeader.center.text = "{{form_title}}"
        page["D3"] = '="{{number}}"&"호"'
        page["E1"] = "=LEN({{form_title}})"

    with pytest.raises(evalflow.InvalidInput) as refused:
        filled(office, book_with(fill, tmp_path / "own.xlsx"), tmp_path / "out.xlsx")
    assert sorted((each.code, each.path) for each in refused.value.problems) == [
        ("broken_field", "목록 (head, foot)"),
        ("field_in_formula", "목록!D3"),
        ("field_in_formula", "목록!E1"),
    ]


@pytest.mark.parametrize(
    "code", ['#,##0,,"백만원"', "0.0%", "yyyy-mm-dd", "#,##0,", '"비공개"', "[>9]0,;0"]
)
def test_a_format_that_would_show_another_figure_is_told(
    office: Any, tmp_path: Path, code: str
) -> None:
    def fill(page: Any) -> None:
        page["C3"].number_format = code

    with pytest.raises(evalflow.InvalidInput) as refused:
        filled(office, book_with(fill, tmp_path / "own.xlsx"), tmp_path / "out.xlsx")
    assert [(each.code, each.path) for each in refused.value.problems] == [
        ("other_format", "목록!C3")
    ]


@pytest.mark.parametrize(("code", "times"), [("0.0", 1), ("0.0%", 100), ('0.0"%"', 1), ("@", 1)])
def test_a_rate_is_seen_as_the_rate_whatever_its_format(code: str, times: int) -> None:
    """Under 0.0 a rate of 92.5 % was written as 0.925, and seen as 0.9."""
    rate = Cell(value=Decimal("92.5"), percent=True, places=1)
    shown = _as_shown(rate, code)
    assert shown is not None
    assert shown * times == Decimal("92.5")


@pytest.mark.parametrize("text", ["={1,2}", "｛별표 1｝", "{가}", "a { b"])
def test_braces_that_name_no_field_are_nobody_s_business(
    office: Any, tmp_path: Path, text: str
) -> None:
    def fill(page: Any) -> None:
        page["E1"] = text

    book = filled(office, book_with(fill, tmp_path / "own.xlsx"), tmp_path / "out.xlsx")
    assert book.active["E1"].value == text


def test_a_field_over_several_runs_and_paragraphs_is_filled_once(tmp_path: Path) -> None:
    """As 한글 writes it: begin, text and end in runs of their own."""
    from evalflow_forms.hwpx_template import _Section
    from evalflow_forms.template import Filling
    from lxml import etree  # type: ignore[import-untyped]

    hp = "http://www.hancom.co.kr/hwpml/2011/paragraph"
    text = (
        f'<s xmlns:hp="{hp}"><hp:p><hp:run><hp:ctrl><hp:fieldBegin id="7" type="CLICK_HERE" '
        'name="본문"/></hp:ctrl></hp:run><hp:run><hp:t>여기를 </hp:t></hp:run>'
        "<hp:run><hp:t>누르고</hp:t></hp:run><hp:linesegarray/></hp:p><hp:p><hp:run><hp:t>입력"
        '</hp:t><hp:ctrl><hp:fieldEnd beginIDRef="7"/></hp:ctrl><hp:t>끝.</hp:t></hp:run></hp:p>'
        "<hp:p><hp:run><hp:t>수신 {{수</hp:t></hp:run>"
        "<hp:run><hp:t>신}} 귀하</hp:t></hp:run></hp:p></s>"
    )
    root = etree.fromstring(text)

    class Given(Filling):
        def __init__(self) -> None:
            self.found = 0
            self._values = {"본문": "첫 줄\n둘째 줄", "수신": "정책기획담당관"}
            self._left: dict[str, None] = {}
            self._used: set[str] = set()

    _Section(root, Given()).fill()
    said = "".join(root.itertext())
    assert said == "첫 줄둘째 줄끝.수신 정책기획담당관 귀하"
    assert len(root.findall(f".//{{{hp}}}lineBreak")) == 1
    assert root.findall(f".//{{{hp}}}linesegarray") == []
    assert FIELD.findall("{{ a b }} {{c.1}}") == ["a b", "c.1"]


# ------------------------------------------------------------------ what is no whole file


def rezipped(source: Path, change: Callable[[dict[str, bytes]], object]) -> Path:
    with zipfile.ZipFile(source) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return source


def sample(suffix: str, path: Path) -> Path:
    if suffix == ".hwpx":
        return own_document(path, text="{{form_title}}")
    return book_with(lambda page: None, path)


SECTION = {".hwpx": "Contents/section0.xml", ".xlsx": "xl/worksheets/sheet1.xml"}
PART = {".hwpx": "META-INF/container.xml", ".xlsx": "[Content_Types].xml"}


def _truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:200])


def _no_zip(path: Path) -> None:
    path.write_bytes(b"PK\x03\x04 not a zip")


def _without_part(path: Path) -> None:
    rezipped(path, lambda members: members.pop(PART[path.suffix]))


def _no_xml(path: Path) -> None:
    rezipped(path, lambda members: members.update({SECTION[path.suffix]: b"<a><b></a>"}))


def _dtd(path: Path) -> None:
    def change(members: dict[str, bytes]) -> None:
        text = members[SECTION[path.suffix]].decode()
        body = text[text.index("?>") + 2 :] if text.startswith("<?xml") else text
        dtd = '<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx">]>'
        utf16 = f'<?xml version="1.0" encoding="UTF-16"?>{dtd}{body}'
        members[SECTION[path.suffix]] = utf16.encode("utf-16")

    rezipped(path, change)


def _bomb(path: Path) -> None:
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open("bomb.bin", "w", force_zip64=True) as out,
    ):
        chunk = bytes(1_000_000)
        for _ in range(1_500):
            out.write(chunk)
    assert path.stat().st_size < 3_000_000


def _many_elements(path: Path) -> None:
    body = b"<a>" + b"<b/>" * 1_100_000 + b"</a>"
    rezipped(path, lambda members: members.update({SECTION[path.suffix]: body}))


def _twice(path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr(SECTION[path.suffix], b"<a/>")


@pytest.mark.parametrize("suffix", [".hwpx", ".xlsx"])
@pytest.mark.parametrize(
    "spoil",
    [
        *(_truncated, _no_zip, _without_part, _no_xml, _dtd, _many_elements, _twice),
        pytest.param(_bomb, marks=pytest.mark.slow),
    ],
)
def test_a_file_that_is_none_is_refused_in_seconds(
    office: Any, tmp_path: Path, suffix: str, spoil: Callable[[Path], None]
) -> None:
    template = sample(suffix, tmp_path / f"own{suffix}")
    spoil(template)
    begun = time.monotonic()
    with pytest.raises(evalflow.InvalidInput) as caught:
        office.form("projects").write(
            office.engine, tmp_path / f"form{suffix}", ALL, template=template
        )
    assert time.monotonic() - begun < 20
    (problem,) = caught.value.problems
    assert (problem.code, problem.file) == ("broken_file", str(template))
    for text in (caught.value.text("ko"), caught.value.text("en")):
        assert text.count(template.name) == 1
        assert suffix.lstrip(".").upper() in text
    assert office.form("projects").check(office.engine, template) is None


def test_a_worksheet_merged_over_millions_of_cells_is_refused(tmp_path: Path) -> None:
    def fill(page: Any) -> None:
        page["A9"] = "x"

    template = book_with(fill, tmp_path / "own.xlsx")

    def change(members: dict[str, bytes]) -> None:
        name = SECTION[".xlsx"]
        ref = b'<mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>'
        members[name] = members[name].replace(b"</sheetData>", b"</sheetData>" + ref)

    rezipped(template, change)
    with pytest.raises(evalflow.InvalidInput, match=f"{MERGED:,}"):
        looked_through(template, ".xlsx")


def test_a_cell_in_the_last_corner_does_not_make_it_slow(office: Any, tmp_path: Path) -> None:
    def fill(page: Any) -> None:
        page["XFD1000000"] = "끝"

    template = book_with(fill, tmp_path / "own.xlsx")
    begun = time.monotonic()
    book = filled(office, template, tmp_path / "form.xlsx")
    assert time.monotonic() - begun < 20
    assert book.active["A1"].value == office.sheet("projects", ALL).title
    assert book.active.cell(1_000_000 + COUNT - 1, 16_384).value == "끝"


def test_parts_that_do_not_hang_together_are_one_sentence(office: Any, tmp_path: Path) -> None:
    template = rezipped(
        sample(".xlsx", tmp_path / "own.xlsx"),
        lambda members: members.pop("xl/workbook.xml"),
    )
    with pytest.raises(evalflow.InvalidInput) as caught:
        filled(office, template, tmp_path / "form.xlsx")
    assert [p.code for p in caught.value.problems] == ["broken_file"]


def test_an_encrypted_workbook_and_an_old_hwp_are_refused(tmp_path: Path) -> None:
    """Both are compound files, whatever their name says."""
    for name in ("own.xlsx", "own.hwpx"):
        path = tmp_path / name
        path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096))
        with pytest.raises(evalflow.InvalidInput, match="zip"):
            looked_through(path, path.suffix)
