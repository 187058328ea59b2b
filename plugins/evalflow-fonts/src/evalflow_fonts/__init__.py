"""A Korean font for what evalflow prints: NanumGothic, Regular and Bold, under the OFL 1.1.

It is data and nothing else: no plugin, no hooks. Forms and the page for meetings use it where
neither `EVALFLOW_FONTS` nor the machine gives them a Korean font.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["FAMILY", "folder"]
__version__ = "0.1.0"

FAMILY = "NanumGothic"
"""The family's name, as the files themselves say it."""


def folder() -> Path:
    """Return the folder in which the two font files lie, and nothing else."""
    return Path(__file__).parent / "files"
