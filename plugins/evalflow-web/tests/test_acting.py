"""What other systems do: ask why not, and fire; statuses, reasons, versions, keys."""

from __future__ import annotations

from typing import Any

import pytest

import evalflow

P = "/plans/gu/projects"
CARDS = {"actuals": {"centres": 5}}


def test_an_event_is_fired_with_the_version_that_was_seen(asking: Any) -> None:
    version = asking.get(f"{P}/2", "elderly-1").json()["version"]
    answer = asking.fire("gu/2", "self_evaluate", "elderly-1", **CARDS)
    assert answer.status_code == 201
    entry = answer.json()
    assert (entry["event"], entry["number"]) == ("self_evaluate", version + 1)
    assert answer.headers["etag"] == f'"{version + 1}"'
    where = answer.headers["location"].removeprefix("/api")
    assert asking.get(where, "elderly-1").json() == entry


def test_without_a_version_nothing_is_fired(asking: Any, office: evalflow.Engine) -> None:
    body = {"event": "self_evaluate", "data": CARDS}
    answer = asking.post(f"{P}/2/entries", "elderly-1", body)
    assert (answer.status_code, answer.json()["code"]) == (428, "precondition_required")
    for wrong in ("*", "3", 'W/"3"', '"x"'):
        answer = asking.post(f"{P}/2/entries", "elderly-1", body, if_match=wrong)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_if_match")
    assert office.project("gu/2").version == 1


def test_a_lost_update_is_412_and_tells_both_versions(asking: Any) -> None:
    seen = asking.etag("gu/2", "elderly-1")
    assert asking.fire("gu/2", "self_evaluate", "elderly-1", **CARDS).status_code == 201
    again = {"event": "self_evaluate", "data": CARDS}
    late = asking.post(f"{P}/2/entries", "elderly-1", again, if_match=seen)
    assert (late.status_code, late.json()["code"]) == (412, "conflict")
    assert late.json()["expected"] < late.json()["version"]


def test_a_repeated_key_answers_the_first_entry_and_another_call_with_it_is_refused(
    asking: Any, office: evalflow.Engine
) -> None:
    etag = asking.etag("gu/2", "elderly-1")
    body = {"event": "self_evaluate", "data": CARDS}

    def send(by: str, what: object) -> tuple[int, dict[str, object]]:
        answer = asking.post(f"{P}/2/entries", by, what, if_match=etag, idempotency_key='"form-1"')
        return answer.status_code, answer.json()

    assert send("elderly-1", body) == send("elderly-1", body)
    assert office.project("gu/2").version == 2
    status, problem = send("road-1", body)
    assert (status, problem["code"]) == (422, "key_reused")
    assert "elderly" not in str(problem)
    changed = {"event": "self_evaluate", "data": {**CARDS, "actuals": {"centres": 4}}}
    assert send("elderly-1", changed)[0] == 422


@pytest.mark.parametrize(
    ("project", "event", "by", "data", "status", "code"),
    [
        ("gu/2", "review", "policy-1", {}, 409, "wrong_state"),
        ("gu/2", "self_evaluate", "mayor-1", CARDS, 403, None),
        ("gu/2", "self_evaluate", "road-1", CARDS, 403, None),
        ("gu/2", "self_evaluate", "elderly-1", {}, 422, "data_missing"),
        (
            "gu/2",
            "self_evaluate",
            "elderly-1",
            {"actuals": {"centres": 1}},
            409,
            "lagging_unexplained",
        ),
    ],
)
def test_the_first_check_that_fails_says_the_status_and_every_reason_is_told(
    asking: Any,
    project: str,
    event: str,
    by: str,
    data: dict[str, object],
    status: int,
    code: str | None,
) -> None:
    answer = asking.fire(project, event, by, **data)
    told = answer.json()
    assert (answer.status_code, told["code"]) == (status, "refused"), told
    assert answer.headers["content-type"] == "application/problem+json"
    if code:
        assert code in [reason["code"] for reason in told["reasons"]]
    number = project.split("/")[1]
    path = f"{P}/{number}/events/{event}/explain"
    dry = asking.post(path, by, {"data": data}).json()
    assert dry["status"] == status
    assert not dry["allowed"]


def test_reasons_are_told_in_the_language_asked_for(asking: Any) -> None:
    etag = asking.etag("gu/2", "policy-1")
    body = {"event": "review"}
    for header, lang, said in (
        ("ko-KR,ko;q=0.9,en;q=0.8", "ko", "단계"),
        ("en-GB", "en", "state"),
        ("fr, en;q=0.5", "en", "state"),
        ("fr", "ko", "단계"),
    ):
        answer = asking.post(
            f"{P}/2/entries", "policy-1", body, if_match=etag, accept_language=header
        )
        assert answer.headers["content-language"] == lang
        assert any(said in each["text"].lower() for each in answer.json()["reasons"]), lang


def test_data_of_the_wrong_form_are_told_field_by_field(asking: Any) -> None:
    data = {"actuals": {"centres": "many"}, "colour": "red"}
    answer = asking.fire("gu/2", "self_evaluate", "elderly-1", **data)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    paths = [each["path"] for each in answer.json()["problems"]]
    assert any("centres" in path for path in paths)
    assert any("colour" in path for path in paths)


