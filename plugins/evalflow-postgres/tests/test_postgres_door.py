"""What needs no server: opening where there is no libpq, and closing what failed to open."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import psycopg
import pytest
from evalflow_postgres.connections import Pool

OPEN = """
import evalflow
try:
    evalflow.open("postgresql://x.invalid/y")
except evalflow.StorageError as error:
    print(error.code, error.text("ko"), error.text("en"), sep="\\n")
"""


def test_without_libpq_the_extra_to_install_is_named() -> None:
    told = subprocess.run(
        [sys.executable, "-c", OPEN],
        env={**os.environ, "PSYCOPG_IMPL": "none-of-them"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert told[0] == "no_libpq"
    assert all("municipal-evalflow-postgres[binary]" in line for line in told[1:3])


@pytest.mark.parametrize("wrong", [psycopg.OperationalError("gone"), KeyboardInterrupt()])
def test_a_connection_that_cannot_be_set_up_is_closed(
    wrong: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Half:
        closed = False

        def execute(self, _: str) -> None:
            raise wrong

        def close(self) -> None:
            self.closed = True

    made: list[Half] = []

    def connect(*_: Any, **__: Any) -> Half:
        made.append(Half())
        return made[-1]

    monkeypatch.setattr(psycopg, "connect", connect)
    pool = Pool("", place="postgresql://x", limit=1, timeout=1)
    with pytest.raises(BaseException) as caught:
        pool.connect()
    assert caught.value is wrong or caught.value.__cause__ is wrong
    assert [each.closed for each in made] == [True]
