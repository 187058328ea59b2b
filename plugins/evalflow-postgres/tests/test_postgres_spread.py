"""A batch over several worker programs against one PostgreSQL, some of them killed on the way."""

from __future__ import annotations

import datetime as dt
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest
from evalflow_postgres.testing import fresh

import evalflow
from evalflow.engine.spread import own_workers

pytestmark = [pytest.mark.servers, pytest.mark.slow]

AT = dt.datetime(2016, 4, 4, tzinfo=dt.UTC)
PROJECTS = int(os.environ.get("EVALFLOW_SPREAD", "400"))
CHUNK = max(1, PROJECTS // 40)
LIFECYCLE = """\
evalflow: lifecycle/1
name: order
version: 1
ko: 시정명령
en: Corrective order
roles:
  policy_office: {ko: 정책기획담당관, en: Policy office, at: office}
adopted_by: [policy_office]
regions:
  order:
    ko: 시정
    en: Order
    initial: ordered
    states: {ordered: {ko: 명령, en: Ordered}, reported: {ko: 보고, en: Reported}}
events:
  report:
    ko: 보고
    en: Report
    by: [policy_office]
    transitions: [{from: ordered, to: reported}]
    notices: [{name: reported, ko: 보고됨, en: Reported, to: [policy_office], entering: reported}]
"""
PLAN = """\
evalflow: plan/1
id: gu
year: 2016
ko: 계획
en: Plan
lifecycle: ./order.yaml
calendar: {periods: quarter, first: 2016-Q1, last: 2016-Q1}
scoring: {}
notices: {notifiers: [jsonl]}
units:
  gu: {kind: office, ko: 구, en: Gu}
  dept: {kind: department, ko: 과, en: Department, parent: gu}
directory: {policy-1: [{role: policy_office, unit: gu}]}
fields: {welfare: {ko: 복지, en: Welfare}}
projects:
"""
ONE = """\
  "%d": {ko: 사업, en: Project, unit: dept, field: welfare, kind: new, start: 2016-01-01,
    end: 2016-12-31, indicators: {n: {ko: 수, en: Number, unit: 건, direction: up,
    accumulation: sum, targets: {2016-Q1: 1}}}}
"""


@pytest.fixture(scope="module")
def plan_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plan")
    (folder / "order.yaml").write_text(LIFECYCLE, "utf-8")
    projects = "".join([ONE % number for number in range(1, PROJECTS + 1)])
    (folder / "plan.yaml").write_text(PLAN + projects, "utf-8")
    return folder / "plan.yaml"


@pytest.fixture
def stores(database: str, plan_file: Path, tmp_path: Path) -> tuple[str, Told, evalflow.BatchPlan]:
    """A store to spread over, what one run writes in another that is equal, and the plan."""
    urls = fresh(database), fresh(database)
    plan = evalflow.load_plan(plan_file, plugins=[])
    for url in urls:
        with evalflow.open(url, clock=lambda: AT) as engine:
            engine.adopt(plan, by=plan.actor("policy-1"))
    with evalflow.open(urls[0], clock=lambda: AT) as engine:
        engine.batch("report", by="policy-1").save(tmp_path / "plan.jsonl")
        batch = evalflow.load_batch(tmp_path / "plan.jsonl")
        assert {receipt.outcome for receipt in engine.batches.apply(batch, by="policy-1")} == {
            "done"
        }
    return urls[1], contents(urls[0]), batch


Told = tuple[list[Any], list[Any]]


def contents(url: str) -> Told:
    """Return every entry and every notice."""
    with evalflow.open(url, clock=lambda: AT) as engine:
        assert list(engine.audit.verify()) == []
        entries = [entry for each in engine.projects() for entry in engine.history(each.id)]
        notices = sorted((out.notice.id, out.notice) for out in engine.storage.outbox())
    return entries, notices


def eventually(question: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 30
    while not (answer := question()):
        assert time.monotonic() < deadline, "it never became true"
        time.sleep(0.005)
    return answer


@pytest.fixture(scope="module")
def dask() -> Iterator[Any]:
    """A scheduler and three worker programs on this machine, and a client."""
    distributed = pytest.importorskip(
        "distributed", reason="not on this machine: Dask (pip install 'municipal-evalflow[dask]')"
    )
    with (
        distributed.LocalCluster(
            n_workers=3,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
            silence_logs="CRITICAL",
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_dask_runs_again_what_a_killed_worker_had_finished_and_nothing_is_written_twice(
    stores: Any, dask: Any
) -> None:
    """The chunks are handed over as operators' own programs may do it: results stay on the
    workers, so that with a worker its finished chunks are lost, and Dask runs them again."""
    from evalflow.batch.chunks import chunks_of

    url, expected, batch = stores
    chunks = list(chunks_of(batch, "each", CHUNK))
    futures = [dask.submit(evalflow.apply_chunk, url, chunk, AT, pure=False) for chunk in chunks]
    workers = dask.run(os.getpid)

    def holding() -> list[str]:
        """Which workers hold results, while others are still to come."""
        held = dask.has_what()
        return [worker for worker, results in held.items() if len(results) >= 3]

    victim = eventually(holding)[0]
    lost = len(dask.has_what()[victim])
    os.kill(workers[victim], signal.SIGKILL)
    assert any(not future.done() for future in futures), "it was killed too late"
    receipts = [receipt for future in futures for receipt in future.result(timeout=60)]

    assert [receipt.project for receipt in receipts] == [line.project for line in batch]
    outcomes = [receipt.outcome for receipt in receipts]
    assert set(outcomes) == {"done", "already"}
    assert outcomes.count("already") >= lost * CHUNK
    assert contents(url) == expected


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_spread_over_dask_a_worker_is_killed_and_the_receipts_come_all_the_same(
    stores: Any, dask: Any
) -> None:
    url, expected, batch = stores
    workers = dask.run(os.getpid)
    receipts = evalflow.spread(
        batch, url, dask.get_executor(), workers=3, by="policy-1", at=AT, chunk=CHUNK
    )
    first = next(receipts)
    os.kill(next(iter(workers.values())), signal.SIGKILL)

    found = [first, *receipts]

    assert [receipt.project for receipt in found] == [line.project for line in batch]
    assert {receipt.outcome for receipt in found} <= {"done", "already"}
    assert contents(url) == expected


def test_after_a_killed_program_the_same_call_does_the_rest(stores: Any) -> None:
    url, expected, batch = stores
    with own_workers(2) as executor:
        receipts = evalflow.spread(
            batch, url, executor, workers=2, by="policy-1", at=AT, chunk=CHUNK
        )
        next(receipts)
        os.kill(next(iter(executor._processes)), signal.SIGKILL)  # type: ignore[attr-defined]
        with pytest.raises(BrokenProcessPool):
            list(receipts)

    with own_workers(2) as executor:
        again = list(
            evalflow.spread(batch, url, executor, workers=2, by="policy-1", at=AT, chunk=CHUNK)
        )

    assert {receipt.outcome for receipt in again} == {"already", "done"}
    assert contents(url) == expected
