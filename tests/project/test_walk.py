"""The page that walks through one `fire`, file by file, against a `fire` that is followed."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import evalflow
from offices import Office

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "architecture.md"
SOURCE = Path(evalflow.__file__).parent


def walk() -> list[tuple[str, str | None]]:
    """Give the rows of the table: a file (a folder, for storages), and the function that the row
    begins with, where it names one."""
    table = (
        PAGE.read_text("utf-8").split("## One `fire`, file by file")[1].split("\n\n`explain`")[0]
    )
    rows = re.findall(r"^\| `([\w./…]+)` \| (?:`(\w+)`)?", table, re.MULTILINE)
    return [(place.removesuffix("…"), function or None) for place, function in rows]


@pytest.mark.skipif(not PAGE.is_file(), reason="an sdist of a plugin is without docs/")
@pytest.mark.parametrize("store_url", ["memory:"])
def test_a_firing_walks_as_the_page_says(office: Office, store_url: str) -> None:
    office.clock.go("2016-04-02")
    calls: list[tuple[str, str]] = []

    def note(frame: FrameType, event: str, _: Any) -> None:
        path = Path(frame.f_code.co_filename)
        if event == "call" and path.is_relative_to(SOURCE):
            calls.append((path.relative_to(SOURCE).as_posix(), frame.f_code.co_name))

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        office.engine.fire(
            "gu/1",
            "self_evaluate",
            by="education-1",
            data={"actuals": {"schools": 10, "lessons": 100}},
        )
    finally:
        sys.setprofile(before)

    rows, here = walk(), 0
    assert len(rows) > 10
    for place, function in rows:
        found = [
            at
            for at, (file, name) in enumerate(calls[here:], here)
            if file.startswith(place) and function in (None, name)
        ]
        assert found, f"after {calls[here - 1 : here]}, nothing is called in {place}: {function}"
        here = found[0] + 1
