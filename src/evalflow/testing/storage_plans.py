"""Plan revisions, and the definitions that they bring."""

# A test's name is its sentence.
# ruff: noqa: D102

from __future__ import annotations

import pytest

from evalflow import Conflict, Label
from evalflow.storage import Commit, Storage, canonical
from evalflow.testing.given import LIFECYCLE, definition, given_project, head, move_after
from evalflow.testing.storage_base import StorageKit
from evalflow.testing.storage_common import PLAN, SIX, everything


class PlanTests(StorageKit):
    """Plan revisions and definitions are kept, in order."""

    def test_plan_revisions_follow_one_another(self, storage: Storage) -> None:
        storage.commit(Commit(head=head(), lifecycle=LIFECYCLE))
        second = head(revision=2, effective="2016-Q2")
        storage.commit(Commit(head=second, lifecycle=LIFECYCLE))
        storage.commit(Commit(head=head("an-office-2016")))
        before = everything(storage)

        for revision in (1, 2, 4):
            with pytest.raises(Conflict) as conflict:
                storage.commit(Commit(head=head(revision=revision)))
            assert conflict.value.project == PLAN

        assert everything(storage) == before
        assert storage.plans() == ("an-office-2016", PLAN)
        assert storage.revisions(PLAN) == ((1, "2016-Q1"), (2, "2016-Q2"))
        assert storage.head(PLAN) == storage.head(PLAN, 2) == canonical(second.tree)
        assert storage.head(PLAN, 1) == canonical(head().tree)
        assert storage.head(PLAN, 3) is storage.head(PLAN, 0) is None
        assert storage.lifecycle(LIFECYCLE[0]) == LIFECYCLE[1]

    def test_a_definition_is_the_latest_one_up_to_a_revision(self, storage: Storage) -> None:
        project = given_project(storage)
        other = given_project(storage, f"{PLAN}/10", unit="youth")
        changed = definition(SIX, field="welfare", label=Label("바뀐 이름", "Renamed"))
        storage.commit(Commit(head=head(revision=2)))
        storage.commit(
            Commit(
                moves=(move_after(project, "approve_change", redefined=changed, revision=3),),
                head=head(revision=3),
            )
        )
        old = canonical(definition(SIX).tree)
        new = canonical(changed.tree)
        same = canonical(definition(other.id, unit="youth").tree)

        assert [storage.definition(SIX, r) for r in (0, 1, 2, 3, 9, None)] == [
            None, (1, old), (1, old), (3, new), (3, new), (3, new),
        ]  # fmt: skip
        assert list(storage.definitions(PLAN)) == [(SIX, 3, new), (other.id, 1, same)]
        assert list(storage.definitions(PLAN, 2)) == [(SIX, 1, old), (other.id, 1, same)]
        assert list(storage.definitions(PLAN, 0)) == []
        snapshot = storage.snapshot(SIX)
        assert snapshot is not None
        assert snapshot.latest == 3
        assert (snapshot.project.label.ko, snapshot.project.revision) == ("바뀐 이름", 3)
