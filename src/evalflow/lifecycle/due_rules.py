"""Due rules as they are written: in a lifecycle, and in a plan that overrides one."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from evalflow.files.reader import Part
from evalflow.model import DueRule


def read_due(part: Part, key: str, events: Collection[str]) -> DueRule | None:
    """Return the due rule at `key`; None where there is none, or what is wrong is noted.

    Its forms: `{day: n}`, `{days_after_period: n}`, `{months_after_period: n}`,
    `{days_after: event, days: n}`, `{date: 02-19}` and `{date: 2016-02-19}`.
    """
    rule = part.part(key, required=False, listed=False)
    if not isinstance(part.tree.get(key), Mapping):
        return None
    kinds = [kind for kind in _DUE_KINDS if kind in rule]
    if len(kinds) != 1:
        known = ", ".join(_DUE_KINDS)
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
        least, most = _DUE_KINDS[kind]
        return DueRule(kind=kind, n=part.whole(kind, least=least, most=most))
    text = part.text("date")
    if _MONTH_DAY.fullmatch(text):
        return DueRule(kind=kind, month_day=text)
    return DueRule(kind=kind, date=part.date("date"))


_DUE_KINDS: Mapping[str, tuple[int, int]] = {
    "day": (1, 31),
    "days_after_period": (0, 3660),
    "months_after_period": (0, 120),
    "days_after": (0, 3660),
    "date": (0, 0),
}
_MONTH_DAY = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
