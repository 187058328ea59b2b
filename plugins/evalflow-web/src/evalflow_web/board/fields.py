"""The fields of an event as a form has them: what was typed becomes the event's data, and data
becomes what a form shows.

A form is flat: `path -> text`, where a path is the field's name and what is inside, with `/`
between (`actuals/pupils`, `explanations/pupils/cause`). What is empty is left out of the data.
Nothing is read here: the engine reads it, and says what is wrong where it is wrong.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from evalflow import Evaluation, Project, ProjectDefinition

MEASURE_ROWS = 4
"""Rows for measures that a form offers."""

RECORDS: Mapping[str, tuple[str, ...]] = {
    "document": ("number", "registered_on"),
    "visit": ("on", "note", "notified_on", "unannounced"),
}

CARD = ("state", "target", "actual", "unit", "budget", "spent", "text", "cause", "countermeasure")
"""What a management card (관리카드, R39) says, beside its papers."""


@attrs.frozen(kw_only=True)
class Asked:
    """What a form is about: the project, which period, what that is measured against, and what was
    recorded of it so far."""

    project: Project
    period: str
    definition: ProjectDefinition
    evaluation: Evaluation | None
    months: tuple[str, ...]

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return what was recorded in the period."""
        return {} if self.evaluation is None else self.evaluation.facts

    @property
    def undeclared(self) -> tuple[Any, ...]:
        """Return the approved changes that no evaluation has stated yet."""
        every = (*self.project.waiting, self.project.change)
        return tuple(
            each
            for each in every
            if each is not None and each.approved_in is not None and each.declared_in is None
        )


def path_of(about: str) -> str:
    """Return the path in a form of what a problem is about: `cards[0].x` as `cards/0/x`."""
    return about.replace("[", ".").replace("]", "").replace(".", "/")


def data_of(fields: Iterable[Any], flat: Mapping[str, str], asked: Asked) -> dict[str, Any]:
    """Return the data that a form gives for an event's fields."""
    data: dict[str, Any] = {}
    for field in fields:
        value = _value(field, flat, asked)
        if value not in (None, "", {}, []):
            data[field.name] = value
    return data


def _value(field: Any, flat: Mapping[str, str], asked: Asked) -> Any:
    name = field.name

    def text(*inside: str) -> str:
        return flat.get("/".join((name, *inside)), "").strip()

    def record(keys: Iterable[str], *inside: str) -> dict[str, Any]:
        return {key: value for key in keys if (value := text(*inside, key))}

    indicators = [each.id for each in asked.definition.indicators]
    match field.type:
        case "flag":
            return True if text() else None
        case "texts" | "criteria":
            return [line.strip() for line in text().splitlines() if line.strip()]
        case "document" | "visit":
            return record(RECORDS[field.type])
        case "figures":
            return {each: figure for each in indicators if (figure := _figure(text, each))}
        case "explanations":
            keys = ("cause", "countermeasure", "follow_up")
            return {each: given for each in indicators if (given := record(keys, each))}
        case "judgements":
            return {each: judged for each in indicators if (judged := _judged(text, each))}
        case "cards":
            numbers = [str(number + 1) for number in range(len(asked.definition.cards))]
            cards = {number: record(CARD, number) for number in numbers}
            for number, card in cards.items():
                if papers := text(number, "papers"):
                    card["papers"] = [line.strip() for line in papers.splitlines() if line.strip()]
            return {number: card for number, card in cards.items() if card}
        case "declarations":
            numbers = [str(change.number) for change in asked.undeclared]
            return {number: said for number in numbers if (said := text(number))}
        case "months":
            return {month: said for month in asked.months if (said := text(month))}
        case "measures":
            rows = [record(("measure", "owner", "until"), str(row)) for row in range(MEASURE_ROWS)]
            return [row for row in rows if row]
        case "sign_off":
            rows = [record(("role", "actor", "for", "on"), str(row)) for row in range(2)]
            return [row for row in rows if row]
        case "votes":
            votes: dict[str, str] = {}
            for line in text().replace("：", ":").splitlines():
                member, _, vote = (each.strip() for each in line.partition(":"))
                # Of a member who stands twice nobody can say which vote counts: both are shown.
                votes[member] = f"{votes[member]}, {vote}" if member in votes else vote
            return {member: vote for member, vote in votes.items() if member or vote}
        case "change":
            return _patch(name, flat, asked)
    return text()


def _figure(text: Any, indicator: str) -> Any:
    if text(indicator, "not_due"):
        return {"not_due": text(indicator, "why")}
    return text(indicator)


def _judged(text: Any, indicator: str) -> Any:
    how = text(indicator)
    if how != "override":
        return how
    return {"rate": text(indicator, "rate"), "reason": text(indicator, "reason")}


