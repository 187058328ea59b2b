"""The walk of an office from an empty folder to an approved first quarter: the commands of the
how-to, one after another, and between them what people write into the workbooks."""

from __future__ import annotations

import datetime as dt
import re
import shlex
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import openpyxl
import pytest

import evalflow
import gana
from evalflow import cli
from evalflow.files.book_writer import HEADS
from offices import SEOUL

FORMS = find_spec("evalflow_forms") is not None
HOWTO = Path(__file__).parents[2] / "docs" / "howto"
PAGES = ("first-quarter.ko.md", "first-quarter.md")


def commands(page: str) -> list[str]:
    text = (HOWTO / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```text\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def rows(book: Any, sheet: str) -> list[dict[str, Any]]:
    """Return the rows of a sheet as cells by head."""
    page = book[sheet]
    heads = [str(each.value) for each in page[HEADS]]
    return [
        dict(zip(heads, row, strict=False))
        for row in page.iter_rows(HEADS + 1)
        if row[0].value is not None
    ]


def start(path: Path) -> None:
    gana.fill(path)
    book = openpyxl.load_workbook(path)
    for row in book["지표·목표"].iter_rows(min_row=HEADS + 1):
        for cell in row:
            if cell.value == "-":
                cell.value = "시기미도래: 설치 전"
    book.save(path)


def figures(folder: Path) -> None:
    """Every department writes that it has done what was planned."""
    for path in sorted(folder.glob("*.xlsx")):
        book = openpyxl.load_workbook(path)
        for row in rows(book, "실적"):
            row["실적"].value = row["분기목표"].value
            row["추진실적 내용"].value = "계획대로 추진"
            if row["분기목표"].value == "시기미도래":
                row["시기미도래 사유"].value = "설치 전"
        book.save(path)


def cover(head: str, text: str) -> Callable[[Path], None]:
    def fill(folder: Path) -> None:
        for path in sorted(folder.glob("*.xlsx")):
            book = openpyxl.load_workbook(path)
            for row in rows(book, "표지"):
                if row["항목"].value == head:
                    row["내용"].value = text
            book.save(path)

    return fill


def reviewed(path: Path) -> None:
    book = openpyxl.load_workbook(path)
    for row in rows(book, "검토"):
        if row["검토"].value is None and row["자체 이행률"].value is None:
            row["검토"].value = "조정"  # a target below zero has no rate: the reviewer sets one
            row["조정 이행률"].value = 100
            row["조정·보완 사유"].value = "감소 목표를 달성함"
        elif row["검토"].value is None:
            row["검토"].value = "확인"
    book.save(path)


def changed(path: Path) -> None:
    book = openpyxl.load_workbook(path)
    target = next(row for row in rows(book, "변경내용") if "4분기" in str(row["변경 대상"].value))
    target["변경 후"].value = float(target["변경 전"].value) - 1
    (said,) = rows(book, "자료")
    said["변경 구분"].value = "연간 목표"
    said["변경 사유"].value = "추경에서 감액됨"
    said["세부내용"].value = "4분기 목표를 낮춤"
    said["구청장 보고일"].value = dt.date(2027, 4, 21)
    book.save(path)


def moved(path: Path) -> None:
    book = openpyxl.load_workbook(path)
    page: Any = book["사람·역할"]
    heads = {str(cell.value): int(cell.column) for cell in page[HEADS]}
    old = next(row for row in page.iter_rows(HEADS + 1) if row[0].value == "지역경제과-담당")
    free = next(row for row in page.iter_rows(HEADS + 1) if row[0].value is None)
    for at, cell in enumerate(old[: len(heads)]):
        if not str(cell.value or "").startswith("="):
            free[at].value = cell.value
    free[0].value = "지역경제과-담당2"
    free[heads["시작일"] - 1].value = dt.date(2027, 5, 1)
    old[heads["종료일"] - 1].value = dt.date(2027, 4, 30)
    book.save(path)


FILLED: dict[str, Callable[[Path], None]] = {
    "start.xlsx": start,
    "figures": figures,
    "drafts": cover("총괄의견", "계획대로 추진"),
    "signing": cover("국·소장 의견", "이견 없음"),
    "submission": cover("문서번호", "주무과-101"),
    "review.xlsx": reviewed,
    "change.xlsx": changed,
    "may.xlsx": moved,
}
"""What people write into the workbook, or the folder of workbooks, that a command has made."""

DAYS = {
    "init": dt.date(2027, 2, 15),
    "figures": dt.date(2027, 4, 1),
    "drafts": dt.date(2027, 4, 5),
    "review.xlsx": dt.date(2027, 4, 15),
    "change.xlsx": dt.date(2027, 4, 22),
    "may.xlsx": dt.date(2027, 4, 28),
}
"""From which command on it is which day."""


def test_both_pages_are_the_same_walk() -> None:
    assert commands(PAGES[0]) == commands(PAGES[1])


@pytest.mark.slow
def test_an_office_comes_from_an_empty_folder_to_an_approved_quarter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVALFLOW_STORE", "office.db")
    monkeypatch.setenv("EVALFLOW_LANG", "ko")
    monkeypatch.setenv("EVALFLOW_PLUGINS", "evalflow-forms" if FORMS else "")
    really, today = evalflow.open, [DAYS["init"]]
    monkeypatch.setattr(
        evalflow,
        "open",
        lambda url, **how: really(
            url,
            **{"clock": lambda: dt.datetime.combine(today[0], dt.time(10), SEOUL), **how},
        ),
    )
    said = {}
    for command in commands(PAGES[0]):
        words = shlex.split(command)[1:]
        asked = [
            str(found)
            for word in words
            for found in (sorted(Path().glob(word)) if "*" in word else [word])
        ]
        if asked[0] == "form" and not FORMS:
            continue
        made = words[words.index("-o") + 1] if "-o" in words else None
        today[0] = DAYS.get(made or "", today[0])
        code = cli.run(asked)
        captured = capsys.readouterr()
        said[command] = captured.out
        assert code == 0, f"{command}\n{captured.out}\n{captured.err}"
        if made in FILLED and "--from" not in words:
            FILLED[made](tmp_path / made)
    assert "국 3곳, 과 8곳" in said[commands(PAGES[0])[1]]
    with evalflow.open("sqlite:///office.db") as office:
        assert {each.states[0] for each in office.projects()} == {"approved"}
        assert office.project("가나구-2027/6").approved
        assert office.plans.head("가나구-2027").revision == 3
    assert "다음 기간" in said["evalflow due"]
    assert not FORMS or Path("변경계획서.hwpx").stat().st_size > 1000
