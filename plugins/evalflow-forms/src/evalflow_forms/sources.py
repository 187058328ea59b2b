"""What a form is made from: the plan and the histories of one office up to one moment.

History is the truth: figures are taken from the entries, so that a form for a past moment is
made the same way as one for now.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import attrs

import evalflow
from evalflow.plugins import FormRequest, Rating

_NOTHING: Mapping[str, Any] = {}


@attrs.frozen(kw_only=True)
class ProjectOverview:
    """One project in one period: its definition then, its rating, and what was said.

    `facts` are the latest of every field that was given in the period; `spent` the money given
    so far in all periods up to this one, None where a period of them has none. `history` are all
    entries up to the moment.
    """

    definition: evalflow.ProjectDefinition
    unit: str
    rating: Rating | None
    facts: Mapping[str, Any]
    spent: int | None
    history: tuple[evalflow.Entry, ...]


@attrs.frozen(kw_only=True)
class Sources:
    """A plan and where its projects stood; see `gather`."""

    head: evalflow.PlanHead
    period: str
    day: dt.date
    zone: dt.tzinfo
    unit: str
    standings: tuple[ProjectOverview, ...]
    definitions: Mapping[int, Mapping[str, evalflow.ProjectDefinition]]
    at: dt.datetime
    revision: int
    lifecycle: str
    checkpoint: str
    roles: Mapping[str, str]


def gather(engine: evalflow.Engine, request: FormRequest) -> Sources:
    """Return what the request asks for.

    Raises:
        NotFound: no such plan, unit, project or period, or nothing was there at that moment.
    """
    head = engine.plans.head(request.plan)
    at = request.at or engine.clock()
    histories: dict[str, list[evalflow.Entry]] = {}
    entries = 0
    latest: evalflow.Entry | None = None
    for _, entry in engine.storage.entries():
        if entry.project.rpartition("/")[0] != request.plan or entry.at > at:
            continue
        histories.setdefault(entry.project, []).append(entry)
        entries += 1
        latest = entry if latest is None or entry.at >= latest.at else latest
    if latest is None:
        raise evalflow.NotFound("plan", f"{request.plan} {at.isoformat()}")
    revision = max(entry.revision for all_of in histories.values() for entry in all_of)
    period = request.period or latest.period
    known = [each.text for each in engine.plans.calendar(request.plan).periods()]
    if period not in known:
        raise evalflow.NotFound("period", period, known)
    head = engine.plans.head(request.plan, revision=revision)
    terms = engine.rules.terms(request.plan, revision)
    measured = terms.in_force(period)
    definitions = {
        number: {each.id: each for each in engine.plans.definitions(request.plan, revision=number)}
        for number in range(1, revision + 1)
    }
    unit = request.unit or head.office
    if unit not in head.units:
        raise evalflow.NotFound("unit", unit, tuple(head.units))
    below = head.below(unit)
    calendar = terms.calendar
    day = calendar.today(latest.at)
    last = next(each.end for each in calendar.periods() if each.text == period)
    standings = []
    upto = known[: known.index(period) + 1]
    for project_id, definition in definitions[measured].items():
        history = histories.get(project_id)
        if history is None:
            continue
        if request.number is not None and definition.number != request.number:
            continue
        belongs = definition.unit_on(last)
        if belongs in below:
            standings.append(_standing(definition, belongs, period, upto, history))
    if request.number is not None and not standings:
        raise evalflow.NotFound(
            "project",
            f"{request.plan}/{request.number}",
            tuple(each for each in definitions[measured]),
        )
    lifecycle = engine.plans.lifecycle(latest.lifecycle)
    point = engine.audit.checkpoint(
        request.plan,
        upto=evalflow.Checkpoint(plan=request.plan, revisions=revision, entries=entries, hash=""),
    )
    return Sources(
        head=head,
        period=period,
        day=day,
        zone=calendar.zone,
        unit=unit,
        standings=tuple(standings),
        definitions=definitions,
        at=latest.at,
        revision=revision,
        lifecycle=f"{lifecycle.name} v{lifecycle.version}",
        checkpoint=str(point),
        roles={name: role.label.ko for name, role in lifecycle.roles.items()},
    )


def _standing(
    definition: evalflow.ProjectDefinition,
    unit: str,
    period: str,
    upto: list[str],
    history: list[evalflow.Entry],
) -> ProjectOverview:
    rating = None
    facts: dict[str, Any] = {}
    spent: dict[str, int] = {}
    for entry in history:
        if entry.data.get("spent") is not None:
            spent[entry.period] = int(entry.data["spent"])
        if entry.period != period or entry.period_after != period:
            continue
        if entry.rating is not None:
            rating = Rating.from_tree(entry.rating)
        facts.update(entry.data)
    known = all(each in spent for each in upto)
    return ProjectOverview(
        definition=definition,
        unit=unit,
        rating=rating,
        facts=facts,
        spent=sum(spent[each] for each in upto) if known else None,
        history=tuple(history),
    )
