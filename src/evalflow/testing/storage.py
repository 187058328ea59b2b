"""The storage kit: what every storage must do, as tests to inherit.

A plugin's test module is about ten lines:

    import functools, pytest
    from evalflow.testing import StorageConformance
    from evalflow_redis import open_redis

    class TestRedis(StorageConformance):
        @pytest.fixture
        def new_store(self, tmp_path):
            numbers = iter(range(10**6))
            return lambda: functools.partial(open_redis, tmp_path / f"{next(numbers)}.rdb")

`new_store()` makes a new, empty store and returns what opens it, here and in other processes
(so it must be picklable: a `functools.partial` of an importable function is).
"""

# A test's name is its sentence.
# ruff: noqa: D102

from __future__ import annotations

import datetime as dt
import threading
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, ClassVar

import attrs
import pytest

import evalflow
from evalflow import Change, Conflict, Evaluation, InvalidInput, Label, Project
from evalflow.plugins import Assignment
from evalflow.storage import (
    BulkStorage,
    Commit,
    Head,
    Move,
    Selection,
    Settled,
    Snapshot,
    Storage,
    canonical,
    move_like,
)
from evalflow.testing import faults
from evalflow.testing.children import Child, Opener, children, together
from evalflow.testing.given import (
    BEGINNING,
    LIFECYCLE,
    adoption,
    attempt,
    definition,
    entry_after,
    given_plan,
    given_project,
    head,
    move_after,
    notice,
    rating,
)

PLAN = "seodaemun-2016"
SIX = f"{PLAN}/6"
EVERYTHING = Selection()
DAY = dt.timedelta(days=1)
LEASE = dt.timedelta(minutes=5)
LATER = BEGINNING + 30 * DAY

Open = Callable[[], Storage]


