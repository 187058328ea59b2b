"""Workbooks to fill in: made for a department, a reviewer and a bureau, filled in, read back."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import icalendar
import openpyxl
import pytest

import evalflow
from evalflow import cli
from evalflow.batch.book_pages import pages
from evalflow.engine.sheets import book_for
from evalflow.files.book_writer import HEADS
from offices import SEOUL

Run = Callable[..., tuple[int, str, str]]
APRIL = dt.datetime(2016, 4, 3, 9, tzinfo=SEOUL)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: Any, capsys: Any, plan_file: Path) -> Run:
    """Run commands on a store with the small office, in April 2016."""
    monkeypatch.setenv("EVALFLOW_STORE", str(tmp_path / "office.db"))
    monkeypatch.setenv("EVALFLOW_LANG", "ko")
    monkeypatch.setenv("EVALFLOW_PLUGINS", "")
    monkeypatch.chdir(tmp_path)
    really = evalflow.open

    def on_that_day(url: str, **how: Any) -> Any:
        return really(url, **{"clock": lambda: APRIL, **how})

    monkeypatch.setattr(evalflow, "open", on_that_day)

    def command(*words: str) -> tuple[int, str, str]:
        code = cli.run(list(words))
        captured = capsys.readouterr()
        assert "Traceback" not in captured.out + captured.err
        return code, captured.out, captured.err

    assert command("plan", "import", "plan.yaml", "--as", "policy-1")[0] == 0
    return command


class Filled:
    """A workbook that is being filled in, by sheet, row and head."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.book: Any = openpyxl.load_workbook(path)

    def put(self, sheet: str, row: int, **cells: Any) -> None:
        page = self.book[sheet]
        heads = {each.value: each.column for each in page[HEADS]}
        for head, value in cells.items():
            cell = page.cell(HEADS + row, heads[head.replace("_", " ")])
            assert not cell.protection.locked, f"{sheet} {cell.coordinate} is not to be written in"
            cell.value = value

    def heads(self, sheet: str) -> list[str]:
        return [each.value for each in self.book[sheet][HEADS]]

    def rows(self, sheet: str) -> list[list[Any]]:
        found = [[each.value for each in row] for row in self.book[sheet].iter_rows(HEADS + 1)]
        return [row for row in found if any(each not in (None, "") for each in row)]

    def save(self) -> str:
        self.book.save(self.path)
        return str(self.path)


def made(run: Run, tmp_path: Path, *words: str) -> Filled:
    path = tmp_path / "made.xlsx"
    code, _, err = run("sheet", "make", *words, "-o", str(path))
    assert code == 0, err
    return Filled(path)


def education(run: Run, tmp_path: Path) -> Filled:
    book = made(run, tmp_path, "self_evaluate", "--unit", "education")
    book.put("실적", 1, 실적=10, 추진실적_내용="10개교 참여")
    book.put("실적", 2, 실적=96, 추진실적_내용="강좌 96회")
    return book


def test_a_department_gets_its_rows_and_hands_them_in(run: Run, tmp_path: Path) -> None:
    book = made(run, tmp_path, "self_evaluate", "--unit", "education")
    assert book.book.sheetnames[:2] == ["표지", "실적"]
    assert book.book["evalflow"].sheet_state == "hidden"
    first = dict(zip(book.heads("실적"), book.rows("실적")[0], strict=True))
    assert (first["관리번호"], first["성과지표"], first["분기목표"]) == (1, "참여 학교", 10)
    assert first["추진상태"].startswith("=IF(")
    rules = book.book["실적"].data_validations.dataValidation
    assert any(each.type == "custom" and "시기미도래" in each.formula1 for each in rules)

    filled = education(run, tmp_path)
    code, out, err = run("sheet", "read", filled.save(), "--as", "education-1")
    assert (code, err) == (0, "")
    assert "96.0%" in out
    assert "적용하지 않았습니다" in out
    code, out, err = run("sheet", "read", filled.save(), "--as", "education-1", "--apply")
    assert (code, "완료 1" in out) == (0, True), out + err
    with evalflow.open(f"sqlite:///{tmp_path / 'office.db'}") as office:
        evaluation = office.evaluation("gu/1")
    assert evaluation.self_rating is not None
    assert evaluation.facts["progress"] == "참여 학교: 10개교 참여\n강좌 수: 강좌 96회"


