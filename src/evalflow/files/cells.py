"""What one cell says, as Korean offices write it."""

from __future__ import annotations

import datetime as dt
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


def same(text: str) -> str:
    """Return `text` as names are compared: without spaces, line breaks and upper letters."""
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


def column_letters(number: int) -> str:
    """Return a column's letters (1 is A, 27 is AA)."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
