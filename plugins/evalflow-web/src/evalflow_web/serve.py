"""`evalflow serve`: the service and the board on a store, by uvicorn."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from evalflow import Engine
from evalflow.plugins import Session, invalid
from evalflow_web.application import Routes, make
from evalflow_web.auth import login as signing_in
from evalflow_web.auth.oidc import Oidc, Provider
from evalflow_web.auth.oidc import routes as at_provider
from evalflow_web.auth.passwords import Passwords
from evalflow_web.auth.proxy import proxy_header
from evalflow_web.auth.sessions import Sessions
from evalflow_web.auth.tokens import Tokens
from evalflow_web.identity import ActorOf, first_of
from evalflow_web.metrics import TOKEN
from evalflow_web.site import Settings
from evalflow_web.state import State

if TYPE_CHECKING:
    from starlette.applications import Starlette

SALT = "EVALFLOW_WEB_SALT"
"""The environment variable that holds the office's secret for hashes beside closed data."""


OIDC_SECRET = "EVALFLOW_OIDC_SECRET"  # noqa: S105 - the name of it
"""The environment variable that holds the secret by which an OpenID provider knows us."""


def state_path(session: Session, given: str | None) -> str:
    """Return the path of the service's own file: the one given, or one beside a SQLite store.

    Raises:
        InvalidInput: the store is no file, and none is given.
    """
    if given is not None:
        return given
    url = session.url()
    if url.startswith("sqlite:///"):
        path = Path(url.removeprefix("sqlite:///").partition("?")[0])
        return str(path.with_name(f"{path.stem}.web.db"))
    raise invalid(
        "no_state",
        path="--state",
        ko="저장소가 파일이 아닙니다. 서비스의 파일을 둘 곳을 --state로 정하십시오.",
        en="the store is no file: say by --state where the service keeps its own",
    )


state_option = click.option(
    "--state",
    envvar="EVALFLOW_WEB_STATE",
    metavar="FILE",
    help="서비스의 파일 · The service's own file: sessions, tokens [EVALFLOW_WEB_STATE]; "
    "beside a SQLite store by default.",
)


