"""What one actor may read: projects, evaluations and histories without drafts and closed data.

The rules are the plan's (`visibility`); what is left out is left out silently in the values, and
named by `withheld`. A hash in an entry is that of the whole entry, so it does not fit one that was
shortened: proofs are for those who may read all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from evalflow.engine import Engine
from evalflow.model import Actor, Entry, Evaluation, Project, Rating
from evalflow.text import Tree


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
        """Return the evaluation, without draft ratings and closed facts.

        Raises:
            NotFound: as `Engine.evaluation`.
        """
        project = self._engine.project(project_id)
        whole = self._engine.evaluation(project_id, period)
        sight = self._sight(project, fixed=self._fixed(project, whole.period))
        return attrs.evolve(
            whole,
            facts=_open(whole.facts, sight),
            self_rating=whole.self_rating if sight.drafts or sight.own else None,
            review_rating=whole.review_rating if sight.drafts else None,
        )

    def history(self, project_id: str) -> Iterator[Entry]:
        """Yield the project's entries, without draft ratings and closed data.

        Raises:
            NotFound: no such project.
        """
        project = self._engine.project(project_id)
        for entry in self._engine.history(project_id):
            sight = self._sight(project, fixed=self._fixed(project, entry.period))
            event = self._engine.lifecycle(entry.lifecycle).events.get(entry.event)
            is_own = event is not None and "self_rating" in event.records
            seen = sight.drafts or (sight.own and is_own)
            data = _open(entry.data, sight) if isinstance(entry.data, Mapping) else entry.data
            yield attrs.evolve(entry, data=data, rating=entry.rating if seen else None)

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
        whole = self._engine.evaluation(project.id)
        own: Rating | None = whole.self_rating if sight.own else None
        return attrs.evolve(project, band=None if own is None else own.band)

    def _fixed(self, project: Project, period: str) -> bool:
        """Say whether the period's review is fixed: it is over, or in one of the states."""
        rules = self._engine.plan(project.plan).visibility
        if not rules.fixed_in or period < project.period:
            return True
        return bool(set(rules.fixed_in) & set(project.states))

    def _sight(self, project: Project, *, fixed: bool) -> _Sight:
        engine = self._engine
        terms = engine.terms(project.plan)
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


def _open(data: Mapping[str, Tree], sight: _Sight) -> dict[str, Tree]:
    return {name: value for name, value in data.items() if name not in sight.hidden}
