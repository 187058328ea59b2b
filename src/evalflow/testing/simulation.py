"""A year played with made up actors on a virtual clock, and counted twice.

Clerks act through `Engine.fire` and `Engine.batch` like anybody: nothing is written past the
rules. What they were told had happened is counted as they go; afterwards the store is read back,
counted again, verified, and both counts must agree.

Which event comes next is read from the lifecycle: an event is *routine* when it is due, leads
forward, or begins the next period. A change is asked for by chance and then followed through. What
is left, such as sending papers back, is not played.
"""

from __future__ import annotations

import datetime as dt
import heapq
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from evalflow.decision.deadlines import comes_before
from evalflow.decision.signing import signs_next
from evalflow.engine.engine import Engine
from evalflow.engine.opening import open as open_engine
from evalflow.errors import InvalidInput, NotFound, Reason, Refused, invalid
from evalflow.lifecycle.change_procedure import change_event
from evalflow.lifecycle.definition import FIXED, NEXT_SIGNER, Event, Lifecycle
from evalflow.model import Project
from evalflow.model.calendar import Calendar, period
from evalflow.model.directory import Directory
from evalflow.model.values import define, frozen
from evalflow.plan.definition import Plan
from evalflow.scoring.bands import LAGGING_VERDICTS
from evalflow.testing.samples import SampleContext, sample_data

PER_ENGINE = 20
"""So many offices share an engine; then it is opened anew, so that memory stays small."""

MOST_TRIES = 40
"""A step that is refused so often is given up, and told."""

_MEMORY = "memory:"
_GRACE = dt.timedelta(days=150)  # after the plan's last period; then the year is over
_TICK = dt.timedelta(milliseconds=10)
_MORNING = dt.time(9)


@frozen(kw_only=True)
class Behaviour:
    """How the actors behave; shares of 1, drawn anew for each project and step.

    Attributes:
        late: steps that are done after their due day, by one to ten days.
        lagging: projects that fall behind, drawn for each period.
        changes: projects for which a change of the plan is asked, in each period.
        followed_up: lagging projects that are checked again; half of these have recovered.
    """

    late: Fraction = Fraction(1, 10)
    lagging: Fraction = Fraction(3, 20)
    changes: Fraction = Fraction(3, 100)
    followed_up: Fraction = Fraction(1, 2)


@frozen(kw_only=True)
class Outcome:
    """What a simulation came to.

    Attributes:
        offices, projects: how many were played.
        firings: (period, event) -> firings; `late` those of them after their due day.
        bands: (period, band) -> projects, by the last rating of the period.
        states: how many projects ended in each combination of states.
        told: notice -> projects and occasions on which it was sent.
        revisions: plan revisions over all offices.
        given_up: (event, reason's code) -> steps that stayed refused.
        differences: where the store tells otherwise: what, played, stored.
        mismatches: what `verify` found, as sentences in Korean and English.
    """

    offices: int
    projects: int
    firings: Mapping[tuple[str, str], int]
    late: Mapping[tuple[str, str], int]
    bands: Mapping[tuple[str, str], int]
    states: Mapping[tuple[str, ...], int]
    told: Mapping[str, int]
    revisions: int
    given_up: Mapping[tuple[str, str], int]
    differences: tuple[tuple[str, int, int], ...]
    mismatches: tuple[tuple[str, str], ...]

    @property
    def reconciled(self) -> bool:
        """Say whether both counts agree and the store's histories are whole."""
        return not self.differences and not self.mismatches


@define
class Tally:
    """Counts under a kind (`fired`, `late`, `band` …) and a name."""

    counts: Counter[tuple[str, ...]] = attrs.field(factory=Counter)

    def add(self, *name: str, by: int = 1) -> None:
        """Count one more, or `by` more."""
        self.counts[name] += by

    def of(self, kind: str) -> dict[tuple[str, ...], int]:
        """Return what was counted of a kind, in the order of names."""
        return {name[1:]: n for name, n in sorted(self.counts.items()) if name[0] == kind and n}

    def against(self, other: Tally) -> Iterator[tuple[str, int, int]]:
        """Yield what the other counted differently."""
        for name in sorted(self.counts.keys() | other.counts.keys()):
            if self.counts[name] != other.counts[name]:
                yield " ".join(name), self.counts[name], other.counts[name]


