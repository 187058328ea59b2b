"""What is recorded of a paper: its number, its days, and who signed it, in whose place and when.

Of the plan's own paper it is what the plan says (`document`); of the others what the entries say:
signatures and document numbers in their data.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

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
    for entry in _of_period(sources):
        if "sign_off" not in _types(sources, entry):
            continue
        number, day = document(sources, entry)
        if number:
            numbers[number] = None
            registered.append(day)
    signed, approved = _signed_by_all(sources)
    return Paper(
        number=", ".join(numbers),
        registered=max(registered, default=None),
        approved=approved,
        signed=signed,
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
    for grant in sources.head.directory.get(actor, ()):
        if grant.on_behalf_of is None and grant.holds_on(day):
            role = sources.roles.get(grant.role, grant.role)
            if grant.unit == sources.head.office:
                return role
            return f"{sources.name(grant.unit)} {role}"
    return ""


def _fields(sources: Sources, entry: evalflow.Entry) -> tuple[Any, ...]:
    event = sources.events.get(entry.event)
    return () if event is None else tuple(event.data)


def _types(sources: Sources, entry: evalflow.Entry) -> set[str]:
    return {field.type for field in _fields(sources, entry)}


def _of_period(sources: Sources) -> Iterator[evalflow.Entry]:
    for standing in sources.standings:
        for entry in standing.history:
            if entry.period == sources.period:
                yield entry


def _signatures(
    sources: Sources, entries: Iterable[evalflow.Entry], role: str
) -> Iterator[tuple[dt.date, str]]:
    """Yield day and text of every signature of a role: 代 and the place of who acted for it."""
    for entry in entries:
        if entry.period != sources.period:
            continue
        for each in entry.data.get("sign_off") or ():
            if each["role"] != role:
                continue
            said = each.get("on")
            day = dt.date.fromisoformat(said) if said else day_of(sources, entry)
            stood_in = "for" in each
            mark = f"{STOOD_IN} {place_of(sources, each['actor'], day)}" if stood_in else ""
            yield day, mark.rstrip()


def _signed_by_all(sources: Sources) -> tuple[dict[str, str], dt.date | None]:
    """Return what stands in the boxes of the roles that signed every project of the form, and the
    last day of them."""
    found: dict[str, str] = {}
    last: dt.date | None = None
    for role, name in sources.roles.items():
        signatures = []
        for standing in sources.standings:
            of_one = list(_signatures(sources, standing.history, role))
            if not of_one:
                break
            signatures.append(max(of_one))
        else:
            if signatures:
                day, mark = max(signatures)
                found[name] = f"{day:%m/%d}\n{mark}".rstrip()
                last = max(last, day) if last else day
    return found, last
