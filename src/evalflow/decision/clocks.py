"""The clock of one deadline: from when it runs, where it stood, how far it was extended. Pure.

A rule that counts from events runs anew whenever one of them is fired. What belongs to one run
ends with it: an extension that was given for an earlier run counts no longer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

from evalflow.lifecycle.definition import Lifecycle
from evalflow.model import DueRule, Entry
from evalflow.model.calendar import Calendar
from evalflow.model.canonical import Tree
from evalflow.model.values import frozen

History = Callable[[], Sequence[Entry]]
"""A project's entries so far, oldest first: asked for only where a rule counts from events."""


@frozen(kw_only=True)
class Falls:
    """When something falls due: `nominal` is the day that the rule names, `due` the day that
    counts, after moving off a holiday or after an extension (`extended`)."""

    nominal: dt.date
    due: dt.date
    extended: bool


def falls(
    rule: DueRule,
    event: str,
    *,
    period: str,
    calendar: Calendar,
    lifecycle: Lifecycle,
    extensions: Mapping[str, str] | None,
    history: History,
) -> Falls | None:
    """Return when `event` falls due for a project by `rule`; None where it does on no day: its
    clock has not begun, or stands.

    `period` is the project's, `extensions` are those given in it (event -> day); of a rule that
    counts from events the history says which belong to the run. None leaves extensions out.
    """
    extended: dt.date | None
    if not calendar.counts(rule):  # where a history is verified without the plugin
        return None
    if not rule.events:
        deadline = calendar.deadline(rule, period)
        given = None if extensions is None else extensions.get(event)
        extended = None if given is None else dt.date.fromisoformat(given)
    else:
        entries = history()
        begun = _begun(rule, entries, calendar)
        if begun is None:
            return None
        number, start = begun
        run = [entry for entry in entries if entry.number > number]
        stopped, stands = _stopped(rule, entries, calendar)
        if stands:
            return None
        deadline = calendar.deadline(rule, period, fired_on=start, stopped=stopped)
        asked = extensions is not None
        extended = _extended(rule, event, run, lifecycle, calendar) if asked else None
    due = deadline.due if extended is None else extended
    found = Falls(nominal=deadline.nominal, due=due, extended=extended is not None)
    return found if rule.again is None else _again(rule.again, found, period, calendar, history())


def _again(
    rule: DueRule, first: Falls, period: str, calendar: Calendar, entries: Sequence[Entry]
) -> Falls:
    """Return when it falls due anew, once what `rule` counts from was fired in the period: what was
    sent back is not late because its first day is over. A day that is later anyhow stays."""
    begun = _begun(rule, [each for each in entries if each.period == period], calendar)
    if begun is None:
        return first
    deadline = calendar.deadline(rule, period, fired_on=begun[1])
    if deadline.due <= first.due:
        return first
    return Falls(nominal=deadline.nominal, due=deadline.due, extended=False)


def extended_in_run(
    rule: DueRule, event: str, entries: Sequence[Entry], lifecycle: Lifecycle, calendar: Calendar
) -> int | None:
    """Return how often the due day of `event` was extended in the run of its clock that is on; None
    where its rule has no runs, or nothing has begun one, and where the project came under
    another lifecycle meanwhile, which may call what extends otherwise."""
    begun = _begun(rule, entries, calendar) if rule.events else None
    if begun is None:
        return None
    run = [entry for entry in entries if entry.number > begun[0]]
    if any(entry.lifecycle != lifecycle.fingerprint for entry in run):
        return None
    return sum(event in extensions_given([entry], lifecycle) for entry in run)


def extensions_given(
    entries: Sequence[Entry], lifecycle: Lifecycle, period: str | None = None
) -> dict[str, str]:
    """Return the extensions that these entries gave (for the period): event -> day."""
    found: dict[str, str] = {}
    for entry in entries:
        event = lifecycle.events.get(entry.event)
        if event is None or "extension" not in event.actions or period not in (None, entry.period):
            continue
        given = {field.type: entry.data.get(field.name) for field in event.data}
        found[given["event"]] = given["date"]
    return found


def _begun(
    rule: DueRule, entries: Sequence[Entry], calendar: Calendar
) -> tuple[int, dt.date] | None:
    """Return the number of the entry with which the clock began to run, and the day from which it
    counts."""
    for entry in reversed(entries):
        if entry.event in rule.events:
            day = calendar.today(entry.at) if rule.on is None else _given(entry.data, rule.on)
            return None if day is None else (entry.number, day)
    return None


def _given(data: Tree, field: str) -> dt.date | None:
    value = data.get(field) if isinstance(data, Mapping) else None
    return dt.date.fromisoformat(value) if isinstance(value, str) else None


def _extended(
    rule: DueRule, event: str, run: Sequence[Entry], lifecycle: Lifecycle, calendar: Calendar
) -> dt.date | None:
    """Return to what day the due day was extended last in this run, None where it was not. Where
    the clock stood again since, what it lost comes on top."""
    for place in range(len(run) - 1, -1, -1):
        given = extensions_given(run[place : place + 1], lifecycle).get(event)
        if given is not None:
            stopped, _ = _stopped(rule, run[place:], calendar)
            begun = stopped[1:] if _stands(rule, run[place]) else stopped
            return calendar.extended(rule, dt.date.fromisoformat(given), begun)
    return None


def _stands(rule: DueRule, entry: Entry) -> bool:
    return not frozenset(rule.not_counting).isdisjoint(entry.after)


def _stopped(
    rule: DueRule, entries: Sequence[Entry], calendar: Calendar
) -> tuple[tuple[tuple[dt.date, dt.date], ...], bool]:
    """Return the stretches (from, to) in which the project was in a state where the clock stands,
    and whether it still is."""
    if not rule.not_counting:
        return (), False
    found: list[tuple[dt.date, dt.date]] = []
    since: dt.date | None = None
    for entry in entries:
        stands = _stands(rule, entry)
        if stands and since is None:
            since = calendar.today(entry.at)
        elif not stands and since is not None:
            found.append((since, calendar.today(entry.at)))
            since = None
    return tuple(found), since is not None
