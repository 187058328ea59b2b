"""What the page shows, as plain words and figures: from an `Overview` to what is printed."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import evalflow
from evalflow.plugins import Line, Rating, band_label, day_text, legend, roll_up
from evalflow_report import charts
from evalflow_report.words import words

COLOURS = {
    "done": "var(--done)",
    "on_track": "var(--ok)",
    "lagging": "var(--warn)",
    "seriously_lagging": "var(--bad)",
}
NO_COLOUR = "var(--none)"

BRIEF = 8  # lines of a list on the sheet; the whole list stands behind it

CORRECTED = " r"  # revised: a figure behind the rate was corrected after it had been fixed


class View:
    """An overview in one language. Every attribute is ready to be printed."""

    def __init__(self, overview: evalflow.Overview, lang: str, evidence: str) -> None:
        """Take what stands where, and the line that says what it was made from."""
        self.overview = overview
        self.lang = lang
        self.words = words(lang)
        self.evidence = evidence
        head = overview.head
        self.bands = {band.name: band for band in head.scoring.bands}
        self.plan = head.label.text(lang)
        self.office = head.unit(head.office).label_on(overview.day).text(lang)
        self.period = overview.period.label.text(lang)
        self.day = self.date(overview.day)
        self.illustrative = head.illustrative and head.illustrative.text(lang)
        lifecycles = {each.lifecycle.fingerprint: each.lifecycle for each in overview.standings}
        self.lifecycles = tuple(lifecycles.values())
        self.states = {
            name: lifecycle.states[name].label.text(lang)
            for lifecycle in self.lifecycles
            for name in next(iter(lifecycle.regions.values())).states
        }

    # ------------------------------------------------------------------ words

    def date(self, day: dt.date) -> str:
        """Return a day as documents write it."""
        return day_text(day, self.lang)

    def percent(self, rating: Rating | Line | None) -> str:
        """Return a rate, or why there is none."""
        if rating is None:
            return self.words["not_rated"]
        if rating.rate is None:
            return self.words.get(rating.status, rating.status)
        return f"{rating.rate}%"

    def figure(self, value: Decimal | None) -> str:
        """Return a figure with its thousands grouped."""
        return (
            "-" if value is None else f"{value:,f}".replace("-", "△" if self.lang == "ko" else "−")
        )

    def band(self, name: str | None) -> str:
        """Return a band's name."""
        return band_label(self.overview.head.scoring.bands, name).text(self.lang)

    def bounds(self) -> str:
        """Return where each band begins and ends."""
        return legend(self.overview.head.scoring.bands, self.lang)

    def verdict(self, name: str | None) -> str:
        """Return the class by which a band is coloured."""
        kinds = dict(zip(self.bands, self.parts(), strict=False))
        return kinds[name][0] if name in kinds else "none"

    # ------------------------------------------------------------------ sections

    def glance(self) -> Iterator[tuple[str, str, str]]:
        """Yield the key figures: name, figure, class."""
        overview, said = self.overview, self.words
        total = overview.rates.total
        yield said["projects"], str(len(overview.standings)), ""
        yield said["rated"], str(total.rated), ""
        yield said["mean"], "-" if total.rate is None else f"{total.rate}%", ""
        for name, band in self.bands.items():
            yield band.label.text(self.lang), str(total.bands.get(name, 0)), band.verdict
        late = sum(1 for due in overview.dues if due.days_late)
        yield said["late"], str(late), "lagging" if late else ""
        pending = sum(1 for each in overview.standings if each.pending is not None)
        yield said["pending"], str(pending), ""

    def by_bureau(self) -> list[dict[str, Any]]:
        """Return how many projects of each bureau are in which state, and its mean rate."""
        return self._groups(lambda each: each.bureau.text(self.lang) if each.bureau else "-")

    def by_field(self) -> list[dict[str, Any]]:
        """Return how many projects of each field are in which state, and its mean rate."""
        return self._groups(lambda each: each.field.text(self.lang))

    def _groups(self, key: Callable[[evalflow.ProjectOverview], str]) -> list[dict[str, Any]]:
        overview = self.overview
        names = {each.project.id: key(each) for each in overview.standings}
        ratings = [r for each in overview.standings if (r := overview.rating(each)) is not None]
        rules = overview.head.scoring
        rates = roll_up(
            ratings, key=lambda r: names[r.project], places=rules.places, bands=rules.bands
        )
        rows = []
        groups: dict[str | None, list[evalflow.ProjectOverview]] = {}
        for each in overview.standings:
            groups.setdefault(names[each.project.id], []).append(each)
        groups[None] = list(overview.standings)
        for name, members in groups.items():
            rolled = rates.total if name is None else rates.groups.get(name)
            rate = None if rolled is None else rolled.rate
            states = Counter(each.project.states[0] for each in members)
            counted = [0 if rolled is None else rolled.bands.get(b, 0) for b in self.bands]
            rows.append(
                {
                    "name": self.words["total"] if name is None else name,
                    "total": name is None,
                    "states": [states[state] for state in self.states],
                    "count": len(members),
                    "rate": "-" if rate is None else f"{rate}%",
                    "parts": [*counted, len(members) - sum(counted)],
                }
            )
        return rows

    def shares(self, rows: Iterable[Mapping[str, Any]]) -> str:
        """Return the chart of how many projects of each group are in which band: what the table
        beside it says, in the colours of its heads."""
        parts = self.parts()
        colours = {name: COLOURS.get(kind, NO_COLOUR) for kind, name in parts}
        counted = [
            (row["name"], {name: n for (_, name), n in zip(parts, row["parts"], strict=True)})
            for row in rows
            if not row["total"]
        ]
        return charts.shares(counted, colours)

    def parts(self) -> list[tuple[str, str]]:
        """Return what chart and table count: class and name of each band, and of what has none."""
        best = [name for name, band in self.bands.items() if band.verdict == "on_track"]
        done = best[0] if len(best) > 1 else None
        named = [
            ("done" if name == done else band.verdict, band.label.text(self.lang))
            for name, band in self.bands.items()
        ]
        return [*named, ("none", self.words["rest"])]

    def brief(self, rows: Sequence[Mapping[str, str]]) -> tuple[Sequence[Mapping[str, str]], str]:
        """Return the first few of a list for the sheet, and how many more there are."""
        more = len(rows) - BRIEF
        return rows[:BRIEF], self.words["more"].format(n=more) if more > 0 else ""

    def late(self) -> list[dict[str, str]]:
        """Return what is late, the longest first."""
        head, day = self.overview.head, self.overview.day
        late = [due for due in self.overview.dues if due.days_late]
        return [
            {
                "unit": head.unit(due.unit).label_on(day).text(self.lang),
                "what": due.label.text(self.lang),
                "due": self.date(due.due),
                "days": str(due.days_late),
                "numbers": ", ".join(each.rpartition("/")[2] for each in due.projects),
            }
            for due in sorted(late, key=lambda due: -due.days_late)
        ]

    def lagging(self) -> list[dict[str, Any]]:
        """Return the lagging projects, each with its lagging indicators."""
        rows = []
        for each in self.overview.standings:
            rating = self.overview.rating(each)
            if rating is None or rating.verdict not in ("lagging", "seriously_lagging"):
                continue
            said = self._explanations(each)
            lines = [
                {
                    "name": indicator.label.text(self.lang),
                    "target": self.figure(line.target),
                    "actual": self.figure(line.actual),
                    "unit": indicator.unit,
                    "rate": self.percent(line),
                    "band": self.band(line.band),
                    "said": [
                        (self.words[key], text)
                        for key in ("cause", "countermeasure", "follow_up")
                        if (text := (said.get(line.indicator) or {}).get(key))
                    ],
                    "chart": self._chart(
                        (p, rated.line(line.indicator) if rated else None)
                        for p, rated in self._rated(each)
                    ),
                }
                for line in rating.lines
                if line.verdict in ("lagging", "seriously_lagging")
                and (indicator := each.definition.indicator(line.indicator)) is not None
            ]
            rows.append({**self._named(each), **self._judged(each), "lines": lines})
        return rows

    def _explanations(self, standing: evalflow.ProjectOverview) -> Mapping[str, Mapping[str, str]]:
        names = {
            field.name
            for event in standing.lifecycle.events.values()
            for field in event.data
            if field.type == "explanations"
        }
        found: dict[str, Mapping[str, str]] = {}
        for name in names:
            found.update(standing.facts.get(name) or {})
        return found

    def changes(self) -> list[dict[str, Any]]:
        """Return the changes that were asked for and are not through."""
        rows = []
        for each in self.overview.standings:
            entry = each.pending
            if entry is None:
                continue
            event = each.lifecycle.events[entry.event]
            said = [
                (field.label.text(self.lang), self._said(field, entry.data[field.name]))
                for field in event.data
                if field.name in entry.data and field.type != "change"
            ]
            day = entry.at.astimezone(self.overview.zone).date()
            rows.append({**self._named(each), "since": self.date(day), "said": said})
        return rows

    def _said(self, field: Any, value: Any) -> str:
        if field.type == "choice" and value in field.options:
            return str(field.options[value].text(self.lang))
        return str(value)

    def projects(self) -> Iterator[dict[str, Any]]:
        """Yield all projects with their rates over the periods."""
        for each in self.overview.standings:
            yield {
                **self._named(each),
                **self._judged(each),
                "chart": self._chart(self._rated(each)),
                "spoken": ", ".join(
                    f"{period.label.text(self.lang)} {self.percent(rated)}"
                    for period, rated in self._rated(each)
                ),
            }

    def _rated(
        self, standing: evalflow.ProjectOverview
    ) -> list[tuple[evalflow.Period, Rating | None]]:
        return [(period, standing.ratings.get(period.text)) for period in self.overview.periods]

    def _chart(
        self,
        rated: Iterable[tuple[evalflow.Period, Rating | Line | None]],
    ) -> str:
        return charts.rates_over_periods(
            [
                (
                    period.text,
                    None if each is None else each.rate,
                    COLOURS.get(self.verdict(None if each is None else each.band), NO_COLOUR),
                )
                for period, each in rated
            ]
        )

    def corrected(self) -> str:
        """Return what the sign behind a rate means, where one bears it (G6)."""
        some = any(each.corrections for each in self.overview.standings)
        return f" · {CORRECTED.strip()}: {self.words['corrected']}" if some else ""

    def _named(self, standing: evalflow.ProjectOverview) -> dict[str, str]:
        return {
            "number": standing.project.number,
            "title": standing.definition.label.text(self.lang),
            "unit": standing.unit.text(self.lang),
            "bureau": standing.bureau.text(self.lang) if standing.bureau else "-",
            "field": standing.field.text(self.lang),
            "state": standing.states(self.lang),
        }

    def _judged(self, standing: evalflow.ProjectOverview) -> dict[str, str]:
        rating = self.overview.rating(standing)
        band = None if rating is None else rating.band
        return {
            "rate": self.percent(rating) + (CORRECTED if standing.corrections else ""),
            "band": self.band(band),
            "verdict": self.verdict(band),
        }

    # ------------------------------------------------------------------ the lifecycle

    def diagrams(self) -> list[dict[str, Any]]:
        """Return each lifecycle: its picture, and its states' counts."""
        return [self._diagram(lifecycle) for lifecycle in self.lifecycles]

    def _diagram(self, lifecycle: evalflow.Lifecycle) -> dict[str, Any]:
        counts: dict[str, int] = {}
        for each in self.overview.standings:
            if each.lifecycle.fingerprint == lifecycle.fingerprint:
                for state in each.project.states:
                    counts[state] = counts.get(state, 0) + 1
        return {
            "name": lifecycle.label.text(self.lang),
            "version": lifecycle.version,
            "picture": evalflow.picture(lifecycle, lang=self.lang, counts=counts),
            "states": [
                {
                    "region": region.label.text(self.lang),
                    "name": lifecycle.states[name].label.text(self.lang),
                    "count": counts.get(name, 0),
                }
                for region in lifecycle.regions.values()
                for name in region.states
            ],
        }
