"""A plan back to YAML: a file that loads to the same plan, laid out for people to edit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from evalflow.files.yaml_writer import yaml_text
from evalflow.model import PlanHead, ProjectDefinition
from evalflow.model.canonical import Tree
from evalflow.plan.order import ORDER, in_order

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
        "lines",
        "duties",
        "units",
        "directory",
    ),
    *("appointments", "fields", "core_projects", "criteria", "goals", "milestones", "exclusions"),
    "lenient",
)
_REVISION_KEYS = ("number", "by", "confirmed_by")
_CALENDAR_KEYS = (
    *("zone", "periods", "first", "last", "move", "holidays", "extra", "removed", "due"),
    "extension",
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
    said = tree.get("revision")
    rules = said if isinstance(said, Mapping) else {}
    number = str(head.revision)
    tree["revision"] = {**rules, "number": number} if rules else number
    tree["effective"] = head.effective
    return dump_tree(tree, {each.number: each.tree for each in definitions})


def dump_tree(head: Mapping[str, Tree], projects: Mapping[str, Mapping[str, Tree]]) -> str:
    """Return trees of a head and of projects (by number) as the text of a plan file."""
    tree = {**head, "projects": {number: _project(each) for number, each in projects.items()}}
    return yaml_text(_head(tree))


# --------------------------------------------------------------------------- order


def _head(tree: Mapping[str, Tree]) -> dict[str, Tree]:
    ordered = _with_records(_arranged(tree, (*_HEAD_KEYS, "projects")))
    ordered["directory"] = {name: _record(held) for name, held in ordered["directory"].items()}
    ordered["illustrative"] = _record(ordered.get("illustrative"))
    if isinstance(ordered.get("revision"), Mapping):
        ordered["revision"] = _arranged(ordered["revision"], _REVISION_KEYS)
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
