"""A small office for tests: two bureaus, three departments, four projects, a clock to turn."""

from __future__ import annotations

import datetime as dt
from typing import Any

import evalflow

SEOUL = dt.timezone(dt.timedelta(hours=9))

PLAN = """\
evalflow: plan/1
id: gu
year: 2016
ko: 시험 계획
en: Test plan
lifecycle: major-works
calendar: {periods: quarter, first: 2016-Q1, last: 2016-Q4}
scoring: {}
lenient:
  {goals: 시험용 계획, term: 시험용 계획, content: 시험용 계획, budget: 시험용 계획,
   periods: 시험용 계획, schedule: 시험용 계획}
notices: {notifiers: [jsonl]}
units:
  gu: {kind: office, ko: 시험구, en: Test-gu}
  welfare: {kind: bureau, ko: 복지국, en: Welfare bureau, parent: gu}
  city: {kind: bureau, ko: 도시국, en: City bureau, parent: gu}
  education: {kind: department, ko: 교육과, en: Education, parent: welfare}
  elderly: {kind: department, ko: 어르신과, en: Elderly, parent: welfare}
  road: {kind: department, ko: 도로과, en: Roads, parent: city}
directory:
  education-1: [{role: department, unit: education}]
  education-head: [{role: department_head, unit: education}]
  elderly-1: [{role: department, unit: elderly}]
  elderly-head: [{role: department_head, unit: elderly}]
  road-1: [{role: department, unit: road}]
  road-head: [{role: department_head, unit: road}]
  welfare-lead: [{role: lead_section, unit: welfare}]
  welfare-head: [{role: bureau_head, unit: welfare}]
  city-lead: [{role: lead_section, unit: city}]
  city-head: [{role: bureau_head, unit: city}]
  policy-1: [{role: policy_office, unit: gu}]
  policy-2: [{role: policy_office, unit: gu}]
  both-1: [{role: department, unit: education}, {role: policy_office, unit: gu}]
  budget-1: [{role: budget_team, unit: gu}]
  audit-1: [{role: audit_office, unit: gu}]
  vice-1: [{role: vice_mayor, unit: gu}]
  mayor-1: [{role: mayor, unit: gu}]
  clock: [{role: clock, unit: gu}]
appointments:
  - actor: elderly-head
    for: welfare-head
    role: bureau_head
    unit: welfare
    since: 2016-07-01
    until: 2016-07-05
    reason: 국장 출장
fields:
  welfare: {ko: 복지, en: Welfare}
  environment: {ko: 환경, en: Environment}
projects:
  "1":
    ko: 학교 지원
    en: School support
    unit: education
    field: welfare
    kind: new
    start: 2016-01-01
    end: 2016-12-31
    budget: {sources: {구비: 100000000}}
    indicators:
      schools:
        ko: 참여 학교
        en: Schools
        unit: 개교
        direction: up
        accumulation: last
        targets: {2016-Q1: 10, 2016-Q2: 20, 2016-Q3: 30, 2016-Q4: 40}
      lessons:
        ko: 강좌 수
        en: Lessons
        unit: 회
        direction: up
        accumulation: sum
        targets: {2016-Q1: 100, 2016-Q2: 100, 2016-Q3: 100, 2016-Q4: {not_due: 방학}}
  "2":
    ko: 경로당 개선
    en: Senior centres
    unit: elderly
    field: welfare
    kind: continued
    start: 2016-01-01
    end: 2016-12-31
    cooperating: [road]
    cards: [{ko: 가, en: A}, {ko: 나, en: B}]
    budget: {sources: {시비: 50000000}}
    indicators:
      centres:
        ko: 개선 개소
        en: Centres
        unit: 개소
        direction: up
        accumulation: sum
        targets: {2016-Q1: 5, 2016-Q2: 5, 2016-Q3: 5, 2016-Q4: 5}
  "3":
    ko: 보도 정비
    en: Footpaths
    unit: road
    field: environment
    kind: new
    start: 2016-01-01
    end: 2016-12-31
    budget: {sources: {구비: 20000000}}
    indicators:
      metres:
        ko: 정비 연장
        en: Metres
        unit: m
        direction: up
        accumulation: sum
        targets: {2016-Q1: 400, 2016-Q2: 400, 2016-Q3: 400, 2016-Q4: 400}
      complaints:
        ko: 민원
        en: Complaints
        unit: 건
        direction: down
        accumulation: last
        targets: {2016-Q1: 50, 2016-Q2: 50, 2016-Q3: 40, 2016-Q4: 40}
"""

