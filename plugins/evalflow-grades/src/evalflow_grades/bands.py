"""Absolute grading (절대평가): S from 120 %, A from 110 %, and so on."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar, Literal

import attrs

from evalflow import InvalidInput, Label, Problem
from evalflow.plugins import Grade, Rating
from evalflow_grades.ranking import compared, graded, ranks, ungraded


@attrs.frozen(kw_only=True)
class BandGrade:
    """One grade and the rate from which it is given, in percent; the lowest has none."""

    grade: str
    at_least: Decimal | None = None


def _descend(_: Any, __: Any, bands: Sequence[BandGrade]) -> None:
    bounds = [each.at_least for each in bands]
    floors = [bound for bound in bounds if bound is not None]
    if (
        not bounds
        or bounds[-1] is not None
        or len(floors) != len(bounds) - 1
        or any(one <= two for one, two in itertools.pairwise(floors))
        or len({each.grade for each in bands}) < len(bands)
    ):
        raise InvalidInput(
            [
                Problem(
                    code="bands_do_not_descend",
                    ko="등급은 높은 것부터, 하한은 내려가고, 마지막 등급에는 하한이 없어야 합니다",
                    en="grades come from best to worst, each bound below the one before, and the "
                    "last without a bound",
                    value=", ".join(f"{each.grade} {each.at_least}" for each in bands),
                )
            ]
        )


@attrs.frozen(kw_only=True)
class BandsOptions:
    """The grades from best to worst; the `printed` rate is compared, or the `exact` one."""

    bands: tuple[BandGrade, ...] = attrs.field(validator=_descend)
    compare: Literal["printed", "exact"] = "printed"


class Bands:
    """The grader `bands`: each project by itself, the first bound that it reaches."""

    name: ClassVar[str] = "bands"
    version: ClassVar[str] = "1"
    Options = BandsOptions

    def __init__(self, options: BandsOptions) -> None:
        """Take the bounds."""
        self.options = options

    def grade(self, cohort: str, ratings: Sequence[Rating]) -> Sequence[Grade]:
        """Return a grade for each rating, in their order, which does not matter."""
        placed = ranks(ratings, (self.options.compare,))
        return [self._one(rating, cohort, placed) for rating in ratings]

    def _one(self, rating: Rating, cohort: str, placed: Any) -> Grade:
        value = compared(rating, self.options.compare)
        if value is None:
            return ungraded(rating, cohort, len(placed))
        reached = next(
            each
            for each in self.options.bands
            if each.at_least is None or value >= Fraction(each.at_least)
        )
        rank, _ = placed[rating.project]
        if reached.at_least is None:
            lowest = self.options.bands[-2].at_least if len(self.options.bands) > 1 else None
            reason = (
                Label("등급이 하나뿐임", "there is one grade")
                if lowest is None
                else Label(f"이행률 {lowest}% 미만", f"below {lowest} %")
            )
        else:
            reason = Label(f"이행률 {reached.at_least}% 이상", f"{reached.at_least} % or more")
        return graded(rating, cohort, grade=reached.grade, rank=rank, of=len(placed), reason=reason)
