"""The line that says what a machine lacks, in runs of pytest as `make test` has them."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from not_tested import REASON, found, line

HERE = Path(__file__).parents[1]  # the folder of all tests
TESTS = """\
import pytest

needs_dot = pytest.mark.skipif(
    True, reason="not on this machine: Graphviz (apt-get install graphviz)"
)

@pytest.fixture(scope="session")
def server():
    pytest.skip("not on this machine: PostgreSQL (apt-get install postgresql): no (good) initdb")

@needs_dot
@pytest.mark.serial
def test_alone(): pass

@needs_dot
@pytest.mark.parametrize("n", range(3))
def test_drawn(n): pass

@pytest.mark.parametrize("n", range(2))
def test_kept(server, n): pass

def test_memory(): pytest.skip("the memory storage lives in one engine")

def test_good(): pass
"""
LINE = (
    "not tested on this machine, for want of Graphviz: {} tests (apt-get install graphviz); "
    "PostgreSQL: 2 tests (apt-get install postgresql)"
)


def run(folder: Path, *words: str) -> list[str]:
    (folder / "test_some.py").write_text(TESTS, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = serial\n", encoding="utf-8")
    (folder / "conftest.py").write_text(
        "from not_tested import pytest_addoption, pytest_terminal_summary\n", encoding="utf-8"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-ra", "-p", "no:cacheprovider", *words, "."],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(HERE / "support")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("spread", [(), ("-n", "2")], ids=["alone", "workers"])
def test_the_line_stands_once_before_the_closing_one(tmp_path: Path, spread: tuple[str]) -> None:
    *_, told, closing = run(tmp_path, *spread)

    assert told == LINE.format(4)
    assert re.fullmatch(r"=+ 1 passed, 7 skipped in [\d.]+s =+", closing)


@pytest.mark.slow
def test_two_runs_say_it_once_and_together(tmp_path: Path) -> None:
    into = tmp_path / "build" / "lacking.json"
    first = run(tmp_path, "-m", "serial", f"--lacking-into={into}")
    *_, told, closing = run(tmp_path, "-m", "not serial", "-n", "2", f"--lacking-from={into}")

    assert not any("for want of" in each for each in first)
    assert told == LINE.format(4)
    assert "1 passed, 6 skipped" in closing


@pytest.mark.slow
def test_where_nothing_is_lacking_nothing_is_said(tmp_path: Path) -> None:
    told = run(tmp_path, "-k", "good or memory", f"--lacking-from={tmp_path / 'none.json'}")

    assert not any("for want of" in each for each in told)
    assert "1 passed, 1 skipped" in told[-1]


def test_one_test_is_told_as_one() -> None:
    told = line(found(["Skipped: not on this machine: Chromium (apt-get install chromium)"]))

    assert told.endswith("for want of Chromium: 1 test (apt-get install chromium)")


def reasons(file: Path) -> Iterator[str]:
    """Yield the reasons that a file of tests gives for skipping; `…` for what it fills in."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr not in {"skip", "skipif", "importorskip"}:
            continue
        said = [word.value for word in node.keywords if word.arg == "reason"]
        for value in said or (node.args[:1] if node.func.attr == "skip" else ()):
            parts = value.values if isinstance(value, ast.JoinedStr) else [value]
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "…" for part in parts
            )


def test_reasons_that_a_machine_could_change_are_said_in_the_words_of_the_line() -> None:
    """In the core's tests and in those of the plugins, where these lie beside it."""
    root = HERE.parent
    files = [*HERE.rglob("*.py"), *root.glob("plugins/*/tests/**/*.py")]
    told = [(file.name, reason) for file in files for reason in reasons(file)]
    machines = re.compile(r"install|Debian|apt|machine|root only|has no |cannot be changed")

    assert sum(1 for _, reason in told if REASON.fullmatch(reason)) > 5
    assert [
        (name, reason)
        for name, reason in told
        if machines.search(reason) and not REASON.fullmatch(reason)
    ] == []
