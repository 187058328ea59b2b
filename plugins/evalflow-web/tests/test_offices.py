"""Due days, notices, papers, batches, and entries as they are written."""

from __future__ import annotations

import json
import threading
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from evalflow_web.api import streams
from evalflow_web.auth.tokens import CALENDAR, Tokens

import evalflow
from evalflow import Label
from evalflow.plugins import hookimpl

P = "/plans/gu"


# --------------------------------------------------------------------------- due, notices


def test_what_is_due_is_told_for_all_and_for_oneself(asking: Any) -> None:
    every = asking.get(f"{P}/due").json()["due"]
    assert {project for each in every for project in each["projects"]} >= {"gu/2"}
    mine = asking.get(f"{P}/due?mine=true", "elderly-1").json()["due"]
    assert [each["event"] for each in mine] == ["self_evaluate"]
    assert mine[0]["due"] == "2016-04-05"
    later = asking.get(f"{P}/due?mine=true&at=2016-04-10", "elderly-1").json()["due"]
    assert later[0]["days_late"] == 5
    assert asking.get(f"{P}/due?unit=city").json()["due"] != every


def test_a_calendar_is_read_by_its_secret_link_alone(asking: Any, office: evalflow.Engine) -> None:
    import datetime as dt

    client, path = asking.client, f"/api{P}/due.ics"
    state = client.app.state.site.state
    tokens = Tokens(state)
    link, kept = tokens.make("elderly-1", events=(), lasts=dt.timedelta(days=9), kind=CALENDAR)
    answer = client.get(f"{path}?token={link}", headers={"accept-language": "ko"})
    assert answer.headers["content-type"].startswith("text/calendar")
    lines = answer.text.split("\r\n")
    assert "DTSTART;VALUE=DATE:20160405" in lines
    assert any(line.startswith("SUMMARY:자체평가") for line in lines)
    assert all(len(line.encode()) <= 75 for line in lines)
    assert answer.text == asking.get(f"{P}/due.ics", "elderly-1", accept_language="ko").text
    other, _ = tokens.make("elderly-1", events=(), lasts=dt.timedelta(days=9))
    for wrong in ("", "?token=x", f"?token={other}"):
        assert client.get(path + wrong).status_code == 401
    tokens.revoke(kept.id)
    assert client.get(f"{path}?token={link}").status_code == 401


def test_what_is_due_is_paged_sorted_counted_and_searched(asking: Any) -> None:
    every = asking.get(f"{P}/due?waiting=true&count=true").json()
    assert every["count"] == len(every["due"]) > 3
    assert every["next"] is None
    for order in ("", "&order=unit"):
        whole = asking.get(f"{P}/due?waiting=true{order}").json()["due"]
        seen, path = [], f"{P}/due?waiting=true&limit=2&count=true{order}"
        while path:
            answer = asking.get(path)
            seen += answer.json()["due"]
            assert answer.json()["count"] == len(whole)
            link = answer.headers.get("link", "")
            path = link.partition("<")[2].partition(">")[0].removeprefix("/api")
        assert seen == whole
    found = asking.get(f"{P}/due?q=경로당&waiting=true").json()["due"]
    assert {tuple(each["projects"]) for each in found} == {("gu/2",)}


def test_notices_are_ones_own_and_marked_as_read(asking: Any, office: evalflow.Engine) -> None:
    steps = (("compile", "city-lead"), ("sign", "city-head"), ("submit", "city-lead"))
    for event, by in steps:
        data = {"document": "도로과-1"} if event == "submit" else {}
        office.fire("gu/3", event, by=by, data=data)
    sent = {each.notice.recipient for each in office.outbox.notices()}
    person = next(iter(sent - {each for each in sent if "@" in each}))
    mine = asking.get("/notices", person).json()
    assert mine["notices"]
    assert mine["unread"] == len(mine["notices"])
    assert {each["recipient"] for each in mine["notices"]} == {person}
    first = mine["notices"][0]["id"]
    left = asking.post("/notices/read", person, {"ids": [first]}).json()
    assert left["unread"] == mine["unread"] - 1
    again = asking.get("/notices", person).json()
    assert again["notices"][0]["read"] is not None
    seen, path = [], "/notices?limit=1"
    while path:
        answer = asking.get(path, person)
        seen += answer.json()["notices"]
        assert bool(answer.json()["next"]) == ("link" in answer.headers)
        link = answer.headers.get("link", "")
        path = link.partition("<")[2].partition(">")[0].removeprefix("/api")
    assert seen == again["notices"]
    unread = asking.get("/notices?unread=true", person).json()["notices"]
    assert first not in [each["id"] for each in unread]
    outsider = asking.post("/notices/read", "budget-1", {"ids": [first]})
    assert outsider.status_code == 404


