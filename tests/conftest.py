"""Fixtures of all tests; what they make stands in tests/support."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import attrs
import hypothesis
import pytest

import evalflow
import lanes
from lanes import EXAMPLES, FAST, read_here
from not_tested import pytest_addoption, pytest_terminal_summary
from offices import PLAN, Clock, Office

__all__ = ["pytest_addoption", "pytest_terminal_summary"]


def pytest_configure(config: pytest.Config) -> None:
    """Let the lanes hold for the plugins' tests, too, which a hook of this file does not see."""
    config.pluginmanager.register(lanes, "evalflow-lanes")


# Two busy cores are no reason to fail: a property is judged by what it finds, not by its speed.
hypothesis.settings.register_profile(
    "evalflow",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    max_examples=EXAMPLES if FAST else 100,
)
hypothesis.settings.load_profile("evalflow")


if FAST:

    @pytest.fixture(autouse=True)
    def workbooks_are_read_here(
        request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if request.node.get_closest_marker("slow") is None:
            monkeypatch.setattr("evalflow.files.grid._lines_of_child", read_here)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def plan_file(tmp_path: Path) -> Path:
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN, encoding="utf-8")
    return path


@pytest.fixture(params=["memory", "sqlite"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return "memory:" if request.param == "memory" else f"sqlite:///{tmp_path / 'office.db'}"


@pytest.fixture(scope="session")
def plan_in_force(tmp_path_factory: pytest.TempPathFactory) -> tuple[evalflow.Plan, Path]:
    """The small office's plan, and an SQLite store that was just made of it: read and made once,
    for reading plans and making stores was a third of what all tests took."""
    folder = tmp_path_factory.mktemp("plan_in_force")
    (folder / "plan.yaml").write_text(PLAN, encoding="utf-8")
    plan = evalflow.load_plan(folder / "plan.yaml")
    store = folder / "office.db"
    with evalflow.open(f"sqlite:///{store}", plugins=[], clock=Clock()) as engine:
        engine.adopt(plan, by=plan.actor("policy-1"))
    return plan, store


@pytest.fixture
def office(
    store_url: str,
    plan_file: Path,
    clock: Clock,
    plan_in_force: tuple[evalflow.Plan, Path],
) -> Iterator[Office]:
    """The small office with its plan adopted, on every built-in storage."""
    made, store = plan_in_force
    plan = attrs.evolve(made, file=str(plan_file))
    if store_url != "memory:":
        shutil.copyfile(store, store_url.removeprefix("sqlite:///"))
    with evalflow.open(store_url, plugins=[], clock=clock) as engine:
        if store_url == "memory:":
            engine.adopt(plan, by=plan.actor("policy-1"))
        yield Office(engine, plan, clock)


@pytest.fixture(scope="session")
def strace() -> None:
    """See to it that system calls can be watched here."""
    missing = "not on this machine: strace (apt-get install strace)"
    if shutil.which("strace") is None:
        pytest.skip(missing)
    tried = subprocess.run(
        ["strace", "-qq", "-o", os.devnull, sys.executable, "-c", ""],
        capture_output=True,
        text=True,
        check=False,
    )
    if tried.returncode:
        pytest.skip(f"{missing}: {tried.stderr.strip()[:200]}")
