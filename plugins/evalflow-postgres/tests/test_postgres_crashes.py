"""Killed programs and a killed server leave all or nothing."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from evalflow_postgres.testing import Server


@pytest.mark.servers
@pytest.mark.slow
def test_nothing_is_lost_or_halved_by_killed_programs_and_servers(own_server: Server) -> None:
    own_server.stop("immediate")  # there can be one: the program makes its own
    told = subprocess.run(
        [sys.executable, "-m", "evalflow_postgres.crashes", "--kills=20", "--server-kills=4"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert told.returncode == 0, told.stderr[-2000:]
    lines = [line.rsplit(maxsplit=1) for line in told.stdout.splitlines()]
    figures = {name: int(count) for name, count in lines}
    assert figures["kills"] >= 20
    assert figures["server killed"] == 4


@pytest.mark.slow
@pytest.mark.servers
def test_of_eight_who_act_at_once_one_wins(database: str) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "evalflow_postgres.races", "--rounds=20"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "EVALFLOW_TEST_PG": database},
    )
    assert told.returncode == 0, told.stderr[-2000:]
    lines = [line.rsplit(maxsplit=1) for line in told.stdout.splitlines()]
    figures = {name: int(count) for name, count in lines}
    assert figures["rounds"] == 20
    assert figures["conflict"] + figures.get("refused", 0) + figures["won"] == 8 * 20