class StorageConformance:
    """Tests that a storage keeps its contract; inherit them and give `new_store`.

    Optional powers are declared; where one is absent its tests are skipped and say why.

    Attributes:
        reopens: what was written is there after `close`, when the store is opened again.
        shared: other processes can open the store at the same time.
        points: the fault points that the storage calls (`evalflow.fault_point`) on its way
            through `commit`: name -> whether the commit is durable when it is reached.
        examples: how many random lives are compared with the memory storage.
        shrinks: a life that shows a difference is cut down to the shortest one that does,
            which may take a minute.
    """

    reopens: ClassVar[bool] = True
    shared: ClassVar[bool] = True
    points: ClassVar[dict[str, bool]] = {
        "commit:begun": False,
        "commit:written": False,
        "commit:done": True,
    }
    examples: ClassVar[int] = 40
    shrinks: ClassVar[bool] = True

    # ------------------------------------------------------------------ to be given

    @pytest.fixture
    def new_store(self) -> Callable[[], Opener]:
        """Return a function that makes a new, empty store and returns what opens it."""
        raise NotImplementedError("give a fixture `new_store`; see evalflow.testing.storage")

    # ------------------------------------------------------------------ made from it

    @pytest.fixture
    def open_store(self, new_store: Callable[[], Opener]) -> Iterator[Open]:
        """One store; every call opens it once more, and all are closed afterwards."""
        opener = new_store()
        opened: list[Storage] = []

        def open_it() -> Storage:
            opened.append(opener())
            return opened[-1]

        open_it.opener = opener  # type: ignore[attr-defined]
        yield open_it
        for storage in opened:
            storage.close()

    @pytest.fixture
    def storage(self, open_store: Open) -> Storage:
        """An open, empty store."""
        return open_store()

    @pytest.fixture
    def opener(self, open_store: Open) -> Opener:
        """What opens the same store in another process."""
        if not self.shared:
            pytest.skip(f"{type(self).__name__} declares shared = False: one process only")
        return open_store.opener  # type: ignore[attr-defined,no-any-return]

    def _needs_reopening(self) -> None:
        if not self.reopens:
            pytest.skip(f"{type(self).__name__} declares reopens = False: it keeps nothing")

    # ------------------------------------------------------------------ one project

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
        assert _everything(storage) == _everything(_memory())
        assert storage.claim("console", at=LATER, limit=9, lease=LEASE) in ([], ())
        assert storage.resend([("nothing", "console")], at=LATER) == 0

    def test_an_adopted_project_is_read_back_whole(self, storage: Storage) -> None:
        given_plan(storage)
        move = adoption(SIX, key="first")
        storage.commit(Commit(moves=(move,)))

        assert storage.snapshot(SIX) == Snapshot(
            project=move.project,
            evaluation=Evaluation(project=SIX, period="2016-Q1"),
            latest=1,
        )
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
        move = attrs.evolve(move, project=attrs.evolve(move.project, change=change))
        entry = attrs.evolve(
            move.entry, late=3, on_behalf_of="policy-2", role="policy_office", hash=""
        ).sealed()
        move = attrs.evolve(move, entry=entry, project=attrs.evolve(move.project, head=entry.hash))
        storage.commit(Commit(moves=(move,)))

        snapshot = storage.snapshot(SIX)
        assert snapshot is not None
        assert snapshot.project == move.project
        assert snapshot.evaluation == move.evaluation
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
        before = _everything(storage)

        data["actuals"]["schools"] = "9999"
        next(storage.history(SIX, after=1)).data["actuals"] = None
        next(iter(storage.outbox())).notice.data.clear()
        snapshot = storage.snapshot(SIX)
        assert snapshot is not None
        dict.clear(snapshot.evaluation.facts)  # type: ignore[arg-type]

        assert _everything(storage) == before
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

        before = _everything(storage)
        with pytest.raises(InvalidInput, match="stored"):
            storage.commit(entry_after(move.project, reason="표\0그림"))
        assert _everything(storage) == before

    def test_big_values_are_kept(self, storage: Storage) -> None:
        project = given_project(storage)
        papers = {f"{number}": "가나다라 " * 100_000 for number in range(5)}  # 7 MB
        move = move_after(project, data=papers, rated=rating(SIX, "2016-Q1"))
        storage.commit(Commit(moves=(move,)))

        assert next(storage.history(SIX, after=1)) == move.entry
        snapshot = storage.snapshot(SIX)
        assert snapshot is not None
        assert snapshot.evaluation.facts == papers

    # ------------------------------------------------------------------ nobody was first

    def test_a_move_decided_on_an_older_version_conflicts(self, storage: Storage) -> None:
        project = given_project(storage)
        first = move_after(project, "submit", state="submitted")
        second = move_after(
            project,
            "withdraw",
            state="planned",
            rated=rating(SIX, "2016-Q1"),
            told=("policy-1",),
            key="second",
        )
        storage.commit(Commit(moves=(first,)))
        before = _everything(storage)

        with pytest.raises(Conflict) as conflict:
            storage.commit(Commit(moves=(second,)))

        assert conflict.value.project == SIX
        assert _everything(storage) == before

    def test_a_move_ahead_of_the_stored_version_conflicts(self, storage: Storage) -> None:
        project = given_project(storage)
        ahead = move_after(move_after(project).project)
        before = _everything(storage)

        with pytest.raises(Conflict):
            storage.commit(Commit(moves=(ahead,)))

        assert _everything(storage) == before

    def test_a_project_is_adopted_once(self, storage: Storage) -> None:
        given_project(storage, state="submitted")
        before = _everything(storage)

        with pytest.raises(Conflict):
            storage.commit(Commit(moves=(adoption(SIX, unit="youth"),)))

        assert _everything(storage) == before

    def test_a_move_of_an_unknown_project_conflicts(self, storage: Storage) -> None:
        given_plan(storage)
        with pytest.raises(Conflict):
            storage.commit(entry_after(adoption(SIX).project))
        assert list(storage.entries()) == []

    def test_one_conflict_spoils_the_whole_commit(self, storage: Storage) -> None:
        one, two, three = (given_project(storage, f"{PLAN}/{n}") for n in (1, 2, 3))
        storage.commit(entry_after(two))
        before = _everything(storage)
        moves = tuple(
            move_after(project, told=("education-1",), rated=rating(project.id, "2016-Q1"))
            for project in (one, two, three)
        )

        with pytest.raises(Conflict) as conflict:
            storage.commit(
                Commit(
                    moves=(adoption(f"{PLAN}/4"), *moves),
                    head=head(revision=2),
                    lifecycle=("1" * 64, "{}"),
                )
            )

        assert conflict.value.project == two.id
        assert _everything(storage) == before
        assert storage.lifecycle("1" * 64) is None

    def test_a_project_that_was_looked_at_must_not_have_moved(self, storage: Storage) -> None:
        one, two = (given_project(storage, f"{PLAN}/{n}") for n in (1, 2))
        move = move_after(one)
        storage.commit(entry_after(two))
        before = _everything(storage)

        with pytest.raises(Conflict) as conflict:
            storage.commit(Commit(moves=(move,), unchanged=((two.id, 1),)))
        assert conflict.value.project == two.id
        assert _everything(storage) == before

        storage.commit(Commit(moves=(move,), unchanged=((two.id, 2), (f"{PLAN}/9", 0))))
        assert _version(storage, one.id) == 2

    def test_a_key_is_used_once_in_a_project(self, storage: Storage) -> None:
        one, two = (given_project(storage, f"{PLAN}/{n}") for n in (1, 2))
        first = move_after(one, key="2016-04-05/submit")
        storage.commit(Commit(moves=(first,)))
        storage.commit(entry_after(two, key="2016-04-05/submit"))
        before = _everything(storage)

        with pytest.raises(Conflict):
            storage.commit(entry_after(first.project, key="2016-04-05/submit", told=("policy-1",)))

        assert _everything(storage) == before
        assert storage.entry_by_key(one.id, "2016-04-05/submit") == first.entry
        without = move_after(first.project)
        storage.commit(Commit(moves=(without,)))
        storage.commit(entry_after(without.project))
        assert _version(storage, one.id) == 4

    @pytest.mark.parametrize(
        "wrong",
        [
            pytest.param({"previous": "f" * 64}, id="another predecessor"),
            pytest.param({"before": ("approved", "unchanged")}, id="other states before"),
            pytest.param({"period": "2016-Q3"}, id="another period"),
            pytest.param({"number": 3}, id="a gap"),
            pytest.param({"number": 1}, id="a number again"),
            pytest.param({"after": ("approved", "unchanged")}, id="another project state"),
            pytest.param({"at": BEGINNING.replace(tzinfo=None)}, id="no time zone"),
            pytest.param(
                {"at": BEGINNING.astimezone(dt.timezone(dt.timedelta(hours=9)))}, id="not UTC"
            ),
        ],
    )
    def test_an_entry_continues_the_history_or_is_refused(
        self, storage: Storage, wrong: dict[str, Any]
    ) -> None:
        project = given_project(storage)
        move = move_after(project, told=("policy-1",))
        entry = attrs.evolve(move.entry, **wrong, hash="").sealed()
        broken = attrs.evolve(
            move, entry=entry, project=attrs.evolve(move.project, head=entry.hash)
        )
        before = _everything(storage)

        with pytest.raises(ValueError):
            storage.commit(Commit(moves=(broken,)))

        assert _everything(storage) == before
        storage.commit(Commit(moves=(move,)))

    def test_many_moves_are_one_commit(self, storage: Storage) -> None:
        given_plan(storage)
        numbers = range(1, 501)
        adopted = tuple(adoption(f"{PLAN}/{n}", key=f"a{n}") for n in numbers)
        storage.commit(Commit(moves=adopted))
        moved = tuple(
            move_after(each.project, rated=rating(each.project.id, "2016-Q1"), told=("policy-1",))
            for each in adopted
        )
        storage.commit(Commit(moves=moved))

        assert [p.version for p in storage.select(EVERYTHING)] == [2] * len(numbers)
        assert [e.project for _, e in storage.entries()] == [
            f"{PLAN}/{n}" for _ in range(2) for n in numbers
        ]
        assert len(list(storage.outbox())) == len(numbers)

    # ------------------------------------------------------------------ many alike

    def test_a_bulk_move_writes_what_the_moves_one_by_one_would(
        self, new_store: Callable[[], Opener]
    ) -> None:
        swept, moved = new_store()(), new_store()()
        try:
            if not isinstance(swept, BulkStorage):
                pytest.skip(f"{type(swept).__name__} has no bulk_move: batches give it the moves")
            for storage in (swept, moved):
                _several_alike(storage)
            projects = [each for each in moved.select(EVERYTHING) if each.number != "3"]
            like = _like(projects[0])
            swept.bulk_move(like, [_last(each) for each in projects], on=None)
            moved.commit(Commit(moves=tuple([move_like(like, each) for each in projects])))

            assert _everything(swept) == _everything(moved)
            assert [each.version for each in swept.select(EVERYTHING)] == [2, 3, 1, 2, 2]
        finally:
            swept.close()
            moved.close()

    def test_a_bulk_move_over_a_project_that_moved_writes_nothing(self, storage: Storage) -> None:
        if not isinstance(storage, BulkStorage):
            pytest.skip(f"{type(storage).__name__} has no bulk_move: batches give it the moves")
        _several_alike(storage)
        projects = list(storage.select(EVERYTHING))
        storage.commit(Commit(moves=(move_after(projects[3], "amend"),)))
        before = _everything(storage)

        with pytest.raises(Conflict):
            storage.bulk_move(_like(projects[0]), [_last(each) for each in projects], on=None)
        assert _everything(storage) == before

    @pytest.mark.parametrize(
        "other", ["states", "period", "lifecycle", "plan", "unit", "unit that day", "key", "head"]
    )
    def test_a_bulk_move_writes_nothing_where_one_stands_elsewhere(
        self, storage: Storage, other: str
    ) -> None:
        if not isinstance(storage, BulkStorage):
            pytest.skip(f"{type(storage).__name__} has no bulk_move: batches give it the moves")
        _several_alike(storage)
        odd, on = _stranger(storage, other)
        stood = [each for each in storage.select(EVERYTHING) if each.id != odd.id]
        heads = [_last(each) for each in [*stood, odd]]
        before = _everything(storage)

        with pytest.raises(Conflict):
            storage.bulk_move(_like(stood[0]), heads, on=on)
        assert _everything(storage) == before
        storage.bulk_move(_like(stood[0]), heads[:-1], on=on)
        assert {each.version for each in storage.select(EVERYTHING)} > {odd.version}

    def test_a_bulk_move_is_for_moves_that_others_can_make(self, storage: Storage) -> None:
        if not isinstance(storage, BulkStorage):
            pytest.skip(f"{type(storage).__name__} has no bulk_move: batches give it the moves")
        _several_alike(storage)
        projects = list(storage.select(EVERYTHING))
        rated = move_after(projects[0], rated=rating(projects[0].id, "2016-Q1"))
        late = move_after(projects[0], told=("policy-1",))
        older = attrs.evolve(late.notices[0], id=f"{projects[0].id}:1:self_evaluate:x:policy-1")
        before = _everything(storage)

        for like in (rated, attrs.evolve(late, notices=(older,)), _busy_move(projects[0])):
            with pytest.raises(ValueError, match=r"."):
                storage.bulk_move(like, [_last(each) for each in projects], on=None)
        storage.bulk_move(late, [], on=None)
        assert _everything(storage) == before

    def test_positions_are_those_of_the_selected_projects(self, storage: Storage) -> None:
        if not isinstance(storage, BulkStorage):
            pytest.skip(f"{type(storage).__name__} has no bulk_move: batches give it the moves")
        _several_alike(storage)
        _stranger(storage, "unit that day")
        state = move_after(next(storage.select(EVERYTHING)), state="reviewed")
        storage.commit(Commit(moves=(state,)))
        for selection in (
            EVERYTHING,
            Selection(plan=PLAN, limit=2),
            Selection(on=dt.date(2016, 7, 1)),
            Selection(on=dt.date(2016, 7, 1), units=frozenset(["youth"])),
            Selection(states=("reviewed",)),
            Selection(ids=(f"{PLAN}/2", f"{PLAN}/7")),
        ):
            assert [tuple(each) for each in storage.positions(selection)] == [
                (*_last(p), p.plan, p.lifecycle, canonical(p.states), p.period, p.unit)
                for p in storage.select(selection)
            ]

    # ------------------------------------------------------------------ plans

    def test_plan_revisions_follow_one_another(self, storage: Storage) -> None:
        storage.commit(Commit(head=head(), lifecycle=LIFECYCLE))
        second = head(revision=2, effective="2016-Q2")
        storage.commit(Commit(head=second, lifecycle=LIFECYCLE))
        storage.commit(Commit(head=head("an-office-2016")))
        before = _everything(storage)

        for revision in (1, 2, 4):
            with pytest.raises(Conflict) as conflict:
                storage.commit(Commit(head=head(revision=revision)))
            assert conflict.value.project == PLAN

        assert _everything(storage) == before
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

    # ------------------------------------------------------------------ selecting

    def test_projects_come_in_the_order_of_plan_and_number(self, storage: Storage) -> None:
        numbers = ["10", "9", "100", "가-1", "A-2", "A-10", "09", "2", "18446744073709551617"]
        for plan in (PLAN, "an-office-2016"):
            for number in numbers:
                given_project(storage, f"{plan}/{number}")

        right = ["2", "09", "9", "10", "100", "18446744073709551617", "A-10", "A-2", "가-1"]
        assert [p.id for p in storage.select(EVERYTHING)] == [
            f"{plan}/{number}" for plan in ("an-office-2016", PLAN) for number in right
        ]
        assert [d[0].rpartition("/")[2] for d in storage.definitions(PLAN)] == right

    def test_every_condition_of_a_selection_counts(self, storage: Storage) -> None:
        chosen = _selections()
        _populate(storage)
        model = _memory()
        _populate(model)

        for selection in chosen:
            right = list(model.select(selection))
            assert list(storage.select(selection)) == right, selection
            assert list(storage.snapshots(selection)) == list(model.snapshots(selection))
        assert {len(list(model.select(each))) for each in chosen} > {0, 1, 2, 3}

    def test_a_project_counts_to_the_unit_that_answers_on_the_day(self, storage: Storage) -> None:
        summer, autumn = dt.date(2016, 6, 30), dt.date(2016, 9, 1)
        said = definition(
            SIX,
            assignments=[
                Assignment(unit="education", since=dt.date(2016, 2, 1), until=summer),
                Assignment(unit="youth", since=dt.date(2016, 7, 1), until=dt.date(2016, 7, 31)),
                Assignment(unit="finance", since=autumn),
            ],
        )
        given_plan(storage)
        storage.commit(Commit(moves=(adoption(said),)))
        given_project(storage, f"{PLAN}/7", unit="youth")

        for day, unit in [
            (dt.date(2016, 1, 1), "education"),  # none yet: the next to come
            (dt.date(2016, 2, 1), "education"),
            (summer, "education"),
            (summer + DAY, "youth"),
            (dt.date(2016, 7, 31), "youth"),
            (dt.date(2016, 8, 15), "finance"),  # a gap: the next to come
            (autumn, "finance"),
            (dt.date(2030, 1, 1), "finance"),
        ]:
            assert said.unit_on(day) == unit
            everyone = Selection(on=day)
            assert [p.unit for p in storage.select(everyone)] == [unit, "youth"]
            for asked in ("education", "youth", "finance"):
                selection = Selection(units=frozenset({asked}), on=day)
                right = [SIX] * (asked == unit) + [f"{PLAN}/7"] * (asked == "youth")
                assert [p.id for p in storage.select(selection)] == right
                assert [s.project.id for s in storage.snapshots(selection)] == right
        assert [p.unit for p in storage.select(Selection(ids=(SIX,)))] == ["education"]

    def test_the_last_assignment_counts_where_all_are_over(self, storage: Storage) -> None:
        said = definition(
            SIX,
            assignments=[
                Assignment(unit="education", until=dt.date(2016, 3, 31)),
                Assignment(unit="youth", since=dt.date(2016, 4, 1), until=dt.date(2016, 12, 31)),
            ],
        )
        given_plan(storage)
        storage.commit(Commit(moves=(adoption(said),)))

        assert [p.unit for p in storage.select(Selection(on=dt.date(2017, 1, 5)))] == ["youth"]

    def test_writing_while_reading_disturbs_neither(self, storage: Storage) -> None:
        given_plan(storage)
        adopted = tuple(adoption(f"{PLAN}/{n}") for n in range(1, 701))
        storage.commit(Commit(moves=adopted))

        seen = []
        for project in storage.select(EVERYTHING):
            seen.append(project.id)
            if project.version == 1 and len(seen) % 70 == 1:
                storage.commit(entry_after(project))

        assert seen == [move.project.id for move in adopted]
        assert sum(1 for project in storage.select(EVERYTHING) if project.version == 2) == 10

    def test_a_reading_that_is_given_up_leaves_nothing_behind(self, storage: Storage) -> None:
        given_plan(storage)
        moves = tuple(adoption(f"{PLAN}/{n}") for n in range(1, 701))
        storage.commit(Commit(moves=moves))
        for read in (
            storage.select(EVERYTHING),
            storage.snapshots(EVERYTHING),
            storage.as_of(EVERYTHING, LATER),
            storage.entries(),
            storage.definitions(PLAN),
        ):
            next(read)
            getattr(read, "close", lambda: None)()

        storage.commit(entry_after(moves[0].project))
        assert _version(storage, moves[0].project.id) == 2

    # ------------------------------------------------------------------ history

    def test_a_project_as_of_a_moment_is_as_its_last_entry_left_it(self, storage: Storage) -> None:
        changed = definition(SIX, field="welfare", unit="youth", label=Label("뒤", "After"))
        moves = [adoption(SIX)]
        for event, said in [
            ("self_evaluate", {"state": "self_evaluated", "rated": rating(SIX, "2016-Q1")}),
            ("request_change", {"states": ("self_evaluated", "change_requested")}),
            ("approve_change", {"redefined": changed, "revision": 2}),
            ("review", {"state": "reviewed", "rated": rating(SIX, "2016-Q1", band="on_track")}),
            ("open_period", {"state": "planned", "period": "2016-Q2"}),
            ("amend", {}),
        ]:
            moves.append(move_after(moves[-1].project, event, **said))  # type: ignore[arg-type]
        given_plan(storage)
        for move in moves:
            revised = head(revision=2) if move.definition and move.expected else None
            storage.commit(Commit(moves=(move,), head=revised))
        given_project(storage, f"{PLAN}/7", at=LATER)

        def then(at: dt.datetime, **where: Any) -> list[Project]:
            return list(storage.as_of(Selection(**where), at))

        assert then(BEGINNING - dt.timedelta(microseconds=1)) == []
        for move in moves:
            left = attrs.evolve(move.project, change=None)
            assert then(move.entry.at) == [left]
            assert then(move.entry.at + dt.timedelta(minutes=59)) == [left]
        assert [p.id for p in then(LATER)] == [SIX, f"{PLAN}/7"]

        evaluated = moves[1].entry.at
        assert [p.version for p in then(evaluated, states=("self_evaluated",))] == [2]
        assert then(evaluated, states=("planned",)) == []
        assert [p.version for p in then(LATER, states=("planned",))] == [7, 1]
        assert [p.label.en for p in then(evaluated, fields=("culture_education",))] == [
            "Seoul innovative education district"
        ]
        assert then(evaluated, fields=("welfare",)) == []
        assert [p.label.en for p in then(LATER, fields=("welfare",))] == ["After"]
        assert [p.band for p in then(evaluated, bands=("lagging",))] == ["lagging"]
        assert then(LATER, bands=("lagging",)) == []
        assert then(LATER, periods=("2016-Q1",), ids=(SIX,)) == []
        assert len(then(LATER, limit=1)) == 1
        assert then(LATER, limit=0) == []
        today = dt.date(2016, 2, 1)
        assert [p.unit for p in then(evaluated, on=today)] == ["education"]
        assert [p.unit for p in then(LATER, on=today, ids=(SIX,))] == ["youth"]
        assert then(evaluated, on=today, units=frozenset({"youth"})) == []

    def test_a_clock_that_went_back_hides_no_later_entry(self, storage: Storage) -> None:
        project = given_project(storage, at=BEGINNING + DAY)
        storage.commit(entry_after(project, state="submitted", at=BEGINNING))

        (then,) = storage.as_of(EVERYTHING, BEGINNING + dt.timedelta(hours=1))
        assert (then.version, then.states[0], then.visits) == (2, "submitted", (2, 1))

    def test_a_history_can_be_read_from_any_number(self, storage: Storage) -> None:
        project = given_project(storage)
        entries = list(storage.history(SIX))
        for _ in range(3):
            move = move_after(project)
            storage.commit(Commit(moves=(move,)))
            entries.append(move.entry)
            project = move.project
        given_project(storage, f"{PLAN}/60")

        assert [list(storage.history(SIX, after=n)) for n in range(6)] == [
            entries[n:] for n in range(6)
        ]
        assert list(storage.history(f"{PLAN}/66")) == []

    def test_entries_come_as_they_were_written_and_can_be_continued(self, storage: Storage) -> None:
        two, one = given_project(storage, f"{PLAN}/2"), given_project(storage, f"{PLAN}/1")
        storage.commit(Commit(moves=(move_after(two), move_after(one))))
        found = list(storage.entries())

        assert [(e.project, e.number) for _, e in found] == [
            (two.id, 1), (one.id, 1), (two.id, 2), (one.id, 2),
        ]  # fmt: skip
        positions = [position for position, _ in found]
        assert positions == sorted(set(positions))
        assert positions[0] > 0
        for seen, position in enumerate(positions, 1):
            assert list(storage.entries(after=position)) == found[seen:]
            assert list(storage.entries(after=position, limit=1)) == found[seen : seen + 1]
        assert list(storage.entries(limit=0)) == []

    # ------------------------------------------------------------------ outbox

    def test_a_visit_tells_a_recipient_once(self, storage: Storage) -> None:
        project = given_project(storage)
        first = move_after(project, told=("education-1", "policy-1"))
        storage.commit(Commit(moves=(first,)))
        second = move_after(first.project, "amend")
        again = (
            notice(second.entry, "education-1", visit=2),
            notice(second.entry, "education-1", visit=2, notifier="mail"),
            notice(second.entry, "youth-1", visit=2),
            notice(second.entry, "youth-1", visit=2),
        )
        storage.commit(Commit(moves=(attrs.evolve(second, notices=again),)))

        told = [each.notice for each in storage.outbox()]
        assert told == [*first.notices, again[1], again[2]]

    def test_notices_are_claimed_by_the_longest_waiting_first(self, storage: Storage) -> None:
        project = given_project(storage)
        late = move_after(project, at=BEGINNING + 3 * DAY, told=("c", "d"))
        early = move_after(late.project, at=BEGINNING + 2 * DAY, told=("a", "b"))
        other = move_after(early.project, at=BEGINNING + DAY, told=("x",), notifier="mail")
        for move in (late, early, other):
            storage.commit(Commit(moves=(move,)))

        def claim(at: dt.datetime, limit: int = 9) -> list[str]:
            found = storage.claim("console", at=at, limit=limit, lease=LEASE)
            assert all(each.tries == 1 for each in found)
            assert all(each.next_at == at + LEASE for each in found)
            return [each.notice.recipient for each in found]

        assert claim(BEGINNING + DAY) == []  # nothing has come up yet
        assert claim(BEGINNING + 2 * DAY) == ["a", "b"]
        assert claim(BEGINNING + 2 * DAY) == []
        assert claim(LATER, limit=0) == []
        storage.settle(
            [Settled(notice=n.id, notifier="console", state="delivered") for n in early.notices]
        )
        assert claim(BEGINNING + 4 * DAY, limit=1) == ["c"]
        assert claim(BEGINNING + 4 * DAY) == ["d"]

    def test_a_claimed_notice_comes_back_when_its_lease_is_over(self, storage: Storage) -> None:
        storage.commit(entry_after(given_project(storage), at=BEGINNING, told=("a", "b")))
        soon = BEGINNING + LEASE

        first = storage.claim("console", at=BEGINNING, limit=1, lease=LEASE)
        second = storage.claim("console", at=BEGINNING, limit=9, lease=2 * LEASE)
        early = storage.claim("console", at=soon - DAY / 86400, limit=9, lease=LEASE)
        third = storage.claim("console", at=soon, limit=9, lease=LEASE)

        assert [[e.notice.recipient for e in each] for each in (first, second, early, third)] == [
            ["a"], ["b"], [], ["a"],
        ]  # fmt: skip
        assert [each.tries for each in third] == [2]
        assert [(e.state, e.tries) for e in storage.outbox()] == [("waiting", 2), ("waiting", 1)]

    def test_outcomes_are_recorded(self, storage: Storage) -> None:
        storage.commit(entry_after(given_project(storage), at=BEGINNING, told=("a", "b", "c")))
        a, b, c = storage.claim("console", at=BEGINNING, limit=9, lease=LEASE)
        retry = BEGINNING + DAY
        storage.settle(
            [
                Settled(notice=a.notice.id, notifier="console", state="delivered"),
                Settled(
                    notice=b.notice.id,
                    notifier="console",
                    state="waiting",
                    next_at=retry,
                    error="받는 서버가 응답하지 않음",
                ),
                Settled(notice=c.notice.id, notifier="console", state="dead", error="no address"),
                Settled(notice="unknown", notifier="console", state="delivered"),
                Settled(notice=a.notice.id, notifier="mail", state="dead"),
            ]
        )

        assert [(e.state, e.tries, e.error) for e in storage.outbox()] == [
            ("delivered", 1, None),
            ("waiting", 1, "받는 서버가 응답하지 않음"),
            ("dead", 1, "no address"),
        ]
        assert [e.notice.id for e in storage.outbox(state="dead")] == [c.notice.id]
        assert list(storage.outbox(state="dead", project=f"{PLAN}/7")) == []
        assert len(list(storage.outbox(project=SIX))) == 3
        assert storage.claim("console", at=retry - LEASE, limit=9, lease=LEASE) in ([], ())
        (again,) = storage.claim("console", at=retry, limit=9, lease=LEASE)
        assert (again.notice.id, again.tries) == (b.notice.id, 2)

    def test_a_notice_that_is_handed_back_keeps_its_tries(self, storage: Storage) -> None:
        storage.commit(entry_after(given_project(storage), at=BEGINNING, told=("a",)))
        (first,) = storage.claim("console", at=BEGINNING, limit=9, lease=LEASE)
        back = Settled(
            notice=first.notice.id, notifier="console", state="waiting", next_at=BEGINNING
        )
        storage.settle([back])

        assert [(e.state, e.tries, e.next_at) for e in storage.outbox()] == [
            ("waiting", 0, BEGINNING)
        ]

    def test_notices_can_be_claimed_for_one_plan(self, storage: Storage) -> None:
        for plan in (PLAN, f"{PLAN}-2", "seodaemun-201"):
            storage.commit(entry_after(given_project(storage, f"{plan}/6"), told=("a",)))

        found = storage.claim("console", at=LATER, limit=9, lease=LEASE, plan=PLAN)
        assert [each.notice.project for each in found] == [SIX]
        assert storage.claim("console", at=LATER, limit=9, lease=LEASE, plan="no") in ([], ())
        assert len(storage.claim("console", at=LATER, limit=9, lease=LEASE)) == 2

    def test_what_was_delivered_stays_delivered(self, storage: Storage) -> None:
        storage.commit(entry_after(given_project(storage), at=BEGINNING, told=("a", "b")))
        a, b = storage.claim("console", at=BEGINNING, limit=9, lease=LEASE)

        def settle(notice_id: str, state: str) -> None:
            storage.settle(
                [Settled(notice=notice_id, notifier="console", state=state, next_at=LATER)]
            )

        for state in ("delivered", "waiting", "dead"):  # a slow claimer speaks up afterwards
            settle(a.notice.id, state)
        for state in ("dead", "waiting"):
            settle(b.notice.id, state)
        assert [e.state for e in storage.outbox()] == ["delivered", "dead"]

        settle(b.notice.id, "delivered")
        assert [e.state for e in storage.outbox()] == ["delivered", "delivered"]

    def test_dead_letters_are_sent_again(self, storage: Storage) -> None:
        storage.commit(entry_after(given_project(storage), at=BEGINNING, told=("a", "b")))
        a, b = storage.claim("console", at=BEGINNING, limit=9, lease=LEASE)
        storage.settle([Settled(notice=a.notice.id, notifier="console", state="dead", error="x")])

        both = [(each.notice.id, "console") for each in (a, b)]
        assert storage.resend([*both, (a.notice.id, "mail")], at=LATER) == 1
        assert storage.resend(both, at=LATER) == 0
        assert [(e.state, e.tries) for e in storage.outbox()] == [("waiting", 0), ("waiting", 1)]
        again = storage.claim("console", at=LATER, limit=9, lease=LEASE)
        assert {each.notice.id: each.tries for each in again} == {a.notice.id: 1, b.notice.id: 2}

    # ------------------------------------------------------------------ races

    def test_of_many_threads_one_moves_the_project(self, storage: Storage) -> None:
        project = given_project(storage)
        for _ in range(5):
            moves = [move_after(project, by=f"policy-{n}", told=(f"policy-{n}",)) for n in range(8)]
            outcomes = _at_once(
                [partial(attempt, storage, Commit(moves=(move,))) for move in moves]
            )

            assert sorted(outcomes) == ["conflict"] * 7 + ["moved"]
            winner = moves[outcomes.index("moved")]
            assert next(storage.history(SIX, after=project.version)) == winner.entry
            project = winner.project
        assert [e.notice.recipient for e in storage.outbox()] == [
            entry.actor for entry in storage.history(SIX, after=1)
        ]

    def test_of_many_threads_one_uses_the_key(self, storage: Storage) -> None:
        """Each thread looks again after a conflict, as a caller who repeats himself would."""
        given_project(storage)

        def insist() -> str:
            while True:
                snapshot = storage.snapshot(SIX)
                assert snapshot is not None
                if storage.entry_by_key(SIX, "once") is not None:
                    return "repeated"
                if attempt(storage, entry_after(snapshot.project, key="once")) == "moved":
                    return "moved"

        assert sorted(_at_once([insist] * 6)) == ["moved"] + ["repeated"] * 5
        assert _version(storage, SIX) == 2

    def test_threads_working_on_their_own_projects_all_get_through(self, storage: Storage) -> None:
        projects = [given_project(storage, f"{PLAN}/{n}") for n in range(1, 7)]
        _at_once([partial(_move_often, storage, p.id, 10) for p in projects])

        assert [p.version for p in storage.select(EVERYTHING)] == [11] * 6
        _assert_sound(storage)

    def test_of_many_threads_one_claims_a_notice(self, storage: Storage) -> None:
        told = tuple(f"policy-{n}" for n in range(60))
        storage.commit(entry_after(given_project(storage), at=BEGINNING, told=told))

        claimed = _at_once([lambda: _claim_all(storage) for _ in range(4)])

        assert sorted(name for names in claimed for name in names) == sorted(told)

    def test_a_snapshot_is_of_one_moment(self, storage: Storage) -> None:
        given_project(storage)
        done = threading.Event()

        def write() -> int:
            for n in range(60):
                snapshot = storage.snapshot(SIX)
                assert snapshot is not None
                rated = rating(SIX, "2016-Q1", rate=f"{n}.0")
                storage.commit(entry_after(snapshot.project, rated=rated))
            done.set()
            return 60

        def read() -> int:
            looked = 0
            while not done.is_set():
                snapshot = storage.snapshot(SIX)
                assert snapshot is not None
                if snapshot.project.version > 1:
                    assert snapshot.evaluation.number == snapshot.project.version
                for each in storage.snapshots(EVERYTHING):
                    assert each.evaluation.number in (0, each.project.version)
                looked += 1
            return looked

        written, looked = _at_once([write, read])
        assert written == 60
        assert looked

    def test_a_reader_of_entries_misses_none(self, storage: Storage) -> None:
        projects = [given_project(storage, f"{PLAN}/{n}") for n in range(1, 5)]
        last, _ = list(storage.entries())[-1]
        writing = threading.Semaphore(0)

        def write(project: str) -> int:
            try:
                return _move_often(storage, project, 15)
            finally:
                writing.release()

        def follow() -> list[tuple[str, int]]:
            position, seen, over = last, [], 0
            while True:
                over += sum(writing.acquire(blocking=False) for _ in projects)
                for place, entry in storage.entries(after=position, limit=7):
                    position = place
                    seen.append((entry.project, entry.number))
                if over == len(projects) and not list(storage.entries(after=position, limit=1)):
                    return seen

        *_, seen = _at_once([*(partial(write, p.id) for p in projects), follow])
        assert sorted(seen) == sorted((p.id, n) for p in projects for n in range(2, 17))

    # ------------------------------------------------------------------ closed and re-opened

    def test_everything_is_there_when_the_store_is_opened_again(self, open_store: Open) -> None:
        self._needs_reopening()
        first = open_store()
        _populate(first)
        before = _everything(first)
        first.close()

        again = open_store()
        assert _everything(again) == before
        for selection in _selections():
            model = _memory()
            _populate(model)
            assert list(again.select(selection)) == list(model.select(selection))
        snapshot = again.snapshot(SIX)
        assert snapshot is not None
        again.commit(entry_after(snapshot.project))
        _assert_sound(again)

    def test_what_one_handle_wrote_the_other_reads(self, open_store: Open) -> None:
        self._needs_reopening()
        one, two = open_store(), open_store()
        project = given_project(one)
        assert _version(two, SIX) == 1
        assert attempt(two, entry_after(project)) == "moved"
        assert _version(one, SIX) == 2
        assert attempt(one, entry_after(project)) == "conflict"

    # ------------------------------------------------------------------ several processes

    def test_of_many_processes_one_moves_the_project(
        self, storage: Storage, opener: Opener
    ) -> None:
        project = given_project(storage)
        commits = [entry_after(project, by=f"policy-{n}") for n in range(4)]

        outcomes = together(*(Child(opener, attempt, commit) for commit in commits))

        assert sorted(outcomes) == ["conflict"] * 3 + ["moved"]
        winner = commits[outcomes.index("moved")].moves[0]
        assert list(storage.history(SIX, after=1)) == [winner.entry]

    def test_processes_working_on_their_own_projects_all_get_through(
        self, storage: Storage, opener: Opener
    ) -> None:
        projects = [given_project(storage, f"{PLAN}/{n}") for n in range(1, 5)]

        together(*(Child(opener, _move_often, project.id, 25) for project in projects))

        assert [p.version for p in storage.select(EVERYTHING)] == [26] * 4
        _assert_sound(storage)

    def test_of_many_processes_one_claims_a_notice(self, storage: Storage, opener: Opener) -> None:
        told = tuple(f"policy-{n}" for n in range(60))
        storage.commit(entry_after(given_project(storage), at=BEGINNING, told=told))

        claimed = together(*(Child(opener, _claim_all) for _ in range(3)))

        assert sorted(name for names in claimed for name in names) == sorted(told)

    def test_several_processes_can_make_the_store(self, opener: Opener) -> None:
        outcomes = together(*(Child(opener, _adopt_plan, f"office{n}-2016") for n in range(4)))

        assert outcomes == ["moved"] * 4
        made = opener()
        assert made.plans() == tuple(f"office{n}-2016" for n in range(4))
        made.close()

    # ------------------------------------------------------------------ crashes

    def test_the_declared_fault_points_are_reached(self, storage: Storage) -> None:
        self._needs_points()
        project = given_project(storage)
        with faults.reached() as points:
            storage.commit(entry_after(project))
        assert set(self.points) <= set(points)

    def test_a_commit_that_is_interrupted_has_not_happened(self, storage: Storage) -> None:
        self._needs_points()
        project = given_project(storage)
        move = _busy_move(project)
        before = _everything(storage)
        for point, durable in self.points.items():
            if durable:
                continue
            with faults.at(point), pytest.raises(faults.Fault):
                storage.commit(Commit(moves=(move,), head=head(revision=2)))
            assert _everything(storage) == before, point
        storage.commit(Commit(moves=(move,), head=head(revision=2)))
        _assert_sound(storage)

    def test_a_killed_process_leaves_all_or_nothing(
        self, storage: Storage, open_store: Open, opener: Opener
    ) -> None:
        self._needs_points()
        project = given_project(storage)
        for point, durable in self.points.items():
            move = _busy_move(project)
            before = _everything(storage)
            child = Child(opener, attempt, Commit(moves=(move,)), fault=f"{point}:kill")
            with children(child):
                child.go()
                assert child.died(), f"{point} was not reached"

            for look in (storage, open_store()):
                if durable:
                    assert _version(look, SIX) == move.project.version, point
                    assert move.notices[0] in [each.notice for each in look.outbox()]
                else:
                    assert _everything(look) == before, point
            if durable:
                project = move.project
            after = move_after(project)
            storage.commit(Commit(moves=(after,)))  # no lock outlives its process
            project = after.project
            _assert_sound(storage)

    def test_readers_do_not_wait_for_a_writer(self, storage: Storage, opener: Opener) -> None:
        self._needs_points()
        project = given_project(storage)
        point = next(point for point, durable in reversed(self.points.items()) if not durable)
        child = Child(opener, attempt, entry_after(project), fault=f"{point}:wait")
        with children(child):
            child.go()
            child.paused()
            before = _everything(storage)
            assert _version(storage, SIX) == 1
            child.go()
            assert child.result() == "moved"
        assert _version(storage, SIX) == 2
        assert _everything(storage) != before

    def _needs_points(self) -> None:
        if not self.points:
            pytest.skip(f"{type(self).__name__} declares no fault points to be crashed at")

    # ------------------------------------------------------------------ compared with the model

    def test_any_life_is_the_same_as_in_memory(self, new_store: Callable[[], Opener]) -> None:
        from evalflow.testing.lives import live_and_compare  # Hypothesis, imported when used

        live_and_compare(
            new_store, reopens=self.reopens, examples=self.examples, shrinks=self.shrinks
        )


