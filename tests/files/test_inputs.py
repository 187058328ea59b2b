"""Files that people hand over: what is no file holds up nobody, and is told in a sentence."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

import evalflow
from evalflow import cli
from evalflow.files.inputs import check_input, opened, opened_text
from evalflow.files.output import write_output

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")

PIPE = "PIPE"
ASKED: dict[str, list[str]] = {
    "plan check": ["plan", "check", PIPE],
    "plan check, a workbook": ["plan", "check", f"{PIPE}.xlsx"],
    "plan check, a table": ["plan", "check", "plan.yaml", f"{PIPE}.csv"],
    "plan import": ["plan", "import", PIPE, "--as", "policy-1"],
    "init": ["init", "--from", f"{PIPE}.xlsx", "--check"],
    "plan select": ["plan", "select", "gu", "--draft", PIPE, "-o", "o.yaml", "--as", "policy-1"],
    "lifecycle check": ["lifecycle", "check", f"{PIPE}.yaml"],
    "lifecycle show": ["lifecycle", "show", f"{PIPE}.yaml"],
    "lifecycle diff": ["lifecycle", "diff", "major-works", f"{PIPE}.yaml"],
    "lifecycle access": ["lifecycle", "access", "major-works", "--plan-file", PIPE],
    "lifecycle migrate": [
        *("lifecycle", "migrate", f"{PIPE}.yaml", "--as", "policy-1"),
        *("--plan", "gu", "--reason", "x"),
    ],
    "explain": ["explain", "gu/1", "self_evaluate", "--as", "education-1", "--data", PIPE],
    "fire": ["fire", "gu/1", "self_evaluate", "--as", "education-1", "--data", PIPE],
    "status": ["status", "--where", f"numbers=@{PIPE}"],
    "batch apply": ["batch", "apply", PIPE, "--as", "policy-1"],
    "batch show": ["batch", "show", PIPE],
    "batch plan, each": [
        *("batch", "plan", "amend", "--as", "policy-1"),
        *("--each", f"{PIPE}.csv", "-o", "b.jsonl"),
    ],
    "batch run": ["batch", "run", PIPE],
    "sheet read": ["sheet", "read", f"{PIPE}.xlsx", "--as", "policy-1"],
    "form check": ["form", "check", f"{PIPE}.xlsx"],
    "form make, values": ["form", "make", "projects", "-o", "o.xlsx", "--values", PIPE],
    "audit checkpoint": ["audit", "checkpoint", "gu", "--signer", f"ed25519:key={PIPE}"],
    "audit verify": ["audit", "verify", f"{PIPE}.zip"],
    "scenario run": ["scenario", "run", PIPE],
    "simulate": ["simulate", PIPE],
}
"""The command -> how it is asked to read a named pipe to which nobody writes."""

IN_OTHER_WORDS = {
    "plan export": (["plan", "export", "gu", "--workbook", "-o", f"{PIPE}.xlsx"], "No such device"),
    "plan carry": (["plan", "carry", "gu", "--id", "gu-2", "-o", PIPE], "No such device"),
    "audit export": (["audit", "export", "--plan", "gu", "-o", f"{PIPE}.zip"], "No such device"),
    "verify": (["verify", "--checkpoint", PIPE], "not a checkpoint"),
    "restore": (["--store", "new.db", "restore", PIPE], "no such file"),
    "a store": (["--store", PIPE, "status"], "cannot be opened"),
}
"""The same where a file is written, or only files are looked for, and what is told."""


@pytest.fixture
def office(tmp_path: Path, plan_file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, value in {"STORE": "office.db", "LANG": "en", "PLUGINS": ""}.items():
        monkeypatch.setenv(f"EVALFLOW_{name}", value)
    (tmp_path / "plan.yaml").write_bytes(plan_file.read_bytes())
    with evalflow.open("sqlite:///office.db", plugins=[]) as engine:
        engine.adopt(evalflow.load_plan("plan.yaml", plugins=[]), by="policy-1")
    return tmp_path


@pytest.mark.parametrize(
    ("asked", "told"),
    [*((asked, "named pipe") for asked in ASKED.values()), *IN_OTHER_WORDS.values()],
    ids=[*ASKED, *IN_OTHER_WORDS],
)
def test_a_pipe_to_which_nobody_writes_is_waited_for_by_no_command(office, asked, told, capsys):
    given = next(each for each in asked if PIPE in each)
    pipe = office / given[given.index(PIPE) :]
    os.mkfifo(pipe)
    ended: list[int] = []
    running = threading.Thread(target=lambda: ended.append(cli.run(asked)), daemon=True)
    running.start()
    running.join(20)
    if not ended:  # let go of it, so that the test ends
        os.close(os.open(pipe, os.O_RDWR | os.O_NONBLOCK))
        running.join(20)
        pytest.fail("it waits for whoever is at the other end of the pipe")
    assert ended[0] not in (0, cli.WRONG)
    assert told in capsys.readouterr().err


def test_a_device_is_no_file(tmp_path):
    (tmp_path / "endless.yaml").symlink_to("/dev/zero")
    for way in (opened, opened_text, check_input):
        with pytest.raises(evalflow.InvalidInput) as told:
            way(tmp_path / "endless.yaml")
        assert told.value.problems[0].code == "not_a_file"


def test_what_the_shell_pipes_in_is_read():
    """`--data <(…)`, `--data /dev/stdin`: somebody writes to it, perhaps later."""
    out, into = os.pipe()

    def write() -> None:
        os.write(into, "달성".encode())
        os.close(into)

    late = threading.Timer(0.2, write)
    late.start()
    try:
        with opened_text(f"/dev/fd/{out}") as file:
            assert file.read() == "달성"
    finally:
        late.join()
        os.close(out)


def test_a_pipe_that_somebody_reads_is_written_to(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reads = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_output(tmp_path / "pipe", "달성")
        assert os.read(reads, 100).decode() == "달성"
    finally:
        os.close(reads)


def test_no_descriptor_is_left_open(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    before = len(os.listdir("/proc/self/fd"))
    for name in ("pipe", "."):
        with pytest.raises((evalflow.InvalidInput, OSError)):
            opened(tmp_path / name)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_batch_file_that_is_one_endless_line_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "batch.jsonl"
    path.touch()
    os.truncate(path, 5 << 30)
    with pytest.raises(evalflow.InvalidInput) as told:
        evalflow.load_batch(path)
    assert told.value.problems[0].code == "line_too_long"


@pytest.mark.parametrize("text", ["[" * 200_000, '{"a":' * 100_000])
def test_a_batch_file_nested_without_end_is_none(tmp_path, text):
    path = tmp_path / "batch.jsonl"
    path.write_text(text)
    with pytest.raises(evalflow.InvalidInput) as told:
        evalflow.load_batch(path)
    assert told.value.problems[0].code == "no_batch"
    path.write_text(f"{text[:5]}\n{text}\n")
    with pytest.raises(evalflow.InvalidInput):
        evalflow.load_batch(path)
