"""Delivery of notices: at least once, with retries and dead letters.

A notice waits in the outbox from the moment its entry is written. `deliver` claims waiting
notices, gives each to its notifier and records how it went. What is promised, and what is not:

- A notice is delivered **at least once**. It arrives twice only where a deliverer died (or was
  left behind, see below) between sending and recording: the receiver tells by `Notice.id`.
- A failure is tried again after the plan's backoff; when that is used up, or a notifier raises
  `Undeliverable`, the notice is a **dead letter**: listed, and resent by a person.
- Each notifier of each plan works in a thread of its own: a slow or broken one does not hold up
  another. One that gives no answer for longer than the *patience* is left behind: the notice
  counts as failed, the others that it had claimed are handed back, and the report says so.
- A deliverer that dies leaves its claimed notices leased; they come back when the *lease* ends, and
  are then tried one at a time. One at which deliverers die again and again is given up as well.
- What one act tells one recipient, such as a bureau's submission of nine projects, arrives as
  one message with the list (see `evalflow.engine.telling`), if it is claimed together: a list
  comes in parts where it is longer than `LONGEST` (what is tried again counts with what is claimed
  beside it), or where the limit or another deliverer parts it. Each notice is recorded for itself,
  so none is lost with its message.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence

import attrs

from evalflow.errors import EvalflowError, Undeliverable
from evalflow.model import Notice, Outgoing
from evalflow.model.moments import utc
from evalflow.model.values import frozen
from evalflow.plugins.loading import kind_of, said
from evalflow.plugins.notifier import Route
from evalflow.storage.contract import Settled, Storage
from evalflow.storage.faults import fault_point

CHUNK = 100
"""How many notices are claimed in one transaction."""

LONGEST = 1_000
"""How many notices of one act are at most claimed for one message."""

LEASE = dt.timedelta(minutes=5)
"""How long claimed notices are kept from other deliverers."""

PATIENCE = dt.timedelta(minutes=1)
"""How long one delivery may take before its notifier is left behind."""

_SETTLED_EVERY = 1.0  # seconds: so much work at most is done twice after a crash
_LONGEST_ERROR = 500  # characters kept of a failure

Clock = Callable[[], dt.datetime]
Tell = Callable[[Sequence[Notice]], Notice]
"""Returns the message that several notices of one act for one recipient arrive as."""

Telling = Callable[[Sequence[Notice]], Tell]
"""Returns what tells these notices, which come in this order: it may read ahead. It asks nothing of
the store itself, and raises nothing."""


def bring_forward(
    storage: Storage, plan: str, wrong: Mapping[str, Collection[int]], at: dt.datetime
) -> None:
    """Let what entries with a wrong time to come told nobody yet be delivered from `at` on: `wrong`
    are the numbers of these entries, by project."""
    later: dict[str, dict[str, dt.datetime]] = {}  # notifier -> notice -> until when it waits
    ours: set[tuple[str, str]] = set()
    for waiting in storage.outbox(state="waiting"):
        notice = waiting.notice
        if notice.project.rpartition("/")[0] != plan or waiting.next_at <= at:
            continue
        later.setdefault(notice.notifier, {})[notice.id] = waiting.next_at
        if notice.number in wrong.get(notice.project, ()):
            ours.add((notice.notifier, notice.id))
    for notifier in dict.fromkeys(name for name, _ in ours):
        until = later[notifier]
        far = max(until.values())
        # Due at once from here on: whoever dies now loses nothing. What waits for another reason
        # goes back to where it was, and no attempt counts.
        claimed = storage.claim(
            notifier, at=far, limit=len(until) + CHUNK, lease=at - far, plan=plan
        )
        storage.settle(
            Settled(
                notice=each.notice.id,
                notifier=notifier,
                state="waiting",
                next_at=at if (notifier, each.notice.id) in ours else until.get(each.notice.id, at),
            )
            for each in claimed
        )


def act_of(notice: Notice) -> Hashable:
    """Return what the notices of one act have in common, whoever they are for."""
    told = notice.data if isinstance(notice.data, dict) else {}
    plan = notice.project.rpartition("/")[0]
    return plan, notice.at, *[str(told.get(name)) for name in ("event", "actor", "period")]


@frozen(kw_only=True)
class Tally:
    """The result of one route in one run: how many notices were `delivered`, in how many
    `messages`.

    `retried` counts failures that will be tried again, `dead` those given up. `stuck` says
    that the notifier gave no answer and was left behind. `error` is the last failure's text.
    """

    notifier: str
    plan: str | None
    delivered: int = 0
    messages: int = 0
    retried: int = 0
    dead: int = 0
    stuck: bool = False
    error: str | None = None


@frozen
class DeliveryReport:
    """The result of a delivery run; routes with nothing to deliver are left out."""

    routes: tuple[Tally, ...] = ()

    @property
    def delivered(self) -> int:
        """Return how many notices were delivered."""
        return sum(tally.delivered for tally in self.routes)

    @property
    def messages(self) -> int:
        """Return how many messages were sent; a message may hold the notices of several
        projects."""
        return sum(tally.messages for tally in self.routes)

    @property
    def retried(self) -> int:
        """Return how many failures will be tried again."""
        return sum(tally.retried for tally in self.routes)

    @property
    def dead(self) -> int:
        """Return how many notices became dead letters."""
        return sum(tally.dead for tally in self.routes)

    @property
    def stuck(self) -> tuple[str, ...]:
        """Return the notifiers that did not answer and were abandoned."""
        return tuple(dict.fromkeys(tally.notifier for tally in self.routes if tally.stuck))

    def by_notifier(self) -> tuple[Tally, ...]:
        """Return the result of each route, in the order of the routes."""
        return self.routes


def deliver(
    storage: Storage,
    routes: Iterable[Route],
    *,
    clock: Clock,
    limit: int | None = None,
    lease: dt.timedelta = LEASE,
    patience: dt.timedelta = PATIENCE,
    jitter: Callable[[int], int] | None = None,
    tell: Telling | None = None,
    timer: Callable[[], float] = time.monotonic,
) -> DeliveryReport:
    """Deliver the notices that wait now, every route beside the others.

    `tell` gives what puts the notices of one act for one recipient into one message; None delivers
    each as it was written. At most `limit` notices are tried in all (None: as many as wait).
    `jitter` returns seconds to add to a wait, so that many failures do not come back in one moment.
    Returns when every route has nothing more to do or was left behind.

    Raises:
        StorageError: outcomes could not be recorded; those notices will be delivered again.
        ValueError: the lease is not longer than the patience, so a delivery could still be
            under way when others may claim its notice.
    """
    if lease <= patience:
        raise ValueError(f"the lease ({lease}) must be longer than the patience ({patience})")
    allowance, now = _Allowance(limit), _in_utc(clock)
    progress = threading.Condition()
    lanes: list[_Lane] = []
    try:
        for route in routes:
            lane = _Lane(
                storage, route, allowance, progress, now, lease, patience, jitter, tell, timer
            )
            if lane.claim():
                lanes.append(lane)
                lane.start()
        with progress:
            while waiting := [lane for lane in lanes if not lane.over]:
                rest = min(lane.rest() for lane in waiting)
                if rest > 0:
                    progress.wait(rest)
                for lane in waiting:
                    if lane.rest() <= 0 and not lane.over:
                        lane.leave(stuck=True)
    finally:
        for lane in lanes:
            if not lane.over:
                lane.leave(stuck=False)
    for lane in lanes:
        if lane.fault is not None:
            raise lane.fault
    return DeliveryReport(tuple([lane.tally for lane in lanes]))


def dead_letters(storage: Storage) -> Iterator[Outgoing]:
    """Yield the notices that were given up, oldest first, each with its last failure."""
    return storage.outbox(state="dead")


def resend(
    storage: Storage, *, clock: Clock, notices: Iterable[tuple[str, str]] | None = None
) -> int:
    """Put dead letters back to waiting with all their tries; return how many there were.

    `notices` are pairs of notice id and notifier; None means all of them.
    """
    if notices is None:
        notices = [(dead.notice.id, dead.notice.notifier) for dead in dead_letters(storage)]
    return storage.resend(notices, at=_in_utc(clock)())


def _in_utc(clock: Clock) -> Clock:
    return lambda: utc(clock(), "clock")


class _Allowance:
    """How many notices a run may still try, shared by its lanes."""

    def __init__(self, limit: int | None) -> None:
        self._left = limit
        self._lock = threading.Lock()

    def take(self, wanted: int) -> int:
        with self._lock:
            if self._left is None:
                return wanted
            taken = min(wanted, self._left)
            self._left -= taken
            return taken

    def give_back(self, unused: int) -> None:
        with self._lock:
            if self._left is not None:
                self._left += unused


class _Lane:
    """One route's thread, and what it has claimed.

    The thread and the one who waits for it share the fields below `progress`, which is their
    lock. Whoever finds the lane over touches nothing more: what was claimed is then settled.
    """

    def __init__(
        self,
        storage: Storage,
        route: Route,
        allowance: _Allowance,
        progress: threading.Condition,
        clock: Clock,
        lease: dt.timedelta,
        patience: dt.timedelta,
        jitter: Callable[[int], int] | None,
        tell: Telling | None,
        timer: Callable[[], float],
    ) -> None:
        self._storage = storage
        self._route = route
        self._allowance = allowance
        self._progress = progress
        self._clock = clock
        self._lease = lease
        self._patience = patience
        self._jitter = jitter
        self._tell = tell
        self._timer = timer
        self._claimed_at = clock()
        self._waiting: deque[_Message] = deque()
        self._told_by: Tell | None = None
        self._trying: _Message | None = None
        self._tried = False
        self._since = timer()
        self._outcomes: list[Settled] = []
        self._settled_at = timer()
        self.over = False
        self.tally = Tally(notifier=route.name, plan=route.plan)
        self.fault: BaseException | None = None

    # ------------------------------------------------------------------ by the thread

    def claim(self) -> bool:
        """Claim the next chunk; say whether there was one."""
        at = self._clock()
        found, full = self._claim(at)
        left: Sequence[Outgoing] = ()
        if self._tell is not None:
            while full and len(found) < LONGEST and _begins(found) == 0:  # all of one act so far
                more, full = self._claim(at)
                found = [*found, *more]
            if full and (begins := _begins(found)):  # the last act may go on: it is claimed anew
                found, left = found[:begins], found[begins:]
                self._allowance.give_back(len(left))
        if not found:
            return False
        messages, later = _alone_after_a_crash(_messages(found, together=self._tell is not None))
        self._allowance.give_back(len(later))
        if self._tell is not None:
            self._told_by = self._tell([each.notice for message in messages for each in message])
        with self._progress:
            self._claimed_at, self._tried = at, False
            self._outcomes.extend(_handed_back([*left, *later], at))
            self._waiting.extend(messages)
            if self.over:  # interrupted meanwhile
                self._outcomes.extend(self._returned())
        self._settle()
        return not self.over

    def _claim(self, at: dt.datetime) -> tuple[Sequence[Outgoing], bool]:
        """Return the notices of one more chunk, and whether there may be more."""
        wanted = self._allowance.take(CHUNK)
        if not wanted:
            return (), False
        found = self._storage.claim(
            self._route.name, at=at, limit=wanted, lease=self._lease, plan=self._route.plan
        )
        self._allowance.give_back(wanted - len(found))
        return found, len(found) == wanted

    def start(self) -> None:
        # A daemon: a notifier that never returns does not keep the program from ending.
        name = f"evalflow-{self._route.name}"
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def _run(self) -> None:
        try:
            while True:
                while (message := self._next()) is not None:
                    self._record(message, self._attempt(message))
                self._settle()
                # Where the clock leaves no time to try anything, the next run may do better.
                if self.over or not self._tried or not self.claim():
                    return
        except BaseException as error:  # in a thread of its own nothing else would tell it
            with self._progress:
                if not self.over:  # after that nobody waits for us: the lease sees to the rest
                    self.fault = error
        finally:
            with self._progress:
                self.over = True
                self._progress.notify_all()

    def _next(self) -> _Message | None:
        """Return the next message to try, or None where there is none, or not time enough."""
        with self._progress:
            if self.over or not self._waiting:
                return None
            if self._clock() + self._patience >= self._claimed_at + self._lease:
                # It might still be under way when others may claim it: so claim anew.
                self._outcomes.extend(self._returned())
                return None
            self._trying, self._tried = self._waiting.popleft(), True
            self._since = self._timer()
            return self._trying

    def _attempt(self, message: _Message) -> BaseException | None:
        if max(each.tries for each in message) > len(self._route.backoff) + 1:
            return Undeliverable("every deliverer that tried to send it ended without an answer")
        try:
            if self._told_by is None:
                (notice,) = [each.notice for each in message]
            else:
                notice = self._told_by([each.notice for each in message])
            self._route.notifier.deliver(notice)
            fault_point("notice:sent")
        except BaseException as error:  # somebody else's code may raise anything
            return error
        return None

    def _record(self, message: _Message, error: BaseException | None) -> None:
        with self._progress:
            self._trying = None
            late = self._clock() >= self._claimed_at + self._lease
            told = self._told(message, error)
            if self.over:
                # Left behind: the failure is on record already, but a success is news.
                outcomes = told if error is None else []
            else:
                self._count(told)
                # After the lease another deliverer may have it: a failure of ours is stale.
                if error is None or not late:
                    self._outcomes.extend(told)
                if self._timer() - self._settled_at < _SETTLED_EVERY:
                    return
                outcomes, self._outcomes = self._outcomes, []
            self._settled_at = self._timer()
        self._storage.settle(outcomes)

    def _settle(self) -> None:
        with self._progress:
            outcomes, self._outcomes = self._outcomes, []
            self._settled_at = self._timer()
        if outcomes:
            self._storage.settle(outcomes)

    # ------------------------------------------------------------------ by who waits for it

    def rest(self) -> float:
        """Return for how many seconds more the lane may be waited for."""
        if self._trying is None:
            return self._patience.total_seconds()
        return self._since + self._patience.total_seconds() - self._timer()

    def leave(self, *, stuck: bool) -> None:
        """Wait no longer: record what is known, and hand back what was not tried."""
        with self._progress:
            self.over = True
            outcomes, self._outcomes = self._outcomes, []
            if stuck and self._trying is not None:
                seconds = f"{self._patience.total_seconds():g}"
                told = self._told(self._trying, TimeoutError(f"no answer within {seconds} seconds"))
                self._count(told)
                self.tally = attrs.evolve(self.tally, stuck=True)
                outcomes.extend(told)
            outcomes.extend(self._returned())
            try:
                self._storage.settle(outcomes)
            except EvalflowError as error:
                self.fault = error

    # ------------------------------------------------------------------ outcomes

    def _told(self, message: _Message, error: BaseException | None) -> list[Settled]:
        """Return the outcome of each notice of a message; they are tried again together."""
        extra: dict[int, int] = {}
        return [self._outcome(each, error, extra) for each in message]

    def _outcome(
        self, outgoing: Outgoing, error: BaseException | None, extra: dict[int, int]
    ) -> Settled:
        notice = outgoing.notice
        if error is None:
            return Settled(notice=notice.id, notifier=notice.notifier, state="delivered")
        text = shown(error)
        backoff = self._route.backoff
        if issubclass(type(error), Undeliverable) or outgoing.tries > len(backoff):
            return Settled(notice=notice.id, notifier=notice.notifier, state="dead", error=text)
        seconds = backoff[outgoing.tries - 1]
        if self._jitter is not None:
            seconds += extra.setdefault(seconds, self._jitter(seconds))
        return Settled(
            notice=notice.id,
            notifier=notice.notifier,
            state="waiting",
            next_at=self._clock() + dt.timedelta(seconds=seconds),
            error=text,
        )

    def _returned(self) -> list[Settled]:
        """Return the outcomes that hand back what was claimed and not tried."""
        claimed, self._waiting = self._waiting, deque()
        now = self._clock()
        if now >= self._claimed_at + self._lease:
            return []  # no longer ours: they come back by themselves
        outcomes = _handed_back([each for message in claimed for each in message], now)
        self._allowance.give_back(len(outcomes))
        return outcomes

    def _count(self, told: Sequence[Settled]) -> None:
        tally, size, first = self.tally, len(told), told[0]
        if first.state == "delivered":
            self.tally = attrs.evolve(
                tally, delivered=tally.delivered + size, messages=tally.messages + 1
            )
            return
        dead = sum(each.state == "dead" for each in told)
        self.tally = attrs.evolve(
            tally,
            retried=tally.retried + size - dead,
            dead=tally.dead + dead,
            error=first.error,
        )


_Message = Sequence[Outgoing]
"""Notices that arrive as one."""


def _messages(found: Iterable[Outgoing], *, together: bool) -> list[_Message]:
    """Return the messages that the notices come to, in the order of their first ones."""
    if not together:
        return [(each,) for each in found]
    groups: dict[Hashable, list[Outgoing]] = {}
    for each in found:
        notice = each.notice
        key = act_of(notice), notice.name, notice.recipient, notice.role
        groups.setdefault(key, []).append(each)
    return list(groups.values())


def _alone_after_a_crash(
    messages: Sequence[_Message],
) -> tuple[Sequence[_Message], Sequence[Outgoing]]:
    """Return the messages to be tried now, and the notices to be handed back.

    One that was claimed before, and of which nobody said how it went, was in the hands of a
    deliverer that died, perhaps of it. It is tried alone, when all before it is on record: so it
    takes nothing with it.
    """
    for place, message in enumerate(messages):
        if any(each.tries > 1 and each.error is None for each in message):
            now = messages[: place or 1]
            return now, [each for later in messages[len(now) :] for each in later]
    return messages, ()


def _begins(found: Sequence[Outgoing]) -> int:
    """Return the place where the last act begins among the claimed notices. One that was tried
    before has no place of its own any more: then it is 0."""
    place = len(found)
    while place and act_of(found[place - 1].notice) == act_of(found[-1].notice):
        if found[place - 1].tries > 1:
            return 0
        place -= 1
    return place


def _handed_back(claimed: Iterable[Outgoing], at: dt.datetime) -> list[Settled]:
    """Return the outcomes that let notices wait on, those never tried in their old place."""
    return [
        Settled(
            notice=each.notice.id,
            notifier=each.notice.notifier,
            state="waiting",
            next_at=each.notice.at if each.tries == 1 else at,
        )
        for each in claimed
    ]


def shown(error: BaseException) -> str:
    """Return a failure as one line of text that every storage can keep."""
    try:
        text = str(error) if issubclass(type(error), EvalflowError) else said(error)
    except BaseException:  # telling it is the notifier's code, too
        text = kind_of(error)
    line = " ".join(text.replace("\0", " ").split())
    kept = line if len(line) <= _LONGEST_ERROR else line[: _LONGEST_ERROR - 1] + "…"
    return kept.encode("utf-8", "backslashreplace").decode("utf-8")
