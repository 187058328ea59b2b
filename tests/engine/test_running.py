"""A store that is run: what is due by the clock is done, once, and what fails is told and tried
again."""

from __future__ import annotations

import datetime as dt
import os
import resource
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import evalflow
from evalflow.engine.running import Outcome, Runner, Schedule
from evalflow.plugins import Notice
from evalflow.storage import Copies
from evalflow.storage.sqlite import SQLiteStorage
from offices import PLAN, SEOUL, Clock, Office

RULES = """\
notices:
  notifiers: [jsonl]
  reminders: [{before: 3, to: [owing]}, {before: 0, to: [owing]}]
"""


class Told:
    """A notifier that keeps what it is given, or refuses it."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self.refuses = False

    def deliver(self, notice: Notice) -> None:
        if self.refuses:
            raise ConnectionError("no mail server")
        self.notices.append(notice)


class Run:
    """A runner on the small office, its clock, and what it told."""

    def __init__(self, office: Office, told: Told) -> None:
        self.office, self.sent = office, told
        self.outcomes: list[Outcome] = []
        self.stop = threading.Event()
        deliver = office.engine.deliver
        office.engine.deliver = lambda **how: deliver(  # type: ignore[method-assign]
            **how, notifiers={"jsonl": told}
        )

    def runner(self, **schedule: Any) -> Runner:
        return Runner(
            self.office.engine, Schedule(**schedule), tell=self.outcomes.append, stop=self.stop
        )

    def said(self, job: str) -> list[str]:
        return [each.said.en for each in self.outcomes if each.job == job and each.said]


@pytest.fixture
def run(store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    monkeypatch.chdir(tmp_path)  # into which an engine's own notifier writes
    path = tmp_path / "reminding.yaml"
    path.write_text(PLAN.replace("notices: {notifiers: [jsonl]}\n", RULES), encoding="utf-8")
    clock = Clock()
    with evalflow.open(store_url, plugins=[], clock=clock) as engine:
        plan = evalflow.load_plan(path, plugins=[])
        engine.adopt(plan, by=plan.actor("policy-1"))
        yield Run(Office(engine, plan, clock), Told())


def at(run: Run, text: str) -> None:
    run.office.clock.moment = dt.datetime.fromisoformat(text).replace(tzinfo=SEOUL)


def evaluated(run: Run) -> None:
    at(run, "2016-04-04T10:00")
    run.office.evaluate("gu/1")


def test_people_are_reminded_once_a_working_day_from_the_hour_on(run: Run) -> None:
    runner = run.runner(night=None)
    for moment in ("2016-04-05T08:29", "2016-04-05T08:31", "2016-04-05T08:32"):
        at(run, moment)
        runner.tick()
    assert len(run.said("remind")) == 1
    before = len(run.sent.notices)
    assert before
    again = run.runner(night=None)  # the program was started anew
    again.tick()
    assert len(run.sent.notices) == before


def test_after_days_off_what_fell_on_them_is_told(run: Run) -> None:
    runner = run.runner(night=None)
    at(run, "2016-04-02T09:00")  # a Saturday, three days before the day
    runner.tick()
    assert run.sent.notices == []
    at(run, "2016-04-04T09:00")
    runner.tick()
    assert {each.name for each in run.sent.notices} == {"remind"}


def test_the_night_begins_at_its_hour_and_not_when_the_program_starts(
    run: Run, tmp_path: Path
) -> None:
    runner = run.runner(checkpoints=tmp_path / "points", backups=tmp_path / "copies", keep=2)
    for day in range(4, 8):
        for time in ("01:59", "02:00", "02:01"):
            at(run, f"2016-04-{day:02}T{time}")
            runner.tick()
            _night(runner)
    assert len(run.said("verify")) == 4
    assert len(list((tmp_path / "points").iterdir())) == 4
    if isinstance(run.office.engine.storage, Copies):
        names = sorted(each.name for each in (tmp_path / "copies").iterdir())
        assert names == ["evalflow-20160406-0200.backup", "evalflow-20160407-0200.backup"]
    else:
        assert run.said("backup") == ["this storage does not support backups"]


def test_a_backup_of_the_night_is_the_store(run: Run, tmp_path: Path) -> None:
    if not isinstance(run.office.engine.storage, Copies):
        pytest.skip("the memory storage makes no copies")
    evaluated(run)
    assert run.runner(backups=tmp_path / "copies").once()
    (copy,) = (tmp_path / "copies").iterdir()
    with evalflow.open(f"sqlite:///{tmp_path / 'again.db'}", plugins=[]) as again:
        assert isinstance(again.storage, Copies)
        again.storage.restore_from(copy)
        assert list(again.audit.verify()) == []
        assert list(again.history("gu/1")) == list(run.office.engine.history("gu/1"))


def test_the_store_is_held_to_the_checkpoints_of_other_nights(run: Run, tmp_path: Path) -> None:
    evaluated(run)
    assert run.runner(checkpoints=tmp_path).once()
    with evalflow.open("memory:", plugins=[], clock=run.office.clock) as older:
        plan = evalflow.load_plan(tmp_path / "reminding.yaml", plugins=[])
        older.adopt(plan, by=plan.actor("policy-1"))  # as it stood before
        told: list[Outcome] = []
        assert not Runner(older, Schedule(checkpoints=tmp_path), tell=told.append).once()
    wrong = {each.job for each in told if not each.ok}
    assert wrong == {"verify", "checkpoint"}
    assert len(list(tmp_path.glob("*.checkpoint"))) == 1


def test_a_plan_that_was_taken_away_whole_is_told_by_its_checkpoint(
    run: Run, tmp_path: Path
) -> None:
    """Nothing in the store tells of it any more."""
    points, file = tmp_path / "points", tmp_path / "other.yaml"
    assert run.runner(checkpoints=points).once()
    told: list[Outcome] = []
    with evalflow.open("memory:", plugins=[], clock=run.office.clock) as engine:
        assert not Runner(engine, Schedule(checkpoints=points), tell=told.append).once()
        assert told[-1].job == "store"
        assert told[-1].said is not None
        assert told[-1].said.en == (
            "the store has no plan at all, but there are checkpoints of its plans"
        )
        file.write_text(PLAN.replace("id: gu", "id: other"), encoding="utf-8")
        plan = evalflow.load_plan(file, plugins=[])
        engine.adopt(plan, by=plan.actor("policy-1"))
        assert not Runner(engine, Schedule(checkpoints=points), tell=told.append).once()
    (verified,) = [each for each in told if each.job == "verify"]
    assert verified.said is not None
    assert not verified.ok
    assert "gu" in verified.said.en


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_backup_that_was_just_made_stays_whatever_the_clock_says(
    run: Run, tmp_path: Path
) -> None:
    evaluated(run)
    copies = tmp_path / "copies"
    copies.mkdir()
    for year in (2030, 2031, 2032):  # of a clock that was ahead
        (copies / f"evalflow-{year}0101-0200.backup").touch()
    assert run.runner(backups=copies, keep=14).once()
    assert len(list(copies.iterdir())) == 4
    assert run.runner(backups=copies, keep=2).once()
    assert sorted(each.name[9:13] for each in copies.iterdir()) == ["2016", "2032"]
    for day in (6, 7):
        at(run, f"2016-04-0{day}T10:00")
        assert run.runner(backups=copies, keep=1).once()
    assert [each.name[9:17] for each in copies.iterdir()] == ["20160407"]


def test_what_a_mail_server_refuses_is_told_once_and_sent_later(run: Run) -> None:
    runner = run.runner(night=None)
    run.sent.refuses = True
    at(run, "2016-04-05T10:00")
    runner.tick()
    waiting = len(list(run.office.engine.outbox.notices(state="waiting")))
    assert waiting
    runner.tick()
    (said,) = run.said("deliver")
    assert "no mail server" in said
    run.sent.refuses = False
    at(run, "2016-04-06T08:00")
    runner.tick()
    assert len(run.sent.notices) == waiting


def test_a_store_that_is_away_is_told_once_and_the_program_goes_on(run: Run) -> None:
    runner = run.runner(night=None)
    at(run, "2016-04-05T07:00")
    runner.tick()
    assert runner.healthy(dt.timedelta(minutes=3))
    ids, run.office.engine.plans.ids = run.office.engine.plans.ids, _away  # type: ignore[method-assign]
    runner.tick()
    runner.tick()
    assert not runner.healthy(dt.timedelta(minutes=3))
    assert len(run.said("store")) == 1
    run.office.engine.plans.ids = ids  # type: ignore[method-assign]
    runner.tick()
    assert runner.healthy(dt.timedelta(minutes=3))
    at(run, "2016-04-05T07:30")
    assert not runner.healthy(dt.timedelta(minutes=3))  # the last tick is long ago


def stored(run: Run) -> Path:
    assert isinstance(run.office.engine.storage, SQLiteStorage)
    return Path(run.office.engine.storage.path)


def extended(run: Run, until: str) -> None:
    run.office.fire(
        "gu/1",
        "extend_deadline",
        by="policy-1",
        deadline="submit",
        until=until,
        reason="연장" * 900,
    )


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_what_cannot_be_copied_into_the_store_s_file_is_told(run: Run) -> None:
    """SQLite copies what is committed into its file later, and says to nobody that it cannot."""
    runner = run.runner(remind=None, night=None)
    runner.tick()  # all is copied: the next commit begins the -wal file anew
    path = stored(run)
    with no_file_longer_than(path.stat().st_size):
        extended(run, "2016-04-10")
        run.outcomes.clear()
        runner.tick()
        runner.tick()
        (said,) = run.said("disk")  # once
        assert "there is no room to copy into the store's file" in said
        assert not runner.healthy(dt.timedelta(minutes=3))
        assert run.office.engine.project("gu/1").version == 2  # nothing done is lost
    runner.tick()
    assert runner.healthy(dt.timedelta(minutes=3))
    assert list(run.office.engine.audit.verify()) == []


SYNC_FAILS = """
import sys, evalflow
from evalflow.engine.running import Runner, Schedule
from offices import Clock
with evalflow.open(sys.argv[1], plugins=[], clock=Clock()) as engine:
    schedule = Schedule(remind=None, night=None)
    runner = Runner(engine, schedule, tell=lambda it: it.job == "disk" and print(it.said.en))
    for _ in range(3):
        runner.tick()
        print([each.ok for each in runner.outcomes() if each.job == "disk"])
