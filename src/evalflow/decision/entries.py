"""The one maker of entries: a line of history that follows on where a project or plan stands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from evalflow.lifecycle.definition import Lifecycle
from evalflow.model import Entry, PlanEntry, PlanHead, PlanMove, Project, ProjectDefinition
from evalflow.model.canonical import Tree, canonical, digest
from evalflow.model.changed import changed
from evalflow.model.history import sealed_at_once
from evalflow.storage.contract import visits_after

CHANGE = "change"
"""The event of a plan's entry by which approved changes of projects make its next revision."""


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
    plan_head: str,
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
    entry = Entry(
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
        plan_head=plan_head,
        previous=project.head,
    )
    return sealed_at_once(entry)


def moved(project: Project, entry: Entry, **changes: Any) -> Project:
    """Return where the project stands after the entry; `changes` are what else is different."""
    changes.setdefault("unit", entry.unit)
    if "visits" not in changes:
        changes["visits"] = visits_after(project, entry.after)
    return changed(
        project,
        states=entry.after,
        period=entry.period_after,
        version=entry.number,
        lifecycle=entry.lifecycle,
        head=entry.hash,
        **changes,
    )


def plan_following(
    last: PlanEntry | None,
    *,
    plan: str,
    event: str,
    actor: str,
    role: str,
    at: dt.datetime,
    on_behalf_of: str | None = None,
    reason: str | None = None,
    head: PlanHead | None = None,
    lifecycle: str | None = None,
    data: Tree = None,
) -> PlanMove:
    """Return the plan's next entry, sealed with its hash, after the `last` one (None: there is
    none yet). `head` is the revision that it puts into force, None where it makes none; `None`
    leaves the lifecycle as it is.

    Raises:
        ValueError: there is neither an entry before it nor a revision.
    """
    if head is not None:
        revision, effective, seal = head.revision, head.effective, digest(canonical(head.tree))
    elif last is not None:
        revision, effective, seal = last.revision, last.effective, last.head_after
    else:
        raise ValueError("a plan begins with its first revision")
    entry = PlanEntry(
        plan=plan,
        number=1 if last is None else last.number + 1,
        event=event,
        actor=actor,
        role=role,
        on_behalf_of=on_behalf_of,
        at=at,
        revision=revision,
        effective=effective,
        head_before="" if last is None else last.head_after,
        head_after=seal,
        lifecycle=lifecycle or ("" if last is None else last.lifecycle),
        reason=reason,
        data={} if data is None else data,
        previous="" if last is None else last.hash,
    ).sealed()
    return PlanMove(entry=entry, head=head)


def sections(before: PlanHead | None, after: PlanHead) -> list[str]:
    """Return the keys of the plan under which it says something else than before."""
    if before is None:
        return []
    from evalflow.plan.differences import unnumbered

    one, other = unnumbered(before), unnumbered(after)
    return sorted(
        key for key in {*one, *other} if canonical(one.get(key)) != canonical(other.get(key))
    )


def rules_seal(lifecycle: Lifecycle) -> dict[str, str]:
    """Return what a plan's entry says of the lifecycle that it brings: the SHA-256 of its text. Its
    name, the fingerprint, holds but 48 bits of that: another text could be made to bear it."""
    return {lifecycle.fingerprint: digest(canonical(lifecycle.tree))}


def seals(definitions: Iterable[ProjectDefinition]) -> dict[str, str]:
    """Return the digest of each definition's text, by number."""
    return {each.number: digest(canonical(each.tree)) for each in definitions}