# --------------------------------------------------------------------------- what tests share


def _memory() -> Storage:
    return evalflow.open("memory:", plugins=[]).storage


def _several_alike(storage: Storage) -> None:
    """Adopt five projects; the second has one entry more."""
    given_plan(storage)
    adopted = tuple([adoption(f"{PLAN}/{n}", key=f"a{n}") for n in range(1, 6)])
    storage.commit(Commit(moves=adopted))
    storage.commit(Commit(moves=(move_after(adopted[1].project, "amend", reason='변경 "x"'),)))


def _stranger(storage: Storage, other: str) -> tuple[Project, dt.date | None]:
    """Return a project that stands elsewhere than the others, and on which day."""
    on = None
    if other == "plan":
        storage.commit(Commit(head=head("another"), lifecycle=LIFECYCLE))
        move = adoption("another/1")
    elif other == "unit that day":
        on = dt.date(2016, 7, 1)
        since = Assignment(unit="youth", since=dt.date(2016, 6, 1))
        until = Assignment(unit="education", until=dt.date(2016, 5, 31))
        move = adoption(definition(f"{PLAN}/7", assignments=(until, since)))
    elif other == "unit":
        move = adoption(f"{PLAN}/7", unit="youth")
    elif other == "lifecycle":
        move = adoption(f"{PLAN}/7")
        entry = attrs.evolve(move.entry, lifecycle="1" * 64, hash="").sealed()
        project = attrs.evolve(move.project, lifecycle="1" * 64, head=entry.hash)
        move = attrs.evolve(move, entry=entry, project=project)
    else:
        move = adoption(f"{PLAN}/7")
    storage.commit(Commit(moves=(move,)))
    project = move.project
    if other in ("states", "period", "key"):
        move = move_after(
            project,
            "amend",
            states=("reviewed", "unchanged") if other == "states" else None,
            period="2016-Q3" if other == "period" else None,
            key="batch:1" if other == "key" else None,
        )
        storage.commit(Commit(moves=(move,)))
        project = move.project
    if other == "head":
        project = attrs.evolve(project, head="f" * 64)
    return project, on


