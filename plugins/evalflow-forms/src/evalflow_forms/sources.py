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
from evalflow.plugins import Correction, FormRequest, Rating, corrections

_NOTHING: Mapping[str, Any] = {}


@attrs.frozen(kw_only=True)
class ProjectOverview:
    """One project in one period: its definition then, its rating, and what was said.

    `facts` are the latest of every field that was given in the period; `spent` the money given
    so far in all periods up to this one, None where a period of them has none, `spending` what was
    given by period. `months` is what was done in each month, of all periods up to this one.
    `history` are all entries up to the moment. `corrections` are the actuals of periods up
    to this one that were corrected after they had been fixed (G6).
    """

    definition: evalflow.ProjectDefinition
    unit: str
    rating: Rating | None
    facts: Mapping[str, Any]
    spent: int | None
    spending: Mapping[str, int]
    months: Mapping[str, str]
    history: tuple[evalflow.Entry, ...]
    corrections: tuple[Correction, ...] = ()


@attrs.frozen(kw_only=True)
class Sources:
    """A plan and where its projects stood; see `gather`.

    `day` is the day whose names and responsibilities hold, `last` that of the latest entry.
    `events` are the lifecycle's, `plans` the names of all plans of the store. `held` says who held
    what: the plan's people, and what entries keep of the host's.
    """

    head: evalflow.PlanHead
    period: str
    periods: tuple[evalflow.Period, ...]
    day: dt.date
    last: dt.date
    zone: dt.tzinfo
    unit: str
    standings: tuple[ProjectOverview, ...]
    definitions: Mapping[int, Mapping[str, evalflow.ProjectDefinition]]
    at: dt.datetime
    revision: int
    lifecycle: str
    checkpoint: str
    roles: Mapping[str, str]
    events: Mapping[str, Any]
    plans: Mapping[str, str]
    held: Mapping[str, tuple[evalflow.Grant, ...]]

    def period_label(self, period: str | None = None) -> str:
        """Return a period's name, e.g. 2016년 2분기; without one that of the form."""
        wanted = period or self.period
        return next((p.label.ko for p in self.periods if p.text == wanted), wanted)

    def upto(self) -> tuple[evalflow.Period, ...]:
        """Return the plan's periods up to the form's."""
        return tuple(each for each in self.periods if each.text in self._names())

    def _names(self) -> list[str]:
        names = [each.text for each in self.periods]
        return names[: names.index(self.period) + 1]

    def name(self, unit: str) -> str:
        """Return a unit's name on the form's day."""
        return self.head.unit(unit).label_on(self.day).ko


def gather(engine: evalflow.Engine, request: FormRequest, on: dt.date | None = None) -> Sources:
    """Return what the request asks for. `on` is the day whose names and responsibilities hold;
    None: the office's day at the moment that is asked for.

    Raises:
        NotFound: no such plan, unit, project or period, or nothing was there at that moment.
    """
    with engine.reading() as then:
        return _gather(then, request, on)


def _gather(engine: evalflow.Engine, request: FormRequest, on: dt.date | None) -> Sources:
    head = engine.plans.head(request.plan)
    at = request.at or engine.clock()
    histories: dict[str, list[evalflow.Entry]] = {}
    entries = 0
    latest: evalflow.Entry | None = None
    for entry in engine.storage.histories(request.plan):
        if entry.at > at:
            continue
        histories.setdefault(entry.project, []).append(entry)
        entries += 1
        latest = entry if latest is None or entry.at >= latest.at else latest
    if latest is None:
        raise evalflow.NotFound("plan", f"{request.plan} {at.isoformat()}")
    revision = max(entry.revision for all_of in histories.values() for entry in all_of)
    period, known = _period(engine, request, at)
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
    newest = {each.id: each for each in engine.plans.definitions(request.plan, revision=revision)}
    last = calendar.today(latest.at)
    day = on or _settled(head, newest, last, calendar.today(at))
    standings = []
    lifecycle = engine.plans.lifecycle(latest.lifecycle)
    upto = known[: known.index(period) + 1]
    for project_id, definition in definitions[measured].items():
        history = histories.get(project_id)
        if history is None:
            continue
        if request.number is not None and definition.number != request.number:
            continue
        belongs = newest.get(project_id, definition).unit_on(day)
        if belongs in below:
            standing = _standing(definition, belongs, period, upto, history)
            found = corrections(history, lifecycle, calendar.zone, upto)
            standings.append(attrs.evolve(standing, corrections=tuple(found)))
    if request.number is not None and not standings:
        raise evalflow.NotFound(
            "project",
            f"{request.plan}/{request.number}",
            tuple(each for each in definitions[measured]),
        )
    point = engine.audit.checkpoint(
        request.plan,
        upto=evalflow.Checkpoint(plan=request.plan, revisions=revision, entries=entries, hash=""),
    )
    return Sources(
        head=head,
        period=period,
        periods=calendar.periods(),
        day=day,
        last=last,
        zone=calendar.zone,
        unit=unit,
        standings=tuple(standings),
        definitions=definitions,
        at=latest.at,
        revision=revision,
        lifecycle=f"{lifecycle.name} v{lifecycle.version}",
        checkpoint=str(point),
        roles={name: role.label.ko for name, role in lifecycle.roles.items()},
        events=lifecycle.events,
        plans={each: engine.plans.head(each).label.ko for each in engine.plans.ids()},
        held=_held(head, histories),
    )


def _held(
    head: evalflow.PlanHead, histories: Mapping[str, list[evalflow.Entry]]
) -> dict[str, tuple[evalflow.Grant, ...]]:
    held = dict(head.directory)
    for entry in (each for history in histories.values() for each in history):
        for actor, grants in (evalflow.host_said(entry.data) or {}).items():
            held[actor] = tuple(dict.fromkeys((*held.get(actor, ()), *grants)))
    return held


def _settled(
    head: evalflow.PlanHead,
    definitions: Mapping[str, evalflow.ProjectDefinition],
    last: dt.date,
    today: dt.date,
) -> dt.date:
    """Return the last day up to `today` on which a name or who answers for a project changed; at
    least that of the latest entry. Until the next such day a form is printed alike."""
    days = [last]
    for unit in head.units.values():
        days += [each.on for each in unit.renamed]
    for definition in definitions.values():
        days += [each.since for each in definition.assignments if each.since is not None]
    return max(each for each in days if each <= max(today, last))


def _period(
    engine: evalflow.Engine, request: FormRequest, at: dt.datetime
) -> tuple[str, list[str]]:
    """Return the period that is asked for, and all there are; by itself it is the one in which
    the office's day lies (the plan's first or last, where that lies before or after them)."""
    calendar = engine.plans.calendar(request.plan)
    periods = calendar.periods()
    known = [each.text for each in periods]
    if request.period is not None:
        return request.period, known
    today = calendar.today(at)
    begun = [each.text for each in periods if each.start <= today]
    return (begun or known[:1])[-1], known


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
    months: dict[str, str] = {}
    for entry in history:
        if entry.data.get("spent") is not None:
            spent[entry.period] = int(entry.data["spent"])
        if entry.period in upto:
            months.update(entry.data.get("progress_by_month") or {})
        if entry.evaluated != period or entry.period_after != entry.period:
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
        spending={each: spent[each] for each in upto if each in spent},
        months=months,
        history=tuple(history),
    )
