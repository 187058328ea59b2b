"""Who holds which role where comes from the host: decided alike, kept in the entry, told apart."""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

import evalflow
from evalflow import DirectoryError, Grant, InvalidInput, cli
from evalflow.lifecycle.load import lifecycle_from_tree
from evalflow.model.host_word import HOST_SAID, host_said, without_host
from hosted import ACTING, PEOPLE, PLAN_WITHOUT_PEOPLE, Host
from offices import Clock, Office
from procedures import HEAD
from procedures import PLAN as CASES


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def hosted(store_url: str, tmp_path: Path, clock: Clock, host: Host) -> Iterator[Office]:
    """The small office with nobody in its plan."""
    file = tmp_path / "hosted.yaml"
    file.write_text(PLAN_WITHOUT_PEOPLE, encoding="utf-8")
    plan = evalflow.load_plan(file, plugins=[])
    url = store_url.replace("office.db", "hosted.db")
    with evalflow.open(url, plugins=[], clock=clock, directory=host) as engine:
        engine.adopt(plan, by="policy-1")
        yield Office(engine, plan, clock)


def verified(engine: evalflow.Engine, deep: bool = True) -> dict[str, int]:
    """What a verification could not check, counted; everything else must fit."""
    told: list[Any] = []
    assert list(engine.audit.verify(deep=deep, unchecked=told.append)) == []
    return {code: [each.code for each in told].count(code) for code in {e.code for e in told}}


def a_quarter(office: Office) -> None:
    office.to_submitted()
    office.clock.go("2016-04-15")
    for project in ("gu/1", "gu/2", "gu/3"):
        office.review(project)


# --------------------------------------------------------------------------- alike


def test_a_quarter_by_the_hosts_people_is_the_same_as_by_the_plans(
    office: Office, tmp_path: Path, host: Host
) -> None:
    a_quarter(office)
    own = {each.id: list(office.engine.history(each.id)) for each in office.engine.projects()}
    sent = sorted(each.notice.id for each in office.engine.outbox.notices())

    file = tmp_path / "hosted.yaml"
    file.write_text(PLAN_WITHOUT_PEOPLE, encoding="utf-8")
    clock = Clock()
    url = f"sqlite:///{tmp_path / 'hosted.db'}"
    with evalflow.open(url, plugins=[], clock=clock, directory=host) as engine:
        engine.adopt(evalflow.load_plan(file, plugins=[]), by="policy-1")
        other = Office(engine, office.plan, clock)
        a_quarter(other)
        for project, entries in own.items():
            found = list(engine.history(project))
            assert [(e.event, e.actor, e.role, e.unit, e.after, e.late) for e in found] == [
                (e.event, e.actor, e.role, e.unit, e.after, e.late) for e in entries
            ]
            assert [without_host(e.data) for e in found[1:]] == [e.data for e in entries[1:]]
        assert sorted(each.notice.id for each in engine.outbox.notices()) == sent


def test_an_engine_without_a_directory_writes_what_it_always_wrote(office: Office) -> None:
    a_quarter(office)
    for project in office.engine.projects():
        assert all(HOST_SAID not in entry.data for entry in office.engine.history(project.id))
    assert "by_host" not in verified(office.engine)


def test_who_may_not_is_told_by_the_same_words(hosted: Office, office: Office) -> None:
    for project, event, by in (
        ("gu/1", "self_evaluate", "road-1"),
        ("gu/1", "review", "education-1"),
        ("gu/3", "compile", "welfare-lead"),
    ):
        answers = [each.engine.explain(project, event, by=by).reasons for each in (hosted, office)]
        assert [(r.code, r.en.partition(" Who")[0], set(r.who)) for r in answers[0]] == [
            (r.code, r.en.partition(" Who")[0], set(r.who)) for r in answers[1]
        ]


# --------------------------------------------------------------------------- kept, and verified


