"""`office.audit`: verification, checkpoints, bundles; imported when somebody asks for it, for most
commands do without."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence

import attrs

from evalflow.audit.bundle import Bundle, new_archive, write_bundle
from evalflow.audit.checkpoints import UNSIGNED, Extended, SignedCheckpoint
from evalflow.audit.findings import Mismatch, Told, Unchecked
from evalflow.audit.ground import Footing
from evalflow.audit.histories import Power
from evalflow.audit.log import Coverage, held
from evalflow.audit.merkle import Leaves, consistency_proof
from evalflow.audit.verification import (
    Checkpoint,
    Scope,
    check_names,
    checkpoint,
    hashes_of,
    verify,
)
from evalflow.engine.commands import Commands
from evalflow.engine.queries import Queries
from evalflow.engine.rules import Rules
from evalflow.errors import NotFound, invalid
from evalflow.model import (
    Actor,
    Selection,
)
from evalflow.model.arguments import all_checked
from evalflow.model.canonical import Tree
from evalflow.plugins.signer import Signer
from evalflow.storage.integrity import tables_of


@all_checked
class Audit:
    """What an auditor asks of a store."""

    def __init__(self, queries: Queries, commands: Commands) -> None:
        """Made by the engine."""
        self._queries = queries
        self._commands = commands
        self._storage = queries.storage

    def verify(
        self,
        plan: str | None = None,
        *,
        project: str | None = None,
        deep: bool = False,
        since: SignedCheckpoint | Checkpoint | None = None,
        unchecked: Callable[[Unchecked], object] | None = None,
    ) -> Iterator[Mismatch]:
        """Yield everything in the store that the histories do not bear out, and everything in the
        histories that the rules do not; nothing if all fits.

        Reads every row of the plan (None: of all plans), or of one project, as of one moment. With
        `deep` the ratings and the days late are worked out again, and the guards that look at
        nothing but the project are asked again, by the scorers, guards and holidays that are
        installed now. `unchecked` is called with whatever could not be checked.

        With `since`, projects of its plan of which it covers every entry are not played again:
        their entries are held to it, and where they stand to their last entry. Where it does not
        fit, that is a finding, and everything is played.

        Raises:
            NotFound: the store has no such plan or project, or no plan at all.
        """
        with tables_of(self._storage) as tables:
            check_names(tables, plan, project)
        powers = _powers(self._queries.rules) if deep else None
        scope = Scope(plan=plan, project=project, powers=powers)
        return self._verify(scope, since, unchecked or (lambda each: None))

    def _verify(
        self, scope: Scope, since: SignedCheckpoint | Checkpoint | None, told: Told
    ) -> Iterator[Mismatch]:
        with tables_of(self._storage) as tables:
            if since is not None:
                known = since.plan in tables.owners("plan_revision")
                cover, _ = held(tables, (since,), [since.plan] if known else [])[since.plan]
                yield from cover.found
                if not cover.found and not tables.behind():
                    scope = attrs.evolve(scope, moved={since.plan: frozenset(cover.rest)})
            rules = self._queries.rules
            kinds = rules.plugins.due_rules
            yield from verify(tables, scope, holidays=rules.holidays, kinds=kinds, told=told)

    def sign_checkpoint(
        self, plan: str | None = None, *, signer: Signer | None = None
    ) -> SignedCheckpoint:
        """Return the checkpoint of everything that the plan's log holds up to now, in the public
        form, for others to hold; without a signer it is unsigned, for paper.

        Raises:
            NotFound: the store has no such plan.
            PluginError: the signer broke.
        """
        cover, _ = self._log(plan, (), keep=False)
        return _pointed(cover, signer)

    def extend_checkpoint(
        self, seen: SignedCheckpoint, *, signer: Signer | None = None
    ) -> Extended:
        """Return the checkpoint up to now, with the proof that nothing was taken back since
        `seen`: for a witness, who holds that one.

        Raises:
            InvalidInput: the store does not bear out `seen`.
            NotFound: the store has no such plan.
            PluginError: the signer broke.
        """
        cover, leaves = self._log(seen.plan, (seen,), keep=True)
        if cover.found or leaves is None:
            why = cover.found[0]
            raise invalid(why.code, ko=why.text("ko"), en=why.text("en"), value=seen.origin)
        proof = consistency_proof(leaves, seen.size, cover.size)
        point = SignedCheckpoint(origin=seen.origin, size=cover.size, root=cover.root)
        if signer is not None:
            point = point.signed(signer)
        return Extended(old=seen.size, proof=tuple(proof), checkpoint=point)

    def hold(
        self, points: Sequence[SignedCheckpoint | Checkpoint], *, plan: str | None = None
    ) -> tuple[Coverage, ...]:
        """Return for each plan (or for `plan`, and those of the checkpoints) which checkpoint
        covers what of it, where one does not fit, and what none covers."""
        with tables_of(self._storage) as tables:
            plans = None if plan is None else {plan, *(each.plan for each in points)}
            there = tables.owners("plan_revision")
            read = there if plans is None else [each for each in there if each in plans]
            return tuple(cover for cover, _ in held(tables, points, read).values())

    def _log(
        self, plan: str | None, points: Sequence[SignedCheckpoint], *, keep: bool
    ) -> tuple[Coverage, Leaves | None]:
        plan = plan or self._queries.only_plan()
        self._queries.rules.terms(plan)
        with tables_of(self._storage) as tables:
            return held(tables, points, [plan], keep)[plan]

    def checkpoint(self, plan: str | None = None, *, upto: Checkpoint | None = None) -> Checkpoint:
        """Return the line that stands for the plan's history up to now on forms and pages. With
        `upto`, what should have come out when that one was made.

        Raises:
            NotFound: the store has no such plan.
        """
        plan = plan or self._queries.only_plan()
        self._queries.rules.terms(plan)
        with self._storage.reading() as then:
            heads = [then.head(plan, number) or "" for number, _ in then.revisions(plan)]
            return checkpoint(plan, heads, hashes_of(plan, then.entries()), upto)

    def export(
        self,
        path: str | os.PathLike[str],
        *,
        plan: str | None = None,
        projects: Sequence[str] | None = None,
        refusals_of: Actor | None = None,
    ) -> Bundle:
        """Write an audit bundle of a whole plan, or of some projects of one plan by their ids;
        another machine verifies it with `evalflow.verify_bundle`, without a database.

        With `refusals_of` it also holds every event that is refused to this actor at this
        moment, with all reasons.

        Raises:
            NotFound: no such plan or project.
            Conflict: on a host's open transaction others wrote meanwhile (see
                `Engine.reading`); nothing is left behind.
            OSError: the file cannot be written.
        """
        with new_archive(path) as archive, self._queries.reading() as then:
            if projects:
                found = {then.snapshot(each).project.plan for each in projects}
                plan = found.pop() if plan is None else plan
                if found - {plan}:
                    raise NotFound("project", f"{plan}/…", tuple(projects))
            plan = plan or then.only_plan()
            then.rules.terms(plan)
            ids = tuple(projects) if projects else None
            chosen = Selection(plan=plan, ids=ids)
            return write_bundle(
                archive,
                then.storage,
                plan,
                then.storage.select(chosen),
                made_at=then.now(),
                whole=ids is None,
                refusals=None if refusals_of is None else _refused(then, chosen, refusals_of),
            )


def _refused(then: Queries, chosen: Selection, actor: Actor) -> Iterator[Tree]:
    commands, at = Commands(then.rules, then, then.now), then.now()
    for project in then.storage.select(chosen):
        for event in then.rules.lifecycle(project.lifecycle).events:
            explanation = commands.explain(project.id, event, actor, at, None)
            if not explanation.allowed:
                yield explanation.tree()


def _pointed(cover: Coverage, signer: Signer | None) -> SignedCheckpoint:
    name = UNSIGNED if signer is None else signer.name
    point = SignedCheckpoint(origin=f"{name}/{cover.plan}", size=cover.size, root=cover.root)
    return point if signer is None else point.signed(signer)


def _powers(rules: Rules) -> Callable[[Footing], Power]:
    """Return what gives the scorer and the guards of a plan revision, those that look at nothing
    but the project; made once for revisions that say the same."""
    made: dict[tuple[str, str], Power] = {}
    specs = rules.plugins.guard_specs

    def power(footing: Footing) -> Power:
        key = footing.head.id, footing.seal
        if key not in made:
            terms = rules.draft(footing.head, ())
            guards = {
                name: guard
                for name, guard in terms.guards.items()
                if name in specs and not specs[name].looks_elsewhere
            }
            made[key] = Power(score=terms.score, guards=guards)
        return made[key]

    return power
