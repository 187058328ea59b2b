"""YAML files as plain trees of text, with the place of everything: the only user of PyYAML.

`read` gives a `Document`: mappings, lists, text and None. Every scalar stays the text that was
written: `no` is no Boolean, `2016-03-01` no date and `1.10` no float. Those who build values
from the tree convert with `evalflow.files.reader` and say file, line and column of what is wrong.

The tree is built straight from the parser's events, in C where PyYAML has it, and carries no
positions: most files are right, and nobody asks where things stand. Only when somebody does are
the events read a second time, with their places.
"""

from __future__ import annotations

import codecs
import os
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from evalflow.errors import InvalidInput, Problem, did_you_mean, invalid
from evalflow.files.inputs import opened
from evalflow.files.texts import Path
from evalflow.model.canonical import Tree
from evalflow.model.values import define, frozen

if TYPE_CHECKING:
    import yaml  # loaded when a file is read: stored trees need none of it

Place = tuple[int, int]
"""Line and column, both counted from 1."""

LARGEST_FILE = 64 * 1024 * 1024
"""Bytes; a larger file is refused unread. A plan of 10,000 projects has some 22 million."""

DEEPEST = 100
"""How deep collections may lie in each other."""

MOST_BY_ALIASES = 1_000_000
"""How many values aliases (`*name`) may repeat in all, so that no file blows up."""

MOST_PROBLEMS = 5_000
"""How many problems of one file are told: a file with more was written by no hand, and looking
through the rest of it would take minutes."""

_MOST_SHOWN = 50  # unprintable characters reported one by one in a file

# Control characters; marks that reverse or hide text on paper; separators at which YAML, but no
# editor, begins a new line; and what is no character at all.
UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff"
    "\ufffe\uffff\ud800-\udfff]"
)
"""What may stand nowhere in a text, not even in a comment or as an escape."""

_NULLS = frozenset(["", "~", "null", "Null", "NULL"])


def _new_parser(text: str) -> Any:
    try:
        from yaml.cyaml import CParser  # type: ignore[attr-defined]
    except ImportError:  # a PyYAML without its C half: ten times slower, same events
        from yaml import SafeLoader

        return SafeLoader(text)
    return CParser(text)


@attrs.define(slots=True)
class _Spot:
    """Where a value stands, where its keys stand, and the spots of what is inside."""

    line: int
    column: int
    keys: dict[str | int, Place] = attrs.field(factory=dict)
    inside: dict[str | int, _Spot] = attrs.field(factory=dict)


@define(kw_only=True, eq=False)
class Document:
    """A YAML file that was read: its `tree`, its `name`, and where in it things stand."""

    tree: Tree
    name: str
    _text: str = attrs.field(repr=False)
    _top: _Spot | None = attrs.field(default=None, init=False, repr=False)

    def file(self, path: Path) -> str:
        """Return the name of the file in which the value at `path` stands."""
        return self.name

    def place(self, path: Path) -> Place:
        """Return line and column of the value at `path`, or of the nearest one around it."""
        spot = self._spot()
        for step in path:
            inner = spot.inside.get(step)
            if inner is None:
                break
            spot = inner
        return spot.line, spot.column

    def key_place(self, path: Path) -> Place:
        """Return line and column of the key at `path`; in a list, of the item."""
        spot = self._spot()
        for step in path[:-1]:
            inner = spot.inside.get(step)
            if inner is None:
                return spot.line, spot.column
            spot = inner
        return spot.keys.get(path[-1], (spot.line, spot.column)) if path else self.place(path)

    def _spot(self) -> _Spot:
        if self._top is None:
            self._top = _locate(self._text)
        return self._top


