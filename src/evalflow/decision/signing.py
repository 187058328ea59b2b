"""Lines of signatures (결재선): who signs a paper, in which order, and where it ends (전결, R58).

A lifecycle names the lines and all who may stand in them, a plan says who does. A signature is
what somebody did: an act of their own, dated by the clock, or a paper one that was entered as
such. A name that somebody else wrote down is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evalflow.lifecycle.definition import Event, Lifecycle, Line
from evalflow.model import Change, Evaluation, PlanHead

SIGN_LINE = "sign-line"
"""Under this name an evaluation keeps, among its facts, who drafted it and who signed; a field of
an event cannot bear it, for it is no identifier."""

DRAFT, SIGN = "draft", "sign"
"""What somebody in a line did: 기안, 결재."""

COOPERATE, SETTLE = "cooperate", "settle"
"""What others did beside the line: 협조, with or without dissent, and a superior who settled it."""

Signature = Mapping[str, Any]


def line_of(lifecycle: Lifecycle, event: Event) -> Line | None:
    """Return the line in which the event is a step, None where it is in none."""
    return None if event.line is None else lifecycle.lines[event.line]


def signers(line: Line, head: PlanHead, change: Change | None) -> tuple[str, ...]:
    """Return the roles that sign, in their order: as the plan says for the kind of change, or for
    the line, or as the lifecycle does."""
    kind = change.kind if line.of == "change" and change is not None else ""
    return line.signers(head.lines, kind)


def signed(line: Line, evaluation: Evaluation, change: Change | None) -> tuple[Signature, ...]:
    """Return what was done in the line so far: the draft, then the signatures."""
    if line.of == "change":
        return () if change is None else change.signatures
    return tuple(evaluation.facts.get(SIGN_LINE, ()))


def next_role(roles: Sequence[str], done: Sequence[Signature]) -> str | None:
    """Return the role that signs next, None where all have signed."""
    have = {each["role"] for each in done if each["step"] == SIGN}
    return next((role for role in roles if role not in have), None)


def signs_next(
    event: Event,
    lifecycle: Lifecycle,
    head: PlanHead,
    evaluation: Evaluation,
    change: Change | None,
) -> str | None:
    """Return the role that signs next in the event's line; None where it is in none, or all
    have signed."""
    line = line_of(lifecycle, event)
    if line is None:
        return None
    return next_role(signers(line, head, change), signed(line, evaluation, change))
