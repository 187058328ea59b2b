"""Quota grading (상대평가): so many percent S, so many A, and so on.

Offices grade like this: 경기도 S 20 / A 30 / B 40 / C 10 %, 서울시 S 20 / A 50 / B 30 %. What they
seldom write down is an option here: how a percentage becomes a number of projects, and what
happens to equal rates at a border.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar, Literal

import attrs

from evalflow import InvalidInput, Label, Problem
from evalflow.plugins import Grade, Rating
from evalflow_grades.ranking import graded, ranks, ungraded


@attrs.frozen(kw_only=True)
class Share:
    """One grade and its share of the cohort, in percent."""

    grade: str
    share: Decimal


def _add_up(_: Any, __: Any, shares: Sequence[Share]) -> None:
    problems = []
    total = sum((each.share for each in shares), Decimal(0))
    names = [each.grade for each in shares]
    if total != 100 or any(each.share < 0 for each in shares):
        problems.append(
            Problem(
                code="shares_do_not_add_up",
                ko=f"등급별 비율은 0 이상이고 더해서 100%여야 합니다 (현재 {total}%)",
                en=f"the shares must be 0 or more and add up to 100 %, not {total} %",
                value=str(total),
            )
        )
    if len(set(names)) < len(names):
        problems.append(
            Problem(
                code="duplicate_grade",
                ko=f"같은 등급이 두 번 있습니다: {', '.join(names)}",
                en=f"a grade is given twice: {', '.join(names)}",
                value=", ".join(names),
            )
        )
    if problems:
        raise InvalidInput(problems)


@attrs.frozen(kw_only=True)
class QuotaOptions:
    """How a quota is kept.

    Attributes:
        shares: the grades from best to worst, each with its percentage; they add up to 100.
        ties: equal rates at a border all get the better grade (`up`) or the worse (`down`).
        rounding: how percentages become whole projects: `largest_remainder` (each its whole
            part, what is left to the largest remainders, the better grade first), or `down` (the
            better grades get only whole parts, the rest falls to the worst).
        compare: the `printed` rate, or the `exact` one before rounding.
        then: what tells equal rates apart, in this order: the `exact` rate before rounding, the
            `score`, the `lowest` rate of an indicator, how many indicators are at 100 % (`met`).
            What is equal in all of it shares its rank.
        least: a cohort with fewer rated projects is not graded.
    """

    shares: tuple[Share, ...] = attrs.field(validator=_add_up)
    ties: Literal["up", "down"] = "up"
    rounding: Literal["largest_remainder", "down"] = "largest_remainder"
    compare: Literal["printed", "exact"] = "printed"
    then: tuple[Literal["exact", "score", "lowest", "met"], ...] = ()
    least: int = 1


class Quota:
    """The grader `quota`: ranks a cohort and deals out the grades by their shares."""

    name: ClassVar[str] = "quota"
    version: ClassVar[str] = "1"
    Options = QuotaOptions

    def __init__(self, options: QuotaOptions) -> None:
        """Take the shares and the rules for ties and rounding."""
        self.options = options

    def seats(self, of: int) -> tuple[int, ...]:
        """Return how many projects of a cohort of `of` each grade is for; they add up to `of`."""
        exact = [Fraction(each.share) * of / 100 for each in self.options.shares]
        whole = [int(each) for each in exact]
        left = of - sum(whole)
        if self.options.rounding == "down":
            whole[-1] += left
            return tuple(whole)
        order = sorted(range(len(exact)), key=lambda place: (whole[place] - exact[place], place))
        for place in order[:left]:
            whole[place] += 1
        return tuple(whole)

    def grade(self, cohort: str, ratings: Sequence[Rating]) -> Sequence[Grade]:
        """Return a grade for each rating, in their order, which does not matter."""
        placed = ranks(ratings, (self.options.compare, *self.options.then))
        of = len(placed)
        seats = self.seats(of)
        return [
            self._one(rating, cohort, placed.get(rating.project), of, seats) for rating in ratings
        ]

    def _one(
        self,
        rating: Rating,
        cohort: str,
        placed: tuple[int, int] | None,
        of: int,
        seats: tuple[int, ...],
    ) -> Grade:
        if placed is None:
            return ungraded(rating, cohort, of)
        rank, sharing = placed
        if of < self.options.least:
            reason = Label(
                f"비교 대상 {of}개로 {self.options.least}개에 못 미쳐 등급이 없음",
                f"no grade: {of} to compare, fewer than {self.options.least}",
            )
            return graded(rating, cohort, grade=None, rank=rank, of=of, reason=reason)
        counts = rank if self.options.ties == "up" else rank + sharing - 1
        place = _grade_of(counts, seats)
        share = self.options.shares[place]
        # Equal rates are split where the border between two grades runs through them.
        split = _grade_of(rank, seats) != _grade_of(rank + sharing - 1, seats)
        reason = self._reason(rank, sharing, of, share, seats[place], split=split)
        found = graded(rating, cohort, grade=share.grade, rank=rank, of=of, reason=reason)
        quota = {each.grade: n for each, n in zip(self.options.shares, seats, strict=True)}
        return attrs.evolve(found, quota=quota)

    def _reason(
        self, rank: int, sharing: int, of: int, share: Share, seats: int, *, split: bool
    ) -> Label:
        joint = sharing > 1
        ko = f"{of}개 사업 중 {'공동 ' if joint else ''}{rank}위, {share.grade}등급"
        ko += f"({share.share}%, 정원 {seats}개)"
        en = f"{'joint ' if joint else ''}rank {rank} of {of}; {share.grade} is {share.share} %"
        en += f", {seats} places"
        if split:
            better = self.options.ties == "up"
            ko += f"; 경계 동점 {sharing}개 사업에 {'상위' if better else '하위'} 등급 부여"
            en += f"; {sharing} are equal at the border and get the "
            en += f"{'better' if better else 'worse'} grade"
        return Label(ko, en)


def _grade_of(rank: int, seats: Sequence[int]) -> int:
    """Return the place of the grade in which a rank falls."""
    place, upto = 0, seats[0]
    while rank > upto:
        place += 1
        upto += seats[place]
    return place
