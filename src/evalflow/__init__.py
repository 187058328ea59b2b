"""evalflow: the yearly evaluation of an office's key projects as persisted state machines.

This is the door: what is listed in `__all__` is public, and `evalflow.testing` beside it.
Everything is imported when first used, so that a plain `import evalflow` costs little.

    import evalflow

    office = evalflow.open("sqlite:///office.db")
    plan = evalflow.load_plan("plan.yaml")
    office.adopt(plan, by=plan.actor("policy-1"))
    office.fire("seodaemun-2016/6", "self_evaluate", by=office.actor(...), data={...})
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evalflow.audit.bundle import Bundle, verify_bundle
    from evalflow.audit.verification import Checkpoint, Mismatch
    from evalflow.batch.applying import Receipt
    from evalflow.batch.chunks import Chunk
    from evalflow.batch.plan import BatchPlan, Planned, load_batch
    from evalflow.decision.deadlines import Due
    from evalflow.decision.decide import Check, Explanation
    from evalflow.decision.firing import Draft, Firing
    from evalflow.engine.engine import Engine, load_lifecycle, load_plan, open, vocabulary  # noqa: A004
    from evalflow.engine.facade import Facade
    from evalflow.engine.outbox import DeliveryReport
    from evalflow.engine.overview import Overview, ProjectOverview, overview
    from evalflow.engine.schemes import Overlap, overlaps, select_plan
    from evalflow.engine.spread import apply_chunk, spread
    from evalflow.engine.view import View
    from evalflow.errors import (
        Conflict,
        EvalflowError,
        Forbidden,
        InvalidInput,
        NotFound,
        PluginError,
        Problem,
        Reason,
        Refused,
        StorageError,
        Undeliverable,
    )
    from evalflow.lifecycle.definition import GuardSpec, Lifecycle
    from evalflow.lifecycle.diagram import picture
    from evalflow.model import (
        Act,
        Actor,
        Assignment,
        Band,
        Budget,
        CalendarRules,
        Change,
        Commit,
        DueRule,
        Entry,
        Evaluation,
        Figure,
        Grant,
        Indicator,
        Label,
        Line,
        Move,
        NotDue,
        Notice,
        Outgoing,
        Override,
        PlanHead,
        Project,
        ProjectDefinition,
        Rating,
        ScoringRules,
        Selection,
        Snapshot,
        Subject,
        Unit,
        Visibility,
        Withheld,
    )
    from evalflow.model.calendar import (
        Calendar,
        Deadline,
        Holidays,
        Period,
        library_holidays,
        listed_holidays,
    )
    from evalflow.model.canonical import Tree, canonical, digest, parse
    from evalflow.model.directory import Directory
    from evalflow.plan.definition import Plan
    from evalflow.plugins.forms import Form, FormFinding, FormRequest
    from evalflow.plugins.hooks import hookimpl
    from evalflow.plugins.installed import Plugins
    from evalflow.plugins.notifier import Notifier
    from evalflow.scoring.contract import Grade, Grader, Scorer
    from evalflow.scoring.explain import explain_line
    from evalflow.scoring.rates import Rates
    from evalflow.scoring.rollup import RollUp, roll_up
    from evalflow.storage.contract import (
        BulkStorage,
        Head,
        ProjectPosition,
        Settled,
        Storage,
        check_commit,
        check_like,
        move_like,
    )
    from evalflow.storage.faults import fault_point
    from evalflow.testing.sample_data import SampleContext, sample_data
    from evalflow.testing.scenario import Failure, Scenario, load_scenario, run_scenario

_HOMES = {
    "evalflow.model.directory": ("Directory",),
    "evalflow.audit.bundle": ("Bundle", "verify_bundle"),
    "evalflow.batch.applying": ("Receipt",),
    "evalflow.batch.chunks": ("Chunk",),
    "evalflow.batch.plan": ("BatchPlan", "Planned", "load_batch"),
    "evalflow.model.calendar": (
        "Calendar",
        "CalendarRules",
        "Deadline",
        "Holidays",
        "Period",
        "library_holidays",
        "listed_holidays",
    ),
    "evalflow.decision.decide": ("Check", "Explanation"),
    "evalflow.decision.deadlines": ("Due",),
    "evalflow.engine.engine": (
        "Engine",
        "check_lifecycle",
        "load_lifecycle",
        "load_plan",
        "open",
        "vocabulary",
    ),
    "evalflow.errors": (
        "Conflict",
        "EvalflowError",
        "Forbidden",
        "InvalidInput",
        "NotFound",
        "PluginError",
        "Problem",
        "Reason",
        "Refused",
        "StorageError",
        "Undeliverable",
    ),
    "evalflow.engine.facade": ("Facade",),
    "evalflow.decision.firing": ("Draft", "Firing"),
    "evalflow.plugins.forms": ("Form", "FormFinding", "FormRequest"),
    "evalflow.plugins.hooks": ("hookimpl",),
    "evalflow.lifecycle.definition": ("GuardSpec", "Lifecycle"),
    "evalflow.lifecycle.diagram": ("picture",),
    "evalflow.model": (
        "Act",
        "Actor",
        "Assignment",
        "Band",
        "Budget",
        "CalendarRules",
        "Change",
        "Commit",
        "DueRule",
        "Entry",
        "Evaluation",
        "Figure",
        "Grant",
        "Indicator",
        "Label",
        "Line",
        "Move",
        "NotDue",
        "Notice",
        "Outgoing",
        "Override",
        "PlanHead",
        "Project",
        "ProjectDefinition",
        "Rating",
        "ScoringRules",
        "Selection",
        "Snapshot",
        "Subject",
        "Unit",
        "Visibility",
        "ProjectPosition",
        "Withheld",
    ),
    "evalflow.engine.outbox": ("DeliveryReport",),
    "evalflow.plugins.notifier": ("Notifier",),
    "evalflow.plan.definition": ("Plan",),
    "evalflow.plugins.installed": ("Plugins",),
    "evalflow.testing.scenario": ("Failure", "Scenario", "load_scenario", "run_scenario"),
    "evalflow.engine.schemes": ("Overlap", "overlaps", "select_plan"),
    "evalflow.scoring.contract": ("Grade", "Grader", "Scorer"),
    "evalflow.scoring.explain": ("explain_line",),
    "evalflow.scoring.rates": ("Rates",),
    "evalflow.scoring.rollup": ("RollUp", "roll_up"),
    "evalflow.testing.sample_data": ("SampleContext", "sample_data"),
    "evalflow.engine.overview": ("Overview", "ProjectOverview", "overview"),
    "evalflow.engine.spread": ("apply_chunk", "spread"),
    "evalflow.storage.contract": (
        "Head",
        "Settled",
        "Storage",
        "BulkStorage",
        "ProjectPosition",
        "check_commit",
        "check_like",
        "move_like",
    ),
    "evalflow.storage.faults": ("fault_point",),
    "evalflow.model.canonical": ("Tree", "canonical", "digest", "parse"),
    "evalflow.engine.view": ("View",),
    "evalflow.audit.verification": ("Checkpoint", "Mismatch"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Act",
    "Actor",
    "Assignment",
    "Band",
    "BatchPlan",
    "Budget",
    "BulkStorage",
    "Bundle",
    "Calendar",
    "CalendarRules",
    "Change",
    "Check",
    "Checkpoint",
    "Chunk",
    "Commit",
    "Conflict",
    "Deadline",
    "DeliveryReport",
    "Directory",
    "Draft",
    "Due",
    "DueRule",
    "Engine",
    "Entry",
    "EvalflowError",
    "Evaluation",
    "Explanation",
    "Facade",
    "Failure",
    "Figure",
    "Firing",
    "Forbidden",
    "Form",
    "FormFinding",
    "FormRequest",
    "Grade",
    "Grader",
    "Grant",
    "GuardSpec",
    "Head",
    "Holidays",
    "Indicator",
    "InvalidInput",
    "Label",
    "Lifecycle",
    "Line",
    "Mismatch",
    "Move",
    "NotDue",
    "NotFound",
    "Notice",
    "Notifier",
    "Outgoing",
    "Overlap",
    "Override",
    "Overview",
    "Period",
    "Plan",
    "PlanHead",
    "Planned",
    "PluginError",
    "Plugins",
    "Problem",
    "Project",
    "ProjectDefinition",
    "ProjectOverview",
    "ProjectPosition",
    "Rates",
    "Rating",
    "Reason",
    "Receipt",
    "Refused",
    "RollUp",
    "SampleContext",
    "Scenario",
    "Scorer",
    "ScoringRules",
    "Selection",
    "Settled",
    "Snapshot",
    "Storage",
    "StorageError",
    "Subject",
    "Tree",
    "Undeliverable",
    "Unit",
    "View",
    "Visibility",
    "Withheld",
    "apply_chunk",
    "canonical",
    "check_commit",
    "check_lifecycle",
    "check_like",
    "digest",
    "explain_line",
    "fault_point",
    "hookimpl",
    "library_holidays",
    "listed_holidays",
    "load_batch",
    "load_lifecycle",
    "load_plan",
    "load_scenario",
    "move_like",
    "open",
    "overlaps",
    "overview",
    "parse",
    "picture",
    "roll_up",
    "run_scenario",
    "sample_data",
    "select_plan",
    "spread",
    "verify_bundle",
    "vocabulary",
]


def __getattr__(name: str) -> Any:
    module = _HOME_OF.get(name)
    if module is None:
        raise AttributeError(f"module 'evalflow' has no attribute '{name}'")
    value = getattr(import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF})
