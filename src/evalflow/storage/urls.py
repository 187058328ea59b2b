"""The URL of a store as it may be shown (in an error, a log, on a terminal), and that of a file as
SQLite takes it."""

from __future__ import annotations

import os
import re

# From the beginning of a word on, and never back: a long text costs no more than its length.
_SAID = r"""(?<!\w)(\w++\s*+=\s*+)("[^"]*+"?+|'[^']*+'?+|[^&\s]*+)"""
_TELLING = r"(?i)pass|(?:pwd|secret|token|key)\s*="
_BEGIN = r"[A-Za-z][A-Za-z0-9+.-]*:/{0,3}|[^:@]*?//"


_AS_IT_IS = frozenset(b"/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


def file_url(path: str) -> str:
    """Return the URL of a file by its whole path, as SQLite takes it: what is not plain is written
    byte by byte, also where a name is no text in any encoding."""
    steps = path.replace(os.sep, "/")
    plain = steps if steps.startswith("/") else f"/{steps}"  # C:/office.db
    said = (chr(byte) if byte in _AS_IT_IS else f"%{byte:02X}" for byte in os.fsencode(plain))
    return f"file://{''.join(said)}"


def shown_url(url: str) -> str:
    """Return the URL without anything that may be a password, also where it is no right URL: of
    what stands before the last `@` the user's name is left, and of what is said with
    `password=` and the like, its name."""
    shown = re.sub(_SAID, lambda said: said[1] + "***" if _secret(said) else said[0], url)
    before, at, behind = shown.rpartition("@")
    if not at:
        return shown
    begin = re.match(_BEGIN, before)
    start = "" if begin is None else begin[0]
    rest = before[len(start) :]
    user = re.split(r"[:/?#@]", rest, maxsplit=1)[0]
    return f"{start}{rest if user == rest else user + ':***'}@{behind}"


def _secret(said: re.Match[str]) -> bool:
    return re.search(_TELLING, said[1]) is not None


def secrets_of(url: str) -> tuple[str, ...]:
    """Return the pieces of a URL that `shown_url` leaves out, the longest first: a library that
    took the URL apart in its own way may tell one of them."""
    found = {said[2].strip("\"'") for said in re.finditer(_SAID, url) if _secret(said)}
    before = url.rpartition("@")[0]
    begin = re.match(_BEGIN, before)
    rest = before[len(begin[0]) :] if begin else before
    _, _, hidden = rest.partition(":")
    found |= {hidden, *re.split(r"[:/?#@&=]", hidden)}
    return tuple(sorted((each for each in found if len(each) > 1), key=len, reverse=True))


def without(text: str, secrets: tuple[str, ...]) -> str:
    """Return the text with every secret left out."""
    for each in secrets:
        text = text.replace(each, "***")
    return text
