"""The service for other systems: routes, what they take and answer, the document of both."""

from __future__ import annotations

from starlette.routing import BaseRoute

from evalflow_web.api import acting, reading
from evalflow_web.api.table import Operation, route
from evalflow_web.site import Site

OPERATIONS: tuple[Operation, ...] = (*reading.OPERATIONS, *acting.OPERATIONS)
"""Every route of the service: the routes, and the document, are made of it."""


def routes(site: Site) -> list[BaseRoute]:
    """Return the routes of the service."""
    return [route(site, each) for each in OPERATIONS]
