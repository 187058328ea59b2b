"""Crashes by causing them: programs that write are killed, and the store is looked at.

    python -m evalflow.testing.crashes --kills 1000

A child process walks projects about, delivers notices or applies a batch, and is killed at a
named point or at any moment, alone or beside another that goes on. Before every commit it says
what it is about to write, in a file that outlives it. What the store then holds must be what was
durable, whole: the same as a store in memory that was given just these commits and never knew
a crash. A batch is continued and must end where an uninterrupted one ends.

The caller is a program of a single thread, for it forks: a child that has everything imported
costs some milliseconds.
"""

from __future__ import annotations

import argparse
import collections
import datetime as dt
import itertools
import os
import pickle
import random
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import evalflow
from evalflow import BatchPlan, Engine, StorageError
from evalflow.plugins import Notice
from evalflow.storage import Commit, Head, Move, Selection, Storage, move_like
from evalflow.testing import faults
from evalflow.testing.mirror import Broken, compare, durable_of, give
from evalflow.testing.office import (
    PLAN_ID,
    Ticking,
    actor_for,
    data_for,
    step,
    the_plan,
)

POINTS = (
    "fire:decided",
    "commit:begun",
    "commit:written",
    "commit:done",
    "claim:claimed",
    "notice:sent",
    "settle:written",
)
"""Where a child is killed; besides, at any moment."""

_LIFE = 40  # kills that one store lives through
_STEPS = 25  # of a child that is not killed
_MOMENTS = 0.03  # seconds within which a kill at any moment comes
_HOUR, _DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
_LENGTH = struct.Struct("<I")


class _Witness:
    """A storage that says on paper what it is about to write, and then that it has."""

    def __init__(self, storage: Storage, paper: int) -> None:
        self._storage = storage
        self._paper = paper

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    def commit(self, commit: Commit) -> None:
        self._note("begin", commit)
        self._storage.commit(commit)
        self._note("end")

    def bulk_move(
        self, like: Move, heads: Sequence[Head], *, on: dt.date | None, under: int | None = None
    ) -> None:
        found = self._storage.snapshots(Selection(ids=tuple([each[0] for each in heads])))
        moves = tuple([move_like(like, each.project) for each in found])
        self._note("begin", Commit(moves=moves))
        self._storage.bulk_move(like, heads, on=on, under=under)  # type: ignore[attr-defined]
        self._note("end")

    def _note(self, *said: Any) -> None:
        line = pickle.dumps(((os.getpid(), threading.get_ident()), *said))
        os.write(self._paper, _LENGTH.pack(len(line)) + line)


class _Post:
    """A notifier that writes down what it sent, so that it is known after its death."""

    def __init__(self, file: int) -> None:
        self._file = file

    def deliver(self, notice: Notice) -> None:
        os.write(self._file, "".join([f"{each}\n" for each in notice.data["notices"]]).encode())


