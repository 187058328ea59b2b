"""Commands about projects: status, due, permitted, explain, fire, history."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from evalflow.cli.corrected import CORRECTED, corrected_in
from evalflow.cli.said import acting, in_entry, reviewed
from evalflow.cli.schemes import print_about
from evalflow.cli.session import Session, moment, one_line, read_data, read_where
from evalflow.errors import InvalidInput, NotFound, Problem, Reason, Refused
from evalflow.files.days import date_of
from evalflow.lifecycle.definition import PROJECTS
from evalflow.scoring.bands import band_label

if TYPE_CHECKING:
    from evalflow.decision.deadlines import Due
    from evalflow.decision.decide import Explanation
    from evalflow.engine.engine import Engine
    from evalflow.engine.view import View
    from evalflow.lifecycle.definition import Lifecycle
    from evalflow.model import Entry, Label, PlanEntry, PlanHead, Project

_pass = click.make_pass_decorator(Session)


def _reader_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--as",
        "reader",
        metavar="ID",
        help="이 사람이 볼 수 있는 것만 · As this actor may read it.",
    )(command)


def _json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--json", "as_json", is_flag=True, help="JSON으로 출력 · Print JSON for programs."
    )(command)


def _selection(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that select projects."""
    options = [
        click.option("--plan", metavar="ID", help="계획 · Plan."),
        click.option("--unit", metavar="ID", help="부서(하위 포함) · Unit with all below it."),
        click.option("--field", multiple=True, metavar="ID", help="분야 · Field."),
        click.option(
            "--state", multiple=True, metavar="NAME", help="상태(이름) · State, by its id or label."
        ),
        click.option("--period", multiple=True, metavar="P", help="기간 · Period: 2016-Q1, 1분기."),
        click.option("--band", multiple=True, metavar="NAME", help="추진상태 · Band."),
        click.option("--number", multiple=True, metavar="N", help="관리번호 · Number."),
        click.option("--limit", type=click.IntRange(1), help="건수 제한 · At most so many."),
        click.option(
            "--where",
            multiple=True,
            metavar="KEY=VALUE,…",
            help="조건 · Condition: state=planned,reviewed; late=yes; number=@FILE.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _where(
    plan: str | None,
    unit: str | None,
    field: Sequence[str],
    state: Sequence[str],
    period: Sequence[str],
    band: Sequence[str],
    number: Sequence[str],
    limit: int | None,
    where: Sequence[str],
) -> dict[str, Any]:
    given = {
        "plan": plan,
        "unit": unit,
        "field": field or None,
        "state": state or None,
        "period": period or None,
        "band": band or None,
        "numbers": number or None,
        "limit": limit,
    }
    said = {name: value for name, value in given.items() if value is not None}
    return {**read_where(where), **said}


@click.command("status")
@_selection
@click.option(
    "--provisional",
    is_flag=True,
    help="잠정 실적 · Actuals that are still provisional, up to the current period.",
)
@click.option(
    "--review",
    is_flag=True,
    help="검토 근거 · What each review stands on: evidence, site visit, opinion.",
)
@click.option(
    "--as-of", metavar="DATE", help="해당일 마감 기준 현황 · As it stood at the end of a day."
)
@click.option(
    "--by",
    type=click.Choice(["unit", "bureau", "field", "state", "band", "period"]),
    help="집계 · Count instead of listing.",
)
@_reader_option
@_json_option
@_pass
def status_command(
    session: Session,
    /,
    provisional: bool,
    review: bool,
    as_of: str | None,
    by: str | None,
    reader: str | None,
    as_json: bool,
    **filters: Any,
) -> None:
    """사업별 현황 · Where projects stand."""
    from evalflow.engine.view import View

    where = _where(**filters)
    if provisional and (as_of or by):
        raise InvalidInput(
            [
                Problem(
                    code="which",
                    ko="--provisional은 지금의 잠정 실적을 보입니다: --as-of, --by 없이 쓰십시오",
                    en="--provisional lists what is provisional now: not with --as-of or --by",
                )
            ]
        )
    if review and (as_of or by or provisional or as_json):
        raise InvalidInput(
            [
                Problem(
                    code="which",
                    ko="--review는 지금 기간의 검토 근거를 표로 보입니다: 다른 보기와 함께 쓸 수 "
                    "없습니다 (자세히는 score, history)",
                    en="--review shows, as a table, what the reviews of now stand on: not with "
                    "--as-of, --by, --provisional or --json (score and history say more)",
                )
            ]
        )
    with session.open() as engine:
        at = moment(session, engine, where.get("plan"), as_of)
        view = engine if reader is None else View(engine, reader)
        projects = view.projects(at=at, **where)
        if provisional:
            _print_provisional(session, engine, view, projects, as_json=as_json)
        elif by is not None:
            print_counts(session, engine, projects, by, as_json=as_json)
        elif as_json:
            plans = [where["plan"]] if "plan" in where else list(engine.plans.ids())
            session.print_json(
                "projects", projects, illustrative=session.illustrative(engine, plans)
            )
        else:
            looks = None
            if review:

                def looks(project: Project) -> str:
                    lifecycle = engine.plans.lifecycle(project.lifecycle)
                    return reviewed(session, lifecycle, view.evaluation(project.id))

            print_projects(session, engine, projects, at, looks)


def _print_provisional(
    session: Session,
    engine: Engine,
    view: Engine | View,
    projects: Iterable[Project],
    *,
    as_json: bool,
) -> None:
    """Print the actuals that are still provisional: project, period, indicator, figure."""
    found = [
        (project, period, indicator, figure)
        for project in projects
        for period, figures in view.evaluation(project.id).provisional().items()
        for indicator, figure in figures.items()
    ]
    plans = dict.fromkeys(project.plan for project, *_ in found)
    if as_json:
        session.print_json(
            "provisional",
            (
                {"project": project.id, "period": p, "indicator": indicator, "figure": figure}
                for project, p, indicator, figure in found
            ),
            illustrative=session.illustrative(engine, plans),
        )
        return
    rows = []
    for project, period, name, figure in found:
        indicator = engine.plans.definition(project.id, period=period).indicator(name)
        label = session.label(indicator.label) if indicator else name
        rows.append((project.id, session.label(project.label), period, label, figure))
    heads = session.say(
        "관리번호,사업명,기간,성과지표,잠정 실적",
        "Number,Project,Period,Indicator,Provisional actual",
    ).split(",")
    session.table(heads, rows, right=(4,))
    if not rows:
        session.echo(session.say("잠정 실적이 없습니다.", "No actual is provisional."))
    session.remark_illustrative(engine, plans)


def _provisional_in(entry: Entry) -> str:
    """Return the indicators whose actual an entry gave as provisional, with the figures."""
    return ", ".join(
        f"{name} {figure['provisional']}"
        for given in entry.data.values()
        if isinstance(given, Mapping)
        for name, figure in given.items()
        if isinstance(figure, Mapping) and set(figure) == {"provisional"}
    )


def print_projects(
    session: Session,
    engine: Engine,
    projects: Iterable[Project],
    at: dt.datetime | None = None,
    looks: Callable[[Project], str] | None = None,
) -> None:
    """Print projects as a table: where each stands; `looks` adds what its review stands on. A `r`
    marks a project of which an actual was corrected (G6). Under it stands what the plans leave out
    and what they are founded on (R10, R12)."""
    plans: dict[str, None] = {}
    listed = list(projects)
    marked: list[str] = []
    called: set[Label] = set()

    def rows() -> Iterable[Sequence[str]]:
        for project in listed:
            plans[project.plan] = None
            mark = ""
            if len(listed) <= _MARKED and corrected_in(engine, project.id, at):
                mark = f" {CORRECTED}"
                marked.append(project.id)
            head = engine.plans.head(project.plan)
            day = engine.plans.calendar(project.plan).today(at or engine.clock())
            lifecycle = engine.plans.lifecycle(project.lifecycle)
            called.add(lifecycle.things)
            yield (
                project.id,
                session.label(project.label),
                session.unit(engine, project, day),
                session.label(head.fields[project.field]),
                project.period,
                session.states(lifecycle, project.states),
                session.label(band_label(head.scoring.bands, project.band)) + mark,
                *(() if looks is None else (looks(project),)),
            )

    shown = list(rows())
    things = called.pop() if len(called) == 1 else PROJECTS
    heads = session.say(
        f"관리번호,{things.ko}명,부서,분야,기간,상태,추진상태",
        f"Number,{_column(things)},Unit,Field,Period,State,Band",
    ).split(",")
    if looks is not None:
        heads.append(session.say("검토 근거", "Review"))
    session.table(heads, shown)
    if marked:
        session.echo(session.say(f"{CORRECTED}: 정정한 실적이 있음", f"{CORRECTED}: corrected"))
    elif len(listed) > _MARKED:
        session.echo(
            session.say(
                f"정정 표시({CORRECTED})는 {_MARKED}건까지만 찾습니다: 조건으로 좁히십시오.",
                f"marks of corrections ({CORRECTED}) are looked up for {_MARKED} at most: narrow "
                "it down.",
            )
        )
    for plan in plans:
        _print_around(session, engine.plans.head(plan))
    session.remark_illustrative(engine, plans)


_MARKED = 1000
"""For how many projects of one table the histories are read for corrections."""


def _print_around(session: Session, head: PlanHead) -> None:
    """Print what the plan leaves out and where that is evaluated, and what it is founded on."""
    if head.exclusions:
        left = "; ".join(
            f"{session.label(each.label)} → {each.evaluated_in}" for each in head.exclusions
        )
        session.echo(
            session.say(
                f"제외 {len(head.exclusions)}건: {left} (사유: plan show {head.id})",
                f"left out, {len(head.exclusions)}: {left} (why: plan show {head.id})",
            )
        )
    if head.document.bases:
        bases = "; ".join(head.document.bases)
        session.echo(session.say(f"추진근거: {bases}", f"founded on: {bases}"))


def _things(engine: Engine, plans: Iterable[str]) -> Label:
    """Return what the projects of these plans are called, where their lifecycles agree."""
    found = {
        PROJECTS if lifecycle is None else lifecycle.things
        for lifecycle in (engine.rules.lifecycle_of(plan) for plan in plans)
    }
    return found.pop() if len(found) == 1 else PROJECTS


def _column(things: Label) -> str:
    """Return the head of the column of projects in English."""
    return "Project" if things == PROJECTS else things.en.capitalize()


def print_counts(
    session: Session,
    engine: Engine,
    projects: Iterable[Project],
    by: str,
    *,
    as_json: bool = False,
) -> None:
    """Print how many projects stand where, by one of `standing.GROUPINGS`."""
    from evalflow.engine.overview import count

    counted = Counter(count(engine, projects, by, session.lang))
    states = list(dict.fromkeys(state for _, state in counted))
    names = list(dict.fromkeys(name for name, _ in counted))
    if as_json:
        session.print_json(
            "counts",
            (
                {"name": name, "state": state, "count": number}
                for (name, state), number in counted.items()
            ),
            by=by,
        )
        return
    total = session.say("계", "Total")
    rows = [
        [
            name,
            *[str(counted[name, state]) for state in states],
            str(sum(counted[name, state] for state in states)),
        ]
        for name in names
    ]
    sums = [sum(counted[name, state] for name in names) for state in states]
    rows.append([total, *map(str, sums), str(sum(sums))])
    first = session.say("구분", "By")
    session.table([first, *states, total], rows, right=range(1, len(states) + 2))


@click.command("due")
@_selection
@click.option("--at", metavar="DATE", help="기준일 · On this day instead of today.")
@click.option("--late", is_flag=True, help="지연된 것만 · Only what is late.")
@click.option("--waiting", is_flag=True, help="앞 단계 대기 포함 · Also steps that must wait.")
@click.option("--who", metavar="ID", help="이 사람의 것만 · Only what this actor may do.")
@click.option("--ics", metavar="FILE", help="달력 파일(.ics) · A calendar file, - for the output.")
@click.option(
    "--each", is_flag=True, help="같은 일도 하나씩 · A line for each, also where many are alike."
)
@_json_option
@_pass
def due_command(
    session: Session,
    /,
    at: str | None,
    late: bool,
    waiting: bool,
    who: str | None,
    ics: str | None,
    each: bool,
    as_json: bool,
    **filters: Any,
) -> None:
    """누가 무엇을 언제까지 · Who owes what by when, and what is late."""
    where = _where(**filters)
    with session.open() as engine:
        when = moment(session, engine, where.get("plan"), at)
        if who is not None:
            _check_actor(engine, where.get("plan"), who)
        found = engine.due(when, waiting=waiting, coming=not (as_json or late), **where)
        dues = [
            due
            for due in found
            if (due.days_late or not late) and (who is None or who in due.actors)
        ]
        if ics is not None:
            _write_calendar(session, engine, dues, ics)
            return
        if as_json:
            plans = dict.fromkeys(due.plan for due in dues)
            session.print_json("due", dues, illustrative=session.illustrative(engine, plans))
            return
        now = when or engine.clock()
        rows = [_due_row(session, engine, like, now) for like in _alike(dues, each)]
        things = _things(engine, dict.fromkeys(due.plan for due in dues))
        heads = session.say(
            f"기한,상황,처리,부서,{things.ko},기간,담당",
            f"Due,Status,Event,Unit,{_column(things)},Period,Who",
        ).split(",")
        session.table(heads, rows)
        if not rows:
            session.echo(session.say("기한이 걸린 일이 없습니다.", "Nothing is due."))
        _remark_unknown_holidays(session, engine, dues)
        session.remark_illustrative(engine, (due.plan for due in dues))


_FOLDED_FROM = 6  # like dues from which on they are one line


def _alike(dues: Sequence[Due], each: bool) -> list[list[Due]]:
    """Return the dues in their order, those of one day, event and period together where they are
    many: what thirty departments owe alike is one line."""
    groups: dict[tuple[Any, ...], list[Due]] = {}
    for due in dues:
        key = (due.plan, due.due, due.event, due.period, due.days_late, due.coming)
        groups.setdefault(key, []).append(due)
    return [
        like
        for group in groups.values()
        for like in ([group] if len(group) >= _FOLDED_FROM and not each else [[d] for d in group])
    ]


def _due_row(
    session: Session, engine: Engine, like: Sequence[Due], now: dt.datetime
) -> tuple[str, ...]:
    """Return one line of what is due: one thing, or many alike."""
    due, projects = like[0], [project for each in like for project in each.projects]
    day = engine.plans.calendar(due.plan).today(now)
    if due.days_late:
        state = _late(session, due.days_late)
    else:
        state = session.say(f"{due.days_left}일 남음", f"{_days(due.days_left)} left")
    if due.coming:
        state += session.say(" (다음 기간)", " (next period)")
    waiting = len({project for each in like if each.together for project in each.waiting_for})
    if waiting:
        state += session.say(f" (대기 {waiting}건)", f" (waits for {waiting})")
    things = _things(engine, [due.plan])
    shown = session.say(f"{things.ko} {len(projects)}건", f"{len(projects)} {things.en}")
    if len(projects) == 1:
        shown = f"{projects[0]} {session.label(engine.project(projects[0]).label)}"
    head = engine.plans.head(due.plan)
    units = list(dict.fromkeys(each.unit for each in like))
    unit = session.label(head.unit(due.unit).label_on(day))
    if len(units) > 1:
        unit = session.say(f"{unit} 등 {len(units)}곳", f"{unit} and {len(units) - 1} more")
    who = list(dict.fromkeys(actor for each in like for actor in each.actors))
    named = ", ".join(who[:3]) or "-"
    if len(who) > 3 and len(like) > 1:
        named = session.say(f"{named} 등 {len(who)}명", f"{named} and {len(who) - 3} more")
    else:
        named = ", ".join(who) or "-"
    return (
        session.day(due.due),
        state,
        session.label(due.label),
        unit,
        shown,
        due.period,
        named,
    )


def _check_actor(engine: Engine, plan: str | None, who: str) -> None:
    """Refuse an id that no plan's directory has: it would have nothing to do, silently.

    Raises:
        NotFound: the nearest is named.
    """
    plans = [plan] if plan is not None else list(engine.plans.ids())
    known = {name for each in plans for name in engine.plans.head(each).directory}
    if who not in known:
        raise NotFound("actor", who, tuple(known))


def _write_calendar(session: Session, engine: Engine, dues: Sequence[Due], path: str) -> None:
    """Write what is due as a calendar file: a day for each."""
    import hashlib

    from evalflow.files.ics import DayEvent, calendar_file
    from evalflow.files.output import write_output

    events = []
    for due in dues:
        head = engine.plans.head(due.plan)
        unit = session.label(head.unit(due.unit).label_on(due.due))
        titles = [session.label(engine.project(each).label) for each in due.projects]
        more = session.say(f" 외 {len(titles) - 1}건", f" and {len(titles) - 1} more")
        what = titles[0] + (more if len(titles) > 1 else "")
        said = f"{due.plan} {due.event} {due.unit} {due.period} {due.projects[0]}"
        events.append(
            DayEvent(
                uid=f"{hashlib.sha256(said.encode()).hexdigest()[:32]}@evalflow.invalid",
                day=due.due,
                summary=f"{session.label(due.label)}: {what} ({unit}, {due.period})",
                description="\n".join(
                    f"{each.rpartition('/')[2]} {title}"
                    for each, title in zip(due.projects, titles, strict=True)
                ),
            )
        )
    name = session.say("주요업무 평가 기한", "Evaluation: what is due")
    data = calendar_file(events, name=name, at=engine.clock())
    if path == "-":
        session.raw(data)
        return
    try:
        write_output(path, data)
    except OSError as error:
        raise click.FileError(path, error.strerror) from error
    session.echo(session.say(f"{path}: 기한 {len(events)}건", f"{path}: {len(events)} days"))


def _remark_unknown_holidays(session: Session, engine: Engine, dues: Sequence[Due]) -> None:
    """Say of which years no holidays are known, where something falls due in one."""
    unknown = {
        day.year
        for due in dues
        for day in (due.nominal, due.due)
        if not engine.plans.calendar(due.plan).knows(day.year)
    }
    if unknown:
        years = ", ".join(map(str, sorted(unknown)))
        session.remark(
            session.say(
                f"{years}년의 공휴일을 알 수 없어 토·일요일만 쉬는 것으로 계산하였습니다.",
                f"no holidays are known for {years}: counted with Saturdays and Sundays only",
            )
        )


@click.command("explain")
@click.argument("project")
@click.argument("event")
@click.option("--as", "actor", required=True, metavar="ID", help="처리자 · Actor's id.")
@click.option("--at", metavar="DATE", help="기준일 · On this day instead of today.")
@click.option(
    "--data",
    "source",
    metavar="FILE",
    help="자료: 파일, -, {…} · Data: a YAML file, - for stdin, or JSON.",
)
@click.option("--set", "settings", multiple=True, metavar="K=V", help="자료 항목 · One datum.")
@click.option(
    "--whole",
    is_flag=True,
    help="할 수 없는 사람이어도 요건을 모두 봄 · Ask the guards also where the actor may not act.",
)
@click.option(
    "--example", is_flag=True, help="자료 보기(YAML) · Print data such as it takes, to fill in."
)
@_json_option
@_pass
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
    """왜 되는지, 왜 안 되는지 · Why something may or may not be done. Changes nothing.

    Exit code 0 where it may be done, 1 where not.
    """
    with session.open() as engine:
        project = engine.names.project(project)
        event = engine.names.event(project, event)
        plan = engine.project(project).plan
        if example:
            engine.actor(plan, actor)
            _print_example(session, engine, project, event, as_json)
            return 0
        data, _ = read_data(session, source, settings)
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
        "deadline": explanation.deadline,
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
        f"{project.id} 「{session.label(project.label)}」 {project.period} "
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
        mark = "○" if check.passed else "×"
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
@click.option("--as", "actor", required=True, metavar="ID", help="처리자 · Actor's id.")
@click.option("--at", metavar="DATE", help="기준일 · On this day instead of today.")
@click.option(
    "--example",
    metavar="EVENT",
    help="그 절차의 자료 보기(YAML) · Print data such as this event takes, to fill in.",
)
@_json_option
@_pass
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
        if example is not None:
            engine.actor(plan, actor)
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
                ", ".join(f.name + ("*" if f.required else "") for f in each.needs) or "-",
            )
            for each in found
        ]
        heads = session.say("절차,이름,기한,자료(*필수)", "Event,Name,Due,Data (* required)").split(
            ","
        )
        session.table(heads, rows)
        if not rows:
            session.echo(session.say("할 수 있는 일이 없습니다.", "Nothing is possible."))


