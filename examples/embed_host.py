"""evalflow inside an existing municipal system: its users, clock, holidays, notices, threads.

The host has authenticated its user already; it says what roles that user has and passes an
`Actor`. evalflow believes it: that is the trust boundary. Run it: `python examples/embed_host.py`.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

import evalflow
from evalflow.plugins import Notice

CARD = {"state": "on_track", "text": "추진 중", "papers": ["추진실적"]}
"""What each of number 6's 22 cards says here."""

PLAN = Path(__file__).parent / "seodaemun-2016" / "plan.yaml"
SEOUL = dt.timezone(dt.timedelta(hours=9))


class HostUsers:
    """The host's own user table: login -> (role, department)."""

    table: ClassVar = {
        "kim": ("department", "education-support"),
        "park": ("department_head", "education-support"),
        "lee": ("policy_office", "seodaemun"),
    }

    def actor(self, login: str) -> evalflow.Actor:
        """Return the host's user as an actor: an opaque id with its grants."""
        role, unit = self.table[login]
        return evalflow.Actor(f"host:{login}", (evalflow.Grant(role=role, unit=unit),))


class HostHolidays:
    """The host's own holiday table, in place of the library's."""

    version = "host 2016"

    def name_of(self, day: dt.date) -> str | None:
        """Return the holiday on `day`, or None."""
        return "구민의 날" if (day.month, day.day) == (4, 5) else None


class HostInbox:
    """The host's own notifier: notices land in its users' inboxes."""

    def __init__(self) -> None:
        self.letters: list[str] = []

    def deliver(self, notice: Notice) -> None:
        """Put the notice into the recipient's inbox."""
        self.letters.append(f"{notice.recipient}: {notice.subject.ko}")


class HostClock:
    """The host's clock; here one that stands where the example needs it."""

    moment = dt.datetime(2016, 2, 25, 9, tzinfo=SEOUL)

    def __call__(self) -> dt.datetime:
        return self.moment


async def main() -> list[str]:
    """Adopt the plan, evaluate one project by the host's user, and ask many things at once."""
    users, inbox, clock = HostUsers(), HostInbox(), HostClock()
    office = evalflow.open("memory:", plugins=[], clock=clock, holidays=HostHolidays())
    plan = evalflow.load_plan(PLAN)
    office.adopt(plan, by=users.actor("lee"))

    clock.moment = dt.datetime(2016, 4, 4, 14, tzinfo=SEOUL)
    project = "seodaemun-2016/6"
    by = users.actor("kim")
    definition = office.plans.definition(project)
    actuals = {i.id: i.targets["2016-Q1"] for i in definition.indicators} | {"cards": "20/22"}
    said = [f"due: {office.explain(project, 'self_evaluate', by=by).deadline}"]

    # The engine is safe to use from several threads; an asyncio host calls it through a pool.
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(max_workers=4) as pool:
        entry = await loop.run_in_executor(
            pool,
            lambda: office.fire(
                project,
                "self_evaluate",
                by=by,
                data={
                    "actuals": actuals,
                    "cards": {str(n): CARD for n in range(1, len(definition.cards) + 1)},
                },
            ),
        )
        said.append(f"{entry.event} by {entry.actor} as {entry.role}")
        ids = [f"seodaemun-2016/{number}" for number in range(1, 44)]
        found = await asyncio.gather(
            *[loop.run_in_executor(pool, office.project, each) for each in ids]
        )
    states = [each.states[0] for each in found]
    said.append(f"{states.count('planned')} planned, {states.count('self_evaluated')} evaluated")

    # A change request tells the policy office of the plan's directory, in the host's inbox.
    office.fire(
        project,
        "request_change",
        by=users.actor("park"),
        data={
            "kind": "period",
            "change": {"end": "2016-11-30"},
            "reason": "조기 완료",
            "detail": "사업기간 단축",
            "reported_on": dt.date(2016, 4, 4),
        },
    )
    office.deliver(notifiers=dict.fromkeys(office.plans.head(plan.id).delivery.notifiers, inbox))
    said.append(f"{len(inbox.letters)} letters")
    office.close()
    return said


if __name__ == "__main__":
    print("\n".join(asyncio.run(main())))
