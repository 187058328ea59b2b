"""The arithmetic of rates in whole numbers: exact, and rounded half-up once at the end.

This is the one home of the rounding rule. `half_up` rounds one ratio; `rates_tenths` rates
millions of figures in plain Python; `mean_half_up` rounds the mean of many ratios. A published
figure is an integer of 10^-places here (tenths where places is 1) and a `Decimal` outside.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from functools import lru_cache
from math import gcd

from evalflow.scoring.formulas import FORMULAS, Ratio

EXACT = Context(prec=120, Emin=-120, Emax=120, traps=[Inexact, InvalidOperation, Overflow])
"""Decimal arithmetic that is exact or raises, whatever the caller's context is. 120 digits are far
more than a plan can write, and few enough that no figure (1E+999999) stalls the arithmetic."""


def half_up(numerator: int, denominator: int) -> int:
    """Return the nearest whole number to the ratio; a half goes away from zero.

    This is `ROUND_HALF_UP` (반올림): 84.5 gives 85 and −84.5 gives −85. Python's
    `round` would give 84. `denominator` is positive.
    """
    if numerator < 0:
        return -((denominator // 2 - numerator) // denominator)
    return (numerator + denominator // 2) // denominator


@lru_cache(maxsize=65_536)
def published(units: int, places: int) -> Decimal:
    """Return `units` of 10^-places as a `Decimal` with that many places: (850, 1) is 85.0."""
    return EXACT.scaleb(Decimal(units), -places)


def rates_tenths(
    actuals: Sequence[int],
    targets: Sequence[int],
    *,
    formula: str = "up",
    places: int = 1,
) -> list[int | None]:
    """Return the published rates of many figures in units of 10^-places (tenths: 850 is 85.0).

    `actuals[i]` and `targets[i]` are on one scale of their own: 84.5 against 100 is 845 against
    1000. None stands where the formula knows no rate (zero target and the like). For `up` and
    `down_linear`, by far the most frequent, the usual case is written out in place; the rest
    is asked of the formula, one by one. `met_or_not` is read as more-is-better, `baseline` as
    starting from zero.

    Raises:
        KeyError: no formula of this name.
        ValueError: the two are not equally long.
    """
    found = FORMULAS[formula]

    def one(actual: int, target: int) -> int | None:
        ratio = found.percent(actual, target)
        return None if ratio is None else half_up(ratio[0] * unit, ratio[1])

    unit = 10**places
    pairs = zip(actuals, targets, strict=True)
    whole = 100 * unit
    if formula == "up":  # the brackets are half_up of 100·a/t, in place: a call costs as much
        return [(whole * a + (t >> 1)) // t if t > 0 <= a else one(a, t) for a, t in pairs]
    if formula == "down_linear":
        return [
            (whole * (t + t - a) + (t >> 1)) // t if t > 0 and a <= t + t else one(a, t)
            for a, t in pairs
        ]
    return [one(a, t) for a, t in pairs]


def mean_half_up(ratios: Iterable[Ratio], count: int, places: int) -> int:
    """Return the sum of the ratios / `count`, half-up, in units of 10^-places.

    The result is that of exact fractions. Adding thousands of fractions with denominators of
    their own would make huge numbers, so they are first added from below with 40 digits to
    spare; only where the few parts thus cut off could tip the last digit is the sum worked
    out in full.
    """
    kept = list(ratios)
    unit = 10 ** (places + 40)
    below, cut = 0, 0
    for numerator, denominator in kept:
        whole, rest = divmod(numerator * unit, denominator)
        below += whole
        cut += rest != 0
    scale = count * 10**40
    least, most = half_up(below, scale), half_up(below + cut, scale)
    if least == most:
        return least
    numerator, denominator = total(kept)
    return half_up(numerator * 10**places, denominator * count)


def total(ratios: Sequence[Ratio]) -> Ratio:
    """Return the exact sum; halves are added separately, which keeps the numbers short."""
    if len(ratios) <= 4:
        numerator, denominator = 0, 1
        for above, below in ratios:
            if below == denominator:
                numerator += above
            else:
                shared = gcd(denominator, below)
                numerator = numerator * (below // shared) + above * (denominator // shared)
                denominator *= below // shared
        return numerator, denominator
    middle = len(ratios) // 2
    return total((total(ratios[:middle]), total(ratios[middle:])))
