"""What one actor may read: projects, evaluations and histories without drafts and closed data.

The rules are the plan's (`visibility`); what is left out is left out silently in the values, and
named by `withheld`. A hash in an entry is that of the whole entry, so it does not fit one that was
shortened: proofs are for those who may read all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from evalflow.engine.engine import Engine
from evalflow.lifecycle.definition import Event, Lifecycle
from evalflow.model import Actor, Entry, Evaluation, Project, Rating
from evalflow.model.canonical import Tree


@attrs.frozen(kw_only=True)
class _Sight:
    """What the actor may see of one project: drafts, the department's own draft, all closed
    fields but `hidden` (field -> ground)."""

    drafts: bool
    own: bool
    hidden: Mapping[str, str]


class View:
    """A store as one actor may read it. `actor` is one that the embedding system has
    authenticated, or an id of the plan's directory."""

    def __init__(self, engine: Engine, actor: Actor | str) -> None:
        """Read through `engine` as `actor`."""
        self._engine = engine
        self._actor = actor

    def project(self, project_id: str) -> Project:
        """Return where the project stands; without its band while that is a draft.

        Raises:
            NotFound: the store has no such project, or the plan's directory no such actor.
        """
        return self._shown(self._engine.project(project_id))

    def projects(self, **where: Any) -> Iterator[Project]:
        """Yield projects; conditions as for `Engine.projects`. A band is asked of what is shown."""
        bands = where.pop("band", None)
        wanted = {bands} if isinstance(bands, str) else None if bands is None else set(bands)
        for project in self._engine.projects(**where):
            shown = self._shown(project)
            if wanted is None or shown.band in wanted:
                yield shown

    def evaluation(self, project_id: str, period: str | None = None) -> Evaluation:
        """Return the evaluation, without draft ratings, the data they were made from, and closed
        facts.

        Raises:
            NotFound: as `Engine.evaluation`.
        """
        project = self._engine.project(project_id)
        whole = self._engine.evaluation(project_id, period)
        sight = self._sight(project, fixed=self._fixed(project, whole.period))
        drafts = _drafted(self._engine.plans.lifecycle(project.lifecycle), sight)
        return attrs.evolve(
            whole,
            facts={name: v for name, v in _open(whole.facts, sight).items() if name not in drafts},
            self_rating=whole.self_rating if sight.drafts or sight.own else None,
            review_rating=whole.review_rating if sight.drafts else None,
        )

    def history(self, project_id: str) -> Iterator[Entry]:
        """Yield the project's entries, without draft ratings, the data of those entries (they
        would tell the rating), and closed data.

        Raises:
            NotFound: no such project.
        """
        project = self._engine.project(project_id)
        for entry in self._engine.history(project_id):
            sight = self._sight(project, fixed=self._fixed(project, entry.period))
            event = self._engine.plans.lifecycle(entry.lifecycle).events.get(entry.event)
            if event is not None and _is_draft(event, sight):  # its data would tell the rating
                yield attrs.evolve(entry, data={}, rating=None)
            else:
                yield attrs.evolve(entry, data=_open(entry.data, sight))

    def withheld(self, project_id: str) -> Mapping[str, str]:
        """Return the names of data of the project's period that are closed to the actor, with the
        ground of each (비공개 사유)."""
        project = self._engine.project(project_id)
        return self._sight(project, fixed=self._fixed(project, project.period)).hidden

    # ------------------------------------------------------------------ rules

    def _shown(self, project: Project) -> Project:
        sight = self._sight(project, fixed=self._fixed(project, project.period))
        if sight.drafts or project.band is None:
            return project
        whole = self._engine.evaluation(project.id, project.period)
        own: Rating | None = whole.self_rating if sight.own else None
        return attrs.evolve(project, band=None if own is None else own.band)

    def _fixed(self, project: Project, period: str) -> bool:
        """Say whether the period's review is fixed: it is over, or in one of the states."""
        rules = self._engine.plans.head(project.plan).visibility
        if not rules.fixed_in or period < project.period:
            return True
        return bool(set(rules.fixed_in) & set(project.states))

    def _sight(self, project: Project, *, fixed: bool) -> _Sight:
        engine = self._engine
        terms = engine.rules.terms(project.plan)
        rules = terms.head.visibility
        actor = self._actor
        if isinstance(actor, str):
            actor = engine.actor(project.plan, actor)
        today = terms.calendar.today(engine.clock())
        roles = {grant.role for grant in actor.grants}
        held = {
            grant.role
            for grant in terms.directory.grants_for(actor, sorted(roles), project.unit, today)
        }
        hidden = {
            field: each.ground
            for each in rules.withheld
            if not held & set(each.seen_by) and not (each.until_fixed and fixed)
            for field in each.fields
        }
        return _Sight(
            drafts=fixed or bool(held & set(rules.seen_by)), own=bool(held), hidden=hidden
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
