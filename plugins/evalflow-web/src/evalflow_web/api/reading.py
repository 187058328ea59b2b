"""What is read of plans and projects; all of it as whoever asks may read it (`View`)."""

from __future__ import annotations

import base64
import binascii
import contextlib
from itertools import islice
from typing import Any

import msgspec

from evalflow import Label, NotFound, PlanHead
from evalflow_web.api import values
from evalflow_web.api.table import Call, Moment, Operation, Reply, checked_limit
from evalflow_web.problems import input_problem
from evalflow_web.wire import tree


class ProjectQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which projects: every condition that is said must hold; of one condition, any value."""

    unit: str | None = None
    field: list[str] | None = None
    state: list[str] | None = None
    period: list[str] | None = None
    band: list[str] | None = None
    number: list[str] | None = None
    late: bool = False
    q: str | None = None
    order: str | None = None
    count: bool = False
    at: Moment | None = None
    after: str | None = None
    limit: int = 50


class PageQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which part of a list: what follows the number `after`, at most `limit`; with `newest` from
    the last one on, and what comes before the number `after`. `count`: how many there are in
    all."""

    after: int = 0
    limit: int = 50
    newest: bool = False
    count: bool = False


class HistoryQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which part of a plan's history; all of it where no limit is said. `count`: how many entries
    there are in all, told by the header X-Total-Count."""

    after: int = 0
    limit: int | None = None
    newest: bool = False
    count: bool = False


class PeriodQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Of which period; the current one where none is said."""

    period: str | None = None


class DiffQuery(msgspec.Struct, forbid_unknown_fields=True):
    """The revision that is compared with; the one before where none is said."""

    since: int | None = None


def me(call: Call) -> Reply:
    """Answer who asks, what they hold, and the token that a change by a browser must bring."""
    who, engine = call.visit.who, call.engine
    held: dict[str, list[values.GrantReply]] = {}
    for plan in engine.plans.ids():
        if call.view.knows(plan):
            actor = who.actor
            if isinstance(actor, str):
                actor = call.view.people(plan).actor(actor)
            held[plan] = [values.grant_reply(grant) for grant in actor.grants]
    return Reply(
        value=values.MeReply(
            id=who.id,
            means=who.means,
            lang=call.visit.lang,
            csrf=call.visit.csrf,
            events=None if who.events is None else sorted(who.events),
            plans=held,
        )
    )


def plans(call: Call) -> Reply:
    """Answer the plans whose directory knows who asks."""
    return Reply(
        value=[
            _summary(call.engine.plans.head(plan))
            for plan in call.engine.plans.ids()
            if call.view.knows(plan)
        ]
    )


def _summary(head: PlanHead) -> values.PlanSummary:
    return values.PlanSummary(
        id=head.id,
        year=head.year,
        label=values.words(head.label),
        office=head.office,
        revision=head.revision,
        effective=head.effective,
    )


def plan(call: Call) -> Reply:
    """Answer the plan in its latest revision, or in the one that the path names."""
    revision = call.request.path_params.get("revision")
    number = None if revision is None else _revision(call, str(revision))
    content = call.view.plan(call.plan, revision=number)
    head = call.engine.plans.head(call.plan, revision=number)
    return Reply(
        value=values.PlanReply(
            id=head.id,
            year=head.year,
            label=values.words(head.label),
            office=head.office,
            revision=head.revision,
            effective=head.effective,
            lifecycle=head.lifecycle,
            content=tree(content),
        ),
        version=head.revision,
    )


