"""The next year's plan: what goes on, what is decided anew, and that nothing is made up."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import attrs
import openpyxl
import pytest

import evalflow
from evalflow import cli
from evalflow.plan.next_year import goes_on, next_year
from offices import PLAN


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


def test_a_year_is_begun_with_targets_set_in_a_table(run, tmp_path):
    assert run("plan", "carry", "--id", "gu-2017", "-o", "2017.yaml", "--targets", "t.xlsx")[0] == 0
    code, out = run("plan", "check", "2017.yaml")
    assert (code, out.count("목표가 비어 있습니다")) == (2, 20)  # nobody has set them yet

    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    page: Any = book.active
    heads = [cell.value for cell in page[1]]
    assert [head for head in heads if "목표" in head] == [
        f"2017년 {quarter}분기 목표" for quarter in (1, 2, 3, 4)
    ]
    for row in page.iter_rows(min_row=2):
        for cell, head in zip(row, heads, strict=True):
            if "목표" in head:
                assert cell.value is None
                cell.value = 7
    book.save(tmp_path / "t.xlsx")
    assert run("plan", "import", "2017.yaml", "t.xlsx", "--as", "policy-1")[0] == 0

    with evalflow.open(f"sqlite:///{tmp_path / 'office.db'}", plugins=[]) as engine:
        assert engine.plans.ids() == ("gu", "gu-2017")
        moved = {each.id: each for each in engine.plans.definitions("gu-2017")}
        assert {each.carried_from for each in moved.values()} == {"gu/1", "gu/2", "gu/3"}
        before = engine.plans.definition("gu/1")
        after = moved["gu-2017/1"]
        assert after.label == before.label
        assert [i.id for i in after.indicators] == [i.id for i in before.indicators]
        assert all(set(i.targets) == {f"2017-Q{q}" for q in (1, 2, 3, 4)} for i in after.indicators)
        assert (after.budget.total, after.kind, after.end) == (0, "continued", None)
        assert engine.project("gu-2017/1").period == "2017-Q1"
        assert list(engine.audit.verify()) == []


def test_the_new_year_has_the_people_and_names_of_its_first_day(clock):
    text = PLAN.replace(
        "ko: 도로과, en: Roads, parent: city}",
        "ko: 도로과, en: Roads, parent: city, "
        "renamed: [{on: 2016-07-01, ko: 보도과, en: Pavements}]}",
    ).replace(
        "  road-1: [{role: department, unit: road}]",
        "  road-1: [{role: department, unit: road, until: 2016-08-31}]\n"
        "  road-2: [{role: department, unit: road, since: 2016-09-01}]",
    )
    plan = evalflow.load_plan(_file(text), plugins=[])
    draft = next_year(plan.head, plan.projects.values(), "gu-2017")
    assert draft.head.units["road"].label.ko == "보도과"
    assert draft.head.units["road"].renamed == ()
    assert "road-1" not in draft.head.directory
    assert "road-2" in draft.head.directory
    assert (draft.head.year, draft.head.calendar.first) == (2017, "2017-Q1")


def test_what_is_new_and_done_and_over_does_not_go_on():
    plan = evalflow.load_plan(_file(PLAN), plugins=[])
    done = next(each.name for each in plan.head.scoring.bands if each.against == "whole")
    project = attrs.evolve(plan.projects["1"], kind="new")
    over = attrs.evolve(project, end=evalflow.Calendar(plan.head.calendar).periods()[-1].end)
    assert goes_on(plan.head, over, done) is False
    assert goes_on(plan.head, over, "on_track") is True
    assert goes_on(plan.head, attrs.evolve(over, kind="continued"), done) is True


def _file(text: str) -> Any:
    path = Path(tempfile.mkdtemp()) / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_nothing_is_written_where_nothing_goes_on(run, tmp_path):
    code, out = run("plan", "carry", "--id", "x", "-o", "x.yaml", "--where", "state=closed")
    assert (code, (tmp_path / "x.yaml").exists()) == (2, False)
    assert "계속 추진할 사업이 없습니다" in out
