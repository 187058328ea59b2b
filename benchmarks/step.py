"""What one decision costs: remembered, decided anew, and by a bare dictionary lookup.

    python benchmarks/step.py [NUMBER] [--json FILE]

Each is done so many times, seven times over, and the best counts. The remembered decision has to
stay within 1 µs (architecture, promise 2); the ratios hold better than the figures.
"""

from __future__ import annotations

import timeit

from _measure import asking, keep, machine

from evalflow.lifecycle.load import load_lifecycle
from evalflow.lifecycle.machine import decider, step

REPEAT = 7


def microseconds(statement: str, number: int, **names: object) -> float:
    """Return the best of `REPEAT` runs, per execution."""
    runs = timeit.repeat(statement, globals=names, number=number, repeat=REPEAT)
    return min(runs) / number * 1e6


def main(number: int, kept: str | None) -> None:
    """Print the table."""
    about = machine()
    from evalflow.decision.actions import ACTIONS
    from evalflow.decision.guards import GUARDS
    from evalflow.lifecycle.definition import Vocabulary

    vocabulary = Vocabulary(
        guards={name: spec for name, (spec, _) in GUARDS.items()}, actions=frozenset(ACTIONS)
    )
    lifecycle = load_lifecycle("major-works", vocabulary=vocabulary)
    states = ("approved", *[each.initial for each in list(lifecycle.regions.values())[1:]])
    passed = frozenset({"rated(as=lagging)"})
    question = (states, "spot_check", passed)
    table = {question: step(lifecycle, *question)}

    looked_up = microseconds(
        "table[states, event, passed]",
        number,
        table=table,
        states=states,
        event="spot_check",
        passed=passed,
    )
    remembered = microseconds(
        "step(lifecycle, states, event, passed)",
        number,
        step=step,
        lifecycle=lifecycle,
        states=states,
        event="spot_check",
        passed=passed,
    )
    anew = microseconds(
        "decide(states, event, passed)",
        number,
        decide=decider(lifecycle),
        states=states,
        event="spot_check",
        passed=passed,
    )
    print(f"{'a bare dictionary lookup':32}{looked_up:8.3f} µs")
    print(f"{'step, remembered':32}{remembered:8.3f} µs   {remembered / looked_up:5.1f} × a lookup")
    print(f"{'step, decided anew':32}{anew:8.3f} µs   {anew / remembered:5.1f} × remembered")
    verdict = "holds" if remembered <= 1 else "FAILS"
    print(f"remembered in at most 1 µs: {verdict}")
    figures = {"looked up, ns": looked_up, "remembered, ns": remembered, "anew, ns": anew}
    keep(kept, about, {name: each * 1e3 for name, each in figures.items()})


if __name__ == "__main__":
    reader = asking(__doc__)
    reader.add_argument("number", nargs="?", type=int, default=20_000)
    said = reader.parse_args()
    main(said.number, said.json)
