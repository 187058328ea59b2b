"""A rush of mail: thousands of notices to a slow mail server, by deliverers that are killed.

    python -m evalflow_notify.rush --notices 10000 --deliverers 4 --takes 0.36 --kill-every 200

A store with so many notices is made; then so many deliverers send them at once, as real mail to a
server on this machine that takes its time for each, and writes down what it took over. After every
so many mails one deliverer is killed (`SIGKILL`) and another one started. At the end every notice
must have been taken over and marked; more than once only what a killed deliverer had sent and not
yet marked (what it sends within a second).
"""

from __future__ import annotations

import argparse
import collections
import datetime as dt
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import evalflow
from evalflow.plugins import Notice
from evalflow.testing.crashes import told
from evalflow.testing.mirror import Broken
from evalflow.testing.office import Ticking, step, the_plan
from evalflow_notify.mail import Mail, MailOptions

_STORE = "sqlite:///{}?synchronous=NORMAL"


class SlowServer:
    """A mail server on this machine that takes `takes` seconds for each mail; `came` are the
    Message-IDs that it took over, with the moment."""

    def __init__(self, takes: float) -> None:
        """Listen."""
        self._takes = takes
        self._lock = threading.Lock()
        self.came: list[tuple[float, str]] = []
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            try:
                connection.sendall(b"220 slow\r\n")
                while line := lines.readline():
                    verb = line[:4].upper().strip()
                    if verb == b"DATA":
                        self._take(connection, lines)
                        continue
                    connection.sendall(b"221 bye\r\n" if verb == b"QUIT" else b"250 fine\r\n")
                    if verb == b"QUIT":
                        return
            except OSError:  # who sent it was killed
                return

    def _take(self, connection: socket.socket, lines: Iterator[bytes]) -> None:
        connection.sendall(b"354 go on\r\n")
        named = ""
        for line in lines:
            if line.lower().startswith(b"message-id:"):
                named = line.split(b":", 1)[1].strip().decode()
            if line == b".\r\n":
                break
        else:
            return  # cut off: nothing was taken over
        time.sleep(self._takes)
        with self._lock:
            self.came.append((time.monotonic(), named))
        connection.sendall(b"250 taken over\r\n")

    def close(self) -> None:
        """Take no more."""
        self._listening.close()


def given(path: Path, notices: int) -> int:
    """Make a store in which at least so many notices wait; return how many."""
    rng, clock = random.Random(2016), Ticking()  # noqa: S311 - the same store each time
    with evalflow.open(_STORE.format(path), plugins=[], clock=clock) as engine:
        plan = the_plan(each=20)
        engine.adopt(plan, by=plan.actor("policy-1"))
        while True:
            for _ in range(200):
                step(engine, rng)
            found = sum(1 for _ in engine.outbox.notices())
            if found >= notices:
                return found


class _Noting(Mail):
    """Mail that writes down, before it is sent, which notices it is about: those of one act for one
    person come as one."""

    def __init__(self, options: MailOptions, file: str) -> None:
        super().__init__(options)
        self._file = os.open(file, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o640)

    def deliver(self, notice: Notice) -> None:
        about = [self._mail(notice)["Message-ID"], list(notice.data["notices"])]
        os.write(self._file, json.dumps(about).encode() + b"\n")
        super().deliver(notice)


def _about(path: Path) -> dict[str, set[str]]:
    """Return the notices that each mail was surely about, by its Message-ID."""
    found: dict[str, set[str]] = {}
    noted = Path(f"{path}.mails")
    for line in noted.read_text().splitlines() if noted.exists() else ():
        named, notices = json.loads(line)
        found[named] = found.get(named, set(notices)) & set(notices)
    return found


def deliver(path: str, port: int, pace: float) -> None:
    """Be one deliverer until nothing is left, by a clock that goes `pace` times as fast."""
    began, since = dt.datetime.now(dt.UTC), time.monotonic()

    def clock() -> dt.datetime:
        return began + dt.timedelta(seconds=(time.monotonic() - since) * pace)

    with evalflow.open(_STORE.format(path), plugins=[], clock=Ticking()) as engine:
        people = {each.notice.recipient for each in engine.outbox.notices()}
        options = MailOptions(
            server="127.0.0.1",
            port=port,
            tls="none",
            from_="office@city.invalid",
            addresses={each: f"{n}@city.invalid" for n, each in enumerate(sorted(people))},
        )
        mail = _Noting(options, f"{path}.mails")
    with evalflow.open(_STORE.format(path), plugins=[], clock=clock) as engine:
        while list(_left(engine)):
            if not engine.deliver(notifiers={"jsonl": mail}).delivered:
                time.sleep(0.5)


