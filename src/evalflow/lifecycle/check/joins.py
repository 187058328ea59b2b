"""Where branches meet: events of several regions that pass too early, and such as move nothing.

A branch is a region; what begins several of them is a split, what needs several of them a join.
Found among all combinations of states that can be reached, so a join that is not warned of cannot
pass early in one of the ways below.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from evalflow.lifecycle.check.finding import Finding, event_label, state_label, warning
from evalflow.lifecycle.check.overlap import Specs
from evalflow.lifecycle.check.paths import Node, Paths, among_regions, states_named
from evalflow.lifecycle.definition import Event, Lifecycle
from evalflow.model import Label

Fired = Sequence[tuple[Node, Node]]
"""The combinations in which an event can be fired, and where it leads."""


def joins(lifecycle: Lifecycle, graphs: Sequence[Paths], specs: Specs) -> Iterator[Finding]:
    """Find events of several regions that pass though another region is not ready, and events that
    pass again though they move nothing any more."""
    for event in lifecycle.events.values():
        regions = _concerns(lifecycle, event, specs)
        siblings = _siblings(lifecycle, event, regions, specs)
        if len(graphs) == 1:
            graph: Paths | None = graphs[0]
        else:  # too many combinations of all regions: those that matter here
            graph = among_regions(lifecycle, regions | siblings, specs)
        if graph is None:
            if len(regions | siblings) > 1:
                yield _unproved(event)
            continue
        fired = [
            (node, after)
            for node, arcs in graph.arcs.items()
            for name, after in arcs
            if name == event.name
        ]
        early = next(_left_behind(lifecycle, graph, event, fired), None) or next(
            _forgotten(lifecycle, graph, event, siblings, fired, specs), None
        )
        if early is not None:
            yield early
        yield from _idle(lifecycle, event, fired)


def _named(lifecycle: Lifecycle, event: Event, specs: Specs) -> frozenset[str]:
    """Return the states that its guards ask for."""
    uses = [*event.guards, *(use for edge in event.transitions for use in edge.guards)]
    asked = frozenset[str]().union(*(states_named(use, specs) for use in uses))
    return asked & frozenset(lifecycle.states)


def _concerns(lifecycle: Lifecycle, event: Event, specs: Specs) -> frozenset[str]:
    """Return the regions that the event moves or asks about."""
    asked = {lifecycle.states[name].region for name in _named(lifecycle, event, specs)}
    return frozenset({edge.region for edge in event.transitions} | asked)


def _siblings(
    lifecycle: Lifecycle, event: Event, concerns: Collection[str], specs: Specs
) -> frozenset[str]:
    """Return the branches of which the event ends one and may forget another: those that its ways
    ask about, and what began with one of them, if it meets several or ends the one that leads."""
    if not any(lifecycle.states[edge.target].final for edge in event.transitions):
        return frozenset()
    found = set(concerns)
    for other in lifecycle.events.values():
        begun = _begins(lifecycle, other)
        meets = len(concerns) > 1 or event.leads == other.leads
        if len(begun) > 1 and other is not event and meets and not begun.isdisjoint(concerns):
            found |= begun
    return frozenset(found)


def _begins(lifecycle: Lifecycle, event: Event) -> set[str]:
    """Return the branches that the event begins; several: it is a split."""
    return {
        edge.region
        for edge in event.transitions
        if edge.source == lifecycle.regions[edge.region].initial != edge.target
        and not lifecycle.states[edge.target].final
    }


def _left_behind(
    lifecycle: Lifecycle, graph: Paths, event: Event, fired: Fired
) -> Iterator[Finding]:
    """Find a region that the event takes along, but not from everywhere: it leaves it behind for
    good, or passes though it would have been taken along a little later, and never is again."""
    for place, region in enumerate(graph.regions):
        edges = [edge for edge in event.transitions if edge.region == region]
        sources = {edge.source for edge in edges}
        targets = {edge.target for edge in edges}
        if region == event.leads or not edges:
            continue
        left = [
            (node, after)
            for node, after in fired
            if node[place] not in sources | targets and not lifecycle.states[node[place]].final
        ]
        if not left:
            continue
        without = frozenset({event.name})
        comes = graph.leading_to(node for node in graph.arcs if node[place] in targets)
        waits = graph.leading_to(
            (node for node in graph.arcs if node[place] in sources), without=without
        )
        taken = graph.leading_to(node for node, _ in fired if node[place] in sources)
        for node, after in left:
            if after not in comes or (node in waits and after not in taken):
                yield _early(lifecycle, event, node[place], sources)


def _forgotten(
    lifecycle: Lifecycle,
    graph: Paths,
    event: Event,
    siblings: Collection[str],
    fired: Fired,
    specs: Specs,
) -> Iterator[Finding]:
    """Find a branch that is under way when the event ends another one that began with it, and that
    the event neither moves nor asks about."""
    known = _asked_on_the_way(lifecycle, event, specs)
    leading = graph.regions.index(event.leads) if event.leads in graph.regions else None
    for node, after in fired:
        if leading is None or node[leading] == after[leading]:
            continue
        if not lifecycle.states[after[leading]].final:
            continue
        for place, region in enumerate(graph.regions):
            state = node[place]
            if (
                region in siblings
                and place != leading
                and after[place] == state
                and state != lifecycle.regions[region].initial
                and not lifecycle.states[state].final
                and state not in known
                and not any(edge.source == state for edge in event.transitions)
                and not _follows(lifecycle, state, node, after, specs)
            ):
                ready = {each for each in _done(lifecycle, region) if each != state}
                yield _early(lifecycle, event, state, ready)


def _follows(lifecycle: Lifecycle, state: str, node: Node, after: Node, specs: Specs) -> bool:
    """Say whether what leads on from the state asks for a state to which the firing brings another
    region, or an end in which one is: it is meant to come then, such as the undoing of what a
    branch had done (compensation)."""
    met = {each for each in after if each not in node or lifecycle.states[each].final}
    return any(
        edge.source == state != edge.target and not states_named(use, specs).isdisjoint(met)
        for event in lifecycle.events.values()
        for edge in event.transitions
        for use in (*event.guards, *edge.guards)
    )


def _asked_on_the_way(lifecycle: Lifecycle, event: Event, specs: Specs) -> frozenset[str]:
    """Return the states that the event asks for, or one that leads to where it may be fired."""
    asked = _named(lifecycle, event, specs)
    wanted = asked | {edge.source for edge in event.transitions}
    before = [
        other
        for other in lifecycle.events.values()
        if any(edge.target in wanted and edge.source != edge.target for edge in other.transitions)
    ]
    return asked.union(*(_named(lifecycle, other, specs) for other in before))


def _done(lifecycle: Lifecycle, region: str) -> Iterator[str]:
    """Yield the states of a region that are its end, or from which only a join leads on."""
    for name in lifecycle.regions[region].states:
        leaving = [
            event
            for event in lifecycle.events.values()
            if any(edge.source == name != edge.target for edge in event.transitions)
        ]
        alone = any(len({edge.region for edge in event.transitions}) < 2 for event in leaving)
        if lifecycle.states[name].final or not alone:
            yield name


def _idle(lifecycle: Lifecycle, event: Event, fired: Fired) -> Iterator[Finding]:
    """Find an event that can be fired again where it moves nothing any more and records nothing."""
    moves = any(edge.source != edge.target for edge in event.transitions)
    several = len({edge.region for edge in event.transitions}) > 1
    if not moves or not several or event.actions or event.data:
        return
    idle = next((node for node, after in fired if node == after), None)
    if idle is not None:
        label, now = event_label(event), _states(lifecycle, idle)
        yield warning(
            "moves_nothing",
            f"events.{event.name}",
            f"{label.ko}은(는) {now.ko}에서 아무것도 옮기지 않고 되풀이될 수 있습니다. "
            "한 번만이라면 guards에 in을 적으십시오.",
            f"{label.en} can be fired in {now.en}, where it moves nothing; if that is not "
            "meant, give it a guard `in`.",
        )


def waits_in_vain(lifecycle: Lifecycle, state: str, others: Collection[str], specs: Specs) -> bool:
    """Say whether what leads out of the state asks for states that the other regions are not in:
    a join that another branch, which began with this one, has missed. A branch that was not begun
    misses nothing."""
    own = lifecycle.states[state].region
    if state == lifecycle.regions[own].initial:
        return False
    splits = [_begins(lifecycle, event) for event in lifecycle.events.values()]
    beside = {region for begun in splits if own in begun for region in begun}
    for event in lifecycle.events.values():
        for edge in event.transitions:
            if edge.source != state or edge.target == state:
                continue
            asked = frozenset[str]().union(
                *(states_named(use, specs) for use in (*event.guards, *edge.guards))
            )
            regions = {lifecycle.states[name].region for name in asked} & beside
            if any(
                lifecycle.states[other].region in regions and other not in asked for other in others
            ):
                return True
    return False


def _early(lifecycle: Lifecycle, event: Event, state: str, ready: Iterable[str]) -> Finding:
    label, behind = event_label(event), state_label(lifecycle, state)
    wanted = ", ".join(sorted(ready))
    return warning(
        "early_join",
        f"events.{event.name}",
        f"{label.ko}은(는) 다른 영역이 아직 {behind.ko}일 때에도 할 수 있고, 그 영역은 그대로 "
        f"남습니다. 기다려야 하면 guards에 in: {{states: [{wanted}]}}을 적으십시오.",
        f"{label.en} passes while another region is still in {behind.en}, which then stays "
        f"behind; to wait for it, give the guard in: {{states: [{wanted}]}}.",
    )


def _unproved(event: Event) -> Finding:
    label = event_label(event)
    return warning(
        "join_unproved",
        f"events.{event.name}",
        f"{label.ko}이(가) 다른 영역을 기다리는지는 상태의 조합이 너무 많아 살펴보지 못했습니다.",
        f"whether {label.en} waits for the other regions was not looked at: too many "
        "combinations of states.",
    )


def _states(lifecycle: Lifecycle, node: Node) -> Label:
    labels = [state_label(lifecycle, name) for name in node]
    return Label(", ".join(each.ko for each in labels), ", ".join(each.en for each in labels))
