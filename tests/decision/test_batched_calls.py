"""Scorers and guards that can look at many are asked about a whole chunk of a batch at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

import evalflow
from batches import everything, outcomes
from evalflow import InvalidInput, Label, Problem, Reason
from evalflow.plugins import Draft, Firing, GuardSpec, Rates, Rating, Subject, hookimpl
from evalflow.testing import office as small

ODD = Reason(code="odd", ko="홀수입니다.", en="it is odd.")


class OneByOne:
    """Rates like `rates`, but for what nobody can rate."""

    name = "shy"
    version = "1"

    def __init__(self) -> None:
        self.asked: list[int] = []

    def score(self, subject: Subject) -> Rating:
        self.asked.append(1)
        return self._rated(subject)

    def _rated(self, subject: Subject) -> Rating:
        if subject.actuals[subject.period]["done"] == 13:
            problem = Problem(code="thirteen", ko="13은 싫습니다.", en="not thirteen")
            raise InvalidInput([problem])
        return Rates().score(subject)


class Many(OneByOne):
    def score_many(self, subjects: Sequence[Subject]) -> Sequence[Rating]:
        self.asked.append(len(subjects))
        return [self._rated(subject) for subject in subjects]


class Even:
    """Refuses odd projects, and those whose figures lag."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def __call__(self, firing: Firing, after: Draft, **params: Any) -> Reason | None:
        self.asked.append(1)
        return self._answer(firing, after, **params)

    def _answer(self, firing: Firing, after: Draft, of: str = "number") -> Reason | None:
        odd = int(firing.project.number) % 2
        return ODD if odd or after.lagging_lines() else None


class EvenMany(Even):
    def ask_many(
        self, firings: Sequence[tuple[Firing, Draft]], **params: Any
    ) -> list[Reason | None]:
        self.asked.append(len(firings))
        return [self._answer(firing, after, **params) for firing, after in firings]


class Plugin:
    def __init__(self, scorer: OneByOne, guard: Even) -> None:
        self.scorer, self.guard = scorer, guard

    @hookimpl
    def evalflow_scorers(self) -> Any:
        return {"shy": lambda: self.scorer}

    @hookimpl
    def evalflow_guards(self) -> Any:
        spec = GuardSpec(name="even", label=Label("짝수", "is even"), params={"of": None})
        return {"even": (spec, self.guard)}


@pytest.fixture
def plan_file(tmp_path: Path) -> Path:
    preset = resources.files("evalflow.lifecycle").joinpath("presets/major-works.yaml")
    text = preset.read_text("utf-8").replace(
        "      - figures_complete\n", "      - figures_complete\n      - even: {of: number}\n", 1
    )
    (tmp_path / "even.yaml").write_text(text, "utf-8")
    plan = small.plan_text(each=3).replace("scoring: {}", "scoring: {scorer: shy}")
    plan = plan.replace("lifecycle: major-works/2", "lifecycle: ./even.yaml")
    (tmp_path / "plan.yaml").write_text(plan, "utf-8")
    return tmp_path / "plan.yaml"


def quarter(
    plan_file: Path, store: str, plugin: Plugin, actuals: Sequence[int], chunk: int
) -> Iterator[Any]:
    """Evaluate everybody's quarter in one batch; yield what was planned, received, and stored."""
    plan = evalflow.load_plan(plan_file, plugins=[plugin])
    clock = small.Ticking(going=False)
    with evalflow.open(store, plugins=[plugin], clock=clock) as engine:
        engine.adopt(plan, by=plan.actor("policy-1"))
        ids = [project.id for project in engine.projects()]
        each = {
            project: {
                "actuals": {"done": actual},
                "explanations": {"done": {"cause": "비", "countermeasure": "더"}},
            }
            for project, actual in zip(ids, actuals, strict=True)
        }
        plugin.scorer.asked.clear()
        plugin.guard.asked.clear()
        for unit in ("welfare-a", "safety-b"):
            planned = engine.batch("self_evaluate", by=f"{unit}-1", where={"unit": unit}, each=each)
            yield list(planned.lines())
            yield list(planned.apply(chunk=chunk))
        yield everything(engine)


def test_many_are_asked_at_once(plan_file: Path, tmp_path: Path) -> None:
    many = Plugin(Many(), EvenMany())
    list(quarter(plan_file, "memory:", many, [10] * 18, 5_000))

    # Three are planned; in each unit those with even numbers are decided again and written.
    assert many.scorer.asked == [3, 1, 3, 2]
    assert many.guard.asked == [3, 1, 3, 2]


@pytest.mark.parametrize("actuals", [[10] * 18, [10, 13, 2] * 6, [13] * 18, [1, 10, 13] * 6])
@pytest.mark.parametrize("chunk", [1, 5_000])
def test_it_comes_out_as_one_by_one(
    plan_file: Path, tmp_path: Path, actuals: list[int], chunk: int
) -> None:
    runs = []
    for name, scorer, guard in (
        ("one", OneByOne(), Even()),
        ("many", Many(), EvenMany()),
        ("scorer", Many(), Even()),
        ("guard", OneByOne(), EvenMany()),
    ):
        store = f"sqlite:///{tmp_path / name}.db"
        runs.append(list(quarter(plan_file, store, Plugin(scorer, guard), actuals, chunk)))

    assert runs[1:] == [runs[0]] * 3


def test_who_breaks_when_asked_about_many_is_asked_one_by_one(plan_file: Path) -> None:
    class Broken(Many):
        def score_many(self, subjects: Sequence[Subject]) -> Sequence[Rating]:
            raise RuntimeError("no line to the other system")

    class Short(EvenMany):
        def ask_many(self, firings: Any, **params: Any) -> Any:
            return []

    broken = list(quarter(plan_file, "memory:", Plugin(Broken(), Short()), [10, 13, 2] * 6, 5_000))
    assert broken == list(
        quarter(plan_file, "memory:", Plugin(OneByOne(), Even()), [10, 13, 2] * 6, 5_000)
    )
    assert set(outcomes(broken[1]).values()) == {"refused"}
    assert set(outcomes(broken[3]).values()) == {"done", "refused"}


def test_a_plan_revised_between_question_and_answer_is_asked_about_again() -> None:
    from evalflow.decision.batched_calls import Answers, _Question, answer_together

    asked: list[Any] = []

    def question(about: int) -> _Question:
        def many(several: Sequence[int]) -> list[int]:
            asked.append(tuple(several))
            return [each * 10 for each in several]

        return _Question(("score",), about, about, lambda: about * 10, many)

    answers = [Answers() for _ in range(2)]
    rounds = iter(range(100))
    told: list[int] = []

    def first() -> None:
        told.append(answers[0].to(question(1 if next(rounds) < 2 else 7)))
        told.append(answers[0].to(question(2)))

    def second() -> None:
        answers[1].to(question(5))

    answer_together([(answers[0], first), (answers[1], second)])
    assert asked == [(1, 5), (2,), (7,), (2,)]
    told.clear()
    first()
    assert told == [70, 20]
