"""What the office works with: what is due, notices, forms and reports, bundles and checkpoints."""

from __future__ import annotations

import datetime as dt

import msgspec
from starlette.responses import Response

from evalflow import Due, Label, NotFound, View
from evalflow.plugins import DayEvent, FormRequest, Notice, calendar_file
from evalflow_web import papers
from evalflow_web.api import values
from evalflow_web.api.reading import as_cursor, cursor, following
from evalflow_web.api.table import Call, Moment, Operation, Reply, checked_limit
from evalflow_web.auth.tokens import CALENDAR, Tokens
from evalflow_web.problems import Problem
from evalflow_web.state import moment_of
from evalflow_web.wire import tree


class DueQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Of which day, unit and words in number and names; `mine`: what whoever asks could do;
    `waiting`: also steps that wait for an earlier one. All of it where no limit is said."""

    at: Moment | None = None
    unit: str | None = None
    q: str | None = None
    mine: bool = False
    waiting: bool = False
    order: str | None = None
    after: str | None = None
    limit: int | None = None
    count: bool = False


class CalendarQuery(msgspec.Struct, forbid_unknown_fields=True):
    """The token of one person's calendar, as their link has it."""

    token: str | None = None


class NoticeQuery(msgspec.Struct, forbid_unknown_fields=True):
    """`unread`: those alone that were not marked as read; which part of them; and with `count` how
    many of them there are in all."""

    unread: bool = False
    after: str | None = None
    limit: int = 50
    count: bool = False


class ReadBody(msgspec.Struct, forbid_unknown_fields=True):
    """The notices that were read, by their ids."""

    ids: list[str]


class ReadReply(msgspec.Struct):
    """How many notices are still unread."""

    unread: int


class FormQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which form: of which period, unit and project, as of when."""

    period: str | None = None
    unit: str | None = None
    number: str | None = None
    at: Moment | None = None


class CheckpointReply(msgspec.Struct):
    """What the plan's log comes to now: its text, unsigned, in the public form (C2SP)."""

    plan: str
    size: int
    text: str


# --------------------------------------------------------------------------- due


def due(call: Call) -> Reply:
    """Answer who owes what by when, the most urgent first."""
    query = call.query(DueQuery)
    limit = None if query.limit is None else checked_limit(query.limit)
    page = call.view.due_page(
        call.moment(query.at),
        waiting=query.waiting,
        who=call.visit.who.id if query.mine else None,
        order=query.order,
        plan=call.plan,
        unit=query.unit,
        text=query.q,
        after=query.after,
        limit=limit,
    )
    return Reply(
        value=values.DueList(
            due=[values.due_reply(each) for each in page.dues],
            count=page.count if query.count else None,
            next=page.next,
        ),
        headers={} if page.next is None else following(call, page.next),
    )


def calendar(call: Call) -> Response:
    """Answer what one person owes as a calendar (RFC 5545): by the secret link that has their
    token (`evalflow web token make ACTOR --calendar`), or as whoever asks."""
    query = call.query(CalendarQuery)
    if query.token is not None:
        token = Tokens(call.visit.site.state).holder(query.token, CALENDAR)
        actor = None if token is None else token.actor
    else:
        actor = None if call.visit.identity is None else call.visit.identity.id
    if actor is None:
        raise Problem(401, "not_signed_in", ko="로그인이 필요합니다.", en="Sign in first.")
    plan = call.part("plan")
    view = View(call.engine, actor)
    if not view.knows(plan):
        call.engine.actor(plan, actor)
    owed = [each for each in view.due(plan=plan) if actor in each.actors]
    lang, name = call.visit.lang, call.engine.plans.head(plan).label
    days = [_day(each, plan, lang) for each in owed]
    content = calendar_file(days, name=name.text(lang), at=call.engine.clock())
    return Response(content, media_type="text/calendar; charset=utf-8")


def _day(due: Due, plan: str, lang: str) -> DayEvent:
    """Return what is due as a day of a calendar, the same one at every reading."""
    numbers = ", ".join(project.partition("/")[2] for project in due.projects)
    return DayEvent(
        uid=f"{due.event}.{due.period}.{due.unit}.{due.projects[0]}@evalflow",
        day=due.due,
        summary=f"{due.label.text(lang)}: {numbers} ({due.period})",
        description=plan,
    )


# --------------------------------------------------------------------------- notices


def notices(call: Call) -> Reply:
    """Answer the notices for whoever asks, the newest first."""
    query = call.query(NoticeQuery)
    limit = checked_limit(query.limit)
    read = _read(call)
    found = list(call.view.notices(newest=True))
    unread = sum(notice.id not in read for notice in found)
    begin = 0
    if query.after is not None:
        named = [_named(each) for each in found]
        wanted = cursor(query.after)
        if wanted not in named:
            raise NotFound("notice", wanted)
        begin = named.index(wanted) + 1
    shown = [each for each in found[begin:] if not query.unread or each.id not in read]
    replies = [
        values.NoticeReply(
            id=each.id,
            project=each.project,
            number=each.number,
            name=each.name,
            recipient=each.recipient,
            role=each.role,
            subject=values.words(each.subject),
            at=each.at,
            data=tree(each.data),
            read=read.get(each.id),
        )
        for each in shown[:limit]
    ]
    behind = as_cursor(_named(shown[limit - 1])) if len(shown) > limit else None
    return Reply(
        value=values.NoticeList(
            notices=replies,
            unread=unread,
            next=behind,
            count=(unread if query.unread else len(found)) if query.count else None,
        ),
        headers={} if behind is None else following(call, behind),
    )


