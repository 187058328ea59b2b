"""Many projects at once from a page: the same gate for each, and a receipt for each."""

from __future__ import annotations

from typing import Any

import pytest

REVIEW, BULK = "/board/gu/review", "/board/gu/bulk"


@pytest.fixture
def reviewed(board: Any) -> Any:
    """An office where two projects are on track and reviewed, and a third is lagging."""
    for project in ("gu/1", "gu/2"):
        board.evaluate(project)
    why = {"metres": {"cause": "동절기", "countermeasure": "인력 추가"}}
    lagging = {"metres": 300, "complaints": 50}
    board.fire("gu/3", "self_evaluate", "road-1", actuals=lagging, explanations=why)
    for project, bureau in (("gu/1", "welfare"), ("gu/3", "city")):
        board.fire(project, "compile", f"{bureau}-lead")
        board.fire(project, "sign", f"{bureau}-head")
        board.fire(project, "submit", f"{bureau}-lead", document="주무과-1")
    for project, indicators in (
        ("gu/1", ("schools", "lessons")),
        ("gu/2", ("centres",)),
        ("gu/3", ("metres", "complaints")),
    ):
        board.fire(project, "review", "policy-1", ratings=dict.fromkeys(indicators, "confirmed"))
    return board


def test_what_was_chosen_is_shown_then_done_with_a_receipt_for_each(reviewed: Any) -> None:
    policy = reviewed.browse("policy-1")
    assert policy.get(REVIEW).text.count('name="number"') == 3
    asked = reviewed.send(policy, REVIEW, BULK, event="approve", number=["1", "2", "3"])
    label = reviewed.engine.plans.lifecycle(reviewed.engine.project("gu/1").lifecycle)
    said = label.events["approve"].label.ko
    assert f"2개 사업에 ‘{said}’ 처리를 하시겠습니까?" in asked.text
    assert asked.text.count("처리 불가") == 1
    assert reviewed.state("gu/1") == "reviewed"  # nothing was done yet
    token = reviewed.hidden(asked.text)["token"]
    other = reviewed.send(reviewed.browse("policy-2"), REVIEW, BULK, token=token)
    assert other.status_code == 409
    done = reviewed.send(policy, REVIEW, BULK, token=token)
    assert "3건 가운데 2건을 처리했습니다" in done.text
    assert [reviewed.state(f"gu/{number}") for number in (1, 2, 3)] == [
        "approved",
        "approved",
        "reviewed",
    ]
    assert reviewed.send(policy, REVIEW, BULK, token=token).status_code == 409
    assert list(reviewed.engine.audit.verify("gu")) == []


def test_what_changed_since_it_was_shown_is_left_as_it_is(reviewed: Any) -> None:
    policy = reviewed.browse("policy-1")
    asked = reviewed.send(policy, REVIEW, BULK, event="approve", number=["1", "2"])
    reviewed.fire("gu/2", "send_back", "policy-2", reason="증빙을 보태 주십시오")
    done = reviewed.send(policy, REVIEW, BULK, token=reviewed.hidden(asked.text)["token"])
    assert "2건 가운데 1건을 처리했습니다" in done.text
    assert reviewed.state("gu/1") == "approved"
    assert reviewed.state("gu/2") == "planned"


def test_who_may_not_gets_nothing_done(reviewed: Any) -> None:
    officer = reviewed.browse("education-1")
    asked = reviewed.send(officer, "/board/gu/audit", BULK, event="approve", number=["1", "2"])
    assert asked.status_code == 403
    assert "token" not in reviewed.hidden(asked.text)
    assert reviewed.state("gu/1") == "reviewed"


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"event": "approve"}, 422),
        ({"event": "approve", "number": ["99"]}, 404),
        ({"event": "compile", "number": ["1"]}, 404),  # a step of the whole bureau
        ({"event": "send_back", "number": ["1"]}, 404),  # it asks for a reason
        ({"event": "nonsense", "number": ["1"]}, 404),
        ({"token": "../../etc/passwd"}, 422),
        ({"token": "0" * 32}, 409),
    ],
)
def test_what_was_not_understood_is_refused(reviewed: Any, fields: Any, status: int) -> None:
    answer = reviewed.send(reviewed.browse("policy-1"), REVIEW, BULK, **fields)
    assert answer.status_code == status
