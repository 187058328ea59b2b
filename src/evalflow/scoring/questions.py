"""What of a project's figures a person should look at again: asked, never decided.

A figure can be right and surprising. What is asked is a fall of what was counted so far, and more
money spent than there is; whoever reports or reviews knows whether it is so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from evalflow.errors import particles
from evalflow.model import Evaluation, Label, ProjectDefinition


def questions(definition: ProjectDefinition, evaluation: Evaluation) -> tuple[Label, ...]:
    """Return what should be looked at in the evaluation's figures, the rating that counts and the
    periods of the year before it; nothing where nothing was rated."""
    return (*_falls(definition, evaluation), *_overspent(definition, evaluation))


def _falls(definition: ProjectDefinition, evaluation: Evaluation) -> Iterator[Label]:
    """Yield the counts so far (`last`, the more the better) that are less than before."""
    rating = evaluation.rating
    for line in rating.lines if rating else ():
        indicator = definition.indicator(line.indicator)
        if indicator is None or (indicator.accumulation, indicator.direction) != ("last", "up"):
            continue
        now = _figure(evaluation.facts.get("actuals"), line.indicator)
        if line.actual is not None:
            now = line.actual
        before = [
            (period, figure)
            for period, figures in sorted(evaluation.prior.items())
            if (figure := _figure(figures, line.indicator)) is not None
        ]
        if now is None or not before or now >= before[-1][1]:
            continue
        period, figure = before[-1]
        yield Label(
            particles(
                f"'{indicator.label.ko}'의 실적이 {period}의 {figure:f}에서 {now:f}(으)로 "
                "줄었습니다: 누계라면 줄지 않습니다. 맞으면 사유를 적으십시오"
            ),
            f"'{indicator.label.en}' fell from {figure:f} in {period} to {now:f}: a count so far "
            "does not; if it is so, say why",
        )


def _overspent(definition: ProjectDefinition, evaluation: Evaluation) -> Iterator[Label]:
    spent, total = evaluation.facts.get("spent"), definition.budget.total
    if isinstance(spent, int) and total and spent > total:
        yield Label(
            f"집행액 {spent:,}원이 사업비 {total:,}원보다 많습니다",
            f"{spent:,} won were spent, of a budget of {total:,}",
        )


def _figure(figures: Any, indicator: str) -> Decimal | None:
    """Return the figure given for an indicator, or None where it is none."""
    value = figures.get(indicator) if isinstance(figures, Mapping) else None
    if isinstance(value, Mapping):
        value = value.get("provisional")
    try:
        return Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:  # a share, 12/40
        return None