def read(source: str | bytes | os.PathLike[str], *, name: str | None = None) -> Document:
    """Return the YAML document in a file (a path) or in `source` itself (bytes).

    `name` is what problems call the file; without it, the path as given. Text is brought to the
    composed Unicode form (NFC), so that names typed on different machines are the same.

    Raises:
        InvalidInput: no such file, not UTF-8, empty, not YAML; duplicate keys, tags, merge
            keys, several documents, aliases that blow up, characters that cannot be printed.
            As many problems as can be seen at once, each with line and column.
    """
    if isinstance(source, bytes):
        data, shown = source, name or "<bytes>"
    else:
        shown = name or os.fspath(source)
        data = content(source, shown)
    text = _decoded(data, shown)
    problems = list(_unprintable(text, shown))
    if not problems:
        tree = _build(text, shown, problems)
        if not problems:
            return Document(tree=tree, name=shown, text=text)
    raise InvalidInput(sorted(problems, key=lambda p: (p.line or 0, p.column or 0)))


def placed(error: InvalidInput, document: Document | None) -> InvalidInput:
    """Return `error` with file, line and column for every problem whose path lies in
    `document`: data from a file are checked by those who do not know of the file."""
    if document is None:
        return error
    return InvalidInput([_placed(problem, document) for problem in error.problems])


def _placed(problem: Problem, document: Document) -> Problem:
    if problem.file is not None or problem.path is None:
        return problem
    line, column = document.place(_steps(document.tree, problem.path))
    return attrs.evolve(problem, file=document.name, line=line, column=column)


def _steps(tree: Tree, text: str) -> Path:
    """Return the path that `path_text` printed, as far as `tree` goes along."""
    steps: list[str | int] = []
    rest = text
    while rest:
        rest = rest.removeprefix(".")
        if isinstance(tree, Mapping):
            # Keys may have dots in them: the longest one that fits is meant.
            fits = [
                key
                for key in tree
                if rest.startswith(key) and rest[len(key) :][:1] in ("", ".", "[")
            ]
            if not fits:
                break
            step: str | int = max(fits, key=len)
            rest = rest[len(str(step)) :]
        else:
            match = re.match(r"\[(\d+)\]", rest)
            if match is None or not isinstance(tree, list) or int(match[1]) >= len(tree):
                break
            step = int(match[1])
            rest = rest[match.end() :]
        steps.append(step)
        tree = tree[step]
    return steps


# --------------------------------------------------------------------------- bytes and characters


def content(path: str | os.PathLike[str], shown: str) -> bytes:
    """Return a file's bytes, at most one more than `LARGEST_FILE`. A name is the one that people
    see, whether its Hangul is composed or, as macOS writes it, taken apart (NFC, NFD).

    Raises:
        InvalidInput: no such file (with the nearest name beside it), or it cannot be read.
    """
    try:
        with opened(path) as file:
            data = file.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        if (other := _same_name(path)) is not None:
            return content(other, shown)
        raise _no_such_file(path, shown) from None
    except (OSError, ValueError) as error:  # a folder, no permission; a NUL in the path
        cause = getattr(error, "strerror", None) or str(error)
        raise invalid(
            "unreadable_file",
            file=shown,
            ko=f"파일을 읽을 수 없습니다 ({cause})",
            en=f"cannot read the file ({cause})",
        ) from None
    return data


def _same_name(path: str | os.PathLike[str]) -> str | None:
    """Return the one file beside a path that people would call the same."""
    folder, base = os.path.split(os.fspath(path))
    try:
        names = os.listdir(folder or ".")
    except (OSError, ValueError):
        return None
    plain = unicodedata.normalize("NFC", base)
    found = [each for each in names if unicodedata.normalize("NFC", each) == plain]
    return os.path.join(folder, found[0]) if len(found) == 1 and found[0] != base else None


def _no_such_file(path: str | os.PathLike[str], shown: str) -> InvalidInput:
    from evalflow.errors import nearest

    folder, base = os.path.split(os.fspath(path))
    try:
        near = nearest(base, os.listdir(folder or "."))
    except OSError:
        near = None
    ko, en = "파일이 없습니다", "no such file"
    ko, en = did_you_mean(ko, en, near)
    return invalid("no_such_file", file=shown, ko=ko, en=en)


