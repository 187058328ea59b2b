"""What the texts of a plan or a lifecycle say, whoever reads them: people's files, and the way back
out of a store, which needs none of what reads and checks files."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Final

from evalflow.model.canonical import Tree

Path = Sequence[str | int]
"""The way from the top of a tree to a value: keys of mappings and indices of lists."""

BRACKETS: Final = ("minus", "provisional")
"""What may be said of brackets. Unsaid, a figure in brackets is refused."""

_FRACTION = r"(?a:(\d{1,18})\s*/\s*(\d{1,18}))"
_ISO_DATE = r"(?a:\d{4}-\d{2}-\d{2})"
_KOREAN_DATE = r"(?a:(\d{4})\.\s*(\d{1,2})\.\s*(\d{1,2})\.?)"
_STORED = r"(?a:[+-]?(?:\d{1,18}|\d{1,3}(?:,\d{3}){1,5})(?:\.\d{1,18})?)"


@lru_cache(maxsize=4_096)
def fraction_of(text: str) -> Fraction | None:
    """Return the exact fraction that `text` says (`1/3`, `0.5`, `2`), or None."""
    match = re.fullmatch(_FRACTION, text)
    if match is not None:
        below = int(match[2])
        return Fraction(int(match[1]), below) if below else None
    from evalflow.files.figures import figure_of

    figure = figure_of(text)
    return None if figure is None else Fraction(figure)


@lru_cache(maxsize=4_096)
def date_of(text: str) -> dt.date | None:
    """Return the day that `text` says (`2016-02-24` or `2016. 2. 24.`), or None."""
    if match := re.fullmatch(_KOREAN_DATE, text):
        text = f"{match[1]}-{int(match[2]):02}-{int(match[3]):02}"
    if not re.fullmatch(_ISO_DATE, text):
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


@lru_cache(maxsize=16_384)
def stored_figure(text: str) -> Decimal | None:
    """Return the figure of a text that was checked when it was stored, or None.

    Only for reading stored plans: what an earlier version took must keep its meaning, so
    `0,084`, which `read_figure` refuses, is the 84 here that it has been since.
    """
    return Decimal(text.replace(",", "")) if re.fullmatch(_STORED, text) else None


def path_text(path: Path) -> str:
    """Return a path as people read it: `projects.6.indicators.schools`, `cards[3].ko`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def shown(value: Tree) -> str:
    """Return a value as problems show it: one short line."""
    from evalflow.files.yaml import UNPRINTABLE

    if isinstance(value, Mapping):
        text = ", ".join(str(key) for key in value)
    elif isinstance(value, list | tuple):
        text = ", ".join(str(item) for item in value[:20])
    else:
        text = str(value)
    text = " ".join(UNPRINTABLE.sub("\ufffd", text[:200]).split())
    return text if len(text) <= 60 else text[:57] + "..."
