"""What a scenario of a whole year needs: several plans, many projects, figures by rule, copies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

import evalflow
from evalflow.testing.scenario import load_scenario, run_scenario

HEAD = """\
evalflow: scenario/1
ko: 시험
given: {plan: plan.yaml, on: 2016-02-25, by: policy-1}
steps:
"""
EVALUATE = """\
  - on: 2016-04-01 09:00
    until: 2016-04-04 15:00
    ko: 자체평가
    en: departments evaluate themselves
    by: {role: department}
    do: self_evaluate
    projects: all
    fill:
      actuals: {of_target: [98, 107], but: {3: 82}}
      spent: {of_budget: 50}
      cards: {text: 추진함, papers: [일지], cause: 지연, countermeasure: 독려}
      declared: approved
      explanations: {cause: 지연, countermeasure: 독려}
"""
SELECTION = Path(__file__).parents[2] / "examples" / "seodaemun-2016" / "selection.yaml"

Run = Callable[..., tuple[str, ...]]


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'scenario.db'}"


@pytest.fixture
def run(plan_file: Path, store: str) -> Run:
    """Run the steps of a scenario in the store and give what came out otherwise."""

    def ran(steps: str, **more: object) -> tuple[str, ...]:
        path = plan_file.parent / "a.scenario.yaml"
        path.write_text(HEAD + steps, encoding="utf-8")
        scenario = load_scenario(path, plugins=[])
        failures = run_scenario(scenario, url=store, plugins=[], **more)  # type: ignore[arg-type]
        return tuple(f"{failure.line}: {failure.en}" for failure in failures)

    return ran


@pytest.fixture
def problems(plan_file: Path) -> Callable[[str], list[tuple[int | None, str, str]]]:
    def found(steps: str) -> list[tuple[int | None, str, str]]:
        path = plan_file.parent / "a.scenario.yaml"
        path.write_text(HEAD + steps, encoding="utf-8")
        with pytest.raises(evalflow.InvalidInput) as caught:
            load_scenario(path, plugins=[])
        return [(p.line, p.code, p.en) for p in caught.value.problems]

    return found


def entries(store: str, project: str, event: str) -> list[evalflow.Entry]:
    with evalflow.open(store, plugins=[]) as engine:
        return [each for each in engine.history(project) if each.event == event]


def test_figures_come_about_by_rule_and_are_the_same_at_every_run(run: Run, store: str) -> None:
    assert run(EVALUATE) == ()

    (first,) = entries(store, "gu/1", "self_evaluate")
    drawn = {name: int(figure) for name, figure in first.data["actuals"].items()}
    assert 98 <= drawn["lessons"] <= 107  # of 100
    assert drawn["schools"] in (10, 11)  # of 10, rounded half up
    assert "declared" not in first.data
    assert first.data["spent"] == 0  # the plan has no budget by quarters
    (second,) = entries(store, "gu/2", "self_evaluate")
    assert second.data["cards"] == {
        n: {"state": "on_track", "text": "추진함", "papers": ["일지"]} for n in ("1", "2")
    }
    (third,) = entries(store, "gu/3", "self_evaluate")
    assert third.data["actuals"] == {"metres": "328", "complaints": "59"}  # down: above is short
    assert third.data["explanations"]["metres"] == {"cause": "지연", "countermeasure": "독려"}
    again = store.replace("scenario.db", "again.db")
    folder = Path(store.removeprefix("sqlite:///")).parent
    scenario = load_scenario(folder / "a.scenario.yaml", plugins=[])
    assert run_scenario(scenario, url=again, plugins=[]) == ()
    assert entries(again, "gu/1", "self_evaluate")[0].data == first.data


def test_firings_are_spread_evenly_and_the_next_step_comes_later(
    run: Run, store: str, problems: Callable[[str], list[tuple[int | None, str, str]]]
) -> None:
    assert run(EVALUATE) == ()
    moments = [entries(store, f"gu/{n}", "self_evaluate")[0].at for n in (1, 2, 3)]
    seoul = dt.timezone(dt.timedelta(hours=9))
    assert [moment.astimezone(seoul).strftime("%d %H:%M") for moment in moments] == [
        "01 09:00",
        "01 16:30",
        "04 15:00",
    ]
    ((_, _, said),) = problems(EVALUATE + "  - {on: 2016-04-04 14:00, expect: {overdue: []}}\n")
    assert said == "must be later than the step before (2016-04-04 15:00)"


def test_somebody_is_named_by_his_role_and_projects_by_exception(run: Run, store: str) -> None:
    steps = (
        EVALUATE.replace("projects: all", "projects: all\n    except: [1, 2]")
        + """\
  - on: 2016-04-05
    by: {role: lead_section}
    do: compile
    project: 3
  - by: {role: bureau_head}
    do: sign
    project: 3
    expect: {role: bureau_head, for: none}
  - by: {role: lead_section}
    do: submit
    project: 3
    data: {document: 주무과-1}
    expect: {state: submitted}
  - by: {role: policy_office, nth: 2}
    do: review
    project: 3
    fill: {ratings: {but: {3: {rate: 93.5, reason: 중복}}}}
  - by: {role: policy_office, nth: 9}
    do: [approve, flag_lagging]
    project: 3
    expect: {state: lagging}
