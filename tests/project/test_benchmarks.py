"""The benchmarks keep figures that two commits can be compared by (`make bench-compare`)."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"


@pytest.fixture(scope="module")
def compare() -> ModuleType:
    spec = importlib.util.spec_from_file_location("compare", BENCHMARKS / "_compare.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("script", sorted(BENCHMARKS.glob("[!_]*.py")), ids=lambda each: each.stem)
def test_every_benchmark_keeps_its_figures(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert ("asking(__doc__)" in text and "keep(" in text) or "import Benchmark" in text


@pytest.mark.slow
def test_a_benchmark_is_compared_with_itself(
    compare: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compare._alternate(BENCHMARKS / "step.py", ["20"], "then", ROOT, tmp_path, 1)
    printed = capsys.readouterr().out.splitlines()
    assert printed[1].split() == ["then", "here", "ratio"]
    assert [line.split(",")[0] for line in printed[2:]] == ["looked up", "remembered", "anew"]


@pytest.mark.slow
def test_a_commit_that_cannot_run_a_benchmark_is_told_in_one_sentence(
    compare: ModuleType, tmp_path: Path
) -> None:
    old = tmp_path / "src" / "evalflow"
    old.mkdir(parents=True)
    (old / "__init__.py").touch()
    with pytest.raises(SystemExit) as told:
        compare._alternate(BENCHMARKS / "step.py", ["20"], "5aaa6ac", tmp_path, tmp_path, 1)
    assert str(told.value) == (
        "5aaa6ac cannot run step: ModuleNotFoundError: No module named 'evalflow.lifecycle'"
    )


def test_of_a_child_that_failed_its_own_error_is_told(compare: ModuleType) -> None:
    said = (
        "Traceback (most recent call last):\n  File ...\nTypeError: one\n"
        "Traceback (most recent call last):\n  File ...\n"
        "subprocess.CalledProcessError: Command 'x' returned non-zero exit status 1.\n"
    )
    assert compare._last_line(said) == "TypeError: one"
