"""What is read of a store: projects, evaluations, ratings, and who owes what."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, Any, NoReturn

import attrs

from evalflow.decision.clocks import History, extensions_given
from evalflow.engine.listing import check_limit, urgency
from evalflow.engine.names import Names
from evalflow.engine.rules import Rules
from evalflow.errors import NotFound, invalid
from evalflow.model import (
    Actor,
    Entry,
    Evaluation,
    Override,
    PlanEntry,
    Project,
    ProjectDefinition,
    Rating,
    Selection,
    Snapshot,
    dated,
)
from evalflow.model.ids import folded, storable
from evalflow.plan.stored import stored_definition

if TYPE_CHECKING:
    from evalflow.decision.deadlines import Due, DueState
    from evalflow.lifecycle.shapes import About
    from evalflow.scoring.contract import Grade

Several = str | Sequence[str] | None
"""One name or several of which one must hold; None for no condition."""


class Queries:
    """Reads a store by the rules in force."""

    def __init__(self, rules: Rules, clock: Callable[[], dt.datetime]) -> None:
        """Read what `rules` reads; `clock` gives the present moment in UTC."""
        self.rules = rules
        self.storage = rules.storage
        self.now = clock

    @contextmanager
    def reading(self) -> Iterator[Queries]:
        """Give the same queries on the store as it stands at this moment."""
        with self.storage.reading() as then:
            yield Queries(self.rules.on(then), self.now)

    # ------------------------------------------------------------------ projects

    def snapshot(self, project_id: str, *, defined: bool = False) -> Snapshot:
        """Return the project and its current evaluation, read in one moment; with `defined`, what
        the project is comes by the same question and is remembered.

        Raises:
            NotFound: the store has no such project.
        """
        kept = storable(project_id)  # what no database can keep none of them has
        read = self.rules.snapshot if defined else self.storage.snapshot
        snapshot = read(project_id) if kept else None
        if snapshot is None:
            near = Selection(plan=project_id.rpartition("/")[0], limit=2000)
            known = [project.id for project in self.storage.select(near)] if kept else []
            raise NotFound("project", project_id, known or self.storage.plans())
        return snapshot

    def projects(self, selection: Selection, at: dt.datetime | None) -> Iterator[Project]:
        """Yield the selected projects in the order of plan and number, as they stood at `at`."""
        if at is None:
            return self.storage.select(selection)
        return self.storage.as_of(selection, at)

    def select(
        self,
        *,
        at: dt.datetime | None = None,
        plan: str | None = None,
        unit: str | None = None,
        field: Several = None,
        state: Several = None,
        period: Several = None,
        band: Several = None,
        numbers: Sequence[str] | None = None,
        ids: Sequence[str] | None = None,
        late: bool | str | Sequence[str] | None = None,
        text: str | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> Selection:
        """Return the selection that these conditions mean; see `Engine.projects`."""
        check_limit(limit)
        if after is not None:  # none is ever taken away: one that is not there is a typing error
            after = Names(self.rules).project(_one_text(after), plan=plan)
        units = day = None
        if unit is not None or numbers is not None:
            plan = plan or self.only_plan()
        # Who answers for a project is asked of a day, also where no plan is named: the day in the
        # office of the first one. (Offices in several zones have two days at once for some hours.)
        whose = plan or next(iter(self.storage.plans()), None)
        if whose is not None:
            terms = self.rules.terms(whose)
            if plan is not None and at is not None and at < self.now():
                terms = self.rules.then(whose, at)
            day = terms.calendar.today(at or self.now())
            if unit is not None:
                if unit not in terms.head.units:
                    unit = Names(self.rules).unit_of(terms.head, unit)
                units = terms.head.below(unit)
        if numbers is not None:
            assert plan is not None
            numbers = _text_of(numbers)
            found = Names(self.rules).numbers(plan, numbers)
            ids = (*(ids or ()), *(f"{plan}/{number}" for number in found))
        said = {"field": field, "band": band, "state": state, "period": period}
        events = None if late in (None, True, False) else _several(late)  # type: ignore[arg-type]
        meant = self._meant(plan, {**said, "event": events}, at)
        chosen = Selection(
            plan=plan,
            ids=None if ids is None else tuple(ids),
            units=units,
            on=day,
            fields=meant.get("field"),
            states=meant.get("state"),
            periods=meant.get("period"),
            bands=meant.get("band"),
            words=() if text is None else words_of(text),
            after=after,
            limit=limit,
        )
        _check_text(chosen)
        if late is None or late is False:
            return chosen
        events = meant.get("event")
        all_of_them = attrs.evolve(chosen, limit=None)
        owed = self.owed(all_of_them, at or self.now(), waiting=False, now=at is None)
        overdue = {
            project: None
            for due in owed
            if due.days_late and (events is None or due.event in events)
            for project in due.projects
        }
        return attrs.evolve(chosen, ids=tuple(overdue))

    def _meant(
        self, plan: str | None, said: Mapping[str, Several], at: dt.datetime | None
    ) -> dict[str, tuple[str, ...]]:
        """Return what names in conditions mean, by kind.

        Raises:
            InvalidInput: no plan, and no project, knows a name; all of them.
        """
        given = {kind: _text_of(_several(each)) for kind, each in said.items() if each is not None}

        def exists(kind: str, name: str) -> bool:
            one = _BY_KIND.get(kind)
            if one is None:
                return False
            only: dict[str, Any] = {one: (name,)}
            chosen = Selection(plan=plan, limit=1, **only)
            return next(iter(self.projects(chosen, at)), None) is not None

        return Names(self.rules).conditions(plan, given, exists) if given else {}

    def actor(self, plan_id: str, actor_id: str) -> Actor:
        """Return the actor with this id from the plan's directory, or the host's."""
        terms = self.rules.terms(plan_id)
        return self.rules.people(terms, terms.calendar.today(self.now())).actor(actor_id)

    def actor_then(self, plan_id: str, revision: int, actor_id: str) -> Actor:
        """Return the actor with this id from the directory of a revision of the plan, or the
        host's."""
        terms = self.rules.terms(plan_id, revision)
        return self.rules.people(terms, terms.calendar.today(self.now())).actor(actor_id)

    def check_plan(self, plan_id: str) -> PlanEntry:
        """Return the last entry of the plan's own history.

        Raises:
            NotFound: the store has no such plan.
        """
        last = self.storage.plan_entry(plan_id)
        if last is None:
            raise NotFound("plan", plan_id, self.storage.plans())
        return last

    def only_plan(self) -> str:
        """Return the id of the store's plan where there is just one."""
        plans = self.storage.plans()
        if len(plans) == 1:
            return plans[0]
        shown = ", ".join(plans) or "-"
        raise invalid(
            "plan_needed",
            path="plan",
            ko=f"어느 계획인지 정해야 합니다 (있는 계획: {shown})",
            en=f"say which plan (there are: {shown})",
        )

    def definitions(
        self, plan_id: str, *, revision: int | None = None
    ) -> Iterator[ProjectDefinition]:
        """Yield what the plan says of each project, in the given revision (None: the latest)."""
        head = self.rules.terms(plan_id, revision).head
        for project_id, _, text in self.storage.definitions(plan_id, revision):
            number = project_id.rpartition("/")[2]
            yield stored_definition(head.id, number, text)

    # ------------------------------------------------------------------ what events take

    def about(self, project_id: str) -> About:
        """Return what examples of the project's data are made for."""
        from evalflow.lifecycle.shapes import About

        snapshot = self.snapshot(project_id, defined=True)
        project = snapshot.project
        terms = self.rules.terms(project.plan)
        revision = terms.in_force(project.period)
        return About(
            definition=self.rules.definition(project_id, revision),
            lifecycle=self.rules.lifecycle(project.lifecycle),
            criteria=terms.head.criteria,
            period=project.period,
        )

    def fields(self, event: str, project_id: str) -> dict[str, Any]:
        """Return the data that an event takes as JSON Schema; see `Engine.fields`."""
        from evalflow.lifecycle.shapes import schema

        about = self.about(project_id)
        name = Names(self.rules).event_of([about.lifecycle], event)
        return schema(about.lifecycle.events[name], about)

    def example(self, event: str, project_id: str, lang: str) -> str:
        """Return data such as an event takes, as YAML to fill in."""
        from evalflow.lifecycle.shapes import example_text

        about = self.about(project_id)
        name = Names(self.rules).event_of([about.lifecycle], event)
        return example_text(about.lifecycle.events[name], about, lang=lang)

    # ------------------------------------------------------------------ ratings

    def evaluation(self, project_id: str, period: str | None) -> Evaluation:
        """Return the project's evaluation for a period (None: the current one)."""
        snapshot = self.snapshot(project_id)
        if period is None or period == snapshot.project.period:
            return snapshot.evaluation
        kept = storable(period)
        found = self.storage.evaluation(project_id, period) if kept else None
        if found is None and kept:
            meant = self.period(snapshot.project.plan, period)
            if meant != period:
                return self.evaluation(project_id, meant)
        if found is None:
            raise NotFound("evaluation", f"{project_id} {period}")
        return found

    def period(self, plan_id: str, said: str) -> str:
        """Return a period of the plan, however it is written.

        Raises:
            InvalidInput: the plan has no such period.
        """
        return Names(self.rules).period(plan_id, said)

    def rate(self, project_id: str, period: str | None) -> Rating | None:
        """Rate the project anew on its recorded figures; None where it was not evaluated."""
        with self.reading() as then:
            return then._rate(project_id, period)

    def _rate(self, project_id: str, period: str | None) -> Rating | None:
        from evalflow.decision.actions import actuals_of
        from evalflow.decision.decide import subject

        evaluation = self.evaluation(project_id, period)
        stored = evaluation.rating
        if stored is None:
            return None
        snapshot = self.snapshot(project_id)
        then = attrs.evolve(
            snapshot,
            project=attrs.evolve(snapshot.project, period=evaluation.period),
            evaluation=evaluation,
        )
        situation = self.rules.situation(then, None, self.now())
        return situation.score(subject(situation, actuals_of(stored), _overrides_of(stored)))

    def grades(self, plan_id: str, period: str) -> Mapping[str, Grade]:
        """Return the grade of every project that was rated in the period, by project id."""
        with self.reading() as then:
            return then._grades(plan_id, period)

    def _grades(self, plan_id: str, period: str) -> Mapping[str, Grade]:
        from evalflow.scoring.contract import grade_all

        head = self.rules.terms(plan_id).head
        rules = head.scoring.grades
        if rules is None:
            raise invalid(
                "no_grades",
                path="scoring.grades",
                value=plan_id,
                ko=f"계획 '{plan_id}'에는 등급 기준(scoring.grades)이 없습니다.",
                en=f"the plan '{plan_id}' does not grade its projects (it has no scoring.grades)",
            )
        if storable(period):
            period = self.period(plan_id, period)
        ratings = [each.rating for each in self.storage.evaluations(plan_id, period)]
        projects = {each.id: each for each in self.storage.select(self.select(plan=plan_id))}

        def cohort(rating: Rating) -> str:
            project = projects[rating.project]
            if rules.by == "field":
                return project.field
            return (project.unit if rules.by == "unit" else None) or (
                head.ancestor(project.unit, "bureau") or head.office
            )

        return grade_all(
            self.rules.plugins.grader(rules.grader, rules.options),
            [rating for rating in ratings if rating is not None],
            cohort_of=None if rules.by == "all" else cohort,
        )

    # ------------------------------------------------------------------ who owes what

    def owed(
        self,
        chosen: Selection,
        moment: dt.datetime,
        *,
        waiting: bool,
        coming: bool = False,
        now: bool = False,
    ) -> tuple[Due, ...]:
        """Return what the selected projects owe on the day of `moment`, the most urgent first; with
        `coming` also what those will owe first that wait for their next period. `now` says that it
        is the present moment, which the clock has left meanwhile: nothing is looked up in
        histories as for one that is past."""
        with self.reading() as then:
            past = moment if not now and moment < self.now() else None
            return then._owed(chosen, moment, past, waiting=waiting, coming=coming)

    def _owed(
        self,
        chosen: Selection,
        moment: dt.datetime,
        past: dt.datetime | None,
        *,
        waiting: bool,
        coming: bool,
    ) -> tuple[Due, ...]:
        from evalflow.decision.deadlines import Ledger

        found: list[Due] = []
        groups: dict[tuple[str, str], list[DueState]] = {}
        for state in self._due_states(chosen, past):
            project = state.project
            groups.setdefault((project.plan, project.lifecycle), []).append(state)
        for (plan_id, fingerprint), states in groups.items():
            terms = self.rules.terms(plan_id) if past is None else self.rules.then(plan_id, past)
            today = terms.calendar.today(moment)
            ledger = Ledger(
                head=terms.head,
                lifecycle=self.rules.lifecycle(fingerprint),
                calendar=terms.calendar,
                directory=self.rules.people(terms, today),
                specs=self.rules.plugins.guard_specs,
                today=today,
            )
            found.extend(ledger.owed(states))
            if coming:
                found.extend(ledger.coming(states))
        shown = [due for due in found if waiting or due.ready]
        return tuple(sorted(shown, key=urgency))

    def _due_states(self, chosen: Selection, past: dt.datetime | None) -> Iterator[DueState]:
        """Yield what decides about the due dates of the selected projects, as they stand, or stood
        at a `past` moment."""
        if past is None:
            for snapshot in self.storage.snapshots(chosen):
                project = snapshot.project
                history = cache(partial(self._history_upto, project.id, None))
                yield self._due_state(project, history, snapshot.evaluation.extensions)
        else:
            # Each is read, and a few at a time are kept: all of them together are large.
            recent = lru_cache(maxsize=16)(self._history_upto)
            for project in self.storage.as_of(chosen, past):
                lifecycle = self.rules.lifecycle(project.lifecycle)
                upto = partial(recent, project.id, past)
                given = extensions_given(upto(), lifecycle, project.period)
                yield self._due_state(project, upto, given)

    def _due_state(
        self, project: Project, history: History, extensions: Mapping[str, str]
    ) -> DueState:
        from evalflow.decision.deadlines import due_state

        lifecycle = self.rules.lifecycle(project.lifecycle)
        return due_state(project, lifecycle, history, extensions, self.rules.lifecycle)

    def _history_upto(self, project_id: str, past: dt.datetime | None) -> tuple[Entry, ...]:
        """Return the project's entries, all or those up to the moment."""
        entries = self.storage.history(project_id)
        return dated(entry for entry in entries if past is None or entry.at <= past)


