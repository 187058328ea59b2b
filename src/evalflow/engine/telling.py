"""What a notice says when it leaves: one message for one act, as an office writes it.

In the outbox a notice is as its entry left it, which verification holds it against. On its way out
it is told what the history and the rules of its plan revision know of it: office, period, what, of
which projects with which rates, what the recipient has to do by when, and whom to ask.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import groupby

import attrs

from evalflow.decision.deadlines import Ledger, due_state
from evalflow.engine.rules import Rules, Terms
from evalflow.errors import NotFound
from evalflow.lifecycle.definition import Lifecycle, NoticeRule
from evalflow.model import Entry, Evaluation, Grant, Label, Notice, Selection, Snapshot
from evalflow.model.calendar import period
from evalflow.model.canonical import Tree, canonical, digest
from evalflow.model.directory import Directory
from evalflow.model.history import REMINDER, reminder_id
from evalflow.model.host_word import host_said
from evalflow.scoring.bands import band_label
from evalflow.storage.contract import ReadsTogether, Storage

OF_ALL = ("unit", "step", "due", "reason")
"""What a list says once, above it, if it is the same for all."""

BLOCK = 100
"""Of so many projects at most the histories are in memory at a time."""


@attrs.frozen
class _Stood:
    """What the store holds of one project."""

    storage: Storage
    history: Sequence[Entry]
    snapshot: Snapshot | None

    def evaluation(self, project: str, period: str) -> Evaluation | None:
        """Return the project's evaluation of a period; one that has gone by is read by itself."""
        if self.snapshot is not None and self.snapshot.evaluation.period == period:
            return self.snapshot.evaluation
        return self.storage.evaluation(project, period)


class Telling:
    """Tells notices one message after the other. What is asked of the store is asked for the
    projects of `BLOCK` coming ones together, when the first of them is told."""

    def __init__(self, rules: Rules, coming: Sequence[Notice]) -> None:
        """`coming` are the notices in the order in which they will be told."""
        self._rules = rules
        self._coming = coming
        self._places = {each.id: place for place, each in enumerate(coming)}
        self._read: dict[str, _Stood] = {}

    def __call__(self, notices: Sequence[Notice]) -> Notice:
        """Return the message that these notices arrive as; see `told`."""
        return told(self._rules, notices, self._stood)

    def _stood(self, notice: Notice) -> _Stood:
        project, place = notice.project, self._places.get(notice.id)
        if project not in self._read and place is not None:
            try:
                self._read = self._together(place)
            except Exception:  # of one of them: each is asked for by itself, and alone has it
                self._read = {}
        return self._read.get(project) or self._alone(project)

    def _together(self, place: int) -> dict[str, _Stood]:
        """Return what the store holds of the next projects."""
        storage = self._rules.storage
        ids = dict[str, None]()
        for each in self._coming[place:]:
            ids[each.project] = None
            if len(ids) == BLOCK:
                break
        if len(ids) < 2 or not isinstance(storage, ReadsTogether):
            return {}
        entries = groupby(storage.histories_of(ids), lambda entry: entry.project)
        histories = {project: list(own) for project, own in entries}
        found = {each.project.id: each for each in storage.snapshots(Selection(ids=tuple(ids)))}
        self._rules.read_together(found.values())
        return {
            project: _Stood(storage, history, found[project])
            for project, history in histories.items()
            if project in found
        }

    def _alone(self, project: str) -> _Stood:
        storage = self._rules.storage
        return _Stood(storage, list(storage.history(project)), storage.snapshot(project))


def told(rules: Rules, notices: Sequence[Notice], stood: Callable[[Notice], _Stood]) -> Notice:
    """Return the message for one recipient about what one act did to one or more projects; `stood`
    gives what the store holds of a notice's project.

    Its data: those of the notices, and `office`, `unit`, `when`, `what`, `contact` (whom to ask) as
    labels; `ask`, what the recipient is asked to do, where the lifecycle says it; `step` and `due`,
    what the recipient's role owes next and by which day; `projects`, each with its id, label, the
    rate and band that counted, and the reason given; `notices`, the ids of those of the outbox. A
    list has an id of its own, made of them.

    Raises:
        NotFound: the store has no such entry, plan revision or lifecycle any more.
        StorageError: what they say is damaged.
    """
    first = notices[0]
    if first.name == REMINDER and first.id == reminder_of(first):
        return first  # says all of it already
    parts = [_data(rules, each, stood(each)) for each in notices]
    ids = [each.id for each in notices]
    data, known = parts[0] | {"notices": ids}, first.id
    if len(parts) > 1:
        data["projects"] = [line for part in parts for line in part["projects"]]
        for name in OF_ALL:
            if any(part.get(name) != data.get(name) for part in parts):
                data.pop(name, None)
        known = f"{first.id}+{digest(canonical(ids))[:12]}"
    return attrs.evolve(first, id=known, subject=_subject(data), data=data)


def reminder_of(notice: Notice) -> str:
    """Return the id that the notice has if it is a reminder (see `evalflow.engine.reminding`)."""
    day = notice.id.split(":")[2:3]
    return reminder_id(notice.project, day[0], notice.recipient) if day else ""


