"""A fresh environment in which our wheels are installed and nothing of this working copy is seen.

What the wheels need from elsewhere is lent by the environment of the tests, link by link, so that
no package index is asked.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[2]
_OURS = ("evalflow", "municipal_evalflow", "_municipal", "_evalflow", "__editable__")


def wheel(folder: Path, into: Path) -> Path:
    """Build the wheel of the package in `folder`, and return it."""
    before = set(into.glob("*.whl"))
    _run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
         "--no-index", "--wheel-dir", str(into), str(folder)],
    )  # fmt: skip
    (made,) = set(into.glob("*.whl")) - before
    return made


class Fresh:
    """An environment of its own, made in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        _run([sys.executable, "-m", "venv", "--without-pip", str(folder)])
        lent = folder / "lent"
        lent.mkdir()
        for each in Path(sysconfig.get_paths()["purelib"]).iterdir():
            if not each.name.startswith(_OURS) and each.suffix != ".pth":
                (lent / each.name).symlink_to(each)
        (site,) = folder.glob("lib/python*/site-packages")
        (site / "lent.pth").write_text(f"{lent}\n")
        pytest = folder / "bin" / "pytest"  # the one that is lent would look into its own
        pytest.write_text('#!/bin/sh\nexec python -m pytest "$@"\n')
        pytest.chmod(0o755)
        kept = {key: value for key, value in os.environ.items() if not key.startswith("EVALFLOW")}
        kept.pop("PYTHONPATH", None)
        self.environment = {**kept, "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}

    def install(self, *wheels: Path) -> None:
        """Install wheels, as they are."""
        _run(
            [sys.executable, "-m", "pip", "--python", str(self.folder / "bin" / "python"),
             "install", "--quiet", "--no-deps", "--no-index", *map(str, wheels)],
        )  # fmt: skip

    def shell(self, script: str, folder: Path) -> str:
        """Run a script as somebody would who activated the environment; return what it says."""
        done = subprocess.run(
            ["bash", "-ec", script], cwd=folder, env=self.environment, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
