"""What a plan says of a project, where the project stands, and the changes asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs

from evalflow.model.canonical import Tree
from evalflow.model.changed import often_made
from evalflow.model.units import Assignment, Label
from evalflow.model.values import frozen

ONE = Fraction(1)
"""The weight of what bears none of its own: one value for all, known again without reckoning."""


@frozen
class NotDue:
    """Instead of a figure: the time for it has not come (시기미도래), and why."""

    reason: str = ""


@frozen
class Share:
    """The actual of an indicator that is added up as a `ratio`: numerator and denominator
    (분자/분모), kept apart, because a year's share is the sum over the sum. As text: `12/40`."""

    numerator: Decimal
    denominator: Decimal

    def __str__(self) -> str:
        """Return it as it is stored and printed."""
        return f"{self.numerator:f}/{self.denominator:f}"

    @classmethod
    def of(cls, text: str) -> Share:
        """Return the share that a stored text (`12/40`) says."""
        above, _, below = text.partition("/")
        return cls(Decimal(above), Decimal(below))


Figure = Decimal | NotDue
"""A target. A missing one is no figure at all, never zero."""

Actual = Decimal | NotDue | Share
"""An actual: a figure, or a share where the indicator's accumulation is `ratio`. A missing actual
is none at all, never zero."""


@frozen(kw_only=True)
class Step:
    """One step of a milestone indicator (추진내용 as steps), with its weight."""

    id: str
    label: Label
    weight: Fraction = ONE


@frozen(kw_only=True)
class Indicator:
    """An 추진내용(성과지표) of a project.

    Attributes:
        unit: what is counted, as printed: 명, 건, %.
        direction: `up`, `down` or `maintain`.
        formula: the name of the rate's formula (see `evalflow.scoring`).
        accumulation: how periods add up: `sum`, `last`, `average`, or `ratio` (numerators over
            denominators).
        weight: its share in the project's rate, relative to the other indicators.
        targets: period -> the target of that period alone; `NotDue` where none is due.
        annual: the target of the whole year as the plan states it; None where it does not.
        baseline: the starting value, for the formula `baseline`.
        steps: for the formula `milestone`; targets and actuals then count weighted steps done.
        zero_target: `undefined`, `met_or_not` or `full`; None takes the plan's.
        cap: highest score (not rate) this indicator can bring; None takes the plan's.
    """

    id: str
    label: Label
    unit: str
    direction: str
    formula: str
    accumulation: str
    weight: Fraction = ONE
    targets: Mapping[str, Figure] = attrs.field(factory=dict)
    annual: Decimal | None = None
    baseline: Decimal | None = None
    steps: tuple[Step, ...] = ()
    zero_target: str | None = None
    cap: Decimal | None = None


@frozen(kw_only=True)
class Budget:
    """사업비 in whole won (KRW): by source (국비, 시비, 구비, 기타), and needed by period (R31)."""

    sources: Mapping[str, int] = attrs.field(factory=dict)
    periods: Mapping[str, int] = attrs.field(factory=dict)

    @property
    def total(self) -> int:
        """Return the sum over all sources, in won."""
        return sum(self.sources.values())


CONTENTS: Mapping[str, Label] = {
    "goals": Label("목표 체계(전략목표-정책사업목표-단위사업)", "place in the chain of goals"),
    "term": Label("사업기간", "term"),
    "content": Label("사업내용", "content"),
    "budget": Label("재원별 사업비", "budget by source"),
    "periods": Label("기간별 소요예산", "budget needed by period"),
    "schedule": Label("월별 세부추진계획", "monthly steps"),
}
"""What a lifecycle may ask of a project's plan (R13, R29, R31, R32), by the name that it and plans
know."""


