"""Which figures were corrected after they had been fixed (G6), by a project's entries. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from evalflow.lifecycle.definition import Lifecycle
from evalflow.model import Entry, Rating
from evalflow.model.values import frozen


@frozen(kw_only=True)
class Correction:
    """An actual that was corrected after it had been fixed (G6): the text before and after."""

    period: str
    indicator: str
    before: str
    after: str
    reason: str
    on: dt.date


def corrections(
    history: Iterable[Entry], lifecycle: Lifecycle, zone: dt.tzinfo, upto: Collection[str]
) -> Iterator[Correction]:
    """Yield what a project's entries corrected in the periods `upto`: by an entry that puts an
    earlier period right, or by evaluating a fixed period anew. `zone` is the office's."""
    fixed = {name for name, state in lifecycle.states.items() if state.fixed}
    rated: dict[str, dict[str, str]] = {}  # period -> indicator -> figure that counted last
    opened: dict[str, tuple[str, dict[str, str]]] = {}
    for entry in history:
        event = lifecycle.events.get(entry.event)
        day = entry.at.astimezone(zone).date()
        if event is not None and "correction" in event.actions:
            types = {field.type: field.name for field in event.data}
            period = str(entry.data.get(types.get("period", ""), ""))
            counted = rated.get(period, {})
            given = entry.data.get(types.get("figures", "")) or {}
            right = {name: _figure(tree) for name, tree in given.items()}
            for name, after in right.items():
                if period in upto and after != counted.get(name):
                    yield Correction(
                        period=period,
                        indicator=name,
                        before=counted.get(name, "-"),
                        after=after,
                        reason=entry.reason or "",
                        on=day,
                    )
            rated[period] = {**counted, **right}
        again = fixed & set(entry.before) and not fixed & set(entry.after)
        if again and entry.period_after == entry.period:
            opened[entry.period] = (entry.reason or "", rated.get(entry.period, {}))
        if entry.rating is None:
            continue
        rating = Rating.from_tree(entry.rating)
        now = {line.indicator: str(line.figure) for line in rating.lines if line.figure is not None}
        reason, before = opened.get(entry.evaluated, ("", {}))
        if entry.evaluated in upto and event is not None and "self_rating" in event.actions:
            for name, after in now.items():
                if name in before and before[name] != after:
                    yield Correction(
                        period=entry.evaluated,
                        indicator=name,
                        before=before[name],
                        after=after,
                        reason=reason,
                        on=day,
                    )
        rated[entry.evaluated] = now


def _figure(tree: Any) -> str:
    """Return a figure of an entry as text; what is provisional without its mark."""
    if isinstance(tree, Mapping):
        return str(tree["provisional"]) if "provisional" in tree else "시기미도래"
    return str(tree)
