"""Which tests are of the fast lane (`make fast`: under a minute on two cores), and how they run.

A test is left out of it by the mark `slow` beside it, where it is long by its nature, or because
its name stands in `tests/not_fast.txt`: what took over a twentieth of a second of the processor's
time, a case, when that was measured. `make lanes` measures anew and writes that list, on a quiet
machine; every package and plugin keeps tests in the fast lane (tests/project/test_lanes.py).
`make test` runs all.

In the fast lane itself (`EVALFLOW_LANE=fast`) a property is tried on a few examples, workbooks are
read in the process of the test instead of in a child of their own, what the same text gives is made
once (`remember`), and files lie in memory where there is room for them.
"""

from __future__ import annotations

import gc
import importlib
import io
import json
import os
import shutil
import sys
import warnings
from collections import defaultdict
from collections.abc import Generator, Iterable
from functools import cache, lru_cache
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

IN_MEMORY = Path("/dev/shm")
"""Where pytest makes its folders, if there is room."""

ROOM = 2_000_000_000
"""Bytes that must be free there."""

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


def pytest_configure(config: pytest.Config) -> None:
    """Set up the fast lane."""
    if not FAST:
        return
    remember()
    if os.access(IN_MEMORY, os.W_OK) and shutil.disk_usage(IN_MEMORY).free > ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(IN_MEMORY))


def pytest_collection_finish() -> None:
    """Let the collector of garbage leave alone what was made until now, and come seldom."""
    if FAST:
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000)


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


def remember() -> None:
    """Make once what the same text gives: a lifecycle that comes with evalflow, one out of a store,
    and the list of installed plugins. Reading these was a third of what the lane took; nothing can
    be changed in what is read, and `make test` reads it each time."""
    names = ("audit.ground", "engine.rules", "lifecycle.definition", "lifecycle.load",
             "lifecycle.sources", "lifecycle.stored", "plugins.finding")  # fmt: skip
    modules: list[Any] = [importlib.import_module(f"evalflow.{each}") for each in names]
    ground, rules, definition, load, sources, stored, finding = modules
    read, rebuild, found = load.load_lifecycle, stored.stored_lifecycle, finding.entry_points
    shipped: dict[Any, list[tuple[Any, Any]]] = defaultdict(list)

    def load_lifecycle(source: Any, *, vocabulary: Any) -> Any:
        if not isinstance(source, str) or sources.is_file(source):
            return read(source, vocabulary=vocabulary)
        made = shipped[source, definition.digest]  # a test may put another in its place
        for known, lifecycle in made:
            if known == vocabulary:
                return lifecycle
        made.append((vocabulary, read(source, vocabulary=vocabulary)))
        return made[-1][1]

    @lru_cache(maxsize=200)
    def by_text(source: str, fingerprint: str, _: Any) -> Any:
        return rebuild(source, fingerprint)

    def stored_lifecycle(source: Any, fingerprint: str = "") -> Any:
        if not isinstance(source, str):
            return rebuild(source, fingerprint)
        return by_text(source, fingerprint, definition.digest)

    @cache
    def listed(group: str, *_: Any) -> Any:
        return found(group)

    def entry_points(group: str) -> Any:
        changed = [os.stat(each).st_mtime_ns for each in sys.path if os.path.isdir(each)]
        return listed(group, tuple(sys.path), tuple(sys.meta_path), *changed)

    sources._read_preset = cache(sources._read_preset)
    load.load_lifecycle = load_lifecycle
    stored.stored_lifecycle = rules.stored_lifecycle = ground.stored_lifecycle = stored_lifecycle
    finding.entry_points = entry_points


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
