"""`manage.py evalflow_verify`: `evalflow verify` on the site's store."""

from __future__ import annotations

from evalflow_django.commands import EvalflowCommand


class Command(EvalflowCommand):
    """`evalflow verify`."""

    name = "verify"
