"""The doors beside the change procedure, tried by the commands (R43): tables, the next year's plan,
a proposal for a second person. None of them lowers what a project is measured against."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import openpyxl
import pytest

import evalflow
from evalflow import cli

REASON = ("--as", "policy-1", "--reason", "지침")


@pytest.fixture
def run(tmp_path, monkeypatch, capsys, plan_file):
    monkeypatch.setenv("EVALFLOW_STORE", str(tmp_path / "office.db"))
    monkeypatch.setenv("EVALFLOW_LANG", "ko")
    monkeypatch.setenv("EVALFLOW_PLUGINS", "")
    monkeypatch.chdir(tmp_path)

    def command(*words: str) -> tuple[int, str]:
        code = cli.run(list(words))
        captured = capsys.readouterr()
        assert "Traceback" not in captured.out + captured.err
        return code, captured.out + captured.err

    assert command("plan", "import", "plan.yaml", "--as", "policy-1")[0] == 0
    return command


def changed(path: Path, head: str, number: str, value: Any) -> None:
    """Put `value` into the column of that head, in the row of that project."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
        row = next(each for each in rows[1:] if each[0] == number)
        row[rows[0].index(head)] = str(value)
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows(rows)
        return
    book = openpyxl.load_workbook(path)
    page: Any = book.active
    heads = [cell.value for cell in page[1]]
    cells = next(each for each in page.iter_rows(min_row=2) if str(each[0].value) == number)
    cells[heads.index(head)].value = value
    book.save(path)


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
@pytest.mark.parametrize(
    ("table", "head", "value", "path"),
    [
        ("targets", "2016년 2분기 목표", 1, "indicators.schools.targets.2016-Q2"),
        ("targets", "가중치", 9, "indicators.schools.weight"),
        ("targets", "방향", "하향", "indicators.schools.direction"),
        ("budgets", "구비(원)", 1, "budget.sources.구비"),
        ("projects", "종료일", "2017-12-31", "end"),
    ],
)
def test_no_table_walks_around_the_change_procedure(
    table, head, value, path, ending, run, tmp_path
):
    file = tmp_path / f"t.{ending}"
    assert run("plan", "export", "--table", table, "-o", str(file))[0] == 0
    changed(file, head, "1", value)
    code, out = run("plan", "import", str(file), "--dry-run", *REASON)
    assert (code, "변경절차(request_change)" in out) == (0, True), out
    code, out = run("plan", "import", str(file), *REASON)
    assert code == 1
    assert f"관리번호 1, {path}: " in out
    assert "변경절차로만 바꿀 수 있습니다: '변경보고'(request_change)" in out
    code, out = run("plan", "import", str(file), *REASON, "--propose")
    assert (code, "변경절차로만" in out) == (1, True)
    with evalflow.open(f"sqlite:///{tmp_path / 'office.db'}", plugins=[]) as engine:
        assert engine.plans.head("gu").revision == 1
        assert [each.event for each in engine.plans.history("gu")] == ["adopt"]


@pytest.mark.parametrize(
    ("head", "value", "path"),
    [
        ("2016년 2분기 목표", 1, "indicators.schools.targets.2016-Q2"),
        ("가중치", 9, "indicators.schools.weight"),
        ("종료일", "2017-12-31", "end"),
    ],
)
def test_nor_does_the_offices_workbook(head, value, path, run, tmp_path):
    file = tmp_path / "office.xlsx"
    assert run("plan", "export", "--workbook", "-o", str(file))[0] == 0
    book = openpyxl.load_workbook(file)
    for page in book.worksheets:
        rows: Any = list(page.iter_rows())
        heads = next((r for r in rows if head in [cell.value for cell in r]), None)
        if heads is None:
            continue
        column = [cell.value for cell in heads].index(head)
        found = [r for r in rows[heads[0].row :] if str(r[0].value) == "1"]
        if found:
            found[0][column].value = value
            break
    else:
        raise AssertionError(head)
    book.save(file)
    code, out = run("plan", "import", str(file), "--yes", *REASON)
    assert code == 1, out
    assert f"관리번호 1, {path}: " in out
    assert "변경절차로만 바꿀 수 있습니다" in out


def test_the_next_years_plan_does_not_take_the_running_ones_place(run, tmp_path):
    code, out = run("plan", "carry", "--id", "gu", "-o", "x.yaml")
    assert (code, (tmp_path / "x.yaml").exists()) == (2, False)
    assert "'gu' 계획이 이미 있습니다" in out

    # carried under another id, and renamed in the file: a revision that changes year and periods
    assert run("plan", "carry", "--id", "gu-2017", "-o", "x.yaml", "--targets", "t.csv")[0] == 0
    text = (tmp_path / "x.yaml").read_text(encoding="utf-8").replace("id: gu-2017", "id: gu")
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    with (tmp_path / "t.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    columns = [at for at, each in enumerate(rows[0]) if each.endswith("목표")]
    for row in rows[1:]:
        for at in columns:
            row[at] = "1"
    with (tmp_path / "t.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(rows)
    code, out = run("plan", "import", "x.yaml", "t.csv", *REASON)
    assert code == 1
    for told in ("calendar.first", "year: 2016 → 2017", "indicators.schools.targets.2016-Q1"):
        assert told in out
    assert "변경절차로만" in out


@pytest.mark.parametrize("field", ["change", "targets", "budget"])
def test_a_correction_takes_no_targets_by_the_command_either(field, run, monkeypatch):
    words = ("fire", "gu/1", "correct", "--as", "policy-1", "--set", "period=2016-Q1")
    more = ("--set", "corrected.schools=1", "--set", "reason=집계 착오", "--set", f"{field}=1")
    code, out = run(*words, *more)
    assert code != 0
    assert f"'{field}'" in out
