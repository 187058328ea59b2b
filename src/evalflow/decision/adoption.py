"""Adoption: what is written when a plan is put into force, and when it is revised. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping

import attrs

from evalflow.decision.entries import (
    following,
    moved,
    plan_following,
    rules_seal,
    seals,
    sections,
)
from evalflow.errors import InvalidInput, Problem, Reason, Refused, invalid
from evalflow.files.words import IN_WORDS, has_words
from evalflow.lifecycle.definition import Event, Lifecycle
from evalflow.model import (
    Actor,
    Commit,
    Entry,
    Grant,
    Move,
    NotDue,
    PlanEntry,
    PlanHead,
    PlanMove,
    Project,
    ProjectDefinition,
)
from evalflow.model.calendar import Calendar
from evalflow.model.canonical import Tree, canonical, digest
from evalflow.model.directory import Directory, Said
from evalflow.model.host_word import with_host
from evalflow.model.values import frozen
from evalflow.plan.content import lacking
from evalflow.plan.definition import Plan
from evalflow.plan.differences import ADOPT, NEXT_PLAN, Difference, unnumbered

REVISE = "revise"
"""The events of the two entries that no lifecycle defines: a plan is adopted, then revised."""

PROPOSE, CONFIRM = "propose", "confirm"
"""The events of a plan's entries by which a revision waits for a second person, and by which that
person puts it into force."""

OPEN_CASE = "open_case"
"""The event of a plan's entry by which a case is opened without a revision."""


