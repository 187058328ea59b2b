"""The command `sheet`: a workbook for a department, a reviewer or a bureau, and what was written in
it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from evalflow.cli.batches import apply_plan, counted, print_figures, print_plan
from evalflow.cli.options import output_option, pass_session
from evalflow.cli.session import Session
from evalflow.engine.sheets import ready_for, write_sheet
from evalflow.errors import InvalidInput, NotFound, Problem, invalid

if TYPE_CHECKING:
    from evalflow.batch.book_reading import Context, Filled
    from evalflow.batch.plan_file import BatchPlan
    from evalflow.engine.engine import Engine
    from evalflow.lifecycle.definition import Event, Lifecycle
    from evalflow.model import Project


@click.group("sheet")
def sheet_command() -> None:
    """실적표 · Workbooks to fill in: make them, and read what was written."""


# --------------------------------------------------------------------------- make


@sheet_command.command("make")
@click.argument("event")
@click.option("--plan", metavar="ID", help="계획 · Plan.")
@click.option("--unit", metavar="ID", help="부서(하위 포함) · Unit with all below it.")
@click.option("--number", "numbers", multiple=True, metavar="N", help="관리번호 · Number.")
@output_option(
    "파일(.xlsx), 또는 부서마다 하나씩 만들 폴더 · A file, or a folder for one a unit.",
    name="out",
    required=True,
)
@pass_session
def make_command(
    session: Session,
    event: str,
    plan: str | None,
    unit: str | None,
    numbers: Sequence[str],
    out: str,
) -> int:
    """만들기 · Write a workbook for EVENT: what is known is filled in, the rest is to be written.

    EVENT is an event of the plan's lifecycle: self_evaluate for a department's figures, review for
    the reviewer, compile or submit for a bureau, request_change for changes.
    """
    with session.open() as engine:
        plan = plan or engine.plans.only()
        lifecycle, known = _event(engine, plan, event)
        if lacking := _unsupported(known):
            raise lacking
        where: dict[str, Any] = {"plan": plan, "unit": unit or None}
        if numbers:
            where["numbers"] = tuple(numbers)
        found = [
            each for each in engine.projects(**where) if each.lifecycle == lifecycle.fingerprint
        ]
        ready = ready_for(lifecycle, known, found)
        if not ready:
            raise _nothing(session, lifecycle, known, found)
        if len(ready) < len(found) and known.together is None:
            left = ", ".join(each.number for each in found if each not in ready)
            session.remark(
                session.say(
                    f"지금 '{known.label.ko}'을(를) 할 수 없는 사업은 뺐습니다: {left}",
                    f"left out, for which '{known.label.en}' is not next: {left}",
                )
            )
        taken = found if known.together is not None else ready
        if out.lower().endswith(".xlsx"):
            units = {each.unit for each in taken}
            whose = units.pop() if len(units) == 1 else engine.plans.head(plan).office
            groups = [(Path(out), unit or whose, taken)]
        else:
            groups = list(_by_unit(engine, plan, known, taken, Path(out)))
        for path, whose, members in groups:
            path.parent.mkdir(parents=True, exist_ok=True)
            of = write_sheet(path, engine, lifecycle, known, whose, members, session.lang)
            session.echo(
                session.say(
                    f"{path}: {of.ko}, 사업 {len(members)}개",
                    f"{path}: {of.en}, {len(members)} projects",
                )
            )
        return 0


def _event(engine: Engine, plan: str, name: str) -> tuple[Lifecycle, Event]:
    """Return the plan's lifecycle and its event of this name or label.

    Raises:
        InvalidInput: it has none; the nearest is named.
    """
    lifecycle = engine.rules.lifecycle_of(plan)
    if lifecycle is None:
        raise NotFound("plan", plan, engine.plans.ids())
    return lifecycle, lifecycle.events[engine.names.event_of([lifecycle], name)]


def _unsupported(event: Event) -> InvalidInput | None:
    from evalflow.batch.book_columns import unsupported

    if not (fields := unsupported(event)):
        return None
    ko, en = (", ".join(f.label.text(lang) for f in fields) for lang in ("ko", "en"))
    return invalid(
        "not_in_a_sheet",
        value=event.name,
        ko=f"'{event.label.ko}'의 {ko}은(는) 엑셀로 받지 않습니다. fire --data로 주십시오",
        en=f"what '{event.label.en}' takes is not given in a workbook ({en}): use fire --data",
    )


def _nothing(
    session: Session, lifecycle: Lifecycle, event: Event, found: Sequence[Project]
) -> InvalidInput:
    region = lifecycle.leading(event)
    states = Counter(lifecycle.states[each.states[region]].label for each in found)
    ko, en = (
        ", ".join(f"{label.text(lang)} {number}" for label, number in states.items()) or "-"
        for lang in ("ko", "en")
    )
    wanted_ko, wanted_en = (
        ", ".join(lifecycle.states[each].label.text(lang) for each in sorted(event.sources()))
        for lang in ("ko", "en")
    )
    del session
    return invalid(
        "nothing_ready",
        value=event.name,
        ko=f"지금 '{event.label.ko}'을(를) 할 사업이 없습니다 (지금: {ko}; 필요: {wanted_ko})",
        en=f"no project is ready for '{event.label.en}' (now: {en}; it takes: {wanted_en})",
    )


def _by_unit(
    engine: Engine, plan: str, event: Event, projects: Sequence[Project], folder: Path
) -> Iterator[tuple[Path, str, list[Project]]]:
    """Yield a file a unit: a department, or the kind of unit that acts together."""
    from evalflow.files.book_writer import sheet_name

    head = engine.plans.head(plan)
    groups: dict[str, list[Project]] = {}
    for project in projects:
        unit = project.unit
        if event.together is not None:
            unit = head.ancestor(unit, event.together) or unit
        groups.setdefault(unit, []).append(project)
    today = engine.plans.calendar(plan).today(engine.clock())
    for unit, members in groups.items():
        name = sheet_name(head.unit(unit).label_on(today).ko)
        yield folder / f"{name}.xlsx", unit, members


# --------------------------------------------------------------------------- read


@sheet_command.command("read")
@click.argument("files", nargs=-1, required=True)
@click.option("--as", "actor", metavar="ID", help="처리자 · Actor's id.")
@click.option(
    "--holders",
    is_flag=True,
    help="줄마다 그 부서의 담당자 이름으로 · In the name of whoever holds the role there.",
)
@click.option("--event", metavar="NAME", help="처리(직접 만든 표) · Event, of a table of your own.")
@click.option("--plan", metavar="ID", help="계획 · Plan.")
@click.option("--apply", "really", is_flag=True, help="실제 적용 · Apply; without it a dry run.")
@click.option("--report", metavar="FILE", help="결과표(.csv/.jsonl) · Receipts, as CSV or JSON.")
@pass_session
def read_command(
    session: Session,
    files: Sequence[str],
    actor: str | None,
    holders: bool,
    event: str | None,
    plan: str | None,
    really: bool,
    report: str | None,
) -> int:
    """읽기 · Read workbooks that were filled in: what it would come to, and with --apply do it.

    What is wrong with one project's cells keeps that project back and no other. A row may name who
    acts (담당); else it is --as, or with --holders whoever holds the role there. In another's
    name only those may act who put the plan into force, or act for a whole unit, above that
    project.

    Exit code 0 where all is done or possible, 1 where something is wrong or refused.
    """
    if actor is None:
        raise invalid(
            "who",
            ko="누가 읽는지 --as로 정하십시오 (--holders와 함께도)",
            en="say as whom they are read: --as (with --holders, too)",
        )
    code, totals = 0, Counter[str]()
    with session.open() as engine:
        for file in files:
            if len(files) > 1:
                session.echo(f"== {file}")
            code = max(
                code,
                _read(session, engine, file, actor, holders, event, plan, really, report, totals),
            )
        if len(files) > 1 and totals:
            session.echo(session.say(f"== 모두 {len(files)}개 파일", f"== all {len(files)} files"))
            session.echo(counted(session, totals))
        if totals["planned"] and not really:
            session.echo(session.say("적용하지 않았습니다 (--apply)", "nothing applied (--apply)"))
    return code


def _read(
    session: Session,
    engine: Engine,
    file: str,
    actor: str,
    holders: bool,
    named: str | None,
    plan: str | None,
    really: bool,
    report: str | None,
    totals: Counter[str],
) -> int:
    from evalflow.batch.book_reading import about, read_filled

    book, said = about(file)
    if said is None and named is None:
        raise invalid(
            "which_event",
            file=file,
            ko="'evalflow sheet make'로 만든 파일이 아닙니다. 어느 처리인지 --event로 정하십시오",
            en="not made by 'evalflow sheet make': say which event it is for (--event)",
        )
    plan = plan or (said.plan if said is not None else engine.plans.only())
    lifecycle, event = _event(engine, plan, named or (said.event if said is not None else ""))
    if lacking := _unsupported(event):
        raise lacking
    actor = session.actor(engine, plan, actor)
    filled = read_filled(file, book, _context(engine, plan, lifecycle, event))
    for note in filled.notes:
        session.remark(note.text(session.lang))
    projects = {each.id: each for each in engine.projects(plan=plan)}
    if said is not None:
        _same_period(session, filled, projects, said.period, file)
        _leave_out_what_is_done(session, engine, lifecycle, event, projects, filled)
    if event.together is not None:
        _for_unit(engine, plan, lifecycle, event, said.unit if said else None, filled)
    _who_acts(engine, plan, lifecycle, event, filled, projects, actor, holders, file)
    _print_problems(session, filled)
    figures = [each for each in event.data if each.type == "figures"]
    if figures and filled.data:
        shown = {
            project: {"actuals": data[figures[0].name]}
            for project, data in filled.data.items()
            if figures[0].name in data
        }
        print_figures(session, engine, plan, shown, filled.units)
    code = 1 if filled.problems else 0
    groups = _groups(event, filled)
    if not groups and not filled.problems:
        session.remark(session.say("적힌 것이 없습니다.", "Nothing is filled in."))
    for (name, who), data in groups.items():
        chosen = {"plan": plan, "numbers": tuple(each.rpartition("/")[2] for each in data)}
        batch = engine.batch(name, by=who, where=chosen, each=data)
        label = session.label(lifecycle.events[name].label)
        session.echo(f"{label} ({who})")
        _moves_the_unit(session, engine, lifecycle.events[name], batch, data)
        print_plan(session, engine, batch)
        totals.update({word: batch.counts[word] for word in ("planned", "refused")})
        if batch.counts["refused"]:
            code = 1
        if really and batch.counts["planned"]:
            code = max(code, apply_plan(session, engine, batch, who, report))
    if filled.blank:
        numbers = ", ".join(each.rpartition("/")[2] for each in filled.blank)
        session.echo(
            session.say(
                f"적히지 않은 사업: {numbers}", f"projects with nothing filled in: {numbers}"
            )
        )
    return code


def _context(engine: Engine, plan: str, lifecycle: Lifecycle, event: Event) -> Context:
    from evalflow.batch.book_pages import WORDS
    from evalflow.batch.book_reading import Context

    head, calendar = engine.plans.head(plan), engine.plans.calendar(plan)
    return Context(
        plan=plan,
        event=event,
        lifecycle=lifecycle,
        whole=calendar.periods_to(head.calendar.last),
        word=WORDS[head.calendar.frequency],
        definitions={each.id: each for each in engine.plans.definitions(plan)},
        brackets=head.brackets,
    )


def _same_period(
    session: Session, filled: Filled, projects: dict[str, Project], period: str, file: str
) -> None:
    """Keep back what was written for a period that is no longer the project's."""
    from evalflow.model.calendar import period as period_of

    del session
    for project in list(filled.data):
        now = projects[project].period if project in projects else period
        if now != period:
            made, runs = period_of(period).label, period_of(now).label
            number = project.rpartition("/")[2]
            problem = Problem(
                code="other_period",
                file=file,
                value=number,
                ko=f"관리번호 {number}: {made.ko} 자료이나 지금은 {runs.ko}입니다. 새로 만드십시오",
                en=f"no. {number}: made for {made.en}, but {runs.en} runs now: make a new one",
            )
            filled.problems.setdefault(project, []).append(problem)
            del filled.data[project]


