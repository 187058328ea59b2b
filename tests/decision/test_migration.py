"""Projects move to another version of their lifecycle: planned, reviewed, applied, one entry."""

from __future__ import annotations

import re
import tempfile
from importlib import resources
from pathlib import Path

import attrs
import pytest

import evalflow
from evalflow import cli
from evalflow.audit.ground import Ground
from evalflow.audit.histories import History
from evalflow.batch.plan_file import load_batch
from evalflow.lifecycle.state_mapping import carry
from evalflow.storage.integrity import ValueTables
from evalflow.storage.rows import ENTRY_COLUMNS, entry_row
from offices import GOOD, PLAN, Office

TEXT = (resources.files("evalflow.lifecycle") / "presets" / "major-works.yaml").read_text("utf-8")


def newer(*changes: tuple[str, str]) -> evalflow.Lifecycle:
    """The preset as an office changed it."""
    text = TEXT.replace("name: major-works", "name: ours", 1)
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return _loaded(text)


def _loaded(text: str) -> evalflow.Lifecycle:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ours.yaml"
        path.write_text(text, encoding="utf-8")
        return evalflow.load_lifecycle(path, plugins=[])


RENAMED = (
    ("lagging:        {ko: 부진", "behind:         {ko: 지연"),
    ("to: lagging", "to: behind"),
    ("lagging]", "behind]"),
    ("lagging, closed]", "behind, closed]"),
)


def renamed() -> evalflow.Lifecycle:
    return newer(*RENAMED)


def second(office, new: evalflow.Lifecycle, **how) -> None:
    """Let another person propose it first, for whoever migrates gains by it."""
    office.engine.plans.propose_migration("gu", new, by="policy-2", reason="새 절차", **how)


def outcomes(receipts):
    return {receipt.project: receipt.outcome for receipt in receipts}


# --------------------------------------------------------------------------- where states lead


def test_states_keep_their_names_or_go_where_the_mapping_says(office):
    old = office.engine.plans.lifecycle(office.engine.project("gu/1").lifecycle)
    new = renamed()
    assert carry(old.initial(), old, new, {}) == (new.initial(), ())
    lagging = ("lagging", *old.initial()[1:])
    assert carry(lagging, old, new, {"lagging": "behind"})[0][0] == "behind"
    (reason,) = carry(lagging, old, new, {})[1]
    assert (reason.code, reason.about) == ("stranded", "lagging")


def test_every_state_of_every_region_is_carried_or_stranded_never_lost(office):
    old = office.engine.plans.lifecycle(office.engine.project("gu/1").lifecycle)
    new = renamed()
    for one in old.regions["evaluation"].states:
        for other in old.regions["change"].states:
            states = (one, other, *old.initial()[2:])
            after, reasons = carry(states, old, new, {})
            if reasons:
                assert one == "lagging"
            else:
                assert after == states


# --------------------------------------------------------------------------- the whole way


def test_a_stranded_project_holds_up_all_until_it_is_mapped(office):
    office.to_lagging("gu/3")
    engine, new = office.engine, renamed()
    batch = engine.plans.migrate("gu", new, by="policy-1", reason="새 규칙")
    assert (batch.counts["refused"], batch.reasons) == (1, {"stranded": 1})
    assert set(outcomes(batch.apply()).values()) <= {"held", "refused"}
    assert {p.lifecycle for p in engine.projects()} == {office.plan.lifecycle.fingerprint}

    before = list(engine.history("gu/3"))
    batch = engine.plans.migrate(
        "gu", new, by="policy-1", reason="새 규칙", states={"lagging": "behind"}
    )
    assert set(outcomes(batch.apply()).values()) == {"done"}
    assert {p.lifecycle for p in engine.projects()} == {new.fingerprint}
    assert office.states("gu/3")[:2] == ("behind", "unchanged")
    last = list(engine.history("gu/3"))[-1]
    assert (last.event, last.before[0], last.after[0], last.reason) == (
        *("migrate", "lagging", "behind", "새 규칙"),
    )
    assert list(engine.history("gu/3"))[:-1] == before
    assert list(engine.audit.verify()) == []
    # work goes on under the new rules, and the past is told by the old ones
    office.fire("gu/3", "open_period", "policy-1")
    assert office.states("gu/3")[0] == "planned"
    assert list(engine.audit.verify()) == []
    assert set(outcomes(batch.apply()).values()) == {"already"}


def test_versions_live_side_by_side_where_only_some_are_moved(office):
    new = renamed()
    batch = office.engine.plans.migrate(
        "gu", new, by="policy-1", reason="시범", where={"unit": "welfare"}
    )
    assert outcomes(batch.apply()) == {"gu/1": "done", "gu/2": "done"}
    office.to_submitted()
    office.review("gu/3")
    assert {p.lifecycle for p in office.engine.projects()} == {
        new.fingerprint,
        office.plan.lifecycle.fingerprint,
    }
    assert list(office.engine.audit.verify()) == []


