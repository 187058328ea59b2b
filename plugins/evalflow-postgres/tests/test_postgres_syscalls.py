"""Killed and failing system calls of programs and of the server: a sample of `make trust`."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from evalflow_postgres import syscalls
from evalflow_postgres.testing import NoServer, Server

from evalflow.testing.acts import Fault, NoStrace

pytestmark = [pytest.mark.servers, pytest.mark.slow]


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that syncs what it writes."""
    try:
        running = Server(fsync=True, inside=syscalls.memory())
    except NoServer as why:
        pytest.skip(f"not on this machine: PostgreSQL (apt-get install postgresql): {why}")
    try:
        running.start()
        yield running
    finally:
        running.remove()


@pytest.fixture
def harness(server: Server) -> Iterator[syscalls.Faults]:
    if shutil.which("strace") is None:
        pytest.skip("not on this machine: strace (apt-get install strace)")
    with tempfile.TemporaryDirectory() as folder:
        yield syscalls.Faults(server, Path(folder), seed=1)


def cause(harness: syscalls.Faults, *faults: syscalls.Aimed) -> None:
    try:
        harness.run(faults)
    except NoStrace as why:
        pytest.skip(f"not on this machine: strace that may trace a server (run as root): {why}")


def test_nothing_is_lost_or_halved_by_calls_that_kill_or_fail(harness: syscalls.Faults) -> None:
    program, server = (
        [syscalls.Aimed(Fault(call, error, turn), where) for call, error, turn in faults]
        for where, faults in (
            (False, [("sendto", None, 12), ("recvfrom", "ECONNRESET", 9)]),
            (True, [("pwrite64", None, 1)]),
        )
    )
    cause(harness, *program, *server)
    figures = harness.figures
    assert figures["rounds"] == 3
    assert figures["looked"] == 3 * 4
    assert figures["killed: program at sendto"]
    assert figures["told: ECONNRESET of the program's recvfrom"]
    assert figures["told: killed of the server's pwrite64"]
