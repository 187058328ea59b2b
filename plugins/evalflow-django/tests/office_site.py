"""A site of an office: its settings, its clock, its people and its views."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import evalflow_django
from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from evalflow_django.conf import conf

import evalflow

PROJECT = "seodaemun-2016/2"
FIGURES = {"actuals": {"patrols": 30, "settled": 96}}


def now() -> dt.datetime:
    """Return the morning of the day before the deadline."""
    return dt.datetime(2016, 4, 4, 1, tzinfo=dt.UTC)


def actor_of(user: Any) -> evalflow.Actor | str | None:
    """Return as whom a user acts: its groups are roles, in the unit behind the `@`."""
    grants = []
    for group in user.groups.order_by("name"):
        role, _, unit = group.name.partition("@")
        grants.append(evalflow.Grant(role=role, unit=unit))
    return evalflow.Actor(f"site:{user.pk}", tuple(grants)) if grants else None


class People:
    """The site's own directory."""

    def people(self, plan: evalflow.PlanHead, day: dt.date) -> Mapping[str, Any]:
        """Return who holds what."""
        return {"kim": [evalflow.Grant(role="department", unit="audit-office")]}


NOT_CALLABLE = "text"

MEETING: threading.Barrier | None = None
"""Where requests wait for each other before they write, in tests of two at once."""


def papers(alias: str) -> int:
    """Return how many papers the site has registered."""
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM site_paper")
        row = cursor.fetchone()
    assert row is not None
    return int(row[0])


def evaluate(request: HttpRequest) -> HttpResponse:
    """Register a paper, and evaluate the project that it is about: both or neither."""
    alias = conf().database
    assert alias is not None
    by = evalflow_django.actor_of(request.user)
    seen = evalflow_django.engine().project(PROJECT).version
    if MEETING is not None:
        with suppress(threading.BrokenBarrierError):
            MEETING.wait(10)
    with transaction.atomic(using=alias):
        with connections[alias].cursor() as cursor:
            cursor.execute("INSERT INTO site_paper VALUES ('자체평가')")
        entry = evalflow_django.joined().fire(
            PROJECT, "self_evaluate", by=by, data=json.loads(request.body or "{}"), expected=seen
        )
        if request.GET.get("doubt"):
            raise InterruptedError("the site has second thoughts")
    return JsonResponse(evalflow.to_data(entry))


def broken(request: HttpRequest) -> HttpResponse:
    """Raise what is no error of evalflow."""
    raise InterruptedError


def sqlite(path: Path) -> dict[str, Any]:
    """Return Django's settings of a database in a file."""
    options = {"transaction_mode": "IMMEDIATE"}
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": path, "OPTIONS": options}


def postgres(url: str, schema: str = "public") -> dict[str, Any]:
    """Return Django's settings of the database that a URL names, with the site in a schema."""
    said = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": said.path.strip("/"),
        "USER": said.username or "",
        "PASSWORD": said.password or "",
        "HOST": said.hostname or "",
        "PORT": said.port or "",
        "OPTIONS": {"options": f"-c search_path={schema}"},
    }


def known(request: HttpRequest) -> HttpResponse:
    """Tell what evalflow calls the request."""
    return HttpResponse(evalflow.request_id() or "")


async def known_later(request: HttpRequest) -> HttpResponse:
    """Tell it from the loop."""
    return known(request)


SETTINGS: dict[str, Any] = {
    "INSTALLED_APPS": [
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "django.contrib.staticfiles",
        "evalflow_django",
    ],
    "MIDDLEWARE": [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.locale.LocaleMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "evalflow_django.middleware.EvalflowMiddleware",
    ],
    "TEMPLATES": [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    "ROOT_URLCONF": "office_urls",
    "SECRET_KEY": "of tests alone",
    "ALLOWED_HOSTS": ["testserver", "127.0.0.1"],
    "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
    "STATIC_URL": "static/",
    "USE_TZ": True,
    "TIME_ZONE": "Asia/Seoul",
    "LANGUAGE_CODE": "en",
}
