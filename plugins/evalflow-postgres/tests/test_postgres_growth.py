"""What is asked about one office reads no more rows where the store has ten times as many others.

Counted by the server (rows read in order, and by an index), with statistics of its tables that are
as they would be: the plans that it makes are those of a store of that size. `verify` is not here:
also of one plan it looks through all notices, to which no index leads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import psycopg
import pytest
from evalflow_postgres.testing import fresh
from psycopg import sql

import evalflow
from evalflow.testing.office import PLAN_ID, Ticking, data_for, fire, the_plan

pytestmark = pytest.mark.servers

EACH = 8
FEW, MANY = 40, 400
"""Other offices beside the one that is asked about."""

COPIES = {
    "plan_revision": {"plan": "plan"},
    "plan_entry": {"plan": "plan"},
    "project": {"id": "id", "plan": "plan"},
    "definition": {"project": "id"},
    "assignment": {"project": "id"},
    "entry": {"project": "id"},
    "evaluation": {"project": "id"},
    "notice": {"id": "id", "project": "id"},
}
"""Tables, and the columns in which the plan's name stands (alone, or at the beginning)."""


def office(url: str) -> None:
    plan = the_plan(each=EACH)
    with evalflow.open(url, plugins=["evalflow-postgres"], clock=Ticking()) as engine:
        engine.adopt(plan, by=plan.actor("policy-1"))
        for project in list(engine.projects()):
            fire(engine, project, "self_evaluate", 1)


def multiply(database: str, schema: str, offices: int) -> None:
    """Put so many offices beside the one that is there."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(sql.SQL("SET search_path = {}").format(sql.Identifier(schema)))
        for table, named in COPIES.items():
            rows = connection.execute(
                "SELECT column_name::text FROM information_schema.columns WHERE table_schema = %s "
                "AND table_name = %s AND is_generated = 'NEVER' AND is_identity = 'NO'",
                (schema, table),
            )
            columns = [name for (name,) in rows]
            values = [
                sql.SQL("'other-' || copy || substr({}, {})").format(
                    sql.Identifier(name), sql.Literal(len(PLAN_ID) + 1)
                )
                if name in named
                else sql.Identifier(name)
                for name in columns
            ]
            copied = sql.SQL(
                "INSERT INTO {0} ({1}) SELECT {2} FROM {0} "
                "CROSS JOIN generate_series(1, {3}) AS copy"
            )
            connection.execute(
                copied.format(
                    sql.Identifier(table),
                    sql.SQL(", ").join(map(sql.Identifier, columns)),
                    sql.SQL(", ").join(values),
                    sql.Literal(offices),
                )
            )
            connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))


@pytest.fixture(scope="module")
def stores(database: str) -> Mapping[int, str]:
    made = {}
    for offices in (FEW, MANY):
        url = made[offices] = fresh(database)
        office(url)
        multiply(database, url.rpartition("schema=")[2], offices)
    return made


def rows_read(url: str, work: Callable[[evalflow.Engine], object]) -> dict[str, int]:
    """Return how many rows of each table the server reads for some work."""
    with psycopg.connect(url.partition("?")[0], autocommit=True) as look:
        schema = url.rpartition("schema=")[2]

        def counted() -> dict[str, int]:
            found = look.execute(
                "SELECT relname, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) "
                "FROM pg_stat_user_tables WHERE schemaname = %s",
                (schema,),
            )
            return dict(found.fetchall())

        def others() -> int:
            found = look.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' "
                "AND pid <> pg_backend_pid()"
            ).fetchone()
            assert found is not None
            return int(found[0])

        while others():  # what they counted is told when they end
            pass
        before = counted()
        with evalflow.open(url, plugins=["evalflow-postgres"], clock=Ticking()) as engine:
            work(engine)
        while others():
            pass
        return {table: count - before[table] for table, count in counted().items()}


ONE = f"{PLAN_ID}/1"
PUT_OFF = {"deadline": "submit", "until": "2016-04-29", "reason": "연장"}


def applied(engine: evalflow.Engine) -> None:
    planned = engine.batch("extend_deadline", by="policy-1", where={"plan": PLAN_ID}, data=PUT_OFF)
    done = [receipt.outcome for receipt in planned.apply()]
    assert done == ["done"] * len(done) != []


WORK: dict[str, Callable[[evalflow.Engine], object]] = {
    "a project": lambda engine: engine.project(ONE),
    "a page of projects": lambda engine: list(engine.projects(plan=PLAN_ID, limit=10)),
    "the next page": lambda engine: list(engine.projects(plan=PLAN_ID, after=ONE, limit=10)),
    "a unit's": lambda engine: list(engine.projects(plan=PLAN_ID, unit="city-a")),
    "a page of all": lambda engine: list(engine.projects(after=ONE, limit=10)),
    "what may be done": lambda engine: engine.permitted(ONE, by="policy-1"),
    "a history": lambda engine: list(engine.history(ONE)),
    "as of a day": lambda engine: list(
        engine.projects(plan=PLAN_ID, at=Ticking().moment, limit=10)
    ),
    "who owes what": lambda engine: list(engine.due(plan=PLAN_ID)),
    "a firing": lambda engine: engine.fire(
        ONE, "amend", by="welfare-a-1", data=data_for(engine.project(ONE), "amend", 2)
    ),
    "a bureau's submission": lambda engine: engine.fire(
        ONE,
        "submit",
        by=engine.actor(PLAN_ID, "welfare-lead"),
        data=data_for(engine.project(ONE), "submit", 1),
    ),
    "a batch": applied,
}


@pytest.mark.slow
@pytest.mark.parametrize("what", WORK)
def test_the_server_reads_no_more_where_there_are_more_others(
    stores: Mapping[int, str], what: str
) -> None:
    few, many = (rows_read(stores[offices], WORK[what]) for offices in (FEW, MANY))
    over = {
        table: (few[table], many[table]) for table in few if many[table] > 1.2 * few[table] + 20
    }
    if what == "a page of all":  # whose day counts is the first plan's: their ids are read
        del over["plan_revision"]
    assert over == {}
