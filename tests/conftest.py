"""Fixtures of all tests; what they make stands in tests/support."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

import evalflow
from not_tested import pytest_addoption, pytest_terminal_summary
from offices import PLAN, Clock, Office

__all__ = ["pytest_addoption", "pytest_terminal_summary"]

# Two busy cores are no reason to fail: a property is judged by what it finds, not by its speed.
hypothesis.settings.register_profile(
    "evalflow", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("evalflow")


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


@pytest.fixture
def office(store_url: str, plan_file: Path, clock: Clock) -> Iterator[Office]:
    """The small office with its plan adopted, on every built-in storage."""
    with evalflow.open(store_url, plugins=[], clock=clock) as engine:
        plan = evalflow.load_plan(plan_file)
        engine.adopt(plan, by=plan.actor("policy-1"))
        yield Office(engine, plan, clock)
