"""The audit bundle: everything that a store says of some projects, in one file that another
machine verifies without a database, a plugin or the plan file.

A bundle is a zip of canonical JSON: `manifest.json` names every other file with its SHA-256;
`plans/` holds each revision's head and the plan's own history, `lifecycles/` each definition,
`projects/` one JSON Lines file for each project (where it stands, its definitions, entries,
evaluations and notices), `log.jsonl` the leaves of the plan's log (see `log`; of projects that are
not in it only their hashes), and `refusals.jsonl`, on request, what was refused to somebody at that
moment and why. The same store at the same moment gives the same bytes.

The log binds the bundle to checkpoints of the plan, taken earlier or later. What no history says
(when it was made, how notices were delivered, refusals) is bound by the seal, the SHA-256 of the
manifest, which stands in the checkpoint that is made with the bundle (`Bundle.sealed`).

Bundles made before had `order.txt`, the hashes of all entries, in place of the log.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import lzma
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, Any

import attrs

from evalflow.audit import merkle
from evalflow.audit.checkpoints import UNSIGNED, SignedCheckpoint
from evalflow.audit.findings import Mismatch, Unchecked
from evalflow.audit.ground import Ground
from evalflow.audit.histories import History
from evalflow.audit.log import (
    HIDDEN,
    Coverage,
    Leaf,
    checkpoint_differs,
    hashed,
    hold,
    is_leaf,
    leaf_text,
    leaves,
)
from evalflow.audit.plan_histories import PlanHistory, Traces
from evalflow.audit.verification import Checkpoint, checkpoint, compare, revisions_fit
from evalflow.audit.zip_gaps import hides_more
from evalflow.errors import EvalflowError, InvalidInput, invalid
from evalflow.files.inputs import opened
from evalflow.files.output import writing
from evalflow.model import Entry, PlanEntry, Project
from evalflow.model.arguments import checked
from evalflow.model.canonical import Tree, canonical, digest, parse
from evalflow.model.values import frozen
from evalflow.plugins.signer import Signer
from evalflow.storage import rows
from evalflow.storage.contract import Storage
from evalflow.storage.integrity import SchemaFault, Values, tables_of

FORMAT = "evalflow-audit/2"

_EARLIER = "evalflow-audit/1"
_MANIFEST = "manifest.json"
_LOG = "log.jsonl"
_ORDER = "order.txt"
_REFUSALS = "refusals.jsonl"
_PLAN_HISTORY = "plans/history.jsonl"
_NAMES = re.compile(
    r"manifest\.json|log\.jsonl|order\.txt|refusals\.jsonl|plans/(?:history\.jsonl|r[0-9]{1,9}\.json)"
    r"|lifecycles/[0-9]{1,9}\.json|projects/[0-9]{6,9}\.jsonl"
)
_LARGEST_LINE = 64 * 2**20  # bytes; an evaluation of a hundred indicators is some 20 KB
_LARGEST_BUNDLE = 64 * 2**30  # bytes unpacked
_DENSEST = 400  # times smaller when packed; entries come to 10-30
_EPOCH = (1980, 1, 1, 0, 0, 0)  # zip's first moment: bundles of the same content are the same bytes

_UNREADABLE = (
    ArithmeticError, AttributeError, EvalflowError, LookupError, RecursionError, TypeError,
    ValueError,
)  # fmt: skip
_TREES = frozenset({"states", "visits", "before", "after", "data", "rating", "change"})


@frozen(kw_only=True)
class Bundle:
    """What a bundle is about, as its manifest says.

    Attributes:
        plan: the plan's id.
        made_at: when it was exported, aware and UTC.
        whole: every project of the plan is in it, so that its checkpoint can be recomputed.
        projects: how many projects are in it.
        entries: how many entries.
        checkpoint: the line that stands for the whole plan when it was exported.
        seal: the SHA-256 of the manifest, and so of everything in the bundle.
        log: what the log of the plan came to; None in a bundle made before there was one.
        cover: how it stands to the checkpoint that it was verified with, None without one.
    """

    plan: str
    made_at: dt.datetime
    whole: bool
    projects: int
    entries: int
    checkpoint: Checkpoint
    seal: str
    log: SignedCheckpoint | None = None
    cover: Coverage | None = None

    def sealed(self, signer: Signer | None = None) -> SignedCheckpoint:
        """Return the checkpoint that covers the whole bundle, including how it was made; unsigned
        without a signer.

        Raises:
            InvalidInput: the bundle was made before there was a log.
            PluginError: the signer broke.
        """
        if self.log is None:
            raise _no_log(self.plan)
        name = UNSIGNED if signer is None else signer.name
        point = attrs.evolve(
            self.log, origin=f"{name}/{self.plan}", more=(f"evalflow-bundle {self.seal}",)
        )
        return point if signer is None else point.signed(signer)


# --------------------------------------------------------------------------- writing


@contextmanager
def new_archive(path: str | os.PathLike[str]) -> Iterator[zipfile.ZipFile]:
    """Give the archive of a new bundle. It appears under its name when the context ends well, and
    replaces an older one; otherwise nothing is left behind.

    Raises:
        OSError: the file cannot be written.
    """
    with writing(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        yield archive


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
    order yet: the log and the checkpoint end before them, and the manifest names them (`behind`).
    """
    files: dict[str, str] = {}
    should: set[str] = set()
    heads = []
    for number, effective in source.revisions(plan):
        heads.append(source.head(plan, number) or "")
        name = f"plans/r{number}.json"
        files[name] = _add(archive, name, [canonical({"effective": effective}), heads[-1]])
        should.add(leaf_text(("revision", plan, number, effective, digest(heads[-1]))))
    fingerprints: dict[str, None] = {}
    plan_entries = list(source.plan_history(plan))
    files[_PLAN_HISTORY] = _add(archive, _PLAN_HISTORY, map(_plan_line, plan_entries))
    should |= {leaf_text(("plan", plan, each.number, each.hash)) for each in plan_entries}
    fingerprints |= {each.lifecycle: None for each in plan_entries if each.lifecycle}
    counted = entries = 0
    own: set[str] = set()
    for counted, project in enumerate(projects, start=1):
        history = list(source.history(project.id))
        entries += len(history)
        own.add(project.id)
        should.update(
            leaf_text(("entry", each.project, each.number, each.hash)) for each in history
        )
        fingerprints.update(dict.fromkeys(entry.lifecycle for entry in history))
        name = f"projects/{counted:06}.jsonl"
        files[name] = _add(archive, name, _project_lines(source, project, history))
    for place, fingerprint in enumerate(sorted(fingerprints), start=1):
        name = f"lifecycles/{place}.json"
        text = source.lifecycle(fingerprint) or "null"
        files[name] = _add(archive, name, [canonical(fingerprint), text])
        should.add(leaf_text(("lifecycle", fingerprint, digest(text))))
    if refusals is not None:
        files[_REFUSALS] = _add(archive, _REFUSALS, map(canonical, refusals))
    log = _Log(whole, own | set(fingerprints), should)
    with tables_of(source) as tables:
        files[_LOG] = _add(archive, _LOG, log.lines(leaf for _, leaf in leaves(tables, [plan])))
    point = checkpoint(plan, heads, log.order)
    told = {
        "format": FORMAT,
        "plan": plan,
        "made_at": made_at.isoformat(timespec="microseconds"),
        "whole": whole,
        "projects": counted,
        "entries": entries,
        "checkpoint": str(point),
        "log": _logged(plan, log.tree).text,
        "behind": sorted(log.should),
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
        log=_logged(plan, log.tree),
    )