class Crashes:
    """One run: `kills` kills on stores that `fresh` makes; `figures` counts what happened.

    `born` is called in each child before anything else, and `quiet` after its death: it waits
    until nothing of it is left in the store's server, if there is one.
    """

    def __init__(
        self,
        fresh: Callable[[], str],
        *,
        seed: int,
        born: Callable[[], None] = lambda: None,
        quiet: Callable[[], None] = lambda: None,
    ) -> None:
        """Begin with a first store."""
        self._fresh = fresh
        self._born, self._quiet = born, quiet
        self._dice = random.Random(seed)
        self._plan = the_plan()
        self.figures: collections.Counter[str] = collections.Counter()
        self._begin()

    # ------------------------------------------------------------------ a store's life

    def _begin(self) -> None:
        self._clock = Ticking()
        self.url = self._fresh()
        self._engine = self._open(self.url)
        self._mirror = self._open("memory:")
        for engine in (self._engine, self._mirror):
            self._clock.going = False
            engine.adopt(self._plan, by=self._plan.actor("policy-1"))
        self._clock.going = True
        self._sent = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._kills_left = _LIFE

    def _open(self, url: str) -> Engine:
        return evalflow.open(url, plugins=None, clock=self._clock)

    def _end(self) -> None:
        """Deliver what is left, and see that every notice was sent."""
        self._clock.moment += _DAY
        self._engine.deliver(notifiers={"jsonl": _Post(self._sent.fileno())})
        sent = self._sent_ids()
        notices = {each.notice.id: each.state for each in self._engine.outbox.notices()}
        if set(notices) != set(sent) or set(notices.values()) - {"delivered"}:
            raise Broken("not every notice was sent, and marked")
        self.figures["stores"] += 1
        self.figures["notices sent"] += len(notices)
        self.figures["notices sent more than once"] += sum(n > 1 for n in sent.values())
        self.figures["entries"] += sum(1 for _ in self._engine.storage.entries())
        self.close()

    def close(self) -> None:
        """Let go of the store in hand."""
        self._engine.close()
        self._sent.close()

    def _sent_ids(self) -> collections.Counter[str]:
        self._sent.seek(0)
        return collections.Counter(self._sent.read().decode().split())

    def run(self, kills: int) -> collections.Counter[str]:
        """Kill so many children, and return what was counted."""
        while self.figures["kills"] < kills:
            self.once()
        self.finish()
        return self.figures

    def once(self, interfere: Callable[[float], None] | None = None) -> None:
        """Cause one crash and look at what it left. `interfere` is done to the store, after a
        moment in seconds, before the child is killed (a server killed, say): the child may end by
        itself, in a StorageError."""
        if not self._kills_left:
            self._end()
            self._begin()
        plan = None
        if interfere is None and self._dice.random() < 0.3:
            plan = self._batch()
        if plan is None:
            self._walk(interfere)
        else:
            self._interrupt(plan)
        self._kills_left -= 1

    def finish(self) -> None:
        """End the life of the store in hand."""
        self._end()

    # ------------------------------------------------------------------ walking

    def _walk(self, interfere: Callable[[float], None] | None) -> None:
        """Kill one that walks, perhaps while another goes on."""
        self._clock.moment += _HOUR  # leases of the killed run out
        with tempfile.TemporaryFile() as paper:
            if interfere is None:
                self._walk_and_kill(paper.fileno())
            else:
                child = self._fork(self._walking(paper.fileno(), "", None))
                interfere(self._dice.uniform(0, 4 * _MOMENTS))
                # It may have met nothing of it, and go on.
                os.kill(child, signal.SIGKILL)
                if self._reap(child) == 1:
                    raise Broken("the child did not end in a clear error")
                self.figures["server killed"] += 1
            self._quiet()
            self._check(notes_on(paper))

    def _walk_and_kill(self, paper: int) -> None:
        beside = None
        if self._dice.random() < 0.3:
            beside = self._fork(self._walking(paper, "", _STEPS))
        point = "any moment" if self._dice.random() < 0.4 else self._dice.choice(POINTS)
        fault = "" if point == "any moment" else f"{point}:kill:{self._dice.randint(1, 4)}"
        self._kill(self._fork(self._walking(paper, fault, None)), point)
        if beside is not None:
            if code := self._reap(beside):
                raise Broken(f"who goes on beside the killed one did not end well, but with {code}")
            self.figures["beside another"] += 1

    def _walking(self, paper: int, fault: str, steps: int | None) -> Callable[[], None]:
        """Return what a child does: so many steps, or without end."""
        seed = self._dice.randrange(1 << 30)

        def walking() -> None:
            rng = random.Random(seed)
            with watched(self._open(self.url), paper) as engine:
                faults.install(fault)
                for _ in itertools.count() if steps is None else range(steps):
                    if rng.random() < 0.15:
                        engine.deliver(notifiers={"jsonl": _Post(self._sent.fileno())}, limit=6)
                    else:
                        step(engine, rng)

        return walking

    # ------------------------------------------------------------------ batches

    def _batch(self) -> BatchPlan | None:
        """Return a batch that moves something, on some event."""
        self._clock.going = False  # a continued batch then writes what an uninterrupted one does
        events = ["amend", "request_change", "review", "self_evaluate", "send_back", "submit"]
        self._dice.shuffle(events)
        for event in events:
            plan = self._planned(event)
            if sum(line.allowed for line in plan) > 1:
                return plan
        self._clock.going = True
        return None

    def _planned(self, event: str) -> BatchPlan:
        project = self._engine.project(f"{PLAN_ID}/{self._dice.randint(1, 12)}")
        where: dict[str, Any] = {}
        by = actor_for(project, event)
        if by.endswith(("-1", "-head")) and by != "policy-1":
            where["unit"] = project.unit
        elif event == "submit":
            where["unit"] = project.unit[:-2]
        actor = self._engine.actor(PLAN_ID, by)
        data = dict(data_for(project, event, self._dice.randrange(90)))
        return self._engine.batch(event, by=actor, where=where, data=data, mode="each")

    def _interrupt(self, plan: BatchPlan) -> None:
        """Kill one that applies the plan; continue it, and compare with who was never killed."""
        chunk = self._dice.choice((1, 2, 5))
        point = "any moment"
        if self._dice.random() < 0.6:
            point = self._dice.choice(("commit:begun", "commit:written", "commit:done"))
        # A batch has no more transactions than projects: a later turn would not come.
        fault = "" if point == "any moment" else f"{point}:kill:{self._dice.randint(1, 2)}"
        with tempfile.TemporaryFile() as paper:

            def applying() -> None:
                with watched(self._open(self.url), paper.fileno()) as engine:
                    faults.install(fault)
                    for _ in engine.batches.apply(plan, chunk=chunk):
                        pass

            self._kill(self._fork(applying), point, may_end=True)
            self._quiet()
            written = notes_on(paper)
        receipts = {r.project: r.outcome for r in self._engine.batches.apply(plan, chunk=chunk)}
        whole = {r.project: r.outcome for r in self._mirror.batches.apply(plan)}
        already = {name for name, outcome in receipts.items() if outcome == "already"}
        surely = {m.project.id for commit, ended in written if ended for m in commit.moves}
        ends = {name: o if o != "already" else "done" for name, o in receipts.items()}
        if ends != whole or not surely <= already:
            raise Broken(f"the batch ended otherwise: {ends} instead of {whole}")
        self.look()
        self.figures["batches continued"] += 1
        self.figures["batches found half done"] += bool(already) and len(already) < len(whole)
        self._clock.going = True

    # ------------------------------------------------------------------ children

    def _fork(self, act: Callable[[], None]) -> int:
        """Start a child that does this; return its process id."""
        child = os.fork()
        if child:
            return child
        return be_child(self._born, act)

    def _kill(self, child: int, point: str, *, may_end: bool = False) -> None:
        """Wait until the child has died at its point, or kill it at any moment."""
        if point == "any moment":
            time.sleep(self._dice.uniform(0.002, _MOMENTS))
            os.kill(child, signal.SIGKILL)
        code = self._reap(child)
        if code == 0 and may_end:
            self.figures["ended before its kill"] += 1
        elif code == -signal.SIGKILL:
            self.figures["kills"] += 1
            self.figures[f"killed at {point}"] += 1
        else:
            raise Broken(f"the child ended by itself at {point}, with {code}")

    def _reap(self, child: int) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    # ------------------------------------------------------------------ looking

    def _check(self, notes: list[tuple[Commit, bool]]) -> None:
        """Give the mirror what was durable; then both must hold the same."""
        give(self._mirror.storage, durable_of(self._engine.storage, notes, self.figures))
        self.look()

    def look(self) -> None:
        """Compare the store with its mirror.

        Raises:
            Broken: they differ, or the histories do not bear out what stands.
        """
        compare(self._engine.storage, self._mirror.storage)
        if faulty := list(self._engine.audit.verify()):
            raise Broken(faulty[0].text("en"))
        sent = self._sent_ids()
        unsent = {each.notice.id for each in self._engine.outbox.notices(state="delivered")} - set(
            sent
        )
        if unsent:
            raise Broken(f"marked as delivered and never sent: {sorted(unsent)[:3]}")
        self.figures["looked"] += 1


