"""Who stands before whom: exact, and the same whatever the order of asking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from evalflow import Label
from evalflow.plugins import Grade, Rating


def compared(rating: Rating, by: str) -> Fraction | None:
    """Return what is compared: the `printed` rate, the `exact` one before rounding, the `score`,
    the `lowest` rate of its indicators, or how many of them are at 100 % (`met`)."""
    if rating.rate is None:
        return None
    rates = [Fraction(line.rate) for line in rating.lines if line.rate is not None]
    if by == "exact" and rating.exact is not None:
        return rating.exact
    if by == "score" and rating.score is not None:
        return Fraction(rating.score)
    if by == "lowest" and rates:
        return min(rates)
    if by == "met":
        return Fraction(sum(rate >= 100 for rate in rates))
    return Fraction(rating.rate)


def ranks(ratings: Sequence[Rating], by: Sequence[str]) -> Mapping[str, tuple[int, int]]:
    """Return (rank, how many share it) of every project that has a rate: 1 for the best. They are
    compared by the first of `by`, equals by the next; who is equal in all of it shares the better
    rank, as in a race."""
    values = {each.project: _all_compared(each, by) for each in ratings}
    ordered = sorted((value for value in values.values() if value is not None), reverse=True)
    first: dict[tuple[Fraction, ...], int] = {}
    for place, value in enumerate(ordered, start=1):
        first.setdefault(value, place)
    return {
        project: (first[value], ordered.count(value))
        for project, value in values.items()
        if value is not None
    }


def _all_compared(rating: Rating, by: Sequence[str]) -> tuple[Fraction, ...] | None:
    """Return what is compared, one after the other; None of a project without a rate."""
    found = tuple([value for each in by if (value := compared(rating, each)) is not None])
    return found or None


def graded(
    rating: Rating,
    cohort: str,
    *,
    grade: str | None,
    rank: int | None,
    of: int,
    reason: Label,
) -> Grade:
    """Return the grade of one rating."""
    rate: Decimal | None = rating.rate
    return Grade(
        project=rating.project,
        period=rating.period,
        cohort=cohort,
        grade=grade,
        rank=rank,
        of=of,
        rate=rate,
        reason=reason,
    )


def ungraded(rating: Rating, cohort: str, of: int) -> Grade:
    """Return the grade of a rating without a rate: none, and why."""
    words = {
        "missing": Label("실적 미입력으로 등급 없음", "no grade: a figure is missing"),
        "not_due": Label("시기미도래로 등급이 없음", "no grade: nothing is due yet"),
    }
    fallback = Label("이행률이 정해지지 않아 등급이 없음", "no grade: its rate is undefined")
    reason = words.get(rating.status, fallback)
    return graded(rating, cohort, grade=None, rank=None, of=of, reason=reason)
