"""Plans out of a store: heads and definitions rebuilt from the trees that were stored of them.

They were checked when they were stored (see `head` and `project`), so here is neither a reader
nor a problem. An older definition may name a unit that a later revision knows no more: it is
rebuilt all the same.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from evalflow.files import stored
from evalflow.files.texts import BRACKETS, stored_figure
from evalflow.model import (
    Assignment,
    Budget,
    Exclusion,
    Figure,
    Goal,
    Grant,
    Indicator,
    Label,
    NotDue,
    PlanHead,
    ProjectDefinition,
    Renaming,
    Step,
    Unit,
)
from evalflow.model.canonical import Tree
from evalflow.model.projects import ONE
from evalflow.plan import keys
from evalflow.plan.keys import FORMAT, GOAL_ABOVE, KINDS, OFFICE
from evalflow.plan.order import stored_order
from evalflow.plan.paper import stored_document
from evalflow.plan.stored_rules import (
    stored_calendar,
    stored_delivery,
    stored_options,
    stored_patience,
    stored_revision,
    stored_scoring,
    stored_visibility,
)
from evalflow.scoring.formulas import (
    ACCUMULATIONS,
    DEFAULT_FORMULA,
    DIRECTIONS,
    FORMULAS,
    ZERO_TARGETS,
)

_NOT_DUE = NotDue("")


def stored_head(source: str | Tree, plan: str = "") -> PlanHead:
    """Return the head in a stored text, or in its tree; `plan` names it where it is damaged.

    Raises:
        StorageError: `corrupt`: it is damaged, with what and where.
    """
    return stored.rebuilt(source, f"계획 {plan}".rstrip(), f"plan {plan}".rstrip(), _head)


def stored_definition(plan: str, number: str, source: str | Tree) -> ProjectDefinition:
    """Return the definition of project `number` of the plan with this id in a stored text, or in
    its tree.

    Raises:
        StorageError: `corrupt`: it is damaged, with what and where.
    """
    project = f"{plan}/{number}"
    ko, en = f"사업 내용({project})", f"definition of {project}"
    return stored.rebuilt(source, ko, en, lambda tree: _definition(project, number, tree))


# --------------------------------------------------------------------------- projects


def _definition(project: str, number: str, tree: stored.Inside) -> ProjectDefinition:
    stored.only(tree, keys.STORED_PROJECT)
    indicators = stored.each(tree, "indicators", _indicator)
    if indicators and not any(indicator.weight for indicator in indicators.values()):
        raise stored.Damaged("indicators", "가중치가 모두 0입니다", "all weights are 0")
    return ProjectDefinition(
        id=project,
        number=number,
        label=stored.label(tree),
        field=stored.text(tree, "field"),
        assignments=_assignments(tree),
        indicators=tuple(stored_order(tree, "indicators", indicators).values()),
        core_project=stored.text(tree, "core_project", None),
        goals=stored.texts(tree, "goals"),
        selection=stored.texts(tree, "selection"),
        cooperating=stored.texts(tree, "cooperating"),
        kind=stored.choice(tree, "kind", KINDS, "new"),
        start=stored.day(tree, "start", None),
        end=stored.day(tree, "end", None),
        content=stored.label_at(tree, "content", None),
        budget=_budget(tree),
        schedule=stored.named(tree, "schedule", stored.text),
        cards=stored.listed(tree, "cards", stored.label_at),
        illustrative=stored.flag(tree, "illustrative", False),
        carried_from=stored.text(tree, "carried_from", None),
        about=stored.text(tree, "about", None),
        also_in=stored.named(tree, "also_in", stored.text),
        tree=tree,
    )


def _assignments(tree: stored.Inside) -> tuple[Assignment, ...]:
    if tree.get("assignments") is None:
        return (Assignment(unit=stored.text(tree, "unit")),)
    found = tuple(stored.each(tree, "assignments", _assignment).values())
    if not found:
        raise stored.Damaged("assignments", "담당 부서가 없습니다", "no unit in charge")
    return found


def _assignment(_: Any, tree: stored.Inside) -> Assignment:
    stored.only(tree, keys.ASSIGNMENT)
    return Assignment(
        unit=stored.text(tree, "unit"),
        since=stored.day(tree, "since", None),
        until=stored.day(tree, "until", None),
    )


def _indicator(name: str, tree: stored.Inside) -> Indicator:
    stored.only(tree, keys.STORED_INDICATOR)
    direction = stored.choice(tree, "direction", DIRECTIONS)
    formula = stored.choice(tree, "formula", FORMULAS, DEFAULT_FORMULA.get(direction))
    if formula is None:
        raise stored.Damaged("formula", "산식이 없습니다", "no formula")
    baseline, steps = stored.figure(tree, "baseline", None), _steps(tree)
    if FORMULAS[formula].starts != (baseline is not None):
        ko, en = f"산식 '{formula}'에 맞지 않습니다", f"does not fit the formula '{formula}'"
        raise stored.Damaged("baseline", ko, en)
    if (formula == "milestone") != bool(steps):
        ko, en = f"산식 '{formula}'에 맞지 않습니다", f"does not fit the formula '{formula}'"
        raise stored.Damaged("steps", ko, en)
    return Indicator(
        id=name,
        label=stored.label(tree),
        unit=stored.text(tree, "unit"),
        direction=direction,
        formula=formula,
        accumulation=stored.choice(tree, "accumulation", ACCUMULATIONS),
        weight=stored.fraction(tree, "weight", ONE),
        targets=_targets(tree),
        annual=stored.figure(tree, "annual", None),
        baseline=baseline,
        steps=steps,
        zero_target=stored.choice(tree, "zero_target", ZERO_TARGETS, None),
        cap=stored.figure(tree, "cap", None),
    )


def _targets(tree: stored.Inside) -> dict[str, Figure]:
    inside = stored.mapping(tree, "targets")
    targets: dict[str, Figure] = {}
    try:
        for period, value in inside.items():
            figure = stored_figure(value) if value.__class__ is str else None
            targets[period] = _odd_target(inside, period) if figure is None else figure
    except stored.Damaged as error:
        error.under("targets")
        raise
    return targets


def _odd_target(inside: stored.Inside, period: str) -> Figure:
    """Return a target that is no plain figure: none is due, or blanks stand around it."""
    value = inside[period]
    if value == "not_due":
        return _NOT_DUE
    if isinstance(value, Mapping) and "not_due" in value:
        with stored.below(period):
            stored.only(value, keys.NOT_DUE)
            return NotDue(stored.text(value, "not_due", ""))
    return stored.figure(inside, period)


def _steps(tree: stored.Inside) -> tuple[Step, ...]:
    if tree.get("steps") is None:
        return ()
    steps = {step.id: step for step in stored.each(tree, "steps", _step).values()}
    return tuple(stored_order(tree, "steps", steps).values())


def _step(name: Any, tree: stored.Inside) -> Step:
    stored.only(tree, keys.STEP)
    return Step(
        id=str(name),
        label=stored.label(tree),
        weight=stored.fraction(tree, "weight", ONE),
    )


def _budget(tree: stored.Inside) -> Budget:
    if tree.get("budget") is None:
        return Budget()
    inside = stored.mapping(tree, "budget")
    try:
        stored.only(inside, keys.STORED_BUDGET)
        return Budget(
            sources=stored_order(inside, "sources", stored.named(inside, "sources", stored.whole)),
            periods=stored.named(inside, "periods", stored.whole),
        )
    except stored.Damaged as error:
        error.under("budget")
        raise


# --------------------------------------------------------------------------- heads


def _head(tree: stored.Inside) -> PlanHead:
    stored.only(tree, keys.STORED_PLAN)
    stored.choice(tree, "evalflow", (FORMAT,))
    year = stored.whole(tree, "year")
    rules = stored_calendar(tree, year)
    units = stored_order(tree, "units", stored.each(tree, "units", _unit, needed=True))
    revision, revising = stored_revision(tree)
    return PlanHead(
        id=stored.text(tree, "id"),
        revision=revision,
        revising=revising,
        effective=stored.text(tree, "effective", rules.first),
        year=year,
        label=stored.label(tree),
        lifecycle=stored.text(tree, "lifecycle"),
        units=units,
        office=_office(units),
        directory=_directory(tree),
        calendar=rules,
        brackets=_brackets(tree),
        lines=stored.named(tree, "lines", _line),
        duties=stored.texts(tree, "duties"),
        scoring=stored_scoring(tree),
        delivery=stored_delivery(tree),
        patience=stored_patience(tree),
        visibility=stored_visibility(tree),
        forms=stored_options(tree, "forms"),
        fields=_labels(tree, "fields"),
        core_projects=stored_order(
            tree, "core_projects", stored.named(tree, "core_projects", stored.label_at)
        ),
        criteria=_labels(tree, "criteria"),
        goals=stored_order(tree, "goals", stored.each(tree, "goals", _goal)),
        exclusions=tuple(stored.each(tree, "exclusions", _exclusion).values()),
        lenient=stored.named(tree, "lenient", stored.text),
        document=stored_document(tree),
        milestones=_milestones(tree),
        illustrative=stored.label_at(tree, "illustrative", None),
        tree=tree,
    )


def _line(tree: stored.Inside, name: str) -> Mapping[str, tuple[str, ...]]:
    if isinstance(tree[name], Mapping):
        return stored.named(tree, name, stored.texts)
    return {"": stored.texts(tree, name)}


def _brackets(tree: stored.Inside) -> str | None:
    inside = stored.mapping(tree, "figures", needed=False)
    stored.only(inside, keys.FIGURES)
    return stored.choice(inside, "brackets", BRACKETS, None)


def _office(units: Mapping[str, Unit]) -> str:
    """Return the unit at the top. Every unit must lie under it: whoever asks for the units above
    one would else not come to an end."""
    office = next((unit.id for unit in units.values() if unit.kind == OFFICE), None)
    if office is None:
        raise stored.Damaged("units", "kind: office인 부서가 없습니다", "no unit of kind office")
    under = {office}
    for name in units:
        line: list[str] = []
        at: str | None = name
        while at not in under:
            if at is None or at not in units or at in line:
                raise _lost(name)
            line.append(at)
            at = units[at].parent
        under.update(line)
    return office


def _lost(unit: str) -> stored.Damaged:
    ko = "상위 부서를 따라가도 kind: office에 이르지 않습니다"
    damage = stored.Damaged("parent", ko, "its parents do not lead to the unit of kind office")
    damage.under("units", unit)
    return damage


def _unit(name: str, tree: stored.Inside) -> Unit:
    stored.only(tree, keys.UNIT)
    renamed = stored.each(tree, "renamed", _renaming).values()
    return Unit(
        id=name,
        kind=stored.text(tree, "kind"),
        label=stored.label(tree),
        parent=stored.text(tree, "parent", None),
        since=stored.day(tree, "since", None),
        until=stored.day(tree, "until", None),
        renamed=tuple(sorted(renamed, key=lambda renaming: renaming.on)),
    )


def _renaming(_: Any, tree: stored.Inside) -> Renaming:
    stored.only(tree, keys.RENAMING)
    return Renaming(on=stored.day(tree, "on"), label=stored.label(tree))


def _directory(tree: stored.Inside) -> dict[str, tuple[Grant, ...]]:
    inside = stored.mapping(tree, "directory", needed=False)
    directory: dict[str, tuple[Grant, ...]] = {}
    for actor in inside:
        with stored.below("directory"):
            directory[actor] = tuple(stored.each(inside, actor, _grant, needed=True).values())
    directory = stored_order(tree, "directory", directory)
    # An acting appointment stands after what its actor holds in their own right.
    for actor, grant in stored.each(tree, "appointments", _appointment).values():
        directory[actor] = (*directory.get(actor, ()), grant)
    return directory


def _grant(_: Any, tree: stored.Inside) -> Grant:
    stored.only(tree, keys.GRANT)
    return Grant(
        role=stored.text(tree, "role"),
        unit=stored.text(tree, "unit"),
        since=stored.day(tree, "since", None),
        until=stored.day(tree, "until", None),
    )


def _appointment(_: Any, tree: stored.Inside) -> tuple[str, Grant]:
    stored.only(tree, keys.APPOINTMENT)
    return stored.text(tree, "actor"), Grant(
        role=stored.text(tree, "role"),
        unit=stored.text(tree, "unit"),
        since=stored.day(tree, "since"),
        until=stored.day(tree, "until"),
        on_behalf_of=stored.text(tree, "for"),
        reason=stored.text(tree, "reason"),
    )


def _labels(tree: stored.Inside, key: str) -> dict[str, Label]:
    return stored_order(tree, key, stored.named(tree, key, stored.label_at))


def _goal(name: str, tree: stored.Inside) -> Goal:
    stored.only(tree, keys.GOAL)
    return Goal(
        id=name,
        kind=stored.choice(tree, "kind", GOAL_ABOVE),
        label=stored.label(tree),
        parent=stored.text(tree, "parent", None),
    )


def _exclusion(_: Any, tree: stored.Inside) -> Exclusion:
    stored.only(tree, keys.EXCLUSION)
    return Exclusion(
        label=stored.label(tree),
        reason=stored.text(tree, "reason"),
        evaluated_in=stored.text(tree, "evaluated_in"),
    )


def _milestones(tree: stored.Inside) -> tuple[tuple[dt.date, Label], ...]:
    found = stored.named(
        tree, "milestones", lambda inside, day: (stored.key_day(day), stored.label_at(inside, day))
    )
    return tuple(sorted(found.values(), key=lambda pair: pair[0]))
