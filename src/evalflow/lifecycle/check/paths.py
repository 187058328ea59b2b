"""Where a lifecycle can lead: every combination of states that firings can reach.

Found by asking `step`, so it cannot differ from what is done in earnest. Guards count as free
to hold or not, save those that exclude each other. Where there are too many combinations each
region is looked at alone, and what several regions do together with the rest left out; then a
little more looks reachable than is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain, combinations, product

import attrs

from evalflow.lifecycle.check.overlap import Specs, contradiction
from evalflow.lifecycle.definition import Event, GuardUse, Lifecycle
from evalflow.lifecycle.machine import Stuck, step
from evalflow.model.values import frozen

MOST_COMBINATIONS = 2_000
"""Beyond so many combinations of states each region is looked at alone."""

MOST_JOINED = 5_000
"""Beyond so many combinations of the regions that an event joins nothing is said of the join."""

MOST_GUARDS = 6
"""Beyond so many guards on the edges from one combination their verdicts, which double with each,
are not tried one by one: each region may then take any of its edges."""

Node = tuple[str, ...]


@frozen
class Paths:
    """A graph of firings: from each combination of states the events and where they lead.

    `regions` are those that its nodes speak of, in the order of the states in a node.
    """

    regions: tuple[str, ...]
    initial: Node
    arcs: Mapping[Node, tuple[tuple[str, Node], ...]]

    def reached(
        self, *, without: frozenset[str] = frozenset(), start: Node | None = None
    ) -> dict[Node, None]:
        """Return the nodes that can be reached (from `start`; None: from the beginning) when the
        events `without` are never fired."""
        found: dict[Node, None] = {self.initial if start is None else start: None}
        frontier = deque(found)
        while frontier:
            for event, after in self.arcs[frontier.popleft()]:
                if event not in without and after not in found:
                    found[after] = None
                    frontier.append(after)
        return found

    def leading_to(
        self, goals: Iterable[Node], *, without: frozenset[str] = frozenset()
    ) -> frozenset[Node]:
        """Return the nodes from which one of the `goals` can be reached, themselves included, when
        the events `without` are never fired."""
        before: dict[Node, list[Node]] = {}
        for node, arcs in self.arcs.items():
            for event, after in arcs:
                if event not in without:
                    before.setdefault(after, []).append(node)
        found = dict.fromkeys(goals)
        frontier = deque(found)
        while frontier:
            for node in before.get(frontier.popleft(), ()):
                if node not in found:
                    found[node] = None
                    frontier.append(node)
        return frozenset(found)

    def can_fire(self, event: str, *, without: frozenset[str] = frozenset()) -> bool:
        """Say whether `event` can ever be fired when the events `without` never are."""
        return any(
            name == event for node in self.reached(without=without) for name, _ in self.arcs[node]
        )

    def needed_before(self, event: str) -> tuple[str, ...]:
        """Return the events without which `event` cannot be fired for the first time."""
        events = dict.fromkeys(name for arcs in self.arcs.values() for name, _ in arcs)
        return tuple(
            [
                other
                for other in events
                if other != event and not self.can_fire(event, without=frozenset({other}))
            ]
        )

    def shortest(self, state: str) -> tuple[str, ...] | None:
        """Return the fewest events that lead into `state`; None where none do."""
        frontier: deque[tuple[Node, tuple[str, ...]]] = deque([(self.initial, ())])
        seen = {self.initial}
        while frontier:
            node, way = frontier.popleft()
            if state in node:
                return way
            for event, after in self.arcs[node]:
                if after not in seen:
                    seen.add(after)
                    frontier.append((after, (*way, event)))
        return None

    def simple(self, state: str) -> Iterator[tuple[str, ...]]:
        """Yield every way into `state` on which no combination of states comes twice, and `state`
        itself only at the end; the shorter of two that begin alike first."""
        stack: list[tuple[Node, tuple[str, ...], frozenset[Node]]] = [
            (self.initial, (), frozenset({self.initial}))
        ]
        while stack:
            node, way, passed = stack.pop()
            if state in node:
                yield way
                continue
            stack.extend(
                (after, (*way, event), passed | {after})
                for event, after in reversed(self.arcs[node])
                if after not in passed
            )

    def stuck(self, place: int, *, without: frozenset[str] = frozenset()) -> tuple[Node, ...]:
        """Return the reachable nodes from which the region at `place` never moves again."""
        reached = self.reached(without=without)
        before: dict[Node, list[Node]] = {node: [] for node in reached}
        movable: dict[Node, None] = {}
        for node in reached:
            for event, after in self.arcs[node]:
                if event in without:
                    continue
                before[after].append(node)
                if after[place] != node[place]:
                    movable[node] = None
        frontier = deque(movable)
        while frontier:
            for earlier in before[frontier.popleft()]:
                if earlier not in movable:
                    movable[earlier] = None
                    frontier.append(earlier)
        return tuple([node for node in reached if node not in movable])


def paths(lifecycle: Lifecycle, specs: Specs) -> tuple[Paths, ...]:
    """Return one graph over all regions, or one per region where that would be too large."""
    whole = _whole(lifecycle, specs, MOST_COMBINATIONS)
    if whole is not None:
        return (whole,)
    return tuple([alone(lifecycle, region) for region in lifecycle.regions])


def among_regions(lifecycle: Lifecycle, regions: Collection[str], specs: Specs) -> Paths | None:
    """Return the graph of these regions alone, as if the others always let them; None where even
    that is too large. Of the guards only what they say of these regions' states is asked."""
    kept = {name: each for name, each in lifecycle.regions.items() if name in regions}
    states = {n: each for n, each in lifecycle.states.items() if each.region in kept}
    events = {
        f"{event.name}{_LED_BY}{lead}": attrs.evolve(
            event,
            name=f"{event.name}{_LED_BY}{lead}",
            leads=lead,
            guards=_about(event.guards, states, specs),
            transitions=tuple(
                [
                    attrs.evolve(
                        edge,
                        event=f"{event.name}{_LED_BY}{lead}",
                        guards=_about(edge.guards, states, specs),
                    )
                    for edge in event.transitions
                    if edge.region in kept
                ]
            ),
        )
        for event in lifecycle.events.values()
        for lead in dict.fromkeys(edge.region for edge in event.transitions if edge.region in kept)
        if lead == event.leads or event.leads not in kept
    }
    part = attrs.evolve(lifecycle, regions=kept, states=states, events=events)
    found = _whole(part, specs, MOST_JOINED)
    if found is None:
        return None
    arcs = {
        node: tuple(dict.fromkeys((name.partition(_LED_BY)[0], after) for name, after in each))
        for node, each in found.arcs.items()
    }
    return attrs.evolve(found, arcs=arcs)


