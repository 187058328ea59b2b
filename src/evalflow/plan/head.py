"""From a tree to a `PlanHead`: everything that the projects of a plan share.

The same builder reads plan files (with places, and with the lifecycle whose roles and events a
plan may name) and stored trees (then roles and events were checked when they were stored).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any

from evalflow.errors import InvalidInput
from evalflow.files.reader import Part, Reader, date_of
from evalflow.lifecycle.definition import Lifecycle, Role
from evalflow.lifecycle.due_rules import read_due
from evalflow.model import (
    Band,
    CalendarRules,
    Delivery,
    DueRule,
    Exclusion,
    Goal,
    GradeRules,
    Grant,
    Label,
    PlanHead,
    Renaming,
    ScoringRules,
    Unit,
    Visibility,
    Withheld,
    calendar,
)
from evalflow.model.canonical import Tree
from evalflow.plan.order import ORDER, sort_parts, with_order
from evalflow.scoring.bands import DEFAULT_BANDS, VERDICTS
from evalflow.scoring.formulas import ZERO_TARGETS

FORMAT = "plan/1"
"""What the key `evalflow` of a plan file says."""

OFFICE = "office"
"""The kind of the one unit at the top."""

UNIT_KINDS = (OFFICE, "bureau", "department")
"""The kinds of units that a plan may always use; a lifecycle's roles may add others."""

AGAINST = ("so_far", "whole")
"""Which rate a band looks at: the published one, or the one against the whole plan's target."""

_GOAL_ABOVE: dict[str, str | None] = {"strategy": None, "policy": "strategy", "project": "policy"}
_HANGUL_NAME = re.compile("[가-힣]{2,4}")

_KEYS = frozenset(
    {"evalflow", "id", "revision", "effective", "year", "ko", "en", "illustrative", "document"}
    | {
        "lifecycle",
        "calendar",
        "scoring",
        "notices",
        "plugins",
        "forms",
        "visibility",
        "units",
        "directory",
    }
    | {
        "appointments",
        "fields",
        "core_projects",
        "criteria",
        "goals",
        "milestones",
        "exclusions",
        "projects",
    }
)
_ORDERED = ("units", "directory", "fields", "core_projects", "criteria", "goals", "document")
_CALENDAR_KEYS = frozenset(
    {"zone", "periods", "first", "last", "move", "holidays", "extra", "removed", "due"}
)
_SCORING_KEYS = frozenset(
    {"scorer", "options", "basis", "places", "zero_target", "cap", "floor", "project_mean"}
    | {"group_mean", "bands", "grades"}
)
_GRADE_KEYS = frozenset({"grader", "options", "by"})
_UNIT_KEYS = frozenset({"kind", "ko", "en", "parent", "since", "until", "renamed"})
_GRANT_KEYS = frozenset({"role", "unit", "since", "until"})
_APPOINTMENT_KEYS = _GRANT_KEYS | {"actor", "for", "reason"}
_LABEL_KEYS = frozenset({"ko", "en"})
_BAND_KEYS = _LABEL_KEYS | {"verdict", "at_least", "against"}


def head_from_tree(tree: Tree) -> PlanHead:
    """Return the head that `tree` says: a `PlanHead.tree`, or a plan file's content.

    Raises:
        InvalidInput: the tree has mistakes; all of them.
    """
    reading = Reader(tree)
    head = read_head(reading, None, written=False)
    reading.raise_if_any()
    return head


