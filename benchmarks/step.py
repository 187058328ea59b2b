"""What one decision costs: remembered, decided anew, and by a bare dictionary lookup.

Run with `python benchmarks/step.py`. The remembered decision has to stay within 1 µs
(architecture, promise 2); the ratios hold better than the figures.
"""

from __future__ import annotations

import timeit

from evalflow.lifecycle.load import load_lifecycle
from evalflow.lifecycle.machine import decider, step

NUMBER, REPEAT = 20_000, 7


def microseconds(statement: str, **names: object) -> float:
    """Return the best of `REPEAT` runs, per execution."""
    runs = timeit.repeat(statement, globals=names, number=NUMBER, repeat=REPEAT)
    return min(runs) / NUMBER * 1e6


def main() -> None:
    """Print the table."""
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
        table=table,
        states=states,
        event="spot_check",
        passed=passed,
    )
    remembered = microseconds(
        "step(lifecycle, states, event, passed)",
        step=step,
        lifecycle=lifecycle,
        states=states,
        event="spot_check",
        passed=passed,
    )
    anew = microseconds(
        "decide(states, event, passed)",
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


if __name__ == "__main__":
    main()
