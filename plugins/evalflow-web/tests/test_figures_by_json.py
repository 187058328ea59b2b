"""A figure that another system sends as JSON is the one that a cell or a form says, or refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from evalflow.files.figures import Figure, read_figure

TEXTS = [
    "10", "1,000", "△3", "１０", "10개소", "10 개소", "10명", "약 10", "10~12", "1/2", "10①",
    "10\u200b", "1,5", "(10)", "10(잠정)", "1e1", "=10", "시기미도래: 준공 전", "10\n", "-", "없음",
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_taken_where_it_is_a_figure(asking: Any, text: str) -> None:
    said = read_figure(text, unit="개소")
    told = asked(asking, json.dumps(text, ensure_ascii=False))
    assert (told == []) == (isinstance(said, Figure) or "시기미도래" in text)


@pytest.mark.parametrize(
    ("number", "taken"),
    [
        ("10", True), ("10.50", True), ("1e1", True), ("-0", True),
        ("0.1234567890123456789", False), ("12345678901234567890", False),
        ("true", False), ("[10]", False), ('{"a": 10}', False), ("0.1", True),
    ],
)  # fmt: skip
def test_a_number_is_exact_or_refused(asking: Any, number: str, taken: bool) -> None:
    assert (asked(asking, number) == []) == taken


@pytest.mark.parametrize(
    ("number", "kept"),
    [("0.1", "0.1"), ("10.50", "10.50"), ("1e1", "10"), ("0.30000000000000004", None)],
)
def test_a_number_keeps_its_own_digits(asking: Any, number: str, kept: str | None) -> None:
    sent = post(asking, "entries", f'{{"event": "self_evaluate", "data": {data(number)}}}')
    assert sent.status_code == 201, sent.text
    assert sent.json()["data"]["actuals"]["centres"] == (kept or number)


def asked(asking: Any, figure: str) -> list[str]:
    """Return what is wrong with an actual of a project, as the service says it."""
    answer = post(asking, "events/self_evaluate/explain", f'{{"data": {data(figure)}}}')
    assert answer.status_code == 200, answer.text
    every = [reason for check in answer.json()["checks"] for reason in check["reasons"]]
    return [each["text"] for each in every if each["code"] == "bad_data"]


def data(figure: str) -> str:
    why = '{"centres": {"cause": "우기", "countermeasure": "야간 공사"}}'
    return f'{{"actuals": {{"centres": {figure}}}, "explanations": {why}}}'


def post(asking: Any, path: str, body: str) -> Any:
    more = {"if-match": asking.etag("gu/2", "elderly-1"), "content-type": "application/json"}
    return asking.client.post(
        f"/api/plans/gu/projects/2/{path}",
        content=body.encode(),
        headers=asking.headers("elderly-1", more),
    )
