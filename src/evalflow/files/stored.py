"""Values out of stored trees: what was checked whole before it was stored is only taken out again.

People's files go through `reader`, which collects every problem with its place and looks for the
nearest name. A tree out of a store went through it once; here its values are rebuilt without it.
The tree still holds the words of the file (`1,234`, `2016. 2. 24.`, a bare text for a label), so
the same functions turn texts into values.

Nothing is guessed, though: a key, a word or a type that no evalflow of this version can have
stored is `Damaged`, with the way to it. `rebuilt` makes a `StorageError` of that. What fits
together (units and their parents, bands, periods) was checked then and is not checked again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping, Set
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, TypeVar, overload

from evalflow.errors import InvalidInput, StorageError
from evalflow.files.texts import date_of, fraction_of, path_text, shown, stored_figure
from evalflow.model import Label
from evalflow.model.canonical import Tree, parse

T = TypeVar("T")


class _Needed:
    """The default of what must be there."""


NEEDED: Final = _Needed()

Inside = Mapping[Any, Tree]
"""A mapping in a stored tree; a list is taken for one, with its places as keys."""


class Damaged(Exception):
    """A stored tree holds what was never stored so; `path` is the way to it."""

    def __init__(self, key: str | int | None, ko: str, en: str) -> None:
        super().__init__(en)
        self.path: tuple[str | int, ...] = () if key is None else (key,)
        self.ko = ko
        self.en = en

    def under(self, *steps: str | int) -> None:
        """Take note that the damage lies below these steps."""
        self.path = (*steps, *self.path)


# What damage comes to that no test below was made for: a value of another type than expected.
_ODD = (
    AttributeError,
    InvalidInput,
    KeyError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
)


def rebuilt(source: str | Tree, ko: str, en: str, build: Callable[[Any], T]) -> T:
    """Return what `build` makes of a stored text, or of its tree. `ko` and `en` name it.

    Raises:
        StorageError: `corrupt`, with what is damaged and where in it.
    """
    try:
        tree = parse(source) if isinstance(source, str) else source
        if not isinstance(tree, Mapping):
            raise _odd(None, tree, "항목 묶음", "a mapping")
        return build(tree)
    except Damaged as error:
        place = path_text(error.path)
        at = f"{place}: " if place else ""
        raise StorageError(
            "corrupt",
            ko=f"저장된 {ko}이(가) 손상되었습니다. {at}{error.ko}",
            en=f"the stored {en} is damaged: {at}{error.en}",
        ) from None
    except _ODD as error:
        raise StorageError(
            "corrupt",
            ko=f"저장된 {ko}이(가) 손상되어 읽을 수 없습니다 ({type(error).__name__}: {error})",
            en=f"the stored {en} is damaged and cannot be read ({type(error).__name__}: {error})",
        ) from error


@contextmanager
def below(*steps: str | int) -> Iterator[None]:
    """Say where damage lies that is met inside."""
    try:
        yield
    except Damaged as error:
        error.under(*steps)
        raise


def only(tree: Inside, keys: Set[str]) -> None:
    """Refuse a key that is none of `keys`: it would be taken for nothing.

    Raises:
        Damaged: there is one.
    """
    if not tree.keys() <= keys:
        key = next(key for key in tree if key not in keys)
        raise Damaged(key, "알 수 없는 항목입니다", "unknown key")


def _odd(key: str | int | None, value: Tree, ko: str, en: str) -> Damaged:
    if value is None:
        return Damaged(key, f"값이 없습니다 (있어야 할 값: {ko})", f"nothing there, expected {en}")
    told = shown(value)
    return Damaged(key, f"'{told}' (있어야 할 값: {ko})", f"'{told}', expected {en}")


# --------------------------------------------------------------------------- single values
# As in `reader.Part`: a key that is absent (or null) gives the default, where there is one.


@overload
def text(tree: Inside, key: str | int) -> str: ...
@overload
def text(tree: Inside, key: str | int, default: T) -> str | T: ...
def text(tree: Inside, key: str | int, default: Any = NEEDED) -> Any:
    """Return a text, without blanks around it; an empty one counts as absent."""
    value = tree.get(key)
    if value.__class__ is str:
        stripped: str = value.strip()
        if stripped:
            return stripped
    elif value.__class__ is int:
        return str(value)
    elif value is not None:
        raise _odd(key, value, "글", "text")
    if default is NEEDED:
        raise _odd(key, None, "글", "text")
    return default


@overload
def choice(tree: Inside, key: str, options: Collection[str]) -> str: ...
@overload
def choice(tree: Inside, key: str, options: Collection[str], default: T) -> str | T: ...
def choice(tree: Inside, key: str, options: Collection[str], default: Any = NEEDED) -> Any:
    """Return one of the words in `options`."""
    value = tree.get(key)
    if value.__class__ is str and value in options:
        return value
    if value is None and default is not NEEDED:
        return default
    listed = ", ".join(options)
    raise _odd(key, value, f"{listed} 중 하나", f"one of {listed}")


def _figure(value: Tree) -> Decimal | None:
    if value.__class__ is str:
        return stored_figure(value.strip())
    return stored_figure(str(value)) if value.__class__ is int else None


@overload
def figure(tree: Inside, key: str | int) -> Decimal: ...
@overload
def figure(tree: Inside, key: str | int, default: T) -> Decimal | T: ...
def figure(tree: Inside, key: str | int, default: Any = NEEDED) -> Any:
    """Return an exact figure."""
    value = tree.get(key)
    if value is None and default is not NEEDED:
        return default
    found = _figure(value)
    if found is None:
        raise _odd(key, value, "수", "a figure")
    return found


@overload
def whole(tree: Inside, key: str | int) -> int: ...
@overload
def whole(tree: Inside, key: str | int, default: T) -> int | T: ...
def whole(tree: Inside, key: str | int, default: Any = NEEDED) -> Any:
    """Return a whole number."""
    value = tree.get(key)
    if value is None and default is not NEEDED:
        return default
    found = _figure(value)
    if found is None or found != found.to_integral_value():
        raise _odd(key, value, "정수", "a whole number")
    return int(found)


def fraction(tree: Inside, key: str, default: Fraction) -> Fraction:
    """Return an exact fraction."""
    value = tree.get(key)
    if value is None:
        return default
    found = None
    if value.__class__ is str or value.__class__ is int:
        found = fraction_of(str(value).strip())
    if found is None:
        raise _odd(key, value, "분수", "a fraction")
    return found


@overload
def day(tree: Inside, key: str | int) -> dt.date: ...
@overload
def day(tree: Inside, key: str | int, default: T) -> dt.date | T: ...
def day(tree: Inside, key: str | int, default: Any = NEEDED) -> Any:
    """Return a day."""
    value = tree.get(key)
    if value is None and default is not NEEDED:
        return default
    found = date_of(value.strip()) if value.__class__ is str else None
    if found is None:
        raise _odd(key, value, "날짜", "a date")
    return found


def key_day(key: Any) -> dt.date:
    """Return the day that a key is."""
    found = date_of(key) if isinstance(key, str) else None
    if found is None:
        raise _odd(key, key, "날짜", "a date")
    return found


def flag(tree: Inside, key: str, default: bool) -> bool:
    """Return true or false."""
    value = tree.get(key)
    if value is None:
        return default
    if value.__class__ is bool:
        given: bool = value
        return given
    if value == "true" or value == "false":  # noqa: PLR1714 - a list may stand there
        return bool(value == "true")
    raise _odd(key, value, "true 또는 false", "true or false")


_LABEL_KEYS = frozenset({"ko", "en"})


def label(tree: Inside, *, english: bool = False) -> Label:
    """Return the label that the mapping's own keys `ko` and `en` give; where `english` is not
    needed and absent, it is the Korean one."""
    ko = text(tree, "ko")
    return Label(ko, text(tree, "en") if english else text(tree, "en", ko))


@overload
def label_at(tree: Inside, key: str | int) -> Label: ...
@overload
def label_at(tree: Inside, key: str | int, default: T) -> Label | T: ...
def label_at(tree: Inside, key: str | int, default: Any = NEEDED) -> Any:
    """Return the label at `key`: `{ko: …, en: …}`, or a bare text."""
    value = tree.get(key)
    if value.__class__ is str:
        found = text(tree, key, default)
        return Label(found, found) if isinstance(found, str) else found
    if value is None and default is not NEEDED:
        return default
    inside = mapping(tree, key)
    try:
        only(inside, _LABEL_KEYS)
        return label(inside)
    except Damaged as error:
        error.under(key)
        raise


# --------------------------------------------------------------------------- lists and mappings


def texts(tree: Inside, key: str) -> tuple[str, ...]:
    """Return a list of texts; an absent one is empty, a single text a list of one."""
    value = tree.get(key)
    if value is None:
        return ()
    if value.__class__ is str:
        return (text(tree, key),)
    return listed(tree, key, text)


def mapping(tree: Inside, key: str | int, *, needed: bool = True) -> Inside:
    """Return the mapping at `key`; an empty one where it is absent and not needed."""
    value = tree.get(key)
    if isinstance(value, Mapping):
        return value
    if value is None and not needed:
        return {}
    raise _odd(key, value, "항목 묶음", "a mapping")


def items(tree: Inside, key: str | int, *, needed: bool = True) -> Inside:
    """Return the list at `key` by its places; nothing where it is absent and not needed."""
    value = tree.get(key)
    if isinstance(value, list | tuple):
        return dict(enumerate(value))
    if value is None and not needed:
        return {}
    raise _odd(key, value, "목록", "a list")


def listed(tree: Inside, key: str | int, take: Callable[[Inside, int], T]) -> tuple[T, ...]:
    """Return what `take` finds at each place of the list at `key`; nothing where it is absent."""
    inside = items(tree, key, needed=False)
    try:
        return tuple([take(inside, place) for place in inside])
    except Damaged as error:
        error.under(key)
        raise


def named(tree: Inside, key: str | int, take: Callable[[Inside, str], T]) -> dict[str, T]:
    """Return what `take` finds at each name of the mapping at `key`; nothing where it is absent."""
    inside = mapping(tree, key, needed=False)
    try:
        return {name: take(inside, name) for name in inside}
    except Damaged as error:
        error.under(key)
        raise


def each(
    tree: Inside, key: str | int, build: Callable[[Any, Inside], T], *, needed: bool = False
) -> dict[Any, T]:
    """Return what `build` makes of each (name, mapping) in the mapping, or of each (place,
    mapping) in the list, at `key`."""
    value = tree.get(key)
    inside = items(tree, key) if isinstance(value, list | tuple) else None
    if inside is None:
        inside = mapping(tree, key, needed=needed)
    found: dict[Any, T] = {}
    for step, part in inside.items():
        try:
            if not isinstance(part, Mapping):
                raise _odd(None, part, "항목 묶음", "a mapping")
            found[step] = build(step, part)
        except Damaged as error:
            error.under(key, step)
            raise
    return found
