"""What is disturbed at its system calls: acts on stores, and what a store must hold after them.

A program makes a store and adopts a plan, fires, applies a batch or delivers notices. Before every
commit it says what it is about to write. Afterwards the store must stand as a store in memory
stands after the same commits: no earlier than what was acknowledged, no later than what was begun.
Then the act is done again, and must end where one ends that was never disturbed.
"""

from __future__ import annotations

import ctypes
import datetime as dt
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import evalflow
from evalflow import Engine
from evalflow.model.values import frozen
from evalflow.plugins.builtin_notifiers import Jsonl, JsonlOptions
from evalflow.storage import Storage
from evalflow.testing.crashes import be_child, notes_on, watched
from evalflow.testing.mirror import Broken, contents
from evalflow.testing.office import PLAN_ID, Ticking, fire, the_plan

ACTS = ("adopt", "fire", "batch", "deliver")
"""What is done, each in a store of its own."""

_FIRED = ("self_evaluate", "self_evaluate", "self_evaluate", "extend_deadline", "request_change")
_DAY = dt.timedelta(days=1)


class NoStrace(Exception):
    """There is no strace on this machine, or it may not trace."""


@frozen
class Fault:
    """What is done to the `turn`-th `call` of a process: an error, or (None) a kill."""

    call: str
    error: str | None
    turn: int

    @property
    def injection(self) -> str:
        """Return it as strace wants it said."""
        what = "signal=KILL" if self.error is None else f"error={self.error}"
        return f"inject={self.call}:{what}:when={self.turn}"


def open_store(url: str, plugins: Sequence[str] = (), *, later: bool = False) -> Engine:
    """Open a store with a clock that stands still; where notices are delivered, a day later."""
    clock = Ticking(going=False)
    if later:
        clock.moment += _DAY
    return evalflow.open(url, plugins=list(plugins), clock=clock)


@frozen
class Acts:
    """Acts on the stores that `url` names by act; `folder` takes what they write down. `plugins`
    open the stores."""

    folder: Path
    url: Callable[[str], str]
    plugins: tuple[str, ...] = ()

    def sent(self, act: str) -> Path:
        """Return the file that the act's notices are written to."""
        return self.folder / f"{act}.jsonl"

    def open(self, act: str) -> Engine:
        """Open the act's store as the act does."""
        return open_store(self.url(act), self.plugins, later=act == "deliver")

    def does(self, act: str, engine: Engine) -> None:
        """Do it, or what is left of it."""
        if act == "adopt" and PLAN_ID not in engine.plans.ids():
            _adopt(engine)
        elif act == "fire":
            _fire(engine)
        elif act == "batch":
            plan = evalflow.load_batch(self.folder / "planned.jsonl")
            by = engine.actor(PLAN_ID, "policy-1")
            for receipt in engine.batches.apply(plan, by=by, chunk=5):
                if receipt.outcome not in ("done", "already"):
                    raise Broken(f"a line of the batch ended as {receipt.outcome}")
        elif act == "deliver":
            jsonl = Jsonl(JsonlOptions(path=str(self.sent(act))))
            engine.deliver(notifiers={"jsonl": jsonl})

    def perform(self, act: str) -> None:
        """Be the program that does it, and says on paper what it writes."""
        paper = os.open(self.folder / f"{act}.paper", os.O_CREAT | os.O_WRONLY, 0o640)
        with watched(self.open(act), paper) as engine:
            self.does(act, engine)

    def said(self, act: str) -> tuple[int, int]:
        """Return how many commits the program heard to be done, and how many it began."""
        with (self.folder / f"{act}.paper").open("rb") as paper:
            said = notes_on(paper)
        return sum(ended for _, ended in said), len(said)

    def prepare(self, act: str) -> None:
        """Make the store that the act begins with."""
        with open_store(self.url(act), self.plugins) as engine:
            before(act, engine)
            if act == "batch":
                data = {"deadline": "submit", "until": "2016-04-20", "reason": "연장"}
                batch = engine.batch("extend_deadline", by="policy-1", data=data, mode="each")
                batch.save(self.folder / "planned.jsonl")

    def steps(self, act: str) -> list[dict[str, Any]]:
        """Return what a store holds before the act and after each of its commits, as a store in
        memory shows it."""
        with open_store("memory:") as engine:
            before(act, engine)
            found = [contents(engine.storage)]
            keeping = _Keeping(engine.storage, found)
            with Engine(keeping, plugins=engine.plugins, clock=engine.clock) as kept:
                if act != "deliver":
                    self.does(act, kept)
            return found

    def look(self, act: str, steps: Sequence[Mapping[str, Any]], *, least: int, most: int) -> int:
        """See that the store stands after one of the commits between these two, goes on, and ends
        as one that was never disturbed; return which.

        Raises:
            Broken: it is not what it should be.
        """
        with self.open(act) as engine:
            stands = [n for n, step in enumerate(steps) if contents(engine.storage) == step]
            if not stands or not any(least <= n <= most for n in stands):
                raise Broken(f"it stands at {stands}; acknowledged {least}, begun {most}")
            verify(engine)
            if act == "deliver" and not marked(engine) <= ids_in(self.sent(act)):
                raise Broken("a notice is marked that was not sent")
            self.does(act, engine)
            if contents(engine.storage) != steps[-1]:
                raise Broken("done again, it does not end as one that was never disturbed")
            verify(engine)
            if act == "deliver":
                self._look_at_notices(engine)
        return stands[0]

    def _look_at_notices(self, engine: Engine) -> None:
        if list(engine.outbox.notices(state="waiting")):  # what failed waits for its next turn
            clock = engine.clock
            assert isinstance(clock, Ticking)
            clock.moment += _DAY
            self.does("deliver", engine)
        ids = {each.notice.id for each in engine.outbox.notices()}
        if marked(engine) != ids or not ids <= ids_in(self.sent("deliver")):
            raise Broken("not every notice was sent, and marked")


