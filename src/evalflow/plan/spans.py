"""Stretches of time that a plan says: its periods, and how long something may take."""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache

from evalflow.errors import InvalidInput
from evalflow.model import calendar

_MILLISECONDS = {"ms": 1, "s": 1_000, "m": 60_000}


@lru_cache(maxsize=256)
def periods_of(first: str, last: str) -> tuple[calendar.Period, ...]:
    """Return the periods of a plan, in order; none where the two are no range."""
    try:
        return calendar.periods_between(first, last)
    except InvalidInput:
        return ()


def first_or_last(year: int, frequency: str, *, first: bool) -> str:
    """Return the first or the last period of a year."""
    day = dt.date(year, 1, 1) if first else dt.date(year, 12, 31)
    return calendar.period_of(day, frequency).text


def span_of(text: str) -> dt.timedelta | None:
    """Return the length of time that `text` says (`500ms`, `5s`, `1m`), or None."""
    match = re.fullmatch(r"(\d{1,6}) ?(ms|s|m)", text)
    return match and dt.timedelta(milliseconds=int(match[1]) * _MILLISECONDS[match[2]])
