"""What an event's data look like: an example to fill in, and the same as JSON Schema."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from evalflow.files.yaml_writer import yaml_text
from evalflow.lifecycle.definition import Event, Field, Lifecycle
from evalflow.model import Label, NotDue, ProjectDefinition
from evalflow.model.canonical import Tree
from evalflow.model.values import frozen


@frozen(kw_only=True)
class About:
    """What an example is made for: the project as the plan has it, its lifecycle, the criteria of
    the plan, and the period that it is about."""

    definition: ProjectDefinition
    lifecycle: Lifecycle
    criteria: Mapping[str, Label] = attrs.field(factory=dict)
    period: str | None = None

    @property
    def day(self) -> str:
        """A day of the plan's years."""
        periods = sorted({p for each in self.definition.indicators for p in each.targets})
        return f"{(self.period or next(iter(periods), '2027'))[:4]}-04-05"


def example(event: Event, about: About) -> dict[str, Tree]:
    """Return data such as the event takes, with the project's own indicators. What stands in them
    is made up, and is to be replaced."""
    return {field.name: _SHAPES[field.type](field, about)[0] for field in event.data}


def example_text(event: Event, about: About, *, lang: str = "ko") -> str:
    """Return the example as YAML to fill in, with a remark over each field."""
    parts = []
    for field in event.data:
        must = Label("필수", "required") if field.required else Label("선택", "optional")
        units = _units(field, about, lang)
        head = f"# {field.label.text(lang)} ({must.text(lang)}){units}\n"
        text = yaml_text({field.name: _SHAPES[field.type](field, about)[0]})
        if not field.required:
            text = "".join(f"# {line}\n" for line in text.splitlines())
        parts.append(head + text)
    return "".join(parts)


def _units(field: Field, about: About, lang: str) -> str:
    if field.type != "figures":
        return ""
    said = [f"{each.label.text(lang)} {each.unit}".strip() for each in about.definition.indicators]
    return f": {', '.join(said)}" if said else ""


def shape_text(field: Field, about: About) -> str:
    """Return an example of one field in a line: `visit: {on: 2027-04-05}`."""
    return _flow({field.name: _SHAPES[field.type](field, about)[0]})[1:-1]


def schema(event: Event, about: About) -> dict[str, Any]:
    """Return the event's data as JSON Schema (draft 2020-12), with titles in Korean and English."""
    properties = {}
    for field in event.data:
        given, said = _SHAPES[field.type](field, about)
        properties[field.name] = {
            "title": field.label.ko,
            "description": field.label.en,
            **said,
            "examples": [given],
        }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": event.label.ko,
        "description": event.label.en,
        "type": "object",
        "properties": properties,
        "required": [field.name for field in event.data if field.required],
        "additionalProperties": False,
    }


def _flow(tree: Tree) -> str:
    if isinstance(tree, Mapping):
        return "{" + ", ".join(f"{key}: {_flow(value)}" for key, value in tree.items()) + "}"
    if isinstance(tree, list | tuple):
        return "[" + ", ".join(_flow(each) for each in tree) + "]"
    return str(tree).lower() if isinstance(tree, bool) else str(tree)


# --------------------------------------------------------------------------- types

_Shape = tuple[Any, dict[str, Any]]
_TEXT: dict[str, Any] = {"type": "string"}
_DAY: dict[str, Any] = {"type": "string", "format": "date"}
_NUMBER: dict[str, Any] = {
    "type": ["string", "number"],
    "description": "a figure: 84.5, '1,234', △12",
}


def _of(value: Any, said: Mapping[str, Any]) -> Callable[[Field, About], _Shape]:
    return lambda field, about: (value, dict(said))


def _day(field: Field, about: About) -> _Shape:
    return about.day, dict(_DAY)


def _record(
    values: Mapping[str, Callable[[About], Any]], said: Mapping[str, Any], required: Iterable[str]
) -> Callable[[Field, About], _Shape]:
    def shape(field: Field, about: About) -> _Shape:
        return {key: value(about) for key, value in values.items()}, {
            "type": "object",
            "properties": dict(said),
            "required": list(required),
            "additionalProperties": False,
        }

    return shape


def _list(one: Callable[[Field, About], _Shape]) -> Callable[[Field, About], _Shape]:
    def shape(field: Field, about: About) -> _Shape:
        value, said = one(field, about)
        return [value], {"type": "array", "items": said}

    return shape


def _by_name(names: Iterable[str], value: Any, said: Mapping[str, Any]) -> _Shape:
    listed = list(names)
    return dict.fromkeys(listed, value), {
        "type": "object",
        "properties": {name: dict(said) for name in listed},
        "additionalProperties": False,
    }


