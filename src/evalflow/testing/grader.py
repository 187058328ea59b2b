"""The grader kit: what every grader must do, as tests to inherit.

    import pytest
    from evalflow.testing import GraderConformance
    from evalflow_medals import Medals, MedalsOptions

    class TestMedals(GraderConformance):
        @pytest.fixture
        def grader(self):
            return Medals(MedalsOptions())

It is asked about cohorts of many sizes: equal rates, no rates, one project, nobody.
"""

# A test's name is its sentence.
# ruff: noqa: D102

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

import pytest

from evalflow import InvalidInput
from evalflow.plugins import Grade, Grader, Line, Rating
from evalflow.testing.alone import alone

PERIOD = "2016-Q2"
COHORT = "culture_education"


def a_rating(number: int | str, rate: str | None, status: str = "missing") -> Rating:
    """Return the rating of project `office-2016/<number>`: with a rate, or without one because it
    is `missing`, `not_due` or `undefined`."""
    exact = None if rate is None else Fraction(rate)
    line = Line(
        indicator="schools",
        formula="up",
        status=status if rate is None else "rated",
        rate=None if rate is None else Decimal(rate),
    )
    return Rating(
        project=f"office-2016/{number}",
        period=PERIOD,
        lines=(line,),
        status=line.status,
        rate=line.rate,
        score=None,
        band=None,
        verdict=None,
        formula="weighted",
        basis="cumulative",
        scorer="rates",
        version="1",
        revision=1,
        exact=exact,
    )


def cohorts() -> list[tuple[Rating, ...]]:
    """Return what a grader is asked to grade."""
    rates: Sequence[Sequence[str | None]] = [
        (),
        ("91.2",),
        (None,),
        (None, None),
        ("100", "100", "100"),
        ("100", "95.5", "95.5", "80", "80", "80", "61.3", "0", "120", "99.9"),
        ("88.8", None, "102.4", None, "70", "88.8", "12.5"),
        [str(each) for each in range(40, 123, 2)],
        ["100"] * 9 + ["50"] * 9,
    ]
    why = itertools.cycle(("missing", "not_due", "undefined"))
    return [
        tuple([a_rating(number, rate, next(why)) for number, rate in enumerate(each, start=1)])
        for each in rates
    ]