@frozen(kw_only=True)
class Adoption:
    """Somebody puts a plan, or its next revision, into force.

    `calendar` is the plan's own; who may revise it is asked of the directory in force before (see
    `entitled`). `last` is the last entry of the plan's own history and `before` the revision in
    force, None for a new plan. `lifecycle` is the one under which projects come in. `confirms` says
    that `last` proposed it and the actor is the second person, `opens` that only a case is opened
    and `head` stays in force; `heard` is what the host's directory said of who may.
    """

    plan: Plan
    head: PlanHead
    calendar: Calendar
    lifecycle: Lifecycle
    actor: Actor
    role: str
    at: dt.datetime
    on_behalf_of: str | None = None
    reason: str | None = None
    last: PlanEntry | None = None
    before: PlanHead | None = None
    confirms: bool = False
    opens: bool = False
    heard: Said = attrs.field(factory=dict)

    def brought(self, old: Mapping[str, ProjectDefinition]) -> list[ProjectDefinition]:
        """Return the projects that are new or differ from `old` (by number)."""
        return [
            each
            for number, each in self.plan.projects.items()
            if number not in old or differs(old[number], each)
        ]

    def proposal(self, old: Mapping[str, ProjectDefinition]) -> PlanMove:
        """Return the entry by which the revision waits for a second person: it says all that would
        come into force."""
        projects = {each.number: each.tree for each in self.brought(old)}
        data = {
            "head": self.head.tree,
            "projects": projects,
            "sections": sections(self.before, self.head),
        }
        return self._own(PROPOSE, data, None)

    def _own(self, event: str, data: Tree, head: PlanHead | None) -> PlanMove:
        return plan_following(
            self.last,
            plan=self.head.id,
            event=event,
            actor=self.actor.id,
            role=self.role,
            on_behalf_of=self.on_behalf_of,
            at=self.at,
            reason=self.reason,
            head=head,
            lifecycle=self.lifecycle.fingerprint,
            data=with_host(data, self.heard),
        )

    def commit(
        self, old: Mapping[str, ProjectDefinition], standing: Mapping[str, Project]
    ) -> Commit:
        """Return what is written: the plan's own entry, and one for each project that is new or
        differs from `old` (by number); `standing` holds the projects of `old` that are to be
        revised, by id."""
        brought = self.brought(old)
        data: dict[str, Tree] = {
            "projects": seals(brought),
            "sections": sections(self.before, self.head),
        }
        if self.last is None:
            data["lifecycles"] = rules_seal(self.lifecycle)
        event = ADOPT if self.last is None else CONFIRM if self.confirms else REVISE
        if self.opens:
            own = self._own(OPEN_CASE, {"projects": data["projects"]}, None)
        else:
            own = self._own(event, data, self.head)
        moves = self.moves(brought, standing, own.entry.hash)
        return Commit(
            moves=moves,
            plans=(own,),
            lifecycle=(self.lifecycle.fingerprint, canonical(self.lifecycle.tree)),
        )

    def moves(
        self, brought: Iterable[ProjectDefinition], standing: Mapping[str, Project], plan_head: str
    ) -> tuple[Move, ...]:
        """Return the moves of projects that come in, or are redefined where they are `standing`,
        by the plan's entry with the hash `plan_head`."""
        return tuple(
            [
                self._revised(each, standing[each.id], plan_head)
                if each.id in standing
                else self._adopted(each, plan_head)
                for each in brought
            ]
        )

    def _adopted(self, definition: ProjectDefinition, plan_head: str) -> Move:
        today = self.calendar.today(self.at)
        first = self.head.calendar.first
        if self.head.revision > 1 or self.opens:  # who joins later begins with the day's period
            within = self.calendar.periods()
            first = min(max(within[0], self.calendar.period_on(today)), within[-1]).text
        states = self.lifecycle.initial()
        new = Project(
            id=definition.id,
            plan=self.head.id,
            number=definition.number,
            label=definition.label,
            unit=definition.unit_on(today),
            field=definition.field,
            states=(),
            visits=(),
            period=first,
            version=0,
            lifecycle=self.lifecycle.fingerprint,
            revision=self.head.revision,
        )
        entry = self._entry(ADOPT, new, definition, states, plan_head)
        project = moved(new, entry, visits=(1,) * len(states))
        return Move(project=project, expected=0, entry=entry, definition=definition)

    def _put_into_force(self, definition: ProjectDefinition) -> Tree:
        """Return what the entry says of the plan: the project whole, the head by its hash."""
        return {"definition": definition.tree, "plan": digest(canonical(self.head.tree))}

    def _revised(self, definition: ProjectDefinition, project: Project, plan_head: str) -> Move:
        entry = self._entry(REVISE, project, definition, project.states, plan_head)
        stands = moved(
            project,
            entry,
            label=definition.label,
            field=definition.field,
            revision=self.head.revision,
        )
        return Move(project=stands, expected=project.version, entry=entry, definition=definition)

    def _entry(
        self,
        event: str,
        project: Project,
        definition: ProjectDefinition,
        after: tuple[str, ...],
        plan_head: str,
    ) -> Entry:
        return following(
            project,
            event=event,
            actor=self.actor.id,
            role=self.role,
            on_behalf_of=self.on_behalf_of,
            at=self.at,
            after=after,
            plan_head=plan_head,
            unit=definition.unit_on(self.calendar.today(self.at)),
            revision=self.head.revision,
            reason=self.reason,
            data=self._put_into_force(definition),
        )


def entitled(
    event: str,
    lifecycle: Lifecycle,
    head: PlanHead,
    directory: Directory,
    actor: Actor,
    today: dt.date,
) -> Grant:
    """Return the grant by which the actor may adopt or revise the plan: `head`, `directory` and
    `today` are those of the plan in force, for a new plan its own.

    Raises:
        Refused: the actor holds none of the roles that the plan says (see `revising`) in the
            office.
    """
    roles = revising(lifecycle, head)
    grants = directory.grants_for(actor, roles, head.office, today)
    if grants:
        return grants[0]
    labels = {name: role.label for name, role in lifecycle.roles.items()}
    why = directory.why_not(actor, roles, head.office, today, labels)
    raise Refused(head.id, event, [why], check="role")


