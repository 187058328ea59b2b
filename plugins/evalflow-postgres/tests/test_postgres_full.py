"""The server's disk is full: told, nothing lost, and it goes on when there is room."""

from __future__ import annotations

import random
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from evalflow_postgres.testing import NoServer, Server

import evalflow
from evalflow import StorageError
from evalflow.testing.office import Ticking, step, the_plan


def mounted(*arguments: str) -> bool:
    return subprocess.run(arguments, capture_output=True, check=False).returncode == 0


@pytest.fixture
def crowded(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Server, Path]]:
    """A server on a disk of its own, which is easily filled."""
    disk = Path(tempfile.mkdtemp(prefix="evalflow-disk-"))
    if shutil.which("mount") is None or not mounted(
        "mount", "-t", "tmpfs", "-o", "size=160m,mode=777", "evalflow-test", str(disk)
    ):
        disk.rmdir()
        pytest.skip("not on this machine: a small disk (run as root, who may mount one)")
    disk.chmod(0o755)
    try:
        monkeypatch.setattr("tempfile.tempdir", str(disk))
        try:
            server = Server()
        except NoServer as why:
            pytest.skip(f"not on this machine: PostgreSQL (apt-get install postgresql): {why}")
        monkeypatch.undo()
        server.start()
        yield server, disk
        server.remove()
    finally:
        assert mounted("umount", "-l", str(disk))
        disk.rmdir()


def walk(engine: evalflow.Engine, steps: int) -> list[str]:
    """Walk until the storage complains; return the hashes of what there was before."""
    rng = random.Random(steps)
    known: list[str] = []
    for _ in range(steps):
        known = [entry.hash for _, entry in engine.storage.entries()]
        try:
            step(engine, rng)
        except StorageError as error:
            # "unreachable" where there was no room for the server's log.
            if error.code not in ("full", "unreachable"):
                raise
            return known
    return []


@pytest.mark.servers
@pytest.mark.slow
def test_a_full_disk_of_the_server_is_told_and_forgotten_when_there_is_room(
    crowded: tuple[Server, Path],
) -> None:
    server, disk = crowded
    plan = the_plan()
    with evalflow.open(server.url, clock=Ticking()) as engine:
        engine.adopt(plan, by=plan.actor("policy-1"))
        ballast = disk / "ballast"
        with ballast.open("wb") as file:
            file.write(bytes(shutil.disk_usage(disk).free - 256 * 1024))
        known = walk(engine, 20_000)
        assert known, "the disk was not filled"
        ballast.unlink()
        server.kill()
        server.start()

        assert [entry.hash for _, entry in engine.storage.entries()] == known
        assert list(engine.audit.verify()) == []
        assert not walk(engine, 20)
        assert len([entry for _, entry in engine.storage.entries()]) > len(known)
        assert list(engine.audit.verify()) == []
