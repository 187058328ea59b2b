"""Verification: do the stored states, evaluations and histories still tell one story?

`verify` reads every row and trusts none: the hash chain of every project, what the rules say of
each entry, and every row of every table against what the entries leave when they are played again
(see `histories`). What somebody can rewrite whole, chain and all, only a checkpoint on paper shows:
see `Checkpoint`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

import attrs

from evalflow.audit.findings import Mismatch, Told, Unchecked, shown, unreadable
from evalflow.audit.ground import Footing, Ground
from evalflow.audit.histories import History, Power
from evalflow.audit.plan_histories import PlanHistory, Traces
from evalflow.audit.values import WRONG
from evalflow.decision.replay import effective_period
from evalflow.errors import NotFound, invalid
from evalflow.model import Entry
from evalflow.model.calendar import DueFunction, Holidays
from evalflow.model.canonical import digest
from evalflow.model.values import frozen
from evalflow.storage.integrity import OWNERS, Indexed, Narrow, Tables, Values


@frozen(kw_only=True)
class Scope:
    """What is verified: one plan or project, None for all; with `powers`, deep. `moved` holds, of
    plans that are verified from a checkpoint on, the projects with entries since."""

    plan: str | None = None
    project: str | None = None
    powers: Callable[[Footing], Power] | None = None
    moved: Mapping[str, frozenset[str]] = attrs.field(factory=dict)

    def covers(self, project: object) -> bool:
        """Say whether a project's id, or what stands in its place, is to be looked at."""
        if self.project is not None:
            return project == self.project
        return self.plan is None or plan_of(project) == self.plan

    def quiet(self, project: str) -> bool:
        """Say whether a checkpoint covers everything that the project ever did."""
        moved = self.moved.get(plan_of(project))
        return moved is not None and project not in moved

    @property
    def all(self) -> bool:
        """Say whether the whole store is verified."""
        return self.plan is None and self.project is None


def plan_of(project: object) -> str:
    """Return the plan in a project's id; "" where it is none."""
    return project.rpartition("/")[0] if isinstance(project, str) else ""


def _narrow(tables: Tables, scope: Scope) -> Tables:
    """Return the tables without what is other plans', where one plan is verified and that can be
    had."""
    plan = scope.plan if scope.project is None else plan_of(scope.project)
    return tables.of_plan(plan) if plan and isinstance(tables, Narrow) else tables


def check_names(tables: Tables, plan: str | None, project: str | None) -> None:
    """See to it that there is what is to be verified.

    Raises:
        NotFound: the store has no such plan or project, or no plan at all.
    """
    own = _narrow(tables, Scope(plan=plan, project=project))
    if project is not None and project in _projects(own):
        return
    if project is None and plan is not None and plan in own.owners("plan_revision"):
        return
    projects = [each for each in _projects(tables) if isinstance(each, str)]
    plans = [each for each in tables.owners("plan_revision") if isinstance(each, str)]
    plans = list(dict.fromkeys([*plans, *filter(None, map(plan_of, projects))]))
    if project is not None and project not in projects:
        raise NotFound("project", project, projects or plans)
    if not plans or (plan is not None and plan not in plans):
        raise NotFound("plan", plan or "*", plans)


def verify(
    tables: Tables,
    scope: Scope,
    *,
    holidays: Holidays | None = None,
    kinds: Mapping[str, DueFunction] | None = None,
    told: Told = lambda unchecked: None,
) -> Iterator[Mismatch]:
    """Yield what does not fit in a store's tables, project by project; nothing where all is well.

    `told` is told what could not be checked. Nothing that stands in a table ends it: what cannot
    be read is a finding, and the next project is looked at.
    """
    tables = _narrow(tables, scope)
    ground = Ground(tables, holidays, kinds)
    traces: dict[str, Traces] = {}
    missing, followed = 0, True
    faults = [*tables.faults()]
    if scope.all and isinstance(tables, Indexed):
        faults += tables.damages()
    for fault in faults:
        yield _mismatch(fault.name, "schema_altered", None, fault.text("ko"), fault.text("en"))
    there = frozenset(tables.owners("project"))
    for project in _projects(tables):
        if not scope.covers(project):
            continue
        if not isinstance(project, str):
            yield unreadable(shown(project), "project.id", project, type(project).__name__)
            continue
        if project not in there:
            yield _missing(tables, project)
        history = History(
            project=project,
            rows=partial(_rows, tables, project),
            kept=tables.kept,
            ground=ground,
            told=told,
            powers=scope.powers,
            traces=traces.setdefault(plan_of(project), Traces()),
            quiet=scope.quiet(project),
        )
        try:
            yield from history.judge()
        except WRONG as error:  # the file itself, or what nobody thought of: go on all the same
            yield unreadable(project, "-", None, f"{type(error).__name__}: {error}"[:200])
        missing += history.missing
        followed = followed and history.followed
    if scope.project is not None:
        yield from ground.chain(plan_of(scope.project)).found
    else:
        owners = (each for table in PLANS for each in tables.owners(table))
        plans = {each for each in owners if isinstance(each, str)}
        for plan in sorted(plans | set(traces)):
            if scope.plan in (None, plan):
                bound = plan in scope.moved  # its revisions are in the checkpoint, too
                hears = _unheard if bound else told
                found = traces.get(plan, Traces())
                yield from revisions_fit(ground, plan, found.revised, hears)
                yield from PlanHistory(plan, ground, found, hears).judge()
    if scope.all:
        yield from ground.rest()
        yield from _in_order(tables, missing, followed)
    yield from ground.told()


