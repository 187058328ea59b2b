"""The disk is full, the file cannot be written, the clock is wrong: told clearly, nothing lost."""

from __future__ import annotations

import datetime as dt
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import evalflow
from evalflow import InvalidInput, StorageError
from evalflow.testing.office import Ticking, fire, step, the_plan


def mounted(*arguments: str) -> bool:
    return subprocess.run(arguments, capture_output=True, check=False).returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if shutil.which("mount") is None or not mounted(
        "mount", "-t", "tmpfs", "-o", "size=4m", "evalflow-test", str(folder)
    ):
        pytest.skip("not on this machine: a small disk (run as root, who may mount one)")
    yield folder
    assert mounted("umount", "-l", str(folder))


def opened(url: str) -> evalflow.Engine:
    """An engine on a store with the endless office."""
    engine = evalflow.open(url, plugins=[], clock=Ticking())
    if not engine.plans.ids():
        plan = the_plan()
        engine.adopt(plan, by=plan.actor("policy-1"))
    return engine


def everything(engine: evalflow.Engine) -> list[object]:
    return [
        *engine.projects(),
        *(entry for _, entry in engine.storage.entries()),
        *(notice.notice.id for notice in engine.outbox.notices()),
        *engine.ratings.evaluations("office-2016", "2016-Q1"),
    ]


def walked_until_told(engine: evalflow.Engine) -> tuple[StorageError, list[object]]:
    """Walk until the storage complains; return its complaint and what there was before."""
    rng = random.Random(1)
    for _ in range(20_000):
        before = everything(engine) if rng.random() < 0.05 else None
        state = rng.getstate()
        try:
            step(engine, rng)
        except StorageError as error:
            rng.setstate(state)
            return error, before or everything(engine)
    raise AssertionError("nothing happened")


def goes_on(engine: evalflow.Engine) -> None:
    rng = random.Random(2)
    before = sum(1 for _ in engine.storage.entries())
    for _ in range(20):
        step(engine, rng)
    assert sum(1 for _ in engine.storage.entries()) > before
    assert list(engine.audit.verify()) == []


@pytest.mark.slow
def test_a_full_disk_is_told_and_forgotten_when_there_is_room(small_disk: Path) -> None:
    with opened(f"sqlite:///{small_disk / 'office.db'}") as engine:
        ballast = small_disk / "ballast"
        with ballast.open("wb") as file:
            left = shutil.disk_usage(small_disk).free - 64 * 1024
            file.write(bytes(left))
        error, before = walked_until_told(engine)
        assert error.code == "full"
        assert "full" in error.text("en")
        assert everything(engine) == before
        assert list(engine.audit.verify()) == []
        ballast.unlink()
        goes_on(engine)


def test_a_disk_that_becomes_read_only_is_told(small_disk: Path) -> None:
    with opened(f"sqlite:///{small_disk / 'office.db'}") as engine:
        before = everything(engine)
    readable = ("mount", "-o", "remount,ro", str(small_disk))
    assert mounted(*readable)
    with pytest.raises(StorageError) as told, opened(f"sqlite:///{small_disk / 'office.db'}") as e:
        fire(e, e.project("office-2016/1"), "self_evaluate", 1)
    assert told.value.code == "read_only"
    assert mounted("mount", "-o", "remount,rw", str(small_disk))
    with opened(f"sqlite:///{small_disk / 'office.db'}") as engine:
        assert everything(engine) == before
        goes_on(engine)


LIMITED = """
import random, resource, sys
import test_disk_and_clock as t
engine = t.opened(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
error, before = t.walked_until_told(engine)
assert t.everything(engine) == before
print(error.code)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
t.goes_on(engine)
engine.close()
print("goes on")
"""


@pytest.mark.slow
def test_a_file_that_may_not_grow_is_told(tmp_path: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", LIMITED, f"sqlite:///{tmp_path / 'office.db'}", "700000"],
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(
                [str(Path(__file__).parent), str(Path(__file__).parents[1] / "support"), *sys.path]
            ),
        },
    )
    assert answer.stdout.split(maxsplit=1) == ["full", "goes on\n"], answer.stderr[-3000:]


