"""What evalflow itself provides, through the same hooks as anybody's plugin."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from evalflow.decision.guards import GUARDS, Guard
from evalflow.errors import StorageError
from evalflow.lifecycle.definition import GuardSpec
from evalflow.plugins.builtin_notifiers import Console, Jsonl
from evalflow.plugins.hooks import hookimpl
from evalflow.plugins.signer import Ed25519
from evalflow.storage.contract import Storage
from evalflow.storage.urls import shown_url


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


class Builtin:
    """The plugin that evalflow itself is."""

    @hookimpl
    def evalflow_storages(self) -> Mapping[str, Callable[[str], Storage]]:
        """Return the storages: in memory, and in an SQLite file."""
        return {"memory": _memory, "sqlite": _sqlite}

    @hookimpl
    def evalflow_notifiers(self) -> Mapping[str, Any]:
        """Return the notifiers: a line on the console, and a file of JSON lines."""
        return {"console": Console, "jsonl": Jsonl}

    @hookimpl
    def evalflow_signers(self) -> Mapping[str, Any]:
        """Return the signer `ed25519`: by a key in a file."""
        return {"ed25519": Ed25519}

    @hookimpl
    def evalflow_scorers(self) -> Mapping[str, Any]:
        """Return the scorer `rates`."""
        from evalflow.scoring.rates import Rates

        return {"rates": Rates}

    @hookimpl
    def evalflow_guards(self) -> Mapping[str, tuple[GuardSpec, Guard]]:
        """Return the guards."""
        return GUARDS
