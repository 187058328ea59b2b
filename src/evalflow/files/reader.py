"""Reading values out of trees, with every problem collected and placed.

A builder wraps what it reads in a `Reader`, takes the `top` part, asks it for texts, figures,
dates and further parts, and builds its values as if all were well. What is wrong is noted with
its place and replaced by something harmless; at the end `raise_if_any` raises all of it at once.

    reading = Reading(yaml.read("plan.yaml"))
    top = reading.top
    top.only({"year", "units"})
    year = top.whole("year", least=1900)
    for unit_id, part in top.parts("units"):
        part.choice("kind", ("office", "bureau"))
    reading.raise_if_any()

On the usual way nothing is made but the values: paths and places are worked out where something
is wrong. A builder also reads trees from elsewhere, which have no file: problems then name the
path. What a store holds is not read again but rebuilt: see `stored`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, TypeVar, overload

from evalflow.errors import InvalidInput, Problem, did_you_mean, nearest
from evalflow.files.figures import MOST_DIGITS, Figure, figure_of, read_figure
from evalflow.files.merge import Merged, Renamed, Source
from evalflow.files.texts import Path, date_of, fraction_of, path_text, shown, stored_figure
from evalflow.files.words import is_name
from evalflow.files.yaml import DEEPEST, MOST_PROBLEMS, UNPRINTABLE, Document, too_many
from evalflow.model import Label
from evalflow.model.canonical import Tree

LONGEST_TEXT = 10_000
"""Characters in one text; a longer one is refused (a paper belongs beside the data)."""

T = TypeVar("T")


class _Required:
    """The default of what must be there."""


REQUIRED: Final = _Required()

_MOST_HINTS = 1_000  # problems after which no nearest name is looked for any more


# --------------------------------------------------------------------------- the reading


class Reader:
    """One tree that is being read, and the problems found in it so far.

    `source` is a YAML document, or a tree from elsewhere; `at` is then the path under which
    problems name it. A tree from elsewhere is first searched for what no YAML file can hold
    (floats, characters that cannot be printed). `stored` says that the tree was checked when it
    was stored: a figure in it keeps the meaning that it had then.

    Attributes:
        problems: what was found so far.
        brackets: what a figure in brackets means, `minus` or `provisional`; None where nobody
            said it.
    """

    def __init__(self, source: Source | Tree, *, at: Path = (), stored: bool = False) -> None:
        self.problems: list[Problem] = []
        self.brackets: str | None = None
        self.stored = stored
        self._plain: dict[Path, Tree] = {}
        self._document = source if isinstance(source, Document | Renamed | Merged) else None
        self._at = tuple(at)
        self._near: dict[tuple[str, int], tuple[str | None, Collection[str]]] = {}
        self._meant: set[tuple[Path, str]] = set()
        tree = source if self._document is None else self._document.tree
        if self._document is None and not self._sound(tree):
            tree = {}
        elif not isinstance(tree, Mapping):
            ko, en = "'항목: 값' 꼴이어야 합니다", "expected 'key: value' lines"
            self.wrong((), "wrong_type", ko, en)
            tree = {}
        self.top = Part(tree, self, None, None)

    def wrong(
        self, path: Path, code: str, ko: str, en: str, value: Tree = None, *, key: bool = False
    ) -> None:
        """Note a problem with the value at `path`, or with its key.

        Raises:
            InvalidInput: it is one too many (`MOST_PROBLEMS`).
        """
        if len(self.problems) >= MOST_PROBLEMS:
            self.raise_if_any()
        file = line = column = None
        if self._document is not None:
            document = self._document
            file = document.file(path)
            line, column = document.key_place(path) if key else document.place(path)
        self.problems.append(
            Problem(
                code=code,
                ko=ko,
                en=en,
                file=file,
                line=line,
                column=column,
                path=path_text((*self._at, *path)) or None,
                value=None if value is None else shown(value),
            )
        )

    def unknown(
        self,
        path: Path,
        what: tuple[str, str],
        name: str,
        known: Collection[str],
        *,
        key: bool = False,
    ) -> None:
        """Note that `name` is none of `known`; `what` says in both languages what it should be
        (`("부서", "unit")`). The problem's code is `unknown_<English word>`."""
        near = self.near(name, known)
        if key and near is not None:
            self._meant.add((tuple(path[:-1]), near))
        listed = ", ".join(sorted(known)) if 0 < len(known) <= 12 else ""
        ko, en = f"{what[0]} '{shown(name)}'이(가) 없습니다", f"no {what[1]} '{shown(name)}'"
        if key:
            ko, en = f"알 수 없는 {what[0]} '{shown(name)}'", f"unknown {what[1]} '{shown(name)}'"
        few = (f" (가능: {listed})", f" (there are: {listed})") if listed else ("", "")
        ko, en = did_you_mean(ko, en, near, few)
        code = "unknown_" + what[1].replace(" ", "_")
        self.wrong(path, code, ko, en, name, key=key)

    def near(self, name: str, known: Collection[str]) -> str | None:
        """Return the one of `known` that is nearest to `name`, or None."""
        asked = (name, id(known))
        if asked not in self._near:
            if len(self.problems) > _MOST_HINTS:  # such a file was not written by a hand
                return None
            # The collection is kept beside the answer, so that its id stays its own.
            self._near[asked] = (nearest(name[:100], known), known)
        return self._near[asked][0]

    def is_meant(self, path: Path, key: str | int) -> bool:
        """Say whether a key of the part at `path` was noted that is meant for `key`: that `key`
        is missing merely follows, and is not noted as well."""
        return bool(self._meant) and (tuple(path), key) in self._meant

    def as_plain(self, path: Path, tree: Tree) -> Tree:
        """Return the tree at `path` with figures in plain digits where they were written as
        only people write them (`△12`, `30명`, `1억 2,000만`), so that whoever reads the tree
        again needs neither the unit nor what brackets meant, and with what was said in a short
        way written out. Asked once for each path."""
        for at in [at for at in self._plain if at[: len(path)] == path]:
            tree = _replaced(tree, at[len(path) :], self._plain.pop(at))
        return tree

    def raise_if_any(self) -> None:
        """Raise `InvalidInput` with all problems in reading order, if there are any."""
        if self.problems:
            found = sorted(self.problems, key=lambda p: (p.file or "", p.line or 0, p.column or 0))
            # What stands behind an anchor is read wherever an alias repeats it, and told once.
            once = {(p.file, p.line, p.column, p.line is None and p.path, p.ko): p for p in found}
            found = list(once.values())
            if len(found) >= MOST_PROBLEMS:
                found.append(too_many(found[-1].file))
            raise InvalidInput(found)

    def _sound(self, tree: Tree) -> bool:
        """Note what a tree may not hold; False where it cannot be read at all."""
        if not isinstance(tree, Mapping):
            self.wrong((), "wrong_type", "항목 묶음이어야 합니다", "expected a mapping", tree)
            return False
        waiting: list[tuple[Tree, Path]] = [(tree, ())]
        while waiting:
            at, path = waiting.pop()
            if len(path) > DEEPEST:
                ko = f"너무 깊이 중첩되었습니다 (최대 {DEEPEST}단계)"
                self.wrong((), "too_deep", ko, f"nested too deep (at most {DEEPEST} levels)")
                return False
            if isinstance(at, Mapping):
                for key, value in at.items():
                    if not isinstance(key, str):
                        ko, en = "항목 이름은 문자열이어야 합니다", "a key must be text"
                        self.wrong(path, "bad_key", ko, en, key)
                        return False
                    self._printable(key, path)
                    if isinstance(value, str):
                        self._printable(value, (*path, key))
                    elif value is not None:
                        waiting.append((value, (*path, key)))
            elif isinstance(at, list | tuple):
                waiting.extend((value, (*path, place)) for place, value in enumerate(at))
            elif isinstance(at, str):
                self._printable(at, path)
            elif at is not None and not isinstance(at, int):
                ko = "글, 정수, 참거짓, 목록, 항목 묶음만 담을 수 있습니다 (실수형 불가)"
                en = "expected text, whole number, flag, list or mapping (never a float)"
                self.wrong(path, "wrong_type", ko, en, at)
                return False
        return True

    def _printable(self, text: str, path: Path) -> None:
        if found := UNPRINTABLE.search(text):
            code = f"U+{ord(found[0]):04X}"
            ko = f"보이지 않거나 인쇄할 수 없는 문자가 있습니다 ({code})"
            en = f"a character that is invisible or cannot be printed ({code})"
            self.wrong(path, "unprintable", ko, en, code)


