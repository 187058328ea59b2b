"""The service for other systems: routes, what they take and answer, the document of both."""

from __future__ import annotations

from starlette.routing import BaseRoute

from evalflow_web.site import Site


def routes(site: Site) -> list[BaseRoute]:
    """Return the routes of the service."""
    return []
