"""The values of evalflow, by noun: frozen, without I/O and without a clock.

Figures are `Decimal` here, text in stored trees, never a float. Times are aware and UTC.
"""

from __future__ import annotations

from evalflow.model.commits import Basis, Commit, Move, Roster, Selection, Snapshot
from evalflow.model.history import REDATE, Act, Entry, Evaluation, Notice, Outgoing, dated
from evalflow.model.plan_history import OPENING, PlanEntry, PlanMove
from evalflow.model.plans import (
    Cooperation,
    Exclusion,
    Goal,
    PlanDocument,
    PlanHead,
    Signature,
)
from evalflow.model.projects import (
    CONTENTS,
    Actual,
    Budget,
    Change,
    Figure,
    Indicator,
    NotDue,
    Project,
    ProjectDefinition,
    Share,
    Step,
)
from evalflow.model.ratings import Line, Override, Rating, Subject
from evalflow.model.rules import (
    Band,
    CalendarRules,
    Delivery,
    DueRule,
    ExtensionRule,
    GradeRules,
    ReminderRule,
    RevisionRules,
    ScoringRules,
    Visibility,
    Withheld,
)
from evalflow.model.units import Actor, Assignment, Grant, Label, Renaming, Unit

__all__ = [
    "CONTENTS",
    "OPENING",
    "REDATE",
    "Act",
    "Actor",
    "Actual",
    "Assignment",
    "Band",
    "Basis",
    "Budget",
    "CalendarRules",
    "Change",
    "Commit",
    "Cooperation",
    "Delivery",
    "DueRule",
    "Entry",
    "Evaluation",
    "Exclusion",
    "ExtensionRule",
    "Figure",
    "Goal",
    "GradeRules",
    "Grant",
    "Indicator",
    "Label",
    "Line",
    "Move",
    "NotDue",
    "Notice",
    "Outgoing",
    "Override",
    "PlanDocument",
    "PlanEntry",
    "PlanHead",
    "PlanMove",
    "Project",
    "ProjectDefinition",
    "Rating",
    "ReminderRule",
    "Renaming",
    "RevisionRules",
    "Roster",
    "ScoringRules",
    "Selection",
    "Share",
    "Signature",
    "Snapshot",
    "Step",
    "Subject",
    "Unit",
    "Visibility",
    "Withheld",
    "dated",
]
