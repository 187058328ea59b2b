"""Loading a plan of 200 projects and 600 indicators, against merely reading its YAML events in C.

    python benchmarks/plan_load.py [ROUNDS] [--json FILE]

The plan is made here, the same at every run. Nothing is lacking in it: where something is, its
place is told, for which the file is read a second time. Ratios of medians of one run, taking turns.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from _measure import asking, keep, machine
from yaml.cyaml import CParser  # type: ignore[attr-defined]  # the yardstick itself

import evalflow

HEAD = """\
evalflow: plan/1
id: bench
year: 2016
ko: 측정
en: Benchmark
lifecycle: major-works
calendar: {periods: quarter, first: 2016-Q1, last: 2016-Q4}
scoring: {}
notices: {notifiers: [jsonl]}
units:
  o: {kind: office, ko: 구, en: Office}
  b: {kind: bureau, ko: 국, en: Bureau, parent: o}
  d: {kind: department, ko: 과, en: Department, parent: b}
directory:
  department-1: [{role: department, unit: d}]
  policy-1: [{role: policy_office, unit: o}]
fields: {f: {ko: 분야, en: Field}}
goals:
  s: {kind: strategy, ko: 전략목표, en: Strategy}
  p: {kind: policy, ko: 정책사업목표, en: Policy, parent: s}
  u: {kind: project, ko: 단위사업, en: Project, parent: p}
projects:
"""


def plan_text() -> str:
    """Return a plan of 200 projects with three indicators each, about 441 KB."""
    parts = [HEAD]
    for number in range(1, 201):
        parts.append(
            f'  "{number}":\n    ko: 사업 {number} 주민과 함께 하는 마을 가꾸기\n'
            f"    en: Project {number}, neighbourhoods made together\n"
            "    unit: d\n    field: f\n    goals: [u]\n    kind: new\n"
            "    start: 2016-01-01\n    end: 2016-12-31\n"
            "    content: {ko: 마을별 주민 모임을 열고 공간을 고친다, en: Meetings and repairs}\n"
            "    budget: {sources: {시비: 120000000, 구비: 80000000}, periods: {2016-Q1: 20000000,"
            " 2016-Q2: 60000000, 2016-Q3: 60000000, 2016-Q4: 60000000}}\n    schedule:\n"
        )
        parts.extend(
            f"      2016-{month:02}: {month}월 추진 내용 현장 점검과 주민 의견 수렴\n"
            for month in range(1, 13)
        )
        parts.append("    indicators:\n")
        for place, name in enumerate(("meetings", "repairs", "complaints")):
            direction = "down" if name == "complaints" else "up"
            parts.append(
                f"      {name}:\n        ko: 성과지표 {place + 1} 추진 실적\n"
                f"        en: Indicator {place + 1}, what was done\n        unit: 건\n"
                f"        direction: {direction}\n        accumulation: sum\n        weight: 1/3\n"
                f"        targets: {{2016-Q1: {10 + number}, 2016-Q2: {20 + number},"
                f" 2016-Q3: {30 + number}, 2016-Q4: {40 + number}}}\n"
            )
    return "".join(parts)


def main(rounds: int, kept: str | None) -> None:
    about, text = machine(), plan_text()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.yaml"
        path.write_text(text, encoding="utf-8")

        def events() -> None:
            parser = CParser(text)
            while parser.check_event():
                parser.get_event()

        def load() -> None:
            evalflow.load_plan(path, plugins=[])

        works: dict[str, Callable[[], None]] = {"events alone, in C": events, "load_plan": load}
        times: dict[str, list[float]] = {name: [] for name in works}
        for turn in range(rounds + 2):
            for name, work in works.items():
                start = time.perf_counter()
                work()
                if turn > 1:
                    times[name].append(time.perf_counter() - start)
        base = statistics.median(times["events alone, in C"])
        print(f"{len(text.encode()) / 1000:.0f} KB, 200 projects, 600 indicators")
        for name, taken in times.items():
            middle = statistics.median(taken)
            print(
                f"{name:<20}{middle * 1e3:8.1f} ms  ({min(taken) * 1e3:.1f}-"
                f"{max(taken) * 1e3:.1f})  {middle / base:5.2f} x"
            )
        figures = {f"{name}, ms": statistics.median(taken) * 1e3 for name, taken in times.items()}
        keep(
            kept, about, {**figures, "to the events": statistics.median(times["load_plan"]) / base}
        )


if __name__ == "__main__":
    reader = asking(__doc__)
    reader.add_argument("rounds", nargs="?", type=int, default=10)
    said = reader.parse_args()
    main(said.rounds, said.json)
