"""What a store holds comes back without the reader for people's files, and damage is told."""

from __future__ import annotations

import datetime as dt
import json
import lzma
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import evalflow
from evalflow.files.reader import Reader
from evalflow.lifecycle.load import lifecycle_from_tree
from evalflow.model.calendar import Calendar
from evalflow.model.canonical import canonical, parse
from evalflow.plan.head import head_from_tree
from evalflow.plan.project import read_project
from evalflow.plan.stored import stored_definition, stored_head

KEPT = Path(__file__).parents[1] / "data" / "store-f8ebe7e"
THEN = dt.datetime(2017, 1, 6, 9, tzinfo=dt.timezone(dt.timedelta(hours=9)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "office.db"
    path.write_bytes(lzma.decompress((KEPT / "office.db.xz").read_bytes()))
    return path


def opened(path: Path) -> evalflow.Engine:
    return evalflow.open(f"sqlite:///{path}", clock=lambda: THEN)


@pytest.fixture
def office(path: Path) -> Iterator[evalflow.Engine]:
    with opened(path) as engine:
        yield engine


def test_an_older_store_comes_back_as_the_reader_had_it(office: evalflow.Engine) -> None:
    storage, definitions, lifecycles = office.storage, 0, set()
    for plan in office.plans.ids():
        for revision, _ in storage.revisions(plan):
            text = storage.head(plan, revision)
            assert text is not None
            head = stored_head(text, plan)
            assert head == head_from_tree(parse(text))
            assert canonical(head.tree) == text
            for project, _, content in storage.definitions(plan, revision):
                number = project.rpartition("/")[2]
                definition = stored_definition(head.id, number, content)
                reader = Reader(parse(content), stored=True)
                periods = [each.text for each in Calendar(head.calendar).periods()]
                right = read_project(
                    reader.top, plan, number, periods, written=False, measures=False
                )
                assert reader.problems == []
                assert definition == right
                assert canonical(definition.tree) == content
                definitions += 1
        lifecycles |= {project.lifecycle for project in office.projects(plan=plan)}
    assert definitions > 100
    assert len(lifecycles) == 3
    for fingerprint in lifecycles:
        text = storage.lifecycle(fingerprint)
        assert text is not None
        lifecycle = office.plans.lifecycle(fingerprint)
        assert lifecycle == lifecycle_from_tree(parse(text))
        assert canonical(lifecycle.tree) == text
        assert lifecycle.fingerprint == fingerprint


def test_the_reader_for_files_is_not_entered(
    office: evalflow.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Reader.__init__

    def entered(reader: Reader, source: Any, *, at: Any = (), stored: bool = False) -> None:
        # A plugin's options are its own: the one installed now may know others than then.
        if at[-1:] != ("options",):
            raise AssertionError("the reader for people's files was entered")
        made(reader, source, at=at, stored=stored)

    monkeypatch.setattr(Reader, "__init__", entered)
    with pytest.raises(AssertionError):  # so that this test can fail
        head_from_tree({})

    for plan in office.plans.ids():
        head = office.plans.head(plan)
        actor = office.actor(plan, next(iter(head.directory)))
        assert all(each.id.startswith(plan) for each in office.plans.definitions(plan))
        for project in office.projects(plan=plan):
            assert office.plans.definition(project.id).id == project.id
            assert office.plans.lifecycle(project.lifecycle).fingerprint == project.lifecycle
            office.permitted(project.id, by=actor)


def test_a_lifecycle_whose_text_is_not_the_one_of_its_fingerprint_is_not_followed(
    damaged: Callable[[str], evalflow.Engine],
) -> None:
    """An edited rule would else be followed by every firing until somebody verifies."""
    edit = "UPDATE lifecycle SET tree = replace(tree, '\"policy_office\"', '\"department\"')"
    with damaged(edit) as engine, pytest.raises(evalflow.StorageError) as caught:
        engine.explain(f"{PLAN}/6", "review", by="policy-1")
    assert caught.value.code == "corrupt"
    assert "fingerprint" in caught.value.en


# --------------------------------------------------------------------------- damage


@pytest.fixture
def damaged(path: Path) -> Callable[[str], evalflow.Engine]:
    """Return a function that edits the file behind evalflow's back and opens it again."""

    def edit(statement: str) -> evalflow.Engine:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            names = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = names.fetchall()
            for name, _ in triggers:
                connection.execute(f"DROP TRIGGER {name}")
            assert connection.execute(statement).rowcount > 0
            for _, sql in triggers:
                connection.execute(sql)
        return opened(path)

    return edit


PLAN = "seodaemun-2016"
WHERE = f"WHERE project = '{PLAN}/6'"


@pytest.mark.parametrize(
    ("tree", "told"),
    [
        ('replace(tree, \'"direction":"up"\', \'"direction":"sideways"\')', ".direction: "),
        ('\'{"ko":"x"\'', "cannot be read (JSONDecodeError"),
        ("'[]'", "expected a mapping"),
        ("'{}'", "ko: nothing there"),
    ],
)
def test_a_damaged_definition_is_a_storage_error_and_a_finding(
    damaged: Callable[[str], evalflow.Engine], tree: str, told: str
) -> None:
    with damaged(f"UPDATE definition SET tree = {tree} {WHERE}") as engine:
        for read in (
            lambda: engine.plans.definition(f"{PLAN}/6"),
            lambda: list(engine.plans.definitions(PLAN)),
        ):
            with pytest.raises(evalflow.StorageError) as caught:
                read()
            assert caught.value.code == "corrupt"
            assert told in caught.value.en
            assert f"{PLAN}/6" in caught.value.ko
        found = {(each.project, each.code) for each in engine.audit.verify()}
        assert found == {(f"{PLAN}/6", "definition_edited")}


def test_a_damaged_head_is_a_storage_error_and_a_finding(
    damaged: Callable[[str], evalflow.Engine],
) -> None:
    edit = "UPDATE plan_revision SET tree = replace(tree, 'Asia/Seoul', '') WHERE plan = "
    edit = edit.replace("'Asia/Seoul', ''", '\'"kind":"office"\', \'"kind":7.5\'')
    with damaged(f"{edit}'{PLAN}'") as engine:
        with pytest.raises(evalflow.StorageError) as caught:
            engine.plans.head(PLAN)
        assert caught.value.code == "corrupt"
        assert f"plan {PLAN} is damaged: units" in caught.value.en
        assert "plan_edited" in {each.code for each in engine.audit.verify(PLAN)}


def test_a_damaged_lifecycle_is_a_storage_error_and_a_finding(
    damaged: Callable[[str], evalflow.Engine],
) -> None:
    fingerprint = json.loads((KEPT / "expected.json").read_text("utf-8"))["lifecycles"][0]
    edit = "UPDATE lifecycle SET tree = replace(tree, '\"initial\":', '\"final\":')"
    with damaged(edit) as engine:
        with pytest.raises(evalflow.StorageError) as caught:
            engine.plans.lifecycle(fingerprint)
        assert caught.value.code == "corrupt"
        assert f"the stored lifecycle {fingerprint} is damaged: regions[0]" in caught.value.en
        assert {each.code for each in engine.audit.verify()} == {"lifecycle_edited"}
