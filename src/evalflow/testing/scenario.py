"""Scenarios: what an officer expects of a plan's rules, written down so that it can be run.

A scenario is a YAML file (see docs/reference/scenario.md): a plan to begin with, then steps in
order of time. Each step may fire an event, and says what is expected: the state, the rate, who is
told, or which refusal. Every run starts from an empty store of its own, and the clock stands
where the step says.
"""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from evalflow.engine.engine import Engine
from evalflow.engine.opening import load_plan
from evalflow.engine.opening import open as open_engine
from evalflow.errors import EvalflowError, InvalidInput, NotFound, Problem, Refused
from evalflow.files.figures import figure_of
from evalflow.files.reader import Part, Reader, date_of
from evalflow.files.yaml import Document, placed, read
from evalflow.model import Label
from evalflow.model.canonical import Tree
from evalflow.plan.definition import Plan

FORMAT = "scenario/1"

_KEYS = frozenset({"evalflow", "ko", "en", "given", "steps"})
_STEP = frozenset({"on", "by", "do", "project", "projects", "data", "expect", "note"})
_EXPECT = frozenset(
    {"refused", "invalid", "state", "period", "rate", "band", "late", "tells", "overdue"}
)
_MOMENT = re.compile(r"(.+?)(?:[ T](\d{1,2}):(\d{2}))?", re.ASCII)


@attrs.frozen(kw_only=True)
class Step:
    """One step: when, what is fired by whom on which projects, and what is expected then.

    `do` is None for a step that only looks. `line` is its place in the file. What is not
    expected in words (None) is not looked at; a firing without `refused` or `invalid` is
    expected to pass.
    """

    place: int
    line: int
    on: dt.datetime
    by: str | None = None
    do: str | None = None
    numbers: tuple[str, ...] = ()
    data: Mapping[str, Tree] = attrs.field(factory=dict)
    refused: tuple[str, ...] | None = None
    invalid: tuple[str, ...] | None = None
    state: tuple[str, ...] | None = None
    period: str | None = None
    rate: str | None = None
    band: str | None = None
    late: int | None = None
    tells: tuple[str, ...] | None = None
    overdue: tuple[str, ...] | None = None

    @property
    def stops(self) -> tuple[str, ...] | None:
        """The codes that are expected instead of a firing, or None where it should pass."""
        return self.invalid if self.refused is None else self.refused


@attrs.frozen(kw_only=True)
class Scenario:
    """A plan to begin with and the steps from there."""

    label: Label
    file: str
    plan: Plan
    adopted_by: str
    adopted_on: dt.datetime
    steps: tuple[Step, ...]
    document: Document = attrs.field(eq=False, repr=False)


@attrs.frozen(kw_only=True)
class Failure:
    """Something that came out otherwise than the scenario expects."""

    file: str
    line: int
    ko: str
    en: str

    def text(self, lang: str = "ko") -> str:
        """Return place and sentence as one line."""
        return f"{self.file}:{self.line}: {self.ko if lang == 'ko' else self.en}"


# --------------------------------------------------------------------------- loading


def load_scenario(
    source: str | os.PathLike[str], *, plugins: Sequence[Any] | None = None
) -> Scenario:
    """Return the scenario in a YAML file together with the plan that it names (a path from the
    scenario's own folder), checked whole.

    Raises:
        InvalidInput: the scenario or its plan has mistakes; all of them, with file and line.
    """
    document = read(source)
    reading = Reader(document)
    top = reading.top
    top.only(_KEYS)
    top.choice("evalflow", (FORMAT,))
    label = top.label(english=False)
    given = top.mapping("given")
    given.only({"plan", "on", "by"})
    file = given.text("plan")
    by = given.text("by")
    plan: Plan | None = None
    problems: list[Problem] = []
    if file:
        folder = os.path.dirname(os.fspath(source))
        try:
            plan = load_plan(os.path.normpath(os.path.join(folder, file)), plugins=plugins)
        except InvalidInput as error:
            problems.extend(error.problems)
    begin = _moment(given, "on", plan, None)
    steps: list[Step] = []
    last = begin
    for place, part in top.parts("steps", required=True, named=False):
        step = _step(part, place, document, plan, last)
        last = step.on
        steps.append(step)
    if reading.problems or problems:
        raise InvalidInput([*reading.problems, *problems])
    assert plan is not None
    return Scenario(
        label=label,
        file=document.name,
        plan=plan,
        adopted_by=by,
        adopted_on=begin,
        steps=tuple(steps),
        document=document,
    )


