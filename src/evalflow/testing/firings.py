"""Real firings for guards: a small office plays a quarter, and every firing in it is kept. It plays
it twice: by `major-works/2`, and by the newest one, where heads sign by acts of their own."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import attrs

import evalflow
from evalflow import Label
from evalflow.plugins import Draft, Firing, GuardSpec, Plugins, hookimpl
from evalflow.storage import canonical, parse

PLAN = """\
evalflow: plan/1
id: office-2016
year: 2016
ko: 시험 계획
en: Test plan
lifecycle: {lifecycle}
calendar: {{periods: quarter, first: 2016-Q1, last: 2016-Q4}}
scoring: {{}}
lenient:
  {{goals: 시험용 계획, term: 시험용 계획, content: 시험용 계획, budget: 시험용 계획,
   periods: 시험용 계획, schedule: 시험용 계획}}
notices: {{notifiers: [jsonl]}}
units:
  office: {{kind: office, ko: 시험구, en: Test-gu}}
  welfare: {{kind: bureau, ko: 복지국, en: Welfare bureau, parent: office}}
  education: {{kind: department, ko: 교육과, en: Education, parent: welfare}}
  elderly: {{kind: department, ko: 어르신과, en: Elderly, parent: welfare}}
directory:
  education-1: [{{role: department, unit: education}}]
  education-head: [{{role: department_head, unit: education}}]
  elderly-1: [{{role: department, unit: elderly}}]
  welfare-lead: [{{role: lead_section, unit: welfare}}]
  welfare-head: [{{role: bureau_head, unit: welfare}}]
  policy-1: [{{role: policy_office, unit: office}}]
  budget-1: [{{role: budget_team, unit: office}}]
  mayor-1: [{{role: mayor, unit: office}}]
fields:
  welfare: {{ko: 복지, en: Welfare}}
projects:
  "1":
    ko: 학교 지원
    en: School support
    unit: education
    field: welfare
    kind: new
    start: 2016-01-01
    end: 2016-12-31
    cooperating: [elderly]
    cards: [{{ko: 가, en: A}}, {{ko: 나, en: B}}]
    budget: {{sources: {{구비: 100000000}}}}
    indicators:
      schools:
        {{ko: 참여 학교, en: Schools, unit: 개교, direction: up, accumulation: last,
         targets: {{2016-Q1: 10, 2016-Q2: 20, 2016-Q3: 30, 2016-Q4: 40}}}}
      lessons:
        {{ko: 강좌 수, en: Lessons, unit: 회, direction: up, accumulation: sum, weight: 1/3,
         targets: {{2016-Q1: 100, 2016-Q2: 100, 2016-Q3: 100, 2016-Q4: {{not_due: 방학}}}}}}
  "2":
    ko: 민원 감축
    en: Fewer complaints
    unit: elderly
    field: welfare
    kind: continued
    start: 2016-01-01
    end: 2016-12-31
    budget: {{sources: {{시비: 50000000}}}}
    indicators:
      complaints:
        {{ko: 민원, en: Complaints, unit: 건, direction: down, accumulation: last,
         targets: {{2016-Q1: 50, 2016-Q2: 50, 2016-Q3: 40, 2016-Q4: 40}}}}
