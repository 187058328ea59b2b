"""Backups of a storage that stands on `StorageBase`: one file of lines, and the way back.

The first line names the format; each further one is a key and its text, in order; the last one is
the SHA-256 of all before it, so that half a copy, or one that was altered by accident, is refused.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress

from evalflow.model.canonical import canonical, parse
from evalflow.storage.sql import ErrorTexts

_FORMAT = "evalflow-base"


def write_copy(texts: Iterable[tuple[str, str]], path: str, version: str) -> None:
    """Write everything into a new file.

    Raises:
        StorageError: `exists`, `missing` folder, or it cannot be written.
    """
    try:
        number = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o640)
    except FileExistsError:
        raise _SAYS.error("exists", path) from None
    except FileNotFoundError:
        raise _SAYS.error("no_folder", path) from None
    except OSError as error:
        raise _SAYS.error("unreachable", path, str(error)) from error
    seal = hashlib.sha256()
    try:
        with os.fdopen(number, "wb") as file:
            for line in ([_FORMAT, version], *texts):
                content = canonical(list(line)).encode() + b"\n"
                seal.update(content)
                file.write(content)
            file.write(canonical([seal.hexdigest()]).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except BaseException as error:
        with suppress(OSError):
            os.remove(path)
        if isinstance(error, OSError):
            raise _SAYS.error("unreachable", path, str(error)) from error
        raise


def read_copy(path: str, version: str, *, empty: bool) -> list[tuple[str, str]]:
    """Return the keys and texts of a copy. `empty` says whether the store that it goes into is.

    Raises:
        StorageError: `missing`: there is no such file; `exists`: the store is not empty; `foreign`,
            `newer` or `corrupt`: the file is no copy that this version can read.
    """
    if not os.path.isfile(path):
        raise _SAYS.error("missing", path)
    if not empty:
        raise _SAYS.error("not_empty", path)
    try:
        with open(path, "rb") as file:
            lines = file.read().splitlines(keepends=True)
    except OSError as error:
        raise _SAYS.error("unreachable", path, str(error)) from error
    if not lines or not lines[0].startswith(canonical([_FORMAT, ""]).encode()[:-2]):
        raise _SAYS.error("foreign", path)
    if lines[0] != canonical([_FORMAT, version]).encode() + b"\n":
        raise _SAYS.error("newer", path)
    seal = hashlib.sha256(b"".join(lines[:-1])).hexdigest()
    if lines[-1] != canonical([seal]).encode() + b"\n":
        raise _SAYS.error("corrupt", path)
    return [tuple(parse(line.decode())) for line in lines[1:-1]]


_SAYS = ErrorTexts(
    sentences={
        "exists": (
            "같은 이름의 파일이 이미 있어 그대로 두었습니다: {place}",
            "the file exists already and was left alone: {place}",
        ),
        "not_empty": (
            "비어 있지 않은 저장소에는 사본을 넣지 않습니다: {place}",
            "a copy is restored only into an empty store: {place}",
        ),
        "no_folder": ("폴더가 없습니다: {place}", "there is no such folder: {place}"),
        "missing": ("그런 사본이 없습니다: {place}", "there is no such copy: {place}"),
        "foreign": (
            "evalflow 저장소의 사본이 아닙니다: {place}",
            "it is not a copy of a store: {place}",
        ),
        "newer": (
            "더 새로운 evalflow로 만든 사본입니다. evalflow를 업그레이드하십시오: {place}",
            "a later evalflow made the copy; upgrade evalflow: {place}",
        ),
        "corrupt": ("사본이 손상되었습니다: {place}", "the copy is damaged: {place}"),
        "unreachable": (
            "파일을 읽거나 쓸 수 없습니다: {place} ({detail})",
            "the file cannot be read or written: {place} ({detail})",
        ),
    },
    codes={"not_empty": "exists", "no_folder": "missing"},
)