"""
    )
    assert run(steps) == ()
    events = ("submit", "review", "flag_lagging")
    by = [entries(store, "gu/3", event)[0].actor for event in events]
    assert by == ["city-lead", "policy-2", "both-1"]
    (review,) = entries(store, "gu/3", "review")
    assert review.data["ratings"]["metres"] == {"rate": "93.5", "reason": "중복"}
    assert entries(store, "gu/1", "self_evaluate") == []


def test_where_none_of_several_events_is_allowed_the_first_ones_reasons_are_told(run: Run) -> None:
    (told,) = run("  - {on: 2016-04-04, by: policy-1, do: [approve, flag_lagging], project: 3}\n")
    assert told.startswith("5: should have passed: gu/3: approve: refused")


def test_nobody_who_holds_a_role_is_a_failure_with_its_line(run: Run, plan_file: Path) -> None:
    text = plan_file.read_text("utf-8")
    plan_file.write_text(text.replace("  clock: [{role: clock, unit: gu}]\n", ""), encoding="utf-8")
    (told,) = run("  - {on: 2016-04-04, by: {role: clock}, do: open_period, project: 3}\n")
    assert told.startswith("5: should have passed: ")
    assert "clock" in told


def test_another_plan_is_adopted_and_steps_say_which_they_are_about(run: Run, store: str) -> None:
    steps = f"""\
  - {{on: 2016-02-26, adopt: {SELECTION}, by: policy-1}}
  - by: policy-1
    do: propose
    projects: [4, 5]
    data: {{criteria: [core]}}
    each: {{5: {{criteria: [new]}}}}
    expect: {{state: proposed}}
  - {{on: 2016-04-06, plan: gu, expect: {{overdue: [1, 2, 3]}}}}
  - plan: seodaemun-2016-selection
    by: policy-1
    do: propose
    project: 5
    expect: {{refused: [wrong_state, data_missing]}}
