"""The fast lane stays fast, and means something (`support/lanes.py`)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import lanes

ROOT = Path(__file__).parents[2]
PLACES = sorted(
    each
    for each in [*(ROOT / "tests").iterdir(), *ROOT.glob("plugins/*/tests")]
    if each.is_dir() and any(each.glob("test_*.py"))
)


def names_in(path: Path) -> set[str]:
    """Give the names of the functions, with their classes, that a file tests by."""
    return {
        "::".join(names)
        for names, node in functions(ast.parse(path.read_text("utf-8")))
        if node.name.startswith("test_")
    }


def functions(
    tree: ast.Module | ast.ClassDef, outer: tuple[str, ...] = ()
) -> list[tuple[tuple[str, ...], ast.FunctionDef]]:
    found = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            found.append(((*outer, node.name), node))
        elif isinstance(node, ast.ClassDef):
            found += functions(node, (*outer, node.name))
    return found


def is_marked_slow(node: ast.FunctionDef) -> bool:
    return any("mark.slow" in ast.unparse(each) for each in node.decorator_list)


@pytest.mark.parametrize("folder", PLACES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_package_and_plugin_has_tests_in_the_fast_lane(folder: Path) -> None:
    left_out = lanes.not_fast()
    fast = [
        name
        for path in folder.glob("test_*.py")
        if "pytestmark = pytest.mark.slow" not in path.read_text("utf-8")
        for names, node in functions(ast.parse(path.read_text("utf-8")))
        if node.name.startswith("test_") and not is_marked_slow(node)
        if (name := "::".join([path.relative_to(ROOT).as_posix(), *names])) not in left_out
    ]
    assert len(fast) >= 2


def test_what_is_left_out_is_there() -> None:
    """A test that was renamed is no longer left out, and nobody would see why the lane grew."""
    gone = []
    for name in sorted(lanes.not_fast()):
        place, _, test = name.partition("::")
        path = ROOT / place
        if path.parts[len(ROOT.parts)] == "plugins" and not (ROOT / "plugins").is_dir():
            continue  # an sdist is without plugins/
        inherited = "::" in test  # a test of a kit's class
        if not path.is_file() or not (inherited or test in names_in(path)):
            gone.append(name)
    assert gone == []
