"""The tree of a lifecycle that is hashed and stored. What it was once, it stays: a changed key or
order would be another fingerprint."""

from __future__ import annotations

from collections.abc import Mapping

from evalflow.model.canonical import Tree


def with_order(tree: Tree) -> Tree:
    """Return the tree with lists in place of the mappings whose order counts.

    Stored text has its keys sorted; the order of regions is the order of a project's states,
    and people want states, events and fields in the order in which somebody thought of them.
    """
    ordered = dict(tree)
    ordered["roles"] = _listed(tree["roles"])
    ordered["regions"] = [
        {**region, "states": _listed(region["states"])} for region in _listed(tree["regions"])
    ]
    ordered["events"] = [_event_with_order(event) for event in _listed(tree["events"])]
    return ordered


def _event_with_order(event: dict[str, Tree]) -> dict[str, Tree]:
    if not event.get("data"):
        return event
    fields = _listed(event["data"])
    return {
        **event,
        "data": [
            {**field, "options": _listed(field["options"])} if field.get("options") else field
            for field in fields
        ],
    }


def _listed(tree: Tree) -> list[dict[str, Tree]]:
    if isinstance(tree, Mapping):
        return [{"name": name, **inside} for name, inside in tree.items()]
    return list(tree)
