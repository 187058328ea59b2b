"""관리카드: the cards of a project's sub-projects, sent to the policy office beside its
self-evaluation (병행 제출, R39). A table of all of them, then what each says."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import evalflow
from evalflow.plugins import Card, cards_of
from evalflow_forms import values
from evalflow_forms.department import evaluated_on, where
from evalflow_forms.listing import plain
from evalflow_forms.options import Options
from evalflow_forms.sheet import Cell, Head, Paper, Part, Table
from evalflow_forms.sources import ProjectOverview, Sources

_MARKS = {"lagging": "▼ ", "seriously_lagging": "▼▼ "}


def parts(sources: Sources, options: Options) -> tuple[Part, ...]:
    """Return the form: a paper for every project that has cards.

    Raises:
        NotFound: none of the projects that were asked for has any.
    """
    found = [each for each in sources.standings if each.definition.cards]
    if not found:
        raise evalflow.NotFound("cards", sources.head.id)
    return tuple(_part(sources, each, options) for each in found)


def whole(sources: Sources, options: Options) -> Table:
    """Return all columns of all cards in one list, for an office's own file."""
    cards = [(each, card) for each in sources.standings for card in _sent(each)]
    names: tuple[str, ...] = (
        "관리번호",
        "카드번호",
        "세부사업명",
        "추진상태",
        "목표",
        "실적",
        "이행률",
    )
    names += ("예산액(원)", "집행액(원)", "추진실적", "부진사유", "대책", "증빙자료")
    rows = [
        [
            Cell(each.definition.number),
            Cell(str(card.number)),
            Cell(card.label.ko, align="left"),
            _state(card),
            values.figure_cell(card.target),
            values.figure_cell(card.actual),
            _rate(card),
            values.money(card.budget, "원"),
            values.money(card.spent, "원"),
            *_words(card),
        ]
        for each, card in cards
    ]
    return plain("관리카드", "관리카드", [(name, 24) for name in names], rows)


def _part(sources: Sources, standing: ProjectOverview, options: Options) -> Part:
    definition = standing.definition
    cards = _sent(standing)
    return Part(
        name=f"{definition.number} 관리카드",
        subtitle=f"관리번호 {definition.number} {definition.label.ko} · "
        f"{sources.period_label()} · {where(sources, standing)}",
        tables=(_all(cards, options.unit, sources.head.scoring.places), _each(cards)),
        paper=Paper(
            registered=evaluated_on(sources, standing), attachments=tuple(_attached(cards))
        ),
    )


def _sent(standing: ProjectOverview) -> tuple[Card, ...]:
    return cards_of(standing.definition, standing.facts.get("cards"))


def _attached(cards: tuple[Card, ...]) -> Iterator[str]:
    papers = sum(len(each.papers) for each in cards)
    if papers:
        yield f"증빙자료 {papers}건"


def _all(cards: tuple[Card, ...], unit: str, places: int) -> Table:
    """Return 총괄표: one row a card, and what they come to."""
    rows = [
        (
            Cell(str(card.number)),
            Cell(card.label.ko, align="left"),
            values.money(card.budget, unit, 1),
            values.money(card.spent, unit, 1),
            values.share(card.spent, card.budget, places),
            _figure(card.target, card.unit),
            _figure(card.actual, card.unit),
            _rate(card),
            _state(card),
        )
        for card in cards
    ]
    budget = values.sum_of([card.budget for card in cards])
    spent = values.sum_of([card.spent for card in cards])
    on_track = sum(card.on_track for card in cards)
    total = (
        Cell("계", bold=True),
        Cell(f"{len(cards)}개 사업", align="left", bold=True),
        values.money(budget, unit, 1),
        values.money(spent, unit, 1),
        values.share(spent, budget, places),
        Cell(None),
        Cell(None),
        Cell(None),
        Cell(f"완료·정상 {on_track}", bold=True),
    )
    titles = (
        "카드번호",
        "세부사업명",
        "예산 계획",
        "집행",
        "집행률",
        "목표",
        "실적",
        "이행률",
        "추진상태",
    )
    widths = (15, 41, 18, 18, 16, 18, 18, 16, 20)
    share = values.share(on_track, len(cards), 1).shown()
    return Table(
        name="총괄표",
        caption=f"{len(cards)}개 사업 총괄표",
        widths=tuple(Decimal(each) for each in widths),
        heads=tuple(Head(title, 0, place) for place, title in enumerate(titles)),
        head_rows=1,
        rows=(*rows, total),
        unit=f"(단위: {unit}, %)",
        remarks=(f"완료·정상 사업의 비율 = {on_track} ÷ {len(cards)} = {share}",),
    )  # fmt: skip


def _each(cards: tuple[Card, ...]) -> Table:
    heads = [("번호", 12), ("세부사업명", 34), ("추진실적", 46), ("부진사유", 32), ("대책", 32)]
    rows = [
        [Cell(str(card.number)), Cell(card.label.ko, align="left"), *_words(card)] for card in cards
    ]
    return plain("관리카드", "사업별 관리카드", [*heads, ("증빙자료", 24)], rows)


def _words(card: Card) -> list[Cell]:
    said = (card.text, card.cause, card.countermeasure, ", ".join(card.papers))
    return [Cell(each or None, align="left") for each in said]


def _state(card: Card) -> Cell:
    label = card.state_label
    if label is None:
        return Cell(None if card.sent else "미제출")
    return Cell(_MARKS.get(card.state or "", "") + label.ko)


def _figure(value: Decimal | None, unit: str) -> Cell:
    return Cell(None) if value is None else Cell(f"{value:,f}{unit}", align="right")


def _rate(card: Card) -> Cell:
    return Cell(None) if card.rate is None else Cell(card.rate, 1, percent=True, align="right")