def read_head(reading: Reader, lifecycle: Lifecycle | None, *, written: bool) -> PlanHead:
    """Return the head, noting what is wrong with it in `reading`.

    With a lifecycle, roles and events must be its own. `written` says that the tree is a file
    somebody wrote, so that the order in it means something.
    """
    top = reading.top
    top.only(_KEYS if written else _KEYS | {ORDER})
    top.choice("evalflow", (FORMAT,))
    year = top.whole("year", least=1900, most=2999)
    rules = _calendar(top.mapping("calendar", required=False), year, lifecycle)
    units = _units(top, lifecycle)
    office = _office(top, units)
    directory = _directory(top, units, lifecycle)
    return PlanHead(
        id=top.name("id"),
        revision=top.whole("revision", 1, least=1, most=10**9),
        effective=_period_text(top, "effective", rules.first),
        year=year,
        label=top.label(english=False),
        lifecycle=top.text("lifecycle"),
        units=units,
        office=office,
        directory=_with_appointments(top, directory, units, lifecycle),
        calendar=rules,
        scoring=_scoring(top.mapping("scoring", required=False), written),
        delivery=_delivery(top.mapping("notices", required=False)),
        patience=_patience(top.mapping("plugins", required=False)),
        visibility=_visibility(top.mapping("visibility", required=False), lifecycle),
        forms=_forms(top.mapping("forms", required=False)),
        fields=_labels(top, "fields", required=True),
        core_projects=_labels(top, "core_projects"),
        criteria=_labels(top, "criteria"),
        goals=_goals(top),
        exclusions=tuple(_exclusions(top)),
        document=_document(top),
        milestones=tuple(sorted(_milestones(top), key=lambda pair: pair[0])),
        illustrative=top.label_at("illustrative", None, english=False),
        tree=_normal(top.tree),
    )


@lru_cache(maxsize=256)
def periods_of(first: str, last: str) -> tuple[calendar.Period, ...]:
    """Return the periods of a plan, in order; none where the two are no range."""
    try:
        return calendar.periods_between(first, last)
    except InvalidInput:
        return ()


def _normal(tree: Mapping[str, Tree]) -> Tree:
    """Return the tree as it is stored: without projects, with the order of what has one."""
    normal = with_order({k: v for k, v in tree.items() if k != "projects"}, _ORDERED)
    if isinstance(tree.get("scoring"), Mapping):
        normal["scoring"] = with_order(tree["scoring"], ("bands",))
    return normal


# --------------------------------------------------------------------------- units


def _units(top: Part, lifecycle: Lifecycle | None) -> dict[str, Unit]:
    kinds: Collection[str] | None = None
    if lifecycle is not None:
        named = (role.at for role in lifecycle.roles.values())
        together = (e.together for e in lifecycle.events.values() if e.together)
        kinds = tuple(dict.fromkeys((*UNIT_KINDS, *named, *together)))
    units: dict[str, Unit] = {}
    parts: dict[str, Part] = {}
    for unit_id, part in _named_parts(top, "units", required=True):
        part.only(_UNIT_KEYS)
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
        inside.only(_LABEL_KEYS | {"on"})
        yield Renaming(on=inside.date("on"), label=inside.label(english=False))


def _check_parents(units: Mapping[str, Unit], parts: Mapping[str, Part]) -> None:
    looping: set[str] = set()
    for unit_id, unit in units.items():
        part = parts[unit_id]
        if unit.parent is None:
            if unit.kind != OFFICE:
                ko = f"'{unit_id}'의 상위 부서(parent)가 필요합니다 (kind: office만 없이 둡니다)"
                en = f"'{unit_id}' needs a parent (only the unit of kind office has none)"
                part.wrong(None, "missing_parent", ko, en)
        elif unit.parent not in units:
            part.unknown("parent", ("부서", "unit"), units)
        elif unit.kind == OFFICE:
            ko, en = "kind: office인 부서는 상위 부서가 없습니다", "an office has no parent"
            part.wrong("parent", "wrong_value", ko, en, unit.parent)
        elif unit_id not in looping:
            circle = _circle(unit_id, units)
            if circle:
                looping.update(circle)
                line = " → ".join((*circle, circle[0]))
                ko = f"상위 부서가 돌고 돕니다: {line}"
                part.wrong("parent", "unit_cycle", ko, f"the parents go in a circle: {line}", line)


def _circle(start: str, units: Mapping[str, Unit]) -> list[str]:
    """Return the units on the circle that begins and ends at `start`, if there is one."""
    line: list[str] = []
    at: str | None = start
    while at is not None and at in units and at not in line:
        line.append(at)
        at = units[at].parent
    return line if at == start else []


