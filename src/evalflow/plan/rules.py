"""The rules of a plan - calendar, scoring, delivery, who reads what - from a plan file to values,
every problem noted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from evalflow.errors import InvalidInput
from evalflow.files.notes import Note
from evalflow.files.reader import Part
from evalflow.lifecycle.definition import Lifecycle, Line
from evalflow.lifecycle.due import check_due, read_due, read_extension
from evalflow.model import (
    Band,
    CalendarRules,
    Delivery,
    DueRule,
    GradeRules,
    Grant,
    ReminderRule,
    RevisionRules,
    ScoringRules,
    Visibility,
    Withheld,
    calendar,
)
from evalflow.model.rules import OWING
from evalflow.plan import keys
from evalflow.plan.order import ORDER, sort_parts
from evalflow.plan.parts import key_date, named_parts
from evalflow.plan.spans import first_or_last, span_of
from evalflow.scoring.bands import DEFAULT_BANDS, VERDICTS
from evalflow.scoring.formulas import ZERO_TARGETS

# --------------------------------------------------------------------------- calendar


def read_calendar(part: Part, year: int, lifecycle: Lifecycle | None) -> CalendarRules:
    """Return how the office counts periods and days; with a lifecycle, due dates of its events
    only."""
    part.only(keys.CALENDAR)
    frequency = part.choice("periods", calendar.FREQUENCIES, "quarter")
    year = year if 1900 <= year <= 2999 else 2000
    first = period_text(part, "first", first_or_last(year, frequency, first=True))
    last = period_text(part, "last", first_or_last(year, frequency, first=False))
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
        extension=read_extension(part, "extension", None),
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


def holiday_notes(
    rules: CalendarRules, where: Callable[[tuple[str, ...]], str]
) -> tuple[Note, ...]:
    """Return a note where deadlines fall in years whose holidays nobody has told: they would be
    counted as if the office worked on every day from Monday to Friday."""
    counted = calendar.Calendar(rules)
    unknown = counted.unknown_years()
    if not unknown:
        return ()
    ends = [str(year) for year in sorted({unknown[0], unknown[-1]})]
    ko, en = "~".join(ends), " to ".join(ends)
    version = counted.holidays.version
    return (
        Note(
            code="holidays_unknown",
            ko=f"휴일표({version})에 {ko}년의 공휴일이 없습니다. 그 해의 기한은 토·일요일만 쉬는 "
            "것으로 계산됩니다. 공휴일을 calendar.extra에 적으십시오.",
            en=f"the holiday table ({version}) names no holidays for {en}: deadlines there are "
            "counted with Saturdays and Sundays only; list the holidays under calendar.extra",
            where=where(("calendar", "last")),
        ),
    )


_CALENDAR_KEY_OF = {"unknown_zone": "zone", "no_zones": "zone", "unknown_country": "holidays"}


def period_text(part: Part, key: str, default: str) -> str:
    """Return a period as text, e.g. `2016-Q1`."""
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
        day = key_date(inside, text)
        if day is not None:
            yield day, inside.text(text)


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
            if lifecycle is not None:
                check_due(inside.part(name), rule, lifecycle)
    return rules


# --------------------------------------------------------------------------- scoring, notices


def read_scoring(part: Part, written: bool) -> ScoringRules:
    """Return how the plan rates its projects."""
    part.only(keys.SCORING if written else keys.STORED_SCORING)
    options = part.mapping("options", required=False).tree
    cap, floor = part.figure("cap", None, unit="%"), part.figure("floor", None, unit="%")
    if cap is not None and floor is not None and floor > cap:
        ko, en = (
            f"하한({floor})이 상한({cap})보다 큽니다",
            f"the floor {floor} is above the cap {cap}",
        )
        part.wrong("floor", "floor_above_cap", ko, en)
    return ScoringRules(
        scorer=part.text("scorer", "rates"),
        options=dict(options),
        basis=part.choice("basis", keys.BASES, "cumulative"),
        bands=_bands(part) if "bands" in part else DEFAULT_BANDS,
        places=part.whole("places", 1, least=0, most=9),
        zero_target=part.choice("zero_target", ZERO_TARGETS, "undefined"),
        cap=cap,
        floor=floor,
        project_mean=part.choice("project_mean", keys.PROJECT_MEANS, "weighted"),
        group_mean=part.choice("group_mean", keys.GROUP_MEANS, "projects"),
        grades=_grades(part.mapping("grades")) if "grades" in part else None,
    )


def _grades(part: Part) -> GradeRules:
    part.only(keys.GRADES)
    return GradeRules(
        grader=part.text("grader"),
        options=dict(part.mapping("options", required=False).tree),
        by=part.choice("by", keys.COMPARED, "all"),
    )


def _bands(part: Part) -> tuple[Band, ...]:
    bands: list[Band] = []
    parts: list[Part] = []
    inside = part.mapping("bands")
    for name, each in named_parts(part, "bands", required=True):
        each.only(keys.BAND)
        parts.append(each)
        bands.append(
            Band(
                name=name,
                label=each.label(english=False),
                verdict=each.choice("verdict", VERDICTS),
                at_least=each.figure("at_least", None, unit="%"),
                against=each.choice("against", keys.AGAINST, "so_far"),
            )
        )
    if ORDER in part.tree:
        placed = sort_parts(part, "bands", {band.name: at for at, band in enumerate(bands)})
        bands, parts = [bands[at] for at in placed.values()], [parts[at] for at in placed.values()]
    _check_bands(inside, bands, parts)
    return tuple(bands)


def _check_bands(inside: Part, bands: list[Band], parts: list[Part]) -> None:
    if not bands:
        ko, en = "추진상태가 하나는 있어야 합니다", "there must be at least one band"
        inside.wrong(None, "no_bands", ko, en)
        return
    bounds: dict[str, Any] = {}
    above = bands[0]
    for band, part in zip(bands, parts, strict=True):
        if band.at_least is None and band is not bands[-1]:
            ko = f"추진상태 '{band.name}'에 at_least가 필요합니다 (맨 아래 추진상태만 없이 둡니다)"
            en = f"the band '{band.name}' needs at_least (only the lowest has none)"
            part.wrong(None, "band_without_bound", ko, en)
        bound = bounds.get(band.against)
        if bound is not None and band.at_least is not None and band.at_least >= bound:
            ko = f"추진상태은 높은 것부터 적습니다: '{band.name}' {band.at_least}이(가) "
            ko += f"위의 {bound}보다 낮지 않습니다"
            en = f"bands go from best to worst: '{band.name}' at {band.at_least} is not below "
            en += f"the {bound} above it"
            part.wrong("at_least", "bands_not_descending", ko, en, str(band.at_least))
        bounds[band.against] = band.at_least
        if VERDICTS.index(band.verdict) < VERDICTS.index(above.verdict):
            ko = f"낮은 추진상태 '{band.name}'의 기준이 높은 추진상태 '{above.name}'보다 좋습니다"
            en = f"the lower band '{band.name}' has a better verdict than '{above.name}' above it"
            part.wrong("verdict", "bands_not_descending", ko, en, band.verdict)
        above = band
    if bands[-1].at_least is not None:
        ko = f"맨 아래 추진상태 '{bands[-1].name}'에는 at_least를 두지 않습니다"
        en = f"the lowest band '{bands[-1].name}' has no at_least (rates below it would have none)"
        parts[-1].wrong("at_least", "lowest_band_bounded", ko, en, str(bands[-1].at_least))


def _reminders(part: Part, lifecycle: Lifecycle | None) -> tuple[ReminderRule, ...]:
    """Return who is reminded when; with a lifecycle, roles and events must be its own."""
    found = []
    for _, each in part.parts("reminders", required=False, named=False):
        each.only(keys.REMINDER)
        said = [key for key in ("before", "after") if key in each]
        if len(said) != 1:
            ko = "기한 며칠 전(before)인지 뒤(after)인지 하나만 적습니다. 당일은 before: 0"
            en = "say how many days before or after, one of both; on the day is before: 0"
            each.wrong(None, "bad_reminder", ko, en)
            continue
        days = each.whole(said[0], least=0, most=366)
        to, of = each.texts("to"), each.texts("of")
        if not to:
            ko = f"누구에게 알리는지 적습니다 ({OWING}: 기한 안에 할 사람)"
            each.wrong("to", "missing_value", ko, f"say whom ({OWING}: who may do it)")
        if lifecycle is not None:
            due = [name for name, event in lifecycle.events.items() if event.due is not None]
            for key, names, known, what in (
                ("to", to, [OWING, *lifecycle.roles], ("역할", "role")),
                ("of", of, due, ("기한이 있는 절차", "event that is due")),
            ):
                for name in names:
                    if name not in known:
                        each.unknown(key, what, known)
        working = each.flag("working", False)
        signed = -days if said[0] == "before" else days
        found.append(ReminderRule(days=signed, to=to, of=of, working=working))
    return tuple(found)


def read_delivery(part: Part, lifecycle: Lifecycle | None = None) -> Delivery:
    """Return how notices leave, and who is reminded of what is due."""
    part.only(keys.NOTICES)
    options: dict[str, Mapping[str, Any]] = {}
    names: tuple[str, ...]
    if isinstance(part.tree.get("notifiers"), Mapping):
        inside = part.mapping("notifiers")
        names = tuple(sorted(inside.tree))
        for name in names:
            options[name] = dict(inside.mapping(name, required=False).tree)
    else:
        names = part.texts("notifiers")
    reminders = _reminders(part, lifecycle)
    if "backoff" not in part:
        return Delivery(notifiers=names, options=options, reminders=reminders)
    waits = part.items("backoff")
    seconds = tuple([waits.whole(place, least=0, most=31_536_000) for place in waits.tree])
    return Delivery(notifiers=names, options=options, backoff=seconds, reminders=reminders)


def read_forms(part: Part) -> dict[str, Mapping[str, Any]]:
    """Return the options of forms by name."""
    return {name: dict(part.mapping(name, required=False).tree) for name in sorted(part.tree)}


_LONGEST_WAIT = dt.timedelta(minutes=10)


def read_patience(part: Part) -> dt.timedelta | None:
    """Return how long a plugin's guard or scorer may take for one answer, or None."""
    part.only(keys.PLUGINS)
    text = part.text("within", None)
    if text is None:
        return None
    within = span_of(text)
    if not within or within > _LONGEST_WAIT:
        ko = (
            f"'within': 0보다 길고 10분을 넘지 않는 시간이어야 합니다 (예: 500ms, 5s, 1m): '{text}'"
        )
        en = f"'within': expected a time of at most 10 minutes, e.g. 500ms, 5s, 1m, got '{text}'"
        part.wrong("within", "wrong_value", ko, en, text)
        return None
    return within


