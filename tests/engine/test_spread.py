"""A plan cut into chunks, and applied by executors: what is written is what one run writes."""

from __future__ import annotations

import datetime as dt
import pickle
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import evalflow
from evalflow.batch.chunks import chunks_of, parts_of
from evalflow.engine.spread import own_workers
from offices import GOOD, Office

AT = dt.datetime(2016, 4, 18, 1, 2, 3, tzinfo=dt.UTC)
FAR = "sqlite:////nowhere/at/all/office.db"


def histories(url: str, clock: Any) -> list[tuple[Any, ...]]:
    with evalflow.open(url, plugins=[], clock=clock) as engine:
        assert list(engine.audit.verify()) == []
        return [tuple(engine.history(project.id)) for project in engine.projects()]


@pytest.fixture
def stores(plan_file, tmp_path, clock):
    """Two equal stores with all projects reviewed, and a plan that approves them."""
    urls = [f"sqlite:///{tmp_path}/{name}.db" for name in ("one", "many")]
    for url in urls:
        clock.go("2016-01-04")
        plan = evalflow.load_plan(plan_file)
        with evalflow.open(url, plugins=[], clock=clock) as engine:
            engine.adopt(plan, by=plan.actor("policy-1"))
            office = Office(engine, plan, clock)
            office.to_submitted()
            clock.go("2016-04-15")
            for project in GOOD:
                office.review(project)
            engine.batch("approve", by="policy-1").save(tmp_path / "plan.jsonl")
    return urls, evalflow.load_batch(tmp_path / "plan.jsonl")


def test_spread_over_workers_the_store_is_the_same_as_after_one_run(stores, clock):
    (one, many), plan = stores
    with evalflow.open(one, plugins=[], clock=lambda: AT) as engine:
        expected = list(engine.batches.apply(plan, by="policy-1"))

    with ThreadPoolExecutor(3) as executor:
        found = list(
            evalflow.spread(plan, many, executor, at=AT, chunk=1, by="policy-1", plugins=[])
        )
        again = list(
            evalflow.spread(plan, many, executor, at=AT, chunk=2, by="policy-1", plugins=[])
        )

    assert found == expected
    assert [receipt.outcome for receipt in found] == ["done"] * len(GOOD)
    assert [receipt.outcome for receipt in again] == ["already"] * len(GOOD)
    assert histories(many, clock) == histories(one, clock)


class Backwards(Executor):
    """Runs what was submitted twice, the last first, once the first result is asked for."""

    def __init__(self) -> None:
        self.waiting: list[Any] = []

    def submit(self, function: Any, /, *arguments: Any, **more: Any) -> Future[Any]:
        executor = self

        class Late(Future[Any]):
            def result(self, timeout: float | None = None) -> Any:
                while executor.waiting:
                    future, run = executor.waiting.pop()
                    run()
                    future.set_result(run())
                return super().result(timeout)

        future = Late()
        call = pickle.loads(pickle.dumps((function, arguments)))
        self.waiting.append((future, lambda: call[0](*call[1])))
        return future


def test_a_chunk_run_twice_and_out_of_turn_writes_nothing_twice(stores, clock):
    (one, many), plan = stores
    with evalflow.open(one, plugins=[], clock=lambda: AT) as engine:
        numbers = [receipt.number for receipt in engine.batches.apply(plan, by="policy-1")]

    found = list(
        evalflow.spread(plan, many, Backwards(), at=AT, chunk=1, by="policy-1", plugins=[])
    )

    assert [(r.outcome, r.number) for r in found] == [("already", number) for number in numbers]
    assert histories(many, clock) == histories(one, clock)


def test_nothing_is_handed_out_once_it_was_stopped(stores):
    (_, many), plan = stores
    asked: list[int] = []

    def stopping() -> bool:
        asked.append(1)
        return len(asked) > 1

    with ThreadPoolExecutor(1) as executor:
        found = list(
            evalflow.spread(
                plan, many, executor, at=AT, chunk=1, by="policy-1", plugins=[], stopping=stopping
            )
        )
    assert [receipt.project for receipt in found] == [next(iter(plan)).project]


def test_a_store_within_one_program_cannot_be_spread_over(stores):
    _, plan = stores
    with ThreadPoolExecutor(1) as executor, pytest.raises(ValueError, match="one program"):
        evalflow.spread(plan, "memory:", executor)


@pytest.mark.slow
def test_what_a_worker_cannot_do_is_told_by_its_error_and_not_by_a_broken_pool(stores):
    _, plan = stores
    with own_workers(1) as executor, pytest.raises(evalflow.StorageError) as error:
        list(evalflow.spread(plan, FAR, executor, by="policy-1", plugins=[]))
    assert error.value.code == "missing"


@given(st.integers(1, 7), st.sampled_from(["each", "unit", "all"]), st.lists(st.integers(0, 3)))
def test_chunks_hold_every_part_whole_and_in_order(size, mode, groups):
    from evalflow.batch.plan_file import PlanWriter
    from evalflow.batch.values import Header, Planned

    lines = [
        Planned(
            project=f"gu/{n}", unit=f"u\u2028{group % 2}", version=1, head="", before=("a",),
            period="2016", part=f"gu/{groups.index(group)}" if group else None,
        )
        for n, group in enumerate(groups)
    ]  # fmt: skip
    writer = PlanWriter(Header(event="e", by="a", at="t", where={}, data={}, mode=mode))
    for line in lines:
        writer.add(line)
    plan = writer.finish(None)

    chunks = list(chunks_of(plan, mode, size))

    whole = [part for chunk in chunks for part in parts_of(chunk, mode)]
    assert whole == list(parts_of(plan, mode))
    assert all(len(list(chunk)) >= size for chunk in chunks[:-1])
    assert {chunk.key for chunk in chunks} <= {plan.key}
    assert [list(pickle.loads(pickle.dumps(chunk))) for chunk in chunks] == [
        list(chunk) for chunk in chunks
    ]


# ------------------------------------------------------------------ the command


def told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    import evalflow.cli

    code = evalflow.cli.run(["--lang", "en", *words])
    out = capsys.readouterr()
    return code, out.out + out.err


@pytest.mark.slow
def test_the_command_applies_by_workers_and_goes_on_by_itself(stores, tmp_path, capsys):
    (_, many), plan = stores
    file = str(tmp_path / "plan.jsonl")

    code, text = told(capsys, "--store", many, "batch", "apply", file, "--workers", "2")
    again, later = told(capsys, "--store", many, "batch", "resume", file)

    assert (code, again) == (0, 0), text + later
    assert f"done {len(plan)}" in text
    assert f"already done {len(plan)}" in later


@pytest.mark.slow
def test_a_cluster_that_does_not_answer_is_told_in_a_sentence(stores, tmp_path, capsys):
    import socket

    pytest.importorskip(
        "distributed", reason="not on this machine: Dask (pip install 'municipal-evalflow[dask]')"
    )
    (_, many), _ = stores
    with socket.socket() as taken:  # nobody listens there
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        code, text = told(
            capsys, "--store", many, "batch", "apply", f"{tmp_path}/plan.jsonl", "--dask", address
        )
    assert code == 2, text
    assert address in text
    assert "Dask" in text
