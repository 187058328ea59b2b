"""Due rules as a lifecycle's events and a plan's calendar write them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Protocol

import attrs

from evalflow.files import stored
from evalflow.model import DueRule, ExtensionRule, Label
from evalflow.model.calendar import LENGTHS
from evalflow.model.canonical import Tree

if TYPE_CHECKING:
    from evalflow.files.reader import Part
    from evalflow.lifecycle.definition import DueSpec, Event, State


class Counting(Protocol):
    """What a rule may name: a lifecycle, or one that is being built."""

    @property
    def events(self) -> Mapping[str, Event]:
        """Its events by name."""

    @property
    def states(self) -> Mapping[str, State]:
        """Its states by name."""


DUE_KINDS: Mapping[str, tuple[int, int]] = {
    "day": (1, 31),
    "days_after_period": (0, 3660),
    "months_after_period": (0, 120),
    "days_after": (0, 3660),
    "working_days_after": (0, 3660),
    "months_after": (0, 120),
    "days_before": (0, 3660),
    "working_days_before": (0, 3660),
    "date": (0, 0),
}
"""Kind of due rule -> the least and the most that its number may be."""

DUE_WORDS: Mapping[str, Label] = {
    name: Label(ko, en)
    for name, ko, en in (
        ("day", "기간 다음 달 며칠", "a day of the month after the period"),
        ("days_after_period", "기간이 끝난 뒤 며칠", "so many days after the period"),
        ("months_after_period", "기간이 끝난 뒤 몇 달", "so many months after the period"),
        ("days_after", "처리한 날부터 며칠", "so many days after an event"),
        ("working_days_after", "처리한 날부터 근무일 며칠", "so many working days after an event"),
        ("months_after", "처리한 날부터 몇 달", "so many months after an event"),
        ("days_before", "적은 날 며칠 전", "so many days before a day that an event gave"),
        ("working_days_before", "적은 날 근무일 며칠 전", "so many working days before such a day"),
        ("date", "정한 날", "a day of every year, or of one"),
    )
}
"""Kind of due rule -> what it means in a few words."""

COUNTED: Mapping[str, str] = {
    "days_after": "days",
    "working_days_after": "days",
    "months_after": "months",
    "days_before": "days",
    "working_days_before": "days",
}
"""Kinds that count from events -> the key that says how many."""

_BEFORE = ("days_before", "working_days_before")

# 02-29 is the last of February in other years, too (민법 §160).
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_MONTH_DAY = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")


def read_due(
    part: Part, key: str, events: Collection[str], plugins: Mapping[str, DueSpec] | None = None
) -> DueRule | None:
    """Return the due rule at `key`; None where there is none, or what is wrong is noted.

    Its forms: `{day: n}`, `{days_after_period: n}`, `{months_after_period: n}`,
    `{date: 02-19}`, `{date: 2016-02-19}`, and `{days_after: event, days: n}`, also with
    `working_days_after`, `months_after`, `days_before` or `working_days_before`, a list of events,
    and the keys `on`, `first_day` and `not_counting`. That the states and the field which these
    name exist is for whoever knows the whole lifecycle. `plugins` are the rules that plugins bring:
    `{NAME: {after: event, on: field, …}}` with their own parameters.
    """
    rule = part.part(key, required=False, listed=False)
    if not isinstance(part.tree.get(key), Mapping):
        return None
    again = _again(rule, events) if AGAIN in rule else None
    brought = plugins or {}
    kinds = [kind for kind in (*DUE_KINDS, *brought) if kind in rule]
    if len(kinds) != 1:
        known = ", ".join((*DUE_KINDS, *brought))
        rule.wrong(
            None,
            "bad_due_rule",
            f"기한은 다음 가운데 하나로 적습니다: {known}",
            f"a due date is given by just one of {known}",
        )
        return None
    if kinds[0] in brought:
        found = _of_plugin(rule, brought[kinds[0]], events)
    else:
        found = _due(rule, kinds[0], events)
    return found if again is None else attrs.evolve(found, again=again)


AGAIN = "again"
"""The key of the rule by which something is due anew, after it was sent back."""


def _again(part: Part, events: Collection[str]) -> DueRule | None:
    """Return the rule at `again`: one that counts from events, and nothing more."""
    rule = read_due(part, AGAIN, events)
    if rule is not None and (
        not rule.events or rule.kind in _BEFORE or rule.on or rule.not_counting or rule.again
    ):
        kinds = ", ".join(kind for kind in COUNTED if kind not in _BEFORE)
        ko = f"'{AGAIN}'은(는) 절차부터 세는 기한입니다: {kinds} 가운데 하나"
        part.wrong(AGAIN, "bad_due_rule", ko, f"'{AGAIN}' counts from events: one of {kinds}")
        return None
    return rule


def _of_plugin(part: Part, spec: DueSpec, events: Collection[str]) -> DueRule:
    """Return a plugin's rule, with what it does not know noted."""
    part.only({spec.name, AGAIN})
    inside = part.mapping(spec.name)
    inside.only({*spec.params, "after", "on"})
    if "on" in inside and "after" not in inside:
        ko, en = "'on'에는 'after'(어느 처리)도 적어야 합니다", "'on' needs 'after': of which event"
        inside.wrong("on", "missing_value", ko, en)
    params: list[tuple[str, str]] = []
    for key, allowed in spec.params.items():
        if key not in inside:
            if key in spec.required and not inside.is_meant(key):
                ko, en = f"'{key}' 값이 필요합니다", f"needs the parameter '{key}'"
                inside.wrong(None, "missing_parameter", ko, en, spec.name)
            continue
        said = inside.text(key) if allowed is None else inside.choice(key, allowed)
        params.append((key, said))
    return DueRule(
        kind=spec.name,
        events=_from(inside, "after", events) if "after" in inside else (),
        on=inside.text("on", None),
        params=tuple(params),
    )


