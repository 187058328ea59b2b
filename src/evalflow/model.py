"""The values of evalflow: frozen, without I/O and without a clock.

Three families, in reading order:

- what a **plan** says: `Label`, `Unit`, `Grant`, `Actor`, `Indicator`, `ProjectDefinition`,
  `CalendarRules`, `ScoringRules`, `PlanHead`;
- what a **scorer** answers: `Subject` in, `Rating` with its `Line`s out;
- what is **stored**: `Project`, `Evaluation`, `Entry`, `Notice`, and the `Commit` that writes them.

Figures are `Decimal` here, text in stored trees, never a float. Times are aware and UTC.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs

from evalflow.text import Tree, canonical, digest

_NOTHING: Mapping[str, Any] = {}


# --------------------------------------------------------------------------- what a plan says


@attrs.frozen
class Label:
    """A name that people see, in Korean and in English."""

    ko: str
    en: str

    def text(self, lang: str = "ko") -> str:
        """Return the name in `lang` (`ko` or `en`)."""
        return self.ko if lang == "ko" else self.en


@attrs.frozen(kw_only=True)
class Renaming:
    """From `on` a unit bears another name; older papers keep the older one."""

    on: dt.date
    label: Label


@attrs.frozen(kw_only=True)
class Unit:
    """A place in the organisation tree: office > bureau (국·소) > department (부서).

    `since` and `until` bound its existence, both days included; None is open-ended.
    """

    id: str
    kind: str
    label: Label
    parent: str | None = None
    since: dt.date | None = None
    until: dt.date | None = None
    renamed: tuple[Renaming, ...] = ()

    def label_on(self, day: dt.date) -> Label:
        """Return the name that the unit bore on `day`."""
        label = self.label
        for renaming in self.renamed:
            if renaming.on <= day:
                label = renaming.label
        return label


@attrs.frozen(kw_only=True)
class Grant:
    """A role held in a unit; it reaches that unit and everything below it.

    `on_behalf_of` makes it an acting appointment (대결) for that actor, which has a `reason`.
    `since` and `until` are days, both included; None is open-ended.
    """

    role: str
    unit: str
    since: dt.date | None = None
    until: dt.date | None = None
    on_behalf_of: str | None = None
    reason: str | None = None

    def holds_on(self, day: dt.date) -> bool:
        """Say whether the grant is in force on `day`."""
        return (self.since is None or self.since <= day) and (
            self.until is None or day <= self.until
        )


@attrs.frozen
class Actor:
    """Who fires: an opaque id with its grants. Never a person's name (D10)."""

    id: str
    grants: tuple[Grant, ...] = ()


@attrs.frozen(kw_only=True)
class Assignment:
    """A project belongs to a unit from `since` to `until`, both days included."""

    unit: str
    since: dt.date | None = None
    until: dt.date | None = None

    def holds_on(self, day: dt.date) -> bool:
        """Say whether the assignment is in force on `day`."""
        return (self.since is None or self.since <= day) and (
            self.until is None or day <= self.until
        )


@attrs.frozen
class NotDue:
    """Instead of a figure: the time for it has not come (시기미도래), and why."""

    reason: str = ""


Figure = Decimal | NotDue
"""A target or an actual. A missing actual is no figure at all, never zero."""


@attrs.frozen(kw_only=True)
class Step:
    """One step of a milestone indicator (추진내용 as steps), with its weight."""

    id: str
    label: Label
    weight: Fraction = Fraction(1)


@attrs.frozen(kw_only=True)
class Indicator:
    """An 추진내용(성과지표) of a project.

    Attributes:
        unit: what is counted, as printed: 명, 건, %.
        direction: `up`, `down` or `maintain`.
        formula: the name of the rate's formula (see `evalflow.scoring`).
        accumulation: how periods add up: `sum`, `last` or `average`.
        weight: its share in the project's rate, relative to the other indicators.
        targets: period -> the target of that period alone; `NotDue` where none is due.
        baseline: the starting value, for the formula `baseline`.
        steps: for the formula `milestone`; targets and actuals then count weighted steps done.
        zero_target: `undefined`, `met_or_not` or `full`; None takes the plan's.
        cap: highest score (not rate) this indicator can bring; None takes the plan's.
    """

    id: str
    label: Label
    unit: str
    direction: str
    formula: str
    accumulation: str
    weight: Fraction = Fraction(1)
    targets: Mapping[str, Figure] = attrs.field(factory=dict)
    baseline: Decimal | None = None
    steps: tuple[Step, ...] = ()
    zero_target: str | None = None
    cap: Decimal | None = None


