"""Cases that are opened one at a time, without a revision of their plan."""

from __future__ import annotations

import datetime as dt
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import attrs
import pytest

import evalflow
from evalflow.cli import run
from evalflow.engine import case_commands
from evalflow.model import Grant, PlanEntry
from procedures import HEAD, PLAN, SEOUL

REST = """
regions:
  r: {ko: r, en: r, initial: filed, states: {filed: {ko: 접수, en: Filed},
      answered: {ko: 회신, en: Answered, final: true}}}
events:
  answer:
    {ko: 회신, en: Answer, by: [chief], due: {day: 10}, transitions: [{from: filed, to: answered}]}
"""
OPENS = "opens: [clerk]\nthings: {ko: 민원, en: petitions}\n"
CASE = {"ko": "가로등 고장", "unit": "d", "field": "f"}


class Desk:
    """An office whose clerks open cases, in whatever storage."""

    def __init__(self, folder: Path, url: str, head: str = OPENS, rest: str = REST) -> None:
        (folder / "lifecycle.yaml").write_text(HEAD + head + rest, "utf-8")
        text = PLAN.replace("CALENDAR", "holidays: KR").replace("year,", "quarter,")
        (folder / "plan.yaml").write_text(text, "utf-8")
        self.folder, self.url = folder, url
        self.at = dt.datetime(2026, 1, 2, 9, tzinfo=SEOUL)
        self.engine = evalflow.open(url, clock=self.now)
        self.plan = evalflow.load_plan(folder / "plan.yaml")
        self.engine.adopt(self.plan, by=self.plan.actor("clerk-1"))

    def now(self) -> dt.datetime:
        return self.at.astimezone(dt.UTC)

    def open(self, by: str = "clerk-1", **more: Any) -> evalflow.Entry:
        case = CASE | {key: more.pop(key) for key in list(more) if key not in ("number", "reason")}
        return self.engine.plans.open_case("p-2026", case, by=by, **more)

    def refusal(self, **more: Any) -> list[str]:
        try:
            self.open(**more)
        except evalflow.Refused as error:
            return [reason.code for reason in error.reasons]
        except evalflow.InvalidInput as error:
            return [problem.code for problem in error.problems]
        return []

    def entries(self) -> list[PlanEntry]:
        return list(self.engine.plans.history("p-2026"))

    def found(self) -> list[str]:
        return [each.code for each in self.engine.audit.verify(deep=True)]


@pytest.fixture
def desk(tmp_path: Path, store_url: str) -> Iterator[Desk]:
    made = Desk(tmp_path, store_url)
    yield made
    made.engine.close()


def test_a_case_is_opened_without_a_revision(desk: Desk) -> None:
    desk.at += dt.timedelta(days=120)
    entry = desk.open()
    assert (entry.project, entry.event, entry.revision) == ("p-2026/3", "adopt", 1)
    assert entry.period == "2026-Q2"  # that of the day
    assert desk.engine.plans.head("p-2026").revision == 1
    own = desk.entries()[-1]
    assert (own.event, own.actor, own.role, own.revision) == ("open_case", "clerk-1", "clerk", 1)
    assert list(own.data["projects"]) == ["3"]
    assert entry.plan_head == own.hash
    due = [each for each in desk.engine.due(plan="p-2026") if "p-2026/3" in each.projects]
    assert [str(each.due) for each in due] == ["2026-07-10"]
    desk.engine.fire("p-2026/3", "answer", by="chief-1")
    assert desk.engine.project("p-2026/3").states == ("answered",)
    assert desk.engine.plans.definition("p-2026/3").label.ko == "가로등 고장"
    assert desk.found() == []


def test_the_number_is_the_next_free_one_or_as_given(desk: Desk) -> None:
    assert [desk.open().project for _ in range(2)] == ["p-2026/3", "p-2026/4"]
    assert desk.open(number="2026-77").project == "p-2026/2026-77"
    assert desk.open(number="9").project == "p-2026/9"
    assert desk.open().project == "p-2026/10"
    assert desk.refusal(number="9") == ["number_taken"]
    assert [each.number for each in desk.entries()] == [1, 2, 3, 4, 5, 6]


