"""What the rules of one store are remembered by, between one question and the next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar

import attrs

from evalflow.decision.situation import Needs
from evalflow.lifecycle.definition import Lifecycle
from evalflow.model import ProjectDefinition
from evalflow.model.values import define, frozen

_MOST = 20_000  # definitions kept in memory; an idle project costs none

Terms = TypeVar("Terms")


@frozen
class EventRules(Generic[Terms]):
    """What a plan's revision and a lifecycle say of an event, alike for each of its firings."""

    terms: Terms
    lifecycle: Lifecycle
    needs: Needs


@define
class Remembered(Generic[Terms]):
    """What was read of plans, lifecycles and definitions. Safe for several threads: each key has
    one value, whoever reads it first.

    `seals` are there where it was read in a host's transaction: the hash of the last entry of each
    plan's history under which all of that plan was read. `defined` are the projects of which some
    definition is known.
    """

    terms: dict[tuple[str, int], Terms] = attrs.Factory(dict)
    lifecycles: dict[str, Lifecycle] = attrs.Factory(dict)
    definitions: dict[tuple[str, int], ProjectDefinition] = attrs.Factory(dict)
    event_rules: dict[tuple[str, int, str, str], EventRules[Terms]] = attrs.Factory(dict)
    defined: set[str] = attrs.Factory(set)
    abouts: dict[str, tuple[str, Mapping[str, tuple[str, ...]]]] = attrs.Factory(dict)
    sealed: set[tuple[str, str]] = attrs.Factory(set)
    seals: dict[str, str] = attrs.Factory(dict)

    def define(self, project: str, revision: int, definition: ProjectDefinition) -> None:
        """Remember a project as a plan revision has it."""
        if len(self.definitions) >= _MOST:
            self.definitions.clear()
            self.defined.clear()
        self.definitions[project, revision] = definition
        self.defined.add(project)

    def forget(self, plan: str) -> None:
        """Forget all of one plan."""
        self.terms = {key: each for key, each in self.terms.items() if key[0] != plan}
        self.event_rules = {k: each for k, each in self.event_rules.items() if k[0] != plan}
        self.sealed = {key for key in self.sealed if key[0] != plan}
        self.definitions = {
            key: each for key, each in self.definitions.items() if key[0].rpartition("/")[0] != plan
        }
        self.defined = {project for project, _ in self.definitions}
