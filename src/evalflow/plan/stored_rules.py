"""The rules of a plan - calendar, scoring, delivery, who reads what - out of a stored tree."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from evalflow.files import stored
from evalflow.lifecycle.due import stored_due, stored_extension
from evalflow.model import (
    Band,
    CalendarRules,
    Delivery,
    DueRule,
    GradeRules,
    ReminderRule,
    RevisionRules,
    ScoringRules,
    Visibility,
    Withheld,
    calendar,
)
from evalflow.plan import keys
from evalflow.plan.keys import AGAINST, BASES, COMPARED, GROUP_MEANS, PROJECT_MEANS
from evalflow.plan.order import stored_order
from evalflow.plan.spans import first_or_last, periods_of, span_of
from evalflow.scoring.bands import DEFAULT_BANDS, VERDICTS
from evalflow.scoring.formulas import ZERO_TARGETS


def stored_calendar(tree: stored.Inside, year: int) -> CalendarRules:
    """Return how the office counts periods and days."""
    inside = stored.mapping(tree, "calendar", needed=False)
    with stored.below("calendar"):
        stored.only(inside, keys.CALENDAR)
        frequency = stored.choice(inside, "periods", calendar.FREQUENCIES, "quarter")
        extra = stored.named(
            inside, "extra", lambda days, day: (stored.key_day(day), stored.text(days, day))
        )
        first = _period(inside, "first", year, frequency)
        last = _period(inside, "last", year, frequency)
        if not periods_of(first, last):
            ko, en = f"{first}부터 {last}까지는 기간이 아닙니다", f"{first} to {last} is no range"
            raise stored.Damaged("first", ko, en)
        return CalendarRules(
            zone=stored.text(inside, "zone", "Asia/Seoul"),
            frequency=frequency,
            first=first,
            last=last,
            move=stored.choice(inside, "move", calendar.MOVES, "next"),
            holidays=stored.text(inside, "holidays", "KR"),
            extra=dict(extra.values()),
            removed=stored.listed(inside, "removed", stored.day),
            due=_due(inside),
            extension=stored_extension(inside, "extension"),
        )


def _due(tree: stored.Inside) -> dict[str, DueRule]:
    rules = stored.named(tree, "due", stored_due)
    return {event: rule for event, rule in rules.items() if rule is not None}


def _period(tree: stored.Inside, key: str, year: int, frequency: str) -> str:
    text = stored.text(tree, key, None)
    return first_or_last(year, frequency, first=key == "first") if text is None else text


def stored_scoring(tree: stored.Inside) -> ScoringRules:
    """Return how the plan rates its projects."""
    inside = stored.mapping(tree, "scoring", needed=False)
    with stored.below("scoring"):
        stored.only(inside, keys.STORED_SCORING)
        bands = DEFAULT_BANDS
        if inside.get("bands") is not None:
            found = stored.each(inside, "bands", _band)
            bands = tuple(stored_order(inside, "bands", found).values())
        if not bands:
            raise stored.Damaged("bands", "추진상태가 없습니다", "no bands")
        return ScoringRules(
            scorer=stored.text(inside, "scorer", "rates"),
            options=dict(stored.mapping(inside, "options", needed=False)),
            basis=stored.choice(inside, "basis", BASES, "cumulative"),
            bands=bands,
            places=stored.whole(inside, "places", 1),
            zero_target=stored.choice(inside, "zero_target", ZERO_TARGETS, "undefined"),
            cap=stored.figure(inside, "cap", None),
            floor=stored.figure(inside, "floor", None),
            project_mean=stored.choice(inside, "project_mean", PROJECT_MEANS, "weighted"),
            group_mean=stored.choice(inside, "group_mean", GROUP_MEANS, "projects"),
            grades=_grades(inside),
        )


def _band(name: str, tree: stored.Inside) -> Band:
    stored.only(tree, keys.BAND)
    return Band(
        name=name,
        label=stored.label(tree),
        verdict=stored.choice(tree, "verdict", VERDICTS),
        at_least=stored.figure(tree, "at_least", None),
        against=stored.choice(tree, "against", AGAINST, "so_far"),
    )


def _grades(tree: stored.Inside) -> GradeRules | None:
    if tree.get("grades") is None:
        return None
    inside = stored.mapping(tree, "grades")
    with stored.below("grades"):
        stored.only(inside, keys.GRADES)
        return GradeRules(
            grader=stored.text(inside, "grader"),
            options=dict(stored.mapping(inside, "options", needed=False)),
            by=stored.choice(inside, "by", COMPARED, "all"),
        )


def stored_delivery(tree: stored.Inside) -> Delivery:
    """Return how notices leave."""
    inside = stored.mapping(tree, "notices", needed=False)
    with stored.below("notices"):
        stored.only(inside, keys.NOTICES)
        options: dict[str, Mapping[str, Any]] = {}
        if isinstance(inside.get("notifiers"), Mapping):
            options = stored_options(inside, "notifiers")
            names = tuple(options)
        else:
            names = stored.texts(inside, "notifiers")
        reminders = stored.listed(inside, "reminders", _reminder)
        if inside.get("backoff") is None:
            return Delivery(notifiers=names, options=options, reminders=reminders)
        seconds = stored.listed(inside, "backoff", stored.whole)
        return Delivery(notifiers=names, options=options, backoff=seconds, reminders=reminders)


def _reminder(tree: Any, key: Any) -> ReminderRule:
    inside = stored.mapping(tree, key)
    with stored.below(key):
        stored.only(inside, keys.REMINDER)
        before = inside.get("before") is not None
        days = stored.whole(inside, "before" if before else "after")
        return ReminderRule(
            days=-days if before else days,
            to=stored.texts(inside, "to"),
            of=stored.texts(inside, "of"),
            working=stored.flag(inside, "working", False),
        )


def stored_options(tree: stored.Inside, key: str) -> dict[str, Mapping[str, Any]]:
    """Return options by name, sorted."""
    inside = stored.mapping(tree, key, needed=False)
    with stored.below(key):
        return {name: dict(stored.mapping(inside, name, needed=False)) for name in sorted(inside)}


def stored_patience(tree: stored.Inside) -> dt.timedelta | None:
    """Return how long one answer of a plugin may take."""
    inside = stored.mapping(tree, "plugins", needed=False)
    with stored.below("plugins"):
        stored.only(inside, keys.PLUGINS)
        text = stored.text(inside, "within", None)
        within = None if text is None else span_of(text)
        if text is not None and within is None:
            raise stored.Damaged(
                "within", f"'{text}' (있어야 할 값: 시간의 길이)", f"'{text}', expected a time span"
            )
        return within


def stored_revision(tree: stored.Inside) -> tuple[int, RevisionRules]:
    """Return the revision's number and who may make one."""
    if not isinstance(tree.get("revision"), Mapping):
        return stored.whole(tree, "revision", 1), RevisionRules()
    inside = stored.mapping(tree, "revision")
    with stored.below("revision"):
        stored.only(inside, keys.REVISION)
        return stored.whole(inside, "number", 1), RevisionRules(
            by=stored.texts(inside, "by"), confirmed_by=stored.texts(inside, "confirmed_by")
        )


def stored_visibility(tree: stored.Inside) -> Visibility:
    """Return who reads what."""
    inside = stored.mapping(tree, "visibility", needed=False)
    with stored.below("visibility"):
        stored.only(inside, keys.VISIBILITY)
        return Visibility(
            fixed_in=stored.texts(inside, "fixed_in"),
            seen_by=stored.texts(inside, "seen_by"),
            withheld=tuple(stored.each(inside, "withheld", _withheld).values()),
        )


def _withheld(_: Any, tree: stored.Inside) -> Withheld:
    stored.only(tree, keys.WITHHELD)
    return Withheld(
        fields=stored.texts(tree, "fields"),
        ground=stored.text(tree, "ground"),
        seen_by=stored.texts(tree, "seen_by"),
        until_fixed=stored.flag(tree, "until_fixed", False),
    )
