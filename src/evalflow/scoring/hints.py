"""Why a printed rate differs from ours: a reviewer's hint (R36).

Of 18 rates in published tables that differ from those worked out of their own targets and
actuals, 14 come out of a few habits: cut off in place of rounded, rounded twice, floored at 0,
the other formula, points rounded before they are summed. A hint names the habit that
gives the printed figure to its last digit; it decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from evalflow.model import Indicator, Label, Line, Rating, ScoringRules
from evalflow.model.values import frozen
from evalflow.scoring.formulas import FORMULAS, Ratio
from evalflow.scoring.kernel import half_up, published
from evalflow.scoring.rates import ratio_of, weighted_mean

_FURTHER = 3  # places to which people round before they round again
_OTHERS = ("up", "down_linear", "down_ratio")


@frozen
class Hint:
    """How a printed rate compares with ours. `code` is `agrees`, `cut_off`, `rounded_twice`,
    `floored`, `other_formula`, `points_rounded`, or `unexplained`."""

    code: str
    text: Label


def hint(line: Line, indicator: Indicator, rules: ScoringRules, printed: Decimal) -> Hint:
    """Return how the rate that somebody printed for an indicator compares with the computed one.

    It is looked at with as many decimals as it was printed with.
    """
    formula = FORMULAS.get(indicator.formula)
    if line.target is None or line.actual is None or formula is None:
        return _UNEXPLAINED
    ratio = ratio_of(formula, indicator, rules, line.target, line.actual, 1)
    places = _places(printed)
    if ratio is not None:
        if _rounded(ratio, places) == printed:
            return _AGREES
        if _cut(ratio, places) == printed:
            return _CUT_OFF
        if any(
            _rounded(_rounded(ratio, places + more).as_integer_ratio(), places) == printed
            for more in range(1, _FURTHER + 1)
        ):
            return _ROUNDED_TWICE
        if printed == 0 and ratio[0] < 0:
            return _FLOORED
    for name in _OTHERS:
        other = FORMULAS[name]
        ratio = None
        if name != indicator.formula:
            ratio = ratio_of(other, indicator, rules, line.target, line.actual, 1)
        if ratio is not None and _rounded(ratio, places) == printed:
            ko, en = other.text.ko, other.text.en
            return Hint(
                "other_formula",
                Label(
                    f"다른 산식({ko})으로 낸 값과 같습니다",
                    f"it is what another formula gives: {en}",
                ),
            )
    return _UNEXPLAINED


def project_hint(rating: Rating, printed: Decimal) -> Hint:
    """Return how the rate (or total of points) that somebody printed for a project compares."""
    places = _places(printed)
    exact = rating.rate if rating.exact is None else rating.exact
    if exact is not None:
        ratio = exact.as_integer_ratio()
        if _rounded(ratio, places) == printed or printed == rating.score:
            return _AGREES
        if _cut(ratio, places) == printed:
            return _CUT_OFF
    return _POINTS_ROUNDED if printed in set(_of_rounded(rating, places)) else _UNEXPLAINED


def _of_rounded(rating: Rating, places: int) -> Iterator[Decimal]:
    """Yield what comes out where each line is rounded before they are brought together: the
    mean of rounded rates, and the sum of rounded points (배점×평점)."""
    lines = [line for line in rating.lines if line.rate is not None]
    if not lines:
        return
    rates = [line.rate.as_integer_ratio() for line in lines if line.rate is not None]
    weights = [line.weight for line in lines]
    mean = weighted_mean(rates, weights if rating.formula == "weighted_mean" else [1] * len(lines))
    if mean is not None:
        yield _rounded(mean, places)
    if rating.options.get("points"):
        yield sum([line.score for line in lines if line.score is not None], Decimal(0))
    for digits in range(places + 1):
        points = [
            _rounded((above * weight.numerator, below * weight.denominator * 100), digits)
            for (above, below), weight in zip(rates, weights, strict=True)
        ]
        yield sum(points, Decimal(0))


def _places(figure: Decimal) -> int:
    exponent = figure.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _rounded(ratio: Ratio, places: int) -> Decimal:
    return published(half_up(ratio[0] * 10**places, ratio[1]), places)


def _cut(ratio: Ratio, places: int) -> Decimal:
    units = abs(ratio[0]) * 10**places // ratio[1]
    return published(-units if ratio[0] < 0 else units, places)


_AGREES = Hint("agrees", Label("산출값과 같습니다", "it agrees with the computed rate"))
_CUT_OFF = Hint("cut_off", Label("반올림하지 않고 버린 값입니다", "it was cut off, not rounded"))
_ROUNDED_TWICE = Hint("rounded_twice", Label("두 번 반올림한 값입니다", "it was rounded twice"))
_FLOORED = Hint(
    "floored",
    Label("음수인 이행률을 0으로 적은 값입니다", "a rate below zero was printed as 0"),
)
_POINTS_ROUNDED = Hint(
    "points_rounded",
    Label(
        "지표별로 반올림한 뒤에 더하거나 평균한 값입니다",
        "each indicator was rounded before they were brought together",
    ),
)
_UNEXPLAINED = Hint(
    "unexplained",
    Label(
        "산출값과 다르며 사유를 찾지 못했습니다: 목표·실적·산식을 확인하십시오",
        "it differs, and none of the usual habits explains it: look at target, actual and formula",
    ),
)
