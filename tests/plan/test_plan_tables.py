"""Plans as tables: exported and imported again nothing changes; what is changed, changes; every
wrong cell is named."""

from __future__ import annotations

import io
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import attrs
import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

import evalflow
from evalflow import cli
from evalflow.errors import InvalidInput
from evalflow.files.table_writer import write_table
from evalflow.plan.definition import Plan
from evalflow.plan.differences import differences
from evalflow.plan.listing import list_budgets, list_projects, list_schedule, list_targets
from evalflow.plan.load import load_plan, with_tables
from evalflow.plugins import NotDue
from offices import PLAN

EXAMPLE = Path(__file__).parents[2] / "examples" / "seodaemun-2016" / "plan.yaml"
LISTS = {
    "projects": list_projects,
    "budgets": list_budgets,
    "targets": list_targets,
    "schedule": list_schedule,
}


@cache
def example() -> Plan:
    return evalflow.load_plan(EXAMPLE, plugins=[])


def exported(plan: Plan, name: str, path: Path, *, lang: str = "ko", **more: Any) -> Path:
    table = LISTS[name](plan.head, plan.projects.values(), lang=lang)
    write_table(path, table.heads, table.rows, sheet=table.name, **more)
    return path


def changed(plan: Plan, path: Path) -> dict[tuple[str | None, str], str | None]:
    laid = with_tables(plan, [path])
    return {
        (each.number, each.path): each.after for each in differences(laid, plan.head, plan.projects)
    }


def bare(project: evalflow.ProjectDefinition) -> evalflow.ProjectDefinition:
    """The project without ids of steps, and reasons of targets that are not due."""
    indicators = tuple(attrs.evolve(each, steps=()) for each in project.indicators)
    return attrs.evolve(project, indicators=indicators)


def sheet(path: Path, *rows: Any) -> Path:
    write_table(path, rows[0], rows[1:])
    return path


# --------------------------------------------------------------------------- there and back


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("lang", ["ko", "en"])
@pytest.mark.parametrize("ending", ["xlsx", "csv", "cp949.csv"])
def test_a_table_exported_and_imported_again_changes_nothing(name, lang, ending, tmp_path):
    more = {"encoding": "cp949"} if ending.startswith("cp949") else {}
    path = exported(example(), name, tmp_path / f"t.{ending}", lang=lang, **more)
    assert changed(example(), path) == {}


def test_all_tables_together_make_the_plan_from_its_head_alone(tmp_path):
    text = EXAMPLE.read_text(encoding="utf-8")
    (tmp_path / "head.yaml").write_text(text[: text.index("\nprojects:")], encoding="utf-8")
    tables = [exported(example(), name, tmp_path / f"{name}.xlsx") for name in LISTS]
    made = evalflow.load_plan(tmp_path / "head.yaml", tables=tables, plugins=[])

    assert list(made.projects) == list(example().projects)
    for number, project in example().projects.items():
        # what no table has a column for
        cards = tuple(evalflow.Label(each.ko, each.ko) for each in project.cards)
        blank: dict[str, Any] = {"cards": cards, "illustrative": False}
        assert bare(made.projects[number]) == bare(attrs.evolve(project, **blank))
    steps = [step.label.ko for step in made.projects["4"].indicators[0].steps]
    assert steps == [step.label.ko for step in example().projects["4"].indicators[0].steps] != []


def test_months_cards_and_a_term_stand_in_tables(tmp_path):
    """R29, R32, R39: a plan that is kept as tables is not poorer than one in YAML."""
    heads = ("관리번호", "사업기간", "3월", "2016년 4월 추진계획", "관리카드")
    row = ("6", "2016. 4. ~ 2016. 11.", "공모", "-", "가; 나")
    found = changed(example(), sheet(tmp_path / "t.csv", heads, row))
    assert found[("6", "start")] == "2016-04-01"
    assert found[("6", "end")] == "2016-11-30"
    assert found[("6", "schedule.2016-03")] == "공모"
    assert found[("6", "schedule.2016-04")] is None
    assert found[("6", "cards")] == '[{"ko":"가"},{"ko":"나"}]'
    with pytest.raises(InvalidInput) as error:
        changed(
            example(), sheet(tmp_path / "w.csv", heads[:2], ("6", "2016년"), ("8", "3월 ~ 4월"))
        )
    assert [each.cell for each in error.value.problems] == ["B2", "B3", "B3"]


