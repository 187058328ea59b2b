"""Commands about plans: check, import, show."""

from __future__ import annotations

from typing import Any

import click

from evalflow.cli.session import Session, tree_of

_pass = click.make_pass_decorator(Session)


@click.group("plan")
def plan_command() -> None:
    """계획을 검사·등록·조회 · Check, import and show plans."""


@plan_command.command("check")
@click.argument("file", type=click.Path(dir_okay=False))
@_pass
def check(session: Session, file: str) -> int:
    """계획 파일을 검사 · Check a plan file and its lifecycle; all problems at once."""
    import evalflow
    from evalflow.lifecycle.check import check as check_lifecycle

    plan = evalflow.load_plan(file)
    findings = check_lifecycle(
        plan.lifecycle,
        vocabulary=evalflow.vocabulary(),
        head=plan.head,
        units=plan.units_in_charge(),
        calendar=evalflow.Calendar(plan.head.calendar),
    )
    for finding in findings:
        session.echo(finding.text(session.lang))
    _summary(session, plan)
    return 2 if any(finding.severity == "error" for finding in findings) else 0


@plan_command.command("import")
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--as", "actor", required=True, metavar="ID", help="행위자 · Actor's id.")
@click.option("--reason", help="변경 사유 · Reason, where the plan is revised.")
@_pass
def import_(session: Session, file: str, actor: str, reason: str | None) -> None:
    """계획을 저장소에 등록 · Adopt a plan file, or its next revision, into the store."""
    import evalflow

    plan = evalflow.load_plan(file)
    with session.open(must_exist=False) as engine:
        known = plan.id in engine.plans()
        by = engine.actor(plan.id, actor) if known else plan.actor(actor)
        with session.busy("계획 등록 중", "adopting the plan"):
            head = engine.adopt(plan, by=by, reason=reason)
        session.echo(
            session.say(
                f"{head.id}: {head.revision}차 계획, 사업 {len(plan.projects)}건",
                f"{head.id}: revision {head.revision}, {len(plan.projects)} projects",
            )
        )


@plan_command.command("show")
@click.argument("plan", required=False)
@click.option("--revision", type=click.IntRange(1), help="차수 · Revision; the latest if absent.")
@click.option("--yaml", "as_yaml", is_flag=True, help="YAML로 출력 · Print it as a plan file.")
@click.option("--json", "as_json", is_flag=True, help="JSON으로 출력 · Print JSON.")
@_pass
def show(
    session: Session, plan: str | None, revision: int | None, as_yaml: bool, as_json: bool
) -> None:
    """계획을 조회 · Show a plan: its revisions, units and projects."""
    from evalflow.plan import dump_yaml

    with session.open() as engine:
        plan_id = plan or engine.only_plan()
        head = engine.plan(plan_id, revision=revision)
        definitions = list(engine.definitions(plan_id, revision=revision))
        if as_yaml:
            session.echo(dump_yaml(head, definitions))
            return
        if as_json:
            session.print_json(
                "projects",
                definitions,
                plan=tree_of(head),
                illustrative=session.illustrative(engine, [plan_id]),
            )
            return
        _head(session, head)
        rows = [
            (
                definition.number,
                session.label(definition.label),
                session.label(head.unit(definition.assignments[-1].unit).label),
                session.label(head.fields[definition.field]),
                str(len(definition.indicators)),
                f"{definition.budget.total // 1_000_000:,}",
            )
            for definition in definitions
        ]
        heads = session.say(
            "관리번호,사업명,부서,분야,성과지표,사업비(백만원)",
            "Number,Project,Unit,Field,Indicators,Budget (million won)",
        ).split(",")
        session.table(heads, rows, right=(4, 5))
        session.remark_illustrative(engine, [plan_id])


def _head(session: Session, head: Any) -> None:
    session.echo(session.label(head.label))
    for name, text in head.document.items():
        session.echo(f"  {name}: {text}")
    session.echo(
        session.say(
            f"  {head.revision}차({head.effective}부터) · 기간 {head.calendar.first}–"
            f"{head.calendar.last} · 절차 {head.lifecycle}",
            f"  revision {head.revision} (from {head.effective}) · periods "
            f"{head.calendar.first} to {head.calendar.last} · lifecycle {head.lifecycle}",
        )
    )


def _summary(session: Session, plan: Any) -> None:
    indicators = sum(len(project.indicators) for project in plan.projects.values())
    session.echo(
        session.say(
            f"{plan.id}: 사업 {len(plan.projects)}건, 성과지표 {indicators}개, "
            f"부서 {len(plan.head.units)}곳 — 이상 없음",
            f"{plan.id}: {len(plan.projects)} projects, {indicators} indicators, "
            f"{len(plan.head.units)} units: no errors",
        )
    )
