"""The scorer `rates`: accumulation, statuses, bands, means, overrides (D1-D3, G8)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalflow.errors import InvalidInput
from evalflow.model import Band, Label, NotDue, Override, Rating, Subject
from evalflow.scoring.contract import Scorer, ScoresMany
from evalflow.scoring.rates import Rates
from scoring_given import QUARTERS, figures, indicator, rate, rules, subject, subjects, weights

D = Decimal
RATES = Rates()


def only(*args: Any, **rest: Any) -> Any:
    """The one line of a rating with one indicator."""
    (line,) = rate(*args, **rest).lines
    return line


# --------------------------------------------------------------------------- accumulation


@pytest.mark.parametrize(
    ("accumulation", "target", "actual", "expected"),
    [
        ("sum", "60", "54", "90.0"),  # 10 + 20 + 30 against 8 + 20 + 26
        ("last", "30", "26", "86.7"),
        ("average", "20", "18", "90.0"),
    ],
)
def test_periods_add_up_as_the_indicator_says(
    accumulation: Any, target: Any, actual: Any, expected: Any
) -> None:
    line = only(indicator(10, 20, 30, 40, accumulation=accumulation), [8, 20, 26], at=3)

    assert (line.target, line.actual, line.figure) == (D(target), D(actual), D(26))
    assert line.rate == D(expected)


def test_by_period_only_this_period_counts() -> None:
    line = only(indicator(10, 20, 30, 40), [0, None, 24], at=3, basis="period")

    assert (line.target, line.actual, line.rate) == (D(30), D(24), D("80.0"))


def test_an_average_is_shown_at_six_places_and_rated_exactly() -> None:
    line = only(indicator(1, 1, 2, accumulation="average"), [1, 1, 1], at=3)

    assert (line.target, line.actual) == (D("1.333333"), D(1))
    assert line.rate == D("75.0")


@pytest.mark.parametrize(
    ("accumulation", "expected"), [("sum", "missing"), ("average", "missing"), ("last", "rated")]
)
def test_an_actual_missing_earlier_leaves_sum_and_average_unknown(
    accumulation: Any, expected: Any
) -> None:
    line = only(indicator(10, 10, 10, accumulation=accumulation), [10, None, 10], at=3)

    assert line.status == expected
    assert line.target == D(30 if accumulation == "sum" else 10)


@pytest.mark.parametrize("accumulation", ["sum", "last", "average"])
@pytest.mark.parametrize("basis", ["cumulative", "period"])
def test_an_actual_missing_now_is_missing_and_never_zero(accumulation: Any, basis: Any) -> None:
    line = only(indicator(10, 10, accumulation=accumulation), [10, None], at=2, basis=basis)

    assert (line.status, line.actual, line.rate, line.band) == ("missing", None, None, None)


# --------------------------------------------------------------------------- not due


def test_nothing_due_so_far_is_not_due_and_stays_out_of_the_mean() -> None:
    rating = rate(
        [indicator("-", 10, id="a"), indicator(10, 10, id="b")], {"b": [9], "a": []}, at=1
    )

    assert [line.status for line in rating.lines] == ["not_due", "rated"]
    assert (rating.status, rating.rate, rating.verdict) == ("rated", D("90.0"), "on_track")


@pytest.mark.parametrize("accumulation", ["sum", "last", "average"])
def test_what_was_due_before_still_counts_in_a_quarter_without_a_target(accumulation: Any) -> None:
    """What a plan owed by September does not vanish in a fourth quarter without a target."""
    line = only(indicator(30, 30, 30, "-", accumulation=accumulation), [20, 20, 20], at=4)

    assert (line.status, line.figure, line.rate) == ("rated", None, D("66.7"))


def test_by_period_a_quarter_without_a_target_is_not_due() -> None:
    line = only(indicator(30, 30, 30, "-"), [20, 20, 20], at=4, basis="period")

    assert (line.status, line.target) == ("not_due", None)


def test_what_is_done_early_counts_in_a_sum() -> None:
    line = only(indicator("-", 10), [4, 6], at=2)

    assert (line.target, line.actual, line.rate) == (D(10), D(10), D("100.0"))


def test_the_latest_value_counts_also_where_it_came_in_a_quarter_without_a_target() -> None:
    line = only(indicator(10, "-", accumulation="last"), [5, 9], at=2)

    assert (line.target, line.actual) == (D(10), D(9))


def test_an_average_is_over_the_due_quarters_only() -> None:
    line = only(indicator(10, "-", 10, accumulation="average"), [10, 1, 8], at=3)

    assert line.rate == D("90.0")


def test_an_actual_said_to_be_not_due_leaves_the_line_out_now() -> None:
    line = only(indicator(10, 10), [8, "-"], at=2)

    assert (line.status, line.target, line.figure) == ("not_due", None, None)


def test_an_actual_said_to_be_not_due_leaves_its_target_out_later() -> None:
    line = only(indicator(10, 10, 10), [8, "-", 10], at=3)

    assert (line.target, line.actual, line.rate) == (D(20), D(18), D("90.0"))


def test_not_due_said_where_no_target_is_due_changes_nothing() -> None:
    said = only(indicator(10, "-"), [9, "-"], at=2)

    assert said == only(indicator(10, "-"), [9], at=2)
    assert said.rate == D("90.0")


def test_a_project_of_which_nothing_is_due_is_on_track_without_a_rate() -> None:
    rating = rate(indicator("-", 10), [], at=1)

    assert (rating.status, rating.rate, rating.band) == ("not_due", None, None)
    assert rating.verdict == "on_track"


# --------------------------------------------------------------------------- the project


def test_three_lines_at_84_95_weighted_a_third_publish_85_0() -> None:
    """Decimal arithmetic makes 84.94999…98 of it, and prints 84.9."""
    three = [indicator(80, id=name, weight="1/3") for name in "abc"]

    rating = rate(three, {name: ["67.96"] for name in "abc"}, at=1)

    assert [line.rate for line in rating.lines] == [D("85.0")] * 3
    assert (rating.rate, rating.exact) == (D("85.0"), Fraction(1699, 20))
    assert rating.formula == "weighted_mean"


def test_the_project_is_rounded_once_from_unrounded_lines() -> None:
    """Published lines of 33.3, 33.3 and 33.4 would make 33.3; the exact mean is 33.35."""
    three = [indicator(10_000, id=name) for name in "abc"]

    rating = rate(three, {"a": [3334], "b": [3334], "c": [3337]}, at=1)

    assert [str(line.rate) for line in rating.lines] == ["33.3", "33.3", "33.4"]
    assert rating.rate == D("33.4")


def test_the_mean_is_weighted_or_plain_as_the_plan_says_and_the_rating_names_it() -> None:
    two = [indicator(10, id="a", weight=3), indicator(10, id="b", weight=1)]
    actuals = {"a": [10], "b": [6]}

    weighted = rate(two, actuals, at=1)
    plain = rate(two, actuals, at=1, project_mean="plain")

    assert (weighted.rate, weighted.formula) == (D("90.0"), "weighted_mean")
    assert (plain.rate, plain.formula) == (D("80.0"), "plain_mean")


@pytest.mark.parametrize(
    ("target", "actual", "status"), [(10, None, "missing"), (0, 5, "undefined")]
)
def test_a_line_without_a_rate_is_never_silently_averaged_away(
    target: Any, actual: Any, status: Any
) -> None:
    two = [indicator(10, id="a"), indicator(target, id="b")]

    rating = rate(two, {"a": [10], "b": [actual]}, at=1)

    assert (rating.status, rating.rate, rating.score) == (status, None, None)
    assert (rating.band, rating.verdict) == (None, None)


def test_a_missing_actual_is_told_before_an_undefined_rate() -> None:
    rating = rate([indicator(0, id="a"), indicator(5, id="b")], {"a": [1], "b": []}, at=1)

    assert rating.status == "missing"


def test_weights_of_nothing_leave_the_project_undefined() -> None:
    rating = rate(indicator(10, weight=0), [10], at=1)

    assert (rating.lines[0].rate, rating.status, rating.rate) == (D("100.0"), "undefined", None)


def test_a_rating_says_who_worked_it_out_and_by_which_revision() -> None:
    asked = attrs.evolve(subject(indicator(10), [9], at=1), revision=3)

    rating = RATES.score(asked)

    assert (rating.scorer, rating.version, rating.revision) == ("rates", RATES.version, 3)
    assert (rating.project, rating.period, rating.basis) == ("gu/1", "2016-Q1", "cumulative")


# --------------------------------------------------------------------------- scores


def test_caps_and_floors_bound_the_score_and_never_the_rate() -> None:
    two = [indicator(10, id="a", cap=D(120)), indicator(10, id="b")]

    rating = rate(two, {"a": [15], "b": [1]}, at=1, cap=D(110), floor=D(20))

    assert [(str(x.rate), str(x.score)) for x in rating.lines] == [
        ("150.0", "120.0"),
        ("10.0", "20.0"),
    ]
    assert (rating.rate, rating.score) == (D("80.0"), D("70.0"))


def test_without_bounds_the_score_is_the_rate() -> None:
    rating = rate(indicator("1.54"), [109], at=1)

    assert rating.score == rating.rate == rating.lines[0].score == D("7077.9")


# --------------------------------------------------------------------------- bands


@pytest.mark.parametrize(
    ("actual", "band", "verdict"),
    [
        ("90", "on_track", "on_track"),
        ("89.95", "on_track", "on_track"),  # published as 90.0
        ("89.94", "lagging", "lagging"),
        ("70", "lagging", "lagging"),
        ("69.94", "seriously_lagging", "seriously_lagging"),
        ("-5", "seriously_lagging", "seriously_lagging"),
        ("300", "on_track", "on_track"),  # on time is not done: nine tenths are to come
    ],
)
def test_the_published_figure_decides_the_band(actual: Any, band: Any, verdict: Any) -> None:
    rating = rate(indicator(100, 900, 1000, 1000), [actual], at=1)

    assert (rating.lines[0].band, rating.lines[0].verdict) == (band, verdict)
    assert (rating.band, rating.verdict) == (band, verdict)


def test_done_means_that_the_whole_plan_s_target_is_reached() -> None:
    four = indicator(10, 10, 10, 10)

    assert [rate(four, [10] * at, at=at).band for at in (1, 2, 3, 4)] == [
        "on_track",
        "on_track",
        "on_track",
        "done",
    ]
    assert rate(four, [10, 30], at=2).band == "done"  # early (조기완료)


def test_what_can_still_go_wrong_is_not_done_before_the_end() -> None:
    """Five accidents of forty allowed in a year are no reason to stop counting."""
    for rest in (
        {"direction": "down"},
        {"direction": "down", "accumulation": "last"},
        {"accumulation": "average"},
        {"direction": "maintain", "formula": "maintain_at_least"},
    ):
        four = indicator(10, 10, 10, 10, **rest)
        bands = [rate(four, [10] * at, at=at).band for at in (1, 2, 3, 4)]
        assert bands == ["on_track", "on_track", "on_track", "done"], rest


def test_a_level_reached_early_is_done() -> None:
    assert rate(indicator(10, 20, 30, 40, accumulation="last"), [10, 40], at=2).band == "done"


def test_a_project_is_done_when_all_its_indicators_are() -> None:
    two = [indicator(10, 10, id="a"), indicator(10, 10, id="b")]

    half = rate(two, {"a": [40], "b": [10]}, at=1)
    both = rate(two, {"a": [40], "b": [20]}, at=1)

    assert ([line.band for line in half.lines], half.band) == (["done", "on_track"], "on_track")
    assert both.band == "done"


def test_an_indicator_still_to_come_keeps_a_project_from_being_done() -> None:
    to_come = [indicator(10, "-", id="a"), indicator("-", 10, id="b")]
    never = [indicator(10, "-", id="a"), indicator("-", "-", id="b")]

    assert rate(to_come, {"a": [10], "b": []}, at=1).band == "on_track"
    assert rate(never, {"a": [10], "b": []}, at=1).band == "done"


def test_by_period_done_still_looks_at_all_periods() -> None:
    by_period = rate(indicator(10, 10), [15, 0], at=2, basis="period")
    enough = rate(indicator(10, 10), [20, 0], at=2, basis="period")

    assert (by_period.rate, by_period.band) == (D("0.0"), "seriously_lagging")
    assert (enough.rate, enough.band) == (D("0.0"), "done")


def test_a_target_declared_not_due_at_the_end_keeps_a_project_from_being_done() -> None:
    two = [indicator(10, 10, id="a"), indicator(10, 10, id="b")]

    excused = rate(two, {"a": [10, 10], "b": [2, "-"]}, at=2)

    assert [line.status for line in excused.lines] == ["rated", "not_due"]
    assert ([line.band for line in excused.lines], excused.band) == (["done", None], "on_track")


def test_by_period_a_last_quarter_without_a_target_does_not_make_up_for_the_others() -> None:
    two = [indicator(10, 10, id="a"), indicator(10, "-", id="b")]

    short = rate(two, {"a": [10, 10], "b": [2]}, at=2, basis="period")
    enough = rate(two, {"a": [10, 10], "b": [10]}, at=2, basis="period")

    assert (short.band, enough.band) == ("on_track", "done")


def test_an_override_makes_a_line_done_only_at_the_end() -> None:
    given = {"a": Override(rate=D(100), reason="현장확인")}

    bands = [rate(indicator(10, 10), [5, 5], at=at, overrides=given).band for at in (1, 2)]

    assert bands == ["on_track", "done"]


def test_an_office_may_have_bands_of_its_own() -> None:
    grades = tuple(
        Band(
            name=name,
            label=Label(name, name),
            verdict=verdict,
            at_least=None if at_least is None else D(at_least),
        )
        for name, verdict, at_least in (
            ("S", "on_track", 120),
            ("A", "on_track", 110),
            ("B", "on_track", 100),
            ("C", "lagging", 90),
            ("D", "seriously_lagging", None),
        )
    )

    names = [rate(indicator(100), [x], at=1, bands=grades).band for x in (120, 119, 100, 95, 3)]

    assert names == ["S", "A", "B", "C", "D"]
    assert rate(indicator(100), [100], at=1, bands=()).band is None


# --------------------------------------------------------------------------- overrides


def test_an_override_replaces_the_rate_and_keeps_the_computed_one() -> None:
    rating = rate(
        indicator(100), [100], at=1, overrides={"a": Override(rate=D("88.5"), reason="중복 제외")}
    )

    (line,) = rating.lines
    assert (line.rate, line.computed, line.reason) == (D("88.5"), D("100.0"), "중복 제외")
    assert (line.actual, line.band, rating.rate) == (D(100), "lagging", D("88.5"))


@pytest.mark.parametrize(
    ("target", "actual"), [(0, 5), (10, None), (10, "-"), ("-", None)], ids=str
)
def test_an_override_gives_a_rate_where_none_could_be_computed(target: Any, actual: Any) -> None:
    rating = rate(
        indicator(target), [actual], at=1, overrides={"a": Override(rate=D(95), reason="현장확인")}
    )

    (line,) = rating.lines
    assert (line.status, line.rate, line.computed) == ("rated", D("95.0"), None)
    assert (rating.status, rating.rate, rating.verdict) == ("rated", D("95.0"), "on_track")


def test_an_override_counts_as_it_is_published() -> None:
    """So a stored line is enough to override again: nothing hides behind its last digit."""
    two = [indicator(10, id="a"), indicator(10, id="b")]
    given = {name: Override(rate=D("84.95"), reason="확인") for name in "ab"}

    rating = rate(two, {"a": [1], "b": [1]}, at=1, overrides=given)

    assert [str(line.rate) for line in rating.lines] == ["85.0", "85.0"]
    assert (rating.rate, rating.exact) == (D("85.0"), None)


@given(subjects())
def test_overriding_again_with_what_the_lines_show_changes_nothing(asked: Any) -> None:
    rating = RATES.score(asked)
    again = {
        line.indicator: Override(rate=line.rate, reason=line.reason)
        for line in rating.lines
        if line.reason is not None and line.rate is not None
    }

    assert RATES.score(attrs.evolve(asked, overrides=again)) == rating


def test_an_override_needs_a_reason_and_an_indicator_and_all_faults_are_told() -> None:
    given = {"a": Override(rate=D(90), reason=" "), "z": Override(rate=D(90), reason="")}

    with pytest.raises(InvalidInput) as refused:
        rate(indicator(10), [10], at=1, overrides=given)

    assert [(problem.code, problem.value) for problem in refused.value.problems] == [
        ("reason_missing", "a"),
        ("unknown_indicator", "z"),
        ("reason_missing", "z"),
    ]


# --------------------------------------------------------------------------- bad figures


@pytest.mark.parametrize("bad", ["NaN", "sNaN", "Infinity", "-Infinity", "1E+999999", "1E-999999"])
@pytest.mark.parametrize("accumulation", ["sum", "last", "average"])
def test_what_is_no_exact_figure_is_refused_by_name(bad: Any, accumulation: Any) -> None:
    for target, actual in ((10, bad), (bad, 10)):
        with pytest.raises(InvalidInput) as refused:
            rate(indicator(target, accumulation=accumulation), [actual], at=1)
        assert [problem.path for problem in refused.value.problems] == ["gu/1.a"]


def test_a_figure_of_a_hundred_digits_is_rated_and_a_longer_one_refused() -> None:
    assert only(indicator("9" * 100), ["9" * 100], at=1).rate == D("100.0")
    with pytest.raises(InvalidInput):
        only(indicator("9" * 200), ["9" * 200], at=1)


@pytest.mark.parametrize(
    ("wrong", "code", "hint"),
    [({"formula": "upp"}, "unknown_formula", "'up'"), ({"accumulation": "total"}, None, "average")],
)
def test_an_unknown_formula_or_accumulation_is_named(wrong: Any, code: Any, hint: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        rate(attrs.evolve(indicator(1), **wrong), [1], at=1)

    (problem,) = refused.value.problems
    assert problem.code == (code or "unknown_accumulation")
    assert hint in problem.ko
    assert hint in problem.en


# --------------------------------------------------------------------------- properties


def test_rates_is_a_scorer_that_would_be_no_faster_for_many_at_once() -> None:
    assert isinstance(RATES, Scorer)
    assert not isinstance(RATES, ScoresMany)


@given(subjects())
def test_any_rating_is_read_back_from_its_tree(asked: Any) -> None:
    rating = RATES.score(asked)

    assert Rating.from_tree(rating.tree()) == rating


@given(subjects())
def test_a_rating_holds_together(asked: Any) -> None:
    """One line for each indicator in order; a rate where and only where it is rated; the
    project by the worst of its lines; scores within their bounds; bands those of the rate."""
    rating = RATES.score(asked)
    statuses = {line.status for line in rating.lines}

    assert [line.indicator for line in rating.lines] == [
        each.id for each in asked.definition.indicators
    ]
    for line, each in zip(rating.lines, asked.definition.indicators, strict=True):
        assert (line.rate is not None) == (line.status == "rated")
        assert (line.rate is None) == (line.score is None) == (line.band is None)
        assert (line.reason is not None) == (line.indicator in asked.overrides)
        if line.score is not None and line.rate is not None:
            cap = asked.rules.cap if each.cap is None else each.cap
            assert cap is None or line.score <= cap
            assert asked.rules.floor is None or line.score >= asked.rules.floor
            assert line.rate.as_tuple().exponent == -asked.rules.places
    if "missing" in statuses:
        assert rating.status == "missing"
    elif "undefined" in statuses:
        assert rating.status == "undefined"
    elif statuses == {"not_due"}:
        assert rating.status == "not_due"
    else:
        assert rating.status in {"rated", "undefined"}  # the latter by weights of zero
    assert (rating.rate is not None) == (rating.status == "rated") == (rating.band is not None)


@given(subjects())
def test_no_rate_is_made_up(asked: Any) -> None:
    """A rate exists only where a target and an actual do, or where a reviewer gave it."""
    for line in RATES.score(asked).lines:
        if line.reason is None and line.rate is not None:
            assert line.target is not None
            assert line.actual is not None
        if line.reason is None:
            assert line.computed is None


@given(subjects(), st.fractions(min_value="1/60", max_value=60))
def test_only_the_relation_of_weights_matters(asked: Any, factor: Any) -> None:
    indicators = tuple(
        attrs.evolve(each, weight=each.weight * factor) for each in asked.definition.indicators
    )
    scaled = attrs.evolve(asked, definition=attrs.evolve(asked.definition, indicators=indicators))

    before, after = RATES.score(asked), RATES.score(scaled)

    assert (after.rate, after.exact, after.band) == (before.rate, before.exact, before.band)


@given(
    st.lists(st.tuples(figures, weights), min_size=1, max_size=5),
    st.sampled_from(["weighted", "plain"]),
)
def test_the_project_s_rate_is_the_exact_mean_of_exact_rates(given_rates: Any, mean: Any) -> None:
    several = [
        indicator(7, id=f"i{place}", weight=weight) for place, (_, weight) in enumerate(given_rates)
    ]
    actuals = {f"i{place}": [actual] for place, (actual, _) in enumerate(given_rates)}

    rating = rate(several, actuals, at=1, project_mean=mean)

    shares = [weight if mean == "weighted" else Fraction(1) for _, weight in given_rates]
    if not sum(shares):
        assert rating.rate is None
        return
    exact = sum(
        Fraction(actual) * 100 / 7 * share
        for (actual, _), share in zip(given_rates, shares, strict=True)
    ) / sum(shares)
    assert rating.rate is not None
    assert (rating.exact or Fraction(rating.rate)) == exact
    assert abs(Fraction(rating.rate) - exact) <= Fraction(1, 20)


@given(subjects(), st.data())
def test_a_better_actual_never_worsens_the_project(asked: Any, data: Any) -> None:
    """More of what is better, in the period under evaluation, for one indicator."""
    each = data.draw(st.sampled_from(asked.definition.indicators))
    actual = asked.actuals[asked.period].get(each.id)
    lower = each.direction == "down" or each.formula == "maintain_at_most"
    if actual is None or isinstance(actual, NotDue) or each.formula == "baseline":
        return
    step = data.draw(st.decimals(min_value=0, max_value=1000, places=2))
    better = _with_actual(asked, each.id, actual - step if lower else actual + step)

    before, after = RATES.score(asked), RATES.score(better)

    if before.rate is not None and after.rate is not None:
        assert after.rate >= before.rate
        assert _rank(asked, after.verdict) <= _rank(asked, before.verdict)


def _with_actual(asked: Subject, indicator_id: str, actual: Decimal) -> Subject:
    here = {**asked.actuals[asked.period], indicator_id: actual}
    return attrs.evolve(asked, actuals={**asked.actuals, asked.period: here})


def _rank(asked: Subject, verdict: str | None) -> int:
    return [band.verdict for band in asked.rules.bands].index(verdict or "")


@given(subjects())
def test_the_future_does_not_change_a_rate(asked: Any) -> None:
    """Targets of later periods move the band `done` and nothing else."""
    here = QUARTERS.index(asked.period) + 1
    indicators = tuple(
        attrs.evolve(
            each, targets={q: each.targets[q] for q in QUARTERS[:here] if q in each.targets}
        )
        for each in asked.definition.indicators
    )
    ended = attrs.evolve(asked, definition=attrs.evolve(asked.definition, indicators=indicators))

    before, after = RATES.score(asked), RATES.score(ended)

    assert (after.rate, after.score, after.status) == (before.rate, before.score, before.status)
    assert [line.rate for line in after.lines] == [line.rate for line in before.lines]


def test_the_rules_of_the_tests_are_those_of_the_plan_that_names_none() -> None:
    assert [band.name for band in rules().bands] == [
        "done",
        "on_track",
        "lagging",
        "seriously_lagging",
    ]
