"""What is true of PostgreSQL alone: the plugin as the engine finds it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import closing

import evalflow_postgres
import pytest
from evalflow_postgres import PostgresStorage, open_postgres

import evalflow
from evalflow.storage import Selection

pytestmark = pytest.mark.servers


def test_the_engine_opens_it_by_its_url(url: str) -> None:
    for scheme in ("postgresql", "postgres"):
        with evalflow.open(
            url.replace("postgresql", scheme, 1), plugins=[evalflow_postgres]
        ) as engine:
            assert isinstance(engine.storage, PostgresStorage)
            assert list(engine.storage.select(Selection())) == []


def test_naming_the_plugin_imports_no_driver() -> None:
    code = (
        "import sys, evalflow_postgres as p; p.evalflow_storages(); "
        "assert 'psycopg' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("odd", ["a\x00b", "\ud800", "gu\x00/1"])
def test_what_postgresql_cannot_keep_is_not_found_and_no_condition(url: str, odd: str) -> None:
    """As on every other storage (tests/engine/test_ids.py)."""
    with evalflow.open(url, plugins=[evalflow_postgres]) as engine:
        calls: list[Callable[[], object]] = [
            lambda: engine.project(odd),
            lambda: list(engine.history(odd)),
            lambda: engine.plans.head(odd),
            lambda: list(engine.projects(plan=odd)),
        ]
        for call in calls:
            with pytest.raises(evalflow.NotFound):
                call()
        for where in ({"ids": [odd]}, {"state": odd}, {"band": [odd]}):
            with pytest.raises(evalflow.InvalidInput):
                list(engine.projects(**where))


def test_the_system_is_asked_to_give_a_vanished_server_up_in_about_a_minute(url: str) -> None:
    def told(more: str) -> dict[str, str]:
        with closing(open_postgres(url + more)) as opened, opened._source.writing() as connection:
            return connection.info.get_parameters()

    asked = told("")
    assert (asked["keepalives_idle"], asked["tcp_user_timeout"]) == ("30", "60000")
    assert int(asked["keepalives_interval"]) * int(asked["keepalives_count"]) == 30
    assert told("&keepalives_idle=7200")["keepalives_idle"] == "7200"