def test_one_departments_mistake_stops_nobody_else(run: Run, tmp_path: Path) -> None:
    book = made(run, tmp_path, "자체평가")
    book.put("실적", 1, 실적="열", 추진실적_내용="10개교")
    book.put("실적", 2, 실적=96)
    book.put("실적", 3, 실적=5)
    book.put("실적", 4, 실적=100)
    book.put("관리카드", 1, 추진실적_내용="1호 완료", 추진상태="완료", 증빙자료="사진")
    book.put(
        "관리카드",
        2,
        추진실적_내용="2호 완료",
        추진상태="정상",
        증빙자료="사진; 대장",
        **{"집행액(백만원)": 1.5},
    )
    code, out, err = run("sheet", "read", book.save(), "--as", "policy-1", "--holders", "--apply")
    assert (code, "완료 1" in out) == (1, True), out
    assert "실적!K6" in err.replace("'", "")
    assert "고칠 것이 있어 뺀 사업: 1, 3" in err, err
    with evalflow.open(f"sqlite:///{tmp_path / 'office.db'}") as office:
        states = {each.number: each.states[0] for each in office.projects()}
        cards = office.evaluation("gu/2").facts["cards"]
        (entry,) = [each for each in office.history("gu/2") if each.event == "self_evaluate"]
    assert states["2"] == "self_evaluated"
    assert states["1"] == states["3"] == "planned"
    assert cards["2"] == {
        "text": "2호 완료",
        "state": "on_track",
        "spent": 1_500_000,
        "papers": ["사진", "대장"],
    }
    assert entry.actor == "elderly-1"


def test_what_stands_twice_in_a_workbook_is_told(run: Run, tmp_path: Path) -> None:
    """Of two rows of one card, or of one changed figure, the second was taken."""
    book = made(run, tmp_path, "self_evaluate")
    book.put("실적", 3, 실적=5)
    book.put("관리카드", 1, 추진실적_내용="1호 완료", 추진상태="완료", 증빙자료="사진")
    page = book.book["관리카드"]
    for cell in page[HEADS + 1]:
        page.cell(HEADS + 2, cell.column).value = cell.value
    code, out, err = run("sheet", "read", book.save(), "--as", "policy-1", "--holders")
    assert (code, "관리카드!B7" in err, "두 번 나옵니다" in err) == (1, True, True), out + err

    change = made(run, tmp_path, "request_change", "--unit", "education")
    page = change.book["변경내용"]
    heads = change.heads("변경내용")
    for row, figure in ((1, 12), (2, 14)):
        for cell in page[HEADS + 1]:
            page.cell(HEADS + row, cell.column).value = cell.value
        page.cell(HEADS + row, heads.index("변경 후") + 1).value = figure
    code, out, err = run("sheet", "read", change.save(), "--as", "education-1")
    assert (code, "두 번 나옵니다" in err) == (1, True), out + err


def test_a_column_that_was_given_another_head_is_not_lost(run: Run, tmp_path: Path) -> None:
    """The cause that a department wrote under a head of its own was left out without a word."""
    book = education(run, tmp_path)
    page = book.book["실적"]
    column = book.heads("실적").index("부진사유") + 1
    page.cell(HEADS, column).value = "부진한 이유"
    page.cell(HEADS + 1, column).value = "우기"
    code, _, err = run("sheet", "read", book.save(), "--as", "education-1")
    assert (code, "'부진사유' 열이 없고 모르는 열이 있습니다: '부진한 이유'" in err) == (2, True), (
        err
    )
    page.cell(HEADS, column).value = "부진사유(원인)"
    page.cell(HEADS, len(book.heads("실적")) + 1).value = "메모"
    code, out, err = run("sheet", "read", book.save(), "--as", "education-1")
    assert (code, "쓰지 않는 열: 메모" in err) == (0, True), out + err


def test_only_who_stands_above_hands_in_for_others(run: Run, tmp_path: Path) -> None:
    book = education(run, tmp_path)
    book.put("실적", 1, 담당="education-1")
    for reader, told in (("elderly-1", 1), ("road-head", 1), ("welfare-lead", 0), ("policy-2", 0)):
        code, _, err = run("sheet", "read", book.save(), "--as", reader)
        assert (code, "이름으로 처리할 수 없습니다" in err) == (told, bool(told)), err


