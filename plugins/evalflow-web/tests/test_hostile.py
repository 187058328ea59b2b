"""The service and the board as somebody from outside tries them: slow clients, bodies that are made
to hurt, texts that are scripts, pages and changes that are not theirs."""

from __future__ import annotations

import io
import json
import re
import socket
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import evalflow_web
import pytest
from evalflow_web import application, serve
from starlette.routing import Route

import evalflow

FORM = "/board/gu/projects/1/do/self_evaluate"
PARTS = {
    "plan": "gu",
    "number": "1",
    "event": "self_evaluate",
    "lang": "ko",
    "sha": "0" * 64,
    "panel": "none",
    "file": "x.xlsx",
    "unit": "education",
}


def routes(board: Any, *methods: str) -> list[Route]:
    """Return the board's own routes that take one of the methods."""
    every = [each for each in board.serve().routes if isinstance(each, Route)]
    return [
        each
        for each in every
        if each.path.startswith("/board") and each.methods and each.methods & {*methods}
    ]


def path_of(route: Route, **parts: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: {**PARTS, **parts}[found[1]], route.path)


# --------------------------------------------------------------------------- who may what


SECRET = "비공개 사유 동절기"
CLOSED_TO = {"education-1", "elderly-1", "welfare-head", "city-lead", "budget-1", "vice-1"}


@pytest.fixture
def closed(board: Any) -> Any:
    """An office whose causes are closed, and a project with one."""
    board.engine.close()
    board.engine = evalflow.open("memory:", plugins=[], clock=board.clock)
    plan = evalflow.load_plan(Path(__file__).parent / "office.yaml", plugins=[])
    board.engine.adopt(plan, by="policy-1")
    why = {"metres": {"cause": SECRET, "countermeasure": SECRET}}
    figures = {"metres": 300, "complaints": 50}
    board.fire("gu/3", "self_evaluate", "road-1", actuals=figures, explanations=why)
    return board


def test_every_page_by_everybody_of_every_project(closed: Any) -> None:
    """Nobody is told to sign in, a stranger that they are not known, and nobody reads what is
    closed to them; a page that is not for somebody says so."""
    people = list(closed.engine.plans.head("gu").directory)
    pages = routes(closed, "GET")
    assert len(pages) > 20
    for who in [*people, "stranger-1", ""]:
        client = closed.browse(who)
        for route in pages:
            if route.name == "language":
                continue
            for number in ("1", "3") if "number" in route.path else ("1",):
                answer = client.get(path_of(route, number=number), follow_redirects=False)
                where = (who, route.name, number, answer.status_code)
                if not who:
                    assert answer.status_code == 401, where
                elif who == "stranger-1":
                    assert answer.status_code in (403, 404), where
                else:
                    assert answer.status_code in (200, 403, 404, 409), where
                if who in CLOSED_TO or who in ("", "stranger-1"):
                    assert SECRET not in answer.text, where
    assert SECRET in closed.browse("policy-1").get("/board/gu/projects/3").text


def test_every_change_by_everybody_without_a_pages_token_is_refused(closed: Any) -> None:
    before = [entry for _, entry in closed.engine.storage.entries()]
    people = list(closed.engine.plans.head("gu").directory)
    for who in people:
        for route in routes(closed, "POST"):
            for fields in ({}, {"csrf": "0" * 64}):
                answer = closed.browse(who).post(path_of(route), data=fields)
                assert answer.status_code == 403, (who, route.name)
    assert [entry for _, entry in closed.engine.storage.entries()] == before


def test_every_change_with_anothers_token_or_from_elsewhere_is_refused(closed: Any) -> None:
    theirs = closed.hidden(closed.browse("policy-2").get("/board/gu/people").text)["csrf"]
    mine = closed.hidden(closed.browse("policy-1").get("/board/gu/people").text)["csrf"]
    for route in routes(closed, "POST"):
        client = closed.browse("policy-1")
        assert client.post(path_of(route), data={"csrf": theirs}).status_code == 403, route.name
        for header in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
            answer = client.post(path_of(route), data={"csrf": mine}, headers=header)
            assert answer.status_code == 403, (route.name, header)


HOSTILE = ["..%2F..%2Fetc%2Fpasswd", "%00", "gu%2F1", "'--", "<script>x</script>", "{{1234567*7}}",
           "a" * 3000, "-1", "%ED%A0%80", "٣"]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_parts_of_paths_and_queries_that_are_made_up(closed: Any, text: str) -> None:
    client = closed.browse("policy-1")
    queries = ("number", "on", "who", "q", "unit", "band", "state", "period", "role", "to", "done",
               "told", "back", "lang", "next")  # fmt: skip
    for route in routes(closed, "GET"):
        for name in re.findall(r"\{(\w+)\}", route.path):
            answer = client.get(path_of(route, **{name: text}), follow_redirects=False)
            assert answer.status_code < 500, (route.name, name, answer.text[:300])
            assert "<script>x" not in answer.text, (route.name, name)
        for name in queries:
            answer = client.get(f"{path_of(route)}?{name}={text}", follow_redirects=False)
            assert answer.status_code < 500, (route.name, name, answer.text[:300])
            assert "<script>x" not in answer.text, (route.name, name)
            assert "8641969" not in answer.text, (route.name, name)


