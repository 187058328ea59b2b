"""The URL of a store: what of it is libpq's, and what is ours."""

from __future__ import annotations

import hashlib
import re
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from evalflow.storage import secrets_of, shown_url, without
from evalflow_postgres.failures import failure

SCHEMA = "evalflow"
"""The schema that is used where the URL names none."""

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")

_VANISHED = {
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
"""Seconds, and milliseconds, after which the system gives up a connection whose other end is gone
without a word (its power, the network between): about a minute, where it would be hours."""


def parsed(url: str) -> tuple[str, str, dict[str, Any]]:
    """Return what libpq is given, the URL as it may be shown, and our own options.

    Raises:
        StorageError: an option has no sense.
    """
    start, _, query = url.partition("?")
    given = parse_qsl(query, keep_blank_values=True)
    ours = {name: value for name, value in given if name in ("schema", "timeout", "connections")}
    theirs = [(name, value) for name, value in given if name not in ours]
    names = {name for name, _ in theirs}
    place = shown_url(url).partition("?")[0]
    schema = ours.get("schema", SCHEMA)
    check_name(schema)
    timeout, connections = ours.get("timeout", "5"), ours.get("connections", "10")
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?", timeout) or float(timeout) == 0:
        raise failure("url", place, without(f"timeout={timeout}", secrets_of(url)))
    if not re.fullmatch(r"[1-9][0-9]{0,3}", connections):
        raise failure("url", place, without(f"connections={connections}", secrets_of(url)))
    for name, value in (
        ("connect_timeout", str(max(round(float(timeout)), 2))),
        *_VANISHED.items(),
        ("client_encoding", "UTF8"),
        ("application_name", "evalflow"),
    ):
        if name not in names:
            theirs.append((name, value))
    conninfo = f"{start}?{urlencode(theirs, quote_via=quote)}"  # libpq knows no "+"
    options = {"schema": schema, "timeout": float(timeout), "connections": int(connections)}
    return conninfo, place, options


def check_name(schema: object) -> None:
    """Raise StorageError `missing` where a schema's name is not one that needs no quotes."""
    if not isinstance(schema, str) or not _NAME.fullmatch(schema):
        raise failure("url", "", f"schema={schema}")


def channel(schema: str) -> str:
    """Return the channel on which a store says that it has notices (63 bytes at most)."""
    name = f"evalflow:{schema}"
    if len(name) > 63:
        name = f"evalflow:{hashlib.sha256(schema.encode()).hexdigest()[:32]}"
    return name
