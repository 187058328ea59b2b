"""The application: routes of the service and pages of the board, behind one set of headers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from http import HTTPStatus
from urllib.parse import quote, urlsplit
from uuid import uuid4

import msgspec
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from evalflow import Engine, request
from evalflow_web import api, board, metrics
from evalflow_web.board.received import received
from evalflow_web.identity import ActorOf
from evalflow_web.problems import Problem, Told, problem_response, told, wants_page
from evalflow_web.site import HERE, Endpoint, Handler, Settings, Site, Visit, visiting
from evalflow_web.state import State

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""What a page may load and do: only what is here; no inline script, no inline style."""

HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}

REQUEST_ID = "x-request-id"
"""The header with which a request says what it is called, and is answered what it was."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/=+-]{1,128}")

_SAFE = ("GET", "HEAD", "OPTIONS")


Routes = Callable[[Site], list[BaseRoute]]


def make(
    engine: Engine,
    *,
    actor_of: ActorOf,
    settings: Settings | None = None,
    state: State | None = None,
    more: Sequence[Routes] = (),
) -> Starlette:
    """Return the service on `engine`; see `evalflow_web.app`. `more` are routes beside its own:
    those of signing in."""
    site = Site(
        engine=engine, actor_of=actor_of, settings=settings or Settings(), state=state or State()
    )
    routes = [*_own(site), *(each for made in more for each in made(site))]
    made = Starlette(routes=[*routes, *api.routes(site), *board.routes(site)])
    made.state.site = site
    site.router = made.router
    made.add_exception_handler(HTTPException, _failed_outside(site))
    made.add_middleware(_Guarded, settings=site.settings)
    return made


def page(site: Site, handler: Handler, *, anybody: bool = False) -> Endpoint:
    """Return the endpoint of a page: whoever is not signed in is sent to do so (unless `anybody`
    may see it), a change from it must be its own, and errors are pages."""

    def before(visit: Visit) -> Response | None:
        if visit.identity is None and not anybody:
            return sign_in(visit)
        if visit.identity is not None and visit.identity.events is not None:
            raise Problem(
                403,
                "not_by_this_token",
                ko="이 토큰은 /api에만 쓸 수 있습니다.",
                en="This token is valid only under /api.",
            )
        check_forgery(visit)
        return None

    return visiting(site, handler, failed=_page_failed, before=before)


def sign_in(visit: Visit) -> Response:
    """Return that somebody has to sign in: where there is a page for it, that page."""
    login = visit.site.settings.login
    if login is None or visit.request.method not in _SAFE:
        raise Problem(401, "not_signed_in", ko="로그인이 필요합니다.", en="Sign in first.")
    url = visit.request.url
    here = url.path + (f"?{url.query}" if url.query else "")
    root = str(visit.request.scope.get("root_path", ""))
    return RedirectResponse(f"{root}{login}?next={quote(here, safe='')}", 303)


def check_forgery(visit: Visit) -> None:
    """Take a change only from a page of this application, where a browser sends by itself what
    its reader is recognised by: it must name this origin, and bring the page's token.

    Raises:
        Problem: it does not.
    """
    import hmac

    request = visit.request
    if request.method in _SAFE or (visit.identity is not None and not visit.identity.ambient):
        return
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site", "same-origin")
    own = visit.site.settings.origin
    name = request.headers.get("host") if own is None else urlsplit(own).netloc
    same = origin is None or urlsplit(origin).netloc == name
    given = request.headers.get("x-csrf-token")
    if given is None:
        given = received(visit).get("csrf")
    known = hmac.compare_digest((given or "").encode(), visit.csrf.encode())
    if not (same and site in ("same-origin", "none") and known):
        raise Problem(
            403,
            "forged",
            ko="이 화면에서 보낸 요청인지 확인할 수 없습니다. 화면을 새로 열고 다시 하십시오.",
            en="It is not certain that this comes from one of these pages; open the page again.",
        )


def _page_failed(visit: Visit, error: Exception) -> Response:
    return error_page(visit, told(error, visit))


def error_page(visit: Visit, said: Told) -> Response:
    """Return what went wrong, as a page; as problem+json to whoever wants no pages."""
    if not wants_page(visit):
        return problem_response(said, visit)
    response = visit.page("error.html", status=said.status, said=said)
    response.headers.update(said.headers)
    return response


def _failed_outside(site: Site):  # type: ignore[no-untyped-def]
    """Return what answers where no route was found, or the method is not taken."""

    async def failed(request: Request, error: Exception) -> Response:
        visit = Visit(site=site, request=request, identity=None)
        said = told(error, visit)
        response = error_page(visit, said)
        response.headers.update(getattr(error, "headers", None) or {})
        if said.status == 405:
            response.headers["allow"] = ", ".join(_taken(site, request.scope))
        return response

    return failed


def _taken(site: Site, scope: Scope) -> list[str]:
    """Return the methods that an address takes, over all its routes."""
    assert site.router is not None
    found: set[str] = set()
    for route in site.router.routes:
        if isinstance(route, Route) and route.matches(scope)[0] != Match.NONE:
            found |= route.methods or set()
    return sorted(found)


# --------------------------------------------------------------------------- routes of its own


def _own(site: Site) -> list[BaseRoute]:
    static = Mount("/static", app=StaticFiles(directory=HERE / "static"), name="static")
    routes: list[BaseRoute] = [Route("/-/health", _health(site), name="health"), static]
    routes += metrics.routes(site)
    theme = site.settings.theme
    if theme is not None:
        routes.insert(0, Mount("/theme", app=StaticFiles(directory=theme), name="theme"))
    return routes


def _health(site: Site) -> Endpoint:
    """Say whether the store can be read: 200, or 503 with why not. Nothing else is told."""
    from starlette.concurrency import run_in_threadpool

    from evalflow import EvalflowError

    def asked() -> Response:
        try:
            site.engine.plans.ids()
        except EvalflowError as error:
            code = getattr(error, "code", "error")
            return JSONResponse({"status": "unusable", "code": code}, 503, {"retry-after": "2"})
        return JSONResponse({"status": "ok"})

    async def health(request: Request) -> Response:
        return await run_in_threadpool(asked)

    return health


# --------------------------------------------------------------------------- around everything


SLOWEST, SLOWEST_FILES = 30, 300
"""Seconds in which the whole body of a request must have come; of one that brings files."""

_REFUSED = {
    413: ("보낸 내용이 너무 큽니다.", "What was sent is too large."),
    408: ("보낸 내용이 제때 오지 않았습니다.", "What was sent did not come in time."),
}


class _TooLarge(Exception):
    pass


class _Guarded:
    """Gives each request its id, sets the headers of safety, and takes no body that is larger than
    allowed."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._secure = settings.secure

    def _limit(self, scope: Scope) -> int:
        """Return how many bytes the request may bring: more where it gives files."""
        files = str(scope["path"]).endswith(board.GIVES_FILES)
        return self._settings.upload_limit if files else self._settings.body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID, "")
        name = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
        with request(name):
            await self._answer(scope, receive, send, called=name)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, *, called: str) -> None:
        started, limit = False, self._limit(scope)

        async def sending(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID] = called
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if self._secure:
                    headers.setdefault("strict-transport-security", "max-age=31536000")
            await send(message)

        said = Headers(scope=scope).get("content-length", "0")
        if not said.isdecimal() or int(said) > limit:
            await _refused(sending, 413)
            return
        read, whole = 0, False
        slowest = SLOWEST if limit == self._settings.body_limit else SLOWEST_FILES
        ends = asyncio.get_running_loop().time() + slowest

        async def receiving() -> Message:
            nonlocal read, whole
            if whole:  # what is waited for now is that the client goes away
                return await receive()
            async with asyncio.timeout_at(ends):
                message = await receive()
            if message["type"] == "http.request":
                read += len(message.get("body", b""))
                whole = not message.get("more_body", False)
                if read > limit:
                    raise _TooLarge
            return message

        try:
            await self._app(scope, receiving, sending)
        except (_TooLarge, TimeoutError) as error:
            if started:
                raise
            await _refused(sending, 413 if isinstance(error, _TooLarge) else 408)


async def _refused(send: Send, status: int) -> None:
    code = {413: "too_large", 408: "too_slow"}[status]
    ko, en = _REFUSED[status]
    body = msgspec.json.encode(
        {
            "type": f"urn:evalflow:problem:{code}",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "code": code,
            "detail": f"{ko} {en}",
        }
    )
    headers = [(b"content-type", b"application/problem+json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
