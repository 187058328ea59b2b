"""Due rules as a lifecycle's events and a plan's calendar write them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from evalflow.files import stored
from evalflow.files.reader import Part
from evalflow.model import DueRule

DUE_KINDS: Mapping[str, tuple[int, int]] = {
    "day": (1, 31),
    "days_after_period": (0, 3660),
    "months_after_period": (0, 120),
    "days_after": (0, 3660),
    "date": (0, 0),
}
"""Kind of due rule -> the least and the most that its number may be."""

_MONTH_DAY = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")


def read_due(part: Part, key: str, events: Collection[str]) -> DueRule | None:
    """Return the due rule at `key`; None where there is none, or what is wrong is noted.

    Its forms: `{day: n}`, `{days_after_period: n}`, `{months_after_period: n}`,
    `{days_after: event, days: n}`, `{date: 02-19}` and `{date: 2016-02-19}`.
    """
    rule = part.part(key, required=False, listed=False)
    if not isinstance(part.tree.get(key), Mapping):
        return None
    kinds = [kind for kind in DUE_KINDS if kind in rule]
    if len(kinds) != 1:
        known = ", ".join(DUE_KINDS)
        rule.wrong(
            None,
            "bad_due_rule",
            f"기한은 다음 가운데 하나로 적습니다: {known}",
            f"a due date is given by just one of {known}",
        )
        return None
    return _due(rule, kinds[0], events)


def _due(part: Part, kind: str, events: Collection[str]) -> DueRule:
    part.only({kind, "days"} if kind == "days_after" else {kind})
    if kind == "days_after":
        after = part.known("days_after", ("절차", "event"), events)
        return DueRule(kind=kind, event=after, n=part.whole("days", least=0, most=3660))
    if kind != "date":
        least, most = DUE_KINDS[kind]
        return DueRule(kind=kind, n=part.whole(kind, least=least, most=most))
    text = part.text("date")
    if _MONTH_DAY.fullmatch(text):
        return DueRule(kind=kind, month_day=text)
    return DueRule(kind=kind, date=part.date("date"))


def stored_due(tree: stored.Inside, key: str) -> DueRule | None:
    """Return the due rule at `key` of a stored tree, or None where there is none.

    Raises:
        Damaged: it is none of those that `read_due` knows.
    """
    if tree.get(key) is None:
        return None
    rule = stored.mapping(tree, key)
    with stored.below(key):
        kind = next((kind for kind in DUE_KINDS if rule.get(kind) is not None), None)
        if kind is None:
            raise stored.Damaged(None, "기한이 아닙니다", "no due date")
        stored.only(rule, {kind, "days"} if kind == "days_after" else {kind})
        if kind == "days_after":
            return DueRule(
                kind=kind, event=stored.text(rule, "days_after"), n=stored.whole(rule, "days")
            )
        if kind != "date":
            return DueRule(kind=kind, n=stored.whole(rule, kind))
        text = stored.text(rule, "date")
        if _MONTH_DAY.fullmatch(text):
            return DueRule(kind=kind, month_day=text)
        return DueRule(kind=kind, date=stored.day(rule, "date"))