def read_visibility(part: Part, lifecycle: Lifecycle | None) -> Visibility:
    """Return who reads what; with a lifecycle, states, roles and fields must be its own."""
    part.only(keys.VISIBILITY)
    states: Collection[str] | None = None
    roles: Collection[str] | None = None
    fields: Collection[str] | None = None
    if lifecycle is not None:
        states, roles = lifecycle.states, lifecycle.roles
        fields = {field.name for event in lifecycle.events.values() for field in event.data}
    withheld = []
    for _, inside in part.parts("withheld", named=False) if "withheld" in part else ():
        inside.only(keys.WITHHELD)
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


def read_revision(
    top: Part, lifecycle: Lifecycle | None, directory: Mapping[str, tuple[Grant, ...]], office: str
) -> tuple[int, RevisionRules]:
    """Return the revision's number and who may make one. `revision` is the number, or a mapping of
    it with roles that somebody in the directory holds in the office."""
    if not isinstance(top.tree.get("revision"), Mapping):
        return top.whole("revision", 1, least=1, most=10**9), RevisionRules()
    inside = top.mapping("revision")
    inside.only(keys.REVISION)
    roles = None if lifecycle is None else lifecycle.roles
    rules = RevisionRules(
        by=_among(inside, "by", ("역할", "role"), roles),
        confirmed_by=_among(inside, "confirmed_by", ("역할", "role"), roles),
    )
    held = {each.role for grants in directory.values() for each in grants if each.unit == office}
    for key, names in (("by", rules.by), ("confirmed_by", rules.confirmed_by)):
        if names and directory and office and held.isdisjoint(names):
            listed = ", ".join(names)
            inside.wrong(
                key,
                "nobody_revises",
                f"기관('{office}')에서 이 역할을 맡은 사람이 없어 아무도 계획을 고칠 수 없습니다: "
                f"{listed}",
                f"nobody holds the role in the office ('{office}'), so nobody could revise the "
                f"plan: {listed}",
                listed,
            )
    return inside.whole("number", 1, least=1, most=10**9), rules