def _logged(plan: str, tree: merkle.Tree) -> SignedCheckpoint:
    return SignedCheckpoint(origin=f"{UNSIGNED}/{plan}", size=tree.size, root=tree.root())


class _Log:
    """The leaves of a plan's log on their way into a bundle; those that are not about `own`
    projects and lifecycles only as hashes, unless it is a `whole` bundle. Each is taken from
    `should`, the lines of what is in the bundle."""

    def __init__(self, whole: bool, own: set[str], should: set[str]) -> None:
        self.tree = merkle.Tree()
        self.order: list[str] = []
        self.should = should
        self._whole = whole
        self._own = own

    def lines(self, read: Iterable[Leaf]) -> Iterator[str]:
        for leaf in read:
            hash_ = hashed(leaf)
            self.tree.add(hash_)
            told = self._whole or leaf[0] in ("revision", "plan") or leaf[1] in self._own
            if leaf[0] == "entry":
                self.order.append(str(leaf[-1]))
            line = leaf_text(leaf if told else (HIDDEN, hash_.hex()))
            self.should.discard(line)
            yield line


def _plan_line(entry: PlanEntry) -> str:
    return canonical(_opened(rows.PLAN_ENTRY_COLUMNS, rows.plan_entry_row(entry)))


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


@checked
def verify_bundle(
    path: str | os.PathLike[str], *, noted: Checkpoint | SignedCheckpoint | None = None
) -> tuple[Bundle, tuple[Mismatch, ...]]:
    """Return what a bundle is about, and everything in it that is inconsistent; only the file is
    looked at.

    Checked are the hash of every file, that none is missing or added, the chain of every
    project and all that `Engine.verify` checks in a store, that the log is that of what is in it
    and comes to what the manifest says, and, with `noted`, that it bears out a checkpoint; with
    one that was made with this bundle (`Bundle.sealed`), that nothing at all was edited since. Of
    a signed checkpoint the signatures are not looked at: see `SignedCheckpoint.check`.

    Raises:
        InvalidInput: the file is no bundle, is of a later format, or is not readable as one; or it
            cannot be held to a checkpoint of this kind.
    """
    name = os.fspath(path)
    try:
        with opened(name) as file, zipfile.ZipFile(file) as archive:
            return _Reader(archive, os.path.basename(name)).verify(noted)
    except _BROKEN as error:
        raise _unreadable(os.path.basename(name), error) from error


