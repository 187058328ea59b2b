"""Where a plan's projects stood at a moment: the one source of what `status` and reports show."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from evalflow.decision.corrected import Correction, corrections
from evalflow.engine.engine import Engine
from evalflow.errors import NotFound
from evalflow.lifecycle.definition import Lifecycle, states_text
from evalflow.model import Entry, Label, PlanHead, Project, ProjectDefinition, Rating
from evalflow.model.arguments import checked
from evalflow.model.calendar import Calendar, Period
from evalflow.model.moments import utc
from evalflow.model.values import frozen
from evalflow.scoring.bands import band_label
from evalflow.scoring.rollup import RollUp, roll_up

if TYPE_CHECKING:
    from evalflow.audit.verification import Checkpoint
    from evalflow.decision.deadlines import Due

GROUPINGS = ("unit", "bureau", "field", "state", "band", "period")
"""What projects can be counted by."""


@frozen(kw_only=True)
class ProjectOverview:
    """One project as it stood at the moment.

    Attributes:
        project: its states, period, unit and band then.
        definition: what its period is measured against.
        unit, bureau, field: the names that these bore on the day; bureau None where it is in
            none.
        ratings: period -> the rating that counted, up to the report's period.
        facts: the latest of every data field given in the report's period.
        pending: the entry that requested a change which had not come to its end, or None.
        corrections: actuals up to the report's period that were corrected after they had been
            fixed (G6).
    """

    project: Project
    definition: ProjectDefinition
    lifecycle: Lifecycle
    unit: Label
    bureau: Label | None
    field: Label
    ratings: Mapping[str, Rating]
    facts: Mapping[str, Any]
    pending: Entry | None
    corrections: tuple[Correction, ...] = ()

    def states(self, lang: str = "ko") -> str:
        """Return the labels of its states; a further region in its initial state is quiet."""
        return states_text(self.lifecycle, self.project.states, lang)


@frozen(kw_only=True)
class Overview:
    """A plan at a moment.

    Attributes:
        period: what it speaks of; `periods` are the plan's up to it.
        at: the moment; `day` the office's day then.
        dues: what was owed then, the most urgent first.
        rates: the roll-up of the period's ratings, by bureau.
        revision, checkpoint: what it was made from.
    """

    head: PlanHead
    period: Period
    periods: tuple[Period, ...]
    at: dt.datetime
    day: dt.date
    zone: dt.tzinfo
    standings: tuple[ProjectOverview, ...]
    dues: tuple[Due, ...]
    rates: RollUp
    revision: int
    checkpoint: Checkpoint

    def rating(self, standing: ProjectOverview) -> Rating | None:
        """Return the rating of the report's period."""
        return standing.ratings.get(self.period.text)


def count(
    engine: Engine, projects: Iterable[Project], by: str, lang: str = "ko"
) -> dict[tuple[str, str], int]:
    """Return how many of the projects stand where: (name of the group, label of the leading
    state) -> number, both in the order of appearance. `by` is one of `GROUPINGS`."""
    counted: Counter[tuple[str, str]] = Counter()
    for project in projects:
        lifecycle = engine.plans.lifecycle(project.lifecycle)
        leading = lifecycle.states[project.states[0]].label.text(lang)
        counted[_group(engine, project, lifecycle, by, lang), leading] += 1
    return dict(counted)


def _group(engine: Engine, project: Project, lifecycle: Lifecycle, by: str, lang: str) -> str:
    head = engine.plans.head(project.plan)
    if by == "field":
        return head.fields[project.field].text(lang)
    if by == "band":
        return band_label(head.scoring.bands, project.band).text(lang)
    if by == "period":
        return project.period
    if by == "state":
        return states_text(lifecycle, project.states, lang)
    day = engine.plans.calendar(project.plan).today(engine.clock())
    unit: str | None = project.unit
    if by == "bureau":
        unit = head.ancestor(project.unit, "bureau")
    return "-" if unit is None else head.unit(unit).label_on(day).text(lang)


@checked
def overview(
    engine: Engine,
    plan_id: str,
    *,
    period: str | None = None,
    unit: str | None = None,
    at: dt.datetime | None = None,
) -> Overview:
    """Return how the plan stood at `at` (None: just before the first project left `period`, or
    now where none has). `period` None is the one in which the office's day
    lies. `unit` limits it to a unit and what is below.

    Raises:
        NotFound: no such plan, unit or period, or nothing was there at that moment.
    """
    moment = None if at is None else utc(at)
    with engine.reading() as then:
        return _overview(then, plan_id, period=period, unit=unit, at=moment)


