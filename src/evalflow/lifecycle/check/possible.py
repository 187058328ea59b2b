"""What can never be: events that no case comes to, transitions that are never taken, guards that
ask for what nobody has done by then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

from evalflow.lifecycle.check.finding import Finding, error, event_label, state_label, warning
from evalflow.lifecycle.check.overlap import Specs, contradiction
from evalflow.lifecycle.check.paths import (
    Node,
    Paths,
    among_regions,
    fired_before,
    known_among,
    states_named,
)
from evalflow.lifecycle.definition import Event, Field, GuardUse, Lifecycle, Transition
from evalflow.model import Label


def possible(lifecycle: Lifecycle, graphs: Sequence[Paths], specs: Specs) -> Iterator[Finding]:
    """Find events and transitions that pass in no combination of states that can be reached, and
    guards that never hold, since what they ask for always comes later."""
    reached = {state for graph in graphs for node in graph.reached() for state in node}
    for event in lifecycle.events.values():
        graph = graph_of(lifecycle, graphs, specs, event)
        if graph is None or reached.isdisjoint(event.sources()):
            continue  # that nothing leads to these states is told of them
        if _contradicts(event, specs):
            continue  # told of its guards
        if not graph.can_fire(event.name):
            yield _never_fires(lifecycle, event, specs)
            continue
        yield from _never_taken(lifecycle, graph, event, reached, specs)
        yield from _asks_too_early(lifecycle, graph, event, specs)
        yield from _led_nowhere(lifecycle, event)
        yield from _never_may(lifecycle, event)


def graph_of(
    lifecycle: Lifecycle, graphs: Sequence[Paths], specs: Specs, event: Event
) -> Paths | None:
    """Return the graph in which an event is looked at: the whole, or where that is too large the
    regions that it moves or asks about; None where even these are too many."""
    if len(graphs) == 1:
        return graphs[0]
    asked = {state for use in uses(event) for state in states_named(use, specs)}
    regions = {lifecycle.states[name].region for name in asked if name in lifecycle.states}
    return among_regions(lifecycle, regions | {e.region for e in event.transitions}, specs)


def uses(event: Event) -> tuple[GuardUse, ...]:
    """Return all uses of guards in an event, its own and those of its transitions."""
    return (*event.guards, *(use for edge in event.transitions for use in edge.guards))


def can_both(
    lifecycle: Lifecycle,
    graph: Paths,
    event: Event,
    edges: tuple[Transition, Transition],
    specs: Specs,
) -> bool:
    """Say whether two transitions of an event can be taken from one combination of states, as far
    as the states alone decide."""
    return any(
        all(_passes(lifecycle, graph, event, edge, node, specs) for edge in edges)
        for node in graph.reached()
    )


def _passes(
    lifecycle: Lifecycle, graph: Paths, event: Event, edge: Transition, node: Node, specs: Specs
) -> bool:
    """Say whether a transition may be taken among these states; of regions that the graph does not
    have nothing is known."""
    if edge.region not in graph.regions:
        return True
    if node[graph.regions.index(edge.region)] != edge.source:
        return False
    asked = [
        use for use in (*event.guards, *edge.guards) if _is_about(graph, use, lifecycle, specs)
    ]
    return all(known_among(use, lifecycle, node, specs) is not False for use in asked)


def _is_about(graph: Paths, use: GuardUse, lifecycle: Lifecycle, specs: Specs) -> bool:
    named = states_named(use, specs) & frozenset(lifecycle.states)
    return all(lifecycle.states[name].region in graph.regions for name in named)


def _contradicts(event: Event, specs: Specs) -> bool:
    return any(contradiction((*event.guards, *e.guards), specs) for e in event.transitions)


def _never_fires(lifecycle: Lifecycle, event: Event, specs: Specs) -> Finding:
    label = event_label(event)
    asked = dict.fromkeys(name for use in uses(event) for name in sorted(states_named(use, specs)))
    named = [state_label(lifecycle, name) for name in asked if name in lifecycle.states]
    ko, en = (", ".join(each.text(lang) for each in named) for lang in ("ko", "en"))
    return error(
        "never_fires",
        f"events.{event.name}",
        f"{label.ko}은(는) 할 수 있는 때가 없습니다: 요건으로 적은 상태({ko})와 출발 상태가 함께 "
        "오지 않습니다.",
        f"{label.en} can never be fired: the states that it asks for ({en}) never come together "
        "with one that it leads from.",
    )


def _never_taken(
    lifecycle: Lifecycle, graph: Paths, event: Event, reached: Set[str], specs: Specs
) -> Iterator[Finding]:
    """Find transitions that no combination of states allows. Of several written as one (a list of
    sources) one that can be taken is enough."""
    alike: dict[tuple[str, str, tuple[GuardUse, ...]], list[int]] = {}
    for number, edge in enumerate(event.transitions):
        key = (edge.region, "" if edge.source == edge.target else edge.target, edge.guards)
        alike.setdefault(key, []).append(number)
    nodes = graph.reached()
    leading = [edge for edge in event.transitions if edge.region == event.leads]
    fires = [
        node
        for node in nodes
        if any(_passes(lifecycle, graph, event, edge, node, specs) for edge in leading)
    ]
    for numbers in alike.values():
        edges = [event.transitions[number] for number in numbers]
        if reached.isdisjoint({edge.source for edge in edges}) or any(
            _passes(lifecycle, graph, event, edge, node, specs) for edge in edges for node in fires
        ):
            continue
        label, source = event_label(event), state_label(lifecycle, edges[0].source)
        target = state_label(lifecycle, edges[0].target)
        yield warning(
            "never_taken",
            f"events.{event.name}.transitions[{numbers[0]}]",
            f"{label.ko}: {source.ko}에서 {target.ko}(으)로 가는 길은 갈 수 있는 때가 없습니다. "
            "함께 요구하는 상태가 그때에는 오지 않습니다.",
            f"{label.en}: the transition from {source.en} to {target.en} can never be taken: the "
            "other regions are never in the states that it needs.",
        )


def _asks_too_early(
    lifecycle: Lifecycle, graph: Paths, event: Event, specs: Specs
) -> Iterator[Finding]:
    """Find guards that ask for what an event would have to have recorded, or for a count of
    firings, where no such firing can come first."""
    for use in dict.fromkeys(uses(event)):
        before = _asks_for(lifecycle, event, use, specs)
        if before is None or any(
            {edge.region for edge in lifecycle.events[name].transitions}.isdisjoint(graph.regions)
            for name in before
        ):
            continue
        if not fired_before(graph, event.name, before):
            wanted = listed(lifecycle, before)
            yield never_holds(
                event,
                use,
                f"{wanted.ko}이(가) 그보다 먼저 있을 수 없습니다",
                f"{wanted.en} can never come first",
            )


def _led_nowhere(lifecycle: Lifecycle, event: Event) -> Iterator[Finding]:
    """Find options of a choice that an event takes and that none of its ways from a state allows,
    where each of them asks for some: whoever gives one is refused."""
    for state in lifecycle.regions[event.leads].states:
        ways = [e for e in event.transitions if (e.region, e.source) == (event.leads, state)]
        for field in event.data if ways else ():
            asked = [
                [use for use in (*event.guards, *edge.guards) if _asks_for_option(use, field)]
                for edge in ways
            ]
            if not field.options or not all(asked):
                continue
            allowed = {
                option
                for of_edge in asked
                for option in field.options
                if all(option in _named_in(use) for use in of_edge)
            }
            for option in (each for each in field.options if each not in allowed):
                label, source = event_label(event), state_label(lifecycle, state)
                said = field.options[option]
                yield warning(
                    "option_leads_nowhere",
                    f"events.{event.name}",
                    f"{label.ko}: {source.ko}에서 '{field.label.ko}' 항목에 '{said.ko}'({option})"
                    "을(를) 적으면 갈 길이 없어 언제나 거부됩니다.",
                    f"{label.en}: from {source.en} there is no way for '{said.en}' ({option}) in "
                    f"'{field.label.en}': whoever gives it is refused.",
                )


def _asks_for_option(use: GuardUse, field: Field) -> bool:
    return use.name == "given" and use.params["field"] == field.name and "is" in use.params


def _named_in(use: GuardUse) -> tuple[str, ...]:
    named = use.params["is"]
    return (named,) if isinstance(named, str) else tuple(named)


def _never_may(lifecycle: Lifecycle, event: Event) -> Iterator[Finding]:
    """Find roles that an event names and that may take none of its transitions."""
    for role in event.by:
        if not any(role in event.by_from(state) for state in event.sources()):
            label, who = event_label(event), lifecycle.roles[role].label
            yield warning(
                "role_never_may",
                f"events.{event.name}",
                f"{label.ko}: 역할 '{who.ko}'({role})은(는) by에 있으나 갈 수 있는 길이 없습니다.",
                f"{label.en}: the role '{who.en}' ({role}) stands under `by`, but may take none of "
                "its transitions.",
            )


def never_holds(event: Event, use: GuardUse, ko: str, en: str) -> Finding:
    """Return the finding that a guard of an event can never hold, and why."""
    label = event_label(event)
    return error(
        "never_holds",
        f"events.{event.name}",
        f"{label.ko}의 요건 {use.id}은(는) 충족될 수 없습니다: {ko}.",
        f"{label.en}: the guard {use.id} can never hold: {en}.",
    )


def _asks_for(
    lifecycle: Lifecycle, event: Event, use: GuardUse, specs: Specs
) -> tuple[str, ...] | None:
    """Return the events of which one must have been fired before the guard can hold; None where it
    asks for none, or where the firing in hand is one."""
    spec = specs.get(use.name)
    if spec is None:
        return None
    if spec.recorded is not None:
        field = use.params[spec.recorded]
        takers = tuple(
            [e.name for e in lifecycle.events.values() if any(f.name == field for f in e.data)]
        )
        return None if event.name in takers else takers
    if use.name == VOTED:
        several = "share" in use.params or int(use.params.get("at_least", 0)) > 0
        name = use.params["event"]
        return (name,) if several and name != event.name else None
    return None


VOTED = "voted"
"""The guard that counts who fired an event."""


def listed(lifecycle: Lifecycle, names: Sequence[str]) -> Label:
    """Return the events as people know them, any of which would do."""
    labels = [event_label(lifecycle.events[name]) for name in names if name in lifecycle.events]
    return Label(", ".join(each.ko for each in labels), " or ".join(each.en for each in labels))