def _leave_out_what_is_done(
    session: Session,
    engine: Engine,
    lifecycle: Lifecycle,
    event: Event,
    projects: dict[str, Project],
    filled: Filled,
) -> None:
    """Leave out projects for which the sheet was read before: of a file that is read again after a
    row was mended, the others are done."""
    done: dict[str, list[str]] = {}
    for project in [each for each in filled.data if each in projects]:
        known = lifecycle.events[filled.events.get(project, event.name)]
        place = lifecycle.leading(known)
        now = projects[project]
        if now.states[place] in known.sources():
            continue
        last = None
        for entry in engine.history(project):
            if not entry.before or entry.before[place] != entry.after[place]:
                last = entry
        if last is not None and (last.event, last.period) == (known.name, now.period):
            done.setdefault(session.label(known.label), []).append(now.number)
            del filled.data[project]
    for label, numbers in done.items():
        listed = ", ".join(numbers)
        session.echo(
            session.say(
                f"이미 처리한 사업 {len(numbers)}건은 그대로 둡니다 ({label}): {listed}",
                f"{len(numbers)} done earlier, left as they are ({label}): {listed}",
            )
        )


def _for_unit(
    engine: Engine, plan: str, lifecycle: Lifecycle, event: Event, unit: str | None, filled: Filled
) -> None:
    """Give what the cover says to the first project that can go: the unit moves together."""
    if "" not in filled.data:
        return
    said = filled.data.pop("")
    found = list(engine.projects(plan=plan, unit=unit))
    ready = ready_for(lifecycle, event, found) or found
    if ready:
        filled.data[ready[0].id] = said


