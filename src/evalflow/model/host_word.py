"""What a host's own directory said, as entries keep it: who held what, with its days.

An entry keeps what the decision heard of it and nothing more. It stands in the entry's data, so the
hash covers it; an entry that rests on the plan alone has none.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from evalflow.model.canonical import Tree
from evalflow.model.directory import Said
from evalflow.model.units import Grant

HOST_SAID = "host_said"
"""What an entry's data call what the host's directory said of those who count in it."""

_OPTIONAL = frozenset({"since", "until", "for", "reason"})


def with_host(data: Tree, said: Said) -> Tree:
    """Return an entry's data with what the host's directory said; as they are where it was not
    heard."""
    return {**data, HOST_SAID: _tree(said)} if said else data


def host_said(data: Tree) -> Said | None:
    """Return what an entry's data record about the host's directory, None if it was not used.

    Raises:
        KeyError, TypeError, ValueError: it has not the form in which it is kept.
    """
    if not isinstance(data, dict) or HOST_SAID not in data:
        return None
    return {name: tuple([_grant(each) for each in held]) for name, held in data[HOST_SAID].items()}


def without_host(data: Tree) -> Tree:
    """Return an entry's data without what the host's directory said."""
    return {name: value for name, value in data.items() if name != HOST_SAID}


def _tree(said: Said) -> dict[str, Tree]:
    return {name: [_grant_tree(each) for each in held] for name, held in said.items()}


def _grant_tree(grant: Grant) -> dict[str, Tree]:
    found: dict[str, Tree] = {"role": grant.role, "unit": grant.unit}
    days = {"since": grant.since, "until": grant.until}
    found |= {name: day.isoformat() for name, day in days.items() if day is not None}
    words = {"for": grant.on_behalf_of, "reason": grant.reason}
    return found | {name: word for name, word in words.items() if word is not None}


def _grant(tree: Any) -> Grant:
    if beside := tree.keys() - {"role", "unit"} - _OPTIONAL:
        raise ValueError(f"{HOST_SAID}: {', '.join(sorted(beside))}")
    if not all(isinstance(value, str) for value in tree.values()):
        raise TypeError(f"{HOST_SAID}: expected text")
    return Grant(
        role=tree["role"],
        unit=tree["unit"],
        since=_day(tree, "since"),
        until=_day(tree, "until"),
        on_behalf_of=tree.get("for"),
        reason=tree.get("reason"),
    )


def _day(tree: dict[str, str], name: str) -> dt.date | None:
    return dt.date.fromisoformat(tree[name]) if name in tree else None
