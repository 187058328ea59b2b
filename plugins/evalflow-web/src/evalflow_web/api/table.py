"""What every route of the service says of itself, and how it is made a route: the same table is
the routes, and the document (OpenAPI) of them."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, TypeVar

import attrs
import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from evalflow import Engine, Label, View
from evalflow_web.problems import Problem, input_problem, problem_response, told
from evalflow_web.site import Site, Visit, visiting
from evalflow_web.wire import encode

PREFIX = "/api"

_S = TypeVar("_S", bound=msgspec.Struct)


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """No query at all: what is not understood is refused."""


Moment = Annotated[
    str,
    msgspec.Meta(extra_json_schema={"pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].+)?$"}),
]
"""A day, or a moment with its zone, as a text: the document says which form it has."""


@attrs.frozen(kw_only=True)
class Operation:
    """One route of the service.

    Attributes:
        name: its name in the document (operationId), and of the route.
        method, path: below `/api`; `{plan}`, `{number}` … are parts of the path.
        label: what it does, in both languages.
        tag: the group in which it stands.
        handler: what answers, given a `Call`.
        answer: the type of what is answered; None: no JSON.
        media: the type of content that is answered.
        query: the query that it takes, each field a parameter.
        body: what it takes, as JSON; None: nothing.
        status: where it went well.
        if_match: whether it is a change of a project, which must say the version that was seen.
        key: whether it takes an Idempotency-Key.
        etag: whether the answer has an ETag, for If-None-Match and If-Match.
        body_optional: whether the body may be left out.
        public: whether nobody needs to be recognised for it.
        problems: further statuses that it may answer.
    """

    name: str
    method: str
    path: str
    label: Label
    tag: str
    handler: Callable[[Call], Reply | Response]
    answer: Any = None
    media: str = "application/json"
    query: type[msgspec.Struct] = Nothing
    body: type[msgspec.Struct] | None = None
    status: int = 200
    if_match: bool = False
    key: bool = False
    etag: bool = False
    body_optional: bool = False
    public: bool = False
    problems: tuple[int, ...] = ()

    @property
    def params(self) -> tuple[str, ...]:
        """Return the names of the parts of the path."""
        return tuple(re.findall(r"\{(\w+)\}", self.path))


@attrs.frozen(kw_only=True)
class Reply:
    """What a handler answers. `version` is that of the project that it shows: it becomes the ETag,
    by which a change says what it has seen."""

    value: Any
    version: int | None = None
    status: int | None = None
    headers: Mapping[str, str] = attrs.field(factory=dict)


@attrs.define(kw_only=True, eq=False)
class Call:
    """One request to an operation, with what it brought, checked."""

    visit: Visit
    operation: Operation

    @property
    def engine(self) -> Engine:
        """Return the engine, for `fire` and for what no actor's rights are about."""
        return self.visit.engine

    @property
    def view(self) -> View:
        """Return the store as whoever asks may read it."""
        return self.visit.view

    @property
    def request(self) -> Request:
        """Return the request."""
        return self.visit.request

    def part(self, name: str) -> str:
        """Return a part of the path."""
        return str(self.request.path_params[name])

    @property
    def plan(self) -> str:
        """Return the plan's id in the path: one that there is, and that knows who asks."""
        return self.part("plan")

    @property
    def project(self) -> str:
        """Return the project's id: an id holds a slash, so that the path has it in two parts."""
        return f"{self.part('plan')}/{self.part('number')}"

    def query(self, kind: type[_S]) -> _S:
        """Return the query, read as the operation declares it.

        Raises:
            Problem: a field that there is not, or a wrong value.
        """
        several = {
            field.encode_name
            for field in msgspec.structs.fields(kind)
            if "list" in str(field.type) or "tuple" in str(field.type)
        }
        given: dict[str, Any] = {}
        params = self.request.query_params
        for name in params:
            values = params.getlist(name)
            if name == "lang":
                continue
            if name not in several and len(values) > 1:
                raise _bad_query(name, "한 번만 적어야 합니다.", "must be said once")
            if any("\ufffd" in value for value in values):
                raise _bad_query(name, "UTF-8 글자여야 합니다.", "must be UTF-8")
            given[name] = values if name in several else values[0]
        for field in msgspec.structs.fields(kind):
            value = given.get(field.encode_name)
            whole = field.type in (int, int | None)
            if whole and isinstance(value, str) and not _WHOLE.fullmatch(value):
                ko, en = "정수여야 합니다", "must be a whole number"
                text = value[:60]
                raise _bad_query(field.encode_name, f"{ko}: '{text}'", f"{en}, got '{text}'")
        read = _converted(given, kind)
        for field in msgspec.structs.fields(kind):
            # msgspec takes the word for a value that is not there.
            if getattr(read, field.name) is None and field.encode_name in given:
                text = str(given[field.encode_name])[:60]
                raise _bad_query(
                    field.encode_name,
                    f"이해할 수 없는 값입니다: '{text}'",
                    f"cannot be understood: '{text}'",
                )
        return read

    def body(self, kind: type[_S]) -> _S:
        """Return the body, read as the operation declares it; figures are exact.

        Raises:
            Problem: it is no JSON (400, 415), or of another form (422).
        """
        said = self._header("content-type", "unsupported_media_type") or ""
        content, _, more = said.lower().partition(";")
        charset = _CHARSET.search(more)
        if content.strip() != "application/json" or (charset and charset[1] != "utf-8"):
            raise Problem(
                415,
                "unsupported_media_type",
                ko="내용은 UTF-8로 적은 application/json이어야 합니다.",
                en="The content must be application/json, in UTF-8.",
            )
        try:
            read = msgspec.json.Decoder(kind, float_hook=Decimal).decode(self.visit.body)
            _check_names(self.visit.body)
            return read
        except msgspec.ValidationError as error:
            raise _wrong_form(error) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
            raise Problem(
                400,
                "not_json",
                ko=f"내용을 JSON으로 읽을 수 없습니다: {error}",
                en=f"The content is not JSON: {error}",
            ) from None

    @cached_property
    def seen(self) -> int | None:
        """Return the version that If-Match says was seen, or None where it says nothing.

        Raises:
            Problem: it names no version.
        """
        said = self._header("if-match", "bad_if_match")
        if said is None:
            return None
        match = _ETAG.fullmatch(said.strip())
        if match is None:
            raise Problem(
                400,
                "bad_if_match",
                ko=f"If-Match는 조회한 사업의 ETag여야 합니다: {said[:60]}",
                en=f"If-Match must be the ETag of the project that was read, got {said[:60]}",
            )
        return int(match["version"])

    def must_have_seen(self) -> int:
        """Return the version that was seen.

        Raises:
            Problem: If-Match does not say it (428), or says it wrongly (400).
        """
        if self.seen is None:
            raise Problem(
                428,
                "precondition_required",
                ko="If-Match에 조회한 사업의 ETag를 적으십시오. "
                "그사이의 다른 처리를 덮지 않기 위해서입니다.",
                en="Send the ETag of the project that was read in If-Match, so that nobody's "
                "work is overwritten.",
            )
        return self.seen

    @property
    def key(self) -> str | None:
        """Return the Idempotency-Key, with or without the quotes of a structured field.

        Raises:
            Problem: it is empty or too long.
        """
        said = self._header("idempotency-key", "bad_key")
        if said is None:
            return None
        key = said.strip()
        if len(key) >= 2 and key[0] == key[-1] == '"':
            key = key[1:-1]
        if not 1 <= len(key) <= 200 or not key.isprintable():
            raise Problem(
                400,
                "bad_key",
                ko="Idempotency-Key는 1자 이상 200자 이하여야 합니다.",
                en="An Idempotency-Key has 1 to 200 characters.",
            )
        return key

    def _header(self, name: str, code: str) -> str | None:
        """Return what a header says, None where it is not there.

        Raises:
            Problem: it is there twice: which one counts is nobody's guess.
        """
        found = self.request.headers.getlist(name)
        if len(found) > 1:
            raise Problem(
                400,
                code,
                ko=f"{name} 머리글은 한 번만 적어야 합니다.",
                en=f"The header {name} may be given only once.",
            )
        return found[0] if found else None

    def moment(self, text: str | None) -> dt.datetime | None:
        """Return the moment that a text means: one with its zone, or the end of a day in the
        plan's office; None where there is no text.

        Raises:
            Problem: it is neither.
        """
        if text is None:
            return None
        with contextlib.suppress(ValueError):
            if not _MOMENT.fullmatch(text):
                raise ValueError
            if "T" in text or " " in text:
                moment = dt.datetime.fromisoformat(text.replace(" ", "+"))
                if moment.tzinfo is not None:
                    return moment
            else:
                day = dt.date.fromisoformat(text)
                ends = self.engine.plans.calendar(self.plan).ends_at(day)
                return ends - dt.timedelta(microseconds=1)
        raise _bad_query(
            "at",
            f"날짜나 시간대가 있는 시각이어야 합니다: '{text[:60]}' (예: 2016-04-05)",
            f"must be a day, or a time with its zone, e.g. 2016-04-05; got '{text[:60]}'",
        )


