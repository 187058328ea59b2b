"""Scorers and guards asked about a whole chunk of projects at once, where they can.

A decision is pure, so it can be made again. Each decision of a chunk is broken off at the first
question to a scorer or guard that can look at many; the questions are answered together; and the
decisions are made again with the answers known, until none is broken off. What comes out is what
comes out one by one: whoever cannot answer many after all is asked one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from evalflow.decision.firing import Draft, Firing
from evalflow.decision.guards import Guard
from evalflow.decision.situation import Situation
from evalflow.errors import InvalidInput, PluginError, Reason
from evalflow.lifecycle.definition import Event
from evalflow.model import Entry, Rating, Subject
from evalflow.model.values import frozen


@frozen(eq=False)
class _Question:
    """One question: `one` answers it alone, `many` all that have the same `group`.

    Two with equal `about` are the same question.
    """

    group: tuple[Any, ...]
    about: Any
    asked: Any
    one: Callable[[], Any]
    many: Callable[[Sequence[Any]], Sequence[Any]]


class BrokenOff(BaseException):
    """A decision asks what is not answered yet. No plugin's error, so nobody may catch it."""

    def __init__(self, question: _Question) -> None:
        super().__init__()
        self.question = question


class Answers:
    """What is known of one decision beforehand: the answers to its questions, in the order in which
    it asks them, and the project's entries where they were read for many at once."""

    def __init__(self, history: Sequence[Entry] | None = None) -> None:
        """Know no answer yet; what is not known is asked for by itself."""
        self.history = history
        self._known: list[tuple[_Question, Any]] = []
        self._place = 0
        self._waits = False

    def again(self, *, waits: bool = False) -> None:
        """Let the decision be made from the beginning; `waits` breaks it off at a question."""
        self._place, self._waits = 0, waits

    def know(self, question: _Question, answer: Any) -> None:
        """Keep the answer, or the error that is to be raised, to the next question."""
        self._known.append((question, answer))

    def to(self, question: _Question) -> Any:
        """Return the answer."""
        if self._place == len(self._known) or self._known[self._place][0].about != question.about:
            del self._known[self._place :]  # it asks another one: rules were changed meanwhile
            if self._waits:
                raise BrokenOff(question)
            return question.one()
        answer = self._known[self._place][1]
        self._place += 1
        if isinstance(answer, Exception):
            raise answer
        return answer


def with_answers(situation: Situation, answers: Answers) -> Situation:
    """Return the situation with those who can look at many asked by way of the answers."""
    scorer = getattr(situation.score, "__self__", None)
    many = getattr(scorer, "score_many", None)
    if many is not None and getattr(scorer, "scores_many", False):
        one = situation.score

        def score(subject: Subject) -> Rating:
            question = _Question(
                ("score", id(scorer)), subject, subject, lambda: one(subject), many
            )
            rating: Rating = answers.to(question)
            return rating

        situation = attrs.evolve(situation, score=score)
    return attrs.evolve(situation, guards=_Guards(situation.guards, answers))


class _Guards(dict[str, Guard]):
    """The guards by name; those that can look at many are asked by way of the answers."""

    def __init__(self, guards: Mapping[str, Guard], answers: Answers) -> None:
        super().__init__()
        self._guards = guards
        self._answers = answers

    def __missing__(self, name: str) -> Guard:
        guard = self._guards[name]
        many = getattr(guard, "ask_many", None)
        if many is None:
            return guard

        def asked(firing: Firing, after: Draft, **params: Any) -> tuple[Reason, ...]:
            given = tuple(sorted((key, repr(value)) for key, value in params.items()))
            project = firing.project
            question = _Question(
                group=("guard", name, given),
                about=(name, given, project.id, project.version, firing.head.revision),
                asked=(firing, after),
                one=lambda: guard(firing, after, **params),
                many=lambda pairs: many(pairs, **params),
            )
            reasons: tuple[Reason, ...] = self._answers.to(question)
            return reasons

        self[name] = asked
        return asked


def can_many(event: Event, situation: Situation) -> bool:
    """Say whether somebody whom the event may ask can look at many. Of an event that moves a
    whole unit one decision is made for many already."""
    if event.together is not None:
        return False
    scorer = getattr(situation.score, "__self__", None)
    if event.actions and getattr(scorer, "scores_many", False):
        return True
    uses = [*event.guards, *(use for edge in event.transitions for use in edge.guards)]
    return any(hasattr(situation.guards[use.name], "ask_many") for use in uses)


def answer_together(decisions: Sequence[tuple[Answers, Callable[[], object]]]) -> None:
    """Make the decisions, each with its answers, as often as it takes to know all answers."""
    waiting = list(decisions)
    while waiting:
        still, questions = [], []
        for answers, decide in waiting:
            answers.again(waits=True)
            try:
                decide()
            except BrokenOff as broken:
                still.append((answers, decide))
                questions.append((answers, broken.question))
            except Exception:  # noqa: S110 - whoever decides in earnest will meet it again
                pass
        groups: dict[tuple[Any, ...], list[tuple[Answers, _Question]]] = {}
        for answers, question in questions:
            groups.setdefault(question.group, []).append((answers, question))
        for group in groups.values():
            for (answers, question), answer in zip(group, _answered(group), strict=True):
                answers.know(question, answer)
        waiting = still
    for answers, _ in decisions:
        answers.again()


def _answered(group: Sequence[tuple[Answers, _Question]]) -> Sequence[Any]:
    questions = [question for _, question in group]
    try:
        return questions[0].many([question.asked for question in questions])
    except (PluginError, InvalidInput):  # of whom, and of which? Each is told its own.
        return [_alone(question) for question in questions]


def _alone(question: _Question) -> Any:
    try:
        return question.one()
    except (PluginError, InvalidInput) as error:
        return error
