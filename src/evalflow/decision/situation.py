"""What one decision looks at: gathered before it is made, a value like any other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import attrs

from evalflow.decision.clocks import extended_in_run, falls
from evalflow.lifecycle.definition import FIXED, Event, GuardSpec, Lifecycle
from evalflow.model import (
    Basis,
    DueRule,
    Entry,
    Evaluation,
    ExtensionRule,
    PlanHead,
    Project,
    ProjectDefinition,
    Rating,
    Roster,
    Snapshot,
    Subject,
)
from evalflow.model.calendar import Calendar, period
from evalflow.model.changed import often_made
from evalflow.model.directory import Directory
from evalflow.model.values import frozen

if TYPE_CHECKING:
    from evalflow.decision.guards import Guard
    from evalflow.errors import Reason


class Peers(tuple[Project, ...]):  # noqa: SLOT001 - it remembers
    """The projects of one unit, read once for all of them that an event moves together: what is
    worked out of all is worked out once."""

    @cached_property
    def standings(self) -> frozenset[tuple[str, tuple[str, ...]]]:
        """Return the periods and states in which one of them is: few, however many projects."""
        return frozenset([(each.period, each.states) for each in self])

    @cached_property
    def told(self) -> dict[Hashable, tuple[Reason, ...]]:
        """What a guard has against a firing for the sake of these, by all that it depends on: the
        same for each that would go along, so it is said once."""
        return {}


@often_made
@frozen(kw_only=True)
class Situation:
    """One project at one moment, with the rules in force for it and everything else in the store
    that the event may look at.

    Attributes:
        snapshot: the project and its running evaluation, read in one moment.
        evaluation: the one that the event is about: the running one, or the last that was fixed;
            None where none was.
        definition: the project in the plan revision `measured` that the period of that evaluation
            is measured against (D5); `latest` is the project in the latest one.
        guards, score: the guards by name and the scorer, as the plan asks for them.
        peers: kind of unit -> the projects in the project's unit of that kind.
        rosters: which projects those units had.
        history: the project's entries so far, oldest first; None where nothing that is looked at
            needs them.
        about: the project that this one is about, None where it is about none that is there.
        about_rated: the rating of that project's last fixed evaluation, None where none was fixed.
        about_fired: event -> when it was last fired on that project.
        siblings: the other projects of the plan that are about the same one, each with when
            its events were last fired.
        those_about: the projects of any plan that are about this one; `plans` are the plans that
            were looked through for them, each with its latest revision.
    """

    snapshot: Snapshot
    evaluation: Evaluation | None
    head: PlanHead
    lifecycle: Lifecycle
    calendar: Calendar
    directory: Directory
    definition: ProjectDefinition
    latest: ProjectDefinition
    guards: Mapping[str, Guard]
    score: Callable[[Subject], Rating]
    measured: int
    peers: Mapping[str, Peers] = attrs.field(factory=dict)
    rosters: tuple[Roster, ...] = ()
    history: tuple[Entry, ...] | None = attrs.field(default=None, repr=False)
    about: Project | None = None
    about_rated: Rating | None = None
    about_fired: Mapping[str, dt.datetime] = attrs.field(factory=dict)
    siblings: tuple[tuple[Project, Mapping[str, dt.datetime]], ...] = ()
    those_about: tuple[Project, ...] = ()
    plans: tuple[tuple[str, int], ...] = ()

    @property
    def evaluated(self) -> Evaluation:
        """Return the evaluation that the event is about; the running one where there is none."""
        return self.snapshot.evaluation if self.evaluation is None else self.evaluation

    @property
    def project(self) -> Project:
        """Return where the project stands."""
        return self.snapshot.project

    @property
    def alone(self) -> bool:
        """Say whether nothing was looked at beside the project and the rules."""
        others = self.peers or self.rosters or self.siblings or self.those_about or self.plans
        return self.about is None and not others

    def basis(self) -> Basis:
        """Return what must still be true at the commit; see `basis_of`."""
        return basis_of((self,))

    def looked_at(self, groups: set[int]) -> Iterator[Project]:
        """Yield the projects that were looked at; those of a unit only once, by the identities of
        the readings that are in `groups` already."""
        for group in self.peers.values():
            if id(group) not in groups:
                groups.add(id(group))
                yield from group
        if self.about is not None:
            yield self.about
        for sibling, _ in self.siblings:
            yield sibling
        yield from self.those_about

    def extension(self, event: Event) -> ExtensionRule | None:
        """Return how far the event may extend due days, None: without bounds. The lifecycle says
        of which, the plan how often and how far where it says anything."""
        rule, own = event.extension, self.head.calendar.extension
        if rule is None or own is None:
            return rule or own
        return attrs.evolve(own, of=rule.of)

    def rule(self, event: Event) -> DueRule | None:
        """Return the rule by which the event is due: the plan's, or the lifecycle's."""
        return self.head.calendar.due.get(event.name, event.due)

    def deadline(self, event: Event) -> dt.date | None:
        """Return the day by whose end the event is due, an extension counted; None where it is due
        on no day, or not yet.

        Raises:
            LookupError: it counts from what happened, which was not gathered (`Needs.history`).
        """
        rule = self.rule(event)
        return None if rule is None else self.day_of(rule, event.name)

    def times_extended(self, event: Event) -> int:
        """Return how often the event's due day was extended: in the run of its clock that is on or,
        where it counts from no event, in the period; otherwise as `deadline`."""
        rule = self.rule(event)
        times = None
        if rule is not None and rule.events:
            times = extended_in_run(rule, event.name, self.past(), self.lifecycle, self.calendar)
        return self.snapshot.evaluation.extended.get(event.name, 0) if times is None else times

    def own_deadline(self, event: Event) -> dt.date | None:
        """Return the day by which it is due without an extension; otherwise as `deadline`."""
        rule = self.rule(event)
        return None if rule is None else self._falls(rule, event.name, None)

    def months_beyond(self, event: Event, months: int) -> dt.date | None:
        """Return the day to which so many months more than its rule gives would reach: of a rule in
        months the two are one time (one month and two are three from its beginning)."""
        rule, own = self.rule(event), self.own_deadline(event)
        if rule is None or own is None:
            return None
        if rule.kind == "months_after":
            longer = attrs.evolve(rule, n=rule.n + months, again=None)
            return self._falls(longer, event.name, None)
        return self.calendar.months_later(own, months)

    def day_of(self, rule: DueRule, event: str) -> dt.date | None:
        """Return the day by whose end `event` would be due by `rule`; as `deadline`."""
        return self._falls(rule, event, self.snapshot.evaluation.extensions)

    def _falls(
        self, rule: DueRule, event: str, extensions: Mapping[str, str] | None
    ) -> dt.date | None:
        found = falls(
            rule,
            event,
            period=self.project.period,
            calendar=self.calendar,
            lifecycle=self.lifecycle,
            extensions=extensions,
            history=self.past,
        )
        return None if found is None else found.due

    def past(self) -> tuple[Entry, ...]:
        """Return the project's entries so far, oldest first.

        Raises:
            LookupError: they were not gathered (`Needs.history`).
        """
        if self.history is None:
            raise LookupError(
                "the project's history was not read: a guard that looks at it, or asks for "
                "deadlines, says so by GuardSpec(history=True) or GuardSpec(deadlines=True)"
            )
        return self.history


def basis_of(situations: Sequence[Situation]) -> Basis:
    """Return what decisions on these, made together, rest on: the version of every project that was
    looked at and is none of those moved (each of which has the version that its move expects),
    which projects the units had, and the latest revision of the plans."""
    if len(situations) == 1 and situations[0].alone:
        project = situations[0].project
        return Basis(revisions=((project.plan, situations[0].snapshot.latest),))
    moving = {each.project.id for each in situations}
    groups: set[int] = set()
    looked_at = (other for each in situations for other in each.looked_at(groups))
    seen = dict.fromkeys((each.id, each.version) for each in looked_at if each.id not in moving)
    revisions = (
        pair
        for each in situations
        for pair in ((each.project.plan, each.snapshot.latest), *each.plans)
    )
    return Basis(
        unchanged=tuple(seen),
        revisions=tuple(dict.fromkeys(revisions)),
        rosters=tuple(dict.fromkeys(roster for each in situations for roster in each.rosters)),
    )


def evaluation_for(
    event: Event | None,
    snapshot: Snapshot,
    lifecycle: Lifecycle,
    of_period: Callable[[str], Evaluation | None],
) -> Evaluation | None:
    """Return the evaluation that the event is about, None where there is none; `of_period` gives
    the project's evaluation of an earlier period."""
    if event is None or event.evaluation != FIXED:
        return snapshot.evaluation
    return last_fixed(snapshot, lifecycle, of_period)


