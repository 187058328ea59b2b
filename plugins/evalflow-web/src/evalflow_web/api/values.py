"""What the service answers. The forms are a promise to other systems and are kept apart from the
engine's own classes: those may change, these may only grow.

Figures are text, exactly as they are counted; money is whole; times are RFC 3339 with their zone;
labels come in both languages.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from evalflow import (
    Change,
    Due,
    Entry,
    Evaluation,
    Explanation,
    Grant,
    Label,
    PlanEntry,
    Project,
    http_status,
)
from evalflow_web.problems import reasons
from evalflow_web.wire import tree

Tree = dict[str, Any]


class Words(msgspec.Struct):
    """A name in both languages."""

    ko: str
    en: str


def words(label: Label) -> Words:
    """Return a label as it is answered."""
    return Words(label.ko, label.en)


class GrantReply(msgspec.Struct, omit_defaults=True):
    """A role that somebody holds in a unit and everything below it, on days both included."""

    role: str
    unit: str
    since: dt.date | None = None
    until: dt.date | None = None
    on_behalf_of: str | None = None
    reason: str | None = None


def grant_reply(grant: Grant) -> GrantReply:
    """Return a grant as it is answered."""
    return GrantReply(
        role=grant.role,
        unit=grant.unit,
        since=grant.since,
        until=grant.until,
        on_behalf_of=grant.on_behalf_of,
        reason=grant.reason,
    )


class MeReply(msgspec.Struct):
    """Who asks, as the service recognised them."""

    id: str
    means: str
    lang: str
    csrf: str
    events: list[str] | None
    plans: dict[str, list[GrantReply]]


class PlanSummary(msgspec.Struct):
    """A plan, in one line."""

    id: str
    year: int
    label: Words
    office: str
    revision: int
    effective: str


class PlanReply(PlanSummary):
    """A plan's revision: what all projects share. `content` is the plan as its file said it."""

    lifecycle: str
    content: Tree


class RevisionReply(msgspec.Struct):
    """An entry of the plan's own history: its adoption, a revision, and what else changed what
    decides about its projects."""

    number: int
    event: str
    actor: str
    role: str
    at: dt.datetime
    revision: int
    effective: str
    reason: str | None
    on_behalf_of: str | None
    hash: str


def revision_reply(entry: PlanEntry) -> RevisionReply:
    """Return an entry of a plan's history as it is answered."""
    return RevisionReply(
        number=entry.number,
        event=entry.event,
        actor=entry.actor,
        role=entry.role,
        at=entry.at,
        revision=entry.revision,
        effective=entry.effective,
        reason=entry.reason,
        on_behalf_of=entry.on_behalf_of,
        hash=entry.hash,
    )


class DifferenceReply(msgspec.Struct):
    """One thing that a revision says otherwise than another. `number`: the project's 관리번호, or
    null for what all share. `door`: how such a thing may come into force."""

    number: str | None
    path: str
    before: str | None
    after: str | None
    kind: str
    door: str


class ProjectReply(msgspec.Struct):
    """Where a project stands. `withheld` names data of its period that are closed to the reader,
    with the ground of each."""

    id: str
    plan: str
    number: str
    label: Words
    unit: str
    field: str
    states: list[str]
    period: str
    version: int
    revision: int
    lifecycle: str
    band: str | None
    head: str
    change: Tree | None
    waiting: list[Tree]
    withheld: dict[str, str]


def project_reply(project: Project, withheld: Mapping[str, str]) -> ProjectReply:
    """Return a project as it is answered."""
    return ProjectReply(
        id=project.id,
        plan=project.plan,
        number=project.number,
        label=words(project.label),
        unit=project.unit,
        field=project.field,
        states=list(project.states),
        period=project.period,
        version=project.version,
        revision=project.revision,
        lifecycle=project.lifecycle,
        band=project.band,
        head=project.head,
        change=_change(project.change),
        waiting=[tree(each) for each in project.waiting],
        withheld=dict(withheld),
    )


def _change(change: Change | None) -> Tree | None:
    return None if change is None else tree(change)


