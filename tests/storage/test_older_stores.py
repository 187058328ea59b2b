"""What an earlier commit left behind opens, verifies and goes on."""

from __future__ import annotations

import datetime as dt
import json
import lzma
from collections.abc import Iterator
from pathlib import Path

import pytest

import evalflow
from evalflow.storage import parse

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

    receipts = list(office.batches.apply(batch))

    assert len(receipts) == 34
    assert {receipt.outcome for receipt in receipts} == {"done"}
    assert list(office.audit.verify()) == []
