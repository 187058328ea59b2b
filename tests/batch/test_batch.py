"""Batches: planned, reviewed, applied; continued after a crash; never more than was reviewed."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import attrs
import pytest

import evalflow
from batches import everything, outcomes
from evalflow.batch.selection import from_text
from evalflow.engine.commands import Commands
from evalflow.plugins import Plugins
from evalflow.storage import Storage, fault_point
from evalflow.storage.memory import MemoryStorage
from evalflow.storage.sql import SQLReads
from evalflow.testing import faults, office
from evalflow.testing.children import Child, children
from offices import CARD, GOOD, Clock, Office

EACH = {
    project: {
        "actuals": actuals,
        **({"cards": {"1": CARD, "2": CARD}} if project == "gu/2" else {}),
    }
    for project, actuals in GOOD.items()
}


def histories(office: Office) -> list[tuple[Any, ...]]:
    return [tuple(office.engine.history(p.id)) for p in office.engine.projects()]


@pytest.fixture
def reviewed(office: Office) -> Office:
    """All three projects reviewed: one event, `approve`, is possible for all."""
    office.to_submitted()
    office.clock.go("2016-04-15")
    for project in GOOD:
        office.review(project)
    return office


def test_a_plan_says_what_would_happen_and_writes_nothing(reviewed):
    before = histories(reviewed)

    plan = reviewed.engine.batch("approve", by="policy-1")

    assert histories(reviewed) == before
    assert [(line.project, line.before[0], line.after[0]) for line in plan] == [
        (project, "reviewed", "approved") for project in GOOD
    ]
    assert plan.counts["planned"] == len(plan) == 3
    assert plan.counts["notices"] == sum(len(line.notices) for line in plan) > 0


def test_a_refusal_is_told_in_full(reviewed):
    explanation = reviewed.explain("gu/1", "approve", "education-1")

    plan = reviewed.engine.batch("approve", by="education-1", where={"number": "1"})

    (line,) = plan
    assert line.reasons == explanation.reasons
    assert plan.reasons == {reason.code: 1 for reason in explanation.reasons}


def test_what_is_applied_equals_firing_one_by_one(reviewed, tmp_path):
    planned = reviewed.engine.batch("approve", by="policy-1")
    expected = {line.project: (line.before, line.after) for line in planned}
    sent = {line.project: set(line.notices) for line in planned}

    receipts = list(planned.apply())

    assert outcomes(receipts) == dict.fromkeys(GOOD, "done")
    for project, (before, after) in expected.items():
        entry = list(reviewed.engine.history(project))[-1]
        assert (entry.before, entry.after, entry.event) == (before, after, "approve")
        notices = reviewed.engine.storage.outbox(project=project)
        told = [out.notice for out in notices if out.notice.number == entry.number]
        assert {(n.name, n.recipient, n.notifier) for n in told} == sent[project]
    assert list(reviewed.engine.audit.verify()) == []


def test_the_same_plan_again_writes_nothing(reviewed):
    plan = reviewed.engine.batch("approve", by="policy-1")
    first = list(plan.apply())
    before = histories(reviewed)

    again = list(plan.apply())

    assert histories(reviewed) == before
    assert outcomes(again) == dict.fromkeys(GOOD, "already")
    assert [r.number for r in again] == [r.number for r in first]


def test_a_plan_saved_and_loaded_is_the_same(reviewed, tmp_path):
    plan = reviewed.engine.batch("approve", by="policy-1", where={"number": ["1", "3"]})
    plan.save(tmp_path / "plan.jsonl")

    loaded = evalflow.load_batch(tmp_path / "plan.jsonl")

    assert list(loaded) == list(plan)
    assert (loaded.header, loaded.counts, loaded.fingerprint) == (
        plan.header, plan.counts, plan.fingerprint,
    )  # fmt: skip
    assert outcomes(reviewed.engine.batches.apply(loaded, by="policy-1")) == {
        "gu/1": "done",
        "gu/3": "done",
    }


def test_a_file_does_not_choose_as_whom_it_is_applied(reviewed, tmp_path):
    """Whoever hands a file over could name anybody in it."""
    before = list(reviewed.engine.storage.entries())
    reviewed.engine.batch("approve", by="policy-1").save(tmp_path / "plan.jsonl")
    loaded = evalflow.load_batch(tmp_path / "plan.jsonl")
    apply = reviewed.engine.batches.apply
    with pytest.raises(evalflow.InvalidInput) as caught:
        apply(loaded)
    assert [problem.code for problem in caught.value.problems] == ["batch_actor"]
    assert "policy-1" in caught.value.text("ko")
    for other in ("policy-2", reviewed.actor("road-1")):
        with pytest.raises(ValueError, match="made for policy-1"):
            apply(loaded, by=other)
    assert list(reviewed.engine.storage.entries()) == before
    assert set(outcomes(apply(loaded, by=reviewed.actor("policy-1"))).values()) == {"done"}
    assert set(outcomes(apply(loaded, by="policy-1")).values()) == {"already"}


def test_what_moved_since_is_a_conflict_and_the_rest_is_done(reviewed):
    plan = reviewed.engine.batch("approve", by="policy-1")
    reviewed.fire("gu/2", "send_back", "policy-2", reason="보완")

    assert outcomes(plan.apply()) == {"gu/1": "done", "gu/2": "conflict", "gu/3": "done"}
    assert reviewed.state("gu/2") == "planned"


@pytest.mark.parametrize("mode", ["all", "unit"])
def test_modes_hold_back_what_goes_together(reviewed, mode):
    plan = reviewed.engine.batch("approve", by="policy-1", mode=mode)
    reviewed.fire("gu/2", "send_back", "policy-2", reason="보완")
    others = "held" if mode == "all" else "done"

    assert outcomes(plan.apply()) == {"gu/1": others, "gu/2": "conflict", "gu/3": others}


def test_an_old_plan_gives_nobody_a_right_that_has_ended(office, tmp_path):
    """The acting head signs from 1 to 5 July; her own rights end the same day here."""
    head = office.engine.plans.head("gu")
    office.to_submitted()
    office.clock.go("2016-04-15")
    for project in GOOD:
        office.review(project)
    office.engine.batch("approve", by="policy-1").save(tmp_path / "old.jsonl")
    text = office.plan.head.tree["directory"]["policy-1"]
    assert text  # the directory names her now …
    changed = {**head.directory, "policy-1": ()}
    terms = office.engine.rules.terms("gu")
    ended = attrs.evolve(terms.head, directory=changed)
    from evalflow.model.directory import Directory

    office.engine.rules._known.terms["gu", 1] = attrs.evolve(
        terms, head=ended, directory=Directory(ended)
    )
    before = histories(office)

    plan = evalflow.load_batch(tmp_path / "old.jsonl")

    assert set(outcomes(office.engine.batches.apply(plan, by="policy-1")).values()) == {"conflict"}
    assert histories(office) == before


def test_a_forged_line_is_not_written(reviewed, tmp_path):
    """Whoever mends the fingerprint too still finds every decision made again."""
    import hashlib

    reviewed.engine.batch("approve", by="policy-1").save(tmp_path / "plan.jsonl")
    lines = (tmp_path / "plan.jsonl").read_text("utf-8").splitlines(keepends=True)
    forged = [line.replace('"approved"', '"lagging"') for line in lines[:-1]]
    forged = [line.replace('"seal":"', '"seal":"0') for line in forged]
    footer = json.loads(lines[-1])
    footer["fingerprint"] = hashlib.sha256("".join(forged).encode()).hexdigest()
    (tmp_path / "plan.jsonl").write_text("".join([*forged, json.dumps(footer) + "\n"]), "utf-8")
    before = histories(reviewed)

    plan = evalflow.load_batch(tmp_path / "plan.jsonl")

    assert set(outcomes(reviewed.engine.batches.apply(plan, by="policy-1")).values()) == {
        "conflict"
    }
    assert histories(reviewed) == before


def test_an_altered_file_is_refused(reviewed, tmp_path):
    path = tmp_path / "plan.jsonl"
    reviewed.engine.batch("approve", by="policy-1").save(path)
    path.write_text(path.read_text("utf-8").replace('"number"', '"number"').replace("gu/1", "gu/9"))

    with pytest.raises(evalflow.InvalidInput) as refused:
        evalflow.load_batch(path)
    assert [problem.code for problem in refused.value.problems] == ["changed"]


def test_every_malformed_line_is_named(reviewed, tmp_path):
    path = tmp_path / "plan.jsonl"
    reviewed.engine.batch("approve", by="policy-1").save(path)
    lines = path.read_text("utf-8").splitlines(keepends=True)
    lines[1] = "{\n"
    lines[3] = '{"project": 3}\n'
    path.write_text("".join(lines[:-1]), "utf-8")

    with pytest.raises(evalflow.InvalidInput) as refused:
        evalflow.load_batch(path)
    assert [(p.line, p.code) for p in refused.value.problems] == [
        (2, "bad_line"), (4, "bad_line"), (4, "cut_off"),
    ]  # fmt: skip


def test_a_bureau_submits_together_in_a_batch_as_by_hand(office):
    office.clock.go("2016-04-04")
    office.evaluate("gu/1")
    where = {"unit": "welfare", "state": "self_evaluated"}

    refused = office.engine.batch("compile", by="welfare-lead", where=where)
    assert refused.reasons == {"unit_incomplete": 1}

    office.evaluate("gu/2")
    plan = office.engine.batch("compile", by="welfare-lead", where=where)
    assert [line.part for line in plan] == ["gu/1", "gu/1"]
    assert outcomes(plan.apply()) == {"gu/1": "done", "gu/2": "done"}
    assert [office.state(p) for p in GOOD] == ["compiled", "compiled", "planned"]


def test_each_project_gets_its_own_data(office):
    office.clock.go("2016-04-04")
    by = {"gu/1": "education-1", "gu/2": "elderly-1", "gu/3": "road-1"}
    for project, actor in by.items():
        plan = office.engine.batch(
            "self_evaluate", by=actor, where={"number": project[3:]}, each=EACH
        )
        assert outcomes(plan.apply()) == {project: "done"}
    assert list(office.engine.audit.verify()) == []


# ------------------------------------------------------------------ crashes


def _apply(storage: Storage, path: str, chunk: int) -> list[str]:
    clock = Clock()
    clock.go("2016-04-15")
    engine = evalflow.Engine(storage, plugins=Plugins.load([]), clock=clock)
    return [
        receipt.outcome
        for receipt in engine.batches.apply(evalflow.load_batch(path), by="policy-1", chunk=chunk)
    ]


@attrs.frozen
class _Open:
    path: str

    def __call__(self) -> Storage:
        return evalflow.open(f"sqlite:///{self.path}", plugins=[]).storage


@pytest.mark.counting
@pytest.mark.slow
@pytest.mark.parametrize(
    ("event", "chunk", "turn"),  # decided for each, and once for the two of a chunk
    [("approve", 1, 1), ("approve", 1, 2), ("approve", 1, 3), ("shut", 2, 1), ("shut", 2, 2)],
)
@pytest.mark.parametrize("point", ["commit:begun", "commit:written", "commit:done"])
def test_a_killed_batch_continues_nothing_twice_nothing_skipped(
    plan_file: Path, tmp_path: Path, clock: Clock, point: str, turn: int, event: str, chunk: int
) -> None:
    opener = _Open(str(tmp_path / "office.db"))
    url, file = f"sqlite:///{opener.path}", str(tmp_path / "plan.jsonl")
    if event == "shut":
        engine = orders(tmp_path / "plan", url, clock)
        clock.go("2016-04-15")
    else:
        plan = evalflow.load_plan(plan_file)
        engine = evalflow.open(url, plugins=[], clock=clock)
        engine.adopt(plan, by=plan.actor("policy-1"))
        office = Office(engine, plan, clock)
        office.to_submitted()
        clock.go("2016-04-15")
        for project in GOOD:
            office.review(project)
    with engine:
        engine.batch(event, by="policy-1").save(file)
        whole = {p.id: p.version + 1 for p in engine.projects()}

    killed = Child(opener, _apply, file, chunk, fault=f"{point}:kill:{turn}")
    with children(killed):
        killed.go()
        assert killed.died()

    with evalflow.open(f"sqlite:///{opener.path}", plugins=[], clock=clock) as engine:
        written = min(3, chunk * (turn if point == "commit:done" else turn - 1))
        receipts = list(engine.batches.apply(evalflow.load_batch(file), by="policy-1"))
        assert [r.outcome for r in receipts] == ["already"] * written + ["done"] * (3 - written)
        assert {p.id: p.version for p in engine.projects()} == whole
        assert list(engine.audit.verify()) == []


def test_an_exception_half_way_is_continued(reviewed):
    plan = reviewed.engine.batch("approve", by="policy-1")
    applied: list[Any] = []
    if isinstance(reviewed.engine.storage, MemoryStorage):
        pytest.skip("a commit in memory cannot be broken off")
    with pytest.raises(faults.Fault), faults.at("commit:written", turn=2):
        applied.extend(plan.apply(chunk=1))

    assert outcomes(applied) == {"gu/1": "done"}
    assert outcomes(plan.apply()) == {"gu/1": "already", "gu/2": "done", "gu/3": "done"}


def test_it_stops_between_chunks_where_it_is_told_to(reviewed):
    plan = reviewed.engine.batch("approve", by="policy-1")
    before = len(histories(reviewed)[0])
    receipts: list[Any] = []
    receipts.extend(plan.apply(chunk=1, stopping=lambda: len(histories(reviewed)[0]) > before))

    assert outcomes(receipts) == {"gu/1": "done"}
    assert outcomes(plan.apply()) == {"gu/1": "already", "gu/2": "done", "gu/3": "done"}


@pytest.fixture
def interrupted():
    """Set how this program takes Ctrl-C, whatever it was started with."""
    before = signal.getsignal(signal.SIGINT)
    yield lambda how: signal.signal(signal.SIGINT, how)
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_does_not_stop_a_batch_in_the_background(interrupted):
    from evalflow.cli.batches import _stopping

    interrupted(signal.SIG_IGN)
    with _stopping() as stopping:
        signal.raise_signal(signal.SIGINT)
        assert not stopping()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_ctrl_c_asks_a_batch_to_stop_and_twice_stops_at_once(interrupted):
    from evalflow.cli.batches import _stopping

    interrupted(signal.default_int_handler)
    with _stopping() as stopping:
        assert not stopping()
        signal.raise_signal(signal.SIGINT)
        assert stopping()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


# ------------------------------------------------------------------ the selection language


@pytest.mark.parametrize(
    ("where", "codes"),
    [
        ({"sate": "planned"}, ["unknown_condition"]),
        (
            {"limit": "0", "unit": ["a", "b"], "bnad": "x"},
            ["bad_condition"] * 2 + ["unknown_condition"],
        ),
        ({"state": 3}, ["bad_condition"]),
        ({"state": "planed", "band": "doen"}, ["unknown_band", "unknown_state"]),
    ],
)
def test_a_wrong_condition_is_named_with_the_nearest(office, where, codes):
    with pytest.raises(evalflow.InvalidInput) as refused:
        office.engine.batch("approve", by="policy-1", where=where)
    assert [problem.code for problem in refused.value.problems] == codes


def test_one_language_selects_for_reading_and_for_batches(office):
    office.clock.go("2016-04-06")  # the 5th has passed
    office.evaluate("gu/3")

    for where in (
        {"late": "self_evaluate"},
        {"late": ["review", "self_evaluate"]},
        {"unit": "welfare"},
        {"limit": 2},
    ):
        read = [project.id for project in office.engine.projects(**where)]
        assert read == ["gu/1", "gu/2"]
        assert [
            line.project for line in office.engine.batch("approve", by="policy-1", where=where)
        ] == read
    assert list(office.engine.projects(late="review")) == []
    assert [p.id for p in office.engine.projects(late=True)] == list(GOOD)  # 3: its submission
    for said in ("late=yes", "late=true", "late=self_evaluate"):  # as it is written on a line
        read = [project.id for project in office.engine.projects(**from_text([said]))]
        assert read == (["gu/1", "gu/2"] if said == "late=self_evaluate" else list(GOOD))


# ------------------------------------------------------------------ tables


def read_figures(path):
    from evalflow.files.table_reader import read_table
    from evalflow.plan.tables import ACTUALS

    return read_table(path, ACTUALS)


TABLE = """관리번호,성과 지표,실적,부진사유,대책
3,metres,"300",동절기,인력 추가
3,민원,50,,
"""


def test_figures_in_a_table_become_self_evaluations(office, tmp_path):
    from evalflow.batch.sheet import figures_by_project

    office.clock.go("2016-04-04")
    (tmp_path / "figures.csv").write_text(TABLE, "utf-8-sig")
    definitions = {d.id: d for d in office.engine.plans.definitions("gu")}
    each = figures_by_project(read_figures(tmp_path / "figures.csv"), "gu", definitions)

    plan = office.engine.batch("self_evaluate", by="road-1", where={"number": "3"}, each=each)

    assert [line.rate for line in plan]
    assert outcomes(plan.apply()) == {"gu/3": "done"}
    (line,) = plan
    rating = office.engine.evaluation("gu/3").self_rating
    assert (format(rating.rate, "f"), rating.band) == (line.rate, line.band)
    assert office.engine.evaluation("gu/3").facts["explanations"]["metres"]["cause"] == "동절기"


def test_figures_are_read_from_what_offices_send(office, tmp_path):
    """A workbook with a title and a row of totals, and CSV in CP949: the same data."""
    import xlsxwriter

    from evalflow.batch.sheet import figures_by_project

    book = xlsxwriter.Workbook(tmp_path / "figures.xlsx")
    page = book.add_worksheet("1분기")
    page.merge_range("A1:E1", "2016년 1분기 자체평가 실적")
    page.write_row(2, 0, ["관리\n번호", "성과지표", "실적", "부진사유", "대책"])
    page.write_row(3, 0, [3, "metres", 300, "동절기", "인력 추가"])
    page.write_row(4, 0, [3, "민원", "50"])
    page.write_row(5, 0, ["합계", None, 350])
    book.close()
    (tmp_path / "figures.csv").write_text(TABLE, "cp949")
    definitions = {d.id: d for d in office.engine.plans.definitions("gu")}

    found = [
        figures_by_project(read_figures(tmp_path / name), "gu", definitions)
        for name in ("figures.xlsx", "figures.csv")
    ]
    assert found[0] == found[1]
    assert found[0]["gu/3"]["actuals"] == {"metres": "300", "complaints": "50"}


def test_a_wrong_cell_of_a_workbook_is_named_with_sheet_and_cell(office, tmp_path):
    import xlsxwriter

    from evalflow.batch.sheet import figures_by_project

    book = xlsxwriter.Workbook(tmp_path / "figures.xlsx")
    page = book.add_worksheet("1분기")
    page.write_row(1, 0, ["번호", "성과지표", "실적"])
    page.write_row(2, 0, [33, "metres", "많음"])
    page.write_row(3, 0, [3, "metres", "많음"])
    book.close()
    definitions = {d.id: d for d in office.engine.plans.definitions("gu")}
    with pytest.raises(evalflow.InvalidInput) as refused:
        figures_by_project(read_figures(tmp_path / "figures.xlsx"), "gu", definitions)
    assert [problem.where().rpartition(":")[2] for problem in refused.value.problems] == [
        "1분기!A3", "1분기!C4",
    ]  # fmt: skip


def test_all_wrong_rows_of_a_table_are_named_with_their_places(office, tmp_path):
    from evalflow.batch.sheet import figures_by_project

    path = tmp_path / "figures.csv"
    path.write_text(TABLE + "30,metres,1,,\n3,meters,많음,,\n\n3,metres,4,,\n", "utf-8")
    definitions = {d.id: d for d in office.engine.plans.definitions("gu")}

    with pytest.raises(evalflow.InvalidInput) as refused:
        figures_by_project(read_figures(path), "gu", definitions)
    assert [(p.line, p.column, p.code) for p in refused.value.problems] == [
        (4, 1, "unknown_number"),
        (5, 2, "unknown_indicator"),
        (5, 3, "not_a_figure"),
        (7, 2, "repeated"),
    ]


# ------------------------------------------------------------------ the command


@pytest.fixture
def shell(plan_file, tmp_path, clock, capsys):
    """All reviewed, in a file, and a function that runs the command on it."""
    import evalflow.cli

    store = str(tmp_path / "office.db")
    plan = evalflow.load_plan(plan_file)
    with evalflow.open(f"sqlite:///{store}", plugins=[], clock=clock) as engine:
        engine.adopt(plan, by=plan.actor("policy-1"))
        office = Office(engine, plan, clock)
        office.to_submitted()
        clock.go("2016-04-15")
        for project in GOOD:
            office.review(project)

        def run(*words: str) -> tuple[int, str]:
            code = evalflow.cli.run(["--store", store, "--lang", "en", *words])
            told = capsys.readouterr()
            return code, told.out + told.err

        office.run = run  # type: ignore[attr-defined]
        yield office


def test_planned_and_applied_from_the_shell(shell, tmp_path):
    file = str(tmp_path / "plan.jsonl")
    (tmp_path / "numbers.txt").write_text("1, 3  # two of them\n", "utf-8")
    where = ["--where", "state=reviewed", "--where", f"number=@{tmp_path}/numbers.txt"]

    def told(*words: str, code: int = 0) -> str:
        answer, text = shell.run(*words)
        assert answer == code, text
        return str(text)

    told("batch", "plan", "approve", "--as", "policy-1", *where, "-o", file)
    assert "0/2" in told("batch", "list", str(tmp_path))
    assert "done 2" in told("batch", "apply", file, "--report", str(tmp_path / "receipts.csv"))
    report = (tmp_path / "receipts.csv").read_text("utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in report] == ["project", "gu/1", "gu/3"]
    assert "already done 2" in told("batch", "resume", file)
    assert "applied: 2 of 2" in told("batch", "show", file)
    assert "did you mean 'state'" in told("status", "--where", "sate=reviewed", code=2)


# ------------------------------------------------------------------ scripts

SCRIPT = """\
evalflow: batch-script/1
as: policy-1
steps:
  - event: approve
    where: {state: reviewed}
    stop: {refused: 5%, conflict: 0}
  - event: open_period
    as: clock
    where: {state: [approved, lagging]}
