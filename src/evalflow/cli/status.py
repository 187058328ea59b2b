"""The command `status`: where projects stand, listed or counted."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import click

from evalflow.cli.corrected import CORRECTED, corrected_among
from evalflow.cli.options import (
    as_of_option,
    count_option,
    json_option,
    order_option,
    pass_session,
    reader_option,
    selected,
    selection_options,
)
from evalflow.cli.session import Session, moment
from evalflow.errors import InvalidInput, Problem
from evalflow.lifecycle.definition import PROJECTS
from evalflow.model.data import FORMAT, to_json
from evalflow.scoring.bands import band_label

if TYPE_CHECKING:
    from evalflow.engine.engine import Engine
    from evalflow.engine.view import View
    from evalflow.model import Label, PlanHead, Project


@click.command("status")
@selection_options
@click.option(
    "--provisional",
    is_flag=True,
    help="잠정 실적 · Actuals that are still provisional, up to the current period.",
)
@click.option(
    "--review",
    is_flag=True,
    help="검토 근거 · What each review is based on: evidence, site visit, opinion.",
)
@as_of_option
@click.option(
    "--by",
    type=click.Choice(["unit", "bureau", "field", "state", "band", "period"]),
    help="집계 · Count instead of listing.",
)
@order_option("title, unit, state, period, changed")
@count_option
@reader_option
@json_option
@pass_session
def status_command(
    session: Session,
    /,
    provisional: bool,
    review: bool,
    as_of: str | None,
    by: str | None,
    order: str | None,
    count: bool,
    reader: str | None,
    as_json: bool,
    **filters: Any,
) -> None:
    """사업별 현황 · Where projects stand."""
    where = selected(**filters)
    if provisional and (as_of or by):
        raise InvalidInput(
            [
                Problem(
                    code="which",
                    ko="--provisional은 지금의 잠정 실적을 보입니다: --at, --by 없이 쓰십시오",
                    en="--provisional lists what is provisional now: not with --at or --by",
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
                    en="--review shows a table of what the current reviews are based on: not with "
                    "--at, --by, --provisional or --json (score and history say more)",
                )
            ]
        )
    with session.open() as engine:
        at = moment(session, engine, where.get("plan"), as_of)
        view = engine if reader is None else _seen_by(engine, reader)
        if count:
            print_count(session, view.count(at=at, **where), as_json=as_json)
            return
        projects = view.projects(at=at, order=order, **where)
        if provisional:
            _print_provisional(session, engine, view, projects, as_json=as_json)
        elif by is not None:
            print_counts(session, engine, projects, by, as_json=as_json)
            if not as_json:
                told = [where["plan"]] if "plan" in where else list(engine.plans.ids())
                session.remark_illustrative(engine, told)
        elif as_json:
            plans = [where["plan"]] if "plan" in where else list(engine.plans.ids())
            session.print_json(
                "projects", projects, illustrative=session.illustrative(engine, plans)
            )
        else:
            looks = None
            if review:
                from evalflow.cli.entry_details import reviewed

                def looks(project: Project) -> str:
                    lifecycle = engine.plans.lifecycle(project.lifecycle)
                    return reviewed(session, lifecycle, view.evaluation(project.id))

            print_projects(session, engine, projects, at, looks)


def print_count(session: Session, count: int, *, as_json: bool) -> None:
    """Print how many there are, and nothing else."""
    session.echo(to_json({"format": FORMAT, "count": count}) if as_json else str(count))


def _seen_by(engine: Engine, reader: str) -> View:
    from evalflow.engine.view import View

    return View(engine, reader)


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
        "사업 ID,사업명,기간,성과지표,잠정 실적",
        "ID,Project,Period,Indicator,Provisional actual",
    ).split(",")
    session.table(heads, rows, right=(4,))
    if not rows:
        session.echo(session.say("잠정 실적이 없습니다.", "No actual is provisional."))
    session.remark_illustrative(engine, plans)


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
    few = [project.id for project in listed] if len(listed) <= _MARKED else []
    marked = corrected_among(engine, few, at)
    called: set[Label] = set()

    @cache
    def of(plan: str) -> tuple[PlanHead, dt.date]:
        calendar = engine.plans.calendar(plan)
        return engine.plans.head(plan), calendar.today(at or engine.clock())

    def rows() -> Iterable[Sequence[str]]:
        for project in listed:
            plans[project.plan] = None
            mark = f" {CORRECTED}" if project.id in marked else ""
            head, day = of(project.plan)
            lifecycle = engine.plans.lifecycle(project.lifecycle)
            called.add(lifecycle.things)
            yield (
                project.id,
                session.label(project.label),
                session.label(head.unit(project.unit).label_on(day)),
                session.label(head.fields[project.field]),
                project.period,
                session.states(lifecycle, project.states),
                session.label(band_label(head.scoring.bands, project.band)) + mark,
                *(() if looks is None else (looks(project),)),
            )

    shown = list(rows())
    things = called.pop() if len(called) == 1 else PROJECTS
    heads = session.say(
        f"{things.ko} ID,{things.ko}명,부서,분야,기간,상태,추진상태",
        f"ID,{things_head(things)},Unit,Field,Period,State,Band",
    ).split(",")
    if looks is not None:
        heads.append(session.say("검토 근거", "Review"))
    session.table(heads, shown)
    if not shown:
        session.echo(
            session.say("조건에 맞는 사업이 없습니다.", "No project meets the conditions.")
        )
    if marked:
        session.echo(session.say(f"{CORRECTED}: 정정한 실적이 있음", f"{CORRECTED}: corrected"))
    elif len(listed) > _MARKED:
        session.echo(
            session.say(
                f"정정 표시({CORRECTED})는 {_MARKED}건까지만 찾습니다: 조건으로 좁히십시오.",
                f"corrections ({CORRECTED}) are looked up for at most {_MARKED} projects: narrow "
                "the selection.",
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
                f"{len(head.exclusions)} left out: {left} (why: plan show {head.id})",
            )
        )
    if head.document.bases:
        bases = "; ".join(head.document.bases)
        session.echo(session.say(f"추진근거: {bases}", f"basis: {bases}"))


def things_of(engine: Engine, plans: Iterable[str]) -> Label:
    """Return what the projects of these plans are called, where their lifecycles agree."""
    found = {
        PROJECTS if lifecycle is None else lifecycle.things
        for lifecycle in (engine.rules.lifecycle_of(plan) for plan in plans)
    }
    return found.pop() if len(found) == 1 else PROJECTS


def counted(session: Session, things: Label, number: int) -> str:
    """Return so many of them, as people say it: 사업 3개, 민원 3건."""
    unit = "개" if things == PROJECTS else "건"
    return session.say(f"{things.ko} {number}{unit}", f"{number} {things.en}")


def things_head(things: Label) -> str:
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
    """Print how many projects stand where, by one of `overview.GROUPINGS`."""
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
    first = session.say("구분", "Group")
    session.table([first, *states, total], rows, right=range(1, len(states) + 2))
