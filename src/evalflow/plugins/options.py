"""Options of plugins: declared as an attrs class, read from the plan's YAML, checked like it.

    @frozen(kw_only=True)
    class MailOptions:
        server: str                      # required: it has no default
        port: int = 587
        tls: Literal["starttls", "none"] = "starttls"
        copy_to: tuple[str, ...] = ()

Fields may be `str`, `int`, `bool`, `Decimal`, `Fraction`, `datetime.date`, `datetime.timedelta`
(`20s`, `500ms`, `1m`; a bare number counts seconds), `Label`, a `Literal` of words, a tuple or a
mapping of these, another attrs class, and any of them `| None`. There
is no `float`: figures are exact. A key is the field's name without a trailing underscore
(`from_` is `from`). What a type cannot say, an attrs validator can.
"""

from __future__ import annotations

import datetime as dt
import types
from collections import abc
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import attrs

from evalflow.errors import InvalidInput
from evalflow.files.reader import Part, Reader
from evalflow.model import Label
from evalflow.model.canonical import Tree
from evalflow.plan.spans import span_of

Built = TypeVar("Built")
Read = Callable[[Part, Any], Any]


def read_options(
    declared: type[Built], tree: Mapping[str, Tree], *, at: Sequence[str | int] = ()
) -> Built:
    """Return the options that `tree` says. `at` is the path under which problems name them.

    Raises:
        InvalidInput: options are unknown, missing or wrong: all of them.
        TypeError: the class declares what options cannot be; its author is to blame.
    """
    reading = Reader(tree, at=at)
    built: Built | None = _Builder(reading).build(declared, reading.top)
    reading.raise_if_any()
    assert built is not None
    return built


def no_options(tree: Mapping[str, Tree], *, at: Sequence[str | int] = ()) -> None:
    """Raise where options are given to something that takes none.

    Raises:
        InvalidInput: every option is unknown.
    """
    reading = Reader(tree, at=at)
    reading.top.only(set())
    reading.raise_if_any()


def check_declaration(declared: type) -> None:
    """Raise where a class declares what options cannot be.

    Raises:
        TypeError: it is no attrs class, or a field has a type that YAML options cannot have.
    """
    builder = _Builder(Reader({}))
    for field in fields_of(declared):
        builder.reader(field.type, f"{declared.__name__}.{field.name}")


def fields_of(declared: Any) -> tuple[attrs.Attribute[Any], ...]:
    """Return the fields that options may give, their types resolved.

    Raises:
        TypeError: it is no attrs class, or an annotation names nothing.
    """
    if not (isinstance(declared, type) and attrs.has(declared)):
        raise TypeError(f"options are declared by an attrs class, not by {declared!r}")
    try:
        attrs.resolve_types(declared)
    except NameError as error:
        raise TypeError(f"the annotations of {declared.__name__} name nothing: {error}") from error
    return tuple(field for field in attrs.fields(declared) if field.init)


def key_of(field: attrs.Attribute[Any]) -> str:
    """Return the YAML key of a field."""
    return (field.alias or field.name).rstrip("_")


def _span(part: Part, key: Any) -> dt.timedelta | None:
    """Read a length of time, as `plugins: {within: 5s}` says one."""
    text = str(part.tree.get(key)).strip()
    found = dt.timedelta(seconds=int(text)) if text.isdecimal() else span_of(text)
    if not found:
        ko = f"'{key}': 시간이어야 합니다 (예: 500ms, 20s, 1m): '{text}'"
        en = f"'{key}': expected a time, e.g. 500ms, 20s, 1m, got '{text}'"
        part.wrong(key, "wrong_value", ko, en, text)
        return None
    return found


_PLAIN: Mapping[Any, Read] = {
    str: lambda part, key: part.text(key),
    int: lambda part, key: part.whole(key),
    bool: lambda part, key: part.flag(key),
    Decimal: lambda part, key: part.figure(key),
    Fraction: lambda part, key: part.fraction(key),
    dt.date: lambda part, key: part.date(key),
    dt.timedelta: _span,
    Label: lambda part, key: part.label_at(key, english=False),
}


