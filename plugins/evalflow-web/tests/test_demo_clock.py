"""The clock of the demo goes on from where the store ends."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest
from evalflow_web.serve import going_on

import evalflow
from evalflow.cli.session import Session


def test_it_goes_on_from_the_last_entry(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALFLOW_PLUGINS", "")
    path = shutil.copy(template, tmp_path / "office.db")
    session = Session(store=str(path), lang="en")
    with session.open() as engine:
        last = max(entry.at for _, entry in engine.storage.entries())
    clock = going_on(session)
    assert clock is not None
    first, second = clock(), clock()
    assert last <= first <= second < last + dt.timedelta(days=1)
    with session.open(clock=clock) as engine:
        assert engine.plans.ids() == ("gu",)


def test_an_empty_store_has_no_last_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALFLOW_PLUGINS", "")
    path = tmp_path / "empty.db"
    evalflow.open(f"sqlite:///{path}", plugins=[]).close()
    assert going_on(Session(store=str(path), lang="en")) is None
