"""The command report: one sheet to look at, and the details behind it."""

from __future__ import annotations

import click

from evalflow.cli.options import (
    as_of_option,
    json_option,
    output_option,
    pass_session,
)
from evalflow.cli.session import Session, moment
from evalflow.errors import invalid


@click.command("report")
@output_option("파일 · .html to write.", required=True)
@click.option("--plan", metavar="ID", help="계획 · The plan, where there are several.")
@click.option("--period", metavar="PERIOD", help="기간 · e.g. 2016-Q2 [the current one].")
@click.option("--unit", metavar="ID", help="국·과 · A unit, with all below it.")
@as_of_option
@json_option
@pass_session
def report_command(
    session: Session,
    output: str,
    plan: str | None,
    period: str | None,
    unit: str | None,
    as_of: str | None,
    as_json: bool,
) -> None:
    """회의용 현황 보고서 · For the meeting: where all projects stand, who is late, what lags.

    A page for a period that is over shows it just before the next one was opened.
    """
    from evalflow.files.output import check_output
    from evalflow.plugins.forms import FormRequest

    with session.open() as engine:
        plan = plan or engine.plans.only()
        if "report" not in engine.plugins.names("form"):
            raise invalid(
                "no_plugin",
                ko="현황 보고서 플러그인이 없습니다: pip install municipal-evalflow-report",
                en="no plugin makes the report: pip install municipal-evalflow-report",
            )
        request = FormRequest(
            plan=plan,
            period=None if period is None else engine.names.period(plan, period),
            unit=None if unit is None else engine.names.unit(plan, unit),
            at=moment(session, engine, plan, as_of),
            lang=session.lang,
        )
        report = engine.plugins.form("report", engine.plans.head(plan).forms.get("report"))
        try:
            check_output(output)  # what a plugin of others would write to
            line = report.write(engine, output, request)
        except OSError as error:
            raise click.FileError(output, error.strerror) from error
        if as_json:
            session.print_json("files", [{"file": output, "evidence": line}], plan=plan)
            return
        session.echo(output)
        session.echo(line)
        session.remark_illustrative(engine, [plan])
