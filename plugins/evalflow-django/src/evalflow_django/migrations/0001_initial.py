"""The names that permissions are of; no table."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


def _name_alone(name: str, singular: str, plural: str) -> migrations.CreateModel:
    key: models.BigAutoField[int, int] = models.BigAutoField(
        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
    )
    options = {
        "verbose_name": singular,
        "verbose_name_plural": plural,
        "managed": False,
        "default_permissions": ("view",),
    }
    return migrations.CreateModel(name=name, fields=[("id", key)], options=options)


class Migration(migrations.Migration):
    """What is seen in the admin."""

    initial = True
    dependencies: ClassVar = []
    operations: ClassVar = [
        _name_alone("Notice", "notice", "notices"),
        _name_alone("Project", "project", "projects"),
    ]
