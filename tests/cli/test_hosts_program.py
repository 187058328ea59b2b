"""The command line inside of a host's own program, on the host's store."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

import evalflow
from evalflow.plugins import command_line

DAY = dt.datetime(2016, 4, 4, 1, tzinfo=dt.UTC)


class Host:
    """A program with an engine of its own making: a clock that stands still."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'office.db'}"
        self.opened: list[evalflow.Engine] = []

    def open(self) -> evalflow.Engine:
        self.opened.append(evalflow.open(self.url, clock=lambda: DAY))
        return self.opened[-1]

    def run(self, *arguments: str) -> int:
        return command_line(arguments, store=self.url, opens=self.open, lang="en")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_commands_run_on_the_hosts_engine_in_its_language(
    host: Host, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EVALFLOW_LANG", raising=False)
    assert host.run("plan", "import", str(evalflow.example()), "--as", "policy-1") == 0
    assert host.run("verify") == 0
    assert "no errors" in capsys.readouterr().out
    assert len(host.opened) == 2
    assert host.run("due", "--json") == 0
    assert '"2016-04-05"' in capsys.readouterr().out  # the host's clock, not the machine's
    monkeypatch.setenv("EVALFLOW_LANG", "ko")
    assert host.run("verify") == 0
    assert "이상 없음" in capsys.readouterr().out
    assert host.run("--lang", "en", "verify") == 0
    assert "no errors" in capsys.readouterr().out


def test_a_mistake_is_told_with_the_exit_code_of_the_command_line(
    host: Host, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EVALFLOW_LANG", raising=False)
    assert host.run("history", "nowhere/1") == 4
    assert host.run("verfy") == 2
    assert "did you mean 'verify'" in capsys.readouterr().err.replace("Did", "did")
    assert host.run("--lang=ko", "verfy") == 2
    assert "명령 'verfy'가 없습니다" in capsys.readouterr().err
