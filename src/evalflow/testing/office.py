"""A small office that never comes to an end: people walk their projects back and forth.

Used where a store is crashed or raced for: whatever is done in it can be done again, thousands
of times, in one period. The moments are made up: nothing here looks at the machine's clock.
"""

from __future__ import annotations

import datetime as dt
import random
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import evalflow
from evalflow import Engine, Entry, Plan, Project

PLAN_ID = "office-2016"
BUREAUS = ("welfare", "city", "safety")
PERIOD = "2016-Q1"

_HEAD = """\
evalflow: plan/1
id: office-2016
year: 2016
ko: 시험 계획
en: Test plan
lifecycle: major-works/2
lenient:
  {goals: 시험용 계획, term: 시험용 계획, content: 시험용 계획, budget: 시험용 계획,
   periods: 시험용 계획, schedule: 시험용 계획}
calendar: {periods: quarter, first: 2016-Q1, last: 2016-Q4}
scoring: {}
notices: {notifiers: [jsonl]}
fields: {welfare: {ko: 복지, en: Welfare}}
units:
  office: {kind: office, ko: 시험구, en: Test-gu}
"""
_BUREAU = """\
  {0}: {{kind: bureau, ko: {0}국, en: {0}, parent: office}}
  {0}-a: {{kind: department, ko: {0}가과, en: {0} A, parent: {0}}}
  {0}-b: {{kind: department, ko: {0}나과, en: {0} B, parent: {0}}}
"""
_PEOPLE = """\
  {0}-lead: [{{role: lead_section, unit: {0}}}]
  {0}-head: [{{role: bureau_head, unit: {0}}}]
  {0}-a-1: [{{role: department, unit: {0}-a}}]
  {0}-a-head: [{{role: department_head, unit: {0}-a}}]
  {0}-b-1: [{{role: department, unit: {0}-b}}]
  {0}-b-head: [{{role: department_head, unit: {0}-b}}]
"""
_CENTRE = """\
  policy-1: [{role: policy_office, unit: office}]
  policy-2: [{role: policy_office, unit: office}]
  mayor-1: [{role: mayor, unit: office}]
"""
_PROJECT = """\
  "{0}":
    ko: 사업 {0}
    en: Project {0}
    unit: {1}
    field: welfare
    kind: new
    start: 2016-01-01
    end: 2016-12-31
    budget: {{sources: {{구비: 1000000}}}}
    indicators:
      done:
        {{ko: 실적, en: Done, unit: 건, direction: up, accumulation: sum,
         targets: {{2016-Q1: 10, 2016-Q2: 10, 2016-Q3: 10, 2016-Q4: 10}}}}
"""


def plan_text(*, each: int = 2, bureaus: Sequence[str] = BUREAUS) -> str:
    """Return the plan: bureaus of two departments, with `each` projects a department."""
    departments = [f"{bureau}-{part}" for bureau in bureaus for part in "ab"]
    numbered = enumerate((unit for unit in departments for _ in range(each)), start=1)
    return "".join(
        [
            _HEAD,
            *(_BUREAU.format(bureau) for bureau in bureaus),
            "directory:\n",
            *(_PEOPLE.format(bureau) for bureau in bureaus),
            _CENTRE,
            "projects:\n",
            *(_PROJECT.format(number, unit) for number, unit in numbered),
        ]
    )


