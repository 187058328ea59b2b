"""Lists by the page: in what order, from where, how many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from evalflow.errors import NotFound, did_you_mean, invalid, nearest
from evalflow.model import Project
from evalflow.model.ids import folded

ORDERS: Mapping[str, Callable[[Project], Any]] = {
    "title": lambda project: folded(project.label.ko),
    "unit": lambda project: project.unit,
    "state": lambda project: project.states,
    "period": lambda project: project.period,
    "changed": lambda project: project.version,
}
"""In what orders projects may be listed, beside that of plan and number."""


def check_limit(limit: int | None) -> None:
    """Raise where a limit is none.

    Raises:
        InvalidInput: `bad_limit`.
    """
    if limit is not None and (type(limit) is not int or limit < 1):
        raise invalid(
            "bad_limit",
            path="limit",
            value=str(limit),
            ko=f"건수 제한은 1 이상의 정수입니다: {limit}",
            en=f"a limit is a whole number from 1, got {limit}",
        )


def page_of(count: int, after: int, limit: int | None, *, newest: bool) -> tuple[int, int]:
    """Return the page of a list numbered from 1 to `count`, as the number before its first one and
    that of its last: behind `after`, or with `newest` before it (0: from the newest on).

    Raises:
        InvalidInput: `after` is no number from 0 on, or `limit` none from 1 on.
    """
    check_limit(limit)
    if type(after) is not int or after < 0:
        raise invalid(
            "bad_after",
            path="after",
            value=str(after)[:60],
            ko=f"after는 이력 번호(0 이상의 정수)입니다: {after}",
            en=f"`after` is the number of an entry, a whole number from 0, got {after}",
        )
    if newest:
        last = min(count, after - 1) if after else count
        return (0 if limit is None else max(last - limit, 0)), max(last, 0)
    return min(after, count), count if limit is None else min(count, after + limit)


def ordered(
    projects: Iterable[Project], order: str, after: str | None, limit: int | None
) -> Iterator[Project]:
    """Return the projects in one of `ORDERS`, with `-` before it the other way round: those behind
    the project `after`, at most `limit`.

    Raises:
        InvalidInput: `unknown_order`, `bad_limit`.
        NotFound: the project `after` is none of them.
    """
    name = str(order).removeprefix("-")
    if name not in ORDERS:
        known = ", ".join(ORDERS)
        ko, en = did_you_mean(
            f"정렬 순서 '{order}'이(가) 없습니다 (있는 것: {known}, 거꾸로는 '-{name}'처럼)",
            f"no order '{order}' (there are: {known}; the other way round with '-' before it)",
            nearest(name, ORDERS),
        )
        raise invalid("unknown_order", path="order", value=str(order), ko=ko, en=en)
    check_limit(limit)
    found = sorted(projects, key=ORDERS[name], reverse=order.startswith("-"))
    begin = 0
    if after is not None:
        ids = [each.id for each in found]
        if after not in ids:
            raise NotFound("project", after, ids)
        begin = ids.index(after) + 1
    return iter(found[begin : None if limit is None else begin + limit])
