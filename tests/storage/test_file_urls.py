"""The URL of a file, by which SQLite opens it without making it."""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalflow.storage.urls import file_url


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_it_is_what_the_standard_library_makes(name: str) -> None:
    path = f"/{name}"
    if path == PurePosixPath(path).as_posix():  # pathlib leaves out what changes nothing
        assert file_url(path) == PurePosixPath(path).as_uri()


@pytest.mark.parametrize("name", ["성과.db", "a b?c#d%e&f.db", "plain.db", "no\udcff text.db"])
def test_sqlite_opens_the_file_that_is_meant(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if sys.platform == "darwin" and "\udcff" in name:
        pytest.skip("such a file cannot be there")
    path.touch()
    with closing(sqlite3.connect(f"{file_url(os.fspath(path))}?mode=rw", uri=True)) as connection:
        connection.execute("CREATE TABLE there (x)")
    assert path.stat().st_size > 0
