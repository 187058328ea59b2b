"""The small office where the plan names nobody: who holds what is the host's to say."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping

import evalflow
from evalflow import Grant
from offices import PLAN

PLAN_WITHOUT_PEOPLE = re.sub(
    r"^directory:\n.*?(?=^fields:)", "", PLAN, flags=re.DOTALL | re.MULTILINE
)
"""The plan of `offices` without its people."""

PEOPLE: dict[str, tuple[Grant, ...]] = {
    name: (Grant(role=role, unit=unit),)
    for name, role, unit in (
        ("education-1", "department", "education"),
        ("education-head", "department_head", "education"),
        ("elderly-1", "department", "elderly"),
        ("elderly-head", "department_head", "elderly"),
        ("road-1", "department", "road"),
        ("road-head", "department_head", "road"),
        ("welfare-lead", "lead_section", "welfare"),
        ("welfare-head", "bureau_head", "welfare"),
        ("city-lead", "lead_section", "city"),
        ("city-head", "bureau_head", "city"),
        ("policy-1", "policy_office", "gu"),
        ("policy-2", "policy_office", "gu"),
        ("budget-1", "budget_team", "gu"),
        ("audit-1", "audit_office", "gu"),
        ("vice-1", "vice_mayor", "gu"),
        ("mayor-1", "mayor", "gu"),
        ("clock", "clock", "gu"),
    )
} | {
    "both-1": (
        Grant(role="department", unit="education"),
        Grant(role="policy_office", unit="gu"),
    )
}
"""The people of `offices` as a host says them."""

ACTING = Grant(
    role="bureau_head",
    unit="welfare",
    since=dt.date(2016, 7, 1),
    until=dt.date(2016, 7, 5),
    on_behalf_of="welfare-head",
    reason="국장 출장",
)
"""The appointment of `elderly-head` to act."""


class Host:
    """A host's directory that a test changes; it notes when it was asked."""

    def __init__(self, people: Mapping[str, Iterable[Grant]] | None = None) -> None:
        given = PEOPLE if people is None else people
        self.table: dict[str, tuple[Grant, ...]] = {
            name: tuple(each) for name, each in given.items()
        }
        self.asked: list[tuple[str, dt.date]] = []

    def people(self, plan: evalflow.PlanHead, day: dt.date) -> Mapping[str, Iterable[Grant]]:
        self.asked.append((plan.id, day))
        return dict(self.table)

    def give(self, name: str, *grants: Grant) -> None:
        self.table[name] = (*self.table.get(name, ()), *grants)