def keeping_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add to a command where the board keeps what is its own."""
    for option in (
        click.option(
            "--files",
            envvar="EVALFLOW_WEB_FILES",
            metavar="URL",
            help="증빙 파일을 둘 객체 저장소 · An object store for the files' contents, e.g. "
            "s3://bucket/evidence, with the extra 'objects' [EVALFLOW_WEB_FILES].",
        ),
        click.option(
            "--drafts",
            envvar="EVALFLOW_WEB_DRAFTS",
            metavar="URL",
            help="임시저장·의견·증빙을 둘 PostgreSQL · A PostgreSQL database for drafts, comments "
            "and files, where several machines serve [EVALFLOW_WEB_DRAFTS]; else a folder.",
        ),
    ):
        command = option(command)
    return command


def shelf_folder(state: str) -> str:
    """Return the folder of the board's own beside the service's file."""
    return f"{state.removesuffix('.db')}.files"


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="주소 · The address.")
@click.option("--port", default=8000, show_default=True, help="포트 · The port.")
@click.option(
    "--demo",
    is_flag=True,
    help="비밀번호 없이 누구로 들어갈지 고름 · Sign in as anybody, without a password, "
    "on this machine alone; the clock goes on from the store's last entry.",
)
@click.option(
    "--passwords",
    is_flag=True,
    help="비밀번호로 로그인 · Sign in with passwords (evalflow web password).",
)
@click.option(
    "--proxy-header",
    metavar="NAME",
    help="통합인증 프록시가 보내는 머리글 · The header by which a proxy says who it is.",
)
@click.option(
    "--proxy-from",
    metavar="ADDRESS",
    multiple=True,
    help="믿을 프록시의 주소 · Whose header is trusted: an address or network; may be repeated.",
)
@click.option(
    "--oidc",
    metavar="ISSUER",
    help="통합인증(OpenID) 발급자 · Sign in at an OpenID provider, e.g. https://sso.example.kr; "
    "its secret is EVALFLOW_OIDC_SECRET.",
)
@click.option("--oidc-client", metavar="ID", help="발급받은 client_id · What it knows us by.")
@click.option(
    "--oidc-claim",
    default="preferred_username",
    show_default=True,
    help="담당자 아이디가 들어 있는 항목 · The claim that is the actor's id.",
)
@click.option(
    "--origin",
    metavar="URL",
    help="브라우저에서 보이는 주소 · How browsers reach it, e.g. https://eval.example.kr.",
)
@click.option(
    "--metrics-from",
    metavar="ADDRESS",
    multiple=True,
    help="지표를 읽을 주소나 대역 · Who may read /metrics, asking directly: an address or "
    "network, may be repeated; or by the secret EVALFLOW_METRICS_TOKEN. Nobody otherwise.",
)
@click.option("--title", help="화면의 제목 · The title of its pages.")
@click.option(
    "--theme",
    type=click.Path(exists=True, file_okay=False),
    help="화면을 바꾸는 폴더 · A folder with theme.css and templates of the office's own.",
)
@keeping_options
@state_option
@click.make_pass_decorator(Session)
def serve_command(
    session: Session,
    host: str,
    port: int,
    demo: bool,
    passwords: bool,
    proxy_header: str | None,
    proxy_from: tuple[str, ...],
    oidc: str | None,
    oidc_client: str | None,
    oidc_claim: str,
    origin: str | None,
    metrics_from: tuple[str, ...],
    title: str | None,
    theme: str | None,
    drafts: str | None,
    files: str | None,
    state: str | None,
) -> None:
    """서비스와 화면 · Serve the board and the service in a browser.

    토큰(evalflow web token)은 언제나 받습니다. 사람을 알아보는 방법은 --demo, --passwords, --oidc,
    --proxy-header로 정합니다 · Tokens (evalflow web token) are always good. How people are
    recognised is said by --demo, --passwords, --oidc or --proxy-header.
    """
    _check(host, demo, passwords, proxy_header, proxy_from, origin)
    if theme is not None and not os.path.isdir(theme):  # what is no file may be a device
        raise invalid(
            "no_folder",
            path="--theme",
            value=theme,
            ko=f"폴더가 아닙니다: '{theme}'",
            en=f"no folder: '{theme}'",
        )
    provider = _provider(oidc, oidc_client, oidc_claim, demo or passwords)
    kept = State(":memory:" if demo else state_path(session, state))
    with session.open(clock=going_on(session) if demo else None) as engine:
        served = service(
            engine,
            kept,
            demo=demo,
            passwords=passwords,
            header=proxy_header,
            peers=proxy_from,
            provider=provider,
            settings=Settings(
                title=title,
                theme=theme,
                salt=_salt(),
                secure=origin is not None and origin.startswith("https://"),
                origin=origin,
                folder=None if demo else shelf_folder(kept.path),
                drafts=None if demo else drafts,
                files=None if demo else files,
                metrics_from=metrics_from,
                metrics_token=os.environ.get(TOKEN) or None,
                login=signing_in.LOGIN if demo or passwords or provider else None,
            ),
        )
        shown = origin or f"http://{f'[{host}]' if ':' in host else host}:{port}"
        session.echo(session.say(f"{shown}/ 에서 엽니다.", f"open {shown}/"))
        run(served, host, port)


def going_on(session: Session) -> Callable[[], dt.datetime] | None:
    """Return a clock that goes on from the store's last entry, so that what was due then is due
    now; None where nothing was written yet."""
    with session.open() as engine:
        last = max((entry.at for _, entry in engine.storage.entries()), default=None)
    if last is None:
        return None
    begun, newest = time.monotonic(), last
    return lambda: newest + dt.timedelta(seconds=time.monotonic() - begun)


def service(
    engine: Engine,
    state: State,
    *,
    settings: Settings,
    demo: bool = False,
    passwords: bool = False,
    header: str | None = None,
    peers: Sequence[str] = (),
    provider: Provider | None = None,
) -> Starlette:
    """Return the service as `evalflow serve` runs it: by tokens, sessions, and a proxy's header."""
    ways: list[ActorOf] = [Tokens(state).actor_of]
    if demo or passwords or provider:
        ways.append(Sessions(state, secure=settings.secure).actor_of)
    if header is not None:
        ways.append(proxy_header(header, peers=peers))
    kept = Passwords(state) if passwords else None
    more: list[Routes] = []
    if demo or passwords:
        more.append(lambda site: signing_in.routes(site, passwords=kept, demo=demo))
    elif provider is not None:
        oidc = Oidc(provider)
        more.append(lambda site: at_provider(site, oidc))
    return make(
        engine,
        actor_of=first_of(*ways),
        settings=settings,
        state=state,
        more=more,
    )


