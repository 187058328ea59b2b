"""What one cell says, as Korean offices write it."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from decimal import Decimal

Cell = str | Decimal | dt.date | None
"""What a cell holds: text, an exact number, a day, or nothing."""

_NONE = frozenset("-–—―−－─ㅡ")


def is_none(cell: Cell) -> bool:
    """Say whether the cell is a lone dash, which means: none."""
    return isinstance(cell, str) and cell.strip() in _NONE


def text_of(cell: Cell) -> str:
    """Return what a cell says as text: a number without needless zeros, a day as 2016-02-24."""
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        text = format(cell, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return cell.isoformat() if isinstance(cell, dt.date) else cell.strip()


_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)


def same(text: str) -> str:
    """Return `text` as names are compared: without spaces, line breaks, upper letters, and what
    nobody sees (blanks without width, soft hyphens)."""
    plain = "".join(unicodedata.normalize("NFKC", text).split()).casefold()
    return plain if plain.isascii() else _UNSEEN.sub("", plain)


def column_letters(number: int) -> str:
    """Return a column's letters (1 is A, 27 is AA)."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