# --------------------------------------------------------------------------- bodies


def test_forms_with_very_many_fields_are_refused_at_once(board: Any) -> None:
    client = board.browse("education-1")
    same = b"a=1&" * 249_000
    parts = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="a%d"\r\n\r\n1\r\n' % each
        for each in range(400_000)
    )
    begun = time.process_time()
    for path, body, kind in (
        (FORM, same, "application/x-www-form-urlencoded"),
        (f"{FORM}/files", parts + b"--x--\r\n", "multipart/form-data; boundary=x"),
    ):
        answer = client.post(path, content=body, headers={"content-type": kind})
        assert answer.status_code == 413, answer.text
    assert time.process_time() - begun < 10
    assert board.engine.project("gu/1").version == 1


def test_json_that_nests_without_end_is_refused(board: Any) -> None:
    client = board.browse("education-1")
    client.headers["authorization"] = "Bearer of-the-test"
    client.headers["accept"] = "application/json"
    for inner in ("[" * 200_000, '{"a":' * 100_000, "[" * 100_000 + "]" * 100_000):
        body = f'{{"event": "self_evaluate", "data": {inner}'
        for text in (body, body + "}" * 3):
            answer = client.post(
                "/api/plans/gu/projects/1/entries",
                content=text,
                headers={"content-type": "application/json", "if-match": '"1"'},
            )
            assert answer.status_code in (400, 413, 422), (answer.status_code, answer.text[:200])
    deep: Any = "x"
    for _ in range(500):
        deep = {"a": deep}
    answer = client.post(
        "/api/plans/gu/projects/1/entries",
        content=json.dumps({"event": "self_evaluate", "data": {"actuals": deep}}),
        headers={"content-type": "application/json", "if-match": '"1"'},
    )
    assert answer.status_code == 422, answer.text[:200]
    assert board.engine.project("gu/1").version == 1


