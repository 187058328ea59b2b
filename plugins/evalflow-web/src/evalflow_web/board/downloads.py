"""What can be taken along from the board: forms, workbooks to fill in, the audit bundle, the
checkpoint. Each is offered to those alone who may read all that it holds."""

from __future__ import annotations

from typing import Any

import attrs
from starlette.responses import Response

from evalflow import NotFound, Project
from evalflow.plugins import FormRequest, fillable, ready_for
from evalflow_web import papers
from evalflow_web.board.desk import Desk


@attrs.frozen(kw_only=True)
class Workbook:
    """A workbook that the reader could fill in: for an event of one unit."""

    event: Any
    unit: str
    projects: tuple[Project, ...]


def downloads(desk: Desk) -> Response:
    """Show what can be taken along, and what cannot, with the reason."""
    calendar = desk.visit.engine.plans.calendar(desk.plan)
    everything = all(
        papers.sees_all(desk.visit, each) for each in desk.visit.engine.projects(plan=desk.plan)
    )
    return desk.page(
        "downloads.html",
        here="papers",
        forms=[
            (name, form.label.text(desk.lang), list(form.formats))
            for name, form in papers.installed(desk.visit.engine)
        ],
        workbooks=list(workbooks(desk)),
        units=[unit for unit in desk.head.units if unit != desk.head.office],
        numbers=desk.projects,
        everything=everything,
        periods=[each.text for each in calendar.periods()],
        checkpoint=str(papers.checkpoint(desk.visit, desk.plan)) if everything else "",
    )


def workbooks(desk: Desk) -> list[Workbook]:
    """Return the workbooks that are for the reader now, one an event that is owed by a day and
    unit: of projects on which they may act, and of which nothing is left out for them."""
    found: dict[tuple[str, str], list[Project]] = {}
    for event in desk.lifecycle.events.values():
        if event.due is None or not desk.holds(event.by) or not fillable(event):
            continue
        ours = [p for p in desk.projects if p.lifecycle == desk.lifecycle.fingerprint]
        for project in ready_for(desk.lifecycle, event, ours):
            checks = {c.name: c for c in desk.explain(project, event.name).checks}
            if checks["role"].reasons or checks["unit"].reasons:
                continue
            if not papers.sees_all(desk.visit, desk.visit.engine.project(project.id)):
                continue
            unit = desk.head.ancestor(project.unit, event.together or "") or project.unit
            if not event.together and "review_rating" in event.actions:
                unit = desk.head.office
            found.setdefault((event.name, unit), []).append(project)
    return [
        Workbook(event=desk.lifecycle.events[name], unit=unit, projects=tuple(of))
        for (name, unit), of in found.items()
    ]


def workbook(desk: Desk) -> Response:
    """Give the workbook of an event and a unit."""
    wanted, unit = (desk.visit.request.path_params[name] for name in ("event", "unit"))
    for each in workbooks(desk):
        if (each.event.name, each.unit) == (wanted, unit):
            return papers.workbook(
                desk.visit, desk.lifecycle, each.event, unit, _one_period(each.projects)
            )
    raise NotFound("workbook", f"{wanted} {unit}"[:80])


def _one_period(projects: tuple[Project, ...]) -> list[Project]:
    """Return the projects of the earliest period: a workbook is of one."""
    first = min(each.period for each in projects)
    return [each for each in projects if each.period == first]


def form(desk: Desk) -> Response:
    """Give a form, of a period, a unit or a project."""
    asked = desk.visit.request.query_params
    request = FormRequest(
        plan=desk.plan,
        period=asked.get("period") or None,
        unit=asked.get("unit") or None,
        number=asked.get("number") or None,
        lang=desk.lang,
    )
    wanted = desk.visit.request.path_params["file"]
    kind = "text/html" if wanted.endswith(".html") else papers.BINARY
    return papers.form(desk.visit, wanted, request, kind)


def bundle(desk: Desk) -> Response:
    """Give the audit bundle of the plan."""
    return papers.bundle(desk.visit, desk.plan)


def checkpoint(desk: Desk) -> Response:
    """Give what the plan's log comes to now, as a file for somebody else to hold."""
    point = papers.checkpoint(desk.visit, desk.plan)
    return papers.file(str(point).encode(), f"{desk.plan}-{point.size}.checkpoint", "text/plain")
