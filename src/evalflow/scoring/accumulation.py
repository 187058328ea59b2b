"""Adding up periods: the target so far and the actual so far of one indicator.

A period is **due** where the plan sets a target for it and nobody said "not due" (시기미도래)
of its actual. Targets count only where due. Then, by the indicator's accumulation:

- `sum`: targets of the due periods; all actuals given so far, also early ones.
- `last`: the target of the latest due period; the latest actual since then.
- `average`: targets and actuals of the due periods, each divided by their number.
- `ratio`: the target of the latest due period; the sum of all numerators given so far over the
  sum of their denominators (times 100 where the unit is `%`). A mean of shares is another figure.

A due period without an actual leaves the sum, the average and the ratio unknown, and the last
value where nothing came after it: the line is then *missing*, never zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from evalflow.errors import InvalidInput, invalid
from evalflow.model import Actual, Figure, Indicator, NotDue, Share
from evalflow.scoring.formulas import ACCUMULATIONS
from evalflow.scoring.kernel import EXACT, half_up

_ZERO = Decimal(0)
_AVERAGE_PLACES = 6


class Amounts(NamedTuple):
    """Target and actual added up, not yet divided by `over`.

    `over` is 1 but for averages, where it is the number of periods, and for ratios, where it is
    the sum of denominators, made whole. `target` is None where nothing
    is due, `actual` where one is missing.
    """

    target: Decimal | None
    actual: Decimal | None
    over: int = 1


def shown(total: Decimal, count: int) -> Decimal:
    """Return the average as people see it: at most six places, half-up.

    For showing only: rates are worked out from the undivided sums.
    """
    above, below = total.as_integer_ratio()
    units = half_up(above * 10**_AVERAGE_PLACES, below * count)
    average = EXACT.scaleb(Decimal(units), -_AVERAGE_PLACES)
    return EXACT.create_decimal(format(average, "f").rstrip("0").rstrip("."))


def sum_of(figures: Sequence[Decimal]) -> Decimal:
    """Return the exact sum."""
    total = _ZERO
    for figure in figures:
        total = EXACT.add(total, figure)
    return total


_NOTHING_DUE = Amounts(None, None)
_NO_ACTUALS: Mapping[str, Actual] = {}


def amounts(
    indicator: Indicator,
    periods: Sequence[str],
    actuals: Mapping[str, Mapping[str, Actual]],
) -> Amounts:
    """Return target and actual of the indicator over `periods`, which are in order.

    Raises:
        InvalidInput: no accumulation of that name.
        decimal.DecimalException: a figure too long to be added exactly (see `kernel.EXACT`).
    """
    targets, name = indicator.targets, indicator.id
    kind = indicator.accumulation
    if kind == "last":
        return _last(targets, name, periods, actuals)
    if kind == "ratio":
        return _ratio(indicator, periods, actuals)
    if kind not in ACCUMULATIONS:
        raise _unknown(indicator)
    adds_early = kind == "sum"
    add = EXACT.add
    planned, done, count, missing = _ZERO, _ZERO, 0, False
    for period in periods:
        target = targets.get(period)
        actual = actuals.get(period, _NO_ACTUALS).get(name)
        if target is None or isinstance(target, NotDue):
            if adds_early and isinstance(actual, Decimal):
                done = add(done, actual)
        elif actual is None:
            missing = True
            count += 1
            planned = add(planned, target)
        elif isinstance(actual, Decimal):
            count += 1
            planned = add(planned, target)
            done = add(done, actual)
        elif isinstance(actual, Share):
            raise ValueError("a share, where the accumulation is not 'ratio'")
    if not count:
        return _NOTHING_DUE
    return Amounts(planned, None if missing else done, 1 if adds_early else count)


def _last(
    targets: Mapping[str, Figure],
    name: str,
    periods: Sequence[str],
    actuals: Mapping[str, Mapping[str, Actual]],
) -> Amounts:
    latest: Decimal | None = None
    for period in reversed(periods):
        target = targets.get(period)
        actual = actuals.get(period, _NO_ACTUALS).get(name)
        excused = isinstance(actual, NotDue)
        if latest is None and isinstance(actual, Decimal):
            latest = actual
        if target is None or isinstance(target, NotDue) or excused:
            continue
        return Amounts(EXACT.plus(target), None if latest is None else EXACT.plus(latest))
    return _NOTHING_DUE


def _ratio(
    indicator: Indicator,
    periods: Sequence[str],
    actuals: Mapping[str, Mapping[str, Actual]],
) -> Amounts:
    """Return the target and the share so far, both times the sum of denominators."""
    latest: Decimal | None = None
    above, below, missing = _ZERO, _ZERO, False
    for period in periods:
        target = indicator.targets.get(period)
        actual = actuals.get(period, _NO_ACTUALS).get(indicator.id)
        if isinstance(target, Decimal) and not isinstance(actual, NotDue):
            latest = target
            missing = missing or actual is None
        if isinstance(actual, Share):
            above, below = EXACT.add(above, actual.numerator), EXACT.add(below, actual.denominator)
        elif isinstance(actual, Decimal):
            raise ValueError("a lone figure, where the accumulation is 'ratio'")
    if latest is None:
        return _NOTHING_DUE
    if missing or below <= 0:
        return Amounts(EXACT.plus(latest), None)
    exponent = below.as_tuple().exponent
    scale = Decimal(10) ** max(0, -exponent if isinstance(exponent, int) else 0)
    over = int(EXACT.multiply(below, scale))
    percent = 100 if indicator.unit.strip() in ("%", "％") else 1
    done = EXACT.multiply(EXACT.multiply(above, scale), Decimal(percent))
    return Amounts(EXACT.multiply(latest, Decimal(over)), done, over)


def _unknown(indicator: Indicator) -> InvalidInput:
    known = ", ".join(ACCUMULATIONS)
    return invalid(
        "unknown_accumulation",
        path=f"{indicator.id}.accumulation",
        value=indicator.accumulation,
        ko=f"누계 방식 '{indicator.accumulation}'이(가) 없습니다: {known}",
        en=f"no accumulation '{indicator.accumulation}': {known}",
    )


def due_later(indicator: Indicator, periods: Sequence[str]) -> Sequence[Decimal]:
    """Return the targets due in the plan's periods that are not among `periods`, in order.

    Period names of one plan sort as time does (`2016-Q1` < `2016-Q2`, `2016-03` < `2016-10`).
    """
    later = []
    for period, target in indicator.targets.items():
        if period not in periods and not isinstance(target, NotDue):
            later.append((period, target))
    if not later:
        return _NONE
    later.sort()
    return [target for _, target in later]


_NONE: Sequence[Decimal] = ()
