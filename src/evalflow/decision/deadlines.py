"""Who owes what by when: the due dates of every project on any day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

import attrs

from evalflow.decision.clocks import Falls, History, falls
from evalflow.decision.signing import line_of, signers
from evalflow.lifecycle.definition import Event, GuardSpec, GuardUse, Lifecycle
from evalflow.model import DueRule, Entry, Label, PlanHead, Project
from evalflow.model.calendar import Calendar
from evalflow.model.directory import Directory
from evalflow.model.values import frozen


@frozen(kw_only=True)
class Due:
    """Something owed: an event that has a due date and has not been fired.

    Attributes:
        projects: the projects that it is owed for; several where a unit acts together.
        unit: who answers: the projects' unit, or the unit that acts together.
        roles, actors: who may fire it; `actors` hold one of the roles on that day.
        nominal: the day that the rule names; `due` is the day that counts, after moving off a
            holiday or after an extension.
        days_late: calendar days past `due`, 0 if in time; `days_left` the other way round.
        extended: whether an extension moved it.
        waiting_for: projects whose own state does not allow it yet (somebody owes an earlier
            step); empty where it can be fired now.
        together: whether the unit's projects share it, as the bureau's submission.
        coming: whether it is of the next period, which was not opened yet.
    """

    plan: str
    projects: tuple[str, ...]
    unit: str
    event: str
    label: Label
    period: str
    roles: tuple[str, ...]
    actors: tuple[str, ...]
    nominal: dt.date
    due: dt.date
    days_late: int
    days_left: int
    extended: bool = False
    waiting_for: tuple[str, ...] = ()
    together: bool = False
    coming: bool = False

    @property
    def id(self) -> str:
        """Return the id of this due in a list; a page can begin after it (`Engine.due`)."""
        kind = "unit" if self.together else "project"
        return f"{self.due.isoformat()}/{kind}/{self.projects[0]}/{self.event}"

    @property
    def ready(self) -> bool:
        """Say whether it can be done now, or is a unit's joint step that the unit is expected to
        take."""
        return self.together or not self.waiting_for


@frozen(kw_only=True)
class DueState:
    """A project on the day asked for, with what decides about its due dates.

    `extensions` are those of its current period; `fired_since` are events fired since it came
    into its leading state, `history` answers with its entries up to that day.
    """

    project: Project
    extensions: Mapping[str, str]
    fired_since: frozenset[str]
    history: History


@frozen(kw_only=True)
class Ledger:
    """The rules by which one plan's due dates are worked out on the day `today`."""

    head: PlanHead
    lifecycle: Lifecycle
    calendar: Calendar
    directory: Directory
    specs: Mapping[str, GuardSpec]
    today: dt.date

    def owed(self, standings: Iterable[DueState]) -> Iterator[Due]:
        """Yield what is owed for these projects.

        An event is owed as long as its project has not come as far as the event leads; before
        its source states the due waits for somebody's earlier step. Where the projects of a
        unit act together they share one due.
        """
        together: dict[tuple[str, str, str, Falls], list[tuple[DueState, bool]]] = {}
        regions = list(self.lifecycle.regions)
        for standing in standings:
            project = standing.project
            for event in self.lifecycle.events.values():
                rule = self.head.calendar.due.get(event.name, event.due)
                if rule is None or event.name in standing.fired_since:
                    continue
                state = project.states[regions.index(event.leads)]
                ready = state in event.sources()
                if not ready and (rule.events or not comes_before(self.lifecycle, state, event)):
                    continue
                day = self._day(standing, event.name, rule)
                if day is None or self._is_no_duty(event, state, project.period, day.due):
                    continue
                if event.together is None:
                    waits = () if ready else (project.id,)
                    yield self._due(event, project.unit, [standing], day, waits)
                else:
                    unit = self.head.ancestor(project.unit, event.together) or project.unit
                    group = together.setdefault((event.name, unit, project.period, day), [])
                    group.append((standing, ready))
        for (name, unit, _, day), members in together.items():
            waiting = tuple([standing.project.id for standing, ready in members if not ready])
            standings_of_unit = [standing for standing, _ in members]
            yield self._due(self.lifecycle.events[name], unit, standings_of_unit, day, waiting)

    def coming(self, standings: Iterable[DueState]) -> Iterator[Due]:
        """Yield what projects that wait for their next period will owe in it first: between periods
        nothing is owed, and people ask what comes."""
        regions = list(self.lifecycle.regions)
        opened: list[DueState] = []
        begun: set[str] = set()  # regions that a period begins anew; others go on, and owe already
        for standing in standings:
            project = standing.project
            later = [p.text for p in self.calendar.periods() if p.text > project.period]
            for event in self.lifecycle.events.values():
                place = regions.index(event.leads)
                edge = next(
                    (
                        each
                        for each in event.transitions
                        if each.region == event.leads and each.source == project.states[place]
                    ),
                    None,
                )
                if "next_period" not in event.actions or edge is None or not later:
                    continue
                begun.add(event.leads)
                states = (*project.states[:place], edge.target, *project.states[place + 1 :])
                then = attrs.evolve(project, period=later[0], states=states)
                opened.append(
                    attrs.evolve(standing, project=then, extensions={}, fired_since=frozenset())
                )
        for due in self.owed(opened):
            if due.waiting_for or self.lifecycle.events[due.event].leads not in begun:
                continue
            yield attrs.evolve(due, coming=True)

    def _is_no_duty(self, event: Event, state: str, period: str, due: dt.date) -> bool:
        """Say whether nobody owes it: a right that lapsed (it may only be used in its own time), or
        what cannot be done in this period at all."""
        own = {"of": event.name}
        if due < self.today and any(u.name == "in_time" and u.params == own for u in event.guards):
            return True
        edges = [t for t in event.transitions if t.region == event.leads]
        edges = [t for t in edges if t.source == state] or edges
        return all(
            any(self._impossible(use, period) for use in (*event.guards, *edge.guards))
            for edge in edges
        )

    def _impossible(self, use: GuardUse, period: str) -> bool:
        spec = self.specs.get(use.name)
        return (
            spec is not None and spec.possible is not None and not spec.possible(self.head, period)
        )

    def _day(self, standing: DueState, event: str, rule: DueRule) -> Falls | None:
        """Return when the event is due for the project, or None where it is not due."""
        return falls(
            rule,
            event,
            period=standing.project.period,
            calendar=self.calendar,
            lifecycle=self.lifecycle,
            extensions=standing.extensions,
            history=standing.history,
        )

    def _due(
        self,
        event: Event,
        unit: str,
        standings: list[DueState],
        day: Falls,
        waiting: tuple[str, ...],
    ) -> Due:
        left = (day.due - self.today).days
        region = self.lifecycle.leading(event)
        by = event.by_from(standings[0].project.states[region])
        line = line_of(self.lifecycle, event)
        if line is not None and "signature" in event.actions:
            chosen = signers(line, self.head, standings[0].project.change)
            by = tuple([role for role in by if role in chosen])
        return Due(
            plan=self.head.id,
            projects=tuple([standing.project.id for standing in standings]),
            unit=unit,
            event=event.name,
            label=event.label,
            period=standings[0].project.period,
            roles=by,
            actors=self.directory.holders(by, unit, self.today),
            nominal=day.nominal,
            due=day.due,
            days_late=max(-left, 0),
            days_left=max(left, 0),
            extended=day.extended,
            waiting_for=waiting,
            together=event.together is not None,
        )