def _data(rules: Rules, notice: Notice, stood: _Stood) -> dict[str, Tree]:
    """Return what one project's notice tells."""
    history = [entry for entry in stood.history if entry.number <= notice.number]
    entry = history[-1]
    plan_id = notice.project.rpartition("/")[0]
    terms, lifecycle = rules.terms(plan_id, entry.revision), rules.lifecycle(entry.lifecycle)
    event = lifecycle.events[entry.event]
    rule = next(each for each in event.notices if each.name == notice.name)
    day = terms.calendar.today(entry.at)
    head = terms.head
    together = None if event.together is None else head.ancestor(entry.unit, event.together)
    label = rules.definition(notice.project, entry.revision).label
    line: dict[str, Tree] = {"id": notice.project, **_tree(label), **_rated(terms, history)}
    if entry.reason is not None:
        line["reason"] = entry.reason
    return {
        **notice.data,
        "office": _tree(head.units[head.office].label_on(day)),
        "unit": _tree(head.units[together or entry.unit].label_on(day)),
        "when": _tree(period(entry.period).label),
        "what": _tree(rule.label),
        "contact": _contact(terms, lifecycle, entry, day),
        **_asked(rule),
        **_next(rules, terms, lifecycle, history, notice.role, stood),
        "projects": [line],
    }


def _asked(rule: NoticeRule) -> dict[str, Tree]:
    return {} if rule.ask is None else {"ask": _tree(rule.ask)}


def _rated(terms: Terms, history: Sequence[Entry]) -> dict[str, Tree]:
    """Return the rate and the band that counted in the period once the last entry was written."""
    rating = None
    for entry in history:
        if entry.period == history[-1].period and entry.rating is not None:
            rating = entry.rating
    if not isinstance(rating, Mapping):
        return {}
    found: dict[str, Tree] = {}
    if rating.get("rate") is not None:
        found["rate"] = str(rating["rate"])
    if rating.get("band") is not None:
        found["band"] = _tree(band_label(terms.head.scoring.bands, rating["band"]))
    return found


def _contact(terms: Terms, lifecycle: Lifecycle, entry: Entry, day: dt.date) -> Tree:
    """Return whom to ask: the role that acted, with its unit where it is not the office."""
    role = lifecycle.roles[entry.role].label
    grants: tuple[Grant, ...] = ()
    people = Directory(terms.head, host_said(entry.data))
    with suppress(NotFound):  # of an actor whom only another revision knows the role is told
        grants = people.grants_for(people.actor(entry.actor), (entry.role,), entry.unit, day)
    unit = terms.head.units[grants[0].unit] if grants else None
    if unit is None or unit.parent is None:
        return _tree(role)
    place = unit.label_on(day)
    return _tree(Label(f"{place.ko} {role.ko}", f"{role.en}, {place.en}"))


def _next(
    rules: Rules,
    terms: Terms,
    lifecycle: Lifecycle,
    history: Sequence[Entry],
    role: str,
    stood: _Stood,
) -> dict[str, Tree]:
    """Return what the role owes next for the project, and by when; empty where nothing is due."""
    entry = history[-1]
    snapshot = stood.snapshot
    if snapshot is None:
        raise NotFound("project", entry.project)
    then = attrs.evolve(
        snapshot.project, states=entry.after, period=entry.period_after, unit=entry.unit
    )
    evaluation = stood.evaluation(entry.project, entry.period_after)
    ledger = Ledger(
        head=terms.head,
        lifecycle=lifecycle,
        calendar=terms.calendar,
        directory=terms.directory,
        specs=rules.plugins.guard_specs,
        today=terms.calendar.today(entry.at),
    )
    extensions = {} if evaluation is None else evaluation.extensions
    standing = due_state(then, lifecycle, lambda: history, extensions, rules.lifecycle)
    owed = [due for due in ledger.owed([standing]) if role in due.roles]
    others = [due for due in owed if due.event != entry.event]
    if not others:
        return {}
    first = min(others, key=lambda due: due.due)
    return {"step": _tree(first.label), "due": first.due.isoformat()}


def _subject(data: Mapping[str, Tree]) -> Label:
    """Return the subject as an office writes it: the office, the period, what, of whom."""
    projects: Sequence[Mapping[str, str]] = data["projects"]
    if len(projects) == 1:
        (line,) = projects
        number = line["id"].rpartition("/")[2]
        about = Label(f"{number}번 {line['ko']}", f"no. {number} {line['en']}")
    else:
        unit = data.get("unit")
        ko, en = ("", "") if unit is None else (f"{unit['ko']} ", f"{unit['en']}, ")
        about = Label(f"{ko}{len(projects)}개 사업", f"{en}{len(projects)} projects")
    office, when, what = data["office"], data["when"], data["what"]
    return Label(
        f"[{office['ko']}] {when['ko']} {what['ko']}: {about.ko}",
        f"[{office['en']}] {when['en']}, {what['en']}: {about.en}",
    )


def _tree(label: Label) -> Tree:
    return {"ko": label.ko, "en": label.en}
