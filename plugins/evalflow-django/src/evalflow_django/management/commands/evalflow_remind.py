"""`manage.py evalflow_remind`: `evalflow remind` on the site's store."""

from __future__ import annotations

from evalflow_django.commands import EvalflowCommand


class Command(EvalflowCommand):
    """`evalflow remind`."""

    name = "remind"