def _overview(
    engine: Engine, plan_id: str, *, period: str | None, unit: str | None, at: dt.datetime | None
) -> Overview:
    head = engine.plans.head(plan_id)
    if unit is not None and unit not in head.units:
        raise NotFound("unit", unit, tuple(head.units))
    chosen = _period(engine, plan_id, period, at)
    moment = at or _last_moment(engine, plan_id, chosen.text) or utc(engine.clock())
    if next(iter(engine.projects(at=moment, plan=plan_id)), None) is None:
        raise NotFound("plan", f"{plan_id} {moment.isoformat()}")
    from evalflow.audit.verification import Checkpoint  # `status` asks for no overview

    terms = engine.rules.then(plan_id, moment)
    head, revision, calendar = terms.head, terms.head.revision, terms.calendar
    day = calendar.today(moment)
    where: dict[str, Any] = {"plan": plan_id} if unit is None else {"plan": plan_id, "unit": unit}
    measured = terms.in_force(chosen.text)
    definitions = {each.id: each for each in engine.plans.definitions(plan_id, revision=measured)}
    projects = {project.id: project for project in engine.projects(at=moment, **where)}
    stands: dict[str, ProjectOverview] = {}
    entries = 0
    for name, history in _histories(engine, plan_id, moment):  # one at a time: they are large
        entries += len(history)
        if name in projects:
            stands[name] = _standing(
                engine, head, projects[name], definitions, history, chosen, calendar, day
            )
    standings = tuple([stands[name] for name in projects])
    names = {each.project.id: each.bureau.ko if each.bureau else None for each in standings}
    rates = roll_up(
        [rating for each in standings if (rating := each.ratings.get(chosen.text)) is not None],
        key=lambda rating: names[rating.project],
        places=head.scoring.places,
        bands=head.scoring.bands,
    )
    upto = Checkpoint(plan=plan_id, revisions=revision, entries=entries, hash="")
    return Overview(
        head=head,
        period=chosen,
        periods=tuple(each for each in calendar.periods() if each <= chosen),
        at=moment,
        day=day,
        zone=calendar.zone,
        standings=standings,
        dues=engine.due(moment, **where),
        rates=rates,
        revision=revision,
        checkpoint=engine.audit.checkpoint(plan_id, upto=upto),
    )


def _period(
    engine: Engine,
    plan_id: str,
    text: str | None,
    at: dt.datetime | None,
) -> Period:
    """Return the period asked for; without one that in which the office's day lies (the plan's
    first or last, where it lies before or after them)."""
    calendar = engine.plans.calendar(plan_id)
    known = {each.text: each for each in calendar.periods()}
    if text is None:
        today = calendar.today(at or engine.clock())
        begun = [each.text for each in known.values() if each.start <= today]
        text = (begun or list(known))[-1 if begun else 0]
    if text not in known:
        raise NotFound("period", text, tuple(known))
    return known[text]


def _last_moment(engine: Engine, plan_id: str, period: str) -> dt.datetime | None:
    """Return the moment just before the first project left the period, or None."""
    if all(project.period == period for project in engine.projects(plan=plan_id)):
        return None
    entries = engine.storage.histories(plan_id)
    left = [entry.at for entry in entries if entry.period == period != entry.period_after]
    return min(left) - dt.timedelta(microseconds=1) if left else None


def _histories(
    engine: Engine, plan_id: str, moment: dt.datetime
) -> Iterator[tuple[str, list[Entry]]]:
    """Yield each of the plan's projects with its entries up to the moment."""
    found = groupby(engine.storage.histories(plan_id), key=lambda entry: entry.project)
    for name, entries in found:
        yield name, [entry for entry in entries if entry.at <= moment]


def _standing(
    engine: Engine,
    head: PlanHead,
    project: Project,
    definitions: Mapping[str, ProjectDefinition],
    history: Sequence[Entry],
    period: Period,
    calendar: Calendar,
    day: dt.date,
) -> ProjectOverview:
    lifecycle = engine.plans.lifecycle(project.lifecycle)
    ratings: dict[str, Rating] = {}
    facts: dict[str, Any] = {}
    requested: Entry | None = None
    for entry in history:
        if entry.rating is not None and entry.evaluated <= period.text:
            ratings[entry.evaluated] = Rating.from_tree(entry.rating)
        if entry.period == entry.period_after and entry.evaluated == period.text:
            facts.update(entry.data)
        event = lifecycle.events.get(entry.event)
        if event is not None and {"change", "change_report"} & set(event.actions):
            requested = entry
    if requested is not None:
        leads = lifecycle.events[requested.event].leads
        place = list(lifecycle.regions).index(leads)
        if project.states[place] == lifecycle.regions[leads].initial:
            requested = None
    bureau = head.ancestor(project.unit, "bureau")
    upto = [each.text for each in calendar.periods() if each <= period]
    return ProjectOverview(
        project=project,
        definition=definitions.get(project.id) or engine.plans.definition(project.id),
        lifecycle=lifecycle,
        unit=head.unit(project.unit).label_on(day),
        bureau=None if bureau is None else head.unit(bureau).label_on(day),
        field=head.fields[project.field],
        ratings=ratings,
        facts=facts,
        pending=requested,
        corrections=tuple(corrections(history, lifecycle, calendar.zone, upto)),
    )
