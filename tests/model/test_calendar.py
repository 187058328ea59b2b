"""Periods, business days and deadlines (R33, R34, R52, D4; 민법 §157, §160, §161)."""

from __future__ import annotations

import csv
import datetime as dt
import os
import pkgutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalflow.errors import InvalidInput
from evalflow.files.texts import date_of
from evalflow.model import CalendarRules, DueRule, Label
from evalflow.model import calendar as calendars
from evalflow.model.calendar import (
    FREQUENCIES,
    Calendar,
    Deadline,
    Holidays,
    Period,
    day_text,
    library_holidays,
    listed_holidays,
    period,
    period_of,
    periods_between,
    time_text,
)

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data" / "kr-deadlines"
THE_5TH, THE_20TH = DueRule(kind="day", n=5), DueRule(kind="day", n=20)
DAYS = st.dates(dt.date(1990, 1, 1), dt.date(2100, 12, 31))


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def a_calendar(table: Holidays | None = None, /, **rules: Any) -> Calendar:
    told = {"first": "2016-Q1", "last": "2016-Q4", "holidays": "none", **rules}
    return Calendar(CalendarRules(**told), table)


@pytest.fixture(scope="module")
def korea() -> Holidays:
    return library_holidays("KR")


# --------------------------------------------------------------------------- periods


@pytest.mark.parametrize(
    ("text", "frequency", "start", "end", "ko", "en"),
    [
        ("2016-Q1", "quarter", "2016-01-01", "2016-03-31", "2016년 1분기", "Q1 2016"),
        ("2016-Q4", "quarter", "2016-10-01", "2016-12-31", "2016년 4분기", "Q4 2016"),
        ("2016-H1", "half", "2016-01-01", "2016-06-30", "2016년 상반기", "H1 2016"),
        ("2016-H2", "half", "2016-07-01", "2016-12-31", "2016년 하반기", "H2 2016"),
        ("2016-02", "month", "2016-02-01", "2016-02-29", "2016년 2월", "February 2016"),
        ("2017-02", "month", "2017-02-01", "2017-02-28", "2017년 2월", "February 2017"),
        ("2016", "year", "2016-01-01", "2016-12-31", "2016년", "2016"),
    ],
)
def test_a_period_knows_its_days_and_its_names(
    text: str, frequency: str, start: str, end: str, ko: str, en: str
) -> None:
    found = period(text)

    assert (found.text, str(found), found.frequency) == (text, text, frequency)
    assert (found.start, found.end, found.year) == (day(start), day(end), int(text[:4]))
    assert found.label == Label(ko, en)


