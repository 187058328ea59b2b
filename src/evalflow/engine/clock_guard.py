"""The machine's clock, held to one that does not jump with it.

An entry that is dated years ahead by mistake blocks its project until then, for no later entry may
lie before it. So a write is refused whose time lies far ahead of what a trusted source says: the
clock of the database server where the storage has one, else the time that has passed since the
engine was made, which nobody can set. A host's own clock (`evalflow.open(clock=…)`) is the host's.
"""

from __future__ import annotations

import datetime as dt
import threading
import time

from evalflow.errors import invalid
from evalflow.storage.contract import Storage, TrustedClock

AHEAD = dt.timedelta(hours=1)
"""How far a clock may lie before the trusted source: slow corrections of clocks, and servers whose
own clock is a little off, are no jump."""


def wall() -> dt.datetime:
    """Return the present moment by the machine's clock, aware and UTC."""
    return dt.datetime.now(dt.UTC)


def elapsed() -> dt.timedelta:
    """Return the time since some moment, on a clock that nobody sets; also while the machine
    slept, where the system can say."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return dt.timedelta(seconds=time.monotonic() if clock is None else time.clock_gettime(clock))


class ClockGuard:
    """Looks at the time of each write of one engine; safe for several threads."""

    def __init__(self, storage: Storage) -> None:
        """Begin now, when the engine is made; a storage with a trusted clock is asked when
        something is written first."""
        self._source = storage if isinstance(storage, TrustedClock) else None
        self._lock = threading.Lock()
        self._begun = None if self._source is not None else wall() - elapsed()

    def check(self, at: dt.datetime) -> None:
        """Raise where `at` lies far ahead of the trusted source.

        Raises:
            InvalidInput: `clock_ahead`; both times are named, and nothing was written.
            StorageError: the trusted source cannot be reached.
        """
        with self._lock:
            if self._begun is not None and at - self._begun <= elapsed() + AHEAD:
                # The clock may have been behind when the engine was made; it never takes time back.
                self._begun = max(self._begun, at - elapsed())
                return
            if self._source is not None:
                trusted = self._source.trusted_now()
                self._begun = trusted - elapsed()
                if at <= trusted + AHEAD:
                    return
        assert self._begun is not None, "asked above, where there is a source"
        raise _ahead(at, self._begun + elapsed(), asked=self._source is not None)


def _ahead(at: dt.datetime, trusted: dt.datetime, *, asked: bool) -> Exception:
    now, then = (moment.isoformat(sep=" ", timespec="seconds") for moment in (at, trusted))
    if asked:
        ko = f"데이터베이스 서버의 시계는 {then}입니다. 두 시계를 맞춘 뒤 다시 하십시오."
        en = f"the database server's clock says {then}; set them right and try again"
    else:
        ko = (
            f"저장소를 연 뒤 지난 시간으로는 {then}입니다. 시계를 맞춘 뒤 다시 하십시오. 지금 "
            "시각이 맞으면 저장소를 다시 여십시오."
        )
        en = (
            f"by the time that has passed since the store was opened it is {then}; set the clock "
            "right and try again, or open the store anew if it is right now"
        )
    return invalid(
        "clock_ahead",
        value=now,
        ko=f"컴퓨터의 시계가 앞으로 뛰었습니다: 지금 {now}, {ko} 아무것도 바뀌지 않았습니다.",
        en=f"the machine's clock jumped ahead: it is {now}, but {en}: nothing was written",
    )
