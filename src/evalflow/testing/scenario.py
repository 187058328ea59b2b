"""Scenarios: what happens under a plan's rules and what is expected then, written down to be run.

A scenario is a YAML file (see docs/reference/scenario.md): a plan to begin with, then steps in
order of time. Each step may fire an event, and says what is expected: the state, the rate, who is
told, or which refusal. The clock stands where the step says. `scenario_file` reads the file into
the values of `scenario_steps`; `scenario_data` works out data that is not written out.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from evalflow.engine.engine import Engine
from evalflow.engine.opening import open as open_engine
from evalflow.engine.schemes import select_plan
from evalflow.errors import EvalflowError, InvalidInput, NotFound, Refused
from evalflow.files.figures import figure_of
from evalflow.files.yaml import placed
from evalflow.model import Actor
from evalflow.model.canonical import Tree
from evalflow.model.values import define
from evalflow.plan.definition import Plan
from evalflow.plan.head import head_from_tree
from evalflow.plan.patch import merge_patch
from evalflow.plan.project import definition_from_tree
from evalflow.testing.scenario_data import Place
from evalflow.testing.scenario_file import load_scenario
from evalflow.testing.scenario_steps import Adoption, Failure, Holder, Scenario, Step

__all__ = ["Failure", "Scenario", "Step", "load_scenario", "run_scenario"]


@define
class _Clock:
    moment: dt.datetime

    def __call__(self) -> dt.datetime:
        return self.moment.astimezone(dt.UTC)


def run_scenario(
    scenario: Scenario,
    *,
    url: str = "memory:",
    plugins: Sequence[Any] | None = None,
    keep: str | os.PathLike[str] | None = None,
    told: Callable[[Step, Engine], None] | None = None,
) -> tuple[Failure, ...]:
    """Play the scenario in the store at `url`, which must not have its plans yet, and return
    everything that came out otherwise; nothing where all is as expected.

    `keep` is the folder for the copies of the store that steps keep; without it they keep none.
    `told` is called after every step, with the engine.

    Raises:
        StorageError: the store cannot be used, or a copy cannot be written.
    """
    clock = _Clock(scenario.adopted_on)
    with open_engine(url, plugins=plugins, clock=clock) as engine:
        playing = _Playing(scenario, engine, clock, None if keep is None else Path(keep))
        found = [*playing.adopted(scenario.given, scenario.adopted_by, ("given",))]
        if found:
            return tuple(found)
        for step in scenario.steps:
            found.extend(playing.step(step))
            if told is not None:
                told(step, engine)
        return tuple(found)


@define
class _Playing:
    """One scenario in one store."""

    scenario: Scenario
    engine: Engine
    clock: _Clock
    keep: Path | None

    def step(self, step: Step) -> Iterator[Failure]:
        """Yield what comes out otherwise in one step: the firings, then how things stand."""
        self.clock.moment = step.on
        if step.adopts is not None:
            by = step.by if isinstance(step.by, str) else ""
            yield from self.adopted(step.adopts, by, ("steps", step.place), step)
        if step.revises is not None:
            yield from self._revised(step, step.revises)
        if step.numbers:
            moments = step.moments(self.engine.plans.calendar(step.plan))
        for number in step.numbers:
            self.clock.moment = next(moments)
            yield from self._project(step, number)
        if step.until is not None:
            self.clock.moment = step.until
        if step.keep is not None and self.keep is not None:
            yield from self._copied(step, self.keep / step.keep)
        if step.overdue is not None:
            owed = self._overdue(step)
            if owed != set(step.overdue):
                yield self._wrong(
                    step, "기한을 넘긴 사업", "overdue", sorted(step.overdue), sorted(owed)
                )

    def adopted(
        self,
        adoption: Adoption,
        by: str,
        path: tuple[str | int, ...],
        step: Step | None = None,
    ) -> Iterator[Failure]:
        """Adopt a plan, and yield why it could not be."""
        line = self.scenario.document.place(path)[0]
        try:
            plan = adoption.plan
            if adoption.selected_from is not None:
                plan = select_plan(self.engine, adoption.selected_from, adoption.path)
            self.engine.adopt(plan, by=plan.actor(by))
        except (Refused, NotFound, InvalidInput) as error:
            if step is not None and step.stops is not None:
                yield from self._stopped(step, error)
            else:
                yield self._failure(line, _one_line(error, "ko"), _one_line(error, "en"))
        else:
            if step is not None and step.stops is not None:
                what = f"{adoption.plan.id} adopt"
                yield self._wrong(step, what, what, step.stops, "passed")

    def _revised(self, step: Step, patch: Mapping[str, Tree]) -> Iterator[Failure]:
        """Revise the plan in force by a merge patch, and yield why it could not be."""
        by = step.by if isinstance(step.by, str) else ""
        try:
            plan = _patched(self.engine.plans.with_tables(step.plan, []), patch)
            self.engine.adopt(plan, by=by, reason=step.reason)
        except (Refused, NotFound, InvalidInput) as error:
            yield from self._stopped(step, error)
        else:
            if step.stops is not None:
                what = f"{step.plan} revise"
                yield self._wrong(step, what, what, step.stops, "passed")

    def _project(self, step: Step, number: str) -> Iterator[Failure]:
        engine = self.engine
        tells = step.tells is not None
        known = {each.notice.id for each in engine.outbox.notices()} if tells else set()
        late: int | None = None
        if step.do:
            try:
                late = self._fire(step, number) or 0
            except (Refused, InvalidInput, NotFound) as error:
                yield from self._stopped(step, error)
                if step.stops is None:
                    return
            else:
                if step.stops is not None:
                    done = " / ".join(step.do)
                    yield self._wrong(
                        step, f"{number}번 {done}", f"{number} {done}", step.stops, "passed"
                    )
                    return
        if not step.looks:
            return
        notices = engine.outbox.notices() if tells else ()
        told = {each.notice.recipient for each in notices if each.notice.id not in known}
        for ko, en, expected, came, fits in self._looks(step, number, late, told):
            if expected is not None and not fits:
                yield self._wrong(step, f"{number}번 {ko}", f"{number} {en}", expected, came)

    def _fire(self, step: Step, number: str) -> int | None:
        """Fire the step's event on one project and return by how many days it was late."""
        project = f"{step.plan}/{number}"
        place = Place(
            engine=self.engine,
            project=self.engine.project(project),
            day=self.clock.moment.date(),
        )
        by = self._actor(step, place)
        filled = {name: fill(place) for name, fill in step.fill.items()}
        data = {
            **{name: tree for name, tree in filled.items() if tree is not None},
            **step.data,
            **step.each.get(number, {}),
        }
        event = next(
            (
                event
                for event in step.do
                if len(step.do) > 1
                and self.engine.explain(project, event, by=by, data=data).allowed
            ),
            step.do[0],
        )
        return self.engine.fire(project, event, by=by, data=data).late

    def _actor(self, step: Step, place: Place) -> Actor:
        if not isinstance(step.by, Holder):
            return self.engine.actor(step.plan, step.by or "")
        holder = place.holder(step.by.role, step.by.nth)
        if holder is None:
            raise NotFound("actor", step.by.role)
        return self.engine.actor(step.plan, holder)

    def _looks(
        self, step: Step, number: str, late: int | None, told: set[str]
    ) -> Iterator[tuple[str, str, object, object, bool]]:
        """Yield, of one project, what is looked at in both languages, what is expected (None:
        nothing), what came, and whether they agree."""
        project = self.engine.project(f"{step.plan}/{number}")
        rating = self.engine.evaluation(project.id).rating
        rate = "none" if rating is None or rating.rate is None else format(rating.rate, "f")
        band = project.band or "none"
        reached = set(step.state or ()) <= set(project.states)
        yield "상태", "state", step.state, project.states, reached
        yield "기간", "period", step.period, project.period, step.period == project.period
        yield "이행률", "rate", step.rate, rate, _same_rate(step.rate, rate)
        yield "추진상태", "band", step.band, band, step.band == band
        yield "지연일", "days late", step.late, late, step.late == late
        if step.role is not None or step.acted_for is not None:
            *_, last = self.engine.history(project.id)
            yield "역할", "role", step.role, last.role, step.role == last.role
            behalf = last.on_behalf_of or "none"
            yield "대결", "acted for", step.acted_for, behalf, step.acted_for == behalf
        yield "알림", "told", step.tells, sorted(told), set(step.tells or ()) == told

    def _overdue(self, step: Step) -> set[str]:
        today = self.engine.plans.calendar(step.plan).today(self.clock.moment)
        late = (due for due in self.engine.due(plan=step.plan) if due.due < today)
        return {project.rpartition("/")[2] for due in late for project in due.projects}

    def _copied(self, step: Step, path: Path) -> Iterator[Failure]:
        """Keep a copy of the store in the file, or yield that this storage makes none."""
        from evalflow.storage.sqlite import SQLiteStorage

        if isinstance(self.engine.storage, SQLiteStorage):
            self.engine.storage.copy_to(path)
            return
        name = type(self.engine.storage).__name__
        yield self._failure(
            step.line,
            f"{name}은(는) 사본을 만들지 못합니다: keep은 SQLite 저장소에서 쓸 수 있습니다",
            f"{name} makes no copies: keep is for stores of SQLite",
        )

    # ------------------------------------------------------------------ failures

    def _stopped(self, step: Step, error: EvalflowError) -> Iterator[Failure]:
        """Yield a failure unless this is just the refusal, or the mistakes, that were expected."""
        refused = error.reasons if isinstance(error, Refused) else ()
        codes = tuple(dict.fromkeys(reason.code for reason in refused))
        expected = step.refused
        if isinstance(error, InvalidInput):
            expected = step.invalid
            codes = tuple(dict.fromkeys(problem.code for problem in error.problems))
            inside = [
                problem
                if problem.file is not None
                else attrs.evolve(problem, path=f"steps[{step.place}].data.{problem.path}")
                for problem in error.problems
            ]
            error = placed(InvalidInput(inside), self.scenario.document)
        if expected is None:
            ko, en = _one_line(error, "ko"), _one_line(error, "en")
            yield self._failure(step.line, f"통과해야 하는데 {ko}", f"should have passed: {en}")
        elif set(codes) != set(expected):
            yield self._wrong(step, "처리 불가 사유", "reasons", expected, codes)

    def _wrong(self, step: Step, ko: str, en: str, expected: object, came: object) -> Failure:
        return self._failure(
            step.line,
            f"{ko}: {_shown(expected)}이어야 하는데 {_shown(came)}입니다.",
            f"{en}: expected {_shown(expected)}, got {_shown(came)}",
        )

    def _failure(self, line: int, ko: str, en: str) -> Failure:
        return Failure(file=self.scenario.file, line=line, ko=ko, en=en)


def _patched(plan: Plan, patch: Mapping[str, Tree]) -> Plan:
    """Return the plan with a merge patch (RFC 7396) over what its file says.

    Raises:
        InvalidInput: it is no plan then.
    """
    own = {key: value for key, value in patch.items() if key != "projects"}
    head = plan.head
    if own:
        head = attrs.evolve(
            head_from_tree(merge_patch(head.tree, own)),
            revision=head.revision,
            effective=head.effective,
        )
    projects = dict(plan.projects)
    for number, change in (patch.get("projects") or {}).items():
        was = projects.get(str(number))
        tree = merge_patch({} if was is None else was.tree, change)
        projects[str(number)] = definition_from_tree(
            head, str(number), tree, measures=plan.lifecycle.measures
        )
    return attrs.evolve(plan, head=head, projects=projects)


def _one_line(error: EvalflowError, lang: str) -> str:
    return " / ".join(error.text(lang).split("\n"))


def _same_rate(expected: str | None, came: str) -> bool:
    if expected is None or "none" in (expected, came):
        return expected == came
    return figure_of(expected) == figure_of(came)


def _shown(value: object) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(str(each) for each in value) or "-"
    return "-" if value is None else str(value)
