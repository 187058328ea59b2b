"""A lifecycle's own tests, for nothing: what must hold of any definition, held against a store.

    from evalflow.testing import LifecycleConformance, lifecycle_machine

    class TestOurs(LifecycleConformance):
        plan = "office/plan.yaml"          # a plan that runs on it, with its people

    TestOurWalks = lifecycle_machine("office/plan.yaml").TestCase

The first proves what can be proved and tries every event with everybody; the second walks at
random on a real store beside a plain model, and reads everything back after each step.
"""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import evalflow
from evalflow.lifecycle.check.paths import paths
from evalflow.plugins.installed import Plugins
from evalflow.testing import SampleContext, sample_data

Source = str | os.PathLike[str]

_STRENGTHS = (Fraction(1), Fraction(3, 4), Fraction(1, 2))
_BEYOND = 60  # days after the plan's last period on which something may still be done


class _Clock:
    """A clock that a test turns; every look moves it on, so that no two moments are equal."""

    def __init__(self, moment: dt.datetime) -> None:
        self.moment = moment

    def __call__(self) -> dt.datetime:
        self.moment += dt.timedelta(milliseconds=1)
        return self.moment.astimezone(dt.UTC)


class _House:
    """A plan adopted in a store, on a clock, with people who know what to write."""

    def __init__(self, source: Source, url: str, plugins: Sequence[Any] | None) -> None:
        self.plan = evalflow.load_plan(source, plugins=plugins)
        self.lifecycle = self.plan.lifecycle
        self.calendar = evalflow.Calendar(self.plan.head.calendar)
        zone = ZoneInfo(self.plan.head.calendar.zone)
        first = self.calendar.periods()[0].start
        self.clock = _Clock(dt.datetime.combine(first, dt.time(9), zone))
        self.engine = evalflow.open(url, plugins=plugins, clock=self.clock)
        self.engine.adopt(self.plan, by=self._adopter())

    def _adopter(self) -> evalflow.Actor:
        today = self.calendar.today(self.clock.moment)
        for actor, grants in self.plan.head.directory.items():
            if any(g.role in self.lifecycle.adopted_by and g.holds_on(today) for g in grants):
                return self.plan.actor(actor)
        raise AssertionError("nobody in the plan's directory may adopt it (`adopted_by`)")

    def data(
        self, project: str, event: str, strength: Fraction, *, bare: bool = False
    ) -> Mapping[str, Any]:
        """Return data for the event, made up from the types of its fields."""
        engine = self.engine
        standing = engine.project(project)
        return sample_data(
            SampleContext(
                event=self.lifecycle.events[event],
                project=standing,
                evaluation=engine.evaluation(project),
                definition=engine.plans.definition(project, period=standing.period),
                lifecycle=self.lifecycle,
                head=engine.plans.head(self.plan.id),
                directory=engine.rules.terms(self.plan.id).directory,
                day=self.calendar.today(self.clock.moment),
                strength=strength,
                bare=bare,
            )
        )

    def entitled(self, actor: str, event: str, project: evalflow.Project) -> bool:
        """Say by the plan's own words, and without the engine, whether somebody may fire the
        event on the project today: a grant of a role, in its days, in the project's unit or above
        it, or in those of a unit that must cooperate where the event is theirs."""
        head, today = self.plan.head, self.calendar.today(self.clock.moment)
        definition = self.lifecycle.events[event]
        place = self.lifecycle.leading(definition)
        by = definition.by_from(project.states[place])
        units = [project.unit]
        if definition.at == "cooperating":
            units = [*self.engine.plans.definition(project.id).cooperating]
        above = {unit for each in units for unit in head.line_up(each)}
        return any(
            grant.role in by and grant.unit in above and grant.holds_on(today)
            for grant in head.directory[actor]
        )

    def legal(self, event: str, before: Sequence[str], after: Sequence[str]) -> bool:
        """Say whether the definition has edges for such a move."""
        definition = self.lifecycle.events[event]
        edges = {(edge.region, edge.source, edge.target) for edge in definition.transitions}
        return all(
            (region, old, new) in edges or (old == new and region != definition.leads)
            for region, old, new in zip(self.lifecycle.regions, before, after, strict=True)
        )


