"""What `--json` prints, as a JSON Schema: the lists by their names, and the values in them as the
classes of evalflow declare their fields. `python tests/cli/test_json.py` writes the file anew."""

from __future__ import annotations

import datetime as dt
import json
import types
import typing
from collections import abc
from decimal import Decimal
from fractions import Fraction
from importlib import import_module
from typing import Any, Literal

import attrs

from evalflow.model.canonical import Tree
from evalflow.model.data import FORMAT, KEYS, shown

LISTS: dict[str, str | None] = {
    "calls": "evalflow.plugins.hook_calls:HookCall",
    "cards": None,
    "changes": "evalflow.plan.differences:Difference",
    "checkpoints": None,
    "checks": "evalflow.decision.decide:Check",
    "batches": None,
    "bundles": None,
    "counts": None,
    "dead": "evalflow.model.history:Outgoing",
    "definitions": "evalflow.model:ProjectDefinition",
    "differences": None,
    "dues": "evalflow.decision.deadlines:Due",
    "entries": "evalflow.model:Entry evalflow.model:PlanEntry",
    "failures": None,
    "files": None,
    "findings": None,
    "forms": None,
    "grades": "evalflow.scoring.contract:Grade",
    "groups": None,
    "lifecycles": None,
    "lines": "evalflow.model:Line",
    "mismatches": "evalflow.audit.findings:Mismatch",
    "notices": "evalflow.model:Notice",
    "notifiers": "evalflow.engine.outbox:Tally",
    "overlaps": "evalflow.engine.schemes:Overlap",
    "paths": None,
    "permitted": None,
    "planned": "evalflow.batch.values:Planned",
    "project_ids": None,
    "projects": "evalflow.model:Project",
    "provided": None,
    "provisional": None,
    "receipts": "evalflow.batch.applying:Receipt",
    "revisions": "evalflow.model:PlanHead",
    "rights": None,
    "tokens": None,
    "words": None,
}
"""What a list of this name holds: values of these classes, or what no class declares."""


def data_schema() -> dict[str, Tree]:
    """Return the schema of everything that a command prints with `--json`."""
    made = _Schemas()
    lists = {name: {"type": "array", "items": made.items(said)} for name, said in LISTS.items()}
    text = {"type": "string"}
    error = {
        "type": "object",
        "properties": {
            **dict.fromkeys(("code", "ko", "en", "project", "event", "what", "name"), text),
            "reasons": {"type": "array", "items": made.of("evalflow.errors:Reason")},
            "problems": {"type": "array", "items": made.of("evalflow.errors:Problem")},
        },
        "required": ["code", "ko", "en"],
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": f"What evalflow prints with --json ({FORMAT})",
        "type": "object",
        "properties": {"format": {"enum": [FORMAT]}, "error": error, **lists},
        "required": ["format"],
        "anyOf": [{"required": [name]} for name in ("error", *lists)],
        "definitions": made.definitions,
    }


def schema_text() -> str:
    """Return the schema as the file has it."""
    return json.dumps(data_schema(), ensure_ascii=False, indent=1) + "\n"


class _Schemas:
    """The schemas of classes, each made once, under its name."""

    def __init__(self) -> None:
        self.definitions: dict[str, Tree] = {}

    def items(self, said: str | None) -> Tree:
        """Return what one thing of a list may be."""
        if said is None:
            return {}
        found = [self.of(each) for each in said.split()]
        return found[0] if len(found) == 1 else {"anyOf": found}

    def of(self, place: str) -> dict[str, Tree]:
        """Return a reference to the schema of the class at `module:name`."""
        module, _, name = place.partition(":")
        return self.named(getattr(import_module(module), name))

    def named(self, cls: type[Any]) -> dict[str, Tree]:
        """Return a reference to the schema of a class of evalflow."""
        name = cls.__name__
        if name not in self.definitions:
            self.definitions[name] = {}  # a class may hold its own kind
            self.definitions[name] = self._made(cls)
        return {"$ref": f"#/definitions/{name}"}

    def _made(self, cls: type[Any]) -> dict[str, Tree]:
        hints, keys = _hints(cls), KEYS.get(cls.__name__, {})
        fields = {
            keys.get(name, name): self.hinted(hints.get(field.name, Any))
            for field in attrs.fields(cls)
            if shown(field) and (name := field.name.lstrip("_"))
        }
        return {"type": "object", "properties": fields, "required": sorted(fields)}

    def hinted(self, hint: Any) -> dict[str, Tree]:
        """Return the schema of what a type hint allows; {} where it says no more than a tree."""
        plain = _PLAIN.get(hint)
        if plain is not None:
            return dict(plain)
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if origin is Literal:
            return {"enum": list(arguments)}
        if origin in (typing.Union, types.UnionType):
            found = [self.hinted(each) for each in arguments]
            return {} if {} in found else {"anyOf": found}
        if origin in (tuple, list, frozenset, set, abc.Sequence, abc.Iterable, abc.Iterator):
            return {"type": "array", "items": self.hinted(arguments[0]) if arguments else {}}
        if origin in (dict, abc.Mapping):
            return {"type": "object", "additionalProperties": self.hinted(arguments[1])}
        if isinstance(hint, type) and attrs.has(hint):
            return self.named(hint)
        return {}


_PLAIN: dict[Any, dict[str, Tree]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    type(None): {"type": "null"},
    Decimal: {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"},
    Fraction: {"type": "string", "pattern": r"^-?\d+(/\d+)?$"},
    dt.date: {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$"},
    dt.datetime: {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT"},
}


def _hints(cls: type[Any]) -> dict[str, Any]:
    """Return the type hints of a class, also of names that its module imports for types alone."""
    import evalflow
    from evalflow import model, plugins

    known = {n: getattr(p, n) for p in (plugins, evalflow, model) for n in p.__all__}
    known |= {each.__name__: each for each in abc.__dict__.values() if isinstance(each, type)}
    try:
        return typing.get_type_hints(cls, localns={**known, **vars(import_module(cls.__module__))})
    except NameError as error:  # pragma: no cover - a class whose hints nobody can resolve
        raise AssertionError(f"{cls.__name__}: {error}") from None
