"""Commands about plans: check, import, export, carry, show."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from evalflow.cli import schemes
from evalflow.cli.cases import open_case
from evalflow.cli.options import json_option, output_option, pass_session
from evalflow.cli.session import Session
from evalflow.cli.status import counted, things_head, things_of
from evalflow.errors import InvalidInput, NotFound, invalid
from evalflow.files.output import write_output
from evalflow.model import CONTENTS
from evalflow.model.calendar import day_text
from evalflow.plan.changes_in_words import in_words

if TYPE_CHECKING:
    from evalflow.engine.engine import Engine
    from evalflow.model import Actor, PlanDocument, Signature
    from evalflow.plan.definition import Plan
    from evalflow.plan.differences import Difference
    from evalflow.plan.workbook_reader import OfficeBook

_sheets = click.option(
    "--sheet", "sheets", multiple=True, metavar="NAME", help="시트 · Sheet of the tables; several."
)
_visible_rows = click.option(
    "--visible-rows",
    is_flag=True,
    help="보이는 행만 · Leave out rows that are hidden or filtered away.",
)


def _meant(
    files: Sequence[str], sheets: Sequence[str], visible_rows: bool
) -> list[os.PathLike[str]]:
    """Return the tables, with what of them is meant."""
    from evalflow.files.table_reader import TableFile

    return [TableFile(file, tuple(sheets), visible_rows) for file in files]


@click.group("plan")
def plan_command() -> None:
    """계획을 검사·등록·조회 · Check, import and show plans."""


plan_command.add_command(schemes.select)
plan_command.add_command(schemes.overlaps)
plan_command.add_command(schemes.open_)


@plan_command.command("check")
@click.argument("file", type=click.Path(dir_okay=False))
@click.argument("tables", nargs=-1, type=click.Path(dir_okay=False))
@_sheets
@_visible_rows
@json_option
@pass_session
def check(
    session: Session,
    file: str,
    tables: tuple[str, ...],
    sheets: tuple[str, ...],
    visible_rows: bool,
    as_json: bool,
) -> int:
    """계획 파일을 검사 · Check a plan file and its lifecycle; all problems at once.

    TABLES of projects, budgets and targets are laid over it.
    """
    import evalflow
    from evalflow.plan.content import LACKING

    plan = evalflow.load_plan(file, tables=_meant(tables, sheets, visible_rows))
    for note in plan.notes:
        session.remark(note.text(session.lang))
    findings = evalflow.check_lifecycle(plan.lifecycle, plan=plan)
    lacking = sum(note.code == LACKING for note in plan.notes)
    if as_json:
        session.print_json("findings", findings, plan=plan.id, notes=list(plan.notes))
    else:
        for finding in findings:
            session.echo(finding.text(session.lang))
        _summary(session, plan, lacking)
    return 2 if lacking or any(finding.severity == "error" for finding in findings) else 0


@plan_command.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(dir_okay=False))
@click.option("--as", "actor", required=True, metavar="ID", help="처리자 · Actor's id.")
@click.option("--reason", help="변경 사유 · Reason, where the plan is revised.")
@click.option(
    "--plan", "plan_id", metavar="ID", help="표를 반영할 계획 · The plan that tables change."
)
@_sheets
@_visible_rows
@click.option(
    "--propose", is_flag=True, help="둘째 사람의 확인을 기다림 · Wait for a second person."
)
@click.option("--dry-run", is_flag=True, help="미리 보기 · Show what would change; write nothing.")
@click.option("--yes", is_flag=True, help="묻지 않음 · Do not ask before importing a workbook.")
@json_option
@pass_session
def import_(
    session: Session,
    files: tuple[str, ...],
    actor: str,
    reason: str | None,
    plan_id: str | None,
    sheets: tuple[str, ...],
    visible_rows: bool,
    propose: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """계획 파일이나 표를 저장소에 등록 · Adopt a plan, or its next revision, into the store.

    FILES are a plan (YAML), or tables of projects, budgets and targets (XLSX, CSV, XLS, ODS) that
    change the store's plan, or a plan with the tables that complete it; or the office's workbook
    (`plan export --workbook`): what would change is then shown, and asked about, before anything
    is written. With --propose the revision waits until another person puts it into force: `plan
    confirm`.
    """
    with _store(session, dry_run) as engine:
        book = _workbook(engine, files)
        plan = _given(engine, files, plan_id, sheets, visible_rows) if book is None else book.plan
        for note in plan.notes:
            session.remark(note.text(session.lang))
        known = plan.id in engine.plans.ids()
        by = engine.actor(plan.id, actor) if known else _first(plan, actor)
        if dry_run or (book is not None and known):
            was = engine.plans.plan(plan.id) if known else None
            try:
                found = engine.plans.compare(plan, by=by)
            except InvalidInput as error:
                raise error if book is None else book.placed(error) from None
            _preview(session, plan, found, as_json, was)
            if dry_run or not found:
                return
            if not yes and not click.confirm(
                session.say("이대로 등록합니까?", "Put this into force?")
            ):
                session.echo(session.say("아무것도 쓰지 않았습니다.", "Nothing was written."))
                return
        if propose:
            entry = engine.plans.propose(plan, by=by, reason=reason or "")
            if as_json:
                session.print_json("entries", [entry], plan=plan.id)
                return
            session.echo(
                session.say(
                    f"{plan.id}: 개정안을 올렸습니다. 다른 사람이 확인해야 시행됩니다: "
                    f"evalflow plan confirm {plan.id} {entry.number} --as …",
                    f"{plan.id}: the revision was proposed and waits for a second person: "
                    f"evalflow plan confirm {plan.id} {entry.number} --as …",
                )
            )
            return
        with session.busy("계획 등록 중", "adopting the plan"):
            head = engine.adopt(plan, by=by, reason=reason)
        shown = counted(session, plan.lifecycle.things, len(plan.projects))
        if as_json:
            session.print_json("revisions", [head], plan=head.id)
            return
        session.echo(
            session.say(
                f"{head.id}: {head.revision}차 계획, {shown}",
                f"{head.id}: revision {head.revision}, {shown}",
            )
        )


plan_command.add_command(open_case)


@plan_command.command("confirm")
@click.argument("plan")
@click.argument("number", type=click.IntRange(1))
@click.option("--as", "actor", required=True, metavar="ID", help="처리자 · Actor's id.")
@click.option("--dry-run", is_flag=True, help="미리 보기 · Show what would change; write nothing.")
@json_option
@pass_session
def confirm(
    session: Session, plan: str, number: int, actor: str, dry_run: bool, as_json: bool
) -> None:
    """올린 개정안을 확인해 시행 · Put a proposed revision into force, as a second person.

    NUMBER is that of the plan's entry that proposes it: see `history PLAN`.
    """
    with session.open() as engine:
        if dry_run:
            found = engine.plans.proposed(plan)
            if found is None or found[0].number != number:
                known = () if found is None else (str(found[0].number),)
                raise NotFound("proposal", f"{plan} #{number}", known)
            _preview(
                session,
                found[1],
                engine.plans.compare(found[1], by=found[0].actor),
                as_json,
                engine.plans.plan(plan),
            )
            return
        head = engine.plans.confirm(plan, number, by=actor)
        if as_json:
            session.print_json("revisions", [head], plan=head.id)
            return
        session.echo(
            session.say(
                f"{head.id}: {head.revision}차 계획을 시행했습니다.",
                f"{head.id}: revision {head.revision} is in force.",
            )
        )


@plan_command.command("redate")
@click.argument("plan")
@click.option(
    "--to",
    required=True,
    metavar="TIME",
    help="실제로 처리한 시각 · When they were actually made, as closely as is known.",
)
@click.option("--as", "actor", required=True, metavar="ID", help="처리자 · Actor's id.")
@click.option("--reason", required=True, help="사유 · Why that is known.")
@json_option
@pass_session
def redate(session: Session, plan: str, to: str, actor: str, reason: str, as_json: bool) -> None:
    """앞으로 뛴 시계로 적힌 시각을 바로잡기 · Put right the times of entries that lie ahead of now.

    A clock that had jumped ahead dated them; nothing can be written behind them until then. TIME
    is in the office's zone, or bears one: 2016-04-05T09:30, 2016-04-05T00:30+00:00.
    """
    with session.open() as engine:
        try:
            moment = dt.datetime.fromisoformat(to)
        except ValueError:
            raise invalid(
                "bad_time",
                value=to,
                ko=f"시각이 아닙니다: '{to}' (예: 2016-04-05T09:30)",
                en=f"not a time: '{to}' (expected e.g. 2016-04-05T09:30)",
            ) from None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=engine.plans.calendar(plan).zone)
        whose = engine.plans.redate(plan, to=moment, by=actor, reason=reason)
        if as_json:
            session.print_json("project_ids", whose, plan=plan)
            return
        session.echo(
            session.say(
                f"{plan}: 시각을 바로잡았습니다: {', '.join(whose)}",
                f"{plan}: times were put right: {', '.join(whose)}",
            )
        )


def _store(session: Session, dry_run: bool) -> Engine:
    """Open the store; a dry run makes none where there is none yet."""
    import evalflow

    try:
        return session.open(must_exist=dry_run)
    except evalflow.StorageError as error:
        if dry_run and error.code == "missing":
            return evalflow.open("memory:")
        raise


def _given(
    engine: Engine,
    files: Sequence[str],
    plan_id: str | None,
    sheets: Sequence[str],
    visible_rows: bool,
) -> Plan:
    plans = [file for file in files if file.lower().endswith((".yaml", ".yml"))]
    tables = _meant([file for file in files if file not in plans], sheets, visible_rows)
    if len(plans) > 1 or (plans and plan_id):
        raise invalid(
            "several_plans",
            value=", ".join(plans),
            ko="계획 파일은 하나만, --plan 없이 적습니다",
            en="give one plan file, without --plan",
        )
    if plans:
        return engine.load_plan(plans[0], tables=tables)
    return engine.plans.with_tables(plan_id or engine.plans.only(), tables)


def _first(plan: Plan, actor: str) -> Actor | str:
    """Return who adopts a plan that is new: somebody of its own, or of the host's directory where
    it names nobody.

    Raises:
        NotFound: the plan names people, and nobody of this id.
    """
    return plan.actor(actor) if plan.head.directory else actor


def _workbook(engine: Engine, files: Sequence[str]) -> OfficeBook | None:
    """Return what the office's workbook says, where the one file given is such a workbook."""
    if len(files) != 1 or not files[0].lower().endswith((".xlsx", ".ods", ".xls")):
        return None
    from evalflow.files.table_reader import read_book
    from evalflow.plan.workbook_reader import is_office_book

    book = read_book(files[0])
    return engine.plans.from_workbook(files[0], book=book) if is_office_book(book) else None


