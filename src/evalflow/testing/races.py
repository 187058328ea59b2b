"""Races by barrier: eight programs act at one moment, and one history must come of it.

    python -m evalflow.testing.races --rounds 2000

A round is a set of firings by different people, one for each program. There are two barriers.
With `start` all begin at once, as people do; whoever comes later may see what the first did. With
`decided` all have decided, each on the same version, before any of them writes: then exactly one
wins and all the others are told of a `Conflict`. A loser is told `Conflict`, or is refused for
reasons that hold against it in the store as the winner left it.

The caller is a program of a single thread, for it forks.
"""

from __future__ import annotations

import collections
import datetime as dt
import multiprocessing
import random
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection
from typing import Any

import evalflow
from evalflow import Conflict, Engine, Entry, EvalflowError, Refused
from evalflow.model.values import frozen
from evalflow.storage import fault_point
from evalflow.testing.crashes import in_files
from evalflow.testing.office import PLAN_ID, Ticking, data_for, fire, the_plan

PROGRAMS = 8
_LIFE = 250  # rounds on one store
_PATIENCE = 60.0  # seconds for a barrier


class Unfair(AssertionError):
    """Nobody or several won, or a loser was told something untrue."""


@frozen
class Shot:
    """One firing of a round."""

    project: str
    event: str
    by: str
    data: Mapping[str, Any]


@frozen
class _Told:
    """What became of a shot: an entry's number and hash, a conflict, or codes of reasons."""

    kind: str
    number: int = 0
    hash: str = ""
    codes: tuple[str, ...] = ()


