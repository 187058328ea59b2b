"""What stands beside the record: comments, reminders that somebody asks for, letters that could not
be delivered."""

from __future__ import annotations

import datetime as dt
import html
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import evalflow

PROJECT = "/board/gu/projects/1"
COMMENTS = f"{PROJECT}/comments"


def test_a_comment_stands_beside_the_record_and_never_in_it(board: Any) -> None:
    officer, policy = board.browse("education-1"), board.browse("policy-1")
    before = str(board.engine.audit.sign_checkpoint("gu"))
    text = "협약서는 <b>내일</b> 옵니다.\n둘째 줄"
    sent = board.send(officer, PROJECT, COMMENTS, text=text)
    assert sent.status_code == 303
    page = policy.get(PROJECT).text
    assert "의견 1건" in page
    assert html.escape(text, quote=False) in page
    assert "거두기" not in page  # it is another's
    assert str(board.engine.audit.sign_checkpoint("gu")) == before
    (comment,) = board_comments(officer.get(PROJECT).text)
    board.send(policy, PROJECT, COMMENTS, withdraw=comment)
    assert "의견 1건" in policy.get(PROJECT).text
    board.send(officer, PROJECT, COMMENTS, withdraw=comment)
    assert "의견 0건" in policy.get(PROJECT).text


def board_comments(page: str) -> list[str]:
    return re.findall(r'name="withdraw" value="([0-9a-f]+)"', page)


def test_comments_are_for_those_who_have_to_do_with_the_project(tmp_path: Any, board: Any) -> None:
    board.engine.close()
    board.engine = evalflow.open("memory:", plugins=[], clock=board.clock)
    plan = evalflow.load_plan(Path(__file__).parent / "office.yaml", plugins=[])
    board.engine.adopt(plan, by="policy-1")
    board.send(board.browse("education-1"), PROJECT, COMMENTS, text="우리 과 이야기")
    for who in ("education-head", "welfare-lead", "policy-1", "mayor-1"):
        assert "우리 과 이야기" in board.browse(who).get(PROJECT).text, who
    for who in ("road-1", "elderly-1", "city-lead"):
        stranger = board.browse(who)
        assert "우리 과 이야기" not in stranger.get(PROJECT).text, who
        assert board.send(stranger, "/board/gu/audit", COMMENTS, text="남").status_code == 403
    for text in ("", " \n", "가" * 2001):
        answer = board.send(board.browse("education-1"), PROJECT, COMMENTS, text=text)
        assert answer.status_code == 422


def waiting(board: Any) -> list[str]:
    found = board.engine.outbox.notices(state="waiting")
    return [each.notice.recipient for each in found if each.notice.name == "remind"]


def test_the_lead_section_reminds_who_is_missing_once_a_day(board: Any) -> None:
    board.evaluate("gu/1")
    lead, bureau = board.browse("welfare-lead"), "/board/gu/bureau"
    assert "빠진 부서에 기한 안내" in lead.get(bureau).text
    answer = board.send(lead, bureau, f"{bureau}/remind", unit="welfare")
    assert answer.headers["location"] == "/board/gu/bureau?unit=welfare&told=1"
    assert waiting(board) == ["elderly-1"]
    board.send(lead, bureau, f"{bureau}/remind", unit="welfare")
    assert waiting(board) == ["elderly-1"]
    assert "1명에게 기한을 안내했습니다" in lead.get(answer.headers["location"]).text
    for who, unit, status in (
        ("welfare-lead", "city", 403),
        ("education-1", "welfare", 403),
        ("policy-1", "moon", 404),
        ("policy-1", "city", 303),
    ):
        sent = board.send(board.browse(who), "/board/gu/audit", f"{bureau}/remind", unit=unit)
        assert sent.status_code == status, (who, unit)
    assert waiting(board) == ["elderly-1", "road-1"]
    assert list(board.engine.audit.verify("gu")) == []


def test_where_all_are_in_the_lead_section_is_reminded_of_the_step_in_common(board: Any) -> None:
    for project in ("gu/1", "gu/2"):
        board.evaluate(project)
    policy, bureau = board.browse("policy-1"), "/board/gu/bureau?unit=welfare"
    assert "총괄 부서에 기한 안내" in policy.get(bureau).text
    assert "총괄 부서에 기한 안내" not in board.browse("welfare-lead").get(bureau).text
    board.send(policy, bureau, "/board/gu/bureau/remind", unit="welfare")
    assert waiting(board) == ["welfare-lead"]


class Refusing:
    """A notifier whose server takes nothing."""

    def deliver(self, notice: Any) -> None:
        raise ConnectionError("550 no such mailbox")


TOLD = ["education-1", "both-1", "elderly-1"]
LETTERS = "/board/gu/letters"


def test_letters_that_were_given_up_go_out_again_or_are_put_away(board: Any) -> None:
    board.send(
        board.browse("policy-1"), "/board/gu/bureau", "/board/gu/bureau/remind", unit="welfare"
    )
    for _ in range(8):
        board.engine.deliver(notifiers={"jsonl": Refusing()})
        board.clock.moment += dt.timedelta(days=1)
    dead = list(board.engine.outbox.notices(state="dead"))
    assert [each.notice.recipient for each in dead] == TOLD
    policy = board.browse("policy-1")
    page = policy.get(LETTERS).text
    assert page.count("550 no such mailbox") == len(TOLD)
    first, *rest = [f"{each.notice.id} {each.notice.notifier}" for each in dead]
    again = board.send(policy, LETTERS, f"{LETTERS}/settle", act="again", letter=first)
    assert again.headers["location"] == f"{LETTERS}?back=1"
    assert "1건을 다시 보냅니다" in policy.get(again.headers["location"]).text
    assert [each.tries for each in board.engine.outbox.notices(state="waiting")] == [0]
    board.send(policy, LETTERS, f"{LETTERS}/settle", act="away", letter=rest)
    page = policy.get(LETTERS).text
    assert "발송하지 못한 알림이 없습니다" in page
    assert f"내린 알림 {len(rest)}건" in page
    assert len(list(board.engine.outbox.notices(state="dead"))) == len(rest)  # nothing is erased
    none = board.send(policy, "/board/gu/audit", f"{LETTERS}/settle", letter="x y")
    assert none.status_code == 422
    for who in ("education-1", "welfare-lead", "audit-1"):
        assert board.browse(who).get(LETTERS).status_code == 403, who
        assert "알림 발송" not in board.browse(who).get("/board/gu/work").text
        sent = board.send(
            board.browse(who), "/board/gu/audit", f"{LETTERS}/settle", act="again", letter=rest
        )
        assert sent.status_code == 403


def test_what_nobody_needs_any_more_is_swept_by_the_command(store: str, tmp_path: Any) -> None:
    from evalflow_web.board.shelf import Draft, Shelf

    long_ago = dt.datetime(2016, 1, 1, tzinfo=dt.UTC)
    shelf = Shelf(tmp_path / "office.web.files")
    shelf.keep("gu/1", "education-1", "a.pdf", b"%PDF-1.7", long_ago)
    shelf.save("education-1", "gu/1", "amend", Draft(version=1, saved_at=long_ago, fields={}))
    told = subprocess.run(
        [
            *(sys.executable, "-m", "evalflow.cli", "--store", store),
            *("web", "sweep", "--days", "90"),
        ],
        env={**os.environ, "EVALFLOW_PLUGINS": "evalflow-web", "EVALFLOW_LANG": "ko"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert told.stdout.strip() == "임시저장 1건, 이력에 없는 파일 1건 지움", told.stderr
    assert shelf.drafts("education-1") == {}