def _last(project: Project) -> Head:
    return project.id, project.version, project.head


def _like(project: Project) -> Move:
    return move_after(
        project,
        state="submitted",
        data={"document": "주무과-1"},
        reason="일괄",
        told=("policy-1", "policy-2", "audit-1"),
        key="batch:1",
        period="2016-Q2",
    )


def _everything(storage: Storage) -> dict[str, Any]:
    """Return all that can be read from a storage without changing it."""
    plans = storage.plans()
    projects = list(storage.select(EVERYTHING))
    return {
        "plans": {plan: (storage.revisions(plan), storage.head(plan)) for plan in plans},
        "definitions": {plan: list(storage.definitions(plan)) for plan in plans},
        "snapshots": list(storage.snapshots(EVERYTHING)),
        "histories": {each.id: list(storage.history(each.id)) for each in projects},
        "entries": [entry for _, entry in storage.entries()],
        "evaluations": {
            (plan, period): list(storage.evaluations(plan, period))
            for plan in plans
            for period in ("2016-Q1", "2016-Q2")
        },
        "outbox": list(storage.outbox()),
    }


def _assert_sound(storage: Storage) -> None:
    """Assert that every project is where its unbroken chain of entries ends."""
    for project in storage.select(EVERYTHING):
        entries = list(storage.history(project.id))
        assert [entry.number for entry in entries] == list(range(1, project.version + 1))
        assert [entry.previous for entry in entries] == ["", *(e.hash for e in entries[:-1])]
        assert all(entry.sealed().hash == entry.hash for entry in entries)
        assert entries[-1].hash == project.head
        assert entries[-1].after == project.states


