"""A store in PostgreSQL is run, backed up and restored by the commands."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from evalflow_postgres import open_postgres
from evalflow_postgres.testing import fresh

import evalflow
from evalflow import cli

pytestmark = pytest.mark.servers


@pytest.fixture
def office(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a store with the plan of the example."""
    monkeypatch.chdir(tmp_path)  # where its notices go
    with evalflow.open(url) as engine:
        plan = evalflow.load_plan(evalflow.example("seodaemun-2016"))
        engine.adopt(plan, by=plan.actor("policy-1"))
    return url


def test_what_a_night_backed_up_is_restored_into_another_store(
    office: str, database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--lang", "en", "--store", office, "run", "--once"]
    into = ["--backups", str(tmp_path / "b"), "--checkpoints", str(tmp_path / "c")]
    assert cli.run([*asked, *into]) == 0, capsys.readouterr().err
    (copy,) = (tmp_path / "b").iterdir()
    (point,) = (tmp_path / "c").iterdir()

    other = fresh(database)
    assert cli.run(["--lang", "en", "--store", other, "restore", str(copy)]) == 0
    assert "restored: 1 plan (seodaemun-2016)" in capsys.readouterr().out
    assert cli.run(["--lang", "en", "--store", other, "verify", "--checkpoint", str(point)]) == 0
    assert cli.run(["--lang", "en", "--store", other, "restore", str(copy)]) == 5
    with evalflow.open(office) as first, evalflow.open(other) as second:
        assert list(first.projects()) == list(second.projects())


@pytest.mark.slow
def test_one_program_runs_it_and_the_next_takes_over(office: str, tmp_path: Path) -> None:
    asked = [sys.executable, "-m", "evalflow.cli", "--lang", "en", "--store", office]
    with (tmp_path / "said").open("wb") as said:
        first = subprocess.Popen(
            [*asked, "run", "--every", "1", "--night-at", "none"], stdout=said, stderr=said
        )
    try:
        storage = open_postgres(office)
        until = time.monotonic() + 60
        while (held := storage.hold()) is not None and time.monotonic() < until:
            held.release()
            time.sleep(0.1)
        assert held is None, "the program holds the store"
        again = subprocess.run([*asked, "run", "--once"], check=False, capture_output=True)
        assert again.returncode == 3, again.stderr
        first.send_signal(signal.SIGTERM)
        assert first.wait(60) == 0
        held = storage.hold()
        assert held is not None
        held.release()
        storage.close()
    finally:
        first.kill()
        first.wait()
