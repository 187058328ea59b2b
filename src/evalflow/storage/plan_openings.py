"""Opening balances: what a store from before plans had a history of their own says of each plan.

They are worked out from what the store holds and from nothing else, so that every copy of it is
brought up to date with the same entries.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from evalflow.model.canonical import digest
from evalflow.model.plan_history import OPENING, PlanEntry

NEVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
"""The time of an opening balance that covers no entry."""


def openings(
    revisions: Iterable[Sequence[Any]],
    projects: Iterable[Sequence[Any]],
    lifecycles: Iterable[Sequence[Any]],
) -> list[PlanEntry]:
    """Return the opening balance of each plan. `revisions` are rows of (plan, revision, effective,
    tree) in order; `projects` of (plan, number, version, head, lifecycle, time of the last entry)
    in the order of projects; `lifecycles` of (fingerprint, tree)."""
    texts = {row[0]: digest(row[1]) for row in lifecycles}
    known: dict[str, list[list[str]]] = {}
    for plan, _, effective, tree in revisions:
        known.setdefault(plan, []).append([effective, digest(tree)])
    stood: dict[str, list[Sequence[Any]]] = {plan: [] for plan in known}
    for row in projects:
        if row[0] in stood:
            stood[row[0]].append(row)
    return [_opening(plan, known[plan], stood[plan], texts) for plan in sorted(known)]


def _opening(
    plan: str,
    revisions: list[list[str]],
    projects: list[Sequence[Any]],
    texts: Mapping[str, str],
) -> PlanEntry:
    effective, seal = revisions[-1]
    times = [time for row in projects if (time := _time(row[5])) is not None]
    return PlanEntry(
        plan=plan,
        number=1,
        event=OPENING,
        actor="",
        role="",
        at=max(times, default=NEVER),
        revision=len(revisions),
        effective=effective,
        head_before="",
        head_after=seal,
        lifecycle=projects[0][4] if projects else "",
        data={
            "revisions": revisions,
            "projects": {row[1]: [row[2], row[3]] for row in projects},
            "lifecycles": {row[4]: texts[row[4]] for row in projects if row[4] in texts},
        },
    ).sealed()


def _time(text: Any) -> dt.datetime | None:
    """Return the time, None where somebody edited it to none: the upgrade goes on, and `verify`
    tells of it."""
    try:
        time = dt.datetime.fromisoformat(text)
        return None if time.tzinfo is None else time.astimezone(dt.UTC)
    except (TypeError, ValueError, OverflowError):
        return None
