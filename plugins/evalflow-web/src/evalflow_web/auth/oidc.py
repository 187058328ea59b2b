"""Signing in at the office's OpenID provider: the authorization code flow with PKCE (OpenID Connect
Core 1.0, RFC 7636). Of what the provider says only the identity is taken; a session is our own."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import ipaddress
import json
import logging
import re
import secrets
import threading
import time
from typing import Any
from urllib.parse import urlencode, urlsplit

import attrs
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from evalflow.plugins import invalid
from evalflow_web.auth.login import LOGIN, LOGOUT, safe_next
from evalflow_web.auth.sessions import sessions_of
from evalflow_web.problems import Problem
from evalflow_web.site import Site, Visit

_log = logging.getLogger("evalflow.web")

START, CALLBACK = "/-/oidc", "/-/oidc/callback"

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
"""How an ID token may be signed: by a key of the provider alone, never by the shared secret."""

HANDSHAKE = dt.timedelta(minutes=10)
"""How long somebody may take to sign in at the provider."""

_COOKIE = "evalflow-oidc"
_LEEWAY = 60  # seconds by which clocks may differ
_KEPT = 3600  # seconds for which what the provider says of itself is believed


@attrs.frozen(kw_only=True)
class Provider:
    """An OpenID provider, as the office registered us there.

    Attributes:
        issuer: its address, as its own document says it; HTTPS, or this machine.
        client_id, secret: what it knows us by; without a secret we are a public client.
        claim: the claim of the ID token that is the actor's id in the plan's directory.
        scope: what is asked for.
    """

    issuer: str
    client_id: str
    secret: str | None = attrs.field(default=None, repr=False)
    claim: str = "preferred_username"
    scope: str = "openid profile"

    def __attrs_post_init__(self) -> None:
        if not _is_safe(self.issuer):
            raise invalid(
                "bad_issuer",
                path="issuer",
                value=self.issuer,
                ko=f"발급자는 https://로 시작하는 주소여야 합니다: '{self.issuer}'",
                en=f"the issuer is an address that begins with https://, got '{self.issuer}'",
            )


class Oidc:
    """The provider with what it says of itself, read when it is needed."""

    def __init__(self, provider: Provider) -> None:
        """Take the provider; nothing is asked of it yet."""
        self.provider = provider
        self._lock = threading.Lock()
        self._known: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, Any] | None = None

    # ------------------------------------------------------------------ what it says of itself

    def about(self) -> dict[str, Any]:
        """Return the provider's own document.

        Raises:
            Problem: it cannot be had, or is another's (502).
        """
        with self._lock:
            if self._known is None or time.monotonic() - self._known[0] > _KEPT:
                url = self.provider.issuer.rstrip("/") + "/.well-known/openid-configuration"
                found = self._fetched(url)
                if found.get("issuer") != self.provider.issuer:
                    raise _broken("its document names another issuer")
                for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                    if not _is_safe(str(found.get(name, ""))):
                        raise _broken(f"its {name} is no address that begins with https://")
                self._known = time.monotonic(), found
            return self._known[1]

    def keys(self, *, anew: bool = False) -> Any:
        """Return the provider's keys; `anew` where one was named that was not among them, at most
        once in ten seconds."""
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        url = self.about()["jwks_uri"]
        with self._lock:
            age = None if self._keys is None else time.monotonic() - self._keys[0]
            if self._keys is None or age is None or age > _KEPT or (anew and age > 10):
                found = self._fetched(url)
                try:
                    # A key for what we do not know is no reason to refuse those that we do.
                    kept = [key for key in found["keys"] if key.get("kty") in ("RSA", "EC", "OKP")]
                    keys = KeySet.import_key_set({"keys": kept})
                except (JoseError, KeyError, TypeError, ValueError, AttributeError) as error:
                    raise _broken("its keys cannot be read") from error
                self._keys = time.monotonic(), keys
            return self._keys[1]

    def _fetched(self, url: str, data: dict[str, str] | None = None) -> dict[str, Any]:
        """Return the JSON object at an address, or what posting a form there answers."""
        import httpx2

        auth = httpx2.Auth()  # none
        if data is not None and self.provider.secret is not None:
            auth = httpx2.BasicAuth(self.provider.client_id, self.provider.secret)
        try:
            with httpx2.Client(timeout=10, follow_redirects=False) as client:
                answer = client.get(url) if data is None else client.post(url, data=data, auth=auth)
        except httpx2.HTTPError as error:
            raise _broken(f"it cannot be reached ({type(error).__name__})") from error
        try:
            found = answer.json()
        except ValueError:
            found = None
        if answer.status_code != 200 or not isinstance(found, dict):
            raise _broken(f"it answered {answer.status_code}")
        return found

    # ------------------------------------------------------------------ signing in

    def address(self, *, back: str, state: str, nonce: str, verifier: str) -> str:
        """Return where the browser is sent to sign in."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
        asked = {
            "response_type": "code",
            "client_id": self.provider.client_id,
            "redirect_uri": back,
            "scope": self.provider.scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge.decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        endpoint = str(self.about()["authorization_endpoint"])
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(asked)}"

    def actor(self, *, code: str, back: str, nonce: str, verifier: str) -> str:
        """Return who signed in, by the code with which the browser came back.

        Raises:
            Problem: the provider does not confirm it (502), or the token is not for us (403).
        """
        found = self._fetched(
            str(self.about()["token_endpoint"]),
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": back,
                "client_id": self.provider.client_id,
                "code_verifier": verifier,
            },
        )
        claims = self.claims(str(found.get("id_token", "")), nonce)
        actor = claims.get(self.provider.claim)
        if not isinstance(actor, str) or not actor.strip():
            raise _not_for_us(f"it has no claim '{self.provider.claim}'")
        return actor.strip()

    def claims(self, token: str, nonce: str) -> dict[str, Any]:
        """Return what an ID token says, once it is the provider's, for us, now, and for this
        signing in (OpenID Connect Core 1.0, 3.1.3.7).

        Raises:
            Problem: it is not.
        """
        from joserfc import jwt
        from joserfc.errors import JoseError

        claims: dict[str, Any] = {}
        for anew in (False, True):
            try:
                claims = jwt.decode(token, self.keys(anew=anew), algorithms=list(ALGORITHMS)).claims
                break
            except (JoseError, ValueError) as error:
                if anew:
                    raise _not_for_us(f"{type(error).__name__}") from error
        ours, now = self.provider.client_id, time.time()
        audience = claims.get("aud")
        several = audience if isinstance(audience, list) else [audience]
        if claims.get("iss") != self.provider.issuer:
            raise _not_for_us("its issuer is another")
        if ours not in several or (len(several) > 1 and claims.get("azp") != ours):
            raise _not_for_us("it is for somebody else")
        if claims.get("azp", ours) != ours:
            raise _not_for_us("it was given to somebody else")
        for name, late in (("exp", False), ("nbf", True), ("iat", True)):
            moment = claims.get(name)
            if moment is None and name == "nbf":
                continue
            if not isinstance(moment, int | float) or isinstance(moment, bool):
                raise _not_for_us(f"it says no {name}")
            if (moment > now + _LEEWAY) if late else (moment <= now - _LEEWAY):
                raise _not_for_us(f"it is not good now ({name})")
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise _not_for_us("it is of another signing in")
        return claims


