"""Notices over HTTP: a signed webhook, a chat, and what Apprise knows."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import os
from collections.abc import Callable, Mapping
from typing import Literal

import attrs

from evalflow.plugins import Notice, Undeliverable
from evalflow_notify.words import body_of

Clock = Callable[[], dt.datetime]


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    """Return the HMAC-SHA256, in hex, of `timestamp.body`, for receivers to compare."""
    return hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _secret(variable: str) -> str:
    value = os.environ.get(variable)
    if not value:
        raise RuntimeError(f"the environment variable {variable} is not set")
    return value


def _post(url: str, body: bytes, headers: Mapping[str, str], timeout: float) -> None:
    import httpx

    told = {"Content-Type": "application/json", **headers}
    answer = httpx.post(url, content=body, headers=told, timeout=timeout)
    if answer.is_success:
        return
    said = f"the receiver answered {answer.status_code}"
    if 400 <= answer.status_code < 500 and answer.status_code not in (408, 425, 429):
        raise Undeliverable(said)
    raise RuntimeError(said)


@attrs.frozen(kw_only=True)
class WebhookOptions:
    """`secret_from` names the environment variable that holds the secret; `timeout` reads `20s`."""

    url: str
    secret_from: str = "EVALFLOW_WEBHOOK_SECRET"  # noqa: S105 - a variable's name
    timeout: dt.timedelta = dt.timedelta(seconds=20)


class Webhook:
    """Posts each notice as JSON, signed; `Idempotency-Key` is the notice's id."""

    Options = WebhookOptions

    def __init__(self, options: WebhookOptions, *, clock: Clock = _now) -> None:
        self._options, self._clock = options, clock

    def deliver(self, notice: Notice) -> None:
        """Post the notice.

        Raises:
            Undeliverable: the receiver refuses it for good: 4xx, but not 408, 425 or 429.
            Exception: anything else is tried again, with the same key.
        """
        tree = {
            "id": notice.id,
            "at": notice.at.isoformat(),
            "project": notice.project,
            "number": notice.number,
            "name": notice.name,
            "recipient": notice.recipient,
            "role": notice.role,
            "subject": {"ko": notice.subject.ko, "en": notice.subject.en},
            "data": notice.data,
        }
        body = json.dumps(tree, ensure_ascii=False).encode()
        timestamp = str(int(self._clock().timestamp()))
        signed = signature(_secret(self._options.secret_from).encode(), timestamp, body)
        headers = {
            "Idempotency-Key": notice.id.encode("ascii", "backslashreplace").decode(),
            "Evalflow-Timestamp": timestamp,
            "Evalflow-Signature": f"sha256={signed}",
        }
        _post(self._options.url, body, headers, self._options.timeout.total_seconds())


@attrs.frozen(kw_only=True)
class ChatOptions:
    """The JSON posted is `{field: text}`; `template` knows `{subject}` and `{body}`."""

    url: str
    field: str = "text"
    template: str = "{body}"
    timeout: dt.timedelta = dt.timedelta(seconds=20)
    lang: Literal["ko", "en"] = "ko"


class Chat:
    """Posts each notice as a line of chat."""

    Options = ChatOptions

    def __init__(self, options: ChatOptions) -> None:
        self._options = options

    def deliver(self, notice: Notice) -> None:
        """Post the notice; raises as `Webhook.deliver` does."""
        options = self._options
        words = {
            "{subject}": notice.subject.text(options.lang),
            "{body}": body_of(notice, options.lang),
        }
        text = options.template
        for place, word in words.items():
            text = text.replace(place, word)
        body = json.dumps({options.field: text}, ensure_ascii=False).encode()
        _post(options.url, body, {}, options.timeout.total_seconds())


@attrs.frozen(kw_only=True)
class AppriseOptions:
    """`urls_from` names the environment variable that holds Apprise's URLs (they are secret)."""

    urls_from: str = "EVALFLOW_APPRISE_URLS"
    lang: Literal["ko", "en"] = "ko"


class AppriseNotifier:
    """Sends each notice through Apprise, the extra `apprise`."""

    Options = AppriseOptions

    def __init__(self, options: AppriseOptions | None = None) -> None:
        self._options = options or AppriseOptions()

    def deliver(self, notice: Notice) -> None:
        """Send the notice; any failure is tried again."""
        import apprise

        lang, sender = self._options.lang, apprise.Apprise()
        if not sender.add(_secret(self._options.urls_from).split()):
            raise RuntimeError("Apprise does not understand its URLs")
        if not sender.notify(title=notice.subject.text(lang), body=body_of(notice, lang)):
            raise RuntimeError("Apprise could not deliver the notice")
