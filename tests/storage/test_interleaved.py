"""Two engines, each in the middle of what the other does, beside a plain model."""

from __future__ import annotations

import collections
import os
from pathlib import Path

import attrs
import pytest

from evalflow.engine.commands import Commands
from evalflow.model import Move
from evalflow.model.commits import Basis
from evalflow.testing.engines import Scheme
from evalflow.testing.interleaved import Act, _TwoEngines, interleave

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


@pytest.mark.slow
def test_one_revision_that_two_make_at_once_is_made_once() -> None:
    """Whoever comes second is told the one that stands by then."""
    made = {"new_url": staticmethod(lambda: "memory:"), "figures": collections.Counter()}
    scheme = Scheme(
        regions={"r0": ("s00", "s01")},
        moves={"e0": {"r0": {"s00": "s01"}}},
        by={"e0": "chief"},
        bars=(),
    )
    for unit in ("north", "south"):
        act = Act("revise", "1", 0, "chief-1", unit, keyed=False, able=True)
        for at in range(1, 9):
            state = type("TwoEngines", (_TwoEngines,), made)()
            state.an_office_begins(scheme=scheme)
            state.one_acts_in_the_middle_of_another(at=at, inner=act, outer=act)
            state.teardown()
