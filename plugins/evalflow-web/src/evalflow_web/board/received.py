"""What a form of the board sends: its fields, flat, and its files."""

from __future__ import annotations

import io
from collections.abc import Mapping

import attrs
from python_multipart import parse_form
from python_multipart.exceptions import FormParserError

from evalflow_web.problems import Problem
from evalflow_web.site import Visit, pairs_of

MULTIPART = "multipart/form-data"

MOST = 2000
"""Fields and files that one form brings at most."""


@attrs.frozen(kw_only=True)
class Received:
    """Fields (several of one name are lines of one text) and files (name, content)."""

    fields: Mapping[str, str]
    files: tuple[tuple[str, bytes], ...] = ()

    def get(self, name: str, default: str = "") -> str:
        """Return a field's text."""
        return self.fields.get(name, default)


_OURS = frozenset({"csrf", "act", "version", "key", "token", "sure"})


def typed(received: Received) -> dict[str, str]:
    """Return what somebody typed: the fields of the event alone."""
    return {name: value for name, value in received.fields.items() if name not in _OURS and value}


def received(visit: Visit) -> Received:
    """Return what a request brought, sent either way that a form has."""
    kind = visit.request.headers.get("content-type", "")
    if kind.startswith(MULTIPART):
        return _multipart(visit, kind)
    pairs = pairs_of(visit)
    if len(pairs) > MOST:
        raise _too_many()
    fields: dict[str, str] = {}
    for name, value in pairs:
        _add(fields, name, value)
    return Received(fields=fields)


def _too_many() -> Problem:
    return Problem(
        413,
        "too_many_fields",
        ko=f"양식의 칸이 너무 많습니다 ({MOST}개까지).",
        en=f"The form has too many fields (up to {MOST}).",
    )


def _multipart(visit: Visit, kind: str) -> Received:
    fields: dict[str, str] = {}
    files: list[tuple[str, bytes]] = []
    came = 0

    def counted() -> None:
        nonlocal came
        came += 1
        if came > MOST:
            raise _too_many()

    def on_field(field: object) -> None:
        counted()
        name, value = field.field_name, field.value  # type: ignore[attr-defined]
        _add(fields, _text(name), _text(value))

    def on_file(file: object) -> None:
        counted()
        name = _text(file.file_name)  # type: ignore[attr-defined]
        held = file.file_object  # type: ignore[attr-defined]
        held.seek(0)
        content = held.read()
        if name or content:
            files.append((name, content))

    headers = {"Content-Type": kind.encode("latin-1")}
    try:
        parse_form(headers, io.BytesIO(visit.body), on_field, on_file)
    except FormParserError:
        raise Problem(
            400,
            "bad_form",
            ko="보낸 양식을 읽을 수 없습니다.",
            en="The form that was sent cannot be read.",
        ) from None
    return Received(fields=fields, files=tuple(files))


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "replace")


def _add(fields: dict[str, str], name: str, value: str) -> None:
    value = value.replace("\r\n", "\n")
    if name in fields and value:
        value = f"{fields[name]}\n{value}" if fields[name] else value
    if value or name not in fields:
        fields[name] = value
