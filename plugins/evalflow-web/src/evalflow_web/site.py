"""What all pages and routes share: the site with its settings, and one request as a visit.

A page or route is a function `(visit) -> Response`, run in a thread, for the engine is not
asynchronous. `page` and `endpoint` make routes of it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import attrs
import jinja2
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Router

from evalflow import Actor, Engine, View
from evalflow.plugins import day_text, particles, time_text
from evalflow_web.identity import ActorOf, Identity, identity_of
from evalflow_web.languages import language_of
from evalflow_web.state import State

HERE = Path(__file__).parent


@attrs.frozen(kw_only=True)
class Settings:
    """How the service is set up.

    Attributes:
        title: the office's name for it, in the head of every page; None: the plan's.
        salt: a secret of the office, at least 16 bytes, always the same, under which hashes
            beside closed data are shown (`evalflow.View`).
        secret: what tokens against forged requests are made with; made anew at every start
            where it is not given, which then ends open forms.
        body_limit: bytes that a request may bring; more is refused with 413.
        theme: a folder with `theme.css`, and templates that replace the board's own.
        login: where somebody who is not signed in is sent, as a path of this application.
        secure: whether browsers reach it by HTTPS alone: cookies are marked so.
        folder: where the board keeps drafts, comments and files given as evidence; None: in a
            folder that goes with the process.
        drafts: a PostgreSQL database that keeps them instead (`postgresql://…`).
        files: an object store that keeps the files' contents instead (`s3://bucket/prefix`).
        upload_limit: bytes that a request may bring that gives files.
        scan: a virus scanner: the content and the name of a file in, what is wrong with it out.
        origin: how browsers reach it, e.g. `https://eval.example.kr`, where a proxy tells the
            application another name; None: by the name that a request gives.
        metrics_from: who may read `/metrics`: addresses or networks that ask directly, not through
            a proxy; nobody by default.
        metrics_token: a secret of at least 16 characters that whoever reads them brings instead
            (`Authorization: Bearer …`).
    """

    title: str | None = None
    salt: bytes | None = attrs.field(default=None, repr=False)
    secret: bytes = attrs.field(factory=lambda: secrets.token_bytes(32), repr=False)
    body_limit: int = 1_000_000
    theme: str | os.PathLike[str] | None = None
    login: str | None = None
    secure: bool = True
    folder: str | os.PathLike[str] | None = None
    drafts: str | None = attrs.field(default=None, repr=False)
    files: str | None = attrs.field(default=None, repr=False)
    upload_limit: int = 60_000_000
    scan: Callable[[bytes, str], str | None] | None = None
    origin: str | None = None
    metrics_from: Sequence[str] = ()
    metrics_token: str | None = attrs.field(default=None, repr=False)


@attrs.define(kw_only=True, eq=False)
class Site:
    """One service: the engine, the settings, the file of its own, the routes by name."""

    engine: Engine
    actor_of: ActorOf
    settings: Settings
    state: State
    router: Router | None = None
    _templates: jinja2.Environment | None = None

    @property
    def templates(self) -> jinja2.Environment:
        """Return the templates: the theme's, the board's, those of signing in."""
        if self._templates is None:
            folders = [HERE / "board" / "templates", HERE / "auth" / "templates"]
            if self.settings.theme is not None:
                folders.insert(0, Path(self.settings.theme))
            self._templates = jinja2.Environment(
                loader=jinja2.FileSystemLoader(folders),
                autoescape=True,
                undefined=jinja2.StrictUndefined,
                trim_blocks=True,
                lstrip_blocks=True,
            )
            self._templates.filters["day"] = day_text
            self._templates.filters["time"] = time_text
        return self._templates

    def url(self, request: Request, name: str, /, **params: Any) -> str:
        """Return the path of a route of this application, wherever it is mounted."""
        assert self.router is not None
        return str(request.scope.get("root_path", "")) + str(
            self.router.url_path_for(name, **params)
        )


@attrs.define(kw_only=True, eq=False)
class Visit:
    """One request: who asks, in which language, and what they may read.

    Attributes:
        identity: who asks; None: nobody (only pages that say so are then shown).
        body: what the request brought, read whole.
    """

    site: Site
    request: Request
    identity: Identity | None
    body: bytes = b""

    @property
    def engine(self) -> Engine:
        """Return the engine: for `fire`, and for what `View` does not know."""
        return self.site.engine

    @cached_property
    def lang(self) -> str:
        """Return the language in which the reader wants to be answered: `ko` or `en`."""
        return language_of(self.request)

    @property
    def who(self) -> Identity:
        """Return who asks, where somebody does."""
        assert self.identity is not None
        return self.identity

    @property
    def actor(self) -> Actor | str:
        """Return the actor, or their id in the plan's directory."""
        return self.who.actor

    @cached_property
    def view(self) -> View:
        """Return the store as the reader may see it: everything read goes through it."""
        return View(self.engine, self.actor, salt=self.site.settings.salt)

    @cached_property
    def csrf(self) -> str:
        """Return the token that a change from a page must bring (`csrf`, or X-CSRF-Token)."""
        who = self.identity
        bound = "" if who is None else f"{who.id}\n{who.session}"
        return hmac.digest(self.site.settings.secret, bound.encode(), hashlib.sha256).hex()

    def say(self, ko: str, en: str) -> str:
        """Return the sentence in the reader's language; `을(를)` and its like become what fits."""
        return particles(ko) if self.lang == "ko" else en

    def url(self, name: str, /, **params: Any) -> str:
        """Return the path of a route of this application."""
        return self.site.url(self.request, name, **params)

    def page(self, template: str, /, *, status: int = 200, **values: Any) -> Response:
        """Return a page: the template with `values`, `visit`, `say`, `url`, `lang` and `csrf`."""
        settings = self.site.settings
        html = self.site.templates.get_template(template).render(
            visit=self,
            say=self.say,
            url=self.url,
            lang=self.lang,
            csrf=self.csrf,
            title_of_site=settings.title or self.say("주요업무 평가", "Evaluation of key projects"),
            themed=settings.theme is not None,
            **values,
        )
        return HTMLResponse(html, status, headers={"content-language": self.lang})

    def redirect(self, name: str, /, **params: Any) -> Response:
        """Return that the browser should look at another page of this application (303)."""
        return RedirectResponse(self.url(name, **params), 303)


