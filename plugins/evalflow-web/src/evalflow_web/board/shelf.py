"""What the board keeps beside the store, and what is no history: drafts of forms, files given as
evidence, comments, letters that were put away, and batches that wait for their confirmation.

A shelf is a folder: `drafts.db`, `files/` by content, `batches/`; rows and contents may stand
elsewhere (`tables`, `blobs`). Losing it loses drafts, comments and files, never a firing; what an
entry says of a file (its name and SHA-256) stays in the entry.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import re
import secrets
import shutil
import tempfile
import time
import weakref
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from evalflow_web.board.blobs import blobs_at
from evalflow_web.board.tables import tables_at
from evalflow_web.problems import Problem

_SCHEMA = (
    """
CREATE TABLE IF NOT EXISTS draft (
    actor TEXT NOT NULL, project TEXT NOT NULL, event TEXT NOT NULL,
    version INTEGER NOT NULL, saved_at TEXT NOT NULL, fields TEXT NOT NULL,
    PRIMARY KEY (actor, project, event)
)""",
    """
CREATE TABLE IF NOT EXISTS file (
    project TEXT NOT NULL, sha256 TEXT NOT NULL, actor TEXT NOT NULL, at TEXT NOT NULL,
    name TEXT NOT NULL, type TEXT NOT NULL, size INTEGER NOT NULL,
    PRIMARY KEY (project, sha256, actor)
)""",
    """
CREATE TABLE IF NOT EXISTS comment (
    id TEXT PRIMARY KEY, project TEXT NOT NULL, actor TEXT NOT NULL, at TEXT NOT NULL,
    text TEXT NOT NULL
)""",
    "CREATE INDEX IF NOT EXISTS comment_of ON comment (project, at)",
    """
