"""The rules in force: what the store keeps of plans, lifecycles and definitions, read once.

Only what was read from committed text is remembered for all. A draft of a plan gets its terms made
anew; what is read in a host's open transaction is remembered by the rules of that one alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import attrs

from evalflow.decision.situation import Needs, Peers, Situation, evaluation_for, last_fixed, needs
from evalflow.engine.remembered import EventRules, Remembered
from evalflow.errors import NotFound, StorageError, invalid
from evalflow.lifecycle.definition import FIXED, Event, Lifecycle
from evalflow.lifecycle.stored import stored_lifecycle
from evalflow.model import (
    Act,
    Actor,
    Entry,
    Evaluation,
    PlanEntry,
    PlanHead,
    Project,
    ProjectDefinition,
    Rating,
    Roster,
    Selection,
    Snapshot,
    Subject,
    dated,
)
from evalflow.model.calendar import Calendar, Holidays, period
from evalflow.model.canonical import canonical, digest, parse
from evalflow.model.directory import Directory
from evalflow.model.ids import storable
from evalflow.model.values import frozen
from evalflow.plan.stored import stored_definition, stored_head
from evalflow.plugins.host_directory import HostDirectory, asked
from evalflow.plugins.installed import Plugins
from evalflow.storage.contract import ReadsDefined, ReadsTogether, Storage

if TYPE_CHECKING:
    from evalflow.decision.guards import Guard

_NOTHING = Needs()  # what most events look at beside their project
_ABOUT = '"about":'  # most projects are about none: their text need not be read


@frozen(kw_only=True)
class Terms:
    """One plan revision as decisions use it.

    `revisions` are (number, first period measured against it), up to this one.
    """

    head: PlanHead
    directory: Directory
    calendar: Calendar
    plugins: Plugins
    revisions: tuple[tuple[int, str], ...]

    @cached_property
    def score(self) -> Callable[[Subject], Rating]:
        """Return what rates by the plan's rules."""
        return self.plugins.scoring(self.head.scoring, within=self.head.patience)

    @cached_property
    def guards(self) -> Mapping[str, Guard]:
        """Return the guards, with the patience that the plan has."""
        return self.plugins.guards_within(self.head.patience)

    def in_force(self, period_text: str) -> int:
        """Return the plan revision that a period is measured against (D5)."""
        if len(self.revisions) == 1:
            return self.revisions[0][0]
        here = period(period_text)
        counted = [number for number, effective in self.revisions if period(effective) <= here]
        return counted[-1] if counted else self.revisions[0][0]


@frozen
class _Group:
    """The projects of one unit, read for one firing."""

    snapshots: tuple[Snapshot, ...]
    projects: Peers
    roster: Roster


OnCommit = Callable[[Callable[[], None]], object]
"""A host's way to have something called once its open transaction is committed."""


