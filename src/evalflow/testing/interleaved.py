"""Two engines on one store, each acting in the middle of what the other does.

Hypothesis makes up a lifecycle and what people do by it: they fire, revise the plan, migrate to the
next version, plan and apply batches, deliver. One engine acts, and at any question that it asks
the storage, or between a notice's sending and its marking, the other one acts, whole. What the
store then holds must be a life that a plain model accepts, entry by entry in the order of writing,
each by the rules of its moment; who was told that something is done, refused or somebody was first
must have been told the truth; nothing is sent twice; and `verify` finds nothing after each step.
"""

from __future__ import annotations

import collections
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

import evalflow
from evalflow import Conflict, Engine, Entry, Refused
from evalflow.model.values import frozen
from evalflow.plugins import Notice
from evalflow.storage import Storage
from evalflow.testing.engines import PEOPLE, PROJECTS, UNITS, Scheme, plan_of, schemes
from evalflow.testing.office import PLAN_ID, Ticking

_KEEPER = "keeper-1"
_NOBODY = ("visitor", "office")


@frozen
class Act:
    """What somebody does; `able`: one who has the role, instead of just anybody."""

    kind: str
    number: str
    event: int
    who: str
    unit: str
    keyed: bool
    able: bool


_acts = st.builds(
    Act,
    kind=st.sampled_from(("fire", "fire", "revise", "revoke", "migrate", "batch", "deliver")),
    number=st.sampled_from(PROJECTS),
    event=st.integers(0, 4),
    who=st.sampled_from(sorted(PEOPLE)),
    unit=st.sampled_from(UNITS),
    keyed=st.booleans(),
    able=st.booleans(),
)


class _Model:
    """What every project's life is, in the plainest way; it is told of entries in their order."""

    def __init__(self, scheme: Scheme) -> None:
        self.scheme = scheme
        self.units = dict(zip(PROJECTS, ("north", "south", "north"), strict=True))
        self.people = dict(PEOPLE)
        self.revision = 1
        self.version = 1  # of the lifecycle
        first = [states[0] for states in scheme.regions.values()]
        self.states = {number: list(first) for number in PROJECTS}
        self.did: dict[str, set[tuple[str, str]]] = {number: set() for number in PROJECTS}

    def moves(self, event: str) -> Mapping[str, Mapping[str, str]]:
        """In every second version the first event leads back to where a region begins."""
        moves = self.scheme.moves[event]
        if self.version % 2 or event != next(iter(self.scheme.moves)):
            return moves
        return _led_back(self.scheme, moves)

    def may(self, number: str, event: str, who: str) -> bool:
        role, unit = self.people[who]
        leading, table = next(iter(self.moves(event).items()))
        return (
            role == self.scheme.by[event]
            and unit in ("office", self.units[number])
            and not any(
                barred == event and (did, who) in self.did[number]
                for did, barred in self.scheme.bars
            )
            and self.states[number][list(self.scheme.regions).index(leading)] in table
        )

    def follow(self, entry: Entry) -> None:
        """Take over an entry.

        Raises:
            AssertionError: it is not one that could be written now.
        """
        number = entry.project.rpartition("/")[2]
        assert entry.revision == self.revision, f"decided under an older revision: {entry}"
        if entry.event in self.scheme.moves:
            assert self.may(number, entry.event, entry.actor), f"nobody may do this: {entry}"
            for region, table in self.moves(entry.event).items():
                place = list(self.scheme.regions).index(region)
                now = self.states[number][place]
                self.states[number][place] = table.get(now, now)
            self.did[number].add((entry.event, entry.actor))
        assert entry.unit == self.units[number]
        assert list(entry.after) == self.states[number]


