"""What of a plan can never be rated, said when the plan is checked: not months later, by a review.

A line is looked at with the formula itself: where no actual whatever would give a rate in a
period, a note names the indicator, the periods and the ways out. An undefined line leaves its
whole project without a rate, so the note says that, too (see `scoring.rates`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from evalflow.files.notes import Note
from evalflow.model import Indicator, NotDue, PlanHead, ProjectDefinition, ScoringRules
from evalflow.plan.spans import periods_of
from evalflow.scoring.accumulation import amounts
from evalflow.scoring.formulas import FORMULAS
from evalflow.scoring.rates import ratio_of

Place = Callable[[ProjectDefinition, Indicator], str]
"""Where people find an indicator: file and line, or its path."""


def unrateable(
    head: PlanHead, definitions: Sequence[ProjectDefinition], where: Place
) -> tuple[Note, ...]:
    """Return a note for each indicator that can have no rate in some period of the plan, whatever
    its actual, and for each project whose due indicators all weigh nothing. Only plans rated by
    `rates` are looked at: other scorers have rules of their own."""
    if head.scoring.scorer != "rates":
        return ()
    periods = [each.text for each in periods_of(head.calendar.first, head.calendar.last)]
    found: list[Note] = []
    for definition in definitions:
        for indicator in definition.indicators:
            found += _of_indicator(definition, indicator, head.scoring, periods, where)
        found += _weightless(definition, head.scoring, periods, where)
    return tuple(found)


def _of_indicator(
    definition: ProjectDefinition,
    indicator: Indicator,
    rules: ScoringRules,
    periods: Sequence[str],
    where: Place,
) -> Iterator[Note]:
    if not FORMULAS[indicator.formula].starts and all(
        isinstance(target, NotDue) or target > 0 for target in indicator.targets.values()
    ):
        return  # the commonest kind: an actual that meets a target above 0 always has a rate
    never: dict[str, list[str]] = {}
    for at, period in enumerate(periods):
        upto = periods[: at + 1] if rules.basis == "cumulative" else [period]
        kind = _why_never(indicator, rules, upto)
        if kind is not None:
            never.setdefault(kind, []).append(period)
    for kind, affected in never.items():
        ko, en = _WHY[kind]
        listed = ", ".join(affected)
        label = indicator.label
        yield Note(
            code=kind,
            where=where(definition, indicator),
            ko=f"'{label.ko}'({indicator.id})은(는) {listed}에 어떤 실적으로도 이행률을 낼 수 "
            f"없고, 그러면 사업 전체의 이행률도 없습니다: {ko}",
            en=f"'{label.en}' ({indicator.id}) can have no rate in {listed}, whatever its actual, "
            f"and then the whole project has none: {en}",
        )


_WHY = {
    "zero_target": (
        "목표가 0입니다. 0을 지키는 것이 목표면 방향 '유지'(maintain)와 측정산식 "
        "'유지(이하)'(maintain_at_most), 아니면 목표가 0일 때의 처리(zero_target: met_or_not, "
        "full)나 '기준값 대비 진척'(baseline), 때가 아니면 '시기미도래: 사유'를 적으십시오",
        "its target is 0. To keep at 0: direction maintain with formula maintain_at_most; else "
        "zero_target (met_or_not, full), formula baseline, or {not_due: why} where none is due",
    ),
    "negative_target": (
        "목표가 음수여서 이 산식으로는 나쁜 실적이 높게 나옵니다. 측정산식을 "
        "'기준값 대비 진척'(baseline)으로 하고 기준값을 적거나, '달성 여부'(met_or_not)로 하거나, "
        "클수록 좋은 지표로 바꾸십시오",
        "its target is negative, for which this formula would praise the worse figure: take "
        "formula baseline with a baseline, met_or_not, or measure it as more-is-better",
    ),
    "target_is_baseline": (
        "목표가 기준값과 같아 나아갈 길이 없습니다. 유지가 목표면 방향을 '유지'(maintain)로 "
        "하십시오",
        "its target equals its baseline, so there is no way to go: to keep a level, take direction "
        "maintain",
    ),
}


def _why_never(indicator: Indicator, rules: ScoringRules, upto: Sequence[str]) -> str | None:
    """Return why no actual gives a rate for the targets due in these periods; None where one
    does, or nothing is due."""
    so_far = amounts(indicator, upto, {})
    if so_far.target is None:
        return None
    formula = FORMULAS[indicator.formula]
    step = Decimal(1)
    probes = (so_far.target, so_far.target - step, so_far.target + step, Decimal(0), step)
    if any(
        ratio_of(formula, indicator, rules, so_far.target, actual, so_far.over) is not None
        for actual in probes
    ):
        return None
    if formula.starts:
        return "target_is_baseline"
    return "zero_target" if so_far.target == 0 else "negative_target"


def _weightless(
    definition: ProjectDefinition, rules: ScoringRules, periods: Sequence[str], where: Place
) -> Iterator[Note]:
    """Note the periods in which all that is due weighs nothing, so that there is no mean."""
    if rules.project_mean != "weighted" or all(each.weight for each in definition.indicators):
        return
    affected = []
    for at, period in enumerate(periods):
        upto = periods[: at + 1] if rules.basis == "cumulative" else [period]
        due = [each for each in definition.indicators if _is_due(each, upto)]
        if due and not any(each.weight for each in due):
            affected.append(period)
    if affected:
        listed = ", ".join(affected)
        yield Note(
            code="weightless_period",
            where=where(definition, definition.indicators[0]),
            ko=f"{listed}에 시기가 된 성과지표의 가중치가 모두 0이어서 사업의 이행률이 없습니다: "
            "가중치(weight)를 주거나 다른 지표의 목표를 정하십시오",
            en=f"in {listed} every indicator that is due weighs 0, so the project has no rate: "
            "give one a weight, or set a target for another",
        )


def _is_due(indicator: Indicator, periods: Sequence[str]) -> bool:
    return any(
        not isinstance(indicator.targets.get(period, NotDue()), NotDue) for period in periods
    )
