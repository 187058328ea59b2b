"""What kits are made of: faults at named points, children, and no price for who uses neither."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

import evalflow
from evalflow.storage import fault_point
from evalflow.storage.sqlite import open_sqlite
from evalflow.testing import faults
from evalflow.testing.children import Child, children, together
from evalflow.testing.given import attempt, entry_after, given_project


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
    )


def test_naming_the_kits_loads_nothing() -> None:
    told = python(
        "import sys, evalflow.testing; print(*{'pytest', 'hypothesis', 'sqlite3', 'yaml',"
        "'evalflow.model', 'evalflow.testing.storage'} & set(sys.modules))"
    )
    assert (told.returncode, told.stdout.split()) == (0, []), told.stderr


def test_an_unknown_kit_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="StorageConfirmance"):
        getattr(evalflow.testing, "StorageConfirmance")  # noqa: B009
    assert "StorageConformance" in dir(evalflow.testing)


def test_a_fault_comes_at_its_point_and_turn_and_only_inside_the_block() -> None:
    with faults.at("b", turn=2):
        for name in "aba":
            fault_point(name)
        with pytest.raises(faults.Fault, match="b"):
            fault_point("b")
        fault_point("b")
    fault_point("b")


def test_a_fault_can_be_anything() -> None:
    seen: list[str] = []
    with faults.at("x", seen.append):
        fault_point("x")
    assert seen == ["x"]


@pytest.mark.parametrize("spec", ["", "commit", "commit:explode", ":kill", "kill", "3"])
def test_a_fault_that_cannot_be_understood_is_refused(spec: str) -> None:
    if not spec:
        faults.install(spec)
        assert fault_point.listener is None
        return
    with pytest.raises(ValueError, match="raise, kill, pause"):
        faults.install(spec)


def test_the_environment_can_name_the_fault() -> None:
    code = (
        "from evalflow.storage import fault_point; from evalflow.testing import faults;"
        "faults.install();"
        "[fault_point('commit:written') for _ in range(3)]; print('alive')"
    )
    killed = python(code, EVALFLOW_FAULT="commit:written:kill:3")
    spared = python(code, EVALFLOW_FAULT="commit:written:kill:4")
    raised = python(code, EVALFLOW_FAULT="commit:written:raise")

    assert killed.returncode == -signal.SIGKILL
    assert killed.stdout == ""
    assert spared.stdout == "alive\n"
    assert "Fault: commit:written" in raised.stderr


def test_nobody_listens_unless_asked(tmp_path: Path) -> None:
    """The variable alone does nothing: production never reads it."""
    told = python(
        f"""
from evalflow.storage.sqlite import open_sqlite
from evalflow.testing.given import given_project
given_project(open_sqlite({str(tmp_path / "office.db")!r}))
print("alive")
""",
        EVALFLOW_FAULT="commit:written:kill",
    )
    assert told.stdout == "alive\n", told.stderr


def test_what_a_child_raises_comes_back(tmp_path: Path) -> None:
    with pytest.raises(evalflow.StorageError, match="no such folder"):
        together(Child(partial(open_sqlite, tmp_path / "no" / "office.db"), attempt, None))


def test_a_child_that_just_ends_is_an_error_and_not_a_wait() -> None:
    with pytest.raises(RuntimeError, match="exit code 3"):
        together(Child(partial(os._exit, 3), attempt, None))


def test_a_child_can_be_stopped_and_let_go(tmp_path: Path) -> None:
    opener = partial(open_sqlite, tmp_path / "office.db")
    storage = opener()
    project = given_project(storage)
    child = Child(opener, attempt, entry_after(project), fault="commit:written:wait")
    with children(child):
        child.go()
        child.paused()
        child.go()
        assert child.result() == "moved"
    storage.close()
