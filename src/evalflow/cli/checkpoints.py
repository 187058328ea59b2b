"""What commands share about checkpoints: reading them, whose signatures count, who signs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from evalflow.cli.session import Session
from evalflow.errors import invalid
from evalflow.files.inputs import opened_text

if TYPE_CHECKING:
    from evalflow.audit.checkpoints import SignedCheckpoint
    from evalflow.audit.log import Coverage
    from evalflow.audit.verification import Checkpoint
    from evalflow.plugins.signer import Signer, VerifierKey

signer_option = click.option(
    "--signer",
    metavar="NAME:OPTIONS",
    envvar="EVALFLOW_SIGNER",
    help="서명 수단 · What signs, e.g. ed25519:key=office.key [EVALFLOW_SIGNER].",
)


def trust_option(help: str) -> Callable[[Any], Any]:
    """Return the option that names the keys whose signatures count."""
    return click.option("--trust", "trusted", multiple=True, metavar="KEY", help=help)


trust_logs = trust_option(
    "서명을 확인할 키(글 또는 파일) · A key whose signature must be under checkpoints: its text, "
    "or a file with it."
)


def signer_of(text: str | None) -> Signer | None:
    """Return the signer that `--signer` names, None where none was asked for.

    Raises:
        InvalidInput: no such signer, or its options are wrong.
    """
    if not text:
        return None
    from evalflow.plugins.installed import Plugins

    name, _, told = text.partition(":")
    options = {}
    for each in filter(None, told.split(",")):
        key, equals, value = each.partition("=")
        if not equals:
            raise invalid(
                "bad_setting",
                value=each,
                ko=f"--signer의 선택사항은 이름=값 꼴이어야 합니다: '{each}'",
                en=f"the options of --signer are name=value, got '{each}'",
            )
        options[key] = value
    return Plugins.load().signer(name, options, at=("--signer", name))


def keys_of(trusted: Iterable[str]) -> list[VerifierKey]:
    """Return the keys that `--trust` names: each as text, or in a file.

    Raises:
        InvalidInput: one of them is no key.
    """
    from evalflow.plugins.signer import VerifierKey

    return [
        VerifierKey.read(line)
        for each in trusted
        for line in text_of(each).splitlines()
        if line.strip()
    ]


def text_of(given: str) -> str:
    """Return what is in the file of this name, or the text itself where there is no such file.

    Raises:
        InvalidInput: the file cannot be read.
    """
    if "\n" in given or not os.path.isfile(given):
        return given
    try:
        with opened_text(given) as file:
            return file.read(1_000_000)
    except (OSError, UnicodeDecodeError) as error:
        raise invalid(
            "no_file",
            file=given,
            ko="파일을 읽을 수 없습니다 (UTF-8)",
            en=f"cannot read the file as UTF-8 ({type(error).__name__})",
        ) from None


def points_of(
    session: Session, given: Sequence[str], trusted: Sequence[str]
) -> list[SignedCheckpoint | Checkpoint]:
    """Return the checkpoints that a command was given, signatures checked by the trusted keys.

    Raises:
        InvalidInput: one is none, or is not signed by a trusted key; all that is wrong.
    """
    from evalflow.audit.log import read_checkpoint
    from evalflow.audit.verification import Checkpoint
    from evalflow.errors import InvalidInput, Problem

    keys = keys_of(trusted)
    found: list[SignedCheckpoint | Checkpoint] = []
    problems: list[Problem] = []
    unsure = False
    for each in given:
        try:
            point = read_checkpoint(text_of(each))
            if isinstance(point, Checkpoint):
                unsure = unsure or bool(keys)
            elif keys:
                for signed in point.check(keys):
                    when = "" if signed.at is None else f" {signed.at.isoformat()}"
                    session.remark(
                        session.say(
                            f"서명 확인: {point.origin} {point.size}, {signed.key.name}{when}",
                            f"signature checked: {point.origin} {point.size}, "
                            f"{signed.key.name}{when}",
                        )
                    )
            else:
                unsure = unsure or bool(point.signatures)
            found.append(point)
        except InvalidInput as error:
            problems += error.problems
    if problems:
        raise InvalidInput(problems)
    if unsure:
        session.remark(
            session.say(
                "서명은 확인하지 않았습니다(확인하려면 --trust 키).",
                "signatures were not checked (--trust KEY does).",
            )
        )
    return found


def print_coverage(session: Session, covers: Iterable[Coverage]) -> None:
    """Say, beside the output, what is covered by which checkpoint and what by none."""
    for cover in covers:
        session.remark(cover.text(session.lang))
