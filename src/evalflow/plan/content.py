"""What the plan of a project must say before it is adopted: nothing is left out without a word.

A lifecycle names it (`project_plans`); a plan that cannot say one of them yet says why
(`lenient: {schedule: …}`). Looked at when a plan is checked and when it is adopted, only for
projects that the store does not have: what was adopted before stays as it is (R13, R29, R31, R32).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from evalflow.errors import Problem
from evalflow.files.notes import Note
from evalflow.model import CONTENTS, Goal, PlanHead, ProjectDefinition
from evalflow.model.calendar import Period
from evalflow.model.values import frozen
from evalflow.plan.keys import GOAL_ABOVE
from evalflow.plan.spans import periods_of
from evalflow.plan.surroundings import months_of

LACKING = "content_lacking"
"""The code of the notes and problems that say what is lacking."""


@frozen
class Lack:
    """Something that a project's plan does not say: which of `CONTENTS`, the key of the project
    where it belongs, and what is wrong."""

    project: str

    content: str
    key: str
    ko: str
    en: str

    @property
    def path(self) -> tuple[str, ...]:
        """Return where in the plan it belongs."""
        return ("projects", self.project, self.key)

    def problem(self, file: str | None) -> Problem:
        """Return it as what is wrong with a plan's file."""
        path = ".".join(self.path)
        ko = f"{path}: {self.ko} (아직 정하지 못했으면 계획의 lenient에 {self.content}: 사유)"
        en = f"{path}: {self.en} (if it cannot be said yet: {self.content}: why, under lenient)"
        return Problem(code=LACKING, file=file, path=path, ko=ko, en=en)


def content_notes(
    head: PlanHead,
    definitions: Iterable[ProjectDefinition],
    wanted: Sequence[str],
    where: Callable[[tuple[str, ...]], str],
) -> tuple[Note, ...]:
    """Return a note for each thing that would be lacking if the plan were adopted as new."""
    return tuple(
        [
            Note(code=LACKING, ko=lack.ko, en=lack.en, where=where(lack.path))
            for lack in lacking(head, definitions, wanted)
        ]
    )


def budget_notes(
    head: PlanHead,
    definitions: Iterable[ProjectDefinition],
    wanted: Sequence[str],
    where: Callable[[tuple[str, ...]], str],
) -> tuple[Note, ...]:
    """Return a note for each project whose periods do not need what its sources give, where the
    lifecycle, or the plan's leniency, does not ask that they do."""
    if "periods" in wanted and "periods" not in head.lenient:
        return ()  # then it is said there
    periods = [each.text for each in _of(head)]
    notes: list[Note] = []
    differing: list[str] = []
    for definition in definitions:
        budget = definition.budget
        needed = sum(budget.periods.values())
        whole = all(each in budget.periods for each in periods)
        if (
            not (budget.periods and budget.sources)
            or needed == budget.total
            or not (whole or needed > budget.total)
        ):
            continue
        ko = f"기간별 소요예산의 합 {needed:,}원이 사업비 {budget.total:,}원과 다릅니다"
        en = f"the periods need {needed:,} won, the sources give {budget.total:,}"
        place = where(("projects", definition.number, "budget"))
        notes.append(Note(code="budget_differs", ko=ko, en=en, where=place))
        differing.append(f"{definition.number}({_millions(needed)}/{_millions(budget.total)})")
    if len(notes) <= _ONE_BY_ONE:
        return tuple(notes)
    listed = ", ".join(differing)
    return (
        Note(
            code="budget_differs",
            ko=f"기간별 소요예산의 합이 사업비와 다른 사업 {len(notes)}건 "
            f"(관리번호(소요예산/사업비, 백만원)): {listed}",
            en=f"of {len(notes)} projects the periods do not need what the sources give "
            f"(number (needed/given, million won)): {listed}",
            where=notes[0].where,
        ),
    )


_ONE_BY_ONE = 3  # projects up to which each has a note of its own


