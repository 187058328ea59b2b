"""Run one of these benchmarks on two commits, in turn on the same machine, and say the ratios.

The script is the one that stands here; only evalflow's own source is another, out of a worktree of
BASE that is made for the run and taken away again.

    make bench-compare BASE=<revision> [BENCH=fire] [ARGS="60 11 --place /dev/shm"]
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROUNDS = 3  # for a benchmark that measures but one commit in a run


def main(base: str, bench: str, arguments: list[str]) -> None:
    script = HERE / f"{bench}.py"
    if not script.is_file():
        known = ", ".join(sorted(each.stem for each in HERE.glob("[!_]*.py")))
        raise SystemExit(f"no benchmark {bench!r}; there are: {known}")
    if not _keeps_figures(script):
        able = ", ".join(sorted(x.stem for x in HERE.glob("[!_]*.py") if _keeps_figures(x)))
        raise SystemExit(f"{bench} keeps no figures to compare (--json); these do: {able}")
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
                _alternate(script, arguments, commit, source, Path(folder))
        finally:
            subprocess.run([*git, "worktree", "remove", "--force", str(source)], check=True)


def _keeps_figures(script: Path) -> bool:
    """Say whether the script takes `--json FILE`."""
    return _takes_turns(script) or "--json" in script.read_text(encoding="utf-8")


def _takes_turns(script: Path) -> bool:
    """Say whether the script measures both in one run (`_measure.run`)."""
    return "from _measure import Benchmark" in script.read_text(encoding="utf-8")


def _alternate(script: Path, arguments: list[str], commit: str, source: Path, folder: Path) -> None:
    """Run the whole script on one commit and on the other, some times, and compare medians."""
    old = [str(source / "src"), *sorted(str(each) for each in source.glob("plugins/*/src"))]
    paths = {commit: os.pathsep.join(old), "here": ""}
    found: dict[str, dict[str, list[float]]] = {name: {} for name in paths}
    for number in range(ROUNDS):
        for name in list(paths) if number % 2 else reversed(paths):
            kept = folder / "figures.json"
            environment = {**os.environ, "PYTHONPATH": paths[name]}
            asked = [sys.executable, str(script), *arguments, "--json", str(kept)]
            subprocess.run(asked, check=True, env=environment, stdout=subprocess.DEVNULL)
            figures: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
            for figure, value in figures["figures"].items():
                found[name].setdefault(figure, []).append(value)
    print(f"medians of {ROUNDS} runs each, in turn; load {os.getloadavg()[0]:.1f}")
    print(f"{'':<44}{commit:>12}{'here':>12}{'ratio':>8}")
    for figure, values in found["here"].items():
        here = statistics.median(values)
        if figure not in found[commit]:
            print(f"{figure:<44}{'-':>12}{here:12.2f}")
            continue
        then = statistics.median(found[commit][figure])
        print(f"{figure:<44}{then:12.2f}{here:12.2f}{here / then if then else 0:8.2f}")


if __name__ == "__main__":
    if len(sys.argv) < 2 or not sys.argv[1]:
        raise SystemExit("say with what to compare: make bench-compare BASE=<revision>")
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "fire", sys.argv[3:])
