"""The site's engine: one a process, opened when it is first asked for; and the same in the site's
open transaction."""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from django.core.exceptions import ImproperlyConfigured
from django.db import connections, transaction
from django.db.transaction import TransactionManagementError

import evalflow
from evalflow import Engine
from evalflow.plugins import Plugins
from evalflow_django.conf import VENDORS, Conf, conf
from evalflow_django.words import say

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

_PATIENCE = 5.0  # seconds that `close` waits for notices that are being delivered

_log = logging.getLogger("evalflow_django")


class _Process:
    """What this process has open. A forked child begins with nothing held; the engine itself
    meets forks, so it is the child's, too, with connections of its own."""

    def __init__(self) -> None:
        self.opened: tuple[str, Engine] | None = None
        self.begin()

    def begin(self) -> None:
        self.lock = threading.RLock()
        self.delivering: threading.Thread | None = None
        self.asked = False  # to deliver, since the thread began


_process = _Process()


def engine() -> Engine:
    """Return the site's engine, opened on the store that `EVALFLOW` names where it is not open yet.
    It may be used by all threads. What it writes is committed by itself: see `joined`.

    Raises:
        ImproperlyConfigured: `EVALFLOW` is wrong, or the database cannot hold a store.
        StorageError: the store cannot be used.
    """
    said = conf()
    url = url_of(said)
    with _process.lock:
        if _process.opened is not None and _process.opened[0] != url:
            _let_go()  # a test runner has put a database of its own in place of the site's
        if _process.opened is None:
            _process.opened = url, open_engine(said, url)
        return _process.opened[1]


def joined() -> Engine:
    """Return the engine in the open `transaction.atomic` of the database that holds the store: what
    it writes is committed, or rolled back, with all else that the request writes there.

    Make it anew for each transaction. Once that is committed, plugins are told what was written,
    and where `DELIVER_AFTER_COMMIT` says so, notices are delivered.

    Raises:
        TransactionManagementError: there is no `transaction.atomic` open.
        ImproperlyConfigured: the store is in none of the site's databases (`STORE`).
    """
    said = conf()
    alias = said.database
    if alias is None:
        raise ImproperlyConfigured(
            say(
                "EVALFLOW['DATABASE']가 정한 데이터베이스의 트랜잭션에만 참여할 수 있습니다",
                "only a transaction of the database that EVALFLOW['DATABASE'] names can be joined",
            )
        )
    connection = connections[alias]
    if not connection.in_atomic_block:
        raise TransactionManagementError(
            say(
                "joined()는 transaction.atomic() 안에서 부릅니다",
                "joined() is to be called inside transaction.atomic()",
            )
        )

    def on_commit(tell: Callable[[], None]) -> None:
        # `robust`: what is committed is not to look as if it had failed
        transaction.on_commit(tell, using=alias, robust=True)
        if said.deliver_after_commit:
            transaction.on_commit(deliver_soon, using=alias, robust=True)

    return engine().joined(connection, on_commit=on_commit)


def close() -> None:
    """Close this process's engine, where it is open; `engine` opens it again. Done at exit; tests
    call it before their database is dropped."""
    delivering = _process.delivering
    if delivering is not None and delivering is not threading.current_thread():
        delivering.join(_PATIENCE)
    _let_go()


def _let_go() -> None:
    with _process.lock:
        opened, _process.opened = _process.opened, None
    if opened is not None:
        opened[1].close()


def open_engine(said: Conf, url: str) -> Engine:
    """Return a new engine by the settings, on the store of this URL.

    Raises:
        StorageError: the store cannot be used.
    """
    more: dict[str, Any] = {} if said.clock is None else {"clock": said.clock}
    plugins = Plugins.load(None if said.plugins is None else list(said.plugins))
    return evalflow.open(url, plugins=plugins, directory=said.directory, **more)


# ------------------------------------------------------------------ where the store is


