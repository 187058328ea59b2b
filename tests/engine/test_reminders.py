"""Reminders: what people owe, one message a person and day, through the outbox, none twice."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import attrs
import pytest

import evalflow
from evalflow.errors import InvalidInput
from evalflow.plugins import notice_due, notice_lines
from offices import PLAN, Clock, Office

RULES = """\
notices:
  notifiers: [jsonl]
  reminders:
    - {before: 3, to: [owing], of: [self_evaluate, submit]}
    - {before: 1, working: true, to: [owing]}
    - {before: 0, to: [owing]}
    - {after: 2, to: [owing, lead_section, policy_office]}
"""


@pytest.fixture
def office(store_url: str, tmp_path: Path) -> Any:
    path = tmp_path / "reminding.yaml"
    path.write_text(PLAN.replace("notices: {notifiers: [jsonl]}\n", RULES), encoding="utf-8")
    clock = Clock()
    with evalflow.open(store_url, plugins=[], clock=clock) as engine:
        plan = evalflow.load_plan(path, plugins=[])
        engine.adopt(plan, by=plan.actor("policy-1"))
        yield Office(engine, plan, clock)


def reminded(office: Office, day: str, **how: Any) -> dict[str, tuple[str, ...]]:
    office.clock.go(day)
    found = office.engine.outbox.remind(**how)
    return {each.recipient: notice_lines(each, "ko") for each in found}


def test_who_owes_something_is_reminded_on_the_days_that_the_plan_says(office: Office) -> None:
    assert reminded(office, "2016-04-01") == {}
    told = reminded(office, "2016-04-02")
    assert told["education-1"] == ("- 2016. 4. 5.(화) 자체평가: 1번 학교 지원 (교육과, 3일 남음)",)
    assert told["welfare-lead"] == (
        "- 2016. 4. 5.(화) 제출: 1번 학교 지원 외 1건 (복지국, 3일 남음)",
    )
    assert "policy-1" not in told
    assert reminded(office, "2016-04-03") == {}
    assert "1일 남음" in reminded(office, "2016-04-04")["road-1"][0]
    assert "오늘까지" in reminded(office, "2016-04-05")["road-1"][0]


def test_what_is_late_goes_up_to_the_lead_section_and_the_policy_office(office: Office) -> None:
    office.clock.go("2016-04-04")
    office.evaluate("gu/1")
    office.evaluate("gu/2")
    told = reminded(office, "2016-04-07")
    (line,) = told["road-1"]
    assert line == "- 2016. 4. 5.(화) 자체평가: 3번 보도 정비 (도로과, 2일 지연)"
    assert len(told["city-lead"]) == 2  # what its department owes, and its own
    assert len(told["policy-1"]) == 3  # one message with all of it
    assert "elderly-1" not in told


def test_nobody_is_reminded_twice_of_a_day(office: Office) -> None:
    first = reminded(office, "2016-04-02")
    office.clock.go("2016-04-02", hour=15)
    assert reminded(office, "2016-04-02").keys() == first.keys()
    waiting = list(office.engine.outbox.notices(state="waiting"))
    assert len(waiting) == len({each.notice.recipient for each in waiting}) == len(first)
    assert list(office.engine.audit.verify(deep=True)) == []


def test_days_that_were_missed_are_made_up_for(office: Office) -> None:
    assert reminded(office, "2016-04-03") == {}
    assert "2일 남음" in reminded(office, "2016-04-03", days=2)["road-1"][0]


def test_reminders_are_delivered_beside_other_notices(office: Office) -> None:
    class Inbox:
        def __init__(self) -> None:
            self.got: list[Any] = []

        def deliver(self, notice: Any) -> None:
            self.got.append(notice)

    office.clock.go("2016-04-02")
    office.engine.outbox.remind()
    office.evaluate("gu/1")
    inbox = Inbox()
    report = office.engine.deliver(notifiers={"jsonl": inbox})
    assert (report.dead, report.retried) == (0, 0)
    (mine,) = [each for each in inbox.got if each.recipient == "road-1"]
    assert mine.subject.ko == "[시험구] 기한 안내: 1건"
    assert notice_due(mine) == dt.date(2016, 4, 5)
    assert office.engine.deliver(notifiers={"jsonl": inbox}).messages == 0
    assert list(office.engine.audit.verify()) == []


def test_reminders_stand_in_a_bundle_that_verifies(office: Office, tmp_path: Path) -> None:
    office.clock.go("2016-04-02")
    office.engine.outbox.remind()
    office.evaluate("gu/1")
    office.engine.audit.export(tmp_path / "office.zip")
    _, findings = evalflow.verify_bundle(tmp_path / "office.zip")
    assert findings == ()


def test_what_only_looks_like_a_reminder_is_found(office: Office) -> None:
    """Of another recipient than its id says, and with an entry that is not there."""
    from evalflow.storage import Commit

    office.clock.go("2016-04-02")
    at = dt.datetime(2016, 4, 2, 1, tzinfo=dt.UTC)
    (real, *_) = office.engine.outbox.remind(at)
    forged = attrs.evolve(real, id="gu:remind:2016-04-03:somebody")
    office.engine.storage.commit(Commit(reminders=(forged,)))
    if office.engine.storage.__class__.__name__ == "MemoryStorage":
        return  # keeps no rows to be read
    (finding,) = office.engine.audit.verify()
    assert finding.code == "notice_edited"


def test_what_is_wrong_with_the_rules_is_told(tmp_path: Path) -> None:
    wrong = RULES + "    - {before: 3, after: 1, to: [owing]}\n    - {after: 1, to: [mayr]}\n"
    path = tmp_path / "wrong.yaml"
    path.write_text(PLAN.replace("notices: {notifiers: [jsonl]}\n", wrong), encoding="utf-8")
    with pytest.raises(InvalidInput) as told:
        evalflow.load_plan(path, plugins=[])
    assert [each.code for each in told.value.problems] == ["bad_reminder", "unknown_role"]
    assert "mayor" in told.value.text("en")


def test_who_is_missing_is_reminded_when_somebody_asks_and_once_a_day(office: Office) -> None:
    office.clock.go("2016-04-03")  # a day on which the plan reminds nobody
    asked = office.engine.outbox.remind_of("gu", {"gu/1"})
    assert [each.recipient for each in asked] == ["education-1", "both-1"]
    assert "1번 학교 지원" in notice_lines(asked[0], "ko")[0]
    again = office.engine.outbox.remind_of("gu", ["gu/1"])
    assert [each.id for each in again] == [each.id for each in asked]
    office.clock.go("2016-04-05")
    by_hand, _ = office.engine.outbox.remind_of("gu", {"gu/1"})
    by_rule = {each.recipient: each for each in office.engine.outbox.remind()}
    assert by_rule["education-1"].id == by_hand.id
    assert notice_lines(by_rule["education-1"], "ko") == notice_lines(by_hand, "ko")
    waiting = [each.notice.recipient for each in office.engine.outbox.notices()]
    assert waiting.count("education-1") == 2  # of the 3rd and of the 5th, none twice
    office.evaluate("gu/1")
    assert office.engine.outbox.remind_of("gu", {"gu/1"}) == ()
    with pytest.raises(evalflow.NotFound):
        office.engine.outbox.remind_of("moon", {"gu/1"})


def test_who_is_reminded_reads_it_among_their_notices(office: Office) -> None:
    office.clock.go("2016-04-03")
    office.engine.outbox.remind_of("gu", {"gu/1"})
    (read,) = evalflow.View(office.engine, "education-1").notices()
    assert "1번 학교 지원" in notice_lines(read, "ko")[0]
    assert list(evalflow.View(office.engine, "road-1").notices()) == []
