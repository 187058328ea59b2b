"""Exact rates by named formula, bands, roll-ups, and the sentences that explain them (D1-D3).

`Rates` is the built-in scorer; `Scorer` is what it and everybody else's keep to. How a rate
is worked out is told by `explain`. See `docs/explanation/rates.md` for the why.
"""

from __future__ import annotations

from evalflow.scoring.bands import DEFAULT_BANDS, VERDICTS
from evalflow.scoring.contract import Grade, Grader, Scorer, ScoresMany, grade_all
from evalflow.scoring.explain import explain, explain_line
from evalflow.scoring.formulas import (
    ACCUMULATIONS,
    DEFAULT_FORMULA,
    DIRECTIONS,
    FORMULAS,
    ZERO_TARGETS,
    Formula,
)
from evalflow.scoring.kernel import half_up, rates_tenths
from evalflow.scoring.rates import Rates
from evalflow.scoring.rollup import (
    GROUP_MEANS,
    SHARE_METHODS,
    GroupRate,
    RollUp,
    roll_up,
    shares,
)

__all__ = [
    "ACCUMULATIONS",
    "DEFAULT_BANDS",
    "DEFAULT_FORMULA",
    "DIRECTIONS",
    "FORMULAS",
    "GROUP_MEANS",
    "SHARE_METHODS",
    "VERDICTS",
    "ZERO_TARGETS",
    "Formula",
    "Grade",
    "Grader",
    "GroupRate",
    "Rates",
    "RollUp",
    "Scorer",
    "ScoresMany",
    "explain",
    "explain_line",
    "grade_all",
    "half_up",
    "rates_tenths",
    "roll_up",
    "shares",
]
