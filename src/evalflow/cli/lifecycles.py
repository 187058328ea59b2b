"""Commands about lifecycles: check, diagram, access, diff, migrate, paths and stubs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalflow.cli.options import (
    Respelled,
    json_option,
    output_option,
    pass_session,
)
from evalflow.cli.session import Session, read_where
from evalflow.cli.word_list import words
from evalflow.errors import invalid
from evalflow.files.output import write_output
from evalflow.plugins import vocabulary

if TYPE_CHECKING:
    from evalflow.lifecycle.check.rights import Right
    from evalflow.model import Grant

_plan_file = click.option(
    "--plan-file",
    "plan",
    cls=Respelled,
    older=("--plan",),
    type=click.Path(dir_okay=False),
    help="계획 파일의 담당자 기준 · Its people.",
)


@click.group("lifecycle")
def lifecycle_command() -> None:
    """절차 정의를 검사·그림 · Check and draw lifecycle definitions."""


@lifecycle_command.command("check")
@click.argument("name", metavar="PRESET|FILE")
@_plan_file
@json_option
@pass_session
def check(session: Session, name: str, plan: str | None, as_json: bool) -> int:
    """절차 정의를 검사 · Check a lifecycle, and prove what can be proved about it.

    Exit code 2 where something cannot work; warnings leave 0.
    """
    import evalflow

    lifecycle = evalflow.load_lifecycle(name)
    adopted = evalflow.load_plan(plan) if plan else None
    findings = evalflow.check_lifecycle(lifecycle, plan=adopted)
    for note in lifecycle.notes:
        session.remark(f"{session.say('참고', 'note')}: {note.text(session.lang)}")
    if as_json:
        session.print_json("findings", findings, lifecycle=lifecycle.fingerprint)
    else:
        for finding in findings:
            mark = (
                session.say("오류", "error")
                if finding.severity == "error"
                else (session.say("주의", "warning"))
            )
            session.echo(f"{mark}: {finding.text(session.lang)}")
        session.echo(
            session.say(
                f"{lifecycle.fingerprint}: 영역 {len(lifecycle.regions)}, 상태 "
                f"{len(lifecycle.states)}, 처리 {len(lifecycle.events)}",
                f"{lifecycle.fingerprint}: {len(lifecycle.regions)} regions, "
                f"{len(lifecycle.states)} states, {len(lifecycle.events)} events",
            )
        )
    return 2 if any(finding.severity == "error" for finding in findings) else 0


@lifecycle_command.command("show")
@click.argument("name", metavar="[PRESET|FILE]", required=False)
@json_option
@pass_session
def show(session: Session, name: str | None, as_json: bool) -> None:
    """절차를 출력 · Print a lifecycle as YAML, to be copied and changed; or list the presets.

    What extends another lifecycle is printed whole.
    """
    import evalflow
    from evalflow.lifecycle.sources import earlier_presets, lifecycle_text, presets

    if as_json:
        chosen = (*presets(), *earlier_presets()) if name is None else (name,)
        found = [evalflow.load_lifecycle(each) for each in chosen]
        said = [
            {"lifecycle": each.fingerprint, "label": each.label}
            | ({} if name is None else {"content": each.tree})
            for each in found
        ]
        session.print_json("lifecycles", said)
        return
    if name is not None:
        session.echo(lifecycle_text(name).rstrip("\n"))
        return
    for each in (*presets(), *earlier_presets()):
        session.echo(f"{each:<24}{session.label(evalflow.load_lifecycle(each).label)}")


lifecycle_command.add_command(words)


@lifecycle_command.command("schema")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="파일로 · Into a file."
)
@pass_session
def schema(session: Session, output: Path | None) -> None:
    """JSON 스키마 · The language as a JSON Schema, for editors; with the guards of plugins."""
    from evalflow.lifecycle.schema import schema_text

    text = schema_text(vocabulary())
    if output is None:
        session.echo(text.rstrip("\n"))
    else:
        write_output(output, text)


@lifecycle_command.command("diagram")
@click.argument("name", metavar="PRESET|FILE")
@click.option(
    "--format",
    "form",
    type=click.Choice(["mermaid", "dot"]),
    default="mermaid",
    show_default=True,
    help="글 형식 · Text format.",
)
@click.option("--guards", is_flag=True, help="요건 표시 · Show guards.")
@click.option("--roles", is_flag=True, help="역할 표시 · Show roles.")
@output_option(
    "파일로 · Into a file: .mmd .dot .svg, or .png by Graphviz.",
    type=click.Path(dir_okay=False, path_type=Path),
)
@pass_session
def diagram(
    session: Session, name: str, form: str, guards: bool, roles: bool, output: Path | None
) -> None:
    """절차 그림 · Draw a lifecycle as Mermaid or DOT text, or as a picture."""
    import evalflow
    from evalflow.lifecycle.diagram import PICTURES, dot, mermaid, save

    lifecycle = evalflow.load_lifecycle(name)
    known = vocabulary()
    if output is not None and output.suffix.removeprefix(".").lower() in PICTURES:
        save(lifecycle, output, lang=session.lang, guards=guards, roles=roles, vocabulary=known)
        return
    draw = dot if form == "dot" or (output and output.suffix == ".dot") else mermaid
    text = draw(lifecycle, lang=session.lang, guards=guards, roles=roles, vocabulary=known)
    if output is None:
        session.echo(text)
    else:
        write_output(output, text)


@lifecycle_command.command("access")
@click.argument("name", metavar="PRESET|FILE")
@_plan_file
@json_option
@pass_session
def access(session: Session, name: str, plan: str | None, as_json: bool) -> None:
    """누가 무엇을 할 수 있는지 · The whole table of who may do what, made from the definition.

    With a plan, with the people who hold the roles, where, and on which days.
    """
    import evalflow
    from evalflow.lifecycle.check.rights import holders, rights

    adopted = evalflow.load_plan(plan) if plan else None
    lifecycle = evalflow.load_lifecycle(name)
    if as_json:
        cells = rights(lifecycle) if adopted is None else holders(lifecycle, adopted.head)
        session.print_json("rights", cells, lifecycle=lifecycle.fingerprint)
        return

    def described(right: Right) -> list[str]:
        label = session.event(lifecycle, right.event)
        states = [session.label(lifecycle.states[state].label) for state in right.sources]
        return [label, session.label(lifecycle.roles[right.role].label), ", ".join(states)]

    if adopted is None:
        heads = session.say("처리,역할,어느 상태에서,분리", "Event,Role,From,Separated from")
        rows = [
            [
                *described(right),
                "; ".join(session.label(duty.label) for duty in right.duties),
            ]
            for right in rights(lifecycle)
        ]
    else:
        heads = session.say(
            "처리,역할,어느 상태에서,사람,소관,기간", "Event,Role,From,Who,Unit,Days"
        )
        units = adopted.head.units
        rows = [
            [
                *described(each.right),
                each.actor
                + (f" ({session.say('대결', 'for')} {each.grant.on_behalf_of})"
                   if each.grant.on_behalf_of else ""),
                session.label(units[each.grant.unit].label)
                + (f" +{len(each.units) - 1}" if len(each.units) > 1 else ""),
                _days(each.grant),
            ]
            for each in holders(lifecycle, adopted.head)
        ]  # fmt: skip
    session.table(heads.split(","), rows)


@lifecycle_command.command("diff")
@click.argument("one", metavar="PRESET|FILE")
@click.argument("other", metavar="PRESET|FILE")
@json_option
@pass_session
def diff_command(session: Session, one: str, other: str, as_json: bool) -> int:
    """무엇이 달라졌는지 · What is otherwise in the second lifecycle, in words.

    Exit code 0 where both say the same, 1 where they differ.
    """
    import evalflow
    from evalflow.lifecycle.diff import diff

    first, second = evalflow.load_lifecycle(one), evalflow.load_lifecycle(other)
    found = diff(first, second)
    if as_json:
        session.print_json("differences", found, before=first.fingerprint, after=second.fingerprint)
        return 1 if found else 0
    session.echo(f"{first.fingerprint} → {second.fingerprint}")
    for difference in found:
        session.echo(f"- {difference.text(session.lang)}")
    if not found:
        session.echo(session.say("달라진 것이 없습니다.", "no differences."))
    return 1 if found else 0


@lifecycle_command.command("migrate")
@click.argument("name", metavar="PRESET|FILE")
@click.option("--as", "actor", required=True, metavar="ID", help="처리자 · Actor's id.")
@click.option("--reason", required=True, help="사유 · Why.")
@click.option("--plan", "plan_id", metavar="ID", help="계획 · Plan whose projects are moved.")
@click.option("--where", multiple=True, metavar="KEY=VALUE,…", help="조건 · Which projects.")
@click.option(
    "--map", "mapped", multiple=True, metavar="OLD=NEW", help="상태 대응 · New state of an old one."
)
@click.option(
    "--map-event",
    "mapped_events",
    multiple=True,
    metavar="OLD=NEW",
    help="처리 대응 · New event of an old one.",
)
@click.option(
    "--propose",
    is_flag=True,
    help="둘째 사람에게 올림 · Let it wait for a second person, who then migrates.",
)
@click.option(
    "--each",
    is_flag=True,
    help="가능한 사업만 전환 · Migrate the projects that can be, instead of all or none.",
)
@output_option("일괄 처리 계획 파일 · Batch file to write; without it, only show.", name="out")
@json_option
@pass_session
def migrate(
    session: Session,
    name: str,
    actor: str,
    reason: str,
    plan_id: str | None,
    where: tuple[str, ...],
    mapped: tuple[str, ...],
    mapped_events: tuple[str, ...],
    propose: bool,
    each: bool,
    out: str | None,
    as_json: bool,
) -> int:
    """다른 절차로 전환 · Plan how a plan's projects move to another lifecycle, or version.

    Shows what changes and who would be stranded; writes nothing to the store. The batch in FILE
    is applied with `evalflow batch apply FILE`. Exit code 1 where a project is stranded. Where
    whoever migrates would gain rights by it, or the plan asks for a second person, one person
    proposes it with --propose, and another migrates.
    """
    import evalflow
    from evalflow.cli.batches import print_plan, print_planned
    from evalflow.lifecycle.diff import diff

    new = evalflow.load_lifecycle(name)
    states = _pairs("--map", mapped)
    events = _pairs("--map-event", mapped_events)
    with session.open() as engine:
        chosen = read_where(where)
        plan = plan_id or engine.plans.only()
        if propose:
            entry = engine.plans.propose_migration(
                plan, new, by=actor, reason=reason, states=states, events=events
            )
            if as_json:
                session.print_json("entries", [entry], plan=plan)
                return 0
            session.echo(
                session.say(
                    f"{plan} #{entry.number}: {new.fingerprint} 전환안을 올렸습니다. 다른 사람이 "
                    "같은 명령을 --propose 없이 실행합니다.",
                    f"{plan} #{entry.number}: the migration to {new.fingerprint} was proposed; "
                    "another person runs the same command without --propose.",
                )
            )
            return 0
        moving = {each.lifecycle for each in engine.projects(**{**chosen, "plan": plan})}
        for fingerprint in () if as_json else sorted(moving - {new.fingerprint}):
            session.echo(f"{fingerprint} → {new.fingerprint}")
            for difference in diff(engine.plans.lifecycle(fingerprint), new):
                session.echo(f"  {difference.text(session.lang)}")
        batch = engine.plans.migrate(
            plan,
            new,
            by=actor,
            reason=reason,
            states=states,
            events=events,
            where=chosen,
            mode="each" if each else "all",
        )
        if out is not None:
            batch.save(out)
        if as_json:
            print_planned(session, batch, plan=plan, lifecycle=new.fingerprint, file=out)
            return 1 if batch.counts["refused"] else 0
        print_plan(session, engine, batch)
        if out is not None:
            session.echo(session.say(f"일괄 처리 계획 파일: {out}", f"batch: {out}"))
        return 1 if batch.counts["refused"] else 0


def _pairs(option: str, given: tuple[str, ...]) -> dict[str, str]:
    """Return what is said as OLD=NEW."""
    found = {}
    for each in given:
        one, equals, other = each.partition("=")
        if not equals:
            raise invalid(
                "bad_setting",
                value=each,
                ko=f"{option}은(는) 옛이름=새이름 꼴입니다",
                en=f"{option} takes old=new",
            )
        found[one.strip()] = other.strip()
    return found


@lifecycle_command.command("paths")
@click.argument("name", metavar="PRESET|FILE")
@click.option("--to", "target", metavar="STATE", help="이 상태까지 · To this state only.")
@click.option(
    "--all",
    "every",
    is_flag=True,
    help="같은 상태를 반복하지 않는 모든 경로 · Every path that visits no state twice.",
)
@click.option(
    "--limit", type=click.IntRange(1), default=1000, show_default=True, help="최대 · At most."
)
@json_option
@pass_session
def paths_command(
    session: Session, name: str, target: str | None, every: bool, limit: int, as_json: bool
) -> None:
    """상태에 이르는 길 · The shortest path to each state; or all simple ones, region by region."""
    import itertools

    import evalflow
    from evalflow.lifecycle.check.paths import alone, paths

    lifecycle = evalflow.load_lifecycle(name)
    if target is not None and target not in lifecycle.states:
        raise evalflow.NotFound("state", target, tuple(lifecycle.states))
    graphs = paths(lifecycle, vocabulary().guards)
    found: list[tuple[str, tuple[str, ...]]] = []
    more = False
    for state in lifecycle.states.values():
        if target not in (None, state.name):
            continue
        if every:
            ways = list(itertools.islice(alone(lifecycle, state.region).simple(state.name), limit))
            more = more or len(ways) == limit
        else:
            graph = next(graph for graph in graphs if state.region in graph.regions)
            shortest = graph.shortest(state.name)
            ways = [] if shortest is None else [shortest]
        found += [(state.name, way) for way in ways]
    if as_json:
        told = [{"state": state, "events": list(way)} for state, way in found]
        session.print_json("paths", told, lifecycle=lifecycle.fingerprint, cut_off=more)
        return
    heads = session.say("상태,처리", "State,Events").split(",")
    rows = [
        (
            session.label(lifecycle.states[state].label),
            " → ".join(session.label(lifecycle.events[event].label) for event in way) or "·",
        )
        for state, way in found
    ]
    session.table(heads, rows)
    if more:
        session.remark(session.say("더 있을 수 있습니다 (--limit)", "there may be more (--limit)"))


@lifecycle_command.command("stubs")
@click.argument("name", metavar="PRESET|FILE")
@click.option("--class", "class_name", default="Office", show_default=True, help="이름 · Its name.")
@output_option(
    "파일 · A .pyi file; the .py beside it is made where there is none.",
    type=click.Path(dir_okay=False, path_type=Path),
)
@pass_session
def stubs_command(session: Session, name: str, class_name: str, output: Path | None) -> None:
    """형(type) 선언 파일 · A typed facade: one method for each event, for editors and mypy."""
    import evalflow
    from evalflow.lifecycle.stubs import stubs

    if not class_name.isidentifier():
        raise click.BadParameter(class_name, param_hint="--class")
    text = stubs(evalflow.load_lifecycle(name), class_name)
    if output is None:
        session.echo(text)
        return
    write_output(output, text)
    beside = output.with_suffix(".py")
    if not beside.exists():
        write_output(
            beside,
            f'"""Every event of the lifecycle as a method; its types are in {output.name}."""\n\n'
            f'from evalflow import Facade as {class_name}\n\n__all__ = ["{class_name}"]\n',
        )


def _days(grant: Grant) -> str:
    if grant.since is None and grant.until is None:
        return ""
    return f"{grant.since or ''} ~ {grant.until or ''}"