Handler = Callable[[Visit], Response]
Endpoint = Callable[[Request], Awaitable[Response]]


def visiting(
    site: Site,
    handler: Handler,
    *,
    failed: Callable[[Visit, Exception], Response],
    before: Callable[[Visit], Response | None],
) -> Endpoint:
    """Return the endpoint of a route: it reads the body, asks who it is, and runs the handler in a
    thread. `before` may answer in its place, `failed` answers for what it raises."""

    async def endpoint(request: Request) -> Response:
        body = await request.body() if request.method not in ("GET", "HEAD") else b""
        return await run_in_threadpool(answer, request, body)

    def answer(request: Request, body: bytes) -> Response:
        visit = Visit(site=site, request=request, identity=None, body=body)
        try:
            visit.identity = identity_of(request, site.actor_of)
            response = before(visit)
            return handler(visit) if response is None else response
        except Exception as error:  # told in the reader's language, and logged there
            return failed(visit, error)

    return endpoint


def pairs_of(visit: Visit) -> list[tuple[str, str]]:
    """Return the fields of a form that was sent (urlencoded), in their order."""
    from urllib.parse import parse_qsl

    return parse_qsl(visit.body.decode("utf-8", "replace"), keep_blank_values=True)


def fields_of(visit: Visit) -> Mapping[str, str]:
    """Return the fields of a form that was sent (urlencoded), the last of each name."""
    return dict(pairs_of(visit))
