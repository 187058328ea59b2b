"""What is recorded of a paper: its number, its days, and who signed it, in whose place and when.

Of the plan's own paper it is what the plan says (`document`); of the others what the entries say:
signatures and document numbers in their data.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

import evalflow
from evalflow_forms.sheet import Paper
from evalflow_forms.sources import Sources

STOOD_IN = "代"
"""Before the one who acted in the place of somebody absent (대결)."""

SIGNED = "(서명)"
"""In the box of one who signed on a day that is not written."""


def of_plan(sources: Sources) -> Paper:
    """Return the paper by which the plan was approved (R49)."""
    paper = sources.head.document
    signed = {}
    for each in paper.signed_by:
        lines = [f"{each.signed_on:%m/%d}"] if each.signed_on else []
        if each.acting:
            lines.append(f"{STOOD_IN} {each.acting}")
        elif not each.signed_on and paper.approved_on:
            lines.append(SIGNED)
        signed[each.title] = "\n".join(lines)
    return Paper(
        number=paper.number or "",
        registered=paper.registered_on,
        approved=paper.approved_on,
        signed=signed,
        cooperation=", ".join(
            f"{each.title}({STOOD_IN} {each.acting})" if each.acting else each.title
            for each in paper.consulted
        ),
        attachments=paper.attachments,
    )


def boxes_of_plan(sources: Sources) -> tuple[str, ...]:
    """Return the sign-off line that the plan's own paper has."""
    return tuple(each.title for each in sources.head.document.signed_by)


def submitted(sources: Sources) -> Paper:
    """Return the paper that a bureau submitted in the period: what all projects of the form bear
    alike. A role's box is filled where it signed every one of them."""
    numbers: dict[str, None] = {}
    registered: list[dt.date] = []
    for standing in sources.standings:
        for entry in _of_one(sources, standing.history):
            if not sources.events[entry.event].together:
                continue
            number, day = document(sources, entry)
            if number:
                numbers[number] = None
                registered.append(day)
    return attrs.evolve(
        _signed_by_all(sources),
        number=", ".join(numbers),
        registered=max(registered, default=None),
    )


def document(sources: Sources, entry: evalflow.Entry) -> tuple[str, dt.date]:
    """Return the number of the document that an entry names, or nothing, and the day on which it
    was registered: as it says, else the day of the entry."""
    for field in _fields(sources, entry):
        said = entry.data.get(field.name) if field.type == "document" else None
        if isinstance(said, Mapping):
            day = said.get("registered_on")
            on = dt.date.fromisoformat(str(day)) if day else day_of(sources, entry)
            return str(said.get("number", "")), on
        if said:
            return str(said), day_of(sources, entry)
    return "", day_of(sources, entry)


def day_of(sources: Sources, entry: evalflow.Entry) -> dt.date:
    """Return the office's day of an entry."""
    return entry.at.astimezone(sources.zone).date()


def records_of(sources: Sources, entry: evalflow.Entry) -> tuple[str, ...]:
    """Return what an entry's event records: the names of its actions."""
    event = sources.events.get(entry.event)
    return () if event is None else tuple(event.actions)


def place_of(sources: Sources, actor: str, day: dt.date) -> str:
    """Return an actor's place in the office (`교육지원과 사업부서의 장`); never an id."""
    for grant in sources.held.get(actor, ()):
        if grant.on_behalf_of is None and grant.holds_on(day):
            role = sources.roles.get(grant.role, grant.role)
            if grant.unit == sources.head.office:
                return role
            return f"{sources.name(grant.unit)} {role}"
    return ""


def given(sources: Sources, entry: evalflow.Entry, kind: str) -> Any:
    """Return what an entry says in its field of this type; None where it has none."""
    for field in _fields(sources, entry):
        if field.type == kind and entry.data.get(field.name):
            return entry.data[field.name]
    return None


def _fields(sources: Sources, entry: evalflow.Entry) -> tuple[Any, ...]:
    event = sources.events.get(entry.event)
    return () if event is None else tuple(event.data)


@attrs.frozen(kw_only=True)
class Signed:
    """One signature of a paper: in which role, who, whether in the place of somebody absent, on
    which day; `draft` says that it was the draft (기안)."""

    role: str
    actor: str
    stood_in: bool
    on: dt.date
    draft: bool = False

    def text(self, sources: Sources) -> str:
        """Return what stands in the box: the day, and 代 with the place of who acted."""
        mark = f"{STOOD_IN} {place_of(sources, self.actor, self.on)}".rstrip()
        return f"{self.on:%m/%d}" + (f"\n{mark}" if self.stood_in else "")


def sign_line(sources: Sources, entries: Iterable[evalflow.Entry]) -> list[Signed]:
    """Return the signatures that hold after these entries, in their order: acts of those who
    signed, what was entered from paper, and, where a lifecycle has no acts of signing, what the
    submission says. A draft, a return and a new self-evaluation void those before."""
    found: list[Signed] = []
    for entry in entries:
        records = records_of(sources, entry)
        if {"self_rating", "drafted", "unsigned"} & set(records):
            found = []
        if {"drafted", "signature"} & set(records):
            found.append(
                Signed(
                    role=entry.role,
                    actor=entry.actor,
                    stood_in=entry.on_behalf_of is not None,
                    on=day_of(sources, entry),
                    draft="drafted" in records,
                )
            )
        for field in _fields(sources, entry):
            for each in (entry.data.get(field.name) or ()) if field.type == "sign_off" else ():
                said = each.get("on")
                found.append(
                    Signed(
                        role=each["role"],
                        actor=each["actor"],
                        stood_in="for" in each,
                        on=dt.date.fromisoformat(said) if said else day_of(sources, entry),
                    )
                )
    return found


def _signed_by_all(sources: Sources) -> Paper:
    """Return the signatures of the roles that signed every project of the form: what stands in
    their boxes, the last day of them, and the day of the draft."""
    lines = [
        sign_line(sources, _of_one(sources, standing.history)) for standing in sources.standings
    ]
    signed: dict[str, str] = {}
    days = []
    for role, name in sources.roles.items():
        of_role = [
            [each for each in line if each.role == role and not each.draft] for line in lines
        ]
        if lines and all(of_role):
            last = max((each[-1] for each in of_role), key=lambda each: each.on)
            signed[name] = last.text(sources)
            days.append(last.on)
    drafts = [each.on for line in lines for each in line if each.draft]
    return Paper(
        signed=signed,
        approved=max(days, default=None),
        drafted=max(drafts) if len(drafts) == len(lines) and drafts else None,
    )


def evaluating(sources: Sources) -> set[str]:
    """Return the regions in which projects are evaluated."""
    return {event.leads for event in sources.events.values() if "self_rating" in event.actions}


def _of_one(sources: Sources, entries: Iterable[evalflow.Entry]) -> Iterator[evalflow.Entry]:
    """Yield the entries that are about the period's evaluation, not about a change."""
    regions = evaluating(sources)
    for entry in entries:
        event = sources.events.get(entry.event)
        if entry.period == sources.period and event is not None and event.leads in regions:
            yield entry
