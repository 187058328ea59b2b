"""The commands `explain`, `permitted` and `fire`: what may be done, and doing it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from evalflow.cli.dues import days_late
from evalflow.cli.options import (
    actor_option,
    data_option,
    datum_option,
    day_option,
    json_option,
    pass_session,
)
from evalflow.cli.session import Session, moment, one_line, read_data
from evalflow.cli.status import counted
from evalflow.errors import InvalidInput, Reason, Refused
from evalflow.files.days import date_of

if TYPE_CHECKING:
    from evalflow.decision.decide import Explanation
    from evalflow.engine.engine import Engine
    from evalflow.lifecycle.definition import Field, Lifecycle
    from evalflow.model import Entry, Project


@click.command("explain")
@click.argument("project")
@click.argument("event")
@actor_option
@day_option
@data_option
@datum_option
@click.option(
    "--whole",
    is_flag=True,
    help="할 수 없는 사람이어도 요건을 모두 봄 · Check the guards even if the actor may not act.",
)
@click.option(
    "--example", is_flag=True, help="자료 보기(YAML) · Print data such as it takes, to fill in."
)
@json_option
@pass_session
def explain_command(
    session: Session,
    project: str,
    event: str,
    actor: str,
    at: str | None,
    source: str | None,
    settings: Sequence[str],
    whole: bool,
    example: bool,
    as_json: bool,
) -> int:
    """처리 가능 여부와 사유 · Why something may or may not be done. Changes nothing.

    Exit code 0 where it may be done, 1 where not.
    """
    with session.open() as engine:
        project = engine.names.project(project)
        event = engine.names.event(project, event)
        plan = engine.project(project).plan
        actor = session.actor(engine, plan, actor, project)
        if example:
            _print_example(session, engine, project, event, as_json)
            return 0
        data, _ = read_data(session, source, settings)
        data = engine.names.data(project, event, data)
        explanation = engine.explain(
            project,
            event,
            by=engine.actor(plan, actor),
            at=moment(session, engine, plan, at),
            data=data,
            whole=whole,
        )
        if as_json:
            session.print_json(
                "checks",
                explanation.checks,
                illustrative=session.illustrative(engine, [plan]),
                **_explanation_head(explanation),
            )
        else:
            _print_explanation(session, engine, explanation, with_data=data is not None)
            session.remark_illustrative(engine, [plan])
        return 0 if explanation.allowed else 1


def _print_example(
    session: Session, engine: Engine, project: str, event: str, as_json: bool
) -> None:
    """Print data such as an event takes, as YAML to fill in, or its JSON Schema."""
    from evalflow.batch.book_columns import unsupported

    if as_json:
        click.echo(json.dumps(engine.fields(event, project), ensure_ascii=False, indent=2))
        return
    of = engine.plans.lifecycle(engine.project(project).lifecycle).events[event]
    text = engine.example(event, project, lang=session.lang)
    if not text:
        session.echo(session.say("# 자료가 필요 없습니다.", "# It takes no data."))
        return
    session.echo(f"# {project} {session.label(of.label)}")
    session.echo(text.rstrip())
    session.remark(
        session.say(
            f"→ 파일로 저장해 고친 뒤: evalflow fire {project} {event} --as … --data 파일.yaml",
            f"→ save it, change it, then: evalflow fire {project} {event} --as … --data FILE.yaml",
        )
    )
    if not unsupported(of):
        plan, _, number = project.rpartition("/")
        sheet = f"evalflow sheet make {event} --plan {plan} --number {number} -o {event}.xlsx"
        session.remark(session.say(f"→ 엑셀로: {sheet}", f"→ as a workbook: {sheet}"))


def _explanation_head(explanation: Explanation) -> dict[str, Any]:
    return {
        "project": explanation.project,
        "event": explanation.event,
        "actor": explanation.actor,
        "role": explanation.role,
        "on_behalf_of": explanation.on_behalf_of,
        "allowed": explanation.allowed,
        "due": explanation.deadline,
        "states": explanation.states,
        "needs": [field.name for field in explanation.needs],
        "questions": list(explanation.questions),
    }


def _print_explanation(
    session: Session, engine: Engine, explanation: Explanation, *, with_data: bool
) -> None:
    project = engine.project(explanation.project)
    lifecycle = engine.plans.lifecycle(project.lifecycle)
    event = session.label(explanation.event_label)
    answer = (
        session.say("할 수 있습니다", "possible")
        if explanation.allowed
        else session.say("할 수 없습니다", "not possible")
    )
    session.echo(
        f"{project.id} {session.quoted(project.label)} {project.period} "
        f"[{session.states(lifecycle, project.states)}]"
    )
    session.echo(f"{explanation.actor}: {event} → {answer}")
    if explanation.deadline is not None:
        session.echo(session.say("기한: ", "due: ") + session.day(explanation.deadline))
    for check in explanation.checks:
        if check.name == "input" and not with_data:
            continue
        if not check.asked:
            unasked = session.say("묻지 않음", "not asked")
            session.echo(f"  - {session.label(check.label)}: {unasked}")
            continue
        mark = session.say("○", "ok") if check.passed else session.say("×", "no")
        session.echo(f"  {mark} {session.label(check.label)}")
        for reason in check.reasons:
            session.echo(f"      - {reason_line(session, reason)}")
    for question in explanation.questions:
        session.echo(f"  ? {session.label(question)}")
    if explanation.needs:
        session.echo(session.say("  자료:", "  data:"))
        for field in explanation.needs:
            must = session.say("필수", "required") if field.required else ""
            session.echo(f"      {field.name}: {session.label(field.label)} {must}".rstrip())


def reason_line(session: Session, reason: Reason) -> str:
    """Return a reason as one line, with who could act."""
    line = one_line(reason.text(session.lang))
    if reason.who and not all(who in line for who in reason.who):
        line += session.say(" → 할 수 있는 사람: ", " → who can act: ") + ", ".join(reason.who)
    return line


@click.command("permitted")
@click.argument("project")
@actor_option
@day_option
@click.option(
    "--example",
    metavar="EVENT",
    help="그 처리의 자료 보기(YAML) · Print data such as this event takes, to fill in.",
)
@json_option
@pass_session
def permitted_command(
    session: Session,
    project: str,
    actor: str,
    at: str | None,
    example: str | None,
    as_json: bool,
) -> None:
    """지금 할 수 있는 일 · What an actor may do now, and the data that it takes."""
    with session.open() as engine:
        project = engine.names.project(project)
        plan = engine.project(project).plan
        actor = session.actor(engine, plan, actor, project)
        if example is not None:
            event = engine.names.event(project, example)
            _print_example(session, engine, project, event, as_json)
            return
        found = engine.permitted(
            project, by=engine.actor(plan, actor), at=moment(session, engine, plan, at)
        )
        if as_json:
            session.print_json("permitted", (_explanation_head(each) for each in found))
            return
        rows = [
            (
                each.event,
                session.label(each.event_label),
                session.day(each.deadline),
                ", ".join(_asked(session, field) for field in each.needs) or "-",
            )
            for each in found
        ]
        heads = session.say("처리,이름,기한,자료(*필수)", "Event,Name,Due,Data (* required)").split(
            ","
        )
        session.table(heads, rows)
        if not rows:
            session.echo(session.say("할 수 있는 일이 없습니다.", "Nothing is possible."))


def _asked(session: Session, field: Field) -> str:
    """Return what a datum is called, with its name for programs; a star: it must be given."""
    label, must = session.label(field.label), "*" if field.required else ""
    if label.lower().replace(" ", "_") == field.name:
        return f"{field.name}{must}"
    return f"{label}({field.name}){must}"


@click.command("fire")
@click.argument("project")
@click.argument("event")
@actor_option
@data_option
@datum_option
@click.option("--key", metavar="TEXT", help="중복 방지 키 · Idempotency key.")
@click.option("--yes", is_flag=True, help="묻지 않음 · Do not ask when the year does not match.")
@json_option
@pass_session
def fire_command(
    session: Session,
    project: str,
    event: str,
    actor: str,
    source: str | None,
    settings: Sequence[str],
    key: str | None,
    yes: bool,
    as_json: bool,
) -> int:
    """업무 처리 · Fire an event on a project.

    An event of a whole unit (such as the bureau's submit) moves all its projects together.
    """
    from evalflow.files.yaml import placed
    from evalflow.scoring.questions import questions

    with session.open() as engine:
        project = engine.names.project(project)
        event = engine.names.event(project, event)
        plan = engine.project(project).plan
        by = engine.actor(plan, session.actor(engine, plan, actor, project))
        data, document = read_data(session, source, settings)
        data = engine.names.data(project, event, data)
        if not yes and not _days_are_meant(session, engine, project, event, data):
            session.echo(session.say("아무것도 하지 않았습니다.", "Nothing was done."))
            return 1
        try:
            entry = engine.fire(project, event, by=by, data=data, key=key)
        except Refused as refusal:
            if as_json:
                raise
            lifecycle = engine.plans.lifecycle(engine.project(project).lifecycle)
            label = session.event(lifecycle, event)
            session.remark(f"{project}: {label} → " + session.say("처리 불가", "refused"))
            for reason in refusal.reasons:
                session.remark(f"  - {reason_line(session, reason)}")
            return 1
        except InvalidInput as error:
            raise placed(error, document) from None
        if as_json:
            session.print_json("entries", [entry])
            return 0
        now = engine.project(project)
        lifecycle = engine.plans.lifecycle(now.lifecycle)
        label = session.event(lifecycle, entry.event)
        late = f", {days_late(session, entry.late)}" if entry.late else ""
        session.echo(
            f"{project} #{entry.number} {label}: "
            f"{session.states(lifecycle, entry.before)} → "
            f"{session.states(lifecycle, entry.after)}" + late
        )
        others = _went_along(engine, lifecycle, now, entry)
        if others:
            listed = ", ".join(others)
            session.echo(
                session.say(
                    f"함께 처리한 {counted(session, lifecycle.things, len(others))}: {listed}",
                    f"{len(others)} went along: {listed}",
                )
            )
        if entry.rating is not None:
            evaluation = engine.evaluation(project, entry.period)
            definition = engine.plans.definition(project, period=entry.period)
            for question in questions(definition, evaluation):
                session.remark(f"  ? {session.label(question)}")
        return 0


def _went_along(
    engine: Engine, lifecycle: Lifecycle, project: Project, entry: Entry
) -> tuple[str, ...]:
    """Return the ids of the other projects that an event of a whole unit moved with this one."""
    level = lifecycle.events[entry.event].together if entry.event in lifecycle.events else None
    if level is None:
        return ()
    head = engine.plans.head(project.plan)
    unit = head.ancestor(project.unit, level) or project.unit
    return tuple(
        each.id
        for each in engine.projects(plan=project.plan, unit=unit)
        if each.id != project.id
        and any(
            (other.event, other.at, other.actor) == (entry.event, entry.at, entry.actor)
            for other in engine.history(each.id)
        )
    )


def _days_are_meant(
    session: Session, engine: Engine, project: str, event: str, data: Mapping[str, Any] | None
) -> bool:
    """Ask about days whose year is not the plan's, nor next to it, and about a new deadline that is
    past already: slips of the pen that no rule catches. Where nobody can be asked it is
    remarked."""
    head = engine.plans.head(engine.project(project).plan)
    lifecycle = engine.plans.lifecycle(engine.project(project).lifecycle)
    kinds = {field.name: field.type for field in lifecycle.events[event].data}
    dated = ("date", "visit", "measures", "document", "sign_off")
    given = [value for name, value in (data or {}).items() if kinds.get(name) in dated]
    years = range(int(head.calendar.first[:4]) - 1, int(head.calendar.last[:4]) + 2)
    off = [
        day
        for text in _texts(given)
        if (day := date_of(text)) is not None and day.year not in years
    ]
    today = engine.plans.calendar(head.id).today(engine.clock())
    until = date_of(str((data or {}).get("until", ""))[:60])
    if off:
        days = ", ".join(session.day(day) for day in off)
        said = session.say(
            f"{head.year}년 계획인데 날짜가 {days}입니다.",
            f"The plan is of {head.year}, the day {days}.",
        )
    elif until is not None and until < today:
        said = session.say(
            f"오늘은 {session.day(today)}인데 {session.day(until)}까지로 정합니다.",
            f"Today is {session.day(today)}, the new day {session.day(until)}.",
        )
    else:
        return True
    if not sys.stdin.isatty():
        session.remark(said)
        return True
    return click.confirm(said + session.say(" 맞습니까?", " Is that intended?"))


def _texts(tree: Any) -> Iterable[str]:
    """Yield the texts in a tree of data."""
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, Mapping):
        for inner in tree.values():
            yield from _texts(inner)
    elif isinstance(tree, list | tuple):
        for inner in tree:
            yield from _texts(inner)