@define
class VirtualClock:
    """A clock that stands still but for a tick at every look, so that no two moments are equal."""

    moment: dt.datetime

    def __call__(self) -> dt.datetime:
        """Return the moment, in UTC."""
        self.moment += _TICK
        return self.moment.astimezone(dt.UTC)

    def begin(self, day: dt.date, zone: ZoneInfo) -> None:
        """Go to the morning of a day, backwards too: another office has its own year."""
        self.moment = dt.datetime.combine(day, _MORNING, zone)


def simulate(
    plan: Plan,
    *,
    url: str = "memory:",
    seed: int = 1,
    offices: int = 1,
    behaviour: Behaviour | None = None,
    plugins: Sequence[Any] | None = None,
    progress: Callable[[int], None] = lambda played: None,
    executor: Executor | None = None,
) -> Outcome:
    """Play the plan's time in the store at `url`, for so many offices that have the same plan, and
    return what came of it. The same seed gives the same firings, at the same moments.

    A store in memory holds at most `PER_ENGINE` offices at a time, so that any number fits.

    Several offices get plans of their own: `<plan>-0001`, `<plan>-0002` … `progress` is told how
    many were played. Offices in memory are independent, so that an `executor` can play them side
    by side; the outcome is the same.

    Raises:
        InvalidInput: the store has one of these plans already.
        StorageError: the store cannot be used.
        Refused: nobody in the plan's directory may adopt it.
    """
    ids = [plan.id] if offices == 1 else [f"{plan.id}-{n:04}" for n in range(1, offices + 1)]
    in_memory = url.startswith(_MEMORY)
    engine = open_engine(url, plugins=plugins)
    try:
        _refuse_known(engine, ids)
    finally:
        engine.close()
    groups = [ids[place : place + PER_ENGINE] for place in range(0, offices, PER_ENGINE)]
    parts = [
        (plan, url, seed, number * PER_ENGINE, group, behaviour or Behaviour(), plugins)
        for number, group in enumerate(groups)
    ]
    run = map if executor is None or not in_memory else executor.map
    played, stored = Tally(), Tally()
    mismatches: list[tuple[str, str]] = []
    done = 0
    for part, (mine, theirs, found) in zip(parts, run(_play_some, parts), strict=True):
        played.counts.update(mine.counts)
        stored.counts.update(theirs.counts)
        mismatches.extend(found)
        done += len(part[4])
        progress(done)
    if not in_memory:
        engine = open_engine(url, plugins=plugins)
        try:
            _count_told(engine, ids, stored)
        finally:
            engine.close()
    return Outcome(
        offices=offices,
        projects=offices * len(plan.projects),
        firings={(p, e): n for (p, e), n in played.of("fired").items()},
        late={(p, e): n for (p, e), n in played.of("late").items()},
        bands={(p, b): n for (p, b), n in played.of("band").items()},
        states=played.of("ended"),
        told={name: n for (name,), n in played.of("told").items()},
        revisions=played.counts["revisions",],
        given_up={(e, c): n for (e, c), n in played.of("given up").items()},
        differences=tuple(_comparable(played).against(stored)),
        mismatches=tuple(mismatches),
    )


_Part = tuple[Plan, str, int, int, Sequence[str], Behaviour, Sequence[Any] | None]


def _play_some(part: _Part) -> tuple[Tally, Tally, list[tuple[str, str]]]:
    """Play some offices with an engine of their own; return what was played, what is stored, and
    what `verify` found."""
    plan, url, seed, first, ids, behaviour, plugins = part
    clock = VirtualClock(dt.datetime(2000, 1, 1, tzinfo=dt.UTC))
    played, stored = Tally(), Tally()
    mismatches: list[tuple[str, str]] = []
    engine = open_engine(url, plugins=plugins, clock=clock)
    try:
        for place, plan_id in enumerate(ids, first):
            rng = random.Random(f"{seed}/{place}")
            _Year(engine, clock, renamed(plan, plan_id), rng, behaviour, played).play()
            read_back(engine, plan_id, stored)
            mismatches.extend(
                (each.text("ko"), each.text("en")) for each in engine.audit.verify(plan_id)
            )
        if url.startswith(_MEMORY):  # it goes with its engine
            _count_told(engine, ids, stored)
    finally:
        engine.close()
    return played, stored, mismatches