@pytest.mark.parametrize("actor", ["road-1", "mayor-1", "clock", "welfare-lead"])
def test_only_who_adopts_plans_may_migrate_them(office, actor):
    batch = office.engine.plans.migrate("gu", renamed(), by=actor, reason="x")
    assert batch.counts["refused"] == 3
    assert {r.code for line in batch for r in line.reasons} <= {"no_role", "wrong_unit"}


def test_a_reason_must_be_written_and_states_must_exist(office):
    batch = office.engine.plans.migrate("gu", renamed(), by="policy-1", reason=" ")
    assert batch.reasons == {"data_missing": 3}
    batch = office.engine.plans.migrate(
        "gu", renamed(), by="policy-1", reason="x", states={"laging": "behind"}
    )
    assert batch.counts["refused"] == 3
    same = office.engine.plans.migrate("gu", office.plan.lifecycle, by="policy-1", reason="x")
    assert same.reasons == {"same_lifecycle": 3}


def test_an_open_change_is_not_left_without_an_end(office):
    office.clock.go("2016-03-02")
    office.fire(
        "gu/3",
        "request_change",
        "road-head",
        kind="target",
        change={"indicators": {"metres": {"targets": {"2016-Q4": "300"}}}},
        reason="예산",
        detail="줄임",
        reported_on="2016-03-02",
    )
    head, _, duties = TEXT.replace("name: major-works", "name: plain", 1).partition("\nduties:")
    text = head[: head.index("  reject_change:")] + "\nduties:" + duties
    text = text.replace("[self_rating, declaration]", "[self_rating]")
    new = _loaded(text)
    batch = office.engine.plans.migrate("gu", new, by="policy-1", reason="단순화", mode="each")
    assert outcomes(batch.apply()) == {"gu/1": "done", "gu/2": "done", "gu/3": "refused"}
    assert office.states("gu/1")[:2] == ("planned", "unchanged")
    assert {line.project: [r.code for r in line.reasons] for line in batch}["gu/3"] == [
        "open_change",
    ]  # fmt: skip
    assert list(office.engine.audit.verify()) == []


def test_a_lifecycle_exchanged_behind_the_engine_s_back_is_found(office):
    """`verify` accepts a change of lifecycle only where an entry says it."""
    engine = office.engine
    list(engine.plans.migrate("gu", renamed(), by="policy-1", reason="x").apply())
    entries = list(engine.history("gu/1"))
    forged = attrs.evolve(entries[-1], event="revise").sealed()
    tables = ValueTables(engine.storage)

    def rows(table):
        if table != "entry":
            return tables.rows(table, "gu/1")
        return [
            dict(zip(ENTRY_COLUMNS, entry_row(each), strict=True)) for each in (entries[0], forged)
        ]

    history = History(
        project="gu/1", rows=rows, kept=tables.kept, ground=Ground(tables), told=print
    )
    assert next(each.code for each in history.judge()) == "impossible_move"


# --------------------------------------------------------------------------- the command line


def test_the_command_shows_who_is_stranded_and_writes_a_batch(
    tmp_path, monkeypatch, capsys, plan_file
):
    monkeypatch.setenv("EVALFLOW_STORE", str(tmp_path / "office.db"))
    monkeypatch.setenv("EVALFLOW_LANG", "en")
    monkeypatch.setenv("EVALFLOW_PLUGINS", "")
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str]:
        code = cli.run(list(words))
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    assert run("plan", "import", "plan.yaml", "--as", "policy-1")[0] == 0
    text = TEXT.replace("name: major-works", "name: ours", 1)
    text = text.replace("planned:        {ko", "begun:          {ko").replace(
        "initial: planned", "initial: begun"
    )
    text = text.replace("to: planned", "to: begun").replace("from: planned", "from: begun")
    text = text.replace("from: [planned,", "from: [begun,")
    (tmp_path / "ours.yaml").write_text(text, encoding="utf-8")
    words = ("lifecycle", "migrate", "ours.yaml", "--as", "policy-1", "--reason", "new rules")
    code, out = run(*words)
    assert (code, "refused 3" in out, "no state 'In progress'" in out) == (1, True, True)
    code, out = run(*words, "--map", "planned=begun", "-o", "m.jsonl")
    assert code == 0, out
    assert len(load_batch(tmp_path / "m.jsonl")) == 3
    assert "begun" not in run("status", "--json")[1]
    assert run("batch", "show", "m.jsonl")[0] == 0
    assert run("batch", "apply", "m.jsonl")[0] == 0
    assert "begun" in run("status", "--json")[1]
    code, out = run("history", "gu/1")
    assert (code, "Migrate" in out, "new rules" in out) == (0, True, True)
    assert run("verify")[0] == 0
    assert (
        run("lifecycle", "migrate", "ours.yaml", "--as", "x", "--reason", "y", "--map", "z")[0] == 2
    )