class LifecycleConformance:
    """What must hold of a lifecycle with the plan that runs on it. Subclass it and name the plan.

    Attributes:
        plan: the plan's file.
        plugins: as for `evalflow.open`.
        never_reached: states that made up data do not lead to, because a guard asks for more than
            the types of an event's fields tell; every other state must be reached.
    """

    plan: ClassVar[Source]
    plugins: ClassVar[Sequence[Any] | None] = None
    never_reached: ClassVar[frozenset[str]] = frozenset()

    @pytest.fixture
    def house(self) -> Iterator[_House]:
        """The plan, adopted in memory."""
        house = _House(self.plan, "memory:", self.plugins)
        yield house
        house.engine.close()

    def test_nothing_about_it_is_wrong(self, house: _House) -> None:
        """Every state is reached and left, every event has somebody, every due date can be kept."""
        findings = evalflow.check_lifecycle(house.lifecycle, plan=house.plan, plugins=self.plugins)
        assert [each.text("en") for each in findings if each.severity == "error"] == []

    def test_everything_has_a_name_in_both_languages(self, house: _House) -> None:
        """What people see is named in Korean and English."""
        named: list[Any] = [
            *house.lifecycle.roles.values(),
            *house.lifecycle.regions.values(),
            *house.lifecycle.states.values(),
            *house.lifecycle.events.values(),
        ]
        nameless = [each.name for each in named if not (each.label.ko and each.label.en)]
        assert nameless == []

    def test_who_may_do_what_is_what_the_directory_says(self, house: _House) -> None:
        """Every event, for everybody, on a project of every unit, by `explain`."""
        wrong = []
        projects = {each.unit: each for each in house.engine.projects(plan=house.plan.id)}
        for standing in projects.values():
            project = standing.id
            for event in house.lifecycle.events:
                for actor in house.plan.head.directory:
                    if any(g.on_behalf_of for g in house.plan.head.directory[actor]):
                        continue  # whether somebody may be stood in for is another question
                    answer = house.engine.explain(project, event, by=house.plan.actor(actor))
                    told = {check.name: check.passed for check in answer.checks}
                    if (told["role"] and told["unit"]) != house.entitled(actor, event, standing):
                        wrong.append((project, event, actor))
        assert wrong == []

    def test_every_state_is_reached_in_a_store(self, house: _House) -> None:
        """Walks of made up people reach every state, and leave whole histories. What walks from
        period to period do not come to is tried along each way that leads there."""
        reached: set[str] = set()
        for strength in _STRENGTHS:
            reached |= _walk(self.plan, self.plugins, strength)
        assert reached
        if set(house.lifecycle.states) - reached - self.never_reached:
            # where an event leads may hang on a field that may be left out
            reached |= _walk(self.plan, self.plugins, _STRENGTHS[0], bare=True)
        for state in house.lifecycle.states:
            if state not in reached | self.never_reached:
                reached |= _led_to(state, house.lifecycle, self.plan, self.plugins)
        missing = set(house.lifecycle.states) - reached - self.never_reached
        assert missing == set()
        assert self.never_reached - reached == self.never_reached, "some of these are reached"