def _left(engine: evalflow.Engine) -> Iterator[str]:
    return (each.notice.id for each in engine.outbox.notices(state="waiting"))


@contextmanager
def _deliverers(
    count: int, path: Path, *arguments: float
) -> Iterator[list[subprocess.Popen[bytes]]]:
    running = [_started(path, *arguments) for _ in range(count)]
    try:
        yield running
    finally:
        for each in running:
            each.kill()
            each.wait()


def _started(path: Path, *arguments: float) -> subprocess.Popen[bytes]:
    words = [str(path), *map(str, arguments)]
    command = [sys.executable, "-m", "evalflow_notify.rush", "--be-deliverer", *words]
    ours = os.pathsep.join(sys.path)
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": ours})  # noqa: S603


def run(
    folder: Path,
    *,
    notices: int,
    deliverers: int,
    takes: float,
    kill_every: int,
    pace: float = 1,
) -> collections.Counter[str]:
    """Send them, and return what was counted.

    Raises:
        Broken: one is lost, or came more often than kills explain.
    """
    path, figures = folder / "office.db", collections.Counter[str]()
    figures["notices"] = given(path, notices)
    server = SlowServer(takes)
    began = time.monotonic()
    with _deliverers(deliverers, path, server.port, pace) as running:
        killed = 0
        while any(each.poll() is None for each in running):
            time.sleep(0.02)
            if not killed + kill_every <= len(server.came) < figures["notices"]:
                continue
            killed = len(server.came)
            place = figures["deliverers killed"] % deliverers
            if running[place].poll() is None:
                running[place].kill()
                running[place].wait()
                figures["deliverers killed"] += 1
                running[place] = _started(path, server.port, pace)
        if any(each.returncode for each in running):
            raise Broken("a deliverer ended in an error")
    server.close()
    return figures + looked_at(path, server.came, began, takes, figures)


def looked_at(
    path: Path,
    came: Sequence[tuple[float, str]],
    began: float,
    takes: float,
    figures: collections.Counter[str],
) -> collections.Counter[str]:
    """Hold what the server took over against what the store says; return what was counted.

    Raises:
        Broken: a notice is lost or not marked, or came more often than kills explain.
    """
    times = collections.Counter(named for _, named in came)
    with evalflow.open(_STORE.format(path), plugins=[], clock=Ticking()) as engine:
        every = list(engine.outbox.notices())
        marked = sum(each.state == "delivered" for each in every)
        faulty = list(engine.audit.verify())
    about = _about(path)
    came_of = {notice for named in times for notice in about.get(named, ())}
    never = [each.notice.id for each in every if each.notice.id not in came_of]
    if marked != len(every) or never:
        raise Broken(f"of {len(every)} notices {marked} are marked, {len(never)} never came")
    if faulty:
        raise Broken(faulty[0].text("en"))
    twice = sum(count - 1 for count in times.values())
    within = int(1 / takes) + 2 if takes else 100  # what one sends between two marks
    if twice > within * figures["deliverers killed"]:
        raise Broken(f"{twice} mails too many, by {figures['deliverers killed']} kills")
    most = sorted(moment for moment, _ in came)[int(len(came) * 0.9)] - began
    return collections.Counter(
        {
            "mails": len(times),
            "mails taken over": len(came),
            "mails that came once more": twice,
            "mails an hour (nine tenths of them)": int(len(came) * 0.9 / most * 3600),
            "seconds, all in all": int(max(moment for moment, _ in came) - began),
        }
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Send thousands of notices to a slow mail server, and print the figures."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--notices", type=int, default=10_000)
    parser.add_argument("--deliverers", type=int, default=4)
    parser.add_argument("--takes", type=float, default=0.36, help="seconds that a mail takes")
    parser.add_argument("--kill-every", type=int, default=200, help="mails")
    parser.add_argument(
        "--pace", type=float, default=1, help="how fast the deliverers' clock goes (leases)"
    )
    parser.add_argument("--be-deliverer", nargs=3, help=argparse.SUPPRESS)
    said = parser.parse_args(arguments)
    if said.be_deliverer:
        path, port, pace = said.be_deliverer
        deliver(path, int(port), float(pace))
        return
    with tempfile.TemporaryDirectory() as folder:
        for line in told(
            run(
                Path(folder),
                notices=said.notices,
                deliverers=said.deliverers,
                takes=said.takes,
                kill_every=said.kill_every,
                pace=said.pace,
            )
        ):
            print(line)


if __name__ == "__main__":
    main()
