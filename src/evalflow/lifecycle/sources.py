"""Where lifecycles come from: presets, files, and files that extend another lifecycle.

A preset's name means its newest version, `major-works/2` that version: `presets/NAME.yaml` is the
newest, and `presets/earlier/NAME-N.yaml` are those before it, which never change.

`extends: major-works/2` names the base and its version. The base is read first, itself perhaps
over another, and the file is laid over it (`evalflow.files.merge`). What comes out is the whole
tree, the same as if somebody had written it out; only that is hashed, stored and shown.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import attrs

from evalflow.errors import InvalidInput, Problem, did_you_mean, nearest
from evalflow.files.inputs import opened_text
from evalflow.files.merge import Merged, Renamed, Source, merge
from evalflow.files.notes import Note
from evalflow.files.texts import Path as Steps
from evalflow.files.yaml import Document, read
from evalflow.files.yaml_writer import yaml_text
from evalflow.lifecycle.keys import FORMAT
from evalflow.lifecycle.order import with_actions
from evalflow.model.canonical import Tree
from evalflow.model.values import frozen

PART_FORMAT = "lifecycle-part/1"
"""What the key `evalflow` of a part says, which other lifecycles take in (`takes_in`)."""

_BASE = re.compile(r"(.+)/(\d{1,9})", re.ASCII)
_NOT_INHERITED = ("name", "version")
_LONGEST_CHAIN = 20  # files that extend each other; a person loses track long before


@frozen(kw_only=True)
class Read:
    """A lifecycle's text as it was read: the tree with its places, what is wrong with it so far,
    and how it was read."""

    source: Source
    problems: tuple[Problem, ...] = ()
    notes: tuple[Note, ...] = ()


def presets() -> tuple[str, ...]:
    """Return the names of the lifecycles that come with evalflow."""
    names = [file.name for file in _presets().iterdir()]
    return tuple(sorted(n.removesuffix(".yaml") for n in names if n.endswith(".yaml")))


def earlier_presets() -> tuple[str, ...]:
    """Return the versions before the newest that come with evalflow: `major-works/2`."""
    names = [file.name for file in _presets().joinpath("earlier").iterdir()]
    return tuple(
        sorted("/".join(n.removesuffix(".yaml").rsplit("-", 1)) for n in names if ".yaml" in n)
    )


def preset_text(name: str) -> str:
    """Return the YAML text of the preset of this name, or `name/version`. One that extends another
    says only what differs from it; `lifecycle_text` gives the whole.

    Raises:
        InvalidInput: there is no such preset.
    """
    return _preset(name).decode("utf-8")


def lifecycle_text(source: str | os.PathLike[str]) -> str:
    """Return a preset or a file as YAML text that stands alone: as it was written, with its
    remarks, or, where it extends another lifecycle, the whole of both.

    Raises:
        InvalidInput: as `open_source` says, and where the file cannot be laid over its base.
    """
    opened = open_source(source)
    if opened.problems:
        raise InvalidInput(opened.problems)
    if isinstance(opened.source, Merged):
        return yaml_text(opened.source.tree)
    if isinstance(source, str) and not is_file(source):
        return preset_text(source)
    with opened_text(source) as file:
        return file.read()


def open_source(source: str | os.PathLike[str]) -> Read:
    """Return the preset of this name or the file at this path, laid over what it extends.

    A bare word is a preset, as is a word with a version (`major-works/2`); what has a folder or
    the ending `.yaml` is a file, as is every `Path`.

    Raises:
        InvalidInput: no such preset or file, not YAML, no such base or not that version of it,
            or a base that extends the file itself.
    """
    if isinstance(source, str) and not is_file(source):
        return _opened(_read_preset(source), None, ())
    return _opened(read(source), Path(source).parent, ())


def is_file(source: str) -> bool:
    """Say whether a text names a file; it names a preset otherwise, perhaps with its version."""
    if source.endswith((".yaml", ".yml")):
        return True
    name = match[1] if (match := _BASE.fullmatch(source)) else source
    return "/" in name or os.sep in name


# --------------------------------------------------------------------------- what it extends


def _opened(document: Document, folder: Path | None, above: Sequence[tuple[str, str]]) -> Read:
    """Return the document over its base. `folder` is where it lies (None: with the presets), and
    `above` tells what extends it, as (name, identity) from the outermost on."""
    given = document.tree.get("extends") if isinstance(document.tree, Mapping) else None
    source, notes = _with_actions(document)
    if given is None:
        taken, wrong = _with_parts(document, source, folder)
        return Read(source=taken, problems=wrong, notes=notes)
    name, version = _named_base(document, given)
    chain = (*above, (document.name, _identity(document.name, folder)))
    found, beside = _base(document, name, version, folder)
    if _identity(found.name, beside) in [identity for _, identity in chain]:
        way = " → ".join((*(each for each, _ in chain), found.name))
        raise _wrong(
            document,
            "extends_itself",
            name,
            f"서로를 바탕으로 삼습니다: {way}",
            f"these extend each other: {way}",
        )
    if not isinstance(found.tree, Mapping) or found.tree.get("evalflow") != FORMAT:
        raise _wrong(
            document,
            "unknown_base",
            name,
            f"'{found.name}'은(는) 절차 파일이 아닙니다 (evalflow: {FORMAT}이어야 함)",
            f"{found.name} is no lifecycle file (expected evalflow: {FORMAT})",
        )
    has = found.tree.get("version")
    if str(has).strip() != version:
        raise _wrong(
            document,
            "other_version",
            version,
            f"'{name}'의 버전이 다릅니다: 버전 {version}을(를) 바탕으로 적었는데 지금은 "
            f"버전 {has}입니다. 달라진 것을 확인하고 extends: {name}/{has}(으)로 고치십시오",
            f"{name} is at version {has}, and this was written over version {version}; look at "
            f"what changed, then say extends: {name}/{has}",
        )
    if len(chain) > _LONGEST_CHAIN:
        raise _wrong(
            document,
            "extends_too_many",
            name,
            f"바탕이 되는 파일이 너무 많이 이어집니다 (최대 {_LONGEST_CHAIN}개)",
            f"too many files that extend each other (at most {_LONGEST_CHAIN})",
        )
    base = _opened(found, beside, chain)
    lower, wrong = _with_parts(document, _without(base.source, _NOT_INHERITED), folder)
    own = _without(source, ("extends", "takes_in"))
    merged, problems = merge(lower, own, alone=_one_value)
    told = (*base.problems, *wrong, *problems)
    return Read(source=merged, problems=told, notes=(*base.notes, *notes))


# --------------------------------------------------------------------------- what it takes in


def parts() -> tuple[str, ...]:
    """Return the parts that come with evalflow, with their versions: `committee/1`."""
    names = [file.name for file in _presets().joinpath("parts").iterdir()]
    found = sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml"))
    return tuple(f"{name}/{_part_version(_read_part(name))}" for name in found)


PART_KEYS = frozenset({"evalflow", "name", "version", "ko", "en", "roles", "regions", "events"})


def _with_parts(
    document: Document, source: Source, folder: Path | None
) -> tuple[Source, tuple[Problem, ...]]:
    """Return the source with the parts laid over it that the document takes in: regions and events
    that it does not have, and the roles that they need where it does not name them itself."""
    tree = document.tree if isinstance(document.tree, Mapping) else {}
    if "takes_in" not in tree:
        return source, ()
    taken = _without(source, ("takes_in",))
    problems: list[Problem] = []
    given = tree["takes_in"]
    for text in given if isinstance(given, list) else [given]:
        part = _part(document, text, folder)
        known = _names(taken.tree.get("roles"))
        roles = {k: v for k, v in part.tree.get("roles", {}).items() if k not in known}
        for kind in ("regions", "events"):
            for name in sorted(_names(taken.tree.get(kind)) & _names(part.tree.get(kind))):
                ko = f"'{text}'의 '{name}'이(가) 이 절차에 이미 있습니다 ({kind})"
                en = f"'{name}' of '{text}' is in this lifecycle already ({kind})"
                raise _wrong(document, "part_collides", name, ko, en, at="takes_in")
        listed = taken.tree.get("roles")
        if roles and isinstance(listed, list):  # a list is replaced, a mapping is merged
            by_name = {
                each["name"]: {k: v for k, v in each.items() if k != "name"} for each in listed
            }
            taken = attrs.evolve(taken, tree={**taken.tree, "roles": by_name})
        brought = {k: v for k, v in part.tree.items() if k in ("regions", "events")}
        if not _fixes(taken.tree):  # then it is about the evaluation that runs
            events = brought.get("events", {})
            brought["events"] = {
                name: {k: v for k, v in event.items() if k != "evaluation"}
                for name, event in events.items()
            }
        if roles:
            brought["roles"] = roles
        taken, wrong = merge(taken, attrs.evolve(part, tree=brought), alone=_one_value)
        problems += wrong
    return taken, tuple(problems)


def _fixes(tree: Tree) -> bool:
    """Say whether the lifecycle has a state in which an evaluation is fixed."""
    regions = tree.get("regions")
    inside = regions.values() if isinstance(regions, Mapping) else regions or ()
    states = [each.get("states") for each in inside if isinstance(each, Mapping)]
    listed = [
        state
        for each in states
        for state in (each.values() if isinstance(each, Mapping) else each or ())
    ]
    return any(isinstance(state, Mapping) and state.get("fixed") for state in listed)


def _part(document: Document, given: object, folder: Path | None) -> Document:
    """Return the part that the document takes in: one that comes with evalflow, or a file."""
    match = _BASE.fullmatch(given.strip()) if isinstance(given, str) else None
    known = ", ".join(parts())
    if match is None:
        ko = f"넣을 부분과 그 판을 적습니다 (예: takes_in: [committee/1]; 있는 것: {known})"
        en = f"expected a part and its version, e.g. takes_in: [committee/1] (there are: {known})"
        raise _wrong(document, "wrong_value", str(given), ko, en, at="takes_in")
    name, version = match[1], str(int(match[2]))
    path = (folder or Path()) / name
    if is_file(name) and os.path.isfile(path):
        found = read(path, name=os.path.normpath(path))
    elif f"{name}/{version}" in parts():
        return _read_part(name)
    else:
        ko = f"'{given}'이(가) 없습니다 (있는 것: {known}; 파일은 .yaml로 끝나야 함)"
        en = f"no part '{given}' (there are: {known}; a file ends in .yaml)"
        raise _wrong(document, "unknown_part", str(given), ko, en, at="takes_in")
    tree = found.tree if isinstance(found.tree, Mapping) else {}
    unknown = ", ".join(sorted(str(each) for each in set(tree) - PART_KEYS))
    if tree.get("evalflow") != PART_FORMAT or unknown or _part_version(found) != version:
        told = ", ".join(sorted(PART_KEYS))
        ko = f"'{found.name}'은(는) {version}판의 부분 파일이 아닙니다 (evalflow: {PART_FORMAT}, "
        ko += f"항목: {told})"
        en = f"{found.name} is no part of version {version} (expected evalflow: {PART_FORMAT}, "
        en += f"and the keys {told})"
        raise _wrong(document, "no_part", str(given), ko, en, at="takes_in")
    return found


def _read_part(name: str) -> Document:
    text = _presets().joinpath("parts", f"{name}.yaml").read_bytes()
    return read(text, name=f"parts-{name}.yaml")


def _part_version(part: Document) -> str:
    return str(part.tree.get("version")).strip() if isinstance(part.tree, Mapping) else ""


def _names(tree: object) -> set[str]:
    """Return the names in a mapping, or in a list of mappings with a name."""
    if isinstance(tree, Mapping):
        return {str(name) for name in tree}
    listed = tree if isinstance(tree, list) else ()
    return {str(each["name"]) for each in listed if isinstance(each, Mapping) and "name" in each}


def _with_actions(document: Document) -> tuple[Source, tuple[Note, ...]]:
    """Return the document with `actions` where it says `records`, and a note that it does."""
    tree, written = with_actions(document.tree)
    if not written:
        return document, ()
    source = Renamed(document=document, tree=tree, written=written)
    line, column = source.key_place(next(iter(written)))
    more = len(written) - 1
    note = Note(
        code="records_read_as_actions",
        ko="'records'는 이제 'actions'라고 적습니다. 그대로 읽었지만 고쳐 적으십시오"
        + (f" (이 파일에 {more}곳 더 있음)" if more else ""),
        en="'records' is called 'actions' now; it was read as such, but should be changed"
        + (f" ({more} more in this file)" if more else ""),
        where=f"{document.name}:{line}:{column}",
    )
    return source, (note,)


def _one_value(path: Steps) -> bool:
    """Say whether the mapping there is one value: a due rule, whose key says of what kind it is."""
    return len(path) == 3 and path[0] == "events" and path[2] == "due"


def _without(source: Source, keys: Collection[str]) -> Source:
    """Return the source without some of its uppermost keys; what is left keeps its places."""
    return attrs.evolve(source, tree={k: v for k, v in source.tree.items() if k not in keys})


def _named_base(document: Document, given: object) -> tuple[str, str]:
    """Return name and version of the base that the file names."""
    match = _BASE.fullmatch(given.strip()) if isinstance(given, str) else None
    if match is not None:
        return match[1], str(int(match[2]))
    text = given.strip() if isinstance(given, str) else None
    known = {name: str(_version(name)) for name in presets()}
    example = f"{text}/{known[text]}" if text in known else "major-works/2"
    raise _wrong(
        document,
        "wrong_value",
        text,
        f"바탕이 되는 절차와 그 판을 적습니다 (예: extends: {example})",
        f"expected the lifecycle to build on and its version, e.g. extends: {example}",
    )


def _version(preset: str) -> object:
    tree = _read_preset(preset).tree
    return tree["version"] if isinstance(tree, Mapping) else None


def _base(
    document: Document, name: str, version: str, folder: Path | None
) -> tuple[Document, Path | None]:
    """Return the base with that name, and the folder in which it lies (None: a preset): of a
    preset that version, or the newest where it does not come with evalflow."""
    if not is_file(name):
        known = presets()
        if name not in known:
            problem = _no_preset(name, known)
            raise _wrong(document, "unknown_base", name, problem.ko, problem.en)
        exact = f"{name}/{version}"
        return _read_preset(exact if exact in earlier_presets() else name), None
    path = (folder or Path()) / name
    if not os.path.isfile(path):  # False also for a name too long, where Path.is_file raises
        beside = [each.name for each in path.parent.glob("*.yaml")]
        near = nearest(path.name, beside)
        ko, en = f"바탕이 되는 파일 '{name}'이(가) 없습니다", f"no file '{name}' to extend"
        ko, en = did_you_mean(ko, en, near)
        raise _wrong(document, "unknown_base", name, ko, en)
    return read(path, name=os.path.normpath(path)), path.parent


def _identity(name: str, folder: Path | None) -> str:
    """Return what tells one source from another, however its path is written."""
    return f"preset {name}" if folder is None else os.path.realpath(name)


def _wrong(
    document: Document, code: str, value: str | None, ko: str, en: str, at: str = "extends"
) -> InvalidInput:
    line, column = document.place((at,))
    return InvalidInput(
        [
            Problem(
                code=code,
                file=document.name,
                line=line,
                column=column,
                path=at,
                value=value,
                ko=ko,
                en=en,
            )
        ]
    )


# --------------------------------------------------------------------------- presets


def _presets() -> Traversable:
    return resources.files("evalflow.lifecycle").joinpath("presets")


def _read_preset(name: str) -> Document:
    return read(_preset(name), name=f"{name.replace('/', '-')}.yaml")


def _preset(name: str) -> bytes:
    if name in presets():
        return _presets().joinpath(f"{name}.yaml").read_bytes()
    if name in earlier_presets():
        return _presets().joinpath("earlier", f"{name.replace('/', '-')}.yaml").read_bytes()
    newest, _, version = name.partition("/")
    if version and newest in presets() and str(_version(newest)) == version:
        return _preset(newest)
    raise InvalidInput([_no_preset(name, (*presets(), *earlier_presets()))])


def _no_preset(name: str, known: Collection[str]) -> Problem:
    listed = ", ".join(known)
    ko, en = did_you_mean(
        f"기본 제공 절차 '{name}'이(가) 없습니다 (있는 것: {listed}; 파일은 .yaml로 끝나야 함)",
        f"no preset lifecycle '{name}' (there are: {listed}; a file ends in .yaml)",
        nearest(name, known),
    )
    return Problem(code="unknown_preset", value=name, ko=ko, en=en)
