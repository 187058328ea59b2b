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
    fields: dict[str, str] = {}
    for name, value in pairs_of(visit):
        _add(fields, name, value)
    return Received(fields=fields)


def _multipart(visit: Visit, kind: str) -> Received:
    fields: dict[str, str] = {}
    files: list[tuple[str, bytes]] = []

    def on_field(field: object) -> None:
        name, value = field.field_name, field.value  # type: ignore[attr-defined]
        _add(fields, _text(name), _text(value))

    def on_file(file: object) -> None:
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
