"""The built-in scorer `rates`: rates by formula, bands, and the project's mean (D1-D3).

How a line comes to its status, under the plan's `basis`:

| the period's target and actual | `cumulative` | `period` |
|---|---|---|
| due, actual given | rated on everything due so far | rated |
| due, actual absent, now or earlier | missing | missing (only now) |
| due, actual said to be not due | not due | not due |
| no target due now, but earlier | rated on everything due so far | not due |
| no target due so far | not due | not due |

A rate that the formula does not know (see `formulas`) leaves the line undefined. A reviewer's
override gives any of them a rate. Rates are not clamped, save by the option `rate_floor`; scores
are, by cap and floor.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar, NamedTuple

from evalflow.errors import InvalidInput, Problem, did_you_mean, invalid, nearest
from evalflow.model import (
    Actual,
    Indicator,
    Line,
    NotDue,
    Override,
    Rating,
    ScoringRules,
    Subject,
)
from evalflow.model.values import frozen
from evalflow.scoring.accumulation import Amounts, amounts, due_later, shown
from evalflow.scoring.bands import band_of
from evalflow.scoring.formulas import FORMULAS, Formula, Ratio
from evalflow.scoring.kernel import EXACT, half_up, published, total

_UNSETTLED = Decimal("-Infinity")
"""Below every threshold: the whole plan's target is not reached, or can still be missed.

Once reached it counts as settled after the last due period; before, only where more is better and
what is done stays done (`sum`, `last`)."""


class _Rated(NamedTuple):
    """A line with what the project's mean and band need of it, unrounded.

    `whole` is its published rate against the whole plan's target; `_UNSETTLED` while that can
    still be missed; None where the plan never sets a target.
    """

    line: Line
    ratio: Ratio | None
    score: Ratio | None
    whole: Decimal | None


@frozen(kw_only=True)
class RatesOptions:
    """What a plan may say under `scoring.options` for the scorer `rates`.

    Attributes:
        rate_floor: no computed rate is below this (percent); None: rates are never bounded. What
            a reviewer sets is not touched.
        points: the score is a total of points (배점×평점): each indicator's weight is its 배점,
            its rate within cap and floor its 평점 in percent; the project's score is their sum.
    """

    rate_floor: Decimal | None = None
    points: bool = False


_NO_OPTIONS = RatesOptions()


class Rates:
    """The scorer `rates`. It holds nothing but the rules, and can be shared by threads."""

    name: ClassVar[str] = "rates"
    version: ClassVar[str] = "1"
    Options: ClassVar[type[RatesOptions]] = RatesOptions

    def __init__(self, options: RatesOptions = _NO_OPTIONS) -> None:
        """Take the plan's options."""
        self._options = options
        self._terms: _Terms | None = None

    def score(self, subject: Subject) -> Rating:
        """Return the rating of one project up to one period.

        Raises:
            InvalidInput: a figure cannot be reckoned with exactly (NaN, infinity, more than a
                hundred digits), an override lacks its reason or names no indicator of the
                project, an indicator names an unknown formula or accumulation.
        """
        terms = self._terms  # a plan's revision has one set of rules for all of its projects
        if terms is None or terms.rules is not subject.rules:
            terms = self._terms = _Terms(subject.rules, self._options)
        if subject.overrides:
            _check_overrides(subject)
        rated = []
        try:
            for indicator in subject.definition.indicators:
                rated.append(_line(subject, indicator, terms))
        except (ArithmeticError, ValueError) as error:
            raise _not_exact(subject, indicator) from error
        return _rating(subject, rated, self._options)


# --------------------------------------------------------------------------- one indicator


class _Terms:
    """What all lines under the same rules have in common, looked up once."""

    __slots__ = (
        *("bands", "by_whole", "cap", "cumulative", "floor", "places", "points", "rate_floor"),
        "rules",
    )

    def __init__(self, rules: ScoringRules, options: RatesOptions) -> None:
        self.rules = rules
        self.rate_floor, self.points = options.rate_floor, options.points
        self.places = rules.places
        self.bands = rules.bands
        self.cap, self.floor = rules.cap, rules.floor
        self.cumulative = rules.basis == "cumulative"
        self.by_whole = any(band.against == "whole" for band in rules.bands)


_NO_FIGURES: Mapping[str, Actual] = {}
_CAN_FALL = ("average", "ratio")  # what is reached by them can be missed later