# --------------------------------------------------------------------------- papers


class Sheet:
    label = Label("한 장", "A sheet")
    formats = (".txt", ".html")

    def write(self, engine: Any, path: Any, request: Any, *, template: Any = None) -> str:
        Path(path).write_text(f"{request.plan} {request.lang}", encoding="utf-8")
        return ""

    def check(self, engine: Any, path: Any, *, template: Any = None) -> None:
        return None


class Papers:
    @hookimpl
    def evalflow_forms(self) -> Any:
        return {"sheet": Sheet, "report": Sheet}


def test_forms_are_made_for_those_who_may_read_everything(
    store: str, clock: Any, tmp_path: Path
) -> None:
    import evalflow_web
    from starlette.testclient import TestClient

    with evalflow.open(store, plugins=[Papers()], clock=clock) as engine:
        service = evalflow_web.app(engine, actor_of=lambda request: request.headers["x-actor"])
        client = TestClient(service)

        def get(path: str, by: str) -> Any:
            return client.get(f"/api{path}", headers={"x-actor": by, "accept-language": "en"})

        kinds = get("/forms", "road-1").json()["forms"]
        assert [(each["name"], each["formats"]) for each in kinds][1] == (
            "sheet",
            [".html", ".txt"],
        )
        made = get(f"{P}/forms/sheet.txt", "policy-1")
        assert made.text == "gu en"
        assert made.headers["content-disposition"] == 'attachment; filename="sheet.txt"'
        page = get(f"{P}/report", "mayor-1")
        assert page.headers["content-type"].startswith("text/html")
        assert page.headers["content-security-policy"].startswith("sandbox")
        for path in ("forms/sheet.txt", "report", "bundle"):
            refused = get(f"{P}/{path}", "road-1")
            assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        assert get(f"{P}/forms/sheet.pdf", "policy-1").json()["nearest"] == "sheet.txt"
        assert get(f"{P}/forms/shet.txt", "policy-1").json()["nearest"] == "sheet"
        assert get(f"{P}/forms/..%2Fsheet.txt", "policy-1").status_code == 404


def test_a_bundle_and_a_checkpoint_are_what_others_verify(asking: Any, tmp_path: Path) -> None:
    answer = asking.get(f"{P}/bundle")
    assert zipfile.is_zipfile(BytesIO(answer.content))
    (tmp_path / "bundle.zip").write_bytes(answer.content)
    _, mismatches = evalflow.verify_bundle(tmp_path / "bundle.zip")
    assert list(mismatches) == []
    point = asking.get(f"{P}/checkpoint", "audit-1").json()
    read = evalflow.SignedCheckpoint.read(point["text"])
    assert (read.plan, read.size) == ("gu", point["size"])


# --------------------------------------------------------------------------- batches


def test_a_batch_is_planned_looked_at_and_applied_with_receipts(
    asking: Any, office: evalflow.Engine
) -> None:
    body = {
        "event": "self_evaluate",
        "where": {"numbers": ["2", "3"]},
        "each": {"gu/2": {"actuals": {"centres": 5}}},
    }
    planned = asking.post(f"{P}/batches", "elderly-1", body)
    assert planned.status_code == 201, planned.json()
    batch = planned.json()
    assert batch["counts"]["planned"] == 1
    assert batch["counts"]["refused"] == 1
    where = planned.headers["location"].removeprefix("/api")
    assert asking.get(where, "elderly-1").json()["lines"] == batch["lines"]
    assert asking.get(where, "policy-1").status_code == 404  # somebody else's
    assert office.project("gu/2").version == 1
    assert asking.post(f"{where}/apply", "policy-1", None).status_code == 404
    applied = asking.post(f"{where}/apply", "elderly-1", None)
    assert applied.headers["content-type"].startswith("application/x-ndjson")
    receipts = [json.loads(line) for line in applied.text.splitlines()]
    assert {each["project"]: each["outcome"] for each in receipts}["gu/2"] == "done"
    again = asking.post(f"{where}/apply", "elderly-1", None).text.splitlines()
    assert [json.loads(line)["number"] for line in again if '"gu/2"' in line] == [2]
    assert office.project("gu/2").version == 2


