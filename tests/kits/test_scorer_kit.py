"""The scorer kit passes the built-in scorer, and catches every one that breaks its contract."""

from __future__ import annotations

import inspect
import random
import threading
import time
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import attrs
import pytest

from evalflow import InvalidInput, Problem
from evalflow.plugins import Rating, Subject
from evalflow.scoring.rates import Rates
from evalflow.testing import ScorerConformance


class TestRates(ScorerConformance):
    @pytest.fixture
    def scorer(self) -> Rates:
        return Rates()


class Good:
    """A scorer that the bad ones spoil in one way each."""

    name, version = "good", "1"

    def __init__(self) -> None:
        self.rates = Rates()

    def score(self, subject: Subject) -> Rating:
        rating = self.rates.score(subject)
        return attrs.evolve(rating, scorer=self.name, version=self.version)


def lines(rating: Rating, **changes: Any) -> Rating:
    """The rating with every line changed: a value, or what makes it from the line."""
    return attrs.evolve(
        rating,
        lines=tuple(
            attrs.evolve(line, **{k: v(line) if callable(v) else v for k, v in changes.items()})
            for line in rating.lines
        ),
    )


class Nameless(Good):
    name = ""


class SomebodyElse(Good):
    def score(self, subject: Subject) -> Rating:
        return self.rates.score(subject)


class NoRevision(Good):
    def score(self, subject: Subject) -> Rating:
        return attrs.evolve(super().score(subject), revision=99)


class NoFormula(Good):
    def score(self, subject: Subject) -> Rating:
        return lines(super().score(subject), formula="")


class NoInputs(Good):
    def score(self, subject: Subject) -> Rating:
        return lines(super().score(subject), figure=None, actual=None)


class Sorted(Good):
    def score(self, subject: Subject) -> Rating:
        rating = super().score(subject)
        ordered = tuple(sorted(rating.lines, key=lambda line: line.indicator))
        return attrs.evolve(rating, lines=ordered)


class MissingIsZero(Good):
    def score(self, subject: Subject) -> Rating:
        rating = super().score(subject)
        return lines(
            rating,
            status=lambda line: "rated" if line.status == "missing" else line.status,
            rate=lambda line: Decimal(0) if line.status == "missing" else line.rate,
        )


class Averaging(Good):
    """Leaves a missing line out of the mean instead of leaving the project unrated."""

    def score(self, subject: Subject) -> Rating:
        rating = super().score(subject)
        if rating.status == "missing" and any(line.rate for line in rating.lines):
            rated = [line.rate for line in rating.lines if line.rate is not None]
            return attrs.evolve(rating, status="rated", rate=rated[0], band="done")
        return rating


class NotDueIsZero(Good):
    def score(self, subject: Subject) -> Rating:
        rating = super().score(subject)
        if rating.status == "not_due":
            return attrs.evolve(rating, status="rated", rate=Decimal(0))
        return rating


class ZeroDivision(Good):
    def score(self, subject: Subject) -> Rating:
        for indicator in subject.definition.indicators:
            target = indicator.targets.get(subject.period)
            if isinstance(target, Decimal):
                Decimal(1) / target
        return super().score(subject)


class ForgetsOverrides(Good):
    def score(self, subject: Subject) -> Rating:
        return super().score(attrs.evolve(subject, overrides={}))


class Floating(Good):
    def score(self, subject: Subject) -> Rating:
        return lines(
            super().score(subject),
            rate=lambda line: None if line.rate is None else float(line.rate),
        )


class FloatingRate(Good):
    def score(self, subject: Subject) -> Rating:
        rating = super().score(subject)
        rate: Any = None if rating.rate is None else float(rating.rate)
        return attrs.evolve(rating, rate=rate)


class Unreadable(Good):
    def score(self, subject: Subject) -> Rating:
        return attrs.evolve(super().score(subject), options={"limit": (1, 2)})


class Small(Good):
    def score(self, subject: Subject) -> Rating:
        for figures in subject.actuals.values():
            for figure in figures.values():
                if isinstance(figure, Decimal) and figure > 10**12:
                    raise InvalidInput([Problem(code="large", ko="큼", en="too large")])
        return super().score(subject)


class OwnBands(Good):
    def score(self, subject: Subject) -> Rating:
        rating = super().score(subject)
        return attrs.evolve(rating, band="superb", verdict="on_track")


