"""From YAML to a `Lifecycle`, checked whole: every problem at once, nothing half-loaded.

A definition names states, roles, guards and records; it never reaches an import path. What a
store holds comes back through `stored`.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from importlib import resources
from typing import Any

from evalflow.errors import InvalidInput, invalid, nearest
from evalflow.files.reader import Reader
from evalflow.files.yaml import read
from evalflow.lifecycle.builder import Builder
from evalflow.lifecycle.definition import Lifecycle, Vocabulary
from evalflow.model.canonical import Tree


def presets() -> tuple[str, ...]:
    """Return the names of the lifecycles that come with evalflow."""
    names = [file.name for file in _presets().iterdir()]
    return tuple(sorted(n.removesuffix(".yaml") for n in names if n.endswith(".yaml")))


def preset_text(name: str) -> str:
    """Return the YAML text of the preset of this name, to be copied and changed.

    Raises:
        InvalidInput: there is no such preset.
    """
    known = presets()
    if name not in known:
        raise _no_preset(name, known)
    text: str = _presets().joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    return text


def load_lifecycle(source: str | os.PathLike[str], *, vocabulary: Vocabulary) -> Lifecycle:
    """Return the preset of this name, or the lifecycle in this YAML file.

    A bare word is a preset; what has a folder or the ending `.yaml` is a file, as is every
    `Path`. `vocabulary` holds the guards and records that it may name.

    Raises:
        InvalidInput: there is no such preset or file, or it has mistakes: all of them, each
            with file, line and column, what was expected, and the nearest right name.
    """
    if isinstance(source, str) and not _is_file(source):
        known = presets()
        if source not in known:
            raise _no_preset(source, known)
        preset = _presets().joinpath(f"{source}.yaml")
        document = read(preset.read_bytes(), name=f"{source}.yaml")
    else:
        document = read(source)
    return Builder(Reader(document), vocabulary, document).build()


def lifecycle_from_tree(tree: Tree, vocabulary: Vocabulary | None = None) -> Lifecycle:
    """Return the lifecycle that `tree` says, checked whole: `Lifecycle.tree`, or a YAML file's
    content. Without a vocabulary guards and records are taken as they are named.

    Raises:
        InvalidInput: the tree has mistakes; all of them.
    """
    return Builder(Reader(tree, stored=True), vocabulary, None).build()


def _presets() -> Any:
    return resources.files("evalflow.lifecycle").joinpath("presets")


def _is_file(source: str) -> bool:
    return source.endswith((".yaml", ".yml")) or "/" in source or os.sep in source


def _no_preset(name: str, known: Collection[str]) -> InvalidInput:
    listed, near = ", ".join(known), nearest(name, known)
    return invalid(
        "unknown_preset",
        value=name,
        ko=f"기본 제공 절차 '{name}'이(가) 없습니다 (있는 것: {listed}; 파일은 .yaml로 끝나야 함)"
        + (f"; '{near}'이(가) 아닙니까?" if near else ""),
        en=f"no preset lifecycle '{name}' (there are: {listed}; a file ends in .yaml)"
        + (f"; did you mean '{near}'?" if near else ""),
    )
