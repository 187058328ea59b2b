"""What reads a store, with so many projects and with five times as many.

Stores of a large office are made once: bureaus of two departments with twenty projects each, all
evaluated, half of the bureaus submitted, half of those reviewed, a change asked for in every tenth
project, three deadlines put off, all notices waiting. Every command runs in a program of its own;
printed are its seconds by the clock and of processor, its greatest memory, and how many times
the small store's processor time the large one takes.

    python benchmarks/growth.py [--stores FOLDER] [--only TEXT] [--json FILE] [PROJECTS]...
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _measure import asking, keep, machine

PLAN_ID = "office-2016"
EACH = 20
"""Projects of a department; a bureau has two departments."""

PROJECT = f"{PLAN_ID}/1"
LAST = "2016-04-30"
COMMANDS: dict[str, list[str]] = {
    "--version": ["--version"],
    "status": ["status"],
    "status --by unit": ["status", "--by", "unit"],
    "status --json": ["status", "--json"],
    "status --as-of": ["status", "--plan", PLAN_ID, "--as-of", LAST],
    "status, of one department": ["status", "--unit", "bureau0-a"],
    "status, late": ["status", "--plan", PLAN_ID, "--where", "late=true", "--by", "unit"],
    "status --provisional": ["status", "--provisional"],
    "status --review": ["status", "--review"],
    "due": ["due", "--at", LAST],
    "due --waiting --each": ["due", "--at", LAST, "--waiting", "--each"],
    "due --ics": ["due", "--at", LAST, "--ics", "-"],
    "due, of one actor": ["due", "--at", LAST, "--who", "bureau0-lead"],
    "permitted": ["permitted", PROJECT, "--as", "policy-1"],
    "explain": ["explain", PROJECT, "review", "--as", "policy-1"],
    "history": ["history", PROJECT],
    "history of the plan": ["history", PLAN_ID],
    "score": ["score", PROJECT],
    "score --by": ["score", "--plan", PLAN_ID, "--period", "2016-Q1", "--by", "bureau"],
    "plan show": ["plan", "show", PLAN_ID],
    "plan show --yaml": ["plan", "show", PLAN_ID, "--yaml"],
    "plan export": ["plan", "export", PLAN_ID, "--workbook", "-o", "{out}/plan.xlsx"],
    "plan overlaps": ["plan", "overlaps"],
    "lifecycle show": ["lifecycle", "show", "major-works/2"],
    "sheet make": ["sheet", "make", "amend", "--plan", PLAN_ID, "-o", "{out}/sheet.xlsx"],
    "batch plan": [
        "batch", "plan", "extend_deadline", "--as", "policy-1",
        "--where", f"plan={PLAN_ID}", "--set", "deadline=submit", "--set", "until=2016-05-30",
        "--set", "reason=연장", "-o", "{out}/batch",
    ],
    "form: the plan": [
        "form", "make", "plan", "--plan", PLAN_ID, "-o", "{out}/f.hwpx",
    ],
    "report": ["report", "--plan", PLAN_ID, "--period", "2016-Q1", "-o", "{out}/report.html"],
    "deliver --dead": ["deliver", "--dead"],
    "verify": ["verify"],
    "verify, of one project": ["verify", "--project", PROJECT],
    "audit checkpoint": ["audit", "checkpoint", PLAN_ID],
    "audit export, of one project": ["audit", "export", PROJECT, "-o", "{out}/one.zip"],
    "audit export": ["audit", "export", "--plan", PLAN_ID, "-o", "{out}/all.zip"],
}  # fmt: skip


def given(path: Path, projects: int) -> None:
    """Make the store."""
    import evalflow
    from evalflow.testing.office import Ticking, played

    unfinished = path.with_suffix(".new")
    for old in path.parent.glob(f"{unfinished.name}*"):
        old.unlink()
    bureaus = [f"bureau{number}" for number in range(projects // (2 * EACH))]
    url = f"sqlite:///{unfinished}?synchronous=NORMAL"
    with evalflow.open(url, plugins=[], clock=Ticking()) as engine:
        played(engine, bureaus, each=EACH)
    unfinished.rename(path)


def measured(store: Path, arguments: list[str], out: str) -> tuple[float, float, float, int, str]:
    """Run a command in a program of its own: seconds, seconds of processor, megabytes, exit code,
    and the end of what it said."""
    command = [sys.executable, "-m", "evalflow.cli", "--store", str(store), "--lang", "en"]
    words = [each.replace("{out}", out) for each in arguments]
    environment = {**os.environ}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed is compiled once
    with tempfile.TemporaryFile() as said:
        started = time.perf_counter()
        child = subprocess.Popen([*command, *words], stdout=said, stderr=said, env=environment)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - started
        said.seek(max(0, said.seek(0, os.SEEK_END) - 300))
        end = said.read().decode(errors="replace")
    cpu = used.ru_utime + used.ru_stime
    return seconds, cpu, used.ru_maxrss / 1024, child.returncode, end


def main() -> None:
    reading = asking(__doc__)
    reading.add_argument("--stores", help="where the stores are kept")
    reading.add_argument("--only", help="only commands that this text is in")
    reading.add_argument("sizes", nargs="*", type=int, default=[1000, 5000])
    reading.add_argument("--make", help=argparse.SUPPRESS)
    asked = reading.parse_args()
    if asked.make:
        given(Path(asked.make), asked.sizes[0])
        return
    about, figures = machine(), dict[str, float]()
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(asked.stores or folder)
        stores = []
        for size in asked.sizes:
            stores.append(kept / f"office-{size}.db")
            if not stores[-1].exists():  # in another program: this one's memory would be counted
                made = [sys.executable, __file__, "--make", str(stores[-1]), str(size)]
                subprocess.run(made, check=True)
        head = "".join(f"{f'{size:,}: s, cpu, MB':>26}" for size in asked.sizes)
        print(f"load {os.getloadavg()[0]:.1f}\n{'':32}{head}      grows")
        for name, arguments in COMMANDS.items():
            if asked.only and asked.only not in name:
                continue
            cells, cpus = [], []
            for size, store in zip(asked.sizes, stores, strict=True):
                seconds, cpu, most, code, end = measured(store, arguments, folder)
                each = f"{name}, {size}"
                figures |= {f"{each}, s": seconds, f"{each}, cpu, s": cpu, f"{each}, MB": most}
                cells.append(f"{seconds:8.2f} {cpu:8.2f} {most:8.0f}")
                cpus.append(cpu)
                if code not in (0, 1):
                    print(f"{name}: exit code {code}: {end}")
                for left in Path(folder).iterdir():
                    if left.is_dir():
                        shutil.rmtree(left)
                    elif not left.name.startswith("office-"):
                        left.unlink()
            print(f"{name:32}{''.join(cells)} {cpus[-1] / cpus[0]:8.1f} x", flush=True)
    keep(asked.json, about, figures)


if __name__ == "__main__":
    main()
