"""Files that are written: whole or not at all, never over a store, never through a link.

A file of the same name is replaced when the new one is complete. Until then it is written beside
it under a name that nobody could have foreseen.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from evalflow.errors import InvalidInput, invalid

_DATABASE = b"SQLite format 3\0"
BESIDE_A_STORE = ("-wal", "-shm", "-queue", "-journal", "-run")
"""What the names of files end in that stand beside a store, and come and go."""

_FLAGS = os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)


@contextmanager
def writing(path: str | os.PathLike[str], *, growing: bool = False) -> Iterator[BinaryIO]:
    """Give a file to write to, which is at `path` when all of it is written. A file that is
    `growing` is there from the beginning, for what may be broken off.

    Raises:
        InvalidInput: a store or a link is there; it is left alone.
        OSError: the file cannot be written; nothing is left behind. It names the file.
    """
    target = os.fspath(path)
    try:
        with _written(target, growing) as file:
            yield file
    except OSError as error:
        if error.errno is None or error.filename not in (None, target, _beside(error, target)):
            raise  # of another file
        raise OSError(error.errno, error.strerror, target) from error


def _beside(error: OSError, target: str) -> object:
    """Return the name that the error tells where it is that of the file written beside `target`."""
    folder, name = os.path.split(target)
    told = str(error.filename)
    own = told.startswith(os.path.join(folder, f".{name}.")) and told.endswith(".part")
    return error.filename if own else None


@contextmanager
def _written(target: str, growing: bool) -> Iterator[BinaryIO]:
    there = check_output(target)
    if growing or (there is not None and not stat.S_ISREG(there.st_mode)):  # a device, a pipe
        flags = _FLAGS if _is_device(target) else _FLAGS | _NO_LINK
        piped = there is not None and stat.S_ISFIFO(there.st_mode)
        if piped:  # which nobody reads: told (ENXIO) and not waited for
            flags |= _NO_WAIT
        with os.fdopen(os.open(target, flags, 0o666), "wb") as file:
            if piped:
                os.set_blocking(file.fileno(), True)
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                file.truncate()
            yield file
        return
    folder, name = os.path.split(target)
    beside = os.path.join(folder, f".{name}.{os.urandom(8).hex()}.part")
    number = os.open(beside, _FLAGS | os.O_EXCL | _NO_LINK, 0o666)
    try:
        with os.fdopen(number, "wb") as file:
            if there is not None:
                with suppress(OSError):  # a folder of another system
                    os.chmod(beside, stat.S_IMODE(there.st_mode))
            yield file
        check_output(target)  # again: it may have become something else meanwhile
        os.replace(beside, target)
    except BaseException:
        with suppress(OSError):
            os.remove(beside)
        raise


def write_output(path: str | os.PathLike[str], content: str | bytes | Iterable[bytes]) -> None:
    """Write the whole file; text in UTF-8, its line ends as they are; pieces as they come.

    Raises:
        InvalidInput, OSError: as `writing`.
    """
    with writing(path) as file:
        if isinstance(content, str):
            content = content.encode()
        file.writelines([content] if isinstance(content, bytes) else content)


def check_output(path: str | os.PathLike[str]) -> os.stat_result | None:
    """Return what is at `path` and may be replaced, None where nothing is.

    Raises:
        InvalidInput: a store, a file of a store, or a link.
    """
    target = os.fspath(path)
    own = next((target.removesuffix(e) for e in BESIDE_A_STORE if target.endswith(e)), target)
    try:
        there = os.lstat(target)
    except OSError:  # nothing there, or nothing that can be written: told by whoever opens it
        if own != target and _is_database(own):
            raise _of_a_store(target) from None
        return None
    if stat.S_ISLNK(there.st_mode):
        if _is_device(target):
            return os.stat(target)
        raise invalid(
            "output_is_link",
            file=target,
            ko="다른 파일을 가리키는 링크입니다. 링크에는 쓰지 않습니다",
            en="it is a link to another file; evalflow does not write through links",
        )
    if stat.S_ISREG(there.st_mode) and (
        _is_database(target) or (own != target and _is_database(own))
    ):
        raise _of_a_store(target)
    return there


def _of_a_store(target: str) -> InvalidInput:
    return invalid(
        "output_is_store",
        file=target,
        ko="저장소(데이터베이스) 파일입니다. 덮어쓰지 않습니다. 다른 이름을 정하십시오",
        en="it is a store (a database), which is not overwritten: choose another name",
    )


def _is_device(target: str) -> bool:
    """Say whether the system's own links may stand there (`/dev/stdout`); in `/dev/shm` everybody
    may put links."""
    return target.startswith("/dev/") and not target.startswith("/dev/shm/")  # noqa: S108


def _is_database(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(len(_DATABASE)) == _DATABASE
    except OSError:
        return False