def before(act: str, engine: Engine) -> None:
    """Bring a new store to where the act begins."""
    if act != "adopt":
        _adopt(engine)
    if act == "deliver":
        _fire(engine)


def _adopt(engine: Engine) -> None:
    plan = the_plan()
    engine.adopt(plan, by=plan.actor("policy-1"))


def _fire(engine: Engine) -> None:
    for number, event in enumerate(_FIRED, 1):
        project = engine.project(f"{PLAN_ID}/{number}")
        if project.version == 1:  # not one that was recorded before it was disturbed
            fire(engine, project, event, number)


class _Keeping:
    """A storage whose contents are kept after each commit."""

    def __init__(self, storage: Storage, steps: list[dict[str, Any]]) -> None:
        self._storage, self._steps = storage, steps

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    def commit(self, commit: Any) -> None:
        self._storage.commit(commit)
        self._steps.append(contents(self._storage))


def verify(engine: Engine) -> None:
    """See that `verify` finds nothing.

    Raises:
        Broken: it does.
    """
    if engine.plans.ids() and (faulty := list(engine.audit.verify())):
        raise Broken(faulty[0].text("en"))


def ids_in(file: Path) -> set[str]:
    """Return the notices in a file of JSON lines, also those that came as one; a line that was cut
    short was not sent."""
    found = set()
    for line in file.read_bytes().splitlines() if file.exists() else ():
        try:
            said = json.loads(line)
            found |= {said["id"], *said["data"].get("notices", ())}
        except (ValueError, UnicodeDecodeError):
            continue
    return found


def marked(engine: Engine) -> set[str]:
    """Return the notices that are marked as delivered."""
    return {each.notice.id for each in engine.outbox.notices(state="delivered")}


# --------------------------------------------------------------------------- under strace


def children(performing: Mapping[str, Callable[[], None]], folder: Path) -> Callable[[], None]:
    """Return what does each act in a child of its own, one after the other, and writes down in
    `ended` how each ended, in `said` what they said."""

    def perform() -> None:
        said = os.open(folder / "said", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o640)
        os.dup2(said, sys.stderr.fileno())
        ended = {}
        for act, does in performing.items():
            child = os.fork()
            if not child:
                be_child(lambda: None, does)
            ended[act] = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        (folder / "ended").write_text(json.dumps(ended))

    return perform


def traced(program: Callable[[], None], words: Sequence[str], trace: Path) -> None:
    """Run the program in a child under strace, to its end. The child has everything imported:
    Python's own start under strace would take longer than all acts.

    Raises:
        NoStrace: it cannot be.
    """
    waits, goes = os.pipe()
    child = os.fork()
    if not child:

        def be_traced() -> None:
            _let_anybody_trace()
            os.read(waits, 1)
            program()

        be_child(lambda: None, be_traced)
    try:
        with attached([child], words, trace):
            os.write(goes, b".")
            os.waitpid(child, 0)
            child = 0
    finally:
        if child:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        os.close(waits)
        os.close(goes)


class attached:  # noqa: N801 - used as a function
    """Within the block strace is attached to these processes and follows their children."""

    def __init__(self, processes: Sequence[int], words: Sequence[str], trace: Path) -> None:
        """Attach to them, with these words of strace's command line; it writes to `trace`."""
        self._processes = processes
        those = [word for process in processes for word in ("-p", str(process))]
        self._command = ["strace", "-f", "-qq", "-o", str(trace), *words, *those]

    def __enter__(self) -> None:
        try:
            self._strace = subprocess.Popen(
                self._command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
            )
        except OSError as error:
            raise NoStrace(str(error)) from error
        until = time.monotonic() + 20
        while not all(map(_is_traced, self._processes)):
            if self._strace.poll() is not None or time.monotonic() > until:
                self._strace.kill()
                raise NoStrace(self._strace.communicate()[1].strip()[-300:])
            time.sleep(0.002)

    def __exit__(self, *_: object) -> None:
        with self._strace:
            self._strace.terminate()  # it lets go of whoever is left, and ends


def _is_traced(process: int) -> bool:
    status = Path(f"/proc/{process}/status").read_text()
    return "TracerPid:\t0\n" not in status


def _let_anybody_trace() -> None:
    """Allow what some machines allow parents alone (Yama)."""
    ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_long(-1))


def emptied(folder: Path) -> Path:
    """Return the folder, made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder
