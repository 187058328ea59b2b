"""Ordinary usage, written as an embedding developer would; `make lint` holds it to mypy --strict.

It is type-checked, not run: the public names must say what they take and give.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import evalflow
from evalflow.plugins import Draft, Firing, GuardSpec, Rating, hookimpl


def a_year(url: str, path: str) -> list[str]:
    with evalflow.open(url, clock=lambda: dt.datetime.now(dt.UTC)) as office:
        plan = evalflow.load_plan(path)
        head: evalflow.PlanHead = office.adopt(plan, by=plan.actor("policy-1"))
        actor: evalflow.Actor = office.actor(head.id, "education-1")
        explanation: evalflow.Explanation = office.explain("p/1", "self_evaluate", by=actor)
        reasons: list[str] = [reason.text("ko") for reason in explanation.reasons]
        try:
            entry: evalflow.Entry = office.fire(
                "p/1",
                "self_evaluate",
                by=actor,
                data={"actuals": {"trees": Decimal(3)}},
                key="k",
                expected=office.project("p/1").version,
            )
        except evalflow.KeyReused as reused:
            reasons.append(reused.key)
        except evalflow.Refused as refused:
            reasons.extend(reason.code for reason in refused.reasons)
        except evalflow.Conflict as conflict:
            reasons.append(conflict.project)
        else:
            reasons.append(entry.hash)
        for project in office.projects(plan=head.id, state="lagging"):
            evaluation: evalflow.Evaluation = office.evaluation(project.id)
            rating: Rating | None = evaluation.rating
            rate: Decimal | None = rating.rate if rating else None
            reasons.append(f"{project.label.ko} {rate}")
        for due in office.due(plan=head.id):
            when: dt.date = due.due
            reasons.append(when.isoformat())
        return reasons


def on_an_example() -> str:
    path: Path = evalflow.example("seodaemun-2016-pledges")
    plan: evalflow.Plan = evalflow.load_plan(path)
    version: str = evalflow.__version__
    return f"{plan.head.id} {version}"


def host_actor(user: str, unit: str) -> evalflow.Actor:
    return evalflow.Actor(user, (evalflow.Grant(role="department", unit=unit),))


class Host:
    """A plugin as somebody else writes it."""

    @hookimpl
    def evalflow_guards(self) -> Mapping[str, object]:
        spec = GuardSpec(name="enough", label=evalflow.Label("충분", "Enough"))
        return {"enough": (spec, enough)}


def enough(firing: Firing, after: Draft) -> evalflow.Reason | None:
    if firing.project.label.ko:
        return None
    return evalflow.Reason(code="not_enough", ko="모자랍니다.", en="not enough.")