def the_plan(*, each: int = 2, bureaus: Sequence[str] = BUREAUS) -> Plan:
    """Return this plan, loaded."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.yaml"
        path.write_text(plan_text(each=each, bureaus=bureaus), encoding="utf-8")
        return evalflow.load_plan(path)


class Ticking:
    """A clock that goes on by a millisecond whenever somebody looks, or stands still."""

    TICK = dt.timedelta(milliseconds=1)

    def __init__(self, *, going: bool = True) -> None:
        """Begin in the morning of the day before the figures are due."""
        self.moment = dt.datetime(2016, 4, 4, 1, tzinfo=dt.UTC)
        self.going = going

    def __call__(self) -> dt.datetime:
        """Return the moment, in UTC."""
        if self.going:
            self.moment += self.TICK
        return self.moment


def actor_for(project: Project, event: str) -> str:
    """Return the id of somebody who may fire the event on the project, as far as roles go."""
    if event in ("self_evaluate", "amend", "file_change", "withdraw_change"):
        return f"{project.unit}-1"
    if event == "request_change":
        return f"{project.unit}-head"
    if event == "submit":
        return f"{project.unit[:-2]}-lead"
    if event in ("approve_change", "reject_change"):
        return "mayor-1"
    return "policy-1"


def data_for(project: Project, event: str, number: int) -> Mapping[str, Any]:
    """Return what the event asks for; `number` makes it different from other times."""
    if event in ("self_evaluate", "amend"):
        data: dict[str, Any] = {"actuals": {"done": 10 + number}, "progress": f"추진 {number}"}
        if event == "self_evaluate" and project.change is not None:
            data["declared"] = {str(project.change.number): "축소"}
        return data
    if event == "submit":
        head = f"{project.unit[:-2]}-head"
        signed = [{"role": "bureau_head", "actor": head}]
        return {"document": f"주무과-{number}", "sign_off": signed}
    if event == "request_change":
        return {
            "kind": "target",
            "change": {"indicators": {"done": {"targets": {"2016-Q4": 11 + number}}}},
            "reason": "추경",
            "detail": f"목표 {11 + number}",
            "reported_on": "2016-04-01",
        }
    # Later than whatever day was given before, which had a lower version.
    until = dt.date(2016, 4, 20) + dt.timedelta(days=project.version)
    return {
        "review": {"ratings": "confirmed"},
        "consult": {"opinion": f"의견 {number}"},
        "file_change": {"document": f"문서-{number}"},
        "approve_change": {"document": f"방침-{number}"},
        "extend_deadline": {"deadline": "submit", "until": str(until), "reason": "연장"},
    }.get(event, {"reason": f"사유 {number}"})


ONWARD: Mapping[str, tuple[str, ...]] = {
    "planned": ("self_evaluate",),
    "self_evaluated": ("submit", "submit", "amend"),
    "submitted": ("review", "send_back"),
    "reviewed": ("send_back",),
    "unchanged": ("request_change",),
    "change_requested": ("consult", "approve_change", "reject_change", "withdraw_change"),
    "change_approved": ("file_change",),
}
"""What is done in which state; nothing leads to an end."""


def fire(engine: Engine, project: Project, event: str, number: int, by: str = "") -> Entry:
    """Fire the event on the project with the data that it takes."""
    actor = engine.actor(project.plan, by or actor_for(project, event))
    return engine.fire(project.id, event, by=actor, data=data_for(project, event, number))


def step(engine: Engine, rng: random.Random) -> str:
    """Let somebody do something with some project; return the event, or how it was refused."""
    number = rng.randrange(1, 1 + len(tuple(engine.projects())))
    project = engine.project(f"{PLAN_ID}/{number}")
    region = project.states[rng.random() < 0.25]
    event = rng.choice(ONWARD[region])
    try:
        fire(engine, project, event, rng.randrange(90))
    except evalflow.Refused as refused:
        return " ".join(sorted({reason.code for reason in refused.reasons}))
    except evalflow.Conflict:
        return "conflict"
    return event


def played(engine: Engine, bureaus: Sequence[str], *, each: int) -> None:
    """Adopt the plan of an office with these bureaus and `each` projects a department, and play it
    until something of everything is there: all are evaluated, deadlines were put off three times,
    every tenth project asks for a change, every second bureau has submitted, every fourth one was
    reviewed, and all notices wait."""
    plan = the_plan(each=each, bureaus=bureaus)
    engine.adopt(plan, by=plan.actor("policy-1"))
    everything = list(engine.projects())
    for place, project in enumerate(everything):
        fire(engine, project, "self_evaluate", place % 4)
    for days in range(3):
        until = dt.date(2016, 4, 20) + dt.timedelta(days=days)
        data = {"deadline": "submit", "until": str(until), "reason": f"연장 {days}"}
        where = {"plan": PLAN_ID}
        batch = engine.batch("extend_deadline", by="policy-1", where=where, data=data)
        for _ in engine.batches.apply(batch):
            pass
    for project in everything[::10]:
        fire(engine, project, "request_change", 1)
    first = {project.unit[:-2]: project.id for project in reversed(everything)}
    for number, bureau in enumerate(bureaus[::2]):
        fire(engine, engine.project(first[bureau]), "submit", number)
    for bureau in bureaus[::4]:
        for project in engine.projects(plan=PLAN_ID, unit=bureau, state="submitted"):
            fire(engine, project, "review", 0)
