"""What people could take for each other is said."""

from __future__ import annotations

from pathlib import Path

import pytest

import evalflow
from evalflow.lifecycle.sources import earlier_presets, presets
from procedures import lifecycle

REST = """
regions:
  r: {ko: 청구, en: Request, initial: open_1, states: {open_1: {ko: 접수, en: Received},
      open_2: {ko: 처리, en: Open}, done: {ko: 끝, en: Done, final: true}}}
  s: {ko: 의견, en: Opinion, initial: none_asked, states: {none_asked: {ko: 없음, en: None},
      asked: {ko: 끝남, en: Over, final: true}}}
events:
  receive: {ko: 접수, en: Receive, by: [clerk], transitions: [{from: open_1, to: open_2}]}
  decide:
    {ko: 결정, en: Decide, by: [chief], transitions: [{from: open_2, to: done}],
     data: {kind: {ko: 종류, en: Kind, type: choice, options: {yes: {ko: 공개, en: Disclose},
       no: {ko: 비공개, en: Withhold}}}, why: {ko: 이유, en: Why, type: text}}}
  ask: {ko: 의견 요청, en: Ask, by: [clerk], transitions: [{from: none_asked, to: asked}]}
"""


@pytest.mark.parametrize(
    ("written", "instead", "about"),
    [
        ("ko: 결정, en: Decide", "ko: 접 수, en: Decide", "events.decide"),
        ("ko: 결정, en: Decide", "ko: 결정, en: receive", "events.decide"),
        ("open_2: {ko: 처리", "open_2: {ko: 접수", "states.open_2"),
        ("open_2", "open_l", "states.open_l"),
        ("ko: 의견, en: Opinion", "ko: 청구, en: Opinion", "regions.s"),
        ("ko: 이유, en: Why", "ko: 이유, en: Kind", "events.decide.data.why"),
        ("ko: 비공개", "ko: 공개", "events.decide.data.kind.options.no"),
        ("asked: {ko: 끝남", "asked: {ko: 끝", None),  # a state of another region
        ("ko: 의견, en: Opinion", "ko: 의견, en: Ask", None),  # a region and an event
    ],
)
def test_two_of_a_kind_that_look_the_same_are_found(
    tmp_path: Path, written: str, instead: str, about: str | None
) -> None:
    assert written in REST
    text = REST.replace(written, instead)
    found = evalflow.check_lifecycle(lifecycle(tmp_path, text))
    assert [(each.code, each.about) for each in found] == ([("alike", about)] if about else [])


@pytest.mark.parametrize("name", [*presets(), *earlier_presets()])
def test_no_preset_has_two_of_a_kind_that_look_the_same(name: str) -> None:
    found = evalflow.check_lifecycle(evalflow.load_lifecycle(name))
    assert [each for each in found if each.code == "alike"] == []
