"""The units of a plan, and who acts in them: from a plan file to values, every problem noted."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection, Iterator, Mapping

from evalflow.files.notes import Note
from evalflow.files.reader import Part
from evalflow.lifecycle.definition import Lifecycle, Role
from evalflow.model import Grant, PlanHead, Renaming, Unit
from evalflow.plan import keys
from evalflow.plan.order import sort_parts
from evalflow.plan.parts import named_parts

DEEPEST = 50
"""Levels that an organisation may have: everything that asks who stands above walks them."""

_HANGUL_NAME = re.compile("[가-힣]{2,4}")
_TITLES = frozenset(
    {
        "구청장",
        "부구청장",
        "시장",
        "부시장",
        "군수",
        "부군수",
        "국장",
        "소장",
        "실장",
        "단장",
        "과장",
    }
    | {"팀장", "동장", "청장", "주무관", "담당", "담당자", "서무", "시계"}
)
"""Ids that are an office, and nobody's name; so are a lifecycle's roles, and the plan's units."""


# --------------------------------------------------------------------------- units


def read_units(top: Part, lifecycle: Lifecycle | None) -> dict[str, Unit]:
    """Return the units by id in the order of the plan; with a lifecycle, only kinds that it or
    every plan knows."""
    kinds: Collection[str] | None = None
    if lifecycle is not None:
        named = (role.at for role in lifecycle.roles.values())
        together = (e.together for e in lifecycle.events.values() if e.together)
        kinds = tuple(dict.fromkeys((*keys.UNIT_KINDS, *named, *together)))
    units: dict[str, Unit] = {}
    parts: dict[str, Part] = {}
    for unit_id, part in named_parts(top, "units", required=True):
        part.only(keys.UNIT)
        since, until = _span(part)
        parts[unit_id] = part
        units[unit_id] = Unit(
            id=unit_id,
            kind=part.name("kind") if kinds is None else part.choice("kind", kinds),
            label=part.label(english=False),
            parent=part.text("parent", None),
            since=since,
            until=until,
            renamed=tuple(sorted(_renamings(part), key=lambda renaming: renaming.on)),
        )
    _check_parents(units, parts)
    return sort_parts(top, "units", units)


def _renamings(part: Part) -> Iterator[Renaming]:
    for _, inside in part.parts("renamed", named=False):
        inside.only(keys.RENAMING)
        yield Renaming(on=inside.date("on"), label=inside.label(english=False))


def _check_parents(units: Mapping[str, Unit], parts: Mapping[str, Part]) -> None:
    looping: set[str] = set()
    deep = False
    for unit_id, unit in units.items():
        part = parts[unit_id]
        if unit.parent is None:
            if unit.kind != keys.OFFICE:
                ko = f"'{unit_id}'의 상위 부서(parent)가 필요합니다 (kind: office만 없이 둡니다)"
                en = f"'{unit_id}' needs a parent (only the unit of kind office has none)"
                part.wrong(None, "missing_parent", ko, en)
        elif unit.parent not in units:
            part.unknown("parent", ("부서", "unit"), units)
        elif unit.kind == keys.OFFICE:
            ko, en = "kind: office인 부서는 상위 부서가 없습니다", "an office has no parent"
            part.wrong("parent", "wrong_value", ko, en, unit.parent)
        elif unit_id not in looping and not deep:
            line = _line_up(unit_id, units)
            if len(line) > DEEPEST:
                deep = True  # whatever hangs below it is, too
                ko = f"부서는 {DEEPEST}단계까지 둘 수 있습니다"
                en = f"more than {DEEPEST} levels stand one above the other"
                part.wrong("parent", "too_deep", ko, en, unit.parent)
            elif units[line[-1]].parent == unit_id:
                looping.update(line)
                told = " → ".join((*line, unit_id))
                ko = f"상위 부서가 돌고 돕니다: {told}"
                part.wrong("parent", "unit_cycle", ko, f"the parents go in a circle: {told}", told)


def _line_up(start: str, units: Mapping[str, Unit]) -> list[str]:
    """Return the unit and those above it, up to where they end or come round; one more than there
    may be is enough."""
    line: list[str] = []
    at: str | None = start
    while at is not None and at in units and at not in line and len(line) <= DEEPEST:
        line.append(at)
        at = units[at].parent
    return line


def read_office(top: Part, units: Mapping[str, Unit]) -> str:
    """Return the id of the one unit at the top."""
    offices = [unit.id for unit in units.values() if unit.kind == keys.OFFICE]
    if len(offices) != 1 and units:
        listed = ", ".join(offices) or "-"
        ko = f"kind: office인 부서가 꼭 하나 있어야 합니다 (지금: {listed})"
        en = f"there must be exactly one unit of kind office (now: {listed})"
        top.wrong("units", "one_office", ko, en, listed)
    return offices[0] if offices else ""


# --------------------------------------------------------------------------- people


