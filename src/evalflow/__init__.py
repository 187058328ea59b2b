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
    from evalflow.access import Directory
    from evalflow.audit import Bundle, verify_bundle
    from evalflow.batch.applying import Receipt
    from evalflow.batch.chunks import Chunk
    from evalflow.batch.plan import BatchPlan, Planned, load_batch
    from evalflow.calendar import (
        Calendar,
        Deadline,
        Holidays,
        Period,
        library_holidays,
        listed_holidays,
    )
    from evalflow.decision import Check, Explanation
    from evalflow.dues import Due
    from evalflow.engine import Engine, load_lifecycle, load_plan, open, vocabulary  # noqa: A004
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
    from evalflow.facade import Facade
    from evalflow.firing import Draft, Firing
    from evalflow.forms import Form, FormFinding, FormRequest
    from evalflow.hookspecs import hookimpl
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
    from evalflow.outbox import DeliveryReport, Notifier
    from evalflow.plan import Plan
    from evalflow.plan.examples import example
    from evalflow.plugins import Plugins
    from evalflow.scenario import Failure, Scenario, load_scenario, run_scenario
    from evalflow.schemes import Overlap, overlaps, select_plan
    from evalflow.scoring.contract import Grade, Grader, Scorer
    from evalflow.scoring.explain import explain_line
    from evalflow.scoring.rates import Rates
    from evalflow.scoring.rollup import RollUp, roll_up
    from evalflow.specimens import Occasion, specimen
    from evalflow.spreading import apply_chunk, spread
    from evalflow.standing import Overview, Standing, overview
    from evalflow.storage.contract import (
        Last,
        Settled,
        Storage,
        Sweeping,
        Whereabouts,
        check_commit,
        check_like,
        filled,
    )
    from evalflow.storage.points import fault_point
    from evalflow.text import Tree, canonical, digest, parse
    from evalflow.verification import Checkpoint, Mismatch
    from evalflow.view import View

    __version__: str
    """The version of the installed distribution `municipal-evalflow`."""

_HOMES = {
    "evalflow.access": ("Directory",),
    "evalflow.audit": ("Bundle", "verify_bundle"),
    "evalflow.batch.applying": ("Receipt",),
    "evalflow.batch.chunks": ("Chunk",),
    "evalflow.batch.plan": ("BatchPlan", "Planned", "load_batch"),
    "evalflow.calendar": (
        "Calendar",
        "CalendarRules",
        "Deadline",
        "Holidays",
        "Period",
        "library_holidays",
        "listed_holidays",
    ),
    "evalflow.decision": ("Check", "Explanation"),
    "evalflow.dues": ("Due",),
    "evalflow.engine": (
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
    "evalflow.facade": ("Facade",),
    "evalflow.firing": ("Draft", "Firing"),
    "evalflow.forms": ("Form", "FormFinding", "FormRequest"),
    "evalflow.hookspecs": ("hookimpl",),
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
        "Whereabouts",
        "Withheld",
    ),
    "evalflow.outbox": ("DeliveryReport", "Notifier"),
    "evalflow.plan": ("Plan",),
    "evalflow.plan.examples": ("example",),
    "evalflow.plugins": ("Plugins",),
    "evalflow.scenario": ("Failure", "Scenario", "load_scenario", "run_scenario"),
    "evalflow.schemes": ("Overlap", "overlaps", "select_plan"),
    "evalflow.scoring.contract": ("Grade", "Grader", "Scorer"),
    "evalflow.scoring.explain": ("explain_line",),
    "evalflow.scoring.rates": ("Rates",),
    "evalflow.scoring.rollup": ("RollUp", "roll_up"),
    "evalflow.specimens": ("Occasion", "specimen"),
    "evalflow.standing": ("Overview", "Standing", "overview"),
    "evalflow.spreading": ("apply_chunk", "spread"),
    "evalflow.storage.contract": (
        "Last",
        "Settled",
        "Storage",
        "Sweeping",
        "Whereabouts",
        "check_commit",
        "check_like",
        "filled",
    ),
    "evalflow.storage.points": ("fault_point",),
    "evalflow.text": ("Tree", "canonical", "digest", "parse"),
    "evalflow.view": ("View",),
    "evalflow.verification": ("Checkpoint", "Mismatch"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Act",
    "Actor",
    "Assignment",
    "Band",
    "BatchPlan",
    "Budget",
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
    "Holidays",
    "Indicator",
    "InvalidInput",
    "Label",
    "Last",
    "Lifecycle",
    "Line",
    "Mismatch",
    "Move",
    "NotDue",
    "NotFound",
    "Notice",
    "Notifier",
    "Occasion",
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
    "Rates",
    "Rating",
    "Reason",
    "Receipt",
    "Refused",
    "RollUp",
    "Scenario",
    "Scorer",
    "ScoringRules",
    "Selection",
    "Settled",
    "Snapshot",
    "Standing",
    "Storage",
    "StorageError",
    "Subject",
    "Sweeping",
    "Tree",
    "Undeliverable",
    "Unit",
    "View",
    "Visibility",
    "Whereabouts",
    "Withheld",
    "apply_chunk",
    "canonical",
    "check_commit",
    "check_lifecycle",
    "check_like",
    "digest",
    "example",
    "explain_line",
    "fault_point",
    "filled",
    "hookimpl",
    "library_holidays",
    "listed_holidays",
    "load_batch",
    "load_lifecycle",
    "load_plan",
    "load_scenario",
    "open",
    "overlaps",
    "overview",
    "parse",
    "picture",
    "roll_up",
    "run_scenario",
    "select_plan",
    "specimen",
    "spread",
    "verify_bundle",
    "vocabulary",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return _version()
    module = _HOME_OF.get(name)
    if module is None:
        raise AttributeError(f"module 'evalflow' has no attribute '{name}'")
    value = getattr(import_module(module), name)
    globals()[name] = value
    return value


def _version() -> str:
    from importlib import metadata  # which takes longer than all of this module

    try:
        return metadata.version("municipal-evalflow")
    except metadata.PackageNotFoundError:
        raise AttributeError(
            "evalflow has no __version__: municipal-evalflow is on the path and not installed"
        ) from None


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF, "__version__"})