@pytest.mark.parametrize(
    ("start", "end", "wrong"),
    [("2016-04-01", "2016-11-30", []), ("2016-05-01", "", ["B2"]), ("", "2016. 12.", ["B2"]),
     ("2016. 4.", "2016. 11.", []), ("2016-05-01", "2016-12-31", ["B2", "B2"])],
)  # fmt: skip
def test_a_term_agrees_with_the_days_beside_it(start, end, wrong, tmp_path):
    """The term was taken, and what stood in a column of its own lost."""
    heads = ("관리번호", "사업기간", "시작일", "종료일")
    row = ("6", "2016. 4. ~ 2016. 11.", start, end)
    path = sheet(tmp_path / "t.csv", heads, row)
    if not wrong:
        assert changed(example(), path)[("6", "end")] == "2016-11-30"
        return
    with pytest.raises(InvalidInput) as error:
        changed(example(), path)
    assert [each.cell for each in error.value.problems] == wrong
    assert {each.code for each in error.value.problems} == {"term_differs"}


@pytest.mark.parametrize(
    "steps",
    ["설계(30%); 착공(2)", "설계(1,5); 착공", "설계(1.); 착공", "설계(1); 착공(2); 설계(3)",
     "설계!; 설계?", "설계(/2)", "설계(1/0)"],
)  # fmt: skip
def test_a_step_whose_weight_is_none_or_that_stands_twice_is_told(steps, tmp_path):
    """A weight that was not read counted as 1; of two steps of one name the first was lost."""
    indicator = example().projects["4"].indicators[0].label.ko
    path = sheet(tmp_path / "t.csv", ("관리번호", "성과지표", "단계"), ("4", indicator, steps))
    with pytest.raises(InvalidInput) as error:
        changed(example(), path)
    assert [each.cell for each in error.value.problems] == ["C2"]


def test_brackets_behind_a_step_s_name_may_be_words(tmp_path):
    indicator = example().projects["4"].indicators[0].label.ko
    heads = ("관리번호", "성과지표", "단계")
    path = sheet(tmp_path / "t.csv", heads, ("4", indicator, "설계(1차); 착공(본관)(7);"))
    plan = with_tables(example(), [path])
    steps = plan.projects["4"].indicators[0].steps
    assert [each.label.ko for each in steps] == ["설계(1차)", "착공(본관)"]
    assert [each.weight for each in steps] == [1, 7]


names = st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1, max_size=20).map(
    lambda text: " ".join(text.split())
)
figures = st.decimals(-(10**9), 10**9, places=2, allow_nan=False).map(lambda each: f"{each:f}")
targets = (
    figures | st.just({"not_due": ""}) | names.filter(str.isalnum).map(lambda why: {"not_due": why})
)


@pytest.mark.counting
@settings(max_examples=40, deadline=None)
@given(
    st.lists(targets, min_size=4, max_size=4),
    names.filter(lambda text: text not in "-–—" and not text.startswith("'")),
    st.sampled_from(["1", "0.5", "1/3", "0"]),
    st.integers(0, 10**15),
    st.sampled_from(["xlsx", "csv"]),
)
@pytest.mark.slow
def test_whatever_a_plan_says_comes_back(tmp_path_factory, values, title, weight, won, ending):
    from evalflow.plan.patch import merge_patch
    from evalflow.plan.project import definition_from_tree

    plan, folder = _small(), tmp_path_factory.mktemp("t")
    periods = [each.text for each in evalflow.Calendar(plan.head.calendar).periods()]
    before = plan.projects["3"]
    patch = {
        "ko": title,
        "budget": {"sources": {"구비": str(won)}},
        "indicators": {
            "metres": {"targets": dict(zip(periods, values, strict=True)), "weight": weight}
        },
    }
    tree = merge_patch(before.tree, patch)
    try:
        after = definition_from_tree(plan.head, "3", tree)
    except InvalidInput:
        return  # no plan could say it either
    plan = attrs.evolve(plan, projects={**plan.projects, "3": after})
    for name in LISTS:
        assert changed(plan, exported(plan, name, folder / f"{name}.{ending}")) == {}


@cache
def _small() -> Plan:
    return load_plan(
        PLAN.encode(), lifecycle=lambda name: evalflow.load_lifecycle(name, plugins=[])
    )


# --------------------------------------------------------------------------- what changes


