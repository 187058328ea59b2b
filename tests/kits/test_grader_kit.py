"""The grader kit passes a good grader, and catches every one that breaks its contract. Our own
graders are held to it in plugins/evalflow-grades."""

from __future__ import annotations

import inspect
import random
import time
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import attrs
import pytest

from evalflow import InvalidInput, Label, Problem
from evalflow.plugins import Grade, Rating
from evalflow.testing import GraderConformance


class Good:
    """Gives the first half A and the rest B; the bad ones spoil it in one way each."""

    name, version = "halves", "1"

    def grade(self, cohort: str, ratings: Sequence[Rating]) -> Sequence[Grade]:
        rates = sorted([each.rate for each in ratings if each.rate is not None], reverse=True)
        half = -(-len(rates) // 2)
        found = []
        for each in ratings:
            rank = None if each.rate is None else rates.index(each.rate) + 1
            ko, en = ("없음", "none") if rank is None else (f"{rank}위", f"rank {rank}")
            found.append(
                Grade(
                    project=each.project,
                    period=each.period,
                    cohort=cohort,
                    grade=None if rank is None else "A" if rank <= half else "B",
                    rank=rank,
                    of=len(rates),
                    rate=each.rate,
                    reason=Label(ko, en),
                    quota={} if rank is None else {"A": half, "B": len(rates) - half},
                )
            )
        return found


def changed(grades: Sequence[Grade], **changes: Any) -> list[Grade]:
    """The grades, each with a value, or what makes it of the grade."""
    return [
        attrs.evolve(each, **{k: v(each) if callable(v) else v for k, v in changes.items()})
        for each in grades
    ]


class Nameless(Good):
    name = ""


class LeavesOut(Good):
    def grade(self, cohort: str, ratings: Sequence[Rating]) -> Sequence[Grade]:
        return [each for each in super().grade(cohort, ratings) if each.grade]


class OtherCohort(Good):
    def grade(self, cohort: str, ratings: Sequence[Rating]) -> Sequence[Grade]:
        return changed(super().grade(cohort, ratings), cohort="")


class RefusesAll(Good):
    def grade(self, cohort: str, ratings: Sequence[Rating]) -> Sequence[Grade]:
        raise InvalidInput([Problem(code="small", ko="작음", en="too small")])


class MissingIsWorst(Good):
    def grade(self, cohort: str, ratings: Sequence[Rating]) -> Sequence[Grade]:
        return changed(super().grade(cohort, ratings), grade=lambda each: each.grade or "B")


class OneLanguage(Good):
    def grade(self, cohort: str, ratings: Sequence[Rating]) -> Sequence[Grade]:
        return changed(super().grade(cohort, ratings), reason=Label("순위", "순위"))


class CountsFromZero(Good):
    def grade(self, cohort: str, ratings: Sequence[Rating]) -> Sequence[Grade]:
        return changed(
            super().grade(cohort, ratings), rank=lambda each: each.rank and each.rank - 1
        )


class LowestFirst(Good):
    def grade(self, cohort: str, ratings: Sequence[Rating]) -> Sequence[Grade]:
        return changed(
            super().grade(cohort, ratings),
            rank=lambda each: each.rank and each.of - each.rank + 1,
            grade=lambda each: {"A": "B", "B": "A"}.get(each.grade),
        )


class ByName(Good):
    """Equal rates are told apart by who comes first."""

    def grade(self, cohort: str, ratings: Sequence[Rating]) -> Sequence[Grade]:
        seen: dict[Any, int] = {}

        def rank(each: Grade) -> int | None:
            if each.rank is None:
                return None
            seen[each.rank] = seen.get(each.rank, -1) + 1
            return each.rank + seen[each.rank]

        ordered = sorted(ratings, key=lambda each: each.project)
        by_project = {e.project: e for e in changed(super().grade(cohort, ordered), rank=rank)}
        return [by_project[each.project] for each in ratings]


class WorstIsBest(Good):
    """The last one gets the grade of the first."""

    def grade(self, cohort: str, ratings: Sequence[Rating]) -> Sequence[Grade]:
        found = super().grade(cohort, ratings)
        last = max((each.rank or 0 for each in found), default=0)
        return changed(found, grade=lambda each: "A" if each.rank == last else each.grade)


class FirstCome(Good):
    def grade(self, cohort: str, ratings: Sequence[Rating]) -> Sequence[Grade]:
        found = list(super().grade(cohort, ratings))
        return [*changed(found[:1], reason=Label("첫째", "first")), *found[1:]]


class CountsAll(Good):
    def grade(self, cohort: str, ratings: Sequence[Rating]) -> Sequence[Grade]:
        return changed(super().grade(cohort, ratings), of=len(ratings))


class QuotaOfTen(Good):
    def grade(self, cohort: str, ratings: Sequence[Rating]) -> Sequence[Grade]:
        return changed(super().grade(cohort, ratings), quota={"A": 5, "B": 5})


class Floating(Good):
    def grade(self, cohort: str, ratings: Sequence[Rating]) -> Sequence[Grade]:
        return changed(
            super().grade(cohort, ratings), rate=lambda each: each.rate and float(each.rate)
        )


class Relative(Good):
    """Remembers the best rate that it ever saw."""

    def __init__(self) -> None:
        self.best = Decimal(0)

    def grade(self, cohort: str, ratings: Sequence[Rating]) -> Sequence[Grade]:
        self.best = max([self.best, *[each.rate or Decimal(0) for each in ratings]])
        said = Label(f"최고 {self.best}", f"best {self.best}")
        return changed(super().grade(cohort, ratings), reason=said)


class Sorting(Good):
    def grade(self, cohort: str, ratings: Sequence[Rating]) -> Sequence[Grade]:
        if isinstance(ratings, list):
            ratings.sort(key=lambda each: each.rate or 0, reverse=True)
        return super().grade(cohort, ratings)


class Clocked(Good):
    def grade(self, cohort: str, ratings: Sequence[Rating]) -> Sequence[Grade]:
        time.time()
        return super().grade(cohort, ratings)


class Dicing(Good):
    def grade(self, cohort: str, ratings: Sequence[Rating]) -> Sequence[Grade]:
        random.random()
        return super().grade(cohort, ratings)


class Sharing(Good):
    """Keeps the cohort at hand where the next thread overwrites it."""

    def grade(self, cohort: str, ratings: Sequence[Rating]) -> Sequence[Grade]:
        self.ratings = ratings
        time.sleep(0.0005)
        return super().grade(cohort, self.ratings)


BAD = {
    Nameless: "it_is_a_grader_with_a_name_and_a_version",
    LeavesOut: "there_is_a_grade_for_each_rating_in_their_order",
    OtherCohort: "there_is_a_grade_for_each_rating_in_their_order",
    RefusesAll: "a_cohort_of_ten_is_graded",
    MissingIsWorst: "what_has_no_rate_has_no_grade_and_no_rank",
    OneLanguage: "every_grade_says_in_both_languages_how_it_came_about",
    CountsFromZero: "the_best_has_rank_one_and_a_better_rate_a_better_rank",
    LowestFirst: "the_best_has_rank_one_and_a_better_rate_a_better_rank",
    ByName: "what_is_equal_in_everything_shares_rank_and_grade",
    WorstIsBest: "a_better_rank_never_has_a_worse_grade",
    FirstCome: "the_order_of_asking_does_not_matter",
    CountsAll: "it_says_how_many_were_ranked_and_for_how_many_a_grade_is",
    QuotaOfTen: "it_says_how_many_were_ranked_and_for_how_many_a_grade_is",
    Floating: "every_figure_is_exact",
    Relative: "the_same_cohort_gets_the_same_grades_whatever_was_graded_between",
    Sorting: "the_ratings_are_left_as_they_were",
    Clocked: "it_looks_at_no_clock_no_file_no_network_and_throws_no_dice",
    Dicing: "it_looks_at_no_clock_no_file_no_network_and_throws_no_dice",
    Sharing: "several_threads_may_ask_at_once",
}


class TestGood(GraderConformance):
    @pytest.fixture
    def grader(self) -> Good:
        return Good()


@pytest.mark.parametrize("make", BAD, ids=lambda make: make.__name__)
def test_the_kit_catches_a_grader_that_breaks_its_contract(make: type[Good]) -> None:
    with pytest.raises((AssertionError, TypeError, ValueError, InvalidInput)):
        getattr(GraderConformance, f"test_{BAD[make]}")(GraderConformance(), make())


def test_every_test_of_the_kit_catches_somebody() -> None:
    tests = {
        name.removeprefix("test_")
        for name, _ in inspect.getmembers(GraderConformance, inspect.isfunction)
        if name.startswith("test_")
    }
    assert set(BAD.values()) == tests
