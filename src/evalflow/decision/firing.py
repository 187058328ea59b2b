"""What guards and actions look at: the firing, and how things would stand after it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

import attrs

from evalflow.errors import Reason
from evalflow.lifecycle.definition import Event, Lifecycle
from evalflow.model import (
    Actor,
    Change,
    Evaluation,
    Figure,
    Grant,
    Override,
    PlanHead,
    Project,
    ProjectDefinition,
    Rating,
)
from evalflow.model.calendar import Calendar
from evalflow.model.canonical import Tree
from evalflow.model.directory import Directory


@attrs.frozen(kw_only=True)
class Firing:
    """An actor fires an event on a project: everything that a guard may look at.

    Attributes:
        project, evaluation: as they stand now.
        definition: the project in the plan revision that the period is measured against.
        latest: the project in the latest plan revision (its unit, its end, its cards).
        grant: the role in which the actor fires; None while only asking (`explain`).
        today: the day of `at` in the office's time zone.
        data: what was given, in normal form (see `evalflow.lifecycle.fields`).
        rate: rates the project on actuals (indicator -> figure) and overrides.
        peers: the plan's projects in the project's unit of a kind, e.g. its bureau.
        about: answers the project that this one is about, e.g. the one that a corrective order
            was given for; None where it is about none, or the store does not have it.
        deadline: answers the day by whose end an event of the lifecycle is due for the project,
            extensions counted; None where it is due on no day (yet).
    """

    project: Project
    evaluation: Evaluation
    definition: ProjectDefinition
    latest: ProjectDefinition
    head: PlanHead
    lifecycle: Lifecycle
    event: Event
    actor: Actor
    grant: Grant | None
    at: dt.datetime
    today: dt.date
    data: Mapping[str, Tree]
    calendar: Calendar
    directory: Directory
    rate: Callable[[Mapping[str, Figure], Mapping[str, Override]], Rating]
    peers: Callable[[str], Sequence[Project]]
    about: Callable[[], Project | None]
    deadline: Callable[[str], dt.date | None]

    @property
    def number(self) -> int:
        """Return the number that this firing's entry will have."""
        return self.project.version + 1

    def given(self, field_type: str) -> Tree | None:
        """Return the data given in the event's first field of this type, or None."""
        for field in self.event.data:
            if field.type == field_type:
                return self.data.get(field.name)
        return None


@attrs.frozen(kw_only=True)
class Draft:
    """How things would stand after a firing, written only if every check passes.

    `rating` is the rating that this firing makes, `definition` the project's new definition
    where it makes a plan revision. `reasons` are what an action found wrong in what was given.
    """

    evaluation: Evaluation
    period: str
    change: Change | None
    rating: Rating | None = None
    definition: ProjectDefinition | None = None
    reasons: tuple[Reason, ...] = ()

    def lagging_lines(self) -> tuple[str, ...]:
        """Return the indicators whose line in the rating that counts is lagging or worse."""
        rating = self.rating or self.evaluation.rating
        if rating is None:
            return ()
        return tuple([line.indicator for line in rating.lines if line.verdict in LAGGING_VERDICTS])


LAGGING_VERDICTS = frozenset({"lagging", "seriously_lagging"})
