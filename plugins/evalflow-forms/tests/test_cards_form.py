"""관리카드: a paper of its own beside the self-evaluation (R39)."""

from __future__ import annotations

from typing import Any

import pytest

import evalflow
from evalflow.plugins import FormRequest

PLAN = "seodaemun-2016"
CARD = {"state": "on_track", "text": "정상 추진", "papers": ["추진실적"]}
OF_SIX = FormRequest(plan=PLAN, period="2016-Q1", number="6")


def test_the_cards_have_a_form_of_their_own(fresh: Any) -> None:
    behind = {
        **CARD, "state": "seriously_lagging", "target": 12, "actual": 7, "unit": "회",
        "budget": 5_000_000, "spent": 1_000_000, "cause": "휴관", "countermeasure": "5월 보강",
    }  # fmt: skip
    definition = fresh.engine.plans.definition(f"{PLAN}/6")
    cards = {str(n): behind if n == 8 else CARD for n in range(1, len(definition.cards) + 1)}
    fresh.engine.fire(
        f"{PLAN}/6",
        "amend",
        by=fresh.engine.actor(PLAN, "education-support-1"),
        data={
            "actuals": {"schools": 30, "pupils": 800, "cards": "21/22"},
            "cards": cards,
            "letter": {"number": "교육지원과-5210", "registered_on": "2016-04-04"},
        },
    )
    made = fresh.sheet("cards", OF_SIX)
    (part,) = made.parts
    total, each = part.tables
    assert (part.name, len(total.rows), len(each.rows)) == ("6 관리카드", 23, 22)
    row = [cell for cell in list(total.texts())[7] if cell]
    assert row[2:] == ["5.0", "1.0", "20.0%", "12회", "7회", "58.3%", "▼▼ 현저히 부진"]
    assert "휴관" in list(each.texts())[7]
    assert total.remarks == ("완료·정상 사업의 비율 = 21 ÷ 22 = 95.5%",)
    assert part.attachments == ("증빙자료 22건",)
    for table in part.tables:
        assert sum(table.widths) == made.width


def test_where_no_project_has_cards_there_is_no_such_paper(office: Any) -> None:
    with pytest.raises(evalflow.NotFound):
        office.sheet("cards", FormRequest(plan=PLAN, period="2016-Q1", number="9"))


def test_a_department_s_paper_bears_the_number_that_it_was_registered_under(fresh: Any) -> None:
    """R49: 등록번호 of the self-evaluation, where the department says it."""
    (before,) = fresh.sheet("department", OF_SIX).parts
    assert dict(before.head)["등록번호"] == ""
    definition = fresh.engine.plans.definition(f"{PLAN}/6")
    fresh.engine.fire(
        f"{PLAN}/6",
        "amend",
        by=fresh.engine.actor(PLAN, "education-support-1"),
        data={
            "actuals": {"schools": 30, "pupils": 800, "cards": "22/22"},
            "cards": {str(n): CARD for n in range(1, len(definition.cards) + 1)},
            "letter": {"number": "교육지원과-5210", "registered_on": "2016-04-04"},
        },
    )
    (made,) = fresh.sheet("department", OF_SIX).parts
    assert dict(made.head)["등록번호"] == "교육지원과-5210"
    assert dict(made.head)["등록일자"] == "2016. 4. 4."
