"""Commits that several programs made at once are put into the one order they can have had."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from evalflow.testing.line import in_one_line


def commit(
    *moves: tuple[str, int],
    looked_at: tuple[tuple[str, int], ...] = (),
    under: tuple[tuple[str, int], ...] = (),
    revises: tuple[tuple[str, int], ...] = (),
) -> Any:
    """A commit that moves projects from these versions, looked at others, under plans' revisions,
    and puts new revisions into force."""
    entries = [
        SimpleNamespace(
            entry=SimpleNamespace(project=p, number=v + 1, event="move", actor="a"), expected=v
        )
        for p, v in moves
    ]
    heads = [SimpleNamespace(head=SimpleNamespace(id=p, revision=r)) for p, r in revises]
    return SimpleNamespace(moves=entries, unchanged=looked_at, revisions=under, plans=heads)


def test_who_was_decided_under_a_revision_comes_before_the_next() -> None:
    under, before = commit(("a", 1), under=(("plan", 1),)), commit(("c", 1), under=(("plan", 1),))
    revising = commit(("b", 1), under=(("plan", 1),), revises=(("plan", 2),))
    after = commit(("a", 2), under=(("plan", 2),))
    line = in_one_line([after, revising, before, under])
    assert line[2:] == [revising, after]


def test_who_only_looked_at_a_project_comes_before_it_moves_on() -> None:
    looker, mover, later = (
        commit(("a", 1), looked_at=(("b", 1),)),
        commit(("b", 1)),
        commit(("b", 2)),
    )
    assert in_one_line([later, mover, looker]) == [looker, mover, later]


def test_two_that_each_looked_at_what_the_other_moved_make_no_line() -> None:
    one = commit(("a", 1), looked_at=(("b", 1),))
    other = commit(("b", 1), looked_at=(("a", 1),))
    with pytest.raises(ValueError, match="one line"):
        in_one_line([one, other])


def test_two_that_moved_one_version_make_no_line() -> None:
    with pytest.raises(ValueError, match="one line"):
        in_one_line([commit(("a", 1)), commit(("a", 1))])
