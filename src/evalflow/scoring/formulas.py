"""The formulas of a rate (이행률), by name, each with the evidence for it.

A formula looks at whole numbers only: actual, target and start on one common scale, so that
84.5 against 100 is 845 against 1000. It answers a `Ratio`, the percentage as numerator and
positive denominator, or None where the evidence knows no rate. Nothing is rounded and nothing is
clamped here: rounding is `kernel.half_up`, caps are for scores.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from evalflow.model import Label
from evalflow.model.values import frozen

Ratio = tuple[int, int]
"""An exact percentage: numerator and positive denominator, not reduced."""

Percent = Callable[[int, int, int, bool], Ratio | None]

DIRECTIONS = ("up", "down", "maintain")
"""What is better for an indicator: more (상향), less (하향), keeping a level (유지)."""

ACCUMULATIONS = ("sum", "last", "average", "ratio")
"""How periods add up (KR KPI grids: 실적누계 합계 or 단순평균; last: a level or a stock; ratio: the
sum of numerators over the sum of denominators)."""

ZERO_TARGETS = ("undefined", "met_or_not", "full")
"""What a target of zero gives (two opposite habits in the field, so it is a policy):
no rate at all, 100 or 0 by met or not, or always 100. No formula ever divides by zero."""

_FULL: Ratio = (100, 1)
_NONE: Ratio = (0, 1)


@frozen(kw_only=True)
class Formula:
    """A named formula with what a plan and a reader must know of it.

    Attributes:
        text: the formula in words, numerator and denominator named.
        negative: the same for a target below zero; None where there is no rate then.
        directions: the directions of indicators that it fits.
        lower: less is better; None where the indicator's direction says so.
        divides: it divides by the target, so the zero-target policy applies.
        starts: it needs the indicator's baseline.
        ratio: the exact percentage of (actual, target, start, lower), or None.
    """

    name: str
    label: Label
    text: Label
    directions: tuple[str, ...]
    ratio: Percent
    lower: bool | None
    divides: bool = True
    starts: bool = False
    negative: Label | None = None

    def percent(
        self,
        actual: int,
        target: int,
        *,
        start: int = 0,
        direction: str = "up",
        zero_target: str = "undefined",
    ) -> Ratio | None:
        """Return the exact percentage, or None where it is undefined.

        All three figures are whole numbers on one scale. `start` matters for `baseline`,
        `direction` where the formula fits several.
        """
        lower = self.lower
        if lower is None:
            lower = direction == "down"
        ratio = self.ratio(actual, target, start, lower)
        if ratio is None and target == 0 and self.divides and zero_target != "undefined":
            met = zero_target == "full" or (actual <= 0 if lower else actual >= 0)
            return _FULL if met else _NONE
        return ratio


def up(actual: int, target: int, start: int = 0, lower: bool = False) -> Ratio | None:
    """Actual / target × 100: more is better (상향).

    Evidence: 391 of 419 rates printed by four ministries 2022-24, unclamped up to 7,077.9
    (109 of 1.54). A target below zero takes (2 − actual/target) × 100: 우편사업 경영수지,
    −1500 → −1572 printed 95.2, −1900 → −1660 printed 112.6.
    """
    if target > 0:
        return 100 * actual, target
    if target < 0:
        return 100 * (actual - 2 * target), -target
    return None


def down_linear(actual: int, target: int, start: int = 0, lower: bool = True) -> Ratio | None:
    """(2 − actual/target) × 100: less is better (하향); D1's default.

    Evidence: 18 of the 19 printed rates where it differs from `down_ratio`. For a target
    below zero there is none, and the formula would reward the worse figure: no rate.
    """
    return (100 * (2 * target - actual), target) if target > 0 else None


def down_ratio(actual: int, target: int, start: int = 0, lower: bool = True) -> Ratio | None:
    """Target / actual × 100: less is better (하향), the other habit.

    Evidence: one printed rate (2024 아동빈곤율, 110.5) and common in Korean systems. An actual
    of zero or below has no rate: 3 accidents planned and none at all is no number.
    """
    return (100 * target, actual) if target > 0 and actual > 0 else None


def baseline(actual: int, target: int, start: int = 0, lower: bool = False) -> Ratio | None:
    """(actual − start) / (target − start) × 100: the share of the way gone.

    Evidence: US agency priority goals, 413 of 413 rows, unclamped. A target equal to the
    start has no way to go: no rate, whatever the zero-target policy.
    """
    way = target - start
    if way == 0:
        return None
    gone = 100 * (actual - start)
    return (gone, way) if way > 0 else (-gone, -way)


def maintain_at_least(
    actual: int, target: int, start: int = 0, lower: bool = False
) -> Ratio | None:
    """100 where the level is held (actual ≥ target); below it the rate of `up` (유지).

    The source prints no rates of this kind, so this is evalflow's own reading: holding is the
    aim, more earns nothing, and a shortfall is measured as everywhere else (`up`'s evidence).
    """
    return _FULL if actual >= target else up(actual, target)


def maintain_at_most(actual: int, target: int, start: int = 0, lower: bool = True) -> Ratio | None:
    """100 where the level is held (actual ≤ target); above it the rate of `down_linear` (유지).

    evalflow's own reading, as for `maintain_at_least`. A level of zero (안전사고 0건 유지) is
    held without any division; how far it was missed is for the zero-target policy.
    """
    return _FULL if actual <= target else down_linear(actual, target)


def milestone(actual: int, target: int, start: int = 0, lower: bool = False) -> Ratio | None:
    """Weighted steps done / weighted steps to be done by then × 100 (추진내용 as steps).

    Evidence: shares of steps done, plain or weighted, in self-evaluations with qualitative
    indicators. Steps cannot be fewer than none: no rate below zero.
    """
    return (100 * actual, target) if target > 0 and actual >= 0 else None


def met_or_not(actual: int, target: int, start: int = 0, lower: bool = False) -> Ratio | None:
    """100 where the target is met (up: actual ≥ target; down: actual ≤ target), else 0.

    Evidence: New York City, 351 of 351 verdicts; the US type "Complete milestone" (0 or 1).
    It divides by nothing, so a target of zero is like any other.
    """
    return _FULL if (actual <= target if lower else actual >= target) else _NONE


FORMULAS: Mapping[str, Formula] = {
    formula.name: formula
    for formula in (
        Formula(
            name="up",
            label=Label("상향", "more is better"),
            text=Label("실적 ÷ 목표 × 100", "actual ÷ target × 100"),
            negative=Label("(2 − 실적 ÷ 목표) × 100", "(2 − actual ÷ target) × 100"),
            directions=("up",),
            lower=False,
            ratio=up,
        ),
        Formula(
            name="down_linear",
            label=Label("하향(선형)", "less is better, linear"),
            text=Label("(2 − 실적 ÷ 목표) × 100", "(2 − actual ÷ target) × 100"),
            directions=("down",),
            lower=True,
            ratio=down_linear,
        ),
        Formula(
            name="down_ratio",
            label=Label("하향(비율)", "less is better, ratio"),
            text=Label("목표 ÷ 실적 × 100", "target ÷ actual × 100"),
            directions=("down",),
            lower=True,
            ratio=down_ratio,
        ),
        Formula(
            name="baseline",
            label=Label("기준값 대비 진척", "progress from a baseline"),
            text=Label(
                "(실적 − 기준값) ÷ (목표 − 기준값) × 100",
                "(actual − baseline) ÷ (target − baseline) × 100",
            ),
            negative=Label(
                "(실적 − 기준값) ÷ (목표 − 기준값) × 100",
                "(actual − baseline) ÷ (target − baseline) × 100",
            ),
            directions=("up", "down"),
            lower=None,
            ratio=baseline,
            divides=False,
            starts=True,
        ),
        Formula(
            name="maintain_at_least",
            label=Label("유지(이상)", "keep at or above"),
            text=Label(
                "실적이 목표 이상이면 100, 미만이면 실적 ÷ 목표 × 100",
                "100 where actual ≥ target, else actual ÷ target × 100",
            ),
            negative=Label(
                "실적이 목표 이상이면 100, 미만이면 (2 − 실적 ÷ 목표) × 100",
                "100 where actual ≥ target, else (2 − actual ÷ target) × 100",
            ),
            directions=("maintain",),
            lower=False,
            ratio=maintain_at_least,
        ),
        Formula(
            name="maintain_at_most",
            label=Label("유지(이하)", "keep at or below"),
            text=Label(
                "실적이 목표 이하이면 100, 초과하면 (2 − 실적 ÷ 목표) × 100",
                "100 where actual ≤ target, else (2 − actual ÷ target) × 100",
            ),
            directions=("maintain",),
            lower=True,
            ratio=maintain_at_most,
        ),
        Formula(
            name="milestone",
            label=Label("단계", "milestones"),
            text=Label(
                "완료한 단계(가중치 합) ÷ 완료할 단계(가중치 합) × 100",
                "steps done (sum of weights) ÷ steps to be done (sum of weights) × 100",
            ),
            directions=("up",),
            lower=False,
            ratio=milestone,
        ),
        Formula(
            name="met_or_not",
            label=Label("달성 여부", "met or not"),
            text=Label(
                "목표를 달성하면 100, 아니면 0 (상향: 실적 ≥ 목표, 하향: 실적 ≤ 목표)",
                "100 where the target is met, else 0 (up: actual ≥ target; down: actual ≤ target)",
            ),
            negative=Label(
                "목표를 달성하면 100, 아니면 0 (상향: 실적 ≥ 목표, 하향: 실적 ≤ 목표)",
                "100 where the target is met, else 0 (up: actual ≥ target; down: actual ≤ target)",
            ),
            directions=("up", "down"),
            lower=None,
            ratio=met_or_not,
            divides=False,
        ),
    )
}
"""Every built-in formula by name."""

DEFAULT_FORMULA: Mapping[str, str] = {"up": "up", "down": "down_linear"}
"""Direction -> the formula taken where a plan names none (D1). `maintain` has none: at least
or at most must be said."""
