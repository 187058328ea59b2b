"""Values of evalflow as JSON, in one shape wherever they are shown: `--json`, files, programs.

One word means one thing, whatever value it stands in:

| key | meaning |
|---|---|
| `id` | what the thing itself is called: of a project `plan/number`, of a plan its id |
| `plan`, `project` | the id of one; `project_ids` those of several; `projects` are whole |
| `number` | 관리번호, a text; `entry` is the place of an entry in its history, from 1 |
| `due` | the day by which something is owed; `dues` are things owed |
| `entries` | entries of a history, whole; how many there are is a `…_count` |

Figures are texts, exactly; days and times ISO 8601; a label has `ko` and `en`. The schema that is
shipped (`data-1.schema.json`, by `schema_text`) says the keys of each value. A key is only ever
added under `FORMAT`; whatever else changes is another format.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs

from evalflow.errors import (
    Conflict,
    EvalflowError,
    Forbidden,
    InvalidInput,
    KeyReused,
    NotFound,
    PluginError,
    Refused,
    StorageError,
)
from evalflow.model.canonical import Tree

FORMAT = "evalflow/1"
"""What the key `format` of everything that is printed with `--json` says."""

KEYS: Mapping[str, Mapping[str, str]] = {
    "Entry": {"number": "entry"},
    "PlanEntry": {"number": "entry"},
    "Evaluation": {"number": "entry"},
    "Notice": {"number": "entry"},
    "Due": {"projects": "project_ids"},
    "Bundle": {"projects": "project_count", "entries": "entry_count"},
    "Tally": {"projects": "project_count"},
}
"""By the name of the class: fields that have another key in JSON, because there their own word
means something else."""


def to_data(value: Any) -> Tree:
    """Return what the engine returns, or an error of evalflow, as JSON holds it: mappings, lists,
    texts, whole numbers, true, false, null.

    Raises:
        TypeError: it is no value of evalflow, nor of what those are made of.
    """
    return tree_of(value, KEYS)


def tree_of(
    value: Any, keys: Mapping[str, Mapping[str, str]], leaves: tuple[type, ...] = ()
) -> Tree:
    """Return the same as `to_data`, with other `keys` for fields of classes; values of the classes
    `leaves` stay as they are.

    Raises:
        TypeError: as `to_data`.
    """
    if value is None or isinstance(value, (str, bool, int, *leaves)):
        return value
    if isinstance(value, EvalflowError):
        return _error(value)
    if attrs.has(type(value)):
        own = keys.get(type(value).__name__, {})
        # By its public name: what is kept under the private one may not have been read yet.
        names = [f.name.lstrip("_") for f in attrs.fields(type(value)) if shown(f)]
        return {own.get(name, name): tree_of(getattr(value, name), keys, leaves) for name in names}
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): tree_of(inner, keys, leaves) for key, inner in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(tree_of(inner, keys, leaves) for inner in value)
    if isinstance(value, Iterator | list | tuple):
        return [tree_of(inner, keys, leaves) for inner in value]
    raise TypeError(f"no JSON for {type(value).__name__}")


def to_json(value: Any) -> str:
    """Return `to_data(value)` as text on one line, without terminal control characters."""
    return re.sub(_STEERING, _as_escape, json.dumps(to_data(value), ensure_ascii=False))


def shown(field: attrs.Attribute[Any]) -> bool:
    """Say whether a field of a value is part of its JSON."""
    return bool(field.repr) and field.name != "tree"


# --------------------------------------------------------------------------- errors


def _error(error: EvalflowError) -> dict[str, Tree]:
    """Return an error: `code` is a word for programs, the same as the service's problems have; what
    was wrong, one by one, stands under `reasons` or `problems`."""
    said: dict[str, Tree] = {"code": code_of(error), "ko": error.text("ko"), "en": error.text("en")}
    if isinstance(error, Refused):
        said |= {"project": error.project, "event": error.event}
        said["reasons"] = to_data(error.reasons)
    if isinstance(error, Forbidden):
        said["reasons"] = to_data([error.reason])
    if isinstance(error, Conflict):
        said |= {"project": error.project}
    if isinstance(error, InvalidInput):
        said["problems"] = to_data(error.problems)
    if isinstance(error, NotFound):
        said |= {"what": error.what, "name": error.name, "nearest": error.nearest}
    return said


def code_of(error: EvalflowError) -> str:
    """Return the word for programs that says what kind of error it is."""
    if isinstance(error, StorageError):
        return f"store_{error.code}"
    if isinstance(error, NotFound) and error.what == "actor":
        return "not_in_directory"
    return next((code for kind, code in _CODES if isinstance(error, kind)), "error")


_CODES: tuple[tuple[type[EvalflowError], str], ...] = (
    (Refused, "refused"),
    (Conflict, "conflict"),
    (KeyReused, "key_reused"),
    (InvalidInput, "invalid_input"),
    (NotFound, "not_found"),
    (Forbidden, "forbidden"),
    (PluginError, "plugin_failed"),
)

_STEERING = "[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
"""What JSON leaves as it is and a terminal obeys, or cannot print."""


def _as_escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