def watched(engine: Engine, paper: int) -> Engine:
    """Return an engine on the same store whose commits are noted on the paper."""
    storage = _Witness(engine.storage, paper)
    return Engine(storage, plugins=engine.plugins, clock=engine.clock)


def notes_on(paper: Any) -> list[tuple[Commit, bool]]:
    """Return the commits that were begun, each with whether it returned."""
    found: list[tuple[Commit, bool]] = []
    open_: dict[tuple[int, int], int] = {}
    paper.seek(0)
    while len(head := paper.read(_LENGTH.size)) == _LENGTH.size:
        line = paper.read(_LENGTH.unpack(head)[0])
        if len(line) < _LENGTH.unpack(head)[0]:
            break  # killed while it said so, so nothing was begun
        child, word, *said = pickle.loads(line)
        if word == "begin":
            open_[child] = len(found)
            found.append((said[0], False))
        else:
            place = open_.pop(child)
            found[place] = (found[place][0], True)
    return found


def be_child(born: Callable[[], None], act: Callable[[], None]) -> NoReturn:
    """Be a child that ends without tidying up what is its parent's."""
    try:
        born()
        act()
    except StorageError as error:
        print(error, error.__cause__, file=sys.stderr, flush=True)
        os._exit(3 if error.code == "unreachable" else 2)
    except BaseException:
        import traceback

        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def told(figures: collections.Counter[str]) -> Iterator[str]:
    """Yield the figures as lines."""
    for name, count in sorted(figures.items()):
        yield f"{name:32} {count:>8}"


def figures_of(module: str, *arguments: str, **environment: str) -> collections.Counter[str]:
    """Run such a program in a process of its own, and return the figures that it printed.

    Raises:
        AssertionError: it failed; with what it said.
    """
    answer = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
    )
    assert answer.returncode == 0, answer.stderr[-2000:]
    lines = [line.rsplit(maxsplit=1) for line in answer.stdout.splitlines()]
    return collections.Counter({name.strip(): int(count) for name, count in lines})


def in_files(
    what: str,
    option: str,
    run: Callable[[Callable[[], str], int, int], collections.Counter[str]],
    arguments: Sequence[str] | None,
) -> None:
    """Be the command of such a program on SQLite files: `run` takes what makes a new store's
    URL, a seed, and how often (`option`)."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument(option, dest="often", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=2016)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        names = (Path(folder) / f"{number}.db" for number in range(1 << 30))
        for line in told(run(lambda: f"sqlite:///{next(names)}", given.seed, given.often)):
            print(line)


def main(arguments: Sequence[str] | None = None) -> None:
    """Crash stores in SQLite files, and print the figures."""
    in_files(
        str(main.__doc__),
        "--kills",
        lambda fresh, seed, often: Crashes(fresh, seed=seed).run(often),
        arguments,
    )


if __name__ == "__main__":
    main()
