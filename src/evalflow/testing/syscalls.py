"""Kills and errors by system call: what an SQLite store asks of the machine is cut off, or fails.

    python -m evalflow.testing.syscalls --faults 200

Programs that make a store and adopt a plan, fire, apply a batch, deliver notices or upgrade an
older store run under `strace`, which kills them at their n-th write, sync, truncate or removal of
one of the store's files, or lets that call, or a read, fail as a broken or a full disk does. The
store must then stand as `acts` says, after an error that was told at just what was acknowledged.

Where `--older` names a store of the first schema version (also compressed: `.xz`), its upgrade is
among the acts. All faults there are, or a sample of `--faults`.
"""

from __future__ import annotations

import argparse
import collections
import json
import lzma
import os
import random
import re
import shutil
import signal
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import evalflow
from evalflow.testing.acts import (
    ACTS,
    Acts,
    Fault,
    NoStrace,
    children,
    emptied,
    open_store,
    traced,
)
from evalflow.testing.crashes import told
from evalflow.testing.mirror import Broken

__all__ = ["Fault", "Faults", "NoStrace", "lines", "main"]

KILLS = ("pwrite64", "write", "fsync", "fdatasync", "ftruncate", "unlink")
"""The calls at which a program is killed."""

ERRORS = (
    *((call, "EIO") for call in ("pwrite64", "write", "fsync", "fdatasync", "ftruncate")),
    *((call, "ENOSPC") for call in ("pwrite64", "write", "fsync", "fdatasync", "ftruncate")),
    ("pread64", "EIO"),
)
"""The calls that fail, and how."""

_BESIDE = ("", "-wal", "-shm", "-journal", "-queue")
_MEMORY = "/dev/shm"
_CALL = re.compile(r"(\d+) +(\w+)\(")


def store_in(folder: Path, act: str) -> Path:
    """Return the file of the act's store."""
    return folder / f"{act}.db"


def _acts(folder: Path) -> Acts:
    return Acts(folder, lambda act: f"sqlite:///{store_in(folder, act)}")


class Faults:
    """Rounds of acts that are disturbed; `figures` counts what happened."""

    def __init__(self, folder: Path, *, seed: int, older: Path | None = None) -> None:
        """Make the stores that acts begin with, and what they must end with.

        Raises:
            NoStrace: strace cannot be run.
        """
        self._base, self._work = emptied(folder / "base"), folder / "work"
        self._trace = folder / "trace"
        self._rng = random.Random(seed)
        self.figures: collections.Counter[str] = collections.Counter()
        base = _acts(self._base)
        for act in ACTS:
            if act != "adopt":
                base.prepare(act)
        self._steps = {act: base.steps(act) for act in ACTS}
        self._acts: tuple[str, ...] = ACTS
        if older is not None:
            self._acts = (*ACTS, "upgrade")
            data = older.read_bytes()
            data = lzma.decompress(data) if older.suffix == ".xz" else data
            store_in(self._base, "upgrade").write_bytes(data)
            self._older, self._upgraded = self._upgrades()

    def _upgrades(self) -> tuple[list[str], list[str]]:
        store = store_in(self._base, "upgraded")
        shutil.copyfile(store_in(self._base, "upgrade"), store)
        older = _dumped(store)
        open_store(f"sqlite:///{store}").close()
        return older, _dumped(store)

    def all(self) -> list[Fault]:
        """Return every fault there is, in a random order: as many turns of each call as the act
        that makes most of them."""
        calls = {*KILLS, *(call for call, _ in ERRORS)}
        self._round(["-e", f"trace={','.join(sorted(calls))}"])
        found = faults_in(self._trace, KILLS, ERRORS)
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
        work = emptied(self._work)
        shutil.copyfile(self._base / "planned.jsonl", work / "planned.jsonl")
        for act in self._acts:
            if act != "adopt":
                shutil.copyfile(store_in(self._base, act), store_in(work, act))
        acts = _acts(work)
        paths = [f"{store_in(work, act)}{suffix}" for act in self._acts for suffix in _BESIDE]
        paths += [str(acts.sent(act)) for act in self._acts]
        only = [word for path in paths for word in ("-P", path)]
        performing = {act: partial(acts.perform, act) for act in self._acts}
        traced(children(performing, work), [*only, *injection], self._trace)
        ended: dict[str, int] = json.loads((work / "ended").read_text())
        return ended

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
            said = (self._work / "said").read_text(errors="replace")
            raise Broken(f"ended with {code}: {said[-1000:]}")
        if act == "upgrade":
            self._look_at_upgrade(done=code == 0)
            return
        acknowledged, begun = _acts(self._work).said(act)
        self._look_at_store(act, acknowledged, begun if killed else acknowledged)

    def _look_at_store(self, act: str, least: int, most: int) -> None:
        stands = _acts(self._work).look(act, self._steps[act], least=least, most=most)
        self.figures["durable without a word"] += stands > least
        self.figures["looked"] += 1

    def _look_at_upgrade(self, *, done: bool) -> None:
        store = store_in(self._work, "upgrade")
        stands = _dumped(store)
        if stands != self._upgraded and (done or stands != self._older):
            raise Broken("the upgrade is halved")
        open_store(f"sqlite:///{store}").close()
        if _dumped(store) != self._upgraded:
            raise Broken("opened again, it is not upgraded as one that was never disturbed")
        self.figures["looked"] += 1


def faults_in(trace: Path, kills: Sequence[str], errors: Sequence[tuple[str, str]]) -> list[Fault]:
    """Return the faults that can be caused in what strace has seen undisturbed: as many turns of
    each call as the process that makes most of them."""
    counted = collections.Counter(
        found.groups() for found in map(_CALL.match, trace.open(errors="replace")) if found
    )
    most: collections.Counter[str] = collections.Counter()
    for (_, call), count in counted.items():
        most[call] = max(most[call], count)
    found = [Fault(call, None, n) for call in kills for n in range(1, most[call] + 1)]
    return found + [Fault(call, how, n) for call, how in errors for n in range(1, most[call] + 1)]


def _dumped(store: Path) -> list[str]:
    """Return all that an SQLite file holds, its schema version first."""
    with closing(sqlite3.connect(store)) as connection:
        version = connection.execute("PRAGMA user_version").fetchone()
        return [str(version), *connection.iterdump()]


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