def _walk(
    source: Source, plugins: Sequence[Any] | None, strength: Fraction, *, bare: bool = False
) -> set[str]:
    """Return the states that a walk finds: at the end of each period every project is led to
    states in which it has not been in that period, and on to the next one. A bare one says what
    it must, and more only where that is refused."""
    house = _House(source, "memory:", plugins)
    engine, found = house.engine, set(house.lifecycle.initial())
    ids = [each.id for each in engine.projects(plan=house.plan.id)]
    been: set[tuple[str, str, str]] = set()  # project, period, and state or event
    days = [period.end + dt.timedelta(days=3) for period in house.calendar.periods()]
    days.append(days[-1] + dt.timedelta(days=_BEYOND // 2))
    for day in days:
        house.clock.moment = dt.datetime.combine(day, dt.time(9), house.calendar.zone)
        moved = True
        while moved:
            moved = False
            for place, project in enumerate(ids):
                standing = engine.project(project)
                at = project, standing.period
                been.update((*at, state) for state in standing.states)
                events = list(house.lifecycle.events.values())
                for event in events[place % len(events) :] + events[: place % len(events)]:
                    if not _leads_on(event, standing.states, {s for *p, s in been if (*p,) == at}):
                        continue
                    if (bare and _tried(house, project, event.name, strength, bare=True)) or _tried(
                        house, project, event.name, strength
                    ):
                        been.add((*at, event.name))
                        found.update(engine.project(project).states)
                        moved = True
                        break
    found.update(state for each in engine.projects(plan=house.plan.id) for state in each.states)
    assert [each.text("en") for each in engine.audit.verify(house.plan.id)] == []
    engine.close()
    return found


_WAYS = 20  # ways to one state that are tried
_WAITS = (0, 3, 14, 40, 120)  # days after which an event is tried again where it was refused


def _led_to(
    state: str, lifecycle: evalflow.Lifecycle, source: Source, plugins: Sequence[Any] | None
) -> set[str]:
    """Return the states on a way that leads a project to `state`, without next periods in between;
    none where none does."""
    specs = Plugins.load(plugins or ()).guard_specs
    for graph in paths(lifecycle, specs):
        for way in islice(graph.simple(state), _WAYS):
            for strength in _STRENGTHS:
                found = _followed(way, source, plugins, strength)
                if state in found:
                    return found
    return set()


def _followed(
    way: Sequence[str], source: Source, plugins: Sequence[Any] | None, strength: Fraction
) -> set[str]:
    house = _House(source, "memory:", plugins)
    engine, found = house.engine, set(house.lifecycle.initial())
    project = next(iter(engine.projects(plan=house.plan.id))).id
    day = house.calendar.periods()[0].end + dt.timedelta(days=3)
    house.clock.moment = dt.datetime.combine(day, dt.time(9), house.calendar.zone)
    for event in way:
        for days in _WAITS:
            house.clock.moment += dt.timedelta(days=days)
            if _tried(house, project, event, strength):
                break
        else:
            break
        found.update(engine.project(project).states)
    assert [each.text("en") for each in engine.audit.verify(house.plan.id)] == []
    engine.close()
    return found


def _leads_on(event: Any, states: Sequence[str], been: set[str]) -> bool:
    """Say whether the event, not fired in the period yet, may lead to a new state or stay."""
    edges = [edge for edge in event.transitions if edge.source in states]
    if event.name in been or not edges:
        return False
    return "next_period" in event.actions or any(
        edge.target not in been or edge.target == edge.source for edge in edges
    )


def _tried(
    house: _House, project: str, event: str, strength: Fraction, *, bare: bool = False
) -> bool:
    standing = house.engine.project(project)
    for actor in house.plan.head.directory:
        if not house.entitled(actor, event, standing):
            continue
        try:
            data = house.data(project, event, strength, bare=bare)
            house.engine.fire(project, event, by=house.plan.actor(actor), data=data)
        except (evalflow.Refused, evalflow.InvalidInput):
            continue
        return True
    return False


def lifecycle_machine(
    source: Source,
    *,
    url: str | None = None,
    plugins: Sequence[Any] | None = None,
    examples: int = 15,
    steps: int = 40,
) -> type[RuleBasedStateMachine]:
    """Return a Hypothesis state machine: anybody fires anything with made up data, on any day, on a
    real store beside a plain model of what may have happened.

    `url` names an empty store for each run with `{n}` in it (None: SQLite files of its own). Its
    `TestCase` is what pytest collects.
    """

    class Walks(RuleBasedStateMachine):
        """Random firings; a refusal changes nothing, and what moves has an edge."""

        @initialize()
        def adopt(self) -> None:
            """Begin with the plan adopted in an empty store."""
            Walks.runs += 1
            self.folder = tempfile.TemporaryDirectory()
            where = Path(self.folder.name) / "office.db"
            named = f"sqlite:///{where}" if url is None else url.format(n=Walks.runs)
            self.house = _House(source, named, plugins)
            self.model = {
                each.id: (each.states, each.version)
                for each in self.house.engine.projects(plan=self.house.plan.id)
            }

        runs = 0

        @rule(choice=st.data(), days=st.sampled_from((0, 0, 0, 1, 5, 30, 90)))
        def fire(self, choice: st.DataObject, days: int) -> None:
            """Somebody fires something on some project."""
            house = self.house
            last = house.calendar.periods()[-1].end + dt.timedelta(days=_BEYOND)
            later = house.clock.moment + dt.timedelta(days=days)
            if house.calendar.today(later) <= last:
                house.clock.moment = later
            project = choice.draw(st.sampled_from(sorted(self.model)), label="project")
            states = self.model[project][0]
            here = [
                name
                for name, event in house.lifecycle.events.items()
                if event.sources() & set(states)
            ]
            event = choice.draw(
                st.sampled_from(here) if here else st.sampled_from([*house.lifecycle.events]),
                label="event",
            )
            people = [
                actor
                for actor in house.plan.head.directory
                if house.entitled(actor, event, house.engine.project(project))
            ]
            anybody = st.sampled_from([*house.plan.head.directory])
            actor = choice.draw(st.sampled_from(people) if people else anybody, label="actor")
            strength = choice.draw(st.sampled_from(_STRENGTHS), label="strength")
            bare = choice.draw(st.booleans(), label="bare")
            data = house.data(project, event, strength, bare=bare)
            try:
                entry = house.engine.fire(project, event, by=house.plan.actor(actor), data=data)
            except (evalflow.Refused, evalflow.InvalidInput):
                return  # the invariant sees that nothing has moved
            together = house.lifecycle.events[event].together is not None
            for name, (before, version) in self.model.items():
                now = house.engine.project(name)
                if name == project or (together and now.version != version):
                    assert now.version == version + 1
                    assert house.legal(event, before, now.states), (event, before, now.states)
                    self.model[name] = now.states, now.version
            assert entry.after == self.model[project][0]

        @invariant()
        def nothing_else_has_moved(self) -> None:
            """The store stands where the model does, and the histories are whole."""
            if not hasattr(self, "model"):
                return
            engine = self.house.engine
            for each in engine.projects(plan=self.house.plan.id):
                assert (each.states, each.version) == self.model[each.id]

        def teardown(self) -> None:
            """Read everything back once more, from the beginning."""
            if not hasattr(self, "house"):
                return
            found = [each.text("en") for each in self.house.engine.audit.verify(self.house.plan.id)]
            self.house.engine.close()
            self.folder.cleanup()
            assert found == []

    Walks.TestCase.settings = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None
    )
    return Walks