@click.command("fire")
@click.argument("project")
@click.argument("event")
@click.option("--as", "actor", required=True, metavar="ID", help="처리자 · Actor's id.")
@click.option(
    "--data",
    "source",
    metavar="FILE",
    help="자료: 파일, -, {…} · Data: a YAML file, - for stdin, or JSON.",
)
@click.option("--set", "settings", multiple=True, metavar="K=V", help="자료 항목 · One datum.")
@click.option("--key", metavar="TEXT", help="중복 방지 키 · Idempotency key.")
@click.option("--yes", is_flag=True, help="묻지 않음 · Do not ask about a year that is off.")
@_json_option
@_pass
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
    """절차를 진행 · Fire an event on a project.

    An event of a whole unit (such as the bureau's submit) moves all its projects together.
    """
    from evalflow.files.yaml import placed
    from evalflow.scoring.questions import questions

    with session.open() as engine:
        project = engine.names.project(project)
        event = engine.names.event(project, event)
        plan = engine.project(project).plan
        by = engine.actor(plan, actor)
        data, document = read_data(session, source, settings)
        if not yes and not _years_are_meant(session, engine, project, event, data):
            session.echo(session.say("아무것도 하지 않았습니다.", "Nothing was done."))
            return 1
        try:
            entry = engine.fire(project, event, by=by, data=data, key=key)
        except Refused as refusal:
            if as_json:
                session.print_json("reasons", refusal.reasons, project=project, event=event)
                return 1
            session.remark(f"{project}: {event} → " + session.say("거부됨", "refused"))
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
        late = f", {_late(session, entry.late)}" if entry.late else ""
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
                    f"함께 처리한 사업 {len(others)}건: {listed}",
                    f"{len(others)} went along: {listed}",
                )
            )
        if entry.rating is not None:
            evaluation = engine.evaluation(project, entry.period)
            definition = engine.plans.definition(project, period=entry.period)
            for question in questions(definition, evaluation):
                session.remark(f"  ? {session.label(question)}")
        return 0


