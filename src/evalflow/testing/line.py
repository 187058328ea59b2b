"""The order in which commits of several programs can have been made."""

from __future__ import annotations

import graphlib
from collections.abc import Mapping, Sequence

from evalflow.storage import Commit


def in_one_line(commits: Sequence[Commit]) -> list[Commit]:
    """Return the commits in an order in which each finds the versions that it was decided on.

    Of two programs that wrote at one moment, neither who began first nor whose entry has the lower
    position need have been first: whoever only looked at a project, or at a plan's revision, came
    before it moved on.

    Raises:
        ValueError: there is no such order.
    """
    moved = [_moved(each) for each in commits]
    seen = [
        {**dict(each.unchanged), **dict(each.revisions), **moves}
        for each, moves in zip(commits, moved, strict=True)
    ]
    line: graphlib.TopologicalSorter[int] = graphlib.TopologicalSorter()
    for one in range(len(commits)):
        line.add(one)
        for other in range(len(commits)):
            for name, version in moved[other].items() if other != one else ():
                if name in seen[one] and version < seen[one][name]:
                    line.add(one, other)
                elif name in seen[one]:
                    line.add(other, one)
    try:
        return [commits[place] for place in line.static_order()]
    except graphlib.CycleError as error:
        told = " < ".join(_told(commits[place], seen[place]) for place in error.args[1])
        raise ValueError(f"the commits do not make one line: {told}") from error


def _moved(commit: Commit) -> dict[str, int]:
    """Return the projects and plans that the commit moves on, with the versions they had."""
    projects = {move.entry.project: move.expected for move in commit.moves}
    plans = {each.head.id: each.head.revision - 1 for each in commit.plans if each.head is not None}
    return {**projects, **plans}


def _told(commit: Commit, seen: Mapping[str, int]) -> str:
    first = commit.moves[0].entry
    return f"{first.event} {first.project} #{first.number} by {first.actor}, having seen {seen}"
