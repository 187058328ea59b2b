"""What evalflow itself provides, through the same hooks as anybody's plugin."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from evalflow.errors import StorageError
from evalflow.plugins.hooks import hookimpl
from evalflow.storage.urls import shown_url

if TYPE_CHECKING:
    from evalflow.decision.guards import Guard
    from evalflow.lifecycle.definition import GuardSpec
    from evalflow.storage.contract import Storage


def _memory(url: str) -> Storage:
    from evalflow.storage.memory import MemoryStorage

    return MemoryStorage()


def _sqlite(url: str) -> Storage:
    from evalflow.storage.sqlite import open_sqlite

    path, _, options = url[len("sqlite:///") :].partition("?")
    if not url.lower().startswith("sqlite:///") or not path:
        raise StorageError(
            "missing",
            ko=f"'{shown_url(url)}'에 파일이 없습니다. 예: sqlite:///office.db (상대 경로), "
            "sqlite:////srv/office.db (절대 경로)",
            en=f"'{shown_url(url)}' names no file; e.g. sqlite:///office.db (relative), "
            "sqlite:////srv/office.db (absolute)",
        )
    return open_sqlite(path, **_sqlite_options(url, options))


def _sqlite_options(url: str, text: str) -> dict[str, Any]:
    """Return the options in a URL: one that is not known would make a file of another name."""
    if not text:
        return {}
    from urllib.parse import parse_qsl

    found: dict[str, Any] = {}
    for name, given in parse_qsl(text, keep_blank_values=True):
        if name == "timeout" and re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?", given):
            found[name] = float(given)
        elif name == "synchronous" and given.upper() in {"FULL", "NORMAL", "EXTRA"}:
            found[name] = given
        elif name == "beside" and given in {"yes", "no"}:
            found[name] = given == "yes"
        else:
            said = shown_url(f"{name}={given}")
            raise StorageError(
                "missing",
                ko=f"저장소 URL의 선택사항 '{said}'을(를) 알 수 없습니다. "
                f"예: ?timeout=10&synchronous=NORMAL: {shown_url(url)}",
                en=f"unknown option '{said}' for an SQLite store; "
                f"e.g. ?timeout=10&synchronous=NORMAL: {shown_url(url)}",
            )
    return found


class Storages:
    """In memory, and in an SQLite file."""

    @hookimpl
    def evalflow_storages(self) -> Mapping[str, Callable[[str], Storage]]:
        """Return the storages by their URL schemes."""
        return {"memory": _memory, "sqlite": _sqlite}


class Notifiers:
    """A line on the console, and a file of JSON lines."""

    @hookimpl
    def evalflow_notifiers(self) -> Mapping[str, Any]:
        """Return the notifiers."""
        from evalflow.plugins.builtin_notifiers import Console, Jsonl

        return {"console": Console, "jsonl": Jsonl}


class Signers:
    """By a key in a file."""

    @hookimpl
    def evalflow_signers(self) -> Mapping[str, Any]:
        """Return the signer `ed25519`."""
        from evalflow.plugins.signer import Ed25519

        return {"ed25519": Ed25519}


class Scorers:
    """Exact rates and bands."""

    @hookimpl
    def evalflow_scorers(self) -> Mapping[str, Any]:
        """Return the scorer `rates`."""
        from evalflow.scoring.rates import Rates

        return {"rates": Rates}


class Guards:
    """What presets ask for."""

    @hookimpl
    def evalflow_guards(self) -> Mapping[str, tuple[GuardSpec, Guard]]:
        """Return the guards."""
        from evalflow.decision.guards import GUARDS

        return GUARDS


PARTS: tuple[tuple[str, type[Any]], ...] = (
    ("evalflow_storages", Storages),
    ("evalflow_notifiers", Notifiers),
    ("evalflow_signers", Signers),
    ("evalflow_scorers", Scorers),
    ("evalflow_guards", Guards),
)
"""The plugin that evalflow itself is, in parts: each answers one hook, and is asked when that is
needed."""
