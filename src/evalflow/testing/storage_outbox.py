"""Notices: claimed, delivered, given up and sent again."""

# A test's name is its sentence.
# ruff: noqa: D102

from __future__ import annotations

import datetime as dt
from typing import Any

import attrs

from evalflow.model import Label
from evalflow.storage import Commit, Settled, Storage
from evalflow.storage.contract import count_notices
from evalflow.testing.given import BEGINNING, entry_after, given_project, move_after, notice
from evalflow.testing.storage_base import StorageKit
from evalflow.testing.storage_common import DAY, LATER, LEASE, PLAN, SIX


class OutboxTests(StorageKit):
    """A notice is claimed by one, and its outcome kept."""

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

    def test_a_reminder_is_kept_once_and_waits_like_a_notice(self, storage: Storage) -> None:
        move = move_after(given_project(storage), told=("education-1",))
        storage.commit(Commit(moves=(move,)))
        (caused,) = move.notices
        first = attrs.evolve(caused, id="reminder", name="remind", recipient="policy-1")
        storage.commit(Commit(reminders=(first,)))
        later = attrs.evolve(first, subject=Label("나중", "later"))
        storage.commit(Commit(reminders=(later, attrs.evolve(first, notifier="mail"))))

        told = [each.notice for each in storage.outbox()]
        assert told == [caused, first, attrs.evolve(first, notifier="mail")]
        found = storage.claim("console", at=LATER, limit=9, lease=LEASE)
        assert [each.notice.recipient for each in found] == ["education-1", "policy-1"]

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
        with storage.reading() as then:
            for project, state in ((SIX, None), (SIX, "dead"), ("x", None)):
                right = list(storage.outbox(project=project, state=state))
                assert list(then.outbox(project=project, state=state)) == right
        assert storage.claim("console", at=retry - LEASE, limit=9, lease=LEASE) in ([], ())
        (again,) = storage.claim("console", at=retry, limit=9, lease=LEASE)
        assert (again.notice.id, again.tries) == (b.notice.id, 2)

    def test_the_outbox_has_pages_from_both_ends(self, storage: Storage) -> None:
        for project in (SIX, f"{PLAN}/7"):
            move = entry_after(given_project(storage, project), at=BEGINNING, told=("a", "b", "c"))
            storage.commit(move)
        storage.settle(
            [
                Settled(notice=each.notice.id, notifier="console", state="dead")
                for each in list(storage.outbox())[1:5:2]
            ]
        )
        with storage.reading() as then:
            for read in (storage, then):
                for asked in ({}, {"state": "waiting"}, {"project": SIX}):
                    _check_pages(read, **asked)
                _check_pages(read, project=f"{PLAN}/7", state="dead")

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


def _check_pages(storage: Storage, **asked: Any) -> None:
    """Hold every page of what `asked` finds against the whole of it."""
    whole = list(storage.outbox(**asked))
    with storage.reading() as then:
        assert {count_notices(each, **asked) for each in (storage, then)} == {len(whole)}
    places = [each.position for each in whole]
    assert places == sorted(set(places))
    assert min(places) > 0
    for newest, found in (False, whole), (True, whole[::-1]):
        for seen, after in enumerate([0, *[each.position for each in found]]):
            for limit in (None, 0, 1, 2):
                page = storage.outbox(after=after, limit=limit, newest=newest, **asked)
                assert list(page) == found[seen:][:limit]
