"""Random lifecycles lived through on several storages at once, beside a plain model.

Hypothesis makes a lifecycle and leads the life of a small office by it: people fire what they
may and what they may not, repeat themselves, move projects to other departments, plan batches.
Every storage must answer the same, to the byte; and all of them what the plain model says, which
knows nothing but a table of moves and who sits where.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

import evalflow
from evalflow import BatchPlan, Engine, Entry, Project
from evalflow.model.values import frozen
from evalflow.testing import office
from evalflow.testing.office import PLAN_ID, Ticking

UNITS = ("north", "south")
PEOPLE = {
    "north-1": ("clerk", "north"),
    "south-1": ("clerk", "south"),
    "chief-1": ("chief", "office"),
    "chief-2": ("chief", "office"),
    "idle-1": ("visitor", "office"),
    "keeper-1": ("keeper", "office"),  # revises and migrates, and acts in nothing
}
_AT_THE_OFFICE = ("chief", "visitor", "keeper")
PROJECTS = ("1", "2", "3")


@frozen
class Scheme:
    """A lifecycle as a plain table: enough to say what every firing does.

    `regions` holds the states of each, the first one initial; `moves` the target by event,
    region and state, the leading region first; `by` the role of each event; `bars` the pairs
    (did this, may not do that).
    """

    regions: dict[str, tuple[str, ...]]
    moves: dict[str, dict[str, dict[str, str]]]
    by: dict[str, str]
    bars: tuple[tuple[str, str], ...]

    def yaml(self, version: int = 1) -> str:
        """Return it as an office would write it."""
        lines = ["evalflow: lifecycle/1", "name: random", f"version: {version}"]
        lines += ["ko: 임의", "en: Random"]
        lines += ["roles:", "  clerk: {ko: 담당, en: Clerk, at: department}"]
        lines += [f"  {role}: {{ko: {role}, en: C, at: office}}" for role in _AT_THE_OFFICE]
        lines += ["adopted_by: [chief, keeper]", "regions:"]
        for region, states in self.regions.items():
            lines.append(f"  {region}: {{ko: {region}, en: R, initial: {states[0]}, states: {{")
            lines += [f"    {state}: {{ko: {state}, en: S}}," for state in states]
            lines.append("  }}")
        lines.append("events:")
        for event, regions in self.moves.items():
            lines += [f"  {event}:", f"    ko: {event}", "    en: E", f"    by: [{self.by[event]}]"]
            lines.append("    transitions:")
            lines += [
                f"      - {{from: {source}, to: {target}}}"
                for table in regions.values()
                for source, target in table.items()
            ]
            lines.append(f"    notices: [{{name: n_{event}, ko: 알림, en: N, to: [chief]}}]")
        lines += ["duties:"] if self.bars else []
        for number, (did, barred) in enumerate(self.bars):
            lines.append(
                f"  - {{name: d{number}, ko: 분리, en: D, whoever: [{did}], may_not: [{barred}]}}"
            )
        return "\n".join(lines) + "\n"


@st.composite
def schemes(draw: st.DrawFn) -> Scheme:
    """Return any lifecycle of up to three regions of up to four states and five events."""
    regions = {
        f"r{region}": tuple(f"s{region}{number}" for number in range(draw(st.integers(1, 4))))
        for region in range(draw(st.integers(1, 3)))
    }
    moves: dict[str, dict[str, dict[str, str]]] = {}
    events = [f"e{number}" for number in range(draw(st.integers(1, 5)))]
    for event in events:
        chosen = draw(st.lists(st.sampled_from(sorted(regions)), min_size=1, unique=True))
        moves[event] = {
            region: draw(
                st.dictionaries(
                    st.sampled_from(regions[region]), st.sampled_from(regions[region]), min_size=1
                )
            )
            for region in chosen
        }
    pairs = st.tuples(st.sampled_from(events), st.sampled_from(events))
    return Scheme(
        regions=regions,
        moves=moves,
        by={event: draw(st.sampled_from(("clerk", "chief"))) for event in events},
        bars=tuple(draw(st.lists(pairs, max_size=2, unique=True))),
    )


class _Plain:
    """What every project's life is, in the plainest way."""

    def __init__(self, scheme: Scheme) -> None:
        self._scheme = scheme
        self.units = dict(zip(PROJECTS, ("north", "south", "north"), strict=True))
        self.states = {
            number: [states[0] for states in scheme.regions.values()] for number in PROJECTS
        }
        self.did: dict[str, set[tuple[str, str]]] = {number: set() for number in PROJECTS}
        self.entries = dict.fromkeys(PROJECTS, 1)
        self.revision = 1

    def may(self, number: str, event: str, who: str) -> bool:
        role, unit = PEOPLE[who]
        regions = list(self._scheme.regions)
        leading = next(iter(self._scheme.moves[event]))
        return (
            role == self._scheme.by[event]
            and unit in ("office", self.units[number])
            and not any(
                barred == event and (did, who) in self.did[number]
                for did, barred in self._scheme.bars
            )
            and self.states[number][regions.index(leading)] in self._scheme.moves[event][leading]
        )

    def fire(self, number: str, event: str, who: str) -> None:
        for region, table in self._scheme.moves[event].items():
            place = list(self._scheme.regions).index(region)
            now = self.states[number][place]
            self.states[number][place] = table.get(now, now)
        self.did[number].add((event, who))
        self.entries[number] += 1


