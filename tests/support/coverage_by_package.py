"""How much of each package the tests ran: a table at the end of a run with `--cov=evalflow`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).parents[2] / "src" / "evalflow"


def table(measured: Any) -> Iterator[str]:
    """Yield a line a package: how many of its statements were run. `measured` is a
    `coverage.Coverage` that has its data."""
    whole: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for path in sorted(SOURCE.rglob("*.py")):
        package = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        _, statements, _, missing, _ = measured.analysis2(str(path))
        for each in (package, "all of it"):
            whole[each] += len(statements)
            missed[each] += len(missing)
    yield "statements that the tests ran, by package (child processes not counted):"
    for package, count in sorted(whole.items(), key=lambda each: (each[0] == "all of it", each[0])):
        if count:
            yield f"  {package:<12} {(count - missed[package]) * 100 // count:>3} % of {count:,}"