def _led_back(scheme: Scheme, moves: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    return {
        region: dict.fromkeys(table, scheme.regions[region][0]) for region, table in moves.items()
    }


class _Interrupted:
    """A storage at whose n-th question from now `then` is called first."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.left = 0
        self.then: Callable[[], None] = lambda: None

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._storage, name)
        if not callable(found):
            return found

        def asked(*words: Any, **options: Any) -> Any:
            self.asked()
            return found(*words, **options)

        return asked

    def asked(self) -> None:
        """Count one question."""
        self.left -= 1
        if self.left == 0:
            self.then()


class _TwoEngines(RuleBasedStateMachine):
    new_url: Callable[[], str]
    figures: collections.Counter[str]

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = Ticking(going=False)
        url = type(self).new_url()
        self.first = evalflow.open(url, clock=self.clock)
        other = self.first if url == "memory:" else self._opened(url)
        self.between = _Interrupted(other.storage)
        self.second = Engine(self.between, plugins=other.plugins, clock=self.clock)
        self.position = 0
        self.sent: collections.Counter[str] = collections.Counter()
        self.keys: set[tuple[str, str]] = set()

    def _opened(self, url: str) -> Engine:
        return evalflow.open(url, clock=self.clock)

    def teardown(self) -> None:
        try:
            if hasattr(self, "model"):
                self.deliver(self.first)
                notices = {each.notice.id: each.state for each in self.first.outbox.notices()}
                assert set(notices.values()) <= {"delivered"}
                assert self.sent == collections.Counter(list(notices))
        finally:
            self.second.close()
            self.first.close()
            self.folder.cleanup()

    @initialize(scheme=schemes())
    def an_office_begins(self, scheme: Scheme) -> None:
        self.model = _Model(scheme)
        self.first.adopt(self.plan(self.model.units, self.model.people), by=_KEEPER)
        self.follow()

    # ------------------------------------------------------------------ what is done

    @rule(act=_acts, by_the_first=st.booleans())
    def one_acts(self, act: Act, by_the_first: bool) -> None:
        self.do(self.first if by_the_first else self.second, act)
        self.look()

    @rule(outer=_acts, inner=_acts, at=st.integers(1, 8))
    def one_acts_in_the_middle_of_another(self, outer: Act, inner: Act, at: int) -> None:
        """Where the outer act asks fewer questions than that, the inner one comes after it."""
        interrupted: list[BaseException | None] = []

        def interrupt() -> None:
            try:
                self.follow()  # what the outer act has written so far
                self.do(self.first, inner)
            except BaseException as error:  # who asked may take it for a notifier's failure
                interrupted.append(error)
            else:
                interrupted.append(None)

        self.between.left, self.between.then = at, interrupt
        try:
            self.do(self.second, outer)
        finally:
            self.between.left = 0
            for error in interrupted:
                if error is not None:
                    raise error
        self.figures["in the middle of another"] += len(interrupted)
        if not interrupted:
            self.do(self.first, inner)
        self.look()

    def do(self, engine: Engine, act: Act) -> None:
        self.figures[f"{act.kind} asked"] += 1
        getattr(self, act.kind)(engine, *([] if act.kind in ("deliver", "migrate") else [act]))

    def fire(self, engine: Engine, act: Act) -> None:
        event, who = self.event(act), self.who(act)
        key = f"{event}-{who}" if act.keyed else None
        repeated = (act.number, str(key)) in self.keys
        before, stood = self.model.may(act.number, event, who), self.stands()
        project = f"{PLAN_ID}/{act.number}"
        try:
            engine.fire(project, event, by=engine.actor(PLAN_ID, who), data={}, key=key)
        except Refused:
            self.follow()
            now = self.model.may(act.number, event, who)
            assert repeated or not (before and now), "refused what may be done"
        except Conflict:
            self.figures["conflicts"] += 1
            self.follow()
            assert self.stands() != stood, "nobody was first"
        else:
            self.follow()
            assert self.stands() != stood or repeated or (act.number, str(key)) in self.keys
            if key is not None:
                self.keys.add((act.number, key))

    def revise(self, engine: Engine, act: Act) -> None:
        """Give a project to a department."""
        self.adopt(engine, {**self.model.units, act.number: act.unit}, self.model.people)

    def revoke(self, engine: Engine, act: Act) -> None:
        """Take a department's clerk the role, or give it back."""
        who = f"{act.unit}-1"
        held = PEOPLE[who] if self.model.people[who] == _NOBODY else _NOBODY
        self.adopt(engine, self.model.units, {**self.model.people, who: held})

    def adopt(
        self, engine: Engine, units: Mapping[str, str], people: Mapping[str, tuple[str, str]]
    ) -> None:
        changed = (dict(units), dict(people)) != (self.model.units, self.model.people)
        stood = self.stands()
        plan = self.plan(units, people)
        try:
            head = engine.adopt(plan, by=_KEEPER, reason="조직개편")
        except (Conflict, evalflow.InvalidInput):
            self.figures["conflicts"] += 1
            self.follow()
            assert self.stands() != stood, "nobody was first"
            return
        if (dict(units), dict(people)) == (self.model.units, self.model.people):
            changed = False  # who came in the middle has made the same revision
        if not changed:  # the head that was in force when it was asked, or is now
            assert head.revision in (stood[1], self.model.revision)
        else:
            assert head.revision == self.model.revision + 1
            self.model.units, self.model.people = dict(units), dict(people)
            self.model.revision = head.revision
        self.follow()

    def migrate(self, engine: Engine) -> None:
        """Migrate to the next version; all or none."""
        stood, version = self.stands(), self.model.version + 1
        path = Path(self.folder.name) / "next.yaml"
        path.write_text(self.scheme_of(version).yaml(version), encoding="utf-8")
        batch = engine.plans.migrate(
            PLAN_ID, evalflow.load_lifecycle(path), by=_KEEPER, reason="개정"
        )
        receipts = list(engine.batches.apply(batch))
        outcomes = {receipt.outcome for receipt in receipts}
        self.follow()
        assert outcomes == {"done"} or self.stands() != stood, receipts

    def batch(self, engine: Engine, act: Act) -> None:
        stood = self.stands()
        batch = engine.batch(self.event(act), by=self.who(act), where={"plan": PLAN_ID}, data={})
        outcomes = {each.outcome for each in engine.batches.apply(batch, chunk=1)}
        self.follow()
        if "conflict" in outcomes:
            self.figures["conflicts"] += 1
            assert self.stands() != stood, "nobody was first"

    def deliver(self, engine: Engine) -> None:
        engine.deliver(notifiers={"jsonl": _Post(self, engine)})
        self.follow()

    # ------------------------------------------------------------------ parts

    def event(self, act: Act) -> str:
        events = list(self.model.scheme.moves)
        return events[act.event % len(events)]

    def who(self, act: Act) -> str:
        if not act.able:
            return act.who
        clerk = self.model.scheme.by[self.event(act)] == "clerk"
        return f"{self.model.units[act.number]}-1" if clerk else "chief-1"

    def scheme_of(self, version: int) -> Scheme:
        scheme = self.model.scheme
        first, moves = next(iter(scheme.moves.items()))
        if version % 2:
            return scheme
        return attrs.evolve(scheme, moves={**scheme.moves, first: _led_back(scheme, moves)})

    def plan(
        self, units: Mapping[str, str], people: Mapping[str, tuple[str, str]]
    ) -> evalflow.Plan:
        version = self.model.version
        return plan_of(
            Path(self.folder.name),
            self.scheme_of(version),
            units,
            self.model.revision,
            people=people,
            version=version,
        )

    def stands(self) -> tuple[int, int]:
        return self.position, self.model.revision

    def follow(self) -> None:
        """Tell the model of what was written."""
        for position, entry in self.new():
            self.position = position
            self.model.version = int(entry.lifecycle.split("/")[1].split("@")[0])
            self.model.follow(entry)
            self.figures["entries"] += 1
            self.figures["migrated"] += entry.event == "migrate"

    def new(self) -> Iterator[tuple[int, Entry]]:
        return self.first.storage.entries(after=self.position)

    def look(self) -> None:
        for engine in (self.first, self.second):
            assert list(engine.audit.verify()) == []
            for number in PROJECTS:
                project = engine.project(f"{PLAN_ID}/{number}")
                assert list(project.states) == self.model.states[number]
                assert project.unit == self.model.units[number]
        self.figures["looked"] += 1
        assert max(self.sent.values(), default=1) == 1, "sent twice"


class _Post:
    """A notifier that counts what it sends, and between sending and marking lets another act."""

    def __init__(self, machine: _TwoEngines, engine: Engine) -> None:
        self._machine, self._engine = machine, engine

    def deliver(self, notice: Notice) -> None:
        for each in notice.data["notices"]:
            self._machine.sent[each] += 1
        if self._engine is self._machine.second:
            self._machine.between.asked()


def interleave(
    new_url: Callable[[], str], *, examples: int = 30, steps: int = 12, shrinks: bool = True
) -> collections.Counter[str]:
    """Let two engines act in the middle of each other, in `examples` lives of up to `steps` steps
    on stores whose URLs `new_url` gives; raise where the store, or what somebody was told, is not
    what the plain model says. Return what was counted."""
    figures: collections.Counter[str] = collections.Counter()
    own = {"new_url": staticmethod(new_url), "figures": figures}
    machine = type("TwoEngines", (_TwoEngines,), own)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate, Phase.shrink] if shrinks else [Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    return figures
