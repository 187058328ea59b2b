"""What happened to a plan: the entries of its own history, chained like a project's."""

from __future__ import annotations

import datetime as dt

import attrs

from evalflow.model.canonical import Tree, canonical, digest
from evalflow.model.plans import PlanHead
from evalflow.model.values import frozen

OPENING = "opening"
"""The event of an opening balance: what an older store held of a plan when it was upgraded."""


@frozen(kw_only=True)
class PlanEntry:
    """One line of a plan's append-only history. Its `hash` covers it and its predecessor.

    Attributes:
        number: 1, 2, 3 … within the plan, without gaps.
        event: `adopt`, `revise`; `propose` (a revision that waits for a second person) and
            `confirm` (the second person put it into force); `change` (an approved change of
            projects made the revision); `migrate` (projects go over to another lifecycle);
            `opening` (an older store's plan, as it was found when the store was upgraded).
        actor, role, on_behalf_of: who, in which role, and for whom; empty in an opening balance,
            which nobody made.
        at: when, aware and UTC; of an opening balance the time of the last entry that it covers.
        revision: the plan revision in force after it; `effective` is the first period measured
            against that one (D5).
        head_before, head_after: the digest of the text of the revision in force before ("" where
            there was none) and after.
        lifecycle: the fingerprint of the plan's lifecycle after it: the one under which projects
            come in.
        data: what else it says, as a tree. `projects`: number -> digest of the definition that it
            brought; `sections`: the keys of the plan that differ.
        previous: the hash of the entry before, "" for the first.
    """

    plan: str
    number: int
    event: str
    actor: str
    role: str
    at: dt.datetime
    revision: int
    effective: str
    head_before: str
    head_after: str
    lifecycle: str
    on_behalf_of: str | None = None
    reason: str | None = None
    data: Tree = attrs.field(factory=dict)
    previous: str = ""
    hash: str = ""

    def body(self) -> str:
        """Return the canonical text over which the hash is taken: a list of every field but the
        hash."""
        return canonical(
            [
                self.plan,
                self.number,
                self.event,
                self.actor,
                self.role,
                self.on_behalf_of,
                self.at.isoformat(timespec="microseconds"),
                self.revision,
                self.effective,
                self.head_before,
                self.head_after,
                self.lifecycle,
                self.reason,
                self.data,
                self.previous,
            ]
        )

    def sealed(self) -> PlanEntry:
        """Return the entry with its hash filled in."""
        return attrs.evolve(self, hash=digest(self.body()))

    def revisions(self) -> tuple[tuple[int, str, str], ...]:
        """Return (revision, first period measured against it, digest of its text) of the revisions
        that the entry speaks for: its own, and of an opening balance all before it."""
        if self.event == OPENING:
            listed = enumerate(self.data["revisions"], start=1)
            return tuple([(number, effective, seal) for number, (effective, seal) in listed])
        return ((self.revision, self.effective, self.head_after),)


@frozen
class PlanMove:
    """What one entry of a plan's history writes: itself, and the revision that it puts into force,
    where it makes one."""

    entry: PlanEntry
    head: PlanHead | None = None