def read_lines(part: Part, lifecycle: Lifecycle | None) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return who signs in which line (결재선), and where it ends (전결, R58): line -> kind of
    change, or "" for all -> roles. With a lifecycle, lines, kinds and roles must be its own, and
    the roles stand in its order."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for name in part.tree:
        line = None
        if lifecycle is not None:
            line = lifecycle.lines.get(name)
            if line is None:
                part.unknown_key(name, ("결재선", "line"), lifecycle.lines)
                continue
        if not isinstance(part.tree[name], Mapping):
            found[name] = {"": _line_roles(part, name, line)}
            continue
        kinds = part.mapping(name)
        known = () if lifecycle is None else _change_kinds(lifecycle)
        found[name] = {}
        for kind in kinds.tree:
            if line is not None and (line.of != "change" or kind not in known):
                kinds.unknown_key(kind, ("변경 구분", "kind"), known if line.of == "change" else ())
                continue
            found[name][kind] = _line_roles(kinds, kind, line)
    return found


def _line_roles(part: Part, key: str, line: Line | None) -> tuple[str, ...]:
    if line is None:
        return part.texts(key)
    roles = _among(part, key, ("이 결재선의 역할", "role"), line.by)
    ordered = tuple(role for role in line.by if role in roles)
    if not roles or (set(roles) <= set(line.by) and roles != ordered):
        told = ", ".join(line.by)
        ko = f"결재하는 역할을 아래에서 위로 적습니다 (가능: {told})"
        part.wrong(key, "line_order", ko, f"expected who signs, from the lowest up, of {told}")
    return roles


def _change_kinds(lifecycle: Lifecycle) -> tuple[str, ...]:
    """Return the kinds of change that somebody may ask for."""
    return tuple(
        option
        for event in lifecycle.events.values()
        if "change" in event.actions
        for field in event.data
        for option in field.options
    )


def read_duties(top: Part, lifecycle: Lifecycle | None) -> tuple[str, ...]:
    """Return the optional separations of duties that the plan asks for."""
    known = None
    if lifecycle is not None:
        known = [duty.name for duty in lifecycle.duties if duty.optional]
    return _among(top, "duties", ("선택할 수 있는 직무 분리", "duty"), known)


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