def test_only_whom_the_lifecycle_lets_opens_and_only_for_their_units(
    tmp_path: Path, desk: Desk
) -> None:
    assert desk.refusal(by="chief-1") == ["no_role"]
    assert desk.refusal(unit="nowhere") == ["unknown_unit"]
    assert desk.refusal(field="nothing") == ["unknown_field"]
    assert desk.refusal(kind="odd") == ["wrong_value"]
    with pytest.raises(evalflow.NotFound):
        desk.open(about="p-2026/99")
    with pytest.raises(evalflow.NotFound):
        desk.open(by="nobody-1")
    with pytest.raises(evalflow.NotFound):
        desk.engine.plans.open_case("q-2026", CASE, by="clerk-1")
    assert len(desk.entries()) == 1
    (tmp_path / "closed").mkdir()
    closed = Desk(tmp_path / "closed", "memory:", head="")
    assert closed.refusal() == ["only_by_plan"]


def test_what_is_measured_is_opened_by_no_one(tmp_path: Path) -> None:
    data = "data: {actuals: {ko: 실적, en: Actuals, type: figures}}, "
    rest = REST.replace("due:", data + "due:")
    (tmp_path / "lifecycle.yaml").write_text(HEAD + OPENS + rest, "utf-8")
    with pytest.raises(evalflow.InvalidInput) as caught:
        evalflow.load_lifecycle(tmp_path / "lifecycle.yaml")
    assert [each.code for each in caught.value.problems] == ["opens_what_is_measured"]


def test_a_revision_keeps_what_was_opened_and_cases_follow_it(desk: Desk) -> None:
    desk.open()
    plan = desk.engine.plans.plan("p-2026")
    assert list(plan.projects) == ["1", "2", "3"]
    tree = dict(plan.head.tree) | {"ko": "사무 (수정)"}
    revised = attrs.evolve(plan, head=attrs.evolve(plan.head, tree=tree))
    desk.engine.adopt(revised, by="clerk-1", reason="이름을 고침")
    assert desk.open().revision == 2
    with pytest.raises(evalflow.InvalidInput) as caught:  # a file from before leaves it out
        desk.engine.adopt(desk.plan, by="clerk-1", reason="예전 파일")
    assert "project_left_out" in {each.code for each in caught.value.problems}
    assert [each.event for each in desk.entries()] == ["adopt", "open_case", "revise", "open_case"]
    assert desk.found() == []


def test_those_who_open_at_the_same_time_get_one_number_each(tmp_path: Path) -> None:
    desk = Desk(tmp_path, f"sqlite:///{tmp_path / 'office.db'}")
    opened: list[str] = []
    ready = threading.Barrier(3)

    def work() -> None:
        with evalflow.open(desk.url, clock=desk.now) as engine:
            ready.wait()
            for _ in range(3):
                entry = engine.plans.open_case("p-2026", CASE, by="clerk-1")
                opened.append(entry.project)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(opened) == sorted(f"p-2026/{number}" for number in range(3, 12))
    assert desk.found() == []
    desk.engine.close()


