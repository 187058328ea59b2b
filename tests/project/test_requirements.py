"""The requirements page is complete, and what it names is there and passes."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from evalflow.testing import load_scenario, run_scenario

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "requirements.md"
NUMBERS = [
    f"{kind}{n}" for kind, last in (("R", 58), ("G", 8), ("D", 10)) for n in range(1, last + 1)
]
STATES = re.compile(r"holds|(partly|not yet): \S.*")


@dataclass(frozen=True)
class Row:
    number: str
    asked: str
    shown_by: tuple[str, ...]
    state: str


def rows(page: str) -> list[Row]:
    """Read the table's rows; a line that begins like one and is none stays and is complained of."""
    found = []
    for line in page.splitlines():
        if re.match(r"\|\s*[RGD]\d", line):
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            number, asked, shown, state = (*cells, "", "", "")[:4]
            found.append(Row(number, asked, tuple(re.findall(r"`([^`]+)`", shown)), state))
    return found


def complaints(found: list[Row]) -> list[str]:
    """Say what is wrong with the rows by themselves."""
    wrong = (
        []
        if [row.number for row in found] == NUMBERS
        else ["numbers missing, twice or out of turn"]
    )
    for row in found:
        if not row.asked:
            wrong.append(f"{row.number}: nothing asked")
        if not STATES.fullmatch(row.state):
            wrong.append(f"{row.number}: no state: {row.state!r}")
        if not row.shown_by and not row.state.startswith("not yet"):
            wrong.append(f"{row.number}: nothing shows it")
    return wrong


def missing(name: str) -> str | None:
    """Say what is not there: the scenario's file, the test's file, or the test in it."""
    path, _, test = name.partition("::")
    if not (ROOT / path).is_file():
        return f"no file {path}"
    if path.endswith(".scenario.yaml"):
        return None
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    tests = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    tests |= {
        t.id
        for n in tree.body
        if isinstance(n, ast.Assign)
        for t in n.targets
        if isinstance(t, ast.Name)
    }
    return None if test.startswith("test_") and test in tests else f"no test {name}"


ROWS = rows(PAGE.read_text(encoding="utf-8"))
NAMED = sorted({name for row in ROWS for name in row.shown_by})
SCENARIOS = [name for name in NAMED if name.endswith(".scenario.yaml")]


def test_every_number_has_its_row_with_what_shows_it_and_its_state():
    assert complaints(ROWS) == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda page: page.replace("| R40 |", "| R41 |", 1),
        lambda page: re.sub(r"^\| G3 .*\n", "", page, flags=re.MULTILINE),
        lambda page: re.sub(r"^(\| D7 .*)\| holds \|$", r"\1| well |", page, flags=re.MULTILINE),
        lambda page: re.sub(r"^(\| D7 .*)\| holds \|$", r"\1| partly: |", page, flags=re.MULTILINE),
        lambda page: re.sub(r"^(\| R28 \|[^|]*\|)[^|]*", r"\1 - ", page, flags=re.MULTILINE),
    ],
)
def test_a_page_that_says_less_is_found(spoil):
    page = PAGE.read_text(encoding="utf-8")
    assert complaints(rows(spoil(page)))


def test_every_scenario_and_test_that_is_named_is_there():
    here = [
        name for name in NAMED if (ROOT / "plugins").is_dir() or not name.startswith("plugins/")
    ]
    assert [why for name in here if (why := missing(name))] == []


def test_a_name_of_nothing_is_found():
    for name in (
        "examples/x.scenario.yaml",
        "tests/x.py::test_x",
        f"{Path(__file__).relative_to(ROOT)}::x",
    ):
        assert missing(name)


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_that_is_named_plays(name):
    failures = run_scenario(load_scenario(ROOT / name, plugins=[]), plugins=[])
    assert not failures, "\n".join(failure.text("en") for failure in failures)
