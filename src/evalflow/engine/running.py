"""A store that is run: what is done by the clock, with nobody at the machine.

Notices are delivered all the time; on working mornings people are reminded; every night the store
is backed up, its histories are checked, and a checkpoint of each plan is put aside. `Runner.tick`
does what is due by the engine's clock and returns; whoever runs it decides how often. The night's
work goes on beside it, so that nobody waits for mail until a long check has ended.

What fails is told and tried again by the next tick, or the next night: a server that is away for
an hour ends nothing.
"""

from __future__ import annotations

import datetime as dt
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from evalflow.audit.checkpoints import SignedCheckpoint
from evalflow.audit.findings import Mismatch
from evalflow.audit.log import read_checkpoint
from evalflow.engine.engine import Engine
from evalflow.errors import EvalflowError, particles
from evalflow.files.output import write_output
from evalflow.model import Label
from evalflow.model.calendar import Calendar
from evalflow.model.values import frozen
from evalflow.plugins.signer import Signer
from evalflow.storage.contract import Copies, WritesBehind

_CHUNK = 100  # notices that are tried before it is looked whether to stop
_SHOWN = 3  # findings whose text is told
_COUNTED = 1000  # findings that are counted
_LONGEST = 31  # days off of which a reminder still tells


@frozen(kw_only=True)
class Schedule:
    """When what is done; times are of the office's day, in the zone of the store's first plan.

    Attributes:
        remind: from when on people are reminded, on working days; None: they are not.
        night: when the night's work begins; None: there is none.
        backups: the folder of backups, of which the newest `keep` stay; None: none are made.
        checkpoints: the folder of checkpoints; None: none are made.
        signer: who signs them; None: nobody.
    """

    remind: dt.time | None = dt.time(8, 30)
    night: dt.time | None = dt.time(2, 0)
    backups: Path | None = None
    keep: int = 14
    checkpoints: Path | None = None
    signer: Signer | None = None


@frozen
class Outcome:
    """How one piece of work went: `job` is `deliver`, `remind`, `backup`, `verify`, `checkpoint`,
    `disk` (what a storage does behind its commits), or `store` where that could not be asked what
    is due. `said` is empty where nothing was to be done."""

    job: str
    at: dt.datetime
    ok: bool
    said: Label | None = None


