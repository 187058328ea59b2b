"""Values of evalflow as JSON: figures as text, times with their zone, labels in both languages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
import msgspec


def tree(value: Any) -> Any:
    """Return any value of evalflow as what JSON holds; a figure becomes text, exactly."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, msgspec.Struct):
        return value
    if attrs.has(type(value)):
        return {
            field.name.lstrip("_"): tree(getattr(value, field.name))
            for field in attrs.fields(type(value))
            if field.repr and field.name != "tree"
        }
    if isinstance(value, Mapping):
        return {str(key): tree(inner) for key, inner in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(tree(inner) for inner in value)
    if isinstance(value, Iterator | list | tuple):
        return [tree(inner) for inner in value]
    raise TypeError(f"no JSON for {type(value).__name__}")


def encode(value: Any) -> bytes:
    """Return a reply as JSON."""
    return msgspec.json.encode(value, enc_hook=tree)
