"""The command line as a clerk meets it: what it prints, how it leaves, what it never shows."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import attrs
import pytest

import evalflow
from evalflow import cli
from offices import PLAN


@pytest.fixture
def run(tmp_path, monkeypatch, capsys, plan_file):
    """Run a command on a store of its own and give (exit code, output, complaints)."""
    monkeypatch.setenv("EVALFLOW_STORE", str(tmp_path / "office.db"))
    monkeypatch.setenv("EVALFLOW_LANG", "en")
    monkeypatch.setenv("EVALFLOW_PLUGINS", "")
    monkeypatch.delenv("EVALFLOW_DEBUG", raising=False)
    monkeypatch.chdir(tmp_path)

    def command(*words: str) -> tuple[int, str, str]:
        code = cli.run(list(words))
        captured = capsys.readouterr()
        assert "Traceback" not in captured.out + captured.err
        return code, captured.out, captured.err

    return command


@pytest.fixture
def adopted(run):
    assert run("plan", "import", "plan.yaml", "--as", "policy-1")[0] == 0
    return run


FIGURES = ("--set", "actuals.metres=400", "--set", "actuals.complaints=50")


def test_a_plan_is_checked_imported_and_shown(run):
    code, out, _ = run("plan", "check", "plan.yaml")
    assert (code, "3 projects, 5 indicators" in out) == (0, True)
    code, out, _ = run("plan", "import", "plan.yaml", "--as", "policy-1")
    assert (code, out.strip()) == (0, "gu: revision 1, 3 projects")
    code, out, _ = run("--lang", "ko", "plan", "show")
    assert code == 0
    assert "보도 정비" in out


def test_a_migration_by_which_its_maker_gains_waits_for_a_second_person(adopted, tmp_path):
    preset = resources.files("evalflow.lifecycle") / "presets" / "major-works.yaml"
    text = preset.read_text("utf-8").replace("name: major-works", "name: ours", 1)
    said = r"(  approve_change:\n(?:.*\n){2} +by: \[)"
    text, count = re.subn(said, r"\1policy_office, ", text)
    assert count == 1
    (tmp_path / "ours.yaml").write_text(text, encoding="utf-8")
    words = ("lifecycle", "migrate", "ours.yaml", "--reason", "전결", "--as")
    code, out, _ = adopted(*words, "policy-1")
    assert (code, "approve_change (policy_office)" in out) == (1, True)
    code, out, _ = adopted(*words, "policy-2", "--propose")
    assert (code, "another person runs the same command" in out) == (0, True)
    code, out, _ = adopted(*words, "policy-1", "-o", "move.jsonl")
    assert (code, "3" in out) == (0, True)
    assert adopted("batch", "apply", "move.jsonl", "--as", "policy-1")[0] == 0
    assert adopted("verify")[0] == 0


def test_times_that_lie_ahead_are_put_right(adopted, tmp_path):
    ahead = dt.datetime.now(dt.UTC) + dt.timedelta(days=3650)
    with evalflow.open(f"sqlite:///{tmp_path / 'office.db'}", clock=lambda: ahead) as engine:
        plan = engine.plans.with_tables("gu", [])
        tree = {**plan.head.tree, "en": "Renamed"}
        head = attrs.evolve(plan.head, label=evalflow.Label("이름", "Renamed"), tree=tree)
        engine.adopt(attrs.evolve(plan, head=head), by="policy-1", reason="이름")
    words = ("plan", "redate", "gu", "--as", "policy-1", "--reason", "시계 오류", "--to")
    code, _, err = adopted(*words, "yesterday")
    assert (code, "not a time: 'yesterday'" in err) == (2, True)
    code, out, _ = adopted(*words, dt.datetime.now(dt.UTC).isoformat())
    assert (code, out.strip()) == (0, "gu: times were put right: gu")
    code, out, _ = adopted("history", "gu")
    assert (code, "Times put right" in out) == (0, True)
    assert adopted("verify")[0] == 0


def test_a_revision_that_gives_its_maker_a_role_waits_for_a_second_person(adopted, tmp_path):
    held = "policy-1: [{role: policy_office, unit: gu}"
    text = PLAN.replace(held, held + ", {role: vice_mayor, unit: gu}")
    (tmp_path / "more.yaml").write_text(text, encoding="utf-8")
    words = ("plan", "import", "more.yaml", "--as", "policy-1", "--reason", "겸임")
    code, _, err = adopted(*words)
    assert (code, "cannot give themselves the role 'vice_mayor'" in err) == (1, True)
    code, out, _ = adopted(*words, "--propose")
    assert (code, "evalflow plan confirm gu 2 --as" in out) == (0, True)
    code, out, _ = adopted("plan", "confirm", "gu", "2", "--as", "policy-2", "--dry-run")
    assert (code, "Person policy-1" in out) == (0, True)
    code, _, err = adopted("plan", "confirm", "gu", "2", "--as", "policy-1")
    assert (code, "cannot confirm it" in err) == (1, True)
    code, out, _ = adopted("plan", "confirm", "gu", "2", "--as", "policy-2")
    assert (code, out.strip()) == (0, "gu: revision 2 is in force.")
    code, out, _ = adopted("history", "gu")
    assert code == 0
    for told in ("Adopted", "Revision proposed", "Proposed revision confirmed", "겸임"):
        assert told in out
    code, out, _ = adopted("history", "gu", "--json")
    assert [each["event"] for each in json.loads(out)["entries"]] == ["adopt", "propose", "confirm"]
    assert adopted("verify")[0] == 0


def test_a_plan_shown_as_yaml_is_the_plan_again(adopted, tmp_path):
    code, out, _ = adopted("plan", "show", "--yaml")
    assert code == 0
    (tmp_path / "again.yaml").write_text(out, encoding="utf-8")
    code, out, _ = adopted("plan", "import", "again.yaml", "--as", "policy-1")
    assert (code, out.strip()) == (0, "gu: revision 1, 3 projects")


def test_what_is_left_out_of_a_plan_is_shown_with_its_reason(run, adopted):
    import evalflow

    code, out, _ = adopted("--lang", "ko", "plan", "show", "gu")
    assert code == 0
    assert "  생략: 월별 세부추진계획 (시험용 계획)" in out
    code, out, err = run("plan", "import", str(evalflow.example()), "--as", "policy-1")
    assert (code, err) == (0, err)
    code, out, _ = run("--lang", "ko", "plan", "show", "seodaemun-2016")
    assert "  제외: 구청장 공약사업 (중복평가 지양) → 정책기획담당관 반기별 정기평가" in out
    assert "「2016년 주요업무계획」" in out  # R12: what it is founded on
    code, out, _ = run("--lang", "ko", "status", "--plan", "seodaemun-2016", "--limit", "3")
    assert code == 0
    assert "구청장 공약사업 → 정책기획담당관 반기별 정기평가" in out
    assert "추진근거: " in out
    assert "「2016년 주요업무계획」" in out


def test_five_mistakes_show_five_with_file_and_line(run, tmp_path):
    wrong = (
        PLAN.replace("direction: down", "direction: downn")
        .replace("unit: road\n    field: environment", "unit: roads\n    field: environment")
        .replace("accumulation: last", "acumulation: last", 1)
        .replace("kind: continued", "kind: contineud")
        .replace("parent: welfare}\n  road", "parent: wellfare}\n  road")
    )
    (tmp_path / "wrong.yaml").write_text(wrong, encoding="utf-8")
    code, _, err = run("plan", "check", "wrong.yaml")

    assert code == 2
    lines = [line for line in err.splitlines() if line.startswith("wrong.yaml:")]
    assert len(lines) >= 5
    assert all(line.split(":")[1].isdigit() for line in lines)
    for near in ("'down'", "'road'", "'accumulation'", "'continued'", "'welfare'"):
        assert near in err


def test_status_lists_and_counts_in_both_languages(adopted):
    code, out, _ = adopted("status")
    assert code == 0
    assert [word in out for word in ("gu/1", "gu/2", "gu/3", "In progress")] == [True] * 4
    code, out, _ = adopted("--lang", "ko", "status", "--by", "unit")
    assert code == 0
    assert "도로과" in out
    code, out, _ = adopted("status", "--unit", "welfare", "--json")
    assert [p["id"] for p in json.loads(out)["projects"]] == ["gu/1", "gu/2"]


def test_a_pipe_never_loses_a_character_of_a_long_name(run, tmp_path):
    name = "가나다라마바사아자차카타파하" * 8
    (tmp_path / "long.yaml").write_text(PLAN.replace("보도 정비", name), encoding="utf-8")
    assert run("plan", "import", "long.yaml", "--as", "policy-1")[0] == 0
    _, out, _ = run("--lang", "ko", "status", "--number", "3")
    assert "".join(re.findall(r"[가나다라마바사아자차카타파하]{2,}", out)) == name


def test_explain_says_why_not_and_leaves_with_one(adopted):
    code, out, _ = adopted(
        "explain", "gu/3", "self_evaluate", "--as", "road-1", "--at", "2016-03-01"
    )
    assert code == 1
    assert "Q1 2016 has not ended; possible from 2016-04-01." in out
    code, out, _ = adopted("explain", "gu/3", "self_evaluate", "--as", "road-1", "--json")
    told = json.loads(out)
    assert (code, told["allowed"], told["role"]) == (0, True, "department")
    assert told["needs"][0] == "actuals"


def test_fire_moves_and_history_and_score_tell(adopted):
    code, out, _ = adopted("fire", "gu/3", "self_evaluate", "--as", "road-1", *FIGURES)
    assert code == 0
    assert out.startswith("gu/3 #2 Self-evaluate: In progress → Self-evaluated")
    code, out, _ = adopted("history", "gu/3", "--json")
    assert [e["event"] for e in json.loads(out)["entries"]] == ["adopt", "self_evaluate"]
    code, out, _ = adopted("--lang", "ko", "score", "gu/3", "--recompute")
    assert code == 0
    assert "400 ÷ 400 × 100 = 100" in out
    assert "저장된 값과 같습니다" in out
    code, out, _ = adopted("score", "--by", "bureau", "--json")
    groups = {group["group"]: group["rate"]["rate"] for group in json.loads(out)["groups"]}
    assert groups == {"City bureau": "100.0", "Test-gu": "100.0"}


def test_a_refusal_lists_its_reasons_and_who_could_act(adopted):
    code, out, err = adopted("fire", "gu/3", "compile", "--as", "road-1")
    assert (code, out) == (1, "")
    assert "Self-evaluate" in err
    assert "city-lead" in err


def test_data_from_a_file_is_placed_in_the_file(adopted, tmp_path):
    (tmp_path / "data.yaml").write_text(
        "actuals:\n  metres: many\n  complaint: 50\n", encoding="utf-8"
    )
    code, _, err = adopted("fire", "gu/3", "self_evaluate", "--as", "road-1", "--data", "data.yaml")
    assert code == 2
    assert "data.yaml:2:" in err
    assert "data.yaml:3:" in err
    assert "did you mean 'complaints'" in err


def test_data_may_come_from_standard_input(tmp_path, plan_file):
    def command(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "evalflow.cli", "--store", "s.db", "--lang", "en", *words],
            input=stdin, capture_output=True, text=True, cwd=tmp_path, check=False,
        )  # fmt: skip

    assert command("plan", "import", "plan.yaml", "--as", "policy-1").returncode == 0
    done = command(
        "fire", "gu/3", "self_evaluate", "--as", "road-1", "--data", "-",
        stdin="actuals: {metres: 400, complaints: 50}",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "Self-evaluated" in done.stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("status", "--unit", "welfar"), 4, "did you mean 'welfare'"),
        (("history", "gu/9"), 4, "no project 'gu/9'"),
        (("fire", "gu/3", "submitt", "--as", "road-1"), 4, "did you mean 'submit'"),
        (("fire", "gu/3", "submit", "--as", "road1"), 4, "did you mean 'road-1'"),
        (("fire", "gu/3", "amend", "--as", "road-1", "--set", "x"), 2, "name=value"),
        (("due", "--at", "April"), 2, "not a date: 'April'"),
        (("score",), 2, "name one project"),
        (("statu",), 2, "did you mean 'status'"),
        (("plan", "check", "nowhere.yaml"), 2, "nowhere.yaml"),
    ],
)
def test_every_mistake_has_its_exit_code_and_one_clear_line(adopted, words, code, said):
    left, _, err = adopted(*words)
    assert (left, said in err) == (code, True), err


def test_a_store_that_is_none_is_told(run, tmp_path, monkeypatch):
    code, _, err = run("status")
    assert (code, "no such store" in err) == (5, True)
    (tmp_path / "office.db").write_text("이것은 저장소가 아닙니다", encoding="utf-8")
    code, _, err = run("--lang", "ko", "status")
    assert code == 5
    assert "office.db" in err
    monkeypatch.delenv("EVALFLOW_STORE")
    code, _, err = run("status")
    assert (code, "EVALFLOW_STORE" in err) == (2, True)


def test_lists_are_sorted_paged_and_counted(adopted):
    def listed(name: str, *words: str) -> list[dict[str, Any]]:
        code, out, said = adopted(*words, "--json")
        assert code == 0, said
        found: list[dict[str, Any]] = json.loads(out)[name]
        return found

    def count(*words: str) -> int:
        code, out, _ = adopted(*words, "--count")
        assert code == 0
        assert json.loads(adopted(*words, "--count", "--json")[1])["count"] == int(out)
        return int(out)

    ids = [each["id"] for each in listed("projects", "status", "--order", "-title")]
    assert ids == ["gu/1", "gu/3", "gu/2"]
    behind = listed("projects", "status", "--order", "-title", "--after", ids[0], "--limit", "1")
    assert [each["id"] for each in behind] == ids[1:2]
    assert count("status") == 3
    assert count("status", "--text", "경로당") == 1

    day = ("--waiting",)
    dues = listed("dues", "due", *day)
    assert count("due", *day) == len(dues) > 3
    first = json.loads(adopted("due", *day, "--limit", "2", "--json")[1])
    following = listed("dues", "due", *day, "--after", first["next"])
    assert first["dues"] + following == dues
    said = adopted("due", *day, "--limit", "2", "--each")[2]
    assert f"2 of {len(dues)}; next: --after {first['next']}" in said
    late = [each for each in dues if each["days_late"]]
    assert listed("dues", "due", *day, "--late", "--limit", "1") == late[:1]
    assert count("due", *day, "--late") == len(late)

    adopted("fire", "gu/3", "self_evaluate", "--as", "road-1", *FIGURES)
    for about in ("gu/3", "gu"):
        whole = listed("entries", "history", about)
        assert listed("entries", "history", about, "--newest") == whole[::-1]
        assert listed("entries", "history", about, "--after", "1") == whole[1:]
        assert listed("entries", "history", about, "--limit", "1") == whole[:1]
    assert listed("dead", "deliver", "--dead", "--newest", "--text", "보도") == []
    assert count("deliver", "--dead", "--text", "보도") == 0
    for known in ("gu/3", "gu"):
        assert count("history", known) == len(listed("entries", "history", known)) > 0
        assert count("history", known, "--limit", "1") == count("history", known)
        assert count("history", known, "--as", "road-1") == count("history", known)
    code, _, said = adopted("deliver", "--newest")
    assert (code, "--dead" in said) == (2, True)


def test_due_permitted_deliver_and_verify(adopted):
    code, out, _ = adopted("due", "--late", "--json")
    assert code == 0
    assert {(d["event"], d["unit"]) for d in json.loads(out)["dues"]} >= {("self_evaluate", "road")}
    code, out, _ = adopted("permitted", "gu/3", "--as", "road-1", "--json")
    assert [each["event"] for each in json.loads(out)["permitted"]] == ["self_evaluate"]
    adopted("fire", "gu/3", "self_evaluate", "--as", "road-1", *FIGURES)
    adopted("fire", "gu/3", "compile", "--as", "city-lead")
    adopted("fire", "gu/3", "sign", "--as", "city-head")
    adopted("fire", "gu/3", "submit", "--as", "city-lead", "--set", "document=주무과-1")
    code, _, err = adopted("deliver")  # to sign, signed, and three of the policy office
    assert (code, "5 delivered" in err) == (0, True)
    code, out, _ = adopted("deliver", "--dead", "--json")
    assert json.loads(out) == {"format": "evalflow/1", "dead": []}
    code, out, _ = adopted("verify")
    assert (code, out.startswith("no errors")) == (0, True)


def test_before_anybody_is_in_charge_due_says_who_will_be_and_from_when(run, plan_file):
    later = "elderly-1: [{since: 2199-06-01, role"  # long after the day of any run of this test
    text = plan_file.read_text("utf-8").replace("elderly-1: [{role", later)
    plan_file.write_text(text, "utf-8")
    assert run("plan", "import", "plan.yaml", "--as", "policy-1")[0] == 0
    elderly = ("due", "--unit", "elderly")
    assert "elderly-1 (from 2199-06-01)" in run(*elderly)[1]
    assert "elderly-1 (2199-06-01부터)" in run("--lang", "ko", *elderly)[1]
    on_the_day = run(*elderly, "--at", "2199-06-01")[1]
    assert ("elderly-1" in on_the_day, "(from" in on_the_day) == (True, False)
    assert "(from" not in run("due", "--unit", "education")[1]


def test_lifecycles_are_checked_and_drawn(run, tmp_path):
    code, out, _ = run("lifecycle", "check", "major-works", "--plan", "plan.yaml")
    assert code == 0
    assert "major-works/4@" in out
    code, out, _ = run("--lang", "ko", "lifecycle", "diagram", "major-works", "--roles")
    assert (code, out.startswith("stateDiagram-v2") or "stateDiagram-v2" in out) == (0, True)
    code, _, _ = run("lifecycle", "diagram", "major-works", "-o", "life.dot")
    assert (tmp_path / "life.dot").read_text(encoding="utf-8").startswith("digraph")


def test_help_names_every_command_and_loads_no_heavy_library(tmp_path, monkeypatch):
    """Nor what evalflow is about: a plugin's command is found, with its first line."""
    info = tmp_path / "evalflow_greeting-1.0.dist-info"
    info.mkdir()
    points = "".join(
        f"[{each}]\ngreeting = greeting\n" for each in ("evalflow", "evalflow_commands")
    )
    (info / "entry_points.txt").write_text(points, encoding="utf-8")
    (tmp_path / "greeting.py").write_text(
        "from evalflow.plugins import hookimpl\n\ndef greet():\n    '''인사 · Say hello.'''\n\n"
        "@hookimpl\ndef evalflow_commands():\n    return {'greet': greet}\n",
        encoding="utf-8",
    )
    heavy = ("rich", "yaml", "transitions", "holidays", "sqlite3", "msgspec", "decimal")
    packages = ("model", "lifecycle", "plan", "decision", "engine", "scoring", "audit", "batch")
    code = (
        "import sys\nfrom evalflow import cli\ncli.run(['--lang', 'en', '--help'])\n"
        f"print(*(set(sys.modules) & {set(heavy)!r}), *(name for name in sys.modules "
        f"if name.startswith({tuple(f'evalflow.{each}' for each in packages)!r})))"
    )
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={**os.environ, "EVALFLOW_PLUGINS": "greeting", "PYTHONPATH": path},
    ).stdout.splitlines()  # fmt: skip
    assert done[-1] == ""
    for name in cli._Group.homes:
        assert any(line.strip().startswith(name) for line in done)
    assert ["greet", "Say", "hello."] in [line.split() for line in done]


