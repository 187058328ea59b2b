"""Plan revisions, and the definitions that they bring."""

# A test's name is its sentence.
# ruff: noqa: D102

from __future__ import annotations

import attrs
import pytest

from evalflow import Conflict, Label
from evalflow.storage import Commit, PlanMove, Storage, canonical
from evalflow.testing.given import LIFECYCLE, definition, given_project, head, move_after, revised
from evalflow.testing.storage_base import StorageKit
from evalflow.testing.storage_common import PLAN, SIX, everything


class PlanTests(StorageKit):
    """Plan revisions and definitions are kept, in order."""

    def test_plan_revisions_follow_one_another(self, storage: Storage) -> None:
        storage.commit(Commit(plans=(revised(storage, head()),), lifecycle=LIFECYCLE))
        second = head(revision=2, effective="2016-Q2")
        storage.commit(Commit(plans=(revised(storage, second),), lifecycle=LIFECYCLE))
        storage.commit(Commit(plans=(revised(storage, head("an-office-2016")),)))
        before = everything(storage)

        for revision in (1, 2, 4):
            with pytest.raises(Conflict) as conflict:
                storage.commit(Commit(plans=(revised(storage, head(revision=revision)),)))
            assert conflict.value.project == PLAN

        assert everything(storage) == before
        assert storage.plans() == ("an-office-2016", PLAN)
        assert storage.revisions(PLAN) == ((1, "2016-Q1"), (2, "2016-Q2"))
        assert storage.head(PLAN) == storage.head(PLAN, 2) == canonical(second.tree)
        assert storage.head(PLAN, 1) == canonical(head().tree)
        assert storage.head(PLAN, 3) is storage.head(PLAN, 0) is None
        assert storage.lifecycle(LIFECYCLE[0]) == LIFECYCLE[1]

    def test_a_plan_has_a_history_of_its_own(self, storage: Storage) -> None:
        first = revised(storage, head())
        storage.commit(Commit(plans=(first,), lifecycle=LIFECYCLE))
        other = revised(storage, head("an-office-2016"))
        storage.commit(Commit(plans=(other,)))
        project = given_project(storage)
        noted = PlanMove(
            attrs.evolve(
                first.entry,
                number=2,
                event="migrate",
                on_behalf_of="policy-2",
                reason="절차 개정",
                head_before=first.entry.head_after,
                data={"from": "a", "entries": {"6": project.head}},
                previous=first.entry.hash,
            ).sealed()
        )
        storage.commit(Commit(moves=(move_after(project),), plans=(noted,)))
        third = revised(storage, head(revision=2, effective="2016-Q2"))
        storage.commit(Commit(plans=(third,)))

        entries = [first.entry, noted.entry, third.entry]
        assert list(storage.plan_history(PLAN)) == entries
        assert list(storage.plan_history(PLAN, after=2)) == entries[2:]
        assert list(storage.plan_history("an-office-2016")) == [other.entry]
        assert list(storage.plan_history("nowhere")) == []
        assert storage.plan_entry(PLAN) == third.entry
        assert [storage.plan_entry(PLAN, each) for each in (1, 2, 3)] == [
            first.entry, third.entry, None,
        ]  # fmt: skip
        assert storage.plan_entry("nowhere") is None
        snapshot = storage.snapshot(SIX)
        assert snapshot is not None
        assert (snapshot.latest, snapshot.plan_head) == (2, third.entry.hash)
        assert storage.revisions(PLAN) == ((1, "2016-Q1"), (2, "2016-Q2"))

    def test_the_entries_of_a_plan_follow_one_another(self, storage: Storage) -> None:
        first = revised(storage, head())
        storage.commit(Commit(plans=(first,), lifecycle=LIFECYCLE))
        second = revised(storage, head(revision=2))
        storage.commit(Commit(plans=(second,)))
        before = everything(storage)

        third = revised(storage, head(revision=3)).entry
        for wrong in (
            attrs.evolve(third, number=2, previous=first.entry.hash),
            attrs.evolve(third, number=4),
        ):
            with pytest.raises(Conflict) as conflict:
                storage.commit(Commit(plans=(PlanMove(wrong.sealed(), head(revision=3)),)))
            assert conflict.value.project == PLAN
        for wrong in (
            attrs.evolve(third, previous=first.entry.hash),
            attrs.evolve(third, head_before="0" * 64),
            attrs.evolve(third, head_after="0" * 64),
            attrs.evolve(third, effective="2016-Q3"),
        ):
            with pytest.raises(ValueError, match=PLAN):
                storage.commit(Commit(plans=(PlanMove(wrong.sealed(), head(revision=3)),)))
        move = PlanMove(third, head(revision=3))
        unsealed = PlanMove(attrs.evolve(third, hash="0" * 64), head(revision=3))
        for plans in ((move, move), (unsealed,)):  # two entries in one commit; another's hash
            with pytest.raises(ValueError, match=PLAN):
                storage.commit(Commit(plans=plans))

        assert everything(storage) == before

    def test_a_definition_is_the_latest_one_up_to_a_revision(self, storage: Storage) -> None:
        project = given_project(storage)
        other = given_project(storage, f"{PLAN}/10", unit="youth")
        changed = definition(SIX, field="welfare", label=Label("바뀐 이름", "Renamed"))
        storage.commit(Commit(plans=(revised(storage, head(revision=2)),)))
        storage.commit(
            Commit(
                moves=(move_after(project, "approve_change", redefined=changed, revision=3),),
                plans=(revised(storage, head(revision=3)),),
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
