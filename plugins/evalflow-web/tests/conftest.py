"""A small office with three projects, as a store that each test has a copy of, and its service."""

from __future__ import annotations

import datetime as dt
import html
import re
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import evalflow_web
import hypothesis
import pytest
from evalflow_web.site import Settings
from starlette.requests import Request
from starlette.testclient import TestClient

import evalflow

SEOUL = dt.timezone(dt.timedelta(hours=9))
PLAN = Path(__file__).parent / "office.yaml"

hypothesis.settings.register_profile("web", deadline=None)
hypothesis.settings.load_profile("web")


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.moment = dt.datetime(2016, 4, 4, 10, tzinfo=SEOUL)

    def __call__(self) -> dt.datetime:
        return self.moment.astimezone(dt.UTC)

    def go(self, day: str, hour: int = 10) -> None:
        self.moment = dt.datetime.fromisoformat(day).replace(hour=hour, tzinfo=SEOUL)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def people(office: evalflow.Engine) -> list[str]:
    return list(office.plans.head("gu").directory)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which project 3 was reviewed as lagging and project 1 is evaluated."""
    path = tmp_path_factory.mktemp("web") / "office.db"
    clock = Clock()
    clock.go("2016-02-25")
    with evalflow.open(f"sqlite:///{path}", plugins=[], clock=clock) as engine:
        plan = evalflow.load_plan(PLAN, plugins=[])
        engine.adopt(plan, by="policy-1")
        clock.go("2016-04-04")
        why = {"metres": {"cause": "동절기", "countermeasure": "인력 추가"}}
        data = {"actuals": {"metres": 300, "complaints": 50}, "explanations": why}
        engine.fire("gu/3", "self_evaluate", by="road-1", data=data)
        actuals = {"actuals": {"schools": 10, "lessons": 100}}
        engine.fire("gu/1", "self_evaluate", by="education-1", data=actuals)
    return path


@pytest.fixture
def store(template: Path, tmp_path: Path) -> str:
    shutil.copy(template, tmp_path / "office.db")
    return f"sqlite:///{tmp_path / 'office.db'}"


@pytest.fixture
def office(store: str, clock: Clock) -> Iterator[evalflow.Engine]:
    with evalflow.open(store, plugins=[], clock=clock) as engine:
        yield engine


def by_header(request: Request) -> str | None:
    """Whoever the header names: who they are is the test's word."""
    return request.headers.get("x-actor")


class Asking:
    """Asks the service as somebody, in a language, as another system does (with a token's means:
    nothing that a browser would send by itself)."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def headers(self, by: str | None, more: Mapping[str, str]) -> dict[str, str]:
        who = {} if by is None else {"x-actor": by, "authorization": "Bearer of-the-test"}
        return {"accept-language": "en", **who, **more}

    def get(self, path: str, by: str | None = "policy-1", **headers: str) -> Any:
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.get(f"/api{path}", headers=self.headers(by, more))

    def post(self, path: str, by: str | None, json: Any, **headers: str) -> Any:
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(f"/api{path}", json=json, headers=self.headers(by, more))

    def etag(self, project: str, by: str) -> str:
        plan, number = project.split("/")
        etag: str = self.get(f"/plans/{plan}/projects/{number}", by).headers["etag"]
        return etag

    def fire(self, project: str, event: str, by: str, **data: Any) -> Any:
        plan, number = project.split("/")
        body = {"event": event, "data": data}
        path = f"/plans/{plan}/projects/{number}/entries"
        return self.post(path, by, body, if_match=self.etag(project, by))


@pytest.fixture
def serving(office: evalflow.Engine) -> Callable[..., TestClient]:
    def serve(actor_of: Any = by_header, **settings: Any) -> TestClient:
        service = evalflow_web.app(
            office, actor_of=actor_of, settings=Settings(**{"secure": False, **settings})
        )
        return TestClient(service, raise_server_exceptions=False)

    return serve


@pytest.fixture
def asking(serving: Callable[..., TestClient]) -> Asking:
    return Asking(serving())


GOOD: dict[str, tuple[str, dict[str, Any]]] = {
    "gu/1": ("education-1", {"schools": 10, "lessons": 100}),
    "gu/2": ("elderly-1", {"centres": 5}),
    "gu/3": ("road-1", {"metres": 400, "complaints": 50}),
}


class Board:
    """The board on a small office, the day before the first quarter is due; who asks is the test's
    word."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.clock = Clock()
        self.engine = evalflow.open("memory:", plugins=[], clock=self.clock)
        self.engine.adopt(
            evalflow.load_plan(Path(__file__).parent / "board.yaml", plugins=[]), by="policy-1"
        )
        self.settings = Settings(**{"secure": False, "folder": folder / "shelf", **settings})

    def serve(self, **more: Any) -> Any:
        """Return the application, as the test set it up."""
        return evalflow_web.app(
            self.engine,
            actor_of=lambda request: request.headers.get("x-who") or None,
            settings=self.settings,
            **more,
        )

    def browse(self, who: str, lang: str = "ko") -> TestClient:
        if not hasattr(self, "_service"):
            self._service = self.serve()
        headers = {"accept": "text/html", "x-who": who, "accept-language": lang}
        return TestClient(self._service, headers=headers)

    def fire(self, project: str, event: str, by: str, **data: Any) -> None:
        self.engine.fire(project, event, by=by, data=data)

    def evaluate(self, project: str, **figures: Any) -> None:
        by, good = GOOD[project]
        card = {"state": "on_track", "text": "두 곳 고침", "papers": ["준공사진"]}
        cards = self.engine.plans.definition(project).cards
        more = {"cards": {"1": card, "2": card}} if cards else {}
        self.fire(project, "self_evaluate", by, actuals=figures or good, **more)

    def submit(self) -> None:
        """Bring all projects to the policy office."""
        for project in GOOD:
            self.evaluate(project)
        for project, bureau in (("gu/1", "welfare"), ("gu/3", "city")):
            self.fire(project, "compile", f"{bureau}-lead")
            self.fire(project, "sign", f"{bureau}-head")
            self.fire(project, "submit", f"{bureau}-lead", document="주무과-1")

    def state(self, project: str) -> str:
        return self.engine.project(project).states[0]

    @staticmethod
    def hidden(page: str) -> dict[str, str]:
        """Return the hidden fields of a page."""
        pairs = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page)
        return {html.unescape(name): html.unescape(value) for name, value in pairs}

    def send(self, client: TestClient, page: str, to: str | None = None, **fields: Any) -> Any:
        """Send a form with the token of the page that it stands on, or to another path."""
        csrf = self.hidden(client.get(page).text)["csrf"]
        return client.post(to or page, data={"csrf": csrf, **fields}, follow_redirects=False)


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Board]:
    made = Board(tmp_path)
    yield made
    made.engine.close()


