"""Sessions of browsers: a random cookie, of which only the hash is kept."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets

from starlette.requests import Request
from starlette.responses import Response

from evalflow_web.identity import Identity
from evalflow_web.site import Site
from evalflow_web.state import State

IDLE = dt.timedelta(minutes=60)
LONGEST = dt.timedelta(hours=12)
"""A session ends when nothing was asked for an hour, and after twelve hours in any case."""

_SEEN_EVERY = dt.timedelta(minutes=1)


class Sessions:
    """The sessions in the service's own file. `actor_of` recognises by the cookie."""

    def __init__(self, state: State, *, secure: bool) -> None:
        """Take the file; `secure` as in `Settings`."""
        self._state = state
        self._secure = secure
        # A name with this prefix cannot be set by another host or over plain HTTP.
        self.cookie = "__Host-evalflow" if secure else "evalflow-session"

    def actor_of(self, request: Request) -> Identity | None:
        """Return whose session the cookie is of, or None."""
        given = request.cookies.get(self.cookie)
        if not given:
            return None
        state, hashed = self._state, _hash(given)
        row = state.row(
            "SELECT actor, means, seen_at FROM session "
            "WHERE hash = ? AND ends_at > ? AND seen_at > ?",
            (hashed, state.stamp(), state.stamp(-IDLE)),
        )
        if row is None:
            return None
        actor, means, seen_at = row
        if seen_at < state.stamp(-_SEEN_EVERY):
            state.run("UPDATE session SET seen_at = ? WHERE hash = ?", (state.stamp(), hashed))
        return Identity(actor=actor, session=hashed, means=means)

    def begin(self, response: Response, actor: str, means: str) -> None:
        """Begin a session of the actor, with a cookie of its own on the response; sessions that
        have ended are forgotten."""
        given, state = secrets.token_urlsafe(32), self._state
        now, ends = state.stamp(), state.stamp(LONGEST)
        with state.writing() as db:
            db.execute(
                "DELETE FROM session WHERE ends_at <= ? OR seen_at <= ?", (now, state.stamp(-IDLE))
            )
            db.execute(
                "INSERT INTO session (hash, actor, means, made_at, seen_at, ends_at) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (_hash(given), actor, means, now, now, ends),
            )
        response.set_cookie(
            self.cookie,
            given,
            max_age=int(LONGEST.total_seconds()),
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

    def end(self, request: Request, response: Response) -> None:
        """End the session of the request's cookie."""
        self.forget(request)
        response.delete_cookie(
            self.cookie, path="/", secure=self._secure, httponly=True, samesite="lax"
        )

    def forget(self, request: Request) -> None:
        """End the session of the request's cookie, which the browser keeps."""
        given = request.cookies.get(self.cookie)
        if given:
            self._state.run("DELETE FROM session WHERE hash = ?", (_hash(given),))

    def end_all(self, actor: str) -> int:
        """End all sessions of an actor, and return how many there were."""
        return self._state.run("DELETE FROM session WHERE actor = ?", (actor,))


def sessions_of(site: Site) -> Sessions:
    """Return the sessions of a site."""
    return Sessions(site.state, secure=site.settings.secure)


def _hash(given: str) -> str:
    return hashlib.sha256(given.encode()).hexdigest()