class Races:
    """Rounds on stores that `fresh` makes; `figures` counts what happened."""

    def __init__(self, fresh: Callable[[], str], *, seed: int) -> None:
        """Begin with a first store and eight programs that have it open."""
        self._fresh = fresh
        self._dice = random.Random(seed)
        self._plan = the_plan()
        self.figures: collections.Counter[str] = collections.Counter()
        self._count = 0
        self._begin()

    def _begin(self) -> None:
        self._clock = Ticking()
        self.url = self._fresh()
        self._engine = evalflow.open(self.url, clock=self._clock)
        self._engine.adopt(self._plan, by=self._plan.actor("policy-1"))
        fork = multiprocessing.get_context("fork")
        barrier = fork.Barrier(PROGRAMS)
        self._pipes: list[Connection] = []
        self._programs = []
        for _ in range(PROGRAMS):
            ours, theirs = fork.Pipe()
            program = fork.Process(target=_serve, args=(self.url, theirs, barrier), daemon=True)
            program.start()
            theirs.close()
            self._pipes.append(ours)
            self._programs.append(program)

    def close(self) -> None:
        """Let the programs end, and look at the whole store once more."""
        if faulty := list(self._engine.audit.verify()):
            raise Unfair(faulty[0].text("en"))
        self.figures["stores"] += 1
        self.figures["entries"] += sum(1 for _ in self._engine.storage.entries())
        for pipe in self._pipes:
            pipe.send(None)
        for program in self._programs:
            program.join(_PATIENCE)
        for pipe in self._pipes:
            pipe.close()
        self._engine.close()

    def run(self, rounds: int) -> collections.Counter[str]:
        """Play so many rounds of each kind in turn, and return what was counted."""
        for number in range(rounds):
            if number and number % _LIFE == 0:
                self.close()
                self._begin()
            kind = tuple(KINDS)[number % len(KINDS)]
            self.round(kind, decided=self._dice.random() < 0.5)
        self.close()
        return self.figures

    def round(self, kind: str, *, decided: bool) -> None:
        """Play one round of the kind; see that it came out as it must.

        Raises:
            Unfair: it did not.
        """
        self._count += 1
        number = self._dice.randint(1, 12)
        shots = KINDS[kind](self, f"{PLAN_ID}/{number}")
        before = {each.id: each.version for each in self._engine.projects()}
        self._clock.moment += _MINUTE
        for pipe, shot in zip(self._pipes, shots, strict=True):
            pipe.send((shot, self._clock.moment, decided))
        answers = []
        for pipe in self._pipes:
            if not pipe.poll(_PATIENCE):
                raise Unfair(f"{kind}: a program hangs")
            answers.append(pipe.recv())
        self._judge(kind, list(zip(shots, answers, strict=True)), before, decided=decided)

    # ------------------------------------------------------------------ judging

    def _judge(
        self,
        kind: str,
        results: Sequence[tuple[Shot, _Told]],
        before: Mapping[str, int],
        *,
        decided: bool,
    ) -> None:
        written = {
            (entry.project, entry.number): entry
            for project, version in before.items()
            for entry in self._engine.storage.history(project, after=version)
        }
        shots = [shot for shot, _ in results]
        won = [(shot, told) for shot, told in results if told.kind == "entry"]
        hashes = {entry.hash for entry in written.values()}
        if not won or len({told.hash for _, told in won}) != len(won):
            raise Unfair(f"{kind}: {len(won)} won")
        if any(told.hash not in hashes for _, told in won):
            raise Unfair(f"{kind}: somebody was told of an entry that is not there")
        line = [entry for (project, _), entry in written.items() if project == shots[0].project]
        if {entry.hash for entry in line} != {told.hash for _, told in won}:
            raise Unfair(f"{kind}: {len(line)} new entries, and {len(won)} who won")
        if {entry.event for entry in written.values()} - {entry.event for entry in line}:
            raise Unfair(f"{kind}: another project moved by itself")
        for shot, answer in results:
            if answer.kind == "error":
                raise Unfair(f"{kind}: {shot.event} ended in {answer.codes}")
            if answer.kind == "refused":
                self._hold_true(kind, shot, answer, one=len(won) == 1)
            self.figures[answer.kind if answer.kind != "entry" else "won"] += 1
        if decided and (len(won) != 1 or any(t.kind == "refused" for _, t in results)):
            raise Unfair(f"{kind}: {len(won)} won of those who had decided on one version")
        moved = {project for project, _ in written}  # of the others, `close` sees
        if faulty := [m for each in moved for m in self._engine.audit.verify(project=each)]:
            raise Unfair(f"{kind}: {faulty[0].text('en')}")
        self.figures["rounds"] += 1
        self.figures[f"rounds, {kind}"] += 1
        self.figures["rounds with one winner"] += len(won) == 1

    def _hold_true(self, kind: str, shot: Shot, told: _Told, *, one: bool) -> None:
        """See that a refusal is true: with one winner, what was seen is what stands now."""
        if not told.codes:
            raise Unfair(f"{kind}: refused without a reason")
        if not one:
            return
        by = self._engine.actor(PLAN_ID, shot.by)
        asked = self._engine.explain(shot.project, shot.event, by=by, data=shot.data)
        if {reason.code for reason in asked.reasons} != set(told.codes):
            raise Unfair(f"{kind}: {shot.event} was refused for {told.codes}, untruly")

    # ------------------------------------------------------------------ setting up

    def bring(self, project: str, state: str) -> None:
        """Bring the project to a state of its evaluation, by the book."""
        engine = self._engine
        while engine.project(project).states[0] != state:
            self.settle(project)
            now = engine.project(project)
            if now.states[0] == "planned":
                fire(engine, now, "self_evaluate", self._count % 90)
            elif now.states[0] == "self_evaluated" and state in ("submitted", "reviewed"):
                self.together(project)
                fire(engine, engine.project(project), "submit", self._count % 90)
            elif now.states[0] == "self_evaluated":
                self.together(project)
                fire(engine, engine.project(project), "submit", self._count % 90)
                fire(engine, engine.project(project), "send_back", self._count % 90)
            elif now.states[0] == "submitted" and state == "reviewed":
                fire(engine, now, "review", self._count % 90)
            else:
                fire(engine, now, "send_back", self._count % 90)

    def settle(self, project: str) -> None:
        """Close whatever change the project has in flight."""
        engine = self._engine
        while (now := engine.project(project)).states[1] != "unchanged":
            if now.states[1] == "change_requested":
                fire(engine, now, "withdraw_change", 1)
            elif now.change is not None and now.change.filed is None:
                fire(engine, now, "file_change", 1)
            elif now.states[0] == "planned":
                fire(engine, now, "self_evaluate", 1)
            else:
                self.together(project)
                if engine.project(project).states[0] == "self_evaluated":
                    fire(engine, engine.project(project), "submit", 1)
                fire(engine, engine.project(project), "send_back", 1)

    def together(self, project: str) -> None:
        """Have the whole bureau of the project self-evaluated."""
        engine = self._engine
        bureau = engine.project(project).unit[:-2]
        for each in engine.projects(plan=PLAN_ID, unit=bureau):
            if each.states[0] == "planned":
                fire(engine, each, "self_evaluate", 1)

    def ask_for_change(self, project: str) -> None:
        """Have a change of the project requested and consulted, its evaluation still planned. Each
        asks for a target that no round before did: what the plan says already is refused."""
        self.settle(project)
        self.bring(project, "planned")
        for event in ("request_change", "consult"):
            fire(self._engine, self._engine.project(project), event, self._count)

    def shot(self, project: str, event: str, by: str, number: int = 0) -> Shot:
        """Return a firing of the project as it stands."""
        now = self._engine.project(project)
        return Shot(project, event, by.replace("*", now.unit), data_for(now, event, number))

    def bureau(self, project: str) -> str:
        """Return the bureau that the project belongs to."""
        unit = self._engine.project(project).unit
        assert unit is not None
        return unit[:-2]


