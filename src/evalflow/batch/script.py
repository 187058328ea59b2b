"""A batch script: steps in YAML, each a selection, an event, data, and when to stop.

evalflow: batch-script/1
as: policy-1
steps:
- event: approve
where: {state: reviewed, unit: welfare}
stop: {refused: 5%}
- event: open_period
as: clock
where: {state: [approved, lagging]}
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from evalflow.batch.selection import KEYS, conditions
from evalflow.batch.values import MODES
from evalflow.errors import InvalidInput
from evalflow.files.figures import figure_of
from evalflow.files.reader import Part, Reader
from evalflow.files.yaml import read
from evalflow.model.canonical import Tree
from evalflow.model.values import frozen

FORMAT = "batch-script/1"

_STEP = frozenset({"event", "as", "where", "data", "each", "figures", "mode", "stop", "note"})
_STOP = ("refused", "conflict")


@frozen(kw_only=True)
class Limit:
    """How many may be of one outcome: a number, or a share of all in percent."""

    outcome: str
    most: Decimal
    percent: bool

    def exceeded(self, count: int, total: int) -> bool:
        """Say whether `count` of `total` is more than allowed."""
        return count * 100 > self.most * total if self.percent else count > self.most

    def text(self) -> str:
        """Return the limit as it is written: `5%`, `3`."""
        return f"{self.most}%" if self.percent else str(self.most)


@frozen(kw_only=True)
class ScriptStep:
    """One step: who fires which event on which projects, with which data.

    `where` is in the form of `Engine.projects`; `each` and `figures` are paths of tables, from
    the script's own folder; `stop` says when the script ends here.
    """

    place: int
    event: str
    by: str
    where: Mapping[str, Any]
    data: Mapping[str, Tree]
    each: str | None
    figures: str | None
    mode: str
    stop: tuple[Limit, ...]


def load_script(source: str | os.PathLike[str]) -> tuple[ScriptStep, ...]:
    """Return the steps of a script, checked whole.

    Raises:
        InvalidInput: the script has mistakes; all of them, with file and line.
    """
    reading = Reader(read(source))
    top = reading.top
    top.only({"evalflow", "ko", "en", "as", "steps"})
    top.choice("evalflow", (FORMAT,))
    by = top.text("as", None)
    folder = os.path.dirname(os.fspath(source))
    steps = [
        _step(part, place, by, folder)
        for place, part in top.parts("steps", required=True, named=False)
    ]
    reading.raise_if_any()
    return tuple(steps)


def _step(part: Part, place: int, by: str | None, folder: str) -> ScriptStep:
    part.only(_STEP)
    stops = part.mapping("stop", required=False)
    stops.only(set(_STOP))
    return ScriptStep(
        place=place + 1,
        event=part.name("event"),
        by=part.text("as") if by is None else part.text("as", by),
        where=_where(part.mapping("where")),
        data=dict(part.mapping("data", required=False).tree),
        each=_beside(folder, part.text("each", None)),
        figures=_beside(folder, part.text("figures", None)),
        mode=part.choice("mode", MODES, "each"),
        stop=tuple([_limit(stops, name) for name in _STOP if name in stops]),
    )


def _beside(folder: str, path: str | None) -> str | None:
    return None if path is None else os.path.normpath(os.path.join(folder, path))


def _where(part: Part) -> dict[str, Any]:
    """Return the conditions; what is wrong is noted at its line."""
    found: dict[str, Any] = {}
    for key, value in part.tree.items():
        if key not in (*KEYS, "numbers"):
            part.unknown_key(key, ("조건", "condition"), KEYS)
            continue
        try:
            found.update(conditions({key: value}))
        except InvalidInput as error:
            for problem in error.problems:
                part.wrong(key, problem.code, problem.ko, problem.en, value)
    return found


def _limit(part: Part, name: str) -> Limit:
    text = str(part.tree[name]).strip()
    most = figure_of(text.removesuffix("%").strip())
    if most is None or most < 0:
        ko, en = "건수(3)나 비율(5%)이어야 합니다", "expected a number (3) or a share (5%)"
        part.wrong(name, "bad_limit", ko, en, text)
    return Limit(outcome=name, most=most or Decimal(0), percent=text.endswith("%"))