def test_the_entry_keeps_what_the_host_said_and_verify_tells_it_apart(
    hosted: Office, host: Host
) -> None:
    hosted.clock.go("2016-04-04")
    entry = hosted.evaluate("gu/1")
    said = host_said(entry.data)
    assert said is not None
    assert said["education-1"] == PEOPLE["education-1"]
    assert said.keys().isdisjoint({"road-1", "mayor-1"})  # on whom nothing rested
    assert entry.data[HOST_SAID]["education-1"] == [{"role": "department", "unit": "education"}]

    a_quarter_more = ("gu/2", "gu/3")
    for project in a_quarter_more:
        hosted.evaluate(project)
    hosted.submit("gu/1")
    host.table.clear()  # verification asks nobody
    told = verified(hosted.engine)
    fired = sum(1 for p in hosted.engine.projects() for e in hosted.engine.history(p.id)) - 3
    assert told["by_host"] == fired + 1  # and the plan's adoption
    assert "actor_not_in_directory" not in told


def test_of_a_plan_with_people_the_plan_comes_first(
    store_url: str, plan_file: Path, clock: Clock, host: Host
) -> None:
    plan = evalflow.load_plan(plan_file, plugins=[])
    host.give("newcomer", Grant(role="department", unit="road"))
    with evalflow.open(store_url, plugins=[], clock=clock, directory=host) as engine:
        engine.adopt(plan, by="policy-1")
        office = Office(engine, plan, clock)
        office.clock.go("2016-04-04")
        own = office.evaluate("gu/1")
        assert HOST_SAID not in own.data  # the same people, known to the plan
        new = engine.fire(
            "gu/3",
            "self_evaluate",
            by="newcomer",
            data={"actuals": {"metres": 400, "complaints": 50}},
        )
        assert set(host_said(new.data) or {}) == {"newcomer"}
        assert verified(engine) == {"by_host": 1}


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"education-1": [{"role": "mayor", "unit": "gu"}]}, "not_allowed"),  # may not fire it
        ({"education-1": [{"role": "department", "unit": "road"}]}, "not_allowed"),
        (
            {"education-1": [{"role": "department", "unit": "education", "until": "2016-04-03"}]},
            "not_allowed",
        ),
        ({"education-1": [7]}, "unreadable"),
        ({"education-1": [{"role": "department", "unit": 1}]}, "unreadable"),
        (["education-1"], "unreadable"),
    ],
    ids=["role", "unit", "day", "number", "unit_no_text", "list"],
)
def test_a_word_that_gives_no_right_is_found(
    hosted: Office, tmp_path: Path, said: Any, code: str
) -> None:
    """Whoever forges an entry cannot let the host's word widen what a role may do."""
    hosted.clock.go("2016-04-04")
    entry = hosted.evaluate("gu/1")
    path = str(tmp_path / "copy.db")
    hosted.engine.storage.copy_to(path)  # type: ignore[attr-defined]
    forged = attrs.evolve(entry, data={**entry.data, HOST_SAID: said}).sealed()
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in triggers.fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(
            "UPDATE entry SET data = ?, hash = ? WHERE project = ? AND number = ?",
            (forged.texts()[0], forged.hash, forged.project, forged.number),
        )
        connection.execute(
            "UPDATE project SET head = ? WHERE id = ?", (forged.hash, forged.project)
        )
    connection.close()
    with evalflow.open(f"sqlite:///{path}", plugins=[], clock=hosted.clock) as engine:
        found = {each.code for each in engine.audit.verify(project="gu/1")}
    assert code in found


# --------------------------------------------------------------------------- the rules hold alike


def test_separation_of_duties_holds_for_the_hosts_people(hosted: Office, host: Host) -> None:
    hosted.clock.go("2016-04-04")
    hosted.fire("gu/1", "self_evaluate", "both-1", actuals={"schools": 10, "lessons": 100})
    hosted.evaluate("gu/2")
    hosted.submit("gu/1")
    hosted.clock.go("2016-04-15")
    assert hosted.codes("gu/1", "review", "both-1", ratings="confirmed") == ["duty_separated"]
    host.give("both-1", Grant(role="policy_office", unit="gu", since=dt.date(2016, 4, 1)))
    assert hosted.codes("gu/1", "review", "both-1", ratings="confirmed") == ["duty_separated"]
    hosted.review("gu/1")


