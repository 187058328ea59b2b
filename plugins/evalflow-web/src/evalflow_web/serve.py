"""`evalflow serve`: the service and the board on a store, by uvicorn."""

from __future__ import annotations

from typing import Any

import click

from evalflow.cli.session import Session
from evalflow_web.application import make
from evalflow_web.site import Settings


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="주소 · The address.")
@click.option("--port", default=8000, show_default=True, help="포트 · The port.")
@click.make_pass_decorator(Session)
def serve_command(session: Session, host: str, port: int) -> None:
    """서비스와 화면 · Serve the board and the service in a browser."""
    with session.open() as engine:
        run(
            make(engine, actor_of=lambda request: None, settings=Settings(secure=False)), host, port
        )


def run(app: Any, host: str, port: int) -> None:
    """Serve the application until it is interrupted."""
    import uvicorn

    uvicorn.run(
        app, host=host, port=port, log_level="warning", server_header=False, proxy_headers=False
    )
