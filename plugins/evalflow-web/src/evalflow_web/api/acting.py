"""What may be done, why not, and doing it: the one gate of the engine, by HTTP."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from evalflow import Explanation, Label, NotFound
from evalflow_web.api import values
from evalflow_web.api.table import Call, Moment, Operation, Reply
from evalflow_web.problems import Problem, input_problem


class EventQuery(msgspec.Struct, forbid_unknown_fields=True, rename={"as_": "as"}):
    """When (`at`, a day or a time), and for whom (`as`, somebody else's id). `all`: those that may
    not be fired, too, with their reasons."""

    at: Moment | None = None
    as_: str | None = None
    all: bool = False


class PermittedQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Of which projects: 관리번호, or all of the plan; of a unit alone."""

    number: list[str] | None = None
    unit: str | None = None


class ExplainBody(msgspec.Struct, forbid_unknown_fields=True, rename={"as_": "as"}):
    """What would be fired: with which data (null: what is needed is only listed), when, by whom."""

    data: dict[str, Any] | None = None
    at: Moment | None = None
    as_: str | None = None


class FireBody(msgspec.Struct, forbid_unknown_fields=True):
    """The event to fire, and its data. Figures may be numbers or text; text is exact as written."""

    event: str
    data: dict[str, Any] = {}


def events(call: Call) -> Reply:
    """Answer what may be done with a project now; with `all`, also what may not, and why."""
    query = call.query(EventQuery)
    project = call.view.project(call.project)
    lifecycle = call.engine.plans.lifecycle(project.lifecycle)
    at = call.moment(query.at)
    explained: Iterable[Explanation]
    if query.as_ is None and not query.all:  # nothing that may not be done is explained
        explained = call.view.permitted(call.project, at=at)
    else:
        explained = [
            call.view.explain(call.project, name, by=query.as_, at=at) for name in lifecycle.events
        ]
    shown = [
        values.explanation_reply(each, call.visit.lang)
        for each in explained
        if query.all or (each.allowed and _by_token(call, each.event))
    ]
    return Reply(value=values.EventList(project=project.id, version=project.version, events=shown))


def permitted(call: Call) -> Reply:
    """Answer what may be done with each of many projects, in one call."""
    query = call.query(PermittedQuery)
    found: dict[str, list[str]] = {}
    numbers = values.texts(query.number)
    with call.engine.reading() as then:
        from evalflow import View

        view = View(then, call.visit.actor)
        for project in view.projects(plan=call.plan, unit=query.unit, numbers=numbers):
            found[project.id] = [
                each.event for each in view.permitted(project.id) if _by_token(call, each.event)
            ]
    return Reply(value=values.PermittedReply(permitted=found))


def _by_token(call: Call, event: str) -> bool:
    """Say whether what somebody was recognised by is good for an event."""
    events = call.visit.who.events
    return events is None or event in events


def check_token(call: Call, event: str) -> None:
    """See that what somebody was recognised by is good for an event.

    Raises:
        Problem: it is not.
    """
    if not _by_token(call, event):
        raise Problem(
            403,
            "not_by_this_token",
            ko=f"이 토큰으로는 '{event[:60]}' 처리를 할 수 없습니다.",
            en=f"This token is not valid for '{event[:60]}'.",
        )


def explain(call: Call) -> Reply:
    """Answer what firing an event would answer, with these data; nothing is written."""
    body = call.body(ExplainBody) if call.visit.body else ExplainBody()
    explained = call.view.explain(
        call.project,
        call.part("event"),
        by=body.as_,
        at=call.moment(body.at),
        data=body.data,
    )
    version = call.view.project(call.project).version
    return Reply(
        value=values.explanation_reply(explained, call.visit.lang), headers={"etag": f'"{version}"'}
    )


def fire(call: Call) -> Reply:
    """Fire an event on a project: what it writes is durable when this is answered."""
    expected = call.must_have_seen()
    body = call.body(FireBody)
    check_token(call, body.event)
    lifecycle = call.engine.plans.lifecycle(call.view.project(call.project).lifecycle)
    if body.event not in lifecycle.events:
        missing = NotFound("event", body.event, tuple(lifecycle.events))
        raise input_problem("unknown_event", "event", missing.text("ko"), missing.text("en"))
    entry = call.engine.fire(
        call.project,
        body.event,
        by=call.visit.actor,
        data=body.data,
        key=call.key,
        expected=expected,
    )
    shown = next(each for each in call.view.history(call.project) if each.number == entry.number)
    location = call.visit.url(
        "entry", plan=call.plan, number=call.part("number"), entry=str(entry.number)
    )
    return Reply(
        value=values.entry_reply(shown),
        status=201,
        headers={"location": location, "etag": f'"{entry.number}"'},
    )


_PROJECT = "/plans/{plan}/projects/{number}"

OPERATIONS = (
    Operation(
        name="permitted",
        method="GET",
        path="/plans/{plan}/events",
        label=Label("여러 사업에서 지금 할 수 있는 일", "What may be done with many projects"),
        tag="events",
        handler=permitted,
        query=PermittedQuery,
        answer=values.PermittedReply,
    ),
    Operation(
        name="events",
        method="GET",
        path=_PROJECT + "/events",
        label=Label("지금 할 수 있는 일", "What may be done with a project"),
        tag="events",
        handler=events,
        query=EventQuery,
        answer=values.EventList,
    ),
    Operation(
        name="explain",
        method="POST",
        path=_PROJECT + "/events/{event}/explain",
        label=Label("처리 가능 여부와 사유", "Why something may or may not be done"),
        tag="events",
        handler=explain,
        body=ExplainBody,
        body_optional=True,
        problems=(409,),
        answer=values.ExplanationReply,
    ),
    Operation(
        name="fire",
        method="POST",
        path=_PROJECT + "/entries",
        label=Label("업무 처리", "Fire an event"),
        tag="events",
        handler=fire,
        body=FireBody,
        answer=values.EntryReply,
        status=201,
        if_match=True,
        key=True,
        problems=(409, 412, 428),
    ),
)
