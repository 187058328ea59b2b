"""A plan file says kinds, roles, directions and accumulations as the tables of an office do."""

from __future__ import annotations

import pytest

import evalflow
from evalflow import InvalidInput
from evalflow.engine.opening import load_lifecycle
from evalflow.plan.load import load_plan

IDS = """\
evalflow: plan/1
id: gana
year: 2027
ko: 계획
en: Plan
lifecycle: major-works
units:
  가나구: {kind: office, ko: 가나구}
  복지국: {kind: bureau, ko: 복지국, parent: 가나구}
  복지과: {kind: department, ko: 복지과, parent: 복지국}
directory:
  mayor-1: [{role: mayor, unit: 가나구}]
  lead-1: [{role: department_head, unit: 복지과}]
  dep-1: [{role: department, unit: 복지과}]
appointments:
  - {actor: dep-1, for: lead-1, role: department_head, unit: 복지과,
     since: 2027-07-01, until: 2027-07-05, reason: 출장}
fields: {복지: {ko: 복지}}
lenient: {goals: 뒤에, term: 뒤에, content: 뒤에, budget: 뒤에, periods: 뒤에, schedule: 뒤에}
projects:
  "1":
    ko: 돌봄
    unit: 복지과
    field: 복지
    kind: continued
    indicators:
      수:
        ko: 수
        unit: 명
        direction: down
        formula: down_ratio
        accumulation: last
        targets: {2027-Q1: 4, 2027-Q2: 3, 2027-Q3: 2, 2027-Q4: {not_due: 설계 중}}
"""
WORDS = {
    "kind: office": "kind: 구청",
    "kind: bureau": "kind: 국·소",
    "kind: department": "kind: 과",
    "role: mayor": "role: 구청장",
    "role: department_head": "role: 사업부서의 장",
    "role: department,": "role: 사업부서,",
    "kind: continued": "kind: 계속",
    "direction: down": "direction: 하향",
    "formula: down_ratio": "formula: 하향(비율)",
    "accumulation: last": "accumulation: 최근값",
    "{not_due: 설계 중}": "'시기미도래: 설계 중'",
}


def said(words: dict[str, str]) -> evalflow.Plan:
    text = IDS
    for word, other in words.items():
        assert word in text
        text = text.replace(word, other)
    return load_plan(text.encode(), lifecycle=load_lifecycle, name="plan.yaml")


def test_the_words_of_tables_are_those_of_the_language() -> None:
    by_ids, by_words = said({}), said(WORDS)
    assert by_words.head == by_ids.head
    assert by_words.projects == by_ids.projects
    assert by_words.head.tree == by_ids.head.tree
    assert {n: each.tree for n, each in by_words.projects.items()} == {
        n: each.tree for n, each in by_ids.projects.items()
    }


@pytest.mark.parametrize(
    ("word", "slip", "told"),
    [
        ("kind: bureau", "kind: 굮", "plan.yaml:9:"),
        ("role: mayor", "role: 구청잔", "plan.yaml:12:"),
        ("direction: down", "direction: 하항", "plan.yaml:30:"),
        ("accumulation: last", "accumulation: 최근갑", "plan.yaml:32:"),
    ],
)
def test_what_means_nothing_is_refused_at_its_line(word: str, slip: str, told: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        said({word: slip})
    assert told in caught.value.text("ko")
