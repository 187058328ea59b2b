"""What happened: entries and their hashes, evaluations, and the notices that they cause."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from evalflow.model.canonical import Tree, canonical, digest
from evalflow.model.changed import changed, often_made
from evalflow.model.ratings import Rating, figure_text
from evalflow.model.units import Label
from evalflow.model.values import frozen

EVALUATED = "evaluated_period"
"""What an entry's data calls the period of the evaluation that it is about, where that is not the
period that runs."""

MIGRATE = "migrate"
"""The event of the entry by which a project gets another lifecycle."""

REDATE = "redate"
"""The event of an entry that says when the entries before it were really written, whose times a
clock that had jumped ahead made wrong."""


@often_made
@frozen(kw_only=True)
class Act:
    """Who did what to an evaluation; separation of duties looks at these (D9)."""

    event: str
    actor: str
    on_behalf_of: str | None = None
    signers: tuple[str, ...] = ()


def provisional_figures(rating: Rating | None, facts: Mapping[str, Any]) -> dict[str, str]:
    """Return the actuals of one period that are provisional (잠정치): indicator -> figure.

    `rating` is the one that counts, `facts` what was given in the period. An actual is
    provisional where it was given so, counts, and was not given without the mark as well.
    """
    found: dict[str, str] = {}
    for line in rating.lines if rating else ():
        if line.figure is None:
            continue
        given = [
            fact[line.indicator]
            for fact in facts.values()
            if isinstance(fact, Mapping) and line.indicator in fact
        ]
        text = figure_text(line.figure)
        if {"provisional": text} in given and text not in given:
            found[line.indicator] = text
    return found


def _read(rating: Rating | Tree) -> Rating | None:
    return rating if rating is None or isinstance(rating, Rating) else Rating.from_tree(rating)


def _shown(rating: Rating | Tree) -> str:
    return repr(_read(rating))


def _tree_of(rating: Rating | Tree) -> Tree:
    return rating.tree() if isinstance(rating, Rating) else rating


@often_made
@attrs.frozen(kw_only=True)
class Evaluation:
    """One project's figures for one period: both ratings side by side, and everything recorded
    about it.

    Attributes:
        prior: actuals of the year's earlier periods: period -> indicator id -> figure text.
        facts: the latest of every recorded data field: actuals, explanations (cause,
            countermeasure, follow-up), cards, evidence, sign_off, … (earlier ones: history).
        self_rating, review_rating: the department's and the reviewer's (D7).
        acts: who did what in this period.
        extensions: event -> the later day to which it was extended, ISO text.
        extended: event -> how often it was extended, where that has bounds (D4).
        number: the entry that wrote it last.
    """

    project: str
    period: str
    number: int = 0
    revision: int = 1
    prior: Mapping[str, Mapping[str, Any]] = attrs.field(factory=dict)
    facts: Mapping[str, Any] = attrs.field(factory=dict)
    _self_rating: Rating | Tree = attrs.field(default=None, eq=_read, repr=_shown)
    _review_rating: Rating | Tree = attrs.field(default=None, eq=_read, repr=_shown)
    acts: tuple[Act, ...] = ()
    extensions: Mapping[str, str] = attrs.field(factory=dict)
    extended: Mapping[str, int] = attrs.field(factory=dict)
    _text: str | None = attrs.field(default=None, init=False, eq=False, repr=False)

    @property
    def self_rating(self) -> Rating | None:
        """Return the department's own rating, or None."""
        return self._rating_of("_self_rating")

    @property
    def review_rating(self) -> Rating | None:
        """Return the reviewer's rating, or None."""
        return self._rating_of("_review_rating")

    def _rating_of(self, name: str) -> Rating | None:
        kept = getattr(self, name)
        if kept is None or isinstance(kept, Rating):
            return kept
        rating = Rating.from_tree(kept)  # as it came from a store: few firings look at it
        object.__setattr__(self, name, rating)
        return rating

    @property
    def rating(self) -> Rating | None:
        """Return the rating that counts: the reviewer's where there is one."""
        return self.review_rating or self.self_rating

    def provisional(self) -> dict[str, dict[str, str]]:
        """Return the actuals that are still provisional (잠정치): period -> indicator -> figure.

        An actual is given as `{"provisional": "0.081"}` by the event that reports it. It is made
        final by a figure given later without that mark: by reporting again, by a spot check that
        found the same, or by a correction of an earlier period (G6).
        """
        found: dict[str, dict[str, str]] = {}
        for period, figures in self.prior.items():
            for indicator, figure in figures.items():
                if isinstance(figure, Mapping) and "provisional" in figure:
                    found.setdefault(period, {})[indicator] = figure["provisional"]
        now = provisional_figures(self.rating, self.facts)
        return {**found, self.period: now} if now else found

    def tree(self) -> Tree:
        """Return the evaluation as stored."""
        counted = {"extended": self.extended} if self.extended else {}
        return {
            **counted,
            "project": self.project,
            "period": self.period,
            "number": self.number,
            "revision": self.revision,
            "prior": self.prior,
            "facts": self.facts,
            "self_rating": _tree_of(self._self_rating),
            "review_rating": _tree_of(self._review_rating),
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
        """Return the evaluation that `tree` was made from; its ratings are read when asked for."""
        return cls(
            project=tree["project"],
            period=tree["period"],
            number=tree["number"],
            revision=tree["revision"],
            prior=tree["prior"],
            facts=tree["facts"],
            self_rating=tree["self_rating"],
            review_rating=tree["review_rating"],
            acts=tuple(
                [
                    Act(event=event, actor=actor, on_behalf_of=behalf, signers=tuple(signers))
                    for event, actor, behalf, signers in tree["acts"]
                ]
            ),
            extensions=tree["extensions"],
            extended=tree.get("extended", {}),
        )


@often_made
@frozen(kw_only=True)
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
        plan_head: the hash of the entry of the plan's own history under which it was decided; of
            an adoption or revision, of the one that made it. "" in entries from before plans had
            a history (see `PlanEntry`).
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
    plan_head: str = ""
    previous: str = ""
    hash: str = ""
    _texts: tuple[str, str] | None = attrs.field(default=None, init=False, eq=False, repr=False)

    @property
    def evaluated(self) -> str:
        """Return the period of the evaluation that the entry is about: its own period, or an
        earlier one for an event on the last fixed evaluation (수시평가 on any day, R37)."""
        return self.data.get(EVALUATED, self.period) if isinstance(self.data, dict) else self.period

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
        the hash, and without `plan_head` where that is empty."""
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
        under = [self.plan_head] if self.plan_head else []
        after = canonical([self.evaluation, self.late, self.key, *under, self.previous])
        return f"{before[:-1]},{data},{rating},{after[1:]}"

    def sealed(self) -> Entry:
        """Return the entry with its hash filled in."""
        sealed = changed(self, hash=digest(self.body()))
        object.__setattr__(sealed, "_texts", self._texts)
        return sealed


def sealed_at_once(entry: Entry) -> Entry:
    """Return an entry that nobody has seen yet with its hash filled in: what its `sealed` returns,
    made but once."""
    object.__setattr__(entry, "hash", digest(entry.body()))
    return entry


def following(entry: Entry, project: str, number: int, previous: str) -> Entry:
    """Return the entry that says the same of another project, behind its last one, sealed."""
    like = changed(entry, project=project, number=number, previous=previous, hash="")
    object.__setattr__(like, "_texts", entry.texts())
    object.__setattr__(like, "hash", digest(like.body()))
    return like


def dated(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return a project's entries, oldest first, with the times and days late that count: those that
    a later `redate` put right. What is stored, and its hash, stays as it was written."""
    found = list(entries)
    for place, entry in enumerate(found):
        if entry.event != REDATE:
            continue
        to = dt.datetime.fromisoformat(entry.data["to"])
        late = entry.data["late"]
        for earlier in range(place):
            number = found[earlier].number
            if number in entry.data["entries"]:
                right = late.get(str(number), found[earlier].late)
                found[earlier] = attrs.evolve(found[earlier], at=to, late=right)
    return tuple(found)


@often_made
@frozen(kw_only=True)
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


REMINDER = "remind"
"""The name of a notice that no entry causes: what somebody owes, one a person and day."""


def reminder_id(project: str, day: str, recipient: str) -> str:
    """Return the id of the reminder of that day for this recipient in the plan of `project`."""
    return f"{project.rpartition('/')[0]}:{REMINDER}:{day}:{recipient}"


@frozen(kw_only=True)
class Outgoing:
    """A notice in the outbox with the story of its delivery.

    `state` is `waiting`, `delivered` or `dead`; `tries` counts the attempts so far;
    `next_at` is when it may be tried (again); `error` is the last failure's text. `position` is
    where it stands in the outbox that was read (0: nobody asked): a page begins behind it.
    """

    notice: Notice
    state: str
    tries: int
    next_at: dt.datetime
    error: str | None = None
    position: int = attrs.field(default=0, eq=False)
