"""`manage.py evalflow_deliver`: `evalflow deliver` on the site's store."""

from __future__ import annotations

from evalflow_django.commands import EvalflowCommand


class Command(EvalflowCommand):
    """`evalflow deliver`."""

    name = "deliver"
