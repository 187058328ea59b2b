"""Rows, hashes and refusals stay what they were, however fast they come to be.

A year of an office is played by chance from a fixed seed, with odd figures, data that are wrong and
actors who may not. What it left was written down before `fire` was made faster
(`tests/data/rows-as-ever.json`): a digest for each table, and what was answered, by code.
`python tests/engine/test_rows_as_ever.py` writes it down anew, for a change that is meant to
change rows.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import tempfile
from collections import Counter
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

import evalflow
from evalflow import Conflict, InvalidInput, Refused
from evalflow.model.canonical import digest
from evalflow.storage import Storage

RECORD = Path(__file__).parents[1] / "data" / "rows-as-ever.json"
PROJECTS, CALLS = 8, 900
EVENTS = (
    *("self_evaluate", "self_evaluate", "self_evaluate", "amend", "submit", "submit", "submit"),
    *("send_back", "review", "review", "approve", "approve", "flag_lagging", "spot_check"),
    *("correct", "open_period", "open_period", "open_period", "reopen"),
)
ACTORS = ("department-1", "department-2", "lead-1", "policy-1", "policy-2", "head-1", "audit-1")

HEAD = """\
evalflow: plan/1
id: ever
year: 2016
ko: 한결같음
en: As ever
lifecycle: ./lifecycle.yaml
calendar: {periods: quarter, first: 2016-Q1, last: 2016-Q4}
scoring: SCORING
notices: {notifiers: [jsonl]}
units:
  o: {kind: office, ko: 구, en: Office}
  b: {kind: bureau, ko: 국, en: Bureau, parent: o}
  d: {kind: department, ko: 과, en: Department, parent: b}
  e: {kind: department, ko: 다른 과, en: Other department, parent: b}
directory:
  department-1: [{role: department, unit: d}]
  department-2: [{role: department, unit: e}, {role: lead_section, unit: b}]
  head-1: [{role: bureau_head, unit: b}]
  lead-1: [{role: lead_section, unit: b}]
  policy-1: [{role: policy_office, unit: o}]
  policy-2: [{role: policy_office, unit: o}]
  audit-1: [{role: audit_office, unit: o}]
  mayor-1: [{role: mayor, unit: o}]