class ProjectPage(msgspec.Struct):
    """Some projects; `next` is what `after` takes for those that follow, or null at the end;
    `count` how many there are in all, where that was asked."""

    projects: list[ProjectReply]
    next: str | None
    count: int | None = None


class EvaluationReply(msgspec.Struct):
    """A project's figures for a period: both ratings, the department's and the reviewer's."""

    project: str
    period: str
    number: int
    revision: int
    prior: Tree
    facts: Tree
    self_rating: Tree | None
    review_rating: Tree | None
    acts: list[Tree]
    extensions: dict[str, str]


def evaluation_reply(evaluation: Evaluation) -> EvaluationReply:
    """Return an evaluation as it is answered."""
    own, review = evaluation.self_rating, evaluation.review_rating
    return EvaluationReply(
        project=evaluation.project,
        period=evaluation.period,
        number=evaluation.number,
        revision=evaluation.revision,
        prior=tree(evaluation.prior),
        facts=tree(evaluation.facts),
        self_rating=None if own is None else tree(own),
        review_rating=None if review is None else tree(review),
        acts=[tree(act) for act in evaluation.acts],
        extensions=dict(evaluation.extensions),
    )


class EntryReply(msgspec.Struct):
    """One line of a project's history."""

    project: str
    number: int
    event: str
    actor: str
    role: str
    on_behalf_of: str | None
    at: dt.datetime
    before: list[str]
    after: list[str]
    period: str
    period_after: str
    unit: str
    revision: int
    lifecycle: str
    reason: str | None
    data: Any
    rating: Any
    evaluation: str
    late: int | None
    previous: str
    hash: str


def entry_reply(entry: Entry) -> EntryReply:
    """Return an entry as it is answered."""
    return EntryReply(
        project=entry.project,
        number=entry.number,
        event=entry.event,
        actor=entry.actor,
        role=entry.role,
        on_behalf_of=entry.on_behalf_of,
        at=entry.at,
        before=list(entry.before),
        after=list(entry.after),
        period=entry.period,
        period_after=entry.period_after,
        unit=entry.unit,
        revision=entry.revision,
        lifecycle=entry.lifecycle,
        reason=entry.reason,
        data=tree(entry.data),
        rating=tree(entry.rating),
        evaluation=entry.evaluation,
        late=entry.late,
        previous=entry.previous,
        hash=entry.hash,
    )


class EntryList(msgspec.Struct):
    """Entries, the oldest first, or the newest; `next` is the number after which more follow, or
    null; `count` how many there are in all, where that was asked."""

    entries: list[EntryReply]
    next: int | None
    count: int | None = None


class Positioned(msgspec.Struct):
    """An entry with its position: its place in the order in which the store was written."""

    position: int
    entry: EntryReply


class EntryStream(msgspec.Struct):
    """Entries of the whole store after a position; `next` is the position to ask after; `count` how
    many there are in all, where that was asked."""

    entries: list[Positioned]
    next: int
    count: int | None = None


class ReasonReply(msgspec.Struct, omit_defaults=True):
    """A sentence of a refusal: who could act instead, since when, what it speaks of."""

    code: str
    text: str
    who: list[str] = []
    since: dt.date | None = None
    about: str | None = None


class CheckReply(msgspec.Struct):
    """One check of the gate. A check that was not asked is neither passed nor failed."""

    name: str
    label: Words
    passed: bool
    asked: bool
    reasons: list[ReasonReply]


class OptionReply(msgspec.Struct):
    """An option of a choice."""

    name: str
    label: Words


class FieldReply(msgspec.Struct):
    """A piece of data that an event takes."""

    name: str
    type: str
    label: Words
    required: bool
    options: list[OptionReply]


class ExplanationReply(msgspec.Struct):
    """What firing an event would answer, and what it takes; nothing is written. `status` is what
    firing would answer, 201 where it is allowed."""

    project: str
    event: str
    label: Words
    actor: str
    role: str | None
    on_behalf_of: str | None
    at: dt.datetime
    states: list[str]
    allowed: bool
    status: int
    deadline: dt.date | None
    checks: list[CheckReply]
    needs: list[FieldReply]
    questions: list[Words]


