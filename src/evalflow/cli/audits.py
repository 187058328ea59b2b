"""Commands for the audit office: bundles, and checkpoints for paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from evalflow.cli.maintenance import print_mismatches
from evalflow.cli.session import Session

if TYPE_CHECKING:
    from evalflow.audit.bundle import Bundle

_pass = click.make_pass_decorator(Session)
_json = click.option("--json", "as_json", is_flag=True, help="JSON으로 출력 · Print JSON.")


@click.group("audit")
def audit_command() -> None:
    """감사 묶음과 확인값 · Audit bundles, and checkpoints for paper."""


@audit_command.command("export")
@click.argument("projects", nargs=-1, metavar="[PROJECT]...")
@click.option("--plan", metavar="ID", help="계획 전체 · A whole plan (without PROJECT).")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False), help="파일 · The file [PLAN-audit.zip]."
)
@click.option(
    "--refusals-of",
    metavar="ID",
    help="이 사람에게 지금 거부되는 일과 사유도 · Also what is refused to this actor, and why.",
)
@_json
@_pass
def export_command(
    session: Session,
    projects: tuple[str, ...],
    plan: str | None,
    output: str | None,
    refusals_of: str | None,
    as_json: bool,
) -> None:
    """한 파일로 내보내기 · Export projects, or a whole plan, as one file that another machine
    verifies without a database."""
    with session.open() as engine:
        about = plan or (engine.project(projects[0]).plan if projects else engine.plans.only())
        actor = None if refusals_of is None else engine.actor(about, refusals_of)
        path = output or f"{about}-audit.zip"
        with session.busy("감사 묶음 작성 중", "writing the bundle"):
            try:
                bundle = engine.audit.export(
                    path, plan=plan, projects=projects or None, refusals_of=actor
                )
            except OSError as error:
                raise click.FileError(path, error.strerror) from error
    if as_json:
        session.print_json("bundle", [bundle], file=path)
        return
    session.echo(path)
    _print_bundle(session, bundle)


@audit_command.command("verify")
@click.argument("bundle", type=click.Path(dir_okay=False))
@click.option(
    "--checkpoint", "noted", metavar="TEXT", help="적어 둔 확인값 · A checkpoint noted on paper."
)
@_json
@_pass
def verify_command(session: Session, bundle: str, noted: str | None, as_json: bool) -> int:
    """감사 묶음 검증 · Verify a bundle: no store is needed.

    Exit code 0 where everything fits, 1 where something does not.
    """
    from evalflow.audit.bundle import verify_bundle
    from evalflow.audit.verification import Checkpoint

    point = None if noted is None else Checkpoint.read(noted)
    with session.busy("감사 묶음 검증 중", "verifying the bundle"):
        about, found = verify_bundle(bundle, noted=point)
    if as_json:
        session.print_json("mismatches", found, bundle=about)
    else:
        _print_bundle(session, about)
        print_mismatches(session, found)
    return 1 if found else 0


@audit_command.command("checkpoint")
@click.argument("plan", required=False)
@_json
@_pass
def checkpoint_command(session: Session, plan: str | None, as_json: bool) -> None:
    """확인값 · The line that stands for the plan's whole history up to now.

    Put it on paper; `evalflow verify --checkpoint` and `audit verify --checkpoint` hold the store,
    or a bundle, against it in later years.
    """
    with session.open() as engine:
        point = engine.audit.checkpoint(plan)
    if as_json:
        session.print_json("checkpoints", [point], text=str(point))
    else:
        session.echo(str(point))


def _print_bundle(session: Session, bundle: Bundle) -> None:
    scope = session.say("계획 전체", "whole plan") if bundle.whole else session.say("일부", "part")
    session.echo(
        session.say(
            f"{bundle.plan} ({scope}): 사업 {bundle.projects}건, 이력 {bundle.entries}건, "
            f"{bundle.made_at.isoformat(timespec='seconds')}",
            f"{bundle.plan} ({scope}): {bundle.projects} projects, {bundle.entries} entries, "
            f"{bundle.made_at.isoformat(timespec='seconds')}",
        )
    )
    session.echo(session.say("확인값 ", "checkpoint ") + str(bundle.checkpoint))
    session.echo(session.say("봉인 ", "seal ") + bundle.seal)
