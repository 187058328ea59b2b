"""A facade over the engine: every event of a project's lifecycle as a method."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from evalflow.engine.engine import Engine
from evalflow.lifecycle.stubs import attribute
from evalflow.model import Actor, Entry
from evalflow.model.arguments import all_checked


@all_checked
class Facade:
    """The engine's events as methods: `Facade(engine).approve("gu/3", by=actor)` fires `approve`.

    Which methods there are is a matter of the lifecycle that the project runs on. `evalflow
    lifecycle stubs` writes a stub file from a lifecycle: with it an editor completes the methods
    and their data, and mypy checks them.
    """

    def __init__(self, engine: Engine) -> None:
        """Take the engine that fires."""
        self._engine = engine

    def __getattr__(self, name: str) -> Callable[..., Entry]:
        if name.startswith("__"):
            raise AttributeError(name)

        def fire(
            project: str,
            *,
            by: Actor,
            key: str | None = None,
            data: Mapping[str, Any] | None = None,
            **fields: Any,
        ) -> Entry:
            engine = self._engine
            lifecycle = engine.plans.lifecycle(engine.project(project).lifecycle)
            meant = {attribute(event): event for event in lifecycle.events}
            given = {key: value for key, value in fields.items() if value is not None}
            return engine.fire(
                project, meant.get(name, name), by=by, data={**(data or {}), **given}, key=key
            )

        return fire
