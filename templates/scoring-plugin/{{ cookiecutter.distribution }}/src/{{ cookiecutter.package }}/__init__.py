"""{{ cookiecutter.title_ko }} · {{ cookiecutter.title_en }}."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs
import evalflow
from evalflow.plugins import Rates, Rating, Subject, hookimpl

__version__ = "0.1.0"


@attrs.frozen(kw_only=True)
class Options:
    """What a plan may say; every field is checked, with file and line."""

    most: Decimal = Decimal(120)


class Scorer:
    """Rates as evalflow does; the score is the rate, bounded above."""

    name = "{{ cookiecutter.scorer }}"
    version = "1"  # a new one whenever the same figures would be rated differently
    Options = Options

    def __init__(self, options: Options) -> None:
        self.options = options
        self.rates = Rates()

    def score(self, subject: Subject) -> Rating:
        """Return the rating of one project in one period."""
        rating = self.rates.score(subject)
        score = None if rating.rate is None else min(rating.rate, self.options.most)
        return attrs.evolve(
            rating,
            score=score,
            scorer=self.name,
            version=self.version,
            options={"most": str(self.options.most)},
        )


@hookimpl
def evalflow_scorers() -> Mapping[str, Any]:
    """Return the scorer by the name that plans use."""
    return {Scorer.name: Scorer}