def _decoded(data: bytes, shown: str) -> str:
    if len(data) > LARGEST_FILE:
        most = LARGEST_FILE // (1024 * 1024)
        raise invalid(
            "file_too_large",
            file=shown,
            ko=f"파일이 너무 큽니다 (최대 {most} MiB)",
            en=f"the file is too large (at most {most} MiB)",
        )
    try:
        text = data.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        raise _not_utf8(data, error, shown) from None
    if not text.strip():
        raise invalid(
            "empty_file",
            file=shown,
            ko="빈 파일입니다",
            en="the file is empty",
        )
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def _not_utf8(data: bytes, error: UnicodeDecodeError, shown: str) -> InvalidInput:
    offset = error.start + (len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0)
    begin = data.rfind(b"\n", 0, offset) + 1
    ko = f"UTF-8이 아닙니다 ({offset + 1:,}번째 바이트 0x{data[offset]:02X})"
    en = f"not UTF-8 (byte {offset + 1:,} is 0x{data[offset]:02X})"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        ko += "; UTF-16 파일로 보입니다. UTF-8로 저장하십시오"
        en += "; it looks like UTF-16: save it as UTF-8"
    elif _decodes(data, "cp949"):
        ko += "; CP949(완성형) 파일로 보입니다. UTF-8로 저장하십시오"
        en += "; it looks like CP949: save it as UTF-8"
    return invalid(
        "not_utf8",
        file=shown,
        line=data.count(b"\n", 0, offset) + 1,
        column=len(data[begin:offset].decode("utf-8", "replace")) + 1,
        value=f"0x{data[offset]:02X}",
        ko=ko,
        en=en,
    )


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def too_many(file: str | None) -> Problem:
    """Return the problem that there are more than are told."""
    return Problem(
        code="too_many_problems",
        file=file,
        ko=f"문제가 {MOST_PROBLEMS:,}건을 넘어 나머지는 보지 않았습니다",
        en=f"more than {MOST_PROBLEMS:,} problems: the rest was not looked at",
    )


def _unprintable(text: str, shown: str) -> Iterator[Problem]:
    for count, match in enumerate(UNPRINTABLE.finditer(text)):
        if count == _MOST_SHOWN:
            return
        at = match.start()
        yield unprintable(match[0], shown, _place_of(text, at))


def unprintable(character: str, file: str | None, place: Place | None) -> Problem:
    """Return the problem of a character that may stand in no text."""
    code = f"U+{ord(character):04X}"
    return Problem(
        code="unprintable",
        file=file,
        line=place and place[0],
        column=place and place[1],
        value=code,
        ko=f"보이지 않거나 인쇄할 수 없는 문자가 있습니다 ({code})",
        en=f"a character that is invisible or cannot be printed ({code})",
    )


def _place_of(text: str, offset: int) -> Place:
    begin = text.rfind("\n", 0, offset) + 1
    return text.count("\n", 0, offset) + 1, offset - begin + 1


# --------------------------------------------------------------------------- events to a tree


