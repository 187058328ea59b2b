"""What went wrong, as the service says it: a status, and problem+json (RFC 9457) in the language
asked for, with every reason."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import attrs
import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from evalflow import (
    Conflict,
    EvalflowError,
    Forbidden,
    InvalidInput,
    KeyReused,
    NotFound,
    PluginError,
    Reason,
    Refused,
    StorageError,
    http_status,
    request_id,
)
from evalflow_web.site import Visit

_log = logging.getLogger("evalflow.web")

MEDIA = "application/problem+json"
RETRY_AFTER = "2"
"""Seconds after which a store that is locked or unreachable may be asked again."""


class Problem(Exception):
    """A request that cannot be answered, with what is said of it."""

    def __init__(
        self,
        status: int,
        code: str,
        *,
        ko: str,
        en: str,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(en)
        self.status, self.code, self.ko, self.en = status, code, ko, en
        self.headers = dict(headers or {})
        self.more = more


def input_problem(code: str, path: str, ko: str, en: str) -> Problem:
    """Return what is said of one thing in what a request brought, as of evalflow's own input."""
    at = f"{path}: " if path else ""
    ko, en = at + ko, at + en
    wrong = {"code": code, "path": path, "ko": ko, "en": en}
    return Problem(422, "invalid_input", ko=ko, en=en, problems=[wrong])


@attrs.frozen(kw_only=True)
class Told:
    """What is answered: `code` is a word for programs, `more` what belongs to it."""

    status: int
    code: str
    detail: str
    more: Mapping[str, Any] = attrs.field(factory=dict)
    headers: Mapping[str, str] = attrs.field(factory=dict)


def told(error: Exception, visit: Visit, *, if_match: bool = False) -> Told:
    """Return what is answered for an error. `if_match`: the request said which version it had
    seen, so that a conflict is a condition that failed."""
    lang = visit.lang
    if isinstance(error, Problem):
        return Told(
            status=error.status,
            code=error.code,
            detail=error.ko if lang == "ko" else error.en,
            more={name: _spoken(value, lang) for name, value in error.more.items()},
            headers=error.headers,
        )
    if isinstance(error, HTTPException):
        return _http(error.status_code, lang)
    if not isinstance(error, EvalflowError):
        _log.exception(
            "a request went wrong: %s (%s)",
            visit.request.url.path,
            request_id(),
            exc_info=error,
            extra={"request_id": request_id()},
        )
        return _http(500, lang)
    text, status = error.text(lang), http_status(error, if_match=if_match)
    match error:
        case Refused():
            return Told(
                status=status,
                code="refused",
                detail=text,
                more={"event": error.event, "reasons": reasons(error.reasons, lang)},
            )
        case Conflict():
            return Told(
                status=status,
                code="conflict",
                detail=text,
                more=_versions(error, visit),
            )
        case InvalidInput():
            code = "key_reused" if isinstance(error, KeyReused) else "invalid_input"
            problems = [
                _without_none(
                    code=each.code, path=each.path, value=each.value, text=each.text(lang)
                )
                for each in error.problems
            ]
            return Told(status=status, code=code, detail=text, more={"problems": problems})
        case NotFound(what="actor"):
            return Told(status=status, code="not_in_directory", detail=text)
        case NotFound():
            near = {"nearest": error.nearest} if error.nearest else {}
            return Told(
                status=status, code="not_found", detail=text, more={"what": error.what, **near}
            )
        case Forbidden():
            more = {"reasons": reasons([error.reason], lang)}
            return Told(status=status, code="forbidden", detail=text, more=more)
        case StorageError():
            return Told(
                status=status,
                code="store_" + error.code,
                detail=text,
                headers={"retry-after": RETRY_AFTER},
            )
        case PluginError():
            more = _without_none(plugin=error.plugin, version=error.version)
            return Told(status=status, code="plugin_failed", detail=text, more=more)
    return Told(status=status, code="error", detail=text)


def reasons(each: Sequence[Reason], lang: str) -> list[dict[str, Any]]:
    """Return reasons as data, each sentence in `lang`."""
    return [
        _without_none(
            code=reason.code,
            text=reason.text(lang),
            who=list(reason.who),
            since=reason.since and reason.since.isoformat(),
            about=reason.about,
        )
        for reason in each
    ]


def _versions(error: Conflict, visit: Visit) -> dict[str, Any]:
    """Return the version that was expected, and where the project stands now."""
    more: dict[str, Any] = {"project": error.project}
    if error.expected is not None:
        more["expected"] = error.expected
    with contextlib.suppress(EvalflowError):  # it is gone, or the store is: a conflict all the same
        more["version"] = visit.view.project(error.project).version
    return more


def _spoken(value: Any, lang: str) -> Any:
    """Return what was said in both languages, in one of them as `text`."""
    if isinstance(value, list):
        return [_spoken(each, lang) for each in value]
    if isinstance(value, dict) and {"ko", "en"} <= set(value):
        rest = {name: each for name, each in value.items() if name not in ("ko", "en")}
        return {**rest, "text": value[lang]}
    return value


def _without_none(**facts: Any) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}


_SAID: Mapping[int, tuple[str, str]] = {
    400: ("요청을 이해할 수 없습니다.", "The request cannot be understood."),
    401: ("로그인이 필요합니다.", "Sign in first."),
    403: ("권한이 없습니다.", "This is not for you."),
    404: ("찾을 수 없습니다.", "There is nothing here."),
    405: ("이 주소에는 그 방식으로 요청할 수 없습니다.", "This address does not take that method."),
    413: ("보낸 내용이 너무 큽니다.", "What was sent is too large."),
    415: ("이 형식의 내용은 받지 않습니다.", "This kind of content is not taken."),
    500: ("프로그램 오류가 있었습니다.", "The service made a mistake."),
}


def _http(status: int, lang: str) -> Told:
    phrase = HTTPStatus(status).phrase
    ko, en = _SAID.get(status, (phrase, phrase))
    return Told(
        status=status, code=phrase.lower().replace(" ", "_"), detail=ko if lang == "ko" else en
    )


def problem_response(said: Told, visit: Visit) -> Response:
    """Return the answer as problem+json."""
    body = {
        "type": f"urn:evalflow:problem:{said.code}",
        "title": HTTPStatus(said.status).phrase,
        "status": said.status,
        "code": said.code,
        "detail": said.detail,
        "instance": visit.request.url.path,
        **said.more,
    }
    headers = {"content-language": visit.lang, "cache-control": "no-store", **said.headers}
    if said.status == 401:
        headers.setdefault("www-authenticate", 'Bearer realm="evalflow"')
    return Response(msgspec.json.encode(body), said.status, headers, MEDIA)


def wants_page(visit: Visit) -> bool:
    """Say whether whoever asks is a browser that shows pages."""
    return "text/html" in visit.request.headers.get("accept", "")


__all__ = ["ClientDisconnect", "Problem", "Told", "problem_response", "reasons", "told"]
