"""`/metrics`: for those who were named alone, and as Prometheus reads it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import evalflow_web
import pytest
from starlette.testclient import TestClient

import evalflow
from evalflow.plugins import hookimpl

LACKING = (
    "not on this machine: evalflow-metrics (pip install municipal-evalflow-metrics[prometheus])"
)
SECRET = "a-secret-of-the-office"
BODY = b'entries_total{plan="gu"} 3.0\n'


class Counting:
    """A plugin that counts."""

    def __init__(self, answer: Any = ("text/plain; version=0.0.4", BODY)) -> None:
        self.answer = answer

    @hookimpl
    def evalflow_metrics(self) -> Any:
        return {"counted": lambda: self.answer}


@pytest.fixture
def served() -> Iterator[Callable[..., TestClient]]:
    opened: list[evalflow.Engine] = []

    def serve(
        plugins: Any = None, *, client: tuple[str, int] = ("10.1.0.5", 50000), **settings: Any
    ) -> TestClient:
        engine = evalflow.open("memory:", plugins=[Counting()] if plugins is None else plugins)
        opened.append(engine)
        service = evalflow_web.app(
            engine,
            actor_of=lambda request: None,
            settings=evalflow_web.Settings(secure=False, **settings),
        )
        return TestClient(service, raise_server_exceptions=False, client=client)

    yield serve
    for engine in opened:
        engine.close()


def test_nobody_reads_metrics_unless_somebody_was_named(served: Any) -> None:
    for client in (served(), served(client=("127.0.0.1", 1)), served([])):
        assert client.get("/metrics").status_code == 404
        assert BODY.decode() not in client.get("/metrics").text


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("10.1.0.5", 200), ("10.1.0.77", 200), ("::ffff:10.1.0.5", 200), ("10.2.0.1", 403),
        ("127.0.0.1", 403), ("testclient", 403), ("2001:db8::1", 200),
    ],
)  # fmt: skip
def test_an_address_that_was_named_reads_them(served: Any, host: str, status: int) -> None:
    client = served(client=(host, 1), metrics_from=("10.1.0.0/24", "2001:db8::1"))
    answer = client.get("/metrics")
    assert answer.status_code == status
    assert (answer.content == BODY) == (status == 200)
    if status == 200:
        assert answer.headers["content-type"] == "text/plain; version=0.0.4"
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", ["Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"])
def test_who_comes_through_a_proxy_is_not_known_by_the_proxys_address(
    served: Any, name: str
) -> None:
    client = served(metrics_from=("10.1.0.5",))
    assert client.get("/metrics", headers={name: "10.1.0.5"}).status_code == 403


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (None, 401), (f"Bearer {SECRET}", 200), (f"bearer {SECRET}", 200), ("Bearer ", 401),
        (f"Bearer {SECRET}x", 401), (f"Basic {SECRET}", 401), ("Bearer 가".encode(), 401),
    ],
)  # fmt: skip
def test_a_secret_reads_them_from_anywhere(served: Any, said: Any, status: int) -> None:
    client = served(metrics_token=SECRET)
    headers = {"x-forwarded-for": "192.0.2.1"} | ({} if said is None else {"authorization": said})
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == status
    if status == 401:
        assert answer.headers["www-authenticate"] == "Bearer"
        assert SECRET not in answer.text


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"metrics_from": ("everywhere",)}, "bad_peer"),
        ({"metrics_token": "short"}, "short_token"),
        ({"plugins": [], "metrics_token": SECRET}, "no_metrics"),
        ({"plugins": [], "metrics_from": ("10.0.0.1",)}, "no_metrics"),
    ],
)
def test_a_setting_that_cannot_be_kept_is_refused_at_the_start(
    served: Any, settings: dict[str, Any], code: str
) -> None:
    with pytest.raises(evalflow.InvalidInput) as refused:
        served(**settings)
    assert [each.code for each in refused.value.problems] == [code]


def test_they_are_read_and_nothing_else(served: Any) -> None:
    client = served(metrics_from=("10.1.0.5",))
    assert client.head("/metrics").status_code == 200
    assert client.post("/metrics").status_code == 405


@pytest.mark.parametrize(
    "answer", [None, "text", ("text/plain", "text"), (1, b""), (b"", b"", b"")]
)
def test_a_plugin_that_answers_no_metrics_is_named(served: Any, answer: Any) -> None:
    client = served([Counting(answer)], metrics_from=("10.1.0.5",))
    told = client.get("/metrics")
    assert told.status_code == 502
    assert "Counting" in told.json()["detail"]


@pytest.mark.slow
@pytest.mark.servers
def test_prometheus_scrapes_what_a_real_server_counted(store: str, tmp_path: Path) -> None:
    """Its own parser reads the answer: an entry that was written is counted."""
    import httpx2

    pytest.importorskip("evalflow_metrics", reason=LACKING)
    parser = pytest.importorskip("prometheus_client.parser")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    plugins = {"EVALFLOW_PLUGINS": "evalflow-web,evalflow-metrics", "EVALFLOW_LANG": "en"}
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "evalflow.cli", "--store", store),
            *("serve", "--demo", "--port", str(port), "--metrics-from", "127.0.0.1"),
        ],
        env={**os.environ, **plugins},
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
                    assert server.poll() is None, server.communicate()
                    time.sleep(0.05)

            def scraped() -> dict[str, float]:
                answer = client.get("/metrics")
                assert answer.status_code == 200
                families = {
                    each.name: each for each in parser.text_string_to_metric_families(answer.text)
                }
                assert families["evalflow_entries"].type == "counter"
                assert "road-1" not in answer.text  # nobody's id is told
                return {
                    sample.labels["event"]: sample.value
                    for sample in families["evalflow_entries"].samples
                    if sample.name == "evalflow_entries_total"
                }

            assert scraped() == {}
            page = client.get("/-/login", headers={"accept": "text/html"}).text
            csrf = page.partition('name="csrf" value="')[2].partition('"')[0]
            client.post("/-/login", data={"actor": "policy-1", "csrf": csrf})
            path = "/api/plans/gu/projects/3"
            data = {"deadline": "self_evaluate", "until": "2016-04-12", "reason": "자료 보완"}
            told = client.post(
                f"{path}/entries",
                content=json.dumps({"event": "extend_deadline", "data": data}),
                headers={
                    "content-type": "application/json",
                    "if-match": client.get(path).headers["etag"],
                    "x-csrf-token": client.get("/api/me").json()["csrf"],
                },
            )
            assert told.status_code == 201, told.text
            for _ in range(100):  # plugins are told by a thread of their own
                if scraped():
                    break
                time.sleep(0.05)
            assert scraped() == {"extend_deadline": 1.0}
    finally:
        server.terminate()
        _, err = server.communicate(timeout=30)
    assert "Traceback" not in err
