"""Which plugins are installed: the entry points of one group, found without importing anything.

The standard library's `importlib.metadata` gives the same answer (a test compares them); merely
importing it takes longer than all of this, and an office may start `evalflow` for every command.
It is asked only where distributions may lie elsewhere than in folders on `sys.path`.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import attrs


@attrs.frozen(order=True)
class EntryPoint:
    """What a distribution says about one plugin of its own.

    Attributes:
        beside: the other groups in which it says the same of the same name.
    """

    distribution: str
    name: str
    version: str
    target: str
    beside: tuple[str, ...] = ()

    def load(self) -> Any:
        """Import and return what it points to; whatever that raises comes through.

        Raises:
            ValueError: the target is no `module` or `module:name`.
        """
        match = re.fullmatch(_TARGET, self.target)
        if match is None:
            raise ValueError(f"'{self.target}' is not of the form module:name")
        found: Any = importlib.import_module(match["module"])
        for name in (match["inside"] or "").split("."):
            found = getattr(found, name) if name else found
        return found


_TARGET = r"(?P<module>[\w.]+)\s*(:\s*(?P<inside>[\w.]+)\s*)?(\[[^]]*\]\s*)?"
_EGG = ".egg"
_FOLDERS = (".dist-info", ".egg-info")


def entry_points(group: str) -> tuple[EntryPoint, ...]:
    """Return the entry points of `group`, ordered by distribution and name.

    Of a distribution that is there twice, the first one on `sys.path` counts.
    """
    if _elsewhere():
        return _asked(group)
    marker = f"[{group}]".encode()
    found: list[EntryPoint] = []
    seen: set[str] = set()
    for place in sys.path:
        for folder in _distributions(place):
            name = _normal(_parts(folder)[0])
            if name in seen:
                continue
            seen.add(name)
            text = _text(os.path.join(folder, "entry_points.txt"))
            if text is not None and marker in text:
                found.extend(_read(folder, text.decode("utf-8", "replace"), group))
    return tuple(sorted(found))


def _parts(folder: str) -> list[str]:
    """Return name, version and the rest of `name-version-….dist-info`."""
    return os.path.basename(folder).rpartition(".")[0].split("-")


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name).lower()


def _elsewhere() -> bool:
    """Say whether a distribution may lie where no folder on `sys.path` shows it."""
    for finder in sys.meta_path:
        own = getattr(finder, "find_distributions", None)
        if own is not None and getattr(finder, "__name__", "") != "PathFinder":
            return True
    return any(place.endswith(_EGG) or os.path.isfile(place) for place in sys.path)


def _distributions(place: str) -> Iterator[str]:
    try:
        names = os.listdir(place or os.curdir)
    except OSError:
        return
    for name in names:
        if name.endswith(_FOLDERS):
            yield os.path.join(place, name)


def _text(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None


def _read(folder: str, text: str, group: str) -> Iterator[EntryPoint]:
    distribution, version = _identity(folder)
    lines: list[tuple[str, str, str]] = []
    section = ""
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line[0] in "#;":
            continue
        if line[0] == "[" and line[-1] == "]":
            section = line[1:-1].strip()
            continue
        name, equals, target = line.partition("=")
        if equals:
            lines.append((section, name.strip(), target.strip()))
    return _of_group(group, distribution, version, lines)


def _of_group(
    group: str, distribution: str, version: str, lines: Sequence[tuple[str, str, str]]
) -> Iterator[EntryPoint]:
    """Yield the entry points of `group` among a distribution's: group, name and target of each."""
    for section, *said in lines:
        if section == group:
            beside = {other for other, *same in lines if same == said and other != group}
            yield EntryPoint(distribution, said[0], version, said[1], tuple(sorted(beside)))


def _identity(folder: str) -> tuple[str, str]:
    """Return the name and the version that a distribution gives itself."""
    text = _text(os.path.join(folder, "METADATA")) or _text(os.path.join(folder, "PKG-INFO")) or b""
    said = {"name": "", "version": ""}
    for raw in text.decode("utf-8", "replace").splitlines():
        if not raw.strip():
            break
        key, _, value = raw.partition(":")
        if key.lower() in said:
            said[key.lower()] = said[key.lower()] or value.strip()
    name, *rest = _parts(folder)
    return said["name"] or name, said["version"] or (rest[0] if rest else "")


def _asked(group: str) -> tuple[EntryPoint, ...]:
    from importlib import metadata  # costs more than all plugins together

    found: list[EntryPoint] = []
    for point in metadata.entry_points(group=group):
        told = point.dist
        every = () if told is None else told.entry_points
        lines = [(each.group, each.name, each.value) for each in every]
        named = ("", "") if told is None else (told.name, told.version)
        own = (group, point.name, point.value)
        found.extend(_of_group(group, *named, [own, *[each for each in lines if each[0] != group]]))
    return tuple(sorted(found))
