"""Tokens of our own, for other systems: bound to an actor and to events, expiring, revocable. What
is kept of one is its hash."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Collection

import attrs
from starlette.requests import Request

from evalflow import NotFound
from evalflow_web.identity import Identity
from evalflow_web.problems import Problem
from evalflow_web.state import State, moment_of

API, CALENDAR = "api", "calendar"
"""What a token is good for: the service; or one person's calendar of what is due, by a link."""

_FORM = re.compile(r"evf_(?P<id>[0-9a-f]{12})_(?P<secret>[A-Za-z0-9_-]{43})")


@attrs.frozen(kw_only=True)
class Token:
    """What is known of a token; never its secret.

    Attributes:
        events: the events that may be fired by it; empty: it only reads; None: all of the actor's.
    """

    id: str
    kind: str
    actor: str
    events: tuple[str, ...] | None
    label: str
    made_at: dt.datetime
    expires_at: dt.datetime
    revoked_at: dt.datetime | None
    used_at: dt.datetime | None


def _token(
    token_id: str,
    kind: str,
    actor: str,
    events: str | None,
    label: str,
    made_at: str,
    expires_at: str,
    revoked_at: str | None,
    used_at: str | None,
) -> Token:
    return Token(
        id=token_id,
        kind=kind,
        actor=actor,
        events=None if events is None else tuple(json.loads(events)),
        label=label,
        made_at=moment_of(made_at),
        expires_at=moment_of(expires_at),
        revoked_at=None if revoked_at is None else moment_of(revoked_at),
        used_at=None if used_at is None else moment_of(used_at),
    )


class Tokens:
    """The tokens in the service's own file. `actor_of` recognises by `Authorization: Bearer`."""

    def __init__(self, state: State) -> None:
        """Take the file."""
        self._state = state

    def make(
        self,
        actor: str,
        *,
        events: Collection[str] | None,
        lasts: dt.timedelta,
        label: str = "",
        kind: str = API,
    ) -> tuple[str, Token]:
        """Make a token and return it with what is kept of it; it is shown this once."""
        token_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        kept = None if events is None else json.dumps(sorted(set(events)))
        state = self._state
        state.run(
            "INSERT INTO token (id, hash, kind, actor, events, label, made_at, expires_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (token_id, _hash(secret), kind, actor, kept, label, state.stamp(), state.stamp(lasts)),
        )
        return f"evf_{token_id}_{secret}", self.known(token_id)

    def known(self, token_id: str) -> Token:
        """Return what is kept of a token.

        Raises:
            NotFound: there is none of this id.
        """
        for token in self.all():
            if token.id == token_id:
                return token
        raise NotFound("token", token_id, [token.id for token in self.all()])

    def all(self) -> list[Token]:
        """Return what is kept of all tokens, the oldest first."""
        rows = self._state.rows(
            "SELECT id, kind, actor, events, label, made_at, expires_at, revoked_at, used_at "
            "FROM token ORDER BY made_at, id"
        )
        return [_token(*row) for row in rows]

    def revoke(self, token_id: str) -> Token:
        """Make a token worthless from now on, and return what is kept of it.

        Raises:
            NotFound: there is none of this id.
        """
        self.known(token_id)
        self._state.run(
            "UPDATE token SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?",
            (self._state.stamp(), token_id),
        )
        return self.known(token_id)

    def holder(self, given: str, kind: str = API) -> Token | None:
        """Return the token that `given` is, where it is good now; else None."""
        match = _FORM.fullmatch(given)
        if match is None:
            return None
        state = self._state
        row = state.row("SELECT hash, kind FROM token WHERE id = ?", (match["id"],))
        hashed = "" if row is None else str(row[0])
        if not hmac.compare_digest(hashed, _hash(match["secret"])) or row is None or row[1] != kind:
            return None
        token = self.known(match["id"])
        if token.revoked_at is not None or token.expires_at <= state.clock():
            return None
        state.run("UPDATE token SET used_at = ? WHERE id = ?", (state.stamp(), token.id))
        return token

    def actor_of(self, request: Request) -> Identity | None:
        """Return who a token of ours speaks for; None where the request brings none.

        Raises:
            Problem: it brings one that is not good, or no longer (401).
        """
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        given = given.strip()
        if scheme.lower() != "bearer" or not given.startswith("evf_"):
            return None
        token = self.holder(given)
        if token is None:
            raise Problem(
                401,
                "bad_token",
                ko="토큰이 없거나, 기한이 지났거나, 폐기되었습니다.",
                en="The token is unknown, has expired, or was revoked.",
                headers={"www-authenticate": 'Bearer realm="evalflow", error="invalid_token"'},
            )
        events = None if token.events is None else frozenset(token.events)
        return Identity(actor=token.actor, events=events, ambient=False, means="token")


def _hash(secret: str) -> str:
    # 256 random bits: nothing that a slow hash would have to protect.
    return hashlib.sha256(secret.encode()).hexdigest()
