"""Rates of bureaus and the office, shares, and grading a cohort (D3, domain.md 2.1, 2.2)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalflow.model import Label, Rating
from evalflow.scoring.bands import DEFAULT_BANDS
from evalflow.scoring.contract import Grade, Grader, grade_all
from evalflow.scoring.rollup import roll_up, shares
from scoring_given import indicator, rate

D = Decimal


def rated(project: str, actual: Any, target: Any = 100) -> Rating:
    """A rating of a project with one indicator; None as actual leaves it missing."""
    return attrs.evolve(rate(indicator(target), [actual], at=1), project=project)


def bureau(rating: Rating) -> str | None:
    """`welfare/1` is in the bureau welfare, `/1` in none."""
    return rating.project.split("/")[0] or None


# --------------------------------------------------------------------------- roll-ups


def test_a_bureau_is_the_plain_mean_over_its_projects() -> None:
    ratings = [rated("welfare/1", 100), rated("welfare/2", 85), rated("city/1", 70)]

    found = roll_up(ratings, key=bureau, bands=DEFAULT_BANDS)

    assert {name: group.rate for name, group in found.groups.items()} == {
        "welfare": D("92.5"),
        "city": D("70.0"),
    }
    assert (found.total.rate, found.total.mean) == (D("85.0"), "projects")
    assert found.groups["welfare"].bands == {
        "done": 1,
        "on_track": 0,
        "lagging": 1,
        "seriously_lagging": 0,
    }
    assert found.total.verdicts == {"on_track": 1, "lagging": 2, "seriously_lagging": 0}


def test_a_mean_of_means_is_taken_only_where_it_is_named() -> None:
    ratings = [rated("welfare/1", 100), rated("welfare/2", 85), rated("city/1", 70)]

    found = roll_up(ratings, key=bureau, mean="groups")

    assert (found.total.rate, found.total.mean) == (D("81.3"), "groups")  # (92.5 + 70) / 2
    assert found.groups["welfare"].mean == "projects"


def test_what_has_no_rate_is_left_out_and_named_never_counted_as_zero() -> None:
    ratings = [
        rated("a/1", 90),
        rated("a/2", None),
        rated("a/3", 5, target=0),
        rated("a/4", None, target="-"),
    ]

    total = roll_up(ratings).total

    assert (total.rate, total.projects, total.rated) == (D("90.0"), 4, 1)
    assert total.left_out == {"missing": ("a/2",), "undefined": ("a/3",), "not_due": ("a/4",)}


def test_a_group_without_a_rated_project_has_no_rate() -> None:
    found = roll_up([rated("a/1", None), rated("b/1", 80)], key=bureau, mean="groups")

    assert (found.groups["a"].rate, found.total.rate) == (None, D("80.0"))
    assert roll_up([]).total.rate is None
    assert roll_up([rated("a/1", None)], key=bureau, mean="groups").total.rate is None


def test_a_project_in_no_group_counts_in_the_total() -> None:
    """Twenty-six of the 43 projects have a core project; the others have none."""
    found = roll_up([rated("a/1", 100), rated("/2", 50)], key=bureau)

    assert list(found.groups) == ["a"]
    assert (found.total.rate, found.total.projects) == (D("75.0"), 2)


def test_a_group_s_mean_starts_from_unrounded_rates() -> None:
    """Three projects at 84.95 publish 85.0 each; with one at 84.86 (published 84.9) the exact
    mean is 84.9275. From published figures it would be 84.975, printed 85.0."""
    three = [rated(f"a/{n}", "84.95") for n in range(3)]

    assert [rating.rate for rating in three] == [D("85.0")] * 3
    assert roll_up([*three, rated("a/3", "84.86")]).total.rate == D("84.9")


def test_a_project_is_not_counted_twice() -> None:
    with pytest.raises(ValueError, match="a/1 is counted twice"):
        roll_up([rated("a/1", 90), rated("a/1", 80)])


@pytest.mark.parametrize("wrong", [{"mean": "median"}, {"mean": "groups"}])
def test_a_mean_must_be_one_that_can_be_taken(wrong: Any) -> None:
    with pytest.raises(ValueError, match="mean"):
        roll_up([], **wrong)


NAMES = st.sampled_from(["x", "y", "z"])


@given(st.lists(st.tuples(NAMES, st.integers(-500, 5000), st.integers(1, 999)), max_size=12))
def test_every_mean_is_that_of_exact_fractions(given_figures: Any) -> None:
    ratings = [
        rated(f"{name}/{n}", actual, target)
        for n, (name, actual, target) in enumerate(given_figures)
    ]
    groups: dict[str, list[Fraction]] = {}
    for name, actual, target in given_figures:
        groups.setdefault(name, []).append(Fraction(100 * actual, target))

    by_projects = roll_up(ratings, key=bureau)
    by_groups = roll_up(ratings, key=bureau, mean="groups")

    for name, rates in groups.items():
        assert by_projects.groups[name].rate == _half_up(_mean(rates))
    if groups:
        everything = [each for rates in groups.values() for each in rates]
        assert by_projects.total.rate == _half_up(_mean(everything))
        assert by_groups.total.rate == _half_up(_mean([_mean(each) for each in groups.values()]))


def _mean(rates: Sequence[Fraction]) -> Fraction:
    return sum(rates, Fraction(0)) / len(rates)


def _half_up(value: Fraction) -> Decimal:
    scaled = abs(value) * 10 + Fraction(1, 2)
    units = scaled.numerator // scaled.denominator
    return Decimal(units if value >= 0 else -units).scaleb(-1)


# --------------------------------------------------------------------------- shares


def test_the_source_s_share_of_core_projects() -> None:
    assert shares({"core": 26, "other": 17}) == {"core": D("60.5"), "other": D("39.5")}


def test_shares_by_largest_remainder_add_up_to_a_hundred() -> None:
    thirds = {"a": 1, "b": 1, "c": 1}

    assert sum(shares(thirds).values()) == D("99.9")
    assert shares(thirds, method="largest_remainder") == {
        "a": D("33.4"),
        "b": D("33.3"),
        "c": D("33.3"),
    }


COUNTS = st.dictionaries(st.text("abcdef", min_size=1, max_size=2), st.integers(0, 5000))


@given(COUNTS, st.integers(0, 3))
def test_no_share_is_a_whole_unit_away_from_the_truth(counts: Any, places: Any) -> None:
    whole = sum(counts.values())
    by_remainder = shares(counts, places=places, method="largest_remainder")
    by_half_up = shares(counts, places=places)

    assert set(by_half_up) == set(by_remainder) == (set(counts) if whole else set())
    if whole:
        assert sum(by_remainder.values()) == 100
    for name in by_half_up:
        exact, unit = Fraction(100 * counts[name], whole), Fraction(1, 10**places)
        assert abs(Fraction(by_remainder[name]) - exact) < unit
        assert abs(Fraction(by_half_up[name]) - exact) <= unit / 2


@given(COUNTS)
def test_a_larger_count_never_has_a_smaller_share(counts: Any) -> None:
    for method in ("half_up", "largest_remainder"):
        found = shares(counts, method=method)
        ordered = [
            found[name] for name in sorted(found, key=lambda name: (counts[name], found[name]))
        ]
        assert ordered == sorted(ordered)


@pytest.mark.parametrize(("counts", "method"), [({"a": 1}, "nearest"), ({"a": -1}, "half_up")])
def test_what_is_no_share_is_refused(counts: Any, method: Any) -> None:
    with pytest.raises(ValueError, match=r"no method|below zero"):
        shares(counts, method=method)


# --------------------------------------------------------------------------- grading a cohort


@attrs.frozen
class Thirds:
    """A grader for tests: the upper third of a cohort is S, ties take the better grade."""

    name: str = "thirds"
    version: str = "1"

    def grade(self, cohort: str, ratings: Sequence[Rating]) -> Sequence[Grade]:
        ranked = sorted((r.rate for r in ratings if r.rate is not None), reverse=True)
        return [self._one(cohort, rating, ranked) for rating in ratings]

    def _one(self, cohort: str, rating: Rating, ranked: list[Decimal]) -> Grade:
        rank = None if rating.rate is None else ranked.index(rating.rate) + 1
        grade = None if rank is None else ("S" if 3 * (rank - 1) < len(ranked) else "A")
        return Grade(
            project=rating.project,
            period=rating.period,
            cohort=cohort,
            grade=grade,
            rank=rank,
            of=len(ranked),
            rate=rating.rate,
            reason=Label("상위 1/3은 S", "the upper third is S"),
        )


def test_a_grader_sees_a_whole_cohort_at_once() -> None:
    ratings = [
        rated("a/1", 90),
        rated("b/1", 50),
        rated("a/2", 95),
        rated("a/3", 70),
        rated("a/4", None),
    ]

    everybody = grade_all(Thirds(), ratings)
    apart = grade_all(Thirds(), ratings, cohort_of=lambda rating: rating.project[0])

    assert isinstance(Thirds(), Grader)
    assert list(everybody) == [rating.project for rating in ratings]
    assert {project: grade.grade for project, grade in everybody.items()} == {
        "a/1": "S",
        "b/1": "A",
        "a/2": "S",
        "a/3": "A",
        "a/4": None,
    }
    assert (apart["b/1"].grade, apart["b/1"].rank, apart["b/1"].of) == ("S", 1, 1)
    assert apart["a/4"].rank is None


def test_a_grader_that_answers_for_other_projects_is_caught() -> None:
    class Forgetful(Thirds):
        def grade(self, cohort: str, ratings: Sequence[Rating]) -> Sequence[Grade]:
            return super().grade(cohort, ratings[1:])

    with pytest.raises(ValueError, match="other projects"):
        grade_all(Forgetful(), [rated("a/1", 90), rated("a/2", 80)])
    with pytest.raises(ValueError, match="twice"):
        grade_all(Thirds(), [rated("a/1", 90), rated("a/1", 80)])
