"""The mark of a figure that was corrected after it had been fixed (G6), on screens."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import chain, groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evalflow.decision.corrected import Correction
    from evalflow.engine.engine import Engine
    from evalflow.model import Entry

CORRECTED = "r"
"""What stands behind a corrected figure, as on forms and pages."""


def corrected_in(engine: Engine, project: str) -> tuple[Correction, ...]:
    """Return what was corrected of the project's actuals."""
    return _corrected(engine, tuple(engine.history(project)))


def corrected_among(
    engine: Engine, projects: Sequence[str], at: dt.datetime | None = None
) -> frozenset[str]:
    """Return those of the projects of which an actual was corrected up to a moment (None: ever);
    all histories are read by one question where the storage can."""
    from evalflow.storage.contract import ReadsTogether

    storage = engine.storage
    if isinstance(storage, ReadsTogether):
        entries = storage.histories_of(projects)
    else:
        entries = chain.from_iterable(map(storage.history, projects))
    marked = set()
    for project, history in groupby(entries, key=lambda entry: entry.project):
        upto = tuple([each for each in history if at is None or each.at <= at])
        if _corrected(engine, upto):
            marked.add(project)
    return frozenset(marked)


def _corrected(engine: Engine, history: Sequence[Entry]) -> tuple[Correction, ...]:
    from evalflow.decision.corrected import corrections

    if not history:
        return ()
    plan = history[0].project.rpartition("/")[0]
    calendar = engine.plans.calendar(plan)
    lifecycle = engine.plans.lifecycle(history[-1].lifecycle)
    periods = [each.text for each in calendar.periods()]
    return tuple(corrections(history, lifecycle, calendar.zone, periods))
