"""Why a printed rate differs, a floor of rates, totals of points."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import evalflow
from evalflow import cli
from evalflow.model import Indicator, Label, ProjectDefinition, Rating, ScoringRules, Subject
from evalflow.scoring.bands import DEFAULT_BANDS
from evalflow.scoring.explain import explain
from evalflow.scoring.hints import hint, project_hint
from evalflow.scoring.rates import Rates, RatesOptions

RULES = ScoringRules(bands=DEFAULT_BANDS)


def indicator(name: str, target: Any, formula: str = "up", weight: Any = 1) -> Indicator:
    return Indicator(
        id=name, label=Label(name, name), unit="건", formula=formula, accumulation="last",
        direction="down" if formula.startswith("down") else "up",
        targets={"2016-Q1": Decimal(target)}, weight=Fraction(weight),
    )  # fmt: skip


def project(*indicators: Indicator) -> ProjectDefinition:
    return ProjectDefinition(
        id="gu/1", number="1", label=Label("가", "A"), field="f", assignments=(),
        indicators=indicators,
    )  # fmt: skip


def rate(
    of: ProjectDefinition, *actuals: Any, rules: ScoringRules = RULES, **options: Any
) -> Rating:
    given = {each.id: Decimal(actual) for each, actual in zip(of.indicators, actuals, strict=True)}
    return Rates(RatesOptions(**options)).score(
        Subject(
            project="gu/1",
            period="2016-Q1",
            periods=("2016-Q1",),
            definition=of,
            rules=rules,
            actuals={"2016-Q1": given},
        )
    )


def code(target: Any, actual: Any, printed: str, formula: str = "up") -> str:
    one = indicator("i", target, formula)
    return hint(rate(project(one), actual).lines[0], one, RULES, Decimal(printed)).code


@pytest.mark.parametrize(
    ("target", "actual", "formula", "printed", "expected"),
    [
        ("40", "33.98", "up", "85.0", "agrees"),
        ("40", "33.98", "up", "84.95", "agrees"),
        ("40", "33.98", "up", "84.9", "cut_off"),
        ("3", "2", "up", "66", "cut_off"),
        ("100000", "84446", "up", "84.5", "rounded_twice"),  # 84.446 by way of 84.45
        ("3", "10", "down_linear", "0", "floored"),
        ("3", "10", "down_linear", "0.0", "floored"),
        ("12.2", "9.8", "down_linear", "124.5", "other_formula"),  # target ÷ actual
        ("12.2", "9.8", "down_linear", "80.3", "other_formula"),  # the direction was missed
        ("78", "78", "up", "99.7", "unexplained"),
    ],
)
def test_a_hint_names_the_habit_behind_a_printed_rate(
    target: str, actual: str, formula: str, printed: str, expected: str
) -> None:
    assert code(target, actual, printed, formula) == expected


@given(st.integers(1, 10_000), st.integers(1, 10_000), st.integers(0, 2))
def test_rounded_or_cut_off_by_decimal_is_known_by_the_hint(
    target: int, actual: int, places: int
) -> None:
    """Against the decimal module's own roundings."""
    exact = Decimal(actual * 10**30 // target) / 10**28
    unit = Decimal(1).scaleb(-places)
    up, down = exact.quantize(unit, ROUND_HALF_UP), exact.quantize(unit, ROUND_DOWN)
    twice = exact.quantize(unit / 10, ROUND_HALF_UP).quantize(unit, ROUND_HALF_UP)
    assert code(target, actual, str(up)) == "agrees"
    if down != up:
        assert code(target, actual, str(down)) == "cut_off"
    if twice not in (up, down):
        assert code(target, actual, str(twice)) == "rounded_twice"


def test_a_project_s_printed_rate_may_come_of_rounded_indicators() -> None:
    of = project(*(indicator(name, 8000) for name in "abc"))
    rating = rate(of, 6796, 6796, 6790)  # 84.95, 84.95, 84.875
    assert (str(rating.rate), [str(line.rate) for line in rating.lines]) == (
        "84.9",
        ["85.0", "85.0", "84.9"],
    )
    assert project_hint(rating, Decimal("84.9")).code == "agrees"
    assert project_hint(rating, Decimal("85.0")).code == "points_rounded"
    assert project_hint(rating, Decimal("70.0")).code == "unexplained"


def test_points_rounded_before_they_are_summed_are_known() -> None:
    of = project(*(indicator(name, 10_000, weight=10) for name in "abc"))
    rating = rate(of, 8446, 8446, 8446, points=True)
    assert str(rating.score) == "25.3"  # 3 × 8.446, rounded once
    assert project_hint(rating, Decimal("25.3")).code == "agrees"
    assert project_hint(rating, Decimal("25.2")).code == "points_rounded"  # 3 × 8.4
    assert project_hint(rating, Decimal("25.5")).code == "points_rounded"  # 84.5 first: 3 × 8.5
    assert project_hint(rating, Decimal("25.1")).code == "unexplained"


def test_a_total_of_points_is_rounded_once_and_explained() -> None:
    of = project(indicator("a", 9, weight=20), indicator("b", 7, weight=30))
    rating = rate(of, 8, 8, points=True, rules=ScoringRules(
        bands=DEFAULT_BANDS, cap=Decimal(100), options={"points": True},
    ))  # fmt: skip
    assert [str(line.score) for line in rating.lines] == ["17.8", "30.0"]
    assert str(rating.score) == "47.8"  # 17.777… + 30
    assert rating.options == {"points": True}
    rules = ScoringRules(bands=DEFAULT_BANDS, cap=Decimal(100), options={"points": True})
    words = explain(rating, of, rules)
    assert "배점 20 × 평점 ÷ 100 = 17.8점" in words[0]
    assert "점수 47.8점(배점×평점의 합, 만점 50점)" in words[-1]
    assert "Score 47.8 points" in explain(rating, of, rules, "en")[-1]
    assert Rating.from_tree(rating.tree()) == rating


def test_a_floor_of_rates_is_an_option_and_is_said() -> None:
    of = project(indicator("a", 3, "down_linear"))
    assert str(rate(of, 10).rate) == "-133.3"
    rating = rate(of, 10, rate_floor=Decimal(0))
    assert str(rating.rate) == "0.0"
    assert rating.options == {"rate_floor": "0"}
    rules = ScoringRules(bands=DEFAULT_BANDS, options={"rate_floor": "0"})
    assert "이행률 하한 0%로 봄" in explain(rating, of, rules)[0]
    assert "하한" not in explain(rate(of, 3, rate_floor=Decimal(0)), of, rules)[0]


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 99)), min_size=1, max_size=4))
def test_without_options_a_rating_is_what_it_was(figures: list[tuple[int, int]]) -> None:
    of = project(*(indicator(str(at), target) for at, (target, _) in enumerate(figures)))
    rating = rate(of, *(actual for _, actual in figures))
    plain = Rates().score(
        Subject(
            project="gu/1", period="2016-Q1", periods=("2016-Q1",), definition=of, rules=RULES,
            actuals={"2016-Q1": {str(at): Decimal(a) for at, (_, a) in enumerate(figures)}},
        )
    )  # fmt: skip
    assert rating == plain
    assert "options" not in rating.tree()


