"""The fast lane stays fast, and means something (`support/lanes.py`)."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

import lanes

ROOT = Path(__file__).parents[2]
PLACES = sorted(
    each
    for each in [*(ROOT / "tests").iterdir(), *ROOT.glob("plugins/*/tests")]
    if each.is_dir() and any(each.glob("test_*.py"))
)


@cache
def names_in(path: Path) -> frozenset[str]:
    """Give the names, with their classes, of a file's tests that are not marked slow."""
    text = path.read_text("utf-8")
    if "pytestmark = pytest.mark.slow" in text:
        return frozenset()
    return frozenset(
        "::".join(names)
        for names, node in functions(ast.parse(text))
        if node.name.startswith("test_") and not is_marked_slow(node)
    )


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
    return any(ast.unparse(each) == "pytest.mark.slow" for each in node.decorator_list)


@pytest.mark.parametrize("folder", PLACES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_package_and_plugin_has_tests_in_the_fast_lane(folder: Path) -> None:
    named = {
        f"{path.relative_to(ROOT).as_posix()}::{name}"
        for path in folder.glob("test_*.py")
        for name in names_in(path)
    }
    fast = named - lanes.not_fast()
    assert len(fast) >= min(2, max(1, len(named)))


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
