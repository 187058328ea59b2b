"""`/metrics`: what a plugin counts (evalflow-metrics), for those who were named, and nobody else.

Who they are is a setting: addresses that ask directly, or a secret that they bring. What came
through a proxy comes from the proxy's address, and so is never let in by its address.
"""

from __future__ import annotations

import hmac

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from evalflow import PluginError
from evalflow.plugins import invalid
from evalflow_web.auth.proxy import Network, is_from, network
from evalflow_web.problems import Problem, problem_response, told
from evalflow_web.site import Settings, Site, Visit

TOKEN = "EVALFLOW_METRICS_TOKEN"  # noqa: S105 - the name of it
"""The environment variable that holds the secret by which metrics are read."""

SHORTEST = 16
"""Characters of that secret at least: fewer could be tried out."""

_PROXIED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


def routes(site: Site) -> list[BaseRoute]:
    """Return the route where somebody was named who may read it, and no other.

    Raises:
        InvalidInput: who may read is none, or no plugin counts anything.
    """
    settings, plugins = site.settings, site.engine.plugins
    token = settings.metrics_token
    networks = [network(each, "metrics_from") for each in settings.metrics_from]
    if token is not None and len(token) < SHORTEST:
        raise invalid(
            "short_token",
            path="metrics_token",
            ko=f"지표를 읽는 비밀값은 {SHORTEST}자 이상이어야 합니다: {len(token)}자",
            en=f"the secret for metrics has {len(token)} characters, needed are {SHORTEST}",
        )
    if not networks and token is None:
        return []
    if not plugins.names("metric"):
        raise invalid(
            "no_metrics",
            path="metrics",
            ko="지표를 세는 플러그인이 없습니다: pip install "
            "'municipal-evalflow-metrics[prometheus]'",
            en="no plugin counts anything: pip install 'municipal-evalflow-metrics[prometheus]'",
        )

    async def metrics(request: Request) -> Response:
        visit = Visit(site=site, request=request, identity=None)
        try:
            if not _may_read(request, networks, token):
                raise _not_for_them(settings)
            counted = plugins.metric(plugins.names("metric")[0])
            kind, content = await run_in_threadpool(counted)
        except (Problem, PluginError) as error:
            return problem_response(told(error, visit), visit)
        return Response(content, headers={"content-type": kind, "cache-control": "no-store"})

    return [Route("/metrics", metrics, name="metrics")]


def _may_read(request: Request, networks: list[Network], token: str | None) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if token is not None and scheme.lower() == "bearer":
        return hmac.compare_digest(given.strip().encode(), token.encode())
    if request.client is None or any(name in request.headers for name in _PROXIED):
        return False
    return is_from(request.client.host, networks)


def _not_for_them(settings: Settings) -> Problem:
    ko, en = "지표를 읽을 수 있는 곳이 아닙니다.", "Metrics are not for this reader."
    if settings.metrics_token is None:
        return Problem(403, "not_for_metrics", ko=ko, en=en)
    return Problem(401, "not_for_metrics", ko=ko, en=en, headers={"www-authenticate": "Bearer"})
