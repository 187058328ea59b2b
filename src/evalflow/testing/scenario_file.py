"""Scenario files (docs/reference/scenario.md) as values, checked whole with the plans they name."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from evalflow.decision.guards import GUARDS
from evalflow.decision.words import REFUSALS
from evalflow.engine.opening import load_plan
from evalflow.errors import InvalidInput, Problem
from evalflow.files.figures import figure_of
from evalflow.files.reader import Part, Reader
from evalflow.files.texts import date_of
from evalflow.files.yaml import Document, read
from evalflow.model import Label
from evalflow.model.canonical import Tree
from evalflow.plan.definition import Plan
from evalflow.testing.scenario_data import Fill, read_fill
from evalflow.testing.scenario_steps import Adoption, Holder, Scenario, Step

FORMAT = "scenario/1"
ALL = "all"
"""What `projects` says for all projects of the plan."""

_KEYS = frozenset({"evalflow", "ko", "en", "given", "steps"})
_STEP = frozenset(
    {
        "on",
        "until",
        "plan",
        "adopt",
        "revise",
        "reason",
        "selected_from",
        "keep",
        "by",
        "do",
        "project",
        "projects",
    }
    | {"except", "data", "each", "fill", "expect", "note", "ko", "en"}
)
_EXPECT = frozenset(
    {"refused", "invalid", "state", "period", "rate", "band", "late", "tells", "overdue"}
    | {"role", "for"}
)
_MOMENT = re.compile(r"(.+?)(?:[ T](\d{1,2}):(\d{2}))?", re.ASCII)
_FILE_NAME = re.compile(r"[\w][\w.-]{0,99}", re.ASCII)
_SEOUL = "Asia/Seoul"


def load_scenario(
    source: str | os.PathLike[str], *, plugins: Sequence[Any] | None = None
) -> Scenario:
    """Return the scenario in a YAML file together with the plans that it names (paths from the
    scenario's own folder), checked whole.

    Raises:
        InvalidInput: the scenario or a plan has mistakes; all of them, with file and line.
    """
    document = read(source)
    return _Loading(document, os.path.dirname(os.fspath(source)), plugins).scenario()


class _Loading:
    """Reads one scenario from top to bottom: a step looks at what those before it adopted."""

    def __init__(self, document: Document, folder: str, plugins: Sequence[Any] | None) -> None:
        self.document = document
        self.folder = folder
        self.plugins = plugins
        self.reading = Reader(document)
        self.problems: list[Problem] = []  # of the plans, each with a place in its own file
        self.plans: dict[str, Plan] = {}

    def scenario(self) -> Scenario:
        top = self.reading.top
        top.only(_KEYS)
        top.choice("evalflow", (FORMAT,))
        label = top.label(english=False)
        given = top.mapping("given")
        given.only({"plan", "selected_from", "on", "by"})
        by = given.text("by")
        first = self._adoption(given, "plan")
        plan = None if first is None else first.plan
        begin = self._moment(given, "on", plan, None)
        steps: list[Step] = []
        after = begin
        for place, part in top.parts("steps", required=True, named=False):
            step, plan = self._step(part, place, plan, after)
            after = step.until or step.on
            steps.append(step)
        if self.reading.problems or self.problems:
            raise InvalidInput([*self.reading.problems, *self.problems])
        assert first is not None
        return Scenario(
            label=label,
            file=self.document.name,
            given=first,
            adopted_by=by,
            adopted_on=begin,
            steps=tuple(steps),
            plans=self.plans,
            document=self.document,
        )

    def _adoption(self, part: Part, key: str) -> Adoption | None:
        """Return the plan in the file that `key` names; None where it cannot be loaded."""
        name = part.text(key)
        if not name:
            return None
        path = os.path.normpath(os.path.join(self.folder, name))
        try:
            plan = load_plan(path, plugins=self.plugins)
        except InvalidInput as error:
            self.problems.extend(error.problems)
            return None
        if plan.id in self.plans:
            ko, en = f"계획 '{plan.id}'은(는) 이미 확정했습니다", f"{plan.id} is adopted already"
            part.wrong(key, "adopted_twice", ko, en, name)
        self.plans[plan.id] = plan
        return Adoption(plan=plan, path=path, selected_from=part.text("selected_from", None))

    # ------------------------------------------------------------------ steps

    def _step(
        self, part: Part, place: int, plan: Plan | None, after: dt.datetime
    ) -> tuple[Step, Plan | None]:
        """Return a step, and the plan that the next one is about unless it says otherwise."""
        part.only(_STEP)
        adopts = self._adoption(part, "adopt") if "adopt" in part else None
        if adopts is not None:
            plan = adopts.plan
        elif "plan" in part:
            plan = self.plans.get(part.known("plan", ("계획", "plan"), self.plans), plan)
        on = self._moment(part, "on", plan, after)
        do = self._events(part, plan)
        numbers = _numbers(part, plan)
        if do and not numbers:
            ko, en = "어느 사업인지 project를 적으십시오", "say which project"
            part.wrong(None, "missing_key", ko, en)
        for other in ("do", "project", "projects", "data", "each", "fill"):
            for key in ("adopt", "revise"):
                if key in part and other in part:
                    ko = f"{key}이(가) 있는 단계에는 '{other}'을(를) 적지 않습니다"
                    part.wrong_key(
                        other, "wrong_value", ko, f"a step with {key} takes no '{other}'"
                    )
        if "reason" in part and "revise" not in part:
            ko, en = "reason은 revise와 함께 적습니다", "reason needs revise"
            part.wrong_key("reason", "wrong_value", ko, en)
        if "selected_from" in part and "adopt" not in part:
            ko, en = "selected_from은 adopt와 함께 적습니다", "selected_from needs adopt"
            part.wrong_key("selected_from", "wrong_value", ko, en)
        expect = part.mapping("expect", required=False)
        step = Step(
            place=place,
            line=self.document.place(("steps", place))[0],
            on=on,
            until=self._moment(part, "until", plan, on) if "until" in part else None,
            plan="" if plan is None else plan.id,
            label=_label(part),
            adopts=adopts,
            revises=dict(part.mapping("revise").tree) if "revise" in part else None,
            reason=part.text("reason", None),
            keep=_file_name(part),
            by=_by(part, plan, required=bool(do) or "adopt" in part or "revise" in part),
            do=do,
            numbers=numbers,
            data=dict(part.mapping("data", required=False).tree),
            each=_each(part, numbers),
            fill=_fill(part, do, plan),
        )
        return _expecting(step, expect, plan), plan

    def _events(self, part: Part, plan: Plan | None) -> tuple[str, ...]:
        found = part.texts("do")
        for name in found if plan is not None else ():
            if plan is not None and name and name not in plan.lifecycle.events:
                path = (*part.path, "do")
                self.reading.unknown(path, ("절차", "event"), name, plan.lifecycle.events)
        return found

    def _moment(
        self, part: Part, key: str, plan: Plan | None, after: dt.datetime | None
    ) -> dt.datetime:
        """Return the moment of a step in the office's zone; 10:00 where no time is given, a minute
        after the step before where nothing is."""
        zone = ZoneInfo(_SEOUL if plan is None else plan.head.calendar.zone)
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


def _numbers(part: Part, plan: Plan | None) -> tuple[str, ...]:
    """Return the projects of a step: those that it names, or all, less its exceptions."""
    given = (*part.texts("project"), *part.texts("projects"))
    if plan is None:
        return given
    everything = part.tree.get("projects") == ALL
    but = part.texts("except")
    if but and not everything:
        ko, en = "except는 projects: all과 함께 적습니다", "except needs projects: all"
        part.wrong_key("except", "wrong_value", ko, en)
    for number in (*but, *(() if everything else given)):
        if number not in plan.projects:
            key = next(k for k in ("project", "projects", "except") if number in part.texts(k))
            ko = f"관리번호 '{number}'이(가) 계획에 없습니다"
            part.wrong(key, "unknown_project", ko, f"the plan has no project '{number}'", number)
    if everything:
        given = tuple(number for number in plan.projects if number not in but)
    return given


def _by(part: Part, plan: Plan | None, *, required: bool) -> str | Holder | None:
    if not isinstance(part.tree.get("by"), Mapping):
        return part.text("by") if required else part.text("by", None)
    inside = part.mapping("by")
    inside.only({"role", "nth"})
    if "adopt" in part or "revise" in part:
        ko, en = "계획을 확정하는 사람의 id를 적으십시오", "name who adopts the plan by id"
        part.wrong("by", "wrong_value", ko, en)
    role = inside.text("role")
    if plan is not None and role:
        role = inside.known("role", ("역할", "role"), plan.lifecycle.roles)
    return Holder(role, inside.whole("nth", 1, least=1, most=1000))


def _label(part: Part) -> Label | None:
    if "ko" not in part and "en" not in part:
        return None
    ko = part.text("ko")
    return Label(ko, part.text("en", ko))


def _file_name(part: Part) -> str | None:
    name = part.text("keep", None)
    if name is not None and not _FILE_NAME.fullmatch(name):
        ko, en = "폴더 없는 파일 이름이어야 합니다", "expected a file's name, without a folder"
        part.wrong("keep", "wrong_value", ko, en, name)
    return name


def _each(part: Part, numbers: Sequence[str]) -> dict[str, dict[str, Tree]]:
    inside = part.mapping("each", required=False)
    for number in inside.tree:
        if number not in numbers:
            ko = f"이 단계의 사업이 아닙니다: '{number}'"
            inside.wrong_key(number, "unknown_project", ko, f"not a project of the step: {number}")
    return {number: dict(inside.mapping(number).tree) for number in inside.tree}


def _fill(part: Part, do: Sequence[str], plan: Plan | None) -> dict[str, Fill]:
    inside = part.mapping("fill", required=False)
    if plan is None or not inside.tree:
        return {}
    event = plan.lifecycle.events.get(do[0]) if do else None
    if event is None:
        if not do:
            ko, en = "fill은 절차의 자료를 채웁니다: do가 필요합니다", "fill needs an event (do)"
            part.wrong_key("fill", "missing_key", ko, en)
        return {}
    return read_fill(inside, event, plan.lifecycle, plan.projects)


# --------------------------------------------------------------------------- what is expected


def _expecting(step: Step, expect: Part, plan: Plan | None) -> Step:
    """Return the step with what it expects."""
    expect.only(_EXPECT)
    states = () if plan is None else tuple(plan.lifecycle.states)
    for state in expect.texts("state") if states else ():
        if state not in states:
            expect.unknown("state", ("상태", "state"), states)
    rate = expect.text("rate", None)
    if rate is not None and rate != "none" and figure_of(rate) is None:
        ko = "이행률은 84.5와 같은 수이거나 none이어야 합니다"
        en = "expected a rate such as 84.5, or none"
        expect.wrong("rate", "wrong_value", ko, en, rate)
    return attrs.evolve(
        step,
        refused=_refused(expect, plan),
        invalid=_given(expect, "invalid"),
        state=_given(expect, "state"),
        period=expect.text("period", None),
        rate=rate,
        band=expect.text("band", None),
        late=expect.whole("late", None, least=0, most=3660),
        tells=_given(expect, "tells"),
        overdue=_given(expect, "overdue"),
        role=expect.text("role", None),
        acted_for=expect.text("for", None),
    )


def _refused(part: Part, plan: Plan | None) -> tuple[str, ...] | None:
    """Return the codes of the refusal that is expected. Where only evalflow's own guards are asked
    they are all known, and another one is none."""
    codes = _given(part, "refused")
    if codes is None or plan is None:
        return codes
    events = plan.lifecycle.events.values()
    uses = [
        use for e in events for use in (*e.guards, *(u for t in e.transitions for u in t.guards))
    ]
    if all(use.name in GUARDS for use in uses):
        known = tuple(REFUSALS)
        for place, code in enumerate(codes):
            if code not in known:
                alone = isinstance(part.tree["refused"], str)
                inside, key = (part, "refused") if alone else (part.items("refused"), place)
                inside.unknown(key, ("처리 불가 사유", "refusal code"), known)
    return codes


def _given(part: Part, key: str) -> tuple[str, ...] | None:
    return part.texts(key) if part.tree.get(key) is not None else None