def comes_before(lifecycle: Lifecycle, state: str, event: Event) -> bool:
    """Say whether `state` lies on the way to the event's sources: fewer steps from the start, and
    a way there that does not go back. (A candidate that was excluded owes no submission, though it
    could be reconsidered.)"""
    steps, ahead = _ways(lifecycle, event.leads)
    if state not in steps:
        return False
    sources = event.sources()
    nearer = steps[state] < min(steps.get(source, 0) for source in sources)
    return nearer and not sources.isdisjoint(ahead[state])


@lru_cache(maxsize=256)
def _ways(
    lifecycle: Lifecycle, region: str
) -> tuple[Mapping[str, int], Mapping[str, frozenset[str]]]:
    """Return for each state of the region how many firings lie between it and the start, and
    which states can be reached from it without coming nearer to the start again."""
    edges = [t for e in lifecycle.events.values() for t in e.transitions if t.region == region]
    start = lifecycle.regions[region].initial
    steps = {start: 0}
    frontier = [start]
    while frontier:
        state = frontier.pop(0)
        for edge in edges:
            if edge.source == state and edge.target not in steps:
                steps[edge.target] = steps[state] + 1
                frontier.append(edge.target)
    ahead: dict[str, frozenset[str]] = {}
    for state in steps:
        reached, frontier = {state}, [state]
        while frontier:
            here = frontier.pop()
            for edge in edges:
                onwards = edge.source == here and steps[edge.target] >= steps[here]
                if onwards and edge.target not in reached:
                    reached.add(edge.target)
                    frontier.append(edge.target)
        ahead[state] = frozenset(reached)
    return steps, ahead


def due_state(
    project: Project,
    lifecycle: Lifecycle,
    history: History,
    extensions: Mapping[str, str],
    known: Callable[[str], Lifecycle],
) -> DueState:
    """Return what decides about the project's due dates; its history is asked for only where an
    event that is due may be fired without its state being left. `known` as for
    `fired_in_this_visit`."""
    staying = {
        event.name
        for event in lifecycle.events.values()
        if event.due is not None
        and any(edge.source == edge.target in project.states for edge in event.transitions)
    }
    fired = fired_in_this_visit(history(), lifecycle, staying, known) if staying else frozenset()
    return DueState(project=project, extensions=extensions, fired_since=fired, history=history)


def fired_in_this_visit(
    entries: Sequence[Entry],
    lifecycle: Lifecycle,
    events: Collection[str],
    known: Callable[[str], Lifecycle],
) -> frozenset[str]:
    """Return those of `events` that were fired since their leading region came into its state.

    `known` gives a lifecycle by its fingerprint: an entry lists states in the order of the regions
    of its own lifecycle, so a region is found by its name.
    """
    leading = {name: lifecycle.events[name].leads for name in events}
    fired: set[str] = set()
    before: Mapping[str, str] = {}
    for entry in entries:
        after = dict(zip(known(entry.lifecycle).regions, entry.after, strict=False))
        fired -= {n for n in fired if before.get(leading[n]) != after.get(leading[n])}
        if entry.event in leading:
            fired.add(entry.event)
        before = after
    return frozenset(fired)
