"""Rates explained in sentences, with the numbers filled in."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from evalflow.model import Label, Override
from evalflow.scoring.explain import explain, explain_line
from evalflow.scoring.rates import Rates
from scoring_given import indicator, project, rate, rules, subjects

D = Decimal
SCHOOLS = Label("참여 학교 수", "Participating schools")


def said(*targets: Any, actuals: Any, at: int = 1, lang: str = "ko", **rest: Any) -> str:
    """The paragraph on one indicator."""
    rules_of = {key: rest.pop(key) for key in list(rest) if key in RULES}
    asked = indicator(*targets, label=SCHOOLS, **rest)
    overrides = rules_of.pop("overrides", None)
    rating = rate(asked, actuals, at=at, overrides=overrides, **rules_of)
    return explain_line(rating.lines[0], asked, rules(**rules_of), lang, period=rating.period)


RULES = {"basis", "places", "cap", "floor", "overrides", "bands", "project_mean"}


def test_a_rate_is_explained_step_by_step() -> None:
    assert said(5, 10, 15, 20, actuals=[5, 8, 12], at=3, unit="개교", weight="1/2") == (
        "참여 학교 수: 누계(합계) 목표 5 + 10 + 15 = 30개교, 실적 25개교. "
        "산식 실적 ÷ 목표 × 100: 25 ÷ 30 × 100 = 83.3333…, 소수 둘째 자리에서 반올림 "
        "→ 이행률 83.3%. 추진상태 부진(70% 이상 90% 미만). 가중치 1/2."
    )
    assert said(5, 10, 15, 20, actuals=[5, 8, 12], at=3, unit="schools", lang="en") == (
        "Participating schools: Target so far (sum) 5 + 10 + 15 = 30 schools, actual 25 schools. "
        "Formula actual ÷ target × 100: 25 ÷ 30 × 100 = 83.3333…, rounded half up to 1 decimal "
        "→ rate 83.3%. Band: Lagging (from 70% below 90%). Weight 1."
    )


@pytest.mark.parametrize(
    ("targets", "actuals", "rest", "words"),
    [
        (
            [80],
            ["67.96"],
            {},
            "67.96 ÷ 80 × 100 = 84.95, 소수 둘째 자리에서 반올림 → 이행률 85.0%.",
        ),
        (
            [100],
            [100],
            {},
            "100 ÷ 100 × 100 = 100 → 이행률 100.0%. 추진상태 완료(전체 목표의 100% 이상).",
        ),
        (
            [-1500],
            [-1572],
            {},
            "(2 − 실적 ÷ 목표) × 100: (2 − (-1,572) ÷ (-1,500)) × 100 = 95.2 → 이행률 95.2%.",
        ),
        (["12.2"], ["9.8"], {"direction": "down"}, "(2 − 9.8 ÷ 12.2) × 100 = 119.6721…"),
        (
            ["12.2"],
            ["9.8"],
            {"direction": "down", "formula": "down_ratio"},
            "목표 ÷ 실적 × 100: 12.2 ÷ 9.8 × 100 = 124.4897…",
        ),
        (
            [20],
            [12],
            {"formula": "baseline", "baseline": D(10)},
            "(12 − 10) ÷ (20 − 10) × 100 = 20 → 이행률 20.0%.",
        ),
        (
            [5],
            [4],
            {"direction": "maintain", "formula": "maintain_at_most"},
            "4 ≤ 5 → 이행률 100.0%.",
        ),
        (
            [5],
            [6],
            {"direction": "maintain", "formula": "maintain_at_most"},
            "(2 − 6 ÷ 5) × 100 = 80 → 이행률 80.0%.",
        ),
        (
            [90],
            [45],
            {"direction": "maintain", "formula": "maintain_at_least"},
            "45 ÷ 90 × 100 = 50 → 이행률 50.0%.",
        ),
        ([100], ["99.96"], {"formula": "met_or_not"}, "99.96 < 100 → 이행률 0.0%."),
        ([8], [1], {"places": 0}, "= 12.5, 소수 첫째 자리에서 반올림 → 이행률 13%."),
    ],
)
def test_each_formula_shows_its_own_steps(
    targets: Any, actuals: Any, rest: Any, words: Any
) -> None:
    assert words in said(*targets, actuals=actuals, **rest)


@pytest.mark.parametrize(
    ("targets", "actuals", "rest", "ko", "en"),
    [
        (["-"], [None], {}, "시기미도래: 평균에서 제외. 사유: 시기미도래.", "Not due yet"),
        ([10], [None], {}, "목표 10건, 실적 미입력.", "Target so far (sum) 10 건; no actual."),
        (
            [0],
            [5],
            {},
            "목표가 0이어서 나눌 수 없으므로 이행률 없음.",
            "The target is 0, by which nothing is divided: no rate.",
        ),
        (
            [0],
            [5],
            {"zero_target": "met_or_not", "direction": "down"},
            "목표가 0이어서 달성 여부로 정함: 실적 5 > 0, 미달성 → 이행률 0.0%.",
            "so met or not: 5 > 0, not met → rate 0.0%.",
        ),
        (
            [0],
            [5],
            {"zero_target": "full"},
            "목표가 0이면 100.0%로 봄.",
            "A target of 0 counts as 100.0%.",
        ),
        (
            [3],
            [0],
            {"direction": "down", "formula": "down_ratio"},
            "산식 '목표 ÷ 실적 × 100'으로는 이행률 산정 불가.",
            "The formula 'target ÷ actual × 100' knows no rate here.",
        ),
        (
            [-10],
            [-5],
            {"direction": "down"},
            "산식 '(2 − 실적 ÷ 목표) × 100'으로는 이행률 산정 불가.",
            "knows no rate here.",
        ),
        ([100], [150], {"cap": D(120)}, "점수 120.0점(상한 120).", "Score 120.0 (cap 120)."),
        ([100], [5], {"floor": D(20)}, "점수 20.0점(하한 20).", "Score 20.0 (floor 20)."),
        ([10], [9], {"basis": "period"}, "당기 목표 10건", "Target of the period alone 10 건"),
    ],
)
def test_what_is_special_is_said(targets: Any, actuals: Any, rest: Any, ko: Any, en: Any) -> None:
    assert ko in said(*targets, actuals=actuals, **rest)
    assert en in said(*targets, actuals=actuals, lang="en", **rest)


def test_an_actual_missing_earlier_is_told_from_one_missing_now() -> None:
    assert "실적이 없는 기간이 있음" in said(10, 10, actuals=[None, 10], at=2)


def test_an_override_is_explained_with_its_reason_and_what_was_computed() -> None:
    given = {"a": Override(rate=D("88.5"), reason="중복 구간 제외")}

    assert said(100, actuals=[100], overrides=given).endswith(
        "→ 이행률 100.0%. 종합평가에서 이행률을 88.5%로 정함(산출값 100.0%). "
        "사유: 중복 구간 제외. 추진상태 부진(70% 이상 90% 미만). 가중치 1."
    )
    assert "(nothing computed)" in said(0, actuals=[1], overrides=given, lang="en")


def test_the_project_s_mean_is_explained_with_its_weights() -> None:
    three = [indicator(80, id=name, weight="1/3") for name in "abc"]
    rating = rate(three, {name: ["67.96"] for name in "abc"}, at=1)

    *_, ko = explain(rating, project(*three), rules())
    *_, en = explain(rating, project(*three), rules(), "en")

    assert ko == (
        "사업 이행률: 가중평균 (85.0 × 1/3 + 85.0 × 1/3 + 85.0 × 1/3) ÷ 1, "
        "반올림하지 않은 이행률로는 84.95, 마지막에 한 번 반올림 → 85.0%. "
        "추진상태 부진(70% 이상 90% 미만). 산정기 rates 1, 1차 계획, 2016-Q1."
    )
    assert en == (
        "Project: weighted mean (85.0 × 1/3 + 85.0 × 1/3 + 85.0 × 1/3) ÷ 1; "
        "from unrounded rates 84.95, rounded half up once at the end → 85.0%. "
        "Band: Lagging (from 70% below 90%). Scorer rates 1, plan revision 1, 2016-Q1."
    )


@pytest.mark.parametrize(
    ("targets", "actuals", "ko", "en"),
    [
        ((10, 10), (10, None), "실적이 없는 성과지표(지표 b)가 있어", "missing (Indicator b)"),
        ((10, 0), (10, 5), "이행률이 정해지지 않은 성과지표(지표 b)", "undefined (Indicator b)"),
        ((10, "-"), (10, None), "(시기미도래 1개 제외)", "(1 not due left out)"),
        (("-", "-"), (None, None), "시기가 된 성과지표가 없음", "No indicator is due yet"),
    ],
)
def test_a_project_without_a_rate_says_why(targets: Any, actuals: Any, ko: Any, en: Any) -> None:
    two = [indicator(targets[0], id="a"), indicator(targets[1], id="b")]
    rating = rate(two, {"a": [actuals[0]], "b": [actuals[1]]}, at=1)

    assert ko in explain(rating, project(*two), rules())[-1]
    assert en in explain(rating, project(*two), rules(), "en")[-1]


def test_a_level_below_zero_that_is_kept_is_explained() -> None:
    """Whether it is kept is a comparison, which needs no sign."""
    one = indicator(-2, formula="maintain_at_most")
    rating = rate(one, [-2], at=1)

    assert "이행률 100.0%" in explain(rating, project(one), rules())[0]


def test_weights_of_nothing_are_explained() -> None:
    one = indicator(10, weight=0)
    rating = rate(one, [10], at=1)

    assert "가중치의 합이 0" in explain(rating, project(one), rules())[-1]


def test_a_rating_is_explained_also_without_its_indicator_and_with_a_foreign_formula() -> None:
    """A scorer of a plugin has formulas of its own; its figures are still told."""
    from attrs import evolve

    rating = rate(indicator(10), [9], at=1)
    foreign = evolve(rating, lines=(evolve(rating.lines[0], formula="weather", band="sunny"),))

    line, _ = explain(foreign, project(), rules())

    assert line == "a: 최근값 목표 10, 실적 9. 추진상태 sunny. 가중치 1."


@given(subjects())
def test_every_rating_can_be_explained_in_both_languages(asked: Any) -> None:
    rating = Rates().score(asked)

    for lang in ("ko", "en"):
        paragraphs = explain(rating, asked.definition, asked.rules, lang)
        assert len(paragraphs) == len(rating.lines) + 1
        for line, paragraph in zip(rating.lines, paragraphs, strict=False):
            assert "None" not in paragraph
            if line.rate is not None:
                assert f"{line.rate}%" in paragraph
            if line.reason is not None:
                assert line.reason in paragraph