def test_a_program_of_its_own_seldom_looks_for_garbage_and_a_hosts_is_left_alone():
    code = (
        "import gc\nfrom evalflow import cli\n"
        "before = gc.get_threshold(), gc.get_freeze_count()\n"
        "cli.run(['--version'])\n"
        "assert before == (gc.get_threshold(), gc.get_freeze_count())\n"
        "try:\n    cli.main(['--version'])\nexcept SystemExit:\n"
        "    print(gc.isenabled(), gc.get_threshold()[0] >= 10_000, gc.get_freeze_count() > 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "True True True"


LOOKS_AT_NO_RULES = (
    "evalflow.decision.actions", "evalflow.decision.guards", "evalflow.engine.overview",
    "evalflow.plan.differences", "evalflow.plugins.signer", "evalflow.scoring.rates",
    "evalflow.files.figures", "evalflow.files.merge", "evalflow.files.reader",
    "evalflow.files.yaml", "evalflow.lifecycle.fields", "evalflow.plan.head",
    "evalflow.plan.project", "evalflow.plan.rules", "evalflow.plan.surroundings",
    "orjson", "pathlib", "rich",
)  # fmt: skip
"""What decides and rates, and what reads people's files: a list shows what was decided."""

READS_NO_PLAN = (
    "evalflow.files.grid", "evalflow.plan.head", "evalflow.plan.load", "evalflow.plan.project",
    "evalflow.plan.rules",
)  # fmt: skip
"""What reads a plan's file."""
CHANGES_NO_PLAN = (
    "evalflow.decision.adoption", "evalflow.decision.migration", "evalflow.lifecycle.shapes",
    "evalflow.plan.content", "evalflow.plan.differences", "evalflow.plan.head",
    "evalflow.plan.project", "evalflow.plan.rules", "evalflow.plan.surroundings", "pathlib",
)  # fmt: skip
"""What reads a plan's file, and what a plan's changes are worked out with."""
READS_NO_FILES = (*CHANGES_NO_PLAN, "evalflow.files.merge", "evalflow.files.reader", "orjson")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "more"),
    [
        (("status",), LOOKS_AT_NO_RULES),
        (("due",), READS_NO_FILES),
        (("history", "gu/1"), READS_NO_PLAN),
        (("explain", "gu/1", "submit"), CHANGES_NO_PLAN),
    ],
)
def test_a_look_at_the_store_loads_neither_what_audits_nor_what_draws_forms(tmp_path, words, more):
    store = f"sqlite:///{tmp_path / 'office.db'}"
    (tmp_path / "plan.yaml").write_text(PLAN, encoding="utf-8")
    with evalflow.open(store, plugins=[]) as engine:
        plan = evalflow.load_plan(tmp_path / "plan.yaml", plugins=[])
        engine.adopt(plan, by=plan.actor("policy-1"))
    as_whom = ("--as", "policy-1") if words[0] == "explain" else ()
    asked = ["--store", str(tmp_path / "office.db"), *words, *as_whom]
    heavy = (
        "evalflow.audit.", "evalflow.plugins.bound", "evalflow.plugins.builtin_notifiers",
        "evalflow.plugins.forms", "evalflow_forms.sheet", "evalflow_forms.listing", "msgspec",
        *more,
    )  # fmt: skip
    code = (
        f"import sys\nfrom evalflow import cli\nassert cli.run({asked!r}) in (0, 1)\n"
        f"found = [name for name in sys.modules if name.startswith({heavy!r})]\n"
        "print(*found, 'loaded', file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=True, env={**os.environ, "EVALFLOW_PLUGINS": ""},
    )  # fmt: skip
    assert done.stderr.splitlines()[-1] == "loaded", done.stderr


