"""What a scorer promises, and what a grader promises: written for whoever brings their own.

A **scorer** rates one project in one period. It sees a `Subject` and nothing else: no clock, no
store, no other project. So the same subject gives the same rating, today and when it is
recomputed in five years. It may declare options in an attrs class `Options` (see
`evalflow.plugins.options`); the class is then made with them.

A **grader** looks at a whole cohort of finished ratings, as quota grading does (상위 20 % S). What
it gives depends on the others, so it is a value of its own beside the rating: one project's
grade moves when another project's rating does, and no stored rating changes for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Protocol, runtime_checkable

import attrs

from evalflow.model import Label, Rating, Subject
from evalflow.model.values import frozen


@runtime_checkable
class Scorer(Protocol):
    """Turns targets and actuals into a rating. Asked from several threads at once.

    Every rating names its scorer (`Rating.scorer` is `name`) and `version`, a new one whenever
    the same subject would be rated differently.
    """

    @property
    def name(self) -> str:
        """The name by which plans ask for it."""

    @property
    def version(self) -> str:
        """The version of its rules, as stored with every rating."""

    def score(self, subject: Subject) -> Rating:
        """Return the rating of one project in one period: one line for each indicator of the
        definition, in its order; exact, half-up once, and the same for the same subject.

        Raises:
            InvalidInput: a figure or an override cannot be rated; all problems at once.
        """


@runtime_checkable
class ScoresMany(Scorer, Protocol):
    """A scorer with the optional power to rate many subjects faster than one by one.

    It is a matter of speed only: the ratings are those of `score`, one by one (held to it by
    a property test). What needs to see the others is a grader.
    """

    def score_many(self, subjects: Sequence[Subject]) -> Sequence[Rating]:
        """Return a rating for each subject, in order; each equals what `score` gives."""


@frozen(kw_only=True)
class Grade:
    """A project's grade (등급) within its cohort.

    Attributes:
        cohort: what it was graded among: a field, a unit, or "" for everybody.
        grade: the grade's name, e.g. `S`; None where there is nothing to grade.
        rank: 1 for the best; projects with equal rates share a rank. None without a grade.
        of: how many of the cohort were ranked.
        rate: the rate (or score) that was compared; None without one.
        reason: how the grade came about, a sentence for people: quota, threshold, tie rule.
        quota: how many projects of the cohort each grade is for, the best first; empty where there
            is no quota.
    """

    project: str
    period: str
    cohort: str
    grade: str | None
    rank: int | None
    of: int
    rate: Decimal | None
    reason: Label
    quota: Mapping[str, int] = attrs.field(factory=dict)


@runtime_checkable
class Grader(Protocol):
    """Grades a cohort. Like a scorer it declares `Options`, has no clock and keeps nothing."""

    @property
    def name(self) -> str:
        """The name by which it is asked for."""

    @property
    def version(self) -> str:
        """The version of its rules."""

    def grade(self, cohort: str, ratings: Sequence[Rating]) -> Sequence[Grade]:
        """Return a grade for each rating, in the given order, which must not matter: shuffled
        ratings get the same grades. A rating without a rate gets a `Grade` without a grade.

        Raises:
            InvalidInput: the cohort cannot be graded by these options; all problems at once.
        """


def grade_all(
    grader: Grader,
    ratings: Iterable[Rating],
    *,
    cohort_of: Callable[[Rating], str] | None = None,
) -> Mapping[str, Grade]:
    """Return the grade of every project, by project id, in the order of `ratings`.

    `cohort_of` says which projects are compared with each other (per field, per unit); None
    compares all with all.

    Raises:
        InvalidInput: as the grader's.
        ValueError: two ratings of one project, or the grader answered for other projects than
            it was asked about.
    """
    cohorts: dict[str, list[Rating]] = {}
    order: dict[str, Grade | None] = {}
    for rating in ratings:
        if rating.project in order:
            raise ValueError(f"{rating.project} is to be graded twice")
        order[rating.project] = None
        cohorts.setdefault(cohort_of(rating) if cohort_of else "", []).append(rating)
    for cohort, members in cohorts.items():
        grades = grader.grade(cohort, members)
        asked = [(rating.project, rating.period) for rating in members]
        if [(grade.project, grade.period) for grade in grades] != asked:
            raise ValueError(f"grader '{grader.name}' answered for other projects than asked")
        order.update((grade.project, grade) for grade in grades)
    return {project: grade for project, grade in order.items() if grade is not None}
