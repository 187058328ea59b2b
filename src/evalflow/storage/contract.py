"""What a storage promises. Memory, SQLite and PostgreSQL keep the same promises, held to the
same kit (`evalflow.testing`).

A storage keeps plan revisions, lifecycles, project definitions, projects, evaluations,
entries and the outbox. It decides nothing: rules are asked before `commit`, which only
writes what was decided, if nobody was first.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, runtime_checkable

import attrs

from evalflow.model import (
    Commit,
    Entry,
    Evaluation,
    Outgoing,
    Project,
    Selection,
    Snapshot,
)


@attrs.frozen(kw_only=True)
class Settled:
    """The outcome of one delivery attempt: delivered, to be tried again, or given up.

    `state` is `delivered`, `waiting` (then `next_at` says when) or `dead`.
    """

    notice: str
    notifier: str
    state: str
    next_at: dt.datetime | None = None
    error: str | None = None


@runtime_checkable
class Storage(Protocol):
    """Where an office's evaluation is kept. Safe to use from several threads and processes.

    Every method may raise `StorageError` (locked, read-only, corrupt, unreachable …); then
    nothing was written.
    """

    def close(self) -> None:
        """Let go of files and connections; a closed storage is not used again."""

    # ------------------------------------------------------------------ writing

    def commit(self, commit: Commit) -> None:
        """Write everything in `commit` in one transaction; it is durable when this returns.

        For each move the project's stored version must equal `move.expected`, and for each
        pair in `commit.unchanged` the stored version must equal the one given. Notices whose
        (id, notifier) is already in the outbox are left out silently: a visit tells once.
        A definition is kept under (project id, revision); a plan head under (id, revision).

        Raises:
            Conflict: a version differs, the (project, key) of an entry exists, or the plan
                revision exists; nothing was written.
        """

    # ------------------------------------------------------------------ plans

    def plans(self) -> tuple[str, ...]:
        """Return the ids of all plans, in order."""

    def head(self, plan: str, revision: int | None = None) -> str | None:
        """Return the canonical text of a plan revision's `PlanHead.tree` (None: the latest),
        or None where there is none."""

    def revisions(self, plan: str) -> tuple[tuple[int, str], ...]:
        """Return (revision, effective period) of every revision of the plan, in order."""

    def lifecycle(self, fingerprint: str) -> str | None:
        """Return the canonical text of the lifecycle with this fingerprint, or None."""

    def definition(self, project: str, revision: int | None = None) -> tuple[int, str] | None:
        """Return (its revision, canonical text of `ProjectDefinition.tree`) of the latest
        definition made at or before plan revision `revision` (None: the latest), or None."""

    def definitions(self, plan: str, revision: int | None = None) -> Iterator[tuple[str, int, str]]:
        """Yield (project id, revision, canonical text) as `definition` returns them, for every
        project of the plan, in project order."""

    # ------------------------------------------------------------------ reading projects

    def snapshot(self, project: str) -> Snapshot | None:
        """Return the project and its evaluation in its current period, read in one moment.
        An evaluation that nobody has written yet is an empty one. `Snapshot.latest` is the
        plan's latest revision, read in the same moment (SQL: one statement for all three)."""

    def snapshots(self, selection: Selection) -> Iterator[Snapshot]:
        """Yield the snapshots of the selected projects, streamed."""

    def select(self, selection: Selection) -> Iterator[Project]:
        """Yield the selected projects, streamed: memory does not grow with their number.
        With `selection.on`, `Project.unit` is the unit that answers for it on that day."""

    def as_of(self, selection: Selection, at: dt.datetime) -> Iterator[Project]:
        """Yield the selected projects as their last entry at or before `at` left them;
        projects adopted later are left out. States and units are tested as they were then.
        `change` is not rebuilt (None); `band` is that of the last rating up to `at` in the
        then current period."""

    # ------------------------------------------------------------------ reading the rest

    def evaluation(self, project: str, period: str) -> Evaluation | None:
        """Return the project's evaluation for the period, or None where none was begun."""

    def evaluations(self, plan: str, period: str) -> Iterator[Evaluation]:
        """Yield all evaluations of the plan's projects for the period, in project order."""

    def history(self, project: str, *, after: int = 0) -> Iterator[Entry]:
        """Yield the project's entries in order, from number `after` + 1."""

    def entry_by_key(self, project: str, key: str) -> Entry | None:
        """Return the entry that was written with this idempotency key, or None."""

    def entries(self, *, after: int = 0, limit: int | None = None) -> Iterator[tuple[int, Entry]]:
        """Yield (position, entry) over all projects in the order in which they were written,
        from position `after` + 1; a reader that remembers the position misses none."""

    # ------------------------------------------------------------------ outbox

    def claim(
        self, notifier: str, *, at: dt.datetime, limit: int, lease: dt.timedelta
    ) -> Sequence[Outgoing]:
        """Return up to `limit` notices waiting for `notifier` whose `next_at` has come, oldest
        first, and put their `next_at` to `at + lease`: nobody else claims them meanwhile, and
        they come back by themselves if the claimer dies. `tries` counts this attempt."""

    def settle(self, outcomes: Iterable[Settled]) -> None:
        """Record the outcomes of delivery attempts, in one transaction."""

    def outbox(self, *, state: str | None = None, project: str | None = None) -> Iterator[Outgoing]:
        """Yield the notices in the outbox, oldest first."""

    def resend(self, notices: Iterable[tuple[str, str]], *, at: dt.datetime) -> int:
        """Put dead letters, given as (notice id, notifier), back to waiting with no tries;
        return how many there were."""
