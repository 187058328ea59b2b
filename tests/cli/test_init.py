"""An office begins with a workbook, and changes it later: no YAML, and no JSON on the screen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

import evalflow
import gana
from evalflow import cli
from evalflow.files.book_writer import EXAMPLE, HEADS, HINTS
from evalflow.lifecycle.sources import presets

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in an empty folder, in Korean, and give (exit code, output, complaints)."""
    for name in ("EVALFLOW_STORE", "EVALFLOW_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("EVALFLOW_LANG", "ko")
    monkeypatch.setenv("EVALFLOW_PLUGINS", "")
    monkeypatch.chdir(tmp_path)

    def command(*words: str) -> tuple[int, str, str]:
        code = cli.run(list(words))
        captured = capsys.readouterr()
        assert "Traceback" not in captured.out + captured.err
        return code, captured.out, captured.err

    return command


def edited(path: str, change: Callable[[Any], None], out: str | None = None) -> str:
    """Change a workbook as a person does in a spreadsheet."""
    book = openpyxl.load_workbook(path)
    change(book)
    book.save(out or path)
    return out or path


def lines(page: Any) -> dict[str, list[Any]]:
    """Return the filled lines of a sheet by their first cell."""
    return {
        str(row[0].value): list(row)
        for row in page.iter_rows(min_row=HEADS + 1)
        if row[0].value is not None
    }


def column(page: Any, head: str) -> int:
    """Return the place of a column, from 0, by its heading."""
    return next(int(cell.column) - 1 for cell in page[HEADS] if str(cell.value).startswith(head))


@pytest.fixture(scope="module")
def filled_in(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The workbook of 가나구, filled in from its own files, with the one reason they leave out."""
    path = tmp_path_factory.mktemp("gana") / "start.xlsx"
    words = ("--lang", "ko", "init", "--yes", "--office", "가나구", "--year", "2027")
    assert cli.run([*words, "-o", str(path)]) == 0
    gana.fill(path)

    def reason(book: Any) -> None:
        for row in book["지표·목표"].iter_rows(min_row=HEADS + 1):
            for cell in row:
                if cell.value == "-":
                    cell.value = "시기미도래: 설치 전"

    edited(str(path), reason)
    return path.read_bytes()


@pytest.fixture
def filled(run: Run, filled_in: bytes) -> str:
    """The name of that workbook in the folder of the test."""
    Path("start.xlsx").write_bytes(filled_in)
    return "start.xlsx"


@pytest.fixture
def begun(run: Run, filled: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The office with its store made."""
    assert run("init", "--from", filled, "--as", "plan-1")[0] == 0
    monkeypatch.setenv("EVALFLOW_STORE", "office.db")
    return run


# --------------------------------------------------------------------------- a blank workbook


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_a_blank_workbook_has_headings_hints_an_example_and_drop_downs(run: Run, lang: str) -> None:
    code, out, _ = run("--lang", lang, "init", "--yes", "--year", "2027", "-o", "a.xlsx")
    assert (code, "init --from a.xlsx" in out) == (0, True)
    book = openpyxl.load_workbook("a.xlsx")
    names = {"ko": ("기관", "사람·역할", "일정·설정"), "en": ("Units", "People", "Settings")}[lang]
    for name in names[:2]:
        page = book[name]
        assert page.cell(HINTS, 1).value
        assert page.cell(EXAMPLE, 1).value
        assert page.cell(HEADS, 1).value
        assert page.data_validations.dataValidation
    assert "2027" in {str(row[1].value) for row in book[names[2]].iter_rows(min_row=HEADS + 1)}


@pytest.mark.parametrize("preset", presets())
def test_a_workbook_is_made_from_every_preset(run: Run, preset: str) -> None:
    assert run("init", "--yes", "--preset", preset, "--year", "2027", "-o", "a.xlsx")[0] == 0
    settings = openpyxl.load_workbook("a.xlsx")["일정·설정"]
    assert lines(settings)["평가 절차"][1].value == preset


def test_the_terminal_asks_for_office_year_and_bureaus(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["다라구", 2028, "행정국, 복지국"])
    monkeypatch.setattr("click.prompt", lambda *_, **__: next(answers))
    assert run("init", "-o", "a.xlsx")[0] == 0
    units = lines(openpyxl.load_workbook("a.xlsx")["기관"])
    assert list(units) == ["다라구", "행정국", "복지국"]
    assert [each.value for each in units["복지국"][:3]] == ["복지국", "국", "다라구"]


def test_a_blank_workbook_is_told_what_it_lacks_all_at_once(run: Run) -> None:
    run("init", "--yes", "--year", "2027", "-o", "a.xlsx")
    code, _, err = run("init", "--from", "a.xlsx")
    assert code == 2
    for said in ("사람을 한 줄도", "분야를 하나 이상", "사업을 한 줄도"):
        assert said in err
    assert not Path("office.db").exists()


# --------------------------------------------------------------------------- a filled one


def test_an_office_begins_with_its_workbook_alone(run: Run, filled: str) -> None:
    code, out, err = run("init", "--from", filled, "--as", "plan-1")
    assert (code, out) == (0, out), err
    assert "국 3곳, 과 8곳, 사람 29명, 사업 12개, 성과지표 25개" in out
    assert "다음:" in out
    assert "지표·목표!C25" in err  # a target below 0, which can have no rate: told with its cell
    assert run("--store", "office.db", "verify")[0] == 0
    office = evalflow.open("sqlite:///office.db")
    head = office.plans.head("가나구-2027")
    assert (len(head.units), len(head.directory)) == (12, 29)
    by_hand = evalflow.load_plan(Path("plan.yaml"))
    assert by_hand.head.tree == head.tree
    definition = office.plans.definition("가나구-2027/5")
    assert definition.budget.total == 3_000_000_000
    rate = office.plans.definition("가나구-2027/1").indicators[1]
    assert str(rate.targets["2027-Q1"]) == "50"  # 0.5 shown as a percentage is what people see
    office.close()


def test_what_many_projects_lack_is_told_once(run: Run) -> None:
    run("init", "--yes", "--office", "가나구", "--year", "2027", "-o", "start.xlsx")
    gana.fill(Path("start.xlsx"))
    book = openpyxl.load_workbook("start.xlsx")
    for name in gana.LATER:
        gana.setting(book, f"나중에 낼 것: {name}", None)
    book.save("start.xlsx")
    code, _, err = run("init", "--from", "start.xlsx", "--as", "plan-1")
    told = [line for line in err.splitlines() if "나중에 낼 것" in line]
    assert (code, len(told)) == (2, 3), err
    assert all(line.startswith("start.xlsx:사업!A6: 사업 1") for line in told)
    assert all("건(관리번호 1, 2, 3" in line for line in told)


def test_budgets_that_do_not_add_up_are_one_line_where_they_are_many(run: Run, filled: str) -> None:
    _, _, err = run("init", "--from", filled, "--as", "plan-1")
    (told,) = [line for line in err.splitlines() if "소요예산의 합" in line]
    assert "사업 10건" in told
    assert "4(100/90.5)" in told


def test_a_dash_for_a_target_is_told_with_its_cell(run: Run) -> None:
    run("init", "--yes", "--office", "가나구", "--year", "2027", "-o", "start.xlsx")
    gana.fill(Path("start.xlsx"))
    code, _, err = run("init", "--from", "start.xlsx")  # who adopts it is asked together with that
    assert (code, "start.xlsx:지표·목표!O8: 목표가 시기미도래" in err) == (2, True)
    assert "'시기미도래: 사유'" in err
    assert "누가 등록합니까?" in err
    assert "projects.2." not in err
    assert not Path("office.db").exists()
    assert not Path("plan.yaml").exists()


def test_who_puts_it_into_force_is_asked_where_several_may(run: Run, filled: str) -> None:
    code, _, err = run("init", "--from", filled)
    assert (code, "plan-1, plan-2" in err) == (2, True)
    code, out, _ = run("init", "--from", filled, "--as", "plan-2", "--check")
    assert (code, "고칠 것이 없습니다" in out) == (0, True)
    assert not Path("office.db").exists()


MISTAKES: dict[str, tuple[str, str, int, Any, str]] = {
    # sheet, the line's first cell, column, what is written, what is told
    "a unit under none that there is": ("기관", "도로과", 2, "안전도시굴", "'안전도시국'"),
    "a kind that there is not": ("기관", "도로과", 1, "곽", "구분 '곽'"),
    "a department under nothing": ("기관", "도로과", 2, None, "상위 기관을 적으십시오"),
    "a second office": ("기관", "기획행정국", 1, "구청", "꼭 하나"),
    "a day that is none": ("기관", "도로과", 3, "2027-02-30", "2027-02-30"),
    "a role that there is not": ("사람·역할", "mayor-1", 1, "구청짱", "'구청장'"),
    "a unit that there is not": ("사람·역할", "도로과-담당", 2, "도르과", "'도로과'"),
    "a role in a unit of another kind": ("사람·역할", "도로과-담당", 2, "가나구", "'과'인 기관"),
    "a person's name": ("사람·역할", "budget-1", 0, "홍길동", "사람 이름"),
    "an id with a blank": ("사람·역할", "budget-1", 0, "budget 1", "식별자"),
    "an end before the beginning": ("사람·역할", "budget-1", 4, "2020-01-01", "보다 앞섭니다"),
    "a field that there is not": ("사업", "1", 4, "참에", "가능: 참여"),
    "a unit in charge that there is not": ("사업", "1", 3, "없는과", "부서 '없는과'"),
    "an end before the start": ("사업", "2", 8, "2026-01-01", "2026-01-01"),
    "money in words": ("사업", "1", 15, "많음", "많음"),
    "a target in words": ("지표·목표", "1", 14, "많이", "많이"),
    "a direction that there is not": ("지표·목표", "1", 6, "위로", "방향 '위로'"),
    "a project that there is not": ("예산", "12", 0, "13", "관리번호 '13'"),
    "a setting that there is not": ("일정·설정", "기한이 휴일이면", 1, "모름", "다음 근무일"),
    "a year with two digits": ("일정·설정", "연도", 1, "27", "네 자리"),
    "a deadline that is no number": ("일정·설정", "종합평가 기한(익월 일)", 1, "중순", "중순"),
    "a lifecycle that there is not": ("일정·설정", "평가 절차", 1, "major-wroks", "major-works"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_sentence_with_its_cell(run: Run, filled: str, mistake: str) -> None:
    sheet, line, at, value, told = MISTAKES[mistake]
    cells: list[str] = []

    def change(book: Any) -> None:
        cell = lines(book[sheet])[line][at]
        if sheet == "사람·역할" and at == 4:
            lines(book[sheet])[line][3].value = dt.date(2027, 1, 1)
        cell.value = value
        cells.append(cell.coordinate)

    edited(filled, change)
    code, _, err = run("init", "--from", filled, "--as", "plan-1", "--check")
    assert code == 2
    said = [each for each in err.splitlines() if "C25" not in each]  # the note of every run
    assert [each for each in said if told in each and f"{sheet}!{cells[0]}" in each], err
    assert len(said) == 1, err


def test_what_is_there_already_is_not_written_over(begun: Run) -> None:
    code, _, err = begun("init", "--from", "start.xlsx", "--as", "plan-1")
    assert (code, "plan.yaml" in err, "--yes" in err) == (2, True, True)
    code, _, err = begun("init", "--from", "start.xlsx", "--as", "plan-1", "--yes")
    assert (code, "plan import" in err) == (2, True)
    code, _, err = begun("init", "--yes", "--preset", "seoull")
    assert (code, "seoul" in err) == (2, True)
    code, _, err = begun("init", "--from", "start.xlsx", "--year", "2027")
    assert (code, "--year" in err) == (2, True)
    code, _, err = begun("init", "--check")
    assert (code, "--from" in err) == (2, True)


# --------------------------------------------------------------------------- changed later


def test_the_workbook_out_of_a_store_changes_nothing(begun: Run) -> None:
    for lang in ("ko", "en"):
        assert begun("--lang", lang, "plan", "export", "--workbook", "-o", "a.xlsx")[0] == 0
        code, out, err = begun("plan", "import", "a.xlsx", "--as", "plan-1", "--dry-run")
        assert (code, "달라지는 것이 없습니다" in out) == (0, True), out + err


def test_the_workbook_of_the_whole_example_changes_nothing(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALFLOW_STORE", "office.db")
    assert run("plan", "import", str(evalflow.example()), "--as", "policy-1")[0] == 0
    assert run("plan", "export", "--workbook", "-o", "a.xlsx")[0] == 0
    code, out, err = run("plan", "import", "a.xlsx", "--as", "policy-1", "--dry-run")
    assert (code, "달라지는 것이 없습니다" in out) == (0, True), out + err


def test_staff_a_transfer_and_a_title_change_by_the_workbook_in_words(
    begun: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun("plan", "export", "--workbook", "-o", "a.xlsx")

    def july(book: Any) -> None:
        page = book["사람·역할"]
        lines(page)["도로과-담당"][4].value = dt.date(2027, 6, 30)
        at = page.max_row + 1
        new = ("도로과-담당2", "사업부서", "도로과", dt.date(2027, 7, 1))
        for place, value in enumerate(new, 1):
            page.cell(at, place).value = value
        page = book["사업"]
        unit = column(page, "담당부서")
        lines(page)["8"][unit].value = "어르신복지과(~2027-06-30); 복지정책과(2027-07-01~)"
        lines(page)["3"][1].value = "평생학습 도시"

    edited("a.xlsx", july, "b.xlsx")
    words = ("plan", "import", "b.xlsx", "--as", "plan-1", "--reason", "7월 인사발령")
    code, out, _ = begun(*words, "--dry-run")
    assert code == 0
    for said in (
        "사람 도로과-담당",
        "사업부서(도로과, ~2027-06-30)",
        "사업부서(도로과, 2027-07-01~)",
        "어르신복지과(~2027-06-30); 복지정책과(2027-07-01~)",
        "평생학습 도시 조성",
    ):
        assert said in out
    assert not set("{}[]") & set(out)
    monkeypatch.setattr("click.confirm", lambda *_, **__: False)
    code, out, _ = begun(*words)
    assert (code, "아무것도 쓰지 않았습니다." in out) == (0, True)
    code, out, _ = begun(*words, "--yes")
    assert (code, "2차 계획" in out) == (0, True)
    office = evalflow.open("sqlite:///office.db")
    assert office.plans.definition("가나구-2027/8").unit_on(dt.date(2027, 7, 1)) == "복지정책과"
    office.close()
    code, _, err = begun(*words, "--yes")
    assert (code, "1차 계획에서 뽑은" in err, "다시 뽑으십시오" in err) == (2, True, True)
    assert begun("verify")[0] == 0


def test_what_needs_the_change_procedure_is_shown_and_refused(begun: Run) -> None:
    begun("plan", "export", "--workbook", "-o", "a.xlsx")

    def more(book: Any) -> None:
        page = book["지표·목표"]
        lines(page)["1"][column(page, "2027년 2분기")].value = 5

    edited("a.xlsx", more)
    words = ("plan", "import", "a.xlsx", "--as", "plan-1", "--reason", "상향")
    code, out, _ = begun(*words, "--dry-run")
    assert (code, "변경절차" in out, "2027년 2분기 목표" in out) == (0, True, True)
    code, _, err = begun(*words, "--yes")
    assert code == 1, err


def test_one_of_table_and_workbook_is_exported(begun: Run) -> None:
    code, _, err = begun("plan", "export", "-o", "a.xlsx")
    assert (code, "--workbook" in err) == (2, True)
