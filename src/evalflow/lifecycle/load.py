"""From YAML to a `Lifecycle`, checked whole: every problem at once, nothing half-loaded.

A definition names states, roles, guards and actions; it never reaches an import path. What a
store holds comes back through `stored`.
"""

from __future__ import annotations

import os
from functools import cache

import attrs

from evalflow.files.reader import Reader
from evalflow.lifecycle.builder import Builder
from evalflow.lifecycle.definition import Lifecycle, Vocabulary
from evalflow.lifecycle.order import with_actions
from evalflow.lifecycle.sources import earlier_presets, open_source, presets
from evalflow.model.canonical import Tree, canonical


def load_lifecycle(source: str | os.PathLike[str], *, vocabulary: Vocabulary) -> Lifecycle:
    """Return the preset of this name, or the lifecycle in this YAML file.

    A bare word is a preset; what has a folder or the ending `.yaml` is a file, as is every
    `Path`. `vocabulary` holds the guards and actions that it may name.

    Raises:
        InvalidInput: there is no such preset or file, or it has mistakes: all of them, each
            with file, line and column, what was expected, and the nearest right name.
    """
    opened = open_source(source)
    reading = Reader(opened.source)
    reading.problems.extend(opened.problems)
    lifecycle = Builder(reading, vocabulary, opened.source).build()
    return attrs.evolve(lifecycle, notes=opened.notes) if opened.notes else lifecycle


def lifecycle_from_tree(tree: Tree, vocabulary: Vocabulary | None = None) -> Lifecycle:
    """Return the lifecycle that `tree` says, checked whole: `Lifecycle.tree`, or a YAML file's
    content. Without a vocabulary guards and actions are taken as they are named.

    Raises:
        InvalidInput: the tree has mistakes; all of them.
    """
    return Builder(Reader(with_actions(tree)[0], stored=True), vocabulary, None).build()


def is_shipped(lifecycle: Lifecycle) -> bool:
    """Say whether the lifecycle comes with evalflow, word for word: one of the presets, or of their
    earlier versions."""
    name = f"{lifecycle.name}/{lifecycle.version}"
    known = lifecycle.name in presets() or name in earlier_presets()
    return known and canonical(lifecycle.tree) in _shipped(lifecycle.name)


@cache
def _shipped(name: str) -> frozenset[str]:
    names = [each for each in presets() if each == name]
    names += [each for each in earlier_presets() if each.rpartition("/")[0] == name]
    opened = [open_source(each).source for each in names]
    return frozenset(
        canonical(Builder(Reader(source), None, source).build().tree) for source in opened
    )
