"""Attacks on a store that succeeded once: each as it was tried, and how it should end.

From `h3_sql_verify` and `h5_forged_change`. On the code before (f8ebe7e) `verify` was silent to all
of these, and the mayor put into force what nobody had asked for; see `docs/explanation/trust.md`.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import evalflow
from offices import PLAN, Clock, Office


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The office on 4 April: figures given, a deadline put off twice, a change asked for."""
    folder = tmp_path_factory.mktemp("attacks")
    plan_file, path = folder / "plan.yaml", folder / "office.db"
    plan_file.write_text(PLAN, encoding="utf-8")
    clock = Clock()
    with evalflow.open(f"sqlite:///{path}", plugins=[], clock=clock) as engine:
        plan = evalflow.load_plan(plan_file)
        engine.adopt(plan, by=plan.actor("policy-1"))
        office = Office(engine, plan, clock)
        clock.go("2016-04-04")
        for project in ("gu/1", "gu/2"):
            office.evaluate(project)
        for deadline, until in (("submit", "2016-04-12"), ("review", "2016-04-27")):
            office.fire(
                *("gu/2", "extend_deadline", "policy-1"),
                deadline=deadline,
                until=until,
                reason="명절",
            )
        request(office)
        assert found(office) == set()
        assert any(each.notice.project == "gu/3" for each in engine.outbox.notices())
    return path


@pytest.fixture
def path(lived: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "office.db"
    shutil.copyfile(lived, copy)
    return copy


@pytest.fixture
def office(path: Path, plan_file: Path, clock: Clock) -> Iterator[Office]:
    clock.go("2016-04-04")
    with evalflow.open(f"sqlite:///{path}", plugins=[], clock=clock) as engine:
        yield Office(engine, evalflow.load_plan(plan_file), clock)


def request(office: Office) -> None:
    office.fire(
        *("gu/3", "request_change", "road-head"),
        kind="target",
        change={"indicators": {"metres": {"targets": {"2016-Q4": "2100"}}}},
        reason="사유",
        detail="내용",
        reported_on="2016-04-01",
    )


def edit(path: Path, *statements: str, triggers: bool = False) -> None:
    """Edit the store as another program does that may write the file; without `triggers` they are
    put aside and back."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        asked = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        there = [] if triggers else connection.execute(asked).fetchall()
        for name, _ in there:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            assert connection.execute(statement).rowcount != 0, statement
        for _, sql in there:
            connection.execute(sql)


def found(office: Office) -> set[str]:
    return {each.code for each in office.engine.audit.verify()}


OTHER_RULES = (
    "INSERT INTO lifecycle SELECT 'x' || substr(fingerprint, 2), "
    "replace(tree, 'policy_office', 'department') FROM lifecycle",
    "UPDATE project SET lifecycle = (SELECT fingerprint FROM lifecycle "
    "WHERE fingerprint LIKE 'x%') WHERE id = 'gu/2'",
)

EDITS = {
    "another change": [
        "UPDATE project SET change = replace(change, '2100', '9') WHERE id = 'gu/3'"
    ],
    "another name": ["UPDATE project SET label_ko = '위조' WHERE id = 'gu/2'"],
    "another field": ["UPDATE project SET field = 'environment' WHERE id = 'gu/2'"],
    "another unit": ["UPDATE project SET unit = 'road' WHERE id = 'gu/2'"],
    "other rules": [*OTHER_RULES],
    "another department": ["UPDATE assignment SET unit = 'road' WHERE project = 'gu/2'"],
    "no department": ["DELETE FROM assignment WHERE project = 'gu/2'"],
    "an evaluation too many": [
        "INSERT INTO evaluation (project, period, number, rate, band, tree) SELECT project, "
        "'2015-Q4', number, '99.9', 'done', replace(tree, '2016-Q1', '2015-Q4') FROM evaluation "
        "WHERE project = 'gu/2'"
    ],
    "another rate": ["UPDATE evaluation SET rate = '12.3' WHERE project = 'gu/2'"],
    "another band": ["UPDATE evaluation SET band = 'lagging' WHERE project = 'gu/2'"],
    "no evaluation": ["DELETE FROM evaluation WHERE project = 'gu/2'"],
    "the rules' roles": [
        "UPDATE lifecycle SET tree = replace(tree, 'policy_office', 'department')"
    ],
    "the rules' words": ["UPDATE lifecycle SET tree = replace(tree, '보완요구', '보완')"],
    "from when it counts": ["UPDATE plan_revision SET effective = '2016-Q4'"],
    "a definition's name": ["UPDATE definition SET label_ko = '위조' WHERE project = 'gu/2'"],
    "a definition's unit": ["UPDATE definition SET tree = replace(tree, 'elderly', 'road')"],
    "a project": [
        *(
            f"DELETE FROM {table} WHERE project = 'gu/2'"
            for table in ("notice", "evaluation", "entry", "assignment", "definition")
        ),
        "DELETE FROM project WHERE id = 'gu/2'",
    ],
    "a notice": ["DELETE FROM notice WHERE project = 'gu/3'"],
    "an actor": ["UPDATE entry SET actor = 'elderly-head' WHERE number = 2"],
    "rights": ["UPDATE plan_revision SET tree = replace(tree, 'education-1', 'education-9')"],
}
"""What was edited -> how."""


@pytest.mark.parametrize("statements", EDITS.values(), ids=EDITS)
def test_what_was_edited_by_sql_is_found(office, path, statements):
    edit(path, *statements)
    assert found(office) != set()


def test_a_change_that_was_edited_before_its_approval_is_found_and_not_put_into_force(office, path):
    """With the schema's triggers in place: a change may be written into a project's row."""
    office.fire("gu/3", "consult", "policy-1", opinion="이견 없음")
    with closing(sqlite3.connect(path)) as connection:
        asked = "SELECT change FROM project WHERE id = 'gu/3'"
        change = json.loads(connection.execute(asked).fetchone()[0])
        change["after"] = {"indicators": {"metres": {"targets": {"2016-Q4": "9"}}}}
        text = json.dumps(change, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        connection.execute("UPDATE project SET change = ? WHERE id = 'gu/3'", (text,))
        connection.commit()
    assert found(office) == {"state_edited"}
    with pytest.raises(evalflow.Refused) as refused:
        office.fire("gu/3", "approve_change", "mayor-1")
    assert [each.code for each in refused.value.reasons] == ["change_not_as_requested"]
    definition = office.engine.plans.definition("gu/3")
    assert definition.tree["indicators"]["metres"]["targets"]["2016-Q4"] == "400"


def test_what_was_asked_for_is_put_into_force_as_before(office):
    office.fire("gu/3", "consult", "policy-1", opinion="이견 없음")
    office.fire("gu/3", "approve_change", "mayor-1")
    definition = office.engine.plans.definition("gu/3")
    assert definition.tree["indicators"]["metres"]["targets"]["2016-Q4"] == "2100"
    assert found(office) == set()
