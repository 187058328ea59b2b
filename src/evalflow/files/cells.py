"""What one cell says, as Korean offices write it."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from decimal import Decimal

Cell = str | Decimal | dt.date | None
"""What a cell holds: text, an exact number, a day, or nothing."""

_NONE = frozenset("-–—―−－─ㅡ")
_MINUS = re.compile(r"[△▲Δ∆−–‐]")
_DIGITS = r"(?:\d{1,3}(?:,\d{3})+|\d{1,18})(?:\.\d{1,18})?"
_FIGURE = re.compile(rf"(?P<open>\()?(?P<sign>[-+])?(?P<digits>{_DIGITS})(?P<rate>%)?(?(open)\))")


def is_none(cell: Cell) -> bool:
    """Say whether the cell is a lone dash, which means: none."""
    return isinstance(cell, str) and cell.strip() in _NONE


def figure_of(cell: Cell) -> Decimal | None:
    """Return the exact figure that a cell says, or None where it says none.

    `△12` and `▲12` are minus twelve, as is `(12)` of the accounting format; `12%` is 12: the
    indicator's unit says that it is a share. At most 18 digits on either side of the point.
    """
    if isinstance(cell, Decimal):
        return cell
    if not isinstance(cell, str):
        return None
    text = _MINUS.sub("-", "".join(unicodedata.normalize("NFKC", cell).split()))
    match = _FIGURE.fullmatch(text)
    if match is None or (match["open"] and match["sign"]):
        return None
    figure = Decimal(match["digits"].replace(",", ""))
    return -figure if match["open"] or match["sign"] == "-" else figure


def is_bracketed(cell: Cell) -> bool:
    """Say whether a figure stands in brackets: minus in accounting, elsewhere provisional."""
    return isinstance(cell, str) and cell.strip()[:1] in ("(", "（")


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