def opener(
    lifecycle: Lifecycle,
    head: PlanHead,
    directory: Directory,
    actor: Actor,
    unit: str,
    today: dt.date,
) -> Grant:
    """Return the grant by which the actor may open a case of `unit` without a revision of the plan.

    Raises:
        Refused: the lifecycle lets nobody do so, or the actor holds none of its roles for the unit.
    """
    if not lifecycle.opens:
        label = lifecycle.label
        ko = f"'{label.ko}' 절차에서는 계획에 있는 것만 다룹니다. 계획을 개정해 넣으십시오."
        en = f"under '{label.en}' only what stands in the plan is dealt with: revise the plan."
        raise Refused(head.id, OPEN_CASE, [Reason(code="only_by_plan", ko=ko, en=en)])
    grants = directory.grants_for(actor, lifecycle.opens, unit, today)
    if grants:
        return grants[0]
    labels = {name: role.label for name, role in lifecycle.roles.items()}
    why = directory.why_not(actor, lifecycle.opens, unit, today, labels)
    raise Refused(head.id, OPEN_CASE, [why], check="role")


def revising(lifecycle: Lifecycle, head: PlanHead) -> tuple[str, ...]:
    """Return the roles that may revise the plan: those that it names itself, else those that adopt
    plans under its lifecycle."""
    return head.revising.by or lifecycle.adopted_by


def confirming(lifecycle: Lifecycle, head: PlanHead) -> tuple[str, ...]:
    """Return the roles of which a second person confirms a revision of the plan."""
    return head.revising.confirmed_by or revising(lifecycle, head)


@frozen
class Gain:
    """A right that a revision would give to whoever makes it: who, which role, in which unit."""

    actor: str
    role: str
    unit: str


def gains(before: Directory, after: Directory, makers: Iterable[str]) -> tuple[Gain, ...]:
    """Return what the makers of a revision could do by it that they could not before: for each role
    the first unit of those that both revisions have, on any day. `makers` are the actor and the one
    whom the actor stands in for."""
    return tuple(
        [each for maker in dict.fromkeys(makers) for each in _gained(before, after, maker)]
    )


def _gained(before: Directory, after: Directory, maker: str) -> Iterator[Gain]:
    then, now = _known(before, maker), _known(after, maker)
    units = [unit for unit in after.units() if unit in before.units()]
    days = _turns(before, then) | _turns(after, now)
    for role in dict.fromkeys(grant.role for grant in now.grants):
        for unit in units:
            if any(
                after.grants_for(now, (role,), unit, day)
                and not before.grants_for(then, (role,), unit, day)
                for day in days
            ):
                yield Gain(maker, role, unit)
                break


def _known(directory: Directory, actor: str) -> Actor:
    return directory.get(actor) or Actor(actor)


def _turns(directory: Directory, actor: Actor) -> set[dt.date]:
    """Return a day of every stretch on which the actor's rights stay the same."""
    grants = list(actor.grants)
    for grant in actor.grants:
        if grant.on_behalf_of is not None:
            grants += _known(directory, grant.on_behalf_of).grants
    turns = {dt.date.min}
    for grant in grants:
        if grant.since is not None:
            turns.add(grant.since)
        if grant.until is not None and grant.until < dt.date.max:
            turns.add(grant.until + dt.timedelta(days=1))
    return turns


