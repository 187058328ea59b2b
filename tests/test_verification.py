"""Whoever edits the store behind evalflow's back is found out: each edit tried with plain SQL."""

from __future__ import annotations

import sqlite3

import pytest

import evalflow
from conftest import Clock, Office


@pytest.fixture
def tampered(tmp_path, plan_file):
    """Return a function that edits the file with SQL and gives what `verify` then finds."""
    path = tmp_path / "office.db"
    clock = Clock()
    plan = evalflow.load_plan(plan_file)
    with evalflow.open(f"sqlite:///{path}", plugins=[], clock=clock) as engine:
        engine.adopt(plan, by=plan.actor("policy-1"))
        office = Office(engine, plan, clock)
        office.to_submitted()
        office.review("gu/3")
        assert list(engine.verify()) == []

    def edit(*statements: str) -> list[tuple[str, str, int | None]]:
        connection = sqlite3.connect(path, isolation_level=None)
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in triggers.fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            assert connection.execute(statement).rowcount > 0, statement
        connection.close()
        with evalflow.open(f"sqlite:///{path}", plugins=[], clock=clock) as engine:
            return [(m.project, m.code, m.number) for m in engine.verify()]

    return edit


@pytest.mark.parametrize(
    "column",
    ["actor = 'policy-2'", "at = '2016-04-01T00:00:00.000000+00:00'", "reason = 'because'",
     "late = 3", "role = 'mayor'", "unit = 'education'", "data = '{}'", "rating = NULL"],
)  # fmt: skip
def test_a_changed_field_is_found(tampered, column):
    found = tampered(f"UPDATE entry SET {column} WHERE project = 'gu/3' AND number = 2")
    assert found == [("gu/3", "entry_changed", 2)]


def test_a_changed_field_with_a_fresh_hash_breaks_the_chain(tampered):
    found = tampered(
        "UPDATE entry SET hash = (SELECT hash FROM entry WHERE project = 'gu/1' AND number = 1)"
        " WHERE project = 'gu/3' AND number = 1"
    )
    assert found == [("gu/3", "entry_changed", 1)]


def test_a_deleted_entry_is_found(tampered):
    found = tampered("DELETE FROM entry WHERE project = 'gu/3' AND number = 3")
    assert found == [("gu/3", "history_gap", 3)]


def test_a_cut_off_end_is_found(tampered):
    found = tampered(
        "DELETE FROM entry WHERE project = 'gu/3' AND number = 4",
    )
    assert found == [("gu/3", "entry_missing", 4)]


def test_reordered_entries_are_found(tampered):
    found = tampered(
        "UPDATE entry SET number = 99 WHERE project = 'gu/3' AND number = 2",
        "UPDATE entry SET number = 2 WHERE project = 'gu/3' AND number = 3",
        "UPDATE entry SET number = 3 WHERE project = 'gu/3' AND number = 99",
    )
    assert found == [("gu/3", "entry_changed", 2)]


def test_a_state_edited_by_hand_is_found(tampered):
    found = tampered("UPDATE project SET states = '[\"approved\",\"unchanged\"]' WHERE id = 'gu/3'")
    assert found == [("gu/3", "state_edited", None)]


def test_a_period_edited_by_hand_is_found(tampered):
    found = tampered("UPDATE project SET period = '2016-Q2' WHERE id = 'gu/3'")
    assert found == [("gu/3", "state_edited", None)]


def test_a_swapped_evaluation_is_found(tampered):
    found = tampered(
        "UPDATE evaluation SET tree = replace(tree, '\"100.0\"', '\"120.0\"')"
        " WHERE project = 'gu/3'"
    )
    assert found == [("gu/3", "evaluation_edited", 4)]


def test_every_project_is_judged_by_itself(tampered):
    found = tampered(
        "UPDATE entry SET actor = 'x' WHERE project = 'gu/1' AND number = 1",
        "DELETE FROM evaluation WHERE project = 'gu/2'",
    )
    assert found == [("gu/1", "entry_changed", 1), ("gu/2", "evaluation_edited", 3)]