def test_a_batch_that_asks_wrongly_is_told(asking: Any) -> None:
    for body, said in (
        ({"event": "self_evaluate", "where": {"colour": "red"}}, "colour"),
        ({"event": "self_evaluate", "mode": "some"}, "mode"),
        ({"event": 1}, "event"),
        ({"event": "self_evaluate", "where": {"plan": "another"}}, "another"),
    ):
        answer = asking.post(f"{P}/batches", "elderly-1", body)
        assert answer.status_code == 422, answer.json()
        assert said in str(answer.json()["problems"])
    same = {"event": "self_evaluate", "where": {"plan": "gu"}}
    assert asking.post(f"{P}/batches", "elderly-1", same).json()["counts"] is not None


# --------------------------------------------------------------------------- following


def test_entries_after_a_position_are_those_of_the_readers_plans(asking: Any) -> None:
    every = asking.get("/entries").json()
    assert [each["entry"]["event"] for each in every["entries"]][-1] == "self_evaluate"
    first = asking.get("/entries?limit=1").json()
    rest = asking.get(f"/entries?after={first['next']}").json()
    assert first["entries"] + rest["entries"] == every["entries"]
    assert asking.get(f"/entries?after={every['next']}").json() == {
        "entries": [],
        "next": every["next"],
        "count": None,
    }
    assert asking.get("/entries", "stranger-1").json()["entries"] == []
    assert "동절기" not in asking.get("/entries", "education-1").text
    for wrong in ("after=-1", "wait=31", "limit=0", "after=x"):
        assert asking.get(f"/entries?{wrong}").status_code == 422


def test_a_long_poll_answers_when_something_is_written(
    asking: Any, office: evalflow.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "EVERY", 0.05)
    last = asking.get("/entries").json()["next"]
    assert asking.get(f"/entries?after={last}&wait=1").json()["entries"] == []
    data = {"actuals": {"centres": 5}}
    later = threading.Timer(
        0.2, lambda: office.fire("gu/2", "self_evaluate", by="elderly-1", data=data)
    )
    later.start()
    (found,) = asking.get(f"/entries?after={last}&wait=20").json()["entries"]
    later.join()
    assert found["entry"]["project"] == "gu/2"


def test_a_stream_goes_on_where_it_was_cut_off(
    asking: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "EVERY", 0.01)
    monkeypatch.setattr(streams, "LONGEST", 0.3)
    told = asking.get("/entries/stream").text
    ids = [int(line[4:]) for line in told.splitlines() if line.startswith("id: ")]
    assert ids == sorted(ids)
    assert len(ids) == 5
    rest = asking.get("/entries/stream", last_event_id=str(ids[2])).text
    assert [int(line[4:]) for line in rest.splitlines() if line.startswith("id: ")] == ids[3:]
    data = [json.loads(line[6:]) for line in told.splitlines() if line.startswith("data: ")]
    assert data[-1]["event"] == "self_evaluate"
    assert asking.get("/entries/stream", last_event_id="x").status_code == 422


def test_nobody_takes_all_streams(asking: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "PER_ACTOR", 1)
    with streams._OPEN.counted("road-1"):
        busy = asking.get("/entries/stream", "road-1")
        assert (busy.status_code, busy.json()["code"]) == (429, "too_many_streams")
    monkeypatch.setattr(streams, "LONGEST", 0)
    assert asking.get("/entries/stream", "road-1").status_code == 200
    assert streams._OPEN._of["road-1"] == 0
