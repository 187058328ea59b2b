"""Kills and errors by system call, on PostgreSQL: of the program, and of the server's process
that works for it.

    python -m evalflow_postgres.syscalls --faults 40

The acts of `evalflow.testing.acts` run while `strace` kills the program at its n-th call to or
from the server, or lets that call fail as a broken connection does; or does so to the server's
process at its n-th write, sync or answer, as a broken or a full disk does. Where that ends a
process of the server, all of it recovers from its log, and perhaps is met once more while it does;
it is started where it did not come back by itself. The store must then stand as `acts` says.

The server is one of our own, in a temporary folder, and syncs what it writes. All faults there
are, or a sample of `--faults`.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import random
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path

import attrs
import psycopg

import evalflow
from evalflow.testing.acts import ACTS, Acts, Fault, attached, children, emptied, traced
from evalflow.testing.crashes import be_child, told
from evalflow.testing.mirror import Broken
from evalflow.testing.syscalls import faults_in
from evalflow_postgres.testing import Server

CLIENT_KILLS = ("sendto", "recvfrom")
CLIENT_ERRORS = (("sendto", "EPIPE"), ("recvfrom", "ECONNRESET"), ("recvfrom", "ETIMEDOUT"))
"""The calls of the program: what it asks and what it hears."""

SERVER_KILLS = ("pwrite64", "fdatasync", "sendto", "recvfrom")
SERVER_ERRORS = (
    ("pwrite64", "EIO"),
    ("pwrite64", "ENOSPC"),
    ("fdatasync", "EIO"),
    ("openat", "EMFILE"),
    ("sendto", "EPIPE"),
)
"""The calls of the server's process: its log and files, and what it answers."""

_PLUGINS = ("evalflow-postgres",)


@attrs.frozen
class Aimed:
    """A fault, and whether it meets the server's process instead of the program."""

    fault: Fault
    server: bool

    def __str__(self) -> str:
        return f"{'server' if self.server else 'client'}, {self.fault}"


