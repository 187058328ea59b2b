"""What a project says, held against the plan around it: units, fields, goals, periods.

Only what somebody wrote is checked so: an older definition in a store may name a unit that is
gone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from functools import lru_cache

import attrs

from evalflow.files.reader import Part
from evalflow.model import Assignment, Indicator, PlanHead, ProjectDefinition, Unit
from evalflow.model.moments import day_after
from evalflow.model.values import frozen
from evalflow.plan.spans import periods_of


@frozen(kw_only=True)
class Surroundings:
    """What a project may name, taken once out of a plan's head."""

    units: Mapping[str, Unit]
    fields: Collection[str]
    core_projects: Collection[str]
    goals: Collection[str]
    criteria: Collection[str]
    periods: tuple[str, ...]
    months: frozenset[str]
    first: dt.date
    last: dt.date
    period_set: frozenset[str] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "period_set", frozenset(self.periods))

    @classmethod
    def of(cls, head: PlanHead) -> Surroundings:
        """Return what the projects of this plan may name."""
        periods = periods_of(head.calendar.first, head.calendar.last)
        first = periods[0].start if periods else dt.date.min
        last = periods[-1].end if periods else dt.date.max
        return cls(
            units=head.units,
            fields=head.fields,
            core_projects=head.core_projects,
            goals=head.goals,
            criteria=head.criteria,
            periods=tuple(period.text for period in periods),
            months=months_of(first, last) if periods else frozenset(),
            first=first,
            last=last,
        )


@lru_cache(maxsize=256)
def months_of(first: dt.date, last: dt.date) -> frozenset[str]:
    """Return the months between two days: `2016-03`."""
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    numbers = range(first.month - 1, first.month - 1 + count)
    return frozenset(f"{first.year + n // 12:04}-{n % 12 + 1:02}" for n in numbers)


def check_project(definition: ProjectDefinition, around: Surroundings, part: Part) -> None:
    """Note what the definition says that does not fit the plan around it."""
    if definition.field not in around.fields and definition.field:
        part.unknown("field", ("분야", "field"), around.fields)
    core = definition.core_project
    if core is not None and core not in around.core_projects:
        part.unknown("core_project", ("핵심 프로젝트", "core project"), around.core_projects)
    if definition.goals:
        _known(part, "goals", definition.goals, ("목표", "goal"), around.goals)
    if definition.selection:
        _known(part, "selection", definition.selection, ("선정기준", "criterion"), around.criteria)
    if definition.cooperating:
        _known(part, "cooperating", definition.cooperating, ("부서", "unit"), around.units)
    _check_assignments(definition, around, part)
    for indicator in definition.indicators:
        if indicator.targets.keys() != around.period_set and around.periods:
            _check_target_periods(indicator, around, part)
    if around.periods:
        if not definition.budget.periods.keys() <= around.period_set:
            _outside(part.mapping("budget").mapping("periods"), around.periods)
        if not definition.schedule.keys() <= around.months:
            _outside(part.mapping("schedule"), sorted(around.months))


def _known(
    part: Part,
    key: str,
    names: Collection[str],
    what: tuple[str, str],
    known: Collection[str],
) -> None:
    for place, name in enumerate(names):
        if name and name not in known:
            if isinstance(part.tree[key], str):
                part.unknown(key, what, known)
            else:
                part.part(key).unknown(place, what, known)


def _check_target_periods(indicator: Indicator, around: Surroundings, part: Part) -> None:
    inside = part.mapping("indicators").mapping(indicator.id)
    if "targets" not in inside:
        return  # noted when it was read
    lacking = [period for period in around.periods if period not in indicator.targets]
    if lacking:
        listed = ", ".join(lacking)
        inside.wrong(
            "targets",
            "missing_target",
            f"성과지표 '{indicator.id}'에 {listed}의 목표가 없습니다 "
            "(때가 아니면 {not_due: 사유})",
            f"the indicator '{indicator.id}' has no target for {listed} (if none is due: "
            "{not_due: why})",
            listed,
        )
    if not indicator.targets.keys() <= around.period_set:
        _outside(inside.mapping("targets"), around.periods)


def _outside(part: Part, known: Collection[str]) -> None:
    """Note every period (or month) of the part that is none of the plan's."""
    first, last = next(iter(known)), list(known)[-1]
    for period in part.tree:
        if period not in known:
            part.wrong_key(
                period,
                "period_outside",
                f"'{period}'은(는) 이 계획의 기간이 아닙니다 ({first}부터 {last}까지)",
                f"'{period}' is none of the plan's periods ({first} to {last})",
            )


def _check_assignments(definition: ProjectDefinition, around: Surroundings, part: Part) -> None:
    alone = not part.tree.get("assignments")
    next_day = around.first
    before: Assignment | None = None
    for place, assignment in enumerate(definition.assignments):
        inside = part if alone else part.part("assignments").part(place)
        unit = around.units.get(assignment.unit)
        if unit is None and assignment.unit:
            inside.unknown("unit", ("부서", "unit"), around.units)
        since = max(assignment.since or around.first, around.first)
        until = min(assignment.until or around.last, around.last)
        if assignment.since and assignment.until and assignment.until < assignment.since:
            ko = f"끝나는 날({assignment.until})이 시작하는 날({assignment.since})보다 앞섭니다"
            en = f"ends ({assignment.until}) before it begins ({assignment.since})"
            inside.wrong("until", "ends_before_begin", ko, en)
            return
        if since < next_day and before is not None:
            ko = f"'{before.unit}'와(과) '{assignment.unit}'의 담당 기간이 겹칩니다 ({since}부터)"
            en = f"the assignments to '{before.unit}' and '{assignment.unit}' overlap from {since}"
            inside.wrong(None, "assignments_overlap", ko, en)
        elif since > next_day:
            gap = since - dt.timedelta(days=1)
            ko = f"담당 부서가 없는 기간이 있습니다 ({next_day}부터 {gap}까지)"
            inside.wrong(None, "assignments_gap", ko, f"no unit from {next_day} to {gap}")
        if unit is not None:
            _check_existence(unit, since, until, inside)
        before = assignment
        next_day = day_after(until)
    if next_day <= around.last and around.periods:
        ko = f"담당 부서가 없는 기간이 있습니다 ({next_day}부터 {around.last}까지)"
        key = None if alone else "assignments"
        part.wrong(key, "assignments_gap", ko, f"no unit from {next_day} to {around.last}")


def _check_existence(unit: Unit, since: dt.date, until: dt.date, part: Part) -> None:
    if (unit.since is not None and since < unit.since) or (
        unit.until is not None and until > unit.until
    ):
        ko = f"부서 '{unit.id}'은(는) {unit.since or ''}~{unit.until or ''}에만 있습니다"
        en = f"the unit '{unit.id}' exists only from {unit.since or '…'} to {unit.until or '…'}"
        part.wrong("unit", "unit_not_there", ko, en, unit.id)
