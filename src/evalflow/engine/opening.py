"""Opening a store, and reading definitions with the plugins that are installed."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from evalflow.engine.engine import Clock, Engine, now
from evalflow.errors import InvalidInput
from evalflow.lifecycle.definition import Lifecycle, Vocabulary
from evalflow.model.arguments import checked
from evalflow.model.calendar import Calendar, Holidays
from evalflow.plan.definition import Plan
from evalflow.plugins.host_directory import NAMED_BY, HostDirectory, named
from evalflow.plugins.installed import Plugins

if TYPE_CHECKING:
    from evalflow.files.table_reader import Book
    from evalflow.lifecycle.check.finding import Finding
    from evalflow.plan.workbook_reader import OfficeBook


@checked
def open(
    url: str,
    *,
    plugins: Plugins | Sequence[Any] | None = None,
    clock: Clock = now,
    holidays: Holidays | None = None,
    directory: HostDirectory | None = None,
) -> Engine:
    """Open the store that `url` names and return the engine on it.

    `memory:` lives as long as the engine; `sqlite:///office.db` (three slashes: relative, four:
    absolute) is made where it does not exist; other schemes come from plugins. `plugins` lists
    plugin objects or names to use; None takes the installed ones, or those that
    `EVALFLOW_PLUGINS` names. `directory` is the host's own directory: it says, beside the plans,
    who holds which role where (see `evalflow.HostDirectory`); None takes the one that
    `EVALFLOW_DIRECTORY` names (`package.module:name`), where it names one.

    Raises:
        StorageError: the store cannot be used, or no installed plugin knows the scheme.
        InvalidInput: an argument is of another kind, or what `EVALFLOW_DIRECTORY` names is no
            directory.
    """
    if directory is None and (name := os.environ.get(NAMED_BY)):
        directory = named(name)
    loaded = _plugins(plugins)
    return Engine(
        loaded.storage(url), plugins=loaded, clock=clock, holidays=holidays, directory=directory
    )


@checked
def load_lifecycle(
    source: str | os.PathLike[str], *, plugins: Plugins | Sequence[Any] | None = None
) -> Lifecycle:
    """Return the lifecycle in a YAML file, or the preset of this name, checked whole.

    `plugins` as for `open`.

    Raises:
        InvalidInput: the definition has mistakes; all of them, with file and line.
    """
    from evalflow.lifecycle import load as lifecycle_load

    return lifecycle_load.load_lifecycle(source, vocabulary=vocabulary(plugins))


@checked
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
    from evalflow.files.yaml import placed, read
    from evalflow.lifecycle import load as lifecycle_load
    from evalflow.plan import load as plan_load

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


@checked
def check_lifecycle(
    lifecycle: Lifecycle,
    *,
    plan: Plan | None = None,
    plugins: Plugins | Sequence[Any] | None = None,
) -> tuple[Finding, ...]:
    """Return what is provably wrong, or looks wrong, with a lifecycle; given a plan, also with its
    people, units and days. `plugins` as for `open`."""
    from evalflow.lifecycle.check.checks import check as prove

    return prove(
        lifecycle,
        vocabulary=vocabulary(plugins),
        head=None if plan is None else plan.head,
        units=None if plan is None else plan.units_in_charge(),
        calendar=(
            None
            if plan is None
            else Calendar(plan.head.calendar, kinds=_plugins(plugins).due_rules)
        ),
    )


def vocabulary(plugins: Plugins | Sequence[Any] | None = None) -> Vocabulary:
    """Return the guards and actions that a lifecycle may name: built in, and from plugins."""
    from evalflow.decision.actions import ACTIONS

    found = _plugins(plugins)
    return Vocabulary(guards=found.guard_specs, actions=frozenset(ACTIONS), dues=found.due_specs)


def _plugins(plugins: Plugins | Sequence[Any] | None) -> Plugins:
    return plugins if isinstance(plugins, Plugins) else Plugins.load(plugins)


DEFAULT_PRESET = "major-works"
"""The lifecycle of a workbook that names none."""


def load_office_book(
    source: str | os.PathLike[str],
    *,
    before: Callable[[str], Plan | None] = lambda _: None,
    plugins: Plugins | Sequence[Any] | None = None,
    plan_file: str = "plan.yaml",
    book: Book | None = None,
) -> OfficeBook:
    """Return the plan in an office's workbook (`evalflow init`), checked whole.

    `before` gives the plan of an id as it stands, which the workbook then changes; None: it is
    new. A lifecycle that the workbook names as a file lies beside it. `plan_file` is what the
    plan's file will be called; `book` the workbook, where it was read already.

    Raises:
        InvalidInput: cells are wrong, or the plan lacks what it must say: all of it, with sheet
            and cell.
    """
    from evalflow.files.table_reader import read_book
    from evalflow.lifecycle import load as lifecycle_load
    from evalflow.plan import load as plan_load
    from evalflow.plan.workbook_reader import read_office_book
    from evalflow.plan.workbook_settings import book_says, in_settings

    known = _plugins(plugins)
    names = vocabulary(known)
    book = book or read_book(source)
    folder = os.path.dirname(os.fspath(source))
    named = book_says(book, "lifecycle") or DEFAULT_PRESET
    was = before(plan_id) if (plan_id := book_says(book, "id")) else None
    try:
        lifecycle = (
            lifecycle_load.load_lifecycle(plan_load.beside(folder, named), vocabulary=names)
            if was is None
            else was.lifecycle
        )
    except InvalidInput as error:
        raise in_settings(error, book) from None
    said = read_office_book(book, lifecycle, named=named, before=was)
    plan = plan_load.load_plan(said.text.encode(), lifecycle=lambda _: lifecycle, name=plan_file)
    if lacking := known.check(plan.head):
        raise InvalidInput(lacking)
    return attrs.evolve(said, plan=attrs.evolve(plan, notes=said.plan.notes))
