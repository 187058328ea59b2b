"""The order in which a plan names things, kept where stored text has its keys sorted.

People want bureaus, fields and indicators in the order in which somebody thought of them, but
the stored form of a tree sorts its keys. So a tree carries, beside such a mapping, the key
`order`: `{"order": {"fields": ["welfare", "economy"]}, "fields": {…}}`. It is made here, read
here, and stands in no plan file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from evalflow.model.canonical import Tree

if TYPE_CHECKING:
    from evalflow.files.reader import Part

T = TypeVar("T")

ORDER = "order"
"""The key under which a stored tree keeps the order of its mappings."""


def with_order(tree: Mapping[str, Tree], keys: Iterable[str]) -> dict[str, Tree]:
    """Return `tree` with the order of the mappings at `keys`, where it is not the sorted one.

    A key that was written without a value is as good as absent, and is left out.
    """
    kept: dict[str, Tree] = {}
    said = tree.get(ORDER)
    known = said if isinstance(said, Mapping) else {}
    for key in keys:
        inside = tree.get(key)
        if isinstance(inside, Mapping):
            names = in_order(inside, known.get(key))
            if names != sorted(names):
                kept[key] = names
    ordered = {k: value for k, value in tree.items() if k != ORDER and value is not None}
    if kept:
        ordered[ORDER] = kept
    return ordered


def in_order(tree: Mapping[str, Any], order: Tree) -> list[str]:
    """Return the keys of `tree`: first as `order` says, then the others as they stand."""
    if not isinstance(order, list):
        return list(tree)
    first = [name for name in dict.fromkeys(map(str, order)) if name in tree]
    return [*first, *(name for name in tree if name not in set(first))]


def sort_parts(part: Part, key: str, found: dict[str, T]) -> dict[str, T]:
    """Return what was read from the mapping at `key` in the order that the tree keeps."""
    return stored_order(part.tree, key, found)


def stored_order(tree: Mapping[str, Tree], key: str, found: dict[str, T]) -> dict[str, T]:
    """Return what was found in the mapping at `key` of `tree` in the order that the tree keeps."""
    kept = tree.get(ORDER)
    if not isinstance(kept, Mapping) or key not in kept:
        return found
    return {name: found[name] for name in in_order(found, kept[key])}
