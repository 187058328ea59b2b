"""A table as rich lays it out, put together without rich where nothing of what rich can do is asked
for: every column as wide as its widest text, no colour. That is a pipe or a file, and texts that
fit; there a table of thousands takes a tenth of the time, and one of ten costs no import."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache

_BETWEEN = "   "
_MARKUP = frozenset("[:\\")
_NARROW = frozenset("·–—…─×△→←↑↓‘’“”※○●①②③④⑤‰")
"""Signs beside ASCII's that take one column."""

_COLOUR = ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
"""What makes rich take a pipe for a terminal."""


def plain_table(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: Sequence[int],
    title: str | None,
    width: int,
) -> str | None:
    """Return the text of a table that is at most `width` cells wide; None where rich has to lay
    it out: a text must be folded, or holds what rich would change."""
    if any(name in os.environ for name in _COLOUR) or not all(heads):
        return None
    titles = [title] if title else []
    if any(_MARKUP & set(text) for text in (*heads, *titles)):
        return None
    lines = [tuple(heads), *map(tuple, rows)]
    if not all(text.isprintable() for line in (*lines, titles) for text in line):
        return None
    sizes = [[_width(text) for text in line] for line in lines]
    widths = [max(column) for column in zip(*sizes, strict=True)]
    whole = sum(widths) + len(_BETWEEN) * (len(widths) - 1)
    if 0 in widths:  # nothing but marks that take no room
        return None
    if whole + 2 > width or any(_width(text) > whole + 2 for text in titles):
        return None
    blank = " " * (whole + 2)
    shown = [f"{text}{' ' * (whole + 2 - _width(text))}" for text in titles] + [blank]
    for place, (line, size) in enumerate(zip(lines, sizes, strict=True)):
        shown.append(f" {_BETWEEN.join(_cells(line, size, widths, right))} ")
        if place == 0:
            shown.append(f" {'─' * whole} ")
    return "\n".join([*shown, blank, ""])


@lru_cache(maxsize=4096)
def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes that can be printed, as rich counts them;
    rich is asked where it holds other signs than an office's."""
    if text.isascii():
        return len(text)
    wide = 0
    for sign in text:
        if "가" <= sign <= "힣":
            wide += 1
        elif not sign.isascii() and sign not in _NARROW:
            from rich.cells import cell_len

            return cell_len(text)
    return len(text) + wide


def _cells(
    line: Sequence[str], sizes: Sequence[int], widths: Sequence[int], right: Sequence[int]
) -> list[str]:
    cells = []
    for place, (text, size, width) in enumerate(zip(line, sizes, widths, strict=True)):
        if place in right:
            shown = text.rstrip()
            cells.append(" " * (width - size + len(text) - len(shown)) + shown)
        else:
            cells.append(text + " " * (width - size))
    return cells