# --------------------------------------------------------------------------- by name


SMALL = """\
evalflow: lifecycle/1
name: small
version: {version}
ko: 작은 절차
en: Small
roles:
  department: {{ko: 사업부서, en: Department, at: department}}
  policy_office: {{ko: 정책기획, en: Policy office, at: office}}
adopted_by: [policy_office]
regions:
{regions}
events:
  go: {{ko: 착수, en: Go, by: [department], transitions: [{{from: a, to: b}}]}}
  note: {{ko: 기록, en: Note, by: [department], due: {{day: 5}}, transitions: [{{from: b}}]}}
  back: {{ko: 반려, en: Back, by: [department], transitions: [{{from: b, to: a}}]}}
  stop: {{ko: 종료, en: Stop, by: [department], transitions: [{{from: b, to: z}}]}}
"""
MAIN = """\
  main:
    ko: 주 영역
    en: Main
    initial: a
    states: {a: {ko: 가, en: A}, b: {ko: 나, en: B}, z: {ko: 끝, en: Z}}
"""
EXTRA = """\
  extra:
    ko: 다른 영역
    en: Extra
    initial: quiet
    states: {quiet: {ko: 조용, en: Quiet}, loud: {ko: 시끄러움, en: Loud}}
"""
SHOUT = """\
  shout: {ko: 외침, en: Shout, by: [department], transitions: [{from: quiet, to: loud}]}
  hush: {ko: 쉿, en: Hush, by: [department], transitions: [{from: loud, to: quiet}]}
"""


@pytest.fixture
def small(tmp_path, store_url, clock):
    """An office under the small lifecycle, and the same with another region put first."""
    first = SMALL.format(version=1, regions=MAIN)
    second = SMALL.format(version=2, regions=EXTRA + MAIN) + SHOUT
    (tmp_path / "one.yaml").write_text(first, "utf-8")
    (tmp_path / "two.yaml").write_text(second, "utf-8")
    text = PLAN.replace("lifecycle: major-works", "lifecycle: one.yaml")
    kept = [
        line
        for line in text.splitlines()
        if "role:" not in line or "role: department," in line or "role: policy_office" in line
    ]
    text = "\n".join(line for line in kept if "both-1" not in line)
    text = text[: text.index("appointments:")] + text[text.index("fields:") :]
    (tmp_path / "plan.yaml").write_text(text, "utf-8")
    with evalflow.open(store_url, plugins=[], clock=clock) as engine:
        plan = evalflow.load_plan(tmp_path / "plan.yaml", plugins=[])
        engine.adopt(plan, by="policy-1")
        yield (
            Office(engine, plan, clock),
            evalflow.load_lifecycle(tmp_path / "two.yaml", plugins=[]),
        )


def test_what_was_done_is_known_by_its_region_s_name_when_regions_move(small):
    office, new = small
    for day, event in (("01", "go"), ("02", "note"), ("03", "back"), ("04", "go"), ("05", "note")):
        office.clock.go(f"2016-04-{day}")
        office.fire("gu/1", event, "education-1")

    def owed(**at):
        return sorted(
            p for due in office.engine.due(**at) if due.event == "note" for p in due.projects
        )

    office.clock.go("2016-04-10")
    noted = office.clock()
    assert owed() == []
    office.clock.go("2016-04-11")
    batch = office.engine.plans.migrate("gu", new, by="policy-1", reason="영역 추가")
    assert set(outcomes(batch.apply()).values()) == {"done"}
    assert office.states("gu/1") == ("quiet", "b")
    office.clock.go("2016-04-12")
    assert owed() == []
    assert owed(at=noted) == []
    office.fire("gu/1", "back", "education-1")
    office.fire("gu/1", "go", "education-1")
    assert owed() == ["gu/1"]  # a visit of its own owes its own
    assert [p.id for p in office.engine.projects(late=True, plan="gu")] == ["gu/1"]


def test_an_event_that_separates_duties_is_not_dropped_within_the_period(office):
    office.to_submitted()
    same = newer(("version: 4", "version: 5"))
    dropped = newer(("self_evaluate", "self_assess"))
    engine = office.engine
    assert engine.plans.migrate("gu", same, by="policy-1", reason="x").counts["refused"] == 0
    second(office, dropped)
    batch = engine.plans.migrate("gu", dropped, by="policy-1", reason="x")
    assert batch.reasons == {"event_dropped": 3}
    (reason, *_) = next(iter(batch)).reasons
    assert reason.about == "self_evaluate"
    assert "self_evaluate" in reason.text("ko")


