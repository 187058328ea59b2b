"""The board: pages for people.

A page is a function `(visit) -> Response` (`evalflow_web.site`), made a route by
`evalflow_web.application.page`; `visit.view` is what its reader may read, `visit.page(template,
…)` the answer.
"""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from evalflow_web.site import Site, Visit


def routes(site: Site) -> list[BaseRoute]:
    """Return the routes of the board's pages."""
    from evalflow_web.application import page

    return [Route("/", page(site, home), name="home")]


def home(visit: Visit) -> Response:
    """Show the plans of the store."""
    heads = [visit.engine.plans.head(plan) for plan in visit.engine.plans.ids()]
    return visit.page("home.html", heads=heads)
