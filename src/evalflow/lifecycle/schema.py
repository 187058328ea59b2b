"""The language of lifecycles as a JSON Schema, for editors that complete and mark YAML.

Made from the tables by which the reader itself reads: its keys, due rules, types of data, and the
guards and actions that are installed. It says what may stand where; that names are known and
guards keep transitions apart is for `load_lifecycle` and `check`, which look at the whole.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from evalflow.lifecycle import keys
from evalflow.lifecycle.definition import (
    AT,
    FIXED,
    LINE_OF,
    RUNNING,
    DueSpec,
    GuardSpec,
    Vocabulary,
)
from evalflow.lifecycle.due import AGAIN, COUNTED, DUE_KINDS, EXTENSION, MONTHS, SAME_AGAIN, keys_of
from evalflow.lifecycle.keys import FIELD_TYPES, FORMAT
from evalflow.lifecycle.sources import PART_FORMAT, PART_KEYS
from evalflow.model import CONTENTS
from evalflow.model.canonical import Tree

_NAME = {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_]{0,63}$"}
_TEXT = {"type": ["string", "number"]}
_FLAG = {"enum": [True, False, "true", "false"]}
_FIGURE = {"type": ["number", "string"]}
_NAMES = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}
_LABEL = {"ko": _TEXT, "en": _TEXT}


def lifecycle_schema(vocabulary: Vocabulary) -> Tree:
    """Return the schema (JSON Schema, draft 7) of a lifecycle's file, with the guards and actions
    of `vocabulary`."""
    whole, differences = _File(vocabulary, whole=True), _File(vocabulary, whole=False)
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": f"evalflow {FORMAT}",
        "type": "object",
        "definitions": {
            "due": _due(),
            "event_due": _event_due(vocabulary.dues),
            "guards": _guards(vocabulary.guards),
        },
        "if": {"properties": {"evalflow": {"enum": [PART_FORMAT]}}, "required": ["evalflow"]},
        "then": whole.of_part(),
        "else": {
            "if": {"anyOf": [{"required": ["extends"]}, {"required": ["takes_in"]}]},
            "then": differences.top(),
            "else": whole.top(),
        },
    }


def schema_text(vocabulary: Vocabulary) -> str:
    """Return the schema as it is written into a file: a line for each thing it defines, so that a
    difference between two of them can be read."""

    def written(value: Tree, above: int) -> str:
        if not above or not isinstance(value, dict):
            return json.dumps(value, ensure_ascii=False)
        lines = [f"{json.dumps(key)}: {written(inner, above - 1)}" for key, inner in value.items()]
        return "{" + ",\n".join(lines) + "}"

    return f"{written(lifecycle_schema(vocabulary), 5)}\n"


class _File:
    """The schema of a file that says everything or, not `whole`, of one that extends another: there
    nothing is required, and null takes away."""

    def __init__(self, vocabulary: Vocabulary, *, whole: bool) -> None:
        self.actions = sorted(vocabulary.actions)
        self.whole = whole

    def of_part(self) -> Tree:
        """Return the schema of a part, which other lifecycles take in."""
        top = self.top()
        properties = {key: top["properties"][key] for key in top["properties"] if key in PART_KEYS}
        properties["evalflow"] = {"enum": [PART_FORMAT]}
        return {**top, "properties": properties, "required": sorted(PART_KEYS)}

    def top(self) -> dict[str, Tree]:
        values: dict[str, Tree] = {
            "evalflow": {"enum": [FORMAT]},
            "name": {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_-]{0,63}$"},
            "version": {"type": "integer", "minimum": 1},
            **_LABEL,
            "roles": self.named(self.part(keys.ROLE, {**_LABEL, "at": _TEXT}, keys.ROLE)),
            "adopted_by": _NAMES,
            "regions": self.named(self.region()),
            "events": self.named(self.event()),
            "project_plans": _some(CONTENTS),
            "duties": self.named(self.duty()),
            "replaces": {
                "type": "object",
                "additionalProperties": {"type": "object" if self.whole else ["object", "null"]},
            },
            "lines": self.named(self.line(), listed=False),
            "things": _named_in_both(),
            "opens": _NAMES,
        }
        optional = {"project_plans", "duties", "replaces", "lines", "things", "opens"}
        needed = keys.LIFECYCLE - optional
        top = self.part(keys.LIFECYCLE, values, needed)
        if not self.whole:  # what a file says of itself is never taken over
            own = {"extends": {"type": "string"}, "takes_in": _NAMES}
            top["properties"] = {**own, **top["properties"]}
            top["required"] = ["evalflow", "name", "version"]
        return top

    def part(
        self, known: Collection[str], values: Mapping[str, Tree], needed: Collection[str] = ()
    ) -> dict[str, Tree]:
        """Return the schema of a mapping with these keys; they are exactly the reader's."""
        assert set(values) == set(known), sorted(set(values) ^ set(known))
        properties = {key: values[key] if self.whole else _or_null(values[key]) for key in values}
        part: dict[str, Tree] = {
            "type": "object",
            "properties": properties,
            "additionalProperties": False,
        }
        if self.whole and needed:
            part["required"] = sorted(needed)
        return part

    def named(self, part: dict[str, Tree], *, listed: bool = True) -> Tree:
        """Return the schema of a mapping of such parts by name, or of a list of them."""
        by_name: Tree = {
            "type": "object",
            "propertyNames": _NAME,
            "additionalProperties": part if self.whole else _or_null(part),
        }
        if not listed:
            return by_name
        inside = {**part, "properties": {"name": _NAME, **part["properties"]}}
        if self.whole:
            inside["required"] = ["name", *part.get("required", ())]
        return {"anyOf": [by_name, {"type": "array", "items": inside}]}

    def region(self) -> dict[str, Tree]:
        state = self.part(keys.STATE, {**_LABEL, "final": _FLAG, "fixed": _FLAG}, {"ko", "en"})
        values = {**_LABEL, "initial": _TEXT, "states": self.named(state)}
        return self.part(keys.REGION, values, keys.REGION)

    def event(self) -> dict[str, Tree]:
        values = {
            **_LABEL,
            "by": _NAMES,
            "due": {"$ref": "#/definitions/event_due"},
            "together": _TEXT,
            "transitions": {"type": "array", "items": self.transition()},
            "guards": {"$ref": "#/definitions/guards"},
            "data": self.named(self.field()),
            "actions": _some(self.actions),
            "notices": {"type": "array", "items": self.notice()},
            "leads": _TEXT,
            "choose": {"enum": ["first"]},
            "evaluation": {"enum": [RUNNING, FIXED]},
            "extension": self.extension(),
            "line": _TEXT,
            "at": {"enum": list(AT)},
        }
        event = self.part(keys.EVENT, values, {"ko", "en", "transitions"})
        # The name that `actions` had; a file has one of the two.
        event["properties"] = {**event["properties"], "records": values["actions"]}
        return event

    def transition(self) -> dict[str, Tree]:
        values = {
            "from": _NAMES,
            "to": _TEXT,
            "guards": {"$ref": "#/definitions/guards"},
            "by": _NAMES,
        }
        return _WHOLE.part(keys.TRANSITION, values, {"from"})

    def field(self) -> dict[str, Tree]:
        option = self.part(keys.OPTION, {**_LABEL, "covers": _some(keys.COVERED)}, {"ko", "en"})
        values = {
            **_LABEL,
            "type": {"enum": sorted(FIELD_TYPES)},
            "required": _FLAG,
            "options": self.named(option),
        }
        return self.part(keys.FIELD, values, {"ko", "en", "type"})

    def notice(self) -> dict[str, Tree]:
        values = {
            "name": _NAME,
            **_LABEL,
            "to": _NAMES,
            "entering": _TEXT,
            "when": _TEXT,
            "ask": _named_in_both(),
        }
        return _WHOLE.part(keys.NOTICE, values, {"name", "ko", "en", "to"})

    def extension(self) -> dict[str, Tree]:
        count = {"type": "integer", "minimum": 1}
        months = self.part({MONTHS}, {MONTHS: count}, {MONTHS})
        most = {"anyOf": [count, months, {"enum": [SAME_AGAIN]}]}
        return self.part(EXTENSION, {"of": _NAMES, "times": count, "at_most": most})

    def duty(self) -> dict[str, Tree]:
        values = {
            **_LABEL,
            "whoever": _NAMES,
            "may_not": _NAMES,
            "unless_acting": _FLAG,
            "optional": _FLAG,
            "since": _TEXT,
        }
        return self.part(keys.DUTY, values, {"ko", "en", "whoever", "may_not"})

    def line(self) -> dict[str, Tree]:
        values = {**_LABEL, "of": {"enum": list(LINE_OF)}, "by": _NAMES, "default": _NAMES}
        return self.part(keys.LINE, values, keys.LINE)