def has_length(rule: DueRule) -> bool:
    """Say whether the rule gives a length of time, which can be given once more."""
    return rule.kind in (*LENGTHS, "days_after_period", "months_after_period")


def read_extension(part: Part, key: str, events: Collection[str] | None) -> ExtensionRule | None:
    """Return how far due days may be extended, `{of: [event], times: n, at_most: days}`,
    `at_most: {months: n}` or `at_most: same_again`; None where it is not said. `events` are those
    that may be named; None: none may be."""
    if key not in part:
        return None
    inside = part.mapping(key)
    inside.only(EXTENSION if events is not None else EXTENSION - {"of"})
    of = inside.texts("of") if events is not None and "of" in inside else ()
    for name in of:
        if events is not None and name not in events:
            inside.unknown("of", ("절차", "event"), events)
    most = inside.tree.get("at_most")
    same, months = most == SAME_AGAIN, None
    if isinstance(most, Mapping):
        length = inside.mapping("at_most")
        length.only({MONTHS})
        months = length.whole(MONTHS, least=1, most=120)
    elsewhere = same or isinstance(most, Mapping)
    return ExtensionRule(
        of=tuple(of),
        times=inside.whole("times", None, least=1, most=100),
        at_most=None if elsewhere else inside.whole("at_most", None, least=1, most=3660),
        same_again=same,
        at_most_months=months,
    )


def stored_extension(tree: stored.Inside, key: str) -> ExtensionRule | None:
    """Return how far due days may be extended, out of a store."""
    if tree.get(key) is None:
        return None
    inside = stored.mapping(tree, key)
    with stored.below(key):
        stored.only(inside, EXTENSION)
        most = inside.get("at_most")
        same, months = most == SAME_AGAIN, None
        if isinstance(most, Mapping):
            length = stored.mapping(inside, "at_most")
            with stored.below("at_most"):
                stored.only(length, {MONTHS})
                months = stored.whole(length, MONTHS)
        elsewhere = same or months is not None
        return ExtensionRule(
            of=stored.texts(inside, "of"),
            times=stored.whole(inside, "times", None),
            at_most=None if elsewhere else stored.whole(inside, "at_most", None),
            same_again=same,
            at_most_months=months,
        )


