"""One project, its entries and figures: what was written is read back whole."""

# A test's name is its sentence.
# ruff: noqa: D102

from __future__ import annotations

import unicodedata

import attrs
import pytest

from evalflow import Change, Evaluation, InvalidInput
from evalflow.storage import Commit, Snapshot, Storage, canonical
from evalflow.testing.given import (
    adoption,
    entry_after,
    given_plan,
    given_project,
    move_after,
    rating,
)
from evalflow.testing.storage_base import StorageKit
from evalflow.testing.storage_common import LATER, LEASE, PLAN, SIX, everything, memory


class ProjectTests(StorageKit):
    """What is written of one project is read back as it was."""

    def test_an_empty_store_knows_nothing(self, storage: Storage) -> None:
        assert isinstance(storage, Storage)
        assert storage.plans() == ()
        assert storage.revisions(PLAN) == ()
        assert storage.head(PLAN) is None
        assert storage.lifecycle("0" * 64) is None
        assert storage.definition(SIX) is None
        assert storage.snapshot(SIX) is None
        assert storage.evaluation(SIX, "2016-Q1") is None
        assert storage.entry_by_key(SIX, "key") is None
        assert everything(storage) == everything(memory())
        assert storage.claim("console", at=LATER, limit=9, lease=LEASE) in ([], ())
        assert storage.resend([("nothing", "console")], at=LATER) == 0

    def test_an_adopted_project_is_read_back_whole(self, storage: Storage) -> None:
        given_plan(storage)
        move = adoption(SIX, key="first")
        storage.commit(Commit(moves=(move,)))
        last = storage.plan_entry(PLAN)
        assert last is not None

        assert storage.snapshot(SIX) == Snapshot(
            project=move.project,
            evaluation=Evaluation(project=SIX, period="2016-Q1"),
            latest=1,
            plan_head=last.hash,
        )
        seen = storage.snapshot(SIX)
        assert seen is not None
        assert seen.last in (None, move.entry.at)  # a storage need not tell; a wrong time it never
        assert list(storage.history(SIX)) == [move.entry]
        assert storage.entry_by_key(SIX, "first") == move.entry
        assert move.definition is not None
        assert storage.definition(SIX) == (1, canonical(move.definition.tree))

    def test_a_move_is_read_back_whole(self, storage: Storage) -> None:
        project = given_project(storage)
        move = attrs.evolve(
            move_after(
                project,
                "review",
                by="policy-1",
                states=("reviewed", "change_requested"),
                reason="현장 확인함",
                data={"확인": ["자료", None, True, 3], "": {}},
                rated=rating(SIX, "2016-Q1"),
                told=("education-1", "role@youth"),
                key="k",
            )
        )
        change = Change(
            number=2,
            kind="target",
            reason="예산 감액",
            detail="분기 목표",
            reported_on="2016-02-01",
            before={"targets": {"2016-Q2": "10"}},
            after={"targets": {"2016-Q2": None}},
            opinions=({"by": "budget-1", "dissent": True},),
        )
        move = attrs.evolve(
            move,
            project=attrs.evolve(
                move.project,
                change=change,
                waiting=(attrs.evolve(change, number=1, approved_in="2016-Q1"),),
            ),
        )
        entry = attrs.evolve(
            move.entry, late=3, on_behalf_of="policy-2", role="policy_office", hash=""
        ).sealed()
        move = attrs.evolve(move, entry=entry, project=attrs.evolve(move.project, head=entry.hash))
        storage.commit(Commit(moves=(move,)))

        snapshot = storage.snapshot(SIX)
        assert snapshot is not None
        assert snapshot.project == move.project
        assert snapshot.evaluation == move.evaluation
        assert snapshot.last in (None, entry.at)
        assert list(storage.history(SIX, after=1)) == [move.entry]
        assert [each.notice for each in storage.outbox()] == list(move.notices)
        assert entry.sealed().hash == next(storage.history(SIX, after=1)).sealed().hash

    def test_what_was_handed_out_can_be_changed_without_changing_the_store(
        self, storage: Storage
    ) -> None:
        project = given_project(storage)
        data = {"actuals": {"schools": "3"}}
        storage.commit(
            entry_after(project, data=data, rated=rating(SIX, "2016-Q1"), told=("education-1",))
        )
        before = everything(storage)

        data["actuals"]["schools"] = "9999"
        next(storage.history(SIX, after=1)).data["actuals"] = None
        next(iter(storage.outbox())).notice.data.clear()
        snapshot = storage.snapshot(SIX)
        assert snapshot is not None
        dict.clear(snapshot.evaluation.facts)  # type: ignore[arg-type]

        assert everything(storage) == before
        assert next(storage.history(SIX, after=1)).data == {"actuals": {"schools": "3"}}

    def test_each_period_has_its_evaluation(self, storage: Storage) -> None:
        project = given_project(storage)
        first = move_after(project, rated=rating(SIX, "2016-Q1", rate="70.5"))
        turned = move_after(first.project, "open_period", period="2016-Q2", state="planned")
        again = move_after(turned.project, "amend", rated=rating(SIX, "2016-Q2", rate="100.0"))
        storage.commit(Commit(moves=(first,)))
        storage.commit(Commit(moves=(turned,)))

        snapshot = storage.snapshot(SIX)
        assert snapshot is not None
        assert snapshot.evaluation == Evaluation(project=SIX, period="2016-Q2")
        assert snapshot.project.band is None

        storage.commit(Commit(moves=(again,)))

        assert storage.evaluation(SIX, "2016-Q1") == first.evaluation
        assert storage.evaluation(SIX, "2016-Q2") == again.evaluation
        assert list(storage.evaluations(PLAN, "2016-Q1")) == [first.evaluation]
        assert list(storage.evaluations("other-2016", "2016-Q1")) == []

    @pytest.mark.parametrize(
        "text",
        [
            "서대문구 정책기획담당관",
            unicodedata.normalize("NFD", "서대문구"),
            "'\"\\%_\n\t",
            "🏛️ 𝟚𝟘𝟙𝟞",
            " ",
            "null",
        ],
        ids=["Korean", "decomposed", "quotes", "beyond the plane", "blank", "null"],
    )
    def test_text_is_kept_as_it_is(self, storage: Storage, text: str) -> None:
        project = given_project(storage, unit=text)
        storage.commit(
            entry_after(project, by=text, reason=text, key=text, data={text: [text]}, told=(text,))
        )

        entry = storage.entry_by_key(SIX, text)
        assert entry is not None
        assert (entry.actor, entry.reason, entry.key, entry.unit) == (text,) * 4
        assert entry.data == {text: [text]}
        assert entry.sealed().hash == entry.hash
        assert [each.notice.recipient for each in storage.outbox()] == [text]

    def test_a_nul_is_kept_in_data_and_refused_elsewhere(self, storage: Storage) -> None:
        project = given_project(storage)
        move = move_after(project, data={"hwp": "표\0그림"})
        storage.commit(Commit(moves=(move,)))
        assert next(storage.history(SIX, after=1)) == move.entry

        before = everything(storage)
        with pytest.raises(InvalidInput, match="stored"):
            storage.commit(entry_after(move.project, reason="표\0그림"))
        assert everything(storage) == before

    def test_big_values_are_kept(self, storage: Storage) -> None:
        project = given_project(storage)
        papers = {f"{number}": "가나다라 " * 100_000 for number in range(5)}  # 7 MB
        move = move_after(project, data=papers, rated=rating(SIX, "2016-Q1"))
        storage.commit(Commit(moves=(move,)))

        assert next(storage.history(SIX, after=1)) == move.entry
        snapshot = storage.snapshot(SIX)
        assert snapshot is not None
        assert snapshot.evaluation.facts == papers
