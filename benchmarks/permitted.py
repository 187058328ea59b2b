"""What an actor may do now, asked of one project after the other, as a list of tasks asks it.

Half an office has handed in its first quarter, a quarter is reviewed; asked are the policy office,
which may do the most, somebody of a bureau and somebody of a department. Processor time a project.

    python benchmarks/permitted.py [PROJECTS] [--json FILE]
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from _measure import asking, keep, machine
from growth import EACH, given

import evalflow
from evalflow.testing.office import Ticking

ROUNDS = 5
ACTORS = {
    "the policy office": "policy-1",
    "a bureau's lead section": "bureau0-lead",
    "a department": "bureau0-a-1",
}


def main(projects: int, kept: str | None) -> None:
    about, figures = machine(), dict[str, float]()
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "office.db"
        given(store, max(projects, 2 * EACH))
        with evalflow.open(f"sqlite:///{store}", plugins=[], clock=Ticking()) as engine:
            asked = [project.id for project in engine.projects()]
            for name, actor in ACTORS.items():
                taken = []
                for _ in range(ROUNDS):
                    begun = time.process_time()
                    acts = sum(len(engine.permitted(each, by=actor)) for each in asked)
                    taken.append((time.process_time() - begun) / len(asked) * 1e6)
                figures[f"{name}, µs"] = middle = statistics.median(taken)
                print(
                    f"{name:<24}{middle:7.0f} µs a project ({acts} acts of {len(asked)} projects)"
                )
    keep(kept, about, figures)


if __name__ == "__main__":
    reader = asking(__doc__)
    reader.add_argument("projects", nargs="?", type=int, default=400)
    said = reader.parse_args()
    main(said.projects, said.json)
