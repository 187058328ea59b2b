"""Which states come next? A pure decision, executed by `transitions` and remembered.

One `transitions.Machine` is made per region and definition, and never changed. It knows no
project: a throw-away carrier brings the state and the verdicts of the guards, and takes the
answer back. So nothing is kept per project, and the same question has the same answer for all
of them: a million firings do not run a million machines.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import transitions
from transitions import Event, EventData, Machine, MachineError

from evalflow.lifecycle.definition import Lifecycle, Region, Transition
from evalflow.model.values import frozen

REMEMBERED = 16_384
"""Distinct questions remembered per lifecycle; `major-works` has some hundreds."""


@frozen
class Stuck:
    """Why an event leads nowhere from here.

    Attributes:
        why: `unknown_event`; `no_edge`: none from this state; `guards`: none whose guards hold.
        event: the event that was asked for.
        region, state: the leading region and the state that it is in.
        lacking: for each edge that there is, the ids of its guards that do not hold.
    """

    why: str
    event: str
    region: str | None = None
    state: str | None = None
    lacking: tuple[tuple[str, ...], ...] = ()


Answer = tuple[str, ...] | Stuck
_Decide = Callable[[tuple[str, ...], str, frozenset[str]], Answer]


def step(
    lifecycle: Lifecycle, states: tuple[str, ...], event: str, passed: frozenset[str]
) -> Answer:
    """Return the states after `event`, one per region, or why it leads nowhere.

    `passed` holds the ids (`GuardUse.id`) of the guards on edges that hold; guards of the
    event as a whole are not asked here. The event's leading region must have an edge from its
    state whose guards all hold, every other region follows where it has one and stays
    otherwise: all or nothing. Of several such edges the first in the file is taken.

    Raises:
        ValueError: `states` are not states of this lifecycle, one per region in its order.
    """
    decide = _deciders.get(id(lifecycle))
    if decide is None:
        decide = _remember(lifecycle)
    return decide(states, event, passed)


# By identity: comparing two definitions costs more than the decision. An entry leaves with its
# lifecycle, before the id can belong to another one.
_deciders: dict[int, _Decide] = {}


def _remember(lifecycle: Lifecycle) -> _Decide:
    # Two threads may get here at once: both make the same decider, and one of them stays.
    decide = _deciders[id(lifecycle)] = lru_cache(REMEMBERED)(decider(lifecycle))
    weakref.finalize(lifecycle, _deciders.pop, id(lifecycle), None)
    return decide


def decider(lifecycle: Lifecycle) -> _Decide:
    """Return `step` for this one lifecycle without a memory: compiled once, never changed."""
    edges = [edge for event in lifecycle.events.values() for edge in event.transitions]
    regions = list(lifecycle.regions)
    machines = [_machine(region, edges) for region in lifecycle.regions.values()]
    leads = {event.name: regions.index(event.leads) for event in lifecycle.events.values()}
    led = {event.name: event.transitions for event in lifecycle.events.values()}
    # In most regions an event has no edge: these are not asked.
    asked = {
        name: [(n, each.events[name]) for n, each in enumerate(machines) if name in each.events]
        for name in leads
    }

    def decide(states: tuple[str, ...], event: str, passed: frozenset[str]) -> Answer:
        if len(states) != len(machines):
            raise ValueError(f"expected one state for each of {regions}, got {states}")
        for machine, state in zip(machines, states, strict=True):
            if state not in machine.states:  # of another region or lifecycle
                machine.get_state(state)  # ValueError
        leading = leads.get(event)
        if leading is None:
            return Stuck("unknown_event", event)
        after = list(states)
        for place, known in asked[event]:
            led_to = _follow(known, states[place], passed)
            if led_to is not None:
                after[place] = led_to
            elif place == leading:
                return _stuck(event, regions[leading], states[leading], led[event], passed)
        return tuple(after)

    return decide


def _stuck(
    event: str, region: str, state: str, edges: Iterable[Transition], passed: frozenset[str]
) -> Stuck:
    lacking = tuple(
        [
            tuple([use.id for use in edge.guards if use.id not in passed])
            for edge in edges
            if edge.region == region and edge.source == state
        ]
    )
    return Stuck("guards" if lacking else "no_edge", event, region, state, lacking)


# --------------------------------------------------------------------------- transitions

# Where the carrier keeps its state. `transitions` refuses an event of the same name; the names
# of a lifecycle never begin with an underscore.
_STATE = "_state"


class _Carrier:
    """What a machine moves in place of a project; dropped when the answer is known."""

    __slots__ = (_STATE, "passed")

    def __init__(self, state: str, passed: frozenset[str]) -> None:
        self._state = state
        self.passed = passed


class _Edge(transitions.Transition):
    """An edge. Nothing is to be called back on the way, so nothing is looked for."""

    def execute(self, event_data: EventData) -> bool:
        """Take the edge where its guards hold; say whether they do."""
        if not self._eval_conditions(event_data):
            return False
        if self.dest:
            event_data.machine.set_state(self.dest, event_data.model)
        return True


class _Machine(Machine):  # type: ignore[misc,unused-ignore]
    transition_cls = _Edge


def _machine(region: Region, edges: Iterable[Transition]) -> Machine:
    return _Machine(
        model=None,
        states=list(region.states),
        initial=None,
        transitions=[
            {
                "trigger": edge.event,
                "source": edge.source,
                # None makes it internal: an edge that stays enters and leaves nothing.
                "dest": None if edge.target == edge.source else edge.target,
                "conditions": _holding(frozenset(use.id for use in edge.guards)),
            }
            for edge in edges
            if edge.region == region.name
        ],
        auto_transitions=False,
        send_event=True,
        queued=False,
        model_attribute=_STATE,
    )


def _holding(guards: frozenset[str]) -> list[Callable[[EventData], bool]]:
    def hold(data: EventData) -> bool:
        carrier: Any = data.model
        passed: frozenset[str] = carrier.passed
        return guards <= passed

    return [hold] if guards else []


def _follow(event: Event, state: str, passed: frozenset[str]) -> str | None:
    """Return the region's state after the event, or None where no edge can be taken."""
    carrier = _Carrier(state, passed)
    try:
        return carrier._state if event.trigger(carrier) else None
    except MachineError:  # no edge from this state
        return None
