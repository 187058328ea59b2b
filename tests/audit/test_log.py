"""What checkpoints find that nothing else does: each attack with and without one.

`docs/explanation/guarantees.md` names these tests: it claims no more than they show.
"""

from __future__ import annotations

import itertools
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import evalflow
from evalflow.audit.checkpoints import SignedCheckpoint
from evalflow.audit.log import leaf_text, leaves, read_checkpoint
from evalflow.audit.merkle import leaf_hash, root_of
from evalflow.storage.integrity import tables_of
from evalflow.testing.office import PLAN_ID, Ticking, fire
from evalflow.testing.spoiling import lived_in
from offices import Clock, Office


def lines(engine: evalflow.Engine, plan: str) -> list[str]:
    with tables_of(engine.storage) as tables:
        return [leaf_text(leaf) for _, leaf in leaves(tables, [plan])]


def findings(engine: evalflow.Engine, *points: SignedCheckpoint | evalflow.Checkpoint) -> list[str]:
    return [each.code for cover in engine.audit.hold(points) for each in cover.found]


# --------------------------------------------------------------------------- the log


def test_the_log_only_grows_whatever_happens(store_url, plan_file, clock):
    """At every step of an office's life the log begins as it stood before."""
    with evalflow.open(store_url, plugins=[], clock=clock) as engine:
        plan = evalflow.load_plan(plan_file)
        engine.adopt(plan, by=plan.actor("policy-1"))
        office, seen = Office(engine, plan, clock), [lines(engine, "gu")]
        points = [engine.audit.sign_checkpoint()]

        def step() -> None:
            now = lines(engine, "gu")
            assert now[: len(seen[-1])] == seen[-1]
            seen.append(now)
            points.append(engine.audit.sign_checkpoint())

        office.to_submitted()
        step()
        head = engine.plans.head("gu")
        tree = {**head.tree, "en": "Renamed"}
        renamed = attrs.evolve(head, label=evalflow.Label(head.label.ko, "Renamed"), tree=tree)
        engine.adopt(
            attrs.evolve(engine.plans.with_tables("gu", []), head=renamed),
            by="policy-1",
            reason="이름",
        )
        step()
        office.review("gu/3")
        step()
        definitions = {each.number: each for each in engine.plans.definitions("gu")}
        definitions["9"] = attrs.evolve(definitions["3"], id="gu/9", number="9")
        engine.adopt(
            evalflow.Plan(
                head=engine.plans.head("gu"), projects=definitions, lifecycle=plan.lifecycle
            ),
            by="policy-1",
            reason="신규",
        )
        step()
        assert len(seen[-1]) > len(seen[0])
        (cover,) = engine.audit.hold(points)
        assert (cover.found, cover.by, cover.rest, cover.others) == ((), points[-1], {}, ())
        for earlier, later in itertools.pairwise(points):
            if earlier.size < later.size == points[-1].size:
                assert engine.audit.extend_checkpoint(earlier).extends(earlier)


def test_the_root_is_that_of_the_lines_as_anyone_can_work_it_out(office):
    told = [leaf_hash(line.encode()) for line in lines(office.engine, "gu")]
    point = office.engine.audit.sign_checkpoint()
    assert (point.size, point.root) == (len(told), root_of(told))


def test_every_entry_of_every_project_is_a_leaf_and_nothing_else_is(office):
    office.to_submitted()
    told = lines(office.engine, "gu")
    for _, entry in office.engine.storage.entries():
        assert f'["entry","{entry.project}",{entry.number},"{entry.hash}"]' in told
    entries = sum(1 for _ in office.engine.storage.entries())
    assert sum(line.startswith('["entry"') for line in told) == entries
    assert len(told) == len(set(told))


