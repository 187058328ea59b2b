"""The examples run, and say what they say."""

from __future__ import annotations

import asyncio
import datetime as dt
import runpy
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import evalflow

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_embedding_in_a_host_with_its_own_users_clock_holidays_and_inbox():
    example = runpy.run_path(str(EXAMPLES / "embed_host.py"))

    assert asyncio.run(example["main"]()) == [
        "due: 2016-04-06",  # the 5th is a holiday of the host's own table
        "self_evaluate by host:kim as department",
        "42 planned, 1 evaluated",
        "5 letters",  # three of a change (mayor, policy office), two of the cards of no. 6
    ]


def test_a_host_whose_own_tables_say_who_holds_what(tmp_path: Path) -> None:
    example = runpy.run_path(str(EXAMPLES / "directory_sql.py"))
    file = str(tmp_path / "host.db")

    assert example["main"](lambda: sqlite3.connect(file), f"sqlite:///{tmp_path}/office.db") == [
        "self_evaluate by staff-1002 as department",
        "information-1, staff-1003",  # the plan's people and the host's, on a day to come
        "staff-1002: grant_not_in_force",  # went to another team on the first
        "staff-1004: no_role",
        "verify: 0 findings, 2 entries by the host's word",
    ]


def test_a_django_site_commits_and_rolls_back_with_what_its_users_do(tmp_path: Path) -> None:
    missing = "not on this machine: evalflow-django (make sets up anew)"
    pytest.importorskip("evalflow_django", reason=missing)
    site = f"sqlite:///{tmp_path}/site.db"

    done = subprocess.run(
        [sys.executable, EXAMPLES / "embed_django.py", site], capture_output=True, text=True
    )
    assert done.stdout.splitlines() == [
        "0 papers, 1 entries, 0 mismatches",  # rolled back: neither paper nor evaluation
        "1 papers, 1 entries, 0 mismatches",  # refused in an inner block: the outer one stands
        "2 papers, 2 entries, 0 mismatches",  # committed together
    ], done.stderr


def test_a_fastapi_application_answers_as_json_and_with_the_status_of_each_error() -> None:
    pytest.importorskip("fastapi", reason="not on this machine: FastAPI (pip install fastapi)")
    from starlette.testclient import TestClient

    engine = evalflow.open("memory:", clock=lambda: dt.datetime(2016, 4, 4, 1, tzinfo=dt.UTC))
    plan = engine.load_plan(evalflow.example("seodaemun-2016"))
    engine.adopt(plan, by=plan.actor("policy-1"))
    app = runpy.run_path(str(EXAMPLES / "embed_fastapi.py"))["application"](engine)
    fire = "/projects/seodaemun-2016/2/events/self_evaluate"
    data = {"actuals": {"patrols": 30, "settled": 96}}
    clerk, key = {"site-user": "audit-office-1"}, {"idempotency-key": "form-1"}
    with TestClient(app) as site:
        for _ in range(2):  # the same call again is the same answer
            answer = site.post(fire, json=data, headers=clerk | key)
            assert answer.status_code == 200, answer.text
            assert answer.json()["entry"] == 2
        assert site.get("/projects/seodaemun-2016/2").json()["version"] == 2
        page = site.get("/projects", params={"plan": "seodaemun-2016", "limit": 2}).json()
        rest = {"plan": "seodaemun-2016", "after": page[-1]["id"], "limit": 1}
        assert [each["number"] for each in site.get("/projects", params=rest).json()] == ["3"]
        assert site.get("/projects/nowhere/1").status_code == 404
        assert site.post(fire, json=data, headers=clerk).status_code == 409
        assert site.post(fire, json={"actuals": 5}, headers={"site-user": "x"}).status_code == 403
