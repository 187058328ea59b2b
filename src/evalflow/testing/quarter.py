"""A small office after its quarter, for what shows a store: forms and panels."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import evalflow
from evalflow import Engine
from evalflow.model.values import frozen
from evalflow.testing.firings import PLAN, SEOUL, Clock, play

PLAN_ID = "office-2016"
PERIOD = "2016-Q1"
LIFECYCLE = "major-works/2"
PLAYED = dt.datetime(2016, 4, 27, 9, tzinfo=SEOUL)
"""After the last firing of the quarter."""

CLOSED = "강사 추가"  # the countermeasure of the lagging project
TITLE = "학교 지원"

HOSTILE = """지원</p></div><script>alert("x")</script>" onload="alert(1)' style='color:red <b>&"""
"""The title of a project as it would be called by who wants to break a page."""

VISIBILITY = """\
visibility:
  withheld:
    - fields: [explanations, actuals]
      ground: 정보공개법 제9조제1항제5호
      seen_by: [policy_office]
"""


@frozen
class Quarter:
    """The office: its engine, and the clock that says what day it is there."""

    engine: Engine
    clock: Clock

    def goes_on(self) -> None:
        """Let a week pass, in which the second quarter of project 2 is evaluated."""
        self.clock.moment = dt.datetime(2016, 7, 4, 10, tzinfo=SEOUL)
        by = self.engine.actor(PLAN_ID, "elderly-1")
        data: dict[str, Any] = {"actuals": {"complaints": 45}}
        self.engine.fire(f"{PLAN_ID}/2", "self_evaluate", by=by, data=data)

    def all_of_it(self) -> str:
        """Return everything that the store says, as one text."""
        storage = self.engine.storage
        return repr([list(storage.entries()), list(storage.outbox()), storage.plans()])


@contextmanager
def quarter(
    folder: Path,
    *,
    title: str = TITLE,
    closed: bool = False,
    scoring: str = "{}",
    plugins: Sequence[object] = (),
) -> Iterator[Quarter]:
    """Give the office after its first quarter, in memory. `title` is what project 1 is called;
    `closed` whether its figures and reasons are closed but to the policy office (비공개);
    `scoring` the plan's section of that name, in YAML."""
    text = PLAN.format(lifecycle=LIFECYCLE).replace("scoring: {}", f"scoring: {scoring}")
    text = text.replace(f"ko: {TITLE}", "ko: '" + title.replace("'", "''") + "'")
    text = text.replace("en: School support", "en: '" + title.replace("'", "''") + " (en)'")
    if closed:
        text = text.replace("units:\n", VISIBILITY + "units:\n", 1)
    (folder / "quarter.yaml").write_text(text, encoding="utf-8")
    clock = Clock()
    plan = evalflow.load_plan(folder / "quarter.yaml", plugins=plugins)
    with evalflow.open("memory:", plugins=plugins, clock=clock) as engine:
        play(engine, clock, plan, LIFECYCLE)
        clock.moment = PLAYED
        yield Quarter(engine, clock)
