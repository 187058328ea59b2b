"""Eight programs at one moment: a sample of what `make trust` does thousands of times."""

from __future__ import annotations

import collections
import os
import subprocess
import sys

import pytest

from evalflow.testing.races import KINDS


@pytest.mark.slow
def test_of_eight_who_act_at_once_one_wins_and_the_others_hear_the_truth() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "evalflow.testing.races", "--rounds", "30"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert told.returncode == 0, told.stderr[-2000:]
    lines = [line.rsplit(maxsplit=1) for line in told.stdout.splitlines()]
    figures = collections.Counter({name: int(count) for name, count in lines})
    assert figures["rounds"] == 30
    assert all(figures[f"rounds, {kind}"] for kind in KINDS)
    assert figures["conflict"] + figures["refused"] + figures["won"] == 8 * 30
    assert figures["rounds with one winner"] > 15