def bombs() -> Iterator[tuple[str, bytes]]:
    """Files that swell when they are opened: an archive, a workbook, a picture."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("[Content_Types].xml", b" " * 300_000_000)
    yield "bomb.zip", packed.getvalue()
    yield "bomb.xlsx", packed.getvalue()
    header = (
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x7f\xff\xff\xff" * 2 + b"\x08\x06\x00\x00\x00"
    )
    yield "bomb.png", header + b"\x00" * 100


@pytest.mark.slow
def test_files_that_swell_when_opened_are_kept_closed(board: Any) -> None:
    """The board opens nothing that it is given: a bomb is a small file, given back as it came."""
    import hashlib
    import resource

    client = board.browse("education-1")
    csrf = board.hidden(client.get(FORM).text)["csrf"]
    for name, content in bombs():
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        fields = {"csrf": csrf, "version": "1", "act": "attach:evidence"}
        taken = client.post(f"{FORM}/files", data=fields, files={"file": (name, content)})
        assert taken.status_code == 200, taken.text
        sha = hashlib.sha256(content).hexdigest()
        given = client.get(f"/board/gu/projects/1/files/{sha}")
        assert given.content == content
        assert given.headers["content-disposition"].startswith("attachment")
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KB


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "..\\..\\boot.ini", "a\x00.pdf", "\u202egpj.exe.pdf", 'a"; x=".pdf',
     "a\r\nset-cookie: x=y.pdf", "<img src=x onerror=alert(1)>.pdf", "가" * 400 + ".pdf"],
)  # fmt: skip
def test_names_of_files_are_names_and_nothing_else(board: Any, name: str) -> None:
    shelf = board.serve().state.site  # the folder is the settings'
    assert shelf.settings.folder is not None
    client = board.browse("education-1")
    csrf = board.hidden(client.get(FORM).text)["csrf"]
    fields = {"csrf": csrf, "version": "1", "act": "attach:evidence"}
    content = b"%PDF-1.7 named"
    taken = client.post(f"{FORM}/files", data=fields, files={"file": (name, content)})
    assert taken.status_code in (200, 400, 422)
    assert "<img src=x" not in taken.text
    import hashlib

    given = client.get(f"/board/gu/projects/1/files/{hashlib.sha256(content).hexdigest()}")
    if given.status_code == 200:
        said = given.headers["content-disposition"]
        assert re.fullmatch(r"attachment; filename\*=UTF-8''[A-Za-z0-9%._~-]+", said), said
        assert "set-cookie" not in given.headers
    written = [each for each in Path(shelf.settings.folder).rglob("*") if each.is_file()]
    assert {each.parent.parent.name for each in written if len(each.name) == 64} <= {"files"}


# --------------------------------------------------------------------------- slow clients


@pytest.fixture
def listening(board: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    """The board as `evalflow serve` runs it, and little patience."""
    import uvicorn

    monkeypatch.setattr(serve, "HEADERS_WITHIN", 1.0)
    monkeypatch.setattr(application, "SLOWEST", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = serve.configured(board.serve(), "127.0.0.1", 0)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield listener.getsockname()[:2]
        server.should_exit = True
        thread.join()


def until_closed(connection: socket.socket, within: float) -> bytes:
    """Return what came until the other side let go."""
    connection.settimeout(within)
    told = b""
    while piece := connection.recv(4096):
        told += piece
    return told


HEAD = b"POST /board/gu/projects/1/do/self_evaluate HTTP/1.1\r\nhost: x\r\nx-who: education-1\r\n"


@pytest.mark.slow
@pytest.mark.servers
@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"", b""),  # nothing at all
        (b"GET / HT", b""),  # a line that never ends
        (b"GET / HTTP/1.1\r\nhost: x\r\nx-a: ", b""),  # a head that never ends
        (HEAD + b"content-length: 100\r\n\r\nabc", b"408"),  # a body that never ends
        (HEAD + b"transfer-encoding: chunked\r\n\r\n5\r\nabcde\r\n", b"408"),
        (b"GET /-/health HTTP/1.1\r\nhost: x\r\n\r\nGET / HT", b"200"),  # the second never ends
    ],
)
def test_whoever_sends_slowly_is_let_go_of(
    listening: tuple[str, int], sent: bytes, answer: bytes
) -> None:
    with socket.create_connection(listening) as slow:
        for each in sent:
            slow.sendall(bytes([each]))
        told = until_closed(slow, 8)
    assert told.startswith(b"HTTP/1.1 " + answer) if answer else told == b""


@pytest.mark.slow
@pytest.mark.servers
def test_slow_clients_keep_nobody_waiting_who_is_not(listening: tuple[str, int]) -> None:
    import httpx2

    slow = [socket.create_connection(listening) for _ in range(200)]
    for each in slow:
        each.sendall(b"GET / HTTP/1.1\r\nx-a: ")
    try:
        told = httpx2.get(f"http://127.0.0.1:{listening[1]}/-/health", timeout=10)
        assert told.status_code == 200
    finally:
        for each in slow:
            each.close()


# --------------------------------------------------------------------------- texts


PAYLOAD = "\"'><img src=x onerror=window.owned=1>{{1234567*7}}</script>"
"""Text that would run, or break out, wherever it is not treated as text."""


def payloads(path: Path) -> evalflow.Plan:
    """Return a plan of which every text is a payload."""
    text = (Path(__file__).parent / "board.yaml").read_text("utf-8")
    said = json.dumps(PAYLOAD)
    text = re.sub(
        r"(\b(?:ko|en|reason|unit): )(?=[가-힣A-Z])[^,}\n]*",
        rf"\g<1>{said.replace(chr(92), chr(92) * 2)}",
        text,
    )
    text = text.replace("not_due: 방학", f"not_due: {said}")
    file = path / "payload.yaml"
    file.write_text(text, "utf-8")
    return evalflow.load_plan(file, plugins=[])


@pytest.fixture
def hurtful(board: Any, tmp_path: Path) -> Any:
    """An office in which every text that somebody may write is a payload."""
    board.engine.close()
    board.engine = evalflow.open("memory:", plugins=[], clock=board.clock)
    plan = payloads(tmp_path)
    assert str(plan.projects["1"].label.ko) == PAYLOAD
    board.engine.adopt(plan, by="policy-1")
    bad, named = PAYLOAD, f"{PAYLOAD} (sha256:{'0' * 64})"
    why = {"metres": {"cause": bad, "countermeasure": bad, "follow_up": bad}}
    board.fire("gu/3", "self_evaluate", "road-1", actuals={"metres": 100, "complaints": 50},
               explanations=why, progress=bad, evidence=[bad, named])  # fmt: skip
    board.fire("gu/3", "compile", "city-lead", summary=bad)
    board.fire("gu/3", "sign", "city-head", bureau_opinion=bad)
    board.fire("gu/3", "submit", "city-lead", document="주무과-1")
    board.fire("gu/3", "send_back", "policy-1", reason=bad)
    board.evaluate("gu/1")
    change = {"indicators": {"metres": {"targets": {"2016-Q3": 350}}}}
    board.fire("gu/3", "request_change", "road-head", kind="target", reason=bad, detail=bad,
               reported_on="2016-04-01", change=change)  # fmt: skip
    board.fire("gu/3", "consult", "policy-1", opinion=bad, dissent=True)
    board.send(
        board.browse("road-1"), "/board/gu/projects/3", "/board/gu/projects/3/comments", text=bad
    )
    board.send(
        board.browse("policy-1"), "/board/gu/bureau", "/board/gu/bureau/remind", unit="welfare"
    )
    return board


def crawled(board: Any, who: str, most: int = 120) -> Iterator[tuple[str, Any]]:
    """Yield every page that somebody reaches by links."""
    client = board.browse(who)
    waiting, seen = ["/board/gu/work"], set[str]()
    while waiting and len(seen) < most:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = client.get(path)
        yield path, answer
        if answer.headers.get("content-type", "").startswith("text/html"):
            found = re.findall(r'href="(/board/[^"#]*)"', answer.text)
            waiting += [each.replace("&amp;", "&") for each in found if "language" not in each]


@pytest.mark.slow
def test_a_plan_whose_every_text_is_a_payload_is_shown_as_text(hurtful: Any) -> None:
    for who in ("policy-1", "road-1", "mayor-1", "welfare-lead"):
        shown = 0
        for path, answer in crawled(hurtful, who):
            assert answer.status_code < 500, (who, path)
            kind = answer.headers.get("content-type", "")
            if kind.startswith("text/html"):
                assert "<img src=x" not in answer.text, (who, path)
                assert "onerror=window" not in re.sub(r"&[a-z#0-9]+;[^<]*", "", answer.text)
                shown += "&lt;img src=x onerror=" in answer.text
        assert shown > 10, who
    client = hurtful.browse("education-1")
    sent = {"csrf": hurtful.hidden(client.get("/board/gu/projects/1/do/amend").text)["csrf"],
            "version": str(hurtful.engine.project("gu/1").version), "act": "preview",
            "actuals/schools": PAYLOAD, "actuals/lessons": "1"}  # fmt: skip
    live = client.post("/board/gu/projects/1/do/amend", data=sent).json()
    assert "<img" not in json.dumps({k: v for k, v in live.items() if k != "errors"})


@pytest.mark.slow
@pytest.mark.servers
def test_nothing_of_it_runs_in_a_real_browser(person: Any, hurtful: Any) -> None:
    import uvicorn

    with socket.create_server(("127.0.0.1", 0)) as listener:
        service = evalflow_web.app(
            hurtful.engine,
            actor_of=lambda request: request.cookies.get("who"),
            settings=hurtful.settings,
        )
        server = uvicorn.Server(serve.configured(service, "127.0.0.1", 0))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()

        class Here:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"

        try:
            somebody = person(Here(), "policy-1")
            for path in ("work", "projects", "projects/3", "review", "status", "people", "papers",
                         "audit?number=3", "revisions", "bureau?unit=city", "letters",
                         "projects/3/do/consult", "projects/3/do/send_back"):  # fmt: skip
                page = somebody.go(f"/board/gu/{path}")
                assert page.evaluate("window.owned") is None, path
                assert page.locator("img[src='x']").count() == 0, path
            somebody.close()
            somebody = person(Here(), "education-1")
            page = somebody.go("/board/gu/projects/1/do/amend")
            page.locator('[id="progress"]').fill(PAYLOAD)
            page.keyboard.press("Control+s")
            page.wait_for_timeout(1500)
            assert page.evaluate("window.owned") is None
            assert page.locator("img[src='x']").count() == 0
            somebody.close()
        finally:
            server.should_exit = True
            thread.join()


# --------------------------------------------------------------------------- found by schemathesis


def test_the_word_null_is_no_value_of_a_query(asking: Any) -> None:
    for path in (
        "/plans/gu/revisions/1/diff?since=null",
        "/plans/gu/projects?late=null",
        "/plans/gu/projects?limit=null",
        "/entries?wait=null",
    ):
        assert asking.get(path).status_code == 422, path


def test_an_address_says_all_methods_that_it_takes(asking: Any) -> None:
    answer = asking.client.delete("/api/plans/gu/projects/1/entries")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, POST"


def test_the_document_says_which_form_a_day_has(asking: Any) -> None:
    document = asking.client.get("/openapi.json").json()
    for path in ("/plans/{plan}/due", "/plans/{plan}/projects"):
        parameters = {each["name"]: each for each in document["paths"][path]["get"]["parameters"]}
        said = json.dumps(parameters["at"]["schema"])
        assert "^[0-9]{4}-" in said, said


def test_a_revision_that_there_is_not_is_told_however_large_its_number(asking: Any) -> None:
    for since in ("36893488147419103232", "-36893488147419103232", "2", "-1"):
        answer = asking.get(f"/plans/gu/revisions/1/diff?since={since}")
        assert answer.status_code == 404, (since, answer.text)
    assert asking.get("/plans/gu/revisions/1/diff?since=0").status_code == 200
