"""The document of the service: OpenAPI 3.1, made of the same table as the routes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec

import evalflow_web
from evalflow_web.api.table import PREFIX, Operation
from evalflow_web.problems import MEDIA

Tree = dict[str, Any]

_REF = "#/components/schemas/{name}"


class ProblemReason(msgspec.Struct, omit_defaults=True):
    """A sentence of a refusal: who could act instead, since when, what it speaks of."""

    code: str
    text: str
    who: list[str] = []
    since: str | None = None
    about: str | None = None


class ProblemPlace(msgspec.Struct, omit_defaults=True):
    """One thing that is wrong in what was sent, with its place."""

    code: str
    text: str
    path: str | None = None
    value: str | None = None


class ProblemReply(msgspec.Struct, omit_defaults=True):
    """What went wrong (RFC 9457): `code` is a word for programs, `detail` a sentence for people;
    `reasons` of a refusal, `problems` of wrong data, `version` and `expected` of a conflict."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    instance: str | None = None
    reasons: list[ProblemReason] = []
    problems: list[ProblemPlace] = []
    event: str | None = None
    project: str | None = None
    expected: int | None = None
    version: int | str | None = None
    what: str | None = None
    nearest: str | None = None
    plugin: str | None = None


_HEADERS: Mapping[str, Tree] = {
    "if_match": {
        "name": "If-Match",
        "in": "header",
        "required": True,
        "description": "The ETag that the project had when it was read.",
        "schema": {"type": "string", "pattern": r'^"[0-9]{1,15}(-[0-9a-f]{1,64})?"$'},
    },
    "key": {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "Repeating the call with the same key answers the first entry.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
    },
    "language": {
        "name": "Accept-Language",
        "in": "header",
        "required": False,
        "description": "Korean (`ko`) or English (`en`).",
        "schema": {"type": "string", "default": "ko"},
    },
}


def document(operations: Iterable[Operation], server: str) -> Tree:
    """Return the document of these operations, as they are served below `server`."""
    operations = list(operations)
    types: list[Any] = [ProblemReply]
    for each in operations:
        types += [kind for kind in (each.answer, each.body) if kind is not None]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    kinds = {id(kind): schema for kind, schema in zip(types, schemas, strict=True)}
    paths: Tree = {}
    for each in operations:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, kinds)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "evalflow",
            "version": evalflow_web.__version__,
            "description": "The yearly evaluation of an office's key projects "
            "(주요업무 시행 및 평가). Figures are text, exactly as they are counted; times are "
            "RFC 3339 with their zone.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": server + PREFIX}],
        "security": [{"token": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "evalflow-session"},
            },
        },
    }


def _operation(each: Operation, kinds: Mapping[int, Tree]) -> Tree:
    made: Tree = {
        "operationId": each.name,
        "summary": each.label.en,
        "description": f"{each.label.ko}. {(each.handler.__doc__ or '').strip()}",
        "tags": [each.tag],
        "parameters": [
            *(_part(name) for name in each.params),
            *_query(each.query),
            *([_HEADERS["if_match"]] if each.if_match else []),
            *([_HEADERS["key"]] if each.key else []),
            _HEADERS["language"],
        ],
        "responses": _responses(each, kinds),
    }
    if each.public:
        made["security"] = []
    if each.body is not None:
        made["requestBody"] = {
            "required": not each.body_optional,
            "content": {"application/json": {"schema": kinds[id(each.body)]}},
        }
    return made


def _part(name: str) -> Tree:
    """Return a part of the path as a parameter."""
    return {
        "name": name,
        "in": "path",
        "required": True,
        "schema": {"type": "string", "minLength": 1},
    }


def _query(kind: type[msgspec.Struct]) -> list[Tree]:
    """Return the fields of a query as parameters."""
    found = []
    for field in msgspec.structs.fields(kind):
        (schema,), _ = msgspec.json.schema_components([field.type], ref_template=_REF)
        schema = _without_null(schema)
        if field.default not in (msgspec.NODEFAULT, None):
            schema["default"] = field.default
        found.append(
            {"name": field.encode_name, "in": "query", "required": field.required, "schema": schema}
        )
    return found


def _without_null(schema: Tree) -> Tree:
    """Return the schema of a parameter: one that is not said is left out, never null."""
    kinds = [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]
    return dict(kinds[0])


def _responses(each: Operation, kinds: Mapping[int, Tree]) -> Tree:
    good: Tree = {"description": each.label.en}
    if each.answer is not None:
        good["content"] = {each.media: {"schema": kinds[id(each.answer)]}}
    else:
        good["content"] = {each.media: {"schema": {"type": "string"}}}
    if each.etag or each.if_match:
        good["headers"] = {"ETag": {"schema": {"type": "string"}}}
    found: Tree = {str(each.status): good}
    if each.etag:
        found["304"] = {"description": "What was read before still stands (If-None-Match)."}
    wrong = {400, 422, 503, *each.problems}
    if not each.public:
        wrong |= {401, 403}
    if each.params:
        wrong.add(404)
    if each.body is not None:
        wrong |= {408, 413, 415}
    content = {MEDIA: {"schema": {"$ref": _REF.format(name="ProblemReply")}}}
    for status in sorted(wrong):
        found[str(status)] = {"description": HTTPStatus(status).phrase, "content": content}
    found["default"] = {"description": "What else may go wrong", "content": content}
    return found
