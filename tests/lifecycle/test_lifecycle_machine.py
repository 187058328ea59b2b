"""`step`: the pure decision, executed by `transitions` and remembered."""

from __future__ import annotations

import gc
import logging
import threading
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalflow.lifecycle import machine
from evalflow.lifecycle.definition import (
    Event,
    GuardUse,
    Lifecycle,
    Region,
    Role,
    State,
    Transition,
)
from evalflow.lifecycle.machine import Stuck, decider, step
from lifecycle_strategies import label, lifecycles, passed

NOTHING = frozenset[str]()


def reference(
    lifecycle: Lifecycle, states: tuple[str, ...], event_name: str, holds: frozenset[str]
) -> tuple[str, ...] | str:
    """`step` once more, in plain Python: the states, or only the word why not."""
    event = lifecycle.events.get(event_name)
    if event is None:
        return "unknown_event"
    after = []
    for region, state in zip(lifecycle.regions, states, strict=True):
        edges = [e for e in event.transitions if e.region == region and e.source == state]
        able = [e for e in edges if all(use.id in holds for use in e.guards)]
        if region == event.leads and not able:
            return "guards" if edges else "no_edge"
        after.append(able[0].target if able else state)
    return tuple(after)


@given(st.data())
def test_step_equals_a_plain_table_for_any_definition(data: st.DataObject) -> None:
    lifecycle = data.draw(lifecycles())
    holds = data.draw(passed())
    names = [*lifecycle.events, "unheard_of"]
    for states in product(*[region.states for region in lifecycle.regions.values()]):
        for event in names:
            answer = step(lifecycle, states, event, holds)
            got = answer.why if isinstance(answer, Stuck) else answer
            assert got == reference(lifecycle, states, event, holds)
            assert answer == decider(lifecycle)(states, event, holds)


def two_regions() -> Lifecycle:
    """A door that opens and shuts, and a lamp beside it that follows."""
    states = {"shut": "door", "open": "door", "dark": "lamp", "lit": "lamp"}
    fine, dry = GuardUse(name="fine"), GuardUse(name="dry")

    def edge(event: str, source: str, target: str, *guards: GuardUse) -> Transition:
        return Transition(
            event=event, region=states[source], source=source, target=target, guards=guards
        )

    def event(name: str, *edges: Transition) -> Event:
        return Event(
            name=name, label=label(name), by=("clerk",), transitions=edges, leads=edges[0].region
        )

    events = (
        event("enter", edge("enter", "shut", "open", fine, dry), edge("enter", "dark", "lit")),
        event("leave", edge("leave", "open", "shut"), edge("leave", "lit", "dark", dry)),
        event("look", edge("look", "open", "open")),
        # An event may bear the name of anything that `transitions` uses inside.
        event("state", edge("state", "shut", "open")),
        event("trigger", edge("trigger", "shut", "open", fine), edge("trigger", "shut", "shut")),
    )
    return Lifecycle(
        name="door",
        version=1,
        label=label("door"),
        roles={"clerk": Role(name="clerk", label=label("clerk"), at="office")},
        regions={
            "door": Region(
                name="door", label=label("door"), initial="shut", states=("shut", "open")
            ),
            "lamp": Region(
                name="lamp", label=label("lamp"), initial="dark", states=("dark", "lit")
            ),
        },
        states={name: State(name=name, label=label(name), region=r) for name, r in states.items()},
        events={each.name: each for each in events},
    )


def test_the_leading_region_moves_and_the_others_follow() -> None:
    assert step(two_regions(), ("shut", "dark"), "enter", frozenset({"fine", "dry"})) == (
        "open",
        "lit",
    )


def test_a_region_without_an_edge_from_its_state_stays() -> None:
    assert step(two_regions(), ("open", "dark"), "leave", NOTHING) == ("shut", "dark")


def test_a_following_region_whose_guard_fails_stays() -> None:
    assert step(two_regions(), ("open", "lit"), "leave", NOTHING) == ("shut", "lit")


def test_an_edge_that_stays_is_an_answer_and_not_a_refusal() -> None:
    assert step(two_regions(), ("open", "lit"), "look", NOTHING) == ("open", "lit")


def test_nothing_moves_where_the_leading_region_cannot() -> None:
    assert step(two_regions(), ("open", "dark"), "enter", frozenset({"fine", "dry"})) == Stuck(
        "no_edge", "enter", "door", "open"
    )


def test_a_refusal_names_the_guards_that_are_lacking() -> None:
    assert step(two_regions(), ("shut", "dark"), "enter", frozenset({"fine"})) == Stuck(
        "guards", "enter", "door", "shut", (("dry",),)
    )


def test_the_first_edge_that_can_be_taken_is_taken() -> None:
    lifecycle = two_regions()
    assert step(lifecycle, ("shut", "dark"), "trigger", frozenset({"fine"})) == ("open", "dark")
    assert step(lifecycle, ("shut", "dark"), "trigger", NOTHING) == ("shut", "dark")


def test_an_event_may_bear_a_name_that_transitions_uses_itself() -> None:
    assert step(two_regions(), ("shut", "dark"), "state", NOTHING) == ("open", "dark")


@pytest.mark.parametrize("states", [(), ("shut",), ("dark", "shut"), ("shut", "dark", "dark")])
def test_states_of_another_lifecycle_are_a_bad_call(states: tuple[str, ...]) -> None:
    with pytest.raises(ValueError):
        step(two_regions(), states, "enter", NOTHING)


def test_a_question_is_decided_once_and_then_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    lifecycle = two_regions()
    first = step(lifecycle, ("open", "lit"), "leave", NOTHING)
    monkeypatch.setattr(machine, "_follow", lambda *_: pytest.fail("decided again"))
    assert step(lifecycle, ("open", "lit"), "leave", NOTHING) == first


def test_a_lifecycle_that_is_gone_leaves_nothing_behind() -> None:
    gc.collect()
    before = len(machine._deciders)
    lifecycle = two_regions()
    step(lifecycle, ("open", "lit"), "leave", NOTHING)
    assert len(machine._deciders) == before + 1
    del lifecycle
    gc.collect()
    assert len(machine._deciders) == before


def test_two_definitions_that_only_look_alike_are_not_confused() -> None:
    one, other = two_regions(), two_regions()
    assert one.fingerprint == other.fingerprint
    step(one, ("open", "dark"), "look", NOTHING)
    assert step(other, ("open", "dark"), "look", NOTHING) == ("open", "dark")


def test_many_threads_get_the_answers_of_one(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, logger="transitions")
    lifecycle = two_regions()
    questions = [
        (states, event, frozenset(holds))
        for states in product(("shut", "open"), ("dark", "lit"))
        for event in (*lifecycle.events, "unheard_of")
        for holds in ((), ("fine",), ("fine", "dry"))
    ]
    expected = [step(lifecycle, *question) for question in questions]
    start, answers = threading.Barrier(8), []

    def ask() -> None:
        fresh = decider(lifecycle)
        start.wait()
        answers.append([fresh(*question) for question in questions])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [expected] * 8
    assert not caplog.records