@pytest.mark.parametrize(
    "text",
    ["", "2016-Q0", "2016-Q5", "2016-H3", "2016-13", "2016-00", "2016-1", "16-Q1", "2016-q1"]
    + ["2016 Q1", "2016-Q1 ", "2016-Q1\n", "２０１６-Q1", "1분기", "0000", "9999-Q1", "x" * 9999],
)
def test_any_other_text_is_refused_with_what_was_expected(text: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        period(text)

    [problem] = raised.value.problems
    assert problem.code in {"bad_period", "year_out_of_range"}
    assert len(problem.ko) < 250
    if problem.code == "bad_period":
        assert "2016-Q1(분기)" in problem.ko
        assert "2016-Q1 (quarter)" in problem.en


def test_the_same_text_gives_the_same_period_object() -> None:
    assert period("2016-Q1") is period("2016-Q1")
    assert period("2016-Q1").next() is period("2016-Q2")


def test_periods_are_ordered_by_their_first_day_and_the_shorter_comes_first() -> None:
    texts = ["2016-01", "2016-Q1", "2016-H1", "2016", "2016-02", "2016-Q2", "2017"]

    assert [p.text for p in sorted(map(period, reversed(texts)))] == texts
    assert period("2015-Q4") < period("2016-Q1") <= period("2016-Q1")


@given(DAYS, st.sampled_from(FREQUENCIES))
def test_periods_of_one_length_cover_every_day_once(at: dt.date, frequency: str) -> None:
    found = period_of(at, frequency)

    assert found.contains(at)
    assert period(found.text) == found
    assert found.next().start == found.end + dt.timedelta(days=1)
    assert found.next().previous() == found.previous().next() == found
    assert hash(found.next().previous()) == hash(found)
    assert not found.contains(found.next().start)
    assert not found.contains(found.previous().end)


def test_the_last_quarter_is_followed_by_the_first_of_the_next_year() -> None:
    assert period("2016-Q4").next().text == "2017-Q1"
    assert period("2016-H1").previous().text == "2015-H2"
    assert period("2016-12").next().text == "2017-01"


def test_there_is_no_period_before_or_after_the_years_that_a_plan_can_have() -> None:
    with pytest.raises(InvalidInput, match="between 1900 and 2999"):
        period("2999-Q4").next()
    with pytest.raises(InvalidInput, match="between 1900 and 2999"):
        period("1900").previous()


def test_periods_between_are_all_from_first_to_last() -> None:
    found = periods_between("2016-Q3", period("2017-Q2"))

    assert [p.text for p in found] == ["2016-Q3", "2016-Q4", "2017-Q1", "2017-Q2"]
    assert periods_between("2016", "2016") == (period("2016"),)


@pytest.mark.parametrize(("first", "last"), [("2016-Q2", "2016-Q1"), ("2016-Q1", "2016-H2")])
def test_a_range_in_the_wrong_order_or_of_two_lengths_is_refused(first: str, last: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        periods_between(first, last)

    assert raised.value.problems[0].code == "bad_period_range"
    assert raised.value.problems[0].value == f"{first}..{last}"


def test_an_unknown_frequency_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(InvalidInput, match="did you mean 'quarter'"):
        period_of(day("2016-01-01"), "quater")


def test_a_period_cannot_be_changed() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        period("2016-Q1").year = 2017  # type: ignore[misc]


# --------------------------------------------------------------------------- holidays


def test_the_library_agrees_with_the_hand_made_list_for_twelve_years(korea: Holidays) -> None:
    listed = {day(row["date"]): row["name"] for row in rows("public_holidays_2016_2027.csv")}
    first, last = day("2016-01-01"), day("2027-12-31")
    every = [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]

    found = {at: name for at in every if (name := korea.name_of(at)) is not None}

    assert found == listed


def test_the_version_names_library_country_and_category(korea: Holidays) -> None:
    name, version, table = korea.version.split()

    assert (name, table) == ("holidays", "KR/public")
    assert version[0].isdigit()


def test_another_country_has_its_own_names() -> None:
    assert library_holidays("US").name_of(day("2016-07-04")) == "Independence Day"


def test_an_unknown_country_is_refused_with_the_nearest_one() -> None:
    holidays = library_holidays("KRR")

    with pytest.raises(InvalidInput, match="did you mean 'KR'"):
        holidays.name_of(day("2016-01-01"))


def test_the_table_that_was_written_down_says_what_the_library_says(korea: Holidays) -> None:
    """`python tools/holiday_table.py` writes it anew, with another release of the library."""
    import holidays as library
    from holidays.version import __version__

    table = pkgutil.get_data("evalflow.model", "holidays-kr.txt")
    assert table is not None
    release, first, last = table.decode("utf-8").splitlines()[0].split()
    pinned = (ROOT / "constraints.txt").read_text("utf-8")
    assert f"holidays=={release}\n" in pinned
    if __version__ != release:
        how = f"not on this machine: holidays {release} (pip install holidays=={release})"
        pytest.skip(f"{how}: here is {__version__}")
    for year in range(int(first), int(last) + 1):
        found = library.country_holidays("KR", years=year, categories=("public",), language="ko")
        first_day = day(f"{year}-01-01")
        for number in range(366):
            here = first_day + dt.timedelta(days=number)
            if here.year == year:
                assert korea.name_of(here) == found.get(here), here


@pytest.fixture
def another_release(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    elsewhere = SimpleNamespace(origin=str(tmp_path / "holidays" / "__init__.py"))
    (tmp_path / "holidays-9.9.dist-info").mkdir()
    monkeypatch.setattr(calendars, "find_spec", lambda name: elsewhere)
    calendars._written_down.cache_clear()
    yield
    calendars._written_down.cache_clear()


@pytest.mark.usefixtures("another_release")
def test_with_another_release_of_the_library_the_library_is_asked() -> None:
    asked = library_holidays("KR")
    assert isinstance(asked, calendars._LibraryHolidays)
    assert asked.name_of(day("2016-03-01")) == "삼일절"
    assert asked._made is not None
    assert asked.version == asked._made[1]


def test_a_holiday_of_an_ordinary_year_is_told_without_importing_the_library() -> None:
    code = (
        "import sys, datetime as dt; from evalflow.model.calendar import library_holidays as h; "
        "print(h('KR').name_of(dt.date(2016, 3, 1)), h('KR').version, 'holidays' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    name, *version, imported = told.stdout.split()
    assert name == "삼일절"
    assert version[0] == "holidays"
    assert (imported == "False") == (calendars._written_down() is not None)


def test_importing_the_calendar_does_not_import_the_library() -> None:
    ask = "import sys, evalflow.model.calendar; sys.exit('holidays' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", ask], check=False).returncode == 0


def test_threads_that_ask_first_at_the_same_moment_get_the_same_answers() -> None:
    holidays = library_holidays("KR")
    barrier = threading.Barrier(8)
    asked = [day(f"{year}-{rest}") for year in range(2016, 2028) for rest in ("03-01", "03-02")]

    def ask(_: int) -> list[str | None]:
        barrier.wait()
        return [holidays.name_of(at) for at in asked]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))

    names = {row["date"]: row["name"] for row in rows("public_holidays_2016_2027.csv")}
    assert answers == [[names.get(at.isoformat()) for at in asked]] * 8