class _Reader:
    """One bundle being verified."""

    def __init__(self, archive: zipfile.ZipFile, file: str) -> None:
        self.archive = archive
        self.file = file
        self.found: list[Mismatch] = []
        self.entries: list[tuple[Any, Any, Any]] = []
        self.behind: set[str] = set()

    def verify(
        self, noted: Checkpoint | SignedCheckpoint | None
    ) -> tuple[Bundle, tuple[Mismatch, ...]]:
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
        own = self._plan_history() if _PLAN_HISTORY in files else []
        ground = Ground(_Definitions(bundle.plan, revisions, lifecycles, own))
        hashes: set[str] = set()
        traces = Traces()
        projects = 0
        for name in files:
            if name.startswith("projects/") and self._there(name):
                projects += 1
                self._project(name, bundle.plan, ground, traces, hashes)
        self.found += revisions_fit(ground, bundle.plan, traces.revised, _unheard)
        if own:  # a bundle from before plans had a history has none
            history = PlanHistory(bundle.plan, ground, traces, _unheard, bundle.whole)
            self.found += history.judge()
        if projects != bundle.projects or len(hashes) != bundle.entries:
            self._note(
                _MANIFEST,
                "file_changed",
                f"사업 {bundle.projects}개, 이력 {bundle.entries}건이라 적혀 있으나 {projects}건, "
                f"{len(hashes)}건이 들어 있습니다.",
                f"it says {bundle.projects} projects and {bundle.entries} entries, but holds "
                f"{projects} and {len(hashes)}",
            )
        heads = [revisions[number][1] for number in sorted(revisions)]
        if bundle.log is None:
            if isinstance(noted, SignedCheckpoint):
                raise _no_log(self.file)
            self._checkpoints(bundle, heads, hashes, noted)
            return bundle, tuple(self.found)
        should = self._leaves(bundle.plan, revisions, lifecycles, own)
        cover = self._held(bundle, heads, should, noted)
        return (bundle if cover is None else attrs.evolve(bundle, cover=cover)), tuple(self.found)

    def _leaves(
        self,
        plan: str,
        revisions: Mapping[int, tuple[Tree, str]],
        lifecycles: Mapping[str, str],
        own: Iterable[Values] = (),
    ) -> set[str]:
        """Return the lines of every leaf that what is in the bundle comes to; `own` are the rows
        of the plan's own history."""
        found = {leaf_text(("entry", *each)) for each in self.entries}
        found |= {leaf_text(("plan", plan, row["number"], row["hash"])) for row in own}
        for number, (told, text) in revisions.items():
            effective = told.get("effective") if isinstance(told, Mapping) else None
            found.add(leaf_text(("revision", plan, number, str(effective), digest(text))))
        for fingerprint, text in lifecycles.items():
            found.add(leaf_text(("lifecycle", fingerprint, digest(text))))
        return found

    def _held(
        self,
        bundle: Bundle,
        heads: Sequence[str],
        should: set[str],
        noted: Checkpoint | SignedCheckpoint | None,
    ) -> Coverage | None:
        """Hold the log against what is in the bundle, the manifest and a checkpoint."""
        if not bundle.whole and isinstance(noted, Checkpoint):
            raise self._not_whole()
        assert bundle.log is not None
        read = list(self._logged(bundle, should))
        order = [str(leaf[-1]) for leaf in read if leaf[0] == "entry"]
        if should != self.behind:
            should ^= self.behind
            self._note(
                _LOG,
                "file_changed",
                f"들어 있는 것 가운데 {len(should)}건이 기록에 없습니다: {min(should)}",
                f"of what is in the bundle {len(should)} are not in the log: {min(should)}",
            )
        points = [] if noted is None else [noted]
        seals = [digest(each) for each in heads]
        logged = ((bundle.plan, leaf) for leaf in read)
        held = hold(logged, [bundle.plan], points, lambda plan: seals)
        cover = held[bundle.plan][0]
        self.found += [found for each, _ in held.values() for found in each.found]
        if (cover.size, cover.root) != (bundle.log.size, bundle.log.root):
            self.found.append(
                checkpoint_differs(
                    bundle.plan,
                    f"목록에 적힌 기록({bundle.log.size}건)과 들어 있는 기록({cover.size}건)이 "
                    "다릅니다.",
                    f"the log in it ({cover.size} leaves) is not the one in the manifest "
                    f"({bundle.log.size})",
                )
            )
        if bundle.whole:
            self.found += compare(bundle.checkpoint, checkpoint(bundle.plan, heads, order))
        if not isinstance(noted, SignedCheckpoint):
            return None if noted is None else cover
        if noted.seal is not None and noted.seal != bundle.seal:
            self._note(
                _MANIFEST,
                "seal_differs",
                "이 확인값과 함께 만든 묶음이 아니거나, 만든 뒤에 바뀌었습니다"
                f"(무결성 값 {bundle.seal}).",
                "it is not the bundle that the checkpoint was made with, or was edited since (its "
                f"seal is {bundle.seal})",
            )
        return cover

    def _logged(self, bundle: Bundle, should: set[str]) -> Iterator[Leaf]:
        """Yield the leaves in the log, and take each from `should`."""
        if not self._there(_LOG):
            return
        with self.archive.open(_LOG) as content:
            for number, text in self._each(_LOG, content):
                try:
                    leaf: Leaf = parse(text)
                    if not is_leaf(leaf):
                        raise TypeError(text)
                    hidden = not bundle.whole and leaf[0] == HIDDEN and _hidden(leaf)
                    hashed(leaf)
                except _UNREADABLE as error:
                    raise _broken(self.file, _LOG, number) from error
                if text not in should and not hidden:
                    self._note(
                        _LOG,
                        "file_changed",
                        f"{number}번째 줄은 들어 있는 것의 기록이 아닙니다.",
                        f"line {number} is not about anything in the bundle",
                    )
                should.discard(text)
                yield leaf

    def _not_whole(self) -> InvalidInput:
        return _problem(
            self.file,
            "not_whole",
            "일부 사업만 든 묶음이라 확인값과 대조할 수 없습니다. 계획 전체를 내보내십시오.",
            "the bundle holds some projects only; a checkpoint needs the whole plan",
        )

    def _checkpoints(
        self,
        bundle: Bundle,
        heads: Sequence[str],
        hashes: set[str],
        noted: Checkpoint | None,
    ) -> None:
        """Hold a bundle made before against its own checkpoint, and another."""
        if not bundle.whole:
            if noted is not None:
                raise self._not_whole()
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
            (text,) = self._lines(_MANIFEST)
            told = parse(text)
            kind = told.get("format")
            as_written = canonical(told) == text
        except (KeyError, IndexError, ValueError, AttributeError, RecursionError):
            kind = None
        if kind not in (FORMAT, _EARLIER):
            raise _problem(
                self.file,
                "not_a_bundle",
                f"감사 묶음이 아니거나 버전이 다릅니다 (형식 '{FORMAT}'이어야 합니다).",
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
                log=None if kind == _EARLIER else SignedCheckpoint.read(_text(told["log"])),
            )
            if bundle.log is not None:
                self.behind = {_text(each) for each in told["behind"]}
                if bundle.log.plan != bundle.plan:
                    raise ValueError(bundle.log.origin)
            files = {_text(name): _text(seal) for name, seal in told["files"].items()}
        except (KeyError, TypeError, ValueError, AttributeError, InvalidInput):
            raise _broken(self.file, _MANIFEST, 1) from None
        if not as_written:
            self._reworded(_MANIFEST, 1)
        return {**told, "files": files}, bundle

    def _files(self, files: Mapping[str, str]) -> None:
        """Note every file that is missing, added, there twice or changed."""
        names = [info.filename for info in self.archive.infolist()]
        if self.archive.comment or any(info.comment for info in self.archive.infolist()):
            self._note(_MANIFEST, "file_added", "묶음에 덧붙인 글이 있습니다.", "it has a comment")
        if hides_more(self.archive):
            self._note(
                _MANIFEST,
                "file_added",
                "묶음의 파일들 앞이나 뒤, 또는 사이에 다른 것이 있습니다.",
                "there is more in it before, behind or between its files",
            )
        for name in dict.fromkeys(names):
            if (name != _MANIFEST and name not in files) or names.count(name) > 1:
                self._note(name, "file_added", "목록에 없는 파일입니다.", "not in the manifest")
            elif not _NAMES.fullmatch(name):
                ko = "감사 묶음에 그런 이름의 파일은 없습니다."
                self._note(name, "file_added", ko, "no file of a bundle is called so")
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

    def _plan_history(self) -> list[Values]:
        """Return the rows of the plan's own history."""
        if not self._there(_PLAN_HISTORY):
            return []
        columns = rows.PLAN_ENTRY_COLUMNS
        found: list[Values] = []
        for number, text in enumerate(self._lines(_PLAN_HISTORY), start=1):
            try:
                told = parse(text)
                row = _closed(columns, told)
                as_written = canonical(told) == text and set(told) == set(columns)
            except _UNREADABLE as error:
                raise _broken(self.file, _PLAN_HISTORY, number) from error
            if not as_written:
                self._reworded(_PLAN_HISTORY, number)
            found.append(dict(zip(columns, row, strict=True)))
        return found

    def _pair(self, name: str) -> tuple[Tree, str]:
        """Return the two lines of a plan's or a lifecycle's file: what it is, and its text."""
        lines = self._lines(name)
        try:
            what, text = lines
            told = parse(what)
            more = isinstance(told, Mapping) and set(told) != {"effective"}
            as_written = canonical(told) == what and not more
        except (ValueError, TypeError, RecursionError) as error:
            raise _broken(self.file, name, 1) from error
        if not as_written:
            self._reworded(name, 1)
        return told, text

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
        traces: Traces,
        hashes: set[str],
    ) -> None:
        kept: dict[str, list[Values]] = {table: [] for table in _LINES.values()}
        kinds, before = [*_LINES], 0
        with self.archive.open(name) as content:
            for number, text in self._each(name, content):
                try:
                    kind, told = line = parse(text)
                    kept[_LINES[kind]].append(_row(kind, told))
                    as_written = canonical(line) == text and set(told) <= _known(kind, told)
                    as_written = as_written and kinds.index(kind) >= before
                    before = kinds.index(kind)
                except _UNREADABLE as error:
                    raise _broken(self.file, name, number) from error
                if not as_written:
                    self._reworded(name, number)
        own = kept["project"]
        if len(own) != 1 or own[0].get("plan") != plan or not isinstance(own[0].get("id"), str):
            raise _broken(self.file, name, 1)
        hashes.update(str(row.get("hash")) for row in kept["entry"])
        self.entries += [(row["project"], row["number"], row["hash"]) for row in kept["entry"]]
        history = History(
            project=own[0]["id"],
            rows=kept.__getitem__,
            kept=frozenset(kept),
            ground=ground,
            told=_unheard,
            traces=traces,
        )
        try:
            self.found += history.judge()
        except _UNREADABLE as error:
            raise _broken(self.file, name, 1) from error

    def _reworded(self, name: str, number: int) -> None:
        """Note a line that says what it should, and is not written as bundles are: with a name
        twice, or one that nobody here reads, it says something else to other readers."""
        self._note(
            name,
            "file_changed",
            f"{number}번째 줄이 감사 묶음을 쓰는 방식대로 적혀 있지 않습니다(같은 이름이 두 번 "
            "있거나, 없는 이름이나 빈칸이 있거나, 줄의 차례가 다름).",
            f"line {number} is not written as bundles are (a name twice, an unknown one, blanks, "
            "or another order of lines)",
        )

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
        told = {"plan_head": "", **told}  # which entries from before plans had a history lack
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


