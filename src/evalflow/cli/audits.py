"""Commands for the audit office: bundles, and checkpoints for paper."""

from __future__ import annotations

import base64
import datetime as dt
import os
from typing import TYPE_CHECKING, Any

import click

from evalflow.cli.checkpoints import (
    keys_of,
    points_of,
    print_coverage,
    signer_of,
    signer_option,
    text_of,
    trust_logs,
    trust_option,
)
from evalflow.cli.maintenance import print_mismatches
from evalflow.cli.options import (
    Respelled,
    json_option,
    output_option,
    pass_session,
)
from evalflow.cli.session import Session
from evalflow.files.output import write_output

if TYPE_CHECKING:
    from evalflow.audit.bundle import Bundle
    from evalflow.audit.checkpoints import SignedCheckpoint


@click.group("audit")
def audit_command() -> None:
    """감사 묶음과 확인값 · Audit bundles, and checkpoints for paper."""


@audit_command.command("export")
@click.argument("projects", nargs=-1, metavar="[PROJECT]...")
@click.option("--plan", metavar="ID", help="계획 전체 · A whole plan (without PROJECT).")
@output_option("파일 · The file [PLAN-audit.zip].", type=click.Path(dir_okay=False))
@click.option(
    "--refusals-of",
    metavar="ID",
    help="지금 처리할 수 없는 업무와 사유도 · Also what this actor may not do now, and why.",
)
@click.option(
    "--checkpoint-to",
    "beside",
    type=click.Path(dir_okay=False),
    help="묶음의 무결성을 보증하는 확인값의 파일 · Write the checkpoint of the bundle here, too.",
)
@signer_option
@json_option
@pass_session
def export_command(
    session: Session,
    projects: tuple[str, ...],
    plan: str | None,
    output: str | None,
    refusals_of: str | None,
    beside: str | None,
    signer: str | None,
    as_json: bool,
) -> None:
    """한 파일로 내보내기 · Export projects, or a whole plan, as one file that another machine
    verifies without a database; and the checkpoint that seals it."""
    signs = signer_of(signer)
    with session.open() as engine:
        projects = tuple([engine.names.project(each, plan=plan) for each in projects])
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
    point = bundle.sealed(signs)
    if beside is not None:
        write_output(beside, str(point))
    if as_json:
        session.print_json("bundles", [_told(bundle)], file=path, text=str(point))
        return
    session.echo(path)
    _print_bundle(session, bundle)
    session.echo(str(point))


@audit_command.command("verify")
@click.argument("bundle", type=click.Path(dir_okay=False))
@click.option(
    "--checkpoint",
    "noted",
    metavar="FILE",
    help="확인값(파일 또는 글) · A checkpoint: a file, or its text.",
)
@trust_logs
@json_option
@pass_session
def verify_command(
    session: Session, bundle: str, noted: str | None, trusted: tuple[str, ...], as_json: bool
) -> int:
    """감사 묶음 검증 · Verify a bundle: no store is needed.

    Exit code 0 where everything fits, 1 where something does not. With a checkpoint, also what it
    covers, and what is not protected.
    """
    from evalflow.audit.bundle import verify_bundle

    points = points_of(session, [] if noted is None else [noted], trusted)
    point = points[0] if points else None
    with session.busy("감사 묶음 검증 중", "verifying the bundle"):
        about, found = verify_bundle(bundle, noted=point)
    if as_json:
        session.print_json("mismatches", found, bundle=_told(about))
    else:
        _print_bundle(session, about)
        print_mismatches(session, found)
    print_coverage(session, [] if about.cover is None else [about.cover])
    if getattr(point, "seal", "") is None:
        session.remark(
            session.say(
                "이 확인값은 묶음을 만든 때, 알림의 발송, 처리 불가 목록까지 보호하지는 않습니다"
                "(내보낼 때 나온 확인값이 보호합니다).",
                "when the bundle was made, how notices were delivered and refusals are not covered "
                "by this checkpoint (they are by the one that came with the export).",
            )
        )
    return 1 if found else 0


@audit_command.command("key")
@click.argument("name")
@click.option(
    "-o", "--output", "output", cls=Respelled, older=("--out",),
    type=click.Path(dir_okay=False), default="evalflow.key", show_default=True,
    help="키 파일 · The file to write; it must not exist yet.",
)  # fmt: skip
@click.option("--witness", is_flag=True, help="증인의 키 · A witness's key, for cosigning.")
@pass_session
def key_command(session: Session, name: str, output: str, witness: bool) -> None:
    """서명 키 만들기 · Make the office's key, e.g. NAME seodaemun.go.kr/evalflow.

    The file is secret; what is printed is for everybody: `--trust` takes it.
    """
    from evalflow.plugins.signer import COSIGNATURE, VerifierKey, make_key

    try:
        public = make_key(name, output)
    except OSError as error:
        raise click.FileError(output, error.strerror) from error
    session.echo(str(VerifierKey(name, COSIGNATURE, public.public) if witness else public))