def _patch(name: str, flat: Mapping[str, str], asked: Asked) -> dict[str, Any]:
    """Return the change that a form asks for: only what differs from what is in force. A field that
    was emptied differs, too: the engine says what is missing in it."""
    definition = asked.definition

    def typed(shown: Mapping[str, tuple[str, ...]], *inside: str) -> dict[str, str]:
        """Return what was typed in each place where it says something else than what is shown."""
        given = {key: flat.get("/".join((name, *inside, key))) for key in shown}
        return {
            key: text.strip()
            for key, text in given.items()
            if text is not None and text.strip() not in shown[key]
        }

    patch: dict[str, Any] = {}
    indicators = {}
    for indicator in definition.indicators:
        targets = {period: (target_text(each),) for period, each in indicator.targets.items()}
        if changed := typed(targets, indicator.id):
            indicators[indicator.id] = {"targets": changed}
    if indicators:
        patch["indicators"] = indicators
    patch |= typed({"end": ("" if definition.end is None else definition.end.isoformat(),)})
    budget = {}
    for key, inside, amounts in (
        ("sources", "budget", definition.budget.sources),
        ("periods", "spending", definition.budget.periods),
    ):
        if changed := typed(
            {each: (f"{won:,}", str(won)) for each, won in amounts.items()}, inside
        ):
            budget[key] = changed
    return {**patch, "budget": budget} if budget else patch


def target_text(target: Any) -> str:
    """Return a target as a form shows it; nothing where it is not due."""
    return "" if not hasattr(target, "as_tuple") else format(target, "f")


# --------------------------------------------------------------------------- the other way round


def flat_of(fields: Iterable[Any], facts: Mapping[str, Any], asked: Asked) -> dict[str, str]:
    """Return what a form shows of data in their normal form."""
    flat: dict[str, str] = {}
    for field in fields:
        value = facts.get(field.name)
        if field.type == "change":
            flat.update(_as_in_force(field.name, asked))
        if value is None:
            continue
        match field.type:
            case "texts" | "criteria":
                flat[field.name] = "\n".join(value)
            case "flag":
                flat[field.name] = "true" if value else ""
            case "figures":
                for indicator, figure in value.items():
                    _put_figure(flat, f"{field.name}/{indicator}", figure)
            case "judgements":
                for indicator, judged in value.items():
                    _put_judged(flat, f"{field.name}/{indicator}", judged)
            case "measures" | "sign_off":
                for place, row in enumerate(value):
                    flat.update({f"{field.name}/{place}/{k}": str(v) for k, v in row.items()})
            case "cards":
                for number, card in value.items():
                    said = card if isinstance(card, Mapping) else {"text": card}
                    _put(flat, f"{field.name}/{number}", said)
            case "votes":
                flat[field.name] = "\n".join(f"{who}: {vote}" for who, vote in value.items())
            case "change":
                pass
            case _:
                _put(flat, field.name, value)
    return flat


def _put(flat: dict[str, str], path: str, value: Any) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _put(flat, f"{path}/{key}", inner)
    elif isinstance(value, list | tuple):
        flat[path] = "\n".join(str(each) for each in value)
    elif isinstance(value, dt.date):
        flat[path] = value.isoformat()
    else:
        flat[path] = str(value)


def _put_figure(flat: dict[str, str], path: str, figure: Any) -> None:
    if isinstance(figure, Mapping) and "not_due" in figure:
        flat[f"{path}/not_due"] = "true"
        flat[f"{path}/why"] = str(figure["not_due"])
    elif isinstance(figure, Mapping):
        flat[path] = f"{figure.get('provisional', '')}(잠정)"
    else:
        flat[path] = str(figure)


def _put_judged(flat: dict[str, str], path: str, judged: Any) -> None:
    if isinstance(judged, Mapping):
        flat[path] = "override"
        flat[f"{path}/rate"] = str(judged.get("rate", ""))
        flat[f"{path}/reason"] = str(judged.get("reason", ""))
    else:
        flat[path] = str(judged)


def _as_in_force(name: str, asked: Asked) -> dict[str, str]:
    definition = asked.definition
    flat = {
        f"{name}/{indicator.id}/{period}": target_text(target)
        for indicator in definition.indicators
        for period, target in indicator.targets.items()
    }
    if definition.end is not None:
        flat[f"{name}/end"] = definition.end.isoformat()
    flat.update({f"{name}/budget/{k}": f"{v:,}" for k, v in definition.budget.sources.items()})
    flat.update({f"{name}/spending/{k}": f"{v:,}" for k, v in definition.budget.periods.items()})
    return flat
