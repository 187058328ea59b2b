"""What one cell says, as Korean offices write it."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from decimal import Decimal

Cell = str | Decimal | dt.date | None
"""What a cell holds: text, an exact number, a day, or nothing."""

_NONE = frozenset("-–—―−－─ㅡ")

_YEAR_FIRST = re.compile(
    r"(?P<year>\d{4}|'\d{2})(?:[./-]|년)(?P<month>\d{1,2})(?:[./-]|월)(?P<day>\d{1,2})[.일]?"
)
_EIGHT = re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})")
_WEEKDAY = re.compile(r"\((?:[월화수목금토일]|월요일|화요일|수요일|목요일|금요일|토요일|일요일)\)$")

# Excel's serial 1 is 1900-01-01, and it counts a 29 February 1900 that never was: from serial 61
# on, days are counted from here.
_SERIAL_ZERO = dt.date(1899, 12, 30)
_SERIALS = range(61, 2_958_466)


def is_none(cell: Cell) -> bool:
    """Say whether the cell is a lone dash, which means: none."""
    return isinstance(cell, str) and cell.strip() in _NONE


def date_of(cell: Cell) -> dt.date | None:
    """Return the day that a cell says, or None where it says none.

    Taken are `2016. 2. 24.`, `'16.2.24`, `2016년 2월 24일`, `2016-02-24`, `2016/2/24`, `20160224`,
    each also with a weekday `(수)` behind, and Excel's serial numbers.
    """
    if isinstance(cell, dt.date):
        return cell
    if isinstance(cell, Decimal):
        text = format(cell, "f")
    elif isinstance(cell, str):
        text = "".join(unicodedata.normalize("NFKC", cell).split())
        text = _WEEKDAY.sub("", re.sub("^[‘’`´]", "'", text))
    else:
        return None
    if text.isdecimal() and len(text) <= 7:
        serial = int(text)
        return _SERIAL_ZERO + dt.timedelta(days=serial) if serial in _SERIALS else None
    match = _YEAR_FIRST.fullmatch(text) or _EIGHT.fullmatch(text)
    if match is None:
        return None
    year = match["year"]
    try:
        return dt.date(
            2000 + int(year[1:]) if year[0] == "'" else int(year),
            int(match["month"]),
            int(match["day"]),
        )
    except ValueError:
        return None


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