def _named(notice: Notice) -> str:
    """Return what tells one notice from all others, also from the same by another way."""
    return f"{notice.id} {notice.notifier}"


def _read(call: Call) -> dict[str, dt.datetime]:
    rows = call.visit.site.state.rows(
        "SELECT notice, at FROM notice_read WHERE actor = ?", (call.visit.who.id,)
    )
    return {notice: moment_of(at) for notice, at in rows}


def mark_read(call: Call) -> Reply:
    """Mark notices as read by whoever asks."""
    body, state = call.body(ReadBody), call.visit.site.state
    mine = {notice.id for notice in call.view.notices()}
    for wanted in body.ids:
        if wanted not in mine:
            raise NotFound("notice", wanted)
    with state.writing() as db:
        for wanted in body.ids:
            db.execute(
                "INSERT OR IGNORE INTO notice_read (actor, notice, at) VALUES (?, ?, ?)",
                (call.visit.who.id, wanted, state.stamp()),
            )
    return Reply(value=ReadReply(unread=len(mine - set(_read(call)))))


# --------------------------------------------------------------------------- papers


def forms(call: Call) -> Reply:
    """Answer the forms that are installed."""
    found = [
        values.FormKind(name=name, label=values.words(form.label), formats=sorted(form.formats))
        for name, form in papers.installed(call.engine)
    ]
    return Reply(value=values.FormKinds(forms=found))


def form(call: Call) -> Response:
    """Answer a form as a file, named as `NAME.SUFFIX`; for those who may read all that it holds."""
    return _made(call, call.part("file"))


def report(call: Call) -> Response:
    """Answer the page for the meeting, as a file of its own."""
    return _made(call, "report.html", "text/html")


def _made(call: Call, wanted: str, kind: str = papers.BINARY) -> Response:
    query = call.query(FormQuery)
    request = FormRequest(
        plan=call.plan,
        period=query.period,
        unit=query.unit,
        number=query.number,
        at=call.moment(query.at),
        lang=call.visit.lang,
    )
    return papers.form(call.visit, wanted, request, kind)


def bundle(call: Call) -> Response:
    """Answer the audit bundle of the plan: one file that others verify without a store."""
    return papers.bundle(call.visit, call.plan)


def checkpoint(call: Call) -> Reply:
    """Answer what the plan's log comes to now, for others to hold; for those who may read all of
    the plan."""
    point = papers.checkpoint(call.visit, call.plan)
    return Reply(
        value=CheckpointReply(plan=call.plan, size=point.size, text=str(point)),
    )


OPERATIONS = (
    Operation(
        name="due",
        method="GET",
        path="/plans/{plan}/due",
        label=Label("기한별 처리 대상", "Who owes what by when"),
        tag="due",
        handler=due,
        query=DueQuery,
        answer=values.DueList,
    ),
    Operation(
        name="calendar",
        method="GET",
        path="/plans/{plan}/due.ics",
        label=Label("기한 달력", "What one person owes, as a calendar"),
        tag="due",
        handler=calendar,
        query=CalendarQuery,
        media="text/calendar",
        public=True,
        problems=(401, 403),
    ),
    Operation(
        name="notices",
        method="GET",
        path="/notices",
        label=Label("내 알림", "Notices"),
        tag="notices",
        handler=notices,
        query=NoticeQuery,
        answer=values.NoticeList,
    ),
    Operation(
        name="read_notices",
        method="POST",
        path="/notices/read",
        label=Label("알림을 읽음으로 표시", "Mark notices as read"),
        tag="notices",
        handler=mark_read,
        body=ReadBody,
        answer=ReadReply,
        problems=(404,),
    ),
    Operation(
        name="forms",
        method="GET",
        path="/forms",
        label=Label("서식 목록", "Forms that can be made"),
        tag="papers",
        handler=forms,
        answer=values.FormKinds,
    ),
    Operation(
        name="form",
        method="GET",
        path="/plans/{plan}/forms/{file}",
        label=Label("서식", "A form, as a file"),
        tag="papers",
        handler=form,
        query=FormQuery,
        media=papers.BINARY,
    ),
    Operation(
        name="report",
        method="GET",
        path="/plans/{plan}/report",
        label=Label("회의용 현황 보고서", "The page for the meeting"),
        tag="papers",
        handler=report,
        query=FormQuery,
        media="text/html",
    ),
    Operation(
        name="bundle",
        method="GET",
        path="/plans/{plan}/bundle",
        label=Label("감사 묶음", "The audit bundle"),
        tag="audit",
        handler=bundle,
        media=papers.BINARY,
    ),
    Operation(
        name="checkpoint",
        method="GET",
        path="/plans/{plan}/checkpoint",
        label=Label("확인값", "A checkpoint"),
        tag="audit",
        handler=checkpoint,
        answer=CheckpointReply,
    ),
)
