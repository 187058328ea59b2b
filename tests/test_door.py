"""The door: the public names are pinned, cheap to import, and typed."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata

import evalflow

PUBLIC = """
Act Actor Assignment Band BatchPlan Budget Bundle Calendar CalendarRules Change Check Checkpoint
Chunk Commit Conflict Deadline DeliveryReport Directory Draft Due DueRule Engine Entry
EvalflowError Evaluation Explanation Facade Failure Figure Firing Forbidden Form FormFinding
FormRequest Grade Grader Grant GuardSpec Holidays Indicator InvalidInput Label Last Lifecycle Line
Mismatch Move NotDue NotFound Notice Notifier Occasion Outgoing Overlap Override Overview Period
Plan PlanHead Planned PluginError Plugins Problem Project ProjectDefinition Rates Rating Reason
Receipt Refused RollUp Scenario Scorer ScoringRules Selection Settled Snapshot Standing Storage
StorageError Subject Sweeping Tree Undeliverable Unit View Visibility Whereabouts Withheld
apply_chunk canonical check_commit check_like check_lifecycle digest example explain_line
fault_point filled hookimpl library_holidays listed_holidays load_batch load_lifecycle load_plan
load_scenario open overlaps overview parse picture roll_up run_scenario select_plan specimen spread
verify_bundle vocabulary
"""


def test_the_public_names_are_these_and_no_others():
    assert sorted(evalflow.__all__) == sorted(PUBLIC.split())


def test_every_public_name_can_be_had():
    for name in evalflow.__all__:
        assert getattr(evalflow, name) is not None
        assert name in dir(evalflow)


def test_an_unknown_name_is_an_attribute_error():
    try:
        evalflow.fire  # noqa: B018
    except AttributeError as error:
        assert "fire" in str(error)
    else:
        raise AssertionError


def test_the_version_is_that_of_the_distribution(monkeypatch):
    assert evalflow.__version__ == metadata.version("municipal-evalflow")
    assert "__version__" in dir(evalflow)

    def absent(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", absent)
    assert not hasattr(evalflow, "__version__")


def test_a_plain_import_loads_none_of_the_outside_libraries():
    code = "import sys, evalflow; print(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()

    outside = {"transitions", "yaml", "pluggy", "click", "rich", "holidays", "sqlite3"}
    outside |= {"importlib.metadata"}
    assert not outside & set(loaded)