def test_a_changed_cell_changes_just_that(tmp_path):
    path = exported(example(), "targets", tmp_path / "t.xlsx")
    book = openpyxl.load_workbook(path)
    page: Any = book.active
    heads = {cell.value: cell.column for cell in page[1]}
    assert page.cell(2, heads["2016년 2분기 목표"]).value == 80
    page.cell(2, heads["2016년 2분기 목표"]).value = 90
    page.cell(2, heads["2016년 3분기 목표"]).value = "시기미도래: 공사 중"
    page.cell(2, heads["단위"]).value = None  # a blank says nothing
    book.save(path)
    assert changed(example(), path) == {
        ("1", "indicators.proposals.targets.2016-Q2"): "90",
        ("1", "indicators.proposals.targets.2016-Q3"): '{"not_due":"공사 중"}',
    }


def test_a_list_as_offices_keep_it_is_understood(tmp_path):
    """A title, a unit above, merged heads, rounded millions, units by an older name, a total."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    page = book.add_worksheet("붙임 1")
    page.merge_range("A1:H1", "2016년 주요업무 대상사업 목록")
    page.write("H2", "(단위: 백만원)")
    for column, head in enumerate(["관리\n번호", "사 업 명", "담당 부서", "분야"]):
        page.merge_range(2, column, 3, column, head)
    page.merge_range(2, 4, 2, 6, "사업비")
    page.write_row(3, 4, ["계", "구비", "기타"])
    page.merge_range(2, 7, 3, 7, "비고")
    page.write_row(4, 0, ["1", "주민참여예산제 운영", "정책기획담당관", "참여"])
    page.write_row(4, 4, [48, 48, "-"])
    page.write_row(5, 0, ["합계", None, None, None, 48, 48])
    book.close()
    path = tmp_path / "list.xlsx"
    path.write_bytes(out.getvalue())
    plan = example()
    field = plan.projects["1"].field
    again = openpyxl.load_workbook(path)
    cells: Any = again.active
    cells["D5"] = plan.head.fields[field].ko
    cells["F5"] = cells["E5"] = 49
    again.save(path)
    assert changed(plan, path) == {("1", "budget.sources.구비"): "49000000"}
    notes = with_tables(plan, [path]).notes
    assert {note.code for note in notes} == {
        "columns_not_used",
        "total_left_out",
        "content_lacking",  # 49 in all, and the quarters still need 48
    }


def test_a_dash_takes_out_and_a_new_row_adds(tmp_path):
    plan = example()
    number = next(n for n, each in plan.projects.items() if each.core_project)
    projects = sheet(
        tmp_path / "p.csv",
        ["번호", "사업명", "부서", "분야", "핵심 프로젝트", "구분", "협조부서"],
        [number, None, None, None, "-", None, None],
        ["44", "마을도서관", "문화체육과", "문화·교육", None, "신규", "재무과; 세무과"],
    )
    field = plan.head.fields[plan.projects["6"].field].ko
    projects.write_text(
        projects.read_text("utf-8-sig").replace("문화·교육", field), encoding="utf-8"
    )
    targets = sheet(
        tmp_path / "t.csv",
        ["번호", "지표", "단위", "방향", "누계방식", "1/4분기", "2분기", "3분기 목표", "2016-Q4"],
        ["44", "새 책 (권)", "권", "상향", "합계", "1,000", 10, "-", "시기미도래"],
    )
    laid = with_tables(plan, [projects, targets])
    added = laid.projects["44"]
    assert laid.projects[number].core_project is None
    assert (added.cooperating, added.kind) == (("finance", "tax"), "new")
    assert [i.id for i in added.indicators] == ["새-책-권"]
    assert added.indicators[0].targets["2016-Q1"] == Decimal(1000)
    assert isinstance(added.indicators[0].targets["2016-Q4"], NotDue)


def test_a_project_that_moves_says_its_days_in_the_cell(tmp_path):
    said = "문화체육과(~2016-06-30); 마을자치과(2016-07-01~)"
    path = sheet(tmp_path / "p.csv", ["관리번호", "담당부서"], ["6", said])
    laid = with_tables(example(), [path])
    units = [
        (each.unit, str(each.since), str(each.until)) for each in laid.projects["6"].assignments
    ]
    assert units == [("culture-sports", "None", "2016-06-30"), ("village", "2016-07-01", "None")]
    assert changed(laid, exported(laid, "projects", tmp_path / "again.xlsx")) == {}


# --------------------------------------------------------------------------- what is wrong


def test_every_wrong_cell_is_named_at_once(tmp_path):
    projects = sheet(
        tmp_path / "p.xlsx",
        ["관리번호", "담당부서", "분야", "시작일", "구비(백만원)", "사업비(백만원)"],
        ["1", "정책기획담당과", "복지", "2016. 13. 1.", 48, 48],
        ["1", None, None, None, None, None],
        ["가 나", None, None, None, None, None],
        ["2", None, None, None, 30, 40],
    )
    targets = sheet(
        tmp_path / "t.csv",
        ["관리번호", "성과지표", "방향", "2016-Q1"],
        ["1", "주민 제안사업 접수", "위", "많이"],
        ["99", "주민 제안사업 접수", None, 1],
    )
    with pytest.raises(InvalidInput) as caught:
        with_tables(example(), [projects, targets])
    found = {
        (each.code, each.where().removeprefix(f"{tmp_path}/")) for each in caught.value.problems
    }
    assert found >= {
        ("unknown_unit", "p.xlsx:Sheet1!B2"),
        ("bad_date", "p.xlsx:Sheet1!D2"),
        ("repeated", "p.xlsx:Sheet1!A3"),
        ("bad_name", "p.xlsx:Sheet1!A4"),
        ("total_differs", "p.xlsx:Sheet1!F5"),
        ("unknown_direction", "t.csv:C2"),
        ("not_a_figure", "t.csv:D2"),
        ("unknown_number", "t.csv:A3"),
    }
    assert "정책기획담당관" in str(caught.value)


def test_what_a_new_project_lacks_is_told_at_its_row(tmp_path):
    path = sheet(tmp_path / "p.csv", ["관리번호", "사업명"], ["44", "마을도서관"])
    with pytest.raises(InvalidInput) as caught:
        with_tables(example(), [path])
    lacking = {(each.code, each.en.split(" (")[0], each.cell) for each in caught.value.problems}
    assert lacking == {
        ("missing_key", f"needs '{key}'", "A2") for key in ("unit", "field", "indicators")
    }


def test_a_plan_s_own_rules_are_told_at_the_cell(tmp_path):
    path = sheet(
        tmp_path / "t.csv",
        ["관리번호", "성과지표", "방향", "가중치"],
        ["1", "주민 제안사업 접수", "유지", "-1"],
    )
    with pytest.raises(InvalidInput) as caught:
        with_tables(example(), [path])
    assert {each.cell for each in caught.value.problems} >= {"D2"}
    assert all(each.cell for each in caught.value.problems)


def test_actuals_are_no_part_of_a_plan(tmp_path):
    path = sheet(tmp_path / "a.csv", ["관리번호", "성과지표", "실적"], ["1", "x", 3])
    with pytest.raises(InvalidInput, match="batch plan self_evaluate"):
        with_tables(example(), [path])


# --------------------------------------------------------------------------- the command line


@pytest.fixture
def run(tmp_path, monkeypatch, capsys, plan_file):
    monkeypatch.setenv("EVALFLOW_STORE", str(tmp_path / "office.db"))
    monkeypatch.setenv("EVALFLOW_LANG", "en")
    monkeypatch.setenv("EVALFLOW_PLUGINS", "")
    monkeypatch.chdir(tmp_path)

    def command(*words: str) -> tuple[int, str, str]:
        code = cli.run(list(words))
        captured = capsys.readouterr()
        assert "Traceback" not in captured.out + captured.err
        return code, captured.out, captured.err

    return command


def test_a_dry_run_shows_what_would_change_and_writes_nothing(run, tmp_path):
    code, out, _ = run("plan", "import", "plan.yaml", "--as", "policy-1", "--dry-run")
    assert (code, "new project" in out, (tmp_path / "office.db").exists()) == (0, True, False)
    assert run("plan", "import", "plan.yaml", "--as", "policy-1")[0] == 0
    assert run("plan", "export", "--table", "targets", "-o", "t.csv")[0] == 0
    code, out, _ = run("plan", "import", "t.csv", "--as", "policy-1", "--dry-run")
    assert (code, out.strip()) == (0, "Nothing would change.")

    text = (tmp_path / "t.csv").read_text("utf-8-sig")
    assert ",400," in text
    (tmp_path / "t.csv").write_text(text.replace(",400,", ",401,", 1), "utf-8")
    code, out, _ = run("plan", "import", "t.csv", "--as", "policy-1", "--dry-run")
    assert (code, "401" in out, "Nothing was written" in out) == (0, True, True)
    assert "change procedure (request_change)" in out
    assert "will be refused" in out
    code, _, err = run("plan", "import", "t.csv", "--as", "policy-1", "--reason", "agreed")
    assert (code, "indicators.metres.targets.2016-Q1: 400 -> 401" in err) == (1, True)
    assert "revision 1" in run("plan", "show")[1]

    assert run("plan", "export", "--table", "projects", "-o", "p.csv")[0] == 0
    text = (tmp_path / "p.csv").read_text("utf-8-sig")
    assert "Footpaths" in text
    (tmp_path / "p.csv").write_text(text.replace("Footpaths", "Footways"), "utf-8")
    code, out, _ = run("plan", "import", "p.csv", "--as", "policy-1", "--dry-run")
    assert (code, "revision of the plan" in out, "will be refused" in out) == (0, True, False)
    code, _, err = run("plan", "import", "p.csv", "--as", "policy-1")
    assert (code, "reason" in err) == (1, True)
    code, out, _ = run("plan", "import", "p.csv", "--as", "policy-1", "--reason", "agreed")
    assert (code, out.strip()) == (0, "gu: revision 2, 3 projects")
    code, _, err = run("plan", "import", "t.csv", "--as", "road-1", "--dry-run")
    assert code == 1, err


def test_actuals_leave_as_a_table_and_come_back_as_a_batch(run):
    assert run("plan", "import", "plan.yaml", "--as", "policy-1")[0] == 0
    figures = ("--set", "actuals.metres=400", "--set", "actuals.complaints=50")
    assert run("fire", "gu/3", "self_evaluate", "--as", "road-1", *figures)[0] == 0
    words = ("plan", "export", "--table", "actuals", "--unit", "road", "-o", "a.xlsx")
    assert run(*words)[0] == 0
    page: Any = openpyxl.load_workbook("a.xlsx").active
    rows = {row[2]: row[3] for row in page.iter_rows(min_row=2, values_only=True)}
    assert sorted(rows.values()) == [50, 400]
    code, out, err = run(
        *("batch", "plan", "amend", "--as", "road-1", "--figures", "a.xlsx", "-o", "b.jsonl")
    )
    assert code in (0, 1), err
    assert "gu/3" in out


def book(path: str, sheets: dict[str, Any], hidden_row: int | None = None) -> None:
    made = openpyxl.Workbook()
    made.remove(made.worksheets[0])
    for name, rows in sheets.items():
        page = made.create_sheet(name)
        for row in rows:
            page.append([each[0] if isinstance(each, tuple) else each for each in row])
            for cell, each in zip(page[page.max_row], row, strict=False):
                if isinstance(each, tuple):
                    cell.number_format = each[1]
        if hidden_row is not None:
            page.row_dimensions[hidden_row].hidden = True
    made.save(path)


def test_an_import_names_the_sheets_that_it_leaves_aside_and_takes_those_that_are_named(run):
    assert run("plan", "import", "plan.yaml", "--as", "policy-1")[0] == 0
    book(
        "b.xlsx",
        {
            "사업": [["관리번호", "구비(백만원)"], ["1", 100]],
            "예산": [["관리번호", "구비(백만원)"], ["1", 120]],
            "비고": [["관리번호", "적요"], ["1", "가"]],
        },
    )
    words = ("plan", "import", "b.xlsx", "--as", "policy-1", "--dry-run")
    code, _, err = run(*words)  # two of them say the same: the first was taken
    assert (code, "several sheets have such a table: '사업', '예산'" in err) == (2, True)
    _, out, err = run(*words, "--sheet", "사업")
    assert (out.strip(), err) == ("Nothing would change.", "")
    _, out, err = run(*words, "--sheet", "예산")
    assert ("120000000" in out.replace(",", ""), err) == (True, "")
    code, _, err = run(*words, "--sheet", "예선")
    assert (code, "no sheet '예선' (there are: 사업, 예산, 비고)" in err) == (2, True)


def test_an_import_tells_hidden_rows_and_leaves_them_out_where_it_is_asked_to(run):
    assert run("plan", "import", "plan.yaml", "--as", "policy-1")[0] == 0
    book("b.xlsx", {"사업": [["관리번호", "구비(백만원)"], ["1", 110], ["3", 30]]}, hidden_row=3)
    words = ("plan", "import", "b.xlsx", "--as", "policy-1", "--dry-run")
    _, out, err = run(*words)
    assert ("30000000" in out.replace(",", ""), "--visible-rows" in err) == (True, True)
    _, out, err = run(*words, "--visible-rows")
    assert ("30000000" in out.replace(",", ""), "left out rows" in err) == (False, True)


def test_a_formula_never_calculated_is_no_blank_cell(run):
    assert run("plan", "import", "plan.yaml", "--as", "policy-1")[0] == 0
    book(
        "b.xlsx", {"t": [["관리번호", "성과지표", "2016년 1분기 목표"], ["1", "schools", "=20+9"]]}
    )
    code, _, err = run("plan", "import", "b.xlsx", "--as", "policy-1", "--dry-run")
    assert (code, "b.xlsx:t!C2: a formula that was never calculated" in err) == (2, True)


def test_days_are_months_where_months_are_meant_and_far_ones_get_a_word(run):
    assert run("plan", "import", "plan.yaml", "--as", "policy-1")[0] == 0
    rows = [
        ["관리번호", "시작일", "종료일"],
        ["1", "2016. 2.", "2016. 11."],
        ["2", "1916. 2. 24.", "2016-12-30 00:00:00"],
    ]
    book("b.xlsx", {"사업": rows})
    _, out, err = run("plan", "import", "b.xlsx", "--as", "policy-1", "--dry-run")
    assert all(day in out for day in ("2016-02-01", "2016-11-30", "1916-02-24", "2016-12-30"))
    assert "the month '2016. 11.' was read as 2016-11-30" in err
    assert "사업!B3: a day more than 20 years from the plan's: 1916-02-24" in err


def test_figures_are_shown_with_their_rates_and_what_is_far_off_is_marked(run):
    assert run("plan", "import", "plan.yaml", "--as", "policy-1")[0] == 0
    rows = [
        ["관리번호", "성과지표", "실적"],
        ["1", "schools", 9],
        ["1", "lessons", 60_000],
        ["2", "centres", (0.05, "0%")],
        ["3", "metres", -400],
        ["3", "complaints", (50.4, "0")],
    ]
    book("f.xlsx", {"1분기": rows, "메모": [["x"]]})
    words = ("batch", "plan", "self_evaluate", "--as", "policy-1", "-o", "b.jsonl")
    _, out, err = run(*words, "--figures", "f.xlsx")
    lines = [line for line in out.splitlines() if line.strip()[:1] in "123"]
    told = {line.split()[1]: line for line in lines if "⚠" in line}
    assert sorted(told) == ["Centres", "Lessons", "Metres"], out
    assert "600 times the target" in told["Lessons"]
    assert "60000.0%" in told["Lessons"]
    assert "written with '%', but the indicator's unit is '개소'" in told["Centres"]
    assert "below zero" in told["Metres"]
    assert any("Schools" in line and "90.0%" in line for line in lines)
    assert "left aside: '메모'" in err
    assert "read 50.4, which the cell shows as 50" in err


def test_an_actual_that_is_not_due_says_why_in_its_cell_and_comes_back(run, tmp_path):
    assert run("plan", "import", "plan.yaml", "--as", "policy-1")[0] == 0
    why = ("--set", 'actuals.metres={"not_due": "보상 협의 중"}', "--set", "actuals.complaints=50")
    code, _, err = run("fire", "gu/3", "self_evaluate", "--as", "road-1", *why)
    assert code == 0, err
    assert run("plan", "export", "--table", "actuals", "-o", "a.csv")[0] == 0
    lines = (tmp_path / "a.csv").read_text("utf-8-sig").splitlines()
    assert any("시기미도래: 보상 협의 중" in line for line in lines)
    own = [line for line in lines[1:] if line.startswith("3,")]
    (tmp_path / "a.csv").write_text("\n".join([lines[0], *own]), "utf-8")
    words = ("batch", "plan", "amend", "--as", "road-1", "--where", "number=3")
    code, out, err = run(*words, "--figures", "a.csv", "-o", "b.jsonl")
    assert code == 0, out + err
    assert "보상 협의 중" in (tmp_path / "b.jsonl").read_text("utf-8")


@pytest.mark.parametrize(
    ("head", "name"), [("실적(천회)", "lessons"), ("실적(백만개교)", "schools")]
)
def test_figures_under_another_unit_than_the_indicators_are_refused(run, head, name):
    assert run("plan", "import", "plan.yaml", "--as", "policy-1")[0] == 0
    book("f.xlsx", {"1분기": [["관리번호", "성과지표", head], ["1", name, 9]]})
    words = ("batch", "plan", "self_evaluate", "--as", "policy-1", "-o", "b.jsonl")
    code, _, err = run(*words, "--figures", "f.xlsx")
    assert (code, "is not the indicator's" in err) == (2, True)