SAME_AGAIN = "same_again"
"""The word for an extension by as long again as the rule gives."""

MONTHS = "months"
"""The key of an extension by so many months."""

EXTENSION = frozenset({"of", "times", "at_most"})
"""What may be said of extensions."""


def _due(part: Part, kind: str, events: Collection[str]) -> DueRule:
    part.only(keys_of(kind))
    least, most = DUE_KINDS[kind]
    if (unit := COUNTED.get(kind)) is not None:
        on = part.text("on", None)
        if on is None and kind in _BEFORE:
            ko = f"'{kind}'에는 그 전으로 셀 날을 적은 항목이 필요합니다 (on: 날짜 항목)"
            en = f"'{kind}' counts back from a day that the event gave: name its field (on: …)"
            part.wrong("on", "missing_value", ko, en)
        return DueRule(
            kind=kind,
            events=_from(part, kind, events),
            n=part.whole(unit, least=least, most=most),
            on=on,
            first_day=part.flag("first_day", False),
            not_counting=part.texts("not_counting"),
        )
    if kind != "date":
        return DueRule(kind=kind, n=part.whole(kind, least=least, most=most))
    text = part.text("date")
    if match := _MONTH_DAY.fullmatch(text):
        month, day = int(match[1]), int(match[2])
        if part.is_written and day > _LONGEST[month - 1]:  # a stored one is kept
            ko = f"없는 날짜입니다: '{text}' ({month}월은 {_LONGEST[month - 1]}일까지)"
            en = f"there is no such day: '{text}' (that month ends on the {_LONGEST[month - 1]}th)"
            part.wrong("date", "bad_date", ko, en)
        return DueRule(kind=kind, month_day=text)
    return DueRule(kind=kind, date=part.date("date"))


def keys_of(kind: str) -> set[str]:
    """Return the keys that a rule of the kind may have."""
    if kind not in COUNTED:
        return {kind, AGAIN}
    keys = {kind, COUNTED[kind], "on", AGAIN}
    return keys if kind in _BEFORE else keys | {"first_day", "not_counting"}


def _from(part: Part, kind: str, known: Collection[str]) -> tuple[str, ...]:
    """Return the events that a rule counts from: one, or the latest of several."""
    given = part.tree.get(kind)
    if not isinstance(given, list | tuple):
        return (part.known(kind, ("절차", "event"), known),)
    if not given:
        ko, en = "어느 절차부터 셀지 적습니다", "say from which event it counts"
        part.wrong(kind, "missing_value", ko, en)
    names = part.texts(kind)
    for place, name in enumerate(names):
        if name not in known:
            part.items(kind).unknown(place, ("절차", "event"), known)
    return names


def check_due(
    part: Part,
    rule: DueRule,
    lifecycle: Counting,
    *,
    whole: bool = True,
    unread: Collection[str] = (),
) -> None:
    """Note what a rule that counts from events names and the lifecycle does not have: states, and
    the date field of each of the events, a required one: without its day there is no deadline.
    Where some states could not be read (not `whole`) nothing is said of states, nor of the
    fields of the events `unread`."""
    for place, state in enumerate(rule.not_counting):
        if state not in lifecycle.states and lifecycle.states and whole:
            alone = isinstance(part.tree["not_counting"], str)
            inside, key = (part, "not_counting") if alone else (part.items("not_counting"), place)
            inside.unknown(key, ("상태", "state"), lifecycle.states)
    if rule.on is None:
        return
    for event in (lifecycle.events[name] for name in rule.events if name in lifecycle.events):
        dates = [field.name for field in event.data if field.type == "date" and field.required]
        if rule.on not in dates and event.name not in unread:
            listed = ", ".join(dates)
            part.wrong(
                "on",
                "unknown_field",
                f"'{event.name}'에 반드시 적는 날짜 항목 '{rule.on}'이(가) 없습니다 "
                f"(있는 것: {listed or '없음'})",
                f"the event '{event.name}' has no required date field '{rule.on}' "
                f"(it has: {listed or 'none'})",
                rule.on,
            )


