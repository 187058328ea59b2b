"""What other people's code is shown: copies, so that nothing it does to them is done to the store,
to what is remembered of it, or to the decision in hand.

What lives long (plan heads, lifecycles, definitions) is copied once and the copy shown again; a
plugin that changes it changes what plugins see, and nothing else.
"""

from __future__ import annotations

import copy
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from evalflow.decision.firing import Draft, Firing
    from evalflow.model import Subject

_KEPT = 256  # copies of long-lived values that are kept

Value = TypeVar("Value")


class _Copies:
    """Copies by what they were made of."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: OrderedDict[int, tuple[Any, Any]] = OrderedDict()  # keeps the original alive

    def of(self, value: Value) -> Value:
        with self._lock:
            known = self._made.get(id(value))
            if known is not None:
                self._made.move_to_end(id(value))
                made: Value = known[1]
                return made
        made = copy.deepcopy(value)
        with self._lock:
            self._made[id(value)] = value, made
            if len(self._made) > _KEPT:
                self._made.popitem(last=False)
        return made


_copies = _Copies()


_LASTING = ("definition", "latest", "head", "lifecycle", "directory", "rules")
_THEMSELVES = ("calendar", "rate", "score")  # of no state, or the host's


def shown_firing(firing: Firing, draft: Draft) -> tuple[Firing, Draft]:
    """Return copies of both, which share what they shared before."""
    situation = getattr(firing, "situation", None)
    memo = _memo(firing) | _memo(situation)
    guards = getattr(situation, "guards", None)
    if guards is not None:
        memo[id(guards)] = {}  # a guard asks no other
    made: tuple[Firing, Draft] = copy.deepcopy((firing, draft), memo)
    return made


def shown_subject(subject: Subject) -> Subject:
    """Return a copy of what a scorer rates."""
    made: Subject = copy.deepcopy(subject, _memo(subject))
    return made


def _memo(value: object) -> dict[int, Any]:
    """Return what stands for parts of the value in a copy of it."""
    parts = [(name, getattr(value, name, None)) for name in (*_LASTING, *_THEMSELVES)]
    return {
        id(part): part if name in _THEMSELVES else _copies.of(part)
        for name, part in parts
        if part is not None and not getattr(part, "hosted", False)  # of one moment: copied anew
    }