def url_of(said: Conf, *, beside: bool = False) -> str:
    """Return the URL of the store: what `STORE` says, or that of the site's own database, as Django
    reaches it now (a test's in place of the site's). With `beside` evalflow's tables may be made in
    an SQLite file that holds the site's already; PostgreSQL has a schema for them.

    Raises:
        ImproperlyConfigured: that database cannot hold a store.
    """
    if said.database is None:
        assert said.store is not None
        return said.store
    connection = connections[said.database]
    if connection.vendor not in VENDORS:
        raise ImproperlyConfigured(
            say(
                "evalflow의 저장소는 PostgreSQL이나 SQLite에 둡니다. "
                f"DATABASES[{said.database!r}]: {connection.display_name}",
                f"a store of evalflow is in PostgreSQL or SQLite; DATABASES[{said.database!r}] is "
                f"{connection.display_name}",
            )
        )
    if connection.vendor == "sqlite":
        return _sqlite_url(connection, beside)
    return _postgres_url(connection.settings_dict, said.schema)


def in_memory(connection: BaseDatabaseWrapper) -> bool:
    """Say whether a database is SQLite's in memory, which holds no store."""
    asks = getattr(connection, "is_in_memory_db", None)  # of SQLite's alone
    return asks is not None and bool(asks())


def _sqlite_url(connection: BaseDatabaseWrapper, beside: bool) -> str:
    if in_memory(connection):
        alias = connection.alias
        raise ImproperlyConfigured(
            say(
                "SQLite의 메모리 데이터베이스에는 저장소를 둘 수 없습니다. 테스트라면 "
                f"DATABASES[{alias!r}]['TEST'] = {{'NAME': '파일'}}을 정하십시오",
                "no store can be in an SQLite database in memory; for tests, set "
                f"DATABASES[{alias!r}]['TEST'] = {{'NAME': 'a file'}}",
            )
        )
    timeout = connection.settings_dict["OPTIONS"].get("timeout")
    path = os.path.abspath(connection.settings_dict["NAME"])
    query = {} if timeout is None else {"timeout": str(timeout)}
    if beside:
        query["beside"] = "yes"
    return f"sqlite:///{path}" + (f"?{urlencode(query)}" if query else "")


_DJANGO = frozenset(
    (
        "assume_role", "client_encoding", "context", "cursor_factory", "isolation_level",
        "pool", "prepare_threshold", "server_side_binding",
    )
)  # fmt: skip
"""What of a PostgreSQL database's OPTIONS is not libpq's."""


def _postgres_url(settings: dict[str, Any], schema: str | None) -> str:
    """Return the URL of the store in the database that Django reaches by these settings: whatever
    Django hands to libpq is handed to it here, too."""
    options = settings["OPTIONS"]
    query = {name: str(value) for name, value in options.items() if name not in _DJANGO}
    if role := options.get("assume_role"):
        query["options"] = f"{query.get('options', '')} -c role={role}".strip()
    host = str(settings["HOST"] or "")
    if host.startswith("/"):  # a folder of sockets
        query["host"], host = host, ""
    if settings["PASSWORD"]:
        query["password"] = settings["PASSWORD"]
    if schema is not None:
        query["schema"] = schema
    user = f"{quote(settings['USER'], safe='')}@" if settings["USER"] else ""
    port = f":{settings['PORT']}" if settings["PORT"] else ""
    name = quote(str(settings["NAME"] or ""), safe="")
    asked = f"?{urlencode(query, quote_via=quote)}" if query else ""
    return f"postgresql://{user}{host}{port}/{name}{asked}"


# ------------------------------------------------------------------ notices, after a commit


def deliver_soon() -> None:
    """Have the notices that wait delivered by a thread of this process; returns at once. What is
    not delivered when the process ends waits for `manage.py evalflow_deliver`."""
    with _process.lock:
        _process.asked = True
        if _process.delivering is None or not _process.delivering.is_alive():
            _process.delivering = threading.Thread(
                target=_deliver, name="evalflow-deliver", daemon=True
            )
            _process.delivering.start()


def _deliver() -> None:
    try:
        _deliver_all()
    finally:
        connections.close_all()  # the site's own, where its directory has asked them in this thread


def _deliver_all() -> None:
    while True:
        with _process.lock:
            if not _process.asked:
                _process.delivering = None
                return
            _process.asked = False
        try:
            engine().deliver()
        except Exception:  # whatever a notifier or the database raises: the notices wait on
            _log.exception("notices were not delivered after a commit")


atexit.register(close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_process.begin)