_LED_BY = "@"


def _about(uses: Iterable[GuardUse], states: Collection[str], specs: Specs) -> tuple[GuardUse, ...]:
    """Return the guards without those that the states alone decide, but other ones."""
    return tuple(
        [
            use
            for use in uses
            if (spec := specs.get(use.name)) is None
            or spec.among is None
            or not states_named(use, specs).isdisjoint(states)
        ]
    )


def states_named(use: GuardUse, specs: Specs) -> frozenset[str]:
    """Return the states that a guard which the states alone decide asks for; none of another."""
    spec = specs.get(use.name)
    if spec is None or spec.among is None:
        return frozenset()
    asked = [use.params[key] for key, kind in spec.names.items() if kind == "state"]
    return frozenset(
        chain.from_iterable([each] if isinstance(each, str) else each for each in asked)
    )


def _whole(lifecycle: Lifecycle, specs: Specs, most: int) -> Paths | None:
    initial = lifecycle.initial()
    arcs: dict[Node, tuple[tuple[str, Node], ...]] = {}
    frontier = deque([initial])
    while frontier:
        node = frontier.popleft()
        if node in arcs:
            continue
        if len(arcs) >= most:
            return None
        found: dict[tuple[str, Node], None] = {}
        for event in lifecycle.events.values():
            if not event.sources() & set(node):
                continue
            if any(known_among(use, lifecycle, node, specs) is False for use in event.guards):
                continue
            found.update(dict.fromkeys(_led_to(event, node, lifecycle, specs)))
        arcs[node] = tuple(found)
        frontier.extend(after for _, after in found)
    return Paths(tuple(lifecycle.regions), initial, arcs)


