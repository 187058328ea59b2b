"""Small stumbling stones of a first day: words of the screen, titles for ids, sums that differ."""

from __future__ import annotations

from pathlib import Path

import pytest

import evalflow
from evalflow.files.table_writer import write_table
from offices import PLAN


def load(tmp_path: Path, text: str) -> evalflow.Plan:
    path = tmp_path / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    return evalflow.load_plan(path)


@pytest.mark.parametrize("title", ["구청장", "감사담당관", "예산팀"])
def test_an_office_may_be_the_id_of_who_holds_it(tmp_path: Path, title: str) -> None:
    plan = load(tmp_path, PLAN.replace("  policy-2:", f"  {title}:", 1))
    assert title in plan.head.directory


@pytest.mark.parametrize("name", ["홍길동", "김과장", "박동"])
def test_a_name_is_still_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(evalflow.InvalidInput, match="looks like a person's name"):
        load(tmp_path, PLAN.replace("  policy-2:", f"  {name}:", 1))


@pytest.mark.parametrize("word", ["최근값", "최종값", "누계(최근값)", "latest"])
def test_what_the_screen_says_of_an_accumulation_is_taken(tmp_path: Path, word: str) -> None:
    table = tmp_path / "targets.csv"
    heads = (
        "관리번호",
        "성과지표",
        "단위",
        "방향",
        "누계방식",
        *(f"{n}분기 목표" for n in range(1, 5)),
    )
    write_table(table, heads, [("1", "새 지표", "회", "상향", word, 1, 2, 3, 4)])
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN, encoding="utf-8")
    plan = evalflow.load_plan(path, tables=[table])
    new = next(each for each in plan.projects["1"].indicators if each.label.ko == "새 지표")
    assert new.accumulation == "last"


def test_quarters_that_do_not_add_up_to_the_year_are_told(tmp_path: Path) -> None:
    table = tmp_path / "budget.csv"
    heads = ("관리번호", *(f"{n}분기 집행계획(백만원)" for n in range(1, 5)))
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN, encoding="utf-8")
    for quarters, told in (((10, 20, 30, 39), True), ((10, 20, 30, 40), False)):
        write_table(table, heads, [("1", *quarters)])
        notes = evalflow.load_plan(path, tables=[table]).notes
        said = [each.text("ko") for each in notes if each.code == "budget_differs"]
        assert bool(said) is told, said
        if told:
            assert "99,000,000원" in said[0]
