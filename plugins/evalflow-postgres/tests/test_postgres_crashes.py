"""Killed programs and a killed server leave all or nothing; of eight who race one wins."""

from __future__ import annotations

import pytest
from evalflow_postgres.testing import Server

from evalflow.testing.crashes import figures_of


@pytest.mark.servers
@pytest.mark.slow
def test_nothing_is_lost_or_halved_by_killed_programs_and_servers(own_server: Server) -> None:
    own_server.stop("immediate")  # there can be one: the program makes its own
    figures = figures_of("evalflow_postgres.crashes", "--kills=20", "--server-kills=4")
    assert figures["kills"] >= 20
    assert figures["server killed"] == 4


@pytest.mark.servers
@pytest.mark.slow
def test_of_eight_who_act_at_once_one_wins(database: str) -> None:
    figures = figures_of("evalflow_postgres.races", "--rounds=20", EVALFLOW_TEST_PG=database)
    assert figures["rounds"] == 20
    assert figures["conflict"] + figures["refused"] + figures["won"] == 8 * 20
