"""A frozen value with some fields changed, for the few places where every firing comes by."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, TypeVar

import attrs

Value = TypeVar("Value", bound=attrs.AttrsInstance)

_Read = Callable[[Any], tuple[Any, ...]]
_KNOWN: dict[type, tuple[_Read, dict[str, int], list[Callable[[Any, Any], None]]]] = {}
"""Of a class: what reads its fields, the place of each by the name under which it is given, and
what writes them."""


def changed(value: Value, **changes: Any) -> Value:
    """Return what `attrs.evolve` does of a value with two fields or more, sooner: for classes with
    slots whose fields are neither checked nor converted. What a value remembers of itself (a field
    that is not given when it is made) is forgotten."""
    kind = value.__class__
    read, places, writers = _KNOWN.get(kind) or _learnt(kind)
    fields = list(read(value))
    for name, field in changes.items():
        fields[places[name]] = field
    made = object.__new__(kind)
    for write, field in zip(writers, fields, strict=False):
        write(made, field)
    for write in writers[len(fields) :]:
        write(made, None)
    return made


def _learnt(kind: type) -> tuple[_Read, dict[str, int], list[Callable[[Any, Any], None]]]:
    given = [each for each in attrs.fields(kind) if each.init]
    own = [each for each in attrs.fields(kind) if not each.init]
    assert all(each.default is None for each in own)
    places = {each.alias or each.name: place for place, each in enumerate(given)}
    writers = [getattr(kind, each.name).__set__ for each in (*given, *own)]
    _KNOWN[kind] = attrgetter(*[each.name for each in given]), places, writers
    return _KNOWN[kind]
