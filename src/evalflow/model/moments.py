"""Moments: how a time comes in over a border. Inside, every time is aware and UTC (promise 8)."""

from __future__ import annotations

import datetime as dt

from evalflow.errors import InvalidInput, invalid, wrong_kind


def day_after(day: dt.date) -> dt.date:
    """Return the next day; of the last day that there is (written for "without end") that day."""
    return day if day == dt.date.max else day + dt.timedelta(days=1)


def utc(at: dt.datetime, path: str = "at") -> dt.datetime:
    """Return the moment in UTC, whatever zone it came in.

    Raises:
        InvalidInput: it has no zone, so it is no moment; it is so far away that another zone has
            no such day; or it is no time at all. `path` names what was given.
    """
    given: object = at
    if not isinstance(given, dt.datetime):
        ko, en = "시간대가 있는 datetime", "a datetime with a zone"
        raise InvalidInput([wrong_kind(path, at, ko=ko, en=en)])
    if not 1 < at.year < dt.MAXYEAR:
        raise invalid(
            "bad_time",
            path=path,
            value=str(at),
            ko=f"다룰 수 없는 먼 때입니다: {at}",
            en=f"a time too far away: {at}",
        )
    if at.tzinfo is dt.UTC:
        return at
    if at.tzinfo is None or at.utcoffset() is None:
        raise invalid(
            "naive_time",
            path=path,
            value=str(at),
            ko=f"시간대 없는 시각입니다: {at} (예: 2016-04-05T09:00:00+09:00)",
            en=f"a time without a zone: {at} (expected e.g. 2016-04-05T09:00:00+09:00)",
        )
    return at.astimezone(dt.UTC)
