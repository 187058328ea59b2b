"""Lists by the page: in what order, from where, how many."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from evalflow.errors import NotFound, did_you_mean, invalid, nearest
from evalflow.model import Outgoing, Project
from evalflow.model.commits import order_of
from evalflow.model.ids import folded
from evalflow.model.values import frozen

if TYPE_CHECKING:
    from evalflow.decision.deadlines import Due

_Listed = TypeVar("_Listed", Project, "Due")

ORDERS: Mapping[str, Callable[[Project], Any]] = {
    "title": lambda project: folded(project.label.ko),
    "unit": lambda project: project.unit,
    "state": lambda project: project.states,
    "period": lambda project: project.period,
    "changed": lambda project: project.version,
}
"""In what orders projects may be listed, beside that of plan and number."""

DUE_ORDERS: Mapping[str, Callable[[Due], Any]] = {
    "unit": lambda due: due.unit,
    "event": lambda due: due.event,
    "period": lambda due: due.period,
    "project": lambda due: order_of(due.projects[0]),
}
"""In what orders dues may be listed, beside the most urgent first."""


def urgency(due: Due) -> tuple[Any, ...]:
    """Return where a due stands among others: by its day, and a day's in the order of their
    projects, as every list has them; a unit's common steps after its projects' own."""
    return _urgency(due.due, due.projects[0], together=due.together)


def _urgency(day: dt.date, project: str, *, together: bool) -> tuple[Any, ...]:
    plan, *place = order_of(project)
    return day, plan, together, place


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


def check_page(after: int, limit: int | None) -> None:
    """Raise where a page of a numbered list is none.

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


def page_of(count: int, after: int, limit: int | None, *, newest: bool) -> tuple[int, int]:
    """Return the page of a list numbered from 1 to `count`, as the number before its first one and
    that of its last: behind `after`, or with `newest` before it (0: from the newest on).

    Raises:
        InvalidInput: as `check_page`.
    """
    check_page(after, limit)
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
    return iter(_page(_sorted(projects, order, ORDERS), "project", after, limit))


@frozen
class DuePage:
    """A page of what is due: `dues`; the `count` of everything; and `next`, the value of `after`
    for the next page, None on the last one."""

    dues: tuple[Due, ...]
    count: int
    next: str | None


def page_of_dues(
    dues: Collection[Due], order: str | None, after: str | None, limit: int | None
) -> DuePage:
    """Return dues, the most urgent first, or in one of `DUE_ORDERS`, with `-` before it the other
    way round: those behind the one whose `id` is `after`, at most `limit`. By urgency a page goes
    on where that one stood, also if it was done meanwhile.

    Raises:
        InvalidInput: `unknown_order`, `bad_limit`, `bad_after`: it is no due's id.
        NotFound: there is an order, and the due `after` is none of them.
    """
    check_limit(limit)
    if order is not None:
        found = _page(_sorted(dues, order, DUE_ORDERS), "due", after, None)
    else:
        found = sorted(dues, key=urgency)
        if after is not None:
            place = _place_of(after)
            begin = next((behind for behind, due in enumerate(found, 1) if due.id == after), None)
            if begin is None:
                begin = sum(urgency(due) < place for due in found)
            found = found[begin:]
    shown = tuple(found[:limit])
    return DuePage(shown, len(dues), shown[-1].id if len(found) > len(shown) else None)


def _place_of(said: str) -> tuple[Any, ...]:
    """Return where the due of this id (`Due.id`) stands, or stood.

    Raises:
        InvalidInput: `bad_after`.
    """
    day, _, rest = said.partition("/")
    kind, _, project = rest.rpartition("/")[0].partition("/")
    try:
        if kind not in ("unit", "project") or "/" not in project:
            raise ValueError
        return _urgency(dt.date.fromisoformat(day), project, together=kind == "unit")
    except ValueError:
        raise invalid(
            "bad_after",
            path="after",
            value=said[:60],
            ko=f"after는 앞 쪽 마지막 기한의 id입니다: {said[:60]}",
            en=f"`after` is the id of the last due of the page before, got {said[:60]}",
        ) from None


def about(sent: Outgoing, words: Sequence[str]) -> bool:
    """Say whether these words (folded) all stand in a notice: in its project's id, its subject, or
    whom it is for."""
    notice = sent.notice
    said = (notice.project, notice.subject.ko, notice.subject.en, notice.recipient, notice.name)
    text = folded(" ".join(said))
    return all(word in text for word in words)


def _sorted(
    found: Iterable[_Listed], order: str, orders: Mapping[str, Callable[[_Listed], Any]]
) -> list[_Listed]:
    name = str(order).removeprefix("-")
    if name not in orders:
        known = ", ".join(orders)
        ko, en = did_you_mean(
            f"정렬 순서 '{order}'이(가) 없습니다 (있는 것: {known}, 거꾸로는 '-{name}'처럼)",
            f"no order '{order}' (there are: {known}; the other way round with '-' before it)",
            nearest(name, orders),
        )
        raise invalid("unknown_order", path="order", value=str(order), ko=ko, en=en)
    return sorted(found, key=orders[name], reverse=order.startswith("-"))


def _page(found: list[_Listed], kind: str, after: str | None, limit: int | None) -> list[_Listed]:
    check_limit(limit)
    begin = 0
    if after is not None:
        ids = [each.id for each in found]
        if after not in ids:
            raise NotFound(kind, after, ids)
        begin = ids.index(after) + 1
    return found[begin : None if limit is None else begin + limit]
