"""What a scorer is given, and what it answers. Figures are `Decimal`, text when stored."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs

from evalflow.model.canonical import Tree
from evalflow.model.changed import often_made
from evalflow.model.projects import ONE, Actual, ProjectDefinition, Share
from evalflow.model.rules import ScoringRules
from evalflow.model.values import frozen

_NOTHING: Mapping[str, Any] = {}


@frozen(kw_only=True)
class Override:
    """A reviewer's rate in place of the computed one; it needs a written reason (D8)."""

    rate: Decimal
    reason: str


@often_made
@frozen(kw_only=True)
class Subject:
    """What a scorer rates: one project up to one period.

    `periods` are the plan's periods up to and including `period`, in order;
    `actuals` maps period -> indicator id -> figure; a missing actual is absent.
    """

    project: str
    period: str
    periods: tuple[str, ...]
    definition: ProjectDefinition
    rules: ScoringRules
    actuals: Mapping[str, Mapping[str, Actual]]
    overrides: Mapping[str, Override] = attrs.field(factory=dict)
    revision: int = 1


@often_made
@frozen(kw_only=True)
class Line:
    """One indicator's rate with everything needed to work it out again.

    `target` and `actual` are the ones compared (cumulative where the rules say so), `figure`
    is the actual of the period alone (a `Share` under the accumulation `ratio`). `rate` is in
    percent, half-up at the rules' places; it is None where `status` is not `rated`: `missing`,
    `not_due` or `undefined` (zero target). An overridden line keeps the `computed` rate beside
    the reviewer's.
    """

    indicator: str
    formula: str
    status: str
    target: Decimal | None = None
    actual: Decimal | None = None
    figure: Decimal | Share | None = None
    rate: Decimal | None = None
    computed: Decimal | None = None
    score: Decimal | None = None
    band: str | None = None
    verdict: str | None = None
    weight: Fraction = ONE
    reason: str | None = None


@often_made
@frozen(kw_only=True)
class Rating:
    """A project's rate in one period: the lines, the roll-up, and what computed it.

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
        if self.rate is not None:
            tree["rate"] = format(self.rate, "f")
        if self.score is not None:
            tree["score"] = format(self.score, "f")
        if self.band is not None:
            tree["band"] = self.band
        if self.verdict is not None:
            tree["verdict"] = self.verdict
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


def _figure(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _own_figure(text: str | None) -> Decimal | Share | None:
    return Share.of(text) if text is not None and "/" in text else _figure(text)


def figure_text(figure: Decimal | Share) -> str:
    """Return an actual as it is stored: `84.5`, or `12/40` for a share."""
    return str(figure) if isinstance(figure, Share) else format(figure, "f")


def _line_tree(line: Line) -> dict[str, Any]:
    tree: dict[str, Any] = {
        "indicator": line.indicator,
        "formula": line.formula,
        "status": line.status,
        "weight": "1" if line.weight is ONE else str(line.weight),
    }
    rate = line.rate
    if (target := line.target) is not None:
        tree["target"] = format(target, "f")
    if (actual := line.actual) is not None:
        tree["actual"] = format(actual, "f")
    if rate is not None:
        tree["rate"] = format(rate, "f")
    if (computed := line.computed) is not None:
        tree["computed"] = format(computed, "f")
    if (score := line.score) is not None:
        tree["score"] = tree["rate"] if score is rate else format(score, "f")
    if (figure := line.figure) is not None:
        tree["figure"] = tree["actual"] if figure is actual else figure_text(figure)
    if line.band is not None:
        tree["band"] = line.band
    if line.verdict is not None:
        tree["verdict"] = line.verdict
    if line.reason is not None:
        tree["reason"] = line.reason
    return tree


def _line_from(tree: Mapping[str, Any]) -> Line:
    get = tree.get
    return Line(
        indicator=tree["indicator"],
        formula=tree["formula"],
        status=tree["status"],
        target=_figure(get("target")),
        actual=_figure(get("actual")),
        figure=_own_figure(get("figure")),
        rate=_figure(get("rate")),
        computed=_figure(get("computed")),
        score=_figure(get("score")),
        band=get("band"),
        verdict=get("verdict"),
        weight=ONE if tree["weight"] == "1" else Fraction(tree["weight"]),
        reason=get("reason"),
    )