_MOST = 60  # changes shown one by one on the screen


def _preview(
    session: Session,
    plan: Plan,
    found: Sequence[Difference],
    as_json: bool,
    was: Plan | None,
) -> None:
    if as_json:
        session.print_json("changes", found, plan=plan.id)
        return
    rows = [
        (
            each.number or "-",
            *said,
            session.say(*_KINDS[each.kind]),
            _door(session, each),
        )
        for each, said in in_words(session, plan, was, found[:_MOST])
    ]
    if rows:
        heads = session.say(
            "관리번호,항목,개정 전,개정 후,구분,방법", "Number,What,Before,After,Kind,How"
        ).split(",")
        session.table(heads, rows)
    if len(found) > _MOST:
        session.echo(
            session.say(f"… 그 밖에 {len(found) - _MOST}건", f"… {len(found) - _MOST} more")
        )
    projects = len({each.number for each in found if each.number})
    if not found:
        session.echo(session.say("달라지는 것이 없습니다.", "Nothing would change."))
        return
    session.echo(
        session.say(
            f"{plan.id}: 사업 {projects}개, 항목 {len(found)}개가 달라집니다. "
            "아직 아무것도 쓰지 않았습니다.",
            f"{plan.id}: {len(found)} changes in {projects} projects. Nothing was written.",
        )
    )
    closed = sum(each.door != "adopt" for each in found)
    if closed:
        session.echo(
            session.say(
                f"이 가운데 {closed}개는 계획 개정으로 바꿀 수 없어, 그대로는 등록할 수 없습니다.",
                f"{closed} of them cannot be made by revising the plan: importing it as it is "
                "will be refused.",
            )
        )