@pytest.mark.slow
def test_the_demo_plays_the_year_and_leaves_what_the_readme_shows(tmp_path):
    def evalflow(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "evalflow.cli", "--lang", "en", *words],
            capture_output=True, text=True, cwd=tmp_path, check=False,
        )  # fmt: skip

    done = evalflow("demo", "--out", "demo")
    assert (done.returncode, done.stderr) == (0, "")
    assert "illustrative" in done.stdout
    for said in (
        "43 projects", "26 (60.5 %)", "31 (3 담당관, 26 과, 1 지소, 1 박물관)",
        "seodaemun-2016-pledges/3 Opening senior centres to all: 2016-H2, Closed · Completed",
        "seodaemun-2016-regeneration/1 Gajaeul renewal district: 2016-Q1, Troubled",
        "order seodaemun-2016-orders/1 about seodaemun-2016/27 is verified",
        "evalflow --store demo/office-2017-01-06.db serve --demo",
    ):  # fmt: skip
        assert said in done.stdout
    told = evalflow("--store", "demo/office.db", "history", "seodaemun-2016/27").stdout
    assert "→ seodaemun-2016-orders/1 Corrective order: Verified" in told
    assert evalflow("--store", "demo/office.db", "plan", "overlaps").returncode == 0
    late = evalflow(
        "--store", "demo/office-2017-01-06.db", "explain", "seodaemun-2016/6", "compile",
        "--as", "autonomy-lead-1", "--at", "2017-01-06",
    )  # fmt: skip
    assert late.returncode == 1
    assert "seodaemun-2016/5" in late.stdout
    for store in ("office.db", "office-2017-01-06.db"):
        assert evalflow("--store", f"demo/{store}", "verify").returncode == 0
    left = {path.name for path in Path(tmp_path, "demo").iterdir()}
    assert left >= {
        "report.html",
        "history.jsonl",
        "lifecycle.mmd",
        "lifecycle.dot",
        "lifecycle.svg",
        "notices.jsonl",
    }
    possible(f"sqlite:///{tmp_path / 'demo' / 'office.db'}")


