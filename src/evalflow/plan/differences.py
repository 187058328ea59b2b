"""What a plan says otherwise than the revision before it, for people to see first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from evalflow.model import PlanHead, ProjectDefinition
from evalflow.model.canonical import Tree, canonical
from evalflow.plan.definition import Plan
from evalflow.plan.order import ORDER

_UNCOMPARED = frozenset({"revision", "effective", ORDER})


@attrs.frozen(kw_only=True)
class Difference:
    """One thing that the plan says otherwise.

    Attributes:
        number: the project's 관리번호; None for what all projects share.
        path: where in the plan file, under the project, e.g. `indicators.visits.targets.2016-Q4`;
            empty for a project that is new.
        before, after: what was and what will be said, as text; None where nothing.
    """

    number: str | None
    path: str
    before: str | None
    after: str | None


def differences(
    plan: Plan, head: PlanHead | None, old: Mapping[str, ProjectDefinition]
) -> tuple[Difference, ...]:
    """Return what `plan` says otherwise than `head` and its projects `old` (by number); head None:
    than nothing at all. First what all share, then project by project in the plan's order."""
    found: list[Difference] = []
    if head is not None:
        for path, before, after in _compared(head.tree, plan.head.tree, ()):
            found.append(_difference(None, path, before, after))
    for number, definition in plan.projects.items():
        if number not in old:
            found.append(_difference(number, (), None, definition.label.ko))
            continue
        for path, before, after in _compared(old[number].tree, definition.tree, ()):
            found.append(_difference(number, path, before, after))
    return tuple(found)


def _compared(
    one: Tree, other: Tree, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Tree, Tree]]:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in dict.fromkeys([*one, *other]):
            if not _is_about_order(path, key):
                yield from _compared(one.get(key), other.get(key), (*path, key))
    elif one != other:
        yield path, one, other


def _is_about_order(path: tuple[str, ...], key: str) -> bool:
    """Say whether a key is none of what the plan says, but how it is numbered and kept."""
    if not path:
        return key in _UNCOMPARED
    kept = path == ("budget",) or (len(path) == 2 and path[0] == "indicators")
    return kept and key == ORDER


def _difference(number: str | None, path: tuple[str, ...], before: Tree, after: Tree) -> Difference:
    return Difference(number=number, path=".".join(path), before=_text(before), after=_text(after))


def _text(tree: Tree) -> str | None:
    return tree if tree is None or isinstance(tree, str) else canonical(tree)