def _figures(field: Field, about: About) -> _Shape:
    not_due = {
        "type": "object",
        "properties": {"not_due": _TEXT},
        "required": ["not_due"],
    }
    provisional = {
        "type": "object",
        "properties": {"provisional": _NUMBER},
        "required": ["provisional"],
    }
    values: dict[str, Any] = {}
    said: dict[str, Any] = {}
    for each in about.definition.indicators:
        target = each.targets.get(about.period or "")
        if isinstance(target, NotDue):
            values[each.id] = {"not_due": target.reason or "시기미도래 사유"}
        elif each.accumulation == "ratio":
            values[each.id] = "12/40"
        else:
            known = [t for t in (target, *each.targets.values()) if t is not None]
            figure = next((t for t in known if not isinstance(t, NotDue)), 0)
            values[each.id] = str(figure)
        said[each.id] = {
            "title": each.label.ko,
            "description": f"{each.label.en} ({each.unit})",
            "anyOf": [_NUMBER, not_due, provisional],
        }
    return values, {"type": "object", "properties": said, "additionalProperties": False}


def _explanations(field: Field, about: About) -> _Shape:
    said = {
        "type": "object",
        "properties": {"cause": _TEXT, "countermeasure": _TEXT, "follow_up": _TEXT},
        "additionalProperties": False,
    }
    value = {"cause": "부진사유", "countermeasure": "만회할 대책"}
    return _by_name((each.id for each in about.definition.indicators), value, said)


def _judgements(field: Field, about: About) -> _Shape:
    rated = {
        "type": "object",
        "properties": {"rate": _NUMBER, "reason": _TEXT},
        "required": ["rate", "reason"],
        "additionalProperties": False,
    }
    confirmed = {"const": "confirmed", "title": "확인"}
    value, said = _by_name(
        (each.id for each in about.definition.indicators),
        "confirmed",
        {"anyOf": [confirmed, rated]},
    )
    return value or "confirmed", {"anyOf": [confirmed, said]}


def _cards(field: Field, about: About) -> _Shape:
    numbers = (str(number) for number in range(1, len(about.definition.cards) + 1))
    return _by_name(numbers, "추진실적", _TEXT)


def _choice(field: Field, about: About) -> _Shape:
    options = list(field.options)
    return options[0] if options else "", {"enum": options}


def _event(field: Field, about: About) -> _Shape:
    due = [name for name, each in about.lifecycle.events.items() if each.due is not None]
    return due[0] if due else "", {"enum": due}


def _period(field: Field, about: About) -> _Shape:
    known = sorted({p for each in about.definition.indicators for p in each.targets})
    value = about.period if about.period in known else next(iter(known), "")
    return value, {"enum": known}


def _months(field: Field, about: About) -> _Shape:
    said = {
        "type": "object",
        "patternProperties": {r"^\d{4}-(0[1-9]|1[0-2])$": _TEXT},
        "additionalProperties": False,
    }
    return {f"{about.day[:4]}-01": "한 일"}, said


def _criteria(field: Field, about: About) -> _Shape:
    known = list(about.criteria)
    return known[:1], {"type": "array", "items": {"enum": known}}


def _change(field: Field, about: About) -> _Shape:
    for indicator in about.definition.indicators:
        for period, target in indicator.targets.items():
            if not isinstance(target, NotDue):
                value = {"indicators": {indicator.id: {"targets": {period: str(target)}}}}
                return value, {"type": "object", "minProperties": 1}
    return {"content": "바뀌는 사업내용"}, {"type": "object", "minProperties": 1}


_SHAPES: Mapping[str, Callable[[Field, About], _Shape]] = {
    "text": _of("글", _TEXT),
    "texts": _list(_of("글", _TEXT)),
    "reason": _of("사유를 말로 적습니다", _TEXT),
    "number": _of("10", _NUMBER),
    "money": _of("1500000", {"type": ["string", "integer"], "description": "won, whole"}),
    "date": _day,
    "flag": _of(True, {"type": "boolean"}),
    "choice": _choice,
    "event": _event,
    "period": _period,
    "document": _record(
        {"number": lambda _: "기획예산과-1234", "registered_on": lambda about: about.day},
        {"number": _TEXT, "registered_on": _DAY},
        ["number"],
    ),
    "sign_off": _list(
        _record(
            {"role": lambda _: "role", "actor": lambda _: "actor-1", "on": lambda a: a.day},
            {"role": _TEXT, "actor": _TEXT, "for": _TEXT, "on": _DAY},
            ["role", "actor"],
        )
    ),
    "figures": _figures,
    "explanations": _explanations,
    "cards": _cards,
    "declarations": lambda field, about: (
        {"1": "변경 내용과 그 처리"},
        {"type": "object", "additionalProperties": _TEXT},
    ),
    "months": _months,
    "judgements": _judgements,
    "visit": _record(
        {"on": lambda about: about.day, "note": lambda _: "현장에서 확인한 것"},
        {"on": _DAY, "note": _TEXT, "notified_on": _DAY, "unannounced": _TEXT},
        ["on"],
    ),
    "measures": _list(
        _record(
            {
                "measure": lambda _: "정상화할 조치",
                "owner": lambda _: "담당부서",
                "until": lambda about: about.day,
            },
            {"measure": _TEXT, "owner": _TEXT, "until": _DAY},
            ["measure", "owner", "until"],
        )
    ),
    "change": _change,
    "criteria": _criteria,
    "votes": lambda field, about: (
        {"member-1": "for"},
        {"type": "object", "additionalProperties": {"enum": ["for", "against", "abstain"]}},
    ),
}

SHAPED_TYPES = frozenset(_SHAPES)
"""The types of fields that have an example: all of them."""
