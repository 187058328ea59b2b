"""Each request has an id, which is answered, logged and told to plugins."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

Serving = Callable[..., TestClient]


def asked(serving: Serving, given: str | None = None, path: str = "/-/health") -> str:
    headers = {} if given is None else {"X-Request-Id": given}
    answered: str = serving().get(path, headers=headers).headers["x-request-id"]
    return answered


@pytest.mark.parametrize("given", ["4711", "a-b.c:d/e=f+g"])
def test_the_id_of_a_request_is_answered(serving: Serving, given: str) -> None:
    assert asked(serving, given) == given


@pytest.mark.parametrize("given", ["", "two words", "x" * 129, "<b>"])
def test_what_is_no_id_is_replaced(serving: Serving, given: str) -> None:
    assert re.fullmatch(r"[0-9a-f]{32}", asked(serving, given))


def test_two_requests_have_two_ids(serving: Serving) -> None:
    assert asked(serving, path="/nowhere") != asked(serving, path="/nowhere")


def test_what_is_written_in_a_request_is_logged_under_its_id(
    asking: Any, office: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "evalflow.engine"):
        body = {"event": "amend", "data": {"actuals": {"schools": 11, "lessons": 100}}}
        answer = asking.post(
            "/plans/gu/projects/1/entries",
            "education-1",
            body,
            if_match=asking.etag("gu/1", "education-1"),
            x_request_id="4711",
        )
    assert answer.status_code == 201, answer.text
    (logged,) = [each for each in caplog.records if each.name == "evalflow.engine"]
    assert logged.request_id == "4711"  # type: ignore[attr-defined]
