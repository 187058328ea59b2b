"""A host's own directory: who holds which role where, by its user tables or its groups.

It is asked before a decision is made, once, about one plan and one day. What it answers is checked
whole and taken as a value; where it fails, or answers what cannot be, nothing is decided.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any, Protocol, runtime_checkable

from evalflow.errors import DirectoryError, InvalidInput, invalid
from evalflow.model import Grant, PlanHead, ids
from evalflow.model.directory import Said
from evalflow.plugins.loading import is_ours, kind_of, said

_MOST = 10  # things wrong with one answer that are told


@runtime_checkable
class HostDirectory(Protocol):
    """What a host implements to say who holds what; see docs/howto/directory.md.

    It says who somebody is in the office. What a role may do is the lifecycle's to say, and what
    bars somebody is, too. It is called from the threads that fire, so several may ask at a time.
    """

    def people(self, plan: PlanHead, day: dt.date) -> Mapping[str, Iterable[Grant]]:
        """Return, by opaque actor id, who holds which role in which unit of the plan.

        `plan.units` are the units there are and `day` is the day in the plan's zone that is asked
        about. Grants that are over, or begin later, may be among them, with their days: refusals
        then say since when or until when, and what somebody signed still counts as signed in that
        role. An appointment to act for another is a grant with `on_behalf_of` and a reason.
        """
        ...


def asked(
    host: HostDirectory, plan: PlanHead, day: dt.date, kinds: Mapping[str, str] | None = None
) -> Said:
    """Return what the host's directory says of the plan's people on a day, checked. `kinds` says of
    roles in what kind of unit each is held; others give nobody a right here.

    Raises:
        DirectoryError: it failed, or its answer cannot be: all that is wrong with it.
    """
    name = kind_of(host)
    try:
        answer = host.people(plan, day)
        found = dict(_taken(answer))
    except DirectoryError:
        raise
    except BaseException as error:
        if is_ours(error):
            raise
        text = said(error)
        raise DirectoryError(name, f"people(): {text}", ko=f"people(): {text}") from error
    if wrong := list(_wrong(found, plan, kinds or {})):
        ko, en = (
            "; ".join(texts[:_MOST]) + ("; …" if len(texts) > _MOST else "")
            for texts in zip(*wrong, strict=True)
        )
        raise DirectoryError(name, en, ko=ko)
    return {ids.normal(each): held for each, held in found.items()}


def _taken(answer: Any) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    if not isinstance(answer, Mapping):
        raise TypeError(f"answered {kind_of(answer)}, not a mapping of ids to grants")
    for name, held in answer.items():
        if isinstance(held, str | bytes | Grant) or not isinstance(held, Iterable):
            raise TypeError(f"{name!a:.60}: answered {kind_of(held)}, not a list of grants")
        yield name, tuple(held)


def _wrong(
    found: Mapping[Any, tuple[Any, ...]], plan: PlanHead, kinds: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Yield what cannot be, in Korean and in English."""
    known = {ids.looks(name): name for name in plan.directory}
    for name, held in found.items():
        problem = ids.fault(name, "people")
        if problem is None:
            mine = ids.normal(name)
            other = known.setdefault(ids.looks(mine), mine)
            problem = None if other == mine else ids.taken_for(mine, other, "people")
        if problem is not None:
            yield problem.text("ko"), problem.text("en")
            continue
        for grant in held:
            for ko, en in _wrong_grant(grant, plan, kinds):
                yield f"'{name}': {ko}", f"'{name}': {en}"


def _wrong_grant(grant: Any, plan: PlanHead, kinds: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if not isinstance(grant, Grant):
        kind = kind_of(grant)
        yield f"역할(Grant)이 아니라 {kind}입니다", f"a {kind}, not a Grant"
        return
    if not _is_word(grant.role):
        yield f"역할 {_shown(grant.role)}", f"the role is {_shown(grant.role)}"
    unit = plan.units.get(grant.unit) if _is_word(grant.unit) else None
    if unit is None:
        shown = _shown(grant.unit)
        yield f"계획 {plan.id}에 없는 부서 {shown}", f"{shown} is no unit of the plan {plan.id}"
    elif kinds.get(grant.role, unit.kind) != unit.kind:
        kind = kinds[grant.role]
        yield (
            f"역할 '{grant.role}'은(는) kind: {kind}인 부서에 둡니다 "
            f"('{unit.id}'은(는) {unit.kind})",
            f"the role '{grant.role}' is held in a unit of kind {kind} ('{unit.id}' is a "
            f"{unit.kind})",
        )
    days = grant.since, grant.until
    if any(day is not None and not _is_day(day) for day in days):
        shown = ", ".join(_shown(day) for day in days)
        yield f"날짜가 아닌 since·until: {shown}", f"since and until are no days: {shown}"
    elif grant.since is not None and grant.until is not None and grant.until < grant.since:
        yield (
            f"끝나는 날({grant.until})이 시작하는 날({grant.since})보다 앞섭니다",
            f"ends ({grant.until}) before it begins ({grant.since})",
        )
    for_whom = grant.on_behalf_of
    if for_whom is None:
        return
    if not _is_word(for_whom):
        yield f"대결의 원결재권자 {_shown(for_whom)}", f"acts for {_shown(for_whom)}"
    if not _is_word(grant.reason):
        yield "대결에 사유가 없습니다", "an appointment to act has no written reason"


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and ids.storable(value)


def _is_day(value: Any) -> bool:
    return isinstance(value, dt.date) and not isinstance(value, dt.datetime)


def _shown(value: Any) -> str:
    return ascii(value)[:60] if isinstance(value, str | int | dt.date) else kind_of(value)


NAMED_BY = "EVALFLOW_DIRECTORY"
"""The environment variable that names a directory, for programs to which no object can be given."""


def named(text: str) -> HostDirectory:
    """Return the directory that `package.module:name` means: an object, or what makes one.

    Raises:
        InvalidInput: there is no such thing, or it is no directory.
    """
    module, colon, name = text.strip().partition(":")
    if not (colon and module and name):
        ko = f"{NAMED_BY}은(는) '모듈:이름' 꼴이어야 합니다"
        raise _unusable(text, ko, f"{NAMED_BY} is module:name")
    try:
        found = getattr(import_module(module), name)
        made = found() if isinstance(found, type) or not hasattr(found, "people") else found
    except BaseException as error:
        if is_ours(error):
            raise
        why = said(error)
        ko = f"{NAMED_BY}이(가) 말하는 인사 시스템을 쓸 수 없습니다: {why}"
        raise _unusable(text, ko, f"what {NAMED_BY} names cannot be had: {why}") from error
    if not isinstance(made, HostDirectory):
        kind = kind_of(made)
        ko = f"{NAMED_BY}: {kind}에 people(plan, day)가 없습니다"
        raise _unusable(text, ko, f"{NAMED_BY}: {kind} has no method people(plan, day)")
    return made


def _unusable(text: str, ko: str, en: str) -> InvalidInput:
    return invalid("bad_directory", path=NAMED_BY, value=text[:60], ko=ko, en=en)