def renamed(plan: Plan, plan_id: str) -> Plan:
    """Return the plan as another office's: the same in everything but its id."""
    if plan.id == plan_id:
        return plan
    head = attrs.evolve(plan.head, id=plan_id, tree={**plan.head.tree, "id": plan_id})
    projects = {
        number: attrs.evolve(definition, id=f"{plan_id}/{number}")
        for number, definition in plan.projects.items()
    }
    return attrs.evolve(plan, head=head, projects=projects)


def read_back(engine: Engine, plan_id: str, tally: Tally) -> None:
    """Count what the store has of a plan: entries, lateness, bands, states, revisions."""
    for project in engine.projects(plan=plan_id):
        tally.add("ended", *project.states)
        for entry in engine.history(project.id):
            if entry.number > 1:
                tally.add("fired", entry.period, entry.event)
            if entry.late:
                tally.add("late", entry.period, entry.event)
    for each in engine.plans.calendar(plan_id).periods():
        for evaluation in engine.ratings.evaluations(plan_id, each.text):
            if evaluation.rating is not None and evaluation.rating.band is not None:
                tally.add("band", each.text, evaluation.rating.band)
    tally.add("revisions", by=engine.plans.head(plan_id).revision)


def lagging_bands(plan: Plan) -> tuple[str, ...]:
    """Return the plan's bands that mean that a project is behind."""
    return tuple(b.name for b in plan.head.scoring.bands if b.verdict in LAGGING_VERDICTS)


def _count_told(engine: Engine, ids: Sequence[str], tally: Tally) -> None:
    """Count the notices of these plans in the outbox, one for all recipients of a firing."""
    known = frozenset(ids)
    last: tuple[str, int, str] | None = None
    for each in engine.outbox.notices():
        notice = each.notice
        name = notice.project, notice.number, notice.name
        if name != last and notice.project.rpartition("/")[0] in known:
            tally.add("told", notice.name)
        last = name


def _comparable(tally: Tally) -> Tally:
    return Tally(Counter({k: n for k, n in tally.counts.items() if k[0] != "given up"}))


def _refuse_known(engine: Engine, ids: Sequence[str]) -> None:
    known = sorted(set(ids) & set(engine.plans.ids()))
    if known:
        shown = ", ".join(known[:3])
        ko = f"저장소에 이미 계획이 있습니다: {shown}. 연습은 빈 저장소에서 하십시오."
        en = f"the store has the plan already: {shown}; rehearse in an empty store"
        raise invalid(
            "plan_known",
            value=shown,
            ko=ko,
            en=en,
        )


# --------------------------------------------------------------------------- one office's year


@define
class _Standing:
    """A project as its people know it: from the plans of batches and the answers of firings."""

    project: Project
    strength: dict[str, Fraction] = attrs.field(factory=dict)
    done_here: set[str] = attrs.field(factory=set)  # staying events fired in this visit
    fired_on: dict[str, dt.date] = attrs.field(factory=dict)
    fired_in: dict[str, str] = attrs.field(factory=dict)  # event -> the period of its last firing
    band: str | None = None


@attrs.frozen(order=True)
class _Wish:
    """On a day somebody wants to fire one of `events` on a project that is still so."""

    day: dt.date
    number: int
    project: str = attrs.field(order=False)
    events: tuple[str, ...] = attrs.field(order=False)
    state: str = attrs.field(order=False)
    period: str = attrs.field(order=False)
    optional: bool = attrs.field(default=False, order=False)
    tries: int = attrs.field(default=0, order=False)


