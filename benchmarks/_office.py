"""The office of the benchmarks of one firing: as many projects as are asked for, each with three
indicators, and a lifecycle of its own, so that two commits are given the same work."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import evalflow

LIFECYCLE = """\
evalflow: lifecycle/1
name: bench
version: 1
ko: 측정
en: Benchmark
roles:
  department:    {ko: 사업부서, en: Department, at: department}
  policy_office: {ko: 정책기획담당관, en: Policy office, at: office}
adopted_by: [policy_office]
regions:
  evaluation:
    ko: 평가
    en: Evaluation
    initial: planned
    states:
      planned:        {ko: 계획, en: Planned}
      self_evaluated: {ko: 자체평가, en: Self-evaluated}
      approved:       {ko: 확정, en: Approved}
  change:
    ko: 변경
    en: Change
    initial: unchanged
    states:
      unchanged:        {ko: 변경 없음, en: Unchanged}
      change_requested: {ko: 변경요청, en: Change requested}
events:
  self_evaluate:
    ko: 자체평가
    en: Self-evaluate
    by: [department]
    due: {day: 5}
    transitions: [{from: planned, to: self_evaluated}]
    guards: [period_ended, figures_complete, lagging_explained, cards_complete]
    data: &evaluation
      actuals:      {type: figures, required: true, ko: 실적, en: Actuals}
      explanations: {type: explanations, ko: 부진사유와 대책, en: Causes and countermeasures}
      spent:        {type: money, ko: 집행액, en: Spent}
      progress:     {type: text, ko: 추진실적, en: Progress}
      evidence:     {type: texts, ko: 증빙, en: Evidence}
    actions: [self_rating]
  amend:
    ko: 수정
    en: Amend
    by: [department]
    transitions: [{from: self_evaluated}]
    guards: [period_ended, figures_complete, lagging_explained, cards_complete]
    data: *evaluation
    actions: [self_rating]
    notices: [{name: amended, ko: 수정, en: Amended, to: [policy_office]}]
  approve:
    ko: 확정
    en: Approve
    by: [policy_office]
    transitions: [{from: self_evaluated, to: approved}]
  request_change:
    ko: 변경요청
    en: Request a change
    by: [department]
    transitions: [{from: unchanged, to: change_requested}]
duties:
  - {name: not_own, ko: 겸직 금지, en: Not one's own, whoever: [self_evaluate, amend],
     may_not: [approve], unless_acting: true}
"""

HEAD = """\
evalflow: plan/1
id: bench
year: 2016
ko: 측정
en: Benchmark
lifecycle: ./lifecycle.yaml
calendar: {periods: year, first: 2016, last: 2016}
scoring: {}
notices: {notifiers: [jsonl]}
units:
  o: {kind: office, ko: 구, en: Office}
  b: {kind: bureau, ko: 국, en: Bureau, parent: o}
  d: {kind: department, ko: 과, en: Department, parent: b}
directory:
  department-1: [{role: department, unit: d}]
  policy-1: [{role: policy_office, unit: o}]
fields: {f: {ko: 분야, en: Field}}
projects:
"""

PROJECT = """\
  "{number}":
    ko: 사업 {number}
    en: Project {number}
    unit: d
    field: f
    kind: new
    start: 2016-01-01
    end: 2016-12-31
    indicators:
      a: {{ko: 가, en: A, unit: 건, direction: up, accumulation: sum, targets: {{2016: 100}}}}
      b: {{ko: 나, en: B, unit: 건, direction: down, accumulation: last, targets: {{2016: 50}}}}
      c: {{ko: 다, en: C, unit: 명, direction: up, accumulation: last, targets: {{2016: 30}}}}
"""

FIGURES = {"a": 97, "b": 51, "c": 30}
DATA = {"actuals": FIGURES}


class Clock:
    """A clock that stands in January, a little later at every look."""

    moment = dt.datetime(2017, 1, 4, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        self.moment += dt.timedelta(microseconds=1)
        return self.moment


def opened(url: str, projects: int, folder: Path, *, plugins: Any = ()) -> evalflow.Engine:
    """Return an engine on a new store with so many projects, all self-evaluated."""
    file = folder / "plan.yaml"
    listed = "".join(PROJECT.format(number=number) for number in range(1, projects + 1))
    file.write_text(HEAD + listed, encoding="utf-8")
    (folder / "lifecycle.yaml").write_text(LIFECYCLE, encoding="utf-8")
    plan = evalflow.load_plan(file, plugins=plugins)
    engine = evalflow.open(url, plugins=plugins, clock=Clock())
    engine.adopt(plan, by=plan.actor("policy-1"))
    by = plan.actor("department-1")
    for number in range(1, projects + 1):
        engine.fire(f"bench/{number}", "self_evaluate", by=by, data=DATA)
    return engine
