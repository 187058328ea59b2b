"""One YAML file laid over another that it extends; what comes out knows file and line of all of it.

The rules, as docs/reference/lifecycle.md says them: mappings merge by key, a null takes away a key
that is there, anything else replaces. A new key stands behind the key before it in its own file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs

from evalflow.errors import Problem, did_you_mean, nearest
from evalflow.files.texts import Path, path_text
from evalflow.files.yaml import Document, Place
from evalflow.model.canonical import Tree
from evalflow.model.values import frozen


@frozen(kw_only=True, eq=False)
class Renamed:
    """A document in whose `tree` some keys bear another name than in its text.

    `written` maps the path of such a key, as it is read, to the key as it stands in the file.
    """

    document: Document
    tree: Tree
    written: Mapping[tuple[str | int, ...], str]

    @property
    def name(self) -> str:
        """What problems call the file."""
        return self.document.name

    def file(self, path: Path) -> str:
        """Return the name of the file in which the value at `path` stands."""
        return self.document.name

    def place(self, path: Path) -> Place:
        """Return line and column of the value at `path`; see `Document.place`."""
        return self.document.place(self._as_written(path))

    def key_place(self, path: Path) -> Place:
        """Return line and column of the key at `path`; see `Document.key_place`."""
        return self.document.key_place(self._as_written(path))

    def _as_written(self, path: Path) -> Path:
        steps = tuple(path)
        return [self.written.get(steps[: n + 1], step) for n, step in enumerate(steps)]


@frozen(eq=False)
class _Origin:
    """From which file a value is. `inside` holds the origins of what is in a merged mapping; where
    it is None, all that is inside is from the same file."""

    source: Source
    inside: Mapping[str, _Origin] | None = None


@frozen(kw_only=True, eq=False)
class Merged:
    """A file over the one that it extends: the merged `tree`, under the `name` of the upper one."""

    tree: Tree
    name: str
    _origin: _Origin = attrs.field(repr=False)

    def file(self, path: Path) -> str:
        """Return the name of the file in which the value at `path` stands."""
        return self._source(path).file(path)

    def place(self, path: Path) -> Place:
        """Return line and column of the value at `path` in its own file."""
        return self._source(path).place(path)

    def key_place(self, path: Path) -> Place:
        """Return line and column of the key at `path` in its own file."""
        return self._source(path).key_place(path)

    def _source(self, path: Path) -> Source:
        at = self._origin
        for step in path:
            inner = None if at.inside is None else at.inside.get(str(step))
            if inner is None:
                break
            at = inner
        return at.source


def merge(
    base: Source,
    over: Source,
    *,
    alone: Callable[[Path], bool] = lambda path: False,
) -> tuple[Merged, list[Problem]]:
    """Return `over` laid over `base`, and what is wrong with that; both hold a mapping.

    What stands at a path that is `alone` is one value, though it is a mapping: it replaces.
    The problems: a null where the base has nothing to take away, and a mapping where the base
    has a list, which would otherwise be lost without a word.
    """
    merging = _Merging(base, over, alone)
    tree, inside = merging.mappings(base.tree, over.tree, ())
    origin = _Origin(over, inside)
    return Merged(tree=tree, name=over.name, origin=origin), merging.problems


class _Merging:
    def __init__(
        self,
        base: Source,
        over: Source,
        alone: Callable[[Path], bool],
    ) -> None:
        self.base = base
        self.over = over
        self.alone = alone
        self.problems: list[Problem] = []

    def mappings(
        self, below: Mapping[str, Tree], above: Mapping[str, Tree], path: tuple[str, ...]
    ) -> tuple[dict[str, Tree], dict[str, _Origin]]:
        """Return two mappings merged, in order, and from where each value in them is."""
        tree = {key: value for key, value in below.items() if value is not None}
        inside = {key: _Origin(self.base) for key in tree}
        for key, value in above.items():
            at = (*path, key)
            old = below.get(key)
            if value is None:
                if old is None:
                    self._nothing_there(at, below)
                else:
                    del tree[key], inside[key]
            elif isinstance(value, Mapping) and not self.alone(at):
                if isinstance(old, list | tuple):
                    self._over_a_list(at)
                    continue
                lower = old if isinstance(old, Mapping) else {}
                tree[key], origins = self.mappings(lower, value, at)
                inside[key] = _Origin(self.over, origins)
            else:
                tree[key], inside[key] = value, _Origin(self.over)
        return {key: tree[key] for key in _order(below, above) if key in tree}, inside

    def _nothing_there(self, at: Path, below: Mapping[str, Tree]) -> None:
        key = str(at[-1])
        near = nearest(key, [each for each in below if below[each] is not None])
        ko = f"'{key}'을(를) 뺄 수 없습니다: {self.base.name}에 없습니다"
        en = f"there is no '{key}' to take away: {self.base.name} has none"
        ko, en = did_you_mean(ko, en, near)
        self._wrong(at, "nothing_to_take_away", key, ko, en)

    def _over_a_list(self, at: Path) -> None:
        key = str(at[-1])
        self._wrong(
            at,
            "mapping_over_list",
            key,
            f"{self.base.name}의 '{key}'은(는) 목록이어서 항목별로 고칠 수 없습니다. "
            "목록 전체를 '- '로 다시 적으십시오",
            f"'{key}' is a list in {self.base.name} and does not merge by key; write the whole "
            "list ('- …')",
        )

    def _wrong(self, at: Path, code: str, value: str, ko: str, en: str) -> None:
        line, column = self.over.key_place(at)
        self.problems.append(
            Problem(
                code=code,
                file=self.over.file(at),
                line=line,
                column=column,
                path=path_text(at),
                value=value[:60],
                ko=ko,
                en=en,
            )
        )


Source = Document | Renamed | Merged
"""What was read: a file, or one laid over another."""


def _order(below: Mapping[str, Tree], above: Mapping[str, Tree]) -> list[str]:
    """Return all keys: the base's in its own order, but what the upper file names in the order in
    which it names it. A key that is new there, or stands further down in the base, comes right
    behind the one before it; a new first one comes last of all."""
    position = {key: n for n, key in enumerate(below)}
    behind: dict[str | None, list[str]] = {}
    moved = set()
    anchor: str | None = None
    for key, value in above.items():
        if value is None:
            continue
        if key in position and (anchor is None or position[key] > position[anchor]):
            anchor = key
            continue
        behind.setdefault(anchor, []).append(key)
        moved.add(key)
    ordered: list[str] = []
    for key in below:
        if key not in moved:
            ordered += (key, *behind.get(key, ()))
    return ordered + behind.get(None, [])