_KINDS = {
    "project": ("새 사업", "new project"),
    "targets": ("목표", "target"),
    "open_target": ("처음 정하는 목표", "target set for the first time"),
    "indicators": ("성과지표", "indicator"),
    "term": ("사업기간", "term"),
    "budget": ("사업비", "budget"),
    "cards": ("관리카드", "cards"),
    "scoring": ("평가 기준", "scoring"),
    "signatures": ("결재선", "signatures"),
    "duties": ("직무 분리", "separation of duties"),
    "organisation": ("조직·담당", "organisation"),
    "calendar": ("일정", "calendar"),
    "text": ("명칭·문구", "wording"),
    "other": ("그 밖", "other"),
}


def _door(session: Session, found: Difference) -> str:
    if found.door == "adopt":
        return session.say("계획 개정", "revision of the plan")
    if found.door == "next_plan":
        return session.say("다음 계획", "the next plan")
    return session.say(f"변경절차({found.door})", f"change procedure ({found.door})")


@plan_command.command("export")
@click.argument("plan", required=False)
@click.option(
    "--workbook", is_flag=True, help="통합 문서로 · The whole plan as the office's workbook."
)
@click.option(
    "--table",
    "kind",
    type=click.Choice(["projects", "budgets", "targets", "schedule", "actuals"]),
    help="표 · Which table.",
)
@output_option("쓸 파일 · .xlsx or .csv to write.", name="out", required=True)
@click.option("--revision", type=click.IntRange(1), help="차수 · Revision; the latest if absent.")
@click.option("--period", metavar="P", help="기간 · Period of the actuals; the current one.")
@click.option("--unit", metavar="ID", help="부서 · Only this unit and what is below it.")
@click.option(
    "--encoding",
    type=click.Choice(["utf-8", "cp949"]),
    default="utf-8",
    help="CSV 문자 집합 · Encoding of CSV.",
)
@pass_session
def export(
    session: Session,
    plan: str | None,
    workbook: bool,
    kind: str | None,
    out: str,
    revision: int | None,
    period: str | None,
    unit: str | None,
    encoding: str,
) -> None:
    """계획을 표나 통합 문서로 · Write projects, budgets, targets or a period's actuals as a table.

    What is exported can be edited and imported again; actuals go in by `batch plan --figures`.
    --workbook writes all of it with units, people and dates, as `evalflow init` makes it.
    """
    from evalflow.files.table_writer import write_table
    from evalflow.plan import listing

    if workbook == (kind is not None):
        raise invalid(
            "which",
            ko="--table 표 또는 --workbook 가운데 하나를 주십시오",
            en="give either --table KIND or --workbook",
        )
    with session.open() as engine:
        plan_id = plan or engine.plans.only()
        if kind is None:
            _export_workbook(session, engine, plan_id, out, revision)
            return
        head = engine.plans.head(plan_id, revision=revision)
        chosen = list(engine.plans.definitions(plan_id, revision=revision))
        if unit is not None:
            below, today = (
                head.below(engine.names.unit_of(head, unit)),
                engine.plans.calendar(plan_id).today(engine.clock()),
            )
            chosen = [each for each in chosen if each.unit_on(today) in below]
        if kind == "actuals":
            within = (
                engine.names.period(plan_id, period)
                if period is not None
                else max(each.period for each in engine.projects(plan=plan_id))
            )
            found = {each.project: each for each in engine.ratings.evaluations(plan_id, within)}
            table = listing.list_actuals(chosen, found, lang=session.lang)
        else:
            make = {
                "projects": listing.list_projects,
                "budgets": listing.list_budgets,
                "targets": listing.list_targets,
                "schedule": listing.list_schedule,
            }[kind]
            table = make(head, chosen, lang=session.lang)
        write_table(out, table.heads, table.rows, encoding=encoding, sheet=table.name)
        session.echo(session.say(f"{out}: {len(table.rows)}행", f"{out}: {len(table.rows)} rows"))
        session.remark_illustrative(engine, [plan_id], whole=True)


