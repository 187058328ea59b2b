"""Who asks: what `actor_of` may answer, and what the service makes of it."""

from __future__ import annotations

from collections.abc import Callable

import attrs
from starlette.requests import Request

from evalflow import Actor


@attrs.frozen(kw_only=True)
class Identity:
    """Somebody who was recognised.

    Attributes:
        actor: an actor with their grants, or an id that is looked up in each plan's directory.
        events: the events that may be fired by this means (None: all that the actor may).
        ambient: whether a browser sends by itself what they were recognised by (a cookie, a
            proxy's sign-on): then a change needs the token against forged requests.
        session: what the token against forged requests is bound to, beside the actor.
        means: how they were recognised, for the log: `host`, `proxy`, `session`, `token`.
    """

    actor: Actor | str
    events: frozenset[str] | None = None
    ambient: bool = True
    session: str = ""
    means: str = "host"

    @property
    def id(self) -> str:
        """Return the actor's id."""
        return self.actor if isinstance(self.actor, str) else self.actor.id


ActorOf = Callable[[Request], "Actor | str | Identity | None"]
"""The whole contract of identity: a request in, who it is out; None for nobody."""


def identity_of(request: Request, actor_of: ActorOf) -> Identity | None:
    """Return who asks, in one form."""
    found = actor_of(request)
    if found is None or isinstance(found, Identity):
        return found
    bearer = request.headers.get("authorization", "").lower().startswith("bearer ")
    return Identity(actor=found, ambient=not bearer)


def first_of(*ways: ActorOf) -> ActorOf:
    """Return the ways to recognise somebody as one: the first that knows them counts."""

    def actor_of(request: Request) -> Actor | str | Identity | None:
        for way in ways:
            found = way(request)
            if found is not None:
                return found
        return None

    return actor_of
