"""A store in which every table has rows, and other values for whatever stands in a column: what
shows that `verify` finds whatever is edited, on every database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import attrs

import evalflow
from evalflow import Engine, Label
from evalflow.testing.office import PLAN_ID, fire, the_plan

EXCEPTED: Mapping[tuple[str, str], str] = {
    ("project", "place"): "worked out by the database from the number; cannot be set",
    ("notice", "state"): "delivery moves it on: waiting, delivered, dead",
    ("notice", "tries"): "delivery counts it",
    ("notice", "next_at"): "delivery puts it off",
    ("notice", "error"): "delivery's last failure, in the words of the other end",
}
"""(table, column) -> why another value in it is no finding. All other columns are spoiled."""

DERIVED = frozenset(("project", "definition", "assignment", "evaluation", "notice"))
"""The tables that entries bear out column by column: the finding names the one that was edited."""


def lived_in(engine: Engine) -> None:
    """Adopt a plan and let it live: ratings, a change on its way and one approved, a revision,
    a deadline put off, notices. `engine` has a clock of April 2016.

    Raises:
        AssertionError: `verify` finds something in the store that nobody edited.
    """
    plan = the_plan(each=1)
    engine.adopt(plan, by=plan.actor("policy-1"))
    engine.fire(
        f"{PLAN_ID}/2",
        "extend_deadline",
        by="policy-1",
        key="k-1",
        data={"deadline": "submit", "until": "2016-04-20", "reason": "연장"},
    )
    for number in "123456":
        fire(engine, engine.project(f"{PLAN_ID}/{number}"), "self_evaluate", 1)
    fire(engine, engine.project(f"{PLAN_ID}/1"), "submit", 1)
    fire(engine, engine.project(f"{PLAN_ID}/1"), "review", 1)
    for number, events in {"3": ("request_change", "consult"), "4": ("request_change",)}.items():
        for event in events:
            fire(engine, engine.project(f"{PLAN_ID}/{number}"), event, 1)
    fire(engine, engine.project(f"{PLAN_ID}/3"), "approve_change", 1)
    projects = {each.number: each for each in engine.plans.definitions(PLAN_ID)}
    renamed = {**projects["2"].tree, "ko": "새 이름"}
    projects["2"] = attrs.evolve(
        projects["2"], label=Label("새 이름", projects["2"].label.en), tree=renamed
    )
    head = engine.plans.head(PLAN_ID)
    revised = evalflow.Plan(head=head, projects=projects, lifecycle=plan.lifecycle)
    engine.adopt(revised, by="policy-1", reason="이름을 바꿈")
    assert list(engine.audit.verify()) == [], "nobody has edited anything yet"


def other(table: str, column: str, value: Any, *, last: bool = False) -> Any:
    """Return another value than the one that stands in a column, of the same kind: a better
    forgery than garbage. `last` says that it is the table's last row."""
    if column == "position" and table in ("entry", "notice"):
        return (
            -value if last else value + 100_000
        )  # its order counts: before, or behind, all others
    if isinstance(value, bool) or value is None:
        return {"since": "2016-06-01", "until": "2016-06-30", "late": 3}.get(column, "x")
    if isinstance(value, int):
        return value + 1_000
    if isinstance(value, dt.date):
        return value + dt.timedelta(days=1)
    text = str(value)
    if column in ("at", "next_at"):
        return "2016-02-24" + text[10:]
    if column in ("hash", "head", "previous", "evaluation") and len(text) == 64:
        return ("0" if text[0] != "0" else "1") + text[1:]
    if column in ("period", "period_after", "effective"):
        return "2016-Q3" if text != "2016-Q3" else "2016-Q4"
    if column == "visits":
        return "[1,2]" if text != "[1,2]" else "[2,1]"
    if column in ("states", "before", "after"):
        return '["approved","unchanged"]' if text != '["approved","unchanged"]' else "[]"
    if text[:1] == "{":  # a tree with something more in it: canonical all the same
        return '{"0":1,' + text[1:] if text != "{}" else '{"0":1}'
    return text + "x"
