"""The order in which commits of several programs can have been made."""

from __future__ import annotations

import graphlib
from collections.abc import Sequence

from evalflow.storage import Commit


def in_one_line(commits: Sequence[Commit]) -> list[Commit]:
    """Return the commits in an order in which each finds the versions that it was decided on.

    Of two programs that wrote at one moment, neither who began first nor whose entry has the lower
    position need have been first: whoever only looked at a project came before it moved on.

    Raises:
        ValueError: there is no such order.
    """
    seen = [
        {**dict(each.unchanged), **{move.entry.project: move.expected for move in each.moves}}
        for each in commits
    ]
    moved = [{move.entry.project: move.expected for move in each.moves} for each in commits]
    line: graphlib.TopologicalSorter[int] = graphlib.TopologicalSorter()
    for one in range(len(commits)):
        line.add(one)
        for other in range(len(commits)):
            for project, version in moved[other].items() if other != one else ():
                if project in seen[one] and version < seen[one][project]:
                    line.add(one, other)
                elif project in seen[one]:
                    line.add(other, one)
    try:
        return [commits[place] for place in line.static_order()]
    except graphlib.CycleError as error:
        raise ValueError("the commits do not make one line") from error
