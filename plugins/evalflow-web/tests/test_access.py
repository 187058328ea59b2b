"""Every route, by every person of the directory, on every project: who may see and do what, held to
a table that is written down here and to what the engine itself says."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from evalflow_web.api import OPERATIONS, streams

import evalflow

SECRET = "동절기"
"""A cause that is closed (비공개), to all but these."""

READS_ALL = {"policy-1", "policy-2", "both-1", "audit-1", "mayor-1"}
PARTS = {"plan": "gu", "revision": "1", "period": "2016-Q1", "entry": "2", "file": "report.html"}
PUBLIC = {"calendar"}
WHOLE = {"form", "report", "bundle", "checkpoint", "differences"}
"""What is made of everything: for those alone who read all of it."""


OWN = {"road-1", "road-head", "city-lead", "city-head"}
WHOLE_OFFICE = {"vice-1", "budget-1", "clock"}
"""Who sees project 3's own draft besides: its department, and who holds a role for the office."""


def path_of(operation: Any, number: str, event: str = "self_evaluate") -> str:
    parts = {**PARTS, "number": number, "event": event, "batch": "0" * 32}
    return str(operation.path.format(**{name: parts[name] for name in operation.params}))


READS = [each for each in OPERATIONS if each.method == "GET"]
CHANGES = [each for each in OPERATIONS if each.method != "GET"]


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "LONGEST", 0.01)
    monkeypatch.setattr(streams, "EVERY", 0.01)


@pytest.mark.parametrize("operation", READS, ids=lambda each: each.name)
def test_every_read_by_everybody_of_every_project(
    asking: Any, office: evalflow.Engine, people: list[str], operation: Any
) -> None:
    hashes = hashes_in(office)
    for person in [*people, "stranger-1", None]:
        for number in ("1", "2", "3") if "number" in operation.params else ("1",):
            answer = asking.get(path_of(operation, number), person)
            where = (operation.name, person, number, answer.status_code)
            if person is None:
                assert answer.status_code == 401, where
            elif person == "stranger-1" and "plan" in operation.params:
                assert answer.status_code == 403, where
                assert answer.json()["code"] == "not_in_directory"
            elif operation.name in WHOLE and person not in READS_ALL:
                assert answer.status_code == 403, where
            else:  # 404: an entry, a form or a batch that there is not
                assert answer.status_code in (200, 404), where
            if person not in READS_ALL and person not in ("road-1", "road-head"):
                assert SECRET not in answer.text, where
            if person not in READS_ALL:  # whoever knows the rest could try closed data by one
                assert not [each for each in hashes if each in answer.text], where


def hashes_in(office: evalflow.Engine) -> set[str]:
    """Return the hashes of the projects' entries and of what they hold, save of the first ones: the
    plan, which everybody reads."""
    entries = [entry for _, entry in office.storage.entries() if entry.number > 1]
    return {text for e in entries for text in (e.hash, e.evaluation, e.hash[:12]) if text}


def test_a_batch_tells_no_band_that_is_a_draft_and_no_hash(
    asking: Any, office: evalflow.Engine, people: list[str]
) -> None:
    band = office.project("gu/3").band
    hashes = hashes_in(office)
    assert band is not None
    for person in people:
        body = {"event": "amend", "where": {"band": band}}
        answer = asking.post("/plans/gu/batches", person, body)
        told = {line["project"] for line in answer.json()["lines"]}
        seen = asking.get(f"/plans/gu/projects?band={band}", person).json()["projects"]
        assert told == {each["id"] for each in seen}, person
        assert ("gu/3" in told) is (person in READS_ALL | OWN | WHOLE_OFFICE), person
        body = {"event": "amend", "where": {"number": ["1", "3"]}}
        planned = asking.post("/plans/gu/batches", person, body)
        again = asking.get(planned.headers["location"].removeprefix("/api"), person)
        for text in (planned.text, again.text):
            shown = bool([each for each in hashes if each in text])
            assert shown is (person in READS_ALL), person
        assert (again.json()["fingerprint"] is not None) is (person in READS_ALL)
    wrong = {"event": "amend", "where": {"band": band, "colour": "red"}}
    assert asking.post("/plans/gu/batches", "road-1", wrong).status_code == 422


