"""A lifecycle's fingerprint holds 48 bits: another text that bears the same one can be made with
patience. What guards is the SHA-256 of the text in the plan's history.

Nobody has that patience in a test, so fingerprints hold no bits at all here. On the code before,
the forged rules were acted on and `verify` was silent.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import evalflow
from evalflow.lifecycle.load import lifecycle_from_tree
from offices import Clock

DATA = {"deadline": "self_evaluate", "until": "2016-04-12", "reason": "명절"}


@pytest.fixture(autouse=True)
def alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every lifecycle of a name and version bear the same fingerprint."""
    monkeypatch.setattr("evalflow.lifecycle.definition.digest", lambda text: "0" * 64)


@pytest.fixture
def path(tmp_path: Path, plan_file: Path, clock: Clock) -> Path:
    path = tmp_path / "office.db"
    with evalflow.open(f"sqlite:///{path}", plugins=[], clock=clock) as engine:
        plan = evalflow.load_plan(plan_file, plugins=[])
        engine.adopt(plan, by=plan.actor("policy-1"))
        assert engine.project("gu/1").lifecycle.endswith("@000000000000")
    clock.go("2016-04-04")
    return path


@pytest.fixture
def engine(path: Path, clock: Clock) -> Iterator[evalflow.Engine]:
    with evalflow.open(f"sqlite:///{path}", plugins=[], clock=clock) as engine:
        yield engine


def forge(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        asked = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        there = connection.execute(asked).fetchall()
        for name, _ in there:
            connection.execute(f"DROP TRIGGER {name}")
        forged = "UPDATE lifecycle SET tree = replace(tree, 'policy_office', 'department')"
        assert connection.execute(forged).rowcount == 1
        for _, sql in there:
            connection.execute(sql)


def test_another_text_under_the_same_fingerprint_is_found_and_not_acted_on(path, engine):
    assert list(engine.audit.verify()) == []
    forge(path)
    assert "lifecycle_edited" in {each.code for each in engine.audit.verify()}
    with pytest.raises(evalflow.StorageError) as raised:
        engine.fire("gu/1", "extend_deadline", by="education-1", data=DATA)
    assert raised.value.code == "corrupt"
    assert len(list(engine.history("gu/1"))) == 1


def test_what_was_not_forged_is_acted_on(engine):
    assert engine.fire("gu/1", "extend_deadline", by="policy-1", data=DATA).number == 2
    (entry,) = engine.plans.history("gu")
    (seal,) = entry.data["lifecycles"].values()
    assert len(seal) == 64


def test_another_text_under_the_same_fingerprint_is_not_offered(engine):
    old = engine.plans.lifecycle(engine.project("gu/1").lifecycle)
    other = lifecycle_from_tree({**old.tree, "en": "Other"})
    assert other.fingerprint == old.fingerprint
    with pytest.raises(evalflow.InvalidInput) as raised:
        engine.plans.propose_migration("gu", other, by="policy-1", reason="다른 절차")
    assert [each.code for each in raised.value.problems] == ["fingerprint_taken"]
    batch = engine.plans.migrate("gu", other, by="policy-1", reason="다른 절차")
    codes = {reason.code for line in batch for reason in line.reasons}
    assert codes  # refused, line by line
    assert list(batch.apply())
    assert {each.version for each in engine.projects()} == {1}


def test_a_migration_says_the_text_that_it_brings(engine):
    old = engine.plans.lifecycle(engine.project("gu/1").lifecycle)
    new = lifecycle_from_tree({**old.tree, "version": str(old.version + 1)})
    list(engine.plans.migrate("gu", new, by="policy-1", reason="개정").apply())
    entry = list(engine.plans.history("gu"))[-1]
    assert (entry.event, set(entry.data["lifecycles"])) == ("migrate", {new.fingerprint})
    assert list(engine.audit.verify()) == []
