"""Small valid values for tests: a plan, projects in it, and what comes after them.

    submitted = given_project(storage, "seodaemun-2016/6", state="submitted")
    storage.commit(entry_after(submitted, "review", by="policy-1"))

What is not said is made up, always in the same way; hashes are chained as the engine would.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import attrs

from evalflow import (
    Conflict,
    Entry,
    Evaluation,
    Label,
    PlanEntry,
    PlanHead,
    Project,
    ProjectDefinition,
    Unit,
)
from evalflow.plugins import Assignment, Band, CalendarRules, Line, Notice, Rating, ScoringRules
from evalflow.storage import Commit, Move, PlanMove, Storage, canonical, digest

BEGINNING = dt.datetime(2016, 1, 4, 0, 0, tzinfo=dt.UTC)
"""When a project is adopted, unless something else is said; later entries follow by the hour."""

LIFECYCLE = ("0" * 64, canonical({"lifecycle": "major-works", "version": 1}))
"""A lifecycle as a commit carries it: (fingerprint, text)."""

BEGIN = ("planned", "unchanged")
"""The states in which a project is adopted."""


def head(
    plan: str = "seodaemun-2016", *, revision: int = 1, effective: str = "2016-Q1"
) -> PlanHead:
    """Return a plan revision with one bureau of two departments."""
    units = {
        "seodaemun": Unit(id="seodaemun", kind="office", label=Label("서대문구", "Seodaemun-gu")),
        "welfare": Unit(
            id="welfare",
            kind="bureau",
            label=Label("복지문화국", "Welfare bureau"),
            parent="seodaemun",
        ),
    }
    for name, ko in (("education", "교육지원과"), ("youth", "아동청소년과")):
        units[name] = Unit(
            id=name, kind="department", label=Label(ko, name.title()), parent="welfare"
        )
    return PlanHead(
        id=plan,
        revision=revision,
        effective=effective,
        year=2016,
        label=Label("2016년 주요업무 시행 및 평가계획", "2016 key projects"),
        lifecycle=LIFECYCLE[0],
        units=units,
        office="seodaemun",
        directory={},
        calendar=CalendarRules(first="2016-Q1", last="2016-Q4"),
        scoring=ScoringRules(
            bands=(Band(name="on_track", label=Label("정상", "On track"), verdict="on_track"),)
        ),
        tree={"id": plan, "ko": "2016년 주요업무", "revision": revision, "units": sorted(units)},
    )


def revised(storage: Storage | None, head: PlanHead, **said: Any) -> PlanMove:
    """Return what puts a revision into force after the last entry of the plan's history in
    `storage` (None: after nothing); `said` is what its entry says otherwise."""
    last = None if storage is None else storage.plan_entry(head.id)
    number = 1 if last is None else last.number + 1
    entry = PlanEntry(
        plan=head.id,
        number=number,
        event="adopt" if last is None else "revise",
        actor="policy-1",
        role="policy_office",
        at=BEGINNING + dt.timedelta(minutes=number),
        revision=head.revision,
        effective=head.effective,
        head_before="" if last is None else last.head_after,
        head_after=digest(canonical(head.tree)),
        lifecycle=LIFECYCLE[0],
        reason=None if last is None else "조직 개편",
        data={"projects": {}, "sections": []},
        previous="" if last is None else last.hash,
    )
    return PlanMove(entry=attrs.evolve(entry, **said).sealed(), head=head)


def definition(
    project: str = "seodaemun-2016/6",
    *,
    unit: str = "education",
    assignments: Sequence[Assignment] | None = None,
    field: str = "culture_education",
    label: Label | None = None,
) -> ProjectDefinition:
    """Return what a plan says about a project; it has no indicators."""
    label = label or Label("서울형 혁신교육지구 운영", "Seoul innovative education district")
    given = (Assignment(unit=unit),) if assignments is None else tuple(assignments)
    return ProjectDefinition(
        id=project,
        number=project.rpartition("/")[2],
        label=label,
        field=field,
        assignments=given,
        indicators=(),
        tree={
            "ko": label.ko,
            "en": label.en,
            "field": field,
            "assignments": [
                [a.unit, a.since and a.since.isoformat(), a.until and a.until.isoformat()]
                for a in given
            ],
        },
    )


def adoption(
    project: str | ProjectDefinition = "seodaemun-2016/6",
    *,
    states: tuple[str, ...] = BEGIN,
    unit: str = "education",
    at: dt.datetime = BEGINNING,
    period: str = "2016-Q1",
    revision: int = 1,
    key: str | None = None,
) -> Move:
    """Return the move that adopts a project: its entry number 1."""
    said = definition(project, unit=unit) if isinstance(project, str) else project
    entry = Entry(
        project=said.id,
        number=1,
        event="adopt",
        actor="policy-1",
        role="policy_office",
        at=at,
        before=(),
        after=states,
        period=period,
        period_after=period,
        unit=said.assignments[0].unit if said.assignments else unit,
        revision=revision,
        lifecycle=LIFECYCLE[0],
        data={"definition": said.tree},
        key=key,
    ).sealed()
    return Move(
        project=Project(
            id=said.id,
            plan=said.id.rpartition("/")[0],
            number=said.number,
            label=said.label,
            unit=entry.unit,
            field=said.field,
            states=states,
            visits=(1,) * len(states),
            period=period,
            version=1,
            lifecycle=entry.lifecycle,
            revision=revision,
            head=entry.hash,
        ),
        expected=0,
        entry=entry,
        definition=said,
    )


def rating(project: str, period: str, *, rate: str = "85.0", band: str = "lagging") -> Rating:
    """Return a rating with one line of this rate (percent) and band."""
    figure = Decimal(rate)
    line = Line(
        indicator="schools",
        formula="up",
        status="rated",
        target=Decimal(100),
        actual=figure,
        rate=figure,
        band=band,
        verdict=band,
    )
    return Rating(
        project=project,
        period=period,
        lines=(line,),
        status="rated",
        rate=figure,
        score=figure,
        band=band,
        verdict=band,
        formula="weighted",
        basis="cumulative",
        scorer="rates",
        version="1",
        revision=1,
    )


def notice(
    entry: Entry, recipient: str, *, notifier: str = "console", visit: int | None = None
) -> Notice:
    """Return a notice of an entry, the same one for the same visit (None: this entry's)."""
    return Notice(
        id=f"{entry.project}:{entry.number if visit is None else visit}:{recipient}",
        project=entry.project,
        number=entry.number,
        name="told",
        recipient=recipient,
        role="department",
        notifier=notifier,
        subject=Label("[부진] 대책을 내십시오", "[lagging] a countermeasure is due"),
        at=entry.at,
        data={"event": entry.event, "reason": entry.reason},
    )


def move_after(
    project: Project,
    event: str = "self_evaluate",
    *,
    by: str = "education-1",
    states: tuple[str, ...] | None = None,
    state: str | None = None,
    period: str | None = None,
    at: dt.datetime | None = None,
    key: str | None = None,
    reason: str | None = None,
    data: Any = None,
    rated: Rating | None = None,
    told: Iterable[str] = (),
    notifier: str = "console",
    redefined: ProjectDefinition | None = None,
    revision: int | None = None,
    plan_head: str = "",
) -> Move:
    """Return the move of `event` on a project as it stands.

    `states` are the states afterwards (None: as before); `state` sets those of the first
    region alone. `period` is the period afterwards. `rated` makes a rating and an evaluation;
    `told` are recipients of a notice. `redefined` is a new definition in plan `revision`.
    `plan_head` is the hash of the plan's entry under which it was decided.
    """
    after = project.states if states is None else states
    if state is not None:
        after = (state, *after[1:])
    number = project.version + 1
    evaluation = None
    if rated is not None:
        evaluation = Evaluation(
            project=project.id,
            period=project.period,
            number=number,
            facts=data or {},
            self_rating=rated,
        )
    period_after = project.period if period is None else period
    entry = Entry(
        project=project.id,
        number=number,
        event=event,
        actor=by,
        role="department",
        at=BEGINNING + dt.timedelta(hours=number) if at is None else at,
        before=project.states,
        after=after,
        period=project.period,
        period_after=period_after,
        unit=project.unit,
        revision=project.revision if revision is None else revision,
        lifecycle=project.lifecycle,
        reason=reason,
        data={} if data is None else data,
        rating=None if rated is None else rated.tree(),
        evaluation="" if evaluation is None else digest(evaluation.text()),
        key=key,
        plan_head=plan_head,
        previous=project.head,
    ).sealed()
    visits = tuple(
        visit if now == then else number
        for visit, then, now in zip(project.visits, project.states, after, strict=True)
    )
    band = project.band if period_after == project.period else None
    moved = attrs.evolve(
        project,
        states=after,
        visits=visits,
        period=period_after,
        version=number,
        band=band if rated is None else rated.band,
        head=entry.hash,
    )
    if redefined is not None:
        moved = attrs.evolve(
            moved, label=redefined.label, field=redefined.field, revision=entry.revision
        )
    return Move(
        project=moved,
        expected=project.version,
        entry=entry,
        evaluation=evaluation,
        definition=redefined,
        notices=tuple(notice(entry, name, notifier=notifier) for name in told),
    )


def entry_after(project: Project, event: str = "self_evaluate", **said: object) -> Commit:
    """Return the commit of one firing on a project as it stands; see `move_after`."""
    return Commit(moves=(move_after(project, event, **said),))  # type: ignore[arg-type]


def given_plan(storage: Storage, plan: str = "seodaemun-2016") -> None:
    """See to it that the storage has a plan of this name."""
    if not storage.revisions(plan):
        storage.commit(Commit(plans=(revised(storage, head(plan)),), lifecycle=LIFECYCLE))


def given_project(
    storage: Storage,
    project: str = "seodaemun-2016/6",
    *,
    state: str | None = None,
    unit: str = "education",
    at: dt.datetime = BEGINNING,
) -> Project:
    """Adopt a project, with its plan where that is missing, and take it to `state`."""
    given_plan(storage, project.rpartition("/")[0])
    move = adoption(project, unit=unit, at=at)
    storage.commit(Commit(moves=(move,)))
    if state is None:
        return move.project
    move = move_after(move.project, f"to_{state}", state=state, at=at + dt.timedelta(hours=1))
    storage.commit(Commit(moves=(move,)))
    return move.project


def attempt(storage: Storage, commit: Commit) -> str:
    """Commit; return `moved`, or `conflict` where somebody was first."""
    try:
        storage.commit(commit)
    except Conflict:
        return "conflict"
    return "moved"
