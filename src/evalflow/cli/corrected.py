"""The mark of a figure that was corrected after it had been fixed (G6), on screens."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evalflow.decision.corrected import Correction
    from evalflow.engine.engine import Engine

CORRECTED = "r"
"""What stands behind a corrected figure, as on forms and pages."""


def corrected_in(
    engine: Engine, project: str, at: dt.datetime | None = None
) -> tuple[Correction, ...]:
    """Return what was corrected of the project's actuals, up to a moment (None: all of it)."""
    from evalflow.decision.corrected import corrections

    history = [each for each in engine.history(project) if at is None or each.at <= at]
    if not history:
        return ()
    plan = project.rpartition("/")[0]
    calendar = engine.plans.calendar(plan)
    lifecycle = engine.plans.lifecycle(history[-1].lifecycle)
    periods = [each.text for each in calendar.periods()]
    return tuple(corrections(history, lifecycle, calendar.zone, periods))