def _office(top: Part, units: Mapping[str, Unit]) -> str:
    offices = [unit.id for unit in units.values() if unit.kind == OFFICE]
    if len(offices) != 1 and units:
        listed = ", ".join(offices) or "-"
        ko = f"kind: office인 부서가 꼭 하나 있어야 합니다 (지금: {listed})"
        en = f"there must be exactly one unit of kind office (now: {listed})"
        top.wrong("units", "one_office", ko, en, listed)
    return offices[0] if offices else ""


# --------------------------------------------------------------------------- people


def _directory(
    top: Part, units: Mapping[str, Unit], lifecycle: Lifecycle | None
) -> dict[str, tuple[Grant, ...]]:
    directory: dict[str, tuple[Grant, ...]] = {}
    inside = top.mapping("directory")
    for actor in inside.tree:
        _check_actor_id(inside, actor)
        grants = []
        value = inside.tree[actor]
        if not isinstance(value, list | tuple) or not value:
            ko = "역할의 목록이어야 합니다 ([{role: …, unit: …}])"
            en = "expected a list of roles ([{role: …, unit: …}])"
            inside.wrong(actor, "wrong_value", ko, en, value)
            value = []
        for _, part in inside.parts(actor, named=False) if value else ():
            part.only(_GRANT_KEYS)
            role, unit = _role_in_unit(part, units, lifecycle)
            since, until = _span(part)
            grants.append(Grant(role=role, unit=unit, since=since, until=until))
        directory[actor] = tuple(grants)
    return sort_parts(top, "directory", directory)


def _check_actor_id(inside: Part, actor: str) -> None:
    if not inside.named(actor):
        return
    if _HANGUL_NAME.fullmatch(actor):
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
        part.only(_APPOINTMENT_KEYS)
        actor = part.known("actor", ("행위자", "actor"), regular)
        principal = part.known("for", ("행위자", "actor"), regular)
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
            ko, en = "자기 자신을 대리할 수 없습니다", "nobody acts for themselves"
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


# --------------------------------------------------------------------------- calendar


def _calendar(part: Part, year: int, lifecycle: Lifecycle | None) -> CalendarRules:
    part.only(_CALENDAR_KEYS)
    frequency = part.choice("periods", calendar.FREQUENCIES, "quarter")
    year = year if 1900 <= year <= 2999 else 2000
    first = _period_text(part, "first", _of_year(year, frequency, first=True))
    last = _period_text(part, "last", _of_year(year, frequency, first=False))
    country = part.text("holidays", "KR")
    rules = CalendarRules(
        zone=part.text("zone", "Asia/Seoul"),
        frequency=frequency,
        first=first,
        last=last,
        move=part.choice("move", calendar.MOVES, "next"),
        holidays=country,
        extra=dict(_days(part, "extra")),
        removed=tuple(_removed(part)),
        due=_due(part, lifecycle),
    )
    known_country = country in ("KR", "none")
    try:
        made = calendar.Calendar(rules)
        if not known_country:
            _ = made.holidays.version  # the library is read only for a country that we do not know
    except InvalidInput as error:
        for problem in error.problems:
            key = _CALENDAR_KEY_OF.get(problem.code, "last")
            if key in part or problem.code not in _CALENDAR_KEY_OF:
                part.wrong(key if key in part else None, problem.code, problem.ko, problem.en)
    else:
        years = {period.year for period in made.periods()}
        if year not in years and "first" in part:
            ko = f"계획 연도 {year}년의 기간이 없습니다 ({first}부터 {last}까지)"
            en = f"no period lies in the plan's year {year} ({first} to {last})"
            part.wrong("first", "year_outside", ko, en, first)
    return rules


_CALENDAR_KEY_OF = {"unknown_zone": "zone", "no_zones": "zone", "unknown_country": "holidays"}


def _of_year(year: int, frequency: str, *, first: bool) -> str:
    day = dt.date(year, 1, 1) if first else dt.date(year, 12, 31)
    return calendar.period_of(day, frequency).text


def _period_text(part: Part, key: str, default: str) -> str:
    text = part.text(key, default)
    if text != default:
        try:
            calendar.period(text)
        except InvalidInput as error:
            part.wrong(key, "bad_period", error.problems[0].ko, error.problems[0].en, text)
            return default
    return text


