"""Subjects for scorers: by one line each, and by Hypothesis."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from evalflow import Label, ProjectDefinition
from evalflow.plugins import (
    Assignment,
    Band,
    Figure,
    Indicator,
    NotDue,
    Override,
    ScoringRules,
    Subject,
)

PERIODS = ("2016-Q1", "2016-Q2", "2016-Q3", "2016-Q4")

BANDS = (
    Band(name="done", label=Label("완료", "Done"), verdict="on_track", at_least=Decimal(100)),
    Band(
        name="on_track", label=Label("정상", "On track"), verdict="on_track", at_least=Decimal(90)
    ),
    Band(name="lagging", label=Label("부진", "Lagging"), verdict="lagging", at_least=Decimal(70)),
    Band(
        name="seriously_lagging",
        label=Label("현저히 부진", "Seriously lagging"),
        verdict="seriously_lagging",
        at_least=None,
    ),
)

_FORMULAS = {
    "up": ("up",),
    "down": ("down_linear", "down_ratio"),
    "maintain": ("maintain_at_least",),
}


def an_indicator(
    id: str = "schools",
    targets: Mapping[str, Any] | None = None,
    *,
    direction: str = "up",
    formula: str = "up",
    accumulation: str = "sum",
    weight: Fraction = Fraction(1),
) -> Indicator:
    """Return an indicator with these targets by period (10 in each quarter if absent)."""
    given = dict.fromkeys(PERIODS, 10) if targets is None else targets
    return Indicator(
        id=id,
        label=Label(f"참여 학교 ({id})", f"Schools taking part ({id})"),
        unit="개교",
        direction=direction,
        formula=formula,
        accumulation=accumulation,
        weight=weight,
        targets={period: _figure(figure) for period, figure in given.items()},
    )


def a_subject(
    actuals: Mapping[str, Any] | None = None,
    *indicators: Indicator,
    at: int = 1,
    overrides: Mapping[str, Override] | None = None,
    **rules: Any,
) -> Subject:
    """Return a project in the `at`-th quarter with these actuals of every quarter up to it, by
    indicator (10 schools if absent): what is None is missing, `-` not due."""
    several = indicators or (an_indicator(),)
    given = {"schools": 10} if actuals is None else actuals
    return Subject(
        project="seodaemun-2016/6",
        period=PERIODS[at - 1],
        periods=PERIODS[:at],
        definition=ProjectDefinition(
            id="seodaemun-2016/6",
            number="6",
            label=Label("서울형 혁신교육지구 운영", "Seoul innovative education district"),
            field="culture_education",
            assignments=(Assignment(unit="education-support"),),
            indicators=several,
        ),
        rules=ScoringRules(**{"bands": BANDS, **rules}),
        actuals={
            period: {name: _figure(f) for name, f in given.items() if f is not None}
            for period in PERIODS[:at]
        },
        overrides=overrides or {},
    )


def _figure(given: Any) -> Figure:
    return NotDue("시기미도래") if given == "-" else Decimal(str(given))


_figures = st.decimals(min_value=0, max_value=10**9, allow_nan=False, places=3)


@st.composite
def subjects(draw: st.DrawFn) -> Subject:
    """Any subject of up to three indicators, with gaps, not-dues, zero targets and overrides."""
    names = ["schools", "pupils", "교육과정"][: draw(st.integers(1, 3))]
    several = []
    for name in names:
        direction = draw(st.sampled_from(sorted(_FORMULAS)))
        several.append(
            an_indicator(
                name,
                {period: draw(_figures | st.just("-") | st.just(0)) for period in PERIODS},
                direction=direction,
                formula=draw(st.sampled_from(_FORMULAS[direction])),
                accumulation=draw(st.sampled_from(["sum", "last", "average"])),
                weight=draw(st.fractions(min_value=0, max_value=10, max_denominator=12)),
            )
        )
    overridden = draw(st.sets(st.sampled_from(names)))
    return a_subject(
        {name: draw(_figures | st.just("-") | st.none()) for name in names},
        *several,
        at=draw(st.integers(1, 4)),
        overrides={
            name: Override(rate=draw(_figures), reason="현장확인 결과") for name in overridden
        },
        basis=draw(st.sampled_from(["cumulative", "period"])),
        project_mean=draw(st.sampled_from(["weighted", "plain"])),
        places=draw(st.integers(0, 3)),
        zero_target=draw(st.sampled_from(["undefined", "met_or_not", "full"])),
    )