def test_options_of_a_plan_reach_the_scorer() -> None:
    with evalflow.open("memory:", plugins=[]) as engine:
        scorer = engine.plugins.scorer("rates", {"rate_floor": "0", "points": "true"})
        of = project(indicator("a", 3, "down_linear", weight=20))
        rating = scorer.score(
            Subject(
                project="gu/1", period="2016-Q1", periods=("2016-Q1",), definition=of,
                rules=RULES, actuals={"2016-Q1": {"a": Decimal(10)}},
            )
        )  # fmt: skip
        assert (str(rating.rate), str(rating.score)) == ("0.0", "0.0")
        with pytest.raises(evalflow.InvalidInput, match="rate_flor"):
            engine.plugins.scorer("rates", {"rate_flor": "0"})


def test_score_says_why_a_printed_rate_differs(
    office: Any, store_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    if store_url == "memory:":
        pytest.skip("the command needs a store in a file")
    monkeypatch.setenv("EVALFLOW_PLUGINS", "")
    office.clock.go("2016-04-04")
    office.evaluate("gu/3", actuals={"metres": "399.9", "complaints": 50})

    def run(*printed: str) -> tuple[int, str]:
        capsys.readouterr()
        args = [word for each in printed for word in ("--printed", each)]
        code = cli.run(["--store", store_url, "--lang", "ko", "score", "gu/3", *args])
        said = capsys.readouterr()
        return code, said.out + said.err

    code, out = run("metres=99.9%", "project=100.0")
    assert code == 0
    assert "metres 적힌 이행률 99.9%: 반올림하지 않고 버린 값입니다" in out
    assert "project 적힌 이행률 100.0%: 산출값과 같습니다" in out
    code, out = run("metres=99,9", "meters=1")
    assert code == 2
    assert "99.9로 적으십시오" in out
    assert "'meters'가 없습니다" in out
