"""Scenarios as tests: one for each file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from evalflow.testing import load_scenario, run_scenario


def scenario_tests(
    folder: str | Path, *, url: str = "memory:", plugins: Sequence[Any] | None = None
) -> Callable[[Path], None]:
    """Return a test for every `*.scenario.yaml` in `folder`, each in a fresh store at `url`.

        test_our_rules = scenario_tests(Path(__file__).parent / "scenarios")

    `plugins` as for `evalflow.open`.

    Raises:
        FileNotFoundError: there is no scenario in the folder; a test that tries nothing proves
            nothing.
    """
    files = sorted(Path(folder).glob("*.scenario.yaml"))
    if not files:
        raise FileNotFoundError(f"no *.scenario.yaml in {folder}")

    @pytest.mark.parametrize("file", files, ids=[file.name.partition(".")[0] for file in files])
    def test_scenario(file: Path) -> None:
        scenario = load_scenario(file, plugins=plugins)
        failures = run_scenario(scenario, url=url, plugins=plugins)
        assert not failures, "\n".join(failure.text("en") for failure in failures)

    return test_scenario