def revisions_fit(
    ground: Ground, plan: str, revised: Mapping[int, tuple[Entry, str | None]], told: Told
) -> Iterator[Mismatch]:
    """Yield what of a plan's revisions is not what the projects' entries that made them leave, of
    those from before the plan had a history of its own. `revised` is by number the first entry that
    a revision was made by and, of an approved change, the digest of the head that it leaves as it
    was."""
    chain = ground.chain(plan)
    upto = 0
    if not chain.entries or chain.opened:
        upto = chain.entries[0].revision if chain.entries else len(ground.revisions(plan))
    for number, revision in ground.revisions(plan).items():
        made = revised.get(number)
        if number > upto:
            break
        if made is None:
            told(
                Unchecked(
                    project=plan,
                    code="revision_without_entry",
                    ko=f"{number}차 계획을 시행한 사업 이력이 없어 대조할 수 없습니다.",
                    en=f"no project's entry put revision {number} into force: it cannot be checked",
                )
            )
            continue
        entry, seal = made
        if seal is not None and seal != revision.seal:
            yield _plan_edited(
                plan,
                "plan_revision.tree",
                f"{number}차 계획은 사업 변경만 반영한 것인데 조직·일정·권한·평가규칙이 다릅니다.",
                f"revision {number} was made by a change of one project, but units, calendar, "
                "directory or scoring differ",
            )
        fits, expected = _effective(ground, plan, number, entry)
        if not fits(revision.effective):
            yield _plan_edited(
                plan,
                "plan_revision.effective",
                f"{number}차 계획의 적용 시작 {shown(revision.effective)}이(가) 이력과 다릅니다"
                f"({expected}).",
                f"revision {number} counts from {shown(revision.effective)}, by history from "
                f"{expected}",
            )
    yield from ground.told()


def _effective(
    ground: Ground, plan: str, number: int, entry: Entry
) -> tuple[Callable[[str], bool], str]:
    """Return what says whether a revision may count from a period, and the period for people."""
    footing = ground.footing(plan, max(number - 1, 1))
    if footing is None:  # told already
        return (lambda effective: True), ""
    if number == 1:
        first = footing.head.calendar.first
        return first.__eq__, first
    calendar = footing.calendar
    return effective_period(calendar, entry.at), calendar.period_on(calendar.today(entry.at)).text


def _unheard(unchecked: Unchecked) -> None:
    """Take no note."""


PLANS = tuple([table for table, owner in OWNERS.items() if owner == "plan"])
"""The tables whose rows are a plan's."""


def _projects(tables: Tables) -> list[object]:
    """Return every project that any table speaks of; those of `project` first, in their order."""
    owned = [table for table, owner in OWNERS.items() if owner in ("id", "project")]
    owned.sort(key=lambda table: table != "project")
    return list(dict.fromkeys(each for table in owned for each in tables.owners(table)))


def _rows(tables: Tables, project: str, table: str) -> Iterator[Values]:
    return tables.rows(table, project)


def _missing(tables: Tables, project: str) -> Mismatch:
    owned = [table for table, owner in OWNERS.items() if owner == "project"]
    speaking = [table for table in owned if any(True for _ in tables.rows(table, project))]
    listed = ", ".join(speaking)
    return _mismatch(
        project,
        "project_missing",
        None,
        f"사업이 없는데 그 사업의 행이 남아 있습니다: {listed}",
        f"there is no such project, but rows of it: {listed}",
        "project.id",
    )


