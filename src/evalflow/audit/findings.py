"""What verification says: findings, and what it could not check."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs

from evalflow.decision.decide import Check
from evalflow.errors import particles
from evalflow.model import Entry, PlanEntry
from evalflow.model.values import frozen


@frozen(kw_only=True)
class Mismatch:
    """Something in the store that its history does not support, or a history that the rules do not
    support.

    `number` is the first entry that does not fit, None where the fault lies beside the
    history. `column` names the table's column, or columns, e.g. `project.change`, None where the
    fault lies in none. `project` is the project's id, or what else the finding is about: a plan, a
    lifecycle, a table, a file of a bundle.

    `code` is one of
    `entry_changed`, `entry_missing`, `chain_broken`, `history_gap`, `no_history` (the chain);
    `order_broken`, `time_order` (the order of writing, and the times in it);
    `unreadable` (what stands there cannot be taken up);
    `unknown_event`, `impossible_move`, `not_allowed`, `entry_differs` (what the rules say of an
    entry); `plan_unknown` (an entry that does not stand under its plan's history); with `deep`
    also `rating_differs`, `late_differs`;
    `state_edited`, `evaluation_edited`, `definition_edited`, `notice_edited`, `plan_edited`,
    `lifecycle_edited` (tables that entries do not bear out); `project_missing` (rows of a project
    that is not there); `schema_altered`;
    of a bundle also `file_changed`, `file_missing`, `file_added`, `seal_differs`; of a checkpoint
    `checkpoint_differs`.
    """

    project: str
    code: str
    ko: str = attrs.field(converter=particles)
    en: str
    number: int | None = None
    column: str | None = None

    def text(self, lang: str = "ko") -> str:
        """Return the finding as one line."""
        where = self.project if self.number is None else f"{self.project} #{self.number}"
        return f"{where}: {self.ko if lang == 'ko' else self.en}"


@frozen(kw_only=True)
class Unchecked:
    """Something that a verification could not check: not a fault, but no proof either.

    `code` is one of `before_checkpoint` (a project of which a checkpoint covers every entry was not
    played again), `opening_balance` (what an older store held of a plan when it was upgraded:
    who revised it before then is not known), `actor_not_in_directory` (an embedding system handed
    the actor over: role and unit were its word), `revision_without_entry` (a plan revision from
    before plans had a history of their own, that no project's entry put into force),
    `plugin_not_asked` (a scorer or guard that is not installed, or broke),
    `refused_by_now` (this version would refuse the entry for the form of its data, or for what an
    action looks for, which an earlier one may not have asked; what follows in the project is not
    played; with `deep` it is a finding), `late_by_old_rules` (it was recorded as late by another
    number of days than it is by the rules and the holidays of now: an earlier version let an
    extension outlive the run of the clock that it was given for; with `deep` `late_differs`),
    `by_host` (the actor held the role by the word of the host's directory, which the entry keeps;
    everything else of it was checked as for anybody).
    """

    project: str
    code: str
    ko: str = attrs.field(converter=particles)
    en: str
    number: int | None = None

    def text(self, lang: str = "ko") -> str:
        """Return it as one line."""
        where = self.project if self.number is None else f"{self.project} #{self.number}"
        return f"{where}: {self.ko if lang == 'ko' else self.en}"


def by_host(entry: Entry | PlanEntry) -> tuple[str, str]:
    """Return, in both languages, that an entry rests on the word of the host's directory."""
    return (
        f"'{entry.actor}'의 '{entry.role}' 역할은 계획이 아니라 외부 인사 시스템이 알려 준 "
        "것입니다. 알려 준 내용은 이력에 남아 있고, 그 내용이 사실인지는 확인할 수 없습니다.",
        f"'{entry.actor}' held the role '{entry.role}' by the word of the host's directory, not of "
        "the plan: what it said is kept in the entry; whether that was so cannot be checked",
    )


Told = Callable[[Unchecked], object]
"""Who is told what could not be checked."""


def unreadable(
    about: str, column: str, value: Any, why: object, number: int | None = None
) -> Mismatch:
    """Return the finding that a value in a column cannot be taken up."""
    seen = shown(value)
    return Mismatch(
        project=about,
        code="unreadable",
        number=number,
        column=column,
        ko=f"{column}의 값을 읽을 수 없습니다: {seen} ({why})",
        en=f"the value of {column} cannot be read: {seen} ({why})",
    )


def edited(
    about: str,
    code: str,
    what: tuple[str, str],
    table: str,
    differing: Sequence[tuple[str, Any, Any]],
    number: int | None = None,
) -> Mismatch:
    """Return the finding that columns of a row are not what the entries leave; `differing` are
    (column, what stands there, what should), `what` is whose row it is."""
    columns = ", ".join(f"{table}.{column}" for column, _, _ in differing)
    ko = "; ".join(
        f"{c} = {shown(is_)} (이력대로면 {shown(should)})" for c, is_, should in differing
    )
    en = "; ".join(
        f"{c} is {shown(is_)}, by history {shown(should)}" for c, is_, should in differing
    )
    return Mismatch(
        project=about,
        code=code,
        number=number,
        column=columns,
        ko=f"{what[0]}이(가) 이력과 다릅니다: {ko}",
        en=f"{what[1]} does not match the history: {en}",
    )


def against(checks: Sequence[Check], lang: str) -> str:
    """Return the reasons of checks that did not pass, as one sentence after another."""
    return " ".join(reason.text(lang) for check in checks for reason in check.reasons)


def shown(value: Any) -> str:
    """Return a value as a person may look at it: short, printable, never a control character."""
    if value is None:
        return "NULL"
    text = ascii(value) if not isinstance(value, str) or not value.isprintable() else f"'{value}'"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 2] + "…" + text[-1]


_LONGEST = 60
