"""From a tree to a `ProjectDefinition`: what a plan says about one project.

Reading and checking are two steps. What a project says by itself is checked while it is read;
what it says about the plan around it is checked in `surroundings`. What a store holds comes back
through `stored`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from evalflow.files.cells import same
from evalflow.files.figures import figure_of, is_not_due, plain, why_not_due
from evalflow.files.reader import Part, Reader
from evalflow.files.texts import stored_figure
from evalflow.model import (
    Assignment,
    Budget,
    Figure,
    Indicator,
    Label,
    NotDue,
    PlanHead,
    ProjectDefinition,
    Step,
)
from evalflow.model.canonical import Tree
from evalflow.model.projects import ONE
from evalflow.plan import keys
from evalflow.plan.order import sort_parts, with_order
from evalflow.plan.spans import periods_of
from evalflow.plan.surroundings import Surroundings, check_project
from evalflow.scoring.accumulation import shown, sum_of
from evalflow.scoring.formulas import (
    ACCUMULATIONS,
    DEFAULT_FORMULA,
    DIRECTIONS,
    FORMULAS,
    ZERO_TARGETS,
)
from evalflow.scoring.kernel import half_up, published

_NOT_DUE = NotDue("")


def definition_from_tree(
    head: PlanHead, number: str, tree: Tree, *, measures: bool = True
) -> ProjectDefinition:
    """Return the definition that `tree` says, checked whole and against the head: what a plan
    file says under a project's number, or a definition's tree changed by a merge patch.

    Under a lifecycle that `measures` nothing a project needs no indicators.

    Raises:
        InvalidInput: the tree has mistakes; all of them, with their path.
    """
    reading = Reader(tree, at=("projects", number))
    reading.brackets = head.brackets
    periods = [each.text for each in periods_of(head.calendar.first, head.calendar.last)]
    definition = read_project(
        reading.top, head.id, number, periods, written=False, measures=measures
    )
    check_project(definition, Surroundings.of(head), reading.top)
    reading.raise_if_any()
    return definition


# --------------------------------------------------------------------------- reading


def read_project(
    part: Part,
    plan: str,
    number: str,
    periods: Sequence[str],
    *,
    written: bool,
    measures: bool = True,
) -> ProjectDefinition:
    """Return the definition, noting what is wrong with it by itself. `periods` are the plan's;
    an indicator with an annual target alone is due in the last. `written` says that it is
    read from a file; a stored tree may also keep the order of its mappings. `measures` says
    that there must be indicators."""
    part.only(keys.PROJECT if written else keys.STORED_PROJECT)
    start, end = part.date("start", None), part.date("end", None)
    if start is not None and end is not None and dt.date.min not in (start, end) and end < start:
        ko = f"사업기간의 끝({end})이 시작({start})보다 앞섭니다"
        part.wrong("end", "ends_before_begin", ko, f"ends ({end}) before it begins ({start})")
    unmeasured = not measures and "indicators" not in part
    indicators = () if unmeasured else _indicators(part, periods, written)
    return ProjectDefinition(
        id=f"{plan}/{number}",
        number=number,
        label=part.label(english=False),
        field=part.text("field"),
        assignments=_assignments(part),
        indicators=indicators,
        core_project=part.text("core_project", None),
        goals=part.texts("goals"),
        selection=part.texts("selection"),
        cooperating=part.texts("cooperating"),
        kind=part.choice("kind", keys.KINDS, "new"),
        start=start,
        end=end,
        content=part.label_at("content", None, english=False),
        budget=_budget(part, written),
        schedule=_schedule(part),
        cards=_cards(part),
        illustrative=part.flag("illustrative", False),
        carried_from=part.text("carried_from", None),
        about=_about(part),
        also_in=_also_in(part),
        tree=_normal(part.plain_tree()),
    )


_PROJECT_ID = re.compile(r"[^/\s]+/[^/\s]+")


def _about(part: Part) -> str | None:
    about = part.text("about", None)
    if about is not None and not _PROJECT_ID.fullmatch(about):
        ko = f"사업은 '계획/관리번호'로 적습니다 (예: seodaemun-2016/6): '{about}'"
        en = f"a project is written as plan/number, e.g. seodaemun-2016/6, got '{about}'"
        part.wrong("about", "wrong_value", ko, en, about)
    return about


def _also_in(part: Part) -> dict[str, str]:
    inside = part.mapping("also_in", required=False)
    return {str(plan): inside.text(plan) for plan in inside.tree}


def _assignments(part: Part) -> tuple[Assignment, ...]:
    if "assignments" not in part:
        return (Assignment(unit=part.text("unit")),)
    if "unit" in part:
        ko, en = "unit과 assignments 가운데 하나만 적습니다", "give either unit or assignments"
        part.wrong("unit", "unit_twice", ko, en)
    found = []
    for step, inside in part.parts("assignments", named=False):
        if not isinstance(step, int):
            inside.wrong(None, "wrong_value", "목록이어야 합니다", "expected a list")
        inside.only(keys.ASSIGNMENT)
        found.append(
            Assignment(
                unit=inside.text("unit"),
                since=inside.date("since", None),
                until=inside.date("until", None),
            )
        )
    if not found and "assignments" in part and not part.tree["assignments"]:
        ko, en = "담당 부서가 하나는 있어야 합니다", "at least one unit in charge is needed"
        part.wrong("assignments", "missing_key", ko, en)
    return tuple(found) or (Assignment(unit=""),)


def _indicators(part: Part, periods: Sequence[str], written: bool) -> tuple[Indicator, ...]:
    found: dict[str, Indicator] = {}
    inside = part.mapping("indicators")
    if "indicators" in part and not inside.tree:
        ko, en = "성과지표가 하나는 있어야 합니다", "a project needs at least one indicator"
        part.wrong("indicators", "no_indicators", ko, en)
    for name, tree in inside.tree.items():
        inside.named(name)
        if not isinstance(tree, Mapping):
            inside.mapping(name)
            continue
        found[name] = _indicator(inside.mapping(name), name, periods, written)
    if found and not any(indicator.weight for indicator in found.values()):
        ko, en = "모든 성과지표의 가중치가 0입니다", "the weights of all indicators are 0"
        part.wrong("indicators", "weightless", ko, en)
    return tuple(sort_parts(part, "indicators", found).values())


def _indicator(part: Part, name: str, periods: Sequence[str], written: bool) -> Indicator:
    part.only(keys.INDICATOR if written else keys.STORED_INDICATOR)
    direction = part.choice("direction", DIRECTIONS)
    formula = _formula(part, direction)
    known = part.tree.get("formula") is None or _known(part)
    steps = _steps(part, formula) if known else ()
    unit = part.text("unit")
    accumulation = part.choice("accumulation", ACCUMULATIONS)
    annual = part.figure("annual", None, unit=unit)
    if annual is not None and "targets" not in part:
        targets = _annual_alone(part, annual, periods)
    else:
        targets = _targets(part, unit)
        if annual is not None:
            _check_annual(part, annual, accumulation, targets)
    if steps:
        _check_steps(part, steps, targets)
    baseline = part.figure("baseline", None, unit=unit)
    if not known:
        pass  # what else the formula needs or forbids is not known either
    elif FORMULAS[formula].starts and baseline is None:
        ko, en = (
            "formula: baseline에는 baseline 값이 필요합니다",
            "formula baseline needs 'baseline'",
        )
        part.wrong(None, "missing_key", ko, en)
    elif not FORMULAS[formula].starts and baseline is not None:
        ko, en = (
            "baseline은 formula: baseline에만 적습니다",
            "only formula baseline takes a baseline",
        )
        part.wrong("baseline", "wrong_value", ko, en)
    weight = part.fraction("weight", ONE)
    if weight < 0:
        ko, en = (
            f"가중치는 0 이상이어야 합니다: {weight}",
            f"a weight must not be negative: {weight}",
        )
        part.wrong("weight", "negative_weight", ko, en, str(weight))
    cap = part.figure("cap", None, unit="%")
    if cap is not None and cap <= 0:
        ko, en = f"상한은 0보다 커야 합니다: {cap}", f"a cap must be above zero: {cap}"
        part.wrong("cap", "wrong_value", ko, en, str(cap))
    return Indicator(
        id=name,
        label=part.label(english=False),
        unit=unit,
        direction=direction,
        formula=formula,
        accumulation=accumulation,
        weight=weight,
        targets=targets,
        annual=annual,
        baseline=baseline,
        steps=steps,
        zero_target=part.choice("zero_target", ZERO_TARGETS, None),
        cap=cap,
    )


def _formula(part: Part, direction: str) -> str:
    if "formula" not in part:
        usual = DEFAULT_FORMULA.get(direction)
        if usual is not None:
            return usual
        fitting = ", ".join(_fitting(direction))
        ko = f"direction: {direction}에는 formula가 필요합니다 ({fitting} 중 하나)"
        part.wrong(None, "missing_key", ko, f"direction {direction} needs a formula ({fitting})")
        return "met_or_not"
    formula = part.choice("formula", FORMULAS)
    if not _known(part):
        return DEFAULT_FORMULA.get(direction) or _fitting(direction)[0]
    if direction not in FORMULAS[formula].directions and part.tree.get("direction") == direction:
        fitting = ", ".join(_fitting(direction))
        part.wrong(
            "formula",
            "formula_against_direction",
            f"산식 '{formula}'은(는) direction: {direction}에 맞지 않습니다 ({fitting} 중 하나)",
            f"the formula '{formula}' does not fit direction {direction} (one of {fitting})",
            formula,
        )
    return formula


def _known(part: Part) -> bool:
    formula = part.tree.get("formula")
    return isinstance(formula, str) and formula in FORMULAS


def _fitting(direction: str) -> list[str]:
    return [name for name, formula in FORMULAS.items() if direction in formula.directions]


def _targets(part: Part, unit: str) -> dict[str, Figure]:
    inside = part.mapping("targets")
    targets: dict[str, Figure] = {}
    for period, value in inside.tree.items():
        usual = value.__class__ is str and stored_figure(value) is not None
        figure = figure_of(value) if usual else None
        targets[period] = _odd_target(inside, period, value, unit) if figure is None else figure
    return targets


YEARLY_ONLY = "연간 목표만 정함"
"""Why an indicator with an annual target alone is not due before the last period."""


def _annual_alone(part: Part, annual: Decimal, periods: Sequence[str]) -> dict[str, Figure]:
    """Return the targets of an indicator that has but an annual one: due in the last period."""
    if periods and periods[0][:4] != periods[-1][:4]:
        ko = "annual은 한 해의 계획에만 씁니다. 여러 해의 계획에는 targets를 적으십시오"
        en = "annual is for a plan of one year; a plan of several years needs targets"
        part.wrong("annual", "wrong_value", ko, en, str(annual))
    targets: dict[str, Figure] = {period: NotDue(YEARLY_ONLY) for period in periods[:-1]}
    if periods:
        targets[periods[-1]] = annual
    written: dict[str, Tree] = {period: {"not_due": YEARLY_ONLY} for period in periods[:-1]}
    part.write_out("targets", written | {period: plain(annual) for period in periods[-1:]})
    return targets


def _check_annual(
    part: Part, annual: Decimal, accumulation: str, targets: Mapping[str, Figure]
) -> None:
    """Note where the annual target is not what the periods' targets come to."""
    due = [figure for _, figure in sorted(targets.items()) if isinstance(figure, Decimal)]
    if not due:
        return
    exponent = annual.as_tuple().exponent
    places = max(0, -exponent) if isinstance(exponent, int) else 0
    if accumulation == "sum":
        ko, en, found = "합계", "sum", shown(sum_of(due), 1)
        agrees = found == annual
    elif accumulation == "average":
        ko, en, found = "평균", "average", shown(sum_of(due), len(due))
        above, below = sum_of(due).as_integer_ratio()
        agrees = published(half_up(above * 10**places, below * len(due)), places) == annual
    else:
        ko, en, found = "마지막 목표", "last target", due[-1]
        agrees = found == annual
    if not agrees:
        part.wrong(
            "annual",
            "annual_differs",
            f"연간 목표 {plain(annual)}이(가) 기간별 목표의 {ko} {plain(found)}와(과) 다릅니다",
            f"the annual target {plain(annual)} is not the {en} of the periods' targets, "
            f"{plain(found)}",
            plain(annual),
        )


