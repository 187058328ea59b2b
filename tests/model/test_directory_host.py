"""What a host says beside the plan: answered alike, and kept as far as it was heard."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalflow.model import Actor, Grant
from evalflow.model.directory import Directory
from evalflow.model.host_word import HOST_SAID, host_said, with_host, without_host
from evalflow.testing.given import head as made_head

HEAD = made_head()
NAMES = ("a", "b", "c", "d")
ROLES = ("department", "lead", "policy")
UNITS = ("seodaemun", "welfare", "education", "youth")
DAYS = tuple(dt.date(2016, 4, day) for day in (1, 2, 3, 4))

spans = st.tuples(st.none() | st.sampled_from(DAYS), st.none() | st.sampled_from(DAYS)).filter(
    lambda span: span[0] is None or span[1] is None or span[0] <= span[1]
)


@st.composite
def grants(draw: st.DrawFn) -> Grant:
    since, until = draw(spans)
    for_whom = draw(st.none() | st.sampled_from(NAMES))
    return Grant(
        role=draw(st.sampled_from(ROLES)),
        unit=draw(st.sampled_from(UNITS)),
        since=since,
        until=until,
        on_behalf_of=for_whom,
        reason=None if for_whom is None else "출장",
    )


everybody = st.dictionaries(
    st.sampled_from(NAMES),
    st.lists(st.tuples(grants(), st.booleans()), min_size=1, max_size=4).map(tuple),
    max_size=4,
)
"""Who holds what, each grant with whether it is the host's."""

Everybody = Mapping[str, tuple[tuple[Grant, bool], ...]]


def directories(people: Everybody) -> tuple[Directory, Directory]:
    """The same people: all in the plan, and some of it by the host's word."""
    whole = {name: tuple(g for g, _ in held) for name, held in people.items()}
    own = {
        name: kept for name, held in people.items() if (kept := tuple(g for g, h in held if not h))
    }
    said = {name: kept for name, held in people.items() if (kept := tuple(g for g, h in held if h))}
    return (
        Directory(attrs.evolve(HEAD, directory=whole)),
        Directory(attrs.evolve(HEAD, directory=own), said).listening(),
    )


def answers(directory: Directory, role: str, unit: str, day: dt.date) -> dict[str, Any]:
    found: dict[str, Any] = {
        "holders": set(directory.holders((role,), unit, day)),
        "members": set(directory.members(unit, day)),
    }
    for name in NAMES:
        actor = Actor(name) if name not in directory else directory.actor(name)
        found[name] = set(directory.grants_for(actor, (role,), unit, day))
    return found


asked = st.tuples(st.sampled_from(ROLES), st.sampled_from(UNITS), st.sampled_from(DAYS))


@given(people=everybody, question=asked)
def test_it_does_not_matter_who_says_it(people: Everybody, question: Any) -> None:
    whole, parted = directories(people)
    assert answers(parted, *question) == answers(whole, *question)


@given(people=everybody, question=asked)
def test_what_was_heard_is_enough_to_answer_again(people: Everybody, question: Any) -> None:
    _, parted = directories(people)
    said = answers(parted, *question)
    kept = host_said(with_host({}, parted.heard())) or {}
    again = Directory(parted._head, kept)
    assert answers(again, *question) == said


@given(people=everybody, question=asked)
def test_nothing_is_kept_where_nothing_was_heard(people: Everybody, question: Any) -> None:
    whole, parted = directories(people)
    assert with_host({"a": 1}, parted.heard()) == {"a": 1}
    answers(whole, *question)
    assert whole.heard() == {}


@given(grants())
def test_a_grant_is_kept_as_it_was_said(grant: Grant) -> None:
    data = with_host({"x": 1}, {"a": (grant,)})
    assert host_said(data) == {"a": (grant,)}
    assert without_host(data) == {"x": 1}


@pytest.mark.parametrize(
    "wrong",
    [
        7,
        ["a"],
        {"a": 7},
        {"a": [7]},
        {"a": [{"role": "mayor"}]},
        {"a": [{"role": "mayor", "unit": 1}]},
        {"a": [{"role": "mayor", "unit": "gu", "since": "2016-4-1"}]},
        {"a": [{"role": "mayor", "unit": "gu", "more": "x"}]},
    ],
)
def test_what_is_kept_in_another_form_is_an_error_of_reading(wrong: Any) -> None:
    with pytest.raises((KeyError, TypeError, ValueError, AttributeError)):
        host_said({HOST_SAID: wrong})