def _known(kind: str, told: Mapping[str, Any]) -> set[str]:
    """Return the names that a line of this kind may have."""
    if kind == "project":
        return set(rows.PROJECT_COLUMNS)
    if kind == "entry":
        return set(rows.ENTRY_COLUMNS)
    if kind == "definition":
        return {"revision", "tree"}
    if kind == "evaluation":
        return set(told)  # all of it is what is verified
    return {*rows.NOTICE_COLUMNS, "state", "tries", "error"}


class _Definitions:
    """The plan revisions and lifecycles of a bundle, as a store's tables."""

    gapless = False
    kept = frozenset(("plan_revision", "plan_entry", "lifecycle"))

    def __init__(
        self,
        plan: str,
        revisions: Mapping[int, tuple[Tree, str]],
        lifecycles: Mapping[str, str],
        own: Sequence[Values],
    ) -> None:
        self._plan = plan
        self._own = own
        self._revisions = revisions
        self._lifecycles = lifecycles

    def owners(self, table: str) -> Sequence[Any]:
        return sorted(self._lifecycles) if table == "lifecycle" else [self._plan]

    def rows(self, table: str, owner: Any) -> Iterator[Values]:
        if table == "lifecycle":
            if owner in self._lifecycles:
                yield {"fingerprint": owner, "tree": self._lifecycles[owner]}
            return
        if table == "plan_entry":
            yield from self._own
            return
        for number in sorted(self._revisions):
            told, text = self._revisions[number]
            effective = told.get("effective") if isinstance(told, Mapping) else None
            yield {"plan": owner, "revision": number, "effective": effective, "tree": text}

    def positions(self, table: str) -> Iterator[tuple[Any, Any]]:
        return iter(())

    def written(self) -> Iterator[Values]:
        return iter(())

    def behind(self) -> bool:
        return False

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


def _hidden(leaf: Leaf) -> bool:
    """Say whether it is a leaf of which only the hash is told."""
    hash_ = leaf[1] if len(leaf) == 2 else None
    return isinstance(hash_, str) and len(bytes.fromhex(hash_)) == merkle.SIZE


def _no_log(about: str) -> InvalidInput:
    return _problem(
        about,
        "no_log",
        "예전 형식의 묶음이라 한 줄 확인값과만 대조할 수 있습니다. 다시 내보내십시오.",
        "the bundle is of an earlier format: it can be held to a checkpoint of one line only; "
        "export it again",
    )


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