def _odd_target(inside: Part, period: Any, value: Tree, unit: str) -> Figure:
    if value is None:
        ko = "목표가 비어 있습니다 (없으면 {not_due: 사유})"
        inside.wrong(period, "missing_target", ko, "no target (if none is due: {not_due: why})")
    elif value == "not_due" or is_not_due(value):
        return _NOT_DUE
    elif reason := why_not_due(value):
        inside.write_out(period, {"not_due": reason})
        return NotDue(reason)
    elif isinstance(value, Mapping):
        why = inside.mapping(period)
        why.only(keys.NOT_DUE)
        if "not_due" in value:
            return NotDue(why.text("not_due", ""))
        ko, en = "수 또는 {not_due: 사유}여야 합니다", "expected a figure or {not_due: why}"
        why.wrong(None, "wrong_value", ko, en)
    else:
        return inside.figure(period, unit=unit)
    return _NOT_DUE


def _steps(part: Part, formula: str) -> tuple[Step, ...]:
    if "steps" not in part:
        if formula == "milestone":
            ko, en = "formula: milestone에는 steps가 필요합니다", "formula milestone needs 'steps'"
            part.wrong(None, "missing_key", ko, en)
        return ()
    if formula != "milestone":
        ko, en = "steps는 formula: milestone에만 적습니다", "only formula milestone takes steps"
        part.wrong("steps", "wrong_value", ko, en)
    found: dict[str, Step] = {}
    for name, inside in part.parts("steps"):
        inside.only(keys.STEP)
        weight = inside.fraction("weight", ONE)
        if weight <= 0:
            ko, en = (
                f"단계의 가중치는 0보다 커야 합니다: {weight}",
                f"a step's weight must be above 0: {weight}",
            )
            inside.wrong("weight", "negative_weight", ko, en, str(weight))
        found[str(name)] = Step(id=str(name), label=inside.label(english=False), weight=weight)
    if not found:
        ko, en = "단계가 하나는 있어야 합니다", "at least one step is needed"
        part.wrong("steps", "missing_key", ko, en)
    return tuple(sort_parts(part, "steps", found).values())