def test_a_workbook_of_another_period_or_kind_is_told(run: Run, tmp_path: Path) -> None:
    code, _, err = run("sheet", "make", "review", "-o", str(tmp_path / "x.xlsx"))
    assert (code, "할 사업이 없습니다 (지금: 추진 중 3; 필요: 제출 완료)" in err) == (2, True), err
    code, _, err = run("sheet", "make", "enter_paper_signature", "-o", str(tmp_path / "x.xlsx"))
    assert (code, "엑셀로 받지 않습니다" in err) == (2, True)
    (tmp_path / "own.csv").write_text("관리번호,성과지표,실적\n1,참여 학교,10\n", encoding="utf-8")
    code, _, err = run("sheet", "read", "own.csv", "--as", "education-1")
    assert (code, "--event로 정하십시오" in err) == (2, True)
    book = education(run, tmp_path)
    for row in book.book["evalflow"].iter_rows(HEADS + 1):
        if row[0].value == "period":
            row[1].value = "2015-Q4"
    code, _, err = run("sheet", "read", book.save(), "--as", "education-1")
    told = "관리번호 1: 2015년 4분기 자료이나 지금은 2016년 1분기입니다"
    assert (code, told in err) == (1, True), err


def test_a_central_table_of_ones_own_is_read_with_an_actor_a_row(run: Run, tmp_path: Path) -> None:
    lines = ("관리번호,지표,실적,집행액(백만원),담당", "1,참여 학교,10,1.5,education-1")
    more = ("1,강좌 수,100,,", "3,정비 연장,400,,road-1", "3,민원,50,,road-1", "9,없음,1,,")
    (tmp_path / "own.csv").write_text("\n".join([*lines, *more]), encoding="utf-8")
    words = ("sheet", "read", "own.csv", "--event", "자체평가", "--as", "policy-1", "--apply")
    code, out, err = run(*words)
    assert (code, out.count("완료 1")) == (1, 2), out + err
    assert "관리번호 '9'가 없습니다" in err


