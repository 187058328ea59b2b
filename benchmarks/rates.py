"""Rating millions of figures exactly in plain Python, against one Decimal division each.

Prints ratios within one run; medians over repeated runs, with their spread. Both sides get their
figures ready made (whole numbers here, Decimals there) and give one published figure each.

    python benchmarks/rates.py [--count FIGURES] [--runs RUNS] [--json FILE]
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from _measure import asking, keep, machine

from evalflow.scoring.kernel import half_up, rates_tenths

TENTH = Decimal("0.1")


def figures(count: int, seed: int = 2016) -> tuple[list[int], list[int]]:
    """Actuals and targets in hundredths, like those of an office: mostly near the target."""
    draw = random.Random(seed)
    targets = [draw.randrange(100, 500_000) for _ in range(count)]
    actuals = [target * draw.randrange(50, 160) // 100 for target in targets]
    return actuals, targets


def seconds(work: Callable[[], object], runs: int) -> tuple[float, float]:
    """Median and spread (largest minus smallest) of the time of `work`."""
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times), max(times) - min(times)


def main() -> None:
    about, parser = machine(), asking(__doc__)
    parser.add_argument("--count", type=int, default=3_000_000)
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    count, runs = args.count, args.runs
    actuals, targets = figures(count)
    exact_actuals = [Decimal(figure) / 100 for figure in actuals]
    exact_targets = [Decimal(figure) / 100 for figure in targets]

    def divided() -> object:
        return [a / t for a, t in zip(exact_actuals, exact_targets, strict=True)]

    def percent() -> object:
        return [a * 100 / t for a, t in zip(exact_actuals, exact_targets, strict=True)]

    def quantized() -> object:
        return [
            (a * 100 / t).quantize(TENTH, ROUND_HALF_UP)
            for a, t in zip(exact_actuals, exact_targets, strict=True)
        ]

    ways: dict[str, Callable[[], object]] = {
        "rates_tenths, up": lambda: rates_tenths(actuals, targets),
        "rates_tenths, down_linear": lambda: rates_tenths(actuals, targets, formula="down_linear"),
        "Decimal: a / t, no percent, unrounded": divided,
        "Decimal: a * 100 / t, unrounded": percent,
        "Decimal: the same, quantized half-up": quantized,
    }
    seconds(ways["rates_tenths, up"], 1)  # warm
    print(f"{count:,} indicator-periods, {runs} runs each: median, spread, ratio to the first")
    medians = {}
    for name, work in ways.items():
        median, spread = seconds(work, runs)
        medians[name] = median
        base = medians["rates_tenths, up"]
        each = median / count * 1e6
        print(
            f"{name:40}{each:7.3f} µs each{median:8.2f} s  ±{spread / median:5.0%}"
            f"{median / base:7.2f} ×"
        )
    sample = range(0, count, max(1, count // 20_000))
    rates = rates_tenths([actuals[i] for i in sample], [targets[i] for i in sample])
    for place, i in enumerate(sample):
        fraction = Fraction(actuals[i] * 1000, targets[i])
        assert rates[place] == half_up(fraction.numerator, fraction.denominator)
    keep(args.json, about, {f"{name}, ns": m / count * 1e9 for name, m in medians.items()})
    kernel = medians["rates_tenths, up"]
    bare, ratio, rounded = (medians[name] / kernel for name in ways if name.startswith("Decimal"))
    print(
        f"one Decimal division each takes {ratio:.2f} × as long (rounded as well: {rounded:.2f} ×,"
    )
    print(f"without even the percent: {bare:.2f} ×)")
    print(
        f"at least 2 × faster than one Decimal division each: {'holds' if ratio >= 2 else 'FAILS'}"
    )


if __name__ == "__main__":
    main()
