"""Crashes on PostgreSQL: programs are killed while they write, and the server itself.

    python -m evalflow_postgres.crashes --kills 1000 --server-kills 100

See `evalflow.testing.crashes`. The server is one of our own, in a temporary folder.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from collections.abc import Callable, Sequence
from contextlib import closing

import psycopg

from evalflow.testing.crashes import Crashes, told
from evalflow_postgres.testing import Server, fresh

_NAME = "evalflow-to-be-killed"


def run(server: Server, *, kills: int, server_kills: int, seed: int) -> Crashes:
    """Cause so many crashes of programs and of the server; return the run with its figures.

    Raises:
        Broken: the store was not what it should be.
    """
    rng = random.Random(seed)  # noqa: S311 - whoever finds something repeats it
    crashes = Crashes(
        lambda: fresh(server.url), seed=seed, born=_named, quiet=lambda: _quiet(server.url)
    )

    def interfering(stop: Callable[[], None]) -> Callable[[float], None]:
        def interfere(after: float) -> None:
            time.sleep(after)
            stop()
            server.start()

        return interfere

    left = server_kills
    while crashes.figures["kills"] < kills or left:
        more = max(kills - crashes.figures["kills"], 0)
        if left and rng.random() < left / (left + more):
            left -= 1
            stop = rng.choice([server.kill, lambda: server.stop("immediate")])
            crashes.once(interfering(stop))
        else:
            crashes.once()
    crashes.finish()
    return crashes


def _named() -> None:
    os.environ["PGAPPNAME"] = _NAME


def _quiet(url: str) -> None:
    """Wait until the server has noticed that the killed ones are gone."""
    until = time.monotonic() + 30
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        while connection.execute(
            "SELECT 1 FROM pg_stat_activity WHERE application_name = %s", (_NAME,)
        ).fetchone():
            if time.monotonic() > until:
                raise TimeoutError("the server does not notice that its client is dead")
            time.sleep(0.001)


def main(arguments: Sequence[str] | None = None) -> None:
    """Crash stores in a PostgreSQL server, and the server; print the figures."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--server-kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=2016)
    given = parser.parse_args(arguments)
    server = Server()
    try:
        server.start()
        crashes = run(server, kills=given.kills, server_kills=given.server_kills, seed=given.seed)
    finally:
        server.remove()
    for line in told(crashes.figures):
        print(line)


if __name__ == "__main__":
    main()
