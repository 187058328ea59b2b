"""Run a benchmark as two commits have it, in turn, and say the ratios: each commit runs its own
script in an environment of its own. For commits between which modules moved, so that neither can
run the other's script (`_compare.py` runs today's script on both).

    python benchmarks/_own_scripts.py OLD NEW SCRIPT [ARGUMENT ...] [--times 5]

Of each figure in the lines that the script prints are told the median of OLD's runs, the median of
NEW's, their ratio, and how far OLD's own runs lay apart, as ratios of their median.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import tempfile
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
FIGURE = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")
PEERS = ("python-statemachine", "sqlalchemy", "orjson", "psycopg[binary]")


def main(old: str, new: str, script: str, arguments: list[str], times: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        trees = {commit: Path(folder) / commit for commit in (old, new)}
        try:
            for commit, tree in trees.items():
                _git("worktree", "add", "-q", "--detach", str(tree), commit)
                _installed(tree)
            printed: dict[str, list[list[str]]] = {old: [], new: []}
            for turn in range(times):
                for commit in reversed(trees) if turn % 2 else trees:
                    printed[commit].append(_printed(trees[commit], script, arguments))
            print(f"{script}: {times} runs each, in turn; load {os.getloadavg()[0]:.1f}")
            for lines in zip(
                *(zip(*printed[commit], strict=False) for commit in trees), strict=False
            ):
                _tell(*lines)
        finally:
            for tree in trees.values():
                if tree.exists():
                    _git("worktree", "remove", "--force", str(tree))


def _git(*words: str) -> None:
    subprocess.run(["git", "-C", str(HERE.parent), *words], check=True)


def _installed(tree: Path) -> None:
    """Make the tree's own environment: its evalflow, its plugin for PostgreSQL, and the peers."""
    venv.create(tree / ".own", with_pip=True)
    ours = ["-e", str(tree), "-e", str(tree / "plugins" / "evalflow-postgres")]
    pip = [str(tree / ".own" / "bin" / "pip"), "install", "-q"]
    subprocess.run([*pip, *ours, *PEERS], check=True)


def _printed(tree: Path, script: str, arguments: list[str]) -> list[str]:
    """Return the lines that the tree's own script prints."""
    python = tree / ".own" / "bin" / "python"
    asked = [str(python), f"benchmarks/{script}.py", *arguments]
    ran = subprocess.run(asked, cwd=tree, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise SystemExit(f"{tree.name} cannot run {script}: {ran.stderr.strip()[-300:]}")
    return ran.stdout.splitlines()


def _tell(old: tuple[str, ...], new: tuple[str, ...]) -> None:
    """Print one line of the script: its words, and what its figures were on both."""
    told = []
    for then, now in zip(_columns(old), _columns(new), strict=False):
        before, after = statistics.median(then), statistics.median(now)
        if before and before != after:
            spread = f"{min(then) / before:.2f}-{max(then) / before:.2f}"
            told.append(f"{before:g} -> {after:g} ({after / before:.2f} x; {spread})")
    if told:
        print(f"  {FIGURE.sub('#', new[0]).strip():<60.60} {'; '.join(told)}")


def _columns(lines: tuple[str, ...]) -> list[list[float]]:
    """Return the figures of one line by their place, over all runs."""
    figures = [[float(each.replace(",", "")) for each in FIGURE.findall(line)] for line in lines]
    return [list(column) for column in zip(*figures, strict=False)]


if __name__ == "__main__":
    about = (__doc__ or "").splitlines()[0]
    reader = argparse.ArgumentParser(description=about, allow_abbrev=False)
    for name in ("old", "new", "script"):
        reader.add_argument(name)
    reader.add_argument("--times", type=int, default=5)
    said, rest = reader.parse_known_args()
    main(said.old, said.new, said.script, rest, said.times)
