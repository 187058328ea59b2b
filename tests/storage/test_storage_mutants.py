"""The storage kit is able to fail: each broken storage is caught by the test meant for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import storage_mutants
from evalflow.testing import StorageConformance

pytestmark = [
    pytest.mark.slow,
    pytest.mark.counting,
]  # fifty small runs of pytest: when the kit changes


class Verdicts:
    """Listens to an inner pytest run."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome == "failed":
            self.said.append((report.when, report.outcome))


def named(mutant: type[StorageConformance]) -> Any:
    return pytest.param(mutant, id=mutant.__name__)


@pytest.mark.parametrize("mutant", [named(mutant) for mutant in storage_mutants.MUTANTS])
def test_a_broken_storage_is_caught(
    mutant: type[StorageConformance],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    file = Path(storage_mutants.__file__)
    killer: str = mutant.killed_by  # type: ignore[attr-defined]
    verdicts = Verdicts()
    pytest.main(
        [
            f"{file}::{mutant.__name__}::{killer}",
            f"--rootdir={request.config.rootpath}",
            f"--basetemp={tmp_path / 'inner'}",
            *("-o", "python_classes=*", "-o", "addopts=", "-p", "no:cacheprovider"),
            *("-x", "-q", "--no-header", "--no-summary", "--show-capture=no", "--tb=no"),
        ],
        plugins=[verdicts],
    )

    assert ("call", "failed") in verdicts.said, f"{killer} said {verdicts.said}"


def test_every_test_of_the_kit_has_a_mutant_or_needs_none() -> None:
    """A new test in the kit comes with a storage that it catches."""
    kit = {name for name in dir(StorageConformance) if name.startswith("test_")}
    used = {mutant.killed_by for mutant in storage_mutants.MUTANTS}
    assert used <= kit
    assert kit - used == {
        # Any storage that answers at all passes these; the others build on them.
        "test_an_empty_store_knows_nothing",
        "test_an_adopted_project_is_read_back_whole",
        "test_a_move_is_read_back_whole",
        "test_a_move_of_an_unknown_project_conflicts",
        "test_a_move_ahead_of_the_stored_version_conflicts",
        "test_many_moves_are_one_commit",
        "test_the_declared_fault_points_are_reached",
        "test_what_one_handle_wrote_the_other_reads",
        # The same breaks as with threads, from other processes.
        "test_of_many_threads_one_uses_the_key",
        "test_of_many_processes_one_moves_the_project",
        "test_of_many_processes_one_claims_a_notice",
        "test_processes_working_on_their_own_projects_all_get_through",
    }
