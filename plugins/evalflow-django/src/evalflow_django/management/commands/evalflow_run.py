"""`manage.py evalflow_run`: `evalflow run` on the site's store."""

from __future__ import annotations

from evalflow_django.commands import EvalflowCommand


class Command(EvalflowCommand):
    """`evalflow run`."""

    name = "run"
