"""The command `history`: what happened to a project, or to a plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from evalflow.cli.dues import days_late
from evalflow.cli.entry_details import acting, in_entry
from evalflow.cli.options import (
    count_option,
    json_option,
    page_options,
    pass_session,
    reader_option,
)
from evalflow.cli.schemes import print_about
from evalflow.cli.session import Session
from evalflow.cli.status import print_count

if TYPE_CHECKING:
    from evalflow.engine.engine import Engine
    from evalflow.model import Entry, PlanEntry


def _provisional_in(entry: Entry) -> str:
    """Return the indicators whose actual an entry gave as provisional, with the figures."""
    return ", ".join(
        f"{name} {figure['provisional']}"
        for given in entry.data.values()
        if isinstance(given, Mapping)
        for name, figure in given.items()
        if isinstance(figure, Mapping) and set(figure) == {"provisional"}
    )


_PLAN_EVENTS = {
    "adopt": ("채택", "Adopted"),
    "revise": ("개정", "Revised"),
    "propose": ("개정안", "Revision proposed"),
    "confirm": ("개정안 시행", "Proposed revision confirmed"),
    "open_case": ("사건 접수", "Case opened"),
    "change": ("사업 변경 반영", "Change of a project approved"),
    "migrate": ("절차 전환", "Lifecycle migrated"),
    "propose_migration": ("절차 전환안", "Migration proposed"),
    "redate": ("시각 바로잡기", "Times put right"),
    "opening": ("이전 저장소에서 이월", "Opening balance of an older store"),
}


def _print_plan_history(
    session: Session, engine: Engine, plan: str, entries: Iterable[PlanEntry]
) -> None:
    """Print what happened to a plan, line by line."""
    zone = engine.plans.calendar(plan).zone

    def rows() -> Iterable[Sequence[str]]:
        for entry in entries:
            who = acting(session, entry.actor or "-", entry.on_behalf_of)
            changed = [*entry.data.get("sections", ()), *entry.data.get("projects", ())]
            if entry.event == "opening":
                changed = []
            yield (
                str(entry.number),
                f"{entry.at.astimezone(zone):%Y-%m-%d %H:%M}",
                session.say(*_PLAN_EVENTS.get(entry.event, (entry.event, entry.event))),
                who,
                str(entry.revision),
                ", ".join(changed[:_CHANGED]) + (" …" if len(changed) > _CHANGED else ""),
                entry.reason or "",
            )

    heads = session.say(
        "순번,일시,처리,처리자,차수,바뀐 것,사유", "No.,When,Event,Actor,Revision,What,Reason"
    ).split(",")
    session.table(heads, rows(), right=(0, 4))


_CHANGED = 8
"""How many of what a plan's entry changed are named in its line."""


def _own_count(engine: Engine, plan: str, reader: str | None) -> int:
    """Return how many entries a plan has, for a reader or for whoever has the store."""
    from evalflow.engine.view import View

    if reader is None:
        return engine.plans.count_history(plan)
    return View(engine, reader).count_plan_history(plan)


@click.command("history")
@click.argument("project")
@page_options
@reader_option
@count_option
@json_option
@pass_session
def history_command(
    session: Session,
    /,
    project: str,
    reader: str | None,
    count: bool,
    as_json: bool,
    **page: Any,
) -> None:
    """이력 · What happened to a project or plan: who moved it, when, on whose behalf and why.

    PROJECT may be a plan's id: its adoption, every revision, and what else changed its rules.
    """
    from evalflow.engine.schemes import about
    from evalflow.engine.view import View
    from evalflow.model import dated

    with session.open() as engine:
        view = engine if reader is None else View(engine, reader)
        if project in engine.plans.ids():
            if count:
                print_count(session, _own_count(engine, project, reader), as_json=as_json)
                return
            own = engine.plans.history(project, **page)
            if reader is not None:
                own = View(engine, reader).plan_history(project, **page)
            if as_json:
                session.print_json("entries", own, plan=project)
            else:
                _print_plan_history(session, engine, project, own)
            return
        project = engine.names.project(project)
        if count:
            print_count(session, view.count_history(project), as_json=as_json)
            return
        entries = view.history(project, **page)
        plan = engine.project(project).plan
        if as_json:
            session.print_json(
                "entries",
                entries,
                illustrative=session.illustrative(engine, [plan]),
                opened=[other.id for other in about(engine, project)],
            )
            return
        zone = engine.plans.calendar(plan).zone
        counts = {each.number: each for each in dated(engine.history(project))}

        def rows() -> Iterable[Sequence[str]]:
            for entry in entries:
                lifecycle = engine.plans.lifecycle(entry.lifecycle)
                name = session.event(lifecycle, entry.event)
                who = acting(session, entry.actor, entry.on_behalf_of)
                said = in_entry(session, lifecycle.events.get(entry.event), entry)
                remark = "; ".join(each for each in (entry.reason, said) if each)
                marked = _provisional_in(entry)
                if marked:
                    remark = session.say("[잠정치: ", "[provisional: ") + f"{marked}] {remark}"
                late = counts[entry.number].late
                if late:
                    remark = f"[{days_late(session, late)}] {remark}"
                if counts[entry.number].at != entry.at:
                    right = session.time(counts[entry.number].at.astimezone(zone))
                    remark = session.say(f"[시각 정정: {right}] ", f"[actually {right}] ") + remark
                yield (
                    str(entry.number),
                    session.time(entry.at.astimezone(zone)),
                    entry.period,
                    name,
                    who,
                    session.states(lifecycle, entry.after),
                    remark,
                )

        heads = session.say(
            "순번,일시,기간,처리,처리자,상태,비고", "No.,When,Period,Event,Actor,State,Remarks"
        ).split(",")
        session.table(heads, rows(), right=(0,))
        print_about(session, engine, project)
        session.remark_illustrative(engine, [plan])