def test_the_plan_adds_and_takes_out_days_and_the_version_says_so(korea: Holidays) -> None:
    calendar = a_calendar(
        holidays="KR",
        extra={day("2016-04-05"): "개청기념일"},
        removed=(day("2016-05-06"), day("2016-07-20")),
    )

    assert calendar.holidays.name_of(day("2016-04-05")) == "개청기념일"
    assert not calendar.is_business_day(day("2016-04-05"))
    assert not a_calendar(korea).is_business_day(day("2016-05-06"))
    assert calendar.is_business_day(day("2016-05-06"))
    assert calendar.holidays.name_of(day("2016-03-01")) == "삼일절"
    assert calendar.holidays.version == f"{korea.version} +1 -2"


def test_a_plan_may_take_out_a_day_and_add_none(korea: Holidays) -> None:
    calendar = a_calendar(korea, removed=(day("2016-05-06"),))

    assert calendar.is_business_day(day("2016-05-06"))
    assert calendar.holidays.version == f"{korea.version} +0 -1"


def test_any_object_that_names_holidays_will_do_as_a_calendar() -> None:
    class OfficeHolidays:
        version = "인사과 휴일표 2016-3"

        def name_of(self, day: dt.date) -> str | None:
            return "재량휴업일" if day == dt.date(2016, 4, 5) else None

    calendar = a_calendar(OfficeHolidays(), holidays="KR")
    deadline = calendar.deadline(THE_5TH, "2016-Q1")

    assert isinstance(OfficeHolidays(), Holidays)
    assert deadline.due == day("2016-04-06")
    assert deadline.why_moved() == Label("재량휴업일", "재량휴업일")
    assert deadline.calendar == "인사과 휴일표 2016-3"


def test_without_a_table_only_the_weekends_are_free() -> None:
    calendar = a_calendar()

    assert calendar.is_business_day(day("2016-03-01"))
    assert not calendar.is_business_day(day("2016-03-05"))
    assert not calendar.is_business_day(day("2016-03-06"))
    assert calendar.holidays.version == "list"


# --------------------------------------------------------------------------- deadlines


@pytest.mark.parametrize(
    ("move", "column"), [("next", "next_business_day"), ("previous", "previous_business_day")]
)
def test_all_96_deadlines_of_2016_to_2027_are_reproduced(
    korea: Holidays, move: str, column: str
) -> None:
    table = rows("deadlines_2016_2027.csv")
    calendar = a_calendar(korea, last="2027-Q4", move=move)

    for row in table:
        rule = THE_5TH if row["kind"] == "self_evaluation" else THE_20TH
        found = calendar.deadline(rule, f"{row['plan_year']}-Q{row['quarter']}")

        assert found.nominal == day(row["nominal"])
        assert found.due == day(row[column])
        assert found.moved_days == (day(row[column]) - day(row["nominal"])).days
        assert found.holiday == (row["holiday"] or None)
        assert found.policy == move
        if move == "next":
            assert found.moved_days == int(row["moved_days"])
    assert len(table) == 96
    assert sum(row["moved_days"] != "0" for row in table) == 26


def test_no_deadline_of_2016_moves(korea: Holidays) -> None:
    calendar = a_calendar(korea)
    found = [calendar.deadline(rule, p) for p in calendar.periods() for rule in (THE_5TH, THE_20TH)]

    assert [d.due.isoformat() for d in found] == [
        *("2016-04-05", "2016-04-20", "2016-07-05", "2016-07-20"),
        *("2016-10-05", "2016-10-20", "2017-01-05", "2017-01-20"),
    ]
    assert {(d.moved_days, d.why_moved()) for d in found} == {(0, None)}


