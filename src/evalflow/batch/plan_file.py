"""A batch on paper: what would happen to each project, before anything does.

A plan is a text of JSON lines: a header (what was asked), one line a project, a footer (counts
and the fingerprint over all of it). It is kept in a temporary file, so that a million projects
take no more memory than one, and saved as it is.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

import attrs

from evalflow.batch.values import BLOCK, FORMAT, MODES, Header, Planned
from evalflow.errors import InvalidInput, Problem, invalid
from evalflow.files.inputs import opened_text
from evalflow.files.output import writing
from evalflow.model import Actor
from evalflow.model.arguments import checked
from evalflow.model.canonical import Tree, canonical, parse
from evalflow.model.values import define

if TYPE_CHECKING:
    from evalflow.batch.lines import PlanLine

_IN_MEMORY = 4_000_000  # characters of a plan that need no file
_LONGEST = 64 * 1024 * 1024  # characters of a line; the longest tried had 7 million


def _spooled() -> IO[str]:
    """Return an empty file of our own for a plan's text, which the plan keeps."""
    return tempfile.SpooledTemporaryFile(
        max_size=_IN_MEMORY, mode="w+", encoding="utf-8", newline="\n"
    )


def read(lines: Iterable[str]) -> Iterator[PlanLine]:
    """Yield lines of projects as they are applied; see `evalflow.batch.lines`, which is imported
    when a plan is read."""
    from evalflow.batch.lines import read_line

    return map(read_line, lines)


KEYED = "batch:"
"""How the key of an entry begins that a batch wrote; the batch's fingerprint follows."""