def as_param(value: Tree) -> str | tuple[str, ...]:
    """Return a value of a rule as a parameter of a guard, which are texts."""
    if isinstance(value, list | tuple):
        return tuple([str(each) for each in value])
    return str(value).lower() if isinstance(value, bool) else str(value)


def rule_of(params: Mapping[str, str | tuple[str, ...]]) -> DueRule:
    """Return the due rule that is the parameters of a guard (see `as_param`)."""
    tree: dict[str, Tree] = dict(params)
    if "first_day" in tree:
        tree["first_day"] = tree["first_day"] == "true"
    for key in ("days", "months", *(kind for kind in DUE_KINDS if kind not in COUNTED)):
        if key in tree and key != "date":
            tree[key] = int(tree[key])
    rule = stored_due({"rule": tree}, "rule")
    assert rule is not None
    return rule


def stored_due(tree: stored.Inside, key: str) -> DueRule | None:
    """Return the due rule at `key` of a stored tree, or None where there is none.

    Raises:
        Damaged: it is none of those that `read_due` knows.
    """
    if tree.get(key) is None:
        return None
    rule = stored.mapping(tree, key)
    if rule.get(AGAIN) is not None:
        with stored.below(key):
            again = stored_due(rule, AGAIN)
        without = {name: value for name, value in rule.items() if name != AGAIN}
        first = stored_due({key: without}, key)
        assert first is not None
        return attrs.evolve(first, again=again)
    with stored.below(key):
        kind = next((kind for kind in DUE_KINDS if rule.get(kind) is not None), None)
        if kind is None and len(rule) == 1 and isinstance(next(iter(rule.values())), Mapping):
            return _stored_of_plugin(rule, next(iter(rule)))
        if kind is None:
            raise stored.Damaged(None, "기한이 아닙니다", "no due date")
        stored.only(rule, keys_of(kind))
        if (unit := COUNTED.get(kind)) is not None:
            several = isinstance(rule[kind], list | tuple)
            return DueRule(
                kind=kind,
                events=stored.texts(rule, kind) if several else (stored.text(rule, kind),),
                n=stored.whole(rule, unit),
                on=stored.text(rule, "on") if rule.get("on") is not None else None,
                first_day=stored.flag(rule, "first_day", False),
                not_counting=stored.texts(rule, "not_counting"),
            )
        if kind != "date":
            return DueRule(kind=kind, n=stored.whole(rule, kind))
        text = stored.text(rule, "date")
        if _MONTH_DAY.fullmatch(text):
            return DueRule(kind=kind, month_day=text)
        return DueRule(kind=kind, date=stored.day(rule, "date"))


def _stored_of_plugin(rule: stored.Inside, kind: str) -> DueRule:
    """Return a plugin's rule, whether or not the plugin is still installed."""
    inside = stored.mapping(rule, kind)
    with stored.below(kind):
        several = isinstance(inside.get("after"), list | tuple)
        events: tuple[str, ...] = ()
        if inside.get("after") is not None:
            events = stored.texts(inside, "after") if several else (stored.text(inside, "after"),)
        own = [key for key in inside if key not in ("after", "on")]
        return DueRule(
            kind=kind,
            events=events,
            on=stored.text(inside, "on") if inside.get("on") is not None else None,
            params=tuple([(key, stored.text(inside, key)) for key in own]),
        )