class Counting(Good):
    """Remembers how often it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def score(self, subject: Subject) -> Rating:
        self.asked += 1
        return attrs.evolve(super().score(subject), notes=({"ko": str(self.asked), "en": "n"},))


class Relative(Good):
    """Compares with the subject it saw before."""

    def __init__(self) -> None:
        super().__init__()
        self.last: Rating | None = None

    def score(self, subject: Subject) -> Rating:
        rating = super().score(subject)
        last, self.last = self.last, rating
        better = last is not None and (last.rate or 0) < (rating.rate or 0)
        return attrs.evolve(rating, notes=({"ko": "상승", "en": "up"},) if better else ())


class Untidy(Good):
    def score(self, subject: Subject) -> Rating:
        rating = super().score(subject)
        for figures in subject.actuals.values():
            figures.pop("schools", None)  # type: ignore[attr-defined]
        return rating


class Clocked(Good):
    def score(self, subject: Subject) -> Rating:
        time.time()
        return super().score(subject)


class Dicing(Good):
    def score(self, subject: Subject) -> Rating:
        random.random()
        return super().score(subject)


class Filing(Good):
    def score(self, subject: Subject) -> Rating:
        with open(__file__, encoding="utf-8"):
            return super().score(subject)


class Sharing(Good):
    """Keeps the subject at hand where the next thread overwrites it."""

    def score(self, subject: Subject) -> Rating:
        self.subject = subject
        time.sleep(0.0005)
        return super().score(self.subject)


class ManyWrong(Good):
    def score_many(self, subjects: Sequence[Subject]) -> Sequence[Rating]:
        return [self.score(subject) for subject in reversed(subjects)]


BAD = {
    Nameless: "it_is_a_scorer_with_a_name_and_a_version",
    SomebodyElse: "a_rating_says_what_it_is_about_and_who_made_it",
    NoRevision: "a_rating_says_what_it_is_about_and_who_made_it",
    NoFormula: "every_rate_names_its_formula",
    NoInputs: "every_line_carries_what_it_was_worked_out_from",
    Sorted: "there_is_a_line_for_each_indicator_in_the_plans_order",
    MissingIsZero: "a_missing_actual_is_not_zero",
    Averaging: "one_missing_actual_leaves_the_project_without_a_rate",
    NotDueIsZero: "what_is_not_due_is_not_zero",
    ZeroDivision: "a_target_of_zero_divides_nothing",
    ForgetsOverrides: "an_override_counts_and_the_computed_rate_stays_beside_it",
    Floating: "every_figure_is_exact",
    FloatingRate: "a_third_is_no_float_anywhere",
    Unreadable: "a_rating_is_the_same_when_it_is_read_back",
    Small: "large_figures_are_rated_exactly",
    OwnBands: "bands_and_verdicts_are_those_of_the_plan",
    Counting: "the_same_subject_gives_the_same_rating",
    Relative: "the_same_subject_gives_the_same_rating",
    Untidy: "the_subject_is_left_as_it_was",
    Clocked: "it_looks_at_no_clock_no_file_no_network_and_throws_no_dice",
    Dicing: "it_looks_at_no_clock_no_file_no_network_and_throws_no_dice",
    Filing: "it_looks_at_no_clock_no_file_no_network_and_throws_no_dice",
    Sharing: "several_threads_may_ask_at_once",
    ManyWrong: "many_at_once_are_rated_as_one_by_one",
}


class Kit(ScorerConformance):
    """The kit as it is run on the bad ones: not collected by pytest, called by hand."""

    __test__ = False
    shrinks = False


def caught_by(make: type[Good], only: str | None = None) -> set[str]:
    """The kit's tests that fail on this scorer."""
    caught = set()
    for name, test in inspect.getmembers(Kit, inspect.isfunction):
        if not name.startswith("test_") or only not in (None, name.removeprefix("test_")):
            continue
        try:
            test(Kit(), make())
        except pytest.skip.Exception:
            continue
        except Exception:
            caught.add(name.removeprefix("test_"))
    return caught


@pytest.mark.parametrize("make", BAD, ids=lambda make: make.__name__)
def test_the_kit_catches_a_scorer_that_breaks_its_contract(make: type[Good]) -> None:
    assert caught_by(make, BAD[make]) == {BAD[make]}


def test_the_kit_finds_nothing_wrong_with_a_good_scorer() -> None:
    assert caught_by(Good) == set()


def test_every_test_of_the_kit_catches_somebody() -> None:
    tests = {name for name in vars(ScorerConformance) if name.startswith("test_")}
    assert {f"test_{name}" for name in BAD.values()} == tests


def test_what_a_scorer_does_otherwise_is_declared_and_skipped_with_a_word() -> None:
    class Own(Kit):
        overrides = bands = False

    for name in ("an_override_counts_and_the_computed_rate_stays_beside_it",
                 "bands_and_verdicts_are_those_of_the_plan"):  # fmt: skip
        with pytest.raises(pytest.skip.Exception, match="declares"):
            getattr(Own, f"test_{name}")(Own(), ForgetsOverrides())
    assert threading.active_count() < 20
