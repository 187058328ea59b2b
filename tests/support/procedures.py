"""Procedures in a few lines: a lifecycle, an office of four people, and three cases."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import evalflow

HEAD = """
evalflow: lifecycle/1
name: procedure
version: 1
ko: 절차
en: Procedure
roles:
  clerk: {ko: 담당, en: Clerk, at: office}
  chief: {ko: 과장, en: Chief, at: office}
adopted_by: [clerk]
"""

PLAN = """
evalflow: plan/1
id: p-2026
year: 2026
ko: 사무
lifecycle: ./lifecycle.yaml
calendar: {periods: year, CALENDAR}
units:
  o: {kind: office, ko: 구, en: Office}
  d: {kind: department, ko: 과, en: Department, parent: o}
directory:
  clerk-1: [{role: clerk, unit: o}]
  clerk-2: [{role: clerk, unit: o}]
  chief-1: [{role: chief, unit: o}]
  both-1: [{role: clerk, unit: o}, {role: chief, unit: o}]
fields:
  f: {ko: 분야, en: Field}
projects:
  "1": {ko: 사안 1, unit: d, field: f, kind: new, start: 2026-01-01, end: 2026-12-31}
  "2": {ko: 사안 2, unit: d, field: f, kind: new, start: 2026-01-01, end: 2026-12-31}
"""

REQUEST = """
regions:
  request:
    ko: 청구
    en: Request
    initial: filed
    states:
      filed: {ko: 청구, en: Filed}
      open: {ko: 처리 중, en: Open}
      asked: {ko: 보완 요구, en: Clarification asked}
      done: {ko: 결정, en: Decided}
      closed: {ko: 종결, en: Closed, final: true}
events:
  receive:
    {ko: 접수, en: Receive, by: [clerk], transitions: [{from: filed, to: open}],
     data: {received_on: {ko: 접수일, en: Received on, type: date}}}
  ask: {ko: 보완요구, en: Ask, by: [clerk], transitions: [{from: open, to: asked}]}
  supply: {ko: 보완, en: Supply, by: [clerk], transitions: [{from: asked, to: open}]}
  again: {ko: 재청구, en: File again, by: [clerk], transitions: [{from: open, to: open}]}
  extend:
    ko: 연장
    en: Extend
    by: [clerk]
    transitions: [{from: [open, asked]}]
    data:
      of: {ko: 대상, en: Of, type: event, required: true}
      until: {ko: 연장 기한, en: Until, type: date, required: true}
      reason: {ko: 사유, en: Reason, type: reason, required: true}
    actions: [extension]
  decide:
    ko: 결정
    en: Decide
    by: [clerk]
    due: DUE
    transitions: [{from: open, to: done}]
  object:
    ko: 이의신청
    en: Object
    by: [clerk]
    transitions: [{from: done, to: open}]
    guards: [until: {days_after: decide, days: 30}]
  lapse:
    ko: 경과
    en: Lapse
    by: [clerk]
    transitions: [{from: open, to: closed}]
    guards: [overdue: {of: decide}]
  close:
    ko: 종결
    en: Close
    by: [clerk]
    transitions: [{from: done, to: closed}]
    guards: [not_before: {days_after: decide, days: 31}]
"""
TEN = "{working_days_after: [receive, again], days: 10, first_day: true, not_counting: [asked]}"
ONCE = "actions: [extension]\n    extension: {of: [decide], times: 1}"

SEOUL = ZoneInfo("Asia/Seoul")


class Office:
    """An office that works by one lifecycle, in memory, at nine in the morning of any day."""

    def __init__(
        self, folder: Path, rest: str, calendar: str = "holidays: KR", head: str = HEAD
    ) -> None:
        (folder / "lifecycle.yaml").write_text(head + rest, "utf-8")
        (folder / "plan.yaml").write_text(PLAN.replace("CALENDAR", calendar), "utf-8")
        plan = evalflow.load_plan(folder / "plan.yaml")
        self.lifecycle = plan.lifecycle
        self.day = dt.date(2026, 1, 2)
        self.engine = evalflow.open("memory:", clock=self.now)
        self.engine.adopt(plan, by=plan.actor("clerk-1"))

    def now(self) -> dt.datetime:
        return dt.datetime.combine(self.day, dt.time(9), SEOUL).astimezone(dt.UTC)

    def on(self, day: str) -> Office:
        self.day = dt.date.fromisoformat(day)
        return self

    def fire(self, event: str, by: str = "clerk-1", case: int = 1, **data: Any) -> evalflow.Entry:
        engine, project = self.engine, f"p-2026/{case}"
        return engine.fire(project, event, by=engine.actor("p-2026", by), data=data)

    def refusal(self, event: str, by: str = "clerk-1", case: int = 1, **data: Any) -> list[str]:
        try:
            self.fire(event, by, case, **data)
        except evalflow.Refused as error:
            return [reason.code for reason in error.reasons]
        return []

    def due(self, event: str, case: int = 1) -> dt.date | None:
        project = f"p-2026/{case}"
        found = [
            each
            for each in self.engine.due(plan="p-2026")
            if each.event == event and project in each.projects
        ]
        return found[0].due if found else None

    def states(self, case: int = 1) -> tuple[str, ...]:
        return self.engine.project(f"p-2026/{case}").states


def lifecycle(folder: Path, rest: str) -> evalflow.Lifecycle:
    path = folder / "lifecycle.yaml"
    path.write_text(HEAD + rest, "utf-8")
    return evalflow.load_lifecycle(path)
