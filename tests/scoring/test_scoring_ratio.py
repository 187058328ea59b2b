"""Shares by numerator and denominator: a year's share is the sum over the sum."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import evalflow
from evalflow.batch.sheet import figures_by_project
from evalflow.files.table_reader import read_table
from evalflow.model import NotDue, Rating, Share
from evalflow.plan.listing import list_actuals
from evalflow.plan.tables import ACTUALS
from evalflow.scoring.explain import explain
from evalflow.testing.samples import figure as made_up
from scoring_given import QUARTERS, indicator, project
from small_plans import office, plan_file, report


def share(above: Any, below: Any) -> Share:
    return Share(Decimal(above), Decimal(below))


def test_a_share_so_far_is_the_sum_over_the_sum_not_a_mean_of_shares() -> None:
    one = indicator(50, 50, 50, accumulation="ratio", unit="%")
    line = line_of(one, {"2016-Q1": share(1, 10), "2016-Q2": share(80, 90)})
    assert line.actual == 81  # 81 of 100; the mean of 10 % and 88.9 % is another figure
    assert (line.target, str(line.rate)) == (50, "162.0")
    assert line.figure == share(80, 90)


def line_of(one: Any, actuals: Any, period: str | None = None) -> Any:
    return rating_of(one, actuals, period).lines[0]


def rating_of(one: Any, actuals: Any, period: str | None = None) -> Rating:
    from evalflow.model import ScoringRules, Subject
    from evalflow.scoring.bands import DEFAULT_BANDS
    from evalflow.scoring.rates import Rates

    at = period or max(actuals)
    return Rates().score(
        Subject(
            project="gu/1",
            period=at,
            periods=tuple(each for each in QUARTERS if each <= at),
            definition=project(one),
            rules=ScoringRules(bands=DEFAULT_BANDS),
            actuals={when: {one.id: given} for when, given in actuals.items()},
        )
    )


@given(
    st.lists(
        st.tuples(st.decimals(0, 10**6, places=2), st.decimals("0.01", 10**6, places=2)),
        min_size=1,
        max_size=4,
    ),
    st.integers(1, 200),
    st.sampled_from(["%", "명당"]),
)
def test_it_is_exact(pairs: list[tuple[Decimal, Decimal]], target: int, unit: str) -> None:
    """Against fractions."""
    one = indicator(*[target] * len(pairs), accumulation="ratio", unit=unit)
    actuals = {p: Share(*pair) for p, pair in zip(QUARTERS, pairs, strict=False)}
    rating = rating_of(one, actuals)
    above = sum((Fraction(a) for a, _ in pairs), Fraction(0))
    below = sum((Fraction(b) for _, b in pairs), Fraction(0))
    exact = above / below * (100 if unit == "%" else 1) / target * 100
    assert rating.rate == Decimal(int(exact * 10 + Fraction(1, 2))) / 10
    assert Rating.from_tree(rating.tree()) == rating


def test_a_missing_share_is_missing_and_one_that_is_not_due_is_left_out() -> None:
    one = indicator(50, 60, 70, accumulation="ratio", unit="%")
    assert line_of(one, {"2016-Q2": share(1, 2)}).status == "missing"
    line = line_of(one, {"2016-Q1": NotDue("없음"), "2016-Q2": share(3, 5)})
    assert (line.actual, line.target) == (60, 60)
    assert line_of(one, {"2016-Q1": share(1, 2)}, period="2016-Q1").status == "rated"


def test_it_is_explained() -> None:
    one = indicator(50, 50, accumulation="ratio", unit="%")
    rating = rating_of(one, {"2016-Q1": share(1, 10), "2016-Q2": share(80, 90)})
    from evalflow.model import ScoringRules
    from evalflow.scoring.bands import DEFAULT_BANDS

    words = explain(rating, project(one), ScoringRules(bands=DEFAULT_BANDS))[0]
    assert "누계(분자 합 ÷ 분모 합) 목표 50%, 실적 81%" in words
    assert "81 ÷ 50 × 100 = 162" in words


# --------------------------------------------------------------------------- in the engine


@pytest.mark.parametrize(
    "actual", ["12/40", " 12 / 40 ", {"numerator": 12, "denominator": "40"}, share(12, 40)]
)
def test_an_actual_is_given_as_a_pair(actual: Any, tmp_path: Path) -> None:
    engine = office(plan_file(tmp_path, "30", accumulation="ratio"))
    report(engine, actual)
    evaluation = engine.evaluation("x-2025/1")
    assert evaluation.facts["actuals"] == {"i": "12/40"}
    assert evaluation.rating is not None
    assert (evaluation.rating.lines[0].figure, str(evaluation.rating.rate)) == (
        share(12, 40),
        "100.0",
    )
    assert engine.ratings.again("x-2025/1") == evaluation.rating
    assert list(engine.audit.verify()) == []
    listing = list_actuals(engine.plans.definitions("x-2025"), {"x-2025/1": evaluation})
    assert "12/40" in listing.rows[0]


@pytest.mark.parametrize(
    ("actual", "says"),
    [
        ("30", "numerator and denominator"), (30, "numerator and denominator"),
        ("30%", "numerator and denominator"), ("1/2/3", "numerator and denominator"),
        ("12/0", "above 0"), ("12/-4", "above 0"), ("1,5/4", "write 1.5"), ("12/40¹", "mark"),
        ({"numerator": 1}, "numerator and denominator"), ("/", "figure"),
    ],
)  # fmt: skip
def test_what_is_no_pair_is_refused(actual: Any, says: str, tmp_path: Path) -> None:
    engine = office(plan_file(tmp_path, "30", accumulation="ratio"))
    with pytest.raises(evalflow.InvalidInput, match=says):
        report(engine, actual)


def test_a_pair_may_be_provisional(tmp_path: Path) -> None:
    engine = office(plan_file(tmp_path, "30", accumulation="ratio"))
    report(engine, "12/40(잠정)")
    assert engine.evaluation("x-2025/1").provisional() == {"2025-Q1": {"i": "12/40"}}


def test_an_indicator_without_denominators_takes_no_pair(tmp_path: Path) -> None:
    engine = office(plan_file(tmp_path, "30"))
    with pytest.raises(evalflow.InvalidInput, match="accumulation: ratio"):
        report(engine, "12/40")


@pytest.mark.parametrize(
    ("table", "given"),
    [
        ("관리번호,성과지표,실적\n1,지표,12/40\n", "12/40"),
        (
            "관리번호,성과지표,실적,분자,분모\n1,지표,,12,40\n",
            {"numerator": "12", "denominator": "40"},
        ),
        (
            '관리번호,성과지표,실적,분자,분모\n1,지표,30%,"1,200","4,000"\n',
            {"numerator": "1200", "denominator": "4000"},
        ),
    ],
)  # fmt: skip
def test_a_table_has_the_pair_in_one_cell_or_two(table: str, given: Any, tmp_path: Path) -> None:
    plan = evalflow.load_plan(plan_file(tmp_path, "30", accumulation="ratio"))
    known = {each.id: each for each in plan.projects.values()}
    found = figures_by_project(read_table(table.encode(), ACTUALS, name="t"), "x-2025", known)
    assert found["x-2025/1"]["actuals"]["i"] == given


@pytest.mark.parametrize(
    "table",
    [
        "관리번호,성과지표,실적\n1,지표,30\n",
        "관리번호,성과지표,실적,분자,분모\n1,지표,,12,\n",
        "관리번호,성과지표,실적,분자,분모\n1,지표,,12,-\n",
    ],
)
def test_half_a_pair_in_a_table_is_named(table: str, tmp_path: Path) -> None:
    plan = evalflow.load_plan(plan_file(tmp_path, "30", accumulation="ratio"))
    known = {each.id: each for each in plan.projects.values()}
    with pytest.raises(evalflow.InvalidInput) as caught:
        figures_by_project(read_table(table.encode(), ACTUALS, name="t"), "x-2025", known)
    (problem,) = caught.value.problems
    assert problem.line == 2
    assert problem.cell is not None


@pytest.mark.parametrize("direction", ["up", "down"])
@pytest.mark.parametrize("strength", [Fraction(1), Fraction(1, 2)])
def test_rehearsals_make_up_pairs_of_the_strength_asked_for(
    direction: str, strength: Fraction
) -> None:
    one = indicator(50, 60, accumulation="ratio", unit="%", direction=direction)
    first = made_up(one, "2016-Q1", {}, strength)
    second = made_up(one, "2016-Q2", {"2016-Q1": {one.id: first}}, strength)
    actuals = {"2016-Q1": Share.of(first), "2016-Q2": Share.of(second)}
    rate = line_of(one, actuals).rate
    assert (rate >= 100) if strength == 1 else (rate < 70)
