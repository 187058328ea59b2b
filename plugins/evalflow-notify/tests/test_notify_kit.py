"""Every notifier keeps the kit's contract, against real servers; and through a whole office."""

from __future__ import annotations

import asyncio
import datetime as dt
import email
import email.policy
import json
import re
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import attrs
import evalflow_notify
import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from evalflow_notify import AppriseNotifier, Chat, Mail, Webhook
from evalflow_notify.mail import MailOptions
from evalflow_notify.web import AppriseOptions, ChatOptions, WebhookOptions

import evalflow
from evalflow import InvalidInput
from evalflow.plugins import Notice, Notifier, Plugins, Undeliverable
from evalflow.testing import NotifierConformance
from evalflow.testing.firings import PLAN, SEOUL, Clock
from evalflow.testing.notifier import NOTICE


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


# --------------------------------------------------------------------------- mail


class PostOffice:
    """A real SMTP server; `mood` is ok, broken, hanging, or lost (taken, the answer lost)."""

    def __init__(self, folder: Path, *, tls: str = "starttls", password: str | None = None) -> None:
        self.came: list[EmailMessage] = []
        self.logins: list[bytes] = []
        self.mood = "ok"
        self.password = password
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        self.ca_file = str(folder / "ca.pem")
        authority.cert_pem.write_to_path(self.ca_file)
        more: dict[str, Any] = {}
        if tls == "starttls":
            more = {"tls_context": context, "require_starttls": True}
        elif tls == "tls":
            more = {"ssl_context": context}
        if password is not None:
            more |= {"authenticator": self.login, "auth_required": True}
            more["auth_require_tls"] = tls == "starttls"
        self.tls, self.port = tls, free_port()
        self.server = Controller(self, hostname="127.0.0.1", port=self.port, **more)
        self.server.start()

    def login(self, _s: Any, _e: Any, _n: Any, _m: str, data: LoginPassword) -> AuthResult:
        self.logins.append(data.password)
        right = data.password == (self.password or "").encode()
        return AuthResult(success=right, handled=False)

    async def handle_RCPT(self, _s: Any, _n: Any, envelope: Any, to: str, _o: Any) -> str:  # noqa: N802
        if self.mood == "broken":
            return "451 later"
        envelope.rcpt_tos.append(to)
        return "250 OK"

    async def handle_DATA(self, server: Any, _n: Any, envelope: Any) -> str:  # noqa: N802
        if self.mood == "hanging":
            await asyncio.sleep(2)
            return "451 later"
        came = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(came, EmailMessage)
        self.came.append(came)
        if self.mood == "lost":
            server.transport.close()
        return "250 OK"

    def options(self, **more: Any) -> MailOptions:
        given: dict[str, Any] = {
            "server": "127.0.0.1", "port": self.port, "tls": self.tls, "ca_file": self.ca_file,
            "from_": "office@city.invalid", "pattern": "{recipient}@city.invalid",
            "timeout": dt.timedelta(seconds=1),
        }  # fmt: skip
        return MailOptions(**{**given, **more})

    def notifier(self) -> Notifier:
        return Mail(self.options())

    def texts(self) -> Sequence[str]:
        return [f"{mail['Subject']}\n{_body(mail)}" for mail in self.came]

    @contextmanager
    def feeling(self, mood: str) -> Iterator[None]:
        self.mood = mood
        yield
        self.mood = "ok"

    def broken(self) -> Any:
        return self.feeling("broken")

    def hanging(self) -> Any:
        return self.feeling("hanging")

    def unknown(self) -> Notice:
        return attrs.evolve(NOTICE, recipient="policy_office@seodaemun")


