"""A scorer as evalflow asks it: known by its plugin, held to its contract, given up if it hangs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from evalflow.errors import InvalidInput
from evalflow.model import Rating, Subject
from evalflow.model.canonical import plainly
from evalflow.model.values import frozen
from evalflow.plugins.calls import broke, call
from evalflow.plugins.loading import BUILTIN, Plugin, kind_of
from evalflow.plugins.patience import Patience
from evalflow.plugins.shown import shown_subject
from evalflow.scoring.contract import Scorer


@frozen
class BoundScorer:
    """A scorer with its options, under the name by which plans ask for it. It is a `Scorer`."""

    name: str
    plugin: Plugin
    scorer: Scorer
    patience: Patience
    within: dt.timedelta | None = None

    @property
    def version(self) -> str:
        """Return the version of the scorer's rules."""
        return self.scorer.version

    def score(self, subject: Subject) -> Rating:
        """Rate one project in one period.

        Raises:
            InvalidInput: the scorer finds a figure that cannot be rated.
            PluginError: the scorer broke, answered no rating, or gave no answer in time.
        """
        what = f"scorer '{self.name}'"
        if self.plugin is BUILTIN and self.within is None:  # at every firing that rates
            try:
                return self._checked(self.scorer.score(subject))
            except BaseException as error:
                broke(self.plugin, what, error, (InvalidInput,))
        asked = self._shown(subject)
        answer = call(
            self.plugin,
            what,
            lambda: self.scorer.score(asked),
            within=self.within,
            patience=self.patience,
            through=(InvalidInput,),
        )
        return self._checked(answer)

    @property
    def scores_many(self) -> bool:
        """Say whether the scorer rates many faster than one by one."""
        return hasattr(self.scorer, "score_many")

    def score_many(self, subjects: Iterable[Subject]) -> tuple[Rating, ...]:
        """Rate many subjects, in order: by the scorer's own, faster `score_many` if it has one,
        or else one after the other.

        Raises:
            PluginError: as for `score`.
        """
        asked = tuple(subjects)
        many = getattr(self.scorer, "score_many", None)
        if many is None:
            return tuple([self.score(subject) for subject in asked])
        what = f"scorer '{self.name}'"
        given = tuple([self._shown(subject) for subject in asked])
        answers = call(
            self.plugin,
            what,
            lambda: tuple(many(given)),
            within=self.within,
            patience=self.patience,
            through=(InvalidInput,),
        )
        if len(answers) != len(asked):
            raise self.plugin.error(f"{what}: {len(answers)} ratings for {len(asked)} subjects")
        return tuple([self._checked(answer) for answer in answers])

    def _shown(self, subject: Subject) -> Subject:
        return subject if self.plugin is BUILTIN else shown_subject(subject)

    def _checked(self, answer: object) -> Rating:
        if not isinstance(answer, Rating):
            raise self.plugin.error(
                f"scorer '{self.name}': answered {kind_of(answer)}, not a Rating"
            )
        if self.plugin is not BUILTIN:
            try:
                plainly(answer.tree())
            except (TypeError, ValueError) as error:
                raise self.plugin.error(
                    f"scorer '{self.name}': answered a rating that cannot be kept: {error}"
                ) from error
        return answer
