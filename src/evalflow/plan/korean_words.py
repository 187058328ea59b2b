"""A plan file may say the words of its tables: `kind: 과`, `role: 구청장`, `direction: 상향`.

What the file says is brought to the words of the language before it is read; places and lines stay
as they are, and what means nothing is left for the reader to refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from evalflow.files.figures import NOT_DUE_WORDS
from evalflow.lifecycle.definition import Lifecycle
from evalflow.model import Label
from evalflow.plan.tables import PROJECT_WORDS, Names
from evalflow.plan.workbook_words import KIND_WORDS, KINDS

_UNIT_KINDS = Names(
    ("구분", "kind"),
    {
        key: (label, *(Label(word, word) for word in KIND_WORDS.get(key, ())))
        for key, label in KINDS.items()
    },
)


def in_ids(tree: Any, lifecycle: Lifecycle | None) -> Any:
    """Return a plan file's tree with unit kinds, roles, kinds of projects, directions, formulas and
    accumulations by their ids."""
    if not isinstance(tree, Mapping):
        return tree
    found = dict(tree)
    roles = Names(
        ("역할", "role"),
        {}
        if lifecycle is None
        else {name: (role.label,) for name, role in lifecycle.roles.items()},
    )
    _each(found, "units", lambda unit: _with(unit, {"kind": _UNIT_KINDS}))
    _each(found, "directory", lambda grants: _all(grants, {"role": roles}))
    if isinstance(found.get("appointments"), list):
        found["appointments"] = _all(found["appointments"], {"role": roles})
    _each(found, "projects", _project)
    return found


def _project(tree: Any) -> Any:
    if not isinstance(tree, Mapping):
        return tree
    found = dict(_with(tree, {"kind": PROJECT_WORDS["kind"]}))
    words = {key: PROJECT_WORDS[key] for key in ("direction", "formula", "accumulation")}
    _each(found, "indicators", lambda indicator: _targets(_with(indicator, words)))
    return found


def _targets(tree: Any) -> Any:
    """Return an indicator whose targets may say `시기미도래: 사유` as tables do."""
    if not isinstance(tree, Mapping) or not isinstance(tree.get("targets"), Mapping):
        return tree
    said = {}
    for period, target in tree["targets"].items():
        word, colon, why = target.partition(":") if isinstance(target, str) else ("", "", "")
        is_not_due = colon and word.strip() in NOT_DUE_WORDS and why.strip()
        said[period] = {"not_due": why.strip()} if is_not_due else target
    return {**tree, "targets": said}


def _each(tree: dict[str, Any], key: str, change: Callable[[Any], Any]) -> None:
    inside = tree.get(key)
    if isinstance(inside, Mapping):
        tree[key] = {name: change(each) for name, each in inside.items()}


def _all(items: Any, words: Mapping[str, Names]) -> Any:
    return [_with(each, words) for each in items] if isinstance(items, list) else items


def _with(tree: Any, words: Mapping[str, Names]) -> Any:
    """Return the mapping with the values of these keys by their ids."""
    if not isinstance(tree, Mapping):
        return tree
    meant = {
        key: known.meant(tree[key])
        for key, known in words.items()
        if isinstance(tree.get(key), str) and known.meant(tree[key]) is not None
    }
    return {**tree, **meant} if meant else tree
