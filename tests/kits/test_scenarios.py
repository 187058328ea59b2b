"""Scenarios: what officers expect of their rules, run."""

from __future__ import annotations

from pathlib import Path

import pytest

import evalflow
from evalflow import cli
from evalflow.testing import load_scenario, run_scenario, scenario_tests

test_the_examples = scenario_tests(
    Path(__file__).parents[2] / "examples" / "seodaemun-2016" / "scenarios", plugins=[]
)

HEAD = """\
evalflow: scenario/1
ko: 시험
given: {plan: plan.yaml, on: 2016-02-25, by: policy-1}
steps:
"""
GOOD = "{actuals: {metres: 400, complaints: 50}}"


@pytest.fixture
def failures(plan_file):
    """Run the steps of a scenario and give (line, what came out otherwise)."""

    def run(steps: str) -> list[tuple[int, str]]:
        path = plan_file.parent / "a.scenario.yaml"
        path.write_text(HEAD + steps, encoding="utf-8")
        scenario = load_scenario(path, plugins=[])
        return [(f.line, f.en) for f in run_scenario(scenario, plugins=[])]

    return run


def test_a_quarter_that_goes_as_expected(failures):
    assert not failures(f"""\
  - on: 2016-04-04
    by: road-1
    do: self_evaluate
    project: 3
    data: {GOOD}
    expect: {{state: [self_evaluated, unchanged], rate: 100, band: on_track, late: 0, tells: []}}
  - {{on: 2016-04-06, by: city-lead, do: compile, project: 3}}
  - {{by: city-head, do: sign, project: 3}}
  - by: city-lead
    do: submit
    project: 3
    data: {{document: 주무과-1}}
    expect: {{late: 1, tells: [policy-1, policy-2, both-1], period: 2016-Q1}}
  - on: 2016-04-06 23:59
    expect: {{overdue: [1, 2]}}
""")


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        (
            "{state: submitted}",
            "3 state: expected submitted, got "
            "self_evaluated, unchanged, not_referred, no_follow_up",
        ),
        ("{rate: 99.9}", "3 rate: expected 99.9, got 100.0"),
        ("{band: lagging}", "3 band: expected lagging, got on_track"),
        ("{late: 3}", "3 days late: expected 3, got 0"),
        ("{period: 2016-Q2}", "3 period: expected 2016-Q2, got 2016-Q1"),
        ("{tells: [mayor-1]}", "3 told: expected mayor-1, got -"),
        ("{overdue: [1]}", "overdue: expected 1, got -"),
        ("{refused: [no_role]}", "3 self_evaluate: expected no_role, got passed"),
    ],
)
def test_each_thing_that_comes_out_otherwise_is_told_with_its_line(failures, expect, told):
    step = f"  - {{on: 2016-04-04, by: road-1, do: self_evaluate, project: 3, data: {GOOD}"
    assert failures(f"{step}, expect: {expect}}}\n") == [(5, told)]


def test_a_refusal_is_expected_with_all_of_its_reasons(failures):
    step = "  - {on: 2016-04-04, by: road-1, do: review, project: 3, expect: {refused: [%s]}}\n"
    assert not failures(step % "wrong_state, no_role, data_missing")
    ((_, told),) = failures(step % "no_role")
    assert told.startswith("reasons: expected no_role, got ")


def test_a_firing_that_should_pass_and_is_refused_is_told_with_the_reasons(failures):
    ((line, told),) = failures("  - {on: 2016-04-04, by: road-1, do: amend, project: 3}\n")
    assert line == 5
    assert told.startswith("should have passed: ")


def test_wrong_data_is_told_with_its_place_or_expected(failures):
    step = """\
  - on: 2016-04-04
    by: road-1
    do: self_evaluate
    project: 3
    data:
      actuals: {metres: many, complaints: 50}
"""
    ((line, told),) = failures(step)
    assert line == 5
    assert "a.scenario.yaml:10:" in told
    assert not failures(step + "    expect: {invalid: [bad_data]}\n")


def test_every_mistake_in_the_file_is_told_at_once(plan_file):
    path = plan_file.parent / "a.scenario.yaml"
    path.write_text(
        HEAD
        + """\
  - {on: 2016-04-04, by: road-1, do: self_evaluat, project: 3}
  - {on: 2016-04-03, expect: {states: planned}}
  - {on: 2016-04-05, by: road-1, do: amend, project: 33}
  - {on: 2016-04-06 25:00, expect: {state: plannd, rate: high}}
  - {do: amend, by: road-1}
""",
        encoding="utf-8",
    )
    with pytest.raises(evalflow.InvalidInput) as caught:
        load_scenario(path, plugins=[])
    lines = {problem.line for problem in caught.value.problems}
    assert lines == {5, 6, 7, 8, 9}
    text = caught.value.text("en")
    said = ("'self_evaluate'", "'state'", "33", "later than", "'planned'", "or none", "say which")
    for word in said:
        assert word in text


def test_the_command_leaves_with_1_where_something_failed(plan_file, monkeypatch, capsys):
    monkeypatch.chdir(plan_file.parent)
    monkeypatch.setenv("EVALFLOW_LANG", "ko")
    Path("a.scenario.yaml").write_text(HEAD + "  - {on: 2016-04-06, expect: {overdue: []}}\n")
    assert cli.run(["scenario", "run", "."]) == 1
    out = capsys.readouterr().out
    assert "실패: 시험" in out
    assert "a.scenario.yaml:5: 기한을 넘긴 사업: -이어야 하는데 1, 2, 3입니다." in out
    assert cli.run(["scenario", "run", "plan.yaml"]) == 2
    Path("empty").mkdir()
    assert cli.run(["scenario", "run", "empty"]) == 2


def test_a_folder_without_scenarios_is_no_silent_success(tmp_path):
    with pytest.raises(FileNotFoundError):
        scenario_tests(tmp_path)


def test_a_refusal_that_there_is_not_is_told_with_the_nearest(failures):
    step = "  - {on: 2016-04-04, by: road-1, do: review, project: 3, expect: {refused: [%s]}}\n"
    with pytest.raises(evalflow.InvalidInput) as caught:
        failures(step % "no_rol")
    (problem,) = caught.value.problems
    assert problem.code == "unknown_refusal_code"
    assert problem.line == 5
    assert problem.en == "no refusal code 'no_rol'; did you mean 'no_role'?"