class GraderConformance:
    """Tests that a grader keeps its contract; inherit them and give `grader`. A cohort that it
    refuses to grade (`InvalidInput`) is asked nothing more; the ten projects it must grade."""

    # ------------------------------------------------------------------ to be given

    @pytest.fixture
    def grader(self) -> Grader:
        """Return the grader under test."""
        raise NotImplementedError("give a fixture `grader`; see evalflow.testing.grader")

    def _all(self, grader: Grader) -> list[tuple[tuple[Rating, ...], tuple[Grade, ...]]]:
        return [(asked, found) for asked in cohorts() if (found := _graded(grader, asked))]

    # ------------------------------------------------------------------ what it says

    def test_it_is_a_grader_with_a_name_and_a_version(self, grader: Grader) -> None:
        assert isinstance(grader, Grader)
        assert isinstance(grader.name, str)
        assert isinstance(grader.version, str)
        assert grader.name
        assert grader.version

    def test_there_is_a_grade_for_each_rating_in_their_order(self, grader: Grader) -> None:
        for asked, found in self._all(grader):
            assert all(isinstance(each, Grade) for each in found)
            assert [(each.project, each.period) for each in found] == [
                (each.project, each.period) for each in asked
            ]
            assert {each.cohort for each in found} == {COHORT}

    def test_a_cohort_of_ten_is_graded(self, grader: Grader) -> None:
        ten = grader.grade(COHORT, cohorts()[5])

        assert len(ten) == 10
        assert any(each.grade for each in ten)
        assert all(each.rank is not None for each in ten)

    def test_what_has_no_rate_has_no_grade_and_no_rank(self, grader: Grader) -> None:
        for asked, found in self._all(grader):
            for rating, grade in zip(asked, found, strict=True):
                if rating.rate is None:
                    assert (grade.grade, grade.rank, grade.rate) == (None, None, None)

    def test_every_grade_says_in_both_languages_how_it_came_about(self, grader: Grader) -> None:
        for _, found in self._all(grader):
            for grade in found:
                assert grade.reason.ko.strip()
                assert grade.reason.en.strip()
                assert grade.reason.ko != grade.reason.en

    # ------------------------------------------------------------------ who stands before whom

    def test_the_best_has_rank_one_and_a_better_rate_a_better_rank(self, grader: Grader) -> None:
        for _, found in self._all(grader):
            ranked = [each for each in found if each.rank is not None]
            if ranked:
                assert min(_rank(each) for each in ranked) == 1
            for one, other in itertools.permutations(ranked, 2):
                if _rate(one) > _rate(other):
                    assert _rank(one) < _rank(other)

    def test_what_is_equal_in_everything_shares_rank_and_grade(self, grader: Grader) -> None:
        for _, found in self._all(grader):
            ranked = [each for each in found if each.rank is not None]
            for one, other in itertools.combinations(ranked, 2):
                if _rate(one) == _rate(other):  # nothing else of these ratings differs
                    assert (one.rank, one.grade) == (other.rank, other.grade)

    def test_a_better_rank_never_has_a_worse_grade(self, grader: Grader) -> None:
        for _, found in self._all(grader):
            ranked = sorted([each for each in found if each.rank is not None], key=_rank)
            grades = [each.grade for each in ranked]
            runs = [grade for grade, _ in itertools.groupby(grades)]
            assert len(runs) == len(set(runs)), grades

    def test_the_order_of_asking_does_not_matter(self, grader: Grader) -> None:
        dice = random.Random(2016)
        for asked, found in self._all(grader):
            shuffled = dice.sample(asked, len(asked))
            again = grader.grade(COHORT, shuffled)
            assert {each.project: each for each in again} == {each.project: each for each in found}

    def test_it_says_how_many_were_ranked_and_for_how_many_a_grade_is(self, grader: Grader) -> None:
        for asked, found in self._all(grader):
            rated = sum(rating.rate is not None for rating in asked)
            assert {each.of for each in found} <= {rated}
            for grade in found:
                assert isinstance(grade.quota, Mapping)
                assert all(type(count) is int and count >= 0 for count in grade.quota.values())
                if grade.quota and grade.grade is not None:
                    assert sum(grade.quota.values()) == grade.of
                    assert grade.grade in grade.quota

    def test_every_figure_is_exact(self, grader: Grader) -> None:
        for _, found in self._all(grader):
            for grade in found:
                assert grade.rate is None or isinstance(grade.rate, Decimal)
                assert grade.rank is None or type(grade.rank) is int
                assert type(grade.of) is int

    # ------------------------------------------------------------------ purity

    def test_the_same_cohort_gets_the_same_grades_whatever_was_graded_between(
        self, grader: Grader
    ) -> None:
        first = self._all(grader)
        for asked, found in reversed(first):
            assert tuple(grader.grade(COHORT, asked)) == found

    def test_the_ratings_are_left_as_they_were(self, grader: Grader) -> None:
        for asked in cohorts():
            given = list(asked)
            before = repr(given)
            _graded(grader, given)
            assert repr(given) == before

    def test_it_looks_at_no_clock_no_file_no_network_and_throws_no_dice(
        self, grader: Grader
    ) -> None:
        self._all(grader)  # what is imported when first used is imported now
        with alone():
            self._all(grader)

    def test_several_threads_may_ask_at_once(self, grader: Grader) -> None:
        asked = [cohort for cohort, _ in self._all(grader)]
        right = [tuple(grader.grade(COHORT, each)) for each in asked]
        barrier = threading.Barrier(len(asked))
        found: dict[int, bool] = {}

        def ask(n: int) -> None:
            barrier.wait()
            answers = [tuple(grader.grade(COHORT, asked[n])) for _ in range(20)]
            found[n] = answers == [right[n]] * 20

        threads = [threading.Thread(target=ask, args=(n,)) for n in range(len(asked))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert found == dict.fromkeys(range(len(asked)), True)


def _graded(grader: Grader, asked: Sequence[Rating]) -> tuple[Grade, ...] | None:
    """Return the grades, None where the grader says that this cohort cannot be graded."""
    try:
        return tuple(grader.grade(COHORT, asked))
    except InvalidInput:
        return None


def _rank(grade: Grade) -> int:
    assert grade.rank is not None
    return grade.rank


def _rate(grade: Grade) -> Decimal:
    assert grade.rate is not None
    return grade.rate