def _check_names(body: bytes) -> None:
    """See that no object of a body has a name twice: msgspec takes the last of them.

    Raises:
        ValueError, RecursionError: one has, or it is no JSON.
    """

    def checked(pairs: list[tuple[str, Any]]) -> None:
        twice = [name for name, times in Counter(name for name, _ in pairs).items() if times > 1]
        if twice:
            raise ValueError(f"a name stands twice: {ascii(twice[0])[:60]}")

    json.loads(body.decode(), object_pairs_hook=checked, parse_int=str, parse_float=str)


_WHOLE = re.compile(r"-?[0-9]{1,20}")
_CHARSET = re.compile(r"charset\s*=\s*\"?([^\s\";]+)")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].+)?")
_ETAG = re.compile(r'"(?P<version>[0-9]{1,15})(-[0-9a-f]{1,64})?"')


MOST = 200
"""Projects, entries or notices that one answer holds at most."""


def checked_limit(limit: int) -> int:
    """Return a limit that is one.

    Raises:
        Problem: it is not.
    """
    if not 1 <= limit <= MOST:
        raise _bad_query(
            "limit",
            f"1 이상 {MOST} 이하의 정수여야 합니다: {limit}",
            f"must be a whole number from 1 to {MOST}, got {limit}",
        )
    return limit