# --------------------------------------------------------------------------- in a real browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def pictures() -> Path:
    """Return the folder of pictures: in the repository where there is one, else beside here."""
    root = Path(__file__).parents[3]
    return (root if (root / "Makefile").exists() else Path.cwd()) / "build" / "pictures"


class Site:
    """A small office, served; who is signed in is the test's word."""

    def __init__(self, folder: Path) -> None:
        import uvicorn

        self.moment = dt.datetime(2016, 4, 4, 1, tzinfo=dt.UTC)
        plan = evalflow.load_plan(Path(__file__).parent / "board.yaml", plugins=[])
        self.engine = evalflow.open(
            f"sqlite:///{folder / 'office.db'}", plugins=[], clock=lambda: self.moment
        )
        self.engine.adopt(plan, by="policy-1")
        self.signed_in = dict.fromkeys(plan.head.directory, True)
        service = evalflow_web.app(
            self.engine,
            actor_of=self._who,
            settings=evalflow_web.Settings(folder=folder / "shelf", secure=False),
        )
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(service, log_level="warning", lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],))
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    def _who(self, request: Any) -> str | None:
        who = request.cookies.get("who", "")
        return who if self.signed_in.get(who) else None

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()
        self.engine.close()

    def state(self, project: str) -> str:
        return self.engine.project(project).states[0]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Debian's Chromium."""
    if CHROMIUM is None:
        pytest.skip("not on this machine: Chromium (apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield launched
        launched.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    served = Site(tmp_path)
    yield served
    served.close()


class Person:
    """Somebody at a browser of their own: what it complains of, and what it asks elsewhere for, is
    collected."""

    def __init__(self, chromium: Any, site: Site, who: str, **context: Any) -> None:
        self.site, self.who = site, who
        self.context = chromium.new_context(locale="ko-KR", **context)
        self.context.add_cookies([{"name": "who", "value": who, "url": site.url}])
        self.page = self.context.new_page()
        self.page.set_default_timeout(60_000)
        self.seen: list[str] = []
        self.page.on("pageerror", lambda error: self.seen.append(f"error: {error}"))
        self.page.on("console", self._told)
        self.page.on("request", self._asked)

    def _told(self, message: Any) -> None:
        expected = re.search(r"status of (401|404|409|412|422)|net::ERR", message.text)
        if message.type in ("error", "warning") and not expected:
            self.seen.append(f"console: {message.text}")

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.site.url, "data:")):
            self.seen.append(request.url)

    def go(self, path: str) -> Any:
        self.page.goto(self.site.url + path)
        return self.page

    def fill(self, **fields: str) -> None:
        for path, value in fields.items():
            self.page.locator(f'[id="{path.replace("__", "/")}"]').fill(value)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=re.compile(f"^{name}")).first.click()

    def done(self) -> None:
        """Confirm what the page asks to be confirmed."""
        self.page.locator('button[value="sure"]').click()
        self.page.wait_for_url(re.compile("done="))

    def picture(self, name: str) -> None:
        folder = pictures()
        folder.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=folder / f"{name}.png", full_page=True)

    def close(self) -> None:
        assert self.seen == []
        self.context.close()


@pytest.fixture
def person(chromium: Any) -> Callable[..., Person]:
    """Seat somebody at a browser of their own."""
    return lambda site, who, **context: Person(chromium, site, who, **context)


@pytest.fixture(scope="module")
def serve_at(chromium: Any) -> type[Site]:
    """Serve a small office from a folder; close it afterwards."""
    return Site
