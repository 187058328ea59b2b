"""Many projects at once, through the same gate: first what would become of each, then, once that is
confirmed, a receipt for each."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from evalflow import NotFound, Project, Refused, load_batch
from evalflow_web.board.desk import Desk
from evalflow_web.board.received import received
from evalflow_web.problems import Problem

MOST = 500
"""Projects of one batch from a page."""


def offered(desk: Desk, name: str) -> bool:
    """Say whether an event can be done with many at once from a page: it asks for nothing, and is
    no step that a whole unit takes together."""
    event = desk.lifecycle.events.get(name)
    return event is not None and event.together is None and not event.data


def bulk(desk: Desk) -> Response:
    """Show what would become of the projects that were chosen; once confirmed, do it."""
    given = received(desk.visit)
    if given.get("token"):
        return _applied(desk, given.get("token"))
    name, numbers = given.get("event"), given.get("number").splitlines()
    if not offered(desk, name):
        raise NotFound("event", name[:80], [e for e in desk.lifecycle.events if offered(desk, e)])
    known = {each.number: each for each in desk.projects}
    for number in numbers:
        if number not in known:
            raise NotFound("project", number[:80], sorted(known))
        _may(desk, known[number], name)
    if not 1 <= len(numbers) <= MOST:
        raise Problem(
            422,
            "nothing_chosen",
            ko=f"사업을 1개 이상 {MOST}개 이하로 고르십시오: {len(numbers)}개",
            en=f"choose from 1 to {MOST} projects, not {len(numbers)}",
        )
    plan = desk.visit.engine.batch(
        name,
        by=desk.visit.actor,
        where={"plan": desk.plan, "number": list(dict.fromkeys(numbers))},
        data={},
    )
    token = desk.shelf.new_batch()
    plan.save(desk.shelf.batch(token))
    lines = [(desk.view.project(line.project), line) for line in plan]
    return _page(desk, name, token=token, lines=lines)


def _may(desk: Desk, project: Project, event: str) -> None:
    """See that the event is for the reader: others are told no more than that it is not.

    Raises:
        Refused: it is not.
    """
    checks = desk.explain(project, event).checks
    if failed := [each for each in checks if each.name in ("role", "unit") and each.reasons]:
        closed = [reason for each in failed for reason in each.reasons]
        raise Refused(project.id, event, closed, check=failed[0].name)


def _applied(desk: Desk, token: str) -> Response:
    place = desk.shelf.batch(token)
    plan = load_batch(place) if place.exists() else None
    if plan is None or plan.header.by != desk.me or not offered(desk, plan.header.event):
        raise Problem(
            409,
            "confirm_again",
            ko="확인한 뒤 시간이 지났거나 이미 처리했습니다. 다시 고르십시오.",
            en="it was confirmed too long ago, or is done already: choose again",
        )
    receipts = list(desk.visit.engine.batches.apply(plan, by=desk.visit.actor))
    place.unlink(missing_ok=True)
    shown = [(desk.view.project(each.project), each) for each in receipts]
    done = sum(each.outcome in ("done", "already") for each in receipts)
    return _page(desk, plan.header.event, receipts=shown, count=done)


def _page(desk: Desk, name: str, **values: Any) -> Response:
    shown: dict[str, Any] = {"token": "", "lines": (), "receipts": (), "count": 0, **values}
    event = desk.lifecycle.events[name]
    return desk.page("bulk.html", here="review", event=event, **shown)
