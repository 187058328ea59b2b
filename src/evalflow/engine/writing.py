"""How moves are written: one commit of them and of what they rest on, the clock looked at first."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Sequence
from functools import partial

import attrs

from evalflow.decision.decide import (
    check_clock,
)
from evalflow.decision.entries import CHANGE, plan_following, rules_seal, seals
from evalflow.engine.clock_guard import ClockGuard
from evalflow.engine.queries import Queries
from evalflow.engine.rules import Rules
from evalflow.errors import (
    Conflict,
)
from evalflow.model import (
    Basis,
    Commit,
    Entry,
    Move,
    PlanHead,
    PlanMove,
    Selection,
)
from evalflow.model.canonical import canonical
from evalflow.model.history import MIGRATE
from evalflow.model.requests import logger
from evalflow.storage.contract import BulkStorage, EntriesLike, Head, move_like
from evalflow.storage.faults import fault_point

_log = logger("evalflow.engine")

_CLOCKED = 100  # projects of one transaction whose last entry's time is compared with the clock


class Writer:
    """Writes what was decided: the ground of `Commands` and `PlanCommands`."""

    def __init__(
        self,
        rules: Rules,
        queries: Queries,
        clock: Callable[[], dt.datetime],
        guard: ClockGuard | None = None,
    ) -> None:
        """Write to the store that `rules` reads; `clock` gives the present moment in UTC, `guard`
        looks at the times that are written (None: they are the host's)."""
        self.rules = rules
        self.queries = queries
        self.storage = rules.storage
        self.now = clock
        self._guard = guard

    def write(self, moves: tuple[Move, ...], basis: Basis) -> None:
        """Append the moves in one transaction, if nothing of what they rest on has changed.

        Raises:
            Conflict: somebody was first.
            InvalidInput: the machine's clock was set back, or jumped ahead.
        """
        lifecycle = None
        if moves and moves[0].entry.event == MIGRATE:  # a batch of it has one lifecycle for all
            new = self.rules.lifecycle(moves[0].entry.lifecycle)
            lifecycle = new.fingerprint, canonical(new.tree)
        plans = self._plan_moves(moves)
        self.check_clock(moves)
        if moves:
            self.check_ahead(moves[0].entry.at)
        fault_point("fire:decided")
        self.append(
            Commit(
                moves=moves,
                unchanged=basis.unchanged,
                plans=plans,
                lifecycle=lifecycle,
                revisions=basis.revisions,
                rosters=basis.rosters,
            )
        )

    def append(self, commit: Commit) -> None:
        """Commit, and tell of it: in the log, and plugins. What a host's transaction may still roll
        back is told once that is committed, where the host says when (`Engine.joined`)."""
        self.storage.commit(commit)
        self._tell([move.entry for move in commit.moves])

    @property
    def _joined(self) -> bool:
        """Say whether what is written may still be rolled back by a host."""
        return bool(getattr(self.storage, "transient", False))

    def _tell(self, entries: Sequence[Entry]) -> None:
        if _log.isEnabledFor(logging.INFO):
            joined = self._joined
            for entry in entries:
                _log.info(
                    "%s #%d: %s by %s%s",
                    entry.project,
                    entry.number,
                    entry.event,
                    entry.actor,
                    " (in the host's transaction)" if joined else "",
                )
        self._tell_plugins(entries)

    def _tell_plugins(self, entries: Sequence[Entry]) -> None:
        if not self._joined:
            if self.rules.plugins.hears_fired:
                self.rules.plugins.fired(entries)
        elif self.rules.on_commit is not None:
            # Also where no plugin hears of it: a host may do more then, such as deliver notices.
            self.rules.on_commit(partial(self.rules.plugins.fired, entries))

    def bulk_move(self, like: Move, heads: Sequence[Head], on: dt.date | None, under: int) -> None:
        """Write the same move for many projects, decided under the plan revision `under` (see
        `BulkStorage`)."""
        self.check_clock((like,))
        self.check_ahead(like.entry.at)
        some = Selection(ids=tuple([project for project, _, _ in heads[:_CLOCKED]]))
        for each in self.storage.snapshots(some):
            if each.last is not None:
                check_clock(each.project.id, each.last, like.entry.at)
            elif each.project.version:
                self._check_last(each.project.id, each.project.version, like.entry.at)
        fault_point("fire:decided")
        if isinstance(self.storage, BulkStorage):
            self.storage.bulk_move(like, heads, on=on, under=under)
            _log.info(
                "%d projects of %s: %s by %s",
                *(len(heads), like.project.plan, like.entry.event, like.entry.actor),
            )
            if self.rules.plugins.hears_fired:  # what was written is known, and is not read back
                self._tell_plugins(EntriesLike(like.entry, heads))
            return
        chosen = Selection(plan=like.project.plan, ids=tuple([each[0] for each in heads]), on=on)
        found = {project.id: project for project in self.storage.select(chosen)}
        moves = []
        for project, version, head in heads:
            now = found.get(project)
            if now is None or (now.version, now.head, now.unit) != (version, head, like.entry.unit):
                raise Conflict(project, expected=version)
            moves.append(move_like(like, now))
        self.append(Commit(moves=tuple(moves), revisions=((like.project.plan, under),)))

    def check_clock(self, moves: Sequence[Move]) -> None:
        """Raise InvalidInput where the machine's clock was set back: a past moment is asked for
        by the times in the history. Of a batch's chunk some projects are looked at."""
        for move in moves[:_CLOCKED]:
            entry = move.entry
            if move.last is not None:
                check_clock(entry.project, move.last, entry.at)
            elif entry.number > 1:
                self._check_last(entry.project, entry.number - 1, entry.at)

    def _check_last(self, project: str, number: int, at: dt.datetime) -> None:
        # Read to the end, which is one entry: a stream broken off costs its connection.
        for last in list(self.storage.history(project, after=number - 1))[:1]:
            check_clock(project, last.at, at)

    def check_ahead(self, at: dt.datetime) -> None:
        """Raise InvalidInput where the machine's clock jumped ahead, as far as can be told."""
        if self._guard is not None:
            self._guard.check(at)

    def _plan_moves(self, moves: Sequence[Move]) -> tuple[PlanMove, ...]:
        """Return what the moves mean for their plans: approved changes of projects make the next
        revision, and the first project that migrates takes the plan's lifecycle along."""
        made: dict[tuple[str, str], list[Move]] = {}
        for move in moves:
            if move.entry.event == MIGRATE:
                made.setdefault((move.project.plan, MIGRATE), []).append(move)
            elif move.definition is not None:
                made.setdefault((move.project.plan, CHANGE), []).append(move)
        if not made:
            return ()
        found = [self._plan_move(plan, event, group) for (plan, event), group in made.items()]
        return tuple([each for each in found if each is not None])

    def _plan_move(self, plan: str, event: str, moves: Sequence[Move]) -> PlanMove | None:
        first = moves[0].entry
        last = self.storage.plan_entry(plan)
        entries = {move.project.number: move.entry.hash for move in moves}
        head = lifecycle = None
        if event == MIGRATE:
            if last is not None and last.lifecycle == first.lifecycle:
                return None
            lifecycle = first.lifecycle
            data = {
                "entries": entries,
                "from": "" if last is None else last.lifecycle,
                "lifecycles": rules_seal(self.rules.lifecycle(lifecycle)),
            }
        else:
            head = self._next_head(plan)
            brought = [move.definition for move in moves if move.definition is not None]
            data = {"entries": entries, "projects": seals(brought)}
        return plan_following(
            last,
            plan=plan,
            event=event,
            actor=first.actor,
            role=first.role,
            on_behalf_of=first.on_behalf_of,
            at=first.at,
            reason=first.reason,
            head=head,
            lifecycle=lifecycle,
            data=data,
        )

    def _next_head(self, plan: str) -> PlanHead:
        """Return the plan's next revision, made by an approved change."""
        terms = self.rules.terms(plan)
        effective = terms.calendar.period_on(terms.calendar.today(self.now())).text
        return attrs.evolve(terms.head, revision=terms.head.revision + 1, effective=effective)
