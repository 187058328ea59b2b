"""The lifecycle that a migration offers, checked with what is installed."""

from __future__ import annotations

from evalflow.decision.actions import ACTIONS
from evalflow.engine.rules import Rules
from evalflow.lifecycle.definition import Lifecycle, Vocabulary
from evalflow.model.canonical import Tree


class Offered:
    """The lifecycle that a migration offers, read once for all projects of a batch."""

    def __init__(self, rules: Rules) -> None:
        """Check it with the guards and actions that are installed."""
        self._rules = rules
        specs = rules.plugins.guard_specs
        self._vocabulary = Vocabulary(guards=specs, actions=frozenset(ACTIONS))
        self._read: tuple[Tree, Lifecycle] | None = None

    def lifecycle(self, tree: Tree) -> Lifecycle:
        """Return the lifecycle in the data of a migration, checked whole."""
        read = self._read
        if read is None or read[0] is not tree:
            from evalflow.lifecycle.load import lifecycle_from_tree

            new = self._rules.offer(lifecycle_from_tree(tree, self._vocabulary))
            read = self._read = tree, new
        return read[1]
