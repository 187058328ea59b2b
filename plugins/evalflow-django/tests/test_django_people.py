"""As whom users act, and what the site answers to an error."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import evalflow_django
import pytest
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.utils import translation
from evalflow_django.middleware import EvalflowMiddleware

import evalflow

User = Callable[..., Any]


def refused(user: Any) -> evalflow.Reason:
    with pytest.raises(evalflow.Forbidden) as told:
        evalflow_django.actor_of(user)
    assert evalflow.http_status(told.value) == 403
    return told.value.reason


def test_a_user_acts_by_name_where_nothing_else_is_said(user: User) -> None:
    from django.contrib.auth.models import AnonymousUser

    kim = user("kim")
    assert evalflow_django.actor_of(kim) == "kim"
    assert refused(AnonymousUser()).code == "not_signed_in"
    assert refused(user("gone", is_active=False)).code == "not_signed_in"
    with override_settings(EVALFLOW={"ACTOR_OF": "office_site.actor_of"}):
        assert refused(kim).text("ko").startswith("이 사용자는 평가 업무에서 맡은 역할이")
        lee = user("lee", "policy_office@seodaemun")
        grant = evalflow.Grant(role="policy_office", unit="seodaemun")
        assert evalflow_django.actor_of(lee) == evalflow.Actor(f"site:{lee.pk}", (grant,))


ERRORS = {
    403: evalflow.NotFound("actor", "kim"),
    404: evalflow.NotFound("project", "a/1<b>"),
    409: evalflow.Conflict("a/1"),
    503: evalflow.StorageError("locked", ko="잠겨 있습니다", en="it is locked"),
}


@pytest.mark.parametrize("status", ERRORS)
@pytest.mark.parametrize("lang", ["ko", "en"])
def test_an_error_is_a_page_or_json_in_the_language_of_the_request(status: int, lang: str) -> None:
    middleware = EvalflowMiddleware(lambda _: None)  # type: ignore[arg-type]
    error = ERRORS[status]
    with translation.override(lang):
        page = middleware.process_exception(RequestFactory().get("/x"), error)
        asked = RequestFactory().get("/x", headers={"accept": "application/json"})
        answer = middleware.process_exception(asked, error)
    assert page is not None
    assert answer is not None
    assert (page.status_code, answer.status_code) == (status, status)
    assert page["content-type"] == "text/html; charset=utf-8"
    text = error.text(lang)
    assert text.replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#x27;") in (
        page.content.decode()
    )
    assert f'<html lang="{lang}">' in page.content.decode()
    assert json.loads(answer.content)["text"] == text
    assert json.loads(answer.content)["error"] == evalflow.to_data(error)


def test_another_error_is_left_to_others() -> None:
    browser = Client(raise_request_exception=False)
    assert browser.get("/broken").status_code == 500


@pytest.mark.parametrize("place", ["/known", "/later"])
@pytest.mark.parametrize("given", ["form 17", "", "a\tb", "x" * 201])
def test_what_evalflow_does_bears_the_id_of_the_request(place: str, given: str) -> None:
    headers = {"x-request-id": given} if given else {}
    answers = [Client().get(place, headers=headers)]
    answers.append(asyncio.run(_asked_in_a_loop(place, headers)))
    for answer in answers:
        told = answer.content.decode()
        assert told == answer.headers["X-Request-Id"]
        assert told == given if given == "form 17" else len(told) == 32
    assert evalflow.request_id() is None


async def _asked_in_a_loop(place: str, headers: dict[str, str]) -> Any:
    return await AsyncClient().get(place, headers=headers)
