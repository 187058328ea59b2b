"""The example in which procrastinate's workers deliver, remind and verify."""

from __future__ import annotations

import datetime as dt
import runpy
import time
from pathlib import Path

import psycopg
import pytest
from evalflow_postgres.testing import fresh

import evalflow

EXAMPLE = Path(__file__).parents[3] / "examples" / "beat_procrastinate.py"
pytestmark = pytest.mark.servers


@pytest.mark.skipif(not EXAMPLE.exists(), reason="the example is in evalflow's repository")
def test_a_worker_does_each_job_once(database: str, tmp_path: Path) -> None:
    procrastinate = pytest.importorskip(
        "procrastinate", reason="not on this machine: procrastinate (pip install procrastinate)"
    )
    example = runpy.run_path(str(EXAMPLE))
    office = evalflow.open(fresh(database), clock=lambda: dt.datetime(2016, 4, 4, 1, tzinfo=dt.UTC))
    plan = office.load_plan(evalflow.example("seodaemun-2016"))
    office.adopt(plan, by=plan.actor("policy-1"))

    app = example["beat"](office, database)
    for _ in range(2):  # the second time the tables are there
        example["prepare"](app)
    named = {each.task.name for each in app.periodic_registry.periodic_tasks.values()}
    assert named == {"evalflow.deliver", "evalflow.remind", "evalflow.verify"}
    with app.open():
        for name in sorted(named):
            app.tasks[name].configure().defer(timestamp=int(time.time()))
    worker = procrastinate.PsycopgConnector(conninfo=database)
    with app.replace_connector(worker) as running:
        running.run_worker(wait=False, install_signal_handlers=False, listen_notify=False)

    with psycopg.connect(database) as connection:
        found = connection.execute("SELECT task_name, status FROM procrastinate_jobs").fetchall()
    done = {(name, status) for name, status in found if status != "todo"}
    assert done == {(name, "succeeded") for name in named}
    office.close()
