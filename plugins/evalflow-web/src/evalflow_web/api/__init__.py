"""The service for other systems: routes, what they take and answer, the document of both."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from evalflow_web.api import acting, batches, offices, reading, streams
from evalflow_web.api.table import Operation, route
from evalflow_web.site import Site

OPERATIONS: tuple[Operation, ...] = (
    *reading.OPERATIONS,
    *acting.OPERATIONS,
    *offices.OPERATIONS,
    *batches.OPERATIONS,
    *streams.OPERATIONS,
)
"""Every route of the service: the routes, and the document, are made of it."""


def routes(site: Site) -> list[BaseRoute]:
    """Return the routes of the service, and that of its document."""
    return [
        Route("/openapi.json", _described, name="openapi"),
        *(route(site, e) for e in OPERATIONS),
    ]


async def _described(request: Request) -> Response:
    """Answer the document of the service (OpenAPI 3.1); it tells nothing of any store."""
    from evalflow_web.api.document import document

    described = document(OPERATIONS, str(request.scope.get("root_path", "")))
    return Response(msgspec.json.encode(described), media_type="application/json")
