"""Points within a range (구간점수): 20 at the worst rate, 100 at the best, a line between."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
from evalflow.plugins import Rates, Rating, Subject, hookimpl


@attrs.frozen(kw_only=True)
class PointsOptions:
    """Where the line begins and ends, in percent: a plan may say it otherwise."""

    worst: Decimal = Decimal(60)
    best: Decimal = Decimal(100)


class Points:
    """The scorer `points`: rates as evalflow does, and turns each rate into points."""

    name = "points"
    version = "1"
    Options = PointsOptions

    def __init__(self, options: PointsOptions) -> None:
        self.options = options
        self.rates = Rates()

    def score(self, subject: Subject) -> Rating:
        rating = self.rates.score(subject)
        exact = [self.points(line.rate) for line in rating.lines if line.rate is not None]
        weights = [line.weight for line in rating.lines if line.rate is not None]
        score = None
        if rating.status == "rated" and sum(weights):
            total = sum((w * p for w, p in zip(weights, exact, strict=True)), Fraction(0))
            score = half_up(total / sum(weights))
        lines = [
            attrs.evolve(line, score=None if line.rate is None else half_up(self.points(line.rate)))
            for line in rating.lines
        ]
        return attrs.evolve(
            rating,
            lines=tuple(lines),
            score=score,
            scorer=self.name,
            version=self.version,
            options={"worst": str(self.options.worst), "best": str(self.options.best)},
            notes=() if score is None else (self.note(score),),
        )

    def points(self, rate: Decimal) -> Fraction:
        """Return the exact points of a rate: 20 + 80 x (rate - worst) / (best - worst)."""
        worst, best = Fraction(self.options.worst), Fraction(self.options.best)
        share = (Fraction(rate) - worst) / (best - worst)
        return 20 + 80 * min(max(share, Fraction(0)), Fraction(1))

    def note(self, score: Decimal) -> Mapping[str, Any]:
        """Return how the points came about, for people."""
        worst, best = self.options.worst, self.options.best
        return {
            "ko": f"구간점수 {score}점 (이행률 {worst}% 이하 20점, {best}% 이상 100점)",
            "en": f"{score} points (20 up to a rate of {worst} %, 100 from {best} %)",
        }


def half_up(points: Fraction) -> Decimal:
    """Return the points with one decimal, half-up, once, at the end. Never a float."""
    return Decimal((points * 10 + Fraction(1, 2)) // 1) / 10


@hookimpl
def evalflow_scorers() -> Mapping[str, Any]:
    return {"points": Points}