@define(eq=False)
class BatchPlan:
    """A reviewed list of firings: iterate over it for its lines, look at `counts`, `save` it,
    `apply` it. Made by `Engine.batch` or `load_batch`; nothing is written by either.

    Attributes:
        header: what was asked.
        counts: how many projects: `planned`, `refused`, and the `notices` that would be sent.
        reasons: for each reason's code, how many projects it refuses.
        fingerprint: over header and lines, so over selection, versions and data.
    """

    header: Header
    counts: Mapping[str, int]
    reasons: Mapping[str, int]
    fingerprint: str
    _text: IO[str] = attrs.field(repr=False)
    _start: int = attrs.field(repr=False)
    _apply: Callable[..., Iterator[Any]] | None = attrs.field(default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        weakref.finalize(self, self._text.close)

    def __iter__(self) -> Iterator[Planned]:
        for line in read(self.lines()):
            yield line.planned()

    def __len__(self) -> int:
        return self.counts["planned"] + self.counts["refused"]

    @property
    def loaded(self) -> bool:
        """Say whether it comes from a file, and not from the engine that planned it."""
        return self._apply is None

    @property
    def key(self) -> str:
        """Return the idempotency key of every entry that this batch writes."""
        return f"{KEYED}{self.fingerprint[:32]}"

    def lines(self) -> Iterator[str]:
        """Yield the lines of the projects as they are written."""
        place = self._start
        while True:
            self._text.seek(place)  # so that two may read at once
            block = list(islice(iter(self._text.readline, ""), BLOCK))
            place = self._text.tell()
            for line in block:
                if line.startswith('{"counts"'):
                    return
                yield line.rstrip("\n")
            if not block:
                return

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the plan to a file, whole or not at all.

        Raises:
            InvalidInput: a store or a link is there.
            OSError: the file cannot be written.
        """
        self._text.seek(0)
        with writing(path) as out:
            while block := self._text.read(1 << 20):
                out.write(block.encode())

    def apply(self, **how: Any) -> Iterator[Any]:
        """Write what was reviewed and yield a receipt for each project; see `Engine.apply`.

        Raises:
            ValueError: the plan was loaded without an engine; use `Engine.apply(plan)`.
        """
        if self._apply is None:
            raise ValueError("a plan that was loaded is applied by Engine.apply(plan)")
        return self._apply(self, **how)


def meant(plan: BatchPlan, mode: str | None, by: Actor | str | None) -> str:
    """Return the mode in which a plan is to be applied.

    Raises:
        ValueError: no such mode; or `by` is not whom the plan was made for.
        InvalidInput: the plan comes from a file, and nobody says as whom it is applied: whoever
            wrote the file is not to choose.
    """
    mode = mode or plan.header.mode
    if mode not in MODES:
        raise ValueError(f"mode is one of {', '.join(MODES)}, not {mode!r}")
    if by is None and plan.loaded:
        raise invalid(
            "batch_actor",
            path="by",
            value=plan.header.by,
            ko=f"파일에서 읽은 일괄 처리 계획입니다. 누구의 이름으로 적용할지 by로 정하십시오 "
            f"(파일에 적힌 사람: {plan.header.by})",
            en=f"the batch comes from a file: say as whom it is applied by `by` (the file names "
            f"{plan.header.by})",
        )
    who = by if by is None or isinstance(by, str) else by.id
    if who is not None and who != plan.header.by:
        raise ValueError(f"the plan was made for {plan.header.by}, not for {who}")
    return mode


class PlanWriter:
    """Writes a plan line by line."""

    def __init__(self, header: Header) -> None:
        self._header = header
        self._text = _spooled()
        self._hash = hashlib.sha256()
        self._counts: Counter[str] = Counter({"planned": 0, "refused": 0, "notices": 0})
        self._reasons: Counter[str] = Counter()
        self._held: list[str] = [canonical(header.tree())]
        self._write_held()
        self._start = self._text.tell()

    def _write_held(self) -> None:
        text = "\n".join([*self._held, ""])
        self._held.clear()
        self._hash.update(text.encode())
        self._text.write(text)

    def put(self, line: str, *, notices: int, planned: bool = True) -> None:
        """Take the text of a line."""
        self._counts["planned" if planned else "refused"] += 1
        self._counts["notices"] += notices
        self._held.append(line)
        if len(self._held) >= BLOCK:
            self._write_held()

    def add(self, line: Planned) -> None:
        """Take a line."""
        self._reasons.update({reason.code for reason in line.reasons})
        self.put(canonical(line.tree()), notices=len(line.notices), planned=line.allowed)

    def close(self) -> None:
        """Let go of what was written, where the plan comes to nothing."""
        self._text.close()

    def finish(self, apply: Callable[..., Iterator[Any]] | None) -> BatchPlan:
        """Write the footer and return the plan; `apply` is what its `apply` calls."""
        if self._held:
            self._write_held()
        fingerprint = self._hash.hexdigest()
        footer = {
            "counts": dict(self._counts),
            "fingerprint": fingerprint,
            "reasons": dict(sorted(self._reasons.items())),
        }
        self._text.write(canonical(footer) + "\n")
        return BatchPlan(
            self._header,
            dict(self._counts),
            dict(self._reasons),
            fingerprint,
            self._text,
            self._start,
            apply,
        )


# --------------------------------------------------------------------------- loading


@checked
def load_batch(path: str | os.PathLike[str]) -> BatchPlan:
    """Return the plan in a file, checked line by line; `Engine.apply` applies it. What is applied
    is what was checked, even if the file is overwritten meanwhile.

    Raises:
        InvalidInput: it is no batch plan, of a later version, cut off, or was changed since;
            every malformed line is named.
    """
    name = os.fspath(path)
    text = _spooled()
    try:
        with opened_text(path, "utf-8", "\n") as file:
            while line := file.readline(_LONGEST):
                if len(line) == _LONGEST:
                    ko, en = "한 줄이 너무 깁니다", "a line is too long"
                    raise InvalidInput([_at(name, None, "line_too_long", ko, en)])
                text.write(line)
        text.seek(0)
        return _loaded(text, name)
    except OSError as error:
        text.close()
        raise InvalidInput(
            [_at(name, None, "no_file", "파일을 열 수 없습니다", str(error))]
        ) from None
    except UnicodeDecodeError as error:
        text.close()
        raise InvalidInput(
            [_at(name, None, "not_utf8", "UTF-8 글이 아닙니다", f"not UTF-8 text ({error.reason})")]
        ) from None
    except BaseException:
        text.close()
        raise


def _loaded(text: IO[str], name: str) -> BatchPlan:
    from evalflow.batch.lines import read_line

    problems: list[Problem] = []
    first = text.readline()
    header = _header(first, name)
    start = text.tell()
    hashed = hashlib.sha256(first.encode())
    footer: Tree = None
    counts: Counter[str] = Counter({"planned": 0, "refused": 0, "notices": 0})
    number = 1
    while line := text.readline():
        number += 1
        if footer is not None:
            problems.append(
                _at(
                    name,
                    number,
                    "after_end",
                    "끝줄 뒤에 줄이 더 있습니다",
                    "a line after the footer",
                )
            )
            continue
        try:
            if line.startswith('{"counts"'):
                footer = dict(parse(line))
                continue
            planned = read_line(line.rstrip("\n"))
            _ = planned.data  # read here, where a fault has a file and a line
        except (ValueError, TypeError, RecursionError) as error:
            problems.append(
                _at(
                    name,
                    number,
                    "bad_line",
                    "사업의 줄로 읽을 수 없습니다",
                    f"not a project's line ({type(error).__name__}: {str(error)[:80]})",
                    line.strip()[:60],
                )
            )
            continue
        hashed.update(line.encode())
        counts["planned" if planned.allowed else "refused"] += 1
        counts["notices"] += len(planned.notices)
    if footer is None:
        problems.append(
            _at(
                name,
                number,
                "cut_off",
                "끝줄이 없습니다: 잘린 파일입니다",
                "no footer: it is cut off",
            )
        )
    elif not problems and footer.get("fingerprint") != hashed.hexdigest():
        problems.append(
            _at(
                name,
                number,
                "changed",
                "무결성 값이 맞지 않습니다: 검토 후 수정된 파일입니다",
                "the fingerprint does not fit: the file was changed after it was made",
            )
        )
    if problems:
        raise InvalidInput(problems)
    reasons = footer.get("reasons", {})
    return BatchPlan(header, dict(counts), reasons, hashed.hexdigest(), text, start)


def _header(line: str, name: str) -> Header:
    try:
        tree = dict(parse(line))
        version = tree.pop("evalflow")
        if version == FORMAT:
            header = Header(**tree)
            if header.mode in MODES and isinstance(header.by, str):
                return header
    except (ValueError, TypeError, KeyError):
        version = None
    shown = version if isinstance(version, str) else line.strip()[:60]
    raise InvalidInput(
        [
            _at(
                name,
                1,
                "no_batch",
                f"일괄 처리 계획({FORMAT})이 아닙니다",
                f"not a batch plan ({FORMAT})",
                shown,
            )
        ]
    )


def _at(
    file: str, line: int | None, code: str, ko: str, en: str, value: str | None = None
) -> Problem:
    return Problem(code=code, file=file, line=line, ko=ko, en=en, value=value)
