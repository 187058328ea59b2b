"""Webhook and chat against a real HTTP server on this machine."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from evalflow_notify.web import Chat, ChatOptions, Webhook, WebhookOptions, signature

from evalflow.plugins import Undeliverable
from evalflow.testing.notifier import NOTICE


class Desk(ThreadingHTTPServer):
    status = 200  # 0: read, then close without an answer

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Asked)
        self.came: list[tuple[dict[str, str], bytes]] = []
        self.url = f"http://127.0.0.1:{self.server_port}/"


class Asked(BaseHTTPRequestHandler):
    server: Desk

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.came.append((dict(self.headers), body))
        if self.server.status:
            self.send_response(self.server.status)
            self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("EVALFLOW_WEBHOOK_SECRET", "s")
    with Desk() as desk:
        threading.Thread(target=desk.serve_forever, args=(0.01,), daemon=True).start()
        yield desk
        desk.shutdown()


def test_a_webhook_is_signed_over_time_and_body(desk: Desk) -> None:
    Webhook(WebhookOptions(url=desk.url)).deliver(NOTICE)
    [(headers, body)] = desk.came
    signed = signature(b"s", headers["Evalflow-Timestamp"], body)
    assert headers["Evalflow-Signature"] == f"sha256={signed}"


def test_a_lost_answer_is_a_failure_and_comes_again_with_the_same_key(desk: Desk) -> None:
    webhook = Webhook(WebhookOptions(url=desk.url))
    desk.status = 0
    with pytest.raises(Exception, match="disconnected"):
        webhook.deliver(NOTICE)
    desk.status = 200
    webhook.deliver(NOTICE)
    assert [headers["Idempotency-Key"] for headers, _ in desk.came] == [NOTICE.id] * 2


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_what_may_pass_is_tried_again(desk: Desk, status: int) -> None:
    desk.status = status
    with pytest.raises(RuntimeError, match=str(status)):
        Webhook(WebhookOptions(url=desk.url)).deliver(NOTICE)


@pytest.mark.parametrize("status", [400, 404, 410])
def test_what_is_refused_for_good_is_undeliverable(desk: Desk, status: int) -> None:
    desk.status = status
    with pytest.raises(Undeliverable):
        Webhook(WebhookOptions(url=desk.url)).deliver(NOTICE)


def test_a_chat_gets_the_text_in_its_field(desk: Desk) -> None:
    Chat(ChatOptions(url=desk.url, template="* {subject}")).deliver(NOTICE)
    assert json.loads(desk.came[0][1]) == {"text": f"* {NOTICE.subject.ko}"}