@attrs.frozen(kw_only=True)
class Budget:
    """사업비 in whole won (KRW): by source (국비, 시비, 구비, 기타), and needed by period (R31)."""

    sources: Mapping[str, int] = attrs.field(factory=dict)
    periods: Mapping[str, int] = attrs.field(factory=dict)

    @property
    def total(self) -> int:
        """Return the sum over all sources, in won."""
        return sum(self.sources.values())


@attrs.frozen(kw_only=True)
class ProjectDefinition:
    """What one revision of the plan says about one project (R29-R32, R39).

    `cards` are the sub-projects (관리카드) whose papers go with every self-evaluation.
    `schedule` is the month-by-month plan: `2016-03` -> text. `carried_from` is the id that the
    project had in the plan of the year before, e.g. `seodaemun-2016/6`. `about` is the id of the
    project that a corrective order or a referral is about. `also_in` names the plans in which the
    same thing is evaluated too, each with the special reason for it (R23). `tree` is the source it
    was built from, kept so that a stored definition is read back by the same builder.
    """

    id: str
    number: str
    label: Label
    field: str
    assignments: tuple[Assignment, ...]
    indicators: tuple[Indicator, ...]
    core_project: str | None = None
    goals: tuple[str, ...] = ()
    selection: tuple[str, ...] = ()
    cooperating: tuple[str, ...] = ()
    kind: str = "new"
    start: dt.date | None = None
    end: dt.date | None = None
    content: Label | None = None
    budget: Budget = Budget()
    schedule: Mapping[str, str] = attrs.field(factory=dict)
    cards: tuple[Label, ...] = ()
    illustrative: bool = False
    carried_from: str | None = None
    about: str | None = None
    also_in: Mapping[str, str] = attrs.field(factory=dict)
    tree: Tree = attrs.field(factory=dict, eq=False, repr=False)

    def unit_on(self, day: dt.date) -> str:
        """Return the unit that answers for the project on `day` (the nearest one in time)."""
        for assignment in self.assignments:
            if assignment.holds_on(day):
                return assignment.unit
        later = [a for a in self.assignments if a.since is not None and a.since > day]
        return (later[0] if later else self.assignments[-1]).unit

    def indicator(self, indicator_id: str) -> Indicator | None:
        """Return the indicator with this id, or None."""
        for indicator in self.indicators:
            if indicator.id == indicator_id:
                return indicator
        return None


@attrs.frozen(kw_only=True)
class DueRule:
    """When something is due. `kind` says how `n` is counted:

    - `day`: the n-th day of the month after the period (R33, R34: 5 and 20);
    - `days_after_period`, `months_after_period`: so long after the period's last day;
    - `days_after`: n calendar days after `event` was fired, the first day not counted (R52,
      민법 §157);
    - `date`: the fixed `month_day` (`02-19`) of the plan's year, or `date` in full.
    """

    kind: str
    n: int = 0
    event: str | None = None
    date: dt.date | None = None
    month_day: str | None = None


@attrs.frozen(kw_only=True)
class CalendarRules:
    """How an office counts periods and days (D4); all of it configuration.

    `move` says where a deadline on a holiday goes: `strict`, `next` or `previous`.
    `holidays` is a country code for the `holidays` library, or `none` (only weekends and
    `extra`); `extra` adds days such as 임시공휴일, `removed` takes some out.
    `due` overrides the lifecycle's due rules by event name.
    """

    zone: str = "Asia/Seoul"
    frequency: str = "quarter"
    first: str
    last: str
    move: str = "next"
    holidays: str = "KR"
    extra: Mapping[dt.date, str] = attrs.field(factory=dict)
    removed: tuple[dt.date, ...] = ()
    due: Mapping[str, DueRule] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Band:
    """A named stretch of rates: from `at_least` (percent) upwards; the lowest has None.

    `verdict` is what the lifecycle's guards ask for: `on_track`, `lagging` or
    `seriously_lagging` (D2). Bands have Korean and English labels of the office's own.
    `against` says which rate is looked at: `so_far`, the published one, or `whole`, against the
    target of the whole plan, for bands like 완료 (done) that no early period can reach by
    being on time.
    """

    name: str
    label: Label
    verdict: str
    at_least: Decimal | None = None
    against: str = "so_far"


