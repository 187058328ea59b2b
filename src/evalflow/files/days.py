"""How a cell says a day, as Korean offices write it; and what is not plainly one day.

A short number is never a day's serial number: 2016 is a year that somebody wrote into a column of
days, not 1905-07-08.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from decimal import Decimal
from typing import Literal

from evalflow.model.calendar import day_text
from evalflow.model.values import frozen

Month = Literal["first", "last"]
"""Which day a month stands for where a month alone is written: the first, of a beginning; the last,
of an end."""

SERIAL_ZERO = dt.date(1899, 12, 30)
"""What serial 0 stands for in most workbooks. Excel's serial 1 is 1900-01-01, and it counts a 29
February 1900 that never was: from serial 61 on, days are counted from here."""

SERIAL_YEARS = range(1980, 2080)
"""Years in which a number without a format for days may be one: all of them have five digits."""

# Two digits are a year with an apostrophe, or before a point or 년: of 12/10/16 and 12-10-16 nobody
# can say whether the year is in front, as here, or behind, as a program set up abroad writes it.
_YEAR = r"(?P<year>\d{4}|'\d{2}|\d{2}(?=[.년]))"
_ANY_ORDER = r"\d{1,2}([/-])\d{1,2}\1\d{2}"
_DAY = _YEAR + r"(?:[./-]|년)(?P<month>\d{1,2})(?:[./-]|월)(?P<day>\d{1,2})[.일]?"
_MONTH = r"(?P<year>\d{4}|'\d{2}|\d{2}(?=년))(?:[./-]|년)(?P<month>\d{1,2})[.월]?"
_EIGHT = r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})"
_WEEKDAY = r"(?i)\((?:[월화수목금토일](?:요일)?|mon|tue|wed|thu|fri|sat|sun)\)$"
_WEEKDAYS = "월화수목금토일"
_ENGLISH_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PARTED_BY_BLANKS = r"\d\s+\d"
_TIME = r"(?:T|\s)\s*(?:(?:오전|오후|AM|PM)\s*)?\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z?$"
_MIDNIGHT = r"(?:T|\s)\s*(?:(?:오전|AM)\s*12|0?0):00(?::00(?:\.0+)?)?Z?$"


@frozen
class SaidDay:
    """What a cell said.

    Attributes:
        day: the day; None where it says none.
        code: `` where it says a day outright; `serial` and `month` where it was understood as one
            (a word on it is due); else what is wrong.
        ko, en: a sentence on it.
    """

    day: dt.date | None
    code: str = ""
    ko: str = ""
    en: str = ""


def day_of_serial(serial: int, zero: dt.date = SERIAL_ZERO) -> dt.date | None:
    """Return the day of a serial number; None where there is none (years 1 to 9999)."""
    if zero == SERIAL_ZERO and 0 < serial < 60:
        serial += 1
    try:
        return zero + dt.timedelta(days=serial)
    except OverflowError:
        return None


def date_of(cell: str | Decimal | dt.date | None) -> dt.date | None:
    """Return the day that a cell says, or None where it says none; see `read_day`."""
    return read_day(cell).day


def read_day(
    cell: str | Decimal | dt.date | None,
    *,
    zero: dt.date = SERIAL_ZERO,
    month: Month | None = None,
) -> SaidDay:
    """Return what a cell says of a day.

    Taken are `2016. 2. 24.`, `'16.2.24`, `16.2.24`, `2016년 2월 24일`, `2016-02-24`, `2016/2/24`,
    `20160224`, each also with its weekday `(수)` or midnight (`00:00:00`) behind, and serial
    numbers of five digits, counted from `zero`. `month` says what `2016. 2.` stands for; without
    it a month is no day.
    """
    if isinstance(cell, dt.date):
        return SaidDay(cell)
    if isinstance(cell, Decimal):
        text = format(cell, "f")
        if "." in text:
            text = text.rstrip("0").rstrip(".")
        if "." in text:
            # 2016.10 typed as a number is 2016.1: which month was meant is gone.
            return _no("not_a_date", "수이지 날짜가 아닙니다", "a number, not a date", text)
    elif isinstance(cell, str):
        text = cell.strip()
    else:
        return SaidDay(None, "blank", "비어 있습니다", "it is blank")
    shown = text
    if any(unicodedata.category(each) == "No" for each in text):
        return _no("not_a_date", "날짜가 아닙니다", "not a date", shown)
    if re.search(_MIDNIGHT, text):
        text = re.sub(_MIDNIGHT, "", text)
    elif re.search(_TIME, text):
        ko, en = "하루 가운데의 시각입니다. 날짜만 적으십시오", "a time of day: write the day alone"
        return _no("time_of_day", ko, en, shown)
    text = unicodedata.normalize("NFKC", text)
    if re.search(_PARTED_BY_BLANKS, text):
        ko, en = "숫자 사이에 빈칸만 있습니다", "blanks alone between digits"
        return _no("blanks_inside", ko, en, shown)
    text = re.sub("^[‘’`´]", "'", "".join(text.split()))
    weekday = re.search(_WEEKDAY, text)
    text = re.sub(_WEEKDAY, "", text)
    if text.isascii() and text.isdecimal() and len(text) != 8:
        return _of_digits(text, zero)
    match = re.fullmatch(_DAY, text) or re.fullmatch(_EIGHT, text)
    if match is not None:
        try:
            day = dt.date(_year(match), int(match["month"]), int(match["day"]))
        except ValueError:
            return _no("impossible_day", "없는 날짜입니다", "there is no such day", shown)
        if weekday is not None and _weekday(weekday) != day.weekday():
            ko = f"{day_text(day, 'ko')}은(는) {_WEEKDAYS[day.weekday()]}요일입니다"
            en = f"{day} is a {day:%A}"
            return _no("other_weekday", ko, en, shown)
        return SaidDay(day)
    if re.fullmatch(_ANY_ORDER, text):
        ko = "연도가 앞인지 뒤인지 알 수 없습니다. 연도를 네 자리로 적으십시오"
        en = "the year may stand in front or behind: write it with four digits"
        return _no("which_is_the_year", ko, en, shown)
    match = re.fullmatch(_MONTH, text)
    if match is None:
        return _no("not_a_date", "날짜가 아닙니다", "not a date", shown)
    return _of_month(_year(match), int(match["month"]), month, shown)


def _weekday(match: re.Match[str]) -> int:
    said = match[0].strip("()").lower()
    if said in _ENGLISH_WEEKDAYS:
        return _ENGLISH_WEEKDAYS.index(said)
    return _WEEKDAYS.index(said[0])


def _year(match: re.Match[str]) -> int:
    year = match["year"].lstrip("'")
    return 2000 + int(year) if len(year) == 2 else int(year)


def _no(code: str, ko: str, en: str, text: str) -> SaidDay:
    example_ko, example_en = "예: 2016. 2. 24.", "expected e.g. 2016-02-24"
    text = text[:40]
    return SaidDay(None, code, f"{ko}: '{text}' ({example_ko})", f"{en}: '{text}' ({example_en})")


def _of_digits(text: str, zero: dt.date) -> SaidDay:
    day = day_of_serial(int(text), zero) if len(text) == 5 else None
    if day is not None and day.year in SERIAL_YEARS:
        ko = f"날짜 서식이 없는 수 {text}을(를) {day_text(day, 'ko')}(으)로 읽었습니다"
        en = f"the number {text}, without a format for days, was read as {day}"
        return SaidDay(day, "serial", ko, en)
    if len(text) == 4:
        return _no(
            "only_a_year", "연도만 있습니다. 날짜를 적으십시오", "a year: write the day", text
        )
    if len(text) == 6:
        ko = "여섯 자리 수는 연월인지 연월일인지 알 수 없습니다. 날짜를 적으십시오"
        en = "six digits may be year and month, or a day: write the day"
        return _no("six_digits", ko, en, text)
    return _no("not_a_date", "수이지 날짜가 아닙니다", "a number, not a date", text)


def _of_month(year: int, month: int, stands_for: Month | None, shown: str) -> SaidDay:
    if not 1 <= month <= 12 or year == 0:
        return _no("impossible_day", "없는 달입니다", "there is no such month", shown)
    if stands_for is None:
        ko, en = "달만 있습니다. 날짜를 적으십시오", "a month: write the day"
        return _no("only_a_month", ko, en, shown)
    first = dt.date(year, month, 1)
    day = first
    if stands_for == "last":
        day = (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
    ko = f"달만 적힌 '{shown}'을(를) {day_text(day, 'ko')}(으)로 읽었습니다"
    return SaidDay(day, "month", ko, f"the month '{shown}' was read as {day}")