"""


@pytest.mark.slow
@pytest.mark.usefixtures("strace")
@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_sync_that_failed_once_is_told_until_the_program_is_started_again(run: Run) -> None:
    """The system may forget what it could not write, and says so once."""
    path = str(stored(run))
    run.runner(remind=None, night=None).tick()
    extended(run, "2016-04-10")
    failing = "inject=fsync,fdatasync:error=EIO:when=1"
    command = ["strace", "-qq", "-o", "/dev/null", "-P", path, "-e", failing]
    program = [sys.executable, "-c", SYNC_FAILS, f"sqlite:///{path}"]
    support = str(Path(__file__).parents[1] / "support")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([support, *sys.path])}
    answer = subprocess.run(
        [*command, *program], capture_output=True, text=True, check=False, env=environment
    )
    told, *lines = answer.stdout.splitlines()
    assert told.startswith("what was done could not be copied into the store's file"), answer.stderr
    assert lines == ["[False]"] * 3
    assert subprocess.run(program, capture_output=True, text=True, env=environment).stdout == (
        "[True]\n" * 3
    )


def test_once_it_is_to_end_nothing_more_is_begun(run: Run) -> None:
    runner = run.runner(night=None)
    run.stop.set()
    at(run, "2016-04-05T09:00")
    runner.tick()
    assert run.outcomes == []
    assert run.sent.notices == []


def test_a_store_that_was_written_into_gets_no_checkpoint(run: Run, tmp_path: Path) -> None:
    path = getattr(run.office.engine.storage, "path", None)
    if path is None:
        pytest.skip("the memory storage is not written into a file")
    evaluated(run)
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER entry_unchanged")
    connection.execute("UPDATE entry SET actor = 'nobody' WHERE event = 'self_evaluate'")
    connection.commit()
    connection.close()
    assert not run.runner(checkpoints=tmp_path / "points").once()
    assert "found" in run.said("verify")[0]
    assert not (tmp_path / "points").exists()


def _away(*_: Any, **__: Any) -> Any:
    raise evalflow.StorageError("unreachable", ko="연결할 수 없습니다", en="cannot be reached")


def _night(runner: Runner) -> None:
    if runner._at_night is not None:
        runner._at_night.join()
