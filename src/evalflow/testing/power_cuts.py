"""Power cuts: what a file system that forgets could leave of a store, opened and looked at.

    python -m evalflow.testing.power_cuts --cuts 600

The acts of `syscalls`, and programs of several threads that walk about in one store which is
checkpointed all the time, run under `strace`, which writes down what they do to the files
(`power`). Then the files are made as a cut of the power could have left them, at moments and in
ways by chance. Opened again, a store must hold all that was acknowledged before, and of what was
begun each commit whole or not at all; `verify` must find nothing. In half of the walks syncs fail
(EIO): the programs go on, and the same must hold of a cut at any moment after it, also where the
system has forgotten what a failed sync of the `-wal` file was to keep. Of the database file it must
not forget: SQLite copies pages back in parts, syncs once, and copies no part again. Nor does a sync
of the folder fail: SQLite would not notice.
"""

from __future__ import annotations

import argparse
import collections
import datetime as dt
import io
import json
import os
import random
import tempfile
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import evalflow
from evalflow import Engine, StorageError
from evalflow.model.values import frozen
from evalflow.plugins.builtin_notifiers import Jsonl, JsonlOptions
from evalflow.storage import sqlite_connection, sqlite_together
from evalflow.testing.acts import Fault, before, emptied, ids_in, marked, open_store, traced, verify
from evalflow.testing.crashes import be_child, notes_on, told, watched
from evalflow.testing.mirror import Broken, compare, durable_of, give
from evalflow.testing.office import Ticking, step
from evalflow.testing.power import WAYS, WORDS, Recording
from evalflow.testing.syscalls import Faults

__all__ = ["PowerCuts", "main"]

_PROGRAMS, _THREADS, _STEPS = 2, 4, 8
_PAGES = 12  # of the -wal file, after which it is copied back: two firings or so
_EACH = 40  # cuts of one recording
_HOUR = dt.timedelta(hours=1)
_MEMORY = "/dev/shm"


@frozen
class _Walk:
    """Programs that walk about in one store in `folder`; `synchronous` other than what the store
    would do itself."""

    folder: Path
    synchronous: str | None = None

    @property
    def store(self) -> Path:
        return self.folder / "walk.db"

    @property
    def sent(self) -> Path:
        return self.folder / "walk.jsonl"

    @property
    def shared(self) -> Path:
        return self.folder / "walk.shared"

    def open(self) -> Engine:
        clock = Ticking()
        clock.moment += _HOUR
        return evalflow.open(f"sqlite:///{self.store}", plugins=[], clock=clock)

    def begin(self) -> None:
        """Make the store, at rest."""
        with open_store(f"sqlite:///{self.store}") as engine:
            before("fire", engine)

    def perform(self, seeds: Sequence[int]) -> None:
        """Be the programs, one for each of the seeds; write down how they ended."""
        said = os.open(self.folder / "said", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o640)
        os.dup2(said, 2)
        running = []
        for seed in seeds:
            child = os.fork()
            if not child:
                be_child(self._prepared, partial(self._walks, seed))
            running.append(child)
        ended = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in running]
        (self.folder / "ended").write_text(json.dumps(ended))

    def _prepared(self) -> None:
        """Let each connection of this process copy the -wal file back after some pages, and write
        down how many threads' commits share a transaction."""
        connect, write_each = sqlite_connection._connect, sqlite_together.write_each
        shared = os.open(self.shared, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o640)

        def connected(path: str, usual: str, patience: float) -> Any:
            connection = connect(path, self.synchronous or usual, patience)
            connection.execute(f"PRAGMA wal_autocheckpoint = {_PAGES}")
            return connection

        def written(connection: Any, jobs: Sequence[sqlite_together.Job]) -> Any:
            os.write(shared, b"." * len(jobs))
            return write_each(connection, jobs)

        sqlite_connection._connect = connected  # type: ignore[assignment]
        sqlite_together.write_each = written

    def _walks(self, seed: int) -> None:
        paper = os.open(self.folder / "walk.paper", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o640)
        wrong: list[BaseException] = []
        with watched(self.open(), paper) as engine:
            walking = [
                threading.Thread(target=self._steps, args=(engine, random.Random(seed + n), wrong))
                for n in range(_THREADS)
            ]
            for each in walking:
                each.start()
            for each in walking:
                each.join()
        if wrong:
            raise wrong[0]

    def _steps(self, engine: Engine, rng: random.Random, wrong: list[BaseException]) -> None:
        try:
            for _ in range(_STEPS):
                try:
                    if rng.random() < 0.15:
                        jsonl = Jsonl(JsonlOptions(path=str(self.sent)))
                        engine.deliver(notifiers={"jsonl": jsonl}, limit=6)
                    else:
                        step(engine, rng)
                except StorageError:
                    continue  # people try something else
        except BaseException as error:
            wrong.append(error)


