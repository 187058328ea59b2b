"""A change of a project's definition: a merge patch (RFC 7396) over its tree.

Indicators, targets and budget are mappings by id, so a patch names only what changes, and null
takes something out: `indicators: {visits: {targets: {2016-Q4: 900}}}`.
"""

from __future__ import annotations

from collections.abc import Mapping

from evalflow.model.canonical import Tree


def merge_patch(tree: Tree, patch: Tree) -> Tree:
    """Return `tree` as `patch` changes it (RFC 7396); neither of them is altered.

    Flags and whole numbers become the text that a plan file would hold.
    """
    if not isinstance(patch, Mapping):
        return _as_written(patch)
    merged = dict(tree) if isinstance(tree, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def touched(tree: Tree, patch: Tree) -> Tree:
    """Return what `patch` changes as it stands in `tree`: the patch that would change it back.

    It has the shape of `patch`; what `tree` lacks is None.
    """
    if not isinstance(patch, Mapping) or not isinstance(tree, Mapping):
        return tree
    return {key: touched(tree.get(key), value) for key, value in patch.items()}


def _as_written(value: Tree) -> Tree:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list | tuple):
        return [_item(item) for item in value]
    return value


def _item(value: Tree) -> Tree:
    """Return a list's item: a mapping in a list is taken whole, so null in it means nothing."""
    if isinstance(value, Mapping):
        return {key: _item(inner) for key, inner in value.items()}
    return _as_written(value)
