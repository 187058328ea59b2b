"""A firing inside the host's own database transaction: it comes true when the host commits.

The host keeps its papers in the same PostgreSQL database. Registering a paper and evaluating the
project that it is about is one act: both or neither. Once with psycopg, once with SQLAlchemy. Run
it on a database of your own: `python examples/embed_transaction.py postgresql://…`.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import sys
from pathlib import Path
from typing import Any

import evalflow
import evalflow_postgres
import psycopg

PLAN = Path(__file__).parent / "seodaemun-2016" / "plan.yaml"
PROJECT = "seodaemun-2016/2"
FIGURES = {
    "actuals": {"patrols": 30, "settled": 96},
}


def clock() -> dt.datetime:
    """Return the host's time: the morning of the day before the deadline."""
    return dt.datetime(2016, 4, 4, 1, tzinfo=dt.UTC)


class Host:
    """The application: it has a table of papers, and evalflow's plan adopted beside it."""

    def __init__(self, url: str, store: str) -> None:
        self.url = url
        self.office = evalflow.open(store, plugins=[evalflow_postgres], clock=clock)
        plan = self.office.load_plan(PLAN)
        self.office.adopt(plan, by=plan.actor("policy-1"))
        with psycopg.connect(url) as connection:
            connection.execute("DROP TABLE IF EXISTS host_paper")
            connection.execute("CREATE TABLE host_paper (title text NOT NULL)")

    def evaluate(self, connection: Any) -> evalflow.Entry:
        """Let the department evaluate its project, inside the host's transaction."""
        engine = self.office.joined(connection)
        actor = engine.actor("seodaemun-2016", "audit-office-1")
        return engine.fire(PROJECT, "self_evaluate", by=actor, data=FIGURES)

    def standing(self) -> tuple[int, int, int]:
        """Return what is true for everybody: papers, entries of the project, refused or not."""
        with psycopg.connect(self.url) as connection:
            papers = connection.execute("SELECT count(*) FROM host_paper").fetchone()
        assert papers is not None
        entries = len(list(self.office.history(PROJECT)))
        return papers[0], entries, len(list(self.office.audit.verify()))


def with_psycopg(host: Host) -> list[tuple[int, int, int]]:
    """Roll back once; then let a refused firing leave the transaction whole."""
    stood = []
    with psycopg.connect(host.url) as connection:
        connection.execute("INSERT INTO host_paper VALUES ('2016년 1분기 자체평가')")
        host.evaluate(connection)
        connection.rollback()  # the host has second thoughts: neither paper nor evaluation
    stood.append(host.standing())

    with psycopg.connect(host.url) as connection:
        connection.execute("INSERT INTO host_paper VALUES ('2016년 1분기 자체평가')")
        engine = host.office.joined(connection)
        stranger = engine.actor("seodaemun-2016", "mayor-1")
        with contextlib.suppress(evalflow.Refused):  # the host's own work goes on
            engine.fire(PROJECT, "self_evaluate", by=stranger, data=FIGURES)
        connection.execute("INSERT INTO host_paper VALUES ('붙임')")
    stood.append(host.standing())
    return stood


def with_sqlalchemy(host: Host) -> list[tuple[int, int, int]]:
    """Commit paper and evaluation together, through SQLAlchemy's session."""
    import sqlalchemy
    from sqlalchemy.orm import Session

    url = sqlalchemy.make_url(host.url).set(drivername="postgresql+psycopg")
    database = sqlalchemy.create_engine(url)
    with Session(database) as session:
        insert = sqlalchemy.text("INSERT INTO host_paper VALUES (:title)")
        session.execute(insert, {"title": "평가서"})
        host.evaluate(session)
        session.commit()
    database.dispose()
    return [host.standing()]


def main(url: str, store: str | None = None) -> list[tuple[int, int, int]]:
    """Return what stood after each of the three acts: (papers, entries, mismatches)."""
    host = Host(url, store or url)
    try:
        return [*with_psycopg(host), *with_sqlalchemy(host)]
    finally:
        host.office.close()


if __name__ == "__main__":
    for papers, entries, mismatches in main(sys.argv[1]):
        print(f"{papers} papers, {entries} entries, {mismatches} mismatches")
