"""가나구 2027, an office that does not exist: its start workbook filled in as its officer would."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import openpyxl

from evalflow.files import yaml

FILES = Path(__file__).parents[1] / "data" / "gana-2027"
HEADS = 5  # the row of the headings
KINDS = {"office": "구청", "bureau": "국", "department": "과"}
ROLES = {
    "mayor": "구청장",
    "vice_mayor": "부구청장",
    "policy_office": "정책기획담당관",
    "budget_team": "예산팀",
    "audit_office": "감사담당관",
    "clock": "시스템(자동 처리)",
    "lead_section": "국·소 주무과",
    "bureau_head": "국·소장",
    "department": "사업부서",
    "department_head": "사업부서의 장",
}
LATER = {
    "목표 체계(전략목표-정책사업목표-단위사업)": "목표체계는 3월에 확정",
    "재원별 사업비": "본예산 확정 뒤 적음",
    "기간별 소요예산": "본예산 확정 뒤 맞춤",
    "월별 세부추진계획": "부서별로 따로 냄",
}


def fill(path: Path) -> None:
    """Fill in the blank workbook at `path` from the office's own files, by copying cells."""
    book = openpyxl.load_workbook(path)
    head = yaml.read(FILES / "head.yaml").tree
    assert isinstance(head, dict)
    put(
        book["기관"],
        [
            {
                "기관명": unit["ko"],
                "구분": KINDS[unit["kind"]],
                "상위 기관": unit.get("parent"),
            }
            for unit in head["units"].values()
        ],
    )
    put(
        book["사람·역할"],
        [
            {"담당자 ID": actor, "역할": ROLES[grant["role"]], "소속": grant["unit"]}
            for actor, grants in head["directory"].items()
            for grant in grants
        ],
    )
    put(book["분야·핵심사업"], [{"종류": "분야", "이름": name} for name in head["fields"]])
    put(book["사업"], list(_projects()))
    put(book["지표·목표"], list(_rows("성과지표.xlsx", 3)))
    with (FILES / "예산.csv").open(encoding="cp949", newline="") as file:
        heads, *rows = list(csv.reader(file))[1:]
    put(
        book["예산"],
        [{h.replace("1분기", "1분기"): v for h, v in zip(heads, row, strict=True)} for row in rows],
    )
    for name, reason in LATER.items():
        setting(book, f"나중에 낼 것: {name}", reason)
    book.save(path)


def setting(book: Any, item: str, value: Any) -> None:
    """Set one line of the settings."""
    page = book["일정·설정"]
    row = next(row for row in page.iter_rows(min_row=HEADS + 1) if row[0].value == item)
    row[1].value = value


def put(page: Any, rows: list[dict[str, Any]]) -> None:
    """Write rows below the headings; a heading is found without its year and its unit of money."""
    columns = {_bare(cell.value): cell.column for cell in page[HEADS] if cell.value}
    for number, row in enumerate(rows, HEADS + 1):
        for head, value in row.items():
            cell = page.cell(number, columns[_bare(head)])
            if hasattr(value, "number_format"):
                cell.value, cell.number_format = value.value, value.number_format
            else:
                cell.value = value


def _bare(head: str) -> str:
    return head.replace("2027년 ", "").partition("(")[0].strip()


def _rows(name: str, heads: int) -> Any:
    page = openpyxl.load_workbook(FILES / name).active
    assert page is not None
    names = [cell.value for cell in page[heads]]
    for row in page.iter_rows(min_row=heads + 1):
        if row[0].value is not None:
            yield {n: cell for n, cell in zip(names, row, strict=False) if n and cell.value}


def _projects() -> Any:
    heads = (
        *("관리번호", "사업명", "담당부서", "분야", "신규/계속", "시작일", "종료일", "사업내용"),
        *("국비", "시비", "구비"),
    )
    page = openpyxl.load_workbook(FILES / "붙임1 대상사업.xlsx").active
    assert page is not None
    for row in page.iter_rows(min_row=6):
        if str(row[0].value or "").isdigit():
            yield {n: cell for n, cell in zip(heads, row, strict=False) if cell.value}