def _export_workbook(
    session: Session, engine: Engine, plan_id: str, out: str, revision: int | None
) -> None:
    from evalflow.files.book_writer import write_book
    from evalflow.plan.workbook import office_book

    plan = engine.plans.plan(plan_id, revision=revision)
    sheets = office_book(
        plan.head, tuple(plan.projects.values()), plan.lifecycle, lang=session.lang
    )
    write_book(out, sheets, lists=session.say("목록", "Lists"))
    session.echo(
        session.say(
            f"{out}: {plan.head.revision}차 계획, 사업 {len(plan.projects)}개. 고친 뒤: "
            f"evalflow plan import {out} --as … --reason …",
            f"{out}: revision {plan.head.revision}, {len(plan.projects)} projects. Once changed: "
            f"evalflow plan import {out} --as … --reason …",
        )
    )
    session.remark_illustrative(engine, [plan_id], whole=True)


@plan_command.command("carry")
@click.argument("plan", required=False)
@click.option("--id", "next_id", required=True, metavar="ID", help="새 계획 · The next plan's id.")
@output_option("계획 파일 · Plan file to write.", name="out", required=True)
@click.option("--targets", metavar="FILE", help="목표를 적을 표 · Table to set the targets in.")
@click.option("--where", multiple=True, metavar="KEY=VALUE,…", help="조건 · Which projects go on.")
@pass_session
def carry(
    session: Session,
    plan: str | None,
    next_id: str,
    out: str,
    targets: str | None,
    where: tuple[str, ...],
) -> None:
    """다음 해 계획의 초안 · Begin the next year's plan with the projects that go on.

    Without --where those go on that are not done and whose term does not end with the year. The
    targets stay open: set them in the file, or in the table, and import both.
    """
    from evalflow.cli.session import read_where
    from evalflow.files.table_writer import write_table
    from evalflow.plan import listing
    from evalflow.plan.next_year import goes_on, next_year

    with session.open() as engine:
        plan_id = plan or engine.plans.only()
        head = engine.plans.head(plan_id)
        if next_id in engine.plans.ids():  # its import would be a revision of the running plan
            raise invalid(
                "plan_exists",
                value=next_id,
                ko=f"'{next_id}' 계획이 이미 있습니다. 다음 해 계획에는 새 이름을 주십시오",
                en=f"there is a plan '{next_id}' already; the next year's needs another id",
            )
        chosen = {**read_where(where), "plan": plan_id}
        bands = {each.id: each.band for each in engine.projects(**chosen)}
        definitions = [
            each
            for each in engine.plans.definitions(plan_id)
            if each.id in bands and (where or goes_on(head, each, bands[each.id]))
        ]
        if not definitions:
            raise invalid(
                "nothing_goes_on",
                ko="계속 추진할 사업이 없습니다. --where로 고르십시오",
                en="no project goes on; choose some with --where",
            )
        draft = next_year(head, definitions, next_id)
        try:
            write_output(out, draft.text())
        except OSError as error:
            raise click.FileError(out, error.strerror) from error
        if targets is not None:
            table = listing.list_targets_of(draft.head, draft.projects, lang=session.lang)
            write_table(targets, table.heads, table.rows, sheet=table.name)
        session.echo(
            session.say(
                f"{out}: 사업 {len(definitions)}개를 계속사업으로 편성하였습니다. "
                "목표를 정해 등록하십시오.",
                f"{out}: {len(definitions)} projects go on. Set their targets and import it.",
            )
        )


