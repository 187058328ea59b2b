"""Names for Django's permissions and its admin: no table stands behind them."""

from __future__ import annotations

from django.db import models

from evalflow_django.words import later


class Project(models.Model):
    """A project (사업), as the admin lists it; read through the engine."""

    class Meta:
        """Nothing but a name, and the right to see."""

        managed = False
        default_permissions = ("view",)
        verbose_name = later("사업", "project")
        verbose_name_plural = later("사업", "projects")


class Notice(models.Model):
    """A notice in the outbox, as the admin lists it; read through the engine."""

    class Meta:
        """Nothing but a name, and the right to see."""

        managed = False
        default_permissions = ("view",)
        verbose_name = later("알림", "notice")
        verbose_name_plural = later("알림", "notices")