fields: {f: {ko: 분야, en: Field}}
projects:
"""
NOT_DUE = "{not_due: 4분기부터}"
SCORINGS = ("{}", "{places: 2, basis: period, cap: 110, floor: 10}", "{project_mean: weighted}")
FORMULAS = (
    *(("up", "up"), ("up", "up"), ("down", "down_linear"), ("down", "down_ratio")),
    *(("maintain", "maintain_at_least"), ("up", "baseline"), ("up", "met_or_not")),
)


def plan_text(chance: random.Random, scoring: str) -> str:
    """Return a plan of projects whose indicators are of many kinds."""
    lines = [HEAD.replace("SCORING", scoring)]
    for number in range(1, PROJECTS + 1):
        lines.append(
            f'  "{number}": {{ko: "사업 {number} \\"가\\"", en: Project {number}, '
            f"unit: {chance.choice('de')}, field: f, kind: new, start: 2016-01-01, "
            "end: 2016-12-31, indicators: {"
        )
        for name in "abc"[: chance.randint(1, 3)]:
            direction, formula = chance.choice(FORMULAS)
            kind = chance.choice(("sum", "sum", "last", "average"))
            targets = {
                f"2016-Q{quarter}": chance.choice((10, 100, "12.5", 30, 7, 1000, NOT_DUE))
                for quarter in range(1, 5)
            }
            told = ", ".join(f"{key}: {value}" for key, value in targets.items())
            start = ", baseline: 3" if formula == "baseline" else ""
            weight = chance.choice(("", "", ", weight: 2", ", weight: 40", ", cap: 120"))
            lines.append(
                f"    {name}: {{ko: 지표 {name}, en: Indicator {name}, unit: 건, direction: "
                f"{direction}, formula: {formula}, accumulation: {kind}, "
                f"targets: {{{told}}}{start}{weight}}},"
            )
        lines.append("  }}")
    return "\n".join(lines) + "\n"


def figure(chance: random.Random) -> Any:
    """Return an actual as people and programs give it; some are none."""
    return chance.choice(
        [
            *(chance.randint(0, 40), chance.randint(0, 1200), chance.randint(0, 12)),
            *(f"{chance.randint(0, 99)}.{chance.randint(0, 9)}", f"1,{chance.randint(100, 999)}"),
            *({"not_due": "3분기 착공"}, {"provisional": str(chance.randint(1, 30))}, "100.0"),
            *(chance.randint(5, 15), chance.randint(90, 130), 10, "0.10", 97),
            *(20, 33, "45.5"),
            chance.choice(
                [
                    5,
                    6,
                    7,
                    8,
                    9,
                    11,
                    -3,
                    "-",
                    "열",
                    "",
                    None,
                    {"not_due": ""},
                    "1/2",
                    True,
                    "007",
                    10**30,
                ]
            ),
        ]
    )


WORDS = ("추진함", "예산이 늦게 왔음", '줄\n바꿈 "따옴표" \\ 빗금', "é 😀", " 앞뒤 ", "")


def data_for(event: str, names: list[str], chance: random.Random) -> dict[str, Any]:
    """Return data for an event, not always what it asks for."""
    if chance.random() < 0.1:
        names = [*names, "z"][chance.randint(0, 1) :]
    data: dict[str, Any] = {}
    if event in ("self_evaluate", "amend"):
        data["actuals"] = {name: figure(chance) for name in names}
        if chance.random() < 0.9:
            data["explanations"] = {
                name: {"cause": chance.choice(WORDS), "countermeasure": "보완"} for name in names
            }
        if chance.random() < 0.3:
            data["progress"] = chance.choice(WORDS)
        if chance.random() < 0.2:
            data["spent"] = chance.choice(["1,000,000", 5000, 70, "1.5", -1])
    elif event == "review":
        judged = {"rate": f"{chance.randint(30, 120)}.{chance.randint(0, 99)}", "reason": "현장"}
        rated = {name: chance.choice(["confirmed", judged]) for name in names}
        data["ratings"] = rated if chance.random() < 0.6 else "confirmed"
    elif event == "spot_check":
        data["checked_actuals"] = {name: figure(chance) for name in names[:1]}
        data["reason"] = chance.choice(WORDS)
    elif event == "correct":
        data = {"period": "2016-Q1", "reason": "집계 착오"}
        data["corrected"] = {name: figure(chance) for name in names[:1]}
    elif event == "submit":
        data["document"] = "기획-123"
        data["sign_off"] = [{"role": "bureau_head", "actor": "head-1"}]
    elif event in ("send_back", "reopen", "flag_lagging"):
        data["reason"] = chance.choice(WORDS)
    return data if chance.random() < 0.93 else {}


def actor_for(event: str, unit: str, chance: random.Random) -> str:
    """Return who fires an event; one in ten may not."""
    if chance.random() < 0.1:
        return chance.choice(ACTORS)
    if event in ("self_evaluate", "amend"):
        return "department-1" if unit == "d" else "department-2"
    return "lead-1" if event == "submit" else chance.choice(("policy-1", "policy-2"))


class Clock:
    """A clock that is set to the day after each quarter, and goes on a little at every look."""

    def __init__(self) -> None:
        self.moment = dt.datetime(2016, 4, 2, 1, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        self.moment += dt.timedelta(minutes=7)
        return self.moment


def tables(storage: Storage) -> dict[str, str]:
    """Return a digest of each kind of row, byte for byte."""
    entries = [f"{position} {each.hash} {each.body()}" for position, each in storage.entries()]
    projects = [json.loads(entry.split(" ", 2)[2])[0] for entry in entries]
    rows = {
        "entry": entries,
        "project": [
            str(found.project)
            for each in sorted(set(projects))
            if (found := storage.snapshot(each)) is not None
        ],
        "evaluation": [
            found.text()
            for quarter in range(1, 5)
            for found in storage.evaluations("ever", f"2016-Q{quarter}")
        ],
        # Where each stands in the outbox is told since; the record was written before that.
        "notice": [
            str(each).removesuffix(f", position={each.position})") + ")"
            for each in storage.outbox()
        ],
    }
    return {name: digest("\n".join(found)) for name, found in rows.items()}


def played(url: Callable[[Path], str], scoring: str, seed: int) -> dict[str, Any]:
    """Return what a year left: digests of its rows, and how often each answer came."""
    chance, clock = random.Random(seed), Clock()
    answers: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        preset = resources.files("evalflow.lifecycle") / "presets/earlier/major-works-2.yaml"
        (folder / "lifecycle.yaml").write_bytes(preset.read_bytes())
        (folder / "plan.yaml").write_text(plan_text(chance, scoring), encoding="utf-8")
        plan = evalflow.load_plan(folder / "plan.yaml", plugins=[])
        with evalflow.open(url(folder), plugins=[], clock=clock) as engine:
            engine.adopt(plan, by="policy-1")
            for number in range(CALLS):
                if number and not number % (CALLS // 4):
                    clock.moment += dt.timedelta(days=91)
                name = str(chance.randint(1, PROJECTS))
                project, event = f"ever/{name}", chance.choice(EVENTS)
                now = engine.project(project)
                states = set(now.states)
                for _ in range(4):  # what may be done here comes more often than what may not
                    if not states.isdisjoint(plan.lifecycle.events[event].sources()):
                        break
                    event = chance.choice(EVENTS)
                by = actor_for(event, now.unit, chance)
                indicators = [each.id for each in plan.projects[name].indicators]
                key = f"k{number}" if chance.random() < 0.1 else None
                data = data_for(event, indicators, chance)
                try:
                    engine.fire(project, event, by=by, data=data, key=key)
                    answers[f"{event} done"] += 1
                except Refused as refused:
                    answers.update(f"{event} {each.code}" for each in refused.reasons)
                except InvalidInput as wrong:
                    answers.update(f"{event} {each.code}" for each in wrong.problems)
                except Conflict:
                    answers[f"{event} conflict"] += 1
            found = tables(engine.storage)
            assert list(engine.audit.verify()) == []
    return {"rows": found, "answers": dict(sorted(answers.items()))}


YEARS = {f"{seed} {scoring}": (scoring, seed) for seed, scoring in enumerate(SCORINGS)}


def in_memory(folder: Path) -> str:
    return "memory:"


def in_a_file(folder: Path) -> str:
    return f"sqlite:///{folder / 'ever.db'}"


@pytest.mark.slow
@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize("url", [in_memory, in_a_file])
def test_a_year_leaves_the_rows_that_it_always_left(url: Any, year: str) -> None:
    recorded = json.loads(RECORD.read_text(encoding="utf-8"))

    assert played(url, *YEARS[year]) == recorded[year]


if __name__ == "__main__":
    made = {year: played(in_memory, *given) for year, given in YEARS.items()}
    RECORD.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
