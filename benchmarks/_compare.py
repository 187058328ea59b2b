"""Run one of these benchmarks on two commits, in turn on the same machine, and say the ratios.

The script is the one that stands here; only evalflow's own source is another, out of a worktree of
BASE that is made for the run and taken away again.

    make bench-compare BASE=<revision> [BENCH=fire] [ARGS="60 11 --place /dev/shm"] [TIMES=1]

Where BASE cannot run it, that is said in a sentence. `TIMES` is how often a benchmark runs on each
that measures but one commit in a run.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def main(base: str, bench: str, times: int, arguments: list[str]) -> None:
    script = HERE / f"{bench}.py"
    if not script.is_file():
        known = ", ".join(sorted(each.stem for each in HERE.glob("[!_]*.py")))
        raise SystemExit(f"no benchmark {bench!r}; there are: {known}")
    git = ["git", "-C", str(HERE.parent)]
    named = subprocess.run(
        [*git, "rev-parse", "--verify", "--short", f"{base}^{{commit}}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if named.returncode:
        raise SystemExit(f"BASE={base!r}: {named.stderr.strip()}")
    commit = named.stdout.strip()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        subprocess.run([*git, "worktree", "add", "-q", "--detach", str(source), commit], check=True)
        try:
            if _takes_turns(script):
                beside = ["--beside", f"{commit}={source}"]
                subprocess.run([sys.executable, str(script), *arguments, *beside], check=True)
            else:
                _alternate(script, arguments, commit, source, Path(folder), times)
        finally:
            subprocess.run([*git, "worktree", "remove", "--force", str(source)], check=True)


def _takes_turns(script: Path) -> bool:
    """Say whether the script measures both in one run (`_measure.run`)."""
    return "from _measure import Benchmark" in script.read_text(encoding="utf-8")


def _alternate(
    script: Path, arguments: list[str], commit: str, source: Path, folder: Path, times: int
) -> None:
    """Run the whole script on one commit and on the other, so many times, and compare medians."""
    old = [str(source / "src"), *sorted(str(each) for each in source.glob("plugins/*/src"))]
    paths = {commit: os.pathsep.join(old), "here": ""}
    found: dict[str, dict[str, list[float]]] = {name: {} for name in paths}
    for number in range(times):
        for name in reversed(paths) if number % 2 else list(paths):  # first the one that may fail
            for figure, value in _figures(script, arguments, name, paths[name], folder).items():
                found[name].setdefault(figure, []).append(value)
    print(f"medians of {times} runs each, in turn; load {os.getloadavg()[0]:.1f}")
    print(f"{'':<44}{commit:>12}{'here':>12}{'ratio':>8}")
    for figure, values in found["here"].items():
        here = statistics.median(values)
        if figure not in found[commit]:
            print(f"{figure:<44}{'-':>12}{here:12.2f}")
            continue
        then = statistics.median(found[commit][figure])
        print(f"{figure:<44}{then:12.2f}{here:12.2f}{here / then if then else 0:8.2f}")


def _figures(
    script: Path, arguments: list[str], name: str, path: str, folder: Path
) -> dict[str, float]:
    """Run the script once with the source of a commit, and return the figures that it kept; where
    it could not, say why in a sentence, and end."""
    kept = folder / "figures.json"
    kept.unlink(missing_ok=True)
    asked = [sys.executable, str(script), *arguments, "--json", str(kept)]
    environment = {**os.environ, "PYTHONPATH": path}
    ran = subprocess.run(asked, check=False, env=environment, capture_output=True, text=True)
    if ran.returncode:
        raise SystemExit(f"{name} cannot run {script.stem}: {_last_line(ran.stderr)}")
    told: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    if not told.get("figures"):
        raise SystemExit(f"{script.stem} kept no figures: {_last_line(ran.stdout)}")
    figures: dict[str, float] = told["figures"]
    return figures


def _last_line(text: str) -> str:
    """Return the last line that says what went wrong: no frame of a traceback, and not merely that
    a child failed, which has said why before."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith(" ")]
    beside = ("Traceback ", "subprocess.CalledProcessError")
    lines = [line for line in lines if not line.startswith(beside)] or lines
    return lines[-1].strip() if lines else "it said nothing"


if __name__ == "__main__":
    about = (__doc__ or "").splitlines()[0]
    reader = argparse.ArgumentParser(description=about, allow_abbrev=False)
    reader.add_argument("base")
    reader.add_argument("bench")
    reader.add_argument("--times", type=int, default=3)
    said, rest = reader.parse_known_args()
    if not said.base:
        raise SystemExit("say with what to compare: make bench-compare BASE=<revision>")
    main(said.base, said.bench, said.times, rest)