def _step(
    part: Part, place: int, document: Document, plan: Plan | None, after: dt.datetime
) -> Step:
    part.only(_STEP)
    expect = part.mapping("expect", required=False)
    expect.only(_EXPECT)
    events = () if plan is None else tuple(plan.lifecycle.events)
    states = () if plan is None else tuple(plan.lifecycle.states)
    do = part.known("do", ("절차", "event"), events, None) if events else part.text("do", None)
    numbers = (*part.texts("project"), *part.texts("projects"))
    if plan is not None:
        for number in numbers:
            if number not in plan.projects:
                key = "project" if "project" in part else "projects"
                ko = f"관리번호 '{number}'이(가) 계획에 없습니다"
                en = f"the plan has no project '{number}'"
                part.wrong(key, "unknown_project", ko, en, number)
    if do is not None and not numbers:
        ko, en = "어느 사업인지 project를 적으십시오", "say which project"
        part.wrong(None, "missing_key", ko, en)
    for state in expect.texts("state") if states else ():
        if state not in states:
            expect.unknown("state", ("상태", "state"), states)
    rate = expect.text("rate", None)
    if rate is not None and rate != "none" and figure_of(rate) is None:
        ko = "이행률은 84.5와 같은 수이거나 none이어야 합니다"
        en = "expected a rate such as 84.5, or none"
        expect.wrong("rate", "wrong_value", ko, en, rate)
    data = part.mapping("data", required=False)
    return Step(
        place=place,
        line=document.place(("steps", place))[0],
        on=_moment(part, "on", plan, after),
        by=part.text("by") if do is not None else part.text("by", None),
        do=do,
        numbers=numbers,
        data=dict(data.tree),
        refused=_given(expect, "refused"),
        invalid=_given(expect, "invalid"),
        state=_given(expect, "state"),
        period=expect.text("period", None),
        rate=rate,
        band=expect.text("band", None),
        late=expect.whole("late", None, least=0, most=3660),
        tells=_given(expect, "tells"),
        overdue=_given(expect, "overdue"),
    )


def _given(part: Part, key: str) -> tuple[str, ...] | None:
    return part.texts(key) if part.tree.get(key) is not None else None


def _moment(part: Part, key: str, plan: Plan | None, after: dt.datetime | None) -> dt.datetime:
    """Return the moment of a step in the office's zone; 10:00 where no time is given, a minute
    after the step before where nothing is."""
    zone = ZoneInfo("Asia/Seoul" if plan is None else plan.head.calendar.zone)
    fallback = after or dt.datetime(2000, 1, 1, tzinfo=zone)
    text = part.text(key, None) if after is not None else part.text(key)
    if not text:
        return fallback + dt.timedelta(minutes=1)
    match = _MOMENT.fullmatch(text)
    day = date_of(match[1]) if match else None
    try:
        time = dt.time(int(match[2] or 10), int(match[3] or 0)) if match else None
    except ValueError:
        time = None
    if day is None or time is None:
        ko = "날짜(2016-04-05)나 날짜와 시각(2016-04-05 14:00)이어야 합니다"
        en = "expected a date (2016-04-05), or a date and time (2016-04-05 14:00)"
        part.wrong(key, "wrong_value", ko, en, text)
        return fallback
    moment = dt.datetime.combine(day, time, zone)
    if after is not None and moment <= after:
        if match is not None and match[2] is None and day == after.date():
            return after + dt.timedelta(minutes=1)
        ko = f"앞 단계({after:%Y-%m-%d %H:%M})보다 뒤여야 합니다"
        en = f"must be later than the step before ({after:%Y-%m-%d %H:%M})"
        part.wrong(key, "wrong_value", ko, en, text)
    return moment


# --------------------------------------------------------------------------- running


@attrs.define
class _Clock:
    moment: dt.datetime

    def __call__(self) -> dt.datetime:
        return self.moment.astimezone(dt.UTC)


def run_scenario(
    scenario: Scenario, *, url: str = "memory:", plugins: Sequence[Any] | None = None
) -> tuple[Failure, ...]:
    """Play the scenario in the store at `url`, which must be empty, and return everything that
    came out otherwise; nothing where all is as expected.

    Raises:
        StorageError: the store cannot be used.
    """
    clock = _Clock(scenario.adopted_on)
    with open_engine(url, plugins=plugins, clock=clock) as engine:
        try:
            engine.adopt(scenario.plan, by=scenario.plan.actor(scenario.adopted_by))
        except (Refused, NotFound) as error:
            line = scenario.document.place(("given",))[0]
            return (_failure(scenario, line, error.text("ko"), error.text("en")),)
        found: list[Failure] = []
        for step in scenario.steps:
            clock.moment = step.on
            found.extend(_play(scenario, step, engine))
        return tuple(found)


