"""What happened is counted and traced, by the real packages."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Iterator

import evalflow_metrics
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import generate_latest

import evalflow
from evalflow.testing.office import the_plan

PROVIDER = TracerProvider()
trace.set_tracer_provider(PROVIDER)


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    PROVIDER.add_span_processor(SimpleSpanProcessor(exporter))
    yield exporter
    exporter.shutdown()


def counted(name: str) -> int:
    found = [line for line in generate_latest().decode().splitlines() if line.startswith(name)]
    return sum(int(float(line.rpartition(" ")[2])) for line in found)


def test_entries_are_counted_and_have_spans_below_the_hosts(spans: InMemorySpanExporter) -> None:
    event = "self_evaluate"
    name = f'evalflow_entries_total{{event="{event}",plan="office-2016"}}'
    late = name.replace("entries_total", "entries_late_total")
    before = counted(name), counted(late)
    plan = the_plan(each=1, bureaus=("welfare",))
    moment = dt.datetime(2016, 4, 20, tzinfo=dt.UTC)
    with evalflow.open("memory:", plugins=[evalflow_metrics], clock=lambda: moment) as engine:
        engine.adopt(plan, by=plan.actor("policy-1"))
        with trace.get_tracer("host").start_as_current_span("a request") as host:
            own = host.get_span_context()
            with evalflow.request("4711"):
                engine.fire(
                    "office-2016/1", event, by="welfare-a-1", data={"actuals": {"done": 10}}
                )
    assert (counted(name), counted(late)) == (before[0] + 1, before[1] + 1)
    (told,) = [
        each
        for each in spans.get_finished_spans()
        if each.attributes and each.attributes.get("evalflow.event") == event
    ]
    assert told.name == "evalflow.fired"
    assert told.attributes is not None
    assert told.attributes["evalflow.request_id"] == "4711"
    assert told.parent is not None
    assert (told.parent.trace_id, told.parent.span_id) == (own.trace_id, own.span_id)


AT_ONCE = """
import sys, threading
import prometheus_client, evalflow_metrics
sys.setswitchinterval(1e-6)
start, made, wrong = threading.Barrier(16), set(), []
def ask():
    start.wait()
    try:
        made.add(evalflow_metrics._counting())
    except ValueError as error:
        wrong.append(error)
threads = [threading.Thread(target=ask) for _ in range(16)]
for each in threads: each.start()
for each in threads: each.join()
print(len(made), wrong)
"""


def test_engines_that_fire_at_once_share_one_counter() -> None:
    for _ in range(5):
        told = subprocess.run(
            [sys.executable, "-c", AT_ONCE], capture_output=True, text=True, check=True
        )
        assert told.stdout.split() == ["1", "[]"]
