"""The built-in notifiers: lines for the console, and a file of JSON lines.

They need no network and no library. Mail, chat and webhooks come as plugins.
"""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from typing import Literal, TextIO

from evalflow.model import Notice
from evalflow.model.values import frozen
from evalflow.plugins.notice_words import notice_lines

try:
    import fcntl
except ImportError:  # a system without it has no file locks of this kind
    fcntl = None  # type: ignore[assignment]


@frozen(kw_only=True)
class ConsoleOptions:
    """`lang` is the language of the lines: `ko` or `en`."""

    lang: Literal["ko", "en"] = "ko"


class Console:
    """Writes one readable line for each notice, to standard error unless told otherwise.

    Standard output stays free for what a command prints.
    """

    Options = ConsoleOptions

    def __init__(
        self, options: ConsoleOptions | None = None, *, stream: TextIO | None = None
    ) -> None:
        """Write in the language of `options`, to `stream`."""
        self._options = options or ConsoleOptions()
        self._stream = stream

    def deliver(self, notice: Notice) -> None:
        """Write the notice as one line."""
        stream = self._stream or sys.stderr
        line = self._line(notice) + "\n"
        encoding = getattr(stream, "encoding", None) or "utf-8"
        # A terminal that knows no Korean shows escapes rather than nothing.
        stream.write(line.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()

    def _line(self, notice: Notice) -> str:
        lang = self._options.lang
        head = f"{notice.subject.text(lang)} → {notice.recipient}"
        return _printable(" · ".join([head, *notice_lines(notice, lang)]))


@frozen(kw_only=True)
class JsonlOptions:
    """`path` is the file to append to; its folder must be there."""

    path: str = "notices.jsonl"


class Jsonl:
    """Appends each notice to a file, as one JSON object on a line of its own.

    A line is on disk when `deliver` returns. Several threads and processes may append to one
    file. A line that a crash cut short is closed before the next one is written.
    """

    Options = JsonlOptions

    def __init__(self, options: JsonlOptions | None = None) -> None:
        """Append to the file of `options`."""
        self._path = (options or JsonlOptions()).path

    def deliver(self, notice: Notice) -> None:
        """Append the notice.

        Raises:
            OSError: the file cannot be written; it is left as it was.
        """
        line = (json.dumps(tree(notice), ensure_ascii=False) + "\n").encode()
        # Opened anew for every notice, so that the file may be moved away at any time.
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
        file = os.open(self._path, flags, 0o640)
        try:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX)
            begun = _append(file, line)
            if begun and fcntl is not None:  # whoever appends next relies on the name, too
                _keep_name(os.path.dirname(os.path.abspath(self._path)))
        finally:
            os.close(file)


def _append(file: int, line: bytes) -> bool:
    """Append the line, durably or not at all; say whether it is the file's first."""
    end = os.lseek(file, 0, os.SEEK_END)
    if end:
        os.lseek(file, end - 1, os.SEEK_SET)
        if os.read(file, 1) != b"\n":
            line = b"\n" + line
    try:
        rest = line
        while rest:
            rest = rest[os.write(file, rest) :]
        os.fsync(file)
    except OSError:
        if fcntl is not None:  # without a lock the end might be somebody else's line
            os.ftruncate(file, end)
        raise
    return end == 0


def _keep_name(folder: str) -> None:
    """Make a new file's name durable as well, not only what is in it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def tree(notice: Notice) -> dict[str, object]:
    """Return the notice as a tree: what the JSON-lines file holds."""
    return {
        "id": notice.id,
        "at": notice.at.isoformat(),
        "project": notice.project,
        "number": notice.number,
        "name": notice.name,
        "recipient": notice.recipient,
        "role": notice.role,
        "notifier": notice.notifier,
        "subject": {"ko": notice.subject.ko, "en": notice.subject.en},
        "data": notice.data,
    }


def _printable(text: str) -> str:
    """Return the text on one line, without characters that steer a terminal."""
    return "".join(
        " " if unicodedata.category(letter) in ("Cc", "Zl", "Zp") else letter for letter in text
    )
