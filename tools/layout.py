"""Print how the source is laid out: modules, packages, depth, lines, long files, public names.

    make layout

Depth is the longest chain of packages each of which imports the next (`.importlinter` keeps it free
of cycles). A file above 500 lines wants a reason: see LONG.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from functools import cache
from pathlib import Path

from evalflow._public import homes

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "evalflow"
LIMIT = 500
MOST_LOOSE, MOST_PACKAGES, MOST_DEPTH = 2, 14, 12
"""What the plan of the packages allows (docs/decisions/source-packages.md)."""

LONG = {
    "testing/simulation.py": "one year played: the walk and its counts share everything",
    "files/workbooks.py": "run as one script in a child that may import nothing of ours",
    "files/table.py": "a table's rows, one kind of value after the other",
    "files/reader.py": "one reader of values, a method for each kind",
    "files/yaml.py": "one builder over PyYAML's events",
    "lifecycle/check/checks.py": "one check after the other, each short",
    "lifecycle/fields.py": "one type of field after the other",
    "plan/tables.py": "one column after the other",
    "decision/decide.py": "the gate, from its checks to the move: read as one",
    "decision/guards.py": "one guard after the other, and the table of them",
    "cli/batches.py": "one command after the other",
    "model/calendar.py": "periods, days and deadlines, which ask each other",
    "audit/histories.py": "one project's history, played from its first entry to its last",
    "cli/plans.py": "one command after the other",
    "decision/actions.py": "one action after the other, and the table of them",
    "decision/adoption.py": "a plan's revision: who may, what it changes, what it writes",
    "engine/outbox.py": "claiming, telling, delivering: one notice's way",
    "lifecycle/builder.py": "one reader of a lifecycle, a method for each part",
    "plugins/installed.py": "what one engine has installed, and how it is asked",
    "storage/contract.py": "what a storage promises, with its words",
    "storage/memory.py": "one storage, whole",
    "storage/sql.py": "what storages on SQL share",
    "audit/bundle.py": "one format, written and verified",
    "engine/view.py": "what one reader may see, a call for each of the engine's",
    "batch/book_columns.py": "the columns of workbooks to fill in, one after the other",
    "batch/book_pages.py": "the sheets of workbooks to fill in, one after the other",
    "batch/book_reading.py": "the same sheets read, each problem with its cell",
    "cli/sheets.py": "the command `sheet`: make and read",
    "model/directory.py": "who holds what, for whom, and what keeps duties apart: one question",
    "engine/rules.py": "what is in force, and all that one decision gathers by it",
    "files/figures.py": "one reader of figures, and why it refuses what it refuses",
}
"""Why a file may be longer than the limit."""


def package_of(module: str) -> str:
    """Return the package directly under `evalflow` that a dotted module stands in."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "evalflow"


def imports(path: Path) -> set[str]:
    """Return the modules of evalflow that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in found if name.split(".")[0] == "evalflow"}


def main() -> int:
    """Print the layout; 1 where there is more than may be, or a long file has no reason."""
    packages = sorted(each.parent.name for each in SOURCE.glob("*/__init__.py"))
    nested = sorted(
        each.parent.relative_to(SOURCE).as_posix() for each in SOURCE.glob("*/*/**/__init__.py")
    )
    loose = sorted(each.name for each in SOURCE.glob("*.py") if each.name != "__init__.py")
    edges: dict[str, set[str]] = {each: set() for each in packages}
    by_package: Counter[str] = Counter()
    total = 0
    long = []
    for path in sorted(SOURCE.rglob("*.py")):
        place = path.relative_to(SOURCE).as_posix()
        lines = len(path.read_text("utf-8").splitlines())
        total += lines
        if lines > LIMIT:
            long.append((lines, place))
        here = place.split("/", maxsplit=1)[0]
        by_package[here if here in edges else "-"] += lines
        if here in edges:
            edges[here] |= {package_of(each) for each in imports(path)} & edges.keys() - {here}

    @cache
    def depth(package: str) -> int:
        return 1 + max((depth(each) for each in edges[package]), default=0)

    deepest = max(depth(each) for each in packages)
    print(f"loose modules:   {len(loose)}  {', '.join(loose)}")
    print(f"packages:        {len(packages) + len(nested)}  {', '.join([*packages, *nested])}")
    print(f"depth:           {deepest}")
    print(f"lines:           {total:,}")
    for package, lines in by_package.most_common():
        print(f"  {lines:>6,}  {package}")
    for package in (
        "evalflow",
        "evalflow.plugins",
        "evalflow.storage",
        "evalflow.testing",
    ):
        print(f"names:           {len(homes(package)):>3}  {package}")
    print(f"files above {LIMIT} lines: {len(long)}")
    for lines, place in sorted(long, reverse=True):
        print(f"  {lines:>5}  {place}: {LONG.get(place, 'no reason given')}")
    within = (
        len(loose) <= MOST_LOOSE
        and len(packages) + len(nested) <= MOST_PACKAGES
        and deepest <= MOST_DEPTH
    )
    return int(not within or any(place not in LONG for _, place in long))


if __name__ == "__main__":
    sys.exit(main())