@attrs.frozen(kw_only=True)
class GradeRules:
    """How a plan grades its projects against each other (등급), if it does.

    `grader` names a grader, `options` are its own. `by` says who is compared with whom: `all`,
    or each `field`, `bureau` or `unit` by itself.
    """

    grader: str
    options: Mapping[str, Any] = attrs.field(factory=dict)
    by: str = "all"


@attrs.frozen(kw_only=True)
class ScoringRules:
    """How a plan rates its projects (D1-D3); all of it configuration.

    `scorer` names a scorer, `options` are its own. `basis` is `cumulative` (누계) or `period`.
    `bands` are ordered from best to worst. `places` is the number of decimals printed.
    `project_mean` is `weighted` or `plain`; `group_mean` is `projects` (plain mean over
    projects, D3) or `groups` (mean of means), for bureaus, fields and the office. `grades`
    says how projects are graded against each other, None where they are not.
    """

    scorer: str = "rates"
    options: Mapping[str, Any] = attrs.field(factory=dict)
    basis: str = "cumulative"
    bands: tuple[Band, ...]
    places: int = 1
    zero_target: str = "undefined"
    cap: Decimal | None = None
    floor: Decimal | None = None
    project_mean: str = "weighted"
    group_mean: str = "projects"
    grades: GradeRules | None = None


@attrs.frozen(kw_only=True)
class Withheld:
    """Data that only some may read: the names of fields, the ground (비공개 사유, e.g. `정보공개법
    제9조제1항제5호`), the roles that read them all the same, and whether the ground falls away when
    the review is fixed."""

    fields: tuple[str, ...]
    ground: str
    seen_by: tuple[str, ...]
    until_fixed: bool = False


@attrs.frozen(kw_only=True)
class Visibility:
    """Who reads what of a plan (R49, 정보공개법 §9①5); without words of it everybody reads all.

    `fixed_in` are the states in which a review is fixed; before that its ratings are drafts, read
    by those who hold one of `seen_by` for the project, and the department's own rating also by
    those who hold any role for it. `withheld` are data that stay closed.
    """

    fixed_in: tuple[str, ...] = ()
    seen_by: tuple[str, ...] = ()
    withheld: tuple[Withheld, ...] = ()


@attrs.frozen(kw_only=True)
class Delivery:
    """How notices leave: to which notifiers, how often tried, and when given up.

    `backoff` holds the seconds to wait after the first, second, … failed try; when it is
    used up the notice is a dead letter.
    """

    notifiers: tuple[str, ...] = ()
    options: Mapping[str, Mapping[str, Any]] = attrs.field(factory=dict)
    backoff: tuple[int, ...] = (60, 300, 1800, 7200, 43200)


@attrs.frozen(kw_only=True)
class Exclusion:
    """A project left out of the plan, why, and where it is evaluated instead (R23)."""

    label: Label
    reason: str
    evaluated_in: str


@attrs.frozen(kw_only=True)
class Goal:
    """A link of the goal chain 전략목표 > 정책사업목표 > 단위사업 (R13)."""

    id: str
    kind: str
    label: Label
    parent: str | None = None


@attrs.frozen(kw_only=True)
class PlanHead:
    """One revision of an office's plan without its projects: everything that they share.

    `revision` counts from 1; a change of targets makes the next one. `effective` is the
    first period measured against this revision (D5). `forms` holds the options of forms by
    name. `patience` is how long one answer of a
    plugin's guard or scorer may take; None: as long as it takes.
    """

    id: str
    revision: int
    effective: str
    year: int
    label: Label
    lifecycle: str
    units: Mapping[str, Unit]
    office: str
    directory: Mapping[str, tuple[Grant, ...]]
    calendar: CalendarRules
    scoring: ScoringRules
    delivery: Delivery = Delivery()
    patience: dt.timedelta | None = None
    visibility: Visibility = Visibility()
    forms: Mapping[str, Mapping[str, Any]] = attrs.field(factory=dict)
    fields: Mapping[str, Label] = attrs.field(factory=dict)
    core_projects: Mapping[str, Label] = attrs.field(factory=dict)
    goals: Mapping[str, Goal] = attrs.field(factory=dict)
    criteria: Mapping[str, Label] = attrs.field(factory=dict)
    exclusions: tuple[Exclusion, ...] = ()
    document: Mapping[str, str] = attrs.field(factory=dict)
    milestones: tuple[tuple[dt.date, Label], ...] = ()
    illustrative: Label | None = None
    tree: Tree = attrs.field(factory=dict, eq=False, repr=False)

    def unit(self, unit_id: str) -> Unit:
        """Return the unit with this id (a checked plan names no unit that it lacks)."""
        return self.units[unit_id]

    def line_up(self, unit_id: str) -> tuple[str, ...]:
        """Return the unit and all units above it, from the bottom to the office."""
        line: list[str] = []
        at: str | None = unit_id
        while at is not None:
            line.append(at)
            at = self.units[at].parent
        return tuple(line)

    def below(self, unit_id: str) -> frozenset[str]:
        """Return the unit and everything below it."""
        return frozenset(u for u in self.units if unit_id in self.line_up(u))

    def ancestor(self, unit_id: str, kind: str) -> str | None:
        """Return the unit of this kind at or above `unit_id`, or None."""
        for above in self.line_up(unit_id):
            if self.units[above].kind == kind:
                return above
        return None