_MINUTE = dt.timedelta(minutes=1)

Kind = Callable[[Races, str], list[Shot]]


def _same_event(races: Races, project: str) -> list[Shot]:
    races.bring(project, "planned")
    return [races.shot(project, "self_evaluate", "*-1", n) for n in range(PROGRAMS)]


def _two_reviewers(races: Races, project: str) -> list[Shot]:
    races.bring(project, "submitted")
    return [races.shot(project, "review", f"policy-{1 + n % 2}") for n in range(PROGRAMS)]


def _different_events(races: Races, project: str) -> list[Shot]:
    races.settle(project)
    races.bring(project, "submitted")
    acts = (("review", "policy-1"), ("send_back", "policy-2"), ("request_change", "*-head"),
            ("extend_deadline", "policy-1"))  # fmt: skip
    return [races.shot(project, *acts[n % 4], number=n) for n in range(PROGRAMS)]


def _submit_against_amend(races: Races, project: str) -> list[Shot]:
    races.bring(project, "self_evaluated")
    races.together(project)
    lead = f"{races.bureau(project)}-lead"
    acts = (("submit", lead), ("amend", "*-1"))
    return [races.shot(project, *acts[n % 2], number=n) for n in range(PROGRAMS)]


def _change_against_evaluation(races: Races, project: str) -> list[Shot]:
    races.ask_for_change(project)
    acts = (("approve_change", "mayor-1"), ("self_evaluate", "*-1"))
    return [races.shot(project, *acts[n % 2], number=n) for n in range(PROGRAMS)]


KINDS: dict[str, Kind] = {
    "same event, same project": _same_event,
    "different events": _different_events,
    "bureau submits, department amends": _submit_against_amend,
    "change approved, self-evaluated": _change_against_evaluation,
    "two reviewers": _two_reviewers,
}
"""What is raced for: each sets the stage and returns what the eight do."""


# --------------------------------------------------------------------------- the programs


def _serve(url: str, pipe: Connection, barrier: Any) -> None:
    """Be one of the programs: fire what is ordered, at one moment with the others."""
    clock = Ticking(going=False)
    with evalflow.open(url, clock=clock) as engine:
        while (order := pipe.recv()) is not None:
            shot, clock.moment, decided = order
            wait = _Once(barrier)
            actor = engine.actor(PLAN_ID, shot.by)
            if decided:
                fault_point.listener = lambda name, wait=wait: wait() if name == _DECIDED else None
            else:
                wait()
            pipe.send(_shoot(engine, shot, actor))
            fault_point.listener = None
            # Whoever was refused before it decided lets the others go.
            wait()


_DECIDED = "fire:decided"


class _Once:
    def __init__(self, barrier: Any) -> None:
        self._barrier, self._over = barrier, False

    def __call__(self) -> None:
        if not self._over:
            self._over = True
            self._barrier.wait(_PATIENCE)


def _shoot(engine: Engine, shot: Shot, actor: evalflow.Actor) -> _Told:
    try:
        entry: Entry = engine.fire(shot.project, shot.event, by=actor, data=shot.data)
    except Conflict:
        return _Told("conflict")
    except Refused as refused:
        return _Told("refused", codes=tuple(sorted({r.code for r in refused.reasons})))
    except EvalflowError as error:
        return _Told("error", codes=(f"{type(error).__name__}: {error}",))
    return _Told("entry", entry.number, entry.hash)


def main(arguments: Sequence[str] | None = None) -> None:
    """Race for projects in SQLite files, and print the figures."""
    in_files(
        str(main.__doc__),
        "--rounds",
        lambda fresh, seed, often: Races(fresh, seed=seed).run(often),
        arguments,
    )


if __name__ == "__main__":
    main()
