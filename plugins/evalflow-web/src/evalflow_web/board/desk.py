"""One reader at one plan: what the board's pages know in common, and how they name things."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

import attrs
from markupsafe import Markup, escape
from starlette.responses import Response

from evalflow import (
    Directory,
    Due,
    Entry,
    Evaluation,
    Explanation,
    Label,
    Lifecycle,
    NotFound,
    PlanHead,
    PluginError,
    Project,
    ProjectDefinition,
    View,
)
from evalflow.plugins import (
    Line,
    Panel,
    PanelRequest,
    Rating,
    band_label,
    day_text,
    explain_line,
    legend,
    time_text,
)
from evalflow_web.board.fields import Asked
from evalflow_web.board.shelf import Shelf
from evalflow_web.site import Visit

_log = logging.getLogger("evalflow.web")

ICONS = {"done": "check", "good": "dot", "lag": "tri", "worst": "down", "later": "clock"}
"""A band's or state's class -> its icon; the colour only repeats what icon and word say."""

_VERDICTS = {"on_track": "good", "lagging": "lag", "seriously_lagging": "worst"}


@attrs.frozen(kw_only=True)
class Band:
    """A band as a page shows it: a class of the style sheet, an icon, a word."""

    css: str
    icon: str
    word: str


@attrs.frozen(kw_only=True)
class Door:
    """Something that could be done: open, or closed with the first reason and who could."""

    event: str
    label: str
    open: bool
    why: tuple[str, ...] = ()
    who: tuple[str, ...] = ()
    deadline: str = ""


@attrs.define(kw_only=True, eq=False)
class Desk:
    """A reader at a plan. Everything that is read of projects goes through `view`."""

    visit: Visit
    plan: str
    shelf: Shelf

    # ------------------------------------------------------------------ the plan and the reader

    @property
    def lang(self) -> str:
        """Return the reader's language."""
        return self.visit.lang

    @property
    def view(self) -> View:
        """Return the store as the reader may see it."""
        return self.visit.view

    @property
    def me(self) -> str:
        """Return the reader's id."""
        return self.visit.who.id

    def say(self, ko: str, en: str) -> str:
        """Return the sentence in the reader's language."""
        return self.visit.say(ko, en)

    def label(self, label: Label) -> str:
        """Return the label in the reader's language."""
        return label.text(self.lang)

    @cached_property
    def head(self) -> PlanHead:
        """Return the plan in its latest revision.

        Raises:
            NotFound: the store has no such plan, or its directory does not know the reader.
        """
        head = self.visit.engine.plans.head(self.plan)
        if isinstance(self.visit.actor, str) and self.visit.actor not in self.people:
            raise NotFound("actor", self.visit.actor)
        return head

    @cached_property
    def people(self) -> Directory:
        """Return who holds what under the plan: its own people, and the host's."""
        return self.visit.view.people(self.plan)

    @cached_property
    def now(self) -> dt.datetime:
        """Return the moment, in UTC."""
        return self.visit.engine.clock()

    @cached_property
    def zone(self) -> dt.tzinfo:
        """Return the office's zone."""
        return self.visit.engine.plans.calendar(self.plan).zone

    @cached_property
    def today(self) -> dt.date:
        """Return the day in the plan's office."""
        return self.visit.engine.plans.calendar(self.plan).today(self.now)

    @cached_property
    def projects(self) -> tuple[Project, ...]:
        """Return the plan's projects as the reader may see them."""
        self.head  # noqa: B018  (who does not belong here is told so first)
        return tuple(self.view.projects(plan=self.plan))

    @cached_property
    def lifecycle(self) -> Lifecycle:
        """Return the plan's lifecycle; a plan of cases may have none yet."""
        plans = self.visit.engine.plans
        if self.projects:
            return plans.lifecycle(self.projects[0].lifecycle)
        return plans.plan(self.plan).lifecycle

    def lifecycle_of(self, project: Project) -> Lifecycle:
        """Return the lifecycle under which the project stands."""
        return self.visit.engine.plans.lifecycle(project.lifecycle)

    @cached_property
    def roles(self) -> Mapping[str, tuple[str, ...]]:
        """Return the roles that the reader holds today, with the units of each."""
        actor = self.visit.actor
        grants = self.people.actor(actor).grants if isinstance(actor, str) else actor.grants
        held: dict[str, list[str]] = {}
        for grant in grants:
            if grant.holds_on(self.today):
                held.setdefault(grant.role, []).append(grant.unit)
        return {role: tuple(units) for role, units in held.items()}

    def title_of_role(self) -> str:
        """Return the reader's positions as people say them: 교육지원과 사업부서."""
        said = []
        for role, units in self.roles.items():
            known = self.lifecycle.roles.get(role)
            name = role if known is None else known.label.text(self.lang)
            said += [f"{self.unit(unit)} {name}" for unit in units if unit in self.head.units]
        return ", ".join(said[:2])

    def holds(self, roles: Iterable[str]) -> bool:
        """Say whether the reader holds one of the roles today."""
        return not self.roles.keys().isdisjoint(roles)

    def takes_part(self, project: Project) -> bool:
        """Say whether the reader holds a role for the project's unit, or may read all of it: then
        they see what is said beside its record, and may say something there."""
        above = set(self.head.line_up(project.unit))
        return any(not above.isdisjoint(units) for units in self.roles.values()) or (
            self.view.reads_all(project.id)
        )

    @cached_property
    def keeps_plan(self) -> bool:
        """Say whether the reader holds a role that may revise the plan."""
        return self.holds(self.head.revising.by or self.lifecycle.adopted_by)

    @cached_property
    def desks(self) -> frozenset[str]:
        """Return which of the desks are for the reader: `bureau`, `sign`, `review`."""
        found = set()
        for event in self.lifecycle.events.values():
            if not self.holds(event.by):
                continue
            if "review_rating" in event.actions:
                found.add("review")
            elif {"signature", "plan_revision"} & set(event.actions):
                found.add("sign")
            elif event.together is not None and event.due is not None:
                found.add("bureau")
        return frozenset(found)

    # ------------------------------------------------------------------ one project

    def project(self, number: str) -> Project:
        """Return the project with this 관리번호.

        Raises:
            NotFound: the plan has none.
        """
        self.head  # noqa: B018
        return self.view.project(f"{self.plan}/{number}")

    def definition(self, project: Project, period: str | None = None) -> ProjectDefinition:
        """Return what the plan says of the project for its period, or another."""
        plans = self.visit.engine.plans
        return plans.definition(project.id, period=period or project.period)

    def evaluation(self, project: Project, period: str | None = None) -> Evaluation | None:
        """Return what the reader may see of the project's evaluation; None where there is none."""
        try:
            return self.view.evaluation(project.id, period or project.period)
        except NotFound:
            return None

    def asked(self, project: Project, event: Any = None) -> Asked:
        """Return what a form about the project is about: the running period, or, for an event on
        the last fixed evaluation (수시평가), that one."""
        on_fixed = event is not None and event.evaluation == "fixed"
        period = self.last_fixed(project) if on_fixed else project.period
        return Asked(
            project=project,
            period=period,
            definition=self.definition(project, period),
            evaluation=self.evaluation(project, period),
            months=_months(period, self.visit.engine.plans.calendar(self.plan).periods()),
        )

    def last_fixed(self, project: Project) -> str:
        """Return the period whose evaluation was fixed last: the running one where the project is
        in a state that fixes it, else the one before (the running one where there is none)."""
        states = self.lifecycle_of(project).states
        if any(states[state].fixed for state in project.states):
            return project.period
        periods = [each.text for each in self.visit.engine.plans.calendar(self.plan).periods()]
        earlier = [each for each in periods if each < project.period]
        return earlier[-1] if earlier else project.period

    def said(self, project: Project, evaluation: Evaluation | None) -> list[tuple[str, str]]:
        """Return what was written for a period, as far as the reader may see it: (about what, the
        text); causes and countermeasures by indicator."""
        if evaluation is None:
            return []
        definition = self.definition(project, evaluation.period)
        words = {
            "cause": self.say("부진사유", "cause"),
            "countermeasure": self.say("대책", "countermeasure"),
            "follow_up": self.say("점검 방법", "follow-up"),
        }
        found: dict[str, str] = {}
        for event in self.lifecycle_of(project).events.values():
            for field in event.data:
                value = evaluation.facts.get(field.name)
                if field.type == "text" and isinstance(value, str) and value:
                    found[field.label.text(self.lang)] = value
                elif field.type == "explanations" and isinstance(value, Mapping):
                    for name, parts in value.items():
                        indicator = definition.indicator(name)
                        label = name if indicator is None else indicator.label.text(self.lang)
                        for key, text in parts.items():
                            found[f"{label}: {words.get(key, key)}"] = str(text)
        return list(found.items())

    def explain(
        self, project: Project, event: str, data: Mapping[str, Any] | None = None
    ) -> Explanation:
        """Return what firing the event would answer the reader."""
        return self.view.explain(project.id, event, data=data)

    def doors(self, project: Project) -> list[Door]:
        """Return what the reader could do with the project: what is open first, then what is
        closed, with its reason; what lies outside their roles is left out."""
        found = []
        for event in self.lifecycle_of(project).events.values():
            if not self.holds(event.by):
                continue
            answer = self.explain(project, event.name)
            checks = {check.name: check for check in answer.checks}
            if checks["role"].reasons or checks["unit"].reasons:
                continue
            found.append(self.door(answer, event.label.text(self.lang)))
        return sorted(found, key=lambda door: (not door.open, not door.deadline))

    def door(self, answer: Explanation, label: str) -> Door:
        """Return an answer of the gate as something to press."""
        reasons = answer.reasons
        deadline = answer.deadline
        return Door(
            event=answer.event,
            label=label,
            open=answer.allowed,
            why=tuple(reason.text(self.lang) for reason in reasons),
            who=tuple(dict.fromkeys(who for reason in reasons for who in reason.who)),
            deadline="" if deadline is None else self.day(deadline),
        )

    # ------------------------------------------------------------------ words

    def day(self, day: dt.date, *, weekday: bool = True) -> str:
        """Return the day as an office writes it: 2017. 1. 5.(목)."""
        text = day_text(day, self.lang)
        if not weekday:
            return text
        name = "월화수목금토일"[day.weekday()] if self.lang == "ko" else day.strftime("%a")
        return f"{text}({name})" if self.lang == "ko" else f"{name} {text}"

    def time(self, at: dt.datetime) -> str:
        """Return the moment in the office's zone."""
        return time_text(at.astimezone(self.zone), self.lang)

    def left(self, due: Due) -> str:
        """Return how far off a due day is: 오늘, 내일, D-3, 2일 경과."""
        if due.days_late:
            return self.say(f"{due.days_late}일 경과", f"{due.days_late} days late")
        if due.days_left == 0:
            return self.say("오늘", "today")
        if due.days_left == 1:
            return self.say("내일", "tomorrow")
        return f"D-{due.days_left}"

    def unit(self, unit: str) -> str:
        """Return the unit's name today."""
        return self.head.unit(unit).label_on(self.today).text(self.lang)

    def period(self, text: str, *, year: bool = False) -> str:
        """Return a period's name; without its year: 4분기."""
        for period in self.visit.engine.plans.calendar(self.plan).periods():
            if period.text == text:
                label = period.label.text(self.lang)
                cut = f"{self.head.year}년 " if self.lang == "ko" else f" {self.head.year}"
                return label if year else label.replace(cut, "")
        return text

    def states(self, project: Project) -> str:
        """Return where the project stands: a further region in its initial state is quiet."""
        return self.states_text(self.lifecycle_of(project), project.states)

    def states_text(self, lifecycle: Lifecycle, states: Iterable[str]) -> str:
        """Return the labels of states, one a region."""
        pairs = zip(lifecycle.regions.values(), states, strict=False)
        return " · ".join(
            lifecycle.states[state].label.text(self.lang)
            for place, (region, state) in enumerate(pairs)
            if place == 0 or state != region.initial
        )

    def band(self, name: str | None, status: str = "rated") -> Band:
        """Return how a band is shown; without one: not due yet, or nothing given."""
        if name is None:
            if status == "not_due":
                return Band(css="later", icon="clock", word=self.say("시기미도래", "Not due yet"))
            word = self.say("실적 미입력", "No figures")
            return Band(css="absent", icon="none", word=word)
        bands = self.head.scoring.bands
        css = next((_css(each) for each in bands if each.name == name), "later")
        word = band_label(bands, name).text(self.lang)
        return Band(css=css, icon=ICONS[css], word=word)

    def legend(self) -> str:
        """Return what the bands mean, in one line."""
        return legend(self.head.scoring.bands, self.lang)

    def rate(self, rating: Rating | None) -> str:
        """Return the rate, or a dash."""
        return "-" if rating is None or rating.rate is None else f"{rating.rate}%"

    def number(self, figure: Any) -> str:
        """Return a figure with its thousands apart."""
        return grouped(format(figure, "f") if hasattr(figure, "as_tuple") else str(figure))

    def worked_out(self, line: Line, definition: ProjectDefinition, period: str) -> str:
        """Return how the line's rate came about, in the engine's own words."""
        indicator = definition.indicator(line.indicator)
        if indicator is None:
            return ""
        scoring = self.head.scoring
        said = explain_line(line, indicator, scoring, self.lang, period=period)
        return said.removeprefix(f"{indicator.label.text(self.lang)}: ")

    def event(self, entry: Entry) -> str:
        """Return what happened, as people say it."""
        own = {
            "adopt": ("계획 등록", "Plan adopted"),
            "revise": ("계획 개정", "Plan revised"),
            "migrate": ("절차 전환", "Lifecycle changed"),
        }
        known = self.visit.engine.plans.lifecycle(entry.lifecycle).events.get(entry.event)
        if known is not None:
            return known.label.text(self.lang)
        return self.say(*own.get(entry.event, (entry.event, entry.event)))

    def who_acted(self, actor: str, behalf: str | None) -> str:
        """Return who acted: 代 stands before the one who did, for another (R2)."""
        if behalf is None:
            return actor
        return self.say(f"代 {actor} ({behalf} 대결)", f"{actor} (for {behalf})")

    # ------------------------------------------------------------------ panels of plugins

    @cached_property
    def _panels(self) -> Mapping[str, Panel | PluginError]:
        plugins = self.visit.engine.plugins
        found: dict[str, Panel | PluginError] = {}
        for name in plugins.names("panel"):
            try:
                found[name] = plugins.panel(name)
            except PluginError as error:
                found[name] = error
        return found

    def panels(self, place: str, project: Project | None = None) -> list[tuple[str, str, Markup]]:
        """Return what plugins show here: (name, heading, HTML). A panel that breaks says so in its
        place, and takes nothing else with it."""
        shown = []
        for name, panel in self._panels.items():
            if isinstance(panel, PluginError) or panel.place != place:
                continue
            request = PanelRequest(
                view=self.view,
                plan=self.plan,
                project=None if project is None else project.id,
                at=self.now,
                lang=self.lang,
            )
            try:
                html = panel.html(request)
            except Exception:  # a plugin's own mistake: told, logged, and the page goes on
                _log.exception("the panel '%s' broke", name)
                said = self.say(
                    f"플러그인 화면({name})을 보여 드릴 수 없습니다.",
                    f"The panel ({name}) cannot be shown.",
                )
                html = f"<p>{escape(said)}</p>"
            if html is not None:
                shown.append((name, panel.label.text(self.lang), Markup(html)))  # noqa: S704
        return shown

    def panel_pages(self) -> list[tuple[str, str]]:
        """Return the pages that plugins add: (name, heading)."""
        return [
            (name, panel.label.text(self.lang))
            for name, panel in self._panels.items()
            if not isinstance(panel, PluginError) and panel.place == "page"
        ]

    # ------------------------------------------------------------------ pages

    def page(self, template: str, *, here: str, status: int = 200, **values: Any) -> Response:
        """Return a page of the board; `here` is its place in the navigation."""
        return self.visit.page(
            f"board/{template}", status=status, desk=self, here=here, plan=self.plan, **values
        )

    def to(self, name: str, **params: Any) -> str:
        """Return the path of one of the board's pages about this plan."""
        return self.visit.url(name, plan=self.plan, **params)


def _css(band: Any) -> str:
    if band.against == "whole" and band.verdict == "on_track":
        return "done"
    return _VERDICTS.get(band.verdict, "later")


def _months(period: str, periods: Iterable[Any]) -> tuple[str, ...]:
    for each in periods:
        if each.text == period:
            return tuple(_each_month(each.start, each.end))
    return ()


def _each_month(start: dt.date, end: dt.date) -> Iterator[str]:
    at = start
    while at <= end:
        yield f"{at:%Y-%m}"
        at = (at.replace(day=1) + dt.timedelta(days=32)).replace(day=1)


def grouped(text: str) -> str:
    """Return a number's text with its thousands apart; other text as it is."""
    whole, point, rest = text.partition(".")
    return f"{int(whole):,}{point}{rest}" if whole.lstrip("-").isdigit() else text
