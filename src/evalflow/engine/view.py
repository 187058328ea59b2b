"""What one actor may read: projects, evaluations, histories, dues, notices and grades, without
drafts and closed data.

The rules are the plan's (`visibility`); what is left out is left out silently in the values, and
named by `withheld`. A figure that is closed is closed wherever it stands, also in what it could be
worked out of: rates, scores, the next period's earlier figures. The hash of an entry would tell
closed data to whoever tries values until one fits: beside what was left out, and after it,
stands a commitment that needs the office's salt to be tried, or nothing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Unpack

import attrs

from evalflow.batch.plan_file import KEYED
from evalflow.decision.actions import VISIT_NOTICES
from evalflow.decision.adoption import CONFIRM, PROPOSE, confirming, revising
from evalflow.decision.deadlines import Due
from evalflow.decision.decide import Explanation
from evalflow.decision.follow_up import FOLLOW_UP
from evalflow.decision.second_person import PROPOSE_MIGRATION
from evalflow.decision.signing import SIGN_LINE
from evalflow.engine.engine import Engine
from evalflow.engine.listing import DuePage, page_of
from evalflow.engine.reads import Conditions, DueConditions, parted
from evalflow.engine.rules import Terms
from evalflow.errors import Forbidden, Reason, invalid
from evalflow.lifecycle.definition import Event, Lifecycle
from evalflow.model import (
    Actor,
    Change,
    Entry,
    Evaluation,
    Grant,
    Line,
    Notice,
    PlanEntry,
    Project,
    Rating,
)
from evalflow.model.arguments import all_checked
from evalflow.model.canonical import Tree
from evalflow.model.directory import Directory
from evalflow.model.history import MIGRATE
from evalflow.model.moments import utc
from evalflow.model.values import frozen
from evalflow.plan.differences import Difference
from evalflow.scoring.contract import Grade
from evalflow.storage.contract import count_entries

_KEPT = {SIGN_LINE: "sign_off", FOLLOW_UP: "measures", VISIT_NOTICES: "visit"}
"""What evaluations keep under names of their own -> the type of the fields that it is as closed
as."""

_SALT = 16  # bytes: fewer could be tried out


@frozen(kw_only=True)
class _Sight:
    """What the actor may see of one project in one period: drafts, the department's own draft, all
    fields but `hidden` (field -> ground); `kinds` are the types of the fields that are hidden."""

    drafts: bool
    own: bool
    hidden: Mapping[str, str]
    kinds: frozenset[str]

    @property
    def whole(self) -> bool:
        """Say whether nothing is left out."""
        return self.drafts and not self.hidden


@all_checked
class View:
    """A store as one actor may read it. `actor` is one that the embedding system has authenticated,
    or an id in the directory of the plan or the host. The host's directory is asked once for each
    plan: make a view for each request."""

    def __init__(self, engine: Engine, actor: Actor | str, *, salt: bytes | None = None) -> None:
        """Read through `engine` as `actor`. `salt` is a secret of the office, at least 16 bytes,
        always the same: hashes beside closed data are shown as commitments under it (see
        `opening`), and left out without it.

        Raises:
            InvalidInput: the salt is shorter.
        """
        if salt is not None and len(salt) < _SALT:
            raise invalid(
                "short_salt",
                path="salt",
                ko=f"salt는 {_SALT}바이트 이상이어야 합니다: {len(salt)}바이트",
                en=f"the salt has {len(salt)} bytes, at least {_SALT} are needed",
            )
        self._engine = engine
        self._actor = actor
        self._salt = salt
        self._whole: dict[tuple[str, int, dt.date], bool] = {}
        self._rules = engine.rules.on(engine.storage)
        self._listed: dict[str, Terms] = {}

    def project(self, project_id: str) -> Project:
        """Return where the project stands; without its band while that is a draft.

        Raises:
            NotFound: the store has no such project, or the plan's directory no such actor.
        """
        return self._shown(self._engine.project(project_id))

    def projects(
        self,
        *,
        at: dt.datetime | None = None,
        order: str | None = None,
        **where: Unpack[Conditions],
    ) -> Iterator[Project]:
        """Yield projects; conditions as for `Engine.projects`. A band is asked of what is shown."""
        bands = where.pop("band", None)
        terms = self._listed = {}  # asked once for all that is listed

        def shown_by(project: Project) -> Project:
            if project.plan not in terms:
                terms[project.plan] = self._rules.terms(project.plan)
            return self._shown(project, terms[project.plan])

        if bands is None:
            yield from map(shown_by, self._engine.projects(at=at, order=order, **where))
            return
        limit = where.pop("limit", None)
        meant = self._engine.select(plan=where.get("plan"), band=bands, limit=limit)
        wanted = set(meant.bands or ())  # the names that people give, understood or refused
        shown = map(shown_by, self._engine.projects(at=at, order=order, **where))
        yield from islice((each for each in shown if each.band in wanted), limit)

    def evaluation(self, project_id: str, period: str | None = None) -> Evaluation:
        """Return the evaluation, without draft ratings, the data they were made from, and closed
        facts and figures.

        Raises:
            NotFound: as `Engine.evaluation`.
        """
        project = self._engine.project(project_id)
        return self._shown_evaluation(project, self._engine.evaluation(project_id, period))

    def evaluations(self, plan_id: str, period: str) -> Iterator[Evaluation]:
        """Yield the evaluations of all the plan's projects for a period, as `evaluation` does.

        Raises:
            NotFound: the store has no such plan.
        """
        for whole in self._engine.ratings.evaluations(plan_id, period):
            yield self._shown_evaluation(self._engine.project(whole.project), whole)

    def again(self, project_id: str, period: str | None = None) -> Rating | None:
        """Return the rating worked out anew (`Ratings.again`) as far as the actor may read it;
        None where it is a draft, or nothing was evaluated.

        Raises:
            NotFound: as `Engine.evaluation`.
        """
        project = self._engine.project(project_id)
        whole = self._engine.evaluation(project_id, period)
        sight = self._sight(project, whole.period)
        if not sight.drafts and (whole.review_rating is not None or not sight.own):
            return None
        rating = self._engine.ratings.again(project_id, whole.period)
        return None if rating is None else _shown_rating(rating, sight)

    def grades(self, plan_id: str, period: str) -> Mapping[str, Grade]:
        """Return the grades of those cohorts in which the actor may read every rating, by project
        id: a rank gives away something about the others.

        Raises:
            NotFound, InvalidInput, PluginError: as `Ratings.grades`.
        """
        grades = self._engine.ratings.grades(plan_id, period)
        closed = {
            grade.cohort
            for grade in grades.values()
            if not self._rates(self._engine.project(grade.project), period)
        }
        return {name: each for name, each in grades.items() if each.cohort not in closed}

    def count(self, *, at: dt.datetime | None = None, **where: Unpack[Conditions]) -> int:
        """Return how many projects `projects` would yield; a band is asked of what is shown."""
        plan = where.get("plan")
        plans = self._engine.plans.ids() if plan is None else (plan,)
        if where.get("band") is None and all(self.knows(each) for each in plans):
            return self._engine.count(at=at, **where)
        return sum(1 for _ in self.projects(at=at, **where))

    def count_history(self, project_id: str) -> int:
        """Return how many entries `history` would yield without a page.

        Raises:
            NotFound: no such project.
        """
        return self._engine.count_history(project_id)

    def count_plan_history(self, plan_id: str) -> int:
        """Return how many entries `plan_history` would yield without a page.

        Raises:
            NotFound: the store has no such plan, or its directory no such actor.
        """
        if isinstance(self._actor, str):
            self._engine.actor(plan_id, self._actor)
        return self._engine.plans.count_history(plan_id)

    def count_entries(self) -> int:
        """Return how many entries `entries` would yield without a page."""
        plans = self._engine.plans.ids()
        known = [plan for plan in plans if self.knows(plan)]
        if len(known) == len(plans):
            return self._engine.count_entries()
        return count_entries(self._engine.storage, known)

    def history(
        self, project_id: str, *, after: int = 0, limit: int | None = None, newest: bool = False
    ) -> Iterator[Entry]:
        """Yield the project's entries, by the page as `Engine.history`, without draft ratings, the
        data and reasons of those entries (they would tell the rating), and closed data.

        Raises:
            NotFound: no such project.
        """
        project = self._engine.project(project_id)
        for entry in self._engine.history(project_id, after=after, limit=limit, newest=newest):
            yield self._shown_entry(project, entry)

    def plan_history(
        self, plan_id: str, *, after: int = 0, limit: int | None = None, newest: bool = False
    ) -> Iterator[PlanEntry]:
        """Yield the entries of the plan's own history, by the page as `Plans.history`.

        What waits for a second person is read by whoever may revise the plan or confirm that, and
        by who proposed it: others see that something was proposed, by whom and when, until it is
        in force. To whoever may not read all of the plan's projects the hashes of their entries are
        left out, and its own are shown as commitments: what is closed could be tried by them.

        Raises:
            NotFound: the store has no such plan, or its directory no such actor.
        """
        if isinstance(self._actor, str):
            self._engine.actor(plan_id, self._actor)
        shown = list(self._plan_history(plan_id))
        first, last = page_of(len(shown), after, limit, newest=newest)
        return iter(shown[first:last][:: -1 if newest else 1])

    def _plan_history(self, plan_id: str) -> Iterator[PlanEntry]:
        entries = list(self._engine.plans.history(plan_id))
        whole, revises = self.reads_plan(plan_id), self._revises(plan_id)
        closed = not whole and "reason" in self._withheld_somewhere(plan_id)
        sealed = not whole
        for place, entry in enumerate(entries):
            then = entries[place + 1].event if place + 1 < len(entries) else None
            waits = entry.event in _WAITING and then != _WAITING[entry.event]
            own = _id(self._actor) in (entry.actor, entry.on_behalf_of)
            shown = entry
            if waits and not revises and not own:
                shown = attrs.evolve(entry, data={}, reason=None)
                sealed = True  # what follows covers it
            elif not whole:
                reason = None if closed else entry.reason
                shown = attrs.evolve(entry, data=_without_hashes(entry.data), reason=reason)
            if sealed:
                shown = attrs.evolve(
                    shown,
                    hash=self._plan_commitment(plan_id, entry.hash),
                    previous=self._plan_commitment(plan_id, entry.previous),
                )
            yield shown

    def plan(self, plan_id: str, *, revision: int | None = None) -> dict[str, Tree]:
        """Return a revision of the plan (None: the latest) without its projects, as a tree.
        Everybody in its directory may read it: it says by what rules they work and with whom.

        How its notices leave (the options of notifiers: addresses and paths of the office's
        machines) is left out but for those who may revise the plan; the reasons of appointments,
        where reasons are closed to the actor in some project.

        Raises:
            NotFound: the store has no such plan or revision, or its directory no such actor.
        """
        if isinstance(self._actor, str):
            self._engine.actor(plan_id, self._actor)
        tree = {**self._engine.plans.head(plan_id, revision=revision).tree}
        notices = tree.get("notices")
        if isinstance(notices, Mapping) and not self._revises(plan_id):
            tree["notices"] = {**notices, "notifiers": list(notices.get("notifiers", ()))}
        closed = not self.reads_plan(plan_id) and "reason" in self._withheld_somewhere(plan_id)
        if closed and "appointments" in tree:
            tree["appointments"] = [
                {key: value for key, value in each.items() if key != "reason"}
                for each in tree["appointments"]
            ]
        return tree

    def differences(
        self, plan_id: str, revision: int, *, since: int | None = None
    ) -> tuple[Difference, ...]:
        """Return how a revision of the plan differs from the one before it, or from the revision
        `since` (0: an empty plan): for those who may read all of the plan.

        Raises:
            Forbidden: the reader is none of them.
            NotFound: the store has no such plan or revision, or its directory no such actor.
        """
        from evalflow.plan.differences import differences

        if isinstance(self._actor, str):
            self._engine.actor(plan_id, self._actor)
        if not self.reads_plan(plan_id):
            who = _id(self._actor)
            raise Forbidden(
                Reason(
                    code="not_readable",
                    ko=f"'{who}'은(는) 계획 '{plan_id}'의 내용을 모두 볼 수 있는 사람이 아닙니다.",
                    en=f"'{who}' may not read all of the plan '{plan_id}'",
                    about=plan_id,
                )
            )
        plan = self._engine.plans.plan(plan_id, revision=revision)
        before = revision - 1 if since is None else since
        if not before:
            return differences(plan, None, {})
        was = self._engine.plans.plan(plan_id, revision=before)
        return differences(plan, was.head, was.projects)

    def _plan_commitment(self, plan_id: str, hashed: str) -> str:
        """Return what is shown in place of the hash of a plan's entry, also where a project's entry
        names it."""
        return self._commitment(hashed, plan_id, 0, f"plan {hashed}")

    def _held_in_office(self, plan_id: str) -> frozenset[str]:
        """Return the roles that the actor holds today for the whole office."""
        actor, people, today = self._who(plan_id)
        roles = sorted({grant.role for grant in actor.grants})
        office = self._engine.plans.head(plan_id).office
        grants = people.grants_for(actor, roles, office, today)
        return frozenset(grant.role for grant in grants)

    def reads_plan(self, plan_id: str) -> bool:
        """Say whether the actor may read everything of all the plan's projects, by roles held for
        the whole office. Only they see checkpoints, and other hashes that cover all projects:
        whoever knows the rest could guess closed data and test the guess against the hash.

        Raises:
            NotFound: the store has no such plan, or its directory no such actor.
        """
        return self._reads_plan(plan_id, self._rules.terms(plan_id))

    def _reads_plan(self, plan_id: str, terms: Terms) -> bool:
        rules = terms.head.visibility
        if not rules.fixed_in and not rules.withheld:
            return True
        key = plan_id, terms.head.revision, terms.calendar.today(self._engine.clock())
        if key not in self._whole:
            held = self._held_in_office(plan_id)
            drafts = not rules.fixed_in or bool(held & set(rules.seen_by))
            whole = drafts and all(held & set(each.seen_by) for each in rules.withheld)
            self._whole[key] = whole
        return self._whole[key]

    def _withheld_somewhere(self, plan_id: str) -> frozenset[str]:
        """Return the names of the data that are closed to the actor in some project."""
        held = self._held_in_office(plan_id)
        rules = self._engine.plans.head(plan_id).visibility.withheld
        return frozenset(
            field for each in rules if not held & set(each.seen_by) for field in each.fields
        )

    def _revises(self, plan_id: str) -> bool:
        """Say whether the actor may revise the plan, or confirm a revision."""
        lifecycle = self._engine.rules.lifecycle_of(plan_id)
        if lifecycle is None:
            return False
        head = self._engine.plans.head(plan_id)
        able = {*revising(lifecycle, head), *confirming(lifecycle, head)}
        return bool(able & self._held_in_office(plan_id))

    def entries(
        self, *, after: int = 0, limit: int | None = None, newest: bool = False
    ) -> Iterator[tuple[int, Entry]]:
        """Yield (position, entry) of the whole store as `Engine.entries`, each as `history` shows
        it; those of plans in whose directory the actor's id is not are left
        out."""
        yield from islice(self._entries(after, newest), limit)

    def _entries(self, after: int, newest: bool) -> Iterator[tuple[int, Entry]]:
        known: dict[str, Project | None] = {}
        for position, entry in self._engine.entries(after=after, newest=newest):
            if entry.project not in known:
                project = self._engine.project(entry.project)
                known[entry.project] = project if self.knows(project.plan) else None
            about = known[entry.project]
            if about is not None:
                yield position, self._shown_entry(about, entry)

    def notices(self, *, newest: bool = False) -> Iterator[Notice]:
        """Yield the notices that are for the actor, oldest first, or the newest: to their id, or to
        a role that they hold where it was sent to whoever does. Reasons that are closed are left
        out."""
        for outgoing in self._engine.outbox.notices(newest=newest):
            notice = outgoing.notice
            project = self._engine.project(notice.project)
            if not self.knows(project.plan) or not self._is_for(notice, project):
                continue
            # A reminder is of what is owed by now, not of an entry of a period.
            sight = self._sight(project, notice.data.get("period", project.period))
            if "reason" in sight.hidden:
                notice = attrs.evolve(notice, data={**notice.data, "reason": None})
            yield notice

    def due(self, at: dt.datetime | None = None, **where: Unpack[DueConditions]) -> tuple[Due, ...]:
        """Return who owes what by when, as `Engine.due`; a band is asked of what is shown."""
        return self.due_page(at, **where).dues

    def due_page(self, at: dt.datetime | None = None, **where: Unpack[DueConditions]) -> DuePage:
        """Return who owes what by when, as `Engine.due_page`; a band is asked of what is shown."""
        if where.get("band") is not None:
            now = utc(self._engine.clock(), "clock")
            past = at if at is not None and utc(at) < now else None
            of_projects, where = parted(where)
            where["ids"] = [project.id for project in self.projects(at=past, **of_projects)]
        return self._engine.due_page(at, **where)

    def explain(
        self,
        project_id: str,
        event: str,
        *,
        by: Actor | str | None = None,
        at: dt.datetime | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> Explanation:
        """Return what `fire` would answer the actor; or somebody else (`by`), with every guard
        asked, where the actor may read all of the project.

        Raises:
            Forbidden: of somebody else it is asked by who may not read all.
            NotFound: no such project, event or actor.
        """
        project = self._engine.project(project_id)
        whole = self._sight(project, project.period).whole
        if by is not None and _id(by) != _id(self._actor) and not whole:
            raise Forbidden(
                Reason(
                    code="not_readable",
                    ko=f"'{_id(self._actor)}'은(는) {project_id}의 평가 내용을 모두 볼 수 있는 "
                    "사람이 아니므로, 다른 사람의 처리 가능 여부를 물을 수 없습니다.",
                    en=f"'{_id(self._actor)}' may not read all of {project_id}, and so may not ask "
                    "what others could do",
                    about=project_id,
                )
            )
        return self._engine.explain(
            project_id,
            event,
            by=self._actor if by is None or not whole else by,
            at=at,
            data=data,
            whole=whole,
        )

    def permitted(
        self, project_id: str, *, at: dt.datetime | None = None
    ) -> tuple[Explanation, ...]:
        """Return the events that the actor may fire on the project, as `Engine.permitted`.

        Raises:
            NotFound: no such project or actor.
        """
        return self._engine.permitted(project_id, by=self._actor, at=at)

    def knows(self, plan_id: str) -> bool:
        """Say whether the plan's directory has the actor; one that the embedding system has
        authenticated is known everywhere.

        Raises:
            NotFound: the store has no such plan.
        """
        if not isinstance(self._actor, str):
            return True
        return self._actor in self.people(plan_id)

    def people(self, plan_id: str) -> Directory:
        """Return who holds what under the plan today: its own people, and those of the host's
        directory. Everybody known to the plan may read this.

        Raises:
            NotFound: the store has no such plan.
            DirectoryError: the host's directory failed.
        """
        terms = self._rules.terms(plan_id)
        return self._rules.people(terms, terms.calendar.today(self._engine.clock()))

    def reads_all(self, project_id: str) -> bool:
        """Say whether the actor may read everything of the project's period, drafts and closed data
        included. Forms and bundles, which are made of everything, are for them alone.

        Raises:
            NotFound: no such project or actor.
        """
        project = self._engine.project(project_id)
        return self._sight(project, project.period).whole

    def withheld(self, project_id: str | Project) -> Mapping[str, str]:
        """Return the names of the data of the project's period that are closed to the actor, each
        with its ground (비공개 사유). Given a project, it is not read again; one of the last list
        is judged by the rules under which it was listed."""
        if isinstance(project_id, Project):
            listed = self._listed.get(project_id.plan)
            return self._sight(project_id, project_id.period, listed).hidden
        project = self._engine.project(project_id)
        return self._sight(project, project.period).hidden

    def opening(self, project_id: str, number: int) -> bytes:
        """Return what opens the commitment that others are shown instead of an entry's hash: once
        they are given the entry they compare `sha256(opening + hash)`.

        Raises:
            Forbidden: the actor may not read all of the project, or the view has no salt.
        """
        project = self._engine.project(project_id)
        if self._salt is None or not self._sight(project, project.period).whole:
            raise Forbidden(
                Reason(
                    code="not_readable",
                    ko="salt가 없거나, 사업을 모두 볼 수 있는 사람이 아닙니다.",
                    en="without a salt, or for who may not read all of the project",
                    about=project_id,
                )
            )
        return _opening(self._salt, project_id, number, "entry")

    # ------------------------------------------------------------------ rules

    def _shown(self, project: Project, terms: Terms | None = None) -> Project:
        terms = terms or self._rules.terms(project.plan)
        sight = self._sight(project, project.period, terms)
        if sight.whole and self._reads_plan(project.plan, terms):
            return project
        change = None if project.change is None else _shown_change(project.change, sight)
        waiting = tuple([_shown_change(each, sight) for each in project.waiting])
        project = attrs.evolve(project, change=change, waiting=waiting)
        head = self._commitment(project.head, project.id, project.version, "entry")
        band = project.band
        if not sight.drafts and band is not None:
            own = self._engine.evaluation(project.id, project.period).self_rating
            band = own.band if sight.own and own is not None else None
        return attrs.evolve(project, band=band, head=head)

    def _shown_evaluation(self, project: Project, whole: Evaluation) -> Evaluation:
        sight = self._sight(project, whole.period)
        drafts = _drafted(self._engine.plans.lifecycle(project.lifecycle), sight)
        own = whole.self_rating if sight.drafts or sight.own else None
        review = whole.review_rating if sight.drafts else None
        acts = whole.acts
        facts = {name: v for name, v in _open(whole.facts, sight).items() if name not in drafts}
        closed = {name for name, kind in _KEPT.items() if kind in sight.kinds}
        facts = {name: value for name, value in facts.items() if name not in closed}
        if "sign_off" in sight.kinds:
            acts = tuple([attrs.evolve(act, signers=()) for act in acts])
        return attrs.evolve(
            whole,
            facts=facts,
            prior={
                period: figures
                for period, figures in whole.prior.items()
                if "figures" not in self._sight(project, period).kinds
            },
            self_rating=own and _shown_rating(own, sight),
            review_rating=review and _shown_rating(review, sight),
            acts=acts,
        )

    def _shown_entry(self, project: Project, entry: Entry) -> Entry:
        sight = self._sight(project, entry.period)
        if sight.whole and (not entry.plan_head or self.reads_plan(project.plan)):
            return entry
        if sight.whole:  # its hash covers its plan's, which covers entries of other projects
            return self._with_commitments(entry)
        event = self._engine.plans.lifecycle(entry.lifecycle).events.get(entry.event)
        if event is not None and _is_draft(event, sight):  # its data would tell the rating
            entry = attrs.evolve(entry, data={}, rating=None, reason=None)
        else:
            data = _open(entry.data, sight)
            if "change" in sight.kinds:
                data.pop("definition", None)
            rating = entry.rating
            if rating is not None:
                rating = _shown_rating(Rating.from_tree(rating), sight).tree()
            reason = None if "reason" in sight.hidden else entry.reason
            entry = attrs.evolve(entry, data=data, rating=rating, reason=reason)
        return self._with_commitments(entry)

    def _with_commitments(self, entry: Entry) -> Entry:
        number = entry.number
        plan = entry.project.rpartition("/")[0]
        return attrs.evolve(
            entry,
            key=None if (entry.key or "").startswith(KEYED) else entry.key,  # made of other hashes
            hash=self._commitment(entry.hash, entry.project, number, "entry"),
            previous=self._commitment(entry.previous, entry.project, number - 1, "entry"),
            evaluation=self._commitment(entry.evaluation, entry.project, number, "evaluation"),
            plan_head=self._plan_commitment(plan, entry.plan_head),
        )

    def _commitment(self, hashed: str, project_id: str, number: int, what: str) -> str:
        """Return what is shown in place of a hash: nothing of it can be tried without the salt."""
        if self._salt is None or not hashed:
            return ""
        opening = _opening(self._salt, project_id, number, what)
        return hashlib.sha256(opening + hashed.encode()).hexdigest()

    def _rates(self, project: Project, period: str) -> bool:
        """Say whether the actor may read how the project was rated in the period."""
        sight = self._sight(project, period)
        return sight.drafts and not sight.kinds & {"figures", "judgements"}

    def _is_for(self, notice: Notice, project: Project) -> bool:
        role, place, unit = notice.recipient.partition("@")
        if not place:
            return notice.recipient == _id(self._actor)
        held = [grant for grant in self._grants(project, unit) if grant.unit == unit]
        return any(role in (grant.role, "cooperating") for grant in held)

    def _fixed(self, project: Project, period: str, terms: Terms) -> bool:
        """Say whether the period's review is fixed: it is over, or in one of the states."""
        rules = terms.head.visibility
        if not rules.fixed_in or period < project.period:
            return True
        return bool(set(rules.fixed_in) & set(project.states))

    def _grants(
        self, project: Project, unit: str | None = None, terms: Terms | None = None
    ) -> tuple[Grant, ...]:
        """Return the grants by which the actor holds a role for the project's unit today, or for
        another unit of its plan."""
        actor, people, today = self._who(project.plan, terms)
        roles = {grant.role for grant in actor.grants}
        return people.grants_for(actor, sorted(roles), unit or project.unit, today)

    def _who(self, plan_id: str, terms: Terms | None = None) -> tuple[Actor, Directory, dt.date]:
        """Return the actor, and the plan's people on the day that it is."""
        terms = terms or self._rules.terms(plan_id)
        today = terms.calendar.today(self._engine.clock())
        people, actor = self._rules.people(terms, today), self._actor
        return people.actor(actor) if isinstance(actor, str) else actor, people, today

    def _sight(self, project: Project, period: str, terms: Terms | None = None) -> _Sight:
        terms = terms or self._rules.terms(project.plan)
        fixed = self._fixed(project, period, terms)
        rules = terms.head.visibility
        held = {grant.role for grant in self._grants(project, terms=terms)}
        hidden = {
            field: each.ground
            for each in rules.withheld
            if not held & set(each.seen_by) and not (each.until_fixed and fixed)
            for field in each.fields
        }
        kinds: frozenset[str] = frozenset()
        if hidden:
            events = self._engine.plans.lifecycle(project.lifecycle).events.values()
            kinds = frozenset(f.type for e in events for f in e.data if f.name in hidden)
        return _Sight(
            drafts=fixed or bool(held & set(rules.seen_by)),
            own=bool(held),
            hidden=hidden,
            kinds=kinds,
        )