class _Builder:
    """Builds options out of one tree; what is wrong is noted in its reading."""

    def __init__(self, reading: Reader) -> None:
        self._problems = reading.problems

    def build(self, declared: type, part: Part) -> Any:
        """Return the options in `part`, or None where a problem was noted."""
        fields = fields_of(declared)
        begun = len(self._problems)
        part.only({key_of(field) for field in fields})
        values: dict[str, Any] = {}
        for field in fields:
            key = key_of(field)
            if key not in part and field.default is not attrs.NOTHING:
                continue
            noted = len(self._problems)
            value = self.reader(field.type, f"{declared.__name__}.{field.name}")(part, key)
            if len(self._problems) == noted:
                values[field.alias or field.name] = value
                self._validate(field, value, part)
        if len(self._problems) > begun:
            return None
        try:
            return declared(**values)
        except (InvalidInput, ValueError, TypeError) as error:
            _note(error, part, None)
        return None

    def _validate(self, field: attrs.Attribute[Any], value: Any, part: Part) -> None:
        """Ask a field's own validator, so that one fault does not hide the next field's."""
        if field.validator is None or field.converter is not None:
            return
        try:
            field.validator(None, field, value)
        except (InvalidInput, ValueError, TypeError) as error:
            _note(error, part, key_of(field))
        except Exception:
            return  # it looks at other fields too, and is asked again when all are there

    def reader(self, annotation: Any, where: str) -> Read:
        """Return what reads a value of this type from a part.

        Raises:
            TypeError: options cannot have this type.
        """
        plain = _PLAIN.get(annotation) if isinstance(annotation, type) else None
        if plain is not None:
            return plain
        origin, inside = get_origin(annotation), get_args(annotation)
        if origin in (Union, types.UnionType):
            return self._optional(inside, where)
        if origin is Literal and all(isinstance(word, str) for word in inside):
            return lambda part, key: part.choice(key, inside)
        if origin is tuple and len(inside) == 2 and inside[1] is ...:
            return self._list(self.reader(inside[0], where))
        if origin in (abc.Mapping, dict) and inside[0] is str:
            return self._mapping(self.reader(inside[1], where))
        if isinstance(annotation, type) and attrs.has(annotation):
            check_declaration(annotation)
            return lambda part, key: self.build(annotation, part.part(key))
        raise TypeError(f"{where}: options cannot be of type {annotation!r}")

    def _optional(self, inside: tuple[Any, ...], where: str) -> Read:
        some = [each for each in inside if each is not type(None)]
        if len(some) != 1:
            raise TypeError(f"{where}: options cannot be one of several types")
        read = self.reader(some[0], where)
        return lambda part, key: read(part, key) if key in part else None

    def _list(self, read: Read) -> Read:
        def several(part: Part, key: Any) -> tuple[Any, ...]:
            value = part.tree.get(key)
            if value is not None and not isinstance(value, list | tuple):
                return (read(part, key),)  # one alone needs no list
            items = part.part(key)
            return tuple([read(items, place) for place in items.tree])

        return several

    def _mapping(self, read: Read) -> Read:
        def named(part: Part, key: Any) -> dict[str, Any]:
            value = part.tree.get(key)
            if isinstance(value, list | tuple):
                part.wrong(
                    key,
                    "wrong_value",
                    f"'{key}': 목록이 아니라 '항목: 값' 묶음이어야 합니다",
                    f"'{key}': expected 'key: value' entries, not a list",
                )
                return {}
            items = part.part(key)
            return {str(name): read(items, name) for name in items.tree}

        return named


def _note(error: Exception, part: Part, key: str | None) -> None:
    """Note what a plugin's own check found; an `InvalidInput` in its own words."""
    value = part.tree.get(key) if key is not None else None
    if isinstance(error, InvalidInput):
        for problem in error.problems:
            part.wrong(key, problem.code, problem.ko, problem.en, value)
        return
    said = str(error.args[0]) if error.args else type(error).__name__
    part.wrong(key, "wrong_value", f"값이 맞지 않습니다: {said}", f"wrong value: {said}", value)