"""

NAME = "under_test"  # what the guard is called in the office, whatever its own name

SEOUL = dt.timezone(dt.timedelta(hours=9))
_CARD: dict[str, Any] = {"state": "on_track", "text": "정상 추진", "papers": ["추진실적"]}
_LAGGING: dict[str, Any] = {
    "actuals": {"schools": 10, "lessons": 60},
    "explanations": {"lessons": {"cause": "동절기", "countermeasure": "강사 추가"}},
    "cards": {"1": _CARD, "2": _CARD},
}
_SIGNED: dict[str, Any] = {
    "document": "주무과-1",
    "sign_off": [{"role": "bureau_head", "actor": "welfare-head"}],
}
_UNENTITLED = {"role": "bureau_head", "actor": "policy-1"}
_CHANGE: dict[str, Any] = {
    "kind": "target",
    "change": {"indicators": {"schools": {"targets": {"2016-Q4": 35}}}},
    "reason": "추경 감액",
    "detail": "4분기 목표 축소",
    "reported_on": "2016-04-01",
}
# day, project, event, actor, data: what a quarter may bring, with refusals in between.
_QUARTER: tuple[tuple[str, str, str, str, dict[str, Any]], ...] = (
    ("2016-03-30", "1", "self_evaluate", "education-1", _LAGGING),
    ("2016-04-01", "1", "request_change", "education-head", _CHANGE),
    ("2016-04-01", "1", "approve_change", "mayor-1", {}),
    ("2016-04-01", "1", "consult", "policy-1", {"opinion": "이견 없음"}),
    ("2016-04-02", "1", "approve_change", "mayor-1", {"document": "방침-7"}),
    ("2016-04-04", "1", "self_evaluate", "education-1", {}),
    ("2016-04-04", "1", "self_evaluate", "education-1", {"actuals": {"schools": 10}}),
    ("2016-04-04", "1", "self_evaluate", "education-1", {**_LAGGING, "explanations": {}}),
    ("2016-04-04", "1", "self_evaluate", "education-1", {**_LAGGING, "declared": {"2": "축소"}}),
    ("2016-04-04", "1", "submit", "welfare-lead", _SIGNED),
    ("2016-04-04", "2", "self_evaluate", "elderly-1", {"actuals": {"complaints": "not_due"}}),
    ("2016-04-04", "2", "self_evaluate", "elderly-1", {"actuals": {"complaints": 40}}),
    ("2016-04-05", "1", "file_change", "education-1", {"document": "교육과-9"}),
    ("2016-04-05", "1", "submit", "welfare-lead", {"document": "주무과-1"}),
    ("2016-04-05", "1", "submit", "welfare-lead", {**_SIGNED, "sign_off": [_UNENTITLED]}),
    ("2016-04-06", "1", "submit", "welfare-lead", _SIGNED),
    ("2016-04-15", "1", "review", "policy-1", {"ratings": {"schools": "confirmed"}}),
    ("2016-04-15", "1", "review", "policy-1", {"ratings": "confirmed"}),
    ("2016-04-15", "2", "review", "policy-1", {"ratings": "confirmed"}),
    ("2016-04-15", "1", "approve", "policy-1", {}),
    ("2016-04-15", "1", "flag_lagging", "policy-1", {}),
    ("2016-04-15", "2", "flag_lagging", "policy-1", {}),
    ("2016-04-15", "2", "approve", "policy-1", {}),
    ("2016-04-20", "1", "refer_to_audit", "policy-1", {"reason": "현저히 부진"}),
    ("2016-04-26", "1", "open_period", "policy-1", {}),
    ("2016-04-26", "2", "open_period", "policy-1", {}),
)
_VISIT: dict[str, Any] = {"ratings": "confirmed", "site_visit": {"on": "2016-04-14"}}
_MEASURES: dict[str, Any] = {
    "measures": [{"measure": "강사 추가", "owner": "교육과", "until": "2016-05-20"}]
}
# What only the newest one has: lines of signatures, dissent, visits, the way back on track.
_SIGNED_QUARTER: tuple[tuple[str, str, str, str, dict[str, Any]], ...] = (
    ("2016-04-01", "1", "request_change", "education-head", _CHANGE),
    ("2016-04-01", "1", "consult", "budget-1", {"opinion": "재원 부족", "dissent": True}),
    ("2016-04-01", "1", "consult", "policy-1", {"opinion": "이견 없음"}),
    ("2016-04-01", "1", "approve_change", "mayor-1", {"document": "방침-7"}),
    ("2016-04-02", "1", "settle_dissent", "mayor-1", {"opinion": "원안대로"}),
    ("2016-04-02", "1", "approve_change", "mayor-1", {"document": "방침-7"}),
    ("2016-04-04", "1", "file_change", "education-1", {"document": "교육과-9"}),
    ("2016-04-04", "1", "self_evaluate", "education-1", {**_LAGGING, "declared": {"2": "축소"}}),
    ("2016-04-04", "1", "compile", "welfare-lead", {}),
    ("2016-04-04", "2", "self_evaluate", "elderly-1", {"actuals": {"complaints": 40}}),
    ("2016-04-04", "1", "compile", "welfare-lead", {}),
    ("2016-04-05", "1", "submit", "welfare-lead", {"document": "주무과-1"}),
    ("2016-04-05", "1", "sign", "welfare-head", {}),
    ("2016-04-05", "1", "submit", "welfare-lead", {"document": "주무과-1"}),
    ("2016-04-15", "1", "review", "policy-1", _VISIT),
    ("2016-04-15", "1", "review", "policy-1", {"ratings": "confirmed"}),
    ("2016-04-15", "1", "flag_lagging", "policy-1", {}),
    ("2016-04-18", "1", "plan_recovery", "education-1", _MEASURES),
    ("2016-04-19", "1", "close_recovery", "policy-1", {"reason": "정상화"}),
    ("2016-04-20", "1", "answer_recovery", "elderly-1", {"answer": "협조"}),
    ("2016-04-21", "1", "close_recovery", "policy-1", {"reason": "정상화"}),
    ("2016-04-26", "1", "open_period", "policy-1", {}),
)
_QUARTERS = {"major-works/2": _QUARTER, "major-works/3": _SIGNED_QUARTER}
OFFICES = tuple(_QUARTERS)
"""The lifecycles by which the office plays its quarter."""


class Clock:
    """A clock that stands where it is set."""

    def __init__(self) -> None:
        """Stand at the day on which the plan is adopted."""
        self.moment = dt.datetime(2016, 2, 25, 9, tzinfo=SEOUL)

    def __call__(self) -> dt.datetime:
        """Return the moment, in UTC."""
        return self.moment.astimezone(dt.UTC)


def play(engine: evalflow.Engine, clock: Clock, plan: evalflow.Plan, office: str) -> list[str]:
    """Play the office's quarter and return what came of each step: the event, or the codes of the
    refusal."""
    engine.adopt(plan, by=plan.actor("policy-1"))
    outcomes = []
    for day, number, event, actor, data in _QUARTERS[office]:
        moment = dt.datetime.fromisoformat(day).replace(hour=10, tzinfo=SEOUL)
        clock.moment = max(moment, clock.moment + dt.timedelta(minutes=1))
        project = f"{plan.id}/{number}"
        by = engine.actor(plan.id, actor)
        asked = engine.explain(project, event, by=by, data=data)
        refused: tuple[evalflow.Reason, ...] = ()
        try:
            engine.fire(project, event, by=by, data=data)
        except evalflow.Refused as error:
            refused = error.reasons
        assert set(refused) == set(asked.reasons), "explain and fire disagree"
        outcomes.append(" ".join(sorted({reason.code for reason in refused})) or event)
    return outcomes


def open_office(
    folder: Path,
    made: tuple[GuardSpec, Any],
    params: Mapping[str, Any],
    office: str = "major-works/2",
) -> tuple[evalflow.Engine, Clock, evalflow.Plan]:
    """Open an office in memory whose every event asks this guard, beside its own; one that speaks
    of a line of signatures is asked by every event that is a step in one."""

    class OneGuard:
        @hookimpl
        def evalflow_guards(self) -> Mapping[str, Any]:
            return {NAME: (attrs.evolve(spec, name=NAME), guard)}

    spec, guard = made

    tree = parse(canonical(evalflow.load_lifecycle(office).tree))
    for event in tree["events"]:
        if spec.in_line and "line" not in event:
            continue
        event["guards"] = [*event.get("guards", []), {NAME: dict(params)} if params else NAME]
    (folder / "own.yaml").write_text(canonical(tree), encoding="utf-8")
    (folder / "plan.yaml").write_text(PLAN.format(lifecycle="./own.yaml"), encoding="utf-8")
    plugins = Plugins.load([OneGuard()])
    clock = Clock()
    plan = evalflow.load_plan(folder / "plan.yaml", plugins=plugins)
    return evalflow.open("memory:", plugins=plugins, clock=clock), clock, plan


@cache
def firings() -> tuple[tuple[Firing, Draft], ...]:
    """Return every firing of both quarters as a guard sees it, made once."""
    seen: list[tuple[Firing, Draft]] = []

    def spy(firing: Firing, after: Draft) -> None:
        seen.append((firing, after))

    spec = GuardSpec(
        name="spy",
        label=Label("관찰", "Spy"),
        peers="*",
        deadlines=True,
        history=True,
        about=True,
        those_about=True,
    )
    for office in OFFICES:
        with tempfile.TemporaryDirectory() as folder:
            engine, clock, plan = open_office(Path(folder), (spec, spy), {}, office)
            with engine:
                play(engine, clock, plan, office)
    return tuple(seen)