def read_directory(
    top: Part, units: Mapping[str, Unit], lifecycle: Lifecycle | None
) -> dict[str, tuple[Grant, ...]]:
    """Return who holds which role where, acting appointments (대결) included. A plan may name
    nobody: then the host's directory does, or the system that hands actors over."""
    directory: dict[str, tuple[Grant, ...]] = {}
    inside = top.mapping("directory", required=False)
    roles = () if lifecycle is None else lifecycle.roles.values()
    official = _TITLES | {role.label.ko for role in roles}
    official |= {word for unit in units.values() for word in (unit.id, unit.label.ko)}
    for actor in inside.tree:
        _check_actor_id(inside, actor, official)
        grants = []
        value = inside.tree[actor]
        if not isinstance(value, list | tuple) or not value:
            ko = "역할의 목록이어야 합니다 ([{role: …, unit: …}])"
            en = "expected a list of roles ([{role: …, unit: …}])"
            inside.wrong(actor, "wrong_value", ko, en, value)
            value = []
        for _, part in inside.parts(actor, named=False) if value else ():
            part.only(keys.GRANT)
            role, unit = _role_in_unit(part, units, lifecycle)
            since, until = _span(part)
            grants.append(Grant(role=role, unit=unit, since=since, until=until))
        directory[actor] = tuple(grants)
    directory = sort_parts(top, "directory", directory)
    return _with_appointments(top, directory, units, lifecycle)


def nobody_named(head: PlanHead, at: Callable[[tuple[str, ...]], str]) -> tuple[Note, ...]:
    """Return that the plan names no people, where it does not."""
    if head.directory:
        return ()
    ko = (
        "계획에 사람(directory)이 없습니다. 누가 무슨 역할인지는 저장소를 여는 쪽의 인사 시스템이 "
        "알려 주어야 하며(open(…, directory=…)), 없으면 아무도 처리할 수 없습니다"
    )
    en = (
        "the plan names no people (directory): who holds which role comes from the directory of "
        "the system that opens the store (open(…, directory=…)); without one nobody may act"
    )
    return (Note(code="no_people", ko=ko, en=en, where=at(("units", head.office))),)


def _check_actor_id(inside: Part, actor: str, official: Collection[str]) -> None:
    if not inside.named(actor):
        return
    if _HANGUL_NAME.fullmatch(actor) and actor not in official:
        inside.wrong_key(
            actor,
            "personal_name",
            f"'{actor}'은(는) 사람 이름으로 보입니다. 이름 대신 뜻 없는 식별자를 쓰십시오 "
            "(예: welfare-policy-1)",
            f"'{actor}' looks like a person's name: use an opaque id such as welfare-policy-1",
        )


def _role_in_unit(
    part: Part, units: Mapping[str, Unit], lifecycle: Lifecycle | None
) -> tuple[str, str]:
    unit = part.known("unit", ("부서", "unit"), units)
    if lifecycle is None:
        return part.name("role"), unit
    name = part.known("role", ("역할", "role"), lifecycle.roles)
    role: Role | None = lifecycle.roles.get(name)
    if role is not None and part.tree.get("role") == name and part.tree.get("unit") == unit:
        kind = units[unit].kind
        if kind != role.at:
            part.wrong(
                "unit",
                "role_at_wrong_kind",
                f"역할 '{name}'({role.label.ko})은(는) kind: {role.at}인 부서에 둡니다 "
                f"('{unit}'은(는) {kind})",
                f"the role '{name}' is held in a unit of kind {role.at} ('{unit}' is a {kind})",
                unit,
            )
    return name, unit


def _with_appointments(
    top: Part,
    directory: dict[str, tuple[Grant, ...]],
    units: Mapping[str, Unit],
    lifecycle: Lifecycle | None,
) -> dict[str, tuple[Grant, ...]]:
    """Return the directory with the acting appointments (대결) among their actors' grants."""
    regular = dict(directory)
    for _, part in top.parts("appointments", named=False):
        part.only(keys.APPOINTMENT)
        actor = part.known("actor", ("처리자", "actor"), regular)
        principal = part.known("for", ("처리자", "actor"), regular)
        role, unit = _role_in_unit(part, units, lifecycle)
        since, until = part.date("since"), part.date("until")
        _check_span(part, since, until)
        grant = Grant(
            role=role,
            unit=unit,
            since=since,
            until=until,
            on_behalf_of=principal,
            reason=part.text("reason"),
        )
        if actor == principal and "actor" in part and "for" in part:
            ko, en = "본인을 대결자로 지정할 수 없습니다", "nobody can act for themselves"
            part.wrong("for", "acts_for_self", ko, en, principal)
        elif principal in regular and not any(
            _overlaps(held, grant) for held in regular[principal]
        ):
            part.wrong(
                "for",
                "nothing_to_act_for",
                f"'{principal}'은(는) 그 기간에 '{unit}'의 역할 '{role}'을(를) 맡고 있지 않습니다",
                f"'{principal}' does not hold the role '{role}' in '{unit}' at that time",
                principal,
            )
        directory[actor] = (*directory.get(actor, ()), grant)
    return directory


def _overlaps(held: Grant, acting: Grant) -> bool:
    return (
        (held.role, held.unit) == (acting.role, acting.unit)
        and (held.since is None or acting.until is None or held.since <= acting.until)
        and (held.until is None or acting.since is None or acting.since <= held.until)
    )


def _span(part: Part) -> tuple[dt.date | None, dt.date | None]:
    """Return `since` and `until`, both of which may be absent."""
    since, until = part.date("since", None), part.date("until", None)
    _check_span(part, since, until)
    return since, until


def _check_span(part: Part, since: dt.date | None, until: dt.date | None) -> None:
    """Note an end before its beginning (a wrong date was noted already, and is `date.min`)."""
    if since is None or until is None or dt.date.min in (since, until):
        return
    if until < since:
        ko = f"끝나는 날({until})이 시작하는 날({since})보다 앞섭니다"
        part.wrong("until", "ends_before_begin", ko, f"ends ({until}) before it begins ({since})")