def _led_to(
    event: Event, node: Node, lifecycle: Lifecycle, specs: Specs
) -> Iterator[tuple[str, Node]]:
    """Yield where the event can lead from here, whatever its guards say."""
    verdicts = _verdicts(event, node, lifecycle, specs)
    if verdicts is None:
        yield from ((event.name, each) for each in _any_edges(event, node, lifecycle, specs))
        return
    for passed in verdicts:
        after = step(lifecycle, node, event.name, passed)
        if not isinstance(after, Stuck):
            yield event.name, after


def _any_edges(event: Event, node: Node, lifecycle: Lifecycle, specs: Specs) -> Iterator[Node]:
    """Yield where it leads if each region may take any of its edges, up to the first that nothing
    holds back: as much as can be reached, and perhaps more."""
    ways: list[list[str]] = []
    for state, region in zip(node, lifecycle.regions, strict=True):
        targets: dict[str, None] = {}
        certain = False
        for edge in event.transitions:
            if edge.source != state or certain or not _can_hold(edge.guards, event, specs):
                continue
            known = [known_among(use, lifecycle, node, specs) for use in edge.guards]
            if False not in known:
                targets[edge.target] = None
                certain = None not in known
        if region != event.leads and not certain:
            targets[state] = None
        ways.append(list(targets))
    yield from product(*ways)


def _verdicts(
    event: Event, node: Node, lifecycle: Lifecycle, specs: Specs
) -> Iterator[frozenset[str]] | None:
    """Return what the guards of the edges from here can say together: the sets that hold. What the
    states alone decide is known; the others are free."""
    uses = {use.id: use for edge in event.transitions if edge.source in node for use in edge.guards}
    known = {id: known_among(use, lifecycle, node, specs) for id, use in uses.items()}
    held = [use for id, use in uses.items() if known[id]]
    free = [use for id, use in uses.items() if known[id] is None]
    if len(free) > MOST_GUARDS:
        return None
    sets = chain.from_iterable(combinations(free, size) for size in range(len(free) + 1))
    return (
        frozenset(use.id for use in (*held, *together))
        for together in sets
        if _can_hold((*held, *together), event, specs)
    )


def known_among(use: GuardUse, lifecycle: Lifecycle, node: Node, specs: Specs) -> bool | None:
    """Say whether a guard that the states alone decide holds in them; None for every other."""
    spec = specs.get(use.name)
    if spec is None or spec.among is None:
        return None
    return spec.among(lifecycle, node, use.params)


def _can_hold(together: tuple[GuardUse, ...], event: Event, specs: Specs) -> bool:
    return contradiction((*event.guards, *together), specs) is None


def alone(lifecycle: Lifecycle, region: str) -> Paths:
    """Return the graph of one region by itself, as if the others always let it."""
    arcs: dict[Node, dict[tuple[str, Node], None]] = {
        (state,): {} for state in lifecycle.regions[region].states
    }
    for event in lifecycle.events.values():
        for edge in event.transitions:
            if edge.region == region:
                arcs[(edge.source,)][event.name, (edge.target,)] = None
    return Paths(
        (region,),
        (lifecycle.regions[region].initial,),
        {node: tuple(found) for node, found in arcs.items()},
    )


def reached_after(graph: Paths, names: Collection[str]) -> frozenset[Node]:
    """Return the nodes in which a project can be once one of the events `names` was fired."""
    begun: dict[Node, None] = {}
    for arcs in graph.arcs.values():
        begun.update((after, None) for name, after in arcs if name in names)
    seen: set[Node] = set()
    for node in begun:
        if node not in seen:
            seen.update(graph.reached(start=node))
    return frozenset(seen)


def fired_before(graph: Paths, event: str, names: Collection[str]) -> bool:
    """Say whether `event` can follow a firing of one of the events `names`."""
    after = reached_after(graph, names)
    return any(name == event for node in after for name, _ in graph.arcs[node])
