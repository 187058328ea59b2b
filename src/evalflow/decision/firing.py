"""What guards and actions look at: the firing, and how things would stand after it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

import attrs

from evalflow.decision.situation import Situation
from evalflow.errors import Reason
from evalflow.lifecycle.definition import Event, Lifecycle
from evalflow.model import (
    Actor,
    Actual,
    Change,
    Entry,
    Evaluation,
    Grant,
    Override,
    PlanHead,
    Project,
    ProjectDefinition,
    Rating,
)
from evalflow.model.calendar import Calendar
from evalflow.model.canonical import Tree
from evalflow.model.changed import often_made
from evalflow.model.directory import Directory
from evalflow.model.values import frozen
from evalflow.scoring.bands import LAGGING_VERDICTS


@often_made
@frozen(kw_only=True)
class Firing:
    """An actor fires an event on a project: everything that a guard may look at.

    Attributes:
        project: as it stands now.
        evaluation: the one that the event is about: the running one, or the last that was fixed.
        definition: the project in the plan revision that its period is measured against.
        latest: the project in the latest plan revision (its unit, its end, its cards).
        grant: the role in which the actor fires; None while only asking (`explain`).
        today: the day of `at` in the office's time zone.
        data: what was given, in normal form (see `evalflow.lifecycle.fields`).
        rate: rates the project on actuals (indicator -> figure) and overrides.
        about: the project that this one is about, e.g. the one that a corrective order was given
            for; None where it is about none, or the store does not have it.
        situation: what was read of the store, the rules in force among it.
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
    rate: Callable[[Mapping[str, Actual], Mapping[str, Override]], Rating]
    about: Project | None
    situation: Situation = attrs.field(repr=False, eq=False)

    @property
    def about_rated(self) -> Rating | None:
        """Return the rating of the last fixed evaluation of the project that this one is about."""
        return self.situation.about_rated

    @property
    def about_fired(self) -> Mapping[str, dt.datetime]:
        """Return when each event was last fired on the project that this one is about."""
        return self.situation.about_fired

    @property
    def siblings(self) -> tuple[tuple[Project, Mapping[str, dt.datetime]], ...]:
        """Return the plan's other projects about the same one, with when their events were last
        fired; none where the guard did not declare it (`GuardSpec.siblings`)."""
        return self.situation.siblings

    @property
    def those_about(self) -> tuple[Project, ...]:
        """Return the projects of any plan that are about this one, such as the corrective orders
        that were given for it; none where the guard did not declare it
        (`GuardSpec.those_about`)."""
        return self.situation.those_about

    @property
    def number(self) -> int:
        """Return the number that this firing's entry will have."""
        return self.project.version + 1

    def peers(self, kind: str) -> tuple[Project, ...]:
        """Return the plan's projects in the project's unit of this kind, e.g. its bureau.

        Raises:
            LookupError: the guard did not declare that it looks at them (`GuardSpec.peers`).
        """
        found = self.situation.peers.get(kind)
        if found is None:
            raise LookupError(
                f"the projects of the '{kind}' were not read: a guard that looks at them says so "
                "by GuardSpec(peers=…)"
            )
        return found

    def deadline(self, event: str) -> dt.date | None:
        """Return the day by whose end an event of the lifecycle is due for the project,
        extensions counted; None where it is due on no day (yet).

        Raises:
            LookupError: the guard did not declare that it asks (`GuardSpec.deadlines`).
        """
        return self.situation.deadline(self.lifecycle.events[event])

    @property
    def history(self) -> tuple[Entry, ...]:
        """Return the project's entries so far, oldest first.

        Raises:
            LookupError: the guard did not declare that it looks at them (`GuardSpec.history`).
        """
        return self.situation.past()

    def given(self, field_type: str) -> Tree | None:
        """Return the data given in the event's first field of this type, or None."""
        name = self.event.first.get(field_type)
        return None if name is None else self.data.get(name)


@often_made
@frozen(kw_only=True)
class Draft:
    """Project and evaluation as they would be after a firing, written only if every check passes.

    `rating` is the rating that this firing makes, `definition` the project's new definition
    where it makes a plan revision. `reasons` are what an action found wrong in what was given.
    """

    evaluation: Evaluation
    period: str
    change: Change | None
    waiting: tuple[Change, ...] = ()
    rating: Rating | None = None
    definition: ProjectDefinition | None = None
    reasons: tuple[Reason, ...] = ()

    @property
    def approved(self) -> tuple[Change, ...]:
        """Return the approved changes that would not be filed and declared yet, oldest first."""
        change = self.change
        if change is None or change.approved_in is None:
            return self.waiting
        return (*self.waiting, change)

    def lagging_lines(self) -> tuple[str, ...]:
        """Return the indicators whose line in the rating that counts is lagging or worse."""
        rating = self.rating or self.evaluation.rating
        if rating is None:
            return ()
        return tuple([line.indicator for line in rating.lines if line.verdict in LAGGING_VERDICTS])