def _bad_query(name: str, ko: str, en: str) -> Problem:
    return input_problem("wrong_value", name, ko, en)


def _wrong_form(error: msgspec.ValidationError) -> Problem:
    said, _, path = str(error).partition(" - at `$")
    path = path.rstrip("`").lstrip(".")
    return input_problem("wrong_form", path, f"형식이 맞지 않습니다 ({said})", said)


def _converted(given: Mapping[str, Any], kind: type[_S]) -> _S:
    try:
        return msgspec.convert(dict(given), kind, strict=False)
    except msgspec.ValidationError as error:
        raise _wrong_form(error) from None


# --------------------------------------------------------------------------- routes


def route(site: Site, operation: Operation) -> Route:
    """Return the route of an operation."""

    def handler(visit: Visit) -> Response:
        call = Call(visit=visit, operation=operation)
        if operation.query is Nothing:
            call.query(Nothing)
        answered = operation.handler(call)
        if isinstance(answered, Response):
            answered.headers.setdefault("content-language", visit.lang)
            return answered
        return _response(visit, operation, answered)

    def before(visit: Visit) -> Response | None:
        from evalflow_web.application import check_forgery

        if operation.public:  # and only reads
            return None
        if visit.identity is None:
            raise Problem(401, "not_signed_in", ko="로그인이 필요합니다.", en="Sign in first.")
        check_forgery(visit)
        if "plan" in operation.params:
            _check_reader(visit, visit.request.path_params["plan"])
        return None

    def failed(visit: Visit, error: Exception) -> Response:
        seen = "if-match" in visit.request.headers
        return problem_response(told(error, visit, if_match=seen), visit)

    endpoint = visiting(site, handler, failed=failed, before=before)
    path = PREFIX + operation.path
    return Route(path, endpoint, methods=[operation.method], name=operation.name)


def _check_reader(visit: Visit, plan: str) -> None:
    """See that there is the plan, and that it knows who asks.

    Raises:
        NotFound: there is no such plan; or nobody of this id in its directory.
    """
    if not visit.view.knows(plan):
        visit.view.people(plan).actor(visit.who.id)


def _response(visit: Visit, operation: Operation, reply: Reply) -> Response:
    body = encode(reply.value)
    headers = {
        "content-language": visit.lang,
        "cache-control": "private, no-cache",
        "vary": "Accept-Language, Authorization, Cookie",
        **reply.headers,
    }
    status = reply.status or operation.status
    if reply.version is not None:
        # The version says which change is meant, the rest that this reader sees the same.
        headers["etag"] = f'"{reply.version}-{hashlib.sha256(body).hexdigest()[:16]}"'
        known = visit.request.headers.get("if-none-match", "")
        if status == 200 and headers["etag"] in [each.strip() for each in known.split(",")]:
            return Response(status_code=304, headers=headers)
    return Response(body, status, headers, "application/json")