def _check_steps(part: Part, steps: tuple[Step, ...], targets: Mapping[str, Figure]) -> None:
    total = sum([step.weight for step in steps], Fraction(0))
    for period, target in targets.items():
        if isinstance(target, Decimal) and not 0 <= Fraction(target) <= total:
            ko = f"목표 {target}이(가) 단계의 가중치 합({total})을 벗어납니다"
            en = f"the target {target} lies outside the steps' weights, 0 to {total}"
            part.mapping("targets").wrong(period, "target_beyond_steps", ko, en, str(target))


def _budget(part: Part, written: bool) -> Budget:
    if "budget" not in part:
        return Budget()
    inside = part.mapping("budget")
    inside.only(keys.BUDGET if written else keys.STORED_BUDGET)
    sources = _money(inside, "sources")
    if written:
        _check_sources(inside, sources)
    return Budget(sources=sort_parts(inside, "sources", sources), periods=_money(inside, "periods"))


def _check_sources(part: Part, sources: Iterable[str]) -> None:
    """Refuse a source that is another one but for blanks or the form of its letters: their amounts
    would be added."""
    known: dict[str, str] = {}
    for name in sources:
        first = known.setdefault(same(name), name)
        if first is not name:
            ko = f"재원 '{name}'은(는) '{first}'와(과) 같은 이름입니다. 하나로 합치십시오"
            en = f"the source '{name}' is called as '{first}' is: put them together"
            part.mapping("sources").wrong(name, "same_source", ko, en)


def _money(part: Part, key: str) -> dict[str, int]:
    if key not in part:
        return {}
    inside = part.mapping(key)
    return {str(name): inside.whole(name, least=0, money=True) for name in inside.tree}


def _schedule(part: Part) -> dict[str, str]:
    if "schedule" not in part:
        return {}
    inside = part.mapping("schedule")
    return {str(month): inside.text(month) for month in inside.tree}


def _cards(part: Part) -> tuple[Label, ...]:
    if "cards" not in part:
        return ()
    inside = part.items("cards")
    return tuple([inside.label_at(place, english=False) for place in inside.tree])


def _normal(tree: Mapping[str, Tree]) -> Tree:
    """Return the tree as it is stored, with the order of what has one."""
    normal = with_order(tree, ("indicators",))
    budget = tree.get("budget")
    if isinstance(budget, Mapping):
        normal["budget"] = with_order(budget, ("sources",))
    indicators = tree.get("indicators")
    if isinstance(indicators, Mapping):
        stepped = {
            name: with_order(indicator, ("steps",))
            for name, indicator in indicators.items()
            if isinstance(indicator, Mapping) and "steps" in indicator
        }
        if stepped:
            normal["indicators"] = {**indicators, **stepped}
    return normal
