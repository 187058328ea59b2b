"""Indicators, subjects and figures for the tests of scoring, in one line each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from evalflow.model import (
    Assignment,
    Figure,
    Indicator,
    Label,
    NotDue,
    Override,
    ProjectDefinition,
    Rating,
    ScoringRules,
    Step,
    Subject,
)
from evalflow.scoring.bands import DEFAULT_BANDS
from evalflow.scoring.formulas import DEFAULT_FORMULA, FORMULAS
from evalflow.scoring.rates import Rates

QUARTERS = ("2016-Q1", "2016-Q2", "2016-Q3", "2016-Q4")


def figure(given: Any) -> Figure:
    """A figure from an int or a text; "-" is not due."""
    return NotDue("시기미도래") if given == "-" else Decimal(str(given))


def row(*given: Any) -> dict[str, Figure]:
    """Figures for the quarters in order; None leaves one out."""
    return {
        period: figure(each)
        for period, each in zip(QUARTERS, given, strict=False)
        if each is not None
    }


def indicator(
    *targets: Any,
    id: str = "a",
    direction: str = "up",
    formula: str | None = None,
    accumulation: str = "sum",
    weight: Any = 1,
    **rest: Any,
) -> Indicator:
    """An indicator with these targets by quarter."""
    return Indicator(
        id=id,
        label=rest.pop("label", Label(f"지표 {id}", f"Indicator {id}")),
        unit=rest.pop("unit", "건"),
        direction=direction,
        formula=formula or DEFAULT_FORMULA[direction],
        accumulation=accumulation,
        weight=Fraction(weight),
        targets=row(*targets),
        **rest,
    )


def project(*indicators: Indicator) -> ProjectDefinition:
    """A project with these indicators."""
    return ProjectDefinition(
        id="gu/1",
        number="1",
        label=Label("사업", "Project"),
        field="welfare",
        assignments=(Assignment(unit="education"),),
        indicators=indicators,
    )


def rules(**rest: Any) -> ScoringRules:
    """Scoring rules with the default bands."""
    return ScoringRules(**{"bands": DEFAULT_BANDS, **rest})


def subject(
    indicators: Indicator | Sequence[Indicator],
    actuals: Mapping[str, Sequence[Any]] | Sequence[Any],
    *,
    at: int = 4,
    overrides: Mapping[str, Override] | None = None,
    **rest: Any,
) -> Subject:
    """A subject in the `at`-th quarter; actuals by quarter, for the one indicator or by id."""
    several = (indicators,) if isinstance(indicators, Indicator) else tuple(indicators)
    if not isinstance(actuals, Mapping):
        actuals = {several[0].id: actuals}
    by_period: dict[str, dict[str, Figure]] = {period: {} for period in QUARTERS[:at]}
    for name, given in actuals.items():
        for period, each in row(*given[:at]).items():
            by_period[period][name] = each
    return Subject(
        project="gu/1",
        period=QUARTERS[at - 1],
        periods=QUARTERS[:at],
        definition=project(*several),
        rules=rules(**rest),
        actuals=by_period,
        overrides=overrides or {},
    )


def rate(*given: Any, **rest: Any) -> Rating:
    """The rating of `subject(…)`."""
    return Rates().score(subject(*given, **rest))


# --------------------------------------------------------------------------- strategies

figures = st.decimals(
    min_value=-(10**9), max_value=10**9, allow_nan=False, allow_infinity=False, places=3
)
positive = st.decimals(min_value="0.001", max_value=10**9, places=3)
weights = st.fractions(min_value=0, max_value=100, max_denominator=60)


@st.composite
def indicators(draw: st.DrawFn, id: str = "a") -> Indicator:
    """Any indicator that a plan may hold."""
    formula = draw(st.sampled_from(sorted(FORMULAS)))
    due = figures | st.just("-") | st.just(0)
    return indicator(
        *[draw(due) for _ in QUARTERS],
        id=id,
        formula=formula,
        direction=draw(st.sampled_from(FORMULAS[formula].directions)),
        accumulation=draw(st.sampled_from(["sum", "last", "average"])),
        weight=draw(weights),
        baseline=draw(figures) if formula == "baseline" else None,
        steps=(Step(id="s", label=Label("단계", "Step")),) if formula == "milestone" else (),
        zero_target=draw(st.sampled_from([None, "undefined", "met_or_not", "full"])),
        cap=draw(st.none() | st.integers(30, 200).map(Decimal)),
    )


@st.composite
def subjects(draw: st.DrawFn) -> Subject:
    """Any subject: up to three indicators, figures, not-dues, gaps and overrides."""
    names = ["a", "b", "c"][: draw(st.integers(1, 3))]
    several = [draw(indicators(id=name)) for name in names]
    given = figures | st.just("-") | st.none()
    overridden = draw(st.sets(st.sampled_from(names)))
    return subject(
        several,
        {name: [draw(given) for _ in QUARTERS] for name in names},
        at=draw(st.integers(1, 4)),
        overrides={
            name: Override(rate=draw(figures), reason="현장확인 결과") for name in overridden
        },
        basis=draw(st.sampled_from(["cumulative", "period"])),
        project_mean=draw(st.sampled_from(["weighted", "plain"])),
        places=draw(st.integers(0, 3)),
        zero_target=draw(st.sampled_from(["undefined", "met_or_not", "full"])),
        cap=draw(st.none() | st.integers(100, 150).map(Decimal)),
        floor=draw(st.none() | st.integers(0, 20).map(Decimal)),
    )
