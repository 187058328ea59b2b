"""Maintenance commands: deliver and verify."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from evalflow.cli.checkpoints import points_of, print_coverage, trust_logs
from evalflow.cli.options import (
    count_option,
    json_option,
    page_options,
    pass_session,
)
from evalflow.cli.session import Session, moment
from evalflow.cli.status import print_count
from evalflow.errors import invalid
from evalflow.plugins.notice_words import notice_lines

if TYPE_CHECKING:
    from evalflow.audit.findings import Mismatch, Unchecked
    from evalflow.engine.engine import Engine
    from evalflow.engine.outbox import DeliveryReport


@click.command("deliver")
@page_options
@click.option("--dead", is_flag=True, help="발송 실패 목록 · List dead letters instead.")
@click.option("--text", metavar="WORDS", help="목록에서 찾을 말 · Words in the letters listed.")
@count_option
@click.option(
    "--resend", is_flag=True, help="실패분 재발송 · Requeue dead letters and deliver them."
)
@json_option
@pass_session
def deliver_command(
    session: Session,
    limit: int | None,
    after: int,
    newest: bool,
    dead: bool,
    text: str | None,
    count: bool,
    resend: bool,
    as_json: bool,
) -> None:
    """알림 발송 · Deliver notices; list and resend dead letters."""
    if not dead and (after or newest or count or text is not None):
        raise invalid(
            "which",
            ko="--after, --newest, --text, --count는 --dead의 목록에 씁니다",
            en="--after, --newest, --text and --count are of the list of --dead",
        )
    with session.open() as engine:
        if count:
            many = engine.outbox.count(state="dead", text=text)
            print_count(session, many, as_json=as_json)
            return
        if dead:
            letters = engine.outbox.notices(
                state="dead", text=text, after=after, limit=limit, newest=newest
            )
            if as_json:
                session.print_json("dead", letters)
                return
            rows = [
                (
                    str(each.position),
                    each.notice.project,
                    session.label(each.notice.subject),
                    each.notice.recipient,
                    each.notice.notifier,
                    str(each.tries),
                    each.error or "",
                )
                for each in letters
            ]
            heads = session.say(
                "순번,사업 ID,알림,받는 사람,수단,시도,오류",
                "No.,Project,Notice,To,By,Tries,Error",
            ).split(",")
            session.table(heads, rows, right=(0, 5))
            if not rows:
                session.echo(
                    session.say("발송에 실패한 알림이 없습니다.", "There are no dead letters.")
                )
            return
        if resend:
            back = engine.outbox.resend()
            session.remark(session.say(f"재발송 {back}건", f"{back} requeued"))
        with session.busy("알림 발송 중", "delivering notices"):
            report = engine.deliver(limit=limit)
        if as_json:
            session.print_json("notifiers", report.by_notifier())
            return
        _say_delivered(session, report)


def _say_delivered(session: Session, report: DeliveryReport) -> None:
    session.remark(
        session.say(
            f"발송 {report.delivered}건, 다시 시도 {report.retried}건, 실패 {report.dead}건",
            f"{report.delivered} delivered, {report.retried} to retry, {report.dead} dead",
        )
    )
    for tally in report.by_notifier():
        if tally.error is not None:  # what a server refuses is told
            session.remark(f"  {tally.notifier}: {tally.error}")


@click.command("remind")
@click.option("--at", metavar="DATE", help="기준일 · On this day instead of today.")
@click.option(
    "--days",
    type=click.IntRange(1, 31),
    default=1,
    help="쉬는 동안 놓친 날 포함 · Also for days missed while the machine was off.",
)
@click.option("--deliver", "send", is_flag=True, help="바로 발송 · Deliver them at once.")
@json_option
@pass_session
def remind_command(session: Session, at: str | None, days: int, send: bool, as_json: bool) -> int:
    """기한 안내 · Remind people of what is due, as the plan says: one message a person and day.

    They go into the outbox, each once however often this is run; `deliver` sends them.
    """
    with session.open() as engine:
        if not remark_reminders(session, engine):
            if as_json:
                session.print_json("notices", ())
            return 0
        notices = engine.outbox.remind(moment(session, engine, None, at), days=days)
        rows = [
            (
                each.recipient,
                session.label(each.subject),
                "; ".join(line.removeprefix("- ") for line in notice_lines(each, session.lang)),
            )
            for each in notices
        ]
        heads_ = session.say("받는 사람,제목,내용", "To,Subject,What").split(",")
        if as_json:
            session.print_json("notices", notices)
        elif rows:
            session.table(heads_, rows)
        else:
            session.echo(session.say("오늘 안내할 것이 없습니다.", "Nobody is to be reminded."))
        if send:
            report = engine.deliver()
            _say_delivered(session, report)
            return 1 if report.dead else 0
        return 0


def remark_reminders(session: Session, engine: Engine) -> bool:
    """Say which plans remind nobody though they should; return whether any has rules for it."""
    heads = [engine.plans.head(plan) for plan in engine.plans.ids()]
    if not any(head.delivery.reminders for head in heads):
        session.remark(
            session.say(
                "계획의 notices에 reminders(언제 누구에게)가 없어 안내할 것이 없습니다",
                "no plan has reminders (notices.reminders), so nobody is reminded",
            )
        )
        return False
    for head in heads:
        if head.delivery.reminders and not head.delivery.notifiers:
            session.remark(
                session.say(
                    f"{head.id}: 알림 수단(notices.notifiers)이 없어 안내하지 않습니다",
                    f"{head.id}: no notifier (notices.notifiers), so nobody is reminded",
                )
            )
    return True


@click.command("verify")
@click.argument("plan", required=False)
@click.option("--project", metavar="ID", help="한 사업만 · Only this project.")
@click.option(
    "--checkpoint",
    "noted",
    multiple=True,
    metavar="FILE",
    help="확인값(파일 또는 글) · A checkpoint taken earlier: a file, or its text; repeatable.",
)
@click.option(
    "--since",
    metavar="FILE",
    help="이 확인값 뒤에 움직인 사업만 다시 밟음 · Replay projects with later entries.",
)
@trust_logs
@click.option(
    "--deep",
    is_flag=True,
    help="평가율·기한·요건도 다시 계산 · Also work out ratings, days late and guards anew.",
)
@json_option
@pass_session
def verify_command(
    session: Session,
    plan: str | None,
    project: str | None,
    noted: tuple[str, ...],
    since: str | None,
    trusted: tuple[str, ...],
    deep: bool,
    as_json: bool,
) -> int:
    """이력을 다시 밟아 대조 · Play every history again and check the store against it.

    Exit code 0 where everything fits, 1 where something does not. What could not be checked is
    said beside the output; it is no fault. With checkpoints, also what each covers, and what is
    not protected by any.
    """
    points = points_of(session, [*noted, *filter(None, [since])], trusted)
    start = points.pop() if since is not None else None
    unchecked: Counter[str] = Counter()
    examples: dict[str, str] = {}

    def told(each: Unchecked) -> None:
        unchecked[each.code] += 1
        examples.setdefault(each.code, each.text(session.lang))

    with session.open() as engine:
        with session.busy("이력 대조 중", "checking histories"):
            found = list(
                engine.audit.verify(
                    plan,
                    project=project
                    if project is None or "/" in project  # of a damaged store no more is asked
                    else engine.names.project(project, plan=plan),
                    deep=deep,
                    since=start,
                    unchecked=told,
                )
            )
            covers = engine.audit.hold(points, plan=plan) if points else ()
            found += [each for cover in covers for each in cover.found]
        if as_json:
            session.print_json("mismatches", found, unchecked=dict(unchecked) or None)
        else:
            print_mismatches(session, found)
        print_coverage(session, covers)
        if by_host := unchecked.pop("by_host", 0):
            session.remark(
                session.say(
                    f"외부 인사 시스템이 알려 준 역할로 처리한 이력 {by_host}건, 예: "
                    f"{examples['by_host']}",
                    f"resting on the host's directory: {by_host} entries, e.g. "
                    f"{examples['by_host']}",
                )
            )
        for code, count in unchecked.items():
            session.remark(
                session.say(
                    f"확인하지 못함 {count}건 ({code}), 예: {examples[code]}",
                    f"not checked: {count} ({code}), e.g. {examples[code]}",
                )
            )
        return 1 if found else 0


def print_mismatches(session: Session, found: Sequence[Mismatch]) -> None:
    """Print what does not fit, or that all does."""
    for mismatch in found:
        session.echo(mismatch.text(session.lang))
    if not found:
        session.echo(
            session.say(
                "이상 없음: 모든 이력이 이어지고 상태·평가가 이력과 같습니다.",
                "no errors: every history is complete, states and evaluations agree with it.",
            )
        )
