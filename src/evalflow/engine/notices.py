"""The outbox as an engine gives it, and reminders into it: `office.outbox`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from itertools import islice

import attrs

from evalflow.engine import outbox
from evalflow.engine.listing import about, check_page
from evalflow.engine.queries import Queries, words_of
from evalflow.engine.reminding import remind, remind_of
from evalflow.engine.rules import Rules
from evalflow.engine.telling import Telling
from evalflow.errors import did_you_mean, invalid, nearest
from evalflow.model import Delivery, Notice, Outgoing
from evalflow.model.arguments import all_checked
from evalflow.model.moments import utc
from evalflow.plugins.notifier import Notifier
from evalflow.storage.contract import count_notices

NOTICE_STATES = ("waiting", "delivered", "dead")
"""How it stands with a notice."""


@all_checked
class Outbox:
    """The notices that wait, were delivered, or were given up."""

    def __init__(self, rules: Rules, clock: Callable[[], dt.datetime], queries: Queries) -> None:
        """Made by the engine."""
        self._rules = rules
        self._clock = clock
        self._queries = queries
        self._storage = rules.storage

    def notices(
        self,
        *,
        state: str | None = None,
        project: str | None = None,
        text: str | None = None,
        after: int = 0,
        limit: int | None = None,
        newest: bool = False,
    ) -> Iterator[Outgoing]:
        """Yield the notices in the outbox, oldest first; `state` is `waiting`, `delivered` or
        `dead`, `project` one project's id, `text` words that all stand in its project's id, its
        subject or recipient. A page is those behind the position `after` (`Outgoing.position`), at
        most `limit`. With `newest` the newest first: those before `after`, where that is given.

        Raises:
            NotFound: no such project.
            InvalidInput: another state; `after` or `limit` is none.
        """
        check_page(after, limit)
        self._check(state, project)
        if not after and limit is None and not newest and text is None:
            return self._storage.outbox(state=state, project=project)
        words = () if text is None else words_of(text)
        found = self._storage.outbox(
            state=state,
            project=project,
            after=after,
            limit=None if words else limit,
            newest=newest,
        )
        return islice((each for each in found if about(each, words)), limit) if words else found

    def count(
        self, *, state: str | None = None, project: str | None = None, text: str | None = None
    ) -> int:
        """Return how many notices `notices` would yield: without reading them, but for `text`."""
        if text is not None:
            return sum(1 for _ in self.notices(state=state, project=project, text=text))
        self._check(state, project)
        return count_notices(self._storage, state=state, project=project)

    def _check(self, state: str | None, project: str | None) -> None:
        """Raise where there is no such state of notices, or no such project."""
        if state is not None and state not in NOTICE_STATES:
            listed = ", ".join(NOTICE_STATES)
            ko, en = did_you_mean(
                f"알림 상태 '{state[:60]}'이(가) 없습니다 (가능: {listed})",
                f"no state of notices '{state[:60]}' (there are: {listed})",
                nearest(state, NOTICE_STATES),
            )
            raise invalid("unknown_notice_state", path="state", value=state[:60], ko=ko, en=en)
        if project is not None:
            self._queries.snapshot(project)

    def remind(self, at: dt.datetime | None = None, *, days: int = 1) -> tuple[Notice, ...]:
        """Write the reminders of the day of `at` (None: now) into the outbox, as plans say under
        `notices.reminders`, and return them: one a person, day and notifier, with all that the
        person is reminded of. Written again, that day's are the same ones.

        `days` of more than one also holds what fell on the days before `at`.

        Raises:
            ValueError: `days` is below one.
        """
        if days < 1:
            raise ValueError("days is 1 or more")
        moment = self._clock() if at is None else utc(at)
        return remind(self._rules, self._queries, moment, days, now=at is None)

    def remind_of(self, plan_id: str, projects: Collection[str]) -> tuple[Notice, ...]:
        """Remind now whoever owes something of these projects of the plan (a step in common: once
        nobody owes one of its own), whatever its rules of reminders say, and return what was
        written: one message a person, day and notifier, with all that they owe. Who had the day's
        message gets no other; nobody gets one where the plan has no notifier.

        Raises:
            NotFound: the store has no such plan.
        """
        self._queries.check_plan(plan_id)
        return remind_of(self._rules, self._queries, plan_id, projects, utc(self._clock()))

    def deliver(
        self, limit: int | None, notifiers: Mapping[str, Notifier] | None
    ) -> outbox.DeliveryReport:
        """Deliver the notices that wait; see `Engine.deliver`."""
        routes = [
            route
            for plan_id in self._storage.plans()
            for route in self._rules.plugins.routes(
                plan_id, self._delivery(plan_id), instead=notifiers
            )
        ]
        return outbox.deliver(
            self._storage,
            routes,
            clock=self._clock,
            limit=limit,
            tell=partial(Telling, self._rules),
        )

    def _delivery(self, plan_id: str) -> Delivery:
        """Return how the plan's notices leave, with the notifiers of all its revisions: what was
        written for one that a later revision dropped still waits for it."""
        latest = self._rules.terms(plan_id).head.delivery
        names = dict.fromkeys(latest.notifiers)
        options = dict(latest.options)
        for number, _ in reversed(self._storage.revisions(plan_id)):
            earlier = self._rules.terms(plan_id, number).head.delivery
            for name in earlier.notifiers:
                if name not in names:
                    names[name] = None
                    options[name] = earlier.options.get(name, {})
        return attrs.evolve(latest, notifiers=tuple(names), options=options)

    def resend(self, notices: Iterable[tuple[str, str]] | None = None) -> int:
        """Put dead letters back to waiting and return how many; pairs of notice id and
        notifier, or None for all of them."""
        return outbox.resend(self._storage, clock=self._clock, notices=notices)
