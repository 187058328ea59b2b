"""Kills and errors by system call: what an SQLite store asks of the machine is cut off, or fails.

    python -m evalflow.testing.syscalls --faults 200

Programs that make a store and adopt a plan, fire, apply a batch, deliver notices or upgrade an
older store run under `strace`, which kills them at their n-th write, sync, truncate or removal of
one of the store's files, or lets that call, or a read, fail as a broken or a full disk does. Before
every commit they say what they are about to write. Afterwards the store must hold what a store in
memory holds after the same commits: all that were acknowledged, none halved, and after an error
that was told nothing more. Then the act is done again, and must end where one ends that was never
disturbed.

Where `--older` names a store of the first schema version (also compressed: `.xz`), its upgrade is
among the acts. All faults there are, or a sample of `--faults`.
"""

from __future__ import annotations

import argparse
import collections
import datetime as dt
import json
import lzma
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import attrs

import evalflow
from evalflow import Engine
from evalflow.plugins.builtin_notifiers import Jsonl, JsonlOptions
from evalflow.storage import Storage
from evalflow.testing.crashes import (
    Broken,
    be_child,
    contents,
    notes_on,
    told,
    watched,
)
from evalflow.testing.office import PLAN_ID, Ticking, fire, the_plan

KILLS = ("pwrite64", "write", "fsync", "fdatasync", "ftruncate", "unlink")
"""The calls at which a program is killed."""

ERRORS = (
    *((call, "EIO") for call in ("pwrite64", "write", "fsync", "fdatasync", "ftruncate")),
    *((call, "ENOSPC") for call in ("pwrite64", "write", "fsync", "fdatasync", "ftruncate")),
    ("pread64", "EIO"),
)
"""The calls that fail, and how."""

ACTS = ("adopt", "fire", "batch", "deliver", "upgrade")

_FILES = ("", "-wal", "-shm", "-journal", "-queue", ".jsonl")
_FIRED = ("self_evaluate", "self_evaluate", "self_evaluate", "extend_deadline", "request_change")
_DAY = dt.timedelta(days=1)
_MEMORY = "/dev/shm"
_CALL = re.compile(r"(\d+) +(\w+)\(")


class NoStrace(Exception):
    """There is no strace on this machine, or it may not trace."""


@attrs.frozen
class Fault:
    """What is done to the `turn`-th `call` on a store's files: an error, or (None) a kill."""

    call: str
    error: str | None
    turn: int

    @property
    def injection(self) -> str:
        """Return it as strace wants it said."""
        what = "signal=KILL" if self.error is None else f"error={self.error}"
        return f"inject={self.call}:{what}:when={self.turn}"


# --------------------------------------------------------------------------- what is done


def _open(url: str, *, later: bool = False) -> Engine:
    clock = Ticking(going=False)
    if later:
        clock.moment += _DAY
    return evalflow.open(url, plugins=[], clock=clock)


def _adopt(engine: Engine) -> None:
    if PLAN_ID not in engine.plans.ids():
        plan = the_plan()
        engine.adopt(plan, by=plan.actor("policy-1"))


def _fire(engine: Engine) -> None:
    for number, event in enumerate(_FIRED, 1):
        project = engine.project(f"{PLAN_ID}/{number}")
        if project.version == 1:  # not one that was recorded before it was disturbed
            fire(engine, project, event, number)


def _apply(engine: Engine, planned: Path) -> None:
    plan = evalflow.load_batch(planned)
    by = engine.actor(PLAN_ID, "policy-1")
    for receipt in engine.batches.apply(plan, by=by, chunk=5):
        if receipt.outcome not in ("done", "already"):
            raise Broken(f"a line of the batch ended as {receipt.outcome}")


def _deliver(engine: Engine, into: Path) -> None:
    engine.deliver(notifiers={"jsonl": Jsonl(JsonlOptions(path=str(into)))})


