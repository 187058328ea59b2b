"""Who it is: tokens, a proxy's header, passwords, the demo; and what is tried against them."""

from __future__ import annotations

import datetime as dt
import re
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from evalflow_web.auth.passwords import PER_ACTOR, Passwords
from evalflow_web.auth.proxy import proxy_header
from evalflow_web.auth.sessions import IDLE, LONGEST
from evalflow_web.auth.tokens import CALENDAR, Tokens
from evalflow_web.serve import service
from evalflow_web.site import Settings
from evalflow_web.state import State
from starlette.requests import Request
from starlette.testclient import TestClient

import evalflow
from evalflow import cli

P = "/api/plans/gu/projects"


class Watch:
    """The clock of the service's own file."""

    def __init__(self) -> None:
        self.now = dt.datetime(2016, 4, 4, 1, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        return self.now


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash as quickly as argon2 can: how long it takes is no matter of these tests."""
    hasher = partial(PasswordHasher, time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr("evalflow_web.auth.passwords.PasswordHasher", hasher)


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def state(watch: Watch) -> State:
    return State(clock=watch)


@pytest.fixture
def served(office: evalflow.Engine, state: State) -> Callable[..., TestClient]:
    def serve(
        client: tuple[str, int] = ("127.0.0.1", 5000),
        base: str = "http://localhost:8000",
        secure: bool = False,
        **how: Any,
    ) -> TestClient:
        settings = Settings(secure=secure, login="/-/login" if how else None)
        return TestClient(
            service(office, state, settings=settings, **how),
            base_url=base,
            client=client,
            follow_redirects=False,
            raise_server_exceptions=False,
        )

    return serve


def csrf_of(page: str) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', page)
    assert found
    return found[1]


def enter(client: TestClient, actor: str, password: str = "", **fields: str) -> Any:
    page = client.get("/-/login", headers={"accept": "text/html"})
    form = {"actor": actor, "password": password, "csrf": csrf_of(page.text), **fields}
    return client.post("/-/login", data=form, headers={"accept": "text/html"})


# --------------------------------------------------------------------------- tokens


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}", "accept-language": "en"}


def test_a_token_speaks_for_its_actor_and_for_its_events_alone(
    served: Any, state: State, watch: Watch
) -> None:
    tokens, client = Tokens(state), served()
    given, _ = tokens.make("elderly-1", events=["compile"], lasts=dt.timedelta(days=1))
    me = client.get("/api/me", headers=bearer(given)).json()
    assert (me["id"], me["means"], me["events"]) == ("elderly-1", "token", ["compile"])
    data = {"actuals": {"centres": 5}}
    body = {"event": "self_evaluate", "data": data}
    seen = {"if-match": client.get(f"{P}/2", headers=bearer(given)).headers["etag"]}
    refused = client.post(f"{P}/2/entries", json=body, headers=bearer(given) | seen)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_by_this_token")
    permitted = client.get("/api/plans/gu/events", headers=bearer(given)).json()["permitted"]
    assert permitted["gu/2"] == []
    given, _ = tokens.make("elderly-1", events=["self_evaluate"], lasts=dt.timedelta(days=1))
    assert client.post(f"{P}/2/entries", json=body, headers=bearer(given) | seen).status_code == 201


def test_a_token_ends_and_is_revoked_and_only_its_hash_is_kept(
    served: Any, state: State, watch: Watch
) -> None:
    tokens, client = Tokens(state), served()
    given, token = tokens.make("road-1", events=(), lasts=dt.timedelta(days=1))
    other, _ = tokens.make("road-1", events=(), lasts=dt.timedelta(days=9))
    assert client.get("/api/me", headers=bearer(given)).status_code == 200
    assert tokens.known(token.id).used_at == watch.now
    watch.now += dt.timedelta(days=1)
    late = client.get("/api/me", headers=bearer(given))
    assert (late.status_code, late.json()["code"]) == (401, "bad_token")
    assert client.get("/api/me", headers=bearer(other)).status_code == 200
    tokens.revoke(other.split("_")[1])
    assert client.get("/api/me", headers=bearer(other)).status_code == 401
    secret = other.split("_", 2)[2]
    assert not any(secret in str(row) for row in state.rows("SELECT * FROM token"))
    calendar, _ = tokens.make("road-1", events=(), lasts=dt.timedelta(days=9), kind=CALENDAR)
    assert client.get("/api/me", headers=bearer(calendar)).status_code == 401
    for wrong in (f"evf_{token.id}_{'x' * 43}", "evf_", f"{other}x", "evf_0_0"):
        assert client.get("/api/me", headers=bearer(wrong)).status_code == 401, wrong


# --------------------------------------------------------------------------- a proxy's header


def test_a_header_is_believed_from_named_peers_alone(served: Any) -> None:
    how = {"header": "X-Remote-User", "peers": ["10.1.0.0/24"]}
    said = {"x-remote-user": "policy-1"}
    inside = served(client=("10.1.0.7", 5000), **how)
    assert inside.get("/api/me", headers=said).json()["means"] == "proxy"
    assert inside.get("/api/me").status_code == 401
    twice = [("x-remote-user", "policy-1"), ("x-remote-user", "road-1")]
    assert inside.get("/api/me", headers=twice).status_code == 400
    for address in ("10.1.1.7", "127.0.0.1", "::1", "testclient"):
        outside = served(client=(address, 5000), **how)
        forged = {**said, "x-forwarded-for": "10.1.0.7", "x-real-ip": "10.1.0.7"}
        assert outside.get("/api/me", headers=forged).status_code == 401, address
    mapped = served(client=("::ffff:10.1.0.7", 5000), **how)
    assert mapped.get("/api/me", headers=said).status_code == 200


def test_a_peer_that_is_no_address_is_told() -> None:
    with pytest.raises(evalflow.InvalidInput, match="proxy"):
        proxy_header("x-remote-user", peers=["proxy"])
    with pytest.raises(evalflow.InvalidInput, match="name the addresses"):
        proxy_header("x-remote-user", peers=[])


def test_a_change_by_a_proxys_identity_needs_the_token_of_a_page(served: Any) -> None:
    client = served(client=("10.1.0.7", 5), header="X-Remote-User", peers=["10.1.0.7"])
    said = {"x-remote-user": "elderly-1"}
    path = f"{P}/2/events/self_evaluate/explain"
    forged = client.post(path, json={}, headers=said)
    assert (forged.status_code, forged.json()["code"]) == (403, "forged")
    token = {"x-csrf-token": client.get("/api/me", headers=said).json()["csrf"]}
    assert client.post(path, json={}, headers={**said, **token}).status_code == 200
    for header, value in (
        ("origin", "https://elsewhere.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("x-csrf-token", "0" * 64),
        ("x-remote-user", "road-1"),  # the token is somebody else's
    ):
        sent = client.post(path, json={}, headers={**said, **token, header: value})
        assert sent.status_code == 403, header


# --------------------------------------------------------------------------- passwords


def test_signing_in_by_password_and_out_again(served: Any, state: State) -> None:
    Passwords(state).set("road-1", "a long password")
    client = served(passwords=True)
    sent = client.get("/", headers={"accept": "text/html"})
    assert (sent.status_code, sent.headers["location"]) == (303, "/-/login?next=%2F")
    assert enter(client, "road-1", "another password").status_code == 403
    assert client.get("/api/me").status_code == 401
    entered = enter(client, "road-1", "a long password", next="/?a=1")
    assert (entered.status_code, entered.headers["location"]) == (303, "/?a=1")
    cookie = entered.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    me = client.get("/api/me").json()
    assert (me["id"], me["means"]) == ("road-1", "password")
    stolen = dict(client.cookies)
    left = client.post("/-/logout", data={"csrf": me["csrf"]})
    assert left.status_code == 303
    client.cookies.update(stolen)
    assert client.get("/api/me").status_code == 401  # ended here, not only in the browser


def test_cookies_over_https_are_this_hosts_alone(served: Any, state: State) -> None:
    Passwords(state).set("road-1", "a long password")
    client = served(base="https://eval.example", secure=True, passwords=True)
    entered = enter(client, "road-1", "a long password")
    cookie = entered.headers["set-cookie"]
    assert cookie.startswith("__Host-evalflow=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "domain" not in cookie.lower()
    assert "max-age" in entered.headers["strict-transport-security"]


def test_a_session_is_new_at_every_signing_in_and_ends(
    served: Any, state: State, watch: Watch
) -> None:
    Passwords(state).set("road-1", "a long password")
    client = served(passwords=True)
    client.cookies.set("evalflow-session", "chosen by an attacker", domain="localhost.local")
    assert enter(client, "road-1", "a long password").status_code == 303
    first = client.cookies["evalflow-session"]
    assert first != "chosen by an attacker"
    watch.now += IDLE / 2
    assert client.get("/api/me").status_code == 200
    watch.now += IDLE - dt.timedelta(seconds=1)
    assert client.get("/api/me").status_code == 200
    watch.now += IDLE
    assert client.get("/api/me").status_code == 401
    assert enter(client, "road-1", "a long password").status_code == 303
    for _ in range(int(LONGEST / IDLE) * 2 + 1):
        watch.now += IDLE / 2
        ended = client.get("/api/me").status_code == 401
    assert ended
    enter(client, "road-1", "a long password")
    Passwords(state).set("road-1", "yet another password")
    assert client.get("/api/me").status_code == 401


def test_trying_passwords_is_limited_for_one_actor_and_for_one_address(
    served: Any, state: State, watch: Watch
) -> None:
    passwords = Passwords(state)
    passwords.set("road-1", "a long password")
    client = served(passwords=True)
    for _ in range(PER_ACTOR):
        assert enter(client, "road-1", "wrong").status_code == 403
    limited = enter(client, "road-1", "a long password")
    assert limited.status_code == 429
    assert int(limited.headers["retry-after"]) > 0
    elsewhere = served(client=("192.0.2.9", 5), passwords=True)
    assert enter(elsewhere, "road-1", "a long password").status_code == 303
    watch.now += dt.timedelta(minutes=16)
    assert enter(client, "road-1", "a long password").status_code == 303


def test_nothing_tells_whether_there_is_such_an_actor(served: Any, state: State) -> None:
    Passwords(state).set("road-1", "a long password")
    client = served(passwords=True)
    known, unknown = enter(client, "road-1", "wrong"), enter(client, "nobody-1", "wrong")

    def told(answer: Any) -> str:
        return re.sub(r"[0-9a-f]{64}", "", answer.text)

    assert (known.status_code, told(known)) == (unknown.status_code, told(unknown))


@pytest.mark.parametrize("password", ["short", "road-1", "x" * 201])
def test_a_password_that_is_none_is_refused(state: State, password: str) -> None:
    with pytest.raises(evalflow.InvalidInput, match="10 to 200"):
        Passwords(state).set("road-1", password)


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://elsewhere.example/",
        "//elsewhere.example/",
        "/\\elsewhere.example",
        "\\\\elsewhere.example",
        "javascript:alert(1)",
        "/\t/elsewhere.example",
        "/\r\nset-cookie: a=b",
        "elsewhere",
        "",
    ],
)
def test_signing_in_leads_nowhere_else(served: Any, state: State, elsewhere: str) -> None:
    Passwords(state).set("road-1", "a long password")
    entered = enter(served(passwords=True), "road-1", "a long password", next=elsewhere)
    assert (entered.status_code, entered.headers["location"]) == (303, "/")


def test_signing_in_from_another_page_is_refused(served: Any, state: State) -> None:
    Passwords(state).set("road-1", "a long password")
    client = served(passwords=True)
    form = {"actor": "road-1", "password": "a long password"}
    assert client.post("/-/login", data=form).status_code == 403
    form["csrf"] = csrf_of(client.get("/-/login").text)
    other = {"origin": "https://elsewhere.example"}
    assert client.post("/-/login", data=form, headers=other).status_code == 403
    assert client.post("/-/login", data=form).status_code == 303


# --------------------------------------------------------------------------- the demo


def test_in_the_demo_one_chooses_whom_to_be_on_this_machine_alone(served: Any) -> None:
    client = served(demo=True)
    page = client.get("/-/login", headers={"accept-language": "ko"}).text
    assert "policy-1" in page
    assert "도로과" in page
    # Those who owe something stand first, with how much.
    people = re.findall(r'name="actor" value="([^"]+)".*?(?:<b>(\d+)건</b>|>-<)', page)
    owing = [who for who, count in people if count]
    assert owing
    assert owing == [who for who, _ in people[: len(owing)]]
    assert "policy-1" not in owing
    assert enter(client, "policy-1").status_code == 303
    assert client.get("/api/me").json()["id"] == "policy-1"
    assert enter(client, "nobody-1").status_code == 403
    away = served(client=("192.0.2.9", 5000), demo=True)
    assert away.get("/-/login").status_code == 403
    renamed = served(base="http://elsewhere.example", demo=True)
    assert renamed.get("/-/login").status_code == 403
    form = {"actor": "policy-1", "csrf": csrf_of(page)}
    assert renamed.post("/-/login", data=form).status_code == 403


def test_without_a_way_to_sign_in_there_is_no_page_for_it(served: Any) -> None:
    assert served().get("/-/login").status_code == 404


# --------------------------------------------------------------------------- the commands


@pytest.fixture
def run(
    store: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    monkeypatch.setenv("EVALFLOW_STORE", store)
    monkeypatch.setenv("EVALFLOW_PLUGINS", "evalflow-web")
    monkeypatch.delenv("EVALFLOW_WEB_STATE", raising=False)
    monkeypatch.setenv("EVALFLOW_LANG", "en")

    def run(*words: str) -> tuple[int, str, str]:
        code = cli.run(list(words))
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_tokens_are_made_listed_and_revoked(run: Any, store: str) -> None:
    code, out, err = run("web", "token", "make", "road-1", "--event", "amend", "--label", "ERP")
    assert code == 0, err
    token_id = out.split("_")[1]
    path = Path(store.removeprefix("sqlite:///")).with_name("office.web.db")
    assert path.stat().st_mode & 0o077 == 0
    assert Tokens(State(path)).holder(out.strip()) is not None
    listed = run("web", "token", "list")[1]
    assert all(word in listed for word in (token_id, "ERP", "amend", "good"))
    assert run("web", "token", "revoke", token_id)[0] == 0
    assert "revoked" in run("web", "token", "list")[1]
    assert Tokens(State(path)).holder(out.strip()) is None


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("token", "make", "raod-1"), 4, "did you mean 'road-1'"),
        (("token", "make", "road-1", "--event", "amed"), 4, "did you mean 'amend'"),
        (("token", "make", "road-1", "--event", "amend", "--all-events"), 2, "exclude"),
        (("token", "make", "road-1", "--days", "0"), 2, "--days"),
        (("token", "revoke", "0123"), 4, "token '0123'"),
        (("password", "raod-1"), 4, "did you mean 'road-1'"),
    ],
)
def test_what_a_command_says_wrongly_is_told(
    run: Any, words: tuple[str, ...], code: int, said: str
) -> None:
    found, _, err = run("web", *words)
    assert found == code
    assert said in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--demo", "--host", "0.0.0.0"), "127.0.0.1"),
        (("--demo", "--passwords"), "no other way"),
        (("--proxy-header", "X-Remote-User"), "go together"),
        (("--proxy-header", "X-Remote-User", "--proxy-from", "proxy"), "not an address"),
        (("--origin", "eval.example.kr"), "https://"),
        (("--oidc", "https://sso.example.kr"), "go together"),
        (("--oidc", "http://sso.example.kr", "--oidc-client", "x"), "https://"),
        (("--oidc", "https://sso.example.kr", "--oidc-client", "x", "--demo"), "one of"),
    ],
)
def test_serve_refuses_what_does_not_go_together(
    run: Any, words: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evalflow_web.serve.run", lambda *args: pytest.fail("it is served"))
    code, _, err = run("serve", *words)
    assert code == 2
    assert said in err


def test_actor_of_may_be_anything_that_a_host_knows(serving: Any, office: evalflow.Engine) -> None:
    def actor_of(request: Request) -> evalflow.Actor:
        return evalflow.Actor("host:7", (evalflow.Grant(role="policy_office", unit="gu"),))

    client = serving(actor_of)
    assert client.get(f"{P}/3").json()["withheld"] == {}
    assert client.get("/api/me").json()["id"] == "host:7"


def test_the_services_own_file_is_let_go_of_where_it_is_forgotten(tmp_path: Path) -> None:
    import gc

    state = State(tmp_path / "office.web.db")
    connection = state._db
    del state
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError):
        connection.execute("SELECT 1")
