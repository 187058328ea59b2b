"""The command line of evalflow as management commands, on the site's store.

What it prints, its options and its exit codes are those of `evalflow`: it is what runs.
"""

from __future__ import annotations

import contextlib
import sys
from argparse import Namespace
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from evalflow.plugins import command_line
from evalflow_django.conf import conf
from evalflow_django.engines import open_engine, url_of
from evalflow_django.words import language


class EvalflowCommand(BaseCommand):
    """`evalflow NAME …` on the site's store; without a `name` the whole command line."""

    name: str | None = None
    help = "evalflow's own command line, on the site's store"

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Return a parser that takes Django's own options, and leaves all others to evalflow."""
        parser = _Parser(
            prog=f"{prog_name} {subcommand}",
            allow_abbrev=False,
            add_help=False,
            called_from_command_line=getattr(self, "_called_from_command_line", None),
        )
        parser.add_argument("--settings", help="the module with the settings")
        parser.add_argument("--pythonpath", help="a folder with modules")
        parser.add_argument("--traceback", action="store_true", help="show where it went wrong")
        parser.add_argument("--no-color", action="store_true", help="no colours")
        parser.add_argument("--force-color", action="store_true", help="colours")
        parser.add_argument("--skip-checks", action="store_true", help="no system checks")
        parser.set_defaults(verbosity=1)
        return parser

    def print_help(self, prog_name: str, subcommand: str) -> None:
        """Print the help of evalflow's command."""
        self._run(["--help"])

    def handle(self, *args: Any, **options: Any) -> None:
        """Run it. Leaves with the exit code of the command line where that is not 0."""
        code = self._run(options.get("asked") or [])
        if code:
            raise SystemExit(code)

    def _run(self, asked: list[str]) -> int:
        said = conf()
        url = url_of(said)
        arguments = [*([] if self.name is None else [self.name]), *asked]
        out: Any = self.stdout  # what `call_command(stdout=…)` says; its stream takes text as it is
        err: Any = self.stderr
        with contextlib.redirect_stdout(out._out), contextlib.redirect_stderr(err._out):
            return command_line(
                arguments, store=url, opens=lambda: open_engine(said, url), lang=language()
            )


class _Parser(CommandParser):
    """Puts what is not Django's own into `asked`."""

    def parse_args(self, args: Any = None, namespace: Any = None) -> Namespace:  # type: ignore[override]
        found: Namespace
        found, rest = self.parse_known_args(sys.argv[2:] if args is None else args, namespace)
        found.asked = rest
        return found