@attrs.frozen
class _Work:
    """A folder with the stores of one round, one for each act."""

    folder: Path

    def store(self, act: str) -> Path:
        return self.folder / f"{act}.db"

    def paths(self) -> list[str]:
        return [f"{self.store(act)}{suffix}" for act in ACTS for suffix in _FILES]

    def does(self, act: str) -> Callable[[Engine], None]:
        if act == "batch":
            return lambda engine: _apply(engine, self.folder / "planned.jsonl")
        if act == "deliver":
            return lambda engine: _deliver(engine, Path(f"{self.store(act)}.jsonl"))
        return {"adopt": _adopt, "fire": _fire, "upgrade": lambda engine: None}[act]

    def act(self, act: str) -> None:
        """Do it, and say on paper what it writes."""
        paper = os.open(self.folder / f"{act}.paper", os.O_CREAT | os.O_WRONLY, 0o640)
        with watched(_open(f"sqlite:///{self.store(act)}", later=act == "deliver"), paper) as e:
            self.does(act)(e)


# --------------------------------------------------------------------------- the harness


class Faults:
    """Rounds of acts that are disturbed; `figures` counts what happened."""

    def __init__(self, folder: Path, *, seed: int, older: Path | None = None) -> None:
        """Make the stores that acts begin with, and what they must end with.

        Raises:
            NoStrace: strace cannot be run.
        """
        self._base, self._work = _Work(folder / "base"), _Work(folder / "work")
        self._base.folder.mkdir()
        self._trace = folder / "trace"
        self._acts = tuple(act for act in ACTS if act != "upgrade" or older)
        self._rng = random.Random(seed)
        self.figures: collections.Counter[str] = collections.Counter()
        self._make()
        if older is not None:
            data = older.read_bytes()
            data = lzma.decompress(data) if older.suffix == ".xz" else data
            self._base.store("upgrade").write_bytes(data)
        self._steps = {act: self._ends(act) for act in self._acts if act != "upgrade"}
        if older is not None:
            self._older, self._upgraded = self._upgrades()

    def _make(self) -> None:
        with _open(f"sqlite:///{self._base.store('fire')}") as engine:
            _adopt(engine)
            data = {"deadline": "submit", "until": "2016-04-20", "reason": "연장"}
            batch = engine.batch("extend_deadline", by="policy-1", data=data, mode="each")
            batch.save(self._base.folder / "planned.jsonl")
        for act in ("batch", "deliver"):
            shutil.copyfile(self._base.store("fire"), self._base.store(act))
        with _open(f"sqlite:///{self._base.store('deliver')}") as engine:
            _fire(engine)

    def _ends(self, act: str) -> list[dict[str, Any]]:
        """Return what a store holds before the act and after each of its commits."""
        with _open("memory:") as engine:
            if act != "adopt":
                _adopt(engine)
            if act == "deliver":
                _fire(engine)
            steps = [contents(engine.storage)]
            keeping = _Keeping(engine.storage, steps)
            with Engine(keeping, plugins=engine.plugins, clock=engine.clock) as kept:
                done = _Work(self._base.folder)
                if act != "deliver":
                    done.does(act)(kept)
            return steps

    def _upgrades(self) -> tuple[list[str], list[str]]:
        store = self._base.folder / "upgraded.db"
        shutil.copyfile(self._base.store("upgrade"), store)
        older = _dumped(store)
        _open(f"sqlite:///{store}").close()
        return older, _dumped(store)

    def all(self) -> list[Fault]:
        """Return every fault there is, in a random order: as many turns of each call as the act
        that makes most of them."""
        calls = {*KILLS, *(call for call, _ in ERRORS)}
        self._round(["-e", f"trace={','.join(sorted(calls))}"])
        counted = collections.Counter(
            found.groups() for found in map(_CALL.match, self._trace.open()) if found
        )
        most: collections.Counter[str] = collections.Counter()
        for (_, call), count in counted.items():
            most[call] = max(most[call], count)
        found = [Fault(call, None, n) for call in KILLS for n in range(1, most[call] + 1)]
        found += [Fault(call, how, n) for call, how in ERRORS for n in range(1, most[call] + 1)]
        self._rng.shuffle(found)
        return found

    def run(self, faults: Sequence[Fault]) -> collections.Counter[str]:
        """Cause these faults, each in every act; return what was counted."""
        for fault in faults:
            self.once(fault)
        return self.figures

    def once(self, fault: Fault) -> None:
        """Cause one fault in every act that comes so far, and look at what it left.

        Raises:
            Broken: it is not what it should be.
        """
        ended = self._round(["-e", f"trace={fault.call}", "-e", fault.injection])
        hit = "INJECTED" in self._trace.read_text(errors="replace")
        self.figures["rounds"] += 1
        for act in self._acts:
            try:
                self._look(act, ended[act], fault, hit)
            except evalflow.EvalflowError as error:
                raise Broken(f"{act}, {fault}: {error.text('en')}") from error
            except Broken as broken:
                raise Broken(f"{act}, {fault}: {broken}") from broken

    def _round(self, injection: Sequence[str]) -> dict[str, int]:
        shutil.rmtree(self._work.folder, ignore_errors=True)
        self._work.folder.mkdir()
        shutil.copyfile(self._base.folder / "planned.jsonl", self._work.folder / "planned.jsonl")
        for act in self._acts:
            if act != "adopt":
                shutil.copyfile(self._base.store(act), self._work.store(act))
        only = [word for path in self._work.paths() for word in ("-P", path)]
        told, said = self._work.folder / "ended", self._work.folder / "said"
        waits, goes = os.pipe()
        program = os.fork()
        if not program:
            be_child(lambda: None, lambda: self._be_traced(waits, told, said))
        try:
            self._attach(program, [*only, *injection], goes)
        finally:
            os.close(waits)
            os.close(goes)
        self._said = said.read_text(errors="replace")
        ended: dict[str, int] = json.loads(told.read_text())
        return ended

    def _be_traced(self, waits: int, told: Path, said: Path) -> None:
        """Be the program under strace: once it is there, do each act in a child of its own."""
        _let_anybody_trace()
        os.dup2(os.open(said, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o640), sys.stderr.fileno())
        os.read(waits, 1)
        ended = {}
        for act in self._acts:
            child = os.fork()
            if not child:
                be_child(lambda: None, lambda act=act: self._work.act(act))  # type: ignore[misc]
            ended[act] = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        told.write_text(json.dumps(ended))

    def _attach(self, program: int, words: Sequence[str], goes: int) -> None:
        """Trace the program, which waits for it, to its end. Python's own start under strace would
        take longer than all acts."""
        try:
            strace = subprocess.Popen(
                ["strace", "-f", "-qq", "-o", str(self._trace), *words, "-p", str(program)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
        except OSError as error:
            _end(program)
            raise NoStrace(str(error)) from error
        with strace:
            until = time.monotonic() + 20
            while not _traced(program):
                if strace.poll() is not None or time.monotonic() > until:
                    strace.kill()
                    _end(program)
                    raise NoStrace(strace.communicate()[1].strip()[-300:])
                time.sleep(0.002)
            os.write(goes, b".")
            os.waitpid(program, 0)

    # ------------------------------------------------------------------ looking

    def _look(self, act: str, code: int, fault: Fault, hit: bool) -> None:
        killed = code == -signal.SIGKILL
        if killed and fault.error is None:
            self.figures[f"killed at {fault.call}"] += 1
            self.figures["kills"] += 1
        elif code in (2, 3) and hit:
            self.figures[f"{fault.error} told"] += 1
            self.figures["errors told"] += 1
        elif code == 0:
            self.figures["not met, or got over"] += 1
        else:
            raise Broken(f"ended with {code}: {self._said[-1000:]}")
        if act == "upgrade":
            self._look_at_upgrade(done=code == 0)
            return
        with (self._work.folder / f"{act}.paper").open("rb") as paper:
            said = notes_on(paper)
        acknowledged = sum(ended for _, ended in said)
        self._look_at_store(act, acknowledged, len(said) if killed else acknowledged)

    def _look_at_store(self, act: str, least: int, most: int) -> None:
        """The store stands after one of the commits between these two, goes on, and ends as one
        that was never disturbed."""
        steps = self._steps[act]
        with _open(f"sqlite:///{self._work.store(act)}", later=act == "deliver") as engine:
            stands = [n for n, step in enumerate(steps) if contents(engine.storage) == step]
            if not stands or not any(least <= n <= most for n in stands):
                raise Broken(f"it stands at {stands}; acknowledged {least}, begun {most}")
            self.figures["durable without a word"] += stands[0] > least
            _verify(engine)
            file = Path(f"{self._work.store(act)}.jsonl")
            sent = _sent(file)
            if act == "deliver" and not _marked(engine) <= sent:
                raise Broken("a notice is marked that was not sent")
            self._work.does(act)(engine)
            if contents(engine.storage) != steps[-1]:
                raise Broken("done again, it does not end as one that was never disturbed")
            _verify(engine)
            if act == "deliver":
                self._look_at_notices(engine, file)
        self.figures["looked"] += 1

    def _look_at_notices(self, engine: Engine, file: Path) -> None:
        waiting = list(engine.outbox.notices(state="waiting"))
        if waiting:  # one that failed waits for its next turn
            clock = engine.clock
            assert isinstance(clock, Ticking)
            clock.moment += _DAY
            self._work.does("deliver")(engine)
        ids = {each.notice.id for each in engine.outbox.notices()}
        if _marked(engine) != ids or not ids <= _sent(file):
            raise Broken("not every notice was sent, and marked")

    def _look_at_upgrade(self, *, done: bool) -> None:
        store = self._work.store("upgrade")
        stands = _dumped(store)
        if stands != self._upgraded and (done or stands != self._older):
            raise Broken("the upgrade is halved")
        _open(f"sqlite:///{store}").close()
        if _dumped(store) != self._upgraded:
            raise Broken("opened again, it is not upgraded as one that was never disturbed")
        self.figures["looked"] += 1


class _Keeping:
    """A storage whose contents are kept after each commit."""

    def __init__(self, storage: Storage, steps: list[dict[str, Any]]) -> None:
        self._storage, self._steps = storage, steps

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    def commit(self, commit: Any) -> None:
        self._storage.commit(commit)
        self._steps.append(contents(self._storage))


def _verify(engine: Engine) -> None:
    if engine.plans.ids() and (faulty := list(engine.audit.verify())):
        raise Broken(faulty[0].text("en"))


def _traced(process: int) -> bool:
    status = Path(f"/proc/{process}/status").read_text()
    return "TracerPid:\t0\n" not in status


def _end(process: int) -> None:
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)


def _let_anybody_trace() -> None:
    """Allow what some machines allow parents alone (Yama)."""
    import ctypes

    ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_long(-1))


