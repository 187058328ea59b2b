"""Which tests are of the fast lane (`make fast`: under a minute on two cores), and how they run.

A test is left out of it by the mark `slow` beside it, where it is long by its nature, or because
its name stands in `tests/not_fast.txt`: what took over a twentieth of a second of the processor's
time, a case, when that was measured. `make lanes` measures anew and writes that list, on a quiet
machine; every package and plugin keeps tests in the fast lane (tests/project/test_lanes.py).
`make test` runs all.

In the fast lane itself (`EVALFLOW_LANE=fast`) a property is tried on a few examples, and workbooks
are read in the process of the test instead of in a child of their own.
"""

from __future__ import annotations

import io
import json
import os
import warnings
from collections import defaultdict
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
LIST = TESTS / "not_fast.txt"
LIMIT = 0.05
"""Seconds of the processor's time, its children's with it, that a case of a fast test may take."""

MEASURING = os.environ.get("EVALFLOW_LANE") == "measured"
FAST = MEASURING or os.environ.get("EVALFLOW_LANE") == "fast"
EXAMPLES = 10
"""On how many examples a property is tried in the fast lane."""

_spent: dict[str, list[float]] = defaultdict(list)


def name_of(item: pytest.Item) -> str:
    """Return what the list calls a test, whatever its case: `tests/x/test_y.py::test_z`."""
    place = item.path.relative_to(ROOT).as_posix() if item.path.is_relative_to(ROOT) else ""
    return "::".join([place, *item.nodeid.partition("[")[0].split("::")[1:]])


def not_fast() -> frozenset[str]:
    """Return the tests of the list."""
    lines = LIST.read_text("utf-8").splitlines() if LIST.exists() else []
    return frozenset(line for line in lines if line and not line.startswith("#"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what the list names, before marks are asked for."""
    if MEASURING:
        return
    listed = not_fast()
    for item in items:
        if name_of(item) in listed:
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Note what a test takes, where that is measured."""
    before = sum(os.times()[:4])
    answer = yield
    if MEASURING and item.get_closest_marker("slow") is None:
        _spent[name_of(item)].append(sum(os.times()[:4]) - before)
    return answer


def pytest_sessionfinish() -> None:
    """Write the list, where it was measured: names that were not run stay as they were."""
    if not MEASURING:
        return
    over = {name for name, spent in _spent.items() if sum(spent) / len(spent) > LIMIT}
    write_list((not_fast() - _spent.keys()) | over)


def write_list(names: Iterable[str]) -> None:
    """Write the list of what is not of the fast lane."""
    head = (
        f"# Over {LIMIT} s of processor time a case, measured by `make lanes`: see support/lanes.py"
    )
    LIST.write_text("\n".join([head, *sorted(names)]) + "\n", "utf-8")


def read_here(data: bytes, shown: str) -> Iterable[Any]:
    """Read a workbook as `grid` does by a child, in this process: the child's start is most of what
    a test of tables takes."""
    from evalflow.files import workbooks

    out = io.StringIO()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the child's go nowhere
            workbooks._tell(data, workbooks._Teller(out))
        end: dict[str, Any] = {"end": True}
    except workbooks._Stop as error:
        end = {"stop": error.args[0]}
    except Exception as error:
        end = {"stop": "broken", "why": f"{type(error).__name__}: {error}"[:300]}
    for line in out.getvalue().split("\n")[:-1]:
        yield json.loads(line)
    yield end
