"""Verifying a store: time and memory, whole, from a checkpoint on, and the checkpoint alone.

A store of so many projects with so many entries each; each measure is a process of its own, so
that its memory (greatest resident size) is its own. The time should grow in a line with the
entries, the memory should not grow with them.

    python benchmarks/verify.py [PROJECTSxENTRIES]...
"""

from __future__ import annotations

import datetime as dt
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import evalflow
from evalflow.testing.office import PLAN_ID, Ticking, the_plan

SIZES = ("250x20", "1000x5", "1000x10", "1000x20")


def given(path: Path, projects: int, entries: int) -> None:
    """Make the store: adopted, evaluated once, then a deadline put off again and again."""
    clock = Ticking()
    with evalflow.open(f"sqlite:///{path}?synchronous=NORMAL", plugins=[], clock=clock) as engine:
        plan = the_plan(each=-(-projects // 6))
        engine.adopt(plan, by=plan.actor("policy-1"))
        numbers = [str(number) for number in range(1, projects + 1)]
        for count in range(entries - 1):
            data = {
                "deadline": "submit",
                "until": str(dt.date(2016, 4, 20) + dt.timedelta(days=count)),
                "reason": f"연장 {count}",
            }
            batch = engine.batch(
                "extend_deadline",
                by="policy-1",
                where={"plan": PLAN_ID, "numbers": numbers},
                data=data,
            )
            for _ in engine.batches.apply(batch):
                pass


def measured(path: str, what: str) -> None:
    """Do one thing and print its seconds and its megabytes."""
    with evalflow.open(f"sqlite:///{path}", plugins=[]) as engine:
        point = engine.audit.sign_checkpoint() if what == "since" else None
        started = time.perf_counter()
        if what == "checkpoint":
            engine.audit.sign_checkpoint()
        else:
            found = list(engine.audit.verify(since=point))
            assert found == [], found[0].text("en")
        seconds = time.perf_counter() - started
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{seconds:.2f} {most:.0f}")


def main(sizes: tuple[str, ...]) -> None:
    print(f"{'projects x entries':>20} {'verify':>16} {'from a checkpoint':>18} {'checkpoint':>16}")
    for size in sizes:
        projects, entries = map(int, size.split("x"))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "office.db"
            given(path, projects, entries)
            told = []
            for what in ("verify", "since", "checkpoint"):
                command = [sys.executable, __file__, what, str(path)]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                seconds, most = done.stdout.split()
                told.append(f"{seconds} s {most} MB")
        print(f"{size:>20} {told[0]:>16} {told[1]:>18} {told[2]:>16}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in ("verify", "since", "checkpoint"):
        measured(sys.argv[2], sys.argv[1])
    else:
        main(tuple(sys.argv[1:]) or SIZES)
