"""Random lifecycles, for properties that hold for every definition."""

from __future__ import annotations

from hypothesis import strategies as st

from evalflow.guards import GUARDS as BUILT_IN
from evalflow.lifecycle.definition import (
    Event,
    GuardUse,
    Lifecycle,
    Region,
    Role,
    State,
    Transition,
    Vocabulary,
)
from evalflow.model import Label

GUARDS = tuple(GuardUse(name=f"g{number}") for number in range(4))


def label(name: str) -> Label:
    return Label(f"{name} 이름", f"{name} name")


@st.composite
def lifecycles(draw: st.DrawFn) -> Lifecycle:
    """Up to three regions of up to four states, and up to five events with guarded edges.

    Nothing is tidied: states may be unreachable and guards may overlap, for a definition may
    be loaded that is not wise.
    """
    regions = {
        f"r{region}": tuple(f"s{region}{number}" for number in range(draw(st.integers(1, 4))))
        for region in range(draw(st.integers(1, 3)))
    }
    events = [draw(_events(f"e{number}", regions)) for number in range(draw(st.integers(1, 5)))]
    return Lifecycle(
        name="random",
        version=1,
        label=label("random"),
        roles={"clerk": Role(name="clerk", label=label("clerk"), at="department")},
        regions={
            name: Region(
                name=name, label=label(name), initial=draw(st.sampled_from(states)), states=states
            )
            for name, states in regions.items()
        },
        states={
            state: State(name=state, label=label(state), region=name)
            for name, states in regions.items()
            for state in states
        },
        events={event.name: event for event in events},
    )


@st.composite
def _events(draw: st.DrawFn, name: str, regions: dict[str, tuple[str, ...]]) -> Event:
    edges = []
    for _ in range(draw(st.integers(1, 5))):
        region = draw(st.sampled_from(sorted(regions)))
        edges.append(
            Transition(
                event=name,
                region=region,
                source=draw(st.sampled_from(regions[region])),
                target=draw(st.sampled_from(regions[region])),
                guards=tuple(draw(st.lists(st.sampled_from(GUARDS), max_size=2, unique=True))),
            )
        )
    return Event(
        name=name,
        label=label(name),
        by=("clerk",),
        transitions=tuple(edges),
        leads=draw(st.sampled_from(edges)).region,
    )


def passed() -> st.SearchStrategy[frozenset[str]]:
    """Any verdict of the guards: the ids of those that hold."""
    return st.frozensets(st.sampled_from([use.id for use in GUARDS] + ["unrelated"]))


RECORDS = frozenset(
    {
        "facts",
        "self_rating",
        "review_rating",
        "spot_rating",
        "extension",
        "next_period",
        "change",
        "consultation",
        "plan_revision",
        "change_closed",
        "change_filed",
        "declaration",
    }
)

VOCABULARY = Vocabulary(
    guards={name: spec for name, (spec, _) in BUILT_IN.items()}, records=RECORDS
)
"""The guards and records that come with evalflow."""
