"""Graders for evalflow: `quota` (상대평가) and `bands` (절대평가); the panel `grade`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from evalflow.plugins import Grader, Panel, hookimpl
from evalflow_grades.bands import BandGrade, Bands, BandsOptions
from evalflow_grades.panel import GradePanel
from evalflow_grades.quota import Quota, QuotaOptions, Share

__all__ = ["BandGrade", "Bands", "BandsOptions", "GradePanel", "Quota", "QuotaOptions", "Share"]
__version__ = "0.1.0"


@hookimpl
def evalflow_graders() -> Mapping[str, Callable[..., Grader]]:
    """Return the graders by the names that plans use."""
    return {"quota": Quota, "bands": Bands}


@hookimpl
def evalflow_panels() -> Mapping[str, Callable[..., Panel]]:
    """Return the panel that the board shows beside a project."""
    return {"grade": GradePanel}