def needs_second(head: PlanHead, gained: Iterable[Gain], able: tuple[str, ...]) -> list[Reason]:
    """Return why a revision needs a second person; nothing where it does not. `head` is the
    revision in force, `able` are those who could confirm."""
    who = ", ".join(able[:5]) or "-"
    how_ko = (
        f" 'evalflow plan import --propose'로 올리면 다른 사람({who})이 "
        "'evalflow plan confirm'으로 시행합니다."
    )
    how_en = (
        f" Propose it ('evalflow plan import --propose'), and another person ({who}) puts it into "
        "force ('evalflow plan confirm')."
    )
    reasons = []
    if head.revising.confirmed_by:
        roles = ", ".join(head.revising.confirmed_by)
        reasons.append(
            (
                f"이 계획은 모든 수정을 둘째 사람({roles})이 확인합니다.",
                f"every revision of this plan is confirmed by a second person ({roles}).",
            )
        )
    reasons += [
        (
            f"'{each.actor}'이(가) 스스로에게 '{each.unit}'의 '{each.role}' 역할을 줄 수는 "
            "없습니다.",
            f"'{each.actor}' cannot give themselves the role '{each.role}' in '{each.unit}'.",
        )
        for each in gained
    ]
    return [
        Reason(code="needs_confirmation", ko=ko + how_ko, en=en + how_en, who=able)
        for ko, en in reasons
    ]


def second_grant(
    lifecycle: Lifecycle,
    head: PlanHead,
    directory: Directory,
    actor: Actor,
    today: dt.date,
    proposed: PlanEntry,
) -> Grant:
    """Return the grant by which the actor confirms what was proposed: one of the roles that the
    revision in force says, held by, or for, somebody else than who proposed it.

    Raises:
        Refused: the actor holds none, or is the same person.
    """
    roles = confirming(lifecycle, head)
    grants = directory.grants_for(actor, roles, head.office, today)
    if not grants:
        labels = {name: role.label for name, role in lifecycle.roles.items()}
        why = directory.why_not(actor, roles, head.office, today, labels)
        raise Refused(head.id, CONFIRM, [why], check="role")
    for grant in grants:
        if other_person(proposed, actor.id, grant.on_behalf_of):
            return grant
    raise Refused(
        head.id,
        CONFIRM,
        [
            Reason(
                code="same_person",
                ko=f"'{actor.id}'은(는) 이 수정을 올린 사람이거나 그 대리이므로 확인할 수 "
                "없습니다.",
                en=f"'{actor.id}' proposed this revision, or stands in for who did, and cannot "
                "confirm it.",
                who=tuple(
                    each
                    for each in directory.holders(roles, head.office, today)
                    if each not in (proposed.actor, proposed.on_behalf_of)
                ),
            )
        ],
        check="duties",
    )


def other_person(proposed: PlanEntry, actor: str, on_behalf_of: str | None) -> bool:
    """Say whether somebody is another person than who proposed, on either side of a stand-in."""
    first = {proposed.actor, proposed.on_behalf_of} - {None}
    return first.isdisjoint({actor, on_behalf_of})


def check_revision(plan: Plan, before: PlanHead, old: Mapping[str, ProjectDefinition]) -> bool:
    """Say whether the plan differs from the revision `before` at all.

    Raises:
        InvalidInput: it leaves out a project, or was written against an older revision.
    """
    problems = [
        _left_out(plan, number, definition)
        for number, definition in old.items()
        if number not in plan.projects
    ]
    if plan.head.revision != before.revision:
        problems.append(_older(plan, before.revision))
    if problems:
        raise InvalidInput(problems)
    same = canonical(unnumbered(before)) == canonical(unnumbered(plan.head)) and not any(
        number not in old or differs(old[number], definition)
        for number, definition in plan.projects.items()
    )
    return not same


def check_lifecycle(plan: Plan, before: PlanHead, lifecycle: Lifecycle) -> None:
    """Check that a revision leaves the plan's lifecycle as it is: projects go over to another by a
    migration. A plan that names it by the same words as before, of which a later evalflow means a
    later version, means the one in force.

    Raises:
        InvalidInput: it names another one.
    """
    offered = plan.lifecycle
    later = offered.name == lifecycle.name and offered.version > lifecycle.version
    if offered.fingerprint == lifecycle.fingerprint or (
        plan.head.lifecycle == before.lifecycle and later
    ):
        return
    raise invalid(
        "other_lifecycle",
        file=plan.file,
        path="lifecycle",
        value=offered.fingerprint,
        ko=f"계획의 절차는 {lifecycle.fingerprint}입니다. 계획 개정으로 "
        f"{offered.fingerprint}(으)로 바꿀 수 없습니다. "
        "'evalflow lifecycle migrate'로 전환하십시오.",
        en=f"the plan's lifecycle is {lifecycle.fingerprint}; a revision does not change it to "
        f"{offered.fingerprint}: use 'evalflow lifecycle migrate'",
    )