_WAITING = {PROPOSE: CONFIRM, PROPOSE_MIGRATION: MIGRATE}
"""The events of a plan's entries that wait for a second person -> by which that is in force."""


def _without_hashes(data: Tree) -> Tree:
    """Return what a plan's entry says without the hashes and digests that are made of projects'
    data."""
    shown = dict(data)
    if "entries" in data and isinstance(data["entries"], Mapping):
        shown["entries"] = dict.fromkeys(data["entries"], "")
    if "projects" in data:
        shown["projects"] = dict.fromkeys(data["projects"], "")
    return shown


def _id(actor: Actor | str) -> str:
    return actor if isinstance(actor, str) else actor.id


def _opening(salt: bytes, project_id: str, number: int, what: str) -> bytes:
    """Return the part of one commitment that keeps others from trying values: of the salt, and of
    the place, so that one can be opened and no other."""
    return hmac.digest(salt, f"{what} {project_id} #{number}".encode(), "sha256")


def _shown_change(change: Change, sight: _Sight) -> Change:
    if "change" in sight.kinds:
        change = attrs.evolve(change, before={}, after={})
    return attrs.evolve(
        change,
        reason="" if "reason" in sight.hidden else change.reason,
        detail="" if "detail" in sight.hidden else change.detail,
        opinions=() if "opinion" in sight.hidden else change.opinions,
    )