class _Year:
    """One office's plan, played day by day."""

    def __init__(
        self,
        engine: Engine,
        clock: VirtualClock,
        plan: Plan,
        rng: random.Random,
        behaviour: Behaviour,
        tally: Tally,
    ) -> None:
        self.engine, self.clock, self.plan, self.rng = engine, clock, plan, rng
        self.behaviour, self.tally = behaviour, tally
        self.lifecycle = plan.lifecycle
        self.kinds = _Kinds.of(plan.lifecycle)
        self.regions = list(plan.lifecycle.regions)
        self.calendar = Calendar(plan.head.calendar)
        self.directory = Directory(plan.head)
        self.zone = ZoneInfo(plan.head.calendar.zone)
        self.specs = engine.plugins.guard_specs
        self.verdicts = {band.name: band.verdict for band in plan.head.scoring.bands}
        self.standings: dict[str, _Standing] = {}
        self.units_of: dict[tuple[str, str], str] = {}
        self.agenda: list[_Wish] = []
        self.serial = 0
        self.today = self.calendar.periods()[0].start

    def play(self) -> None:
        """Adopt the plan on its first day and play until nothing is left to do."""
        self.clock.begin(self.today, self.zone)
        self.engine.adopt(self.plan, by=self.plan.actor(self._adopter()))
        self.tally.add("revisions")
        for project in self.engine.projects(plan=self.plan.id):
            self.standings[project.id] = _Standing(project)
        for standing in self.standings.values():
            self._look_ahead(standing, range(len(self.regions)))
            self._maybe_change(standing)
        horizon = self.calendar.periods()[-1].end + _GRACE
        while self.agenda and self.agenda[0].day <= horizon:
            self.today = self.agenda[0].day
            self.clock.begin(self.today, self.zone)
            self._day([heapq.heappop(self.agenda) for _ in self._of_today()])
        for wish in self.agenda:
            self._give_up(wish, "out_of_time")
        for standing in self.standings.values():
            self._settle_band(standing)
            self.tally.add("ended", *standing.project.states)

    def _adopter(self) -> str:
        roles = self.lifecycle.adopted_by
        holders = self.directory.holders(roles, self.plan.head.office, self.today)
        if not holders:
            raise NotFound("actor", ", ".join(roles), tuple(self.plan.head.directory))
        return holders[0]

    def _of_today(self) -> range:
        return range(sum(1 for wish in self.agenda if wish.day == self.today))

    # ------------------------------------------------------------------ one day

    def _day(self, wishes: Sequence[_Wish]) -> None:
        """Let everybody do what they want to do today, those together who would."""
        for place in range(max(len(wish.events) for wish in wishes)):
            groups: dict[tuple[str, str, str], list[_Wish]] = {}
            again: list[_Wish] = []
            for wish in wishes:
                standing = self.standings[wish.project]
                if not self._still(wish, standing):
                    continue
                if place >= len(wish.events):
                    again.append(wish)
                    continue
                event = self.lifecycle.events[wish.events[place]]
                if self._must_wait(event, standing):
                    self._put_off(wish, self.today + dt.timedelta(days=1), tried=False)
                    continue
                unit = self._unit_of(event, standing.project.unit)
                groups.setdefault((event.name, unit, wish.period), []).append(wish)
            wishes = again
            for (name, unit, _), group in groups.items():
                wishes = [*wishes, *self._together(self.lifecycle.events[name], unit, group)]
            wishes = sorted(wishes)

    def _still(self, wish: _Wish, standing: _Standing) -> bool:
        project = standing.project
        return wish.state in project.states and wish.period == project.period

    def _unit_of(self, event: Event, unit: str) -> str:
        """Return the unit whose clerk does it: that of the unit acting together, or the lowest
        unit in which one of the event's roles is held for the project."""
        known = self.units_of.get((event.name, unit))
        if known is None:
            kinds = {event.together}
            if event.together is None:
                kinds = {self.lifecycle.roles[role].at for role in event.by}
            head = self.plan.head
            above = (each for each in head.line_up(unit) if head.unit(each).kind in kinds)
            known = self.units_of[event.name, unit] = next(above, unit)
        return known

    def _must_wait(self, event: Event, standing: _Standing) -> bool:
        """Say whether others of the unit are not as far yet as an event of all of them asks."""
        if event.together is None:
            return False
        unit, here = self._unit_of(event, standing.project.unit), standing.project
        place = self.regions.index(event.leads)
        coming = self.kinds.coming_to(event)
        for other in self.standings.values():
            peer = other.project
            if self._unit_of(event, peer.unit) != unit:
                continue
            behind = period(peer.period) < period(here.period)
            same = peer.period == here.period
            if behind or (same and peer.states[place] in coming):
                return True
        return False

    def _together(self, event: Event, unit: str, wishes: Sequence[_Wish]) -> Iterator[_Wish]:
        """Fire the event on all of them, as a batch; yield those that should try what is next."""
        actors = self.directory.holders(event.by, unit, self.today)
        # What may be left out is dropped where the project has gone on meanwhile, on the same day.
        left = [
            wish
            for wish in wishes
            if not wish.optional or self._still(wish, self.standings[wish.project])
        ]
        reasons: dict[str, tuple[Reason, ...]] = {}
        for actor in actors[:3]:
            if left:
                reasons = self._batch(event, actor, left)
                left = [wish for wish in left if wish.project in reasons]
                others = {r.code for each in reasons.values() for r in each}
                if not others & {"duty_separated", "not_next_in_line"}:
                    break
        for wish in left:
            why = reasons.get(wish.project, ())
            if len(wish.events) > wish.events.index(event.name) + 1:
                yield wish
            elif wish.optional:
                continue
            else:
                self._refused(event, wish, why, nobody=not actors)

    def _batch(
        self, event: Event, actor: str, wishes: Sequence[_Wish]
    ) -> dict[str, tuple[Reason, ...]]:
        """Fire as one actor; return the reasons of those that were refused."""
        shared = event.together is not None
        bringing = wishes[:1] if shared else wishes
        each = {wish.project: self._data(event, self.standings[wish.project]) for wish in bringing}
        ids = [wish.project for wish in wishes]
        if len(ids) == 1 and not shared:
            try:
                by = self.engine.actor(self.plan.id, actor)
                entry = self.engine.fire(ids[0], event.name, by=by, data=each[ids[0]])
            except Refused as refusal:
                return {ids[0]: refusal.reasons}
            except InvalidInput as error:
                return {ids[0]: _as_reasons(error)}
            rating = entry.rating
            running = None if entry.evaluated != entry.period else rating
            band = None if running is None else running.get("band")
            self._moved(event, ids[0], entry.after, entry.period_after, entry.number, band)
            return {}
        plan = self.engine.batch(
            event.name,
            by=actor,
            where={
                "plan": self.plan.id,
                "number": [project.rpartition("/")[2] for project in ids],
            },
            data=each[ids[0]] if shared else None,
            each={} if shared else each,
        )
        promised = {line.project: line for line in plan}
        refused = {name: line.reasons for name, line in promised.items() if not line.allowed}
        for receipt in self.engine.batches.apply(plan):
            line = promised[receipt.project]
            if receipt.outcome != "done" or line.after is None or receipt.number is None:
                refused.setdefault(receipt.project, receipt.reasons)
                continue
            after = line.period_after or line.period
            band = line.band if line.rate is not None or line.band is not None else None
            self._moved(event, receipt.project, line.after, after, receipt.number, band)
        return {name: refused[name] for name in ids if name in refused}

    def _signs_next(self, event: Event, project: str) -> bool:
        """Say whether somebody signs after the event in its line."""
        now = self.engine.evaluation(project), self.engine.project(project).change
        return signs_next(event, self.lifecycle, self.plan.head, *now) is not None

    def _given(self, event: Event, name: str, project: str) -> bool:
        """Say whether made up data say what a notice waits for: flags say no, cards are sent where
        the project has some."""
        field = next(each for each in event.data if each.name == name)
        number = self.standings[project].project.number
        return field.type == "cards" and bool(self.plan.projects[number].cards)

    def _data(self, event: Event, standing: _Standing) -> dict[str, Any]:
        """Return what the clerk brings along."""
        if not event.data:
            return {}
        project = self.engine.project(standing.project.id)
        strength = standing.strength.get(project.period) or self._draw_strength(standing)
        leading = project.states[self.regions.index(event.leads)]
        looked_at = event.name in self.kinds.follow_ups and leading in event.sources()
        if looked_at and self.rng.random() < 0.5:  # not where it came too late to be looked at
            strength = standing.strength[project.period] = Fraction(1)
        occasion = SampleContext(
            event=event,
            project=project,
            evaluation=self.engine.evaluation(project.id),
            definition=self.engine.plans.definition(project.id, period=project.period),
            lifecycle=self.lifecycle,
            head=self.plan.head,
            directory=self.directory,
            day=self.today,
            strength=strength,
        )
        return sample_data(occasion)

    def _draw_strength(self, standing: _Standing) -> Fraction:
        if self._happens(self.behaviour.lagging):
            seriously = self._happens(Fraction(1, 5))
            percent = self.rng.randint(40, 66) if seriously else self.rng.randint(72, 87)
        else:
            percent = self.rng.randint(97, 106)
        standing.strength[standing.project.period] = Fraction(percent, 100)
        return Fraction(percent, 100)

    def _happens(self, share: Fraction) -> bool:
        return self.rng.randrange(share.denominator) < share.numerator

    # ------------------------------------------------------------------ what came of it

    def _moved(
        self,
        event: Event,
        project_id: str,
        after: tuple[str, ...],
        period_after: str,
        number: int,
        band: str | None,
    ) -> None:
        """Note that the project moved, count it, and plan what comes next."""
        standing = self.standings[project_id]
        before = standing.project
        self.tally.add("fired", before.period, event.name)
        if (due := self._due(event, standing)) is not None and self.today > due:
            self.tally.add("late", before.period, event.name)
        for rule in event.notices:
            if rule.when is not None and not self._given(event, rule.when, project_id):
                continue
            if rule.to == (NEXT_SIGNER,) and not self._signs_next(event, project_id):
                continue
            enters = rule.entering in after and rule.entering not in before.states
            if self.plan.head.delivery.notifiers and (rule.entering is None or enters):
                self.tally.add("told", rule.name)
        if "plan_revision" in event.actions:
            self.tally.add("revisions")
        standing.band = band or standing.band
        if period_after != before.period:
            self._settle_band(standing)
        standing.project = attrs.evolve(before, states=after, period=period_after, version=number)
        standing.fired_on[event.name] = self.today
        standing.fired_in[event.name] = before.period
        standing.done_here.add(event.name)
        changed = [
            place
            for place in range(len(after))
            if after[place] != before.states[place] or period_after != before.period
        ]
        for place in changed:
            leads = {e.name for e in self.kinds.leading[self.regions[place]]}
            standing.done_here -= leads - {event.name}
        if changed:
            self._look_ahead(standing, changed)
            self._maybe_follow_up(standing)
        if period_after != before.period:
            self._maybe_change(standing)

    def _settle_band(self, standing: _Standing) -> None:
        if standing.band is not None:
            self.tally.add("band", standing.project.period, standing.band)
        standing.band = None

    def _due(self, event: Event, standing: _Standing) -> dt.date | None:
        rule = self.plan.head.calendar.due.get(event.name, event.due)
        if rule is None:
            return None
        days = [standing.fired_on[name] for name in rule.events if name in standing.fired_on]
        if rule.events and not days:
            return None
        fired_on = max(days, default=None)
        period = standing.project.period
        due = self.calendar.deadline(rule, period, fired_on=fired_on).due
        if rule.again is not None:
            anew = [
                standing.fired_on[name]
                for name in rule.again.events
                if standing.fired_in.get(name) == period
            ]
            if anew:
                again = self.calendar.deadline(rule.again, period, fired_on=max(anew)).due
                return max(due, again)
        return due

    def _refused(
        self, event: Event, wish: _Wish, why: Sequence[Reason], *, nobody: bool = False
    ) -> None:
        """Ask whoever must be asked first, or try again on another day, or give up."""
        if any(reason.code == "no_next_period" for reason in why):
            return  # the year is over
        if wish.tries >= MOST_TRIES or nobody:
            self._give_up(wish, "nobody" if nobody else why[0].code if why else "refused")
            return
        for reason in why:
            if reason.code == "not_consulted":
                self._consult(wish, reason.who)
        later = [reason.since for reason in why if reason.since and reason.since > self.today]
        self._put_off(wish, max(later, default=self.today + dt.timedelta(days=1)), tried=True)

    def _consult(self, wish: _Wish, who: Sequence[str]) -> None:
        standing = self.standings[wish.project]
        for event in self.lifecycle.events.values():
            asks = not {"consultation", "agreement"}.isdisjoint(event.actions)
            if asks and event.line is None and event.sources() & set(standing.project.states):
                for actor in who[:1]:
                    self._batch(event, actor, [wish])

    def _give_up(self, wish: _Wish, code: str) -> None:
        if not wish.optional and self._still(wish, self.standings[wish.project]):
            self.tally.add("given up", wish.events[0], code)

    # ------------------------------------------------------------------ what comes next

    def _look_ahead(self, standing: _Standing, places: Sequence[int] | range) -> None:
        """Plan the next routine step in each of these regions."""
        for place in places:
            state = standing.project.states[place]
            events = [
                event
                for event in self.kinds.leading[self.regions[place]]
                if event.name in self.kinds.routine
                and state in event.sources()
                and event.name not in standing.done_here
            ]
            if not events:
                continue
            # What needs a written reason (exclude, withdraw) is what is done where things go badly.
            badly = [event for event in events if event.name in self.kinds.reasoned]
            if badly and len(badly) < len(events):
                bad = self._happens(self.behaviour.lagging)
                events = badly if bad else [each for each in events if each not in badly]
            events.sort(key=lambda event: event.name not in self.kinds.closing)
            day = self._drawn_day(events, standing)
            self._want(standing, tuple(event.name for event in events), state, day)

    def _drawn_day(self, events: Sequence[Event], standing: _Standing) -> dt.date:
        begin = self.today
        here = period(standing.project.period)
        if any(self._looks_back(event) for event in events):
            begin = max(begin, here.end + dt.timedelta(days=1))
        if any(event.name in self.kinds.closing for event in events):
            dues = (self._due(event, standing) for event in self.lifecycle.events.values())
            latest = max((due for due in dues if due is not None), default=begin)
            begin = max(begin, latest + dt.timedelta(days=6))
        dues = (self._due(event, standing) for event in events)
        due = min((each for each in dues if each is not None), default=None)
        if due is None:
            return begin + dt.timedelta(
                days=self.rng.randint(0, self._room(events, standing, begin))
            )
        if self._happens(self.behaviour.late):
            begin, due = max(begin, due), max(begin, due) + dt.timedelta(days=9)
            return begin + dt.timedelta(days=1 + self.rng.randint(0, (due - begin).days))
        return begin + dt.timedelta(days=self.rng.randint(0, max((due - begin).days, 0)))

    def _room(self, events: Sequence[Event], standing: _Standing, begin: dt.date) -> int:
        """Return how many days a step without a due day may take: two, and no more than the next
        dated step leaves."""
        region = events[0].leads
        state = standing.project.states[self.regions.index(region)]
        dues = [
            self._due(event, standing)
            for event in self.lifecycle.events.values()
            if event.leads == region and comes_before(self.lifecycle, state, event)
        ]
        left = [(due - begin).days for due in dues if due is not None]
        return max(min([2, *left]), 0)

    def _looks_back(self, event: Event) -> bool:
        known = (self.specs.get(use.name) for use in event.guards)
        return any(spec is not None and spec.looks_back for spec in known)

    def _maybe_follow_up(self, standing: _Standing) -> None:
        """Where a project lags, somebody may look at it again."""
        if self.verdicts.get(standing.band or "") not in LAGGING_VERDICTS:
            return
        for name in self.kinds.follow_ups:
            event = self.lifecycle.events[name]
            place = self.regions.index(event.leads)
            state = standing.project.states[place]
            if state not in event.sources() or name in standing.done_here:
                continue
            fixed = any(self.lifecycle.states[each].fixed for each in standing.project.states)
            if event.evaluation == FIXED and not fixed:
                continue
            if self._happens(self.behaviour.followed_up):
                day = self.today + dt.timedelta(days=self.rng.randint(1, 5))
                standing.done_here.add(name)
                self._want(standing, (name,), state, day, optional=True)

    def _maybe_change(self, standing: _Standing) -> None:
        """Now and then somebody asks for a change of the plan while the period lasts."""
        here = period(standing.project.period)
        for name in self.kinds.changes:
            if not self._happens(self.behaviour.changes):
                continue
            begin = max(self.today, here.start) + dt.timedelta(days=1)
            day = begin + dt.timedelta(days=self.rng.randint(0, 30))
            event = self.lifecycle.events[name]
            state = standing.project.states[self.regions.index(event.leads)]
            if state in event.sources():
                self._want(standing, (name,), state, day, optional=True)

    def _want(
        self,
        standing: _Standing,
        events: tuple[str, ...],
        state: str,
        day: dt.date,
        *,
        optional: bool = False,
    ) -> None:
        self.serial += 1
        wish = _Wish(
            day=day,
            number=self.serial,
            project=standing.project.id,
            events=events,
            state=state,
            period=standing.project.period,
            optional=optional,
        )
        heapq.heappush(self.agenda, wish)

    def _put_off(self, wish: _Wish, day: dt.date, *, tried: bool) -> None:
        self.serial += 1
        later = attrs.evolve(wish, day=day, number=self.serial, tries=wish.tries + tried)
        heapq.heappush(self.agenda, later)