def _check(
    host: str,
    demo: bool,
    passwords: bool,
    header: str | None,
    peers: Sequence[str],
    origin: str | None,
) -> None:
    """See that what is asked for goes together.

    Raises:
        InvalidInput: it does not.
    """
    if demo and (passwords or header or peers):
        raise invalid(
            "demo_alone",
            path="--demo",
            ko="--demo는 다른 로그인 방법과 함께 쓸 수 없습니다.",
            en="--demo goes with no other way to sign in",
        )
    if demo and not (host == "localhost" or signing_in.is_loopback(host)):
        raise invalid(
            "demo_elsewhere",
            path="--host",
            value=host,
            ko=f"시연 모드는 이 컴퓨터(127.0.0.1)에서만 열 수 있습니다: '{host}'",
            en=f"the demo is served on this machine alone (127.0.0.1), not on '{host}'",
        )
    if (header is None) != (not peers):
        raise invalid(
            "proxy_half",
            path="--proxy-header",
            ko="--proxy-header와 --proxy-from은 함께 적어야 합니다.",
            en="--proxy-header and --proxy-from go together",
        )
    if origin is not None and not origin.startswith(("https://", "http://")):
        raise invalid(
            "bad_origin",
            path="--origin",
            value=origin,
            ko=f"https://로 시작하는 주소여야 합니다: '{origin}'",
            en=f"must begin with https://, got '{origin}'",
        )


def _provider(
    issuer: str | None, client: str | None, claim: str, otherwise: bool
) -> Provider | None:
    """Return the OpenID provider that is asked for, or None.

    Raises:
        InvalidInput: something of it is missing or wrong, or people sign in otherwise.
    """
    if (issuer is None) != (client is None):
        raise invalid(
            "oidc_half",
            path="--oidc",
            ko="--oidc와 --oidc-client는 함께 적어야 합니다.",
            en="--oidc and --oidc-client go together",
        )
    if issuer is None or client is None:
        return None
    if otherwise:
        raise invalid(
            "two_logins",
            path="--oidc",
            ko="로그인 방법은 --oidc, --passwords, --demo 가운데 하나입니다.",
            en="people sign in by one of --oidc, --passwords and --demo",
        )
    lacking = [name for name in ("httpx2", "joserfc") if find_spec(name) is None]
    if lacking:
        raise invalid(
            "not_installed",
            path="--oidc",
            ko="--oidc를 쓰려면 pip install 'municipal-evalflow-web[oidc]' 가 필요합니다.",
            en="--oidc needs: pip install 'municipal-evalflow-web[oidc]'",
        )
    secret = os.environ.get(OIDC_SECRET) or None
    return Provider(issuer=issuer, client_id=client, secret=secret, claim=claim)


def _salt() -> bytes | None:
    said = os.environ.get(SALT)
    return said.encode() if said else None


HEADERS_WITHIN = 10.0
"""Seconds in which the head of a request must have come."""


def run(app: Any, host: str, port: int) -> None:
    """Serve the application until it is interrupted."""
    import logging

    import uvicorn

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    uvicorn.Server(configured(app, host, port)).run()


def configured(app: Any, host: str, port: int) -> Any:
    """Return how uvicorn serves the application."""
    import uvicorn

    # What a proxy says of the client's address is not believed: who may say who it is, is asked of
    # the address that the connection comes from.
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=_impatient(),
        log_level="warning",
        server_header=False,
        proxy_headers=False,
    )


def _impatient() -> Any:
    """Return uvicorn's protocol, which lets go of whoever does not send the head of a request in
    time: it waits for a body no longer than the application says, but for a head for ever."""
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Impatient(H11Protocol):
        _late: Any = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._wait()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            cycle: Any = self.cycle
            if cycle is None or cycle.response_complete:
                self._wait()  # for the rest of a head
            else:
                self._come()

        def connection_lost(self, exc: Exception | None) -> None:
            self._come()
            super().connection_lost(exc)

        def _wait(self) -> None:
            if self._late is None:
                self._late = self.loop.call_later(HEADERS_WITHIN, self.transport.close)

        def _come(self) -> None:
            if self._late is not None:
                self._late.cancel()
                self._late = None

    return Impatient