def _shown_rating(rating: Rating, sight: _Sight) -> Rating:
    """Return the rating without closed figures, and without the rates and scores that they could be
    worked out of; bands and verdicts stay."""
    if "figures" in sight.kinds:
        lines = tuple([_bare(line) for line in rating.lines])
        return attrs.evolve(rating, lines=lines, rate=None, score=None, exact=None, notes=())
    if "judgements" in sight.kinds:
        lines = tuple([attrs.evolve(line, computed=None, reason=None) for line in rating.lines])
        return attrs.evolve(rating, lines=lines, notes=())
    return rating


def _bare(line: Line) -> Line:
    """Return the line with its target, band and verdict alone."""
    return attrs.evolve(
        line, actual=None, figure=None, rate=None, computed=None, score=None, reason=None
    )


_OWN, _REVIEWS = "self_rating", frozenset({"review_rating", "spot_rating"})


def _is_draft(event: Event, sight: _Sight) -> bool:
    """Say whether what the event rates is a draft that is not for the actor."""
    if sight.drafts:
        return False
    reviews = not _REVIEWS.isdisjoint(event.actions)
    return reviews or (_OWN in event.actions and not sight.own)


def _drafted(lifecycle: Lifecycle, sight: _Sight) -> frozenset[str]:
    """Return the names of the data that such events take."""
    return frozenset(
        field.name
        for event in lifecycle.events.values()
        if _is_draft(event, sight)
        for field in event.data
    )


def _open(data: Mapping[str, Tree], sight: _Sight) -> dict[str, Tree]:
    return {name: value for name, value in data.items() if name not in sight.hidden}
