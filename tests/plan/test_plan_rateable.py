"""What of a plan can never be rated is said when it is checked; annual targets; one problem."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import evalflow
from evalflow import cli
from evalflow.model import Indicator, Label, NotDue
from evalflow.scoring.bands import DEFAULT_BANDS
from evalflow.scoring.formulas import DEFAULT_FORMULA, FORMULAS
from evalflow.scoring.rates import Rates
from small_plans import QUARTERS, office, plan_file, report


def notes(path: Path) -> list[str]:
    return [note.code for note in evalflow.load_plan(path).notes]


@pytest.mark.parametrize(
    ("target", "more", "codes"),
    [
        ("0", {}, ["zero_target"]),
        ("0", {"direction": "down"}, ["zero_target"]),
        ("0", {"direction": "down", "formula": "down_ratio"}, ["zero_target"]),
        ("0", {"accumulation": "sum"}, ["zero_target"]),
        ("0", {"accumulation": "average"}, ["zero_target"]),
        ("-5", {"direction": "down"}, ["negative_target"]),
        ("-5", {"direction": "down", "formula": "down_ratio"}, ["negative_target"]),
        ("7", {"formula": "baseline", "baseline": "7"}, ["target_is_baseline"]),
        ("0", {"weight": "1", "zero_target": "full"}, []),
        ("0", {"zero_target": "met_or_not"}, []),
        ("0", {"direction": "maintain", "formula": "maintain_at_most"}, []),
        ("0", {"direction": "down", "formula": "met_or_not"}, []),
        ("-5", {}, []),
        ("-5", {"direction": "down", "formula": "baseline", "baseline": "0"}, []),
        ("5", {}, []),
        ("not_due", {}, []),
    ],
)
def test_what_can_never_be_rated_is_noted_with_the_ways_out(
    target: str, more: dict[str, Any], codes: list[str], tmp_path: Path
) -> None:
    plan = evalflow.load_plan(plan_file(tmp_path, target, **more))
    assert [note.code for note in plan.notes] == codes
    for note in plan.notes:
        assert note.where.startswith(str(tmp_path))
        assert note.where.rpartition(":")[2].isdecimal()
        assert "2025-Q1, 2025-Q2, 2025-Q3, 2025-Q4" in note.ko
        assert "the whole project has none" in note.en


def test_only_the_periods_are_named_in_which_it_is_so(tmp_path: Path) -> None:
    targets = dict(zip(QUARTERS, ("0", "0", "5", "5"), strict=True))
    (note,) = evalflow.load_plan(plan_file(tmp_path, targets=targets, accumulation="sum")).notes
    assert "2025-Q1, 2025-Q2에" in note.ko
    assert "2025-Q3" not in note.ko


def test_a_period_in_which_nothing_that_is_due_weighs_anything_is_noted(tmp_path: Path) -> None:
    path = plan_file(tmp_path, "5", weight="0")
    text = path.read_text("utf-8")
    late = text[text.index("      i:") :].replace("      i:", "      j:", 1)
    late = late.replace('weight: "0"', "weight: 1").replace("weight: 0", "weight: 1")
    late = late.replace("2025-Q1: 5", "2025-Q1: not_due").replace(
        '2025-Q1: "5"', "2025-Q1: not_due"
    )
    path.write_text(text + late, "utf-8")
    (note,) = evalflow.load_plan(path).notes
    assert (note.code, "2025-Q1에" in note.ko, "2025-Q2" in note.ko) == (
        "weightless_period",
        True,
        False,
    )


@given(
    target=st.integers(-3, 3),
    direction=st.sampled_from(["up", "down", "maintain"]),
    zero=st.sampled_from([None, "met_or_not", "full", "undefined"]),
    actual=st.integers(-9, 9),
    data=st.data(),
)
def test_what_is_noted_has_no_rate_and_what_is_not_has_one(
    target: int, direction: str, zero: str | None, actual: int, data: st.DataObject
) -> None:
    """Against the scorer itself: a noted indicator is undefined for any actual, and one without
    a note is rated for its target."""
    from decimal import Decimal

    from evalflow.model import ScoringRules, Subject
    from evalflow.plan.rateable import _of_indicator

    fitting = [name for name, each in FORMULAS.items() if direction in each.directions]
    formula = data.draw(st.sampled_from([name for name in fitting if name != "milestone"]))
    indicator = Indicator(
        id="i", label=Label("지표", "I"), unit="건", direction=direction, formula=formula,
        accumulation="last", targets={"2025-Q1": Decimal(target)}, zero_target=zero,
        baseline=Decimal(1) if formula == "baseline" else None,
    )  # fmt: skip
    rules = ScoringRules(bands=DEFAULT_BANDS)
    definition = evalflow.ProjectDefinition(
        id="x/1", number="1", label=Label("가", "A"), field="f", assignments=(),
        indicators=(indicator,),
    )  # fmt: skip

    def status(figure: int) -> str:
        return (
            Rates()
            .score(
                Subject(
                    project="x/1",
                    period="2025-Q1",
                    periods=("2025-Q1",),
                    definition=definition,
                    rules=rules,
                    actuals={"2025-Q1": {"i": Decimal(figure)}},
                )
            )
            .lines[0]
            .status
        )

    if list(_of_indicator(definition, indicator, rules, ["2025-Q1"], lambda *_: "here")):
        assert status(actual) == "undefined"
    else:
        probes = (target, target + 1, target - 1, 0, 1)
        assert "rated" in {status(each) for each in probes}
    assert DEFAULT_FORMULA["up"] == "up"


def test_check_and_import_show_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(plan_file(tmp_path, "0"))
    store = f"sqlite:///{tmp_path / 'o.db'}"
    assert cli.run(["--lang", "ko", "plan", "check", path]) == 0
    assert "zero_target: met_or_not, full" in capsys.readouterr().err
    args = ["--store", store, "--lang", "en", "plan", "import", path, "--as", "evaluation-1"]
    assert cli.run(args) == 0
    assert "To keep at 0: direction maintain" in capsys.readouterr().err


# --------------------------------------------------------------------------- annual targets


def without_targets(path: Path) -> Path:
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "targets" not in line), "utf-8")
    return path


def test_a_yearly_only_target_is_due_in_the_last_period(tmp_path: Path) -> None:
    path = without_targets(plan_file(tmp_path, annual="40", unit="건", accumulation="sum"))
    project = evalflow.load_plan(path).projects["1"]
    (indicator,) = project.indicators
    why = NotDue("연간 목표만 정함")
    assert indicator.targets == {**dict.fromkeys(QUARTERS[:3], why), "2025-Q4": 40}
    assert indicator.annual == 40
    assert project.tree["indicators"]["i"]["targets"] == {
        **{key: {"not_due": "연간 목표만 정함"} for key in QUARTERS[:3]},
        "2025-Q4": "40",
    }

    engine = office(path)
    assert engine.plans.definition("x-2025/1").indicators == project.indicators
    report(engine, 12)
    rating = engine.evaluation("x-2025/1").rating
    assert rating is not None
    assert rating.lines[0].status == "not_due"


@pytest.mark.parametrize(
    ("accumulation", "targets", "annual", "fits"),
    [
        ("sum", "10 20 30 40", "100", True), ("sum", "10 20 30 40", "40", False),
        ("last", "10 20 30 40", "40", True), ("last", "10 20 30 40", "100", False),
        ("average", "10 20 30 40", "25", True), ("average", "10 20 30 40", "100", False),
        ("average", "10 10 11 11", "10.5", True), ("average", "1 1 2 1", "1.3", True),
        ("sum", "10 not_due 30 not_due", "40", True), ("last", "10 20 not_due not_due", "20", True),
    ],
)  # fmt: skip
def test_a_stated_annual_target_is_held_against_its_quarters(
    accumulation: str, targets: str, annual: str, fits: bool, tmp_path: Path
) -> None:
    by_quarter = dict(zip(QUARTERS, targets.split(), strict=True))
    path = plan_file(tmp_path, targets=by_quarter, accumulation=accumulation, annual=annual)
    if fits:
        assert str(evalflow.load_plan(path).projects["1"].indicators[0].annual) == annual
        return
    with pytest.raises(evalflow.InvalidInput) as caught:
        evalflow.load_plan(path)
    (problem,) = caught.value.problems
    assert (problem.code, problem.value) == ("annual_differs", annual)
    assert problem.line is not None


# --------------------------------------------------------------------------- one problem each


@pytest.mark.parametrize("direction", ["up", "down", "maintain"])
@pytest.mark.parametrize("more", [{}, {"baseline": "3"}])
def test_an_unknown_formula_is_one_problem(
    direction: str, more: dict[str, str], tmp_path: Path
) -> None:
    path = plan_file(tmp_path, "5", direction=direction, formula="target/actual", **more)
    with pytest.raises(evalflow.InvalidInput) as caught:
        evalflow.load_plan(path)
    (problem,) = caught.value.problems
    assert problem.value == "target/actual"
    assert "down_ratio" in problem.en


def test_a_table_may_state_the_annual_target_and_is_held_to_it(tmp_path: Path) -> None:
    from evalflow.plan.listing import list_targets

    path = plan_file(tmp_path, "10", accumulation="sum")
    table = tmp_path / "t.csv"
    heads = "관리번호,성과지표,연간목표\n"
    table.write_text(f"{heads}1,지표,40%\n", "utf-8")
    plan = evalflow.load_plan(path, tables=[table])
    assert plan.projects["1"].indicators[0].annual == 40
    assert "연간 목표" in list_targets(plan.head, plan.projects.values()).heads
    without = evalflow.load_plan(path)
    assert "연간 목표" not in list_targets(without.head, without.projects.values()).heads

    table.write_text(f"{heads}1,지표,10\n", "utf-8")
    with pytest.raises(evalflow.InvalidInput) as caught:
        evalflow.load_plan(path, tables=[table])
    (problem,) = caught.value.problems
    assert (problem.code, problem.cell) == ("annual_differs", "C2")
