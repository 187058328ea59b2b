"""Commands for official forms: list them, make one, hold one against the store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalflow.cli.options import (
    as_of_option,
    json_option,
    output_option,
    pass_session,
)
from evalflow.cli.session import Session, day_of, moment
from evalflow.errors import InvalidInput, Problem, invalid
from evalflow.files.cells import same
from evalflow.files.names import matches, words

if TYPE_CHECKING:
    from evalflow.engine.engine import Engine

_template = click.option(
    "--template",
    type=click.Path(exists=True, dir_okay=False),
    help="부서 서식 파일 · The office's own file with named fields.",
)


@click.group("form")
def form_command() -> None:
    """서식 만들기와 대조 · Official forms: make them, and check them against the store."""


@form_command.command("list")
@json_option
@pass_session
def list_command(session: Session, as_json: bool) -> None:
    """만들 수 있는 서식 · Which forms there are."""
    from evalflow.plugins.installed import Plugins

    plugins = Plugins.load()
    rows = [each for each in plugins.provided() if each.kind == "form"]
    if as_json:
        session.print_json("forms", rows)
        return
    if not rows:
        session.echo(_none(session))
        return
    heads = [session.say("이름", "name"), session.say("서식", "form")]
    heads += [session.say("형식", "formats"), session.say("플러그인", "plugin")]
    table = []
    for row in rows:
        form = plugins.form(row.name)
        formats = ", ".join(each.lstrip(".") for each in form.formats)
        table.append((row.name, session.label(form.label), formats, row.plugin))
    session.table(heads, table)


@form_command.command("make")
@click.argument("form")
@output_option("파일 · .hwpx, .xlsx or .pdf.", required=True)
@click.option("--plan", metavar="ID", help="계획 · The plan, where there are several.")
@click.option("--period", metavar="PERIOD", help="기간 · e.g. 2016-Q2 [the current one].")
@click.option("--unit", metavar="ID", help="국·과 · A unit, with all below it.")
@click.option("--number", metavar="관리번호", help="관리번호 · Only this project.")
@as_of_option
@click.option("--dated", metavar="DATE", help="등록일자 · The day printed on it.")
@_template
@click.option(
    "--values", metavar="FILE", help="서식의 값(YAML) · What its own fields say; none: left."
)
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=TEXT", help="서식의 값 · One of them."
)
@click.option(
    "--leave", multiple=True, metavar="NAME", help="그대로 둘 칸 · A field left as it is."
)
@json_option
@pass_session
def make_command(
    session: Session,
    form: str,
    output: str,
    plan: str | None,
    period: str | None,
    unit: str | None,
    number: str | None,
    as_of: str | None,
    dated: str | None,
    template: str | None,
    values: str | None,
    settings: tuple[str, ...],
    leave: tuple[str, ...],
    as_json: bool,
) -> None:
    """서식 만들기 · Fill a form from the store."""
    from evalflow.files.inputs import check_input
    from evalflow.files.output import check_output
    from evalflow.plugins.forms import FormRequest

    told, left = _told(values, settings, leave)
    with session.open() as engine:
        plan, form = plan or engine.plans.only(), _called(engine, form)
        day = None if dated is None else day_of(dated)
        request = FormRequest(
            plan=plan,
            period=None if period is None else engine.names.period(plan, period),
            unit=None if unit is None else engine.names.unit(plan, unit),
            number=number,
            at=moment(session, engine, plan, as_of),
            dated=day,
            values=told,
            leave=left,
        )
        made = engine.plugins.form(form, engine.plans.head(plan).forms.get(form))
        try:
            # what a plugin of others would write to and read
            check_output(output)
            if template is not None:
                check_input(template)
            line = made.write(engine, output, request, template=template)
        except OSError as error:
            raise click.FileError(output, error.strerror) from error
        if as_json:
            session.print_json("files", [{"file": output, "evidence": line}], plan=plan)
            return
        session.echo(output)
        session.echo(line)
        session.remark_illustrative(engine, [plan])


@form_command.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@_template
@json_option
@pass_session
def check_command(session: Session, file: str, template: str | None, as_json: bool) -> int:
    """서식이 저장소와 맞는지 대조 · Whether a form still agrees with the store.

    Exit code 0 where it does, 1 where it does not, 2 where the file is no form.
    """
    from evalflow.files.inputs import check_input

    for given in (file, template):
        if given is not None:
            check_input(given)
    with session.open() as engine:
        for name in engine.plugins.names("form"):
            for options in _said(engine, name):
                form = engine.plugins.form(name, options)
                findings = form.check(engine, Path(file), template=template)
                if findings is None:
                    continue
                if as_json:
                    session.print_json("findings", findings, file=file, form=name)
                else:
                    session.echo(f"{file}: {session.label(form.label)}")
                    for finding in findings:
                        mark = session.say("○", "ok") if finding.agrees else session.say("×", "no")
                        session.echo(f"{mark} {finding.text(session.lang)}")
                return 0 if all(each.agrees for each in findings) else 1
    raise invalid(
        "no_form",
        file=file,
        ko="evalflow가 만든 서식이 아니거나 근거가 지워졌습니다.",
        en="not a form made by evalflow, or its evidence was removed",
    )


def _called(engine: Engine, said: str) -> str:
    """Return the name of the one form that is called so: its name, its label or a part of that
    (변경계획서, 총괄 평가서). What is none, or several, is left to the plugins, which say so."""
    names = engine.plugins.names("form")
    if said in names or len(wanted := same(said)) < 2:
        return said
    labels = {name: words(engine.plugins.form(name).label) for name in names}
    found = matches(said, labels) or [
        name for name, told in labels.items() if any(wanted in same(each) for each in told)
    ]
    return found[0] if len(found) == 1 else said


def _said(engine: Engine, name: str) -> list[dict[str, object] | None]:
    """Return the options that the store's plans give this form."""
    said = [engine.plans.head(plan).forms.get(name) for plan in engine.plans.ids()]
    return [dict(each) if each else None for each in said] or [None]


