"""Management cards (관리카드, R39): what each sub-project says beside its project's figures. Pure.

A card is a record of its own: which sub-project, its figures or its state, what was done in words,
and the papers that show it. Lifecycles before `major-works/3` took one line of text for each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from evalflow.files.words import has_words
from evalflow.lifecycle.fields import CARD_STATES
from evalflow.model import Label, ProjectDefinition
from evalflow.model.values import frozen
from evalflow.scoring.kernel import half_up, published

_BEHIND = ("lagging", "seriously_lagging")


@frozen(kw_only=True)
class Card:
    """One card as it was sent; None, "" and () for what is not stated.

    Attributes:
        number: its place in the plan's list, from 1.
        label: the sub-project's name.
        state: one of `CARD_STATES`: how it goes by its own words.
        target, actual, unit: the figures so far.
        budget, spent: won.
        text: what was done; of a project that is not due yet, why.
        cause, countermeasure: of one that lags.
        papers: what shows it (증빙).
        sent: whether there is such a card at all.
    """

    number: int
    label: Label
    state: str | None = None
    target: Decimal | None = None
    actual: Decimal | None = None
    unit: str = ""
    budget: int | None = None
    spent: int | None = None
    text: str = ""
    cause: str = ""
    countermeasure: str = ""
    papers: tuple[str, ...] = ()
    sent: bool = True

    @property
    def rate(self) -> Decimal | None:
        """Return the actual in percent of the target, half-up at one decimal (D1); None where
        there are no figures, or nothing was asked."""
        if self.target is None or self.actual is None or self.target <= 0:
            return None
        share = Fraction(self.actual) / Fraction(self.target) * 1000
        return published(half_up(share.numerator, share.denominator), 1)

    @property
    def state_label(self) -> Label | None:
        """Return what the state is called."""
        return None if self.state is None else CARD_STATES[self.state]

    @property
    def on_track(self) -> bool:
        """Say whether it is done or on track."""
        return self.state in ("done", "on_track")

    def lacking(self) -> tuple[Label, ...]:
        """Return what the card must state and does not."""
        if not self.sent:
            return (Label("카드 없음", "no card"),)
        found = []
        if self.state is None and (self.target is None or self.actual is None):
            found.append(Label("상태 또는 목표·실적", "state, or target and actual"))
        if not has_words(self.text):
            found.append(Label("추진실적", "what was done"))
        if not self.papers and self.state != "not_due":
            found.append(Label("증빙자료", "papers"))
        if self.state in _BEHIND and not (self.cause and self.countermeasure):
            found.append(Label("부진사유·대책", "cause and countermeasure"))
        return tuple(found)


def cards_of(definition: ProjectDefinition, given: Mapping[str, Any] | None) -> tuple[Card, ...]:
    """Return the project's cards in the plan's order, as given in the field `cards`, including
    those that were not sent."""
    return tuple(_cards(definition, given or {}))


def _cards(definition: ProjectDefinition, given: Mapping[str, Any]) -> Iterator[Card]:
    for number, label in enumerate(definition.cards, 1):
        said = given.get(str(number))
        if said is None:
            yield Card(number=number, label=label, sent=False)
        elif isinstance(said, Mapping):
            yield _card(number, label, said)
        else:
            yield Card(number=number, label=label, text=said)


def _card(number: int, label: Label, said: Mapping[str, Any]) -> Card:
    target, actual = said.get("target"), said.get("actual")
    return Card(
        number=number,
        label=label,
        state=said.get("state"),
        target=None if target is None else Decimal(target),
        actual=None if actual is None else Decimal(actual),
        unit=said.get("unit", ""),
        budget=said.get("budget"),
        spent=said.get("spent"),
        text=said.get("text", ""),
        cause=said.get("cause", ""),
        countermeasure=said.get("countermeasure", ""),
        papers=tuple(said.get("papers") or ()),
    )
