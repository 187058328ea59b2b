"""Data of a scenario's step that is worked out when the step comes: `fill`.

A year of 43 projects has some thousand figures. Written out, nobody would see what the scenario is
about; so a step says by what rule they come about: about the target, so much of the budget. The
rules go by the type of the field, never by its name. The same figures come out at every run.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from evalflow.engine.engine import Engine
from evalflow.files.figures import figure_of
from evalflow.files.reader import Part
from evalflow.lifecycle.definition import Event, Lifecycle
from evalflow.model import Indicator, Project, ProjectDefinition
from evalflow.model.canonical import Tree
from evalflow.model.directory import Directory
from evalflow.model.values import frozen

# Formulas under which more than the target is not better: a drawn figure is the target itself.
_MET_OR_NOT = ("milestone", "met_or_not", "maintain_at_least", "maintain_at_most")


@frozen(kw_only=True)
class Place:
    """For which project, and on which day, data is worked out."""

    engine: Engine
    project: Project
    day: dt.date

    @property
    def definition(self) -> ProjectDefinition:
        """The project as its period is measured."""
        return self.engine.plans.definition(self.project.id, period=self.project.period)

    def holder(self, role: str, nth: int = 1) -> str | None:
        """Return who holds the role for the project: the `nth`, or the last where there are
        fewer; None where nobody does."""
        plan = self.project.id.rpartition("/")[0]
        unit = self.engine.plans.definition(self.project.id).unit_on(self.day)
        holders = Directory(self.engine.plans.head(plan)).holders((role,), unit, self.day)
        return holders[min(nth, len(holders)) - 1] if holders else None


Fill = Callable[[Place], Tree]
"""Works out one field; None where the project has nothing to fill in there."""


def read_fill(
    part: Part, event: Event, lifecycle: Lifecycle, numbers: Mapping[str, Any]
) -> dict[str, Fill]:
    """Return the rules that a step gives, by the field of the event that each one fills.

    What is wrong is noted: no such field, a type that cannot be filled, a rule that is no rule of
    that type, a project or role that the plan does not have.
    """
    fields = {field.name: field for field in event.data}
    found: dict[str, Fill] = {}
    for name in part.tree:
        if name not in fields:
            part.unknown_key(name, ("항목", "field"), fields)
            continue
        kind = fields[name].type
        reader = _READERS.get(kind)
        if reader is None:
            listed = ", ".join(_READERS)
            part.wrong_key(
                name,
                "cannot_fill",
                f"'{name}'({kind})은(는) 채워 넣을 수 없습니다. data나 each에 적으십시오 "
                f"(채울 수 있는 유형: {listed})",
                f"'{name}' is of the type {kind}, which cannot be filled; write it under data or "
                f"each (what can: {listed})",
            )
            continue
        found[name] = reader(part, name, lifecycle, numbers)
    return found


# --------------------------------------------------------------------------- figures


@frozen(kw_only=True)
class _Share:
    """Percent of something: the same for all, or drawn from a range for each; `but` for some."""

    low: int
    high: int
    but: Mapping[str, int]

    def of(self, number: str, *drawn_for: str) -> tuple[Fraction, bool]:
        """Return the share, and whether it was drawn."""
        if number in self.but:
            return Fraction(self.but[number], 100), False
        if self.low == self.high:
            return Fraction(self.low, 100), False
        seed = hashlib.sha256(" ".join(drawn_for).encode()).digest()[0]
        return Fraction(self.low + seed % (self.high - self.low + 1), 100), True


def _share(part: Part, name: str, key: str, numbers: Mapping[str, Any]) -> _Share:
    inside = part.mapping(name)
    inside.only({key, "but"})
    if isinstance(inside.tree.get(key), list | tuple):
        ends = inside.part(key)
        low = ends.whole(0, least=0, most=1000)
        high = ends.whole(1, low, least=low, most=1000)
        if len(inside.tree[key]) != 2:
            ko, en = "백분율 하나나 [부터, 까지]로 적습니다", "expected a percentage, or [from, to]"
            inside.wrong(key, "wrong_value", ko, en, inside.tree[key])
    else:
        low = high = inside.whole(key, least=0, most=1000)
    some = inside.mapping("but", required=False)
    but = {number: some.whole(number, least=0, most=1000) for number in _known(some, numbers)}
    return _Share(low=low, high=high, but=but)


def _known(part: Part, numbers: Mapping[str, Any]) -> list[str]:
    """Return the projects in a mapping by 관리번호; those that the plan lacks are noted."""
    for number in part.tree:
        if number not in numbers:
            ko = f"관리번호 '{number}'이(가) 계획에 없습니다"
            part.wrong_key(number, "unknown_project", ko, f"the plan has no project '{number}'")
    return [number for number in part.tree if number in numbers]


def _figures(part: Part, name: str, _: Lifecycle, numbers: Mapping[str, Any]) -> Fill:
    share = _share(part, name, "of_target", numbers)

    def fill(place: Place) -> Tree:
        definition, project = place.definition, place.project
        before = place.engine.evaluation(project.id).prior
        return {
            indicator.id: _figure(indicator, project, share, len(definition.cards) or 100, before)
            for indicator in definition.indicators
            if project.period in indicator.targets
        }

    return fill


def _figure(
    indicator: Indicator,
    project: Project,
    share: _Share,
    many: int,
    before: Mapping[str, Mapping[str, Any]],
) -> Tree:
    """Return the share of the indicator's target, with as many places as that has; what is to go
    down falls short by being above. Not due where the target is not.

    A ratio is one of `many`. What is counted so far is not drawn below what it was `before`.
    """
    target = indicator.targets[project.period]
    if not isinstance(target, Decimal):
        return {"not_due": target.reason}
    part, drawn = share.of(project.number, project.id, indicator.id, project.period)
    if indicator.accumulation == "ratio":
        met = drawn and indicator.formula in _MET_OR_NOT
        exact = Fraction(target) * (1 if met else part) * many / 100
        return f"{min(many, -(-exact.numerator // exact.denominator))}/{many}"
    if drawn and indicator.formula in _MET_OR_NOT:
        return format(target, "f")
    if indicator.direction == "down":
        part = 2 - part
    exact = Fraction(target) * part
    exponent = target.as_tuple().exponent
    assert isinstance(exponent, int)
    places = Decimal(1).scaleb(min(exponent, 0))
    figure = (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(places, ROUND_HALF_UP)
    if drawn and (indicator.accumulation, indicator.direction) == ("last", "up"):
        for _, figures in sorted(before.items()):
            earlier = figures.get(indicator.id)
            found = figure_of(earlier) if isinstance(earlier, str) else None
            figure = max(figure, found or figure)
    return format(figure, "f")


def _money(part: Part, name: str, _: Lifecycle, numbers: Mapping[str, Any]) -> Fill:
    share = _share(part, name, "of_budget", numbers)

    def fill(place: Place) -> Tree:
        project = place.project
        budget = place.definition.budget.periods.get(project.period, 0)
        part, _ = share.of(project.number, project.id, project.period)
        return int(budget * part) // 1000 * 1000

    return fill


# --------------------------------------------------------------------------- words


_OF_CARDS = ("text", "papers", "cause", "countermeasure")


def _cards(part: Part, name: str, lifecycle: Lifecycle, numbers: Mapping[str, Any]) -> Fill:
    """Read what the cards say: one text for each, or a record. In records as many are on track as
    the project's own share of its cards says where that is filled beside them (20/22)."""
    if isinstance(part.tree[name], str):
        text = part.text(name)
        return lambda place: {str(n): text for n, _ in enumerate(place.definition.cards, 1)} or None
    inside = part.mapping(name)
    inside.only(set(_OF_CARDS))
    text, papers = inside.text("text"), list(inside.texts("papers"))
    behind = {key: inside.text(key) for key in _OF_CARDS[2:] if key in inside}
    beside = next(
        (
            key
            for key, each in part.tree.items()
            if isinstance(each, Mapping) and "of_target" in each
        ),
        None,
    )
    figures = None if beside is None else _figures(part, beside, lifecycle, numbers)

    def fill(place: Place) -> Tree:
        many = len(place.definition.cards)
        drawn = (figures(place) if figures is not None and many else None) or {}
        shares = [each for each in drawn.values() if str(each).endswith(f"/{many}")]
        on_track = int(str(shares[0]).partition("/")[0]) if shares else many
        said = {"text": text, "papers": papers}
        return {
            str(n): {"state": "on_track", **said}
            if n <= on_track
            else {"state": "lagging", **said, **behind}
            for n in range(1, many + 1)
        } or None

    return fill