def test_a_figure_is_kept_exactly_as_it_was_sent(asking: Any, office: evalflow.Engine) -> None:
    raw = '{"event":"self_evaluate","data":{"actuals":{"centres":4.70},"explanations":'
    raw += "{}}}"
    headers = asking.headers("elderly-1", {"content-type": "application/json"})
    headers["if-match"] = asking.etag("gu/2", "elderly-1")
    sent = asking.client.post(f"/api{P}/2/entries", content=raw, headers=headers)
    assert sent.status_code == 201, sent.json()
    figure = office.evaluation("gu/2").facts["actuals"]["centres"]
    assert figure in ("4.70", "4.7")


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b'{"event":' + b"[" * 100_000, "application/json", 422),
        (b"[]", "application/json", 422),
        (b'{"event": 3}', "application/json", 422),
        (b'{"event": "review", "date": 1}', "application/json", 422),
        (b"event=review", "application/x-www-form-urlencoded", 415),
        (b'{"event": "review"}', "application/json; charset=utf-16", 415),
        (b'{"event": 3}', 'application/json; charset="UTF-8"', 422),
    ],
)
def test_a_body_that_is_no_call_is_told(
    asking: Any, content: bytes, kind: str, status: int
) -> None:
    headers = asking.headers("policy-1", {"content-type": kind, "if-match": '"1"'})
    answer = asking.client.post(f"/api{P}/2/entries", content=content, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "content",
    [
        b'{"event": "submit", "event": "self_evaluate", "data": {"actuals": {"centres": 4}}}',
        b'{"event": "self_evaluate", "data": {}, "data": {"actuals": {"centres": 4}}}',
        b'{"event": "self_evaluate", "data": {"actuals": {"centres": 3, "centres": 4}}}',
        b'{"event": "self_evaluate", "data": {"actuals": {"centres": 3, "\\u0063entres": 4}}}',
    ],
)
def test_a_name_that_stands_twice_is_no_guess_which_counts(
    asking: Any, office: evalflow.Engine, content: bytes
) -> None:
    seen = {"content-type": "application/json", "if-match": asking.etag("gu/2", "elderly-1")}
    headers = asking.headers("elderly-1", seen)
    answer = asking.client.post(f"/api{P}/2/entries", content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "not_json")
    assert "stands twice" in answer.json()["detail"]
    assert office.project("gu/2").version == 1


@pytest.mark.parametrize(
    ("name", "code"), [("if-match", "bad_if_match"), ("idempotency-key", "bad_key")]
)
def test_a_header_that_is_said_twice_is_no_guess_which_counts(
    asking: Any, office: evalflow.Engine, name: str, code: str
) -> None:
    etag = asking.etag("gu/2", "elderly-1")
    said = {"content-type": "application/json", "if-match": etag, "idempotency-key": "one"}
    headers = [*asking.headers("elderly-1", said).items(), (name, '"99"')]
    content = b'{"event": "self_evaluate", "data": {"actuals": {"centres": 4}}}'
    answer = asking.client.post(f"/api{P}/2/entries", content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert office.project("gu/2").version == 1


def test_an_event_that_there_is_not_is_told_with_the_nearest(asking: Any) -> None:
    answer = asking.fire("gu/2", "self_evaluat", "elderly-1")
    assert answer.status_code == 422
    assert "self_evaluate" in answer.json()["detail"]
    path = f"{P}/2/events/self_evaluat/explain"
    assert asking.post(path, "elderly-1", {}).status_code == 404


def test_permitted_for_one_for_many_and_what_is_not_with_reasons(asking: Any) -> None:
    many = asking.get("/plans/gu/events", "elderly-1").json()["permitted"]
    assert list(many) == ["gu/1", "gu/2", "gu/3"]
    for project, events in many.items():
        number = project.split("/")[1]
        one = asking.get(f"{P}/{number}/events", "elderly-1").json()
        assert [each["event"] for each in one["events"]] == events
    assert "self_evaluate" in many["gu/2"]
    both = asking.get("/plans/gu/events?number=2&number=3", "elderly-1").json()["permitted"]
    assert list(both) == ["gu/2", "gu/3"]
    every = asking.get(f"{P}/2/events?all=true", "elderly-1").json()["events"]
    assert {each["event"] for each in every if not each["allowed"]} >= {"review", "submit"}
    (needs,) = [each["needs"] for each in every if each["event"] == "self_evaluate"]
    assert "actuals" in [each["name"] for each in needs]


def test_of_somebody_else_only_who_reads_all_may_ask(asking: Any, clock: Any) -> None:
    path = f"{P}/2/events?as=elderly-1"
    assert asking.get(path, "policy-1").status_code == 200
    refused = asking.get(path, "road-1")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    body = {"as": "elderly-1", "at": "2016-04-05"}
    dry = asking.post(f"{P}/2/events/self_evaluate/explain", "policy-1", body)
    assert dry.json()["actor"] == "elderly-1"
    assert dry.json()["at"].startswith("2016-04-05T14:59:59")


def test_what_may_be_done_is_of_all_events_those_that_are_allowed(asking: Any) -> None:
    for who in ("elderly-1", "road-1", "policy-1"):
        every = asking.get(f"{P}/2/events?all=true", who).json()["events"]
        shown = asking.get(f"{P}/2/events", who).json()["events"]
        assert shown == [each for each in every if each["allowed"]]


@pytest.mark.parametrize(("path", "most"), [(P, 0), (f"{P}/2", 1), (f"{P}/2/events", 2)])
def test_a_page_reads_no_project_again(
    path: str, most: int, asking: Any, office: evalflow.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking.get(path, "policy-1")
    read: list[str] = []
    kind = type(office.storage)
    ordinary = kind.snapshot

    def snapshot(self: Any, project: str) -> Any:
        read.append(project)
        return ordinary(self, project)

    monkeypatch.setattr(kind, "snapshot", snapshot)
    assert asking.get(path, "policy-1").status_code == 200
    assert len(read) == most