def test_drafts_are_seen_by_the_department_and_by_those_who_review(
    asking: Any, people: list[str]
) -> None:
    own = {
        "1": {"education-1", "education-head", "welfare-lead", "welfare-head", "both-1"},
        "3": OWN,
    }
    for number, department in own.items():
        for person in people:
            path = f"/plans/gu/projects/{number}/evaluations/2016-Q1"
            seen = asking.get(path, person).json()["self_rating"] is not None
            office = person in READS_ALL | WHOLE_OFFICE
            expected = person in department or office
            assert seen == expected, (number, person)


@pytest.mark.parametrize("operation", CHANGES, ids=lambda each: each.name)
def test_nobody_and_strangers_change_nothing(
    asking: Any, operation: Any, office: evalflow.Engine
) -> None:
    before = [office.project(f"gu/{number}").version for number in (1, 2, 3)]
    for person, statuses in ((None, {401}), ("stranger-1", {403, 404})):
        for number in ("1", "2", "3"):
            body = {"event": "self_evaluate", "ids": ["x"]}
            kept = {name: body[name] for name in ("event", "ids") if name in fields(operation)}
            answer = asking.post(path_of(operation, number), person, kept, if_match='"1"')
            assert answer.status_code in statuses, (operation.name, person, answer.text)
    assert [office.project(f"gu/{number}").version for number in (1, 2, 3)] == before


def fields(operation: Any) -> set[str]:
    return set() if operation.body is None else set(operation.body.__struct_fields__)


@pytest.mark.slow
def test_what_the_service_permits_and_refuses_is_what_the_engine_does(
    asking: Any, people: list[str], office: evalflow.Engine
) -> None:
    """Every event of every project, fired by everybody without data: the status is that of the
    engine's own answer, and nothing that it refuses is written."""
    lifecycle = office.plans.lifecycle(office.project("gu/1").lifecycle)
    statuses = {"state": 409, "role": 403, "unit": 403, "duties": 403, "guards": 409, "input": 422}
    asked = 0
    for person in people:
        permitted = asking.get("/plans/gu/events", person).json()["permitted"]
        for number in ("1", "2", "3"):
            project = f"gu/{number}"
            version = office.project(project).version
            named = [each.event for each in office.permitted(project, by=person)]
            assert permitted[project] == named, (person, project)
            for event in lifecycle.events:
                said = office.explain(project, event, by=person, data={})
                if said.allowed:
                    continue  # it would be fired: what follows would be about another state
                asked += 1
                first = next((each.name for each in said.checks if each.reasons), None)
                body = {"event": event, "data": {}}
                answer = asking.post(
                    f"/plans/gu/projects/{number}/entries", person, body, if_match=f'"{version}"'
                )
                where = (person, project, event, answer.text)
                assert answer.status_code == statuses[first or "state"], where
                assert office.project(project).version == version
    assert asked > 500


def test_a_change_by_a_cookie_or_a_proxy_needs_its_page_on_every_route(serving: Any) -> None:
    """Where a host's `actor_of` knows them by what a browser sends by itself."""
    client = serving()
    for operation in CHANGES:
        for by in ("policy-1", "elderly-1"):
            answer = client.post(f"/api{path_of(operation, '2')}", json={}, headers={"x-actor": by})
            assert (answer.status_code, answer.json()["code"]) == (403, "forged"), operation.name