def _play(scenario: Scenario, step: Step, engine: Engine) -> Iterator[Failure]:
    """Yield what comes out otherwise in one step: the firings, then how things stand."""

    def wrong(ko: str, en: str, expected: object, came: object) -> Failure:
        return _failure(
            scenario,
            step.line,
            f"{ko}: {_shown(expected)}이어야 하는데 {_shown(came)}입니다.",
            f"{en}: expected {_shown(expected)}, got {_shown(came)}",
        )

    for number in step.numbers:
        known = {each.notice.id for each in engine.outbox.notices()}
        late: int | None = None
        if step.do is not None:
            try:
                late = _fire(scenario, step, engine, number) or 0
            except (Refused, InvalidInput, NotFound) as error:
                yield from _stopped(scenario, step, error, wrong)
                if step.stops is None:
                    continue
            else:
                if step.stops is not None:
                    yield wrong(
                        f"{number}번 {step.do}", f"{number} {step.do}", step.stops, "passed"
                    )
                    continue
        told = {
            each.notice.recipient for each in engine.outbox.notices() if each.notice.id not in known
        }
        for ko, en, expected, came, fits in _looks(scenario, step, engine, number, late, told):
            if expected is not None and not fits:
                yield wrong(f"{number}번 {ko}", f"{number} {en}", expected, came)
    if step.overdue is not None:
        owed = _overdue(engine, scenario.plan.id, step.on)
        if owed != set(step.overdue):
            yield wrong("기한을 넘긴 사업", "overdue", sorted(step.overdue), sorted(owed))


def _fire(scenario: Scenario, step: Step, engine: Engine, number: str) -> int | None:
    """Fire the step's event on one project and return by how many days it was late."""
    actor = engine.actor(scenario.plan.id, step.by or "")
    project = f"{scenario.plan.id}/{number}"
    return engine.fire(project, step.do or "", by=actor, data=dict(step.data)).late


def _looks(
    scenario: Scenario,
    step: Step,
    engine: Engine,
    number: str,
    late: int | None,
    told: set[str],
) -> Iterator[tuple[str, str, object, object, bool]]:
    """Yield, of one project, what is looked at in both languages, what is expected (None:
    nothing), what came, and whether they agree."""
    project = engine.project(f"{scenario.plan.id}/{number}")
    rating = engine.evaluation(project.id).rating
    rate = "none" if rating is None or rating.rate is None else format(rating.rate, "f")
    band = project.band or "none"
    reached = set(step.state or ()) <= set(project.states)
    yield "상태", "state", step.state, project.states, reached
    yield "기간", "period", step.period, project.period, step.period == project.period
    yield "이행률", "rate", step.rate, rate, _same_rate(step.rate, rate)
    yield "판정", "band", step.band, band, step.band == band
    yield "지연일", "days late", step.late, late, step.late == late
    yield "알림", "told", step.tells, sorted(told), set(step.tells or ()) == told


def _overdue(engine: Engine, plan: str, at: dt.datetime) -> set[str]:
    today = engine.plans.calendar(plan).today(at)
    late = (due for due in engine.due(plan=plan) if due.due < today)
    return {project.rpartition("/")[2] for due in late for project in due.projects}


def _stopped(scenario: Scenario, step: Step, error: EvalflowError, wrong: Any) -> Iterator[Failure]:
    """Yield a failure unless this is just the refusal, or the mistakes, that were expected."""
    refused = error.reasons if isinstance(error, Refused) else ()
    codes = tuple(dict.fromkeys(reason.code for reason in refused))
    expected = step.refused
    if isinstance(error, InvalidInput):
        expected = step.invalid
        codes = tuple(dict.fromkeys(problem.code for problem in error.problems))
        inside = [
            attrs.evolve(problem, path=f"steps[{step.place}].data.{problem.path}")
            for problem in error.problems
        ]
        error = placed(InvalidInput(inside), scenario.document)
    if expected is None:
        ko, en = " / ".join(error.text("ko").split("\n")), " / ".join(error.text("en").split("\n"))
        yield _failure(scenario, step.line, f"통과해야 하는데 {ko}", f"should have passed: {en}")
    elif set(codes) != set(expected):
        yield wrong("거부 사유", "reasons", expected, codes)


def _among(expected: tuple[str, ...] | None, states: tuple[str, ...]) -> bool:
    return set(expected or ()) <= set(states)


def _same_rate(expected: str | None, came: str) -> bool:
    if expected is None or "none" in (expected, came):
        return expected == came
    return figure_of(expected) == figure_of(came)


def _shown(value: object) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(str(each) for each in value) or "-"
    return "-" if value is None else str(value)


def _failure(scenario: Scenario, line: int, ko: str, en: str) -> Failure:
    return Failure(file=scenario.file, line=line, ko=ko, en=en)
