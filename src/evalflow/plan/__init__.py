"""Plans: what an office evaluates in a year, said in YAML, checked whole.

- `load`: a plan file to a `Plan`, every problem at once;
- `head` and `project`: the builders, which also read what storages keep;
- `patch`: a change of a project's definition as a merge patch (RFC 7396);
- `write`: a plan back to YAML;
- `tables`, `listing`, `laying`: a plan's projects, budgets and targets as tables, both ways;
- `comparing`: what a plan says otherwise than the revision before it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evalflow.plan.comparing import Change, changes
    from evalflow.plan.definition import Plan
    from evalflow.plan.head import head_from_tree
    from evalflow.plan.laying import Overlaid, overlay
    from evalflow.plan.load import load_plan, with_tables
    from evalflow.plan.patch import merge_patch, touched
    from evalflow.plan.project import definition_from_tree
    from evalflow.plan.write import dump_yaml

__all__ = [
    "Change",
    "Overlaid",
    "Plan",
    "changes",
    "definition_from_tree",
    "dump_yaml",
    "head_from_tree",
    "load_plan",
    "merge_patch",
    "overlay",
    "touched",
    "with_tables",
]

_HOME_OF = {
    "Change": "comparing",
    "Overlaid": "laying",
    "Plan": "definition",
    "changes": "comparing",
    "definition_from_tree": "project",
    "dump_yaml": "write",
    "head_from_tree": "head",
    "load_plan": "load",
    "merge_patch": "patch",
    "overlay": "laying",
    "touched": "patch",
    "with_tables": "load",
}


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'evalflow.plan' has no attribute '{name}'")
    value = getattr(import_module(f"evalflow.plan.{home}"), name)
    globals()[name] = value
    return value