_WHOLE = _File(Vocabulary(guards={}, actions=frozenset()), whole=True)
"""Lists replace, so what stands in one is said whole, also in a file that extends another."""


def _named_in_both() -> Tree:
    return {
        "type": "object",
        "properties": _LABEL,
        "required": ["ko", "en"],
        "additionalProperties": False,
    }


def _or_null(schema: Tree) -> Tree:
    return {"anyOf": [{"type": "null"}, schema]}


def _some(words: Collection[str]) -> Tree:
    one = {"enum": list(words)}
    return {"anyOf": [one, {"type": "array", "items": one}]}


def _due() -> Tree:
    """Return the schema of a due rule: one of the kinds, with the keys that it takes."""
    again = [_kind(k, keys_of(k) - _NOT_AGAIN) for k in COUNTED if "first_day" in keys_of(k)]
    return {"anyOf": [_kind(kind, keys_of(kind), {"anyOf": again}) for kind in DUE_KINDS]}


_NOT_AGAIN = frozenset({"on", "not_counting", AGAIN})


def _kind(kind: str, takes: Collection[str], again: Tree = None) -> Tree:
    least, most = DUE_KINDS[kind]
    number: Tree = {"type": "integer", "minimum": least, "maximum": most}
    first = _NAMES if kind in COUNTED else number
    if kind == "date":
        first = {"type": "string", "pattern": r"^(\d{4}-)?\d{2}-\d{2}$"}
    values = {
        kind: first,
        COUNTED.get(kind, ""): number,
        "on": _TEXT,
        "first_day": _FLAG,
        "not_counting": _NAMES,
        AGAIN: again,
    }
    assert set(takes) <= set(values), sorted(takes)
    return {
        "type": "object",
        "properties": {key: value for key, value in values.items() if key in takes},
        "required": [kind, COUNTED[kind]] if kind in COUNTED else [kind],
        "additionalProperties": False,
    }


