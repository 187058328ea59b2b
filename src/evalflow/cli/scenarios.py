"""Commands for scenarios: run them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalflow.cli.options import json_option, pass_session
from evalflow.cli.session import Session
from evalflow.errors import InvalidInput, Problem, invalid

if TYPE_CHECKING:
    from evalflow.testing.scenario import Failure, Scenario


@click.group("scenario")
def scenario_command() -> None:
    """시나리오 · Run scenarios: what is expected of a plan's rules."""


@scenario_command.command("run")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@json_option
@pass_session
def run_command(session: Session, paths: tuple[Path, ...], as_json: bool) -> int:
    """시나리오 실행 · Run scenario files, or all in a folder, each in a fresh store.

    Exit code 0 where all is as expected, 1 where something is not.
    """
    from evalflow.testing.scenario import load_scenario, run_scenario

    files = [file for path in paths for file in _files(path)]
    loaded: list[Scenario] = []
    problems: list[Problem] = []
    for file in files:
        try:
            loaded.append(load_scenario(file))
        except InvalidInput as error:
            problems.extend(error.problems)
    if problems:
        raise InvalidInput(problems)
    failures: list[Failure] = []
    for scenario in loaded:
        found = run_scenario(scenario)
        failures.extend(found)
        if not as_json:
            mark = session.say("실패", "failed") if found else session.say("통과", "passed")
            steps = session.say(f"{len(scenario.steps)}단계", f"{len(scenario.steps)} steps")
            session.echo(f"{mark}: {session.label(scenario.label)} ({scenario.file}, {steps})")
            for failure in found:
                session.echo("  " + failure.text(session.lang))
    if as_json:
        session.print_json("failures", failures, scenarios=len(loaded))
    return 1 if failures else 0


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(file for file in path.iterdir() if file.name.endswith(".scenario.yaml"))
    if not found:
        ko, en = "시나리오(*.scenario.yaml)가 없습니다", "no scenario (*.scenario.yaml) here"
        raise invalid(
            "no_scenario",
            file=str(path),
            ko=ko,
            en=en,
        )
    return found
