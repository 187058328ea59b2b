"""Two engines, each in the middle of what the other does, beside a plain model."""

from __future__ import annotations

import os
from pathlib import Path

import attrs
import pytest

from evalflow.engine.commands import Commands
from evalflow.model import Move
from evalflow.model.commits import Basis
from evalflow.testing.interleaved import interleave

# More by the environment: `make trust` does.
LIVES = int(os.environ.get("EVALFLOW_LIVES", "8"))


@pytest.mark.slow
@pytest.mark.parametrize("storage", ["memory", "sqlite"])
def test_two_engines_make_one_life(tmp_path: Path, storage: str) -> None:
    count = iter(range(1 << 30))

    def url() -> str:
        return "memory:" if storage == "memory" else f"sqlite:///{tmp_path / str(next(count))}.db"

    found = interleave(url, examples=LIVES)
    assert found["in the middle of another"] > LIVES
    assert found["looked"] > LIVES


def test_the_model_notices_what_was_decided_under_an_older_revision(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that cannot fail would prove nothing: the commit does not carry the revision."""
    written = Commands.write

    def write(self: Commands, moves: tuple[Move, ...], basis: Basis) -> None:
        written(self, moves, attrs.evolve(basis, revisions=()))

    monkeypatch.setattr(Commands, "write", write)
    with pytest.raises(AssertionError, match="decided under an older revision"):
        interleave(lambda: "memory:", examples=400, shrinks=False)