# --------------------------------------------------------------------------- what a scorer answers


@attrs.frozen(kw_only=True)
class Override:
    """A reviewer's rate in place of the computed one; it needs a written reason (D8)."""

    rate: Decimal
    reason: str


@attrs.frozen(kw_only=True)
class Subject:
    """What a scorer looks at: one project up to one period.

    `periods` are the plan's periods up to and including `period`, in order;
    `actuals` maps period -> indicator id -> figure; a missing actual is absent.
    """

    project: str
    period: str
    periods: tuple[str, ...]
    definition: ProjectDefinition
    rules: ScoringRules
    actuals: Mapping[str, Mapping[str, Figure]]
    overrides: Mapping[str, Override] = attrs.field(factory=dict)
    revision: int = 1


@attrs.frozen(kw_only=True)
class Line:
    """One indicator's rate with everything needed to work it out again.

    `target` and `actual` are the ones compared (cumulative where the rules say so), `figure`
    is the actual of the period alone. `rate` is in percent, half-up at the rules' places;
    it is None where `status` is not `rated`: `missing`, `not_due` or `undefined` (zero
    target). An overridden line keeps the `computed` rate beside the reviewer's.
    """

    indicator: str
    formula: str
    status: str
    target: Decimal | None = None
    actual: Decimal | None = None
    figure: Decimal | None = None
    rate: Decimal | None = None
    computed: Decimal | None = None
    score: Decimal | None = None
    band: str | None = None
    verdict: str | None = None
    weight: Fraction = Fraction(1)
    reason: str | None = None


@attrs.frozen(kw_only=True)
class Rating:
    """A project's rate in one period: the lines, the roll-up, and who worked it out how.

    `status` is `rated`; or `missing` or `undefined` where one line is: then there is no rate
    and no verdict, for nothing is silently averaged away. A project of which nothing is due yet
    is `not_due`, on track. `exact` is the unrounded rate where it differs from `rate`; means
    over projects start from it. `notes` are a scorer's own remarks as trees of text
    (`{"ko": …, "en": …}`).
    """

    project: str
    period: str
    lines: tuple[Line, ...]
    status: str
    rate: Decimal | None
    score: Decimal | None
    band: str | None
    verdict: str | None
    formula: str
    basis: str
    scorer: str
    version: str
    revision: int
    options: Mapping[str, Any] = attrs.field(factory=dict)
    notes: tuple[Mapping[str, str], ...] = ()
    exact: Fraction | None = None
    _tree: Tree = attrs.field(default=None, init=False, eq=False, repr=False)

    def line(self, indicator_id: str) -> Line | None:
        """Return the line of this indicator, or None."""
        for line in self.lines:
            if line.indicator == indicator_id:
                return line
        return None

    def tree(self) -> Tree:
        """Return the rating as stored: figures as text, absent things left out. Made once, for
        the entry and for the evaluation; not to be changed."""
        if self._tree is None:
            object.__setattr__(self, "_tree", self._as_tree())
        return self._tree

    def _as_tree(self) -> Tree:
        tree = {
            "project": self.project,
            "period": self.period,
            "status": self.status,
            "formula": self.formula,
            "basis": self.basis,
            "scorer": self.scorer,
            "version": self.version,
            "revision": self.revision,
            "lines": [_line_tree(line) for line in self.lines],
        }
        _add_figures(tree, self, ("rate", "score"))
        _add_present(tree, self, ("band", "verdict"))
        if self.options:
            tree["options"] = dict(self.options)
        if self.notes:
            tree["notes"] = [dict(note) for note in self.notes]
        if self.exact is not None:
            tree["exact"] = str(self.exact)
        return tree

    @classmethod
    def from_tree(cls, tree: Tree) -> Rating:
        """Return the rating that `tree` was made from."""
        get = tree.get
        return cls(
            project=tree["project"],
            period=tree["period"],
            lines=tuple([_line_from(line) for line in tree["lines"]]),
            status=tree["status"],
            rate=_figure(get("rate")),
            score=_figure(get("score")),
            band=get("band"),
            verdict=get("verdict"),
            formula=tree["formula"],
            basis=tree["basis"],
            scorer=tree["scorer"],
            version=tree["version"],
            revision=tree["revision"],
            options=get("options", _NOTHING),
            notes=tuple(get("notes", ())),
            exact=Fraction(tree["exact"]) if "exact" in tree else None,
        )


