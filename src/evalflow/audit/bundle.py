"""The audit bundle: everything that a store says of some projects, in one file that another
machine verifies without a database, a plugin or the plan file.

A bundle is a zip of canonical JSON: `manifest.json` names every other file with its SHA-256;
`plans/` holds each revision's head, `lifecycles/` each definition, `projects/` one JSON Lines
file for each project (where it stands, its definitions, entries, evaluations and notices),
`order.txt` the hashes of all entries in the order in which they were written, and
`refusals.jsonl`, on request, what was refused to somebody at that moment and why. The same
store at the same moment gives the same bytes.

Whoever rewrites a bundle whole, hashes and all, is found out by the checkpoint on paper alone.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, Any

import attrs

from evalflow.audit.findings import Mismatch, Unchecked
from evalflow.audit.ground import Ground
from evalflow.audit.histories import History
from evalflow.audit.verification import (
    Checkpoint,
    checkpoint,
    compare,
    hashes_of,
    revisions_fit,
)
from evalflow.errors import EvalflowError, InvalidInput, invalid
from evalflow.model import Entry, Project
from evalflow.model.canonical import Tree, canonical, parse
from evalflow.storage import rows
from evalflow.storage.contract import Storage
from evalflow.storage.integrity import SchemaFault, Values

FORMAT = "evalflow-audit/1"

_MANIFEST = "manifest.json"
_ORDER = "order.txt"
_REFUSALS = "refusals.jsonl"
_LARGEST_LINE = 64 * 2**20  # bytes; an evaluation of a hundred indicators is some 20 KB
_LARGEST_BUNDLE = 64 * 2**30  # bytes unpacked
_DENSEST = 400  # times smaller when packed; entries come to 10-30
_EPOCH = (1980, 1, 1, 0, 0, 0)  # zip's first moment: bundles of the same content are the same bytes

_UNREADABLE = (
    ArithmeticError, AttributeError, EvalflowError, LookupError, RecursionError, TypeError,
    ValueError,
)  # fmt: skip
_TREES = frozenset({"states", "visits", "before", "after", "data", "rating", "change"})


@attrs.frozen(kw_only=True)
class Bundle:
    """What a bundle is about, as its manifest says.

    Attributes:
        plan: the plan's id.
        made_at: when it was exported, aware and UTC.
        whole: every project of the plan is in it, so that its checkpoint can be recomputed.
        projects: how many projects are in it.
        entries: how many entries.
        checkpoint: the checkpoint of the whole plan when it was exported.
        seal: the SHA-256 of the manifest, and so of everything in the bundle.
    """

    plan: str
    made_at: dt.datetime
    whole: bool
    projects: int
    entries: int
    checkpoint: Checkpoint
    seal: str


# --------------------------------------------------------------------------- writing


@contextmanager
def new_archive(path: str | os.PathLike[str]) -> Iterator[zipfile.ZipFile]:
    """Give the archive of a new bundle. It appears under its name when the context ends well, and
    replaces an older one; otherwise nothing is left behind.

    Raises:
        OSError: the file cannot be written.
    """
    beside = f"{os.fspath(path)}.part"
    try:
        with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as archive:
            yield archive
        os.replace(beside, path)
    except BaseException:
        if os.path.exists(beside):
            os.remove(beside)
        raise


def write_bundle(
    archive: zipfile.ZipFile,
    source: Storage,
    plan: str,
    projects: Iterable[Project],
    *,
    made_at: dt.datetime,
    whole: bool,
    refusals: Iterable[Tree] | None = None,
) -> Bundle:
    """Write the bundle of some of a plan's projects and return what it is about. `source` is the
    store as it stood at one moment (`Storage.reading`).

    Entries behind one that is still being written (a host's open transaction) have no place in the
    order yet: they come last, and the checkpoint ends before them.
    """
    files: dict[str, str] = {}
    order = list(hashes_of(plan, source.entries()))
    settled = len(order)
    heads = []
    for number, effective in source.revisions(plan):
        heads.append(source.head(plan, number) or "")
        name = f"plans/r{number}.json"
        files[name] = _add(archive, name, [canonical({"effective": effective}), heads[-1]])
    fingerprints: dict[str, None] = {}
    counted = entries = 0
    placed = frozenset(order)
    for counted, project in enumerate(projects, start=1):
        history = list(source.history(project.id))
        entries += len(history)
        if whole:
            order.extend(entry.hash for entry in history if entry.hash not in placed)
        fingerprints.update(dict.fromkeys(entry.lifecycle for entry in history))
        name = f"projects/{counted:06}.jsonl"
        files[name] = _add(archive, name, _project_lines(source, project, history))
    for place, fingerprint in enumerate(sorted(fingerprints), start=1):
        name = f"lifecycles/{place}.json"
        text = source.lifecycle(fingerprint)
        files[name] = _add(archive, name, [canonical(fingerprint), text or "null"])
    if refusals is not None:
        files[_REFUSALS] = _add(archive, _REFUSALS, map(canonical, refusals))
    if whole:
        files[_ORDER] = _add(archive, _ORDER, order)
    point = checkpoint(plan, heads, order[:settled])
    told = {
        "format": FORMAT,
        "plan": plan,
        "made_at": made_at.isoformat(timespec="microseconds"),
        "whole": whole,
        "projects": counted,
        "entries": entries,
        "checkpoint": str(point),
        "files": files,
    }
    seal = _add(archive, _MANIFEST, [canonical(told)])
    return Bundle(
        plan=plan,
        made_at=made_at,
        whole=whole,
        projects=counted,
        entries=entries,
        checkpoint=point,
        seal=seal,
    )


def _project_lines(source: Storage, project: Project, history: Sequence[Entry]) -> Iterator[str]:
    """Yield one project as lines `[kind, content]`: itself, then everything that led to it."""
    yield _line("project", _opened(rows.PROJECT_COLUMNS, rows.project_row(project)))
    for entry in history:
        if isinstance(entry.data, Mapping) and "definition" in entry.data:
            found = source.definition(project.id, entry.revision)
            if found is not None:
                yield _line("definition", {"revision": found[0], "tree": parse(found[1])})
    for entry in history:
        yield _line("entry", _opened(rows.ENTRY_COLUMNS, rows.entry_row(entry)))
    for period in dict.fromkeys(entry.period_after for entry in history):
        evaluation = source.evaluation(project.id, period)
        if evaluation is not None:
            yield _line("evaluation", evaluation.tree())
    for outgoing in source.outbox(project=project.id):
        notice = dict(
            zip(rows.NOTICE_COLUMNS, rows.notice_row(outgoing.notice), strict=True),
            state=outgoing.state,
            tries=outgoing.tries,
            error=outgoing.error,
        )
        yield _line("notice", notice)


def _line(kind: str, content: Tree) -> str:
    return canonical([kind, content])


def _opened(columns: Sequence[str], row: rows.Row) -> dict[str, Any]:
    """Return a row by the names of its columns, trees as trees: for people to read, too."""
    return {
        name: parse(value) if name in _TREES and value is not None else value
        for name, value in zip(columns, row, strict=True)
    }


def _closed(columns: Sequence[str], content: Mapping[str, Any]) -> list[Any]:
    """Return the row that `_opened` was given."""
    return [
        canonical(content[name]) if name in _TREES and content[name] is not None else content[name]
        for name in columns
    ]


def _add(archive: zipfile.ZipFile, name: str, lines: Iterable[str]) -> str:
    """Write one file of a bundle and return its SHA-256."""
    info = zipfile.ZipInfo(name, _EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    seal = hashlib.sha256()
    with archive.open(info, "w", force_zip64=True) as out:
        for line in lines:
            content = line.encode() + b"\n"
            seal.update(content)
            out.write(content)
    return seal.hexdigest()


# --------------------------------------------------------------------------- verifying


# Whatever `zipfile` and the decompressors below it make of a broken file.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,
    EOFError,
    OSError,
    RuntimeError,
    UnicodeDecodeError,
    struct.error,
)


def verify_bundle(
    path: str | os.PathLike[str], *, noted: Checkpoint | None = None
) -> tuple[Bundle, tuple[Mismatch, ...]]:
    """Return what a bundle is about, and everything in it that does not fit; nothing beside the
    file is looked at.

    Checked are the hash of every file, that none is missing or added, the chain of every
    project and all that `Engine.verify` checks in a store, that a whole bundle comes to the
    checkpoint in its manifest, and, with `noted`, that it bears out a checkpoint taken earlier.

    Raises:
        InvalidInput: the file is no bundle, is of a later format, or is not readable as one.
    """
    name = os.fspath(path)
    try:
        with zipfile.ZipFile(name) as archive:
            return _Reader(archive, os.path.basename(name)).verify(noted)
    except _BROKEN as error:
        raise _unreadable(os.path.basename(name), error) from error


class _Reader:
    """One bundle being verified."""

    def __init__(self, archive: zipfile.ZipFile, file: str) -> None:
        self.archive = archive
        self.file = file
        self.found: list[Mismatch] = []

    def verify(self, noted: Checkpoint | None) -> tuple[Bundle, tuple[Mismatch, ...]]:
        self._bounded()
        told, bundle = self._manifest()
        files: Mapping[str, str] = told["files"]
        self._files(files)
        revisions = {
            int(number): pair
            for name in files
            if (number := _revision(name)) is not None and self._there(name)
            for pair in [self._pair(name)]
        }
        lifecycles = {
            str(fingerprint): text
            for name in files
            if name.startswith("lifecycles/") and self._there(name)
            for fingerprint, text in [self._pair(name)]
        }
        ground = Ground(_Definitions(bundle.plan, revisions, lifecycles))
        hashes: set[str] = set()
        revised: dict[int, tuple[Entry, str | None]] = {}
        projects = 0
        for name in files:
            if name.startswith("projects/") and self._there(name):
                projects += 1
                self._project(name, bundle.plan, ground, revised, hashes)
        self.found += revisions_fit(ground, bundle.plan, revised, _unheard)
        if projects != bundle.projects or len(hashes) != bundle.entries:
            self._note(
                _MANIFEST,
                "file_changed",
                f"사업 {bundle.projects}건, 이력 {bundle.entries}건이라 적혀 있으나 {projects}건, "
                f"{len(hashes)}건이 들어 있습니다.",
                f"it says {bundle.projects} projects and {bundle.entries} entries, but holds "
                f"{projects} and {len(hashes)}",
            )
        heads = [revisions[number][1] for number in sorted(revisions)]
        self._checkpoints(bundle, heads, hashes, noted)
        return bundle, tuple(self.found)

    def _checkpoints(
        self,
        bundle: Bundle,
        heads: Sequence[str],
        hashes: set[str],
        noted: Checkpoint | None,
    ) -> None:
        if not bundle.whole:
            if noted is not None:
                raise _problem(
                    self.file,
                    "not_whole",
                    "일부 사업만 든 묶음이라 확인값과 대조할 수 없습니다. "
                    "계획 전체를 내보내십시오.",
                    "the bundle holds some projects only; a checkpoint needs the whole plan",
                )
            return
        order = self._lines(_ORDER) if self._there(_ORDER) else []
        if set(order) != hashes or len(order) != len(hashes):
            self._note(
                _ORDER,
                "file_changed",
                "이력의 차례가 들어 있는 이력과 다릅니다.",
                "the order of entries is not that of the entries in it",
            )
            return
        upto = attrs.evolve(bundle.checkpoint, revisions=len(heads))
        self.found += compare(bundle.checkpoint, checkpoint(bundle.plan, heads, order, upto))
        if noted is not None:
            self.found += compare(noted, checkpoint(bundle.plan, heads, order, noted))

    # ------------------------------------------------------------------ files

    def _bounded(self) -> None:
        """Refuse what would unpack to more than any office has: a zip bomb.

        Raises:
            InvalidInput: it is one.
        """
        whole = sum(info.file_size for info in self.archive.infolist())
        packed = sum(info.compress_size for info in self.archive.infolist())
        if whole > _LARGEST_BUNDLE or whole > 2**20 + packed * _DENSEST:
            raise _problem(
                self.file,
                "too_large",
                f"풀면 {whole:,}바이트가 되는 파일이라 열지 않습니다.",
                f"it would unpack to {whole:,} bytes; it is not opened",
            )

    def _manifest(self) -> tuple[Mapping[str, Any], Bundle]:
        try:
            text = self._lines(_MANIFEST)[0]
            told = parse(text)
            kind = told.get("format")
        except (KeyError, IndexError, ValueError, AttributeError, RecursionError):
            kind = None
        if kind != FORMAT:
            raise _problem(
                self.file,
                "not_a_bundle",
                f"감사 묶음이 아니거나 다른 판입니다 (형식 '{FORMAT}'이어야 합니다).",
                f"not an audit bundle, or of another format (expected '{FORMAT}')",
                value=None if kind is None else str(kind)[:60],
            )
        try:
            bundle = Bundle(
                plan=_text(told["plan"]),
                made_at=dt.datetime.fromisoformat(told["made_at"]),
                whole=told["whole"] is True,
                projects=int(told["projects"]),
                entries=int(told["entries"]),
                checkpoint=Checkpoint.read(told["checkpoint"]),
                seal=hashlib.sha256(text.encode() + b"\n").hexdigest(),
            )
            files = {_text(name): _text(seal) for name, seal in told["files"].items()}
        except (KeyError, TypeError, ValueError, AttributeError, InvalidInput):
            raise _broken(self.file, _MANIFEST, 1) from None
        return {**told, "files": files}, bundle

    def _files(self, files: Mapping[str, str]) -> None:
        """Note every file that is missing, added, there twice or changed."""
        names = [info.filename for info in self.archive.infolist()]
        for name in dict.fromkeys(names):
            if name != _MANIFEST and (name not in files or names.count(name) > 1):
                self._note(name, "file_added", "목록에 없는 파일입니다.", "not in the manifest")
        for name, seal in files.items():
            if name not in names:
                self._note(name, "file_missing", "파일이 없습니다.", "the file is missing")
                continue
            actual = hashlib.sha256()
            with self.archive.open(name) as content:
                while block := content.read(2**20):
                    actual.update(block)
            if actual.hexdigest() != seal:
                self._note(
                    name,
                    "file_changed",
                    "내용이 목록의 해시와 다릅니다.",
                    "its content does not fit the hash in the manifest",
                )

    def _there(self, name: str) -> bool:
        return name in self.archive.NameToInfo

    def _pair(self, name: str) -> tuple[Tree, str]:
        """Return the two lines of a plan's or a lifecycle's file: what it is, and its text."""
        lines = self._lines(name)
        try:
            what, text = lines
            return parse(what), text
        except (ValueError, RecursionError) as error:
            raise _broken(self.file, name, 1) from error

    def _lines(self, name: str) -> list[str]:
        with self.archive.open(name) as content:
            return [text for _, text in self._each(name, content)]

    def _each(self, name: str, content: IO[bytes]) -> Iterator[tuple[int, str]]:
        lines = io.BufferedReader(content)  # type: ignore[type-var]
        number = 0
        while line := lines.readline(_LARGEST_LINE):
            number += 1
            try:
                text = line.decode()
            except UnicodeDecodeError:
                raise _broken(self.file, name, number) from None
            if not text.endswith("\n"):
                raise _broken(self.file, name, number)
            yield number, text[:-1]

    # ------------------------------------------------------------------ one project

    def _project(
        self,
        name: str,
        plan: str,
        ground: Ground,
        revised: dict[int, tuple[Entry, str | None]],
        hashes: set[str],
    ) -> None:
        kept: dict[str, list[Values]] = {table: [] for table in _LINES.values()}
        with self.archive.open(name) as content:
            for number, text in self._each(name, content):
                try:
                    kind, told = parse(text)
                    kept[_LINES[kind]].append(_row(kind, told))
                except _UNREADABLE as error:
                    raise _broken(self.file, name, number) from error
        own = kept["project"]
        if len(own) != 1 or own[0].get("plan") != plan or not isinstance(own[0].get("id"), str):
            raise _broken(self.file, name, 1)
        hashes.update(str(row.get("hash")) for row in kept["entry"])
        history = History(
            project=own[0]["id"],
            rows=kept.__getitem__,
            kept=frozenset(kept),
            ground=ground,
            told=_unheard,
            revised=revised,
        )
        try:
            self.found += history.judge()
        except _UNREADABLE as error:
            raise _broken(self.file, name, 1) from error

    def _note(self, about: str, code: str, ko: str, en: str) -> None:
        self.found.append(Mismatch(project=about, code=code, ko=ko, en=en))


_LINES = {
    "project": "project",
    "definition": "definition",
    "entry": "entry",
    "evaluation": "evaluation",
    "notice": "notice",
}
"""The kinds of lines in a project's file, and the tables that they stand for."""


def _row(kind: str, told: Mapping[str, Any]) -> Values:
    """Return the row that a line stands for, of what the line tells."""
    if kind == "project":
        return dict(zip(rows.PROJECT_COLUMNS, _closed(rows.PROJECT_COLUMNS, told), strict=True))
    if kind == "entry":
        return dict(zip(rows.ENTRY_COLUMNS, _closed(rows.ENTRY_COLUMNS, told), strict=True))
    if kind == "evaluation":
        return {
            "period": told["period"],
            "number": told["number"],
            "tree": canonical(told),
        }
    if kind == "definition":
        return {"revision": told["revision"], "tree": canonical(told["tree"])}
    return {name: told[name] for name in (*rows.NOTICE_COLUMNS, "state", "tries", "error")}


class _Definitions:
    """The plan revisions and lifecycles of a bundle, as a store's tables."""

    gapless = False
    kept = frozenset(("plan_revision", "lifecycle"))

    def __init__(
        self, plan: str, revisions: Mapping[int, tuple[Tree, str]], lifecycles: Mapping[str, str]
    ) -> None:
        self._plan = plan
        self._revisions = revisions
        self._lifecycles = lifecycles

    def owners(self, table: str) -> Sequence[Any]:
        return [self._plan] if table == "plan_revision" else sorted(self._lifecycles)

    def rows(self, table: str, owner: Any) -> Iterator[Values]:
        if table == "lifecycle":
            if owner in self._lifecycles:
                yield {"fingerprint": owner, "tree": self._lifecycles[owner]}
            return
        for number in sorted(self._revisions):
            told, text = self._revisions[number]
            effective = told.get("effective") if isinstance(told, Mapping) else None
            yield {"plan": owner, "revision": number, "effective": effective, "tree": text}

    def positions(self, table: str) -> Iterator[tuple[Any, Any]]:
        return iter(())

    def faults(self) -> Sequence[SchemaFault]:
        return ()


def _unheard(unchecked: Unchecked) -> None:
    """Take no note: a bundle's verification tells findings alone."""


def _revision(name: str) -> str | None:
    """Return the number in the name of a plan revision's file, or None."""
    number = name.removeprefix("plans/r").removesuffix(".json")
    plain = number.isascii() and number.isdigit() and len(number) < 10
    return number if plain and name == f"plans/r{number}.json" else None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _broken(file: str, inside: str, line: int) -> InvalidInput:
    return _problem(
        f"{file}/{inside}",
        "bad_line",
        "감사 묶음의 줄로 읽을 수 없습니다.",
        "not readable as a line of an audit bundle",
        line=line,
    )


def _unreadable(file: str, error: Exception) -> InvalidInput:
    if isinstance(error, FileNotFoundError):
        return _problem(file, "no_file", "파일이 없습니다.", "no such file")
    return _problem(
        file,
        "not_a_bundle",
        "감사 묶음(zip)으로 열 수 없습니다.",
        f"cannot be opened as an audit bundle (zip): {error}",
    )


def _problem(
    file: str, code: str, ko: str, en: str, *, line: int | None = None, value: str | None = None
) -> InvalidInput:
    return invalid(
        code,
        ko=ko,
        en=en,
        file=file,
        line=line,
        value=value,
    )
