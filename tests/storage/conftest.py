"""What tests of storages share."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

_MISSING = "not on this machine: strace (apt-get install strace)"


@pytest.fixture(scope="session")
def strace() -> None:
    """See to it that system calls can be watched here."""
    if shutil.which("strace") is None:
        pytest.skip(_MISSING)
    tried = subprocess.run(
        ["strace", "-qq", "-o", os.devnull, sys.executable, "-c", ""],
        capture_output=True,
        text=True,
        check=False,
    )
    if tried.returncode:
        pytest.skip(f"{_MISSING}: {tried.stderr.strip()[:200]}")
