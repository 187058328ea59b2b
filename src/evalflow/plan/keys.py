"""What a plan may say, key by key, and words under some of them: in people's files, and
in stored trees."""

from __future__ import annotations

from collections.abc import Mapping

from evalflow.plan.order import ORDER

FORMAT = "plan/1"
"""What the key `evalflow` of a plan file says."""

PLAN = frozenset(
    {"evalflow", "id", "revision", "effective", "year", "ko", "en", "illustrative", "document"}
    | {"lifecycle", "calendar", "scoring", "figures", "notices", "plugins", "forms", "visibility"}
    | {"lines", "duties"}
    | {
        "units",
        "directory",
        "appointments",
        "fields",
        "core_projects",
        "criteria",
        "goals",
        "milestones",
    }
    | {"exclusions", "lenient", "projects"}
)
STORED_PLAN = (PLAN | {ORDER}) - {"projects"}
REVISION = frozenset({"number", "by", "confirmed_by"})
LABEL = frozenset({"ko", "en"})
UNIT = frozenset({"kind", "ko", "en", "parent", "since", "until", "renamed"})
RENAMING = LABEL | {"on"}
GRANT = frozenset({"role", "unit", "since", "until"})
APPOINTMENT = GRANT | {"actor", "for", "reason"}
CALENDAR = frozenset(
    {"zone", "periods", "first", "last", "move", "holidays", "extra", "removed", "due"}
    | {"extension"}
)
SCORING = frozenset(
    {"scorer", "options", "basis", "places", "zero_target", "cap", "floor", "project_mean"}
    | {"group_mean", "bands", "grades"}
)
STORED_SCORING = SCORING | {ORDER}
FIGURES = frozenset({"brackets"})
GRADES = frozenset({"grader", "options", "by"})
BAND = LABEL | {"verdict", "at_least", "against"}
NOTICES = frozenset({"notifiers", "backoff", "reminders"})
REMINDER = frozenset({"before", "after", "working", "of", "to"})
PLUGINS = frozenset({"within"})
VISIBILITY = frozenset({"fixed_in", "seen_by", "withheld"})
WITHHELD = frozenset({"fields", "ground", "seen_by", "until_fixed"})
GOAL = LABEL | {"kind", "parent"}
DOCUMENT = frozenset(
    {"number", "registered_on", "approved_on", "disclosure", "purpose", "bases", "aims"}
    | {"cooperation", "signed_by", "consulted", "attachments"}
)
SIGNATURE = frozenset({"title", "actor", "signed_on", "acting"})
COOPERATION = frozenset({"partner", "matter", "result"})
EXCLUSION = LABEL | {"reason", "evaluated_in"}

PROJECT = frozenset(
    {"ko", "en", "illustrative", "unit", "assignments", "field", "core_project", "goals"}
    | {"selection", "cooperating", "kind", "start", "end", "content", "budget", "schedule"}
    | {"cards", "carried_from", "indicators", "about", "also_in"}
)
STORED_PROJECT = PROJECT | {ORDER}
INDICATOR = frozenset(
    {"ko", "en", "unit", "direction", "formula", "accumulation", "weight", "targets", "baseline"}
    | {"annual", "steps", "zero_target", "cap"}
)
STORED_INDICATOR = INDICATOR | {ORDER}
NOT_DUE = frozenset({"not_due"})
STEP = frozenset({"ko", "en", "weight"})
ASSIGNMENT = frozenset({"unit", "since", "until"})
BUDGET = frozenset({"sources", "periods"})
STORED_BUDGET = BUDGET | {ORDER}

# --------------------------------------------------------------------------- words

GOAL_ABOVE: Mapping[str, str | None] = {
    "strategy": None,
    "policy": "strategy",
    "project": "policy",
}
"""Kind of goal -> the kind of goal that it lies under (전략목표 > 정책사업목표 > 단위사업, R13)."""

OFFICE = "office"
"""The kind of the one unit at the top."""

UNIT_KINDS = (OFFICE, "bureau", "department")
"""The kinds of units that a plan may always use; a lifecycle's roles may add others."""

KINDS = ("new", "continued")
"""What a project may be: begun this year (신규), or going on (계속)."""

BASES = ("cumulative", "period")
"""What a rate is of: all periods so far (누계), or the period alone."""

PROJECT_MEANS = ("weighted", "plain")
"""How a project's rate is made of its indicators'."""

GROUP_MEANS = ("projects", "groups")
"""Of what a group's rate is the mean: of its projects, or of the groups in it."""

COMPARED = ("all", "field", "bureau", "unit")
"""Who is graded against whom."""

AGAINST = ("so_far", "whole")
"""Which rate a band looks at: the published one, or the one against the whole plan's target."""
