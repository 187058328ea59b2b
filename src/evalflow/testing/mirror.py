"""What a store must hold after a crash: what a mirror in memory holds, given just what lasted."""

from __future__ import annotations

import collections
from collections.abc import Sequence
from typing import Any

from evalflow.storage import Commit, Selection, Storage
from evalflow.testing.line import in_one_line
from evalflow.testing.office import PERIOD, PLAN_ID


class Broken(AssertionError):
    """The store is not what it should be after a crash."""


def durable_of(
    storage: Storage,
    notes: Sequence[tuple[Commit, bool]],
    figures: collections.Counter[str],
    *,
    lasting: bool = True,
) -> list[Commit]:
    """Return the commits of the notes that the store holds, and count them. `lasting` is whether
    those that returned must be among them.

    Raises:
        Broken: one that returned is gone, or two programs were told that they wrote the same.
    """
    durable: dict[str, tuple[Commit, bool]] = {}
    for commit, ended in notes:
        first = commit.moves[0].entry
        if _has(storage, first.project, first.number, first.hash):
            # Two programs that do the same at one moment make the same entry; one wrote it.
            twin = durable.get(first.hash)
            if twin is not None:
                if ended and twin[1]:
                    raise Broken(f"two wrote the same: {first.project} #{first.number}")
                figures["undone whole"] += 1
            if twin is None or ended:
                durable[first.hash] = commit, ended
        elif ended and lasting:
            raise Broken(f"a commit that returned is gone: {first.project} #{first.number}")
        else:
            figures["undone whole"] += 1
    figures["durable without a word"] += sum(not ended for _, ended in durable.values())
    return [commit for commit, _ in durable.values()]


def _has(storage: Storage, project: str, number: int, mark: str) -> bool:
    found = next(iter(storage.history(project, after=number - 1)), None)
    return found is not None and found.hash == mark


def give(mirror: Storage, commits: Sequence[Commit]) -> None:
    """Write commits, in an order in which each finds what it was decided on.

    Raises:
        Broken: there is no such order.
    """
    try:
        line = in_one_line(commits)
    except ValueError as error:
        raise Broken(str(error)) from error
    for commit in line:
        mirror.commit(commit)


def compare(storage: Storage, mirror: Storage) -> None:
    """See that a store holds what its mirror holds.

    Raises:
        Broken: it does not.
    """
    found, right = contents(storage), contents(mirror)
    for name, value in right.items():
        if found[name] != value:
            raise Broken(f"{name} differ from what was written")


def contents(storage: Storage) -> dict[str, Any]:
    """Return all that commits write."""
    everything = Selection()
    return {
        "projects": list(storage.snapshots(everything)),
        "histories": [list(storage.history(each.id)) for each in storage.select(everything)],
        "evaluations": list(storage.evaluations(PLAN_ID, PERIOD)),
        "revisions": [
            (number, storage.head(PLAN_ID, number), list(storage.definitions(PLAN_ID, number)))
            for number, _ in storage.revisions(PLAN_ID)[-2:]
        ],
        "notices": sorted((n.notice for n in storage.outbox()), key=lambda n: n.id),
        "entries": sorted(entry.hash for _, entry in storage.entries()),
    }