class Faults:
    """Rounds of acts that are disturbed; `figures` counts what happened."""

    def __init__(self, server: Server, folder: Path, *, seed: int) -> None:
        """Make the stores that acts begin with, in a database that each round copies.

        Raises:
            NoStrace: strace cannot be run, or not trace the server.
        """
        self._server, self._folder = server, folder
        self._work = folder / "work"
        self._trace = folder / "trace"
        self._rng = random.Random(seed)  # noqa: S311 - whoever finds something repeats it
        self.figures: collections.Counter[str] = collections.Counter()
        self._do("CREATE DATABASE base")
        base = Acts(emptied(folder / "base"), partial(self._url, "base"), _PLUGINS)
        for act in ACTS:
            if act != "adopt":
                base.prepare(act)
        self._steps = {act: base.steps(act) for act in ACTS}
        self._planned = (base.folder / "planned.jsonl").read_bytes()

    def _url(self, database: str, act: str) -> str:
        return f"{self._server.url.rpartition('/')[0]}/{database}?schema={act}"

    def _do(self, *statements: str) -> None:
        with closing(psycopg.connect(self._server.url, autocommit=True)) as connection:
            for statement in statements:
                connection.execute(statement)

    def all(self) -> list[Aimed]:
        """Return every fault there is, in a random order: as many turns of each call as the process
        that makes most of them."""
        found = []
        for server, kills, errors in (
            (False, CLIENT_KILLS, CLIENT_ERRORS),
            (True, SERVER_KILLS, SERVER_ERRORS),
        ):
            calls = sorted({*kills, *(call for call, _ in errors)})
            with self._round(["-e", f"trace={','.join(calls)}"], server=server):
                pass
            found += [Aimed(each, server) for each in faults_in(self._trace, kills, errors)]
        self._rng.shuffle(found)
        return found

    def run(self, faults: Sequence[Aimed]) -> collections.Counter[str]:
        """Cause these faults, each in every act; return what was counted."""
        for each in faults:
            self.once(each)
        return self.figures

    def once(self, aimed: Aimed) -> None:
        """Cause one fault in every act that comes so far, and look at what it left.

        Raises:
            Broken: it is not what it should be.
        """
        fault = aimed.fault
        words = ["-e", f"trace={fault.call}", "-e", fault.injection]
        self.figures["rounds"] += 1
        with self._round(words, server=aimed.server) as codes:
            for act in ACTS:
                try:
                    self._look(act, codes[act], aimed)
                except evalflow.EvalflowError as error:
                    raise Broken(f"{act}, {aimed}: {error.text('en')}") from error
                except Broken as broken:
                    raise Broken(f"{act}, {aimed}: {broken}") from broken

    @contextmanager
    def _round(self, words: Sequence[str], *, server: bool) -> Iterator[dict[str, int]]:
        """Do each act in stores of its own, disturbed; give how each ended, when all is quiet."""
        # A copied sequence draws up to 32 numbers that its server's log knows nothing of, until a
        # checkpoint has passed: a crash before that would set it back (PostgreSQL 15).
        self._do("CREATE DATABASE work TEMPLATE base", "CHECKPOINT")
        work = emptied(self._work)
        (work / "planned.jsonl").write_bytes(self._planned)
        performing = {act: partial(self._acts().perform, act) for act in ACTS}
        codes: dict[str, int] = {}
        if server:
            for act, does in performing.items():
                with attached([self._server.process], words, self._trace):
                    child = os.fork()
                    if not child:
                        be_child(lambda: None, does)
                    codes[act] = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
                self._come_back()
        else:
            with self._hanging_up():
                traced(children(performing, work), words, self._trace)
            codes |= json.loads((work / "ended").read_text())
            self._quiet()
        yield codes
        self._do("DROP DATABASE work WITH (FORCE)")

    @contextmanager
    def _hanging_up(self) -> Iterator[None]:
        """Within the block the server hangs up on programs of which a call was made to fail, as it
        has where EPIPE is true: libpq waits to read that it did (`PQisBusy`), so that otherwise a
        program would wait for an answer to what was never sent."""
        self._trace.unlink(missing_ok=True)
        watcher = os.fork()
        if not watcher:
            be_child(lambda: None, self._hang_up_where_met)
        try:
            yield
        finally:
            os.kill(watcher, signal.SIGKILL)
            os.waitpid(watcher, 0)

    def _hang_up_where_met(self) -> None:
        met = 0
        while True:  # until it is killed
            with suppress(FileNotFoundError, psycopg.Error):
                now = self._trace.read_text(errors="replace").count("INJECTED")
                if now > met:
                    self._do(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE datname = 'work'"
                    )
                    met = now
            time.sleep(0.01)

    def _acts(self) -> Acts:
        return Acts(self._work, partial(self._url, "work"), _PLUGINS)

    def _come_back(self) -> None:
        """Wait until the server takes connections, and start it where it ended."""
        until = time.monotonic() + 60
        while True:
            there = self._server.wake()
            if not there:
                self._server.start()
                self.figures["servers that did not come back by themselves"] += 1
            try:
                self._quiet()
                return
            except psycopg.OperationalError:  # it recovers
                if time.monotonic() > until:
                    raise
                time.sleep(0.02)

    def _quiet(self) -> None:
        """Wait until the server has noticed that the programs are gone."""
        asked = "SELECT 1 FROM pg_stat_activity WHERE datname = 'work'"
        until = time.monotonic() + 60
        joined = psycopg.connect(self._server.url, autocommit=True, connect_timeout=2)
        with closing(joined) as connection:
            while connection.execute(asked).fetchone():
                if time.monotonic() > until:
                    raise TimeoutError("the server does not notice that its client is dead")
                time.sleep(0.002)

    # ------------------------------------------------------------------ looking

    def _look(self, act: str, code: int, aimed: Aimed) -> None:
        fault = aimed.fault
        where = "server" if aimed.server else "program"
        hit = "INJECTED" in self._trace.read_text(errors="replace")
        if code == -signal.SIGKILL and fault.error is None and not aimed.server:
            self.figures[f"killed: {where} at {fault.call}"] += 1
        elif code in _TOLD and (hit or aimed.server):
            self.figures[f"told: {fault.error or 'killed'} of the {where}'s {fault.call}"] += 1
        elif code == 0:
            self.figures["not met, or got over"] += 1
        else:
            raise Broken(f"ended with {code}")
        acts = self._acts()
        least, begun = acts.said(act)
        sure = code in (0, _REFUSED)  # elsewhere the last word may not have come
        stands = acts.look(act, self._steps[act], least=least, most=least if sure else begun)
        self.figures["durable without a word"] += stands > least
        self.figures["looked"] += 1


_REFUSED, _UNREACHABLE = 2, 3
_TOLD = (_REFUSED, _UNREACHABLE)
"""How a program ends that was told a `StorageError`: another one, or `unreachable`."""


def memory() -> str | None:
    """Return a folder in memory, where there is one: calls are met there as on a disk, and sooner
    done."""
    return "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108


def main(arguments: Sequence[str] | None = None) -> None:
    """Disturb programs and the server at their system calls, and print the figures."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--faults", type=int, default=40, help="how many rounds; 0: all there are")
    parser.add_argument("--seed", type=int, default=2016)
    given = parser.parse_args(arguments)
    server = Server(fsync=True, inside=memory())
    try:
        server.start()
        with tempfile.TemporaryDirectory() as folder:
            harness = Faults(server, Path(folder), seed=given.seed)
            faults = harness.all()
            harness.figures["faults there are"] = len(faults)
            figures = harness.run(faults[: given.faults or None])
    finally:
        server.remove()
    for line in told(figures):
        print(line)


if __name__ == "__main__":
    main()
