"""What happens, as Prometheus metrics and OpenTelemetry spans, each where its package is installed.

Entries are counted once they are committed (the hook `evalflow_fired`): in the process that wrote
them, in Prometheus's default registry. A host exposes it as it exposes its own, `evalflow serve`
by the hook `evalflow_metrics`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from functools import cache
from importlib.util import find_spec
from typing import Any

from evalflow import Entry
from evalflow.plugins import hookimpl

Told = Callable[[Entry, str | None], None]


class _Once:
    """Makes each thing once, whichever thread of whichever engine asks first. A forked child does
    not wait for a thread of its parent's."""

    def __init__(self) -> None:
        self._begin()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        self._lock = threading.Lock()

    def __call__(self, make: Callable[[], Told | None]) -> Callable[[], Told | None]:
        made = cache(make)

        def once() -> Told | None:
            with self._lock:
                return made()

        return once


_once = _Once()


@hookimpl
def evalflow_fired(entry: Entry, request_id: str | None) -> None:
    """Count the entry, and give it a span."""
    for tell in (_counting(), _tracing()):
        if tell is not None:
            tell(entry, request_id)


@hookimpl
def evalflow_metrics() -> Mapping[str, Callable[[], tuple[str, bytes]]]:
    """Give what Prometheus scrapes, where `prometheus_client` is installed."""
    return {"prometheus": _exposed} if find_spec("prometheus_client") else {}


def _exposed() -> tuple[str, bytes]:
    """Return the default registry's metrics, with their content type."""
    from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

    _counting()  # what was never counted stands there, too
    return CONTENT_TYPE_LATEST, generate_latest()


@_once
def _counting() -> Told | None:
    """Return what counts entries; None where `prometheus_client` is not installed."""
    try:
        from prometheus_client import Counter
    except ImportError:
        return None
    labels = ("plan", "event")
    entries: Any = Counter("evalflow_entries", "Entries written, by plan and event.", labels)
    late: Any = Counter("evalflow_entries_late", "Of these, after their deadline.", labels)

    def count(entry: Entry, _: str | None) -> None:
        named = entry.project.rpartition("/")[0], entry.event
        entries.labels(*named).inc()
        if entry.late:
            late.labels(*named).inc()

    return count


@_once
def _tracing() -> Told | None:
    """Return what gives entries spans; None where `opentelemetry-api` is not installed."""
    try:
        from opentelemetry import trace
    except ImportError:
        return None

    def span(entry: Entry, request_id: str | None) -> None:
        attributes: dict[str, str | int] = {
            "evalflow.project": entry.project,
            "evalflow.entry": entry.number,
            "evalflow.event": entry.event,
            **({} if request_id is None else {"evalflow.request_id": request_id}),
        }
        # It stands below the host's own span: the context is that of the call which fired.
        trace.get_tracer("evalflow").start_span("evalflow.fired", attributes=attributes).end()

    return span