"""
    assert run(steps) == ()
    proposed = [
        entries(store, f"seodaemun-2016-selection/{number}", "propose")[0].data["criteria"]
        for number in (4, 5)
    ]
    assert proposed == [["core"], ["new"]]


def test_a_plan_that_cannot_be_adopted_is_a_failure_or_what_was_expected(run: Run) -> None:
    steps = f"  - {{on: 2016-02-26, adopt: {SELECTION}, by: mayor-1%s}}\n"
    (told,) = run(steps % "")
    assert told.startswith("5: seodaemun-2016-selection")


def test_a_copy_of_the_store_is_kept_as_it_stood(run: Run, tmp_path: Path) -> None:
    steps = "  - {on: 2016-03-01, keep: before.db}\n" + EVALUATE

    assert run(steps, keep=tmp_path) == ()

    kept = f"sqlite:///{tmp_path / 'before.db'}"
    assert entries(kept, "gu/1", "self_evaluate") == []
    assert len(entries(kept, "gu/1", "adopt")) == 1


def test_without_a_folder_no_copy_is_kept_and_memory_says_that_it_makes_none(
    run: Run, plan_file: Path, tmp_path: Path
) -> None:
    assert run("  - {on: 2016-03-01, keep: before.db}\n") == ()
    assert not list(tmp_path.glob("before.db"))
    scenario = load_scenario(plan_file.parent / "a.scenario.yaml", plugins=[])
    (failure,) = run_scenario(scenario, plugins=[], keep=tmp_path)
    assert failure.en == "MemoryStorage makes no copies: keep is for stores of SQLite"


def test_steps_are_told_as_they_are_played(run: Run) -> None:
    told = []

    def tell(step: object, engine: evalflow.Engine) -> None:
        told.append((step.label.en, len(list(engine.projects(state="self_evaluated")))))  # type: ignore[attr-defined]

    assert run(EVALUATE, told=tell) == ()
    assert told == [("departments evaluate themselves", 3)]


def test_the_example_in_the_documentation_plays(tmp_path: Path, store: str) -> None:
    root = Path(__file__).parents[2]
    page = (root / "docs" / "reference" / "scenario.md").read_text("utf-8")
    block = next(
        text.split("```")[0] for text in page.split("```yaml\n") if "fill:" in text.split("```")[0]
    )
    (tmp_path / "examples").symlink_to(root / "examples")
    path = tmp_path / "a.scenario.yaml"
    path.write_text(block, encoding="utf-8")

    scenario = load_scenario(path, plugins=[])

    assert run_scenario(scenario, url=store, plugins=[], keep=tmp_path) == ()
    assert (tmp_path / "evaluated.db").exists()


FIRE = "  - {on: 2016-04-04, by: {role: department}, do: self_evaluate, project: 3, fill: %s}\n"


@pytest.mark.parametrize(
    ("step", "code", "said"),
    [
        (FIRE % "{actual: {of_target: 90}}", "unknown_field", "did you mean 'actuals'?"),
        (FIRE % "{evidence: x}", "cannot_fill", "of the type texts"),
        (FIRE % "{actuals: {of_target: high}}", "wrong_value", "of_target"),
        (FIRE % "{actuals: {of_target: [107, 98]}}", "wrong_value", "item 2"),
        (FIRE % "{actuals: {of_target: [98, 99, 100]}}", "wrong_value", "[from, to]"),
        (FIRE % "{actuals: {of_target: 90, butt: {}}}", "unknown_key", "did you mean 'but'?"),
        (FIRE % "{actuals: {of_target: 90, but: {9: 80}}}", "unknown_project", "no project '9'"),
        (FIRE % "{declared: all}", "wrong_value", "approved"),
        ("  - {on: 2016-04-04, fill: {actuals: {of_target: 90}}}\n", "missing_key", "do"),
        (
            "  - {on: 2016-04-04, by: {role: departmen}, do: amend, project: 3}\n",
            "unknown_role",
            "did you mean 'department'?",
        ),
        (
            "  - {on: 2016-04-04, by: road-1, do: [amend, submt], project: 3}\n",
            "unknown_event",
            "did you mean 'submit'?",
        ),
        (
            "  - {on: 2016-04-04, by: road-1, do: amend, projects: [3], except: [3]}\n",
            "wrong_value",
            "except needs projects: all",
        ),
        (
            "  - {on: 2016-04-04, by: road-1, do: amend, projects: all, except: [7]}\n",
            "unknown_project",
            "'7'",
        ),
        (
            "  - {on: 2016-04-04, by: road-1, do: amend, project: 3, each: {2: {}}}\n",
            "unknown_project",
            "not a project of the step: 2",
        ),
        ("  - {on: 2016-04-04, plan: gi}\n", "unknown_plan", "gu"),
        ("  - {on: 2016-04-04, keep: ../x.db}\n", "wrong_value", "without a folder"),
        ("  - {on: 2016-04-04, adopt: plan.yaml, by: policy-1}\n", "adopted_twice", "gu"),
        ("  - {on: 2016-04-04, selected_from: gu}\n", "wrong_value", "needs adopt"),
        ("  - {on: 2016-04-04, until: 2016-04-03}\n", "wrong_value", "must be later"),
    ],
)
def test_a_step_that_cannot_be_is_told_with_its_line(
    problems: Callable[[str], list[tuple[int | None, str, str]]], step: str, code: str, said: str
) -> None:
    ((line, found, text),) = problems(step)

    assert (line, found) == (5, code)
    assert said in text