def possible(store: str) -> None:
    """People act on working days, and of their figures nothing has to be asked about."""
    import evalflow
    from evalflow.scoring.questions import questions

    with evalflow.open(store, plugins=[]) as office:
        for plan in office.plans.ids():
            calendar = office.plans.calendar(plan)
            for project in office.projects(plan=plan):
                people = [entry for entry in office.history(project.id) if entry.actor != "clock"]
                days = {calendar.today(entry.at) for entry in people}
                assert [day for day in days if not calendar.is_business_day(day)] == []
                for period in {entry.period for entry in people}:
                    definition = office.plans.definition(project.id, period=period)
                    assert questions(definition, office.evaluation(project.id, period)) == ()
                latest = office.plans.definition(project.id).budget
                assert not latest.periods or sum(latest.periods.values()) == latest.total
        cards = office.evaluation("seodaemun-2016/6", "2016-Q4").facts["actuals"]["cards"]
        assert cards == "20/22"


def test_a_mistake_of_ours_is_one_line_and_no_traceback(run, monkeypatch):
    from evalflow.cli.session import Session

    def broken(self, **_):
        raise RuntimeError("two\nlines")

    monkeypatch.setattr(Session, "open", broken)
    monkeypatch.delenv("EVALFLOW_DEBUG", raising=False)
    code, out, err = run("status")
    assert (code, out) == (70, "")
    assert "RuntimeError: two lines" in err
    assert err.count("\n") == 1


