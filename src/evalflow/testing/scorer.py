"""The scorer kit: what every scorer must do, as tests to inherit.

    import pytest
    from evalflow.testing import ScorerConformance
    from evalflow_strict import Strict, StrictOptions

    class TestStrict(ScorerConformance):
        @pytest.fixture
        def scorer(self):
            return Strict(StrictOptions(limit=100))

What a scorer does otherwise on purpose is declared by an attribute, and skipped with a word.
"""

# A test's name is its sentence.
# ruff: noqa: D102

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from evalflow import InvalidInput
from evalflow.plugins import Line, Override, Rating, Scorer, Subject
from evalflow.storage import canonical, parse
from evalflow.testing.alone import alone
from evalflow.testing.subjects import BANDS, a_subject, an_indicator, subjects

_ANSWERS = {"rated", "missing", "not_due", "undefined"}
_FIGURES = ("target", "actual", "figure", "rate", "computed", "score")
_quick = settings(
    max_examples=60,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


class ScorerConformance:
    """Tests that a scorer keeps its contract; inherit them and give `scorer`.

    Attributes:
        overrides: a reviewer's override counts as it is (D7, D8). Otherwise the scorer works
            something else out of it, and its own tests say what.
        bands: the bands of its ratings are those of the plan's scoring rules.
        shrinks: what fails is made as small as possible before it is shown.
    """

    overrides: ClassVar[bool] = True
    bands: ClassVar[bool] = True
    shrinks: ClassVar[bool] = True

    # ------------------------------------------------------------------ to be given

    @pytest.fixture
    def scorer(self) -> Scorer:
        """Return the scorer under test."""
        raise NotImplementedError("give a fixture `scorer`; see evalflow.testing.scorer")

    def _each(self, strategy: st.SearchStrategy[Any], check: Callable[[Any], None]) -> None:
        """Check many values drawn from the strategy, the same ones for everybody."""
        phases = [Phase.generate, Phase.shrink] if self.shrinks else [Phase.generate]

        @settings(_quick, phases=phases)
        @given(strategy)
        def every(value: Any) -> None:
            check(value)

        every()

    # ------------------------------------------------------------------ what it says

    def test_it_is_a_scorer_with_a_name_and_a_version(self, scorer: Scorer) -> None:
        assert isinstance(scorer, Scorer)
        assert isinstance(scorer.name, str)
        assert isinstance(scorer.version, str)
        assert scorer.name
        assert scorer.version

    def test_a_rating_says_what_it_is_about_and_who_made_it(self, scorer: Scorer) -> None:
        subject = a_subject()
        rating = scorer.score(subject)

        assert isinstance(rating, Rating)
        assert (rating.project, rating.period) == (subject.project, subject.period)
        assert (rating.scorer, rating.version) == (scorer.name, scorer.version)
        assert rating.revision == subject.revision

    def test_every_rate_names_its_formula(self, scorer: Scorer) -> None:
        rating = scorer.score(a_subject())

        assert rating.formula
        assert rating.basis
        assert all(line.formula for line in rating.lines)

    def test_every_line_carries_what_it_was_worked_out_from(self, scorer: Scorer) -> None:
        (line,) = scorer.score(a_subject({"schools": 8})).lines

        assert line.status == "rated"
        assert line.actual is not None
        assert line.figure == Decimal(8)

    def test_there_is_a_line_for_each_indicator_in_the_plans_order(self, scorer: Scorer) -> None:
        names = ["나", "schools", "a", "z"]
        several = [an_indicator(name) for name in names]
        rating = scorer.score(a_subject(dict.fromkeys(names, 9), *several))

        assert [line.indicator for line in rating.lines] == names

    def test_a_missing_actual_is_not_zero(self, scorer: Scorer) -> None:
        rating = scorer.score(a_subject({"schools": None}))

        assert rating.lines[0].status == "missing"
        assert (rating.status, rating.rate, rating.verdict) == ("missing", None, None)

    def test_one_missing_actual_leaves_the_project_without_a_rate(self, scorer: Scorer) -> None:
        several = [an_indicator("schools"), an_indicator("pupils")]
        rating = scorer.score(a_subject({"schools": 10, "pupils": None}, *several))

        assert (rating.status, rating.rate) == ("missing", None)

    def test_what_is_not_due_is_not_zero(self, scorer: Scorer) -> None:
        rating = scorer.score(a_subject({"schools": "-"}, an_indicator(targets={"2016-Q1": "-"})))

        assert rating.lines[0].status == "not_due"
        assert (rating.status, rating.rate) == ("not_due", None)

    def test_a_target_of_zero_divides_nothing(self, scorer: Scorer) -> None:
        rating = scorer.score(a_subject({"schools": 3}, an_indicator(targets={"2016-Q1": 0})))

        assert rating.lines[0].status in _ANSWERS

    def test_an_override_counts_and_the_computed_rate_stays_beside_it(self, scorer: Scorer) -> None:
        if not self.overrides:
            pytest.skip(f"{type(self).__name__} declares overrides = False")
        plain = scorer.score(a_subject({"schools": 8}))
        override = Override(rate=Decimal("61.5"), reason="증빙 부족")
        (line,) = scorer.score(a_subject({"schools": 8}, overrides={"schools": override})).lines

        assert (line.rate, line.reason) == (override.rate, override.reason)
        assert line.computed == plain.lines[0].rate

    # ------------------------------------------------------------------ exactness

    def test_every_figure_is_exact(self, scorer: Scorer) -> None:
        def check(subject: Subject) -> None:
            rating = _scored(scorer, subject)
            if rating is None:
                return
            for line in rating.lines:
                assert isinstance(line.weight, Fraction)
                for name in _FIGURES:
                    _exact(getattr(line, name), f"{line.indicator}.{name}")
                assert line.status in _ANSWERS
                assert (line.rate is not None) == (line.status == "rated")
            assert rating.status in _ANSWERS
            assert (rating.rate is not None) == (rating.status == "rated")
            _exact(rating.rate, "rate")
            _exact(rating.score, "score")
            assert rating.exact is None or isinstance(rating.exact, Fraction)

        self._each(subjects(), check)

    def test_a_third_is_no_float_anywhere(self, scorer: Scorer) -> None:
        several = [an_indicator(name, weight=Fraction(1, 3)) for name in ("a", "b", "c")]
        rating = scorer.score(a_subject({"a": 7, "b": 10, "c": 10}, *several))

        _exact(rating.rate, "rate")
        assert "e" not in canonical(rating.tree()["lines"][0].get("rate", "0")).lower()

    def test_a_rating_is_the_same_when_it_is_read_back(self, scorer: Scorer) -> None:
        def check(subject: Subject) -> None:
            rating = _scored(scorer, subject)
            if rating is not None:
                assert Rating.from_tree(parse(canonical(rating.tree()))) == rating

        self._each(subjects(), check)

    def test_large_figures_are_rated_exactly(self, scorer: Scorer) -> None:
        large = 10**17
        rating = scorer.score(
            a_subject({"schools": large - 1}, an_indicator(targets={"2016-Q1": large}))
        )

        assert rating.lines[0].figure == Decimal(large - 1)

    def test_bands_and_verdicts_are_those_of_the_plan(self, scorer: Scorer) -> None:
        if not self.bands:
            pytest.skip(f"{type(self).__name__} declares bands = False")
        known = {(band.name, band.verdict) for band in BANDS} | {(None, None)}
        for actual in (0, 5, 7, 9, 10, 20):
            rating = scorer.score(a_subject({"schools": actual}))
            shown: list[Line | Rating] = [*rating.lines, rating]
            assert {(each.band, each.verdict) for each in shown} <= known
            assert rating.band is not None

    # ------------------------------------------------------------------ purity

    def test_the_same_subject_gives_the_same_rating(self, scorer: Scorer) -> None:
        def check(subject: Subject) -> None:
            first = _scored(scorer, subject)
            assert _scored(scorer, subject) == first
            _scored(scorer, a_subject())
            assert _scored(scorer, subject) == first

        self._each(subjects(), check)

    def test_the_subject_is_left_as_it_was(self, scorer: Scorer) -> None:
        def check(subject: Subject) -> None:
            before = repr(subject)
            _scored(scorer, subject)
            assert repr(subject) == before

        self._each(subjects(), check)

    def test_it_looks_at_no_clock_no_file_no_network_and_throws_no_dice(
        self, scorer: Scorer
    ) -> None:
        scorer.score(a_subject())  # what is imported when first used is imported now
        with alone():
            scorer.score(a_subject({"schools": 8}))

    def test_several_threads_may_ask_at_once(self, scorer: Scorer) -> None:
        asked = [a_subject({"schools": n}) for n in range(8)]
        right = [scorer.score(subject) for subject in asked]
        barrier = threading.Barrier(len(asked))
        found: dict[int, list[Rating]] = {}

        def ask(n: int) -> None:
            barrier.wait()
            found[n] = [scorer.score(asked[n]) for _ in range(25)]

        threads = [threading.Thread(target=ask, args=(n,)) for n in range(len(asked))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert found == {n: [rating] * 25 for n, rating in enumerate(right)}

    # ------------------------------------------------------------------ many at once

    def test_many_at_once_are_rated_as_one_by_one(self, scorer: Scorer) -> None:
        many = getattr(scorer, "score_many", None)
        if many is None:
            pytest.skip(f"{type(scorer).__name__} has no score_many: it rates one by one")

        def check(asked: list[Subject]) -> None:
            ratable = [subject for subject in asked if _scored(scorer, subject) is not None]
            assert list(many(ratable)) == [scorer.score(subject) for subject in ratable]

        self._each(st.lists(subjects(), max_size=4), check)


def _scored(scorer: Scorer, subject: Subject) -> Rating | None:
    """Return the rating, or None where the scorer says that the figures cannot be rated."""
    try:
        return scorer.score(subject)
    except InvalidInput:
        return None


def _exact(figure: object, what: str) -> None:
    assert figure is None or (isinstance(figure, Decimal) and figure.is_finite()), (what, figure)