def last_fixed(
    snapshot: Snapshot, lifecycle: Lifecycle, of_period: Callable[[str], Evaluation | None]
) -> Evaluation | None:
    """Return the last evaluation of the project that was fixed: the running one where the project
    is in a state that fixes it, else that of the period before, which it has left."""
    project, found = snapshot.project, snapshot.evaluation
    if not any(lifecycle.states[state].fixed for state in project.states):
        earlier = of_period(period(project.period).previous().text)
        if earlier is None:
            return None
        found = earlier
    return None if found.rating is None else found


EVERY_KIND = "*"
"""`GuardSpec.peers` of a guard that may look at the projects of any unit above the project's."""


@frozen(kw_only=True)
class Needs:
    """What an event looks at beside the project itself: the kinds of units whose projects, whether
    the project's history, whether the project that it is about, what else is about that one, and
    what is about the project."""

    peers: frozenset[str] = frozenset()
    history: bool = False
    about: bool = False
    siblings: bool = False
    those_about: bool = False


def needs(
    event: Event, lifecycle: Lifecycle, head: PlanHead, specs: Mapping[str, GuardSpec]
) -> Needs:
    """Return what must be read before the event is decided: what it says itself, and what its
    guards declare (`GuardSpec.peers`, `deadlines`, `history`, `about`, `siblings`,
    `those_about`)."""
    uses = [*event.guards, *(use for edge in event.transitions for use in edge.guards)]
    declared = [(specs[use.name], use.params) for use in uses if use.name in specs]
    kinds = {
        str(params[spec.peers])
        for spec, params in declared
        if spec.peers is not None and spec.peers in params
    }
    if any(spec.peers == EVERY_KIND for spec, _ in declared):
        kinds |= {unit.kind for unit in head.units.values()}
    if event.together is not None:
        kinds.add(event.together)
    events = [event]
    if "extension" in event.actions or any(spec.deadlines for spec, _ in declared):
        events = list(lifecycle.events.values())
    rules = [head.calendar.due.get(each.name, each.due) for each in events]
    taken = {field.name for field in event.data}
    return Needs(
        peers=frozenset(kinds),
        history="plan_revision" in event.actions
        or any(rule is not None and (rule.events or rule.again) for rule in rules)
        or any(spec.history for spec, _ in declared)
        or any(
            spec.recorded is not None and params.get(spec.recorded) not in taken
            for spec, params in declared
        ),
        about=any(spec.about for spec, _ in declared),
        siblings=any(spec.siblings for spec, _ in declared),
        those_about=any(spec.those_about for spec, _ in declared),
    )
