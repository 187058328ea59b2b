"""Forms: what stands in them, read back by programs that did not write them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import evalflow_fonts
import openpyxl
import pypdf
import pytest
import unhwp  # type: ignore[import-untyped]
from evalflow_forms import hwpx_writer
from evalflow_forms import pdf as pdf_writer
from evalflow_forms.sheet import MINUS, Evidence, Sheet, grouped
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

import evalflow
from evalflow.plugins import FormRequest, Share, roll_up

PLAN = "seodaemun-2016"
BUREAU = "autonomy"
EXAMPLE = evalflow.example(PLAN)
FORMATS = ("xlsx", "hwpx", "pdf")


REQUEST = FormRequest(plan=PLAN, period="2016-Q1", unit=BUREAU)


def said(made: Sheet) -> list[tuple[str, ...]]:
    return [row for table in made.tables for row in table.texts()]


# ------------------------------------------------------------------ what stands in them


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=2, min_value=-(10**9), max_value=10**9
    )
)
def test_a_printed_figure_is_read_back_as_the_same_figure(value: Decimal) -> None:
    text = grouped(value, 2)

    assert Decimal(text.replace(MINUS, "-").replace(",", "")) == value


def test_the_self_evaluation_says_what_the_store_says(office: Any) -> None:
    made = office.sheet("department", REQUEST)
    columns = made.listing.fields
    rows = [dict(zip(columns, row, strict=True)) for row in made.listing.texts()]

    rated = shares = 0
    for number in office.numbers:
        project = f"{PLAN}/{number}"
        rating = office.engine.evaluation(project, "2016-Q1").rating
        assert rating is not None
        definition = office.engine.plans.definition(project)
        of_project = rows[rated : rated + len(definition.indicators)]
        assert of_project[0]["number"] == number
        for row, indicator in zip(of_project, definition.indicators, strict=True):
            line = rating.line(indicator.id)
            assert line is not None
            assert row["indicator"] == indicator.label.ko
            if line.rate is not None:
                assert row["rate"] == f"{line.rate:,.1f}%"
                share = isinstance(line.figure, Share)
                assert row["actual"] == (str(line.figure) if share else f"{line.figure:,f}")
                shares += share
            assert (row["cause"] == "협의 지연") == (line.verdict not in (None, "on_track"))
        rated += len(definition.indicators)
    assert rated == len(rows)
    assert shares, "a share is printed as numerator and denominator"


def test_the_bureaus_form_counts_every_project_once_and_means_over_projects(office: Any) -> None:
    made = office.sheet("bureau", REQUEST)
    table = made.tables[0]
    *departments, total = [dict(zip(table.fields, row, strict=True)) for row in table.texts()]
    ratings = [office.engine.evaluation(f"{PLAN}/{n}", "2016-Q1").rating for n in office.numbers]
    rolled = roll_up(each for each in ratings if each is not None)

    assert sum(int(row["projects"]) for row in departments) == len(office.numbers)
    assert total["projects"] == str(len(office.numbers))
    assert total["rate"] == f"{rolled.total.rate}%"
    assert "안심골목" in str(list(made.tables[1].texts()))


def test_the_list_has_every_project_of_the_plan(office: Any) -> None:
    made = office.sheet("projects", FormRequest(plan=PLAN))
    total, *numbers = [row[0] for row in made.tables[1].texts()]

    assert total == "계"
    assert numbers == [p.number for p in office.engine.projects(plan=PLAN)]


def test_columns_are_left_out_reordered_and_renamed_by_the_plan(office: Any) -> None:
    made = office.sheet(
        "projects",
        REQUEST,
        columns=["title", "number", "budget"],
        titles={"number": "번호"},
        unit="천원",
        sign_off=["담당", "과장"],
    )
    table = made.tables[0]

    assert table.fields == ("title", "number", "budget")
    assert "번호" in [head.text for head in table.heads]
    assert table.unit == "(단위: 천원)"
    assert made.boxes == ("담당", "과장")
    first = office.engine.plans.definition(f"{PLAN}/{office.numbers[0]}")
    _, row, *_ = table.texts()
    assert row == (first.label.ko, first.number, f"{first.budget.total // 1000:,}")


def test_every_unknown_column_is_told_with_its_place(office: Any) -> None:
    with pytest.raises(evalflow.InvalidInput) as caught:
        office.sheet("projects", REQUEST, columns=["titel", "number"], titles={"budgte": "x"})

    assert [p.path for p in caught.value.problems] == [
        "forms.projects.columns",
        "forms.projects.titles",
    ]


def test_a_plan_file_with_an_unknown_column_is_refused_at_its_line(
    office: Any, tmp_path: Path
) -> None:
    path = tmp_path / "plan.yaml"
    forms = "forms:\n  department:\n    columns: [number, raet]\n"
    path.write_text(forms + EXAMPLE.read_text("utf-8"), "utf-8")
    with pytest.raises(evalflow.InvalidInput) as caught:
        office.engine.load_plan(path)

    (problem,) = caught.value.problems
    assert (problem.line, problem.code) == (3, "unknown_column")
    assert "'rate'" in problem.en


def test_the_bureaus_form_has_a_column_for_every_band_and_no_other(office: Any) -> None:
    bands = [band.name for band in office.engine.plans.head(PLAN).scoring.bands]
    made = office.sheet("bureau", REQUEST, columns=["unit", *(f"band_{name}" for name in bands)])
    assert len(made.tables[0].fields) == 1 + len(bands)
    with pytest.raises(evalflow.InvalidInput, match="band_gold"):
        office.sheet("bureau", REQUEST, columns=["unit", "band_gold"])


def test_an_indicator_s_row_shows_its_own_band_and_the_legend_has_every_one(fresh: Any) -> None:
    """Half of it is 현저히 부진, whatever its project is; the legend says so, too."""
    fresh.self_evaluate("9", Decimal("0.5"), event="amend")
    made = fresh.sheet("bureau", REQUEST)
    slow = made.tables[1]
    rows = [dict(zip(slow.fields, row, strict=True)) for row in slow.texts()]
    lagging = [(row["rate"], row["line_band"]) for row in rows if "▼" in row["line_band"]]
    assert lagging == [("50.0%", "▼▼ 현저히 부진")]
    bands = fresh.engine.plans.head(PLAN).scoring.bands
    remark = made.remarks[-1]
    assert all(band.label.ko in remark for band in bands)
    assert "부진 70% 이상 90% 미만, 현저히 부진 70% 미만" in remark


def test_a_provisional_figure_has_a_sign_that_the_remarks_explain(fresh: Any) -> None:
    assert "잠정치" not in fresh.sheet("department", REQUEST).remarks[-1]
    project = f"{PLAN}/9"
    unit = fresh.engine.project(project).unit
    actuals: dict[str, Any] = {}
    for indicator in fresh.engine.plans.definition(project).indicators:
        target = indicator.targets["2016-Q1"]
        actuals[indicator.id] = target if isinstance(target, Decimal) else "not_due"
    first, target = next((k, v) for k, v in actuals.items() if isinstance(v, Decimal))
    data = {"actuals": {**actuals, first: {"provisional": str(target)}}}
    fresh.engine.fire(project, "amend", by=fresh.engine.actor(PLAN, f"{unit}-1"), data=data)
    made = fresh.sheet("department", REQUEST, columns=["number", "indicator", "actual"])
    table = made.tables[0]
    rows = [dict(zip(table.fields, row, strict=True)) for row in table.texts()]
    marked = [row["actual"] for row in rows if row["actual"].endswith("p")]
    assert marked == [f"{target:,f}p"]
    assert "p 잠정치" in made.remarks[-1]


def test_attachments_end_in_the_word_for_end(office: Any) -> None:
    made = office.sheet("projects", REQUEST, attachments=["목록 1부", "서식 1부"])

    assert made.parts[-1].endings()[-1].endswith("2. 서식 1부.  끝.")


def test_a_form_as_of_a_moment_does_not_know_what_came_later(fresh: Any) -> None:
    moment = fresh.now
    before = fresh.sheet("department", REQUEST)
    fresh.self_evaluate("9", Decimal("0.5"), event="amend")
    past = attrs_with(REQUEST, at=moment)

    assert fresh.sheet("department", past) == before
    assert said(fresh.sheet("department", REQUEST)) != said(before)


def attrs_with(request: FormRequest, **changes: Any) -> FormRequest:
    import attrs

    return attrs.evolve(request, **changes)


def test_what_is_not_there_is_told(office: Any) -> None:
    for request in (
        attrs_with(REQUEST, unit="nowhere"),
        attrs_with(REQUEST, period="2019-Q1"),
        attrs_with(REQUEST, number="999"),
    ):
        with pytest.raises(evalflow.NotFound):
            office.sheet("projects", request)
    with pytest.raises(evalflow.NotFound):
        office.sheet("change", REQUEST)


def test_a_change_is_shown_before_and_after(fresh: Any) -> None:
    project = f"{PLAN}/9"
    unit = fresh.engine.project(project).unit
    indicator = fresh.engine.plans.definition(project).indicators[0]
    fresh.engine.fire(
        project,
        "request_change",
        by=fresh.engine.actor(PLAN, f"{unit}-head-1"),
        data={
            "kind": "target",
            "change": {"indicators": {indicator.id: {"targets": {"2016-Q4": "7"}}}},
            "reason": "사업량 축소",
            "detail": "4분기 목표를 줄임",
            "reported_on": "2016-04-02",
        },
    )
    made = fresh.sheet("change", attrs_with(REQUEST, number="9"))
    row = dict(zip(made.listing.fields, next(made.listing.texts()), strict=True))

    assert (row["before"], row["after"]) == (str(indicator.targets["2016-Q4"]), "7")
    assert (row["reason"], row["decided"]) == ("사업량 축소", "방침 전")
    assert row["part"] == f"성과지표 ‘{indicator.label.ko}’의 2016년 4분기 목표({indicator.unit})"


# ------------------------------------------------------------------ files


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("name", ["projects", "bureau", "department"])
def test_printing_twice_gives_the_same_bytes_and_the_form_agrees(
    office: Any, tmp_path: Path, name: str, suffix: str
) -> None:
    form = office.form(name)
    one, two = tmp_path / f"1.{suffix}", tmp_path / f"2.{suffix}"
    form.write(office.engine, one, REQUEST)
    form.write(office.engine, two, REQUEST)

    assert one.read_bytes() == two.read_bytes()
    assert [f.code for f in form.check(office.engine, one)] == ["agrees"]
    for other in {"projects", "bureau", "department", "change"} - {name}:
        assert office.form(other).check(office.engine, one) is None


def text_of(path: Path) -> str:
    if path.suffix == ".xlsx":
        book = CalamineWorkbook.from_path(str(path))
        return "\n".join(
            str(cell)
            for name in book.sheet_names
            for row in book.get_sheet_by_name(name).to_python()
            for cell in row
        )
    if path.suffix == ".hwpx":
        return str(unhwp.extract_text(str(path)))
    if shutil.which("pdftotext") is None:
        pytest.skip("not on this machine: pdftotext (apt-get install poppler-utils)")
    done = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, check=True)
    return done.stdout.decode()


@pytest.mark.parametrize("suffix", FORMATS)
def test_title_illustration_and_evidence_are_read_back(
    office: Any, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"form.{suffix}"
    line = office.form("bureau").write(office.engine, path, REQUEST)
    text = "".join(text_of(path).split())

    for part in ("국별 총괄 평가서", "※ 예시 자료", "부분공개(5)", "국·소장", line):
        assert "".join(part.split()) in text


@pytest.mark.parametrize("name", ["projects", "bureau", "department"])
def test_calamine_reads_every_cell_as_the_store_has_it(
    office: Any, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "form.xlsx"
    office.form(name).write(office.engine, path, REQUEST)
    made = office.sheet(name, REQUEST)
    book = CalamineWorkbook.from_path(str(path))
    tabs = [table for part in made.parts for table in part.tables if part.apart]
    sheets = [(table,) for table in tabs] or [part.tables for part in made.parts]

    assert len(book.sheet_names) == len(sheets)
    for place, tables in enumerate(sheets):
        rows = iter(book.get_sheet_by_index(place).to_python())
        for table in tables:
            next(row for row in rows if row[0] == table.caption)
            for _ in range(table.head_rows + bool(table.unit)):
                next(rows)
            for row in table.rows:
                read = [each for each in next(rows) if each != ""]
                cells = [cell for cell in row if cell is not None]
                assert len(read) == len(cells)
                for found, cell in zip(read, cells, strict=True):
                    if isinstance(cell.value, Decimal):
                        exact = cell.value / 100 if cell.percent else cell.value
                        assert Decimal(str(found)) == exact
                    else:
                        assert found == cell.shown()


def test_unhwp_reads_every_row_of_the_table(office: Any, tmp_path: Path) -> None:
    path = tmp_path / "form.hwpx"
    columns = ["number", "title", "indicator", "measure", "rate", "band"]
    office.form("department", columns=columns).write(office.engine, path, REQUEST)
    made = office.sheet("department", REQUEST, columns=columns)
    text = unhwp.to_markdown(str(path)).replace("<br>", "\n")
    lines = [
        [cell.strip() for cell in line.strip("| ").split(" |")]
        for line in text.replace("시기\n미도래", "시기미도래").splitlines()
        if line.startswith("| ")
    ]

    for row in made.tables[0].texts():
        wanted = [cell.replace("시기\n미도래", "시기미도래") for cell in row if cell]
        assert any([cell for cell in line if cell] == wanted for line in lines), wanted


def test_a_rate_carries_how_it_was_worked_out(office: Any, tmp_path: Path) -> None:
    path = tmp_path / "form.xlsx"
    columns = ["number", "title", "indicator", "rate"]
    office.form("department", columns=columns).write(office.engine, path, REQUEST)
    page = openpyxl.load_workbook(path).worksheets[0]
    notes = [cell for row in page.iter_rows() for cell in row if cell.comment]

    assert notes
    assert all("%" in cell.number_format and isinstance(cell.value, float | int) for cell in notes)
    assert page.page_setup.orientation == "landscape"
    assert page.print_title_rows
    assert page.freeze_panes


def test_an_edited_cell_is_found_and_named(office: Any, tmp_path: Path) -> None:
    path = tmp_path / "form.xlsx"
    form = office.form("projects")
    form.write(office.engine, path, REQUEST)
    book = openpyxl.load_workbook(path)
    book.worksheets[0]["A9"] = "고침"
    book.save(path)
    findings = form.check(office.engine, path)

    assert [f.code for f in findings] == ["file_changed"]
    assert "A9" in findings[0].ko
    assert not findings[0].agrees


def test_an_edited_text_of_a_document_is_named_by_table_column_and_row(
    office: Any, tmp_path: Path
) -> None:
    path, edited = tmp_path / "form.hwpx", tmp_path / "edited.hwpx"
    form = office.form("projects")
    form.write(office.engine, path, REQUEST)
    wanted = hwpx_writer.cells(path)
    place = next(each for each, text in wanted.items() if each.startswith("T1!B") and text)
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(edited, "w") as new:
        for item in old.infolist():
            data = old.read(item)
            if item.filename == "Contents/section0.xml":
                data = data.replace(f">{wanted[place]}<".encode(), ">고침<".encode(), 1)
            new.writestr(item, data)
    (finding,) = form.check(office.engine, edited)

    assert finding.code == "file_changed"
    assert f"{place}: " in finding.ko
    assert f"{place}: " in finding.en


def test_a_form_still_agrees_when_the_figures_moved_on_and_says_so(
    fresh: Any, tmp_path: Path
) -> None:
    path = tmp_path / "form.hwpx"
    form = fresh.form("department")
    form.write(fresh.engine, path, REQUEST)
    fresh.self_evaluate("9", Decimal("0.5"), event="amend")
    findings = form.check(fresh.engine, path)

    assert [(f.code, f.agrees) for f in findings] == [("agrees", True), ("moved_on", True)]


def test_another_history_does_not_bear_a_form_out(office: Any, fresh: Any, tmp_path: Path) -> None:
    path = tmp_path / "form.pdf"
    fresh.self_evaluate("9", Decimal("0.5"), event="amend")
    fresh.form("department").write(fresh.engine, path, REQUEST)
    findings = office.form("department").check(office.engine, path)

    assert {f.code for f in findings} >= {"history_differs", "store_differs"}
    assert not all(f.agrees for f in findings)


def test_what_is_no_form_is_not_recognised(office: Any, tmp_path: Path) -> None:
    for suffix in FORMATS:
        path = tmp_path / f"broken.{suffix}"
        path.write_bytes(b"not a document")
        assert office.form("projects").check(office.engine, path) is None
    assert Evidence.read("{}") is None


def test_an_unknown_format_is_refused(office: Any, tmp_path: Path) -> None:
    with pytest.raises(evalflow.InvalidInput, match=r"\.hwp"):
        office.form("projects").write(office.engine, tmp_path / "form.hwp", REQUEST)


# ------------------------------------------------------------------ fonts of a PDF


@pytest.fixture
def no_other_fonts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Neither the machine nor a named folder gives a Korean font."""
    monkeypatch.delenv("EVALFLOW_FONTS", raising=False)
    monkeypatch.setattr(pdf_writer, "_of_machine", tuple)
    pdf_writer._chosen.cache_clear()
    yield
    pdf_writer._chosen.cache_clear()


