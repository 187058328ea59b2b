"""Backups: a store as one file, and the way back."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from evalflow.cli.maintenance import print_mismatches
from evalflow.cli.options import pass_session
from evalflow.cli.session import Session
from evalflow.errors import invalid

if TYPE_CHECKING:
    from evalflow.engine.engine import Engine
    from evalflow.storage.contract import Copies


@click.command("backup")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False),
    help="백업 파일(새 이름) · The file to write; it must not exist yet.",
)
@pass_session
def backup_command(session: Session, output: str) -> None:
    """백업 · Write the whole store into one file, of one moment, also while others write.

    `evalflow restore` puts it back into an empty store.
    """
    from evalflow.files.output import check_output

    if not os.path.lexists(output):  # else the storage says that it exists
        check_output(output)
    with session.open() as engine, session.busy("백업 중", "backing up"):
        copies_of(engine).copy_to(output)
    size = os.path.getsize(output)
    session.echo(session.say(f"{output}: {size:,}바이트", f"{output}: {size:,} bytes"))


@click.command("restore")
@click.argument("copy", type=click.Path(exists=True, dir_okay=False))
@pass_session
def restore_command(session: Session, copy: str) -> int:
    """되돌리기 · Put a backup into a new store (`--store`), and check it against its history.

    The store must be empty, or not there yet. Exit code 1 where what was restored does not agree
    with its history; it is then there to be looked at.
    """
    made = session.path is not None and not os.path.exists(session.path)
    with session.open(must_exist=False) as engine:
        try:
            with session.busy("되돌리는 중", "restoring"):
                copies_of(engine).restore_from(copy)
        except BaseException:
            if made and session.path is not None:
                engine.close()
                with suppress(OSError):
                    os.remove(session.path)
            raise
        plans = engine.plans.ids()
        session.echo(
            session.say(
                f"되돌렸습니다: 계획 {len(plans)}건 ({', '.join(plans)})",
                f"restored: {len(plans)} {'plan' if len(plans) == 1 else 'plans'} "
                f"({', '.join(plans)})",
            )
        )
        with session.busy("이력 대조 중", "checking histories"):
            found = list(engine.audit.verify()) if plans else []
        print_mismatches(session, found)
        return 1 if found else 0


def copies_of(engine: Engine) -> Copies:
    """Return what makes copies of the engine's store.

    Raises:
        InvalidInput: its storage makes none.
    """
    from evalflow.storage.contract import Copies

    if not isinstance(engine.storage, Copies):
        name = type(engine.storage).__name__
        raise invalid(
            "no_copies",
            value=name,
            ko=f"이 저장소({name})는 백업을 지원하지 않습니다.",
            en=f"this storage ({name}) does not support backups",
        )
    return engine.storage
