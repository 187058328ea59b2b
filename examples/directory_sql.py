"""evalflow asks the host's own tables who holds which role where: nobody is copied into the plan.

The host keeps its staff in two tables, people and their posts with days (인사발령, 대결). Here they
are in SQLite beside the store; the same lines ask PostgreSQL. Run it: `python
examples/directory_sql.py`. How it is asked, and what is promised: docs/howto/directory.md.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import evalflow
from evalflow import Grant

PLAN = Path(__file__).parent / "seodaemun-2016" / "plan.yaml"
PLAN_ID = "seodaemun-2016"
PROJECT = "seodaemun-2016/9"

TABLES = """
CREATE TABLE staff (no integer PRIMARY KEY, left_on date);
CREATE TABLE post (
    staff_no integer NOT NULL, duty varchar(40) NOT NULL, team varchar(64) NOT NULL,
    begins date NOT NULL, ends date, acts_for integer, why varchar(200)
);
INSERT INTO staff VALUES (1001, NULL), (1002, NULL), (1003, NULL), (1004, '2016-03-31');
INSERT INTO post VALUES
    (1001, '기획', 'seodaemun', '2015-01-01', NULL, NULL, NULL),
    (1002, '담당', 'information', '2015-07-01', '2016-04-30', NULL, NULL),
    (1002, '담당', 'welfare-policy', '2016-05-01', NULL, NULL, NULL),
    (1003, '담당', 'information', '2016-05-01', NULL, NULL, NULL),
    (1004, '기획', 'seodaemun', '2015-01-01', NULL, NULL, NULL);
"""

ROLES = {"기획": "policy_office", "담당": "department"}
"""What the host calls a duty -> the role that the plan's lifecycle means by it."""

ASK = """
SELECT staff_no, duty, team, begins, ends, acts_for, why, left_on
FROM post JOIN staff ON staff.no = post.staff_no
ORDER BY staff_no, begins
"""


class StaffTables:
    """The host's tables as evalflow asks them; `connect` opens a connection of the host's."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect

    def people(self, plan: evalflow.PlanHead, day: dt.date) -> Mapping[str, list[Grant]]:
        """Return all posts in the plan's units, over and to come as well, with their days."""
        with closing(self._connect()) as connection, closing(connection.cursor()) as cursor:
            cursor.execute(ASK)
            rows = cursor.fetchall()
        found: dict[str, list[Grant]] = {}
        for number, duty, team, begins, ends, acts_for, why, left_on in rows:
            last = [each for each in (_day(ends), _day(left_on)) if each is not None]
            if duty in ROLES and team in plan.units:  # other teams are no matter of this plan
                grant = Grant(
                    role=ROLES[duty],
                    unit=team,
                    since=_day(begins),
                    until=min(last, default=None),
                    on_behalf_of=None if acts_for is None else _id(acts_for),
                    reason=why,
                )
                found.setdefault(_id(number), []).append(grant)
        return found


def _id(number: int) -> str:
    return f"staff-{number}"


def _day(value: Any) -> dt.date | None:
    """Return a day of the database: SQLite keeps it as text."""
    return dt.date.fromisoformat(value) if isinstance(value, str) else value


class Clock:
    """The host's clock; here one that is turned."""

    moment = dt.datetime(2016, 2, 25, 1, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        return self.moment


def make_tables(connect: Callable[[], Any]) -> None:
    """Make the host's tables, with four people in them."""
    with closing(connect()) as connection, closing(connection.cursor()) as cursor:
        for statement in TABLES.split(";"):
            if statement.strip():
                cursor.execute(statement)
        connection.commit()


def main(connect: Callable[[], Any], store: str) -> list[str]:
    """Evaluate a project by the host's staff, move somebody to another team, and verify it all."""
    make_tables(connect)
    clock, said = Clock(), []
    staff = StaffTables(connect)
    with evalflow.open(store, plugins=None, clock=clock, directory=staff) as office:
        office.adopt(office.load_plan(PLAN), by="staff-1001")
        targets = office.plans.definition(PROJECT).indicators
        figures = {each.id: each.targets["2016-Q1"] for each in targets}

        clock.moment = dt.datetime(2016, 4, 4, 1, tzinfo=dt.UTC)
        entry = office.fire(PROJECT, "self_evaluate", by="staff-1002", data={"actuals": figures})
        said.append(f"{entry.event} by {entry.actor} as {entry.role}")
        said.append(
            ", ".join(
                office.plans.people(PLAN_ID).holders(
                    ["department"], "information", dt.date(2016, 5, 2)
                )
            )
        )

        clock.moment = dt.datetime(2016, 5, 2, 1, tzinfo=dt.UTC)
        for who in ("staff-1002", "staff-1004"):
            answer = office.explain(PROJECT, "amend", by=who)
            said.append(f"{who}: {answer.reasons[-1].code}")

        told: list[evalflow.Unchecked] = []
        findings = list(office.audit.verify(unchecked=told.append))
        by_host = sum(each.code == "by_host" for each in told)
        said.append(f"verify: {len(findings)} findings, {by_host} entries by the host's word")
    return said


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "host.db")
        for line in main(lambda: sqlite3.connect(file), f"sqlite:///{folder}/office.db"):
            print(line)
