"""`manage.py evalflow …`: any command of evalflow's command line, on the site's store."""

from __future__ import annotations

from evalflow_django.commands import EvalflowCommand


class Command(EvalflowCommand):
    """`evalflow …`."""
