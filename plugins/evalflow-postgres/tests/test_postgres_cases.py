"""Cases that are opened without a revision, on PostgreSQL."""

from __future__ import annotations

import threading
from pathlib import Path

import evalflow

LIFECYCLE = """
evalflow: lifecycle/1
name: petition-like
version: 1
ko: 민원
en: Petition
roles: {clerk: {ko: 담당, en: Clerk, at: office}}
adopted_by: [clerk]
opens: [clerk]
regions:
  r: {ko: r, en: r, initial: filed, states: {filed: {ko: 접수, en: Filed},
      answered: {ko: 회신, en: Answered, final: true}}}
events:
  answer: {ko: 회신, en: Answer, by: [clerk], transitions: [{from: filed, to: answered}]}
"""
PLAN = """
evalflow: plan/1
id: p-2026
year: 2026
ko: 민원
lifecycle: ./lifecycle.yaml
calendar: {periods: year, holidays: none}
units: {o: {kind: office, ko: 구, en: Office}}
directory: {clerk-1: [{role: clerk, unit: o}]}
fields: {f: {ko: 분야, en: Field}}
"""


def test_those_who_open_at_the_same_time_get_one_number_each(url: str, tmp_path: Path) -> None:
    (tmp_path / "lifecycle.yaml").write_text(LIFECYCLE, "utf-8")
    (tmp_path / "plan.yaml").write_text(PLAN, "utf-8")
    plan = evalflow.load_plan(tmp_path / "plan.yaml")
    opened: list[str] = []
    ready = threading.Barrier(3)

    def work() -> None:
        with evalflow.open(url, plugins=["evalflow-postgres"]) as own:
            ready.wait()
            for _ in range(3):
                case = {"ko": "가로등 고장", "unit": "o", "field": "f"}
                entry = own.plans.open_case("p-2026", case, by="clerk-1")
                opened.append(entry.project)

    with evalflow.open(url, plugins=["evalflow-postgres"]) as engine:
        engine.adopt(plan, by="clerk-1")
        threads = [threading.Thread(target=work) for _ in range(3)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert sorted(opened) == [f"p-2026/{number}" for number in range(1, 10)]
        assert engine.plans.head("p-2026").revision == 1
        engine.fire("p-2026/9", "answer", by="clerk-1")
        assert list(engine.audit.verify(deep=True)) == []
