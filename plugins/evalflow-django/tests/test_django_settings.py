"""What `EVALFLOW` says is checked whole, by `manage.py check`, in Korean and in English."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import evalflow_django
import pytest
from django.conf import settings
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from django.utils import translation
from evalflow_django.conf import conf
from evalflow_django.engines import url_of

import evalflow

Added = Callable[..., Any]


def told(**said: Any) -> list[str]:
    """Return what the checks say of `EVALFLOW`: the code, and the sentence."""
    with override_settings(EVALFLOW=said):
        return [
            f"{str(each.id).removeprefix('evalflow_django.')} {each.msg}"
            for each in run_checks(tags=["evalflow"])
        ]


def test_what_is_right_is_left_alone(tmp_path: Path) -> None:
    assert told() == []
    assert told(DATABASE="default", ACTOR_OF="office_site.actor_of", CLOCK="office_site.now") == []
    assert told(STORE=f"sqlite:///{tmp_path}/office.db", DIRECTORY="office_site.People") == []
    assert told(PLUGINS=["evalflow-postgres"], SCHEMA="evalflow", DELIVER_AFTER_COMMIT=True) == []


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ({"ACTOR": "x.y"}, "E002 EVALFLOW: no setting 'ACTOR' (did you mean 'ACTOR_OF'?)"),
        ({"database": "x"}, "E002 EVALFLOW: no setting 'database' (did you mean 'DATABASE'?)"),
        ({"STORE": "memory:", "DATABASE": "default"}, "E003 EVALFLOW: give either STORE or DATAB"),
        ({"DATABASE": 5}, "E004 EVALFLOW['DATABASE']: text, got int"),
        ({"DELIVER_AFTER_COMMIT": 1}, "E004 EVALFLOW['DELIVER_AFTER_COMMIT']: True or False"),
        ({"DATABASE": "ofice"}, "E005 EVALFLOW['DATABASE']: no 'ofice' in DATABASES (there are: d"),
        ({"STORE": "mysql://me:hush@db/x"}, "E006 EVALFLOW['STORE']: not the URL of a store: "),
        ({"SCHEMA": "Eval Flow"}, "E007 EVALFLOW['SCHEMA']: a name of small letters"),
        ({"ACTOR_OF": "office_site.nobody"}, "E008 EVALFLOW['ACTOR_OF']: cannot import 'office_s"),
        ({"ACTOR_OF": "office_site.NOT_CALLABLE"}, "E009 EVALFLOW['ACTOR_OF']: 'office_site.NOT"),
        ({"DIRECTORY": "office_site.now"}, "E009 EVALFLOW['DIRECTORY']: 'office_site.now' has no"),
        ({"PLUGINS": "evalflow-notify"}, "E004 EVALFLOW['PLUGINS']: expected a list of plugins'"),
        ({"PLUGINS": ["evalflow-notfy"]}, "E010 EVALFLOW['PLUGINS']: "),
    ],
)
def test_each_mistake_is_told(said: dict[str, Any], what: str) -> None:
    (found,) = told(**said)
    assert found.startswith(what), found
    assert "hush" not in found
    with override_settings(EVALFLOW=said), pytest.raises(ImproperlyConfigured):
        evalflow_django.engine()


def test_all_of_them_at_once_and_in_korean() -> None:
    with translation.override("ko"):
        assert told(DATABSE="default", SCHEMA=5, CLOCK="office_site.never") == [
            "E002 EVALFLOW: 없는 설정입니다: 'DATABSE' (혹시 'DATABASE'입니까?)",
            "E004 EVALFLOW['SCHEMA']: 글자열이어야 합니다: int",
            "E008 EVALFLOW['CLOCK']: 'office_site.never'를 불러올 수 없습니다: "
            'Module "office_site" does not define a "never" attribute/class',
        ]
        with override_settings(EVALFLOW=["default"]):
            (found,) = run_checks(tags=["evalflow"])
            assert found.msg == "EVALFLOW: dict여야 합니다: list"


def test_a_database_that_can_hold_no_store_is_told(database: Added) -> None:
    database("mem", ENGINE="django.db.backends.sqlite3", NAME=":memory:")
    database("plain", ENGINE="django.db.backends.sqlite3", NAME="/tmp/never-made.db")
    database("none", ENGINE="django.db.backends.dummy")
    (memory,) = told(DATABASE="mem")
    assert memory.startswith("E011 no store can be in an SQLite database in memory; for tests, ")
    (plain,) = told(DATABASE="plain")
    assert plain == "W001 set DATABASES['plain']['OPTIONS']['transaction_mode'] to 'IMMEDIATE'"
    (dummy,) = told(DATABASE="none")
    assert dummy.startswith("E011 a store of evalflow is in PostgreSQL or SQLite; DATABASES['non")
    database("pg", ENGINE="django.db.backends.postgresql", NAME="site")
    assert told(DATABASE="pg", PLUGINS=[]) == [
        "E012 EVALFLOW: PostgreSQL needs municipal-evalflow-postgres"
    ]
    assert told(DATABASE="pg") == []


def test_the_store_is_reached_as_django_reaches_its_database(database: Added) -> None:
    site = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "si te",
        "USER": "me@office",
        "PASSWORD": "p&s?s",
    }
    database("tcp", **site, HOST="db.office", PORT=5433, OPTIONS={"sslmode": "require", "pool": 1})
    database("socket", **site, HOST="/run/pg", OPTIONS={"assume_role": "site"})
    with override_settings(EVALFLOW={"DATABASE": "tcp", "SCHEMA": "eval"}):
        assert url_of(conf()) == (
            "postgresql://me%40office@db.office:5433/si%20te"
            "?sslmode=require&password=p%26s%3Fs&schema=eval"
        )
    with override_settings(EVALFLOW={"DATABASE": "socket"}):
        assert url_of(conf()) == (
            "postgresql://me%40office@/si%20te"
            "?options=-c%20role%3Dsite&host=%2Frun%2Fpg&password=p%26s%3Fs"
        )


def test_the_sites_directory_is_asked(alias: str) -> None:
    said = {**settings.EVALFLOW, "DIRECTORY": "office_site.People"}
    with override_settings(EVALFLOW=said):
        office = evalflow_django.engine()
        kim = office.actor("seodaemun-2016", "kim")
        assert kim.grants == (evalflow.Grant(role="department", unit="audit-office"),)
        evalflow_django.close()
