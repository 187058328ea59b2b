"""People and acting appointments, changed from a page: a revision of the plan, in words first, and
by a second person where one would gain by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import evalflow

PLAN = Path(__file__).parent / "board.yaml"
PEOPLE, CHANGE, CONFIRM = "/board/gu/people", "/board/gu/people/change", "/board/gu/people/confirm"
ACTING = {
    "what": "appoint",
    "held": "welfare-head|0",
    "actor": "welfare-lead",
    "since": "2016-04-04",
    "until": "2016-04-06",
    "why": "국장 출장",
    "reason": "대결 지정",
}


def begun(board: Any, who: str, **fields: str) -> Any:
    """Send a form of the page of people, with what it was opened on."""
    client = board.browse(who)
    base = board.hidden(client.get(PEOPLE).text)["base"]
    return board.send(client, PEOPLE, CHANGE, base=base, **fields)


def confirmed(board: Any, who: str, asked: Any, act: str = "sure") -> Any:
    fields = {k: v for k, v in board.hidden(asked.text).items() if k != "csrf"}
    return board.send(board.browse(who), PEOPLE, CHANGE, **fields, act=act)


def test_an_acting_appointment_is_shown_in_words_and_then_signs(board: Any) -> None:
    asked = begun(board, "policy-1", **ACTING)
    assert "계획을 이렇게 개정하시겠습니까?" in asked.text
    assert "welfare-lead → welfare-head" in asked.text
    assert "국장 출장" in asked.text
    assert board.engine.plans.head("gu").revision == 1
    done = confirmed(board, "policy-1", asked)
    assert done.headers["location"] == f"{PEOPLE}?done=revised"
    assert board.engine.plans.head("gu").revision == 2
    page = board.browse("mayor-1").get(PEOPLE).text
    assert "代 welfare-lead" in page
    for project in ("gu/1", "gu/2"):
        board.evaluate(project)
    board.fire("gu/1", "compile", "welfare-lead")
    signing = board.browse("welfare-lead").get("/board/gu/sign").text
    assert "복지국 총괄 2개 사업" in signing
    assert list(board.engine.audit.verify("gu")) == []


def test_it_ends_on_the_day_that_is_said(board: Any) -> None:
    confirmed(board, "policy-1", begun(board, "policy-1", **ACTING))
    last = str(len(board.engine.plans.head("gu").tree["appointments"]) - 1)
    ends = {"what": "end", "appointment": last, "until": "2016-04-05", "reason": "조기 귀청"}
    confirmed(board, "policy-1", begun(board, "policy-1", **ends))
    (grant,) = [g for g in board.engine.plans.head("gu").directory["welfare-lead"] if g.reason]
    assert str(grant.until) == "2016-04-05"


def test_somebody_comes_and_somebody_goes(board: Any) -> None:
    join = {
        "what": "join",
        "actor": "education-7",
        "role": "department",
        "unit": "education",
        "reason": "인사이동",
    }
    asked = begun(board, "policy-1", **join)
    assert "사람 education-7" in asked.text
    assert "사업부서(교육과)" in asked.text
    confirmed(board, "policy-1", asked)
    leave = {"what": "leave", "held": "education-1|0", "until": "2016-04-03", "reason": "인사이동"}
    confirmed(board, "policy-1", begun(board, "policy-1", **leave))
    form = "/board/gu/projects/1/do/self_evaluate"
    assert board.browse("education-7").get(form).status_code == 200
    assert board.browse("education-1").get(form).status_code == 403


def test_who_would_gain_by_it_needs_a_second_person(board: Any) -> None:
    mine = {
        "what": "join",
        "actor": "policy-1",
        "role": "department",
        "unit": "education",
        "reason": "겸직",
    }
    asked = begun(board, "policy-1", **mine)
    told = confirmed(board, "policy-1", asked)
    assert told.status_code == 409
    assert "아직 시행하지 않았습니다." in told.text
    assert board.engine.plans.head("gu").revision == 1
    waits = confirmed(board, "policy-1", told, act="propose")
    assert waits.headers["location"] == f"{PEOPLE}?done=proposed"
    own = board.browse("policy-1").get(PEOPLE).text
    assert "올린 사람은 확인할 수 없습니다" in own
    other = board.browse("policy-2").get(PEOPLE).text
    assert "확인을 기다리는 계획 개정안" in other
    assert "사업부서(교육과)" in other
    number = board.hidden(other)["number"]
    refused = board.send(board.browse("policy-1"), PEOPLE, CONFIRM, number=number)
    assert refused.status_code in (403, 409)
    assert board.engine.plans.head("gu").revision == 1
    assert "확인을 기다리는" not in board.browse("education-1").get(PEOPLE).text
    done = board.send(board.browse("policy-2"), PEOPLE, CONFIRM, number=number)
    assert done.headers["location"] == f"{PEOPLE}?done=confirmed"
    assert len(board.engine.plans.head("gu").directory["policy-1"]) == 2


def test_what_is_wrong_is_told_and_nothing_is_revised(board: Any) -> None:
    for fields, said in (
        ({**ACTING, "until": "2016-04-01"}, "앞섭니다"),
        ({**ACTING, "actor": "welfare-head"}, "본인을 대결자로 지정할 수 없습니다"),
        ({**ACTING, "actor": "nobody-1"}, "nobody-1"),
        ({**ACTING, "why": ""}, "reason"),
        ({**ACTING, "held": "moon|0"}, "알 수 없습니다"),
        ({**ACTING, "held": "welfare-head|9"}, "알 수 없습니다"),
        ({**ACTING, "held": f"welfare-head|{'9' * 5000}"}, "알 수 없습니다"),
        ({**ACTING, "what": "promote"}, "알 수 없습니다"),
        (
            {"what": "join", "actor": "홍길동", "role": "department", "unit": "education"},
            "사람 이름으로 보입니다",
        ),
        ({"what": "join", "actor": "x-1", "role": "mayor", "unit": "education"}, "role"),
    ):
        answer = begun(board, "policy-1", **fields)
        assert answer.status_code == 422, fields
        assert said in answer.text, fields
    without = begun(board, "policy-1", **{**ACTING, "reason": ""})
    assert confirmed(board, "policy-1", without).status_code in (409, 422)
    assert board.engine.plans.head("gu").revision == 1


def test_only_who_may_revise_the_plan_changes_people(board: Any) -> None:
    for who in ("education-1", "welfare-head", "audit-1"):
        assert "대결 지정" not in board.browse(who).get(PEOPLE).text, who
        sent = board.send(board.browse(who), "/board/gu/audit", CHANGE, base="1", **ACTING)
        assert sent.status_code == 403, who
    assert board.engine.plans.head("gu").revision == 1


def test_who_was_overtaken_changes_nothing(board: Any) -> None:
    base = board.hidden(board.browse("policy-2").get(PEOPLE).text)["base"]
    confirmed(board, "policy-1", begun(board, "policy-1", **ACTING))
    late = board.send(board.browse("policy-2"), PEOPLE, CHANGE, base=base, **ACTING)
    assert late.status_code == 412
    assert "저장하지 않았습니다" in late.text


def test_the_plans_own_history_is_read_in_words(board: Any) -> None:
    confirmed(board, "policy-1", begun(board, "policy-1", **ACTING))
    page = board.browse("audit-1").get("/board/gu/revisions").text
    assert "2차 계획: 개정" in page
    assert "“대결 지정”" in page
    assert "welfare-lead → welfare-head" in page
    assert "1차 계획: 계획 등록" in page
    english = board.browse("audit-1", "en").get("/board/gu/revisions").text
    assert "Revision 2: Revised" in english


def test_why_somebody_acts_is_shown_to_who_may_read_reasons(board: Any, tmp_path: Path) -> None:
    assert all("국장 출장" in board.browse(who).get(PEOPLE).text for who in ("road-1", "mayor-1"))
    text = PLAN.read_text(encoding="utf-8")
    closed = tmp_path / "closed.yaml"
    rule = "visibility:\n  withheld: [{fields: [reason], ground: 제9조, seen_by: [mayor]}]\n"
    closed.write_text(text.replace("appointments:\n", f"{rule}appointments:\n"), encoding="utf-8")
    plan = evalflow.load_plan(closed, plugins=[])
    board.engine.adopt(plan, by=plan.actor("policy-1"), reason="사유 비공개")
    assert "국장 출장" in board.browse("mayor-1").get(PEOPLE).text
    page = board.browse("road-1").get(PEOPLE).text
    assert "代 elderly-head" in page
    assert "국장 출장" not in page