def check_reasons(
    plan: Plan, before: PlanHead | None, old: Mapping[str, ProjectDefinition]
) -> None:
    """Check that what is new says why, in words: a target that is not due (G8), an
    appointment to act, an exclusion, a double evaluation (D8). What the store has already stays
    as it is.

    Raises:
        InvalidInput: reasons are lacking; all of them, with their path in the plan.
    """
    problems = [
        _not_due_unexplained(plan, f"projects.{number}.indicators.{each.id}.targets.{period}", said)
        for number, definition in plan.projects.items()
        if number not in old
        for each in definition.indicators
        for period, said in each.targets.items()
        if isinstance(said, NotDue) and not has_words(said.reason)
    ]
    for path, reason in _new_reasons(plan, before, old):
        if not has_words(reason):
            ko, en = (f"{path}: {said.format(reason)}" for said in IN_WORDS)
            problems.append(
                Problem(
                    code="no_reason", file=plan.file, path=path, value=str(reason), ko=ko, en=en
                )
            )
    if problems:
        raise InvalidInput(problems)


def check_content(plan: Plan, lifecycle: Lifecycle, old: Mapping[str, ProjectDefinition]) -> None:
    """Check that the plan of every project that is new says what the lifecycle wants it to say
    (R13, R29, R31, R32), but for what the plan is lenient in.

    Raises:
        InvalidInput: what it does not say; all of it, with its path in the plan.
    """
    new = [each for number, each in plan.projects.items() if number not in old]
    found = [lack.problem(plan.file) for lack in lacking(plan.head, new, lifecycle.project_plans)]
    if found:
        raise InvalidInput(found)


def _new_reasons(
    plan: Plan, before: PlanHead | None, old: Mapping[str, ProjectDefinition]
) -> Iterator[tuple[str, str]]:
    """Yield the written reasons that the revision before does not have, with their path: of
    appointments to act, exclusions (R23), and what is evaluated elsewhere too (§4③)."""
    for key in ("appointments", "exclusions"):
        known = before.tree.get(key) or () if before is not None else ()
        for place, said in enumerate(plan.head.tree.get(key) or ()):
            if said not in known:
                yield f"{key}[{place}].reason", said["reason"]
    for number, definition in plan.projects.items():
        had = old[number].also_in if number in old else {}
        for other, reason in definition.also_in.items():
            if had.get(other) != reason:
                yield f"projects.{number}.also_in.{other}", reason


def _not_due_unexplained(plan: Plan, path: str, said: NotDue) -> Problem:
    return Problem(
        code="no_reason",
        file=plan.file,
        path=path,
        value=said.reason,
        ko=f"{path}: 목표가 시기미도래이면 사유를 적어야 합니다 "
        "(표에는 '시기미도래: 사유', 계획 파일에는 {not_due: 사유})",
        en=f"{path}: a target that is not due says why "
        "('not_due: why' in a table, {not_due: why} in a plan file)",
    )


def check_doors(
    plan: Plan, found: Iterable[Difference], events: Mapping[str, Event], reason: str | None
) -> None:
    """Check that each difference may come into force by a revision of the plan (R43), and that
    the revision says why. `events` are those that begin change procedures, by name.

    Raises:
        Refused: there is no written reason, or what belongs to the change procedure differs; all
            of it, each with number, path, before, after and the event that it needs.
    """
    reasons = [] if has_words(reason or "") else [_needs_reason(reason)]
    reasons += [_other_door(each, events) for each in found if each.door != ADOPT]
    if reasons:
        raise Refused(plan.id, REVISE, reasons)


