"""Periods, business days and deadlines: how an office counts time (R33, R34, R52, D4).

Three steps, each usable alone:

- `Period`: a month, quarter, half or year, from its text (`2016-Q1`) and back;
- `Holidays`: any object that names the public holidays; the `holidays` library by default;
- `Calendar`: an office's rules, a deadline for every due rule, and how late something is.

The law behind the counting is the Civil Code (민법), which 행정기본법 §6① applies to an office's
own periods: the first day is not counted (§157), a period of months runs to the end of the
month or to the day that the month has (§160), and a period whose last day is a Saturday or a
public holiday ends with the next business day (§161). The last rule is a default: an internal
plan may say otherwise, hence the policy `strict | next | previous` (D4).
"""

from __future__ import annotations

import datetime as dt
import os
import pkgutil
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property, lru_cache
from importlib.util import find_spec
from threading import Lock
from typing import Any, Protocol, runtime_checkable
from zoneinfo import ZoneInfo

import attrs

from evalflow.errors import InvalidInput, did_you_mean, invalid, nearest
from evalflow.model import CalendarRules, DueRule, Label
from evalflow.model.moments import day_after
from evalflow.model.values import frozen

FREQUENCIES: tuple[str, ...] = ("month", "quarter", "half", "year")
"""How often a plan is evaluated: the words that `CalendarRules.frequency` may be."""

MOVES: tuple[str, ...] = ("strict", "next", "previous")
"""Where a deadline on a holiday goes: the words that `CalendarRules.move` may be."""

_FIRST_YEAR, _LAST_YEAR = 1900, 2999
_IN_A_YEAR = {"month": 12, "quarter": 4, "half": 2, "year": 1}
_FORM = {
    "month": "{year:04d}-{number:02d}",
    "quarter": "{year:04d}-Q{number}",
    "half": "{year:04d}-H{number}",
    "year": "{year:04d}",
}
_TEXT = re.compile(
    r"(?P<year>[0-9]{4})"
    r"(?:-(?:Q(?P<quarter>[1-4])|H(?P<half>[12])|(?P<month>0[1-9]|1[0-2])))?"
)
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_WEEKEND = {5: Label("토요일", "Saturday"), 6: Label("일요일", "Sunday")}


def day_text(day: dt.date, lang: str) -> str:
    """Return a day as people write it: `2016. 2. 24.` in Korean (행정업무 규정 §7⑤), `2016-02-24`
    otherwise."""
    if lang == "ko":
        return f"{day.year}. {day.month}. {day.day}."
    return f"{day.year:04}-{day.month:02}-{day.day:02}"


def time_text(moment: dt.datetime, lang: str, *, seconds: bool = False) -> str:
    """Return day and time of `moment` in its own zone: `2016. 2. 24. 15:00`, on the 24-hour clock
    (행정업무 규정 §7⑤)."""
    return f"{day_text(moment.date(), lang)} {moment:%H:%M:%S}"[: None if seconds else -3]


def _wrong(code: str, ko: str, en: str, value: object = None) -> InvalidInput:
    shown = None if value is None else str(value)[:60]
    return invalid(
        code,
        ko=ko,
        en=en,
        value=shown,
    )


# --------------------------------------------------------------------------- periods


@attrs.frozen(kw_only=True, cache_hash=True)
class Period:
    """A month, quarter, half or year. Made by `period`, `period_of` and `periods_between`.

    Periods are ordered by their first day, and the shorter comes first: `2016-01`, `2016-Q1`,
    `2016-H1`, `2016`, `2016-02`.

    Attributes:
        start, end: its first and its last day, both included.
        text: as it is written everywhere: `2016-Q1`, `2016-H1`, `2016-03`, `2016`.
        frequency: `month`, `quarter`, `half` or `year`.
        year: the calendar year.
        number: which one of the year, from 1.
    """

    start: dt.date
    end: dt.date
    text: str = attrs.field(eq=False)
    frequency: str = attrs.field(eq=False)
    year: int = attrs.field(eq=False)
    number: int = attrs.field(eq=False)

    def __str__(self) -> str:
        return self.text

    # Written out: what attrs would make costs six times as much, and periods are compared a lot.
    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Period):
            return NotImplemented
        return (self.start, self.end) < (other.start, other.end)

    def __le__(self, other: object) -> bool:
        if not isinstance(other, Period):
            return NotImplemented
        return (self.start, self.end) <= (other.start, other.end)

    @property
    def label(self) -> Label:
        """Return the name that people see: `2016년 1분기`, `Q1 2016`."""
        year, number = self.year, self.number
        if self.frequency == "month":
            return Label(f"{year}년 {number}월", f"{_MONTHS[number - 1]} {year}")
        if self.frequency == "quarter":
            return Label(f"{year}년 {number}분기", f"Q{number} {year}")
        if self.frequency == "half":
            return Label(f"{year}년 {'상반기' if number == 1 else '하반기'}", f"H{number} {year}")
        return Label(f"{year}년", str(year))

    def contains(self, day: dt.date) -> bool:
        """Say whether `day` lies in the period."""
        return self.start <= day <= self.end

    def next(self) -> Period:
        """Return the period of the same length that follows."""
        return self._shifted(1)

    def previous(self) -> Period:
        """Return the period of the same length before."""
        return self._shifted(-1)

    def _shifted(self, by: int) -> Period:
        per_year = _IN_A_YEAR[self.frequency]
        year, number = divmod(self.year * per_year + self.number - 1 + by, per_year)
        return _period(self.frequency, year, number + 1)