def _line(subject: Subject, indicator: Indicator, terms: _Terms) -> _Rated:
    name, rules, places, period = indicator.id, terms.rules, terms.places, subject.period
    formula = FORMULAS.get(indicator.formula)
    if formula is None:
        raise _unknown_formula(subject, indicator)
    figure = subject.actuals.get(period, _NO_FIGURES).get(name)
    counted = subject.periods if terms.cumulative else (period,)
    so_far = amounts(indicator, counted, subject.actuals)
    target, actual, over = so_far
    excused = False
    if isinstance(figure, NotDue):
        figure = None
        due = indicator.targets.get(period)
        if due is not None and not isinstance(due, NotDue):
            target, actual, excused = None, None, True
    ratio = rate = computed = reason = None
    if target is None:
        status = "not_due"
    elif actual is None:
        status = "missing"
    else:
        ratio = ratio_of(formula, indicator, rules, target, actual, over)
        if ratio is None:
            status = "undefined"
        else:
            status = "rated"
            if terms.rate_floor is not None:
                ratio = _clamped(ratio, None, terms.rate_floor)
            rate = _published(ratio, places)
        if over != 1:
            actual = shown(actual, over)
    if target is not None and over != 1:
        target = shown(target, over)

    override = subject.overrides.get(name) if subject.overrides else None
    if override is not None:
        computed, reason, status = rate, override.reason, "rated"
        rate = _published(override.rate.as_integer_ratio(), places)
        ratio = rate.as_integer_ratio()  # what the reviewer set is what the line shows

    whole: Decimal | None = _UNSETTLED
    if terms.by_whole:
        later = due_later(indicator, subject.periods)
        if later and (indicator.direction != "up" or indicator.accumulation in _CAN_FALL):
            pass  # fewer accidents, an average or a level kept can still go wrong
        elif override is not None:
            whole = _UNSETTLED if later else rate
        elif terms.cumulative and not later and rate is not None:
            whole = rate
        elif not excused:
            whole = _whole(subject, formula, indicator, later, so_far)

    worth, score, band, verdict = ratio, rate, None, None
    if ratio is not None and rate is not None:
        cap = terms.cap if indicator.cap is None else indicator.cap
        if cap is not None or terms.floor is not None:
            worth = _clamped(ratio, cap, terms.floor)
            score = _published(worth, places)
        if terms.points:
            score = _published(_points(worth or ratio, indicator.weight), places)
        reached = band_of(terms.bands, rate, whole)
        if reached is not None:
            band, verdict = reached.name, reached.verdict
    line = Line(
        indicator=name,
        formula=indicator.formula,
        status=status,
        target=target,
        actual=actual,
        figure=figure,
        rate=rate,
        computed=computed,
        score=score,
        band=band,
        verdict=verdict,
        weight=indicator.weight,
        reason=reason,
    )
    return _Rated(line, ratio, worth, whole)


def _published(ratio: Ratio, places: int) -> Decimal:
    return published(half_up(ratio[0] * 10**places, ratio[1]), places)


def _unknown_formula(subject: Subject, indicator: Indicator) -> InvalidInput:
    name, known = indicator.formula, ", ".join(FORMULAS)
    ko, en = did_you_mean(
        f"산식 '{name}'이(가) 없습니다",
        f"no formula '{name}'",
        nearest(name, FORMULAS),
        (f": {known}", f": {known}"),
    )
    path = f"{subject.project}.{indicator.id}.formula"
    return invalid("unknown_formula", path=path, value=name, ko=ko, en=en)


def _not_exact(subject: Subject, indicator: Indicator) -> InvalidInput:
    return invalid(
        "figure_not_exact",
        path=f"{subject.project}.{indicator.id}",
        ko="정확히 계산할 수 없는 수가 있습니다 (무한대, 수 아님, 또는 너무 긴 수).",
        en="a figure is infinite, not a number, or too long to calculate with exactly",
    )


def ratio_of(
    formula: Formula,
    indicator: Indicator,
    rules: ScoringRules,
    target: Decimal,
    actual: Decimal,
    count: int,
) -> Ratio | None:
    """Return the exact percentage of `actual` against `target`, both `count` times too large."""
    actual_above, actual_below = actual.as_integer_ratio()
    target_above, target_below = target.as_integer_ratio()
    if actual_below != target_below:
        actual_above, target_above = actual_above * target_below, target_above * actual_below
        scale = actual_below * target_below
    else:
        scale = actual_below
    start = 0
    if formula.starts:
        if indicator.baseline is None:
            return None
        start_above, start_below = indicator.baseline.as_integer_ratio()
        start = start_above * scale * count
        actual_above, target_above = actual_above * start_below, target_above * start_below
    return formula.percent(
        actual_above,
        target_above,
        start=start,
        direction=indicator.direction,
        zero_target=indicator.zero_target or rules.zero_target,
    )


def _whole(
    subject: Subject,
    formula: Formula,
    indicator: Indicator,
    later: Sequence[Decimal],
    so_far: Amounts,
) -> Decimal | None:
    """Return the published rate against the whole plan's target: what is due so far and what
    falls due `later`. None where the plan never sets a target."""
    rules = subject.rules
    if rules.basis != "cumulative":
        so_far = amounts(indicator, subject.periods, subject.actuals)
    target = so_far.target
    if target is None or so_far.actual is None:
        planned = any(not isinstance(each, NotDue) for each in indicator.targets.values())
        return _UNSETTLED if planned else None
    if later and indicator.accumulation == "last":
        target = later[-1]
    else:
        for each in later:
            target = EXACT.add(target, each)
    ratio = ratio_of(formula, indicator, rules, target, so_far.actual, so_far.over)
    return _UNSETTLED if ratio is None else _published(ratio, rules.places)


