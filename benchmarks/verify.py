"""Verifying a store: time and memory, whole, from a checkpoint on, and the checkpoint alone.

A store of so many projects with so many entries each; each measure is a process of its own, so
that its memory (greatest resident size) is its own. The time should grow in a line with the
entries, the memory should not grow with them.

    python benchmarks/verify.py [PROJECTSxENTRIES]... [--only verify] [--json FILE]

`--only` measures that alone: an earlier commit may not know checkpoints.
"""

from __future__ import annotations

import datetime as dt
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from _measure import asking, keep, machine

import evalflow
from evalflow.testing.office import PLAN_ID, Ticking, the_plan

SIZES = ("250x20", "1000x5", "1000x10", "1000x20")
HEADS = {"verify": "verify", "since": "from a checkpoint", "checkpoint": "checkpoint"}


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
        audit = engine.audit
        sign = getattr(audit, "sign_checkpoint", audit.checkpoint)  # once they were not signed
        point = sign() if what == "since" else None
        started = time.perf_counter()
        if what == "checkpoint":
            sign()
        else:
            found = list(audit.verify() if point is None else audit.verify(since=point))
            assert found == [], found[0].text("en")
        seconds = time.perf_counter() - started
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{seconds:.2f} {most:.0f}")


def main(sizes: Sequence[str], measures: Sequence[str], kept: str | None) -> None:
    about, figures = machine(), dict[str, float]()
    print(f"{'projects x entries':>20}", *[f"{HEADS[what]:>18}" for what in measures])
    for size in sizes:
        projects, entries = map(int, size.split("x"))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "office.db"
            given(path, projects, entries)
            told = []
            for what in measures:
                command = [sys.executable, __file__, what, str(path)]
                done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
                seconds, most = done.stdout.split()
                told.append(f"{seconds} s {most} MB")
                figures |= {
                    f"{size}: {what}, s": float(seconds),
                    f"{size}: {what}, MB": float(most),
                }
        print(f"{size:>20}", *[f"{each:>18}" for each in told], flush=True)
    keep(kept, about, figures)


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in HEADS:
        measured(sys.argv[2], sys.argv[1])
    else:
        reader = asking(__doc__)
        reader.add_argument("sizes", nargs="*", default=SIZES, metavar="PROJECTSxENTRIES")
        reader.add_argument("--only", action="append", choices=HEADS)
        said = reader.parse_args()
        main(said.sizes, said.only or list(HEADS), said.json)
