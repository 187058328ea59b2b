"""Signing in at an OpenID provider: a real one (oidc-provider-mock, by Authlib) on this machine,
and tokens that are not what they should be."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from evalflow_web.auth.oidc import Oidc, Provider
from evalflow_web.problems import Problem
from evalflow_web.serve import service
from evalflow_web.site import Settings
from evalflow_web.state import State
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey
from starlette.testclient import TestClient

import evalflow

with warnings.catch_warnings(record=True):  # its Authlib is on its way to joserfc, and says so
    import oidc_provider_mock

pytestmark = pytest.mark.filterwarnings("ignore:get_jwt_config:DeprecationWarning")

HTML = {"accept": "text/html"}


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with oidc_provider_mock.run_server_in_thread(require_nonce=True) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def served(office: evalflow.Engine, issuer: str) -> TestClient:
    provider = Provider(issuer=issuer, client_id="evalflow", secret="secret", claim="sub")
    settings = Settings(secure=False, login="/-/login", origin="http://localhost:8000")
    return TestClient(
        service(office, State(), settings=settings, provider=provider),
        base_url="http://localhost:8000",
        follow_redirects=False,
        raise_server_exceptions=False,
    )


def signed_in_there(where: str, actor: str) -> str:
    """Sign in at the provider as a browser would, and return where it sends the browser back."""
    with httpx2.Client(follow_redirects=False) as browser:
        answer = browser.post(where, data={"sub": actor})
        assert answer.status_code in (302, 303), answer.text
        return str(answer.headers["location"])


def test_somebody_signs_in_at_the_provider_and_is_whom_it_says(
    served: TestClient, issuer: str
) -> None:
    page = served.get("/-/login?next=%2F%3Fa%3D1", headers=HTML)
    assert "/-/oidc?next=/%3Fa%3D1" in page.text
    sent = served.get("/-/oidc?next=%2F%3Fa%3D1", headers=HTML)
    where = sent.headers["location"]
    assert sent.status_code == 303
    assert where.startswith(issuer)
    asked = {name: value[0] for name, value in parse_qs(urlsplit(where).query).items()}
    assert asked["redirect_uri"] == "http://localhost:8000/-/oidc/callback"
    assert asked["code_challenge_method"] == "S256"
    back = signed_in_there(where, "road-1")
    entered = served.get(back, headers=HTML)
    assert (entered.status_code, entered.headers["location"]) == (303, "/?a=1"), entered.text
    me = served.get("/api/me").json()
    assert (me["id"], me["means"]) == ("road-1", "oidc")
    again = served.get(back, headers=HTML)
    assert again.status_code == 403  # once, and in this browser


def test_what_came_back_is_good_in_the_browser_where_it_began(served: TestClient) -> None:
    where = served.get("/-/oidc", headers=HTML).headers["location"]
    back = signed_in_there(where, "road-1")
    own = dict(served.cookies)
    served.cookies.clear()
    assert served.get(back, headers=HTML).status_code == 403
    assert served.get("/api/me").status_code == 401
    served.cookies.update(own)
    assert served.get(back + "x", headers=HTML).status_code in (403, 502)


@pytest.mark.parametrize("query", ["", "?state=x&code=y", "?error=access_denied", "?code=x"])
def test_a_made_up_answer_of_the_provider_signs_nobody_in(served: TestClient, query: str) -> None:
    assert served.get(f"/-/oidc/callback{query}", headers=HTML).status_code == 403
    assert served.get("/api/me").status_code == 401


def test_a_provider_that_is_away_is_told(office: evalflow.Engine) -> None:
    provider = Provider(issuer="http://localhost:9", client_id="evalflow")
    settings = Settings(secure=False, login="/-/login")
    client = TestClient(service(office, State(), settings=settings, provider=provider))
    answer = client.get("/-/oidc", headers={"accept-language": "en"})
    assert (answer.status_code, answer.json()["code"]) == (502, "provider_failed")


@pytest.mark.parametrize("issuer", ["http://sso.example.kr", "ftp://sso", "sso.example.kr", ""])
def test_an_issuer_is_reached_by_https(issuer: str) -> None:
    with pytest.raises(evalflow.InvalidInput, match="https://"):
        Provider(issuer=issuer, client_id="evalflow")


# --------------------------------------------------------------------------- tokens


ISSUER = "https://sso.example.kr"
KEY = RSAKey.generate_key(2048, {"kid": "1"}, private=True)
OTHER = RSAKey.generate_key(2048, {"kid": "1"}, private=True)


class Known(Oidc):
    """A provider whose keys are known."""

    def keys(self, *, anew: bool = False) -> Any:
        return KeySet([RSAKey.import_key(KEY.as_dict(private=False))])


def claims(**more: Any) -> dict[str, Any]:
    now = int(time.time())
    good = {"iss": ISSUER, "aud": "evalflow", "sub": "road-1", "nonce": "n", "iat": now}
    return {name: v for name, v in {**good, "exp": now + 60, **more}.items() if v is not None}


@pytest.fixture
def known() -> Known:
    return Known(Provider(issuer=ISSUER, client_id="evalflow"))


def test_a_good_token_is_read(known: Known) -> None:
    token = jwt.encode({"alg": "RS256", "kid": "1"}, claims(), KEY)
    assert known.claims(token, "n")["sub"] == "road-1"
    several = claims(aud=["evalflow", "other"], azp="evalflow")
    assert known.claims(jwt.encode({"alg": "RS256", "kid": "1"}, several, KEY), "n")


@pytest.mark.parametrize(
    "more",
    [
        {"iss": "https://other.example.kr"},
        {"iss": f"{ISSUER}/"},
        {"aud": "other"},
        {"aud": ["evalflow", "other"]},
        {"aud": None},
        {"azp": "other"},
        {"exp": 1},
        {"exp": None},
        {"exp": "tomorrow"},
        {"iat": 2**40},
        {"nbf": 2**40},
        {"nonce": "m"},
        {"nonce": None},
    ],
)
def test_a_token_that_is_not_for_us_now_is_refused(known: Known, more: dict[str, Any]) -> None:
    token = jwt.encode({"alg": "RS256", "kid": "1"}, claims(**more), KEY)
    with pytest.raises(Problem) as caught:
        known.claims(token, "n")
    assert caught.value.status == 403


def forged() -> list[tuple[str, Callable[[], str]]]:
    import base64
    import json

    def plain(part: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")

    good = jwt.encode({"alg": "RS256", "kid": "1"}, claims(), KEY)
    head, _, signature = good.split(".")
    public = KEY.as_pem(private=False)
    return [
        ("another key", lambda: jwt.encode({"alg": "RS256", "kid": "1"}, claims(), OTHER)),
        ("no signature", lambda: f"{plain({'alg': 'none'})}.{plain(claims())}."),
        ("changed", lambda: f"{head}.{plain(claims(sub='mayor-1'))}.{signature}"),
        ("nothing", lambda: ""),
        ("words", lambda: "a.b.c"),
        (
            "our public key as a secret",
            lambda: jwt.encode({"alg": "HS256"}, claims(), OctKey.import_key(public)),
        ),
    ]


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize(
    "forge", [make for _, make in forged()], ids=[name for name, _ in forged()]
)
def test_a_token_that_is_not_signed_by_the_provider_is_refused(
    known: Known, forge: Callable[[], str]
) -> None:
    try:
        token = forge()
    except ValueError:  # joserfc makes no such thing itself
        return
    with pytest.raises(Problem) as caught:
        known.claims(token, "n")
    assert caught.value.status == 403