def _who_acts(
    engine: Engine,
    plan: str,
    lifecycle: Lifecycle,
    event: Event,
    filled: Filled,
    projects: dict[str, Project],
    actor: str,
    holders: bool,
    file: str,
) -> None:
    """Settle for each project who acts; keep back those for which the reader may not say it."""
    directory = engine.plans.people(plan)
    head = engine.plans.head(plan)
    today = engine.plans.calendar(plan).today(engine.clock())
    reader = directory.actor(actor)
    for project in list(filled.data):
        unit = projects[project].unit
        known = lifecycle.events[filled.events.get(project, event.name)]
        who, problem = filled.actors.get(project), None
        if who is None and holders:
            region = lifecycle.leading(known)
            able = directory.holders(known.by_from(projects[project].states[region]), unit, today)
            who = able[0] if len(able) == 1 else actor if actor in able else None
            if who is None:
                problem = _no_holder(head.unit(unit).label_on(today).ko, able, project)
        who = who or actor
        if problem is None and who != actor:
            try:
                directory.actor(who)
            except NotFound as error:
                problem = ("unknown_actor", error.text("ko"), error.text("en"))
            else:
                if not _stands_above(lifecycle, head, reader, unit, today):
                    problem = (
                        "not_for_others",
                        f"'{actor}'은(는) '{who}'의 이름으로 처리할 수 없습니다 (상급 부서만)",
                        f"'{actor}' may not act in the name of '{who}': only a superior unit may",
                    )
        if problem is not None:
            number = project.rpartition("/")[2]
            code, ko, en = problem
            said = Problem(
                code=code,
                file=file,
                value=number,
                ko=f"관리번호 {number}: {ko}",
                en=f"no. {number}: {en}",
            )
            filled.problems.setdefault(project, []).append(said)
            del filled.data[project]
        else:
            filled.actors[project] = who