@pytest.mark.parametrize("name", ["projects", "bureau", "department"])
def test_without_a_font_of_the_machine_the_packages_is_embedded(
    office: Any, tmp_path: Path, no_other_fonts: None, name: str
) -> None:
    path = tmp_path / "form.pdf"
    office.form(name).write(office.engine, path, REQUEST)
    fonts = set(pdf_writer.embedded(path))
    # a formula's minus is not in NanumGothic
    assert fonts - {"DejaVuSansMono"} == {"NanumGothic", "NanumGothicBold"}
    reader = pypdf.PdfReader(path)
    tree: Any
    for page in reader.pages:
        tree = page["/Resources"]
        for font in tree["/Font"].values():
            (descendant,) = font.get_object()["/DescendantFonts"]
            described = descendant.get_object()["/FontDescriptor"].get_object()
            assert {"/FontFile2", "/FontFile3"} & set(described)
    text = "".join("".join(page.extract_text() for page in reader.pages).split())
    made = office.sheet(name, REQUEST)
    assert "".join(made.title.split()) in text
    rows = [row for table in made.tables for row in table.texts()]
    for row in rows:
        assert [each for each in row if "".join(each.split()) not in text] == []


def test_the_folder_that_is_named_comes_first(
    office: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also before a font of the machine's that would be preferred, were none named."""
    (tmp_path / "fonts").mkdir()
    for file in evalflow_fonts.folder().iterdir():
        shutil.copy(file, tmp_path / "fonts")
    monkeypatch.setenv("EVALFLOW_FONTS", str(tmp_path / "fonts"))
    office.form("bureau").write(office.engine, tmp_path / "form.pdf", REQUEST)

    assert pdf_writer.embedded(tmp_path / "form.pdf") == ("NanumGothic", "NanumGothicBold")


@pytest.mark.parametrize("there", [True, False])
def test_a_named_folder_without_a_known_font_is_refused(
    office: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    folder = tmp_path / "fonts"
    if there:
        folder.mkdir()
        (folder / "none.ttf").write_bytes(b"no font")
    monkeypatch.setenv("EVALFLOW_FONTS", str(folder))
    with pytest.raises(evalflow.InvalidInput, match="Noto Sans CJK KR, NanumGothic") as caught:
        office.form("bureau").write(office.engine, tmp_path / "form.pdf", REQUEST)

    (problem,) = caught.value.problems
    assert (problem.code, problem.path, problem.value) == (
        "no_korean_font",
        "EVALFLOW_FONTS",
        str(folder),
    )
    assert not (tmp_path / "form.pdf").exists()


def test_without_any_font_the_package_to_install_is_named(
    office: Any, tmp_path: Path, no_other_fonts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "evalflow_fonts", None)
    with pytest.raises(evalflow.InvalidInput) as caught:
        office.form("bureau").write(office.engine, tmp_path / "form.pdf", REQUEST)

    for lang in ("ko", "en"):
        assert "pip install municipal-evalflow-fonts" in caught.value.text(lang)
    assert not (tmp_path / "form.pdf").exists()


def test_a_pdf_is_checked_in_the_font_that_it_was_printed_in(
    office: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Printed with the package's font it agrees on a machine that would print with another."""
    path = tmp_path / "form.pdf"
    form = office.form("department")
    package = next(iter(pdf_writer._of_package()))
    monkeypatch.setattr(pdf_writer, "_chosen", lambda folder: package)
    form.write(office.engine, path, REQUEST)
    other = pdf_writer.Font(families=("DejaVu Sans Mono",))
    monkeypatch.setattr(pdf_writer, "_chosen", lambda folder: other)
    form.write(office.engine, tmp_path / "other.pdf", REQUEST)

    assert pdf_writer.embedded(tmp_path / "other.pdf") != pdf_writer.embedded(path)
    assert [f.code for f in form.check(office.engine, path)] == ["agrees"]


def test_a_pdf_in_a_font_that_is_not_here_is_not_said_to_be_edited(
    office: Any, tmp_path: Path
) -> None:
    path, renamed = tmp_path / "form.pdf", tmp_path / "renamed.pdf"
    form = office.form("department")
    form.write(office.engine, path, REQUEST)
    writer = pypdf.PdfWriter(clone_from=path)
    tree: Any
    for page in writer.pages:
        tree = page["/Resources"]
        for font in tree["/Font"].values():
            name = pypdf.generic.NameObject("/ABCDEF+Batang")
            font.get_object()[pypdf.generic.NameObject("/BaseFont")] = name
    writer.write(renamed)
    (finding,) = form.check(office.engine, renamed)

    assert (finding.code, finding.agrees) == ("other_font", False)
    assert "Batang" in finding.ko
    assert "EVALFLOW_FONTS" in finding.en


# ------------------------------------------------------------------ an office's own file


def test_an_offices_own_workbook_is_filled(office: Any, tmp_path: Path) -> None:
    template, path = tmp_path / "own.xlsx", tmp_path / "form.xlsx"
    book = openpyxl.Workbook()
    page: Any = book.active
    page["A1"] = "우리 구 {{form_title}}"
    page["A4"] = "{{form_evidence}}"
    page["A3"], page["B3"] = "{{indicator}}", "{{actual}}"
    book.save(template)
    form = office.form("department")
    line = form.write(office.engine, path, REQUEST, template=template)
    rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    made = office.sheet("department", REQUEST)
    place = made.listing.fields.index("indicator")

    assert rows[0][0] == "우리 구 부서별 자체 평가서"
    assert [row[0] for row in rows[2:-1]] == [row[place] for row in made.listing.texts()]
    assert rows[-1][0] == line
    assert [f.code for f in form.check(office.engine, path, template=template)] == ["agrees"]


def test_cells_with_defined_names_are_filled(office: Any, tmp_path: Path) -> None:
    from openpyxl.workbook.defined_name import DefinedName

    template, path = tmp_path / "named.xlsx", tmp_path / "form.xlsx"
    book = openpyxl.Workbook()
    page: Any = book.active
    page["A1"] = "사업"
    page["B9"] = "그대로"
    for name, place in (
        ("form_title", "$B$1"),
        ("number", "$A$3"),
        ("title", "$B$3"),
        ("form_evidence", "$A$4"),
        ("ours", "$B$9"),
    ):
        book.defined_names[name] = DefinedName(name, attr_text=f"'{page.title}'!{place}")
    book.save(template)
    line = office.form("projects").write(office.engine, path, REQUEST, template=template)
    rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    table = office.sheet("projects", REQUEST).listing
    number, title = table.fields.index("number"), table.fields.index("title")
    assert rows[0][1] == office.sheet("projects", REQUEST).title
    told = [[str(row[0]).removesuffix(".0"), row[1]] for row in rows[2 : 2 + len(table.rows)]]
    assert told == [[row[number], row[title]] for row in table.texts()]
    assert rows[2 + len(table.rows)][0] == line
    assert any("그대로" in row for row in rows)


def test_an_offices_own_document_is_filled(office: Any, tmp_path: Path) -> None:
    import hwpx

    template, path = tmp_path / "own.hwpx", tmp_path / "form.hwpx"
    document = hwpx.HwpxDocument.new()
    document.add_paragraph("{{form_title}} / {{number.1}} / {{rate.1}}")
    template.write_bytes(document.to_bytes())
    form = office.form("department")
    form.write(office.engine, path, REQUEST, template=template)
    made = office.sheet("department", REQUEST)
    first = dict(zip(made.listing.fields, next(made.listing.texts()), strict=True))

    assert f"{made.title} / {first['number']} / {first['rate']}" in unhwp.extract_text(str(path))
    assert [f.code for f in form.check(office.engine, path, template=template)] == ["agrees"]


def test_a_form_field_of_hangul_is_filled(office: Any, tmp_path: Path) -> None:
    import hwpx

    template, path = tmp_path / "own.hwpx", tmp_path / "form.hwpx"
    document = hwpx.HwpxDocument.new()
    document.fields.add("form_date", prompt="시행일자")
    template.write_bytes(document.to_bytes())
    office.form("bureau").write(office.engine, path, REQUEST, template=template)

    assert "2016. 4. 2." in unhwp.extract_text(str(path))


def test_every_unknown_field_of_a_template_is_told(office: Any, tmp_path: Path) -> None:
    template = tmp_path / "own.xlsx"
    book = openpyxl.Workbook()
    page: Any = book.active
    page["A1"], page["A2"] = "{{titel}}", "{{nothing}}"
    book.save(template)
    with pytest.raises(evalflow.InvalidInput) as caught:
        office.form("projects").write(
            office.engine, tmp_path / "x.xlsx", REQUEST, template=template
        )

    assert [p.value for p in caught.value.problems] == ["titel", "nothing"]
    assert not (tmp_path / "x.xlsx").exists()


# ------------------------------------------------------------------ from the shell


@pytest.mark.slow
def test_the_command_makes_a_form_and_tells_a_good_one_from_an_edited_one(
    fresh: Any, tmp_path: Path
) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        store = ["--store", str(tmp_path / "office.db"), "--lang", "en"]
        command = [sys.executable, "-m", "evalflow.cli", *store, "form", *words]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    form = str(tmp_path / "form.xlsx")
    assert "department" in run("list").stdout
    assert run("make", "department", "--period", "2016-Q1", "-o", form).returncode == 0
    assert run("check", form).returncode == 0
    book = openpyxl.load_workbook(form)
    book.worksheets[0]["A9"] = "999"
    book.save(form)
    edited = run("check", form)
    assert (edited.returncode, "A9" in edited.stdout) == (1, True)
    (tmp_path / "no.xlsx").write_bytes(b"")
    assert run("check", str(tmp_path / "no.xlsx")).returncode == 2


# ------------------------------------------------------------------ how they look


def boxes(pdf: Path) -> Iterator[tuple[int, float, float, float, float, str]]:
    """Yield every word of a PDF with its page and place, and check it lies on the page."""
    import re

    done = subprocess.run(["pdftotext", "-bbox", pdf, "-"], capture_output=True, check=True)
    number, wide, high = 0, 0.0, 0.0
    for line in done.stdout.decode().splitlines():
        if page := re.search(r'<page width="([\d.]+)" height="([\d.]+)"', line):
            number += 1
            wide, high = float(page[1]), float(page[2])
        if word := re.search(
            r'xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">(.*?)</', line
        ):
            left, top, right, bottom = (float(word[n]) for n in range(1, 5))
            assert 0 <= left <= right <= wide, word[5]
            assert 0 <= top <= bottom <= high, word[5]
            yield number, left, top, right, bottom, word[5]


def overlaps(pdf: Path, *, half: str = "") -> list[tuple[str, str]]:
    """Words that lie over each other. A sign of `half` is half as wide as it is drawn: 함초롬바탕
    has 「 on half an em and rhwp advances by that, but draws the glyph of the font it has."""
    words = sorted(boxes(pdf))
    found = []
    for place, (page, left, top, edge, bottom, text) in enumerate(words):
        right = (left + edge) / 2 if half and text == half else edge
        for other in words[place + 1 :]:
            if other[0] != page or other[1] >= right - 0.5:
                break
            tall = min(bottom, other[4]) - max(top, other[2])
            if tall > 0.5 * min(bottom - top, other[4] - other[2]):
                found.append((text, other[5]))
    return found


def rendered(path: Path, folder: Path) -> Path:
    pdf = folder / f"{path.stem}-{path.suffix[1:]}.pdf"
    if path.suffix == ".xlsx":
        office = shutil.which("soffice")
        if office is None:
            pytest.skip("not on this machine: LibreOffice (apt-get install libreoffice-calc)")
        profile = (folder / "profile").as_uri()
        subprocess.run(
            [office, f"-env:UserInstallation={profile}", "--headless", "--convert-to",
             "pdf:calc_pdf_Export", "--outdir", folder / "made", path],
            capture_output=True, check=True, timeout=120,
        )  # fmt: skip
        return folder / "made" / f"{path.stem}.pdf"
    import ctypes

    try:
        ctypes.CDLL("libfreetype.so.6", mode=ctypes.RTLD_GLOBAL)
    except OSError as why:
        pytest.skip(f"not on this machine: FreeType (apt-get install libfreetype6): {why}")
    import rhwp

    pdf.write_bytes(bytes(rhwp.parse(str(path)).render_pdf()))
    return pdf


@pytest.mark.slow
@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("name", ["projects", "bureau", "department"])
def test_rendered_every_word_is_on_the_page_and_none_lies_over_another(
    office: Any, tmp_path: Path, name: str, suffix: str
) -> None:
    if shutil.which("pdftotext") is None:
        pytest.skip("not on this machine: pdftotext (apt-get install poppler-utils)")
    path = tmp_path / f"{name}.{suffix}"
    office.form(name).write(office.engine, path, attrs_with(REQUEST, unit=None))
    pdf = path if suffix == "pdf" else rendered(path, tmp_path)
    text = "".join(word[5] for word in boxes(pdf))

    if folder := os.environ.get("EVALFLOW_PICTURES"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        picture = Path(folder).resolve() / f"{name}-{suffix}"
        subprocess.run(["pdftoppm", "-r", "80", "-png", pdf, picture], check=True)
    assert overlaps(pdf, half="「" if suffix == "hwpx" else "") == []
    title = office.sheet(name, REQUEST).title
    assert "".join(title.split()) in text