_LINE_FIGURES = ("target", "actual", "figure", "rate", "computed", "score")
_LINE_WORDS = ("band", "verdict", "reason")


def _figure(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _add_figures(tree: dict[str, Any], value: object, names: tuple[str, ...]) -> None:
    for name in names:
        figure = getattr(value, name)
        if figure is not None:
            tree[name] = format(figure, "f")


def _add_present(tree: dict[str, Any], value: object, names: tuple[str, ...]) -> None:
    for name in names:
        word = getattr(value, name)
        if word is not None:
            tree[name] = word


def _line_tree(line: Line) -> dict[str, Any]:
    tree: dict[str, Any] = {
        "indicator": line.indicator,
        "formula": line.formula,
        "status": line.status,
        "weight": str(line.weight),
    }
    _add_figures(tree, line, _LINE_FIGURES)
    _add_present(tree, line, _LINE_WORDS)
    return tree


def _line_from(tree: Mapping[str, Any]) -> Line:
    get = tree.get
    return Line(
        indicator=tree["indicator"],
        formula=tree["formula"],
        status=tree["status"],
        target=_figure(get("target")),
        actual=_figure(get("actual")),
        figure=_figure(get("figure")),
        rate=_figure(get("rate")),
        computed=_figure(get("computed")),
        score=_figure(get("score")),
        band=get("band"),
        verdict=get("verdict"),
        weight=Fraction(tree["weight"]),
        reason=get("reason"),
    )


# --------------------------------------------------------------------------- what is stored


@attrs.frozen(kw_only=True)
class Change:
    """A change request in flight, or approved and not yet filed and declared (R41-R44, D5, D6).

    `number` is the entry that requested it. `before` and `after` are trees over the parts
    of the project's definition that the change touches. `opinions` are the consulted
    parties' words, dissent included. `approved_in` is the period from which it counts,
    `document` the mayor's decision. `filed` is the letter to the policy office, `declared_in`
    the period whose evaluation states it; with both the change is closed.
    """

    number: int
    kind: str
    reason: str
    detail: str
    reported_on: str
    before: Tree
    after: Tree
    opinions: tuple[Mapping[str, Any], ...] = ()
    approved_in: str | None = None
    approved_at: str | None = None
    revision: int | None = None
    document: Mapping[str, Any] | None = None
    filed: Mapping[str, Any] | None = None
    declared_in: str | None = None

    def tree(self) -> Tree:
        """Return the change as stored."""
        tree = attrs.asdict(self, recurse=False)
        tree["opinions"] = [dict(opinion) for opinion in self.opinions]
        return {name: value for name, value in tree.items() if value is not None}

    @classmethod
    def from_tree(cls, tree: Tree) -> Change:
        """Return the change that `tree` was made from."""
        return cls(**{**tree, "opinions": tuple(tree.get("opinions", ()))})


@attrs.frozen(kw_only=True)
class Project:
    """Where one project stands: one state for every region of its lifecycle.

    Attributes:
        id: `<plan>/<number>`.
        unit: the unit that answered for it at its last entry (or on the day asked for).
        states: one per region, in the lifecycle's order of regions.
        visits: for each region the number of the entry that brought it into its state.
        period: the period under evaluation, e.g. `2016-Q1`.
        version: the number of its last entry; 1 after adoption.
        lifecycle: the fingerprint of the definition that it runs on.
        revision: the plan revision of its latest definition.
        band: the band of the latest rating in this period, or None.
        head: the hash of its last entry.
        change: the change in flight, or approved and not yet filed and declared.
    """

    id: str
    plan: str
    number: str
    label: Label
    unit: str
    field: str
    states: tuple[str, ...]
    visits: tuple[int, ...]
    period: str
    version: int
    lifecycle: str
    revision: int
    band: str | None = None
    head: str = ""
    change: Change | None = None


@attrs.frozen(kw_only=True)
class Act:
    """Who did what to an evaluation; separation of duties looks at these (D9)."""

    event: str
    actor: str
    on_behalf_of: str | None = None
    signers: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Evaluation:
    """One project's figures for one period: both ratings side by side, and all that was said.

    Attributes:
        prior: actuals of the year's earlier periods: period -> indicator id -> figure text.
        facts: the latest of every recorded data field: actuals, explanations (cause,
            countermeasure, follow-up), cards, evidence, sign_off, … (earlier ones: history).
        self_rating, review_rating: the department's and the reviewer's (D7).
        acts: who did what in this period.
        extensions: event -> the later day to which it was extended, ISO text.
        number: the entry that wrote it last.
    """

    project: str
    period: str
    number: int = 0
    revision: int = 1
    prior: Mapping[str, Mapping[str, Any]] = attrs.field(factory=dict)
    facts: Mapping[str, Any] = attrs.field(factory=dict)
    self_rating: Rating | None = None
    review_rating: Rating | None = None
    acts: tuple[Act, ...] = ()
    extensions: Mapping[str, str] = attrs.field(factory=dict)
    _text: str | None = attrs.field(default=None, init=False, eq=False, repr=False)

    @property
    def rating(self) -> Rating | None:
        """Return the rating that counts: the reviewer's where there is one."""
        return self.review_rating or self.self_rating

    def tree(self) -> Tree:
        """Return the evaluation as stored."""
        return {
            "project": self.project,
            "period": self.period,
            "number": self.number,
            "revision": self.revision,
            "prior": self.prior,
            "facts": self.facts,
            "self_rating": self.self_rating and self.self_rating.tree(),
            "review_rating": self.review_rating and self.review_rating.tree(),
            "acts": [[a.event, a.actor, a.on_behalf_of, list(a.signers)] for a in self.acts],
            "extensions": self.extensions,
        }

    def text(self) -> str:
        """Return the canonical text of `tree`, made once: entries digest it, storages keep it."""
        text = self._text
        if text is None:
            text = canonical(self.tree())
            object.__setattr__(self, "_text", text)
        return text

    @classmethod
    def from_tree(cls, tree: Tree) -> Evaluation:
        """Return the evaluation that `tree` was made from."""
        own, review = tree["self_rating"], tree["review_rating"]
        return cls(
            project=tree["project"],
            period=tree["period"],
            number=tree["number"],
            revision=tree["revision"],
            prior=tree["prior"],
            facts=tree["facts"],
            self_rating=own and Rating.from_tree(own),
            review_rating=review and Rating.from_tree(review),
            acts=tuple(
                [
                    Act(event=event, actor=actor, on_behalf_of=behalf, signers=tuple(signers))
                    for event, actor, behalf, signers in tree["acts"]
                ]
            ),
            extensions=tree["extensions"],
        )


@attrs.frozen(kw_only=True)
class Entry:
    """One line of the append-only history. Its `hash` covers it and its predecessor.

    Attributes:
        number: 1, 2, 3 … within the project, without gaps; 1 is the adoption.
        at: when, aware and UTC. The stored text has microseconds.
        before, after: the states, one per region.
        period: the period under evaluation when it was fired.
        period_after: the period afterwards (differs for `open_period`).
        unit: the unit that answered for the project at that time.
        reason: the written reason, where the event takes one.
        data: all that was given, in its normal form, as a tree.
        rating: the rating that this entry made, as a tree, or None.
        evaluation: digest of the evaluation as this entry left it, or "" where untouched.
        late: by how many days the event's due date was missed; None where nothing was due.
        key: the idempotency key, or None.
        previous: the hash of the entry before, "" for the first.
    """

    project: str
    number: int
    event: str
    actor: str
    role: str
    at: dt.datetime
    before: tuple[str, ...]
    after: tuple[str, ...]
    period: str
    period_after: str
    unit: str
    revision: int
    lifecycle: str
    on_behalf_of: str | None = None
    reason: str | None = None
    data: Tree = attrs.field(factory=dict)
    rating: Tree = None
    evaluation: str = ""
    late: int | None = None
    key: str | None = None
    previous: str = ""
    hash: str = ""
    _texts: tuple[str, str] | None = attrs.field(default=None, init=False, eq=False, repr=False)

    def texts(self) -> tuple[str, str]:
        """Return the canonical texts of `data` and `rating`, made once: the hash covers them
        and storages keep them."""
        texts = self._texts
        if texts is None:
            texts = canonical(self.data), canonical(self.rating)
            object.__setattr__(self, "_texts", texts)
        return texts

    def body(self) -> str:
        """Return the canonical text over which the hash is taken: a list of every field but
        the hash."""
        data, rating = self.texts()
        before = canonical(
            [
                self.project,
                self.number,
                self.event,
                self.actor,
                self.role,
                self.on_behalf_of,
                self.at.isoformat(timespec="microseconds"),
                self.before,
                self.after,
                self.period,
                self.period_after,
                self.unit,
                self.revision,
                self.lifecycle,
                self.reason,
            ]
        )
        after = canonical([self.evaluation, self.late, self.key, self.previous])
        return f"{before[:-1]},{data},{rating},{after[1:]}"

    def sealed(self) -> Entry:
        """Return the entry with its hash filled in."""
        sealed = attrs.evolve(self, hash=digest(self.body()))
        object.__setattr__(sealed, "_texts", self._texts)
        return sealed


@attrs.frozen(kw_only=True)
class Notice:
    """A message that an entry causes, to one recipient, for one notifier.

    `id` is unique per visit to a state, notice and recipient, so that a visit tells a
    recipient once. `recipient` is an actor id, or `role@unit` where nobody holds the role.
    """

    id: str
    project: str
    number: int
    name: str
    recipient: str
    role: str
    notifier: str
    subject: Label
    at: dt.datetime
    data: Tree = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Outgoing:
    """A notice in the outbox with the story of its delivery.

    `state` is `waiting`, `delivered` or `dead`; `tries` counts the attempts so far;
    `next_at` is when it may be tried (again); `error` is the last failure's text.
    """

    notice: Notice
    state: str
    tries: int
    next_at: dt.datetime
    error: str | None = None


@attrs.frozen(kw_only=True)
class Snapshot:
    """A project and its evaluation in the current period, read together in one moment.

    `latest` is the plan's latest revision at that moment: a decision is made by the
    directory and the calendar then in force, also when another process changed them.
    """

    project: Project
    evaluation: Evaluation
    latest: int


@attrs.frozen(kw_only=True)
class Move:
    """What one firing writes for one project, if its version is still `expected`.

    `expected` is 0 for a project that is adopted. `definition` is set where the firing makes
    a new definition of the project (adoption, an approved change).
    """

    project: Project
    expected: int
    entry: Entry
    evaluation: Evaluation | None = None
    definition: ProjectDefinition | None = None
    notices: tuple[Notice, ...] = ()


@attrs.frozen(kw_only=True)
class Commit:
    """All that one transaction writes: every move or none.

    `unchanged` holds (project id, version) of projects that the decision looked at and that
    must not have moved either. `head` is a new plan revision; `lifecycle` is a definition's
    (fingerprint, canonical text), kept once.
    """

    moves: tuple[Move, ...] = ()
    unchanged: tuple[tuple[str, int], ...] = ()
    head: PlanHead | None = None
    lifecycle: tuple[str, str] | None = None


@attrs.frozen(kw_only=True)
class Selection:
    """Which projects: data, not code. Every condition that is given must hold.

    `units` are unit ids already widened to everything below them; a project counts to the
    unit that answers for it on the day `on`. `states` holds for a project that is in any
    of them, in any region. `ids` are project ids. Results come in the order of plan and
    number (numbers that are digits in numeric order).
    """

    plan: str | None = None
    ids: tuple[str, ...] | None = None
    units: frozenset[str] | None = None
    on: dt.date | None = None
    fields: tuple[str, ...] | None = None
    states: tuple[str, ...] | None = None
    periods: tuple[str, ...] | None = None
    bands: tuple[str, ...] | None = None
    limit: int | None = None
