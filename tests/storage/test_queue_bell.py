"""Who gives its turn on in the writers' queue rings for the next one."""

from __future__ import annotations

import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from evalflow.storage import write_queue
from evalflow.storage.write_queue import WriteQueue

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="bells are Linux's: elsewhere all look")
PATIENCE = 20.0  # far longer than anything takes
HOLDER = """
import sys, time
from evalflow.storage import write_queue
from evalflow.storage.write_queue import WriteQueue
write_queue._LONGEST = float(sys.argv[2])
queue = WriteQueue(sys.argv[1])
if not queue.take(time.monotonic() + 60):
    sys.exit(1)
print("taken", flush=True)
sys.stdin.readline()
queue.give()
print("given", flush=True)
"""


@contextmanager
def program(path: Path, looks: float = write_queue._LONGEST) -> Iterator[subprocess.Popen[str]]:
    """Another program that takes its turn, says so, and gives it on when it is told to. In the
    queue it looks by itself after so many seconds."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path), str(looks)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def says(child: subprocess.Popen[str], word: str) -> None:
    assert child.stdout is not None
    assert child.stdout.readline() == f"{word}\n"


def give_on(child: subprocess.Popen[str]) -> None:
    assert child.stdin is not None
    child.stdin.write("\n")
    child.stdin.flush()


def drawn(queue: WriteQueue, count: int) -> None:
    """Wait until so many numbers are drawn."""
    until = time.monotonic() + PATIENCE
    while queue._file < 0 or queue._read()[0] < count:
        assert time.monotonic() < until
        time.sleep(0.005)


@pytest.fixture
def sleepy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody here looks by itself for as long as a test takes."""
    monkeypatch.setattr(write_queue, "_LONGEST", 10 * PATIENCE)


@LINUX
def test_who_waits_is_rung_for_when_the_turn_is_given_on(tmp_path: Path, sleepy: None) -> None:
    queue = WriteQueue(str(tmp_path / "queue"))
    with program(tmp_path / "queue") as other:
        says(other, "taken")
        threading.Timer(0.2, give_on, [other]).start()
        began = time.monotonic()
        assert queue.take(began + 10 * PATIENCE)
        assert time.monotonic() - began < PATIENCE
        queue.give()
    queue.close()


@LINUX
def test_the_bell_of_who_died_in_the_queue_is_passed_by(tmp_path: Path, sleepy: None) -> None:
    queue = WriteQueue(str(tmp_path / "queue"))
    with program(tmp_path / "queue") as other, program(tmp_path / "queue") as dead:
        # Which of the two came first is theirs; the other one stands in the queue.
        assert other.stdout is not None
        assert dead.stdout is not None
        speaking = select.select([other.stdout, dead.stdout], [], [], PATIENCE)[0]
        first, second = (other, dead) if other.stdout in speaking else (dead, other)
        queue._open()
        drawn(queue, 1)
        served: list[bool] = []
        waiting = threading.Thread(
            target=lambda: served.append(queue.take(time.monotonic() + 10 * PATIENCE))
        )
        waiting.start()
        drawn(queue, 2)
        second.kill()
        second.wait()
        give_on(first)
        waiting.join(PATIENCE)
        assert served == [True]
        queue.give()
    queue.close()


def test_who_cannot_be_rung_for_looks_by_itself(tmp_path: Path) -> None:
    queue = WriteQueue(str(tmp_path / "queue"))
    queue._bell._mute = True
    with program(tmp_path / "queue") as other:
        says(other, "taken")
        assert not queue.take(time.monotonic() + 0.1)
        threading.Timer(0.1, give_on, [other]).start()
        assert queue.take(time.monotonic() + PATIENCE)
        queue.give()
    queue.close()


@LINUX
@pytest.mark.parametrize("in_order", [True, False])
def test_who_came_last_is_served_first_but_for_a_while_only(
    tmp_path: Path, sleepy: None, monkeypatch: pytest.MonkeyPatch, in_order: bool
) -> None:
    monkeypatch.setattr(write_queue, "_WARM", 0 if in_order else 10**18)
    path, queue = tmp_path / "queue", WriteQueue(str(tmp_path / "queue"))
    with program(path) as other:
        says(other, "taken")
        threading.Timer(0.2, give_on, [other]).start()
        assert queue.take(time.monotonic() + 10 * PATIENCE)  # it waited, and was first
    with program(path, 10 * PATIENCE) as first:
        drawn(queue, 2)
        with program(path, 10 * PATIENCE) as last:
            drawn(queue, 3)
            queue.give()
            one, two = (first, last) if in_order else (last, first)
            says(one, "taken")
            give_on(one)
            says(one, "given")
            says(two, "taken")
            give_on(two)
            says(two, "given")
    assert queue.take(time.monotonic() + PATIENCE)
    queue.give()
    queue.close()


def test_a_number_that_was_served_early_is_drawn_again_or_rung_for_no_more(tmp_path: Path) -> None:
    queue = WriteQueue(str(tmp_path / "queue"))
    queue._open()
    soon = time.monotonic() + PATIENCE
    assert queue._draw(soon) == 0
    assert queue._draw(soon) == 1
    queue._hand_back(1)
    assert queue._read() == (1, 0)
    assert queue._draw(soon) == 1
    queue._hand_back(0)  # somebody came since
    assert queue._read() == (2, 0)
    with Path(tmp_path / "queue").open("rb") as file:
        content = file.read()
    named = [content[write_queue._place(number) :][:8] for number in (0, 1)]
    assert named == [bytes(8), queue._bell.name]
    queue.close()


@LINUX
def test_a_bell_rung_by_mistake_gives_no_turn(tmp_path: Path) -> None:
    queue = WriteQueue(str(tmp_path / "queue"))
    with program(tmp_path / "queue") as other:
        says(other, "taken")
        assert queue._bell.open()
        assert queue._bell.ring(queue._bell.name)
        assert not queue.take(time.monotonic() + 0.1)
    queue.close()
