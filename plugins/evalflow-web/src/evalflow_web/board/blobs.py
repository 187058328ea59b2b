"""Where the contents of files are kept, by their SHA-256: a folder, a table, or an object store."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any, Protocol

from evalflow import StorageError
from evalflow.plugins import invalid
from evalflow.storage import secrets_of, shown_url, without
from evalflow_web.board.tables import Tables, first_line


class Blobs(Protocol):
    """Contents by their SHA-256 (64 hex digits). What was put is there when `put` returns."""

    def put(self, sha: str, content: bytes) -> None:
        """Keep a content; the same again is no mistake.

        Raises:
            StorageError: it cannot be kept now.
        """

    def get(self, sha: str) -> bytes | None:
        """Return what is kept under this hash, or None.

        Raises:
            StorageError: it cannot be reached now.
        """

    def drop(self, sha: str) -> None:
        """Throw a content away; none of that name is no mistake."""


class FolderBlobs:
    """Files in a folder, readable by their owner alone."""

    def __init__(self, folder: Path) -> None:
        """Take the folder, which is made where it is not there."""
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def _place(self, sha: str) -> Path:
        return self._folder / sha[:2] / sha

    def put(self, sha: str, content: bytes) -> None:
        """Keep a content: written beside its place, and moved there once it is durable."""
        place = self._place(sha)
        if place.exists():
            return
        place.parent.mkdir(exist_ok=True, mode=0o700)
        beside = place.with_suffix("." + secrets.token_hex(8))
        with open(beside, "xb", opener=_private) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, place)

    def get(self, sha: str) -> bytes | None:
        """Return what is kept under this hash, or None."""
        try:
            return self._place(sha).read_bytes()
        except OSError:
            return None

    def drop(self, sha: str) -> None:
        """Throw a content away."""
        self._place(sha).unlink(missing_ok=True)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class TableBlobs:
    """Rows of a table, beside what else the board keeps."""

    def __init__(self, tables: Tables) -> None:
        """Take the tables; the table is made where it is not there."""
        self._tables = tables
        tables.make(
            [
                "CREATE TABLE IF NOT EXISTS content"
                f" (sha256 TEXT PRIMARY KEY, content {tables.blob} NOT NULL)"
            ]
        )

    def put(self, sha: str, content: bytes) -> None:
        """Keep a content."""
        with self._tables.writing() as run:
            run("INSERT INTO content VALUES (?, ?) ON CONFLICT DO NOTHING", sha, content)

    def get(self, sha: str) -> bytes | None:
        """Return what is kept under this hash, or None."""
        with self._tables.writing() as run:
            found = run("SELECT content FROM content WHERE sha256 = ?", sha)
        return bytes(found[0][0]) if found else None

    def drop(self, sha: str) -> None:
        """Throw a content away."""
        with self._tables.writing() as run:
            run("DELETE FROM content WHERE sha256 = ?", sha)


class ObjectBlobs:
    """Objects of a bucket, by obstore: `s3://bucket/prefix` (its keys from the environment, as
    AWS's own tools have them), `gs://…`, `az://…`, `file:///folder`, `memory:///`."""

    def __init__(self, url: str) -> None:
        """Take the bucket's URL.

        Raises:
            InvalidInput: obstore is not installed, or the URL is none that it knows.
        """
        try:
            import obstore
            from obstore.exceptions import BaseError, GenericError
            from obstore.store import from_url
        except ImportError:
            raise invalid(
                "not_installed",
                path="--files",
                ko="객체 저장소를 쓰려면 pip install 'municipal-evalflow-web[objects]'",
                en="an object store needs: pip install 'municipal-evalflow-web[objects]'",
            ) from None
        self._obstore = obstore
        self._failed = BaseError
        try:
            if url.startswith("file:///"):
                Path(url.removeprefix("file://")).mkdir(parents=True, exist_ok=True, mode=0o700)
            self._store: Any = from_url(url)
        except (GenericError, ValueError, BaseError) as error:
            shown, why = shown_url(url)[:80], without(first_line(error), secrets_of(url))
            raise invalid(
                "unknown_files",
                path="--files",
                value=shown,
                ko=f"파일을 둘 곳으로 쓸 수 없습니다: '{shown}' ({why})",
                en=f"cannot keep files at '{shown}' ({why})",
            ) from None

    def _name(self, sha: str) -> str:
        return f"{sha[:2]}/{sha}"

    def put(self, sha: str, content: bytes) -> None:
        """Keep a content."""
        try:
            self._obstore.put(self._store, self._name(sha), content)
        except self._failed as error:
            raise _unreachable(error) from error

    def get(self, sha: str) -> bytes | None:
        """Return what is kept under this hash, or None."""
        try:
            return bytes(self._obstore.get(self._store, self._name(sha)).bytes())
        except FileNotFoundError:
            return None
        except self._failed as error:
            raise _unreachable(error) from error

    def drop(self, sha: str) -> None:
        """Throw a content away."""
        try:
            self._obstore.delete(self._store, self._name(sha))
        except FileNotFoundError:
            return
        except self._failed as error:
            raise _unreachable(error) from error


def blobs_at(url: str | None, folder: Path, tables: Tables | None) -> Blobs:
    """Return where contents are kept: at a URL of an object store, else in `tables`, else in the
    folder.

    Raises:
        InvalidInput: the URL cannot be used.
    """
    if url is not None:
        return ObjectBlobs(url)
    return FolderBlobs(folder / "files") if tables is None else TableBlobs(tables)


def _unreachable(error: Exception) -> StorageError:
    return StorageError(
        "unreachable",
        ko=f"증빙 파일을 둔 곳에 연결할 수 없습니다 ({first_line(error)})",
        en=f"the file store cannot be reached ({first_line(error)})",
    )