def test_a_quarter_goes_through_workbooks_alone(run: Run, tmp_path: Path) -> None:
    """Self-evaluation, the bureau's draft and submission, review with one sent back."""
    book = made(run, tmp_path, "self_evaluate")
    for row, figure in enumerate((10, 100, 5, 100, 50), 1):
        book.put("실적", row, 실적=figure)
    for row in (1, 3, 4):
        book.put("실적", row, 담당={1: "education-1", 3: "elderly-1", 4: "road-1"}[row])
    book.put("실적", 4, 부진사유="우기로 공사 지연", 대책="4월부터 야간 공사")
    book.put("관리카드", 1, 추진실적_내용="1호 완료", 추진상태="완료", 증빙자료="사진")
    book.put("관리카드", 2, 추진실적_내용="2호 완료", 추진상태="정상", 증빙자료="사진")
    book.put(
        "증빙목록",
        1,
        관리번호=1,
        자료명="운영일지",
        수량="3권",
        **{"보관 위치·문서번호": "교육과-1"},
    )
    code, out, err = run("sheet", "read", book.save(), "--as", "policy-1", "--apply")
    assert (code, out.count("완료 1")) == (0, 3), out + err

    folder = tmp_path / "bureaus"
    assert run("sheet", "make", "compile", "-o", str(folder))[0] == 0
    assert sorted(each.name for each in folder.iterdir()) == ["도시국.xlsx", "복지국.xlsx"]
    city = Filled(folder / "도시국.xlsx")
    assert city.book.sheetnames[1:5] == ["수합", "사업", "총괄", "부진"]
    (road, whole) = (dict(zip(city.heads("총괄"), row, strict=True)) for row in city.rows("총괄"))
    assert (road["부서"], road["사업 수"], road["현저히 부진"]) == ("도로과", 1, 1)
    assert (whole["부서"], whole["평균 이행률"]) == ("계", road["평균 이행률"])
    (slow,) = (dict(zip(city.heads("부진"), row, strict=True)) for row in city.rows("부진"))
    assert (slow["이행률"], slow["부진사유"]) == (25, "우기로 공사 지연")
    for path in sorted(folder.iterdir()):
        book = Filled(path)
        (row,) = [at for at, each in enumerate(book.rows("표지"), 1) if each[0] == "총괄의견"]
        book.put("표지", row, 내용="계획대로 추진")
        who = {"도시국.xlsx": "city-lead", "복지국.xlsx": "welfare-lead"}[path.name]
        code, out, err = run("sheet", "read", book.save(), "--as", who, "--apply")
        assert (code, "전체가 함께 움직입니다" in out) == (0, True), out + err
    for number, bureau in (("1", "welfare"), ("3", "city")):
        assert run("fire", f"gu/{number}", "sign", "--as", f"{bureau}-head")[0] == 0
        document = ("--set", f"document={bureau}-1")
        assert run("fire", f"gu/{number}", "submit", "--as", f"{bureau}-lead", *document)[0] == 0

    book = made(run, tmp_path, "review")
    rows = [dict(zip(book.heads("검토"), each, strict=True)) for each in book.rows("검토")]
    assert [each["자체 이행률"] for each in rows] == [100, 100, 100, 25, 100]
    assert rows[3]["부진사유·대책"] == "우기로 공사 지연 / 4월부터 야간 공사"
    for row in (1, 2):
        book.put("검토", row, 검토="확인")
    book.put("검토", 3, 검토="조정", 조정_이행률=95)
    book.put("검토", 4, 검토="보완요구", 조정·보완_사유="민원 증빙을 다시 내십시오")
    book.put("검토", 5, 검토="확인")
    code, out, err = run("sheet", "read", book.save(), "--as", "policy-1", "--apply")
    assert (code, "'조정·보완 사유'가 비어 있습니다" in err) == (1, True), out + err
    book.put("검토", 3, 조정·보완_사유="한 곳은 준공 전")
    code, out, err = run("sheet", "read", book.save(), "--as", "policy-1", "--apply")
    with evalflow.open(f"sqlite:///{tmp_path / 'office.db'}") as office:
        states = {each.number: each.states[0] for each in office.projects()}
        rating = office.evaluation("gu/2").review_rating
        assert not list(office.audit.verify())
    assert states == {"1": "reviewed", "2": "reviewed", "3": "planned"}, out + err
    assert rating is not None
    assert rating.rate == 95


SOFFICE = shutil.which("soffice")


@pytest.mark.slow
def test_a_file_that_is_read_again_leaves_what_is_done(run: Run, tmp_path: Path) -> None:
    filled = education(run, tmp_path)
    words = ("sheet", "read", filled.save(), "--as", "education-1", "--apply")
    assert run(*words)[0] == 0
    code, out, err = run(*words)
    assert (code, err.replace("적힌 것이 없습니다.", "").strip()) == (0, "")
    assert "이미 처리한 사업 1건은 그대로 둡니다 (자체평가): 1" in out


def test_what_was_sent_back_is_in_the_next_sheet(run: Run, tmp_path: Path) -> None:
    filled = education(run, tmp_path)
    filled.put("실적", 2, 실적=50, 부진사유="강사 부족", 대책="모집")
    assert run("sheet", "read", filled.save(), "--as", "education-1", "--apply")[0] == 0
    with evalflow.open(f"sqlite:///{tmp_path / 'office.db'}") as office:
        evaluation = office.evaluation("gu/1")
        lifecycle = office.plans.lifecycle(office.project("gu/1").lifecycle)
        event, project = lifecycle.events["self_evaluate"], office.project("gu/1")
        again = book_for(office, "gu", lifecycle, event, "education", [project], "ko")
        (page,) = [each for each in pages(again) if each.name == "실적"]
    heads = [column.head for column in page.columns]
    first, second = (dict(zip(heads, row, strict=True)) for row in page.rows)
    assert (str(first["실적"]), str(second["실적"])) == ("10", "50")
    assert (second["부진사유"], second["대책"]) == ("강사 부족", "모집")
    assert str(first["추진실적 내용"]).startswith(str(evaluation.facts["progress"])[:5])


