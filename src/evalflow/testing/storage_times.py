"""A moment is the same moment whatever zone it comes in."""

# A test's name is its sentence.
# ruff: noqa: D102

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from evalflow import InvalidInput
from evalflow.storage import Settled, Storage
from evalflow.testing.given import BEGINNING, entry_after, given_project
from evalflow.testing.storage_base import StorageKit
from evalflow.testing.storage_common import EVERYTHING, LATER, LEASE

ZONES = ("Asia/Seoul", "America/New_York", "UTC")
HOUR = dt.timedelta(hours=1)


class TimeTests(StorageKit):
    """Whoever asks in Seoul's time is answered as who asks in UTC."""

    @pytest.mark.parametrize("zone", ZONES)
    def test_a_past_moment_is_the_same_in_every_zone(self, storage: Storage, zone: str) -> None:
        project = given_project(storage, at=BEGINNING)
        storage.commit(entry_after(project, at=BEGINNING + 2 * HOUR))
        for hours, version in ((-1, None), (0, 1), (1, 1), (2, 2), (3, 2)):
            asked = (BEGINNING + hours * HOUR).astimezone(ZoneInfo(zone))
            found = [each.version for each in storage.as_of(EVERYTHING, asked)]
            assert found == ([] if version is None else [version])

    @pytest.mark.parametrize("zone", ZONES)
    def test_a_lease_is_kept_by_clocks_of_all_zones(self, storage: Storage, zone: str) -> None:
        there = ZoneInfo(zone)
        project = given_project(storage)
        storage.commit(entry_after(project, told=["kim"], at=BEGINNING))
        minute = dt.timedelta(minutes=1)

        def claimed(at: dt.datetime) -> int:
            return len(storage.claim("console", at=at, limit=5, lease=LEASE))

        assert claimed((BEGINNING - minute).astimezone(there)) == 0
        assert claimed(LATER.astimezone(there)) == 1
        assert claimed(LATER + minute) == claimed((LATER + minute).astimezone(there)) == 0
        again = LATER + 2 * HOUR
        (waiting,) = storage.outbox()
        assert waiting.next_at == LATER + LEASE
        (sent,) = [waiting.notice]
        storage.settle(
            [
                Settled(
                    notice=sent.id,
                    notifier="console",
                    state="waiting",
                    next_at=again.astimezone(there),
                    error="busy",
                )
            ]
        )
        assert claimed(again - minute) == 0
        assert claimed(again) == 1
        storage.settle([Settled(notice=sent.id, notifier="console", state="dead", error="x")])
        storage.resend([(sent.id, "console")], at=again.astimezone(there))
        assert claimed(again - minute) == 0
        assert claimed(again) == 1

    def test_a_time_without_a_zone_is_refused(self, storage: Storage) -> None:
        project = given_project(storage)
        storage.commit(entry_after(project, told=["kim"]))
        (waiting,) = storage.outbox()
        naive = LATER.replace(tzinfo=None)
        with pytest.raises(InvalidInput):
            list(storage.as_of(EVERYTHING, naive))
        with pytest.raises(InvalidInput):
            storage.claim("console", at=naive, limit=5, lease=LEASE)
        with pytest.raises(InvalidInput):
            storage.resend([(waiting.notice.id, "console")], at=naive)
        outcome = Settled(
            notice=waiting.notice.id, notifier="console", state="waiting", next_at=naive, error="x"
        )
        with pytest.raises(InvalidInput):
            storage.settle([outcome])
        assert list(storage.outbox()) == [waiting]