def test_an_acting_deputy_lends_no_more_than_the_principal_has(hosted: Office, host: Host) -> None:
    host.give("elderly-head", attrs.evolve(ACTING, since=None, until=None))
    hosted.clock.go("2016-04-04")
    hosted.evaluate("gu/1")
    hosted.evaluate("gu/2")
    hosted.compile("gu/1")
    entry = hosted.fire("gu/1", "sign", "elderly-head")
    assert entry.on_behalf_of == "welfare-head"
    assert {"elderly-head", "welfare-head"} <= set(host_said(entry.data) or {})
    verified(hosted.engine)
    host.table["welfare-head"] = (
        Grant(role="bureau_head", unit="welfare", until=dt.date(2016, 4, 3)),
    )
    assert "acting_void" in hosted.codes("gu/2", "sign", "elderly-head")
    del host.table["welfare-head"]  # whoever left lends nothing, and holds up nobody
    assert "acting_void" in hosted.codes("gu/2", "sign", "elderly-head")


def test_a_right_lasts_as_long_as_the_host_says(hosted: Office, host: Host) -> None:
    host.table["education-1"] = (
        Grant(
            role="department",
            unit="education",
            since=dt.date(2016, 4, 5),
            until=dt.date(2016, 4, 6),
        ),
    )
    given = {"actuals": {"schools": 10, "lessons": 100}}
    for day, code in (("2016-04-04", "grant_not_in_force"), ("2016-04-07", "grant_not_in_force")):
        hosted.clock.go(day)
        assert hosted.codes("gu/1", "self_evaluate", "education-1", **given) == [code]
    hosted.clock.go("2016-04-05")
    assert hosted.codes("gu/1", "self_evaluate", "education-1", **given) == []
    host.table["education-1"] = ()
    assert hosted.codes("gu/1", "self_evaluate", "education-1", **given) == ["no_role"]


def test_the_day_is_the_offices(hosted: Office, host: Host) -> None:
    hosted.clock.moment = dt.datetime(2016, 4, 4, 20, tzinfo=dt.UTC)  # the fifth in Seoul
    host.asked.clear()
    hosted.engine.explain("gu/1", "self_evaluate", by="education-1")
    assert host.asked == [("gu", dt.date(2016, 4, 5))]


def test_a_host_does_not_say_what_a_role_may_do(hosted: Office, host: Host) -> None:
    host.give("education-1", Grant(role="reviewer", unit="gu"))  # no role of the lifecycle
    hosted.clock.go("2016-04-04")
    assert hosted.codes("gu/1", "review", "education-1", ratings="confirmed")[0] == "wrong_state"
    hosted.to_submitted()
    assert hosted.codes("gu/1", "review", "education-1", ratings="confirmed") == ["no_role"]


def test_nobody_raises_their_own_rights_alone(hosted: Office) -> None:
    directory = {"policy-1": [{"role": "mayor", "unit": "gu"}]}
    plan = hosted.engine.plans.with_people("gu", directory=directory)
    with pytest.raises(evalflow.Refused) as refused:
        hosted.engine.adopt(plan, by="policy-1", reason="인사이동")
    (reason,) = refused.value.reasons
    assert (reason.code, set(reason.who)) == ("needs_confirmation", {"policy-2", "both-1"})
    entry = hosted.engine.plans.propose(plan, by="policy-1", reason="인사이동")
    with pytest.raises(evalflow.Refused):
        hosted.engine.plans.confirm("gu", entry.number, by="policy-1")
    hosted.engine.plans.confirm("gu", entry.number, by="policy-2")
    assert verified(hosted.engine)["by_host"] == 3


def test_somebody_whom_the_host_hands_over_is_its_word_too(hosted: Office) -> None:
    hosted.clock.go("2016-04-04")
    actor = evalflow.Actor("sso:7", (Grant(role="department", unit="education"),))
    entry = hosted.engine.fire(
        "gu/1", "self_evaluate", by=actor, data={"actuals": {"schools": 10, "lessons": 100}}
    )
    assert (host_said(entry.data) or {})["sso:7"] == actor.grants
    assert "actor_not_in_directory" not in verified(hosted.engine)