def _late(session: Session, days: int) -> str:
    return session.say(f"{days}일 지연", f"{_days(days)} late")


def _days(count: int) -> str:
    return f"{count} day" if count == 1 else f"{count} days"


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


def _years_are_meant(
    session: Session, engine: Engine, project: str, event: str, data: Mapping[str, Any] | None
) -> bool:
    """Ask about days whose year is not the plan's, nor next to it: a slip of the pen that no rule
    catches. Where nobody can be asked it is remarked."""
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
    if not off:
        return True
    days = ", ".join(session.day(day) for day in off)
    said = session.say(
        f"{head.year}년 계획인데 날짜가 {days}입니다.",
        f"The plan is of {head.year}, the day {days}.",
    )
    if not sys.stdin.isatty():
        session.remark(said)
        return True
    return click.confirm(said + session.say(" 맞습니까?", " Is it meant?"))


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


_PLAN_EVENTS = {
    "adopt": ("채택", "Adopted"),
    "revise": ("수정", "Revised"),
    "propose": ("수정안", "Revision proposed"),
    "confirm": ("수정안 시행", "Proposed revision confirmed"),
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
            who = entry.actor or "-"
            if entry.on_behalf_of:
                who += session.say("(代 ", " (for ") + entry.on_behalf_of + ")"
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
        "순번,일시,절차,처리자,차수,바뀐 것,사유", "No.,When,Event,Actor,Revision,What,Reason"
    ).split(",")
    session.table(heads, rows(), right=(0, 4))