class PowerCuts(Faults):
    """Acts that are recorded, and cuts of the power in them; `figures` counts what happened."""

    def __init__(
        self,
        folder: Path,
        *,
        seed: int,
        older: Path | None = None,
        synchronous: str | None = None,
        lasting: bool = True,
    ) -> None:
        """Make the stores that acts begin with. `synchronous` is how walks sync, other than a
        store does by itself; `lasting`, whether what was acknowledged must last.

        Raises:
            NoStrace: strace cannot be run.
        """
        folder = folder.resolve()
        super().__init__(folder, seed=seed, older=older)
        self._left = folder / "left"
        self._synchronous, self._lasting = synchronous, lasting
        _Walk(self._base).begin()

    def cut(self, cuts: int) -> collections.Counter[str]:
        """Cut the power so often: half of the times in walks, of which every other one meets a
        failing sync; return what was counted."""
        for number in range(0, cuts, _EACH):
            often = min(_EACH, cuts - number) // 2
            self.cut_acts(min(_EACH, cuts - number) - often)
            self.cut_walk(often, failing=number // _EACH % 2 == 1)
        return self.figures

    def _look_at_left(
        self, found: Recording, name: str, way: str, look: Callable[[int], None]
    ) -> None:
        """Cut the power while a file is written, and look at what is left.

        Raises:
            Broken: it is not what it should be; with all that says how it came about.
        """
        touched = found.touched[name]
        moment = self._rng.choice((self._rng.choice(touched), self._rng.choice(touched) + 1))
        if self._rng.random() < 0.2:
            moment = self._rng.randint(touched[0], touched[-1] + 5)
        left = emptied(self._left)
        for each, content in found.left(moment, self._rng, way).items():
            (left / each).write_bytes(content)
        self.figures["cuts"] += 1
        self.figures[f"left: {way}"] += 1
        try:
            look(moment)
        except evalflow.EvalflowError as error:
            raise Broken(f"{name}, line {moment}, {way}: {error.text('en')}") from error
        except Broken as broken:
            raise Broken(f"{name}, line {moment}, {way}: {broken}") from broken

    # ------------------------------------------------------------------ acts

    def cut_acts(self, cuts: int) -> None:
        """Record the acts, and cut the power so often in any of them."""
        only = [self._work, *(self._work / f"{act}.paper" for act in self._acts)]
        words = [word for path in only for word in ("-P", str(path))]
        ended = self._round([*WORDS, *words])
        if any(ended.values()):
            raise Broken(f"undisturbed, acts ended with {ended}")
        names = [f"{act}.db" for act in self._acts if act != "adopt"]
        durable = {name: (self._base / name).read_bytes() for name in names}
        found, work = Recording(self._trace, self._work, durable), self._work
        for _ in range(cuts):
            act, way = self._rng.choice(self._acts), self._rng.choice(WAYS)
            self._work = self._left  # where it is looked
            try:
                self._look_at_left(found, f"{act}.db", way, partial(self._look_at_act, found, act))
            finally:
                self._work = work

    def _look_at_act(self, found: Recording, act: str, moment: int) -> None:
        (self._left / "planned.jsonl").write_bytes((self._base / "planned.jsonl").read_bytes())
        if act == "upgrade":
            self._look_at_upgrade(done=False)
            return
        said = notes_on(io.BytesIO(found.written(f"{act}.paper", moment)))
        self.figures["acknowledged, and there"] += sum(ended for _, ended in said)
        self._look_at_store(act, sum(ended for _, ended in said), len(said))

    # ------------------------------------------------------------------ walks

    def cut_walk(self, cuts: int, *, failing: bool) -> None:
        """Record programs that walk about, and cut the power so often."""
        walk = _Walk(emptied(self._work), self._synchronous)
        content = (self._base / "walk.db").read_bytes()
        walk.store.write_bytes(content)
        words = [*WORDS]
        if failing:
            fault = Fault("fdatasync", "EIO", self._rng.randint(1, _STEPS))
            words += ["-e", fault.injection]
        seeds = [self._rng.randrange(1 << 30) for _ in range(_PROGRAMS)]
        traced(partial(walk.perform, seeds), words, self._trace)
        if any(ended := json.loads((walk.folder / "ended").read_text())):
            said = (walk.folder / "said").read_text(errors="replace")
            raise Broken(f"walks ended with {ended}: {said[-1000:]}")
        durable = {walk.store.name: content}
        forgets = partial(str.__ne__, walk.store.name)
        found = Recording(self._trace, walk.folder, durable, forgets=forgets)
        self.figures["walks"] += 1
        self.figures["syncs that failed"] += found.failed
        self.figures["commits in a shared transaction"] += walk.shared.stat().st_size
        for _ in range(cuts):
            name = self._rng.choice(("walk.db", "walk.db-wal", "walk.db-wal", "walk.paper"))
            way = self._rng.choice(WAYS)
            self._look_at_left(found, name, way, partial(self._look_at_walk, found))

    def _look_at_walk(self, found: Recording, moment: int) -> None:
        walk = _Walk(self._left)
        notes = notes_on(io.BytesIO(found.written("walk.paper", moment)))
        with walk.open() as engine, open_store("memory:") as mirror:
            before("fire", mirror)
            durable = durable_of(engine.storage, notes, self.figures, lasting=self._lasting)
            give(mirror.storage, durable)
            compare(engine.storage, mirror.storage)
            verify(engine)
            if self._lasting and not marked(engine) <= ids_in(walk.sent):
                raise Broken("a notice is marked that was not sent")
            for _ in range(5):
                step(engine, self._rng)
            verify(engine)
        self.figures["acknowledged, and there"] += sum(ended for _, ended in notes)


def main(arguments: Sequence[str] | None = None) -> None:
    """Cut the power of programs that write, and print the figures."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--cuts", type=int, default=200, help="how many")
    parser.add_argument("--seed", type=int, default=2016)
    parser.add_argument("--older", type=Path, help="a store of an older schema version")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=_MEMORY if os.path.isdir(_MEMORY) else None) as folder:
        harness = PowerCuts(Path(folder), seed=given.seed, older=given.older)
        for line in told(harness.cut(given.cuts)):
            print(line)


if __name__ == "__main__":
    main()