@frozen(kw_only=True)
class ProjectDefinition:
    """What one revision of the plan says about one project (R29-R32, R39).

    `cards` are the sub-projects (관리카드) whose papers go with every self-evaluation.
    `schedule` is the month-by-month plan: `2016-03` -> text. `carried_from` is the id that the
    project had in the plan of the year before, e.g. `seodaemun-2016/6`. `about` is the id of the
    project that a corrective order or a referral is about. `also_in` names the plans in which the
    same thing is evaluated too, each with the special reason for it (R23). `tree` is the source it
    was built from: what is stored, and what a later change is merged into.
    """

    id: str
    number: str
    label: Label
    field: str
    assignments: tuple[Assignment, ...]
    indicators: tuple[Indicator, ...]
    core_project: str | None = None
    goals: tuple[str, ...] = ()
    selection: tuple[str, ...] = ()
    cooperating: tuple[str, ...] = ()
    kind: str = "new"
    start: dt.date | None = None
    end: dt.date | None = None
    content: Label | None = None
    budget: Budget = Budget()
    schedule: Mapping[str, str] = attrs.field(factory=dict)
    cards: tuple[Label, ...] = ()
    illustrative: bool = False
    carried_from: str | None = None
    about: str | None = None
    also_in: Mapping[str, str] = attrs.field(factory=dict)
    tree: Tree = attrs.field(factory=dict, eq=False, repr=False)

    def unit_on(self, day: dt.date) -> str:
        """Return the unit that answers for the project on `day` (the nearest one in time)."""
        for assignment in self.assignments:
            if assignment.holds_on(day):
                return assignment.unit
        later = [a for a in self.assignments if a.since is not None and a.since > day]
        return (later[0] if later else self.assignments[-1]).unit

    def indicator(self, indicator_id: str) -> Indicator | None:
        """Return the indicator with this id, or None."""
        for indicator in self.indicators:
            if indicator.id == indicator_id:
                return indicator
        return None


@frozen(kw_only=True)
class Change:
    """A change request in flight, or approved and not yet filed and declared (R41-R44, D5, D6).
    One that was only reported (R42) has no `before` and `after` yet.

    `number` is the entry that requested it. `before` and `after` are trees over the parts
    of the project's definition that the change touches. `opinions` are the consulted
    parties' words, dissent included; `signatures` say who signed the paper, and who settled a
    dissent. `approved_in` is the period from which it counts,
    `document` the mayor's decision. `filed` is the letter to the policy office, `declared_in`
    the period whose evaluation states it; with both the change is closed.
    """

    number: int
    kind: str
    reason: str
    detail: str
    reported_on: str
    before: Tree
    after: Tree
    opinions: tuple[Mapping[str, Any], ...] = ()
    signatures: tuple[Mapping[str, Any], ...] = ()
    approved_in: str | None = None
    approved_at: str | None = None
    revision: int | None = None
    document: Mapping[str, Any] | None = None
    filed: Mapping[str, Any] | None = None
    declared_in: str | None = None

    def tree(self) -> Tree:
        """Return the change as stored."""
        tree = attrs.asdict(self, recurse=False)
        tree["opinions"] = [dict(opinion) for opinion in self.opinions]
        tree["signatures"] = [dict(each) for each in self.signatures] or None
        return {name: value for name, value in tree.items() if value is not None}

    @classmethod
    def from_tree(cls, tree: Tree) -> Change:
        """Return the change that `tree` was made from."""
        listed = {name: tuple(tree.get(name, ())) for name in ("opinions", "signatures")}
        return cls(**{**tree, **listed})


@often_made
@frozen(kw_only=True)
class Project:
    """Where one project stands: one state for every region of its lifecycle.

    Attributes:
        id: `<plan>/<number>`.
        unit: the unit that answered for it at its last entry (or on the day asked for).
        states: one per region, in the lifecycle's order of regions.
        visits: for each region the number of the entry that brought it into its state.
        period: the period under evaluation, e.g. `2016-Q1`.
        version: the number of its last entry; 1 after adoption.
        lifecycle: the fingerprint of the definition that it runs on.
        revision: the plan revision of its latest definition.
        band: the band of the latest rating in this period, or None.
        head: the hash of its last entry.
        change: the change in flight, or approved and not yet filed and declared.
        waiting: changes approved before that one, and not yet filed and declared.
    """

    id: str
    plan: str
    number: str
    label: Label
    unit: str
    field: str
    states: tuple[str, ...]
    visits: tuple[int, ...]
    period: str
    version: int
    lifecycle: str
    revision: int
    band: str | None = None
    head: str = ""
    change: Change | None = None
    waiting: tuple[Change, ...] = ()

    @property
    def approved(self) -> tuple[Change, ...]:
        """Return the approved changes that are not yet filed and declared, oldest first (R44)."""
        change = self.change
        if change is None or change.approved_in is None:
            return self.waiting
        return (*self.waiting, change)
