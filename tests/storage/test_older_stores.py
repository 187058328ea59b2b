"""What an earlier commit left behind opens, verifies and goes on."""

from __future__ import annotations

import datetime as dt
import json
import lzma
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import evalflow
from evalflow.storage import parse
from evalflow.storage.integrity import AuditStorage

KEPT = Path(__file__).parents[1] / "data" / "store-f8ebe7e"
EXPECTED = json.loads((KEPT / "expected.json").read_text("utf-8"))
THEN = dt.datetime(2017, 1, 6, 9, tzinfo=dt.timezone(dt.timedelta(hours=9)))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[evalflow.Engine]:
    store = tmp_path / "office.db"
    store.write_bytes(lzma.decompress((KEPT / "office.db.xz").read_bytes()))
    with evalflow.open(f"sqlite:///{store}", clock=lambda: THEN) as engine:
        yield engine


def test_an_older_store_is_whole(office: evalflow.Engine) -> None:
    assert list(office.audit.verify()) == []


def test_what_it_lacks_of_plans_is_written_as_an_opening_balance(
    office: evalflow.Engine, tmp_path: Path
) -> None:
    """Who revised a plan before it had a history is not made up, and `verify` says so."""
    unchecked: list[evalflow.Unchecked] = []
    assert list(office.audit.verify(unchecked=unchecked.append)) == []

    opened = {each.project for each in unchecked if each.code == "opening_balance"}
    assert opened == set(office.plans.ids())
    for plan in office.plans.ids():
        (entry,) = office.plans.history(plan)
        projects = list(office.projects(plan=plan))
        assert (entry.event, entry.actor, entry.role) == ("opening", "", "")
        assert entry.data["projects"] == {
            each.number: [each.version, each.head] for each in projects
        }
        assert entry.revision == office.plans.head(plan).revision
        assert entry.at == max(list(office.history(each.id))[-1].at for each in projects)
        assert entry.sealed().hash == entry.hash


def test_its_upgraded_file_has_the_schema_of_a_fresh_one(
    office: evalflow.Engine, tmp_path: Path
) -> None:
    evalflow.open(f"sqlite:///{tmp_path / 'fresh.db'}").close()

    def schema(name: str) -> list[tuple[str, ...]]:
        with closing(sqlite3.connect(tmp_path / name)) as connection:
            rows = connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY name")
            return [(kind, name, " ".join((sql or "").split())) for kind, name, sql in rows]

    assert schema("office.db") == schema("fresh.db")
    assert isinstance(office.storage, AuditStorage)
    assert office.storage.schema_faults == ()


def test_two_copies_are_brought_up_to_date_with_the_same_entries(
    office: evalflow.Engine, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    copy.write_bytes(lzma.decompress((KEPT / "office.db.xz").read_bytes()))
    with evalflow.open(f"sqlite:///{copy}") as other:
        for plan in office.plans.ids():
            assert list(other.plans.history(plan)) == list(office.plans.history(plan))


def test_what_was_cut_off_before_the_upgrade_was_noticed_is_found_after_it(
    office: evalflow.Engine, tmp_path: Path
) -> None:
    """The opening balance holds where every project stood: its last entry cannot be taken back."""
    project = next(each for each in office.projects() if each.version > 3)
    with closing(sqlite3.connect(tmp_path / "office.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        for (trigger,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        cut = (project.id, project.version)
        connection.execute("DELETE FROM notice WHERE project = ? AND number = ?", cut)
        connection.execute("DELETE FROM entry WHERE project = ? AND number = ?", cut)
        before = connection.execute(
            "SELECT number, hash, after, period_after FROM entry WHERE project = ? "
            "ORDER BY number DESC LIMIT 1",
            (project.id,),
        ).fetchone()
        connection.execute(
            "UPDATE project SET version = ?, head = ?, states = ?, period = ? WHERE id = ?",
            (*before, project.id),
        )
    found = list(office.audit.verify(project=project.id))
    assert ("entry_missing", project.version) in {(each.code, each.number) for each in found}


def test_its_checkpoints_come_out_the_same(office: evalflow.Engine) -> None:
    found = {plan: str(office.audit.checkpoint(plan)) for plan in office.plans.ids()}

    assert found == EXPECTED["plans"]


def test_every_hash_and_fingerprint_is_made_again_from_its_text(office: evalflow.Engine) -> None:
    entries = [entry for _, entry in office.storage.entries()]

    assert len(entries) > 1000
    for entry in entries:
        assert entry.sealed().hash == entry.hash
    used = {project.lifecycle for project in office.projects()}
    assert sorted(used) == EXPECTED["lifecycles"]
    for fingerprint in used:
        assert office.plans.lifecycle(fingerprint).fingerprint == fingerprint


def test_every_evaluation_and_definition_is_written_as_it_was(office: evalflow.Engine) -> None:
    for project in office.projects():
        evaluation = office.storage.evaluation(project.id, project.period)
        if evaluation is not None:
            again = evalflow.Evaluation.from_tree(parse(evaluation.text()))
            assert again.text() == evaluation.text()
        definition = office.plans.definition(project.id)
        assert definition.tree


def test_an_older_batch_plan_is_applied(office: evalflow.Engine) -> None:
    batch = evalflow.load_batch(KEPT / "review.batch.jsonl")

    receipts = list(office.batches.apply(batch, by=batch.header.by))

    assert len(receipts) == 34
    assert {receipt.outcome for receipt in receipts} == {"done"}
    assert list(office.audit.verify()) == []
