"""The rules in force as a host's open transaction sees them.

What is committed is read once, by the rules of the engine that joined, and shared with them. What
stands in the host's transaction alone, such as a revision that it may still roll back, is read and
remembered here, and nobody else ever sees it.
"""

from __future__ import annotations

from collections.abc import Mapping

from evalflow.engine.remembered import EventRules
from evalflow.engine.rules import OnCommit, Rules, Terms
from evalflow.errors import NotFound
from evalflow.lifecycle.definition import Event, Lifecycle
from evalflow.model import ProjectDefinition, Snapshot
from evalflow.storage.contract import Storage


class JoinedRules(Rules):
    """What is in force in a host's transaction on the store of `committed`."""

    def __init__(
        self, storage: Storage, committed: Rules, on_commit: OnCommit | None = None
    ) -> None:
        """Read from `storage`, which is on the host's transaction, what `committed` lacks."""
        super().__init__(storage, committed.plugins, committed.holidays, committed.host)
        self.committed = committed
        self.on_commit = on_commit

    def on(self, storage: Storage) -> JoinedRules:
        """Return the same rules, read from another view of the same transaction, which is of one
        moment: the host's directory is asked once."""
        other = JoinedRules(storage, self.committed, self.on_commit)
        other._asked = {}
        other._known = self._known
        return other

    def terms(self, plan_id: str, revision: int | None = None) -> Terms:
        """Return one revision of a plan (None: the latest); see `Rules`."""
        if revision is None and (known := self.storage.revisions(plan_id)):
            revision = known[-1][0]
        shared = None if revision is None else self._shared_terms(plan_id, revision)
        return shared or super().terms(plan_id, revision)

    def _shared_terms(self, plan_id: str, revision: int) -> Terms | None:
        try:
            return self.committed.terms(plan_id, revision)
        except NotFound:  # the host's transaction made it
            return None

    def lifecycle(self, fingerprint: str) -> Lifecycle:
        """Return the lifecycle definition with this fingerprint; see `Rules`."""
        return self._shared_lifecycle(fingerprint) or super().lifecycle(fingerprint)

    def _shared_lifecycle(self, fingerprint: str) -> Lifecycle | None:
        try:
            return self.committed.lifecycle(fingerprint)
        except NotFound:
            return None

    def _check_sealed(self, plan_id: str, lifecycle: Lifecycle) -> None:
        if self._shared_lifecycle(lifecycle.fingerprint) is lifecycle:
            self.committed._check_sealed(plan_id, lifecycle)
        else:
            super()._check_sealed(plan_id, lifecycle)

    def definition(self, project_id: str, revision: int) -> ProjectDefinition:
        """Return the project as the plan revision has it; see `Rules`."""
        plan_id = project_id.rpartition("/")[0]
        if self._shared_terms(plan_id, revision) is not None:  # else an earlier one would answer
            try:
                return self.committed.definition(project_id, revision)
            except NotFound:  # a case that the host's transaction opened
                pass
        return super().definition(project_id, revision)

    def _event_rules(self, snapshot: Snapshot, event: Event | None) -> EventRules[Terms]:
        if self._shared_terms(snapshot.project.plan, snapshot.latest) is not None:
            try:
                return self.committed._event_rules(snapshot, event)
            except NotFound:  # the host's transaction brought the lifecycle
                pass
        return super()._event_rules(snapshot, event)

    def _about_in(self, plan: str, revision: str) -> Mapping[str, tuple[str, ...]]:
        last = self.committed.storage.plan_entry(plan)
        if last is not None and revision == f"{last.revision} {last.hash}":
            return self.committed._about_in(plan, revision)
        return super()._about_in(plan, revision)
