"""The trusted way back: a lifecycle out of a store is the value that was stored."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalflow.errors import InvalidInput, StorageError
from evalflow.files.yaml import read
from evalflow.lifecycle.definition import GuardUse, Lifecycle
from evalflow.lifecycle.load import lifecycle_from_tree, load_lifecycle
from evalflow.lifecycle.sources import presets
from evalflow.lifecycle.stored import stored_lifecycle
from evalflow.model import Label
from evalflow.model.canonical import Tree, canonical, parse
from lifecycle_strategies import ORDER, VOCABULARY, lifecycles


def order(lifecycle: Lifecycle) -> Any:
    """What equality of mappings does not see."""
    return (
        list(lifecycle.roles),
        list(lifecycle.regions),
        list(lifecycle.states),
        list(lifecycle.events),
        [(field.name, list(field.options)) for e in lifecycle.events.values() for field in e.data],
    )


def comes_back(lifecycle: Lifecycle) -> None:
    text = canonical(lifecycle.tree)
    stored = stored_lifecycle(text)
    assert stored == lifecycle
    assert order(stored) == order(lifecycle)
    assert canonical(stored.tree) == text
    assert stored.fingerprint == lifecycle.fingerprint


@pytest.mark.parametrize("name", presets())
def test_every_preset_comes_back(name: str) -> None:
    comes_back(load_lifecycle(name, vocabulary=VOCABULARY))


def test_a_tree_as_a_file_says_it_gives_the_same() -> None:
    tree = read(ORDER.replace("actions:", "records:").encode()).tree
    lifecycle = lifecycle_from_tree(tree, VOCABULARY)
    comes_back(lifecycle)
    assert stored_lifecycle(tree) == lifecycle
    assert stored_lifecycle(tree).fingerprint == lifecycle.fingerprint


# --------------------------------------------------------------------------- any lifecycle


def label_tree(label: Label) -> dict[str, str]:
    return {"ko": label.ko, "en": label.en}


def guard_trees(guards: tuple[GuardUse, ...]) -> list[str]:
    return [guard.name for guard in guards]


def tree_of(lifecycle: Lifecycle) -> Tree:
    """A tree that says what a random lifecycle is."""
    return {
        "evalflow": "lifecycle/1",
        "name": lifecycle.name,
        "version": str(lifecycle.version),
        **label_tree(lifecycle.label),
        "adopted_by": ["clerk"],
        "roles": [
            {"name": role.name, **label_tree(role.label), "at": role.at}
            for role in lifecycle.roles.values()
        ],
        "regions": [
            {
                "name": region.name,
                **label_tree(region.label),
                "initial": region.initial,
                "states": [
                    {"name": state, **label_tree(lifecycle.states[state].label)}
                    for state in region.states
                ],
            }
            for region in lifecycle.regions.values()
        ],
        "events": [
            {
                "name": event.name,
                **label_tree(event.label),
                "by": list(event.by),
                "leads": event.leads,
                "transitions": [
                    {"from": t.source, "to": t.target, "guards": guard_trees(t.guards)}
                    for t in event.transitions
                ],
            }
            for event in lifecycle.events.values()
        ],
    }


@given(lifecycles())
def test_any_lifecycle_comes_back(lifecycle: Lifecycle) -> None:
    tree = tree_of(lifecycle)
    stored = stored_lifecycle(canonical(tree))
    # The trusted way needs no builder to be right: the value is the one that the tree says.
    for name in ("roles", "regions", "states", "events", "label", "version"):
        assert getattr(stored, name) == getattr(lifecycle, name)
    assert canonical(stored.tree) == canonical(tree)
    try:
        built = lifecycle_from_tree(parse(canonical(tree)))
    except InvalidInput:
        return  # its edges overlap: nobody can have stored it
    comes_back(built)


# --------------------------------------------------------------------------- damage

STORED = lifecycle_from_tree(read(ORDER.encode()).tree, VOCABULARY).tree


def spots(tree: Tree, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    inside = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for step, value in inside if isinstance(tree, dict | list) else ():
        found.extend(spots(value, (*path, step)))
    return found


SPOTS = spots(STORED)
ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 40) | st.text(max_size=5)
    | st.sampled_from(["ordered", "report", "department", "rated", "first", "choice", "order"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["ko", "to", "day", "name", "rated"]), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@settings(max_examples=300)
@given(st.data())
def test_a_damaged_lifecycle_is_corrupt_or_what_the_builder_says(data: st.DataObject) -> None:
    tree = deepcopy(STORED)
    for _ in range(data.draw(st.integers(1, 3))):
        *above, last = data.draw(st.sampled_from(SPOTS))
        try:
            at = tree
            for step in above:
                at = at[step]
            odd = data.draw(ODD)
            if isinstance(at, list) or isinstance(last, str):  # never a key that is no text
                at[last] = odd
        except (KeyError, TypeError, IndexError, AttributeError):
            pass  # an earlier change has taken the place away
    text = canonical(tree)
    try:
        right = lifecycle_from_tree(parse(text))
    except InvalidInput:
        right = None
    try:
        stored = stored_lifecycle(text, "corrective-order/2@0")
    except StorageError as error:
        assert right is None
        assert error.code == "corrupt"
        assert "corrective-order/2@0" in error.ko
        assert "corrective-order/2@0" in error.en
        return
    if right is not None:
        assert stored == right
        assert stored.fingerprint == right.fingerprint


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('"initial":"ordered"', '"initial":"begun"', "regions[0].initial: no state 'begun'"),
        ('"to":"reported"', '"to":"told"', "events[0].transitions[0].to: no state 'told'"),
        ('"from":"none_made"', '"from":"gone"', "events[2].transitions[0].from: no state 'gone'"),
        ('"type":"document"', '"type":"paper"', "events[0].data[0].type: no field type 'paper'"),
        ('"days":"10"', '"days":"ten"', "events[1].due.days: 'ten', expected a whole number"),
        ('"final":"true"', '"final":"maybe"', "regions[0].states[2].final: 'maybe'"),
        ('"name":"verify"', '"nmae":"verify"', "events[1].nmae: unknown key"),
        ('"evalflow":"lifecycle/1"', '"evalflow":"lifecycle/9"', "evalflow: 'lifecycle/9'"),
    ],
)
def test_it_is_said_what_is_damaged_and_where(old: str, new: str, place: str) -> None:
    text = canonical(STORED)
    assert old in text
    with pytest.raises(StorageError) as caught:
        stored_lifecycle(text.replace(old, new, 1))
    assert caught.value.code == "corrupt"
    assert f"the stored lifecycle is damaged: {place}" in caught.value.en
    assert "저장된 절차" in caught.value.ko


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}"])
def test_what_is_no_lifecycle_at_all_is_corrupt(text: str) -> None:
    with pytest.raises(StorageError) as caught:
        stored_lifecycle(text)
    assert caught.value.code == "corrupt"
