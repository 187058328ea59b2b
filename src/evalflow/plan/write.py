"""A plan back to YAML: a file that loads to the same plan, laid out for people to edit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from evalflow.model import PlanHead, ProjectDefinition
from evalflow.model.canonical import Tree
from evalflow.plan.order import ORDER, in_order

_WIDTH = 100
_LONGEST_KEY = 120  # YAML allows 1,024 characters on the line of a key

# Text that needs no quotes: it begins with a letter or digit, and nothing in it means anything.
_PLAIN = re.compile(r"\w(?:[^\n\r\t:#,\[\]{}]*[^\n\r\t:#,\[\]{} ])?")
_PLAIN_LINE = re.compile(r"\w(?:[^\n\r\t:#]*[^\n\r\t:# ])?")
_NULLS = frozenset(["null", "Null", "NULL"])

_HEAD_KEYS = (
    *("evalflow", "id", "revision", "effective", "year", "ko", "en", "illustrative", "document"),
    *(
        "lifecycle",
        "calendar",
        "scoring",
        "figures",
        "notices",
        "plugins",
        "visibility",
        "units",
        "directory",
    ),
    *("appointments", "fields", "core_projects", "criteria", "goals", "milestones", "exclusions"),
)
_CALENDAR_KEYS = (
    *("zone", "periods", "first", "last", "move", "holidays", "extra", "removed", "due"),
)
_SCORING_KEYS = (
    *("scorer", "options", "basis", "places", "zero_target", "cap", "floor", "project_mean"),
    *("group_mean", "bands", "grades"),
)
_PROJECT_KEYS = (
    *("ko", "en", "illustrative", "carried_from", "unit", "assignments", "field"),
    *("core_project", "goals"),
    *("selection", "cooperating", "kind", "start", "end", "content", "budget", "schedule"),
    *("about", "also_in", "cards", "indicators"),
)
_INDICATOR_KEYS = (
    *("ko", "en", "unit", "direction", "formula", "accumulation", "weight", "baseline"),
    *("zero_target", "cap", "steps", "annual", "targets"),
)


_RECORD_KEYS = (
    *("actor", "for", "role", "unit", "on", "kind", "type", "ko", "en", "parent", "verdict"),
    *("at_least", "against", "weight", "reason", "evaluated_in", "since", "until", "renamed"),
)
_RECORDS_BY_ID = ("units", "fields", "core_projects", "criteria", "goals", "milestones")
_RECORDS_LISTED = ("appointments", "exclusions", "assignments", "cards")


def dump_yaml(head: PlanHead, definitions: Iterable[ProjectDefinition]) -> str:
    """Return the plan as the text of a plan file. It loads to the same plan, with the revision
    and the effective period that `head` has."""
    tree = dict(head.tree)
    tree["revision"] = str(head.revision)
    tree["effective"] = head.effective
    return dump_tree(tree, {each.number: each.tree for each in definitions})


def dump_tree(head: Mapping[str, Tree], projects: Mapping[str, Mapping[str, Tree]]) -> str:
    """Return trees of a head and of projects (by number) as the text of a plan file."""
    tree = {**head, "projects": {number: _project(each) for number, each in projects.items()}}
    return "".join(f"{line}\n" for line in _lines(_head(tree), 0))


def yaml_text(tree: Tree) -> str:
    """Return a tree as YAML text that `yaml.read` reads to the same tree."""
    if isinstance(tree, Mapping) and tree:
        return "".join(f"{line}\n" for line in _lines(tree, 0))
    return _flow(tree) + "\n"


# --------------------------------------------------------------------------- order


def _head(tree: Mapping[str, Tree]) -> dict[str, Tree]:
    ordered = _with_records(_arranged(tree, (*_HEAD_KEYS, "projects")))
    ordered["directory"] = {name: _record(held) for name, held in ordered["directory"].items()}
    ordered["illustrative"] = _record(ordered.get("illustrative"))
    if isinstance(ordered.get("calendar"), Mapping):
        ordered["calendar"] = _arranged(ordered["calendar"], _CALENDAR_KEYS)
    if isinstance(ordered.get("scoring"), Mapping):
        ordered["scoring"] = scoring = _arranged(ordered["scoring"], _SCORING_KEYS)
        if isinstance(scoring.get("bands"), Mapping):
            scoring["bands"] = {name: _record(band) for name, band in scoring["bands"].items()}
    return {key: value for key, value in ordered.items() if value is not None}


def _project(tree: Mapping[str, Tree]) -> dict[str, Tree]:
    ordered = _with_records(_arranged(tree, _PROJECT_KEYS))
    ordered["content"] = _record(ordered.get("content"))
    if isinstance(ordered.get("budget"), Mapping):
        ordered["budget"] = _arranged(ordered["budget"], ("sources", "periods"))
    measured = ordered.get("indicators") or {}
    ordered["indicators"] = {name: _indicator(each) for name, each in measured.items()} or None
    return {key: value for key, value in ordered.items() if value is not None}


def _indicator(tree: Mapping[str, Tree]) -> dict[str, Tree]:
    ordered = _arranged(tree, _INDICATOR_KEYS)
    if isinstance(ordered.get("steps"), Mapping):
        ordered["steps"] = {name: _record(step) for name, step in ordered["steps"].items()}
    return ordered


def _with_records(tree: dict[str, Tree]) -> dict[str, Tree]:
    for key in _RECORDS_BY_ID:
        if isinstance(tree.get(key), Mapping):
            tree[key] = {name: _record(each) for name, each in tree[key].items()}
    for key in _RECORDS_LISTED:
        tree[key] = _record(tree.get(key))
    return tree


def _record(tree: Tree) -> Tree:
    """Return a small record, or a list of them, with its keys in the order of reading."""
    if isinstance(tree, list | tuple):
        return [_record(each) for each in tree]
    if not isinstance(tree, Mapping):
        return tree
    return {key: _record(value) for key, value in _arranged(tree, _RECORD_KEYS).items()}


def _arranged(tree: Mapping[str, Tree], keys: Iterable[str]) -> dict[str, Tree]:
    """Return the tree with `keys` first, and the mappings in it in the order that it keeps."""
    order = tree.get(ORDER) or {}
    names = [key for key in keys if key in tree]
    names += [key for key in tree if key not in set(names) and key != ORDER]
    return {
        key: {name: tree[key][name] for name in in_order(tree[key], order[key])}
        if key in order
        else tree[key]
        for key in names
    }


# --------------------------------------------------------------------------- lines


def _lines(tree: Mapping[str, Tree], indent: int) -> Iterator[str]:
    space = " " * indent
    for key, value in tree.items():
        name = _scalar(key, _PLAIN)
        head = f"{space}{name}:" if len(name) <= _LONGEST_KEY else f"{space}? {name}\n{space}:"
        yield from _entry(head, value, indent)


def _entry(head: str, value: Tree, indent: int) -> Iterator[str]:
    if not isinstance(value, Mapping | list | tuple):
        yield f"{head} {_scalar(value, _PLAIN_LINE)}"
        return
    flow = f"{head} {_flow(value)}"
    if not value or (len(flow) <= _WIDTH and _depth(value) <= 2):
        yield flow
    elif isinstance(value, Mapping):
        yield head
        yield from _lines(value, indent + 2)
    else:
        yield head
        space = " " * (indent + 2)
        for item in value:
            flow = f"{space}- {_flow(item)}"
            if not item or not isinstance(item, Mapping) or len(flow) <= _WIDTH:
                yield flow
            else:
                inside = list(_lines(item, indent + 4))
                yield f"{space}- {inside[0].lstrip(' ')}"
                yield from inside[1:]


def _depth(value: Tree) -> int:
    """Return how many mappings and lists lie in each other here."""
    if not isinstance(value, Mapping | list | tuple):
        return 0
    inside = value.values() if isinstance(value, Mapping) else value
    return 1 + max((_depth(each) for each in inside), default=0)


def _flow(value: Tree) -> str:
    if isinstance(value, Mapping):
        inside = [f"{_scalar(key, _PLAIN)}: {_flow(each)}" for key, each in value.items()]
        if all(len(entry) <= _LONGEST_KEY for entry in inside) or not inside:
            return "{" + ", ".join(inside) + "}"
        keyed = [f"? {_scalar(key, _PLAIN)} : {_flow(each)}" for key, each in value.items()]
        return "{" + ", ".join(keyed) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(each) for each in value) + "]"
    return _scalar(value, _PLAIN)


def _scalar(value: Tree, plain: re.Pattern[str]) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    text = str(value)
    if plain.fullmatch(text) and text not in _NULLS:
        return text
    return json.dumps(text, ensure_ascii=False)