@plan_command.command("show")
@click.argument("plan", required=False)
@click.option("--revision", type=click.IntRange(1), help="차수 · Revision; the latest if absent.")
@click.option("--yaml", "as_yaml", is_flag=True, help="YAML로 출력 · Print it as a plan file.")
@json_option
@pass_session
def show(
    session: Session, plan: str | None, revision: int | None, as_yaml: bool, as_json: bool
) -> None:
    """계획을 조회 · Show a plan: its revisions, units and projects."""
    from evalflow.plan.write import dump_yaml
    from evalflow.scoring.kernel import half_up

    with session.open() as engine:
        plan_id = plan or engine.plans.only()
        head = engine.plans.head(plan_id, revision=revision)
        definitions = list(engine.plans.definitions(plan_id, revision=revision))
        if as_yaml:
            session.echo(dump_yaml(head, definitions))
            return
        if as_json:
            session.print_json(
                "definitions",
                definitions,
                plan=plan_id,
                revisions=[head],
                illustrative=session.illustrative(engine, [plan_id]),
            )
            return
        _head(session, head)
        day = engine.plans.calendar(plan_id).today(engine.clock())
        rows = [
            (
                definition.number,
                session.label(definition.label),
                session.label(head.unit(definition.unit_on(day)).label_on(day)),
                session.label(head.fields[definition.field]),
                str(len(definition.indicators)),
                f"{half_up(definition.budget.total, 1_000_000):,}",
            )
            for definition in definitions
        ]
        things = things_of(engine, [plan_id])
        heads = session.say(
            f"관리번호,{things.ko}명,부서,분야,성과지표,사업비(백만원)",
            f"Number,{things_head(things)},Unit,Field,Indicators,Budget (million won)",
        ).split(",")
        session.table(heads, rows, right=(4, 5))
        session.remark_illustrative(engine, [plan_id], whole=True)


