"""What a table of figures comes to, before it is handed in: figure, target, rate and band of each
indicator, and what looks like a slip.

Nothing here refuses: a figure may be far off and true. It is marked where people look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from evalflow.errors import InvalidInput, PluginError, particles
from evalflow.files.cells import same
from evalflow.lifecycle.fields import figure_from
from evalflow.model import (
    Actual,
    Indicator,
    Label,
    NotDue,
    ProjectDefinition,
    Rating,
    ScoringRules,
    Share,
    Subject,
)
from evalflow.model.values import frozen

MOST_TIMES = 10
"""A figure of so many times its target, or more, is marked: 60,000 against 6, 15 against 1.5."""

LEAST_PART = 50
"""A figure of at most this part of its target is marked: 0.845 against 84.5."""


@frozen(kw_only=True)
class Previewed:
    """One indicator's figure as it would be rated now.

    Attributes:
        project, indicator: which, by id.
        label: what the indicator is called.
        figure: the figure of the period; None where it is said not to be due.
        target, actual: what is compared (cumulative where the plan's rules say so).
        rate: in percent; None where there is none.
        band: the name of its band.
        marks: what looks like a slip, to be looked at.
    """

    project: str
    indicator: str
    label: Label
    figure: Decimal | None
    target: Decimal | None
    actual: Decimal | None
    rate: Decimal | None
    band: str | None
    marks: tuple[Label, ...]


@frozen(kw_only=True)
class Context:
    """What the figures of one period are rated by.

    Attributes:
        period, periods: the period, and the plan's periods up to it.
        revision: the plan's revision in force.
        rules, score: how rates are worked out, and by whom.
        definitions: the projects by id, in that revision.
        prior: by project id the actuals of earlier periods, as stored.
    """

    period: str
    periods: tuple[str, ...]
    revision: int
    rules: ScoringRules
    score: Callable[[Subject], Rating]
    definitions: Mapping[str, ProjectDefinition]
    prior: Mapping[str, Mapping[str, Mapping[str, Actual]]]


def preview(
    project: str, actuals: Mapping[str, Any], units: Mapping[str, str], context: Context
) -> Iterator[Previewed]:
    """Yield the indicators of a project for which a table has figures, in the table's order.

    `actuals` holds what the table says by indicator: figures as text, provisional ones, shares, or
    `not_due`; `units` what the table shows
    beside them.
    """
    definition = context.definitions[project]
    figures = {name: _actual(said) for name, said in actuals.items()}
    rating = _rating(project, figures, context)
    for name, figure in figures.items():
        indicator = definition.indicator(name)
        if indicator is None:  # the revision in force does not have it; planning says so
            continue
        line = None if rating is None else rating.line(name)
        due = indicator.targets.get(context.period)
        target = due if isinstance(due, Decimal) else None
        own = figure if isinstance(figure, Decimal) else None
        yield Previewed(
            project=project,
            indicator=name,
            label=indicator.label,
            figure=own,
            target=line.target if line is not None else target,
            actual=line.actual if line is not None else own,
            rate=None if line is None else line.rate,
            band=None if line is None else line.band,
            marks=(
                *_marks(indicator, own, target, units.get(name, "")),
                *(
                    (_NO_RATE,)
                    if line is not None and own is not None and line.rate is None
                    else ()
                ),
            ),
        )


_NO_RATE = Label("이행률을 산출할 수 없음", "there is no rate")


def _actual(said: Any) -> Actual:
    """Return the actual that a table says: text, `not_due`, a provisional figure or a share."""
    if said == "not_due":
        return NotDue("")
    if isinstance(said, Mapping) and "numerator" in said:
        return Share(Decimal(said["numerator"]), Decimal(said["denominator"]))
    return figure_from(said)


def _rating(project: str, figures: Mapping[str, Actual], context: Context) -> Rating | None:
    subject = Subject(
        project=project,
        period=context.period,
        periods=context.periods,
        definition=context.definitions[project],
        rules=context.rules,
        actuals={**context.prior.get(project, {}), context.period: figures},
        revision=context.revision,
    )
    try:
        return context.score(subject)
    except (InvalidInput, PluginError):  # planning says why, beside the project
        return None


def _marks(
    indicator: Indicator, figure: Decimal | None, target: Decimal | None, unit: str
) -> Iterator[Label]:
    if unit and same(unit) != same(indicator.unit):
        yield Label(
            particles(f"'{unit}'(으)로 적혔으나 지표의 단위는 '{indicator.unit}'"),
            f"written with '{unit}', but the indicator's unit is '{indicator.unit}'",
        )
    if figure is None or target is None:
        return
    if figure < 0 <= target:
        yield Label("음수", "below zero")
    if figure > 100 >= target and "%" in indicator.unit and indicator.direction != "down":
        yield Label("100% 초과", "over 100 %")
    if not figure or not target:
        return
    if abs(figure) >= MOST_TIMES * abs(target):
        times = abs(figure) / abs(target)
        yield Label(f"목표의 {times:,.0f}배", f"{times:,.0f} times the target")
    elif abs(figure) * LEAST_PART <= abs(target):
        times = abs(target) / abs(figure)
        yield Label(f"목표의 {times:,.0f}분의 1", f"a {times:,.0f}th part of the target")