def _build(text: str, shown: str, problems: list[Problem]) -> Tree:
    """Return the tree; what is wrong is added to `problems`, and the tree is then worthless.

    One loop without calls on its usual way: the time goes into the parser.
    """
    import yaml

    def wrong(event: Any, code: str, ko: str, en: str, value: str | None = None) -> None:
        if len(problems) >= MOST_PROBLEMS:
            raise InvalidInput([*problems, too_many(shown)])
        mark = event.start_mark
        shortened = None if value is None else value[:60]
        problems.append(
            Problem(
                code=code,
                file=shown,
                line=mark.line + 1,
                column=mark.column + 1,
                value=shortened,
                ko=ko,
                en=en,
            )
        )

    scalar_event, alias_event = yaml.ScalarEvent, yaml.AliasEvent
    mapping_start, sequence_start = yaml.MappingStartEvent, yaml.SequenceStartEvent
    mapping_end, sequence_end = yaml.MappingEndEvent, yaml.SequenceEndEvent
    nulls, no_key = _NULLS, _NO_KEY
    anchors = _Anchors()
    documents = 0
    top: list[Any] = []
    # The collection being filled, the key waiting for its value (mappings only), and those
    # around it. `add` is the list's append, or None in a mapping.
    here: Any = top
    add: Callable[[Any], None] | None = top.append
    key: Any = no_key
    around: list[tuple[Any, Callable[[Any], None] | None, Any, str | None]] = []
    parser = _new_parser(text)
    next_event = parser.get_event
    try:
        while True:
            event = next_event()
            kind = event.__class__
            if kind is scalar_event:
                value = event.value
                if event.tag is not None:
                    wrong(event, *_no_tags(event.tag))
                style = event.style
                if not style:
                    if value in nulls:
                        value = None
                    elif value == "<<" and add is None and key is no_key:
                        wrong(event, *_NO_MERGE)
                elif style == '"' and (found := UNPRINTABLE.search(value)):
                    mark = event.start_mark
                    place = (mark.line + 1, mark.column + 1)
                    problems.append(unprintable(found[0], shown, place))
                if event.anchor is not None:
                    anchors.keep(event.anchor, value, 1)
            elif kind is mapping_start or kind is sequence_start:
                if event.tag is not None:
                    wrong(event, *_no_tags(event.tag))
                if add is None and key is no_key:
                    wrong(event, *_NO_COLLECTION_KEY)
                    return None
                if len(around) >= DEEPEST:
                    wrong(event, *_TOO_DEEP)
                    return None
                around.append((here, add, key, event.anchor))
                if event.anchor is not None:
                    anchors.open(event.anchor)
                if kind is mapping_start:
                    here, add, key = {}, None, no_key
                else:
                    here = []
                    add = here.append
                continue
            elif kind is mapping_end or kind is sequence_end:
                value = here
                here, add, key, anchor = around.pop()
                if anchor is not None:
                    anchors.keep(anchor, value, _size(value, anchors))
            elif kind is alias_event:
                found_alias = anchors.use(event.anchor)
                if isinstance(found_alias, _Bad):
                    wrong(event, found_alias.code, found_alias.ko, found_alias.en, event.anchor)
                    return None
                value = found_alias.value
            elif kind is yaml.DocumentStartEvent:
                documents += 1
                if documents > 1:
                    wrong(event, *_ONE_DOCUMENT)
                    return None
                continue
            elif kind is yaml.StreamEndEvent:
                break
            else:
                continue

            # A value is complete: an item, a key, or the value of the waiting key.
            if add is not None:
                add(value)
            elif key is no_key:
                if value.__class__ is str:
                    key = value
                    if key in here:
                        wrong(event, *_duplicate(key))
                else:
                    wrong(event, *_NO_COLLECTION_KEY if value is not None else _NO_NULL_KEY)
                    key = ""
            else:
                here[key] = value
                key = no_key
    except yaml.YAMLError as error:
        problems.append(_syntax(error, text, shown))
        return None
    if not top or top[0] is None:
        problems.append(
            Problem(code="empty_file", file=shown, ko="내용이 없습니다", en="nothing in the file")
        )
        return None
    return top[0]


_NO_KEY: Any = object()


@frozen
class _Bad:
    code: str
    ko: str
    en: str


@frozen
class _Anchored:
    value: Tree
    size: int