class Part:
    """A mapping that is being read; a list is read as one, with its indices as keys.

    Every method that takes `default` has the same manner: a key that is absent (or null) gives
    the default, or, without one, a problem; a value that is wrong gives a problem. A problem
    always comes with a harmless value in its place, so that reading goes on.
    """

    __slots__ = ("_above", "_reading", "_step", "tree")

    def __init__(
        self, tree: Mapping[Any, Tree], reading: Reader, above: Part | None, step: Any
    ) -> None:
        self.tree = tree
        self._reading = reading
        self._above = above
        self._step = step

    def __contains__(self, key: str) -> bool:
        return self.tree.get(key) is not None

    @property
    def path(self) -> tuple[str | int, ...]:
        """The way to this part from the top of the tree."""
        steps: list[str | int] = []
        at = self
        while at._above is not None:
            steps.append(at._step)
            at = at._above
        return tuple(reversed(steps))

    def plain_tree(self) -> Mapping[str, Tree]:
        """Return this part's tree with figures in plain digits (see `Reader.as_plain`)."""
        tree: Mapping[str, Tree] = self._reading.as_plain(self.path, self.tree)
        return tree

    def write_out(self, key: str, tree: Tree) -> None:
        """Let `plain_tree` have `tree` at `key`: what a short way of saying it stands for."""
        self._reading._plain[(*self.path, key)] = tree

    # ------------------------------------------------------------------ problems

    @property
    def is_written(self) -> bool:
        """Whether it stands in a YAML file, and does not come out of a store or a program."""
        return self._reading._document is not None

    def wrong(self, key: str | int | None, code: str, ko: str, en: str, value: Tree = None) -> None:
        """Note a problem with the value of `key`, or with this part as a whole (None)."""
        if key is None:
            self._reading.wrong(self.path, code, ko, en, value, key=True)
        else:
            self._reading.wrong((*self.path, key), code, ko, en, value)

    def wrong_key(self, key: str, code: str, ko: str, en: str) -> None:
        """Note a problem with a key itself."""
        self._reading.wrong((*self.path, key), code, ko, en, key, key=True)

    def unknown_key(self, key: str, what: tuple[str, str], known: Collection[str]) -> None:
        """Note that a key is none of `known`; see `Reader.unknown`."""
        self._reading.unknown((*self.path, key), what, key, known, key=True)

    def named(self, key: str | int) -> bool:
        """Say whether a key is an id (see `is_name`), and note it where it is not."""
        if isinstance(key, int) or is_name(key):
            return True
        self._bad_name((*self.path, key), key, key=True)
        return False

    def unknown(self, key: str | int, what: tuple[str, str], known: Collection[str]) -> None:
        """Note that the value of `key` is none of `known`; see `Reader.unknown`."""
        self._reading.unknown((*self.path, key), what, str(self.tree[key]), known)

    def only(self, keys: frozenset[str] | set[str]) -> None:
        """Note every key that is none of `keys`, with the nearest one that is."""
        if not self.tree.keys() <= keys:
            for key in self.tree:
                if key not in keys:
                    self._reading.unknown((*self.path, key), ("항목", "key"), key, keys, key=True)

    def is_meant(self, key: str | int) -> bool:
        """Say whether another key was noted that is meant for `key`."""
        return self._reading.is_meant(self.path, key)

    def _missing(self, key: str | int, default: Any, instead: T, options: str = "") -> Any:
        if default is not REQUIRED:
            return default
        if self._reading.is_meant(self.path, key):
            return instead
        ko, en = f"'{key}' 항목이 필요합니다", f"needs '{key}'"
        if options:
            ko, en = f"{ko} ({options} 중 하나)", f"{en} (one of {options})"
        self._reading.wrong(self.path, "missing_key", ko, en, key=True)
        return instead

    def _expected(self, key: str | int, ko: str, en: str, instead: T) -> T:
        value = self.tree[key]
        name = f"{key + 1}번째" if isinstance(key, int) else f"'{key}'"
        nth = f"item {key + 1}" if isinstance(key, int) else f"'{key}'"
        ko = f"{name}: {ko} (받은 값: {_said(value, 0)})"
        en = f"{nth}: {en}, got {_said(value, 1)}"
        self._reading.wrong((*self.path, key), "wrong_value", ko, en, value)
        return instead

    # ------------------------------------------------------------------ single values

    @overload
    def text(self, key: str | int) -> str: ...
    @overload
    def text(self, key: str | int, default: T) -> str | T: ...
    def text(self, key: str | int, default: Any = REQUIRED) -> Any:
        """Return a text, without blanks around it; an empty one counts as absent."""
        value = self.tree.get(key)
        if value.__class__ is str:
            text: str = value.strip()
            if text and len(text) <= LONGEST_TEXT:
                return text
        return self._odd_text(key, value, default)

    def _odd_text(self, key: str | int, value: Tree, default: Any) -> Any:
        if value is None or (isinstance(value, str) and not value.strip()):
            return self._missing(key, default, "")
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if not isinstance(value, str):
            return self._expected(key, "문자열이어야 합니다", "expected text", "")
        ko = f"내용이 너무 깁니다: {len(value):,}자 (최대 {LONGEST_TEXT:,}자)"
        en = f"text too long: {len(value):,} characters (at most {LONGEST_TEXT:,})"
        self.wrong(key, "text_too_long", ko, en, value)
        return ""

    @overload
    def name(self, key: str | int) -> str: ...
    @overload
    def name(self, key: str | int, default: T) -> str | T: ...
    def name(self, key: str | int, default: Any = REQUIRED) -> Any:
        """Return an id (see `is_name`)."""
        value = self.tree.get(key)
        if value.__class__ is str and is_name(value):
            return value
        text = self.text(key, default)
        if isinstance(text, str) and text and text is not default and not is_name(text):
            self._bad_name((*self.path, key), text, key=False)
        return text

    def _bad_name(self, path: Path, name: str, *, key: bool) -> None:
        ko = f"'{shown(name)}': 식별자는 글자(영문·한글), 숫자와 - _ . 만 64자까지 쓸 수 있습니다"
        en = f"'{shown(name)}': an id takes letters (A-Z, 가-힣), digits and - _ . (at most 64)"
        self._reading.wrong(path, "bad_name", ko, en, name, key=key)

    @overload
    def known(self, key: str | int, what: tuple[str, str], among: Collection[str]) -> str: ...
    @overload
    def known(
        self, key: str | int, what: tuple[str, str], among: Collection[str], default: T
    ) -> str | T: ...
    def known(
        self,
        key: str | int,
        what: tuple[str, str],
        among: Collection[str],
        default: Any = REQUIRED,
    ) -> Any:
        """Return a name that is one of `among`; `what` says in both languages what it names."""
        value = self.tree.get(key)
        if value.__class__ is str and value in among:
            return value
        text = self.text(key, default)
        if text is default or text in among:
            return text
        if text:
            self._reading.unknown((*self.path, key), what, text, among)
        return next(iter(among), "")

    @overload
    def choice(self, key: str | int, options: Collection[str]) -> str: ...
    @overload
    def choice(self, key: str | int, options: Collection[str], default: T) -> str | T: ...
    def choice(self, key: str | int, options: Collection[str], default: Any = REQUIRED) -> Any:
        """Return one of the words in `options`."""
        value = self.tree.get(key)
        if value.__class__ is str and value in options:
            return value
        first = next(iter(options))
        listed = ", ".join(options)
        if value is None:
            return self._missing(key, default, first, listed)
        near = self._reading.near(str(value), options) if isinstance(value, str) else None
        ko, en = f"{listed} 중 하나여야 합니다", f"expected one of {listed}"
        ko, en = did_you_mean(ko, en, near)
        return self._expected(key, ko, en, first)

    @overload
    def whole(
        self, key: str | int, *, least: int = ..., most: int = ..., money: bool = ...
    ) -> int: ...
    @overload
    def whole(
        self, key: str | int, default: T, *, least: int = ..., most: int = ..., money: bool = ...
    ) -> int | T: ...
    def whole(
        self,
        key: str | int,
        default: Any = REQUIRED,
        *,
        least: int = -(10**MOST_DIGITS),
        most: int = 10**MOST_DIGITS,
        money: bool = False,
    ) -> Any:
        """Return a whole number between `least` and `most`; with `money` an amount in won."""
        value = self.tree.get(key)
        if value is None:
            return self._missing(key, default, least)
        figure = self._figure(key, value, money=money)
        if figure is _NOTED:
            return least
        if figure is not None and figure == figure.to_integral_value() and least <= figure <= most:
            return int(figure)
        far = 10**MOST_DIGITS
        if -far < least and most < far:
            ko = f"{least}에서 {most}까지의 정수여야 합니다"
            en = f"expected a whole number from {least} to {most}"
        elif -far < least:
            ko = f"{least} 이상의 정수여야 합니다"
            en = f"expected a whole number of at least {least}"
        else:
            ko, en = "정수여야 합니다", "expected a whole number"
        return self._expected(key, ko, en, least)

    @overload
    def figure(self, key: str | int, *, unit: str = ...) -> Decimal: ...
    @overload
    def figure(self, key: str | int, default: T, *, unit: str = ...) -> Decimal | T: ...
    def figure(self, key: str | int, default: Any = REQUIRED, *, unit: str = "") -> Any:
        """Return an exact figure (see `figures.read_figure`); `unit` may stand behind it."""
        value = self.tree.get(key)
        if value is None:
            return self._missing(key, default, Decimal(0))
        figure = self._figure(key, value, unit=unit)
        if figure is None:
            return self._expected(key, _FIGURE_KO, _FIGURE_EN, Decimal(0))
        return Decimal(0) if figure is _NOTED else figure

    def _figure(
        self, key: str | int, value: Tree, *, unit: str = "", money: bool = False
    ) -> Decimal | None:
        """Return the figure; None where the value is no text or number at all; `_NOTED` where
        it was noted why the text says no figure."""
        if value.__class__ is not str:
            return figure_of(value) if value.__class__ is int else None
        reading = self._reading
        kept = stored_figure(value.strip())
        if kept is not None and reading.stored:
            return kept
        found = read_figure(value, unit=unit, brackets=reading.brackets, money=money)
        if not isinstance(found, Figure):
            if found.code == "not_a_figure":
                return None  # no more is known than that another kind of value is expected
            self._not_a_figure(key, value, found.ko, found.en)
            return _NOTED
        if found.provisional:
            ko = f"잠정치는 실적에만 쓸 수 있습니다: '{shown(value)}'"
            en = f"only an actual can be provisional: '{shown(value)}'"
            self._not_a_figure(key, value, ko, en)
            return _NOTED
        if kept is None:
            reading._plain[(*self.path, key)] = format(found.value, "f")
        return found.value

    def _not_a_figure(self, key: str | int, value: Tree, ko: str, en: str) -> None:
        name = f"{key + 1}번째" if isinstance(key, int) else f"'{key}'"
        nth = f"item {key + 1}" if isinstance(key, int) else f"'{key}'"
        self.wrong(key, "wrong_value", f"{name}: {ko}", f"{nth}: {en}", value)

    @overload
    def fraction(self, key: str | int) -> Fraction: ...
    @overload
    def fraction(self, key: str | int, default: T) -> Fraction | T: ...
    def fraction(self, key: str | int, default: Any = REQUIRED) -> Any:
        """Return an exact fraction (see `fraction_of`)."""
        value = self.tree.get(key)
        if value is None:
            return self._missing(key, default, Fraction(1))
        found = None
        if isinstance(value, str | int) and not isinstance(value, bool):
            found = fraction_of(str(value).strip())
            if found is None and self._reading.stored:
                kept = stored_figure(str(value).strip())
                found = None if kept is None else Fraction(kept)
        if found is None:
            ko = "정수, 소수 또는 1/2과 같은 분수여야 합니다"
            en = "expected a whole number, a decimal or a fraction such as 1/2"
            return self._expected(key, ko, en, Fraction(1))
        return found

    @overload
    def date(self, key: str | int) -> dt.date: ...
    @overload
    def date(self, key: str | int, default: T) -> dt.date | T: ...
    def date(self, key: str | int, default: Any = REQUIRED) -> Any:
        """Return a day (see `date_of`)."""
        value = self.tree.get(key)
        if value is None:
            return self._missing(key, default, dt.date.min)
        day = date_of(value.strip()) if isinstance(value, str) else None
        return self._expected(key, _DATE_KO, _DATE_EN, dt.date.min) if day is None else day

    @overload
    def flag(self, key: str | int) -> bool: ...
    @overload
    def flag(self, key: str | int, default: T) -> bool | T: ...
    def flag(self, key: str | int, default: Any = REQUIRED) -> Any:
        """Return true or false."""
        value = self.tree.get(key)
        if value is None:
            return self._missing(key, default, False)
        if isinstance(value, bool):
            return value
        if value in ("true", "false"):
            return value == "true"
        ko, en = "true 또는 false여야 합니다", "expected true or false"
        return self._expected(key, ko, en, False)

    def label(self, *, english: bool = True) -> Label:
        """Return the label that this part's own keys `ko` and `en` give; without `english`, `en`
        may be absent and is then the Korean one."""
        ko = self.text("ko")
        return Label(ko, self.text("en") if english else self.text("en", ko))

    @overload
    def label_at(self, key: str | int, *, english: bool = ...) -> Label: ...
    @overload
    def label_at(self, key: str | int, default: T, *, english: bool = ...) -> Label | T: ...
    def label_at(self, key: str | int, default: Any = REQUIRED, *, english: bool = True) -> Any:
        """Return the label at `key`: `{ko: …, en: …}`; without `english`, also a bare text."""
        value = self.tree.get(key)
        if value.__class__ is str and not english:
            text = self.text(key, default)
            return Label(text, text) if isinstance(text, str) else text
        if value is None:
            return self._missing(key, default, Label("", ""))
        if not isinstance(value, Mapping):
            ko, en = "{ko: …, en: …} 꼴이어야 합니다", "expected {ko: …, en: …}"
            return self._expected(key, ko, en, Label("", ""))
        inside = Part(value, self._reading, self, key)
        inside.only(_LABEL_KEYS)
        return inside.label(english=english)

    # ------------------------------------------------------------------ lists and parts

    def texts(self, key: str | int) -> tuple[str, ...]:
        """Return a list of texts; an absent one is empty, a single text a list of one."""
        value = self.tree.get(key)
        if value is None:
            return ()
        if isinstance(value, str):
            return (self.text(key),)
        if not isinstance(value, list | tuple):
            return self._expected(key, "목록이어야 합니다", "expected a list", ())
        items = Part(dict(enumerate(value)), self._reading, self, key)
        return tuple([items.text(place) for place in items.tree])

    def part(self, key: str | int, *, required: bool = True, listed: bool = True) -> Part:
        """Return the mapping (or, where `listed`, the list) at `key`; an empty part where it is
        absent or wrong."""
        value = self.tree.get(key)
        if value.__class__ is dict or isinstance(value, Mapping):
            return Part(value, self._reading, self, key)
        if listed and isinstance(value, list | tuple):
            return Part(dict(enumerate(value)), self._reading, self, key)
        if value is not None:
            ko, en = "'항목: 값' 묶음이어야 합니다", "expected 'key: value' entries"
            self._expected(key, ko, en, None)
        elif required:
            self._missing(key, REQUIRED, None)
        return Part({}, self._reading, self, key)

    def mapping(self, key: str | int, *, required: bool = True) -> Part:
        """Return the mapping at `key`; an empty part where it is absent or no mapping."""
        return self.part(key, required=required, listed=False)

    def items(self, key: str | int, *, required: bool = True) -> Part:
        """Return the list at `key`; an empty part where it is absent or no list."""
        if isinstance(self.tree.get(key), Mapping):
            self._expected(key, "목록이어야 합니다", "expected a list", None)
            return Part({}, self._reading, self, key)
        return self.part(key, required=required)

    def parts(
        self, key: str | int, *, required: bool = False, named: bool = True
    ) -> Iterator[tuple[Any, Part]]:
        """Yield (key, part) for every mapping in the mapping or list at `key`.

        Keys must be ids where `named`; what is no mapping is noted and left out.
        """
        inside = self.part(key, required=required)
        for step in inside.tree:
            if named:
                inside.named(step)
            if isinstance(inside.tree[step], Mapping):
                yield step, Part(inside.tree[step], self._reading, inside, step)
            elif inside.tree[step] is None:
                ko, en = f"'{step}'의 내용이 없습니다", f"'{step}' has nothing in it"
                inside.wrong(step, "missing_key", ko, en)
            else:
                inside.part(step, listed=False)


