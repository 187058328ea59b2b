"""A form that is being filled in: what it shows, what the engine says of it, and what is wrong
where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

import attrs

from evalflow import Explanation, Label, Project
from evalflow.plugins import CARD_STATES, Line, Rating, particles
from evalflow_web.board.desk import Band, Desk, grouped
from evalflow_web.board.fields import Asked, data_of, flat_of, path_of, target_text
from evalflow_web.board.shelf import hash_in

_SUMS = {
    "sum": ("합계", "sum"),
    "last": ("최근값", "latest"),
    "average": ("평균", "average"),
    "ratio": ("분자 합 ÷ 분모 합", "ratio of sums"),
}

_FRESH = frozenset({"reason", "document", "sign_off", "flag"})
"""Types of fields that are never filled in from what was recorded before."""


@attrs.frozen(kw_only=True)
class IndicatorBlock:
    """One indicator in a form: what it is measured against, and what the figures come to."""

    id: str
    label: str
    about: str
    target: str
    before: str
    unit: str
    line: Line | None
    band: Band | None
    rate: str
    worked: str
    lagging: bool
    own: Line | None
    own_band: Band | None
    own_worked: str


@attrs.frozen(kw_only=True)
class FileLine:
    """A line of evidence that names a file which is kept here."""

    line: str
    name: str
    size: str
    href: str
    sha256: str


@attrs.define(kw_only=True, eq=False)
class Filling:
    """One reader fills in the form of an event on a project."""

    desk: Desk
    project: Project
    event: Any
    asked: Asked
    flat: Mapping[str, str]
    version: int
    told: bool = False
    notes: tuple[str, ...] = ()

    @classmethod
    def begun(cls, desk: Desk, project: Project, event: Any) -> Filling:
        """Return the form as it opens: from what was recorded in the period."""
        asked = desk.asked(project, event)
        return cls(
            desk=desk,
            project=project,
            event=event,
            asked=asked,
            flat=opening(event, asked, asked.facts),
            version=project.version,
        )

    # ------------------------------------------------------------------ what the engine says

    @cached_property
    def data(self) -> dict[str, Any]:
        """Return the event's data as typed."""
        return data_of(self.event.data, self.flat, self.asked)

    @cached_property
    def answer(self) -> Explanation:
        """Return what the gate answers to it."""
        return self.desk.explain(self.project, self.event.name, self.data)

    @cached_property
    def rating(self) -> Rating | None:
        """Return what the figures would be rated; those that cannot be read are left out."""
        answer = self.answer
        if answer.rating is not None or self.figures is None:
            return answer.rating
        wrong = {path for path in self.errors if path.startswith(f"{self.figures}/")}
        good = {
            indicator: figure
            for indicator, figure in self.data.get(self.figures, {}).items()
            if not any(path.startswith(f"{self.figures}/{indicator}") for path in wrong)
        }
        if not good or not wrong:
            return None
        data = {**self.data, self.figures: good}
        return self.desk.explain(self.project, self.event.name, data).rating

    @cached_property
    def errors(self) -> Mapping[str, list[str]]:
        """Return what is wrong or lacking, by the path of the field; "" for what has no field."""
        found: dict[str, list[str]] = {}
        for reason in self.answer.reasons:
            path = self._place(reason.code, reason.about)
            text = reason.text(self.desk.lang)
            if reason.code == "bad_data" and reason.about is not None:
                text = text.removeprefix(f"{reason.about}: ")
            elif reason.code == "data_missing":  # here a field is known by its label
                label = next(each.label for each in self.event.data if each.name == reason.about)
                text = self.desk.say(
                    particles(f"‘{label.ko}’을(를) 입력하십시오."), f"‘{label.en}’ is required."
                )
            found.setdefault(path, []).append(text)
        return found

    def _place(self, code: str, about: str | None) -> str:
        if about is None:
            return ""
        names = {field.name for field in self.event.data}
        if code == "change_undeclared" and (field := self._named("declarations")) is not None:
            return f"{field}/{about}"
        if about in {each.id for each in self.asked.definition.indicators}:
            if code == "lagging_unexplained" and self.explanations is not None:
                given = self.data.get(self.explanations, {}).get(about, {})
                lacking = "countermeasure" if given.get("cause") else "cause"
                return f"{self.explanations}/{about}/{lacking}"
            field = self.figures or self.judgements
            return "" if field is None else f"{field}/{about}"
        path = path_of(about)
        return path if path.partition("/")[0] in names else ""

    def wrong(self, path: str) -> list[str]:
        """Return what stands beside a field: what cannot be read at once, what is lacking only
        after the form was sent."""
        if self.told:
            return self.errors.get(path, [])
        return [
            reason.text(self.desk.lang).removeprefix(f"{reason.about}: ")
            for reason in self.answer.reasons
            if reason.code == "bad_data" and reason.about and path_of(reason.about) == path
        ]

    def summary(self) -> list[tuple[str, str]]:
        """Return (path, sentence) of everything that speaks against it; a path may be ""."""
        return [(path, text) for path, texts in self.errors.items() for text in texts]

    # ------------------------------------------------------------------ what it shows

    @property
    def title(self) -> str:
        """Return what the form is about: the project, or all projects of the unit that moves
        together."""
        desk, project, together = self.desk, self.project, self.event.together
        if together is None:
            return f"{project.number} {project.label.text(desk.lang)}"
        unit = desk.unit(desk.head.ancestor(project.unit, together) or project.unit)
        return desk.say(f"{unit} 전체 사업", f"{unit}: all projects")

    @property
    def told_at_once(self) -> list[tuple[str, str]]:
        """Return (notice, roles) of what is sent in any case when it is done."""
        roles, lang = self.desk.lifecycle_of(self.project).roles, self.desk.lang
        notices = [
            (
                rule.label.text(lang),
                [roles[name].label.text(lang) for name in rule.to if name in roles],
            )
            for rule in self.event.notices
            if rule.when is None
        ]
        return [(notice, ", ".join(to)) for notice, to in notices if to]

    def _named(self, kind: str) -> str | None:
        return next((field.name for field in self.event.data if field.type == kind), None)

    @property
    def card_states(self) -> Mapping[str, Label]:
        """Return how a sub-project may go by its card (R39)."""
        return CARD_STATES

    @property
    def figures(self) -> str | None:
        """Return the name of the field that takes figures, or None."""
        return self._named("figures")

    @property
    def explanations(self) -> str | None:
        """Return the name of the field that takes causes and countermeasures, or None."""
        return self._named("explanations")

    @property
    def judgements(self) -> str | None:
        """Return the name of the field that judges rates, or None."""
        return self._named("judgements")

    def value(self, *path: str) -> str:
        """Return what was typed there."""
        return self.flat.get("/".join(path), "")

    def lines(self, name: str) -> list[str]:
        """Return a text's lines that name no file kept here."""
        return [line for line in self.value(name).splitlines() if hash_in(line) is None]

    def files(self, name: str) -> list[FileLine]:
        """Return a text's lines that name files."""
        return [self.file(line) for line in self.value(name).splitlines() if hash_in(line)]

    def file(self, line: str) -> FileLine:
        """Return a line of evidence as a page shows it."""
        sha = hash_in(line) or ""
        kept = self.desk.shelf.evidence(self.project.id, sha)
        return FileLine(
            line=line,
            name=line.rpartition(" (sha256:")[0],
            size=size_text(kept[0].size) if kept else "",
            href=self.desk.to("board_file", number=self.project.number, sha=sha),
            sha256=sha,
        )

    def given_evidence(self) -> list[FileLine]:
        """Return the files that the department gave in this period."""
        found = []
        for value in self.asked.facts.values():
            if isinstance(value, list | tuple):
                lines = [each for each in value if isinstance(each, str)]
                found += [self.file(line) for line in lines if hash_in(line)]
        return found

    def indicators(self) -> Iterable[IndicatorBlock]:
        """Yield the indicators with what they come to."""
        desk, period = self.desk, self.asked.period
        own = None if self.asked.evaluation is None else self.asked.evaluation.self_rating
        prior = {} if self.asked.evaluation is None else self.asked.evaluation.prior
        last = max((each for each in prior if each < period), default=None)
        for indicator in self.asked.definition.indicators:
            line = None if self.rating is None else self.rating.line(indicator.id)
            mine = None if own is None else own.line(indicator.id)
            how = _SUMS.get(indicator.accumulation)
            about = [indicator.unit, desk.say(*how) if how else ""]
            if len(self.asked.definition.indicators) > 1:
                about.append(desk.say(f"가중치 {indicator.weight}", f"weight {indicator.weight}"))
            before = "" if last is None else prior[last].get(indicator.id, "")
            counts = line is not None and line.rate is not None
            yield IndicatorBlock(
                id=indicator.id,
                label=indicator.label.text(desk.lang),
                about=", ".join(each for each in about if each),
                target=_target(indicator.targets.get(period), desk),
                before=_before(before, desk),
                unit=indicator.unit,
                line=line,
                band=desk.band(line.band, line.status)
                if line is not None and (counts or line.status == "not_due")
                else None,
                rate=f"{line.rate}%" if counts and line is not None else "",
                worked=desk.worked_out(line, self.asked.definition, period)
                if line is not None and line.status != "missing"
                else "",
                lagging=line is not None and line.verdict in ("lagging", "seriously_lagging"),
                own=mine,
                own_band=None if mine is None else desk.band(mine.band, mine.status),
                own_worked=""
                if mine is None
                else desk.worked_out(mine, self.asked.definition, period),
            )


def opening(event: Any, asked: Asked, facts: Mapping[str, Any]) -> dict[str, str]:
    """Return what a form opens with: what was recorded for the period, save reasons and documents
    (they are said anew). A rate that nobody judged yet opens unjudged: what is left alone is no
    answer."""
    return flat_of([field for field in event.data if field.type not in _FRESH], facts, asked)


def _target(target: Any, desk: Desk) -> str:
    text = target_text(target)
    if text:
        return grouped(text)
    why = getattr(target, "reason", "")
    return desk.say("시기미도래", "not due yet") + (f" ({why})" if why else "")


def _before(figure: Any, desk: Desk) -> str:
    if isinstance(figure, Mapping):
        return (
            desk.say("시기미도래", "not due yet")
            if "not_due" in figure
            else str(figure.get("provisional", ""))
        )
    return grouped(str(figure))


def size_text(size: int) -> str:
    """Return a file's size as people read it."""
    if size < 1_000_000:
        return f"{max(round(size / 1000), 1):,}KB"
    return f"{size / 1_000_000:.1f}MB"