class _Anchors:
    """The anchors (`&name`) seen so far, and how much their aliases have repeated."""

    def __init__(self) -> None:
        self._kept: dict[str, _Anchored | None] = {}  # None: still open
        self._sizes: dict[int, int] = {}
        self._repeated = 0

    def open(self, name: str) -> None:
        self._kept[name] = None

    def keep(self, name: str, value: Tree, size: int) -> None:
        self._kept[name] = _Anchored(value, size)
        self._sizes[id(value)] = size

    def size(self, value: Tree) -> int | None:
        return self._sizes.get(id(value))

    def use(self, name: str) -> _Anchored | _Bad:
        if name not in self._kept:
            return _Bad(
                "unknown_anchor",
                f"'*{name}'이(가) 가리키는 '&{name}'이(가) 앞에 없습니다",
                f"'*{name}' refers to no '&{name}' before it",
            )
        kept = self._kept[name]
        if kept is None:
            return _Bad(
                "recursive_alias",
                f"'*{name}'이(가) 자기 자신을 담습니다",
                f"'*{name}' contains itself",
            )
        self._repeated += kept.size
        if self._repeated > MOST_BY_ALIASES:
            return _Bad(
                "aliases_blow_up",
                f"별칭(*)이 되풀이하는 값이 너무 많습니다 (최대 {MOST_BY_ALIASES:,}개)",
                f"the aliases repeat too many values (at most {MOST_BY_ALIASES:,})",
            )
        return kept


def _size(value: Tree, anchors: _Anchors) -> int:
    """Return how many values lie in `value`, with everything that aliases repeat in it."""
    total, waiting = 0, [value]
    while waiting:
        at = waiting.pop()
        known = anchors.size(at) if isinstance(at, dict | list) else 1
        if known is not None:
            total += known
            continue
        total += 1
        waiting.extend(at.values() if isinstance(at, dict) else at)
    return total


_Wrong = tuple[str, str, str]
_NO_MERGE: _Wrong = (
    "merge_key",
    "병합 키 '<<'는 쓸 수 없습니다. 항목을 그대로 적거나 &이름과 *이름을 쓰십시오",
    "merge keys '<<' are not supported: write the entries out, or use &name and *name",
)
_NO_COLLECTION_KEY: _Wrong = (
    "bad_key",
    "항목 이름은 문자열이어야 합니다 (목록이나 항목 묶음은 이름이 될 수 없습니다)",
    "a key must be text, not a list or a mapping",
)
_NO_NULL_KEY: _Wrong = ("bad_key", "항목 이름이 비어 있습니다", "a key without a name")
_TOO_DEEP: _Wrong = (
    "too_deep",
    f"너무 깊이 중첩되었습니다 (최대 {DEEPEST}단계)",
    f"nested too deep (at most {DEEPEST} levels)",
)
_ONE_DOCUMENT: _Wrong = (
    "several_documents",
    "한 파일에는 문서 하나만 담을 수 있습니다 ('---'로 나뉜 둘째 문서가 있습니다)",
    "one file holds one document; a second one begins here ('---')",
)


def _no_tags(tag: str) -> tuple[str, str, str, str]:
    return (
        "tag",
        f"태그 '{tag}'은(는) 쓸 수 없습니다",
        f"tags such as '{tag}' are not supported",
        tag,
    )


def _duplicate(key: str) -> tuple[str, str, str, str]:
    return (
        "duplicate_key",
        f"항목 '{key}'이(가) 두 번 적혔습니다",
        f"the key '{key}' is given twice",
        key,
    )