@lru_cache(maxsize=4096)
def _period(frequency: str, year: int, number: int) -> Period:
    text = _FORM[frequency].format(year=year, number=number)
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise _wrong(
            "year_out_of_range",
            f"'{text}': 연도는 {_FIRST_YEAR}년부터 {_LAST_YEAR}년까지여야 합니다.",
            f"'{text}': the year must lie between {_FIRST_YEAR} and {_LAST_YEAR}",
            text,
        )
    months = 12 // _IN_A_YEAR[frequency]
    last = number * months
    return Period(
        start=dt.date(year, last - months + 1, 1),
        end=_day_of_month(year, last, 31),
        text=text,
        frequency=frequency,
        year=year,
        number=number,
    )


@lru_cache(maxsize=4096)
def period(text: str) -> Period:
    """Return the period that `text` names: `2016-Q1`, `2016-H1`, `2016-03` or `2016`.

    Raises:
        InvalidInput: the text is none of these.
    """
    is_text = isinstance(text, str)  # callers outside mypy may bring anything
    match = _TEXT.fullmatch(text) if is_text else None
    if match is None:
        raise _wrong(
            "bad_period",
            f"'{str(text)[:60]}'은(는) 기간이 아닙니다. 2016-Q1(분기), 2016-H1(반기), "
            "2016-03(월), 2016(연) 가운데 한 형태로 적으십시오.",
            f"'{str(text)[:60]}' is not a period; expected 2016-Q1 (quarter), 2016-H1 (half), "
            "2016-03 (month) or 2016 (year)",
            text,
        )
    year = int(match["year"])
    for frequency in ("quarter", "half", "month"):
        if match[frequency]:
            return _period(frequency, year, int(match[frequency]))
    return _period("year", year, 1)