def plan_of(
    folder: Path,
    scheme: Scheme,
    units: Mapping[str, str],
    revision: int,
    *,
    people: Mapping[str, tuple[str, str]] = PEOPLE,
    version: int = 1,
) -> evalflow.Plan:
    """Return the office's plan with these units of its projects and these people, written against
    a revision, under this version of the lifecycle."""
    (folder / "random.yaml").write_text(scheme.yaml(version), encoding="utf-8")
    text = "\n".join(
        [
            "evalflow: plan/1",
            f"id: {PLAN_ID}",
            f"revision: {revision}",
            "year: 2016",
            "ko: 시험 계획",
            "en: Test plan",
            "lifecycle: ./random.yaml",
            "calendar: {periods: quarter, first: 2016-Q1, last: 2016-Q4}",
            "scoring: {}",
            "notices: {notifiers: [jsonl]}",
            "fields: {welfare: {ko: 복지, en: Welfare}}",
            "units:",
            "  office: {kind: office, ko: 시험구, en: Test-gu}",
            "  bureau: {kind: bureau, ko: 국, en: B, parent: office}",
            *(f"  {unit}: {{kind: department, ko: 과, en: D, parent: bureau}}" for unit in UNITS),
            "directory:",
            *(f"  {who}: [{{role: {r}, unit: {unit}}}]" for who, (r, unit) in people.items()),
            "projects:",
            *(
                f'  "{number}": {{ko: 사업, en: P, unit: {unit}, field: welfare, kind: new, '
                "start: 2016-01-01, end: 2016-12-31, indicators: {done: {ko: 실적, en: Done, "
                "unit: 건, direction: up, accumulation: sum, targets: {2016-Q1: 1, 2016-Q2: 1, "
                "2016-Q3: 1, 2016-Q4: 1}}}}"
                for number, unit in units.items()
            ),
        ]
    )
    path = folder / "plan.yaml"
    path.write_text(text + "\n", encoding="utf-8")
    return evalflow.load_plan(path)


class _Side:
    """One storage with its engine and a clock that all sides share."""

    def __init__(self, url: str, clock: Ticking) -> None:
        self.url, self._clock = url, clock
        self.open()

    def open(self) -> None:
        self.engine: Engine = evalflow.open(self.url, clock=self._clock)


