"""Eight programs at one moment: a sample of what `make trust` does thousands of times."""

from __future__ import annotations

import pytest

from evalflow.testing.crashes import figures_of
from evalflow.testing.races import KINDS


@pytest.mark.counting
@pytest.mark.slow
def test_of_eight_who_act_at_once_one_wins_and_the_others_hear_the_truth() -> None:
    figures = figures_of("evalflow.testing.races", "--rounds", "30")
    assert figures["rounds"] == 30
    assert all(figures[f"rounds, {kind}"] for kind in KINDS)
    assert figures["conflict"] + figures["refused"] + figures["won"] == 8 * 30
    assert figures["rounds with one winner"] > 15
