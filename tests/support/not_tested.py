"""One line at the end of a run: what the machine lacks, how many tests that left out, and how to
get it.

A test that needs what a machine may lack is skipped with a reason in these words, and says in
brackets how to get it (what follows a colon is for whoever looks closer):

    not on this machine: Graphviz (apt-get install graphviz)
    not on this machine: PostgreSQL (apt-get install postgresql): no initdb in /usr/lib/postgresql

Other reasons (a storage that has no file to be edited) lie in the nature of the thing, and no
machine changes them: they are not in the line.

`make test` runs pytest twice. The first run notes what it left out (`--lacking-into FILE`), the
second says it together with its own (`--lacking-from FILE`). The line comes just before pytest's
closing one, which stays the last.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

import pytest

from coverage_by_package import table

REASON = re.compile(r"not on this machine: (?P<what>[^(]+) \((?P<how>[^)]+)\)(?:: .+)?", re.DOTALL)

Lacking = Counter[tuple[str, str]]
"""How many tests each (what, how to get it) left out."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("evalflow")
    group.addoption("--lacking-into", metavar="FILE", help="note there what the machine lacks")
    group.addoption("--lacking-from", metavar="FILE", help="what an earlier run noted is told, too")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(
    terminalreporter: Any, config: pytest.Config
) -> Generator[None, None, None]:
    yield
    measuring = config.pluginmanager.getplugin("_cov")
    if measuring is not None and getattr(measuring, "cov_controller", None) is not None:
        for each in table(measuring.cov_controller.cov):
            terminalreporter.write_line(each)
    lacking = found(
        report.longrepr[2]
        for report in terminalreporter.stats.get("skipped", ())
        if isinstance(report.longrepr, tuple)
    )
    if into := config.getoption("--lacking-into"):
        note(lacking, Path(into))
        return
    if from_ := config.getoption("--lacking-from"):
        lacking += noted(Path(from_))
    if lacking:
        terminalreporter.write_line(line(lacking), yellow=True)


def found(reasons: Iterable[str]) -> Lacking:
    """Return what is lacking by the reasons for which tests were skipped."""
    lacking: Lacking = Counter()
    for reason in reasons:
        if matched := REASON.fullmatch(reason.removeprefix("Skipped: ").strip()):
            lacking[matched["what"], matched["how"]] += 1
    return lacking


def line(lacking: Lacking) -> str:
    """Return the line, what left out the most tests first."""
    parts = [
        f"{what}: {count} test{'s' if count > 1 else ''} ({how})"
        for (what, how), count in lacking.most_common()
    ]
    return "not tested on this machine, for want of " + "; ".join(parts)


def note(lacking: Lacking, file: Path) -> None:
    """Write it down for a later run."""
    file.parent.mkdir(parents=True, exist_ok=True)
    noted = [[what, how, count] for (what, how), count in lacking.items()]
    file.write_text(json.dumps(noted), encoding="utf-8")


def noted(file: Path) -> Lacking:
    """Return what an earlier run wrote down; nothing where none did."""
    if not file.exists():
        return Counter()
    told = json.loads(file.read_text(encoding="utf-8"))
    return Counter({(what, how): count for what, how, count in told})
