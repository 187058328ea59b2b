"""What a lifecycle may say, key by key: in people's files, and in stored trees.

What stands in a list there has the key `name` besides.
"""

from __future__ import annotations

FORMAT = "lifecycle/1"
"""What the key `evalflow` of a lifecycle file says."""

LIFECYCLE = frozenset(
    {"evalflow", "name", "version", "ko", "en", "roles", "adopted_by", "regions", "events"}
    | {"project_plans", "duties", "replaces", "lines", "things", "opens"}
)
ROLE = frozenset({"ko", "en", "at"})
REGION = frozenset({"ko", "en", "initial", "states"})
STATE = frozenset({"ko", "en", "final", "fixed"})
EVENT = frozenset(
    {"ko", "en", "by", "due", "together", "transitions", "guards", "data", "actions"}
    | {"notices", "leads", "choose", "evaluation", "extension", "line", "at"}
)
STORED_EVENT = EVENT - {"actions"} | {"records"}
"""In a store what files call `actions` has the name that it always had."""

TRANSITION = frozenset({"from", "to", "guards", "by"})
FIELD = frozenset({"type", "ko", "en", "required", "options"})
FIELD_TYPES = frozenset(
    {"cards", "change", "choice", "criteria", "date", "declarations", "document", "event"}
    | {"explanations", "figures", "flag", "judgements", "measures", "money", "months", "number"}
    | {"period", "reason", "sign_off", "text", "texts", "visit", "votes"}
)
"""The types that a lifecycle may give to a field of an event's data; `fields` reads each."""

OPTION = frozenset({"ko", "en", "covers"})
COVERED = ("targets", "indicators", "term", "budget", "cards", "organisation", "other")
"""What an option of a choice may cover: what a plan's differences are about (R41)."""

NOTICE = frozenset({"name", "ko", "en", "to", "entering", "when", "ask"})
DUTY = frozenset({"ko", "en", "whoever", "may_not", "unless_acting", "optional", "since"})
LINE = frozenset({"ko", "en", "of", "by", "default"})
