"""What was typed into a form becomes an event's data, and nothing typed is lost on the way."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from evalflow_web.board.fields import data_of

FIELD = SimpleNamespace(name="votes", type="votes")
ASKED: Any = SimpleNamespace(definition=SimpleNamespace(indicators=()))


@pytest.mark.parametrize(
    ("typed", "votes"),
    [
        ("a: 찬성\nb：반대\n\n", {"a": "찬성", "b": "반대"}),
        ("a: 찬성\na: 반대", {"a": "찬성, 반대"}),  # which is no vote, and is refused
        ("a 찬성", {"a 찬성": ""}),
        (": 찬성", {"": "찬성"}),
    ],
)
def test_a_vote_is_a_line_a_member(typed: str, votes: dict[str, str]) -> None:
    """Of two votes of a member the last one counted."""
    assert data_of([FIELD], {"votes": typed}, ASKED) == {"votes": votes}
