"""The order in which a lifecycle names things, kept where stored text has its keys sorted; and
the key `records`, under which is stored what files and code call `actions`."""

from __future__ import annotations

from collections.abc import Mapping

from evalflow.model.canonical import Tree

ACTIONS = "actions"
RECORDS = "records"


def with_actions(tree: Tree) -> tuple[Tree, dict[tuple[str | int, ...], str]]:
    """Return the tree with `actions` wherever an event says `records`, and the paths at which it
    did. An event that says both keeps both: the loader refuses it."""
    events = tree.get("events") if isinstance(tree, Mapping) else None
    if not isinstance(events, Mapping | list | tuple):
        return tree, {}
    found: dict[tuple[str | int, ...], str] = {}
    named: dict[str | int, Tree] = {}
    for step, event in events.items() if isinstance(events, Mapping) else enumerate(events):
        named[step] = event
        if isinstance(event, Mapping) and RECORDS in event and ACTIONS not in event:
            named[step] = _renamed(event, RECORDS, ACTIONS)
            found["events", step, ACTIONS] = RECORDS
    if not found:
        return tree, {}
    return {**tree, "events": named if isinstance(events, Mapping) else [*named.values()]}, found


def _renamed(tree: Mapping[str, Tree], old: str, new: str) -> dict[str, Tree]:
    return {new if key == old else key: value for key, value in tree.items()}


def with_order(tree: Tree) -> Tree:
    """Return the tree with lists in place of the mappings whose order counts.

    Stored text has its keys sorted; the order of regions is the order of a project's states,
    and people want states, events and fields in the order in which somebody thought of them.
    """
    ordered = dict(tree)
    ordered["roles"] = listed(tree["roles"])
    ordered["regions"] = [
        {**region, "states": listed(region["states"])} for region in listed(tree["regions"])
    ]
    ordered["events"] = [_event_with_order(event) for event in listed(tree["events"])]
    return ordered


def _event_with_order(event: dict[str, Tree]) -> dict[str, Tree]:
    event = _renamed(event, ACTIONS, RECORDS)
    if not event.get("data"):
        return event
    fields = listed(event["data"])
    return {
        **event,
        "data": [
            {**field, "options": listed(field["options"])} if field.get("options") else field
            for field in fields
        ],
    }


def listed(tree: Tree) -> list[dict[str, Tree]]:
    """Return a mapping by name as a list of what has its name inside; a list as it is."""
    if isinstance(tree, Mapping):
        return [{"name": name, **inside} for name, inside in tree.items()]
    return list(tree)