def _in_order(tables: Tables, missing: int, followed: bool) -> Iterator[Mismatch]:
    """Yield where the order of writing has gaps that no finding has told of (positions are handed
    out one after another), and where notices do not stand in the order of the entries, if the
    entries have theirs: `followed`."""
    if not tables.gapless:
        return
    for table in ("entry", "notice"):
        gone, expected, before = 0, 1, 0
        turned = None
        for position, entry in tables.positions(table):
            if not isinstance(position, int):
                continue
            gone += max(position - expected, 0)
            expected = position + 1
            if isinstance(entry, int):
                turned = position if entry < before and turned is None else turned
                before = entry
        if turned is not None and followed:
            yield _mismatch(
                table,
                "order_broken",
                None,
                f"{table}의 순번 {turned}이(가) 이력의 순서와 다릅니다.",
                f"position {turned} of {table} does not stand in the order of the entries",
                f"{table}.position",
            )
        if gone > (missing if table == "entry" else 0):
            yield _mismatch(
                table,
                "order_broken",
                None,
                f"{table}에서 {gone}건이 빠졌습니다(순번이 이어지지 않습니다).",
                f"{gone} rows of {table} are gone: the positions have gaps",
                f"{table}.position",
            )


def _plan_edited(plan: str, column: str, ko: str, en: str) -> Mismatch:
    return _mismatch(plan, "plan_edited", None, ko, en, column)


# --------------------------------------------------------------------------- checkpoints


@frozen(kw_only=True)
class Checkpoint:
    """Everything in a plan's history up to now, condensed into one line that can be put on paper.

    Whoever rewrites the store whole, hashes and all, cannot rewrite the paper. `entries` is how
    many entries the plan had, `revisions` how many revisions, and `hash` the SHA-256 over the
    hashes of just these, in the order in which they were written: it comes out the same from
    the store in later years, and from a bundle, however much was added since.
    """

    plan: str
    revisions: int
    entries: int
    hash: str

    def __str__(self) -> str:
        groups = " ".join(self.hash[place : place + 8] for place in range(0, 64, 8))
        return f"{self.plan} r{self.revisions} #{self.entries} {groups}"

    @classmethod
    def read(cls, text: str) -> Checkpoint:
        """Return the checkpoint in a line off the paper; spaces and capitals do not matter, and
        16 of the 64 hexadecimal digits will do.

        Raises:
            InvalidInput: it is no checkpoint.
        """
        found = _CHECKPOINT.fullmatch(text.strip())
        digits = re.sub(r"\s", "", found[4]).lower() if found else ""
        if found is None or not 16 <= len(digits) <= 64:
            raise invalid(
                "bad_checkpoint",
                value=text[:100],
                ko="확인값이 아닙니다. 예: 'seodaemun-2016 r2 #301 9f86d081 884c7d65' "
                "(16진수 16자리 이상)",
                en="not a checkpoint; expected e.g. 'seodaemun-2016 r2 #301 9f86d081 "
                "884c7d65' (16 hexadecimal digits or more)",
            )
        return cls(plan=found[1], revisions=int(found[2]), entries=int(found[3]), hash=digits)


_CHECKPOINT = re.compile(r"(\S+)\s+r([0-9]{1,9})\s+#([0-9]{1,12})\s+([0-9a-fA-F\s]+)")


def checkpoint(
    plan: str,
    heads: Sequence[str],
    hashes: Iterable[str],
    upto: Checkpoint | None = None,
) -> Checkpoint:
    """Return the checkpoint of a plan: `heads` are the texts of its revisions in order, `hashes`
    those of its entries in the order in which they were written. With `upto`, the one that
    should have come out when `upto` was made."""
    if upto is not None:
        heads = heads[: upto.revisions]
    seal = hashlib.sha256(plan.encode())
    for head in heads:
        seal.update(digest(head).encode())
    count = 0
    for text in hashes:
        if upto is not None and count == upto.entries:
            break
        seal.update(text.encode())
        count += 1
    return Checkpoint(plan=plan, revisions=len(heads), entries=count, hash=seal.hexdigest())


def compare(noted: Checkpoint, found: Checkpoint) -> Iterator[Mismatch]:
    """Yield where what was noted on paper is not what comes out now."""
    same = (noted.plan, noted.revisions, noted.entries) == (
        found.plan,
        found.revisions,
        found.entries,
    )
    if not same or not found.hash.startswith(noted.hash):
        yield _mismatch(
            noted.plan,
            "checkpoint_differs",
            None,
            f"적어 둔 확인값과 다릅니다. 지금 계산한 값: {found}",
            f"not what was noted; what comes out now is: {found}",
        )


def hashes_of(plan: str, entries: Iterable[tuple[int, Entry]]) -> Iterator[str]:
    """Yield the hashes of the plan's entries out of all of a store's, in their order."""
    for _, entry in entries:
        if entry.project.rpartition("/")[0] == plan:
            yield entry.hash


def _mismatch(
    project: str, code: str, number: int | None, ko: str, en: str, column: str | None = None
) -> Mismatch:
    return Mismatch(project=project, code=code, number=number, ko=ko, en=en, column=column)
