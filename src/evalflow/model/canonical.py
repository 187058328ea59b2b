"""Canonical JSON text and its hash: the one form in which values are stored and chained.

Where `orjson` is installed (the extra `speed`) it writes the text, to the byte as the standard
library does; what it does not take, such as a number of more than 64 bits, that writes as ever.
Where much is read, msgspec reads it, and gives what the standard library does: of a figure that
somebody put into a store as a float the text. What it does not take the standard library reads, or
says what is wrong.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from json.encoder import encode_basestring
from typing import Any, cast

Tree = Any
"""JSON-shaped data: dict with str keys, list, str, int, bool, None. Never a float."""

plainly: Callable[[Tree], str] = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True
).encode
"""What `canonical` returns, by the standard library alone."""

_plainly_read: Callable[[str], Tree] = json.JSONDecoder(parse_float=str).decode
_MUCH = 3000  # texts after which importing msgspec costs less than it saves
_read = 0


def _few(text: str) -> Tree:
    global _decode, _read  # noqa: PLW0603 - a command reads some dozens
    _read += 1
    if _read > _MUCH:
        _decode = _decoder()
    return _plainly_read(text)


_decode = _few


def _decoder() -> Callable[[str], Tree]:
    import msgspec

    read = msgspec.json.Decoder(float_hook=str).decode

    def decode(text: str) -> Tree:
        if text.__class__ is str:
            try:
                return read(text)
            except (ValueError, RecursionError):
                pass
        return _plainly_read(text)

    return decode


_Dumps = Callable[[Tree, None, int], bytes]
_FEW = 10  # texts after which importing orjson costs less than it saves
_written, _dumps, _options = 0, cast("_Dumps | None", None), 0
"""How many texts were written (no further than `_FEW`), and what orjson writes by where it is
installed."""


def _look() -> None:
    global _dumps, _options  # noqa: PLW0603 - when it is worth it: a command may write none
    try:
        import orjson
    except ImportError:
        return
    _options = (
        orjson.OPT_SORT_KEYS
        | orjson.OPT_PASSTHROUGH_DATETIME
        | orjson.OPT_PASSTHROUGH_DATACLASS
        | orjson.OPT_PASSTHROUGH_SUBCLASS
    )
    _dumps = orjson.dumps


def canonical(tree: Tree) -> str:
    """Return the one JSON text of `tree`: sorted keys, no spaces, Korean as it is.

    Raises:
        TypeError: there is something in it that is no tree.
    """
    global _written  # noqa: PLW0603
    if _written < _FEW:
        _written += 1
        if _written == _FEW:
            _look()
    if _dumps is not None:
        try:
            return str(_dumps(tree, None, _options), "utf-8")
        except TypeError:
            pass
    return plainly(tree)


def quoted(text: str) -> str:
    """Return what `canonical` makes of a text, sooner."""
    return encode_basestring(text)


def parse(text: str) -> Tree:
    """Return the tree that `canonical` wrote.

    Raises:
        ValueError: the text is no JSON, or it is nested deeper than anything of ours.
    """
    try:
        return _decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def digest(text: str) -> str:
    """Return the SHA-256 of `text` in hexadecimal (64 characters)."""
    return hashlib.sha256(text.encode()).hexdigest()
