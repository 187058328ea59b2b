"""A PostgreSQL server for tests and benchmarks, started and stopped by the caller.

with server() as url:
    evalflow.open(url)
"""

from __future__ import annotations

import glob
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

VARIABLE = "EVALFLOW_TEST_PG"
"""The environment variable with the URL of a database to use instead."""


class NoServer(Exception):
    """No server can be had here; the text says why."""


@contextmanager
def server(*, fsync: bool = False) -> Iterator[str]:
    """Give the URL of a database: the one that `EVALFLOW_TEST_PG` names, or one of a new server
    in a temporary folder, run by an unprivileged user from the newest `/usr/lib/postgresql/*/bin`.

    `fsync=False` is for tests: what was committed survives a killed server, not a power cut.

    Raises:
        NoServer: there is none, and none can be started.
    """
    given = os.environ.get(VARIABLE)
    if given:
        yield given
        return
    running = Server(fsync=fsync)
    try:
        running.start()
        yield running.url
    finally:
        running.remove()


class Server:
    """A server of our own, which a test may also stop, kill and start again."""

    def __init__(self, *, fsync: bool = False, inside: str | None = None) -> None:
        """Make its data folder, `inside` a folder or where temporary files are."""
        self._bin = _programs()
        self._as_user = _as_user()
        self.folder = Path(tempfile.mkdtemp(prefix="evalflow-pg-", dir=inside))
        self._data = self.folder / "data"
        owner = _unprivileged()
        if os.geteuid() == 0:
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        self.port = _free_port()
        self.url = f"postgresql://evalflow@127.0.0.1:{self.port}/postgres"
        self._run("initdb", "-D", self._data, "-U", "evalflow", "-A", "trust", "-E", "UTF8",
                  "--locale=C", "--no-sync")  # fmt: skip
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "fsync": "on" if fsync else "off",
            "max_connections": 200,
            "shared_buffers": "64MB",
        }
        lines = [f"{name} = '{value}'\n" for name, value in settings.items()]
        with (self._data / "postgresql.conf").open("a") as file:
            file.writelines(lines)

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        self._bury()
        self._run("pg_ctl", "-D", self._data, "-w", "-t", "30", "-l", self.folder / "log", "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop it; `immediate` is as if it had crashed."""
        self._run("pg_ctl", "-D", self._data, "-w", "-t", "30", "-m", mode, "stop")

    @property
    def process(self) -> int:
        """The process that starts all others of the server."""
        return int((self._data / "postmaster.pid").read_text().split()[0])

    def wake(self) -> bool:
        """Wake its processes, also those that outlive the first one; say whether there are any.
        One that is started while strace lets go of the others is left standing."""
        found = _working_in(self._data)
        for process in found:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)
        return bool(found)

    def kill(self) -> None:
        """End it and all its processes at once, as the machine's kernel would."""
        postmaster = self.process
        os.kill(postmaster, signal.SIGSTOP)  # so that it starts no more of them
        _wait_until(lambda: _state(postmaster) == "T")
        processes = [*_children(postmaster), postmaster]
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        _wait_until(lambda: all(_state(process) in ("", "Z", "X") for process in processes))
        self._bury()

    def _bury(self) -> None:
        """Where nobody has taken note of a server's death it still counts as running."""
        with suppress(OSError, ValueError, IndexError):
            if _state(self.process) in ("", "Z", "X"):
                (self._data / "postmaster.pid").unlink()

    def follow(self, primary: Server) -> None:
        """Become a standby of another server, which waits for this one with every commit: take its
        data, in the place of our own, and stream what it writes."""
        shutil.rmtree(self._data)
        source = f"{primary.url}?application_name=standby"
        self._run("pg_basebackup", "-D", self._data, "-d", source, "-R", "-c", "fast", "--no-sync")
        with (self._data / "postgresql.conf").open("a") as file:
            file.write(f"port = {self.port}\nsynchronous_standby_names = ''\n")
        self.start()
        primary.set("synchronous_standby_names", "standby")

    def set(self, name: str, value: str) -> None:
        """Set a parameter of the running server."""
        with (self._data / "postgresql.conf").open("a") as file:
            file.write(f"{name} = '{value}'\n")
        self._run("pg_ctl", "-D", self._data, "reload")

    def promote(self) -> None:
        """Make a standby the server that is written to."""
        self._run("pg_ctl", "-D", self._data, "-w", "-t", "30", "promote")

    def remove(self) -> None:
        """Stop it, if it runs, and remove all that it kept."""
        if (self._data / "postmaster.pid").exists():
            self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *arguments: object) -> None:
        command = [*self._as_user, os.path.join(self._bin, program), *map(str, arguments)]
        try:
            done = subprocess.run(  # noqa: S603 - our own words
                command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                timeout=60,
                env={**os.environ, "LC_ALL": "C"},
            )
        except OSError as error:
            raise NoServer(f"{program}: {error}") from error
        if done.returncode:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise NoServer(f"{program} failed: {done.stdout.strip()[-500:]}")


def fresh(url: str) -> str:
    """Return the URL of a store of its own in the same database: a schema nobody has used."""
    joint = "&" if "?" in url else "?"
    return f"{url}{joint}schema=t{uuid.uuid4().hex}"


def _programs() -> str:
    found = glob.glob("/usr/lib/postgresql/*/bin/initdb")
    if found:
        newest = max(found, key=lambda path: int(re.findall(r"[0-9]+", path)[0]))
        return os.path.dirname(newest)
    elsewhere = shutil.which("initdb")
    if elsewhere is None:
        raise NoServer(
            f"no PostgreSQL server is installed, and {VARIABLE} names none "
            "(on Debian: apt-get install postgresql)"
        )
    return os.path.dirname(elsewhere)


def _children(parent: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            after = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(after[1]) == parent:
                found.append(int(folder.name))
    return found


def _working_in(folder: Path) -> list[int]:
    """Return the processes whose working directory this is."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cwd").samefile(folder):
                found.append(int(process.name))
    return found


def _state(process: int) -> str:
    """Return the letter with which the kernel says how a process is; nothing if there is none."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def _wait_until(question: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not question():
        if time.monotonic() > until:
            raise NoServer("the server's processes do not die")
        time.sleep(0.002)


def _unprivileged() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoServer("there is neither a user 'postgres' nor 'nobody' to run a server as")


def _as_user() -> list[str]:
    """PostgreSQL refuses to be run by root."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={_unprivileged().pw_name}", "--clear-groups", "--"]


def _free_port() -> int:
    with socket.socket() as asking:
        asking.bind(("127.0.0.1", 0))
        port: int = asking.getsockname()[1]
    return port
