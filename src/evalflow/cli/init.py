"""The command `init`: an office begins with a workbook, and not with YAML."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from evalflow.cli.options import output_option, pass_session
from evalflow.cli.session import Session
from evalflow.errors import InvalidInput, Problem, invalid
from evalflow.files.output import check_output, write_output

if TYPE_CHECKING:
    from evalflow.plan.definition import Plan


_YEARS = (1900, 2999)


@click.command("init")
@click.option(
    "--from", "source", metavar="WORKBOOK", help="채운 통합 문서 · The workbook, filled in."
)
@click.option("--preset", metavar="NAME", help="평가 절차 · Lifecycle [major-works].")
@click.option("--office", metavar="NAME", help="구청 이름 · The office's name.")
@click.option("--year", type=click.IntRange(*_YEARS), help="연도 · The plan's year.")
@click.option(
    "--bureau", "bureaus", multiple=True, metavar="NAME", help="국·소 · A bureau; several."
)
@output_option("쓸 통합 문서 · Workbook to write (.xlsx).", name="out")
@click.option(
    "--plan-file",
    metavar="FILE",
    help="쓸 계획 파일 · Plan file to write, with --from [plan.yaml].",
)
@click.option("--as", "actor", metavar="ID", help="등록하는 사람 · Who puts the plan into force.")
@click.option("--check", is_flag=True, help="검사만 · Only check the workbook; write nothing.")
@click.option("--yes", is_flag=True, help="묻지 않음 · Ask nothing; write over files of that name.")
@pass_session
def init_command(
    session: Session,
    source: str | None,
    preset: str | None,
    office: str | None,
    year: int | None,
    bureaus: tuple[str, ...],
    out: str | None,
    plan_file: str | None,
    actor: str | None,
    check: bool,
    yes: bool,
) -> None:
    """처음 시작 · Begin without YAML: make a workbook to fill in, then read it.

    `evalflow init` asks for the office, the year and the bureaus and writes the workbook. Filled
    in, `evalflow init --from WORKBOOK` checks all of it, cell by cell, and makes the plan file and
    the store (--store, else office.db beside the workbook). Without a --store that exists nothing
    is overwritten.
    """
    if source is None:
        if given := [
            name
            for name, said in (("--plan-file", plan_file), ("--as", actor), ("--check", check))
            if said
        ]:
            listed = ", ".join(given)
            raise invalid(
                "needs_from",
                ko=f"{listed}: 채운 통합 문서와 함께 씁니다 (--from 파일)",
                en=f"{listed}: goes with a workbook that is filled in (--from FILE)",
            )
        _make(session, preset, office, year, bureaus, out, yes)
        return
    if given := [
        name
        for name, said in (
            ("--preset", preset), ("--office", office), ("--year", year),
            ("--bureau", bureaus), ("--output", out),
        )
        if said
    ]:  # fmt: skip
        listed = ", ".join(given)
        raise invalid(
            "not_with_from",
            ko=f"{listed}: --from과 함께 쓸 수 없습니다 (통합 문서에 적습니다)",
            en=f"{listed}: not with --from (the workbook says it)",
        )
    _read(session, source, plan_file, actor, check_only=check, yes=yes)


# --------------------------------------------------------------------------- a blank workbook


def _make(
    session: Session,
    preset: str | None,
    office: str | None,
    year: int | None,
    bureaus: Sequence[str],
    out: str | None,
    yes: bool,
) -> None:
    from evalflow.engine.opening import DEFAULT_PRESET, load_lifecycle
    from evalflow.files.book_writer import write_book
    from evalflow.plan.workbook import blank_head, office_book

    lifecycle = load_lifecycle(preset or DEFAULT_PRESET)
    this_year = dt.datetime.now(dt.timezone(dt.timedelta(hours=9))).year
    if not yes:
        if office is None:
            office = click.prompt(session.say("구청 이름", "The office's name"))
        if year is None:
            year = click.prompt(
                session.say("연도", "Year"), type=click.IntRange(*_YEARS), default=this_year
            )
        if not bureaus:
            said = click.prompt(
                session.say(
                    "국·소 (쉼표로 나눔, 나중에 적으려면 Enter)",
                    "Bureaus, with commas (Enter: later)",
                ),
                default="",
                show_default=False,
            )
            bureaus = [each.strip() for each in said.split(",") if each.strip()]
    office, year = office or session.say("우리구", "Our office"), year or this_year
    head = blank_head(preset or DEFAULT_PRESET, year, office, bureaus=bureaus)
    out = out or session.say(f"시작자료-{year}.xlsx", f"start-{year}.xlsx")
    _spare(session, out, yes)
    sheets = office_book(head, (), lifecycle, lang=session.lang)
    write_book(out, sheets, lists=session.say("목록", "Lists"))
    names = ", ".join(sheet.name for sheet in sheets)
    session.echo(
        session.say(
            f"{out}: 시트 {len(sheets)}장을 만들었습니다 ({names}).",
            f"{out}: {len(sheets)} sheets ({names}).",
        )
    )
    session.echo(
        session.say(
            f"다음: 엑셀에서 채운 뒤  evalflow init --from {out}",
            f"Next: fill it in, then  evalflow init --from {out}",
        )
    )


def _spare(session: Session, path: str, yes: bool) -> None:
    """Refuse to write over a file that is there, but where that was said.

    Raises:
        InvalidInput: a file of that name is there.
    """
    if check_output(path) is not None and not yes:
        raise invalid(
            "file_exists",
            file=path,
            ko="이미 있는 파일입니다. 다른 이름을 주거나(-o, --plan-file), 덮어쓰려면 --yes",
            en="the file exists: give another name (-o, --plan-file), or --yes to replace it",
        )


# --------------------------------------------------------------------------- a filled one


def _read(
    session: Session,
    source: str,
    plan_file: str | None,
    actor: str | None,
    *,
    check_only: bool,
    yes: bool,
) -> None:
    import evalflow
    from evalflow.engine.opening import load_office_book

    folder = os.path.dirname(source)
    plan_file = plan_file or os.path.join(folder, "plan.yaml")
    with session.busy("통합 문서 검사 중", "checking the workbook"):
        found = load_office_book(source, plan_file=plan_file)
    plan = found.plan
    for note in plan.notes:
        session.remark(note.text(session.lang))
    able = _adopters(session, plan, actor)
    by = able[0]
    problems: list[Problem] = []
    with evalflow.open("memory:") as trial:
        try:
            trial.adopt(plan, by=plan.actor(by))  # what it refuses, before anything is written
        except InvalidInput as error:
            problems += found.placed(error).problems
    if len(able) > 1 and not check_only:
        problems += _which_adopter(session, plan, able).problems
    if problems:
        raise InvalidInput(problems)
    counts = _counts(session, plan)
    if check_only:
        session.echo(
            session.say(
                f"{source}: 고칠 것이 없습니다 ({counts}). 아직 아무것도 쓰지 않았습니다.",
                f"{source}: nothing to correct ({counts}). Nothing was written.",
            )
        )
        return
    _spare(session, plan_file, yes)
    session.store = session.store or os.path.join(folder, "office.db")
    with session.open(must_exist=False) as engine:
        if plan.id in engine.plans.ids():
            raise invalid(
                "plan_exists",
                value=plan.id,
                ko=f"저장소에 이미 '{plan.id}' 계획이 있습니다. 고치려면: evalflow plan import "
                f"{source} --as {by} --reason 사유",
                en=f"the store has the plan '{plan.id}' already; to revise it: evalflow plan "
                f"import {source} --as {by} --reason WHY",
            )
        engine.adopt(plan, by=plan.actor(by))
        first = min(each.period for each in engine.projects(plan=plan.id))
    try:
        write_output(plan_file, found.text)
    except OSError as error:
        raise click.FileError(plan_file, error.strerror) from error
    session.echo(f"{plan.id}: {counts}")
    _print_next(session, plan, plan_file, first)


def _print_next(session: Session, plan: Plan, plan_file: str, first: str) -> None:
    """Print what was made, and the commands of the first weeks; `first` is the first period."""
    say, store = session.say, session.store
    measuring = [
        (event.name, event.label)
        for event in plan.lifecycle.events.values()
        if any(field.type == "figures" and field.required for field in event.data)
    ][:1]
    session.echo(
        say(
            f"계획 파일 {plan_file}, 저장소 {store}을(를) 만들었습니다.",
            f"Made the plan file {plan_file} and the store {store}.",
        )
    )
    session.echo(say("다음:", "Next:"))
    for line in (
        f"  export EVALFLOW_STORE={store}",
        say(f"  evalflow status            # 사업별 현황 ({first})",
            f"  evalflow status            # where projects stand ({first})"),
        say("  evalflow due               # 누가 무엇을 언제까지",
            "  evalflow due               # who owes what by when"),
        *(
            say(f"  evalflow sheet make {label.ko} -o 실적표   # 기간이 끝나면: 부서마다 채울 파일",
                f"  evalflow sheet make {name} -o sheets       # to be filled in")
            for name, label in measuring
        ),
        say("  evalflow plan export --workbook -o 고칠자료.xlsx   # 인사이동, 이관, 변경",
            "  evalflow plan export --workbook -o change.xlsx    # staff, transfers, changes"),
    ):  # fmt: skip
        session.echo(line)


def _counts(session: Session, plan: Plan) -> str:
    units = plan.head.units.values()
    bureaus = sum(unit.kind == "bureau" for unit in units)
    departments = sum(unit.kind == "department" for unit in units)
    indicators = sum(len(each.indicators) for each in plan.projects.values())
    return session.say(
        f"국 {bureaus}곳, 과 {departments}곳, 사람 {len(plan.head.directory)}명, "
        f"사업 {len(plan.projects)}개, 성과지표 {indicators}개",
        f"{bureaus} bureaus, {departments} departments, {len(plan.head.directory)} people, "
        f"{len(plan.projects)} projects, {indicators} indicators",
    )


def _adopters(session: Session, plan: Plan, actor: str | None) -> list[str]:
    """Return who puts the plan into force: who was named, else all who may.

    Raises:
        InvalidInput: nobody may.
    """
    if actor is not None:
        plan.actor(actor)
        return [actor]
    roles = set(plan.lifecycle.adopted_by)
    able = [
        name
        for name, grants in plan.head.directory.items()
        if any(each.role in roles and each.on_behalf_of is None for each in grants)
    ]
    names = _adopting(session, plan)
    if not able:
        raise InvalidInput(
            invalid(
                "nobody_adopts",
                ko=f"계획을 등록할 사람이 없습니다: '사람·역할' 시트에 {names} 역할을 적으십시오",
                en=f"nobody may put the plan into force: give somebody the role {names}",
            ).problems
        )
    return able


def _adopting(session: Session, plan: Plan) -> str:
    roles = sorted(plan.lifecycle.adopted_by)
    return ", ".join(session.label(plan.lifecycle.roles[role].label) for role in roles)


def _which_adopter(session: Session, plan: Plan, able: Sequence[str]) -> InvalidInput:
    listed, names = ", ".join(able), _adopting(session, plan)
    return invalid(
        "which_adopter",
        ko=f"누가 등록합니까? --as로 적으십시오 ({names}: {listed})",
        en=f"who puts the plan into force? give --as ({names}: {listed})",
    )