def test_a_store_that_others_lock_too_long_is_told_and_then_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "office.db"
    with opened(f"sqlite:///{path}?timeout=0.1") as engine:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            before = everything(engine)
            with pytest.raises(StorageError) as told:
                fire(engine, engine.project("office-2016/1"), "self_evaluate", 1)
            assert told.value.code == "locked"
            assert everything(engine) == before
        goes_on(engine)


@pytest.mark.parametrize("option", ["time=1", "timeout=soon", "timeout", "synchronous=OFF"])
def test_an_option_that_is_not_known_makes_no_file_of_another_name(
    tmp_path: Path, option: str
) -> None:
    with pytest.raises(StorageError, match="unknown option"):
        evalflow.open(f"sqlite:///{tmp_path / 'office.db'}?{option}", plugins=[])
    assert list(tmp_path.iterdir()) == []


# --------------------------------------------------------------------------- clocks


def test_a_clock_that_was_set_back_is_told_with_both_times(store_url: str) -> None:
    with opened(store_url) as engine:
        clock = engine.clock
        assert isinstance(clock, Ticking)
        clock.moment += dt.timedelta(hours=1)
        fire(engine, engine.project("office-2016/1"), "self_evaluate", 1)
        before = everything(engine)
        clock.moment -= dt.timedelta(minutes=30)
        with pytest.raises(InvalidInput) as told:
            fire(engine, engine.project("office-2016/1"), "amend", 2)
        (problem,) = told.value.problems
        assert problem.code == "clock_set_back"
        assert "01:30" in problem.en
        assert "02:00" in problem.ko
        assert everything(engine) == before

        fire(engine, engine.project("office-2016/2"), "self_evaluate", 1)
        batch = engine.batch(
            "amend", by=engine.actor("office-2016", "welfare-a-1"), where={"unit": "welfare-a"},
            data={"actuals": {"done": 12}},
        )  # fmt: skip
        # it stops its own project and no other
        first, second = engine.batches.apply(batch)
        assert (first.project, first.outcome) == ("office-2016/1", "conflict")
        assert [reason.code for reason in first.reasons] == ["clock_set_back"]
        assert (second.project, second.outcome) == ("office-2016/2", "done")
        assert engine.project("office-2016/1") in before
        clock.moment += dt.timedelta(hours=1)
        fire(engine, engine.project("office-2016/1"), "amend", 2)
        assert list(engine.audit.verify()) == []


def test_clocks_of_two_machines_may_differ_a_little(store_url: str) -> None:
    with opened(store_url) as engine:
        clock = engine.clock
        assert isinstance(clock, Ticking)
        clock.moment += dt.timedelta(hours=1)
        fire(engine, engine.project("office-2016/1"), "self_evaluate", 1)
        clock.moment -= dt.timedelta(seconds=4)
        fire(engine, engine.project("office-2016/1"), "amend", 2)
        assert list(engine.audit.verify()) == []


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="not on this machine: time.tzset (a Unix)")
def test_the_zone_of_the_machine_changes_nothing(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even in the middle of a day's work, nor on the hour that comes twice."""

    def lived(*zones: str) -> list[object]:
        url = (
            store_url if store_url == "memory:" else store_url.replace(".db", zones[0][:3] + ".db")
        )
        with opened(url) as engine:
            clock = engine.clock
            assert isinstance(clock, Ticking)
            clock.moment = dt.datetime(2016, 11, 6, 5, 50, tzinfo=dt.UTC)  # 01:50 in New York
            rng = random.Random(3)
            for number in range(24):
                monkeypatch.setenv("TZ", zones[number % len(zones)])
                time.tzset()
                step(engine, rng)
                clock.moment += dt.timedelta(minutes=10)
            assert list(engine.audit.verify()) == []
            return [*everything(engine), *engine.due()]

    try:
        at_home = lived("Asia/Seoul")
        assert lived("America/New_York") == at_home
        assert lived("Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC") == at_home
    finally:
        monkeypatch.undo()
        time.tzset()
