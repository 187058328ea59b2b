"""The command about management cards (관리카드): all of a project's, as they were sent (R39)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from evalflow.cli.options import json_option, pass_session, reader_option
from evalflow.cli.session import Session
from evalflow.errors import NotFound

if TYPE_CHECKING:
    from decimal import Decimal

    from evalflow.decision.cards import Card


@click.command("cards")
@click.argument("project")
@click.option("--period", metavar="P", help="기간 · Period; the current one if absent.")
@reader_option
@json_option
@pass_session
def cards_command(
    session: Session, project: str, period: str | None, reader: str | None, as_json: bool
) -> None:
    """관리카드 · The cards of a project's sub-projects, and which of them lack something."""
    from evalflow.decision.cards import cards_of
    from evalflow.engine.view import View

    with session.open() as engine:
        project = engine.names.project(project)
        stands = engine.project(project)
        view = engine if reader is None else View(engine, reader)
        evaluation = view.evaluation(project, period)
        definition = engine.plans.definition(project, period=evaluation.period)
        if not definition.cards:
            raise NotFound("cards", project, ())
        lifecycle = engine.plans.lifecycle(stands.lifecycle)
        fields = {f.name for e in lifecycle.events.values() for f in e.data if f.type == "cards"}
        given = next((evaluation.facts[name] for name in fields if name in evaluation.facts), None)
        found = cards_of(definition, given)
        if as_json:
            session.print_json(
                "cards",
                [_tree(each, session) for each in found],
                project=project,
                period=evaluation.period,
                illustrative=session.illustrative(engine, [stands.plan]),
            )
            return
        session.echo(f"{project} {session.quoted(stands.label)} {evaluation.period}")
        heads = session.say(
            "번호,세부사업,상태,목표,실적,이행률,집행액(원),추진실적,부진사유와 대책,증빙자료",
            "No.,Sub-project,State,Target,Actual,Rate,Spent (won),What was done,Cause and "
            "countermeasure,Papers",
        ).split(",")
        session.table(heads, [_row(session, each) for each in found], right=(0, 3, 4, 5, 6))
        _total(session, found, asked=given is not None)
        session.remark_illustrative(engine, [stands.plan])


def _row(session: Session, card: Card) -> list[str]:
    state = card.state_label
    told = "-" if not card.sent else ("" if state is None else session.label(state))
    return [
        str(card.number),
        session.label(card.label),
        told,
        _figure(card.target, card.unit),
        _figure(card.actual, card.unit),
        "" if card.rate is None else f"{card.rate}%",
        "" if card.spent is None else f"{card.spent:,}",
        card.text,
        " / ".join(each for each in (card.cause, card.countermeasure) if each),
        ", ".join(card.papers),
    ]


def _figure(value: Decimal | None, unit: str) -> str:
    return "" if value is None else f"{value:f}{unit}"


def _total(session: Session, found: tuple[Card, ...], *, asked: bool) -> None:
    if not asked:
        session.echo(session.say("관리카드가 아직 없습니다.", "No cards were sent yet."))
        return
    on_track = sum(each.on_track for each in found)
    session.echo(
        session.say(
            f"{len(found)}개 가운데 완료·정상 {on_track}개",
            f"{on_track} of {len(found)} are done or on track",
        )
    )
    for each in found:
        if what := ", ".join(session.label(one) for one in each.lacking()):
            session.echo(
                session.say(
                    f"- {each.number} {each.label.ko}: {what} 없음",
                    f"- {each.number} {each.label.en} lacks: {what}",
                )
            )


def _tree(card: Card, session: Session) -> dict[str, object]:
    said = {
        "number": card.number,
        "label": session.label(card.label),
        "sent": card.sent,
        "state": card.state,
        "target": None if card.target is None else str(card.target),
        "actual": None if card.actual is None else str(card.actual),
        "unit": card.unit,
        "rate": None if card.rate is None else str(card.rate),
        "budget": card.budget,
        "spent": card.spent,
        "text": card.text,
        "cause": card.cause,
        "countermeasure": card.countermeasure,
        "papers": list(card.papers),
    }
    return said | {"lacks": [session.label(each) for each in card.lacking()]}
