"""The app `evalflow_django`."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.core.checks import register
from django.core.management.base import CommandError
from django.db import connections
from django.db.models.signals import pre_migrate
from django.test.signals import setting_changed

from evalflow import EvalflowError
from evalflow_django.words import later


class EvalflowConfig(AppConfig):
    """evalflow in the site."""

    name = "evalflow_django"
    verbose_name = later("주요업무 평가", "Evaluation")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have the settings checked, and evalflow's tables made by `manage.py migrate`."""
        from evalflow_django.checks import check_settings

        register(check_settings, "evalflow")
        pre_migrate.connect(_make_tables, sender=self, dispatch_uid="evalflow_django")
        setting_changed.connect(_forget, dispatch_uid="evalflow_django")


def _make_tables(using: str, **_: Any) -> None:
    """Make evalflow's own tables, or bring them up to date; in an SQLite file beside the site's,
    which no other command does."""
    from evalflow_django.conf import conf
    from evalflow_django.engines import in_memory, open_engine, url_of

    said = conf()
    if using != said.database or in_memory(connections[using]):
        return
    try:
        open_engine(said, url_of(said, beside=True)).close()
    except EvalflowError as error:
        from evalflow_django.words import language

        raise CommandError(error.text(language())) from error


def _forget(setting: str, **_: Any) -> None:
    from evalflow_django.engines import close

    if setting in ("EVALFLOW", "DATABASES"):
        close()