def _revision(call: Call, text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise NotFound("revision", text)
    return int(text)


def revisions(call: Call) -> Reply:
    """Answer the plan's own history: all of it, or page by page."""
    query = call.query(HistoryQuery)
    limit = None if query.limit is None else checked_limit(query.limit) + 1
    found = list(
        call.view.plan_history(call.plan, after=query.after, limit=limit, newest=query.newest)
    )
    shown = found[: query.limit]
    headers = following(call, shown[-1].number) if len(found) > len(shown) else {}
    if query.count:
        headers["x-total-count"] = str(call.view.count_plan_history(call.plan))
    return Reply(value=[values.revision_reply(each) for each in shown], headers=headers)


def following(call: Call, after: object) -> dict[str, str]:
    """Return the header that leads to the next page (RFC 8288)."""
    url = call.request.url.include_query_params(after=after)
    return {"link": f'<{url.path}?{url.query}>; rel="next"'}


def differences(call: Call) -> Reply:
    """Answer what a revision says otherwise than an earlier one."""
    query = call.query(DiffQuery)
    number = _revision(call, call.part("revision"))
    since = number - 1 if query.since is None else query.since
    if since:
        _revision(call, str(since))
    found = call.view.differences(call.plan, number, since=since)
    return Reply(
        value=[
            values.DifferenceReply(
                number=each.number,
                path=each.path,
                before=each.before,
                after=each.after,
                kind=each.kind,
                door=each.door,
            )
            for each in found
        ]
    )


# --------------------------------------------------------------------------- projects


def projects(call: Call) -> Reply:
    """Answer the projects of the plan that fulfil all conditions, page by page."""
    query = call.query(ProjectQuery)
    limit = checked_limit(query.limit)
    where: dict[str, Any] = {
        "plan": call.plan,
        "unit": query.unit,
        "field": values.texts(query.field),
        "state": values.texts(query.state),
        "period": values.texts(query.period),
        "band": values.texts(query.band),
        "numbers": values.texts(query.number),
        "late": query.late or None,
        "text": query.q,
        "at": call.moment(query.at),
    }
    after = None if query.after is None else f"{call.plan}/{cursor(query.after)}"
    found = call.view.projects(order=query.order, after=after, **where)
    page = list(islice(found, limit + 1))
    shown = page[:limit]
    behind = as_cursor(shown[-1].number) if len(page) > limit else None
    replies = [values.project_reply(each, call.view.withheld(each)) for each in shown]
    count = call.view.count(**where) if query.count else None
    headers = {} if behind is None else following(call, behind)
    return Reply(
        value=values.ProjectPage(projects=replies, next=behind, count=count), headers=headers
    )


def as_cursor(text: str) -> str:
    """Return what `after` takes for what follows the one that is named so."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def cursor(text: str) -> str:
    """Return what a cursor names.

    Raises:
        Problem: it is none of ours.
    """
    try:
        padded = text + "=" * (-len(text) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise input_problem(
            "wrong_value",
            "after",
            "앞선 답의 next 값이어야 합니다.",
            "must be the `next` of an earlier answer",
        ) from None


def project(call: Call) -> Reply:
    """Answer where a project stands; its ETag says which version that is."""
    found = call.view.project(call.project)
    reply = values.project_reply(found, call.view.withheld(found))
    return Reply(value=reply, version=found.version)


def definition(call: Call) -> Reply:
    """Answer what the plan says of the project: as it counts for a period, or the latest."""
    query = call.query(PeriodQuery)
    found = call.engine.plans.definition(call.project, period=query.period)
    return Reply(value=tree(found))


def evaluations(call: Call) -> Reply:
    """Answer the evaluations of the project, period by period."""
    call.view.project(call.project)
    found = []
    for period in call.engine.plans.calendar(call.plan).periods():
        with contextlib.suppress(NotFound):  # nothing was evaluated for it
            found.append(values.evaluation_reply(call.view.evaluation(call.project, str(period))))
    return Reply(value=found)


def evaluation(call: Call) -> Reply:
    """Answer the evaluation of one period."""
    found = call.view.evaluation(call.project, call.part("period"))
    return Reply(value=values.evaluation_reply(found), version=found.number)


def entries(call: Call) -> Reply:
    """Answer the project's history, page by page."""
    query = call.query(PageQuery)
    limit = checked_limit(query.limit)
    page = list(
        call.view.history(call.project, after=query.after, limit=limit + 1, newest=query.newest)
    )
    shown = page[:limit]
    return Reply(
        value=values.EntryList(
            entries=[values.entry_reply(each) for each in shown],
            next=shown[-1].number if len(page) > limit else None,
            count=call.view.count_history(call.project) if query.count else None,
        )
    )


def entry(call: Call) -> Reply:
    """Answer one entry of the project's history."""
    wanted = call.part("entry")
    for each in call.view.history(call.project):
        if str(each.number) == wanted:
            return Reply(value=values.entry_reply(each))
    raise NotFound("entry", wanted)


_PROJECT = "/plans/{plan}/projects/{number}"

OPERATIONS = (
    Operation(
        name="me",
        method="GET",
        path="/me",
        label=Label("누구로 접속했는지", "Who asks"),
        tag="me",
        handler=me,
        answer=values.MeReply,
    ),
    Operation(
        name="plans",
        method="GET",
        path="/plans",
        label=Label("계획 목록", "The plans"),
        tag="plans",
        handler=plans,
        answer=list[values.PlanSummary],
    ),
    Operation(
        name="plan",
        etag=True,
        method="GET",
        path="/plans/{plan}",
        label=Label("계획", "A plan"),
        tag="plans",
        handler=plan,
        answer=values.PlanReply,
    ),
    Operation(
        name="revisions",
        method="GET",
        path="/plans/{plan}/revisions",
        label=Label("계획의 이력", "A plan's own history"),
        tag="plans",
        handler=revisions,
        query=HistoryQuery,
        answer=list[values.RevisionReply],
    ),
    Operation(
        name="revision",
        etag=True,
        method="GET",
        path="/plans/{plan}/revisions/{revision}",
        label=Label("차수별 계획", "One revision of a plan"),
        tag="plans",
        handler=plan,
        answer=values.PlanReply,
    ),
    Operation(
        name="differences",
        method="GET",
        path="/plans/{plan}/revisions/{revision}/diff",
        label=Label("계획 개정 비교", "What a revision says otherwise"),
        tag="plans",
        handler=differences,
        query=DiffQuery,
        answer=list[values.DifferenceReply],
    ),
    Operation(
        name="projects",
        method="GET",
        path="/plans/{plan}/projects",
        label=Label("사업 목록", "Projects"),
        tag="projects",
        handler=projects,
        query=ProjectQuery,
        answer=values.ProjectPage,
    ),
    Operation(
        name="project",
        etag=True,
        method="GET",
        path=_PROJECT,
        label=Label("사업", "A project"),
        tag="projects",
        handler=project,
        answer=values.ProjectReply,
    ),
    Operation(
        name="definition",
        method="GET",
        path=_PROJECT + "/definition",
        label=Label("사업의 계획 내용", "What the plan says of a project"),
        tag="projects",
        handler=definition,
        query=PeriodQuery,
        answer=values.Tree,
    ),
    Operation(
        name="evaluations",
        method="GET",
        path=_PROJECT + "/evaluations",
        label=Label("평가 목록", "Evaluations of a project"),
        tag="projects",
        handler=evaluations,
        answer=list[values.EvaluationReply],
    ),
    Operation(
        name="evaluation",
        etag=True,
        method="GET",
        path=_PROJECT + "/evaluations/{period}",
        label=Label("평가", "An evaluation"),
        tag="projects",
        handler=evaluation,
        answer=values.EvaluationReply,
    ),
    Operation(
        name="entries",
        method="GET",
        path=_PROJECT + "/entries",
        label=Label("사업 이력", "A project's history"),
        tag="projects",
        handler=entries,
        query=PageQuery,
        answer=values.EntryList,
    ),
    Operation(
        name="entry",
        method="GET",
        path=_PROJECT + "/entries/{entry}",
        label=Label("이력 한 건", "An entry"),
        tag="projects",
        handler=entry,
        answer=values.EntryReply,
    ),
)