def test_what_is_covered_and_what_is_not_is_said(office):
    office.to_submitted()
    point = office.engine.audit.sign_checkpoint()
    reviewed = office.review("gu/3")
    (cover,) = office.engine.audit.hold([point])
    assert cover.rest == {"gu/3": (reviewed.number, reviewed.number)}
    assert f"unprotected: gu/3 #{reviewed.number}" in cover.text("en")
    assert f"보호되지 않는 것: gu/3 #{reviewed.number}" in cover.text("ko")
    (bare,) = office.engine.audit.hold([])
    assert bare.by is None
    assert set(bare.rest) == {"gu/1", "gu/2", "gu/3"}
    assert "plan revision 1" in bare.text("en")
    (whole,) = office.engine.audit.hold([office.engine.audit.sign_checkpoint()])
    assert "nothing is left" in whole.text("en")


def test_a_checkpoint_of_a_plan_that_is_not_there_is_a_finding(office):
    point = office.engine.audit.sign_checkpoint()
    gone = attrs.evolve(point, origin="evalflow/gone")
    assert findings(office.engine, point, gone) == ["checkpoint_differs"]


def test_the_one_line_of_before_still_holds_and_still_finds(office):
    line = office.engine.audit.checkpoint()
    office.to_submitted()
    assert findings(office.engine, line) == []
    assert findings(office.engine, read_checkpoint(str(line))) == []
    assert findings(office.engine, attrs.evolve(line, hash="0" * 64)) == ["checkpoint_differs"]
    assert findings(office.engine, attrs.evolve(line, entries=99)) == ["checkpoint_differs"]
    (cover,) = office.engine.audit.hold([line])
    assert (cover.by, cover.entries) == (line, 3)


def test_a_migration_of_the_plan_waits_for_its_place_and_is_said_to_be_unprotected(
    office, tmp_path
):
    """Entries decided before it may still come: it makes no revision."""
    office.to_submitted()
    before = office.engine.audit.sign_checkpoint()
    preset = files("evalflow.lifecycle") / "presets" / "major-works.yaml"
    text = preset.read_text("utf-8").replace("name: major-works", "name: ours", 1)
    (tmp_path / "ours.yaml").write_text(text, "utf-8")
    ours = evalflow.load_lifecycle(tmp_path / "ours.yaml", plugins=[])
    batch = office.engine.plans.migrate("gu", ours, by="policy-1", reason="새 절차")
    receipts = [each.outcome for each in office.engine.batches.apply(batch)]
    assert set(receipts) == {"done"}, receipts
    between = office.engine.audit.extend_checkpoint(before)
    assert between.extends(before)
    (cover,) = office.engine.audit.hold([between.checkpoint])
    assert "unprotected: the plan's entry #2" in cover.text("en")
    sealing = office.engine.audit.export(tmp_path / "b.zip").sealed()
    assert evalflow.verify_bundle(tmp_path / "b.zip", noted=sealing)[1] == ()
    office.review("gu/3")
    after = office.engine.audit.extend_checkpoint(between.checkpoint)
    assert after.extends(between.checkpoint)
    (cover,) = office.engine.audit.hold([after.checkpoint])
    assert "nothing is left" in cover.text("en")


class Written:
    """Tables that hold a plan's own history beside its projects': what a life leaves in them."""

    gapless, kept = True, frozenset(("plan_revision", "plan_entry", "lifecycle"))

    def __init__(self) -> None:
        self.tables: dict[str, list[dict[str, Any]]] = {"plan_revision": [], "plan_entry": []}
        self.entries: list[dict[str, Any]] = []

    def rows(self, table: str, owner: Any) -> Iterator[dict[str, Any]]:
        yield from self.tables.get(table, [])

    def written(self) -> Iterator[dict[str, Any]]:
        yield from self.entries

    def behind(self) -> bool:
        return False

    def own(self, *, revises: bool) -> None:
        revision = len(self.tables["plan_revision"]) + revises
        number = len(self.tables["plan_entry"]) + 1
        self.tables["plan_entry"].append(
            {"plan": "gu", "number": number, "revision": revision, "hash": f"p{number}"}
        )
        if revises:
            row = {
                "plan": "gu",
                "revision": revision,
                "effective": "2016-Q1",
                "tree": f"t{revision}",
            }
            self.tables["plan_revision"].append(row)

    def entry(self, back: int) -> None:
        """Write a project's entry, decided under the plan's last entry, or so many before it, as
        far as the plan was not revised since."""
        revision = len(self.tables["plan_revision"])
        under = [row for row in self.tables["plan_entry"] if row["revision"] == revision]
        number = len(self.entries) + 1
        self.entries.append(
            {"project": "gu/1", "number": number, "revision": revision, "lifecycle": "l/1@0",
             "plan_head": under[max(len(under) - 1 - back, 0)]["hash"], "hash": f"e{number}"}
        )  # fmt: skip

    def lines(self) -> list[str]:
        return [leaf_text(leaf) for _, leaf in leaves(self, ["gu"])]  # type: ignore[arg-type]