def _head(session: Session, head: Any) -> None:
    session.echo(session.label(head.label))
    for line in _paper(session, head.document):
        session.echo(f"  {line}")
    session.echo(
        session.say(
            f"  {head.revision}차({head.effective}부터) · 기간 {head.calendar.first}–"
            f"{head.calendar.last} · 절차 {head.lifecycle}",
            f"  revision {head.revision} (from {head.effective}) · periods "
            f"{head.calendar.first} to {head.calendar.last} · lifecycle {head.lifecycle}",
        )
    )
    for each in head.exclusions:
        session.echo(
            session.say("  제외: ", "  left out: ")
            + f"{session.label(each.label)} ({each.reason}) → {each.evaluated_in}"
        )
    for name, reason in head.lenient.items():
        what = session.label(CONTENTS[name])
        session.echo(session.say("  생략: ", "  not given yet: ") + f"{what} ({reason})")


def _paper(session: Session, paper: PlanDocument) -> Iterator[str]:
    """Yield what is known of the paper that the plan was approved by, a line for each thing."""
    days = {
        "등록일자,Registered": paper.registered_on,
        "결재일자,Approved": paper.approved_on,
    }
    one = {
        "등록번호,Number": paper.number,
        **{name: day and day_text(day, session.lang) for name, day in days.items()},
        "공개구분,Disclosure": paper.disclosure,
        "추진근거,Founded on": "; ".join(paper.bases),
        "결재,Signed by": ", ".join(_signed(session, each) for each in paper.signed_by),
        "협조,Consulted": ", ".join(_signed(session, each) for each in paper.consulted),
        "붙임,Attached": "; ".join(paper.attachments),
    }
    for names, text in one.items():
        if text:
            yield f"{session.say(*names.split(','))}: {text}"
    for each in paper.cooperation:
        said = ": ".join(text for text in (each.partner, each.matter, each.result) if text)
        yield f"{session.say('협력 현황', 'Agreed with')}: {said}"
    for name, text in paper.other.items():
        yield f"{name}: {text}"


def _signed(session: Session, signature: Signature) -> str:
    text = signature.title
    if signature.acting:
        text += f" (代 {signature.acting})"
    return f"{text} {session.day(signature.signed_on)}" if signature.signed_on else text


def _summary(session: Session, plan: Any, lacking: int = 0) -> None:
    indicators = sum(len(project.indicators) for project in plan.projects.values())
    shown = counted(session, plan.lifecycle.things, len(plan.projects))
    ko, en = "이상 없음", "no errors"
    if lacking:
        ko, en = f"빠진 내용 {lacking}건", f"{lacking} items missing"
    session.echo(
        session.say(
            f"{plan.id}: {shown}, 성과지표 {indicators}개, 부서 {len(plan.head.units)}곳 — {ko}",
            f"{plan.id}: {shown}, {indicators} indicators, {len(plan.head.units)} units: {en}",
        )
    )