def test_a_number_that_somebody_took_meanwhile_is_a_conflict(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = desk.engine.storage.commit

    def late(*args: Any, **more: Any) -> Any:
        monkeypatch.undo()
        desk.open(number="7", by="clerk-2")
        return commit(*args, **more)

    monkeypatch.setattr(desk.engine.storage, "commit", late)
    with pytest.raises(evalflow.Conflict):
        desk.open(number="7")
    assert desk.engine.project("p-2026/7").version == 1


def test_who_opened_without_a_right_is_found(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:  # a program that does not ask
        patch.setattr(case_commands, "opener", lambda *_: Grant(role="chief", unit="o"))
        desk.open(by="chief-1")
    (found,) = desk.engine.audit.verify()
    assert (found.code, found.project) == ("not_allowed", "p-2026/3")
    with monkeypatch.context() as patch:
        patch.setattr(case_commands, "opener", lambda *_: Grant(role="clerk", unit="o"))
        desk.open(by="chief-1")
    assert desk.found() == ["not_allowed", "not_allowed"]


FORGED = {
    "another name": "UPDATE definition SET tree = replace(tree, '가로등', '신호등') "
    "WHERE project = 'p-2026/3'",
    "no such case": "DELETE FROM project WHERE id = 'p-2026/3'",
    "another opener": "UPDATE plan_entry SET actor = 'clerk-2' WHERE event = 'open_case'",
    "no opening": "DELETE FROM plan_entry WHERE event = 'open_case'",
}


@pytest.mark.parametrize("statement", FORGED.values(), ids=FORGED)
def test_an_opening_that_was_edited_is_found(tmp_path: Path, statement: str) -> None:
    path = tmp_path / "office.db"
    desk = Desk(tmp_path, f"sqlite:///{path}")
    desk.open()
    assert desk.found() == []
    desk.engine.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = off")
        asked = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        there = connection.execute(asked).fetchall()
        for name, _ in there:
            connection.execute(f"DROP TRIGGER {name}")
        assert connection.execute(statement).rowcount
        for _, sql in there:
            connection.execute(sql)
    with evalflow.open(desk.url, clock=desk.now) as engine:
        assert list(engine.audit.verify())


def test_what_was_opened_is_in_bundles_checkpoints_batches_and_on_past_days(
    tmp_path: Path, desk: Desk
) -> None:
    first = desk.now()
    before = desk.engine.audit.sign_checkpoint()
    desk.at += dt.timedelta(days=30)
    desk.open()
    desk.open(unit="d", ko="불법 주정차")
    assert list(desk.engine.audit.verify(since=before)) == []
    planned = desk.engine.batch("answer", by="chief-1", where={"state": ["filed"]})
    assert {each.project for each in planned} == {f"p-2026/{n}" for n in (1, 2, 3, 4)}
    for line in planned.apply():
        assert line is not None
    assert {each.states for each in desk.engine.projects(plan="p-2026")} == {("answered",)}
    then = desk.engine.projects(plan="p-2026", at=first)
    assert [each.number for each in then] == ["1", "2"]
    desk.engine.audit.export(tmp_path / "bundle.zip", plan="p-2026")
    assert list(evalflow.verify_bundle(tmp_path / "bundle.zip")[1]) == []
    assert desk.found() == []


def test_a_plan_may_begin_empty(tmp_path: Path) -> None:
    (tmp_path / "lifecycle.yaml").write_text(HEAD + OPENS + REST, "utf-8")
    text = PLAN.replace("CALENDAR", "holidays: KR").partition("projects:")[0]
    for rest in ("projects: {}\n", ""):
        (tmp_path / "plan.yaml").write_text(text + rest, "utf-8")
        plan = evalflow.load_plan(tmp_path / "plan.yaml")
        with evalflow.open("memory:") as engine:
            engine.adopt(plan, by=plan.actor("clerk-1"))
            assert engine.plans.open_case("p-2026", CASE, by="clerk-1").project == "p-2026/1"
            assert list(engine.audit.verify()) == []


def test_the_command_opens_a_case(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path, f"sqlite:///{tmp_path / 'office.db'}")
    desk.engine.close()
    monkeypatch.setenv("EVALFLOW_STORE", desk.url)
    monkeypatch.setenv("EVALFLOW_LANG", "ko")
    opened = ["plan", "open-case", "p-2026", "--label", "가로등 고장", "--unit", "과"]
    assert run([*opened, "--as", "chief-1"]) != 0
    assert "담당" in capsys.readouterr().err  # who may
    assert run([*opened, "--as", "clerk-1", "--about", "1"]) == 0
    assert "p-2026/3 「가로등 고장」을 접수했습니다." in capsys.readouterr().out
    assert run(["history", "p-2026"]) == 0
    assert "사건 접수" in capsys.readouterr().out
    monkeypatch.setenv("EVALFLOW_LANG", "en")
    assert run([*opened, "--as", "clerk-1", "--field", "g"]) != 0
    assert "'g'" in capsys.readouterr().err
    assert run(["verify"]) == 0