CREATE TABLE IF NOT EXISTS letter_away (
    notice TEXT NOT NULL, notifier TEXT NOT NULL, actor TEXT NOT NULL, at TEXT NOT NULL,
    PRIMARY KEY (notice, notifier)
)""",
)

KEPT = dt.timedelta(days=180)
"""So long a draft is kept that nobody touched."""

WAITS = dt.timedelta(days=1)
"""So long a batch waits for its confirmation."""

LARGEST_FILE = 20_000_000
"""Bytes of one file that is given as evidence."""

FILES_OF_ONE = 200
"""Files that one person may give for one project."""

Scanner = Callable[[bytes, str], "str | None"]
"""A hook for a virus scanner: the content and its name in, what is wrong with it out (None: nothing
was found)."""


@attrs.frozen(kw_only=True)
class Draft:
    """A form that somebody began: its fields as typed, and the project's version that they saw."""

    version: int
    saved_at: dt.datetime
    fields: Mapping[str, str]

    @property
    def mark(self) -> str:
        """Return what tells two drafts apart: a browser that kept an earlier one forgets it."""
        text = json.dumps(dict(self.fields), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@attrs.frozen(kw_only=True)
class Evidence:
    """A file given as evidence: by whom, when, of which type (by its content, not its name)."""

    project: str
    sha256: str
    actor: str
    at: dt.datetime
    name: str
    type: str
    size: int

    @property
    def line(self) -> str:
        """Return what stands in an entry: the name, and the hash that binds the content."""
        return f"{self.name} (sha256:{self.sha256})"


@attrs.frozen(kw_only=True)
class Comment:
    """What somebody said beside a project's record: no part of its history."""

    id: str
    actor: str
    at: dt.datetime
    text: str


_LINE = re.compile(r"\(sha256:([0-9a-f]{64})\)")


def hash_in(line: str) -> str | None:
    """Return the hash that a line of evidence names, or None where it names no file."""
    found = _LINE.search(line)
    return None if found is None else found[1]


def hashes_in(value: Any) -> Iterator[str]:
    """Yield the hashes of files that an entry's data name, wherever in them."""
    if isinstance(value, str):
        yield from _LINE.findall(value)
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from hashes_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from hashes_in(inner)


class Shelf:
    """The folder. Safe to use from several threads and processes."""

    def __init__(
        self,
        folder: Path | None = None,
        *,
        scan: Scanner | None = None,
        tables: str | None = None,
        blobs: str | None = None,
    ) -> None:
        """Take the folder, which is made where it is not there; None: one that is removed when the
        process ends. `scan` looks at every file before it is kept. `tables` and `blobs` are URLs:
        of a PostgreSQL database for the rows (and the contents), of an object store for the
        contents.

        Raises:
            InvalidInput: a URL cannot be used.
            StorageError: it cannot be reached.
        """
        if folder is None:
            folder = Path(tempfile.mkdtemp(prefix="evalflow-board-"))
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.folder = folder
        self._scan = scan
        (folder / "batches").mkdir(parents=True, exist_ok=True, mode=0o700)
        self._tables = tables_at(tables, folder)
        self._tables.make(_SCHEMA)
        self._blobs = blobs_at(blobs, folder, None if tables is None else self._tables)

    # ------------------------------------------------------------------ drafts

    def draft(self, actor: str, project: str, event: str) -> Draft | None:
        """Return what the actor left unfinished, or None."""
        return self.drafts(actor).get((project, event))

    def drafts(self, actor: str) -> dict[tuple[str, str], Draft]:
        """Return all that the actor left unfinished, by (project, event)."""
        with self._tables.writing() as run:
            rows = run(
                "SELECT project, event, version, saved_at, fields FROM draft WHERE actor = ?",
                actor,
            )
        return {
            (project, event): Draft(
                version=version,
                saved_at=dt.datetime.fromisoformat(saved),
                fields=json.loads(fields),
            )
            for project, event, version, saved, fields in rows
        }

    def save(self, actor: str, project: str, event: str, draft: Draft) -> None:
        """Keep the draft in place of an earlier one, and sweep those that are too old."""
        fields = json.dumps(dict(draft.fields), ensure_ascii=False)
        with self._tables.writing() as run:
            run("DELETE FROM draft WHERE saved_at < ?", (draft.saved_at - KEPT).isoformat())
            run(
                "INSERT INTO draft VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (actor, project, event)"
                " DO UPDATE SET version = excluded.version, saved_at = excluded.saved_at,"
                " fields = excluded.fields",
                *(actor, project, event, draft.version, draft.saved_at.isoformat(), fields),
            )

    def forget(self, actor: str, project: str, event: str) -> None:
        """Throw the draft away: what it was for is done."""
        with self._tables.writing() as run:
            run(
                "DELETE FROM draft WHERE actor = ? AND project = ? AND event = ?",
                *(actor, project, event),
            )

    # ------------------------------------------------------------------ evidence

    def keep(
        self, project: str, actor: str, name: str, content: bytes, at: dt.datetime
    ) -> Evidence:
        """Keep a file by its content, and return what is known of it.

        Raises:
            Problem: it is empty, too large, of a kind that is not taken, the scanner found
                something, or somebody gave too many.
        """
        name = _plain_name(name)
        if not content:
            raise _refused(name, "빈 파일입니다", "it is empty")
        if len(content) > LARGEST_FILE:
            raise _refused(
                name,
                f"{LARGEST_FILE // 1_000_000}MB보다 큽니다",
                f"it is larger than {LARGEST_FILE // 1_000_000} MB",
            )
        kind = sniffed(content)
        if kind is None:
            raise _refused(
                name,
                "받지 않는 형식입니다. PDF, HWP·HWPX, XLSX·DOCX·PPTX, ODF, JPG·PNG, TXT·CSV,"
                " ZIP 파일을 올리십시오",
                "this kind is not taken: give PDF, HWP, HWPX, office documents, JPG, PNG, text,"
                " CSV or ZIP",
            )
        if self._scan is not None and (found := self._scan(content, name)) is not None:
            raise _refused(name, f"검사에서 걸렸습니다: {found}", f"the scanner says: {found}")
        sha = hashlib.sha256(content).hexdigest()
        evidence = Evidence(
            project=project,
            sha256=sha,
            actor=actor,
            at=at,
            name=name,
            type=kind,
            size=len(content),
        )
        with self._tables.writing() as run:
            ((count,),) = run(
                "SELECT count(*) FROM file WHERE project = ? AND actor = ?", project, actor
            )
            if count >= FILES_OF_ONE:
                raise _refused(
                    name,
                    f"이 사업에 이미 파일 {count}개를 올렸습니다",
                    f"you gave {count} files for this project already",
                )
        self._blobs.put(sha, content)  # first the content: a row names nothing that is not there
        with self._tables.writing() as run:
            run(
                "INSERT INTO file VALUES (?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (project, sha256, actor) DO UPDATE SET at = excluded.at,"
                " name = excluded.name, type = excluded.type, size = excluded.size",
                *(project, sha, actor, at.isoformat(), name, kind, len(content)),
            )
        return evidence

    def evidence(self, project: str, sha: str) -> tuple[Evidence, ...]:
        """Return who gave this file for the project, the first first; nobody: nothing."""
        with self._tables.writing() as run:
            rows = run(
                "SELECT project, sha256, actor, at, name, type, size FROM file"
                " WHERE project = ? AND sha256 = ? ORDER BY at",
                *(project, sha),
            )
        return tuple(
            Evidence(
                project=row[0],
                sha256=row[1],
                actor=row[2],
                at=dt.datetime.fromisoformat(row[3]),
                name=row[4],
                type=row[5],
                size=row[6],
            )
            for row in rows
        )

    def content(self, sha: str) -> bytes:
        """Return the content that has this hash.

        Raises:
            Problem: it is not there, or is not what its name says any more.
        """
        content = self._blobs.get(sha) or b""
        if hashlib.sha256(content).hexdigest() != sha:
            raise Problem(
                410,
                "evidence_lost",
                ko="파일이 없거나 내용이 바뀌어, 이력에 적힌 무결성 값과 다릅니다.",
                en="the file is gone, or is no longer what the history says (its hash differs).",
            )
        return content

    def sweep(self, before: dt.datetime, named: Container[str]) -> tuple[int, int]:
        """Throw away drafts that nobody touched since a moment, and files given before it that no
        entry names (`named`: the hashes that entries name) and no draft that is left. Return how
        many of each."""
        moment = before.isoformat()
        with self._tables.writing() as run:
            drafts = run("SELECT actor FROM draft WHERE saved_at < ?", moment)
            run("DELETE FROM draft WHERE saved_at < ?", moment)
            drafted = {
                sha for (said,) in run("SELECT fields FROM draft") for sha in hashes_in(said)
            }
            rows = run("SELECT sha256, at FROM file")
            kept = {s for s, at in rows if s in named or s in drafted or at >= moment}
            gone = {sha for sha, _ in rows} - kept
            for sha in gone:
                run("DELETE FROM file WHERE sha256 = ?", sha)
        for sha in gone:
            self._blobs.drop(sha)
        return len(drafts), len(gone)

    # ------------------------------------------------------------------ comments

    def comments(self, project: str) -> tuple[Comment, ...]:
        """Return what was said beside the project's record, the first first."""
        with self._tables.writing() as run:
            rows = run(
                "SELECT id, actor, at, text FROM comment WHERE project = ? ORDER BY at, id", project
            )
        return tuple(
            Comment(id=row[0], actor=row[1], at=dt.datetime.fromisoformat(row[2]), text=row[3])
            for row in rows
        )

    def comment(self, project: str, actor: str, text: str, at: dt.datetime) -> None:
        """Keep what somebody says beside the project's record."""
        with self._tables.writing() as run:
            run(
                "INSERT INTO comment VALUES (?, ?, ?, ?, ?)",
                *(secrets.token_hex(8), project, actor, at.isoformat(), text),
            )

    def withdraw(self, project: str, actor: str, comment: str) -> None:
        """Take a comment away that the actor wrote; another's stays."""
        with self._tables.writing() as run:
            run(
                "DELETE FROM comment WHERE id = ? AND project = ? AND actor = ?",
                *(comment, project, actor),
            )

    # ------------------------------------------------------------------ letters

    def put_away(self) -> dict[tuple[str, str], tuple[str, dt.datetime]]:
        """Return which letters that were given up somebody put away: (notice, notifier) -> who and
        when."""
        with self._tables.writing() as run:
            rows = run("SELECT notice, notifier, actor, at FROM letter_away")
        return {
            (notice, notifier): (actor, dt.datetime.fromisoformat(at))
            for notice, notifier, actor, at in rows
        }

    def put_letters_away(
        self, letters: Iterable[tuple[str, str]], actor: str, at: dt.datetime
    ) -> None:
        """Remember that somebody has seen these letters, and lets them lie."""
        with self._tables.writing() as run:
            for notice, notifier in letters:
                run(
                    "INSERT INTO letter_away VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                    *(notice, notifier, actor, at.isoformat()),
                )

    # ------------------------------------------------------------------ batches

    def new_batch(self) -> str:
        """Return a name for a batch that is to wait, and sweep those that waited too long."""
        longest = time.time() - WAITS.total_seconds()
        for place in (self.folder / "batches").iterdir():
            with contextlib.suppress(OSError):  # somebody else may sweep, too
                if place.stat().st_mtime < longest:
                    place.unlink()
        return secrets.token_hex(16)

    def batch(self, token: str) -> Path:
        """Return where the batch of this name waits.

        Raises:
            Problem: no such name was given out.
        """
        if re.fullmatch(r"[0-9a-f]{32}", token) is None:
            raise Problem(422, "no_batch", ko="일괄 처리 계획이 없습니다.", en="no such batch")
        return self.folder / "batches" / f"{token}.jsonl"


def _plain_name(name: str) -> str:
    """Return the last part of a file's name, as one line of at most 120 characters."""
    last = re.split(r"[\\/]", name)[-1]
    plain = "".join(
        each for each in last if each.isprintable() and each not in "\u200e\u200f"
    ).strip()
    return plain[-120:] or "file"


def _refused(name: str, ko: str, en: str) -> Problem:
    return Problem(
        422,
        "evidence_refused",
        ko=f"'{name}'을(를) 받지 않았습니다: {ko}.",
        en=f"'{name}' was not taken: {en}.",
    )


_MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),  # HWP 5, XLS, DOC
    (b"PK\x03\x04", "application/zip"),  # HWPX, XLSX, ODF
)


def sniffed(content: bytes) -> str | None:
    """Return the type that a file's content shows, whatever its name says; None: none of those
    that are taken."""
    for magic, kind in _MAGIC:
        if content.startswith(magic):
            return _zipped(content) if kind == "application/zip" else kind
    head = content[:4096]
    if b"\x00" in head or head.lstrip().startswith((b"<", b"#!", b"MZ")):
        return None
    for encoding in ("utf-8", "cp949"):
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return "text/plain"
    return None


def _zipped(content: bytes) -> str:
    head = content[:400]
    for mark, kind in (
        (b"application/hwp+zip", "application/hwp+zip"),
        (b"application/vnd.oasis.opendocument", "application/vnd.oasis.opendocument"),
        (b"[Content_Types].xml", "application/vnd.openxmlformats-officedocument"),
    ):
        if mark in head:
            return kind
    return "application/zip"
