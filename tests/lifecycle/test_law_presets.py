"""The presets of Korean law: each date against the law that sets it, and against published ones."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import evalflow

ROOT = Path(__file__).parents[2]
SEOUL = ZoneInfo("Asia/Seoul")
PLANS = {
    "information-request": ("requests", "requests-2026", "intake-1", "parks"),
    "petition": ("petitions", "petitions-2026", "intake-1", "roads"),
    "subsidy": ("subsidies", "subsidies-2026", "budget-1", "culture"),
}


class Desk:
    """An office that works by one of the presets, in memory, on any day."""

    def __init__(self, folder: Path, preset: str, year: int = 2026, calendar: str = "") -> None:
        file, plan, intake, self.unit = PLANS[preset]
        text = (ROOT / "examples" / "procedures" / f"{file}.yaml").read_text("utf-8")
        text = text.replace("2026", str(year)).replace("periods: year", f"periods: year{calendar}")
        (folder / "plan.yaml").write_text(text, "utf-8")
        made = evalflow.load_plan(folder / "plan.yaml")
        self.plan, self.day = plan.replace("2026", str(year)), dt.date(year, 1, 2)
        self.engine = evalflow.open("memory:", clock=self.now)
        self.engine.adopt(made, by=made.actor(intake))

    def now(self) -> dt.datetime:
        return dt.datetime.combine(self.day, dt.time(10), SEOUL).astimezone(dt.UTC)

    def on(self, day: str) -> Desk:
        self.day = dt.date.fromisoformat(day)
        return self

    def fire(self, event: str, by: str, **data: Any) -> evalflow.Entry:
        return self.engine.fire(f"{self.plan}/1", event, by=by, data=data)

    def refusal(self, event: str, by: str, **data: Any) -> list[str]:
        with pytest.raises(evalflow.Refused) as caught:
            self.fire(event, by, **data)
        return [reason.code for reason in caught.value.reasons]

    def due(self, event: str) -> str | None:
        found = [
            each
            for each in self.engine.due(plan=self.plan)
            if each.event == event and f"{self.plan}/1" in each.projects
        ]
        return str(found[0].due) if found else None

    def received(self, day: str) -> Desk:
        more = {} if "petition" in self.plan else {"subject": "사본 공개"}
        self.on(day).fire("receive", "intake-1", received_on=day, **more)
        return self


# --------------------------------------------------------------------------- 정보공개


@pytest.mark.parametrize(
    ("received", "decide"),
    [
        ("2026-02-09", "2026-02-25"),  # 설 is 16 to 18 February
        ("2026-03-03", "2026-03-16"),
        ("2026-02-14", "2026-03-05"),  # a Saturday: it begins on the 19th; 2 March is a substitute
        ("2026-09-21", "2026-10-07"),  # 추석 is 24 and 25 September, 5 October a substitute
        (
            "2026-04-30",
            "2026-05-15",
        ),  # 1 May is no holiday of offices (관공서의 공휴일에 관한 규정)
    ],
)
def test_a_request_is_decided_within_ten_days(tmp_path: Path, received: str, decide: str) -> None:
    """법 §11①, §29② 1."""
    assert Desk(tmp_path, "information-request").received(received).due("decide") == decide


def test_the_time_to_decide_is_extended_once_by_ten_days_at_most(tmp_path: Path) -> None:
    """법 §11②: from the day after the first ten days on, ten days without holidays (§29② 1)."""
    desk = Desk(tmp_path, "information-request").received("2026-02-09").on("2026-02-25")
    asked = {"deadline": "decide", "reason": "자료가 방대함"}
    assert desk.refusal("extend", "parks-1", until="2026-03-13", **asked) == ["extended_too_far"]
    desk.fire("extend", "parks-1", until="2026-03-12", **asked)
    again = desk.refusal("extend", "parks-1", until="2026-03-13", **asked)
    assert again == ["extended_often_enough"]


def test_an_objection_is_decided_within_seven_days_and_once_seven_more(tmp_path: Path) -> None:
    """법 §18①③, §29② 1."""
    desk = Desk(tmp_path, "information-request").received("2026-02-09").on("2026-02-25")
    desk.fire("decide", "parks-1", decision="withhold", ground="§9①7", document="공원녹지과-302")
    objection = {"ground_of_objection": "공익이 더 큼"}
    desk.on("2026-03-27").fire("object", "intake-1", **objection)  # the thirtieth day
    assert desk.due("uphold") == "2026-04-06"
    asked = {"deadline": "overturn", "reason": "위원회 일정"}
    late = desk.refusal("extend", "secretary-1", until="2026-04-16", **asked)
    assert late == ["extended_too_far"]
    desk.fire("extend", "secretary-1", until="2026-04-15", **asked)
    assert desk.due("overturn") == "2026-04-15"
    votes = {"member-1": "for", "member-2": "for", "member-3": "for"}
    desk.on("2026-04-15").fire("overturn", "secretary-1", votes=votes, reason="비밀이 아님")
    assert desk.due("carry_out") == "2026-04-27"  # ten days anew (영 §12①); the 25th is a Saturday


def test_a_request_is_not_closed_on_the_day_to_which_its_objection_moved(tmp_path: Path) -> None:
    """법 §18①, 민법 §161: the thirtieth day is Saturday 28 March, so it is Monday."""
    desk = Desk(tmp_path, "information-request").received("2026-02-09").on("2026-02-26")
    desk.fire("decide", "parks-1", decision="withhold", ground="§9①7", document="공원녹지과-302")
    assert desk.on("2026-03-30").refusal("close", "intake-1") == ["too_early"]
    desk.on("2026-03-31").fire("close", "intake-1")


# --------------------------------------------------------------------------- 민원


def test_a_petition_is_returned_once_the_time_for_the_supplement_has_passed(tmp_path: Path) -> None:
    """영 §25①, 민법 §161: the time ends on Saturday 21 March, so on Monday."""
    desk = Desk(tmp_path, "petition").received("2026-03-03")
    desk.fire("ask_to_supplement", "roads-1", lacking="위치", until="2026-03-21")
    assert desk.on("2026-03-23").refusal("return_it", "roads-1", reason="미보완") == ["too_early"]
    desk.on("2026-03-24").fire("return_it", "roads-1", reason="미보완")


def test_a_petition_that_was_due_on_a_temporary_holiday(tmp_path: Path) -> None:
    """Published (공무원 of 민원 answering in 2017): with 2 October 2017 declared a holiday what was
    due on that day is due on the 10th; what was due later moves by one day."""
    (tmp_path / "without").mkdir()
    without = Desk(tmp_path / "without", "petition", 2017, ", removed: [2017-10-02]")
    assert without.received("2017-09-22").due("answer") == "2017-10-02"
    assert Desk(tmp_path, "petition", 2017).received("2017-09-22").due("answer") == "2017-10-10"


def test_the_days_of_a_supplement_do_not_count_the_first_and_the_last_included(
    tmp_path: Path,
) -> None:
    """영 §20, 행정절차법 시행령 §11 1."""
    desk = Desk(tmp_path, "petition").received("2026-03-03")
    assert desk.due("answer") == "2026-03-11"
    desk.on("2026-03-04").fire("ask_to_supplement", "roads-1", lacking="위치", until="2026-03-20")
    desk.on("2026-03-09").fire("supplement", "intake-1")
    assert desk.due("answer") == "2026-03-17"  # 4, 5, 6 and 9 March are lost


def test_a_petition_is_extended_once_and_once_more_with_consent(tmp_path: Path) -> None:
    """영 §21①: each time by no more than the time that was set."""
    desk = Desk(tmp_path, "petition").received("2026-03-03").on("2026-03-11")
    asked = {"deadline": "answer", "reason": "현장 확인"}
    assert desk.refusal("extend", "roads-1", until="2026-03-23", **asked) == ["extended_too_far"]
    desk.fire("extend", "roads-1", until="2026-03-20", **asked)
    again = {**asked, "until": "2026-03-31"}
    assert "given_otherwise" in desk.refusal("extend", "roads-1", **again)
    desk.fire("extend", "roads-1", consent=True, **again)
    third = desk.refusal("extend", "roads-1", consent=True, **{**asked, "until": "2026-04-02"})
    assert "wrong_state" in third
    assert desk.due("answer") == "2026-03-31"


# --------------------------------------------------------------------------- 보조금


def test_a_report_that_was_sent_back_is_not_late_at_once(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "subsidy").on("2026-02-10")
    votes = {"member-1": "for", "member-2": "for", "member-3": "abstain"}
    desk.fire("deliberate", "secretary-1", votes=votes)
    desk.fire("grant", "culture-1", amount=100, document="문화과-88")
    desk.on("2026-12-31").fire("finish", "desk-1", finished_on="2026-12-31")
    assert desk.due("report") == "2027-03-02"  # two months from 1 January: 28 February, a Sunday
    desk.on("2027-02-26").fire("report", "desk-1", spent=100, report="축제")
    desk.on("2027-04-12").fire("send_back", "culture-1", reason="영수증")
    assert desk.due("report") == "2027-04-22"


# --------------------------------------------------------------------------- all


@pytest.mark.parametrize("preset", PLANS)
def test_cases_come_in_one_by_one_and_projects_of_version_1_go_on(
    tmp_path: Path, preset: str
) -> None:
    desk = Desk(tmp_path, preset)
    by = {"subsidy": "budget-1"}.get(preset, "intake-1")
    (field,) = desk.engine.plans.head(desk.plan).fields
    case = {"ko": "새 건", "unit": desk.unit, "field": field}
    opened = desk.engine.plans.open_case(desk.plan, case, by=by)
    assert desk.engine.project(opened.project).version == 1
    lifecycle = evalflow.load_lifecycle(preset)
    assert lifecycle.things.ko != "사업"
    assert evalflow.check_lifecycle(lifecycle) == ()

    (tmp_path / "old").mkdir()
    text = (tmp_path / "plan.yaml").read_text("utf-8")
    old = text.replace(f"lifecycle: {preset}", f"lifecycle: {preset}/1")
    (tmp_path / "old" / "plan.yaml").write_text(old, "utf-8")
    made = evalflow.load_plan(tmp_path / "old" / "plan.yaml")
    with evalflow.open("memory:", clock=desk.now) as engine:
        engine.adopt(made, by=made.actor(by))
        batch = engine.plans.migrate(desk.plan, lifecycle, by=by, reason="법령에 맞춤")
        assert batch.counts["refused"] == 0