def _days(part: Part, key: str) -> Iterator[tuple[dt.date, str]]:
    inside = part.mapping(key, required=False)
    for text in inside.tree:
        day = _key_date(inside, text)
        if day is not None:
            yield day, inside.text(text)


def _key_date(inside: Part, text: Any) -> dt.date | None:
    day = date_of(text) if isinstance(text, str) else None
    if day is None:
        ko, en = f"날짜가 아닙니다: '{text}' (예: 2016-05-06)", f"not a date: '{text}'"
        inside.wrong_key(text, "bad_date", ko, en)
    return day


def _removed(part: Part) -> Iterator[dt.date]:
    inside = part.items("removed", required=False)
    for place in inside.tree:
        yield inside.date(place)


class _AnyName(Collection[str]):
    """Every name: stands in for the events of a lifecycle that is not at hand."""

    def __contains__(self, name: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def _due(part: Part, lifecycle: Lifecycle | None) -> dict[str, DueRule]:
    events: Collection[str] = _AnyName() if lifecycle is None else lifecycle.events
    rules: dict[str, DueRule] = {}
    inside = part.mapping("due", required=False)
    for name in inside.tree:
        if name not in events:
            inside.unknown_key(name, ("절차", "event"), events)
            continue
        rule = read_due(inside, name, events)
        if rule is not None:
            rules[name] = rule
    return rules


# --------------------------------------------------------------------------- scoring, notices


def _scoring(part: Part, written: bool) -> ScoringRules:
    part.only(_SCORING_KEYS if written else _SCORING_KEYS | {ORDER})
    options = part.mapping("options", required=False).tree
    cap, floor = part.figure("cap", None), part.figure("floor", None)
    if cap is not None and floor is not None and floor > cap:
        ko, en = (
            f"하한({floor})이 상한({cap})보다 큽니다",
            f"the floor {floor} is above the cap {cap}",
        )
        part.wrong("floor", "floor_above_cap", ko, en)
    return ScoringRules(
        scorer=part.text("scorer", "rates"),
        options=dict(options),
        basis=part.choice("basis", ("cumulative", "period"), "cumulative"),
        bands=_bands(part) if "bands" in part else DEFAULT_BANDS,
        places=part.whole("places", 1, least=0, most=9),
        zero_target=part.choice("zero_target", ZERO_TARGETS, "undefined"),
        cap=cap,
        floor=floor,
        project_mean=part.choice("project_mean", ("weighted", "plain"), "weighted"),
        group_mean=part.choice("group_mean", ("projects", "groups"), "projects"),
        grades=_grades(part.mapping("grades")) if "grades" in part else None,
    )


def _grades(part: Part) -> GradeRules:
    part.only(_GRADE_KEYS)
    return GradeRules(
        grader=part.text("grader"),
        options=dict(part.mapping("options", required=False).tree),
        by=part.choice("by", ("all", "field", "bureau", "unit"), "all"),
    )


def _bands(part: Part) -> tuple[Band, ...]:
    bands: list[Band] = []
    parts: list[Part] = []
    inside = part.mapping("bands")
    for name, each in _named_parts(part, "bands", required=True):
        each.only(_BAND_KEYS)
        parts.append(each)
        bands.append(
            Band(
                name=name,
                label=each.label(english=False),
                verdict=each.choice("verdict", VERDICTS),
                at_least=each.figure("at_least", None),
                against=each.choice("against", AGAINST, "so_far"),
            )
        )
    if ORDER in part.tree:
        placed = sort_parts(part, "bands", {band.name: at for at, band in enumerate(bands)})
        bands, parts = [bands[at] for at in placed.values()], [parts[at] for at in placed.values()]
    _check_bands(inside, bands, parts)
    return tuple(bands)


def _check_bands(inside: Part, bands: list[Band], parts: list[Part]) -> None:
    if not bands:
        ko, en = "등급이 하나는 있어야 합니다", "there must be at least one band"
        inside.wrong(None, "no_bands", ko, en)
        return
    bounds: dict[str, Any] = {}
    above = bands[0]
    for band, part in zip(bands, parts, strict=True):
        if band.at_least is None and band is not bands[-1]:
            ko = f"등급 '{band.name}'에 at_least가 필요합니다 (맨 아래 등급만 없이 둡니다)"
            en = f"the band '{band.name}' needs at_least (only the lowest has none)"
            part.wrong(None, "band_without_bound", ko, en)
        bound = bounds.get(band.against)
        if bound is not None and band.at_least is not None and band.at_least >= bound:
            ko = f"등급은 높은 것부터 적습니다: '{band.name}' {band.at_least}이(가) "
            ko += f"위의 {bound}보다 낮지 않습니다"
            en = f"bands go from best to worst: '{band.name}' at {band.at_least} is not below "
            en += f"the {bound} above it"
            part.wrong("at_least", "bands_not_descending", ko, en, str(band.at_least))
        bounds[band.against] = band.at_least
        if VERDICTS.index(band.verdict) < VERDICTS.index(above.verdict):
            ko = f"낮은 등급 '{band.name}'의 판정이 높은 등급 '{above.name}'보다 좋습니다"
            en = f"the lower band '{band.name}' has a better verdict than '{above.name}' above it"
            part.wrong("verdict", "bands_not_descending", ko, en, band.verdict)
        above = band
    if bands[-1].at_least is not None:
        ko = f"맨 아래 등급 '{bands[-1].name}'에는 at_least를 두지 않습니다 (그 아래가 비게 됩니다)"
        en = f"the lowest band '{bands[-1].name}' has no at_least (rates below it would have none)"
        parts[-1].wrong("at_least", "lowest_band_bounded", ko, en, str(bands[-1].at_least))


def _delivery(part: Part) -> Delivery:
    part.only(frozenset({"notifiers", "backoff"}))
    options: dict[str, Mapping[str, Any]] = {}
    names: tuple[str, ...]
    if isinstance(part.tree.get("notifiers"), Mapping):
        inside = part.mapping("notifiers")
        names = tuple(sorted(inside.tree))
        for name in names:
            options[name] = dict(inside.mapping(name, required=False).tree)
    else:
        names = part.texts("notifiers")
    if "backoff" not in part:
        return Delivery(notifiers=names, options=options)
    waits = part.items("backoff")
    seconds = tuple([waits.whole(place, least=0, most=31_536_000) for place in waits.tree])
    return Delivery(notifiers=names, options=options, backoff=seconds)


def _forms(part: Part) -> dict[str, Mapping[str, Any]]:
    return {name: dict(part.mapping(name, required=False).tree) for name in sorted(part.tree)}


_SPAN = re.compile(r"(\d{1,6}) ?(ms|s|m)")
_MILLISECONDS = {"ms": 1, "s": 1_000, "m": 60_000}
_LONGEST_WAIT = dt.timedelta(minutes=10)


def _patience(part: Part) -> dt.timedelta | None:
    """Return how long a plugin's guard or scorer may take for one answer, or None."""
    part.only(frozenset({"within"}))
    text = part.text("within", None)
    if text is None:
        return None
    match = _SPAN.fullmatch(text)
    within = match and dt.timedelta(milliseconds=int(match[1]) * _MILLISECONDS[match[2]])
    if not within or within > _LONGEST_WAIT:
        ko = (
            f"'within': 0보다 길고 10분을 넘지 않는 시간이어야 합니다 (예: 500ms, 5s, 1m): '{text}'"
        )
        en = f"'within': expected a time of at most 10 minutes, e.g. 500ms, 5s, 1m, got '{text}'"
        part.wrong("within", "wrong_value", ko, en, text)
        return None
    return within


def _visibility(part: Part, lifecycle: Lifecycle | None) -> Visibility:
    """Return who reads what; with a lifecycle, states, roles and fields must be its own."""
    part.only(frozenset({"fixed_in", "seen_by", "withheld"}))
    states: Collection[str] | None = None
    roles: Collection[str] | None = None
    fields: Collection[str] | None = None
    if lifecycle is not None:
        states, roles = lifecycle.states, lifecycle.roles
        fields = {field.name for event in lifecycle.events.values() for field in event.data}
    withheld = []
    for _, inside in part.parts("withheld", named=False) if "withheld" in part else ():
        inside.only(frozenset({"fields", "ground", "seen_by", "until_fixed"}))
        withheld.append(
            Withheld(
                fields=_among(inside, "fields", ("자료 항목", "field"), fields),
                ground=inside.text("ground"),
                seen_by=_among(inside, "seen_by", ("역할", "role"), roles),
                until_fixed=inside.flag("until_fixed", False),
            )
        )
    return Visibility(
        fixed_in=_among(part, "fixed_in", ("상태", "state"), states),
        seen_by=_among(part, "seen_by", ("역할", "role"), roles),
        withheld=tuple(withheld),
    )


def _among(
    part: Part, key: str, what: tuple[str, str], known: Collection[str] | None
) -> tuple[str, ...]:
    """Return the names at `key`, noting those that are none of `known` (None: any will do)."""
    names = part.texts(key)
    if known is None:
        return names
    for place, name in enumerate(names):
        if name in known:
            continue
        if isinstance(part.tree[key], str):
            part.unknown(key, what, known)
        else:
            part.part(key).unknown(place, what, known)
    return names


# --------------------------------------------------------------------------- names and texts


def _named_parts(top: Part, key: str, *, required: bool = False) -> Iterator[tuple[str, Part]]:
    """Yield (id, part) of a mapping by id; a list in its place is noted."""
    if isinstance(top.tree.get(key), list | tuple):
        ko = "'식별자: {…}' 꼴의 묶음이어야 합니다 (목록이 아님)"
        top.wrong(key, "wrong_value", ko, "expected a mapping by id, not a list")
        return
    yield from top.parts(key, required=required)


def _labels(top: Part, key: str, *, required: bool = False) -> dict[str, Label]:
    labels = {}
    inside = top.mapping(key, required=required)
    for name in inside.tree:
        inside.named(name)
        labels[name] = inside.label_at(name, english=False)
    return sort_parts(top, key, labels)


def _goals(top: Part) -> dict[str, Goal]:
    goals: dict[str, Goal] = {}
    parts: dict[str, Part] = {}
    for name, part in _named_parts(top, "goals"):
        part.only(_LABEL_KEYS | {"kind", "parent"})
        parts[name] = part
        goals[name] = Goal(
            id=name,
            kind=part.choice("kind", tuple(_GOAL_ABOVE)),
            label=part.label(english=False),
            parent=part.text("parent", None),
        )
    for name, goal in goals.items():
        part, above = parts[name], _GOAL_ABOVE[goal.kind]
        if goal.parent is not None and goal.parent not in goals:
            part.unknown("parent", ("목표", "goal"), goals)
        elif (None if goal.parent is None else goals[goal.parent].kind) != above:
            ko = f"kind: {goal.kind}의 상위 목표는 " + (
                f"kind: {above}입니다" if above else "없습니다"
            )
            en = f"a goal of kind {goal.kind} lies under " + (
                f"one of {above}" if above else "none"
            )
            part.wrong("parent" if goal.parent else None, "goal_chain", ko, en, goal.parent)
    return sort_parts(top, "goals", goals)


def _exclusions(top: Part) -> Iterator[Exclusion]:
    for _, part in top.parts("exclusions", named=False):
        part.only(_LABEL_KEYS | {"reason", "evaluated_in"})
        yield Exclusion(
            label=part.label(english=False),
            reason=part.text("reason"),
            evaluated_in=part.text("evaluated_in"),
        )


def _document(top: Part) -> dict[str, str]:
    inside = top.mapping("document", required=False)
    return sort_parts(top, "document", {name: inside.text(name) for name in inside.tree})


def _milestones(top: Part) -> Iterator[tuple[dt.date, Label]]:
    inside = top.mapping("milestones", required=False)
    for text in inside.tree:
        day = _key_date(inside, text)
        label = inside.label_at(text, english=False)
        if day is not None:
            yield day, label