class Rules:
    """What is in force in one store, for one engine. Safe to use from several threads."""

    on_commit: OnCommit | None = None

    def __init__(
        self,
        storage: Storage,
        plugins: Plugins,
        holidays: Holidays | None,
        host: HostDirectory | None = None,
    ) -> None:
        """Read from `storage`; `holidays` stands in for the holiday table that plans name; `host`
        is the host's own directory of people."""
        self.storage = storage
        self.plugins = plugins
        self.holidays = holidays
        self.host = host
        self._asked: dict[tuple[str, int, dt.date], Directory] | None = None
        self._transient = bool(getattr(storage, "transient", False))
        self._known = Remembered[Terms]()
        self._proposed: tuple[tuple[str, str], PlanEntry | None] | None = None

    def on(self, storage: Storage) -> Rules:
        """Return the same rules, read from another view of the same store, which is of one moment:
        what is remembered is shared, and the host's directory is asked once."""
        other = Rules(storage, self.plugins, self.holidays, self.host)
        other._asked = {}
        other._known = self._known
        return other

    def terms(self, plan_id: str, revision: int | None = None) -> Terms:
        """Return one revision of a plan (None: the latest).

        Raises:
            NotFound: the store has no such plan or revision.
        """
        if not storable(plan_id):  # what no database can keep none of them has
            raise NotFound("plan", plan_id, self.storage.plans())
        self._forget_what_never_was(plan_id)
        known = self.storage.revisions(plan_id) if revision is None else ()
        if revision is None and known:
            revision = known[-1][0]
        found = None if revision is None else self._known.terms.get((plan_id, revision))
        if found is not None:
            return found
        self._will_remember(plan_id)
        text = self.storage.head(plan_id, revision)
        if text is None:
            there = [str(number) for number, _ in self.storage.revisions(plan_id)]
            if revision is not None and there:
                raise NotFound("revision", str(revision), listed=", ".join(there))
            raise NotFound("plan", plan_id, self.storage.plans())
        known = known or self.storage.revisions(plan_id)
        assert revision is not None
        self._check_seal(plan_id, revision, text)
        upto = tuple(pair for pair in known if pair[0] <= revision)
        head = attrs.evolve(stored_head(text, plan_id), revision=revision, effective=upto[-1][1])
        terms = self._known.terms[plan_id, revision] = self.draft(head, upto)
        return terms

    def people(self, terms: Terms, day: dt.date) -> Directory:
        """Return who holds what on a day under a plan's terms: the plan's people and those of the
        host's directory, which is asked each time (`on`: once). Ask once for one decision.

        Raises:
            DirectoryError: it failed, or its answer cannot be.
        """
        if self.host is None:
            return terms.directory
        key = terms.head.id, terms.head.revision, day
        found = None if self._asked is None else self._asked.get(key)
        if found is None:
            lifecycle = self.lifecycle_of(terms.head.id)
            roles = {} if lifecycle is None else lifecycle.roles
            kinds = {name: role.at for name, role in roles.items()}
            found = Directory(terms.head, asked(self.host, terms.head, day, kinds))
            if self._asked is not None:
                self._asked[key] = found
        return found.listening()

    def who(
        self, terms: Terms, by: Actor | str, day: dt.date, acts: Iterable[Act] = ()
    ) -> tuple[Actor, Directory]:
        """Return the actor, and the people of the day: an id is looked up in them, somebody whom
        the host hands over is recognised (`Directory.recognised`) and believed.

        Raises:
            NotFound: nobody has this id.
            InvalidInput: it can be no id, or looks like another that is known.
            DirectoryError: the host's directory failed.
        """
        people = self.people(terms, day)
        if isinstance(by, str):
            return people.recognised(people.actor(by), acts), people
        by = people.recognised(by, acts)
        return by, people.taking(by)

    def _forget_what_never_was(self, plan_id: str) -> None:
        """Forget what is remembered of a plan where it was read in a host's transaction that was
        rolled back: somebody else may have gone on with the plan since. Each entry of a plan's
        history seals those before it, so the last one speaks for all."""
        if self._transient and plan_id in self._known.seals:
            self._will_remember(plan_id)

    def _will_remember(self, plan_id: str) -> None:
        """See to it, before something of a plan is read in a host's transaction, that all that is
        remembered of it stands under the same history."""
        if not self._transient:
            return
        last = self.storage.plan_entry(plan_id)
        seal = "" if last is None else last.hash
        if self._known.seals.setdefault(plan_id, seal) != seal:
            self._known.forget(plan_id)
            self._known.seals[plan_id] = seal

    def _check_seal(self, plan_id: str, revision: int, text: str) -> None:
        """Hold a revision's text against the entry of the plan's history that put it into force.

        Raises:
            StorageError: it was edited, or no entry speaks for it.
        """
        entry = self.storage.plan_entry(plan_id, revision)
        spoken = () if entry is None else entry.revisions()
        if (revision, digest(text)) not in [(number, seal) for number, _, seal in spoken]:
            raise StorageError(
                "corrupt",
                ko=f"저장된 계획 {plan_id} {revision}차의 내용이 계획 이력이 시행한 것과 다릅니다. "
                "'evalflow verify'로 확인하십시오.",
                en=f"the stored revision {revision} of the plan {plan_id} is not the one that its "
                "history put into force; see 'evalflow verify'",
            )

    def then(self, plan_id: str, at: dt.datetime) -> Terms:
        """Return the revision of a plan that was in force at a past moment: what was owed then is
        told by the rules of then. Before its first one, that one.

        Raises:
            NotFound: the store has no such plan.
        """
        known = [each.revision for each in self.storage.plan_history(plan_id) if each.at <= at]
        if not known:  # a store whose plans had no history of their own yet
            entries = self.storage.histories(plan_id)
            known = sorted(entry.revision for entry in entries if entry.at <= at)
        return self.terms(plan_id, known[-1] if known else 1)

    def draft(self, head: PlanHead, revisions: tuple[tuple[int, str], ...]) -> Terms:
        """Return the terms of a head that need not be in force; nothing of it is remembered."""
        return Terms(
            head=head,
            directory=Directory(head),
            calendar=Calendar(head.calendar, self.holidays, self.plugins.due_rules),
            plugins=self.plugins,
            revisions=revisions,
        )

    def lifecycle(self, fingerprint: str) -> Lifecycle:
        """Return the lifecycle definition with this fingerprint.

        Raises:
            NotFound: the store has no such definition.
            StorageError: its text is damaged, or is not the one that the fingerprint was made of.
        """
        found = self._known.lifecycles.get(fingerprint)
        if found is None:
            text = self.storage.lifecycle(fingerprint)
            if text is None:
                raise NotFound("lifecycle", fingerprint)
            found = stored_lifecycle(text, fingerprint)
            if found.fingerprint != fingerprint:
                raise _edited(fingerprint, found.fingerprint)
            self._known.lifecycles[fingerprint] = found
        return found

    def offer(self, lifecycle: Lifecycle) -> Lifecycle:
        """Keep a lifecycle that a migration or a new plan offers at hand.

        Raises:
            InvalidInput: the store has another text under its fingerprint.
        """
        known = self._known.lifecycles.get(lifecycle.fingerprint)
        text = canonical(lifecycle.tree)
        kept = self.storage.lifecycle(lifecycle.fingerprint) if known is None else None
        if known is not None:
            kept = canonical(known.tree)
        if kept is not None and kept != text:
            raise invalid(
                "fingerprint_taken",
                value=lifecycle.fingerprint,
                ko=f"저장소에 무결성 값이 같은 다른 절차({lifecycle.fingerprint})가 있습니다",
                en=f"the store has another lifecycle under the fingerprint {lifecycle.fingerprint}",
            )
        return self._known.lifecycles.setdefault(lifecycle.fingerprint, lifecycle)

    def _check_sealed(self, plan_id: str, lifecycle: Lifecycle) -> None:
        """See to it, once, that the lifecycle by which something of the plan is decided is, word
        for word, one that the plan's history brought. Plans of older stores may not say.

        Raises:
            StorageError: it has another text.
        """
        key = plan_id, lifecycle.fingerprint
        if key in self._known.sealed:
            return
        own = digest(canonical(lifecycle.tree))
        for entry in self.storage.plan_history(plan_id):
            told = entry.data.get("lifecycles", {}).get(lifecycle.fingerprint, own)
            if told != own:
                raise _edited(lifecycle.fingerprint, f"SHA-256 {own[:16]}…")
        self._known.sealed.add(key)

    def lifecycle_of(self, plan_id: str) -> Lifecycle | None:
        """Return the plan's lifecycle, under which projects come in: what its own history says;
        None where it has none."""
        last = self.storage.plan_entry(plan_id)
        return self.lifecycle(last.lifecycle) if last is not None and last.lifecycle else None

    def definition(self, project_id: str, revision: int) -> ProjectDefinition:
        """Return the project as the plan revision has it.

        Raises:
            NotFound: the store has no such definition.
        """
        plan_id = project_id.rpartition("/")[0]
        self._forget_what_never_was(plan_id)
        found = self._known.definitions.get((project_id, revision))
        if found is not None:
            return found
        self._will_remember(plan_id)
        stored = self.storage.definition(project_id, revision)
        if stored is None:
            raise NotFound("definition", f"{project_id} r{revision}")
        return self._define(project_id, revision, stored[1])

    def snapshot(self, project_id: str) -> Snapshot | None:
        """Return how a project stands, or None. Where it is not known what the project is, that is
        read by the same question, where the storage can."""
        storage = self.storage
        if (
            project_id in self._known.defined
            or self._transient
            or not isinstance(storage, ReadsDefined)
        ):
            return storage.snapshot(project_id)
        found = storage.defined_snapshot(project_id)
        if found is None:
            return None
        snapshot, text = found
        if text is not None:
            self._define(project_id, snapshot.project.revision, text)
        return snapshot

    def _define(self, project_id: str, revision: int, text: str) -> ProjectDefinition:
        """Remember, and return, what is stored of a project at a revision."""
        plan_id, _, number = project_id.rpartition("/")
        definition = stored_definition(plan_id, number, text)
        self._known.define(project_id, revision, definition)
        return definition

    def read_together(self, snapshots: Iterable[Snapshot]) -> None:
        """Read the definitions of these projects that are not known yet, by one question where the
        storage can: they will be decided one after the other."""
        if self._transient or not isinstance(self.storage, ReadsTogether):
            return
        known = self._known.definitions
        projects = [each.project for each in snapshots]
        lacking = [each.id for each in projects if (each.id, each.revision) not in known]
        if len(lacking) < 2:
            return
        for project, revision, text in self.storage.latest_definitions(lacking):
            self._define(project, revision, text)

    def histories(
        self, snapshots: Iterable[Snapshot], event_name: str
    ) -> Mapping[str, tuple[Entry, ...]]:
        """Return, by project, the entries of those for which the event looks at them, read by one
        question; nothing where the storage is asked for one project after the other."""
        looking = []
        for each in snapshots:
            lifecycle = self.lifecycle(each.project.lifecycle)
            event = lifecycle.events.get(event_name)  # an unknown one is told where it is decided
            if event is not None and self._event_rules(each, event).needs.history:
                looking.append(each)
        return self._histories(looking)

    def _histories(self, snapshots: Sequence[Snapshot]) -> Mapping[str, tuple[Entry, ...]]:
        if len(snapshots) < 2 or not isinstance(self.storage, ReadsTogether):
            return {}
        entries = self.storage.histories_of([each.project.id for each in snapshots])
        return {project: tuple(own) for project, own in groupby(entries, attrgetter("project"))}

    def decided_by(self, entry: Entry, event: Event) -> tuple[ProjectDefinition, PlanHead]:
        """Return the definition and the head by which an entry of the event was decided."""
        plan_id = entry.project.rpartition("/")[0]
        redefined = "plan_revision" in event.actions and "definition" in entry.data
        terms = self.terms(plan_id, entry.revision - redefined)  # an approval makes the next one
        return self.definition(entry.project, terms.in_force(entry.evaluated)), terms.head

    def event(self, snapshot: Snapshot, name: str) -> Event:
        """Return the event of the project's lifecycle.

        Raises:
            NotFound: it has no such event.
        """
        lifecycle = self.lifecycle(snapshot.project.lifecycle)
        event = lifecycle.events.get(name)
        if event is None:
            raise NotFound("event", name, tuple(lifecycle.events))
        return event

    def proposed_migration(self, snapshot: Snapshot) -> PlanEntry | None:
        """Return the migration that waits for a second person in the history of the project's
        plan, as far as the snapshot has it; read once for all projects of a batch."""
        key = snapshot.project.plan, snapshot.plan_head
        known = self._proposed
        if known is None or known[0] != key:
            entries = []
            for entry in self.storage.plan_history(snapshot.project.plan):
                entries.append(entry)
                if entry.hash == snapshot.plan_head:
                    break
            from evalflow.decision.second_person import newest_proposal

            known = self._proposed = key, newest_proposal(entries)
        return known[1]

    # ------------------------------------------------------------------ what a decision looks at

    def situation(
        self,
        snapshot: Snapshot,
        event: Event | None,
        at: dt.datetime,
        people: Directory | None = None,
    ) -> Situation:
        """Gather what the event may look at on the project; None: the project and the rules
        alone. `people` are those of this moment (see `people`), None: those of the plan."""
        return self._gather(snapshot, event, at, {}, people)

    def own(
        self, snapshot: Snapshot, event: Event, at: dt.datetime, people: Directory
    ) -> Situation:
        """Gather what state, role, unit and duties are asked of: the project's own, and of no other
        project (`decide.may_act`)."""
        return self._gather(snapshot, event, at, {}, people, _NOTHING)

    def situations(
        self,
        snapshot: Snapshot,
        event: Event,
        at: dt.datetime,
        people: Directory | None = None,
        history: Sequence[Entry] | None = None,
    ) -> tuple[Situation, ...]:
        """Gather it for each project that the event would move, the one in hand first: an event
        of a whole unit moves all of its projects that are ready with it. `history` are the entries
        of the one in hand, where they were read after it."""
        groups: dict[tuple[str, str], _Group] = {}
        own = self._gather(snapshot, event, at, groups, people, history=history)
        if event.together is None:
            return (own,)
        region = own.lifecycle.leading(event)
        sources, project = event.sources(), snapshot.project
        unit = self._unit(own.head, own.latest, event.together, own.calendar.today(at))
        group = groups.get((event.together, unit or ""))
        ready = [
            peer
            for peer in (group.snapshots if group else ())
            if peer.project.id != project.id
            and peer.project.states[region] in sources
            and peer.project.period == project.period
        ]
        self.read_together(ready)
        read = {} if own.history is None else self._histories(ready)
        others = [
            self._gather(peer, event, at, groups, people, history=read.get(peer.project.id))
            for peer in ready
        ]
        return (own, *others)

    def _gather(
        self,
        snapshot: Snapshot,
        event: Event | None,
        at: dt.datetime,
        groups: dict[tuple[str, str], _Group],
        people: Directory | None,
        wanted: Needs | None = None,
        *,
        history: Sequence[Entry] | None = None,
    ) -> Situation:
        """Gather for one project. `groups` are the units read so far for this firing: (kind, unit)
        -> projects, so that a unit's projects share one reading. `wanted` is what is looked at
        beside the project, None: all that the event looks at. `history` are the project's entries,
        None: they are read where they are wanted."""
        project = snapshot.project
        rules = self._event_rules(snapshot, event)
        terms, lifecycle = rules.terms, rules.lifecycle
        evaluation: Evaluation | None = snapshot.evaluation
        if event is not None and event.evaluation == FIXED:
            evaluation = evaluation_for(event, snapshot, lifecycle, self._evaluation_of(project.id))
        evaluated = project.period if evaluation is None else evaluation.period
        measured = terms.in_force(evaluated)
        latest = self.definition(project.id, project.revision)
        definition = (
            latest if project.revision <= measured else self.definition(project.id, measured)
        )
        if wanted is None:
            wanted = rules.needs
        beside: dict[str, Any] = {}
        if wanted is not _NOTHING:
            today = terms.calendar.today(at)
            beside = self._beside(snapshot.project, latest, terms.head, today, groups, wanted)
            beside["history"] = self._history(project, history) if wanted.history else None
        return Situation(
            snapshot=snapshot,
            evaluation=evaluation,
            head=terms.head,
            lifecycle=lifecycle,
            calendar=terms.calendar,
            directory=terms.directory if people is None else people.listening(),
            definition=definition,
            latest=latest,
            guards=terms.guards,
            score=terms.score,
            measured=measured,
            **beside,
        )

    def _beside(
        self,
        project: Project,
        latest: ProjectDefinition,
        head: PlanHead,
        today: dt.date,
        groups: dict[tuple[str, str], _Group],
        wanted: Needs,
    ) -> dict[str, Any]:
        """Gather what a `Situation` has of other projects."""
        peers: dict[str, Peers] = {}
        rosters: list[Roster] = []
        for kind in wanted.peers:
            unit = self._unit(head, latest, kind, today)
            if unit is None:
                peers[kind] = Peers()
                continue
            group = groups.get((kind, unit))
            if group is None:
                group = groups[kind, unit] = self._group(project.plan, head, unit, today)
            peers[kind] = group.projects
            rosters.append(group.roster)
        found: dict[str, Any] = {"peers": peers, "rosters": tuple(rosters)}
        about = self._about(latest) if wanted.about else None
        if about is not None:
            found["about"] = about.project
            found["about_rated"] = self._last_rating(about)
            found["about_fired"] = self._last_fired(about.project.id)
            found["siblings"] = self._siblings(latest) if wanted.siblings else ()
        if wanted.those_about:
            found["those_about"], found["plans"] = self._those_about(latest.id)
        return found

    def _history(self, project: Project, read: Sequence[Entry] | None) -> tuple[Entry, ...]:
        """Return the entries that the project has as it was read; what follows is not looked at."""
        entries = self.storage.history(project.id) if read is None else read
        return dated(entry for entry in entries if entry.number <= project.version)

    def _group(self, plan: str, head: PlanHead, unit: str, today: dt.date) -> _Group:
        units = head.below(unit)
        found = tuple(self.storage.snapshots(Selection(plan=plan, units=units, on=today)))
        projects = Peers([each.project for each in found])
        ids = frozenset([each.id for each in projects])
        return _Group(found, projects, Roster(plan=plan, units=units, on=today, ids=ids))

    def _event_rules(self, snapshot: Snapshot, event: Event | None) -> EventRules[Terms]:
        """Return what the event is decided by where the project stands; None: no event."""
        project = snapshot.project
        self._forget_what_never_was(project.plan)
        name = "" if event is None else event.name
        key = project.plan, snapshot.latest, project.lifecycle, name
        found = self._known.event_rules.get(key)
        if found is None:
            terms = self.terms(project.plan, snapshot.latest)
            lifecycle = self.lifecycle(project.lifecycle)
            self._check_sealed(project.plan, lifecycle)
            wanted = _NOTHING
            if event is not None:
                asked = needs(event, lifecycle, terms.head, self.plugins.guard_specs)
                wanted = _NOTHING if asked == _NOTHING else asked
            found = self._known.event_rules[key] = EventRules(terms, lifecycle, wanted)
        return found

    def _unit(
        self, head: PlanHead, definition: ProjectDefinition, kind: str, today: dt.date
    ) -> str | None:
        return head.ancestor(definition.unit_on(today), kind)

    def _evaluation_of(self, project: str) -> Callable[[str], Evaluation | None]:
        return lambda period_text: self.storage.evaluation(project, period_text)

    def _about(self, definition: ProjectDefinition) -> Snapshot | None:
        return None if definition.about is None else self.storage.snapshot(definition.about)

    def _last_rating(self, snapshot: Snapshot) -> Rating | None:
        """Return the rating of the project's last fixed evaluation."""
        project = snapshot.project
        lifecycle = self.lifecycle(project.lifecycle)
        fixed = last_fixed(snapshot, lifecycle, self._evaluation_of(project.id))
        return None if fixed is None else fixed.rating

    def _last_fired(self, project: str) -> Mapping[str, dt.datetime]:
        return {entry.event: entry.at for entry in dated(self.storage.history(project))}

    def _siblings(
        self, definition: ProjectDefinition
    ) -> tuple[tuple[Project, Mapping[str, dt.datetime]], ...]:
        """Return the other projects of the plan that are about the same one, with when their
        events were last fired."""
        plan = definition.id.rpartition("/")[0]
        ids = [
            project
            for project, revision, _ in self.storage.definitions(plan)
            if project != definition.id
            and self.definition(project, revision).about == definition.about
        ]
        chosen = self.storage.select(Selection(plan=plan, ids=tuple(ids))) if ids else ()
        return tuple([(each, self._last_fired(each.id)) for each in chosen])

    def _those_about(self, project: str) -> tuple[tuple[Project, ...], tuple[tuple[str, int], ...]]:
        """Return the projects of any plan that are about this one, and the plans that were looked
        through, each with its latest revision: there could be another one by the next."""
        found: list[Project] = []
        seen: list[tuple[str, int]] = []
        for plan in self.storage.plans():
            revision = self.storage.revisions(plan)[-1][0]
            seen.append((plan, revision))
            last = self.storage.plan_entry(plan)
            known = f"{revision} {'' if last is None else last.hash}"
            ids = self._about_in(plan, known).get(project, ())
            found.extend(self.storage.select(Selection(plan=plan, ids=ids)) if ids else ())
        return tuple(found), tuple(seen)

    def _about_in(self, plan: str, revision: str) -> Mapping[str, tuple[str, ...]]:
        """Return project -> the projects of the plan that are about it; `revision` says which it
        was, by its number and the hash of the entry that made it."""
        known = self._known.abouts.get(plan)
        if known is not None and known[0] == revision:
            return known[1]
        found: dict[str, tuple[str, ...]] = {}
        for project, _, text in self.storage.definitions(plan):
            about = parse(text).get("about") if _ABOUT in text else None
            if about is not None:
                found[about] = (*found.get(about, ()), project)
        self._known.abouts[plan] = revision, found
        return found


def _edited(fingerprint: str, found: str) -> StorageError:
    return StorageError(
        "corrupt",
        ko=f"저장된 절차 {fingerprint}의 내용이 바뀌었습니다(무결성 값이 다릅니다: "
        f"{found}). 'evalflow verify'로 확인하십시오.",
        en=f"the stored lifecycle {fingerprint} was edited: the fingerprint of its "
        f"text is {found}; see 'evalflow verify'",
    )
