"""Reminders: what somebody owes, before its day, on it and after it; one message a person and day.

They are worked out of what is due, by the rules of the plan (`notices.reminders`), and go out
through the same outbox as what entries cause. The id of a reminder is made of plan, day and
recipient: however often, and from however many machines, it is worked out, it is written once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence

import attrs

from evalflow.decision.deadlines import Due
from evalflow.engine.queries import Queries
from evalflow.engine.rules import Rules, Terms
from evalflow.model import Commit, Label, Notice
from evalflow.model.calendar import Calendar, period
from evalflow.model.canonical import Tree
from evalflow.model.directory import Directory
from evalflow.model.history import REMINDER, reminder_id
from evalflow.model.rules import OWING, ReminderRule
from evalflow.model.values import define


@define
class _Digest:
    """What one person is told of a day."""

    role: str
    dues: dict[tuple[str, ...], Due] = attrs.field(factory=dict)


def remind(
    rules: Rules, queries: Queries, at: dt.datetime, days: int = 1, *, now: bool = False
) -> tuple[Notice, ...]:
    """Write the reminders of the day of `at`, for all plans, and return them, also those that were
    there. `days` of more than one also holds what fell on the days before (a machine that was off);
    `now` says that `at` is the present moment.

    A plan without rules of reminders, or without a notifier, has none.
    """
    found: list[Notice] = []
    for plan in rules.storage.plans():
        terms = rules.terms(plan)
        if not terms.head.delivery.reminders:
            continue
        dues = queries.owed(queries.select(plan=plan), at, waiting=False, now=now)
        made = list(_of_plan(rules, dues, terms, at, days))
        if made:
            rules.storage.commit(Commit(reminders=tuple(made)))
        found += made
    return tuple(found)


def remind_of(
    rules: Rules, queries: Queries, plan: str, projects: Collection[str], at: dt.datetime
) -> tuple[Notice, ...]:
    """Remind, because somebody asks for it, whoever owes something of these projects (a step in
    common: once nobody owes one of its own). They are told all that they owe in the plan, so that
    the day's message by the plan's rules, which is the same one, has nothing more to say. Write it
    and return it, also where it was there."""
    terms = rules.terms(plan)
    today = terms.calendar.today(at)
    dues = queries.owed(queries.select(plan=plan), at, waiting=False, now=True)
    owing = ReminderRule(days=0, to=(OWING,))
    people = rules.people(terms, today)
    told = [(due, name, role) for due in dues for name, role in _told(owing, due, people, today)]
    alone = {project for due in dues if not due.together for project in due.projects}
    digests: dict[str, _Digest] = {
        name: _Digest(role)
        for due, name, role in told
        if set(due.projects) <= set(projects) and not (due.together and alone & set(due.projects))
    }
    for due, name, _ in told:
        if name in digests:
            digests[name].dues[due.event, due.unit, *due.projects] = due
    made = tuple(
        notice
        for name, digest in digests.items()
        for notice in _notices(rules, terms, name, digest, at, today)
    )
    if made:
        rules.storage.commit(Commit(reminders=made))
    return made


def _of_plan(
    rules: Rules, dues: Sequence[Due], terms: Terms, at: dt.datetime, days: int
) -> Iterator[Notice]:
    head, calendar = terms.head, terms.calendar
    today = calendar.today(at)
    digests: dict[str, _Digest] = {}
    people = rules.people(terms, today)
    asked = [today - dt.timedelta(days=back) for back in range(days)]
    for due in dues:
        for rule in head.delivery.reminders:
            if (not rule.of or due.event in rule.of) and _day_of(rule, due, calendar) in asked:
                for name, role in _told(rule, due, people, today):
                    digest = digests.setdefault(name, _Digest(role))
                    digest.dues[due.event, due.unit, *due.projects] = due
    for name, digest in digests.items():
        yield from _notices(rules, terms, name, digest, at, today)


def _day_of(rule: ReminderRule, due: Due, calendar: Calendar) -> dt.date:
    """Return the day on which the rule speaks of what is due."""
    if not rule.working:
        return due.due + dt.timedelta(days=rule.days)
    day, left = due.due, abs(rule.days)
    step = dt.timedelta(days=1 if rule.days > 0 else -1)
    while left:
        day += step
        left -= calendar.is_business_day(day)
    return day


def _told(
    rule: ReminderRule, due: Due, people: Directory, today: dt.date
) -> Iterator[tuple[str, str]]:
    """Yield whom the rule tells, each with the role; `role@unit` where nobody holds it."""
    for name in rule.to:
        roles = due.roles if name == OWING else (name,)
        nobody = True
        for role in roles:
            for holder in people.holders((role,), due.unit, today):
                nobody = False
                yield holder, role
        if nobody and roles:
            yield f"{roles[0]}@{due.unit}", roles[0]


def _notices(
    rules: Rules, terms: Terms, name: str, digest: _Digest, at: dt.datetime, today: dt.date
) -> Iterator[Notice]:
    """Yield the digest for each notifier of the plan. It stands with the first project's last
    entry: that is what was known."""
    head = terms.head
    dues = sorted(digest.dues.values(), key=lambda due: (due.due, due.unit, due.projects))
    first = dues[0].projects[0]
    snapshot = rules.storage.snapshot(first)
    assert snapshot is not None, "what is due is of a project"
    office = head.units[head.office].label_on(today)
    late = sum(due.days_late > 0 for due in dues)
    subject = Label(
        f"[{office.ko}] 기한 안내: {len(dues)}건" + (f" (지연 {late}건)" if late else ""),
        f"[{office.en}] Due: {len(dues)}" + (f" ({late} late)" if late else ""),
    )
    data: dict[str, Tree] = {
        "office": _tree(office),
        "due": min((due.due for due in dues if due.due >= today), default=dues[0].due).isoformat(),
        "reminders": [_line(rules, head.units[due.unit].label_on(today), due) for due in dues],
    }
    for notifier in head.delivery.notifiers:
        yield Notice(
            id=reminder_id(first, today.isoformat(), name),
            project=first,
            number=snapshot.project.version,
            name=REMINDER,
            recipient=name,
            role=digest.role,
            notifier=notifier,
            subject=subject,
            at=at,
            data=data,
        )


def _line(rules: Rules, unit: Label, due: Due) -> Tree:
    projects = [rules.storage.snapshot(each) for each in due.projects]
    return {
        "step": _tree(due.label),
        "event": due.event,
        "unit": _tree(unit),
        "period": _tree(period(due.period).label),
        "due": due.due.isoformat(),
        "days_left": due.days_left,
        "days_late": due.days_late,
        "projects": [
            {"id": each.project.id, **_tree(each.project.label)}
            for each in projects
            if each is not None
        ],
    }


def _tree(label: Label) -> dict[str, Tree]:
    return {"ko": label.ko, "en": label.en}
