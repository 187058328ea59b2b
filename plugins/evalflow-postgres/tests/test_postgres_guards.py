"""What no program may write, whatever SQL it sends: the store's own guards."""

from __future__ import annotations

import psycopg
import pytest
from evalflow_postgres import PostgresStorage, failures
from on_postgres import contents, version

from evalflow.testing.foreign_sql import refused
from evalflow.testing.given import entry_after, given_project

pytestmark = pytest.mark.servers

COLUMNS = (
    "project, number, event, actor, role, on_behalf_of, at, before, after, period, period_after, "
    "unit, revision, lifecycle, reason, data, rating, evaluation, late, key, previous, hash"
)
RIGHT = {
    "number": "3",
    "before": "after",
    "period": "period_after",
    "key": "NULL",
    "previous": "hash",
    "hash": "repeat('a', 64)",
}


def entry(**wrong: str) -> str:
    """An entry made of the last one, by plain SQL."""
    values = [{**RIGHT, **wrong}.get(name, name) for name in COLUMNS.split(", ")]
    return f"INSERT INTO entry ({COLUMNS}) SELECT {', '.join(values)} FROM entry WHERE number = 2"


def moving(**wrong: str) -> str:
    """The same, with the project moved by the same statement."""
    number = {**RIGHT, **wrong}["number"]
    return (
        f"WITH moved AS (UPDATE project SET version = {number}, head = repeat('a', 64)) "
        f"{entry(**wrong)}"
    )


TABLES = ("entry", "project", "plan_entry", "plan_revision", "definition")
EMPTYING = {f"emptying {table}": f"TRUNCATE {table} CASCADE" for table in TABLES}


@pytest.mark.parametrize(
    "sql",
    [
        *(pytest.param(sql, id=name) for name, sql in (refused(moving) | EMPTYING).items()),
        pytest.param(entry(), id="an entry without moving the project"),
        pytest.param(moving(after='\'["approved","unchanged"]\''), id="other states after"),
        pytest.param(moving(project="'nowhere/1'"), id="an entry of no project"),
        pytest.param(
            "INSERT INTO notice (id, project, number, name, recipient, role, notifier, subject_ko, "
            "subject_en, at, data, next_at) SELECT id || 'x', project, number + 7, name, "
            "recipient, role, notifier, subject_ko, subject_en, at, data, next_at FROM notice",
            id="a notice of no entry",
        ),
        pytest.param("UPDATE notice SET number = 1", id="a notice of another entry"),
    ],
)
def test_another_program_cannot_break_the_history(
    storage: PostgresStorage, host: psycopg.Connection, sql: str
) -> None:
    project = given_project(storage)
    storage.commit(entry_after(project, key="used", state="submitted", told=("a",)))
    before = contents(host)
    host.commit()

    with pytest.raises(psycopg.DatabaseError) as told:
        host.execute(sql)
    host.rollback()

    assert failures.was_refused(told.value), told.value
    assert contents(host) == before


def test_a_right_statement_of_another_program_moves_the_project(
    storage: PostgresStorage, host: psycopg.Connection
) -> None:
    """The refusals above are for what is wrong in each statement, not for the rest of it."""
    storage.commit(entry_after(given_project(storage), state="submitted"))
    host.execute(moving())
    host.commit()

    assert version(storage) == 3


def test_positions_cannot_be_chosen(storage: PostgresStorage, host: psycopg.Connection) -> None:
    storage.commit(entry_after(given_project(storage)))
    with pytest.raises(psycopg.Error, match="position"):
        host.execute("INSERT INTO entry (position) VALUES (1)")