class Runner:
    """Does what is due in one store. One program at a time runs a store: see
    `evalflow.storage.SoleRunner`."""

    def __init__(
        self,
        engine: Engine,
        schedule: Schedule,
        *,
        tell: Callable[[Outcome], object],
        stop: threading.Event | None = None,
    ) -> None:
        """Begin now. `tell` hears of everything that was done or failed, from two threads; the same
        failure again is not told again. Once `stop` is set nothing new is begun."""
        self._engine = engine
        self._schedule = schedule
        self._tell = tell
        self._stop = stop or threading.Event()
        self._lock = threading.Lock()
        self._outcomes: dict[str, Outcome] = {}
        self._beat: dt.datetime | None = None
        self._reminded: dt.date | None = None
        self._night: dt.datetime | None = None
        self._at_night: threading.Thread | None = None

    # ------------------------------------------------------------------ by the clock

    def tick(self) -> None:
        """Do what is due now: deliver, remind, and begin the night's work."""
        now = self._engine.clock().astimezone(dt.UTC)
        calendar = self._calendar(now)
        if calendar is not None:
            self._do("remind", lambda: self._remind(now, calendar))
            self._do("deliver", self._deliver)
            self._do("disk", self._write_back)
            self._begin_night(now, calendar)
        self._beat = self._engine.clock().astimezone(dt.UTC)

    def once(self) -> bool:
        """Do everything now, the night's work too, whatever the time; say whether all went well."""
        now = self._engine.clock().astimezone(dt.UTC)
        calendar = self._calendar(now)
        if calendar is not None:
            if self._schedule.remind is not None:
                self._do("remind", lambda: self._remind_on(now, calendar))
            self._do("deliver", self._deliver)
            self._do("disk", self._write_back)
            if self._schedule.night is not None:
                self._work_at_night(now, calendar)
        return all(each.ok for each in self._outcomes.values())

    def outcomes(self) -> tuple[Outcome, ...]:
        """Return how each piece of work went last."""
        with self._lock:
            return tuple(self._outcomes.values())

    def healthy(self, patience: dt.timedelta) -> bool:
        """Say whether the store answered, its disk takes what is written, and the last tick ended,
        not longer ago than `patience`. What a check found, or a mail server refused, is no illness
        of the program."""
        with self._lock:
            asked = [self._outcomes.get("store"), self._outcomes.get("disk")]
        if self._beat is None or any(each is not None and not each.ok for each in asked):
            return False
        return self._engine.clock().astimezone(dt.UTC) - self._beat <= patience

    def end(self, patience: float) -> None:
        """Begin nothing more, and wait up to `patience` seconds for the night's work, which only
        reads the store."""
        self._stop.set()
        if self._at_night is not None:
            self._at_night.join(patience)

    # ------------------------------------------------------------------ the pieces of work

    def _calendar(self, now: dt.datetime) -> Calendar | None:
        """Return the calendar of the store's first plan; None where there is no plan yet, or where
        the store does not answer, which is told."""
        found: list[Calendar] = []

        def ask() -> None:
            plans = self._engine.plans.ids()
            if not plans and any(True for _ in self._points()):
                raise _Found(
                    Label(
                        "저장소에 계획이 하나도 없는데 확인값은 남아 있습니다",
                        "the store has no plan at all, but there are checkpoints of its plans",
                    )
                )
            found.extend([self._engine.plans.calendar(plan) for plan in plans[:1]])

        self._do("store", ask)
        return found[0] if found else None

    def _do(self, job: str, work: Callable[[], Label | None]) -> bool:
        """Do a piece of work, and note how it went; say whether it went well."""
        if self._stop.is_set():
            return True
        ok, said = True, None
        try:
            said = work()
        except _Found as found:
            ok, said = False, found.said
        except EvalflowError as error:
            ok, said = False, Label(error.text("ko"), error.text("en"))
        except Exception as error:  # somebody else's code, or a mistake of ours: the rest goes on
            text = " ".join(f"{type(error).__name__}: {error}".split())
            ok, said = False, Label(f"프로그램 오류: {text}", f"evalflow went wrong: {text}")
        if self._stop.is_set() and not ok:
            return True  # what was broken off by the end
        outcome = Outcome(job, self._engine.clock().astimezone(dt.UTC), ok, said)
        with self._lock:
            before = self._outcomes.get(job)
            self._outcomes[job] = outcome
        again = before is not None and not before.ok and not ok and before.said == said
        if said is not None and not again:
            self._tell(outcome)
        return ok

    def _deliver(self) -> Label | None:
        delivered = retried = dead = 0
        why = ""
        while not self._stop.is_set():
            report = self._engine.deliver(limit=_CHUNK)
            delivered += report.delivered
            retried += report.retried
            dead += report.dead
            why = next((each.error for each in report.routes if each.error is not None), why)
            if report.delivered + report.retried + report.dead < _CHUNK:
                break
        if not delivered + retried + dead:
            return None
        more = f": {why}" if why else ""
        said = Label(
            f"발송 {delivered}건, 다시 시도 {retried}건, 실패 {dead}건{more}",
            f"{delivered} delivered, {retried} to retry, {dead} dead{more}",
        )
        if dead:
            raise _Found(said)
        return said

    def _write_back(self) -> None:
        storage = self._engine.storage
        if isinstance(storage, WritesBehind):
            storage.write_back()

    def _remind(self, now: dt.datetime, calendar: Calendar) -> Label | None:
        local = now.astimezone(calendar.zone)
        if (
            self._schedule.remind is None
            or local.time() < self._schedule.remind
            or self._reminded == local.date()
            or not calendar.is_business_day(local.date())
        ):
            return None
        said = self._remind_on(now, calendar)
        self._reminded = local.date()
        return said

    def _remind_on(self, now: dt.datetime, calendar: Calendar) -> Label | None:
        """Remind of this day, and of the days off before it."""
        today = now.astimezone(calendar.zone).date()
        days = 1
        while days < _LONGEST and not calendar.is_business_day(today - dt.timedelta(days=days)):
            days += 1
        notices = self._engine.outbox.remind(now, days=days)
        people = len({each.recipient for each in notices})
        return Label(f"{people}명", f"{people} {'person' if people == 1 else 'people'}")

    def _begin_night(self, now: dt.datetime, calendar: Calendar) -> None:
        time = self._schedule.night
        if time is None or self._stop.is_set():
            return
        if self._night is None:
            self._night = _next(now, time, calendar)
        if now < self._night or (self._at_night is not None and self._at_night.is_alive()):
            return
        self._night = _next(now, time, calendar)
        self._at_night = threading.Thread(
            target=self._work_at_night, args=(now, calendar), name="evalflow-night", daemon=True
        )
        self._at_night.start()

    def _work_at_night(self, now: dt.datetime, calendar: Calendar) -> None:
        stamp = f"{now.astimezone(calendar.zone):%Y%m%d-%H%M}"
        if self._schedule.backups is not None:
            folder = self._schedule.backups
            self._do("backup", lambda: self._back_up(folder, stamp))
        whole = self._do("verify", self._verify)
        if self._schedule.checkpoints is not None:
            into = self._schedule.checkpoints
            self._do("checkpoint", lambda: self._put_aside(into, stamp, whole=whole))

    def _back_up(self, folder: Path, stamp: str) -> Label:
        storage = self._engine.storage
        if not isinstance(storage, Copies):
            raise _Found(
                Label(
                    "이 저장소는 백업을 지원하지 않습니다", "this storage does not support backups"
                )
            )
        folder.mkdir(parents=True, exist_ok=True)
        path, beside = folder / f"evalflow-{stamp}.backup", folder / ".evalflow.backup.part"
        with suppress(FileNotFoundError):
            beside.unlink()  # of a night that was broken off
        storage.copy_to(beside)
        os.replace(beside, path)
        others = sorted({*folder.glob("evalflow-????????-????.backup")} - {path})
        too_many = len(others) + 1 - self._schedule.keep
        for old in others[: max(too_many, 0)]:  # never the new one, whatever clocks said
            old.unlink()
        return Label(f"{path}", f"{path}")

    def _verify(self) -> Label:
        found = list(islice(self._findings(), _COUNTED))
        if not found:
            return Label("이상 없음", "every history is complete, and the store agrees with it")
        more = len(found) - _SHOWN
        ko, en = (
            "; ".join([each.text(lang) for each in found[:_SHOWN]])
            + (f" (외 {more}건)" if lang == "ko" else f" (and {more} more)") * (more > 0)
            for lang in ("ko", "en")
        )
        raise _Found(Label(f"불일치 {len(found)}건: {ko}", f"{len(found)} found: {en}"))

    def _findings(self) -> Iterator[Mismatch]:
        """Yield what does not fit: with the histories, or with the checkpoints of other nights."""
        yield from self._engine.audit.verify()
        if points := list(self._points()):
            for cover in self._engine.audit.hold(points):
                yield from cover.found

    def _points(self) -> Iterator[SignedCheckpoint]:
        """Yield each plan's last checkpoint that was put aside here: also of a plan that the store
        does not have any more."""
        folder = self._schedule.checkpoints
        if folder is None or not folder.is_dir():
            return
        last: dict[str, SignedCheckpoint] = {}
        for path in sorted(folder.glob("*-????????-????.checkpoint")):
            try:
                point = read_checkpoint(path.read_text("utf-8"))
            except EvalflowError as error:
                ko, en = (f"{path}: {error.text(lang)}" for lang in ("ko", "en"))
                raise _Found(Label(ko, en)) from None
            if isinstance(point, SignedCheckpoint):
                last[point.plan] = point
        yield from last.values()

    def _put_aside(self, folder: Path, stamp: str, *, whole: bool) -> Label:
        if not whole:
            raise _Found(
                Label(
                    "이력이 맞지 않아 확인값을 만들지 않았습니다",
                    "no checkpoint is made of a store that does not agree with its history",
                )
            )
        folder.mkdir(parents=True, exist_ok=True)
        plans = self._engine.plans.ids()
        for plan in plans:
            point = self._engine.audit.sign_checkpoint(plan, signer=self._schedule.signer)
            write_output(folder / f"{plan}-{stamp}.checkpoint", str(point))
        return Label(
            f"{len(plans)}건: {folder}",
            f"{len(plans)}: {folder}",
        )


class _Found(Exception):
    """A piece of work that was done, and did not come out well."""

    def __init__(self, said: Label) -> None:
        super().__init__(said.en)
        self.said = Label(particles(said.ko), said.en)


def _next(now: dt.datetime, time: dt.time, calendar: Calendar) -> dt.datetime:
    """Return the next moment after `now` at which it is `time` at the office."""
    local = now.astimezone(calendar.zone)
    day = local.date() if local.time() < time else local.date() + dt.timedelta(days=1)
    return dt.datetime.combine(day, time, calendar.zone).astimezone(dt.UTC)
