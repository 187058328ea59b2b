"""Adding up periods: the target so far and the actual so far of one indicator.

A period is **due** where the plan sets a target for it and nobody said "not due" (시기미도래)
of its actual. Targets count only where due. Then, by the indicator's accumulation:

- `sum`: targets of the due periods; all actuals given so far, also early ones.
- `last`: the target of the latest due period; the latest actual since then.
- `average`: targets and actuals of the due periods, each divided by their number.

A due period without an actual leaves the sum and the average unknown, and the last value where
nothing came after it: the line is then *missing*, never zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from evalflow.errors import InvalidInput, invalid
from evalflow.model import Figure, Indicator, NotDue
from evalflow.scoring.formulas import ACCUMULATIONS
from evalflow.scoring.kernel import EXACT, half_up

_ZERO = Decimal(0)
_AVERAGE_PLACES = 6


class Amounts(NamedTuple):
    """Target and actual added up, not yet divided by `over`.

    `over` is 1 but for averages: then the number of periods. `target` is None where nothing
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


_NOTHING_DUE = Amounts(None, None)
_NO_ACTUALS: Mapping[str, Figure] = {}


def amounts(
    indicator: Indicator,
    periods: Sequence[str],
    actuals: Mapping[str, Mapping[str, Figure]],
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
    if kind not in ACCUMULATIONS:
        raise _unknown(indicator)
    adds_early = kind == "sum"
    add = EXACT.add
    planned, done, count, missing = _ZERO, _ZERO, 0, False
    for period in periods:
        target = targets.get(period)
        actual = actuals.get(period, _NO_ACTUALS).get(name)
        if target is None or isinstance(target, NotDue):
            if adds_early and actual is not None and not isinstance(actual, NotDue):
                done = add(done, actual)
        elif actual is None:
            missing = True
            count += 1
            planned = add(planned, target)
        elif not isinstance(actual, NotDue):
            count += 1
            planned = add(planned, target)
            done = add(done, actual)
    if not count:
        return _NOTHING_DUE
    return Amounts(planned, None if missing else done, 1 if adds_early else count)


def _last(
    targets: Mapping[str, Figure],
    name: str,
    periods: Sequence[str],
    actuals: Mapping[str, Mapping[str, Figure]],
) -> Amounts:
    latest: Decimal | None = None
    for period in reversed(periods):
        target = targets.get(period)
        actual = actuals.get(period, _NO_ACTUALS).get(name)
        excused = isinstance(actual, NotDue)
        if latest is None and actual is not None and not isinstance(actual, NotDue):
            latest = actual
        if target is None or isinstance(target, NotDue) or excused:
            continue
        return Amounts(EXACT.plus(target), None if latest is None else EXACT.plus(latest))
    return _NOTHING_DUE


def _unknown(indicator: Indicator) -> InvalidInput:
    known = ", ".join(ACCUMULATIONS)
    return invalid(
        "unknown_accumulation",
        path=f"{indicator.id}.accumulation",
        value=indicator.accumulation,
        ko=f"누계 방식 '{indicator.accumulation}'이(가) 없습니다: {known}",
        en=f"no accumulation '{indicator.accumulation}': {known}",
    )


def due_later(indicator: Indicator, periods: Sequence[str]) -> list[Decimal]:
    """Return the targets due in the plan's periods that are not among `periods`, in order.

    Period names of one plan sort as time does (`2016-Q1` < `2016-Q2`, `2016-03` < `2016-10`).
    """
    later = []
    for period, target in indicator.targets.items():
        if period not in periods and not isinstance(target, NotDue):
            later.append((period, target))
    if len(later) > 1:
        later.sort()
    return [target for _, target in later]