def _points(worth: Ratio, weight: Fraction) -> Ratio:
    """Return the points of a line: 배점 × 평점 ÷ 100."""
    return worth[0] * weight.numerator, worth[1] * weight.denominator * 100


def _clamped(ratio: Ratio, cap: Decimal | None, floor: Decimal | None) -> Ratio:
    """Return the ratio, or the bound that it passes. Scores only: a rate is never clamped."""
    above, below = ratio
    if cap is not None:
        most_above, most_below = cap.as_integer_ratio()
        if above * most_below > most_above * below:
            return most_above, most_below
    if floor is not None:
        least_above, least_below = floor.as_integer_ratio()
        if above * least_below < least_above * below:
            return least_above, least_below
    return ratio


# --------------------------------------------------------------------------- the project


def _rating(subject: Subject, rated: Sequence[_Rated], options: RatesOptions) -> Rating:
    rules = subject.rules
    weighted = rules.project_mean == "weighted"
    statuses = set()
    ratios, worths, weights = [], [], []
    least: Decimal | None = None
    clamped = False
    for line, ratio, worth, whole in rated:
        statuses.add(line.status)
        if ratio is not None and worth is not None:
            ratios.append(ratio)
            worths.append(worth)
            weights.append(line.weight if weighted else 1)
            clamped = clamped or worth is not ratio
        if whole is not None and (least is None or whole < least):
            least = whole

    rate = score = exact = band = verdict = mean = None
    if "missing" in statuses:
        status = "missing"
    elif "undefined" in statuses:
        status = "undefined"
    elif not ratios:
        status, verdict = "not_due", "on_track"
    else:
        mean = weighted_mean(ratios, weights)
        status = "undefined" if mean is None else "rated"
    if mean is not None:
        rate = score = _published(mean, rules.places)
        shown_above, shown_below = rate.as_integer_ratio()
        if shown_above * mean[1] != mean[0] * shown_below:
            exact = Fraction(*mean)
        if clamped:
            worth = weighted_mean(worths, weights)
            assert worth is not None
            score = _published(worth, rules.places)
        if options.points:
            parts = [
                _points(each.score, each.line.weight) for each in rated if each.score is not None
            ]
            score = _published(total(parts), rules.places)
        reached = band_of(rules.bands, rate, least)
        if reached is not None:
            band, verdict = reached.name, reached.verdict
    return Rating(
        project=subject.project,
        period=subject.period,
        lines=tuple([each[0] for each in rated]),
        status=status,
        rate=rate,
        score=score,
        band=band,
        verdict=verdict,
        formula="weighted_mean" if weighted else "plain_mean",
        basis=rules.basis,
        scorer=Rates.name,
        version=Rates.version,
        revision=subject.revision,
        options=_said(options),
        exact=exact,
    )


def _said(options: RatesOptions) -> dict[str, Any]:
    """Return the options that were given, as they are stored with the rating."""
    said: dict[str, Any] = {}
    if options.rate_floor is not None:
        said["rate_floor"] = format(options.rate_floor, "f")
    if options.points:
        said["points"] = True
    return said


def weighted_mean(ratios: Sequence[Ratio], weights: Sequence[Fraction | int]) -> Ratio | None:
    """Return the exact weighted mean of the ratios; None where the weights add up to nothing.

    Only the relation of the weights matters: 1/3 each, 1 each and 20 each are the same.
    """
    first = weights[0]
    if weights.count(first) == len(weights):  # as where a plan names none
        above, below = total(ratios)
        return (above, below * len(ratios)) if first else None
    shares = [(weight.numerator, weight.denominator) for weight in weights]
    whole_above, whole_below = total(shares)
    if not whole_above:
        return None
    above, below = total(
        [(a * part, b * of) for (a, b), (part, of) in zip(ratios, shares, strict=True)]
    )
    return above * whole_below, below * whole_above


def _check_overrides(subject: Subject) -> None:
    """Raise for overrides without a written reason (D8) or for no indicator of the project."""
    known = {indicator.id for indicator in subject.definition.indicators}
    problems = [
        problem
        for name, override in subject.overrides.items()
        for problem in _override_problems(subject, name, override, known)
    ]
    if problems:
        raise InvalidInput(problems)


def _override_problems(
    subject: Subject, name: str, override: Override, known: set[str]
) -> Iterable[Problem]:
    place: dict[str, Any] = {"path": f"{subject.project}.overrides.{name}", "value": name}
    if name not in known:
        yield Problem(
            code="unknown_indicator",
            ko=f"성과지표 '{name}'은(는) 이 사업에 없습니다.",
            en=f"the project has no indicator '{name}'",
            **place,
        )
    if not override.reason.strip():
        yield Problem(
            code="reason_missing",
            ko=f"'{name}'의 이행률을 고치는 사유가 없습니다.",
            en=f"the override of '{name}' has no written reason",
            **place,
        )