def test_an_event_that_was_given_a_later_day_is_not_dropped_within_the_period(office):
    office.clock.go("2016-04-04")
    office.fire(
        "gu/1",
        "extend_deadline",
        "policy-1",
        deadline="self_evaluate",
        until="2016-04-11",
        reason="출장",
    )
    dropped = newer(("self_evaluate", "self_assess"))
    second(office, dropped)
    batch = office.engine.plans.migrate("gu", dropped, by="policy-1", reason="x")
    assert {line.project: [r.code for r in line.reasons] for line in batch} == {
        "gu/1": ["event_dropped"],
        "gu/2": [],
        "gu/3": [],
    }


# --------------------------------------------------------------------------- separation of duties


def acted(office) -> None:
    """both-1, who may also review, evaluated project 1; the bureau submitted."""
    office.clock.go("2016-04-04")
    office.fire("gu/1", "self_evaluate", "both-1", actuals=GOOD["gu/1"])
    office.evaluate("gu/2")
    office.fire(
        "gu/1",
        "extend_deadline",
        "policy-1",
        deadline="self_evaluate",
        until="2016-04-20",
        reason="명절",
    )
    office.submit("gu/1")
    office.clock.go("2016-04-15")


def barred(office) -> bool:
    return "duty_separated" in office.codes("gu/1", "review", "both-1", ratings="confirmed")


EVENTS = {"self_evaluate": "self_assess", "submit": "hand_in"}


def other_names() -> evalflow.Lifecycle:
    text = TEXT.replace("name: major-works", "name: ours", 1)
    for old, new in EVENTS.items():
        text = re.sub(rf"\b{old}\b", new, text)
    return _loaded(text)


def test_who_acted_is_barred_under_the_new_names_too(office):
    acted(office)
    assert barred(office)
    new = other_names()
    batch = office.engine.plans.migrate("gu", new, by="policy-1", reason="새 이름", events=EVENTS)
    assert set(outcomes(batch.apply()).values()) == {"done"}
    assert barred(office)
    evaluation = office.engine.evaluation("gu/1")
    told = [act.event for act in evaluation.acts]
    assert told == ["self_assess", "compile", "sign", "hand_in"]
    assert list(evaluation.extensions) == ["self_assess"]
    assert evaluation.extended == {"self_assess": 1}  # its bound counts on
    assert list(office.engine.audit.verify()) == []
    # said once more with the same key it is the same
    entry = list(office.engine.history("gu/1"))[-1]
    data = {"lifecycle": new.tree, "states": {}, "events": EVENTS, "reason": "새 이름"}
    fire = office.engine.fire
    assert fire("gu/1", "migrate", by="policy-1", data=data, key=entry.key) == entry
    with pytest.raises(evalflow.KeyReused):
        fire("gu/1", "migrate", by="policy-1", data={**data, "events": {}}, key=entry.key)


def test_acts_that_nothing_of_the_new_lifecycle_stands_for_are_not_forgotten(office):
    acted(office)
    second(office, other_names())
    batch = office.engine.plans.migrate("gu", other_names(), by="policy-1", reason="새 이름")
    lines = {line.project: line for line in batch}
    assert {r.code for r in lines["gu/1"].reasons} == {"event_dropped"}
    assert {r.about for r in lines["gu/1"].reasons} == set(EVENTS)
    assert not lines["gu/3"].reasons  # nobody acted there yet
    assert "done" not in outcomes(batch.apply()).values()  # all or none
    assert barred(office)
    # nor are they freed by a lifecycle that keeps the names and drops the rule
    names = office.engine.plans.lifecycle(office.engine.project("gu/1").lifecycle)
    tree = {**names.tree, "name": "ours", "duties": names.tree["duties"][:0] or {}}
    loose = attrs.evolve(names, name="ours", duties=(), tree=tree)
    batch = office.engine.plans.migrate("gu", loose, by="policy-1", reason="느슨하게")
    assert {r.code for r in next(iter(batch)).reasons} >= {"event_dropped"}


def test_events_that_neither_lifecycle_has_are_told_as_such(office):
    for wrong in ({"self_evaluat": "self_assess"}, {"self_evaluate": "assess"}):
        batch = office.engine.plans.migrate(
            "gu", other_names(), by="policy-1", reason="새 이름", events=wrong
        )
        assert {reason.code for line in batch for reason in line.reasons} == {"bad_data"}
        assert "event" in next(iter(batch)).reasons[0].en
