"""What a file system that forgets what was not synced could leave of files, at any moment.

`strace` writes down every write, truncation, sync, making and removal in a folder, with its bytes.
Of what came after the last sync of a file any part may be there when the power comes back, torn as
it likes; of names that were made or removed, after the last sync of their folder. What was written
by a thread whose next sync failed may never be there, whatever later syncs say, where the system
forgets it. Linux does, but tells the error once to each who has the file open: a sync of another
that failed has made nothing be forgotten of those who were told afterwards that all is well. A sync
of the folder is never taken to fail.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import attrs

from evalflow.model.values import define, frozen

CHANGES = ("openat", "write", "pwrite64", "ftruncate", "unlink", "fsync", "fdatasync")
"""The calls that are understood."""

_OTHERS = (
    "open,creat,writev,pwritev,pwritev2,truncate,fallocate,unlinkat,rename,renameat,renameat2,link,"
    "linkat,symlink,symlinkat,copy_file_range,sendfile,splice,sync_file_range,mkdir,mkdirat,rmdir"
)
"""Calls that would change a folder otherwise: a recording does not take them."""

WORDS = ("-y", "-xx", "-s", "16777216", "-e", f"trace={','.join(CHANGES)},{_OTHERS}")
"""What strace is told, so that a recording can be made of what it writes."""

WAYS = ("nothing", "everything", "up to one", "some", "torn at 4096", "torn at 512")
"""What is left of what was not synced."""

_WHOLE = re.compile(r"(\d+) +(\w+)\((.*)\) += (-?\d+|\?).*")
_BEGUN = re.compile(r"(\d+) +(\w+)\((.*) <unfinished \.\.\.>")
_RESUMED = re.compile(r"(\d+) +<\.\.\. (\w+) resumed>(.*)")
_HANDLE = re.compile(r"\d+<([^>]*)>(\(deleted\))?")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')


class NotUnderstood(AssertionError):
    """Something was done to a file that the model of a file system does not know."""


@frozen
class Change:
    """Bytes written at a place of a file, or (None) the file cut or lengthened to there; by which
    thread, and from one line of the recording to another."""

    by: str
    begun: int
    ended: int
    at: int
    data: bytes | None


@frozen
class Naming:
    """A name that leads to a file from now on, or (None) to nothing."""

    by: str
    begun: int
    ended: int
    name: str
    file: File | None


@frozen
class Sync:
    """A sync, and whether it said that it was done."""

    by: str
    begun: int
    ended: int
    done: bool


@define(eq=False)
class File:
    """A file: what it held before the recording began, what was done to it, its syncs; whether the
    system `forgets` what a failed sync was to keep."""

    base: bytes = b""
    forgets: bool = True
    changes: list[Change] = attrs.field(factory=list)
    syncs: list[Sync] = attrs.field(factory=list)
    size: int = attrs.field(default=attrs.Factory(lambda self: len(self.base), takes_self=True))


def lasts(
    change: Change | Naming, syncs: Sequence[Sync], moment: int, *, forgets: bool = True
) -> bool:
    """Say whether a change is surely on the disk at a moment: a sync after it has ended by then,
    well, and none of the same thread between them badly."""
    for sync in syncs:
        if sync.begun > change.ended and sync.ended < moment:
            if sync.done:
                return True
            if forgets and sync.by == change.by:
                return False
    return False


class Recording:
    """What was done to the files of one folder."""

    def __init__(
        self,
        trace: Path,
        folder: Path,
        before: Mapping[str, bytes],
        *,
        forgets: Callable[[str], bool] = lambda _: True,
    ) -> None:
        """Read what strace wrote, of files directly in the folder; `before` holds those that were
        there, durable, by name. `forgets` is as of `File`, by name.

        Raises:
            NotUnderstood: something was done that is not modelled.
        """
        self._folder = str(folder)
        self._before = {name: File(content, forgets(name)) for name, content in before.items()}
        self._forgets = forgets
        self._now: dict[str, File] = dict(self._before)
        self._named: list[Naming] = []
        self._syncs: list[Sync] = []
        self.touched: dict[str, list[int]] = {}
        for each in _calls(trace):
            self._take(*each)

    def _take(self, by: str, begun: int, ended: int, call: str, said: str, result: int) -> None:
        texts = [_read(text) for text in _TEXT.finditer(said)]
        if handle := _HANDLE.match(said):
            path, gone = _path(handle[1])
            if gone or handle[2]:
                return
        else:
            path = os.fsdecode(texts[0]) if texts else ""
        if path == self._folder and call in ("fsync", "fdatasync"):
            # SQLite does not look whether the folder's sync went well.
            self._syncs.append(Sync(by, begun, ended, done=True))
            return
        folder, name = os.path.split(path)
        if folder != self._folder or (result < 0 and "sync" not in call):
            return
        if call not in CHANGES:
            raise NotUnderstood(f"{call} on {name}")
        if call == "openat":
            self._open(by, begun, ended, name, said)
            return
        self.touched.setdefault(name, []).append(begun)
        file = self._now[name]
        if call == "unlink":
            del self._now[name]
            self._named.append(Naming(by, begun, ended, name, None))
        elif call == "ftruncate":
            self._change(file, Change(by, begun, ended, int(said.rpartition(", ")[2]), None))
        elif call in ("fsync", "fdatasync"):
            file.syncs.append(Sync(by, begun, ended, result == 0))
        else:  # what is written without a place stands at the end: such files are appended to
            at = file.size if call == "write" else int(said.rpartition(", ")[2])
            self._change(file, Change(by, begun, ended, at, texts[0][:result]))

    def _change(self, file: File, change: Change) -> None:
        file.changes.append(change)
        end = change.at + len(change.data or b"")
        file.size = end if change.data is None else max(file.size, end)

    def _open(self, by: str, begun: int, ended: int, name: str, said: str) -> None:
        if name not in self._now:
            if "O_CREAT" not in said:
                return  # a folder, or a file that nobody made here
            self._now[name] = File(forgets=self._forgets(name))
            self._named.append(Naming(by, begun, ended, name, self._now[name]))
        elif "O_TRUNC" in said:
            self._change(self._now[name], Change(by, begun, ended, 0, None))

    @property
    def failed(self) -> int:
        """How many syncs of the files of the folder failed."""
        files = {*self._before.values(), *(each.file for each in self._named if each.file)}
        return sum(not sync.done for file in files for sync in file.syncs)

    def written(self, name: str, moment: int) -> bytes:
        """Return what had been begun to be written to a file before a moment, which was only
        appended to: what a program said."""
        file = self._now.get(name, File())
        return b"".join([each.data or b"" for each in file.changes if each.begun < moment])

    def left(self, moment: int, rng: random.Random, way: str) -> dict[str, bytes]:
        """Return what could be left, by name, if the power were cut before this line."""
        keep = _KEEPING[way](rng)
        names = dict(self._before)
        for naming in self._named:
            if naming.begun >= moment:
                break
            if lasts(naming, self._syncs, moment) or keep():
                if naming.file is None:
                    names.pop(naming.name, None)
                else:
                    names[naming.name] = naming.file
        return {name: _left(file, moment, rng, way) for name, file in names.items()}


def _left(file: File, moment: int, rng: random.Random, way: str) -> bytes:
    keep, content = _KEEPING[way](rng), bytearray(file.base)
    torn = int(way.rpartition(" ")[2]) if way.startswith("torn") else 0
    for change in file.changes:
        if change.begun >= moment:
            break
        if lasts(change, file.syncs, moment, forgets=file.forgets):
            pieces, end = [change], change.at + len(change.data or b"")
        elif torn and change.data is not None:
            # Its length may be there without its bytes.
            pieces = [piece for piece in _pieces(change, torn) if keep()]
            end = change.at + len(change.data) if keep() else 0
        else:
            pieces, end = ([change], 0) if keep() else ([], 0)
        for piece in pieces:
            if piece.data is None:
                del content[piece.at :]
                end = piece.at
            else:
                content.extend(bytes(max(piece.at - len(content), 0)))
                content[piece.at : piece.at + len(piece.data)] = piece.data
        content.extend(bytes(max(end - len(content), 0)))
    return bytes(content)


def _pieces(change: Change, size: int) -> Iterator[Change]:
    """Yield a write in the pieces that a disk of such sectors would write."""
    assert change.data is not None
    at, data = change.at, change.data
    while data:
        length = size - at % size
        yield attrs.evolve(change, at=at, data=data[:length])
        at, data = at + length, data[length:]


def _up_to_one(rng: random.Random) -> Callable[[], bool]:
    left = rng.randrange(40)

    def keep() -> bool:
        nonlocal left
        left -= 1
        return left >= 0

    return keep


def _by_chance(rng: random.Random) -> Callable[[], bool]:
    likely = rng.choice((0.2, 0.5, 0.9))
    return lambda: rng.random() < likely


_KEEPING: Mapping[str, Callable[[random.Random], Callable[[], bool]]] = {
    "nothing": lambda _: lambda: False,
    "everything": lambda _: lambda: True,
    "up to one": _up_to_one,
    **dict.fromkeys(("some", "torn at 4096", "torn at 512"), _by_chance),
}
"""Way -> what says of one change after the other whether it is there."""


def _calls(trace: Path) -> Iterator[tuple[str, int, int, str, str, int]]:
    """Yield the calls in the order in which they ended: the thread, the lines at which each began
    and ended, its name, what it was given, and its result."""
    under_way: dict[str, tuple[int, str]] = {}
    with trace.open(encoding="ascii", errors="backslashreplace") as lines:
        for number, line in enumerate(lines):
            text, begun = line.rstrip("\n"), number
            if found := _BEGUN.fullmatch(text):
                under_way[found[1]] = number, f"{found[1]} {found[2]}({found[3]}"
                continue
            if found := _RESUMED.fullmatch(text):
                begun, head = under_way.pop(found[1])
                text = head + found[3]
            if (found := _WHOLE.fullmatch(text)) and found[4] != "?":
                yield found[1], begun, number, found[2], found[3], int(found[4])


def _read(text: re.Match[str]) -> bytes:
    if text[2]:
        raise NotUnderstood("strace cut a text short")
    return bytes.fromhex(text[1].replace("\\x", ""))


def _path(shown: str) -> tuple[str, bool]:
    """Return the path of a handle, and whether it leads nowhere any more."""
    if shown.startswith("\\x"):
        shown = os.fsdecode(bytes.fromhex(shown.replace("\\x", "")))
    path = shown.removesuffix(" (deleted)")
    return path, path != shown
