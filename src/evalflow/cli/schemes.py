"""Commands about several schemes side by side: what is selected, what is evaluated twice, and
what is opened about a project. They belong to `evalflow plan`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from evalflow.cli.options import json_option, output_option, pass_session
from evalflow.cli.session import Session

if TYPE_CHECKING:
    from evalflow.plan.definition import Plan


@click.command("select")
@click.argument("selection")
@click.option(
    "--draft",
    required=True,
    type=click.Path(dir_okay=False),
    help="제출된 시행계획 · Plan file with what the bureaus submitted.",
)
@output_option(
    "계획 파일로 저장 · Write the plan file.",
    name="out",
    type=click.Path(dir_okay=False, path_type=Path),
)
@click.option("--as", "actor", metavar="ID", help="등록할 처리자 · Adopt it by this actor.")
@click.option("--reason", help="변경 사유 · Reason, where the plan is revised.")
@json_option
@pass_session
def select(
    session: Session,
    selection: str,
    draft: str,
    out: Path | None,
    actor: str | None,
    reason: str | None,
    as_json: bool,
) -> None:
    """선정 결과를 계획으로 · Make the plan of what a selection selected.

    Without --as nothing is written to the store.
    """
    from evalflow.engine import schemes
    from evalflow.files.output import write_output
    from evalflow.plan.write import dump_yaml

    with session.open() as engine:
        plan = schemes.select_plan(engine, selection, draft)
        if out is not None:
            write_output(out, dump_yaml(plan.head, plan.projects.values()))
        if actor is not None:
            known = plan.id in engine.plans.ids()
            by = engine.actor(plan.id, actor) if known else plan.actor(actor)
            engine.adopt(plan, by=by, reason=reason)
        if as_json:
            session.print_json("counts", [schemes.tally(plan)], plan=plan.id)
        else:
            print_tally(session, plan)


def print_tally(session: Session, plan: Plan) -> None:
    """Print a plan in numbers, as the source prints them (R26-R28, R3)."""
    from evalflow.engine.schemes import tally

    counted = tally(plan)
    shown = ", ".join(
        f"{session.label(plan.head.fields[f])} {n}" for f, n in counted.fields.items()
    )
    session.echo(
        session.say(
            f"{plan.id}: 사업 {counted.projects}개", f"{plan.id}: {counted.projects} projects"
        )
    )
    session.echo(session.say("  분야: ", "  fields: ") + shown)
    core = ", ".join(
        f"{session.label(plan.head.core_projects[c])} {n}" for c, n in counted.core_projects.items()
    )
    session.echo(
        session.say(
            f"  핵심 프로젝트 사업: {counted.core}개({counted.core_share}%): {core}",
            f"  in core projects: {counted.core} ({counted.core_share} %): {core}",
        )
    )
    kinds = ", ".join(f"{n}개 {kind}".strip() for kind, n in counted.kinds.items())
    names = ", ".join(f"{n} {kind}".strip() for kind, n in counted.kinds.items())
    session.echo(
        session.say(
            f"  부서: {counted.departments}개 부서({kinds})",
            f"  departments: {counted.departments} ({names})",
        )
    )
    left_out = len(plan.head.exclusions)
    session.echo(session.say(f"  제외: {left_out}건", f"  left out: {left_out}"))


@click.command("overlaps")
@json_option
@pass_session
def overlaps(session: Session, as_json: bool) -> int:
    """중복평가 점검 · What two plans of an office evaluate at once.

    Leaves with 1 where one has no special reason, or was left out for a plan that lacks it.
    """
    from evalflow.engine import schemes

    with session.open() as engine:
        found, lost = schemes.overlaps(engine), schemes.unplaced(engine)
        bad = bool(lost) or any(each.reason is None for each in found)
        if as_json:
            session.print_json("overlaps", found, unplaced=lost)
            return 1 if bad else 0
        rows = [
            (
                session.label(each.label),
                each.first,
                each.second,
                each.reason or session.say("없음", "none"),
            )
            for each in found
        ]
        if rows:
            heads = session.say(
                "사업,계획,다른 계획,특별한 사유", "Project,In,And in,Special reason"
            )
            session.table(heads.split(","), rows)
        for each in lost:
            session.echo(
                session.say(
                    f"{each.candidate} 「{each.label.ko}」은(는) {each.evaluated_in}에서 "
                    "평가한다고 제외했으나 거기에 없습니다",
                    f"{each.candidate} '{each.label.en}' was left out for {each.evaluated_in}, "
                    "which does not have it",
                )
            )
        if not rows and not lost:
            session.echo(session.say("중복평가 없음", "nothing is evaluated twice"))
    return 1 if bad else 0


@click.command("open")
@click.argument("plan")
@click.option("--about", required=True, metavar="PROJECT", help="대상 사업 · The project.")
@click.option("--as", "actor", required=True, metavar="ID", help="처리자 · Actor's id.")
@click.option("--title", metavar="TEXT", help="제목 · Title; by default the project's own.")
@json_option
@pass_session
def open_(
    session: Session, plan: str, about: str, actor: str, title: str | None, as_json: bool
) -> None:
    """시정명령·감사의뢰 등을 작성 · Open one more project of PLAN, about another project.

    A corrective order or an audit referral; prints its id. The project it is about is not touched.
    """
    from evalflow.engine.schemes import open_about

    with session.open() as engine:
        opened = open_about(engine, plan, about, by=engine.actor(plan, actor), title=title)
        if as_json:
            session.print_json("projects", [engine.project(opened)])
            return
        session.echo(opened)


def print_about(session: Session, engine: Any, project: str) -> None:
    """Print what was opened about a project, under its history."""
    from evalflow.engine.schemes import about

    for other in about(engine, project):
        lifecycle = engine.plans.lifecycle(other.lifecycle)
        states = session.states(lifecycle, other.states)
        session.echo(f"→ {other.id} {session.label(lifecycle.label)}: {states}")
