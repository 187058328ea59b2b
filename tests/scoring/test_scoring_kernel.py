"""The arithmetic: one rounding rule, exact for millions."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalflow.scoring.formulas import FORMULAS
from evalflow.scoring.kernel import half_up, mean_half_up, published, rates_tenths, total

WHOLE = st.integers(-(10**12), 10**12)
RATIOS = st.tuples(WHOLE, st.integers(1, 10**12))


@given(WHOLE, st.integers(0, 12))
def test_half_up_is_the_rounding_of_decimal(units: Any, places: Any) -> None:
    expected = Decimal(units).scaleb(-places).quantize(Decimal(1), ROUND_HALF_UP)

    assert half_up(units, 10**places) == int(expected)


@given(WHOLE, st.integers(1, 10**12))
def test_half_up_is_the_nearest_whole_number_of_the_exact_fraction(above: Any, below: Any) -> None:
    away = Fraction(above, below) - half_up(above, below)

    assert abs(away) < Fraction(1, 2) or away == Fraction(1 if above < 0 else -1, 2)


@pytest.mark.parametrize(
    ("above", "below", "expected"), [(1, 2, 1), (-1, 2, -1), (3, 2, 2), (5, 2, 3), (-5, 2, -3)]
)
def test_a_half_goes_away_from_zero(above: Any, below: Any, expected: Any) -> None:
    assert half_up(above, below) == expected


@given(st.integers(-(10**9), 10**9), st.integers(0, 6))
def test_a_published_figure_shows_all_its_places(units: Any, places: Any) -> None:
    assert format(published(units, places), "f") == f"{Decimal(units).scaleb(-places):.{places}f}"


@given(
    pairs=st.lists(st.tuples(WHOLE | st.just(0), WHOLE | st.just(0))),
    name=st.sampled_from(sorted(FORMULAS)),
    places=st.integers(0, 4),
)
def test_rating_many_equals_rating_by_fractions_one_by_one(
    pairs: Any, name: Any, places: Any
) -> None:
    rated = rates_tenths([a for a, _ in pairs], [t for _, t in pairs], formula=name, places=places)

    expected: list[int | None] = []
    for actual, target in pairs:
        ratio = FORMULAS[name].percent(actual, target)
        if ratio is None:
            expected.append(None)
            continue
        value = abs(Fraction(*ratio)) * 10**places + Fraction(1, 2)
        units = value.numerator // value.denominator
        expected.append(units if ratio[0] >= 0 else -units)
    assert rated == expected


def test_the_frequent_formulas_are_the_evidence_s_also_where_they_are_written_out() -> None:
    assert rates_tenths([6796, -1572, 5], [8000, -1500, 0]) == [850, 952, None]
    assert rates_tenths([98, 30], [122, 10], formula="down_linear") == [1197, -1000]


def test_figures_that_do_not_pair_up_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        rates_tenths([1, 2], [1])


@given(st.lists(RATIOS, min_size=1, max_size=30))
def test_a_sum_of_ratios_is_exact(ratios: Any) -> None:
    assert Fraction(*total(ratios)) == sum((Fraction(*each) for each in ratios), Fraction(0))


@given(st.lists(RATIOS, min_size=1, max_size=30), st.integers(0, 3))
def test_the_mean_of_many_ratios_is_rounded_from_the_exact_sum(ratios: Any, places: Any) -> None:
    mean = sum((Fraction(*each) for each in ratios), Fraction(0)) / len(ratios)
    scaled = mean * 10**places

    assert mean_half_up(ratios, len(ratios), places) == half_up(
        scaled.numerator, scaled.denominator
    )


def test_a_mean_on_the_very_edge_is_worked_out_in_full() -> None:
    """Thirds are cut off when added up quickly; three of them are exact, and end on a tie."""
    thirds = [(2849, 3), (2848, 3), (2849, 3)]  # their sum is 2848 2/3

    assert mean_half_up([*thirds, (1, 3)], 4, 0) == 712  # 712.25
    assert mean_half_up([(1, 3), (1, 6)], 1, 0) == 1  # exactly one half
    assert mean_half_up([(-1, 3), (-1, 6)], 1, 0) == -1


def test_a_hundred_thousand_different_denominators_are_added_without_huge_numbers() -> None:
    ratios = [(100 * (n - 1), n) for n in range(2, 100_002)]

    # 100 − 100 · (H(100,001) − 1) / 100,000, with the harmonic number 12.090156…
    assert mean_half_up(ratios, len(ratios), 5) == 9_998_891
