"""Which plugins there are: given, installed, chosen; none of them is imported."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from evalflow.errors import did_you_mean, nearest
from evalflow.plugins.entry_points import EntryPoint, entry_points
from evalflow.plugins.hooks import GROUP
from evalflow.plugins.loading import BUILTIN, HOOKS, Found, Plugin, PluginProblem

CHOSEN_BY = "EVALFLOW_PLUGINS"
"""The environment variable that chooses installed plugins by name: `mail,grades`; empty: none."""


def find(
    plugins: Sequence[Any] | None, environ: Mapping[str, str]
) -> tuple[list[Found], list[PluginProblem]]:
    """Return plugins, of which none is imported yet, and what cannot be had.

    `plugins` lists plugin objects and names; None takes the installed ones, or those that
    the environment variable `EVALFLOW_PLUGINS` names.
    """
    found: list[Found] = []
    problems: list[PluginProblem] = []
    chosen = plugins
    if chosen is None and CHOSEN_BY in environ:
        chosen = [name.strip() for name in environ[CHOSEN_BY].split(",") if name.strip()]
    by_name = chosen is None or any(isinstance(each, str) for each in chosen)
    points = entry_points(GROUP) if by_name else ()
    if chosen is None:
        chosen = [point.name for point in points]
    taken: dict[EntryPoint, None] = {}
    names = {BUILTIN.name}
    for each in chosen:
        if isinstance(each, str):
            matching = _matching(each, points)
            taken.update(dict.fromkeys(matching))
            if not matching:
                problems.append(_not_installed(each, points))
        else:
            found.append(Found.of(_named(each, names), each))
    for point in taken:
        _choose(point, tuple(taken), found, problems)
    return found, problems


def _matching(name: str, points: Iterable[EntryPoint]) -> list[EntryPoint]:
    """Return the installed plugins of this name, or all of the distribution of this name."""
    own = [point for point in points if point.name == name]
    return own or [point for point in points if _plain(point.distribution) == _plain(name)]


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _choose(
    point: EntryPoint,
    chosen: Sequence[EntryPoint],
    found: list[Found],
    problems: list[PluginProblem],
) -> None:
    plugin = Plugin(name=point.name, distribution=point.distribution, version=point.version or None)
    rivals = [each for each in chosen if each.name == point.name and each != point]
    if rivals:
        named = ", ".join(f"{each.distribution} {each.version}" for each in rivals)
        problems.append(
            PluginProblem(
                plugin=plugin,
                code="duplicate_name",
                ko=f"같은 이름의 플러그인이 또 있습니다 ({named}). "
                f"{CHOSEN_BY}에 배포 패키지 이름을 적어 하나를 고르십시오.",
                en=f"another installed plugin has this name ({named}); "
                f"choose one by its distribution's name in {CHOSEN_BY}",
            )
        )
        return
    said_of = HOOKS.intersection(point.beside)
    found.append(Found(plugin, point.load, said_of or None))


def _not_installed(name: str, points: Sequence[EntryPoint]) -> PluginProblem:
    known = [point.name for point in points]
    listed = ", ".join(known) or "-"
    ko, en = did_you_mean("설치되어 있지 않습니다", "is not installed", nearest(name, known))
    return PluginProblem(
        plugin=Plugin(name=name),
        code="not_installed",
        ko=f"{ko} (설치됨: {listed})",
        en=f"{en} (installed: {listed})",
    )


def _named(answering: Any, names: set[str]) -> Plugin:
    """Return a name of its own for a plugin that was given as an object."""
    base = getattr(answering, "__name__", None) or type(answering).__name__
    name, count = base, 1
    while name in names:
        count += 1
        name = f"{base}#{count}"
    names.add(name)
    version = getattr(answering, "__version__", None)
    return Plugin(name=name, version=version if isinstance(version, str) else None)
