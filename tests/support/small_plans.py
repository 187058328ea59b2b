"""A plan of one project with one indicator, written to a file, adopted and reported on."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import evalflow
from evalflow.files.yaml_writer import yaml_text

PLAN: dict[str, Any] = {
    "evalflow": "plan/1",
    "id": "x-2025",
    "year": "2025",
    "ko": "계획",
    "lifecycle": "mapo",
    "calendar": {"periods": "quarter", "first": "2025-Q1", "last": "2025-Q4"},
    "units": {
        "o": {"kind": "office", "ko": "구"},
        "d": {"kind": "department", "ko": "과", "parent": "o"},
    },
    "directory": {
        "evaluation-1": [{"role": "evaluation_office", "unit": "o"}],
        "clock": [{"role": "clock", "unit": "o"}],
        "mayor-1": [{"role": "mayor", "unit": "o"}],
        "d-1": [{"role": "department", "unit": "d"}],
        "d-head-1": [{"role": "department_head", "unit": "d"}],
    },
    "fields": {"f": {"ko": "분야"}},
}
QUARTERS = ("2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4")


def plan_file(folder: Path, target: str = "1.5", /, head: Any = (), **indicator: Any) -> Path:
    one = {
        "ko": "지표",
        "unit": "%",
        "direction": "up",
        "accumulation": "last",
        "targets": dict.fromkeys(QUARTERS, target),
        **indicator,
    }
    project = {"ko": "사업", "unit": "d", "field": "f", "indicators": {"i": one}}
    path = folder / "plan.yaml"
    path.write_text(yaml_text({**PLAN, **dict(head), "projects": {"1": project}}), "utf-8")
    return path


def office(path: Path) -> evalflow.Engine:
    engine = evalflow.open("memory:", clock=lambda: dt.datetime(2025, 4, 2, tzinfo=dt.UTC))
    plan = evalflow.load_plan(path)
    engine.adopt(plan, by=plan.actor("evaluation-1"))
    return engine


def report(engine: evalflow.Engine, actual: Any) -> None:
    engine.fire(
        "x-2025/1",
        "self_evaluate",
        by=engine.actor("x-2025", "d-1"),
        data={
            "actuals": {"i": actual},
            "explanations": {"i": {"cause": "가", "countermeasure": "나"}},
        },
    )
