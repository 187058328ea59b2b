"""One site for all tests of a process; each test has a new database of papers, with a store."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("django", reason="not on this machine: Django (make sets up anew)")

from django.conf import settings

sys.path.insert(0, str(Path(__file__).parent))

import office_site

import evalflow


@pytest.fixture(scope="session", autouse=True)
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The site, with users in a database of its own."""
    import django
    from django.core.management import call_command
    from django.db import connections

    place = tmp_path_factory.mktemp("site")
    settings.configure(
        **office_site.SETTINGS,
        DATABASES={"default": office_site.sqlite(place / "users.db")},
        EVALFLOW={"STORE": "memory:"},
    )
    django.setup()
    call_command("migrate", verbosity=0)
    yield
    connections.close_all()


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of a database on a real server."""
    from evalflow_postgres.testing import NoServer
    from evalflow_postgres.testing import server as started

    try:
        with started() as url:
            yield url
    except NoServer as why:
        pytest.skip(f"not on this machine: PostgreSQL (apt-get install postgresql): {why}")


@pytest.fixture
def schema(server: str) -> Iterator[str]:
    """A schema of the site's own, and the name for evalflow's beside it (`e…`)."""
    import psycopg

    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}".encode())
        yield name
        for each in (name, f"e{name}"):
            connection.execute(f"DROP SCHEMA IF EXISTS {each} CASCADE".encode())


Added = Callable[..., Any]


@pytest.fixture
def database() -> Iterator[Added]:
    """Put a database beside the site's for one test: `database(alias, ENGINE=…, …)`."""
    import evalflow_django
    from django.db import connections

    added = []

    def add(alias: str, **said: Any) -> None:
        whole = connections.configure_settings({"default": {}, alias: said})
        connections.settings[alias] = whole[alias]
        added.append(alias)

    yield add
    evalflow_django.close()
    for alias in added:
        connections[alias].close()
        del connections[alias]
        del connections.settings[alias]


@pytest.fixture(params=["sqlite", "postgresql"])
def alias(request: pytest.FixtureRequest, database: Added, tmp_path: Path) -> Iterator[str]:
    """The alias of a new database that holds papers of the site and a store, the plan adopted."""
    import evalflow_django
    from django.core.management import call_command
    from django.db import connections
    from django.test import override_settings

    said: dict[str, Any] = {"DATABASE": "office", "CLOCK": "office_site.now", "PLUGINS": []}
    if request.param == "sqlite":
        database("office", **office_site.sqlite(tmp_path / "office.db"))
    else:
        schema = request.getfixturevalue("schema")
        database("office", **office_site.postgres(request.getfixturevalue("server"), schema))
        said |= {"SCHEMA": f"e{schema}", "PLUGINS": ["evalflow-postgres"]}
    with override_settings(EVALFLOW=said | {"ACTOR_OF": "office_site.actor_of"}):
        call_command("migrate", "evalflow_django", database="office", verbosity=0)
        with connections["office"].cursor() as cursor:
            cursor.execute("CREATE TABLE site_paper (title varchar(200) NOT NULL)")
        office = evalflow_django.engine()
        plan = office.load_plan(evalflow.example())
        office.adopt(plan, by=plan.actor("policy-1"))
        yield "office"
        connections["office"].close()
        evalflow_django.close()


@pytest.fixture
def user() -> Iterator[Callable[..., Any]]:
    """Make a user of the site, in groups: `user("kim", "department@audit-office")`."""
    from django.contrib.auth.models import Group, User

    made = []

    def make(name: str, *groups: str, **more: Any) -> User:
        one = User.objects.create_user(name, **more)
        one.groups.set([Group.objects.get_or_create(name=each)[0] for each in groups])
        made.append(one)
        return one

    yield make
    for each in made:
        each.delete()
