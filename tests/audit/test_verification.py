"""Whoever edits the store behind evalflow's back is found out: each edit tried with plain SQL."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

import evalflow
from evalflow.storage.sqlite_integrity import SQLiteTables
from offices import Clock, Office


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
        assert list(engine.audit.verify()) == []

    def edit(*statements: str) -> list[tuple[str, str, int | None]]:
        connection = sqlite3.connect(path, isolation_level=None)
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        kept = triggers.fetchall()
        for name, _ in kept:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            assert connection.execute(statement).rowcount > 0, statement
        for _, sql in kept:
            connection.execute(sql)
        connection.close()
        with evalflow.open(f"sqlite:///{path}", plugins=[], clock=clock) as engine:
            return [(m.project, m.code, m.number) for m in engine.audit.verify()]

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
        "DELETE FROM entry WHERE project = 'gu/3' AND number = 6",
    )
    assert found == [("gu/3", "entry_missing", 6)]


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
    assert found == [("gu/3", "evaluation_edited", 6)]


def test_every_project_is_judged_by_itself(tampered):
    found = tampered(
        "UPDATE entry SET actor = 'x' WHERE project = 'gu/1' AND number = 1",
        "DELETE FROM evaluation WHERE project = 'gu/2'",
    )
    assert found == [("gu/1", "entry_changed", 1), ("gu/2", "evaluation_edited", 5)]


@pytest.mark.parametrize(
    "change", ["unit = 'education'", "band = 'lagging'", "visits = '[1,1]'", "revision = 7"]
)
def test_what_stands_beside_the_states_is_replayed_too(tampered, change):
    assert tampered(f"UPDATE project SET {change} WHERE id = 'gu/3'") == [
        ("gu/3", "state_edited", None)
    ]


def test_a_target_edited_in_the_plan_is_found(tampered):
    found = tampered(
        "UPDATE definition SET tree = replace(tree, '400', '300') WHERE project = 'gu/3'"
    )
    assert found == [("gu/3", "definition_edited", 1)]


def test_a_role_added_to_the_directory_is_found(tampered):
    found = tampered(
        "UPDATE plan_revision SET tree = replace(tree, 'budget_team', 'policy_office')"
    )
    assert {(code, number) for _, code, number in found} == {("plan_edited", 1)}


def test_a_rule_edited_in_the_lifecycle_is_found(tampered):
    found = tampered("UPDATE lifecycle SET tree = replace(tree, 'policy_office', 'department')")
    assert {code for _, code, _ in found} == {"lifecycle_edited"}


def test_the_project_as_an_approved_change_left_it_is_in_its_entry(office):
    office.fire(
        "gu/3", "request_change", "road-head", kind="target", reason="물가", detail="연장 축소",
        reported_on="2016-02-25",
        change={"indicators": {"metres": {"targets": {"2016-Q4": 300}}}},
    )  # fmt: skip
    office.fire("gu/3", "consult", "policy-1", opinion="이견 없음")
    approved = office.fire(
        "gu/3",
        "approve_change",
        "mayor-1",
        document={"number": "방침-7", "registered_on": "2016-02-25"},
    )
    indicators = approved.data["definition"]["indicators"]
    assert indicators["metres"]["targets"]["2016-Q4"] == "300"
    assert list(office.engine.audit.verify()) == []


# --------------------------------------------------------------------------- checkpoints


def test_a_checkpoint_holds_however_much_is_added_since(office):
    noted = office.engine.audit.checkpoint()
    office.to_submitted()
    assert office.engine.audit.checkpoint() != noted
    assert office.engine.audit.checkpoint(upto=noted) == noted


def test_a_checkpoint_is_read_off_paper_with_other_spacing_and_a_part_of_its_digits(office):
    noted = office.engine.audit.checkpoint()
    typed = f"  gu  r1 #3  {noted.hash[:7].upper()} {noted.hash[7:16]} "
    read = evalflow.Checkpoint.read(typed)
    assert (read.plan, read.revisions, read.entries) == ("gu", 1, 3)
    assert noted.hash.startswith(read.hash)
    assert evalflow.Checkpoint.read(str(noted)) == noted


@pytest.mark.parametrize(
    "text", ["", "gu", "gu r1 #3 abc", "gu r1 #3 " + "g" * 64, "gu r1 3 " + "a" * 64]
)
def test_what_is_no_checkpoint_is_said_to_be_none(text):
    with pytest.raises(evalflow.InvalidInput) as caught:
        evalflow.Checkpoint.read(text)
    assert [problem.code for problem in caught.value.problems] == ["bad_checkpoint"]


# --------------------------------------------------------------------------- one plan of many

BESIDE = ("gu-2", "gu0", "g", "gu2")
"""Plans whose ids begin alike, or stand beside it in the order of texts."""


@pytest.fixture
def many(tmp_path, plan_file):
    """The file of a store with several plans, each project of each with a history and notices."""
    path = tmp_path / "many.db"
    clock = Clock()
    with evalflow.open(f"sqlite:///{path}", plugins=[], clock=clock) as engine:
        for plan_id in ("gu", *BESIDE):
            file = tmp_path / f"{plan_id}.yaml"
            file.write_text(plan_file.read_text("utf-8").replace("id: gu", f"id: {plan_id}"))
            plan = evalflow.load_plan(file)
            engine.adopt(plan, by=plan.actor("policy-1"))
            for number in "13":
                engine.fire(
                    f"{plan_id}/{number}",
                    "extend_deadline",
                    by="policy-1",
                    data={"deadline": "submit", "until": "2016-04-20", "reason": "연장"},
                )
    return path


def test_one_plan_is_verified_without_a_look_at_another(many, monkeypatch):
    """What is read grows with the plan, not with all plans' rows."""
    read: list[object] = []
    real = SQLiteTables._read

    def reading(tables, sql, values=()):
        for row in real(tables, sql, values):
            read.append(row[0])
            yield row

    monkeypatch.setattr(SQLiteTables, "_read", reading)
    with evalflow.open(f"sqlite:///{many}", plugins=[]) as engine:
        for found in (engine.audit.verify("gu"), engine.audit.verify(project="gu/1")):
            assert list(found) == []
            plans = {str(each).partition("/")[0] for each in read}
            assert "gu" in plans
            assert plans.isdisjoint(BESIDE)
            read.clear()


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO evaluation SELECT 'gu/99', period, number, rate, band, tree FROM evaluation",
        "INSERT INTO evaluation SELECT 'gu/', period, number, rate, band, tree FROM evaluation",
        "UPDATE notice SET project = 'gu/x' WHERE position = (SELECT max(position) FROM notice "
        "WHERE project LIKE 'gu/%')",
        "UPDATE entry SET project = 'gu/1 ' WHERE project = 'gu/1' AND number = 2",
    ],
)
def test_rows_of_a_plan_are_found_whatever_project_they_name(many, statement):
    with closing(sqlite3.connect(many)) as connection, connection:
        connection.execute("DROP TRIGGER entry_unchanged")
        assert connection.execute(statement.replace("FROM evaluation", FORGED)).rowcount == 1
    with evalflow.open(f"sqlite:///{many}", plugins=[]) as engine:
        assert [each for each in engine.audit.verify("gu") if each.code != "schema_altered"]
        beside = engine.audit.verify("gu-2")
        assert [each for each in beside if each.code != "schema_altered"] == []


FORGED = "FROM (SELECT '2016-Q1' AS period, 1 AS number, '1' AS rate, 'x' AS band, '{}' AS tree)"