def _explanations(part: Part, name: str, _: Lifecycle, __: Mapping[str, Any]) -> Fill:
    inside = part.mapping(name)
    words = {key: inside.text(key) for key in inside.tree}

    def fill(place: Place) -> Tree:
        return {indicator.id: dict(words) for indicator in place.definition.indicators}

    return fill


def _declarations(part: Part, name: str, _: Lifecycle, __: Mapping[str, Any]) -> Fill:
    part.choice(name, ("approved",))

    def fill(place: Place) -> Tree:
        approved = place.project.approved
        return {str(change.number): change.detail for change in approved} or None

    return fill


def _judgements(part: Part, name: str, _: Lifecycle, numbers: Mapping[str, Any]) -> Fill:
    inside = part.mapping(name)
    inside.only({"undefined", "but"})
    undefined = _override(inside, "undefined") if "undefined" in inside else None
    some = inside.mapping("but", required=False)
    but = {number: _override(some, number) for number in _known(some, numbers)}

    def fill(place: Place) -> Tree:
        rating = place.engine.evaluation(place.project.id).self_rating
        lines = () if rating is None else rating.lines
        judged: dict[str, Tree] = {
            line.indicator: undefined
            if line.status == "undefined" and undefined is not None
            else "confirmed"
            for line in lines
        }
        if place.project.number in but:
            first = next((line for line in lines if line.rate is not None), None)
            if first is not None:
                judged[first.indicator] = but[place.project.number]
        return judged

    return fill


def _override(part: Part, key: str) -> dict[str, Tree]:
    inside = part.mapping(key)
    inside.only({"rate", "reason"})
    rate = inside.text("rate")
    if rate and figure_of(rate) is None:
        ko, en = "이행률은 93.5와 같은 수여야 합니다", "expected a rate such as 93.5"
        inside.wrong("rate", "wrong_value", ko, en, rate)
    return {"rate": rate, "reason": inside.text("reason")}


def _sign_off(part: Part, name: str, lifecycle: Lifecycle, _: Mapping[str, Any]) -> Fill:
    inside = part.mapping(name)
    inside.only({"role"})
    role = inside.known("role", ("역할", "role"), lifecycle.roles)

    def fill(place: Place) -> Tree:
        holder = place.holder(role)
        return None if holder is None else [{"role": role, "actor": holder}]

    return fill


_READERS: Mapping[str, Callable[[Part, str, Lifecycle, Mapping[str, Any]], Fill]] = {
    "figures": _figures,
    "money": _money,
    "cards": _cards,
    "explanations": _explanations,
    "declarations": _declarations,
    "judgements": _judgements,
    "sign_off": _sign_off,
}
