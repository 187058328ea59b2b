"""Who waits in the writers' queue looks as often as the queue moves."""

from __future__ import annotations

import time

import pytest

from evalflow.storage.write_queue import _GLANCE, _STEP, _Pace


def test_naps_grow_with_the_time_that_a_write_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    pace = _Pace(now)

    assert pace.nap(1, 7) == _GLANCE  # the first one, and nothing seen yet
    assert _GLANCE < pace.nap(3, 7) < 3 * _STEP

    now += 0.080  # eight of them went by: 10 ms each
    behind, first = pace.nap(5, 14), pace.nap(1, 14)
    assert 4 * 0.010 * 0.5 < behind < 4 * 0.010, "never longer than those before it seem to take"
    assert first < 0.010 / 10, "a turn that lies there is seen at once"


def test_where_nothing_moves_one_looks_ever_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    pace = _Pace(now)
    naps = []
    for _ in range(200):
        naps.append(pace.nap(1, 3))
        now += naps[-1]

    assert naps == sorted(naps)
    assert naps[-1] > 5 * naps[0]
