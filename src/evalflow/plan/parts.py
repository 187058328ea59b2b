"""What the readers of plan files share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from evalflow.files.reader import Part
from evalflow.files.texts import date_of


def named_parts(top: Part, key: str, *, required: bool = False) -> Iterator[tuple[str, Part]]:
    """Yield (id, part) of a mapping by id; a list in its place is noted."""
    if isinstance(top.tree.get(key), list | tuple):
        ko = "'식별자: {…}' 꼴의 묶음이어야 합니다 (목록이 아님)"
        top.wrong(key, "wrong_value", ko, "expected a mapping by id, not a list")
        return
    yield from top.parts(key, required=required)


def key_date(inside: Part, text: Any) -> dt.date | None:
    """Return the day that a key is, or None with a problem noted."""
    day = date_of(text) if isinstance(text, str) else None
    if day is None:
        ko, en = f"날짜가 아닙니다: '{text}' (예: 2016-05-06)", f"not a date: '{text}'"
        inside.wrong_key(text, "bad_date", ko, en)
    return day