def explanation_reply(explained: Explanation, lang: str) -> ExplanationReply:
    """Return an explanation as it is answered, each reason in `lang`."""
    return ExplanationReply(
        project=explained.project,
        event=explained.event,
        label=words(explained.event_label),
        actor=explained.actor,
        role=explained.role,
        on_behalf_of=explained.on_behalf_of,
        at=explained.at,
        states=list(explained.states),
        allowed=explained.allowed,
        status=201 if explained.allowed else http_status(explained),
        deadline=explained.deadline,
        checks=[
            CheckReply(
                name=check.name,
                label=words(check.label),
                passed=check.passed,
                asked=check.asked,
                reasons=msgspec.convert(reasons(check.reasons, lang), list[ReasonReply]),
            )
            for check in explained.checks
        ],
        needs=[
            FieldReply(
                name=field.name,
                type=field.type,
                label=words(field.label),
                required=field.required,
                options=[OptionReply(name, words(each)) for name, each in field.options.items()],
            )
            for field in explained.needs
        ],
        questions=[words(each) for each in explained.questions],
    )


class EventList(msgspec.Struct):
    """What may be done with a project, or with all asked of it; the version that was looked at."""

    project: str
    version: int
    events: list[ExplanationReply]


class PermittedReply(msgspec.Struct):
    """The events that may be fired on each of many projects: project id -> names."""

    permitted: dict[str, list[str]]


class DueReply(msgspec.Struct):
    """Something owed by a day, by somebody."""

    plan: str
    projects: list[str]
    unit: str
    event: str
    label: Words
    period: str
    roles: list[str]
    actors: list[str]
    nominal: dt.date
    due: dt.date
    days_late: int
    days_left: int
    extended: bool
    waiting_for: list[str]
    together: bool


def due_reply(due: Due) -> DueReply:
    """Return a due as it is answered."""
    return DueReply(
        plan=due.plan,
        projects=list(due.projects),
        unit=due.unit,
        event=due.event,
        label=words(due.label),
        period=due.period,
        roles=list(due.roles),
        actors=list(due.actors),
        nominal=due.nominal,
        due=due.due,
        days_late=due.days_late,
        days_left=due.days_left,
        extended=due.extended,
        waiting_for=list(due.waiting_for),
        together=due.together,
    )


class DueList(msgspec.Struct):
    """What is owed, the most urgent first; `next` is what `after` takes for those that follow, or
    null; `count` how many there are in all, where that was asked."""

    due: list[DueReply]
    next: str | None = None
    count: int | None = None


class NoticeReply(msgspec.Struct):
    """A notice for whoever asks; `read` says when it was marked as read, or null."""

    id: str
    project: str
    number: int
    name: str
    recipient: str
    role: str
    subject: Words
    at: dt.datetime
    data: Any
    read: dt.datetime | None


class NoticeList(msgspec.Struct):
    """Notices, the newest first; `next` is what `after` takes for those that follow, or null;
    `count` how many there are in all, where that was asked."""

    notices: list[NoticeReply]
    unread: int
    next: str | None = None
    count: int | None = None


class FormKind(msgspec.Struct):
    """A form that can be made, and the suffixes of the files that it comes in."""

    name: str
    label: Words
    formats: list[str]


class FormKinds(msgspec.Struct):
    """The forms that are installed."""

    forms: list[FormKind]


class BatchReply(msgspec.Struct):
    """A batch that was planned: what was asked, how many projects would move, why others not.
    `fingerprint` is null where the reader may not read all of the plan: it covers closed data."""

    id: str
    event: str
    by: str
    at: str
    mode: str
    fingerprint: str | None
    counts: dict[str, int]
    reasons: dict[str, int]
    lines: list[Tree]
    expires: dt.datetime


class ReceiptReply(msgspec.Struct):
    """What became of one project of a batch: a line of the stream."""

    project: str
    unit: str
    outcome: str
    number: int | None
    reasons: list[ReasonReply]


def texts(each: Sequence[str] | None) -> tuple[str, ...] | None:
    """Return several conditions, or None where none is said."""
    return tuple(each) if each else None