def routes(site: Site, oidc: Oidc) -> list[BaseRoute]:
    """Return the routes to sign in at the provider, and out of our own session."""
    from evalflow_web.application import page

    def ask(visit: Visit) -> Response:
        following = safe_next(visit, visit.request.query_params.get("next"))
        return visit.page(
            "login.html",
            status=200,
            demo=False,
            passwords=False,
            following=following,
            wrong=None,
            people=(),
        )

    def start(visit: Visit) -> Response:
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        where = oidc.address(back=_back(visit), state=state, nonce=nonce, verifier=verifier)
        kept = json.dumps(
            {
                "nonce": nonce,
                "verifier": verifier,
                "next": safe_next(visit, visit.request.query_params.get("next")),
            }
        )
        with site.state.writing() as db:
            db.execute("DELETE FROM handshake WHERE ends_at <= ?", (site.state.stamp(),))
            db.execute(
                "INSERT INTO handshake (hash, content, ends_at) VALUES (?, ?, ?)",
                (_hash(state), kept, site.state.stamp(HANDSHAKE)),
            )
        response = RedirectResponse(where, 303)
        response.set_cookie(
            _COOKIE,
            state,
            max_age=int(HANDSHAKE.total_seconds()),
            path="/",
            secure=site.settings.secure,
            httponly=True,
            samesite="lax",
        )
        return response

    def back(visit: Visit) -> Response:
        params = visit.request.query_params
        state, code = params.get("state", ""), params.get("code", "")
        own = visit.request.cookies.get(_COOKIE, "")
        if not state or not hmac.compare_digest(own.encode(), state.encode()):
            raise _not_for_us("it began in another browser")
        with site.state.writing() as db:  # once: a code that comes again is nobody's
            rows = db.execute(
                "DELETE FROM handshake WHERE hash = ? AND ends_at > ? RETURNING content",
                (_hash(state), site.state.stamp()),
            ).fetchall()
        if not rows:
            raise _not_for_us("it was used, or took too long")
        if "error" in params or not code:
            said = re.sub(r"[^a-z_]", "", params.get("error", "no_code"))[:40]
            raise _not_for_us(f"the provider says {said}")
        kept = json.loads(rows[0][0])
        actor = oidc.actor(
            code=code, back=_back(visit), nonce=kept["nonce"], verifier=kept["verifier"]
        )
        response = RedirectResponse(safe_next(visit, kept["next"]), 303)
        sessions = sessions_of(site)
        sessions.forget(visit.request)
        sessions.begin(response, actor, "oidc")
        response.delete_cookie(_COOKIE, path="/", secure=site.settings.secure, httponly=True)
        _log.info("%s signed in (oidc)", actor)
        return response

    def leave(visit: Visit) -> Response:
        response = RedirectResponse(visit.url("login"), 303)
        sessions_of(site).end(visit.request, response)
        return response

    return [
        Route(LOGIN, page(site, ask, anybody=True), methods=["GET"], name="login"),
        Route(START, page(site, start, anybody=True), methods=["GET"], name="oidc"),
        Route(CALLBACK, page(site, back, anybody=True), methods=["GET"], name="oidc_back"),
        Route(LOGOUT, page(site, leave, anybody=True), methods=["POST"], name="logout"),
    ]


def _back(visit: Visit) -> str:
    """Return the address to which the provider sends the browser back: below the origin that is
    set up, for a request's own name could be anybody's."""
    origin = visit.site.settings.origin
    base = (
        origin.rstrip("/") if origin else f"{visit.request.url.scheme}://{visit.request.url.netloc}"
    )
    return base + visit.url("oidc_back")


def _is_safe(url: str) -> bool:
    """Say whether an address is one by HTTPS, or on this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https":
        return bool(host)
    if parts.scheme != "http":
        return False
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _hash(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()


def _broken(why: str) -> Problem:
    _log.warning("the OpenID provider: %s", why)
    return Problem(
        502,
        "provider_failed",
        ko="통합인증 서버와 통신하지 못했습니다. 잠시 뒤에 다시 하십시오.",
        en=f"The identity provider does not answer as it should: {why}.",
    )


def _not_for_us(why: str) -> Problem:
    _log.warning("signing in at the OpenID provider failed: %s", why)
    return Problem(
        403,
        "not_recognised",
        ko="통합인증 결과를 확인할 수 없습니다. 처음부터 다시 로그인하십시오.",
        en=f"The identity provider's answer cannot be confirmed ({why}); sign in again.",
    )
