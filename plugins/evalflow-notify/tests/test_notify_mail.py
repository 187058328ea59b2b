"""Mail against a real SMTP server on this machine, with a throw-away certificate."""

import datetime as dt
import email
import email.policy
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import attrs
import pytest
import trustme
from aiosmtpd.controller import Controller
from evalflow_notify.mail import Mail, MailOptions

import evalflow
from evalflow.plugins import Undeliverable
from evalflow.testing.notifier import NOTICE

DAY = "2016-04-05"


class Post:
    def __init__(self) -> None:
        self.came: list[EmailMessage] = []
        self.answer = "250 OK"

    async def handle_RCPT(self, _s: Any, _n: Any, envelope: Any, to: str, _o: Any) -> str:  # noqa: N802
        if self.answer.startswith("250"):
            envelope.rcpt_tos.append(to)
        return self.answer

    async def handle_DATA(self, _s: Any, _n: Any, envelope: Any) -> str:  # noqa: N802
        came = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(came, EmailMessage)
        self.came.append(came)
        return "250 OK"


@pytest.fixture
def post(tmp_path: Path) -> Iterator[tuple[Post, MailOptions]]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    post = Post()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    server = Controller(
        post, hostname="127.0.0.1", port=port, tls_context=context, require_starttls=True
    )
    server.start()
    options = MailOptions(
        server="127.0.0.1",
        port=port,
        from_="office@city.invalid",
        pattern="{recipient}@city.invalid",
        ca_file=str(tmp_path / "ca.pem"),
    )
    yield post, options
    server.stop()


def test_a_deadline_comes_in_korean_with_a_calendar(post: tuple[Post, MailOptions]) -> None:
    box, options = post
    Mail(options).deliver(attrs.evolve(NOTICE, data={"due": "2016-05-05"}))
    [mail] = box.came
    assert mail["Subject"] == NOTICE.subject.ko
    assert "20160505" in next(mail.iter_attachments()).get_content()


@pytest.mark.parametrize(
    ("data", "page"),
    [
        ({}, "projects/1"),
        ({"projects": [{"id": "gu/1"}]}, "projects/1"),
        ({"projects": [{"id": "gu/1"}, {"id": "gu/2"}]}, "work"),
        (
            {"reminders": [{"event": "self_evaluate", "projects": [{"id": "gu/2"}], "due": DAY}]},
            "projects/2/do/self_evaluate",
        ),
        ({"reminders": [{"due": DAY, "projects": [{"id": "gu/1"}]}] * 2}, "work"),
    ],
)
def test_a_mail_links_to_the_page_where_it_is_answered(
    post: tuple[Post, MailOptions], data: Any, page: str
) -> None:
    box, options = post
    options = attrs.evolve(options, board="https://eval.office.invalid/")
    Mail(options).deliver(attrs.evolve(NOTICE, project="gu/1", data=data))
    body = box.came[0].get_body()
    assert body is not None
    assert (
        f"바로가기: https://eval.office.invalid/board/gu/{page}" in body.get_content().splitlines()
    )


def test_a_board_that_is_no_address_is_refused() -> None:
    with pytest.raises(evalflow.InvalidInput):
        MailOptions(server="x", from_="y", board="javascript:alert(1)")


def test_an_untrusted_certificate_is_a_failure(post: tuple[Post, MailOptions]) -> None:
    box, options = post
    with pytest.raises(ssl.SSLError):
        Mail(attrs.evolve(options, ca_file=None)).deliver(NOTICE)
    assert box.came == []


def test_a_recipient_refused_for_good_is_undeliverable(post: tuple[Post, MailOptions]) -> None:
    box, options = post
    box.answer = "550 unknown"
    with pytest.raises(Undeliverable):
        Mail(options).deliver(NOTICE)


# ------------------------------------------------------------------ servers that answer oddly


def odd_server(answers: dict[bytes, bytes], came: list[bytes]) -> int:
    """A server on this machine that answers these verbs so, and all else well; return its port."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listening.accept()
        lines = connection.makefile("rb")
        connection.sendall(b"220 here\r\n")
        while line := lines.readline():
            verb = line[:4].upper().strip()
            if verb == b"DATA":
                connection.sendall(b"354 go on\r\n")
                while lines.readline() != b".\r\n":
                    pass
                came.append(verb)
            said = answers.get(verb, b"250 fine")
            if not said:  # silence
                continue
            connection.sendall(said + b"\r\n")
            if verb == b"QUIT":
                break
        connection.close()
        listening.close()

    threading.Thread(target=serve, daemon=True).start()
    return int(listening.getsockname()[1])


def plain(port: int) -> Mail:
    return Mail(
        MailOptions(
            server="127.0.0.1",
            port=port,
            tls="none",
            from_="office@city.invalid",
            pattern="{recipient}@city.invalid",
            timeout=dt.timedelta(seconds=1),
        )
    )


@pytest.mark.parametrize("goodbye", [b"421 too busy, closing", b"500 what", b""])
def test_what_the_server_took_over_is_sent_however_it_says_goodbye(goodbye: bytes) -> None:
    came: list[bytes] = []
    plain(odd_server({b"QUIT": goodbye}, came)).deliver(NOTICE)
    assert came == [b"DATA"]


@pytest.mark.parametrize(("verb", "code"), [(b"DATA", 554), (b"MAIL", 550), (b"RCPT", 550)])
def test_what_the_server_refuses_for_good_is_not_tried_again(verb: bytes, code: int) -> None:
    with pytest.raises(Undeliverable):
        plain(odd_server({verb: b"%d no" % code}, [])).deliver(NOTICE)


@pytest.mark.parametrize(("verb", "code"), [(b"DATA", 451), (b"MAIL", 450), (b"RCPT", 450)])
def test_what_the_server_cannot_take_now_is_tried_again(verb: bytes, code: int) -> None:
    with pytest.raises(smtplib.SMTPException) as error:
        plain(odd_server({verb: b"%d later" % code}, [])).deliver(NOTICE)
    assert not isinstance(error.value, Undeliverable)


def test_a_korean_id_is_a_korean_address_where_the_server_takes_it(
    post: tuple[Post, MailOptions],
) -> None:
    box, options = post
    Mail(options).deliver(attrs.evolve(NOTICE, recipient="지역경제과-담당"))
    (mail,) = box.came
    assert "지역경제과-담당@city.invalid" in str(mail["To"])


def test_a_korean_id_has_an_address_of_its_own_where_the_server_takes_none(
    post: tuple[Post, MailOptions], monkeypatch: pytest.MonkeyPatch
) -> None:
    box, options = post
    has = smtplib.SMTP.has_extn
    monkeypatch.setattr(
        smtplib.SMTP, "has_extn", lambda self, opt: opt != "smtputf8" and has(self, opt)
    )
    notice = attrs.evolve(NOTICE, recipient="지역경제과-담당")
    with pytest.raises(Undeliverable, match="give one under addresses for '지역경제과-담당'"):
        Mail(options).deliver(notice)
    named = attrs.evolve(options, addresses={"지역경제과-담당": "economy@city.invalid"})
    Mail(named).deliver(notice)
    (mail,) = box.came
    assert mail["To"] == "economy@city.invalid"
