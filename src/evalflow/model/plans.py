"""A plan without its projects: everything that they share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import attrs

from evalflow.model.canonical import Tree
from evalflow.model.rules import (
    CalendarRules,
    Delivery,
    RevisionRules,
    ScoringRules,
    Visibility,
)
from evalflow.model.units import Grant, Label, Unit
from evalflow.model.values import frozen


@frozen(kw_only=True)
class Exclusion:
    """A project left out of the plan, why, and where it is evaluated instead (R23)."""

    label: Label
    reason: str
    evaluated_in: str


@frozen(kw_only=True)
class Goal:
    """A link of the goal chain 전략목표 > 정책사업목표 > 단위사업 (R13)."""

    id: str
    kind: str
    label: Label
    parent: str | None = None


@frozen(kw_only=True)
class Signature:
    """A box of the sign-off line of a paper (결재란, 협조): who signed it, as written on the paper.

    `title` is the place that signs (구청장); `actor` who did, an id of the directory; `signed_on`
    the day, where one is written. `acting` is the title of the one who signed in the place of an
    absent one (대결): 代 stands before it.
    """

    title: str
    actor: str | None = None
    signed_on: dt.date | None = None
    acting: str | None = None


@frozen(kw_only=True)
class Cooperation:
    """A line of 대내(외) 협력 현황: what was agreed with whom, and the result (R49)."""

    partner: str
    matter: str
    result: str | None = None


@frozen(kw_only=True)
class PlanDocument:
    """The paper that a plan was approved by (R49).

    Attributes:
        number: 등록번호, 부서-일련번호.
        registered_on, approved_on: 등록일자, 결재일자.
        disclosure: 공개구분.
        purpose: the sentence under the title.
        bases: what it is founded on (추진근거, R12).
        aims: 의의 and 기본방향, line by line.
        cooperation: 대내(외) 협력 현황.
        signed_by: the sign-off line, in the order of signing (R2).
        consulted: who was asked (협조, R11).
        attachments: what is attached (붙임).
        other: what earlier versions kept under other keys, or as no day.
    """

    number: str | None = None
    registered_on: dt.date | None = None
    approved_on: dt.date | None = None
    disclosure: str | None = None
    purpose: str | None = None
    bases: tuple[str, ...] = ()
    aims: tuple[str, ...] = ()
    cooperation: tuple[Cooperation, ...] = ()
    signed_by: tuple[Signature, ...] = ()
    consulted: tuple[Signature, ...] = ()
    attachments: tuple[str, ...] = ()
    other: Mapping[str, str] = attrs.field(factory=dict)


@frozen(kw_only=True)
class PlanHead:
    """One revision of an office's plan without its projects: everything the projects share.

    `revision` counts from 1; a change of targets makes the next one; `revising` says who may make
    one. `effective` is the
    first period measured against this revision (D5). `forms` holds the options of forms by
    name. `brackets` says what a figure in brackets means in the
    office's files: `minus` or `provisional` (잠정치); None: it is not said, and such a figure is
    refused. `lenient` holds what the plans of projects may leave out (`CONTENTS`), with the reason.
    `lines` says who signs in a line of the lifecycle (결재선, 전결: R58): line -> kind of
    change, or "" for all -> roles in their order. `duties` are the optional separations of duties
    that hold here. `patience` is how long one answer of a
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
    revising: RevisionRules = attrs.field(factory=RevisionRules)
    lines: Mapping[str, Mapping[str, tuple[str, ...]]] = attrs.field(factory=dict)
    duties: tuple[str, ...] = ()
    delivery: Delivery = attrs.field(factory=Delivery)
    patience: dt.timedelta | None = None
    visibility: Visibility = attrs.field(factory=Visibility)
    forms: Mapping[str, Mapping[str, Any]] = attrs.field(factory=dict)
    fields: Mapping[str, Label] = attrs.field(factory=dict)
    core_projects: Mapping[str, Label] = attrs.field(factory=dict)
    goals: Mapping[str, Goal] = attrs.field(factory=dict)
    criteria: Mapping[str, Label] = attrs.field(factory=dict)
    exclusions: tuple[Exclusion, ...] = ()
    lenient: Mapping[str, str] = attrs.field(factory=dict)
    document: PlanDocument = attrs.field(factory=PlanDocument)
    milestones: tuple[tuple[dt.date, Label], ...] = ()
    illustrative: Label | None = None
    tree: Tree = attrs.field(factory=dict, eq=False, repr=False)

    def unit(self, unit_id: str) -> Unit:
        """Return the unit with this id (a checked plan refers to no unknown unit)."""
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