def differs(one: ProjectDefinition, other: ProjectDefinition) -> bool:
    """Say whether the plan says something else of the project."""
    return canonical(one.tree) != canonical(other.tree)


def _left_out(plan: Plan, number: str, definition: ProjectDefinition) -> Problem:
    return Problem(
        code="project_left_out",
        file=plan.file,
        path=f"projects.{number}",
        value=number,
        ko=f"관리번호 {number} 「{definition.label.ko}」이(가) 빠졌습니다. "
        "평가 중인 사업은 계획에서 뺄 수 없습니다.",
        en=f"number {number} '{definition.label.en}' is left out; a project under evaluation "
        "cannot be dropped from its plan",
    )


def _older(plan: Plan, latest: int) -> Problem:
    return Problem(
        code="older_revision",
        file=plan.file,
        path="revision",
        value=str(plan.head.revision),
        ko=f"이 파일은 {plan.head.revision}차 계획을 고친 것인데 저장소는 {latest}차입니다. "
        "'evalflow plan show --yaml'로 최신 계획을 받아 고치십시오.",
        en=f"this file was written against revision {plan.head.revision} but the store is at "
        f"{latest}; take the latest with 'evalflow plan show --yaml' and edit that",
    )


def _other_door(found: Difference, events: Mapping[str, Event]) -> Reason:
    ko = f"{found.path}: {found.before or '없음'} → {found.after or '없음'}"
    en = f"{found.path}: {found.before or 'nothing'} -> {found.after or 'nothing'}"
    if found.door == NEXT_PLAN:
        why_ko, why_en = _STANDS.get(found.kind, _STANDS["scoring"])
        return Reason(
            code="needs_next_plan", ko=f"{ko}. {why_ko}", en=f"{en}; {why_en}", about=found.path
        )
    event = events[found.door]
    return Reason(
        code="needs_change_procedure",
        ko=f"관리번호 {found.number}, {ko}. 계획 개정이 아니라 변경절차로만 바꿀 수 있습니다: "
        f"'{event.label.ko}'({event.name}).",
        en=f"number {found.number}, {en}; this changes only through the change procedure, "
        f"not by a revision of the plan: '{event.label.en}' ({event.name}).",
        about=found.path,
    )


_STANDS = {
    "scoring": (
        "평가 기준은 채택한 뒤에 바꿀 수 없습니다. 다음 계획에서 정하십시오.",
        "once adopted, how the plan is scored stands: set it in the next plan.",
    ),
    "signatures": (
        "변경을 결정하는 결재선은 채택한 뒤에 줄일 수 없습니다. 다음 계획에서 정하십시오.",
        "once adopted, nobody is left out of who signs a change: set it in the next plan.",
    ),
    "duties": (
        "직무 분리는 채택한 뒤에 없앨 수 없습니다. 다음 계획에서 정하십시오.",
        "once adopted, a separation of duties stays: set it in the next plan.",
    ),
    "calendar": (
        "평가 기간을 바꾸거나 기한을 늦추는 일은 계획 개정으로 할 수 없습니다. 기한은 사업마다 "
        "사유를 적어 한도 안에서 '기한연장'하거나, 다음 계획에서 정하십시오.",
        "a revision of the plan moves no period, and no deadline to a later day: extend a "
        "project's deadline with its reason and within its bounds, or set it in the next plan.",
    ),
}
"""Why a difference waits for the next plan, by its kind."""


def _needs_reason(given: str | None) -> Reason:
    if given and given.strip():
        ko, en = (said.format(given) for said in IN_WORDS)
        return Reason(code="bad_data", ko=ko, en=en, about="reason")
    return Reason(
        code="data_missing",
        ko="계획을 개정하려면 사유를 입력하십시오.",
        en="a revision of the plan needs a written reason.",
        about="reason",
    )