@given(steps=st.lists(st.sampled_from(["revise", "own", "entry", "stale"]), max_size=25))
def test_the_log_only_grows_also_by_what_is_decided_while_the_plan_s_history_goes_on(steps):
    """An entry may be decided under the plan's last entry but one, if that made no revision."""
    there = Written()
    there.own(revises=True)
    seen = there.lines()
    for step in steps:
        if step in ("revise", "own"):
            there.own(revises=step == "revise")
        else:
            there.entry(back=step == "stale")
        now = there.lines()
        assert now[: len(seen)] == seen
        seen = now
    there.entry(back=0)  # now nothing waits for its place any more
    told = there.lines()
    assert sum(line.startswith('["plan"') for line in told) == len(there.tables["plan_entry"])
    assert len(told) == len(set(told))


# --------------------------------------------------------------------------- attacks


@pytest.fixture
def path(tmp_path: Path, plan_file: Path) -> Path:
    """A store with a quarter's history, closed."""
    store = tmp_path / "office.db"
    clock = Clock()
    plan = evalflow.load_plan(plan_file)
    with evalflow.open(f"sqlite:///{store}", plugins=[], clock=clock) as engine:
        engine.adopt(plan, by=plan.actor("policy-1"))
        Office(engine, plan, clock).to_submitted()
    return store


@contextmanager
def opened(path: Path) -> Iterator[evalflow.Engine]:
    clock = Clock()
    clock.go("2016-04-15")
    with evalflow.open(f"sqlite:///{path}", plugins=[], clock=clock) as engine:
        yield engine


def signed(path: Path) -> SignedCheckpoint:
    with opened(path) as engine:
        return engine.audit.sign_checkpoint()


def judged(path: Path, point: SignedCheckpoint) -> tuple[list[str], list[str]]:
    """Return what `verify` finds without, and what it finds with the checkpoint."""
    with opened(path) as engine:
        return [each.code for each in engine.audit.verify()], findings(engine, point)


