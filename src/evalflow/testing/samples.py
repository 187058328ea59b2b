"""Data made up to fit an event's fields: for rehearsals and for tests of a lifecycle.

What is made looks only at the types of the fields and at the guards that read them, never at names
that a lifecycle invented. It need not satisfy every guard: a rule that asks for more says so.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterator, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from evalflow.lifecycle.definition import Event, Field, GuardUse, Lifecycle
from evalflow.model import Evaluation, Indicator, PlanHead, Project, ProjectDefinition, Share
from evalflow.model.canonical import Tree
from evalflow.model.directory import Directory
from evalflow.model.values import frozen

WORDS = "연습"
"""What every made up text says: a rehearsal."""

_WEAK = Fraction(19, 20)
# These say yes or no, or how far it has come; strength that is no weakness leaves them alone.
_STAYING = frozenset({"milestone", "met_or_not", "maintain_at_least", "maintain_at_most"})
# Optional fields that a guard may ask for all the same.
_WANTED = frozenset(
    {"explanations", "cards", "declarations", "sign_off", "votes", "judgements", "change"}
)


@frozen(kw_only=True)
class SampleContext:
    """The firing that data are made up for.

    Attributes:
        definition: the project as the plan has it for the period.
        directory: who holds which role; signers and voters are looked up in it.
        day: the day of the firing, in the office's zone.
        strength: how much of what is due was done: 1 is just the target.
        bare: give what an event cannot do without, and nothing else.
    """

    event: Event
    project: Project
    evaluation: Evaluation
    definition: ProjectDefinition
    lifecycle: Lifecycle
    head: PlanHead
    directory: Directory
    day: dt.date
    strength: Fraction = Fraction(1)
    bare: bool = False

    def uses(self, guard: str) -> Iterator[GuardUse]:
        """Yield how the event uses the guard, on itself or on an edge."""
        for use in (*self.event.guards, *(g for t in self.event.transitions for g in t.guards)):
            if use.name == guard:
                yield use

    def holders(self, role: str) -> tuple[str, ...]:
        """Return who holds the role for the project on the day."""
        return self.directory.holders((role,), self.definition.unit_on(self.day), self.day)


def sample_data(occasion: SampleContext) -> dict[str, Any]:
    """Return data for the event: every required field, and of the others what guards ask for,
    unless it is to be bare."""
    made: dict[str, Any] = {}
    for field in occasion.event.data:
        if field.required or (field.type in _WANTED and not occasion.bare):
            value = _MAKERS[field.type](field, occasion)
            if field.required or value:
                made[field.name] = value
    return made


def figure(
    indicator: Indicator, period: str, prior: Mapping[str, Mapping[str, Any]], strength: Fraction
) -> Tree:
    """Return an actual for the period with which `strength` of everything due so far is done; not
    due where the target is not, None where there is no target."""
    target = indicator.targets.get(period)
    if target is None:
        return None
    if not isinstance(target, Decimal):
        return {"not_due": target.reason}
    stays = indicator.formula in _STAYING and strength >= _WEAK
    share = 2 - strength if indicator.direction == "down" else strength
    if indicator.accumulation == "ratio":
        return _share(indicator, target, prior, Fraction(1) if stays else share)
    if stays:
        return format(target, "f")
    due, done = Fraction(target), Fraction(0)
    if indicator.accumulation == "sum":
        earlier = [text for p in prior for text in [prior[p].get(indicator.id)]]
        targets = [t for p in prior for t in [indicator.targets.get(p)] if isinstance(t, Decimal)]
        due += sum(map(Fraction, targets), Fraction(0))
        done = sum((Fraction(text) for text in earlier if isinstance(text, str)), Fraction(0))
    exact = max(due * share - done, Fraction(0))
    exponent = target.as_tuple().exponent
    places = Decimal(1).scaleb(min(exponent, 0) if isinstance(exponent, int) else 0)
    worse = ROUND_CEILING if indicator.direction == "down" else ROUND_FLOOR
    rounding = ROUND_HALF_UP if strength >= _WEAK else worse
    plain = Decimal(exact.numerator) / Decimal(exact.denominator)
    return format(plain.quantize(places, rounding), "f")


_COUNTED = 1_000  # the denominator of a made up share


def _share(
    indicator: Indicator, target: Decimal, prior: Mapping[str, Mapping[str, Any]], share: Fraction
) -> Tree:
    """Return numerator and denominator with which the share so far is `share` of the target."""
    above, below = Fraction(0), Fraction(_COUNTED)
    for figures in prior.values():
        earlier = figures.get(indicator.id)
        if isinstance(earlier, str) and "/" in earlier:
            given = Share.of(earlier)
            above, below = above + Fraction(given.numerator), below + Fraction(given.denominator)
    wanted = Fraction(target) * share * below / (100 if indicator.unit == "%" else 1) - above
    downwards = share <= 1 if indicator.direction == "down" else share < 1
    return f"{max(math.floor(wanted) if downwards else math.ceil(wanted), 0)}/{_COUNTED}"


# --------------------------------------------------------------------------- by type of field


def _figures(field: Field, on: SampleContext) -> Tree:
    prior, period = on.evaluation.prior, on.project.period
    return {
        each.id: made
        for each in on.definition.indicators
        if (made := figure(each, period, prior, on.strength)) is not None
    }


def _explanations(field: Field, on: SampleContext) -> Tree:
    words = {"cause": WORDS, "countermeasure": WORDS, "follow_up": WORDS}
    return {each.id: words for each in on.definition.indicators}


def _cards(field: Field, on: SampleContext) -> Tree:
    card = {"state": "on_track", "text": WORDS, "papers": [WORDS]}
    return {str(number): card for number in range(1, len(on.definition.cards) + 1)}


def _declarations(field: Field, on: SampleContext) -> Tree:
    waiting = [each for each in on.project.approved if each.declared_in is None]
    return {str(change.number): WORDS for change in waiting}


def _sign_off(field: Field, on: SampleContext) -> Tree:
    roles = [use.params["by"] for use in on.uses("signed_off")] or list(on.event.by)[:1]
    found = [(role, holder) for role in roles for holder in on.holders(role)[:1]]
    return [{"role": role, "actor": holder} for role, holder in found]


def _votes(field: Field, on: SampleContext) -> Tree:
    return {holder: "for" for use in on.uses("resolved") for holder in on.holders(use.params["by"])}


def _judgements(field: Field, on: SampleContext) -> Tree:
    own = on.evaluation.self_rating
    if own is None:
        return "confirmed"
    override = {"rate": "100.0", "reason": WORDS}
    rated = {line.indicator: line.status for line in own.lines}
    return {
        name: override if stands == "undefined" else "confirmed" for name, stands in rated.items()
    }


def _event(field: Field, on: SampleContext) -> Tree:
    asked = [use.params["of"] for use in on.uses("in_time") if use.params.get("of")]
    due = [event.name for event in on.lifecycle.events.values() if event.due is not None]
    return (asked or due or [on.event.name])[0]


def _date(field: Field, on: SampleContext) -> Tree:
    names_a_deadline = any(each.type == "event" for each in on.event.data)
    return (on.day + dt.timedelta(days=10 if names_a_deadline else 0)).isoformat()


def _period(field: Field, on: SampleContext) -> Tree:
    return max(on.evaluation.prior, default=on.project.period)


def _change(field: Field, on: SampleContext) -> Tree:
    """Ask for a tenth less in the plan's last period, or for other words where none is due."""
    last = on.head.calendar.last
    for each in on.definition.indicators:
        target = each.targets.get(last)
        if isinstance(target, Decimal) and target > 0:
            less = (target * Decimal("0.9")).quantize(target, ROUND_CEILING)
            return {"indicators": {each.id: {"targets": {last: format(less, "f")}}}}
    return {"content": {"ko": WORDS, "en": "a rehearsal"}}


def _always(value: Any) -> Callable[[Field, SampleContext], Any]:
    return lambda field, on: value


_MAKERS: Mapping[str, Callable[[Field, SampleContext], Any]] = {
    "text": _always(WORDS),
    "texts": _always([WORDS]),
    "reason": _always(WORDS),
    "number": _always("1"),
    "money": _always(0),
    "date": _date,
    "flag": _always(False),
    "choice": lambda field, on: next(iter(field.options), ""),
    "event": _event,
    "period": _period,
    "document": _always({"number": f"{WORDS}-1"}),
    "sign_off": _sign_off,
    "figures": _figures,
    "explanations": _explanations,
    "cards": _cards,
    "declarations": _declarations,
    "months": lambda field, on: {on.day.strftime("%Y-%m"): WORDS},
    "judgements": _judgements,
    "visit": lambda field, on: {"on": on.day.isoformat(), "unannounced": WORDS},
    "measures": lambda field, on: [
        {"measure": WORDS, "owner": WORDS, "until": (on.day + dt.timedelta(days=10)).isoformat()}
    ],
    "change": _change,
    "criteria": lambda field, on: list(on.head.criteria)[:1],
    "votes": _votes,
}
