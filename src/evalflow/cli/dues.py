"""The command `due`: who owes what by when, as a table or a calendar file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from evalflow.cli.options import (
    count_option,
    day_option,
    json_option,
    order_option,
    pass_session,
    selected,
    selection_options,
)
from evalflow.cli.session import Session, moment
from evalflow.cli.status import counted, print_count, things_head, things_of
from evalflow.errors import NotFound

if TYPE_CHECKING:
    from evalflow.decision.deadlines import Due
    from evalflow.engine.engine import Engine
    from evalflow.model import Label


@click.command("due")
@selection_options
@day_option
@click.option("--late", is_flag=True, help="지연된 것만 · Only what is late.")
@click.option("--waiting", is_flag=True, help="앞 단계 대기 포함 · Also steps that must wait.")
@click.option("--who", metavar="ID", help="이 사람의 것만 · Only what this actor may do.")
@click.option("--ics", metavar="FILE", help="달력 파일(.ics) · A calendar file, - for the output.")
@click.option(
    "--each", is_flag=True, help="같은 일도 하나씩 · A line for each, even if many are alike."
)
@order_option("unit, event, period, project")
@count_option
@json_option
@pass_session
def due_command(
    session: Session,
    /,
    at: str | None,
    late: bool,
    waiting: bool,
    who: str | None,
    ics: str | None,
    each: bool,
    order: str | None,
    count: bool,
    as_json: bool,
    **filters: Any,
) -> None:
    """기한별 처리 대상 · Who owes what by when, and what is late."""
    from evalflow.engine.listing import page_of_dues

    where = selected(**filters)
    after, limit = where.pop("after", None), where.pop("limit", None)
    with session.open() as engine:
        when = moment(session, engine, where.get("plan"), at)
        if who is not None:
            who = _who(session, engine, where.get("plan"), who)
        coming = not (as_json or late)
        found = engine.due(when, waiting=waiting, coming=coming, who=who, **where)
        page = page_of_dues(
            [due for due in found if due.days_late or not late], order, after, limit
        )
        dues = page.dues
        if count:
            print_count(session, page.count, as_json=as_json)
            return
        if ics is not None:
            _write_calendar(session, engine, dues, ics)
            return
        if as_json:
            plans = dict.fromkeys(due.plan for due in dues)
            session.print_json(
                "dues",
                dues,
                illustrative=session.illustrative(engine, plans),
                next=page.next,
            )
            return
        now = when or engine.clock()
        called = {plan: things_of(engine, [plan]) for plan in {due.plan for due in dues}}
        rows = [_due_row(session, engine, like, now, called) for like in _alike(dues, each)]
        things = things_of(engine, dict.fromkeys(due.plan for due in dues))
        heads = session.say(
            f"기한,상황,처리,부서,{things.ko},기간,담당자",
            f"Due,Status,Event,Unit,{things_head(things)},Period,Who",
        ).split(",")
        session.table(heads, rows)
        if not rows:
            session.echo(session.say("기한이 걸린 일이 없습니다.", "Nothing is due."))
        if page.next is not None:
            session.remark(
                session.say(
                    f"{page.count}건 중 {len(dues)}건입니다. 다음: --after {page.next}",
                    f"{len(dues)} of {page.count}; next: --after {page.next}",
                )
            )
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
    session: Session,
    engine: Engine,
    like: Sequence[Due],
    now: dt.datetime,
    called: Mapping[str, Label],
) -> tuple[str, ...]:
    """Return one line of what is due: one thing, or many alike; `called` says what the projects of
    a plan are called."""
    due, projects = like[0], [project for each in like for project in each.projects]
    day = engine.plans.calendar(due.plan).today(now)
    if due.days_late:
        state = days_late(session, due.days_late)
    elif not due.days_left:
        state = session.say("오늘까지", "due today")
    else:
        state = session.say(f"{due.days_left}일 남음", f"{_days(due.days_left)} left")
    if due.coming:
        state += session.say(" (다음 기간)", " (next period)")
    waiting = len({project for each in like if each.together for project in each.waiting_for})
    if waiting:
        state += session.say(f" (대기 {waiting}건)", f" (waits for {waiting})")
    shown = counted(session, called[due.plan], len(projects))
    if len(projects) == 1:
        shown = f"{projects[0]} {session.label(engine.project(projects[0]).label)}"
    head = engine.plans.head(due.plan)
    units = list(dict.fromkeys(each.unit for each in like))
    unit = session.label(head.unit(due.unit).label_on(day))
    if len(units) > 1:
        unit = session.say(f"{unit} 등 {len(units)}곳", f"{unit} and {len(units) - 1} more")
    return (
        session.day(due.due),
        state,
        session.label(due.label),
        unit,
        shown,
        due.period,
        _in_charge(session, engine, like, day),
    )


def _in_charge(session: Session, engine: Engine, like: Sequence[Due], day: dt.date) -> str:
    """Return who may do what is due; before anybody may, who will, and from which day on."""
    who = dict.fromkeys(actor for each in like for actor in each.actors)
    since = None
    if not who:
        people = engine.plans.people(like[0].plan)
        firsts = [people.first_held(each.roles, each.unit, day) for each in like]
        since = min((first for first in firsts if first is not None), default=None)
        for each, first in zip(like, firsts, strict=True):
            if first is not None and first == since:
                who |= dict.fromkeys(people.holders(each.roles, each.unit, first))
    if not who:
        return "-"
    named = ", ".join(who)
    if len(who) > 3 and len(like) > 1:
        few = ", ".join([*who][:3])
        named = session.say(f"{few} 등 {len(who)}명", f"{few} and {len(who) - 3} more")
    if since is None:
        return named
    return session.say(f"{named} ({since}부터)", f"{named} (from {since})")


def _who(session: Session, engine: Engine, plan: str | None, said: str) -> str:
    """Return the id of an actor that a plan knows: another would have nothing to do, silently.

    Raises:
        NotFound: the nearest is named.
        InvalidInput: it is a role that several hold, or nobody.
    """
    plans = [plan] if plan is not None else list(engine.plans.ids())
    known = {each.id for plan_id in plans for each in engine.plans.people(plan_id).actors()}
    if said in known:
        return said
    if len(plans) == 1:
        return session.actor(engine, plans[0], said)
    raise NotFound("actor", said, tuple(known))


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


def days_late(session: Session, days: int) -> str:
    """Return how late something is, in the language of the output."""
    return session.say(f"{days}일 지연", f"{_days(days)} late")


def _days(count: int) -> str:
    return f"{count} day" if count == 1 else f"{count} days"