def _told(
    file: str | None, settings: tuple[str, ...], leave: tuple[str, ...]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return what fields of a template say, and which are left: from a file, then by hand.

    Raises:
        InvalidInput: the file holds something else than names and texts, a setting has no `=`, or
            a name is given twice: all problems.
    """
    values: dict[str, str] = {}
    left: dict[str, None] = {}
    problems: list[Problem] = []
    if file is not None:
        values, left, problems = _values_file(file)
    by_hand = []
    for setting in settings:
        name, mark, text = setting.partition("=")
        if not mark or not name.strip():
            problems.append(
                Problem(
                    code="bad_setting",
                    path="--set",
                    value=setting,
                    ko=f"'--set {setting}'은(는) 이름=값이 아닙니다",
                    en=f"'--set {setting}' is not NAME=TEXT",
                )
            )
            continue
        by_hand.append(name.strip())
        left.pop(name.strip(), None)
        values[name.strip()] = text
    for name in leave:
        by_hand.append(name.strip())
        values.pop(name.strip(), None)
        left[name.strip()] = None
    problems += [
        Problem(
            code="twice",
            path="--set",
            value=name,
            ko=f"'{name}'을(를) --set, --leave로 두 번 주었습니다",
            en=f"'{name}' is given twice by --set or --leave",
        )
        for name in dict.fromkeys(by_hand)
        if by_hand.count(name) > 1
    ]
    if problems:
        raise InvalidInput(problems)
    return values, tuple(left)


def _values_file(file: str) -> tuple[dict[str, str], dict[str, None], list[Problem]]:
    from evalflow.files.yaml import read

    document = read(file)
    values: dict[str, str] = {}
    left: dict[str, None] = {}
    if not isinstance(document.tree, dict):
        ko, en = (
            "이름과 값의 목록이어야 합니다 (이름: 값)",
            "must hold names and texts (NAME: TEXT)",
        )
        return values, left, [Problem(code="bad_values", file=file, ko=ko, en=en)]
    problems = []
    for name, text in document.tree.items():
        if text is None:
            left[name] = None
        elif isinstance(text, str):
            values[name] = text
        else:
            line, column = document.place([name])
            problems.append(
                Problem(
                    code="bad_values",
                    file=file,
                    line=line,
                    column=column,
                    value=name,
                    ko=f"'{name}'의 값은 문자열이어야 합니다 (비우면 그대로 둠)",
                    en=f"'{name}' must be a text (nothing: the field is left)",
                )
            )
    return values, left, problems


def _none(session: Session) -> str:
    return session.say(
        "서식 플러그인이 설치되어 있지 않습니다: pip install municipal-evalflow-forms",
        "no plugin with forms is installed: pip install municipal-evalflow-forms",
    )
