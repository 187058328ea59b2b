"""Files that people hand over, opened: what is no file holds up nobody.

A named pipe that nobody writes to would be waited for without end, and a device read without end.
"""

from __future__ import annotations

import os
import stat
from io import TextIOWrapper
from typing import BinaryIO

from evalflow.errors import invalid

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)
)
_OF_THE_SHELL = ("/dev/", "/proc/")
"""Where a pipe stands that somebody is writing to: `/dev/stdin`, `<(…)`."""

_OF_EVERYBODY = "/dev/shm/"  # noqa: S108 - where anybody may put one


def opened(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file to be read.

    Raises:
        InvalidInput: it is a device, or a named pipe.
        OSError, ValueError: it cannot be opened: there is none, it is a folder, a NUL in the path.
    """
    number = os.open(path, _FLAGS)
    try:
        kind = os.fstat(number).st_mode
        _check(kind, os.fspath(path))
        if stat.S_ISFIFO(kind):
            os.set_blocking(number, True)
        return os.fdopen(number, "rb")  # a folder is told here
    except BaseException:
        os.close(number)
        raise


def opened_text(
    path: str | os.PathLike[str], encoding: str = "utf-8-sig", newline: str | None = None
) -> TextIOWrapper:
    """Open a file of text to be read; see `opened`."""
    return TextIOWrapper(opened(path), encoding=encoding, newline=newline)


def check_input(path: str | os.PathLike[str]) -> None:
    """See that what stands at `path`, if anything, is not a device or a named pipe, for what others
    open by its name.

    Raises:
        InvalidInput: it is.
    """
    try:
        kind = os.stat(path).st_mode
    except (OSError, ValueError):  # told by whoever opens it
        return
    _check(kind, os.fspath(path))


def _check(kind: int, path: str) -> None:
    if stat.S_ISREG(kind) or stat.S_ISDIR(kind):
        return
    of_the_shell = path.startswith(_OF_THE_SHELL) and not path.startswith(_OF_EVERYBODY)
    if stat.S_ISFIFO(kind) and of_the_shell:
        return
    raise invalid(
        "not_a_file",
        file=path,
        ko="파일이 아니라 장치나 이름 붙은 파이프입니다. 파일을 지정하십시오",
        en="not a file but a device or named pipe: give a file",
    )