class _Lives(RuleBasedStateMachine):
    new_urls: Callable[[], Sequence[str]]

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = Ticking(going=False)
        self.sides = [_Side(url, self.clock) for url in ("memory:", *type(self).new_urls())]
        self.keys: list[tuple[str, str, str, str, str]] = []
        self.batches: list[BatchPlan] = []

    def teardown(self) -> None:
        try:
            if hasattr(self, "plan"):
                self.look()
        finally:
            for side in self.sides:
                side.engine.close()
            self.folder.cleanup()

    def begin(self, plan: evalflow.Plan) -> None:
        self.plan = plan
        self.same(lambda engine: engine.adopt(plan, by=plan.actor(self.adopter)))

    adopter = "chief-1"

    def same(self, ask: Callable[[Engine], Any]) -> Any:
        """Ask all sides, and return what all of them answer."""
        answers = [self.answer(side.engine, ask) for side in self.sides]
        for side, answer in zip(self.sides, answers, strict=True):
            assert answer == answers[0], side.url.partition(":")[0]
        return answers[0]

    def answer(self, engine: Engine, ask: Callable[[Engine], Any]) -> Any:
        try:
            return ask(engine)
        except evalflow.Refused as refused:
            return ("refused", *refused.reasons)
        except evalflow.EvalflowError as error:
            return (type(error).__name__, error.text("en"))

    def look(self) -> None:
        everything = self.same(
            lambda engine: (
                list(engine.projects()),
                [list(engine.history(project.id)) for project in engine.projects()],
                list(engine.storage.snapshots(engine.select())),
                sorted((n.notice.id, n.state) for n in engine.outbox.notices()),
                list(engine.audit.verify()),
                str(engine.audit.checkpoint()),
            )
        )
        assert everything[4] == []

    @rule(minutes=st.integers(1, 3000))
    def time_goes_on(self, minutes: int) -> None:
        self.clock.moment += minutes * 60_000 * Ticking.TICK

    @rule()
    def somebody_looks(self) -> None:
        self.look()
        self.same(lambda engine: engine.due())

    @rule(minutes=st.integers(0, 5000))
    def somebody_looks_back(self, minutes: int) -> None:
        then = self.clock.moment - minutes * 60_000 * Ticking.TICK
        self.same(lambda engine: list(engine.projects(at=then)))

    @rule()
    def the_stores_are_opened_anew(self) -> None:
        for side in self.sides[1:]:
            side.engine.close()
            side.open()

    @precondition(lambda self: self.batches)
    @rule(picked=st.data(), mode=st.sampled_from(("each", "all", "unit")), some=st.integers(1, 9))
    def a_batch_is_applied(self, picked: st.DataObject, mode: str, some: int) -> None:
        """Also an old one, of which something was done or has changed."""
        batch = picked.draw(st.sampled_from(self.batches))
        self.same(lambda engine: list(engine.batches.apply(batch, mode=mode, chunk=some)))
        self.follow()

    def follow(self) -> None:
        """Take over what a batch did."""

    def planned(self, event: str, who: str, data: dict[str, Any]) -> None:
        def lines(engine: Engine) -> list[Any]:
            batch = engine.batch(event, by=engine.actor(PLAN_ID, who), data=data)
            made.append(batch)
            return list(batch)

        made: list[BatchPlan] = []
        self.same(lines)
        self.batches += made[:1]


def _history(engine: Engine, project: str) -> list[Entry]:
    return list(engine.history(project))


