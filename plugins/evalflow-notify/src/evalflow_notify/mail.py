"""Mail over SMTP, encrypted unless told otherwise, with deadlines as a calendar file."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from collections.abc import Mapping
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Literal

import attrs

import evalflow
from evalflow.plugins import Notice, Undeliverable, notice_due
from evalflow_notify.words import body_of

if TYPE_CHECKING:
    import smtplib
    from email.message import EmailMessage


def _never_in_the_open(options: MailOptions, _: object, login: str | None) -> None:
    if login is not None and options.tls == "none":
        raise evalflow.InvalidInput(
            [
                evalflow.Problem(
                    code="password_in_the_open",
                    path="tls",
                    value="none",
                    ko="암호화하지 않은 연결(tls: none)로는 비밀번호를 보내지 않습니다",
                    en="a password is never sent over an unencrypted connection (tls: none)",
                )
            ]
        )


def _an_address(options: object, _: object, board: str | None) -> None:
    if board is not None and not board.startswith(("https://", "http://")):
        raise evalflow.InvalidInput(
            [
                evalflow.Problem(
                    code="no_address",
                    path="board",
                    value=board,
                    ko=f"https://로 시작하는 주소여야 합니다: '{board}'",
                    en=f"must begin with https://, got '{board}'",
                )
            ]
        )


@attrs.frozen(kw_only=True)
class MailOptions:
    """`addresses` maps actor ids to addresses; others take `pattern` (`{recipient}@…`).

    `password_from` names the environment variable with the password; `ca_file` an authority
    to trust in place of the system's. `board` is the address of the board, to whose pages mails
    link. `timeout` is written `20s`. With `tls: none` there can be no
    `login`.
    """

    server: str
    port: int = 587
    tls: Literal["starttls", "tls", "none"] = "starttls"
    ca_file: str | None = None
    login: str | None = attrs.field(default=None, validator=_never_in_the_open)
    password_from: str = "EVALFLOW_MAIL_PASSWORD"  # noqa: S105 - a variable's name
    from_: str
    reply_to: str | None = None
    addresses: Mapping[str, str] = attrs.field(factory=dict)
    pattern: str | None = None
    board: str | None = attrs.field(default=None, validator=_an_address)
    timeout: dt.timedelta = dt.timedelta(seconds=20)
    lang: Literal["ko", "en"] = "ko"


class Mail:
    """Sends each notice as a mail; its Message-ID follows from the notice's id."""

    Options = MailOptions

    def __init__(self, options: MailOptions) -> None:
        self._options = options

    def deliver(self, notice: Notice) -> None:
        """Hand the mail to the server.

        A Korean id in the `pattern` is a Korean address (RFC 6532), for servers that take these;
        for others `addresses` names one. Subjects and names are encoded (RFC 2047).

        Raises:
            Undeliverable: no address is known, or the server refuses it for good (5xx).
            OSError: the server cannot be reached, trusted or waited for; tried again.
        """
        import smtplib
        import ssl

        options, mail = self._options, self._mail(notice)
        context = ssl.create_default_context(cafile=options.ca_file)
        server: smtplib.SMTP
        within = options.timeout.total_seconds()
        if options.tls == "tls":
            server = smtplib.SMTP_SSL(
                options.server,
                options.port,
                timeout=within,
                context=context,
            )
        else:
            server = smtplib.SMTP(options.server, options.port, timeout=within)
        with closing(server):
            if options.tls == "starttls":
                server.starttls(context=context)
            if options.login is not None:
                server.login(options.login, os.environ.get(options.password_from, ""))
            try:
                server.send_message(mail)
            except smtplib.SMTPRecipientsRefused as error:
                if all(500 <= code < 600 for code, _ in error.recipients.values()):
                    raise Undeliverable(f"recipient refused: {error}") from error
                raise
            except smtplib.SMTPNotSupportedError as error:
                raise Undeliverable(
                    f"the server takes no address with other letters than ASCII (SMTPUTF8, "
                    f"RFC 6532): '{mail['To']}'; give one under addresses for "
                    f"'{notice.recipient}'"
                ) from error
            except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
                if 500 <= error.smtp_code < 600:
                    raise Undeliverable(f"refused: {error}") from error
                raise
            # Taken over is taken over, however the server says goodbye.
            with suppress(OSError, smtplib.SMTPException):
                server.quit()

    def _mail(self, notice: Notice) -> EmailMessage:
        from email.message import EmailMessage

        options = self._options
        address = options.addresses.get(notice.recipient)
        if address is None and options.pattern is not None and "@" not in notice.recipient:
            address = options.pattern.replace("{recipient}", notice.recipient)
        if address is None:
            raise Undeliverable(f"no mail address is known for '{notice.recipient}'")
        mail = EmailMessage()
        mail["Subject"] = " ".join(notice.subject.text(options.lang).split())
        mail["From"], mail["To"], mail["Date"] = options.from_, address, notice.at
        if options.reply_to is not None:
            mail["Reply-To"] = options.reply_to
        known = hashlib.sha256(notice.id.encode()).hexdigest()[:32]
        mail["Message-ID"] = f"<{known}@evalflow.invalid>"
        mail.set_content(body_of(notice, options.lang, options.board))
        if notice_due(notice) is not None:
            mail.add_attachment(
                self._calendar(notice, known),
                maintype="text",
                subtype="calendar",
                filename="due.ics",
            )
        return mail

    def _calendar(self, notice: Notice, known: str) -> bytes:
        import icalendar

        event = icalendar.Event()
        event.add("uid", f"{known}@evalflow.invalid")
        event.add("dtstamp", notice.at)
        event.add("dtstart", notice_due(notice))
        event.add("summary", notice.subject.text(self._options.lang))
        calendar = icalendar.Calendar()
        calendar.add("prodid", "-//evalflow//notify//KO")
        calendar.add("version", "2.0")
        calendar.add_component(event)
        return bytes(calendar.to_ical())
