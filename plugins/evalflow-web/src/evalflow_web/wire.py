"""Values of evalflow as JSON: figures as text, times with their zone, labels in both languages."""

from __future__ import annotations

from typing import Any

import msgspec

from evalflow.plugins import tree_of


def tree(value: Any) -> Any:
    """Return any value of evalflow as what JSON holds, with its fields' own names as keys; replies
    (`msgspec.Struct`) stay as they are."""
    return tree_of(value, {}, (msgspec.Struct,))


def encode(value: Any) -> bytes:
    """Return a reply as JSON."""
    return msgspec.json.encode(value, enc_hook=tree)
