"""The document of the service says what the service does: held to it by schemathesis, and by a
client that is made of it."""

from __future__ import annotations

import contextlib
import importlib
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import evalflow_web
import pytest
import schemathesis
import uvicorn
from evalflow_web.api import OPERATIONS
from evalflow_web.site import Settings
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

import evalflow

AS = {"authorization": "Bearer of-the-test"}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def service(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The service on a store of its own, for whoever `x-actor` names, else the policy office."""
    path = tmp_path_factory.mktemp("document") / "office.db"
    shutil.copy(template, path)
    with evalflow.open(f"sqlite:///{path}", plugins=[]) as engine:
        yield evalflow_web.app(
            engine,
            actor_of=lambda request: request.headers.get("x-actor", "policy-1"),
            settings=Settings(secure=False),
        )


@pytest.fixture(scope="module")
def schema(service: Any) -> Any:
    return schemathesis.openapi.from_asgi("/openapi.json", service)


@pytest.mark.slow
@pytest.mark.parametrize(
    "operation", [each for each in OPERATIONS if each.name != "stream"], ids=lambda each: each.name
)
def test_every_operation_answers_what_the_document_says(operation: Any, schema: Any) -> None:
    described = schema[operation.path][operation.method]

    @given(case=described.as_strategy())
    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    def asked(case: Any) -> None:
        for name, known in (("plan", "gu"), ("number", "2")):
            if name in case.path_parameters and len(case.path_parameters[name]) % 2:
                case.path_parameters[name] = known
        if case.query and "wait" in case.query:
            case.query["wait"] = 0
        case.call_and_validate(headers=AS, checks=CHECKS)

    asked()


def test_every_operation_is_in_the_document_with_its_problems(schema: Any) -> None:
    described = schema.raw_schema
    assert described["openapi"] == "3.1.0"
    named = {op["operationId"] for path in described["paths"].values() for op in path.values()}
    assert named == {each.name for each in OPERATIONS}
    fire = described["paths"]["/plans/{plan}/projects/{number}/entries"]["post"]
    assert {"201", "401", "403", "404", "409", "412", "422", "428"} <= set(fire["responses"])
    header = next(each for each in fire["parameters"] if each["name"] == "If-Match")
    assert header["required"]


def test_real_answers_fit_the_document(schema: Any, service: Any) -> None:
    """Those that made up data seldom reach."""
    from starlette.testclient import TestClient

    client = TestClient(service, headers=AS)
    parts = {"plan": "gu", "number": "3", "revision": "1", "period": "2016-Q1", "entry": "2"}
    parts["file"] = "nothing.pdf"
    for each in OPERATIONS:
        if each.method != "GET" or set(each.params) - set(parts) or each.name == "stream":
            continue
        operation = schema[each.path]["get"]
        case = operation.Case(path_parameters={name: parts[name] for name in each.params})
        answer = case.call(headers=AS)
        lacking = each.name in ("form", "report")  # no plugin that makes them
        assert answer.status_code == (404 if lacking else 200), (each.path, answer.text)
        case.validate_response(answer, checks=CHECKS)
    assert client.get("/api/plans").status_code == 200


@contextlib.contextmanager
def running(service: Any) -> Iterator[str]:
    """The service on a port of this machine, by a real server."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(service, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)


@pytest.mark.slow
@pytest.mark.servers
def test_a_client_made_of_the_document_reads_and_fires(
    service: Any, schema: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import json

    (tmp_path / "openapi.json").write_text(json.dumps(schema.raw_schema), encoding="utf-8")
    (tmp_path / "how.yaml").write_text(
        "content_type_overrides: {application/x-ndjson: application/octet-stream}\n"
        "post_hooks: []\nproject_name_override: evalflow-made\n"
        "package_name_override: evalflow_made\n"
    )
    told = subprocess.run(
        [
            *(sys.executable, "-m", "openapi_python_client", "generate", "--path", "openapi.json"),
            *("--config", "how.yaml", "--meta", "none", "--fail-on-warning"),
            *("--output-path", "evalflow_made"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    monkeypatch.syspath_prepend(str(tmp_path))
    made = importlib.import_module("evalflow_made")
    api = "evalflow_made.api"
    with running(service) as url:
        made_client = made.AuthenticatedClient(base_url=f"{url}/api", token="of-the-test")
        with made_client.with_headers({"x-actor": "elderly-1"}) as client:
            page = importlib.import_module(f"{api}.projects.projects").sync(
                "gu", client=client, state=["planned"]
            )
            assert [each.number for each in page.projects] == ["2"]
            got = importlib.import_module(f"{api}.projects.project").sync_detailed(
                "gu", "2", client=client
            )
            models = importlib.import_module("evalflow_made.models")
            body = models.FireBody.from_dict(
                {"event": "self_evaluate", "data": {"actuals": {"centres": 5}}}
            )
            fire = importlib.import_module(f"{api}.events.fire")
            etag = got.headers["etag"]
            entry = fire.sync("gu", "2", client=client, body=body, if_match=etag)
            assert (entry.event, entry.number) == ("self_evaluate", 2)
            again = fire.sync("gu", "2", client=client, body=body, if_match=etag)
            assert (again.status, again.code, again.expected) == (412, "conflict", 1)