# What libyaml and PyYAML say, as a clerk would say it.
_SYNTAX_KO = {
    "mapping values are not allowed": "여기에는 ': '이 올 수 없습니다"
    " (들여쓰기를 확인하거나 값을 따옴표로 묶으십시오)",
    "cannot start any token": "이 문자로는 값을 시작할 수 없습니다 (탭이나 @ ` 는 따옴표로"
    " 묶고, 들여쓰기에는 빈칸을 쓰십시오)",
    "expected key": "항목 이름이 와야 합니다 (들여쓰기를 확인하십시오)",
    "expected <block end>": "들여쓰기가 맞지 않습니다",
    "expected ',' or ']'": "목록에 ',' 또는 ']'가 빠졌습니다",
    "expected ',' or '}'": "묶음에 ',' 또는 '}'가 빠졌습니다",
    "expected ':'": "항목 이름 뒤에 ': '이 빠졌습니다",
    "unexpected end of stream": "따옴표가 닫히지 않은 채 파일이 끝났습니다",
    "expected '-' indicator": "목록의 '-'가 와야 합니다 (들여쓰기를 확인하십시오)",
    "block sequence entries are not allowed": "여기에는 '-' 목록이 올 수 없습니다",
    "expected the node content": "값이 와야 합니다",
    "unknown escape character": "알 수 없는 이스케이프 문자입니다 ('\\'를 쓰려면 작은따옴표로"
    " 묶으십시오)",
    "tab character": "들여쓰기에 탭을 쓸 수 없습니다. 빈칸을 쓰십시오",
}


def _syntax(error: yaml.YAMLError, text: str, shown: str) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML"
    context = getattr(error, "context", None)
    en = f"not valid YAML: {said}" + (f" ({context})" if context else "")
    found = next((korean for english, korean in _SYNTAX_KO.items() if english in said), None)
    ko = f"YAML 문법 오류: {found}" if found else f"YAML 문법 오류 ({said})"
    line, column = (1, 1) if mark is None else (mark.line + 1, mark.column + 1)
    begun = getattr(error, "context_mark", None)
    if begun is not None and begun.line + 1 != line:
        ko, en = f"{ko}; {begun.line + 1}행에서 시작됨", f"{en}; it began in line {begun.line + 1}"
    lines = text.split("\n")
    at = lines[line - 1] if line <= len(lines) else ""
    if "\t" in at[: len(at) - len(at.lstrip())] and "탭" not in ko:
        ko += "; 들여쓰기에 탭이 있습니다. 빈칸을 쓰십시오"
        en += "; the line is indented with a tab: use spaces"
    return Problem(
        code="syntax",
        file=shown,
        line=line,
        column=column,
        value=at.strip()[:60] or None,
        ko=ko,
        en=en,
    )


# --------------------------------------------------------------------------- events to places


def _locate(text: str) -> _Spot:
    """Return where everything in a document stands that `_build` found sound."""
    import yaml

    starts = (
        *(yaml.ScalarEvent, yaml.AliasEvent),
        *(yaml.MappingStartEvent, yaml.SequenceStartEvent),
    )
    top = _Spot(1, 1)
    here, is_list, key = top, True, None
    around: list[tuple[_Spot, bool, Any]] = []
    anchored: dict[str, _Spot] = {}
    texts: dict[str, str] = {}
    parser = _new_parser(text)
    while True:
        event = parser.get_event()
        kind = event.__class__
        if kind is yaml.StreamEndEvent:
            return top.inside[0]
        if kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            here, is_list, key = around.pop()
            continue
        if kind not in starts:
            continue
        mark = event.start_mark
        line, column = mark.line + 1, mark.column + 1
        if not is_list and key is None:
            key = texts[event.anchor] if kind is yaml.AliasEvent else event.value
            here.keys[key] = (line, column)
            if event.anchor is not None and kind is not yaml.AliasEvent:
                anchored[event.anchor] = _Spot(line, column)
                texts[event.anchor] = event.value
            continue
        spot = _Spot(line, column)
        step: Any = len(here.inside) if is_list else key
        here.inside[step] = spot
        here.keys.setdefault(step, (line, column))
        key = None
        if kind is yaml.AliasEvent:
            same = anchored[event.anchor]
            spot.keys, spot.inside = same.keys, same.inside
            continue
        if event.anchor is not None:
            anchored[event.anchor] = spot
        if kind is yaml.ScalarEvent:
            if event.anchor is not None:
                texts[event.anchor] = event.value
            continue
        around.append((here, is_list, key))
        here, is_list, key = spot, kind is yaml.SequenceStartEvent, None
