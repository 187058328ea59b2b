"""Canonical JSON text and its hash: the one form in which values are stored and chained."""

from __future__ import annotations

import hashlib
import json
from json.encoder import encode_basestring
from typing import Any

Tree = Any
"""JSON-shaped data: dict with str keys, list, str, int, bool, None. Never a float."""

_encode = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True
).encode
_decode = json.JSONDecoder(parse_float=str).decode


def canonical(tree: Tree) -> str:
    """Return the one JSON text of `tree`: sorted keys, no spaces, Korean as it is."""
    return _encode(tree)


def quoted(text: str) -> str:
    """Return what `canonical` makes of a text, sooner."""
    return encode_basestring(text)


def parse(text: str) -> Tree:
    """Return the tree that `canonical` wrote."""
    return _decode(text)


def digest(text: str) -> str:
    """Return the SHA-256 of `text` in hexadecimal (64 characters)."""
    return hashlib.sha256(text.encode()).hexdigest()
