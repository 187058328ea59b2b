"""A plan without its projects: everything that they share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import attrs

from evalflow.model.canonical import Tree
from evalflow.model.rules import CalendarRules, Delivery, ScoringRules, Visibility
from evalflow.model.units import Grant, Label, Unit


@attrs.frozen(kw_only=True)
class Exclusion:
    """A project left out of the plan, why, and where it is evaluated instead (R23)."""

    label: Label
    reason: str
    evaluated_in: str


@attrs.frozen(kw_only=True)
class Goal:
    """A link of the goal chain 전략목표 > 정책사업목표 > 단위사업 (R13)."""

    id: str
    kind: str
    label: Label
    parent: str | None = None


@attrs.frozen(kw_only=True)
class PlanHead:
    """One revision of an office's plan without its projects: everything that they share.

    `revision` counts from 1; a change of targets makes the next one. `effective` is the
    first period measured against this revision (D5). `forms` holds the options of forms by
    name. `brackets` says what a figure in brackets means in the
    office's files: `minus` or `provisional` (잠정치); None: it is not said, and such a figure is
    refused. `patience` is how long one answer of a
    plugin's guard or scorer may take; None: as long as it takes.
    """

    id: str
    revision: int
    effective: str
    year: int
    label: Label
    lifecycle: str
    units: Mapping[str, Unit]
    office: str
    directory: Mapping[str, tuple[Grant, ...]]
    calendar: CalendarRules
    scoring: ScoringRules
    brackets: str | None = None
    delivery: Delivery = attrs.field(factory=Delivery)
    patience: dt.timedelta | None = None
    visibility: Visibility = attrs.field(factory=Visibility)
    forms: Mapping[str, Mapping[str, Any]] = attrs.field(factory=dict)
    fields: Mapping[str, Label] = attrs.field(factory=dict)
    core_projects: Mapping[str, Label] = attrs.field(factory=dict)
    goals: Mapping[str, Goal] = attrs.field(factory=dict)
    criteria: Mapping[str, Label] = attrs.field(factory=dict)
    exclusions: tuple[Exclusion, ...] = ()
    document: Mapping[str, str] = attrs.field(factory=dict)
    milestones: tuple[tuple[dt.date, Label], ...] = ()
    illustrative: Label | None = None
    tree: Tree = attrs.field(factory=dict, eq=False, repr=False)

    def unit(self, unit_id: str) -> Unit:
        """Return the unit with this id (a checked plan names no unit that it lacks)."""
        return self.units[unit_id]

    def line_up(self, unit_id: str) -> tuple[str, ...]:
        """Return the unit and all units above it, from the bottom to the office."""
        line: list[str] = []
        at: str | None = unit_id
        while at is not None:
            line.append(at)
            at = self.units[at].parent
        return tuple(line)

    def below(self, unit_id: str) -> frozenset[str]:
        """Return the unit and everything below it."""
        return frozenset(u for u in self.units if unit_id in self.line_up(u))

    def ancestor(self, unit_id: str, kind: str) -> str | None:
        """Return the unit of this kind at or above `unit_id`, or None."""
        for above in self.line_up(unit_id):
            if self.units[above].kind == kind:
                return above
        return None
