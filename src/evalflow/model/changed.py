"""A frozen value with some fields changed, for the few places where every firing comes by."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, TypeVar

import attrs

Value = TypeVar("Value", bound=attrs.AttrsInstance)

_KNOWN: dict[type, tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]] = {}


def changed(value: Value, **changes: Any) -> Value:
    """Return what `attrs.evolve` does of a value with two fields or more, in half its time."""
    kind = value.__class__
    known = _KNOWN.get(kind)
    if known is None:
        fields = [each for each in attrs.fields(kind) if each.init]
        names = tuple([each.alias or each.name for each in fields])
        known = _KNOWN[kind] = names, attrgetter(*[each.name for each in fields])
    names, read = known
    fields_now: dict[str, Any] = dict(zip(names, read(value), strict=True))
    fields_now.update(changes)
    return kind(**fields_now)