def _dumped(store: Path) -> list[str]:
    """Return all that an SQLite file holds, its schema version first."""
    with closing(sqlite3.connect(store)) as connection:
        version = connection.execute("PRAGMA user_version").fetchone()
        return [str(version), *connection.iterdump()]


def _sent(file: Path) -> set[str]:
    """Return the notices in a file of JSON lines; one that was cut short was not sent."""
    found = set()
    for line in file.read_bytes().splitlines() if file.exists() else ():
        try:
            found.add(json.loads(line)["id"])
        except (ValueError, UnicodeDecodeError):
            continue
    return found


def _marked(engine: Engine) -> set[str]:
    return {each.notice.id for each in engine.outbox.notices(state="delivered")}


def lines(figures: collections.Counter[str]) -> Iterator[str]:
    """Yield the figures as lines."""
    return told(figures)


def main(arguments: Sequence[str] | None = None) -> None:
    """Disturb programs at their system calls, and print the figures."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--faults", type=int, default=200, help="how many rounds; 0: all there are")
    parser.add_argument("--seed", type=int, default=2016)
    parser.add_argument("--older", type=Path, help="a store of an older schema version")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=_MEMORY if os.path.isdir(_MEMORY) else None) as folder:
        harness = Faults(Path(folder), seed=given.seed, older=given.older)
        faults = harness.all()
        harness.figures["faults there are"] = len(faults)
        for line in told(harness.run(faults[: given.faults or None])):
            print(line)


if __name__ == "__main__":
    main()