def edit(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        asked = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        triggers = connection.execute(asked).fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            assert connection.execute(statement).rowcount > 0, statement
        for _, sql in triggers:
            connection.execute(sql)


def test_an_older_file_that_was_put_back_is_found_with_a_checkpoint_alone(path, tmp_path):
    older = tmp_path / "older.db"
    shutil.copyfile(path, older)
    with opened(path) as engine:
        engine.fire(
            "gu/3", "review", by=engine.actor("gu", "policy-1"), data={"ratings": "confirmed"}
        )
    point = signed(path)
    shutil.copyfile(older, path)
    assert judged(path, point) == ([], ["checkpoint_differs"])


def test_a_cut_off_tail_is_found_with_a_checkpoint_alone(path):
    """The newest entry with all that it left is taken away, and what was before put back."""
    with closing(sqlite3.connect(path)) as connection:
        columns = {
            table: [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            for table in ("project", "evaluation")
        }
        rows = {
            table: connection.execute(f"SELECT {', '.join(names)} FROM {table}").fetchall()
            for table, names in columns.items()
        }
    with opened(path) as engine:
        newest = engine.fire(
            "gu/3", "review", by=engine.actor("gu", "policy-1"), data={"ratings": "confirmed"}
        )
    point = signed(path)
    put_back = [
        f"INSERT INTO {table} ({', '.join(columns[table])}) "
        f"VALUES ({', '.join(_sql(each) for each in row)})"
        for table, kept in rows.items()
        for row in kept
    ]
    cut = f"project = 'gu/3' AND number = {newest.number}"
    with closing(sqlite3.connect(path)) as connection:
        told = connection.execute(f"SELECT count(*) FROM notice WHERE {cut}").fetchone()[0]
    edit(
        path,
        *([f"DELETE FROM notice WHERE {cut}"] if told else []),
        "DELETE FROM evaluation",
        "DELETE FROM project",
        f"DELETE FROM entry WHERE {cut}",
        *put_back,
    )
    assert judged(path, point) == ([], ["checkpoint_differs"])


def _sql(value: object) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def test_a_forged_chain_is_found_with_a_checkpoint_alone(path, tmp_path, plan_file):
    """Everything is computed anew, hashes and all, within the rules: other figures, one actor."""
    point = signed(path)
    path.unlink()
    clock = Clock()
    plan = evalflow.load_plan(plan_file)
    with evalflow.open(f"sqlite:///{path}", plugins=[], clock=clock) as engine:
        engine.adopt(plan, by=plan.actor("policy-1"))
        office = Office(engine, plan, clock)
        clock.go("2016-04-04")
        for project in ("gu/1", "gu/2"):
            office.evaluate(project)
        office.evaluate("gu/3", actuals={"metres": 900, "complaints": 1})
        office.submit("gu/1")
        office.submit("gu/3")
    assert judged(path, point) == ([], ["checkpoint_differs"])


def test_a_project_taken_away_whole_is_found_by_the_plans_history(path):
    """With the gaps that it leaves closed up, so that nothing else but a checkpoint can tell."""
    point = signed(path)
    gone = ("evaluation", "assignment", "definition", "notice", "entry")
    with closing(sqlite3.connect(path)) as connection:
        there = {
            table: connection.execute(
                f"SELECT count(*) FROM {table} WHERE project = 'gu/2'"
            ).fetchone()[0]
            for table in gone
        }
    edit(
        path,
        *[f"DELETE FROM {table} WHERE project = 'gu/2'" for table, rows in there.items() if rows],
        "DELETE FROM project WHERE id = 'gu/2'",
        *_renumbered(path, "entry"),
        *_renumbered(path, "notice"),
    )
    without, with_ = judged(path, point)
    assert with_ == ["checkpoint_differs"]
    assert without == ["project_missing"]


def _renumbered(path: Path, table: str) -> list[str]:
    """Return what closes the gaps in the positions that project 2 leaves."""
    with closing(sqlite3.connect(path)) as connection:
        asked = f"SELECT position FROM {table} WHERE project <> 'gu/2' ORDER BY position"
        kept = [row[0] for row in connection.execute(asked)]
    return [
        f"UPDATE {table} SET position = {place} WHERE position = {position}"
        for place, position in enumerate(kept, start=1)
        if place != position
    ]


@pytest.mark.parametrize(
    ("statement", "line_finds"),
    [
        # From `shared/attacks/h3_sql_verify`: silent with a checkpoint of before.
        ("UPDATE plan_revision SET effective = '2016-Q4'", False),
        ("UPDATE lifecycle SET tree = replace(tree, '보완요구', '보완')", False),
        ("UPDATE plan_revision SET tree = replace(tree, 'audit-1', 'audit-9')", True),
        ("UPDATE entry SET hash = replace(hash, substr(hash, 1, 8), '00000000')", True),
    ],
)
def test_every_kind_of_leaf_is_bound(path, statement, line_finds):
    with opened(path) as engine:
        line, point = engine.audit.checkpoint(), engine.audit.sign_checkpoint()
    edit(path, statement)
    with opened(path) as engine:
        assert findings(engine, point) == ["checkpoint_differs"]
        assert findings(engine, line) == (["checkpoint_differs"] if line_finds else [])


def test_another_order_of_writing_is_found(path):
    point = signed(path)
    edit(
        path,
        "UPDATE entry SET position = 900 WHERE position = 4",
        "UPDATE entry SET position = 4 WHERE position = 5",
        "UPDATE entry SET position = 5 WHERE position = 900",
    )
    with opened(path) as engine:
        assert findings(engine, point) == ["checkpoint_differs"]


@pytest.mark.parametrize("value", ["X'00ff'", "'nonsense'", "NULL", "CAST(X'ff' AS TEXT)", "1.5"])
@pytest.mark.parametrize("column", ["project", "number", "revision", "lifecycle", "hash"])
def test_garbage_in_an_entry_is_a_finding_and_no_end(path, column, value):
    point = signed(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_master SET sql = replace(replace(sql, 'STRICT', ''), 'NOT NULL', '') "
            "WHERE name = 'entry'"
        )
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute(f"UPDATE entry SET {column} = {value} WHERE position = 4")
    with opened(path) as engine:
        assert findings(engine, point) in (["checkpoint_differs"], [])
        found = [each.code for each in engine.audit.verify(since=point)]
        assert found


# --------------------------------------------------------------------------- from a checkpoint on


@pytest.fixture
def lived(tmp_path: Path) -> Path:
    path = tmp_path / "lived.db"
    with evalflow.open(f"sqlite:///{path}", plugins=[], clock=Ticking()) as engine:
        lived_in(engine)
    return path


def test_only_projects_that_moved_since_are_played_again(lived):
    with evalflow.open(f"sqlite:///{lived}", plugins=[], clock=Ticking()) as engine:
        point = engine.audit.sign_checkpoint()
        quiet: list[str] = []
        assert list(engine.audit.verify(since=point, unchecked=_noting(quiet))) == []
        assert len(quiet) == sum(1 for _ in engine.projects())


def _noting(quiet: list[str]) -> Callable[[evalflow.Unchecked], object]:
    return lambda each: quiet.append(each.project) if each.code == "before_checkpoint" else None


def test_a_project_that_moved_since_is_played_from_its_first_entry(lived):
    with evalflow.open(f"sqlite:///{lived}", plugins=[], clock=Ticking()) as engine:
        point = engine.audit.sign_checkpoint()
        fire(engine, engine.project(f"{PLAN_ID}/5"), "submit", 1)
        quiet: list[str] = []
        assert list(engine.audit.verify(since=point, unchecked=_noting(quiet))) == []
        moved = {entry.project for entry in _after(engine, point)}
        assert moved
        assert not moved & set(quiet)
        engine.close()
    edit(lived, f"UPDATE project SET field = 'forged' WHERE id = '{PLAN_ID}/5'")
    with evalflow.open(f"sqlite:///{lived}", plugins=[]) as engine:
        assert [each.code for each in engine.audit.verify(since=point)] == ["state_edited"]


def _after(engine: evalflow.Engine, point: SignedCheckpoint) -> list[evalflow.Entry]:
    (cover,) = engine.audit.hold([point])
    return [
        entry
        for project, (first, _) in cover.rest.items()
        for entry in engine.history(project)
        if entry.number >= first
    ]


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE entry SET actor = 'forged' WHERE project = '{PLAN_ID}/1' AND number = 1",
        f"UPDATE entry SET reason = 'forged' WHERE project = '{PLAN_ID}/1' AND number = 2",
        f"UPDATE project SET states = '[\"approved\",\"unchanged\"]' WHERE id = '{PLAN_ID}/1'",
        f"UPDATE project SET unit = 'forged' WHERE id = '{PLAN_ID}/1'",
        "UPDATE plan_revision SET effective = '2016-Q4' WHERE revision = 1",
        "UPDATE lifecycle SET tree = replace(tree, '보완요구', '보완')",
    ],
)
def test_what_lies_before_is_held_to_the_checkpoint(lived, statement):
    with evalflow.open(f"sqlite:///{lived}", plugins=[]) as engine:
        point = engine.audit.sign_checkpoint()
    edit(lived, statement)
    with evalflow.open(f"sqlite:///{lived}", plugins=[]) as engine:
        assert list(engine.audit.verify(since=point))


def test_where_the_checkpoint_does_not_fit_everything_is_played(lived):
    with evalflow.open(f"sqlite:///{lived}", plugins=[]) as engine:
        point = attrs.evolve(engine.audit.sign_checkpoint(), root=bytes(32))
        quiet: list[str] = []
        found = list(engine.audit.verify(since=point, unchecked=_noting(quiet)))
        assert ([each.code for each in found], quiet) == (["checkpoint_differs"], [])
