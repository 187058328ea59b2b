"""Where a project comes to stand when its lifecycle is exchanged for another version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evalflow.errors import Reason
from evalflow.lifecycle.definition import Lifecycle

_CLOSING = frozenset({"change_closed", "change_filed", "declaration"})


def carry(
    states: Sequence[str], old: Lifecycle, new: Lifecycle, mapping: Mapping[str, str]
) -> tuple[tuple[str, ...], tuple[Reason, ...]]:
    """Return the states in `new`, one for each region, and the reasons why there are none.

    `mapping` says where a state of `old` leads to; others keep their names. A region of `new`
    to which no state leads begins in its initial state. A region that `new` lacks altogether
    is left behind where it stands in its own initial state. Whatever else leads nowhere, or
    to a region that another state leads to, is stranded.
    """
    found: dict[str, str] = {}
    reasons: list[Reason] = []
    for region, state in zip(old.regions.values(), states, strict=True):
        target = mapping.get(state, state)
        there = new.states.get(target)
        label = old.states[state].label
        if there is None:
            gone = not any(mapping.get(each, each) in new.states for each in region.states)
            if not (gone and state == region.initial):
                reasons.append(_stranded(state, label.ko, label.en, new))
        elif there.region in found:
            reasons.append(
                Reason(
                    code="stranded",
                    ko=f"'{state}'와(과) '{found[there.region]}' 상태가 새 절차의 같은 영역으로 "
                    "갑니다.",
                    en=f"the states '{state}' and '{found[there.region]}' lead to the same region",
                    about=state,
                )
            )
        else:
            found[there.region] = target
    after = tuple(found.get(name, region.initial) for name, region in new.regions.items())
    return after, tuple(reasons)


def closes_changes(lifecycle: Lifecycle) -> bool:
    """Say whether a change that was requested can come to an end under this lifecycle."""
    return any(_CLOSING & set(event.actions) for event in lifecycle.events.values())


def _stranded(state: str, ko: str, en: str, new: Lifecycle) -> Reason:
    there = ", ".join(new.states)
    return Reason(
        code="stranded",
        ko=f"새 절차에 '{ko}'({state}) 상태가 없습니다. 어느 상태가 될지 정하십시오 "
        f"(가능: {there}).",
        en=f"the new lifecycle has no state '{en}' ({state}): say which it becomes "
        f"(there are: {there})",
        about=state,
    )