def _version(storage: Storage, project: str) -> int:
    snapshot = storage.snapshot(project)
    return 0 if snapshot is None else snapshot.project.version


def _busy_move(project: Project) -> Move:
    """Return a move that writes something everywhere."""
    return move_after(
        project,
        key=f"key-{project.version}",
        states=("submitted", "change_requested"),
        rated=rating(project.id, project.period),
        told=("education-1", "policy-1"),
        redefined=definition(project.id, unit="youth"),
        revision=project.version + 1,
    )


def _adopt_plan(storage: Storage, plan: str) -> str:
    return attempt(storage, Commit(head=head(plan), lifecycle=LIFECYCLE))


def _move_often(storage: Storage, project: str, times: int) -> int:
    for _ in range(times):
        snapshot = storage.snapshot(project)
        assert snapshot is not None
        storage.commit(entry_after(snapshot.project))
    return times


def _claim_all(storage: Storage) -> list[str]:
    names: list[str] = []
    while found := storage.claim("console", at=LATER, limit=7, lease=LEASE):
        names += [each.notice.recipient for each in found]
    return names


def _at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run the calls in threads that start together; return their results, in order."""
    barrier = threading.Barrier(len(calls))
    results: list[Any] = [None] * len(calls)
    errors: list[BaseException] = []

    def run(place: int, call: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            results[place] = call()
        except BaseException as error:
            errors.append(error)

    threads = [
        threading.Thread(target=run, args=(place, call), daemon=True)
        for place, call in enumerate(calls)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if errors:
        raise errors[0]
    assert not any(thread.is_alive() for thread in threads), "a thread hangs"
    return results


def _populate(storage: Storage) -> None:
    """Put projects into all kinds of places."""
    for number, unit in (("6", "education"), ("7", "youth"), ("10", "youth"), ("A-1", "finance")):
        given_project(storage, f"{PLAN}/{number}", unit=unit)
    given_project(storage, "another-2016/6", state="submitted")
    given_project(storage, f"{PLAN}/8", state="submitted")

    def go(number: str, *events: tuple[str, dict[str, Any]]) -> None:
        snapshot = storage.snapshot(f"{PLAN}/{number}")
        assert snapshot is not None
        project = snapshot.project
        for event, said in events:
            move = move_after(project, event, **said)
            storage.commit(Commit(moves=(move,)))
            project = move.project

    def rated(number: str, band: str) -> tuple[str, dict[str, Any]]:
        figure = rating(f"{PLAN}/{number}", "2016-Q1", band=band)
        return "self_evaluate", {"rated": figure, "state": "self_evaluated"}

    go("6", rated("6", "lagging"), ("request", {"states": ("lagging", "change_requested")}))
    go("7", rated("7", "on_track"), ("open_period", {"state": "planned", "period": "2016-Q2"}))
    go("10", rated("10", "on_track"), ("submit", {"state": "submitted"}))
    redefined = definition(f"{PLAN}/A-1", unit="education", field="welfare")
    snapshot = storage.snapshot(f"{PLAN}/A-1")
    assert snapshot is not None
    move = move_after(snapshot.project, "revise", redefined=redefined, revision=2)
    storage.commit(Commit(moves=(move,), head=head(revision=2)))


def _selections() -> list[Selection]:
    day = dt.date(2016, 5, 1)
    return [
        Selection(),
        Selection(plan=PLAN),
        Selection(plan="another-2016"),
        Selection(plan="nowhere"),
        Selection(ids=(f"{PLAN}/10", SIX, "another-2016/6", "nowhere/1")),
        Selection(ids=()),
        Selection(ids=(SIX,), plan="another-2016"),
        Selection(units=frozenset({"youth"})),
        Selection(units=frozenset({"youth", "education"}), on=day),
        Selection(units=frozenset({"finance"})),
        Selection(units=frozenset({"finance"}), on=day),
        Selection(units=frozenset()),
        Selection(on=day),
        Selection(fields=("welfare",)),
        Selection(fields=("welfare", "culture_education")),
        Selection(states=("submitted",)),
        Selection(states=("change_requested",)),
        Selection(states=("lagging", "planned")),
        Selection(states=("unchanged",), plan=PLAN),
        Selection(states=("change",)),
        Selection(states=()),
        Selection(states=('planned","unchanged', "%", "")),
        Selection(periods=("2016-Q2",)),
        Selection(periods=("2016-Q1", "2016-Q2"), limit=2),
        Selection(bands=("lagging",)),
        Selection(bands=("on_track", "lagging")),
        Selection(limit=1),
        Selection(limit=0),
        Selection(plan=PLAN, limit=3),
        Selection(
            plan=PLAN,
            units=frozenset({"youth"}),
            on=day,
            fields=("culture_education",),
            states=("submitted", "planned"),
            periods=("2016-Q1",),
            bands=("on_track",),
            limit=5,
        ),
    ]
