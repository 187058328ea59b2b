"""Commands about plugins: what is installed, what it provides, whether it keeps its contract."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalflow.cli.new_plugins import KINDS, write
from evalflow.cli.options import json_option, pass_session
from evalflow.cli.session import Session

if TYPE_CHECKING:
    from evalflow.plugins.installed import Plugins


@click.group("plugins")
def plugins_command() -> None:
    """플러그인 · What is installed, what it provides, and whether it keeps its word."""


def _load() -> Plugins:
    from evalflow.plugins.installed import Plugins

    return Plugins.load()


@plugins_command.command("list")
@json_option
@pass_session
def list_command(session: Session, as_json: bool) -> int:
    """설치된 플러그인 · Plugins in use and what each provides; then what is left out, and why.

    Exit code 5 where something is left out.
    """
    plugins = _load()
    provided = plugins.provided()
    if as_json:
        session.print_json(
            "provided", provided, problems=[each.text("en") for each in plugins.problems]
        )
        return 5 if plugins.problems else 0
    rows = []
    for plugin in plugins.loaded:
        own = [row for row in provided if row.plugin == plugin.name]
        by_kind = {
            kind: [row.name for row in own if row.kind == kind]
            for kind in dict.fromkeys(row.kind for row in own)
        }
        given = "; ".join(f"{_kind(session, k)}: {', '.join(v)}" for k, v in by_kind.items())
        rows.append((plugin.name, plugin.distribution or "-", plugin.version or "-", given))
    heads = session.say("이름,배포,판,제공", "Name,Distribution,Version,Provides").split(",")
    session.table(heads, rows)
    _print_problems(session, plugins)
    return 5 if plugins.problems else 0


@plugins_command.command("show")
@click.argument("name")
@json_option
@pass_session
def show_command(session: Session, name: str, as_json: bool) -> None:
    """옵션과 설명 · What a plugin, or one name that it provides, takes: options and parameters."""
    from evalflow.errors import NotFound

    plugins = _load()
    shown = [row for row in plugins.provided() if name in (row.plugin, row.name)]
    if not shown:
        known = {row.name for row in plugins.provided()} | {p.name for p in plugins.loaded}
        raise NotFound("plugin", name, sorted(known))
    described = [(row, list(plugins.takes(row.kind, row.name))) for row in shown]
    if as_json:
        told = [
            {"kind": row.kind, "name": row.name, "plugin": row.plugin, "takes": list(takes)}
            for row, takes in described
        ]
        session.print_json("provided", told)
        return
    for row, takes in described:
        session.echo(f"{_kind(session, row.kind)} {row.name} ({row.plugin} {row.version or ''})")
        for option in takes:
            must = session.say("필수", "required") if option.required else f"= {option.default}"
            session.echo(f"  {option.name}: {option.type} {must}")


@plugins_command.command("check")
@click.argument("name", required=False)
@json_option
@pass_session
def check_command(session: Session, name: str | None, as_json: bool) -> int:
    """계약 검사 · Does what is provided keep its contract, as far as can be asked without a server?

    All of it, or one plugin or name. The kits in `evalflow.testing` ask everything.

    Exit code 5 where something does not.
    """
    plugins = _load()
    found = list(plugins.findings(name))
    if as_json:
        session.print_json("findings", found, problems=[p.text("en") for p in plugins.problems])
    else:
        for each in found:
            mark = (
                session.say("이상 없음", "ok")
                if each.fault is None
                else session.say("규약 위반", "broken")
            )
            about = f"{_kind(session, each.kind)} {each.name} ({each.plugin})"
            why = "" if each.fault is None else f": {session.label(each.fault)}"
            session.echo(f"{mark}: {about}{why}")
        _print_problems(session, plugins)
    return 5 if plugins.problems or any(each.fault for each in found) else 0


@plugins_command.command(
    "trace", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False}
)
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@json_option
@pass_session
def trace_command(session: Session, command: tuple[str, ...], as_json: bool) -> int:
    """호출 기록 · Which hooks are called, in order: with what, their answers, and how long it took.

    Of COMMAND, which is run (`evalflow plugins trace fire …`), behind what it prints; without one,
    of opening an engine. `--json` stands before COMMAND.
    """
    from evalflow.plugins.hook_calls import HookCall, watchers

    calls: list[HookCall] = []
    watchers.append(calls.append)
    try:
        code = _run_command(session, command) if command else 0
        if not command:
            _load()
    finally:
        watchers.remove(calls.append)
    if as_json:
        session.print_json("calls", calls)
        return code
    heads = session.say("순서,훅,플러그인,인자,답,µs", "No.,Hook,Plugin,Arguments,Answer,µs")
    rows = [
        (
            str(number),
            call.hook,
            call.plugin,
            ", ".join(call.arguments) or "-",
            ", ".join(call.names) or "-",
            str(call.microseconds),
        )
        for number, call in enumerate(calls, start=1)
    ]
    session.table(heads.split(","), rows, right=(0, 5))
    return code


def _run_command(session: Session, command: tuple[str, ...]) -> int:
    """Run another command on the same store and in the same language; return its exit code."""
    from evalflow.cli import run

    root = click.get_current_context().find_root().params
    store = ["--store", str(root["store"])] if root.get("store") else []
    return run([*store, "--lang", session.lang, *command])


@plugins_command.command("new")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("name")
@click.option(
    "--into",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    default=".",
    help="만들 위치 · Where its folder goes; else here.",
)
@pass_session
def new_command(session: Session, kind: str, name: str, into: Path) -> None:
    """새 플러그인 뼈대 · Write the skeleton of a plugin of one's own, with the kit that it passes.

    KIND is scorer, notifier, storage or form; NAME is what plans, commands or URLs will call it.
    """
    folder = write(kind, name, into)
    session.echo(
        session.say(
            f"{folder}을(를) 만들었습니다. 그 폴더에서 pip install -e '.[test]' && pytest",
            f"made {folder}; in it: pip install -e '.[test]' && pytest",
        )
    )


def _kind(session: Session, kind: str) -> str:
    from evalflow.plugins.installed import KINDS

    return session.say(*KINDS[kind])


def _print_problems(session: Session, plugins: Plugins) -> None:
    for problem in plugins.problems:
        session.echo(session.say("제외: ", "left out: ") + problem.text(session.lang))