"""


def test_a_script_is_a_dry_run_until_it_is_to_apply(shell, tmp_path):
    (tmp_path / "quarter.yaml").write_text(SCRIPT, "utf-8")
    before = histories(shell)

    code, told = shell.run("batch", "run", str(tmp_path / "quarter.yaml"))
    assert (code, histories(shell)) == (0, before)
    assert "nothing applied" in told

    code, told = shell.run("batch", "run", str(tmp_path / "quarter.yaml"), "--apply")
    assert code == 0, told
    assert {p.period for p in shell.engine.projects()} == {"2016-Q2"}
    assert not list((tmp_path / "quarter.yaml.plans").iterdir())


def test_a_script_that_was_broken_off_continues(shell, tmp_path):
    script = tmp_path / "quarter.yaml"
    script.write_text(SCRIPT, "utf-8")
    with faults.at("commit:done", turn=1):  # the first step is written, nobody was told
        code, _ = shell.run("batch", "run", str(script), "--apply")
    assert code == 70

    code, told = shell.run("batch", "run", str(script), "--apply")
    assert code == 0, told
    assert "continued" in told
    events = [[entry.event for entry in history][-2:] for history in histories(shell)]
    assert events == [["approve", "open_period"]] * 3


@pytest.mark.parametrize(
    "change",
    [
        {"event": "send_back", "data": {"reason": "위조"}},
        {"by": "policy-2"},
        {"mode": "all"},
    ],
)
def test_a_script_takes_up_no_plan_of_something_else(shell, tmp_path, change):
    """Whoever may write into the folder of its plans does not choose what is done by whom."""
    script = tmp_path / "quarter.yaml"
    script.write_text(SCRIPT, "utf-8")
    asked = {"event": "approve", "by": "policy-1", "mode": "each", **change}
    planted = shell.engine.batch(asked.pop("event"), where={"state": "reviewed"}, **asked)
    (tmp_path / "quarter.yaml.plans").mkdir()
    planted.save(tmp_path / "quarter.yaml.plans" / "001-approve.jsonl")
    before = histories(shell)

    code, told = shell.run("batch", "run", str(script), "--apply")

    assert (code, histories(shell)) == (2, before)
    assert "not the batch plan of step 1" in told


def test_a_script_stops_where_too_many_are_refused(shell, tmp_path):
    script = tmp_path / "quarter.yaml"
    script.write_text(SCRIPT.replace("{state: reviewed}", "{unit: gu}"), "utf-8")
    shell.fire("gu/2", "send_back", "policy-2", reason="보완")
    before = histories(shell)

    code, told = shell.run("batch", "run", str(script), "--apply")

    assert (code, histories(shell)) == (1, before)
    assert "stopped: refused 1/3 (limit 5%)" in told


def test_every_mistake_in_a_script_is_named(tmp_path):
    from evalflow.batch.script import load_script

    path = tmp_path / "bad.yaml"
    path.write_text(
        "evalflow: batch-script/1\nsteps:\n- event: approve\n  wher: 1\n"
        "  where: {sate: x, limit: no}\n  stop: {refused: many}\n  mode: some\n",
        "utf-8",
    )
    with pytest.raises(evalflow.InvalidInput) as refused:
        load_script(path)
    assert {(p.line, p.code) for p in refused.value.problems} == {
        (3, "missing_key"), (4, "unknown_key"), (5, "unknown_condition"), (5, "bad_condition"),
        (6, "bad_limit"), (7, "wrong_value"),
    }  # fmt: skip


# ------------------------------------------------------------------ many alike

ORDERS = """\
evalflow: lifecycle/1
name: order
version: 1
ko: 시정명령
en: Corrective order
roles:
  policy_office: {ko: 정책기획담당관, en: Policy office, at: office}
  department: {ko: 부서, en: Department, at: department}
