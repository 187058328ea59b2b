"""The board and the service where a host's own directory says who holds what."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import evalflow_web
import pytest
from evalflow_web.site import Settings
from starlette.testclient import TestClient

import evalflow
from evalflow import Grant


class Host:
    """A host's people, which a test changes; it notes how often it was asked."""

    def __init__(self) -> None:
        self.table: dict[str, list[Grant]] = {
            "sso-1": [Grant(role="department", unit="road", until=dt.date(2016, 12, 31))],
            "sso-2": [Grant(role="policy_office", unit="gu")],
        }
        self.fails: Exception | None = None
        self.asked = 0

    def people(self, plan: evalflow.PlanHead, day: dt.date) -> Mapping[str, list[Grant]]:
        self.asked += 1
        if self.fails is not None:
            raise self.fails
        return self.table


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def hosted(store: str, clock: Any, host: Host) -> Iterator[evalflow.Engine]:
    with evalflow.open(store, plugins=[], clock=clock, directory=host) as engine:
        yield engine


@pytest.fixture
def browse(hosted: evalflow.Engine, tmp_path: Path) -> Any:
    service = evalflow_web.app(
        hosted,
        actor_of=lambda request: request.headers.get("x-who") or None,
        settings=Settings(secure=False, folder=tmp_path / "shelf"),
    )

    def as_(who: str, accept: str = "text/html", lang: str = "ko") -> TestClient:
        headers = {"accept": accept, "x-who": who, "accept-language": lang}
        return TestClient(service, headers=headers, raise_server_exceptions=False)

    return as_


def test_whoever_the_host_names_is_known_and_nobody_else(browse: Any) -> None:
    assert browse("sso-1").get("/", follow_redirects=False).headers["location"] == (
        "/board/gu/work"
    )
    assert browse("stranger").get("/board/gu/people").status_code == 403
    mine = browse("sso-1", "application/json").get("/api/me").json()
    (grant,) = mine["plans"]["gu"]
    assert (grant["role"], grant["unit"], grant["until"]) == ("department", "road", "2016-12-31")
    assert browse("stranger", "application/json").get("/api/me").json()["plans"] == {}


def test_the_hosts_people_are_shown_apart_and_not_changed_here(browse: Any, host: Host) -> None:
    page = browse("sso-2").get("/board/gu/people").text
    before, after = page.split("외부 인사 시스템의 담당자")
    assert "sso-1" not in before
    assert "sso-1" in after
    assert "사람과 대결 바꾸기" in before  # the policy office, by the host's word
    host.table = {}
    assert "외부 인사 시스템" not in browse("policy-1").get("/board/gu/people").text


def test_they_act_by_the_service_as_the_lifecycle_lets_them(
    browse: Any, hosted: evalflow.Engine
) -> None:
    project = hosted.project("gu/3")
    version = f'"{project.version}"'
    body: dict[str, Any] = {
        "event": "amend",
        "data": {"actuals": {"metres": 400, "complaints": 50}},
    }
    path = "/api/plans/gu/projects/3/entries"
    more = {"authorization": "Bearer of-the-test", "if-match": version}
    refused = browse("sso-2", "application/json").post(path, json=body, headers=more)
    assert refused.status_code in (403, 409, 422)
    done = browse("sso-1", "application/json").post(path, json=body, headers=more)
    assert done.status_code == 201, done.text
    (*_, entry) = hosted.history("gu/3")
    assert (entry.actor, entry.event) == ("sso-1", "amend")
    assert set(evalflow.host_said(entry.data) or {}) >= {"sso-1"}
    assert list(hosted.audit.verify()) == []


def test_a_page_asks_the_host_a_few_times_however_many_projects_there_are(
    browse: Any, host: Host
) -> None:
    for path in ("work", "projects", "people"):
        host.asked = 0
        assert browse("sso-2").get(f"/board/gu/{path}").status_code == 200
        assert 1 <= host.asked <= 4, path


def test_a_host_that_fails_is_said_in_one_sentence(browse: Any, host: Host) -> None:
    host.fails = OSError("connection refused")
    page = browse("sso-1").get("/board/gu/work")
    assert page.status_code == 502
    assert "외부 인사 시스템(Host)이 답하지 못했습니다" in page.text
    told = browse("sso-1", "application/json", "en").get("/api/plans/gu/projects")
    assert (told.status_code, told.json()["code"]) == (502, "plugin_failed")
    assert "connection refused" in told.json()["detail"]
