"""What counts, and cannot be meant to: a count that goes on from an earlier round, a lateness that
never comes, a vote that nobody takes, a separation of duties that bars nobody."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence

import attrs

from evalflow.lifecycle.check.finding import Finding, error, event_label, warning
from evalflow.lifecycle.check.overlap import Specs
from evalflow.lifecycle.check.paths import Node, Paths, among_regions, fired_before
from evalflow.lifecycle.check.people import Stretch
from evalflow.lifecycle.check.possible import VOTED, graph_of, listed, never_holds, uses
from evalflow.lifecycle.definition import Duty, Event, GuardUse, Lifecycle, Transition
from evalflow.model import PlanHead

OVERDUE, IN_TIME, RESOLVED = "overdue", "in_time", "resolved"
"""The guards that ask whether another event is late, and what a committee resolved."""


def counts(
    lifecycle: Lifecycle, graphs: Sequence[Paths], specs: Specs, head: PlanHead | None
) -> Iterator[Finding]:
    """Find guards and duties that count something which never counts, or too much."""
    for event in lifecycle.events.values():
        for use in dict.fromkeys(each for each in uses(event) if each.name in specs):
            yield from _lateness(lifecycle, event, use, head)
            yield from _votes(lifecycle, event, use)
        graph = graph_of(lifecycle, graphs, specs, event)
        if graph is not None and graph.can_fire(event.name):
            yield from _rounds(lifecycle, graph, event)
    for duty in lifecycle.duties:
        yield from _bars(lifecycle, graphs, specs, duty)


def _lateness(
    lifecycle: Lifecycle, event: Event, use: GuardUse, head: PlanHead | None
) -> Iterator[Finding]:
    """Find a guard that asks whether an event is late which is due on no day."""
    if use.name not in (OVERDUE, IN_TIME) or "of" not in use.params:
        return
    other = str(use.params["of"])
    due = {} if head is None else head.calendar.due
    if due.get(other, lifecycle.events[other].due) is not None:
        return
    late = event_label(lifecycle.events[other])
    if use.name == OVERDUE:
        found = never_holds(
            event,
            use,
            f"{late.ko}에는 기한(due)이 없습니다",
            f"{late.en} is due on no day (`due`)",
        )
        yield found if head is not None else attrs.evolve(found, severity="warning")
        return
    label = event_label(event)
    yield warning(
        "always_holds",
        f"events.{event.name}",
        f"{label.ko}의 요건 {use.id}은(는) 언제나 충족됩니다: {late.ko}에는 기한(due)이 없습니다.",
        f"{label.en}: the guard {use.id} always holds: {late.en} is due on no day (`due`).",
    )


def _votes(lifecycle: Lifecycle, event: Event, use: GuardUse) -> Iterator[Finding]:
    """Find a committee that is asked where nobody's votes are taken, and a count of those who fired
    an event in a role that may not."""
    if use.name == RESOLVED and "votes" not in event.first:
        yield never_holds(
            event,
            use,
            "이 처리에는 표결을 적을 항목(유형 votes)이 없습니다",
            "the event takes no votes (a field of the type `votes`)",
        )
    role = use.params.get("by")
    if use.name == VOTED and role is not None and _asks_for_some(use):
        voted = lifecycle.events[use.params["event"]]
        if role not in voted.by:
            label, who = event_label(voted), lifecycle.roles[role].label
            yield never_holds(
                event,
                use,
                f"'{who.ko}'({role}) 역할은 {label.ko}을(를) 하지 않습니다",
                f"the role '{who.en}' ({role}) may not {label.en}",
            )


def _asks_for_some(use: GuardUse) -> bool:
    return "share" in use.params or int(use.params.get("at_least", 0)) > 0


def _rounds(lifecycle: Lifecycle, graph: Paths, event: Event) -> Iterator[Finding]:
    """Find a count (`voted`) that lets an event lead on, and still stands when the case comes back:
    nothing that it counts from was fired again."""
    if event.leads not in graph.regions:
        return
    place = graph.regions.index(event.leads)
    renewed = {name for name, each in lifecycle.events.items() if "next_period" in each.actions}
    for edge in event.transitions:
        asked = (*event.guards, *edge.guards)
        for use in (each for each in asked if each.name == VOTED and _asks_for_some(each)):
            if edge.region != event.leads or edge.source == edge.target:
                continue
            since = use.params.get("since", ())
            begins = renewed | ({since} if isinstance(since, str) else set(since))
            if event.name in begins or not _comes_again(graph, event, place, edge, begins):
                continue
            label, counted = event_label(event), event_label(lifecycle.events[use.params["event"]])
            yield warning(
                "count_goes_on",
                f"events.{event.name}",
                f"{label.ko}을(를) 다시 하게 될 때 {counted.ko}은(는) 먼젓번 것까지 셉니다. 새로 "
                "세려면 다시 시작하게 하는 처리를 voted의 since에 적으십시오(여럿이면 목록).",
                f"when {label.en} has to be done again, {counted.en} of the earlier round still "
                "counts: name what begins a round under `since` of `voted` (a list of several).",
            )
            return


def _comes_again(
    graph: Paths, event: Event, place: int, edge: Transition, begins: Collection[str]
) -> bool:
    """Say whether the event can take the transition a second time, without any of the firings that
    begin the count anew."""
    way = (edge.source, edge.target)
    frontier: deque[Node] = deque(
        after
        for node, arcs in graph.arcs.items()
        for name, after in arcs
        if name == event.name and (node[place], after[place]) == way
    )
    seen = set(frontier)
    while frontier:
        node = frontier.popleft()
        for name, after in graph.arcs[node]:
            if name == event.name and (node[place], after[place]) == way:
                return True
            if name not in begins and after not in seen:
                seen.add(after)
                frontier.append(after)
    return False


def _bars(
    lifecycle: Lifecycle, graphs: Sequence[Paths], specs: Specs, duty: Duty
) -> Iterator[Finding]:
    """Find a separation of duties that bars nobody: what it holds against people never comes before
    what they may not do."""
    events = [lifecycle.events[name] for name in (*duty.whoever, *duty.may_not)]
    if len(graphs) == 1:
        graph: Paths | None = graphs[0]
    else:
        regions = {edge.region for event in events for edge in event.transitions}
        graph = among_regions(lifecycle, regions, specs)
    if graph is None or any(fired_before(graph, name, duty.whoever) for name in duty.may_not):
        return
    if not all(graph.can_fire(event.name) for event in events):
        return  # told of the events
    early, late = listed(lifecycle, duty.whoever), listed(lifecycle, duty.may_not)
    yield warning(
        "duty_never_bars",
        f"duties.{duty.name}",
        f"'{duty.label.ko}'은(는) 아무도 막지 않습니다: {early.ko}은(는) {late.ko}보다 먼저 올 수 "
        "없습니다.",
        f"'{duty.label.en}' bars nobody: {early.en} can never come before {late.en}.",
    )


def too_few_people(
    lifecycle: Lifecycle, specs: Specs, time: Mapping[str, Sequence[Stretch]]
) -> Iterator[Finding]:
    """Find counts that a plan's people can never come to: of a unit's times (`time`) the one with
    most people is asked."""
    for event in lifecycle.events.values():
        for use in dict.fromkeys(each for each in uses(event) if each.name in specs):
            if use.name not in (VOTED, RESOLVED) or not time:
                continue
            by = use.params.get("by")
            voted = lifecycle.events[use.params["event"]] if use.name == VOTED else event
            roles = voted.by if by is None else (by,)
            wanted = int(use.params.get("at_least", 0)) or int(by is not None)
            wanted = 0 if use.name == VOTED and not _asks_for_some(use) else wanted
            most = max(len(each.holders(roles)) for times in time.values() for each in times)
            if most < wanted:
                labels = [lifecycle.roles[role].label for role in roles]
                label = event_label(event)
                yield error(
                    "too_few_people",
                    f"events.{event.name}",
                    f"{label.ko}의 요건 {use.id}에는 {wanted}명이 필요한데, 이 계획에 그 역할"
                    f"({', '.join(each.ko for each in labels)})을 맡은 사람은 {most}명입니다.",
                    f"{label.en}: the guard {use.id} needs {wanted} people, and in the plan {most} "
                    f"hold the role ({' or '.join(each.en for each in labels)}).",
                )