def test_strict_leaves_a_deadline_on_its_holiday_and_still_names_it(korea: Holidays) -> None:
    found = a_calendar(korea, move="strict").deadline(THE_5TH, "2017-Q3")

    assert found.due == found.nominal == day("2017-10-05")
    assert (found.moved_days, found.holiday) == (0, "추석 다음날")
    assert found.why_moved() is None


def test_the_20th_is_not_chained_to_a_moved_5th(korea: Holidays) -> None:
    calendar = a_calendar(korea)

    assert calendar.deadline(THE_5TH, "2025-Q3").due == day("2025-10-10")
    assert calendar.deadline(THE_20TH, "2025-Q3").due == day("2025-10-20")


def test_a_deadline_on_a_weekend_says_which_day_it_was(korea: Holidays) -> None:
    calendar = a_calendar(korea)

    saturday = calendar.deadline(THE_5TH, "2018-Q4")
    sunday = calendar.deadline(THE_20TH, "2018-Q4")

    assert saturday.why_moved() == Label("토요일", "Saturday")
    assert sunday.why_moved() == Label("일요일", "Sunday")
    assert (saturday.moved_days, sunday.moved_days) == (2, 1)


@pytest.mark.parametrize(
    ("rule", "text", "due"),
    [
        (DueRule(kind="day", n=31), "2016-Q1", "2016-04-30"),  # §160③: April has no 31st
        (DueRule(kind="day", n=31), "2016-01", "2016-02-29"),
        (DueRule(kind="day", n=5), "2016-12", "2017-01-05"),
        (DueRule(kind="days_after_period", n=10), "2016-Q1", "2016-04-10"),
        (DueRule(kind="days_after_period", n=10), "2016-Q4", "2017-01-10"),
        (DueRule(kind="months_after_period", n=1), "2016-Q1", "2016-04-30"),
        (DueRule(kind="months_after_period", n=1), "2016-Q2", "2016-07-31"),
        (DueRule(kind="months_after_period", n=2), "2016", "2017-02-28"),
        (DueRule(kind="months_after_period", n=13), "2016-H2", "2018-01-31"),
        (DueRule(kind="date", month_day="02-19"), "2016-Q1", "2016-02-19"),
        (DueRule(kind="date", month_day="02-29"), "2017-Q4", "2017-02-28"),
        (DueRule(kind="date", date=day("2016-02-24")), "2016-Q3", "2016-02-24"),
    ],
)
def test_every_kind_of_due_rule_is_counted_as_the_civil_code_says(
    rule: DueRule, text: str, due: str
) -> None:
    assert a_calendar(move="strict").deadline(rule, text).due == day(due)


def test_ten_days_after_a_change_do_not_count_the_day_of_the_change(korea: Holidays) -> None:
    rule = DueRule(kind="days_after", events=("approve_change",), n=10)
    calendar = a_calendar(korea)

    found = calendar.deadline(rule, "2016-Q2", fired_on=day("2016-05-04"))
    moved = calendar.deadline(rule, "2016-Q2", fired_on=day("2016-05-05"))

    assert (found.nominal, found.due) == (day("2016-05-14"), day("2016-05-16"))  # Saturday
    assert (moved.nominal, moved.due) == (day("2016-05-15"), day("2016-05-16"))  # Sunday


def test_a_rule_that_counts_from_an_event_needs_the_day_of_the_event() -> None:
    rule = DueRule(kind="days_after", events=("approve_change",), n=10)

    with pytest.raises(InvalidInput, match="'approve_change' was not fired yet"):
        a_calendar().deadline(rule, "2016-Q2")


def test_a_due_rule_of_unknown_kind_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(InvalidInput, match="did you mean 'days_after'"):
        a_calendar().deadline(DueRule(kind="day_after", n=1), "2016-Q1")


def test_a_deadline_ends_at_midnight_in_the_office_and_is_kept_in_utc() -> None:
    deadline = a_calendar().deadline(THE_5TH, "2016-Q1")

    assert deadline.ends_at == dt.datetime(2016, 4, 5, 15, tzinfo=dt.UTC)
    assert deadline.ends_at.tzinfo is dt.UTC


