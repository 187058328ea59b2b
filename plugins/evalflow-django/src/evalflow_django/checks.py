"""`manage.py check`: what is wrong with `EVALFLOW`, before anybody meets it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from evalflow.plugins import Plugins
from evalflow_django.conf import VENDORS, Conf, read
from evalflow_django.engines import url_of
from evalflow_django.words import say


def check_settings(app_configs: Sequence[Any] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Return every mistake in `EVALFLOW`, and what of the database it names will not go well.
    No database is asked."""
    found, mistakes = read(getattr(settings, "EVALFLOW", {}))
    told: list[CheckMessage] = [_error(each.code, each.said) for each in mistakes]
    if not mistakes and found.database is not None:
        told += _database(found, found.database)
    return told


def _database(found: Conf, alias: str) -> list[CheckMessage]:
    try:
        url_of(found)
    except ImproperlyConfigured as error:
        return [_error("E011", str(error))]
    connection = connections[alias]
    if VENDORS[connection.vendor] not in Plugins.load(found.plugins).names("storage"):
        text = say(
            "PostgreSQL에는 municipal-evalflow-postgres가 필요합니다",
            "PostgreSQL needs municipal-evalflow-postgres",
        )
        return [_error("E012", f"EVALFLOW: {text}")]
    immediate = connection.settings_dict["OPTIONS"].get("transaction_mode") == "IMMEDIATE"
    if connection.vendor == "sqlite" and not immediate:
        ko = f"DATABASES[{alias!r}]['OPTIONS']['transaction_mode']를 'IMMEDIATE'로 정하십시오"
        en = f"set DATABASES[{alias!r}]['OPTIONS']['transaction_mode'] to 'IMMEDIATE'"
        why = say(
            "읽은 뒤에 다른 사람이 쓰면 트랜잭션 전체를 다시 해야 합니다",
            "a transaction that has read when somebody else writes has to begin anew",
        )
        return [Warning(say(ko, en), hint=why, id="evalflow_django.W001")]
    return []


def _error(code: str, said: str) -> Error:
    return Error(said, id=f"evalflow_django.{code}")
