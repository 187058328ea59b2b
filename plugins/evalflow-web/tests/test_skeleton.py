"""The application as a host mounts it: health, files, headers, who is asked."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import evalflow_web
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

import evalflow


@pytest.fixture
def office() -> Iterator[evalflow.Engine]:
    with evalflow.open("memory:", plugins=[]) as engine:
        plan = evalflow.load_plan(evalflow.example("seodaemun-2016"), plugins=[])
        engine.adopt(plan, by=plan.actor("policy-1"))
        yield engine


def test_health_tells_whether_the_store_can_be_read(office: evalflow.Engine) -> None:
    client = TestClient(evalflow_web.app(office, actor_of=lambda request: None))
    assert client.get("/-/health").json() == {"status": "ok"}


def test_mounted_below_a_path_its_links_lead_there(office: evalflow.Engine) -> None:
    service = evalflow_web.app(office, actor_of=lambda request: "policy-1")
    client = TestClient(Starlette(routes=[Mount("/eval", app=service)]))
    page = client.get("/eval/")
    assert page.status_code == 200
    assert "/eval/static/board.css" in page.text
    assert client.get("/eval/static/board.css").headers["content-type"].startswith("text/css")


def test_every_answer_carries_the_headers_of_safety(office: evalflow.Engine) -> None:
    client = TestClient(evalflow_web.app(office, actor_of=lambda request: None))
    for path in ("/-/health", "/", "/nowhere", "/static/board.css"):
        policy = client.get(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


def test_nobody_is_told_to_sign_in(office: evalflow.Engine) -> None:
    client = TestClient(evalflow_web.app(office, actor_of=lambda request: None))
    answer = client.get("/", headers={"accept-language": "en"})
    assert answer.status_code == 401
    assert answer.json()["detail"] == "Sign in first."
    settings = evalflow_web.Settings(login="/-/login")
    client = TestClient(evalflow_web.app(office, actor_of=lambda request: None, settings=settings))
    sent = client.get("/?a=1", follow_redirects=False)
    assert (sent.status_code, sent.headers["location"]) == (303, "/-/login?next=%2F%3Fa%3D1")


def test_a_body_that_is_too_large_is_refused_whatever_it_says_of_its_length(
    office: evalflow.Engine,
) -> None:
    settings = evalflow_web.Settings(body_limit=1000)
    service = evalflow_web.app(office, actor_of=lambda request: "policy-1", settings=settings)
    client = TestClient(service)
    assert client.post("/", content=b"x" * 1001).status_code == 413
    assert client.post("/-/health", content=iter([b"x" * 600] * 2)).status_code in (405, 413)


def test_a_path_that_is_not_there_is_told_as_a_problem_in_the_language_asked_for(
    office: evalflow.Engine,
) -> None:
    client = TestClient(evalflow_web.app(office, actor_of=lambda request: None))
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-language"] == "ko"
    assert answer.json()["detail"] == "찾을 수 없습니다."


def test_evalflow_itself_imports_nothing_of_the_web() -> None:
    code = (
        "import sys, evalflow; from evalflow.plugins import Plugins\n"
        "plugins = Plugins.load(['evalflow-web'])\n"
        "assert plugins.names('command'), plugins.problems\n"
        "print(sorted({'starlette', 'uvicorn', 'jinja2', 'anyio'} & set(sys.modules)))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout.strip() == "[]"