def period_of(day: dt.date, frequency: str) -> Period:
    """Return the period of this frequency in which `day` lies.

    Raises:
        InvalidInput: no such frequency.
    """
    if frequency not in _IN_A_YEAR:
        raise _unknown("frequency", "주기", frequency, FREQUENCIES)
    months = 12 // _IN_A_YEAR[frequency]
    return _period(frequency, day.year, (day.month - 1) // months + 1)


def periods_between(first: str | Period, last: str | Period) -> tuple[Period, ...]:
    """Return all periods from `first` to `last`, both included, in order.

    Raises:
        InvalidInput: they are of different lengths, or `last` comes before `first`.
    """
    at, end = _as_period(first), _as_period(last)
    if at.frequency != end.frequency or end < at:
        raise _wrong(
            "bad_period_range",
            f"'{at.text}'부터 '{end.text}'까지는 기간의 범위가 아닙니다. "
            "같은 주기의 첫 기간과 마지막 기간이어야 합니다.",
            f"'{at.text}' to '{end.text}' is not a range of periods; expected a first and a last "
            "period of one length, in order",
            f"{at.text}..{end.text}",
        )
    found = [at]
    while at < end:
        at = at.next()
        found.append(at)
    return tuple(found)


def _as_period(given: str | Period) -> Period:
    return given if isinstance(given, Period) else period(given)


def _unknown(code: str, ko: str, name: object, known: Iterable[str]) -> InvalidInput:
    known = tuple(known)
    shown = ", ".join(known)
    said = did_you_mean(
        f"'{name}'은(는) 알 수 없는 {ko}입니다. 가능한 값: {shown}.",
        f"'{name}' is no known {code}; expected one of {shown}",
        nearest(str(name), known),
    )
    return _wrong(f"unknown_{code}", *said, name)


def _day_of_month(year: int, month: int, day: int) -> dt.date:
    """Return that day, or the month's last one where it has no such day (민법 §160③)."""
    next_first = dt.date(year + month // 12, month % 12 + 1, 1)
    return dt.date(year, month, min(day, (next_first - dt.timedelta(days=1)).day))


# --------------------------------------------------------------------------- holidays


@runtime_checkable
class Holidays(Protocol):
    """A source of public holidays. Any such object of an embedding system will do.

    `version` tells on paper which table was used: temporary holidays (임시공휴일) are announced
    late, so a deadline worked out earlier may differ. It is read by several threads.

    A table may also have `knows(year)`: whether it names the holidays of that year at all. One
    without it is taken to know every year.
    """

    @property
    def version(self) -> str:
        """The name and the version of the table."""

    def name_of(self, day: dt.date) -> str | None:
        """Return the name of the public holiday on `day`, or None.

        Weekends are not holidays here; the calendar knows them by itself."""


def library_holidays(country: str = "KR") -> Holidays:
    """Return the public holidays of a country out of the `holidays` library.

    Category `public` only: for Korea these are the holidays of government offices (관공서의
    공휴일에 관한 규정), substitutes, elections and temporary ones included. Names are Korean
    where the library has them. The library is imported when a day is first looked up.

    Raises:
        InvalidInput: the library does not know the country (when a day is first looked up).
    """
    return _LibraryHolidays(country)


def listed_holidays(names: Mapping[dt.date, str], *, version: str = "list") -> Holidays:
    """Return holidays out of a mapping from day to name; an empty one leaves the weekends."""
    return _ListedHolidays(dict(names), version)


_SURELY_KNOWN = range(1950, 2050)
"""Of these years every release of the library that we take knows the Korean holidays: it is not
imported to be asked."""


class _LibraryHolidays:
    """A year at a time is taken out of the library into a plain dict: reading a dict is safe
    in every thread and quick, while the library's own object grows when it is read.

    Importing the library, which then imports all of its countries, takes longer than most commands.
    Where the very release is installed of which `holidays-kr.txt` was written down, the Korean
    holidays of these years are read there (`tools/holiday_table.py` makes it, a test compares)."""

    def __init__(self, country: str) -> None:
        self._country = country
        self._years: dict[int, dict[dt.date, str]] = {}
        self._lock = Lock()
        self._made: tuple[Any, str] | None = None

    @property
    def version(self) -> str:
        written = self._written
        return self._library()[1] if written is None else _version(written.release, "KR")

    @cached_property
    def _written(self) -> _Written | None:
        return _written_down() if self._country == "KR" else None

    def name_of(self, day: dt.date) -> str | None:
        year = self._years.get(day.year)
        if year is None:
            year = self._read(day.year)
        return year.get(day)

    def knows(self, year: int) -> bool:
        """Say whether the library names holidays of that year: its tables have a first and a last
        one, and beyond them it names none."""
        if self._country == "KR" and year in _SURELY_KNOWN:
            return True
        library, _ = self._library()
        return bool(library.start_year <= year <= library.end_year)

    def _read(self, year: int) -> dict[dt.date, str]:
        written = self._written
        if written is not None and year in written.years:
            return self._years.setdefault(year, written.names(year))
        library, _ = self._library()
        with self._lock:
            if year not in self._years:
                language = "ko" if "ko" in library.supported_languages else None
                found = library(years=year, categories=("public",), language=language)
                self._years[year] = {day: name for day, name in found.items() if day.year == year}
            return self._years[year]

    def _library(self) -> tuple[Any, str]:
        if self._made is None:
            import holidays  # 120 ms, with all countries
            from holidays.version import __version__

            known = holidays.list_supported_countries(include_aliases=False)
            if self._country not in known:
                raise _unknown("country", "국가 코드", self._country, known)
            version = _version(__version__, self._country)
            self._made = (getattr(holidays, self._country), version)
        return self._made


def _version(release: str, country: str) -> str:
    return f"holidays {release} {country}/public"


@frozen
class _Written:
    """The Korean holidays of some years, as a release of the library names them."""

    release: str
    years: range
    lines: tuple[str, ...]

    def names(self, year: int) -> dict[dt.date, str]:
        """Return the holidays of the year."""
        pairs = [line.split(" ", 1) for line in self.lines if line.startswith(f"{year}-")]
        return {dt.date.fromisoformat(day): name for day, name in pairs}


@cache
def _written_down() -> _Written | None:
    """Return what was written down, None where another release of the library is installed."""
    spec = find_spec("holidays")
    text = pkgutil.get_data(__name__, "holidays-kr.txt")
    if spec is None or spec.origin is None or text is None:
        return None
    head, *lines = text.decode("utf-8").splitlines()
    release, first, last = head.split()
    installed = os.path.dirname(os.path.dirname(spec.origin))
    if not os.path.isdir(os.path.join(installed, f"holidays-{release}.dist-info")):
        return None
    return _Written(release, range(int(first), int(last) + 1), tuple(lines))


class _ListedHolidays:
    def __init__(self, names: Mapping[dt.date, str], version: str) -> None:
        self._names = names
        self.version = version

    def name_of(self, day: dt.date) -> str | None:
        return self._names.get(day)


class _AdjustedHolidays:
    """A table with the days that the plan adds and takes out."""

    def __init__(
        self, base: Holidays, extra: Mapping[dt.date, str], removed: Iterable[dt.date]
    ) -> None:
        self._base = base
        self._extra = dict(extra)
        self._removed = frozenset(removed)

    @property
    def version(self) -> str:
        return f"{self._base.version} +{len(self._extra)} -{len(self._removed)}"

    def knows(self, year: int) -> bool:
        return _knows(self._base, year)

    def name_of(self, day: dt.date) -> str | None:
        if day in self._extra:
            return self._extra[day]
        return None if day in self._removed else self._base.name_of(day)


def _knows(holidays: Holidays, year: int) -> bool:
    knows = getattr(holidays, "knows", None)
    return knows is None or bool(knows(year))


# --------------------------------------------------------------------------- deadlines


@frozen(kw_only=True)
class Deadline:
    """The day by whose end something is due, and how it came about.

    Attributes:
        nominal: the day that the rule names, e.g. the 5th.
        due: the day that counts, after moving off a holiday.
        moved_days: `due` minus `nominal` in days; negative where the office moves back.
        policy: `strict`, `next` or `previous`.
        holiday: the public holiday on the nominal day, or None (also on a mere weekend).
        calendar: the version of the holiday table that was used, and the years in question of
            which it names no holidays: `… (2101: unknown)`.
        ends_at: the end of the day `due` (24:00 in the office's zone), aware and UTC; what
            happens at this moment or after is late.
    """

    nominal: dt.date
    due: dt.date
    moved_days: int
    policy: str
    holiday: str | None
    calendar: str
    ends_at: dt.datetime

    def why_moved(self) -> Label | None:
        """Return what stood on the nominal day, or None where the deadline did not move."""
        if not self.moved_days:
            return None
        if self.holiday is not None:
            return Label(self.holiday, self.holiday)
        return _WEEKEND[self.nominal.weekday()]


DueFunction = Callable[..., dt.date]
"""A plugin's due rule: `due(calendar, period, start, **params)` returns the day that it names."""


class Calendar:
    """How one office counts periods and days, from the rules in its plan (D4).

    It holds no clock and changes nothing; several threads may use it. Deadlines are worked
    out once and remembered.

    Raises:
        InvalidInput: the rules name no known zone, move, frequency or range of periods.
    """

    def __init__(
        self,
        rules: CalendarRules,
        holidays: Holidays | None = None,
        kinds: Mapping[str, DueFunction] | None = None,
    ) -> None:
        """Take the plan's rules; `holidays` stands in for the table that the rules name.

        The rules' `extra` and `removed` days count on top of either. `kinds` are the due rules
        that plugins bring."""
        self.rules = rules
        self._kinds = {} if kinds is None else kinds
        self.zone: ZoneInfo = _zone(rules.zone)
        if rules.move not in MOVES:
            raise _unknown("move", "휴일 처리 방식", rules.move, MOVES)
        if rules.frequency not in FREQUENCIES:
            raise _unknown("frequency", "주기", rules.frequency, FREQUENCIES)
        self._periods = periods_between(rules.first, rules.last)
        if self._periods[0].frequency != rules.frequency:
            raise _wrong(
                "bad_period_range",
                f"'{rules.first}'은(는) 이 계획의 주기({rules.frequency})와 맞지 않습니다.",
                f"'{rules.first}' does not fit the plan's periods ({rules.frequency})",
                rules.first,
            )
        if holidays is None:
            named = rules.holidays != "none"
            holidays = library_holidays(rules.holidays) if named else listed_holidays({})
        if rules.extra or rules.removed:
            holidays = _AdjustedHolidays(holidays, rules.extra, rules.removed)
        self.holidays: Holidays = holidays
        self._upto: dict[str, tuple[str, ...]] = {}
        self._asked: tuple[dt.datetime | None, dt.date] = (None, dt.date.min)
        self._deadlines: dict[
            tuple[DueRule, Period, dt.date | None, tuple[tuple[dt.date, dt.date], ...]], Deadline
        ] = {}

    # ------------------------------------------------------------------ periods

    def periods(self) -> tuple[Period, ...]:
        """Return the plan's periods in order."""
        return self._periods

    def periods_to(self, period: str) -> tuple[str, ...]:
        """Return the names of the plan's periods up to and including `period`, in order."""
        found = self._upto.get(period)
        if found is None:
            last = _as_period(period)
            found = tuple([each.text for each in self._periods if each <= last])
            self._upto[period] = found
        return found

    def period_on(self, day: dt.date) -> Period:
        """Return the period that contains `day`, of the same length as the plan's periods.

        It may lie outside the plan: in January the last quarter is evaluated."""
        return period_of(day, self.rules.frequency)

    def unknown_years(self) -> tuple[int, ...]:
        """Return the years for which the holiday table names no holidays, from the first period's
        year to the one after the last period's: deadlines in them are counted as if every day from
        Monday to Friday were a working day."""
        first, last = self._periods[0].start.year, self._periods[-1].end.year + 1
        return tuple(year for year in range(first, last + 1) if not self.knows(year))

    def knows(self, year: int) -> bool:
        """Say whether the holidays of that year are known: the table names them, or the plan adds
        some of its own."""
        return _knows(self.holidays, year) or any(day.year == year for day in self.rules.extra)

    # ------------------------------------------------------------------ days

    def today(self, at: dt.datetime) -> dt.date:
        """Return the day that the office's calendar shows at the moment `at`.

        Raises:
            InvalidInput: `at` has no zone.
        """
        if at.tzinfo is None:
            raise _wrong(
                "naive_time",
                f"'{at}'에 시간대가 없습니다. 시간대가 있는 시각이어야 합니다.",
                f"'{at}' has no time zone; expected a time with one",
                at,
            )
        moment, day = self._asked  # one moment is asked for several times by each firing
        if moment is not at:
            day = at.astimezone(self.zone).date()
            self._asked = at, day
        return day

    def is_business_day(self, day: dt.date) -> bool:
        """Say whether the office works on `day`: Monday to Friday and no public holiday."""
        return day.weekday() < 5 and self.holidays.name_of(day) is None

    def moved(self, day: dt.date, *, back: bool = False) -> dt.date:
        """Return the day on which something due on `day` is due by the plan's policy. With `back`
        it moves, where it moves at all, to the working day before: what must happen some days
        before another day would come too late otherwise.

        Raises:
            InvalidInput: the holiday table leaves no business day within a year.
        """
        if self.rules.move == "strict":
            return day
        step = dt.timedelta(days=1 if self.rules.move == "next" and not back else -1)
        found = day
        for _ in range(_YEAR):
            if self.is_business_day(found):
                return found
            found += step
        raise self._no_business_day(day)

    def _no_business_day(self, day: dt.date) -> InvalidInput:
        return _wrong(
            "no_business_day",
            f"휴일표({self.holidays.version})에 {day} 전후 1년간 근무일이 없습니다.",
            f"the holiday table ({self.holidays.version}) has no business day within a year "
            f"of {day}",
            day,
        )

    # ------------------------------------------------------------------ deadlines

    def deadline(
        self,
        rule: DueRule,
        period: str | Period,
        *,
        fired_on: dt.date | None = None,
        stopped: Iterable[tuple[dt.date, dt.date]] = (),
    ) -> Deadline:
        """Return when `rule` falls due for `period`.

        Every deadline is counted from its own nominal day: the 20th is not chained to a moved
        5th (D4). `fired_on` is the day that a rule with `events` counts from; that day itself is
        not counted (민법 §157) unless the rule says so. `stopped` are stretches (from, to) in which
        the clock stood: none of their days counts, the first and the last included.

        Raises:
            InvalidInput: a rule that counts from events without `fired_on`, or a rule of unknown
                kind.
        """
        key = (rule, _as_period(period), fired_on, tuple(stopped))
        found = self._deadlines.get(key)
        if found is None:
            nominal = self._nominal(*key)
            found = self._deadlines[key] = self._worked_out(nominal, back=rule.kind in _BEFORE)
        return found

    def counts(self, rule: DueRule) -> bool:
        """Say whether the rule can be evaluated: it is built in, or its plugin is installed."""
        return rule.kind in _OWN_KINDS or self._kinds.get(rule.kind) is not None

    def days_late(self, due: Deadline | dt.date, at: dt.datetime) -> int:
        """Return by how many calendar days `at` misses the deadline; 0 if it is in time.

        The whole day counts, to 24:00 in the office's zone. Lateness is recorded; it never
        blocks and never changes a score (D4). A plain date is taken as it is, not moved: it is
        an extension, which somebody granted to that very day.
        """
        day = due.due if isinstance(due, Deadline) else due
        return max((self.today(at) - day).days, 0)

    def ends_at(self, day: dt.date) -> dt.datetime:
        """Return the end of `day` (24:00 in the office's zone), aware and UTC."""
        midnight = dt.datetime.combine(day_after(day), dt.time(), self.zone)
        return midnight.astimezone(dt.UTC)

    def _nominal(
        self,
        rule: DueRule,
        period: Period,
        fired_on: dt.date | None,
        stopped: tuple[tuple[dt.date, dt.date], ...],
    ) -> dt.date:
        if rule.kind not in _FROM_EVENTS and not rule.events:
            return self._by_plugin(rule, period, None) or _nominal(rule, period)
        if fired_on is None:
            listed = ", ".join(rule.events)
            raise _wrong(
                "no_first_day",
                f"'{listed}'이(가) 아직 없어 기한을 셀 수 없습니다.",
                f"'{listed}' was not fired yet: there is no day to count from",
                listed,
            )
        if rule.kind not in _FROM_EVENTS:
            return self._by_plugin(rule, period, fired_on) or _nominal(rule, period)
        if rule.kind in _BEFORE:
            return self._counted(rule, fired_on, -1, ())
        if rule.kind == "months_after":
            begun = fired_on if rule.first_day else fired_on + _DAY
            end = _months_on(begun, rule.n)
            lost = sum(begun <= day <= end for day in _days_of(stopped))
            return self._counted(attrs.evolve(rule, kind="days_after", n=lost), end, 1, stopped)
        start = fired_on - _DAY if rule.first_day else fired_on
        return self._counted(rule, start, 1, stopped)

    def extended(
        self, rule: DueRule, until: dt.date, stopped: Iterable[tuple[dt.date, dt.date]]
    ) -> dt.date:
        """Return to what day an extension to `until` reaches whose clock stood afterwards: as many
        of the rule's days later as were lost, and off a holiday as the plan says. Without such a
        stop it is taken as it is: somebody granted that very day."""
        stretches = tuple(stopped)
        working = rule.kind.startswith("working_days")
        days = [day for day in _days_of(stretches) if day <= until]
        lost = sum(not working or self.is_business_day(day) for day in days)
        if not lost:
            return until
        kind = "working_days_after" if working else "days_after"
        counted = attrs.evolve(rule, kind=kind, n=lost, first_day=False)
        return self.moved(self._counted(counted, until, 1, stretches))

    def as_long_again(self, rule: DueRule, due: dt.date) -> dt.date | None:
        """Return the day on which as much time as the rule gives has passed once more, counted from
        the day after `due`; None where the rule names a day and not a length of time."""
        kind = {"days_after_period": "days_after", "months_after_period": "months_after"}
        counted = attrs.evolve(rule, kind=kind.get(rule.kind, rule.kind), first_day=False)
        if counted.kind not in LENGTHS:
            return None
        if counted.kind == "months_after":
            return self.months_later(due, rule.n)
        return self.moved(self._counted(counted, due, 1, ()))

    def months_later(self, day: dt.date, months: int) -> dt.date:
        """Return the day by whose end so many months have passed after `day` (민법 §160), off a
        holiday as the plan says."""
        return self.moved(_months_on(day + _DAY, months))

    def _by_plugin(self, rule: DueRule, period: Period, start: dt.date | None) -> dt.date | None:
        """Return the day that a plugin's rule names; None where none brings it."""
        found = self._kinds.get(rule.kind)
        return None if found is None else found(self, period, start, **dict(rule.params))

    def _counted(
        self,
        rule: DueRule,
        start: dt.date,
        direction: int,
        stopped: tuple[tuple[dt.date, dt.date], ...],
    ) -> dt.date:
        """Return the day that is the n-th counted one after (or before) `start`."""
        working = rule.kind.startswith("working_days")
        left, idle = rule.n, 0
        day, step = start, dt.timedelta(days=direction)
        while left:
            day += step
            if any(first <= day <= last for first, last in stopped):
                continue
            if not working or self.is_business_day(day):
                left, idle = left - 1, 0
            elif (idle := idle + 1) > _YEAR:
                raise self._no_business_day(day)
        return day

    def _used(self, nominal: dt.date, due: dt.date) -> str:
        years = sorted({nominal.year, due.year})
        unknown = [str(year) for year in years if not self.knows(year)]
        told = f" ({', '.join(unknown)}: unknown)" if unknown else ""
        return self.holidays.version + told

    def _worked_out(self, nominal: dt.date, *, back: bool) -> Deadline:
        due = self.moved(nominal, back=back)
        return Deadline(
            nominal=nominal,
            due=due,
            moved_days=(due - nominal).days,
            policy=self.rules.move,
            holiday=self.holidays.name_of(nominal),
            calendar=self._used(nominal, due),
            ends_at=self.ends_at(due),
        )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        from zoneinfo import available_timezones  # reads a whole directory

        known = available_timezones()
        if not known:
            raise _wrong(
                "no_zones",
                "이 컴퓨터에 시간대 자료가 없습니다. 파이썬 패키지 tzdata를 설치하십시오.",
                "this machine has no time zone data; install the Python package tzdata",
                name,
            ) from None
        said = did_you_mean(
            f"'{name}'은(는) 알 수 없는 시간대입니다. 예: Asia/Seoul.",
            f"'{name}' is no known time zone; expected a name such as Asia/Seoul",
            nearest(name, known),
        )
        raise _wrong("unknown_zone", *said, name) from None


_DAY = dt.timedelta(days=1)
_YEAR = 366

_FROM_EVENTS = frozenset(
    {"days_after", "working_days_after", "months_after", "days_before", "working_days_before"}
)


_BEFORE = frozenset({"days_before", "working_days_before"})

LENGTHS = frozenset({"days_after", "working_days_after", "months_after"})
"""The kinds of due rule that give a length of time, counted from an event."""


def _days_of(stretches: Iterable[tuple[dt.date, dt.date]]) -> frozenset[dt.date]:
    """Return the days of the stretches (from, to), each once though stretches meet or overlap."""
    return frozenset(
        first + number * _DAY
        for first, last in stretches
        for number in range((last - first).days + 1)
    )


def _months_on(begin: dt.date, months: int) -> dt.date:
    """Return the last day of a time of so many months that begins with `begin` (민법 §160): the day
    before the one that corresponds to it, or the end of a month that has no such day."""
    years, month = divmod(begin.month - 1 + months, 12)
    there = _day_of_month(begin.year + years, month + 1, begin.day)
    return there - _DAY if there.day == begin.day else there


_OWN_KINDS = _FROM_EVENTS | {"day", "days_after_period", "months_after_period", "date"}


def _nominal(rule: DueRule, period: Period) -> dt.date:
    if rule.kind == "day":
        after = period.end + dt.timedelta(days=1)
        return _day_of_month(after.year, after.month, rule.n)
    if rule.kind == "days_after_period":
        return period.end + dt.timedelta(days=rule.n)
    if rule.kind == "months_after_period":
        # A period ends with a month, so n months later is again the end of a month (민법 §160②).
        years, month = divmod(period.end.month - 1 + rule.n, 12)
        return _day_of_month(period.end.year + years, month + 1, 31)
    if rule.kind == "date":
        if rule.date is not None:
            return rule.date
        if rule.month_day is not None:
            month_text, day_text = rule.month_day.split("-")
            return _day_of_month(period.year, int(month_text), int(day_text))
    kinds = ("day", "days_after_period", "months_after_period", "date", *sorted(_FROM_EVENTS))
    raise _unknown("due_rule", "기한 규칙", rule.kind, kinds)
