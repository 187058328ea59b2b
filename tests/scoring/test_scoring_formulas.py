"""Formulas against the printed rates that are their evidence (domain.md 2.1)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalflow.scoring.bands import DEFAULT_BANDS
from evalflow.scoring.formulas import (
    ACCUMULATIONS,
    DEFAULT_FORMULA,
    DIRECTIONS,
    FORMULAS,
    ZERO_TARGETS,
)
from evalflow.scoring.rollup import GROUP_MEANS, SHARE_METHODS
from scoring_given import figures, indicator, positive, rate

TARGETS = st.integers(-(10**6), 10**6)


def line(
    target: Any, actual: Any, formula: str = "up", direction: str | None = None, **rest: Any
) -> Any:
    """The line of an indicator with one target and one actual."""
    direction = direction or FORMULAS[formula].directions[0]
    rating = rate(indicator(target, formula=formula, direction=direction, **rest), [actual], at=1)
    return rating.lines[0]


@pytest.mark.parametrize(
    ("formula", "target", "actual", "printed"),
    [
        ("up", "1.54", 109, "7077.9"),  # the highest printed of 419, and printed so
        ("up", -1500, -1572, "95.2"),  # 우편사업 경영수지
        ("up", -1900, -1660, "112.6"),
        ("up", 80, "67.96", "85.0"),  # 84.95: floats print 84.9
        ("down_linear", "12.2", "9.8", "119.7"),
        ("down_ratio", "12.2", "9.8", "124.5"),
        ("baseline", 20, 12, "20.0"),
        ("met_or_not", 100, "99.96", "0.0"),
        ("milestone", 4, 3, "75.0"),
    ],
)
def test_a_printed_rate_is_reproduced(formula: Any, target: Any, actual: Any, printed: Any) -> None:
    start: dict[str, Any] = {"baseline": Decimal(10)} if formula == "baseline" else {}

    assert line(target, actual, formula, **start).rate == Decimal(printed)


def test_every_formula_says_what_it_is_and_where_it_comes_from() -> None:
    for name, formula in FORMULAS.items():
        assert formula.name == name
        assert formula.label.ko
        assert formula.text.en
        assert set(formula.directions) <= set(DIRECTIONS)
        words = formula.ratio.__doc__ or ""
        assert "Evidence:" in words or "evalflow's own reading" in words


def test_a_direction_that_does_not_say_which_side_has_no_formula_by_default() -> None:
    assert dict(DEFAULT_FORMULA) == {"up": "up", "down": "down_linear"}
    for direction, name in DEFAULT_FORMULA.items():
        assert direction in FORMULAS[name].directions


# --------------------------------------------------------------------------- what has no rate


@pytest.mark.parametrize(
    ("formula", "target", "actual"),
    [
        ("down_linear", -10, -5),  # (2 − actual/target) would praise the worse figure
        ("down_ratio", -10, -5),
        ("down_ratio", 3, 0),
        ("down_ratio", 3, -1),
        ("milestone", 3, -1),
        ("milestone", -3, 1),
        ("maintain_at_most", -10, -5),
    ],
)
def test_where_the_evidence_knows_no_rate_there_is_none(
    formula: Any, target: Any, actual: Any
) -> None:
    found = line(target, actual, formula)

    assert (found.status, found.rate, found.band, found.verdict) == ("undefined", None, None, None)


def test_a_baseline_that_is_the_target_leaves_no_way_to_go() -> None:
    for policy in ZERO_TARGETS:
        found = line(0, 0, "baseline", baseline=Decimal(0), zero_target=policy)
        assert found.status == "undefined"


def test_a_baseline_indicator_without_its_baseline_has_no_rate() -> None:
    assert line(5, 5, "baseline").status == "undefined"


@pytest.mark.parametrize("formula", ["up", "down_linear", "down_ratio", "milestone"])
@pytest.mark.parametrize("actual", ["-1.5", "0", "7"])
def test_a_target_of_zero_follows_the_policy_and_is_never_divided_by(
    formula: Any, actual: Any
) -> None:
    lower = FORMULAS[formula].lower
    met = Decimal(actual) <= 0 if lower else Decimal(actual) >= 0

    def by(policy: str) -> Any:
        found = line(0, actual, formula, zero_target=policy)
        return found.status, found.rate

    assert by("undefined") == ("undefined", None)
    assert by("full") == ("rated", Decimal("100.0"))
    assert by("met_or_not") == ("rated", Decimal("100.0" if met else "0.0"))


def test_the_indicator_s_zero_target_policy_goes_before_the_plan_s() -> None:
    found = rate(indicator(0, zero_target="full"), [5], at=1, zero_target="undefined").lines[0]

    assert found.rate == Decimal("100.0")


@pytest.mark.parametrize(
    ("formula", "target", "actual", "expected"),
    [
        ("maintain_at_least", 90, 90, "100.0"),
        ("maintain_at_least", 90, 120, "100.0"),  # more is no merit: the aim is to keep
        ("maintain_at_least", 90, 45, "50.0"),
        ("maintain_at_least", -10, -12, "80.0"),
        ("maintain_at_most", 5, 5, "100.0"),
        ("maintain_at_most", 5, 0, "100.0"),
        ("maintain_at_most", 5, 6, "80.0"),
        ("maintain_at_most", 0, 0, "100.0"),  # 안전사고 0건 유지: held, without any division
        ("maintain_at_least", 0, 3, "100.0"),
    ],
)
def test_a_level_kept_is_full_and_a_shortfall_is_measured(
    formula: Any, target: Any, actual: Any, expected: Any
) -> None:
    assert line(target, actual, formula).rate == Decimal(expected)


def test_a_level_of_zero_that_was_missed_follows_the_zero_target_policy() -> None:
    def missed(policy: str) -> Any:
        return line(0, 2, "maintain_at_most", zero_target=policy).rate

    assert [missed(policy) for policy in ZERO_TARGETS] == [None, Decimal("0.0"), Decimal("100.0")]


# --------------------------------------------------------------------------- properties


@given(target=positive, actual=figures)
def test_rates_are_those_of_exact_fractions(target: Any, actual: Any) -> None:
    a, t = Fraction(actual), Fraction(target)
    expected = {
        "up": 100 * a / t,
        "down_linear": 100 * (2 - a / t),
        "met_or_not": Fraction(100 if a >= t else 0),
    }
    if a > 0:
        expected["down_ratio"] = 100 * t / a
    if a >= 0:
        expected["milestone"] = 100 * a / t
    for name, value in expected.items():
        assert line(target, actual, name, direction="up").rate == _half_up(value)


def _half_up(value: Fraction, places: int = 1) -> Decimal:
    """Half away from zero, by fractions only: another way than the one tested."""
    scaled = abs(value) * 10**places + Fraction(1, 2)
    units = scaled.numerator // scaled.denominator
    return Decimal(units if value >= 0 else -units).scaleb(-places)


@given(target=figures, start=figures, actual=figures)
def test_progress_from_a_baseline_is_that_of_exact_fractions(
    target: Any, start: Any, actual: Any
) -> None:
    found = line(target, actual, "baseline", baseline=start)

    if target == start:
        assert found.rate is None
    else:
        way = Fraction(target) - Fraction(start)
        assert found.rate == _half_up(100 * (Fraction(actual) - Fraction(start)) / way)


@given(
    name=st.sampled_from(sorted(FORMULAS)),
    target=TARGETS,
    start=TARGETS,
    actual=TARGETS,
    further=st.integers(0, 10**6),
    data=st.data(),
)
def test_a_better_actual_never_has_a_lower_rate(
    name: Any, target: Any, start: Any, actual: Any, further: Any, data: Any
) -> None:
    """Monotone by the direction, for whatever has a rate at all; also where targets are
    negative, where actual / target alone would turn the order around."""
    formula = FORMULAS[name]
    direction = data.draw(st.sampled_from(formula.directions))
    lower = direction == "down" if formula.lower is None else formula.lower
    better = actual - further if lower else actual + further
    if formula.starts:  # from the start towards the target, whichever way that is
        better = actual + further if target > start else actual - further

    worse_rate = formula.percent(actual, target, start=start, direction=direction)
    better_rate = formula.percent(better, target, start=start, direction=direction)

    if worse_rate is not None and better_rate is not None:
        assert Fraction(*better_rate) >= Fraction(*worse_rate)


@given(
    name=st.sampled_from(sorted(FORMULAS)),
    target=TARGETS,
    start=TARGETS,
    actual=TARGETS,
    scale=st.integers(1, 10**6),
    zero=st.sampled_from(ZERO_TARGETS),
)
def test_the_unit_of_measure_does_not_matter(
    name: Any, target: Any, start: Any, actual: Any, scale: Any, zero: Any
) -> None:
    """Thousands or millions of won: the rate is the same, so whole numbers lose nothing."""
    ask = FORMULAS[name].percent
    here = ask(actual, target, start=start, zero_target=zero)
    there = ask(actual * scale, target * scale, start=start * scale, zero_target=zero)

    assert (here and Fraction(*here)) == (there and Fraction(*there))
    assert here is None or here[1] > 0


@given(
    name=st.sampled_from(["up", "down_linear", "maintain_at_least", "maintain_at_most"]),
    target=TARGETS.filter(bool),
)
def test_meeting_the_target_exactly_is_a_hundred(name: Any, target: Any) -> None:
    ratio = FORMULAS[name].percent(target, target)

    assert ratio is None or Fraction(*ratio) == 100
    assert ratio is not None or target < 0


def test_the_reference_names_every_formula_policy_and_band() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "scoring.md"
    text = page.read_text(encoding="utf-8")

    names = [*FORMULAS, *ZERO_TARGETS, *ACCUMULATIONS, *GROUP_MEANS, *SHARE_METHODS, *DIRECTIONS]
    names += [band.name for band in DEFAULT_BANDS]
    assert [name for name in names if f"`{name}`" not in text and f'"{name}"' not in text] == []
