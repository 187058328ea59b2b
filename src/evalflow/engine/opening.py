"""Opening a store, and reading definitions with the plugins that are installed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from evalflow.decision.actions import ACTIONS
from evalflow.engine.engine import Clock, Engine, now
from evalflow.errors import InvalidInput
from evalflow.files.yaml import placed, read
from evalflow.lifecycle import load as lifecycle_load
from evalflow.lifecycle.check.checks import Finding
from evalflow.lifecycle.check.checks import check as prove
from evalflow.lifecycle.definition import Lifecycle, Vocabulary
from evalflow.model.calendar import Calendar, Holidays
from evalflow.plan import load as plan_load
from evalflow.plan.definition import Plan
from evalflow.plugins.installed import Plugins


def open(
    url: str,
    *,
    plugins: Plugins | Sequence[Any] | None = None,
    clock: Clock = now,
    holidays: Holidays | None = None,
) -> Engine:
    """Open the store that `url` names and return the engine on it.

    `memory:` lives as long as the engine; `sqlite:///office.db` (three slashes: relative, four:
    absolute) is made where it does not exist; other schemes come from plugins. `plugins` lists
    plugin objects or names to use; None takes the installed ones, or those that
    `EVALFLOW_PLUGINS` names.

    Raises:
        StorageError: the store cannot be used, or no installed plugin knows the scheme.
    """
    loaded = _plugins(plugins)
    return Engine(loaded.storage(url), plugins=loaded, clock=clock, holidays=holidays)


def load_lifecycle(
    source: str | os.PathLike[str], *, plugins: Plugins | Sequence[Any] | None = None
) -> Lifecycle:
    """Return the lifecycle in a YAML file, or the preset of this name, checked whole.

    `plugins` as for `open`.

    Raises:
        InvalidInput: the definition has mistakes; all of them, with file and line.
    """
    return lifecycle_load.load_lifecycle(source, vocabulary=vocabulary(plugins))


def load_plan(
    source: str | os.PathLike[str],
    *,
    tables: Sequence[str | os.PathLike[str]] = (),
    plugins: Plugins | Sequence[Any] | None = None,
) -> Plan:
    """Return the plan in a YAML file together with the lifecycle that it names, checked whole.

    `tables` are files (XLSX, CSV …) of projects, budgets and targets that are laid over it;
    `plugins` as for `open`.

    Raises:
        InvalidInput: the plan or its lifecycle has mistakes, or asks for a scorer, notifier or
            guard that is not installed; all of it, with file and line.
    """
    known = _plugins(plugins)
    names = vocabulary(known)
    plan = plan_load.load_plan(
        source,
        lifecycle=lambda name: lifecycle_load.load_lifecycle(name, vocabulary=names),
        tables=tables,
    )
    if lacking := known.check(plan.head):
        raise placed(InvalidInput(lacking), read(source))
    return plan


def check_lifecycle(
    lifecycle: Lifecycle,
    *,
    plan: Plan | None = None,
    plugins: Plugins | Sequence[Any] | None = None,
) -> tuple[Finding, ...]:
    """Return what can be proved wrong, or looks wrong, with a lifecycle; with a plan also with its
    people, units and days. `plugins` as for `open`."""
    return prove(
        lifecycle,
        vocabulary=vocabulary(plugins),
        head=None if plan is None else plan.head,
        units=None if plan is None else plan.units_in_charge(),
        calendar=None if plan is None else Calendar(plan.head.calendar),
    )


def vocabulary(plugins: Plugins | Sequence[Any] | None = None) -> Vocabulary:
    """Return the guards and actions that a lifecycle may name: built in, and from plugins."""
    return Vocabulary(guards=_plugins(plugins).guard_specs, actions=frozenset(ACTIONS))


def _plugins(plugins: Plugins | Sequence[Any] | None) -> Plugins:
    return plugins if isinstance(plugins, Plugins) else Plugins.load(plugins)