CARD = {"state": "on_track", "text": "정상 추진", "papers": ["추진실적"]}
"""A management card that says all that a card must say (R39)."""

GOOD: dict[str, dict[str, Any]] = {
    "gu/1": {"schools": 10, "lessons": 100},
    "gu/2": {"centres": 5},
    "gu/3": {"metres": 400, "complaints": 50},
}


def bureau_of(project: str) -> str:
    return "city" if project == "gu/3" else "welfare"


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.moment = dt.datetime(2016, 2, 25, 9, tzinfo=SEOUL)

    def __call__(self) -> dt.datetime:
        return self.moment.astimezone(dt.UTC)

    def go(self, day: str, hour: int = 10) -> None:
        self.moment = dt.datetime.fromisoformat(day).replace(hour=hour, tzinfo=SEOUL)


class Office:
    """The engine with shorthand for what tests do again and again."""

    def __init__(self, engine: evalflow.Engine, plan: evalflow.Plan, clock: Clock) -> None:
        self.engine = engine
        self.plan = plan
        self.clock = clock

    def actor(self, actor_id: str) -> evalflow.Actor:
        return self.engine.actor("gu", actor_id)

    def fire(self, project: str, event: str, by: str, **data: Any) -> evalflow.Entry:
        return self.engine.fire(project, event, by=self.actor(by), data=data)

    def explain(self, project: str, event: str, by: str, **data: Any) -> evalflow.Explanation:
        return self.engine.explain(project, event, by=self.actor(by), data=data or None)

    def codes(self, project: str, event: str, by: str, **data: Any) -> list[str]:
        """The codes of the reasons against a firing; none where it would pass."""
        explanation = self.engine.explain(project, event, by=self.actor(by), data=data)
        return [reason.code for reason in explanation.reasons]

    def states(self, project: str) -> tuple[str, ...]:
        return self.engine.project(project).states

    def state(self, project: str) -> str:
        return self.states(project)[0]

    # ---------------------------------------------------------------- whole steps

    def evaluate(self, project: str, **data: Any) -> evalflow.Entry:
        by = {"gu/1": "education-1", "gu/2": "elderly-1", "gu/3": "road-1"}[project]
        data.setdefault("actuals", GOOD[project])
        if project == "gu/2":
            data.setdefault("cards", {"1": CARD, "2": CARD})
        return self.fire(project, "self_evaluate", by, **data)

    def compile(self, project: str) -> evalflow.Entry:
        return self.fire(project, "compile", f"{bureau_of(project)}-lead")

    def sign(self, project: str) -> evalflow.Entry:
        """Let the bureau's head sign what its lead section has drafted."""
        return self.fire(project, "sign", f"{bureau_of(project)}-head")

    def submit(self, project: str) -> evalflow.Entry:
        """Draft, sign and submit the bureau's evaluation."""
        self.compile(project)
        self.sign(project)
        lead = f"{bureau_of(project)}-lead"
        return self.fire(project, "submit", lead, document="주무과-1")

    def review(self, project: str, ratings: Any = "confirmed") -> evalflow.Entry:
        return self.fire(project, "review", "policy-1", ratings=ratings)

    def to_submitted(self, day: str = "2016-04-04") -> None:
        self.clock.go(day)
        for project in GOOD:
            self.evaluate(project)
        self.submit("gu/1")
        self.submit("gu/3")

    def to_lagging(self, project: str = "gu/3", metres: str = "300") -> None:
        """Bring project 3 to `lagging` with few metres paved."""
        self.clock.go("2016-04-04")
        self.evaluate(
            project,
            actuals={"metres": metres, "complaints": 50},
            explanations={"metres": {"cause": "동절기", "countermeasure": "인력 추가"}},
        )
        self.submit(project)
        self.clock.go("2016-04-15")
        self.review(project)
        self.fire(project, "flag_lagging", "policy-1")
