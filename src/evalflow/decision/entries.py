"""The one maker of entries: a line of history that follows on where a project stands."""

from __future__ import annotations

import datetime as dt
from typing import Any

import attrs

from evalflow.model import Entry, Project
from evalflow.model.canonical import Tree
from evalflow.storage.contract import visits_after


def following(
    project: Project,
    *,
    event: str,
    actor: str,
    role: str,
    at: dt.datetime,
    after: tuple[str, ...],
    unit: str,
    revision: int,
    on_behalf_of: str | None = None,
    period_after: str | None = None,
    lifecycle: str | None = None,
    reason: str | None = None,
    data: Tree = None,
    rating: Tree = None,
    evaluation: str = "",
    late: int | None = None,
    key: str | None = None,
) -> Entry:
    """Return the project's next entry, sealed with its hash; `None` leaves the period and the
    lifecycle as they are."""
    return Entry(
        project=project.id,
        number=project.version + 1,
        event=event,
        actor=actor,
        role=role,
        on_behalf_of=on_behalf_of,
        at=at,
        before=project.states,
        after=after,
        period=project.period,
        period_after=project.period if period_after is None else period_after,
        unit=unit,
        revision=revision,
        lifecycle=project.lifecycle if lifecycle is None else lifecycle,
        reason=reason,
        data={} if data is None else data,
        rating=rating,
        evaluation=evaluation,
        late=late,
        key=key,
        previous=project.head,
    ).sealed()


def moved(project: Project, entry: Entry, **changes: Any) -> Project:
    """Return where the project stands after the entry; `changes` are what else is different."""
    changes.setdefault("unit", entry.unit)
    if "visits" not in changes:
        changes["visits"] = visits_after(project, entry.after)
    return attrs.evolve(
        project,
        states=entry.after,
        period=entry.period_after,
        version=entry.number,
        lifecycle=entry.lifecycle,
        head=entry.hash,
        **changes,
    )
