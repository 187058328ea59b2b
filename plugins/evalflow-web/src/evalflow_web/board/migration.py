"""What would become of the plan's projects under another lifecycle: shown, never done here."""

from __future__ import annotations

from itertools import islice

from starlette.responses import Response

import evalflow
from evalflow import NotFound, Planned, Project, Refused
from evalflow.plugins import earlier_presets, presets, rules_in_words
from evalflow_web.board.desk import Desk
from evalflow_web.problems import Problem

SHOWN = 500
"""Projects that the page shows; the command line tells them all."""


def migration(desk: Desk) -> Response:
    """Show what a migration to another lifecycle would come to: what differs, and which project
    would stand where, or be stranded."""
    if not desk.keeps_plan:
        raise Problem(
            403,
            "not_keeping",
            ko="계획을 개정할 수 있는 사람만 볼 수 있습니다.",
            en="This is for those who may revise the plan.",
        )
    known = sorted({*presets(), *earlier_presets()})
    to = desk.visit.request.query_params.get("to", "")
    if to and to not in known:
        raise NotFound("lifecycle", to[:80], known)
    differences: list[str] = []
    lines: list[tuple[Project, Planned]] = []
    counts: dict[str, int] = {}
    why: list[str] = []
    if to:
        new = evalflow.load_lifecycle(to)
        if new.fingerprint != desk.lifecycle.fingerprint:
            differences = rules_in_words(desk.lifecycle, new, desk.lang)
            try:
                batch = desk.visit.engine.plans.migrate(
                    desk.plan, new, by=desk.visit.actor, reason=desk.say("미리보기", "preview")
                )
            except Refused as error:
                why = [each.text(desk.lang) for each in error.reasons]
            else:
                lines = [(desk.view.project(each.project), each) for each in islice(batch, SHOWN)]
                counts = dict(batch.counts)
    return desk.page(
        "migration.html",
        here="people",
        known=known,
        to=to,
        new=evalflow.load_lifecycle(to) if to else None,
        differences=differences,
        lines=lines,
        counts=counts,
        why=why,
    )
