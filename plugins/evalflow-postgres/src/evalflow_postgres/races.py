"""Races on PostgreSQL: eight programs act at one moment.

    python -m evalflow_postgres.races --rounds 2000

See `evalflow.testing.races`. The server is one of our own, in a temporary folder.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from evalflow.testing.crashes import told
from evalflow.testing.races import Races
from evalflow_postgres.testing import fresh, server


def main(arguments: Sequence[str] | None = None) -> None:
    """Race for projects in a PostgreSQL server, and print the figures."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--rounds", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=2016)
    given = parser.parse_args(arguments)
    with server() as url:
        figures = Races(lambda: fresh(url), seed=given.seed).run(given.rounds)
    for line in told(figures):
        print(line)


if __name__ == "__main__":
    main()
