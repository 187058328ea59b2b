"""What the policy office does on any day: spot checks, a referral to audit, its result; and what a
migration would come to."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def later(board: Any) -> Any:
    """The second quarter has begun; project 3 was found seriously lagging in the first."""
    why = {"metres": {"cause": "동절기", "countermeasure": "인력 추가"},
           "complaints": {"cause": "동절기", "countermeasure": "인력 추가"}}  # fmt: skip
    figures = {"metres": 100, "complaints": 50}
    board.fire("gu/3", "self_evaluate", "road-1", actuals=figures, explanations=why)
    board.fire("gu/3", "compile", "city-lead")
    board.fire("gu/3", "sign", "city-head")
    board.fire("gu/3", "submit", "city-lead", document="주무과-1")
    judged = dict.fromkeys(("metres", "complaints"), "confirmed")
    board.fire("gu/3", "review", "policy-1", ratings=judged)
    board.fire("gu/3", "flag_lagging", "policy-1")
    board.clock.go("2016-07-01")
    board.fire("gu/3", "open_period", "clock")
    return board


def do(event: str) -> str:
    return f"/board/gu/projects/3/do/{event}"


def confirmed(board: Any, who: str, event: str, **fields: str) -> Any:
    client = board.browse(who)
    page = board.hidden(client.get(do(event)).text)
    sent = {"csrf": page["csrf"], "version": page["version"], "act": "fire", **fields}
    asked = client.post(do(event), data=sent, follow_redirects=False)
    assert asked.status_code == 200, asked.text
    sure = {**board.hidden(asked.text), "act": "sure"}
    return client.post(do(event), data=sure, follow_redirects=False)


def test_a_spot_check_is_of_the_period_that_was_fixed(later: Any) -> None:
    policy = later.browse("policy-1")
    assert later.engine.project("gu/3").period == "2016-Q2"
    page = policy.get(do("spot_check")).text
    assert "2016년 1분기 수시평가" in page
    assert "1분기 목표" in page
    assert "2분기 목표" not in page
    figures = {"checked_actuals/metres": "390", "checked_actuals/complaints": "50"}
    done = confirmed(later, "policy-1", "spot_check", reason="현장 재확인", **figures)
    assert done.status_code == 303
    assert later.engine.project("gu/3").period == "2016-Q2"
    rating = later.engine.evaluation("gu/3", "2016-Q1").rating
    assert rating is not None
    assert [str(line.actual) for line in rating.lines] == ["390", "50"]
    assert later.engine.evaluation("gu/3", "2016-Q2").rating is None


def test_a_referral_to_audit_and_its_result_go_through_the_pages(later: Any) -> None:
    assert "동절기" in later.browse("policy-1").get("/board/gu/projects/3").text
    queue = later.browse("policy-1").get("/board/gu/review").text
    assert "부진 사업 1" in queue
    assert do("refer_to_audit") in queue
    assert do("spot_check") in queue
    assert "부진 사업" not in later.browse("road-1").get("/board/gu/review").text
    confirmed(later, "policy-1", "refer_to_audit", reason="두 분기 현저히 부진",
              **{"document/number": "기획-12"})  # fmt: skip
    assert "감사의뢰 중" in later.browse("audit-1").get("/board/gu/projects/3").text
    told = [each for each in later.engine.outbox.notices() if each.notice.name == "audit_referral"]
    assert [each.notice.recipient for each in told] == ["audit-1"]
    confirmed(later, "policy-1", "receive_audit", result="주의 조치",
              **{"document/number": "감사-3"})  # fmt: skip
    assert "referred" not in later.engine.project("gu/3").states
    assert list(later.engine.audit.verify("gu")) == []


def test_a_migration_is_previewed_project_by_project_and_nothing_moves(later: Any) -> None:
    policy, page = later.browse("policy-1"), "/board/gu/migration"
    before = [each.lifecycle for each in later.engine.projects()]
    assert page in policy.get("/board/gu/revisions").text
    same = policy.get(page, params={"to": "major-works"}).text
    assert "지금 쓰는 절차와 같습니다" in same
    other = policy.get(page, params={"to": "pledges"}).text
    assert "옮길 수 없음" in other
    assert "사업 3개" in other
    earlier = policy.get(page, params={"to": "major-works/2", "lang": "en"}).text
    assert "Where projects would stand" in earlier
    assert policy.get(page, params={"to": "../../etc/passwd"}).status_code == 404
    assert later.browse("education-1").get(page).status_code == 403
    assert [each.lifecycle for each in later.engine.projects()] == before