adopted_by: [policy_office]
regions:
  order:
    ko: 시정
    en: Order
    initial: ordered
    states: {ordered: {ko: 명령, en: Ordered}, reported: {ko: 보고, en: Reported}}
  file:
    ko: 철
    en: File
    initial: open
    states: {open: {ko: 열림, en: Open}, shut: {ko: 닫힘, en: Shut}}
events:
  report:
    ko: 보고
    en: Report
    by: [department, policy_office]
    leads: order
    transitions: [{from: ordered, to: reported, guards: [period_ended]}]
    notices: [{name: told, ko: 보고됨, en: Reported, to: [department], entering: reported}]
  order:
    ko: 명령
    en: Order
    by: [policy_office]
    leads: order
    transitions: [{from: reported, to: ordered}]
  shut:
    ko: 닫음
    en: Shut
    by: [policy_office]
    leads: file
    transitions: [{from: open, to: shut}, {from: shut, to: open}]
"""


def orders(folder: Path, store: str, clock: Clock) -> evalflow.Engine:
    """The test office on a lifecycle whose events look at nothing but the period."""
    import offices

    folder.mkdir(exist_ok=True)
    (folder / "order.yaml").write_text(ORDERS, "utf-8")
    text = offices.PLAN.replace("lifecycle: major-works", "lifecycle: ./order.yaml")
    roles = {"department", "policy_office"}
    lines = []
    for unit in ("elderly", "road"):  # all in one unit, so that they come out alike
        text = text.replace(f"    unit: {unit}\n", "    unit: education\n")
    for line in text.splitlines():
        named = [word.split(",")[0].rstrip("}]") for word in line.split("role: ")[1:]]
        if named and not set(named) <= roles:
            continue
        lines.append(line)
    text = "\n".join(lines)
    start, end = text.index("appointments:"), text.index("fields:")
    (folder / "plan.yaml").write_text(text[:start] + text[end:] + "\n", "utf-8")
    engine = evalflow.open(store, plugins=[], clock=clock)
    plan = evalflow.load_plan(folder / "plan.yaml", plugins=[])
    engine.adopt(plan, by=plan.actor("policy-1"))
    return engine


@pytest.mark.parametrize("actor", ["policy-1", "education-1", "road-1"])
@pytest.mark.parametrize("day", ["2016-03-01", "2016-04-04"])
def test_deciding_once_for_all_alike_equals_deciding_for_each(
    store_url, tmp_path, clock, actor, day, monkeypatch
):
    """Entries, hashes, notices, plans and receipts are the same, byte for byte; only the order
    among projects of one transaction is not."""
    found = []
    for swift in (True, False):
        clock.go("2016-02-25")
        url = store_url.replace("office.db", f"{swift}.db")
        with orders(tmp_path / "plan", url, clock) as engine:
            for project in ("gu/1", "gu/3", "gu/1", "gu/1"):  # so that versions and visits differ
                engine.fire(project, "shut", by=engine.actor("gu", "policy-1"))
            clock.go(day)
            if not swift:
                monkeypatch.setattr(Commands, "_alike", lambda *_: False)
            plan = engine.batch("report", by=actor)
            receipts = list(plan.apply())
            found.append(
                (
                    list(plan.lines()),
                    receipts,
                    list(engine.projects()),
                    [list(engine.history(project.id)) for project in engine.projects()],
                    sorted(engine.outbox.notices(), key=lambda sent: sent.notice.id),
                )
            )
            assert list(engine.audit.verify()) == []
            assert outcomes(plan.apply()) == {
                r.project: "already" if r.outcome == "done" else r.outcome for r in receipts
            }
    assert found[0] == found[1]


def test_one_decision_is_made_for_all_alike(store_url, tmp_path, clock, monkeypatch):
    asked = []
    with orders(tmp_path / "plan", store_url, clock) as engine:
        clock.go("2016-04-04")
        decide = Commands.decide

        def counted(*given: Any, **named: Any) -> Any:
            asked.append(given)
            return decide(*given, **named)

        monkeypatch.setattr(Commands, "decide", counted)
        plan = engine.batch("shut", by="policy-1")
        assert len(plan) == len(list(engine.projects())) > 1
        assert len(asked) == 1
        assert set(outcomes(plan.apply()).values()) == {"done"}
        assert len(asked) == 2


def test_one_that_moved_since_does_not_slow_the_others_down(
    store_url, tmp_path, clock, monkeypatch
):
    asked = []
    with orders(tmp_path / "plan", store_url, clock) as engine:
        clock.go("2016-04-04")
        plan = engine.batch("shut", by="policy-1")
        first, *others = [project.id for project in engine.projects()]
        engine.fire(first, "report", by=engine.actor("gu", "policy-1"))
        decide = engine._commands.decide

        def counted(*given: Any, **named: Any) -> Any:
            asked.append(given)
            return decide(*given, **named)

        monkeypatch.setattr(engine._commands, "decide", counted)
        assert outcomes(engine.batches.apply(plan)) == {first: "conflict"} | dict.fromkeys(
            others, "done"
        )
        assert len(asked) == 1


def test_a_role_revoked_before_a_bulk_move_is_written_moves_nobody(
    store_url, tmp_path, clock, monkeypatch
):
    folder = tmp_path / "plan"
    with orders(folder, store_url, clock) as engine:
        clock.go("2016-04-04")
        plan = engine.batch("shut", by="policy-1")
        assert all(line.allowed for line in plan)
        text = (folder / "plan.yaml").read_text("utf-8")
        held = "  policy-1: [{role: policy_office, unit: gu}]\n"
        assert held in text
        (folder / "later.yaml").write_text(text.replace(held, ""), "utf-8")
        later = evalflow.load_plan(folder / "later.yaml", plugins=[])
        decided: list[str] = []

        def revoke(point: str) -> None:
            if point == "fire:decided" and not decided:
                decided.append(point)
                engine.adopt(later, by="policy-2", reason="인사이동")

        monkeypatch.setattr(fault_point, "listener", revoke)
        receipts = list(plan.apply())

        assert [receipt.outcome for receipt in receipts] == ["conflict"] * len(plan)
        assert all(receipt.reasons for receipt in receipts)
        assert {entry.event for _, entry in engine.storage.entries()} == {"adopt"}


def test_a_bulk_move_is_made_under_a_revision_that_takes_nothing_away(
    store_url, tmp_path, clock, monkeypatch
):
    folder = tmp_path / "plan"
    with orders(folder, store_url, clock) as engine:
        clock.go("2016-04-04")
        plan = engine.batch("shut", by="policy-1")
        text = (folder / "plan.yaml").read_text("utf-8")
        held = "  policy-2: [{role: policy_office, unit: gu}]\n"
        (folder / "later.yaml").write_text(text.replace(held, ""), "utf-8")
        later = evalflow.load_plan(folder / "later.yaml", plugins=[])
        decided: list[str] = []

        def revise(point: str) -> None:
            if point == "fire:decided" and not decided:
                decided.append(point)
                engine.adopt(later, by="policy-1", reason="인사이동")

        monkeypatch.setattr(fault_point, "listener", revise)
        assert set(outcomes(plan.apply()).values()) == {"done"}
        assert {e.revision for _, e in engine.storage.entries() if e.event == "shut"} == {2}


def test_an_event_that_looks_at_figures_is_decided_for_each(reviewed):
    project = reviewed.engine.project("gu/1")

    assert not reviewed.engine._commands._alike("gu", project.lifecycle, "approve")
    assert not reviewed.engine._commands._alike("gu", project.lifecycle, "submit")


# ------------------------------------------------------------------ lines


def test_a_line_is_read_as_it_was_written():
    from hypothesis import given
    from hypothesis import strategies as st

    from evalflow import Reason
    from evalflow.batch.lines import PlanLine, read_line, write_line
    from evalflow.batch.values import Planned
    from evalflow.model.canonical import canonical

    texts = st.text(st.sampled_from('a1/"\\,:가\u2028\0 '), min_size=1, max_size=8)
    few = st.lists(texts, min_size=1, max_size=2).map(tuple)
    reasons = st.builds(
        Reason,
        code=texts, ko=texts, en=texts, who=few | st.just(()), since=st.none() | st.dates(),
        about=st.none() | texts, cause=st.none() | st.just(ValueError("broke")),
    )  # fmt: skip
    trees = st.recursive(
        st.none() | st.booleans() | st.integers() | texts,
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
        max_leaves=4,
    )
    lines = st.builds(
        Planned,
        project=texts,
        unit=texts,
        version=st.integers(0),
        head=texts | st.just(""),
        before=few,
        period=texts,
        after=st.none() | few,
        part=st.none() | texts,
        rate=st.none() | st.just("85.50"),
        notices=st.lists(few, max_size=2).map(tuple),
        reasons=st.lists(reasons, max_size=2).map(tuple),
        data=st.none() | st.dictionaries(texts, trees, min_size=1, max_size=3),
        seal=texts | st.just(""),
    )

    @given(lines)
    def read(planned):
        line = read_line(canonical(planned.tree()))
        assert line.planned() == planned
        assert read_line(write_line(line)).planned() == planned
        assert line.allowed == planned.allowed
        assert line.alone == (planned.allowed and planned.part is None and planned.data is None)

    read()
    # The same fields: what is added to one must be added to the other.
    assert set(PlanLine.__struct_encode_fields__) == {field.name for field in attrs.fields(Planned)}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"version": "1"}, "version"),
        ({"version": 1.0}, "version"),
        ({"version": True}, "version"),
        ({"unit": None}, "unit"),
        ({"before": "x"}, "before"),
        ({"after": ["x", 1]}, "after"),
        ({"notices": [["a", 1]]}, "notices"),
        ({"reasons": [{"code": "a", "ko": "가"}]}, "reasons"),
        ({"reasons": [{"code": "a", "ko": "가", "en": "a", "since": "soon"}]}, "reasons"),
        ({"reasons": [{"code": "a", "ko": "가", "en": "a", "cause": "x"}]}, "cause"),
        ({"more": 1}, "more"),
        ({"data": float("nan")}, "invalid character"),
    ],
)
def test_an_odd_line_is_named_with_its_file_line_and_field(reviewed, tmp_path, change, named):
    """Also where the fingerprint was worked out anew, over the odd line."""
    import hashlib

    path = tmp_path / "plan.jsonl"
    reviewed.engine.batch("approve", by="policy-1").save(path)
    header, first, *rest, footer = path.read_text("utf-8").splitlines()
    lines = [header, first, json.dumps({**json.loads(rest[0]), **change}), *rest[1:]]
    text = "".join([f"{line}\n" for line in lines])
    seal = hashlib.sha256(text.encode()).hexdigest()
    footer = json.dumps({**json.loads(footer), "fingerprint": seal}, separators=(",", ":"))
    path.write_text(text + footer + "\n", "utf-8")

    with pytest.raises(evalflow.InvalidInput) as refused:
        evalflow.load_batch(path)

    (problem,) = refused.value.problems
    assert (problem.file, problem.line, problem.code) == (str(path), 3, "bad_line")
    assert named in problem.en


# ------------------------------------------------------------------ like firing one by one


@pytest.mark.counting
@pytest.mark.slow
def test_any_batch_writes_what_firing_one_by_one_writes(tmp_path):
    """After a random life of an office any event is planned for everybody: what is refused is
    refused as by hand, and the rest leaves the same entries, hashes, evaluations and notices."""
    import random

    from hypothesis import given, settings
    from hypothesis import strategies as st

    from evalflow.testing import office as small

    offices = {each: small.the_plan(each=each) for each in (1, 2)}
    folders = iter(range(10**6))
    seen: set[str] = set()

    @settings(max_examples=150, deadline=None)
    @given(
        each=st.sampled_from([1, 2]),
        rng=st.randoms(use_true_random=False),
        steps=st.integers(0, 80),
        mode=st.sampled_from(["each", "unit"]),
        chunk=st.sampled_from([1, 3, 5_000]),
    )
    def compared(each: int, rng: random.Random, steps: int, mode: str, chunk: int) -> None:
        plan = offices[each]
        folder = tmp_path / str(next(folders))
        folder.mkdir()
        clock = small.Ticking()

        def opened(name: str) -> evalflow.Engine:
            url = f"sqlite:///{folder}/{name}.db?synchronous=NORMAL"
            return evalflow.open(url, plugins=[], clock=clock)

        with opened("before") as engine:
            engine.adopt(plan, by=plan.actor("policy-1"))
            for _ in range(steps):
                small.step(engine, rng)
            projects = list(engine.projects())
            clock.going = False
            states = {state for project in projects for state in project.states}
            event = rng.choice(
                [e.name for e in plan.lifecycle.events.values() if e.sources() & states]
            )
            actor = small.actor_for(rng.choice(projects), event)
            data = {p.id: small.data_for(p, event, rng.randrange(90)) for p in projects}
            for name in ("batch", "fired"):
                engine.storage.copy_to(  # type: ignore[attr-defined]
                    folder / f"{name}.db"
                )
            explained = {
                p.id: engine.explain(p.id, event, by=plan.actor(actor), data=data[p.id])
                for p in projects
            }
        with opened("batch") as engine:
            planned = engine.batch(event, by=actor, each=data, mode=mode)
            lines = list(planned)
            done = outcomes(planned.apply(chunk=chunk))
            batched = everything(engine)
        for line in lines:
            if not line.allowed:
                # Of one in a wrong state the rest of its unit, which would go along, is not told.
                assert set(line.reasons) <= set(explained[line.project].reasons)
                assert event == "submit" or line.reasons == explained[line.project].reasons
                assert line.reasons
                assert done[line.project] == "refused"
        with opened("fired") as engine:
            by = engine.actor(plan.head.id, actor)
            for line in lines:
                if done[line.project] != "done":
                    continue
                if engine.storage.entry_by_key(line.project, planned.key) is not None:
                    continue  # it moved with its unit, by the data of the one that was named
                engine.fire(line.project, event, by=by, data=data[line.project], key=planned.key)
                seen.add(event)
            assert everything(engine) == batched
            assert list(engine.audit.verify()) == []

    compared()
    assert len(seen) > 5, seen


# ------------------------------------------------------------------ a line's failure is its own


LATER = {"deadline": "self_evaluate", "until": "2016-04-11", "reason": "폭설"}


@pytest.mark.parametrize("each", [None, {"gu/1": {"reason": "따로"}}])
def test_one_project_with_a_later_time_stops_no_other(office, each):
    office.clock.go("2016-04-01", hour=12)
    office.fire("gu/2", "extend_deadline", "policy-1", **{**LATER, "until": "2016-04-08"})
    office.clock.go("2016-04-01", hour=10)  # this machine's clock is two hours behind
    plan = office.engine.batch("extend_deadline", by="policy-1", data=LATER, each=each)
    receipts = {receipt.project: receipt for receipt in plan.apply()}
    assert {name: each.outcome for name, each in receipts.items()} == {
        "gu/1": "done",
        "gu/2": "conflict",
        "gu/3": "done",
    }
    assert [reason.code for reason in receipts["gu/2"].reasons] == ["clock_set_back"]
    assert list(office.engine.audit.verify()) == []
    office.clock.go("2016-04-01", hour=13)
    assert outcomes(plan.apply()) == {"gu/1": "already", "gu/2": "done", "gu/3": "already"}


def test_a_batch_begun_in_another_mode_says_so(office):
    office.clock.go("2016-04-01")
    plan = office.engine.batch("extend_deadline", by="policy-1", data=LATER)
    some = office.engine.batches.apply(plan, mode="each", chunk=1)
    assert next(some).outcome == "done"
    some.close()
    told = list(office.engine.batches.apply(plan, mode="all"))
    assert [receipt.outcome for receipt in told] == ["already", "conflict", "conflict"]
    assert {reason.code for receipt in told[1:] for reason in receipt.reasons} == {
        "begun_otherwise"
    }
    assert set(outcomes(office.engine.batches.apply(plan)).values()) == {"already", "done"}


def test_what_was_checked_is_applied_whoever_writes_over_the_file(office, tmp_path):
    office.clock.go("2016-04-01")
    paths = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    for path, until in zip(paths, ("2016-04-11", "2016-04-29"), strict=True):
        office.engine.batch("extend_deadline", by="policy-1", data={**LATER, "until": until}).save(
            path
        )
    loaded = evalflow.load_batch(paths[0])
    with paths[0].open("r+b") as file:  # in place, as an editor does
        file.write(paths[1].read_bytes())
        file.truncate()
    receipts = office.engine.batches.apply(loaded, by="policy-1")
    assert set(outcomes(receipts).values()) == {"done"}
    last = list(office.engine.history("gu/1"))[-1]
    assert (last.data["until"], last.key) == ("2016-04-11", loaded.key)
    assert len(list(loaded)) == 3


def test_what_is_read_of_the_projects_of_a_chunk_is_read_by_one_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, store = office.the_plan(each=2), f"sqlite:///{tmp_path / 'office.db'}"
    with evalflow.open(store, plugins=[], clock=office.Ticking()) as engine:
        engine.adopt(plan, by=plan.actor("policy-1"))
    asked: list[str] = []
    of_one, history = SQLReads.definition, SQLReads.history

    def definition(self: SQLReads, project: str, revision: int | None = None) -> Any:
        asked.append(project)
        return of_one(self, project, revision)

    def entries(self: SQLReads, project: str, *, after: int = 0) -> Any:
        asked.append(project)
        return history(self, project, after=after)

    monkeypatch.setattr(SQLReads, "definition", definition)
    monkeypatch.setattr(SQLReads, "history", entries)
    put_off = {"deadline": "submit", "until": "2016-04-29", "reason": "연장"}
    with evalflow.open(store, plugins=[], clock=office.Ticking()) as engine:
        planned = engine.batch("extend_deadline", by="policy-2", data=put_off)
        assert len(planned) > 2
        done = list(planned.apply())
        assert {receipt.outcome for receipt in done} == {"done"}
        assert asked == []
        storage: Any = engine.storage
        together = storage.latest_definitions([line.project for line in planned])
        assert {one[0]: one[1:] for one in together} == {
            line.project: of_one(storage, line.project) for line in planned
        }
        read = list(storage.histories_of([line.project for line in planned]))
        assert read == [
            entry
            for project in sorted(line.project for line in planned)
            for entry in history(storage, project)
        ]
