"""Kits that prove a plugin keeps its contract, and what tests need besides.

    from evalflow.testing import StorageConformance

Nothing is imported before it is used, so that naming this package costs nothing and needs
neither pytest nor Hypothesis.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evalflow.testing.guard import GuardConformance
    from evalflow.testing.lifecycle import LifecycleConformance, lifecycle_machine
    from evalflow.testing.notifier import NotifierConformance
    from evalflow.testing.scenarios import scenario_tests
    from evalflow.testing.scorer import ScorerConformance
    from evalflow.testing.storage import StorageConformance

__all__ = [
    "GuardConformance",
    "LifecycleConformance",
    "NotifierConformance",
    "ScorerConformance",
    "StorageConformance",
    "lifecycle_machine",
    "scenario_tests",
]

_HOMES = {
    "GuardConformance": "evalflow.testing.guard",
    "LifecycleConformance": "evalflow.testing.lifecycle",
    "NotifierConformance": "evalflow.testing.notifier",
    "ScorerConformance": "evalflow.testing.scorer",
    "StorageConformance": "evalflow.testing.storage",
    "lifecycle_machine": "evalflow.testing.lifecycle",
    "scenario_tests": "evalflow.testing.scenarios",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'evalflow.testing' has no attribute '{name}'")
    if "pytest" in sys.modules and home not in sys.modules:
        # A kit's plain `assert` then says what it compared.
        sys.modules["pytest"].register_assert_rewrite(home)
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