def _no_holder(unit: str, able: Sequence[str], project: str) -> tuple[str, str, str]:
    del project
    if not able:
        return (
            "no_holder",
            f"{unit}에 이 처리를 할 사람이 없습니다",
            f"nobody in {unit} holds a role for it",
        )
    listed = ", ".join(able[:5])
    return (
        "several_holders",
        f"{unit}에 할 수 있는 사람이 여럿입니다. 담당 칸에 적으십시오: {listed}",
        f"several in {unit} could: name one in the column 'Who': {listed}",
    )


def _stands_above(lifecycle: Lifecycle, head: Any, reader: Any, unit: str, today: dt.date) -> bool:
    """Say whether the reader may hand in for those in `unit`: who puts the plan into force (the
    policy office), or acts for a whole unit above it (the bureau's lead section)."""
    roles = set(lifecycle.adopted_by)
    for event in lifecycle.events.values():
        if event.together is not None:
            roles |= set(event.by)
    above = head.line_up(unit)[1:]
    return any(
        grant.role in roles and grant.unit in above and grant.holds_on(today)
        for grant in reader.grants
        if grant.on_behalf_of is None
    )


def _groups(event: Event, filled: Filled) -> dict[tuple[str, str], dict[str, dict[str, Any]]]:
    """Return the data by event and actor: each is a batch."""
    from evalflow.batch.book_reading import reason_of

    groups: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for project, data in filled.data.items():
        name = filled.events.get(project, event.name)
        reason = reason_of(data)
        if name != event.name:
            data = {"reason": reason}  # noqa: PLW2901 - what the other event takes
        groups.setdefault((name, filled.actors[project]), {})[project] = data
    return groups


def _moves_the_unit(
    session: Session, engine: Engine, event: Event, batch: BatchPlan, data: dict[str, Any]
) -> None:
    """Say, of an event of a whole unit, what moves with it."""
    if event.together is None or not data or not len(batch):
        return
    head = engine.plans.head(next(iter(data)).rpartition("/")[0])
    project = engine.project(next(iter(data)))
    unit = head.ancestor(project.unit, event.together) or project.unit
    name = head.unit(unit).label_on(engine.plans.calendar(head.id).today(engine.clock()))
    session.echo(
        session.say(
            f"{name.ko} 전체가 함께 움직입니다: 사업 {len(batch)}개",
            f"{name.en} moves as a whole: {len(batch)} projects",
        )
    )


def _print_problems(session: Session, filled: Filled) -> None:
    told = [each for problems in filled.problems.values() for each in problems]
    if not told:
        return
    for line in InvalidInput(told).text(session.lang).splitlines():
        session.remark(line)
    held = [each.rpartition("/")[2] for each in filled.problems if each]
    if held:
        session.remark(
            session.say(
                f"고칠 것이 있어 뺀 사업: {', '.join(held)}", f"kept back: {', '.join(held)}"
            )
        )