HOSTILE = [
    "..%2F..%2Fetc%2Fpasswd",
    "%00",
    "gu%2F1",
    "gu'--",
    "<script>alert(1)</script>",
    "{{7*7}}",
    "%F0%9F%92%A9",
    "a" * 3000,
    "-1",
    "%ED%A0%80",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_paths_and_headers_that_are_made_up_are_answered_as_what_they_are(
    asking: Any, text: str
) -> None:
    for operation in OPERATIONS:
        for name in operation.params:
            path = path_of(operation, "1").replace(
                {**PARTS, "number": "1", "event": "self_evaluate", "batch": "0" * 32}[name], text
            )
            if path == path_of(operation, "1"):
                continue
            method = asking.get if operation.method == "GET" else asking.post
            rest = () if operation.method == "GET" else ({"event": "review"},)
            answer = method(path, "policy-1", *rest)
            assert answer.status_code < 500, (operation.name, name, answer.text)
            assert answer.headers["content-type"] != "text/html; charset=utf-8"
    for header in ("if-none-match", "if-match", "idempotency-key", "last-event-id", "accept"):
        clean = text.encode("ascii", "replace").decode()
        answer = asking.get("/plans/gu/projects/1", "policy-1", **{header: clean})
        assert answer.status_code < 500, header


def test_text_of_the_store_is_text_on_every_page(serving: Any, office: evalflow.Engine) -> None:
    """A cause that holds HTML is shown as it was written, wherever it is shown."""
    bad = "<img src=x onerror=alert(1)>"
    data = {
        "actuals": {"centres": 1},
        "explanations": {"centres": {"cause": bad, "countermeasure": bad}},
    }
    office.fire("gu/2", "self_evaluate", by="elderly-1", data=data)
    client = serving()
    pages = ["/"]
    seen: set[str] = set()
    before = [entry for _, entry in office.storage.entries()]

    while pages and len(seen) < 60:
        path = pages.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = client.get(path, headers={"x-actor": "policy-1", "accept": "text/html"})
        assert answer.status_code < 500, path
        assert bad not in answer.text, path
        assert "unsafe-inline" not in answer.headers["content-security-policy"]
        if answer.headers["content-type"].startswith("text/html"):
            found = re.findall(r'href="(/[^"#]*)"', answer.text)
            pages += [each.replace("&amp;", "&") for each in found if "static" not in each]
    assert len(seen) == 60
    # Whoever opens every link (a scanner of mails) has done nothing by it.
    assert [entry for _, entry in office.storage.entries()] == before


@pytest.mark.slow
@pytest.mark.servers
def test_a_real_server_serves_the_demo_and_ends(store: str, tmp_path: Any) -> None:
    import os
    import socket
    import subprocess
    import sys
    import time

    import httpx2

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "EVALFLOW_PLUGINS": "evalflow-web", "EVALFLOW_LANG": "en"}
    served = subprocess.Popen(
        [
            *(sys.executable, "-m", "evalflow.cli", "--store", store),
            *("serve", "--demo", "--port", str(port)),
        ],
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client:
            for _ in range(600):
                try:
                    if client.get("/-/health").status_code == 200:
                        break
                except httpx2.ConnectError:
                    assert served.poll() is None, served.communicate()
                    time.sleep(0.05)
            page = client.get("/-/login", headers={"accept": "text/html"}).text
            csrf = page.partition('name="csrf" value="')[2].partition('"')[0]
            entered = client.post("/-/login", data={"actor": "road-1", "csrf": csrf})
            assert entered.status_code == 303
            me = client.get("/api/me").json()
            assert (me["id"], me["means"]) == ("road-1", "demo")
            body = json.dumps({"event": "self_evaluate"})
            forged = client.post(
                "/api/plans/gu/projects/2/entries",
                content=body,
                headers={"content-type": "application/json", "if-match": '"1"'},
            )
            assert forged.status_code == 403
            assert "uvicorn" not in str(entered.headers).lower()
    finally:
        served.terminate()
        out, err = served.communicate(timeout=30)
    assert f"open http://127.0.0.1:{port}/" in out
    assert "Traceback" not in err