_LABEL_KEYS = frozenset(["ko", "en"])
_NOTED: Final = Decimal("NaN")  # a text that is no figure, and was noted
_FIGURE_KO = f"정확한 수여야 합니다 (예: 84.5; 지수 없이 소수점 앞뒤 {MOST_DIGITS}자리까지)"
_FIGURE_EN = f"expected an exact figure such as 84.5 (no exponent, at most {MOST_DIGITS} digits)"
_DATE_KO = "날짜여야 합니다 (예: 2016-02-24 또는 2016. 2. 24.)"
_DATE_EN = "expected a date such as 2016-02-24"


def _replaced(tree: Tree, path: Path, value: Tree) -> Tree:
    """Return the tree with `value` at `path`; what leads there is copied, not changed."""
    if not path:
        return value
    step = path[0]
    if isinstance(tree, Mapping):
        return {**tree, step: _replaced(tree.get(step), path[1:], value)}
    assert isinstance(step, int)
    return [_replaced(v, path[1:], value) if at == step else v for at, v in enumerate(tree)]


def _said(value: Tree, lang: int) -> str:
    if isinstance(value, Mapping):
        return ("항목 묶음", "a mapping")[lang]
    if isinstance(value, list | tuple):
        return ("목록", "a list")[lang]
    return f"'{shown(value)}'"
