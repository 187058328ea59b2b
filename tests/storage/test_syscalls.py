"""Killed and failing system calls leave all or nothing: a sample of what `make trust` does."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from evalflow.testing import crashes

OLDER = Path(__file__).parents[1] / "data" / "store-f8ebe7e" / "office.db.xz"

pytestmark = pytest.mark.usefixtures("strace")


@pytest.mark.slow
def test_nothing_is_lost_or_halved_by_calls_that_kill_or_fail() -> None:
    found = crashes.figures_of("evalflow.testing.syscalls", "--faults", "6", "--older", str(OLDER))
    assert found["rounds"] == 6
    assert found["looked"] == 6 * 5
    assert found["faults there are"] > 400
    assert found["kills"]
    assert found["errors told"]


@pytest.mark.slow
def test_the_harness_notices_what_is_gone(tmp_path: Path) -> None:
    """One that cannot fail would prove nothing: after the kill an older copy is put in place."""
    code = textwrap.dedent("""
        import pathlib, shutil, sys
        from evalflow.testing import syscalls
        from evalflow.testing.mirror import Broken

        class Forgetting(syscalls.Faults):
            def _look_at_store(self, act, least, most):
                if act == "fire":
                    base, work = (each / "fire.db" for each in (self._base, self._work))
                    for each in work.parent.glob("fire.db-*"):
                        each.unlink()
                    shutil.copy(base, work)
                super()._look_at_store(act, least, most)

        try:
            Forgetting(pathlib.Path(sys.argv[1]), seed=1).once(syscalls.Fault("fsync", None, 999))
        except Broken as broken:
            print(broken)
    """)
    told = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
    assert "fire, " in told.stdout
    assert "it stands at [0]; acknowledged 5" in told.stdout
