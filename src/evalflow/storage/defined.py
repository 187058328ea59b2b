"""What storages that keep values share: definitions with their units, the order of projects, and a
project as one of its entries left it. Pure, without a store."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable

import attrs

from evalflow.model import Assignment, Entry, Label, Project, ProjectDefinition
from evalflow.model.values import frozen
from evalflow.storage.rows import Rebuilt


@frozen
class Defined:
    """A project's definition of one plan revision: its canonical text, and what is asked of it."""

    revision: int
    text: str
    label: Label
    field: str
    assignments: tuple[Assignment, ...]

    def unit_on(self, day: dt.date) -> str | None:
        """Return the unit that answers for the project on a day; None where none is said."""
        if not self.assignments:
            return None
        return ProjectDefinition.unit_on(self, day)  # type: ignore[arg-type]


def project_then(
    project: Project,
    entries: Iterable[Entry],
    defined: Callable[[int], Defined | None],
    on: dt.date | None,
) -> Project | None:
    """Return the project as the last of these entries left it, None where there is none; see
    `Storage.as_of`. `entries` are its first ones, in order; `defined` gives the definition that
    was in force under a plan revision."""
    replay, entry = Rebuilt(), None
    for entry in entries:
        rating = entry.rating
        if rating is not None and rating.get("period") not in (None, entry.period):
            rating = None  # of another period
        replay.follow(entry.number, entry.after, entry.period == entry.period_after, rating)
    if entry is None:
        return None
    definition = defined(entry.revision)
    unit = definition.unit_on(on) if definition is not None and on is not None else None
    return attrs.evolve(
        project,
        label=project.label if definition is None else definition.label,
        field=project.field if definition is None else definition.field,
        unit=unit or entry.unit,
        states=replay.states,
        visits=replay.visits,
        period=entry.period_after,
        version=entry.number,
        lifecycle=entry.lifecycle,
        revision=entry.revision if definition is None else definition.revision,
        band=replay.band,
        head=entry.hash,
        change=None,
        waiting=(),
    )
