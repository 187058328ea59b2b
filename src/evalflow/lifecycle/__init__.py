"""Lifecycles: what may follow what, said in YAML, checked whole, executed by `transitions`.

- `definition`: the values; `load`: from YAML to values, every problem at once;
- `machine`: `step`, the pure decision; `check`: what can be proved about a definition;
- `diagram`: Mermaid, DOT and pictures; `fields`: the data that events take.

Everything is imported when first used: reading a definition's values needs neither PyYAML nor
`transitions`. (`check.check` is not among the names here: the module itself bears that name.)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evalflow.lifecycle.check import Finding
    from evalflow.lifecycle.fields import FIELD_TYPES
    from evalflow.lifecycle.load import lifecycle_from_tree, load_lifecycle, presets
    from evalflow.lifecycle.machine import Stuck, step

__all__ = [
    "FIELD_TYPES",
    "Finding",
    "Stuck",
    "lifecycle_from_tree",
    "load_lifecycle",
    "presets",
    "step",
]

_HOME_OF = {
    "FIELD_TYPES": "fields",
    "Finding": "check",
    "Stuck": "machine",
    "lifecycle_from_tree": "load",
    "load_lifecycle": "load",
    "presets": "load",
    "step": "machine",
}


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'evalflow.lifecycle' has no attribute '{name}'")
    value = getattr(import_module(f"evalflow.lifecycle.{home}"), name)
    globals()[name] = value
    return value
