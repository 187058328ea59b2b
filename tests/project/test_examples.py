"""The examples run, and say what they say."""

from __future__ import annotations

import asyncio
import runpy
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_embedding_in_a_host_with_its_own_users_clock_holidays_and_inbox():
    example = runpy.run_path(str(EXAMPLES / "embed_host.py"))

    assert asyncio.run(example["main"]()) == [
        "due: 2016-04-06",  # the 5th is a holiday of the host's own table
        "self_evaluate by host:kim as department",
        "42 planned, 1 evaluated",
        "5 letters",  # three of a change (mayor, policy office), two of the cards of no. 6
    ]
