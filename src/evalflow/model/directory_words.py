"""Why somebody may not act, in sentences; `evalflow.model.directory` says that it is so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from evalflow.model import Grant, Label
from evalflow.model.calendar import day_text

_SHOWN = 5
"""How many actors a sentence names; `Reason.who` names them all."""


def role_names(roles: Iterable[str], names: Mapping[str, Label]) -> Label:
    """Return the roles as people call them."""
    labels = [names.get(role) or Label(role, role) for role in roles]
    return Label(", ".join(r.ko for r in labels), " or ".join(r.en for r in labels))


def who_could(roles: Iterable[str], names: Mapping[str, Label], who: Sequence[str]) -> Label:
    """Return who could act, in a sentence; `who` are those who hold the roles."""
    role = role_names(roles, names)
    if not who:
        return Label(
            f"해당 일자에 '{role.ko}' 권한을 가진 담당자가 없습니다.",
            f"Nobody holds the role '{role.en}' here on that day.",
        )
    return Label(
        f"할 수 있는 사람: {role.ko}({listed(who, '명', 'ko')}).",
        f"Who could: {role.en} ({listed(who, '', 'en')}).",
    )


def listed(names: Sequence[str], counter: str, lang: str) -> str:
    """Return the first names, and how many more there are, counted by `counter`."""
    shown, more = ", ".join(names[:_SHOWN]), len(names) - _SHOWN
    if more <= 0:
        return shown
    return f"{shown} 외 {more}{counter}" if lang == "ko" else f"{shown} and {more} more"


def nearest_in_time(grants: Sequence[Grant], day: dt.date) -> Grant:
    """Return the grant that comes next, or else the one that ended last."""
    coming = [g for g in grants if g.since is not None and g.since > day]
    if coming:
        return min(coming, key=lambda g: g.since or dt.date.max)
    return max(grants, key=lambda g: g.until or dt.date.min)


def not_in_force(
    actor_id: str, grant: Grant, since: dt.date | None, names: Mapping[str, Label]
) -> Label:
    """Return that a role has ended, or begins on `since`."""
    role = role_names((grant.role,), names)
    if since is not None:
        return Label(
            f"'{actor_id}'의 '{role.ko}' 역할은 {day_text(since, 'ko')}부터입니다.",
            f"'{actor_id}' holds the role '{role.en}' only from {since}.",
        )
    assert grant.until is not None  # it is not in force, and has begun
    return Label(
        f"'{actor_id}'의 '{role.ko}' 역할은 {day_text(grant.until, 'ko')}에 끝났습니다.",
        f"'{actor_id}' held the role '{role.en}' until {grant.until}.",
    )


def void_text(actor_id: str, grant: Grant, flaw: str, names: Mapping[str, Label]) -> Label:
    """Return why an acting appointment lends nothing (`flaw`)."""
    if flaw == "own":
        return Label(
            f"'{actor_id}' 본인을 대결자로 지정할 수 없습니다.",
            f"'{actor_id}' cannot act for themselves.",
        )
    if flaw == "reason":
        return Label(
            f"'{actor_id}'의 대결에 사유가 적혀 있지 않습니다.",
            f"The acting appointment of '{actor_id}' has no written reason.",
        )
    role = role_names((grant.role,), names)
    return Label(
        f"'{actor_id}'의 대결: 원결재권자 '{grant.on_behalf_of}'은(는) 해당 일자에 이 "
        f"부서의 '{role.ko}' 권한이 없습니다.",
        f"'{actor_id}' acts for '{grant.on_behalf_of}', who does not hold the role '{role.en}' "
        "here on that day.",
    )
