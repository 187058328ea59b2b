"""A rush of mail by deliverers that are killed: a sample of `make trust-mail`."""

from __future__ import annotations

import collections
from pathlib import Path

import pytest
from evalflow_notify import rush

from evalflow.testing.mirror import Broken


@pytest.mark.servers
@pytest.mark.slow
def test_every_notice_comes_though_deliverers_are_killed(tmp_path: Path) -> None:
    found = rush.run(tmp_path, notices=40, deliverers=2, takes=0.02, kill_every=20, pace=30)
    assert found["deliverers killed"] >= 1
    assert found["mails taken over"] == found["mails"] + found["mails that came once more"]


@pytest.mark.slow
def test_the_harness_notices_a_mail_that_never_came_and_one_too_many(tmp_path: Path) -> None:
    path = tmp_path / "office.db"
    figures = collections.Counter(notices=rush.given(path, 5))
    with pytest.raises(Broken, match=r"0 are marked, \d+ never came"):
        rush.looked_at(path, [(1.0, "<a>")], 0.0, 0.1, figures)