def test_the_last_second_of_the_day_is_in_time_and_midnight_is_one_day_late() -> None:
    calendar = a_calendar()
    deadline = calendar.deadline(THE_5TH, "2016-Q1")
    second = dt.timedelta(seconds=1)

    assert calendar.days_late(deadline, deadline.ends_at - second) == 0
    assert calendar.days_late(deadline, deadline.ends_at) == 1
    assert calendar.days_late(deadline, deadline.ends_at + dt.timedelta(days=2)) == 3
    assert calendar.days_late(deadline, dt.datetime(2016, 3, 1, tzinfo=dt.UTC)) == 0


def test_an_extension_to_a_sunday_is_taken_as_granted() -> None:
    calendar = a_calendar()
    sunday = day("2016-04-10")

    assert calendar.days_late(sunday, dt.datetime(2016, 4, 10, 14, 59, tzinfo=dt.UTC)) == 0
    assert calendar.days_late(sunday, dt.datetime(2016, 4, 10, 15, 0, tzinfo=dt.UTC)) == 1


def test_today_is_the_day_of_the_office_and_a_time_without_zone_is_refused() -> None:
    calendar = a_calendar()

    assert calendar.today(dt.datetime(2016, 3, 31, 14, 59, tzinfo=dt.UTC)) == day("2016-03-31")
    assert calendar.today(dt.datetime(2016, 3, 31, 15, 0, tzinfo=dt.UTC)) == day("2016-04-01")
    with pytest.raises(InvalidInput, match="has no time zone"):
        calendar.today(dt.datetime(2016, 3, 31, 15, 0))


def test_a_day_of_twenty_three_hours_still_ends_at_midnight() -> None:
    calendar = a_calendar(zone="Europe/Berlin")

    assert calendar.ends_at(day("2016-03-26")) == dt.datetime(2016, 3, 26, 23, tzinfo=dt.UTC)
    assert calendar.ends_at(day("2016-03-27")) == dt.datetime(2016, 3, 27, 22, tzinfo=dt.UTC)


@given(
    nominal=DAYS,
    free=st.frozensets(st.integers(-12, 12)),
    move=st.sampled_from(["strict", "next", "previous"]),
)
def test_a_moved_day_is_the_nearest_business_day_in_its_direction(
    nominal: dt.date, free: frozenset[int], move: str
) -> None:
    extra = {nominal + dt.timedelta(days=n): "휴일" for n in free}
    calendar = a_calendar(listed_holidays(extra), move=move)

    due = calendar.moved(nominal)

    if move == "strict":
        assert due == nominal
        return
    step = 1 if move == "next" else -1
    distance = (due - nominal).days * step
    assert distance >= 0
    assert calendar.is_business_day(due)
    between = [nominal + dt.timedelta(days=step * n) for n in range(distance)]
    assert not any(calendar.is_business_day(at) for at in between)


@given(at=st.datetimes(dt.datetime(2016, 1, 1), dt.datetime(2017, 12, 31)))
def test_late_means_at_or_after_the_end_of_the_deadline(at: dt.datetime) -> None:
    calendar = a_calendar()
    moment = at.replace(tzinfo=dt.UTC)
    deadline = calendar.deadline(THE_20TH, "2016-Q2")

    assert (calendar.days_late(deadline, moment) > 0) == (moment >= deadline.ends_at)


def test_a_deadline_is_worked_out_once() -> None:
    calls = []

    class Counting:
        version = "counted"

        def name_of(self, day: dt.date) -> str | None:
            calls.append(day)
            return None

    calendar = a_calendar(Counting())
    first = calendar.deadline(THE_5TH, "2016-Q1")
    asked = len(calls)

    assert calendar.deadline(DueRule(kind="day", n=5), period("2016-Q1")) is first
    assert asked == len(calls) > 0


def test_a_table_that_leaves_no_business_day_is_refused() -> None:
    class Always:
        version = "always"

        def name_of(self, day: dt.date) -> str | None:
            return "휴일"

    with pytest.raises(InvalidInput, match="no business day within a year"):
        a_calendar(Always()).deadline(THE_5TH, "2016-Q1")


# --------------------------------------------------------------------------- the rules