# --------------------------------------------------------------------------- everything asks it


def test_dues_reminders_and_who_may_ask_it(hosted: Office, host: Host) -> None:
    hosted.clock.go("2016-04-04")
    owed = {due.projects: due.actors for due in hosted.engine.due() if due.event == "self_evaluate"}
    assert owed[("gu/3",)] == ("road-1",)
    host.table["road-9"] = host.table.pop("road-1")
    owed = {due.projects: due.actors for due in hosted.engine.due() if due.event == "self_evaluate"}
    assert owed[("gu/3",)] == ("road-9",)
    assert [e.event for e in hosted.engine.permitted("gu/3", by="road-9")] == [
        "self_evaluate",
        *[e.event for e in hosted.engine.permitted("gu/3", by="road-9")][1:],
    ]
    with pytest.raises(evalflow.NotFound):
        hosted.engine.permitted("gu/3", by="road-1")
    told = hosted.engine.outbox.remind_of("gu", ["gu/3"])
    assert {each.recipient for each in told} == {"road-9"}
    assert hosted.engine.names.actor("gu", "mayor", on=dt.date(2016, 4, 4)) == "mayor-1"
    assert evalflow.View(hosted.engine, "road-9").knows("gu")
    assert not evalflow.View(hosted.engine, "road-1").knows("gu")