_CHANGED = 8
"""How many of what a plan's entry changed are named in its line."""


@click.command("history")
@click.argument("project")
@_reader_option
@_json_option
@_pass
def history_command(session: Session, project: str, reader: str | None, as_json: bool) -> None:
    """이력 · What happened to a project or plan: who moved it, when, on whose behalf and why.

    PROJECT may be a plan's id: its adoption, every revision, and what else changed its rules.
    """
    from evalflow.engine.schemes import about
    from evalflow.engine.view import View
    from evalflow.model import dated

    with session.open() as engine:
        view = engine if reader is None else View(engine, reader)
        if project in engine.plans.ids():
            own = engine.plans.history(project)
            if reader is not None:
                own = View(engine, reader).plan_history(project)
            if as_json:
                session.print_json("entries", own, plan=project)
            else:
                _print_plan_history(session, engine, project, own)
            return
        project = engine.names.project(project)
        entries = view.history(project)
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
                    remark = f"[{_late(session, late)}] {remark}"
                if counts[entry.number].at != entry.at:
                    right = session.time(counts[entry.number].at.astimezone(zone))
                    remark = session.say(f"[시각 정정: {right}] ", f"[really {right}] ") + remark
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
            "순번,일시,기간,절차,처리자,상태,비고", "No.,When,Period,Event,Actor,State,Remarks"
        ).split(",")
        session.table(heads, rows(), right=(0,))
        print_about(session, engine, project)
        session.remark_illustrative(engine, [plan])