def test_a_calendar_knows_the_periods_of_its_plan() -> None:
    calendar = a_calendar()

    assert [p.text for p in calendar.periods()] == ["2016-Q1", "2016-Q2", "2016-Q3", "2016-Q4"]
    assert calendar.period_on(day("2016-06-30")) is period("2016-Q2")
    assert calendar.period_on(day("2017-01-05")).text == "2017-Q1"
    assert str(calendar.zone) == "Asia/Seoul"


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ({"zone": "Asia/Seul"}, "unknown_zone"),
        ({"zone": "../etc/passwd"}, "unknown_zone"),
        ({"zone": ""}, "unknown_zone"),
        ({"move": "after"}, "unknown_move"),
        ({"frequency": "week"}, "unknown_frequency"),
        ({"frequency": "month"}, "bad_period_range"),
        ({"first": "2016-1Q"}, "bad_period"),
        ({"first": "2017-Q1"}, "bad_period_range"),
    ],
)
def test_rules_that_name_nothing_known_are_refused(rules: dict[str, str], code: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        a_calendar(**rules)

    [problem] = raised.value.problems
    assert problem.code == code
    assert problem.ko != problem.en


def test_a_misspelt_zone_names_the_nearest_one() -> None:
    with pytest.raises(InvalidInput, match="did you mean 'Asia/Seoul'"):
        a_calendar(zone="Asia/Seuol")


def test_a_machine_without_time_zones_is_told_what_to_install() -> None:
    ask = (
        "import sys; sys.modules['tzdata'] = None\n"
        "from evalflow.model.calendar import Calendar\n"
        "from evalflow.errors import InvalidInput\n"
        "from evalflow.model import CalendarRules\n"
        "try: Calendar(CalendarRules(first='2016', last='2016', frequency='year'))\n"
        "except InvalidInput as error: print(error)"
    )
    told = subprocess.run(
        [sys.executable, "-c", ask],
        env={**os.environ, "PYTHONTZPATH": ""},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert "install the Python package tzdata" in told


def test_a_deadline_and_a_period_are_plain_values() -> None:
    deadline = a_calendar().deadline(THE_5TH, "2016-Q1")

    assert deadline == Deadline(
        nominal=day("2016-04-05"),
        due=day("2016-04-05"),
        moved_days=0,
        policy="next",
        holiday=None,
        calendar="list",
        ends_at=dt.datetime(2016, 4, 5, 15, tzinfo=dt.UTC),
    )
    assert isinstance(period("2016-Q1"), Period)


# --------------------------------------------------------------------------- as people write it


@given(st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2999, 12, 31)))
def test_days_and_times_are_written_as_offices_write_them(moment: dt.datetime) -> None:
    """`2016. 2. 24. 15:00`: no zeros in front, the 24-hour clock (행정업무 규정 §7⑤)."""
    day = day_text(moment.date(), "ko")
    assert date_of(day) == moment.date()
    assert ". 0" not in day
    shown, clock = time_text(moment, "ko", seconds=True).rsplit(" ", 1)
    assert shown == day
    assert dt.time.fromisoformat(clock) == moment.time().replace(microsecond=0)
    assert time_text(moment, "ko") == f"{day} {clock[:5]}"
    assert day_text(moment.date(), "en") == moment.date().isoformat()


# --------------------------------------------------------------------------- unknown years


def test_years_of_which_no_holidays_are_known_are_named() -> None:
    """Once the tables end a year has no holidays, and nothing said so."""
    last = Calendar(CalendarRules(first="2099-Q1", last="2100-Q4"))
    assert last.unknown_years() == (2101,)
    assert last.deadline(DueRule(kind="day", n=1), "2100-Q3").calendar == last.holidays.version
    beyond = last.deadline(DueRule(kind="day", n=1), "2100-Q4")
    assert beyond.due == day("2101-01-03")
    assert beyond.calendar == f"{last.holidays.version} (2101: unknown)"


def test_days_that_the_plan_lists_and_tables_that_do_not_say_are_known() -> None:
    rules = CalendarRules(first="2101-Q1", last="2101-Q4")
    listed = {day("2101-01-01"): "신정", day("2102-01-01"): "신정"}
    assert Calendar(rules).unknown_years() == (2101, 2102)
    assert Calendar(attrs.evolve(rules, extra=listed)).unknown_years() == ()
    assert Calendar(rules, listed_holidays({})).unknown_years() == ()
    assert Calendar(attrs.evolve(rules, holidays="none")).unknown_years() == ()


def test_ordinary_years_are_known_without_importing_the_library() -> None:
    code = (
        "import sys; from evalflow.model.calendar import library_holidays as h; "
        "print(h('KR').knows(2026), h('KR').knows(2049), 'holidays' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["True", "True", "False"]