class _RandomLives(_Lives):
    """A random lifecycle, and the plain model beside it."""

    @initialize(scheme=schemes())
    def an_office_begins(self, scheme: Scheme) -> None:
        self.scheme, self.plain = scheme, _Plain(scheme)
        self.begin(plan_of(Path(self.folder.name), scheme, self.plain.units, 1))

    @rule(
        number=st.sampled_from(PROJECTS),
        event=st.integers(0, 4),
        who=st.sampled_from(sorted(PEOPLE)),
        key=st.none() | st.sampled_from(("k1", "k2")),
    )
    def somebody_fires(self, number: str, event: int, who: str, key: str | None) -> None:
        events = list(self.scheme.moves)
        name = events[event % len(events)]
        project = f"{PLAN_ID}/{number}"
        repeated = [k for k in self.keys if key is not None and k[:2] == (number, key)]
        may = self.plain.may(number, name, who)
        asked = self.same(
            lambda e: e.explain(project, name, by=e.actor(PLAN_ID, who), data={}).allowed
        )
        assert asked == may
        told = self.same(
            lambda e: e.fire(project, name, by=e.actor(PLAN_ID, who), data={}, key=key)
        )
        if repeated:
            if repeated[0][2:4] == (name, who):
                assert told.hash == repeated[0][4]
            else:  # another call, and nothing is told of the first
                assert told[0] == "KeyReused"
            return
        assert isinstance(told, Entry) == may
        if may:
            self.plain.fire(number, name, who)
            if key is not None:
                self.keys.append((number, key, name, who, told.hash))
        self.compare(number)

    def compare(self, number: str) -> None:
        project: Project = self.same(lambda engine: engine.project(f"{PLAN_ID}/{number}"))
        assert list(project.states) == self.plain.states[number]
        assert project.version == self.plain.entries[number]
        assert project.unit == self.plain.units[number]

    @rule(number=st.sampled_from(PROJECTS), unit=st.sampled_from(UNITS))
    def the_plan_is_revised(self, number: str, unit: str) -> None:
        changed = self.plain.units[number] != unit
        self.plain.units[number] = unit
        plan = plan_of(Path(self.folder.name), self.scheme, self.plain.units, self.plain.revision)
        self.same(lambda engine: engine.adopt(plan, by=plan.actor(self.adopter), reason="조직개편"))
        self.plain.entries[number] += changed
        self.plain.revision += changed
        self.compare(number)

    @rule(event=st.integers(0, 4), who=st.sampled_from(sorted(PEOPLE)))
    def a_batch_is_planned(self, event: int, who: str) -> None:
        events = list(self.scheme.moves)
        name = events[event % len(events)]
        self.planned(name, who, {})
        allowed = {line.project for line in self.batches[-1] if line.allowed}
        assert allowed == {f"{PLAN_ID}/{n}" for n in PROJECTS if self.plain.may(n, name, who)}

    def follow(self) -> None:
        for number in PROJECTS:
            history: list[Entry] = self.same(partial(_history, project=f"{PLAN_ID}/{number}"))
            for entry in history[self.plain.entries[number] :]:
                assert self.plain.may(number, entry.event, entry.actor)
                self.plain.fire(number, entry.event, entry.actor)
            self.compare(number)


class _OfficeLives(_Lives):
    """The preset `major-works`, with data, in the office that never ends."""

    adopter = "policy-1"

    @initialize()
    def an_office_begins(self) -> None:
        self.begin(office.the_plan(each=1))

    @rule(seed=st.integers(0, 1 << 20))
    def somebody_does_something(self, seed: int) -> None:
        self.same(lambda engine: office.step(engine, random.Random(seed)))

    @rule(
        number=st.integers(1, 6),
        event=st.sampled_from(sorted({e for events in office.ONWARD.values() for e in events})),
        who=st.sampled_from(("policy-1", "mayor-1", "welfare-a-1", "city-lead", "safety-b-head")),
    )
    def anybody_does_anything(self, number: int, event: str, who: str) -> None:
        project = f"{PLAN_ID}/{number}"

        def attempt(engine: Engine) -> Any:
            now = engine.project(project)
            by = engine.actor(PLAN_ID, who)
            data = office.data_for(now, event, number)
            asked = engine.explain(project, event, by=by, data=data)
            refusals: set[evalflow.Reason] = set()
            try:
                entry = engine.fire(project, event, by=by, data=data)
            except evalflow.Refused as refused:
                refusals = set(refused.reasons)
            assert asked.allowed == (not refusals)
            assert refusals == set(asked.reasons)
            if refusals:
                return sorted(reason.code for reason in refusals)
            moved = [state for state in now.states if event in office.ONWARD[state]]
            assert moved, "it left a state that it does not leave"
            return entry

        self.same(attempt)

    @rule(
        event=st.sampled_from(("amend", "submit", "review", "send_back")), which=st.integers(1, 6)
    )
    def a_batch_is_planned(self, event: str, which: int) -> None:
        project = self.sides[0].engine.project(f"{PLAN_ID}/{which}")
        data = dict(office.data_for(project, event, which))
        self.planned(event, office.actor_for(project, event), data)


def live_and_agree(
    new_urls: Callable[[], Sequence[str]],
    *,
    preset: bool = False,
    examples: int = 30,
    steps: int = 30,
) -> None:
    """Lead `examples` random lives of up to `steps` steps in memory and on the stores that
    `new_urls` names, by random lifecycles or (`preset`) by `major-works`; raise where any
    disagrees."""
    base = _OfficeLives if preset else _RandomLives
    lives = type("Lives", (base,), {"new_urls": staticmethod(new_urls)})
    run_state_machine_as_test(
        lives,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