def _millions(won: int) -> str:
    whole, rest = divmod(won, 1_000_000)
    return f"{whole:,}" + (f".{rest:06}".rstrip("0") if rest else "")


def lacking(
    head: PlanHead, definitions: Iterable[ProjectDefinition], wanted: Sequence[str]
) -> Iterator[Lack]:
    """Yield what of `wanted` (see `CONTENTS`) the projects' plans do not say, but for what the
    plan is lenient in."""
    looks = [(name, _LOOKS[name]) for name in wanted if name not in head.lenient]
    for definition in definitions:
        for name, look in looks:
            for key, ko, en in look(definition, head):
                yield Lack(
                    definition.number,
                    name,
                    key,
                    f"{CONTENTS[name].ko}: {ko}",
                    f"{CONTENTS[name].en}: {en}",
                )


_Found = Iterator[tuple[str, str, str]]


def _goals(definition: ProjectDefinition, head: PlanHead) -> _Found:
    whole = [name for name in definition.goals if _chain(head.goals, name)]
    if not whole:
        yield (
            "goals",
            "전략목표, 정책사업목표에 이어지는 단위사업 목표가 없습니다",
            "no goal of kind project that lies under a policy and a strategy",
        )


def _chain(goals: Mapping[str, Goal], name: str) -> bool:
    """Say whether the goal is a 단위사업 with everything above it."""
    kinds: list[str] = []
    at: str | None = name
    while at is not None and at in goals and len(kinds) < len(GOAL_ABOVE):
        kinds.append(goals[at].kind)
        at = goals[at].parent
    return kinds == ["project", "policy", "strategy"]


def _term(definition: ProjectDefinition, _: PlanHead) -> _Found:
    for key, day in (("start", definition.start), ("end", definition.end)):
        if day is None:
            yield (key, f"'{key}'이(가) 없습니다", f"no '{key}'")


def _content(definition: ProjectDefinition, _: PlanHead) -> _Found:
    if definition.content is None or not definition.content.ko.strip():
        yield ("content", "사업내용이 없습니다", "nothing says what it is")


def _budget(definition: ProjectDefinition, _: PlanHead) -> _Found:
    if not definition.budget.sources:
        ko = "재원별 사업비가 없습니다 (없으면 {구비: 0})"
        yield ("budget", ko, "no budget by source (if there is none: {구비: 0})")


def _periods(definition: ProjectDefinition, head: PlanHead) -> _Found:
    budget = definition.budget
    lacking = [each.text for each in _of(head) if each.text not in budget.periods]
    if lacking:
        listed = ", ".join(lacking)
        yield (
            "budget",
            f"{listed}의 소요예산이 없습니다 (없으면 0)",
            f"no budget needed in {listed} (0 if none)",
        )
    elif budget.sources and (needed := sum(budget.periods.values())) != budget.total:
        yield (
            "budget",
            f"기간별 소요예산의 합 {needed:,}원이 사업비 {budget.total:,}원과 다릅니다",
            f"the periods need {needed:,} won, the sources give {budget.total:,}",
        )


def _schedule(definition: ProjectDefinition, head: PlanHead) -> _Found:
    periods = _of(head)
    months = sorted(months_of(periods[0].start, periods[-1].end)) if periods else []
    start, end = definition.start, definition.end
    lacking = [
        month
        for month in months
        if month not in definition.schedule
        and (start is None or month >= f"{start:%Y-%m}")
        and (end is None or month <= f"{end:%Y-%m}")
    ]
    if lacking:
        listed = ", ".join(lacking)
        yield (
            "schedule",
            f"{listed}의 추진계획이 없습니다",
            f"no step for {listed}",
        )


def _of(head: PlanHead) -> tuple[Period, ...]:
    return periods_of(head.calendar.first, head.calendar.last)


_LOOKS: Mapping[str, Callable[[ProjectDefinition, PlanHead], _Found]] = {
    "goals": _goals,
    "term": _term,
    "content": _content,
    "budget": _budget,
    "periods": _periods,
    "schedule": _schedule,
}