@frozen(kw_only=True)
class _Kinds:
    """How a lifecycle's events are played: by what they record and where they lead, never by name.

    `steps` says for each region how many firings lie between its start and a state.
    """

    routine: tuple[str, ...]
    closing: tuple[str, ...]
    changes: tuple[str, ...]
    follow_ups: tuple[str, ...]
    reasoned: tuple[str, ...]
    leading: Mapping[str, tuple[Event, ...]]
    steps: Mapping[str, Mapping[str, int]]

    def coming_to(self, event: Event) -> frozenset[str]:
        """Return the states from which routine leads to where the event can be fired, forward."""
        steps = self.steps[event.leads]
        sources = event.sources()
        edges = [
            edge
            for other in self.leading[event.leads]
            if other.name in self.routine and other.name != event.name
            for edge in other.transitions
            if edge.region == event.leads and steps.get(edge.target, 0) > steps.get(edge.source, 0)
        ]
        coming: set[str] = set()
        while (
            more := {edge.source for edge in edges if edge.target in sources | coming}
            - coming
            - sources
        ):
            coming |= more
        return frozenset(coming)

    @classmethod
    def of(cls, lifecycle: Lifecycle) -> _Kinds:
        """Return the kinds of a lifecycle's events."""
        steps = {name: _steps(lifecycle, name) for name in lifecycle.regions}
        routine, closing, changes, follow_ups = [], [], [], []
        opening = change_event(lifecycle)
        for event in lifecycle.events.values():
            if event is not opening and {"change", "change_closed"} & set(event.actions):
                continue  # what opens a change says at once what changes, and it is not given up
            guards = {use.name for use in event.guards}
            guards |= {use.name for edge in event.transitions for use in edge.guards}
            forward = any(
                steps[event.leads].get(edge.target, 0) > steps[event.leads].get(edge.source, 0)
                for edge in event.transitions
                if edge.region == event.leads
            )
            if "next_period" in event.actions or "last_period" in guards:
                closing.append(event.name)
                routine.append(event.name)
            elif event is opening:
                changes.append(event.name)
            elif event.evaluation == FIXED:
                follow_ups.append(event.name)
            elif event.due is not None or forward:
                routine.append(event.name)
            elif "rated" in guards:
                follow_ups.append(event.name)
        leading = {
            region: tuple(e for e in lifecycle.events.values() if e.leads == region)
            for region in lifecycle.regions
        }
        return cls(
            routine=tuple(routine),
            closing=tuple(closing),
            changes=tuple(changes),
            follow_ups=tuple(follow_ups),
            reasoned=tuple(
                event.name
                for event in lifecycle.events.values()
                if any(field.type == "reason" and field.required for field in event.data)
            ),
            leading=leading,
            steps=steps,
        )


def _steps(lifecycle: Lifecycle, region: str) -> dict[str, int]:
    found = {lifecycle.regions[region].initial: 0}
    edges = [t for e in lifecycle.events.values() for t in e.transitions if t.region == region]
    frontier = list(found)
    while frontier:
        state = frontier.pop(0)
        for edge in edges:
            if edge.source == state and edge.target not in found:
                found[edge.target] = found[state] + 1
                frontier.append(edge.target)
    return found


def _as_reasons(error: InvalidInput) -> tuple[Reason, ...]:
    return tuple(Reason(code=p.code, ko=p.text("ko"), en=p.text("en")) for p in error.problems)