@pytest.mark.skipif(
    SOFFICE is None, reason="not on this machine: LibreOffice (apt-get install libreoffice-calc)"
)
def test_the_preview_of_the_sheet_is_what_the_store_works_out(run: Run, tmp_path: Path) -> None:
    """Calculated and saved by LibreOffice: rates and bands in the sheet are those of the store."""
    assert SOFFICE is not None
    book = made(run, tmp_path, "self_evaluate")
    for row, figure in enumerate((9, 68, 5, 350, 60), 1):
        book.put("실적", row, 실적=figure, 부진사유="인력 부족", 대책="충원하여 추진")
        if row in (1, 3, 4):
            book.put("실적", row, **{"집행액(백만원)": 1})
    for row in (1, 2):
        book.put("관리카드", row, 추진실적_내용="완료", 추진상태="완료", 증빙자료="사진")
    book.save()
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    how = [SOFFICE, profile, "--headless", "--convert-to", "xlsx", "--outdir"]
    subprocess.run([*how, str(tmp_path / "out"), str(book.path)], check=True, timeout=300)
    saved: Any = openpyxl.load_workbook(tmp_path / "out" / "made.xlsx", data_only=True)["실적"]
    heads = [each.value for each in saved[HEADS]]
    rows = [
        dict(zip(heads, [each.value for each in row], strict=True))
        for row in saved.iter_rows(HEADS + 1, HEADS + 5)
    ]
    words = ("sheet", "read", str(tmp_path / "out" / "made.xlsx"), "--as", "policy-1", "--holders")
    _, out, err = run(*words, "--apply")
    assert "담당 칸에 적으십시오: education-1, both-1" in err, out
    book = Filled(tmp_path / "out" / "made.xlsx")
    book.put("실적", 1, 담당="education-1")
    _, out, err = run(*words[:2], book.save(), *words[3:], "--apply")
    assert "고칠 것이 있어 뺀 사업" not in err, err
    with evalflow.open(f"sqlite:///{tmp_path / 'office.db'}") as office:
        lines = [
            line
            for number in ("1", "2", "3")
            for rating in [office.evaluation(f"gu/{number}").self_rating]
            if rating is not None
            for line in rating.lines
        ]
        bands = {each.name: each.label.ko for each in office.plans.head("gu").scoring.bands}
    seen = [(float(row["이행률"]), row["추진상태"]) for row in rows]
    assert seen == [(float(line.rate or 0), bands[line.band or ""]) for line in lines]
    assert [row["확인"] for row in rows if row["확인"]] == []


def test_a_change_is_written_on_a_sheet(run: Run, tmp_path: Path) -> None:
    book = made(run, tmp_path, "request_change", "--unit", "road")
    book.put("변경내용", 2, **{"변경 후": 300})
    book.put(
        "자료",
        1,
        **{"변경 구분": "연간 목표", "변경 사유": "추경 감액", "세부내용": "3분기로 넘김"},
    )
    book.put("자료", 1, **{"구청장 보고일": dt.date(2016, 4, 1)})
    code, out, err = run("sheet", "read", book.save(), "--as", "road-head", "--apply")
    assert (code, "완료 1" in out) == (0, True), out + err
    with evalflow.open(f"sqlite:///{tmp_path / 'office.db'}") as office:
        change = office.project("gu/3").change
    assert change is not None
    assert change.after == {"indicators": {"metres": {"targets": {"2016-Q2": "300"}}}}


def test_what_is_due_is_a_calendar_file_for_a_person(run: Run, tmp_path: Path) -> None:
    code, out, err = run("due", "--who", "education-1", "--ics", "mine.ics")
    assert (code, out.strip()) == (0, "mine.ics: 기한 1건"), err
    calendar = icalendar.Calendar.from_ical((tmp_path / "mine.ics").read_bytes())
    (event,) = calendar.walk("VEVENT")
    assert event.decoded("dtstart") == dt.date(2016, 4, 5)
    assert str(event["summary"]) == "자체평가: 학교 지원 (교육과, 2016-Q1)"
    raw = (tmp_path / "mine.ics").read_bytes()
    assert all(len(line) <= 75 for line in raw.split(b"\r\n"))
    assert run("due", "--who", "education-1", "--ics", "-")[1].startswith("BEGIN:VCALENDAR")
    code, _, err = run("due", "--who", "eduction-1")
    assert (code, "education-1" in err) == (4, True)