@audit_command.command("checkpoint")
@click.argument("plan", required=False)
@click.option(
    "--since",
    metavar="FILE",
    help="앞 확인값에서 이어진다는 증명도 · With the proof that it only adds to this earlier one.",
)
@click.option(
    "--sheet",
    type=click.Path(dir_okay=False),
    help="QR 그림이 든 확인서(HTML) · A sheet for the paper file, with a QR picture.",
)
@signer_option
@json_option
@pass_session
def checkpoint_command(
    session: Session,
    plan: str | None,
    since: str | None,
    sheet: str | None,
    signer: str | None,
    as_json: bool,
) -> None:
    """확인값 · The few lines that stand for the plan's whole history up to now.

    Put them on paper, or with somebody else; `evalflow verify --checkpoint` and `audit verify
    --checkpoint` hold the store, or a bundle, against them in later years.
    """
    from evalflow.audit.log import read_checkpoint
    from evalflow.audit.verification import Checkpoint
    from evalflow.errors import invalid

    signs = signer_of(signer)
    earlier = None if since is None else read_checkpoint(text_of(since))
    if isinstance(earlier, Checkpoint):
        raise invalid(
            "bad_checkpoint",
            value=str(earlier),
            ko="한 줄 확인값에서는 이어짐을 증명할 수 없습니다. `verify --checkpoint`로 "
            "대조하십시오.",
            en="nothing can be proved from a checkpoint of one line; hold the store to it by "
            "`verify --checkpoint`",
        )
    with session.open() as engine:
        if earlier is None:
            point, told = engine.audit.sign_checkpoint(plan, signer=signs), None
        else:
            told = engine.audit.extend_checkpoint(earlier, signer=signs)
            point = told.checkpoint
        zone = engine.plans.calendar(point.plan).zone
    if sheet is not None:
        from evalflow.audit.sheet import sheet as printed

        write_output(sheet, printed(point, dt.datetime.now(zone), session.lang))
    text = str(point if told is None else told)
    if as_json:
        session.print_json("checkpoints", [_point(point)], text=text)
    else:
        click.echo(text, nl=False)


@audit_command.command("cosign")
@click.argument("request", type=click.Path(exists=True, dir_okay=False))
@click.option(
    "--seen",
    type=click.Path(dir_okay=False),
    required=True,
    help="마지막으로 확인한 확인값을 두는 파일 · The file that keeps the last one cosigned.",
)
@trust_option(
    "기록의 주인 키 · The key of the office whose log it is: its text, or a file with it."
)
@signer_option
@pass_session
def cosign_command(
    session: Session, request: str, seen: str, trusted: tuple[str, ...], signer: str | None
) -> None:
    """증인 서명 · Cosign, as a witness, what `audit checkpoint --since` printed.

    Signed only where the office's key signed it, and it is proved that nothing was taken back
    since the last one that was cosigned here. A first checkpoint (without --since) is taken as
    the beginning.
    """
    from evalflow.audit.checkpoints import Extended, SignedCheckpoint, witness
    from evalflow.errors import invalid

    signs = signer_of(signer)
    if signs is None:
        raise invalid(
            "no_signer",
            ko="누가 서명할지 정하십시오: --signer ed25519:key=witness.key",
            en="say who signs: --signer ed25519:key=witness.key",
        )
    text = text_of(request)
    sent = (
        Extended.read(text)
        if text.startswith("old ")
        else Extended(old=0, proof=(), checkpoint=SignedCheckpoint.read(text))
    )
    last = SignedCheckpoint.read(text_of(seen)) if os.path.exists(seen) else None
    signed = witness(sent, last, keys_of(trusted), signs, dt.datetime.now(dt.UTC))
    write_output(seen, str(signed))
    click.echo(str(signed), nl=False)


def _point(point: SignedCheckpoint) -> dict[str, Any]:
    return {
        "origin": point.origin,
        "size": point.size,
        "root": base64.b64encode(point.root).decode(),
        "more": point.more,
        "signed_by": [each.name for each in point.signatures],
    }


def _told(bundle: Bundle) -> dict[str, Any]:
    """Return what is printed of a bundle as JSON."""
    return {
        "plan": bundle.plan,
        "made_at": bundle.made_at,
        "whole": bundle.whole,
        "project_count": bundle.projects,
        "entry_count": bundle.entries,
        "checkpoint": bundle.checkpoint,
        "seal": bundle.seal,
        "log": None if bundle.log is None else _point(bundle.log),
    }


def _print_bundle(session: Session, bundle: Bundle) -> None:
    scope = session.say("계획 전체", "whole plan") if bundle.whole else session.say("일부", "part")
    session.echo(
        session.say(
            f"{bundle.plan} ({scope}): 사업 {bundle.projects}개, 이력 {bundle.entries}건, "
            f"{bundle.made_at.isoformat(timespec='seconds')}",
            f"{bundle.plan} ({scope}): {bundle.projects} projects, {bundle.entries} entries, "
            f"{bundle.made_at.isoformat(timespec='seconds')}",
        )
    )
    session.echo(session.say("확인값 ", "checkpoint ") + str(bundle.checkpoint))
    session.echo(session.say("무결성 값 ", "seal ") + bundle.seal)