def test_the_reference_names_every_option():
    import click

    page = (Path(__file__).parents[2] / "docs" / "reference" / "cli.md").read_text("utf-8")
    context = click.Context(cli.cli)

    def missing(name: str, command: click.Command) -> list[str]:
        found = [
            f"{name} {option}"
            for parameter in command.params
            for option in parameter.opts
            if option.startswith("--") and option not in page
            if option not in getattr(parameter, "older", ())
        ]
        if isinstance(command, click.Group):
            for inner in command.list_commands(context):
                below = command.get_command(context, inner)
                assert below is not None
                found += missing(f"{name} {inner}", below)
        return found

    assert missing("evalflow", cli.cli) == []


def test_a_reader_who_has_seen_enough_gets_no_complaint(tmp_path, plan_file):
    store = ["--store", str(tmp_path / "office.db"), "--lang", "ko"]
    begin = [sys.executable, "-m", "evalflow.cli", *store]
    subprocess.run([*begin, "plan", "import", str(plan_file), "--as", "policy-1"], check=True)
    for words in (["status"], ["status", "--json"], ["plan", "show", "--yaml"]):
        with subprocess.Popen(
            [*begin, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as running:
            assert running.stdout is not None
            assert running.stderr is not None
            running.stdout.close()
            assert running.stderr.read() == b""
        assert running.returncode == 0


def test_years_without_known_holidays_are_said_where_a_plan_is_read_and_where_it_is_due(
    run, tmp_path
):
    (tmp_path / "far.yaml").write_text(PLAN.replace("2016", "2101"), encoding="utf-8")
    code, _, err = run("plan", "check", "far.yaml")
    assert (code, "names no holidays for 2101 to 2102" in err) == (0, True)
    assert "far.yaml:" in err
    code, _, err = run("plan", "import", "far.yaml", "--as", "policy-1")
    assert (code, "names no holidays for 2101 to 2102" in err) == (0, True)
    code, _, err = run("due", "--at", "2101-04-10")
    assert (code, "no holidays are known for 2101" in err) == (0, True)
    code, _, err = run("--lang", "ko", "due", "--at", "2101-04-10")
    assert (code, "2101년의 공휴일을 알 수 없어" in err) == (0, True)


def test_what_moves_a_whole_unit_says_what_went_along(run):
    office = Path(evalflow.example("seodaemun-2016")).with_name("scenarios") / "office.yaml"
    part = "seodaemun-2016-part"
    assert run("plan", "import", str(office), "--as", "policy-1")[0] == 0
    for number, who, data in (
        (6, "education-support-1", "{actuals: {pupils: 100}}"),
        (8, "culture-sports-1", "{actuals: {classes: 20}}"),
    ):
        code, out, err = run(
            "fire", f"{part}/{number}", "self_evaluate", "--as", who, "--data", data
        )
        assert (code, "went along" in out) == (0, False), err
    code, out, err = run("fire", f"{part}/6", "compile", "--as", "autonomy-lead-1")
    assert (code, out.splitlines()[-1]) == (0, f"1 went along: {part}/8"), err
