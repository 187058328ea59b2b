"""Whether a call says the same as the one that wrote an entry: what binds an idempotency key. Pure.

The entry keeps the normal form of what it was given, so the two are compared by that form; what the
engine added to an entry's data (the `definition` of an approved change) is nobody's input.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from evalflow.lifecycle.definition import Event, Lifecycle
from evalflow.lifecycle.fields import normal
from evalflow.model import Entry, Label, ProjectDefinition
from evalflow.model.canonical import canonical


def says_the_same(
    entry: Entry,
    event: Event,
    data: Mapping[str, Any],
    *,
    definition: ProjectDefinition,
    lifecycle: Lifecycle,
    criteria: Mapping[str, Label],
) -> bool:
    """Say whether `data` has the normal form that the entry keeps. `definition`, `lifecycle` and
    `criteria` are those by which the entry was decided."""
    tree, problems = normal(
        event, data, definition=definition, lifecycle=lifecycle, criteria=criteria
    )
    given = {field.name for field in event.data}
    kept = {name: value for name, value in entry.data.items() if name in given}
    return not problems and canonical(tree) == canonical(kept)


def migrates_the_same(entry: Entry, data: Mapping[str, Any], new: Lifecycle) -> bool:
    """Say whether `data`, which offers the lifecycle `new`, asks for the migration that the entry
    is of."""
    return (
        entry.lifecycle == new.fingerprint
        and entry.reason == data.get("reason")
        and _said(data.get("states") or {}, entry.data["states"], new.replaces.values())
        and _said(data.get("events") or {}, entry.data.get("events", {}), ())
    )


def _said(given: object, kept: Mapping[str, str], shipped: Iterable[Mapping[str, str]]) -> bool:
    """Say whether `kept` is what was given, and beside it only what the lifecycle says itself."""
    if not isinstance(given, Mapping):
        return False
    said = {str(old): str(other) for old, other in given.items()}
    beside = {old: other for old, other in kept.items() if old not in said}
    return said.items() <= kept.items() and any(
        beside.items() <= itself.items() for itself in ({}, *shipped)
    )