def _body(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    return str(part.get_content()) if part else ""


@pytest.fixture
def post(tmp_path: Path) -> Iterator[PostOffice]:
    office = PostOffice(tmp_path)
    yield office
    office.server.stop()


@pytest.mark.servers
class TestMail(NotifierConformance):
    patience = 20

    @pytest.fixture
    def receiver(self, post: PostOffice) -> PostOffice:
        return post


@pytest.mark.servers
@pytest.mark.slow
class TestEnglishMail(TestMail):
    english = True

    @pytest.fixture
    def receiver(self, post: PostOffice) -> PostOffice:
        post.notifier = lambda: Mail(post.options(lang="en"))  # type: ignore[method-assign]
        return post


def test_an_answer_that_is_lost_is_a_failure_and_the_mail_can_be_known_again(
    post: PostOffice,
) -> None:
    mail = Mail(post.options())
    with post.feeling("lost"), pytest.raises(Exception, match=r".") as caught:
        mail.deliver(NOTICE)
    assert not isinstance(caught.value, Undeliverable)
    mail.deliver(NOTICE)
    first, again = post.came
    assert first["Message-ID"] == again["Message-ID"]


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # aiosmtpd does not count implicit TLS
@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_login_goes_over_an_encrypted_connection(
    tls: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = PostOffice(tmp_path, tls=tls, password="비밀" if tls == "tls" else "s3cret")
    secret = office.password or ""
    try:
        if secret.isascii():
            monkeypatch.setenv("OFFICE_PASSWORD", secret)
            Mail(office.options(login="office", password_from="OFFICE_PASSWORD")).deliver(NOTICE)
            assert office.logins == [secret.encode()]
        monkeypatch.setenv("OFFICE_PASSWORD", "wrong")
        with pytest.raises(Exception, match=r"535|Authentication"):
            Mail(office.options(login="office", password_from="OFFICE_PASSWORD")).deliver(NOTICE)
        assert len(office.came) == secret.isascii()
    finally:
        office.server.stop()


def test_a_password_is_never_sent_in_the_open() -> None:
    with pytest.raises(InvalidInput) as caught:
        Plugins.load([evalflow_notify]).notifier(
            "mail",
            {"server": "mail.invalid", "from": "a@b.invalid", "tls": "none", "login": "office"},
        )
    assert {problem.code for problem in caught.value.problems} == {"password_in_the_open"}


def test_mail_in_the_open_is_possible_without_a_password(tmp_path: Path) -> None:
    office = PostOffice(tmp_path, tls="none")
    try:
        Mail(office.options()).deliver(NOTICE)
        assert len(office.came) == 1
    finally:
        office.server.stop()


def test_an_actor_has_an_address_of_their_own_or_by_the_pattern(post: PostOffice) -> None:
    mail = Mail(post.options(addresses={"education-1": "desk@elsewhere.invalid"}))
    mail.deliver(NOTICE)
    mail.deliver(attrs.evolve(NOTICE, id="other", recipient="policy-1"))
    assert [mail["To"] for mail in post.came] == [
        "desk@elsewhere.invalid", "policy-1@city.invalid",
    ]  # fmt: skip


def test_a_refused_connection_is_tried_again() -> None:
    options = MailOptions(
        server="127.0.0.1", port=free_port(), from_="a@b.invalid", pattern="{recipient}@b.invalid"
    )
    with pytest.raises(ConnectionRefusedError):
        Mail(options).deliver(NOTICE)


# --------------------------------------------------------------------------- over HTTP


class Desk(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Asked)
        self.mood = "ok"
        self.came: list[dict[str, Any]] = []
        self.url = f"http://127.0.0.1:{self.server_port}/"
        self.released = threading.Event()

    def texts(self) -> Sequence[str]:
        return ["\n".join(_leaves(each)) for each in self.came]

    @contextmanager
    def broken(self) -> Iterator[None]:
        self.mood = "broken"
        yield
        self.mood = "ok"

    @contextmanager
    def hanging(self) -> Iterator[None]:
        self.mood = "hanging"
        yield
        self.released.set()
        self.mood = "ok"

    def unknown(self) -> Notice:
        return attrs.evolve(NOTICE, id="gone")


def _leaves(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict | list):
        for inside in tree.values() if isinstance(tree, dict) else tree:
            yield from _leaves(inside)
    else:
        yield str(tree)


class Asked(BaseHTTPRequestHandler):
    server: Desk

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.mood == "hanging":
            self.server.released.wait(10)
            return
        told = json.loads(body)
        gone = "알림 번호: gone" in body.decode() or told.get("id") == "gone"
        status = 410 if gone else 503 if self.server.mood == "broken" else 200
        if status == 200:
            self.server.came.append(told)
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("EVALFLOW_WEBHOOK_SECRET", "s")
    with Desk() as desk:
        threading.Thread(target=desk.serve_forever, args=(0.01,), daemon=True).start()
        yield desk
        desk.released.set()
        desk.shutdown()


@pytest.mark.servers
class TestWebhook(NotifierConformance):
    patience = 20

    @pytest.fixture
    def receiver(self, desk: Desk) -> Desk:
        options = WebhookOptions(url=desk.url, timeout=dt.timedelta(seconds=1))
        desk.notifier = lambda: Webhook(options)  # type: ignore[attr-defined]
        return desk


@pytest.mark.servers
class TestChat(NotifierConformance):
    patience = 20

    @pytest.fixture
    def receiver(self, desk: Desk) -> Desk:
        options = ChatOptions(url=desk.url, timeout=dt.timedelta(seconds=1))
        desk.notifier = lambda: Chat(options)  # type: ignore[attr-defined]
        return desk


@pytest.mark.servers
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # of Apprise
class TestApprise(NotifierConformance):
    hangs = False  # its services have time-outs of their own
    rejects = False  # Apprise tells no reason for a failure

    @pytest.fixture
    def receiver(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
        monkeypatch.setenv("URLS", f"json://127.0.0.1:{desk.server_port}/")
        desk.notifier = lambda: AppriseNotifier(AppriseOptions(urls_from="URLS"))  # type: ignore[attr-defined]
        return desk


# --------------------------------------------------------------------------- in an office


MAILED = ["mayor-1@city.invalid", "policy-1@city.invalid"]  # a reported change (R42)


@pytest.mark.servers
def test_from_the_plan_through_the_outbox_to_the_mailbox(
    post: PostOffice, desk: Desk, tmp_path: Path
) -> None:
    """Mail breaks down for a while: the webhook is not held up, and nothing is lost."""
    text = PLAN.format(lifecycle="major-works").replace(
        "notices: {notifiers: [jsonl]}",
        "notices:\n"
        "  backoff: [60, 300]\n"
        "  notifiers:\n"
        f"    webhook: {{url: '{desk.url}', timeout: 1s}}\n"
        f"    mail: {{server: 127.0.0.1, port: {post.port}, ca_file: '{post.ca_file}',\n"
        "           from: office@city.invalid, pattern: '{recipient}@city.invalid', timeout: 1}",
    )
    (tmp_path / "plan.yaml").write_text(text, encoding="utf-8")
    clock = Clock()
    plugins = Plugins.load([evalflow_notify])
    with evalflow.open(f"sqlite:///{tmp_path / 'o.db'}", plugins=plugins, clock=clock) as office:
        plan = office.load_plan(tmp_path / "plan.yaml")
        office.adopt(plan, by=plan.actor("policy-1"))
        change = {"indicators": {"schools": {"targets": {"2016-Q4": 35}}}}
        office.fire(
            "office-2016/1", "request_change", by=plan.actor("education-head"),
            data={"kind": "target", "change": change, "reason": "추경 감액",
                  "detail": "4분기 목표 축소", "reported_on": "2016-02-25"},
        )  # fmt: skip
        with post.broken():
            report = office.deliver()
        assert (report.delivered, report.retried, report.dead) == (2, 2, 0)
        assert office.deliver().delivered == 0  # not before its time
        clock.moment += dt.timedelta(seconds=61)
        assert office.deliver().delivered == 2
    assert sorted(mail["To"] for mail in post.came) == MAILED
    assert "변경보고" in post.texts()[0]
    assert [told["recipient"] for told in desk.came] == ["mayor-1", "policy-1"]
    assert clock.moment.tzinfo is SEOUL


GUIDE = Path(__file__).parents[3] / "docs" / "howto" / "notify.md"


@pytest.mark.skipif(not GUIDE.exists(), reason="the guides are in evalflow's repository")
def test_the_guides_example_is_a_plan(tmp_path: Path) -> None:
    block = re.search(r"```yaml\n(notices:\n.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    assert block
    text = PLAN.format(lifecycle="major-works").replace("notices: {notifiers: [jsonl]}\n", block[1])
    (tmp_path / "plan.yaml").write_text(text, encoding="utf-8")
    plan = evalflow.load_plan(tmp_path / "plan.yaml", plugins=[evalflow_notify])
    assert plan.head.delivery.notifiers == ("mail", "webhook")


def test_what_is_heavy_is_imported_when_it_is_used() -> None:
    code = (
        "import sys, evalflow_notify\n"
        "print([name for name in ('httpx', 'icalendar', 'apprise') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
