"""The page to sign in on: with a password; or, in the demo, by choosing whom to be."""

from __future__ import annotations

import ipaddress
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import attrs
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from evalflow_web.auth.passwords import Passwords
from evalflow_web.auth.sessions import sessions_of
from evalflow_web.problems import Problem
from evalflow_web.site import Site, Visit, fields_of

_log = logging.getLogger("evalflow.web")

LOGIN, LOGOUT = "/-/login", "/-/logout"


@attrs.frozen(kw_only=True)
class Person:
    """Somebody to be in the demo: an id of a plan's directory, what they hold, and how
    much waits for them now."""

    id: str
    roles: tuple[tuple[str, str], ...]
    owed: int = 0


def routes(site: Site, *, passwords: Passwords | None, demo: bool) -> list[BaseRoute]:
    """Return the routes to sign in and out. `demo` asks for no password, on the loopback only."""
    from evalflow_web.application import page

    def shown(visit: Visit, *, status: int = 200, wrong: str | None = None) -> Response:
        following = safe_next(visit, visit.request.query_params.get("next"))
        return visit.page(
            "login.html",
            status=status,
            demo=demo,
            passwords=passwords is not None,
            following=following,
            wrong=wrong,
            people=busy_first(visit) if demo else (),
        )

    def ask(visit: Visit) -> Response:
        if demo:
            check_loopback(visit)
        return shown(visit)

    def enter(visit: Visit) -> Response:
        fields = fields_of(visit)
        actor = fields.get("actor", "").strip()
        if demo:
            check_loopback(visit)
            right, means = actor in {each.id for each in people(visit)}, "demo"
        else:
            assert passwords is not None
            right = passwords.fits(actor, fields.get("password", ""), _address(visit))
            means = "password"
        if not right:
            _log.warning("signing in failed from %s", _address(visit))
            wrong = visit.say(
                "아이디나 비밀번호가 맞지 않습니다.", "The id or the password is wrong."
            )
            return shown(visit, status=403, wrong=wrong)
        response = RedirectResponse(safe_next(visit, fields.get("next")), 303)
        sessions = sessions_of(site)
        sessions.forget(visit.request)  # never the session that was there before
        sessions.begin(response, actor, means)
        _log.info("%s signed in (%s)", actor, means)
        return response

    def leave(visit: Visit) -> Response:
        response = RedirectResponse(visit.url("login"), 303)
        sessions_of(site).end(visit.request, response)
        return response

    methods: Mapping[str, Callable[[Visit], Response]] = {"GET": ask, "POST": enter}
    made: list[BaseRoute] = [
        Route(LOGIN, page(site, handler, anybody=True), methods=[method], name=name)
        for (method, handler), name in zip(methods.items(), ("login", "enter"), strict=True)
    ]
    made.append(Route(LOGOUT, page(site, leave, anybody=True), methods=["POST"], name="logout"))
    return made


def safe_next(visit: Visit, given: str | None) -> str:
    """Return where to go after signing in: a path of this application, never elsewhere."""
    home = visit.url("home")
    if not given or not given.startswith("/") or "\\" in given or not given.isprintable():
        return home
    parts = urlsplit(given)
    root = str(visit.request.scope.get("root_path", ""))
    if parts.scheme or parts.netloc or given.startswith("//") or not given.startswith(f"{root}/"):
        return home
    return given


def people(visit: Visit) -> list[Person]:
    """Return whom one can be: everybody of the directories of the store's plans."""
    found: dict[str, Person] = {}
    for plan in visit.engine.plans.ids():
        head = visit.engine.plans.head(plan)
        roles, lang = _roles(visit, plan), visit.lang
        for each in visit.engine.plans.people(plan).actors():
            if each.id not in found:
                found[each.id] = Person(
                    id=each.id,
                    roles=tuple(
                        (
                            roles.get(grant.role, grant.role),
                            head.unit(grant.unit).label.text(lang),
                        )
                        for grant in each.grants
                    ),
                )
    return list(found.values())


def busy_first(visit: Visit) -> list[Person]:
    """Return whom one can be, those first who owe something now, with how much."""
    owed = Counter(actor for due in visit.engine.due() if due.ready for actor in due.actors)
    found = [attrs.evolve(each, owed=owed[each.id]) for each in people(visit)]
    return sorted(found, key=lambda person: not person.owed)


def _roles(visit: Visit, plan: str) -> dict[str, str]:
    """Return what the roles of a plan's lifecycle are called."""
    for project in visit.engine.projects(plan=plan, limit=1):
        lifecycle = visit.engine.plans.lifecycle(project.lifecycle)
        return {name: role.label.text(visit.lang) for name, role in lifecycle.roles.items()}
    return {}


def check_loopback(visit: Visit) -> None:
    """See that it is asked from this machine, and by the name of this machine: another page's
    script that has its name point here is not.

    Raises:
        Problem: it is not.
    """
    client = visit.request.client
    host = urlsplit(f"//{visit.request.headers.get('host', '')}").hostname or ""
    if not (client and is_loopback(client.host) and (host == "localhost" or is_loopback(host))):
        raise Problem(
            403,
            "demo_elsewhere",
            ko="시연 모드는 이 컴퓨터에서만 쓸 수 있습니다.",
            en="The demo can only be used on this machine.",
        )


def is_loopback(host: str) -> bool:
    """Say whether an address is one of this machine's own."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _address(visit: Visit) -> str:
    client = visit.request.client
    return "" if client is None else client.host
