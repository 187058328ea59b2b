"""Exact rates by named formula, bands, roll-ups, and the sentences that explain them (D1-D3)."""

from __future__ import annotations

from evalflow.scoring.bands import DEFAULT_BANDS, VERDICTS
from evalflow.scoring.formulas import (
    ACCUMULATIONS,
    DEFAULT_FORMULA,
    DIRECTIONS,
    FORMULAS,
    ZERO_TARGETS,
    Formula,
)

__all__ = [
    "ACCUMULATIONS",
    "DEFAULT_BANDS",
    "DEFAULT_FORMULA",
    "DIRECTIONS",
    "FORMULAS",
    "VERDICTS",
    "ZERO_TARGETS",
    "Formula",
]