_BY_KIND = {"state": "states", "field": "fields", "band": "bands", "period": "periods"}


def _text_of(said: Sequence[str] | None) -> tuple[str, ...]:
    """Return the texts of a condition, all of which a store could hold."""
    texts = tuple(said or ())
    for text in texts:
        if not storable(text):
            _refuse_text(text)
    return texts


def _one_text(said: object) -> str:
    """Return a text that a store could hold."""
    if not isinstance(said, str) or not storable(said):
        _refuse_text(str(said))
    return said


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a search, folded.

    Raises:
        InvalidInput: `not_text`.
    """
    return tuple(folded(_one_text(text)).split())


def _check_text(chosen: Selection) -> None:
    several = (chosen.ids, chosen.fields, chosen.states, chosen.periods, chosen.bands)
    for text in (each for texts in several if texts is not None for each in texts):
        if not storable(text):
            _refuse_text(text)


def _refuse_text(text: str) -> NoReturn:
    shown = ascii(text)[:60]
    raise invalid(
        "not_text",
        value=shown,
        ko=f"조건에 글이 아닌 문자(NUL 또는 짝이 없는 서로게이트)가 있습니다: {shown}",
        en=f"a condition holds something that is not text (NUL or half a surrogate pair): {shown}",
    )


def _several(given: Several) -> tuple[str, ...] | None:
    if given is None:
        return None
    return (given,) if isinstance(given, str) else tuple(given)


def _overrides_of(rating: Rating) -> dict[str, Override]:
    return {
        line.indicator: Override(rate=line.rate, reason=line.reason)
        for line in rating.lines
        if line.reason is not None and line.rate is not None
    }
