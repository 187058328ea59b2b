"""evalflow behind a FastAPI application: awaited, as JSON, every error with its HTTP status.

The application has signed in whoever asks (here a header of its gateway says who it is). Run it:
`EVALFLOW_STORE=sqlite:///office.db uvicorn examples.embed_fastapi:application --factory`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator
from typing import Annotated, Any

import evalflow
from fastapi import Body, FastAPI, Header, Request
from fastapi.responses import JSONResponse


def application(engine: evalflow.Engine | None = None) -> FastAPI:
    """Return the application on an engine; on the store that `EVALFLOW_STORE` names without one."""
    office = evalflow.AsyncEngine(engine or evalflow.open(os.environ["EVALFLOW_STORE"]))

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with office:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.exception_handler(evalflow.EvalflowError)
    async def told(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, evalflow.EvalflowError)
        return JSONResponse(evalflow.to_data(error), evalflow.http_status(error))

    @app.get("/projects")
    async def projects(
        plan: str, text: str | None = None, after: str | None = None, limit: int = 50
    ) -> Any:
        page = office.projects(plan=plan, text=text, after=after, limit=limit)
        return [evalflow.to_data(each) async for each in page]

    @app.get("/projects/{project:path}")
    async def project(project: str) -> Any:
        return evalflow.to_data(await office.project(project))

    @app.post("/projects/{project:path}/events/{event}")
    async def fire(
        project: str,
        event: str,
        data: Annotated[dict[str, Any], Body()],
        site_user: Annotated[str, Header()],
        idempotency_key: Annotated[str | None, Header()] = None,
    ) -> Any:
        plan = project.rpartition("/")[0]
        by = await office.actor(plan, site_user)
        entry = await office.fire(project, event, by=by, data=data, key=idempotency_key)
        return evalflow.to_data(entry)

    return app