def test_notices_go_to_whom_the_host_names_that_day(
    hosted: Office, host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    host.table["policy-9"] = host.table.pop("policy-2")
    hosted.to_submitted()
    people = [each.notice.recipient for each in hosted.engine.outbox.notices()]
    assert {"policy-1", "policy-9", "both-1"} <= set(people)
    host.table.pop("policy-9")
    verified(hosted.engine)  # as it was told, not as it would be told now
    assert hosted.engine.deliver().delivered == len(people)


def test_a_batch_asks_it_and_keeps_what_it_said(hosted: Office, host: Host) -> None:
    hosted.clock.go("2016-04-04")
    figures: dict[str, dict[str, Any]] = {
        "gu/1": {"actuals": {"schools": 10, "lessons": 100}},
        "gu/2": {"actuals": {"centres": 5}},
    }
    host.give("education-1", Grant(role="department", unit="elderly"))
    figures["gu/2"]["cards"] = {"1": _CARD, "2": _CARD}
    batch = hosted.engine.batch(
        "self_evaluate", by="education-1", where={"numbers": ["1", "2"]}, each=figures
    )
    assert [each.outcome for each in batch.apply()] == ["done", "done"]
    again = hosted.engine.batch("amend", by="education-1", where={"numbers": ["1"]}, each={})
    host.table["education-1"] = ()
    assert all(each.outcome != "done" for each in again.apply())
    verified(hosted.engine)


_CARD = {"state": "on_track", "text": "정상 추진", "papers": ["추진실적"]}


def test_it_is_asked_once_for_one_decision(hosted: Office, host: Host) -> None:
    hosted.clock.go("2016-04-04")
    for ask in (
        lambda: hosted.engine.fire(
            "gu/1",
            "self_evaluate",
            by="education-1",
            data={"actuals": {"schools": 10, "lessons": 100}},
        ),
        lambda: hosted.engine.explain("gu/1", "compile", by="welfare-lead"),
        lambda: hosted.engine.permitted("gu/1", by="welfare-lead"),
        lambda: hosted.engine.due(),
        lambda: list(evalflow.View(hosted.engine, "welfare-lead").projects()),
    ):
        host.asked.clear()
        ask()
        assert len(host.asked) == 1
    hosted.evaluate("gu/2")
    hosted.compile("gu/1")
    hosted.sign("gu/1")
    host.asked.clear()
    hosted.engine.fire("gu/1", "submit", by="welfare-lead", data={"document": "주무과-1"})
    assert len(host.asked) == 1  # both projects of the bureau


# --------------------------------------------------------------------------- a host that fails


class Failing(Host):
    """Answers what it is told to, or raises it."""

    answer: Any = None

    def people(self, plan: Any, day: dt.date) -> Any:
        if self.answer is None:
            return super().people(plan, day)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


class _Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


_POLICY = Grant(role="policy_office", unit="gu")

NONSENSE = {
    "down": OSError("connection refused"),
    "exits": SystemExit(3),
    "mute": _Mute(),
    "nothing": 7,
    "a_list": ["education-1"],
    "text_for_grants": {"education-1": "department"},
    "no_grants": {"education-1": [("department", "education")]},
    "unknown_unit": {"education-1": [Grant(role="department", unit="moon")]},
    "wrong_kind_of_unit": {"education-1": [Grant(role="policy_office", unit="education")]},
    "no_id": {7: [_POLICY]},
    "unseen_id": {"education-1\u200b": [_POLICY]},
    "look_alikes": {"education-1": [], "Education-1": [_POLICY]},
    "no_days": {"a": [Grant(role="mayor", unit="gu", since="2016-01-01")]},  # type: ignore[arg-type]
    "moments": {"a": [Grant(role="mayor", unit="gu", since=dt.datetime(2016, 1, 1))]},
    "ends_before_begin": {
        "a": [Grant(role="mayor", unit="gu", since=dt.date(2016, 2, 1), until=dt.date(2016, 1, 1))]
    },
    "acts_for_nobody": {"a": [attrs.evolve(_POLICY, on_behalf_of=" ", reason="출장")]},
    "acts_without_reason": {"a": [attrs.evolve(_POLICY, on_behalf_of="a")]},
    "no_role": {"a": [Grant(role=" ", unit="gu")]},
}


@pytest.mark.parametrize("kind", NONSENSE)
def test_a_host_that_fails_is_one_clear_error_and_nothing_is_written(
    kind: str, store_url: str, tmp_path: Path, clock: Clock
) -> None:
    file = tmp_path / "hosted.yaml"
    file.write_text(PLAN_WITHOUT_PEOPLE, encoding="utf-8")
    failing = Failing()
    with evalflow.open(store_url, plugins=[], clock=clock, directory=failing) as engine:
        engine.adopt(evalflow.load_plan(file, plugins=[]), by="policy-1")
        before = list(engine.storage.entries())
        failing.answer = NONSENSE[kind]
        for ask in (
            lambda: engine.fire("gu/1", "self_evaluate", by="education-1", data={}),
            lambda: engine.explain("gu/1", "self_evaluate", by="education-1"),
            lambda: engine.due(),
            lambda: engine.permitted("gu/1", by="education-1"),
            lambda: engine.batch("self_evaluate", by="education-1"),
            lambda: engine.outbox.remind_of("gu", ["gu/1"]),
            lambda: engine.adopt(engine.plans.plan("gu"), by="policy-1"),
        ):
            with pytest.raises(DirectoryError) as told:
                ask()
            assert told.value.text("ko").startswith(
                "외부 인사 시스템(Failing)이 답하지 못했습니다: "
            )
            assert told.value.text("en").startswith("the host's directory (Failing) did not answer")
            assert evalflow.to_data(told.value)["code"] == "plugin_failed"
        assert list(engine.storage.entries()) == before
        assert list(engine.audit.verify()) == []  # asks nobody
        failing.answer = None
        engine.explain("gu/1", "self_evaluate", by="education-1")


def test_all_that_is_wrong_is_told_at_once(hosted: Office, host: Host) -> None:
    host.give("a", Grant(role="mayor", unit="moon"), Grant(role="mayor", unit="education"))
    host.give("b", Grant(role="", unit="gu"))
    with pytest.raises(DirectoryError) as told:
        hosted.engine.due()
    for said in ("'a': 'moon' is no unit of the plan gu", "'a': the role 'mayor' is held", "'b'"):
        assert said in told.value.text("en")


def test_what_is_no_directory_is_refused_when_the_store_is_opened() -> None:
    with pytest.raises(InvalidInput, match=r"a HostDirectory \(with people\), got dict"):
        evalflow.open("memory:", directory={})  # type: ignore[arg-type]


# --------------------------------------------------------------------------- named, not given


@pytest.mark.parametrize("name", ["DIRECTORY", "Staff", "make"])
@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_the_command_line_takes_the_directory_that_the_environment_names(
    name: str,
    hosted: Office,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    module = tmp_path / "ourstaff.py"
    module.write_text(
        "from hosted import Host as Staff\nDIRECTORY = Staff()\ndef make():\n    return Staff()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "ourstaff", raising=False)
    monkeypatch.setenv("EVALFLOW_PLUGINS", "")
    due = ["--store", str(tmp_path / "hosted.db"), "--lang", "en", "due", "--at", "2016-04-04"]
    assert cli.run(due) == 0
    assert "road-1" not in capsys.readouterr().out
    monkeypatch.setenv("EVALFLOW_DIRECTORY", f"ourstaff:{name}")
    assert cli.run(due) == 0
    assert "road-1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("nowhere_at_all:x", "ModuleNotFoundError"),
        ("datetime:nothing", "AttributeError"),
        ("datetime", "module:name"),
        ("datetime:UTC", "cannot be had"),
        ("collections:OrderedDict", "OrderedDict has no method people"),
        ("sys:exit", "SystemExit"),
    ],
)
def test_a_name_that_means_no_directory_is_told(
    named: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALFLOW_DIRECTORY", named)
    with pytest.raises(evalflow.InvalidInput) as told:
        evalflow.open("memory:", plugins=[])
    (problem,) = told.value.problems
    assert problem.code == "bad_directory"
    assert said in problem.text("en")
    assert "EVALFLOW_DIRECTORY" in problem.text("ko")


def test_an_id_that_looks_like_one_that_acted_is_refused(hosted: Office, host: Host) -> None:
    """Else a host that spells an id otherwise would lift separation of duties."""
    hosted.to_submitted()
    hosted.clock.go("2016-04-15")
    del host.table["education-1"]
    host.give("Education-1", Grant(role="policy_office", unit="gu"))
    with pytest.raises(evalflow.InvalidInput) as told:
        hosted.engine.explain("gu/1", "review", by="Education-1", data={"ratings": "confirmed"})
    assert [each.code for each in told.value.problems] == ["look_alike"]


# --------------------------------------------------------------------------- plans without people


def test_a_plan_may_leave_its_people_out_and_says_so(tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(PLAN_WITHOUT_PEOPLE, encoding="utf-8")
    plan = evalflow.load_plan(file, plugins=[])
    (note,) = [each for each in plan.notes if each.code == "no_people"]
    assert "directory=" in note.text("ko")
    assert "nobody may act" in note.text("en")
    assert plan.head.tree["directory"] == {}
    with evalflow.open("memory:", plugins=[]) as engine, pytest.raises(evalflow.NotFound):
        engine.adopt(plan, by="policy-1")


def test_without_people_anywhere_a_plan_is_written_out_and_read_again(
    hosted: Office, tmp_path: Path
) -> None:
    from evalflow.plan.write import dump_yaml

    stands = hosted.engine.plans.plan("gu")
    file = tmp_path / "again.yaml"
    file.write_text(dump_yaml(stands.head, stands.projects.values()), encoding="utf-8")
    again = evalflow.load_plan(file, plugins=[])
    assert hosted.engine.plans.compare(again, by="policy-1") == ()


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_verify_says_on_a_terminal_how_much_rests_on_the_hosts_word(
    hosted: Office,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    hosted.clock.go("2016-04-04")
    hosted.evaluate("gu/1")
    monkeypatch.setenv("EVALFLOW_PLUGINS", "")
    store = str(tmp_path / "hosted.db")
    for lang, said in (
        ("en", "resting on the host's directory: 2 entries, e.g. "),
        ("ko", "외부 인사 시스템이 알려 준 역할로 처리한 이력 2건, 예: "),
    ):
        assert cli.run(["--store", store, "--lang", lang, "verify"]) == 0
        assert said in capsys.readouterr().err
    assert cli.run(["--store", store, "verify", "--json"]) == 0
    assert '"unchecked": {"by_host": 2}' in capsys.readouterr().out


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_an_engine_that_joins_a_hosts_transaction_asks_it_for_each_decision(
    hosted: Office, host: Host, tmp_path: Path
) -> None:
    hosted.clock.go("2016-04-04")
    given = {"actuals": {"schools": 10, "lessons": 100}}
    with contextlib.closing(sqlite3.connect(tmp_path / "hosted.db")) as connection:
        joined = hosted.engine.joined(connection)
        host.asked.clear()
        joined.explain("gu/1", "self_evaluate", by="education-1", data=given)
        host.table["education-9"] = host.table.pop("education-1")
        joined.fire("gu/1", "self_evaluate", by="education-9", data=given)
        assert len(host.asked) == 2
        connection.commit()
    assert verified(hosted.engine) == {"by_host": 2}


# --------------------------------------------------------------------------- beside a lifecycle


def test_a_migration_and_times_put_right_rest_on_the_hosts_word_alike(hosted: Office) -> None:
    hosted.clock.go("2016-04-04")
    old = hosted.engine.plans.lifecycle(hosted.engine.project("gu/1").lifecycle)
    new = lifecycle_from_tree({**old.tree, "version": str(old.version + 1)})
    batch = hosted.engine.plans.migrate("gu", new, by="policy-1", reason="개정", mode="each")
    assert {each.outcome for each in batch.apply()} == {"done"}
    hosted.clock.moment = dt.datetime(2036, 1, 1, tzinfo=dt.UTC)
    hosted.evaluate("gu/3")
    hosted.clock.go("2016-04-05")
    right = dt.datetime(2016, 4, 4, 2, tzinfo=dt.UTC)
    hosted.engine.plans.redate("gu", to=right, by="policy-2", reason="시계 오류를 바로잡음")
    entry = list(hosted.engine.history("gu/3"))[-1]
    assert host_said(entry.data) == {"policy-2": PEOPLE["policy-2"]}
    # The plan's adoption, three migrations, an evaluation, and its time put right.
    assert verified(hosted.engine) == {"by_host": 6}


def test_a_bundle_of_it_verifies_without_the_host(
    hosted: Office, host: Host, tmp_path: Path
) -> None:
    a_quarter(hosted)
    path = tmp_path / "bundle.zip"
    hosted.engine.audit.export(path)
    host.table.clear()
    _, found = evalflow.verify_bundle(path)
    assert found == ()


def test_a_case_is_opened_by_whoever_the_host_names(tmp_path: Path, store_url: str) -> None:
    (tmp_path / "lifecycle.yaml").write_text(HEAD + _OPENS, "utf-8")
    text = CASES.replace("CALENDAR", "holidays: KR").replace("year,", "quarter,")
    (tmp_path / "plan.yaml").write_text(text, "utf-8")
    host = Host({"clerk-9": [Grant(role="clerk", unit="o")]})
    clock = Clock()
    clock.moment = dt.datetime(2026, 1, 2, 1, tzinfo=dt.UTC)
    with evalflow.open(store_url, clock=clock, directory=host) as engine:
        engine.adopt(evalflow.load_plan(tmp_path / "plan.yaml"), by="clerk-1")
        case = {"ko": "가로등 고장", "unit": "d", "field": "f"}
        engine.plans.open_case("p-2026", case, by="clerk-9")
        entry = list(engine.plans.history("p-2026"))[-1]
        assert host_said(entry.data) == {"clerk-9": (Grant(role="clerk", unit="o"),)}
        assert "by_host" in verified(engine)


_OPENS = """
opens: [clerk]
things: {ko: 민원, en: petitions}
regions:
  r: {ko: r, en: r, initial: filed, states: {filed: {ko: 접수, en: Filed},
      answered: {ko: 회신, en: Answered, final: true}}}
events:
  answer: {ko: 회신, en: Answer, by: [clerk], transitions: [{from: filed, to: answered}]}
"""