def _event_due(specs: Mapping[str, DueSpec]) -> Tree:
    """Return the schema of an event's due rule: evalflow's own, or one of a plugin."""
    own: list[Tree] = [{"$ref": "#/definitions/due"}]
    for name, spec in specs.items():
        params: dict[str, Tree] = {
            key: _TEXT if words is None else {"enum": list(words)}
            for key, words in spec.params.items()
        }
        inside = {
            "type": "object",
            "description": f"{spec.label.ko} · {spec.label.en}",
            "properties": {**params, "after": _NAMES, "on": _TEXT},
            "required": list(spec.required),
            "additionalProperties": False,
        }
        own.append(
            {
                "type": "object",
                "properties": {name: inside, AGAIN: {"$ref": "#/definitions/due"}},
                "required": [name],
                "additionalProperties": False,
            }
        )
    return {"anyOf": own}


def _guards(specs: Mapping[str, GuardSpec]) -> Tree:
    """Return the schema of a list of guards: a name alone, or with its parameters."""
    alone = [name for name, spec in specs.items() if not _asks(spec)]
    with_params: dict[str, Tree] = {name: _params(spec) for name, spec in specs.items()}
    return {
        "type": "array",
        "items": {
            "anyOf": [
                {"enum": alone},
                {
                    "type": "object",
                    "properties": with_params,
                    "additionalProperties": False,
                    "minProperties": 1,
                    "maxProperties": 1,
                },
            ]
        },
    }


def _asks(spec: GuardSpec) -> bool:
    return bool(spec.required or spec.some_of or spec.rule)


def _params(spec: GuardSpec) -> Tree:
    said = f"{spec.label.ko} · {spec.label.en}"
    if spec.rule:
        return {"allOf": [{"$ref": "#/definitions/due"}], "description": said}
    params: dict[str, Tree] = {
        "type": "object",
        "description": said,
        "properties": {key: _param(spec, key) for key in spec.params},
        "additionalProperties": False,
    }
    if spec.required:
        params["required"] = list(spec.required)
    if spec.some_of:
        params["anyOf"] = [{"required": [key]} for key in spec.some_of]
    return params if _asks(spec) else _or_null(params)


def _param(spec: GuardSpec, key: str) -> Tree:
    words = spec.params[key]
    if key in spec.figures:
        return _FIGURE
    if key in spec.wholes:
        return {"type": "integer", "minimum": 0}
    if words is not None:
        return _some(words)
    if key in spec.singles:
        return _TEXT
    loose = {"type": ["string", "number", "boolean"]}
    return {"anyOf": [loose, {"type": "array", "items": loose}]}
