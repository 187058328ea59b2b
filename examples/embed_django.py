"""evalflow in a Django site, by the app `evalflow_django`: its users act, in `transaction.atomic`.

A paper of the site and the evaluation that it is about are one act: both or neither. The site's
tables and evalflow's are in one database. Run it on a new one of your own:
`python examples/embed_django.py sqlite:////tmp/site.db`, or `postgresql://…`. A whole site, step by
step: docs/howto/django.md.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import django
import evalflow
import evalflow_django
from django.conf import settings
from django.core.management import call_command

PLAN = Path(__file__).parent / "seodaemun-2016" / "plan.yaml"
PROJECT = "seodaemun-2016/2"
FIGURES = {"actuals": {"patrols": 30, "settled": 96}}


def database(url: str) -> dict[str, Any]:
    """Return Django's settings of the database that a URL names."""
    if url.startswith("sqlite:///"):
        begin = {"transaction_mode": "IMMEDIATE"}  # who begins writes, and is not told so too late
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": url.removeprefix("sqlite:///"),
            "OPTIONS": begin,
        }
    said = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": said.path.strip("/"),
        "USER": said.username or "",
        "HOST": said.hostname or "",
        "PORT": said.port or "",
    }


def clock() -> dt.datetime:
    """Return the morning of the day before the deadline."""
    return dt.datetime(2016, 4, 4, 1, tzinfo=dt.UTC)


def main(url: str) -> list[str]:
    """Roll back, refuse, and commit; say what stood after each."""
    schema = parse_qs(urlsplit(url).query).get("schema", [None])[0]
    settings.configure(
        DATABASES={"default": database(url)},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "evalflow_django"],
        EVALFLOW={"CLOCK": "__main__.clock", "SCHEMA": schema},
        USE_TZ=True,
        TIME_ZONE="Asia/Seoul",
    )
    django.setup()
    from django.contrib.auth.models import User
    from django.db import connection, transaction

    call_command("migrate", verbosity=0)  # evalflow's tables, too
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE site_paper (title varchar(200) NOT NULL)")
    with transaction.atomic():
        evalflow_django.joined().adopt(evalflow.load_plan(PLAN), by="policy-1")
    clerk, visitor = (User.objects.create_user(name) for name in ("audit-office-1", "policy-1"))

    def register(user: Any, title: str) -> None:
        """Register a paper, and evaluate the project that it is about."""
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO site_paper VALUES (%s)", [title])
        by = evalflow_django.actor_of(user)
        evalflow_django.joined().fire(PROJECT, "self_evaluate", by=by, data=FIGURES)
        assert evalflow_django.engine().project(PROJECT).version == 1  # not yet

    def standing() -> str:
        office = evalflow_django.engine()
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM site_paper")
            ((papers,),) = cursor.fetchall()
        entries = len(list(office.history(PROJECT)))
        return f"{papers} papers, {entries} entries, {len(list(office.audit.verify()))} mismatches"

    told = []
    with contextlib.suppress(InterruptedError), transaction.atomic():
        register(clerk, "2016년 1분기 자체평가")
        raise InterruptedError  # the site has second thoughts
    told.append(standing())

    with transaction.atomic():
        with contextlib.suppress(evalflow.Refused), transaction.atomic():
            register(visitor, "평가서")
        with connection.cursor() as cursor:  # the outer transaction is whole
            cursor.execute("INSERT INTO site_paper VALUES ('붙임')")
    told.append(standing())

    with transaction.atomic():
        register(clerk, "2016년 1분기 자체평가")
    told.append(standing())
    connection.close()
    return told


if __name__ == "__main__":
    print("\n".join(main(sys.argv[1])))
