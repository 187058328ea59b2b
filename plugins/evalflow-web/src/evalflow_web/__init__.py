"""evalflow as a service for other systems, and a board for people in a browser.

`app` returns the ASGI application. Nothing of the web is imported before it is asked for: the
plugin is loaded wherever evalflow is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from evalflow.plugins import hookimpl

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from evalflow import Engine
    from evalflow_web.identity import ActorOf, Identity
    from evalflow_web.site import Settings
    from evalflow_web.state import State

__all__ = ["Identity", "Settings", "State", "app"]
__version__ = "0.1.0"


def app(
    engine: Engine,
    *,
    actor_of: ActorOf,
    settings: Settings | None = None,
    state: State | None = None,
) -> Starlette:
    """Return the service and the board on `engine`, as an ASGI application to run or to mount.

    `actor_of(request)` says who asks: an `evalflow.Actor` that the host has authenticated, an id
    of the plan's directory, an `Identity`, or None for nobody. It is called in a thread, once a
    request. `state` is the service's own file (sessions, tokens, batches that wait), in memory
    where none is given. The engine stays the caller's, to be closed by whoever opened it.
    """
    from evalflow_web.application import make

    return make(engine, actor_of=actor_of, settings=settings, state=state)


def __getattr__(name: str) -> Any:
    if name == "Settings":
        from evalflow_web.site import Settings

        return Settings
    if name == "State":
        from evalflow_web.state import State

        return State
    if name == "Identity":
        from evalflow_web.identity import Identity

        return Identity
    raise AttributeError(f"module 'evalflow_web' has no attribute '{name}'")


def _serve() -> Any:
    """서비스와 화면 · Serve the board and the service in a browser."""
    from evalflow_web.serve import serve_command

    return serve_command


def _web() -> Any:
    """서비스의 토큰과 비밀번호 · Tokens and passwords of the service."""
    from evalflow_web.commands import web_command

    return web_command


@hookimpl
def evalflow_commands() -> Mapping[str, Callable[[], Any]]:
    """Return the commands that the service has."""
    return {"serve": _serve, "web": _web}
