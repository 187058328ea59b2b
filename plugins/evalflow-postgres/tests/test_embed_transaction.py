"""The example in which a firing joins the host's transaction, by psycopg and by SQLAlchemy."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from evalflow_postgres.testing import fresh

EXAMPLE = Path(__file__).parents[3] / "examples" / "embed_transaction.py"


@pytest.mark.skipif(not EXAMPLE.exists(), reason="the example is in evalflow's repository")
def test_a_firing_is_committed_or_rolled_back_with_the_host(database: str) -> None:
    example = runpy.run_path(str(EXAMPLE))

    assert example["main"](database, fresh(database)) == [
        (0, 1, 0),  # rolled back: neither paper nor evaluation
        (2, 1, 0),  # refused: the host's papers stand, nothing was evaluated
        (3, 2, 0),  # committed together
    ]


@pytest.mark.skipif(not EXAMPLE.exists(), reason="the example is in evalflow's repository")
def test_a_django_site_commits_and_rolls_back_with_what_its_users_do(database: str) -> None:
    missing = "not on this machine: evalflow-django (make sets up anew)"
    pytest.importorskip("evalflow_django", reason=missing)
    example = EXAMPLE.with_name("embed_django.py")

    done = subprocess.run(
        [sys.executable, example, fresh(database)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines() == [
        "0 papers, 1 entries, 0 mismatches",
        "1 papers, 1 entries, 0 mismatches",
        "2 papers, 2 entries, 0 mismatches",
    ], done.stderr
